package sqlstore_test

import (
	"database/sql"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
	"github.com/frontdesk-go/frontdesk/store"
)

// BenchmarkLists measures a page of 50 of every range and every listed fact of conversations, at its beginning and up to a thousand pages
// on, each turn beside a raw keyset page of the same table on the same driver: x-raw is the ratio of the two, x-first that of the far page to the
// first one. The size comes from FRONTDESK_BENCH_ROWS. Defaults to 20,000; compare two sizes to see what grows.
func BenchmarkLists(b *testing.B) {
	rows := 20_000
	if n, err := strconv.Atoi(os.Getenv("FRONTDESK_BENCH_ROWS")); err == nil {
		rows = n
	}
	for name, open := range map[string]func(testing.TB) *stores.Opened{"SQLite": stores.SQLite, "PostgreSQL": stores.PostgreSQL} {
		b.Run(name, func(b *testing.B) { benchLists(b, open(b), rows) })
	}
}

func benchLists(b *testing.B, o *stores.Opened, rows int) {
	facts := store.ListedFacts(store.Conversation)
	fillLists(b, o, rows, facts)
	if o.Driver == "pgx" {
		exec(b, o.DB, "vacuum analyze")
	} else {
		exec(b, o.DB, "analyze")
	}
	queries := map[string]store.Query{
		"Shelf":   {Ranges: []store.Range{{Shelf: "waiting"}}},
		"Inbox":   {Ranges: []store.Range{{Shelf: "waiting"}, {Shelf: "team"}, {Shelf: "assigned"}}},
		"Mailbox": {Ranges: []store.Range{{Shelf: "waiting", By: store.ByMailbox, Value: "m1"}}},
		"Team":    {Ranges: []store.Range{{Shelf: "waiting", By: store.ByTeam, Value: "t1"}}},
		"Agent":   {Ranges: []store.Range{{Shelf: "waiting", By: store.ByAgent, Value: "a1"}}},
		"ID":      {},
	}
	for _, fact := range facts {
		queries["Fact/"+fact] = store.Query{Fact: fact, Value: "v"}
	}
	names := make([]string, 0, len(queries))
	for name := range queries {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		q := queries[name]
		q.Tenant, q.Kind = "acme", store.Conversation
		b.Run(name, func(b *testing.B) { benchList(b, o, q) })
	}
	b.Run("Counters", func(b *testing.B) { benchTabs(b, o) })
}

// fillLists writes conversations with a place and, in turn, one of the listed facts.
func fillLists(b *testing.B, o *stores.Opened, rows int, facts []string) {
	b.Helper()
	for at := 0; at < rows; at += 1000 {
		batch := store.NewBatch("acme", start)
		for i := at; i < min(at+1000, rows); i++ {
			activity := int64(i) * 1000
			put(batch, store.Row{Key: store.Key{Kind: store.Conversation, ID: fmt.Sprintf("c%09d", i)}, Body: make([]byte, 600),
				Place: &store.Place{Shelf: []string{"waiting", "waiting", "team", "assigned"}[i%4], Mailbox: fmt.Sprint("m", i/4%3), Team: fmt.Sprint("t", i/4%3), Agent: fmt.Sprint("a", i/4%3), Activity: activity},
				Facts: []store.Fact{{Name: facts[i%len(facts)], Value: "v", Order: activity}}})
		}
		for i := range 120 {
			batch.Add(fmt.Sprint("tab", i), 1)
		}
		require.NoError(b, batch.Seal())
		require.NoError(b, o.Commit(ctx, batch))
	}
}

// rawPage is a page of 50 as plain SQL gives it.
func rawPage(b *testing.B, stmt *sql.Stmt, activity int64, id string) (int64, string) {
	rows, err := stmt.Query(activity, id)
	require.NoError(b, err)
	defer rows.Close()
	for rows.Next() {
		var body []byte
		require.NoError(b, rows.Scan(&activity, &id, &body))
	}
	require.NoError(b, rows.Err())
	return activity, id
}

func benchList(b *testing.B, o *stores.Opened, q store.Query) {
	far, pages := deep(b, o, q)
	raw, err := o.DB.Prepare("select activity, id, body from frontdesk_rows where tenant = 'acme' and kind = 'conversation' and shelf = 'waiting' and (activity, id) < ($1, $2) order by activity desc, id desc limit 50")
	require.NoError(b, err)
	defer raw.Close()
	var best [3]time.Duration
	for i := range best {
		best[i] = math.MaxInt64
	}
	turn := func(i int, f func()) {
		begun := time.Now()
		f()
		best[i] = min(best[i], time.Since(begun))
	}
	for b.Loop() {
		turn(0, func() { rawPage(b, raw, math.MaxInt64, "") })
		for i, at := range []store.Query{q, far} {
			turn(1+i, func() {
				page, err := o.List(ctx, at)
				require.NoError(b, err)
				require.NotEmpty(b, page.Rows)
			})
		}
	}
	b.ReportMetric(float64(best[1].Nanoseconds())/1000, "µs-first")
	b.ReportMetric(float64(best[1])/float64(best[0]), "x-raw")
	b.ReportMetric(float64(best[2])/float64(best[1]), "x-first")
	b.ReportMetric(float64(pages), "pages-on")
	b.ReportMetric(0, "ns/op")
}

// deep is the query a thousand pages on, or at its last full page.
func deep(b *testing.B, o *stores.Opened, q store.Query) (store.Query, int) {
	far, pages := q, 0
	q.Limit = store.MaxLimit
	for pages < 1000 {
		page, err := o.List(ctx, q)
		require.NoError(b, err)
		if len(page.Rows) < store.MaxLimit || page.Cursor == "" {
			break
		}
		q.Cursor = page.Cursor
		pages += store.MaxLimit / store.DefaultLimit
		far.Cursor = page.Cursor
	}
	return far, pages
}

// benchTabs loads the counters of all tabs in one call.
func benchTabs(b *testing.B, o *stores.Opened) {
	names := make([]string, 120)
	for i := range names {
		names[i] = fmt.Sprint("tab", i)
	}
	best := time.Duration(math.MaxInt64)
	for b.Loop() {
		begun := time.Now()
		_, err := o.Load(ctx, "acme", nil, names)
		require.NoError(b, err)
		best = min(best, time.Since(begun))
	}
	b.ReportMetric(float64(best.Nanoseconds())/1000, "µs-best")
}
