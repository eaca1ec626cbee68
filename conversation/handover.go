package conversation

import "time"

// Holder returns the agent whose slot the conversation takes: who has it while it is open in the inbox or snoozed. "" is nobody: the
// archive, spam, trash and closing give the slot back, and so do merging and erasing.
func (c *Conversation) Holder() string {
	if c.Gone() {
		return ""
	}
	switch c.Shelf() {
	case ShelfAssigned, ShelfSnoozed:
		return c.Agent
	}
	return ""
}

// Waits reports whether the conversation waits for an agent: it is on one of the shelves waiting and team, or a handover was requested
// while it is closed, so that a bot may go on answering until somebody takes it.
func (c *Conversation) Waits() bool {
	if c.Gone() {
		return false
	}
	switch c.Shelf() {
	case ShelfWaiting, ShelfTeam:
		return true
	case ShelfDone:
		return c.Agent == "" && !c.Handover.IsZero()
	}
	return false
}

// WaitsSince is its place among those that wait: the first unanswered customer message, or the last activity if there is none.
func (c *Conversation) WaitsSince() time.Time {
	if c.WaitingSince.IsZero() {
		return c.Activity
	}
	return c.WaitingSince
}

// RequestHandover asks for an agent, as a bot does. It changes neither status nor place, so that it pauses nobody, and counts once until
// the conversation is closed. With Release a closed conversation waits for any agent, the one who has it being preferred.
type RequestHandover struct {
	Availability string // what the asker is told: a code, for the event
	Release      bool
}

func (cmd RequestHandover) do(x *step) error {
	if err := x.notWorkedOn("hand over"); err != nil {
		return err
	}
	if x.c.Place == Archive {
		return &StateError{Command: "hand over", Reason: "the conversation is in the archive", Instead: "restore"}
	}
	if !x.c.Handover.IsZero() {
		return nil
	}
	x.c.Handover = micro(x.env.Now)
	x.tell(EventHandover, "", cmd.Availability)
	if cmd.Release && x.c.Status == Closed {
		x.release()
	}
	return nil
}

// release takes the conversation from the agent who has it, and keeps him as the one it is given to again if he is available.
func (x *step) release() {
	agent := x.c.Agent
	if agent == "" {
		return
	}
	x.c.Agent, x.c.LastAgent, x.c.Prefer = "", agent, agent
	x.tell(EventAssigned, agent+"/"+x.c.Team, "/"+x.c.Team)
}
