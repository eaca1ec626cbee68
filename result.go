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

// notePauses are waited between tries of noting what came of a call. Together they are shorter than a lease is longer than a call: a
// result that is not noted leaves the message in doubt, and a person with the question. They are short, so that a database that comes and
// goes is met while it is there.
var notePauses = []time.Duration{100 * time.Millisecond, 300 * time.Millisecond, 600 * time.Millisecond, time.Second, time.Second, 2 * time.Second,
	2 * time.Second, 2 * time.Second, 2 * time.Second, 2 * time.Second, 2 * time.Second, 2 * time.Second}

// result commits what came of a call, against the message as it is then: a receipt may have been faster, and a worker that was held up
// may find that another has taken over.
func (s *sending) result(ctx context.Context, next *step, sent channel.Sent, callErr error) (wait time.Duration, more bool, err error) {
	for try := 0; ; try++ {
		wait, more, err = s.note(ctx, next, sent, callErr)
		if err == nil || errors.Is(err, ErrNotFound) || try == len(notePauses) {
			return wait, more, err
		}
		s.desk.log.WarnContext(ctx, "the result of a call is not noted yet", "tenant", s.lease.Tenant, "message", s.id, "error", err)
		_ = pause(context.WithoutCancel(ctx), notePauses[try])
	}
}

func (s *sending) note(ctx context.Context, next *step, sent channel.Sent, callErr error) (wait time.Duration, more bool, err error) {
	ctx, cancel := unbroken(ctx)
	defer cancel()
	err = s.desk.write(ctx, s.lease.Tenant, "message/"+s.id, func(t *txn) error {
		m, conv, err := s.read(t)
		if err != nil {
			return err
		}
		if callErr != nil {
			wait, more, err = s.failed(t, m, conv, next, channel.AsError(callErr))
			return err
		}
		if err := s.took(t, m, next.part.Index, sent); err != nil {
			return err
		}
		if conv != nil {
			if err := t.corrected(conv, m, next.conn, sent.To); err != nil {
				return err
			}
		}
		more = s.onward(t, m)
		return s.put(t, m, conv)
	})
	return wait, more, err
}

// corrected notes that the provider knows a customer under another address than was written to, as WhatsApp does with some countries'
// numbers. His answer will come under that one: its thread leads here, and the address is the contact's, unless somebody has them.
func (t *txn) corrected(conv *conversation.Conversation, m *conversation.Message, conn channel.Conn, to []conversation.Identity) error {
	if len(to) == 0 || len(conv.Contacts) == 0 {
		return nil
	}
	key, id, err := address(conn, to[0].Address)
	if err != nil || key == m.Thread {
		return nil // what the driver cannot read again is no reason to doubt that it was sent
	}
	thread, identity := threadName(m.Channel, key), identityName(id)
	if err := t.load(thread, identity); err != nil {
		return err
	}
	if _, taken := t.row(thread); !taken {
		t.putRow(store.Row{Key: thread, Target: conversationKey(conv.ID)})
	}
	if _, taken := t.row(identity); taken {
		return nil
	}
	people, err := t.people(conv)
	if err != nil || len(people) == 0 {
		return err
	}
	c := &people[0]
	if added, err := c.AddIdentity(id); err != nil || !added {
		return nil // he has as many as he can have
	}
	c.Changed = conversation.Later(c.Changed, t.now)
	t.putRow(store.Row{Key: identity, Target: contactKey(c.ID)})
	if err := t.matchSoon(c); err != nil {
		return err
	}
	return t.putContact(c)
}

// took notes that the provider has a part.
func (s *sending) took(t *txn, m *conversation.Message, i int, sent channel.Sent) error {
	p := &m.Parts[i]
	if !sent.Delivery.Settled() {
		sent.Delivery = conversation.Sent
	}
	if sent.ID != "" && p.ProviderID != "" && p.ProviderID != sent.ID && p.Delivery == conversation.Failed {
		p.Delivery = conversation.Sending // what failed under another ID was an earlier try
	}
	p.Delivery = p.Delivery.Advance(sent.Delivery)
	if p.Delivery != conversation.Failed {
		p.Failure = nil
	}
	if sent.ID == "" {
		return nil
	}
	p.ProviderID = sent.ID
	return t.claimProvider(m.Channel, sent.ID, m)
}

// onward reports whether a part is left to be sent; if not, the job is done.
func (s *sending) onward(t *txn, m *conversation.Message) bool {
	more := slices.ContainsFunc(m.Parts, func(p conversation.Part) bool { return p.Delivery == conversation.Queued })
	if !more {
		s.finish(t, s.job, s.last)
	}
	return more
}

// failed notes that a call failed: to be tried again on the ladder, in doubt, or for good.
func (s *sending) failed(t *txn, m *conversation.Message, conv *conversation.Conversation, next *step, e *channel.Error) (wait time.Duration, more bool, err error) {
	p := &m.Parts[next.part.Index]
	gaveUp := p.Delivery == conversation.Unknown // another worker, that took this one for lost
	if p.Tries != next.tries || p.Delivery != conversation.Sending && !gaveUp {
		// A receipt knows better, or a person has decided.
		more = s.onward(t, m)
		return 0, more, s.put(t, m, conv)
	}
	again := e.Class == channel.Retry || e.Class == channel.ChannelDown || e.Class == channel.Unknown && next.conn.Capabilities().Idempotent
	switch wait, ok := s.ladder(next.tries, e); {
	case again && ok && gaveUp:
		p.Delivery, p.Failure = conversation.Queued, e.Failure()
		s.finish(t, s.job, s.last)
		m.Changed = conversation.Later(m.Changed, t.now)
		if err := t.queueSendAt(m, t.now.Add(wait)); err != nil {
			return 0, false, err
		}
		return 0, false, s.put(t, m, conv)
	case again && ok:
		p.Delivery, p.Failure = conversation.Queued, e.Failure()
		t.batch.Done(store.Finish{Group: s.lease.Group, Token: s.lease.Token, Hold: t.now.Add(wait)})
		return wait, false, s.put(t, m, conv)
	case e.Class == channel.Unknown:
		p.Delivery, p.Failure = conversation.Unknown, e.Failure()
		s.finish(t, s.job, s.last)
		return 0, false, s.put(t, m, conv)
	}
	p.Delivery, p.Failure = conversation.Failed, e.Failure()
	return 0, false, s.fail(t, m, conv, e)
}

// maxRetryAfter bounds how long a provider may have a message wait before it is tried again.
const maxRetryAfter = 24 * time.Hour

// ladder is how long to wait after so many tries; ok is false at its end.
func (s *sending) ladder(tries int, e *channel.Error) (wait time.Duration, ok bool) {
	ladder := s.desk.cfg.Retry
	if tries > len(ladder) {
		return 0, false
	}
	return max(ladder[tries-1], min(e.RetryAfter, maxRetryAfter)), true
}

// notOpen is a channel that cannot be opened at the moment: a secret that cannot be had, a setting that is wrong, a program without the
// driver. The message waits for it on the ladder, as for a channel that is down.
func (s *sending) notOpen(t *txn, m *conversation.Message, conv *conversation.Conversation, openErr error) (wait time.Duration, err error) {
	if t.ctx.Err() != nil {
		return 0, t.ctx.Err()
	}
	e := &channel.Error{Class: channel.ChannelDown, Detail: openErr.Error()}
	if len(m.Parts) == 0 {
		m.Parts = []conversation.Part{{Delivery: conversation.Queued}}
	}
	i := slices.IndexFunc(m.Parts, func(p conversation.Part) bool { return p.Delivery == conversation.Queued })
	if i < 0 { // it is in doubt, and nobody can be asked
		return 0, s.fail(t, m, conv, e)
	}
	p := &m.Parts[i]
	p.Tries++
	wait, ok := s.ladder(p.Tries, e)
	if !ok {
		return 0, s.fail(t, m, conv, e)
	}
	p.Failure = e.Failure()
	t.batch.Done(store.Finish{Group: s.lease.Group, Token: s.lease.Token, Hold: t.now.Add(wait)})
	return wait, s.put(t, m, conv)
}

// found notes what the provider says of a part that a lost worker was sending. Nobody calls again by himself, unless the provider surely
// does not have it or drops what it has.
func (s *sending) found(ctx context.Context, next *step, sent channel.Sent, findErr error) error {
	ctx, cancel := unbroken(ctx)
	defer cancel()
	return s.desk.write(ctx, s.lease.Tenant, "message/"+s.id, func(t *txn) error {
		m, conv, err := s.read(t)
		if err != nil {
			return err
		}
		p := &m.Parts[next.part.Index]
		switch {
		case p.Delivery != conversation.Sending || p.Tries != next.tries:
			return errStop // a receipt or the worker itself was faster
		case findErr == nil:
			if err := s.took(t, m, next.part.Index, sent); err != nil {
				return err
			}
		case errors.Is(findErr, channel.ErrNotFound) || next.conn.Capabilities().Idempotent:
			p.Delivery = conversation.Queued
		default:
			doubt(p)
		}
		s.prolong(t)
		return s.put(t, m, conv)
	})
}

// doubt is the state of a part of which nobody knows whether the provider has it.
func doubt(p *conversation.Part) {
	p.Delivery = conversation.Unknown
	p.Failure = &conversation.Failure{Class: string(channel.Unknown), Detail: "the program ended while it was being sent", Retry: true}
}

// put writes the message with its state, tells a change of it, and what it means for the conversation.
func (s *sending) put(t *txn, m *conversation.Message, conv *conversation.Conversation) error {
	m.Delivery, m.Failure = conversation.Outcome(m.Parts)
	m.Changed = conversation.Later(m.Changed, t.now)
	if s.before == m.Delivery {
		return t.putMessage(m)
	}
	command, err := t.delivered(m, s.before)
	if err != nil || command == nil || conv == nil {
		return err
	}
	env, err := t.env(conversation.Actor{Kind: conversation.BySystem}, conv.Mailbox, t.ids)
	if err != nil {
		return err
	}
	if err := t.count(m, command); err != nil {
		return err
	}
	_, err = t.apply(conv, false, env, command)
	return err
}

// fail ends a message: what is not sent of it will not be. A part in doubt stays so.
func (s *sending) fail(t *txn, m *conversation.Message, conv *conversation.Conversation, e *channel.Error) error {
	if len(m.Parts) == 0 {
		m.Parts = []conversation.Part{{Delivery: conversation.Queued}}
	}
	for i := range m.Parts {
		switch p := &m.Parts[i]; p.Delivery {
		case conversation.Queued:
			p.Delivery, p.Failure = conversation.Failed, e.Failure()
		case conversation.Sending:
			doubt(p)
		}
	}
	s.finish(t, s.job, s.last)
	if e.OptedOut && conv != nil {
		if err := t.optOut(conv, m); err != nil {
			return err
		}
	}
	return s.put(t, m, conv)
}

// optOut notes what the provider said: whom the message was for is not to be written to on the channel. Of several people it is the one
// whom the thread leads to.
func (t *txn) optOut(conv *conversation.Conversation, m *conversation.Message) error {
	people, err := t.people(conv)
	if err != nil || len(people) == 0 || refusedBy(people, m.Channel) != nil && len(people) > 1 {
		return err // somebody has said so himself, which is why it was refused
	}
	th, _ := conv.Thread(m.Channel, m.Thread)
	who := 0
	for _, to := range th.To {
		i := slices.IndexFunc(people, func(p conversation.Contact) bool { return slices.ContainsFunc(p.Identities, to.Is) })
		if i >= 0 {
			who = i
			break
		}
	}
	system := conversation.Actor{Kind: conversation.BySystem}
	events, err := consentEvents(&people[who], m.Channel, t.word(system, conversation.OptedOut))
	if err != nil || len(events) == 0 {
		return err
	}
	return t.changeContact(system, &people[who], events...)
}

func asContent(err error) *channel.Error {
	e := channel.AsError(err)
	if e.Class == channel.Unknown {
		return &channel.Error{Class: channel.Content, Detail: err.Error()}
	}
	return e
}
