package sqlstore

import (
	"context"
	"slices"
	"sync"

	"github.com/frontdesk-go/frontdesk/store"
)

// loading is a Load that waits.
type loading struct {
	ctx      context.Context
	tenant   string
	keys     []store.Key
	counters []string
	done     chan loaded // takes one
}

type loaded struct {
	rows *store.Rows
	err  error
}

// loadInLine loads, alone or together with those that wait with it: that is one round trip instead of many.
func (s *Store) loadInLine(ctx context.Context, tenant string, keys []store.Key, counters []string) (*store.Rows, error) {
	w := &loading{ctx: ctx, tenant: tenant, keys: slices.Clone(keys), counters: slices.Clone(counters), done: make(chan loaded, 1)} // as a batch's own
	if n := s.loads.enter(w); n != nil {
		rows, err := s.load(ctx, s.read, tenant, keys, counters)
		s.loads.leave(tenant, n)
		return rows, err
	}
	select {
	case out := <-w.done:
		return out.rows, out.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// joinable takes from the line those of one tenant, up to what one statement asks for.
func joinable(waiting []*loading) (taken, left []*loading) {
	n := 0
	for _, w := range waiting {
		size := len(w.keys) + len(w.counters)
		switch {
		case w.ctx.Err() != nil: // he does not wait any more
		case len(taken) > 0 && (len(taken) == maxGroup || n+size > chunk || w.tenant != taken[0].tenant):
			left = append(left, w)
		default:
			taken, n = append(taken, w), n+size
		}
	}
	return taken, left
}

// loadGroup loads what several ask for and gives each his own. If that fails, each loads by himself.
func (s *Store) loadGroup(all []*loading) {
	if len(all) > 1 {
		var keys []store.Key
		var counters []string
		var ctxs []context.Context
		for _, w := range all {
			keys, counters, ctxs = append(keys, w.keys...), append(counters, w.counters...), append(ctxs, w.ctx)
		}
		ctx, cancel := untilAll(ctxs)
		rows, err := s.load(ctx, s.read, all[0].tenant, keys, counters)
		cancel()
		if err == nil {
			share(rows, all)
			return
		}
	}
	for _, w := range all {
		rows, err := s.load(w.ctx, s.read, w.tenant, w.keys, w.counters)
		w.done <- loaded{rows, err}
	}
}

// share gives each of them the rows and counters that he asked for, as copies.
func share(rows *store.Rows, all []*loading) {
	given := map[store.Key]bool{}
	answers := make([]*store.Rows, len(all)) // all copies are made before the first is told and changes what he got
	for i, w := range all {
		own := &store.Rows{Found: make(map[store.Key]store.Row, len(w.keys)), Counters: make(map[string]int64, len(w.counters)), Absent: absent(w.keys, rows.Found)}
		give := func(key store.Key) {
			row, ok := rows.Found[key]
			if !ok {
				return
			}
			if given[key] {
				row = row.Clone()
			}
			own.Found[key], given[key] = row, true
		}
		for _, key := range w.keys {
			give(key)
			if target := rows.Found[key].Target; target != (store.Key{}) {
				give(target)
			}
		}
		for _, name := range w.counters {
			own.Counters[name] = rows.Counters[name]
		}
		answers[i] = own
	}
	for i, w := range all {
		w.done <- loaded{rows: answers[i]}
	}
}

// untilAll returns a context that ends when all of them have ended.
func untilAll(all []context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(all[0]))
	var mu sync.Mutex
	left := len(all)
	stops := make([]func() bool, len(all))
	for i, one := range all {
		stops[i] = context.AfterFunc(one, func() {
			mu.Lock()
			defer mu.Unlock()
			if left--; left == 0 {
				cancel()
			}
		})
	}
	return ctx, func() {
		for _, stop := range stops {
			stop()
		}
		cancel()
	}
}
