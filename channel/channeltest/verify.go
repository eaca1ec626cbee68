package channeltest

import (
	"bytes"
	"errors"

	"github.com/frontdesk-go/frontdesk/channel"
)

var verifyCases = []kase{
	{"verify/genuine", "Verify accepts what the provider signed", verifyGenuine},
	{"verify/absent", "an absent or empty signature is a wrong one", verifyAbsent},
	{"verify/signature", "a signature with one changed or missing byte is refused", verifySignature},
	{"verify/body", "a body with one changed, missing or added byte is refused", verifyBody},
	{"verify/swapped", "the signature of another delivery is refused", verifySwapped},
}

// signed returns a genuine request and the verifier of its channel.
func (p *probe) signed() (channel.Verifier, *channel.Request) {
	p.Helper()
	p.webhooks()
	v := p.verifier()
	r := p.deliver(Inbound{ID: "m", Text: "signed"})[0]
	if err := v.Verify(r); err != nil {
		p.stop("the genuine request is refused: %v", err)
	}
	return v, r
}

// denies fails unless Verify refuses the request with ErrSignature.
func (p *probe) denies(v channel.Verifier, r *channel.Request, format string, args ...any) {
	p.Helper()
	if err := v.Verify(r); !errors.Is(err, channel.ErrSignature) {
		p.bad(format+": the error is %v", append(args, err)...)
	}
}

func verifyGenuine(p *probe) {
	v, _ := p.signed()
	for _, r := range p.deliver(Inbound{ID: "n", Text: "Grüße 😀 & = + %"}, Inbound{ID: "o", Text: ""}) {
		if err := v.Verify(r); err != nil {
			p.bad("Verify: %v", err)
		}
	}
}

func verifyAbsent(p *probe) {
	v, r := p.signed()
	for _, name := range p.Signature {
		for _, value := range []string{"", "none"} {
			spoiled := *r
			spoiled.Header = r.Header.Clone()
			spoiled.Header.Del(name)
			if value == "" {
				spoiled.Header.Set(name, "")
			}
			p.denies(v, &spoiled, "with the header %s absent or empty", name)
		}
	}
	p.denies(v, &channel.Request{Method: r.Method, URL: r.URL, Body: r.Body}, "without a header")
}

func verifySignature(p *probe) {
	v, r := p.signed()
	p.need(len(p.Signature) > 0, "Signature")
	for _, name := range p.Signature {
		value := r.Header.Get(name)
		if value == "" {
			p.stop("a genuine request has no header %s", name)
		}
		spoiled := *r
		spoiled.Header = r.Header.Clone()
		for i := range len(value) {
			changed := []byte(value)
			changed[i] ^= 1
			spoiled.Header.Set(name, string(changed))
			p.denies(v, &spoiled, "with byte %d of %s changed", i, name)
		}
		for _, other := range []string{value[:len(value)-1], value + "0", value[1:]} {
			spoiled.Header.Set(name, other)
			p.denies(v, &spoiled, "with %s %q instead of %q", name, other, value)
		}
	}
}

func verifyBody(p *probe) {
	v, r := p.signed()
	if len(r.Body) == 0 {
		p.skip("the provider's requests have no body")
	}
	spoiled := *r
	for i := range r.Body {
		spoiled.Body = bytes.Clone(r.Body)
		spoiled.Body[i] ^= 1
		p.denies(v, &spoiled, "with byte %d of the body changed", i)
	}
	for _, body := range [][]byte{nil, r.Body[:len(r.Body)-1], append(bytes.Clone(r.Body), '0')} {
		spoiled.Body = body
		p.denies(v, &spoiled, "with a body of %d instead of %d bytes", len(body), len(r.Body))
	}
}

func verifySwapped(p *probe) {
	v, r := p.signed()
	other := *p.deliver(Inbound{ID: "other", Text: "another delivery"})[0]
	other.Header = r.Header
	p.denies(v, &other, "with the signature of the first delivery")
}
