package conversation

import (
	"slices"
	"time"
)

// MaxPending is how many scheduled messages a conversation holds.
const MaxPending = 50

// ByAnswer is what EventCancelled says of a message that a customer's answer cancelled.
const ByAnswer = "answer"

// Schedule accepts a message for later. It is Reply, with the message's ID, once its time has come: only then has it a place in the
// timeline, counts as an answer, and moves the conversation.
type Schedule struct {
	ID     string // of the message
	Due    time.Time
	Thread Thread   // the thread it will go out on; one that the conversation lacks is added
	Gone   []string // of Pending: those that need no place there any more
}

func (cmd Schedule) do(x *step) error {
	if err := x.answerable(); err != nil {
		return err
	}
	x.notPending(cmd.Gone...)
	if len(x.c.Pending) >= MaxPending {
		return badValue("At", "%d messages of the conversation wait for their time, which is the limit", MaxPending)
	}
	x.tie(cmd.Thread)
	x.c.Pending = append(x.c.Pending, cmd.ID)
	x.event(Event{Type: EventScheduled, Message: cmd.ID, To: cmd.Due.UTC().Format(time.RFC3339)})
	return nil
}

// Revise tells that a message was changed before it left.
type Revise struct {
	Message *Message // as it is now
}

func (cmd Revise) do(x *step) error {
	if m := cmd.Message; m.Sequence > 0 && x.c.Latest == m.Sequence {
		x.c.Preview = Preview(m)
	}
	x.event(Event{Type: EventEdited, Message: cmd.Message.ID})
	return nil
}

// Cancel takes back a message that has not left. A scheduled one gets its place in the timeline, so that people see what became of it;
// of a queued one nothing is left in preview, waiting-since and the thread's answers. A conversation that was closed in the act that wrote it opens
// again when a person takes it back, since what was to settle the customer's question never left; whatever else was done with it stays.
type Cancel struct {
	Message  *Message  // already at Cancelled
	Timeline []Message // of a queued one what Needs asks for, newest first; the entry itself may be among them
	By       string    // ByAnswer, or "" for a person
}

func (cmd Cancel) do(x *step) error {
	cmd.takeBack(x)
	// Within an act, Stored counts on in microseconds where it would not be later than what was there before.
	later := cmd.Message.Stored.Sub(x.c.ClosedAt)
	if cmd.By == "" && x.c.Status == Closed && 0 <= later && later < time.Millisecond && x.c.Place != Spam && x.c.Place != Trash {
		x.reopen(Open, EventOpened)
	}
	return nil
}

func (cmd Cancel) takeBack(x *step) {
	m := cmd.Message
	x.notPending(m.ID)
	x.event(Event{Type: EventCancelled, Message: m.ID, To: cmd.By})
	if m.Sequence == 0 {
		x.append(*m)
		return
	}
	rest := slices.DeleteFunc(slices.Clone(cmd.Timeline), func(o Message) bool { return o.ID == m.ID })
	if !m.gone() {
		x.count(m, -1)
	}
	if x.c.Latest == m.Sequence {
		x.showLatest(rest)
	}
	if !slices.ContainsFunc(rest, func(o Message) bool { return o.Sequence > m.Sequence && o.answers() }) {
		x.c.waitAgain(m)
	}
	if i := x.c.thread(m.Channel, m.Thread); i >= 0 {
		t := &x.c.Threads[i]
		t.Answers = slices.DeleteFunc(t.Answers, func(at time.Time) bool { return at.Equal(m.Stored) })
	}
}

// notPending takes messages off the list of those that wait for their time.
func (x *step) notPending(ids ...string) {
	x.c.Pending = slices.DeleteFunc(x.c.Pending, func(id string) bool { return slices.Contains(ids, id) })
	if len(x.c.Pending) == 0 {
		x.c.Pending = nil
	}
}
