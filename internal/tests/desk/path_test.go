package desk_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/conversation"
)

// One message through every layer: it comes in, is seen and counted, answered, sent and told.
func TestPath(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Where is my order?")
		assert.Equal(t, int64(1), w.unread(w.jane))

		page, err := w.jane.Conversations(ctx, frontdesk.Query{})
		require.NoError(t, err)
		require.Len(t, page.Items, 1)
		assert.True(t, page.Items[0].Unread)
		assert.Equal(t, "Where is my order?", page.Items[0].Preview)

		_, err = w.jane.View(ctx, c.ID)
		require.NoError(t, err)
		assert.Equal(t, int64(0), w.unread(w.jane))
		assert.Equal(t, int64(1), w.unread(w.joe))

		m, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "On its way, {{contact.first_name|there}}!"})
		require.NoError(t, err)
		assert.Equal(t, conversation.Queued, m.Delivery)
		w.run()
		assert.Equal(t, []string{"On its way, ann!"}, w.texts())
		m, err = w.jane.Message(ctx, m.ID)
		require.NoError(t, err)
		assert.Equal(t, conversation.Sent, m.Delivery)

		var types []string
		for _, e := range w.events() {
			if e.Conversation == c.ID {
				types = append(types, e.Type)
			}
		}
		assert.Equal(t, []string{"conversation.created", "message.received", "conversation.read", "message.outgoing", "message.delivery", "message.delivery"}, types)
	})
}
