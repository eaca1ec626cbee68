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

// failed wraps an error with the operation and what it was done on. A nil error stays nil.
func failed(op, on string, err error) error {
	switch {
	case err == nil:
		return nil
	case on == "":
		return fmt.Errorf("sqlstore: %s: %w", op, err)
	}
	return fmt.Errorf("sqlstore: %s %s: %w", op, on, err)
}

// state returns PostgreSQL's five letters of an error, "" if it has none.
func state(err error) string {
	var e interface{ SQLState() string }
	if errors.As(err, &e) {
		return e.SQLState()
	}
	return ""
}

// The extended result code of a transaction that read before another one wrote. https://www.sqlite.org/rescode.html#busy_snapshot
const busySnapshot = 517

func stale(err error) bool {
	var e interface{ Code() int }
	return errors.As(err, &e) && e.Code() == busySnapshot
}

// busy reports whether SQLite refused because another connection has the file, in any of the code's extended forms.
// https://www.sqlite.org/rescode.html#busy
func busy(err error) bool {
	var e interface{ Code() int }
	return errors.As(err, &e) && e.Code()&0xff == 5
}

// aborted reports whether the database gave up a transaction because of others, so that deciding again may succeed.
// https://www.postgresql.org/docs/current/errcodes-appendix.html
func aborted(err error) bool {
	switch state(err) {
	case "40001", "40P01", "23505": // serialization_failure, deadlock_detected, unique_violation
		return true
	}
	return false
}

// severed reports whether the connection or the context ended, after which a transaction's state is unknown.
func severed(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) || errors.Is(err, sql.ErrTxDone) ||
		strings.HasPrefix(state(err), "08") || strings.HasPrefix(state(err), "57P") || stale(err)
}

// uncertain reports whether a commit that failed may have been written all the same: its answer was lost on the way. SQLite answers in this process.
func (t *tables) uncertain(err error) bool {
	refused := errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrUnsupported)
	return t.dialect == PostgreSQL && !refused && (state(err) == "" || severed(err))
}

// conflict returns the error of a batch: a ConflictError that wraps the database's reason if the database gave it up.
func conflict(b *store.Batch, err error) error {
	if err == nil || !aborted(err) {
		return err
	}
	var keys []store.Key
	for _, w := range b.Writes {
		keys = append(keys, w.Row.Key)
	}
	if len(keys) == 0 {
		for _, f := range b.Finish {
			keys = append(keys, store.Key{Kind: "group", ID: f.Group})
		}
	}
	return fmt.Errorf("%w (%w)", &store.ConflictError{Keys: keys}, err)
}
