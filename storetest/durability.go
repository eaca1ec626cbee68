package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/frontdesk-go/frontdesk/store"
)

// These cases have a second handle on the database, as another process would.
var durabilityCases = []testcase{
	{"Durability/EverythingIsThere", []int{20, 4}, everythingIsThere, needsReopen},
	{"Durability/QueueIsThere", []int{20, 34, 35, 38}, queueIsThere, needsReopen},
	{"Durability/LeasesHoldElsewhere", []int{35, 37, 38, 20}, leasesHoldElsewhere, needsReopen},
	{"Durability/VersionsAndCursors", []int{14, 27, 45}, versionsAndCursors, needsReopen},
	{"Durability/IncrementThroughTwo", []int{19, 20}, throughTwo(incrementThroughTwo), needsReopen},
	{"Durability/ConflictThroughTwo", []int{15, 14, 22}, throughTwo(conflictThroughTwo), needsReopen},
	{"Durability/LeaseThroughTwo", []int{42, 35, 37}, throughTwo(leaseThroughTwo), needsReopen},
	{"Durability/ModelThroughTwo", []int{4, 9, 10, 11, 13, 14, 16, 23, 24, 25, 33, 34, 35, 36, 37, 38, 39}, throughTwo(randomOperations), needsReopen},
}

// everythingIsThere writes rows of each kind with all that a row may have, and changes and deletes some, and looks through another handle.
func everythingIsThere(e *env) {
	rows := []store.Row{full("full"), {Key: store.Key{Kind: store.Contact, ID: "x"}, Facts: []store.Fact{{Name: "phone", Value: "+49", Order: 4}}}, doc("settings")}
	for i := range 12 {
		rows = append(rows, conv(i), message(i, conv(i%3).ID), name(fmt.Sprint("n", i), message(i, "").Key))
		rows[len(rows)-2].Words = []string{"alpha", fmt.Sprint("word", i)}
	}
	e.put(rows...)
	b := anchored("counters")
	b.Add("n", 5)
	b.Add("m", -3)
	e.commit(b)
	moved := conv(3)
	moved.Place = &store.Place{Shelf: "done", Team: "t", Activity: 2}
	moved.Facts = []store.Fact{{Name: "tag", Value: "red", Order: -1}}
	e.replace(moved)
	e.remove(conv(4).Key)
	for i := range rows {
		if rows[i].Key == moved.Key {
			rows[i] = moved
		}
	}
	rows = slices.DeleteFunc(rows, func(row store.Row) bool { return row.Key == conv(4).Key })
	rows = append(rows, store.Row{Key: store.Key{Kind: store.Document, ID: "anchor/counters"}})
	e.s = e.f.Reopen(e.s)
	e.holds(rows)
	e.same(20, "counters in another handle", e.loadOf(tenant, nil, []string{"n", "m", "total"}).Counters, map[string]int64{"n": 5, "m": -3, "total": 0})
}

// holds expects exactly these rows, by key and in every list.
func (e *env) holds(rows []store.Row) {
	e.Helper()
	for _, want := range rows {
		got := e.row(want.Key)
		got.Version, want.Version = 0, 0
		e.same(20, "a row in another handle", got, want)
	}
	e.gone(20, "a deleted row in another handle", conv(4).Key)
	qs := fullQueries()
	qs = append(qs, store.Query{Kind: store.Contact, Fact: "phone", Value: "+49"}, store.Query{Kind: store.Document}, store.Query{Kind: store.Name, Prefix: "n"},
		store.Query{Kind: store.Message, Fact: "conversation", Value: "c001"}, store.Query{Kind: store.Message, Words: []string{"alp", "word1"}},
		store.Query{Kind: store.Conversation, Ranges: []store.Range{{Shelf: "done"}, {Shelf: "open", By: store.ByMailbox, Value: "m1"}, {Shelf: "open", By: store.ByAgent, Value: "a2"}}},
		store.Query{Kind: store.Conversation, Fact: "tag", Value: "red", Ascending: true})
	for _, q := range qs {
		e.same(20, "IDs in another handle of "+describe(&q), e.all(q), expect(rows, q))
	}
}

// queueIsThere leaves jobs that are due, not yet due, leased and held, and looks through another handle.
func queueIsThere(e *env) {
	due := store.Job{ID: "due", Group: "free", Order: 2, Body: []byte("{\"a\": 1}")}
	e.enqueue("x", due, store.Job{ID: "first", Group: "free", Order: 1}, store.Job{ID: "late", Group: "free", Due: start.Add(time.Hour)},
		store.Job{ID: "done", Group: "g", Order: 1}, store.Job{ID: "left", Group: "g", Order: 2}, store.Job{ID: "held", Group: "h"}, store.Job{ID: "dropped", Group: "h"})
	for _, group := range []string{"g", "h"} {
		e.leaseBy(store.JobQuery{Now: start, Token: "mine/" + group, Tenant: tenant, Group: group})
	}
	b := anchored("y")
	b.Done(store.Finish{Group: "h", Token: "mine/h", Jobs: []string{"dropped"}, Hold: start.Add(2 * time.Hour)})
	e.commit(b)
	e.s = e.f.Reopen(e.s)
	leases := e.lease(start.Add(time.Second), "a")
	e.same(20, "groups leased in another handle", held(leases), []string{"free: first due"})
	if len(leases) == 1 && len(leases[0].Jobs) == 2 {
		e.same(20, "a job in another handle", leases[0].Jobs[1], due)
	}
	e.finish(store.Finish{Group: "g", Token: "mine/g", Jobs: []string{"done"}}, store.Finish{Group: "free", Token: "a", Jobs: []string{"due", "first"}})
	e.same(20, "groups leased in another handle, an hour later", held(e.lease(start.Add(time.Hour), "b")), []string{"free: late", "g: left"})
	e.same(38, "groups leased in another handle once the hold has ended", held(e.lease(start.Add(2*time.Hour), "c")), []string{"free: late", "g: left", "h: held"})
	e.enqueue("z", store.Job{ID: "held", Group: "free"})
	e.same(20, "groups after queueing an ID that the first handle queued", held(e.lease(start.Add(3*time.Hour), "d")), []string{"free: late", "g: left", "h: held"})
}

// leasesHoldElsewhere leases through one handle and asks and finishes through the other, in turn.
func leasesHoldElsewhere(e *env) {
	one, two := e.s, e.f.Reopen(e.s)
	e.enqueue("x", store.Job{ID: "j1", Group: "g", Order: 1}, store.Job{ID: "j2", Group: "g", Order: 2})
	now := start
	for i := range 4 {
		e.s = one
		mine := fmt.Sprint("mine", i)
		e.same(20, "groups leased", held(e.lease(now, mine)), []string{"g: j1 j2"})
		e.s = two
		e.same(35, "groups leased through the other handle meanwhile", held(e.lease(now.Add(time.Second), "other")), []string{})
		e.enqueue(fmt.Sprint("job", i), store.Job{ID: "j3", Group: "g", Order: 3})
		e.same(35, "the group once a job joined it through the other handle", held(e.leaseBy(store.JobQuery{Now: now.Add(time.Second), Token: "other", Tenant: tenant, Group: "g"})), []string{})
		hold := now.Add(time.Hour)
		e.finish(store.Finish{Group: "g", Token: mine, Jobs: []string{"j3"}, Hold: hold})
		e.s = one
		e.same(38, "groups leased before the hold ends that was set through the other handle", held(e.lease(hold.Add(-micro), "early")), []string{})
		e.s = two
		e.finish(store.Finish{Group: "g", Token: "early"})
		e.same(38, "groups after a finish without the lease", held(e.lease(hold.Add(-micro), "early")), []string{})
		e.finish(store.Finish{Group: "g", Token: mine})
		now = hold
		one, two = two, one
	}
	e.s = one
	e.same(37, "jobs that nobody finished, through either handle", held(e.lease(now, "last")), []string{"g: j1 j2"})
}

// versionsAndCursors reads through one handle and goes on through the other.
func versionsAndCursors(e *env) {
	one, two := e.s, e.f.Reopen(e.s)
	var rows []store.Row
	for i := range 20 {
		row := conv(i)
		row.Facts = []store.Fact{{Name: "tag", Value: "red", Order: int64(i / 4)}}
		rows = append(rows, row)
	}
	e.put(rows...)
	for i, row := range rows[:8] {
		e.s = one
		read := e.load(row.Key)
		for j, s := range []store.Store{two, one} { // decided on the same version, the second is stale
			e.s = s
			b := batch()
			b.Read(read)
			b.Put(row)
			if err := e.try(b); j == 0 {
				e.must("a batch on a version that was read through the other handle", err)
			} else {
				e.isConflict(14, "a batch on a version that has been replaced through the other handle", err, row.Key)
			}
		}
		e.s = one
		after := e.row(row.Key).Version
		e.s = two
		e.same(45, fmt.Sprintf("the version of row %d through both handles", i), e.row(row.Key).Version, after)
		one, two = two, one
	}
	for _, q := range []store.Query{{Ranges: []store.Range{{Shelf: "open"}}}, {Fact: "tag", Value: "red", Ascending: true}, {Prefix: "c"}} {
		q.Kind, q.Limit = store.Conversation, 3
		got := e.walk(q, func() {
			e.s = one
			one, two = two, one
		})
		e.same(27, "IDs of "+describe(&q)+", each page through another handle", got, expect(rows, q))
	}
}

// turns is a store with two handles on one database. Calls go through either about as often, in no short pattern, so that no method of a
// caller has one handle to itself.
type turns struct {
	handles [2]store.Store
	n       atomic.Uint64
}

func (s *turns) next() store.Store { return s.handles[s.n.Add(1)*0x9e3779b97f4a7c15>>63] }

func (s *turns) Load(ctx context.Context, tenant string, keys []store.Key, counters []string) (*store.Rows, error) {
	return s.next().Load(ctx, tenant, keys, counters)
}

func (s *turns) List(ctx context.Context, q store.Query) (*store.Page, error) {
	return s.next().List(ctx, q)
}

func (s *turns) Jobs(ctx context.Context, q store.JobQuery) ([]store.Lease, error) {
	return s.next().Jobs(ctx, q)
}

func (s *turns) Commit(ctx context.Context, b *store.Batch) error { return s.next().Commit(ctx, b) }

// throughTwo runs a case on two handles in turn.
func throughTwo(run func(*env)) func(*env) {
	return func(e *env) {
		one := e.s
		e.s = &turns{handles: [2]store.Store{one, e.f.Reopen(one)}}
		run(e)
		e.s = one
	}
}

func incrementThroughTwo(e *env) {
	e.increments(24)
	header := e.header()
	errs := together(6, func(i int) error {
		for j := range 5 {
			if err := e.deliver(header, fmt.Sprintf("%d-%d", i/2, j)); err != nil {
				return err
			}
		}
		return nil
	})
	e.must("workers that deliver messages through two handles", errors.Join(errs...))
	e.delivered(header, 15)
}

func conflictThroughTwo(e *env) {
	oneClaims(e)
	writeSkew(e)
	writeSkewOnAbsence(e)
	noDeadlock(e)
}

func leaseThroughTwo(e *env) {
	neverTwice(e)
	for _, l := range e.lease(start.Add(time.Hour), "clear") { // what that left
		f := store.Finish{Group: l.Group, Token: l.Token}
		for _, j := range l.Jobs {
			f.Jobs = append(f.Jobs, j.ID)
		}
		e.finish(f)
	}
	eachJobDoneOnce(e)
}
