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

// spot is a list that a row is in, and its order there.
type spot struct {
	list
	order int64
}

// spots appends every list that a row is in. A nil row is in none.
func spots(to []spot, row *store.Row) []spot {
	if row == nil {
		return to
	}
	to = append(to, spot{list: list{by: byID, kind: row.Kind}})
	if p := row.Place; p != nil && row.Kind == store.Conversation {
		for by, value := range [...]string{store.Any: "", store.ByMailbox: p.Mailbox, store.ByTeam: p.Team, store.ByAgent: p.Agent} {
			if value != "" || by == int(store.Any) {
				to = append(to, spot{rangeList(p.Shelf, store.Dimension(by), value), p.Activity})
			}
		}
	}
	for i := range row.Facts {
		if f := &row.Facts[i]; store.Listed(row.Kind, f.Name) {
			to = append(to, spot{list{byFact, row.Kind, f.Name, f.Value}, f.Order})
		}
	}
	return to
}

func rangeList(shelf string, by store.Dimension, value string) list {
	return list{byRange + order(by), store.Conversation, shelf, value}
}

// relist moves a cell from the lists of its old row to those of its new one. Where both have it in one position nothing is done.
func (t *tenant) relist(c *cell, old, row *store.Row) {
	var spaceOld, spaceNew [16]spot
	from, to := spots(spaceOld[:0], old), spots(spaceNew[:0], row)
	for i := range to {
		e := entry{order: to[i].order, id: row.ID, cell: c}
		switch at := find(from, i, to[i].list); {
		case at < 0:
			t.enlist(to[i].list, e)
		case from[at].order != to[i].order: // most often: the newest message moves a conversation to the top
			tr := t.lists[to[i].list]
			tr.Delete(entry{order: from[at].order, id: old.ID})
			tr.Load(e) // a Set that looks at the end first, where the newest belongs
		}
	}
	for i := range from {
		if find(to, i, from[i].list) < 0 {
			t.unlist(from[i].list, entry{order: from[i].order, id: old.ID})
		}
	}
}

// find returns the index of a list, or -1. It looks at index i first: most rows keep their facts in their order. A row is in no list
// twice, since it gives a value of a fact once.
func find(spots []spot, i int, l list) int {
	if i < len(spots) && spots[i].list == l {
		return i
	}
	return slices.IndexFunc(spots, func(s spot) bool { return s.list == l })
}

func (t *tenant) enlist(l list, e entry) {
	tr := t.lists[l]
	if tr == nil {
		tr = newTree(before)
		t.lists[l] = tr
	}
	tr.Set(e)
}

func (t *tenant) unlist(l list, e entry) {
	tr := t.lists[l]
	tr.Delete(e)
	if tr.Len() == 0 {
		delete(t.lists, l)
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
