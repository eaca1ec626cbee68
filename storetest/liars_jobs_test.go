package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/frontdesk-go/frontdesk/store"
)

// asked returns a spoil that changes each job query on its way in.
func asked(change func(*store.JobQuery)) func(*liar, store.Store) {
	return func(l *liar, good store.Store) {
		l.jobs = func(ctx context.Context, q store.JobQuery) ([]store.Lease, error) {
			change(&q)
			return good.Jobs(ctx, q)
		}
	}
}

// leased returns a spoil that changes leases on their way out.
func leased(change func([]store.Lease) []store.Lease) func(*liar, store.Store) {
	return func(l *liar, good store.Store) {
		l.jobs = func(ctx context.Context, q store.JobQuery) ([]store.Lease, error) {
			leases, err := good.Jobs(ctx, q)
			return change(leases), err
		}
	}
}

// finishes returns a spoil that changes each finish on its way in. It sees the token that holds the group.
func finishes(change func(f *store.Finish, holder string)) func(*liar, store.Store) {
	return watched(func(b *store.Batch, holders map[string]string) {
		for i := range b.Finish {
			change(&b.Finish[i], holders[b.Finish[i].Group])
		}
	})
}

// watched returns a spoil that changes batches, and sees the last token of each group of the case's tenant.
func watched(change func(b *store.Batch, holders map[string]string)) func(*liar, store.Store) {
	return func(l *liar, good store.Store) {
		var mu sync.Mutex
		holders := map[string]string{}
		l.jobs = func(ctx context.Context, q store.JobQuery) ([]store.Lease, error) {
			leases, err := good.Jobs(ctx, q)
			mu.Lock()
			defer mu.Unlock()
			for _, x := range leases {
				if x.Tenant == tenant {
					holders[x.Group] = x.Token
				}
			}
			return leases, err
		}
		l.commit = func(ctx context.Context, b *store.Batch) error {
			mu.Lock()
			defer mu.Unlock()
			c := copied(b)
			if b.Tenant == tenant {
				change(c, holders)
			}
			return good.Commit(ctx, c)
		}
	}
}

// queued returns a spoil that changes each job on its way in.
func queued(change func(*store.Job)) func(*liar, store.Store) {
	return batches(func(b *store.Batch) {
		for i := range b.Queue {
			change(&b.Queue[i])
		}
	})
}

var jobLies = []lie{
	{name: "leases what is not due", rule: 33, found: "Jobs/OnlyDue", spoil: queued(func(j *store.Job) { j.Due = time.Time{} })},
	{name: "takes no due time for never", rule: 33, found: "Jobs/OnlyDue", spoil: asked(func(q *store.JobQuery) {
		if q.Now.Before(time.Unix(0, 0)) {
			q.Group = "none"
		}
	})},
	{name: "takes the epoch for no due time", rule: 33, found: "Jobs/OnlyDue", spoil: queued(func(j *store.Job) {
		if j.Due.Equal(time.Unix(0, 0)) {
			j.Due = time.Time{}
		}
	})},
	{name: "keeps due times in seconds", rule: 33, found: "Jobs/DueInAnyZone", spoil: queued(func(j *store.Job) { j.Due = j.Due.Truncate(time.Second) })},
	{name: "keeps due times without a zone", rule: 33, found: "Jobs/DueInAnyZone", spoil: queued(func(j *store.Job) {
		if !j.Due.IsZero() {
			j.Due, _ = time.Parse(time.DateTime, j.Due.Format(time.DateTime))
		}
	})},
	{name: "leases jobs by ID", rule: 34, found: "Jobs/OrderWithinGroup", spoil: leased(func(leases []store.Lease) []store.Lease {
		for _, l := range leases {
			slices.SortFunc(l.Jobs, func(a, b store.Job) int { return strings.Compare(a.ID, b.ID) })
		}
		return leases
	})},
	{name: "leases more than PerGroup", rule: 34, found: "Jobs/OrderWithinGroup", spoil: asked(func(q *store.JobQuery) { q.PerGroup = 1000 })},
	{name: "lets a late job hold up the next", rule: 34, found: "Jobs/LateHoldsUpNone", spoil: func(l *liar, good store.Store) {
		late := false
		batches(func(b *store.Batch) {
			for i := range b.Queue {
				late = late || b.Queue[i].Due.After(start) && i == 0
			}
		})(l, good)
		l.jobs = func(ctx context.Context, q store.JobQuery) ([]store.Lease, error) {
			if late && q.Tenant == tenant {
				return nil, ctx.Err()
			}
			return good.Jobs(ctx, q)
		}
	}},
	{name: "queues a known ID again", rule: 39, found: "Jobs/KnownIDCountsOnce", spoil: knowsNone},
	{name: "replaces a job of a known ID", rule: 39, found: "Jobs/KnownIDCountsOnce", spoil: batches(func(b *store.Batch) {
		for _, j := range b.Queue {
			b.Finish = append(b.Finish, store.Finish{Group: j.Group, Token: "none", Jobs: []string{j.ID}})
		}
	})},
	{name: "forgets no ID", rule: 39, found: "Jobs/KnownIDCountsOnce", spoil: func(l *liar, good store.Store) {
		known := map[string]bool{}
		batches(func(b *store.Batch) {
			b.Queue = slices.DeleteFunc(b.Queue, func(j store.Job) bool {
				known[b.Tenant+j.ID], j.Body = true, nil
				return known["again"+b.Tenant+j.ID]
			})
			for _, f := range b.Finish {
				for _, id := range f.Jobs {
					known["again"+b.Tenant+id] = true
				}
			}
		})(l, good)
	}},
	{name: "queues before it finishes", rule: 39, found: "Jobs/FinishThenQueue", spoil: batches(func(b *store.Batch) {
		for _, f := range b.Finish {
			b.Queue = slices.DeleteFunc(b.Queue, func(j store.Job) bool { return slices.Contains(f.Jobs, j.ID) })
		}
	})},
	{name: "begins with the shard's first tenant each time", rule: 40, found: "Jobs/AfterTenant", spoil: asked(func(q *store.JobQuery) { q.After = "" })},
	{name: "ignores PerTenant", rule: 40, found: "Jobs/PerTenant", spoil: asked(func(q *store.JobQuery) { q.PerTenant = q.Limit })},
	{name: "lets one tenant starve another", rule: 40, found: "Jobs/NobodyStarves", spoil: func(l *liar, good store.Store) {
		l.jobs = func(ctx context.Context, q store.JobQuery) ([]store.Lease, error) {
			if q.Tenant == "" {
				q.Tenant = "crowd" // the tenant of the oldest job
			}
			return good.Jobs(ctx, q)
		}
	}},
	{name: "begins with the same tenant each time", rule: 40, found: "Jobs/ShardOrder", spoil: asked(func(q *store.JobQuery) { q.Shard = 0 })},
	{name: "does not wrap around", rule: 40, found: "Jobs/ShardOrder", spoil: func(l *liar, good store.Store) {
		l.jobs = func(ctx context.Context, q store.JobQuery) ([]store.Lease, error) {
			leases, err := good.Jobs(ctx, q)
			return slices.DeleteFunc(leases, func(x store.Lease) bool { return store.Shard(x.Tenant) < q.Shard }), err
		}
	}},
	{name: "ignores the group asked for", rule: 41, found: "Jobs/OneTenantOneGroup", spoil: asked(func(q *store.JobQuery) { q.Group = "" })},
	{name: "ignores the tenant asked for", rule: 41, found: "Jobs/OneTenantOneGroup", spoil: asked(func(q *store.JobQuery) {
		if q.Group == "" {
			q.Tenant = ""
		}
	})},
	{name: "leases what another is about to lease", rule: 42, found: "Jobs/NeverTwice", spoil: sharesLeases},
}

// sharesLeases hands callers that ask at the same time each other's leases.
func sharesLeases(l *liar, good store.Store) {
	var mu sync.Mutex
	var c crossing
	asking := map[string][]store.Lease{}
	l.jobs = func(ctx context.Context, q store.JobQuery) ([]store.Lease, error) {
		leases, err := good.Jobs(ctx, q)
		if len(leases) == 0 {
			return leases, err
		}
		mu.Lock()
		asking[q.Token] = leases
		mu.Unlock()
		c.linger()
		mu.Lock()
		defer mu.Unlock()
		for token, others := range asking {
			if token != q.Token {
				leases = slices.Concat(leases, others)
			}
		}
		delete(asking, q.Token)
		return leases, err
	}
}

// open gives leases back at once.
func open(good store.Store, leases []store.Lease) {
	for _, x := range leases {
		b := &store.Batch{Tenant: x.Tenant, Shard: store.Shard(x.Tenant), Finish: []store.Finish{{Group: x.Group, Token: x.Token}}}
		_ = good.Commit(context.Background(), b)
	}
}

// knowsNone keeps each job under an ID of its own.
func knowsNone(l *liar, good store.Store) {
	n := 0
	queued(func(j *store.Job) {
		n++
		j.ID = fmt.Sprintf("%s\x01%d", j.ID, n)
	})(l, good)
	leased(func(leases []store.Lease) []store.Lease {
		for _, x := range leases {
			for i := range x.Jobs {
				x.Jobs[i].ID, _, _ = strings.Cut(x.Jobs[i].ID, "\x01")
			}
		}
		return leases
	})(l, good)
}

// keepsNoLease gives each lease up at once.
func keepsNoLease(l *liar, good store.Store) {
	var c crossing
	l.jobs = func(ctx context.Context, q store.JobQuery) ([]store.Lease, error) {
		leases, err := good.Jobs(ctx, q)
		open(good, leases)
		if len(leases) > 0 {
			c.linger()
		}
		return leases, err
	}
}

// opensForNew ends the lease of each group that a job joins.
func opensForNew(b *store.Batch, holders map[string]string) {
	for _, j := range b.Queue {
		b.Finish = append(b.Finish, store.Finish{Group: j.Group, Token: holders[j.Group]})
	}
}

var leaseLies = []lie{
	{name: "keeps no lease", rule: 35, found: "Leases/LeasedIsNobodyElses", spoil: keepsNoLease},
	{name: "leases what is being done", rule: 37, found: "Leases/EachJobDoneOnce", spoil: keepsNoLease},
	{name: "leases a group anew for a new job", rule: 35, found: "Leases/LeasedIsNobodyElses", spoil: watched(opensForNew)},
	{name: "never frees a lease that ended", rule: 36, found: "Leases/EndedIsLeasedAgain", spoil: asked(func(q *store.JobQuery) { q.Until = farOff })},
	{name: "answers a call that is made again as any other", rule: 36, found: "Leases/CallMadeAgain", spoil: func(l *liar, good store.Store) {
		var n atomic.Int64
		l.jobs = func(ctx context.Context, q store.JobQuery) ([]store.Lease, error) {
			own := q.Token
			q.Token = fmt.Sprint(own, "/", n.Add(1))
			return good.Jobs(ctx, q)
		}
	}},
	{name: "drops jobs when a lease ends", rule: 36, found: "Leases/EndedIsLeasedAgain", spoil: func(l *liar, good store.Store) {
		l.jobs = func(ctx context.Context, q store.JobQuery) ([]store.Lease, error) {
			leases, err := good.Jobs(ctx, q)
			for _, x := range leases {
				f := store.Finish{Group: x.Group, Token: "none"}
				for _, j := range x.Jobs {
					f.Jobs = append(f.Jobs, j.ID)
				}
				_ = good.Commit(ctx, &store.Batch{Tenant: x.Tenant, Finish: []store.Finish{f}})
			}
			return leases, err
		}
	}},
	{name: "loses a result with its lease", rule: 37, found: "Leases/FinishAfterLosing", spoil: finishes(func(f *store.Finish, holder string) {
		if f.Token != holder {
			f.Jobs = nil
		}
	})},
	{name: "drops the whole group", rule: 37, found: "Leases/FinishDrops", spoil: finishes(func(f *store.Finish, _ string) {
		f.Jobs = append(slices.Clone(f.Jobs), "j1", "j2", "j3", "j4")
	})},
	{name: "makes an error of finishing what is gone", rule: 37, found: "Leases/FinishDrops", spoil: func(l *liar, good store.Store) {
		l.commit = func(ctx context.Context, b *store.Batch) error {
			for _, f := range b.Finish {
				if slices.Contains(f.Jobs, "gone") {
					return fmt.Errorf("no job %q", "gone")
				}
			}
			return good.Commit(ctx, b)
		}
	}},
	{name: "opens a group for anybody", rule: 38, found: "Leases/FinishAfterLosing", spoil: finishes(func(f *store.Finish, holder string) { f.Token = holder })},
	{name: "does not open a group", rule: 38, found: "Leases/FinishOpens", spoil: finishes(func(f *store.Finish, _ string) { f.Token = "none" })},
	{name: "does not hold", rule: 38, found: "Leases/FinishHolds", spoil: finishes(func(f *store.Finish, _ string) { f.Hold = time.Time{} })},
	{name: "forgets who holds", rule: 38, found: "Leases/FinishHolds", spoil: func(l *liar, good store.Store) {
		holding := map[string]bool{}
		finishes(func(f *store.Finish, _ string) {
			if holding[f.Token] {
				f.Token = "none"
			}
			holding[f.Token] = holding[f.Token] || !f.Hold.IsZero()
		})(l, good)
	}},
}
