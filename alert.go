package frontdesk

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/routing"
)

// groupAlert is the kind of the groups, one for each conversation, whose jobs tell that somebody waits too long.
const groupAlert = "alert"

type alertJob struct {
	Conversation string `json:"conversation"`
}

// scheduleAlerts queues the alerts that a change leads to. Later ones of the same spell are due when they were, so they are there already.
func (t *txn) scheduleAlerts(before, after *conversation.Conversation) error {
	if !after.InInbox() || after.Gone() || after.Agent != "" && after.WaitingSince.IsZero() {
		return nil
	}
	if before.ID != "" && before.InInbox() && before.Mailbox == after.Mailbox && (before.Agent == "") == (after.Agent == "") &&
		!after.WaitingSince.IsZero() && before.WaitingSince.Equal(after.WaitingSince) {
		return nil // what is due rests on nothing else
	}
	box, calendar, err := t.hours(after.Mailbox)
	if err != nil || box.Alerts == (routing.Alerts{}) {
		return err
	}
	var was []routing.Alert
	if before.ID != "" && before.Mailbox == after.Mailbox {
		was = box.alertsOf(before, calendar)
	}
	return t.queueAlerts(after, slices.DeleteFunc(box.alertsOf(after, calendar), func(a routing.Alert) bool {
		return slices.ContainsFunc(was, func(b routing.Alert) bool { return a.Kind == b.Kind && a.At.Equal(b.At) })
	}))
}

// alertsOf are the alerts that a conversation leads to and that were not told in this spell, at times as stores keep them.
func (m *Mailbox) alertsOf(c *conversation.Conversation, calendar *routing.Calendar) (out []routing.Alert) {
	for _, a := range m.Alerts.Due(c, calendar) {
		if a.Kind == routing.Untaken && !c.Untaken.IsZero() || a.Kind == routing.Unanswered && c.Unanswered.Equal(c.WaitingSince) {
			continue
		}
		a.At = a.At.Add(time.Microsecond - 1).Truncate(time.Microsecond)
		out = append(out, a)
	}
	return out
}

func (t *txn) queueAlerts(c *conversation.Conversation, due []routing.Alert) error {
	for _, a := range due {
		id := groupAlert + "/" + c.ID + "/" + string(a.Kind) + "/" + itoa(a.At.UnixMicro())
		if err := t.enqueue(groupAlert+"/"+c.ID, id, a.At, alertJob{Conversation: c.ID}); err != nil {
			return err
		}
	}
	return nil
}

// alert tells what is due by the hours and limits of now, and queues what is due later by them.
func (w *work) alert(ctx context.Context) error {
	return each(ctx, w, func(t *txn, j alertJob) error {
		conv, err := t.stillThere(j.Conversation)
		if err != nil || conv == nil {
			return err
		}
		box, calendar, err := t.hours(conv.Mailbox)
		if err != nil {
			return err
		}
		var commands []conversation.Command
		var later []routing.Alert
		for _, a := range box.alertsOf(conv, calendar) {
			if a.At.After(t.now) {
				later = append(later, a)
			} else {
				commands = append(commands, conversation.Alerted{Kind: string(a.Kind)})
			}
		}
		if len(commands) > 0 {
			env, err := t.env(conversation.Actor{Kind: conversation.BySystem}, conv.Mailbox, t.ids)
			if err != nil {
				return err
			}
			change, err := t.apply(conv, false, env, commands...)
			if err != nil {
				return err
			}
			conv = &change.Conversation
		} else if len(later) > 0 {
			if err := t.putConversation(conv, conv); err != nil { // a job is queued by a commit that writes a row
				return err
			}
		}
		return t.queueAlerts(conv, later)
	})
}

// stillThere loads a conversation that a job is about; nil if it is gone, merged into another or being erased.
func (t *txn) stillThere(id string) (*conversation.Conversation, error) {
	if err := t.load(conversationKey(id)); err != nil {
		return nil, err
	}
	conv, err := t.conversation(id)
	if errors.Is(err, ErrNotFound) || err == nil && conv.Gone() {
		return nil, nil
	}
	return &conv, err
}
