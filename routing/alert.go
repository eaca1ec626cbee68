package routing

import (
	"time"

	"github.com/frontdesk-go/frontdesk/conversation"
)

// AlertKind is what a supervisor is alerted to.
type AlertKind string

// The kinds of alerts.
const (
	Untaken    AlertKind = conversation.AlertUntaken    // no agent has it
	Unanswered AlertKind = conversation.AlertUnanswered // the customer has no answer, whether an agent has it or not
)

// Alerts are after how long somebody is alerted, in business time. The zero value alerts nobody.
type Alerts struct {
	Untaken    time.Duration `json:"untaken,omitempty"`    // 0: never
	Unanswered time.Duration `json:"unanswered,omitempty"` // 0: never
}

// Alert is one alert and when it is due.
type Alert struct {
	Kind AlertKind
	At   time.Time
}

// Due returns the alerts that a conversation leads to if nothing changes, past ones included: at most one of each kind. Both count from
// when it began to wait. A conversation outside the inbox, closed or snoozed leads to none. Without a calendar all time counts; an alert
// beyond the calendar's Horizon is left out.
func (a Alerts) Due(c *conversation.Conversation, hours *Calendar) []Alert {
	if !c.InInbox() {
		return nil
	}
	var due []Alert
	if c.Agent == "" && a.Untaken > 0 {
		due = alert(due, Untaken, Waiting(c).Since, a.Untaken, hours)
	}
	if !c.WaitingSince.IsZero() && a.Unanswered > 0 {
		due = alert(due, Unanswered, c.WaitingSince, a.Unanswered, hours)
	}
	return due
}

func alert(due []Alert, kind AlertKind, since time.Time, after time.Duration, hours *Calendar) []Alert {
	at, ok := since.Add(after), true
	if hours != nil {
		at, ok = hours.Add(since, after)
	}
	if !ok {
		return due
	}
	return append(due, Alert{Kind: kind, At: at})
}

// Waited returns how long a conversation's customer has waited for an answer, in business time; without a calendar in all time. It is 0
// where nobody waits.
func Waited(c *conversation.Conversation, hours *Calendar, now time.Time) time.Duration {
	if c.WaitingSince.IsZero() || !now.After(c.WaitingSince) {
		return 0
	}
	if hours == nil {
		return now.Sub(c.WaitingSince)
	}
	return hours.Between(c.WaitingSince, now)
}
