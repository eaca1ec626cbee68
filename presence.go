package frontdesk

import (
	"context"
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
