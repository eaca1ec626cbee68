package desk_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/channel/loopback"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
)

// always is a clock that is off by the same.
func always(d time.Duration) func() time.Duration { return func() time.Duration { return d } }

// wrongClocks are how the clocks of two processes may be off.
var wrongClocks = []struct {
	name string
	off  [2]func() time.Duration
}{
	{"both an hour ahead", [2]func() time.Duration{always(time.Hour), always(time.Hour)}},
	{"both an hour behind", [2]func() time.Duration{always(-time.Hour), always(-time.Hour)}},
	{"one an hour ahead", [2]func() time.Duration{always(0), always(time.Hour)}},
	{"one an hour behind", [2]func() time.Duration{always(0), always(-time.Hour)}},
	{"both jitter by a second", [2]func() time.Duration{jitter, jitter}},
	{"half a minute apart", [2]func() time.Duration{always(0), always(30 * time.Second)}},
}

func jitter() time.Duration { return -rand.N(time.Second) }

// The moments before which a clock goes wrong.
const (
	beforeMessages = iota
	betweenMessages
	whileSending
	beforeWaking
	moments
)

// Clocks go wrong at any moment: the order stays that of the commits, no message is handed over twice, and a snooze ends once.
func TestX15_ClocksGoWrong(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		x := &wrong{world: w}
		for i := range x.desks {
			x.desks[i] = w.open(with(plain), func(c *frontdesk.Config) { c.Now = func() time.Time { return x.now(i) } })
		}
		for _, tt := range wrongClocks {
			for at := range moments {
				if w.store.(*stores.Opened).SQL != nil && at != whileSending {
					continue // the moment at which a store's leases matter
				}
				t.Run(fmt.Sprintf("%s/%d", tt.name, at), func(t *testing.T) {
					x.t, x.off, x.at, x.who = t, tt.off, at, fmt.Sprintf("%s %d", tt.name, at)
					x.run()
				})
			}
		}
		x.t = t
		x.step.Store(0)
		woken := map[string]int{}
		for _, e := range w.events() {
			if e.Type == conversation.EventWoken {
				woken[e.Conversation]++
			}
		}
		assert.Equal(t, x.slept, woken, "each snooze ends once")
	})
}

// wrong is two processes whose clocks go wrong.
type wrong struct {
	*world
	t     *testing.T
	desks [2]*frontdesk.Desk
	off   [2]func() time.Duration
	at    int          // the step before which they do
	step  atomic.Int64 // where the test is, from 1; 0: outside
	who   string
	last  frontdesk.Conversation
	slept map[string]int
}

func (x *wrong) now(i int) time.Time {
	now := x.clock.Now()
	if int(x.step.Load()) > x.at {
		now = now.Add(x.off[i]())
	}
	return now
}

func (x *wrong) run() {
	x.step.Store(0)
	x.clock.Advance(5 * time.Hour) // behind the clocks of the case before
	x.world.run()
	x.last = frontdesk.Conversation{}
	x.step.Store(beforeMessages + 1)
	x.hears(0, "1")
	x.hears(1, "2")
	x.answers(1, "3")
	x.step.Store(betweenMessages + 1)
	x.hears(0, "4")
	x.hears(1, "5")
	x.answers(0, "6")
	x.answers(1, "7")
	x.hears(0, "8")
	x.due()
	x.sends("9")
	x.ordered()
	x.sleeps()
}

// hears takes a customer's message in by one of the processes.
func (x *wrong) hears(i int, text string) {
	x.t.Helper()
	req := x.provider.Request(x.says(x.who, text))
	r := httptest.NewRequest(req.Method, req.URL, bytes.NewReader(req.Body))
	r.Header = req.Header
	rec := httptest.NewRecorder()
	x.desks[i].Webhooks().ServeHTTP(rec, r)
	require.Equal(x.t, http.StatusOK, rec.Code)
	x.forward()
}

func (x *wrong) answers(i int, text string) conversation.Message {
	x.t.Helper()
	m, err := x.desks[i].As(frontdesk.Actor{Tenant: tenant, Agent: "jd"}).Reply(ctx, x.last.ID, frontdesk.Draft{Text: text})
	require.NoError(x.t, err)
	x.forward()
	return m
}

// forward checks that no time of the conversation has gone back.
func (x *wrong) forward() {
	x.t.Helper()
	if x.last.ID == "" {
		x.last = x.current(x.who)
		return
	}
	c := x.get(x.last.ID)
	assert.True(x.t, c.Changed.After(x.last.Changed), "Changed goes forward")
	assert.False(x.t, c.Activity.Before(x.last.Activity), "Activity does not go back")
	x.last = c
}

// due does what is due in both processes.
func (x *wrong) due() {
	x.t.Helper()
	for _, i := range []int{1, 0, 1} {
		require.NoError(x.t, x.desks[i].RunDue(ctx))
	}
}

// sends has one process in a call while the clocks go wrong and the other looks for work.
func (x *wrong) sends(text string) {
	x.t.Helper()
	begun, wait := make(chan struct{}), make(chan struct{})
	x.provider.Next("shop", loopback.Outcome{Begun: begun, Wait: wait})
	m := x.answers(0, text)
	done := make(chan error)
	go func() { done <- x.desks[0].RunDue(ctx) }()
	<-begun
	x.step.Store(whileSending + 1)
	require.NoError(x.t, x.desks[1].RunDue(ctx))
	close(wait)
	require.NoError(x.t, <-done)
	x.due()
	assert.Equal(x.t, conversation.Sent, x.message(m.ID).Delivery)
	assert.Equal(x.t, 1, x.taken("shop", m.ID), "handed over once")
}

// ordered checks that the conversation is in the order in which it was written.
func (x *wrong) ordered() {
	x.t.Helper()
	var texts, sent []string
	for i, m := range x.timeline(x.last.ID) {
		require.Equal(x.t, int64(i+1), m.Sequence)
		texts = append(texts, m.Text)
	}
	assert.Equal(x.t, []string{"1", "2", "3", "4", "5", "6", "7", "8", "9"}, texts)
	for _, call := range x.provider.Sent("shop") {
		if call.Part.Thread == x.who {
			sent = append(sent, call.Part.Text)
		}
	}
	assert.Equal(x.t, []string{"3", "6", "7", "9"}, sent)
	assert.Equal(x.t, "9", x.current(x.who).Preview)
}

// sleeps snoozes the conversation, and has it wake once somebody's clock says so.
func (x *wrong) sleeps() {
	x.t.Helper()
	until := x.now(0).Add(10 * time.Minute)
	_, err := x.desks[0].As(frontdesk.System(tenant)).Do(ctx, x.last.ID, frontdesk.Snooze{Until: until})
	require.NoError(x.t, err)
	x.step.Store(beforeWaking + 1)
	x.due()
	early := !x.now(0).Before(until) || !x.now(1).Before(until)
	assert.Equal(x.t, early, x.get(x.last.ID).Snoozed.IsZero(), "it sleeps until a clock says that it is time")
	x.clock.Advance(2*time.Hour + 11*time.Minute)
	x.due()
	assert.True(x.t, x.get(x.last.ID).Snoozed.IsZero())
	x.step.Store(0) // the clocks are right again
	x.due()
	if x.slept == nil {
		x.slept = map[string]int{}
	}
	x.slept[x.last.ID] = 1
}
