package desk_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// at once calls do n times at the same time, by at most 64 callers.
func atOnce(n int, do func(i int)) {
	var wg sync.WaitGroup
	start, places := make(chan struct{}), make(chan struct{}, 64)
	for i := range n {
		wg.Go(func() {
			<-start
			places <- struct{}{}
			defer func() { <-places }()
			do(i)
		})
	}
	close(start)
	wg.Wait()
}

// delivered serves a delivery until it is taken, as a provider does, and returns how often it was told to come again.
func (w *world) redelivered(d *frontdesk.Desk, req *channel.Request) (again int, code int) {
	for {
		copied := *req
		code = serve(d, &copied)
		if code != http.StatusServiceUnavailable || again > 100 {
			return again, code
		}
		again++
	}
}

func TestX4_RedeliveriesMakeOneMessage(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		other := w.open()
		req := w.provider.Request(w.says("ann", "Once"))
		codes := make([]int, 1000)
		atOnce(len(codes), func(i int) {
			d := w.desk
			if i%2 == 1 {
				d = other
			}
			_, codes[i] = w.redelivered(d, req)
		})
		for _, code := range codes {
			require.Equal(t, http.StatusOK, code)
		}
		c := w.current("ann")
		assert.Equal(t, 1, c.Messages)
		assert.Len(t, w.timeline(c.ID), 1)
		assert.Equal(t, int64(1), w.unread(w.jane))
		assert.Equal(t, 1, w.count(conversation.EventReceived))
		assert.Equal(t, 1, w.count(conversation.EventCreated))
		assert.Equal(t, 1, w.count(conversation.EventContact))
	})
}

// Messages of many customers come again and again, shuffled, to two processes: each is stored once, counted once and told once.
func TestX4_ShuffledDeliveries(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const times, customers, callers = 10, 40, 32
		r, events := seeded(t), size(60, 100, 1000)
		want := map[string][]string{}
		var reqs []*channel.Request
		for i := range events {
			who := fmt.Sprintf("c%02d", i%customers)
			m := w.says(who, fmt.Sprintf("m%d", i))
			want[who] = append(want[who], m.Message.ID)
			for range times {
				reqs = append(reqs, w.provider.Request(m))
			}
		}
		r.Shuffle(len(reqs), func(i, j int) { reqs[i], reqs[j] = reqs[j], reqs[i] })
		desks := []*frontdesk.Desk{w.desk, w.open()}
		next := make(chan *channel.Request)
		var wg sync.WaitGroup
		for i := range callers {
			wg.Go(func() {
				for req := range next {
					_, code := w.redelivered(desks[i%2], req)
					assert.Equal(t, http.StatusOK, code)
				}
			})
		}
		for _, req := range reqs {
			next <- req
		}
		close(next)
		wg.Wait()

		list := w.list(w.setup, frontdesk.Query{View: frontdesk.AllView, Limit: 1000})
		require.Len(t, list, customers)
		for _, c := range list {
			var got []string
			entries := w.timeline(c.ID)
			for _, m := range entries {
				got = append(got, m.ProviderID)
			}
			require.ElementsMatch(t, want[c.Threads[0].Key], got)
			require.Equal(t, len(got), c.Messages)
			require.Equal(t, entries[len(entries)-1].Text, c.Preview)
		}
		assert.Equal(t, int64(customers), w.unread(w.jane))
		told := map[string]int{}
		for _, e := range w.feed() {
			told[e.Type]++
		}
		assert.Equal(t, events, told[conversation.EventReceived])
		assert.Equal(t, customers, told[conversation.EventCreated])
		assert.Equal(t, customers, told[conversation.EventContact])
	})
}

// feed returns all events of the tenant, of whatever number, after everything due was done.
func (w *world) feed() (all []frontdesk.Event) {
	w.t.Helper()
	w.run()
	for {
		events, err := w.desk.Events(ctx, tenant, int64(len(all)), 1000)
		require.NoError(w.t, err)
		for i, e := range events {
			require.Equal(w.t, int64(len(all)+i+1), e.Position, "positions have no gaps")
		}
		if all = append(all, events...); len(events) < 1000 {
			return all
		}
	}
}

// FRONTDESK_FULL makes it 200 contacts.
func TestX6_FirstMessagesOfOneContact(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const burst = 8
		contacts := size(20, 35, 200)
		other := w.open()
		var wg sync.WaitGroup
		limit := make(chan struct{}, 8) // contacts at the same time
		for n := range contacts {
			reqs := make([]*channel.Request, burst)
			for i := range reqs {
				reqs[i] = w.provider.Request(w.says(fmt.Sprintf("c%d", n), fmt.Sprintf("m%d", i)))
			}
			limit <- struct{}{}
			wg.Go(func() {
				defer func() { <-limit }()
				atOnce(burst, func(i int) {
					d := w.desk
					if i%2 == 1 {
						d = other
					}
					_, code := w.redelivered(d, reqs[i])
					assert.Equal(t, http.StatusOK, code)
				})
			})
		}
		wg.Wait()
		page, err := w.setup.Conversations(ctx, frontdesk.Query{View: frontdesk.AllView, Limit: 1000})
		require.NoError(t, err)
		require.Len(t, page.Items, contacts, "one conversation each")
		numbers := map[int64]bool{}
		for _, c := range page.Items {
			numbers[c.Number] = true
			require.Equal(t, burst, c.Messages)
			require.Len(t, c.Contacts, 1)
			entries := w.timeline(c.ID)
			require.Len(t, entries, burst)
			for i, m := range entries {
				require.Equal(t, int64(i+1), m.Sequence, "no gaps")
			}
			require.Equal(t, entries[burst-1].Text, c.Preview, "the newest by sequence")
		}
		assert.Len(t, numbers, contacts, "numbers are unique")
		assert.Equal(t, int64(contacts), w.unread(w.jane))
	})
}

// A thread whose lock is the one that reserving numbers would want: it must not wait for itself.
func TestC2_NumberIsReservedUnderAnyLock(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		who, want := "", store.Shard(tenant+"/numbers")
		for i := 0; store.Shard(tenant+"/thread/"+w.chat.ID+"/"+who) != want; i++ {
			who = fmt.Sprintf("caller-%d", i)
		}
		d, req := w.open(), w.provider.Request(w.says(who, "Hi"))
		done := make(chan int)
		go func() { done <- serve(d, req) }()
		select {
		case code := <-done:
			assert.Equal(t, http.StatusOK, code)
		case <-time.After(10 * time.Second):
			require.FailNow(t, "the delivery waits for itself")
		}
	})
}

func TestC2_NumbersAreUnique(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		desks := []*frontdesk.Desk{w.desk, w.open(), w.open()}
		var mu sync.Mutex
		numbers := map[int64]bool{}
		atOnce(300, func(i int) {
			s := desks[i%len(desks)].As(frontdesk.System(tenant))
			m, err := s.Compose(ctx, frontdesk.Start{Mailbox: "berlin", Draft: frontdesk.Draft{Text: "note"}})
			if !assert.NoError(t, err) {
				return
			}
			c, err := s.Conversation(ctx, m.Conversation)
			assert.NoError(t, err)
			mu.Lock()
			defer mu.Unlock()
			assert.False(t, numbers[c.Number], "%d twice", c.Number)
			numbers[c.Number] = true
		})
		assert.Len(t, numbers, 300)
	})
}

// Somebody always was faster: after twenty tries the caller is told to try again, and nothing is half done.
func TestBusy(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		w.run()
		d := w.open(func(cfg *frontdesk.Config) { cfg.Store = contended{w.store} })
		w.untouched(c.ID, func() {
			_, err := d.As(frontdesk.Actor{Tenant: tenant, Agent: "jd"}).Reply(ctx, c.ID, frontdesk.Draft{Text: "x"})
			assert.ErrorIs(t, err, frontdesk.ErrBusy)
			assert.ErrorIs(t, err, store.ErrConflict)
			assert.False(t, frontdesk.Refused(err), "trying again is right")
			assert.Equal(t, http.StatusServiceUnavailable, serve(d, w.provider.Request(w.says("ann", "More"))))
		})
	})
}

// contended is a store on which everything conflicts.
type contended struct{ store.Store }

func (contended) Commit(context.Context, *store.Batch) error {
	return &store.ConflictError{Keys: []store.Key{{Kind: store.Conversation, ID: "x"}}}
}
