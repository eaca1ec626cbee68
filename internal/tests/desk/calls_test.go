package desk_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/store"
)

// counted is a store that counts the calls that reach the database.
type counted struct {
	store.Store
	calls   atomic.Int64
	commits atomic.Int64
}

func (s *counted) Load(ctx context.Context, tenant string, keys []store.Key, counters []string) (*store.Rows, error) {
	s.calls.Add(1)
	return s.Store.Load(ctx, tenant, keys, counters)
}

func (s *counted) List(ctx context.Context, q store.Query) (*store.Page, error) {
	s.calls.Add(1)
	return s.Store.List(ctx, q)
}

func (s *counted) Jobs(ctx context.Context, q store.JobQuery) ([]store.Lease, error) {
	s.calls.Add(1)
	return s.Store.Jobs(ctx, q)
}

func (s *counted) Commit(ctx context.Context, b *store.Batch) error {
	s.calls.Add(1)
	s.commits.Add(1)
	return s.Store.Commit(ctx, b)
}

func TestB5_CallsUntilTheProviderIsAnswered(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		s := &counted{Store: w.store}
		d := w.open(func(c *frontdesk.Config) { c.Store = s })
		calls := func(who, text string) int64 {
			req := w.provider.Request(w.says(who, text))
			before := s.calls.Load()
			require.Equal(t, http.StatusOK, serve(d, req))
			return s.calls.Load() - before
		}
		calls("ann", "The first one fills the caches")
		assert.LessOrEqual(t, calls("ann", "A known contact"), int64(2))
		assert.LessOrEqual(t, calls("bob", "A new contact"), int64(2))
		many := w.says("ann", "many")
		req := w.provider.Request(w.says("ann", "1"), w.says("ann", "2"), w.says("ann", "3"), many)
		before := s.calls.Load()
		require.Equal(t, http.StatusOK, serve(d, req))
		assert.LessOrEqual(t, s.calls.Load()-before, int64(2), "several of one conversation go in one batch")
		before = s.calls.Load()
		require.Equal(t, http.StatusOK, serve(d, w.provider.Request(many)))
		assert.LessOrEqual(t, s.calls.Load()-before, int64(1), "a redelivery only looks")
	})
}

func TestB5_CallsOfAnAgent(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		s := &counted{Store: w.store}
		me := w.open(func(c *frontdesk.Config) { c.Store = s }).As(frontdesk.Actor{Tenant: tenant, Agent: "jd"})
		reply := func() {
			_, err := me.Reply(ctx, c.ID, frontdesk.Draft{Text: "Yes"})
			require.NoError(t, err)
		}
		reply()
		before := s.calls.Load()
		reply()
		assert.LessOrEqual(t, s.calls.Load()-before, int64(4), "conversation, contact, thread, commit")
		_, err := me.Counts(ctx)
		require.NoError(t, err)
		before = s.calls.Load()
		_, err = me.Counts(ctx)
		require.NoError(t, err)
		assert.LessOrEqual(t, s.calls.Load()-before, int64(2), "rights, and all tabs in one call")
	})
}
