package storetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/frontdesk-go/frontdesk/store"
)

// meetsKnown has callers that queue at the same time look for known IDs before they write, and answers for an ID that another has queued
// meanwhile.
func meetsKnown(answer func(j *store.Job, n int) error) func(*liar, store.Store) {
	return func(l *liar, good store.Store) {
		var mu sync.Mutex
		var c crossing
		queued := map[string]bool{}
		l.commit = func(ctx context.Context, b *store.Batch) error {
			b = copied(b)
			mu.Lock()
			for _, f := range b.Finish {
				for _, id := range f.Jobs {
					delete(queued, b.Tenant+"\x00"+id)
				}
			}
			fresh := map[string]bool{}
			for _, j := range b.Queue {
				fresh[j.ID] = !queued[b.Tenant+"\x00"+j.ID]
			}
			mu.Unlock()
			if len(b.Queue) > 0 {
				c.linger()
			}
			mu.Lock()
			defer mu.Unlock()
			for i := range b.Queue {
				j := &b.Queue[i]
				id := b.Tenant + "\x00" + j.ID
				if fresh[j.ID] && queued[id] {
					if err := answer(j, len(queued)); err != nil {
						return err
					}
				}
			}
			err := good.Commit(ctx, b)
			for _, j := range b.Queue {
				queued[b.Tenant+"\x00"+j.ID] = queued[b.Tenant+"\x00"+j.ID] || err == nil
			}
			return err
		}
	}
}

// comesAfter reports whether a tenant comes after the one that a query goes on after.
func comesAfter(name string, q *store.JobQuery) bool {
	return cmp.Or(cmp.Compare(store.Shard(name), q.Shard), cmp.Compare(name, q.After)) > 0
}

var workLies = []lie{
	{name: "keeps the orders of jobs as floating point", rule: 34, found: "Jobs/ExtremeOrders", spoil: queued(func(j *store.Job) {
		j.Order = int64(float64(j.Order))
	})},
	{name: "keeps the orders of jobs in 32 bits", rule: 34, found: "Jobs/ExtremeOrders", spoil: queued(func(j *store.Job) { j.Order = int64(int32(j.Order)) })},
	{name: "compares the orders of jobs by their difference", rule: 34, found: "Jobs/ExtremeOrders", spoil: leased(func(leases []store.Lease) []store.Lease {
		for _, l := range leases {
			slices.SortFunc(l.Jobs, func(a, b store.Job) int { return cmp.Compare(a.ID, b.ID) })
			slices.SortStableFunc(l.Jobs, func(a, b store.Job) int { return cmp.Compare(a.Order-b.Order, 0) })
		}
		return leases
	})},
	{name: "keeps due times in nanoseconds", rule: 33, found: "Jobs/OnlyDue", spoil: queued(func(j *store.Job) {
		if !j.Due.IsZero() {
			j.Due = time.Unix(0, j.Due.UnixNano())
		}
	})},
	{name: "never lets time go back", rule: 33, found: "Jobs/OnlyDue", spoil: func(l *liar, good store.Store) {
		var mu sync.Mutex
		var latest time.Time
		asked(func(q *store.JobQuery) {
			mu.Lock()
			defer mu.Unlock()
			if lasts := q.Until.Sub(q.Now); q.Now.Before(latest) {
				q.Now, q.Until = latest, latest.Add(lasts)
			}
			latest = q.Now
		})(l, good)
	}},
	{name: "does not know the ID of a job that is leased", rule: 39, found: "Jobs/KnownIDCountsOnce", spoil: func(l *liar, good store.Store) {
		var mu sync.Mutex
		busy := map[string]bool{}
		l.jobs = func(ctx context.Context, q store.JobQuery) ([]store.Lease, error) {
			leases, err := good.Jobs(ctx, q)
			mu.Lock()
			defer mu.Unlock()
			for _, x := range leases {
				for i := range x.Jobs {
					busy[x.Tenant+"\x00"+x.Jobs[i].ID] = true
					x.Jobs[i].ID, _, _ = strings.Cut(x.Jobs[i].ID, "\x01")
				}
			}
			return leases, err
		}
		batches(func(b *store.Batch) {
			mu.Lock()
			defer mu.Unlock()
			for _, f := range b.Finish {
				for _, id := range f.Jobs {
					delete(busy, b.Tenant+"\x00"+id)
				}
			}
			for i := range b.Queue {
				if busy[b.Tenant+"\x00"+b.Queue[i].ID] {
					b.Queue[i].ID += "\x01"
				}
			}
		})(l, good)
	}},
	{name: "brings a job of a known ID forward", rule: 39, found: "Jobs/KnownIDCountsOnce", spoil: func(l *liar, good store.Store) {
		var mu sync.Mutex
		due := map[string]time.Time{}
		batches(func(b *store.Batch) {
			mu.Lock()
			defer mu.Unlock()
			for _, f := range b.Finish {
				for _, id := range f.Jobs {
					delete(due, b.Tenant+"\x00"+id)
				}
			}
			for _, j := range b.Queue {
				id := b.Tenant + "\x00" + j.ID
				if known, ok := due[id]; ok && j.Due.Before(known) {
					b.Finish = append(b.Finish, store.Finish{Group: j.Group, Token: "\x01", Jobs: []string{j.ID}})
				} else if ok {
					continue
				}
				due[id] = j.Due
			}
		})(l, good)
	}},
	{name: "looks at the first thousand due jobs", rule: 40, found: "Jobs/CrowdedGroup", spoil: func(l *liar, good store.Store) {
		crowd := ""
		batches(func(b *store.Batch) {
			n := map[string]int{}
			for _, j := range b.Queue {
				if n[j.Group]++; n[j.Group] > 1000 && !j.Due.After(start) {
					crowd = j.Group
				}
			}
		})(l, good)
		asked(func(q *store.JobQuery) {
			if crowd != "" && q.Group == "" {
				q.Tenant, q.Group = cmp.Or(q.Tenant, tenant), crowd
			}
		})(l, good)
	}},
	{name: "queues an ID twice for two who queue it at once", rule: 39, found: "Contention/OneJobOfAnID", spoil: meetsKnown(func(j *store.Job, n int) error {
		j.ID = fmt.Sprint(j.ID, "\x01", n)
		return nil
	})},
	{name: "makes an error of an ID that another queues", rule: 39, found: "Contention/OneJobOfAnID", spoil: meetsKnown(func(*store.Job, int) error {
		return errors.New("duplicate key value violates unique constraint")
	})},
	{name: "leases groups by their names", rule: 40, found: "Jobs/LongestWaitingFirst", spoil: func(l *liar, good store.Store) {
		var mu sync.Mutex
		l.jobs = func(ctx context.Context, q store.JobQuery) ([]store.Lease, error) {
			mu.Lock()
			defer mu.Unlock()
			limit, per := q.Limit, q.PerTenant
			q.Limit, q.PerTenant = 100_000, 100_000
			all, err := good.Jobs(ctx, q)
			var leases, rest []store.Lease
			for len(all) > 0 {
				n := slices.IndexFunc(all, func(x store.Lease) bool { return x.Tenant != all[0].Tenant })
				if n < 0 {
					n = len(all)
				}
				slices.SortFunc(all[:n], func(a, b store.Lease) int { return cmp.Compare(a.Group, b.Group) })
				keep := min(n, per, limit-len(leases))
				leases, rest, all = append(leases, all[:keep]...), append(rest, all[keep:n]...), all[n:]
			}
			open(good, rest)
			return leases, err
		}
	}},
	{name: "looks for the tenant to go on after", rule: 40, found: "Jobs/AfterTenant", spoil: func(l *liar, good store.Store) {
		var mu sync.Mutex
		tenants := map[string]bool{}
		batches(func(b *store.Batch) {
			mu.Lock()
			defer mu.Unlock()
			tenants[b.Tenant] = tenants[b.Tenant] || len(b.Queue) > 0
		})(l, good)
		asked(func(q *store.JobQuery) {
			mu.Lock()
			defer mu.Unlock()
			if !tenants[q.After] {
				q.After = ""
			}
		})(l, good)
	}},
	{name: "does not come back to the tenant it began after", rule: 40, found: "Jobs/AfterTenant", spoil: func(l *liar, good store.Store) {
		l.jobs = func(ctx context.Context, q store.JobQuery) ([]store.Lease, error) {
			leases, err := good.Jobs(ctx, q)
			return slices.DeleteFunc(leases, func(x store.Lease) bool {
				same := q.Tenant == "" && x.Tenant == q.After
				if same {
					open(good, []store.Lease{x})
				}
				return same
			}), err
		}
	}},
	{name: "goes on after a tenant where one is asked for", rule: 41, found: "Jobs/OneTenantOneGroup", spoil: func(l *liar, good store.Store) {
		l.jobs = func(ctx context.Context, q store.JobQuery) ([]store.Lease, error) {
			if q.Tenant != "" && !comesAfter(q.Tenant, &q) {
				return nil, ctx.Err()
			}
			return good.Jobs(ctx, q)
		}
	}},
}
