package storetest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/frontdesk-go/frontdesk/store"
)

// shadow is the second tenant of every case: same keys, counters, jobs, groups and places, other bodies and far-off due times.
type shadow struct {
	tenant   string
	keys     []store.Key
	counters []string
	before   shadowState
}

// shadowState is all that can be seen of a tenant.
type shadowState struct {
	Found    map[store.Key]store.Row
	Counters map[string]int64
	Lists    [][]string
}

// farOff is when the shadow's jobs are due: after everything a case does.
var farOff = start.AddDate(50, 0, 0)

// The names that cases use, and the shadow tenant too.
var (
	counterNames = []string{"n", "m", "total"}
	groupNames   = []string{"g", "h", "out/1"}
	jobNames     = []string{"j1", "j2", "j3", "j4"}
)

// castShadow writes the shadow tenant. Like the case it leaves the store as the fresh one that New returned to everybody else.
func (e *env) castShadow() *shadow {
	sh := &shadow{tenant: tenant + "2", counters: counterNames}
	b := store.NewBatch(sh.tenant, start)
	for _, row := range shadowRows() {
		fresh(b, row)
		sh.keys = append(sh.keys, row.Key)
	}
	for i, name := range sh.counters {
		b.Add(name, int64(1000+i))
	}
	for i, id := range jobNames {
		b.Enqueue(store.Job{ID: id, Group: groupNames[i%len(groupNames)], Order: int64(i), Due: farOff, Body: []byte("shadow")})
	}
	e.must("Commit for the second tenant", e.try(b))
	sh.before = sh.look(e)
	return sh
}

func shadowRows() []store.Row {
	var rows []store.Row
	for i := range 6 {
		row := conv(i)
		row.Body = []byte("shadow")
		row.Facts = []store.Fact{{Name: "tag", Value: "red", Order: int64(i)}}
		rows = append(rows, row)
		m := message(i, conv(i).ID)
		m.Body, m.Words = []byte("shadow"), []string{"alpha", "beta"}
		rows = append(rows, m, name(fmt.Sprintf("n%d", i), m.Key))
	}
	return rows
}

// look reads the tenant as it is now.
func (sh *shadow) look(e *env) shadowState {
	rows := e.loadOf(sh.tenant, sh.keys, sh.counters)
	st := shadowState{Found: rows.Found, Counters: rows.Counters}
	for _, q := range []store.Query{
		{Kind: store.Conversation, Ranges: []store.Range{{Shelf: "open"}}},
		{Kind: store.Conversation, Fact: "tag", Value: "red"},
		{Kind: store.Message},
		{Kind: store.Message, Words: []string{"alp"}},
	} {
		q.Tenant = sh.tenant
		st.Lists = append(st.Lists, e.all(q))
	}
	return st
}

// compare expects the tenant as it was, and every job of it still queued and free.
func (sh *shadow) compare(e *env) {
	e.ctx = context.Background()
	e.same(1, "the second tenant, which nobody wrote to", sh.look(e), sh.before)
	leases, err := e.s.Jobs(e.ctx, wide(store.JobQuery{Now: farOff.Add(time.Hour), Token: "shadow", Tenant: sh.tenant}))
	if err != nil {
		e.fail(1, "Jobs of the second tenant\ngot error: %v\nwant none", err)
		return
	}
	want := []string{"g: j1 j4", "h: j2", "out/1: j3"}
	if got := held(leases); !slices.Equal(got, want) {
		e.fail(1, "jobs of the second tenant\ngot %q\nwant %q", got, want)
	}
}

// conv returns a conversation on the shelf "open": the same for the case's tenant and the shadow's.
func conv(i int) store.Row {
	return store.Row{
		Key:  store.Key{Kind: store.Conversation, ID: fmt.Sprintf("c%03d", i)},
		Body: fmt.Appendf(nil, "body of %d", i),
		Place: &store.Place{
			Shelf: "open", Mailbox: fmt.Sprintf("m%d", i%3), Team: fmt.Sprintf("t%d", i%2), Agent: fmt.Sprintf("a%d", i%4), Activity: int64(1000 + i),
		},
	}
}

// message returns a message that is listed by its conversation.
func message(i int, conversation string) store.Row {
	return store.Row{
		Key:   store.Key{Kind: store.Message, ID: fmt.Sprintf("m%03d", i)},
		Body:  fmt.Appendf(nil, "message %d", i),
		Facts: []store.Fact{{Name: "conversation", Value: conversation, Order: int64(i)}},
	}
}

func name(id string, target store.Key) store.Row {
	return store.Row{Key: store.Key{Kind: store.Name, ID: id}, Target: target}
}

func doc(id string) store.Row {
	return store.Row{Key: store.Key{Kind: store.Document, ID: id}, Body: []byte("{}")}
}
