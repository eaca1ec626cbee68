package desk_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
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
	"github.com/frontdesk-go/frontdesk/store/sqlstore"
)

// remote is a driver whose provider is an HTTP server: the same for all processes. It can do no more than send.
type remote struct{ url, process string }

func (r remote) Kind() string { return "remote" }

func (r remote) Open(context.Context, channel.Settings) (channel.Conn, error) { return r, nil }

func (r remote) Capabilities() channel.Capabilities { return loopback.Default() }

func (r remote) Send(ctx context.Context, p channel.Part) (channel.Sent, error) {
	body := strings.NewReader(p.Thread + "\n" + p.Message + "\n" + p.Text)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url+"/"+r.process, body)
	if err != nil {
		return channel.Sent{}, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return channel.Sent{}, err
	}
	defer res.Body.Close()
	return channel.Sent{ID: "p-" + p.Message}, nil
}

// provider is the server. From a number of calls on it answers one process no more.
type provider struct {
	mu       sync.Mutex
	calls    [][3]string // thread, message, text
	by       map[string]int
	hold     string
	held     int
	released chan struct{}
}

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	parts := strings.SplitN(string(body), "\n", 3)
	process := strings.TrimPrefix(r.URL.Path, "/")
	p.mu.Lock()
	p.calls = append(p.calls, [3]string{parts[0], parts[1], parts[2]})
	p.by[process]++
	hold := process == p.hold && p.by[process] > 20
	if hold {
		p.held++
	}
	p.mu.Unlock()
	if hold {
		select {
		case <-p.released:
		case <-r.Context().Done():
		}
	}
}

func (p *provider) stuck() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.held
}

// TestProcess is what another process runs: it works on the database it is told of until it is killed or its input ends.
func TestProcess(t *testing.T) {
	if os.Getenv("DESK_TEST_DSN") == "" {
		t.Skip("this is the other process of TestE4")
	}
	db, err := sql.Open(os.Getenv("DESK_TEST_DRIVER"), os.Getenv("DESK_TEST_DSN"))
	require.NoError(t, err)
	dialect := sqlstore.SQLite
	if os.Getenv("DESK_TEST_DRIVER") == "pgx" {
		dialect = sqlstore.PostgreSQL
	}
	s, err := sqlstore.New(db, sqlstore.Options{Dialect: dialect})
	require.NoError(t, err)
	var ahead atomic.Int64 // how far this process's clock is moved
	now := func() time.Time {
		if ahead.Load() == 0 {
			if _, err := os.Stat(os.Getenv("DESK_TEST_CLOCK")); err == nil {
				ahead.Store(int64(10 * time.Minute))
			}
		}
		return time.Now().Add(time.Duration(ahead.Load()))
	}
	d, err := frontdesk.New(frontdesk.Config{Store: s, Now: now, Drivers: channel.Drivers{remote{os.Getenv("DESK_TEST_PROVIDER"), os.Getenv("DESK_TEST_NAME")}}})
	require.NoError(t, err)
	running, cancel := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	require.NoError(t, d.Run(running))
}

func TestE4_TwoProcessesAndOneDies(t *testing.T) {
	stores.EachSQL(t, func(t *testing.T, o *stores.Opened) {
		p := &provider{by: map[string]int{}, hold: "victim", released: make(chan struct{})}
		server := httptest.NewServer(p)
		defer server.Close()
		defer close(p.released)
		d, err := frontdesk.New(frontdesk.Config{Store: o, Drivers: channel.Drivers{remote{url: server.URL}}})
		require.NoError(t, err)
		s := d.As(frontdesk.System(tenant))
		require.NoError(t, s.SaveMailbox(ctx, frontdesk.Mailbox{ID: "berlin"}))
		ch, err := s.AddChannel(ctx, frontdesk.Channel{Kind: "remote", Account: "shop", Mailbox: "berlin"})
		require.NoError(t, err)
		var ids []string
		for i := range 200 {
			m, err := s.Compose(ctx, frontdesk.Start{Channel: ch.ID, Address: fmt.Sprintf("c%d", i%50), Draft: frontdesk.Draft{Text: fmt.Sprintf("%03d", i)}})
			require.NoError(t, err)
			ids = append(ids, m.ID)
		}

		clock := filepath.Join(t.TempDir(), "ahead")
		var said bytes.Buffer
		start := func(name string) (*exec.Cmd, io.Closer) {
			cmd := exec.Command(os.Args[0], "-test.run", "^TestProcess$", "-test.timeout", "2m")
			cmd.Env = append(os.Environ(), "DESK_TEST_DSN="+o.DSN, "DESK_TEST_DRIVER="+o.Driver, "DESK_TEST_PROVIDER="+server.URL,
				"DESK_TEST_NAME="+name, "DESK_TEST_CLOCK="+clock)
			in, err := cmd.StdinPipe()
			require.NoError(t, err)
			if name != "victim" {
				cmd.Stdout, cmd.Stderr = &said, &said
			}
			require.NoError(t, cmd.Start())
			return cmd, in
		}
		victim, _ := start("victim")
		require.Eventually(t, func() bool { return p.stuck() > 0 }, 30*time.Second, 5*time.Millisecond)
		heir, in := start("heir")
		require.NoError(t, victim.Process.Kill()) // with calls on their way
		_ = victim.Wait()
		require.NoError(t, os.WriteFile(clock, nil, 0o600)) // the heir's clock moves behind the leases' end

		counts := map[conversation.Delivery]int{}
		messages := map[string]conversation.Message{}
		require.Eventually(t, func() bool {
			clear(counts)
			for _, id := range ids {
				m, err := s.Message(ctx, id)
				require.NoError(t, err)
				messages[id] = m
				counts[m.Delivery]++
			}
			return counts[conversation.Sent]+counts[conversation.Unknown] == len(ids)
		}, 60*time.Second, 100*time.Millisecond, "%v", counts)
		require.NoError(t, in.Close())
		require.NoError(t, heir.Wait(), said.String())

		calls, last := map[string]int{}, map[string]string{}
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, call := range p.calls {
			calls[call[1]]++
			assert.Less(t, last[call[0]], call[2], "thread %s in order", call[0])
			last[call[0]] = call[2]
		}
		for id, m := range messages {
			if m.Delivery == conversation.Sent {
				assert.Equal(t, 1, calls[id], "handed over exactly once")
			}
			assert.LessOrEqual(t, calls[id], 1, "never twice")
		}
		page, err := s.Undelivered(ctx, "", 1000)
		require.NoError(t, err)
		assert.Len(t, page.Items, counts[conversation.Unknown], "what is in doubt is visible")
		assert.Positive(t, counts[conversation.Unknown])
		assert.LessOrEqual(t, counts[conversation.Unknown], 8, "no more than the victim had under way")
		assert.Positive(t, p.by["victim"])
		assert.Positive(t, p.by["heir"])
	})
}
