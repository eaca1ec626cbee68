package desk_test

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/loopback"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
	"github.com/frontdesk-go/frontdesk/storetest"
)

// afterLease is longer than any lease, whatever two clocks say.
const afterLease = 5 * time.Minute

// mortal is a store as one process sees it, until the process is killed at a commit: its goroutine ends there.
type mortal struct {
	store.Store
	mu      sync.Mutex
	commits int
	kill    int         // the commit to be killed at, from 1
	when    func() bool // or the first at which this holds
	after   bool        // the commit has its effect
	dead    bool
}

func (s *mortal) Commit(ctx context.Context, b *store.Batch) error {
	s.mu.Lock()
	s.commits++
	die := s.commits == s.kill || s.when != nil && s.when()
	s.dead = s.dead || die
	s.mu.Unlock()
	if die && !s.after {
		runtime.Goexit()
	}
	err := s.Store.Commit(ctx, b)
	if die {
		runtime.Goexit()
	}
	return err
}

// run2 does what is due in another process, which may be killed before it is done.
func (w *world) run2(change ...func(*frontdesk.Config)) {
	d, ended := w.open(change...), make(chan struct{})
	go func() {
		defer close(ended)
		_ = d.RunDue(ctx)
	}()
	<-ended
}

// bare is a loopback channel that can do no more than send.
type bare struct{ channel.Conn }

func (b bare) Verify(r *channel.Request) error { return b.Conn.(channel.Verifier).Verify(r) }

// variant is the loopback driver with parts of it replaced.
type variant struct {
	*loopback.Driver
	conn     func(channel.Conn) channel.Conn
	accounts func(*channel.Request) ([]string, error)
	parse    func(*channel.Request) ([]channel.Item, error)
}

func (v *variant) Open(ctx context.Context, s channel.Settings) (channel.Conn, error) {
	c, err := v.Driver.Open(ctx, s)
	if err == nil && v.conn != nil {
		c = v.conn(c)
	}
	return c, err
}

func (v *variant) Accounts(r *channel.Request) ([]string, error) {
	if v.accounts != nil {
		return v.accounts(r)
	}
	return v.Driver.Accounts(r)
}

func (v *variant) Parse(r *channel.Request) ([]channel.Item, error) {
	if v.parse != nil {
		return v.parse(r)
	}
	return v.Driver.Parse(r)
}

// with makes a Desk's channels what wrap makes of loopback's.
func with(wrap func(channel.Conn) channel.Conn) func(*frontdesk.Config) {
	return func(c *frontdesk.Config) {
		c.Drivers = channel.Drivers{&variant{Driver: c.Drivers[0].(*loopback.Driver), conn: wrap}}
	}
}

func plain(c channel.Conn) channel.Conn { return bare{c} }
func whole(c channel.Conn) channel.Conn { return c }

// taken counts the calls with which the provider took a message.
func (w *world) taken(account, message string) (n int) {
	for _, call := range w.provider.Sent(account) {
		if call.Part.Message == message && call.Taken {
			n++
		}
	}
	return n
}

// A worker is killed at every commit on a message's way out, before and after the commit's effect, and another process goes on.
func TestS13_KilledAtEveryCommit(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, account := range []string{"bare", "finder", "idempotent"} {
			caps := loopback.Default()
			caps.Idempotent = account == "idempotent"
			w.provider.SetCapabilities(account, caps)
			wrap := plain
			if account == "finder" {
				wrap = whole
			}
			ch := w.channel(frontdesk.Channel{Account: account, Mailbox: "berlin"})
			heir := w.open(with(wrap))
			unknown := 0
			for _, after := range []bool{false, true} {
				for kill := 1; ; kill++ {
					m, err := w.jane.Compose(ctx, frontdesk.Start{Channel: ch.ID, Address: "ann", Draft: frontdesk.Draft{Text: "Hi"}})
					require.NoError(t, err)
					victim := &mortal{Store: w.store, kill: kill, after: after}
					w.run2(with(wrap), func(c *frontdesk.Config) { c.Store = victim })
					w.clock.Advance(afterLease)
					require.NoError(t, heir.RunDue(ctx))
					got := w.message(m.ID)
					switch calls := w.taken(account, m.ID); {
					case got.Delivery == conversation.Sent && calls == 1:
					case got.Delivery == conversation.Unknown && calls <= 1 && account == "bare":
						unknown++
						assert.Contains(t, w.undelivered(w.jane), m.ID, "what is in doubt is visible")
					default:
						assert.Failf(t, "lost or doubled", "%s, killed at %d after=%v: %s with %d calls", account, kill, after, got.Delivery, calls)
					}
					if !victim.dead {
						break
					}
				}
			}
			assert.Equal(t, account == "bare", unknown > 0, "%s: %d in doubt", account, unknown)
		}
	})
}

// dies sends a message by a worker that is killed after the call to the provider and before its result is noted.
func (w *world) dies(account string) conversation.Message {
	w.t.Helper()
	ch := w.channel(frontdesk.Channel{Account: account, Mailbox: "berlin"})
	w.run()
	m, err := w.jane.Compose(ctx, frontdesk.Start{Channel: ch.ID, Address: "ann", Draft: frontdesk.Draft{Text: "Hi"}})
	require.NoError(w.t, err)
	victim := &mortal{Store: w.store, when: func() bool { return len(w.provider.Sent(account)) > 0 }}
	w.run2(func(c *frontdesk.Config) { c.Store = victim })
	require.Equal(w.t, conversation.Sending, w.message(m.ID).Delivery)
	w.clock.Advance(afterLease)
	return m
}

func TestS13_TakeoverAsksTheFinder(t *testing.T) {
	lost := errors.New("the provider does not answer")
	tests := []struct {
		name  string
		found error // what the finder says, nil: the truth
		taken bool  // whether the provider has the message
		want  conversation.Delivery
		calls int
	}{
		{"it finds it", nil, true, conversation.Sent, 1},
		{"it does not find it", nil, false, conversation.Sent, 2},
		{"it fails", lost, true, conversation.Unknown, 1},
		{"it fails, and the provider has nothing", lost, false, conversation.Unknown, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			onMemory(t, func(t *testing.T, w *world) {
				if !tt.taken {
					w.provider.Next("found", loopback.Outcome{Err: errors.New("connection lost")})
				}
				m := w.dies("found")
				w.provider.Fail("found", loopback.Find, tt.found)
				w.run()
				assert.Equal(t, tt.want, w.message(m.ID).Delivery)
				assert.Len(t, w.provider.Sent("found"), tt.calls)
			})
		})
	}
}

// A message in doubt is resolved by what the provider says of it, and the rest of its parts goes out.
func TestS13_RestOfAMessageInDoubt(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ch := w.channel(frontdesk.Channel{Account: "parts", Mailbox: "berlin", Options: map[string]string{"part_files": "1"}})
		w.provider.Next("parts", loopback.Outcome{Err: errors.New("connection lost"), Taken: true, Sent: channel.Sent{ID: "p"}})
		m, err := w.jane.Compose(ctx, frontdesk.Start{Channel: ch.ID, Address: "ann", Draft: frontdesk.Draft{Text: "Two", Attachments: files(2)}})
		require.NoError(t, err)
		w.run()
		require.Equal(t, conversation.Unknown, w.message(m.ID).Delivery)
		w.clock.Advance(24 * time.Hour)
		w.run()
		require.Len(t, w.provider.Sent("parts"), 1, "nothing is repeated blindly")

		_, err = w.jane.Retry(ctx, m.ID)
		require.NoError(t, err, "a person may")
		w.run()
		assert.Equal(t, conversation.Sent, w.message(m.ID).Delivery)
		assert.Len(t, w.provider.Sent("parts"), 3)
	})
}

// A failure of the first part by receipt stops the second; the first's delivery after all sends it.
func TestS13_ReceiptSetsTheRestGoing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ch := w.channel(frontdesk.Channel{Account: "parts", Mailbox: "berlin", Options: map[string]string{"part_files": "1"}})
		news := func(d conversation.Delivery) {
			require.Equal(t, http.StatusOK, w.hook(channel.Item{Account: "parts", At: w.clock.Now(), Receipt: &channel.Receipt{IDs: []string{"p1"}, Delivery: d}}))
		}
		w.provider.Next("parts", loopback.Outcome{Sent: channel.Sent{ID: "p1"}}, loopback.Outcome{Err: &channel.Error{Class: channel.Retry}})
		m, err := w.jane.Compose(ctx, frontdesk.Start{Channel: ch.ID, Address: "ann", Draft: frontdesk.Draft{Text: "Two", Attachments: files(2)}})
		require.NoError(t, err)
		w.run()
		news(conversation.Failed)
		require.Equal(t, conversation.Failed, w.message(m.ID).Delivery)
		w.clock.Advance(ladder[0])
		w.run()
		require.Len(t, w.provider.Sent("parts"), 2, "the rest of a failed message is not sent")
		news(conversation.Delivered)
		w.run()
		assert.Equal(t, conversation.Sent, w.message(m.ID).Delivery)
		assert.Len(t, w.provider.Sent("parts"), 3)
		assert.Empty(t, w.failures(w.jane))
	})
}

// The number of parts changes while a message is half sent: what was sent must not go out again.
func TestS13_PlanChangesHalfWay(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		set := frontdesk.Channel{Account: "parts", Mailbox: "berlin", Options: map[string]string{"part_files": "1"}}
		ch := w.channel(set)
		w.provider.Next("parts", loopback.Outcome{}, loopback.Outcome{Err: &channel.Error{Class: channel.Retry}})
		m, err := w.jane.Compose(ctx, frontdesk.Start{Channel: ch.ID, Address: "ann", Draft: frontdesk.Draft{Text: "Three", Attachments: files(3)}})
		require.NoError(t, err)
		w.run()
		set.Options = map[string]string{"part_files": "2"}
		w.channel(set)
		w.clock.Advance(ladder[0])
		w.run()
		assert.Len(t, w.provider.Sent("parts"), 2)
		got := w.message(m.ID)
		assert.Equal(t, conversation.Failed, got.Delivery)
		assert.Equal(t, string(channel.Content), got.Failure.Class)
	})
}

// The worker that lost its lease comes back with its result after another has given the message up as in doubt.
func TestS13_LateResultOfALostLease(t *testing.T) {
	tests := []struct {
		name  string
		out   loopback.Outcome
		want  conversation.Delivery
		calls int
	}{
		{"it was sent", loopback.Outcome{}, conversation.Sent, 1},
		{"it surely was not", loopback.Outcome{Err: &channel.Error{Class: channel.Retry}}, conversation.Sent, 2},
		{"it cannot be", loopback.Outcome{Err: &channel.Error{Class: channel.Content}}, conversation.Failed, 1},
		{"nobody knows", loopback.Outcome{Err: errors.New("connection lost")}, conversation.Unknown, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				c := w.hears("ann", "Hi")
				w.run()
				begun, wait := make(chan struct{}), make(chan struct{})
				tt.out.Begun, tt.out.Wait = begun, wait
				w.provider.Next("shop", tt.out)
				m := w.replies(c.ID, "Hello")
				slow, done := w.open(with(plain)), make(chan error)
				go func() { done <- slow.RunDue(ctx) }()
				<-begun
				w.clock.Advance(afterLease)
				require.NoError(t, w.open(with(plain)).RunDue(ctx))
				require.Equal(t, conversation.Unknown, w.message(m.ID).Delivery)
				close(wait)
				require.NoError(t, <-done)
				w.clock.Advance(afterLease)
				w.run()
				assert.Equal(t, tt.want, w.message(m.ID).Delivery)
				assert.Len(t, w.provider.Sent("shop"), tt.calls)
				assert.Equal(t, tt.want == conversation.Failed || tt.want == conversation.Unknown, len(w.undelivered(w.jane)) == 1)
			})
		})
	}
}

// A worker that was held up between two messages of a thread finds its lease gone, and leaves the rest to its new holder.
func TestS13_LeaseLostBetweenMessages(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		w.run()
		begun, wait := make(chan struct{}), make(chan struct{})
		w.provider.Next("shop", loopback.Outcome{Begun: begun, Wait: wait})
		w.replies(c.ID, "1")
		w.replies(c.ID, "2")
		done := make(chan error)
		go func() { done <- w.desk.RunDue(ctx) }()
		<-begun
		w.clock.Advance(afterLease)
		leases, err := w.store.Jobs(ctx, store.JobQuery{Now: w.clock.Now(), Until: w.clock.Now().Add(afterLease), Token: "other", Limit: 100, PerTenant: 100, PerGroup: 100})
		require.NoError(t, err)
		require.NotEmpty(t, leases, "the lease has ended")
		close(wait)
		require.NoError(t, <-done)
		assert.Equal(t, []string{"1"}, w.texts(), "2 is the new holder's to send")
		w.clock.Advance(afterLease)
		w.run()
		assert.Equal(t, []string{"1", "2"}, w.texts())
	})
}

// The result of a call meets a receipt that changed the message meanwhile: it is decided again on what is there.
func TestS12_ResultConflictsWithAReceipt(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		m := w.replies(c.ID, "Hello")
		w.run()
		between := &interloper{Store: w.store}
		m = w.replies(c.ID, "Again")
		w.provider.Next("shop", loopback.Outcome{Sent: channel.Sent{ID: "p2"}})
		between.when = func(b *store.Batch) bool { return len(w.provider.Sent("shop")) == 2 }
		between.do = func() {
			require.Equal(t, http.StatusOK, w.hook(channel.Item{Account: "shop", At: w.clock.Now(),
				Receipt: &channel.Receipt{IDs: []string{"p2"}, Reference: m.ID, Delivery: conversation.Delivered}}))
		}
		require.NoError(t, w.open(func(c *frontdesk.Config) { c.Store = between }).RunDue(ctx))
		assert.True(t, between.done)
		assert.Equal(t, conversation.Delivered, w.message(m.ID).Delivery)
		assert.Len(t, w.provider.Sent("shop"), 2)
	})
}

// interloper does something just before a commit, once, or lets the commit fail.
type interloper struct {
	store.Store
	mu    sync.Mutex
	done  bool
	when  func(*store.Batch) bool
	do    func()
	fail  error
	after bool // it fails after its effect
}

func (s *interloper) Commit(ctx context.Context, b *store.Batch) error {
	s.mu.Lock()
	now := !s.done && s.when(b)
	s.done = s.done || now
	s.mu.Unlock()
	if now && s.do != nil {
		s.do()
	}
	if now && s.fail != nil && !s.after {
		return s.fail
	}
	if err := s.Store.Commit(ctx, b); err != nil || !now {
		return err
	}
	return s.fail
}

// The store fails while the result is noted, before or after its effect: it is noted again, and nothing is in doubt.
func TestS13_StoreErrorWhileNoting(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		w.run()
		for _, after := range []bool{false, true} {
			m := w.replies(c.ID, "Hello")
			s := &interloper{Store: w.store, when: func(*store.Batch) bool { return w.taken("shop", m.ID) > 0 }, fail: errAway, after: after}
			require.NoError(t, w.open(func(c *frontdesk.Config) { c.Store = s }).RunDue(ctx))
			assert.True(t, s.done)
			assert.Equal(t, conversation.Sent, w.message(m.ID).Delivery)
			assert.Equal(t, 1, w.taken("shop", m.ID))
		}
	})
}

// Two processes with clocks half a minute apart: neither takes the other's work away, and a thread's order is kept.
func TestX15_ClocksApart(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		w.run()
		ahead := w.open(func(c *frontdesk.Config) { c.Now = func() time.Time { return w.clock.Now().Add(30 * time.Second) } })
		fast := ahead.As(frontdesk.Actor{Tenant: tenant, Agent: "jd"})
		begun, wait := make(chan struct{}), make(chan struct{})
		w.provider.Next("shop", loopback.Outcome{Begun: begun, Wait: wait})
		first := w.replies(c.ID, "1")
		done := make(chan error)
		go func() { done <- w.desk.RunDue(ctx) }()
		<-begun
		w.clock.Advance(29 * time.Second) // as long as a call may take
		_, err := fast.Reply(ctx, c.ID, frontdesk.Draft{Text: "2"})
		require.NoError(t, err)
		w.replies(c.ID, "3")
		_, err = fast.Do(ctx, c.ID, frontdesk.Complete{})
		require.NoError(t, err)
		require.NoError(t, ahead.RunDue(ctx))
		assert.Equal(t, conversation.Sending, w.message(first.ID).Delivery, "the lease holds for both")
		close(wait)
		require.NoError(t, <-done)
		w.replies(c.ID, "4")
		require.NoError(t, ahead.RunDue(ctx))
		w.run()
		assert.Equal(t, []string{"1", "2", "3", "4"}, w.texts())
		assert.Empty(t, w.undelivered(w.jane))
	})
}

// A store that fails for a moment neither fails a message nor lets one through that may not go.
func TestS13_StoreErrorWhileSending(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		w.run()
		for k := 1; ; k++ {
			m := w.replies(c.ID, "Hello")
			s := failing(w.store, storetest.Fault{Method: storetest.Load, At: k})
			_ = w.open(func(c *frontdesk.Config) { c.Store = s }).RunDue(ctx)
			w.clock.Advance(afterLease)
			w.run()
			got := w.message(m.ID)
			assert.Equal(t, conversation.Sent, got.Delivery, "load %d failed", k)
			assert.Equal(t, 1, w.taken("shop", m.ID))
			if s.Struck() == 0 {
				break
			}
		}
	})
}

func TestS16_OptedOutMeanwhileIsNotSentWhenTheStoreFails(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		for k := 1; ; k++ {
			who := "ann" + string(rune('a'+k))
			c := w.hears(who, "Hi")
			w.run()
			w.replies(c.ID, "Hello")
			require.Equal(t, http.StatusOK, w.hook(channel.Item{Account: "shop", Thread: who, At: w.clock.Now(),
				Consent: &channel.Consent{From: conversation.Identity{Scope: "loopback", Address: who}, OptedOut: true}}))
			s := failing(w.store, storetest.Fault{Method: storetest.Load, At: k})
			_ = w.open(func(c *frontdesk.Config) { c.Store = s }).RunDue(ctx)
			w.clock.Advance(afterLease)
			w.run()
			require.Empty(t, w.texts(), "load %d failed", k)
			if s.Struck() == 0 {
				break
			}
		}
	})
}

// A secret that cannot be had for a moment is no reason to give a message up.
func TestS13_SecretIsAwayForAMoment(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		ch := w.channel(frontdesk.Channel{Account: "vault", Mailbox: "berlin"})
		m, err := w.jane.Compose(ctx, frontdesk.Start{Channel: ch.ID, Address: "ann", Draft: frontdesk.Draft{Text: "Hi"}})
		require.NoError(t, err)
		away := true
		d := w.open(with(func(c channel.Conn) channel.Conn { return c }), func(c *frontdesk.Config) {
			inner := c.Drivers[0].(*variant)
			c.Drivers = channel.Drivers{&sealed{variant: inner, away: &away}}
		})
		require.NoError(t, d.RunDue(ctx))
		got := w.message(m.ID)
		assert.Equal(t, conversation.Queued, got.Delivery)
		require.NotNil(t, got.Failure, "people see what holds it up")
		assert.Equal(t, string(channel.ChannelDown), got.Failure.Class)
		away = false
		w.clock.Advance(ladder[0])
		require.NoError(t, d.RunDue(ctx))
		got = w.message(m.ID)
		assert.Equal(t, conversation.Sent, got.Delivery)
		assert.Nil(t, got.Failure)
		assert.Len(t, w.provider.Sent("vault"), 1)
	})
}

// sealed is a driver that cannot open channels while its vault is away.
type sealed struct {
	*variant
	away *bool
}

func (s *sealed) Open(ctx context.Context, set channel.Settings) (channel.Conn, error) {
	if *s.away {
		return nil, errors.New("the vault is away")
	}
	return s.variant.Open(ctx, set)
}

// A driver that panics harms its own message only.
func TestS13_DriverPanics(t *testing.T) {
	t.Run("in Send", func(t *testing.T) {
		onMemory(t, func(t *testing.T, w *world) {
			c := w.hears("ann", "Hi")
			w.provider.Next("shop", loopback.Outcome{Panic: "boom"})
			m, next := w.replies(c.ID, "1"), w.replies(c.ID, "2")
			w.run()
			assert.Equal(t, conversation.Unknown, w.message(m.ID).Delivery)
			assert.Equal(t, conversation.Sent, w.message(next.ID).Delivery)
		})
	})
	t.Run("in Plan", func(t *testing.T) {
		onMemory(t, func(t *testing.T, w *world) {
			c := w.hears("ann", "Hi")
			m, next := w.replies(c.ID, "panic"), w.replies(c.ID, "2")
			require.NoError(t, w.open(with(func(c channel.Conn) channel.Conn { return rude{bare{c}} })).RunDue(ctx))
			assert.Equal(t, conversation.Failed, w.message(m.ID).Delivery)
			assert.Equal(t, conversation.Sent, w.message(next.ID).Delivery)
			_, err := w.open(with(func(c channel.Conn) channel.Conn { return rude{bare{c}} })).As(frontdesk.Actor{Tenant: tenant, Agent: "jd"}).
				Reply(ctx, c.ID, frontdesk.Draft{Text: "panic"})
			assert.ErrorIs(t, err, frontdesk.ErrCapability)
		})
	})
	t.Run("in Find", func(t *testing.T) {
		onMemory(t, func(t *testing.T, w *world) {
			c := w.hears("ann", "Hi")
			w.run()
			m, next := w.replies(c.ID, "1"), w.replies(c.ID, "2")
			w.run2(func(c *frontdesk.Config) {
				c.Store = &mortal{Store: w.store, when: func() bool { return len(w.texts()) > 0 }}
			})
			w.clock.Advance(afterLease)
			require.NoError(t, w.open(with(func(c channel.Conn) channel.Conn { return rude{bare{c}} })).RunDue(ctx))
			assert.NotEqual(t, conversation.Sending, w.message(m.ID).Delivery)
			assert.Equal(t, conversation.Sent, w.message(next.ID).Delivery)
			assert.LessOrEqual(t, w.taken("shop", m.ID), 1)
		})
	})
}

// rude is a channel that panics when it plans the word or is asked what became of something.
type rude struct{ bare }

func (r rude) Plan(m channel.Outgoing) ([]channel.Part, error) {
	if m.Text == "panic" {
		panic("cannot plan")
	}
	return []channel.Part{{Outgoing: m, Of: 1}}, nil
}

func (r rude) Find(context.Context, channel.Part) (channel.Sent, error) { panic("cannot find") }

// An echo without a reference, of a message whose sending is under way, is not a second message.
func TestS12_EchoWhileSending(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		begun, wait := make(chan struct{}), make(chan struct{})
		w.provider.Next("shop", loopback.Outcome{Sent: channel.Sent{ID: "mine"}, Begun: begun, Wait: wait})
		w.replies(c.ID, "Hello")
		done := make(chan error)
		go func() { done <- w.desk.RunDue(ctx) }()
		<-begun
		for _, id := range []string{"mine", "theirs"} {
			require.Equal(t, http.StatusOK, w.hook(channel.Item{Account: "shop", Thread: "ann", At: w.clock.Now(),
				Message: &channel.Message{ID: id, Origin: channel.Echo, Text: id, From: []conversation.Identity{{Scope: "loopback", Address: "ann"}}}}))
		}
		assert.Equal(t, 2, w.get(c.ID).Messages)
		close(wait)
		require.NoError(t, <-done)
		w.run()
		assert.Equal(t, 3, w.get(c.ID).Messages, "the other program's message, and no second of ours")
		assert.Equal(t, "theirs", w.get(c.ID).Preview)
		assert.Len(t, w.texts(), 1)
	})
}

// The answer to a call that leased is lost: the call is made again, and nothing waits for the end of a lease that nobody knows of.
func TestS13_AnswerOfALeaseIsLost(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m, err := w.jane.Compose(ctx, frontdesk.Start{Channel: w.chat.ID, Address: "ann", Draft: frontdesk.Draft{Text: "Hi"}})
		require.NoError(t, err)
		faulty := &storetest.Faulty{Store: w.store}
		worker := w.open(func(c *frontdesk.Config) { c.Store = faulty })
		faulty.Inject(storetest.Fault{Method: storetest.Jobs, At: 1, After: true})
		require.ErrorIs(t, worker.RunDue(ctx), storetest.ErrFault)
		require.Equal(t, conversation.Queued, w.message(m.ID).Delivery)
		require.NoError(t, w.desk.RunDue(ctx))
		require.Equal(t, conversation.Queued, w.message(m.ID).Delivery, "it is leased, and another worker leaves it alone")
		require.NoError(t, worker.RunDue(ctx))
		require.Equal(t, conversation.Sent, w.message(m.ID).Delivery)
		require.Equal(t, 1, w.taken("shop", m.ID))
	})
}
