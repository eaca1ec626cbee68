package desk_test

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// ill is something that ails a database: it begins and ends.
type ill struct {
	name       string
	says       string // what the database's error says
	begin, end func()
}

// statement returns a step that executes statements.
func statement(t *testing.T, db *sql.DB, statements ...string) func() {
	return func() {
		t.Helper()
		for _, s := range statements {
			_, err := db.Exec(s)
			require.NoError(t, err, s)
		}
	}
}

// sqliteIlls ail a SQLite database that has one connection; other is a second one.
func sqliteIlls(t *testing.T, db, other *sql.DB) []ill {
	var held *sql.Tx
	return []ill{
		{"the disk is full", "full", func() {
			var pages int
			require.NoError(t, db.QueryRow("pragma page_count").Scan(&pages))
			statement(t, db, fmt.Sprint("pragma max_page_count = ", pages))()
		}, statement(t, db, "pragma max_page_count = 1000000")},
		{"the database is read-only", "readonly", statement(t, db, "pragma query_only = on"), statement(t, db, "pragma query_only = off")},
		{"another writes", "locked", func() {
			var err error
			held, err = other.Begin()
			require.NoError(t, err)
		}, func() { require.NoError(t, held.Rollback()) }},
	}
}

// postgresIlls ail a PostgreSQL database that has one connection. A disk cannot be filled from here: a trigger says what the server would.
func postgresIlls(t *testing.T, db, other *sql.DB) []ill {
	var table, schema string
	require.NoError(t, db.QueryRow("select table_name, table_schema from information_schema.tables where table_schema = current_schema() and table_name like '%rows'").Scan(&table, &schema))
	role := strings.Replace(schema, "test_", "reader_", 1)
	statement(t, db, "create role "+role, "grant usage on schema "+schema+" to "+role, "grant select on all tables in schema "+schema+" to "+role)()
	t.Cleanup(statement(t, other, "drop owned by "+role, "drop role "+role))
	raises := func(code string) func() {
		return statement(t, db, `create function ail() returns trigger language plpgsql as $$ begin raise exception 'it is so' using errcode = '`+code+`'; end $$`,
			"create trigger ail before insert or update on "+table+" for each row execute function ail()")
	}
	heals := statement(t, db, "drop function ail cascade")
	var held *sql.Tx
	return []ill{
		{"the database is read-only", "read-only", statement(t, db, "set default_transaction_read_only = on"), statement(t, db, "set default_transaction_read_only = off")},
		{"the disk is full", "53100", raises("53100"), heals},
		{"the role may only read", "permission denied", statement(t, db, "set role "+role), statement(t, db, "reset role")},
		{"another holds the table", "lock timeout", func() {
			statement(t, db, "set lock_timeout = '5ms'")()
			var err error
			held, err = other.Begin()
			require.NoError(t, err)
			_, err = held.Exec("lock table " + table + " in exclusive mode")
			require.NoError(t, err)
		}, func() {
			require.NoError(t, held.Rollback())
			statement(t, db, "reset lock_timeout")()
		}},
		{"the disk fails", "58030", raises("58030"), heals},
		{"the server is out of memory", "53200", raises("53200"), heals},
	}
}
