package desk_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"slices"
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
	"github.com/frontdesk-go/frontdesk/retention"
	"github.com/frontdesk-go/frontdesk/store"
)

// BenchmarkSweep archives a tenth of many conversations while customers write. FRONTDESK_SWEEP is how many there are, 20,000 unless it is
// set. It reports conversations archived a second, rows examined for each, the heap's growth in MB, and the slowest inbound message in ms.
func BenchmarkSweep(b *testing.B) {
	n := 20000
	if text := os.Getenv("FRONTDESK_SWEEP"); text != "" {
		var err error
		n, err = strconv.Atoi(text)
		require.NoError(b, err)
	}
	for name, open := range map[string]func(testing.TB) *stores.Opened{
		"memory":     func(testing.TB) *stores.Opened { return stores.Memory(nil) },
		"sqlite":     stores.SQLite,
		"postgresql": stores.PostgreSQL,
	} {
		b.Run(name, func(b *testing.B) {
			for range b.N {
				benchSweep(b, open(b), n)
			}
		})
	}
}

func benchSweep(b *testing.B, s store.Store, n int) {
	b.StopTimer()
	watch, provider := &counting{Store: s}, loopback.New()
	clock := &clock{now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	desk, err := frontdesk.New(frontdesk.Config{Store: watch, Drivers: channel.Drivers{provider}, BaseURL: "https://desk.example.com", Now: clock.Now})
	require.NoError(b, err)
	setup := desk.As(frontdesk.System(tenant))
	require.NoError(b, setup.SaveMailbox(ctx, frontdesk.Mailbox{ID: "berlin"}))
	_, err = setup.AddChannel(ctx, frontdesk.Channel{Kind: "loopback", Mailbox: "berlin", Account: "shop", PollEvery: -1})
	require.NoError(b, err)
	hear := func(who, text string) time.Duration {
		begun := time.Now()
		code := serve(desk, provider.Request(channel.Item{Account: "shop", Thread: who, At: clock.Now(), Message: &channel.Message{ID: who + text,
			From: []conversation.Identity{{Scope: "loopback", Address: who}}, Text: text}}))
		require.Equal(b, http.StatusOK, code)
		return time.Since(begun)
	}
	hear("template", "Hi")
	copies(b, s, n, clock.Now().Add(10*day))
	clock.Advance(10*day + time.Hour)
	require.NoError(b, setup.SaveSettings(ctx, frontdesk.Settings{Retention: retention.Policy{ArchiveDays: 10}}))

	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	watch.examined = 0
	stop, slowest := make(chan struct{}), time.Duration(0)
	var writers sync.WaitGroup
	writers.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				slowest = max(slowest, hear(fmt.Sprint("w", i%50), strconv.Itoa(i)))
			}
		}
	})
	b.StartTimer()
	begun := time.Now()
	for {
		require.NoError(b, desk.RunDue(ctx))
		state, err := setup.SweepState(ctx)
		require.NoError(b, err)
		if !state.Last.IsZero() {
			b.ReportMetric(float64(state.Archived)/time.Since(begun).Seconds(), "archived/s")
			b.ReportMetric(float64(watch.examined)/float64(state.Archived), "examined/archived")
			break
		}
	}
	b.StopTimer()
	close(stop)
	writers.Wait()
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(slowest.Microseconds())/1000, "slowest-inbound-ms")
	b.ReportMetric(float64(int64(after.HeapAlloc)-int64(before.HeapAlloc))/(1<<20), "heap-MB")
	b.ReportMetric(float64(watch.largest), "largest-page")
}

// copies puts n conversations like the one there is, every tenth of them as old as that, the others as old as now.
func copies(b *testing.B, s store.Store, n int, now time.Time) {
	page, err := s.List(context.Background(), store.Query{Tenant: tenant, Kind: store.Conversation})
	require.NoError(b, err)
	require.Len(b, page.Rows, 1)
	template := page.Rows[0]
	for some := range slices.Chunk(slices.Collect(oneByOne(n)), 500) {
		batch := store.NewBatch(tenant, now)
		for _, i := range some {
			row := template.Clone()
			var conv conversation.Conversation
			kept, err := store.Decode(row.Body, &conv)
			require.NoError(b, err)
			conv.ID, conv.Number, conv.Threads, conv.Attention = fmt.Sprintf("copy%08d", i), int64(i), nil, conversation.Mark{}
			if i%10 != 0 {
				conv.Activity = now
			}
			row.Body, err = store.Encode(1, conv, kept)
			require.NoError(b, err)
			row.ID, row.Place.Activity = conv.ID, conv.Activity.UnixMicro()
			batch.ReadRow(store.Row{Key: row.Key})
			batch.Put(row)
		}
		require.NoError(b, batch.Seal())
		require.NoError(b, s.Commit(context.Background(), batch))
	}
}

func oneByOne(n int) func(func(int) bool) {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}
