package channeltest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/loopback"
	"github.com/frontdesk-go/frontdesk/conversation"
)

// recorder is a test that may fail without failing the test around it.
type recorder struct {
	testing.TB
	said    strings.Builder
	failed  bool
	skipped bool
}

func (r *recorder) Errorf(format string, args ...any) {
	r.failed = true
	fmt.Fprintf(&r.said, format+"\n", args...)
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

func (r *recorder) Skipf(string, ...any) {
	r.skipped = true
	runtime.Goexit()
}

// try runs one case of the suite and returns what became of it.
func try(t *testing.T, name string, p Provider) *recorder {
	t.Helper()
	i := slices.IndexFunc(cases(), func(k kase) bool { return k.name == name })
	require.GreaterOrEqual(t, i, 0, "there is no case %s", name)
	k := cases()[i]
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		k.run(&probe{TB: r, Provider: p, rule: k.rule, skipped: func(string) {}})
	}()
	<-done
	return r
}

// everything is what a Conn of loopback offers.
type everything interface {
	channel.Conn
	channel.Verifier
	channel.Planner
	channel.Finder
	channel.Poller
	channel.Fetcher
	channel.Tester
}

// liar is a loopback driver whose methods can be replaced; f.conn is the honest Conn.
type liar struct {
	*loopback.Driver
	lies
}

type lies struct {
	open     func(channel.Settings) channel.Settings
	accounts func([]string) []string
	parse    func(*channel.Request, []channel.Item, error) ([]channel.Item, error)
	caps     func(channel.Capabilities) channel.Capabilities
	verify   func(c everything, r *channel.Request) error
	send     func(ctx context.Context, c everything, p channel.Part) (channel.Sent, error)
	plan     func([]channel.Part) []channel.Part
	find     func() (channel.Sent, error)
	poll     func(channel.Polled) channel.Polled
	fetch    func(ctx context.Context, c everything, a conversation.Attachment, limit int64) (channel.File, error)
}

type liarConn struct {
	everything
	lies
}

func (l *liar) Open(ctx context.Context, s channel.Settings) (channel.Conn, error) {
	if l.open != nil {
		s = l.open(s)
	}
	c, err := l.Driver.Open(ctx, s)
	if err != nil {
		return nil, err
	}
	return &liarConn{c.(everything), l.lies}, nil
}

func (l *liar) Accounts(r *channel.Request) ([]string, error) {
	names, err := l.Driver.Accounts(r)
	if l.accounts != nil {
		names = l.accounts(names)
	}
	return names, err
}

func (l *liar) Parse(r *channel.Request) ([]channel.Item, error) {
	items, err := l.Driver.Parse(r)
	if l.parse != nil {
		return l.parse(r, items, err)
	}
	return items, err
}

func (c *liarConn) Capabilities() channel.Capabilities {
	if c.caps != nil {
		return c.caps(c.everything.Capabilities())
	}
	return c.everything.Capabilities()
}

func (c *liarConn) Verify(r *channel.Request) error {
	if c.verify != nil {
		return c.verify(c.everything, r)
	}
	return c.everything.Verify(r)
}

func (c *liarConn) Send(ctx context.Context, p channel.Part) (channel.Sent, error) {
	if c.send != nil {
		return c.send(ctx, c.everything, p)
	}
	return c.everything.Send(ctx, p)
}

func (c *liarConn) Plan(m channel.Outgoing) ([]channel.Part, error) {
	parts, err := c.everything.Plan(m)
	if c.plan != nil {
		parts = c.plan(parts)
	}
	return parts, err
}

func (c *liarConn) Find(ctx context.Context, p channel.Part) (channel.Sent, error) {
	if c.find != nil {
		return c.find()
	}
	return c.everything.Find(ctx, p)
}

func (c *liarConn) Poll(ctx context.Context, cursor string) (channel.Polled, error) {
	got, err := c.everything.Poll(ctx, cursor)
	if c.poll != nil {
		got = c.poll(got)
	}
	return got, err
}

func (c *liarConn) Fetch(ctx context.Context, a conversation.Attachment, limit int64) (channel.File, error) {
	if c.fetch != nil {
		return c.fetch(ctx, c.everything, a, limit)
	}
	return c.everything.Fetch(ctx, a, limit)
}

// TestLiars proves that each case can fail: a driver that breaks one rule is caught by the case of that rule.
func TestLiars(t *testing.T) {
	var counter atomic.Int64
	tests := []struct {
		name   string
		caught []string
		lies   lies
	}{
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
		{"runs ahead with its cursor", []string{"poll/resume"}, lies{poll: func(p channel.Polled) channel.Polled {
			if p.Cursor == "2" && !p.More {
				p.Cursor = "3"
			}
			return p
		}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, name := range tt.caught {
				honest := try(t, name, reference(loopback.New()))
				require.False(t, honest.failed || honest.skipped, "the honest driver in %s: %s", name, honest.said.String())
				d := loopback.New()
				p := reference(d)
				p.Driver = &liar{d, tt.lies}
				got := try(t, name, p)
				assert.True(t, got.failed, "%s did not catch it", name)
				assert.True(t, strings.HasPrefix(got.said.String(), Rules()[name]), "the failure says %s", got.said.String())
			}
		})
	}
}

func TestEachCaseHasARule(t *testing.T) {
	assert.Len(t, Rules(), len(cases()), "two cases share a name")
	for name, rule := range Rules() {
		assert.Regexp(t, `^[a-z]+/[a-z]+$`, name)
		assert.NotEmpty(t, rule, name)
	}
}
