package twilio_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/twilio"
	"github.com/frontdesk-go/frontdesk/channel/twilio/twiliotest"
	"github.com/frontdesk-go/frontdesk/conversation"
)

const template = "HX00000000000000000000000000000001"

func to(text string) channel.Outgoing {
	return channel.Outgoing{Message: "m/1", Thread: "+31612345678", Text: text, To: []conversation.Identity{{Scope: conversation.ScopePhone, Address: "+31612345678"}}}
}

func TestSent(t *testing.T) {
	files := []conversation.Attachment{{URL: "https://files.example.com/a.jpg", Type: "image/jpeg"}}
	ref := "?frontdesk_account=" + url.QueryEscape(account) + "&frontdesk_message=m%2F1"
	withTemplate := to("")
	withTemplate.Template = &conversation.Template{Name: template, Params: []string{"Ann", "7"}}
	withFile := to("see")
	withFile.Attachments = files
	noTo := to("hi")
	noTo.To = nil
	tests := []struct {
		name, account, callback string
		out                     channel.Outgoing
		want                    twiliotest.Message
	}{
		{"a text", account, hook, to("hi"), twiliotest.Message{From: account, To: "+31612345678", Body: "hi", StatusCallback: hook + ref, Status: "queued"}},
		{"without a callback", account, "", to("hi"), twiliotest.Message{From: account, To: "+31612345678", Body: "hi", Status: "queued"}},
		{"a callback with a query", account, hook + "?k=v", to("hi"), twiliotest.Message{From: account, To: "+31612345678", Body: "hi", StatusCallback: hook + "?k=v&" + ref[1:], Status: "queued"}},
		{"to the thread", account, "", noTo, twiliotest.Message{From: account, To: "+31612345678", Body: "hi", Status: "queued"}},
		{"a file", account, "", withFile, twiliotest.Message{From: account, To: "+31612345678", Body: "see", MediaURLs: []string{files[0].URL}, Status: "queued"}},
		{"a service", service, "", to("hi"), twiliotest.Message{MessagingServiceSID: service, To: "+31612345678", Body: "hi", Status: "accepted"}},
		{"a sender name", "ACME", "", to("hi"), twiliotest.Message{From: "ACME", To: "+31612345678", Body: "hi", Status: "queued"}},
		{"WhatsApp", whatsApp, "", to("hi"), twiliotest.Message{From: whatsApp, To: "whatsapp:+31612345678", Body: "hi", Status: "queued"}},
		{"a template", whatsApp, "", withTemplate, twiliotest.Message{From: whatsApp, To: "whatsapp:+31612345678", ContentSID: template, ContentVariables: `{"1":"Ann","2":"7"}`, Status: "queued"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(tt.account)
			w.settings.CallbackURL = tt.callback
			c := w.open(t)
			parts, err := c.(channel.Planner).Plan(tt.out)
			require.NoError(t, err)
			require.Len(t, parts, 1)
			sent, err := c.Send(t.Context(), parts[0])
			require.NoError(t, err)
			require.Len(t, w.server.Sent(), 1)
			got := w.server.Sent()[0]
			assert.Equal(t, channel.Sent{ID: got.SID, Delivery: conversation.Sent}, sent)
			tt.want.SID, tt.want.Date = got.SID, got.Date
			assert.Equal(t, tt.want, got)
		})
	}
}

func TestAPIKey(t *testing.T) {
	w := newWorld(account)
	w.server.APIKey, w.server.APISecret = "SK00000000000000000000000000000001", "key secret"
	w.settings.Secret = w.server.Secret()
	_, err := w.open(t).Send(t.Context(), channel.Part{Outgoing: to("hi")})
	require.NoError(t, err)
	user, password, _ := w.network.Requests()[0].BasicAuth()
	assert.Equal(t, []string{"SK00000000000000000000000000000001", "key secret"}, []string{user, password})
}

func TestPlanRefuses(t *testing.T) {
	file := conversation.Attachment{Name: "a.jpg", URL: "https://files.example.com/a.jpg", Type: "image/jpeg", Size: 1000}
	without := file
	without.URL = ""
	local := file
	local.URL = "file:///a.jpg"
	large := file
	large.Size = 5_000_001
	document := file
	document.Type, document.Size = "application/pdf", 500_001
	attach := func(files ...conversation.Attachment) channel.Outgoing { o := to("x"); o.Attachments = files; return o }
	templated := func(name, text string) channel.Outgoing {
		o := to(text)
		o.Template = &conversation.Template{Name: name}
		return o
	}
	tests := []struct {
		name, account string
		out           channel.Outgoing
		detail        string
	}{
		{"nothing", account, to(""), "neither a text nor a file"},
		{"1601 characters", account, to(strings.Repeat("😀", 1601)), "1 characters over"},
		{"no address", account, attach(without), "no address"},
		{"an address that is not https", account, attach(local), "allowed are https"},
		{"a large picture", account, attach(large), "at most 5000000"},
		{"a large document", account, attach(document), "at most 500000"},
		{"eleven files", account, attach(file, file, file, file, file, file, file, file, file, file, file), "11 files, at most 10"},
		{"a file by short code", "12345", attach(file), "a number with MMS"},
		{"a file by sender name", "ACME", attach(file), "a number with MMS"},
		{"a template by SMS", account, templated(template, ""), "WhatsApp senders"},
		{"a template by name", whatsApp, templated("welcome", ""), "Content SID"},
		{"a template with text", whatsApp, templated(template, "hi"), "no other text"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := newWorld(tt.account).open(t).(channel.Planner).Plan(tt.out)
			var e *channel.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, channel.Content, e.Class)
			assert.Contains(t, e.Detail, tt.detail)
		})
	}
}

func TestWhatsAppParts(t *testing.T) {
	o := to("see")
	o.Attachments = []conversation.Attachment{{URL: "https://x.example/1", Type: "image/png"}, {URL: "https://x.example/2", Type: "application/pdf"}}
	parts, err := newWorld(whatsApp).open(t).(channel.Planner).Plan(o)
	require.NoError(t, err)
	require.Len(t, parts, 2)
	assert.Equal(t, []string{"see", ""}, []string{parts[0].Text, parts[1].Text})
	assert.Equal(t, o.Attachments[1:], parts[1].Attachments)
}

func TestErrorsWithoutCode(t *testing.T) {
	tests := []struct {
		status int
		after  string
		class  channel.Class
		wait   time.Duration
	}{
		{429, "7", channel.Retry, 7 * time.Second},
		{429, "soon", channel.Retry, 0},
		{429, "", channel.Retry, 0},
		{500, "", channel.Unknown, 0},
		{502, "", channel.Unknown, 0},
		{504, "", channel.Unknown, 0},
		{408, "", channel.Unknown, 0},
		{401, "", channel.ChannelDown, 0},
		{404, "", channel.ChannelDown, 0},
		{307, "", channel.ChannelDown, 0},
	}
	for _, tt := range tests {
		t.Run(http.StatusText(tt.status)+tt.after, func(t *testing.T) {
			w := newWorld(account)
			w.server.FailStatus(tt.status, tt.after)
			_, err := w.open(t).Send(t.Context(), channel.Part{Outgoing: to("hi")})
			e := channel.AsError(err)
			assert.Equal(t, tt.class, e.Class)
			assert.Equal(t, tt.wait, e.RetryAfter)
			assert.Len(t, w.network.Requests(), 1)
		})
	}
	w := newWorld(account)
	w.server.Fail(29999)
	_, err := w.open(t).Send(t.Context(), channel.Part{Outgoing: to("hi")})
	assert.Equal(t, channel.Content, channel.AsError(err).Class, "a code that is not known, with status 400")
}

func TestAnswers(t *testing.T) {
	tests := []struct {
		name, body string
		sent       channel.Sent
		class      channel.Class
	}{
		{"sent at once", `{"sid":"SM1","status":"sent"}`, channel.Sent{ID: "SM1", Delivery: conversation.Sent}, ""},
		{"failed at once", `{"sid":"SM1","status":"failed","error_code":30005,"error_message":"gone"}`, channel.Sent{ID: "SM1"}, channel.Recipient},
		{"null code", `{"sid":"SM1","status":"queued","error_code":null,"num_media":"0"}`, channel.Sent{ID: "SM1", Delivery: conversation.Sent}, ""},
		{"no ID", `{}`, channel.Sent{}, channel.Unknown},
		{"no JSON", `<html>`, channel.Sent{}, channel.Unknown},
		{"half an answer", `{"sid":"SM1"`, channel.Sent{}, channel.Unknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(account)
			w.network.Hosts["api.twilio.com"] = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusCreated)
				_, _ = w.Write([]byte(tt.body))
			})
			sent, err := w.open(t).Send(t.Context(), channel.Part{Outgoing: to("hi")})
			assert.Equal(t, tt.sent, sent)
			if tt.class == "" {
				assert.NoError(t, err)
			} else {
				assert.Equal(t, tt.class, channel.AsError(err).Class)
			}
		})
	}
}

func TestAddress(t *testing.T) {
	tests := []struct{ account, typed, want string }{
		{account, "+31 6 1234-5678", "+31612345678"},
		{account, "0031 (6) 12345678", "+31612345678"},
		{account, "12345", "12345"},
		{account, "0612345678", ""},
		{account, "+0612345678", ""},
		{account, "+1234567890123456", ""},
		{account, "Ann", ""},
		{account, "", ""},
		{whatsApp, "whatsapp:+31612345678", "+31612345678"},
		{whatsApp, "12345", ""},
	}
	for _, tt := range tests {
		t.Run(tt.typed, func(t *testing.T) {
			thread, id, err := newWorld(tt.account).open(t).(channel.Addresser).Address(tt.typed)
			assert.Equal(t, tt.want, thread)
			assert.Equal(t, tt.want, id.Address)
			if tt.want == "" {
				assert.Equal(t, channel.Recipient, channel.AsError(err).Class)
			} else {
				assert.NoError(t, err)
				assert.Equal(t, conversation.ScopePhone, id.Scope)
			}
		})
	}
}

// TestOverTheWire drives the stand-in over a real connection, with the driver's own client.
func TestOverTheWire(t *testing.T) {
	server := twiliotest.New(account)
	s := httptest.NewServer(server)
	server.URL = s.URL
	d := &twilio.Driver{BaseURL: s.URL}
	c, err := d.Open(t.Context(), channel.Settings{Account: account, Secret: server.Secret()})
	require.NoError(t, err)
	words, err := c.(channel.Tester).Test(t.Context())
	require.NoError(t, err)
	assert.Equal(t, `the account "Stand-in" is active`, words)
	_, err = c.Send(t.Context(), channel.Part{Outgoing: to("hi")})
	require.NoError(t, err)
	assert.Equal(t, "hi", server.Sent()[0].Body)

	m := server.Receive(twiliotest.Message{From: "+31612345678", To: account, Media: []twiliotest.Media{{Type: "image/png", Data: []byte("png")}}})
	got := parse(t, request(t, server.Webhook(hook, m)))[0].Message.Attachments
	require.Len(t, got, 1)
	f, err := c.(channel.Fetcher).Fetch(t.Context(), got[0], 3)
	require.NoError(t, err)
	require.NoError(t, f.Body.Close())
	assert.Equal(t, "image/png", f.Type)

	s.Close()
	_, err = c.Send(t.Context(), channel.Part{Outgoing: to("hi")})
	assert.Equal(t, channel.Retry, channel.AsError(err).Class, "nobody listens, so nothing was taken: %v", err)
}
