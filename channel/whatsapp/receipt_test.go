package whatsapp_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
)

func TestParseStatuses(t *testing.T) {
	receipt := func(d conversation.Delivery, f *conversation.Failure) []channel.Item {
		return []channel.Item{{Account: account, Thread: "+491", At: at, Receipt: &channel.Receipt{IDs: []string{"wamid.1"}, Delivery: d, Failure: f}}}
	}
	failure := func(class channel.Class, code, detail string) []channel.Item {
		return receipt(conversation.Failed, (&channel.Error{Class: class, Code: code, Detail: detail}).Failure())
	}
	tests := []struct {
		name, rest string
		want       []channel.Item
	}{
		{"sent", `"status":"sent","pricing":{"billable":true,"pricing_model":"PMP","category":"service"}`, receipt(conversation.Sent, nil)},
		{"delivered", `"status":"delivered"`, receipt(conversation.Delivered, nil)},
		{"read", `"status":"read"`, receipt(conversation.Read, nil)},
		{"played is read", `"status":"played"`, receipt(conversation.Read, nil)},
		{"a new status", `"status":"teleported"`, nil},
		{"no status", `"x":1`, nil},
		{"errors of what was delivered all the same", `"status":"delivered","errors":[{"code":131026}]`, receipt(conversation.Delivered, nil)},
		{"failed with details", `"status":"failed","errors":[{"code":131047,"title":"Re-engagement","message":"m","error_data":{"details":"24 hours"}},{"code":190}]`,
			failure(channel.WindowClosed, "131047", "24 hours")},
		{"failed with a message", `"status":"failed","errors":[{"code":131026,"title":"Undeliverable","message":"Not on WhatsApp"}]`, failure(channel.Recipient, "131026", "Not on WhatsApp")},
		{"failed with a title", `"status":"failed","errors":[{"code":"131042","title":"Billing"}]`, failure(channel.ChannelDown, "131042", "Billing")},
		{"failed with a code that is new", `"status":"failed","errors":[{"code":139999,"title":"New"}]`, failure(channel.Content, "139999", "New")},
		{"failed without a code", `"status":"failed","errors":[{"title":"New"}]`, failure(channel.Content, "", "New")},
		{"failed without a reason", `"status":"failed"`, failure(channel.Content, "", "the provider gave no reason")},
		{"failed with errors that are no list", `"status":"failed","errors":7`, failure(channel.Content, "", "the provider gave no reason")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, tt.want, parse(t, delivered(`"statuses":[{"id":"wamid.1","recipient_id":"491","timestamp":"1795167000",`+tt.rest+`}]`)))
		})
	}
}

func TestParseStatusOfWhoHidesTheNumber(t *testing.T) {
	items := parse(t, delivered(`"statuses":[{"id":"wamid.1","recipient_user_id":"DE.1","status":"read","biz_opaque_callback_data":"our-id","timestamp":"1795167000"}]`))
	assert.Equal(t, []channel.Item{{Account: account, Thread: "DE.1", At: at,
		Receipt: &channel.Receipt{IDs: []string{"wamid.1"}, Reference: "our-id", Delivery: conversation.Read}}}, items)
}

func TestParseStatusClasses(t *testing.T) {
	for _, e := range documentedErrors() {
		items := parse(t, delivered(`"statuses":[{"id":"w","status":"failed","errors":[{"code":`+e.Code+`}]}]`))
		assert.Equal(t, string(e.Class), items[0].Receipt.Failure.Class, "code %s", e.Code)
	}
}
