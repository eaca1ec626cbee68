package desk_test

import (
	"context"
	"errors"
	"strconv"
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

// polled connects an account that is asked for news.
func (w *world) polled(every time.Duration) frontdesk.Channel {
	return w.channel(frontdesk.Channel{Account: "polled", Mailbox: "berlin", PollEvery: every})
}

// batch makes a poll find messages.
func (w *world) batch(who string, texts ...string) {
	var items []channel.Item
	for _, text := range texts {
		item := w.says(who, text)
		item.Account = "polled"
		items = append(items, item)
	}
	w.provider.AddBatch("polled", items...)
}

func TestPollTakesInWhatCameAndGoesOnFromThere(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.polled(time.Minute)
		w.batch("ann", "1", "2")
		w.batch("bob", "3")
		w.run()
		assert.Equal(t, 2, w.current("ann").Messages)
		assert.Equal(t, 1, w.current("bob").Messages)
		w.batch("ann", "4")
		w.run()
		assert.Equal(t, 2, w.current("ann").Messages, "not before its time")
		w.clock.Advance(time.Minute)
		w.run()
		assert.Equal(t, 3, w.current("ann").Messages)
		w.provider.Fail("polled", loopback.Poll, errors.New("the provider is away"))
		w.batch("ann", "5")
		w.clock.Advance(time.Minute)
		w.run()
		assert.Equal(t, 3, w.current("ann").Messages)
		w.clock.Advance(time.Minute)
		w.run()
		assert.Equal(t, 4, w.current("ann").Messages, "nothing is lost by a failed poll")
		assert.Equal(t, 5, w.count(conversation.EventReceived))
	})
}

// The store fails at the k-th call of a poll: the cursor never passes what is not in.
func TestPollCursorMovesOnlyWithTheItems(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		w.polled(time.Minute)
		w.run()
		for k := 1; ; k++ {
			who := "ann" + strconv.Itoa(k)
			w.batch(who, "1", "2")
			w.batch(who, "3")
			w.clock.Advance(time.Minute)
			s := &mortal{Store: w.store, kill: k}
			w.run2(func(c *frontdesk.Config) { c.Store = s })
			w.clock.Advance(afterLease)
			w.run()
			require.Equal(t, 3, w.current(who).Messages, "killed at commit %d", k)
			if !s.dead {
				break
			}
		}
	})
}

// An item that cannot be decided is kept for a person and blocks nothing behind it.
func TestPollPoison(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.polled(time.Minute)
		bad := w.says("eve", "x")
		bad.Account, bad.Message.From[0].Name = "polled", "bad"
		bad.Thread = "eve"
		bad.Message.Attachments = make([]conversation.Attachment, 200000) // more than a row holds
		for i := range bad.Message.Attachments {
			bad.Message.Attachments[i].URL = "https://files.example.com/0123456789"
		}
		good := w.says("ann", "before")
		good.Account = "polled"
		w.provider.AddBatch("polled", good, bad)
		w.batch("bob", "behind")
		w.run()
		assert.Equal(t, 1, w.current("ann").Messages)
		assert.Equal(t, 1, w.current("bob").Messages)
		page, err := w.setup.Deliveries(ctx, "", 10)
		require.NoError(t, err)
		require.Len(t, page.Items, 1)
		assert.NotEmpty(t, page.Items[0].Reason)
		w.batch("bob", "later")
		w.clock.Advance(time.Minute)
		w.run()
		assert.Equal(t, 2, w.current("bob").Messages)
		assert.Error(t, w.setup.Replay(ctx, page.Items[0].ID), "it is no better")
		page, err = w.setup.Deliveries(ctx, "", 10)
		require.NoError(t, err)
		assert.Len(t, page.Items, 1, "and stays")
	})
}

// Settings change while polls are queued, in another process too: one chain of polls goes on, no more and no less.
func TestPollSettingsChange(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		set := frontdesk.Channel{Account: "polled", Mailbox: "berlin", PollEvery: time.Hour}
		w.channel(set)
		worker := w.open()
		require.NoError(t, worker.RunDue(ctx)) // it has the settings in its cache now
		jobs := func() int {
			group, far := "poll/"+w.channelID("polled"), w.clock.Now().Add(100*time.Hour)
			leases, err := w.store.Jobs(ctx, store.JobQuery{Now: far, Until: far.Add(time.Hour), Token: "look",
				Tenant: tenant, Group: group, Limit: 1, PerTenant: 1, PerGroup: 100})
			require.NoError(t, err)
			if len(leases) == 0 {
				return 0
			}
			b := store.NewBatch(tenant, w.clock.Now())
			b.Done(store.Finish{Group: group, Token: "look"})
			require.NoError(t, b.Seal())
			require.NoError(t, w.store.Commit(ctx, b))
			return len(leases[0].Jobs)
		}
		for _, every := range []time.Duration{time.Minute, time.Hour, time.Minute} {
			set.PollEvery = every
			w.channel(set)
			require.NoError(t, worker.RunDue(ctx))
		}
		w.clock.Advance(2 * time.Hour) // all that were queued are due together
		w.batch("ann", "1")
		require.NoError(t, worker.RunDue(ctx))
		assert.Equal(t, 1, w.current("ann").Messages)
		assert.Equal(t, 1, jobs(), "one poll is queued")
		w.batch("ann", "2")
		w.clock.Advance(time.Minute)
		require.NoError(t, worker.RunDue(ctx))
		assert.Equal(t, 2, w.current("ann").Messages)
		set.PollEvery = -1
		w.channel(set)
		w.clock.Advance(2 * time.Hour)
		require.NoError(t, worker.RunDue(ctx))
		assert.Equal(t, 0, jobs(), "never is never")
		set.PollEvery = time.Minute
		w.channel(set)
		w.batch("ann", "3")
		require.NoError(t, worker.RunDue(ctx))
		assert.Equal(t, 3, w.current("ann").Messages)
	})
}

func (w *world) channelID(account string) string {
	w.t.Helper()
	all, err := w.setup.Channels(ctx, "")
	require.NoError(w.t, err)
	for _, ch := range all {
		if ch.Account == account {
			return ch.ID
		}
	}
	return ""
}

func TestPollerThatPanics(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		w.polled(time.Minute)
		d := w.open(with(func(c channel.Conn) channel.Conn { return sick{bare{c}} }))
		require.NoError(t, d.RunDue(ctx))
		w.batch("ann", "1")
		w.clock.Advance(time.Minute)
		w.run()
		assert.Equal(t, 1, w.current("ann").Messages, "it is polled again at its time")
	})
}

type sick struct{ bare }

func (sick) Poll(context.Context, string) (channel.Polled, error) { panic("cannot poll") }

// Run with a clock that only the test moves on: nothing sleeps for real.
func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, stores.Memory(t), func(c *frontdesk.Config) { c.Now = time.Now })
		w.polled(time.Minute)
		begun, cancel := context.WithCancel(ctx)
		done := make(chan error)
		go func() { done <- w.desk.Run(begun) }()

		w.provider.Next("shop", loopback.Outcome{Err: &channel.Error{Class: channel.Retry}}, loopback.Outcome{Err: &channel.Error{Class: channel.Retry}})
		m, err := w.jane.Compose(ctx, frontdesk.Start{Mailbox: "berlin", Address: "ann", Draft: frontdesk.Draft{Text: "Hi"}})
		require.NoError(t, err)
		start := time.Now()
		synctest.Wait()
		assert.Len(t, w.texts(), 1, "what this process queues is done at once")
		assert.Equal(t, start, time.Now())
		for i, n := range []int{2, 3} {
			time.Sleep(ladder[i] - 2*time.Second)
			synctest.Wait()
			assert.Len(t, w.texts(), n-1)
			time.Sleep(3 * time.Second) // the poll for work comes each second
			synctest.Wait()
			assert.Len(t, w.texts(), n)
		}
		assert.Equal(t, conversation.Sent, w.message(m.ID).Delivery)

		item := w.says("bob", "polled")
		item.Account, item.At = "polled", time.Now()
		w.provider.AddBatch("polled", item)
		time.Sleep(time.Minute + time.Second)
		synctest.Wait()
		assert.Equal(t, 1, w.current("bob").Messages)

		// Another process queues: the poll each second is the net.
		_, err = w.open(func(c *frontdesk.Config) { c.Now = time.Now }).As(frontdesk.Actor{Tenant: tenant, Agent: "jd"}).
			Reply(ctx, m.Conversation, frontdesk.Draft{Text: "From elsewhere"})
		require.NoError(t, err)
		time.Sleep(time.Second)
		synctest.Wait()
		assert.Len(t, w.texts(), 4)

		cancel()
		require.NoError(t, <-done, "nil after the context has ended")
		synctest.Wait() // the bubble fails the test if a goroutine is left
	})
}

// The program is told to end while a call is on its way: the answer is waited for and noted, and nothing is left in doubt.
func TestRunEndsInTheMiddleOfASend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, stores.Memory(t), func(c *frontdesk.Config) { c.Now = time.Now })
		c := w.hears("ann", "Hi")
		begun, answer := make(chan struct{}), make(chan struct{})
		w.provider.Next("shop", loopback.Outcome{Begun: begun, Wait: answer})
		first, second := w.replies(c.ID, "1"), w.replies(c.ID, "2")
		running, cancel := context.WithCancel(ctx)
		done := make(chan error)
		go func() { done <- w.desk.Run(running) }()
		<-begun
		cancel()
		synctest.Wait()
		close(answer)
		require.NoError(t, <-done)
		assert.Equal(t, conversation.Sent, w.message(first.ID).Delivery)
		assert.Equal(t, conversation.Queued, w.message(second.ID).Delivery)
		require.NoError(t, w.open(func(c *frontdesk.Config) { c.Now = time.Now }).RunDue(ctx))
		assert.Equal(t, conversation.Sent, w.message(second.ID).Delivery, "another process goes on at once")
		assert.Equal(t, []string{"1", "2"}, w.texts())
	})
}

func TestRunAndABlockedProvider(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, stores.Memory(t), func(c *frontdesk.Config) { c.Now = time.Now })
		ann, bob := w.hears("ann", "Hi"), w.hears("bob", "Hi")
		w.provider.Next("shop", loopback.Outcome{Wait: make(chan struct{})}) // it never answers
		m := w.replies(ann.ID, "1")
		running, cancel := context.WithCancel(ctx)
		done := make(chan error)
		go func() { done <- w.desk.Run(running) }()
		synctest.Wait()
		other := w.replies(bob.ID, "2")
		synctest.Wait()
		assert.Equal(t, conversation.Sent, w.message(other.ID).Delivery, "one thread does not wait for another")
		time.Sleep(31 * time.Second)
		synctest.Wait()
		assert.Equal(t, conversation.Unknown, w.message(m.ID).Delivery)
		cancel()
		require.NoError(t, <-done)
	})
}

func TestRunRefusesABoundDesk(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		bound := w.desk.In(w.store)
		assert.Error(t, bound.Run(ctx))
		assert.Error(t, bound.RunDue(ctx))
		assert.Equal(t, 503, serve(bound, w.provider.Request(w.says("ann", "Hi"))))
	})
}

func TestS17_KeptPollLosesNoNews(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		w.polled(time.Minute)
		on := func(i channel.Item) channel.Item { i.Account = "polled"; return i }
		hi := on(w.says("ann", "Hi"))
		w.takes(hi, on(w.says("bob", "Hi")))
		_, err := w.setup.Block(ctx, w.current("bob").Contacts[0])
		require.NoError(t, err)
		for i := range 200 {
			account := "more" + strconv.Itoa(i+1)
			w.channel(frontdesk.Channel{Account: account, Mailbox: "berlin"})
			w.takes(channel.Item{Account: account, Consent: &channel.Consent{From: hi.Message.From[0]}})
		}
		refused := on(w.says("bob", "nonsense"))
		w.takes(refused)
		taken := channel.Item{Account: "polled", Thread: "bob", At: w.clock.Now(), Unsend: &channel.Unsend{ID: refused.Message.ID}}
		yes := channel.Item{Account: "polled", Thread: "ann", At: w.clock.Now(), Consent: &channel.Consent{From: hi.Message.From[0]}}
		w.provider.AddBatch("polled", taken, yes)
		w.clock.Advance(2 * time.Minute)
		w.run()
		require.Len(t, w.kept(), 1)
		assert.Contains(t, string(w.kept()[0].Body), `"Consent":{`, "what could not be decided is kept: %s", w.kept()[0].Reason)

		// Of as many words a no is heard all the same.
		no := yes
		no.Consent = &channel.Consent{From: hi.Message.From[0], OptedOut: true}
		w.takes(no)
		ann := w.current("ann")
		_, err = w.jane.Reply(ctx, ann.ID, frontdesk.Draft{Text: "Hello"})
		require.ErrorIs(t, err, frontdesk.ErrOptedOut)
	})
}
