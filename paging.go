package frontdesk

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// found is one page of a selection.
type found struct {
	items []conversation.Conversation
	next  string
	prev  string
}

// page lists one page of a selection, with at most one call to the store for each of its parts.
func (t *txn) page(sel *selection) (*found, error) {
	size := sel.Size()
	q := sel.Query
	q.Ascending = q.Ascending != sel.back
	if sel.keep != nil {
		q.Limit = store.MaxLimit
	}
	rows, at, cursor, err := t.list(&q, sel.parts)
	if err != nil {
		return nil, listError(err)
	}
	f, places := &found{}, []store.Position(nil)
	for i := range rows {
		var conv conversation.Conversation
		if _, err := store.Decode(rows[i].Body, &conv); err != nil {
			return nil, fmt.Errorf("%s: %w", rows[i].Key, err)
		}
		if sel.keep != nil && !sel.keep(&conv) {
			continue
		}
		if len(f.items) == size {
			cursor = q.At(places[size-1])
			break
		}
		f.items, places = append(f.items, conv), append(places, at[i])
	}
	if q.Cursor = cursor; sel.until > 0 && q.Ascending && cursor != "" {
		if p, _, err := q.After(); err == nil && p.Order > sel.until {
			cursor = "" // what comes after does not pass
		}
	}
	sel.turn(f, places, cursor)
	return f, nil
}

// turn puts a page that was read backwards in order, and gives it its cursors. cursor is where reading ended.
func (sel *selection) turn(f *found, places []store.Position, cursor string) {
	q := &sel.Query
	onward := func(c string) string { return cursorText("", sel.stamp, c) }
	backward := func(c string) string { return cursorText("~", sel.stamp, c) }
	here := ""
	if len(places) > 0 {
		here = q.At(places[0])
	} else if p, begins, err := q.After(); err == nil && !begins {
		here = q.At(before(p, q.Ascending != sel.back)) // nothing is here: turning around begins with what the cursor stands on
	}
	if sel.back {
		slices.Reverse(f.items)
		f.next, f.prev = onward(here), backward(cursor)
		return
	}
	f.next = onward(cursor)
	if sel.resumed {
		f.prev = backward(here)
	}
}

func cursorText(direction, stamp, cursor string) string {
	if cursor == "" {
		return ""
	}
	return direction + stamp + cursor
}

// before is a position from which a list in the other direction begins with what stands at p.
func before(p store.Position, ascending bool) store.Position {
	if ascending {
		return store.Position{Order: p.Order + 1, ID: "!"}
	}
	return store.Position{Order: p.Order - 1, ID: strings.Repeat("\U0010FFFF", 8)}
}

// list reads a page of rows: of the query itself, or of its parts, merged.
func (t *txn) list(q *store.Query, parts []store.Query) (rows []store.Row, at []store.Position, cursor string, err error) {
	if len(parts) == 0 {
		page, err := t.desk.store.List(t.ctx, *q)
		if err != nil {
			return nil, nil, "", err
		}
		for i := range page.Rows {
			at = append(at, positionOf(q, &page.Rows[i]))
		}
		return page.Rows, at, page.Cursor, nil
	}
	after, begins, err := q.After()
	if err != nil {
		return nil, nil, "", err
	}
	m := merge{q: q, size: q.Size()}
	for _, part := range parts {
		part.Tenant, part.Kind, part.Match, part.Words = q.Tenant, q.Kind, q.Match, q.Words
		part.Ascending, part.Limit, part.Budget = q.Ascending, q.Limit, max(q.Scan()/len(parts), 50)
		if !begins {
			part.Cursor = part.At(after)
		}
		page, err := t.desk.store.List(t.ctx, part)
		if err != nil {
			return nil, nil, "", err
		}
		if err := m.add(&part, page); err != nil {
			return nil, nil, "", err
		}
	}
	rows, at, cursor = m.page()
	return rows, at, cursor, nil
}

// merge makes one page of pages that are in the same order. What stands behind the end of a page that goes on is not yet known.
type merge struct {
	q     *store.Query
	size  int
	rows  []placed
	known *store.Position // as far as every part has been read; nil: to the end
}

// placed is a row with its position in the order that the merged lists have.
type placed struct {
	store.Row
	at store.Position
}

func (m *merge) add(part *store.Query, page *store.Page) error {
	for i := range page.Rows {
		m.rows = append(m.rows, placed{page.Rows[i], positionOf(part, &page.Rows[i])})
	}
	if page.Cursor == "" {
		return nil
	}
	part.Cursor = page.Cursor
	at, _, err := part.After()
	if err == nil && (m.known == nil || m.compare(at, *m.known) < 0) {
		m.known = &at
	}
	return err
}

// compare orders positions as the list does.
func (m *merge) compare(a, b store.Position) int {
	order := cmp.Or(cmp.Compare(a.Order, b.Order), strings.Compare(a.ID, b.ID))
	if m.q.Ascending {
		return order
	}
	return -order
}

func (m *merge) page() (rows []store.Row, places []store.Position, cursor string) {
	seen := map[store.Key]bool{} // one that moved meanwhile may be here in two places
	slices.SortFunc(m.rows, func(a, b placed) int { return m.compare(a.at, b.at) })
	for _, row := range m.rows {
		if m.known != nil && m.compare(row.at, *m.known) > 0 {
			break
		}
		if seen[row.Key] {
			continue
		}
		seen[row.Key] = true
		if len(rows) == m.size {
			return rows, places, m.q.At(places[m.size-1])
		}
		rows, places = append(rows, row.Row), append(places, row.at)
	}
	if m.known != nil {
		cursor = m.q.At(*m.known)
	}
	return rows, places, cursor
}

// positionOf is a row's position in a query's list.
func positionOf(q *store.Query, row *store.Row) store.Position {
	if len(q.Ranges) > 0 {
		return activityOf(row)
	}
	p := store.Position{ID: row.ID}
	for _, f := range row.Facts {
		if q.Fact != "" && f.Name == q.Fact && f.Value == q.Value {
			p.Order = f.Order
		}
	}
	return p
}

// byID turns a selection into a walk, which meets each conversation exactly once, however it moves: for exports, for bulk commands, and for
// everything that needs all of them. Its cursor is found.next.
func (sel *selection) byID() *selection {
	walk := *sel
	walk.Ranges, walk.Fact, walk.Value, walk.parts, walk.until = nil, "", "", nil, 0
	walk.Ascending, walk.Cursor, walk.back, walk.stamp = true, "", false, ""
	return &walk
}

// activityOf is a conversation's position in lists by activity.
func activityOf(row *store.Row) (p store.Position) {
	if row.Place != nil {
		p.Order = row.Place.Activity
	}
	p.ID = row.ID
	return p
}
