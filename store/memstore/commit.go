package memstore

import (
	"context"

	"github.com/frontdesk-go/frontdesk/store"
)

// Commit writes a sealed batch, all or nothing. A *store.ConflictError names every row that did not hold. Of a batch that both drops
// a job and queues one of the same ID, the new one stays.
func (s *Store) Commit(ctx context.Context, b *store.Batch) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(b.Writes)+len(b.Adds)+len(b.Queue)+len(b.Finish) == 0 {
		return nil
	}
	rows := copies(b.Writes)

	s.mu.Lock()
	defer s.mu.Unlock()
	if conflicts := s.tenants[b.Tenant].conflicts(b.Writes); conflicts != nil {
		return &store.ConflictError{Keys: conflicts}
	}
	s.tenant(b).apply(b, rows)
	return nil
}

// copies returns what the puts write, sharing no memory with the batch. They are made before the lock is taken.
func copies(writes []store.Write) []*store.Row {
	rows := make([]*store.Row, 0, len(writes))
	for i := range writes {
		if writes[i].Action == store.Put {
			row := writes[i].Row.Clone()
			rows = append(rows, &row)
		}
	}
	return rows
}

func (t *tenant) conflicts(writes []store.Write) []store.Key {
	var keys []store.Key
	for i := range writes {
		var version int64
		if row := t.row(writes[i].Row.Key); row != nil {
			version = row.Version
		}
		if version != writes[i].If {
			keys = append(keys, writes[i].Row.Key)
		}
	}
	return keys
}

// apply writes what has been found to hold. Nothing in it can fail.
func (t *tenant) apply(b *store.Batch, rows []*store.Row) {
	for i := range b.Writes {
		switch b.Writes[i].Action {
		case store.Put:
			t.put(rows[0])
			rows = rows[1:]
		case store.Delete:
			t.remove(b.Writes[i].Row.Key)
		}
	}
	for _, add := range b.Adds {
		t.counters[add.Counter] += add.Delta
	}
	for i := range b.Finish {
		t.finish(&b.Finish[i])
	}
	for i := range b.Queue {
		t.enqueue(&b.Queue[i])
	}
}

func (t *tenant) put(row *store.Row) {
	c := t.rows[row.Key]
	if c == nil {
		c = &cell{}
		t.rows[row.Key] = c
	}
	old := c.row
	c.row = row
	t.relist(c, old, row)
}

func (t *tenant) remove(key store.Key) {
	if c := t.rows[key]; c != nil {
		delete(t.rows, key)
		t.relist(c, c.row, nil)
	}
}
