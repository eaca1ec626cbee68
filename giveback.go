package frontdesk

import (
	"context"
	"errors"
	"time"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/routing"
	"github.com/frontdesk-go/frontdesk/store"
)

// presenceJob looks at an agent's presence: when he may have become idle, and when he may have to give back what he holds.
type presenceJob struct {
	Agent  string `json:"agent"`
	Rights bool   `json:"rights,omitempty"` // look whether he still has the permission for it
}

func (t *txn) lookAtPresence(agent string, due time.Time) error {
	id := "presence/" + agent + "/" + itoa(due.UnixMicro())
	if due.IsZero() {
		id = "presence/" + newID(t.now)
	}
	return t.enqueue("presence/"+agent, id, due, presenceJob{Agent: agent})
}

// lookAtRights looks at what an agent holds after a change of his rights.
func (t *txn) lookAtRights(agent string) error {
	return t.enqueue("presence/"+agent, "presence/"+newID(t.now), time.Time{}, presenceJob{Agent: agent, Rights: true})
}

// lookAtPresences looks at everybody who has signed in, after a change of when one counts as away or gives back what he holds.
func (t *txn) lookAtPresences() error {
	all, err := documents[presenceDoc](t, "presence/")
	if err != nil {
		return err
	}
	for _, p := range all {
		if !p.SignedIn {
			continue
		}
		if err := t.lookAtPresence(p.Agent, time.Time{}); err != nil {
			return err
		}
	}
	return nil
}

// presence brings an agent's presence up to date, and takes from him what he is to give back.
func (w *work) presence(ctx context.Context) error {
	for i, job := range w.lease.Jobs {
		var j presenceJob
		if _, err := store.Decode(job.Body, &j); err != nil {
			return err
		}
		gives, err := w.lookAt(ctx, j.Agent)
		if err == nil && (gives || j.Rights) {
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

// giveBack has what an agent holds wait for others, page by page: all of it as long as he is not back, and in any case what he has no permission
// for any more, since nobody would answer it.
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
		if err != nil {
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
		switch a, err := t.agent(agent); {
		case err != nil && !errors.Is(err, ErrNotFound):
			return err
		case !settings.gives(is) && a.reaches(conv.Mailbox, conv.Method):
			return nil
		}
		env, err := t.env(conversation.Actor{Kind: conversation.BySystem}, conv.Mailbox, t.ids)
		if err != nil {
			return err
		}
		_, err = t.apply(&conv, false, env, conversation.Assign{Team: conv.Team})
		return err
	})
}
