package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"

	"github.com/frontdesk-go/frontdesk/store"
)

// Store is a store.Store on a SQLite or PostgreSQL database.
type Store struct {
	*tables
	db       *sql.DB
	read     querier   // of Load and List
	prepared *prepared // SQLite only
	commits  line[*waiter]
	loads    line[*loading]
	gate     chan struct{} // holds the one writer of this process to a SQLite database; the others wait in order
	seen     *seen
	calls    calls
	await    func(context.Context, *sql.Conn) error
	news     paced // announcements
}

var _ store.Store = (*Store)(nil)

// New returns a store on the database, which it neither opens nor closes nor asks anything. Errors: store.ErrInvalid.
func New(db *sql.DB, opt Options) (*Store, error) {
	t, err := newTables(opt)
	if err != nil {
		return nil, err
	}
	if db == nil {
		return nil, &store.InvalidError{What: "sqlstore database", Problem: "is nil; give an open *sql.DB"}
	}
	s := &Store{tables: t, db: db, read: db, gate: make(chan struct{}, 1), seen: &seen{}}
	s.commits = line[*waiter]{lanes: 4, passes: t.dialect == PostgreSQL, tenant: func(w *waiter) string { return w.batch.Tenant }, choose: s.packed, do: s.commitGroup}
	s.loads = line[*loading]{lanes: 4, tenant: func(w *loading) string { return w.tenant }, choose: joinable, do: s.loadGroup}
	s.await = opt.Await
	if t.dialect == SQLite {
		s.prepared, s.commits.lanes = &prepared{DB: db}, 1
		s.read = s.prepared
	}
	return s, nil
}

// Load implements store.Store in one statement for every thousand keys.
func (s *Store) Load(ctx context.Context, tenant string, keys []store.Key, counters []string) (*store.Rows, error) {
	if err := ctx.Err(); err != nil {
		return nil, failed("load", tenant, err)
	}
	rows, err := s.loadInLine(ctx, tenant, keys, counters)
	s.seen.read(tenant, rows)
	return rows, failed("load", tenant, withCause(ctx, err))
}

// List implements store.Store in one statement, and in a few if the query filters.
func (s *Store) List(ctx context.Context, q store.Query) (*store.Page, error) {
	if err := ctx.Err(); err != nil {
		return nil, failed("list", q.Tenant, err)
	}
	page, err := s.list(ctx, s.read, q)
	return page, failed("list "+string(q.Kind), q.Tenant, withCause(ctx, err))
}

// Jobs implements store.Store. When nothing is due it is one statement.
func (s *Store) Jobs(ctx context.Context, q store.JobQuery) ([]store.Lease, error) {
	if err := ctx.Err(); err != nil {
		return nil, failed("lease jobs", q.Tenant, err)
	}
	leases, err := s.lease(ctx, s.db, s.lazily, s.dialect == PostgreSQL, s.calls.made(q.Token), q)
	if err != nil || len(leases) > 0 {
		s.calls.note(q.Token)
	}
	return leases, failed("lease jobs", q.Tenant, withCause(ctx, err))
}

// Commit implements store.Store in one transaction, which it may share with other batches that are committed at the same time.
func (s *Store) Commit(ctx context.Context, b *store.Batch) error {
	if err := ctx.Err(); err != nil {
		return failed("commit", b.Tenant, err)
	}
	if nothing(b) {
		return nil
	}
	err := s.commitInLine(ctx, b)
	if err == nil {
		s.announce(b)
	}
	return failed("commit", b.Tenant, err)
}

// commitBatch commits a batch in a transaction of its own: on PostgreSQL as one statement, if that is possible.
func (s *Store) commitBatch(ctx context.Context, b *store.Batch) error {
	done, err := s.commitSingle(ctx, b)
	if done || err != nil {
		return conflict(b, withCause(ctx, err))
	}
	var known *held
	if s.dialect == SQLite {
		known = s.seen.before(b)
	}
	err = s.transact(ctx, func(q querier) error { return s.commit(ctx, q, b, inSteps, known) })
	if err == nil {
		s.seen.wrote(b)
	}
	return conflict(b, withCause(ctx, err))
}

// transactor runs fn in a transaction and ends that.
type transactor func(ctx context.Context, fn func(querier) error) error

func (s *Store) transact(ctx context.Context, fn func(querier) error) error {
	if s.dialect == SQLite {
		return s.locked(ctx, fn, asItIs)
	}
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return err
	}
	if err := fn(tx); err != nil {
		return errors.Join(err, rollback(tx))
	}
	return tx.Commit()
}

// lazily is transact for leases, which nobody waits for a disk for: a lease that is lost with the power only leaves its group to be leased
// again, and what is committed under it is on the disk after it or not at all.
func (s *Store) lazily(ctx context.Context, fn func(querier) error) error {
	if s.dialect == SQLite {
		return s.locked(ctx, fn, unsynced)
	}
	return s.transact(ctx, func(q querier) error {
		if _, err := q.ExecContext(ctx, unsyncedOnce); err != nil {
			return err
		}
		return fn(q)
	})
}

// unsyncedOnce has the transaction it runs in not wait for the disk.
// https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-ADMIN-SET
const unsyncedOnce = "select set_config('synchronous_commit', 'off', true)"

// rollback ends a transaction. That it has already ended, or that its connection is gone, is what a caller in trouble expects.
func rollback(tx *sql.Tx) error {
	if err := tx.Rollback(); err != nil && !severed(err) {
		return err
	}
	return nil
}

// alone runs fn with a connection while nobody else of this process writes to the SQLite database. A connection that fn does not leave as it was
// is not used again.
func (s *Store) alone(ctx context.Context, fn func(*sql.Conn) (clean bool, err error)) error {
	select {
	case s.gate <- struct{}{}:
		defer func() { <-s.gate }()
	case <-ctx.Done():
		return ctx.Err()
	}
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	clean, err := fn(conn)
	if !clean {
		_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	}
	return err
}

// locked runs fn in a transaction that has SQLite's write lock from its beginning, however the host's connections begin theirs, on a connection
// that prepare makes ready, and whose end it returns.
func (s *Store) locked(ctx context.Context, fn func(querier) error, prepare func(context.Context, *sql.Conn) (func() error, error)) error {
	w := &writing{prepared: s.prepared}
	defer w.keep(ctx)
	return s.alone(ctx, func(conn *sql.Conn) (clean bool, err error) {
		end, err := prepare(ctx, conn)
		if err != nil {
			return false, err
		}
		clean, err = w.run(ctx, conn, func() error {
			if _, err := w.ExecContext(ctx, "delete from "+s.leases+" where lane = '' and grp = ''"); err != nil {
				return err
			}
			return fn(w)
		})
		return end() == nil && clean, err
	})
}

func asItIs(context.Context, *sql.Conn) (func() error, error) {
	return func() error { return nil }, nil
}

// run runs fn in the transaction. If undoing that fails, and not because SQLite has done it by itself, the state is unknown.
func (w *writing) run(ctx context.Context, conn *sql.Conn, fn func() error) (clean bool, err error) {
	whole := context.WithoutCancel(ctx) // else database/sql undoes the transaction beside fn; SQLite does not end its wait for the lock for it anyway
	if w.Tx, err = conn.BeginTx(whole, nil); err != nil {
		return false, err
	}
	if err = fn(); err != nil {
		return undone(w.Rollback()), err
	}
	if err = w.Commit(); err == nil {
		return true, nil
	}
	_, failed := conn.ExecContext(whole, "rollback") // database/sql takes the transaction for ended
	return undone(failed), err
}

// undone reports whether a transaction is undone after a rollback answered with err: when the disk is full, and after some other errors, SQLite has
// undone it before. https://www.sqlite.org/lang_transaction.html#response_to_errors_within_a_transaction
func undone(err error) bool {
	return err == nil || strings.Contains(err.Error(), "no transaction is active")
}

// immediate runs fn in such a transaction on a database that may have no tables yet.
func immediate(ctx context.Context, conn *sql.Conn, fn func(querier) error) (clean bool, err error) {
	if _, err = conn.ExecContext(ctx, "begin immediate"); err == nil {
		err = fn(conn)
	}
	if err == nil {
		_, err = conn.ExecContext(ctx, "commit")
	}
	if err == nil {
		return true, nil
	}
	_, failed := conn.ExecContext(context.WithoutCancel(ctx), "rollback")
	return undone(failed), err
}

// unsynced lets a connection's commits not wait for the disk until it is told to end that. A database without write-ahead logging is left as it
// is, since there a commit that did not wait may damage the file. https://www.sqlite.org/pragma.html#pragma_synchronous
func unsynced(ctx context.Context, conn *sql.Conn) (end func() error, err error) {
	var journal string
	var level int
	if err := conn.QueryRowContext(ctx, "pragma journal_mode").Scan(&journal); err != nil {
		return nil, err
	}
	if err := conn.QueryRowContext(ctx, "pragma synchronous").Scan(&level); err != nil {
		return nil, err
	}
	const normal = 1
	if level <= normal || journal != "wal" {
		return asItIs(ctx, conn)
	}
	_, err = conn.ExecContext(ctx, "pragma synchronous = normal")
	return func() error {
		_, err := conn.ExecContext(context.WithoutCancel(ctx), fmt.Sprintf("pragma synchronous = %d", level))
		return err
	}, err
}

// withCause adds the context's error where a driver answers with one of its own after the context has ended.
func withCause(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil || errors.Is(err, ctx.Err()) || errors.Is(err, store.ErrConflict) {
		return err
	}
	return fmt.Errorf("%w: %w", ctx.Err(), err)
}

func nothing(b *store.Batch) bool {
	return len(b.Writes) == 0 && len(b.Adds) == 0 && len(b.Queue) == 0 && len(b.Finish) == 0
}
