package memstore

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tidwall/btree"

	"github.com/frontdesk-go/frontdesk/store"
)

// list names one list of a tenant: the rows of a kind by ID, by a listed fact, or by a range of conversations.
type list struct {
	by    order
	kind  store.Kind
	name  string // the fact's name, or the range's shelf
	value string
}

// order is what a list is ordered by.
type order uint8

const (
	byID order = iota
	byFact
	byRange // and the range's dimension added to it
)

// entry is a row's position in a list.
type entry struct {
	order int64
	id    string
	cell  *cell
}

type tree = btree.BTreeG[entry]

func before(a, b entry) bool { return a.order < b.order || a.order == b.order && a.id < b.id }

// listing is a list and what is in it. It is forgotten when nothing is.
type listing struct {
	list
	tree *tree
}

// spot is where a list has a row.
type spot struct {
	*listing
	order int64
}

// spots appends every list that a row is to be in. Most often these are those it was in, in the same order, which are found without
// looking them up.
func (t *tenant) spots(to, was []spot, row *store.Row) []spot {
	add := func(l list, order int64) {
		if i := len(to); i < len(was) && was[i].list == l {
			to = append(to, spot{was[i].listing, order})
			return
		}
		to = append(to, spot{t.listing(l), order})
	}
	add(list{by: byID, kind: row.Kind}, 0)
	if p := row.Place; p != nil && p.Shelf != "" && row.Kind == store.Conversation {
		for by, value := range [...]string{store.Any: "", store.ByMailbox: p.Mailbox, store.ByTeam: p.Team, store.ByAgent: p.Agent} {
			if value != "" || by == int(store.Any) {
				add(rangeList(p.Shelf, store.Dimension(by), value), p.Activity)
			}
		}
	}
	for i := range row.Facts {
		if f := &row.Facts[i]; store.Listed(row.Kind, f.Name) {
			add(list{byFact, row.Kind, f.Name, f.Value}, f.Order)
		}
	}
	return to
}

// listing returns a list, making it if need be.
func (t *tenant) listing(l list) *listing {
	in := t.lists[l]
	if in == nil {
		in = &listing{l, newTree(before)}
		t.lists[l] = in
	}
	return in
}

func rangeList(shelf string, by store.Dimension, value string) list {
	return list{byRange + order(by), store.Conversation, shelf, value}
}

// relist moves a cell from the lists of its old row to those of its new one. Where both have it in one position nothing is done.
func (t *tenant) relist(c *cell) {
	var space [16]spot
	to := t.spots(space[:0], c.at, c.row)
	for i := range to {
		e := entry{order: to[i].order, id: c.row.ID, cell: c}
		switch at := find(c.at, i, to[i].listing); {
		case at < 0:
			to[i].tree.Load(e) // a Set that looks at the end first, where the newest belongs
		case c.at[at].order != to[i].order: // most often: the newest message moves a conversation to the top
			to[i].tree.Delete(entry{order: c.at[at].order, id: c.row.ID})
			to[i].tree.Load(e)
		}
	}
	for i := range c.at {
		if find(to, i, c.at[i].listing) < 0 {
			t.unlist(c, &c.at[i])
		}
	}
	c.stays(to)
}

// stays notes where the lists have the row now. Where they are the same ones no pointer is written, which the collector would look at.
func (c *cell) stays(at []spot) {
	if len(at) != len(c.at) {
		c.at = append(c.at[:0], at...)
		return
	}
	for i := range at {
		if c.at[i].listing != at[i].listing {
			c.at[i].listing = at[i].listing
		}
		c.at[i].order = at[i].order
	}
}

// find returns the index of a list, or -1. It looks at index i first: most rows keep their facts in their order. A row is in no list
// twice, since it gives a value of a fact once.
func find(spots []spot, i int, l *listing) int {
	if i < len(spots) && spots[i].listing == l {
		return i
	}
	return slices.IndexFunc(spots, func(s spot) bool { return s.listing == l })
}

func (t *tenant) unlist(c *cell, s *spot) {
	s.tree.Delete(entry{order: s.order, id: c.row.ID})
	if s.tree.Len() == 0 {
		delete(t.lists, s.list)
	}
}

// List returns one page of one kind. Errors: store.ErrCursor, store.ErrUnsupported, store.ErrInvalid.
func (s *Store) List(ctx context.Context, q store.Query) (*store.Page, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := q.Check(); err != nil {
		return nil, err
	}
	lists, err := listsOf(&q)
	if err != nil {
		return nil, err
	}
	at, begins, err := q.After()
	if err != nil {
		return nil, err
	}
	page := &store.Page{}
	for _, row := range s.walk(&q, lists, at, begins, page) {
		page.Rows = append(page.Rows, row.Clone())
	}
	return page, nil
}

// listsOf returns the lists that a query merges. Those of an empty value are left out: an empty field is in no range of its dimension.
func listsOf(q *store.Query) ([]list, error) {
	switch {
	case q.Fact != "":
		return []list{{byFact, q.Kind, q.Fact, q.Value}}, nil
	case len(q.Ranges) == 0:
		return []list{{by: byID, kind: q.Kind}}, nil
	}
	lists := make([]list, 0, len(q.Ranges))
	for _, r := range q.Ranges {
		switch {
		case r.By > store.ByAgent:
			return nil, fmt.Errorf("%w: range by dimension %d", store.ErrUnsupported, r.By)
		case r.Shelf == "": // what has no shelf is in no range
		case r.By == store.Any:
			lists = append(lists, rangeList(r.Shelf, r.By, ""))
		case r.Value != "":
			lists = append(lists, rangeList(r.Shelf, r.By, r.Value))
		}
	}
	return lists, nil
}

// walk returns the rows of a page, as the store keeps them, and fills in the rest of the page.
func (s *Store) walk(q *store.Query, lists []list, at store.Position, begins bool, page *store.Page) []*store.Row {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t := s.tenants[q.Tenant]
	if t == nil {
		return nil
	}
	var rows []*store.Row
	var last entry
	m := t.merge(q, lists, at, begins)
	for e, ok := m.next(); ok && strings.HasPrefix(e.id, q.Prefix); e, ok = m.next() {
		if len(rows) == q.Size() || page.Examined == q.Scan() {
			page.Cursor = q.At(store.Position{Order: last.order, ID: last.id})
			break
		}
		page.Examined++
		last = e
		if store.Matches(e.cell.row, q) {
			rows = append(rows, e.cell.row)
		}
	}
	return rows
}
