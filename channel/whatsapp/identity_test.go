package whatsapp_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/whatsapp"
	"github.com/frontdesk-go/frontdesk/conversation"
)

func TestParsePeople(t *testing.T) {
	named := func(scope, address, name string) conversation.Identity {
		return conversation.Identity{Scope: scope, Address: address, Name: name, Verified: true}
	}
	text := func(sender string) string {
		return `{` + sender + `"id":"wamid.1","timestamp":"1","type":"text","text":{"body":"x"}}`
	}
	tests := []struct {
		name, contacts, message string
		thread                  string
		want                    []conversation.Identity
	}{
		{"number alone", `{"profile":{"name":"Jane"},"wa_id":"491"}`, text(`"from":"491",`), "+491", []conversation.Identity{named("phone", "+491", "Jane")}},
		{"no contacts", ``, text(`"from":"491",`), "+491", []conversation.Identity{named("phone", "+491", "")}},
		{"the number hidden", `{"profile":{"name":"Jane","username":"@jane"},"user_id":"DE.1"}`, text(`"from_user_id":"DE.1",`), "DE.1",
			[]conversation.Identity{named(whatsapp.ScopeUser, "DE.1", "Jane")}},
		{"a user name alone", `{"profile":{"username":"@jane"},"user_id":"DE.1"}`, text(`"from_user_id":"DE.1",`), "DE.1", []conversation.Identity{named(whatsapp.ScopeUser, "DE.1", "@jane")}},
		{"linked portfolios", `{"wa_id":"491","user_id":"DE.1","parent_user_id":"DE.ENT.9"}`, text(`"from":"491","from_user_id":"DE.1","from_parent_user_id":"DE.ENT.9",`), "+491",
			[]conversation.Identity{named("phone", "+491", ""), named(whatsapp.ScopeUser, "DE.1", ""), named(whatsapp.ScopeUser, "DE.ENT.9", "")}},
		{"matched by number, not by place", `{"profile":{"name":"Ann"},"wa_id":"492"},{"profile":{"name":"Jane"},"wa_id":"491"}`, text(`"from":"491",`), "+491",
			[]conversation.Identity{named("phone", "+491", "Jane")}},
		{"matched by user ID, not by place", `{"profile":{"name":"Ann"},"user_id":"DE.2"},{"profile":{"name":"Jane"},"user_id":"DE.1","wa_id":"491"}`, text(`"from_user_id":"DE.1",`), "+491",
			[]conversation.Identity{named("phone", "+491", "Jane"), named(whatsapp.ScopeUser, "DE.1", "Jane")}},
		{"wa_id and number differ", `{"profile":{"name":"Jane"},"wa_id":"5511987654321"}`, text(`"from":"551187654321",`), "+5511987654321",
			[]conversation.Identity{named("phone", "+5511987654321", "Jane"), named("phone", "+551187654321", "Jane")}},
		{"a stranger's contact among two", `{"profile":{"name":"Ann"},"wa_id":"492"},{"profile":{"name":"Bob"},"wa_id":"493"}`, text(`"from":"491",`), "+491",
			[]conversation.Identity{named("phone", "+491", "")}},
		{"in a group", `{"profile":{"name":"Jane"},"wa_id":"491"}`, text(`"from":"491","group_id":"Y2FwaV9ncm91cA",`), "group:Y2FwaV9ncm91cA",
			[]conversation.Identity{named("phone", "+491", "Jane")}},
		{"a contact that is no object", `7`, text(`"from":"491",`), "+491", []conversation.Identity{named("phone", "+491", "")}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			items := parse(t, delivered(`"contacts":[`+tt.contacts+`],"messages":[`+tt.message+`]`))
			require.Len(t, items, 1)
			assert.Equal(t, tt.thread, items[0].Thread)
			assert.Equal(t, tt.want, items[0].Message.From)
		})
	}
}

func TestParseIdentityChanges(t *testing.T) {
	phone := func(a string) conversation.Identity {
		return conversation.Identity{Scope: "phone", Address: a, Verified: true}
	}
	id := func(a string) conversation.Identity {
		return conversation.Identity{Scope: whatsapp.ScopeUser, Address: a, Verified: true}
	}
	type change = channel.IdentityChange
	tests := []struct {
		name, value string
		want        []change
	}{
		{"number", `"messages":[{"from":"491","id":"w","timestamp":"1","type":"system","system":{"body":"User Jane changed from 491 to 492","wa_id":"492","type":"user_changed_number"}}]`,
			[]change{{Old: phone("+491"), New: phone("+492")}}},
		{"number, as older versions wrote it", `"messages":[{"id":"w","type":"system","system":{"customer":"491","new_wa_id":"492","type":"customer_changed_number"}}]`,
			[]change{{Old: phone("+491"), New: phone("+492")}}},
		{"number and user ID", `"messages":[{"from":"491","from_user_id":"DE.1","id":"w","type":"system","system":{"wa_id":"492","user_id":"DE.2","type":"user_changed_number"}}]`,
			[]change{{Old: phone("+491"), New: phone("+492")}, {Old: id("DE.1"), New: id("DE.2")}}},
		{"user ID, the old one in a member", `"messages":[{"id":"w","type":"system","system":{"previous_user_id":"DE.1","user_id":"DE.2","type":"user_changed_user_id"}}]`,
			[]change{{Old: id("DE.1"), New: id("DE.2")}}},
		{"user ID, the old one in the sentence", `"messages":[{"id":"w","from_user_id":"DE.2","type":"system","system":{"body":"User Jane changed from DE.1 to DE.2","user_id":"DE.2","type":"user_changed_user_id"}}]`,
			[]change{{Old: id("DE.1"), New: id("DE.2")}}},
		{"user ID, the person's name tells another story", `"messages":[{"id":"w","type":"system","system":{"body":"User A changed from DE.7 to DE.2 changed from DE.1 to DE.2","user_id":"DE.2","type":"user_changed_user_id"}}]`,
			[]change{{Old: id("DE.1"), New: id("DE.2")}}},
		{"user IDs of linked portfolios", `"messages":[{"id":"w","from_parent_user_id":"DE.ENT.1","type":"system","system":{"previous_user_id":"DE.1","user_id":"DE.2","parent_user_id":"DE.ENT.2"}}]`,
			[]change{{Old: id("DE.1"), New: id("DE.2")}, {Old: id("DE.ENT.1"), New: id("DE.ENT.2")}}},
		{"update of user IDs", `"user_id_update":[{"wa_id":"491","timestamp":"1","user_id":{"previous":"DE.1","current":"DE.2"}},7,{"user_id":"x"}]`,
			[]change{{Old: id("DE.1"), New: id("DE.2")}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []change
			for _, i := range parse(t, delivered(tt.value)) {
				require.NotNil(t, i.Identity)
				assert.Equal(t, i.Identity.Old.Address, i.Thread)
				got = append(got, *i.Identity)
			}
			assert.Equal(t, tt.want, got)
		})
	}
}

func TestParseDoesNotGuessAnIdentityChange(t *testing.T) {
	for name, system := range map[string]string{
		"the sentence names another new ID": `{"body":"User A changed from DE.1 to DE.3","user_id":"DE.2"}`,
		"the sentence has no old ID":        `{"body":"User A changed to DE.2","user_id":"DE.2"}`,
		"the old ID is words":               `{"body":"User A changed from one thing to DE.2","user_id":"DE.2"}`,
		"old and new are the same":          `{"wa_id":"491"}`,
	} {
		t.Run(name, func(t *testing.T) {
			items := parse(t, delivered(`"messages":[{"from":"491","id":"w","timestamp":"1","type":"system","system":`+system+`}]`))
			require.Len(t, items, 1)
			assert.Nil(t, items[0].Identity)
			assert.Equal(t, "system", items[0].Message.Unsupported)
		})
	}
}

func TestAddress(t *testing.T) {
	c := open(t, whatsapp.New(), map[string]any{"token": "EAA", "app_secret": "x"}, nil).(channel.Addresser)
	for typed, want := range map[string]string{
		"+4915112345678": "+4915112345678", " +49 (151) 123-456.78 ": "+4915112345678", "0049151/12345678": "+4915112345678", "+1\u00a0415\u2011555\u20110123": "+14155550123",
		"+1234567": "+1234567", "+123456789012345": "+123456789012345",
	} {
		thread, id, err := c.Address(typed)
		require.NoError(t, err, typed)
		assert.Equal(t, want, thread)
		assert.Equal(t, conversation.Identity{Scope: "phone", Address: want}, id)
	}
	for _, typed := range []string{"DE.13491208655302741918", " US.ENT.11815799212886844830\n"} {
		thread, id, err := c.Address(typed)
		require.NoError(t, err, typed)
		assert.Equal(t, conversation.Identity{Scope: whatsapp.ScopeUser, Address: thread}, id)
		again, _, err := c.Address(thread)
		require.NoError(t, err)
		assert.Equal(t, thread, again)
	}
	for _, typed := range []string{"", "+", "015112345678", "4915112345678", "+0151123456", "+123456", "+1234567890123456", "jane", "jane@example.com", "group:1", "de.1", "DE.", "DE.ENT.", "DE.1 2", "+49151x123456"} {
		_, _, err := c.Address(typed)
		require.Error(t, err, typed)
		assert.Equal(t, channel.Recipient, channel.AsError(err).Class, typed)
	}
}
