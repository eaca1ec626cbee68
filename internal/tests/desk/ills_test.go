package desk_test

import (
	"context"
	"database/sql"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
	"github.com/frontdesk-go/frontdesk/store"
)

// ill is something that ails a database: it begins and ends.
type ill struct {
	name       string
	says       string // what the database's error says
	begin, end func()
}

// spoiled is a store whose writes go through other connections for as long as something ails these: a setting of one connection would be
// gone with it, and a store drops a connection that fails.
type spoiled struct {
	*stores.Opened
	bad atomic.Pointer[stores.Opened]
}

func (s *spoiled) writer() store.Store {
	if bad := s.bad.Load(); bad != nil {
		return bad
	}
	return s.Opened
}

func (s *spoiled) Commit(ctx context.Context, b *store.Batch) error { return s.writer().Commit(ctx, b) }

func (s *spoiled) Jobs(ctx context.Context, q store.JobQuery) ([]store.Lease, error) {
	return s.writer().Jobs(ctx, q)
}

// with returns a step from which on connections have a setting.
func (s *spoiled) with(t *testing.T, name string, value func() string) func() {
	return func() {
		bad := *s.Opened
		switch {
		case s.Driver == "sqlite":
			bad.DSN += "&_pragma=" + name + "(" + value() + ")"
		case strings.Contains(s.DSN, "://"):
			bad.DSN += "&" + name + "=" + value()
		default:
			bad.DSN += " " + name + "=" + value()
		}
		s.bad.Store(bad.Again(t))
	}
}

func (s *spoiled) without() { s.bad.Store(nil) }

func is(value string) func() string { return func() string { return value } }

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

// sqliteIlls ail a SQLite database; other is another process's connection.
func sqliteIlls(t *testing.T, s *spoiled, other *sql.DB) []ill {
	var held *sql.Tx
	pages := func() (n string) {
		require.NoError(t, other.QueryRow("pragma page_count").Scan(&n))
		return n
	}
	return []ill{
		{"the disk is full", "full", s.with(t, "max_page_count", pages), s.without},
		{"the database is read-only", "readonly", s.with(t, "query_only", is("1")), s.without},
		{"another writes", "locked", func() {
			var err error
			held, err = other.Begin()
			require.NoError(t, err)
		}, func() { require.NoError(t, held.Rollback()) }},
	}
}

// postgresIlls ail a PostgreSQL database; other is another process's connection. A disk cannot be filled from here: a trigger says what the server would.
func postgresIlls(t *testing.T, s *spoiled, other *sql.DB) []ill {
	var table, schema string
	require.NoError(t, other.QueryRow("select table_name, table_schema from information_schema.tables where table_schema = current_schema() and table_name like '%rows'").Scan(&table, &schema))
	role := strings.Replace(schema, "test_", "reader_", 1)
	statement(t, other, "create role "+role, "grant usage on schema "+schema+" to "+role, "grant select on all tables in schema "+schema+" to "+role)()
	t.Cleanup(statement(t, other, "drop owned by "+role, "drop role "+role))
	raises := func(code string) func() {
		return statement(t, other, `create function ail() returns trigger language plpgsql as $$ begin raise exception 'it is so' using errcode = '`+code+`'; end $$`,
			"create trigger ail before insert or update on "+table+" for each row execute function ail()")
	}
	heals := statement(t, other, "drop function ail cascade")
	var held *sql.Tx
	return []ill{
		{"the database is read-only", "read-only", s.with(t, "default_transaction_read_only", is("on")), s.without},
		{"the disk is full", "53100", raises("53100"), heals},
		{"the role may only read", "permission denied", s.with(t, "role", is(role)), s.without},
		{"another holds the table", "lock timeout", func() {
			s.with(t, "lock_timeout", is("20"))()
			var err error
			held, err = other.Begin()
			require.NoError(t, err)
			_, err = held.Exec("lock table " + table + " in exclusive mode")
			require.NoError(t, err)
		}, func() {
			require.NoError(t, held.Rollback())
			s.without()
		}},
		{"the disk fails", "58030", raises("58030"), heals},
		{"the server is out of memory", "53200", raises("53200"), heals},
	}
}
