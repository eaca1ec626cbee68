package storetest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/frontdesk-go/frontdesk/store"
)

// benchLists are a list of each range, of listed facts, merged, and by ID.
func benchLists() map[string]store.Query {
	ranges := func(r ...store.Range) store.Query { return store.Query{Kind: store.Conversation, Ranges: r} }
	var many []store.Range
	for i := range store.MaxRanges {
		many = append(many, store.Range{Shelf: "open", By: store.ByAgent, Value: fmt.Sprint("agent", i)})
	}
	return map[string]store.Query{
		"Shelf":    ranges(store.Range{Shelf: "open"}),
		"Mailbox":  ranges(store.Range{Shelf: "open", By: store.ByMailbox, Value: "mailbox1"}),
		"Team":     ranges(store.Range{Shelf: "open", By: store.ByTeam, Value: "team1"}),
		"Agent":    ranges(store.Range{Shelf: "open", By: store.ByAgent, Value: "agent1"}),
		"32Ranges": ranges(many...),
		"Tag":      {Kind: store.Conversation, Fact: "tag", Value: "tag1"},
		"Contact":  {Kind: store.Conversation, Fact: "contact", Value: "contact7"},
		"Messages": {Kind: store.Message, Fact: "conversation", Value: "c00000007"},
		"ID":       {Kind: store.Conversation},
		"Filtered": {Kind: store.Conversation, Ranges: []store.Range{{Shelf: "open"}}, Match: []store.Match{{Name: "tag", Any: []string{"tag3"}}}},
	}
}

// pages measures the first page of each list and one further on: the thousandth, or the last of a smaller list.
func (f *fixture) pages(b *testing.B) {
	lists := benchLists()
	names := make([]string, 0, len(lists))
	for name := range lists {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		q := lists[name]
		q.Tenant = tenant
		var first float64
		b.Run(name+"/First", func(b *testing.B) { first = f.page(b, q, 0) })
		b.Run(name+"/Far", func(b *testing.B) {
			far, n := f.farCursor(b, q)
			if n == 0 {
				b.Skip("the list has one page; set FRONTDESK_BENCH_ROWS")
			}
			q.Cursor = far
			f.page(b, q, first)
			b.ReportMetric(float64(n), "pages-on")
		})
	}
}

// page measures one page, and its ratio to the first.
func (f *fixture) page(b *testing.B, q store.Query, first float64) float64 {
	for b.Loop() {
		if _, err := f.List(b.Context(), q); err != nil {
			b.Fatal(err)
		}
	}
	took := float64(b.Elapsed().Nanoseconds()) / float64(b.N)
	if first > 0 {
		b.ReportMetric(took/first, "x-first")
	}
	return took
}

// farCursor goes up to a thousand pages of 50 on, a thousand rows at a time, as long as a whole page follows.
func (f *fixture) farCursor(b *testing.B, q store.Query) (cursor string, pages int) {
	q.Limit = store.MaxLimit
	if len(q.Match) > 0 {
		q.Limit = store.DefaultLimit
	}
	for pages < 1000 {
		page, err := f.List(b.Context(), q)
		if err != nil {
			b.Fatal(err)
		}
		if page.Cursor == "" || len(page.Rows) < q.Limit {
			return cursor, pages
		}
		cursor, q.Cursor = page.Cursor, page.Cursor
		pages += q.Limit / store.DefaultLimit
	}
	return cursor, pages
}
