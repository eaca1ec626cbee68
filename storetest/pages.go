package storetest

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"github.com/frontdesk-go/frontdesk/store"
)

var pageCases = []testcase{
	{"Pages/MeetEachRowOnce", []int{27}, meetEachRowOnce, 0},
	{"Pages/Limits", []int{27, 30}, pageLimits, 0},
	{"Pages/FreshCursor", []int{27}, freshCursor, 0},
	{"Pages/CursorOfAnotherQuery", []int{28}, cursorOfAnotherQuery, 0},
	{"Pages/CursorUnderOtherSettings", []int{28}, cursorUnderOtherSettings, 0},
	{"Pages/BudgetSpent", []int{30}, budgetSpent, 0},
}

func meetEachRowOnce(e *env) {
	rows := e.gallery(60)
	for _, q := range everyList() {
		for _, limit := range []int{1, 2, 7, 1000} {
			for _, q.Ascending = range []bool{false, true} {
				q.Limit = limit
				if got, want := e.all(q), expect(rows, q); !slices.Equal(got, want) {
					e.fail(27, "walk of %s\ngot %q\nwant %q", describe(&q), got, want)
				}
			}
		}
	}
}

func pageLimits(e *env) {
	b := batch()
	for i := range store.MaxLimit + 10 {
		fresh(b, store.Row{Key: conv(i).Key, Facts: []store.Fact{{Name: "tag", Value: "red", Order: int64(i)}}})
	}
	e.commit(b)
	for limit, want := range map[int]int{0: store.DefaultLimit, -1: store.DefaultLimit, 1: 1, 51: 51, store.MaxLimit: store.MaxLimit, store.MaxLimit + 5: store.MaxLimit} {
		for _, fact := range []string{"", "tag"} {
			q := store.Query{Kind: store.Conversation, Limit: limit, Fact: fact}
			if fact != "" {
				q.Value = "red"
			}
			if got := len(e.list(q).Rows); got != want {
				e.fail(27, "page of %s, with Limit %d\ngot %d rows\nwant %d", describe(&q), limit, got, want)
			}
		}
	}
	b = batch()
	for i := range store.DefaultBudget - store.MaxLimit {
		fresh(b, store.Row{Key: conv(10_000 + i).Key})
	}
	e.commit(b)
	for _, budget := range []int{0, -1} {
		q := store.Query{Kind: store.Conversation, Match: []store.Match{{Name: "none"}}, Budget: budget}
		if page := e.list(q); page.Cursor == "" || page.Examined > store.DefaultBudget {
			e.fail(30, "page of %s, of %d rows of which none matches, with Budget %d\ngot %d rows examined, cursor %q\nwant at most %d and a cursor", describe(&q),
				store.DefaultBudget+10, budget, page.Examined, page.Cursor, store.DefaultBudget)
		}
	}
}

// freshCursor sees what came behind the cursor, and an empty cursor only at the end.
func freshCursor(e *env) {
	e.put(conv(2), conv(5))
	q := store.Query{Kind: store.Conversation, Limit: 1}
	first := e.list(q)
	e.same(27, "the first page", ids(first.Rows), []string{"c005"})
	e.put(conv(1), conv(3), conv(7))
	q.Cursor, q.Limit = first.Cursor, 10
	if q.Cursor == "" {
		e.fatal(27, "the first page of two\ngot no cursor\nwant one")
	}
	second := e.list(q)
	e.same(27, "the second page", ids(second.Rows), []string{"c003", "c002", "c001"})
	if second.Cursor != "" && len(e.list(store.Query{Kind: store.Conversation, Cursor: second.Cursor}).Rows) > 0 {
		e.fail(27, "the page behind the last row\ngot rows\nwant none")
	}
	page := e.list(store.Query{Kind: store.Event})
	if len(page.Rows) > 0 || page.Cursor != "" {
		e.fail(27, "a list of nothing\ngot %s\nwant no rows and no cursor", short(page))
	}
}

func cursorOfAnotherQuery(e *env) {
	e.gallery(30)
	e.put(message(1, "c001"), message(2, "c001"))
	queries := append(everyList(),
		store.Query{Kind: store.Message},
		store.Query{Kind: store.Conversation, Prefix: "c"},
		store.Query{Kind: store.Conversation, Fact: "tag", Value: "blue"},
		store.Query{Kind: store.Conversation, Ranges: []store.Range{{Shelf: "open", By: store.ByTeam, Value: "t1"}}},
		store.Query{Kind: store.Conversation, Ranges: []store.Range{{Shelf: "open", By: store.ByAgent, Value: "t1"}}},
		store.Query{Kind: store.Conversation, Match: []store.Match{{Name: "tag"}}},
		store.Query{Kind: store.Conversation, Match: []store.Match{{Name: "tag", Not: true}}},
		store.Query{Kind: store.Conversation, Match: []store.Match{{Name: "tag", From: -3}}},
		store.Query{Kind: store.Conversation, Match: []store.Match{{Name: "tag", From: -2}}},
		store.Query{Kind: store.Conversation, Match: []store.Match{{Name: "tag", To: 3}}},
		store.Query{Kind: store.Conversation, Match: []store.Match{{Name: "tag", Any: []string{"red"}}}},
		store.Query{Kind: store.Conversation, Match: []store.Match{{Name: "tag", Any: []string{"blue"}}}},
		store.Query{Kind: store.Conversation, Words: []string{"ga"}},
	)
	for i := range queries {
		queries[i].Limit = 1
		cursor := e.list(queries[i]).Cursor
		for j := range queries {
			q := queries[j]
			if q.Cursor = cursor; i != j && cursor != "" {
				e.refused(q, "a cursor of "+describe(&queries[i]))
			}
		}
	}
	q := store.Query{Kind: store.Conversation}
	q.Cursor = e.list(store.Query{Kind: store.Conversation, Limit: 1}).Cursor
	q.Tenant = tenant + "2"
	e.refused(q, "a cursor of another tenant")
	q.Tenant = ""
	good := q.Cursor
	raw, _ := base64.RawURLEncoding.DecodeString(good)
	for _, bad := range []string{"x", "!", " ", good[:5], "c001", "0", "\x00", "\xff", base64.RawURLEncoding.EncodeToString([]byte("c001")),
		base64.RawURLEncoding.EncodeToString(make([]byte, len(raw))), "AAAA" + good[4:]} {
		q.Cursor = bad
		e.refused(q, fmt.Sprintf("the cursor %q", bad))
	}
}

func (e *env) refused(q store.Query, what string) {
	e.Helper()
	if page, err := e.s.List(e.ctx, of(q)); !errors.Is(err, store.ErrCursor) {
		e.fail(28, "list of %s with %s\ngot %s, error: %v\nwant error: %v", describe(&q), what, short(page), err, store.ErrCursor)
	}
}

func cursorUnderOtherSettings(e *env) {
	rows := e.gallery(40)
	for _, q := range everyList() {
		q.Limit = 5
		want := expect(rows, q)
		page := e.list(q)
		if page.Cursor == "" || len(page.Rows) == 0 {
			continue
		}
		q.Cursor, q.Limit, q.Budget = page.Cursor, 1000, 999
		seen := len(page.Rows)
		e.same(28, "the rest of "+describe(&q), e.all(q), want[seen:])
		q.Ascending = true
		up := slices.Clone(want[:seen-1])
		slices.Reverse(up)
		e.same(28, "back up from the cursor of "+describe(&q), e.all(q), up)
	}
}

func budgetSpent(e *env) {
	rows := e.gallery(60)
	for _, q := range everyList() {
		q.Match = append(slices.Clone(q.Match), store.Match{Name: "size", From: 50})
		want := expect(rows, q)
		for _, q.Budget = range []int{1, 3, 10} {
			q.Limit, q.Cursor = 4, ""
			pages := 0
			var got []string
			for {
				page := e.list(q)
				got = append(got, ids(page.Rows)...)
				if page.Examined > q.Budget || page.Examined < len(page.Rows) {
					e.fail(30, "page of %s\ngot %d rows examined for %d in the page\nwant at most %d examined", describe(&q), page.Examined, len(page.Rows), q.Budget)
				}
				if pages++; page.Cursor == "" {
					break
				}
				if page.Cursor == q.Cursor || pages > 200 {
					e.fatal(30, "page %d of %s\ngot a cursor no further on\nwant progress with each page", pages, describe(&q))
				}
				q.Cursor = page.Cursor
			}
			if !slices.Equal(got, want) {
				e.fail(30, "walk of %s\ngot %q\nwant %q: a budget that is spent ends the page, not the list", describe(&q), got, want)
			}
			unfiltered := q
			unfiltered.Match = nil
			if least := len(expect(rows, unfiltered)) / q.Budget; pages < least {
				e.fail(30, "walk of %s\ngot %d pages\nwant at least %d, since each examines at most %d rows", describe(&q), pages, least, q.Budget)
			}
		}
	}
}
