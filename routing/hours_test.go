package routing_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/routing"
)

func span(t testing.TB, text string) routing.Span {
	t.Helper()
	var s routing.Span
	require.NoError(t, s.UnmarshalText([]byte(text)))
	return s
}

func spans(t testing.TB, texts ...string) []routing.Span {
	t.Helper()
	var all []routing.Span
	for _, text := range texts {
		all = append(all, span(t, text))
	}
	return all
}

func TestSpanText(t *testing.T) {
	for text, want := range map[string]routing.Span{
		"09:00-17:30": {From: 540, To: 1050},
		"00:00-24:00": {From: 0, To: 1440},
		"22:00-06:00": {From: 1320, To: 360},
		"22:00-00:00": {From: 1320, To: 0},
		"23:59-24:00": {From: 1439, To: 1440},
	} {
		assert.Equal(t, want, span(t, text), text)
		assert.Equal(t, text, want.String())
	}
	for text, problem := range map[string]string{"24:00-08:00": "begins at minute 1440", "08:00-08:00": "ends when it begins", "00:00-00:00": "ends when it begins"} {
		var s routing.Span
		err := s.UnmarshalText([]byte(text))
		assert.ErrorIs(t, err, routing.ErrHours, text)
		assert.ErrorContains(t, err, problem)
		assert.Zero(t, s, text)
	}
	for _, text := range []string{"", "-", "09:00", "9:00-17:00", "09:00-17:60", "09:00-24:01", "24:00-25:00", "99:00-17:00",
		"+9:00-17:00", "09:00 -17:00", "09:00-17:00-18:00", "0٩:00-17:00"} {
		var s routing.Span
		err := s.UnmarshalText([]byte(text))
		assert.ErrorIs(t, err, routing.ErrHours, text)
		assert.ErrorContains(t, err, "is not a span such as 09:00-17:30", text)
		assert.Zero(t, s, text)
	}
	_, err := routing.Span{From: 5, To: 5}.MarshalText()
	assert.ErrorIs(t, err, routing.ErrHours)
}

func TestHoursJSON(t *testing.T) {
	h := routing.Hours{Zone: "Europe/Berlin", Week: routing.Week{Monday: spans(t, "09:00-12:00", "13:00-17:30"), Friday: spans(t, "22:00-06:00")},
		Holidays: []routing.Holiday{{Date: "2026-12-24", Name: "Christmas Eve", Spans: spans(t, "09:00-12:00")}, {Date: "2026-12-25"}}}
	text, err := json.Marshal(h)
	require.NoError(t, err)
	assert.JSONEq(t, `{"zone":"Europe/Berlin","week":{"monday":["09:00-12:00","13:00-17:30"],"friday":["22:00-06:00"]},
		"holidays":[{"date":"2026-12-24","name":"Christmas Eve","spans":["09:00-12:00"]},{"date":"2026-12-25"}]}`, string(text))
	var back routing.Hours
	require.NoError(t, json.Unmarshal(text, &back))
	assert.Equal(t, h, back)

	err = json.Unmarshal([]byte(`{"week":{"monday":["9-5"]}}`), &back)
	var bad *routing.HoursError
	require.ErrorAs(t, err, &bad)
	assert.Contains(t, bad.Error(), `"9-5" is not a span such as 09:00-17:30`)
}

func TestHoursValidate(t *testing.T) {
	many := func(n int) (all []routing.Holiday) {
		for i := range n {
			all = append(all, routing.Holiday{Date: time.Date(2026, 1, 1+i, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)})
		}
		return all
	}
	var hourly []routing.Span
	for i := range routing.MaxSpans {
		hourly = append(hourly, routing.Span{From: 60 * i, To: 60*i + 60})
	}
	for _, tt := range []struct {
		name  string
		hours routing.Hours
		want  []string
	}{
		{"zero", routing.Hours{}, nil},
		{"touching spans", routing.Hours{Week: routing.Week{Monday: spans(t, "12:00-17:00", "08:00-12:00")}}, nil},
		{"into the next day's", routing.Hours{Week: routing.Week{Monday: spans(t, "22:00-09:00"), Tuesday: spans(t, "08:00-17:00")}}, nil},
		{"overlap", routing.Hours{Week: routing.Week{Tuesday: spans(t, "12:00-17:00", "08:00-12:01")}}, []string{"Tuesday: 12:00-17:00 overlaps 08:00-12:01"}},
		{"overlap over midnight", routing.Hours{Week: routing.Week{Sunday: spans(t, "22:00-02:00", "23:00-24:00")}}, []string{"Sunday: 23:00-24:00 overlaps 22:00-02:00"}},
		{"bounds", routing.Hours{Week: routing.Week{Friday: []routing.Span{{From: -1, To: 5}, {From: 1440, To: 1441}, {From: 60, To: 1441}}}}, []string{
			"Friday: 00:-1-00:05 begins at minute -1, allowed are 0 to 1439",
			"Friday: 01:00-24:01 ends at minute 1441, allowed are 0 to 1440",
			"Friday: 24:00-24:01 begins at minute 1440, allowed are 0 to 1439"}},
		{"empty span before another", routing.Hours{Week: routing.Week{Friday: []routing.Span{{From: 540, To: 540}, {From: 600, To: 660}}}}, []string{"Friday: 09:00-09:00 ends when it begins; a whole day is 00:00-24:00"}},
		{"as many spans as allowed", routing.Hours{Week: routing.Week{Monday: hourly}}, nil},
		{"empty span", routing.Hours{Week: routing.Week{Friday: []routing.Span{{}}}}, []string{"Friday: 00:00-00:00 ends when it begins; a whole day is 00:00-24:00"}},
		{"holidays", routing.Hours{Holidays: []routing.Holiday{{Date: "25.12.2026"}, {Date: "2026-02-30"}, {Date: "2026-01-01"}, {Date: "2026-01-01", Spans: []routing.Span{{From: 7, To: 7}}}}}, []string{
			`holiday "25.12.2026" is not a date such as 2026-12-25`,
			`holiday "2026-02-30" is not a date such as 2026-12-25`,
			`holiday "2026-01-01" is there twice`,
			`holiday "2026-01-01": 00:07-00:07 ends when it begins; a whole day is 00:00-24:00`}},
		{"as many holidays as allowed", routing.Hours{Holidays: many(routing.MaxHolidays)}, nil},
		{"too many holidays", routing.Hours{Holidays: many(routing.MaxHolidays + 1)}, []string{"1001 holidays, at most 1000"}},
		{"too many spans", routing.Hours{Week: routing.Week{Monday: make([]routing.Span, routing.MaxSpans+1)}}, []string{"Monday: 25 spans, at most 24"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.hours.Validate()
			if tt.want == nil {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, fmt.Errorf("wrapped: %w", err), routing.ErrHours)
			var bad *routing.HoursError
			require.ErrorAs(t, err, &bad)
			assert.Equal(t, tt.want, bad.Problems)
			_, err = tt.hours.Calendar(time.UTC)
			assert.ErrorIs(t, err, routing.ErrHours)
		})
	}
}

func TestCalendarNeedsTheZoneNamed(t *testing.T) {
	for _, tt := range []struct {
		name string
		zone *time.Location
		ok   bool
	}{
		{"", time.UTC, true},
		{"UTC", time.UTC, true},
		{"", nil, false},
		{"Europe/Berlin", time.UTC, false},
		{"", time.FixedZone("CET", 3600), false},
	} {
		_, err := routing.Hours{Zone: tt.name}.Calendar(tt.zone)
		assert.Equal(t, tt.ok, err == nil, "%q in %v: %v", tt.name, tt.zone, err)
	}
}

func FuzzSpan(f *testing.F) {
	for _, seed := range []string{"09:00-17:30", "22:00-06:00", "00:00-24:00", "24:00-00:00", "-", "09:00-", "é9:00-17:00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var s routing.Span
		if s.UnmarshalText([]byte(text)) != nil {
			return
		}
		back, err := s.MarshalText()
		require.NoError(t, err)
		require.Equal(t, text, string(back))
	})
}
