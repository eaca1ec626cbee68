package sqlstore_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
	"github.com/frontdesk-go/frontdesk/store"
	"github.com/frontdesk-go/frontdesk/store/sqlstore"
)

// with opens the database of o once more, through one connection with other settings.
func with(t *testing.T, o *stores.Opened, pragmas ...string) *sqlstore.Store {
	t.Helper()
	dsn := strings.ReplaceAll(o.DSN, "busy_timeout%2810000%29", "busy_timeout%2820%29")
	require.NotEqual(t, o.DSN, dsn)
	db, err := sql.Open(o.Driver, dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	db.SetMaxOpenConns(1)
	for _, pragma := range pragmas {
		exec(t, db, "pragma "+pragma)
	}
	s, err := sqlstore.New(db, o.Options)
	require.NoError(t, err)
	return s
}

// large is a batch that writes a row of 100 kB, a count and a job.
func large(t *testing.T, s store.Store, n int) *store.Batch {
	b, rows := read(t, s, document("large"), document(fmt.Sprint("large", n)))
	row, _ := rows.Row(document("large"))
	row.Body = fmt.Append(nil, n)
	b.Put(row)
	b.Put(store.Row{Key: document(fmt.Sprint("large", n)), Body: []byte(strings.Repeat("x", 100_000))})
	b.Add("large", 1)
	b.Enqueue(store.Job{ID: fmt.Sprint(n), Group: "g"})
	require.NoError(t, b.Seal())
	return b
}

// A full disk is a clear error, leaves nothing half done, and is over when there is room again.
func TestFullDisk(t *testing.T) {
	o := stores.SQLite(t)
	s := with(t, o, "max_page_count = 200")
	var err error
	stored := 0
	for err == nil {
		require.Less(t, stored, 20)
		if err = s.Commit(ctx, large(t, s, stored)); err == nil {
			stored++
		}
	}
	require.ErrorContains(t, err, "sqlstore: commit acme: ")
	require.ErrorContains(t, err, "full")
	require.NotErrorIs(t, err, store.ErrConflict)
	require.Positive(t, stored)

	rows, err := s.Load(ctx, "acme", []store.Key{document("large"), document(fmt.Sprint("large", stored))}, []string{"large"})
	require.NoError(t, err)
	require.Equal(t, []store.Key{document(fmt.Sprint("large", stored))}, rows.Absent)
	require.Equal(t, fmt.Append(nil, stored-1), rows.Found[document("large")].Body)
	require.Equal(t, int64(stored), rows.Counters["large"])

	roomy := with(t, o, "max_page_count = 100000")
	require.NoError(t, roomy.Commit(ctx, large(t, roomy, stored)))
	got := lease(t, o, store.JobQuery{Token: "t", PerGroup: 100})
	require.Len(t, got, 1)
	require.Len(t, got[0].Jobs, stored+1)
}

// A full disk within a host's transaction: the store's error is plain, and what the host can still do is in the error.
func TestFullDiskInAHostsTransaction(t *testing.T) {
	o := stores.SQLite(t)
	exec(t, o.DB, "create table host (id integer)")
	o.DB.SetMaxOpenConns(1)
	exec(t, o.DB, "pragma max_page_count = 200")
	tx, err := o.DB.Begin()
	require.NoError(t, err)
	defer tx.Rollback()
	_, err = tx.Exec("insert into host values (1)")
	require.NoError(t, err)
	s := o.SQL.WithTx(tx)
	stored := 0
	for err = nil; err == nil; {
		require.Less(t, stored, 20)
		if err = s.Commit(ctx, large(t, s, stored)); err == nil {
			stored++
		}
	}
	require.NotErrorIs(t, err, store.ErrConflict)
	ended := tx.Commit()
	if errors.Is(err, store.ErrTxLost) {
		require.Error(t, ended)
		stored = 0
	} else {
		require.NoError(t, ended)
	}
	rows, err := o.Load(ctx, "acme", nil, []string{"large"})
	require.NoError(t, err)
	require.Equal(t, int64(stored), rows.Counters["large"])
}

// Another process that keeps the write lock longer than busy_timeout is an error, no conflict; afterwards all goes on.
func TestBusy(t *testing.T) {
	o := stores.SQLite(t)
	s := with(t, o)
	b, _ := read(t, s, document("a"))
	b.Put(store.Row{Key: document("a")})
	require.NoError(t, b.Seal())
	other, err := o.DB.Begin()
	require.NoError(t, err)
	defer other.Rollback()

	err = s.Commit(ctx, b)
	require.ErrorContains(t, err, "locked")
	require.NotErrorIs(t, err, store.ErrConflict)
	_, err = s.Jobs(ctx, store.JobQuery{Now: start, Until: start, Token: "t"})
	require.NoError(t, err, "an idle poll needs no lock")
	_, rows := read(t, s, document("a"))
	require.Empty(t, rows.Found, "reading goes on")

	require.NoError(t, other.Rollback())
	require.NoError(t, s.Commit(ctx, b))
}

// A context that ends while a commit waits for the write lock, or in the middle of a commit, leaves nothing.
func TestContextEndsOnTheWay(t *testing.T) {
	stores.EachSQL(t, func(t *testing.T, o *stores.Opened) {
		s, _, r := record(t, o)
		b, _ := read(t, s, document("a"), document("b"))
		b.Put(store.Row{Key: document("a"), Facts: []store.Fact{{Name: "x", Value: "y"}}})
		b.Add("n", 1)
		b.Enqueue(store.Job{ID: "j", Group: "g"})
		b.Done(store.Finish{Group: "none", Token: "nobody's", Jobs: []string{"j"}}) // so that it is done in steps on PostgreSQL too
		require.NoError(t, b.Seal())
		steps := 0
		for ; ; steps++ { // the context ends before the first statement, the second, …
			ending, cancel := context.WithCancel(ctx)
			left := steps
			r.fail = func(string) error {
				if left--; left == -1 {
					cancel()
				}
				return nil
			}
			err := s.Commit(ending, b)
			cancel()
			r.fail = nil
			_, rows := read(t, s, document("a"))
			if len(rows.Found) > 0 {
				break // ended after the effect; with or without an error
			}
			require.Error(t, err)
			require.ErrorIs(t, err, context.Canceled)
			require.NotErrorIs(t, err, store.ErrConflict)
			require.Less(t, steps, 20)
		}
		require.Greater(t, steps, 2)
		rows, err := s.Load(ctx, "acme", nil, []string{"n"})
		require.NoError(t, err)
		require.Equal(t, int64(1), rows.Counters["n"])
		require.Len(t, lease(t, s, store.JobQuery{Token: "t"}), 1)
	})
}

// The database fails at every statement of a commit in turn: either nothing is there, or all. On PostgreSQL a commit is one statement unless
// it queues a job that it finishes.
func TestErrorAtEveryStatement(t *testing.T) {
	stores.EachSQL(t, func(t *testing.T, o *stores.Opened) {
		t.Run("Single", func(t *testing.T) { errorAtEveryStatement(t, o, "single", o.Driver == "pgx") })
		t.Run("InSteps", func(t *testing.T) { errorAtEveryStatement(t, o, "steps", false) })
	})
}

func errorAtEveryStatement(t *testing.T, o *stores.Opened, name string, single bool) {
	s, _, r := record(t, o)
	broken := errors.New("broken")
	for step := 0; ; step++ {
		require.Less(t, step, 20)
		b := large(t, s, step)
		if !single {
			b.Enqueue(store.Job{ID: "again", Group: name})
			b.Done(store.Finish{Group: name, Token: "nobody's", Jobs: []string{"again"}})
			require.NoError(t, b.Seal())
		}
		left := step
		r.fail = func(query string) error {
			if left--; left == -1 && query != "rollback" {
				return broken
			}
			return nil
		}
		err := s.Commit(ctx, b)
		r.fail = nil
		key := document(fmt.Sprint("large", step))
		rows, loadErr := s.Load(ctx, "acme", []store.Key{key}, []string{"large"})
		require.NoError(t, loadErr)
		if err == nil {
			require.Len(t, rows.Found, 1)
			require.Equal(t, int64(1), rows.Counters["large"])
			if single {
				require.Equal(t, 1, step, "there was one statement")
			} else {
				require.Greater(t, step, 3)
			}
			undo := store.NewBatch("acme", start) // for whoever comes next
			undo.Read(rows)
			undo.Delete(key)
			undo.Add("large", -1)
			require.NoError(t, undo.Seal())
			require.NoError(t, s.Commit(ctx, undo))
			return
		}
		require.ErrorIs(t, err, broken)
		require.Empty(t, rows.Found)
		require.Zero(t, rows.Counters["large"])
	}
}
