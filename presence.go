package frontdesk

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/routing"
	"github.com/frontdesk-go/frontdesk/store"
)

// activeEvery is how often Active writes at the most while nothing changes.
const activeEvery = time.Minute

// presenceDoc is what is known of an agent's being there. It is apart from the agent's settings, which every command checks: whoever
// gives him a conversation writes this one.
type presenceDoc struct {
	Agent    string           `json:"agent"`
	SignedIn bool             `json:"signedIn,omitempty"`
	Away     bool             `json:"away,omitempty"`
	Acted    time.Time        `json:"acted,omitzero"`
	Given    time.Time        `json:"given,omitzero"` // when he last got a conversation
	Told     routing.Presence `json:"told,omitempty"` // what the last event said; empty: offline
	Look     time.Time        `json:"look,omitzero"`  // when a job looks whether he is idle
	Changed  time.Time        `json:"changed"`        // when what the last event said changed; never goes back
}

func (p *presenceDoc) at(now time.Time, idle time.Duration) (routing.Presence, time.Time) {
	return routing.Activity{SignedIn: p.SignedIn, Away: p.Away, Acted: p.Acted}.Presence(now, idle)
}

// AgentPresence is whether an agent is there to answer, and how much he has to do.
type AgentPresence struct {
	Agent    string // ID
	Presence routing.Presence
	Acted    time.Time // when he last did anything; zero: never
	Used     int       // slots: the open and snoozed conversations he holds, in all mailboxes
}

// SignIn makes the calling agent present: where mailboxes hand conversations out, he is given some from now on. Error: ErrForbidden to who
// may not answer.
func (s *Session) SignIn(ctx context.Context) error {
	return s.present(ctx, "sign in", func(p *presenceDoc, now time.Time) error {
		p.SignedIn, p.Away, p.Acted = true, false, now
		return nil
	})
}

// SignOut makes the calling agent offline. He keeps what he holds, unless Settings.GiveBack says otherwise.
func (s *Session) SignOut(ctx context.Context) error {
	return s.present(ctx, "sign out", func(p *presenceDoc, _ time.Time) error {
		p.SignedIn, p.Away = false, false
		return nil
	})
}

// SetAway sets the calling agent away until he takes that back: he is given nothing, but by teams that allow it. Error:
// conversation.ErrState while he is not signed in.
func (s *Session) SetAway(ctx context.Context, away bool) error {
	return s.present(ctx, "set away", func(p *presenceDoc, now time.Time) error {
		if !p.SignedIn {
			return notSignedIn("set away")
		}
		if p.Away == away {
			return nil
		}
		p.Away, p.Acted = away, now
		return nil
	})
}

// Active tells that the calling agent is at work, so that he does not count as idle. A program calls it as often as it likes: at most once
// a minute anything is written. It brings back who was away for being idle, not who has set himself away. Error: conversation.ErrState
// while he is not signed in.
func (s *Session) Active(ctx context.Context) error {
	return s.present(ctx, "be active", func(p *presenceDoc, now time.Time) error {
		if !p.SignedIn {
			return notSignedIn("be active")
		}
		if now.Sub(p.Acted) >= activeEvery {
			p.Acted = now
		}
		return nil
	})
}

func notSignedIn(command string) error {
	return &conversation.StateError{Command: command, Reason: "the agent is not signed in", Instead: "sign in"}
}

// present changes the calling agent's presence.
func (s *Session) present(ctx context.Context, op string, change func(p *presenceDoc, now time.Time) error) error {
	err := s.desk.write(ctx, s.actor.Tenant, "presence/"+s.actor.Agent, func(t *txn) error {
		c, err := t.caller(s.actor, op, toWork)
		if err != nil {
			return err
		}
		if c.agent.ID == "" {
			return &ForbiddenError{Command: op, Needs: "an agent: only people are there or away"}
		}
		p, err := t.presence(c.agent.ID)
		if err != nil {
			return err
		}
		before := p
		if err := change(&p, t.now); err != nil {
			return err
		}
		return t.savePresence(c.who(), before, p)
	})
	return wrap(op, s.actor.Agent, err)
}

// presence loads an agent's presence; that of one who was never there is offline.
func (t *txn) presence(agent string) (presenceDoc, error) {
	key := document("presence", agent)
	if err := t.load(key); err != nil {
		return presenceDoc{}, err
	}
	row, ok := t.row(key)
	if !ok {
		return presenceDoc{Agent: agent}, nil
	}
	return decode[presenceDoc](t, row)
}

// savePresence writes a presence that changed, tells of it, and queues the look at whether its agent is idle.
func (t *txn) savePresence(by conversation.Actor, before, p presenceDoc) error {
	settings, err := t.settings()
	if err != nil {
		return err
	}
	is, until := p.at(t.now, settings.idle())
	if was := orOffline(p.Told); is != was {
		p.Told, p.Changed = is, conversation.Later(p.Changed, t.now)
		by.Name, by.Initials = "", ""
		t.tell(p.Changed, conversation.Event{Type: conversation.EventPresence, At: t.now, Actor: by, Subject: p.Agent, From: string(was), To: string(is)})
	}
	if !until.IsZero() && (!p.Look.After(t.now) || p.Look.After(until)) {
		p.Look = until
	}
	if p == before {
		return nil
	}
	if err := t.put(store.Row{Key: document("presence", p.Agent)}, formatDocument, p); err != nil {
		return err
	}
	if !p.Look.Equal(before.Look) && !p.Look.IsZero() {
		if err := t.lookAtPresence(p.Agent, p.Look); err != nil {
			return err
		}
	}
	if p.Told == before.Told {
		return nil
	}
	if settings.gives(is) {
		if err := t.lookAtPresence(p.Agent, time.Time{}); err != nil {
			return err
		}
	}
	if is == routing.Offline {
		return nil
	}
	if on, err := t.handsOut(); err != nil || !on {
		return err
	}
	return t.dispatchSoon()
}

func orOffline(p routing.Presence) routing.Presence {
	if p == "" {
		return routing.Offline
	}
	return p
}

// noteGiven notes that an agent gets a conversation. Of one who was never there it only makes sure that he still is not.
func (t *txn) noteGiven(agent string) error {
	p, err := t.presence(agent)
	if err != nil {
		return err
	}
	if _, there := t.row(document("presence", agent)); !there {
		return nil
	}
	p.Given = conversation.Later(p.Given, t.now)
	return t.put(store.Row{Key: document("presence", agent)}, formatDocument, p)
}

// Presences returns whether agents are there, by ID: all of them for admins, for others himself and the members of his teams.
func (s *Session) Presences(ctx context.Context) (out []AgentPresence, err error) {
	err = s.read(ctx, "presences", "", func(t *txn, c caller) error {
		agents, err := documents[Agent](t, "agent/")
		if err != nil {
			return err
		}
		settings, err := t.settings()
		if err != nil {
			return err
		}
		all, err := documents[presenceDoc](t, "presence/")
		if err != nil {
			return err
		}
		known := make(map[string]presenceDoc, len(all))
		for _, p := range all {
			known[p.Agent] = p
		}
		var counters []string
		for _, a := range agents {
			shares := func(team string) bool { return slices.Contains(c.agent.Teams, team) }
			if !c.manages() && a.ID != c.agent.ID && !slices.ContainsFunc(a.Teams, shares) {
				continue
			}
			p := known[a.ID]
			is, _ := p.at(t.now, settings.idle())
			if !answers(a) {
				is = routing.Offline
			}
			out = append(out, AgentPresence{Agent: a.ID, Presence: is, Acted: p.Acted})
			counters = append(counters, slotCounter(a.ID))
		}
		used, err := t.loadCounters(nil, counters)
		for i := range out {
			out[i].Used = int(used[slotCounter(out[i].Agent)])
		}
		return err
	})
	return out, err
}

// answers reports whether an agent may be given conversations at all.
func answers(a Agent) bool {
	return !a.Inactive && slices.Contains(may[a.Role], toWork) && a.uses(ModuleInbox)
}

// presenceJob looks at an agent's presence: when he may have become idle, and when he may have to give back what he holds.
type presenceJob struct {
	Agent string `json:"agent"`
}

func (t *txn) lookAtPresence(agent string, due time.Time) error {
	id := "presence/" + agent + "/" + itoa(due.UnixMicro())
	if due.IsZero() {
		id = "presence/" + newID(t.now)
	}
	return t.enqueue("presence/"+agent, id, due, presenceJob{Agent: agent})
}

// presence brings an agent's presence up to date, and takes from him what he is to give back.
func (w *work) presence(ctx context.Context) error {
	for i, job := range w.lease.Jobs {
		var j presenceJob
		if _, err := store.Decode(job.Body, &j); err != nil {
			return err
		}
		gives, err := w.lookAt(ctx, j.Agent)
		if err == nil && gives {
			err = w.giveBack(ctx, j.Agent)
		}
		if err != nil {
			return err
		}
		last := i == len(w.lease.Jobs)-1
		err = w.desk.write(ctx, w.lease.Tenant, "", func(t *txn) error { w.finish(t, job, last); return nil })
		if err != nil {
			return err
		}
	}
	return nil
}

// lookAt notes that an agent has become idle or was deactivated, and reports whether he gives back what he holds.
func (w *work) lookAt(ctx context.Context, agent string) (gives bool, err error) {
	err = w.desk.write(ctx, w.lease.Tenant, "presence/"+agent, func(t *txn) error {
		p, is, err := t.presenceNow(agent)
		if err != nil {
			return err
		}
		settings, err := t.settings()
		if err != nil {
			return err
		}
		gives = settings.gives(is)
		before := p
		if is == routing.Offline {
			p.SignedIn, p.Away = false, false
		}
		return t.savePresence(conversation.Actor{Kind: conversation.BySystem}, before, p)
	})
	return gives, err
}

// presenceNow reads an agent's presence, not from the cache, since nothing may be written that would find an old one out.
func (t *txn) presenceNow(agent string) (p presenceDoc, is routing.Presence, err error) {
	if err := t.load(document("settings", "tenant"), document("agent", agent), document("presence", agent)); err != nil {
		return p, is, err
	}
	settings, err := t.settings()
	if err != nil {
		return p, is, err
	}
	a, err := t.agent(agent)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return p, is, err
	}
	p, err = t.presence(agent)
	if is, _ = p.at(t.now, settings.idle()); !answers(a) {
		is = routing.Offline
	}
	return p, is, err
}

// giveBack has what an agent holds wait for others, page by page, as long as he is not back.
func (w *work) giveBack(ctx context.Context, agent string) error {
	d, tenant := w.desk, w.lease.Tenant
	q := store.Query{Tenant: tenant, Kind: store.Conversation, Ascending: true, Limit: 100, Ranges: []store.Range{
		{Shelf: string(conversation.ShelfAssigned), By: store.ByAgent, Value: agent},
		{Shelf: string(conversation.ShelfSnoozed), By: store.ByAgent, Value: agent}}}
	for {
		page, err := d.store.List(ctx, q)
		if err != nil {
			return err
		}
		for _, row := range page.Rows {
			if err := w.giveBackOne(ctx, agent, row.ID); err != nil {
				return err
			}
		}
		if q.Cursor = page.Cursor; q.Cursor == "" {
			return nil
		}
		if err := w.hold(ctx, leaseFor); err != nil {
			return err
		}
	}
}

func (w *work) giveBackOne(ctx context.Context, agent, id string) error {
	return w.desk.write(ctx, w.lease.Tenant, "conversation/"+id, func(t *txn) error {
		_, is, err := t.presenceNow(agent)
		if err != nil {
			return err
		}
		settings, err := t.settings()
		if err != nil || !settings.gives(is) {
			return err
		}
		if err := t.load(conversationKey(id)); err != nil {
			return err
		}
		conv, err := t.conversation(id)
		if errors.Is(err, ErrNotFound) || err == nil && conv.Holder() != agent {
			return nil
		}
		if err != nil {
			return err
		}
		env, err := t.env(conversation.Actor{Kind: conversation.BySystem}, conv.Mailbox, t.ids)
		if err != nil {
			return err
		}
		_, err = t.apply(&conv, false, env, conversation.Assign{Team: conv.Team})
		return err
	})
}
