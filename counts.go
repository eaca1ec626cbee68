package frontdesk

import (
	"context"
	"slices"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// Counts returns the caller's unread conversations of the inbox and its tabs, from kept counters: in one call to the store however many
// there are. For an agent with a Scope what he sees only as a subscriber or owner is looked up beside it, up to CountBound.
func (s *Session) Counts(ctx context.Context) (counts Counts, err error) {
	err = s.read(ctx, "counts", "", func(t *txn, c caller) error {
		if c.sight.record != "" {
			return invalid("record", "Counts are the inbox's; use Count")
		}
		counts, err = t.counts(&c)
		return err
	})
	return counts, err
}

func teamIDs(t *txn) ([]string, error) {
	teams, err := documents[Team](t, "team/")
	ids := make([]string, len(teams))
	for i, team := range teams {
		ids[i] = team.ID
	}
	return ids, err
}

// tally adds kept counters up to tabs.
type tally struct {
	me     string
	global bool
	tabs   []tab
}

// tab is a number, and a counter that is added to it or, with less, taken from it.
type tab struct {
	to                   func(n int64)
	less                 bool
	total, read, readAll string
}

func (l *tally) add(box, method, who string, less bool, to ...func(int64)) {
	for _, to := range to {
		tb := tab{to: to, less: less, total: conversation.CountTotal(box, method, who), read: conversation.CountRead(box, method, who, conversation.ReadAnybody)}
		if !l.global {
			tb.read = conversation.CountRead(box, method, who, l.me)
			tb.readAll = conversation.CountRead(box, method, who, conversation.ReadAll)
		}
		l.tabs = append(l.tabs, tb)
	}
}

// load reads all counters in one call, and adds them up.
func (l *tally) load(t *txn) error {
	var names []string
	for _, tb := range l.tabs {
		names = append(names, tb.total, tb.read)
		if tb.readAll != "" {
			names = append(names, tb.readAll)
		}
	}
	slices.Sort(names)
	values, err := t.loadCounters(nil, slices.Compact(names))
	if err != nil {
		return err
	}
	for _, tb := range l.tabs {
		n := values[tb.total] - values[tb.read] - values[tb.readAll]
		if tb.less {
			n = -n
		}
		tb.to(n)
	}
	return nil
}

func (t *txn) counts(c *caller) (Counts, error) {
	out := Counts{Mailboxes: map[string]int64{}, Teams: map[string]int64{}}
	settings, err := t.settings()
	if err != nil {
		return out, err
	}
	boxes, err := t.mailboxes(&c.sight)
	if err != nil {
		return out, err
	}
	teams := c.view.Teams
	if c.all {
		if teams, err = teamIDs(t); err != nil {
			return out, err
		}
	}
	for _, team := range teams {
		out.Teams[team] = 0
	}
	l := &tally{me: c.view.ID, global: settings.GlobalRead}
	for _, box := range boxes {
		out.Mailboxes[box.ID] = 0
		for _, method := range box.Methods {
			if c.reaches(box.ID, method) {
				l.pair(c, &out, teams, box.ID, method)
			}
		}
	}
	if err := l.load(t); err != nil || c.ties == nil {
		return out, err
	}
	return out, t.countSubscribed(c, &out)
}

// pair adds the counters of one mailbox and method, as far as the scope lets see what they count.
func (l *tally) pair(c *caller, out *Counts, teams []string, box, method string) {
	all := func(n int64) { out.All += n; out.Mailboxes[box] += n }
	mine := func(n int64) { out.Mine += n }
	unassigned := func(n int64) { out.Unassigned += n }
	inTeam := func(team string) func(int64) { return func(n int64) { out.Teams[team] += n } }
	agent := conversation.CountAgent(l.me)
	if c.ties == nil {
		l.add(box, method, conversation.CountAny, false, all)
		l.add(box, method, conversation.CountNobody, false, unassigned)
		if l.me != "" {
			l.add(box, method, agent, false, mine)
		}
		for _, team := range teams {
			l.add(box, method, conversation.CountTeam(team), false, inTeam(team))
		}
		return
	}
	l.add(box, method, agent, false, all, mine)
	for _, team := range teams {
		both := conversation.CountBoth(l.me, team)
		if c.view.Scope == ScopeTeam {
			l.add(box, method, conversation.CountTeam(team), false, all, inTeam(team))
			l.add(box, method, both, true, all)
		} else {
			l.add(box, method, both, false, inTeam(team))
		}
	}
}

// CountBound is how far is counted what no counter is kept of: "99+".
const CountBound = 99

// countSubscribed adds what somebody of limited scope sees only as a subscriber or an owner.
func (t *txn) countSubscribed(c *caller, out *Counts) error {
	sel, err := t.compile(*c, Query{Unread: true})
	if err != nil || sel == nil {
		return err
	}
	unread := sel.keep
	sel.keep = func(conv *conversation.Conversation) bool {
		inTeam := c.view.Scope == ScopeTeam && slices.Contains(c.view.Teams, conv.Team)
		return conv.Agent != c.view.ID && !inTeam && unread(conv)
	}
	sel.parts = slices.DeleteFunc(sel.parts, func(q store.Query) bool { return len(q.Ranges) > 0 })
	sel.Limit = CountBound
	found, err := t.page(sel)
	if err != nil {
		return err
	}
	for i := range found.items {
		conv := &found.items[i]
		out.All++
		out.Mailboxes[conv.Mailbox]++
		if conv.Agent == "" && conv.Team == "" {
			out.Unassigned++
		}
		if _, shown := out.Teams[conv.Team]; shown {
			out.Teams[conv.Team]++
		}
	}
	out.More = found.next != ""
	return nil
}

// Count is how many conversations pass a query.
type Count struct {
	N    int64
	More bool // there may be more than N: there were more than CountBound, or more to look at than one page may
}

// Count counts the conversations of a query that the caller sees, up to CountBound, and looks at no more of them than a page of the list
// does. CountAll counts them all. Limit and Cursor are not looked at. Errors: those of Conversations.
func (s *Session) Count(ctx context.Context, q Query) (n Count, err error) {
	q.Limit, q.Cursor = CountBound, ""
	err = s.read(ctx, "count conversations", string(q.View), func(t *txn, c caller) error {
		sel, err := t.compile(c, q)
		if err != nil || sel == nil {
			return err
		}
		found, err := t.page(sel)
		if err == nil {
			n = Count{N: int64(len(found.items)), More: found.next != ""}
		}
		return err
	})
	return n, err
}

// CountAll counts all conversations of a query that the caller sees, exactly, by looking at every conversation that there is: for reports, not
// for lists. One that moves meanwhile is counted once. Errors: those of Conversations.
func (s *Session) CountAll(ctx context.Context, q Query) (n int64, err error) {
	q.Limit, q.Cursor = store.MaxLimit, ""
	err = s.read(ctx, "count all conversations", string(q.View), func(t *txn, c caller) error {
		sel, err := t.compile(c, q)
		if err != nil || sel == nil {
			return err
		}
		return t.walk(sel, func(*conversation.Conversation) error { n++; return nil })
	})
	return n, err
}

// walk meets every conversation of a selection exactly once, in the order of their IDs.
func (t *txn) walk(sel *selection, do func(*conversation.Conversation) error) error {
	sel = sel.byID()
	for {
		found, err := t.page(sel)
		if err != nil {
			return err
		}
		for i := range found.items {
			if err := do(&found.items[i]); err != nil {
				return err
			}
		}
		if sel.Cursor = found.next; sel.Cursor == "" {
			return nil
		}
	}
}
