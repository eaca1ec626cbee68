package sqlstore_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
	"github.com/frontdesk-go/frontdesk/store/sqlstore"
)

// recorder is a driver around another one that notes every statement, in order.
type recorder struct {
	inner driver.Driver
	dsn   string

	mu    sync.Mutex
	asked []asked
	fail  func(query string) error // makes a statement fail; nil for never
	lose  func(query string) error // loses a query's answer after it has done its work; nil for never
}

type asked struct {
	query string
	args  []driver.NamedValue
}

// record opens the database of o through a recorder.
func record(t testing.TB, o *stores.Opened) (*sqlstore.Store, *sql.DB, *recorder) {
	t.Helper()
	r := &recorder{inner: o.DB.Driver(), dsn: o.DSN}
	db := sql.OpenDB(r)
	t.Cleanup(func() { _ = db.Close() })
	s, err := sqlstore.New(db, o.Options)
	require.NoError(t, err)
	return s, db, r
}

// during returns the statements that f causes.
func (r *recorder) during(f func()) []asked {
	r.mu.Lock()
	r.asked = nil
	r.mu.Unlock()
	f()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.asked
}

// sofar returns the statements that f has caused until now.
func (r *recorder) sofar() []asked {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.asked)
}

func (r *recorder) note(query string, args []driver.NamedValue) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, asked{query, args})
	if r.fail != nil {
		return r.fail(query)
	}
	return nil
}

func (r *recorder) Driver() driver.Driver { return r.inner }

func (r *recorder) Connect(context.Context) (driver.Conn, error) {
	conn, err := r.inner.Open(r.dsn)
	if err != nil {
		return nil, err
	}
	return &recorded{Conn: conn, r: r}, nil
}

type recorded struct {
	driver.Conn
	r *recorder
}

func (c *recorded) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if err := c.r.note(query, args); err != nil {
		return nil, err
	}
	rows, err := c.Conn.(driver.QueryerContext).QueryContext(ctx, query, args)
	if err != nil || c.r.lose == nil {
		return rows, err
	}
	lost := c.r.lose(query)
	if lost == nil {
		return rows, nil
	}
	for values := make([]driver.Value, len(rows.Columns())); rows.Next(values) == nil; {
	}
	return nil, errors.Join(lost, rows.Close())
}

func (c *recorded) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if err := c.r.note(query, args); err != nil {
		return nil, err
	}
	return c.Conn.(driver.ExecerContext).ExecContext(ctx, query, args)
}

func (c *recorded) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	if err := c.r.note("begin", nil); err != nil {
		return nil, err
	}
	tx, err := c.Conn.(driver.ConnBeginTx).BeginTx(ctx, opts)
	return &recordedTx{tx, c.r}, err
}

func (c *recorded) CheckNamedValue(v *driver.NamedValue) error {
	if checker, ok := c.Conn.(driver.NamedValueChecker); ok {
		return checker.CheckNamedValue(v)
	}
	return driver.ErrSkip
}

type recordedTx struct {
	driver.Tx
	r *recorder
}

func (tx *recordedTx) Commit() error {
	if err := tx.r.note("commit", nil); err != nil {
		return errors.Join(err, tx.Tx.Rollback()) // a driver's failed commit has ended the transaction
	}
	return tx.Tx.Commit()
}

// PrepareContext records the statements that are kept and run again, each time they are run.
func (c *recorded) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	stmt, err := c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	return &recordedStmt{stmt, c.r, query}, nil
}

type recordedStmt struct {
	driver.Stmt
	r     *recorder
	query string
}

func (s *recordedStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	if err := s.r.note(s.query, args); err != nil {
		return nil, err
	}
	return s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
}

func (s *recordedStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	if err := s.r.note(s.query, args); err != nil {
		return nil, err
	}
	return s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
}
