package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/frontdesk-go/frontdesk/store"
)

// tenant is the one a case works with. The shadow tenant's name begins with it.
const tenant = "acme"

// start is when every case begins. No case expects anything of a clock.
var start = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)

// reporter is what a case needs of a *testing.T. The suite's own tests hand in one that records.
type reporter interface {
	Helper()
	Errorf(format string, args ...any)
	FailNow()
}

// factory makes the stores of a case.
type factory struct {
	New    func() store.Store
	Tx     func(store.Store) (store.Store, func() error, func() error)
	Reopen func(store.Store) store.Store
}

// env is what a case runs in. A failure names a rule; the helpers that name none name the first rule of the case.
type env struct {
	reporter
	ctx   context.Context
	s     store.Store
	f     factory
	main  int
	tries atomic.Int64 // batches made by update
}

// runCase runs a case on a fresh store, between seeding the shadow tenant and comparing it.
func runCase(r reporter, tc testcase, f factory) {
	r.Helper()
	e := &env{reporter: r, ctx: context.Background(), s: f.New(), f: f, main: tc.rules[0]}
	sh := e.castShadow()
	tc.run(e)
	sh.compare(e)
}

// fail reports a broken rule and goes on.
func (e *env) fail(rule int, format string, args ...any) {
	e.Helper()
	e.Errorf("%s\n%s", fmt.Sprintf(format, args...), cite(rule))
}

// fatal reports a broken rule and ends the case.
func (e *env) fatal(rule int, format string, args ...any) {
	e.Helper()
	e.fail(rule, format, args...)
	e.FailNow()
}

// must ends the case on an error that no rule allows here.
func (e *env) must(what string, err error) {
	if err != nil {
		e.Helper()
		e.fatal(e.main, "%s\ngot error: %v\nwant none", what, err)
	}
}

// same compares what the store answered with what it should have. Nil and empty slices are the same; times are by instant.
func (e *env) same(rule int, what string, got, want any) {
	if diff := diffOf(got, want); diff != "" {
		e.Helper()
		e.fail(rule, "%s\ngot %s\nwant %s\n(-want +got):\n%s", what, short(got), short(want), diff)
	}
}

func diffOf(got, want any) string { return cmp.Diff(want, got, cmpopts.EquateEmpty()) }

// short keeps a failure readable when a body of megabytes is in it.
func short(v any) string {
	s := fmt.Sprintf("%+v", v)
	if len(s) > 300 {
		return s[:300] + "…"
	}
	return s
}

// isConflict expects a conflict that names at least one of the rows that did not hold, and no other.
func (e *env) isConflict(rule int, what string, err error, keys ...store.Key) {
	e.Helper()
	problem := conflictProblem(err, keys)
	switch {
	case problem == "":
	case errors.Is(err, store.ErrConflict):
		e.fail(16, "%s\n%s", what, problem)
	default:
		e.fail(rule, "%s\n%s", what, problem)
	}
}

// conflictProblem says what is wrong with the answer to a batch of which these rows do not hold, or "".
func conflictProblem(err error, keys []store.Key) string {
	var conflict *store.ConflictError
	switch {
	case !errors.Is(err, store.ErrConflict):
		return fmt.Sprintf("got error: %v\nwant: %v", err, store.ErrConflict)
	case !errors.As(err, &conflict):
		return fmt.Sprintf("got a %T\nwant a *store.ConflictError", err)
	case len(conflict.Keys) == 0 || slices.ContainsFunc(conflict.Keys, func(k store.Key) bool { return !slices.Contains(keys, k) }):
		return fmt.Sprintf("got a conflict on %v\nwant on one or more of %v", conflict.Keys, keys)
	}
	return ""
}

// batch begins a batch of the case's tenant.
func batch() *store.Batch { return store.NewBatch(tenant, start) }

// seal ends a batch. The suite makes no batch that breaks a limit.
func (e *env) seal(b *store.Batch) *store.Batch {
	e.Helper()
	if err := b.Seal(); err != nil {
		e.Errorf("storetest: made an invalid batch: %v", err)
		e.FailNow()
	}
	return b
}

// try seals and commits a batch and returns the store's answer.
func (e *env) try(b *store.Batch) error {
	e.Helper()
	return e.s.Commit(e.ctx, e.seal(b))
}

// send is try for a goroutine of its own, which may not end the test.
func (e *env) send(b *store.Batch) error {
	if err := b.Seal(); err != nil {
		return err
	}
	return e.s.Commit(e.ctx, b)
}

func (e *env) commit(b *store.Batch) {
	e.Helper()
	e.must("Commit", e.try(b))
}

// put commits rows that are not there yet.
func (e *env) put(rows ...store.Row) {
	e.Helper()
	e.commit(fresh(batch(), rows...))
}

// fresh puts rows that are not there yet.
func fresh(b *store.Batch, rows ...store.Row) *store.Batch {
	for _, row := range rows {
		b.ReadRow(store.Row{Key: row.Key})
		b.Put(row)
	}
	return b
}

// replace commits rows over those of the same keys, whatever their versions.
func (e *env) replace(rows ...store.Row) {
	e.Helper()
	keys := make([]store.Key, len(rows))
	for i := range rows {
		keys[i] = rows[i].Key
	}
	b := batch()
	b.Read(e.load(keys...))
	for _, row := range rows {
		b.Put(row)
	}
	e.commit(b)
}

// remove commits the deletion of rows that are there.
func (e *env) remove(keys ...store.Key) {
	e.Helper()
	b := batch()
	b.Read(e.load(keys...))
	for _, key := range keys {
		b.Delete(key)
	}
	e.commit(b)
}

func (e *env) load(keys ...store.Key) *store.Rows {
	e.Helper()
	return e.loadOf(tenant, keys, nil)
}

func (e *env) loadOf(tenant string, keys []store.Key, counters []string) *store.Rows {
	e.Helper()
	rows, err := e.s.Load(e.ctx, tenant, keys, counters)
	e.must("Load", err)
	if rows == nil {
		e.fatal(e.main, "Load\ngot nil rows and no error\nwant rows")
	}
	return rows
}

// row loads one row, which must be there.
func (e *env) row(key store.Key) store.Row {
	e.Helper()
	row, ok := e.load(key).Row(key)
	if !ok {
		e.fatal(e.main, "Load of %s\ngot no row\nwant the row that was put", key)
	}
	return row
}

// gone expects that a row is absent.
func (e *env) gone(rule int, what string, key store.Key) {
	e.Helper()
	if row, ok := e.load(key).Row(key); ok {
		e.fail(rule, "%s\ngot the row %s\nwant %s absent", what, short(row), key)
	}
}

func (e *env) counter(name string) int64 {
	e.Helper()
	return e.loadOf(tenant, nil, []string{name}).Counters[name]
}
