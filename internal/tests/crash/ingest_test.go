package crash_test

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/loopback"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
)

func drivers(d ...channel.Driver) channel.Drivers { return d }

// customers is how many write, so that most messages meet others of their conversation.
const customers = 20

// delivery is what the provider sends under a key: one to three messages of a customer, always the same.
func delivery(provider *loopback.Driver, key string) *http.Request {
	h := fnv.New32a()
	_, _ = h.Write([]byte(key))
	n := h.Sum32()
	who := fmt.Sprintf("c%d", n%customers)
	var items []channel.Item
	for i := range parts(key) {
		items = append(items, channel.Item{Account: "shop", Thread: who, Message: &channel.Message{ID: fmt.Sprintf("%s.%d", key, i), Text: key,
			From: []conversation.Identity{{Scope: "loopback", Address: who, Name: who}}}})
	}
	return provider.Deliver(items...)
}

// parts is how many messages a key's delivery has.
func parts(key string) int { return 1 + int(key[len(key)-1])%3 }

func deliver(d *frontdesk.Desk, provider *loopback.Driver, key string) int {
	rec := httptest.NewRecorder()
	d.Webhooks().ServeHTTP(rec, delivery(provider, key))
	return rec.Code
}

// ingest is the child that takes deliveries in, while agents work and the Desk runs, until it is killed. It says a key before it hands the
// delivery over and again once that is acknowledged, and delivers as a provider does: what is not acknowledged comes again.
func ingest(c *child) error {
	provider := loopback.New()
	d, err := c.desk(provider)
	if err != nil {
		return err
	}
	go func() { _ = d.Run(ctx) }()
	go meddle(d)
	var next atomic.Int64
	failed := make(chan error)
	say("ready")
	for range 4 {
		go func() {
			for {
				i := int(next.Add(1)) - 1
				key := fmt.Sprintf("%d-%d", c.Round, i)
				if i < len(c.Again) {
					key = c.Again[i]
				}
				say("sent %s", key)
				switch code := deliver(d, provider, key); code {
				case http.StatusOK:
					say("acked %s", key)
				case http.StatusServiceUnavailable:
				default:
					failed <- fmt.Errorf("%s: status %d", key, code)
				}
			}
		}()
	}
	return <-failed
}

// meddle is agents at work: they read what is there, take it and give it away, so that counts move in all ways.
func meddle(d *frontdesk.Desk) {
	jane := d.As(frontdesk.Actor{Tenant: tenant, Agent: "jane"})
	for ; ; time.Sleep(time.Millisecond) {
		page, err := jane.Conversations(ctx, frontdesk.Query{Limit: customers})
		if err != nil || len(page.Items) == 0 {
			continue
		}
		id := page.Items[rand.N(len(page.Items))].ID
		switch rand.N(3) {
		case 0:
			_, _ = jane.View(ctx, id) // what fails because of others is none of the test's
		case 1:
			_, _ = jane.MarkUnread(ctx, id)
		default:
			_, _ = jane.Do(ctx, id, frontdesk.Assign{Agent: []string{"", "jane", "joe"}[rand.N(3)]})
		}
	}
}

// client is what the provider knows of its deliveries.
type client struct {
	sent, acked map[string]bool
}

// hear takes in what a killed child had said.
func (c *client) hear(lines []string) {
	for _, line := range lines {
		if key, ok := strings.CutPrefix(line, "sent "); ok {
			c.sent[key] = true
		}
		if key, ok := strings.CutPrefix(line, "acked "); ok {
			c.acked[key] = true
		}
	}
}

// unknown are the deliveries whose outcome the provider does not know.
func (c *client) unknown() (keys []string) {
	for key := range c.sent {
		if !c.acked[key] {
			keys = append(keys, key)
		}
	}
	return keys
}

// check compares what is stored with what the provider knows: what was acknowledged is there once, what was not is there whole or not
// at all, and nothing else is.
func (c *client) check(t *testing.T, x *seen) (stored int) {
	t.Helper()
	left := len(x.provider)
	for key := range c.sent {
		there := 0
		for i := range parts(key) {
			n := x.provider[fmt.Sprintf("%s.%d", key, i)]
			require.LessOrEqual(t, n, 1, "%s is there twice", key)
			there += n
		}
		if c.acked[key] {
			require.Equal(t, parts(key), there, "%s was acknowledged and is lost", key)
		}
		require.Contains(t, []int{0, parts(key)}, there, "%s is torn", key)
		left -= there
		stored += min(there, 1)
	}
	require.Zero(t, left, "messages that nobody sent")
	return stored
}

// killsPerDatabase is after how many kills a test goes on with a fresh database, so that each look at all of it stays short.
const killsPerDatabase = 10

// A process is killed at a random moment while it takes messages in: what it acknowledged is there, once and whole, and what the provider
// then delivers again, because it never heard, is there once. FRONTDESK_CRASH_KILLS is how often for each store; published are 1,000.
func TestX1_X2_KilledDuringIngest(t *testing.T) {
	tests := []struct {
		name string
		open func(testing.TB) *stores.Opened
	}{{"PostgreSQL", stores.PostgreSQL}, {"SQLite FULL", stores.SQLite}, {"SQLite NORMAL", normal}}
	if testing.Short() {
		tests = tests[:1] // as eachSQL
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := drawn(t)
			var sum tally
			for left := size(t, "FRONTDESK_CRASH_KILLS", 4); left > 0 && !t.Failed(); left -= killsPerDatabase {
				t.Run("database", func(t *testing.T) { sum.add(lifeOfADatabase(t, tt.open(t), r, min(left, killsPerDatabase))) })
			}
			t.Logf("%+v", sum)
			assert.Positive(t, sum.Acked, "the children got something done")
		})
	}
}

// tally is what a test has seen.
type tally struct{ Kills, Sent, Acked, Unknown, UnknownStored, Messages, Events int }

func (a *tally) add(b tally) {
	a.Kills += b.Kills
	a.Sent += b.Sent
	a.Acked += b.Acked
	a.Unknown += b.Unknown
	a.UnknownStored += b.UnknownStored
	a.Messages += b.Messages
	a.Events += b.Events
}

func lifeOfADatabase(t *testing.T, o *stores.Opened, r *rand.Rand, kills int) (sum tally) {
	provider := loopback.New()
	furnish(t, parent(t, o, 0), provider.Kind())
	known := &client{sent: map[string]bool{}, acked: map[string]bool{}}
	ahead := time.Duration(0)
	for round := range kills {
		p := spawn(t, o, &child{Role: "ingest", Round: round, Skew: ahead, Again: known.unknown()})
		if r.IntN(10) > 0 { // else it may be killed before it has begun
			p.waits(1 + r.IntN(80))
		}
		time.Sleep(time.Duration(r.IntN(5_000)) * time.Microsecond)
		p.kill()
		settled(t, o, p)
		known.hear(p.said())
		again := o.Again(t)
		ahead += afterLease
		d := parent(t, again, ahead)
		require.NoError(t, d.RunDue(ctx))
		x := look(t, d)
		stored := known.check(t, x)
		sum.Kills++
		sum.Unknown += len(known.unknown())
		sum.UnknownStored += stored - len(known.acked)
		if o.Driver == "sqlite" {
			var sound string
			require.NoError(t, again.DB.QueryRowContext(ctx, "pragma integrity_check").Scan(&sound))
			require.Equal(t, "ok", sound)
		}
		require.NoError(t, again.DB.Close())
	}
	sum.Acked = len(known.acked)
	d := parent(t, o, ahead)
	redeliver(t, d, provider, known.unknown())
	for key := range known.sent {
		known.acked[key] = true
	}
	require.NoError(t, d.RunDue(ctx))
	x := look(t, d)
	require.Equal(t, len(known.sent), known.check(t, x), "stored is what was sent, exactly")
	sum.Sent, sum.Messages, sum.Events = len(known.sent), len(x.messages), len(x.events)
	return sum
}

// redeliver delivers keys at the same time, each twice.
func redeliver(t *testing.T, d *frontdesk.Desk, provider *loopback.Driver, keys []string) {
	t.Helper()
	var wg sync.WaitGroup
	for _, key := range append(keys, keys...) {
		wg.Go(func() { assert.Equal(t, http.StatusOK, deliver(d, provider, key), key) })
	}
	wg.Wait()
}
