package routing

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The most that Hours hold.
const (
	MaxSpans    = 24    // a day
	MaxHolidays = 1_000 // in all
)

const dayMinutes = 24 * 60

// ErrHours says that business hours are not valid. Errors of this kind are *HoursError.
var ErrHours = errors.New("routing: bad business hours")

// HoursError lists what is wrong with business hours, and what would be right. errors.Is(err, ErrHours) holds for it.
type HoursError struct {
	Problems []string // at least one, each naming its place
}

func (e *HoursError) Error() string {
	return "routing: business hours: " + strings.Join(e.Problems, "; ")
}

// Is reports whether target is ErrHours.
func (e *HoursError) Is(target error) bool { return target == ErrHours }

// Hours are when a mailbox is open, in its own wall-clock time. The zero value is never open.
//
// It is open whenever the local clock shows a time within a span. So an hour that the clocks skip is not worked, and an hour that they
// show twice is worked twice. A span that runs over midnight belongs to the day it begins on: a holiday takes nothing from the span that
// began the evening before.
type Hours struct {
	Zone     string    `json:"zone,omitempty"` // name in the IANA time zone database, such as Europe/Berlin. Defaults to UTC
	Week     Week      `json:"week"`
	Holidays []Holiday `json:"holidays,omitempty"` // at most MaxHolidays, in any order
}

// Week holds the spans that begin on each weekday: at most MaxSpans a day, in any order, not overlapping within the day.
type Week struct {
	Monday    []Span `json:"monday,omitempty"`
	Tuesday   []Span `json:"tuesday,omitempty"`
	Wednesday []Span `json:"wednesday,omitempty"`
	Thursday  []Span `json:"thursday,omitempty"`
	Friday    []Span `json:"friday,omitempty"`
	Saturday  []Span `json:"saturday,omitempty"`
	Sunday    []Span `json:"sunday,omitempty"`
}

// Days returns the spans of each day, indexed by [time.Weekday].
func (w Week) Days() [7][]Span {
	return [7][]Span{w.Sunday, w.Monday, w.Tuesday, w.Wednesday, w.Thursday, w.Friday, w.Saturday}
}

// Holiday is a date with hours of its own, in place of its weekday's.
type Holiday struct {
	Date  string `json:"date"` // 2026-12-25
	Name  string `json:"name,omitempty"`
	Spans []Span `json:"spans,omitempty"` // none: closed
}

// Span is a stretch of wall-clock time, from the first minute to the one it ends before. Its text form is 09:00-17:30.
type Span struct {
	From int // minute of the day, 0–1,439
	To   int // minute of the day, 0–1,440, not From. Below From: of the next day
}

// end is the minute after the span's last, counted from the start of the day it begins on.
func (s Span) end() int {
	if s.To < s.From {
		return s.To + dayMinutes
	}
	return s.To
}

func (s Span) problem() string {
	switch {
	case s.From < 0 || s.From >= dayMinutes:
		return fmt.Sprintf("begins at minute %d, allowed are 0 to %d", s.From, dayMinutes-1)
	case s.To < 0 || s.To > dayMinutes:
		return fmt.Sprintf("ends at minute %d, allowed are 0 to %d", s.To, dayMinutes)
	case s.From == s.To:
		return "ends when it begins; a whole day is 00:00-24:00"
	}
	return ""
}

// String returns the text form.
func (s Span) String() string {
	return fmt.Sprintf("%02d:%02d-%02d:%02d", s.From/60, s.From%60, s.To/60, s.To%60)
}

// MarshalText returns the text form. The error is a *HoursError if the span is not valid.
func (s Span) MarshalText() ([]byte, error) {
	if p := s.problem(); p != "" {
		return nil, &HoursError{Problems: []string{"a span " + p}}
	}
	return []byte(s.String()), nil
}

// UnmarshalText reads the text form. Errors are *HoursError.
func (s *Span) UnmarshalText(text []byte) error {
	from, to, ok := strings.Cut(string(text), "-")
	begin, ok1 := minute(from)
	end, ok2 := minute(to)
	if !ok || !ok1 || !ok2 {
		return &HoursError{Problems: []string{fmt.Sprintf("%.40q is not a span such as 09:00-17:30", text)}}
	}
	read := Span{From: begin, To: end}
	if p := read.problem(); p != "" {
		return &HoursError{Problems: []string{fmt.Sprintf("%s %s", read, p)}}
	}
	*s = read
	return nil
}

// minute reads a time of the day from 00:00 to 24:00.
func minute(text string) (int, bool) {
	if len(text) != 5 || text[2] != ':' {
		return 0, false
	}
	h, err1 := strconv.ParseUint(text[:2], 10, 8)
	m, err2 := strconv.ParseUint(text[3:], 10, 8)
	if err1 != nil || err2 != nil || m > 59 || h*60+m > dayMinutes {
		return 0, false
	}
	return int(h*60 + m), true
}

// Validate returns a *HoursError that lists all that is wrong. Whether the zone exists is left to who loads it.
func (h Hours) Validate() error {
	var problems []string
	for day, spans := range h.Week.Days() {
		problems = append(problems, spanProblems(time.Weekday(day).String(), spans)...)
	}
	if n := len(h.Holidays); n > MaxHolidays {
		problems = append(problems, fmt.Sprintf("%d holidays, at most %d", n, MaxHolidays))
	}
	seen := make(map[string]bool, len(h.Holidays))
	for _, holiday := range h.Holidays {
		place := fmt.Sprintf("holiday %.40q", holiday.Date)
		if _, err := time.Parse(time.DateOnly, holiday.Date); err != nil {
			problems = append(problems, place+" is not a date such as 2026-12-25")
		}
		if seen[holiday.Date] {
			problems = append(problems, place+" is there twice")
		}
		seen[holiday.Date] = true
		problems = append(problems, spanProblems(place, holiday.Spans)...)
	}
	if len(problems) > 0 {
		return &HoursError{Problems: problems}
	}
	return nil
}

func spanProblems(day string, spans []Span) []string {
	if n := len(spans); n > MaxSpans {
		return []string{fmt.Sprintf("%s: %d spans, at most %d", day, n, MaxSpans)}
	}
	var problems []string
	ordered := inOrder(spans)
	for i, s := range ordered {
		if p := s.problem(); p != "" {
			problems = append(problems, fmt.Sprintf("%s: %s %s", day, s, p))
		} else if i > 0 && s.From < ordered[i-1].end() {
			problems = append(problems, fmt.Sprintf("%s: %s overlaps %s", day, s, ordered[i-1]))
		}
	}
	return problems
}

func inOrder(spans []Span) []Span {
	return slices.SortedFunc(slices.Values(spans), func(a, b Span) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.end(), b.end()))
	})
}
