package sqlstore_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
	"github.com/frontdesk-go/frontdesk/store"
	"github.com/frontdesk-go/frontdesk/store/sqlstore"
)

const (
	filled = 20_000
	page   = 50
)

var ctx = context.Background()

// fill writes conversations that share one shelf, mailbox, team, agent and value of each listed fact among four, so that every list
// is long and no list is everything, and a thousand rows of each other kind.
func fill(t *testing.T, o *stores.Opened, n int) {
	t.Helper()
	for from := 0; from < n; from += 1000 {
		b := store.NewBatch("acme", time.UnixMicro(1))
		for i := from; i < from+1000; i++ {
			put(b, filledRow(store.Conversation, i))
		}
		commit(t, o, b)
	}
	for _, kind := range []store.Kind{store.Message, store.Contact, store.Event, store.Delivery, store.Name, store.Notice} {
		b := store.NewBatch("acme", time.UnixMicro(1))
		for i := range 2000 {
			put(b, filledRow(kind, i))
		}
		commit(t, o, b)
	}
	_, err := o.DB.Exec("analyze")
	require.NoError(t, err)
}

func filledRow(kind store.Kind, i int) store.Row {
	quarter := fmt.Sprint(i % 4)
	row := store.Row{Key: store.Key{Kind: kind, ID: fmt.Sprintf("%08d", i)}, Body: []byte(strings.Repeat("x", 200))}
	if kind == store.Conversation {
		row.Place = &store.Place{Shelf: "shelf" + quarter, Mailbox: "m" + fmt.Sprint(i/4%4), Team: "t" + fmt.Sprint(i/4%4), Agent: "a" + fmt.Sprint(i/4%4), Activity: int64(i)}
	}
	names := store.ListedFacts(kind)
	for j := range min(5, len(names)) { // each name is the first one of some rows
		row.Facts = append(row.Facts, store.Fact{Name: names[(i/16+j)%len(names)], Value: quarter, Order: int64(i)})
	}
	return row
}

func put(b *store.Batch, rows ...store.Row) {
	for _, row := range rows {
		b.ReadRow(store.Row{Key: row.Key, Version: row.Version})
		b.Put(row)
	}
}

func commit(t testing.TB, s store.Store, b *store.Batch) {
	t.Helper()
	require.NoError(t, b.Seal())
	require.NoError(t, s.Commit(ctx, b))
}

// lists are the queries of every range, every listed fact and the list by ID.
func lists() map[string]store.Query {
	all := map[string]store.Query{
		"shelf":      {Kind: store.Conversation, Ranges: []store.Range{{Shelf: "shelf1"}}},
		"mailbox":    {Kind: store.Conversation, Ranges: []store.Range{{Shelf: "shelf1", By: store.ByMailbox, Value: "m1"}}},
		"team":       {Kind: store.Conversation, Ranges: []store.Range{{Shelf: "shelf1", By: store.ByTeam, Value: "t1"}}},
		"agent":      {Kind: store.Conversation, Ranges: []store.Range{{Shelf: "shelf1", By: store.ByAgent, Value: "a1"}}},
		"shelves":    {Kind: store.Conversation, Ranges: []store.Range{{Shelf: "shelf0"}, {Shelf: "shelf1"}, {Shelf: "shelf2"}}},
		"id":         {Kind: store.Conversation},
		"id, prefix": {Kind: store.Conversation, Prefix: "00"},
	}
	var many []store.Range
	for i := range store.MaxRanges {
		many = append(many, store.Range{Shelf: fmt.Sprintf("shelf%d", i%4), By: store.ByMailbox, Value: fmt.Sprintf("m%d", i/4)})
	}
	all["32 ranges"] = store.Query{Kind: store.Conversation, Ranges: many}
	for _, kind := range []store.Kind{store.Conversation, store.Message, store.Contact, store.Event, store.Delivery, store.Notice} {
		for _, name := range store.ListedFacts(kind) {
			all[string(kind)+" by "+name] = store.Query{Kind: kind, Fact: name, Value: "1"}
		}
	}
	return all
}

func TestListsUseTheirIndexes(t *testing.T) {
	big(t)
	stores.EachSQL(t, func(t *testing.T, o *stores.Opened) {
		fill(t, o, filled)
		s, _, r := record(t, o)
		for name, q := range lists() {
			for _, ascending := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, ascending %t", name, ascending), func(t *testing.T) {
					q.Tenant, q.Limit, q.Ascending, q.Cursor = "acme", page, ascending, ""
					for range 2 { // the first page, and one that goes on after a cursor
						got, statements := listed(t, s, r, q)
						require.Len(t, got.Rows, page)
						require.Len(t, statements, 1, "a page is one statement")
						checkPlan(t, o, statements[0], max(2, len(q.Ranges)), reads(q))
						q.Cursor = got.Cursor
					}
				})
			}
		}
	})
}

func listed(t *testing.T, s store.Store, r *recorder, q store.Query) (*store.Page, []asked) {
	t.Helper()
	var got *store.Page
	statements := r.during(func() {
		var err error
		got, err = s.List(ctx, q)
		require.NoError(t, err)
	})
	return got, statements
}

// inColumns are the facts that have columns in their rows.
var inColumns = map[store.Kind]string{store.Message: "conversation", store.Event: "feed", store.Delivery: "state"}

// reads returns what SQLite says of the indexes that the query must read, with every condition that these answer.
func reads(q store.Query) []string {
	switch {
	case q.Fact != "" && q.Fact != inColumns[q.Kind]:
		return []string{"frontdesk_facts USING PRIMARY KEY (tenant=? AND kind=? AND name=? AND value=?"}
	case q.Fact != "":
		return []string{"frontdesk_rows_fact (tenant=? AND kind=? AND fact_name=? AND fact_value=?", "frontdesk_facts USING PRIMARY KEY (tenant=? AND kind=? AND name=? AND value=?"}
	case len(q.Ranges) == 0:
		return []string{"sqlite_autoindex_frontdesk_rows_1 (tenant=? AND kind=?"}
	}
	by := map[store.Dimension]string{store.Any: "shelf", store.ByMailbox: "mailbox", store.ByTeam: "team", store.ByAgent: "agent"}[q.Ranges[0].By]
	if by == "shelf" {
		return []string{"frontdesk_rows_shelf (tenant=? AND shelf=?"}
	}
	return []string{"frontdesk_rows_" + by + " (tenant=? AND shelf=? AND " + by + "=?"}
}

func checkPlan(t *testing.T, o *stores.Opened, a asked, arms int, reads []string) {
	t.Helper()
	if o.Options.Dialect == sqlstore.PostgreSQL {
		for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
			checkPostgreSQL(t, o.DB, mode, a, arms*(page+1))
		}
		return
	}
	plan := checkSQLite(t, o.DB, a)
	for _, index := range reads {
		assert.Contains(t, plan, index, a.query)
	}
}

// node is a node of PostgreSQL's plan.
type node struct {
	Type     string  `json:"Node Type"`
	Relation string  `json:"Relation Name"`
	Rows     float64 `json:"Actual Rows"`
	Loops    float64 `json:"Actual Loops"`
	Removed  float64 `json:"Rows Removed by Filter"`
	Recheck  float64 `json:"Rows Removed by Index Recheck"`
	Plans    []node
}

// checkPostgreSQL runs the statement and fails if any part of its plan reads a table without an index or touches more than limit rows.
// The leases of these tests are so few that to read them all is right. Words of which all entries are wanted may be collected in a bitmap.
func checkPostgreSQL(t *testing.T, db *sql.DB, mode string, a asked, limit int) {
	t.Helper()
	conn, err := db.Conn(ctx)
	require.NoError(t, err)
	defer conn.Close()
	var args []string
	for _, arg := range a.args {
		args = append(args, literal(t, arg))
	}
	for _, command := range []string{"set plan_cache_mode = " + mode, "prepare q as " + a.query} {
		_, err = conn.ExecContext(ctx, command)
		require.NoError(t, err)
	}
	defer func() {
		_, err := conn.ExecContext(ctx, "deallocate q; reset plan_cache_mode")
		require.NoError(t, err)
	}()
	var text string
	require.NoError(t, conn.QueryRowContext(ctx, "explain (analyze, format json) execute q("+strings.Join(args, ", ")+")").Scan(&text))
	var plans []struct{ Plan node }
	require.NoError(t, json.Unmarshal([]byte(text), &plans))
	var check func(n node)
	check = func(n node) {
		touched := (n.Rows + n.Removed + n.Recheck) * n.Loops
		if n.Type == "Seq Scan" && n.Relation != "frontdesk_leases" || n.Type == "Bitmap Heap Scan" && n.Relation != "frontdesk_words" || touched > float64(limit) {
			assert.Fail(t, "a part of the plan reads too much", "%s: %s %s touches %.0f rows, at most %d\n%s\n%s", mode, n.Type, n.Relation, touched, limit, a.query, text)
		}
		for _, below := range n.Plans {
			check(below)
		}
	}
	check(plans[0].Plan)
}

func literal(t *testing.T, arg driver.NamedValue) string {
	t.Helper()
	switch v := arg.Value.(type) {
	case string:
		return "'" + strings.ReplaceAll(v, "'", "''") + "'"
	case nil:
		return "null"
	case []byte:
		return fmt.Sprintf(`'\x%x'`, v)
	case int64:
		return fmt.Sprintf("'%d'", v)
	}
	require.Failf(t, "an argument of no known type", "%T", arg.Value)
	return ""
}

// checkSQLite fails if the statement's plan scans a table, or sorts what it reads from one, and returns the plan.
func checkSQLite(t *testing.T, db *sql.DB, a asked) string {
	t.Helper()
	var args []any
	for _, arg := range a.args {
		args = append(args, arg.Value)
	}
	rows, err := db.QueryContext(ctx, "explain query plan "+a.query, args...)
	require.NoError(t, err)
	defer rows.Close()
	var plan []string
	sorts, reads := map[int]bool{}, map[int]bool{} // by parent
	for rows.Next() {
		var id, parent, unused int
		var detail string
		require.NoError(t, rows.Scan(&id, &parent, &unused, &detail))
		plan = append(plan, fmt.Sprintf("%d %d %s", id, parent, detail))
		assert.False(t, strings.HasPrefix(detail, "SCAN frontdesk"), detail)
		assert.False(t, strings.HasPrefix(detail, "SCAN r"), detail)
		assert.NotContains(t, detail, "AUTOMATIC")
		sorts[parent] = sorts[parent] || strings.HasPrefix(detail, "USE TEMP B-TREE")
		reads[parent] = reads[parent] || strings.HasPrefix(detail, "SEARCH frontdesk")
	}
	require.NoError(t, rows.Err())
	for parent := range sorts {
		assert.False(t, sorts[parent] && reads[parent], "what is read is sorted")
	}
	if t.Failed() {
		t.Log(a.query + "\n" + strings.Join(plan, "\n"))
	}
	return strings.Join(plan, "\n")
}
