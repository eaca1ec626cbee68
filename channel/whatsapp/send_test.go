package whatsapp_test

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/whatsapp"
	"github.com/frontdesk-go/frontdesk/channel/whatsapp/whatsapptest"
	"github.com/frontdesk-go/frontdesk/conversation"
)

// openAt opens a channel at a server of ours instead of the provider's.
func openAt(t *testing.T, base string, options map[string]string) channel.Conn {
	t.Helper()
	return open(t, &whatsapp.Driver{BaseURL: base}, map[string]any{"token": "EAA", "app_secret": []string{"app", "old"}}, options)
}

func reply(id, thread string) channel.Part {
	return channel.Part{Outgoing: channel.Outgoing{Message: id, Thread: thread, Text: "hi"}, Of: 1}
}

func TestSendBody(t *testing.T) {
	to := []conversation.Identity{{Scope: whatsapp.ScopeUser, Address: "DE.1"}, jane}
	one := func(mime string, a conversation.Attachment) []conversation.Attachment {
		a.Type = mime
		return []conversation.Attachment{a}
	}
	link := conversation.Attachment{Name: "a b.bin", URL: "https://files.example.com/a"}
	tests := []struct {
		name string
		out  channel.Outgoing
		want string
	}{
		{"text", channel.Outgoing{Text: "see https://example.com"}, `"to":"+4915112345678","type":"text","text":{"preview_url":false,"body":"see https://example.com"}`},
		{"an answer", channel.Outgoing{Text: "x", ReplyTo: "wamid.0"}, `"to":"+4915112345678","context":{"message_id":"wamid.0"},"type":"text","text":{"preview_url":false,"body":"x"}`},
		{"image", channel.Outgoing{Text: "cap", Attachments: one("image/jpeg", link)}, `"to":"+4915112345678","type":"image","image":{"link":"https://files.example.com/a","caption":"cap"}`},
		{"video", channel.Outgoing{Attachments: one("video/3gpp", link)}, `"to":"+4915112345678","type":"video","video":{"link":"https://files.example.com/a"}`},
		{"audio", channel.Outgoing{Attachments: one("audio/ogg; codecs=opus", link)}, `"to":"+4915112345678","type":"audio","audio":{"link":"https://files.example.com/a"}`},
		{"sticker", channel.Outgoing{Attachments: one("image/webp", link)}, `"to":"+4915112345678","type":"sticker","sticker":{"link":"https://files.example.com/a"}`},
		{"document", channel.Outgoing{Text: "cap", Attachments: one("image/gif", link)}, `"to":"+4915112345678","type":"document","document":{"link":"https://files.example.com/a","caption":"cap","filename":"a b.bin"}`},
		{"by the ID of an upload", channel.Outgoing{Attachments: one("image/png", conversation.Attachment{ID: "77", URL: "https://files.example.com/a"})}, `"to":"+4915112345678","type":"image","image":{"id":"77"}`},
		{"template", channel.Outgoing{Text: "for people", Template: &conversation.Template{Name: "order_update", Namespace: "ignored", Language: "de", Params: []string{"Jane", "7"}}},
			`"to":"+4915112345678","type":"template","template":{"name":"order_update","language":{"code":"de"},"components":[{"type":"body","parameters":[{"type":"text","text":"Jane"},{"type":"text","text":"7"}]}]}`},
		{"template without parameters", channel.Outgoing{Template: &conversation.Template{Name: "hello", Language: "en_US"}},
			`"to":"+4915112345678","type":"template","template":{"name":"hello","language":{"code":"en_US"}}`},
		{"to a user ID", channel.Outgoing{Text: "x", To: to[:1]}, `"recipient":"DE.1","type":"text","text":{"preview_url":false,"body":"x"}`},
		{"to the thread's number", channel.Outgoing{Text: "x", To: []conversation.Identity{}, Thread: "+493055501"}, `"to":"+493055501","type":"text","text":{"preview_url":false,"body":"x"}`},
		{"to the thread's user ID", channel.Outgoing{Text: "x", To: []conversation.Identity{}, Thread: "DE.2"}, `"recipient":"DE.2","type":"text","text":{"preview_url":false,"body":"x"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got, path, auth, kind string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				data, _ := io.ReadAll(r.Body)
				got, path, auth, kind = string(data), r.Method+" "+r.URL.String(), r.Header.Get("Authorization"), r.Header.Get("Content-Type")
				_, _ = io.WriteString(w, `{"messages":[{"id":"wamid.9"}]}`)
			}))
			defer server.Close()
			tt.out.Message = "m-1"
			if tt.out.To == nil {
				tt.out.To = to
			}
			sent, err := openAt(t, server.URL, nil).Send(t.Context(), channel.Part{Outgoing: tt.out, Of: 1})
			require.NoError(t, err)
			assert.Equal(t, channel.Sent{ID: "wamid.9", Delivery: conversation.Sent}, sent)
			assert.JSONEq(t, `{"messaging_product":"whatsapp",`+tt.want+`,"biz_opaque_callback_data":"m-1"}`, got)
			assert.Equal(t, "POST /v26.0/"+account+"/messages", path)
			assert.Equal(t, "Bearer EAA", auth)
			assert.Equal(t, "application/json", kind)
		})
	}
}

func TestSendRefusesPartsThatWereNotPlanned(t *testing.T) {
	c := openAt(t, "http://127.0.0.1:1", nil)
	for name, out := range map[string]channel.Outgoing{
		"two files":                        {Attachments: attached("image/png", "image/png")},
		"a text beside audio":              {Text: "x", Attachments: attached("audio/mpeg")},
		"a text beside a sticker":          {Text: "x", Attachments: attached("image/webp")},
		"a text too long beside a picture": {Text: strings.Repeat("x", 1025), Attachments: attached("image/png")},
	} {
		out.Thread = "+4915112345678"
		_, err := c.Send(t.Context(), channel.Part{Outgoing: out, Of: 1})
		require.Error(t, err, name)
		assert.Equal(t, channel.Content, channel.AsError(err).Class, name)
	}
}

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

func TestSendToTheStandIn(t *testing.T) {
	s := whatsapptest.New()
	s.Proof = true
	var later atomic.Int64
	s.Now = func() time.Time { return at.Add(time.Duration(later.Load())) }
	server := httptest.NewServer(s)
	defer server.Close()
	settings := s.Settings(s.Accounts[0], nil)
	settings.Options = map[string]string{"appsecret_proof": "on"}
	c, err := (&whatsapp.Driver{BaseURL: server.URL}).Open(t.Context(), settings)
	require.NoError(t, err)

	words, err := c.(channel.Tester).Test(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "connected as Frontdesk Shop +49 30 5550100 (quality green)", words)

	_, err = c.Send(t.Context(), reply("m1", "+4915112345678"))
	assert.Equal(t, channel.WindowClosed, channel.AsError(err).Class, "the customer never wrote")

	s.AddTemplate("order_update", "de", 2)
	p := reply("m2", "+5511987654321")
	s.Correct("+5511987654321", "551187654321")
	p.Template = &conversation.Template{Name: "order_update", Language: "de", Params: []string{"a", "b"}}
	sent, err := c.Send(t.Context(), p)
	require.NoError(t, err, "a template goes at any time")
	assert.Equal(t, "+551187654321", sent.To[0].Address)
	p.Template = &conversation.Template{Name: "order_update", Language: "de", Params: []string{"a"}}
	_, err = c.Send(t.Context(), p)
	assert.Equal(t, "132000", channel.AsError(err).Code)

	s.Wrote("4915112345678", at.Add(-24*time.Hour+time.Second))
	_, err = c.Send(t.Context(), reply("m3", "+4915112345678"))
	require.NoError(t, err, "within the 24 hours")
	later.Store(int64(time.Second))
	_, err = c.Send(t.Context(), reply("m4", "+4915112345678"))
	assert.Equal(t, "131047", channel.AsError(err).Code, "the 24 hours are over")
}

func TestTestTellsWhatIsWrong(t *testing.T) {
	for name, tt := range map[string]struct {
		status int
		body   string
		class  channel.Class
	}{
		"an expired token":   {401, `{"error":{"code":190,"message":"expired"}}`, channel.ChannelDown},
		"something else":     {200, `{"id":"1"}`, channel.ChannelDown},
		"no JSON":            {200, `<html>`, channel.ChannelDown},
		"an unknown account": {400, `{"error":{"code":100,"error_subcode":33,"message":"none"}}`, channel.ChannelDown},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(tt.status)
			_, _ = io.WriteString(w, tt.body)
		}))
		_, err := openAt(t, server.URL, nil).(channel.Tester).Test(t.Context())
		server.Close()
		require.Error(t, err, name)
		assert.Equal(t, tt.class, channel.AsError(err).Class, name)
	}
	_, err := openAt(t, "http://127.0.0.1:1", nil).(channel.Tester).Test(t.Context())
	assert.Equal(t, channel.Retry, channel.AsError(err).Class)
}
