package frontdesk

import (
	"context"
	"errors"
	"time"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/retention"
)

// RetentionItem is one conversation or single message that a sweep would touch.
type RetentionItem struct {
	Conversation string
	Message      string // ID of a single message; "" for the conversation
	Mailbox      string
	Action       retention.Action
	Due          time.Time
}

// RetentionCount says what a sweep would do now.
type RetentionCount struct {
	Archive  int
	Erase    int // conversations
	Messages int // single messages
	Held     int // due, but under a legal hold
	Exact    bool
	First    []RetentionItem // of each mailbox those that are due the longest, at most 10
}

// firstItems is how many items of a mailbox a preview names.
const firstItems = 10

// RetentionPreview says what a sweep would do now, with these settings and mailboxes, and does nothing. It counts up to 10,000 of each
// mailbox. It needs an admin.
func (s *Session) RetentionPreview(ctx context.Context) (n RetentionCount, err error) {
	err = s.readFor(ctx, "preview retention", toManage, func(t *txn, _ caller) error {
		n = RetentionCount{Exact: true}
		all, err := t.keeps()
		if err != nil {
			return err
		}
		for _, k := range all {
			if err := t.countDue(k, &n); err != nil {
				return err
			}
		}
		return nil
	})
	return n, wrap("preview retention", "", err)
}

func (t *txn) countDue(k keep, n *RetentionCount) error {
	left, first := countLimit, firstItems
	note := func(item RetentionItem) error {
		if left--; left < 0 {
			n.Exact = false
			return errTurn
		}
		if first--; first >= 0 {
			n.First = append(n.First, item)
		}
		return nil
	}
	for _, part := range k.stretches(t.now) {
		err := t.due(part, func(conv *conversation.Conversation, step retention.Step) error {
			if conv.Hold {
				n.Held++
				return nil
			}
			if err := note(RetentionItem{Conversation: conv.ID, Mailbox: k.box.ID, Action: step.Action, Due: step.At}); err != nil {
				return err
			}
			if step.Action == retention.Erase {
				n.Erase++
			} else {
				n.Archive++
			}
			return nil
		})
		if errors.Is(err, errTurn) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	until, ok := k.policy.TrashCutoff(t.now)
	if !ok {
		return nil
	}
	_, err := t.trashed(k.box.ID, until, countLimit, func(m conversation.Message) error {
		conv, err := t.head(m.Conversation)
		if err != nil {
			return ignoreNotFound(err)
		}
		if conv.Hold {
			n.Held++
			return nil
		}
		step := k.policy.NextMessage(m.Trashed, false)
		err = note(RetentionItem{Conversation: m.Conversation, Message: m.ID, Mailbox: k.box.ID, Action: step.Action, Due: step.At})
		if err == nil {
			n.Messages++
		}
		return err
	})
	if errors.Is(err, errTurn) {
		err = nil
	}
	return err
}

// checkRetention turns a setting that is out of its bounds into the Desk's error.
func checkRetention(field string, err error) error {
	if err == nil {
		return nil
	}
	return &InvalidError{Field: field, Problems: []string{err.Error()}}
}
