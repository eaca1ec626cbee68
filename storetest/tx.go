package storetest

import (
	"errors"
	"fmt"

	"github.com/frontdesk-go/frontdesk/store"
)

var txCases = []testcase{
	{"Tx/NothingBeforeCommit", []int{43}, nothingBeforeCommit, needsTx},
	{"Tx/RollbackLeavesNothing", []int{43}, rollbackLeavesNothing, needsTx},
	{"Tx/SeesItsOwnWrites", []int{20}, seesItsOwnWrites, needsTx},
	{"Tx/UsableAfterConflict", []int{44}, usableAfterConflict, needsTx},
}

// inTx runs f with the case's store replaced by one bound to a transaction, and returns how that ends.
func (e *env) inTx(f func()) (commit, rollback func() error) {
	e.Helper()
	unbound := e.s
	bound, commit, rollback := e.f.Tx(unbound)
	ended := false
	defer func() {
		e.s = unbound
		if !ended { // a failure ended the case
			_ = rollback()
		}
	}()
	e.s = bound
	f()
	ended = true
	return commit, rollback
}

// writeAll writes a row, a counter and a job.
func (e *env) writeAll(id string) {
	e.Helper()
	row := full(id)
	b := fresh(batch(), row)
	b.Add("n", 1)
	b.Enqueue(store.Job{ID: "j1", Group: "g"})
	e.commit(b)
}

// wrote expects all of writeAll, or nothing of it.
func (e *env) wrote(rule int, what, id string, want bool) {
	e.Helper()
	rows := e.loadOf(tenant, []store.Key{full(id).Key}, []string{"n"})
	listed := e.all(store.Query{Kind: store.Conversation, Fact: "tag", Value: "red"})
	if _, found := rows.Row(full(id).Key); found != want || rows.Counters["n"] != int64(btoi(want)) || len(listed) != btoi(want) {
		e.fail(rule, "%s\ngot row found %t, counter %d, list %q\nwant all written: %t", what, found, rows.Counters["n"], listed, want)
	}
}

func nothingBeforeCommit(e *env) {
	unbound := e.s
	commit, _ := e.inTx(func() {
		e.writeAll("a")
		bound := e.s
		e.s = unbound
		e.wrote(43, "through the unbound store, before the host commits", "a", false)
		e.s = bound
	})
	e.must("the host's commit", commit())
	e.wrote(43, "after the host committed", "a", true)
	e.same(43, "jobs after the host committed", held(e.lease(start, "t")), []string{"g: j1"})
}

func rollbackLeavesNothing(e *env) {
	e.enqueue("before", store.Job{ID: "j2", Group: "h"})
	_, rollback := e.inTx(func() {
		e.writeAll("a")
		e.same(43, "groups leased through the bound store", held(e.lease(start, "bound")), []string{"g: j1", "h: j2"})
	})
	e.must("the host's rollback", rollback())
	e.wrote(43, "after the host rolled back", "a", false)
	e.same(43, "jobs after the host rolled back, with what it leased", held(e.lease(start, "t")), []string{"h: j2"})
	e.writeAll("a")
	e.wrote(43, "after writing the same again", "a", true)
}

func seesItsOwnWrites(e *env) {
	commit, _ := e.inTx(func() {
		e.writeAll("a")
		e.wrote(20, "through the bound store, after its own commit", "a", true)
		row := e.row(full("a").Key)
		b := batch()
		b.ReadRow(row)
		row.Body = []byte("changed")
		b.Put(row)
		e.commit(b)
		e.same(20, "a row changed twice in one transaction", string(e.row(row.Key).Body), "changed")
	})
	e.must("the host's commit", commit())
	e.same(20, "that row after the host committed", string(e.row(full("a").Key).Body), "changed")
}

func usableAfterConflict(e *env) {
	e.put(doc("taken"))
	commit, _ := e.inTx(func() {
		e.writeAll("a")
		for i := range 3 {
			b := fresh(batch(), doc("taken"), doc(fmt.Sprint("b", i)))
			b.Add("n", 5)
			b.Enqueue(store.Job{ID: "j2", Group: "h"})
			e.isConflict(44, "a batch that does not hold, in a host's transaction", e.try(b), doc("taken").Key)
		}
		if _, err := e.s.List(e.ctx, of(store.Query{Kind: store.Conversation, Fact: "size", Value: "s"})); !errors.Is(err, store.ErrUnsupported) {
			e.fail(44, "a query that is refused, in a host's transaction\ngot error: %v\nwant %v", err, store.ErrUnsupported)
		}
		e.wrote(44, "through the bound store, after conflicts", "a", true)
		e.put(doc("later"))
	})
	e.must("the host's commit after conflicts", commit())
	e.wrote(44, "after conflicts and the host's commit", "a", true)
	e.row(doc("later").Key)
	e.gone(44, "a row of a batch that did not hold", doc("b0").Key)
	e.same(44, "jobs after conflicts and the host's commit", held(e.lease(start, "t")), []string{"g: j1"})
}
