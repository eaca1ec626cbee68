// Package stores opens fresh, empty stores for tests: in memory, on SQLite and on PostgreSQL.
//
// PostgreSQL is a cluster of the test process's own in a temporary directory, started on first use where the server's programs are
// found (initdb and pg_ctl, in PATH or /usr/lib/postgresql), and removed when the process ends, also when it is killed. With
// FRONTDESK_POSTGRES set to a data source name, that server is used. Where there is neither, tests are skipped; with
// FRONTDESK_REQUIRE_POSTGRES set they fail.
package stores

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite" // driver "sqlite"

	"github.com/frontdesk-go/frontdesk/store"
	"github.com/frontdesk-go/frontdesk/store/memstore"
	"github.com/frontdesk-go/frontdesk/store/sqlstore"
)

// Opened is a fresh store, and how it was opened. It is a store.Store itself.
type Opened struct {
	store.Store
	SQL     *sqlstore.Store  // the same store; nil in memory, as are the following
	DB      *sql.DB          // closed when the test ends
	Driver  string           // of database/sql
	DSN     string           // of a database or schema that is the test's alone
	Options sqlstore.Options // of SQL
}

// Unwrap returns the store inside, for store.As.
func (o *Opened) Unwrap() store.Store { return o.Store }

// Memory returns a fresh store in memory.
func Memory(testing.TB) *Opened { return &Opened{Store: memstore.New()} }

// SQLite returns a fresh store on a SQLite database in a file of the test's own, with its tables.
func SQLite(t testing.TB) *Opened {
	t.Helper()
	o := EmptySQLite(t)
	require.NoError(t, o.SQL.Migrate(context.Background()))
	return o
}

// EmptySQLite is SQLite without the tables.
func EmptySQLite(t testing.TB) *Opened {
	t.Helper()
	o := &Opened{Driver: "sqlite", Options: sqlstore.Options{Dialect: sqlstore.SQLite}}
	o.DSN = sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "desk.db"))
	o.open(t)
	return o
}

// PostgreSQL returns a fresh store in a schema of the test's own, with its tables.
func PostgreSQL(t testing.TB) *Opened {
	t.Helper()
	o := EmptyPostgreSQL(t)
	require.NoError(t, o.SQL.Migrate(context.Background()))
	return o
}

// EmptyPostgreSQL is PostgreSQL without the tables.
func EmptyPostgreSQL(t testing.TB) *Opened {
	t.Helper()
	o := &Opened{Driver: "pgx", Options: sqlstore.Options{Dialect: sqlstore.PostgreSQL}}
	o.DSN = freshSchema(t, server(t))
	o.open(t)
	return o
}

// WithPostgreSQL is PostgreSQL with options of the test's and settings of the session, such as "default_transaction_isolation=serializable".
func WithPostgreSQL(t testing.TB, options sqlstore.Options, settings ...string) *Opened {
	t.Helper()
	options.Dialect = sqlstore.PostgreSQL
	o := &Opened{Driver: "pgx", DSN: freshSchema(t, server(t)), Options: options}
	for _, setting := range settings {
		o.DSN = Extended(o.DSN, setting)
	}
	o.open(t)
	require.NoError(t, o.SQL.Migrate(context.Background()))
	return o
}

// Again opens the same database once more, as another process would.
func (o *Opened) Again(t testing.TB) *Opened {
	t.Helper()
	if o.SQL == nil {
		return o // a store in memory is its process's alone
	}
	again := *o
	again.open(t)
	return &again
}

func (o *Opened) open(t testing.TB) {
	t.Helper()
	o.connect(t)
	db := o.DB
	t.Cleanup(func() { _ = db.Close() })
	o.fresh(t)
}

func (o *Opened) connect(t testing.TB) {
	t.Helper()
	var err error
	o.DB, err = sql.Open(o.Driver, o.DSN)
	require.NoError(t, err)
	o.DB.SetMaxOpenConns(32)
	o.DB.SetMaxIdleConns(32)
}

// fresh gives the database a store that knows nothing yet.
func (o *Opened) fresh(t testing.TB) {
	t.Helper()
	var err error
	o.SQL, err = sqlstore.New(o.DB, o.Options)
	require.NoError(t, err)
	o.Store = o.SQL
}

// Each runs a subtest on every kind of store, which it uses as a store.Store only: on PostgreSQL the tables may be those of an earlier test. With -short it is memory alone, which is enough for the race detector: the code above a store is the
// same on each, and those on databases have tests of their own.
func Each(t *testing.T, run func(t *testing.T, s store.Store)) {
	t.Helper()
	t.Run("Memory", func(t *testing.T) { run(t, Memory(t)) })
	if testing.Short() {
		return
	}
	t.Run("SQLite", func(t *testing.T) { run(t, SQLite(t)) })
	t.Run("PostgreSQL", func(t *testing.T) { run(t, emptied(t)) })
}

// EachSQL runs a subtest on SQLite and one on PostgreSQL.
func EachSQL(t *testing.T, run func(t *testing.T, o *Opened)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) { run(t, SQLite(t)) })
	t.Run("PostgreSQL", func(t *testing.T) { run(t, PostgreSQL(t)) })
}
