package storetest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/frontdesk-go/frontdesk/store"
)

var commitCases = []testcase{
	{"Commit/AllOrNothing", []int{13, 16}, allOrNothing, 0},
	{"Commit/LargeBatch", []int{13}, largeBatch, 0},
	{"Commit/VersionIsEqual", []int{14, 16}, versionIsEqual, 0},
	{"Commit/ConflictNamesRows", []int{16}, conflictNamesRows, 0},
	{"Commit/EmptyBatch", []int{17}, emptyBatch, 0},
	{"Commit/AddHasNoCondition", []int{18}, addHasNoCondition, 0},
	{"Commit/SeenAtOnce", []int{20}, seenAtOnce, 0},
	{"Commit/SeenByOthers", []int{20}, seenByOthers, needsReopen},
	{"Commit/DoneContext", []int{21}, doneContext, 0},
}

// conflicting returns a batch whose write of one row does not hold: that of key, read at another version. All else in it holds.
func conflicting(action store.Action, key store.Key, version int64) *store.Batch {
	b := batch()
	b.ReadRow(store.Row{Key: key, Version: version + 1})
	switch action {
	case store.Put:
		b.Put(store.Row{Key: key, Body: []byte("new")})
	case store.Delete:
		b.Delete(key)
	}
	return b
}

func allOrNothing(e *env) {
	docs := []store.Row{doc("k1"), doc("k2"), doc("k3"), doc("k4")}
	e.put(docs...)
	e.enqueue("jobs", store.Job{ID: "j1", Group: "g"})
	if got := held(e.lease(start, "mine")); len(got) != 1 {
		e.fatal(13, "leased groups\ngot %q\nwant one", got)
	}
	before := e.loadOf(tenant, []store.Key{docs[0].Key, docs[1].Key, docs[2].Key, docs[3].Key}, counterNames)
	for _, action := range []store.Action{store.Check, store.Put, store.Delete} {
		for _, bad := range []int{0, 3} { // the first and the last write of the batch
			b := conflicting(action, docs[bad].Key, before.Found[docs[bad].Key].Version)
			b.ReadRow(before.Found[docs[1].Key], before.Found[docs[2].Key])
			b.Put(store.Row{Key: docs[1].Key, Body: []byte("new")})
			b.Delete(docs[2].Key)
			fresh(b, doc("k5"), doc("a0"))
			b.Add("n", 5)
			b.Enqueue(store.Job{ID: "j2", Group: "h"})
			b.Done(store.Finish{Group: "g", Token: "mine", Jobs: []string{"j1"}})
			what := fmt.Sprintf("a batch of which one write (action %d on %s) does not hold", action, docs[bad].Key)
			e.isConflict(13, what, e.try(b), docs[bad].Key)
			after := e.loadOf(tenant, []store.Key{docs[0].Key, docs[1].Key, docs[2].Key, docs[3].Key}, counterNames)
			e.same(13, "rows and counters after "+what, after, before)
			e.gone(13, "after "+what, doc("k5").Key)
			e.gone(13, "after "+what, doc("a0").Key)
		}
	}
	e.same(13, "groups leased after batches that did not hold", held(e.lease(start, "other")), []string{})
	e.same(13, "jobs once the lease has ended", held(e.lease(start.Add(time.Hour), "other")), []string{"g: j1"})
}

func largeBatch(e *env) {
	e.put(doc("z"))
	for round, bad := range []bool{true, true, false} {
		b := batch()
		for i := range 500 {
			row := conv(i)
			row.Facts = []store.Fact{{Name: "tag", Value: "red", Order: int64(i)}}
			fresh(b, row)
			b.Add(fmt.Sprintf("n%d", i%200), 1)
			b.Enqueue(store.Job{ID: fmt.Sprintf("job%d", i), Group: fmt.Sprintf("g%d", i%50), Order: int64(i)})
		}
		switch {
		case !bad:
			e.commit(b)
		case round == 0:
			b.ReadRow(store.Row{Key: doc("z").Key, Version: 1})
			e.isConflict(13, "a batch of 500 rows and one check that does not hold", e.try(b), doc("z").Key)
		default:
			e.isConflict(13, "a batch of 500 rows and one put of a row that is there", e.try(fresh(b, doc("z"))), doc("z").Key)
		}
		want, leases := 500, 50
		if bad {
			want, leases = 0, 0
		}
		e.same(13, "rows of the batch", len(e.all(store.Query{Kind: store.Conversation, Fact: "tag", Value: "red", Limit: 1000})), want)
		e.same(13, "a counter of the batch", e.counter("n7"), int64(3-3*btoi(bad)))
		e.same(13, "groups of the batch", len(e.lease(start, "t")), leases)
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func versionIsEqual(e *env) {
	type state struct{ stored, read int64 }
	var states []state
	for _, stored := range []int64{0, 10, 1 << 53} {
		for _, read := range []int64{0, 1, 9, 10, 11, -10, 10 + 1<<32, 1 << 53, 1<<53 + 1, math.MaxInt64} {
			states = append(states, state{stored, read})
		}
	}
	for i, st := range states {
		for _, action := range []store.Action{store.Check, store.Put, store.Delete} {
			key := doc(fmt.Sprintf("k%d-%d", i, action)).Key
			if st.stored != 0 {
				b := &store.Batch{Tenant: tenant, Shard: store.Shard(tenant), Writes: []store.Write{{Action: store.Put, Row: store.Row{Key: key, Version: st.stored}}}}
				e.must("Commit", e.s.Commit(e.ctx, b))
			}
			b := &store.Batch{Tenant: tenant, Shard: store.Shard(tenant), Writes: []store.Write{{Action: action, If: st.read, Row: store.Row{Key: key}}}}
			if action == store.Put {
				b.Writes[0].Row.Version = 99
			}
			e.versionCase(b, st.stored)
		}
	}
}

// versionCase commits a batch of one write and expects it to hold exactly when If is the stored version.
func (e *env) versionCase(b *store.Batch, stored int64) {
	e.Helper()
	w := b.Writes[0]
	what := fmt.Sprintf("action %d with If %d on version %d", w.Action, w.If, stored)
	err := e.s.Commit(e.ctx, b)
	want := stored
	switch {
	case w.If != stored:
		e.isConflict(14, what, err, w.Row.Key)
	case err != nil:
		e.fail(14, "%s\ngot error: %v\nwant none", what, err)
	case w.Action == store.Put:
		want = 99
	case w.Action == store.Delete:
		want = 0
	}
	row, _ := e.load(w.Row.Key).Row(w.Row.Key)
	e.same(14, "version after "+what, row.Version, want)
}

func conflictNamesRows(e *env) {
	e.put(doc("a"), doc("b"), doc("c"))
	rows := e.load(doc("a").Key, doc("b").Key, doc("c").Key)
	e.replace(doc("a"), doc("c"))
	b := batch()
	b.Read(rows)
	b.ReadRow(store.Row{Key: doc("b2").Key})
	b.Put(doc("b"))
	e.isConflict(16, "a batch whose checks of a and c do not hold", e.try(b), doc("a").Key, doc("c").Key)
	e.isConflict(16, "a put of a row that is there", e.try(fresh(batch(), doc("b"))), doc("b").Key)
	b = batch()
	b.ReadRow(store.Row{Key: doc("x").Key, Version: 5}, rows.Found[doc("b").Key])
	b.Put(doc("b"))
	e.isConflict(16, "a check of a row that is not there", e.try(b), doc("x").Key)
}

func emptyBatch(e *env) {
	e.put(doc("a"))
	for _, t := range []string{tenant, "nobody"} {
		if err := e.try(store.NewBatch(t, start)); err != nil {
			e.fail(17, "Commit of an empty batch for %q\ngot error: %v\nwant none", t, err)
		}
	}
	e.same(17, "rows after an empty batch", e.all(store.Query{Kind: store.Document}), []string{"a"})
}

func addHasNoCondition(e *env) {
	var want int64
	for i, delta := range []int64{5, -8, 1, 1 << 40, -(1 << 41), 3, 1 << 53, 1, 1, -(1 << 62)} {
		b := anchored(fmt.Sprint(i))
		b.Add("n", delta)
		b.Add("m", 1)
		e.commit(b)
		want += delta
		e.same(18, "the counter after its adds", e.counter("n"), want)
	}
	e.same(18, "the other counter", e.counter("m"), int64(10))
}

func seenAtOnce(e *env) { e.seenBy(e.s) }

func seenByOthers(e *env) { e.seenBy(e.f.Reopen(e.s)) }

// seenBy commits on the case's store and looks through another: it sees each commit at once.
func (e *env) seenBy(other store.Store) {
	writer := e.s
	for i := range 20 {
		row := conv(i)
		row.Facts = []store.Fact{{Name: "tag", Value: "red", Order: int64(i)}}
		b := fresh(batch(), row)
		b.Add("n", 1)
		b.Enqueue(store.Job{ID: fmt.Sprint("j", i), Group: fmt.Sprint("g", i)})
		e.commit(b)
		e.s = other
		if _, ok := e.load(row.Key).Row(row.Key); !ok {
			e.fail(20, "Load after Commit\ngot %s absent\nwant it found", row.Key)
		}
		e.same(20, "counter after Commit", e.counter("n"), int64(i+1))
		e.same(20, "first of a list after Commit", ids(e.list(store.Query{Kind: store.Conversation, Fact: "tag", Value: "red", Limit: 1}).Rows), []string{row.ID})
		e.same(20, "jobs after Commit", held(e.lease(start, fmt.Sprint("t", i))), []string{fmt.Sprintf("g%d: j%d", i, i)})
		e.s = writer
	}
}

func doneContext(e *env) {
	e.put(doc("a"))
	b := anchored("jobs")
	b.Enqueue(store.Job{ID: "j1", Group: "g"})
	e.commit(b)
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	late, cancelLate := context.WithDeadline(context.Background(), time.Unix(0, 0))
	defer cancelLate()
	for name, ctx := range map[string]context.Context{"cancelled": cancelled, "past its deadline": late} {
		write := fresh(batch(), doc("b"))
		write.Add("n", 1)
		_, loadErr := e.s.Load(ctx, tenant, []store.Key{doc("a").Key}, nil)
		_, listErr := e.s.List(ctx, of(store.Query{Kind: store.Document}))
		_, jobsErr := e.s.Jobs(ctx, wide(store.JobQuery{Now: start, Token: "t"}))
		commitErr := e.s.Commit(ctx, e.seal(write))
		conflictErr := e.s.Commit(ctx, e.seal(fresh(batch(), doc("a"))))
		for call, err := range map[string]error{"Load": loadErr, "List": listErr, "Jobs": jobsErr, "Commit": commitErr, "Commit of a conflict": conflictErr} {
			if err == nil || errors.Is(err, store.ErrConflict) {
				e.fail(21, "%s with a context that is %s\ngot error: %v\nwant one that is not ErrConflict", call, name, err)
			}
		}
		e.gone(21, "after a Commit whose context was "+name, doc("b").Key)
	}
	e.same(21, "counter after commits whose context was done", e.counter("n"), int64(0))
	e.same(21, "groups after a Jobs whose context was done", held(e.lease(start, "u")), []string{"g: j1"})
}
