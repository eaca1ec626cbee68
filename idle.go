package frontdesk

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/conversation/reply"
	"github.com/frontdesk-go/frontdesk/retention"
)

// Pause keeps a conversation from being followed up and closed by itself.
type Pause = conversation.Pause

// AutoFollowUp says what happens by itself when a customer stays silent after an agent's answer. What a customer writes ends it until the
// next answer, and so does what brings a conversation back once it was to be closed: a person is to see it. A change of it counts from the next
// answer on.
type AutoFollowUp struct {
	Remind    time.Duration `json:"remind,omitempty"`    // after which Text is sent, once; 1 minute to 24 hours, 0: never
	Text      string        `json:"text,omitempty"`      // with {{field}} and {{field|fallback}}; a field without a value is left out
	Close     time.Duration `json:"close,omitempty"`     // after which the conversation is closed; 1 minute to 24 hours, 0: never
	CloseText string        `json:"closeText,omitempty"` // sent before closing; "": nothing
}

func (f AutoFollowUp) policy() retention.FollowUp {
	return retention.FollowUp{Remind: f.Remind, Close: f.Close}
}

func (f AutoFollowUp) check() error {
	if err := checkRetention("FollowUp", f.policy().Validate()); err != nil {
		return err
	}
	switch {
	case f.Remind > 0 && f.Text == "":
		return invalid("FollowUp.Text", "is empty; give what is sent after %s", f.Remind)
	case f.Remind > 0 && f.Close > 0 && f.Close <= f.Remind:
		return invalid("FollowUp.Remind", "is %s; it must be less than Close, %s", f.Remind, f.Close)
	}
	for field, text := range map[string]string{"FollowUp.Text": f.Text, "FollowUp.CloseText": f.CloseText} {
		if problems := conversation.CheckText(text, conversation.MaxText); len(problems) > 0 {
			return &InvalidError{Field: field, Problems: problems}
		}
		if _, err := reply.Parse(text); strings.Contains(text, "{{") && err != nil {
			return invalid(field, "%v", err)
		}
	}
	return nil
}

// idleJob looks whether a conversation's customer stayed silent.
type idleJob struct {
	Conversation string `json:"conversation"`
}

func answerOf(c *conversation.Conversation) retention.Answer {
	return retention.Answer{At: c.Answered, Reminded: c.Reminded, Paused: c.Paused}
}

// scheduleIdle queues the next look after a change that may have moved it. One that turns out to be too early queues another.
func (t *txn) scheduleIdle(before, after *conversation.Conversation) error {
	if after.Answered.IsZero() || after.Gone() {
		return nil
	}
	if before != nil && before.Answered.Equal(after.Answered) && before.Reminded.Equal(after.Reminded) && before.Paused == after.Paused &&
		before.InInbox() == after.InInbox() && before.WaitingSince.Equal(after.WaitingSince) {
		return nil
	}
	box, err := t.mailbox(after.Mailbox)
	if err != nil {
		return err
	}
	return t.queueIdle(after, box.FollowUp.policy().Next(after, answerOf(after), t.now))
}

func (t *txn) queueIdle(c *conversation.Conversation, step retention.Step) error {
	if step.Action == retention.Nothing {
		return nil
	}
	return t.enqueue("idle/"+c.ID, "idle/"+c.ID+"/"+itoa(step.At.UnixMicro()), step.At, idleJob{Conversation: c.ID})
}

// idle follows up or closes conversations whose time has come. The message and the note that it was sent are one commit.
func (w *work) idle(ctx context.Context) error {
	return each(ctx, w, func(t *txn, j idleJob) error {
		if err := t.load(conversationKey(j.Conversation)); err != nil {
			return err
		}
		conv, err := t.conversation(j.Conversation)
		if errors.Is(err, ErrNotFound) || err == nil && conv.Gone() {
			return nil
		}
		if err != nil {
			return err
		}
		box, err := t.mailbox(conv.Mailbox)
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		step := box.FollowUp.policy().Next(&conv, answerOf(&conv), t.now)
		switch {
		case !step.Due(t.now):
			return t.queueIdle(&conv, step)
		case step.Action == retention.Close:
			return t.nudge(&conv, box.FollowUp.CloseText, true)
		}
		return t.nudge(&conv, box.FollowUp.Text, false)
	})
}

// nudge sends a text as the system, notes it, and closes if that is due. Where the channel does not let it out, the note says so.
func (t *txn) nudge(conv *conversation.Conversation, text string, closing bool) error {
	c, err := t.caller(System(t.tenant), "follow up", toWork)
	if err != nil {
		return err
	}
	var then []conversation.Command
	if text != "" {
		outcome := conversation.NudgeSent
		if _, err := t.answer(c, conv, Draft{Text: text, Public: true, Missing: MissingBlank}, nil, false); Refused(err) {
			t.desk.log.InfoContext(t.ctx, "follow-up not sent", "tenant", t.tenant, "conversation", conv.ID, "error", err)
			outcome = conversation.NudgeRefused
		} else if err != nil {
			return err
		}
		then = append(then, conversation.Nudge{Outcome: outcome, Closing: closing})
	}
	if closing {
		then = append(then, SetStatus{Status: conversation.Closed})
	}
	env, err := t.env(c.who(), conv.Mailbox, t.ids[conversation.MaxEntries:])
	if err == nil {
		_, err = t.apply(conv, false, env, then...)
	}
	return err
}
