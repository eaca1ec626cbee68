package desk_test

import (
	"context"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
	"github.com/frontdesk-go/frontdesk/store"
)

// meddler is a store on which something happens right before the first pair is committed.
type meddler struct {
	store.Store
	once  sync.Once
	first func()
}

func (s *meddler) Commit(ctx context.Context, b *store.Batch) error {
	for _, w := range b.Writes {
		if w.Action == store.Put && w.Row.Place != nil && w.Row.Place.Shelf == "assigned" && s.first != nil {
			s.once.Do(s.first)
		}
	}
	return s.Store.Commit(ctx, b)
}

// What happens between the decision on a pair and its commit is found out, and something else is given out instead.
func TestX7_WhatHappensBeforeThePairIsCommitted(t *testing.T) {
	for name, tt := range map[string]struct {
		meddle func(w *world, other *frontdesk.Desk, waiting, taken string)
		want   string // who has the conversation then
		used   int    // by jane
	}{
		"nothing": {func(*world, *frontdesk.Desk, string, string) {}, "jd", 1},
		"the customer writes again": {func(w *world, other *frontdesk.Desk, _, _ string) {
			require.Equal(w.t, http.StatusOK, serve(other, w.provider.Request(w.says("ann", "Hello?"))))
		}, "jd", 1},
		"its agent signs out": {func(w *world, other *frontdesk.Desk, _, _ string) {
			require.NoError(w.t, other.As(frontdesk.Actor{Tenant: tenant, Agent: "jd"}).SignOut(ctx))
		}, "joe", 0},
		"its agent takes another": {func(w *world, other *frontdesk.Desk, _, taken string) {
			_, err := other.As(frontdesk.System(tenant)).Do(ctx, taken, frontdesk.Assign{Agent: "jd"})
			require.NoError(w.t, err)
		}, "joe", 1},
		"its agent loses the permission": {func(w *world, other *frontdesk.Desk, _, _ string) {
			require.NoError(w.t, other.As(frontdesk.System(tenant)).SaveAgent(ctx, frontdesk.Agent{ID: "jd", Mailboxes: []string{"munich"}}))
		}, "joe", 0},
		"the limit falls": {func(w *world, other *frontdesk.Desk, _, _ string) {
			require.NoError(w.t, other.As(frontdesk.System(tenant)).SaveMailbox(ctx, frontdesk.Mailbox{ID: "berlin", AssignOnFirst: true}))
		}, "", 0},
		"it is closed": {func(w *world, other *frontdesk.Desk, waiting, _ string) {
			_, err := other.As(frontdesk.System(tenant)).Do(ctx, waiting, frontdesk.Complete{})
			require.NoError(w.t, err)
		}, "", 0},
		"it is spam": {func(w *world, other *frontdesk.Desk, waiting, _ string) {
			_, err := other.As(frontdesk.System(tenant)).Do(ctx, waiting, frontdesk.Spam{})
			require.NoError(w.t, err)
		}, "", 0},
		"somebody takes it": {func(w *world, other *frontdesk.Desk, waiting, _ string) {
			_, err := other.As(frontdesk.System(tenant)).Do(ctx, waiting, frontdesk.Assign{Agent: "joe"})
			require.NoError(w.t, err)
		}, "joe", 0},
	} {
		t.Run(name, func(t *testing.T) {
			stores.Each(t, func(t *testing.T, inner store.Store) {
				s := &meddler{Store: inner}
				w := newWorld(t, s)
				w.slots(1)
				taken := w.hears("bob", "Hi")
				w.do(w.setup, taken.ID, frontdesk.Snooze{Until: w.clock.Now().AddDate(1, 0, 0)})
				waiting := w.hears("ann", "Hi")
				w.run()
				w.signIn(w.jane, w.joe)
				other := w.open(func(c *frontdesk.Config) { c.Store = inner })
				happened := false
				s.first = func() { happened = true; tt.meddle(w, other, waiting.ID, taken.ID) }
				assert.Equal(t, []string{tt.want}, w.holders(waiting.ID))
				assert.True(t, happened)
				assert.Equal(t, tt.used, w.presence("jd").Used)
			})
		})
	}
}
