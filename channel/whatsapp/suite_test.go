package whatsapp_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/channeltest"
	"github.com/frontdesk-go/frontdesk/channel/whatsapp"
	"github.com/frontdesk-go/frontdesk/channel/whatsapp/whatsapptest"
)

// provider is the suite's view of the driver and a stand-in.
func provider(testing.TB) channeltest.Provider {
	s := whatsapptest.New()
	s.Now = func() time.Time { return time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC) }
	network := &channeltest.Network{}
	network.Add("graph.facebook.com", s)
	network.Add("lookaside.fbsbx.com", s)
	settings := s.Settings(s.Accounts[0], network.Client())
	other := s.Settings(s.Accounts[1], network.Client())
	denied := settings
	denied.Secret = strings.Replace(denied.Secret, s.Token, "EAAexpired", 1)

	return channeltest.Provider{
		Driver: whatsapp.New(), Settings: settings, Other: &other, Denied: &denied, Bad: badSettings(settings),
		Customers: []string{"+491700000001", "+491700000002"},
		Network:   network, Credentials: []string{s.Token, s.AppSecret},
		Signature: []string{"X-Hub-Signature-256"},
		Malformed: []string{"", "{", "[]", "null", `{"object":"whatsapp_business_account"}`, `{"entry":{}}`, `{"entry":[7]}`, `{"entry":[{"changes":[{"field":"messages"}]}]}`},
		Deliver: func(messages ...channeltest.Inbound) []*channel.Request {
			return []*channel.Request{deliver(s, messages)}
		},
		Receipt: func(r channeltest.Receipt) *channel.Request {
			code, _ := strconv.Atoi(r.Code)
			status := whatsapptest.Status(r.ID, strings.TrimPrefix(r.To, "+"), string(r.Delivery), r.Reference, r.At, code)
			return s.Delivery(whatsapptest.Change{Account: settings.Account, Statuses: []map[string]any{status}})
		},
		Next: func(o channeltest.Outcome) {
			switch {
			case o.Lost:
				network.Lose()
			case o.Refused:
				network.Refuse()
			default:
				code, _ := strconv.Atoi(o.Code)
				s.Next(whatsapptest.Fault{Code: code})
			}
		},
		Errors:   documentedErrors(),
		Received: func() []channeltest.Received { return received(s) },
		Redirect: s.Redirect,
	}
}

func badSettings(good channel.Settings) map[string]channel.Settings {
	bad := map[string]channel.Settings{}
	for what, secret := range map[string]string{
		"no secret": "", "no JSON": "EAAtoken", "no token": `{"app_secret":"x"}`, "a token with a line end": `{"token":"a\nb","app_secret":"x"}`,
		"no app secret": `{"token":"a"}`, "an empty app secret": `{"token":"a","app_secret":""}`, "an empty list": `{"token":"a","app_secret":[]}`,
		"an empty secret in the list": `{"token":"a","app_secret":["x",""]}`, "a number for a secret": `{"token":"a","app_secret":7}`,
	} {
		s := good
		s.Secret = secret
		bad[what] = s
	}
	for what, account := range map[string]string{"a phone number": "+49305550100", "a path": "1/../2"} {
		s := good
		s.Account = account
		bad[what] = s
	}
	proof := good
	proof.Options = map[string]string{"appsecret_proof": "yes"}
	bad["a proof that is neither on nor off"] = proof
	return bad
}

// deliver makes one request of messages, one change for each run of messages to the same account.
func deliver(s *whatsapptest.Server, messages []channeltest.Inbound) *channel.Request {
	var changes []whatsapptest.Change
	for _, m := range messages {
		if n := len(changes); n == 0 || changes[n-1].Account != m.Account {
			changes = append(changes, whatsapptest.Change{Account: m.Account})
		}
		c := &changes[len(changes)-1]
		from := strings.TrimPrefix(m.From, "+")
		c.Contacts = append(c.Contacts, whatsapptest.Contact(from, "", "Ann"))
		id := "wamid.in-" + m.ID
		switch {
		case m.Unknown:
			c.Messages = append(c.Messages, whatsapptest.Message(id, from, "hologram", m.At, map[string]any{"beam": 7}))
		case len(m.Files) == 1:
			media := fmt.Sprintf("media%s", m.ID)
			s.AddMedia(media, m.Files[0].Type, m.Files[0].Data)
			image := map[string]any{"id": media, "mime_type": m.Files[0].Type, "caption": m.Text}
			c.Messages = append(c.Messages, whatsapptest.Message(id, from, "image", m.At, image))
		default:
			c.Messages = append(c.Messages, whatsapptest.Text(id, from, m.Text, m.At))
		}
	}
	return s.Delivery(changes...)
}

func received(s *whatsapptest.Server) []channeltest.Received {
	var all []channeltest.Received
	for _, m := range s.Taken() {
		r := channeltest.Received{ID: m.ID, To: m.To, Text: m.Text, Template: m.Template, Reference: m.Reference}
		if m.File != "" {
			r.Files = []string{m.File}
		}
		all = append(all, r)
	}
	return all
}

// documentedErrors are the codes of the provider's page, sorted by what helps. They are written down a second time here, apart from the
// driver's own table.
func documentedErrors() []channeltest.ErrorCode {
	var all []channeltest.ErrorCode
	for class, codes := range map[channel.Class]string{
		channel.WindowClosed: "131047",
		channel.Retry:        "130429 131056 131016 131000 131057 133004 80007 4 2",
		channel.Recipient:    "131026 131021 131030 131050 131049 130472 130497 131062",
		channel.Content:      "131008 131009 100 131051 131053 132000 132001 132005 132007 132012 132015 132016 131063 131064",
		channel.ChannelDown:  "190 0 3 10 200 210 299 131005 131031 131042 131048 131037 133010 368",
	} {
		for _, code := range strings.Fields(codes) {
			all = append(all, channeltest.ErrorCode{Code: code, Class: class})
		}
	}
	return all
}

func TestSuite(t *testing.T) {
	channeltest.Run(t, channeltest.Config{New: provider})
}

func FuzzWebhook(f *testing.F) {
	p := provider(f)
	conn, err := p.Driver.Open(f.Context(), p.Settings)
	if err != nil {
		f.Fatal(err)
	}
	at := time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)
	account := p.Settings.Account
	inbound := []channeltest.Inbound{{ID: "1", Account: account, From: p.Customers[0], Text: "Grüße", At: at}, {ID: "2", Account: account, From: p.Customers[1], Unknown: true, At: at}}
	channeltest.FuzzWebhook(f, p.Driver.(channel.WebhookDriver), conn, p.Deliver(inbound...)[0],
		p.Receipt(channeltest.Receipt{ID: "wamid.out", To: p.Customers[0], Reference: "m1", Delivery: "failed", Code: "131047", At: at}))
}
