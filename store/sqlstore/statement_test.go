package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/store"
)

func TestRender(t *testing.T) {
	s := new(statement).add("select ? from (", 1)
	s.values([]string{"text", "bigint"}, [][]any{{"a", int64(2)}, {"b", int64(3)}}).add(") where x in ("+marks(2)+")", 8, 9)
	s.join(new(statement).add(" and y = ?", 4))
	text, args := s.render(SQLite)
	assert.Equal(t, "select ? from (values (?, ?), (?, ?)) where x in (?, ?) and y = ?", text)
	assert.Equal(t, []any{1, "a", int64(2), "b", int64(3), 8, 9, 4}, args)
	text, args = s.render(PostgreSQL)
	assert.Equal(t, "select $1 from (select * from unnest((select cast($2 as text[])), (select cast($3 as bigint[]))) as list(column1, column2)) where x in ($4, $5) and y = $6", text)
	assert.Equal(t, []any{1, `{"a","b"}`, "{2,3}", 8, 9, 4}, args)
}

func TestArray(t *testing.T) {
	rows := [][]any{{nil}, {""}, {"a\"b\\c,{}"}, {"NULL"}, {[]byte{0, 255}}, {[]byte{}}, {int64(-7)}}
	assert.Equal(t, `{NULL,"","a\"b\\c,{}","NULL","\\x00ff","\\x",-7}`, array(rows, 0))
}

func TestSuccessor(t *testing.T) {
	for prefix, want := range map[string]string{
		"a": "b", "mailbox/": "mailbox0", "az": "a{", "\u007f": "\u0080", "\u07ff": "\u0800", "\ud7ff": "\ue000", "\uffff": "\U00010000",
		"a\U0010FFFF": "b", "\U0010FFFF\U0010FFFF": "",
	} {
		assert.Equal(t, want, successor(prefix), "%q", prefix)
	}
}

func FuzzSuccessor(f *testing.F) {
	f.Add("a", "b")
	f.Add("mailbox/", "berlin")
	f.Add("\ud7ff", "\U0010FFFF")
	f.Fuzz(func(t *testing.T, prefix, other string) {
		if store.CheckText(prefix, false) != "" || store.CheckText(other, true) != "" {
			return
		}
		in := func(id string) bool {
			end := successor(prefix)
			return id >= prefix && (end == "" || id < end)
		}
		require.True(t, in(prefix+other))
		require.Equal(t, strings.HasPrefix(other, prefix), in(other))
	})
}

func TestMergeIsForPostgreSQL(t *testing.T) {
	key := []store.Key{{Kind: "k", ID: "i"}}
	changes := []change{{statement: new(statement).add("insert ?", 1), keys: key, keyed: true}, {statement: new(statement).add("delete ?", 2)}}
	assert.Len(t, (&tables{dialect: SQLite}).merge(changes), 2)
	merged := (&tables{dialect: PostgreSQL}).merge(changes)
	require.Len(t, merged, 1)
	text, args := merged[0].render(PostgreSQL)
	assert.Equal(t, "with w0 as (insert $1), w1 as (delete $2) select '' as kind, '' as id where false union all select kind, id from w0",
		text)
	assert.Equal(t, []any{1, 2}, args)

	many := []change{{statement: &statement{args: make([]any, manyArgs)}}, {statement: &statement{args: make([]any, manyArgs)}}, changes[0]}
	assert.Len(t, (&tables{dialect: PostgreSQL}).merge(many), 3)
}

func TestNextFetches(t *testing.T) {
	filter := []store.Match{{Name: "x"}}
	for name, c := range map[string]struct {
		q          store.Query
		rows, seen int
		last, want int
	}{
		"a page and one":           {store.Query{Limit: 50}, 0, 0, 0, 51},
		"the rest of a page":       {store.Query{Limit: 50}, 30, 30, 51, 21},
		"no more than the budget":  {store.Query{Limit: 50, Budget: 10}, 0, 0, 0, 11},
		"one, when full":           {store.Query{Limit: 50, Match: filter}, 50, 60, 51, 1},
		"one, when spent":          {store.Query{Limit: 50, Budget: 60, Match: filter}, 5, 60, 51, 1},
		"more with a filter":       {store.Query{Limit: 50, Match: filter}, 1, 51, 51, 205},
		"at most a thousand":       {store.Query{Limit: 50, Match: filter}, 1, 500, 900, 1001},
		"the budget with a filter": {store.Query{Limit: 50, Match: filter}, 1, 1990, 1000, 11},
	} {
		t.Run(name, func(t *testing.T) {
			w := &walk{query: &c.q, page: &store.Page{Rows: make([]store.Row, c.rows), Examined: c.seen}}
			assert.Equal(t, c.want, w.next(c.last))
		})
	}
}

type coded struct {
	state string
	code  int
}

func (e coded) Error() string    { return fmt.Sprint("coded ", e.state, e.code) }
func (e coded) SQLState() string { return e.state }
func (e coded) Code() int        { return e.code }

func TestErrorsAreSorted(t *testing.T) {
	for _, c := range []struct {
		err              error
		aborted, severed bool
	}{
		{coded{state: "40001"}, true, false},
		{coded{state: "40P01"}, true, false},
		{coded{state: "23505"}, true, false},
		{coded{state: "57014"}, false, false}, // query_canceled: a statement's own timeout
		{coded{state: "57P01"}, false, true},  // admin_shutdown
		{coded{state: "08006"}, false, true},  // connection_failure
		{coded{code: 517}, false, true},
		{coded{code: 5}, false, false},
		{context.Canceled, false, true},
		{driver.ErrBadConn, false, true},
		{sql.ErrTxDone, false, true},
		{errors.New("other"), false, false},
	} {
		err := fmt.Errorf("wrapped: %w", c.err)
		assert.Equal(t, c.aborted, aborted(err), c.err)
		assert.Equal(t, c.severed, severed(err), c.err)
	}
}

func TestConflictNamesWhatItCan(t *testing.T) {
	key := store.Key{Kind: store.Document, ID: "a"}
	rows := &store.Batch{Writes: []store.Write{{Row: store.Row{Key: key}}}, Finish: []store.Finish{{Group: "g"}}}
	groups := &store.Batch{Finish: []store.Finish{{Group: "g"}}}
	for want, b := range map[store.Key]*store.Batch{key: rows, {Kind: "group", ID: "g"}: groups} {
		err := conflict(b, coded{state: "40P01"})
		var named *store.ConflictError
		require.ErrorAs(t, err, &named)
		assert.Equal(t, []store.Key{want}, named.Keys)
		assert.ErrorIs(t, err, store.ErrConflict)
	}
	assert.NoError(t, conflict(rows, nil))
	other := errors.New("other")
	assert.Equal(t, other, conflict(rows, other))
}

func TestStepsOfATenant(t *testing.T) {
	met := steps{"l": {{"a", atOnce, 7}, {"b", atOnce, atOnce}, {"b", 3, atOnce}, {"c", 4, atOnce}, {"d", 5, atOnce}}}
	assert.Equal(t, []group{{"l", "b"}, {"l", "c"}}, met.free("l", 2))
	assert.Empty(t, met.free("other", 2))
	assert.Equal(t, int64(math.MinInt64), int64(atOnce))
}

func TestFilledUp(t *testing.T) {
	texts := map[int]bool{}
	for n := 1; n <= chunk; n++ {
		rows := make([]int, n)
		rows[n-1] = n
		filled := filledUp(rows)
		require.Equal(t, rows, filled[:n])
		for _, row := range filled[n:] {
			require.Equal(t, n, row)
		}
		require.LessOrEqual(t, 4*len(filled), 5*n, "at most a quarter more")
		texts[len(filled)] = true
	}
	require.Len(t, texts, 36)
	require.Empty(t, filledUp([]int(nil)))
}
