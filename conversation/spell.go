package conversation

import "time"

// What a supervisor is alerted to.
const (
	AlertUntaken    = "untaken"    // no agent has it
	AlertUnanswered = "unanswered" // the customer has no answer, whether an agent has it or not
)

// Alerted tells that somebody waits too long. Where nobody waits any more, or it was told since it began, it does nothing.
type Alerted struct {
	Kind string // AlertUntaken, AlertUnanswered
}

func (cmd Alerted) do(x *step) error {
	switch cmd.Kind {
	case AlertUntaken:
		if x.c.Agent != "" || !x.c.InInbox() || !x.c.Untaken.IsZero() {
			return nil
		}
		x.c.Untaken = x.env.Now.UTC().Truncate(time.Microsecond)
	case AlertUnanswered:
		if x.c.WaitingSince.IsZero() || !x.c.InInbox() || x.c.Unanswered.Equal(x.c.WaitingSince) {
			return nil
		}
		x.c.Unanswered = x.c.WaitingSince
	default:
		return badValue("alert", "%q is not an alert; use %q or %q", cmd.Kind, AlertUntaken, AlertUnanswered)
	}
	x.event(Event{Type: EventAlert, To: cmd.Kind})
	return nil
}

// Told reports whether an automatic answer was sent in the spell in which the customer waits.
func (c *Conversation) Told() bool {
	return !c.WaitingSince.IsZero() && c.Noticed.Equal(c.WaitingSince)
}

// keepSpells ends what was told of a spell that is over. A spell whose first message went, or came back, begins at another time and stays
// the same: what was told in it is not told again.
func (x *step) keepSpells(was time.Time) {
	if x.c.Agent != "" || !x.c.InInbox() {
		x.c.Untaken = time.Time{}
	}
	if was.IsZero() || x.c.WaitingSince.IsZero() || was.Equal(x.c.WaitingSince) {
		return
	}
	for _, told := range []*time.Time{&x.c.Noticed, &x.c.Unanswered} {
		if told.Equal(was) {
			*told = x.c.WaitingSince
		}
	}
}

// absorbTold takes over what was told of a part's spell, where that is the one in which the customer waits now.
func (x *step) absorbTold(p *Conversation) {
	if !x.c.WaitingSince.Equal(p.WaitingSince) || p.WaitingSince.IsZero() {
		return
	}
	if p.Told() {
		x.c.Noticed = p.WaitingSince
	}
	if p.Unanswered.Equal(p.WaitingSince) {
		x.c.Unanswered = p.WaitingSince
	}
}
