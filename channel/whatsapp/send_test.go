package whatsapp_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
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
