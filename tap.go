package frontdesk

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/frontdesk-go/frontdesk/store"
)

// A tap is a subscriber of the Desk's own. What it makes of events is written in the commit that moves its cursor on, so that each event
// counts once. Its cursor is there only while a tenant has something for it to do, so that nobody else pays for it.

// The taps.
const (
	tapWebhooks = "webhooks"
	tapRules    = "rules"
)

var taps = []string{tapWebhooks, tapRules}

// tapAtOnce is how many events a tap takes in one commit.
const tapAtOnce = 100

// tapJob says that there is news for a tap.
type tapJob struct{}

// tapDoc is how far a tap is.
type tapDoc struct {
	Position int64 `json:"position"`
}

func tapKey(name string) store.Key { return document("tap", name) }

func tapKeys() []store.Key {
	keys := make([]store.Key, len(taps))
	for i, name := range taps {
		keys[i] = tapKey(name)
	}
	return keys
}

// queueTaps tells the taps that a tenant has of events up to a position. Their cursors were loaded.
func (t *txn) queueTaps(last int64) error {
	for _, name := range taps {
		if _, ok := t.row(tapKey(name)); !ok {
			continue
		}
		if err := t.enqueue("tap/"+name, "tap/"+name+"/"+itoa(last), time.Time{}, tapJob{}); err != nil {
			return err
		}
	}
	return nil
}

// openTap has a tap told of what happens from now on. It writes the cursor in any case, so that whoever closes the tap meanwhile looks again.
func (t *txn) openTap(name string) error {
	key, headKey := tapKey(name), document("feed", "head")
	if err := t.load(key, headKey); err != nil {
		return err
	}
	t.batch.Ignore(headKey)
	cur := tapDoc{}
	row, ok := t.row(key)
	if ok {
		var err error
		if cur, err = decode[tapDoc](t, row); err != nil {
			return err
		}
	} else if head, ok := t.row(headKey); ok {
		h, err := decode[feedHead](t, head)
		if err != nil {
			return err
		}
		cur.Position = h.Last
	}
	return t.put(store.Row{Key: key}, formatDocument, cur)
}

// closeTap ends a tap when no document of a kind is left but one.
func (t *txn) closeTap(name, kind string, but store.Key) error {
	if err := t.load(tapKey(name)); err != nil {
		return err
	}
	q := store.Query{Tenant: t.tenant, Kind: store.Document, Prefix: kind + "/", Limit: 2}
	page, err := t.desk.store.List(t.ctx, q)
	if err != nil {
		return err
	}
	for _, row := range page.Rows {
		if row.Key != but {
			return nil
		}
	}
	if _, ok := t.row(tapKey(name)); ok {
		t.remove(tapKey(name))
	}
	return nil
}

// tap takes what a tap has not taken.
func (w *work) tap(ctx context.Context) error {
	name := strings.TrimPrefix(w.lease.Group, "tap/")
	for more := true; more; {
		err := w.desk.write(ctx, w.lease.Tenant, "", func(t *txn) (err error) {
			if more, err = w.tapOnce(t, name); err != nil || more {
				return err
			}
			done := store.Finish{Group: w.lease.Group, Token: w.lease.Token}
			for _, job := range w.lease.Jobs {
				done.Jobs = append(done.Jobs, job.ID)
			}
			t.batch.Done(done)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// tapOnce takes the next events; more reports whether there may be others.
func (w *work) tapOnce(t *txn, name string) (more bool, err error) {
	key := tapKey(name)
	if err := t.load(key); err != nil {
		return false, err
	}
	row, ok := t.row(key)
	if !ok {
		return false, nil // it was closed
	}
	cur, err := decode[tapDoc](t, row)
	if err != nil {
		return false, err
	}
	if err := w.held(); err != nil {
		return false, err
	}
	// The events are read before what they are for: whatever was saved before an event happened is seen.
	events, err := t.desk.events(t.ctx, t.tenant, cur.Position, tapAtOnce)
	if errors.Is(err, ErrCursorExpired) {
		t.desk.log.ErrorContext(t.ctx, "nothing ran for longer than the feed keeps events", "tenant", t.tenant, "tap", name, "position", cur.Position)
		events, err = t.desk.events(t.ctx, t.tenant, 0, tapAtOnce)
	}
	if err != nil || len(events) == 0 {
		return false, err
	}
	take := t.fanOut
	if name == tapRules {
		take = t.matchRules
	}
	if err := take(events); err != nil {
		return false, err
	}
	cur.Position = events[len(events)-1].Position
	if more = len(events) == tapAtOnce; more {
		w.prolong(t)
	}
	return more, t.put(store.Row{Key: key}, formatDocument, cur)
}

// dropDocuments drops what a deleted document leaves behind. Where it was made again, only what old says is not of the new one; without old
// nothing is.
func (w *work) dropDocuments(ctx context.Context, of store.Key, prefix string, old func(t *txn, now, row store.Row) (bool, error)) error {
	q := store.Query{Tenant: w.lease.Tenant, Kind: store.Document, Prefix: prefix, Limit: dropAtOnce}
	for {
		var page *store.Page
		err := w.desk.write(ctx, w.lease.Tenant, "", func(t *txn) (err error) {
			if err := t.load(of); err != nil {
				return err
			}
			if page, err = t.desk.store.List(ctx, q); err != nil {
				return err
			}
			now, back := t.row(of)
			var gone []store.Row
			for _, row := range page.Rows {
				drop := !back
				if back && old != nil {
					if drop, err = old(t, now, row); err != nil {
						return err
					}
				}
				if drop {
					gone = append(gone, row)
				}
			}
			t.adopt(gone)
			for _, row := range gone {
				t.remove(row.Key)
			}
			w.prolong(t)
			return nil
		})
		if err != nil {
			return err
		}
		if q.Cursor = page.Cursor; q.Cursor == "" {
			return nil
		}
	}
}

const dropAtOnce = 200
