package crash_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/channel/loopback"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
)

// cutting is a Desk whose database is at the end of a wire.
type cutting struct {
	t        *testing.T
	wire     *wire
	provider *provider
	inbound  *loopback.Driver
	desk     *frontdesk.Desk
	setup    *frontdesk.Session
	chat     string
	moved    time.Duration
	n        int
	before   func(key string) // what is done before each cut
}

func newCutting(t *testing.T, server *stores.Server) *cutting {
	w := &cutting{t: t, provider: newProvider(t), inbound: loopback.New()}
	o := server.PostgreSQL(t)
	cut := *o
	w.wire, cut.DSN = through(t, o)
	s := (&cut).Again(t)
	var err error
	w.desk, err = frontdesk.New(frontdesk.Config{Store: s, Drivers: drivers(w.inbound, remote{url: w.provider.url}), BaseURL: "https://desk.example.com",
		Now: func() time.Time { return time.Now().Add(w.moved) }})
	require.NoError(t, err)
	furnish(t, w.desk, w.inbound.Kind())
	w.setup = w.desk.As(frontdesk.System(tenant))
	ch, err := w.setup.AddChannel(ctx, frontdesk.Channel{Kind: "remote", Account: bare, Mailbox: "berlin"})
	require.NoError(t, err)
	w.chat = ch.ID
	require.NoError(t, w.desk.RunDue(ctx))
	return w
}

// everywhere cuts the wire at each commit of what do does, before and after it has its effect, and has check look at what became of it.
func (w *cutting) everywhere(do func(key string), check func(key string)) {
	w.t.Helper()
	for _, after := range []bool{false, true} {
		for commit := 1; ; commit++ {
			w.n++
			key := fmt.Sprintf("k-%d", w.n)
			if w.before != nil {
				w.before(key)
			}
			w.wire.arm(commit, after)
			do(key)
			cut := w.wire.wasCut()
			w.wire.arm(0, false)
			check(key)
			if !cut {
				require.Greater(w.t, commit, 1, "nothing was cut")
				break
			}
		}
	}
}

// lostInACommit loses a connection in the middle of a commit, so that nobody hears whether it took place. Whoever asked for it asks again and
// gets what is true; whoever does it by himself, as a sender does, finds out and goes on.
func lostInACommit(t *testing.T, server *stores.Server) {
	w := newCutting(t, server)
	again := 0
	w.everywhere(func(key string) {
		for deliver(w.desk, w.inbound, key) != http.StatusOK {
			again++
		}
	}, func(string) {})
	assert.Positive(t, again)

	composed := map[string]string{}
	start := func(key string) frontdesk.Start {
		return frontdesk.Start{Channel: w.chat, Address: "c" + key, Draft: frontdesk.Draft{Text: key, Key: key}}
	}
	w.everywhere(func(key string) {
		m, err := w.setup.Compose(ctx, start(key))
		for ; err != nil; m, err = w.setup.Compose(ctx, start(key)) {
			require.False(t, frontdesk.Refused(err), "%v", err)
		}
		composed[key] = m.ID
	}, func(string) {})

	w.before = func(key string) {
		m, err := w.setup.Compose(ctx, start(key))
		require.NoError(t, err)
		composed[key] = m.ID
	}
	w.everywhere(func(string) {
		_ = w.desk.RunDue(ctx) // what fails is tried again
	}, func(key string) {
		w.moved += afterLease
		require.NoError(t, w.desk.RunDue(ctx))
		m, err := w.setup.Message(ctx, composed[key])
		require.NoError(t, err)
		assert.Equal(t, conversation.Sent, m.Delivery, "%s", key)
	})

	require.NoError(t, w.desk.RunDue(ctx))
	x := look(t, w.desk)
	sent := 0
	for key, n := range x.provider {
		require.Equal(t, 1, n, key)
	}
	for id, m := range x.messages {
		if m.Direction == conversation.Outbound {
			calls, _ := w.provider.count(id)
			assert.Equal(t, 1, calls, "%s", m.Text)
			sent++
		}
	}
	assert.Len(t, composed, sent)
	t.Logf("%d cuts; %d messages in, %d out", w.n, len(x.provider), sent)
}
