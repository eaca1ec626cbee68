package storetest

import (
	"fmt"
	"slices"

	"github.com/frontdesk-go/frontdesk/store"
)

// lookAlikes are texts that some collation takes for equal or puts in another order, in byte order.
var lookAlikes = slices.Sorted(slices.Values([]string{
	"!", "%", "'", "-", "A", "B", "E", "I", "S", "SS", "Z", "\\", "_", "a", "a ", "a%b", "a-b", "a_b", "ab", "b", "e", "foo", "foo bar", "foo!", "foo|",
	"foo}", "i", "ss", "z", "\t", " a", "🙂", "🙃", "\u00ad",
	"a\u00a0", "\u00a0", // no-break spaces
	"e\u0301", "\u00e9", "\u00c9", // an accent, decomposed and composed
	"A\u030a", "\u00c5", "\u212b", "\u00e5", // a ring, decomposed, composed, and the unit
	"\u00df", "\u1e9e", // sharp s, small and capital
	"\u0130", "\u0131", // dotted capital i, dotless small i
	"\uff46\uff4f\uff4f", // full-width letters
}))

func idsByteByByte(e *env) {
	rows := make([]store.Row, len(lookAlikes))
	for i, id := range lookAlikes {
		rows[i] = store.Row{Key: store.Key{Kind: store.Conversation, ID: id}, Body: []byte(id), Facts: []store.Fact{{Name: "tag", Value: "red"}},
			Place: &store.Place{Shelf: "open"}}
	}
	e.put(rows...)
	for _, row := range rows {
		if got := e.row(row.Key); string(got.Body) != row.ID || got.ID != row.ID {
			e.fail(2, "Load of ID %q\ngot the row of %q\nwant its own", row.ID, got.Body)
		}
	}
	for _, q := range []store.Query{
		{},
		{Fact: "tag", Value: "red"},
		{Ranges: []store.Range{{Shelf: "open"}}},
	} {
		q.Kind, q.Ascending, q.Limit = store.Conversation, true, 7
		e.same(2, "IDs of "+describe(&q), e.all(q), lookAlikes)
	}
}

func valuesByteByByte(e *env) {
	rows := make([]store.Row, len(lookAlikes))
	for i, v := range lookAlikes {
		rows[i] = conv(100 + i)
		rows[i].Facts = []store.Fact{{Name: "tag", Value: v}}
		rows[i].Place = &store.Place{Shelf: v, Mailbox: v, Team: v, Agent: v}
		rows[i].Words = []string{v}
	}
	e.put(rows...)
	for i, v := range lookAlikes {
		for _, q := range []store.Query{
			{Fact: "tag", Value: v},
			{Ranges: []store.Range{{Shelf: v}}},
			{Ranges: []store.Range{{Shelf: v, By: store.ByMailbox, Value: v}}},
			{Ranges: []store.Range{{Shelf: v, By: store.ByTeam, Value: v}}},
			{Ranges: []store.Range{{Shelf: v, By: store.ByAgent, Value: v}}},
			{Match: []store.Match{{Name: "tag", Any: []string{v}}}},
			{Match: []store.Match{{Name: "@team", Any: []string{v}}}},
		} {
			q.Kind = store.Conversation
			e.same(2, "IDs of "+describe(&q), e.all(q), []string{rows[i].ID})
		}
		q := store.Query{Kind: store.Conversation, Words: []string{v}}
		e.same(2, "IDs of "+describe(&q), e.all(q), expect(rows, q))
	}
	for _, c := range common() {
		b := batch()
		for i, v := range lookAlikes {
			fresh(b, store.Row{Key: store.Key{Kind: c.Kind, ID: fmt.Sprintf("r%02d", i)}, Facts: []store.Fact{{Name: c.Fact, Value: v}}})
		}
		e.commit(b)
		for i, v := range lookAlikes {
			q := store.Query{Kind: c.Kind, Fact: c.Fact, Value: v}
			e.same(2, "IDs of "+describe(&q), e.all(q), []string{fmt.Sprintf("r%02d", i)})
		}
	}
}

// common are the lists by a fact that every row of its kind has, for which a store may have a column.
func common() []store.Query {
	return []store.Query{{Kind: store.Message, Fact: "conversation"}, {Kind: store.Event, Fact: "feed"}, {Kind: store.Delivery, Fact: "state"}}
}

func countersAndJobsByteByByte(e *env) {
	b := anchored("x")
	for i, v := range lookAlikes {
		b.Add(v, int64(i+1))
		b.Enqueue(store.Job{ID: v, Group: v})
	}
	e.commit(b)
	rows := e.loadOf(tenant, nil, lookAlikes)
	for i, v := range lookAlikes {
		if rows.Counters[v] != int64(i+1) {
			e.fail(2, "counter %q\ngot %d\nwant %d", v, rows.Counters[v], i+1)
		}
	}
	want := make([]string, len(lookAlikes))
	for i, v := range lookAlikes {
		want[i] = v + ": " + v
	}
	slices.Sort(want)
	e.same(2, "groups leased", held(e.lease(start, "t")), want)
}
