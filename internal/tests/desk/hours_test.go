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

// office is open from 9 to 17 in Berlin, Monday to Friday, but for the first Wednesday of March 2026.
func office() routing.Hours {
	day := []routing.Span{{From: 9 * 60, To: 12 * 60}, {From: 13 * 60, To: 17 * 60}}
	return routing.Hours{Zone: "Europe/Berlin", Week: routing.Week{Monday: day, Tuesday: day, Wednesday: day, Thursday: day, Friday: day},
		Holidays: []routing.Holiday{{Date: "2026-03-04", Name: "Works outing"}}}
}

// keepsHours gives berlin business hours, and alerts.
func (w *world) keepsHours(alerts routing.Alerts) {
	w.t.Helper()
	require.NoError(w.t, w.setup.SaveMailbox(ctx, frontdesk.Mailbox{ID: "berlin", Name: "Berlin", Hours: office(), Alerts: alerts}))
}

// utc reads a time such as "2026-03-02 09:00".
func utc(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02 15:04", text)
	require.NoError(t, err)
	return at
}

// turn moves the clock to a time.
func (w *world) turn(text string) {
	w.t.Helper()
	w.clock.Advance(utc(w.t, text).Sub(w.clock.Now()))
}

func TestA8_OpenAndNextOpening(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.keepsHours(routing.Alerts{})
		for _, tc := range []struct {
			at, opens, closes string
			open              bool
		}{
			{"2026-03-02 07:59", "2026-03-02 08:00", "2026-03-02 11:00", false},
			{"2026-03-02 08:00", "2026-03-02 12:00", "2026-03-02 11:00", true},
			{"2026-03-02 11:30", "2026-03-02 12:00", "2026-03-02 16:00", false},
			{"2026-03-03 16:00", "2026-03-05 08:00", "2026-03-05 11:00", false}, // the outing is over
			{"2026-03-27 16:30", "2026-03-30 07:00", "2026-03-30 10:00", false}, // summer time begins on the 29th
		} {
			o, err := w.jane.Opening(ctx, "berlin", utc(t, tc.at))
			require.NoError(t, err)
			assert.Equal(t, tc.open, o.Open, tc.at)
			assert.Equal(t, utc(t, tc.opens), o.Opens.UTC(), tc.at)
			assert.Equal(t, utc(t, tc.closes), o.Closes.UTC(), tc.at)
		}
		o, err := w.jane.Opening(ctx, "berlin", time.Time{})
		require.NoError(t, err)
		assert.True(t, o.Open, "now is ten in Berlin")
		o, err = w.mia.Opening(ctx, "munich", time.Time{})
		require.NoError(t, err)
		assert.Equal(t, frontdesk.Opening{Open: true}, o, "without hours always open")
		_, err = w.mia.Opening(ctx, "berlin", time.Time{})
		require.ErrorIs(t, err, frontdesk.ErrNotFound)

		// New hours count from their commit, also in a process that has the old ones.
		other := w.open().As(frontdesk.System(tenant))
		_, err = other.Opening(ctx, "berlin", time.Time{})
		require.NoError(t, err)
		require.NoError(t, w.setup.SaveMailbox(ctx, frontdesk.Mailbox{ID: "berlin", Hours: routing.Hours{Zone: "Asia/Tokyo", Week: office().Week}}))
		o, err = other.Opening(ctx, "berlin", time.Time{})
		require.NoError(t, err)
		assert.False(t, o.Open)
	})
}

func TestA8_BadHoursAreRefused(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		for name, m := range map[string]frontdesk.Mailbox{
			"zone":        {Hours: routing.Hours{Zone: "Europe/Atlantis"}},
			"local":       {Hours: routing.Hours{Zone: "Local"}},
			"span":        {Hours: routing.Hours{Week: routing.Week{Monday: []routing.Span{{From: 5, To: 5}}}}},
			"overlap":     {Hours: routing.Hours{Week: routing.Week{Monday: []routing.Span{{From: 0, To: 60}, {From: 30, To: 90}}}}},
			"holiday":     {Hours: routing.Hours{Zone: "UTC", Holidays: []routing.Holiday{{Date: "Christmas"}}}},
			"short alert": {Alerts: routing.Alerts{Untaken: time.Second}},
			"long alert":  {Alerts: routing.Alerts{Unanswered: 366 * 24 * time.Hour}},
			"past alert":  {Alerts: routing.Alerts{Unanswered: -time.Hour}},
		} {
			m.ID = "berlin"
			require.ErrorIs(t, w.setup.SaveMailbox(ctx, m), frontdesk.ErrInvalid, name)
		}
		boxes, err := w.setup.Mailboxes(ctx)
		require.NoError(t, err)
		assert.Equal(t, "Berlin", boxes[0].Name, "nothing was saved")
	})
}

func TestC8_BusinessMorning(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.keepsHours(routing.Alerts{})
		w.turn("2026-03-03 07:00") // eight in Berlin: today's morning is still to come, the outing is tomorrow
		morning, err := w.jane.NextBusinessMorning(ctx, "berlin", nil)
		require.NoError(t, err)
		require.Equal(t, utc(t, "2026-03-05 08:00"), morning.UTC())
		c := w.hears("ann", "Hi")
		w.do(w.jane, c.ID, frontdesk.Snooze{Until: morning})
		w.turn("2026-03-05 07:59")
		w.run()
		assert.Equal(t, conversation.ShelfSnoozed, w.get(c.ID).Shelf)
		w.turn("2026-03-05 08:00")
		w.run()
		assert.Equal(t, conversation.ShelfWaiting, w.get(c.ID).Shelf)

		w.turn("2026-03-06 10:00")
		berlin, err := time.LoadLocation("Europe/Berlin")
		require.NoError(t, err)
		morning, err = w.mia.NextBusinessMorning(ctx, "munich", berlin)
		require.NoError(t, err)
		assert.Equal(t, utc(t, "2026-03-09 07:00"), morning.UTC(), "without hours Monday at eight")
		require.NoError(t, w.setup.SaveMailbox(ctx, frontdesk.Mailbox{ID: "munich", Hours: routing.Hours{Zone: "UTC"}}))
		_, err = w.mia.NextBusinessMorning(ctx, "munich", berlin)
		require.ErrorIs(t, err, conversation.ErrValue, "it never opens")
		_, err = w.mia.NextBusinessMorning(ctx, "berlin", berlin)
		require.ErrorIs(t, err, frontdesk.ErrNotFound)
	})
}
