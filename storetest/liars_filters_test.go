package storetest

import (
	"cmp"
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/frontdesk-go/frontdesk/store"
)

// sifts returns a spoil that reads a whole list and filters it by its own idea. plain takes out of a query what it filters, mark what its
// cursors do not hold.
func sifts(plain, mark func(*store.Query), keep func(*store.Query, *store.Row) bool) func(*liar, store.Store) {
	return func(l *liar, good store.Store) {
		l.list = func(ctx context.Context, q store.Query) (*store.Page, error) {
			if err := q.Check(); err != nil {
				return nil, err
			}
			asked, marked := q, q
			plain(&asked)
			mark(&marked)
			at, begins, err := marked.After()
			if err != nil {
				return nil, err
			}
			rows, err := whole(ctx, good, asked)
			if err != nil {
				return nil, err
			}
			page, last := &store.Page{}, at
			for i := range rows {
				p := where(&rows[i], &q)
				greater := p.Order > at.Order || p.Order == at.Order && p.ID > at.ID
				if !begins && (p == at || greater != q.Ascending) {
					continue
				}
				if len(page.Rows) == q.Size() || page.Examined == q.Scan() {
					page.Cursor = marked.At(last)
					break
				}
				page.Examined++
				if last = p; keep(&q, &rows[i]) {
					page.Rows = append(page.Rows, rows[i])
				}
			}
			return page, nil
		}
	}
}

func asItIs(*store.Query) {}

func unfiltered(q *store.Query) { q.Match, q.Words = nil, nil }

func unprefixed(q *store.Query) {
	unfiltered(q)
	q.Prefix = ""
}

// matching returns a spoil that judges by itself whether a filter holds.
func matching(holds func(m *store.Match, row *store.Row) bool) func(*liar, store.Store) {
	return sifts(unfiltered, asItIs, func(q *store.Query, row *store.Row) bool {
		return store.Matches(row, &store.Query{Words: q.Words}) && !slices.ContainsFunc(q.Match, func(m store.Match) bool { return !holds(&m, row) })
	})
}

// matches is what a filter should say.
func matches(m *store.Match, row *store.Row) bool {
	return store.Matches(row, &store.Query{Match: []store.Match{*m}})
}

// wording returns a spoil that judges by itself whether a row has a word.
func wording(has func(row *store.Row, word string) bool) func(*liar, store.Store) {
	return sifts(unfiltered, asItIs, func(q *store.Query, row *store.Row) bool {
		return store.Matches(row, &store.Query{Match: q.Match}) && !slices.ContainsFunc(q.Words, func(word string) bool { return !has(row, word) })
	})
}

// factNamed reports whether a row has a fact of a name of which ok holds.
func factNamed(row *store.Row, name string, ok func(store.Fact) bool) bool {
	return slices.ContainsFunc(row.Facts, func(f store.Fact) bool { return f.Name == name && ok(f) })
}

func unbounded(q *store.Query) {
	q.Match = slices.Clone(q.Match)
	for i := range q.Match {
		q.Match[i].From, q.Match[i].To = 0, 0
	}
}

var filterLies = []lie{
	{name: "finds the value in one fact and the order in another", rule: 29, found: "Lists/MatchAndWords", spoil: matching(func(m *store.Match, row *store.Row) bool {
		value, order := *m, *m
		value.From, value.To, value.Not = 0, 0, false
		order.Any, order.Not = nil, false
		return (matches(&value, row) && matches(&order, row)) != m.Not
	})},
	{name: "takes not one value for another value", rule: 29, found: "Lists/MatchAndWords", spoil: matching(func(m *store.Match, row *store.Row) bool {
		if m.Not && len(m.Any) > 0 && !strings.HasPrefix(m.Name, "@") && factNamed(row, m.Name, func(store.Fact) bool { return true }) {
			return factNamed(row, m.Name, func(f store.Fact) bool { return !slices.Contains(m.Any, f.Value) })
		}
		return matches(m, row)
	})},
	{name: "excludes what lacks the fact with a value", rule: 29, found: "Lists/MatchAndWords", spoil: matching(func(m *store.Match, row *store.Row) bool {
		if m.Not && len(m.Any) > 0 && !strings.HasPrefix(m.Name, "@") && !factNamed(row, m.Name, func(store.Fact) bool { return true }) {
			return false
		}
		return matches(m, row)
	})},
	{name: "takes no fact for an empty one", rule: 29, found: "Lists/MatchAndWords", spoil: matching(func(m *store.Match, row *store.Row) bool {
		if !strings.HasPrefix(m.Name, "@") && slices.Contains(m.Any, "") && !factNamed(row, m.Name, func(store.Fact) bool { return true }) {
			return !m.Not
		}
		return matches(m, row)
	})},
	{name: "keeps one filter of each name", rule: 29, found: "Lists/MatchAndWords", spoil: sifts(unfiltered, asItIs, func(q *store.Query, row *store.Row) bool {
		last := map[string]store.Match{}
		for _, m := range q.Match {
			last[m.Name] = m
		}
		for _, m := range last {
			if !matches(&m, row) {
				return false
			}
		}
		return store.Matches(row, &store.Query{Words: q.Words})
	})},
	{name: "takes words for patterns", rule: 29, found: "Lists/WordsByID", spoil: wording(func(row *store.Row, word string) bool {
		pattern, err := regexp.Compile("^" + word)
		return err == nil && slices.ContainsFunc(row.Words, pattern.MatchString)
	})},
	{name: "takes an empty word for none", rule: 29, found: "Lists/WordsByID", spoil: wording(func(row *store.Row, word string) bool {
		return word == "" || store.Matches(row, &store.Query{Words: []string{word}})
	})},
	{name: "orders messages by half of their numbers", rule: 24, found: "Lists/FactsByOrder", spoil: listed(func(page *store.Page, q *store.Query) {
		if q.Kind == store.Message && q.Fact == "conversation" {
			slices.SortStableFunc(page.Rows, func(a, b store.Row) int {
				if x, y := int32(a.Facts[0].Order), int32(b.Facts[0].Order); q.Ascending {
					return cmp.Compare(x, y)
				} else {
					return cmp.Compare(y, x)
				}
			})
		}
	})},
	{name: "lists by a fact whose name differs in case", rule: 24, found: "Lists/FactsByOrder", spoil: puts(func(row *store.Row) {
		for i := range row.Facts {
			row.Facts[i].Name = strings.ToLower(row.Facts[i].Name)
		}
	})},
	{name: "takes a prefix for a regular expression", rule: 25, found: "Lists/ByIDAndPrefix", spoil: sifts(unprefixed, asItIs, func(q *store.Query, row *store.Row) bool {
		pattern, err := regexp.Compile("^" + q.Prefix)
		return err == nil && pattern.MatchString(row.ID) && store.Matches(row, q)
	})},
	{name: "takes a backslash in a prefix for an escape", rule: 25, found: "Lists/ByIDAndPrefix", spoil: sifts(unprefixed, asItIs, func(q *store.Query, row *store.Row) bool {
		return strings.HasPrefix(row.ID, strings.ReplaceAll(q.Prefix, `\`, "")) && store.Matches(row, q)
	})},
	{name: "ends a prefix at the next byte", rule: 25, found: "Lists/ByIDAndPrefix", spoil: func(l *liar, good store.Store) {
		l.list = func(ctx context.Context, q store.Query) (*store.Page, error) {
			if n := len(q.Prefix); n > 0 && !utf8.ValidString(q.Prefix[:n-1]+string([]byte{q.Prefix[n-1] + 1})) {
				return nil, errors.New("invalid byte sequence for encoding \"UTF8\"")
			}
			return good.List(ctx, q)
		}
	}},
	{name: "lists what has no shelf", rule: 23, found: "Lists/EmptyFieldInNoRange", spoil: func(l *liar, good store.Store) {
		swap := func(shelf *string, from, to string) {
			if *shelf == from {
				*shelf = to
			}
		}
		puts(func(row *store.Row) {
			if row.Place != nil {
				swap(&row.Place.Shelf, "", "none at all")
			}
		})(l, good)
		loaded(func(rows *store.Rows) {
			for _, row := range rows.Found {
				if row.Place != nil {
					swap(&row.Place.Shelf, "none at all", "")
				}
			}
		})(l, good)
		l.list = func(ctx context.Context, q store.Query) (*store.Page, error) {
			q.Ranges = slices.Clone(q.Ranges)
			for i := range q.Ranges {
				swap(&q.Ranges[i].Shelf, "", "none at all")
			}
			page, err := good.List(ctx, q)
			for i := 0; err == nil && i < len(page.Rows); i++ {
				if p := page.Rows[i].Place; p != nil {
					swap(&p.Shelf, "none at all", "")
				}
			}
			return page, err
		}
	}},
	{name: "takes a negative limit for none", rule: 27, found: "Pages/Limits", spoil: queries(func(q *store.Query) {
		if q.Limit < 0 {
			q.Limit = store.MaxLimit
		}
	})},
	{name: "takes no budget for any", rule: 30, found: "Pages/Limits", spoil: queries(func(q *store.Query) {
		if q.Budget <= 0 {
			q.Budget = 1 << 30
		}
	})},
	{name: "takes a cursor under other bounds of a filter", rule: 28, found: "Pages/CursorOfAnotherQuery", spoil: sifts(unfiltered, unbounded,
		func(q *store.Query, row *store.Row) bool { return store.Matches(row, q) })},
	{name: "takes an unknown dimension for none", rule: 32, found: "Lists/Unsupported", spoil: queries(func(q *store.Query) {
		q.Ranges = slices.Clone(q.Ranges)
		for i := range q.Ranges {
			if q.Ranges[i].By > store.ByAgent {
				q.Ranges[i].By = store.Any
			}
		}
	})},
	{name: "ignores a filter of a part of the place that there is not", rule: 32, found: "Lists/Unsupported", spoil: queries(func(q *store.Query) {
		q.Match = slices.DeleteFunc(slices.Clone(q.Match), func(m store.Match) bool { return m.Name == "@priority" })
	})},
	{name: "lists for no tenant", rule: 32, found: "Lists/Unsupported", spoil: queries(func(q *store.Query) {
		if q.Tenant == "" {
			q.Tenant = tenant
		}
	})},
}
