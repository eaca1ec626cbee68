package desk_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/loopback"
	"github.com/frontdesk-go/frontdesk/conversation"
)

// A provider may know a number under another form than was dialled. The answer, which comes under that form, belongs to the same
// conversation and the same contact.
func TestS9_AnswerFromACorrectedAddress(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		dialled, known := "+5491155550100", "+541155550100"
		w.provider.Next("shop", loopback.Outcome{Sent: channel.Sent{To: []conversation.Identity{{Scope: conversation.ScopePhone, Address: known}}}})
		m, err := w.jane.Compose(ctx, frontdesk.Start{Channel: w.chat.ID, Address: dialled, Draft: frontdesk.Draft{Text: "Your parcel is here"}})
		require.NoError(t, err)
		w.run()
		in := w.says(known, "Thanks")
		in.Message.From = []conversation.Identity{{Scope: conversation.ScopePhone, Address: known}}
		require.Equal(t, 200, w.hook(in))
		c := w.get(m.Conversation)
		assert.Equal(t, "Thanks", c.Preview)
		require.Len(t, c.People, 1)
		assert.Len(t, c.People[0].Identities, 2)
		page, err := w.jane.Conversations(ctx, frontdesk.Query{View: frontdesk.AllView})
		require.NoError(t, err)
		assert.Len(t, page.Items, 1)

		_, err = w.jane.Reply(ctx, m.Conversation, frontdesk.Draft{Text: "Welcome"})
		require.NoError(t, err)
		w.run()
		sent := w.provider.Sent("shop")
		assert.Equal(t, known, sent[len(sent)-1].Part.To[0].Address, "the answer goes where the customer wrote from")
	})
}
