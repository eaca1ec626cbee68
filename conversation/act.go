package conversation

import (
	"slices"
	"time"
)

// Assign gives the conversation to an agent, a team, or both. Both empty takes it from everybody. It changes neither status nor place.
type Assign struct {
	Agent string
	Team  string
}

func (cmd Assign) do(x *step) error {
	if err := x.notWorkedOn("assign"); err != nil {
		return err
	}
	if x.c.Agent == cmd.Agent && x.c.Team == cmd.Team {
		return nil
	}
	from := x.c.Agent + "/" + x.c.Team
	if x.c.Agent != "" && x.c.Agent != cmd.Agent {
		x.c.LastAgent = x.c.Agent
	}
	x.c.Agent, x.c.Team, x.c.Prefer = cmd.Agent, cmd.Team, ""
	x.tell(EventAssigned, from, cmd.Agent+"/"+cmd.Team)
	return nil
}

// SetStatus opens or closes. Opening a finished conversation takes the mark away; closing ends a snooze.
type SetStatus struct {
	Status Status
}

func (cmd SetStatus) do(x *step) error {
	if err := cmd.Status.check(); err != nil {
		return err
	}
	if err := x.notWorkedOn("status"); err != nil {
		return err
	}
	if x.c.Status == cmd.Status {
		return nil
	}
	if cmd.Status == Open {
		x.reopen(Open, EventOpened)
		return nil
	}
	x.close()
	x.tell(EventClosed, string(Open), string(Closed))
	return nil
}

func (s Status) check() error {
	if s != Open && s != Closed {
		return badValue("status", "%q is not a status; use %q or %q", s, Open, Closed)
	}
	return nil
}

func (x *step) close() {
	x.c.Status, x.c.ClosedAt = Closed, x.env.Now.UTC().Truncate(time.Microsecond)
	x.c.Handover = time.Time{}
	x.endSnooze()
}

func (x *step) endSnooze() { x.c.Snoozed, x.c.Asleep = time.Time{}, false }

// Complete closes with the finished mark. It is refused while a customer's answer after an earlier Complete stands: archive then.
type Complete struct{}

func (Complete) do(x *step) error {
	if err := x.notWorkedOn("complete"); err != nil {
		return err
	}
	if x.c.Finished {
		return nil
	}
	if x.c.Returned {
		return &StateError{Command: "complete", Reason: "a customer has answered since it was completed", Instead: "archive"}
	}
	from := x.c.Status
	if from == Open {
		x.close()
	}
	x.c.Finished, x.c.Handover = true, time.Time{} // a closed one may wait for an agent, too
	x.tell(EventFinished, string(from), string(Closed))
	return nil
}

// ToArchive moves to the archive and ends the spell in which Complete is refused.
type ToArchive struct{}

func (ToArchive) do(x *step) error {
	if err := x.notWorkedOn("archive"); err != nil {
		return err
	}
	if x.c.Place == Archive {
		return nil
	}
	x.c.Returned = false
	x.place(Archive)
	return nil
}

// ToTrash moves to trash, from anywhere.
type ToTrash struct{}

func (ToTrash) do(x *step) error {
	if x.c.Place != Trash {
		x.place(Trash)
	}
	return nil
}

// Restore moves back: from the archive to the inbox, from spam and trash to where the conversation was.
type Restore struct{}

func (Restore) do(x *step) error {
	if x.c.Place == Inbox {
		return nil
	}
	to, from := x.c.Former, x.c.Place
	if to == "" || from == Archive {
		to = Inbox
	}
	x.c.Place, x.c.Former = to, ""
	if from == Spam {
		x.judgedHam()
	}
	x.tell(EventMoved, string(from), string(to))
	x.move()
	return nil
}

func (x *step) place(to Place) {
	from := x.c.Place
	x.c.Place, x.c.Former = to, from
	x.endSnooze()
	x.tell(EventMoved, string(from), string(to))
	x.move()
}

// ChangeTags adds and removes tags. Adding wins over removing.
type ChangeTags struct {
	Add, Remove []string
}

// MaxTags is how many tags a conversation has at the most.
const MaxTags = 100

func (cmd ChangeTags) do(x *step) error {
	before := slices.Clone(x.c.Tags)
	tags := slices.DeleteFunc(x.c.Tags, func(t string) bool { return slices.Contains(cmd.Remove, t) })
	tags = append(tags, cmd.Add...)
	slices.Sort(tags)
	tags = slices.Compact(tags)
	if beyond(len(before), len(tags), MaxTags) {
		return badValue("tags", "%d tags, at most %d", len(tags), MaxTags)
	}
	x.c.Tags = tags
	if slices.Equal(before, tags) {
		return nil
	}
	x.tell(EventTagged, joined(before), joined(tags))
	return nil
}
