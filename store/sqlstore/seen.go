package sqlstore

import (
	"sync"
	"sync/atomic"

	"github.com/frontdesk-go/frontdesk/store"
)

// seen remembers the facts and words of rows that this process read or wrote lately, by version. A version is given once, so what a row
// had at a version it always had: a commit that writes over that version knows what to take out of the indexes without reading the row again.
type seen struct {
	mu       sync.Mutex
	now, old map[seenKey]shape // when now is full it becomes old
	isolated atomic.Bool       // the database's isolation level does not let a commit be one statement
}

const (
	manySeen  = 8192 // rows remembered at least, and at most twice as many
	manyParts = 100  // facts and words of a remembered row; one with more is read again
)

type seenKey struct {
	tenant string
	key    store.Key
}

// shape is what of a row stands in indexes of its own.
type shape struct {
	version int64
	facts   []store.Fact // listed, save the one that has columns
	words   []string
}

func (s *seen) unfit() bool { return s.isolated.Load() }

func (s *seen) setUnfit() { s.isolated.Store(true) }

// read remembers rows that were loaded.
func (s *seen) read(tenant string, rows *store.Rows) {
	if s == nil || rows == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, row := range rows.Found {
		if known, ok := s.get(seenKey{tenant, key}); !ok || known.version != row.Version {
			s.keep(seenKey{tenant, key}, &row)
		}
	}
}

// wrote remembers rows that were committed.
func (s *seen) wrote(b *store.Batch) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range b.Writes {
		switch w := &b.Writes[i]; w.Action {
		case store.Put:
			s.keep(seenKey{b.Tenant, w.Row.Key}, &w.Row)
		case store.Delete:
			s.drop(seenKey{b.Tenant, w.Row.Key})
		}
	}
}

func (s *seen) keep(key seenKey, row *store.Row) {
	if len(row.Facts)+len(row.Words) > manyParts {
		s.drop(key)
		return
	}
	_, facts := indexed(row.Kind, row.Facts) // a copy
	if s.now == nil || len(s.now) >= manySeen {
		s.now, s.old = make(map[seenKey]shape, manySeen), s.now
	}
	s.now[key] = shape{row.Version, facts, append([]string(nil), row.Words...)}
}

func (s *seen) drop(key seenKey) {
	delete(s.now, key)
	delete(s.old, key)
}

func (s *seen) get(key seenKey) (shape, bool) {
	known, ok := s.now[key]
	if !ok {
		known, ok = s.old[key]
	}
	return known, ok
}

// before returns what the rows that a batch writes over had, if all of them were seen at these versions.
func (s *seen) before(b *store.Batch) (*held, bool) {
	h := &held{facts: map[store.Key][]store.Fact{}, words: map[store.Key][]string{}}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range b.Writes {
		w := &b.Writes[i]
		if w.Action == store.Check || w.If == 0 {
			continue
		}
		known, ok := s.get(seenKey{b.Tenant, w.Row.Key})
		if !ok || known.version != w.If {
			return nil, false
		}
		h.facts[w.Row.Key], h.words[w.Row.Key] = known.facts, known.words
	}
	return h, true
}
