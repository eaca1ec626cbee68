package sqlstore_test

import (
	"database/sql"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
	"github.com/frontdesk-go/frontdesk/store"
)

// BenchmarkSearch measures the newest 50 messages that hold a rare word, a word of 0.6 % of all messages (30,000 of 5 million), a word of
// a fifth of them, and both a rare and a common one, each turn beside the database's own word index on the same texts: FTS5 in the order
// of its row numbers, or a GIN index of a tsvector whose hits are collected before they are sorted. x-raw is the ratio of the best
// turns. The size comes from FRONTDESK_BENCH_ROWS. Defaults to 20,000.
func BenchmarkSearch(b *testing.B) {
	rows := 20_000
	if n, err := strconv.Atoi(os.Getenv("FRONTDESK_BENCH_ROWS")); err == nil {
		rows = n
	}
	b.Run("SQLite", func(b *testing.B) {
		o := stores.SQLite(b)
		loadSQLite(b, o.DB, rows)
		benchSearch(b, o, "select r.body from (select printf('m%09d', rowid) as id from raw_words where raw_words match ? order by rowid desc limit 50) as h "+
			"cross join frontdesk_rows as r where r.tenant = 'acme' and r.kind = 'message' and r.id = h.id", " AND ")
	})
	b.Run("PostgreSQL", func(b *testing.B) {
		o := stores.PostgreSQL(b)
		loadPostgreSQL(b, o.DB, rows)
		benchSearch(b, o, "with h as materialized (select id from raw_words where terms @@ cast($1 as tsquery)) "+
			"select r.body from (select id from h order by id desc limit 50) as h cross join lateral "+
			"(select body from frontdesk_rows as r where r.tenant = 'acme' and r.kind = 'message' and r.id = h.id limit 1) as r", " & ")
	})
}

func benchSearch(b *testing.B, o *stores.Opened, raw, and string) {
	stmt, err := o.DB.Prepare(raw)
	require.NoError(b, err)
	defer stmt.Close()
	for _, c := range []struct {
		name  string
		words []string
	}{
		{"Rare", []string{"rare"}}, {"Hits", []string{"hits"}}, {"Common", []string{"common"}},
		{"RareAndCommon", []string{"common", "rare"}}, {"HitsAndCommon", []string{"common", "hits"}},
	} {
		b.Run(c.name, func(b *testing.B) { benchWords(b, o, stmt, c.words, and) })
	}
}

func benchWords(b *testing.B, o *stores.Opened, raw *sql.Stmt, words []string, and string) {
	best := [2]time.Duration{math.MaxInt64, math.MaxInt64}
	found, want := 0, 0
	for b.Loop() {
		begun := time.Now()
		page, err := o.List(ctx, store.Query{Tenant: "acme", Kind: store.Message, Words: words})
		best[0] = min(best[0], time.Since(begun))
		require.NoError(b, err)
		found = len(page.Rows)
		begun = time.Now()
		want = rawHits(b, raw, strings.Join(words, and))
		best[1] = min(best[1], time.Since(begun))
	}
	require.Equal(b, want, found)
	b.ReportMetric(float64(best[0].Nanoseconds())/1000, "µs-best")
	b.ReportMetric(float64(best[0])/float64(best[1]), "x-raw")
	b.ReportMetric(float64(found), "found")
	b.ReportMetric(0, "ns/op")
}

func rawHits(b *testing.B, stmt *sql.Stmt, query string) (n int) {
	rows, err := stmt.Query(query)
	require.NoError(b, err)
	defer rows.Close()
	for ; rows.Next(); n++ {
		var body []byte
		require.NoError(b, rows.Scan(&body))
	}
	require.NoError(b, rows.Err())
	return n
}

// textOf is the words of the i-th of n messages: eight of a vocabulary in which few are frequent, and the words that are looked for.
func textOf(i, n int) []string {
	seen := map[string]bool{}
	var words []string
	add := func(word string) {
		if !seen[word] {
			seen[word], words = true, append(words, word)
		}
	}
	if i%max(1, n/5) == n/55*5+3 { // always with "common"
		add("rare")
	}
	if i%167 == 3 {
		add("hits")
	}
	if i%5 == 3 {
		add("common")
	}
	x := uint64(i)*0x9E3779B97F4A7C15 + 1
	for range 12 {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		u := float64(x>>11) / (1 << 53)
		add("w" + strconv.Itoa(int(math.Pow(50_000, u)))) // as often as 1/rank
	}
	return words
}

func idOf(i int) string { return fmt.Sprintf("m%09d", i) }

func loadSQLite(b *testing.B, db *sql.DB, n int) {
	b.Helper()
	exec(b, db, "create table fresh (word text, id text)")
	exec(b, db, "create virtual table raw_words using fts5(words, content='', detail='none')")
	for at := 0; at < n; at += 10_000 {
		tx, err := db.Begin()
		require.NoError(b, err)
		row, err := tx.Prepare("insert into frontdesk_rows (tenant, kind, id, version, body, fact_name, fact_value, fact_order, facts, words) " +
			"values ('acme', 'message', ?, 1, zeroblob(600), 'conversation', ?, ?, x'', ?)")
		require.NoError(b, err)
		word, err := tx.Prepare("insert into fresh (word, id) select value, ? from json_each('[\"' || replace(?, ' ', '\",\"') || '\"]')")
		require.NoError(b, err)
		raw, err := tx.Prepare("insert into raw_words (rowid, words) values (?, ?)")
		require.NoError(b, err)
		for i := at; i < min(at+10_000, n); i++ {
			words := textOf(i, n)
			for _, err := range []error{
				second(row.Exec(idOf(i), fmt.Sprint("c", i/5), i, []byte(strings.Join(words, "\x00")))),
				second(word.Exec(idOf(i), strings.Join(words, " "))), second(raw.Exec(i, strings.Join(words, " "))),
			} {
				require.NoError(b, err)
			}
		}
		require.NoError(b, tx.Commit())
	}
	exec(b, db, "insert into frontdesk_words (tenant, kind, word, id) select 'acme', 'message', word, id from fresh order by word, id")
	exec(b, db, "drop table fresh")
	exec(b, db, "analyze")
	sizes(b, db, "select name, sum(pgsize) from dbstat where name in ('frontdesk_rows', 'frontdesk_words', 'raw_words_data') group by name")
}

func second(_ sql.Result, err error) error { return err }

func loadPostgreSQL(b *testing.B, db *sql.DB, n int) {
	b.Helper()
	exec(b, db, "alter table frontdesk_words drop constraint frontdesk_words_pkey")
	exec(b, db, `create table raw_words (id text collate "C", terms tsvector)`)
	at := -1
	var words []string
	more := func() bool {
		if at++; at < n {
			words = textOf(at, n)
		}
		return at < n
	}
	load := func(table, columns string, next func() ([]any, error)) {
		at = -1
		conn, err := db.Conn(ctx)
		require.NoError(b, err)
		defer conn.Close()
		require.NoError(b, conn.Raw(func(c any) error {
			_, err := c.(*stdlib.Conn).Conn().CopyFrom(ctx, pgx.Identifier{table}, strings.Split(columns, " "), pgx.CopyFromFunc(next))
			return err
		}))
	}
	body := make([]byte, 600)
	load("frontdesk_rows", "tenant kind id version body fact_name fact_value fact_order facts words", func() ([]any, error) {
		if !more() {
			return nil, nil
		}
		return []any{"acme", "message", idOf(at), 1, body, "conversation", fmt.Sprint("c", at/5), at, []byte{}, []byte(strings.Join(words, "\x00"))}, nil
	})
	words = nil
	load("frontdesk_words", "tenant kind word id", func() ([]any, error) {
		for len(words) == 0 {
			if !more() {
				return nil, nil
			}
		}
		word := words[0]
		words = words[1:]
		return []any{"acme", "message", word, idOf(at)}, nil
	})
	exec(b, db, "alter table frontdesk_words add primary key (tenant, kind, word, id)")
	exec(b, db, "insert into raw_words select id, array_to_tsvector(array_agg(word)) from frontdesk_words group by id order by id")
	exec(b, db, "create index raw_words_terms on raw_words using gin (terms)")
	exec(b, db, "vacuum analyze")
	sizes(b, db, "select relname, pg_relation_size(oid) from pg_class where relnamespace = current_schema::regnamespace and "+
		"relname in ('frontdesk_rows', 'frontdesk_words', 'frontdesk_words_pkey', 'raw_words', 'raw_words_terms')")
}

// sizes tells how much room the tables take.
func sizes(b *testing.B, db *sql.DB, query string) {
	b.Helper()
	rows, err := db.Query(query)
	require.NoError(b, err)
	defer rows.Close()
	for rows.Next() {
		var name string
		var size int64
		require.NoError(b, rows.Scan(&name, &size))
		b.Logf("%s: %.1f MB", name, float64(size)/1e6)
	}
	require.NoError(b, rows.Err())
}
