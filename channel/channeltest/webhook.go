package channeltest

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/frontdesk-go/frontdesk/channel"
)

var webhookCases = []kase{
	{"webhook/accounts", "Accounts names the channel of every item, each account once", webhookAccounts},
	{"webhook/message", "Parse gives a message as the customer sent it, with the provider's ID, the sender, the thread and the provider's time", webhookMessage},
	{"webhook/threads", "a customer has one thread key with a channel, two customers have two", webhookThreads},
	{"webhook/batch", "Parse walks every level of a request and keeps the order", webhookBatch},
	{"webhook/redelivery", "what is delivered twice parses to identical items, and nothing changes the request", webhookRedelivery},
	{"webhook/files", "files of a message become attachments with what Fetch needs", webhookFiles},
	{"webhook/unknown", "a message of an unknown type is a message with Unsupported set, and fails nothing else", webhookUnknown},
	{"webhook/malformed", "a delivery that cannot be read gives ErrMalformed", webhookMalformed},
	{"webhook/hostile", "foreign bytes never panic; the error is nil or ErrMalformed", webhookHostile},
	{"webhook/acknowledge", "Acknowledge answers with a 2xx status", webhookAcknowledge},
}

func webhookAccounts(p *probe) {
	w := p.webhooks()
	for _, r := range p.deliver(p.mixed()...) {
		names, err := w.Accounts(r)
		if err != nil {
			p.stop("Accounts: %v", err)
		}
		for _, i := range p.items(r) {
			if !slices.Contains(names, i.Account) || i.Fallback != "" && !slices.Contains(names, i.Fallback) {
				p.bad("Accounts gives %q, an item is of %q or else %q", names, i.Account, i.Fallback)
			}
		}
		if sorted := slices.Sorted(slices.Values(names)); len(slices.Compact(sorted)) != len(names) {
			p.bad("Accounts gives %q", names)
		}
	}
}

// mixed are messages of two customers and, where the provider has a second account, of both.
func (p *probe) mixed() []Inbound {
	second := p.Settings.Account
	if p.Other != nil {
		second = p.Other.Account
	}
	return []Inbound{
		{ID: "a", Text: "one", From: p.Customers[0]},
		{ID: "b", Text: "two", From: p.Customers[1]},
		{ID: "c", Text: "three", From: p.Customers[0], Account: second},
		{ID: "d", Text: "four", From: p.Customers[0], At: when.Add(time.Second)},
	}
}

// account is the channel that a Desk with the channels of Settings and Other would give an item to.
func (p *probe) account(i channel.Item) string {
	if i.Account == p.Settings.Account || p.Other != nil && i.Account == p.Other.Account || i.Fallback == "" {
		return i.Account
	}
	return i.Fallback
}

// one delivers a single message and returns its item.
func (p *probe) one(m Inbound) channel.Item {
	p.Helper()
	found := messages(p.items(p.deliver(m)...))
	if len(found) != 1 {
		p.stop("one message was delivered, Parse gives %d", len(found))
	}
	return found[0]
}

func webhookMessage(p *probe) {
	p.webhooks()
	text := "Grüße & 100% + a=b?\n\"ok\" 😀 </end>"
	i := p.one(Inbound{ID: "m", Text: text})
	m := i.Message
	if m.Text != text {
		p.bad("the text is %q, want %q", m.Text, text)
	}
	if m.ID == "" || i.Thread == "" || p.account(i) != p.Settings.Account || m.Origin != channel.FromCustomer {
		p.bad("ID %q, thread %q, account %q or else %q (want %q), origin %d", m.ID, i.Thread, i.Account, i.Fallback, p.Settings.Account, m.Origin)
	}
	if len(m.From) == 0 || m.From[0].Address != p.Customers[0] || m.From[0].Scope == "" {
		p.bad("From is %+v, want %s first, with a scope", m.From, p.Customers[0])
	}
	if !i.At.IsZero() && !i.At.Equal(when) {
		p.bad("the time is %v, want %v or zero", i.At, when)
	}
	if m.Unsupported != "" || m.Automatic || m.Reference != "" {
		p.bad("a plain text has Unsupported %q, Automatic %v, Reference %q", m.Unsupported, m.Automatic, m.Reference)
	}
}

func webhookThreads(p *probe) {
	p.webhooks()
	found := messages(p.items(p.deliver(p.mixed()...)...))
	if len(found) != 4 {
		p.stop("4 messages were delivered, Parse gives %d", len(found))
	}
	if found[0].Thread == "" || found[0].Thread != found[3].Thread {
		p.bad("two messages of one customer are in threads %q and %q", found[0].Thread, found[3].Thread)
	}
	if found[0].Thread == found[1].Thread {
		p.bad("two customers are in the one thread %q", found[0].Thread)
	}
}

func webhookBatch(p *probe) {
	p.webhooks()
	sent := p.mixed()
	found := messages(p.items(p.deliver(sent...)...))
	var got, want []string
	ids := map[string]bool{}
	for _, i := range found {
		got = append(got, p.account(i)+": "+i.Message.Text)
		ids[i.Message.ID] = true
	}
	for _, m := range sent {
		want = append(want, p.message(m).Account+": "+m.Text)
	}
	if !slices.Equal(got, want) {
		p.stop("got  %q\n  want %q", got, want)
	}
	if len(ids) != len(want) {
		p.bad("%d messages have %d IDs", len(want), len(ids))
	}
}

func webhookRedelivery(p *probe) {
	p.webhooks()
	first, again := p.deliver(p.mixed()...), p.deliver(p.mixed()...)
	body := bytes.Clone(first[0].Body)
	a := p.items(first...)
	for name, other := range map[string][]channel.Item{"parsed twice": p.items(first...), "delivered twice": p.items(again...)} {
		if !reflect.DeepEqual(a, other) {
			p.bad("%s, it gives\n  %s\n  and\n  %s", name, describe(a), describe(other))
		}
	}
	if !bytes.Equal(body, first[0].Body) {
		p.bad("Parse changed the body")
	}
}

func describe(items []channel.Item) string {
	var lines []string
	for _, i := range items {
		line := fmt.Sprintf("{%s %s %s %v", i.Account, i.Fallback, i.Thread, i.At)
		if i.Message != nil {
			line += fmt.Sprintf(" %+v", *i.Message)
		}
		lines = append(lines, line+"}")
	}
	return strings.Join(lines, "\n  ")
}

func webhookFiles(p *probe) {
	p.webhooks()
	i := p.one(Inbound{ID: "f", Text: "see", Files: []File{picture}})
	if len(i.Message.Attachments) != 1 {
		p.stop("one file was delivered, the message has %d attachments", len(i.Message.Attachments))
	}
	a := i.Message.Attachments[0]
	if a.ID == "" && a.URL == "" {
		p.bad("the attachment has neither ID nor URL: %+v", a)
	}
	if !strings.HasPrefix(a.Type, picture.Type) {
		p.bad("the type is %q, want %q", a.Type, picture.Type)
	}
	if i.Message.Unsupported != "" {
		p.bad("Unsupported is %q", i.Message.Unsupported)
	}
}

// picture is a file that every platform with files takes: the first bytes of a JPEG, and some more.
var picture = File{Name: "photo.jpg", Type: "image/jpeg", Data: append([]byte{0xff, 0xd8, 0xff, 0xe0}, bytes.Repeat([]byte("jpeg"), 500)...)}

func webhookUnknown(p *probe) {
	p.webhooks()
	found := messages(p.items(p.deliver(Inbound{ID: "u1", Unknown: true}, Inbound{ID: "u2", Text: "after"})...))
	if len(found) != 2 {
		p.stop("an unknown and a plain message give %d messages", len(found))
	}
	if m := found[0].Message; m.Unsupported == "" || m.ID == "" || found[0].Thread == "" || len(m.From) == 0 {
		p.bad("the unknown message is %s", describe(found[:1]))
	}
	if m := found[1].Message; m.Unsupported != "" || m.Text != "after" {
		p.bad("the message after it is %s", describe(found[1:]))
	}
}

func webhookAcknowledge(p *probe) {
	p.webhooks()
	a, ok := p.Driver.(channel.Acknowledger)
	if !ok {
		p.skip("the driver is no Acknowledger")
	}
	if got := a.Acknowledge(p.deliver(Inbound{ID: "m", Text: "x"})[0]); got.Status < 200 || got.Status > 299 {
		p.bad("the status is %d", got.Status)
	}
}
