package storetest

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/frontdesk-go/frontdesk/store"
)

// cutOff says that a call's context ended, or ends while a liar works.
func cutOff(ctx context.Context) bool {
	for range 50 {
		if ctx.Err() != nil {
			return true
		}
		runtime.Gosched()
	}
	return false
}

// ended says whether an error is that of a context.
func ended(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

var faultLies = []lie{
	{name: "leaves half of what was cut off", rule: 13, found: "Faults/ContextEndsOnTheWay", spoil: halves(func(first, second *store.Batch) {
		first.Adds, first.Queue = nil, nil
		second.Writes = nil
	})},
	{name: "queues before what was cut off", rule: 13, found: "Faults/ContextEndsOnTheWay", spoil: halves(func(first, second *store.Batch) {
		first.Writes, first.Adds = nil, nil
		first.Queue = slices.Clone(first.Queue)
		for i := range first.Queue {
			first.Queue[i].ID += "/early"
		}
	})},
	{name: "counts what was cut off", rule: 18, found: "Faults/ContextEndsOnTheWay", spoil: halves(func(first, second *store.Batch) {
		first.Writes, first.Queue = nil, nil
		second.Adds = nil
	})},
	{name: "acknowledges what was cut off", rule: 20, found: "Faults/ContextEndsOnTheWay", spoil: func(l *liar, good store.Store) {
		l.commit = func(ctx context.Context, b *store.Batch) error {
			if err := good.Commit(ctx, b); !ended(err) {
				return err
			}
			return nil
		}
	}},
	{name: "takes what was cut off for a conflict", rule: 21, found: "Faults/ContextEndsOnTheWay", spoil: func(l *liar, good store.Store) {
		l.commit = func(ctx context.Context, b *store.Batch) error {
			err := good.Commit(ctx, b)
			if ended(err) {
				return &store.ConflictError{Keys: []store.Key{b.Writes[0].Row.Key}}
			}
			return err
		}
	}},
	{name: "cancels the neighbours of what was cut off", rule: 21, found: "Faults/CancelledAmongMany", spoil: func(l *liar, good store.Store) {
		var cut atomic.Bool
		l.commit = func(ctx context.Context, b *store.Batch) error {
			if cut.CompareAndSwap(true, false) {
				return context.Canceled
			}
			err := good.Commit(ctx, b)
			cut.Store(ended(err))
			return err
		}
	}},
	{name: "lists what it has read until it was cut off", rule: 27, found: "Faults/ReadsWholeOrNotAtAll", spoil: func(l *liar, good store.Store) {
		l.list = func(ctx context.Context, q store.Query) (*store.Page, error) {
			page, err := good.List(ctx, q)
			if err == nil && cutOff(ctx) {
				page.Rows = page.Rows[:len(page.Rows)/2]
			}
			return page, err
		}
	}},
	{name: "takes what it has not read yet for absent", rule: 9, found: "Faults/ReadsWholeOrNotAtAll", spoil: func(l *liar, good store.Store) {
		l.load = func(ctx context.Context, tenant string, keys []store.Key, counters []string) (*store.Rows, error) {
			rows, err := good.Load(ctx, tenant, keys, counters)
			if err == nil && cutOff(ctx) {
				for key := range rows.Found {
					delete(rows.Found, key)
					rows.Absent = append(rows.Absent, key)
					break
				}
			}
			return rows, err
		}
	}},
	{name: "keeps a lease that nobody got", rule: 36, found: "Faults/CancelledLeaseEnds", spoil: func(l *liar, good store.Store) {
		l.jobs = func(ctx context.Context, q store.JobQuery) ([]store.Lease, error) {
			if ctx.Err() == nil && cutOff(ctx) && q.Tenant == tenant {
				q.Until = farOff
				_, _ = good.Jobs(context.Background(), q)
				return nil, ctx.Err()
			}
			return good.Jobs(ctx, q)
		}
	}},
	{name: "loses the jobs that nobody got", rule: 36, found: "Faults/CancelledLeaseEnds", spoil: func(l *liar, good store.Store) {
		l.jobs = func(ctx context.Context, q store.JobQuery) ([]store.Lease, error) {
			leases, err := good.Jobs(ctx, q)
			if err != nil || !cutOff(ctx) {
				return leases, err
			}
			for _, x := range leases {
				_ = good.Commit(context.Background(), &store.Batch{Tenant: x.Tenant, Shard: store.Shard(x.Tenant),
					Finish: []store.Finish{{Group: x.Group, Token: x.Token, Jobs: []string{x.Jobs[0].ID}}}})
			}
			return nil, ctx.Err()
		}
	}},
	{name: "has no connection left after errors", rule: 21, found: "Faults/GoesOnAfterErrors", spoil: func(l *liar, good store.Store) {
		left := 100
		l.list = func(ctx context.Context, q store.Query) (*store.Page, error) {
			page, err := good.List(ctx, q)
			if errors.Is(err, store.ErrCursor) {
				left--
			}
			if left <= 0 {
				return nil, errors.New("too many clients")
			}
			return page, err
		}
	}},
	{name: "stays locked after an error", rule: 21, found: "Faults/GoesOnAfterErrors", spoil: func(l *liar, good store.Store) {
		locked := false
		l.jobs = func(ctx context.Context, q store.JobQuery) ([]store.Lease, error) {
			leases, err := good.Jobs(ctx, q)
			locked = locked || ended(err)
			return leases, err
		}
		l.commit = func(ctx context.Context, b *store.Batch) error {
			if locked && len(b.Queue) > 0 {
				return errors.New("database is locked")
			}
			return good.Commit(ctx, b)
		}
	}},
}

// halves returns a spoil that writes a batch in two, which split makes of it, and not the second when the context ends between them.
func halves(split func(first, second *store.Batch)) func(*liar, store.Store) {
	return func(l *liar, good store.Store) {
		l.commit = func(ctx context.Context, b *store.Batch) error {
			if ctx.Done() == nil { // a call that cannot be cut off
				return good.Commit(ctx, b)
			}
			first, second := copied(b), copied(b)
			split(first, second)
			if err := good.Commit(ctx, first); err != nil {
				return err
			}
			if cutOff(ctx) {
				return ctx.Err()
			}
			return good.Commit(context.Background(), second)
		}
	}
}

// second returns a reopen whose handle is spoiled around the same database.
func second(spoil func(*liar, store.Store)) func(store.Store) store.Store {
	return func(s store.Store) store.Store {
		l := &liar{Store: inner(s)}
		spoil(l, l.Store)
		return l
	}
}

var durabilityLies = []lie{
	{name: "keeps counters in its process", rule: 20, found: "Durability/EverythingIsThere", reopen: second(loaded(func(rows *store.Rows) {
		for name := range rows.Counters {
			rows.Counters[name] = 0
		}
	}))},
	{name: "keeps an index of words in its process", rule: 20, found: "Durability/EverythingIsThere", reopen: second(listed(func(page *store.Page, q *store.Query) {
		if len(q.Words) > 0 {
			page.Rows = nil
		}
	}))},
	{name: "keeps names in its process", rule: 20, found: "Durability/EverythingIsThere", reopen: second(loaded(func(rows *store.Rows) {
		for key, row := range rows.Found {
			if row.Kind == store.Name {
				row.Target = store.Key{}
				rows.Found[key] = row
			}
		}
	}))},
	{name: "brings deleted rows back", rule: 20, found: "Durability/EverythingIsThere", reopen: func(s store.Store) store.Store {
		from, other := inner(s), newJournal()
		for _, b := range from.batches {
			kept := copied(b)
			for i := range kept.Writes {
				if kept.Writes[i].Action == store.Delete {
					kept.Writes[i].Action = store.Check
				}
			}
			_ = other.Store.Commit(context.Background(), kept)
		}
		return other
	}},
	{name: "keeps the queue in its process", rule: 20, found: "Durability/QueueIsThere", reopen: second(leased(func([]store.Lease) []store.Lease { return nil }))},
	{name: "keeps leases and holds in its process", rule: 20, found: "Durability/QueueIsThere", reopen: func(s store.Store) store.Store { return inner(s).copy() }},
	{name: "forgets known IDs with its process", rule: 20, found: "Durability/QueueIsThere", reopen: second(queued(func(j *store.Job) { j.ID += "\x01" }))},
	{name: "keeps leases in its process", rule: 35, found: "Durability/LeasesHoldElsewhere", reopen: second(ownLeases)},
	{name: "counts versions in its process", rule: 45, found: "Durability/VersionsAndCursors", reopen: second(loaded(func(rows *store.Rows) {
		for key, row := range rows.Found {
			row.Version++
			rows.Found[key] = row
		}
	}))},
	{name: "keeps cursors in its process", rule: 27, found: "Durability/VersionsAndCursors", reopen: second(queries(func(q *store.Query) { q.Cursor = "" }))},
	{name: "checks under a lock of its process", rule: 19, found: "Durability/IncrementThroughTwo", spoil: ownLock, reopen: second(ownLock)},
	{name: "checks absence under a lock of its process", rule: 14, found: "Durability/ConflictThroughTwo", spoil: ownLock, reopen: second(ownLock)},
	{name: "leases under a lock of its process", rule: 42, found: "Durability/LeaseThroughTwo", spoil: ownLeases, reopen: second(ownLeases)},
	{name: "counts in its process", rule: 11, found: "Durability/ModelThroughTwo", reopen: second(batches(func(b *store.Batch) { b.Adds = nil }))},
}

// ownLock checks and writes in two steps under a lock that another handle does not know.
func ownLock(l *liar, good store.Store) {
	var mu sync.Mutex
	between := &inner(good).between
	l.commit = func(ctx context.Context, b *store.Batch) error {
		mu.Lock()
		defer mu.Unlock()
		checks := &store.Batch{Tenant: b.Tenant, Shard: b.Shard}
		for _, w := range b.Writes {
			checks.Writes = append(checks.Writes, store.Write{Action: store.Check, If: w.If, Row: store.Row{Key: w.Row.Key}})
		}
		if err := good.Commit(ctx, checks); err != nil {
			return err
		}
		between.linger()
		force := &liar{}
		pretend(func(w *store.Write, stored int64) { w.If = stored })(force, good)
		for {
			if err := force.commit(ctx, b); !errors.Is(err, store.ErrConflict) {
				return err
			}
		}
	}
}

// ownLeases keeps leases where another handle does not see them.
func ownLeases(l *liar, good store.Store) {
	var mu sync.Mutex
	until := map[string]time.Time{}
	l.jobs = func(ctx context.Context, q store.JobQuery) ([]store.Lease, error) {
		mu.Lock()
		defer mu.Unlock()
		leases, err := good.Jobs(ctx, q)
		open(good, leases)
		leases = slices.DeleteFunc(leases, func(x store.Lease) bool { return until[x.Tenant+"/"+x.Group].After(q.Now) })
		for _, x := range leases {
			until[x.Tenant+"/"+x.Group] = x.Until
		}
		return leases, err
	}
	l.commit = func(ctx context.Context, b *store.Batch) error {
		mu.Lock()
		defer mu.Unlock()
		for _, f := range b.Finish {
			until[b.Tenant+"/"+f.Group] = f.Hold
		}
		return good.Commit(ctx, b)
	}
}
