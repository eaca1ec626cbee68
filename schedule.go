package frontdesk

import (
	"slices"
	"time"
)

// Schedule is when a rule acts. What was due while nothing ran is made up for once.
type Schedule struct {
	Every   Period       `json:"every"`
	Hour    int          `json:"hour,omitempty"`    // 0 to 23; not with Hourly
	Weekday time.Weekday `json:"weekday,omitempty"` // of Weekly, and of Monthly with Week
	Day     int          `json:"day,omitempty"`     // of Monthly: 1 to 31; in a shorter month its last day. Or:
	Week    int          `json:"week,omitempty"`    // of Monthly: the first to fourth Weekday of the month, or 5 for its last
	Zone    string       `json:"zone,omitempty"`    // IANA name, such as "Europe/Berlin". Defaults to UTC
}

// Period is how often a Schedule comes.
type Period string

// The periods.
const (
	Hourly  Period = "hour"
	Daily   Period = "day"
	Weekly  Period = "week"
	Monthly Period = "month"
)

var periods = []Period{Hourly, Daily, Weekly, Monthly}

func (s Schedule) check() error {
	switch {
	case !slices.Contains(periods, s.Every):
		return invalid("Every", "%q is not a period; use %v", s.Every, periods)
	case s.Hour < 0 || s.Hour > 23 || s.Hour > 0 && s.Every == Hourly:
		return invalid("Hour", "%d is not an hour of 0 to 23, which an hourly schedule has none of", s.Hour)
	case s.Weekday < time.Sunday || s.Weekday > time.Saturday:
		return invalid("Weekday", "%d is not within 0 and 6", s.Weekday)
	case s.Every == Monthly && (s.Day > 0) == (s.Week > 0) || s.Every != Monthly && (s.Day != 0 || s.Week != 0):
		return invalid("Day", "a monthly schedule has a Day or a Week, one of them, and no other has any")
	case s.Day < 0 || s.Day > 31:
		return invalid("Day", "%d is not within 1 and 31", s.Day)
	case s.Week < 0 || s.Week > 5:
		return invalid("Week", "%d is not within 1 and 5", s.Week)
	}
	if _, err := time.LoadLocation(s.Zone); err != nil || s.Zone == "Local" {
		return invalid("Zone", "%q is not a time zone of the IANA database", s.Zone)
	}
	return nil
}

// next returns its next time after another. A time that a change of the clocks leaves out comes an hour later.
func (s Schedule) next(after time.Time) time.Time {
	if s.Every == Hourly {
		return after.UTC().Truncate(time.Hour).Add(time.Hour)
	}
	zone, err := time.LoadLocation(s.Zone)
	if err != nil {
		zone = time.UTC // the zone was there when it was saved
	}
	day := after.In(zone)
	for n := 0; ; n++ { // at the latest the last day of the next month but one
		at := time.Date(day.Year(), day.Month(), day.Day()+n, s.Hour, 0, 0, 0, zone)
		wall := time.Date(day.Year(), day.Month(), day.Day()+n, s.Hour, 0, 0, 0, time.UTC)
		if _, offset := at.Zone(); at.Unix()+int64(offset) < wall.Unix() { // west of Greenwich time.Date goes to before the gap
			at = time.Unix(wall.Unix()-int64(offset), 0).In(zone)
		}
		if s.falls(at) && at.After(after) {
			return at.UTC()
		}
	}
}

// falls reports whether it comes on a day.
func (s Schedule) falls(at time.Time) bool {
	last := time.Date(at.Year(), at.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
	switch {
	case s.Every == Daily:
		return true
	case s.Every == Weekly:
		return at.Weekday() == s.Weekday
	case s.Day > 0:
		return at.Day() == min(s.Day, last)
	case at.Weekday() != s.Weekday:
		return false
	case s.Week == 5:
		return at.Day() > last-7
	}
	return (at.Day()+6)/7 == s.Week
}
