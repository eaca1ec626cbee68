package frontdesk

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/routing"
	"github.com/frontdesk-go/frontdesk/store"
)

// floor is everybody who could be given a conversation, as it was read. Each pair is checked again by the commit that makes it.
type floor struct {
	*txn     // the reading
	standing *standing
	now      time.Time
	idle     time.Duration
	pool     *routing.Pool
	boxes    []Mailbox // that hand out now
	teams    map[string]Team
	hands    map[string]*routing.Candidate // signed in
	given    int                           // pairs made on it
	duty     bool                          // only who is on duty is given any
	opens    time.Time                     // when more can be given by the clock: the next opening hour of a mailbox that is closed now, or slot of duty; zero: none
}

// readFloor reads the floor. Presences are read before the counters of slots: whoever takes a slot later writes a presence, so that a
// count that is too low is found out by the commit.
func (t *txn) readFloor() (*floor, error) {
	f := &floor{txn: t, now: t.now, teams: map[string]Team{}, hands: map[string]*routing.Candidate{}}
	var there [][]store.Row
	err := t.desk.together(2, func(i int) (err error) {
		if i == 0 {
			there, err = t.listDocuments("presence/")
			return err
		}
		return t.load(floorMark)
	})
	if err != nil {
		return nil, err
	}
	presences, err := adopted[presenceDoc](t, there[0])
	if err != nil {
		return nil, err
	}
	if f.standing, err = t.readStanding(); err != nil {
		return nil, err
	}
	s, err := t.settings()
	if err != nil {
		return nil, err
	}
	f.idle, f.duty = s.idle(), s.DutyOnly
	if f.duty {
		if err := t.freshRoster(t.now); err != nil {
			return nil, err
		}
		if f.opens, err = t.nextDuty(t.now); err != nil {
			return nil, err
		}
	}
	rules := make([]routing.Team, len(f.standing.teams))
	for i, team := range f.standing.teams {
		f.teams[team.ID], rules[i] = team, team.forRouting()
	}
	f.pool = routing.NewPool(nil, rules)
	f.putMailboxes()
	return f, f.putAgents(presences)
}

// listDocuments returns the rows of all documents whose IDs begin with the prefixes.
func (t *txn) listDocuments(prefixes ...string) ([][]store.Row, error) {
	out := make([][]store.Row, len(prefixes))
	err := t.desk.together(len(prefixes), func(i int) error {
		q := store.Query{Tenant: t.tenant, Kind: store.Document, Prefix: prefixes[i], Ascending: true, Limit: store.MaxLimit}
		for {
			page, err := t.desk.store.List(t.ctx, q)
			if err != nil {
				return err
			}
			out[i] = append(out[i], page.Rows...)
			if q.Cursor = page.Cursor; q.Cursor == "" {
				return nil
			}
		}
	})
	return out, err
}

// together makes n calls to the store at the same time, unless that is a host's transaction, which is one connection.
func (d *Desk) together(n int, call func(i int) error) error {
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		if d.bound || i == n-1 {
			errs[i] = call(i)
			continue
		}
		wg.Go(func() { errs[i] = call(i) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// adopted decodes rows and keeps them, so that a commit can check them.
func adopted[T any](t *txn, rows []store.Row) ([]T, error) {
	t.adopt(rows)
	out := make([]T, len(rows))
	for i, row := range rows {
		v, err := decode[T](t, row)
		if err != nil {
			return nil, err
		}
		out[i] = v
	}
	return out, nil
}

func (f *floor) putMailboxes() {
	for _, m := range f.standing.mailboxes {
		box, opens, err := m.forRouting(f.now)
		if err != nil { // a time zone that this program's system lacks: it keeps no other mailbox from handing out
			f.desk.log.ErrorContext(f.ctx, "business hours", "tenant", f.tenant, "mailbox", m.ID, "error", err)
			box.Closed = true
		}
		f.pool.PutMailbox(box)
		if !opens.IsZero() && (f.opens.IsZero() || opens.Before(f.opens)) {
			f.opens = opens
		}
		if m.Slots > 0 && !box.Closed {
			f.boxes = append(f.boxes, m)
		}
	}
}

// putAgents puts the agents who are signed in, with the slots they use.
func (f *floor) putAgents(presences []presenceDoc) error {
	var keys []store.Key
	var counters []string
	there := presences[:0]
	for _, p := range presences {
		if is, _ := p.at(f.now, f.idle); is == routing.Offline {
			continue
		}
		there = append(there, p)
		counters = append(counters, slotCounter(p.Agent))
		if kept, ok := f.standing.agents.get(p.Agent); ok {
			f.adopt([]store.Row{kept.row})
		} else {
			keys = append(keys, document("agent", p.Agent))
		}
	}
	if len(there) == 0 {
		return nil
	}
	used, err := f.loadCounters(keys, counters)
	if err != nil {
		return err
	}
	for i, p := range there {
		a, ok, err := f.standing.agentOf(f.txn, p.Agent)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if f.duty {
			if on, err := f.onDuty(a.ID, f.now); err != nil {
				return err
			} else if !on {
				continue
			}
		}
		c := candidate(a, p, int(used[counters[i]]), f.standing.mailboxes, f.now, f.idle)
		if c.Presence == routing.Offline {
			continue
		}
		f.hands[c.ID] = &c
		f.pool.Put(c)
	}
	return nil
}

// candidate is an agent as routing knows him.
func candidate(a Agent, p presenceDoc, used int, boxes []Mailbox, now time.Time, idle time.Duration) routing.Candidate {
	c := routing.Candidate{ID: a.ID, Used: used, Last: p.Given, Teams: a.Teams}
	if c.Presence, _ = p.at(now, idle); !answers(a) {
		c.Presence = routing.Offline
	}
	for _, m := range boxes {
		if m.Slots > 0 {
			c.Permits = append(c.Permits, permits(a, m.ID)...)
		}
	}
	return c
}

// permits are an agent's messaging permissions for a mailbox.
func permits(a Agent, mailbox string) (out []routing.Permit) {
	switch {
	case seesAll(a), a.Messaging == nil && slices.Contains(a.Mailboxes, mailbox):
		return []routing.Permit{{Mailbox: mailbox}}
	case !slices.Contains(a.Mailboxes, mailbox):
		return nil
	}
	for _, method := range a.Messaging[mailbox] {
		if method != "" { // which would be every one
			out = append(out, routing.Permit{Mailbox: mailbox, Method: method})
		}
	}
	return out
}

// free reports whether anybody has a slot for a mailbox, so that looking through its waiting conversations may be worth it.
func (f *floor) free(m *Mailbox) bool {
	for _, c := range f.hands {
		permitted := slices.ContainsFunc(c.Permits, func(p routing.Permit) bool { return p.Mailbox == m.ID })
		takes := c.Presence == routing.Online || slices.ContainsFunc(c.Teams, func(id string) bool { return f.teams[id].Away })
		if permitted && takes && c.Used < m.Slots {
			return true
		}
	}
	return false
}

// chat is a waiting conversation as routing knows it.
func (f *floor) chat(c *conversation.Conversation) (routing.Chat, error) {
	chat := routing.Waiting(c)
	if chat.LastAgent != "" || c.LastAgent != "" || !f.prefersLast(c) || f.pool.Availability(chat) != routing.Available {
		return chat, nil
	}
	var err error
	chat.LastAgent, err = f.lastOf(c)
	return chat, err
}

func (f *floor) prefersLast(c *conversation.Conversation) bool {
	if c.Team != "" {
		return f.teams[c.Team].PreferLast
	}
	i := slices.IndexFunc(f.standing.mailboxes, func(m Mailbox) bool { return m.ID == c.Mailbox })
	return i >= 0 && f.standing.mailboxes[i].PreferLast
}

// lastOf returns the agent whom the contact had last, of his newest conversations.
func (f *floor) lastOf(c *conversation.Conversation) (agent string, err error) {
	if len(c.Contacts) == 0 {
		return "", nil
	}
	page, err := f.desk.store.List(f.ctx, store.Query{Tenant: f.tenant, Kind: store.Conversation, Fact: "contact", Value: c.Contacts[0], Limit: 20})
	if err != nil {
		return "", err
	}
	others, err := decodeAll[conversation.Conversation](page.Rows)
	var at time.Time
	for _, o := range others {
		holder := o.Agent
		if holder == "" {
			holder = o.LastAgent
		}
		if o.ID != c.ID && holder != "" && o.Activity.After(at) {
			agent, at = holder, o.Activity
		}
	}
	return agent, err
}

// floor reads the floor by itself.
func (d *Desk) floor(ctx context.Context, tenant string) (f *floor, err error) {
	err = d.view(ctx, tenant, func(t *txn) error {
		f, err = t.readFloor()
		return err
	})
	return f, err
}
