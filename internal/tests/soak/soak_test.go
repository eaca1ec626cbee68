// Package soak_test lets a Desk work for long and looks for what grows that should not.
package soak_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
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

// TestX21_Soak takes in messages at a steady rate while agents answer, complete and trash conversations and the trash is emptied, and samples
// goroutines, memory, file handles and SQLite's write-ahead log. FRONTDESK_SOAK is how long it goes on for each store, as a duration such as
// 30m; defaults to 3 seconds, after which only what leaks at once is seen. FRONTDESK_SOAK_RATE is the number of messages a second; defaults
// to half of what eight callers reach on this machine in the first second.
func TestX21_Soak(t *testing.T) {
	length := 3 * time.Second
	if text := os.Getenv("FRONTDESK_SOAK"); text != "" {
		var err error
		length, err = time.ParseDuration(text)
		require.NoError(t, err)
	}
	t.Run("Memory", func(t *testing.T) { soak(t, stores.Memory(t), length) })
	t.Run("SQLite", func(t *testing.T) { soak(t, stores.SQLite(t), length) })
	t.Run("PostgreSQL", func(t *testing.T) { soak(t, stores.PostgreSQL(t), length) })
}

const (
	tenant    = "acme"
	customers = 500
	life      = 10 // messages until a conversation is trashed
)

// quiet is the loopback channel with a provider that takes every message and remembers none.
type quiet struct{ *loopback.Driver }

func (q quiet) Open(ctx context.Context, s channel.Settings) (channel.Conn, error) {
	c, err := q.Driver.Open(ctx, s)
	return quietConn{c}, err
}

type quietConn struct{ channel.Conn }

func (c quietConn) Verify(r *channel.Request) error { return c.Conn.(channel.Verifier).Verify(r) }

func (c quietConn) Send(_ context.Context, p channel.Part) (channel.Sent, error) {
	return channel.Sent{ID: "out-" + p.Message}, nil
}

// house is a Desk with customers who write and an agent who answers.
type house struct {
	t        *testing.T
	store    *stores.Opened
	desk     *frontdesk.Desk
	provider *loopback.Driver
	setup    *frontdesk.Session
	agent    *frontdesk.Session
	log      string        // SQLite's write-ahead log; "" for none
	rest     time.Duration // of the writers, in which a sample is taken

	mu    sync.Mutex
	sent  int
	heard [customers]int
}

func open(t *testing.T, o *stores.Opened) *house {
	t.Helper()
	h := &house{t: t, store: o, provider: loopback.New()}
	if o.DB != nil { // few enough for a burst to open all and to have each prepare every statement
		o.DB.SetMaxOpenConns(8)
		o.DB.SetMaxIdleConns(8)
	}
	if o.Driver == "sqlite" {
		file, _, _ := strings.Cut(strings.TrimPrefix(o.DSN, "file:"), "?")
		h.log = file + "-wal"
	}
	desk, err := frontdesk.New(frontdesk.Config{Store: o, Drivers: channel.Drivers{quiet{h.provider}}, BaseURL: "https://desk.example.com",
		KeepEvents: time.Minute, Log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))})
	require.NoError(t, err)
	h.desk, h.setup = desk, desk.As(frontdesk.System(tenant))
	h.agent = desk.As(frontdesk.Actor{Tenant: tenant, Agent: "jd"})
	ctx := t.Context()
	require.NoError(t, h.setup.SaveMailbox(ctx, frontdesk.Mailbox{ID: "berlin"}))
	require.NoError(t, h.setup.SaveAgent(ctx, frontdesk.Agent{ID: "jd", Name: "Jane Doe", Role: "admin", Mailboxes: []string{"berlin"}}))
	_, err = h.setup.AddChannel(ctx, frontdesk.Channel{Kind: "loopback", Mailbox: "berlin", Account: "shop", PollEvery: -1})
	require.NoError(t, err)
	return h
}

// write is one message of a customer, until it is acknowledged. It returns how many that conversation has had.
func (h *house) write() (heard int, took time.Duration) {
	h.mu.Lock()
	h.sent++
	n := h.sent
	who := n % customers
	h.heard[who]++
	heard = h.heard[who]
	h.mu.Unlock()
	name := "customer-" + strconv.Itoa(who)
	req := h.provider.Deliver(channel.Item{Account: "shop", Thread: name, Message: &channel.Message{ID: "m" + strconv.Itoa(n),
		From: []conversation.Identity{{Scope: "loopback", Address: name}}, Text: "Where is my order? It should have come yesterday."}})
	answer := httptest.NewRecorder()
	began := time.Now()
	h.desk.Webhooks().ServeHTTP(answer, req)
	took = time.Since(began)
	assert.Equal(h.t, 200, answer.Code)
	return heard, took
}

// attend answers every fifth message, and trashes the conversation that has rested longest whenever one has come to the end of its life, so that
// there are as many conversations and messages at the end as there were in the first minutes.
func (h *house) attend(ctx context.Context, heard int) error {
	if heard%5 != 0 {
		return nil
	}
	page, err := h.agent.Conversations(ctx, frontdesk.Query{View: frontdesk.Inbox, Limit: 1})
	if err != nil || len(page.Items) == 0 {
		return err
	}
	id := page.Items[0].ID
	if _, err := h.agent.Reply(ctx, id, frontdesk.Draft{Text: "It is on its way."}); err != nil {
		return err
	}
	if heard%life != 0 {
		return nil
	}
	page, err = h.agent.Conversations(ctx, frontdesk.Query{View: frontdesk.Inbox, Limit: 1, Ascending: true})
	if err != nil || len(page.Items) == 0 {
		return err
	}
	_, err = h.agent.Do(ctx, page.Items[0].ID, frontdesk.Trash{})
	return err
}

// sample is what should stay as it is.
type sample struct {
	at         time.Duration
	goroutines int
	heap       int64 // bytes in use after a collection
	rows       int   // in the store in memory, which are part of the heap; 0 elsewhere
	handles    int
	log        int64 // bytes
}

func (h *house) sample(at time.Duration) sample {
	s := sample{at: at, goroutines: resting(h.rest)}
	runtime.GC()
	runtime.GC() // what the first one's finalizers let go
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	s.heap = int64(m.HeapAlloc)
	if handles, err := os.ReadDir("/proc/self/fd"); err == nil {
		s.handles = len(handles)
	}
	if info, err := os.Stat(h.log); err == nil {
		s.log = info.Size()
	}
	if h.store.SQL == nil {
		s.rows = h.rows()
	}
	return s
}

// resting is the smallest number of goroutines while nobody writes: those that are always there, without workers that happen to be at work.
func resting(rest time.Duration) int {
	least := runtime.NumGoroutine()
	for end := time.Now().Add(rest); time.Now().Before(end); time.Sleep(time.Millisecond) {
		least = min(least, runtime.NumGoroutine())
	}
	return least
}

func (h *house) rows() (n int) {
	for _, kind := range []store.Kind{store.Conversation, store.Message, store.Contact, store.Name, store.Document, store.Event, store.Delivery, store.Notice} {
		q := store.Query{Tenant: tenant, Kind: kind, Limit: store.MaxLimit}
		for {
			page, err := h.store.List(h.t.Context(), q)
			require.NoError(h.t, err)
			n += len(page.Rows)
			if q.Cursor = page.Cursor; q.Cursor == "" {
				break
			}
		}
	}
	return n
}

// rate is half of what eight callers reach in a second, or what the variable says. Before that, more callers than a pool has connections open
// all of them, and fill the log as far as a burst does.
func (h *house) rate() int {
	h.burst(64)
	n := h.burst(8)
	if given, err := strconv.Atoi(os.Getenv("FRONTDESK_SOAK_RATE")); err == nil {
		return given
	}
	return max(1, n/2)
}

// burst is how many messages so many callers have taken in in a second.
func (h *house) burst(callers int) int {
	var all sync.WaitGroup
	before, began := h.sent, time.Now()
	for range callers {
		all.Go(func() {
			for time.Since(began) < time.Second {
				h.write()
			}
		})
	}
	all.Wait()
	return h.sent - before
}

func soak(t *testing.T, o *stores.Opened, length time.Duration) {
	h := open(t, o)
	running, stop := context.WithCancel(t.Context())
	var work sync.WaitGroup
	work.Go(func() { assert.NoError(t, h.desk.Run(running)) })
	rate := h.rate()
	work.Go(func() { h.keepClean(running) })

	begin := time.Now()
	every := length / 30
	h.rest = min(time.Second, every/10)
	samples, tick := []sample{}, time.NewTicker(time.Second/time.Duration(rate))
	defer tick.Stop()
	var mu sync.Mutex
	took := make([]time.Duration, 0, int64(rate)*int64(length/time.Second+60)) // has its size from the beginning, as all that is looked at
	var latencies [][]time.Duration                                            // parts of it, between samples
	var writers sync.WaitGroup
	told := 0
	for next := every; time.Since(begin) < length || len(samples) < 12; {
		<-tick.C
		writers.Go(func() {
			heard, d := h.write()
			mu.Lock()
			took = append(took, d)
			mu.Unlock()
			var state *conversation.StateError // somebody else trashed it meanwhile, and perhaps it is gone already
			if err := h.attend(t.Context(), heard); !errors.As(err, &state) && !errors.Is(err, frontdesk.ErrNotFound) {
				assert.NoError(t, err)
			}
		})
		if at := time.Since(begin); at > next {
			writers.Wait()
			samples = append(samples, h.sample(at))
			latencies = append(latencies, took[told:])
			told, next = len(took), next+every
		}
	}
	writers.Wait()
	stop()
	work.Wait()
	h.judge(rate, samples, latencies)
}

// keepClean empties the trash every few seconds.
func (h *house) keepClean(ctx context.Context) {
	for tick := time.NewTicker(3 * time.Second); ; {
		select {
		case <-ctx.Done():
			tick.Stop()
			return
		case <-tick.C:
			if _, err := h.setup.EmptyTrash(ctx, ""); err != nil && ctx.Err() == nil {
				h.t.Error(err)
			}
		}
	}
}

// judge compares the last sixth of the samples with the second: the first is spent on filling caches and pools.
func (h *house) judge(rate int, samples []sample, latencies [][]time.Duration) {
	n := len(samples) / 6
	require.Positive(h.t, n, "too few samples")
	first, last := samples[n:2*n], samples[len(samples)-n:]
	median := func(of []sample, what func(sample) float64) float64 {
		all := make([]float64, len(of))
		for i, s := range of {
			all[i] = what(s)
		}
		slices.Sort(all)
		return all[len(all)/2]
	}
	p99 := func(of [][]time.Duration) time.Duration {
		all := slices.Concat(of...)
		slices.Sort(all)
		return all[len(all)*99/100]
	}
	long := samples[len(samples)-1].at > time.Minute
	report := func(name string, room float64, what func(sample) float64) { // room is what comes and goes
		a, b := median(first, what), median(last, what)
		h.t.Logf("%-12s %12.1f -> %12.1f", name, a, b)
		if long {
			assert.LessOrEqual(h.t, b, 1.05*a+room, name)
		}
	}
	h.t.Logf("%d messages at %d a second for %v", h.sent, rate, samples[len(samples)-1].at.Round(time.Second))
	report("goroutines", 2, func(s sample) float64 { return float64(s.goroutines) })
	report("handles", 2, func(s sample) float64 { return float64(s.handles) })
	report("log, bytes", 16<<20 /* what it keeps of a stretch of much writing */, func(s sample) float64 { return float64(s.log) })
	if samples[0].rows > 0 {
		report("heap/row", 0, func(s sample) float64 { return float64(s.heap) / float64(s.rows) })
	} else {
		report("heap, bytes", 1<<20, func(s sample) float64 { return float64(s.heap) })
	}
	a, b := p99(latencies[n:2*n]), p99(latencies[len(latencies)-n:])
	h.t.Logf("p99          %12v -> %12v (%.2f)", a, b, float64(b)/float64(a))
	for _, s := range samples {
		if !long {
			break
		}
		h.t.Logf("%8.0fs %5d goroutines %10d heap %8d rows %4d handles %10d log", s.at.Seconds(), s.goroutines, s.heap, s.rows, s.handles, s.log)
	}
	assert.Less(h.t, samples[len(samples)-1].goroutines, 300, "goroutines do not pile up")
}
