package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/frontdesk-go/frontdesk/store"
)

var faultCases = []testcase{
	{"Faults/ContextEndsOnTheWay", []int{13, 20, 21}, contextEndsOnTheWay, 0},
	{"Faults/CancelledAmongMany", []int{21, 13, 18, 19}, cancelledAmongMany, 0},
	{"Faults/ReadsWholeOrNotAtAll", []int{9, 27}, readsWholeOrNotAtAll, 0},
	{"Faults/CancelledLeaseEnds", []int{36, 21}, cancelledLeaseEnds, 0},
	{"Faults/GoesOnAfterErrors", []int{21}, goesOnAfterErrors, 0},
}

// deliverIn tries once to store a message in a context that may end on the way.
func (e *env) deliverIn(ctx context.Context, header store.Key, id string) error {
	rows, err := e.s.Load(e.ctx, tenant, parcel(header, id), nil)
	if err != nil {
		return err
	}
	b := store.NewBatch(tenant, start.Add(time.Duration(e.tries.Add(1))*time.Second))
	b.Read(rows)
	pack(b, rows, header, id)
	if err := b.Seal(); err != nil {
		return err
	}
	return e.s.Commit(ctx, b)
}

// contextEndsOnTheWay cuts off the commit of one message after another, each at another moment, and sends each again as the library does.
// A half that was left, in the rows, the counter, the name or the queue, shows in the end.
func contextEndsOnTheWay(e *env) {
	header := e.header()
	took := e.timed(func() { e.must("a message", e.deliver(header, "first")) })
	n := 1
	for end := range endings(took) {
		id := fmt.Sprintf("m%03d", n)
		ctx, release := end(e.ctx)
		err := e.deliverIn(ctx, header, id)
		release()
		if errors.Is(err, store.ErrConflict) {
			e.fail(21, "Commit whose context ends on the way, message %s, while nobody else writes\ngot error: %v\nwant none, or one that is not ErrConflict", id, err)
		}
		if claim := parcel(header, id)[1]; err == nil {
			if _, found := e.load(claim).Row(claim); !found {
				e.fail(20, "message %s, whose commit was acknowledged though its context ended on the way\ngot its name absent\nwant it found", id)
			}
		}
		if err := e.deliver(header, id); err != nil {
			e.fatal(21, "message %s again, after a commit whose context ended on the way\ngot error: %v\nwant none", id, err)
		}
		n++
	}
	e.delivered(header, n)
}

// cancelledAmongMany has callers commit at once, the calls of every other one being cut off. A store that writes several batches together
// must not let one of them take others with it.
func cancelledAmongMany(e *env) {
	const workers, each = 8, 8
	header := e.header()
	took := e.timed(func() { e.must("a message", e.deliver(header, "first")) })
	ends := slices.Collect(endings(4 * took))
	errs := together(workers, func(i int) error {
		for j := range each {
			id := fmt.Sprintf("%d-%d", i, j)
			if i%2 == 1 {
				ctx, release := ends[(i*each+j)*7%len(ends)](e.ctx)
				_ = e.deliverIn(ctx, header, id)
				release()
			}
			if err := e.deliver(header, id); err != nil {
				return fmt.Errorf("worker %d: %w", i, err)
			}
		}
		return nil
	})
	if err := errors.Join(errs...); err != nil {
		e.fatal(21, "commits of callers whose contexts never end, beside commits that are cut off\ngot error: %v\nwant nothing but conflicts, which pass", err)
	}
	e.delivered(header, 1+workers*each)
}

// readsWholeOrNotAtAll cuts off calls that read. Each answers with an error, or with all.
func readsWholeOrNotAtAll(e *env) {
	const n = 150
	b := batch()
	var keys []store.Key
	for i := range n {
		row := conv(i)
		row.Body = make([]byte, 2000)
		row.Facts = []store.Fact{{Name: "tag", Value: "red", Order: int64(i)}}
		fresh(b, row)
		keys = append(keys, row.Key, doc(row.ID).Key)
		b.Add(fmt.Sprint("n", i%20), 1)
	}
	e.commit(b)
	counters := []string{"n0", "n7", "n19"}
	want := e.loadOf(tenant, keys, counters)
	qs := []store.Query{{Ranges: []store.Range{{Shelf: "open"}}}, {Fact: "tag", Value: "red"}, {Prefix: "c"}}
	took := e.timed(func() { e.list(store.Query{Kind: store.Conversation, Fact: "tag", Value: "red", Limit: n}) })
	turn := 0
	for end := range endings(took) {
		ctx, release := end(e.ctx)
		q := qs[turn%len(qs)]
		q.Kind, q.Limit = store.Conversation, n
		if page, err := e.s.List(ctx, of(q)); err == nil && page.Cursor == "" && len(page.Rows) != n {
			e.fail(27, "List whose context ends on the way, of %s\ngot %d rows, no cursor and no error\nwant %d rows, or an error", describe(&q), len(page.Rows), n)
		}
		release()
		ctx, release = end(e.ctx)
		if got, err := e.s.Load(ctx, tenant, keys, counters); err == nil {
			e.same(9, "Load whose context ends on the way, and that made no error of it",
				[]any{len(got.Found), len(got.Absent), got.Counters}, []any{len(want.Found), len(want.Absent), want.Counters})
		}
		release()
		turn++
	}
}

// cancelledLeaseEnds cuts off calls that lease. Whether a group was leased then or not, it is free once that lease would have ended, with
// all its jobs.
func cancelledLeaseEnds(e *env) {
	b := anchored("jobs")
	var want []string
	for i := range 12 {
		group := fmt.Sprintf("g%02d", i)
		b.Enqueue(store.Job{ID: "a" + group, Group: group, Order: 1}, store.Job{ID: "b" + group, Group: group, Order: 2})
		want = append(want, fmt.Sprintf("%s: a%s b%s", group, group, group))
	}
	e.commit(b)
	now := start
	took := e.timed(func() { e.lease(now, "first") })
	turn := 0
	for end := range endings(took) {
		now = now.Add(2 * time.Minute) // every lease before has ended
		ctx, release := end(e.ctx)
		leases, err := e.s.Jobs(ctx, wide(store.JobQuery{Now: now, Token: fmt.Sprint("cut", turn), Tenant: tenant}))
		release()
		if err == nil {
			e.same(36, "groups leased by a call whose context ended too late", held(leases), want)
		}
		if got := e.leaseAll(now.Add(time.Minute), turn, want); !slices.Equal(got, want) {
			e.fatal(36, "groups leased once the lease of a call that was cut off has ended\ngot %q\nwant %q", got, want)
		}
		turn++
	}
}

// leaseAll leases until it has as many groups as are wanted: one that a call which was cut off still looks at may be passed over.
func (e *env) leaseAll(now time.Time, turn int, want []string) []string {
	e.Helper()
	var got []store.Lease
	for try := 0; len(got) < len(want) && try < 500; try++ {
		if try > 0 {
			time.Sleep(time.Millisecond)
		}
		got = append(got, e.leaseBy(store.JobQuery{Now: now, Until: now.Add(micro), Token: fmt.Sprintf("%d-%d", turn, try), Tenant: tenant})...)
	}
	return held(got)
}

// goesOnAfterErrors makes more errors than a pool has connections, and then uses the store as if nothing had been.
func goesOnAfterErrors(e *env) {
	const errs, patience = 150, 2 * time.Minute
	ctx, cancel := context.WithTimeout(e.ctx, patience) // a store that waits for a connection it lost would wait for ever
	defer cancel()
	e.put(doc("taken"))
	taken := e.seal(fresh(batch(), doc("taken")))
	for i := range errs {
		short, release := lookedAt(i % 12)(ctx)
		_, _ = e.s.Load(short, tenant, []store.Key{doc("taken").Key}, counterNames)
		_, _ = e.s.List(short, of(store.Query{Kind: store.Document}))
		_, _ = e.s.Jobs(short, wide(store.JobQuery{Now: start, Token: fmt.Sprint(i)}))
		release()
		if err := e.s.Commit(ctx, taken); !errors.Is(err, store.ErrConflict) {
			e.fatal(21, "a batch that does not hold, after %d times four errors\ngot error: %v\nwant: %v", i, err, store.ErrConflict)
		}
		if _, err := e.s.List(ctx, of(store.Query{Kind: store.Document, Cursor: "none"})); !errors.Is(err, store.ErrCursor) {
			e.fatal(21, "a list with a cursor that nobody made, after %d times four errors\ngot error: %v\nwant: %v", i, err, store.ErrCursor)
		}
	}
	e.ctx = ctx
	e.writeAll("a")
	e.wrote(21, "what is written after many errors", "a", true)
	e.same(21, "jobs leased after many errors", e.leaseAll(start.Add(time.Hour), 0, []string{"g: j1"}), []string{"g: j1"})
}
