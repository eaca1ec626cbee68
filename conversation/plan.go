package conversation

import (
	"strconv"
	"time"
)

// MaxPlan is how far ahead a follow-up can be, and how far from now a deadline: five years, as a snooze.
const MaxPlan = MaxSnooze

// SetFollowUp sets when the conversation returns, unread for everybody; the zero time takes that back.
type SetFollowUp struct {
	At time.Time
}

func (cmd SetFollowUp) do(x *step) error {
	if err := x.notWorkedOn("follow up"); err != nil {
		return err
	}
	at := micro(cmd.At)
	switch {
	case x.c.FollowUp.Equal(at):
		return nil
	case !at.IsZero() && !at.After(x.env.Now):
		return badValue("follow-up", "%s is not in the future", at.Format(time.RFC3339))
	case at.Sub(x.env.Now) > MaxPlan:
		return badValue("follow-up", "%s is more than five years ahead", at.Format(time.RFC3339))
	}
	from := x.c.FollowUp
	x.c.FollowUp = at
	x.tell(EventFollowUp, timeCode(from), timeCode(at))
	return nil
}

// Resubmit brings a conversation back when its follow-up is due: unread for everybody, awake, open and in the inbox, whatever became
// of it. Before that time it does nothing; so it does in spam and in trash, where the date stays until the conversation is restored.
type Resubmit struct{}

func (Resubmit) do(x *step) error {
	if x.c.FollowUp.IsZero() || x.c.FollowUp.After(x.env.Now) || x.c.Place == Spam || x.c.Place == Trash {
		return nil
	}
	from := x.c.FollowUp
	x.c.FollowUp = time.Time{}
	x.attend(x.tell(EventDue, timeCode(from), ""))
	x.move()
	if !x.c.Snoozed.IsZero() {
		x.wake()
	}
	if x.c.Place == Archive {
		x.c.Place, x.c.Former = Inbox, ""
		x.tell(EventMoved, string(Archive), string(Inbox))
	}
	if x.c.Status == Closed {
		x.reopen(Open, EventOpened)
	}
	return nil
}

// SetDeadline sets until when the work is to be done; the zero time takes that back. It may have passed already.
type SetDeadline struct {
	At time.Time
}

func (cmd SetDeadline) do(x *step) error {
	if err := x.notWorkedOn("deadline"); err != nil {
		return err
	}
	at := micro(cmd.At)
	if x.c.Deadline.Equal(at) {
		return nil
	}
	if away := at.Sub(x.env.Now).Abs(); !at.IsZero() && away > MaxPlan {
		return badValue("deadline", "%s is more than five years away", at.Format(time.RFC3339))
	}
	from := x.c.Deadline
	x.c.Deadline = at
	x.tell(EventDeadline, timeCode(from), timeCode(at))
	return nil
}

// The priorities.
const (
	NoPriority  = 0
	MinPriority = 1 // very low
	MaxPriority = 5 // very high
)

// SetPriority sets how urgent it is, from MinPriority to MaxPriority; NoPriority takes that back.
type SetPriority struct {
	Priority int
}

func (cmd SetPriority) do(x *step) error {
	if err := x.notWorkedOn("priority"); err != nil {
		return err
	}
	if cmd.Priority < NoPriority || cmd.Priority > MaxPriority {
		return badValue("priority", "%d is not within %d (lowest) and %d (highest), nor %d for none", cmd.Priority, MinPriority, MaxPriority, NoPriority)
	}
	if x.c.Priority == cmd.Priority {
		return nil
	}
	from := x.c.Priority
	x.c.Priority = cmd.Priority
	x.tell(EventPriority, strconv.Itoa(from), strconv.Itoa(cmd.Priority))
	return nil
}

// SetType sets the type and the stage. Whether they exist and belong together was checked before. Both empty takes them away.
type SetType struct {
	Type  string // ID
	Stage string // ID of one of the type's stages; may be empty
}

func (cmd SetType) do(x *step) error {
	if err := x.notWorkedOn("type"); err != nil {
		return err
	}
	if cmd.Type == "" && cmd.Stage != "" {
		return badValue("stage", "%q without a type; name the type it belongs to", cmd.Stage)
	}
	if x.c.Type == cmd.Type && x.c.Stage == cmd.Stage {
		return nil
	}
	from := x.c.Type + "/" + x.c.Stage
	x.c.Type, x.c.Stage = cmd.Type, cmd.Stage
	x.tell(EventTyped, from, cmd.Type+"/"+cmd.Stage)
	return nil
}

// SetHold begins or ends a legal hold.
type SetHold struct {
	Hold bool
}

func (cmd SetHold) do(x *step) error {
	if x.c.Hold == cmd.Hold {
		return nil
	}
	x.c.Hold = cmd.Hold
	x.tell(EventHold, onOff(!cmd.Hold), onOff(cmd.Hold))
	return nil
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

// micro is a time as conversations keep it: none, or UTC in whole microseconds.
func micro(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}

func timeCode(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}
