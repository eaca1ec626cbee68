package channeltest

import (
	"reflect"
	"slices"
	"time"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
)

var receiptCases = []kase{
	{"receipt/states", "receipts of sent, delivered and read name the message that Send returned, as far as Capabilities promise them", receiptStates},
	{"receipt/failure", "the receipt of a failure carries the provider's code and a class", receiptFailure},
	{"receipt/stable", "a receipt that is delivered twice parses to identical items", receiptStable},
}

// sentOne sends a message and returns its receipt-to-be.
func (p *probe) sentOne() (channel.Conn, Receipt) {
	p.Helper()
	p.webhooks()
	p.need(p.Receipt != nil, "Receipt")
	c := p.open()
	o := p.outgoing("message-1", "on its way")
	sent, err := c.Send(p.ctx(), p.plan(c, o)[0])
	if err != nil {
		p.stop("Send: %v", err)
	}
	return c, Receipt{ID: sent.ID, To: p.Customers[0], Reference: o.Message, At: when.Add(time.Minute)}
}

// receipt delivers r and returns the item that it becomes.
func (p *probe) receipt(r Receipt) (channel.Item, bool) {
	p.Helper()
	request := p.Receipt(r)
	if request == nil {
		return channel.Item{}, false
	}
	if err := p.verifier().Verify(request); err != nil {
		p.stop("the genuine receipt is refused: %v", err)
	}
	names, err := p.Driver.(channel.WebhookDriver).Accounts(request)
	if err != nil || !slices.Contains(names, p.Settings.Account) {
		p.stop("Accounts of a receipt of %q gives %q, %v", p.Settings.Account, names, err)
	}
	for _, i := range p.items(request) {
		if i.Receipt != nil && p.account(i) == p.Settings.Account {
			return i, true
		}
	}
	p.stop("the receipt %+v gives no Receipt item of the account", r)
	return channel.Item{}, false
}

func receiptStates(p *probe) {
	c, r := p.sentOne()
	promised := c.Capabilities().Receipts
	for d, want := range map[conversation.Delivery]bool{conversation.Sent: promised.Sent, conversation.Delivered: promised.Delivered, conversation.Read: promised.Read} {
		r.Delivery = d
		i, ok := p.receipt(r)
		if !ok && want {
			p.bad("Capabilities promise %s, the stand-in has no such receipt", d)
		}
		if !ok {
			continue
		}
		got := i.Receipt
		if !slices.Contains(got.IDs, r.ID) && (got.Watermark.IsZero() || i.Thread == "") {
			p.bad("the receipt of %q names %q and no watermark", r.ID, got.IDs)
		}
		if got.Delivery != d || got.Failure != nil {
			p.bad("the receipt of %s says %s, failure %v", d, got.Delivery, got.Failure)
		}
		if got.Reference != "" && got.Reference != r.Reference {
			p.bad("the reference is %q, want %q", got.Reference, r.Reference)
		}
	}
}

func receiptFailure(p *probe) {
	_, r := p.sentOne()
	p.need(len(p.Errors) > 0, "Errors")
	r.Delivery, r.Code = conversation.Failed, p.Errors[0].Code
	i, ok := p.receipt(r)
	if !ok {
		p.skip("the platform has no receipt of a failure")
	}
	f := i.Receipt.Failure
	if i.Receipt.Delivery != conversation.Failed || f == nil {
		p.stop("the receipt says %s, failure %v", i.Receipt.Delivery, f)
	}
	if f.Code != r.Code || !knownClass(channel.Class(f.Class)) {
		p.bad("the failure has code %q and class %q, want code %q", f.Code, f.Class, r.Code)
	}
}

func knownClass(c channel.Class) bool {
	return slices.Contains([]channel.Class{channel.Retry, channel.Recipient, channel.Content, channel.WindowClosed, channel.ChannelDown, channel.Unknown}, c)
}

func receiptStable(p *probe) {
	_, r := p.sentOne()
	r.Delivery = conversation.Delivered
	first, ok := p.receipt(r)
	if !ok {
		p.skip("the platform has no receipt of a delivery")
	}
	if second, _ := p.receipt(r); !reflect.DeepEqual(first, second) {
		p.bad("first %+v\n  then  %+v", *first.Receipt, *second.Receipt)
	}
}
