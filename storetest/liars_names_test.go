package storetest

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/frontdesk-go/frontdesk/store"
)

// joinedBy returns a spoil that finds a row by its kind, a separator and its ID in one text.
func joinedBy(sep string) func(*liar, store.Store) {
	return batches(func(b *store.Batch) {
		for i := range b.Writes {
			key := &b.Writes[i].Row.Key
			if kind, rest, cut := strings.Cut(string(key.Kind), sep); cut {
				*key = store.Key{Kind: store.Kind(kind), ID: rest + sep + key.ID}
			}
		}
	})
}

// countsIn returns a spoil that keeps the counters of all tenants in one, under names that f makes.
func countsIn(f func(tenant, counter string) string) func(*liar, store.Store) {
	return func(l *liar, good store.Store) {
		l.commit = func(ctx context.Context, b *store.Batch) error {
			c := copied(b)
			c.Adds = nil
			if err := good.Commit(ctx, c); err != nil {
				return err
			}
			adds := slices.Clone(b.Adds)
			for i := range adds {
				adds[i].Counter = f(b.Tenant, adds[i].Counter)
			}
			return good.Commit(context.WithoutCancel(ctx), &store.Batch{Tenant: "all", Adds: adds})
		}
		l.load = func(ctx context.Context, tenant string, keys []store.Key, counters []string) (*store.Rows, error) {
			rows, err := good.Load(ctx, tenant, keys, counters)
			for i := 0; err == nil && i < len(counters); i++ {
				name := f(tenant, counters[i])
				all, _ := good.Load(context.WithoutCancel(ctx), "all", nil, []string{name})
				rows.Counters[counters[i]] = all.Counters[name]
			}
			return rows, err
		}
	}
}

// appends returns a spoil that adds to the first page of a list that of another one.
func appends(other func(q *store.Query) bool) func(*liar, store.Store) {
	return func(l *liar, good store.Store) {
		l.list = func(ctx context.Context, q store.Query) (*store.Page, error) {
			page, err := good.List(ctx, q)
			if begins := q.Cursor == ""; err == nil && begins && other(&q) {
				more, _ := good.List(context.WithoutCancel(ctx), q)
				page.Rows = append(page.Rows, more.Rows...)
			}
			return page, err
		}
	}
}

// resurrects has a deleted row of some kinds leave its facts behind, for whoever puts it again.
func resurrects(which func(store.Kind) bool) func(*liar, store.Store) {
	return func(l *liar, good store.Store) {
		left := map[store.Key][]store.Fact{}
		l.commit = func(ctx context.Context, b *store.Batch) error {
			c := copied(b)
			for i := range c.Writes {
				w := &c.Writes[i]
				key := w.Row.Key
				switch {
				case b.Tenant != tenant || !which(key.Kind):
				case w.Action == store.Delete:
					if rows, err := good.Load(ctx, b.Tenant, []store.Key{key}, nil); err == nil {
						left[key] = rows.Found[key].Facts
					}
				case w.Action == store.Put && w.If == 0:
					w.Row.Facts = append(w.Row.Facts, left[key]...)
				}
			}
			return good.Commit(ctx, c)
		}
	}
}

var nameLies = []lie{
	{name: "joins kind and ID by a slash", rule: 1, found: "Rows/NamesWithSeparators", spoil: joinedBy("/")},
	{name: "joins kind and ID by a control character", rule: 1, found: "Rows/NamesWithSeparators", spoil: joinedBy("\x1f")},
	{name: "joins tenant and counter by a colon", rule: 1, found: "Rows/NamesWithSeparators", spoil: countsIn(func(tenant, counter string) string {
		return tenant + ":" + counter
	})},
	{name: "finds a value by what its key begins with", rule: 2, found: "Rows/NamesWithSeparators", spoil: appends(func(q *store.Query) bool {
		q.Value += "/w"
		return q.Fact != ""
	})},
	{name: "joins shelf and agent by a slash", rule: 2, found: "Rows/NamesWithSeparators", spoil: appends(func(q *store.Query) bool {
		if len(q.Ranges) != 1 || q.Ranges[0].By != store.ByAgent {
			return false
		}
		r := q.Ranges[0]
		agent, rest, cut := strings.Cut(r.Value, "/")
		q.Ranges = []store.Range{{Shelf: r.Shelf + "/" + agent, By: r.By, Value: rest}}
		return cut
	})},
	{name: "finds a group's jobs by what their key begins with", rule: 2, found: "Rows/NamesWithSeparators", spoil: func(l *liar, good store.Store) {
		l.jobs = func(ctx context.Context, q store.JobQuery) ([]store.Lease, error) {
			leases, err := good.Jobs(ctx, q)
			if q.Group == "" || len(leases) != 1 {
				return leases, err
			}
			q.Group, q.Token = q.Group+"/w", q.Token+"\x01"
			more, err := good.Jobs(ctx, q)
			for _, x := range more {
				leases[0].Jobs = append(leases[0].Jobs, x.Jobs...)
			}
			return leases, err
		}
	}},
	{name: "folds the case of agents", rule: 2, found: "Rows/ValuesByteByByte", spoil: appends(func(q *store.Query) bool {
		if len(q.Ranges) != 1 || q.Ranges[0].By != store.ByAgent {
			return false
		}
		r := q.Ranges[0]
		q.Ranges = []store.Range{{Shelf: strings.ToUpper(r.Shelf), By: r.By, Value: strings.ToUpper(r.Value)}}
		return q.Ranges[0].Value != r.Value
	})},
	{name: "folds the case of a message's conversation", rule: 2, found: "Rows/ValuesByteByByte", spoil: appends(func(q *store.Query) bool {
		before := q.Value
		q.Value = strings.ToUpper(before)
		return q.Kind == store.Message && q.Fact == "conversation" && q.Value != before
	})},
	{name: "has 64 kilobytes for words", rule: 7, found: "Rows/LargestRow", spoil: func(l *liar, good store.Store) {
		l.commit = func(ctx context.Context, b *store.Batch) error {
			for _, w := range b.Writes {
				if len(strings.Join(w.Row.Words, " ")) > 65535 {
					return errors.New("data too long for column 'words'")
				}
			}
			return good.Commit(ctx, b)
		}
	}},
	{name: "folds the case of kinds", rule: 1, found: "Rows/KindsAreApart", spoil: batches(func(b *store.Batch) {
		for i := range b.Writes {
			b.Writes[i].Row.Kind = store.Kind(strings.ToLower(string(b.Writes[i].Row.Kind)))
		}
	})},
	{name: "keeps a place only with its shelf", rule: 4, found: "Rows/EverythingComesBack", spoil: puts(func(row *store.Row) {
		if row.Place != nil && row.Place.Shelf == "" {
			row.Place = &store.Place{}
		}
	})},
	{name: "joins words by commas", rule: 4, found: "Rows/EverythingComesBack", spoil: puts(func(row *store.Row) {
		if len(row.Words) > 0 {
			row.Words = strings.Split(strings.Join(row.Words, ","), ",")
		}
	})},
	{name: "keeps facts in lines", rule: 4, found: "Rows/EverythingComesBack", spoil: puts(func(row *store.Row) {
		for i := range row.Facts {
			row.Facts[i].Value, _, _ = strings.Cut(row.Facts[i].Value, "\n")
		}
	})},
	{name: "lists hits of words without their bodies", rule: 4, found: "Rows/EverythingComesBack", spoil: listed(func(page *store.Page, q *store.Query) {
		for i := range page.Rows {
			if len(q.Words) > 0 {
				page.Rows[i].Body = nil
			}
		}
	})},
	{name: "has no room for a long tenant", rule: 7, found: "Rows/LongestInputs", spoil: func(l *liar, good store.Store) {
		l.commit = func(ctx context.Context, b *store.Batch) error {
			if len(b.Tenant) > 64 {
				return errors.New("value too long for type varchar(64)")
			}
			return good.Commit(ctx, b)
		}
	}},
	{name: "cuts kinds short", rule: 7, found: "Rows/LongestInputs", spoil: batches(func(b *store.Batch) {
		for i := range b.Writes {
			key := &b.Writes[i].Row.Key
			key.Kind = key.Kind[:min(len(key.Kind), 32)]
		}
	})},
	{name: "leaves the facts of deleted contacts in the index", rule: 6, found: "Lists/EveryListedFact", spoil: resurrects(func(k store.Kind) bool {
		return k == store.Contact
	})},
}
