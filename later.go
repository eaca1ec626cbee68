package frontdesk

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// Bounds of sending later.
const (
	MaxAhead = 366 * 24 * time.Hour // how far ahead a message may be scheduled
	MaxUndo  = 10 * time.Minute     // how long a message may wait to be taken back
)

// laterJob queues a scheduled message when its time has come. It stands for the message at that time: one that was moved to another has
// another job.
type laterJob struct {
	Message string    `json:"message"`
	Due     time.Time `json:"due"`
}

// sendTime is when a draft leaves: zero for at once.
func (t *txn) sendTime(c caller, settings Settings, d Draft, whisper bool) (time.Time, error) {
	switch at := d.At.UTC(); {
	case whisper && (!at.IsZero() || d.CancelOnAnswer || d.Undo > 0):
		return at, invalid("At", "a whisper is sent to nobody, so it is there at once")
	case d.CancelOnAnswer && at.IsZero():
		return at, invalid("CancelOnAnswer", "only a message with At waits long enough to be cancelled by an answer")
	case !at.IsZero() && d.Undo != 0:
		return at, invalid("Undo", "a message with At can be cancelled until it leaves; give one of the two")
	case d.Undo > MaxUndo:
		return at, invalid("Undo", "%s, at most %s", d.Undo, MaxUndo)
	case !at.IsZero():
		return t.checkAt(at)
	}
	delay := d.Undo
	if delay == 0 && c.who().Kind == conversation.ByAgent {
		delay = time.Duration(settings.UndoSeconds) * time.Second
	}
	if whisper || delay <= 0 {
		return time.Time{}, nil
	}
	return t.now.Add(delay).Truncate(time.Microsecond), nil
}

func (t *txn) checkAt(at time.Time) (time.Time, error) {
	at = at.UTC().Truncate(time.Microsecond)
	if !at.After(t.now) || at.After(t.now.Add(MaxAhead)) {
		return at, invalid("At", "%s is not within now and %d days ahead", at.Format(time.RFC3339), MaxAhead/(24*time.Hour))
	}
	return at, nil
}

// scheduled is the message that a checked draft will be.
func (t *txn) scheduled(conv *conversation.Conversation, p prepared, draft Draft, due time.Time) conversation.Message {
	m := p.message
	m.ID, m.Conversation, m.Direction, m.Delivery = t.id(idsPerCommand-3), conv.ID, conversation.Outbound, conversation.Scheduled
	m.Channel, m.Thread = p.thread.Channel, p.thread.Key
	m.Due, m.OnAnswer = due, draft.CancelOnAnswer
	m.At, m.Stored, m.Changed = due, t.now, t.now
	return m
}

// queueLater queues the job that will queue the message. The jobs of a thread are one group in the order of their times, so that after a
// standstill what was to leave first does.
func (t *txn) queueLater(m *conversation.Message) error {
	body, err := store.Encode(1, laterJob{Message: m.ID, Due: m.Due}, store.Kept{})
	if err != nil {
		return err
	}
	at := m.Due.UnixMicro()
	t.batch.Enqueue(store.Job{ID: "later/" + m.ID + "/" + itoa(at), Group: name("later/"+m.Channel, m.Thread).ID, Order: at, Due: m.Due, Body: body})
	return nil
}

// pending loads the messages that a conversation lists as waiting. Of those that are gone there is none.
func (t *txn) pending(conv *conversation.Conversation) ([]conversation.Message, error) {
	keys := make([]store.Key, len(conv.Pending))
	for i, id := range conv.Pending {
		keys[i] = messageKey(id)
	}
	if err := t.load(keys...); err != nil {
		return nil, err
	}
	var out []conversation.Message
	for _, id := range conv.Pending {
		m, err := t.message(id)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

// notWaiting names those of a conversation's Pending that have left or are gone.
func (t *txn) notWaiting(conv *conversation.Conversation) ([]string, error) {
	all, err := t.pending(conv)
	gone := slices.Clone(conv.Pending)
	for i := range all {
		if !all[i].Left() {
			gone = slices.DeleteFunc(gone, func(id string) bool { return id == all[i].ID })
		}
	}
	return gone, err
}

// later queues the scheduled messages whose time has come.
func (w *work) later(ctx context.Context) error {
	return each(ctx, w, func(t *txn, j laterJob) error { return t.letGo(j) })
}

// letGo gives a scheduled message its place behind what its thread is sending. What has come in the way since it was accepted fails it,
// where people see it.
func (t *txn) letGo(j laterJob) error {
	if err := t.load(messageKey(j.Message)); err != nil {
		return err
	}
	m, err := t.message(j.Message)
	if errors.Is(err, ErrNotFound) || err == nil && (m.Delivery != conversation.Scheduled || !m.Due.Equal(j.Due)) {
		return nil
	}
	if err != nil {
		return err
	}
	conv, err := t.head(m.Conversation) // it may have been merged since
	if err != nil {
		return ignoreNotFound(err)
	}
	th, ok := conv.Thread(m.Channel, m.Thread)
	if !ok {
		th = conversation.Thread{Channel: m.Channel, Key: m.Thread, To: m.To}
	}
	m.At = time.Time{}
	env, err := t.env(m.Author, conv.Mailbox, slices.Concat([]string{m.ID}, t.ids))
	if err != nil {
		return err
	}
	if m.OnAnswer {
		since := th.LastInbound
		if !ok {
			since = m.Stored // the thread went with a part
		}
		answered, err := t.answeredElsewhere(&m, since, conv.ID)
		if err != nil {
			return err
		}
		if answered {
			command, err := t.cancel(&conv, &m, conversation.ByAnswer)
			if err != nil {
				return err
			}
			env.Actor = conversation.Actor{Kind: conversation.BySystem}
			_, err = t.apply(&conv, false, env, command)
			return err
		}
	}
	refusal := t.closed(&m, th)
	if refusal == nil {
		change, err := t.apply(&conv, false, env, conversation.Reply{Message: m, Thread: th})
		if err == nil {
			return t.queueSend(&change.Messages[0])
		}
		if !errors.Is(err, conversation.ErrState) {
			return err
		}
		refusal = &channel.Error{Class: channel.Content, Detail: err.Error()}
	}
	m.Delivery, m.Failure = conversation.Failed, refusal.Failure()
	env.Actor = conversation.Actor{Kind: conversation.BySystem}
	_, err = t.apply(&conv, false, env, conversation.Fail{Message: &m})
	return err
}

// answeredElsewhere reports whether the customer has written since a time on a message's thread, which leads to another conversation by now.
func (t *txn) answeredElsewhere(m *conversation.Message, since time.Time, conv string) (bool, error) {
	name := threadName(m.Channel, m.Thread)
	if err := t.load(name); err != nil {
		return false, err
	}
	row, ok := t.led(name)
	if !ok || row.ID == conv {
		return false, nil
	}
	now, err := decode[conversation.Conversation](t, row)
	if err != nil {
		return false, err
	}
	known, _ := now.Thread(m.Channel, m.Thread)
	return known.LastInbound.After(since), nil
}

func ignoreNotFound(err error) error {
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// closed says whether the window has closed on a message that is due, or its quota is used up: quotas count what is sent, so they are
// asked now. All else is checked when the message leaves, as for any other.
func (t *txn) closed(m *conversation.Message, th conversation.Thread) *channel.Error {
	_, conn, err := t.opened(m.Channel)
	if err != nil {
		return nil // the sender waits for the channel
	}
	if err := open(conn.Capabilities(), m.Channel, th, t, m.Author.Kind == conversation.ByAgent, m.Template != nil); err != nil {
		return &channel.Error{Class: channel.WindowClosed, Detail: err.Error()}
	}
	return nil
}

// answered cancels what a customer's answer is to cancel and has not left. It comes before the conversation of the answer is found, for
// that may be another.
func (in *inbound) answered(h *held) error {
	if h == nil || len(h.Pending) == 0 {
		return nil
	}
	all, err := in.pending(&h.Conversation)
	if err != nil {
		return err
	}
	for i := range all {
		m := &all[i]
		if !m.OnAnswer {
			continue
		}
		if m.Left() {
			h.Pending = slices.DeleteFunc(h.Pending, func(id string) bool { return id == m.ID })
			continue
		}
		command, err := in.cancel(&h.Conversation, m, conversation.ByAnswer)
		if err != nil {
			return err
		}
		if m.Sequence == 0 {
			in.ids = slices.Concat([]string{m.ID}, in.ids)
		}
		if err := in.apply(h, command); err != nil {
			return err
		}
		if err := in.showNewest(h); err != nil {
			return err
		}
	}
	return nil
}
