package whatsapp

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strings"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/internal/outbound"
)

var (
	_ interface {
		channel.WebhookDriver
		channel.Handshaker
	} = (*Driver)(nil)
	_ interface {
		channel.Verifier
		channel.Handshaker
		channel.Planner
		channel.Addresser
		channel.Fetcher
		channel.Tester
	} = (*conn)(nil)
)

// The defaults of a Driver.
const (
	DefaultBaseURL = "https://graph.facebook.com"
	DefaultVersion = "v26.0"
)

// Driver opens WhatsApp channels. The zero value is ready; its fields are not changed once it is in use.
type Driver struct {
	BaseURL     string   // of the Graph API, without the version. Defaults to DefaultBaseURL
	Version     string   // of the Graph API. Defaults to DefaultVersion
	VerifyToken string   // of the webhook's address check for the whole app; "" matches nothing
	MediaHosts  []string // that get the token when a file is fetched, with their subdomains, beside BaseURL's. Defaults to lookaside.fbsbx.com
}

// New returns a driver for the public API.
func New() *Driver { return &Driver{} }

// Kind is "whatsapp".
func (d *Driver) Kind() string { return "whatsapp" }

// Open connects a channel. Errors: *channel.SettingError.
func (d *Driver) Open(_ context.Context, s channel.Settings) (channel.Conn, error) {
	if !isDigits(s.Account) {
		return nil, &channel.SettingError{Name: "Account", Problem: "must be the phone_number_id, digits only"}
	}
	secret, err := parseSecret(s.Secret)
	if err != nil {
		return nil, err
	}
	base, err := outbound.Base(cmp.Or(d.BaseURL, DefaultBaseURL))
	if err != nil {
		return nil, err
	}
	hosts := d.MediaHosts
	if len(hosts) == 0 {
		hosts = []string{"lookaside.fbsbx.com"}
	}
	c := &conn{account: s.Account, secret: secret, base: base, version: cmp.Or(d.Version, DefaultVersion), provider: outbound.New(s.Client, base, hosts...)}
	if err := c.setOptions(s.Options); err != nil {
		return nil, err
	}
	return c, nil
}

// conn is an opened channel. It does not change once it is open.
type conn struct {
	account  string
	secret   secret
	base     *url.URL
	version  string
	proof    string // of the app secret, to be sent with every call; "" when switched off
	provider *outbound.Client
}

func (c *conn) setOptions(options map[string]string) error {
	for name, value := range options {
		if name != "appsecret_proof" {
			return &channel.SettingError{Name: "Options." + name, Problem: "is not known; appsecret_proof is"}
		}
		switch value {
		case "", "off":
		case "on":
			mac := hmac.New(sha256.New, []byte(c.secret.App[0]))
			mac.Write([]byte(c.secret.Token))
			c.proof = hex.EncodeToString(mac.Sum(nil))
		default:
			return &channel.SettingError{Name: "Options.appsecret_proof", Problem: `must be "on" or "off"`}
		}
	}
	return nil
}

// secret is what a channel's secret holds.
type secret struct {
	Token  string  `json:"token"`
	App    secrets `json:"app_secret"`
	Verify string  `json:"verify_token"`
}

// secrets is one string or a list of them.
type secrets []string

func (s *secrets) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*s = secrets{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(s))
}

// parseSecret reads a channel's secret. Its errors never repeat a part of it.
func parseSecret(text string) (secret, error) {
	var s secret
	problem := func(p string) (secret, error) { return secret{}, &channel.SettingError{Name: "Secret", Problem: p} }
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return problem("must be JSON with token, app_secret and, where wanted, verify_token")
	}
	if s.Token == "" || strings.ContainsFunc(s.Token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return problem("token must be an access token: printable ASCII without spaces")
	}
	if len(s.App) == 0 {
		return problem("app_secret must be the app's secret, or a list of them")
	}
	for _, one := range s.App {
		if one == "" {
			return problem("app_secret must not be empty")
		}
	}
	return s, nil
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
