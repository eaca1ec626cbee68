package storetest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/frontdesk-go/frontdesk/store"
)

var rowLies = []lie{
	{name: "keeps all tenants together", rule: 1, found: "Rows/TenantsAreApart", spoil: func(l *liar, good store.Store) {
		batches(func(b *store.Batch) { b.Tenant = "all" })(l, good)
		queries(func(q *store.Query) { q.Tenant = "all" })(l, good)
		l.load = func(ctx context.Context, _ string, keys []store.Key, counters []string) (*store.Rows, error) {
			return good.Load(ctx, "all", keys, counters)
		}
	}},
	{name: "counts all tenants together", rule: 1, found: "Rows/TenantsAreApart", spoil: func(l *liar, good store.Store) {
		l.commit = func(ctx context.Context, b *store.Batch) error {
			c := copied(b)
			c.Adds = nil
			err := good.Commit(ctx, c)
			if err == nil {
				err = good.Commit(ctx, &store.Batch{Tenant: "all", Adds: b.Adds})
			}
			return err
		}
		l.load = func(ctx context.Context, tenant string, keys []store.Key, counters []string) (*store.Rows, error) {
			rows, err := good.Load(ctx, tenant, keys, nil)
			if all, allErr := good.Load(ctx, "all", nil, counters); err == nil && allErr == nil {
				rows.Counters = all.Counters
			}
			return rows, err
		}
	}},
	{name: "keeps all kinds together", rule: 1, found: "Rows/KindsAreApart", spoil: func(l *liar, good store.Store) {
		batches(func(b *store.Batch) {
			for i := range b.Writes {
				b.Writes[i].Row.Kind = store.Document
			}
		})(l, good)
	}},
	{name: "drops the jobs of another tenant", rule: 1, found: "Leases/FinishDrops", spoil: func(l *liar, good store.Store) {
		l.commit = func(ctx context.Context, b *store.Batch) error {
			if len(b.Finish) > 0 {
				_ = good.Commit(ctx, &store.Batch{Tenant: tenant + "2", Finish: []store.Finish{{Group: "g", Jobs: []string{"j1"}}}})
			}
			return good.Commit(ctx, b)
		}
	}},
	{name: "folds the case of IDs", rule: 2, found: "Rows/IDsByteByByte", spoil: renamed(strings.ToLower)},
	{name: "trims spaces of IDs", rule: 2, found: "Rows/IDsByteByByte", spoil: renamed(strings.TrimSpace)},
	{name: "sorts IDs by a collation", rule: 2, found: "Rows/IDsByteByByte", spoil: func(l *liar, good store.Store) {
		l.list = func(ctx context.Context, q store.Query) (*store.Page, error) {
			page, err := good.List(ctx, q)
			if err == nil {
				slices.SortStableFunc(page.Rows, func(a, b store.Row) int { return strings.Compare(strings.ToLower(a.ID), strings.ToLower(b.ID)) })
			}
			return page, err
		}
	}},
	{name: "folds the case of values", rule: 2, found: "Rows/ValuesByteByByte", spoil: func(l *liar, good store.Store) {
		puts(func(row *store.Row) {
			for i := range row.Facts {
				row.Facts[i].Value = strings.ToLower(row.Facts[i].Value)
			}
		})(l, good)
		queries(func(q *store.Query) { q.Value = strings.ToLower(q.Value) })(l, good)
	}},
	{name: "trims spaces of groups", rule: 2, found: "Rows/CountersAndJobsByteByByte", spoil: batches(func(b *store.Batch) {
		for i := range b.Queue {
			b.Queue[i].Group = strings.TrimRight(b.Queue[i].Group, " ")
		}
	})},
	{name: "keeps JSON in a type of its own", rule: 3, found: "Rows/BodyKeptExactly", spoil: puts(func(row *store.Row) {
		var v any
		if json.Unmarshal(row.Body, &v) == nil {
			row.Body, _ = json.Marshal(v)
		}
	})},
	{name: "truncates bodies", rule: 3, found: "Rows/BodyKeptExactly", spoil: puts(func(row *store.Row) { row.Body = row.Body[:min(len(row.Body), 65535)] })},
	{name: "keeps bodies as text", rule: 3, found: "Rows/BodyKeptExactly", spoil: puts(func(row *store.Row) { row.Body = bytes.ToValidUTF8(row.Body, []byte("?")) })},
	{name: "keeps bodies of jobs as text", rule: 3, found: "Rows/BodyKeptExactly", spoil: batches(func(b *store.Batch) {
		for i := range b.Queue {
			b.Queue[i].Body = bytes.ToValidUTF8(b.Queue[i].Body, []byte("?"))
		}
	})},
	{name: "sorts facts", rule: 4, found: "Rows/EverythingComesBack", spoil: puts(func(row *store.Row) {
		slices.SortFunc(row.Facts, func(a, b store.Fact) int { return strings.Compare(a.Name, b.Name) })
	})},
	{name: "takes an empty place for none", rule: 4, found: "Rows/EverythingComesBack", spoil: puts(func(row *store.Row) {
		if row.Place != nil && *row.Place == (store.Place{}) {
			row.Place = nil
		}
	})},
	{name: "keeps activity in milliseconds", rule: 4, found: "Rows/EverythingComesBack", spoil: puts(func(row *store.Row) {
		if row.Place != nil {
			row.Place.Activity = row.Place.Activity / 1000 * 1000
		}
	})},
	{name: "keeps orders as floating point", rule: 4, found: "Rows/ExtremesComeBack", spoil: puts(func(row *store.Row) {
		for i := range row.Facts {
			row.Facts[i].Order = int64(float64(row.Facts[i].Order/2)) * 2
		}
	})},
	{name: "keeps the caller's memory", rule: 5, found: "Rows/CopiedIn", spoil: keepsMemory},
	{name: "hands out its own memory", rule: 5, found: "Rows/CopiedOut", spoil: handsOutMemory},
	{name: "lists deleted rows", rule: 6, found: "Rows/DeletedIsGone", spoil: buries},
	{name: "cuts IDs short", rule: 7, found: "Rows/LongestInputs", spoil: renamed(func(id string) string { return id[:min(len(id), 191)] })},
	{name: "refuses large bodies", rule: 7, found: "Rows/LargestRow", spoil: func(l *liar, good store.Store) {
		l.commit = func(ctx context.Context, b *store.Batch) error {
			for _, w := range b.Writes {
				if len(w.Row.Body) > 1<<20 {
					return errors.New("max_allowed_packet")
				}
			}
			return good.Commit(ctx, b)
		}
	}},
	{name: "keeps a hundred facts", rule: 7, found: "Rows/LargestRow", spoil: puts(func(row *store.Row) { row.Facts = row.Facts[:min(len(row.Facts), 100)] })},
	{name: "keeps old facts in the index", rule: 8, found: "Rows/PutReplacesWhole", spoil: keepsOld(func(old, row *store.Row) {
		row.Facts = append(row.Facts, old.Facts...)
	})},
	{name: "keeps an old place in the index", rule: 8, found: "Rows/PutReplacesWhole", spoil: keepsOld(func(old, row *store.Row) {
		if row.Place == nil {
			row.Place = old.Place
		}
	})},
	{name: "keeps old words in the index", rule: 8, found: "Rows/WordsFollowTheRow", spoil: keepsOld(func(old, row *store.Row) {
		row.Words = append(row.Words, old.Words...)
	})},
	{name: "has an index of words without the letters' case", rule: 2, found: "Rows/ValuesByteByByte", spoil: func(l *liar, good store.Store) {
		puts(func(row *store.Row) {
			for i := range row.Words {
				row.Words[i] = strings.ToLower(row.Words[i])
			}
		})(l, good)
		queries(func(q *store.Query) {
			q.Words = slices.Clone(q.Words)
			for i := range q.Words {
				q.Words[i] = strings.ToLower(q.Words[i])
			}
		})(l, good)
	}},
	{name: "makes versions itself", rule: 45, found: "Rows/VersionKept", spoil: batches(func(b *store.Batch) {
		for i := range b.Writes {
			b.Writes[i].Row.Version = b.Writes[i].If + 1
		}
	})},
	{name: "keeps versions in 32 bits", rule: 45, found: "Rows/ExtremesComeBack", spoil: puts(func(row *store.Row) { row.Version = int64(int32(row.Version)) })},
}
