package sqlstore

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/frontdesk-go/frontdesk/store"
)

// maxGroupBytes is how much is committed together, in bytes of bodies.
const maxGroupBytes = 4 << 20

// waiter is a batch that waits to be committed.
type waiter struct {
	ctx   context.Context
	batch *store.Batch
	done  chan error // takes one
}

// pack is a choice of batches of one tenant that do not depend on one another.
type pack struct {
	waiters []*waiter
	rows    map[store.Key]*store.Write
	leases  map[string]bool
	bytes   int
}

// take adds a batch, if it touches no row and finishes no group that another of them does. Checks of the same version go together.
func (p *pack) take(w *waiter) bool {
	b := w.batch
	switch {
	case len(p.waiters) == 0:
		p.rows, p.leases = map[store.Key]*store.Write{}, map[string]bool{}
	case len(p.waiters) == maxGroup || p.bytes+size(b) > maxGroupBytes || b.Tenant != p.waiters[0].batch.Tenant || p.touches(b):
		return false
	}
	p.waiters = append(p.waiters, w)
	p.bytes += size(b)
	for i := range b.Writes {
		p.rows[b.Writes[i].Row.Key] = &b.Writes[i]
	}
	for i := range b.Finish {
		p.leases[b.Finish[i].Group] = true
	}
	return true
}

func (p *pack) touches(b *store.Batch) bool {
	for i := range b.Writes {
		w := &b.Writes[i]
		other := p.rows[w.Row.Key]
		if other != nil && (w.Action != store.Check || other.Action != store.Check || w.If != other.If) {
			return true
		}
	}
	return slices.ContainsFunc(b.Finish, func(f store.Finish) bool { return p.leases[f.Group] })
}

func size(b *store.Batch) (n int) {
	for i := range b.Writes {
		n += len(b.Writes[i].Row.Body) + 200
	}
	for i := range b.Queue {
		n += len(b.Queue[i].Body) + 100
	}
	return n
}

// commitInLine commits a batch, alone or together with those that wait with it: that is one wait for the disk instead of many, and each
// is still all or nothing by itself.
func (s *Store) commitInLine(ctx context.Context, b *store.Batch) error {
	w := &waiter{ctx: ctx, batch: own(b), done: make(chan error, 1)}
	if n := s.commits.enter(w); n != nil {
		err := s.commitBatch(ctx, b)
		s.commits.leave(b.Tenant, n)
		return err
	}
	select {
	case err := <-w.done:
		return err
	case <-ctx.Done():
		return ctx.Err() // if it has been taken from the line, nobody waits for its outcome any more
	}
}

// own is a batch that stays as it is whatever its caller does: he who gives up has his slices back while a group may still write them.
func own(b *store.Batch) *store.Batch {
	c := &store.Batch{Tenant: b.Tenant, Shard: b.Shard, Writes: slices.Clone(b.Writes), Adds: slices.Clone(b.Adds), Queue: slices.Clone(b.Queue), Finish: slices.Clone(b.Finish)}
	for i := range c.Writes {
		c.Writes[i].Row = c.Writes[i].Row.Clone()
	}
	for i := range c.Queue {
		c.Queue[i].Body = slices.Clone(c.Queue[i].Body)
	}
	for i := range c.Finish {
		c.Finish[i].Jobs = slices.Clone(c.Finish[i].Jobs)
	}
	return c
}

// packed takes from the line what can be committed together with its first. Whoever has given up meanwhile is left out, and has written nothing.
func (s *Store) packed(waiting []*waiter) (taken, left []*waiter) {
	var p pack
	for _, w := range waiting {
		switch err := w.ctx.Err(); {
		case err != nil:
			w.done <- err
		case !p.take(w):
			left = append(left, w)
		}
	}
	return p.waiters, left
}

// commitGroup commits batches together and tells each its outcome. Those that conflict are told, and the others committed without them; if the
// database refuses for another reason, each is committed by itself. Where it is not known whether they were written, none is again: it would
// conflict with itself, or count twice.
func (s *Store) commitGroup(waiters []*waiter) {
	for len(waiters) > 1 {
		ctxs := make([]context.Context, len(waiters))
		for i, w := range waiters {
			ctxs[i] = w.ctx
		}
		ctx, cancel := untilAll(ctxs)
		err := s.commitBatch(ctx, merged(waiters))
		cancel()
		if err == nil {
			for _, w := range waiters {
				w.done <- nil
			}
			return
		}
		if s.uncertain(err) {
			for _, w := range waiters {
				w.done <- err
			}
			return
		}
		rest := refuse(waiters, err)
		if len(rest) == len(waiters) {
			break
		}
		waiters = rest
	}
	for _, w := range waiters {
		w.done <- s.commitBatch(w.ctx, w.batch)
	}
}

// refuse tells those whose rows were not as they want them, and returns the others. A conflict that the database found for reasons of its own
// is nobody's.
func refuse(waiters []*waiter, err error) []*waiter {
	var c *store.ConflictError
	if !errors.As(err, &c) || aborted(err) {
		return waiters
	}
	var rest []*waiter
	for _, w := range waiters {
		own := slices.DeleteFunc(slices.Clone(c.Keys), func(key store.Key) bool {
			return !slices.ContainsFunc(w.batch.Writes, func(w store.Write) bool { return w.Row.Key == key })
		})
		if len(own) == 0 {
			rest = append(rest, w)
			continue
		}
		w.done <- &store.ConflictError{Keys: own}
	}
	return rest
}

// merged makes one batch of several that do not depend on one another.
func merged(waiters []*waiter) *store.Batch {
	first := waiters[0].batch
	m := &store.Batch{Tenant: first.Tenant, Shard: first.Shard}
	for _, w := range waiters {
		m.Writes = append(m.Writes, w.batch.Writes...)
		m.Adds = append(m.Adds, w.batch.Adds...)
		m.Queue = append(m.Queue, w.batch.Queue...)
		m.Finish = append(m.Finish, w.batch.Finish...)
	}
	slices.SortFunc(m.Writes, func(x, y store.Write) int { return x.Row.Key.Compare(y.Row.Key) })
	m.Writes = slices.CompactFunc(m.Writes, func(x, y store.Write) bool { return x.Row.Key == y.Row.Key }) // the same check
	slices.SortFunc(m.Adds, func(x, y store.Add) int { return cmp.Compare(x.Counter, y.Counter) })
	sums := m.Adds[:0]
	for _, a := range m.Adds {
		if n := len(sums); n > 0 && sums[n-1].Counter == a.Counter {
			sums[n-1].Delta += a.Delta
		} else {
			sums = append(sums, a)
		}
	}
	m.Adds = sums
	slices.SortFunc(m.Queue, func(x, y store.Job) int {
		return cmp.Or(cmp.Compare(x.Group, y.Group), cmp.Compare(x.Order, y.Order), cmp.Compare(x.ID, y.ID))
	})
	slices.SortFunc(m.Finish, func(x, y store.Finish) int { return cmp.Compare(x.Group, y.Group) })
	return m
}
