package routing_test

import (
	"encoding/json"
	"testing"
	"time"
	_ "time/tzdata" // the zones' rules, also where the machine has none

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/routing"
)

func calendar(t testing.TB, h routing.Hours) *routing.Calendar {
	t.Helper()
	zone, err := time.LoadLocation(h.Zone)
	require.NoError(t, err)
	c, err := h.Calendar(zone)
	require.NoError(t, err)
	return c
}

// instant reads a wall-clock time with its offset, so that an hour which comes twice is told apart.
func instant(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02 15:04 -07:00", text)
	require.NoError(t, err)
	return at
}

func weekdays(t testing.TB, texts ...string) routing.Week {
	s := spans(t, texts...)
	return routing.Week{Monday: s, Tuesday: s, Wednesday: s, Thursday: s, Friday: s}
}

// Shop is a shop in Berlin with a lunch break, closed at Christmas and open on Christmas Eve until noon.
func shop(t testing.TB) *routing.Calendar {
	return calendar(t, routing.Hours{Zone: "Europe/Berlin", Week: weekdays(t, "09:00-12:00", "13:00-17:00"), Holidays: []routing.Holiday{
		{Date: "2026-12-24", Spans: spans(t, "09:00-12:00")}, {Date: "2026-12-25"}}})
}

// Times of December 2026 in Berlin: the 23rd is a Wednesday.
func TestShopHours(t *testing.T) {
	c := shop(t)
	for _, tt := range []struct {
		at                        string
		open                      bool
		opening, closing, morning string
	}{
		{"2026-12-23 08:59", false, "2026-12-23 09:00", "2026-12-23 12:00", "2026-12-24 09:00"},
		{"2026-12-23 09:00", true, "2026-12-23 13:00", "2026-12-23 12:00", "2026-12-24 09:00"},
		{"2026-12-23 11:59", true, "2026-12-23 13:00", "2026-12-23 12:00", "2026-12-24 09:00"},
		{"2026-12-23 12:00", false, "2026-12-23 13:00", "2026-12-23 17:00", "2026-12-24 09:00"},
		{"2026-12-23 16:59", true, "2026-12-24 09:00", "2026-12-23 17:00", "2026-12-24 09:00"},
		{"2026-12-24 11:00", true, "2026-12-28 09:00", "2026-12-24 12:00", "2026-12-28 09:00"},
		{"2026-12-24 13:00", false, "2026-12-28 09:00", "2026-12-28 12:00", "2026-12-28 09:00"},
		{"2026-12-25 10:00", false, "2026-12-28 09:00", "2026-12-28 12:00", "2026-12-28 09:00"},
	} {
		at := instant(t, tt.at+" +01:00")
		assert.Equal(t, tt.open, c.Open(at), tt.at)
		for _, next := range []struct {
			name, want string
			ask        func(time.Time) (time.Time, bool)
		}{{"opening", tt.opening, c.NextOpening}, {"closing", tt.closing, c.NextClosing}, {"morning", tt.morning, c.NextMorning}} {
			got, ok := next.ask(at)
			assert.True(t, ok)
			assert.Equal(t, next.want+" +01:00", got.Format("2006-01-02 15:04 -07:00"), "%s after %s", next.name, tt.at)
		}
	}
}

func TestBusinessTime(t *testing.T) {
	c := shop(t)
	for _, tt := range []struct {
		from, to string
		business time.Duration
	}{
		{"2026-12-23 10:00", "2026-12-23 10:30", 30 * time.Minute},
		{"2026-12-23 11:30", "2026-12-23 13:30", time.Hour},
		{"2026-12-23 11:00", "2026-12-23 12:00", time.Hour}, // the moment of closing, not the next opening
		{"2026-12-23 07:00", "2026-12-23 09:01", time.Minute},
		{"2026-12-23 16:00", "2026-12-28 10:00", 5 * time.Hour}, // an hour, the three of Christmas Eve, an hour
		{"2026-12-24 12:00", "2026-12-28 09:01", time.Minute},
	} {
		from, to := instant(t, tt.from+" +01:00"), instant(t, tt.to+" +01:00")
		assert.Equal(t, tt.business, c.Between(from, to), "%s to %s", tt.from, tt.to)
		assert.Equal(t, -tt.business, c.Between(to, from))
		got, ok := c.Add(from, tt.business)
		assert.True(t, ok)
		assert.True(t, to.Equal(got), "%s + %s: got %s", tt.from, tt.business, got)
	}
	at := instant(t, "2026-12-23 12:30 +01:00")
	for _, d := range []time.Duration{0, -time.Hour} {
		got, ok := c.Add(at, d)
		assert.True(t, ok)
		assert.True(t, at.Equal(got))
	}
	odd := instant(t, "2026-12-23 09:59 +01:00").Add(59*time.Second + 7)
	got, ok := c.Add(odd, 2*time.Hour+time.Second) // to 11:59:59.…, then a second that ends at noon, then the rest after lunch
	assert.True(t, ok)
	assert.True(t, instant(t, "2026-12-23 13:00 +01:00").Add(7).Equal(got), got)
	assert.Equal(t, 2*time.Hour+time.Second, c.Between(odd, got))
}

// In Berlin the clocks skip 2:00–3:00 on 2026-03-29 and show it twice on 2026-10-25, both Sundays.
func TestClockChanges(t *testing.T) {
	night := calendar(t, routing.Hours{Zone: "Europe/Berlin", Week: routing.Week{Saturday: spans(t, "22:00-06:00")}})
	assert.Equal(t, 7*time.Hour, night.Between(instant(t, "2026-03-28 12:00 +01:00"), instant(t, "2026-03-29 12:00 +02:00")))
	assert.Equal(t, 9*time.Hour, night.Between(instant(t, "2026-10-24 12:00 +02:00"), instant(t, "2026-10-25 12:00 +01:00")))
	due, _ := night.Add(instant(t, "2026-03-28 12:00 +01:00"), 5*time.Hour)
	assert.Equal(t, "2026-03-29 04:00 +02:00", due.Format("2006-01-02 15:04 -07:00"))
	due, _ = night.Add(instant(t, "2026-10-24 12:00 +02:00"), 5*time.Hour)
	assert.Equal(t, "2026-10-25 02:00 +01:00", due.Format("2006-01-02 15:04 -07:00"))

	gone := calendar(t, routing.Hours{Zone: "Europe/Berlin", Week: routing.Week{Sunday: spans(t, "02:15-02:45")}})
	next, _ := gone.NextOpening(instant(t, "2026-03-28 12:00 +01:00"))
	assert.Equal(t, "2026-04-05 02:15 +02:00", next.Format("2006-01-02 15:04 -07:00"), "the hour of the 29th does not exist")
	assert.Equal(t, time.Hour, gone.Between(instant(t, "2026-10-25 00:00 +02:00"), instant(t, "2026-10-25 12:00 +01:00")), "it comes twice")

	begins := calendar(t, routing.Hours{Zone: "Europe/Berlin", Week: routing.Week{Sunday: spans(t, "02:30-05:00")}})
	next, _ = begins.NextOpening(instant(t, "2026-03-28 12:00 +01:00"))
	assert.Equal(t, "2026-03-29 03:00 +02:00", next.Format("2006-01-02 15:04 -07:00"))
}

func TestHolidayBesideANightShift(t *testing.T) {
	week := weekdays(t, "22:00-06:00")
	c := calendar(t, routing.Hours{Zone: "Europe/Berlin", Week: week, Holidays: []routing.Holiday{{Date: "2026-12-25"}}})
	assert.True(t, c.Open(instant(t, "2026-12-25 05:59 +01:00")), "the shift of the 24th")
	assert.False(t, c.Open(instant(t, "2026-12-25 23:00 +01:00")))
	assert.False(t, c.Open(instant(t, "2026-12-26 01:00 +01:00")))
}

func TestNeverAndAlways(t *testing.T) {
	at := instant(t, "2026-12-23 12:30 +00:00")
	never := calendar(t, routing.Hours{})
	always := calendar(t, routing.Hours{Week: routing.Week{Monday: spans(t, "00:00-24:00"), Tuesday: spans(t, "00:00-24:00"), Wednesday: spans(t, "00:00-24:00"),
		Thursday: spans(t, "00:00-24:00"), Friday: spans(t, "00:00-24:00"), Saturday: spans(t, "00:00-24:00"), Sunday: spans(t, "00:00-24:00")}})
	far := calendar(t, routing.Hours{Holidays: []routing.Holiday{{Date: "2040-01-01", Spans: spans(t, "09:00-10:00")}}})
	for name, ask := range map[string]func(time.Time) (time.Time, bool){
		"never opening": never.NextOpening, "never closing": never.NextClosing, "never morning": never.NextMorning,
		"always opening": always.NextOpening, "always closing": always.NextClosing, "far opening": far.NextOpening,
		"never add":  func(at time.Time) (time.Time, bool) { return never.Add(at, 1) },
		"always add": func(at time.Time) (time.Time, bool) { return always.Add(at, routing.Horizon+1) },
	} {
		got, ok := ask(at)
		assert.False(t, ok, name)
		assert.Zero(t, got, name)
	}
	assert.Zero(t, never.Between(at, at.AddDate(3, 0, 0)))
	assert.Equal(t, 100*24*time.Hour, always.Between(at, at.AddDate(0, 0, 100)))
	assert.Equal(t, routing.Horizon, always.Between(at, at.AddDate(300, 0, 0)))
	got, ok := always.Add(at, routing.Horizon)
	assert.True(t, ok)
	assert.True(t, at.Add(routing.Horizon).Equal(got))
	got, ok = always.NextMorning(at)
	assert.True(t, ok)
	assert.Equal(t, "2026-12-24 00:00", got.Format("2006-01-02 15:04"))
	got, ok = far.NextOpening(instant(t, "2038-01-01 00:00 +00:00"))
	assert.True(t, ok)
	assert.Equal(t, "2040-01-01 09:00", got.Format("2006-01-02 15:04"))
}

// Today is the zone's own day, also where that is yesterday or tomorrow in UTC.
func TestNextMorningFarFromUTC(t *testing.T) {
	for _, tt := range []struct{ zone, at, want string }{
		{"Asia/Tokyo", "2026-11-02 07:00 +09:00", "2026-11-03 09:00"}, // Sunday evening in UTC
		{"Asia/Tokyo", "2026-11-02 23:30 +09:00", "2026-11-03 09:00"},
		{"Pacific/Honolulu", "2026-11-02 07:00 -10:00", "2026-11-03 09:00"},
		{"Pacific/Honolulu", "2026-11-02 20:00 -10:00", "2026-11-03 09:00"}, // Tuesday morning in UTC
	} {
		c := calendar(t, routing.Hours{Zone: tt.zone, Week: weekdays(t, "09:00-17:00")})
		got, ok := c.NextMorning(instant(t, tt.at))
		assert.True(t, ok)
		assert.Equal(t, tt.want, got.Format("2006-01-02 15:04"), "%s, %s", tt.zone, tt.at)
	}
}

func TestBefore1970(t *testing.T) {
	c := calendar(t, routing.Hours{Week: routing.Week{Wednesday: spans(t, "09:00-17:00")}, Holidays: []routing.Holiday{{Date: "1969-12-24"}}})
	assert.True(t, c.Open(instant(t, "1969-12-31 09:00 +00:00")), "a Wednesday")
	assert.False(t, c.Open(instant(t, "1969-12-31 08:59 +00:00")))
	assert.False(t, c.Open(instant(t, "1969-12-30 09:00 +00:00")))
	assert.False(t, c.Open(instant(t, "1969-12-24 09:00 +00:00")), "a holiday")
	next, ok := c.NextOpening(instant(t, "1969-12-20 00:00 +00:00"))
	assert.True(t, ok)
	assert.Equal(t, "1969-12-31 09:00", next.Format("2006-01-02 15:04"))
}

func FuzzCalendar(f *testing.F) {
	f.Add([]byte(`{"zone":"Europe/Berlin","week":{"monday":["09:00-12:00","13:00-17:00"],"saturday":["22:00-06:00"]}}`), int64(1_774_742_400))
	f.Add([]byte(`{"zone":"Pacific/Apia","week":{"friday":["00:00-24:00"]},"holidays":[{"date":"2011-12-30"}]}`), int64(1_325_239_200))
	f.Add([]byte(`{"week":{}}`), int64(-62_135_596_800))
	f.Add([]byte(`{"week":{"sunday":["23:59-24:00"]}}`), int64(1<<62))
	f.Fuzz(func(t *testing.T, text []byte, unix int64) {
		var h routing.Hours
		if json.Unmarshal(text, &h) != nil {
			return
		}
		zone, err := time.LoadLocation(h.Zone)
		if err != nil {
			return
		}
		c, err := h.Calendar(zone)
		if err != nil {
			return
		}
		at := time.Unix(unix, 0)
		if next, ok := c.NextOpening(at); ok {
			require.True(t, c.Open(next) && !c.Open(next.Add(-1)) && next.After(at))
		}
		if next, ok := c.NextClosing(at); ok {
			require.True(t, !c.Open(next) && c.Open(next.Add(-1)) && next.After(at))
		}
		if due, ok := c.Add(at, 90*time.Minute); ok {
			require.Equal(t, 90*time.Minute, c.Between(at, due))
			require.True(t, c.Open(due.Add(-1)))
		}
		c.NextMorning(at)
	})
}

func BenchmarkCalendar(b *testing.B) {
	c := shop(b)
	at := instant(b, "2026-12-23 12:30 +01:00")
	b.Run("Open", func(b *testing.B) {
		for b.Loop() {
			c.Open(at)
		}
	})
	b.Run("NextOpening", func(b *testing.B) {
		for b.Loop() {
			c.NextOpening(at)
		}
	})
	b.Run("Add 8h", func(b *testing.B) {
		for b.Loop() {
			c.Add(at, 8*time.Hour)
		}
	})
}
