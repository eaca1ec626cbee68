package desk_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/conversation"
)

func TestC10_ArchivedByHandAndBack(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hearsAt("ann", "Hi")
		_, err := w.jane.Do(ctx, c.ID, frontdesk.Archive{})
		require.NoError(t, err)
		assert.Len(t, w.list(w.jane, frontdesk.Query{View: frontdesk.ArchiveView}), 1)
		assert.Empty(t, w.list(w.jane, frontdesk.Query{}))
		again := w.hearsAt("ann", "One more thing")
		assert.Equal(t, c.ID, again.ID)
		assert.Equal(t, conversation.Inbox, again.Place)
		assert.True(t, again.Unread)

		require.NoError(t, w.setup.SaveMailbox(ctx, frontdesk.Mailbox{ID: "berlin", StartNew: true}))
		_, err = w.jane.Do(ctx, c.ID, frontdesk.SetStatus{Status: conversation.Closed}, frontdesk.Archive{})
		require.NoError(t, err)
		fresh := w.hearsAt("ann", "And another")
		assert.NotEqual(t, c.ID, fresh.ID, "the mailbox begins a new one")
		assert.Len(t, w.list(w.jane, frontdesk.Query{View: frontdesk.ArchiveView}), 1)
	})
}
