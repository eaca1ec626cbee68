package conversation

import "time"

// MaxSnooze is how far ahead a conversation can be snoozed.
const MaxSnooze = 5 * 366 * 24 * time.Hour

// Snooze hides a conversation from the inbox and the unread counts until a time.
type Snooze struct {
	Until      time.Time
	KeepAsleep bool // an inbound message does not wake it
}

func (cmd Snooze) do(x *step) error {
	if err := x.notWorkedOn("snooze"); err != nil {
		return err
	}
	until := cmd.Until.UTC().Truncate(time.Microsecond)
	switch {
	case x.c.Place == Archive:
		return &StateError{Command: "snooze", Reason: "the conversation is in the archive", Instead: "restore"}
	case x.c.Status == Closed:
		return &StateError{Command: "snooze", Reason: "the conversation is closed", Instead: "open"}
	case !until.After(x.env.Now):
		return badValue("snooze", "until %s is not in the future", until.Format(time.RFC3339))
	case until.Sub(x.env.Now) > MaxSnooze:
		return badValue("snooze", "until %s is more than five years ahead", until.Format(time.RFC3339))
	case x.c.Snoozed.Equal(until) && x.c.Asleep == cmd.KeepAsleep:
		return nil
	}
	from := ""
	if !x.c.Snoozed.IsZero() {
		from = x.c.Snoozed.Format(time.RFC3339)
	}
	x.c.Snoozed, x.c.Asleep = until, cmd.KeepAsleep
	x.tell(EventSnoozed, from, until.Format(time.RFC3339))
	return nil
}

// Wake brings a conversation back when its snooze is over, and makes it unread. Before that time, and when somebody else ended the
// snooze, it does nothing. ByHand wakes it at once and makes nothing unread.
type Wake struct {
	ByHand bool
}

func (cmd Wake) do(x *step) error {
	if x.c.Snoozed.IsZero() || !cmd.ByHand && x.c.Snoozed.After(x.env.Now) {
		return nil
	}
	entry := x.wake()
	if !cmd.ByHand {
		x.attend(entry)
	}
	x.move()
	return nil
}

func (x *step) wake() *Message {
	until := x.c.Snoozed.Format(time.RFC3339)
	x.endSnooze()
	return x.tell(EventWoken, until, "")
}

// Preset is a time people snooze until.
type Preset string

// The presets.
const (
	LaterToday Preset = "later-today" // in three hours
	Tomorrow   Preset = "tomorrow"    // the next day at 8:00
	NextWeek   Preset = "next-week"   // the next Monday at 8:00

	// NextBusinessMorning is when a mailbox's next business day begins; without business hours the next day from Monday to Friday at 8:00.
	NextBusinessMorning Preset = "next-business-morning"
)

// Until returns the preset's time, counted from now in now's time zone. A day without an 8:00, such as one that a zone skipped when it
// moved across the date line, is passed over.
func (p Preset) Until(now time.Time) (time.Time, error) {
	morning := func(days int) time.Time {
		y, m, d := now.Date()
		for ; ; days++ {
			t := time.Date(y, m, d+days, 8, 0, 0, 0, now.Location())
			if day := time.Date(y, m, d+days, 0, 0, 0, 0, time.UTC); t.Day() == day.Day() && t.Hour() == 8 {
				return t
			}
		}
	}
	switch p {
	case LaterToday:
		return now.Add(3 * time.Hour), nil
	case Tomorrow:
		return morning(1), nil
	case NextWeek:
		days := (int(time.Monday) - int(now.Weekday()) + 7) % 7
		if days == 0 {
			days = 7
		}
		return morning(days), nil
	case NextBusinessMorning:
		next := morning(1)
		for next.Weekday() == time.Saturday || next.Weekday() == time.Sunday {
			now = next
			next = morning(1)
		}
		return next, nil
	}
	return time.Time{}, badValue("preset", "%q is not a preset; use %q, %q, %q or %q", string(p), LaterToday, Tomorrow, NextWeek, NextBusinessMorning)
}
