package routing

import (
	"fmt"
	"time"
)

// Horizon is how far ahead of a moment a Calendar looks: five years, the same as the longest snooze and the longest retention.
const Horizon = 5 * 366 * 24 * time.Hour

const daySeconds = 24 * 60 * 60

// Calendar answers questions about business hours. It is made by [Hours.Calendar], does not change, and may be used by several
// goroutines at once. The times it returns are in its zone.
type Calendar struct {
	zone     *time.Location
	week     [7][]Span
	holidays map[int64][]Span // by day number, counted from 1970-01-01
}

// Calendar returns the hours in the zone they name, which the caller has loaded. Errors are *HoursError, also if zone has another name.
func (h Hours) Calendar(zone *time.Location) (*Calendar, error) {
	if err := h.Validate(); err != nil {
		return nil, err
	}
	name := h.Zone
	if name == "" {
		name = "UTC"
	}
	if zone == nil || zone.String() != name {
		return nil, &HoursError{Problems: []string{fmt.Sprintf("the zone given is %v, not %.40q", zone, name)}}
	}
	c := &Calendar{zone: zone, holidays: make(map[int64][]Span, len(h.Holidays))}
	for day, spans := range h.Week.Days() {
		c.week[day] = inOrder(spans)
	}
	for _, holiday := range h.Holidays {
		date, _ := time.Parse(time.DateOnly, holiday.Date) // Validate has read it
		c.holidays[floorDiv(date.Unix(), daySeconds)] = inOrder(holiday.Spans)
	}
	return c, nil
}

// Open reports whether it is open at a moment.
func (c *Calendar) Open(at time.Time) bool {
	_, offset := at.In(c.zone).Zone()
	wall := at.Unix() + int64(offset)
	day := floorDiv(wall, daySeconds)
	m := int(wall-day*daySeconds) / 60
	for _, s := range c.spans(day) {
		if s.From <= m && m < s.end() {
			return true
		}
	}
	for _, s := range c.spans(day - 1) {
		if m+dayMinutes < s.end() {
			return true
		}
	}
	return false
}

// NextOpening returns the first moment after at when it opens. While it is open, that is the opening after the next closing. It is false
// if it does not open within the Horizon.
func (c *Calendar) NextOpening(at time.Time) (opening time.Time, ok bool) {
	now := at.Unix()
	c.stretches(now, later(now), func(start, end int64) bool {
		if start > now {
			opening, ok = c.moment(start), true
		}
		return !ok
	})
	return opening, ok
}

// NextClosing returns the first moment after at when it closes. While it is closed, that is the closing after the next opening. It is
// false if it does not close within the Horizon.
func (c *Calendar) NextClosing(at time.Time) (closing time.Time, ok bool) {
	now := at.Unix()
	until := later(now)
	c.stretches(now, until, func(start, end int64) bool {
		if end < until {
			closing, ok = c.moment(end), true
		}
		return false
	})
	return closing, ok
}

// NextMorning returns when the first span of a later date than at's begins, whatever of today's is left: what people mean by the next
// business morning. It is false if there is none within the Horizon.
func (c *Calendar) NextMorning(at time.Time) (morning time.Time, ok bool) {
	now := at.Unix()
	_, offset := at.In(c.zone).Zone()
	today := floorDiv(now+int64(offset), daySeconds)
	c.raw(now, later(now), func(day, start, end int64) bool {
		if day > today {
			morning, ok = c.moment(start), true
		}
		return !ok
	})
	return morning, ok
}

// Add returns the first moment at which business of business time has passed since at. That is at itself for nothing or less, and the
// moment of closing rather than the next opening. It is false if the Horizon is reached first.
func (c *Calendar) Add(at time.Time, business time.Duration) (due time.Time, ok bool) {
	if business <= 0 {
		return at.In(c.zone), true
	}
	now := at.Unix()
	c.stretches(now, later(now), func(start, end int64) bool {
		begin := c.moment(start)
		if begin.Before(at) {
			begin = at.In(c.zone)
		}
		open := c.moment(end).Sub(begin)
		if open >= business {
			due, ok = begin.Add(business), true
		}
		business -= open
		return !ok
	})
	return due, ok
}

// Between returns the business time from a to b: negative if b is before a. Only the first Horizon after the earlier one counts.
func (c *Calendar) Between(a, b time.Time) time.Duration {
	if b.Before(a) {
		return -c.Between(b, a)
	}
	if b.Sub(a) > Horizon {
		b = a.Add(Horizon)
	}
	var sum time.Duration
	c.stretches(a.Unix(), b.Unix()+1, func(start, end int64) bool {
		begin, finish := time.Unix(start, 0), time.Unix(end, 0)
		if begin.Before(a) {
			begin = a
		}
		if finish.After(b) {
			finish = b
		}
		sum += max(0, finish.Sub(begin))
		return true
	})
	return sum
}

// spans are those that begin on a day.
func (c *Calendar) spans(day int64) []Span {
	if own, ok := c.holidays[day]; ok {
		return own
	}
	const epoch = int64(time.Thursday) // 1970-01-01
	return c.week[((day+epoch)%7+7)%7]
}

// stretches calls yield with each stretch of open time between two moments, in Unix seconds, until it returns false. Stretches are in
// order and do not touch.
func (c *Calendar) stretches(from, until int64, yield func(start, end int64) bool) {
	var first, last int64
	found, stopped := false, false
	c.raw(from, until, func(_, start, end int64) bool {
		switch {
		case !found:
			first, last, found = start, end, true
		case start <= last:
			last = max(last, end)
		default:
			stopped = !yield(first, last)
			first, last = start, end
		}
		return !stopped
	})
	if found && !stopped {
		yield(first, last)
	}
}

// raw calls yield with the part of each span between two moments, in the order they begin, with the day the span belongs to. A span is
// cut where the zone's offset changes, for between two such changes wall-clock time runs evenly.
func (c *Calendar) raw(from, until int64, yield func(day, start, end int64) bool) {
	for from < until {
		at := time.Unix(from, 0).In(c.zone)
		_, offset := at.Zone()
		change := until
		if _, next := at.ZoneBounds(); !next.IsZero() && next.Unix() < until {
			change = next.Unix()
		}
		if !c.even(int64(offset), from, change, yield) {
			return
		}
		from = change
	}
}

// even is raw where the offset does not change.
func (c *Calendar) even(offset, from, until int64, yield func(day, start, end int64) bool) bool {
	last := floorDiv(until-1+offset, daySeconds)
	for day := floorDiv(from+offset, daySeconds) - 1; day <= last; day++ {
		midnight := day*daySeconds - offset
		for _, s := range c.spans(day) {
			start := max(from, midnight+int64(s.From)*60)
			end := min(until, midnight+int64(s.end())*60)
			if start < end && !yield(day, start, end) {
				return false
			}
		}
	}
	return true
}

func (c *Calendar) moment(unix int64) time.Time { return time.Unix(unix, 0).In(c.zone) }

// later is the Horizon seen from a moment.
func later(unix int64) int64 { return unix + int64(Horizon/time.Second) }

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
