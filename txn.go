package frontdesk

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// A txn is one attempt at a command: what was read, what is to be written. Every write of the Desk goes through write, which makes the
// attempts.
type txn struct {
	ctx    context.Context
	desk   *Desk
	tenant string
	batch  *store.Batch
	rows   map[store.Key]store.Row
	kept   map[store.Key]store.Kept
	events []conversation.Event
	order  int64 // of the jobs that tell the events
	now    time.Time
	cached []store.Key // documents that came from the cache
	called bool        // somebody's rights were looked at
	ids    []string    // made before the first attempt

	homes      map[string]string // mailbox and method of new conversations, which are put after their messages
	dispatched bool              // the dispatcher is asked to look
}

// tries is how often a command is decided before it is ErrBusy.
const tries = 20

// write carries out a command: decide loads what it rests on and says what becomes of it, and is called again after a conflict.
// lock names what the command is about, so that two commands of this process on the same do not conflict; "" for nothing.
func (d *Desk) write(ctx context.Context, tenant, lock string, decide func(*txn) error) error {
	if problem := conversation.CheckID(tenant); problem != "" {
		return invalid("tenant", "%s", problem)
	}
	if lock != "" && !d.bound {
		unlock, err := d.locks.lock(ctx, tenant+"/"+lock)
		if err != nil {
			return err
		}
		defer unlock()
	}
	ids := d.ids(idsPerCommand)
	var old errOld
	for try := 1; ; try++ {
		err := d.attempt(ctx, tenant, ids, decide)
		if errors.As(err, &old) {
			if try == 1 {
				continue
			}
			err = old.error
		}
		if !errors.Is(err, store.ErrConflict) {
			return err
		}
		if d.bound {
			return fmt.Errorf("%w: %w", ErrBusy, err)
		}
		if try == tries {
			return fmt.Errorf("%w: %w", ErrBusy, err)
		}
		if err := pause(ctx, time.Millisecond+rand.N(min(100*time.Millisecond, time.Millisecond<<try))); err != nil {
			return err
		}
	}
}

// errOld is a refusal that rested on cached documents. No commit has checked them, so it is decided once more on fresh ones.
type errOld struct{ error }

func (e errOld) Unwrap() error { return e.error }

// idsPerCommand is enough for the timeline entries, contacts and messages of any command.
const idsPerCommand = 24

func pause(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (d *Desk) attempt(ctx context.Context, tenant string, ids []string, decide func(*txn) error) error {
	now := d.now().UTC().Truncate(time.Microsecond)
	t := &txn{ctx: ctx, desk: d, tenant: tenant, now: now, ids: ids, batch: store.NewBatch(tenant, now),
		rows: map[store.Key]store.Row{}, kept: map[store.Key]store.Kept{}}
	err := decide(t)
	if errors.Is(err, errStop) {
		return nil
	}
	if err != nil {
		if t.forget(); len(t.cached) > 0 {
			return errOld{err}
		}
		return err
	}
	t.tellEvents()
	if t.batch.Empty() {
		return t.confirm()
	}
	if err := t.batch.Seal(); err != nil {
		return err
	}
	if err := d.store.Commit(ctx, t.batch); err != nil {
		t.forget()
		return err
	}
	t.remember()
	if len(t.batch.Queue) > 0 {
		d.wake()
	}
	return nil
}

// confirm looks at the cached documents that an answer to somebody rests on who changed nothing, for no commit checks them.
func (t *txn) confirm() error {
	if !t.called || len(t.cached) == 0 {
		return nil
	}
	rows, err := t.desk.store.Load(t.ctx, t.tenant, t.cached, nil)
	if err != nil {
		return err
	}
	for _, key := range t.cached {
		if row, _ := rows.Row(key); row.Version != t.rows[key].Version {
			t.forget()
			return errOld{&store.ConflictError{Keys: []store.Key{key}}}
		}
	}
	return nil
}

// forget drops cached documents that a failed attempt rested on: they may be what was old.
func (t *txn) forget() {
	for _, key := range t.cached {
		t.desk.docs.drop(docKey{t.tenant, key.ID})
	}
}

// remember drops cached documents that this commit replaced. In a host's transaction they count from its commit, which we do not see,
// so they are dropped too, and read again by whoever needs them.
func (t *txn) remember() {
	for _, w := range t.batch.Writes {
		if w.Row.Kind == store.Document && w.Action != store.Check {
			t.desk.docs.drop(docKey{t.tenant, w.Row.ID})
		}
	}
}

// wake tells this process's workers that there is work.
func (d *Desk) wake() {
	if d.bound {
		return
	}
	select {
	case d.kick <- struct{}{}:
	default:
	}
}

// id returns the n-th ID of the command.
func (t *txn) id(n int) string { return t.ids[n] }

// load reads rows, and what names lead to, into the attempt.
func (t *txn) load(keys ...store.Key) error {
	_, err := t.loadCounters(keys, nil)
	return err
}

func (t *txn) loadCounters(keys []store.Key, counters []string) (map[string]int64, error) {
	missing := keys[:0:0]
	for _, key := range keys {
		if _, ok := t.rows[key]; !ok {
			missing = append(missing, key)
		}
	}
	if len(missing) == 0 && len(counters) == 0 {
		return nil, nil
	}
	rows, err := t.desk.store.Load(t.ctx, t.tenant, missing, counters)
	if err != nil {
		return nil, err
	}
	for _, row := range rows.Found {
		t.adopt([]store.Row{row})
	}
	for _, key := range rows.Absent {
		t.absent(key)
	}
	return rows.Counters, nil
}

// absent says that a row this command makes must not be there, without asking for it first.
func (t *txn) absent(key store.Key) {
	if _, ok := t.rows[key]; !ok {
		t.rows[key] = store.Row{Key: key}
		t.batch.ReadRow(store.Row{Key: key})
	}
}

// adopt takes rows into the attempt. One that it has already, as the row that a name leads to may be, stays as it was read first: if it has
// changed since, the commit finds out.
func (t *txn) adopt(rows []store.Row) {
	for _, row := range rows {
		if _, ok := t.rows[row.Key]; !ok {
			t.rows[row.Key] = row
			t.batch.ReadRow(row)
		}
	}
}

// row returns a row that was loaded; ok is false if it is not there.
func (t *txn) row(key store.Key) (store.Row, bool) {
	row, ok := t.rows[key]
	if !ok {
		panic("frontdesk: " + key.String() + " was not loaded")
	}
	return row, row.Version != 0
}

// led returns the row that a loaded name leads to.
func (t *txn) led(name store.Key) (store.Row, bool) {
	row, ok := t.row(name)
	if !ok || row.Target == (store.Key{}) {
		return store.Row{}, false
	}
	led, ok := t.rows[row.Target]
	return led, ok && led.Version != 0
}

// decode reads the entity of a row; its unknown members are kept for put.
func decode[T any](t *txn, row store.Row) (v T, err error) {
	kept, err := store.Decode(row.Body, &v)
	if err != nil {
		return v, fmt.Errorf("%s: %w", row.Key, err)
	}
	t.kept[row.Key] = kept
	return v, nil
}

// put writes an entity. The row was loaded, or absent, in this attempt.
func (t *txn) put(row store.Row, format int, v any) error {
	body, err := store.Encode(format, v, t.kept[row.Key])
	if err != nil {
		return fmt.Errorf("%s: %w", row.Key, err)
	}
	row.Body = body
	t.putRow(row)
	return nil
}

func (t *txn) putRow(row store.Row) {
	t.batch.Put(row)
	row, _ = t.batch.Written(row.Key)
	// Later reads of this attempt see the new row; the version it is written on stays the one that was read.
	t.rows[row.Key] = row
}

func (t *txn) remove(key store.Key) {
	t.batch.Delete(key)
	t.rows[key] = store.Row{Key: key}
}

// tell adds events to the commit. Their order is the time of the last change among them.
func (t *txn) tell(at time.Time, events ...conversation.Event) {
	t.events = append(t.events, events...)
	t.order = max(t.order, at.UnixMicro())
}

// tellEvents queues the commit's events as one job of the tenant's feed.
func (t *txn) tellEvents() {
	if len(t.events) == 0 {
		return
	}
	body, err := store.Encode(1, eventsJob{Events: t.events}, store.Kept{})
	if err != nil {
		panic(err) // events are plain structs
	}
	t.batch.Enqueue(store.Job{ID: newID(t.now), Group: groupFeed, Order: t.order, Body: body})
}

// enqueue queues a job for at once, or for a time.
func (t *txn) enqueue(group, id string, due time.Time, job any) error {
	body, err := store.Encode(1, job, store.Kept{})
	if err != nil {
		return err
	}
	t.batch.Enqueue(store.Job{ID: id, Group: group, Order: max(t.order, t.now.UnixMicro()), Due: due.UTC(), Body: body})
	return nil
}
