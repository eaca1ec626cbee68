package frontdesk

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// groupAutoReply is the kind of the groups, one for each conversation, whose jobs answer automatically.
const groupAutoReply = "autoreply"

// autoReplyJob looks whether a customer's message is answered automatically: at once, and when nobody has taken it for some time.
type autoReplyJob struct {
	Conversation string    `json:"conversation"`
	New          bool      `json:"new,omitempty"` // the message began the conversation
	Since        time.Time `json:"since"`         // when it came in, by our clock
	Spell        time.Time `json:"spell"`         // the waiting-since: what was answered meanwhile is not answered again
}

// autoReplySoon queues the look after a customer's message.
func (in *inbound) autoReplySoon(before, after *conversation.Conversation) error {
	if before != nil && before.Attention.Sequence == after.Attention.Sequence || !answerable(after) || after.Told() {
		return nil
	}
	settings, err := in.settings()
	if err != nil || !settings.AutoReplies {
		return err
	}
	return in.queueAutoReply(autoReplyJob{Conversation: after.ID, New: before == nil, Since: in.now, Spell: after.WaitingSince}, time.Time{})
}

func (t *txn) queueAutoReply(j autoReplyJob, due time.Time) error {
	group := groupAutoReply + "/" + j.Conversation
	return t.enqueue(group, group+"/"+itoa(j.Since.UnixMicro())+"/"+itoa(due.UnixMicro()), due, j)
}

// answerable reports whether a customer waits where automatic answers are given.
func answerable(c *conversation.Conversation) bool {
	return !c.Gone() && c.Place == conversation.Inbox && c.Status == conversation.Open && !c.WaitingSince.IsZero()
}

// autoReply does the looks of one conversation. An answer that is refused, as by a closed window, is not given.
func (w *work) autoReply(ctx context.Context) error {
	for i, job := range w.lease.Jobs {
		var j autoReplyJob
		if _, err := store.Decode(job.Body, &j); err != nil {
			return err
		}
		look := func(decide func(*txn) error) error {
			return w.desk.write(ctx, w.lease.Tenant, "conversation/"+j.Conversation, func(t *txn) error {
				w.finish(t, job, i == len(w.lease.Jobs)-1)
				return decide(t)
			})
		}
		err := look(func(t *txn) error { return t.autoReply(j) })
		if err != nil && Refused(err) {
			w.desk.log.InfoContext(ctx, "no automatic answer", "tenant", w.lease.Tenant, "conversation", j.Conversation, "error", err)
			err = look(func(*txn) error { return nil })
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *txn) autoReply(j autoReplyJob) error {
	if t.now.Sub(j.Since) > autoReplyAge {
		return nil
	}
	conv, err := t.stillThere(j.Conversation)
	if err != nil || conv == nil || !answerable(conv) || conv.Told() || !conv.WaitingSince.Equal(j.Spell) {
		return err
	}
	// A machine may have written since, on another thread: the answer is for the customer.
	slices.SortStableFunc(conv.Threads, func(a, b conversation.Thread) int { return b.LastInbound.Compare(a.LastInbound) })
	all, _, err := doc[autoReplies](t, autoRepliesKey)
	if err != nil {
		return err
	}
	first, next, err := t.firstAutoReply(j, conv, all.Replies)
	if err != nil {
		return err
	}
	if first != nil {
		return t.answerAutomatically(conv, first)
	}
	if next == 0 {
		return nil
	}
	if err := t.putConversation(conv, conv); err != nil { // a job is queued by a commit that writes a row
		return err
	}
	return t.queueAutoReply(j, j.Since.Add(next))
}

// firstAutoReply returns the first that applies now; if there is none, after how long since the message another may.
func (t *txn) firstAutoReply(j autoReplyJob, conv *conversation.Conversation, replies []AutoReply) (first *AutoReply, next time.Duration, err error) {
	box, calendar, err := t.hours(conv.Mailbox)
	if err != nil {
		return nil, 0, err
	}
	hours := InsideHours
	if calendar != nil && !calendar.Open(t.now) {
		hours = OutsideHours
	}
	for i := range replies {
		r := &replies[i]
		if r.Off || !r.covers(conv) {
			continue
		}
		if r.Audience == AudienceUntaken {
			if after := cmp.Or(r.After, DefaultAfter); t.now.Before(j.Since.Add(after)) {
				if next == 0 || after < next {
					next = after
				}
				continue
			}
		}
		if r.Hours != AnyHours && r.Hours != hours {
			continue
		}
		if ok, err := t.isFor(r, j, conv, &box); err != nil || ok {
			return r, 0, err
		}
	}
	return nil, next, nil
}

// covers reports whether the conversation is in the mailboxes and on the channels that the answer is for.
func (r *AutoReply) covers(conv *conversation.Conversation) bool {
	return (len(r.Mailboxes) == 0 || slices.Contains(r.Mailboxes, conv.Mailbox)) &&
		(len(r.Channels) == 0 || len(conv.Threads) > 0 && slices.Contains(r.Channels, conv.Threads[0].Channel))
}

// isFor reports whether the customer is among the audience.
func (t *txn) isFor(r *AutoReply, j autoReplyJob, conv *conversation.Conversation, box *Mailbox) (bool, error) {
	switch r.Audience {
	case AudienceNew:
		return j.New, nil
	case AudienceUntaken:
		return conv.Agent == "", nil
	case AudienceFull:
		names := make([]string, len(box.Methods))
		for i, method := range box.Methods {
			names[i] = conversation.CountTotal(box.ID, method, conversation.CountAny)
		}
		counts, err := t.loadCounters(nil, names)
		var n int64
		for _, count := range counts {
			n += count
		}
		return n >= int64(r.Capacity), err
	}
	return true, nil
}

// answerAutomatically sends an answer as the system, which ends no spell, and notes that this one has had it.
func (t *txn) answerAutomatically(conv *conversation.Conversation, r *AutoReply) error {
	c, err := t.caller(System(t.tenant), "answer automatically", toWork)
	if err != nil {
		return err
	}
	conv.Noticed = conv.WaitingSince
	_, err = t.answer(c, conv, Draft{Text: r.Text, Public: true, Missing: MissingBlank}, nil, false)
	return err
}
