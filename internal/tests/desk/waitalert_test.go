package desk_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/routing"
)

// alerts are the alerts told of a conversation, in order.
func (w *world) alerts(id string) (kinds []string) {
	w.t.Helper()
	for _, e := range w.events() {
		if e.Type == conversation.EventAlert && e.Conversation == id {
			kinds = append(kinds, e.To)
		}
	}
	return kinds
}

func TestA12_WaitingInBusinessTime(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.keepsHours(routing.Alerts{})
		w.turn("2026-03-02 15:30") // half past four in Berlin
		c := w.hears("ann", "Hi")
		w.turn("2026-03-03 09:00")
		waited := func() time.Duration {
			list := w.list(w.jane, frontdesk.Query{})
			require.Len(t, list, 1)
			assert.Equal(t, list[0].Waited, w.get(c.ID).Waited)
			return list[0].Waited
		}
		assert.Equal(t, 90*time.Minute, waited(), "half an hour before closing, an hour this morning")
		_, err := w.jane.Whisper(ctx, c.ID, "Who knows?")
		require.NoError(t, err)
		assert.Equal(t, 90*time.Minute, waited(), "a whisper answers nothing")
		_, err = w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "Hello"})
		require.NoError(t, err)
		assert.Zero(t, waited())
	})
}

func TestA12_AlertsOncePerSpell(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.keepsHours(routing.Alerts{Untaken: time.Hour, Unanswered: 2 * time.Hour})
		w.turn("2026-03-02 15:30")
		c := w.hears("ann", "Hi")
		w.clock.Advance(time.Minute)
		w.hears("ann", "Hello?")
		w.turn("2026-03-03 08:29")
		assert.Empty(t, w.alerts(c.ID), "half an hour before closing, 29 minutes this morning")
		w.turn("2026-03-03 08:30")
		assert.Equal(t, []string{conversation.AlertUntaken}, w.alerts(c.ID))
		w.do(w.jane, c.ID, frontdesk.Assign{Agent: "jd"})
		w.turn("2026-03-03 09:29")
		w.hears("ann", "Anybody?")
		assert.Len(t, w.alerts(c.ID), 1)
		w.turn("2026-03-03 09:30")
		assert.Equal(t, []string{conversation.AlertUntaken, conversation.AlertUnanswered}, w.alerts(c.ID))
		w.turn("2026-03-05 09:30")
		w.hears("ann", "Well?")
		w.turn("2026-03-06 15:00")
		assert.Len(t, w.alerts(c.ID), 2, "once in a spell")

		_, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "Hello"})
		require.NoError(t, err)
		w.hears("ann", "Thanks, but")
		w.turn("2026-03-10 15:00")
		assert.Equal(t, []string{conversation.AlertUntaken, conversation.AlertUnanswered, conversation.AlertUnanswered}, w.alerts(c.ID), "a new spell, taken")
	})
}

func TestA12_NoAlertWhereNobodyWaits(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.keepsHours(routing.Alerts{Untaken: time.Minute, Unanswered: time.Minute})
		ids := map[string]func(id string){
			"answered": func(id string) {
				_, err := w.jane.Reply(ctx, id, frontdesk.Draft{Text: "Yes", Then: []frontdesk.Action{frontdesk.Assign{Agent: "jd"}}})
				require.NoError(t, err)
			},
			"closed":  func(id string) { w.do(w.jane, id, frontdesk.SetStatus{Status: conversation.Closed}) },
			"spam":    func(id string) { w.do(w.jane, id, frontdesk.Spam{}) },
			"snoozed": func(id string) { w.do(w.jane, id, frontdesk.Snooze{Until: w.clock.Now().Add(48 * time.Hour)}) },
		}
		told := map[string]string{}
		for who, what := range ids {
			c := w.hears(who, "Hi")
			told[who] = c.ID
			what(c.ID)
		}
		robot := w.says("robot", "I am away")
		robot.Message.Automatic = true
		w.takes(robot)
		w.do(w.jane, w.current("robot").ID, frontdesk.Assign{Agent: "jd"})
		w.clock.Advance(time.Hour)
		for who, id := range told {
			assert.Empty(t, w.alerts(id), who)
		}
		assert.Empty(t, w.alerts(w.current("robot").ID))
	})
}

// New limits and hours count when an alert comes due.
func TestA12_ChangedLimits(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.keepsHours(routing.Alerts{Unanswered: time.Hour})
		c := w.hears("ann", "Hi") // nine, ten in Berlin
		w.keepsHours(routing.Alerts{Unanswered: 3 * time.Hour})
		w.turn("2026-03-02 10:00")
		assert.Empty(t, w.alerts(c.ID))
		w.turn("2026-03-02 12:59")
		assert.Empty(t, w.alerts(c.ID), "lunch is no business time")
		w.turn("2026-03-02 13:00")
		assert.Equal(t, []string{conversation.AlertUnanswered}, w.alerts(c.ID))

		bob := w.hears("bob", "Hi")
		w.keepsHours(routing.Alerts{})
		w.turn("2026-03-10 13:00")
		assert.Empty(t, w.alerts(bob.ID), "switched off")
	})
}
