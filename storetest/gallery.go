package storetest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/frontdesk-go/frontdesk/store"
)

// gallery commits conversations that differ in all that lists go by, several with equal activities and equal orders, and returns them.
func (e *env) gallery(n int) []store.Row {
	e.Helper()
	rows := make([]store.Row, n)
	pick := func(i int, values ...string) string { return values[i%len(values)] }
	for i := range rows {
		rows[i] = store.Row{
			Key:  store.Key{Kind: store.Conversation, ID: fmt.Sprintf("c%03d", (i*37)%997)},
			Body: fmt.Appendf(nil, "%d", i),
			Place: &store.Place{Shelf: pick(i/2, "open", "done", "spam"), Mailbox: pick(i, "m1", "m2", "M1", ""), Team: pick(i/3, "t1", "", "t2"),
				Agent: pick(i/5, "a1", "a2", ""), Activity: int64(i/4) - 3},
			Facts: []store.Fact{{Name: "tag", Value: pick(i, "red", "blue"), Order: int64(i/6) - 4}, {Name: "contact", Value: pick(i/7, "x", "y"), Order: int64(-i)},
				{Name: "size", Value: pick(i, "s", "m", "l"), Order: int64(i)}},
			Words: []string{pick(i, "alpha", "beta"), pick(i/2, "gamma", "gam", "delta")},
		}
		if i%11 == 10 {
			rows[i].Place = nil
		}
	}
	e.put(rows...)
	return rows
}

// expect returns the IDs that a query selects of some rows, by the words of the rules: a filter and a sort.
func expect(rows []store.Row, q store.Query) []string {
	type item struct {
		order int64
		id    string
	}
	var items []item
	for i := range rows {
		row := &rows[i]
		if order, in := orderIn(row, &q); in && row.Kind == q.Kind && store.Matches(row, &q) {
			items = append(items, item{order, row.ID})
		}
	}
	slices.SortFunc(items, func(a, b item) int {
		sign := 1
		if q.Ascending {
			sign = -1
		}
		switch {
		case a.order != b.order && a.order > b.order, a.order == b.order && a.id > b.id:
			return -sign
		case a == b:
			return 0
		}
		return sign
	})
	out := make([]string, len(items))
	for i := range items {
		out[i] = items[i].id
	}
	return out
}

// orderIn returns a row's order in a query's list, and whether it is in it.
func orderIn(row *store.Row, q *store.Query) (int64, bool) {
	switch {
	case len(q.Ranges) > 0:
		if row.Place == nil {
			return 0, false
		}
		return row.Place.Activity, slices.ContainsFunc(q.Ranges, row.Place.In)
	case q.Fact != "":
		for _, f := range row.Facts {
			if f.Name == q.Fact && f.Value == q.Value {
				return f.Order, true
			}
		}
		return 0, false
	}
	return 0, strings.HasPrefix(row.ID, q.Prefix)
}

// listed expects that walking a query in pages gives what expect says, in the same order.
func (e *env) listed(rule int, rows []store.Row, q store.Query) {
	e.Helper()
	want := expect(rows, q)
	for _, limit := range []int{0, 3} {
		q.Limit = limit
		if got := e.all(q); !slices.Equal(got, want) {
			e.fail(rule, "walk of %s\ngot %q\nwant %q", describe(&q), got, want)
		}
	}
}

// ranged are queries of one range each, over all dimensions, some of them empty.
func ranged() []store.Query {
	var qs []store.Query
	for _, shelf := range []string{"open", "done", "spam", "none"} {
		for by, values := range [][]string{{""}, {"m1", "m2", "M1"}, {"t1", "t2"}, {"a1", "a2", "m1"}} {
			for _, v := range values {
				qs = append(qs, store.Query{Kind: store.Conversation, Ranges: []store.Range{{Shelf: shelf, By: store.Dimension(by), Value: v}}})
			}
		}
	}
	return qs
}

// everyList are queries of each kind of list over the gallery, with and without filters.
func everyList() []store.Query {
	qs := []store.Query{
		{},
		{Prefix: "c1"},
		{Fact: "tag", Value: "red"},
		{Fact: "contact", Value: "y"},
		{Ranges: []store.Range{{Shelf: "open"}}},
		{Ranges: []store.Range{{Shelf: "done", By: store.ByMailbox, Value: "m1"}, {Shelf: "open", By: store.ByTeam, Value: "t2"}, {Shelf: "open"}}},
		{Ranges: []store.Range{{Shelf: "open"}}, Match: []store.Match{{Name: "size", Any: []string{"s", "l"}}}},
		{Fact: "tag", Value: "blue", Words: []string{"gam"}},
		{Words: []string{"gam"}},
		{Prefix: "c1", Words: []string{"g", "al"}},
	}
	for i := range qs {
		qs[i].Kind = store.Conversation
	}
	return qs
}
