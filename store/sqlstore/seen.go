package sqlstore

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/frontdesk-go/frontdesk/store"
)

// seen remembers the facts and words of rows that this process read or wrote lately, by version. A version is given once, so what a row
// had at a version it always had: a commit that writes over that version knows what to take out of the indexes without reading the row again.
//
// It forgets by halves: when the newer half is full, it becomes the older one, and what was in that is forgotten. A map out of which one row is taken
// for each that comes in would grow to twice its size in the course of an hour.
type seen struct {
	mu           sync.Mutex
	newer, older map[seenKey]shape
	isolated     atomic.Bool // the database's isolation level does not let a commit be one statement
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
		if known, ok := s.newer[seenKey{tenant, key}]; !ok || known.version != row.Version {
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
			s.forget(seenKey{b.Tenant, w.Row.Key})
		}
	}
}

func (s *seen) keep(key seenKey, row *store.Row) {
	switch {
	case len(row.Facts)+len(row.Words) > manyParts:
		s.forget(key)
		return
	case key.key.Kind == store.Event:
		return // is never written over, and taken out long after
	}
	if s.newer == nil || len(s.newer) == manySeen/2 {
		s.newer, s.older = make(map[seenKey]shape, manySeen/2), s.newer
	}
	facts := slices.DeleteFunc(slices.Clone(row.Facts), func(f store.Fact) bool { return !store.Listed(row.Kind, f.Name) })
	s.newer[key] = shape{row.Version, facts, slices.Clone(row.Words)}
}

func (s *seen) forget(key seenKey) {
	delete(s.newer, key)
	delete(s.older, key)
}

func (s *seen) at(key seenKey, version int64) (shape, bool) {
	known, ok := s.newer[key]
	if !ok {
		known, ok = s.older[key]
	}
	return known, ok && known.version == version
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
		known, ok := s.at(seenKey{b.Tenant, w.Row.Key}, w.If)
		if !ok {
			return nil
		}
		h.facts[w.Row.Key], h.words[w.Row.Key] = known.facts, known.words
	}
	return h
}
