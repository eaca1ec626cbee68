package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/frontdesk-go/frontdesk/store"
)

// WithTx returns a store whose every call is part of the host's transaction: nothing is seen by others before the host commits, and
// nothing stays when it rolls back. Its methods are not for concurrent use, as a transaction is not.
//
// Commit and Jobs run behind a savepoint, so that after store.ErrConflict, store.ErrUnsupported or store.ErrInvalid the transaction
// holds what it held before and can be used. After an error of the context or the connection, and after any other error of Load, List
// and Jobs, it cannot: the error is store.ErrTxLost, and the transaction has been rolled back where that was still possible.
//
// Any isolation level will do. With SQLite, begin the transaction IMMEDIATE.
func (s *Store) WithTx(tx *sql.Tx) store.Store { return &bound{tables: s.tables, tx: tx} }

type bound struct {
	*tables
	tx *sql.Tx
}

func (b *bound) Load(ctx context.Context, tenant string, keys []store.Key, counters []string) (*store.Rows, error) {
	if err := ctx.Err(); err != nil {
		return nil, failed("load", tenant, b.lose(err))
	}
	rows, err := b.load(ctx, b.tx, tenant, keys, counters)
	return rows, failed("load", tenant, b.broken(withCause(ctx, err)))
}

func (b *bound) List(ctx context.Context, q store.Query) (*store.Page, error) {
	if err := ctx.Err(); err != nil {
		return nil, failed("list", q.Tenant, b.lose(err))
	}
	page, err := b.list(ctx, b.tx, q)
	return page, failed("list "+string(q.Kind), q.Tenant, b.broken(withCause(ctx, err)))
}

func (b *bound) Jobs(ctx context.Context, q store.JobQuery) ([]store.Lease, error) {
	if err := ctx.Err(); err != nil {
		return nil, failed("lease jobs", q.Tenant, b.lose(err))
	}
	leases, err := b.lease(ctx, b.tx, b.transact, false, true, q)
	return leases, failed("lease jobs", q.Tenant, b.broken(withCause(ctx, err)))
}

func (b *bound) Commit(ctx context.Context, batch *store.Batch) error {
	if err := ctx.Err(); err != nil {
		return failed("commit", batch.Tenant, b.lose(err))
	}
	if nothing(batch) {
		return nil
	}
	err := b.transact(ctx, func(q querier) error {
		return conflict(batch, b.commit(ctx, q, batch, strict, nil))
	})
	return failed("commit", batch.Tenant, err)
}

// transact runs fn behind a savepoint, and goes back to that if fn fails.
func (b *bound) transact(ctx context.Context, fn func(querier) error) error {
	if _, err := b.tx.ExecContext(ctx, "savepoint frontdesk"); err != nil {
		return b.lose(err)
	}
	err := withCause(ctx, fn(b.tx))
	if err != nil && severed(err) {
		return b.lose(err)
	}
	after := context.WithoutCancel(ctx)
	if err != nil {
		if _, undone := b.tx.ExecContext(after, "rollback to savepoint frontdesk"); undone != nil {
			return b.lose(fmt.Errorf("%w (undo: %w)", err, undone))
		}
	}
	if _, released := b.tx.ExecContext(after, "release savepoint frontdesk"); released != nil {
		return b.lose(released)
	}
	return err
}

// broken returns the error of a call that ran without a savepoint: unless it was decided before the database was asked, PostgreSQL
// refuses everything that follows in the transaction.
func (b *bound) broken(err error) error {
	for _, kept := range []error{store.ErrUnsupported, store.ErrInvalid, store.ErrCursor, store.ErrTxLost} {
		if err == nil || errors.Is(err, kept) {
			return err
		}
	}
	return b.lose(err)
}

// lose rolls the host's transaction back, so that a host that overlooks the error cannot commit a part of a batch.
func (b *bound) lose(err error) error {
	return lost(errors.Join(err, rollback(b.tx)))
}

func lost(err error) error { return fmt.Errorf("%w: %w", store.ErrTxLost, err) }
