package frontdesk

import (
	"errors"
	"time"

	"github.com/frontdesk-go/frontdesk/routing"
)

func (m *Mailbox) hasHours() bool {
	for _, spans := range m.Hours.Week.Days() {
		if len(spans) > 0 {
			return true
		}
	}
	return m.Hours.Zone != "" || len(m.Hours.Holidays) > 0
}

// calendar returns the mailbox's hours; nil where it has none.
func (m *Mailbox) calendar() (*routing.Calendar, error) {
	if !m.hasHours() {
		return nil, nil
	}
	zone, err := time.LoadLocation(m.Hours.Zone)
	if err != nil || m.Hours.Zone == "Local" { // which differs from server to server
		return nil, invalid("Hours", "the time zone %q is not known; use a name such as Europe/Berlin", m.Hours.Zone)
	}
	calendar, err := m.Hours.Calendar(zone)
	var bad *routing.HoursError
	if errors.As(err, &bad) {
		return nil, &InvalidError{Field: "Hours", Problems: bad.Problems}
	}
	return calendar, err
}
