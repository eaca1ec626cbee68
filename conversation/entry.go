package conversation

import (
	"cmp"
	"slices"
	"strconv"
	"time"
)

// What is done to a single timeline entry. The commands change the message they are given in place, once all commands are carried out;
// one Apply takes one of them for a message.

// TrashMessage hides an entry from the timeline until it is restored. Preview, count, minutes, attention and waiting-since become what
// they were without it; an answer that the customer has got stays an answer. A message that has not left, and one whose failure nobody
// has dismissed, is not trashed.
type TrashMessage struct {
	Message  *Message
	Timeline []Message // what Needs asks for, newest first
	Merged   []Merged  // likewise, the conversation's parts
}

func (cmd TrashMessage) do(x *step) error {
	m := cmd.Message
	if !m.Trashed.IsZero() {
		return nil
	}
	if err := m.trashable(); err != nil {
		return err
	}
	rest := slices.DeleteFunc(slices.Clone(cmd.Timeline), func(o Message) bool { return o.ID == m.ID })
	var readers *Readers
	if x.c.Attention.Sequence == m.Sequence {
		readers = &Readers{All: x.c.Readers.All, Agents: slices.Clone(x.c.Readers.Agents), Anybody: x.c.Readers.Anybody}
	}
	x.leave(m, rest, cmd.Merged)
	x.tellOf(Event{Type: EventTrashed, Subject: m.ID})
	in := x.c.Mailbox
	x.after = append(x.after, func() {
		m.Trashed = Later(m.Changed, x.env.Now)
		m.Changed, m.TrashedIn, m.Readers = m.Trashed, in, readers
	})
	return nil
}

func (m *Message) trashable() error {
	refuse := func(reason, instead string) error {
		return &StateError{Command: "trash message", Reason: reason, Instead: instead}
	}
	switch {
	case m.Direction == Activity:
		return refuse("the entry tells of a change, and history stays", "")
	case m.Direction != Outbound || m.Dismissed:
		return nil
	case m.Delivery == Queued || m.Delivery == Scheduled:
		return refuse("the message has not left", "cancel")
	case m.Delivery == Sending:
		return refuse("the message is being sent", "")
	case m.Delivery == Failed || m.Delivery == Unknown:
		return refuse("the message is "+string(m.Delivery)+" and somebody must look at it", "dismiss")
	}
	return nil
}

// leave makes preview, count, minutes, attention and an inbound entry's waiting-since what they are without it.
func (x *step) leave(m *Message, rest []Message, merged []Merged) {
	if m.Visible() {
		x.count(m, -1)
	}
	if x.c.Latest == m.Sequence {
		x.showLatest(rest)
	}
	if x.c.Attention.Sequence == m.Sequence {
		if x.attendBefore(m, rest); len(merged) > 0 {
			x.attendWhole(rest, merged)
		}
	}
	if m.Direction == Inbound && m.At.Equal(x.c.WaitingSince) {
		x.waitWithout(m, rest)
		after := m.Sequence // what waits since then was not answered before
		if i := slices.IndexFunc(rest, func(o Message) bool { return o.answers() }); i >= 0 {
			after = max(after, rest[i].Sequence)
		}
		x.c.WaitingSince = waitsFor(x.c.WaitingSince, merged, after)
	}
}

// count adds a visible entry to the conversation's totals, or takes it off.
func (x *step) count(m *Message, sign int) {
	x.c.Messages += sign
	if m.Paid {
		x.c.Paid += sign * m.Minutes
	} else {
		x.c.Free += sign * m.Minutes
	}
}

// RestoreMessage brings an entry back from the trash to its place in the timeline.
type RestoreMessage struct {
	Message  *Message
	Timeline []Message // every entry that is newer than the message, newest first
}

func (cmd RestoreMessage) do(x *step) error {
	m := cmd.Message
	if m.Trashed.IsZero() {
		return nil
	}
	back := *m
	back.Trashed, back.TrashedIn, back.Readers = time.Time{}, "", nil
	if back.Visible() {
		x.enter(&back, m.Readers, cmd.Timeline)
	}
	x.tellOf(Event{Type: EventRestored, Subject: m.ID})
	x.after = append(x.after, func() {
		back.Changed = Later(m.Changed, x.env.Now)
		*m = back
	})
	return nil
}

// enter is the other way round than leave. readers are those who had read the entry.
func (x *step) enter(m *Message, readers *Readers, newer []Message) {
	x.count(m, 1)
	if m.Sequence > x.c.Latest {
		x.show(m)
	}
	later := m.Sequence > x.c.Attention.Sequence || len(x.c.Parts) > 0 && m.Stored.After(x.c.Attention.At) // a merge may stand for an older one
	if m.Prior != nil && later {
		m.Prior = &Unread{Attention: x.c.Attention, Readers: x.c.Readers}
		x.c.Attention = Mark{Sequence: m.Sequence, At: m.Stored}
		x.c.Readers = Readers{}
		if readers != nil {
			x.c.Readers = *readers
			x.c.Readers.Agents = slices.Clone(readers.Agents)
		}
	}
	answered := slices.ContainsFunc(newer, func(o Message) bool { return o.Sequence > m.Sequence && o.answers() })
	if m.Direction == Inbound && !m.Automatic && !answered && (x.c.WaitingSince.IsZero() || m.At.Before(x.c.WaitingSince)) {
		x.c.WaitingSince = m.At
	}
}

// MaxMinutes is how many minutes one message captures at the most: a day.
const MaxMinutes = 24 * 60

// SetMinutes captures the minutes of work that a whispered message stands for. Whether its tags allow it was checked before.
type SetMinutes struct {
	Message *Message
	Minutes int
	Paid    bool // they are billed
}

func (cmd SetMinutes) do(x *step) error {
	m := cmd.Message
	paid := cmd.Paid && cmd.Minutes > 0
	switch {
	case cmd.Minutes < 0 || cmd.Minutes > MaxMinutes:
		return badValue("minutes", "%d is not within 0 and %d", cmd.Minutes, MaxMinutes)
	case m.Direction != Whisper:
		return &StateError{Command: "set minutes", Reason: "minutes are captured on whispered messages only", Instead: "whisper"}
	case !m.Visible():
		return &StateError{Command: "set minutes", Reason: "the message is in trash", Instead: "restore"}
	case m.Minutes == cmd.Minutes && m.Paid == paid:
		return nil
	}
	x.count(m, -1)
	after := *m
	after.Minutes, after.Paid = cmd.Minutes, paid
	x.count(&after, 1)
	x.event(Event{Type: EventMinutes, Message: m.ID, From: minutesCode(m), To: minutesCode(&after)})
	x.after = append(x.after, func() {
		m.Minutes, m.Paid, m.Changed = after.Minutes, after.Paid, Later(m.Changed, x.env.Now)
	})
	return nil
}

func minutesCode(m *Message) string {
	if m.Paid {
		return strconv.Itoa(m.Minutes) + " paid"
	}
	return strconv.Itoa(m.Minutes) + " free"
}

// ChangeTags adds and removes the message's own tags, as the command does a conversation's, and returns the event that tells of it; nil
// if nothing changes.
func (m *Message) ChangeTags(cmd ChangeTags) (*Event, error) {
	tags := merge(m.Tags, cmd.Add, cmd.Remove, cmp.Compare)
	if beyond(len(m.Tags), len(tags), MaxTags) {
		return nil, badValue("tags", "%d tags, at most %d", len(tags), MaxTags)
	}
	if m.Direction == Activity {
		return nil, &StateError{Command: "tag message", Reason: "the entry tells of a change and is no message"}
	}
	if slices.Equal(tags, m.Tags) {
		return nil, nil
	}
	e := &Event{Type: EventMessageTagged, Conversation: m.Conversation, Message: m.ID, From: joined(m.Tags), To: joined(tags)}
	m.Tags = tags
	return e, nil
}
