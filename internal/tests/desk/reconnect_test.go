package desk_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
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
)

// follower is a consumer of the feed. What it was told first must be the next position; what it was told again must be what it was then.
type follower struct {
	t      *testing.T
	mu     sync.Mutex
	seen   []frontdesk.Event
	again  int
	failed bool
}

func (f *follower) take(e frontdesk.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	next := int64(len(f.seen) + 1)
	switch {
	case e.Position == next:
		f.seen = append(f.seen, e)
	case e.Position < next && e.Position > 0:
		f.again++
		f.failed = f.failed || !assert.Equal(f.t, f.seen[e.Position-1], e, "told again, it is the same")
	default:
		f.failed = true
		assert.Fail(f.t, "a gap", "position %d was told after %d", e.Position, next-1)
	}
}

func (f *follower) position() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return int64(len(f.seen))
}

// wrong says whether it was told what it should not have been.
func (f *follower) wrong() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.failed
}

// tagged are the tags that events tell, by how many of them.
func (f *follower) tagged() map[string]int {
	out := map[string]int{}
	for _, e := range f.seen {
		if e.Type == conversation.EventTagged {
			out[e.To]++
		}
	}
	return out
}

// produces makes changes from two Desks until stop is called, a step for each one that is asked for; each change can be told apart. It
// returns how many there were.
func (w *world) produces(steps int) (step func(), stop func() int) {
	desks := []*frontdesk.Desk{w.desk, w.open()}
	asked := make(chan struct{}, steps)
	var made atomic.Int64
	var wg sync.WaitGroup
	for i, who := range []string{"ann", "bob", "cid", "dan"} {
		c := w.hears(who, "Hi")
		wg.Go(func() {
			for n := 0; ; n++ {
				if _, more := <-asked; !more {
					return
				}
				tag := fmt.Sprintf("%s-%d", who, n)
				_, err := desks[i%2].As(frontdesk.System(tenant)).Do(ctx, c.ID, frontdesk.Tag{Add: []string{tag}}, frontdesk.Tag{Remove: []string{tag}})
				assert.NoError(w.t, err)
				made.Add(2)
			}
		})
	}
	return func() { asked <- struct{}{} }, func() int { close(asked); wg.Wait(); return int(made.Load()) }
}

// A subscriber fails, is killed before or after its cursor is kept, and comes back in another process, at random, while a second process numbers
// events and tells it too, and two others make changes. FRONTDESK_FULL makes it a thousand times.
func TestX17_SubscriberReconnects(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		r, n := seeded(t), size(20, 35, 1000)
		f := &follower{t: t}
		one := w.connection(r, f)
		step, stop := w.produces(n)
		other, end := w.numbering(f.subscribes(func() int { return rand.IntN(40) }))
		for range n {
			step()
			one()
			w.clock.Advance(afterLease)
			if f.wrong() {
				break
			}
		}
		made := stop()
		end()
		require.NoError(t, other.RunDue(ctx))
		w.clock.Advance(afterLease)
		require.NoError(t, w.open(f.subscribes(func() int { return 1 << 30 })).RunDue(ctx))
		assert.True(t, reflect.DeepEqual(w.feed(), f.seen), "every change, in order, without gaps")
		changes := 0
		for _, times := range f.tagged() {
			changes += times
		}
		assert.Equal(t, made, changes)
		t.Logf("%d events, %d told again, %d connections", len(f.seen), f.again, n)
	})
}

// connection returns a call that lets the subscriber connect once, in a process of its own, and end in one way or another.
func (w *world) connection(r *rand.Rand, f *follower) func() {
	return func() {
		takes := 1 << 30
		if r.IntN(10) < 3 {
			takes = r.IntN(5)
		}
		victim := &mortal{Store: w.store, after: r.IntN(2) == 0}
		if r.IntN(10) < 3 {
			victim.kill = 1 + r.IntN(6)
		}
		w.run2(f.subscribes(func() int { return takes }), func(c *frontdesk.Config) { c.Store = victim })
	}
}

// subscribes makes the follower a Desk's subscriber, who is gone in the middle of a call when he has taken so many events.
func (f *follower) subscribes(takes func() int) func(*frontdesk.Config) {
	return func(c *frontdesk.Config) {
		c.Retry = []time.Duration{time.Second}
		c.Subscribers = map[string]frontdesk.Subscriber{"crm": func(_ context.Context, events []frontdesk.Event) error {
			left := takes()
			for _, e := range events {
				if left--; left < 0 {
					return errors.New("gone in the middle")
				}
				f.take(e)
			}
			return nil
		}}
	}
}

// numbering numbers events in another process until end is called.
func (w *world) numbering(change ...func(*frontdesk.Config)) (d *frontdesk.Desk, end func()) {
	d = w.open(change...)
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				assert.NoError(w.t, d.RunDue(ctx))
				time.Sleep(time.Millisecond)
			}
		}
	})
	return d, func() { close(done); wg.Wait() }
}

// A reader of the feed keeps its position at random, and comes back to that, on one Desk or another, with pages of any size.
func TestX17_ReaderReconnects(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		r, n := seeded(t), size(20, 35, 1000)
		f, kept := &follower{t: t}, int64(0)
		step, stop := w.produces(n)
		other, end := w.numbering()
		read := func(limit int) int {
			d := []*frontdesk.Desk{w.desk, other}[r.IntN(2)]
			at, left := kept, r.IntN(4)
			for {
				events, err := d.Events(ctx, tenant, at, limit)
				require.NoError(t, err)
				for _, e := range events {
					f.take(e)
					at = e.Position
				}
				if r.IntN(2) == 0 {
					kept = at
				}
				if left--; left < 0 || len(events) < limit {
					return len(events)
				}
			}
		}
		for range n {
			step()
			read(1 + r.IntN(20))
			require.False(t, f.wrong())
		}
		made := stop()
		end()
		all := w.feed()
		for f.position() < int64(len(all)) {
			read(100)
		}
		assert.True(t, reflect.DeepEqual(all, f.seen), "every change, in order, without gaps")
		assert.Len(t, f.tagged(), made/2+1, "each tag, and none")
		t.Logf("%d events, %d told again, %d connections", len(f.seen), f.again, n)
	})
}

// A subscriber that does not come back holds a hundred events and no more, however many wait: the others are in the database. FRONTDESK_FULL
// makes it 40,000.
func TestX17_SlowConsumerIsBounded(t *testing.T) {
	stores.EachSQL(t, func(t *testing.T, o *stores.Opened) {
		backlog, gate, most := size(400, 800, 40_000), make(chan struct{}), atomic.Int64{}
		f := &follower{t: t}
		begun := make(chan struct{}, 1)
		w := newWorld(t, o, func(c *frontdesk.Config) {
			c.Now = nil
			c.Subscribers = map[string]frontdesk.Subscriber{"slow": func(_ context.Context, events []frontdesk.Event) error {
				most.Store(max(most.Load(), int64(len(events))))
				select {
				case begun <- struct{}{}:
				default:
				}
				<-gate
				for _, e := range events {
					f.take(e)
				}
				return nil
			}}
		})
		c := w.hears("ann", "Hi")
		running, cancel := context.WithCancel(ctx)
		done := make(chan error, 1)
		go func() { done <- w.desk.Run(running) }()
		<-begun
		before := int64(heap())
		on, off := frontdesk.Tag{Add: []string{"a"}}, frontdesk.Tag{Remove: []string{"a"}}
		for range backlog / 8 {
			w.do(w.setup, c.ID, on, off, on, off, on, off, on, off)
		}
		require.Eventually(t, func() bool {
			events, err := w.desk.Events(ctx, tenant, int64(backlog), 1)
			return err == nil && len(events) == 1
		}, time.Minute, 10*time.Millisecond, "the events are numbered")
		grown := int64(heap()) - before
		assert.Less(t, grown, int64(8<<20), "bytes of heap while %d events wait", backlog)
		close(gate)
		require.Eventually(t, func() bool { return f.position() >= int64(backlog) }, time.Minute, 10*time.Millisecond)
		cancel()
		require.NoError(t, <-done)
		assert.LessOrEqual(t, most.Load(), int64(100))
		assert.Zero(t, f.again)
		t.Logf("%d events waited: heap grew by %d kB, at most %d events in a call", backlog, grown>>10, most.Load())
	})
}

// tapped is a store as one process sees it, with a look at its calls.
type tapped struct {
	store.Store
	committing func(*store.Batch)
	leased     func([]store.Lease)
}

func (s *tapped) Commit(ctx context.Context, b *store.Batch) error {
	if s.committing != nil {
		s.committing(b)
	}
	return s.Store.Commit(ctx, b)
}

func (s *tapped) Jobs(ctx context.Context, q store.JobQuery) ([]store.Lease, error) {
	leases, err := s.Store.Jobs(ctx, q)
	if s.leased != nil {
		s.leased(leases)
	}
	return leases, err
}

// A process stands still for longer than its lease between reading the feed's head and its commit, which comes when another has leased the
// same events: before that has read the head, or when it is about to commit. All is numbered once, and nothing waits for a lease to end.
func TestX17_NumberedByOneWhoStoodStill(t *testing.T) {
	for _, read := range []bool{false, true} {
		t.Run(fmt.Sprintf("HeadRead=%t", read), func(t *testing.T) {
			each(t, func(t *testing.T, w *world) { w.numberedLate(read) })
		})
	}
}

func (w *world) numberedLate(read bool) {
	w.hears("ann", "Hi")
	stands, goes, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	numbers := func(b *store.Batch) bool {
		return slices.ContainsFunc(b.Finish, func(f store.Finish) bool { return f.Group == "feed" })
	}
	late := w.open(func(c *frontdesk.Config) {
		c.Store = &tapped{Store: w.store, committing: func(b *store.Batch) {
			if numbers(b) {
				close(stands)
				<-goes
			}
		}}
	})
	go func() { defer close(ended); assert.NoError(w.t, late.RunDue(ctx)) }()
	<-stands
	w.hears("ann", "Are you there?") // which only the other leases
	w.clock.Advance(afterLease)
	once := sync.OnceFunc(func() { close(goes); <-ended })
	other := w.open(func(c *frontdesk.Config) {
		c.Store = &tapped{Store: w.store, leased: func(leases []store.Lease) {
			if !read && slices.ContainsFunc(leases, func(l store.Lease) bool { return l.Group == "feed" }) {
				once()
			}
		}, committing: func(b *store.Batch) {
			if read && numbers(b) {
				once()
			}
		}}
	})
	require.NoError(w.t, other.RunDue(ctx))
	told := map[string]int{}
	for _, e := range w.feed() {
		told[e.Type]++
	}
	assert.Equal(w.t, 2, told[conversation.EventReceived])
	assert.Equal(w.t, 1, told[conversation.EventCreated])
}
