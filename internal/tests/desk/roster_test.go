package desk_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/routing"
)

var slots = frontdesk.Roster{Zone: "Europe/Berlin", Slots: []routing.Slot{
	{Name: "early", Span: routing.Span{From: 6 * 60, To: 14 * 60}}, {Name: "night", Span: routing.Span{From: 22 * 60, To: 6 * 60}}}}

func TestA13_ImportReplaces(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		require.NoError(t, w.setup.SaveRoster(ctx, slots))
		require.NoError(t, w.setup.ImportRoster(ctx, "agent;date;slot\njd;2026-03-02;Early\njoe;2026-03-31;night\njoe;2026-03-31;night\n"))
		onDuty := func(agent, at string) bool {
			on, err := w.jane.OnDuty(ctx, agent, utc(t, at))
			require.NoError(t, err)
			return on
		}
		assert.True(t, onDuty("jd", "2026-03-02 05:00"), "six in Berlin")
		assert.False(t, onDuty("jd", "2026-03-02 04:59"))
		assert.False(t, onDuty("jd", "2026-03-02 13:00"))
		assert.False(t, onDuty("joe", "2026-03-02 05:00"))
		assert.True(t, onDuty("joe", "2026-04-01 03:59"), "over midnight and the end of the month, in summer time")
		assert.False(t, onDuty("joe", "2026-04-01 04:00"))
		now, err := w.jane.OnDuty(ctx, "jd", time.Time{})
		require.NoError(t, err)
		assert.True(t, now, "ten in Berlin")
		duties, err := w.jane.Duties(ctx, "2026-03")
		require.NoError(t, err)
		assert.Equal(t, []routing.Duty{{Agent: "jd", Date: "2026-03-02", Slot: "early"}, {Agent: "joe", Date: "2026-03-31", Slot: "night"}}, duties)

		other := w.open().As(frontdesk.System(tenant))
		_, err = other.OnDuty(ctx, "jd", utc(t, "2026-03-02 05:00"))
		require.NoError(t, err)
		require.NoError(t, w.setup.ImportRoster(ctx, "agent,date,slot\nmia,2026-04-01,early\n"))
		assert.False(t, onDuty("jd", "2026-03-02 05:00"), "replaced")
		on, err := other.OnDuty(ctx, "jd", utc(t, "2026-03-02 05:00"))
		require.NoError(t, err)
		assert.False(t, on, "in every process")
		assert.True(t, onDuty("mia", "2026-04-01 05:00"))
		duties, err = w.jane.Duties(ctx, "2026-03")
		require.NoError(t, err)
		assert.Empty(t, duties)
		before := w.count(conversation.EventSetting)
		require.NoError(t, w.setup.ImportRoster(ctx, "agent,date,slot\nmia,2026-04-01,early\n"))
		assert.Equal(t, before, w.count(conversation.EventSetting), "the same again changes nothing")
		_, err = w.jane.OnDuty(ctx, "nobody", time.Time{})
		require.ErrorIs(t, err, frontdesk.ErrNotFound)
	})
}

func TestA13_UnknownSlotsAreRejectedByLine(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		require.NoError(t, w.setup.SaveRoster(ctx, slots))
		require.NoError(t, w.setup.ImportRoster(ctx, "agent,date,slot\njd,2026-03-02,early\n"))
		err := w.setup.ImportRoster(ctx, "agent,date,slot\njoe,2026-03-02,early\njoe,2026-03-03,late\nnobody,2026-03-03,early\njoe,tomorrow,early\n")
		var refused *frontdesk.RosterImportError
		require.ErrorAs(t, err, &refused)
		require.ErrorIs(t, err, frontdesk.ErrInvalid)
		require.ErrorIs(t, err, routing.ErrRoster)
		lines := []int{}
		for _, row := range refused.Rows {
			lines = append(lines, row.Line)
		}
		assert.Equal(t, []int{3, 4, 5}, lines)
		assert.Contains(t, err.Error(), `line 3: unknown slot "late"; there are early, night`)
		duties, err := w.jane.Duties(ctx, "2026-03")
		require.NoError(t, err)
		assert.Equal(t, []routing.Duty{{Agent: "jd", Date: "2026-03-02", Slot: "early"}}, duties, "nothing of it was taken")
	})
}

func TestA13_LimitsOfTheRoster(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		six := frontdesk.Roster{}
		for i := range 6 {
			six.Slots = append(six.Slots, routing.Slot{Name: fmt.Sprint(i), Span: routing.Span{From: 0, To: 60}})
		}
		for name, r := range map[string]frontdesk.Roster{"six slots": six, "zone": {Zone: "Europe/Atlantis"}, "twins": {Slots: []routing.Slot{slots.Slots[0], slots.Slots[0]}}} {
			require.ErrorIs(t, w.setup.SaveRoster(ctx, r), frontdesk.ErrInvalid, name)
		}
		require.NoError(t, w.setup.SaveRoster(ctx, slots))
		many, bad := "agent,date,slot\n", "agent,date,slot\n"
		for i := range 37 {
			many += fmt.Sprintf("jd,%s,early\n", time.Date(2026, time.Month(1+i), 1, 0, 0, 0, 0, time.UTC).Format(time.DateOnly))
		}
		for range 150 {
			bad += "jd,2026-03-02,late\n"
		}
		for name, text := range map[string]string{"empty": "", "no column": "agent,date\n", "months": many, "large": strings.Repeat("x", 8<<20+1)} {
			require.ErrorIs(t, w.setup.ImportRoster(ctx, text), frontdesk.ErrInvalid, name)
		}
		var refused *frontdesk.RosterImportError
		require.ErrorAs(t, w.setup.ImportRoster(ctx, bad), &refused)
		assert.Len(t, refused.Rows, 100)
		assert.Equal(t, 50, refused.More)
		_, err := w.jane.Duties(ctx, "March")
		require.ErrorIs(t, err, frontdesk.ErrInvalid)
		got, err := w.jane.Roster(ctx)
		require.NoError(t, err)
		assert.Equal(t, slots, got)
	})
}

func TestA13_OnlyWhoIsOnDuty(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		require.NoError(t, w.setup.SaveSettings(ctx, frontdesk.Settings{DutyOnly: true, IdleMinutes: 1440}))
		require.NoError(t, w.setup.SaveRoster(ctx, slots))
		require.NoError(t, w.setup.ImportRoster(ctx, "agent,date,slot\njd,2026-03-02,night\n"))
		w.slots(2)
		w.signIn(w.jane, w.joe)
		c := w.hears("ann", "Hi")
		assert.Equal(t, []string{""}, w.holders(c.ID), "nobody is on duty at ten in Berlin")
		w.clock.Advance(utc(t, "2026-03-02 21:00").Sub(w.clock.Now()))
		assert.Equal(t, []string{"jd"}, w.holders(c.ID), "her slot begins")
		other := w.hears("bob", "Hi")
		w.do(w.setup, other.ID, frontdesk.Assign{Agent: "joe"})
		assert.Equal(t, "joe", w.get(other.ID).Agent, "by hand he can be given it all the same")
		third := w.hears("cid", "Hi")
		require.NoError(t, w.setup.ImportRoster(ctx, "agent,date,slot\njoe,2026-03-02,night\n"))
		assert.Equal(t, []string{"joe"}, w.holders(third.ID), "the new roster counts at once")
	})
}

// Who comes on duty while the clocks change is given what waits.
func TestA13_DutyWhereTheClocksChange(t *testing.T) {
	for name, c := range map[string]struct {
		zone, date, from string
		slot             routing.Span
	}{
		"Santiago, midnight is skipped":    {"America/Santiago", "2026-09-06", "2026-09-06 01:00", routing.Span{From: 0, To: 8 * 60}},
		"Berlin, half past two is skipped": {"Europe/Berlin", "2026-03-29", "2026-03-28 23:00", routing.Span{From: 150, To: 8 * 60}},
		"Berlin, twice":                    {"Europe/Berlin", "2026-10-25", "2026-10-25 00:10", routing.Span{From: 150, To: 180}},
	} {
		t.Run(name, func(t *testing.T) {
			onMemory(t, func(t *testing.T, w *world) {
				require.NoError(t, w.setup.SaveSettings(ctx, frontdesk.Settings{IdleMinutes: -1, DutyOnly: true}))
				require.NoError(t, w.setup.SaveRoster(ctx, frontdesk.Roster{Zone: c.zone, Slots: []routing.Slot{{Name: "night", Span: c.slot}}}))
				require.NoError(t, w.setup.ImportRoster(ctx, "agent,date,slot\njd,"+c.date+",night\n"))
				w.slots(1)
				w.clock.Advance(utc(t, c.from).Sub(w.clock.Now()))
				w.signIn(w.jane)
				waits := w.hears("ann", "Hi")
				require.Equal(t, []string{""}, w.holders(waits.ID))
				was := false
				for range 60 {
					w.clock.Advance(5 * time.Minute)
					got := w.holders(waits.ID)
					on, err := w.jane.OnDuty(ctx, "jd", time.Time{})
					require.NoError(t, err)
					if was = was || on; on {
						require.Equal(t, []string{"jd"}, got, "%s", w.clock.Now())
					}
				}
				require.True(t, was)
			})
		})
	}
}
