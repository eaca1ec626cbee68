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
