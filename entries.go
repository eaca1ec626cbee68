package frontdesk

import (
	"context"
	"slices"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// What is done to a single message.

// TrashMessage puts a message into the trash of its conversation's mailbox: the timeline hides it, and preview, unread marks and
// waiting-since become what they were without it. The platform and the customer keep theirs. A message that has not left is not trashed.
// Errors: ErrNotFound, ErrForbidden, conversation.ErrState.
func (s *Session) TrashMessage(ctx context.Context, id string) (conversation.Message, error) {
	return s.changeMessage(ctx, "trash message", id, func(t *txn, conv *conversation.Conversation, m *conversation.Message) (conversation.Command, error) {
		timeline, merged, err := t.wholeBack(conv, m)
		return conversation.TrashMessage{Message: m, Timeline: timeline, Merged: merged}, err
	})
}

// RestoreMessage brings a message back from the trash to its place in the timeline. Errors: ErrNotFound, ErrForbidden.
func (s *Session) RestoreMessage(ctx context.Context, id string) (conversation.Message, error) {
	return s.changeMessage(ctx, "restore message", id, func(t *txn, conv *conversation.Conversation, m *conversation.Message) (conversation.Command, error) {
		var newer []conversation.Message
		var err error
		if m.Direction == conversation.Inbound && !m.Trashed.IsZero() { // it may begin the waiting
			newer, err = t.timelineTo(conv, m.Sequence)
		}
		return conversation.RestoreMessage{Message: m, Timeline: newer}, err
	})
}

// SetMinutes captures the minutes of work that a whispered message stands for; 0 takes them back. One of its tags must be billable.
// Errors: ErrNotFound, ErrForbidden, ErrInvalid, conversation.ErrState, conversation.ErrValue.
func (s *Session) SetMinutes(ctx context.Context, id string, minutes int, paid bool) (conversation.Message, error) {
	return s.changeMessage(ctx, "set minutes", id, func(t *txn, _ *conversation.Conversation, m *conversation.Message) (conversation.Command, error) {
		if minutes > 0 && m.Direction == conversation.Whisper {
			if err := t.checkBillable(m.Tags); err != nil {
				return nil, err
			}
		}
		return conversation.SetMinutes{Message: m, Minutes: minutes, Paid: paid}, nil
	})
}

// changeMessage applies a command about a message that the caller may see.
func (s *Session) changeMessage(ctx context.Context, op, id string,
	decide func(*txn, *conversation.Conversation, *conversation.Message) (conversation.Command, error)) (m conversation.Message, err error) {
	err = s.desk.write(ctx, s.actor.Tenant, "message/"+id, func(t *txn) error {
		c, err := t.caller(s.actor, op, toWork)
		if err != nil {
			return err
		}
		var conv conversation.Conversation
		if m, conv, err = t.visibleMessage(c, id); err != nil {
			return err
		}
		of, err := t.timelineOf(&conv, &m)
		if err != nil {
			return err
		}
		command, err := decide(t, of, &m)
		if err != nil {
			return err
		}
		env, err := t.env(c.who(), conv.Mailbox, t.ids)
		if err != nil {
			return err
		}
		change, err := t.apply(of, false, env, command)
		if err == nil && change.Changed() {
			err = t.putMessage(&m)
		}
		if err == nil {
			err = t.repaint(&conv, of, &change, env)
		}
		show(&m, &conv)
		return err
	})
	return m, wrap(op, id, err)
}

// TagMessage adds tags to a message and removes others. Tags are made when they are first used; of several callers at once nobody's
// tag is lost. A whisper with minutes keeps a billable tag. Errors: ErrNotFound, ErrForbidden, ErrInvalid, conversation.ErrState,
// conversation.ErrValue.
func (s *Session) TagMessage(ctx context.Context, id string, tags Tag) (m conversation.Message, err error) {
	err = s.desk.write(ctx, s.actor.Tenant, "message/"+id, func(t *txn) error {
		c, err := t.caller(s.actor, "tag message", toWork)
		if err != nil {
			return err
		}
		var conv conversation.Conversation
		if m, conv, err = t.visibleMessage(c, id); err != nil {
			return err
		}
		if err := t.checkTags(c, tags); err != nil {
			return err
		}
		event, err := m.ChangeTags(tags)
		if err == nil && event != nil {
			err = t.tagged(c, &conv, &m, *event)
		}
		show(&m, &conv)
		return err
	})
	return m, wrap("tag message", id, err)
}

func (t *txn) tagged(c caller, conv *conversation.Conversation, m *conversation.Message, event conversation.Event) error {
	if m.Minutes > 0 {
		if err := t.checkBillable(m.Tags); err != nil {
			return err
		}
	}
	m.Changed = conversation.Later(m.Changed, t.now)
	actor := c.who()
	event.At, event.Mailbox, event.Actor = t.now, conv.Mailbox, conversation.Actor{Kind: actor.Kind, ID: actor.ID}
	t.tell(m.Changed, event)
	return t.putMessage(m)
}

// checkBillable refuses minutes without a tag that lets them be captured.
func (t *txn) checkBillable(tags []string) error {
	ok, err := t.billable(tags)
	if err == nil && !ok {
		err = invalid("Minutes", "a message with minutes needs a tag that is billable, and has the tags %q", tags)
	}
	return err
}

// markDraft puts a draft's tags and minutes on its message.
func (t *txn) markDraft(c caller, draft Draft, whisper bool, m *conversation.Message) error {
	switch {
	case draft.Minutes < 0 || draft.Minutes > conversation.MaxMinutes:
		return invalid("Minutes", "%d is not within 0 and %d", draft.Minutes, conversation.MaxMinutes)
	case draft.Minutes > 0 && !whisper:
		return invalid("Minutes", "are captured on whispered messages only; whisper, or leave them out")
	case draft.Paid && draft.Minutes == 0:
		return invalid("Paid", "without minutes; give some, or leave it out")
	}
	m.Tags = slices.Compact(slices.Sorted(slices.Values(draft.Tags)))
	if len(m.Tags) > conversation.MaxTags {
		return invalid("Tags", "%d tags, at most %d", len(m.Tags), conversation.MaxTags)
	}
	if err := t.checkTags(c, Tag{Add: m.Tags}); err != nil {
		return err
	}
	if m.Minutes, m.Paid = draft.Minutes, draft.Paid; m.Minutes == 0 {
		return nil
	}
	return t.checkBillable(m.Tags)
}

// TrashedMessages returns the single messages in the trash of a mailbox, those of conversations that the caller may see, last trashed
// first. A page may be shorter than limit and still have a next one; of a mailbox that he does not see it is empty. Errors: ErrInvalid,
// ErrCursor.
func (s *Session) TrashedMessages(ctx context.Context, mailbox, cursor string, limit int) (page Page[conversation.Message], err error) {
	err = s.read(ctx, "trashed messages", mailbox, func(t *txn, c caller) error {
		if limit < 0 || limit > store.MaxLimit {
			return invalid("limit", "%d is not within 0 and %d", limit, store.MaxLimit)
		}
		if !c.sees(mailbox) {
			return nil
		}
		page, err = t.visibleMessages(c, store.Query{Fact: "trash", Value: mailbox, Limit: limit, Cursor: cursor})
		return err
	})
	return page, err
}
