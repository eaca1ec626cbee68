// Package twilio speaks to Twilio Programmable Messaging: SMS, MMS and WhatsApp through Twilio.
//
// A channel is one sender. Its account is a number in E.164 ("+4930123456"), a short code ("12345"), a sender name ("ACME"), a Messaging
// Service ("MG…"), or a WhatsApp sender ("whatsapp:+4930123456"). Its secret is JSON:
//
//	{"account_sid": "AC…", "auth_token": "…"}
//
// with, if wanted, "api_key" ("SK…") and "api_secret" to call with, and "previous_auth_token", which is still accepted in signatures
// while the token is changed. Twilio signs with the auth token, never with an API key. Options:
//
//   - mms: "on" or "off", whether files are sent. Defaults to on for numbers, Messaging Services and WhatsApp, to off for short codes.
//     A sender name cannot.
//   - ref16: "on" or "off", whether segments are counted with 16-bit references. Defaults to on for US toll-free numbers.
//
// The webhook URL of the number or service and, by StatusCallback, of each message is the channel's CallbackURL. It is signed, so it must
// be the public URL exactly.
package twilio

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/internal/outbound"
)

// Driver is the channel kind "twilio". The zero value is ready to use; its fields must not change once it is.
type Driver struct {
	// BaseURL is where the REST API is. Defaults to "https://api.twilio.com".
	BaseURL string
	// HTTPClient is used for channels whose settings bring no client. Defaults to a client with a timeout of 30 seconds.
	HTTPClient *http.Client
	// StopWords and StartWords opt out and in again besides Twilio's English words, such as "ARRET". A message counts if it is nothing
	// but the word; case and space around it do not matter.
	StopWords, StartWords []string
	// Backfill is how far back the first Poll looks. Defaults to 24 hours.
	Backfill time.Duration
	// Now is the clock of Poll. Defaults to time.Now.
	Now func() time.Time
}

var (
	_ channel.WebhookDriver = (*Driver)(nil)
	_ channel.Acknowledger  = (*Driver)(nil)
	_ interface {
		channel.Conn
		channel.Verifier
		channel.Planner
		channel.Addresser
		channel.Poller
		channel.Fetcher
		channel.Tester
	} = (*conn)(nil)
)

// New returns a driver with the defaults.
func New() *Driver { return &Driver{} }

// Kind is "twilio".
func (d *Driver) Kind() string { return "twilio" }

// conn is an opened channel.
type conn struct {
	driver   *Driver
	account  string
	sender   senderType
	secret   secret
	base     *url.URL
	callback string
	provider *outbound.Client
	caps     channel.Capabilities
}

// Open connects a channel. Errors: *channel.SettingError.
func (d *Driver) Open(_ context.Context, s channel.Settings) (channel.Conn, error) {
	c := &conn{driver: d, account: s.Account, callback: s.CallbackURL}
	var err error
	if c.sender, err = parseAccount(s.Account); err != nil {
		return nil, err
	}
	if c.secret, err = parseSecret(s.Secret); err != nil {
		return nil, err
	}
	if c.base, err = d.base(); err != nil {
		return nil, err
	}
	if c.caps, err = capabilities(c.sender, s); err != nil {
		return nil, err
	}
	if err := checkCallback(s.CallbackURL); err != nil {
		return nil, err
	}
	client := cmp.Or(s.Client, d.HTTPClient, &http.Client{Timeout: 30 * time.Second})
	c.provider = outbound.New(client, c.base)
	return c, nil
}

func (d *Driver) base() (*url.URL, error) {
	u, err := outbound.Base(cmp.Or(d.BaseURL, "https://api.twilio.com"))
	if err != nil || u.Path != "" {
		return nil, &channel.SettingError{Name: "BaseURL", Problem: "must be scheme and host alone, such as https://api.twilio.com"}
	}
	return u, nil
}

func checkCallback(address string) error {
	if address == "" {
		return nil
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.Fragment != "" {
		return &channel.SettingError{Name: "callback URL", Problem: "must be an absolute http or https address without a fragment"}
	}
	return nil
}

func (d *Driver) now() time.Time {
	if d.Now != nil {
		return d.Now()
	}
	return time.Now()
}

func (c *conn) Capabilities() channel.Capabilities { return c.caps }

// Acknowledge answers 204, after which Twilio sends the customer nothing. A text body would be sent as a reply.
func (d *Driver) Acknowledge(*channel.Request) channel.Response {
	return channel.Response{Status: http.StatusNoContent}
}
