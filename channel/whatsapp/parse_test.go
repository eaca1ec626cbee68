package whatsapp_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/whatsapp"
	"github.com/frontdesk-go/frontdesk/conversation"
)

const account = "106540352242922"

var (
	at   = time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC) // 1795167000
	jane = conversation.Identity{Scope: "phone", Address: "+4915112345678", Name: "Jane", Verified: true}
	user = conversation.Identity{Scope: whatsapp.ScopeUser, Address: "DE.13491208655302741918", Name: "Jane", Verified: true}
)

// delivered wraps the value of one change in a delivery.
func delivered(value string) string {
	return `{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{"messaging_product":"whatsapp",` +
		`"metadata":{"display_phone_number":"49305550100","phone_number_id":"` + account + `"},` + value + `}}]}]}`
}

func parse(t *testing.T, body string) []channel.Item {
	t.Helper()
	items, err := whatsapp.New().Parse(&channel.Request{Body: []byte(body)})
	require.NoError(t, err)
	return items
}

// fromJane makes a message of a type from Jane, whose number and user ID are known.
func fromJane(kind, content string) string {
	return delivered(`"contacts":[{"profile":{"name":"Jane"},"wa_id":"4915112345678","user_id":"DE.13491208655302741918"}],"messages":[` +
		`{"from":"4915112345678","from_user_id":"DE.13491208655302741918","id":"wamid.1","timestamp":"1795167000","type":"` + kind + `"` + content + `}]`)
}

func message(m channel.Message) channel.Item {
	m.ID, m.From = "wamid.1", []conversation.Identity{jane, user}
	return channel.Item{Account: account, Thread: "+4915112345678", At: at, Message: &m}
}

func event(i channel.Item) channel.Item {
	i.Account, i.Thread, i.At = account, "+4915112345678", at
	return i
}

func file(a conversation.Attachment) []conversation.Attachment { return []conversation.Attachment{a} }

const (
	sumBase64 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" // of no bytes
	sumHex    = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
)

func TestParseTypes(t *testing.T) {
	tests := []struct {
		name, kind, content string
		want                channel.Item
	}{
		{"text", "text", `,"text":{"body":"Hello"}`, message(channel.Message{Text: "Hello"})},
		{"text, escaped", "text", `,"text":{"body":"Gr\u00fc\u00dfe \ud83d\ude00 a\/b \u003c\u0025\u0040"}`, message(channel.Message{Text: "Grüße 😀 a/b <%@"})},
		{"text, empty", "text", `,"text":{"body":""}`, message(channel.Message{})},
		{"an answer", "text", `,"text":{"body":"Yes"},"context":{"from":"49305550100","id":"wamid.0"}`, message(channel.Message{Text: "Yes", ReplyTo: "wamid.0"})},
		{"forwarded", "text", `,"text":{"body":"Yes"},"context":{"forwarded":true}`, message(channel.Message{Text: "Yes"})},
		{"about a product", "text", `,"text":{"body":"In blue?"},"context":{"from":"49305550100","id":"wamid.0","referred_product":{"catalog_id":"7","product_retailer_id":"sku-1"}}`,
			message(channel.Message{Text: "In blue?\nProduct: sku-1", ReplyTo: "wamid.0"})},
		{"from an advertisement", "text", `,"text":{"body":"Hi"},"referral":{"source_url":"https:\/\/fb.me\/x","source_type":"ad","source_id":"120","headline":"Summer sale","body":"All shoes","ctwa_clid":"c"}`,
			message(channel.Message{Text: "Hi", Subject: "Summer sale: All shoes (ad 120 https://fb.me/x)"})},
		{"from an advertisement without words", "text", `,"text":{"body":"Hi"},"referral":{"source_url":"https://fb.me/x","source_type":"post"}`,
			message(channel.Message{Text: "Hi", Subject: "post https://fb.me/x"})},

		{"image", "image", `,"image":{"id":"11","mime_type":"image\/jpeg","sha256":"` + sumBase64 + `","caption":"Broken","url":"https:\/\/lookaside.fbsbx.com\/x"}`,
			message(channel.Message{Text: "Broken", Attachments: file(conversation.Attachment{ID: "11", Type: "image/jpeg", Hash: sumHex})})},
		{"video", "video", `,"video":{"id":"12","mime_type":"video/mp4","sha256":"` + sumHex + `"}`,
			message(channel.Message{Attachments: file(conversation.Attachment{ID: "12", Type: "video/mp4", Hash: sumHex})})},
		{"voice", "audio", `,"audio":{"id":"13","mime_type":"audio/ogg; codecs=opus","sha256":"?","voice":true}`,
			message(channel.Message{Attachments: file(conversation.Attachment{ID: "13", Type: "audio/ogg; codecs=opus"})})},
		{"document", "document", `,"document":{"id":"14","mime_type":"application/pdf","filename":"..\/..\/bill.pdf","caption":"The bill"}`,
			message(channel.Message{Text: "The bill", Attachments: file(conversation.Attachment{ID: "14", Type: "application/pdf", Name: "../../bill.pdf"})})},
		{"sticker", "sticker", `,"sticker":{"id":"15","mime_type":"image/webp","animated":false}`,
			message(channel.Message{Attachments: file(conversation.Attachment{ID: "15", Type: "image/webp"})})},
		{"a media ID that is a number", "image", `,"image":{"id":16,"mime_type":"image/png"}`,
			message(channel.Message{Attachments: file(conversation.Attachment{ID: "16", Type: "image/png"})})},

		{"location", "location", `,"location":{"latitude":52.5163,"longitude":-13.3777,"name":"Gate","address":"Pariser Platz","url":"https://example.com/gate"}`,
			message(channel.Message{Text: "Gate\nPariser Platz\ngeo:52.5163,-13.3777\nhttps://example.com/gate"})},
		{"location, bare", "location", `,"location":{"latitude":0,"longitude":1e-7}`, message(channel.Message{Text: "geo:0,1e-7"})},
		{"contacts", "contacts", `,"contacts":[{"name":{"formatted_name":"Ann Lee","first_name":"Ann"},"org":{"company":"Acme","title":"CEO"},"birthday":"1990-01-02",` +
			`"phones":[{"phone":"+49 30 1","wa_id":"49301","type":"WORK"},{"phone":"+49 30 2"}],"emails":[{"email":"ann@example.com","type":"HOME"}],` +
			`"addresses":[{"street":"Main 1","zip":"10115","city":"Berlin","country":"Germany","country_code":"de","type":"HOME"}],"urls":[{"url":"https://example.com"}],"pronouns":{"a":1}},` +
			`{"name":{"first_name":"Bob","last_name":"Ray"}}]`,
			message(channel.Message{Text: "Ann Lee\nCEO, Acme\nBirthday: 1990-01-02\nPhone (work): +49 30 1, 49301\nPhone: +49 30 2\nE-mail (home): ann@example.com\n" +
				"Address (home): Main 1, 10115, Berlin, Germany, de\nURL: https://example.com\npronouns: {\"a\":1}\n\nBob Ray"})},

		{"button of a message", "interactive", `,"interactive":{"type":"button_reply","button_reply":{"id":"yes-1","title":"Yes"}}`, message(channel.Message{Text: "Yes", Button: "yes-1"})},
		{"row of a list", "interactive", `,"interactive":{"type":"list_reply","list_reply":{"id":"r2","title":"Express","description":"Next day"}}`,
			message(channel.Message{Text: "Express\nNext day", Button: "r2"})},
		{"form", "interactive", `,"interactive":{"type":"nfm_reply","nfm_reply":{"name":"flow","body":"Sent","response_json":"{\"flow_token\":\"t\",\"size\":\"XL\",\"count\":2,\"tags\":[\"a\", \"b\"],\"none\":null,\"gift\":true}"}}`,
			message(channel.Message{Text: "Sent\nsize: XL\ncount: 2\ntags: [\"a\",\"b\"]\ngift: true", Button: "flow"})},
		{"form that is no JSON", "interactive", `,"interactive":{"type":"nfm_reply","nfm_reply":{"name":"flow","body":"Sent","response_json":"{\"a\":1,oops"}}`,
			message(channel.Message{Text: "Sent\n{\"a\":1,oops", Button: "flow"})},
		{"interactive of a new type", "interactive", `,"interactive":{"type":"call_permission_reply","call_permission_reply":{}}`,
			message(channel.Message{Unsupported: "interactive call_permission_reply"})},
		{"button of a template", "button", `,"button":{"payload":"stop","text":"No more"}`, message(channel.Message{Text: "No more", Button: "stop"})},
		{"button without a payload", "button", `,"button":{"text":"No more"}`, message(channel.Message{Text: "No more", Button: "No more"})},
		{"order", "order", `,"order":{"catalog_id":"77","text":"For Friday","product_items":[{"product_retailer_id":"sku-1","quantity":2,"item_price":9.5,"currency":"EUR"},{"product_retailer_id":"sku-2","quantity":"1"}]}`,
			message(channel.Message{Text: "For Friday\n2 × sku-1, 9.5 EUR\n1 × sku-2\nCatalog: 77"})},

		{"reaction", "reaction", `,"reaction":{"message_id":"wamid.0","emoji":"\u2764\ufe0f"}`, event(channel.Item{Reaction: &channel.Reaction{ID: "wamid.0", From: jane.Address, Emoji: "❤️"}})},
		{"reaction taken back, empty", "reaction", `,"reaction":{"message_id":"wamid.0","emoji":""}`, event(channel.Item{Reaction: &channel.Reaction{ID: "wamid.0", From: jane.Address}})},
		{"reaction taken back, absent", "reaction", `,"reaction":{"message_id":"wamid.0"}`, event(channel.Item{Reaction: &channel.Reaction{ID: "wamid.0", From: jane.Address}})},
		{"edit of a text", "edit", `,"edit":{"original_message_id":"wamid.0","message":{"type":"text","text":{"body":"Better"},"context":{"id":"M0"}}}`,
			event(channel.Item{Edit: &channel.Edit{ID: "wamid.0", Text: "Better"}})},
		{"edit of a caption", "edit", `,"edit":{"original_message_id":"wamid.0","message":{"type":"image","image":{"id":"11","caption":"Whole"}}}`,
			event(channel.Item{Edit: &channel.Edit{ID: "wamid.0", Text: "Whole"}})},
		{"edit that cannot be read", "edit", `,"edit":{"original_message_id":"wamid.0","message":{"type":"hologram"}}`, message(channel.Message{Unsupported: "edit"})},
		{"edit without content", "edit", `,"edit":{"original_message_id":"wamid.0"}`, message(channel.Message{Unsupported: "edit"})},
		{"revoke", "revoke", `,"revoke":{"original_message_id":"wamid.0"}`, event(channel.Item{Unsend: &channel.Unsend{ID: "wamid.0"}})},
		{"revoke of nothing", "revoke", `,"revoke":{}`, message(channel.Message{Unsupported: "revoke"})},

		{"unsupported", "unsupported", `,"errors":[{"code":131051,"title":"Message type unknown"}]`, message(channel.Message{Unsupported: "unsupported"})},
		{"unsupported with its type", "unsupported", `,"errors":[{"code":131051}],"unsupported":{"type":"poll_creation"}`, message(channel.Message{Unsupported: "poll_creation"})},
		{"a file over 100 MB", "video", `,"errors":[{"code":131052,"title":"Media download error"}]`, message(channel.Message{Unsupported: "video"})},
		{"a new type", "hologram", `,"hologram":{"beam":7}`, message(channel.Message{Unsupported: "hologram"})},
		{"no type", "", ``, message(channel.Message{Unsupported: "message without a type"})},
		{"text that is no object", "text", `,"text":"Hello"`, message(channel.Message{Unsupported: "text"})},
		{"location without a place", "location", `,"location":{"name":"Gate"}`, message(channel.Message{Unsupported: "location"})},
		{"contacts that are no list", "contacts", `,"contacts":{}`, message(channel.Message{Unsupported: "contacts"})},
		{"a new kind of system message", "system", `,"system":{"type":"customer_identity_changed","body":"The key changed"}`,
			message(channel.Message{Unsupported: "system customer_identity_changed", Text: "The key changed", Automatic: true})},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, []channel.Item{tt.want}, parse(t, fromJane(tt.kind, tt.content)))
		})
	}
}

func TestParseEchoes(t *testing.T) {
	echo := func(content string) []channel.Item {
		return parse(t, delivered(`"message_echoes":[{"from":"49305550100","to":"491","id":"wamid.1","timestamp":"1795167000",`+content+`}]`))
	}
	to := []conversation.Identity{{Scope: "phone", Address: "+491", Verified: true}}
	item := channel.Item{Account: account, Thread: "+491", At: at}

	text := item
	text.Message = &channel.Message{ID: "wamid.1", Origin: channel.Echo, From: to, Text: "On its way"}
	assert.Equal(t, []channel.Item{text}, echo(`"type":"text","text":{"body":"On its way"}`))

	unknown := item
	unknown.Message = &channel.Message{ID: "wamid.1", Origin: channel.Echo, From: to, Unsupported: "hologram"}
	assert.Equal(t, []channel.Item{unknown}, echo(`"type":"hologram"`))

	revoke := item
	revoke.Unsend = &channel.Unsend{ID: "wamid.0"}
	assert.Equal(t, []channel.Item{revoke}, echo(`"type":"revoke","revoke":{"original_message_id":"wamid.0"}`))

	reaction := item
	reaction.Reaction = &channel.Reaction{ID: "wamid.0", From: "+49305550100", Emoji: "👍"}
	assert.Equal(t, []channel.Item{reaction}, echo(`"type":"reaction","reaction":{"message_id":"wamid.0","emoji":"👍"}`))
}

func TestParseTimes(t *testing.T) {
	for given, want := range map[string]time.Time{
		`"1795167000"`: at, `1795167000`: at, `""`: {}, `"x"`: {}, `null`: {}, `"-5"`: {}, `"0"`: {}, `1.5`: {}, `"99999999999999999999"`: {},
		`"253402300799"`: time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), `"253402300800"`: {},
	} {
		items := parse(t, delivered(`"messages":[{"from":"491","id":"w","timestamp":`+given+`,"type":"text","text":{"body":"x"}}]`))
		require.Len(t, items, 1, given)
		assert.Equal(t, want, items[0].At, given)
	}
}

func TestParseWalksEveryLevelInOrder(t *testing.T) {
	change := func(account string, ids ...string) string {
		var messages, statuses []string
		for _, id := range ids {
			messages = append(messages, `{"from":"491","id":"`+id+`","type":"text","text":{"body":"x"}}`)
			statuses = append(statuses, `{"id":"`+id+`","status":"read"}`)
		}
		return `{"field":"messages","value":{"metadata":{"phone_number_id":"` + account + `"},"messages":[` + strings.Join(messages, ",") + `],"statuses":[` + strings.Join(statuses, ",") + `]}}`
	}
	body := fmt.Sprintf(`{"entry":[{"changes":[%s,%s]},{"changes":[%s]}]}`, change("1", "a", "b"), change("2", "c"), change("1", "d", "e"))
	var got []string
	for _, i := range parse(t, body) {
		if i.Message != nil {
			got = append(got, i.Account+i.Message.ID)
		} else {
			got = append(got, i.Account+i.Receipt.IDs[0]+"!")
		}
	}
	assert.Equal(t, strings.Fields("1a 1b 1a! 1b! 2c 2c! 1d 1e 1d! 1e!"), got)

	accounts, err := whatsapp.New().Accounts(&channel.Request{Body: []byte(body)})
	require.NoError(t, err)
	assert.Equal(t, []string{"1", "2"}, accounts)
}

func TestParseOneBadElementSpoilsOnlyItself(t *testing.T) {
	good := `{"from":"491","id":"good","type":"text","text":{"body":"x"}}`
	for name, value := range map[string]string{
		"a message that is no object":    `"messages":[7,` + good + `]`,
		"a message without an ID":        `"messages":[{"from":"491","type":"text","text":{"body":"x"}},` + good + `]`,
		"a message from nobody":          `"messages":[{"id":"w","type":"text","text":{"body":"x"}},` + good + `]`,
		"a message that is null":         `"messages":[null,` + good + `]`,
		"a status that is no object":     `"messages":[` + good + `],"statuses":["x"]`,
		"a status without an ID":         `"messages":[` + good + `],"statuses":[{"status":"read"}]`,
		"an echo to nobody":              `"messages":[` + good + `],"message_echoes":[{"id":"w","type":"text"}]`,
		"a system message from nobody":   `"messages":[{"id":"w","type":"system"},` + good + `]`,
		"a reaction without a sender":    `"messages":[{"id":"w","type":"reaction","reaction":{"message_id":"x"}},` + good + `]`,
		"a message whose sender is null": `"messages":[{"from":null,"id":"w"},` + good + `]`,
	} {
		t.Run(name, func(t *testing.T) {
			items, err := whatsapp.New().Parse(&channel.Request{Body: []byte(delivered(value))})
			assert.ErrorIs(t, err, channel.ErrMalformed)
			require.Len(t, items, 1)
			assert.Equal(t, "good", items[0].Message.ID)
		})
	}
	for name, entries := range map[string]string{
		"an entry that is no object":     `7,%s`,
		"changes that are no list":       `{"changes":7},%s`,
		"a change that is no object":     `{"changes":[7]},%s`,
		"a value that is no object":      `{"changes":[{"field":"messages","value":"x"}]},%s`,
		"a change whose value is a null": `{"changes":[{"value":null}]},%s`,
	} {
		t.Run(name, func(t *testing.T) {
			entry := `{"changes":[{"field":"messages","value":{"metadata":{"phone_number_id":"1"},"messages":[` + good + `]}}]}`
			r := &channel.Request{Body: []byte(`{"entry":[` + fmt.Sprintf(entries, entry) + `]}`)}
			items, err := whatsapp.New().Parse(r)
			assert.ErrorIs(t, err, channel.ErrMalformed)
			require.Len(t, items, 1)
			accounts, err := whatsapp.New().Accounts(r)
			assert.NoError(t, err)
			assert.Equal(t, []string{"1"}, accounts)
		})
	}
}

func TestParseWhatIsNotForTheInboxGivesNothing(t *testing.T) {
	for name, body := range map[string]string{
		"an account's news":      `{"entry":[{"id":"1","changes":[{"field":"account_update","value":{"event":"VERIFIED_ACCOUNT"}}]}]}`,
		"a template's news":      `{"entry":[{"id":"1","changes":[{"field":"message_template_status_update","value":{"event":"APPROVED"}}]}]}`,
		"history of a number":    delivered(`"history":[{"threads":[{"id":"491","messages":[{"id":"w"}]}]}]`),
		"the provider's errors":  delivered(`"errors":[{"code":130429}]`),
		"a status that is new":   delivered(`"statuses":[{"id":"w","status":"teleported"}]`),
		"a change of no number":  `{"entry":[{"changes":[{"field":"messages","value":{"messages":[{"from":"491","id":"w","type":"text"}]}}]}]}`,
		"another object's entry": `{"object":"page","entry":[{"id":"1","messaging":[{"sender":{"id":"2"}}]}]}`,
		"nothing":                `{"entry":[]}`,
	} {
		t.Run(name, func(t *testing.T) {
			assert.Empty(t, parse(t, body))
			_, err := whatsapp.New().Accounts(&channel.Request{Body: []byte(body)})
			assert.NoError(t, err)
		})
	}
}

func TestParseReadsAThousandUpdates(t *testing.T) {
	list := strings.TrimSuffix(strings.Repeat(`{"id":"w","status":"read","recipient_id":"491"},`, 1000), ",")
	assert.Len(t, parse(t, delivered(`"statuses":[`+list+`]`)), 1000)
}
