package storetest

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/frontdesk-go/frontdesk/store"
)

// listed returns a spoil that changes each page on its way out.
func listed(change func(page *store.Page, q *store.Query)) func(*liar, store.Store) {
	return func(l *liar, good store.Store) {
		l.list = func(ctx context.Context, q store.Query) (*store.Page, error) {
			page, err := good.List(ctx, q)
			if err == nil {
				change(page, &q)
			}
			return page, err
		}
	}
}

// whole lists everything of a query, without pages.
func whole(ctx context.Context, good store.Store, q store.Query) ([]store.Row, error) {
	q.Limit, q.Budget, q.Cursor = store.MaxLimit, 1<<30, ""
	var rows []store.Row
	for {
		page, err := good.List(ctx, q)
		if err != nil {
			return nil, err
		}
		rows = append(rows, page.Rows...)
		if q.Cursor = page.Cursor; q.Cursor == "" {
			return rows, nil
		}
	}
}

var listLies = []lie{
	{name: "lists a row once for each range", rule: 23, found: "Lists/RangesMerged", spoil: listed(func(page *store.Page, q *store.Query) {
		for i := 0; i < len(page.Rows); i++ {
			in := 0
			for _, r := range q.Ranges {
				if page.Rows[i].Place.In(r) {
					in++
				}
			}
			if in > 1 {
				page.Rows = slices.Insert(page.Rows, i, page.Rows[i])
				i++
			}
		}
	})},
	{name: "looks at the first ranges only", rule: 23, found: "Lists/RangesMerged", spoil: queries(func(q *store.Query) { q.Ranges = q.Ranges[:min(len(q.Ranges), 8)] })},
	{name: "ignores the dimension of a range", rule: 23, found: "Lists/RangesByActivity", spoil: queries(func(q *store.Query) {
		q.Ranges = slices.Clone(q.Ranges)
		for i := range q.Ranges {
			q.Ranges[i].By, q.Ranges[i].Value = store.Any, ""
		}
	})},
	{name: "ignores the shelf of a range", rule: 23, found: "Lists/RangesByActivity", spoil: queries(func(q *store.Query) {
		var all []store.Range
		for _, r := range q.Ranges {
			for _, shelf := range []string{"open", "done", "spam"} {
				all = append(all, store.Range{Shelf: shelf, By: r.By, Value: r.Value})
			}
		}
		q.Ranges = all[:min(len(all), store.MaxRanges)]
	})},
	{name: "lists everything for an empty value", rule: 23, found: "Lists/EmptyFieldInNoRange", spoil: queries(func(q *store.Query) {
		q.Ranges = slices.Clone(q.Ranges)
		for i := range q.Ranges {
			if q.Ranges[i].Value == "" {
				q.Ranges[i].By = store.Any
			}
		}
	})},
	{name: "lists equal times in no order", rule: 23, found: "Lists/RangesByActivity", spoil: listed(func(page *store.Page, q *store.Query) {
		if len(q.Ranges) > 0 {
			slices.SortStableFunc(page.Rows, func(a, b store.Row) int {
				if a.Place.Activity != b.Place.Activity {
					return 0
				}
				return strings.Compare(a.ID, b.ID)
			})
		}
	})},
	{name: "searches in every tenant", rule: 1, found: "Rows/TenantsAreApart", spoil: func(l *liar, good store.Store) {
		l.list = func(ctx context.Context, q store.Query) (*store.Page, error) {
			page, err := good.List(ctx, q)
			if err == nil && len(q.Words) > 0 {
				q.Tenant = "acme3"
				other, _ := good.List(ctx, q)
				page.Rows = append(page.Rows, other.Rows...)
			}
			return page, err
		}
	}},
	{name: "lists facts by ID", rule: 24, found: "Lists/FactsByOrder", spoil: listed(func(page *store.Page, q *store.Query) {
		if q.Fact != "" {
			slices.SortFunc(page.Rows, func(a, b store.Row) int { return -strings.Compare(a.ID, b.ID) })
		}
	})},
	{name: "has no index of one fact", rule: 24, found: "Lists/EveryListedFact", spoil: listed(func(page *store.Page, q *store.Query) {
		if q.Kind == store.Contact && q.Fact == "phone" {
			page.Rows = nil
		}
	})},
	{name: "takes a prefix for a pattern", rule: 25, found: "Lists/ByIDAndPrefix", spoil: queries(func(q *store.Query) { q.Prefix = strings.TrimRight(q.Prefix, "%_") })},
	{name: "lists other kinds by ID", rule: 25, found: "Lists/ByIDAndPrefix", spoil: func(l *liar, good store.Store) {
		l.list = func(ctx context.Context, q store.Query) (*store.Page, error) {
			page, err := good.List(ctx, q)
			if q.Kind == store.Document && err == nil {
				q.Kind, q.Cursor = store.Contact, ""
				other, _ := good.List(ctx, q)
				page.Rows = append(page.Rows, other.Rows...)
			}
			return page, err
		}
	}},
	{name: "does not list the other way", rule: 26, found: "Lists/AscendingIsMirrored", spoil: queries(func(q *store.Query) { q.Ascending = false })},
	{name: "turns equal orders around only half", rule: 26, found: "Lists/AscendingIsMirrored", spoil: listed(func(page *store.Page, q *store.Query) {
		if q.Ascending && len(q.Ranges) > 0 {
			slices.SortStableFunc(page.Rows, func(a, b store.Row) int {
				if a.Place.Activity != b.Place.Activity {
					return 0
				}
				return -strings.Compare(a.ID, b.ID)
			})
		}
	})},
	{name: "ignores Match", rule: 29, found: "Lists/MatchAndWords", spoil: queries(func(q *store.Query) { q.Match = nil })},
	{name: "ignores Not", rule: 29, found: "Lists/MatchAndWords", spoil: queries(func(q *store.Query) {
		q.Match = slices.Clone(q.Match)
		for i := range q.Match {
			q.Match[i].Not = false
		}
	})},
	{name: "takes any word instead of all", rule: 29, found: "Lists/MatchAndWords", spoil: queries(func(q *store.Query) { q.Words = q.Words[:min(len(q.Words), 1)] })},
	{name: "folds the case of words", rule: 29, found: "Lists/MatchAndWords", spoil: queries(func(q *store.Query) {
		q.Words = slices.Clone(q.Words)
		for i := range q.Words {
			q.Words[i] = strings.ToLower(q.Words[i])
		}
	})},
	{name: "has an index of whole words", rule: 29, found: "Lists/MatchAndWords", spoil: listed(func(page *store.Page, q *store.Query) {
		page.Rows = slices.DeleteFunc(page.Rows, func(row store.Row) bool {
			return slices.ContainsFunc(q.Words, func(word string) bool { return !slices.Contains(row.Words, word) })
		})
	})},
	{name: "looks at the first words that begin as asked", rule: 29, found: "Lists/WordsByID", spoil: listed(func(page *store.Page, q *store.Query) {
		page.Rows = slices.DeleteFunc(page.Rows, func(row store.Row) bool {
			return len(q.Words) > 0 && slices.Max(row.Words) > "many060" && q.Words[0] == "m"
		})
	})},
	{name: "stops at the first hits", rule: 29, found: "Lists/WordsByID", spoil: func(l *liar, good store.Store) {
		l.list = func(ctx context.Context, q store.Query) (*store.Page, error) {
			page, err := good.List(ctx, q)
			if err == nil && len(q.Words) > 0 && q.Limit == 0 {
				page.Rows, page.Cursor = page.Rows[:min(len(page.Rows), 40)], ""
			}
			return page, err
		}
	}},
	{name: "lists hits by how well they fit", rule: 29, found: "Lists/WordsByID", spoil: listed(func(page *store.Page, q *store.Query) {
		if len(q.Words) > 0 {
			slices.SortStableFunc(page.Rows, func(a, b store.Row) int { return len(a.Words) - len(b.Words) })
		}
	})},
	{name: "answers what it cannot list with nothing", rule: 32, found: "Lists/Unsupported", spoil: func(l *liar, good store.Store) {
		l.list = func(ctx context.Context, q store.Query) (*store.Page, error) {
			if q.Check() != nil {
				return &store.Page{}, nil
			}
			return good.List(ctx, q)
		}
	}},
}

// where is a row's position in a query's list.
func where(row *store.Row, q *store.Query) store.Position {
	order, _ := orderIn(row, q)
	return store.Position{Order: order, ID: row.ID}
}

var pageLies = []lie{
	{name: "repeats equal orders on the next page", rule: 27, found: "Pages/MeetEachRowOnce", spoil: resumes("\U0010ffff", "\x01")},
	{name: "skips equal orders on the next page", rule: 27, found: "Pages/MeetEachRowOnce", spoil: resumes("\x01", "\U0010ffff")},
	{name: "has no limit", rule: 27, found: "Pages/Limits", spoil: queries(func(q *store.Query) { q.Limit = store.MaxLimit })},
	{name: "has a small limit of its own", rule: 27, found: "Pages/Limits", spoil: queries(func(q *store.Query) { q.Limit = min(q.Size(), 100) })},
	{name: "forgets the cursor at the end of a page", rule: 27, found: "Pages/FreshCursor", spoil: listed(func(page *store.Page, _ *store.Query) { page.Cursor = "" })},
	{name: "takes the cursor of another query", rule: 28, found: "Pages/CursorOfAnotherQuery", spoil: queries(func(q *store.Query) {
		raw, err := base64.RawURLEncoding.DecodeString(q.Cursor)
		if err == nil && len(raw) > 16 {
			q.Cursor = q.At(store.Position{Order: int64(binary.BigEndian.Uint64(raw[8:]) ^ 1<<63), ID: string(raw[16:])})
		}
	})},
	{name: "begins again on a bad cursor", rule: 28, found: "Pages/CursorOfAnotherQuery", spoil: queries(func(q *store.Query) {
		if _, _, err := q.After(); err != nil {
			q.Cursor = ""
		}
	})},
	{name: "refuses a cursor under another limit", rule: 28, found: "Pages/CursorUnderOtherSettings", spoil: func(l *liar, good store.Store) {
		limits := map[string]int{}
		l.list = func(ctx context.Context, q store.Query) (*store.Page, error) {
			if limit, known := limits[q.Cursor]; known && limit != q.Limit {
				return nil, store.ErrCursor
			}
			page, err := good.List(ctx, q)
			if err == nil && page.Cursor != "" {
				limits[page.Cursor] = q.Limit
			}
			return page, err
		}
	}},
	{name: "ends the list with the budget", rule: 30, found: "Pages/BudgetSpent", spoil: listed(func(page *store.Page, q *store.Query) {
		if page.Examined >= q.Scan() {
			page.Cursor = ""
		}
	})},
	{name: "has no budget", rule: 30, found: "Pages/BudgetSpent", spoil: queries(func(q *store.Query) { q.Budget = 1 << 30 })},
	{name: "has no budget and says it had", rule: 30, found: "Pages/BudgetSpent", spoil: func(l *liar, good store.Store) {
		l.list = func(ctx context.Context, q store.Query) (*store.Page, error) {
			budget := q.Scan()
			q.Budget = 1 << 30
			page, err := good.List(ctx, q)
			if err == nil {
				page.Examined = min(page.Examined, max(budget, len(page.Rows)))
			}
			return page, err
		}
	}},
	{name: "makes no progress without a match", rule: 30, found: "Pages/BudgetSpent", spoil: listed(func(page *store.Page, q *store.Query) {
		if len(page.Rows) == 0 && page.Cursor != "" {
			page.Cursor = q.Cursor
			if page.Cursor == "" {
				page.Cursor = q.At(store.Position{Order: 1 << 62, ID: "\U0010ffff"})
			}
		}
	})},
	{name: "pages by offset", rule: 31, found: "Moving/WhileRowsMove", spoil: offsets},
	{name: "pages by offset while another writes", rule: 31, found: "Moving/CursorRowGone", spoil: offsets},
	{name: "looks for the row at the cursor", rule: 31, found: "Moving/CursorRowGone", spoil: func(l *liar, good store.Store) {
		l.list = func(ctx context.Context, q store.Query) (*store.Page, error) {
			rows, err := whole(ctx, good, q)
			if err != nil {
				return nil, err
			}
			at, begins, err := q.After()
			if err == nil && !begins && !slices.ContainsFunc(rows, func(row store.Row) bool { return where(&row, &q) == at }) {
				return &store.Page{}, nil
			}
			return good.List(ctx, q)
		}
	}},
}

// resumes returns a spoil whose cursor has another ID than the last row's: one ID for lists that go down, one for those that go up.
func resumes(down, up string) func(*liar, store.Store) {
	return listed(func(page *store.Page, q *store.Query) {
		if page.Cursor == "" || len(page.Rows) == 0 || q.Fact == "" && len(q.Ranges) == 0 {
			return
		}
		at := where(&page.Rows[len(page.Rows)-1], q)
		at.ID = down
		if q.Ascending {
			at.ID = up
		}
		page.Cursor = q.At(at)
	})
}

// offsets counts rows instead of remembering a position.
func offsets(l *liar, good store.Store) {
	l.list = func(ctx context.Context, q store.Query) (*store.Page, error) {
		at, begins, err := q.After()
		if err != nil {
			return nil, err
		}
		skip := 0
		if !begins {
			skip = int(at.Order)
		}
		rows, err := whole(ctx, good, q)
		if err != nil {
			return nil, err
		}
		rows = rows[min(skip, len(rows)):]
		page := &store.Page{Rows: rows[:min(len(rows), q.Size())], Examined: min(len(rows), q.Size())}
		if len(rows) > q.Size() {
			page.Cursor = q.At(store.Position{Order: int64(skip + q.Size()), ID: "offset"})
		}
		return page, nil
	}
}
