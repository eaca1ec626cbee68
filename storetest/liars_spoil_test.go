package storetest

import (
	"context"
	"slices"
	"sync"

	"github.com/frontdesk-go/frontdesk/store"
)

// copied returns a batch that a liar may change without the caller seeing it.
func copied(b *store.Batch) *store.Batch {
	c := &store.Batch{Tenant: b.Tenant, Shard: b.Shard, Adds: slices.Clone(b.Adds), Queue: slices.Clone(b.Queue), Finish: slices.Clone(b.Finish)}
	for _, w := range b.Writes {
		w.Row = w.Row.Clone()
		c.Writes = append(c.Writes, w)
	}
	return c
}

// batches returns a spoil that changes each batch on its way in.
func batches(change func(*store.Batch)) func(*liar, store.Store) {
	return func(l *liar, good store.Store) {
		l.commit = func(ctx context.Context, b *store.Batch) error {
			c := copied(b)
			change(c)
			return good.Commit(ctx, c)
		}
	}
}

// puts returns a spoil that changes each row on its way in.
func puts(change func(*store.Row)) func(*liar, store.Store) {
	return batches(func(b *store.Batch) {
		for i := range b.Writes {
			if b.Writes[i].Action == store.Put {
				change(&b.Writes[i].Row)
			}
		}
	})
}

// loaded returns a spoil that changes each answer of Load on its way out.
func loaded(change func(*store.Rows)) func(*liar, store.Store) {
	return func(l *liar, good store.Store) {
		l.load = func(ctx context.Context, tenant string, keys []store.Key, counters []string) (*store.Rows, error) {
			rows, err := good.Load(ctx, tenant, keys, counters)
			if err == nil {
				change(rows)
			}
			return rows, err
		}
	}
}

// queries returns a spoil that changes each query on its way in.
func queries(change func(*store.Query)) func(*liar, store.Store) {
	return func(l *liar, good store.Store) {
		l.list = func(ctx context.Context, q store.Query) (*store.Page, error) {
			change(&q)
			return good.List(ctx, q)
		}
	}
}

// ids returns a spoil that keeps rows under an ID that f makes, in lists and in Load.
func renamed(f func(string) string) func(*liar, store.Store) {
	return func(l *liar, good store.Store) {
		batches(func(b *store.Batch) {
			for i := range b.Writes {
				b.Writes[i].Row.ID = f(b.Writes[i].Row.ID)
			}
		})(l, good)
		l.load = func(ctx context.Context, tenant string, keys []store.Key, counters []string) (*store.Rows, error) {
			keys = slices.Clone(keys)
			for i := range keys {
				keys[i].ID = f(keys[i].ID)
			}
			return good.Load(ctx, tenant, keys, counters)
		}
	}
}

// keepsMemory answers Load with the rows it was handed in.
func keepsMemory(l *liar, good store.Store) {
	var mu sync.Mutex
	kept := map[store.Key]store.Row{}
	l.commit = func(ctx context.Context, b *store.Batch) error {
		err := good.Commit(ctx, b)
		if err == nil && b.Tenant == tenant {
			mu.Lock()
			defer mu.Unlock()
			for _, w := range b.Writes {
				kept[w.Row.Key] = w.Row
			}
		}
		return err
	}
	l.load = func(ctx context.Context, t string, keys []store.Key, counters []string) (*store.Rows, error) {
		rows, err := good.Load(ctx, t, keys, counters)
		mu.Lock()
		defer mu.Unlock()
		for key := range rows.Found {
			if row, ok := kept[key]; ok && t == tenant {
				rows.Found[key] = row.Clone()
			}
		}
		return rows, err
	}
}

// handsOutMemory answers a second Load with the rows of the first.
func handsOutMemory(l *liar, good store.Store) {
	cache := map[store.Key]store.Row{}
	loaded(func(rows *store.Rows) {
		for key, row := range rows.Found {
			if old, ok := cache[key]; ok && old.Version == row.Version {
				rows.Found[key] = old
			} else {
				cache[key] = row
			}
		}
	})(l, good)
}

// buries puts a stone over a deleted row instead of removing it, and forgets in List to look for stones.
func buries(l *liar, good store.Store) {
	const stone = -12345
	l.commit = func(ctx context.Context, b *store.Batch) error {
		c := copied(b)
		for i := range c.Writes {
			w := &c.Writes[i]
			rows, err := good.Load(ctx, b.Tenant, []store.Key{w.Row.Key}, nil)
			if err != nil {
				return err
			}
			row, found := rows.Row(w.Row.Key)
			if found && row.Version == stone && w.If == 0 {
				w.If = stone
			}
			if found && w.Action == store.Delete {
				row.Version = stone
				w.Action, w.Row = store.Put, row
			}
		}
		return good.Commit(ctx, c)
	}
	loaded(func(rows *store.Rows) {
		for key, row := range rows.Found {
			if row.Version == stone {
				delete(rows.Found, key)
				rows.Absent = append(rows.Absent, key)
			}
		}
	})(l, good)
}

// keepsOld returns a spoil that carries something of the old row over to the new one.
func keepsOld(carry func(old, row *store.Row)) func(*liar, store.Store) {
	return func(l *liar, good store.Store) {
		l.commit = func(ctx context.Context, b *store.Batch) error {
			c := copied(b)
			for i := range c.Writes {
				row := &c.Writes[i].Row
				rows, err := good.Load(ctx, b.Tenant, []store.Key{row.Key}, nil)
				if err != nil {
					return err
				}
				if old, ok := rows.Row(row.Key); ok && c.Writes[i].Action == store.Put {
					carry(&old, row)
				}
			}
			return good.Commit(ctx, c)
		}
	}
}
