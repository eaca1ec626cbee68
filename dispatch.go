package frontdesk

import (
	"errors"
	"net/url"
	"time"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/routing"
	"github.com/frontdesk-go/frontdesk/store"
)

// Nothing is assigned as it comes in. Whatever may make a pair of a waiting conversation and a free agent queues a job of this group in
// its own commit; the group's only lessee hands out. While everybody is busy no such job is due, so nothing is asked.
const groupDispatch = "dispatch"

type dispatchJob struct{}

// maxSlots is the greatest limit of a mailbox.
const maxSlots = 1000

// dispatchSoon asks the dispatcher to look, in this commit, which writes a row.
func (t *txn) dispatchSoon() error {
	if t.dispatched {
		return nil
	}
	t.dispatched = true
	return t.enqueue(groupDispatch, "dispatch/"+newID(t.now), time.Time{}, dispatchJob{})
}

// dispatchAt asks the dispatcher to look at a time. The same time again counts once.
func (t *txn) dispatchAt(due time.Time) error {
	return t.enqueue(groupDispatch, "dispatch/at/"+itoa(due.UnixMicro()), due, dispatchJob{})
}

// dispatchDoc says that the tenant has had a mailbox that hands out: the others are spared looking.
type dispatchDoc struct {
	On bool `json:"on"`
}

// openingDoc is the opening hour that the dispatcher is to look at next.
type openingDoc struct {
	At time.Time `json:"at"`
}

// handsOut reports whether the tenant has a mailbox that hands out.
func (t *txn) handsOut() (bool, error) {
	doc, _, err := doc[dispatchDoc](t, document("dispatch", "tenant"))
	return doc.On, err
}

func slotCounter(agent string) string { return "slots/" + agent }

// slots keeps count of the slots that a conversation takes and gives back, and asks the dispatcher to look where somebody may be given
// something. Whoever takes a slot writes the presence of its agent, so that no two count on the same one; who gives one back only adds.
func (t *txn) slots(before, after *conversation.Conversation) error {
	if before == nil {
		before = &conversation.Conversation{}
	}
	was, is := "", after.Holder()
	if before.ID != "" {
		was = before.Holder()
	}
	if is != was && is != "" {
		t.batch.Add(slotCounter(is), 1)
		if err := t.noteGiven(is); err != nil {
			return err
		}
	}
	if is != was && was != "" {
		t.batch.Add(slotCounter(was), -1)
		if on, err := t.handsOut(); err != nil || on {
			return errors.Join(err, t.dispatchSoon())
		}
	}
	same := before.ID != "" && before.Waits() && before.Mailbox == after.Mailbox && before.Method == after.Method && before.Team == after.Team &&
		before.Handover.IsZero() == after.Handover.IsZero()
	if !after.Waits() || same {
		return nil
	}
	box, err := t.mailbox(after.Mailbox)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err == nil && box.Slots > 0 && (box.AssignOnFirst || !after.Handover.IsZero()) {
		err = t.dispatchSoon()
	}
	return err
}

// settingChanged asks the dispatcher to look after a change of who may be given what.
func (t *txn) settingChanged(v any) error {
	switch v := v.(type) {
	case Mailbox:
		if v.Slots > 0 {
			if err := t.beginHandingOut(); err != nil {
				return err
			}
		}
	case Agent:
		if !answers(v) {
			if err := t.lookAtPresence(v.ID, time.Time{}); err != nil {
				return err
			}
		}
	case Team, Settings, Roster, dutyMonth, dutyMonths:
	default:
		return nil
	}
	if on, err := t.handsOut(); err != nil || !on {
		return err
	}
	if err := t.markFloor(); err != nil {
		return err
	}
	return t.dispatchSoon()
}

func (t *txn) beginHandingOut() error {
	on, err := t.handsOut()
	if err != nil || on {
		return err
	}
	return t.put(store.Row{Key: document("dispatch", "tenant")}, formatDocument, dispatchDoc{On: true})
}

// checkRouting refuses settings of handing out that are out of their bounds.
func (m *Mailbox) checkRouting() error {
	if m.Slots < 0 || m.Slots > maxSlots {
		return invalid("Slots", "%d is not within 0 and %d", m.Slots, maxSlots)
	}
	if m.InHours && !m.hasHours() {
		return invalid("InHours", "needs Hours, and the mailbox has none")
	}
	if _, err := m.calendar(); err != nil {
		return err
	}
	return m.Handover.check()
}

// check refuses an event webhook that could not be told.
func (h HandoverAccess) check() error {
	if h.EventURL == "" {
		return nil
	}
	u, err := url.Parse(h.EventURL)
	switch {
	case len(h.EventURL) > 2000:
		return invalid("Handover", "EventURL has %d bytes, at most 2000", len(h.EventURL))
	case err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil:
		return invalid("Handover", "EventURL is not an https address without a user")
	case h.EventSecret == "":
		return invalid("Handover", "EventSecret is missing; it signs what EventURL is told")
	}
	return nil
}

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

// forRouting is the mailbox as routing knows it, and when that changes by the clock alone.
func (m *Mailbox) forRouting(now time.Time) (box routing.Mailbox, opens time.Time, err error) {
	box = routing.Mailbox{ID: m.ID, Limit: m.Slots, Automatic: m.AssignOnFirst}
	if !m.InHours || m.Slots == 0 {
		return box, opens, nil
	}
	calendar, err := m.calendar()
	if err != nil || calendar == nil || calendar.Open(now) {
		return box, opens, err
	}
	box.Closed = true
	opens, _ = calendar.NextOpening(now)
	return box, opens.UTC(), nil
}

func (t Team) forRouting() routing.Team {
	return routing.Team{ID: t.ID, Away: t.Away, Fallback: t.Fallback, ToMailbox: t.ToMailbox}
}

// checkFallback refuses a fallback that is not there.
func (t *txn) checkFallback(team Team) error {
	if team.Fallback == "" {
		return nil
	}
	if team.Fallback == team.ID {
		return invalid("Fallback", "%q is the team itself; name another", team.Fallback)
	}
	_, err := need[Team](t, "team", team.Fallback)
	return err
}

// checkPresence refuses settings of presence that are out of their bounds.
func (s *Settings) checkPresence() error {
	switch {
	case s.IdleMinutes < -1 || s.IdleMinutes > 1440:
		return invalid("IdleMinutes", "%d is not within 1 and 1440, nor -1 for never, nor 0 for 10", s.IdleMinutes)
	case s.GiveBack != "" && s.GiveBack != routing.Away && s.GiveBack != routing.Offline:
		return invalid("GiveBack", "%q; use %q, %q or nothing for never", s.GiveBack, routing.Away, routing.Offline)
	}
	return nil
}

func (s *Settings) idle() time.Duration { return time.Duration(s.IdleMinutes) * time.Minute }

// gives reports whether an agent of this presence gives back what he holds.
func (s *Settings) gives(p routing.Presence) bool {
	return s.GiveBack == routing.Away && p != routing.Online || s.GiveBack == routing.Offline && p == routing.Offline
}
