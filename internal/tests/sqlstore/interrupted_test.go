package sqlstore_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
	"github.com/frontdesk-go/frontdesk/store"
	"github.com/frontdesk-go/frontdesk/store/sqlstore"
)

// older runs a subtest on empty databases, and one on databases that an older program has made and used, of each kind. The test gets what the
// newest program's tables look like.
func older(t *testing.T, run func(t *testing.T, open func(t *testing.T) *stores.Opened, version int, want []string)) {
	for _, kind := range []struct {
		name        string
		empty, full func(testing.TB) *stores.Opened
	}{{"SQLite", stores.EmptySQLite, stores.SQLite}, {"PostgreSQL", stores.EmptyPostgreSQL, stores.PostgreSQL}} {
		for version := range 2 {
			t.Run(fmt.Sprint(kind.name, " from version ", version), func(t *testing.T) {
				want := described(t, kind.full(t))
				run(t, func(t *testing.T) *stores.Opened {
					o := kind.empty(t)
					all, err := sqlstore.Migrations(o.Options)
					require.NoError(t, err)
					for _, m := range all[:version] {
						for _, command := range strings.Split(m.SQL, ";\n") {
							exec(t, o.DB, command)
						}
						exec(t, o.DB, "insert into frontdesk_counters (tenant, name, stripe, value) values ('acme', 'kept', 0, 7)")
					}
					return o
				}, version, want)
			})
		}
	}
}

// A migration whose process is killed before any of its statements leaves what was there, and two others that come then, at once, bring the
// tables to what they should be. With FRONTDESK_VARIANTS=all it is each statement, by default each of an upgrade's and one of four of the first
// migrations'.
func TestMigrationKilledAtEachStatement(t *testing.T) {
	big(t)
	older(t, func(t *testing.T, open func(t *testing.T) *stores.Opened, version int, want []string) {
		step := 1
		if version == 0 && os.Getenv("FRONTDESK_VARIANTS") != "all" {
			step = 4
		}
		for k := 1; ; k += step {
			o := open(t)
			after, killed := migrateUntil(t, o, k, version)
			if !killed {
				require.Equal(t, want, described(t, o))
				require.Greater(t, k, 3, "it was killed at several statements")
				t.Logf("killed at one in %d of up to %d statements", step, k-1)
				return
			}
			var all sync.WaitGroup
			for range 2 {
				other := after.Again(t)
				all.Go(func() { assert.NoError(t, other.SQL.Migrate(ctx)) })
			}
			all.Wait()
			require.Equal(t, want, described(t, after))
			rows, err := after.Load(ctx, "acme", nil, []string{"kept"})
			require.NoError(t, err)
			require.Equal(t, int64(7*version), rows.Counters["kept"])
		}
	})
}

// migrateUntil kills a migration before its k-th statement and returns what is left, or reports that there is no such statement.
func migrateUntil(t *testing.T, o *stores.Opened, k, version int) (after *stores.Opened, killed bool) {
	t.Helper()
	s, db, r := record(t, o)
	if o.Options.Dialect == sqlstore.PostgreSQL {
		r.dsn = stores.Extended(o.DSN, "application_name=doomed")
	}
	var copied string
	n := 0
	r.fail = func(string) error {
		if n++; n != k {
			return nil
		}
		killed = true
		if o.Options.Dialect == sqlstore.PostgreSQL {
			_, err := o.DB.Exec("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'doomed'")
			return err
		}
		copied = copyOf(t, o.DSN) // what a killed process leaves on the disk
		return nil
	}
	err := s.Migrate(ctx)
	switch {
	case !killed:
		require.NoError(t, err)
		return o, false
	case o.Options.Dialect == sqlstore.SQLite:
		require.NoError(t, err)
		require.NoError(t, db.Close())
		return reopened(t, o, copied), true
	case k > 1: // before the first, the pool makes another connection
		require.Error(t, err)
		require.Equal(t, version, versionOf(t, o), "nothing of it stays")
	}
	return o, true
}

// versionOf returns the version of the tables: that of the error where it is not the newest.
func versionOf(t *testing.T, o *stores.Opened) int {
	t.Helper()
	var older *sqlstore.OlderSchemaError
	require.ErrorAs(t, o.SQL.Check(ctx), &older)
	return older.Have
}

// copyOf copies a database's files as they are, with the log of a transaction that is under way, and returns the copy's path.
func copyOf(t *testing.T, dsn string) string {
	t.Helper()
	path, _, _ := strings.Cut(strings.TrimPrefix(dsn, "file:"), "?")
	to := filepath.Join(t.TempDir(), "desk.db")
	for _, suffix := range []string{"", "-wal"} {
		data, err := os.ReadFile(path + suffix)
		if os.IsNotExist(err) {
			continue
		}
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(to+suffix, data, 0o600))
	}
	return to
}

func reopened(t *testing.T, o *stores.Opened, path string) *stores.Opened {
	t.Helper()
	again := *o
	again.DSN = sqlstore.SQLiteDSN(path)
	return again.Again(t)
}

// Who waits for a migration that is killed goes on with it.
func TestMigrationWaitsForAKilledOne(t *testing.T) {
	o := stores.EmptyPostgreSQL(t)
	s, _, r := record(t, o)
	r.dsn = stores.Extended(o.DSN, "application_name=doomed")
	waiting := make(chan error, 1)
	n := 0
	r.fail = func(string) error {
		if n++; n != 10 {
			return nil
		}
		go func() { waiting <- o.SQL.Migrate(context.Background()) }()
		for held := 0; held == 0; { // until it waits for the lock
			if err := o.DB.QueryRow("select count(*) from pg_locks where locktype = 'advisory' and not granted").Scan(&held); err != nil {
				return err
			}
		}
		_, err := o.DB.Exec("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'doomed'")
		return err
	}
	require.Error(t, s.Migrate(ctx))
	require.NoError(t, <-waiting)
	require.NoError(t, o.SQL.Check(ctx))
}

// The error of an older program says what is the matter and what to do.
func TestNewerSchemaIsClear(t *testing.T) {
	stores.EachSQL(t, func(t *testing.T, o *stores.Opened) {
		all, err := sqlstore.Migrations(o.Options)
		require.NoError(t, err)
		exec(t, o.DB, "insert into frontdesk_schema (version, name) values (99, 'future')")
		says := fmt.Sprintf("sqlstore: the tables are at version 99, this program knows up to %d; run a newer program", len(all))
		require.EqualError(t, o.SQL.Check(ctx), says)
		require.ErrorContains(t, o.SQL.Migrate(ctx), says)
		b, _ := read(t, o, document("a"))
		b.Put(store.Row{Key: document("a")})
		require.NoError(t, b.Seal())
		require.NoError(t, o.Commit(ctx, b), "who was running before goes on; who starts asks Check or Migrate")
	})
}
