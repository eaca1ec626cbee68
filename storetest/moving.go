package storetest

import (
	"errors"
	"fmt"
	"slices"

	"github.com/frontdesk-go/frontdesk/store"
)

var movingCases = []testcase{
	{"Moving/WhileRowsMove", []int{31}, whileRowsMove, 0},
	{"Moving/CursorRowGone", []int{31}, cursorRowGone, 0},
	{"Moving/WhileManyMove", []int{31}, whileManyMove, 0},
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
