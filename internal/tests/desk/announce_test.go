package desk_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
	"github.com/frontdesk-go/frontdesk/store"
	"github.com/frontdesk-go/frontdesk/store/sqlstore"
)

// hearing is a store whose polls find nothing unless something was heard since the last one: the net under the announcements is taken away.
type hearing struct {
	store.Store
	heard atomic.Int64
	any   atomic.Bool
}

func (h *hearing) Listen(ctx context.Context, heard func()) error {
	return h.Store.(store.Listener).Listen(ctx, func() {
		h.any.Store(true)
		h.heard.Add(1)
		heard()
	})
}

func (h *hearing) Jobs(ctx context.Context, q store.JobQuery) ([]store.Lease, error) {
	if !h.any.Swap(false) {
		return nil, nil
	}
	return h.Store.Jobs(ctx, q)
}

// Two processes on one PostgreSQL: what one commits the other does without a poll, also after its listening connection was cut.
func TestAnnouncedWorkNeedsNoPoll(t *testing.T) {
	prefix := fmt.Sprintf("t%d_", time.Now().UnixNano()) // announcements go by it
	o := stores.WithPostgreSQL(t, sqlstore.Options{Prefix: prefix, Await: stores.Await})
	w := newWorld(t, o) // runs nothing
	id := w.hears("ann", "Hello").ID
	w.run()

	h := &hearing{Store: o.Again(t).SQL}
	other := w.open(func(cfg *frontdesk.Config) { cfg.Store = h })
	running, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	all.Go(func() { assert.NoError(t, other.Run(running)) })
	defer all.Wait()
	defer cancel()
	hears := func(more int64) {
		t.Helper()
		require.Eventually(t, func() bool { return h.heard.Load() >= more }, time.Minute, time.Millisecond)
	}
	sends := func(text string) {
		t.Helper()
		sent := len(w.provider.Sent("shop"))
		began := time.Now()
		_, err := w.jane.Reply(ctx, id, frontdesk.Draft{Text: text})
		require.NoError(t, err)
		require.Eventually(t, func() bool { return len(w.provider.Sent("shop")) > sent }, time.Minute, time.Millisecond)
		t.Logf("the other process sent it after %s", time.Since(began).Round(time.Millisecond))
	}
	hears(1)
	for i := range 3 {
		sends(fmt.Sprint("answer ", i))
	}

	before := h.heard.Load()
	var cut int
	require.NoError(t, o.DB.QueryRow(`select count(pg_terminate_backend(pid)) from pg_stat_activity
		where datname = current_database() and query like 'listen ' || $1 || '%'`, prefix).Scan(&cut))
	require.Equal(t, 1, cut)
	hears(before + 1) // when it listens again
	sends("after the cut")
	assert.Equal(t, []string{"answer 0", "answer 1", "answer 2", "after the cut"}, texts(w.timeline(id))[1:])
}

func texts(entries []conversation.Message) (all []string) {
	for _, e := range entries {
		if e.Text != "" {
			all = append(all, e.Text)
		}
	}
	return all
}
