package storetest

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/frontdesk-go/frontdesk/store"
)

var leaseCases = []testcase{
	{"Leases/LeasedIsNobodyElses", []int{35}, leasedIsNobodyElses, 0},
	{"Leases/EndedIsLeasedAgain", []int{36}, endedIsLeasedAgain, 0},
	{"Leases/CallMadeAgain", []int{36}, callMadeAgain, 0},
	{"Leases/FinishDrops", []int{37}, finishDrops, 0},
	{"Leases/FinishAfterLosing", []int{37, 38}, finishAfterLosing, 0},
	{"Leases/FinishOpens", []int{38}, finishOpens, 0},
	{"Leases/FinishHolds", []int{38}, finishHolds, 0},
	{"Leases/FinishWithoutLease", []int{38}, finishWithoutLease, 0},
	{"Leases/HoldsForLess", []int{38}, holdsForLess, 0},
	{"Leases/HeldUntilReplaced", []int{38}, heldUntilReplaced, 0},
	{"Leases/EndToTheMicrosecond", []int{36, 38}, endToTheMicrosecond, 0},
	{"Leases/TenantsHoldApart", []int{1, 38}, tenantsHoldApart, 0},
	{"Leases/EachJobDoneOnce", []int{35, 37, 42}, eachJobDoneOnce, 0},
}

func leasedIsNobodyElses(e *env) {
	e.enqueue("x", store.Job{ID: "j1", Group: "g", Order: 5})
	e.same(35, "the lease", held(e.lease(start, "mine")), []string{"g: j1"})
	e.enqueue("y", store.Job{ID: "j2", Group: "g", Order: 1}, store.Job{ID: "j3", Group: "g", Order: 9, Due: start}, store.Job{ID: "j4", Group: "h"})
	e.same(35, "leases while the group is leased and new jobs have joined it", held(e.lease(start.Add(time.Second), "other")), []string{"h: j4"})
	e.same(35, "the leased group, asked for by name",
		held(e.leaseBy(store.JobQuery{Now: start.Add(time.Second), Token: "other2", Tenant: tenant, Group: "g"})), []string{})
	e.same(35, "leases of all tenants just before the lease ends", held(e.leaseBy(store.JobQuery{Now: start.Add(time.Minute - micro), Token: "other3"})), []string{})
	e.finish(store.Finish{Group: "g", Token: "mine", Jobs: []string{"j1"}})
	e.same(35, "leases after the finish", held(e.lease(start.Add(time.Second), "other4")), []string{"g: j2 j3"})
	e.finish(store.Finish{Group: "g", Token: "nobody's", Jobs: []string{"j2", "j3"}})
	e.enqueue("z", store.Job{ID: "j5", Group: "g"})
	e.same(35, "leases while the group is leased, has lost all its jobs and got a new one", held(e.lease(start.Add(2*time.Second), "other5")), []string{})
}

func endedIsLeasedAgain(e *env) {
	e.enqueue("x", store.Job{ID: "j1", Group: "g"}, store.Job{ID: "j2", Group: "g", Order: 1})
	now := start
	for i := range 4 {
		q := store.JobQuery{Now: now, Token: fmt.Sprint(i), Tenant: tenant, Until: now.Add(time.Minute)}
		if i == 2 {
			q.Group = "g"
		}
		e.same(36, fmt.Sprintf("leases after %d that ended without a finish", i), held(e.leaseBy(q)), []string{"g: j1 j2"})
		e.same(36, "leases before the end", held(e.lease(now.Add(30*time.Second), "early")), []string{})
		now = now.Add(time.Minute + micro)
	}
}

// callMadeAgain leases and takes the answer for lost.
func callMadeAgain(e *env) {
	e.enqueue("x", store.Job{ID: "j1", Group: "g"}, store.Job{ID: "j2", Group: "h"})
	for i, q := range []store.JobQuery{{}, {Tenant: tenant}, {Tenant: tenant, Group: "g"}} {
		q.Now, q.Until, q.Token = start, start.Add(time.Minute), fmt.Sprint("lost", i)
		lost := held(e.leaseBy(q))
		q.Now, q.Until = start.Add(time.Second), start.Add(2*time.Minute)
		e.same(36, "what the same call leases when it is made again", held(e.leaseBy(q)), lost)
		other := q
		other.Token = "other"
		e.same(36, "what another leases until that has ended", held(e.leaseBy(other)), []string{})
		b := store.Finish{Token: q.Token}
		for _, group := range []string{"g", "h"} {
			b.Group = group
			e.finish(b)
		}
	}
	e.same(36, "what is left in the end", held(e.lease(start, "end")), []string{"g: j1", "h: j2"})
	later := start.Add(time.Minute)
	e.same(36, "what another leases when that has ended", held(e.lease(later, "next")), []string{"g: j1", "h: j2"})
	e.same(35, "what the former call leases when it is made again after that", held(e.lease(later, "end")), []string{})
	e.finish(store.Finish{Group: "g", Token: "next", Jobs: []string{"j1"}}, store.Finish{Group: "h", Token: "next", Jobs: []string{"j2"}})
	e.manyMadeAgain()
}

func finishDrops(e *env) {
	e.enqueue("x", store.Job{ID: "j1", Group: "g", Order: 1}, store.Job{ID: "j2", Group: "g", Order: 2}, store.Job{ID: "j3", Group: "g", Order: 3}, store.Job{ID: "j4", Group: "h"})
	e.lease(start, "t")
	e.finish(store.Finish{Group: "g", Token: "t", Jobs: []string{"j1", "j3", "gone"}})
	e.same(37, "jobs left", held(e.lease(start, "u")), []string{"g: j2"})
	e.finish(store.Finish{Group: "g", Token: "u", Jobs: []string{"j1", "j2", "j3"}}, store.Finish{Group: "none", Token: "u", Jobs: []string{"x"}})
	e.finish(store.Finish{Group: "g", Token: "u", Jobs: []string{"j2"}}, store.Finish{Group: "h", Token: "t"})
	e.same(37, "jobs left in the end", held(e.lease(start, "v")), []string{"h: j4"})
	b := anchored("y") // a finish together with the rows, counters and jobs it caused
	b.Add("n", 1)
	b.Enqueue(store.Job{ID: "j5", Group: "g"})
	b.Done(store.Finish{Group: "h", Token: "v", Jobs: []string{"j4"}})
	e.commit(b)
	e.same(37, "jobs after a batch that finished one and queued one", held(e.lease(start, "w")), []string{"g: j5"})
	e.same(37, "the counter of that batch", e.counter("n"), int64(1))
	e.manyDropped()
}

func finishAfterLosing(e *env) {
	e.enqueue("x", store.Job{ID: "j1", Group: "g", Order: 1}, store.Job{ID: "j2", Group: "g", Order: 2})
	e.lease(start, "slow")
	later := start.Add(2 * time.Minute)
	e.same(37, "the lease of the new holder", held(e.lease(later, "new")), []string{"g: j1 j2"})
	e.finish(store.Finish{Group: "g", Token: "slow", Jobs: []string{"j1"}})
	e.same(38, "leases after a finish without the lease", held(e.lease(later, "third")), []string{})
	e.finish(store.Finish{Group: "g", Token: "slow", Hold: later.Add(time.Hour)})
	e.same(38, "leases before the new holder's ends", held(e.lease(later.Add(time.Minute-micro), "third")), []string{})
	after := later.Add(time.Minute + micro)
	e.same(37, "jobs once the new holder's lease has ended: what the slow one finished is gone, and what it held is not", held(e.lease(after, "fourth")), []string{"g: j2"})
	e.finish(store.Finish{Group: "g", Token: "fourth", Jobs: []string{"j2"}})
	e.finish(store.Finish{Group: "g", Token: "new", Jobs: []string{"j1", "j2"}})
	e.same(37, "jobs in the end", held(e.lease(after, "fifth")), []string{})

	e.enqueue("y", store.Job{ID: "j3", Group: "g"})
	e.lease(after, "last")
	e.finish(store.Finish{Group: "g", Token: "last", Jobs: []string{"j3"}})
	e.same(37, "jobs after a lease that ended and that nobody took was finished", held(e.lease(after.Add(time.Hour), "sixth")), []string{})
}

func finishOpens(e *env) {
	e.enqueue("x", store.Job{ID: "j1", Group: "g", Order: 1}, store.Job{ID: "j2", Group: "g", Order: 2})
	e.lease(start, "a")
	e.finish(store.Finish{Group: "g", Token: "a"})
	e.same(38, "leases after a finish that dropped nothing", held(e.lease(start, "b")), []string{"g: j1 j2"})
	e.finish(store.Finish{Group: "g", Token: "b", Jobs: []string{"j1", "j2"}})
	e.enqueue("y", store.Job{ID: "j3", Group: "g"})
	e.same(38, "leases of a group that was finished empty and queued to again", held(e.lease(start, "c")), []string{"g: j3"})
}

func finishHolds(e *env) {
	e.enqueue("x", store.Job{ID: "j1", Group: "g", Order: 1}, store.Job{ID: "j2", Group: "g", Order: 2})
	e.lease(start, "a")
	hold := start.Add(10 * time.Minute)
	e.finish(store.Finish{Group: "g", Token: "a", Jobs: []string{"j1"}, Hold: hold})
	e.enqueue("y", store.Job{ID: "j3", Group: "g", Order: 3})
	e.same(38, "leases before the hold ends, though the lease has", held(e.lease(hold.Add(-micro), "b")), []string{})
	e.finish(store.Finish{Group: "g", Token: "b"})
	e.same(38, "leases after somebody else's finish", held(e.lease(hold.Add(-micro), "b2")), []string{})
	e.same(38, "leases once the hold has ended", held(e.lease(hold.Add(micro), "c")), []string{"g: j2 j3"})
	e.finish(store.Finish{Group: "g", Token: "c", Jobs: []string{"j2", "j3"}, Hold: hold.Add(time.Hour)})
	e.enqueue("z", store.Job{ID: "j4", Group: "g"})
	e.same(38, "leases of a group held without jobs, that one has joined", held(e.lease(hold.Add(time.Minute), "d")), []string{})
	e.finish(store.Finish{Group: "g", Token: "c"})
	e.same(38, "leases after the holder opened it", held(e.lease(hold.Add(time.Minute), "f")), []string{"g: j4"})
}

// shift is what workers of one store note about the jobs they do.
type shift struct {
	mu   sync.Mutex
	busy map[string]bool // groups that somebody has leased and not begun to finish
	done map[string]int  // how often each job was done
}

// begin notes a lease and returns the finish of all its jobs. twice says that another worker has the group.
func (s *shift) begin(l store.Lease) (f store.Finish, twice bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	twice = s.busy[l.Group]
	s.busy[l.Group] = true
	f = store.Finish{Group: l.Group, Token: l.Token}
	for _, j := range l.Jobs {
		s.done[j.ID]++
		f.Jobs = append(f.Jobs, j.ID)
	}
	return f, twice
}

// end notes that a group is about to be finished, and returns how many jobs are done.
func (s *shift) end(group string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy[group] = false
	return len(s.done)
}

// eachJobDoneOnce lets some queue jobs while others lease and finish them: no job is lost, and none is done twice.
func eachJobDoneOnce(e *env) {
	const before, queuers, workers, each, groups = 40, 3, 4, 15, 4
	s := &shift{busy: map[string]bool{}, done: map[string]int{}}
	b := anchored("before")
	for i := range before {
		b.Enqueue(store.Job{ID: fmt.Sprint("before", i), Group: fmt.Sprint("g", i%groups)})
	}
	e.commit(b)
	errs := together(queuers+workers, func(i int) error {
		if i >= queuers {
			return e.work(s, i, before+queuers*each)
		}
		for j := range each {
			b := anchored(fmt.Sprintf("%d-%d", i, j))
			b.Enqueue(store.Job{ID: fmt.Sprintf("job%d-%d", i, j), Group: fmt.Sprint("g", j%groups), Order: int64(j)})
			if err := e.send(b); err != nil {
				return err
			}
		}
		return nil
	})
	e.must("workers that lease and finish while jobs are queued", errors.Join(errs...))
	for id, n := range s.done {
		if n > 1 {
			e.fail(37, "job %s, which was finished the first time\ngot it leased %d times\nwant once", id, n)
		}
	}
	e.same(35, "jobs left in the end", held(e.lease(start.Add(time.Hour), "last")), []string{})
}

// work leases and finishes until all jobs are done.
func (e *env) work(s *shift, worker, jobs int) error {
	const tries = 20_000
	for n := range tries {
		q := wide(store.JobQuery{Now: start, Token: fmt.Sprintf("%d-%d", worker, n), Tenant: tenant, Limit: 3, PerGroup: 3})
		leases, err := e.s.Jobs(e.ctx, q)
		if err != nil {
			return err
		}
		for _, l := range leases {
			f, twice := s.begin(l)
			if twice {
				e.fail(35, "workers that lease while jobs are queued\ngot group %s for two at once\nwant it for one", l.Group)
			}
			for range 10 { // the work, during which others queue and lease
				runtime.Gosched()
			}
			s.end(l.Group)
			b := batch()
			b.Done(f)
			if err := e.send(b); err != nil {
				return err
			}
		}
		if s.end("") == jobs {
			return nil
		}
		runtime.Gosched()
	}
	return fmt.Errorf("not all jobs were leased in %d tries", tries)
}
