package storetest

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/frontdesk-go/frontdesk/store"
)

// pretend returns a spoil that changes the If of each write, seeing the version that is stored.
func pretend(change func(w *store.Write, stored int64)) func(*liar, store.Store) {
	return func(l *liar, good store.Store) {
		l.commit = func(ctx context.Context, b *store.Batch) error {
			c := copied(b)
			for i := range c.Writes {
				key := c.Writes[i].Row.Key
				rows, err := good.Load(ctx, b.Tenant, []store.Key{key}, nil)
				if err != nil {
					return err
				}
				row, _ := rows.Row(key)
				change(&c.Writes[i], row.Version)
			}
			return good.Commit(ctx, c)
		}
	}
}

// onConflict returns a spoil that answers a conflict itself.
func onConflict(answer func(good store.Store, b *store.Batch, conflict *store.ConflictError) error) func(*liar, store.Store) {
	return func(l *liar, good store.Store) {
		l.commit = func(ctx context.Context, b *store.Batch) error {
			err := good.Commit(ctx, b)
			var conflict *store.ConflictError
			if errors.As(err, &conflict) {
				return answer(good, copied(b), conflict)
			}
			return err
		}
	}
}

// early returns a spoil that looks at some of the checks before it commits, and not again when it does.
func early(which func(store.Write) bool) func(*liar, store.Store) {
	return func(l *liar, good store.Store) {
		var c crossing
		l.commit = func(ctx context.Context, b *store.Batch) error {
			var checks, rest []store.Write
			for _, w := range copied(b).Writes {
				if w.Action == store.Check && which(w) {
					checks = append(checks, w)
				} else {
					rest = append(rest, w)
				}
			}
			if err := good.Commit(ctx, &store.Batch{Tenant: b.Tenant, Shard: b.Shard, Writes: checks}); err != nil {
				return err
			}
			if len(checks) > 0 {
				c.linger()
			}
			late := copied(b)
			late.Writes = rest
			return good.Commit(ctx, late)
		}
	}
}

var commitLies = []lie{
	{name: "writes the good half of a batch", rule: 13, found: "Commit/AllOrNothing", spoil: onConflict(func(good store.Store, b *store.Batch, conflict *store.ConflictError) error {
		b.Writes = slices.DeleteFunc(b.Writes, func(w store.Write) bool { return slices.Contains(conflict.Keys, w.Row.Key) })
		b.Adds, b.Queue, b.Finish = nil, nil, nil
		_ = good.Commit(context.Background(), b)
		return conflict
	})},
	{name: "counts a batch that does not hold", rule: 13, found: "Commit/AllOrNothing", spoil: onConflict(func(good store.Store, b *store.Batch, conflict *store.ConflictError) error {
		_ = good.Commit(context.Background(), &store.Batch{Tenant: b.Tenant, Shard: b.Shard, Adds: b.Adds})
		return conflict
	})},
	{name: "queues jobs of a batch that does not hold", rule: 13, found: "Commit/AllOrNothing", spoil: onConflict(func(good store.Store, b *store.Batch, conflict *store.ConflictError) error {
		_ = good.Commit(context.Background(), &store.Batch{Tenant: b.Tenant, Shard: b.Shard, Queue: b.Queue})
		return conflict
	})},
	{name: "finishes jobs of a batch that does not hold", rule: 13, found: "Commit/AllOrNothing", spoil: onConflict(func(good store.Store, b *store.Batch, conflict *store.ConflictError) error {
		_ = good.Commit(context.Background(), &store.Batch{Tenant: b.Tenant, Shard: b.Shard, Finish: b.Finish})
		return conflict
	})},
	{name: "writes a large batch in two", rule: 13, found: "Commit/LargeBatch", spoil: func(l *liar, good store.Store) {
		l.commit = func(ctx context.Context, b *store.Batch) error {
			if len(b.Writes) > 100 {
				first, rest := copied(b), copied(b)
				first.Writes, rest.Writes = first.Writes[:100], rest.Writes[100:]
				first.Queue, first.Finish, first.Adds = nil, nil, nil
				if err := good.Commit(ctx, first); err != nil {
					return err
				}
				return good.Commit(ctx, rest)
			}
			return good.Commit(ctx, b)
		}
	}},
	{name: "writes the first hundred rows of a batch", rule: 13, found: "Commit/LargeBatch", spoil: batches(func(b *store.Batch) {
		b.Writes = b.Writes[:min(len(b.Writes), 100)]
	})},
	{name: "keeps a message without its preview now and then", rule: 19, found: "Recount/NumbersWithoutGaps", spoil: losesPreview},
	{name: "counts what a holder has without his version", rule: 15, found: "Contention/NeverOverCapacity", spoil: meeting(pretend(func(w *store.Write, stored int64) {
		if w.Row.Kind == store.Document {
			w.If = stored
		}
	}))},
	{name: "ignores versions", rule: 14, found: "Commit/VersionIsEqual", spoil: pretend(func(w *store.Write, stored int64) { w.If = stored })},
	{name: "takes a greater version", rule: 14, found: "Commit/VersionIsEqual", spoil: pretend(func(w *store.Write, stored int64) {
		if stored > w.If && w.If != 0 {
			w.If = stored
		}
	})},
	{name: "takes a smaller version", rule: 14, found: "Commit/VersionIsEqual", spoil: pretend(func(w *store.Write, stored int64) {
		if stored < w.If && stored != 0 {
			w.If = stored
		}
	})},
	{name: "puts over a row that should be absent", rule: 14, found: "Commit/VersionIsEqual", spoil: pretend(func(w *store.Write, stored int64) {
		if w.If == 0 && w.Action == store.Put {
			w.If = stored
		}
	})},
	{name: "deletes what is not there", rule: 14, found: "Commit/VersionIsEqual", spoil: pretend(func(w *store.Write, stored int64) {
		if stored == 0 && w.Action == store.Delete {
			w.If = 0
		}
	})},
	{name: "does not check", rule: 14, found: "Commit/VersionIsEqual", spoil: pretend(func(w *store.Write, stored int64) {
		if w.Action == store.Check {
			w.If = stored
		}
	})},
	{name: "swallows a conflict", rule: 14, found: "Commit/VersionIsEqual", spoil: onConflict(func(store.Store, *store.Batch, *store.ConflictError) error { return nil })},
	{name: "checks before it commits", rule: 15, found: "Contention/WriteSkew", spoil: early(func(store.Write) bool { return true })},
	{name: "does not lock what is absent", rule: 15, found: "Contention/WriteSkewOnAbsence", spoil: early(func(w store.Write) bool { return w.If == 0 })},
	{name: "does not lock against deleting", rule: 15, found: "Contention/CheckAgainstDelete", spoil: early(func(w store.Write) bool { return w.If != 0 })},
	{name: "does not name rows in a conflict", rule: 16, found: "Commit/ConflictNamesRows", spoil: onConflict(func(store.Store, *store.Batch, *store.ConflictError) error { return store.ErrConflict })},
	{name: "names no rows in a conflict", rule: 16, found: "Commit/ConflictNamesRows", spoil: onConflict(func(store.Store, *store.Batch, *store.ConflictError) error { return &store.ConflictError{} })},
	{name: "names every row in a conflict", rule: 16, found: "Commit/ConflictNamesRows", spoil: onConflict(func(_ store.Store, b *store.Batch, c *store.ConflictError) error {
		c.Keys = nil
		for _, w := range b.Writes {
			c.Keys = append(c.Keys, w.Row.Key)
		}
		return c
	})},
	{name: "refuses an empty batch", rule: 17, found: "Commit/EmptyBatch", spoil: func(l *liar, good store.Store) {
		l.commit = func(ctx context.Context, b *store.Batch) error {
			if len(b.Writes)+len(b.Finish) == 0 {
				return errors.New("nothing to write")
			}
			return good.Commit(ctx, b)
		}
	}},
	{name: "counts up only", rule: 18, found: "Commit/AddHasNoCondition", spoil: batches(func(b *store.Batch) {
		for i := range b.Adds {
			b.Adds[i].Delta = max(b.Adds[i].Delta, 0)
		}
	})},
	{name: "reads a counter, adds, and writes it", rule: 18, found: "Contention/AddsAllCount", spoil: forgetsAdds},
	{name: "checks, thinks, and writes", rule: 19, found: "Contention/HundredIncrement", spoil: thinksTooLong},
	{name: "lets two claim a name", rule: 14, found: "Contention/OneClaims", spoil: thinksTooLong},
	{name: "acknowledges before it writes", rule: 20, found: "Commit/SeenAtOnce", spoil: func(l *liar, good store.Store) {
		var last *store.Batch
		l.commit = func(ctx context.Context, b *store.Batch) error {
			if b.Tenant != tenant {
				return good.Commit(ctx, b)
			}
			if last != nil {
				_ = good.Commit(ctx, last)
			}
			last = copied(b)
			return nil
		}
	}},
	{name: "writes for a context that is done", rule: 21, found: "Commit/DoneContext", spoil: func(l *liar, good store.Store) {
		l.commit = func(ctx context.Context, b *store.Batch) error {
			_ = good.Commit(context.Background(), b)
			return ctx.Err()
		}
	}},
	{name: "takes a done context for a conflict", rule: 21, found: "Commit/DoneContext", spoil: func(l *liar, good store.Store) {
		l.commit = func(ctx context.Context, b *store.Batch) error {
			if ctx.Err() != nil {
				return &store.ConflictError{Keys: []store.Key{b.Writes[0].Row.Key}}
			}
			return good.Commit(ctx, b)
		}
	}},
	{name: "leases for a context that is done", rule: 21, found: "Commit/DoneContext", spoil: func(l *liar, good store.Store) {
		l.jobs = func(ctx context.Context, q store.JobQuery) ([]store.Lease, error) {
			_, _ = good.Jobs(context.Background(), q)
			return nil, ctx.Err()
		}
	}},
	{name: "is locked while another writes", rule: 22, found: "Contention/NoDeadlock", spoil: func(l *liar, good store.Store) {
		var mu sync.Mutex
		l.commit = func(ctx context.Context, b *store.Batch) error {
			if !mu.TryLock() {
				return errors.New("database is locked")
			}
			defer mu.Unlock()
			for range 500 {
				runtime.Gosched()
			}
			return good.Commit(ctx, b)
		}
	}},
}

// meeting has callers decide on what they loaded only when another has loaded too.
func meeting(spoil func(*liar, store.Store)) func(*liar, store.Store) {
	return func(l *liar, good store.Store) {
		spoil(l, good)
		var c crossing
		l.load = func(ctx context.Context, tenant string, keys []store.Key, counters []string) (*store.Rows, error) {
			rows, err := good.Load(ctx, tenant, keys, counters)
			if len(keys) > 1 {
				c.linger()
			}
			return rows, err
		}
	}
}

// losesPreview lets every third change of a header fall and keeps the rest of its batch, as one does whose put of it came too late.
func losesPreview(l *liar, good store.Store) {
	var changes atomic.Int64
	batches(func(b *store.Batch) {
		b.Writes = slices.DeleteFunc(b.Writes, func(w store.Write) bool {
			return w.Row.Kind == store.Document && w.Action == store.Put && w.If != 0 && changes.Add(1)%3 == 0
		})
	})(l, good)
}

// forgetsAdds reads a counter and writes it in two steps.
func forgetsAdds(l *liar, good store.Store) {
	var mu sync.Mutex
	var c crossing
	counters := map[string]int64{}
	l.commit = func(ctx context.Context, b *store.Batch) error {
		rest := copied(b)
		rest.Adds = nil
		if err := good.Commit(ctx, rest); err != nil {
			return err
		}
		for _, a := range b.Adds {
			mu.Lock()
			n := counters[b.Tenant+a.Counter]
			mu.Unlock()
			c.linger()
			mu.Lock()
			counters[b.Tenant+a.Counter] = n + a.Delta
			mu.Unlock()
		}
		return nil
	}
	l.load = func(ctx context.Context, tenant string, keys []store.Key, names []string) (*store.Rows, error) {
		rows, err := good.Load(ctx, tenant, keys, names)
		mu.Lock()
		defer mu.Unlock()
		for _, name := range names {
			rows.Counters[name] = counters[tenant+name]
		}
		return rows, err
	}
}

// thinksTooLong compares versions, waits, and then writes over whatever is there.
func thinksTooLong(l *liar, good store.Store) {
	var c crossing
	l.commit = func(ctx context.Context, b *store.Batch) error {
		checks := &store.Batch{Tenant: b.Tenant, Shard: b.Shard}
		for _, w := range b.Writes {
			checks.Writes = append(checks.Writes, store.Write{Action: store.Check, If: w.If, Row: store.Row{Key: w.Row.Key}})
		}
		if err := good.Commit(ctx, checks); err != nil {
			return err
		}
		c.linger()
		force := &liar{}
		pretend(func(w *store.Write, stored int64) { w.If = stored })(force, good)
		for {
			if err := force.commit(ctx, b); !errors.Is(err, store.ErrConflict) {
				return err
			}
		}
	}
}
