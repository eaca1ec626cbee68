package crash_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
)

// send is the child that writes messages and sends them until it dies at its point. It says each key before it writes. Without a point it
// only sends, and looks for work all the time.
func send(c *child) error {
	d, err := c.desk(remote{url: c.Provider, process: c.Name, point: c.Point})
	if err != nil {
		return err
	}
	say("ready")
	if c.Point == "" {
		for ; ; time.Sleep(5 * time.Millisecond) {
			if err := d.RunDue(ctx); err != nil {
				return err
			}
		}
	}
	go func() { _ = d.Run(ctx) }()
	for i := 0; ; i++ {
		key := fmt.Sprintf("%s/%d", c.Name, i)
		say("wrote %s", key)
		if _, err := d.As(frontdesk.System(tenant)).Compose(ctx, written(c.Again[0], key)); err != nil {
			return err
		}
		if i > 2 {
			time.Sleep(20 * time.Millisecond) // the other one was faster: it will be this one's turn
		}
	}
}

// written is the message that belongs to a key, on a thread that it shares with others.
func written(channelID, key string) frontdesk.Start {
	return frontdesk.Start{Channel: channelID, Address: fmt.Sprintf("c%d", len(key)*31+int(key[len(key)-1])%3), Draft: frontdesk.Draft{Text: key, Key: key}}
}

// clockFile is what moves the clocks of all processes of a test.
type clockFile struct {
	t     *testing.T
	path  string
	moved time.Duration
}

func newClock(t *testing.T) *clockFile {
	c := &clockFile{t: t, path: filepath.Join(t.TempDir(), "clock")}
	c.move(0)
	return c
}

func (c *clockFile) move(by time.Duration) {
	c.t.Helper()
	c.moved += by
	next := c.path + ".next"
	require.NoError(c.t, os.WriteFile(next, []byte(c.moved.String()), 0o600))
	require.NoError(c.t, os.Rename(next, c.path))
}

// A sender is killed between its claim, the call and the result, while a second process works on the same database. No message is handed
// over twice, none is stuck after the lease, and what is in doubt says so. FRONTDESK_CRASH_SENDS is how often for each point and each
// kind of provider; published are 200.
func TestX12_KilledWhileSending(t *testing.T) {
	n := size(t, "FRONTDESK_CRASH_SENDS", 1)
	eachSQL(t, func(t *testing.T, o *stores.Opened) {
		w := newOutbound(t, o)
		for _, account := range []string{bare, finder, idempotent} {
			for _, point := range []string{claimed, called, answered} {
				before := w.sum
				for range n {
					w.round(account, point)
				}
				t.Logf("%s, killed when %s: %s", account, point, w.sum.since(before))
			}
		}
	})
}

// eachSQL is stores.EachSQL, with -short on PostgreSQL alone: SQLite as Go code takes long with the race detector.
func eachSQL(t *testing.T, run func(t *testing.T, o *stores.Opened)) {
	t.Helper()
	if !testing.Short() {
		t.Run("SQLite", func(t *testing.T) { run(t, stores.SQLite(t)) })
	}
	t.Run("PostgreSQL", func(t *testing.T) { run(t, stores.PostgreSQL(t)) })
}

// outbound is a database that a killed sender and its heir share.
type outbound struct {
	t        *testing.T
	o        *stores.Opened
	provider *provider
	clock    *clockFile
	setup    *frontdesk.Session
	channels map[string]string
	rounds   int
	sum      outcome
}

// outcome counts what became of messages.
type outcome struct {
	kills, messages, sent, unknown, repeated int
	slowest                                  time.Duration
}

func (a outcome) since(b outcome) string {
	return fmt.Sprintf("%d kills, %d messages: %d sent, %d unknown; %d calls repeated; settled after at most %v", a.kills-b.kills, a.messages-b.messages,
		a.sent-b.sent, a.unknown-b.unknown, a.repeated-b.repeated, a.slowest.Round(time.Millisecond))
}

func newOutbound(t *testing.T, o *stores.Opened) *outbound {
	w := &outbound{t: t, o: o, provider: newProvider(t), clock: newClock(t), channels: map[string]string{}}
	d, err := frontdesk.New(frontdesk.Config{Store: o, Drivers: drivers(remote{}), Now: func() time.Time { return time.Now().Add(w.clock.moved) }})
	require.NoError(t, err)
	w.setup = d.As(frontdesk.System(tenant))
	require.NoError(t, w.setup.SaveMailbox(ctx, frontdesk.Mailbox{ID: "berlin"}))
	for _, account := range []string{bare, finder, idempotent} {
		ch, err := w.setup.AddChannel(ctx, frontdesk.Channel{Kind: "remote", Account: account, Mailbox: "berlin"})
		require.NoError(t, err)
		w.channels[account] = ch.ID
	}
	w.process("heir", "", "").waits(1)
	return w
}

func (w *outbound) process(name, point, account string) *process {
	return spawn(w.t, w.o, &child{Role: "send", Name: name, Point: point, Provider: w.provider.url, Clock: w.clock.path, Again: []string{w.channels[account]}})
}

// round kills one sender and looks at what becomes of its messages.
func (w *outbound) round(account, point string) {
	w.t.Helper()
	w.rounds++
	name := fmt.Sprintf("victim%d", w.rounds)
	victim := make(chan *process, 1)
	if point == called {
		w.provider.kills(name, func() {
			p := <-victim
			victim <- p
			_ = p.command.Process.Kill()
		})
	}
	p := w.process(name, point, account)
	victim <- p
	p.gone()
	w.sum.kills++
	settled(w.t, w.o, p)
	ids := map[string]string{}
	for _, line := range p.said() {
		if key, ok := strings.CutPrefix(line, "wrote "); ok {
			m, err := w.setup.Compose(ctx, written(w.channels[account], key)) // whose outcome the dead has not learnt
			require.NoError(w.t, err)
			ids[key] = m.ID
		}
	}
	w.settle(account, ids)
}

// settle moves the clocks behind all leases until every message is sent or in doubt, and checks what the provider has of it.
func (w *outbound) settle(account string, ids map[string]string) {
	w.t.Helper()
	begun, open := time.Now(), ids
	for tries := 0; len(open) > 0; tries++ {
		if tries%100 == 0 {
			w.clock.move(afterLease)
		}
		time.Sleep(5 * time.Millisecond)
		require.Less(w.t, time.Since(begun), patience, "stuck: %v", open)
		open = map[string]string{}
		for key, id := range ids {
			if m := w.message(id); m.Delivery != conversation.Sent && m.Delivery != conversation.Unknown {
				open[key] = id
			}
		}
	}
	w.sum.slowest = max(w.sum.slowest, time.Since(begun))
	doubted := w.undelivered()
	for _, id := range ids {
		w.check(account, w.message(id), doubted)
	}
}

func (w *outbound) check(account string, m conversation.Message, doubted map[string]bool) {
	w.t.Helper()
	calls, has := w.provider.count(m.ID)
	w.sum.messages++
	w.sum.repeated += max(calls-1, 0)
	assert.LessOrEqual(w.t, has, 1, "%s is doubled", m.Text)
	if m.Delivery == conversation.Sent {
		w.sum.sent++
		assert.Equal(w.t, 1, has, "%s is lost", m.Text)
	} else {
		w.sum.unknown++
		assert.Equal(w.t, bare, account, "only a provider that cannot be asked leaves doubt about %s", m.Text)
		assert.True(w.t, doubted[m.ID], "%s is in doubt, and nobody sees it", m.Text)
	}
	if account != idempotent {
		assert.LessOrEqual(w.t, calls, 1, "%s was repeated blindly", m.Text)
	}
}

func (w *outbound) message(id string) conversation.Message {
	w.t.Helper()
	m, err := w.setup.Message(ctx, id)
	require.NoError(w.t, err)
	return m
}

func (w *outbound) undelivered() map[string]bool {
	w.t.Helper()
	page, err := w.setup.Undelivered(ctx, "", 1000)
	require.NoError(w.t, err)
	ids := map[string]bool{}
	for _, m := range page.Items {
		ids[m.ID] = true
	}
	return ids
}
