package frontdesk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/routing"
	"github.com/frontdesk-go/frontdesk/store"
)

// The bounds of a mailbox's alerts.
const (
	minAlert = time.Minute
	maxAlert = 365 * 24 * time.Hour
)

// checkHours refuses hours that cannot be kept and alerts out of their bounds.
func (m *Mailbox) checkHours() error {
	for field, d := range map[string]time.Duration{"Untaken": m.Alerts.Untaken, "Unanswered": m.Alerts.Unanswered} {
		if d != 0 && (d < minAlert || d > maxAlert) {
			return invalid("Alerts."+field, "%s is neither 0 nor within %s and %d days", d, minAlert, int(maxAlert/(24*time.Hour)))
		}
	}
	_, err := m.calendar()
	return err
}

// calendarCache keeps calendars by the version of their mailbox's document: making one reads the time zone's file.
type calendarCache = cache[docKey, cachedCalendar]

type cachedCalendar struct {
	version  int64
	calendar *routing.Calendar
}

// hours returns a mailbox and its calendar, which is nil where it is always open.
func (t *txn) hours(mailbox string) (box Mailbox, calendar *routing.Calendar, err error) {
	if box, err = t.mailbox(mailbox); err != nil || !box.hasHours() {
		return box, nil, err
	}
	row, _ := t.row(document("mailbox", mailbox))
	key := docKey{t.tenant, mailbox}
	if kept, ok := t.desk.hours.get(key); ok && kept.version == row.Version {
		return box, kept.calendar, nil
	}
	if calendar, err = box.calendar(); err == nil && !t.desk.bound { // a version that is rolled back is given again
		t.desk.hours.put(key, cachedCalendar{row.Version, calendar})
	}
	return box, calendar, err
}

// wait fills in how long customers have waited, in business time, as of fresh settings.
func (t *txn) wait(items []Conversation) error {
	var keys []store.Key
	for i := range items {
		if key := document("mailbox", items[i].Mailbox); !items[i].WaitingSince.IsZero() && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	if err := t.load(keys...); err != nil {
		return err
	}
	for i := range items {
		c := &items[i].Conversation
		if c.WaitingSince.IsZero() {
			continue
		}
		_, calendar, err := t.hours(c.Mailbox)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		items[i].Waited = routing.Waited(c, calendar, t.now)
	}
	return nil
}

// Opening says whether a mailbox is open at a moment, and what comes next. A mailbox without hours is always open.
type Opening struct {
	Open   bool
	Opens  time.Time // the next time it opens after the moment; zero: not within routing.Horizon
	Closes time.Time // the next time it closes after the moment; zero: not within routing.Horizon
}

// Opening returns whether a mailbox is open at a moment by its business hours; the zero time is now. Error: ErrNotFound.
func (s *Session) Opening(ctx context.Context, mailbox string, at time.Time) (out Opening, err error) {
	err = s.read(ctx, "opening", mailbox, func(t *txn, c caller) error {
		calendar, err := t.hoursFor(c, mailbox)
		if err != nil {
			return err
		}
		if calendar == nil {
			out = Opening{Open: true}
			return nil
		}
		if at.IsZero() {
			at = t.now
		}
		out.Open = calendar.Open(at)
		out.Opens, _ = calendar.NextOpening(at)
		out.Closes, _ = calendar.NextClosing(at)
		return nil
	})
	return out, err
}

// hoursFor returns the calendar of a mailbox that the caller sees.
func (t *txn) hoursFor(c caller, mailbox string) (*routing.Calendar, error) {
	if !c.sees(mailbox) || store.CheckText(mailbox, false) != "" {
		return nil, fmt.Errorf("mailbox %q: %w", mailbox, ErrNotFound)
	}
	if err := t.load(document("mailbox", mailbox)); err != nil { // a reading has no commit that would find out an old one
		return nil, err
	}
	_, calendar, err := t.hours(mailbox)
	return calendar, err
}

// NextBusinessMorning returns when the mailbox's next business day begins, to be used in Snooze: the first opening of a later date than
// today, in its own time zone. Without business hours it is the preset of that name, in zone; nil stands for UTC. Errors: ErrNotFound;
// conversation.ErrValue if it does not open within routing.Horizon.
func (s *Session) NextBusinessMorning(ctx context.Context, mailbox string, zone *time.Location) (morning time.Time, err error) {
	err = s.read(ctx, "next business morning", mailbox, func(t *txn, c caller) error {
		calendar, err := t.hoursFor(c, mailbox)
		if err != nil {
			return err
		}
		if calendar == nil {
			morning, err = s.SnoozePreset(conversation.NextBusinessMorning, zone)
			return err
		}
		var ok bool
		if morning, ok = calendar.NextMorning(t.now); !ok {
			return &conversation.ValueError{Field: "preset", Problems: []string{fmt.Sprintf("mailbox %q does not open within five years", mailbox)}}
		}
		return nil
	})
	return morning, err
}
