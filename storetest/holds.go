package storetest

import (
	"fmt"
	"time"

	"github.com/frontdesk-go/frontdesk/store"
)

// manyMadeAgain leases some of many groups, again after others have asked for theirs: the same ones each time, with nothing left over that
// nobody does.
func (e *env) manyMadeAgain() {
	e.Helper()
	const groups, some = 120, 50
	b := anchored("many")
	for i := range groups {
		b.Enqueue(store.Job{ID: fmt.Sprintf("m%03d", i), Group: fmt.Sprintf("m%03d", i)})
	}
	e.commit(b)
	for i, q := range []store.JobQuery{{Limit: some}, {Tenant: tenant, Limit: some}, {Tenant: tenant, PerTenant: some}} {
		q.Now, q.Until, q.Token = start, start.Add(time.Minute), fmt.Sprint("many", i)
		lost := held(e.leaseBy(q))
		e.same(36, "how many groups a call leases", len(lost), some)
		e.same(36, "what the same call leases when it is made again, where there is more", held(e.leaseBy(q)), lost)
		var others []string
		for n := range groups / 10 {
			other := store.JobQuery{Now: start, Token: fmt.Sprint("other", i, "-", n), PerTenant: 10}
			others = append(others, held(e.leaseBy(other))...)
		}
		e.same(36, "how many groups others lease, ten at a time", len(others), groups-some)
		e.same(36, "what the same call leases when it is made again, after others have leased the rest", held(e.leaseBy(q)), lost)
		b = batch()
		for _, l := range e.lease(q.Until, fmt.Sprint("rest", i)) {
			b.Done(store.Finish{Group: l.Group, Token: l.Token})
		}
		e.commit(b)
	}
}

// manyDropped finishes more jobs than a statement may have placeholders, due or not, and one under another group's name.
func (e *env) manyDropped() {
	e.Helper()
	b, f := anchored("many"), store.Finish{Group: "out/1", Token: "none", Jobs: []string{"stray"}}
	for i := range 2500 {
		id := fmt.Sprintf("many%04d", i)
		b.Enqueue(store.Job{ID: id, Group: "out/1", Due: start.Add(time.Duration(i%2) * time.Hour)})
		f.Jobs = append(f.Jobs, id)
	}
	b.Enqueue(store.Job{ID: "stray", Group: "out/2"})
	e.commit(b)
	e.finish(f)
	for _, group := range []string{"out/1", "out/2"} {
		q := store.JobQuery{Now: start.Add(2 * time.Hour), Token: "many", Tenant: tenant, Group: group}
		e.same(37, "jobs left in "+group+" of 2,500 of a group and one of another, named in one finish", held(e.leaseBy(q)), []string{})
	}
}

// finishWithoutLease finishes groups with tokens that hold nothing, so that nothing is closed and nothing opened.
func finishWithoutLease(e *env) {
	hold := start.Add(time.Hour)
	free := func(what string) {
		e.Helper()
		l := e.lease(start, what)
		e.same(38, "leases after "+what, held(l), []string{"g: j1"})
		e.finish(store.Finish{Group: "g", Token: what})
	}
	e.finish(store.Finish{Group: "g", Token: "early", Hold: hold})
	e.enqueue("x", store.Job{ID: "j1", Group: "g"})
	e.finish(store.Finish{Group: "g", Token: "nobody's", Hold: hold})
	free("a hold of a group that was not there, and of an open one that nobody has ever leased")
	e.finish(store.Finish{Group: "g", Token: "nobody's", Hold: hold})
	free("a hold of an open group")
	e.finish(store.Finish{Group: "g", Hold: hold})
	free("a hold of an open group without a token")
	e.lease(start, "mine")
	e.finish(store.Finish{Group: "g", Token: "mine"})
	e.finish(store.Finish{Group: "g", Token: "mine", Hold: hold})
	free("a hold by who had opened the group before")
	e.lease(start, "mine")
	for _, token := range []string{"MINE", "mine ", "min", "", "mine\u00ad"} {
		e.finish(store.Finish{Group: "g", Token: token})
		e.same(38, fmt.Sprintf("leases after a finish with token %q of what is leased with %q", token, "mine"), held(e.lease(start, "other")), []string{})
		if token != "" {
			e.same(35, fmt.Sprintf("leases of a call with token %q of what is leased with %q", token, "mine"), held(e.lease(start, token)), []string{})
		}
	}
}

// holdsForLess holds a group for less than its lease would last, and until a time that is over.
func holdsForLess(e *env) {
	e.enqueue("x", store.Job{ID: "j1", Group: "g"})
	e.lease(start, "a")
	sooner := start.Add(30 * time.Second)
	e.finish(store.Finish{Group: "g", Token: "a", Hold: sooner})
	e.same(38, "leases before a hold ends that is shorter than the lease", held(e.lease(sooner.Add(-micro), "b")), []string{})
	e.same(38, "leases once it has ended", held(e.lease(sooner, "c")), []string{"g: j1"})
	e.finish(store.Finish{Group: "g", Token: "c", Hold: start.Add(-time.Hour)})
	e.finish(store.Finish{Group: "g", Token: "c", Hold: start.Add(time.Hour)})
	e.same(38, "leases of a group whose holder held it until a time that was over, and then longer", held(e.lease(sooner, "d")), []string{})
	e.finish(store.Finish{Group: "g", Token: "c", Hold: start.Add(-time.Hour)})
	e.same(38, "leases of a group that is held until a time that is over", held(e.lease(start, "f")), []string{"g: j1"})
}

// heldUntilReplaced finishes groups whose lease has ended, while others have asked and not got them.
func heldUntilReplaced(e *env) {
	e.enqueue("x", store.Job{ID: "j1", Group: "g"}, store.Job{ID: "j2", Group: "h"})
	q := store.JobQuery{Now: start, Token: "mine", Tenant: tenant, Group: "g"}
	e.same(38, "the lease", held(e.leaseBy(q)), []string{"g: j1"})
	later, hold := start.Add(time.Hour), start.Add(2*time.Hour)
	q.Now, q.Token, q.Group = later, "other", "h"
	e.same(38, "another group, leased after that lease has ended", held(e.leaseBy(q)), []string{"h: j2"})
	q.Token, q.Tenant, q.Group = "third", "nobody", ""
	e.same(38, "groups of a tenant who has none", held(e.leaseBy(q)), []string{})
	e.finish(store.Finish{Group: "g", Token: "mine", Hold: hold})
	e.same(38, "leases after a hold with a lease that had ended and that nobody has replaced", held(e.lease(hold.Add(-micro), "fourth")), []string{"h: j2"})
	e.same(38, "leases when that hold has ended", held(e.leaseBy(store.JobQuery{Now: hold, Token: "fifth", Tenant: tenant, Group: "g"})), []string{"g: j1"})

	long := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC) // whatever clock the store may look at, this is over
	e.enqueue("y", store.Job{ID: "j3", Group: "out/1"})
	e.leaseBy(store.JobQuery{Now: long, Token: "old", Tenant: tenant, Group: "out/1"})
	e.finish(store.Finish{Group: "out/1", Token: "old", Hold: hold})
	e.same(38, "a group that was leased many years ago, and then held", held(e.leaseBy(store.JobQuery{Now: hold.Add(-micro), Token: "new", Tenant: tenant, Group: "out/1"})), []string{})
}

// endToTheMicrosecond has a lease and a hold end at times that no coarser clock has.
func endToTheMicrosecond(e *env) {
	e.enqueue("x", store.Job{ID: "j1", Group: "g"})
	end := start.Add(time.Minute + 123_457*micro)
	e.leaseBy(store.JobQuery{Now: start, Until: end, Token: "a", Tenant: tenant})
	e.same(36, "leases a microsecond before one ends", held(e.lease(end.Add(-micro), "b")), []string{})
	e.same(36, "leases when it ends", held(e.lease(end, "c")), []string{"g: j1"})
	hold := end.Add(time.Hour)
	e.finish(store.Finish{Group: "g", Token: "c", Hold: hold})
	e.same(38, "leases a microsecond before a hold ends", held(e.lease(hold.Add(-micro), "d")), []string{})
	e.same(38, "leases when it ends", held(e.lease(hold, "f")), []string{"g: j1"})
}

// tenantsHoldApart leases a group of the same name of two tenants in one call, under one token, and finishes it for one of them.
func tenantsHoldApart(e *env) {
	e.enqueueFor("x", 1)
	e.enqueueFor("y", 1)
	finish := func(t, token string, hold time.Time) {
		e.Helper()
		b := store.NewBatch(t, start)
		b.Done(store.Finish{Group: "g00000", Token: token, Hold: hold})
		e.commit(b)
	}
	both, x, y := []string{"g00000: x00000", "g00000: y00000"}, []string{"g00000: x00000"}, []string{"g00000: y00000"}
	e.same(1, "groups leased of two tenants", held(e.leaseBy(store.JobQuery{Now: start, Token: "both"})), both)
	finish("x", "both", time.Time{})
	e.same(1, "groups leased once one tenant's was opened", held(e.leaseBy(store.JobQuery{Now: start, Token: "next"})), x)
	finish("x", "next", time.Time{})
	finish("y", "both", time.Time{})
	e.same(1, "groups leased once the other's was opened too", held(e.leaseBy(store.JobQuery{Now: start, Token: "again"})), both)
	finish("x", "again", start.Add(time.Hour))
	e.same(1, "groups leased when the lease has ended and one tenant's is held", held(e.leaseBy(store.JobQuery{Now: start.Add(time.Minute), Token: "late"})), y)
}
