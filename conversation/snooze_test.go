package conversation

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSnooze(t *testing.T) {
	l := begin(t, Rules{})
	l.receive("first")
	until := start.Add(24*time.Hour + 1500*time.Nanosecond)
	change := l.do(ann, Snooze{Until: until.In(time.FixedZone("", 7200))})
	assert.Equal(t, "2026-03-03T09:00:00Z", change.Events[0].To)
	assert.Equal(t, start.Add(24*time.Hour+time.Microsecond), l.c.Snoozed, "UTC, in microseconds")
	assert.False(t, l.c.InInbox())
	assert.False(t, l.do(ann, Snooze{Until: until}).Changed(), "the effect is already there")

	change = l.do(ann, Snooze{Until: until.Add(time.Hour)})
	assert.Equal(t, "2026-03-03T09:00:00Z", change.Events[0].From)
	assert.True(t, l.do(ann, Snooze{Until: until.Add(time.Hour), KeepAsleep: true}).Changed(), "only how it sleeps is changed")
}

func TestSnoozeTimes(t *testing.T) {
	l := begin(t, Rules{})
	for _, tc := range []struct {
		name  string
		until time.Time
		ok    bool
	}{
		{"now", l.now, false},
		{"past", l.now.Add(-time.Hour), false},
		{"zero", time.Time{}, false},
		{"less than a microsecond ahead", l.now.Add(time.Nanosecond), false},
		{"a microsecond ahead", l.now.Add(time.Microsecond), true},
		{"five years ahead", l.now.Add(MaxSnooze), true},
		{"more", l.now.Add(MaxSnooze + time.Microsecond), false},
		{"much more", l.now.AddDate(5000, 0, 0), false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			one := *l
			one.tb = t
			_, err := one.try(ann, Snooze{Until: tc.until})
			if tc.ok {
				assert.NoError(t, err)
				return
			}
			assert.ErrorIs(t, err, ErrValue)
		})
	}
}

// A snooze that is over wakes however late, unless somebody was faster.
func TestWake(t *testing.T) {
	until := start.Add(24 * time.Hour)
	asleep := func(t *testing.T) *life {
		l := begin(t, Rules{})
		l.receive("first")
		l.do(ann, MarkRead{}, Snooze{Until: until})
		return l
	}
	for _, tc := range []struct {
		name string
		now  time.Time
		want bool
	}{
		{"a microsecond early", until.Add(-time.Microsecond), false},
		{"on time", until, true},
		{"days late", until.Add(72 * time.Hour), true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := asleep(t)
			l.now = tc.now
			change, err := l.try(system, Wake{})
			require.NoError(t, err)
			assert.Equal(t, tc.want, change.Changed())
			assert.Equal(t, tc.want, l.c.InInbox())
			assert.Equal(t, tc.want, l.c.Unread("ann", false))
			if tc.want {
				assert.Equal(t, "2026-03-03T09:00:00Z", change.Events[0].From)
				again, err := l.try(system, Wake{})
				require.NoError(t, err)
				assert.False(t, again.Changed(), "it wakes once")
			}
		})
	}
	t.Run("snoozed again meanwhile", func(t *testing.T) {
		l := asleep(t)
		l.do(ann, Snooze{Until: until.Add(time.Hour)})
		l.now = until
		change, err := l.try(system, Wake{})
		require.NoError(t, err)
		assert.False(t, change.Changed())
	})
	t.Run("by hand", func(t *testing.T) {
		l := asleep(t)
		l.do(ben, Wake{ByHand: true})
		assert.True(t, l.c.InInbox())
		assert.False(t, l.c.Unread("ann", false))
		assert.True(t, l.c.Unread("ben", false), "what was unread stays so")
	})
	t.Run("by a customer", func(t *testing.T) {
		l := asleep(t)
		l.receive("second")
		woken := l.timeline[len(l.timeline)-1].Event
		assert.Equal(t, EventWoken, woken.Type)
		assert.Equal(t, "2026-03-03T09:00:00Z", woken.From, "the timeline says what was ended")
		assert.Equal(t, l.find("second").Sequence, l.c.Attention.Sequence)
	})
	t.Run("kept asleep through a message", func(t *testing.T) {
		l := asleep(t)
		l.do(ann, Snooze{Until: until, KeepAsleep: true})
		l.receive("second")
		assert.Equal(t, "snoozed-asleep", standing(&l.c))
		l.now = until
		l.do(system, Wake{})
		assert.Equal(t, "waiting", standing(&l.c))
		l.do(ann, Snooze{Until: until.Add(100 * time.Hour)})
		l.receive("third")
		assert.Equal(t, "waiting", standing(&l.c), "keeping asleep was for that snooze only")
	})
	t.Run("without any customer", func(t *testing.T) {
		l := begin(t, Rules{})
		l.do(ann, Snooze{Until: until})
		l.now = until
		l.do(system, Wake{})
		assert.True(t, l.c.Unread("ann", false), "the return makes unread by itself")
	})
}

func TestPresets(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	apia, err := time.LoadLocation("Pacific/Apia")
	require.NoError(t, err)
	for _, tc := range []struct {
		name   string
		zone   *time.Location
		now    string
		preset Preset
		want   string
		hours  float64
	}{
		{"three hours", berlin, "2026-03-02 09:30", LaterToday, "2026-03-02 12:30", 3},
		{"three hours over midnight", berlin, "2026-03-02 22:30", LaterToday, "2026-03-03 01:30", 3},
		{"three hours over the lost hour", berlin, "2026-03-29 00:30", LaterToday, "2026-03-29 04:30", 3},
		{"three hours over the doubled hour", berlin, "2026-10-25 00:30", LaterToday, "2026-10-25 02:30", 3},
		{"tomorrow", berlin, "2026-03-02 09:00", Tomorrow, "2026-03-03 08:00", 23},
		{"tomorrow, shortly after midnight", berlin, "2026-03-02 00:05", Tomorrow, "2026-03-03 08:00", 31 + 55.0/60},
		{"tomorrow loses an hour", berlin, "2026-03-28 08:00", Tomorrow, "2026-03-29 08:00", 23},
		{"tomorrow gains an hour", berlin, "2026-10-24 08:00", Tomorrow, "2026-10-25 08:00", 25},
		{"tomorrow is another year", berlin, "2026-12-31 12:00", Tomorrow, "2027-01-01 08:00", 20},
		{"Monday from Monday", berlin, "2026-03-02 07:00", NextWeek, "2026-03-09 08:00", 169},
		{"Monday from Tuesday", berlin, "2026-03-03 08:00", NextWeek, "2026-03-09 08:00", 144},
		{"Monday from Sunday", berlin, "2026-03-08 23:00", NextWeek, "2026-03-09 08:00", 9},
		{"Monday loses an hour", berlin, "2026-03-27 08:00", NextWeek, "2026-03-30 08:00", 71},
		{"Monday gains an hour", berlin, "2026-10-23 08:00", NextWeek, "2026-10-26 08:00", 73},
		{"a business morning", berlin, "2026-03-02 07:00", NextBusinessMorning, "2026-03-03 08:00", 25},
		{"a business morning from Friday", berlin, "2026-03-06 09:00", NextBusinessMorning, "2026-03-09 08:00", 71},
		{"a business morning from Saturday loses an hour", berlin, "2026-03-28 08:00", NextBusinessMorning, "2026-03-30 08:00", 47},
		{"a business morning from Sunday", berlin, "2026-03-08 23:00", NextBusinessMorning, "2026-03-09 08:00", 9},
		{"Samoa skipped 30 December 2011", apia, "2011-12-29 09:00", Tomorrow, "2011-12-31 08:00", 23},
		{"and its Friday only", apia, "2011-12-29 09:00", NextWeek, "2012-01-02 08:00", 71},
	} {
		t.Run(tc.name, func(t *testing.T) {
			now, err := time.ParseInLocation("2006-01-02 15:04", tc.now, tc.zone)
			require.NoError(t, err)
			got, err := tc.preset.Until(now)
			require.NoError(t, err)
			assert.Equal(t, tc.want, got.Format("2006-01-02 15:04"))
			assert.InDelta(t, tc.hours, got.Sub(now).Hours(), 0.001)
		})
	}
	_, err = Preset("whenever").Until(start)
	assert.ErrorIs(t, err, ErrValue)
}
