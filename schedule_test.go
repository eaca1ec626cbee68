package frontdesk

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestScheduleNext(t *testing.T) {
	for _, tt := range []struct {
		name        string
		s           Schedule
		after, want string
	}{
		{"hourly", Schedule{Every: Hourly}, "2026-03-02T09:00:00Z", "2026-03-02T10:00:00Z"},
		{"daily, today", Schedule{Every: Daily, Hour: 10}, "2026-03-02T09:59:59Z", "2026-03-02T10:00:00Z"},
		{"daily, not the same time again", Schedule{Every: Daily, Hour: 10}, "2026-03-02T10:00:00Z", "2026-03-03T10:00:00Z"},
		{"in a zone", Schedule{Every: Daily, Hour: 8, Zone: "Europe/Berlin"}, "2026-03-02T09:00:00Z", "2026-03-03T07:00:00Z"},
		{"after the clocks changed", Schedule{Every: Daily, Hour: 8, Zone: "Europe/Berlin"}, "2026-03-28T09:00:00Z", "2026-03-29T06:00:00Z"},
		{"an hour that is left out", Schedule{Every: Daily, Hour: 2, Zone: "Europe/Berlin"}, "2026-03-28T09:00:00Z", "2026-03-29T01:00:00Z"},
		{"weekly", Schedule{Every: Weekly, Weekday: time.Friday, Hour: 17}, "2026-03-02T09:00:00Z", "2026-03-06T17:00:00Z"},
		{"weekly, Sunday", Schedule{Every: Weekly}, "2026-03-02T09:00:00Z", "2026-03-08T00:00:00Z"},
		{"monthly", Schedule{Every: Monthly, Day: 15}, "2026-03-15T00:00:00Z", "2026-04-15T00:00:00Z"},
		{"the last day of a short month", Schedule{Every: Monthly, Day: 31}, "2026-01-31T00:00:00Z", "2026-02-28T00:00:00Z"},
		{"first Monday", Schedule{Every: Monthly, Week: 1, Weekday: time.Monday}, "2026-03-02T00:00:00Z", "2026-04-06T00:00:00Z"},
		{"fourth Friday", Schedule{Every: Monthly, Week: 4, Weekday: time.Friday}, "2026-03-02T00:00:00Z", "2026-03-27T00:00:00Z"},
		{"last Sunday", Schedule{Every: Monthly, Week: 5}, "2026-03-02T00:00:00Z", "2026-03-29T00:00:00Z"},
		{"last Tuesday, a fifth", Schedule{Every: Monthly, Week: 5, Weekday: time.Tuesday}, "2026-03-02T00:00:00Z", "2026-03-31T00:00:00Z"},
	} {
		require.NoError(t, tt.s.check(), tt.name)
		after, err := time.Parse(time.RFC3339, tt.after)
		require.NoError(t, err)
		assert.Equal(t, tt.want, tt.s.next(after).Format(time.RFC3339), tt.name)
	}
	for name, bad := range map[string]Schedule{
		"no period": {}, "hour": {Every: Daily, Hour: 24}, "hour of hourly": {Every: Hourly, Hour: 1}, "weekday": {Every: Weekly, Weekday: 7},
		"month without a day": {Every: Monthly}, "two days": {Every: Monthly, Day: 1, Week: 1}, "day of a week": {Every: Weekly, Day: 1},
		"day": {Every: Monthly, Day: 32}, "week": {Every: Monthly, Week: 6}, "zone": {Every: Daily, Zone: "Berlin"}, "this machine's": {Every: Daily, Zone: "Local"},
	} {
		assert.ErrorIs(t, bad.check(), ErrInvalid, name)
	}
}

func TestScheduleWestOfGreenwich(t *testing.T) {
	for _, tt := range []struct {
		s           Schedule
		after, want string
	}{
		{Schedule{Every: Daily, Hour: 2, Zone: "America/New_York"}, "2026-03-07T12:00:00Z", "2026-03-08T07:00:00Z"},
		{Schedule{Every: Weekly, Weekday: time.Sunday, Zone: "America/Santiago"}, "2026-09-05T12:00:00Z", "2026-09-06T04:00:00Z"},
		{Schedule{Every: Weekly, Weekday: time.Sunday, Zone: "Atlantic/Azores"}, "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z"},
		{Schedule{Every: Weekly, Weekday: time.Saturday, Zone: "Atlantic/Azores"}, "2026-03-28T12:00:00Z", "2026-04-04T00:00:00Z"},
		{Schedule{Every: Daily, Zone: "America/Santiago"}, "2026-09-05T12:00:00Z", "2026-09-06T04:00:00Z"},
	} {
		after, _ := time.Parse(time.RFC3339, tt.after)
		assert.Equal(t, tt.want, tt.s.next(after).Format(time.RFC3339), "%+v", tt.s)
	}
}
