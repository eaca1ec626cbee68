package conversation

import (
	"slices"
	"time"
)

// maxAnswers bounds the answers a thread remembers for quota windows. The greatest quota in use is 5 (WeChat).
const maxAnswers = 20

// Reply is a message to the customer. It is queued, not sent. Whether the channel can carry it was checked before.
type Reply struct {
	Message Message
	Thread  Thread // the thread it goes out on; one that the conversation lacks is added
}

func (cmd Reply) do(x *step) error {
	if err := x.answerable(); err != nil {
		return err
	}
	by := x.env.Actor.Kind
	m := cmd.Message
	m.Direction, m.Delivery = Outbound, Queued
	m.Channel, m.Thread = cmd.Thread.Channel, cmd.Thread.Key
	if by == ByAgent {
		m.Waiting = x.c.WaitingSince
	}
	entry := x.append(m)
	if !m.OnAnswer {
		x.notPending(entry.ID)
	}
	x.answer(cmd.Thread, entry.Stored)
	x.event(Event{Type: EventOutgoing, Message: entry.ID})
	x.move()
	if by == ByAgent {
		x.c.WaitingSince = time.Time{}
		x.c.Answered, x.c.Judged = entry.Stored, JudgedHam
		x.readByAnswer()
	}
	return nil
}

// answerable refuses an answer where none may go out.
func (x *step) answerable() error {
	if err := x.notWorkedOn("reply"); err != nil {
		return err
	}
	if x.c.Method == MethodInternal {
		return &StateError{Command: "reply", Reason: "the conversation is internal and has no recipients", Instead: "whisper"}
	}
	if x.env.Actor.Kind == ByAutomation && x.c.Status == Open {
		return &StateError{Command: "reply by automation", Reason: "a person has the conversation while it is open", Instead: "close"}
	}
	return nil
}

// answer notes a send on its thread.
func (x *step) answer(out Thread, at time.Time) {
	t := x.tie(out)
	t.Answers = append(t.Answers, at)
	if extra := len(t.Answers) - maxAnswers; extra > 0 {
		t.Answers = slices.Delete(t.Answers, 0, extra)
	}
}

// Whispering is an internal message. It is never handed to a channel.
type Whispering struct {
	Message Message
}

func (cmd Whispering) do(x *step) error {
	if x.c.Place == Trash {
		return &StateError{Command: "whisper", Reason: "the conversation is in trash", Instead: "restore"}
	}
	m := cmd.Message
	m.Direction = Whisper
	m.Channel, m.Thread, m.Delivery, m.Template = "", "", "", nil
	m.To, m.CC, m.BCC = nil, nil, nil
	entry := x.append(m)
	x.event(Event{Type: EventWhispered, Message: entry.ID})
	x.move()
	return nil
}

// Fail counts the final failure of a message. A closed conversation opens and keeps its agent, so that somebody sees it. A scheduled
// message that could not be queued when it was due gets its place in the timeline.
type Fail struct {
	Message *Message // already at Failed
}

func (cmd Fail) do(x *step) error {
	cmd.count(&x.c)
	if cmd.Message.Sequence == 0 {
		x.append(*cmd.Message)
	}
	x.notPending(cmd.Message.ID)
	e := Event{Type: EventFailed, Message: cmd.Message.ID}
	if cmd.Message.Failure != nil {
		e.To = cmd.Message.Failure.Class
	}
	x.event(e)
	if x.c.Status == Closed && x.c.Place != Spam && x.c.Place != Trash {
		x.reopen(Open, EventOpened)
	}
	return nil
}

func (cmd Fail) count(c *Conversation) {
	c.Failed++
	c.waitAgain(cmd.Message)
}

// Count notes on a part what Fail or Settle of a message on its timeline has the whole count, without telling it again: the part takes it along when
// it leaves.
func (c *Conversation) Count(cmd Command) {
	if cmd, ok := cmd.(interface{ count(*Conversation) }); ok {
		cmd.count(c)
	}
}

// waitAgain puts back the waiting-since that an answer ended, for the answer did not reach the customer.
func (c *Conversation) waitAgain(m *Message) {
	if w := m.Waiting; !w.IsZero() && (c.WaitingSince.IsZero() || w.Before(c.WaitingSince)) {
		c.WaitingSince = w
	}
}

// Settle takes back the count of a failure: the message was retried, dismissed, or delivered after all.
type Settle struct {
	Message *Message
	Event   string // EventRetried, EventDismissed, or EventDelivery
}

func (cmd Settle) do(x *step) error {
	cmd.count(&x.c)
	x.event(Event{Type: cmd.Event, Message: cmd.Message.ID, From: string(Failed), To: string(cmd.Message.Delivery)})
	return nil
}

func (cmd Settle) count(c *Conversation) {
	c.Failed = max(0, c.Failed-1)
	m := cmd.Message
	// A customer who has written after the message still waits. Sequences of a part's message and of the whole do not compare; times do.
	if cmd.Event != EventDismissed && m.Waiting.Equal(c.WaitingSince) && c.Attention.At.Before(m.Stored) {
		c.WaitingSince = time.Time{}
	}
}

// Passed notes a watermark: everything sent on a thread up to a time got that far.
type Passed struct {
	Channel, Key string
	Delivery     Delivery // Delivered or Read
	Until        time.Time
}

func (cmd Passed) do(x *step) error {
	i := x.c.thread(cmd.Channel, cmd.Key)
	if i < 0 {
		return nil
	}
	t := &x.c.Threads[i]
	mark := &t.Delivered
	if cmd.Delivery == Read {
		mark = &t.Read
	}
	if !cmd.Until.After(*mark) {
		return nil
	}
	*mark = cmd.Until
	x.event(Event{Type: EventDelivery, To: string(cmd.Delivery)})
	return nil
}

// Offer replaces the actions that the platform offers.
type Offer struct {
	Actions []Action
}

func (cmd Offer) do(x *step) error {
	if slices.Equal(x.c.Actions, cmd.Actions) {
		return nil
	}
	x.c.Actions = slices.Clone(cmd.Actions)
	ids := make([]string, len(cmd.Actions))
	for i, a := range cmd.Actions {
		ids[i] = a.ID
	}
	x.event(Event{Type: EventOffered, To: joined(ids)})
	return nil
}
