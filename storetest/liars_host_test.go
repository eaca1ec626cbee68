package storetest

import (
	"context"
	"errors"
	"sync"

	"github.com/frontdesk-go/frontdesk/store"
	"github.com/frontdesk-go/frontdesk/store/memstore"
)

// journal is a memory store that remembers its batches, so that a copy of it can be made: that is all a host's transaction needs here.
type journal struct {
	store.Store
	mu      sync.Mutex
	batches []*store.Batch
	between crossing // where liars on handles of it meet
}

func newJournal() *journal { return &journal{Store: memstore.New()} }

func (j *journal) Commit(ctx context.Context, b *store.Batch) error {
	err := j.Store.Commit(ctx, b)
	if err == nil {
		kept := &store.Batch{Tenant: b.Tenant, Shard: b.Shard, Adds: b.Adds, Queue: b.Queue, Finish: b.Finish}
		for _, w := range b.Writes {
			w.Row = w.Row.Clone()
			kept.Writes = append(kept.Writes, w)
		}
		j.mu.Lock()
		j.batches = append(j.batches, kept)
		j.mu.Unlock()
	}
	return err
}

func (j *journal) copy() *journal {
	other := newJournal()
	for _, b := range j.batches {
		_ = other.Store.Commit(context.Background(), b)
	}
	return other
}

// inner finds the journal behind liars.
func inner(s store.Store) *journal {
	j, _ := store.As[*journal](s)
	return j
}

// beginTx binds a copy. Committing writes what was written to the copy.
func beginTx(s store.Store) (store.Store, func() error, func() error) {
	bound := inner(s).copy()
	commit := func() error {
		for _, b := range bound.batches {
			if err := s.Commit(context.Background(), b); err != nil {
				return err
			}
		}
		return nil
	}
	return bound, commit, func() error { return nil }
}

var hostLies = []lie{
	{name: "commits what the host has not", rule: 43, found: "Tx/NothingBeforeCommit", tx: unbound},
	{name: "keeps what the host rolled back", rule: 43, found: "Tx/RollbackLeavesNothing", tx: unbound},
	{name: "loses the transaction on a conflict", rule: 44, found: "Tx/UsableAfterConflict", tx: func(s store.Store) (store.Store, func() error, func() error) {
		bound, commit, rollback := beginTx(s)
		lost := false
		l := &liar{Store: bound, commit: func(ctx context.Context, b *store.Batch) error {
			if lost {
				return store.ErrTxLost
			}
			err := bound.Commit(ctx, b)
			lost = errors.Is(err, store.ErrConflict)
			return err
		}}
		return l, commit, rollback
	}},
	{name: "rolls the host back on a conflict", rule: 44, found: "Tx/UsableAfterConflict", tx: func(s store.Store) (store.Store, func() error, func() error) {
		bound, commit, rollback := beginTx(s)
		l := &liar{Store: bound}
		l.commit = func(ctx context.Context, b *store.Batch) error {
			err := l.Store.Commit(ctx, b)
			if errors.Is(err, store.ErrConflict) {
				l.Store, commit, rollback = beginTx(s)
			}
			return err
		}
		return l, func() error { return commit() }, func() error { return rollback() }
	}},
	{name: "reads from outside the transaction", rule: 20, found: "Tx/SeesItsOwnWrites", tx: func(s store.Store) (store.Store, func() error, func() error) {
		bound, commit, rollback := beginTx(s)
		return &liar{Store: bound, load: s.Load, list: s.List}, commit, rollback
	}},
	{name: "shows another process an old copy", rule: 20, found: "Commit/SeenByOthers", reopen: func(s store.Store) store.Store { return inner(s).copy() }},
}

// unbound is a transaction that is none.
func unbound(s store.Store) (store.Store, func() error, func() error) {
	return s, func() error { return nil }, func() error { return nil }
}
