// Package desk_test shows through the public API, on every store, that each requirement holds.
package desk_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/loopback"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
	"github.com/frontdesk-go/frontdesk/store"
)

const tenant = "acme"

var ctx = context.Background()

// clock is a time that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// world is a Desk with a mailbox, agents and a loopback channel.
type world struct {
	t        *testing.T
	store    store.Store
	desk     *frontdesk.Desk
	provider *loopback.Driver
	clock    *clock
	setup    *frontdesk.Session
	jane     *frontdesk.Session // agent of mailbox berlin
	joe      *frontdesk.Session // agent of mailbox berlin
	mia      *frontdesk.Session // agent of mailbox munich
	chat     frontdesk.Channel  // account "shop" of mailbox berlin
	ids      int
}

// each runs a test on every store.
func each(t *testing.T, run func(t *testing.T, w *world)) {
	t.Helper()
	stores.Each(t, func(t *testing.T, s store.Store) { run(t, newWorld(t, s)) })
}

// onMemory runs a test that does not touch storage in a way of its own.
func onMemory(t *testing.T, run func(t *testing.T, w *world)) {
	t.Helper()
	run(t, newWorld(t, stores.Memory(t)))
}

func newWorld(t *testing.T, s store.Store, change ...func(*frontdesk.Config)) *world {
	t.Helper()
	w := &world{t: t, store: s, provider: loopback.New(), clock: &clock{now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}}
	w.desk = w.open(change...)
	w.setup = w.desk.As(frontdesk.System(tenant))
	require.NoError(t, w.setup.SaveMailbox(ctx, frontdesk.Mailbox{ID: "berlin", Name: "Berlin"}))
	require.NoError(t, w.setup.SaveMailbox(ctx, frontdesk.Mailbox{ID: "munich"}))
	require.NoError(t, w.setup.SaveTeam(ctx, frontdesk.Team{ID: "returns"}))
	w.jane = w.agent(frontdesk.Agent{ID: "jd", Name: "Jane Doe", Mailboxes: []string{"berlin"}, Teams: []string{"returns"}})
	w.joe = w.agent(frontdesk.Agent{ID: "joe", Name: "Joe", Mailboxes: []string{"berlin"}})
	w.mia = w.agent(frontdesk.Agent{ID: "mia", Name: "Mia", Mailboxes: []string{"munich"}})
	w.chat = w.channel(frontdesk.Channel{Account: "shop", Mailbox: "berlin", Default: true})
	return w
}

// open makes another Desk on the same store and provider, as another process would.
func (w *world) open(change ...func(*frontdesk.Config)) *frontdesk.Desk {
	w.t.Helper()
	cfg := frontdesk.Config{Store: w.store, Drivers: channel.Drivers{w.provider}, BaseURL: "https://desk.example.com", Now: w.clock.Now}
	for _, f := range change {
		f(&cfg)
	}
	d, err := frontdesk.New(cfg)
	require.NoError(w.t, err)
	return d
}

func (w *world) agent(a frontdesk.Agent) *frontdesk.Session {
	w.t.Helper()
	require.NoError(w.t, w.setup.SaveAgent(ctx, a))
	return w.desk.As(frontdesk.Actor{Tenant: tenant, Agent: a.ID})
}

func (w *world) channel(ch frontdesk.Channel) frontdesk.Channel {
	w.t.Helper()
	ch.Kind = "loopback"
	if ch.PollEvery == 0 {
		ch.PollEvery = -1
	}
	added, err := w.setup.AddChannel(ctx, ch)
	require.NoError(w.t, err)
	return added
}

// hook delivers items and returns the status.
func (w *world) hook(items ...channel.Item) int {
	return serve(w.desk, w.provider.Request(items...))
}

func serve(d *frontdesk.Desk, req *channel.Request) int {
	r := httptest.NewRequest(req.Method, req.URL, bytes.NewReader(req.Body))
	r.Header = req.Header
	rec := httptest.NewRecorder()
	d.Webhooks().ServeHTTP(rec, r)
	return rec.Code
}

// says is a customer's message on the channel "shop".
func (w *world) says(who, text string) channel.Item {
	w.ids++
	return channel.Item{Account: "shop", Thread: who, At: w.clock.Now(), Message: &channel.Message{ID: "in-" + strconv.Itoa(w.ids),
		From: []conversation.Identity{{Scope: "loopback", Address: who, Name: who + " Customer"}}, Text: text}}
}

// hears delivers a customer's message and returns the conversation it is in.
func (w *world) hears(who, text string) frontdesk.Conversation {
	w.t.Helper()
	require.Equal(w.t, http.StatusOK, w.hook(w.says(who, text)))
	return w.current(who)
}

// current is the newest conversation with a customer.
func (w *world) current(who string) frontdesk.Conversation {
	w.t.Helper()
	for _, view := range []frontdesk.View{frontdesk.AllView, frontdesk.SpamView, frontdesk.TrashView} {
		page, err := w.setup.Conversations(ctx, frontdesk.Query{View: view, Limit: 1000})
		require.NoError(w.t, err)
		for _, c := range page.Items {
			if len(c.Threads) > 0 && c.Threads[0].Key == who {
				return c
			}
		}
	}
	require.FailNow(w.t, "no conversation with "+who)
	return frontdesk.Conversation{}
}

// get reads a conversation as the host itself.
func (w *world) get(id string) frontdesk.Conversation {
	w.t.Helper()
	c, err := w.setup.Conversation(ctx, id)
	require.NoError(w.t, err)
	return c
}

// run does everything that is due.
func (w *world) run() {
	w.t.Helper()
	require.NoError(w.t, w.desk.RunDue(ctx))
}

// timeline returns all entries, oldest first.
func (w *world) timeline(id string) []conversation.Message {
	w.t.Helper()
	page, err := w.setup.Timeline(ctx, id, frontdesk.TimelineQuery{Ascending: true, Limit: 1000})
	require.NoError(w.t, err)
	return page.Items
}

// events returns all events of the tenant.
func (w *world) events() []frontdesk.Event {
	w.t.Helper()
	w.run()
	events, err := w.desk.Events(ctx, tenant, 0, 1000)
	require.NoError(w.t, err)
	for i, e := range events {
		require.Equal(w.t, int64(i+1), e.Position, "positions have no gaps")
	}
	return events
}

// count counts events of a type.
func (w *world) count(kind string) (n int) {
	w.t.Helper()
	for _, e := range w.events() {
		if e.Type == kind {
			n++
		}
	}
	return n
}

// texts are the texts handed to the provider.
func (w *world) texts() (out []string) {
	for _, call := range w.provider.Sent("shop") {
		out = append(out, call.Part.Text)
	}
	return out
}

func (w *world) unread(s *frontdesk.Session) int64 {
	w.t.Helper()
	counts, err := s.Counts(ctx)
	require.NoError(w.t, err)
	return counts.All
}
