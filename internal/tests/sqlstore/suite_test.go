package sqlstore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
	"github.com/frontdesk-go/frontdesk/store"
	"github.com/frontdesk-go/frontdesk/storetest"
)

func TestSuiteOnSQLite(t *testing.T) { suite(t, stores.SQLite) }

func TestSuiteOnPostgreSQL(t *testing.T) { suite(t, stores.PostgreSQL) }

func suite(t *testing.T, open func(testing.TB) *stores.Opened) {
	storetest.Run(t, storetest.Config{
		New: func(t *testing.T) store.Store { return open(t) },
		Tx: func(t *testing.T, s store.Store) (bound store.Store, commit, rollback func() error) {
			o := s.(*stores.Opened)
			tx, err := o.DB.BeginTx(ctx, nil)
			require.NoError(t, err)
			return o.SQL.WithTx(tx), tx.Commit, tx.Rollback
		},
		Reopen: func(t *testing.T, s store.Store) store.Store { return s.(*stores.Opened).Again(t) },
	})
}

// big is called by tests that write tens of thousands of rows: with the race detector, SQLite as Go code takes minutes over them.
func big(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("a large test: run it without -short")
	}
}
