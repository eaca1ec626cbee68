package crash_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/loopback"
)

// The accounts of a remote channel, by what their provider can do against doubt.
const (
	bare       = "bare"       // nothing
	finder     = "finder"     // it can be asked what became of a message
	idempotent = "idempotent" // it drops a second call for the same message
)

// The points where a sender dies.
const (
	claimed  = "claimed"  // it has committed that it sends, and not called yet
	called   = "called"   // the provider has the message, and has not answered yet
	answered = "answered" // the provider has answered, and that is not committed yet
)

// call is what goes over the wire.
type call struct{ Account, Process, Message, Thread, Text string }

// remote is a driver whose provider is an HTTP server in the test's own process, the same for all.
type remote struct{ url, process, point string }

func (r remote) Kind() string { return "remote" }

func (r remote) Open(_ context.Context, s channel.Settings) (channel.Conn, error) {
	c := conn{remote: r, account: s.Account}
	if s.Account == finder {
		return finding{c}, nil
	}
	return c, nil
}

type conn struct {
	remote
	account string
}

func (c conn) Capabilities() channel.Capabilities {
	caps := loopback.Default()
	caps.Idempotent = c.account == idempotent
	return caps
}

func (c conn) Send(ctx context.Context, p channel.Part) (channel.Sent, error) {
	if c.point == claimed {
		die()
	}
	if code, err := c.post(ctx, "/send", p); err != nil || code != http.StatusOK {
		return channel.Sent{}, errors.Join(err, fmt.Errorf("status %d", code))
	}
	if c.point == answered {
		die()
	}
	return channel.Sent{ID: "p-" + p.Message}, nil
}

func (c conn) post(ctx context.Context, path string, p channel.Part) (code int, err error) {
	body, err := json.Marshal(call{c.account, c.process, p.Message, p.Thread, p.Text})
	if err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+path, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	return res.StatusCode, res.Body.Close()
}

type finding struct{ conn }

func (f finding) Find(ctx context.Context, p channel.Part) (channel.Sent, error) {
	switch code, err := f.post(ctx, "/find", p); {
	case err != nil:
		return channel.Sent{}, err
	case code == http.StatusNotFound:
		return channel.Sent{}, channel.ErrNotFound
	}
	return channel.Sent{ID: "p-" + p.Message}, nil
}

// die ends the process as kill -9 does.
func die() {
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		_ = self.Kill()
	}
	select {}
}

// provider is the server.
type provider struct {
	url  string
	slow time.Duration // each call takes up to twice this

	mu    sync.Mutex
	calls map[string]int // by message, all that reached it
	has   map[string]int // by message, those that it did not drop
	by    map[string]int // by process
	first map[string]time.Time
	order map[string][]string
	kill  map[string]func() // by process: it is killed when it calls, and gets no answer
}

func newProvider(t *testing.T) *provider {
	p := &provider{calls: map[string]int{}, has: map[string]int{}, by: map[string]int{}, first: map[string]time.Time{}, order: map[string][]string{}, kill: map[string]func(){}}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	p.url = server.URL
	return p
}

// shared reports whether several processes have called.
func (p *provider) shared() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.by) > 1
}

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var c call
	if err := json.NewDecoder(r.Body).Decode(&c); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	p.mu.Lock()
	if r.URL.Path == "/find" {
		if p.has[c.Message] == 0 {
			w.WriteHeader(http.StatusNotFound)
		}
		p.mu.Unlock()
		return
	}
	p.calls[c.Message]++
	p.by[c.Process]++
	if p.first[c.Message].IsZero() {
		p.first[c.Message] = time.Now()
	}
	if c.Account != idempotent || p.has[c.Message] == 0 {
		p.has[c.Message]++
		p.order[c.Thread] = append(p.order[c.Thread], c.Text)
	}
	kill := p.kill[c.Process]
	p.mu.Unlock()
	if kill != nil {
		kill()
		<-r.Context().Done() // the connection of the dead
	}
	if p.slow > 0 {
		time.Sleep(rand.N(2 * p.slow))
	}
}

// count returns how often the provider was called for a message, and how often it has it.
func (p *provider) count(message string) (calls, has int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls[message], p.has[message]
}

// kills has a process killed when it calls.
func (p *provider) kills(process string, kill func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.kill[process] = kill
}
