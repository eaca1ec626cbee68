package frontdesk

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// groupFeed is the group of a tenant's untold events.
const groupFeed = "feed"

// eventsJob carries the events of one commit.
type eventsJob struct {
	Events []conversation.Event `json:"events"`
}

// feedHead is where a tenant's feed ends and begins.
type feedHead struct {
	Last  int64 `json:"last"`  // position of the newest event
	First int64 `json:"first"` // position of the oldest event that is still there
}

func eventKey(position int64) store.Key {
	return store.Key{Kind: store.Event, ID: fmt.Sprintf("%019d", position)}
}

// stamp writes the events of leased jobs under the next positions, in order, and drops events that are older than the feed keeps.
func (w *work) stamp(ctx context.Context) error {
	d, again := w.desk, false
	return d.write(ctx, w.lease.Tenant, "", func(t *txn) error {
		if again {
			// The feed's head was not where it was read, so another has the lease and has numbered these events.
			return errLeaseLost
		}
		again = true
		key := document("feed", "head")
		if err := t.load(key); err != nil {
			return err
		}
		head := feedHead{First: 1}
		if row, ok := t.row(key); ok {
			var err error
			if head, err = decode[feedHead](t, row); err != nil {
				return err
			}
		}
		finish := store.Finish{Group: w.lease.Group, Token: w.lease.Token}
		for _, job := range w.lease.Jobs {
			finish.Jobs = append(finish.Jobs, job.ID)
			var j eventsJob
			if _, err := store.Decode(job.Body, &j); err != nil {
				return err
			}
			for _, e := range j.Events {
				head.Last++
				if err := t.putEvent(head.Last, e); err != nil {
					return err
				}
			}
		}
		if err := t.expire(&head, 2*len(w.lease.Jobs)); err != nil {
			return err
		}
		t.batch.Done(finish)
		for name := range d.cfg.Subscribers {
			if err := t.enqueue("sub/"+name, "sub/"+name+"/"+itoa(head.Last), time.Time{}, subJob{}); err != nil {
				return err
			}
		}
		return t.put(store.Row{Key: key}, formatDocument, head)
	})
}

func (t *txn) putEvent(position int64, e conversation.Event) error {
	t.absent(eventKey(position))
	row := store.Row{Key: eventKey(position), Facts: []store.Fact{{Name: "feed", Order: position}}}
	if e.Contact != "" {
		row.Facts = append(row.Facts, store.Fact{Name: "contact", Value: e.Contact, Order: position})
	}
	return t.put(row, formatEvent, Event{Tenant: t.tenant, Position: position, Event: e})
}

// expire drops at most n events from the feed's beginning that are older than it keeps.
func (t *txn) expire(head *feedHead, n int) error {
	q := store.Query{Tenant: t.tenant, Kind: store.Event, Fact: "feed", Ascending: true, Limit: max(1, n)}
	if t.now.Sub(time.Unix(0, 0)) < t.desk.cfg.KeepEvents || head.Last-head.First < expireFrom {
		return nil
	}
	page, err := t.desk.store.List(t.ctx, q)
	if err != nil {
		return err
	}
	for _, row := range page.Rows {
		var e Event
		if _, err := store.Decode(row.Body, &e); err != nil {
			return err
		}
		if t.now.Sub(e.At) < t.desk.cfg.KeepEvents || e.Position >= head.Last {
			break
		}
		t.adopt([]store.Row{row})
		t.remove(row.Key)
		head.First = e.Position + 1
	}
	return nil
}

// expireFrom spares small feeds the look at their oldest events.
const expireFrom = 1000

// Events returns up to limit events of a tenant after a position; 0 begins with the oldest. The events are in order and without gaps.
// Error: ErrCursorExpired when the feed no longer holds what follows the position.
func (d *Desk) Events(ctx context.Context, tenant string, after int64, limit int) ([]Event, error) {
	events, err := d.events(ctx, tenant, after, limit)
	return events, wrap("events", tenant, err)
}

func (d *Desk) events(ctx context.Context, tenant string, after int64, limit int) ([]Event, error) {
	if after < 0 || limit < 1 || limit > store.MaxLimit {
		return nil, invalid("limit", "after must be 0 or more, limit within 1 and %d", store.MaxLimit)
	}
	q := store.Query{Tenant: tenant, Kind: store.Event, Fact: "feed", Ascending: true, Limit: limit}
	if after > 0 {
		q.Cursor = q.At(store.Position{Order: after, ID: eventKey(after).ID})
	}
	page, err := d.store.List(ctx, q)
	if err != nil {
		return nil, err
	}
	events, err := decodeAll[Event](page.Rows)
	if err == nil && len(events) > 0 && after > 0 && events[0].Position != after+1 {
		return nil, ErrCursorExpired
	}
	return events, err
}

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
	cur, err := d.cursor(ctx, tenant, name)
	if err != nil {
		return err
	}
	for {
		events, err := d.events(ctx, tenant, cur.Position, eventsAtOnce)
		if err == ErrCursorExpired {
			events, err = d.missed(ctx, tenant, cur.Position)
			d.log.ErrorContext(ctx, "subscriber was away for longer than the feed keeps events", "tenant", tenant, "subscriber", name)
		}
		if err != nil {
			return err
		}
		told := d.tellSubscriber(ctx, fn, events)
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

func (d *Desk) cursor(ctx context.Context, tenant, name string) (cur cursorDoc, err error) {
	err = d.view(ctx, tenant, func(t *txn) error {
		key := document("cursor", name)
		if err := t.load(key); err != nil {
			return err
		}
		if row, ok := t.row(key); ok {
			cur, err = decode[cursorDoc](t, row)
		}
		return err
	})
	return cur, err
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
