package desk_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
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
	"github.com/frontdesk-go/frontdesk/storetest"
)

// Everybody is full and 10,000 chats wait: a minute of a running Desk asks the store for due work, and for nothing else.
func TestB11_NothingIsAskedWhileNothingChanges(t *testing.T) {
	waiting := 10_000
	if testing.Short() {
		waiting = 1_000
	}
	synctest.Test(t, func(t *testing.T) {
		s := failing(stores.Memory(t), storetest.Fault{})
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
		s.Inject(storetest.Fault{}) // counts anew
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.LessOrEqual(t, s.Calls(storetest.Jobs), 61, "the poll each second")
		assert.Equal(t, s.Calls(storetest.Jobs), s.Calls(""), "no loads, lists and commits")
		cancel()
		wg.Wait()
	})
}

const pollEvery = time.Second

func TestB11_OnePollAtRest(t *testing.T) {
	stores.Each(t, func(t *testing.T, inner store.Store) {
		s := failing(inner, storetest.Fault{})
		w := newWorld(t, s)
		w.slots(1)
		w.signIn(w.jane, w.joe)
		ids := w.queue(12, "c")
		assert.Equal(t, 10, len(slices.DeleteFunc(w.holders(ids...), func(a string) bool { return a != "" })))
		s.Inject(storetest.Fault{}) // counts anew
		w.clock.Advance(time.Minute)
		w.run()
		assert.Equal(t, 1, s.Calls(""), "the poll alone")
		assert.Equal(t, 1, s.Calls(storetest.Jobs))
		w.hears("dora", "One more") // nobody can take it: the round looks at the agents and at no conversation
		s.Inject(storetest.Fault{})
		w.run()
		assert.LessOrEqual(t, s.Calls("")-s.Calls(storetest.Jobs), 17, "a round that finds everybody busy, the feed, and whom it tells")
	})
}
