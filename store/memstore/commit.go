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
	var space [16]*cell
	cells, conflicts := s.tenants[b.Tenant].find(space[:0], b.Writes)
	if conflicts != nil {
		return &store.ConflictError{Keys: conflicts}
	}
	s.tenant(b).apply(b, cells, rows)
	return nil
}

// kept is a row and its place in one piece of memory.
type kept struct {
	row   store.Row
	place store.Place
}

// copies returns what the puts write, sharing no memory with the batch. They are made before the lock is taken.
func copies(writes []store.Write) []*store.Row {
	rows := make([]*store.Row, 0, len(writes))
	for i := range writes {
		w := &writes[i]
		if w.Action != store.Put {
			continue
		}
		if w.Row.Place == nil {
			row := w.Row.Clone()
			rows = append(rows, &row)
			continue
		}
		k := &kept{place: *w.Row.Place}
		without := w.Row
		without.Place = nil
		k.row = without.Clone()
		k.row.Place = &k.place
		rows = append(rows, &k.row)
	}
	return rows
}

// find appends the cell of each write, nil where there is none, and returns the keys that are not as the writes want them.
func (t *tenant) find(cells []*cell, writes []store.Write) ([]*cell, []store.Key) {
	var conflicts []store.Key
	for i := range writes {
		w := &writes[i]
		c := t.cell(w.Row.Key)
		cells = append(cells, c)
		if c == nil && w.If != 0 || c != nil && c.row.Version != w.If {
			conflicts = append(conflicts, w.Row.Key)
		}
	}
	return cells, conflicts
}

// apply writes what has been found to hold. Nothing in it can fail.
func (t *tenant) apply(b *store.Batch, cells []*cell, rows []*store.Row) {
	for i := range b.Writes {
		switch b.Writes[i].Action {
		case store.Put:
			t.put(cells[i], rows[0])
			rows = rows[1:]
		case store.Delete:
			t.remove(cells[i])
		}
	}
	for i := range b.Adds {
		t.counters[b.Adds[i].Counter] += b.Adds[i].Delta
	}
	for i := range b.Finish {
		t.finish(&b.Finish[i])
	}
	for i := range b.Queue {
		t.enqueue(&b.Queue[i])
	}
}

func (t *tenant) put(c *cell, row *store.Row) {
	if c == nil {
		c = &cell{}
		c.at = c.space[:0]
		t.rows[row.Key] = c
	}
	c.row = row
	t.relist(c)
}

func (t *tenant) remove(c *cell) {
	if c != nil {
		delete(t.rows, c.row.Key)
		for i := range c.at {
			t.unlist(c, &c.at[i])
		}
	}
}
