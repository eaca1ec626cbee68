package crash_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/channel/loopback"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
	"github.com/frontdesk-go/frontdesk/retention"
)

// work is the child that does what is due, as every process of a host does.
func work(c *child) error {
	d, err := c.desk(remote{url: c.Provider, process: c.Name})
	if err != nil {
		return err
	}
	say("ready")
	return d.Run(ctx)
}

// speed is how many times faster than time the clocks of several processes run, so that leases of killed ones end while the test goes on.
const speed = 20

// Several processes share sends, wake-ups, sweeps and bulks, with clocks up to a minute apart; each second one of them is killed and
// another takes its place. Everything is done once. FRONTDESK_CRASH_SECONDS is for how long; published is a minute.
func TestSeveralProcessesAndOneDiesEachSecond_X15(t *testing.T) {
	eachSQL(t, func(t *testing.T, o *stores.Opened) {
		w := newSeveral(t, o)
		processes := 4
		if o.Driver == "sqlite" {
			processes = 2
		}
		for range processes {
			w.start(len(w.running))
		}
		for n, asked := 0, size(t, "FRONTDESK_CRASH_SECONDS", 2); n < asked || !w.provider.shared() && n < asked+60; n++ {
			w.second()
			if n >= asked { // those who are left have time to come to work
				continue
			}
			i := w.r.IntN(len(w.running))
			w.running[i].kill()
			w.start(i)
			w.kills++
		}
		w.finish()
		w.check()
	})
}

// several is a database that several processes work on, and what they have to do.
type several struct {
	t        *testing.T
	o        *stores.Opened
	r        *rand.Rand
	provider *provider
	clock    *clockFile
	epoch    time.Time
	desk     *frontdesk.Desk    // of the test's own process, which writes and does nothing that is due
	old      *frontdesk.Session // whose clock is forty days behind
	setup    *frontdesk.Session
	chat     frontdesk.Channel
	running  []*process
	kills    int

	sent, asleep, archived, bulked, bulks []string
}

func newSeveral(t *testing.T, o *stores.Opened) *several {
	w := &several{t: t, o: o, r: drawn(t), provider: newProvider(t), clock: newClock(t), epoch: time.Now()}
	w.provider.slow = 40 * time.Millisecond // so that processes are killed with calls on their way
	w.desk = w.open(0)
	w.setup, w.old = w.desk.As(frontdesk.System(tenant)), w.open(-40*24*time.Hour).As(frontdesk.System(tenant))
	w.chat = furnish(t, w.desk, "remote")
	return w
}

func (w *several) open(off time.Duration) *frontdesk.Desk {
	w.t.Helper()
	now := (&child{Epoch: w.epoch, Speed: speed}).now
	d, err := frontdesk.New(frontdesk.Config{Store: w.o, Drivers: drivers(remote{}, loopback.New()), BaseURL: "https://desk.example.com",
		Now: func() time.Time { return now().Add(off + w.clock.moved) }})
	require.NoError(w.t, err)
	return d
}

// start runs a process in a place, with a clock of its own.
func (w *several) start(place int) {
	w.t.Helper()
	p := spawn(w.t, w.o, &child{Role: "work", Name: fmt.Sprintf("process%d", place), Provider: w.provider.url, Clock: w.clock.path,
		Speed: speed, Epoch: w.epoch, Skew: time.Duration(w.r.IntN(61)-30) * time.Second})
	if place == len(w.running) {
		w.running = append(w.running, p)
		p.waits(1)
		return
	}
	w.running[place] = p
}

// second writes what is to be done, for about a second.
func (w *several) second() {
	w.t.Helper()
	for range 10 {
		w.archived = append(w.archived, w.internal(w.old))
		w.bulked = append(w.bulked, w.internal(w.setup))
		id := w.internal(w.setup)
		_, err := w.setup.Do(ctx, id, frontdesk.Snooze{Until: w.now().Add(time.Duration(20+w.r.IntN(60)) * time.Second)})
		require.NoError(w.t, err)
		w.asleep = append(w.asleep, id)
	}
	bulk, err := w.setup.Bulk(ctx, frontdesk.Bulk{IDs: w.bulked[len(w.bulked)-10:], Actions: []frontdesk.Action{frontdesk.SetPriority{Priority: 3}}})
	require.NoError(w.t, err)
	w.bulks = append(w.bulks, bulk)
	w.sweep()
	for end := time.Now().Add(time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		m, err := w.setup.Compose(ctx, frontdesk.Start{Channel: w.chat.ID, Address: fmt.Sprintf("c%d", w.r.IntN(customers)),
			Draft: frontdesk.Draft{Text: fmt.Sprintf("%06d", len(w.sent))}})
		require.NoError(w.t, err)
		w.sent = append(w.sent, m.ID)
	}
}

func (w *several) now() time.Time {
	return (&child{Epoch: w.epoch, Speed: speed}).now().Add(w.clock.moved)
}

// internal makes a conversation without a channel.
func (w *several) internal(s *frontdesk.Session) string {
	w.t.Helper()
	m, err := s.Compose(ctx, frontdesk.Start{Mailbox: "berlin", Draft: frontdesk.Draft{Text: "note", Whisper: true}})
	require.NoError(w.t, err)
	return m.Conversation
}

// sweep sets retention, which has everything swept anew.
func (w *several) sweep() {
	w.t.Helper()
	require.NoError(w.t, w.setup.SaveSettings(ctx, frontdesk.Settings{Retention: retention.Policy{ArchiveDays: 30 + len(w.archived)/10%2}}))
}

// finish moves the clocks behind the leases of the dead and waits until everything is done.
func (w *several) finish() {
	w.t.Helper()
	w.sweep() // what was written behind the last sweep's back
	w.clock.move(afterLease)
	begun, left := time.Now(), ""
	for left = w.left(); left != ""; left = w.left() {
		require.Less(w.t, time.Since(begun), patience, "stuck: %s", left)
		time.Sleep(50 * time.Millisecond)
	}
	w.t.Logf("done %v after the end of the last lease", time.Since(begun).Round(time.Millisecond))
	for _, p := range w.running {
		p.kill()
		settled(w.t, w.o, p)
	}
	w.clock.move(afterLease)
	require.NoError(w.t, w.desk.RunDue(ctx)) // the rest of the feed
}

// left says what is not done yet.
func (w *several) left() string {
	w.t.Helper()
	for _, id := range w.sent {
		if m, err := w.setup.Message(ctx, id); err != nil || m.Delivery != conversation.Sent && m.Delivery != conversation.Unknown {
			return fmt.Sprintf("message %s is %s (%v)", id, m.Delivery, err)
		}
	}
	for _, id := range w.asleep {
		if c, err := w.setup.Conversation(ctx, id); err != nil || !c.Snoozed.IsZero() {
			return fmt.Sprintf("conversation %s sleeps until %v (%v)", id, c.Snoozed, err)
		}
	}
	for _, id := range w.archived {
		if c, err := w.setup.Conversation(ctx, id); err != nil || c.Place != conversation.Archive {
			return fmt.Sprintf("conversation %s is in %s (%v)", id, c.Place, err)
		}
	}
	for _, id := range w.bulks {
		if s, err := w.setup.BulkState(ctx, id); err != nil || s.Status != frontdesk.BulkDone {
			return fmt.Sprintf("bulk %s is %s (%v)", id, s.Status, err)
		}
	}
	return ""
}

// check counts how often each thing was done.
func (w *several) check() {
	w.t.Helper()
	x := look(w.t, w.desk)
	once := func(ids []string) map[string]int {
		want := map[string]int{}
		for _, id := range ids {
			want[id] = 1
		}
		return want
	}
	assert.Equal(w.t, once(w.asleep), x.count(conversation.EventWoken), "each snooze ends once")
	assert.Equal(w.t, once(w.archived), x.count(conversation.EventMoved), "each old conversation is archived once")
	assert.Equal(w.t, once(w.bulked), x.count(conversation.EventPriority), "the bulks reach each of theirs once")
	for _, id := range w.bulks {
		state, err := w.setup.BulkState(ctx, id)
		require.NoError(w.t, err)
		assert.Equal(w.t, 10, state.Done, "and count it once")
		assert.Zero(w.t, state.Failed)
	}
	page, err := w.setup.Undelivered(ctx, "", 1000)
	require.NoError(w.t, err)
	unknown := map[string]bool{}
	for _, m := range page.Items {
		unknown[m.ID] = true
	}
	for _, id := range w.sent {
		calls, _ := w.provider.count(id)
		if unknown[id] {
			assert.LessOrEqual(w.t, calls, 1, "%s is in doubt", id)
			continue
		}
		assert.Equal(w.t, conversation.Sent, x.messages[id].Delivery)
		assert.Equal(w.t, 1, calls, "%s is sent", id)
	}
	w.checkOrder()
	assert.LessOrEqual(w.t, len(unknown), 8*w.kills, "no more than the killed had under way")
	w.t.Logf("%d kills; %d sent, %d of them in doubt; %d woken, %d archived, %d changed by %d bulks; calls by process: %v", w.kills, len(w.sent), len(unknown),
		len(w.asleep), len(w.archived), len(w.bulked), len(w.bulks), w.provider.by)
}

// checkOrder looks at the order in which each thread's messages reached the provider.
func (w *several) checkOrder() {
	w.t.Helper()
	for thread, texts := range w.provider.order {
		assert.IsIncreasing(w.t, texts, "thread %s", thread)
	}
	assert.True(w.t, w.provider.shared(), "several processes work")
}
