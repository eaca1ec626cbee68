package crash_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"sync"
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

// busy is a Desk that takes deliveries in and sends messages, on a database that is taken from under it.
type busy struct {
	t        *testing.T
	o        *stores.Opened
	r        *rand.Rand
	admin    *sql.DB
	provider *provider
	inbound  *loopback.Driver
	desk     *frontdesk.Desk
	chat     string // channel that messages go out on
	moved    atomic.Int64

	stop    context.CancelFunc // of the Desk
	ended   chan error         // of the Desk
	over    atomic.Bool        // the clients begin nothing new
	clients sync.WaitGroup

	mu      sync.Mutex
	acked   []string             // deliveries
	written map[string]time.Time // messages by ID, and when they were accepted
	refused int                  // deliveries told to come again
	failed  int                  // commands that failed, and were given again
	codes   map[int]int
}

func newBusy(t *testing.T, server *stores.Server) *busy {
	b := &busy{t: t, o: server.PostgreSQL(t), r: drawn(t), provider: newProvider(t), inbound: loopback.New(), written: map[string]time.Time{},
		ended: make(chan error, 1), codes: map[int]int{}}
	var err error
	b.admin, err = sql.Open(b.o.Driver, b.o.DSN)
	require.NoError(t, err)
	t.Cleanup(func() { _ = b.admin.Close() })
	b.desk, err = frontdesk.New(frontdesk.Config{Store: b.o, Drivers: drivers(b.inbound, remote{url: b.provider.url}), BaseURL: "https://desk.example.com",
		Now: func() time.Time { return time.Now().Add(time.Duration(b.moved.Load())) }})
	require.NoError(t, err)
	furnish(t, b.desk, b.inbound.Kind())
	ch, err := b.desk.As(frontdesk.System(tenant)).AddChannel(ctx, frontdesk.Channel{Kind: "remote", Account: bare, Mailbox: "berlin"})
	require.NoError(t, err)
	b.chat = ch.ID
	running, stop := context.WithCancel(ctx)
	b.stop = stop
	go func() { b.ended <- b.desk.Run(running) }()
	for i := range 4 {
		b.clients.Go(func() { b.delivers(i) })
	}
	b.clients.Go(b.writes)
	t.Cleanup(func() { b.over.Store(true); stop() })
	return b
}

// delivers is a provider with one delivery after the other, each of which comes again until it is acknowledged.
func (b *busy) delivers(client int) {
	for i := 0; !b.over.Load(); i++ {
		key := fmt.Sprintf("%d-%d", client, i)
		code := deliver(b.desk, b.inbound, key)
		for ; code != http.StatusOK; code = deliver(b.desk, b.inbound, key) {
			b.mu.Lock()
			b.refused++
			b.codes[code]++
			b.mu.Unlock()
			time.Sleep(2 * time.Millisecond)
		}
		b.mu.Lock()
		b.acked = append(b.acked, key)
		b.mu.Unlock()
	}
}

// writes is an agent who writes one message after the other, each until it is accepted.
func (b *busy) writes() {
	for i := 0; !b.over.Load(); i++ {
		key := fmt.Sprintf("w-%d", i)
		start := frontdesk.Start{Channel: b.chat, Address: fmt.Sprintf("c%d", i%customers), Draft: frontdesk.Draft{Text: key, Key: key}}
		m, err := b.desk.As(frontdesk.System(tenant)).Compose(ctx, start)
		for ; err != nil; m, err = b.desk.As(frontdesk.System(tenant)).Compose(ctx, start) {
			b.mu.Lock()
			b.failed++
			b.mu.Unlock()
			if !assert.False(b.t, frontdesk.Refused(err), "%v", err) {
				return
			}
			time.Sleep(2 * time.Millisecond)
		}
		b.mu.Lock()
		b.written[m.ID] = time.Now()
		b.mu.Unlock()
		time.Sleep(5 * time.Millisecond)
	}
}

func (b *busy) acks() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.acked)
}

// goesOn waits until deliveries that began now are acknowledged, and returns how long that took.
func (b *busy) goesOn() time.Duration {
	b.t.Helper()
	begun, before := time.Now(), b.acks()
	for b.acks() < before+5 { // four may have been under way
		require.Less(b.t, time.Since(begun), 30*time.Second, "the library does not go on")
		time.Sleep(100 * time.Microsecond)
	}
	return time.Since(begun)
}

// victim returns the process of a connection of the library's that is at work, if there is one.
func (b *busy) victim() (pid int) {
	b.t.Helper()
	require.Eventually(b.t, func() bool {
		err := b.admin.QueryRowContext(ctx, `select pid from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()
			order by state = 'idle', random() limit 1`).Scan(&pid)
		return err == nil
	}, patience, time.Millisecond)
	return pid
}

// crash kills a connection's process, upon which PostgreSQL ends all and recovers, and returns how long nobody could connect.
func (b *busy) crash() time.Duration {
	b.t.Helper()
	pid := b.victim()
	witness, err := b.admin.Conn(ctx)
	require.NoError(b.t, err)
	defer witness.Close()
	victim, err := os.FindProcess(pid)
	require.NoError(b.t, err)
	begun := time.Now()
	require.NoError(b.t, victim.Kill())
	for witness.PingContext(ctx) == nil { // until the crash is noticed
		time.Sleep(100 * time.Microsecond)
	}
	b.reachable()
	return time.Since(begun)
}

// reachable waits until the database takes connections.
func (b *busy) reachable() {
	b.t.Helper()
	begun := time.Now()
	for {
		db, err := sql.Open(b.o.Driver, b.o.DSN)
		require.NoError(b.t, err)
		err = db.PingContext(ctx)
		_ = db.Close()
		if err == nil {
			return
		}
		require.Less(b.t, time.Since(begun), patience, "%v", err)
		time.Sleep(time.Millisecond)
	}
}

// finish lets everything come to its end, and checks that what was acknowledged is there once and went out once.
func (b *busy) finish() {
	b.t.Helper()
	b.over.Store(true)
	b.clients.Wait()
	b.sendsAll()
	b.stop()
	require.NoError(b.t, <-b.ended)
	b.moved.Add(int64(afterLease))
	require.NoError(b.t, b.desk.RunDue(ctx))
	x := look(b.t, b.desk)
	known := &client{sent: map[string]bool{}, acked: map[string]bool{}}
	for _, key := range b.acked {
		known.sent[key], known.acked[key] = true, true
	}
	require.Equal(b.t, len(b.acked), known.check(b.t, x))
	doubt, uncalled, slowest := b.checkSent(x)
	b.t.Logf("%d deliveries acknowledged, %d told to come again (%v); %d messages accepted, %d commands given again; %d in doubt, of which the provider has not %d; the slowest sent after %v",
		len(b.acked), b.refused, b.codes, len(b.written), b.failed, doubt, uncalled, slowest.Round(time.Millisecond))
}

// sendsAll waits until nothing is left to send. What rests after an error of the database is due when its clock is moved a little; what was
// leased by a call whose answer the database's end took away is due at the end of that lease.
func (b *busy) sendsAll() {
	b.t.Helper()
	s := b.desk.As(frontdesk.System(tenant))
	begun, moved := time.Now(), false
	b.moved.Add(int64(10 * time.Second))
	for id := range b.written {
		for {
			m, err := s.Message(ctx, id)
			require.NoError(b.t, err)
			if m.Delivery == conversation.Sent || m.Delivery == conversation.Unknown {
				break
			}
			require.Less(b.t, time.Since(begun), patience, "%s is stuck: %s", id, m.Delivery)
			if time.Since(begun) > 2*time.Second && !moved {
				b.t.Logf("thread %s waits for the end of a lease that nobody heard of", m.Thread)
				moved = true
				b.moved.Add(int64(afterLease))
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
}

func (b *busy) checkSent(x *seen) (doubt, uncalled int, slowest time.Duration) {
	b.t.Helper()
	page, err := b.desk.As(frontdesk.System(tenant)).Undelivered(ctx, "", 1000)
	require.NoError(b.t, err)
	doubted := map[string]bool{}
	for _, m := range page.Items {
		doubted[m.ID] = true
	}
	outbound := 0
	for id, m := range x.messages {
		if m.Direction != conversation.Outbound {
			continue
		}
		outbound++
		calls, _ := b.provider.count(id)
		assert.LessOrEqual(b.t, calls, 1, "%s is doubled", m.Text)
		if m.Delivery == conversation.Sent {
			assert.Equal(b.t, 1, calls, "%s is lost", m.Text)
			slowest = max(slowest, b.provider.first[id].Sub(b.written[id]))
			continue
		}
		doubt++
		if calls == 0 {
			uncalled++
		}
		assert.True(b.t, doubted[id], "%s is in doubt, and nobody sees it", m.Text)
	}
	assert.Len(b.t, b.written, outbound, "each message is accepted once")
	return doubt, uncalled, slowest
}
