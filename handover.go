package frontdesk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/routing"
	"github.com/frontdesk-go/frontdesk/store"
	"github.com/frontdesk-go/frontdesk/webhook"
)

// RequestHandover asks for an agent for a conversation, as a bot does that cannot go on, and says whether one is available now. It pauses
// nobody: a conversation that is closed stays so until it is given to somebody. Asking again changes nothing until the conversation is
// closed; the answer is that of the moment. Errors: ErrNotFound, ErrForbidden, conversation.ErrState in archive, spam and trash.
func (s *Session) RequestHandover(ctx context.Context, id string) (routing.Availability, error) {
	return s.requestHandover(ctx, id, "")
}

// requestHandover asks for an agent; with a mailbox only for a conversation of it.
func (s *Session) requestHandover(ctx context.Context, id, mailbox string) (answer routing.Availability, err error) {
	const op = "request handover"
	err = s.desk.write(ctx, s.actor.Tenant, "conversation/"+id, func(t *txn) error {
		c, err := t.caller(s.actor, op, toWork)
		if err != nil {
			return err
		}
		conv, err := t.visible(c, id)
		if err != nil {
			return err
		}
		if mailbox != "" && conv.Mailbox != mailbox {
			return ErrNotFound
		}
		if answer, err = s.desk.availability(ctx, t.tenant, conv); err != nil {
			return err
		}
		env, err := t.env(c.who(), conv.Mailbox, t.ids)
		if err != nil {
			return err
		}
		box, err := t.mailbox(conv.Mailbox)
		if err != nil {
			return err
		}
		change, err := t.apply(&conv, false, env, conversation.RequestHandover{Availability: string(answer), Release: box.Slots > 0})
		if err != nil || !change.Changed() || box.Handover.EventURL == "" {
			return err
		}
		return t.enqueue("handover/"+id, "handover/"+t.id(1), time.Time{}, handoverJob{ID: t.id(1), Conversation: id, Mailbox: box.ID, Availability: answer, At: t.now})
	})
	return answer, wrap(op, id, err)
}

// availability says whether somebody could take a conversation now. Who has it open already is taken for available.
func (d *Desk) availability(ctx context.Context, tenant string, conv conversation.Conversation) (routing.Availability, error) {
	if conv.Holder() != "" {
		return routing.Available, nil
	}
	f, err := d.floor(ctx, tenant)
	if err != nil {
		return "", err
	}
	chat := routing.Waiting(&conv)
	if chat.Team != "" {
		chat.Shelf = conversation.ShelfTeam
	}
	return f.pool.Availability(chat), nil
}

// handoverJob tells a mailbox's event webhook whether an agent was available.
type handoverJob struct {
	ID           string               `json:"id"`
	Conversation string               `json:"conversation"`
	Mailbox      string               `json:"mailbox"`
	Availability routing.Availability `json:"availability"`
	At           time.Time            `json:"at"`
}

// tellHandover posts to the event webhook, later and later as long as it fails.
func (w *work) tellHandover(ctx context.Context) error {
	for i, job := range w.lease.Jobs {
		var j handoverJob
		if _, err := store.Decode(job.Body, &j); err != nil {
			return err
		}
		if wait := w.postHandover(ctx, j); wait > 0 {
			return w.hold(ctx, wait)
		}
		last := i == len(w.lease.Jobs)-1
		err := w.desk.write(ctx, w.lease.Tenant, "", func(t *txn) error { w.finish(t, job, last); return nil })
		if err != nil {
			return err
		}
	}
	return nil
}

// postHandover tells the event webhook. wait is set when it is to be told again; after the last pause of Config.Retry it is not.
func (w *work) postHandover(ctx context.Context, j handoverJob) (wait time.Duration) {
	d, log := w.desk, w.desk.log.With("tenant", w.lease.Tenant, "mailbox", j.Mailbox, "conversation", j.Conversation)
	err := w.postOnce(ctx, j)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, ErrNotFound), errors.Is(err, channel.ErrNotFound):
		log.WarnContext(ctx, "event webhook of handovers is gone", "error", err)
		return 0
	}
	// The pauses are counted from the request, so that nothing need be kept of the tries.
	passed, due := d.now().Sub(j.At), time.Duration(0)
	for _, pause := range d.cfg.Retry {
		if due += pause; passed < due {
			log.WarnContext(ctx, "event webhook of handovers", "error", err)
			return pause
		}
	}
	log.ErrorContext(ctx, "event webhook of handovers was not told", "error", err)
	return 0
}

func (w *work) postOnce(ctx context.Context, j handoverJob) error {
	d := w.desk
	var box Mailbox
	err := d.view(ctx, w.lease.Tenant, func(t *txn) (err error) {
		if err = t.load(document("mailbox", j.Mailbox)); err == nil {
			box, err = t.mailbox(j.Mailbox)
		}
		return err
	})
	if err != nil {
		return err
	}
	if box.Handover.EventURL == "" {
		return ErrNotFound
	}
	secret, err := d.cfg.Secrets(ctx, w.lease.Tenant, box.Handover.EventSecret)
	if err != nil {
		return fmt.Errorf("secret %q: %w", box.Handover.EventSecret, err)
	}
	body, err := json.Marshal(map[string]any{"type": conversation.EventHandover, "id": j.ID, "at": j.At, "mailbox": j.Mailbox,
		"conversation": j.Conversation, "availability": j.Availability})
	if err != nil {
		return err
	}
	header, err := webhook.Sign(j.ID, d.now(), body, secret)
	if err != nil {
		return err
	}
	header.Set("Content-Type", "application/json")
	answer, err := d.endpoints.Post(ctx, box.Handover.EventURL, header, body)
	if err == nil && !answer.Success() {
		err = fmt.Errorf("status %d", answer.Status)
	}
	return err
}
