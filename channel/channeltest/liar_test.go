package channeltest

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

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
	kind     func() string
	ack      func(*channel.Request) channel.Response
	test     func() (string, error)
	address  func(to string) (string, conversation.Identity, error)
	open     func(channel.Settings) channel.Settings
	accounts func([]string) []string
	parse    func(*channel.Request, []channel.Item, error) ([]channel.Item, error)
	caps     func(channel.Capabilities) channel.Capabilities
	verify   func(c everything, r *channel.Request) error
	send     func(ctx context.Context, c everything, p channel.Part) (channel.Sent, error)
	plan     func([]channel.Part) []channel.Part
	planErr  func(error) error
	find     func() (channel.Sent, error)
	poll     func(channel.Polled) channel.Polled
	pollErr  func(error) error
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

func (l *liar) Kind() string {
	if l.kind != nil {
		return l.kind()
	}
	return l.Driver.Kind()
}

func (l *liar) Acknowledge(r *channel.Request) channel.Response {
	if l.ack != nil {
		return l.ack(r)
	}
	return l.Driver.Acknowledge(r)
}

func (c *liarConn) Test(ctx context.Context) (string, error) {
	if c.test != nil {
		return c.test()
	}
	return c.everything.Test(ctx)
}

// Address is what loopback lacks.
func (c *liarConn) Address(to string) (string, conversation.Identity, error) {
	if c.address != nil {
		return c.address(to)
	}
	return "", conversation.Identity{}, &channel.Error{Class: channel.Recipient}
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
	if c.planErr != nil && err != nil {
		err = c.planErr(err)
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
	if c.pollErr != nil && err != nil {
		err = c.pollErr(err)
	}
	return got, err
}

func (c *liarConn) Fetch(ctx context.Context, a conversation.Attachment, limit int64) (channel.File, error) {
	if c.fetch != nil {
		return c.fetch(ctx, c.everything, a, limit)
	}
	return c.everything.Fetch(ctx, a, limit)
}
