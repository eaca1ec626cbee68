package routing_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/routing"
)

// wall is a second opinion on Open, from calendar dates and the clock on the wall.
type wall struct {
	hours   routing.Hours
	y, m, d int
	spans   [2][]routing.Span // of that date and the one before
}

func (w *wall) turnTo(y, m, d int) {
	w.y, w.m, w.d = y, m, d
	for back := range w.spans {
		date := time.Date(y, time.Month(m), d-back, 0, 0, 0, 0, time.UTC)
		w.spans[back] = w.hours.Week.Days()[date.Weekday()]
		for _, holiday := range w.hours.Holidays {
			if holiday.Date == date.Format(time.DateOnly) {
				w.spans[back] = holiday.Spans
			}
		}
	}
}

func (w *wall) open(local time.Time) bool {
	if y, m, d := local.Date(); y != w.y || int(m) != w.m || d != w.d {
		w.turnTo(y, int(m), d)
	}
	minute := local.Hour()*60 + local.Minute()
	for back, spans := range w.spans {
		for _, s := range spans {
			overnight := s.To < s.From
			switch {
			case back == 0 && !overnight && s.From <= minute && minute < s.To,
				back == 0 && overnight && s.From <= minute,
				back == 1 && overnight && minute < s.To:
				return true
			}
		}
	}
	return false
}

// Two years of minutes in five zones: with the ordinary changes of the clocks, a change of half an hour, changes at midnight, and a
// date that a zone skipped (Apia, 2011-12-30).
func TestRecountMinuteByMinute(t *testing.T) {
	for _, tt := range []struct {
		zone string
		year int
		week routing.Week
		days []routing.Holiday
	}{
		{"Europe/Berlin", 2026, weekdays(t, "09:00-12:00", "13:00-17:30"), []routing.Holiday{{Date: "2026-12-25"}, {Date: "2027-12-24", Spans: spans(t, "08:00-11:00", "22:00-03:00")}}},
		{"America/New_York", 2026, routing.Week{Saturday: spans(t, "22:00-06:00"), Sunday: spans(t, "01:30-02:30", "20:00-24:00"), Monday: spans(t, "00:00-08:00")}, nil},
		{"Australia/Lord_Howe", 2026, routing.Week{Saturday: spans(t, "18:00-02:10"), Sunday: spans(t, "01:45-02:15", "03:00-03:01"), Wednesday: spans(t, "10:00-09:00")}, nil},
		{"America/Sao_Paulo", 2017, routing.Week{Saturday: spans(t, "23:15-00:30"), Sunday: spans(t, "00:15-00:45", "23:00-00:00"), Thursday: spans(t, "00:00-24:00")}, []routing.Holiday{{Date: "2017-10-15", Spans: spans(t, "00:30-01:30")}}},
		{"Pacific/Apia", 2011, routing.Week{Thursday: spans(t, "20:00-04:00"), Friday: spans(t, "21:00-05:00"), Saturday: spans(t, "06:00-07:00"), Tuesday: spans(t, "00:00-24:00"), Wednesday: spans(t, "00:00-24:00")}, []routing.Holiday{{Date: "2012-03-01"}}},
	} {
		t.Run(tt.zone, func(t *testing.T) {
			t.Parallel()
			h := routing.Hours{Zone: tt.zone, Week: tt.week, Holidays: tt.days}
			recount(t, h, calendar(t, h), tt.year)
		})
	}
}

func recount(t *testing.T, h routing.Hours, c *routing.Calendar, year int) {
	zone, err := time.LoadLocation(h.Zone)
	require.NoError(t, err)
	start := time.Date(year, 1, 1, 0, 0, 0, 0, zone)
	minutes := int(time.Date(year+2, 1, 1, 0, 0, 0, 0, zone).Sub(start) / time.Minute)
	at := func(m int) time.Time { return start.Add(time.Duration(m) * time.Minute) }

	const none = -1
	w := &wall{hours: h}
	open := make([]bool, minutes)
	worked := make([]int, minutes+1)         // open minutes before each
	moment := make([]int, 0, minutes)        // the minute after the n-th open one
	edges := map[bool][]int{}                // where it opens (true) and closes
	offsets, last := []int{}, int(1_000_000) // where the zone's offset changes
	for m := range minutes {
		local := at(m).In(zone)
		open[m] = w.open(local)
		if open[m] != c.Open(at(m)) {
			t.Fatalf("%s: open %v by the wall clock, %v by the calendar", local, open[m], c.Open(at(m)))
		}
		worked[m+1] = worked[m]
		if open[m] {
			worked[m+1]++
			moment = append(moment, m+1)
		}
		if m > 0 && open[m] != open[m-1] {
			edges[open[m]] = append(edges[open[m]], m)
		}
		if _, offset := local.Zone(); offset != last {
			offsets, last = append(offsets, m), offset
		}
	}
	require.Greater(t, len(offsets), 2, "the zone changes its offset in these years")
	require.NotEmpty(t, edges[true])

	after := func(list []int, m int) int { // the first entry greater than m
		for lo, hi := 0, len(list); ; {
			if lo == hi {
				if lo == len(list) {
					return none
				}
				return list[lo]
			}
			if mid := (lo + hi) / 2; list[mid] > m {
				hi = mid
			} else {
				lo = mid + 1
			}
		}
	}
	check := func(m int) {
		for opens, ask := range map[bool]func(time.Time) (time.Time, bool){true: c.NextOpening, false: c.NextClosing} {
			if want := after(edges[opens], m); want != none {
				got, ok := ask(at(m))
				require.True(t, ok && got.Equal(at(want)), "%s: next edge (opens: %v) is %s, want %s", at(m), opens, got, at(want))
			}
		}
		for _, n := range []int{1, 17, 480, 5_000} {
			if i := worked[m] + n - 1; i < len(moment) {
				got, ok := c.Add(at(m), time.Duration(n)*time.Minute)
				require.True(t, ok && got.Equal(at(moment[i])), "%s + %d business minutes is %s, want %s", at(m), n, got, at(moment[i]))
			}
		}
		for _, n := range []int{1, 90, 1_500, 60_000} {
			if to := m + n; to <= minutes {
				want := time.Duration(worked[to]-worked[m]) * time.Minute
				require.Equal(t, want, c.Between(at(m), at(to)), "%s to %s", at(m), at(to))
			}
		}
	}
	for m := 0; m < minutes; m += 241 { // prime, so that every minute of the day comes up
		check(m)
	}
	for _, change := range offsets {
		for m := max(0, change-1_600); m < min(minutes, change+1_600); m += 3 {
			check(m)
		}
	}
	for _, edge := range append(edges[true], edges[false]...)[:200] {
		check(edge - 1)
		check(edge)
	}
}
