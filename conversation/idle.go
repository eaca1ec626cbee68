package conversation

import "time"

// Pause keeps a conversation from being followed up and closed by itself; Off takes that back.
type Pause struct {
	Off bool
}

func (cmd Pause) do(x *step) error {
	if x.c.Paused != cmd.Off {
		return nil
	}
	x.c.Paused = !cmd.Off
	to := "paused"
	if cmd.Off {
		to = "resumed"
	}
	x.tell(EventPaused, "", to)
	return nil
}

// Outcomes of an automatic message.
const (
	NudgeSent    = "sent"
	NudgeRefused = "refused" // the channel did not let it out: its window was closed, the contact opted out
)

// Nudge notes that the customer of an answered conversation was followed up by itself, or that this was not possible.
type Nudge struct {
	Outcome string // NudgeSent or NudgeRefused
	Closing bool   // the message that goes before closing
}

func (cmd Nudge) do(x *step) error {
	if cmd.Outcome != NudgeSent && cmd.Outcome != NudgeRefused {
		return badValue("nudge", "%q is not an outcome; use %q or %q", cmd.Outcome, NudgeSent, NudgeRefused)
	}
	if err := x.notWorkedOn("nudge"); err != nil {
		return err
	}
	from := "follow-up"
	if cmd.Closing {
		from = "close"
	}
	x.c.Reminded = x.env.Now.UTC().Truncate(time.Microsecond)
	x.tell(EventNudged, from, cmd.Outcome)
	return nil
}
