package channeltest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/loopback"
	"github.com/frontdesk-go/frontdesk/conversation"
)

// broken is a driver that breaks rules, and the cases that must catch it.
type broken struct {
	name   string
	caught []string
	lies   lies
}

func liars() []broken {
	var counter atomic.Int64
	return []broken{
		{"a name in capitals", []string{"open/kind"}, lies{kind: func() string { return "Loop Back" }}},
		{"acknowledges with an error", []string{"webhook/acknowledge"}, lies{ack: func(*channel.Request) channel.Response { return channel.Response{Status: 500} }}},
		{"another person", []string{"address/same", "address/nobody"}, lies{address: func(string) (string, conversation.Identity, error) {
			return "bob", conversation.Identity{Scope: "loopback", Address: "bob"}, nil
		}}},
		{"tests nothing", []string{"test/works"}, lies{test: func() (string, error) { return "", nil }}},
		{"always well", []string{"error/denied"}, lies{test: func() (string, error) { return "well", nil }}},
		{"receipts of their own time", []string{"receipt/stable"}, lies{parse: func(_ *channel.Request, items []channel.Item, err error) ([]channel.Item, error) {
			for i := range items {
				items[i].At = when.Add(time.Duration(counter.Add(1)))
			}
			return items, err
		}}},
		{"one ID for all", []string{"send/twice"}, lies{send: func(ctx context.Context, c everything, p channel.Part) (channel.Sent, error) {
			s, err := c.Send(ctx, p)
			s.ID = "sent"
			return s, err
		}}},
		{"says that it is idempotent", []string{"send/idempotent"}, lies{caps: func(c channel.Capabilities) channel.Capabilities {
			c.Idempotent = true
			return c
		}}},
		{"gives up after the first error", []string{"error/after"}, lies{send: func() func(context.Context, everything, channel.Part) (channel.Sent, error) {
			var broken error
			return func(ctx context.Context, c everything, p channel.Part) (channel.Sent, error) {
				s, err := c.Send(ctx, p)
				if err != nil {
					broken = err
				}
				return s, broken
			}
		}()}},
		{"promises less than it sends", []string{"plan/fits", "plan/long", "plan/files"}, lies{caps: func(c channel.Capabilities) channel.Capabilities {
			c.Text.Max = 5
			c.Attachments.MaxBytes = 2000
			c.Attachments.Types = []channel.Type{{Pattern: "image/jpeg", MaxBytes: 10}}
			return c
		}}},
		{"plans with errors of its own", []string{"plan/long", "plan/files"}, lies{planErr: func(err error) error { return errors.New("too much") }}},
		{"gives another file", []string{"fetch/content"}, lies{fetch: func(ctx context.Context, c everything, a conversation.Attachment, limit int64) (channel.File, error) {
			f, err := c.Fetch(ctx, a, limit)
			f.Body = io.NopCloser(strings.NewReader("other"))
			return f, err
		}}},
		{"gives an empty file for a missing one", []string{"fetch/missing"}, lies{fetch: func(ctx context.Context, c everything, a conversation.Attachment, limit int64) (channel.File, error) {
			f, err := c.Fetch(ctx, a, limit)
			if errors.Is(err, channel.ErrNotFound) {
				return channel.File{Body: io.NopCloser(strings.NewReader(""))}, nil
			}
			return f, err
		}}},
		{"loses one of many", []string{"together/send"}, lies{send: func(ctx context.Context, c everything, p channel.Part) (channel.Sent, error) {
			if p.Message == "message-7" {
				return channel.Sent{ID: "sent-0"}, nil
			}
			return c.Send(ctx, p)
		}}},
		{"is busy when called twice", []string{"together/webhook"}, lies{verify: func() func(everything, *channel.Request) error {
			var calls atomic.Int64
			return func(c everything, r *channel.Request) error {
				if calls.Add(1) > 1 {
					return channel.ErrSignature
				}
				return c.Verify(r)
			}
		}()}},
		{"opens anything", []string{"open/options", "open/settings"}, lies{open: func(s channel.Settings) channel.Settings {
			return channel.Settings{Account: "shop"}
		}}},
		{"capabilities that grow", []string{"capabilities/constant"}, lies{caps: func(c channel.Capabilities) channel.Capabilities {
			c.Text.Max = int(counter.Add(1))
			return c
		}}},
		{"a method of its own", []string{"capabilities/consistent"}, lies{caps: func(c channel.Capabilities) channel.Capabilities {
			c.Method = "telepathy"
			return c
		}}},
		{"no files and no reason", []string{"capabilities/consistent"}, lies{caps: func(c channel.Capabilities) channel.Capabilities {
			c.Attachments = channel.AttachmentRules{}
			return c
		}}},
		{"names only the first account", []string{"webhook/accounts"}, lies{accounts: func(names []string) []string { return names[:1] }}},
		{"reads only the first of a batch", []string{"webhook/batch", "webhook/threads"}, lies{parse: func(_ *channel.Request, items []channel.Item, err error) ([]channel.Item, error) {
			return items[:min(1, len(items))], err
		}}},
		{"turns the order round", []string{"webhook/batch"}, lies{parse: func(_ *channel.Request, items []channel.Item, err error) ([]channel.Item, error) {
			slices.Reverse(items)
			return items, err
		}}},
		{"makes IDs of its own", []string{"webhook/redelivery", "poll/same"}, lies{parse: func(_ *channel.Request, items []channel.Item, err error) ([]channel.Item, error) {
			for _, i := range messages(items) {
				i.Message.ID = fmt.Sprint(counter.Add(1))
			}
			return items, err
		}}},
		{"trims and forgets the sender", []string{"webhook/message"}, lies{parse: func(_ *channel.Request, items []channel.Item, err error) ([]channel.Item, error) {
			for _, i := range messages(items) {
				i.Message.From = nil
			}
			return items, err
		}}},
		{"drops what it does not know", []string{"webhook/unknown"}, lies{parse: func(_ *channel.Request, items []channel.Item, err error) ([]channel.Item, error) {
			return slices.DeleteFunc(items, func(i channel.Item) bool { return i.Message != nil && i.Message.Unsupported != "" }), err
		}}},
		{"drops files", []string{"webhook/files"}, lies{parse: func(_ *channel.Request, items []channel.Item, err error) ([]channel.Item, error) {
			for _, i := range messages(items) {
				i.Message.Attachments = nil
			}
			return items, err
		}}},
		{"panics on half a delivery", []string{"webhook/hostile"}, lies{parse: func(_ *channel.Request, items []channel.Item, err error) ([]channel.Item, error) {
			if err != nil {
				panic("unexpected end")
			}
			return items, nil
		}}},
		{"swallows what it cannot read", []string{"webhook/malformed"}, lies{parse: func(_ *channel.Request, items []channel.Item, _ error) ([]channel.Item, error) {
			return items, nil
		}}},
		{"verifies nothing", []string{"verify/absent", "verify/signature", "verify/body", "verify/swapped"}, lies{verify: func(everything, *channel.Request) error { return nil }}},
		{"lets requests without a signature pass", []string{"verify/absent"}, lies{verify: func(c everything, r *channel.Request) error {
			if r.Header.Get(loopback.SignatureHeader) == "" {
				return nil
			}
			return c.Verify(r)
		}}},
		{"compares the beginning of the signature", []string{"verify/signature"}, lies{verify: func(c everything, r *channel.Request) error {
			if strings.HasPrefix(r.Header.Get(loopback.SignatureHeader), "sha256=") && c.Verify(r) != nil && len(r.Header.Get(loopback.SignatureHeader)) == 71 {
				return nil
			}
			return c.Verify(r)
		}}},
		{"refuses with an error of its own", []string{"verify/signature"}, lies{verify: func(c everything, r *channel.Request) error {
			if c.Verify(r) != nil {
				return errors.New("no")
			}
			return nil
		}}},
		{"refuses everything", []string{"verify/genuine"}, lies{verify: func(everything, *channel.Request) error { return channel.ErrSignature }}},
		{"receipts without an ID", []string{"receipt/states"}, lies{parse: func(_ *channel.Request, items []channel.Item, err error) ([]channel.Item, error) {
			for _, i := range items {
				if i.Receipt != nil {
					i.Receipt.IDs = nil
				}
			}
			return items, err
		}}},
		{"receipts without the failure", []string{"receipt/failure"}, lies{parse: func(_ *channel.Request, items []channel.Item, err error) ([]channel.Item, error) {
			for _, i := range items {
				if i.Receipt != nil {
					i.Receipt.Failure = nil
				}
			}
			return items, err
		}}},
		{"cuts the text", []string{"send/text"}, lies{send: func(ctx context.Context, c everything, p channel.Part) (channel.Sent, error) {
			p.Text = p.Text[:len(p.Text)-1]
			return c.Send(ctx, p)
		}}},
		{"answers with an ID of its own", []string{"send/text", "together/send"}, lies{send: func(ctx context.Context, c everything, p channel.Part) (channel.Sent, error) {
			s, err := c.Send(ctx, p)
			s.ID = "mine-" + s.ID
			return s, err
		}}},
		{"forgets the files", []string{"send/files"}, lies{send: func(ctx context.Context, c everything, p channel.Part) (channel.Sent, error) {
			p.Attachments = nil
			return c.Send(ctx, p)
		}}},
		{"forgets the reference", []string{"send/reference"}, lies{send: func(ctx context.Context, c everything, p channel.Part) (channel.Sent, error) {
			p.Message = ""
			return c.Send(ctx, p)
		}}},
		{"sends after the context ended", []string{"send/cancelled"}, lies{send: func(_ context.Context, c everything, p channel.Part) (channel.Sent, error) {
			return c.Send(context.Background(), p)
		}}},
		{"calls again by itself", []string{"error/lost"}, lies{send: func(ctx context.Context, c everything, p channel.Part) (channel.Sent, error) {
			s, err := c.Send(ctx, p)
			if err != nil {
				_, _ = c.Send(ctx, p)
			}
			return s, err
		}}},
		{"calls everything retryable", []string{"error/classes", "error/lost"}, lies{send: func(ctx context.Context, c everything, p channel.Part) (channel.Sent, error) {
			s, err := c.Send(ctx, p)
			if err != nil {
				err = &channel.Error{Class: channel.Retry, Code: channel.AsError(err).Code}
			}
			return s, err
		}}},
		{"does not sort its errors", []string{"error/classes", "error/refused"}, lies{send: func(ctx context.Context, c everything, p channel.Part) (channel.Sent, error) {
			s, err := c.Send(ctx, p)
			if err != nil {
				err = errors.New("failed")
			}
			return s, err
		}}},
		{"never finds", []string{"find/lost"}, lies{find: func() (channel.Sent, error) { return channel.Sent{}, channel.ErrNotFound }}},
		{"always finds", []string{"find/never"}, lies{find: func() (channel.Sent, error) { return channel.Sent{ID: "x"}, nil }}},
		{"loses a file in planning", []string{"plan/covers"}, lies{plan: func(parts []channel.Part) []channel.Part {
			for i := range parts {
				if n := len(parts[i].Attachments); n > 0 {
					parts[i].Attachments = parts[i].Attachments[:n-1]
				}
			}
			return parts
		}}},
		{"plans for another thread", []string{"plan/keeps"}, lies{plan: func(parts []channel.Part) []channel.Part {
			parts[0].Thread = "elsewhere"
			return parts
		}}},
		{"reads files to the end", []string{"fetch/limit"}, lies{fetch: func(ctx context.Context, c everything, a conversation.Attachment, _ int64) (channel.File, error) {
			return c.Fetch(ctx, a, 1<<30)
		}}},
		{"cuts files at the limit", []string{"fetch/limit"}, lies{fetch: func(ctx context.Context, c everything, a conversation.Attachment, limit int64) (channel.File, error) {
			f, err := c.Fetch(ctx, a, 1<<30)
			f.Size = -1
			f.Body = io.NopCloser(io.LimitReader(f.Body, limit))
			return f, err
		}}},
		{"skips half a batch", []string{"poll/all"}, lies{poll: func(p channel.Polled) channel.Polled {
			p.Items = p.Items[:len(p.Items)/2]
			return p
		}}},
		{"fails without a class", []string{"poll/cursor"}, lies{pollErr: func(err error) error { return errors.New("what is that cursor") }}},
		{"runs ahead with its cursor", []string{"poll/resume"}, lies{poll: func(p channel.Polled) channel.Polled {
			if p.Cursor == "2" && !p.More {
				p.Cursor = "3"
			}
			return p
		}}},
	}
}

// TestLiars proves that each case can fail: a driver that breaks one rule is caught by the case of that rule.
func TestLiars(t *testing.T) {
	for _, tt := range liars() {
		t.Run(tt.name, func(t *testing.T) {
			for _, name := range tt.caught {
				truth, _ := honest()
				got := try(t, name, truth)
				require.False(t, got.failed || got.skipped && name != "send/idempotent" && !strings.HasPrefix(name, "address/"), "the honest driver in %s: %s", name, got.said.String())
				p, d := honest()
				p.Driver = &liar{d, tt.lies}
				got = try(t, name, p)
				assert.True(t, got.failed, "%s did not catch it", name)
				assert.True(t, strings.HasPrefix(got.said.String(), Rules()[name]), "the failure says %s", got.said.String())
			}
		})
	}
}

// honest is a loopback driver, of which a channel that is refused is known.
func honest() (Provider, *loopback.Driver) {
	d := loopback.New()
	p := reference(d)
	down := &channel.Error{Class: channel.ChannelDown}
	d.Next("denied", loopback.Outcome{Err: down})
	d.Fail("denied", loopback.Test, down)
	p.Denied = &channel.Settings{Account: "denied"}
	return p, d
}

func TestEachCaseHasARule(t *testing.T) {
	assert.Len(t, Rules(), len(cases()), "two cases share a name")
	for name, rule := range Rules() {
		assert.Regexp(t, `^[a-z]+/[a-z]+$`, name)
		assert.NotEmpty(t, rule, name)
	}
}
