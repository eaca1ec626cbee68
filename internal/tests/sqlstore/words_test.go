package sqlstore_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
	"github.com/frontdesk-go/frontdesk/store"
	"github.com/frontdesk-go/frontdesk/store/sqlstore"
)

const worded = 3000

// wordRow has words of every frequency: of all rows, of a third, of a fifth and of a few; one of its own; and so many more of its own that
// together they are more than an index sorts.
func wordRow(i int) store.Row {
	row := store.Row{Key: store.Key{Kind: store.Message, ID: fmt.Sprintf("m%05d", i)}, Words: []string{"all", fmt.Sprintf("own%04d", i*7%worded)}}
	for word, every := range map[string]int{"third": 3, "fifth": 5, "rare": 700} {
		if i%every == 0 {
			row.Words = append(row.Words, word)
		}
	}
	for j := range 20 {
		row.Words = append(row.Words, fmt.Sprintf("x%05d-%02d", i*11%worded, j))
	}
	slices.Sort(row.Words)
	return row
}

func fillWords(t *testing.T, o *stores.Opened) []store.Row {
	t.Helper()
	rows := make([]store.Row, worded)
	b := store.NewBatch("acme", time.UnixMicro(1))
	for i := range rows {
		rows[i] = wordRow(i)
		if put(b, rows[i]); i%500 == 499 {
			commit(t, o, b)
			b = store.NewBatch("acme", time.UnixMicro(1))
		}
	}
	exec(t, o.DB, "analyze")
	return rows
}

// searches are queries for each way in which the index of words is read.
var searches = [][]string{
	{"rare"}, {"own0042"}, {"all"}, {"third"}, {"own"}, {"own1"}, {"x"}, {"x0"}, {"x00042-0"}, {"r"}, {"none"},
	{"all", "rare"}, {"third", "fifth"}, {"all", "own01"}, {"own", "x"}, {"x", "fifth"}, {"fifth", "rare", "all"}, {"all", "none"}, {"third", "x01"},
}

func TestWordsFindTheSameWhateverTheirFrequency(t *testing.T) {
	big(t)
	stores.EachSQL(t, func(t *testing.T, o *stores.Opened) {
		rows := fillWords(t, o)
		for _, words := range searches {
			for _, q := range []store.Query{{}, {Ascending: true}, {Prefix: "m0123"}, {Match: []store.Match{{Name: "no", Not: true}}}} {
				q.Tenant, q.Kind, q.Words, q.Limit = "acme", store.Message, words, 333
				var want, got []string
				for _, row := range rows {
					if strings.HasPrefix(row.ID, q.Prefix) && store.Matches(&row, &q) {
						want = append(want, row.ID)
					}
				}
				if !q.Ascending {
					slices.Reverse(want)
				}
				for {
					page, err := o.List(ctx, q)
					require.NoError(t, err)
					for _, row := range page.Rows {
						got = append(got, row.ID)
					}
					if q.Cursor = page.Cursor; q.Cursor == "" {
						break
					}
				}
				require.Equal(t, want, got, "%q, ascending %t, prefix %q", words, q.Ascending, q.Prefix)
			}
		}
	})
}

// However rare or frequent a word is, a page reads a part of the index that has a bound, and rows by their keys.
func TestSearchUsesItsIndex(t *testing.T) {
	big(t)
	stores.EachSQL(t, func(t *testing.T, o *stores.Opened) {
		fillWords(t, o)
		s, _, r := record(t, o)
		for _, c := range []struct {
			words      []string
			statements int
			touched    int // by one part of a plan
			newest     bool
		}{
			{[]string{"rare"}, 2, 100, false},
			{[]string{"all"}, 3, 500, true},
			{[]string{"rare", "all"}, 2, 500, false},
			{[]string{"third", "all"}, 4, 2500, true},
			{[]string{"own"}, 4, 2 * worded, false},
		} {
			t.Run(strings.Join(c.words, "+"), func(t *testing.T) {
				q := store.Query{Tenant: "acme", Kind: store.Message, Words: c.words, Limit: 10, Budget: 50}
				for range 2 {
					page, statements := listed(t, s, r, q)
					require.Len(t, statements, c.statements)
					for i, a := range statements {
						checkWords(t, o, a, c.touched, c.newest && i == len(statements)-1)
					}
					if q.Cursor = page.Cursor; q.Cursor == "" {
						break
					}
				}
			})
		}
	})
}

func checkWords(t *testing.T, o *stores.Opened, a asked, touched int, newest bool) {
	t.Helper()
	if o.Options.Dialect == sqlstore.PostgreSQL {
		for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
			checkPostgreSQL(t, o.DB, mode, a, touched)
		}
		return
	}
	plan := planOf(t, o, a)
	assert.NotContains(t, plan, "SCAN frontdesk", a.query)
	assert.NotContains(t, plan, "SCAN r", a.query)
	assert.NotContains(t, plan, "AUTOMATIC", a.query)
	assert.Contains(t, plan, "SEARCH frontdesk_words USING PRIMARY KEY (tenant=? AND kind=? AND word", a.query)
	if newest {
		checkSQLite(t, o.DB, a)
		assert.Contains(t, plan, "frontdesk_words USING PRIMARY KEY (tenant=? AND kind=? AND word=?", "newest first out of the index")
	}
}

// planOf returns SQLite's plan of a statement.
func planOf(t *testing.T, o *stores.Opened, a asked) string {
	t.Helper()
	var args []any
	for _, arg := range a.args {
		args = append(args, arg.Value)
	}
	rows, err := o.DB.QueryContext(ctx, "explain query plan "+a.query, args...)
	require.NoError(t, err)
	defer rows.Close()
	var plan []string
	for rows.Next() {
		var id, parent, unused int
		var detail string
		require.NoError(t, rows.Scan(&id, &parent, &unused, &detail))
		plan = append(plan, detail)
	}
	require.NoError(t, rows.Err())
	return strings.Join(plan, "\n")
}

// A row that is written again with the same words costs the index nothing; one whose words change, only the difference.
func TestWordsThatStayAreNotWritten(t *testing.T) {
	stores.EachSQL(t, func(t *testing.T, o *stores.Opened) {
		s, _, r := record(t, o)
		write := func(row store.Row) string {
			b, _ := read(t, s, row.Key)
			b.Put(row)
			var text []string
			for _, a := range r.during(func() { commit(t, s, b) }) {
				text = append(text, a.query)
			}
			return strings.Join(text, "\n")
		}
		row := wordRow(0)
		assert.Contains(t, write(row), "insert into frontdesk_words")
		row.Body = []byte("again")
		assert.NotContains(t, write(row), "frontdesk_words")
		row.Words = row.Words[1:]
		text := write(row)
		assert.Contains(t, text, "delete from frontdesk_words")
		assert.NotContains(t, text, "insert into frontdesk_words")
		var left int
		require.NoError(t, o.DB.QueryRow("select count(*) from frontdesk_words").Scan(&left))
		assert.Equal(t, len(row.Words), left)
		b, _ := read(t, s, row.Key)
		b.Delete(row.Key)
		commit(t, s, b)
		require.NoError(t, o.DB.QueryRow("select count(*) from frontdesk_words").Scan(&left))
		assert.Zero(t, left)
	})
}
