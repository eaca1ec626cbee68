package frontdesk

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/frontdesk-go/frontdesk/conversation"
)

// What is done to a message that has not left.

// cancel makes a message cancelled, and returns what its conversation must do about it. A scheduled one is put by that.
func (t *txn) cancel(conv *conversation.Conversation, m *conversation.Message, by string) (cmd conversation.Cancel, err error) {
	m.Delivery, m.Failure = conversation.Cancelled, nil
	m.Changed = conversation.Later(m.Changed, t.now)
	cmd = conversation.Cancel{Message: m, By: by}
	if m.Sequence == 0 {
		m.At = time.Time{}
		return cmd, nil
	}
	if err := t.putMessage(m); err != nil {
		return cmd, err
	}
	cmd.Timeline, err = t.timelineBack(conv, m)
	return cmd, err
}

// CancelSend takes back a message that has not left: a scheduled one, one that waits to be taken back, or one that is queued. It stays in
// the timeline as cancelled. Cancelling it again does nothing. Errors: ErrNotFound, ErrForbidden, ErrSent once a worker has begun to send
// it, conversation.ErrState of a message that failed or is not one that is sent.
func (s *Session) CancelSend(ctx context.Context, messageID string) (conversation.Message, error) {
	return s.unsent(ctx, "cancel send", messageID, func(t *txn, c caller, conv *conversation.Conversation, m *conversation.Message) error {
		of, err := t.enteredIn(conv, m)
		if err != nil {
			return err
		}
		command, err := t.cancel(of, m, "")
		if err != nil {
			return err
		}
		env, err := t.env(c.who(), conv.Mailbox, slices.Concat([]string{m.ID}, t.ids))
		if err != nil {
			return err
		}
		change, err := t.apply(of, false, env, command)
		if err == nil && m.Sequence == 0 {
			*m = change.Messages[0]
		}
		if err == nil {
			err = t.repaint(conv, of, &change, env)
		}
		return err
	})
}

// enteredIn is the conversation on whose timeline a message is: a part's, or the whole's own, on which one that is scheduled gets its place.
func (t *txn) enteredIn(conv *conversation.Conversation, m *conversation.Message) (*conversation.Conversation, error) {
	if m.Sequence == 0 {
		return conv, nil
	}
	return t.timelineOf(conv, m)
}

// unsent carries out a change of a message that has not left. One that is cancelled stays as it is.
func (s *Session) unsent(ctx context.Context, op, id string, change func(*txn, caller, *conversation.Conversation, *conversation.Message) error) (m conversation.Message, err error) {
	err = s.desk.write(ctx, s.actor.Tenant, "message/"+id, func(t *txn) error {
		c, err := t.caller(s.actor, op, toWork)
		if err != nil {
			return err
		}
		var conv conversation.Conversation
		if m, conv, err = t.visibleMessage(c, id); err != nil {
			return err
		}
		switch {
		case m.Delivery == conversation.Cancelled && op == "cancel send":
			return nil
		case m.Delivery == conversation.Cancelled:
			return &conversation.StateError{Command: op, Reason: "the message is cancelled", Instead: "send another"}
		case m.Direction != conversation.Outbound || m.Echo:
			return &conversation.StateError{Command: op, Reason: "the message is " + orNone(m.Delivery)}
		case m.Delivery == conversation.Failed:
			return &conversation.StateError{Command: op, Reason: "the message failed", Instead: "retry or dismiss"}
		case m.Left():
			return fmt.Errorf("%w: it is %s", ErrSent, m.Delivery)
		}
		m.Parts = slices.Clone(m.Parts)
		return change(t, c, &conv, &m)
	})
	return m, wrap(op, id, err)
}

// EditScheduled replaces what a message that has not left says, and with At when it leaves; what the draft leaves out is gone, but for
// its time and its channel. The draft is checked as in Reply, and its author is who edited it. Errors: those of Reply, and of CancelSend.
func (s *Session) EditScheduled(ctx context.Context, messageID string, draft Draft) (conversation.Message, error) {
	return s.unsent(ctx, "edit scheduled", messageID, func(t *txn, c caller, conv *conversation.Conversation, m *conversation.Message) error {
		if err := t.revise(c, conv, m, draft); err != nil {
			return err
		}
		if err := t.checkActions(c, conv, draft.Then); err != nil {
			return err
		}
		env, err := t.env(c.who(), conv.Mailbox, t.ids)
		if err != nil {
			return err
		}
		if err := t.putMessage(m); err != nil {
			return err
		}
		of, err := t.enteredIn(conv, m)
		if err != nil {
			return err
		}
		if of.ID == conv.ID {
			_, err = t.apply(conv, false, env, append([]conversation.Command{conversation.Revise{Message: m}}, draft.Then...)...)
			return err
		}
		change, err := t.apply(of, false, env, conversation.Revise{Message: m})
		if err == nil {
			err = t.repaint(conv, of, &change, env)
		}
		if err == nil {
			_, err = t.apply(conv, false, env, draft.Then...)
		}
		return err
	})
}

// revise makes a message what a draft says.
func (t *txn) revise(c caller, conv *conversation.Conversation, m *conversation.Message, draft Draft) error {
	queued := m.Delivery == conversation.Queued
	switch {
	case draft.Whisper:
		return invalid("Whisper", "a message to the customer stays one; cancel it and whisper")
	case draft.Key != "" || draft.Undo != 0:
		return invalid("draft", "an edit has neither Key nor Undo")
	case queued && (!draft.At.IsZero() || draft.CancelOnAnswer):
		return invalid("At", "the message is in the queue already; cancel it and schedule another")
	case queued && draft.Channel != "" && draft.Channel != m.Channel:
		return invalid("Channel", "the message is in the queue already; cancel it and send another")
	}
	due := m.Due
	if !draft.At.IsZero() {
		at, err := t.checkAt(draft.At)
		if err != nil {
			return err
		}
		due = at
	}
	own := conv.Clone() // the message's thread comes first, so that without a channel it is the one
	if th, ok := conv.Thread(m.Channel, m.Thread); ok {
		th.Answers = slices.DeleteFunc(slices.Clone(th.Answers), func(at time.Time) bool { return at.Equal(m.Stored) })
		own.Threads = slices.Insert(own.Threads, 0, th)
	}
	p, err := t.prepare(c, &own, draft, false)
	if err != nil {
		return err
	}
	if err := t.markDraft(c, draft, false, &p.message); err != nil {
		return err
	}
	if len(draft.Tags) == 0 {
		p.message.Tags = m.Tags
	}
	if err := t.dropFiles(m); err != nil { // once those of the draft are counted, so that what stays is not let go
		return err
	}
	was := *m
	*m = p.message
	m.ID, m.Conversation, m.Sequence, m.Direction, m.Delivery = was.ID, was.Conversation, was.Sequence, was.Direction, was.Delivery
	m.Channel, m.Thread, m.Key, m.Forwards = p.thread.Channel, p.thread.Key, was.Key, was.Forwards
	m.At, m.Stored, m.Waiting, m.Reactions = was.At, was.Stored, was.Waiting, was.Reactions
	m.Due, m.OnAnswer = due, was.OnAnswer && queued || draft.CancelOnAnswer
	m.Changed = conversation.Later(was.Changed, t.now)
	m.Edited = m.Changed
	if queued {
		return nil
	}
	m.At = due
	if err := t.leadHere(p.thread, conv.ID); err != nil || due.Equal(was.Due) {
		return err
	}
	return t.queueLater(m)
}
