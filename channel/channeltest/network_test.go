package channeltest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/loopback"
	"github.com/frontdesk-go/frontdesk/conversation"
)

func TestNetwork(t *testing.T) {
	served := 0
	n := &Network{}
	n.Add("api.example.com", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		served++
		body, _ := io.ReadAll(r.Body)
		_, _ = fmt.Fprintf(w, "%s %s %s", r.Method, r.URL.Path, body)
	}))
	post := func(address string) (string, error) {
		resp, err := n.Client().Post(address, "text/plain", strings.NewReader("body"))
		if err != nil {
			return "", err
		}
		body, err := io.ReadAll(resp.Body)
		return string(body), err
	}
	got, err := post("https://api.example.com/x")
	require.NoError(t, err)
	assert.Equal(t, "POST /x body", got)
	n.Lose()
	n.Refuse()
	_, err = post("https://api.example.com/lost")
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.Equal(t, 2, served, "a lost answer was given")
	_, err = post("https://api.example.com/refused")
	assert.ErrorIs(t, err, syscall.ECONNREFUSED)
	_, err = post("https://other.example.com/")
	assert.ErrorIs(t, err, syscall.ECONNREFUSED)
	assert.Equal(t, 2, served)
	assert.Len(t, n.Requests(), 4)
}

// web is a driver whose files are behind HTTP: at the API's host, with a token.
type web struct {
	*loopback.Driver
	network *Network
	open    func()
	class   channel.Class
	part    channel.Part
	fetch   func(ctx context.Context, client *http.Client, address string) (*http.Response, error)
}

type webConn struct {
	everything
	*web
}

func (w *web) Open(ctx context.Context, s channel.Settings) (channel.Conn, error) {
	if w.open != nil {
		w.open()
	}
	c, err := w.Driver.Open(ctx, s)
	if err != nil {
		return nil, err
	}
	return &webConn{c.(everything), w}, nil
}

// Send makes the API take the part, and sorts every error of the network alike.
func (c *webConn) Send(ctx context.Context, p channel.Part) (channel.Sent, error) {
	c.part = p
	if _, err := get(ctx, c.network.Client(), "https://api.example.com/send", ""); err != nil {
		return channel.Sent{}, &channel.Error{Class: c.class, Err: err}
	}
	return channel.Sent{ID: "sent-1"}, nil
}

func (c *webConn) Fetch(ctx context.Context, a conversation.Attachment, limit int64) (channel.File, error) {
	client := c.network.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := c.fetch(ctx, client, a.URL)
	if err != nil {
		return channel.File{}, err
	}
	return channel.File{Type: resp.Header.Get("Content-Type"), Size: -1, Body: http.MaxBytesReader(nil, resp.Body, limit)}, nil
}

func get(ctx context.Context, client *http.Client, address, token string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	if token != "" {
		r.Header.Set("X-Token", token)
	}
	return client.Do(r)
}

// careful sends its token to the API alone, and follows one redirect to a name by https.
func careful(ctx context.Context, client *http.Client, address string) (*http.Response, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host != "api.example.com" {
		return nil, errors.New("not ours")
	}
	resp, err := get(ctx, client, address, "token-1")
	if err != nil || resp.StatusCode < 300 {
		return resp, err
	}
	if u, err = url.Parse(resp.Header.Get("Location")); err != nil || u.Scheme != "https" || !strings.HasSuffix(u.Host, ".net") {
		return nil, errors.New("not followed")
	}
	return get(ctx, client, u.String(), "")
}

// networkCases are the cases that need a Network.
var networkCases = []string{"open/offline", "error/timeout", "fetch/redirect", "fetch/private", "fetch/foreign"}

// TestNetworkLiars proves that those cases can fail.
func TestNetworkLiars(t *testing.T) {
	follow := func(token string) func(context.Context, *http.Client, string) (*http.Response, error) {
		return func(ctx context.Context, client *http.Client, address string) (*http.Response, error) {
			resp, err := get(ctx, client, address, "token-1")
			if err == nil && resp.StatusCode >= 300 {
				return get(ctx, client, resp.Header.Get("Location"), token)
			}
			return resp, err
		}
	}
	tests := []struct {
		name   string
		caught []string
		web    web
	}{
		{"honest", nil, web{fetch: careful, class: channel.Unknown}},
		{"calls a timeout safe to repeat", []string{"error/timeout"}, web{fetch: careful, class: channel.Retry}},
		{"takes its token along", []string{"fetch/redirect", "fetch/private", "fetch/foreign"}, web{fetch: follow("token-1"), class: channel.Unknown}},
		{"follows anywhere", []string{"fetch/private", "fetch/foreign"}, web{fetch: follow(""), class: channel.Unknown}},
		{"calls when it is opened", []string{"open/offline"}, web{fetch: careful, class: channel.Unknown, open: func() {}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, name := range networkCases {
				got := try(t, name, webReference(tt.web))
				assert.Equal(t, slices.Contains(tt.caught, name), got.failed, "%s: %s", name, got.said.String())
				assert.False(t, got.skipped, name)
			}
		})
	}
}

// webReference is a web driver as the suite sees it.
func webReference(w web) Provider {
	w.Driver = loopback.New()
	p := reference(w.Driver)
	redirect := ""
	w.network = &Network{}
	w.network.Add("api.example.com", http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/send" {
			c, _ := w.Driver.Open(context.Background(), p.Settings)
			_, _ = c.Send(context.Background(), w.part)
			return
		}
		if redirect != "" {
			http.Redirect(rw, r, redirect, http.StatusFound)
			return
		}
		_, _ = rw.Write(picture.Data)
	}))
	if w.open != nil {
		w.open = func() { _, _ = get(context.Background(), w.network.Client(), "https://api.example.com/", "") }
	}
	deliver := p.Deliver
	p.Deliver = func(messages ...Inbound) []*channel.Request {
		for i := range messages {
			messages[i].Files = nil
		}
		r := deliver(messages...)[0]
		items, _ := w.Parse(r)
		for _, i := range items {
			i.Message.Attachments = []conversation.Attachment{{ID: "1", URL: "https://api.example.com/1", Type: picture.Type}}
		}
		return []*channel.Request{w.Driver.Request(items...)}
	}
	p.Driver, p.Network, p.Credentials = &w, w.network, []string{"token-1"}
	p.Redirect = func(address string) { redirect = address }
	return p
}

// TestEachCaseWasSeenFailing compares the cases with those that the liars of this package break.
func TestEachCaseWasSeenFailing(t *testing.T) {
	seen := slices.Clone(networkCases)
	for _, l := range liars() {
		seen = append(seen, l.caught...)
	}
	for name := range Rules() {
		assert.Contains(t, seen, name)
	}
}
