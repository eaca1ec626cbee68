package twilio_test

import (
	"crypto/md5"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/channeltest"
	"github.com/frontdesk-go/frontdesk/channel/twilio"
	"github.com/frontdesk-go/frontdesk/channel/twilio/twiliotest"
	"github.com/frontdesk-go/frontdesk/conversation"
)

const (
	account  = "+493012345678"
	hook     = "https://desk.example.com/hooks/twilio"
	service  = "MG00000000000000000000000000000001"
	whatsApp = "whatsapp:+493012345678"
)

// request turns an HTTP request into what a driver is given.
func request(t testing.TB, h *http.Request) *channel.Request {
	t.Helper()
	body, err := io.ReadAll(h.Body)
	require.NoError(t, err)
	return &channel.Request{Method: h.Method, URL: h.URL.String(), Header: h.Header, Body: body}
}

// world is a stand-in with a driver that reaches it.
type world struct {
	server   *twiliotest.Server
	network  *channeltest.Network
	driver   *twilio.Driver
	settings channel.Settings
}

func newWorld(account string) *world {
	w := &world{server: twiliotest.New(account, "+15005550001", service), driver: twilio.New()}
	w.server.Storage = "https://mms.twiliocdn.com"
	w.network = &channeltest.Network{Hosts: map[string]http.Handler{"api.twilio.com": w.server, "mms.twiliocdn.com": w.server}}
	w.driver.Now = func() time.Time { return time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC) }
	w.settings = channel.Settings{Account: account, Secret: w.server.Secret(), CallbackURL: hook, Client: w.network.Client()}
	return w
}

func (w *world) open(t testing.TB) channel.Conn {
	t.Helper()
	c, err := w.driver.Open(t.Context(), w.settings)
	require.NoError(t, err)
	return c
}

// address is what Twilio calls a customer of an account.
func address(account, customer string) string {
	if account == whatsApp {
		return "whatsapp:" + customer
	}
	return customer
}

// receive lets a customer write.
func (w *world) receive(m channeltest.Inbound) twiliotest.Message {
	in := twiliotest.Message{SID: fmt.Sprintf("SM%x", md5.Sum([]byte(m.ID))), From: address(m.Account, m.From), To: m.Account, Body: m.Text, Date: m.At}
	for _, f := range m.Files {
		in.Media = append(in.Media, twiliotest.Media{Type: f.Type, Data: f.Data})
	}
	if m.Account == service {
		in.To, in.MessagingServiceSID = "+15005550006", service
	}
	if m.Account == whatsApp {
		in.Extra = map[string]string{"WaId": m.From[1:], "ProfileName": "Ann"}
	}
	if m.Unknown {
		in.Extra = map[string]string{"MessageType": "poll"}
	}
	return w.server.Receive(in)
}

func (w *world) provider(t testing.TB) channeltest.Provider {
	other, denied := w.settings, w.settings
	other.Account = "+15005550001"
	denied.Secret = `{"account_sid":"` + w.server.AccountSID + `","auth_token":"wrong"}`
	bad := map[string]channel.Settings{}
	for what, change := range map[string]func(*channel.Settings){
		"a number without +":    func(s *channel.Settings) { s.Account = "493012345678" },
		"no secret":             func(s *channel.Settings) { s.Secret = "" },
		"a secret without JSON": func(s *channel.Settings) { s.Secret = "token" },
		"half an API key": func(s *channel.Settings) {
			s.Secret = w.server.Secret()[:len(w.server.Secret())-1] + `,"api_key":"SK"}`
		},
		"mms of a third kind": func(s *channel.Settings) { s.Options = map[string]string{"mms": "perhaps"} },
		"a relative callback": func(s *channel.Settings) { s.CallbackURL = "/hooks/twilio" },
		"a fragment":          func(s *channel.Settings) { s.CallbackURL = hook + "#rc=2" },
	} {
		s := w.settings
		change(&s)
		bad[what] = s
	}
	var codes []channeltest.ErrorCode
	for code, class := range map[int]channel.Class{20429: channel.Retry, 20500: channel.Retry, 20503: channel.Retry, 21611: channel.Retry, 21211: channel.Recipient,
		21610: channel.Recipient, 21614: channel.Recipient, 21635: channel.Recipient, 21612: channel.Recipient, 21408: channel.Recipient, 21608: channel.Recipient,
		21602: channel.Content, 21617: channel.Content, 21619: channel.Content, 11751: channel.Content, 63016: channel.WindowClosed,
		20003: channel.ChannelDown, 21606: channel.ChannelDown, 30034: channel.ChannelDown} {
		codes = append(codes, channeltest.ErrorCode{Code: strconv.Itoa(code), Class: class, OptedOut: code == 21610})
	}
	return channeltest.Provider{
		Driver: w.driver, Settings: w.settings, Other: &other, Denied: &denied, Bad: bad,
		Customers:   []string{"+31612345678", "+4915112345678"},
		Network:     w.network,
		Credentials: []string{w.server.AuthToken, "Basic"},
		Signature:   []string{"X-Twilio-Signature"},
		Malformed:   []string{"", "%", "MessageSid=%zz", "a;b", "Body=hi", "MessageSid=SM1&Body=hi"},
		Deliver: func(messages ...channeltest.Inbound) []*channel.Request {
			var requests []*channel.Request
			for _, m := range messages {
				if m.Unknown && w.settings.Account != whatsApp {
					return nil
				}
				requests = append(requests, request(t, w.server.Webhook(hook, w.receive(m))))
			}
			return requests
		},
		Receipt: func(r channeltest.Receipt) *channel.Request {
			if r.Delivery == conversation.Read && w.settings.Account != whatsApp {
				return nil
			}
			code, _ := strconv.Atoi(r.Code)
			return request(t, w.server.Status(r.ID, string(r.Delivery), code))
		},
		Next: func(o channeltest.Outcome) {
			code, _ := strconv.Atoi(o.Code)
			switch {
			case o.Lost:
				w.network.Lose()
			case o.Refused:
				w.network.Refuse()
			default:
				w.server.Fail(code)
			}
		},
		Errors: codes,
		Received: func() []channeltest.Received {
			var got []channeltest.Received
			for _, m := range w.server.Sent() {
				u, err := http.NewRequest(http.MethodGet, m.StatusCallback, nil)
				require.NoError(t, err)
				to := m.To
				if w.settings.Account == whatsApp {
					to = to[len("whatsapp:"):]
				}
				got = append(got, channeltest.Received{ID: m.SID, To: to, Text: m.Body, Files: m.MediaURLs, Template: m.ContentSID, Reference: u.URL.Query().Get("frontdesk_message")})
			}
			return got
		},
		Redirect: w.server.Redirect,
		Keep: func(messages ...channeltest.Inbound) {
			for _, m := range messages {
				w.receive(m)
			}
		},
	}
}

func TestSuite(t *testing.T) {
	for _, account := range []string{account, whatsApp, service, "12345"} {
		t.Run(account, func(t *testing.T) {
			channeltest.Run(t, channeltest.Config{New: func(t testing.TB) channeltest.Provider { return newWorld(account).provider(t) }})
		})
	}
}
