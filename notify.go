package frontdesk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/frontdesk-go/frontdesk/store"
)

// notifyJob hands one notice out. Its group is the agent's, so that what cannot be handed to one holds up no other.
type notifyJob struct {
	Notice noticeDoc `json:"notice"`
	Since  time.Time `json:"since"`
}

// notifyFor is how long it is tried to hand a notice out.
const notifyFor = 24 * time.Hour

// queueNotify queues the handing out of a notice, where the host takes any, in the order of the events.
func (t *txn) queueNotify(n noticeDoc, position int64) error {
	if t.desk.cfg.Notify == nil {
		return nil
	}
	body, err := store.Encode(1, notifyJob{Notice: n, Since: t.now}, store.Kept{})
	if err != nil {
		return err
	}
	t.batch.Enqueue(store.Job{ID: "notify/" + n.Agent + "/" + n.Message, Group: "notify/" + n.Agent, Order: position, Body: body})
	return nil
}

// notify hands out an agent's notices in order.
func (w *work) notify(ctx context.Context) error {
	d := w.desk
	if d.cfg.Notify == nil {
		return w.hold(ctx, 5*time.Second) // it is another process's
	}
	for i, job := range w.lease.Jobs {
		var j notifyJob
		if _, err := store.Decode(job.Body, &j); err != nil {
			return err
		}
		n, err := d.toNotify(ctx, w.lease.Tenant, j.Notice)
		if err != nil {
			return err
		}
		if n != nil {
			release := w.keep(ctx)
			failed := d.callNotify(ctx, *n)
			release()
			if age := d.now().Sub(j.Since); failed != nil && age < notifyFor {
				d.log.WarnContext(ctx, "handing a notice out failed", "tenant", w.lease.Tenant, "agent", n.Agent, "message", n.Message, "error", failed)
				return w.hold(ctx, untilRetry(d.cfg.Retry, age))
			}
			if failed != nil {
				d.log.ErrorContext(ctx, "a notice was not handed out", "tenant", w.lease.Tenant, "agent", n.Agent, "message", n.Message, "error", failed)
			}
		}
		err = d.write(ctx, w.lease.Tenant, "", func(t *txn) error {
			w.finish(t, job, i == len(w.lease.Jobs)-1)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// untilRetry is how long to wait at an age: until the ladder's next step, counted from the beginning.
func untilRetry(ladder []time.Duration, age time.Duration) time.Duration {
	var at time.Duration
	for _, step := range ladder {
		if at += step; at > age {
			return at - age
		}
	}
	return ladder[len(ladder)-1]
}

// toNotify returns what is handed out: nothing if the agent has read it meanwhile, or may not see it any more.
func (d *Desk) toNotify(ctx context.Context, tenant string, told noticeDoc) (out *Notice, err error) {
	err = d.view(ctx, tenant, func(t *txn) error {
		out = nil
		if err := t.load(noticeKey(told.Agent, told.Conversation), document("agent", told.Agent), conversationKey(told.Conversation)); err != nil {
			return err
		}
		conv, err := t.head(told.Conversation)
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := t.load(noticeKey(told.Agent, conv.ID)); err != nil { // it moves with a merge
			return err
		}
		_, here := t.row(noticeKey(told.Agent, told.Conversation))
		if _, there := t.row(noticeKey(told.Agent, conv.ID)); !here && !there {
			return nil
		}
		sees, err := t.seesNotice(told.Agent, &conv)
		if err == nil && sees && worthTelling(&conv) {
			n := told.of(&conv)
			out = &n
		}
		return err
	})
	return out, err
}

func (d *Desk) callNotify(ctx context.Context, n Notice) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return d.cfg.Notify(ctx, n)
}
