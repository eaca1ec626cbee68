package storetest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/frontdesk-go/frontdesk/store"
)

var contentionCases = []testcase{
	{"Contention/HundredIncrement", []int{19}, hundredIncrement, 0},
	{"Contention/OneClaims", []int{14, 20}, oneClaims, 0},
	{"Contention/WriteSkew", []int{15}, writeSkew, 0},
	{"Contention/WriteSkewOnAbsence", []int{15}, writeSkewOnAbsence, 0},
	{"Contention/CheckAgainstDelete", []int{15}, checkAgainstDelete, 0},
	{"Contention/NeverOverCapacity", []int{15, 13, 19}, neverOverCapacity, 0},
	{"Contention/AddsAllCount", []int{18}, addsAllCount, 0},
	{"Contention/OneJobOfAnID", []int{39}, oneJobOfAnID, 0},
	{"Contention/WhatDoesNotHoldIsNotSeen", []int{13}, whatDoesNotHoldIsNotSeen, 0},
	{"Contention/NoDeadlock", []int{22}, noDeadlock, 0},
}

// together runs n functions at once, released at the same moment, and returns their errors by index.
func together(n int, f func(i int) error) []error {
	errs := make([]error, n)
	ready := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-ready
			errs[i] = f(i)
		})
	}
	close(ready)
	wg.Wait()
	return errs
}

// update reads keys, lets change write, and commits, again after each conflict, as the library does. Each try is a second later, so that
// a row which is deleted and put again does not come back at a version it had.
func (e *env) update(keys []store.Key, change func(*store.Batch, *store.Rows)) error {
	const tries = 20_000
	for range tries {
		rows, err := e.s.Load(e.ctx, tenant, keys, nil)
		if err != nil {
			return err
		}
		b := store.NewBatch(tenant, start.Add(time.Duration(e.tries.Add(1))*time.Second))
		b.Read(rows)
		change(b, rows)
		if err := e.send(b); !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
	return fmt.Errorf("still a conflict after %d tries", tries)
}

func hundredIncrement(e *env) { e.increments(100) }

// increments lets workers each add one to a number in a row.
func (e *env) increments(workers int) {
	e.Helper()
	row := doc("number")
	row.Body = []byte("0")
	e.put(row)
	wrote := make([]int, workers)
	errs := together(workers, func(i int) error {
		return e.update([]store.Key{row.Key}, func(b *store.Batch, rows *store.Rows) {
			n, _ := strconv.Atoi(string(rows.Found[row.Key].Body))
			wrote[i] = n + 1
			b.Put(store.Row{Key: row.Key, Body: strconv.AppendInt(nil, int64(n+1), 10)})
		})
	})
	if err := errors.Join(errs...); err != nil {
		e.fatal(19, "%d workers that each add one, with retries\ngot error: %v\nwant none", workers, err)
	}
	slices.Sort(wrote)
	for i, n := range wrote {
		if n != i+1 {
			e.fatal(19, "values written by workers that each add one\ngot %v\nwant 1 to %d, each once: a value twice means that two workers decided "+
				"on the same version and both committed", wrote, workers)
		}
	}
	if got := string(e.row(row.Key).Body); got != strconv.Itoa(workers) {
		e.fail(19, "the value in the end\ngot %s\nwant %d", got, workers)
	}
}

func oneClaims(e *env) {
	for round := range 10 {
		key := name(fmt.Sprint("claim", round), store.Key{}).Key
		errs := together(16, func(i int) error {
			return e.send(fresh(batch(), store.Row{Key: key, Body: []byte(strconv.Itoa(i))}))
		})
		winner := -1
		for i, err := range errs {
			switch {
			case err == nil && winner >= 0:
				e.fatal(14, "16 workers that claim one absent name\ngot workers %d and %d who both did\nwant one", winner, i)
			case err == nil:
				winner = i
			default:
				e.isConflict(14, "a worker that claims a name which another has claimed", err, key)
			}
		}
		if got := string(e.row(key).Body); got != strconv.Itoa(winner) {
			e.fail(20, "the name after worker %d claimed it\ngot it claimed by %s\nwant by %d", winner, got, winner)
		}
	}
}

// skew lets pairs of batches, each checking the row that the other writes, commit at once, and expects that at most one of each does.
// set prepares the two rows of a round and returns what both batches read.
func (e *env) skew(what string, set func(a, b store.Key) []store.Row, write func(b *store.Batch, key store.Key)) {
	e.Helper()
	const rounds = 60
	for round := range rounds {
		keys := [2]store.Key{doc(fmt.Sprintf("left%d", round)).Key, doc(fmt.Sprintf("right%d", round)).Key}
		read := set(keys[0], keys[1])
		var batches [2]*store.Batch
		for i := range batches {
			batches[i] = batch()
			batches[i].ReadRow(read...)
			write(batches[i], keys[i])
			e.seal(batches[i])
		}
		errs := together(2, func(i int) error { return e.s.Commit(e.ctx, batches[i]) })
		committed := 0
		for _, err := range errs {
			if err == nil {
				committed++
			} else {
				e.isConflict(15, what, err, keys[0], keys[1])
			}
		}
		if committed > 1 {
			e.fatal(15, "%s, round %d\ngot both committed\nwant at most one", what, round)
		}
	}
}

func writeSkew(e *env) {
	set := func(a, b store.Key) []store.Row {
		e.put(store.Row{Key: a, Body: []byte("on call")}, store.Row{Key: b, Body: []byte("on call")})
		rows := e.load(a, b)
		return []store.Row{rows.Found[a], rows.Found[b]}
	}
	e.skew("two batches that each check a row which the other puts", set, func(b *store.Batch, key store.Key) {
		b.Put(store.Row{Key: key, Body: []byte("off call")})
	})
}

func writeSkewOnAbsence(e *env) {
	set := func(a, b store.Key) []store.Row { return []store.Row{{Key: a}, {Key: b}} }
	e.skew("two batches that each check the absence of a row which the other puts", set, func(b *store.Batch, key store.Key) {
		b.Put(store.Row{Key: key})
	})
}

func checkAgainstDelete(e *env) {
	set := func(a, b store.Key) []store.Row {
		e.put(store.Row{Key: a}, store.Row{Key: b})
		rows := e.load(a, b)
		return []store.Row{rows.Found[a], rows.Found[b]}
	}
	e.skew("two batches that each check a row which the other deletes", set, func(b *store.Batch, key store.Key) { b.Delete(key) })
}

// whatDoesNotHoldIsNotSeen lets some commit batches of which the last write does not hold, while others look for what is in them.
func whatDoesNotHoldIsNotSeen(e *env) {
	const writers, readers, rounds = 3, 3, 40
	e.put(doc("taken"))
	var left atomic.Int32
	left.Store(writers)
	errs := together(writers+readers, func(i int) error {
		if i < writers {
			defer left.Add(-1)
			for round := range rounds {
				b := fresh(batch(), conv(i), doc("taken"))
				b.Add("n", 1)
				b.Enqueue(store.Job{ID: fmt.Sprintf("job%d-%d", i, round), Group: "g"})
				if err := e.send(b); !errors.Is(err, store.ErrConflict) {
					return fmt.Errorf("a batch that does not hold: %w", cmp.Or(err, errors.New("no error")))
				}
			}
			return nil
		}
		for n := 0; left.Load() > 0; n++ {
			rows, err := e.s.Load(e.ctx, tenant, []store.Key{conv(0).Key, conv(1).Key, conv(2).Key}, []string{"n"})
			if err != nil {
				return err
			}
			page, err := e.s.List(e.ctx, of(store.Query{Kind: store.Conversation}))
			if err != nil {
				return err
			}
			leases, err := e.s.Jobs(e.ctx, wide(store.JobQuery{Now: start, Token: fmt.Sprintf("%d-%d", i, n), Tenant: tenant}))
			if err != nil {
				return err
			}
			if len(rows.Found)+len(page.Rows)+len(leases) > 0 || rows.Counters["n"] != 0 {
				return fmt.Errorf("found %d rows, listed %d, leased %d groups, counter %d", len(rows.Found), len(page.Rows), len(leases), rows.Counters["n"])
			}
		}
		return nil
	})
	if err := errors.Join(errs...); err != nil {
		e.fatal(13, "readers beside batches that do not hold\ngot %v\nwant nothing of them seen at any time", err)
	}
}

// oneJobOfAnID has workers queue jobs of the same IDs at once, each with a row of its own, so that nothing but the jobs is common to them.
func oneJobOfAnID(e *env) {
	const workers, rounds = 8, 10
	for round := range rounds {
		id := fmt.Sprint("job", round)
		errs := together(workers, func(i int) error {
			key := store.Key{Kind: store.Document, ID: fmt.Sprintf("anchor/%d-%d", round, i)}
			return e.update([]store.Key{key}, func(b *store.Batch, _ *store.Rows) {
				b.Put(store.Row{Key: key})
				b.Enqueue(store.Job{ID: id, Group: "g"})
			})
		})
		if err := errors.Join(errs...); err != nil {
			e.fatal(39, "workers that queue a job of the same ID\ngot error: %v\nwant none: it counts once, and the rest of each batch is written", err)
		}
		e.same(39, "jobs that several have queued at once", held(e.lease(start, id)), []string{"g: " + id})
		e.finish(store.Finish{Group: "g", Token: id, Jobs: []string{id}})
		e.same(39, "jobs after that one was finished", held(e.lease(start, id+"/again")), []string{})
	}
	e.same(39, "rows of the batches that queued", len(e.all(store.Query{Kind: store.Document, Prefix: "anchor/", Limit: 1000})), workers*rounds)
}

func addsAllCount(e *env) {
	const workers, each = 16, 10
	errs := together(workers, func(i int) error {
		for j := range each {
			b := anchored(fmt.Sprintf("%d-%d", i, j))
			b.Add("n", 1)
			b.Add("m", int64(-i))
			b.Add(fmt.Sprintf("own%d", i), 1)
			if err := e.send(b); err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(errs...); err != nil {
		e.fatal(18, "workers that add to one counter, each with a row of its own\ngot error: %v\nwant none: an add has no condition", err)
	}
	counters := e.loadOf(tenant, nil, []string{"n", "m", "own3"}).Counters
	e.same(18, "counters after the adds of many", counters, map[string]int64{"n": workers * each, "m": -each * workers * (workers - 1) / 2, "own3": each})
}

func noDeadlock(e *env) {
	const workers, rounds = 8, 12
	var docs []store.Row
	var keys []store.Key
	for i := range 6 {
		docs = append(docs, doc(fmt.Sprint("d", i)))
		keys = append(keys, docs[i].Key)
	}
	e.put(docs...)
	errs := together(workers, func(i int) error {
		for round := range rounds {
			err := e.update(keys, func(b *store.Batch, _ *store.Rows) {
				for j := range 4 { // another set in another order for each worker and round
					b.Put(docs[(i*5+round+j*(1+i%2*4))%len(docs)])
					b.Add(counterNames[(i+j)%len(counterNames)], 1)
				}
				b.Enqueue(store.Job{ID: fmt.Sprintf("job%d-%d", i, round), Group: groupNames[(i+round)%len(groupNames)]})
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(errs...); err != nil {
		e.fatal(22, "workers that write the same rows, counters and groups in changing orders\ngot error: %v\nwant nothing but conflicts, which pass", err)
	}
	var total int64
	for _, n := range e.loadOf(tenant, nil, counterNames).Counters {
		total += n
	}
	e.same(22, "the sum of the counters", total, int64(workers*rounds*4))
}
