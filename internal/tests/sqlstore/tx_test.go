package sqlstore_test

import (
	"context"
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
	"github.com/frontdesk-go/frontdesk/store"
)

// begin begins a transaction of the host, which writes to a table of its own.
func begin(t *testing.T, o *stores.Opened, ctx context.Context) *sql.Tx {
	t.Helper()
	exec(t, o.DB, "create table if not exists host (id integer)")
	tx, err := o.DB.BeginTx(ctx, nil)
	require.NoError(t, err)
	t.Cleanup(func() { _ = tx.Rollback() })
	_, err = tx.Exec("insert into host values (1)")
	require.NoError(t, err)
	return tx
}

func hosts(t *testing.T, o *stores.Opened) (n int) {
	t.Helper()
	require.NoError(t, o.DB.QueryRow("select count(*) from host").Scan(&n))
	return n
}

func TestHostAndBatchCommitTogether(t *testing.T) {
	stores.EachSQL(t, func(t *testing.T, o *stores.Opened) {
		tx := begin(t, o, ctx)
		s := o.SQL.WithTx(tx)
		for _, id := range []string{"a", "b"} {
			b, _ := read(t, s, document(id), document("checked absent"))
			b.Put(store.Row{Key: document(id)})
			b.Add("n", 1)
			commit(t, s, b)
		}
		require.NoError(t, s.Commit(ctx, store.NewBatch("acme", start)))
		_, rows := read(t, o, document("a"))
		require.Empty(t, rows.Found)
		require.NoError(t, tx.Commit())
		_, rows = read(t, o, document("a"), document("b"))
		require.Len(t, rows.Found, 2)
		require.Equal(t, 1, hosts(t, o))
	})
}

func TestConflictLeavesTheHostItsTransaction(t *testing.T) {
	stores.EachSQL(t, func(t *testing.T, o *stores.Opened) {
		tx := begin(t, o, ctx)
		s := o.SQL.WithTx(tx)
		b := store.NewBatch("acme", start)
		b.ReadRow(store.Row{Key: document("z"), Version: 7})
		put(b, store.Row{Key: document("a")})
		b.Add("n", 1)
		require.NoError(t, b.Seal())
		err := s.Commit(ctx, b)
		require.ErrorIs(t, err, store.ErrConflict)
		require.NotErrorIs(t, err, store.ErrTxLost)

		strange := store.Batch{Tenant: "acme", Writes: []store.Write{{Action: 9, Row: store.Row{Key: document("a")}}}}
		require.ErrorIs(t, s.Commit(ctx, &strange), store.ErrUnsupported)
		_, err = s.List(ctx, store.Query{Tenant: "acme", Kind: store.Document, Fact: "unlisted"})
		require.ErrorIs(t, err, store.ErrUnsupported)
		require.NotErrorIs(t, err, store.ErrTxLost)
		_, err = s.List(ctx, store.Query{Tenant: "acme", Kind: store.Document, Cursor: "x"})
		require.ErrorIs(t, err, store.ErrCursor)

		_, err = tx.Exec("insert into host values (2)")
		require.NoError(t, err)
		require.NoError(t, tx.Commit())
		require.Equal(t, 2, hosts(t, o))
		rows, err := o.Load(ctx, "acme", []store.Key{document("a")}, []string{"n"})
		require.NoError(t, err)
		require.Empty(t, rows.Found)
		require.Zero(t, rows.Counters["n"])
	})
}

func TestEndedContextLosesTheTransaction(t *testing.T) {
	stores.EachSQL(t, func(t *testing.T, o *stores.Opened) {
		ended, cancel := context.WithCancel(ctx)
		tx := begin(t, o, ended)
		s := o.SQL.WithTx(tx)
		b, _ := read(t, s, document("a"))
		b.Put(store.Row{Key: document("a")})
		commit(t, s, b)
		b, _ = read(t, s, document("a"))
		b.Put(store.Row{Key: document("a"), Body: []byte("second")})
		require.NoError(t, b.Seal())
		cancel()
		calls := map[string]func(context.Context) error{
			"Commit": func(ctx context.Context) error { return s.Commit(ctx, b) },
			"Load": func(ctx context.Context) error {
				_, err := s.Load(ctx, "acme", []store.Key{document("a")}, nil)
				return err
			},
			"List": func(ctx context.Context) error {
				_, err := s.List(ctx, store.Query{Tenant: "acme", Kind: store.Document})
				return err
			},
			"Jobs": func(ctx context.Context) error {
				_, err := s.Jobs(ctx, store.JobQuery{Now: start, Until: start, Token: "t"})
				return err
			},
		}
		for name, call := range calls {
			err := call(ended)
			require.ErrorIs(t, err, store.ErrTxLost, name)
			require.ErrorIs(t, err, context.Canceled, name)
		}
		_ = tx.Rollback() // so that database/sql, which rolls back by itself, has done so
		for name, call := range calls {
			require.ErrorIs(t, call(ctx), store.ErrTxLost, "%s, although its own context goes on", name)
		}
		require.Error(t, tx.Commit())
		_, rows := read(t, o, document("a"))
		require.Empty(t, rows.Found)
		require.Zero(t, hosts(t, o))
	})
}

// A call whose context has ended before it begins loses the transaction as one whose context ends in it does: nobody commits half of what
// was to be one.
func TestContextThatHasEndedLosesTheTransaction(t *testing.T) {
	for _, call := range []func(context.Context, store.Store) error{
		func(ctx context.Context, s store.Store) error {
			b := store.NewBatch("acme", start)
			put(b, store.Row{Key: document("b")})
			if err := b.Seal(); err != nil {
				return err
			}
			return s.Commit(ctx, b)
		},
		func(ctx context.Context, s store.Store) error {
			_, err := s.Load(ctx, "acme", []store.Key{document("a")}, nil)
			return err
		},
		func(ctx context.Context, s store.Store) error {
			_, err := s.List(ctx, store.Query{Tenant: "acme", Kind: store.Document})
			return err
		},
		func(ctx context.Context, s store.Store) error {
			_, err := s.Jobs(ctx, store.JobQuery{Now: start, Until: start, Token: "t"})
			return err
		},
	} {
		stores.EachSQL(t, func(t *testing.T, o *stores.Opened) {
			tx := begin(t, o, ctx)
			s := o.SQL.WithTx(tx)
			b, _ := read(t, s, document("a"))
			b.Put(store.Row{Key: document("a")})
			commit(t, s, b)
			ended, cancel := context.WithCancel(ctx)
			cancel()
			err := call(ended, s)
			require.ErrorIs(t, err, store.ErrTxLost)
			require.ErrorIs(t, err, context.Canceled)
			require.Error(t, tx.Commit())
			_, rows := read(t, o, document("a"))
			require.Empty(t, rows.Found)
			require.Zero(t, hosts(t, o))
		})
	}
}

func TestEndedConnectionLosesTheTransaction(t *testing.T) {
	o := stores.PostgreSQL(t)
	tx := begin(t, o, ctx)
	s := o.SQL.WithTx(tx)
	b, _ := read(t, s, document("a"))
	b.Put(store.Row{Key: document("a")})
	require.NoError(t, b.Seal())
	var pid int
	require.NoError(t, tx.QueryRow("select pg_backend_pid()").Scan(&pid))
	_, err := o.DB.Exec("select pg_terminate_backend($1, 10000)", pid)
	require.NoError(t, err)
	require.ErrorIs(t, s.Commit(ctx, b), store.ErrTxLost)
	require.Error(t, tx.Commit())
	_, rows := read(t, o, document("a"))
	require.Empty(t, rows.Found)
	require.NoError(t, o.Commit(ctx, b), "the store itself goes on")
}

// A failed statement of the host's own leaves PostgreSQL refusing everything; the store says so.
func TestFailedTransactionIsLost(t *testing.T) {
	o := stores.PostgreSQL(t)
	tx := begin(t, o, ctx)
	s := o.SQL.WithTx(tx)
	b, _ := read(t, s, document("a"))
	b.Put(store.Row{Key: document("a")})
	require.NoError(t, b.Seal())
	_, err := tx.Exec("select 1/0")
	require.Error(t, err)
	require.ErrorIs(t, s.Commit(ctx, b), store.ErrTxLost)
}

// A host that did not begin IMMEDIATE and was overtaken can never write in that transaction.
func TestOvertakenSQLiteTransactionIsLost(t *testing.T) {
	o := stores.SQLite(t)
	conn, err := o.DB.Conn(ctx)
	require.NoError(t, err)
	defer conn.Close()
	db, err := sql.Open("sqlite", o.DSN[:len(o.DSN)-len("&_txlock=immediate")])
	require.NoError(t, err)
	defer db.Close()
	tx, err := db.Begin()
	require.NoError(t, err)
	defer tx.Rollback()
	s := o.SQL.WithTx(tx)
	b, _ := read(t, s, document("a"), document("b"))

	other, _ := read(t, o, document("b"))
	other.Put(store.Row{Key: document("b")})
	commit(t, o, other)

	b.Put(store.Row{Key: document("a")})
	require.NoError(t, b.Seal())
	err = s.Commit(ctx, b)
	require.ErrorIs(t, err, store.ErrTxLost)
	require.NotErrorIs(t, err, store.ErrConflict)
}
