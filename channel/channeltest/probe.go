package channeltest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
)

// probe is what a case works with: its test, its rule and a fresh provider.
type probe struct {
	testing.TB
	Provider
	rule    string
	skipped func(reason string)
}

// when is the time of the first message that cases deliver: a time in the past, of whole seconds.
var when = time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)

// bad reports that the rule is broken and goes on.
func (p *probe) bad(format string, args ...any) {
	p.Helper()
	p.Errorf("%s\n  %s", p.rule, fmt.Sprintf(format, args...))
}

// stop reports that the rule is broken and ends the case.
func (p *probe) stop(format string, args ...any) {
	p.Helper()
	p.Fatalf("%s\n  %s", p.rule, fmt.Sprintf(format, args...))
}

func (p *probe) skip(format string, args ...any) {
	p.Helper()
	reason := fmt.Sprintf(format, args...)
	p.skipped(reason)
	p.Skipf("%s", reason)
}

// need skips the case unless a function of the provider is there.
func (p *probe) need(ok bool, what string) {
	p.Helper()
	if !ok {
		p.skip("the stand-in has no %s", what)
	}
}

func (p *probe) ctx() context.Context { return p.Context() }

func (p *probe) open() channel.Conn {
	p.Helper()
	return p.openWith(p.Settings)
}

func (p *probe) openWith(s channel.Settings) channel.Conn {
	p.Helper()
	c, err := p.Driver.Open(p.ctx(), s)
	if err != nil {
		p.stop("Open of account %q: %v", s.Account, err)
	}
	return c
}

// webhooks returns the driver as a WebhookDriver or skips the case.
func (p *probe) webhooks() channel.WebhookDriver {
	p.Helper()
	w, ok := p.Driver.(channel.WebhookDriver)
	if !ok {
		p.skip("the driver is no WebhookDriver")
	}
	p.need(p.Deliver != nil, "Deliver")
	return w
}

// verifier returns the opened channel as a Verifier.
func (p *probe) verifier() channel.Verifier {
	p.Helper()
	v, ok := p.open().(channel.Verifier)
	if !ok {
		p.stop("the Conn is no Verifier")
	}
	return v
}

// message fills what a case leaves open in an inbound message.
func (p *probe) message(m Inbound) Inbound {
	if m.Account == "" {
		m.Account = p.Settings.Account
	}
	if m.From == "" {
		m.From = p.Customers[0]
	}
	if m.At.IsZero() {
		m.At = when
	}
	return m
}

// deliver returns the requests for messages, and skips the case if the platform has no such message.
func (p *probe) deliver(messages ...Inbound) []*channel.Request {
	p.Helper()
	for i := range messages {
		messages[i] = p.message(messages[i])
	}
	requests := p.Deliver(messages...)
	if len(requests) == 0 {
		p.skip("the platform has no such message")
	}
	return requests
}

// items parses requests one after the other.
func (p *probe) items(requests ...*channel.Request) []channel.Item {
	p.Helper()
	var all []channel.Item
	for _, r := range requests {
		items, err := p.Driver.(channel.WebhookDriver).Parse(r)
		if err != nil {
			p.stop("Parse: %v", err)
		}
		all = append(all, items...)
	}
	return all
}

// messages are the items that are messages.
func messages(items []channel.Item) []channel.Item {
	var found []channel.Item
	for _, i := range items {
		if i.Message != nil {
			found = append(found, i)
		}
	}
	return found
}

// outgoing is an answer to a customer, addressed as the Desk does it: with the thread and identities of an inbound message.
func (p *probe) outgoing(id, text string) channel.Outgoing {
	p.Helper()
	o := channel.Outgoing{Message: id, Text: text, Human: true}
	if _, ok := p.Driver.(channel.WebhookDriver); !ok || p.Deliver == nil {
		o.Thread, o.To = p.Customers[0], []conversation.Identity{{Scope: conversation.ScopePhone, Address: p.Customers[0]}}
		return o
	}
	in := messages(p.items(p.deliver(Inbound{ID: "first", Text: "hello"})...))
	if len(in) != 1 || len(in[0].Message.From) == 0 {
		p.stop("a delivered message gives %d messages, want one with an identity", len(in))
	}
	o.Thread, o.To = in[0].Thread, in[0].Message.From
	return o
}

// plan returns the parts of a message.
func (p *probe) plan(c channel.Conn, o channel.Outgoing) []channel.Part {
	p.Helper()
	planner, ok := c.(channel.Planner)
	if !ok {
		return []channel.Part{{Outgoing: o, Of: 1}}
	}
	parts, err := planner.Plan(o)
	if err != nil {
		p.stop("Plan: %v", err)
	}
	return parts
}
