package frontdesk

import (
	"slices"
	"strings"

	"github.com/frontdesk-go/frontdesk/conversation"
)

// Mentions: who is named in a whisper is told of it, and a subscriber of the conversation from the same commit on.

// MaxMentions is how many agents and teams a draft mentions at the most.
const MaxMentions = conversation.MaxMentions

const teamMention = "team/"

// mentions returns the agents that a whisper mentions, by ID, sorted: those the draft names and those its text does. Whoever the draft
// names must be there and see the conversation. A name in the text is only a name where somebody cannot see it, and where two share it.
// Of a team those are mentioned who see it. The author mentions everybody but himself.
func (t *txn) mentions(c caller, conv *conversation.Conversation, draft Draft, whisper bool) ([]string, error) {
	switch {
	case len(draft.Mentions) > MaxMentions:
		return nil, invalid("Mentions", "%d of them, at most %d", len(draft.Mentions), MaxMentions)
	case !whisper || len(draft.Mentions) == 0 && !strings.Contains(draft.Text, "@"):
		return nil, nil
	}
	agents, err := documents[Agent](t, "agent/")
	if err != nil {
		return nil, err
	}
	named, err := t.namedIn(draft.Text, agents)
	if err != nil {
		return nil, err
	}
	var out []string
	add := func(a *Agent) bool {
		sees := !a.Inactive && slices.Contains(may[a.Role], toRead) && a.uses(ModuleInbox) && a.reaches(conv.Mailbox, conv.Method)
		if sees && a.ID != c.agent.ID && !slices.Contains(out, a.ID) {
			out = append(out, a.ID)
		}
		return sees
	}
	for _, who := range draft.Mentions {
		if team, isTeam := strings.CutPrefix(who, teamMention); isTeam {
			if _, err := need[Team](t, "team", team); err != nil {
				return nil, err
			}
		} else if a, err := t.agent(who); err != nil {
			return nil, err
		} else if !add(&a) {
			return nil, invalid("Mentions", "%q does not see the conversation; give him %s in mailbox %q, or leave him out", who, conv.Method, conv.Mailbox)
		}
	}
	for _, who := range append(named, draft.Mentions...) {
		team, isTeam := strings.CutPrefix(who, teamMention)
		for i := range agents {
			if a := &agents[i]; isTeam && slices.Contains(a.Teams, team) || !isTeam && a.ID == who {
				add(a)
			}
		}
	}
	slices.Sort(out)
	return out, nil
}

// namedIn returns whom a text names: agents by ID, and teams.
func (t *txn) namedIn(text string, agents []Agent) ([]string, error) {
	if !strings.Contains(text, "@") {
		return nil, nil
	}
	teams, err := documents[Team](t, "team/")
	if err != nil {
		return nil, err
	}
	known := map[string]string{}
	name := func(name, who string) {
		key := conversation.MentionKey(name)
		if other, taken := known[key]; taken && other != who {
			who = "" // nobody knows who is meant
		}
		known[key] = who
	}
	for _, a := range agents {
		name(a.Name, a.ID)
	}
	for _, team := range teams {
		name(team.Name, teamMention+team.ID)
	}
	ids := map[string]string{} // an ID is never another's name
	for _, team := range teams {
		ids[conversation.MentionKey(team.ID)] = teamMention + team.ID
		ids[conversation.MentionKey(teamMention+team.ID)] = teamMention + team.ID
	}
	for _, a := range agents {
		ids[conversation.MentionKey(a.ID)] = a.ID
	}
	for key, who := range ids {
		known[key] = who
	}
	delete(known, "")
	return conversation.Mentions(text, known), nil
}

// subscribed makes the agents that a whisper mentions subscribers of its conversation.
func subscribed(mentions []string) []conversation.Command {
	if len(mentions) == 0 {
		return nil
	}
	add := make([]string, len(mentions))
	for i, agent := range mentions {
		add[i] = conversation.SubscriberAgent(agent)
	}
	return []conversation.Command{ChangeSubscribers{Add: add}}
}
