package desk_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/conversation"
)

// english is a name in one language.
func english(name string) map[string]string { return map[string]string{"en": name} }

func TestA1_LastAgent(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		last := func(a frontdesk.Assign) string { return w.do(w.jane, c.ID, a).LastAgent }
		assert.Equal(t, []string{"", "jd", "joe", "joe"}, []string{last(frontdesk.Assign{Agent: "jd"}), last(frontdesk.Assign{Agent: "joe"}),
			last(frontdesk.Assign{Team: "returns"}), last(frontdesk.Assign{})})
	})
}

func TestHoldNeedsAnAdmin(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		boss := w.agent(frontdesk.Agent{ID: "boss", Role: frontdesk.Admin})
		bot := w.desk.As(frontdesk.Actor{Tenant: tenant, Automation: "bot"})
		w.untouched(c.ID, func() {
			for _, s := range []*frontdesk.Session{w.jane, bot} {
				_, err := s.Do(ctx, c.ID, frontdesk.SetHold{Hold: true})
				require.ErrorIs(t, err, frontdesk.ErrForbidden)
				_, err = s.Reply(ctx, c.ID, frontdesk.Draft{Text: "x", Whisper: true, Then: []frontdesk.Action{frontdesk.SetHold{Hold: true}}})
				require.ErrorIs(t, err, frontdesk.ErrForbidden)
			}
		})
		assert.True(t, w.do(boss, c.ID, frontdesk.SetHold{Hold: true}).Hold)
		assert.False(t, w.do(w.setup, c.ID, frontdesk.SetHold{}).Hold)
		assert.Equal(t, 2, w.count(conversation.EventHold))
	})
}

func TestUnknownIDsOfEntriesAndSettings(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		w.untouched(c.ID, func() {
			for _, id := range bad {
				for name, call := range map[string]func() error{
					"trash":       func() error { return only(w.jane.TrashMessage(ctx, id)) },
					"restore":     func() error { return only(w.jane.RestoreMessage(ctx, id)) },
					"tag":         func() error { return only(w.jane.TagMessage(ctx, id, frontdesk.Tag{Add: []string{"a"}})) },
					"minutes":     func() error { return only(w.jane.SetMinutes(ctx, id, 1, true)) },
					"subscribe":   func() error { return only(w.jane.Subscribe(ctx, id)) },
					"unsubscribe": func() error { return only(w.jane.Unsubscribe(ctx, id)) },
					"folder":      func() error { return only(w.jane.Do(ctx, c.ID, frontdesk.ChangeFolders{Add: []string{id}})) },
					"owner": func() error {
						return only(w.jane.Do(ctx, c.ID, frontdesk.ChangeOwners{Add: []conversation.Owner{{Role: id, Agent: "jd"}}}))
					},
				} {
					assert.ErrorIs(t, call(), frontdesk.ErrNotFound, "%s %q", name, id)
				}
				if id != "" {
					_, err := w.jane.Do(ctx, c.ID, frontdesk.SetType{Type: id})
					assert.ErrorIs(t, err, frontdesk.ErrNotFound, "type %q", id)
				}
				_, err := w.jane.Do(ctx, c.ID, frontdesk.ChangeSubscribers{Add: []string{"agent/" + id}})
				assert.ErrorIs(t, err, frontdesk.ErrNotFound, "subscriber %q", id)
				assert.NoError(t, w.jane.DeleteFolder(ctx, id), "folder %q", id)
				assert.NoError(t, w.setup.DeleteTag(ctx, id), "tag %q", id)
				page, err := w.setup.TrashedMessages(ctx, id, "", 0)
				require.NoError(t, err)
				assert.Empty(t, page.Items)
				types, err := w.setup.Types(ctx, id)
				require.NoError(t, err)
				assert.Empty(t, types)
			}
			_, err := w.jane.TrashedMessages(ctx, "berlin", "", 1001)
			assert.ErrorIs(t, err, frontdesk.ErrInvalid)
			_, err = w.jane.TrashedMessages(ctx, "berlin", "nonsense", 0)
			assert.ErrorIs(t, err, frontdesk.ErrCursor)
		})
	})
}
