package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Store is what a database must do for frontdesk. All methods are safe for concurrent use. The numbered rules are in the package
// comment; storetest.Run checks them.
//
// A store returns the sentinels of this package and otherwise its database's own errors, wrapped or not. It never retries, reads no
// clock and makes no ID.
type Store interface {
	// Load returns the rows of the keys, the rows their targets lead to, and the counters. What is not there is named, not an error.
	Load(ctx context.Context, tenant string, keys []Key, counters []string) (*Rows, error)

	// List returns one page of one kind. Errors: ErrCursor, ErrUnsupported.
	List(ctx context.Context, q Query) (*Page, error)

	// Jobs leases groups of due jobs to the caller.
	Jobs(ctx context.Context, q JobQuery) ([]Lease, error)

	// Commit writes a sealed batch, all or nothing. Errors: ErrConflict (as a *ConflictError), ErrUnsupported.
	Commit(ctx context.Context, b *Batch) error
}

// Errors of a store. They are checked with errors.Is.
var (
	// ErrConflict says that a row was not at the version a batch was decided on. Load again and decide again.
	ErrConflict = errors.New("store: conflict")

	// ErrUnsupported says that this store cannot do what was asked. Asking again does not help.
	ErrUnsupported = errors.New("store: unsupported")

	// ErrCursor says that a cursor is malformed or belongs to another query. Begin at the first page.
	ErrCursor = errors.New("store: cursor of another query")

	// ErrInvalid says that a batch or query breaks a limit or its own rules. Errors of this kind are *InvalidError.
	ErrInvalid = errors.New("store: invalid")

	// ErrNewer says that a body was written by a newer version of the program, which alone may change it.
	ErrNewer = errors.New("store: body of a newer format")

	// ErrTxLost says that the host's transaction can no longer be used: roll it back.
	ErrTxLost = errors.New("store: the transaction is lost")
)

// ConflictError names the rows that were not at the version a batch was decided on. errors.Is(err, ErrConflict) holds for it.
type ConflictError struct {
	Keys []Key // at least one
}

func (e *ConflictError) Error() string {
	names := make([]string, len(e.Keys))
	for i, k := range e.Keys {
		names[i] = k.String()
	}
	return "store: conflict on " + strings.Join(names, ", ")
}

// Is reports whether target is ErrConflict.
func (e *ConflictError) Is(target error) bool { return target == ErrConflict }

// InvalidError says which part of a batch or a query is wrong, and what would be right. errors.Is(err, ErrInvalid) holds for it.
type InvalidError struct {
	What    string // the part, such as "fact tag of conversation/01…"
	Problem string // what is wrong and what would be right
}

func (e *InvalidError) Error() string { return fmt.Sprintf("store: %s: %s", e.What, e.Problem) }

// Is reports whether target is ErrInvalid.
func (e *InvalidError) Is(target error) bool { return target == ErrInvalid }

// As returns the first store in the chain of s that is a T. A wrapper joins the chain with a method Unwrap() Store.
// This is how an optional interface of a store is found.
func As[T any](s Store) (T, bool) {
	for s != nil {
		if t, ok := s.(T); ok {
			return t, true
		}
		w, ok := s.(interface{ Unwrap() Store })
		if !ok {
			break
		}
		s = w.Unwrap()
	}
	var none T
	return none, false
}
