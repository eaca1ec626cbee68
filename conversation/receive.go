package conversation

import (
	"cmp"
	"slices"
	"time"
)

// Create begins a conversation. It is applied to the zero Conversation, before what starts it.
type Create struct {
	ID       string
	Number   int64
	Mailbox  string
	Method   string
	Subject  string
	Contacts []string
	Labels   []string // of the contacts, sorted; of more than MaxLabels it has the first
	Links    []Link   // that the contacts bring, sorted
	Status   Status   // Defaults to the rules' Start

	// What the channel gives to what begins on it, each sorted and without doubles.
	Tags        []string
	Subscribers []string
	Owners      []Owner
	Type, Stage string
}

func (cmd Create) do(x *step) error {
	if x.c.ID != "" {
		return &StateError{Command: "create", Reason: "the conversation exists"}
	}
	status := cmp.Or(cmd.Status, x.env.Rules.start())
	if err := status.check(); err != nil {
		return err
	}
	now := x.env.Now.UTC().Truncate(time.Microsecond)
	x.c = Conversation{ID: cmd.ID, Number: cmd.Number, Mailbox: cmd.Mailbox, Method: cmd.Method, Subject: cmd.Subject,
		Contacts: slices.Clone(cmd.Contacts), Labels: slices.Clone(listedLabels(cmd.Labels)), Links: slices.Clone(cmd.Links), Status: status, Place: Inbox, Created: now, Activity: now,
		Tags: slices.Clone(cmd.Tags), Subscribers: slices.Clone(cmd.Subscribers), Owners: slices.Clone(cmd.Owners), Type: cmd.Type, Stage: cmd.Stage}
	x.event(Event{Type: EventCreated})
	return nil
}

// Continues reports whether a customer's message on this conversation's thread belongs to it. It does not if the conversation is in
// trash, or was closed and the rules start a new one. One that began closed, for a bot, and that nobody has closed since, goes on.
func (c *Conversation) Continues(r Rules, now time.Time) bool {
	switch {
	case c.Place == Trash:
		return false
	case c.Place == Spam || c.Status != Closed || c.ClosedAt.IsZero():
		return true
	case r.StartNew:
		return false
	}
	return r.NewAfter == 0 || now.Sub(c.ClosedAt) <= r.NewAfter
}

// Receive is a customer's message. Message needs no ID, sequence or stored time.
type Receive struct {
	Message Message
	Thread  Thread // where it came in; To is who an answer goes to
	Contact string
}

func (cmd Receive) do(x *step) error {
	if x.c.Place == Trash {
		return &StateError{Command: "receive", Reason: "the conversation is in trash", Instead: "start a new one"}
	}
	m := cmd.Message
	m.Direction = Inbound
	m.Channel, m.Thread = cmd.Thread.Channel, cmd.Thread.Key
	entry := x.append(m)
	if cmd.Contact != "" && !slices.Contains(x.c.Contacts, cmd.Contact) {
		x.c.Contacts = append(x.c.Contacts, cmd.Contact)
	}
	x.event(Event{Type: EventReceived, Message: entry.ID, Contact: cmd.Contact})
	x.move()
	if m.Automatic {
		x.cameIn(cmd.Thread, time.Time{})
		return nil
	}
	x.cameIn(cmd.Thread, entry.At)
	if x.c.WaitingSince.IsZero() {
		x.c.WaitingSince = entry.At
		x.c.Noticed, x.c.Unanswered = time.Time{}, time.Time{} // a new spell, even if the provider's clock says the same
	}
	x.attend(entry)
	x.comeBack()
	return nil
}

// tie returns the conversation's thread of a channel and key. A new one is added behind the others: the customer's own stays first.
func (x *step) tie(t Thread) *Thread {
	i := x.c.thread(t.Channel, t.Key)
	if i < 0 {
		t.To, t.Answers = slices.Clone(t.To), slices.Clone(t.Answers)
		x.c.Threads = append(x.c.Threads, t)
		i = len(x.c.Threads) - 1
	}
	return &x.c.Threads[i]
}

// cameIn makes the thread of an inbound message the first. A customer's message at a time opens the thread's window from then on: one
// that is delivered late, and one at no time, opens none.
func (x *step) cameIn(in Thread, at time.Time) {
	t := *x.tie(in)
	if len(in.To) > 0 {
		t.To = slices.Clone(in.To)
	}
	if at.After(t.LastInbound) {
		t.LastInbound = at
		t.Answers = slices.DeleteFunc(t.Answers, func(answer time.Time) bool { return answer.Before(at) })
	}
	i := x.c.thread(t.Channel, t.Key)
	x.c.Threads = slices.Insert(slices.Delete(x.c.Threads, i, i+1), 0, t)
}

// comeBack brings a conversation to where a customer's message is seen. It is told after the message itself.
func (x *step) comeBack() {
	if x.c.Place == Spam {
		return
	}
	if !x.c.Snoozed.IsZero() && !x.c.Asleep {
		x.wake()
	}
	archived := x.c.Place == Archive
	if archived {
		x.c.Place, x.c.Former = Inbox, ""
		x.tell(EventMoved, string(Archive), string(Inbox))
	}
	closed := x.c.Status == Closed
	switch {
	case !closed:
	case x.c.Finished && !archived:
		x.c.Returned = true
		x.reopen(Open, EventReturned)
	default:
		x.reopen(x.env.Rules.start(), EventOpened)
	}
	if archived && x.c.Status == Closed {
		x.c.Handover = time.Time{} // what the bot asked for before is over
	}
	if x.env.Rules.Release && (archived || closed) && x.c.Status == Open {
		x.release()
	}
}

func (x *step) reopen(status Status, event string) {
	x.c.Finished = false
	if status == Closed {
		return
	}
	x.c.Status, x.c.ClosedAt = Open, time.Time{}
	x.tell(event, string(Closed), string(Open))
	x.move()
}

// Echo is a message that the business sent, but not through us.
type Echo struct {
	Message Message
	Thread  Thread
}

func (cmd Echo) do(x *step) error {
	if x.c.Place == Trash {
		return &StateError{Command: "echo", Reason: "the conversation is in trash", Instead: "start a new one"}
	}
	m := cmd.Message
	m.Direction, m.Echo, m.Delivery = Outbound, true, Sent
	m.Channel, m.Thread = cmd.Thread.Channel, cmd.Thread.Key
	m.Waiting = x.c.WaitingSince
	entry := x.append(m)
	x.tie(cmd.Thread)
	x.event(Event{Type: EventEchoed, Message: entry.ID})
	x.c.WaitingSince = time.Time{}
	x.c.Answered = entry.Stored
	x.move()
	return nil
}
