package memstore_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/tidwall/btree"

	"github.com/frontdesk-go/frontdesk/store"
	"github.com/frontdesk-go/frontdesk/store/memstore"
	"github.com/frontdesk-go/frontdesk/storetest"
)

func BenchmarkStore(b *testing.B) {
	storetest.Bench(b, func(*testing.B) store.Store { return memstore.New() })
}

// mover is the limit beside which a message is measured: moving an entry to the top of a tree with a million.
type mover struct {
	tree *btree.BTreeG[position]
	at   []int64
	ids  []string
	n    int
}

type position struct {
	order int64
	id    string
}

func newMover(n int) *mover {
	m := &mover{at: make([]int64, n), ids: make([]string, n)}
	m.tree = btree.NewBTreeGOptions(func(a, b position) bool { return a.order < b.order || a.order == b.order && a.id < b.id }, btree.Options{NoLocks: true})
	for i := range n {
		m.at[i], m.ids[i] = int64(i), fmt.Sprintf("%08d", i)
		m.tree.Set(position{m.at[i], m.ids[i]})
	}
	return m
}

func (m *mover) move() {
	i := (m.n * 7919) % len(m.at)
	m.n++
	m.tree.Delete(position{m.at[i], m.ids[i]})
	m.at[i] = int64(len(m.at) + m.n)
	m.tree.Set(position{m.at[i], m.ids[i]})
}

// inbox is a store with conversations that messages come in to.
type inbox struct {
	*memstore.Store
	conversations, sent int
}

func conversation(i int) store.Row {
	at := int64(i)
	return store.Row{Key: store.Key{Kind: store.Conversation, ID: fmt.Sprintf("c%08d", i)}, Body: make([]byte, 600),
		Place: &store.Place{Shelf: "open", Mailbox: fmt.Sprint("m", i%5), Agent: fmt.Sprint("a", i%20), Activity: at},
		Facts: []store.Fact{{Name: "contact", Value: fmt.Sprint("k", i), Order: at}, {Name: "number", Value: strconv.Itoa(i)}, {Name: "tag", Value: "t", Order: at}}}
}

func newInbox(b *testing.B, conversations int) *inbox {
	in := &inbox{Store: memstore.New(), conversations: conversations}
	for i := range conversations {
		commit(b, in, fmt.Sprint("doc", i), func(batch *store.Batch) {
			c := conversation(i)
			batch.ReadRow(store.Row{Key: c.Key})
			batch.Put(c)
		})
	}
	return in
}

var counters = []string{"open", "open/m1", "open/m1/any", "open/a1", "read/open", "read/open/m1", "read/open/m1/any", "read/open/a1"}

var text = make([]byte, 400) // which the store has to copy

// names are the ID and the conversation of a message, made before it is measured.
type names struct{ id, conversation string }

func (in *inbox) names(n int) []names {
	out := make([]names, n)
	for i := range out {
		sent := in.sent + i + 1
		out[i] = names{fmt.Sprintf("m%09d", sent), fmt.Sprintf("c%08d", sent*7919%in.conversations)}
	}
	return out
}

// message loads six keys and commits three checks, three rows, eight counters and a job.
func (in *inbox) message(b *testing.B, n names) {
	in.sent++
	id, key := n.id, store.Key{Kind: store.Conversation, ID: n.conversation}
	message, claim := store.Key{Kind: store.Message, ID: id}, store.Key{Kind: store.Name, ID: id}
	rows, err := in.Load(b.Context(), "acme", []store.Key{key, message, claim, {Kind: store.Document, ID: "doc1"}, {Kind: store.Document, ID: "doc2"},
		{Kind: store.Document, ID: "none"}}, nil)
	if err != nil {
		b.Fatal(err)
	}
	batch := store.NewBatch("acme", now)
	batch.Read(rows)
	c, _ := rows.Row(key)
	c.Place.Activity = int64(in.conversations + in.sent)
	c.Facts[0].Order = c.Place.Activity
	batch.Put(c)
	batch.Put(store.Row{Key: message, Body: text, Facts: []store.Fact{{Name: "conversation", Value: key.ID, Order: int64(in.sent)}}})
	batch.Put(store.Row{Key: claim, Target: message})
	for _, name := range counters {
		batch.Add(name, 1)
	}
	batch.Enqueue(store.Job{ID: id, Group: "feed", Order: int64(in.sent)})
	if err := batch.Seal(); err != nil {
		b.Fatal(err)
	}
	if err := in.Commit(b.Context(), batch); err != nil {
		b.Fatal(err)
	}
}

// drain finishes the jobs of a turn, as a Desk does: a queue that grows for ever is not what is measured.
func (in *inbox) drain(b *testing.B) {
	token := strconv.Itoa(in.sent)
	for _, l := range jobs(b, in, store.JobQuery{Now: now, Token: token, Limit: 1, PerTenant: 1, PerGroup: 1000}) {
		finish := store.Finish{Group: l.Group, Token: token}
		for _, j := range l.Jobs {
			finish.Jobs = append(finish.Jobs, j.ID)
		}
		batch := store.NewBatch("acme", now)
		batch.Done(finish)
		if err := batch.Seal(); err != nil {
			b.Fatal(err)
		}
		if err := in.Commit(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkInboundToMove measures a message against moving one entry in a tree of a million, turn by turn, so that what else the machine
// does falls on both. A move is about 0.9 µs on an idle machine.
func BenchmarkInboundToMove(b *testing.B) {
	in, m := newInbox(b, 10_000), newMover(1_000_000)
	var messages, moves time.Duration
	const turn = 100
	for b.Loop() {
		next := in.names(turn)
		began := time.Now()
		for range turn {
			m.move()
		}
		moved := time.Now()
		for i := range next {
			in.message(b, next[i])
		}
		messages += time.Since(moved)
		moves += moved.Sub(began)
		in.drain(b)
	}
	b.ReportMetric(float64(messages.Nanoseconds())/float64(b.N*turn), "ns/message")
	b.ReportMetric(float64(moves.Nanoseconds())/float64(b.N*turn), "ns/move")
	b.ReportMetric(float64(messages)/float64(moves), "moves/message")
}

// BenchmarkLease leases and finishes one group among many that are due. The ratio to the first size says what the others cost.
func BenchmarkLease(b *testing.B) {
	var first float64
	for _, groups := range []int{1000, 100_000} {
		s := memstore.New()
		commit(b, s, "doc", func(batch *store.Batch) {
			for i := range groups {
				batch.Enqueue(store.Job{ID: strconv.Itoa(i), Group: strconv.Itoa(i)})
			}
		})
		b.Run(fmt.Sprintf("%dGroups", groups), func(b *testing.B) {
			for n := 0; b.Loop(); n++ {
				token := strconv.Itoa(n)
				leases := jobs(b, s, store.JobQuery{Now: now, Token: token, Limit: 1, PerTenant: 1, PerGroup: 1})
				batch := store.NewBatch("acme", now)
				batch.Done(store.Finish{Group: leases[0].Group, Token: token})
				_ = batch.Seal()
				_ = s.Commit(b.Context(), batch)
			}
			took := float64(b.Elapsed().Nanoseconds()) / float64(b.N)
			if first == 0 {
				first = took
			}
			b.ReportMetric(took/first, "x-first")
		})
	}
}
