package outbound

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/channel"
)

// answering accepts connections, reads a request from each, writes an answer and closes it.
func answering(t *testing.T, answer string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Read(make([]byte, 1<<16))
			_, _ = io.WriteString(c, answer)
			_ = c.Close()
		}
	}()
	return "http://" + l.Addr().String()
}

func closed(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return "http://" + l.Addr().String()
}

func TestErrorsOfTheNetwork(t *testing.T) {
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	dial := &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("refused")}
	failing := func(err error) *http.Client {
		return &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) { return nil, err })}
	}
	// again is a transport that makes a request a second time by itself and cannot connect then.
	again := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		trace := httptrace.ContextClientTrace(r.Context())
		trace.GetConn("x")
		trace.GotConn(httptrace.GotConnInfo{})
		trace.GetConn("x")
		return nil, dial
	})}
	direct := &http.Client{Transport: &http.Transport{}}
	tests := []struct {
		name, address string
		client        *http.Client
		class         channel.Class // of POST
	}{
		{"nobody listens", closed(t), direct, channel.Retry},
		{"TLS fails", secure.URL, direct, channel.Retry},
		{"the connection closes after the request", answering(t, ""), direct, channel.Unknown},
		{"the answer breaks off", answering(t, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}"), direct, channel.Unknown},
		{"the answer is no HTTP", answering(t, "220 ready\r\n"), direct, channel.Unknown},
		{"a transport that cannot dial", "https://x.example", failing(dial), channel.Retry},
		{"a transport that finds no host", "https://x.example", failing(&net.DNSError{Err: "no such host", Name: "x"}), channel.Retry},
		{"a transport that is cut off", "https://x.example", failing(io.ErrUnexpectedEOF), channel.Unknown},
		{"a transport that cannot read", "https://x.example", failing(&net.OpError{Op: "read", Err: errors.New("reset")}), channel.Unknown},
		{"a transport that cannot connect the second time", "https://x.example", again, channel.Unknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := at(t, tt.client, tt.address)
			_, err := c.Call(request(t, http.MethodPost, tt.address+"/?proof=hidden"), 1000)
			assert.Equal(t, tt.class, channel.AsError(err).Class, "%v", err)
			assert.NotContains(t, err.Error(), "hidden", "an error must not repeat the address")
			_, err = c.Call(request(t, http.MethodGet, tt.address+"/"), 1000)
			assert.Equal(t, channel.Retry, channel.AsError(err).Class, "%v", err)
		})
	}
}

func TestNothingIsSentAfterTheContextHasEnded(t *testing.T) {
	reached := false
	c := at(t, &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) { reached = true; return nil, io.EOF })}, "https://x.example")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := c.Call(request(t, http.MethodPost, "https://x.example/").WithContext(ctx), 1)
	assert.Equal(t, channel.Retry, channel.AsError(err).Class)
	assert.ErrorIs(t, err, context.Canceled)
	assert.False(t, reached)
}
