package desk_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/loopback"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
	"github.com/frontdesk-go/frontdesk/store"
)

// polled is a store that counts the polls for jobs apart from all other calls.
type polled struct {
	store.Store
	polls, others atomic.Int64
}

func (s *polled) Load(ctx context.Context, tenant string, keys []store.Key, counters []string) (*store.Rows, error) {
	s.others.Add(1)
	return s.Store.Load(ctx, tenant, keys, counters)
}

func (s *polled) List(ctx context.Context, q store.Query) (*store.Page, error) {
	s.others.Add(1)
	return s.Store.List(ctx, q)
}

func (s *polled) Jobs(ctx context.Context, q store.JobQuery) ([]store.Lease, error) {
	s.polls.Add(1)
	return s.Store.Jobs(ctx, q)
}

func (s *polled) Commit(ctx context.Context, b *store.Batch) error {
	s.others.Add(1)
	return s.Store.Commit(ctx, b)
}

// Everybody is full and 10,000 chats wait: a minute of a running Desk asks the store for due work, and for nothing else.
func TestB11_NothingIsAskedWhileNothingChanges(t *testing.T) {
	waiting := 10_000
	if testing.Short() {
		waiting = 1_000
	}
	synctest.Test(t, func(t *testing.T) {
		s := &polled{Store: stores.Memory(t)}
		provider := loopback.New()
		d, err := frontdesk.New(frontdesk.Config{Store: s, Drivers: channel.Drivers{provider}, BaseURL: "https://desk.example.com"})
		require.NoError(t, err)
		setup := d.As(frontdesk.System(tenant))
		require.NoError(t, setup.SaveMailbox(ctx, frontdesk.Mailbox{ID: "berlin", Slots: 1, AssignOnFirst: true}))
		_, err = setup.AddChannel(ctx, frontdesk.Channel{Kind: "loopback", Account: "shop", Mailbox: "berlin", PollEvery: -1})
		require.NoError(t, err)
		const agents = 50
		for i := range agents {
			id := fmt.Sprintf("a%02d", i)
			require.NoError(t, setup.SaveAgent(ctx, frontdesk.Agent{ID: id, Mailboxes: []string{"berlin"}}))
			require.NoError(t, d.As(frontdesk.Actor{Tenant: tenant, Agent: id}).SignIn(ctx))
		}
		running, cancel := context.WithCancel(ctx)
		var wg sync.WaitGroup
		wg.Go(func() { assert.NoError(t, d.Run(running)) })
		for i := range waiting + agents {
			who := fmt.Sprintf("c%05d", i)
			require.Equal(t, 200, serve(d, provider.Request(channel.Item{Account: "shop", Thread: who, Message: &channel.Message{ID: who, Text: "Hi",
				From: []conversation.Identity{{Scope: "loopback", Address: who}}}})))
		}
		synctest.Wait()
		time.Sleep(2 * pollEvery)
		synctest.Wait()
		page, err := setup.Conversations(ctx, frontdesk.Query{View: frontdesk.AssignedView, Limit: 1000})
		require.NoError(t, err)
		require.Len(t, page.Items, agents)
		polls, others := s.polls.Load(), s.others.Load()
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.Zero(t, s.others.Load()-others, "loads, lists and commits")
		assert.LessOrEqual(t, s.polls.Load()-polls, int64(61), "the poll each second")
		cancel()
		wg.Wait()
	})
}

const pollEvery = time.Second

func TestB11_OnePollAtRest(t *testing.T) {
	stores.Each(t, func(t *testing.T, inner store.Store) {
		s := &polled{Store: inner}
		w := newWorld(t, s)
		w.slots(1)
		w.signIn(w.jane, w.joe)
		ids := w.queue(12, "c")
		assert.Equal(t, 10, len(slices.DeleteFunc(w.holders(ids...), func(a string) bool { return a != "" })))
		polls, others := s.polls.Load(), s.others.Load()
		w.clock.Advance(time.Minute)
		w.run()
		assert.Zero(t, s.others.Load()-others)
		assert.Equal(t, int64(1), s.polls.Load()-polls)
		w.hears("dora", "One more") // nobody can take it: the round looks at the agents and at no conversation
		others = s.others.Load()
		w.run()
		assert.LessOrEqual(t, s.others.Load()-others, int64(17), "a round that finds everybody busy, the feed, and whom it tells")
	})
}
