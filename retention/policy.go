package retention

import (
	"errors"
	"fmt"
	"time"

	"github.com/frontdesk-go/frontdesk/conversation"
)

// The ages that a policy allows, in days of 24 hours.
const (
	MinDays = 1
	MaxDays = 1_826 // five years
)

// ErrBound says that a setting is out of its bounds. Errors of this kind are *BoundError.
var ErrBound = errors.New("retention: out of bounds")

// BoundError says which setting is out of its bounds, and the bounds. errors.Is(err, ErrBound) holds for it.
type BoundError struct {
	Field         string // of Policy or FollowUp
	Got, Min, Max any    // an int of days or a time.Duration, as the field is
}

func (e *BoundError) Error() string {
	return fmt.Sprintf("retention: %s is %v, allowed are %v to %v, or 0 for never", e.Field, e.Got, e.Min, e.Max)
}

// Is reports whether target is ErrBound.
func (e *BoundError) Is(target error) bool { return target == ErrBound }

// Policy says after how many days something is moved or erased. The zero value does nothing.
type Policy struct {
	TrashDays   int `json:"trashDays,omitempty"`   // what is in trash for so long is erased; MinDays to MaxDays, 0: never
	ArchiveDays int `json:"archiveDays,omitempty"` // what is in the inbox without a change for so long is archived; MinDays to MaxDays, 0: never
}

// Validate returns a *BoundError for the first setting that is out of its bounds.
func (p Policy) Validate() error {
	if err := days("TrashDays", p.TrashDays); err != nil {
		return err
	}
	return days("ArchiveDays", p.ArchiveDays)
}

func days(field string, n int) error {
	if n != 0 && (n < MinDays || n > MaxDays) {
		return &BoundError{Field: field, Got: n, Min: MinDays, Max: MaxDays}
	}
	return nil
}

// Override is what a mailbox sets apart from its tenant. What is nil is as the tenant has it; 0 turns it off for the mailbox.
type Override struct {
	TrashDays   *int `json:"trashDays,omitempty"`
	ArchiveDays *int `json:"archiveDays,omitempty"`
}

// Policy returns the mailbox's policy under its tenant's.
func (o Override) Policy(tenant Policy) Policy {
	if o.TrashDays != nil {
		tenant.TrashDays = *o.TrashDays
	}
	if o.ArchiveDays != nil {
		tenant.ArchiveDays = *o.ArchiveDays
	}
	return tenant
}

// Action is what is done by itself.
type Action string

// The actions.
const (
	Nothing Action = ""
	Archive Action = "archive"
	Erase   Action = "erase" // for good, attachments included
)

// Step is what happens next to something if nobody touches it, and when.
type Step struct {
	Action Action
	At     time.Time // zero with Nothing
}

// Due reports whether the step is to be taken now.
func (s Step) Due(now time.Time) bool { return s.Action != Nothing && !s.At.After(now) }

// Next returns what a policy does next with a conversation. In trash it is erased TrashDays after it was moved there; in the inbox it is
// archived ArchiveDays after its last activity, whatever its status. A snoozed one is left until it wakes, which is activity; archive and
// spam are left alone. Under a legal hold nothing happens.
func (p Policy) Next(c *conversation.Conversation, hold bool) Step {
	switch {
	case hold:
		return Step{}
	case c.Place == conversation.Trash:
		return after(Erase, c.Activity, p.TrashDays)
	case c.Place == conversation.Inbox && c.Snoozed.IsZero():
		return after(Archive, c.Activity, p.ArchiveDays)
	}
	return Step{}
}

// NextMessage returns what a policy does next with a single message that was moved to trash at a time; zero: it was not. The hold is that
// of its conversation.
func (p Policy) NextMessage(trashed time.Time, hold bool) Step {
	if hold || trashed.IsZero() {
		return Step{}
	}
	return after(Erase, trashed, p.TrashDays)
}

func after(action Action, since time.Time, n int) Step {
	if days("", n) != nil || n == 0 {
		return Step{} // a policy that was never validated erases nothing early
	}
	return Step{Action: action, At: since.Add(age(n))}
}

func age(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }

// TrashCutoff returns the time up to which something must have come to trash to be erased now. It is false if the policy erases nothing.
func (p Policy) TrashCutoff(now time.Time) (time.Time, bool) { return cutoff(now, p.TrashDays) }

// ArchiveCutoff returns the time up to which the last activity of a conversation in the inbox must lie for it to be archived now. It is
// false if the policy archives nothing.
func (p Policy) ArchiveCutoff(now time.Time) (time.Time, bool) { return cutoff(now, p.ArchiveDays) }

func cutoff(now time.Time, n int) (time.Time, bool) {
	if days("", n) != nil || n == 0 {
		return time.Time{}, false
	}
	return now.Add(-age(n)), true
}
