package desk_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
	"github.com/frontdesk-go/frontdesk/store"
)

// listener is a subscriber that remembers what it was told.
type listener struct {
	mu    sync.Mutex
	got   []frontdesk.Event
	calls int
	do    func(call int, events []frontdesk.Event) error
}

func (l *listener) hear(_ context.Context, events []frontdesk.Event) error {
	l.mu.Lock()
	l.calls++
	call := l.calls
	l.mu.Unlock()
	if l.do != nil {
		if err := l.do(call, events); err != nil {
			return err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.got = append(l.got, events...)
	return nil
}

func (l *listener) positions() (out []int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.got {
		out = append(out, e.Position)
	}
	return out
}

// eachWith runs a test on every store, on a Desk with subscribers.
func eachWith(t *testing.T, subscribers func() map[string]*listener, run func(t *testing.T, w *world, l map[string]*listener)) {
	t.Helper()
	stores.Each(t, func(t *testing.T, s store.Store) {
		l := subscribers()
		run(t, newWorld(t, s, func(cfg *frontdesk.Config) {
			cfg.Subscribers = map[string]frontdesk.Subscriber{}
			for name, one := range l {
				cfg.Subscribers[name] = one.hear
			}
		}), l)
	})
}

func upTo(n int) (out []int64) {
	for i := range n {
		out = append(out, int64(i+1))
	}
	return out
}

func TestU1_TypedInOrderWithPositions(t *testing.T) {
	eachWith(t, func() map[string]*listener { return map[string]*listener{"crm": {}} }, func(t *testing.T, w *world, l map[string]*listener) {
		head, err := w.desk.Head(ctx, "nobody")
		require.NoError(t, err)
		assert.Zero(t, head)
		c := w.hears("ann", "secret text")
		w.hears("bob", "Hi")
		w.clock.Advance(time.Second)
		w.do(w.jane, c.ID, frontdesk.Assign{Agent: "joe"}, frontdesk.Tag{Add: []string{"x"}})
		_, err = w.jane.View(ctx, c.ID)
		require.NoError(t, err)
		_, err = w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "Hello"})
		require.NoError(t, err)
		w.do(w.jane, c.ID, frontdesk.Complete{})
		w.hears("ann", "Again")
		var types []string
		for _, e := range w.events() {
			assert.Equal(t, tenant, e.Tenant)
			assert.False(t, e.At.IsZero())
			if e.Conversation == c.ID && e.Type != conversation.EventDelivery {
				types = append(types, e.Type)
			}
		}
		assert.Equal(t, []string{conversation.EventCreated, conversation.EventReceived, conversation.EventAssigned, conversation.EventTagged,
			conversation.EventRead, conversation.EventOutgoing, conversation.EventFinished, conversation.EventReceived, conversation.EventReturned}, types)
		assert.Equal(t, upTo(len(w.events())), l["crm"].positions(), "a subscriber is told each once, in order")
		head, err = w.desk.Head(ctx, tenant)
		require.NoError(t, err)
		assert.EqualValues(t, len(w.events()), head)
		for _, after := range []int64{1, 3} {
			some, err := w.desk.Events(ctx, tenant, after, 2)
			require.NoError(t, err)
			assert.Equal(t, []int64{after + 1, after + 2}, []int64{some[0].Position, some[1].Position})
		}
		for _, bad := range [][2]int64{{-1, 1}, {0, 0}, {0, 1001}} {
			_, err := w.desk.Events(ctx, tenant, bad[0], int(bad[1]))
			require.ErrorIs(t, err, frontdesk.ErrInvalid)
		}
	})
}

func TestU1_FailingAndPanickingSubscribersHoldOnlyThemselves(t *testing.T) {
	eachWith(t, func() map[string]*listener {
		return map[string]*listener{
			"good": {},
			"fails": {do: func(call int, _ []frontdesk.Event) error {
				if call <= 2 {
					return errors.New("away")
				}
				return nil
			}},
			"panics": {do: func(call int, _ []frontdesk.Event) error {
				if call == 1 {
					panic("oops")
				}
				return nil
			}},
		}
	}, func(t *testing.T, w *world, l map[string]*listener) {
		w.hears("ann", "Hi")
		told := len(w.events())
		assert.Equal(t, upTo(told), l["good"].positions())
		assert.Empty(t, l["fails"].positions())
		assert.Empty(t, l["panics"].positions())
		w.hears("bob", "Hi")
		w.run()
		assert.Empty(t, l["fails"].positions(), "it rests")
		assert.Equal(t, 1, l["fails"].calls)
		for range 3 {
			w.clock.Advance(time.Minute)
			w.run()
		}
		all := upTo(len(w.events()))
		for name, one := range l {
			assert.Equal(t, all, one.positions(), name)
		}
	})
}

func TestU1_SlowSubscriberBlocksNobody(t *testing.T) {
	stores.Each(t, func(t *testing.T, s store.Store) {
		gate, begun := make(chan struct{}), make(chan struct{}, 100)
		slow := &listener{do: func(int, []frontdesk.Event) error { begun <- struct{}{}; <-gate; return nil }}
		fast := &listener{}
		w := newWorld(t, s, func(cfg *frontdesk.Config) {
			cfg.Now, cfg.Workers = nil, 2
			cfg.Subscribers = map[string]frontdesk.Subscriber{"slow": slow.hear, "fast": fast.hear}
		})
		for _, id := range []string{"t1", "t2", "t3"} { // more slow ones than there are workers
			require.NoError(t, w.desk.As(frontdesk.System(id)).SaveMailbox(ctx, frontdesk.Mailbox{ID: "m"}))
		}
		running, stop := context.WithCancel(ctx)
		done := make(chan error, 1)
		go func() { done <- w.desk.Run(running) }()
		for range 4 {
			<-begun
		}
		c := w.hears("ann", "Hi")
		_, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "Hello"})
		require.NoError(t, err)
		require.Eventually(t, func() bool {
			return len(w.texts()) == 1 && slices.ContainsFunc(fast.copied(), func(e frontdesk.Event) bool { return e.Type == conversation.EventOutgoing })
		}, 20*time.Second, 5*time.Millisecond)
		close(gate)
		require.Eventually(t, func() bool {
			return slices.ContainsFunc(slow.copied(), func(e frontdesk.Event) bool { return e.Type == conversation.EventOutgoing })
		}, 20*time.Second, 5*time.Millisecond, "it loses nothing")
		stop()
		require.NoError(t, <-done)
	})
}

// A subscriber may take longer than a lease is held: nobody else tells it the same meanwhile.
func TestU1_SubscriberSlowerThanALease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := &listener{do: func(int, []frontdesk.Event) error { time.Sleep(20 * time.Minute); return nil }}
		config := func(cfg *frontdesk.Config) {
			cfg.Now = nil
			cfg.Subscribers = map[string]frontdesk.Subscriber{"slow": slow.hear}
		}
		w := newWorld(t, stores.Memory(t), config)
		running, stop := context.WithCancel(ctx)
		var wg sync.WaitGroup
		for _, d := range []*frontdesk.Desk{w.desk, w.open(config)} {
			wg.Go(func() { assert.NoError(t, d.Run(running)) })
		}
		time.Sleep(time.Hour)
		w.hears("ann", "Hi")
		time.Sleep(time.Hour)
		stop()
		wg.Wait()
		events, err := w.desk.Events(ctx, tenant, 0, 1000)
		require.NoError(t, err)
		assert.Equal(t, upTo(len(events)), slow.positions(), "each once, in order")
	})
}

func (l *listener) copied() []frontdesk.Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.got)
}

func TestU1_SubscriberResumesInAnotherProcess(t *testing.T) {
	eachWith(t, func() map[string]*listener { return map[string]*listener{"crm": {}} }, func(t *testing.T, w *world, l map[string]*listener) {
		w.hears("ann", "Hi")
		told := len(w.events())
		next := &listener{}
		again := w.open(func(cfg *frontdesk.Config) { cfg.Subscribers = map[string]frontdesk.Subscriber{"crm": next.hear} })
		w.hears("bob", "Hi")
		require.NoError(t, again.RunDue(ctx))
		assert.Equal(t, int64(told+1), next.positions()[0])
		assert.Len(t, l["crm"].positions(), told)
	})
}

func TestU1_FeedHorizon(t *testing.T) {
	stores.Each(t, func(t *testing.T, s store.Store) {
		away, asleep := &listener{}, true
		w := newWorld(t, s, func(cfg *frontdesk.Config) {
			cfg.KeepEvents = 24 * time.Hour
			cfg.Retry = []time.Duration{1000 * time.Hour}
			cfg.Subscribers = map[string]frontdesk.Subscriber{"away": away.hear}
		})
		away.do = func(call int, _ []frontdesk.Event) error {
			if asleep && call > 1 {
				return errors.New("away")
			}
			return nil
		}
		c := w.hears("ann", "Hi")
		w.run()
		told := int64(len(away.positions()))
		require.NotZero(t, told)
		many := func(n int) {
			on, off := frontdesk.Tag{Add: []string{"a"}}, frontdesk.Tag{Remove: []string{"a"}}
			for range n / 8 {
				w.do(w.setup, c.ID, on, off, on, off, on, off, on, off)
			}
		}
		many(1100)
		w.run()
		w.clock.Advance(48 * time.Hour)
		many(700)
		w.run()
		_, err := w.desk.Events(ctx, tenant, told, 10)
		require.ErrorIs(t, err, frontdesk.ErrCursorExpired)
		oldest, err := w.desk.Events(ctx, tenant, 0, 1)
		require.NoError(t, err)
		require.Greater(t, oldest[0].Position, told+1)
		_, err = w.desk.Events(ctx, tenant, oldest[0].Position, 10)
		require.NoError(t, err, "the way back")

		asleep = false
		w.clock.Advance(2000 * time.Hour)
		many(8)
		w.run()
		rest := away.positions()[told:]
		lost := away.copied()[told]
		assert.Equal(t, frontdesk.EventsLost, lost.Type, "it is told that it missed some")
		assert.Equal(t, rest[0]+1, rest[1])
		for i := 1; i < len(rest); i++ {
			require.Equal(t, rest[i-1]+1, rest[i], "and then all there are, without gaps")
		}
	})
}

// Two processes that number events at the same time number each once.
func TestU1_NumberedOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		other := w.open()
		c := w.hears("ann", "Hi")
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Go(func() {
				for j := range 20 {
					tag := string(rune('a'+i)) + string(rune('a'+j))
					_, err := w.jane.Do(ctx, c.ID, frontdesk.Tag{Add: []string{tag}})
					assert.NoError(t, err)
				}
			})
		}
		for _, d := range []*frontdesk.Desk{w.desk, other} {
			wg.Go(func() {
				for range 10 {
					assert.NoError(t, d.RunDue(ctx))
				}
			})
		}
		wg.Wait()
		assert.Equal(t, 80, w.count(conversation.EventTagged))
		last := ""
		for _, e := range w.events() {
			if e.Type == conversation.EventTagged {
				assert.Equal(t, last, e.From, "in order")
				last = e.To
			}
		}
	})
}

// Events are looked through for old ones when there may be some, and not whenever others come.
func TestU1_OldEventsAreLookedForInTime(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := &listings{Store: w.store}
		d := w.open(func(cfg *frontdesk.Config) { cfg.Store, cfg.KeepEvents = s, 24*time.Hour })
		c := w.hears("ann", "Hi")
		on, off := frontdesk.Tag{Add: []string{"a"}}, frontdesk.Tag{Remove: []string{"a"}}
		many := func(n int) {
			for range n / 8 {
				w.do(w.setup, c.ID, on, off, on, off, on, off, on, off)
			}
			require.NoError(t, d.RunDue(ctx))
		}
		many(2400)
		for range 5 {
			many(8)
		}
		looked := s.of.Load()
		assert.LessOrEqual(t, looked, int64(1))
		w.clock.Advance(25 * time.Hour)
		for range 20 {
			many(8)
		}
		assert.Equal(t, looked+20, s.of.Load())
		oldest, err := d.Events(ctx, tenant, 0, 1)
		require.NoError(t, err)
		assert.GreaterOrEqual(t, oldest[0].Position, int64(20*16), "more go than come")
		for range 20 {
			many(80)
		}
		oldest, err = d.Events(ctx, tenant, 0, 1)
		require.NoError(t, err)
		assert.WithinDuration(t, w.clock.Now(), oldest[0].At, time.Hour, "no old ones are left")
	})
}

// listings is a store that counts how often old events are looked for, which is not how consumers read.
type listings struct {
	store.Store
	of atomic.Int64
}

func (s *listings) List(ctx context.Context, q store.Query) (*store.Page, error) {
	if q.Kind == store.Event && q.Cursor == "" && q.Limit != 100 {
		s.of.Add(1)
	}
	return s.Store.List(ctx, q)
}

func TestU1_ASubscriberThatWasNeverWell(t *testing.T) {
	away, asleep := &listener{}, true
	w := newWorld(t, stores.Memory(t), func(cfg *frontdesk.Config) {
		cfg.KeepEvents = 24 * time.Hour
		cfg.Retry = []time.Duration{1000 * time.Hour}
		cfg.Subscribers = map[string]frontdesk.Subscriber{"away": away.hear}
	})
	away.do = func(int, []frontdesk.Event) error {
		if asleep {
			return errors.New("away")
		}
		return nil
	}
	c := w.hears("ann", "Hi")
	w.run()
	many := func(n int) {
		on, off := frontdesk.Tag{Add: []string{"a"}}, frontdesk.Tag{Remove: []string{"a"}}
		for range n / 8 {
			w.do(w.setup, c.ID, on, off, on, off, on, off, on, off)
		}
	}
	many(1100)
	w.run()
	w.clock.Advance(48 * time.Hour)
	many(700)
	w.run()
	asleep = false
	w.clock.Advance(2000 * time.Hour)
	w.run()
	got := away.copied()
	require.NotEmpty(t, got)
	require.Greater(t, got[0].Position, int64(1))
	assert.Equal(t, frontdesk.EventsLost, got[0].Type, "it is told that it missed some")
}
