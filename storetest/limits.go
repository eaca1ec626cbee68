package storetest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/frontdesk-go/frontdesk/store"
)

// longest returns a text of MaxID bytes that compresses badly and differs by i.
func longest(i int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%03d", i)
	for x := uint32(i + 1); b.Len() < store.MaxID-3; {
		x = x*1664525 + 1013904223
		b.WriteRune(rune(0x1F300 + x>>24))
	}
	for b.Len() < store.MaxID {
		b.WriteByte('z')
	}
	return b.String()
}

func longestInputs(e *env) {
	var rows []store.Row
	want := map[string]int64{}
	b := batch()
	for i := range 3 {
		l := longest(i)
		row := store.Row{Key: store.Key{Kind: store.Conversation, ID: l}, Place: &store.Place{Shelf: longest(7), Mailbox: longest(8), Team: longest(9), Agent: longest(10)},
			Facts: []store.Fact{{Name: "tag", Value: longest(11)}, {Name: l, Value: l}}, Words: []string{l}}
		rows = append(rows, row)
		fresh(b, row, name(longest(20+i), row.Key))
		b.Add(l, int64(i+1))
		want[l] = int64(i + 1)
		b.Enqueue(store.Job{ID: l, Group: l})
	}
	e.commit(b)
	of := store.Row{Key: store.Key{Kind: store.Kind(longest(13)), ID: "a"}, Target: store.Key{Kind: store.Kind(longest(14)), ID: "b"}, Body: []byte("long")}
	b = fresh(store.NewBatch(longest(15), start), of, store.Row{Key: of.Target})
	b.Enqueue(store.Job{ID: "j", Group: "g"})
	if err := e.try(b); err != nil {
		e.fatal(7, "Commit for the longest tenant and kind\ngot error: %v\nwant none", err)
	}
	if row, ok := e.loadOf(longest(15), []store.Key{of.Key}, nil).Led(of.Key); !ok || row.Key != of.Target {
		e.fail(7, "the row of the longest kind, of the longest tenant\ngot a lead to %s, %t\nwant one to %s", row.Key, ok, of.Target)
	}
	e.same(7, "IDs of the longest kind, of the longest tenant", e.all(store.Query{Tenant: longest(15), Kind: of.Kind}), []string{"a"})
	if leases := e.leaseBy(store.JobQuery{Now: start, Token: "t", Tenant: longest(15)}); len(leases) != 1 || leases[0].Tenant != longest(15) {
		e.fail(7, "groups leased of the longest tenant\ngot %s\nwant one", short(leases))
	}
	e.same(7, "counters with the longest names", e.loadOf(tenant, nil, ids(rows)).Counters, want)
	if row, ok := e.load(store.Key{Kind: store.Name, ID: longest(20)}).Led(store.Key{Kind: store.Name, ID: longest(20)}); !ok || row.ID != longest(0) {
		e.fail(7, "the longest name\ngot a lead to %q, %t\nwant the longest ID", row.ID, ok)
	}
	for _, q := range []store.Query{
		{},
		{Prefix: longest(1)[:251]},
		{Fact: "tag", Value: longest(11)},
		{Ranges: []store.Range{{Shelf: longest(7)}}},
		{Ranges: []store.Range{{Shelf: longest(7), By: store.ByAgent, Value: longest(10)}, {Shelf: longest(7), By: store.ByTeam, Value: longest(9)}}},
	} {
		q.Kind, q.Limit, q.Ascending = store.Conversation, 1, true
		wanted := ids(rows)
		if q.Prefix != "" {
			wanted = wanted[1:2]
		}
		e.same(7, "the longest IDs, page by page", e.all(q), wanted)
	}
	if leases := e.lease(start, longest(12)); len(leases) != 3 || len(leases[0].Group) != store.MaxID || len(leases[0].Jobs[0].ID) != store.MaxID {
		e.fail(7, "the longest groups and job IDs\ngot %d leases\nwant 3", len(leases))
	}
}

func largestRow(e *env) {
	row := full("large")
	row.Body = make([]byte, store.MaxBody)
	for i, x := 0, uint32(1); i < len(row.Body); i++ {
		x = x*1664525 + 1013904223
		row.Body[i] = byte(x >> 24)
	}
	row.Facts, row.Words = nil, nil
	for i := range store.MaxFacts {
		row.Facts = append(row.Facts, store.Fact{Name: "tag", Value: fmt.Sprintf("v%03d", i) + strings.Repeat("v", store.MaxID-4), Order: int64(i)})
	}
	for i := range store.MaxWords {
		row.Words = append(row.Words, fmt.Sprintf("w%04d", i)+strings.Repeat("w", store.MaxID-5))
	}
	b := fresh(batch(), row)
	b.Enqueue(store.Job{ID: "j1", Group: "g", Body: row.Body})
	e.commit(b)
	got := e.row(row.Key)
	if !bytes.Equal(got.Body, row.Body) || !slices.Equal(got.Facts, row.Facts) || !slices.Equal(got.Words, row.Words) {
		e.fail(7, "the largest row\ngot %d bytes, %d facts, %d words\nwant %d, %d, %d, unchanged", len(got.Body), len(got.Facts), len(got.Words),
			len(row.Body), len(row.Facts), len(row.Words))
	}
	e.same(7, "list by the last of the most facts", e.all(store.Query{Kind: store.Conversation, Fact: "tag", Value: row.Facts[store.MaxFacts-1].Value}), []string{"large"})
	e.same(7, "list by the last of the most words", e.all(store.Query{Kind: store.Conversation, Words: row.Words[store.MaxWords-1:]}), []string{"large"})
	if leases := e.lease(start, "t"); len(leases) != 1 || !bytes.Equal(leases[0].Jobs[0].Body, row.Body) {
		e.fail(7, "the largest job\ngot %s\nwant its body unchanged", short(leases))
	}
	e.remove(row.Key)
}
