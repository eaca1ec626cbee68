package channeltest

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/frontdesk-go/frontdesk/channel"
)

var togetherCases = []kase{
	{"together/send", "calls of Send at the same time all arrive, each once (run with -race)", togetherSend},
	{"together/webhook", "a driver and a Conn are safe for concurrent use (run with -race)", togetherWebhook},
}

// parallel runs f n times at once.
func parallel(n int, f func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { f(i) })
	}
	wg.Wait()
}

func togetherSend(p *probe) {
	c := p.open()
	o := p.outgoing("message", "x")
	const n = 16
	ids, errs := make([]string, n), make([]error, n)
	parallel(n, func(i int) {
		m := o
		m.Message, m.Text = fmt.Sprintf("message-%d", i), fmt.Sprintf("text %d", i)
		var s channel.Sent
		s, errs[i] = c.Send(p.ctx(), channel.Part{Outgoing: m, Of: 1})
		ids[i] = s.ID
	})
	for i, err := range errs {
		if err != nil {
			p.bad("Send %d: %v", i, err)
		}
	}
	taken := map[string]string{}
	for _, r := range p.Received() {
		taken[r.ID] = r.Text
	}
	for i, id := range ids {
		if want := fmt.Sprintf("text %d", i); taken[id] != want {
			p.bad("the message of ID %q is %q at the provider, want %q", id, taken[id], want)
		}
	}
	if len(p.Received()) != n {
		p.bad("%d messages were sent, the provider has %d", n, len(p.Received()))
	}
}

func togetherWebhook(p *probe) {
	w, v := p.webhooks(), p.verifier()
	conn := v.(channel.Conn)
	r := p.deliver(Inbound{ID: "m", Text: "x"})[0]
	var mu sync.Mutex
	var problems []string
	parallel(16, func(int) {
		names, err := w.Accounts(r)
		items, err2 := w.Parse(r)
		if err != nil || err2 != nil || v.Verify(r) != nil || len(items) == 0 || !slices.Contains(names, p.Settings.Account) || conn.Capabilities().Method == "" {
			mu.Lock()
			defer mu.Unlock()
			problems = append(problems, fmt.Sprintf("accounts %q, %d items, errors %v, %v", names, len(items), err, err2))
		}
	})
	if problems != nil {
		p.bad("%d of 16 failed, the first: %s", len(problems), problems[0])
	}
}

// FuzzWebhook feeds bytes to Accounts and Parse of a driver, and to Verify of conn if it is a Verifier. Nothing may panic, errors must be
// ErrMalformed and ErrSignature, what is read twice must be the same, and every item of Parse must have exactly one thing set and an
// account that Accounts names. The seeds are requests as the provider sends them; the header and method are taken from the first.
func FuzzWebhook(f *testing.F, driver channel.WebhookDriver, conn channel.Conn, seeds ...*channel.Request) {
	if len(seeds) == 0 {
		f.Fatal("FuzzWebhook needs a seed")
	}
	for _, s := range seeds {
		f.Add(s.Body, s.URL)
	}
	f.Add([]byte(nil), "")
	verifier, _ := conn.(channel.Verifier)
	f.Fuzz(func(t *testing.T, body []byte, address string) {
		p := &probe{TB: t, rule: Rules()["webhook/hostile"]}
		for _, like := range seeds {
			r := &channel.Request{Method: like.Method, URL: address, Header: like.Header, Body: body}
			p.survives(driver, verifier, r)
			p.whole(driver, r)
		}
	})
}

// whole checks the items of a request which may be damaged.
func (p *probe) whole(driver channel.WebhookDriver, r *channel.Request) {
	p.Helper()
	items, _ := driver.Parse(r)
	again, _ := driver.Parse(r)
	if describe(items) != describe(again) {
		p.bad("parsed twice it gives\n  %s\n  and\n  %s", describe(items), describe(again))
	}
	names, _ := driver.Accounts(r)
	for _, i := range items {
		if n := things(i); n != 1 {
			p.bad("an item has %d things set: %+v", n, i)
		}
		for _, account := range []string{i.Account, i.Fallback} {
			if account != "" && !slices.Contains(names, account) {
				p.bad("an item is of account %q, Accounts gives %q", account, names)
			}
		}
	}
}

func things(i channel.Item) int {
	n := 0
	for _, set := range []bool{i.Message != nil, i.Receipt != nil, i.Reaction != nil, i.Edit != nil, i.Unsend != nil, i.Identity != nil, i.Consent != nil, i.Offer != nil} {
		if set {
			n++
		}
	}
	return n
}
