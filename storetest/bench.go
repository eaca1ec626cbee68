package storetest

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/frontdesk-go/frontdesk/store"
)

// Bench measures a store as a host uses it: an inbound message, a page of each kind of list at its beginning and a thousand pages on, the
// counters of all tabs, and leasing with finishing. newStore returns a fresh, empty store.
//
// The store is filled with as many conversations as the environment variable FRONTDESK_BENCH_ROWS says. Defaults to 20,000. Run it at two
// sizes and compare: what is indexed costs the same at both.
func Bench(b *testing.B, newStore func(b *testing.B) store.Store) {
	f := &fixture{Store: newStore(b), rows: int(number("FRONTDESK_BENCH_ROWS", 20_000))}
	f.fill(b)
	b.Run("Inbound", f.inbound)
	b.Run("Page", f.pages)
	b.Run("Counters", f.counters)
	b.Run("LeaseFinish", f.leaseFinish)
}

// fixture is a filled store.
type fixture struct {
	store.Store
	rows int
	sent int // messages that came in so far
	jobs int // jobs leased so far
}

const (
	benchMailboxes = 5
	benchTeams     = 4
	benchAgents    = 20
)

// benchConversation returns the i-th conversation, with the places and facts that a conversation of an inbox has.
func benchConversation(i int) store.Row {
	at := int64(i) * 1000
	return store.Row{
		Key:  store.Key{Kind: store.Conversation, ID: fmt.Sprintf("c%08d", i)},
		Body: make([]byte, 600),
		Place: &store.Place{Shelf: "open", Mailbox: fmt.Sprint("mailbox", i%benchMailboxes), Team: fmt.Sprint("team", i%benchTeams),
			Agent: fmt.Sprint("agent", i%benchAgents), Activity: at},
		Facts: []store.Fact{{Name: "contact", Value: fmt.Sprint("contact", i), Order: at}, {Name: "number", Value: strconv.Itoa(i)},
			{Name: "tag", Value: fmt.Sprint("tag", i%10), Order: at}, {Name: "reader", Value: "agent1"}},
	}
}

func (f *fixture) commit(b *testing.B, batch *store.Batch) {
	b.Helper()
	if err := batch.Seal(); err != nil {
		b.Fatal(err)
	}
	if err := f.Commit(b.Context(), batch); err != nil {
		b.Fatal(err)
	}
}

// settings are the rows that an inbound message checks and does not change.
var settings = []store.Key{doc("mailbox/1").Key, doc("channel/1").Key, doc("rule/1").Key}

// fill commits conversations and a message of each, a thousand at a time.
func (f *fixture) fill(b *testing.B) {
	b.Helper()
	const each = 1000
	batch := fresh(store.NewBatch(tenant, start), doc("mailbox/1"), doc("channel/1"), doc("rule/1"))
	for i := range f.rows {
		c := benchConversation(i)
		fresh(batch, c, name(fmt.Sprintf("thread/1/%08d", i), c.Key),
			store.Row{Key: store.Key{Kind: store.Message, ID: fmt.Sprintf("m%08d", i)}, Body: make([]byte, 400),
				Facts: []store.Fact{{Name: "conversation", Value: c.ID, Order: 1}}})
		batch.Add(fmt.Sprint("unread/agent", i%benchAgents), 1)
		if i%each == each-1 || i == f.rows-1 {
			f.commit(b, batch)
			batch = store.NewBatch(tenant, start)
		}
	}
}

// inbound loads what a message needs and commits it. The jobs it queues are leased and finished outside of the measurement.
func (f *fixture) inbound(b *testing.B) {
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		f.message(ctx, b)
		if f.sent%500 == 0 {
			b.StopTimer()
			f.drain(b, 500)
			b.StartTimer()
		}
	}
	b.StopTimer()
	f.drain(b, 500)
}

func (f *fixture) message(ctx context.Context, b *testing.B) {
	f.sent++
	n := f.sent
	id := fmt.Sprintf("new%09d", n)
	thread := store.Key{Kind: store.Name, ID: fmt.Sprintf("thread/1/%08d", (n*7919)%f.rows)}
	claim, key := store.Key{Kind: store.Name, ID: "msg/1/" + id}, store.Key{Kind: store.Message, ID: id}
	rows, err := f.Load(ctx, tenant, []store.Key{thread, claim, key, settings[0], settings[1], settings[2]}, nil)
	if err != nil {
		b.Fatal(err)
	}
	c, ok := rows.Led(thread)
	if !ok {
		b.Fatalf("the conversation of %s is gone", thread)
	}
	batch := store.NewBatch(tenant, start)
	batch.Read(rows)
	batch.Ignore(thread)
	c.Place.Activity = int64(f.rows+n) * 1000
	batch.Put(c)
	batch.Put(store.Row{Key: key, Body: make([]byte, 400), Facts: []store.Fact{{Name: "conversation", Value: c.ID, Order: int64(n)}}})
	batch.Put(store.Row{Key: claim, Target: key})
	for _, counter := range benchCounters[:8] {
		batch.Add(counter, 1)
	}
	batch.Enqueue(store.Job{ID: id, Group: "feed", Order: int64(n), Body: []byte(id)})
	f.commit(b, batch)
}

// drain leases and finishes all jobs.
func (f *fixture) drain(b *testing.B, perGroup int) {
	for f.lease(b, store.JobQuery{Tenant: tenant, Limit: 100, PerTenant: 100, PerGroup: perGroup}) > 0 {
	}
}

// lease leases once and finishes what it got.
func (f *fixture) lease(b *testing.B, q store.JobQuery) int {
	f.jobs++
	q.Now, q.Until, q.Token = start, start.Add(time.Minute), strconv.Itoa(f.jobs)
	leases, err := f.Jobs(b.Context(), q)
	if err != nil {
		b.Fatal(err)
	}
	done := store.NewBatch(tenant, start)
	for _, l := range leases {
		finish := store.Finish{Group: l.Group, Token: l.Token}
		for _, j := range l.Jobs {
			finish.Jobs = append(finish.Jobs, j.ID)
		}
		done.Done(finish)
	}
	f.commit(b, done)
	return len(leases)
}

// benchCounters are the counters of all tabs of an inbox: 120.
var benchCounters = func() []string {
	var names []string
	for i := range 60 {
		names = append(names, fmt.Sprintf("total/open/tab%d", i), fmt.Sprintf("read/open/tab%d/agent1", i))
	}
	return names
}()

// counters measures the numbers of all tabs in one call.
func (f *fixture) counters(b *testing.B) {
	for b.Loop() {
		if _, err := f.Load(b.Context(), tenant, nil, benchCounters); err != nil {
			b.Fatal(err)
		}
	}
}

// leaseFinish measures leasing one group of many that are due and finishing it.
func (f *fixture) leaseFinish(b *testing.B) {
	const groups = 1000
	queued := 0
	for n := 0; b.Loop(); n++ {
		if n%groups == 0 {
			b.StopTimer()
			queued++
			batch := fresh(store.NewBatch(tenant, start), doc(fmt.Sprintf("queued/%d/%d", f.jobs, queued)))
			for i := range groups {
				batch.Enqueue(store.Job{ID: fmt.Sprintf("job%d/%d/%d", f.jobs, queued, i), Group: fmt.Sprintf("out/%d", i)})
			}
			f.commit(b, batch)
			b.StartTimer()
		}
		if f.lease(b, store.JobQuery{Limit: 1, PerTenant: 1, PerGroup: 10}) != 1 {
			b.Fatal("no group was leased though one is due")
		}
	}
	b.StopTimer()
	f.drain(b, 10)
}
