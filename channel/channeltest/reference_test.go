package channeltest

import (
	"testing"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/loopback"
	"github.com/frontdesk-go/frontdesk/conversation"
)

// reference is a loopback driver as the suite sees it.
func reference(d *loopback.Driver) Provider {
	const account = "shop"
	item := func(m Inbound) channel.Item {
		msg := &channel.Message{ID: "p-" + m.ID, Text: m.Text, From: []conversation.Identity{{Scope: "loopback", Address: m.From}}}
		for _, f := range m.Files {
			msg.Attachments = append(msg.Attachments, d.AddFile(m.Account, f.Name, f.Type, f.Data))
		}
		if m.Unknown {
			msg.Unsupported = "hologram"
		}
		return channel.Item{Account: m.Account, Thread: m.From, At: m.At, Message: msg}
	}
	return Provider{
		Driver:    d,
		Settings:  channel.Settings{Account: account},
		Other:     &channel.Settings{Account: "branch"},
		Bad:       map[string]channel.Settings{"a space": {Account: "a b"}, "no number": {Account: "a", Options: map[string]string{"part_files": "x"}}},
		Customers: []string{"ann", "bob"},
		Signature: []string{loopback.SignatureHeader},
		Malformed: []string{"", "{", `{"items":[1]}`, `{"items":{}}`, `{"items":[{"Account":7}]}`, `{"items":[{"Edit":{},"Unsend":{}}]}`},
		Deliver: func(messages ...Inbound) []*channel.Request {
			var items []channel.Item
			for _, m := range messages {
				items = append(items, item(m))
			}
			return []*channel.Request{d.Request(items...)}
		},
		Receipt: func(r Receipt) *channel.Request {
			receipt := &channel.Receipt{IDs: []string{r.ID}, Reference: r.Reference, Delivery: r.Delivery}
			if r.Code != "" {
				receipt.Failure = &conversation.Failure{Class: string(channel.Content), Code: r.Code}
			}
			return d.Request(channel.Item{Account: account, Thread: r.To, At: r.At, Receipt: receipt})
		},
		Next: func(o Outcome) {
			out := loopback.Outcome{Taken: o.Lost, Err: &channel.Error{Class: channel.Class(o.Code), Code: o.Code}}
			switch {
			case o.Lost:
				out.Err = &channel.Error{Class: channel.Unknown}
			case o.Refused:
				out.Err = &channel.Error{Class: channel.Retry}
			}
			d.Next(account, out)
		},
		Errors: []ErrorCode{{Code: "content", Class: channel.Content}, {Code: "retry", Class: channel.Retry},
			{Code: "recipient", Class: channel.Recipient}, {Code: "window", Class: channel.WindowClosed}, {Code: "channel", Class: channel.ChannelDown}},
		Received: func() []Received {
			var got []Received
			for _, c := range d.Sent(account) {
				if !c.Taken {
					continue
				}
				r := Received{ID: c.ID, To: c.Part.To[0].Address, Text: c.Part.Text, Reference: c.Part.Message}
				for _, a := range c.Part.Attachments {
					r.Files = append(r.Files, a.URL)
				}
				got = append(got, r)
			}
			return got
		},
		Keep: func(messages ...Inbound) {
			for _, m := range messages {
				d.AddBatch(m.Account, item(m))
			}
		},
	}
}

func TestLoopback(t *testing.T) {
	Run(t, Config{New: func(testing.TB) Provider { return reference(loopback.New()) }})
}

func TestLoopbackInParts(t *testing.T) {
	Run(t, Config{New: func(testing.TB) Provider {
		d := loopback.New()
		caps := loopback.Default()
		caps.Idempotent = true
		caps.Text = channel.Limit{Max: 10, Unit: channel.Bytes}
		caps.Text.Max = 100
		d.SetCapabilities("shop", caps)
		p := reference(d)
		p.Settings.Options = map[string]string{"part_files": "1"}
		return p
	}})
}
