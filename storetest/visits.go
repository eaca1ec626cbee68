package storetest

import (
	"fmt"
	"math"
	"time"

	"github.com/frontdesk-go/frontdesk/store"
)

// sameShard returns names of n tenants of one shard, sorted.
func sameShard(n int) []string {
	byShard := map[uint8][]string{}
	for i := 0; ; i++ {
		name := fmt.Sprintf("tenant%06d", i)
		s := store.Shard(name)
		if byShard[s] = append(byShard[s], name); len(byShard[s]) == n {
			return byShard[s]
		}
	}
}

// afterTenant asks for one group at a time, each time after the tenant that was served last: everybody is served in turn, also those
// that share a shard, whoever has the most work.
func afterTenant(e *env) {
	tenants := sameShard(3)
	for i, t := range tenants {
		e.enqueueFor(t, 8+4*(2-i))
	}
	shard, after := store.Shard(tenants[0]), ""
	for n := range 3 * len(tenants) {
		leases := e.leaseBy(store.JobQuery{Now: start, Token: fmt.Sprint("visit", n), Shard: shard, After: after, Limit: 1, PerTenant: 1})
		if len(leases) != 1 {
			e.fatal(40, "groups leased after %q\ngot %d\nwant 1", after, len(leases))
		}
		after = leases[0].Tenant
		e.same(40, fmt.Sprintf("tenant served in turn %d", n), after, tenants[n%len(tenants)])
	}
	for _, behind := range []string{"0", "\U0010ffff"} { // after a tenant that is not there: between the first and the second
		leases := e.leaseBy(store.JobQuery{Now: start, Token: "behind" + behind, Shard: shard, After: tenants[0] + behind, Limit: 1, PerTenant: 1})
		if len(leases) != 1 || leases[0].Tenant != tenants[1] {
			e.fail(40, "groups leased after %q, who has no jobs\ngot %+v\nwant one of %q", tenants[0]+behind, leases, tenants[1])
		}
	}
	e.leaseBy(store.JobQuery{Now: start, Token: "rest"})
	e.enqueue("alone", store.Job{ID: "j1", Group: "g"})
	alone := store.JobQuery{Now: start, Token: "alone", Shard: store.Shard(tenant), After: tenant, Limit: 1, PerTenant: 1}
	e.same(40, "groups leased after the only tenant that has any", held(e.leaseBy(alone)), []string{"g: j1"})
}

// crowdedGroup has a group of many due jobs beside one of a single job, which is due last and found all the same.
func crowdedGroup(e *env) {
	const jobs = 1500
	b := anchored("x")
	for i := range jobs {
		b.Enqueue(store.Job{ID: fmt.Sprintf("a%04d", i), Group: "g", Order: int64(i), Due: start.Add(-time.Hour)})
	}
	b.Enqueue(store.Job{ID: "z", Group: "h", Due: start})
	e.commit(b)
	first := e.leaseBy(store.JobQuery{Now: start, Token: "1", Limit: 1, PerTenant: 1, PerGroup: 2})
	e.same(34, "the first group, two jobs of it", held(first), []string{"g: a0000 a0001"})
	for i, q := range []store.JobQuery{{}, {Tenant: tenant}, {Limit: 1, PerTenant: 1}} {
		q.Now, q.Token = start, fmt.Sprint("next", i)
		e.same(40, "groups leased beside one that is leased and has 1,500 due jobs", held(e.leaseBy(q)), []string{"h: z"})
		e.finish(store.Finish{Group: "h", Token: q.Token})
	}
	e.finish(store.Finish{Group: "g", Token: "1"})
	both := e.leaseBy(store.JobQuery{Now: start, Token: "both", Limit: 2, PerTenant: 2, PerGroup: 1})
	e.same(40, "two groups, one job of each", held(both), []string{"g: a0000", "h: z"})
}

// longestWaitingFirst has groups whose names, IDs and orders are turned around from when they are due.
func longestWaitingFirst(e *env) {
	const groups = 6
	b := anchored("x")
	for i := range groups {
		b.Enqueue(store.Job{ID: fmt.Sprint("j", groups-i), Group: fmt.Sprint("g", groups-i), Order: int64(groups - i), Due: start.Add(time.Duration(i-groups) * time.Minute)})
	}
	e.commit(b)
	for i := 0; i < groups; i += 2 {
		got := held(e.leaseBy(store.JobQuery{Now: start, Token: fmt.Sprint(i), Tenant: tenant, PerTenant: 2}))
		e.same(40, fmt.Sprintf("two groups of a tenant, after %d that were due before them", i), got, []string{fmt.Sprintf("g%[1]d: j%[1]d", groups-i-1), fmt.Sprintf("g%[1]d: j%[1]d", groups-i)})
	}
}

// extremeOrders queues jobs whose orders are far apart, or next to each other and large, under IDs in another order.
func extremeOrders(e *env) {
	orders := []int64{math.MinInt64, math.MinInt64 + 1, -1<<53 - 1, -1 << 53, -1 << 31, -1, 0, 1, 1 << 31, 1 << 32, 1 << 53, 1<<53 + 1, math.MaxInt64 - 1, math.MaxInt64}
	b := anchored("x")
	for i, order := range orders {
		b.Enqueue(store.Job{ID: fmt.Sprintf("j%02d", i*5%len(orders)), Group: "g", Order: order})
	}
	e.commit(b)
	for _, per := range []int{3, 100} {
		var got []int64
		for n := 0; n*per < len(orders); n++ {
			f := store.Finish{Group: "g", Token: "t"}
			for _, l := range e.leaseBy(store.JobQuery{Now: start, Token: "t", Tenant: tenant, PerGroup: per}) {
				for _, j := range l.Jobs {
					got, f.Jobs = append(got, j.Order), append(f.Jobs, j.ID)
				}
			}
			e.finish(f)
		}
		e.same(34, fmt.Sprintf("orders of the jobs leased, %d at a time", per), got, orders)
		b = anchored("again")
		for i, order := range orders {
			b.Enqueue(store.Job{ID: fmt.Sprintf("j%02d", i*5%len(orders)), Group: "g", Order: order})
		}
		if per == 3 {
			e.commit(b)
		}
	}
}

// finishThenQueue replaces a job by another of its ID in one batch.
func finishThenQueue(e *env) {
	e.enqueue("x", store.Job{ID: "j", Group: "g", Body: []byte("old")})
	lease := e.lease(start, "t")
	e.same(39, "jobs leased", held(lease), []string{"g: j"})
	b := store.NewBatch(tenant, start)
	row := store.Row{Key: store.Key{Kind: store.Message, ID: "again"}}
	b.ReadRow(row)
	b.Put(row)
	b.Done(store.Finish{Group: "g", Token: "t", Jobs: []string{"j"}})
	b.Enqueue(store.Job{ID: "j", Group: "g", Body: []byte("new")})
	e.commit(b)
	lease = e.lease(start, "u")
	e.same(39, "jobs leased after one batch finished and queued the ID", held(lease), []string{"g: j"})
	if len(lease) == 1 && string(lease[0].Jobs[0].Body) != "new" {
		e.fail(39, "the job's body\ngot %q\nwant %q", lease[0].Jobs[0].Body, "new")
	}
}
