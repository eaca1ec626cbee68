package storetest

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/frontdesk-go/frontdesk/store"
)

// takesBack writes each new row by itself and the rest at the end, and deletes the rows again if that does not hold. After each row it waits for
// some reads, one of which has then begun since.
func takesBack(l *liar, good store.Store) {
	const readers = 3
	var mu sync.Mutex
	var reads atomic.Int64
	l.load = func(ctx context.Context, tenant string, keys []store.Key, counters []string) (*store.Rows, error) {
		defer reads.Add(1)
		return good.Load(ctx, tenant, keys, counters)
	}
	l.commit = func(ctx context.Context, b *store.Batch) error {
		mu.Lock()
		defer mu.Unlock()
		var undo []store.Write
		rest := copied(b)
		rest.Writes = nil
		for _, w := range copied(b).Writes {
			if w.Action != store.Put || w.If != 0 {
				rest.Writes = append(rest.Writes, w)
				continue
			}
			err := good.Commit(ctx, &store.Batch{Tenant: b.Tenant, Shard: b.Shard, Writes: []store.Write{w}})
			if err != nil {
				_ = good.Commit(context.WithoutCancel(ctx), &store.Batch{Tenant: b.Tenant, Shard: b.Shard, Writes: undo})
				return err
			}
			undo = append(undo, store.Write{Action: store.Delete, If: w.Row.Version, Row: store.Row{Key: w.Row.Key}})
			began, before := time.Now(), reads.Load()
			for reads.Load() <= before+readers && time.Since(began) < 2*time.Millisecond {
				runtime.Gosched()
			}
		}
		err := good.Commit(context.WithoutCancel(ctx), rest)
		if err != nil {
			_ = good.Commit(context.WithoutCancel(ctx), &store.Batch{Tenant: b.Tenant, Shard: b.Shard, Writes: undo})
		}
		return err
	}
}

// notText is the error of a database that takes only text.
func notText(texts ...string) error {
	if slices.ContainsFunc(texts, func(s string) bool { return !utf8.ValidString(s) || strings.Contains(s, "\x00") }) {
		return errors.New("invalid byte sequence for encoding \"UTF8\"")
	}
	return nil
}

var batchLies = []lie{
	{name: "writes row by row and takes back what does not hold", rule: 13, found: "Contention/WhatDoesNotHoldIsNotSeen", spoil: takesBack},
	{name: "keeps versions as floating point", rule: 14, found: "Commit/VersionIsEqual", spoil: pretend(func(w *store.Write, stored int64) {
		if float64(stored) == float64(w.If) {
			w.If = stored
		}
	})},
	{name: "compares half of a version", rule: 14, found: "Commit/VersionIsEqual", spoil: pretend(func(w *store.Write, stored int64) {
		if stored != 0 && int32(stored) == int32(w.If) {
			w.If = stored
		}
	})},
	{name: "inserts a large batch in parts", rule: 13, found: "Commit/LargeBatch", spoil: func(l *liar, good store.Store) {
		l.commit = func(ctx context.Context, b *store.Batch) error {
			checks, rest := &store.Batch{Tenant: b.Tenant, Shard: b.Shard}, copied(b)
			for _, w := range copied(b).Writes {
				if w.Action == store.Check {
					checks.Writes = append(checks.Writes, w)
				}
			}
			if err := good.Commit(ctx, checks); err != nil {
				return err
			}
			for ; len(rest.Writes) > 100; rest.Writes = rest.Writes[100:] {
				if err := good.Commit(ctx, &store.Batch{Tenant: b.Tenant, Shard: b.Shard, Writes: rest.Writes[:100]}); err != nil {
					return err
				}
			}
			return good.Commit(ctx, rest)
		}
	}},
	{name: "keeps counters as floating point", rule: 18, found: "Commit/AddHasNoCondition", spoil: loaded(func(rows *store.Rows) {
		for name, n := range rows.Counters {
			rows.Counters[name] = int64(float64(n))
		}
	})},
	{name: "loads the first thousand keys", rule: 9, found: "Load/ManyKeys", spoil: func(l *liar, good store.Store) {
		l.load = func(ctx context.Context, tenant string, keys []store.Key, counters []string) (*store.Rows, error) {
			return good.Load(ctx, tenant, keys[:min(len(keys), 1000)], counters)
		}
	}},
	{name: "follows the first hundred targets", rule: 9, found: "Load/ManyKeys", spoil: func(l *liar, good store.Store) {
		l.load = func(ctx context.Context, tenant string, keys []store.Key, counters []string) (*store.Rows, error) {
			rows, err := good.Load(ctx, tenant, keys, counters)
			if err != nil {
				return nil, err
			}
			led := 0
			for key := range rows.Found {
				if !slices.Contains(keys, key) {
					if led++; led > 100 {
						delete(rows.Found, key)
					}
				}
			}
			return rows, nil
		}
	}},
	{name: "follows targets into another tenant", rule: 10, found: "Load/NamesAbsentTargets", spoil: func(l *liar, good store.Store) {
		l.load = func(ctx context.Context, t string, keys []store.Key, counters []string) (*store.Rows, error) {
			rows, err := good.Load(ctx, t, keys, counters)
			if err != nil || t != tenant {
				return rows, err
			}
			for i, key := range slices.Backward(rows.Absent) {
				other, _ := good.Load(context.WithoutCancel(ctx), tenant+"2", []store.Key{key}, nil)
				if row, found := other.Row(key); found && !slices.Contains(keys, key) {
					rows.Absent = slices.Delete(rows.Absent, i, i+1)
					rows.Found[key] = row
				}
			}
			return rows, nil
		}
	}},
	{name: "makes an error of a key that is not text", rule: 9, found: "Load/AnythingMayBeAsked", spoil: func(l *liar, good store.Store) {
		l.load = func(ctx context.Context, tenant string, keys []store.Key, counters []string) (*store.Rows, error) {
			for _, key := range keys {
				if err := notText(string(key.Kind), key.ID); err != nil {
					return nil, err
				}
			}
			return good.Load(ctx, tenant, keys, counters)
		}
	}},
	{name: "makes an error of a value that is not text", rule: 9, found: "Load/AnythingMayBeAsked", spoil: func(l *liar, good store.Store) {
		l.list = func(ctx context.Context, q store.Query) (*store.Page, error) {
			if err := notText(q.Value); err != nil {
				return nil, err
			}
			return good.List(ctx, q)
		}
	}},
	{name: "cuts what is asked for to the longest ID", rule: 9, found: "Load/AnythingMayBeAsked", spoil: func(l *liar, good store.Store) {
		l.load = func(ctx context.Context, tenant string, keys []store.Key, counters []string) (*store.Rows, error) {
			keys = slices.Clone(keys)
			for i := range keys {
				keys[i].ID = keys[i].ID[:min(len(keys[i].ID), store.MaxID)]
			}
			return good.Load(ctx, tenant, keys, counters)
		}
	}},
}
