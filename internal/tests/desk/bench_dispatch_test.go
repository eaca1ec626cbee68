package desk_test

import (
	"context"
	"fmt"
	"slices"
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

// given is a store that tells when a conversation was given to somebody.
type given struct {
	store.Store
	to chan string
}

func (s *given) Commit(ctx context.Context, b *store.Batch) error {
	err := s.Store.Commit(ctx, b)
	for _, w := range b.Writes {
		if err == nil && w.Action == store.Put && w.Row.Place != nil && w.Row.Place.Shelf == "assigned" {
			s.to <- w.Row.ID
		}
	}
	return err
}

// BenchmarkFreedSlot is the time from the call that closes a conversation to the commit that gives its agent the longest waiting one, with
// 50 agents who are all full and 500 conversations that wait, beside the time of one bare commit in the same run.
func BenchmarkFreedSlot(b *testing.B) {
	for name, open := range map[string]func(testing.TB) *stores.Opened{
		"memory":     func(testing.TB) *stores.Opened { return stores.Memory(nil) },
		"sqlite":     stores.SQLite,
		"postgresql": stores.PostgreSQL,
	} {
		b.Run(name, func(b *testing.B) { benchFreedSlot(b, open(b)) })
	}
}

func benchFreedSlot(b *testing.B, inner store.Store) {
	s := &given{Store: inner, to: make(chan string, 10_000)}
	provider := loopback.New()
	desk, err := frontdesk.New(frontdesk.Config{Store: s, Drivers: channel.Drivers{provider}, BaseURL: "https://desk.example.com"})
	require.NoError(b, err)
	setup := desk.As(frontdesk.System(tenant))
	require.NoError(b, setup.SaveMailbox(ctx, frontdesk.Mailbox{ID: "berlin", Slots: 2, AssignOnFirst: true}))
	_, err = setup.AddChannel(ctx, frontdesk.Channel{Kind: "loopback", Mailbox: "berlin", Account: "shop", PollEvery: -1})
	require.NoError(b, err)
	for i := range 50 {
		id := fmt.Sprintf("a%02d", i)
		require.NoError(b, setup.SaveAgent(ctx, frontdesk.Agent{ID: id, Mailboxes: []string{"berlin"}}))
		require.NoError(b, desk.As(frontdesk.Actor{Tenant: tenant, Agent: id}).SignIn(ctx))
	}
	arrive := func(who string) {
		serve(desk, provider.Request(channel.Item{Account: "shop", Thread: who, Message: &channel.Message{ID: who, Text: "Where is my order?",
			From: []conversation.Identity{{Scope: "loopback", Address: who}}}}))
	}
	for i := range 600 {
		arrive(fmt.Sprint("c", i))
	}
	running, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { assert.NoError(b, desk.Run(running)) })
	var held []string
	for range 100 {
		held = append(held, <-s.to)
	}
	var took, bare []time.Duration
	for i := range 60 { // what a connection runs for the first time is planned and kept
		arrive(fmt.Sprint("first", i))
		_, err := setup.Do(ctx, held[0], frontdesk.SetStatus{Status: conversation.Closed})
		require.NoError(b, err)
		held = append(held[1:], <-s.to)
	}
	for i := 0; b.Loop(); i++ {
		b.StopTimer()
		arrive(fmt.Sprint("more", i))
		time.Sleep(60 * time.Millisecond) // the work of the arrival is done, on a slow disk too
		begin := time.Now()
		require.NoError(b, commitOne(inner, i))
		bare = append(bare, time.Since(begin))
		b.StartTimer()
		begin = time.Now()
		_, err := setup.Do(ctx, held[0], frontdesk.SetStatus{Status: conversation.Closed})
		require.NoError(b, err)
		held = append(held[1:], <-s.to)
		took = append(took, time.Since(begin))
	}
	cancel()
	wg.Wait()
	at := func(all []time.Duration, part float64) float64 {
		slices.Sort(all)
		return float64(all[int(part*float64(len(all)-1))].Microseconds())
	}
	b.ReportMetric(at(took, 0.99)/at(bare, 0.5), "p99-in-bare")
	b.ReportMetric(at(took, 0.5), "p50-µs")
	b.ReportMetric(at(took, 0.99), "p99-µs")
	b.ReportMetric(at(bare, 0.5), "bare-p50-µs")
	b.ReportMetric(at(bare, 0.99), "bare-p99-µs")
}

func commitOne(s store.Store, i int) error {
	batch := store.NewBatch("bare", time.Now())
	row := store.Row{Key: store.Key{Kind: store.Document, ID: fmt.Sprint("bare/", i, time.Now().UnixNano())}, Body: []byte("x")}
	batch.ReadRow(store.Row{Key: row.Key})
	batch.Put(row)
	if err := batch.Seal(); err != nil {
		return err
	}
	return s.Commit(ctx, batch)
}
