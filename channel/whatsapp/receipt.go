package whatsapp

import (
	"cmp"
	"errors"
	"strconv"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
)

// deliveries are the statuses that tell how far a message got. A voice message that was played was read.
var deliveries = map[string]conversation.Delivery{
	"sent":      conversation.Sent,
	"delivered": conversation.Delivered,
	"read":      conversation.Read,
	"played":    conversation.Read,
	"failed":    conversation.Failed,
}

// receipt reads an element of statuses. A status that is not known tells nothing and gives no item.
func (c change) receipt(s object) ([]channel.Item, error) {
	if s == nil {
		return nil, errors.New("it is not an object")
	}
	delivery, ok := deliveries[s.text("status")]
	if !ok {
		return nil, nil
	}
	if s.text("id") == "" {
		return nil, errors.New("it has no id")
	}
	people := identities("", s.text("recipient_id"), s.text("recipient_user_id"))
	r := &channel.Receipt{IDs: []string{s.text("id")}, Reference: s.text("biz_opaque_callback_data"), Delivery: delivery}
	if delivery == conversation.Failed {
		r.Failure = statusFailure(s)
	}
	return []channel.Item{{Account: c.account, Thread: threadKey(people, ""), At: seconds(s.text("timestamp")), Receipt: r}}, nil
}

// statusFailure reads the first error of a failed status.
func statusFailure(s object) *conversation.Failure {
	list := s.list("errors")
	if len(list) == 0 {
		return (&channel.Error{Class: channel.Content, Detail: "the provider gave no reason"}).Failure()
	}
	o := parseObject(list[0])
	code, ok := o.number("code")
	class, known := classOf(code, 0)
	if !ok || !known {
		class = channel.Content
	}
	e := &channel.Error{Class: class, Detail: cmp.Or(o.object("error_data").text("details"), o.text("message"), o.text("title"))}
	if ok {
		e.Code = strconv.Itoa(code)
	}
	return e.Failure()
}
