package channeltest

import (
	"context"
	"errors"

	"github.com/frontdesk-go/frontdesk/channel"
)

var errorCases = []kase{
	{"error/classes", "each documented error code has its class, and keeps the provider's code", errorClasses},
	{"error/lost", "when the provider took the message and its answer is lost, the class is Unknown", errorLost},
	{"error/timeout", "when the provider took the message and the context ends before its answer, the class is Unknown", errorTimeout},
	{"error/refused", "when the provider cannot be connected to, the class is Retry", errorRefused},
	{"error/after", "an error does not outlive its call: the next Send works", errorAfter},
	{"error/denied", "a refused login is of class ChannelDown, and Test reports it", errorDenied},
	{"find/lost", "Find finds the message whose answer was lost, or leaves it in doubt", findLost},
	{"find/never", "Find gives ErrNotFound only for what the provider surely does not have", findNever},
	{"test/works", "Test of a channel that works gives words and no error", testWorks},
}

// failing makes the provider treat the next call as o says, and returns the error of that call.
func (p *probe) failing(c channel.Conn, o Outcome) error {
	p.Helper()
	p.need(p.Next != nil, "Next")
	part := p.plan(c, p.outgoing("message-1", "in doubt"))[0]
	p.Next(o)
	_, err := c.Send(p.ctx(), part)
	if err == nil {
		p.stop("Send with the outcome %+v gives no error", o)
	}
	return err
}

func errorClasses(p *probe) {
	p.need(len(p.Errors) > 0, "Errors")
	c := p.open()
	for _, want := range p.Errors {
		var got *channel.Error
		if err := p.failing(c, Outcome{Code: want.Code}); !errors.As(err, &got) {
			p.bad("code %s: the error is %T (%v)", want.Code, err, err)
			continue
		}
		if got.Class != want.Class || got.OptedOut != want.OptedOut {
			p.bad("code %s: class %s, opted out %v; want %s, %v", want.Code, got.Class, got.OptedOut, want.Class, want.OptedOut)
		}
		if got.Code != want.Code {
			p.bad("code %s: the error says %q", want.Code, got.Code)
		}
		if got.RetryAfter < 0 || got.RetryAfter > 0 && got.Class != channel.Retry {
			p.bad("code %s: class %s with RetryAfter %v", want.Code, got.Class, got.RetryAfter)
		}
	}
	if n := len(p.Received()); n > 0 {
		p.bad("%d refused messages were taken: the stand-in is wrong, or the driver called again", n)
	}
}

func errorLost(p *probe) {
	err := p.failing(p.open(), Outcome{Lost: true})
	if class := channel.AsError(err).Class; class != channel.Unknown {
		p.bad("the class is %s: %v", class, err)
	}
	if n := len(p.Received()); n != 1 {
		p.bad("the provider has %d messages: a driver never calls again", n)
	}
}

func errorTimeout(p *probe) {
	if p.Network == nil {
		p.skip("the driver uses no Network")
	}
	c := p.open()
	part := p.plan(c, p.outgoing("message-1", "in doubt"))[0]
	ctx, cancel := context.WithCancel(p.ctx())
	defer cancel()
	p.Network.Hang(cancel)
	_, err := c.Send(ctx, part)
	if err == nil || channel.AsError(err).Class != channel.Unknown {
		p.bad("the error is %v", err)
	}
	if n := len(p.Received()); n != 1 {
		p.bad("the provider has %d messages", n)
	}
}

func errorRefused(p *probe) {
	err := p.failing(p.open(), Outcome{Refused: true})
	if class := channel.AsError(err).Class; class != channel.Retry {
		p.bad("the class is %s: %v", class, err)
	}
	if n := len(p.Received()); n != 0 {
		p.bad("the provider has %d messages", n)
	}
}

func errorAfter(p *probe) {
	c := p.open()
	_ = p.failing(c, Outcome{Refused: true})
	if _, got := p.send(c, p.outgoing("message-2", "again")); len(got) != 1 || got[0].Text != "again" {
		p.bad("the provider has %+v", got)
	}
}

func errorDenied(p *probe) {
	p.need(p.Denied != nil, "Denied")
	c := p.openWith(*p.Denied)
	_, err := c.Send(p.ctx(), p.plan(c, p.outgoing("message-1", "x"))[0])
	if err == nil || channel.AsError(err).Class != channel.ChannelDown {
		p.bad("Send gives %v", err)
	}
	if t, ok := c.(channel.Tester); ok {
		if words, err := t.Test(p.ctx()); err == nil {
			p.bad("Test gives %q and no error", words)
		}
	}
}

// finder opens the channel as a Finder or skips the case.
func (p *probe) finder() (channel.Conn, channel.Finder) {
	p.Helper()
	c := p.open()
	f, ok := c.(channel.Finder)
	if !ok {
		p.skip("the Conn is no Finder")
	}
	return c, f
}

func findLost(p *probe) {
	c, f := p.finder()
	_ = p.failing(c, Outcome{Lost: true})
	sent, err := f.Find(p.ctx(), p.plan(c, p.outgoing("message-1", "in doubt"))[0])
	taken := p.Received()
	if errors.Is(err, channel.ErrNotFound) || len(taken) != 1 {
		p.stop("Find gives %v, the provider has %d messages", err, len(taken))
	}
	if err == nil && sent.ID != taken[0].ID {
		p.bad("Find gives the ID %q, the provider has %q", sent.ID, taken[0].ID)
	}
}

func findNever(p *probe) {
	c, f := p.finder()
	_, err := f.Find(p.ctx(), p.plan(c, p.outgoing("message-1", "never sent"))[0])
	if err == nil {
		p.bad("Find of a message that was never sent gives no error")
	}
	ctx, cancel := context.WithCancel(p.ctx())
	cancel()
	_, err = f.Find(ctx, p.plan(c, p.outgoing("message-2", "never asked"))[0])
	if p.Network != nil && (err == nil || errors.Is(err, channel.ErrNotFound)) {
		p.bad("Find that could not ask gives %v", err)
	}
}

func testWorks(p *probe) {
	t, ok := p.open().(channel.Tester)
	if !ok {
		p.skip("the Conn is no Tester")
	}
	if words, err := t.Test(p.ctx()); err != nil || words == "" {
		p.bad("Test gives %q, %v", words, err)
	}
}
