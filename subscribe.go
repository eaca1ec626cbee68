package frontdesk

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// subJob says that there is news for a subscriber.
type subJob struct{}

// cursorDoc is how far a subscriber is.
type cursorDoc struct {
	Position int64 `json:"position"`
	Failures int   `json:"failures,omitempty"` // since the last success
}

// eventsAtOnce is how many events a subscriber is told in one call.
const eventsAtOnce = 100

// subscribe tells a subscriber what it has not been told, and keeps its cursor. A subscriber that fails is told again, later and later.
func (w *work) subscribe(ctx context.Context) error {
	d, tenant := w.desk, w.lease.Tenant
	name := strings.TrimPrefix(w.lease.Group, "sub/")
	fn := d.cfg.Subscribers[name]
	if fn == nil {
		return w.hold(ctx, 5*time.Second) // it is another process's
	}
	cur, known, err := d.cursor(ctx, tenant, name)
	if err != nil {
		return err
	}
	for {
		events, err := d.events(ctx, tenant, cur.Position, eventsAtOnce)
		if err == nil && known && cur.Position == 0 && len(events) > 0 && events[0].Position > 1 {
			err = ErrCursorExpired // it has failed since the first event
		}
		if err == ErrCursorExpired {
			events, err = d.missed(ctx, tenant, cur.Position)
			d.log.ErrorContext(ctx, "subscriber was away for longer than the feed keeps events", "tenant", tenant, "subscriber", name)
		}
		if err != nil {
			return err
		}
		release := w.keep(ctx)
		told := d.tellSubscriber(ctx, fn, events)
		release()
		if told == nil && len(events) > 0 {
			cur = cursorDoc{Position: events[len(events)-1].Position}
		}
		if told != nil {
			cur.Failures++
			d.log.WarnContext(ctx, "subscriber failed", "tenant", tenant, "subscriber", name, "position", cur.Position, "error", told)
		}
		done := told != nil || len(events) < eventsAtOnce
		if err := w.saveProgress(ctx, name, cur, told, done); err != nil || done {
			return err
		}
	}
}

// EventsLost is the type of the event that a subscriber is told first when it was away for longer than the feed keeps events. From is the
// position it had been told, To the first position that is still there. What happened between is in the state.
const EventsLost = "feed.lost"

// missed returns the oldest events, after the word that those since a position are lost.
func (d *Desk) missed(ctx context.Context, tenant string, position int64) ([]Event, error) {
	events, err := d.events(ctx, tenant, 0, eventsAtOnce-1)
	if err != nil || len(events) == 0 {
		return events, err
	}
	first := events[0].Position
	lost := Event{Tenant: tenant, Position: first - 1, Event: conversation.Event{Type: EventsLost, At: d.now().UTC(),
		Actor: conversation.Actor{Kind: conversation.BySystem}, From: itoa(position), To: itoa(first)}}
	return append([]Event{lost}, events...), nil
}

// keep prolongs the lease until release is called, for as long as the host's code takes.
func (w *work) keep(ctx context.Context) (release func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(leaseFor / 3)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				if err := w.hold(ctx, leaseFor); err != nil && ctx.Err() == nil {
					w.desk.log.WarnContext(ctx, "lease not prolonged", "tenant", w.lease.Tenant, "group", w.lease.Group, "error", err)
				}
			}
		}
	}()
	return func() { cancel(); <-done }
}

func (d *Desk) tellSubscriber(ctx context.Context, fn Subscriber, events []Event) (err error) {
	if len(events) == 0 {
		return nil
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return fn(ctx, events)
}

func (d *Desk) cursor(ctx context.Context, tenant, name string) (cur cursorDoc, known bool, err error) {
	err = d.view(ctx, tenant, func(t *txn) error {
		key := document("cursor", name)
		if err := t.load(key); err != nil {
			return err
		}
		row, ok := t.row(key)
		if known = ok; ok {
			cur, err = decode[cursorDoc](t, row)
		}
		return err
	})
	return cur, known, err
}

// saveProgress keeps the cursor, and finishes or holds the group.
func (w *work) saveProgress(ctx context.Context, name string, cur cursorDoc, told error, done bool) error {
	d := w.desk
	return d.write(ctx, w.lease.Tenant, "", func(t *txn) error {
		key := document("cursor", name)
		if err := t.load(key); err != nil {
			return err
		}
		if row, ok := t.row(key); ok {
			stored, err := decode[cursorDoc](t, row)
			if err != nil {
				return err
			}
			if stored.Position > cur.Position {
				return errLeaseLost // another has gone on meanwhile
			}
		}
		finish := store.Finish{Group: w.lease.Group, Token: w.lease.Token}
		switch {
		case told != nil:
			ladder := d.cfg.Retry
			finish.Hold = t.now.Add(ladder[min(cur.Failures, len(ladder))-1])
		case done:
			for _, job := range w.lease.Jobs {
				finish.Jobs = append(finish.Jobs, job.ID)
			}
		default:
			finish.Hold = t.now.Add(leaseFor)
		}
		t.batch.Done(finish)
		return t.put(store.Row{Key: key}, formatDocument, cur)
	})
}
