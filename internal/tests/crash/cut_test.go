package crash_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/channel/loopback"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
)

// wire is what lies between a program and PostgreSQL, and is cut in the middle of a commit: before the server has heard of it, or after it
// has carried it out and before the program hears of that.
type wire struct {
	server string // the server's socket

	mu    sync.Mutex
	left  int  // commits until it is cut; 0: it is not
	after bool // the server has heard of it
	cut   bool
}

// through returns a wire to a server, and a data source name that leads through it.
func through(t *testing.T, o *stores.Opened) (*wire, string) {
	t.Helper()
	dir, _, _ := strings.Cut(strings.TrimPrefix(o.DSN, "host="), " ")
	w := &wire{server: filepath.Join(dir, ".s.PGSQL.5432")}
	near := t.TempDir()
	l, err := net.Listen("unix", filepath.Join(near, ".s.PGSQL.5432"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go w.carry(c)
		}
	}()
	return w, strings.Replace(o.DSN, dir, near, 1)
}

// arm has the wire cut at a commit from now, counted from 1; 0: not.
func (w *wire) arm(commit int, after bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.left, w.after, w.cut = commit, after, false
}

func (w *wire) wasCut() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.cut
}

// commits counts a commit, and reports whether it is the one.
func (w *wire) commits() (cut, after bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.left--
	w.cut = w.cut || w.left == 0
	return w.left == 0, w.after
}

// carry takes the bytes of one connection there and back.
func (w *wire) carry(near net.Conn) {
	defer near.Close()
	far, err := net.Dial("unix", w.server)
	if err != nil {
		return
	}
	defer far.Close()
	deaf, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		defer near.Close()
		back(near, far, deaf)
	}()
	w.there(near, far, deaf)
	select {
	case <-deaf:
		<-done // the server has carried it out
	default:
	}
}

// there takes the program's messages to the server until it is cut. https://www.postgresql.org/docs/current/protocol-message-formats.html
func (w *wire) there(near io.Reader, far io.Writer, deaf chan struct{}) {
	header := 4 // of the first message, which has no type
	for {
		message, err := message(near, header)
		if err != nil {
			return
		}
		header = 5
		if message[0] != 'Q' || string(message[5:]) != "commit\x00" {
			if _, err := far.Write(message); err != nil {
				return
			}
			continue
		}
		cut, after := w.commits()
		if cut && !after {
			return
		}
		if cut {
			close(deaf)
		}
		if _, err := far.Write(message); err != nil || cut {
			return
		}
	}
}

func message(r io.Reader, header int) ([]byte, error) {
	b := make([]byte, header)
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, err
	}
	n := int(binary.BigEndian.Uint32(b[header-4:])) - 4
	b = append(b, make([]byte, n)...)
	_, err := io.ReadFull(r, b[header:])
	return b, err
}

// back takes the server's answers to the program, until the program is to hear nothing more and the server has committed.
func back(near io.Writer, far io.Reader, deaf chan struct{}) {
	b := make([]byte, 64<<10)
	for {
		n, err := far.Read(b)
		select {
		case <-deaf:
			if bytes.Contains(b[:n], []byte("COMMIT\x00")) {
				return
			}
		default:
			_, _ = near.Write(b[:n])
		}
		if err != nil {
			return
		}
	}
}

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
