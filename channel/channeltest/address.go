package channeltest

import (
	"errors"

	"github.com/frontdesk-go/frontdesk/channel"
)

var addressCases = []kase{
	{"address/same", "the address of somebody who wrote leads to the thread and the identity that Parse gave", addressSame},
	{"address/nobody", "what is no address gives an error of class Recipient", addressNobody},
}

func (p *probe) addresser() channel.Addresser {
	p.Helper()
	a, ok := p.open().(channel.Addresser)
	if !ok {
		p.skip("the Conn is no Addresser")
	}
	return a
}

func addressSame(p *probe) {
	a := p.addresser()
	p.webhooks()
	for _, customer := range p.Customers {
		want := p.one(Inbound{ID: "a", Text: "x", From: customer})
		thread, id, err := a.Address(customer)
		if err != nil || thread != want.Thread || id.Scope != want.Message.From[0].Scope || id.Address != want.Message.From[0].Address {
			p.bad("Address of %q gives thread %q, identity %+v, error %v; Parse gave %q, %+v", customer, thread, id, err, want.Thread, want.Message.From[0])
		}
	}
}

func addressNobody(p *probe) {
	a := p.addresser()
	for _, to := range []string{"", " ", "\x00", "\xff"} {
		thread, _, err := a.Address(to)
		var e *channel.Error
		if !errors.As(err, &e) || e.Class != channel.Recipient {
			p.bad("Address of %q gives thread %q and the error %v", to, thread, err)
		}
	}
}
