package frontdesk

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// Do carries out actions on a conversation, all or none, in one commit: Assign, SetStatus, Complete, Archive, Spam, Trash, Restore,
// Snooze, Wake, Tag, SetFollowUp, SetDeadline, SetPriority, SetType, SetHold, ChangeFolders, ChangeOwners, ChangeSubscribers,
// ChangeLinks, Pin, Unpin, conversation.Pause; at most 8. An action whose effect is there already does nothing. Errors: ErrNotFound, ErrForbidden, ErrInvalid,
// conversation.ErrState, conversation.ErrValue.
func (s *Session) Do(ctx context.Context, id string, actions ...Action) (Conversation, error) {
	return s.act(ctx, "act on conversation", id, toWork, func(t *txn, c caller, conv *conversation.Conversation) ([]conversation.Command, error) {
		if len(actions) > maxThen {
			return nil, invalid("actions", "%d actions, at most %d", len(actions), maxThen)
		}
		return actions, t.checkActions(c, conv, actions)
	})
}

// act applies commands to one conversation that the caller may see.
func (s *Session) act(ctx context.Context, op, id string, needs right, commands func(t *txn, c caller, conv *conversation.Conversation) ([]conversation.Command, error)) (out Conversation, err error) {
	err = s.desk.write(ctx, s.actor.Tenant, "conversation/"+id, func(t *txn) error {
		c, err := t.caller(s.actor, op, needs)
		if err != nil {
			return err
		}
		conv, err := t.visible(c, id)
		if err != nil {
			return err
		}
		list, err := commands(t, c, &conv)
		if err != nil {
			return err
		}
		env, err := t.env(c.who(), conv.Mailbox, t.ids)
		if err != nil {
			return err
		}
		change, err := t.apply(&conv, false, env, list...)
		if err == nil {
			out = seen(change.Conversation, c, env.Rules.GlobalRead)
		}
		return err
	})
	return out, wrap(op, id, err)
}

// checkActions refuses actions that only the Desk's own parts may take, that the caller has no right to, and that name what is not there.
func (t *txn) checkActions(c caller, conv *conversation.Conversation, actions []Action) error {
	for _, a := range actions {
		if err := t.checkAction(c, conv, a); err != nil {
			return err
		}
	}
	return nil
}

func (t *txn) checkAction(c caller, conv *conversation.Conversation, a Action) error {
	switch a := a.(type) {
	case Assign:
		if err := t.checkAssign(conv.Mailbox, a); err != nil {
			return err
		}
		return t.checkHolder(conv, a)
	case Tag:
		return t.checkTags(c, a)
	case Wake:
		if !a.ByHand {
			return invalid("Wake", "only a person wakes a conversation here; set ByHand")
		}
	case Spam:
		if a.By != "" {
			return invalid("Spam", "By is for what the library finds itself; leave it empty")
		}
	case SetType:
		return t.checkType(conv, a)
	case SetHold:
		if !c.system && !c.has(toManage) {
			return &ForbiddenError{Command: "hold", Needs: toManage.String()}
		}
	case ChangeFolders:
		return t.checkFolders(c, a)
	case ChangeOwners:
		return t.checkOwners(conv.Mailbox, a)
	case ChangeSubscribers:
		return t.checkSubscribers(conv.Mailbox, a)
	case ChangeLinks:
		return checkLinks(c, a)
	case SetStatus, Complete, Archive, Trash, Restore, Snooze, SetFollowUp, SetDeadline, SetPriority, Pin, Unpin, Pause:
	default:
		return invalid("action", "%T is not an action; use those that Session.Do names", a)
	}
	return nil
}

// checkLinks refuses a link that says it came about otherwise than an agent can make one.
func checkLinks(c caller, a ChangeLinks) error {
	for _, l := range a.Add {
		if c.agent.ID != "" && l.By != "" && l.By != conversation.ByHand {
			return invalid("Links", "an agent ties records by hand, not by %q", l.By)
		}
	}
	return nil
}

// checkAssign refuses an agent or team that is not there. An agent who is inactive, or does not see the mailbox, cannot be assigned.
func (t *txn) checkAssign(mailbox string, a Assign) error {
	if a.Agent != "" {
		if err := t.checkWorker("assigned", mailbox, a.Agent); err != nil {
			return err
		}
	}
	if a.Team != "" {
		if _, err := need[Team](t, "team", a.Team); err != nil {
			return err
		}
	}
	return nil
}

// checkWorker refuses an agent who cannot work in a mailbox.
func (t *txn) checkWorker(as, mailbox, id string) error {
	agent, err := t.agent(id)
	if err != nil {
		return err
	}
	if agent.Inactive || !slices.Contains(may[agent.Role], toWork) {
		return invalid("Agent", "%q cannot be %s: inactive, or without the right to answer", id, as)
	}
	if !seesAll(agent) && !slices.Contains(agent.Mailboxes, mailbox) {
		return invalid("Agent", "%q cannot be %s: not a member of mailbox %q", id, as, mailbox)
	}
	return nil
}

// View tells that the caller has opened a conversation. It marks as read where the mailbox's settings say that opening does.
// Somebody who may only read marks nothing.
func (s *Session) View(ctx context.Context, id string) (Conversation, error) {
	return s.mark(ctx, "view conversation", id, toRead, conversation.MarkRead{Viewed: true})
}

// MarkRead marks a conversation as read for the caller; with the global read status, for all.
func (s *Session) MarkRead(ctx context.Context, id string) (Conversation, error) {
	return s.mark(ctx, "mark conversation read", id, toWork, conversation.MarkRead{})
}

// MarkUnread marks a conversation as unread for the caller; with the global read status, for all. It is counted again and moves nowhere.
// Error: conversation.ErrState where no customer has written.
func (s *Session) MarkUnread(ctx context.Context, id string) (Conversation, error) {
	return s.mark(ctx, "mark conversation unread", id, toWork, conversation.MarkUnread{})
}

func (s *Session) mark(ctx context.Context, op, id string, needs right, command conversation.Command) (Conversation, error) {
	if s.actor.Agent == "" {
		return Conversation{}, wrap(op, id, &ForbiddenError{Command: op, Needs: "an agent: only people read"})
	}
	return s.act(ctx, op, id, needs, func(t *txn, c caller, conv *conversation.Conversation) ([]conversation.Command, error) {
		if err := t.noticed(c, conv); err != nil {
			return nil, err
		}
		if !c.has(toWork) {
			return nil, nil
		}
		return []conversation.Command{command}, nil
	})
}

// wakeJob brings a conversation back whose snooze is over or whose follow-up is due.
type wakeJob struct {
	Conversation string `json:"conversation"`
}

// scheduleWake queues the end of a snooze that a change began, a follow-up that it set or made possible again, and the alerts that it leads to.
func (t *txn) scheduleWake(before, after *conversation.Conversation) error {
	if before == nil {
		before = &conversation.Conversation{}
	}
	if err := t.scheduleAlerts(before, after); err != nil {
		return err
	}
	if !after.Snoozed.IsZero() && !before.Snoozed.Equal(after.Snoozed) {
		if err := t.queueWake("wake", after.ID, after.Snoozed); err != nil {
			return err
		}
	}
	waited := before.Place == conversation.Spam || before.Place == conversation.Trash // where a due follow-up does nothing
	if after.FollowUp.IsZero() || before.FollowUp.Equal(after.FollowUp) && !waited {
		return nil
	}
	return t.queueWake("followup", after.ID, after.FollowUp)
}

func (t *txn) queueWake(kind, id string, due time.Time) error {
	return t.enqueue("wake/"+id, kind+"/"+id+"/"+itoa(due.UnixMicro()), due, wakeJob{Conversation: id})
}

// Retry queues a failed or doubtful message again, behind what its thread is sending. Of a message in doubt the customer may then have
// two: that is for a person to decide. Errors: ErrNotFound, conversation.ErrState, and those of Reply.
func (s *Session) Retry(ctx context.Context, messageID string) (conversation.Message, error) {
	return s.resolve(ctx, "retry message", messageID, func(t *txn, c caller, conv *conversation.Conversation, m *conversation.Message) (conversation.Command, error) {
		if !m.Erased.IsZero() {
			return nil, &conversation.StateError{Command: "retry message", Reason: "what the message said is erased", Instead: "dismiss"}
		}
		th, _ := conv.Thread(m.Channel, m.Thread)
		th.Answers = slices.DeleteFunc(slices.Clone(th.Answers), func(at time.Time) bool { return at.Equal(m.Stored) }) // it is not another one
		doc, conn, err := t.opened(m.Channel)
		if err != nil {
			return nil, err
		}
		if err := t.carries(c, conv, &prepared{message: *m, thread: th, doc: doc, conn: conn}); err != nil {
			return nil, err
		}
		again := m.Delivery
		for i := range m.Parts {
			if p := &m.Parts[i]; p.Delivery == conversation.Failed || p.Delivery == conversation.Unknown {
				m.Doubted = m.Doubted || p.Delivery == conversation.Unknown
				*p = conversation.Part{Delivery: conversation.Queued, ProviderID: p.ProviderID} // by which late news of this try is told
			}
		}
		m.Delivery, m.Failure, m.Dismissed = conversation.Queued, nil, false
		if again == conversation.Unknown {
			return nil, nil
		}
		return conversation.Settle{Message: m, Event: conversation.EventRetried}, nil
	})
}

// Dismiss takes a failed or doubtful message off the list of what people must look at. It stays as it is in its conversation.
func (s *Session) Dismiss(ctx context.Context, messageID string) (conversation.Message, error) {
	return s.resolve(ctx, "dismiss message", messageID, func(_ *txn, _ caller, _ *conversation.Conversation, m *conversation.Message) (conversation.Command, error) {
		m.Dismissed = true
		for i := range m.Parts {
			if p := &m.Parts[i]; p.Delivery == conversation.Queued {
				p.Delivery, p.Failure = conversation.Failed, m.Failure
			}
		}
		if m.Delivery == conversation.Unknown {
			return nil, nil
		}
		return conversation.Settle{Message: m, Event: conversation.EventDismissed}, nil
	})
}

// resolve lets a person decide about an undelivered message.
func (s *Session) resolve(ctx context.Context, op, id string, decide func(*txn, caller, *conversation.Conversation, *conversation.Message) (conversation.Command, error)) (m conversation.Message, err error) {
	err = s.desk.write(ctx, s.actor.Tenant, "message/"+id, func(t *txn) error {
		c, err := t.caller(s.actor, op, toWork)
		if err != nil {
			return err
		}
		var conv conversation.Conversation
		if m, conv, err = t.visibleMessage(c, id); err != nil {
			return err
		}
		if !undelivered(&m) {
			return &conversation.StateError{Command: op, Reason: fmt.Sprintf("the message is %s, neither failed nor in doubt", orNone(m.Delivery))}
		}
		m.Parts = slices.Clone(m.Parts)
		command, err := decide(t, c, &conv, &m)
		if err != nil {
			return err
		}
		m.Changed = conversation.Later(m.Changed, t.now)
		if err := t.putMessage(&m); err != nil {
			return err
		}
		if m.Delivery == conversation.Queued {
			if err := t.queueSend(&m); err != nil {
				return err
			}
		}
		return t.settle(c.who(), &conv, &m, command)
	})
	return m, wrap(op, id, err)
}

func (t *txn) settle(actor conversation.Actor, conv *conversation.Conversation, m *conversation.Message, command conversation.Command) error {
	if command != nil {
		env, err := t.env(actor, conv.Mailbox, t.ids)
		if err != nil {
			return err
		}
		if err := t.count(m, command); err != nil {
			return err
		}
		_, err = t.apply(conv, false, env, command)
		return err
	}
	event := conversation.EventRetried
	if m.Dismissed {
		event = conversation.EventDismissed
	}
	t.tell(m.Changed, conversation.Event{Type: event, At: t.now, Actor: conversation.Actor{Kind: actor.Kind, ID: actor.ID}, Conversation: conv.ID,
		Message: m.ID, From: string(conversation.Unknown), To: string(m.Delivery), Mailbox: conv.Mailbox})
	return nil
}

func orNone(d conversation.Delivery) string {
	if d == "" {
		return "not one that was sent"
	}
	return string(d)
}

// visibleMessage loads a message and the conversation through which the caller may see it.
func (t *txn) visibleMessage(c caller, id string) (m conversation.Message, conv conversation.Conversation, err error) {
	if store.CheckText(id, false) != "" {
		return m, conv, ErrNotFound
	}
	if err := t.load(messageKey(id)); err != nil {
		return m, conv, err
	}
	if m, err = t.message(id); err != nil {
		return m, conv, err
	}
	if m.Test {
		return m, conv, ErrNotFound
	}
	if conv, err = t.visiblePart(c, m.Conversation); err != nil {
		return conversation.Message{}, conv, err
	}
	return m, conv, nil
}

// visiblePart loads the conversation that an ID leads to, if the caller may see it and read what that ID itself stands for.
func (t *txn) visiblePart(c caller, id string) (conversation.Conversation, error) {
	conv, err := t.visible(c, id)
	if err == nil {
		err = t.reachesPart(c, &conv, id)
	}
	if err != nil {
		return conversation.Conversation{}, err
	}
	return conv, nil
}

// reachesPart hides the timeline of a part whose method the caller does not reach, although he sees its head. The part was loaded.
func (t *txn) reachesPart(c caller, head *conversation.Conversation, id string) error {
	if id == head.ID {
		return nil
	}
	part, err := t.conversation(id)
	if err == nil && !c.reaches(part.Mailbox, part.Method) {
		err = ErrNotFound
	}
	return err
}

// SnoozePreset returns the time of a preset in a time zone, to be used in Snooze. For one by a mailbox's hours see NextBusinessMorning.
func (s *Session) SnoozePreset(p conversation.Preset, zone *time.Location) (time.Time, error) {
	if zone == nil {
		zone = time.UTC
	}
	return p.Until(s.desk.now().In(zone))
}
