package channeltest

import (
	"errors"
	"slices"
	"time"

	"github.com/frontdesk-go/frontdesk/channel"
)

var pollCases = []kase{
	{"poll/all", "polling to the end finds every message, each with its text, sender and time, oldest first", pollAll},
	{"poll/resume", "a cursor that was handed back misses nothing that came later", pollResume},
	{"poll/same", "a message that is polled and delivered has one ID and one thread", pollSame},
	{"poll/cursor", "a cursor that is none of the driver's is an error or starts anew; it never panics", pollCursor},
}

// poller opens the channel as a Poller or skips the case.
func (p *probe) poller() channel.Poller {
	p.Helper()
	poller, ok := p.open().(channel.Poller)
	if !ok {
		p.skip("the Conn is no Poller")
	}
	p.need(p.Keep != nil, "Keep")
	return poller
}

// drain polls until nothing more is announced and returns the messages, each ID once, with the last cursor.
func (p *probe) drain(poller channel.Poller, cursor string) ([]channel.Item, string) {
	p.Helper()
	var all []channel.Item
	seen := map[string]bool{}
	for range 100 {
		batch, err := poller.Poll(p.ctx(), cursor)
		if err != nil {
			p.stop("Poll: %v", err)
		}
		for _, i := range messages(batch.Items) {
			if !seen[i.Message.ID] {
				seen[i.Message.ID] = true
				all = append(all, i)
			}
		}
		cursor = batch.Cursor
		if !batch.More {
			return all, cursor
		}
	}
	p.stop("Poll announces more after 100 batches")
	return nil, ""
}

// keep makes the provider hold messages, a minute apart.
func (p *probe) keep(first int, texts ...string) {
	for i, text := range texts {
		p.Keep(p.message(Inbound{ID: "kept-" + text, Text: text, From: p.Customers[i%2], At: when.Add(time.Duration(first+i) * time.Minute)}))
	}
}

func texts(items []channel.Item) []string {
	var found []string
	for _, i := range items {
		found = append(found, i.Message.Text)
	}
	return found
}

func pollAll(p *probe) {
	poller := p.poller()
	p.keep(0, "one", "two", "three")
	got, _ := p.drain(poller, "")
	if want := []string{"one", "two", "three"}; !slices.Equal(texts(got), want) {
		p.stop("Poll found %q, want %q", texts(got), want)
	}
	for n, i := range got {
		if p.account(i) != p.Settings.Account || len(i.Message.From) == 0 || i.Message.From[0].Address != p.Customers[n%2] {
			p.bad("message %d is of account %q, from %+v", n, i.Account, i.Message.From)
		}
		if at := when.Add(time.Duration(n) * time.Minute); !i.At.IsZero() && !i.At.Equal(at) {
			p.bad("message %d is of %v, want %v", n, i.At, at)
		}
	}
}

func pollResume(p *probe) {
	poller := p.poller()
	p.keep(0, "one", "two")
	_, cursor := p.drain(poller, "")
	if got, same := p.drain(poller, cursor); same == "" || slices.Contains(texts(got), "three") {
		p.bad("polling again found %q and the cursor %q", texts(got), same)
	}
	p.keep(2, "three", "four")
	got, _ := p.drain(p.poller(), cursor)
	for _, want := range []string{"three", "four"} {
		if !slices.Contains(texts(got), want) {
			p.bad("after the cursor %q Poll found %q, without %q", cursor, texts(got), want)
		}
	}
}

func pollSame(p *probe) {
	poller := p.poller()
	p.webhooks()
	p.keep(0, "one")
	polled, _ := p.drain(poller, "")
	delivered := p.one(Inbound{ID: "kept-one", Text: "one"})
	if len(polled) != 1 || polled[0].Message.ID != delivered.Message.ID || polled[0].Thread != delivered.Thread {
		p.bad("polled\n  %s\n  delivered\n  %s", describe(polled), describe([]channel.Item{delivered}))
	}
}

func pollCursor(p *probe) {
	poller := p.poller()
	for _, cursor := range []string{"-1", "%", "{", "99999999999999999999", "\x00", "https://evil.example.net/"} {
		_, err := poller.Poll(p.ctx(), cursor)
		var e *channel.Error
		if err != nil && !errors.As(err, &e) {
			p.bad("the cursor %q gives %T (%v), want a *channel.Error", cursor, err, err)
		}
	}
	if p.Network != nil {
		for _, r := range p.Network.Requests() {
			if r.URL.Host == "evil.example.net" {
				p.bad("the cursor sent the driver to %s", r.URL.Host)
			}
		}
	}
}
