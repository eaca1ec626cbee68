package memstore_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/store"
	"github.com/frontdesk-go/frontdesk/store/memstore"
	"github.com/frontdesk-go/frontdesk/storetest"
)

var now = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)

func TestSuite(t *testing.T) {
	storetest.Run(t, storetest.Config{
		New: func(*testing.T) store.Store { return memstore.New() },
		// Every handle on a memory store is the store itself.
		Reopen: func(_ *testing.T, s store.Store) store.Store { return s },
		Skip:   map[string]string{},
	})
}

// wrapper is what a host puts around a store, for tracing say.
type wrapper struct{ store.Store }

func (w wrapper) Unwrap() store.Store { return w.Store }

func (w wrapper) Commit(ctx context.Context, b *store.Batch) error {
	if err := w.Store.Commit(ctx, b); err != nil {
		return fmt.Errorf("commit for %s: %w", b.Tenant, err)
	}
	return nil
}

func TestSuiteBehindAWrapper(t *testing.T) {
	storetest.Run(t, storetest.Config{New: func(*testing.T) store.Store {
		s := wrapper{memstore.New()}
		_, ok := store.As[*memstore.Store](s)
		require.True(t, ok)
		return s
	}})
}

// commit writes a document of its own together with what a test adds.
func commit(t testing.TB, s store.Store, id string, add func(*store.Batch)) {
	t.Helper()
	b := store.NewBatch("acme", now)
	row := store.Row{Key: store.Key{Kind: store.Document, ID: id}}
	b.ReadRow(row)
	b.Put(row)
	add(b)
	require.NoError(t, b.Seal())
	require.NoError(t, s.Commit(t.Context(), b))
}

func jobs(t testing.TB, s store.Store, q store.JobQuery) []store.Lease {
	t.Helper()
	q.Until = q.Now.Add(time.Minute)
	leases, err := s.Jobs(t.Context(), q)
	require.NoError(t, err)
	return leases
}

func TestJobQueriesThatAskForNothing(t *testing.T) {
	good := store.JobQuery{Now: now, Until: now.Add(time.Minute), Token: "t", Limit: 1, PerTenant: 1, PerGroup: 1}
	for name, tt := range map[string]struct {
		spoil   func(*store.JobQuery)
		problem string
	}{
		"no groups":            {func(q *store.JobQuery) { q.Limit = 0 }, "at least 1"},
		"no groups of any":     {func(q *store.JobQuery) { q.PerTenant = -1 }, "at least 1"},
		"no jobs":              {func(q *store.JobQuery) { q.PerGroup = 0 }, "at least 1"},
		"no token":             {func(q *store.JobQuery) { q.Token = "" }, "token"},
		"group without tenant": {func(q *store.JobQuery) { q.Group = "g" }, "tenant"},
	} {
		t.Run(name, func(t *testing.T) {
			q := good
			tt.spoil(&q)
			_, err := memstore.New().Jobs(t.Context(), q)
			var invalid *store.InvalidError
			require.ErrorAs(t, err, &invalid)
			assert.Contains(t, invalid.Problem, tt.problem)
		})
	}
	_, err := memstore.New().Jobs(t.Context(), good)
	assert.NoError(t, err)
}

func TestRangeByAnUnknownDimension(t *testing.T) {
	_, err := memstore.New().List(t.Context(), store.Query{Tenant: "acme", Kind: store.Conversation, Ranges: []store.Range{{Shelf: "open", By: 9}}})
	assert.ErrorIs(t, err, store.ErrUnsupported)
}

// A group that always has work must not keep those behind it from being leased.
func TestGroupsTakeTurns(t *testing.T) {
	s := memstore.New()
	commit(t, s, "first", func(b *store.Batch) {
		for _, g := range []string{"a", "b", "c"} {
			b.Enqueue(store.Job{ID: g, Group: g}, store.Job{ID: g + "2", Group: g})
		}
	})
	var got []string
	for i := range 6 {
		token := fmt.Sprint(i)
		leases := jobs(t, s, store.JobQuery{Now: now, Token: token, Limit: 1, PerTenant: 1, PerGroup: 1})
		require.Len(t, leases, 1)
		group := leases[0].Group
		got = append(got, group)
		commit(t, s, "turn"+token, func(b *store.Batch) { b.Enqueue(store.Job{ID: "more" + token, Group: group}) })
		commit(t, s, "end"+token, func(b *store.Batch) { b.Done(store.Finish{Group: group, Token: token}) })
	}
	assert.Equal(t, []string{"a", "b", "c", "a", "b", "c"}, got)
}

func TestFinishAndQueueOfOneIDInABatch(t *testing.T) {
	s := memstore.New()
	commit(t, s, "first", func(b *store.Batch) { b.Enqueue(store.Job{ID: "j", Group: "g", Body: []byte("old")}) })
	commit(t, s, "again", func(b *store.Batch) {
		b.Done(store.Finish{Group: "g", Token: "none", Jobs: []string{"j"}})
		b.Enqueue(store.Job{ID: "j", Group: "g", Body: []byte("new")})
	})
	leases := jobs(t, s, store.JobQuery{Now: now, Token: "t", Limit: 1, PerTenant: 1, PerGroup: 9})
	require.Len(t, leases, 1)
	require.Len(t, leases[0].Jobs, 1)
	assert.Equal(t, "new", string(leases[0].Jobs[0].Body))
}

func TestFinishDropsJobsByTheirID(t *testing.T) {
	s := memstore.New()
	commit(t, s, "first", func(b *store.Batch) {
		b.Enqueue(store.Job{ID: "j", Group: "g"}, store.Job{ID: "k", Group: "h"}, store.Job{ID: "l", Group: "h"})
	})
	commit(t, s, "second", func(b *store.Batch) { b.Done(store.Finish{Group: "g", Token: "none", Jobs: []string{"j", "k"}}) })
	leases := jobs(t, s, store.JobQuery{Now: now, Token: "t", Limit: 9, PerTenant: 9, PerGroup: 9})
	require.Len(t, leases, 1)
	require.Len(t, leases[0].Jobs, 1)
	assert.Equal(t, "l", leases[0].Jobs[0].ID)
}
