package sqlstore_test

import (
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
	"github.com/frontdesk-go/frontdesk/store"
	"github.com/frontdesk-go/frontdesk/store/sqlstore"
)

func eachEmpty(t *testing.T, run func(t *testing.T, o *stores.Opened)) {
	t.Run("SQLite", func(t *testing.T) { run(t, stores.EmptySQLite(t)) })
	t.Run("PostgreSQL", func(t *testing.T) { run(t, stores.EmptyPostgreSQL(t)) })
}

func TestMigrateTwice(t *testing.T) {
	eachEmpty(t, func(t *testing.T, o *stores.Opened) {
		var older *sqlstore.OlderSchemaError
		require.ErrorAs(t, o.SQL.Check(ctx), &older)
		require.Equal(t, 0, older.Have)
		require.NoError(t, o.SQL.Migrate(ctx))
		require.NoError(t, o.SQL.Check(ctx))
		b, _ := read(t, o, document("a"))
		b.Put(store.Row{Key: document("a")})
		commit(t, o, b)
		require.NoError(t, o.SQL.Migrate(ctx))
		_, rows := read(t, o, document("a"))
		require.Len(t, rows.Found, 1, "migrating again keeps the rows")
	})
}

func TestMigrateByManyAtOnce(t *testing.T) {
	eachEmpty(t, func(t *testing.T, o *stores.Opened) {
		var all sync.WaitGroup
		for range 8 {
			other := o.Again(t)
			all.Go(func() { assert.NoError(t, other.SQL.Migrate(ctx)) })
		}
		all.Wait()
		require.NoError(t, o.SQL.Check(ctx))
	})
}

func TestNewerSchemaIsRefused(t *testing.T) {
	stores.EachSQL(t, func(t *testing.T, o *stores.Opened) {
		_, err := o.DB.Exec("insert into frontdesk_schema (version, name) values (99, 'future')")
		require.NoError(t, err)
		for _, err := range []error{o.SQL.Migrate(ctx), o.SQL.Check(ctx)} {
			var newer *sqlstore.NewerSchemaError
			require.ErrorAs(t, err, &newer)
			require.Equal(t, 99, newer.Have)
			require.Equal(t, 4, newer.Want)
		}
	})
}

func TestMigrationsByHandEqualMigrate(t *testing.T) {
	migrated := map[sqlstore.Dialect][]string{}
	stores.EachSQL(t, func(t *testing.T, o *stores.Opened) { migrated[o.Options.Dialect] = described(t, o) })
	eachEmpty(t, func(t *testing.T, o *stores.Opened) {
		all, err := sqlstore.Migrations(o.Options)
		require.NoError(t, err)
		for i, m := range all {
			require.Equal(t, i+1, m.Version)
			require.NotEmpty(t, m.Name)
			for _, statement := range strings.Split(m.SQL, ";\n") {
				_, err = o.DB.Exec(statement)
				require.NoError(t, err)
			}
		}
		require.NoError(t, o.SQL.Check(ctx))
		require.NoError(t, o.SQL.Migrate(ctx))
		require.NotEmpty(t, migrated[o.Options.Dialect])
		require.Equal(t, migrated[o.Options.Dialect], described(t, o))
	})
}

// described lists tables, columns and indexes, and the recorded versions.
func described(t *testing.T, o *stores.Opened) []string {
	t.Helper()
	queries := []string{"select sql from sqlite_master where sql is not null order by name", "select version || name from frontdesk_schema"}
	if o.Options.Dialect == sqlstore.PostgreSQL {
		queries = []string{
			`select table_name || column_name || data_type || is_nullable || coalesce(collation_name, '') from information_schema.columns
				where table_schema = current_schema order by 1`,
			`select replace(indexdef, current_schema, '') from pg_indexes where schemaname = current_schema order by 1`,
			"select version || name from frontdesk_schema",
		}
	}
	var all []string
	for _, query := range queries {
		rows, err := o.DB.Query(query)
		require.NoError(t, err)
		for rows.Next() {
			var line string
			require.NoError(t, rows.Scan(&line))
			all = append(all, line)
		}
		require.NoError(t, rows.Err())
	}
	return all
}

// Two sets of tables live in one database, under other prefixes or in other schemas.
func TestPrefixAndSchema(t *testing.T) {
	eachEmpty(t, func(t *testing.T, o *stores.Opened) {
		options := []sqlstore.Options{{Dialect: o.Options.Dialect, Prefix: "one_"}, {Dialect: o.Options.Dialect, Prefix: strings.Repeat("x", 40)}}
		if o.Options.Dialect == sqlstore.PostgreSQL {
			var schema string
			require.NoError(t, o.DB.QueryRow("select current_schema").Scan(&schema))
			other := schema + "_other"
			exec(t, o.DB, "create schema "+other)
			t.Cleanup(func() { exec(t, o.DB, "drop schema "+other+" cascade") })
			options = append(options, sqlstore.Options{Dialect: o.Options.Dialect, Schema: other}, sqlstore.Options{Dialect: o.Options.Dialect, Schema: other, Prefix: "two_"})
		}
		for i, options := range options {
			s, err := sqlstore.New(o.DB, options)
			require.NoError(t, err)
			require.Error(t, s.Check(ctx))
			require.NoError(t, s.Migrate(ctx))
			b, rows := read(t, s, document("a"))
			require.Empty(t, rows.Found, "tables of their own")
			b.Put(store.Row{Key: document("a"), Body: fmt.Append(nil, i)})
			b.Add("n", 1)
			b.Enqueue(store.Job{ID: "j", Group: "g"})
			commit(t, s, b)
			require.Len(t, lease(t, s, store.JobQuery{Token: "t"}), 1)
		}
	})
}

func exec(t testing.TB, db *sql.DB, command string) {
	t.Helper()
	_, err := db.Exec(command)
	require.NoError(t, err)
}
