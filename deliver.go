package frontdesk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// outGroup is the group of a thread's sends: one worker at a time does them, in order.
func outGroup(channelID, thread string) string { return name("out/"+channelID, thread).ID }

// outJob is one thing to be done on a thread: send a message, or decide about an echo that may be one of ours.
type outJob struct {
	Channel string `json:"channel"`
	Message string `json:"message,omitempty"`
	Echo    string `json:"echo,omitempty"` // a delivery row's ID
}

// Times of sending.
const (
	leaseFor = time.Minute      // how long a worker holds a group; a process that dies leaves it closed for so long
	callFor  = 30 * time.Second // how long one call to a provider may take; less than leaseFor
)

// work is one leased group being done.
type work struct {
	desk  *Desk
	lease store.Lease
}

// finish says that a job is done, in the commit of what it did. The group stays the worker's for the jobs that are left.
func (w *work) finish(t *txn, job store.Job, last bool) {
	f := store.Finish{Group: w.lease.Group, Token: w.lease.Token, Jobs: []string{job.ID}}
	if !last {
		f.Hold = t.now.Add(leaseFor)
	}
	t.batch.Done(f)
}

// hold keeps the group closed for a while, with its jobs still in it; 0 opens it.
func (w *work) hold(ctx context.Context, wait time.Duration) error {
	d := w.desk
	return d.write(ctx, w.lease.Tenant, "", func(t *txn) error {
		f := store.Finish{Group: w.lease.Group, Token: w.lease.Token}
		if wait > 0 {
			f.Hold = t.now.Add(wait)
		}
		t.batch.Done(f)
		return nil
	})
}

// out does a thread's jobs in order, until one must wait.
func (w *work) out(ctx context.Context) error {
	for i, job := range w.lease.Jobs {
		var j outJob
		if _, err := store.Decode(job.Body, &j); err != nil {
			return err
		}
		last := i == len(w.lease.Jobs)-1
		wait, err := w.outJob(ctx, job, j, last)
		if err != nil || wait > 0 {
			return err
		}
	}
	return nil
}

func (w *work) outJob(ctx context.Context, job store.Job, j outJob, last bool) (wait time.Duration, err error) {
	if j.Echo != "" {
		return 0, w.echo(ctx, job, j, last)
	}
	s := &sending{work: w, job: job, last: last, id: j.Message}
	return s.send(ctx)
}

// sending is one message on its way to the provider.
type sending struct {
	*work
	job  store.Job
	last bool
	id   string
}

// send takes a message as far as it gets now. wait is set when the provider is to be tried again later.
func (s *sending) send(ctx context.Context) (wait time.Duration, err error) {
	for {
		step, err := s.begin(ctx)
		if err != nil || step == nil {
			return 0, err
		}
		if step.conn == nil {
			continue // a part in doubt was found out about
		}
		sent, callErr := s.call(ctx, step)
		wait, more, err := s.result(ctx, step, sent, callErr)
		if err != nil || !more {
			return wait, err
		}
	}
}

// step is the next call to the provider.
type step struct {
	conn  channel.Conn
	part  channel.Part
	tries int // calls of this part so far, with this one
}

// begin checks again what time may have changed, and commits that the next part is being sent. From here on undoing loses the race. nil
// means that nothing is left to call.
func (s *sending) begin(ctx context.Context) (next *step, err error) {
	err = s.desk.write(ctx, s.lease.Tenant, "message/"+s.id, func(t *txn) error {
		next = nil
		m, conv, err := s.load(t)
		if err != nil || m == nil {
			return err
		}
		doc, conn, err := t.opened(m.Channel)
		if err != nil {
			return s.fail(t, m, conv, openError(err))
		}
		parts, err := plan(conn, s.outgoing(t, m, conv, conn))
		if err != nil {
			return s.fail(t, m, conv, asContent(err))
		}
		if len(m.Parts) != len(parts) {
			m.Parts = slices.Repeat([]conversation.Part{{Delivery: conversation.Queued}}, len(parts))
		}
		i := slices.IndexFunc(m.Parts, func(p conversation.Part) bool { return !p.Delivery.Settled() })
		if i < 0 {
			s.finish(t, s.job, s.last)
			return nil
		}
		if m.Parts[i].Delivery != conversation.Queued {
			known, err := s.inDoubt(ctx, t, m, conv, conn, parts[i], i)
			if known {
				next = &step{}
			}
			return err
		}
		if refusal := s.refuse(t, m, conv, doc, conn); refusal != nil {
			return s.fail(t, m, conv, refusal)
		}
		m.Parts[i].Delivery = conversation.Sending
		m.Parts[i].Tries++
		next = &step{conn: conn, part: parts[i], tries: m.Parts[i].Tries}
		t.batch.Done(store.Finish{Group: s.lease.Group, Token: s.lease.Token, Hold: t.now.Add(leaseFor)})
		return s.put(t, m, conv)
	})
	if err != nil {
		next = nil
	}
	return next, err
}

// load reads the message and its conversation; nil if there is nothing to send.
func (s *sending) load(t *txn) (*conversation.Message, *conversation.Conversation, error) {
	if err := t.load(messageKey(s.id)); err != nil {
		return nil, nil, err
	}
	row, ok := t.row(messageKey(s.id))
	if !ok {
		s.finish(t, s.job, s.last)
		return nil, nil, nil
	}
	m, err := decode[conversation.Message](t, row)
	if err != nil {
		return nil, nil, err
	}
	if m.Delivery.Settled() || m.Delivery == conversation.Unknown {
		s.finish(t, s.job, s.last)
		return nil, nil, nil
	}
	m.Parts = slices.Clone(m.Parts)
	if m.Test {
		return &m, nil, nil
	}
	if err := t.load(conversationKey(m.Conversation)); err != nil {
		return nil, nil, err
	}
	conv, err := t.conversation(m.Conversation)
	if errors.Is(err, ErrNotFound) {
		s.finish(t, s.job, s.last)
		return nil, nil, nil
	}
	// The decision does not rest on what else happens to the conversation, so that agents and customers never hold a send up.
	t.batch.Ignore(conversationKey(m.Conversation))
	return &m, &conv, err
}

// outgoing is what the driver is given, with the reference and what the window demands at this moment.
func (s *sending) outgoing(t *txn, m *conversation.Message, conv *conversation.Conversation, conn channel.Conn) channel.Outgoing {
	th := conversation.Thread{Channel: m.Channel, Key: m.Thread}
	if conv != nil {
		if known, ok := conv.Thread(m.Channel, m.Thread); ok {
			th = known
		}
	}
	out := outgoing(m, th)
	out.Tag = conn.Capabilities().Window.Access(th.LastInbound, t.now, out.Human, nil).Tag
	if m.ReplyTo != "" {
		if err := t.load(messageKey(m.ReplyTo)); err == nil {
			if quoted, err := t.message(m.ReplyTo); err == nil {
				out.ReplyTo = quoted.ProviderID
				if out.ReplyTo == "" && len(quoted.Parts) > 0 {
					out.ReplyTo = quoted.Parts[0].ProviderID
				}
			}
		}
		t.batch.Ignore(messageKey(m.ReplyTo))
	}
	return out
}

// refuse says what has come in the way since the message was accepted.
func (s *sending) refuse(t *txn, m *conversation.Message, conv *conversation.Conversation, doc Channel, conn channel.Conn) *channel.Error {
	if doc.Inactive {
		return &channel.Error{Class: channel.ChannelDown, Detail: "the channel is inactive"}
	}
	if conv == nil {
		return nil
	}
	people, err := t.people(conv)
	if err == nil {
		for _, contact := range people {
			if slices.Contains(contact.OptedOut, doc.ID) {
				return &channel.Error{Class: channel.Recipient, Detail: "the contact has opted out", OptedOut: true}
			}
		}
	}
	th, _ := conv.Thread(m.Channel, m.Thread)
	// This message is among the thread's answers already, so the quota is not asked again.
	if err := open(windowOnly(conn.Capabilities()), doc.ID, conversation.Thread{LastInbound: th.LastInbound}, t,
		m.Author.Kind == conversation.ByAgent, m.Template != nil); err != nil {
		return &channel.Error{Class: channel.WindowClosed, Detail: err.Error()}
	}
	return nil
}

func windowOnly(caps channel.Capabilities) channel.Capabilities {
	caps.Window.Quotas = nil
	return caps
}

// inDoubt is a part that a worker was sending when it was lost: nobody calls again by himself. The driver may find out what became of it,
// and a provider that drops repeated references may be asked again; known says that one of these helped.
func (s *sending) inDoubt(ctx context.Context, t *txn, m *conversation.Message, conv *conversation.Conversation, conn channel.Conn, part channel.Part, i int) (known bool, err error) {
	p := &m.Parts[i]
	switch sent, err := find(ctx, conn, part); {
	case err == nil:
		p.ProviderID, p.Delivery = sent.ID, orSent(sent.Delivery)
		if sent.ID != "" {
			if err := t.claimProvider(m.Channel, sent.ID, m); err != nil {
				return false, err
			}
		}
		return true, s.put(t, m, conv)
	case errors.Is(err, channel.ErrNotFound) || conn.Capabilities().Idempotent:
		p.Delivery = conversation.Queued
		return true, s.put(t, m, conv)
	}
	p.Delivery = conversation.Unknown
	p.Failure = &conversation.Failure{Class: string(channel.Unknown), Detail: "the program ended while it was being sent", Retry: true}
	s.finish(t, s.job, s.last)
	return false, s.put(t, m, conv)
}

// find asks a driver that can what became of a part. Any error but ErrNotFound leaves it in doubt.
func find(ctx context.Context, conn channel.Conn, part channel.Part) (channel.Sent, error) {
	f, ok := conn.(channel.Finder)
	if !ok {
		return channel.Sent{}, errors.ErrUnsupported
	}
	ctx, cancel := context.WithTimeout(ctx, callFor)
	defer cancel()
	return f.Find(ctx, part)
}

func orSent(d conversation.Delivery) conversation.Delivery {
	if !d.Valid() {
		return conversation.Sent
	}
	return d
}

// put writes the message with its state, tells a change of it, and what it means for the conversation.
func (s *sending) put(t *txn, m *conversation.Message, conv *conversation.Conversation) error {
	before := m.Delivery
	m.Delivery, m.Failure = conversation.Outcome(m.Parts)
	m.Changed = conversation.Later(m.Changed, t.now)
	if before == m.Delivery {
		return t.putMessage(m)
	}
	command, err := t.delivered(m, before)
	if err != nil || command == nil || conv == nil {
		return err
	}
	env, err := t.env(conversation.Actor{Kind: conversation.BySystem}, conv.Mailbox, t.ids)
	if err != nil {
		return err
	}
	_, err = t.apply(conv, false, env, command)
	return err
}

// fail ends a message: what is not sent of it will not be.
func (s *sending) fail(t *txn, m *conversation.Message, conv *conversation.Conversation, e *channel.Error) error {
	if len(m.Parts) == 0 {
		m.Parts = []conversation.Part{{Delivery: conversation.Queued}}
	}
	for i := range m.Parts {
		if p := &m.Parts[i]; !p.Delivery.Settled() {
			p.Delivery, p.Failure = conversation.Failed, e.Failure()
		}
	}
	s.finish(t, s.job, s.last)
	if e.OptedOut && conv != nil {
		if err := t.optOut(conv, m.Channel); err != nil {
			return err
		}
	}
	return s.put(t, m, conv)
}

// optOut notes what the provider said: the conversation's first contact is not to be written to on the channel.
func (t *txn) optOut(conv *conversation.Conversation, channelID string) error {
	people, err := t.people(conv)
	if err != nil || len(people) == 0 || slices.Contains(people[0].OptedOut, channelID) {
		return err
	}
	contact := people[0]
	contact.OptedOut = append(slices.Clone(contact.OptedOut), channelID)
	contact.Changed = conversation.Later(contact.Changed, t.now)
	t.tell(contact.Changed, conversation.Event{Type: conversation.EventConsent, At: t.now, Actor: conversation.Actor{Kind: conversation.BySystem},
		Contact: contact.ID, Subject: channelID, To: "out"})
	return t.putContact(&contact)
}

// openError sorts why a channel could not be opened: a person must mend it.
func openError(err error) *channel.Error {
	return &channel.Error{Class: channel.ChannelDown, Detail: err.Error()}
}

func asContent(err error) *channel.Error {
	e := channel.AsError(err)
	if e.Class == channel.Unknown {
		return &channel.Error{Class: channel.Content, Detail: err.Error()}
	}
	return e
}

// call hands one part to the provider. A driver that panics leaves it in doubt. A program that is told to end waits for the answer:
// breaking the call off would leave the message in doubt.
func (s *sending) call(ctx context.Context, next *step) (sent channel.Sent, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callFor)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = &channel.Error{Class: channel.Unknown, Detail: fmt.Sprintf("panic: %v", p)}
		}
	}()
	return next.conn.Send(ctx, next.part)
}

// result commits what came of a call, against the message as it is then: a receipt may have been faster. It is committed also when the
// program is told to end, since the provider has been called.
func (s *sending) result(ctx context.Context, next *step, sent channel.Sent, callErr error) (wait time.Duration, more bool, err error) {
	ctx = context.WithoutCancel(ctx)
	err = s.desk.write(ctx, s.lease.Tenant, "message/"+s.id, func(t *txn) error {
		wait, more = 0, false
		if err := t.load(messageKey(s.id)); err != nil {
			return err
		}
		m, err := t.message(s.id)
		if err != nil {
			return err
		}
		m.Parts = slices.Clone(m.Parts)
		var conv *conversation.Conversation
		if !m.Test {
			if err := t.load(conversationKey(m.Conversation)); err != nil {
				return err
			}
			c, err := t.conversation(m.Conversation)
			if err != nil {
				return err
			}
			t.batch.Ignore(conversationKey(c.ID))
			conv = &c
		}
		if callErr != nil {
			wait, more, err = s.failed(t, &m, conv, next, channel.AsError(callErr))
			return err
		}
		more, err = s.sent(t, &m, conv, next.part.Index, sent)
		return err
	})
	return wait, more, err
}

// sent notes that the provider took a part.
func (s *sending) sent(t *txn, m *conversation.Message, conv *conversation.Conversation, i int, sent channel.Sent) (more bool, err error) {
	p := &m.Parts[i]
	p.ProviderID = sent.ID
	p.Delivery = p.Delivery.Advance(orSent(sent.Delivery))
	if p.Delivery != conversation.Failed {
		p.Failure = nil
	}
	if sent.ID != "" {
		if err := t.claimProvider(m.Channel, sent.ID, m); err != nil {
			return false, err
		}
	}
	more = slices.ContainsFunc(m.Parts, func(p conversation.Part) bool { return p.Delivery == conversation.Queued })
	if !more {
		s.finish(t, s.job, s.last)
	}
	return more, s.put(t, m, conv)
}

// failed notes that a call failed: to be tried again on the ladder, in doubt, or for good.
func (s *sending) failed(t *txn, m *conversation.Message, conv *conversation.Conversation, next *step, e *channel.Error) (wait time.Duration, more bool, err error) {
	p := &m.Parts[next.part.Index]
	if p.Delivery.Settled() { // a receipt says otherwise
		s.finish(t, s.job, s.last)
		return 0, false, s.put(t, m, conv)
	}
	again := e.Class == channel.Retry || e.Class == channel.ChannelDown || e.Class == channel.Unknown && next.conn.Capabilities().Idempotent
	ladder := s.desk.cfg.Retry
	if again && next.tries <= len(ladder) {
		p.Delivery, p.Failure = conversation.Queued, e.Failure()
		wait = max(ladder[next.tries-1], e.RetryAfter)
		t.batch.Done(store.Finish{Group: s.lease.Group, Token: s.lease.Token, Hold: t.now.Add(wait)})
		return wait, false, s.put(t, m, conv)
	}
	if e.Class == channel.Unknown {
		p.Delivery, p.Failure = conversation.Unknown, e.Failure()
		s.finish(t, s.job, s.last)
		return 0, false, s.put(t, m, conv)
	}
	return 0, false, s.fail(t, m, conv, e)
}

// echo decides about a parked echo, now that no send of its thread is under way: if its provider's ID leads to a message of ours it is
// that one's, else it is stored.
func (w *work) echo(ctx context.Context, job store.Job, j outJob, last bool) error {
	d := w.desk
	return d.write(ctx, w.lease.Tenant, "", func(t *txn) error {
		if err := t.load(deliveryKey(j.Echo)); err != nil {
			return err
		}
		w.finish(t, job, last)
		row, ok := t.row(deliveryKey(j.Echo))
		if !ok {
			return nil
		}
		p, err := decode[parked](t, row)
		if err != nil {
			return err
		}
		in, err := t.inbound(p.Channel, p.Items)
		if err != nil {
			return err
		}
		t.remove(row.Key)
		if in.seen(p.ID) {
			return nil
		}
		for _, item := range p.Items {
			if item.Message != nil {
				err = in.storeEcho(item)
			} else {
				err = in.take(item)
			}
			if err != nil {
				return err
			}
		}
		return in.finish()
	})
}
