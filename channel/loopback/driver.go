// Package loopback is the channel in memory: for tests, demonstrations and programs that have no provider yet.
//
// A [Driver] is the provider as well. It records every call, hands out scripted results, and builds signed deliveries:
//
//	d := loopback.New()
//	d.Next("shop", loopback.Outcome{Err: &channel.Error{Class: channel.Retry}})  // the next Send fails, the one after works
//	desk.Webhooks().ServeHTTP(w, d.Deliver(channel.Item{Account: "shop", Thread: "ann", Message: &channel.Message{ID: "1", Text: "Hi"}}))
//	d.Sent("shop")                                                               // every call so far
//
// Two Desks that share a Driver value share the provider, as two processes do. The settings of a channel are: any account name without
// spaces; a secret that deliveries are signed with, by default the Driver's; the option part_files, how many files one call carries.
package loopback

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"github.com/frontdesk-go/frontdesk/channel"
)

// Driver is the channel kind "loopback" and its provider. The zero value is ready to use; a Driver must not be copied.
type Driver struct {
	// Secret signs what Deliver builds. Defaults to "loopback-secret".
	Secret string
	// URL is where Deliver sends to. Defaults to "https://desk.example.com/hooks/loopback".
	URL string

	mu       sync.Mutex
	ids      int
	accounts map[string]*account
}

// account is what the provider holds of one account.
type account struct {
	caps  *channel.Capabilities
	calls []Call
	next  []Outcome
	fails map[Op][]error
	polls [][]channel.Item
	files map[string]file
	acts  []Act
}

type file struct {
	mime string
	size int64 // as the provider says; -1: it does not
	open func() io.Reader
}

// New returns a driver without accounts; they come into being when they are named.
func New() *Driver { return &Driver{} }

// Kind is "loopback".
func (d *Driver) Kind() string { return "loopback" }

// Default are the capabilities of an account that SetCapabilities was not called for: method chat, a text of 4096 code points, 10 files
// of any type with 100 MB each, the business may write first, no window, templates, all receipts, and references that come back.
func Default() channel.Capabilities {
	return channel.Capabilities{
		Method:      channel.MethodChat,
		Text:        channel.Limit{Max: 4096, Unit: channel.CodePoints},
		Attachments: channel.AttachmentRules{Max: 10, Types: []channel.Type{{Pattern: "*/*", MaxBytes: 100 << 20}}},
		Initiate:    true,
		Templates:   true,
		Receipts:    channel.Receipts{Sent: true, Delivered: true, Read: true},
		Reference:   true,
	}
}

// SetCapabilities sets what channels of an account can carry when they are opened from now on.
func (d *Driver) SetCapabilities(account string, c channel.Capabilities) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.account(account).caps = &c
}

// account returns an account, made if need be. The caller holds the lock.
func (d *Driver) account(name string) *account {
	if d.accounts == nil {
		d.accounts = map[string]*account{}
	}
	if d.accounts[name] == nil {
		d.accounts[name] = &account{fails: map[Op][]error{}, files: map[string]file{}}
	}
	return d.accounts[name]
}

// Open connects a channel. Errors: *channel.SettingError.
func (d *Driver) Open(_ context.Context, s channel.Settings) (channel.Conn, error) {
	if s.Account == "" || len(s.Account) > 200 || strings.ContainsFunc(s.Account, space) {
		return nil, &channel.SettingError{Name: "account", Problem: fmt.Sprintf("%q must be 1 to 200 bytes without spaces or control characters", s.Account)}
	}
	c := &conn{driver: d, account: s.Account, secret: s.Secret}
	for name, value := range s.Options {
		n, err := strconv.Atoi(value)
		if name != "part_files" {
			return nil, &channel.SettingError{Name: name, Problem: "unknown; there is part_files"}
		}
		if err != nil || n < 1 {
			return nil, &channel.SettingError{Name: name, Problem: fmt.Sprintf("%q must be a number from 1", value)}
		}
		c.partFiles = n
	}
	if c.secret == "" {
		c.secret = d.secret()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	c.caps = Default()
	if set := d.account(s.Account).caps; set != nil {
		c.caps = *set
	}
	return c, nil
}

func space(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || r == unicode.ReplacementChar
}

func (d *Driver) secret() string {
	if d.Secret == "" {
		return "loopback-secret"
	}
	return d.Secret
}
