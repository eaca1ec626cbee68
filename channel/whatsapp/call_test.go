package whatsapp_test

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/whatsapp"
	"github.com/frontdesk-go/frontdesk/conversation"
)

func TestSendAnswers(t *testing.T) {
	graph := func(code, more string) string {
		return `{"error":{"message":"words","type":"OAuthException","code":` + code + more + `}}`
	}
	fail := func(class channel.Class, code, detail string) *channel.Error {
		return &channel.Error{Class: class, Code: code, Detail: detail}
	}
	tests := []struct {
		name   string
		status int
		header string // Retry-After
		body   string
		sent   channel.Sent
		err    *channel.Error
	}{
		{"accepted", 200, "", `{"messaging_product":"whatsapp","contacts":[{"input":"+491","wa_id":"491"}],"messages":[{"id":"wamid.1","message_status":"accepted"}]}`,
			channel.Sent{ID: "wamid.1", Delivery: "sent", To: []conversation.Identity{{Scope: "phone", Address: "+491", Verified: true}}}, nil},
		{"accepted, with the number corrected", 200, "", `{"contacts":[{"input":"+5511987654321","wa_id":"551187654321"}],"messages":[{"id":"wamid.1"}]}`,
			channel.Sent{ID: "wamid.1", Delivery: "sent", To: []conversation.Identity{{Scope: "phone", Address: "+551187654321", Verified: true}}}, nil},
		{"accepted for a user ID", 200, "", `{"contacts":[{"input":"DE.1","user_id":"DE.1"}],"messages":[{"id":"wamid.1"}]}`,
			channel.Sent{ID: "wamid.1", Delivery: "sent", To: []conversation.Identity{{Scope: whatsapp.ScopeUser, Address: "DE.1", Verified: true}}}, nil},
		{"accepted, without contacts", 201, "", `{"messages":[{"id":"wamid.1"}]}`, channel.Sent{ID: "wamid.1", Delivery: "sent"}, nil},
		{"accepted, without an ID", 200, "", `{"messages":[{}]}`, channel.Sent{}, fail(channel.Unknown, "", "the provider's answer has no message ID")},
		{"accepted, not JSON", 200, "", `<html>`, channel.Sent{}, fail(channel.Unknown, "", "the provider's answer has no message ID")},
		{"accepted, nothing", 200, "", ``, channel.Sent{}, fail(channel.Unknown, "", "the provider's answer has no message ID")},

		{"details before the message", 400, "", graph("131047", `,"error_data":{"details":"24 hours"}`), channel.Sent{}, fail(channel.WindowClosed, "131047", "24 hours")},
		{"the message", 400, "", graph("131026", ""), channel.Sent{}, fail(channel.Recipient, "131026", "words")},
		{"a code in a string", 400, "", graph(`"132000"`, ""), channel.Sent{}, fail(channel.Content, "132000", "words")},
		{"code 0 is a login", 401, "", graph("0", ""), channel.Sent{}, fail(channel.ChannelDown, "0", "words")},
		{"a parameter", 400, "", graph("100", `,"error_subcode":2494010`), channel.Sent{}, fail(channel.Content, "100", "words")},
		{"the number is not there", 400, "", graph("100", `,"error_subcode":33`), channel.Sent{}, fail(channel.ChannelDown, "100", "words")},
		{"one person's rate", 429, "", graph("131056", ""), channel.Sent{}, &channel.Error{Class: channel.Retry, Code: "131056", Detail: "words", RetryAfter: 6 * time.Second}},
		{"one person's rate, with a time", 429, "64", graph("131056", ""), channel.Sent{}, &channel.Error{Class: channel.Retry, Code: "131056", Detail: "words", RetryAfter: 64 * time.Second}},
		{"a time does not matter where nothing is tried again", 400, "64", graph("131026", ""), channel.Sent{}, fail(channel.Recipient, "131026", "words")},
		{"5xx with a code that may be tried again", 500, "", graph("131000", ""), channel.Sent{}, fail(channel.Retry, "131000", "words")},
		{"5xx with a code of the account", 500, "", graph("3", ""), channel.Sent{}, fail(channel.ChannelDown, "3", "words")},
		{"5xx with a code that is new", 500, "", graph("1", ""), channel.Sent{}, fail(channel.Unknown, "1", "words")},
		{"5xx without a body", 502, "", ``, channel.Sent{}, fail(channel.Unknown, "", "Bad Gateway")},
		{"5xx of a proxy", 504, "", `<html>`, channel.Sent{}, fail(channel.Unknown, "", "Gateway Timeout")},
		{"4xx with a code that is new", 400, "", graph("139999", ""), channel.Sent{}, fail(channel.Content, "139999", "words")},
		{"4xx with a code that is no number", 400, "", graph(`"x"`, ""), channel.Sent{}, fail(channel.Content, "", "Bad Request")},
		{"401 without a body", 401, "", ``, channel.Sent{}, fail(channel.ChannelDown, "", "Unauthorized")},
		{"403 without a body", 403, "", ``, channel.Sent{}, fail(channel.ChannelDown, "", "Forbidden")},
		{"404 without a body", 404, "", ``, channel.Sent{}, fail(channel.ChannelDown, "", "Not Found")},
		{"408", 408, "", ``, channel.Sent{}, fail(channel.Unknown, "", "Request Timeout")},
		{"413", 413, "", ``, channel.Sent{}, fail(channel.Content, "", "Request Entity Too Large")},
		{"429 without a body", 429, "5", ``, channel.Sent{}, &channel.Error{Class: channel.Retry, Detail: "Too Many Requests", RetryAfter: 5 * time.Second}},
		{"429 until a date", 429, "Fri, 20 Nov 2026 09:31:00 GMT", ``, channel.Sent{}, &channel.Error{Class: channel.Retry, Detail: "Too Many Requests", RetryAfter: time.Minute}},
		{"429 until a date that is over", 429, "Fri, 20 Nov 2026 09:29:00 GMT", ``, channel.Sent{}, fail(channel.Retry, "", "Too Many Requests")},
		{"429 for a year", 429, "31536000", ``, channel.Sent{}, &channel.Error{Class: channel.Retry, Detail: "Too Many Requests", RetryAfter: 24 * time.Hour}},
		{"429 of nonsense", 429, "soon", ``, channel.Sent{}, fail(channel.Retry, "", "Too Many Requests")},
		{"a redirect is not followed", 302, "", ``, channel.Sent{}, fail(channel.ChannelDown, "", "Found")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			calls := 0
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				calls++
				w.Header().Set("Date", at.Format(http.TimeFormat))
				w.Header().Set("Location", "/elsewhere")
				if tt.header != "" {
					w.Header().Set("Retry-After", tt.header)
				}
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.body)
			}))
			defer server.Close()
			sent, err := openAt(t, server.URL, nil).Send(t.Context(), reply("m", "+4915112345678"))
			assert.Equal(t, tt.sent, sent)
			if tt.err == nil {
				require.NoError(t, err)
			} else {
				assert.Equal(t, tt.err, err)
			}
			assert.Equal(t, 1, calls)
		})
	}
}

func TestSendWithoutAnAnswer(t *testing.T) {
	class := func(t *testing.T, base string, client *http.Client, ctx context.Context) channel.Class {
		t.Helper()
		d := &whatsapp.Driver{BaseURL: base}
		c, err := d.Open(ctx, channel.Settings{Account: account, Secret: `{"token":"EAA","app_secret":"app"}`, Client: client, Options: map[string]string{"appsecret_proof": "on"}})
		require.NoError(t, err)
		_, err = c.Send(ctx, reply("m", "+4915112345678"))
		require.Error(t, err)
		assert.NotContains(t, err.Error(), "appsecret_proof", "an error must not repeat the address with the proof")
		return channel.AsError(err).Class
	}
	dropping := func(t *testing.T, drop func(net.Conn)) string {
		t.Helper()
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		t.Cleanup(func() { _ = l.Close() })
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				drop(conn)
				_ = conn.Close()
			}
		}()
		return "http://" + l.Addr().String()
	}
	t.Run("nobody listens", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		require.NoError(t, l.Close())
		assert.Equal(t, channel.Retry, class(t, "http://"+l.Addr().String(), nil, t.Context()))
	})
	t.Run("TLS fails", func(t *testing.T) {
		server := httptest.NewUnstartedServer(http.NotFoundHandler())
		server.Config.ErrorLog = log.New(io.Discard, "", 0)
		server.StartTLS()
		defer server.Close()
		assert.Equal(t, channel.Retry, class(t, server.URL, &http.Client{Transport: &http.Transport{}}, t.Context()))
	})
	t.Run("the connection closes after the request", func(t *testing.T) {
		base := dropping(t, func(c net.Conn) { _, _ = c.Read(make([]byte, 1<<16)) })
		assert.Equal(t, channel.Unknown, class(t, base, &http.Client{Transport: &http.Transport{}}, t.Context()))
	})
	t.Run("the answer breaks off", func(t *testing.T) {
		base := dropping(t, func(c net.Conn) {
			_, _ = c.Read(make([]byte, 1<<16))
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"messages\":[{\"id\":\"w\"}]}")
		})
		assert.Equal(t, channel.Unknown, class(t, base, &http.Client{Transport: &http.Transport{}}, t.Context()))
	})
	t.Run("the context had ended before", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		assert.Equal(t, channel.Retry, class(t, "http://127.0.0.1:1", nil, ctx))
	})
	t.Run("a transport that says nothing of connections", func(t *testing.T) {
		broken := roundTrip(func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF })
		assert.Equal(t, channel.Unknown, class(t, "http://x", &http.Client{Transport: broken}, t.Context()))
		unknown := roundTrip(func(*http.Request) (*http.Response, error) { return nil, &net.DNSError{Err: "no such host", Name: "x"} })
		assert.Equal(t, channel.Retry, class(t, "http://x", &http.Client{Transport: unknown}, t.Context()))
	})
}

func TestSendGivesUpAfterItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hanging := roundTrip(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		c, err := whatsapp.New().Open(t.Context(), channel.Settings{Account: account, Secret: `{"token":"EAA","app_secret":"app"}`, Client: &http.Client{Transport: hanging}})
		require.NoError(t, err)
		began := time.Now()
		_, err = c.Send(t.Context(), reply("m", "+4915112345678"))
		assert.Equal(t, channel.Unknown, channel.AsError(err).Class)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 30*time.Second, time.Since(began))
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
