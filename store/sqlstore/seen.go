package sqlstore

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/frontdesk-go/frontdesk/store"
)

// seen remembers the facts and words of rows that this process read or wrote lately, by version. A version is given once, so what a row
// had at a version it always had: a commit that writes over that version knows what to take out of the indexes without reading the row again.
type seen struct {
	mu       sync.Mutex
	shapes   map[seenKey]shape
	places   []seenKey   // whose each place is; the next one takes the place of whoever came first, so that memory stays as it is once all are taken
	next     int         // in places
	isolated atomic.Bool // the database's isolation level does not let a commit be one statement
}

const (
	manySeen  = 12288 // rows remembered
	manyParts = 100   // facts and words of a remembered row; one with more is read again
)

type seenKey struct {
	tenant string
	key    store.Key
}

// shape is what of a row stands in indexes of its own.
type shape struct {
	place   int
	version int64
	facts   []store.Fact // listed, with the one that has columns
	words   []string
}

func (s *seen) unfit() bool { return s.isolated.Load() }

func (s *seen) setUnfit() { s.isolated.Store(true) }

// read remembers rows that were loaded.
func (s *seen) read(tenant string, rows *store.Rows) {
	if rows == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, row := range rows.Found {
		if known, ok := s.shapes[seenKey{tenant, key}]; !ok || known.version != row.Version {
			s.keep(seenKey{tenant, key}, &row)
		}
	}
}

// wrote remembers rows that were committed.
func (s *seen) wrote(b *store.Batch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range b.Writes {
		switch w := &b.Writes[i]; w.Action {
		case store.Put:
			s.keep(seenKey{b.Tenant, w.Row.Key}, &w.Row)
		case store.Delete:
			delete(s.shapes, seenKey{b.Tenant, w.Row.Key})
		}
	}
}

func (s *seen) keep(key seenKey, row *store.Row) {
	known, ok := s.shapes[key]
	switch {
	case len(row.Facts)+len(row.Words) > manyParts:
		delete(s.shapes, key)
		return
	case key.key.Kind == store.Event:
		return // is never written over, and taken out long after
	case !ok:
		known.place = s.place(key)
	}
	facts := slices.DeleteFunc(slices.Clone(row.Facts), func(f store.Fact) bool { return !store.Listed(row.Kind, f.Name) })
	s.shapes[key] = shape{known.place, row.Version, facts, slices.Clone(row.Words)}
}

// place gives a row the place of the one that came first.
func (s *seen) place(key seenKey) int {
	if s.shapes == nil {
		s.shapes, s.places = map[seenKey]shape{}, make([]seenKey, manySeen)
	}
	at := s.next
	if first := s.places[at]; s.shapes[first].place == at {
		delete(s.shapes, first) // unless it was dropped and came again
	}
	s.places[at], s.next = key, (at+1)%manySeen
	return at
}

// before returns what the rows that a batch writes over had, or nil if not all of them were seen at these versions.
func (s *seen) before(b *store.Batch) *held {
	h := &held{facts: map[store.Key][]store.Fact{}, words: map[store.Key][]string{}}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range b.Writes {
		w := &b.Writes[i]
		if w.Action == store.Check || w.If == 0 {
			continue
		}
		known, ok := s.shapes[seenKey{b.Tenant, w.Row.Key}]
		if !ok || known.version != w.If {
			return nil
		}
		h.facts[w.Row.Key], h.words[w.Row.Key] = known.facts, known.words
	}
	return h
}
