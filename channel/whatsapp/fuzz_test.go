package whatsapp_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/whatsapp"
)

// FuzzContent puts foreign JSON in the place of each type's content. A message with an ID and a sender always gives an item, and never
// costs the one behind it.
func FuzzContent(f *testing.F) {
	kinds := []string{"text", "image", "video", "audio", "document", "sticker", "location", "contacts", "interactive", "button", "order", "reaction", "edit", "revoke", "system", "unsupported", "other"}
	f.Add(`{"body":"x"}`)
	f.Add(`{"id":"1","mime_type":"image/png","sha256":"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="}`)
	f.Add(`{"latitude":1,"longitude":2}`)
	f.Add(`[{"name":{"formatted_name":"A"},"phones":[{"phone":"1"}],"x":[1,{}]}]`)
	f.Add(`{"type":"nfm_reply","nfm_reply":{"body":"Sent","response_json":"{\"a\":[1]}"}}`)
	f.Add(`{"text":"x","payload":"y"}`)
	f.Add(`{"product_items":[{"quantity":1}]}`)
	f.Add(`{"message_id":"w","original_message_id":"w","message":{"type":"text","text":{"body":"x"}}}`)
	f.Add(`{"body":"User A changed from DE.1 to DE.2","user_id":"DE.2","wa_id":"5","type":"user_changed_user_id"}`)
	f.Fuzz(func(t *testing.T, content string) {
		if !json.Valid([]byte(content)) {
			t.Skip("the delivery would not be JSON")
		}
		for _, kind := range kinds {
			body := delivered(`"messages":[{"from":"491","id":"a","type":"` + kind + `","` + kind + `":` + content + `},{"from":"492","id":"b","type":"text","text":{"body":"x"}}]`)
			items, err := whatsapp.New().Parse(&channel.Request{Body: []byte(body)})
			require.NoError(t, err)
			require.GreaterOrEqual(t, len(items), 2, kind)
			last := items[len(items)-1]
			require.NotNil(t, last.Message)
			assert.Equal(t, "b", last.Message.ID)
			if first := items[0].Message; first != nil && kind == "other" {
				assert.Equal(t, "other", first.Unsupported)
			}
		}
	})
}
