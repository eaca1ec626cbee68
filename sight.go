package frontdesk

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// A sight is what somebody sees of a tenant's conversations: the one rule of visibility. It has two forms that say the same: maySee tests
// a conversation that was read, conditions are what every list, count and walk is filtered by. They are made of the same pairs and ties,
// and of positive matches only, so that what a store or an old row does not know hides, never shows.
type sight struct {
	view   Agent    // through whose eyes; the caller's own, but for ViewAs
	all    bool     // every mailbox and method
	ties   []string // one of these ties a conversation to him; nil: it needs none
	record string   // only what is linked to it, whatever the method
}

// sight makes a caller's, and refuses one that he may not have.
func (t *txn) sight(c caller, command string) (s sight, err error) {
	s = sight{view: c.agent, all: c.agent.ID == "" || seesAll(c.agent), record: c.Actor.record}
	if c.as != "" {
		if c.agent.ID != "" && !slices.Contains(may[c.agent.Role], toManage) {
			return s, &ForbiddenError{Command: command, Needs: toManage.String()}
		}
		if s.view, err = t.agent(c.as); err != nil {
			return s, err
		}
		if s.view.Inactive {
			return s, invalid("Agent", "%q is inactive and sees nothing", c.as)
		}
		s.all = seesAll(s.view)
	}
	if s.all {
		return s, nil
	}
	if s.record != "" {
		return s, t.mayReadRecord(c, command)
	}
	if s.view.Scope != ScopeAll {
		s.ties, err = t.tiesOf(s.view)
	}
	return s, err
}

// sees reports whether he has a role in a mailbox. What he may not see he is told is not there.
func (s *sight) sees(mailbox string) bool { return s.all || slices.Contains(s.view.Mailboxes, mailbox) }

// reaches reports whether he sees conversations of a mailbox and method.
func (s *sight) reaches(mailbox, method string) bool {
	if s.all || s.record != "" {
		return s.sees(mailbox)
	}
	return s.view.reaches(mailbox, method)
}

// someMethods reports whether he reaches conversations of some methods only.
func (s *sight) someMethods() bool {
	return !s.all && s.record == "" && !seesAll(s.view) && s.view.Messaging != nil
}

// maySee is the rule for a conversation that was read.
func (s *sight) maySee(c *conversation.Conversation) bool {
	linked := func(l conversation.Link) bool { return l.Record() == s.record }
	tied := func(tie string) bool { return slices.Contains(s.ties, tie) }
	return s.reaches(c.Mailbox, c.Method) &&
		(s.record == "" || slices.ContainsFunc(c.Links, linked)) &&
		(s.ties == nil || slices.ContainsFunc(ties(c), tied))
}

// conditions are the rule for lists, of which only some mailboxes or a method are wanted; none means all. pairs are the pairs of mailbox and
// method that remain, nil for all there are. ok is false if nothing remains.
func (t *txn) conditions(s *sight, mailboxes []string, method string) (match []store.Match, pairs []string, ok bool, err error) {
	if pairs, err = t.pairs(s, mailboxes, method); err != nil || pairs != nil && len(pairs) == 0 {
		return nil, nil, false, err
	}
	if pairs != nil {
		match = append(match, store.Match{Name: "@mailbox", Any: pairs})
	}
	if s.record != "" {
		match = append(match, store.Match{Name: "record", Any: []string{s.record}})
	}
	if s.ties != nil {
		match = append(match, store.Match{Name: "tie", Any: s.ties})
	}
	return match, pairs, true, nil
}

// pairs are the pairs of mailbox and method that he sees; nil for all there are.
func (t *txn) pairs(s *sight, mailboxes []string, method string) ([]string, error) {
	if s.all && len(mailboxes) == 0 && method == "" {
		return nil, nil
	}
	boxes, err := t.mailboxes(s)
	if err != nil {
		return nil, err
	}
	pairs := []string{}
	for _, box := range boxes {
		if len(mailboxes) > 0 && !slices.Contains(mailboxes, box.ID) {
			continue
		}
		for _, m := range box.Methods {
			if s.reaches(box.ID, m) && (method == "" || m == method) {
				pairs = append(pairs, pair(box.ID, m))
			}
		}
	}
	return pairs, nil
}

// ties are what ties a conversation to agents, teams and roles: being assigned to them, owned or subscribed to by them.
func ties(c *conversation.Conversation) []string {
	var out []string
	add := func(tie string) {
		if !slices.Contains(out, tie) {
			out = append(out, tie)
		}
	}
	if c.Agent != "" {
		add(agentTie(c.Agent))
	}
	if c.Team != "" {
		add("team/" + c.Team)
	}
	for _, o := range c.Owners {
		add(agentTie(o.Agent))
	}
	for _, s := range c.Subscribers {
		add(s)
	}
	return out
}

func agentTie(agent string) string { return conversation.SubscriberAgent(agent) }

// tiesOf are those by which an agent of limited scope sees a conversation.
func (t *txn) tiesOf(a Agent) ([]string, error) {
	out, err := t.subscriptions(a.ID)
	if a.Scope == ScopeTeam {
		for _, team := range a.Teams {
			out = append(out, "team/"+team)
		}
	}
	return out, err
}

// subscriptions are the names under which an agent may be subscribed: his own, and his roles'. The role documents are checked by the
// commit, so that a role taken from him is gone at once.
func (t *txn) subscriptions(agent string) ([]string, error) {
	out := []string{conversation.SubscriberAgent(agent)}
	q := store.Query{Tenant: t.tenant, Kind: store.Document, Prefix: "role/", Ascending: true, Limit: store.MaxLimit}
	for {
		page, err := t.desk.store.List(t.ctx, q)
		if err != nil {
			return nil, err
		}
		t.adopt(page.Rows)
		for _, row := range page.Rows {
			var role struct {
				ID     string   `json:"id"`
				Agents []string `json:"agents"`
			}
			if _, err := store.Decode(row.Body, &role); err != nil {
				return nil, fmt.Errorf("%s: %w", row.Key, err)
			}
			if slices.Contains(role.Agents, agent) {
				out = append(out, conversation.SubscriberRole(cmp.Or(role.ID, row.ID[len("role/"):])))
			}
		}
		if page.Cursor == "" {
			return out, nil
		}
		q.Cursor = page.Cursor
	}
}

// visible loads a conversation that the caller may see. Every command and every reading of a single conversation, its timeline, messages
// and attachments goes through it.
func (t *txn) visible(c caller, id string) (conversation.Conversation, error) {
	if store.CheckText(id, false) != "" {
		return conversation.Conversation{}, ErrNotFound
	}
	conv, err := t.head(id)
	if err == nil && (!c.maySee(&conv) || !conv.Erasing.IsZero()) {
		return conversation.Conversation{}, ErrNotFound
	}
	return conv, err
}
