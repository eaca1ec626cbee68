//go:build !race

// The race detector would have the whole server built once more; the adapter has its own tests for it.

// Package broker_test publishes events on a NATS server.
package broker_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"sync"
	"testing"
	"time"

	wmnats "github.com/ThreeDotsLabs/watermill-nats/v2/pkg/nats"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/broker"
	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/loopback"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store/memstore"
)

var (
	ctx     = context.Background()
	tenants = []string{"acme", "globex"}
)

// serve starts a NATS server with JetStream; port -1 is a free one.
func serve(t *testing.T, dir string, port int) *server.Server {
	t.Helper()
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: port, JetStream: true, StoreDir: dir, NoSigs: true, NoLog: true})
	require.NoError(t, err)
	s.Start()
	t.Cleanup(func() { stop(s) })
	require.True(t, s.ReadyForConnections(time.Minute))
	return s
}

func stop(s *server.Server) {
	s.Shutdown()
	s.WaitForShutdown()
}

func connect(t *testing.T, url string) (*nats.Conn, nats.JetStreamContext) {
	t.Helper()
	conn, err := nats.Connect(url, nats.MaxReconnects(-1), nats.ReconnectWait(10*time.Millisecond))
	require.NoError(t, err)
	t.Cleanup(conn.Close)
	js, err := conn.JetStream(nats.MaxWait(time.Second))
	require.NoError(t, err)
	return conn, js
}

// newDesk returns a Desk that publishes on the server, and its provider.
func newDesk(t *testing.T, url string) (*frontdesk.Desk, *loopback.Driver) {
	t.Helper()
	conn, _ := connect(t, url)
	publisher, err := wmnats.NewPublisherWithNatsConn(conn, wmnats.PublisherPublishConfig{Marshaler: &wmnats.NATSMarshaler{},
		SubjectCalculator: wmnats.DefaultSubjectCalculator,
		JetStream:         wmnats.JetStreamConfig{TrackMsgId: true, ConnectOptions: []nats.JSOpt{nats.MaxWait(time.Second)}}}, nil)
	require.NoError(t, err)
	provider := loopback.New()
	d, err := frontdesk.New(frontdesk.Config{Store: memstore.New(), Drivers: channel.Drivers{provider}, BaseURL: "https://desk.example.com",
		Retry: []time.Duration{20 * time.Millisecond}, Subscribers: map[string]frontdesk.Subscriber{"broker": broker.Subscriber(publisher, "frontdesk")}})
	require.NoError(t, err)
	for _, tenant := range tenants {
		setup := d.As(frontdesk.System(tenant))
		require.NoError(t, setup.SaveMailbox(ctx, frontdesk.Mailbox{ID: "berlin"}))
		_, err := setup.AddChannel(ctx, frontdesk.Channel{Kind: "loopback", Account: tenant, Mailbox: "berlin", PollEvery: -1})
		require.NoError(t, err)
	}
	return d, provider
}

// says takes a message in for each tenant.
func says(t *testing.T, d *frontdesk.Desk, provider *loopback.Driver, id string) {
	t.Helper()
	for _, tenant := range tenants {
		req := provider.Request(channel.Item{Account: tenant, Thread: "ann", Message: &channel.Message{ID: id, Text: "Hello",
			From: []conversation.Identity{{Scope: "loopback", Address: "ann"}}}})
		r := httptest.NewRequest(req.Method, req.URL, bytes.NewReader(req.Body))
		r.Header = req.Header
		rec := httptest.NewRecorder()
		d.Webhooks().ServeHTTP(rec, r)
		require.Equal(t, http.StatusOK, rec.Code)
	}
}

// published reads the stream from its beginning and returns the positions of each tenant, as they came.
func published(t *testing.T, js nats.JetStreamContext) map[string][]int64 {
	t.Helper()
	info, err := js.StreamInfo("FRONTDESK")
	require.NoError(t, err)
	sub, err := js.SubscribeSync("frontdesk", nats.OrderedConsumer())
	require.NoError(t, err)
	defer func() { require.NoError(t, sub.Unsubscribe()) }()
	all, ids := map[string][]int64{}, map[string]bool{}
	for range info.State.Msgs {
		msg, err := sub.NextMsg(time.Minute)
		require.NoError(t, err)
		position, err := strconv.ParseInt(msg.Header.Get(broker.Position), 10, 64)
		require.NoError(t, err)
		id := msg.Header.Get(nats.MsgIdHdr)
		assert.NotEmpty(t, id)
		assert.False(t, ids[id], "the server leaves out what comes again")
		ids[id] = true
		all[msg.Header.Get(broker.Tenant)] = append(all[msg.Header.Get(broker.Tenant)], position)
	}
	return all
}

// Everything that happens while the server is there, away and there again is on it, in order.
func TestEventsReachABrokerThatWasDown(t *testing.T) {
	dir := t.TempDir()
	s := serve(t, dir, -1)
	url := s.ClientURL()
	port := s.Addr().(interface{ AddrPort() netip.AddrPort }).AddrPort().Port()
	conn, js := connect(t, url)
	_, err := js.AddStream(&nats.StreamConfig{Name: "FRONTDESK", Subjects: []string{"frontdesk"}, Storage: nats.FileStorage})
	require.NoError(t, err)
	d, provider := newDesk(t, url)
	running, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	all.Go(func() { assert.NoError(t, d.Run(running)) })
	defer all.Wait()
	defer cancel()

	complete := func() bool {
		info, err := js.StreamInfo("FRONTDESK")
		return err == nil && int(info.State.Msgs) == told(t, d)
	}
	for round := range 3 {
		for i := range 20 {
			says(t, d, provider, fmt.Sprintf("up-%d-%d", round, i))
		}
		require.Eventually(t, complete, time.Minute, 20*time.Millisecond)
		stop(s)
		for i := range 20 {
			says(t, d, provider, fmt.Sprintf("down-%d-%d", round, i))
		}
		time.Sleep(300 * time.Millisecond) // tries that fail
		s = serve(t, dir, int(port))
		require.Eventually(t, conn.IsConnected, time.Minute, 10*time.Millisecond)
	}
	says(t, d, provider, "last")
	require.Eventually(t, complete, time.Minute, 20*time.Millisecond)
	got := published(t, js)
	for _, tenant := range tenants {
		events, err := d.Events(ctx, tenant, 0, 1000)
		require.NoError(t, err)
		require.Greater(t, len(events), 120)
		require.Len(t, got[tenant], len(events), "nothing is lost")
		for i, position := range got[tenant] {
			require.Equal(t, int64(i+1), position, "in order, without gaps")
		}
	}
}

// told is how many events there are, all tenants together.
func told(t *testing.T, d *frontdesk.Desk) (n int) {
	for _, tenant := range tenants {
		events, err := d.Events(ctx, tenant, 0, 1000)
		require.NoError(t, err)
		n += len(events)
	}
	return n
}
