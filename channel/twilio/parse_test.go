package twilio_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/twilio"
	"github.com/frontdesk-go/frontdesk/channel/twilio/twiliotest"
	"github.com/frontdesk-go/frontdesk/conversation"
)

func form(query string, pairs ...string) *channel.Request {
	p := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		p.Set(pairs[i], pairs[i+1])
	}
	return &channel.Request{Method: http.MethodPost, URL: hook + query, Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, Body: []byte(p.Encode())}
}

func parse(t testing.TB, r *channel.Request) []channel.Item {
	t.Helper()
	items, err := twilio.New().Parse(r)
	require.NoError(t, err)
	return items
}

func TestInbound(t *testing.T) {
	phone := func(address, name string, verified bool) conversation.Identity {
		return conversation.Identity{Scope: conversation.ScopePhone, Address: address, Name: name, Verified: verified}
	}
	ann := phone("+31612345678", "", false)
	whatsAnn := phone("+31612345678", "Ann", true)
	user := conversation.Identity{Scope: twilio.ScopeUser, Address: "NL.123", Name: "Ann", Verified: true}
	tests := []struct {
		name  string
		pairs []string
		want  channel.Item
	}{
		{"a text", []string{"MessageSid", "SM1", "From", "+31612345678", "To", account, "Body", " hi "},
			channel.Item{Account: account, Thread: "+31612345678", Message: &channel.Message{ID: "SM1", Text: " hi ", From: []conversation.Identity{ann}}}},
		{"the old name of the ID", []string{"SmsSid", "SM1", "From", "+31612345678", "To", account, "SmsStatus", "received"},
			channel.Item{Account: account, Thread: "+31612345678", Message: &channel.Message{ID: "SM1", From: []conversation.Identity{ann}}}},
		{"a service", []string{"MessageSid", "SM1", "From", "+31612345678", "To", account, "MessagingServiceSid", service},
			channel.Item{Account: account, Fallback: service, Thread: "+31612345678", Message: &channel.Message{ID: "SM1", From: []conversation.Identity{ann}}}},
		{"a short code is no number", []string{"MessageSid", "SM1", "From", "1234", "To", "56789"},
			channel.Item{Account: "56789", Thread: "1234", Message: &channel.Message{ID: "SM1", From: []conversation.Identity{phone("1234", "", false)}}}},
		{"a sender name", []string{"MessageSid", "SM1", "From", "ACME", "To", account},
			channel.Item{Account: account, Thread: "ACME", Message: &channel.Message{ID: "SM1", From: []conversation.Identity{phone("ACME", "", false)}}}},
		{"two pictures", []string{"MessageSid", "MM1", "From", "+31612345678", "To", account, "NumMedia", "2", "MediaUrl0", "https://api.twilio.com/x/Media/ME1",
			"MediaContentType0", "image/jpeg", "MediaUrl1", "https://api.twilio.com/x/Media/ME2", "MediaContentType1", "image/png"},
			channel.Item{Account: account, Thread: "+31612345678", Message: &channel.Message{ID: "MM1", From: []conversation.Identity{ann}, Attachments: []conversation.Attachment{
				{ID: "ME1", URL: "https://api.twilio.com/x/Media/ME1", Type: "image/jpeg"}, {ID: "ME2", URL: "https://api.twilio.com/x/Media/ME2", Type: "image/png"}}}}},
		{"WhatsApp", []string{"MessageSid", "SM1", "From", "whatsapp:+31612345678", "To", whatsApp, "ProfileName", "Ann", "WaId", "31612345678", "MessageType", "text", "Body", "hi",
			"OriginalRepliedMessageSid", "SM0"},
			channel.Item{Account: whatsApp, Thread: "+31612345678", Message: &channel.Message{ID: "SM1", Text: "hi", ReplyTo: "SM0", From: []conversation.Identity{whatsAnn}}}},
		{"WhatsApp without a number", []string{"MessageSid", "SM1", "From", "whatsapp:NL.123", "To", whatsApp, "ProfileUsername", "Ann", "ExternalUserId", "NL.123"},
			channel.Item{Account: whatsApp, Thread: "NL.123", Message: &channel.Message{ID: "SM1", From: []conversation.Identity{user}}}},
		{"WhatsApp with both", []string{"MessageSid", "SM1", "From", "whatsapp:+31612345678", "To", whatsApp, "ProfileName", "Ann", "WaId", "31612345678", "ExternalUserId", "NL.123"},
			channel.Item{Account: whatsApp, Thread: "+31612345678", Message: &channel.Message{ID: "SM1", From: []conversation.Identity{whatsAnn, user}}}},
		{"a button", []string{"MessageSid", "SM1", "From", "whatsapp:+31612345678", "To", whatsApp, "ProfileName", "Ann", "MessageType", "button", "Body", "Yes", "ButtonPayload", "yes-1"},
			channel.Item{Account: whatsApp, Thread: "+31612345678", Message: &channel.Message{ID: "SM1", Text: "Yes", Button: "yes-1", From: []conversation.Identity{whatsAnn}}}},
		{"a place", []string{"MessageSid", "SM1", "From", "whatsapp:+31612345678", "To", whatsApp, "ProfileName", "Ann", "MessageType", "location", "Latitude", "52.5", "Longitude", "13.4", "Label", "Shop"},
			channel.Item{Account: whatsApp, Thread: "+31612345678", Message: &channel.Message{ID: "SM1", Text: "Shop\ngeo:52.5,13.4", From: []conversation.Identity{whatsAnn}}}},
		{"a type that is not known", []string{"MessageSid", "SM1", "From", "whatsapp:+31612345678", "To", whatsApp, "ProfileName", "Ann", "MessageType", "hologram"},
			channel.Item{Account: whatsApp, Thread: "+31612345678", Message: &channel.Message{ID: "SM1", Unsupported: "hologram", From: []conversation.Identity{whatsAnn}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, []channel.Item{tt.want}, parse(t, form("", tt.pairs...)))
		})
	}
}

func TestInboundByGET(t *testing.T) {
	w := newWorld(account)
	m := w.server.Receive(twiliotest.Message{From: "+31612345678", To: account, Body: "a+b & c"})
	got := parse(t, request(t, w.server.WebhookGET(hook+"?x=1", m)))
	require.Len(t, got, 1)
	assert.Equal(t, "a+b & c", got[0].Message.Text)
	assert.Equal(t, account, got[0].Account)
}

func TestReceipts(t *testing.T) {
	const query = "?frontdesk_account=%2B493012345678&frontdesk_message=m1"
	tests := []struct {
		status, code string
		want         conversation.Delivery
		class        channel.Class
		failure      string
	}{
		{"accepted", "", conversation.Sent, "", ""},
		{"scheduled", "", conversation.Sent, "", ""},
		{"queued", "", conversation.Sent, "", ""},
		{"sending", "", conversation.Sent, "", ""},
		{"sent", "", conversation.Sent, "", ""},
		{"delivered", "", conversation.Delivered, "", ""},
		{"partially_delivered", "", conversation.Delivered, "", ""},
		{"read", "", conversation.Read, "", ""},
		{"undelivered", "30005", conversation.Failed, channel.Recipient, "30005"},
		{"undelivered", "30007", conversation.Failed, channel.Content, "30007"},
		{"failed", "30003", conversation.Failed, channel.Retry, "30003"},
		{"failed", "30034", conversation.Failed, channel.ChannelDown, "30034"},
		{"failed", "63016", conversation.Failed, channel.WindowClosed, "63016"},
		{"failed", "99999", conversation.Failed, channel.Content, "99999"},
		{"failed", "", conversation.Failed, channel.Content, "failed"},
		{"canceled", "", conversation.Failed, channel.Content, "canceled"},
		{"hovering", "", conversation.Sent, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.status+tt.code, func(t *testing.T) {
			got := parse(t, form(query, "MessageSid", "SM1", "MessageStatus", tt.status, "SmsStatus", tt.status, "From", account, "To", "+31612345678", "ErrorCode", tt.code, "NewParameter", "x"))
			require.Len(t, got, 1)
			assert.Equal(t, channel.Item{Account: account, Thread: "+31612345678", Receipt: got[0].Receipt}, got[0])
			r := got[0].Receipt
			assert.Equal(t, []string{"SM1"}, r.IDs)
			assert.Equal(t, "m1", r.Reference)
			assert.Equal(t, tt.want, r.Delivery)
			if tt.class == "" {
				assert.Nil(t, r.Failure)
				return
			}
			require.NotNil(t, r.Failure)
			assert.Equal(t, string(tt.class), r.Failure.Class)
			assert.Equal(t, tt.failure, r.Failure.Code)
		})
	}
}

func TestReceiptAccounts(t *testing.T) {
	tests := []struct {
		name, query, service, account, fallback string
	}{
		{"ours in the query", "?frontdesk_account=ACME&frontdesk_message=m", service, "ACME", ""},
		{"a number", "", "", account, ""},
		{"a service and its number", "", service, service, account},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := form(tt.query, "MessageSid", "SM1", "MessageStatus", "sent", "From", account, "To", "+31612345678", "MessagingServiceSid", tt.service)
			got := parse(t, r)
			require.Len(t, got, 1)
			assert.Equal(t, tt.account, got[0].Account)
			assert.Equal(t, tt.fallback, got[0].Fallback)
			names, err := twilio.New().Accounts(r)
			require.NoError(t, err)
			assert.Contains(t, names, tt.account)
			assert.Equal(t, tt.fallback != "", len(names) == 2)
		})
	}
}

func TestMalformed(t *testing.T) {
	jsonBody := form("")
	jsonBody.Header, jsonBody.Body = http.Header{"Content-Type": {"application/json"}}, []byte(`{"MessageSid":"SM1"}`)
	badURL := form("?a=%zz", "MessageSid", "SM1")
	for name, r := range map[string]*channel.Request{
		"JSON": jsonBody, "the URL": badURL, "no ID": form("", "From", "+1", "To", "+2"), "a message to nobody": form("", "MessageSid", "SM1", "From", "+1"),
	} {
		items, err := twilio.New().Parse(r)
		assert.ErrorIs(t, err, channel.ErrMalformed, name)
		assert.Empty(t, items, name)
	}
}
