// Package memstore is the store that keeps everything in memory: the reference implementation of [store.Store], for tests, for trying
// things out, and for a program that may forget.
//
// It keeps every rule of package store, passes storetest.Run like every other store, and finds a page of any list among a million rows
// without a scan. It has no index of words, which would take as much room as the rows: a list that asks for words examines rows until its
// budget is spent. It keeps nothing on disk and cannot be shared by two processes.
package memstore

import (
	"context"
	"slices"
	"sync"

	"github.com/tidwall/btree"

	"github.com/frontdesk-go/frontdesk/store"
)

// Store is a store in memory. It is made by [New] and safe for concurrent use.
type Store struct {
	mu      sync.RWMutex
	tenants map[string]*tenant
	shards  *btree.BTreeG[*tenant] // by shard, then name
	recent  [recentCalls][]leased  // by the last calls that leased anything
	calls   int
}

var _ store.Store = (*Store)(nil)

// tenant is all that is kept of one tenant. No map or tree holds anything of two tenants, so that no call can reach another's.
type tenant struct {
	name     string
	shard    uint8
	rows     map[store.Key]*cell
	lists    map[list]*listing
	counters map[string]int64
	jobs     map[string]*job
	groups   map[string]*group
	agenda   *btree.BTreeG[*group] // groups with jobs, by when they can next be leased
	filed    int64                 // how often a group came onto the agenda
}

// cell is where a row is found. The lists point to it, so that a row whose places in them stay the same is replaced in one step.
// A row is never changed once it is in a cell, so that it can be copied out without the lock.
type cell struct {
	row   *store.Row
	at    []spot  // where the lists have it
	space [2]spot // for most rows' at
}

// New returns an empty store.
func New() *Store {
	return &Store{
		tenants: map[string]*tenant{},
		shards:  newTree(sooner),
	}
}

// sooner is the order in which tenants are visited for work.
func sooner(a, b *tenant) bool { return a.shard < b.shard || a.shard == b.shard && a.name < b.name }

// newTree returns an ordered set without a lock of its own: the store's lock guards it. Its nodes are half as large as they would be by default, so
// that moving an entry moves fewer others.
func newTree[T any](less func(a, b T) bool) *btree.BTreeG[T] {
	return btree.NewBTreeGOptions(less, btree.Options{NoLocks: true, Degree: 16})
}

// tenant returns the tenant of a batch, making it if it is new.
func (s *Store) tenant(b *store.Batch) *tenant {
	t := s.tenants[b.Tenant]
	if t == nil {
		t = &tenant{
			name:     b.Tenant,
			shard:    b.Shard,
			rows:     map[store.Key]*cell{},
			lists:    map[list]*listing{},
			counters: map[string]int64{},
			jobs:     map[string]*job{},
			groups:   map[string]*group{},
			agenda:   newTree(earlier),
		}
		s.tenants[t.name] = t
		s.shards.Set(t)
	}
	return t
}

// cell returns the cell of a key, or nil. A tenant that nobody wrote to is nil and has none.
func (t *tenant) cell(key store.Key) *cell {
	if t == nil {
		return nil
	}
	return t.rows[key]
}

// row returns the row of a key, or nil.
func (t *tenant) row(key store.Key) *store.Row {
	if c := t.cell(key); c != nil {
		return c.row
	}
	return nil
}

// Load returns the rows of the keys, the rows their targets lead to, and the counters. It fails only on a context that is done.
func (s *Store) Load(ctx context.Context, tenant string, keys []store.Key, counters []string) (*store.Rows, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	rows := &store.Rows{Found: make(map[store.Key]store.Row, len(keys)+1)}
	if len(counters) > 0 {
		rows.Counters = make(map[string]int64, len(counters))
	}
	var space [16]*store.Row
	for _, row := range s.load(tenant, keys, counters, rows, space[:0]) {
		if _, again := rows.Found[row.Key]; !again {
			rows.Found[row.Key] = row.Clone()
		}
	}
	return rows, nil
}

// load fills in the counters and the absent keys and appends the rows to found, as the store keeps them.
func (s *Store) load(tenant string, keys []store.Key, counters []string, rows *store.Rows, found []*store.Row) []*store.Row {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t := s.tenants[tenant]
	for _, key := range keys {
		row := t.look(key, rows, &found)
		if row != nil && row.Target != (store.Key{}) {
			t.look(row.Target, rows, &found)
		}
	}
	if len(rows.Absent) >= many {
		slices.SortFunc(rows.Absent, store.Key.Compare)
		rows.Absent = slices.Compact(rows.Absent)
	}
	for _, counter := range counters {
		rows.Counters[counter] = 0
		if t != nil {
			rows.Counters[counter] = t.counters[counter]
		}
	}
	return found
}

// many is how many absent keys are looked through one by one at the most.
const many = 32

// look appends the row of a key to found, or notes once that it is absent.
func (t *tenant) look(key store.Key, rows *store.Rows, found *[]*store.Row) *store.Row {
	row := t.row(key)
	if row != nil {
		*found = append(*found, row)
		return row
	}
	if len(rows.Absent) < many && slices.Contains(rows.Absent, key) {
		return nil // where there are many, twice is once more looked for at the end
	}
	if rows.Absent == nil {
		rows.Absent = make([]store.Key, 0, 4)
	}
	rows.Absent = append(rows.Absent, key)
	return nil
}
