package frontdesk

import (
	"context"
	"errors"
	"slices"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/routing"
	"github.com/frontdesk-go/frontdesk/store"
)

// give makes a pair, if it still is one. The first attempt rests on what the floor was read from, later ones on fresh readings.
func (w *work) give(ctx context.Context, f *floor, row store.Row, chat routing.Chat, agent string) (given bool, err error) {
	d, tried := w.desk, false
	hand := f.hands[agent]
	var presence store.Row
	var used int
	err = d.write(ctx, w.lease.Tenant, "conversation/"+row.ID, func(t *txn) error {
		given, used = false, hand.Used
		if tried {
			d.standing.drop(w.lease.Tenant) // something was not as it was read; let it not be what was kept
			if used, err = t.readPair(row.Key, chat, agent); err != nil {
				return err
			}
		} else {
			t.adoptPair(f, row, chat, agent)
		}
		tried = true
		conv, err := t.conversation(row.ID)
		if err != nil {
			return err
		}
		ok, err := t.isPair(&conv, chat.LastAgent, agent, used)
		if err != nil {
			return err
		}
		if !ok {
			return errStop
		}
		given = true
		if err := t.assign(&conv, agent); err != nil {
			return err
		}
		presence, _ = t.row(document("presence", agent))
		return nil
	})
	if errors.Is(err, ErrBusy) || errors.Is(err, ErrNotFound) || errors.Is(err, conversation.ErrState) {
		given, err = false, nil
	}
	if err == nil && given {
		f.given++
		hand.Used = used + 1
		f.pool.Count(agent, hand.Used)
		f.rows[presence.Key] = presence
	}
	return given, err
}

// assign gives a conversation to an agent. One that a bot has answered opens.
func (t *txn) assign(conv *conversation.Conversation, agent string) error {
	env, err := t.env(conversation.Actor{Kind: conversation.BySystem}, conv.Mailbox, t.ids)
	if err != nil {
		return err
	}
	commands := []conversation.Command{conversation.Assign{Agent: agent, Team: conv.Team}}
	if conv.Status == conversation.Closed {
		commands = slices.Insert(commands, 0, conversation.Command(conversation.SetStatus{Status: conversation.Open}))
	}
	_, err = t.apply(conv, false, env, commands...)
	return err
}

// pairKeys are the documents that decide on a pair: of the agent, the mailbox, and the team with its fallback.
func pairKeys(chat routing.Chat, agent string) []store.Key {
	return []store.Key{document("settings", "tenant"), document("agent", agent), document("presence", agent), document("mailbox", chat.Mailbox)}
}

// adoptPair takes the rows of a pair from what the floor was read from.
func (t *txn) adoptPair(f *floor, row store.Row, chat routing.Chat, agent string) {
	keys := pairKeys(chat, agent)
	if team, ok := f.teams[chat.Team]; ok {
		keys = append(keys, document("team", team.ID))
		if _, ok := f.teams[team.Fallback]; ok {
			keys = append(keys, document("team", team.Fallback))
		}
	}
	t.adopt([]store.Row{row})
	for _, key := range keys {
		if row, ok := f.row(key); ok {
			t.adopt([]store.Row{row})
		} else {
			t.absent(key)
		}
	}
}

// readPair reads the rows of a pair, the presence before the slots that are used.
func (t *txn) readPair(conv store.Key, chat routing.Chat, agent string) (used int, err error) {
	if err := t.load(append(pairKeys(chat, agent), conv)...); err != nil {
		return 0, err
	}
	counter := slotCounter(agent)
	counts, err := t.loadCounters(nil, []string{counter})
	return int(counts[counter]), err
}

// isPair decides by the rules of routing whether an agent can be given a conversation now.
func (t *txn) isPair(conv *conversation.Conversation, prefer, agent string, used int) (bool, error) {
	settings, err := t.settings()
	if err != nil {
		return false, err
	}
	box, err := t.mailbox(conv.Mailbox)
	if err != nil {
		return false, err
	}
	a, err := t.agent(agent)
	if err != nil {
		return false, err
	}
	p, err := t.presence(agent)
	if err != nil {
		return false, err
	}
	if settings.DutyOnly {
		if on, err := t.onDuty(agent, t.now); err != nil || !on {
			return false, err
		}
	}
	round := routing.Round{Now: t.now}
	if conv.Team != "" {
		if round.Teams, err = t.teamRules(conv.Team); err != nil {
			return false, err
		}
	}
	m, _, err := box.forRouting(t.now)
	if err != nil {
		return false, err
	}
	chat := routing.Waiting(conv)
	chat.LastAgent = prefer
	round.Mailboxes, round.Waiting = []routing.Mailbox{m}, []routing.Chat{chat}
	round.Candidates = []routing.Candidate{candidate(a, p, used, []Mailbox{box}, t.now, settings.idle())}
	return len(routing.Assign(round)) == 1, nil
}

// teamRules returns the rules of a team and of its fallback.
func (t *txn) teamRules(id string) ([]routing.Team, error) {
	var rules []routing.Team
	for id != "" && len(rules) < 2 {
		team, ok, err := doc[Team](t, document("team", id))
		if err != nil || !ok {
			return rules, err
		}
		rules = append(rules, team.forRouting())
		id = team.Fallback
	}
	return rules, nil
}
