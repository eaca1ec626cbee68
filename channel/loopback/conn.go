package loopback

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
)

// conn is an opened account. It has every optional interface of package channel.
type conn struct {
	driver    *Driver
	account   string
	secret    string
	partFiles int // 0: all in one part
	caps      channel.Capabilities
}

var _ interface {
	channel.Conn
	channel.Verifier
	channel.Planner
	channel.Finder
	channel.Poller
	channel.Fetcher
	channel.Actor
	channel.Tester
} = (*conn)(nil)

func (c *conn) Capabilities() channel.Capabilities { return c.caps }

func (c *conn) Plan(m channel.Outgoing) ([]channel.Part, error) {
	if left, limited := c.caps.Text.Left(m.Text); limited && left < 0 {
		return nil, &channel.Error{Class: channel.Content, Detail: fmt.Sprintf("the text is %d %s too long", -left, c.caps.Text.Unit)}
	}
	if problems := c.caps.Attachments.Check(m.Attachments); problems != nil {
		return nil, &channel.Error{Class: channel.Content, Detail: problems[0]}
	}
	if c.partFiles == 0 || len(m.Attachments) <= c.partFiles {
		return []channel.Part{{Outgoing: m, Of: 1}}, nil
	}
	var parts []channel.Part
	for files := range slices.Chunk(m.Attachments, c.partFiles) {
		p := channel.Part{Outgoing: m, Index: len(parts)}
		p.Attachments = files
		if p.Index > 0 { // the text goes with the first
			p.Text, p.HTML, p.Subject, p.Template = "", "", "", nil
		}
		parts = append(parts, p)
	}
	for i := range parts {
		parts[i].Of = len(parts)
	}
	return parts, nil
}

func (c *conn) Send(ctx context.Context, p channel.Part) (channel.Sent, error) {
	if err := ctx.Err(); err != nil {
		return channel.Sent{}, &channel.Error{Class: channel.Retry, Err: err}
	}
	call, out := c.driver.take(c.account, p, c.caps.Idempotent)
	if out.Begun != nil {
		close(out.Begun)
	}
	if out.Panic != nil {
		panic(out.Panic)
	}
	if out.Wait != nil {
		select {
		case <-out.Wait:
		case <-ctx.Done():
			return channel.Sent{}, &channel.Error{Class: channel.Unknown, Err: ctx.Err()}
		}
	}
	if call.Err != nil {
		return channel.Sent{}, call.Err
	}
	return out.Sent, nil
}

// take records a call and decides it. What arrives is recorded before the answer, as a provider does.
func (d *Driver) take(account string, p channel.Part, idempotent bool) (Call, Outcome) {
	d.mu.Lock()
	defer d.mu.Unlock()
	a := d.account(account)
	if idempotent {
		if c, ok := a.find(p); ok {
			return c, Outcome{Sent: channel.Sent{ID: c.ID}}
		}
	}
	var out Outcome
	if len(a.next) > 0 {
		out, a.next = a.next[0], a.next[1:]
	}
	call := Call{Part: p, Taken: out.Err == nil || out.Taken, Err: out.Err}
	if call.Taken {
		if out.Sent.ID == "" {
			out.Sent.ID = d.id("sent")
		}
		call.ID = out.Sent.ID
	}
	a.calls = append(a.calls, call)
	return call, out
}

// find returns the first call that took a part of the same message.
func (a *account) find(p channel.Part) (Call, bool) {
	i := slices.IndexFunc(a.calls, func(c Call) bool {
		return c.Taken && c.Part.Message == p.Message && c.Part.Index == p.Index
	})
	if i < 0 {
		return Call{}, false
	}
	return Call{Part: p, ID: a.calls[i].ID, Taken: true}, true
}

// id makes an ID that no other item of this provider has. The caller holds the lock.
func (d *Driver) id(prefix string) string {
	d.ids++
	return prefix + "-" + strconv.Itoa(d.ids)
}

func (c *conn) Find(_ context.Context, p channel.Part) (channel.Sent, error) {
	if err := c.driver.fail(c.account, Find); err != nil {
		return channel.Sent{}, err
	}
	c.driver.mu.Lock()
	defer c.driver.mu.Unlock()
	call, ok := c.driver.account(c.account).find(p)
	if !ok {
		return channel.Sent{}, channel.ErrNotFound
	}
	return channel.Sent{ID: call.ID}, nil
}

func (c *conn) Poll(_ context.Context, cursor string) (channel.Polled, error) {
	if err := c.driver.fail(c.account, Poll); err != nil {
		return channel.Polled{}, err
	}
	at, err := strconv.Atoi(cursor)
	if cursor != "" && (err != nil || at < 0) {
		return channel.Polled{}, &channel.Error{Class: channel.ChannelDown, Detail: fmt.Sprintf("cursor %q is none of this channel's", cursor)}
	}
	c.driver.mu.Lock()
	defer c.driver.mu.Unlock()
	polls := c.driver.account(c.account).polls
	if at >= len(polls) {
		return channel.Polled{Cursor: cursor}, nil
	}
	return channel.Polled{Items: slices.Clone(polls[at]), Cursor: strconv.Itoa(at + 1), More: at+1 < len(polls)}, nil
}

func (c *conn) Fetch(_ context.Context, a conversation.Attachment, limit int64) (channel.File, error) {
	if err := c.driver.fail(c.account, Fetch); err != nil {
		return channel.File{}, err
	}
	c.driver.mu.Lock()
	f, ok := c.driver.account(c.account).files[a.ID]
	c.driver.mu.Unlock()
	if !ok {
		return channel.File{}, channel.ErrNotFound
	}
	if f.size > limit {
		return channel.File{}, channel.ErrTooLarge
	}
	return channel.File{Type: f.mime, Size: f.size, Body: &body{r: f.open(), left: limit}}, nil
}

// body fails with ErrTooLarge once more bytes than are left have come.
type body struct {
	r    io.Reader
	left int64
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return max(0, n+int(b.left)), channel.ErrTooLarge
	}
	return n, err
}

func (b *body) Close() error {
	if c, ok := b.r.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

func (c *conn) Act(_ context.Context, thread string, a conversation.Action, input string) error {
	if err := c.driver.fail(c.account, Do); err != nil {
		return err
	}
	c.driver.mu.Lock()
	defer c.driver.mu.Unlock()
	acc := c.driver.account(c.account)
	acc.acts = append(acc.acts, Act{Thread: thread, Action: a, Input: input})
	return nil
}

func (c *conn) Test(context.Context) (string, error) {
	if err := c.driver.fail(c.account, Test); err != nil {
		return "", err
	}
	return "loopback account " + c.account + " answers", nil
}
