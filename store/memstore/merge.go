package memstore

import (
	"github.com/tidwall/btree"

	"github.com/frontdesk-go/frontdesk/store"
)

// merge walks several lists as one. At most store.MaxRanges of them, so that looking at each head is as fast as a heap.
type merge struct {
	sources   []*source
	ascending bool
}

// source is one list and its next entry.
type source struct {
	iter btree.IterG[entry]
	ok   bool
}

// merge begins a walk behind a position, in the query's direction.
func (t *tenant) merge(q *store.Query, lists []list, at store.Position, begins bool) *merge {
	m := &merge{ascending: q.Ascending}
	for _, l := range lists {
		in := t.lists[l]
		if in == nil {
			continue
		}
		src := &source{iter: in.tree.Iter()}
		if begins {
			src.begin(q)
		} else {
			src.seek(entry{order: at.Order, id: at.ID}, q.Ascending)
		}
		m.sources = append(m.sources, src)
	}
	return m
}

// begin goes to the list's first entry. IDs are valid UTF-8, which has no byte 0xFF, so prefix + 0xFF is behind every ID of the prefix.
func (src *source) begin(q *store.Query) {
	switch {
	case q.Prefix != "" && q.Ascending:
		src.ok = src.iter.Seek(entry{id: q.Prefix})
	case q.Prefix != "":
		src.seek(entry{id: q.Prefix + "\xff"}, false)
	case q.Ascending:
		src.ok = src.iter.First()
	default:
		src.ok = src.iter.Last()
	}
}

// seek goes to the first entry behind e, which need not be in the list.
func (src *source) seek(e entry, ascending bool) {
	at := src.iter.Seek(e) // the first entry that is not before e
	switch {
	case ascending && at && !before(e, src.iter.Item()):
		src.ok = src.iter.Next()
	case ascending:
		src.ok = at
	case at:
		src.ok = src.iter.Prev()
	default:
		src.ok = src.iter.Last()
	}
}

// next returns the next entry. One that several lists hold is at the same position in each and comes once.
func (m *merge) next() (e entry, ok bool) {
	for _, src := range m.sources {
		if src.ok && (!ok || m.before(src.iter.Item(), e)) {
			e, ok = src.iter.Item(), true
		}
	}
	for _, src := range m.sources {
		if src.ok && src.iter.Item().cell == e.cell {
			src.step(m.ascending)
		}
	}
	return e, ok
}

// before orders entries in the walk's direction.
func (m *merge) before(a, b entry) bool {
	if m.ascending {
		return before(a, b)
	}
	return before(b, a)
}

func (src *source) step(ascending bool) {
	if ascending {
		src.ok = src.iter.Next()
	} else {
		src.ok = src.iter.Prev()
	}
}
