package channeltest

import (
	"bytes"
	"errors"
	"net/http"

	"github.com/frontdesk-go/frontdesk/channel"
)

func webhookMalformed(p *probe) {
	w := p.webhooks()
	p.need(len(p.Malformed) > 0, "Malformed")
	for _, body := range p.Malformed {
		r := *p.deliver(Inbound{ID: "m", Text: "x"})[0]
		r.Body = []byte(body)
		if _, err := w.Parse(&r); !errors.Is(err, channel.ErrMalformed) {
			p.bad("Parse of %.60q gives the error %v", body, err)
		}
		if _, err := w.Accounts(&r); err != nil && !errors.Is(err, channel.ErrMalformed) {
			p.bad("Accounts of %.60q gives the error %v", body, err)
		}
	}
}

func webhookHostile(p *probe) {
	w := p.webhooks()
	conn, _ := p.open().(channel.Verifier)
	r := p.deliver(Inbound{ID: "m", Text: "x"}, Inbound{ID: "n", Text: "y"})[0]
	bodies := [][]byte{nil, {}, {0}, []byte("null"), []byte("[]"), []byte(`""`), []byte("%"), []byte("&&=;="),
		bytes.Repeat([]byte("["), 1<<20), bytes.Repeat([]byte("a=b&"), 1<<18), bytes.Repeat([]byte{0xff}, 4<<20)}
	for n := 1; n < len(r.Body); n += 1 + len(r.Body)/500 {
		bodies = append(bodies, r.Body[:n])
	}
	for _, body := range bodies {
		for _, header := range []http.Header{r.Header, nil, {"Content-Type": {"application/json"}}, {"Content-Type": {"application/x-www-form-urlencoded"}}} {
			p.survives(w, conn, &channel.Request{Method: r.Method, URL: r.URL, Header: header, Body: body})
		}
	}
	for _, address := range []string{"", "%", "://", "https://x/?%zz", r.URL + "?a=%"} {
		p.survives(w, conn, &channel.Request{Method: http.MethodGet, URL: address, Header: r.Header, Body: r.Body})
	}
}

// survives fails when a request makes a step of the webhook panic, or fail with another error than its own.
func (p *probe) survives(w channel.WebhookDriver, v channel.Verifier, r *channel.Request) {
	p.Helper()
	defer func() {
		if e := recover(); e != nil {
			p.stop("a %s to %.60q with body %.60q panics: %v", r.Method, r.URL, r.Body, e)
		}
	}()
	if _, err := w.Accounts(r); err != nil && !errors.Is(err, channel.ErrMalformed) {
		p.bad("Accounts of %.60q: %v", r.Body, err)
	}
	if _, err := w.Parse(r); err != nil && !errors.Is(err, channel.ErrMalformed) {
		p.bad("Parse of %.60q: %v", r.Body, err)
	}
	if v != nil {
		if err := v.Verify(r); err != nil && !errors.Is(err, channel.ErrSignature) {
			p.bad("Verify of %.60q: %v", r.Body, err)
		}
	}
}
