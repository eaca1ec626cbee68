package sqlstore

import (
	"context"
	"database/sql"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/store"
)

func TestOptions(t *testing.T) {
	for _, c := range []struct {
		name string
		opt  Options
		rows string // the table's name; "" if the options are refused
	}{
		{"defaults", Options{Dialect: SQLite}, "frontdesk_rows"},
		{"prefix", Options{Dialect: PostgreSQL, Prefix: "x9_"}, "x9_rows"},
		{"schema", Options{Dialect: PostgreSQL, Schema: "desk"}, `"desk".frontdesk_rows`},
		{"schema that is a keyword", Options{Dialect: PostgreSQL, Schema: "user"}, `"user".frontdesk_rows`},
		{"longest prefix", Options{Dialect: SQLite, Prefix: strings.Repeat("a", 40)}, strings.Repeat("a", 40) + "rows"},
		{"no dialect", Options{}, ""},
		{"unknown dialect", Options{Dialect: 3}, ""},
		{"prefix too long", Options{Dialect: SQLite, Prefix: strings.Repeat("a", 41)}, ""},
		{"prefix with a digit first", Options{Dialect: SQLite, Prefix: "1a"}, ""},
		{"prefix in upper case", Options{Dialect: SQLite, Prefix: "Desk_"}, ""},
		{"prefix with a statement", Options{Dialect: SQLite, Prefix: "a;drop table b"}, ""},
		{"prefix with a line break", Options{Dialect: SQLite, Prefix: "a\n"}, ""},
		{"schema with a quote", Options{Dialect: PostgreSQL, Schema: `a"b`}, ""},
		{"await on SQLite", Options{Dialect: SQLite, Await: func(context.Context, *sql.Conn) error { return nil }}, ""},
		{"await", Options{Dialect: PostgreSQL, Await: func(context.Context, *sql.Conn) error { return nil }}, "frontdesk_rows"},
		{"partitions", Options{Dialect: PostgreSQL, Partitions: 1024}, "frontdesk_rows"},
		{"partitions on SQLite", Options{Dialect: SQLite, Partitions: 2}, ""},
		{"too many partitions", Options{Dialect: PostgreSQL, Partitions: 1025}, ""},
		{"less than no partitions", Options{Dialect: PostgreSQL, Partitions: -1}, ""},
		{"schema on SQLite", Options{Dialect: SQLite, Schema: "main"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := New(&sql.DB{}, c.opt)
			all, migrationsErr := Migrations(c.opt)
			if c.rows == "" {
				require.ErrorIs(t, err, store.ErrInvalid)
				require.ErrorIs(t, migrationsErr, store.ErrInvalid)
				return
			}
			require.NoError(t, err)
			require.NoError(t, migrationsErr)
			assert.Equal(t, c.rows, s.rows)
			assert.Contains(t, all[0].SQL, "create table "+c.rows+" (")
		})
	}
	_, err := New(nil, Options{Dialect: SQLite})
	require.ErrorIs(t, err, store.ErrInvalid)
}

func TestMigrationsAreComplete(t *testing.T) {
	for dialect, typed := range map[Dialect]string{SQLite: "body blob", PostgreSQL: "body bytea"} {
		all, err := Migrations(Options{Dialect: dialect})
		require.NoError(t, err)
		for i, m := range all {
			assert.Equal(t, i+1, m.Version, "versions have no gaps")
			assert.NotEmpty(t, m.Name)
			assert.NotContains(t, m.SQL, "{", "a word that no dialect replaces")
			assert.True(t, strings.HasSuffix(m.SQL, ";\n"))
			assert.Contains(t, m.SQL, "insert into frontdesk_schema", "it records its version")
		}
		assert.Contains(t, all[0].SQL, typed)
		assert.Equal(t, dialect == PostgreSQL, strings.Contains(all[0].SQL, `collate "C"`))
	}
}

// Every table of tenants' rows is made in parts, with its settings on each of them, and nothing else changes.
func TestPartitionedMigrations(t *testing.T) {
	whole, err := Migrations(Options{Dialect: PostgreSQL})
	require.NoError(t, err)
	parts, err := Migrations(Options{Dialect: PostgreSQL, Partitions: 3})
	require.NoError(t, err)
	partition := regexp.MustCompile(`(?m)^create table (\S+)_p(\d) partition of (\S+) for values with \(modulus 3, remainder (\d)\)( with \(fillfactor = 50\))?;\n\n?`)
	for i := range whole {
		for _, m := range partition.FindAllStringSubmatch(parts[i].SQL, -1) {
			assert.Equal(t, m[1], m[3])
			assert.Equal(t, m[2], m[4])
			assert.Equal(t, strings.HasSuffix(m[1], "counters"), m[5] != "", m[1])
		}
		tables := strings.Count(whole[i].SQL, "create table ") - strings.Count(whole[i].SQL, "create table frontdesk_schema ")
		assert.Len(t, partition.FindAllString(parts[i].SQL, -1), 3*tables)
		assert.Equal(t, tables, strings.Count(parts[i].SQL, ") partition by hash ("))
	}
}

func TestSQLiteDSN(t *testing.T) {
	assert.Equal(t, "file:/var/lib/a%20b%3F.db?_pragma=busy_timeout%2810000%29&_pragma=journal_mode%28wal%29&"+
		"_pragma=synchronous%28full%29&_pragma=journal_size_limit%2816777216%29&_pragma=foreign_keys%28on%29&_txlock=immediate", SQLiteDSN("/var/lib/a b?.db"))
	assert.Contains(t, SQLiteDSN("desk.db"), "file:desk.db?")
	assert.Len(t, SQLitePragmas(), 5)
}

func TestDialectNames(t *testing.T) {
	assert.Equal(t, []string{"SQLite", "PostgreSQL", "Dialect(7)"}, []string{SQLite.String(), PostgreSQL.String(), Dialect(7).String()})
}

func TestLanes(t *testing.T) {
	for _, tenant := range []string{"acme", "*", "ä", "ff"} {
		l := lane(tenant)
		assert.Equal(t, tenant, tenantOf(l))
		assert.Less(t, l, "g", "the end of the first lap is after every lane")
	}
}

func TestHashTellsApart(t *testing.T) {
	s, err := New(&sql.DB{}, Options{Dialect: PostgreSQL})
	require.NoError(t, err)
	other, err := New(&sql.DB{}, Options{Dialect: PostgreSQL, Prefix: "other_"})
	require.NoError(t, err)
	assert.NotEqual(t, s.hash("a", "bc"), s.hash("ab", "c"))
	assert.NotEqual(t, s.hash("a"), other.hash("a"))
	assert.Equal(t, s.hash("a"), s.hash("a"))
}
