package desk_test

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/loopback"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
	"github.com/frontdesk-go/frontdesk/store"
)

// BenchmarkInbound is one message of a known customer from the signed request to the answer: verified, parsed, decided, committed.
func BenchmarkInbound(b *testing.B) {
	for name, open := range map[string]func(testing.TB) *stores.Opened{
		"memory":     func(testing.TB) *stores.Opened { return stores.Memory(nil) },
		"sqlite":     stores.SQLite,
		"postgresql": stores.PostgreSQL,
	} {
		b.Run(name, func(b *testing.B) { benchInbound(b, open(b)) })
	}
}

func benchInbound(b *testing.B, s store.Store) {
	provider := loopback.New()
	desk, err := frontdesk.New(frontdesk.Config{Store: s, Drivers: channel.Drivers{provider}, BaseURL: "https://desk.example.com"})
	require.NoError(b, err)
	setup := desk.As(frontdesk.System(tenant))
	require.NoError(b, setup.SaveMailbox(ctx, frontdesk.Mailbox{ID: "berlin"}))
	_, err = setup.AddChannel(ctx, frontdesk.Channel{Kind: "loopback", Mailbox: "berlin", Account: "shop", PollEvery: -1})
	require.NoError(b, err)
	requests := make([]*channel.Request, b.N+100)
	for i := range requests {
		who := "customer-" + strconv.Itoa(i%100)
		requests[i] = provider.Request(channel.Item{Account: "shop", Thread: who, Message: &channel.Message{ID: fmt.Sprint("m", i),
			From: []conversation.Identity{{Scope: "loopback", Address: who}}, Text: "Where is my order? It should have come yesterday."}})
	}
	for _, r := range requests[:100] {
		serve(desk, r)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for _, r := range requests[100:] {
		if code := serve(desk, r); code != 200 {
			b.Fatal(code)
		}
	}
}
