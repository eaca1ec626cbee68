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
	{"Pages/Limits", []int{27}, pageLimits, 0},
	{"Pages/FreshCursor", []int{27}, freshCursor, 0},
	{"Pages/CursorOfAnotherQuery", []int{28}, cursorOfAnotherQuery, 0},
	{"Pages/CursorUnderOtherSettings", []int{28}, cursorUnderOtherSettings, 0},
	{"Pages/BudgetSpent", []int{30}, budgetSpent, 0},
	{"Pages/WhileRowsMove", []int{31}, whileRowsMove, 0},
	{"Pages/CursorRowGone", []int{31}, cursorRowGone, 0},
	{"Pages/WhileManyMove", []int{31}, whileManyMove, 0},
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
	for limit, want := range map[int]int{0: store.DefaultLimit, 1: 1, 51: 51, store.MaxLimit: store.MaxLimit, store.MaxLimit + 5: store.MaxLimit} {
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
			unfiltered.Match, unfiltered.Words = nil, nil
			if least := len(expect(rows, unfiltered)) / q.Budget; pages < least {
				e.fail(30, "walk of %s\ngot %d pages\nwant at least %d, since each examines at most %d rows", describe(&q), pages, least, q.Budget)
			}
		}
	}
}

// steady checks a walk of IDs: what did not move comes once and in its order.
func (e *env) steady(what string, got, all []string, moved map[string]bool) {
	e.Helper()
	var stayed, want []string
	for _, id := range got {
		if !moved[id] {
			stayed = append(stayed, id)
		}
	}
	for _, id := range all {
		if !moved[id] {
			want = append(want, id)
		}
	}
	if !slices.Equal(stayed, want) {
		e.fail(31, "%s\ngot of the rows that did not move %q\nwant %q", what, stayed, want)
	}
}

func whileRowsMove(e *env) {
	for round, limit := range []int{3, 5} {
		shelf := fmt.Sprint("shelf", round)
		var rows []store.Row
		for i := range 40 {
			row := conv(round*100 + i)
			row.Place = &store.Place{Shelf: shelf, Activity: int64(i / 3)}
			row.Facts = []store.Fact{{Name: "tag", Value: shelf, Order: int64(i / 3)}}
			rows = append(rows, row)
		}
		e.put(rows...)
		for n, q := range []store.Query{
			{Kind: store.Conversation, Ranges: []store.Range{{Shelf: shelf}}},
			{Kind: store.Conversation, Fact: "tag", Value: shelf},
		} {
			q.Limit, q.Ascending = limit, n == 1
			before, moved, turn := expect(rows, q), map[string]bool{}, 0
			got := e.walk(q, func() {
				row := rows[(turn*17+n)%len(rows)]
				e.moveTo(row, int64(1000-2000*n+turn)) // to where the walk began
				moved[row.ID] = true
				turn++
			})
			e.steady("walk of "+describe(&q)+" while a row moves to its beginning after each page", got, before, moved)
			for i := range rows {
				if moved[rows[i].ID] {
					e.moveTo(rows[i], rows[i].Place.Activity)
				}
			}
		}
	}
}

// moveTo gives a row another activity and another order of its tag.
func (e *env) moveTo(row store.Row, order int64) {
	e.Helper()
	row = row.Clone()
	row.Place.Activity, row.Facts[0].Order = order, order
	e.replace(row)
}

func cursorRowGone(e *env) {
	rows := make([]store.Row, 12)
	for i := range rows {
		rows[i] = conv(i)
		rows[i].Place.Activity = 7
		rows[i].Facts = []store.Fact{{Name: "tag", Value: "red", Order: 7}}
	}
	e.put(rows...)
	for n, q := range []store.Query{
		{Kind: store.Conversation, Ranges: []store.Range{{Shelf: "open"}}},
		{Kind: store.Conversation, Fact: "tag", Value: "red"},
		{Kind: store.Conversation, Prefix: "c"},
	} {
		for _, gone := range []bool{true, false} {
			q.Limit = 4
			page := e.list(q)
			row := page.Rows[len(page.Rows)-1]
			if gone {
				e.remove(row.Key)
			} else {
				e.moveTo(row, 100)
			}
			q2 := q
			q2.Cursor = page.Cursor
			e.same(31, fmt.Sprintf("the rest of %s after the row at its cursor went away", describe(&q)), e.all(q2), expect(rows, q)[4:])
			if gone {
				row.Version = 0
				e.put(row)
			} else {
				e.moveTo(row, 7)
			}
		}
		e.same(31, fmt.Sprint("list ", n, " afterwards"), e.all(q), expect(rows, q))
	}
}

// whileManyMove walks while another caller moves rows all the time.
func whileManyMove(e *env) {
	const n = 150
	rows := make([]store.Row, n)
	moved := map[string]bool{}
	for i := range rows {
		rows[i] = conv(i)
		rows[i].Facts = []store.Fact{{Name: "tag", Value: "red"}}
		moved[rows[i].ID] = i%2 == 0
	}
	e.put(rows...)
	q := store.Query{Kind: store.Conversation, Ranges: []store.Range{{Shelf: "open"}}, Limit: 10}
	byID := store.Query{Kind: store.Conversation, Limit: 10}
	var walked, met []string
	errs := together(3, func(i int) error {
		switch i {
		case 0:
			return e.pages(q, &walked)
		case 1:
			return e.pages(byID, &met)
		}
		for j := range n / 2 {
			row := rows[2*j].Clone()
			err := e.update([]store.Key{row.Key}, func(b *store.Batch, _ *store.Rows) {
				row.Place.Activity = int64(10_000 + j)
				b.Put(row)
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	e.must("walking while rows move", errors.Join(errs...))
	e.steady("walk by activity while every other row moves to the top", walked, expect(rows, q), moved)
	e.same(31, "walk by ID while every other row moves, which changes no ID", met, expect(rows, byID))
	for i := range rows {
		if moved[rows[i].ID] {
			rows[i].Place.Activity = int64(10_000 + i/2)
		}
	}
	e.same(31, "the list once nothing moves", e.all(q), expect(rows, q))
}

// pages is walk for a goroutine of its own, which may not end the test.
func (e *env) pages(q store.Query, got *[]string) error {
	for range 1000 {
		page, err := e.s.List(e.ctx, of(q))
		if err != nil {
			return err
		}
		*got = append(*got, ids(page.Rows)...)
		if q.Cursor = page.Cursor; q.Cursor == "" {
			return nil
		}
	}
	return errors.New("a thousand pages and no end")
}
