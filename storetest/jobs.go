package storetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/frontdesk-go/frontdesk/store"
)

var jobCases = []testcase{
	{"Jobs/OnlyDue", []int{33}, onlyDue, 0},
	{"Jobs/DueInAnyZone", []int{33}, dueInAnyZone, 0},
	{"Jobs/OrderWithinGroup", []int{34}, orderWithinGroup, 0},
	{"Jobs/ExtremeOrders", []int{34}, extremeOrders, 0},
	{"Jobs/LateHoldsUpNone", []int{34}, lateHoldsUpNone, 0},
	{"Jobs/KnownIDCountsOnce", []int{39}, knownIDCountsOnce, 0},
	{"Jobs/FinishThenQueue", []int{39}, finishThenQueue, 0},
	{"Jobs/PerTenant", []int{40}, perTenant, 0},
	{"Jobs/LongestWaitingFirst", []int{40}, longestWaitingFirst, 0},
	{"Jobs/CrowdedGroup", []int{40, 34}, crowdedGroup, 0},
	{"Jobs/AfterTenant", []int{40}, afterTenant, 0},
	{"Jobs/ShardOrder", []int{40}, shardOrder, 0},
	{"Jobs/NobodyStarves", []int{40}, nobodyStarves, 0},
	{"Jobs/OneTenantOneGroup", []int{41}, oneTenantOneGroup, 0},
	{"Jobs/NeverTwice", []int{42}, neverTwice, 0},
}

const micro = time.Microsecond

func onlyDue(e *env) {
	far := time.Date(2500, 1, 1, 0, 0, 0, 0, time.UTC) // more nanoseconds than an int64 holds
	e.enqueue("x",
		store.Job{ID: "none", Group: "a"},
		store.Job{ID: "epoch", Group: "b", Due: time.Unix(0, 0)},
		store.Job{ID: "before 1970", Group: "c", Due: time.Unix(-1000, 0)},
		store.Job{ID: "now", Group: "d", Due: start},
		store.Job{ID: "next", Group: "e", Due: start.Add(micro)},
		store.Job{ID: "later", Group: "f", Due: start.Add(time.Hour)},
		store.Job{ID: "far", Group: "g", Due: far},
	)
	early := e.leaseBy(store.JobQuery{Now: time.Unix(-2000, 0), Until: start.Add(-time.Hour), Token: "1", Tenant: tenant})
	e.same(33, "groups leased before every due time", held(early), []string{"a: none"})
	e.same(33, "groups leased now", held(e.lease(start, "2")), []string{"a: none", "b: epoch", "c: before 1970", "d: now"})
	e.same(33, "groups leased a microsecond later", held(e.lease(start.Add(micro), "3")), []string{"e: next"})
	e.same(33, "groups leased an hour later", held(e.leaseBy(store.JobQuery{Now: start.Add(time.Hour), Token: "4", Tenant: tenant, Group: "f"})), []string{"f: later"})
	e.same(33, "a group leased a microsecond before it is due, far off", held(e.leaseBy(store.JobQuery{Now: far.Add(-micro), Token: "5", Tenant: tenant, Group: "g"})), []string{})
	e.same(33, "a group leased far off", held(e.leaseBy(store.JobQuery{Now: far, Token: "6", Tenant: tenant, Group: "g"})), []string{"g: far"})
	e.enqueue("y", store.Job{ID: "soon", Group: "h", Due: start.Add(time.Minute)})
	back := store.JobQuery{Now: start, Token: "7", Tenant: tenant, Group: "h"}
	e.same(33, "a group leased before it is due, for a caller whose clock is behind another's", held(e.leaseBy(back)), []string{})
}

func dueInAnyZone(e *env) {
	east, west := time.FixedZone("east", 14*3600), time.FixedZone("west", -11*3600-1800)
	due := start.Add(123_456 * micro)
	jobs := []store.Job{
		{ID: "1", Group: "a", Due: due.In(east), Order: 3, Body: []byte("x")}, {ID: "2", Group: "b", Due: due.In(west)}, {ID: "3", Group: "c", Due: due}, {ID: "4", Group: "d"},
	}
	e.enqueue("x", jobs...)
	early := store.JobQuery{Now: due.Add(-micro).In(west), Until: due.In(east), Token: "t", Tenant: tenant}
	e.same(33, "groups leased a microsecond before", held(e.leaseBy(early)), []string{"d: 4"})
	leases := e.leaseBy(store.JobQuery{Now: due.In(east), Token: "t2", Tenant: tenant, Until: due.Add(time.Minute).In(west)})
	e.same(33, "groups leased in time", held(leases), []string{"a: 1", "b: 2", "c: 3", "d: 4"})
	for _, l := range leases {
		want := jobs[slices.IndexFunc(jobs, func(j store.Job) bool { return j.Group == l.Group })]
		e.same(33, "the lease of one job", l, store.Lease{Tenant: tenant, Group: want.Group, Token: "t2", Until: due.Add(time.Minute), Jobs: []store.Job{want}})
		if l.Jobs[0].Due.IsZero() != want.Due.IsZero() {
			e.fail(33, "the due time of job %s\ngot %v\nwant %v", want.ID, l.Jobs[0].Due, want.Due)
		}
	}
}

func orderWithinGroup(e *env) {
	e.enqueue("x", store.Job{ID: "b", Group: "g", Order: 2}, store.Job{ID: "d", Group: "g", Order: -7}, store.Job{ID: "a", Group: "g", Order: 5})
	e.enqueue("y", store.Job{ID: "c", Group: "g", Order: 2}, store.Job{ID: "B", Group: "g", Order: 2}, store.Job{ID: "e", Group: "g", Order: 1, Due: start})
	want := []string{"d", "e", "B", "b", "c", "a"}
	for _, per := range []int{2, 100} {
		var got []string
		for n := 0; len(got) < len(want) && n < 10; n++ {
			leases := e.leaseBy(store.JobQuery{Now: start, Token: "t", Tenant: tenant, PerGroup: per})
			if len(leases) != 1 || len(leases[0].Jobs) > per || len(leases[0].Jobs) == 0 {
				e.fatal(34, "lease with PerGroup %d\ngot %q\nwant one group with one to %d jobs", per, held(leases), per)
			}
			f := store.Finish{Group: "g", Token: "t"}
			for _, j := range leases[0].Jobs {
				got = append(got, j.ID)
				if per == 2 {
					f.Jobs = append(f.Jobs, j.ID)
				}
			}
			e.finish(f)
		}
		e.same(34, fmt.Sprintf("jobs leased, %d at a time", per), got, want)
		e.enqueue(fmt.Sprint("again", per), store.Job{ID: "b", Group: "g", Order: 2}, store.Job{ID: "d", Group: "g", Order: -7}, store.Job{ID: "a", Group: "g", Order: 5},
			store.Job{ID: "c", Group: "g", Order: 2}, store.Job{ID: "B", Group: "g", Order: 2}, store.Job{ID: "e", Group: "g", Order: 1, Due: start})
	}
}

func lateHoldsUpNone(e *env) {
	e.enqueue("x", store.Job{ID: "late", Group: "g", Order: 1, Due: start.Add(time.Hour)}, store.Job{ID: "due", Group: "g", Order: 2},
		store.Job{ID: "later", Group: "g", Order: 3, Due: start.Add(2 * time.Hour)}, store.Job{ID: "past", Group: "g", Order: 4, Due: start.Add(-time.Hour)})
	e.same(34, "jobs leased around those that are not due", held(e.leaseBy(store.JobQuery{Now: start, Token: "1", Tenant: tenant, PerGroup: 2})), []string{"g: due past"})
	e.finish(store.Finish{Group: "g", Token: "1", Jobs: []string{"due", "past"}})
	e.same(34, "jobs leased when none is due", held(e.lease(start, "2")), []string{})
	e.same(34, "jobs leased an hour later", held(e.lease(start.Add(time.Hour), "3")), []string{"g: late"})
}

func knownIDCountsOnce(e *env) {
	e.enqueue("x", store.Job{ID: "j1", Group: "g", Order: 1, Body: []byte("first")})
	e.enqueue("y", store.Job{ID: "j1", Group: "g", Order: 1, Body: []byte("second")}, store.Job{ID: "j2", Group: "g", Order: 2})
	e.enqueue("z", store.Job{ID: "j1", Group: "h", Order: 0, Body: []byte("third")})
	e.enqueue("twice", store.Job{ID: "j3", Group: "h", Order: 3, Body: []byte("a")}, store.Job{ID: "j3", Group: "h", Order: 3, Body: []byte("a")})
	leases := e.lease(start, "t")
	e.same(39, "jobs leased", held(leases), []string{"g: j1 j2", "h: j3"})
	for _, l := range leases {
		if l.Group == "g" && string(l.Jobs[0].Body) != "first" {
			e.fail(39, "the job that was queued twice\ngot body %q\nwant %q, the first", l.Jobs[0].Body, "first")
		}
	}
	e.enqueue("leased", store.Job{ID: "j1", Group: "g", Order: 1, Body: []byte("fourth")})
	e.finish(store.Finish{Group: "g", Token: "t", Jobs: []string{"j1", "j2"}}, store.Finish{Group: "h", Token: "t", Jobs: []string{"j3"}})
	e.same(39, "jobs after one was queued again while it was leased, and then finished", held(e.lease(start, "none")), []string{})
	e.enqueue("late", store.Job{ID: "j4", Group: "out/1", Due: start.Add(time.Hour)})
	e.enqueue("now", store.Job{ID: "j4", Group: "out/1"})
	e.same(39, "jobs after one that is not due was queued again as one that is", held(e.lease(start, "early")), []string{})
	e.enqueue("again", store.Job{ID: "j1", Group: "h"})
	e.same(39, "jobs leased after an ID was finished and queued again", held(e.lease(start, "u")), []string{"h: j1"})
}

// enqueueFor commits n groups of one job for a tenant.
func (e *env) enqueueFor(t string, n int) {
	e.Helper()
	b := fresh(store.NewBatch(t, start), doc("anchor"))
	for i := range n {
		b.Enqueue(store.Job{ID: fmt.Sprintf("%s%05d", t, i), Group: fmt.Sprintf("g%05d", i)})
	}
	e.commit(b)
}

func perTenant(e *env) {
	e.enqueueFor("x", 20)
	e.enqueueFor("y", 3)
	e.enqueueFor("z", 20)
	count := func(leases []store.Lease) map[string]int {
		n := map[string]int{}
		for _, l := range leases {
			n[l.Tenant]++
		}
		return n
	}
	e.same(40, "groups leased by tenant, five of each", count(e.leaseBy(store.JobQuery{Now: start, Token: "1", PerTenant: 5})), map[string]int{"x": 5, "y": 3, "z": 5})
	e.same(40, "groups leased of one tenant", count(e.leaseBy(store.JobQuery{Now: start, Token: "2", PerTenant: 4, Tenant: "x"})), map[string]int{"x": 4})
	if got := e.leaseBy(store.JobQuery{Now: start, Token: "3", Limit: 7, PerTenant: 6}); len(got) != 7 {
		e.fail(40, "groups leased with Limit 7\ngot %q\nwant 7", held(got))
	}
	e.same(40, "groups leased in the end", len(e.leaseBy(store.JobQuery{Now: start, Token: "4"})), 43-13-4-7)
}

// byShard returns names of n tenants with different shards, sorted by shard.
func byShard(n int) []string {
	var names []string
	taken := map[uint8]bool{}
	for i := 0; len(names) < n; i++ {
		name := fmt.Sprintf("tenant%d", i)
		if s := store.Shard(name); !taken[s] {
			taken[s] = true
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int { return int(store.Shard(a)) - int(store.Shard(b)) })
	return names
}

func shardOrder(e *env) {
	tenants := byShard(6)
	for _, t := range tenants {
		e.enqueueFor(t, 30)
	}
	for i, t := range tenants {
		for n, shard := range []uint8{store.Shard(t), store.Shard(tenants[(i+5)%6]) + 1} { // at the tenant's, and just behind the one before it
			want := []string{t, t, tenants[(i+1)%6], tenants[(i+1)%6], tenants[(i+2)%6]}
			var got []string
			for _, l := range e.leaseBy(store.JobQuery{Now: start, Token: fmt.Sprint(i, n), Shard: shard, PerTenant: 2, Limit: 5}) {
				got = append(got, l.Tenant)
			}
			slices.Sort(got)
			slices.Sort(want)
			e.same(40, fmt.Sprintf("tenants visited from shard %d on", shard), got, want)
		}
	}
}

func nobodyStarves(e *env) {
	e.enqueueFor("crowd", 1500)
	e.enqueueFor("one", 1)
	for shard := 0; shard < 256; shard += 85 {
		leases := e.leaseBy(store.JobQuery{Now: start, Token: fmt.Sprint(shard), Shard: uint8(shard), Limit: 100, PerTenant: 20})
		other := slices.ContainsFunc(leases, func(l store.Lease) bool { return l.Tenant == "one" })
		if shard == 0 && !other || len(leases) < 20 || len(leases) > 21 {
			e.fail(40, "leases from shard %d while one tenant has 1,500 due groups and another one\ngot %d, the other among them: %t\nwant 20 of the first and the other at once",
				shard, len(leases), other)
		}
	}
}

func oneTenantOneGroup(e *env) {
	e.enqueue("x", store.Job{ID: "j1", Group: "g"}, store.Job{ID: "j2", Group: "h"}, store.Job{ID: "j3", Group: "late", Due: start.Add(time.Hour)})
	e.enqueueFor("other", 2)
	ask := func(t, g, token string) []string {
		return held(e.leaseBy(store.JobQuery{Now: start, Token: token, Tenant: t, Group: g}))
	}
	e.same(41, "a group that is not there", ask(tenant, "none", "1"), []string{})
	e.same(41, "a group that is not due", ask(tenant, "late", "2"), []string{})
	e.same(41, "a group of a tenant that has none", ask("nobody", "g", "3"), []string{})
	e.same(41, "one group", ask(tenant, "h", "4"), []string{"h: j2"})
	e.same(41, "that group again, while it is leased", ask(tenant, "h", "5"), []string{})
	beyond := store.JobQuery{Now: start, Token: "6", Tenant: tenant, Shard: store.Shard(tenant), After: tenant + "z"}
	e.same(41, "the tenant's groups, whatever tenant was served last", held(e.leaseBy(beyond)), []string{"g: j1"})
	e.same(41, "everybody's groups", ask("", "", "7"), []string{"g00000: other00000", "g00001: other00001"})
}

func neverTwice(e *env) {
	const groups, callers = 120, 8
	b := anchored("x")
	for i := range groups {
		b.Enqueue(store.Job{ID: fmt.Sprintf("a%d", i), Group: fmt.Sprintf("g%d", i), Order: 1}, store.Job{ID: fmt.Sprintf("b%d", i), Group: fmt.Sprintf("g%d", i), Order: 2})
	}
	e.commit(b)
	leases := make([][]store.Lease, callers)
	errs := together(callers, func(i int) error {
		for n := range groups {
			q := wide(store.JobQuery{Now: start, Token: fmt.Sprintf("%d-%d", i, n), Limit: 1 + i, Shard: uint8(40 * i)})
			if i%2 == 0 {
				q.Tenant = tenant
			}
			got, err := e.s.Jobs(e.ctx, q)
			if err != nil || len(got) == 0 {
				return err
			}
			leases[i] = append(leases[i], got...)
		}
		return nil
	})
	for i, err := range errs {
		if err != nil {
			e.fatal(42, "caller %d of %d that lease at once\ngot error: %v\nwant none", i, callers, err)
		}
	}
	seen := map[string]int{}
	for i := range leases {
		for _, l := range leases[i] {
			if other, twice := seen[l.Group]; twice {
				e.fatal(42, "callers that lease at once\ngot group %s for callers %d and %d\nwant each group for one", l.Group, other, i)
			}
			seen[l.Group] = i
		}
	}
	for _, l := range e.lease(start, "rest") { // what a caller left because another had just looked at it
		seen[l.Group]++
	}
	e.same(42, "groups leased in all", len(seen), groups)
}
