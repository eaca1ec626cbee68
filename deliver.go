package frontdesk

import (
	"cmp"
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
	Echo    string `json:"echo,omitempty"` // ID of a delivery row: an echo, or what takes a message of ours back
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
	job    store.Job
	last   bool
	id     string
	before conversation.Delivery // the message's state as it was loaded
	asked  *step                 // what this worker has claimed without hearing whether that was committed
}

// send takes a message as far as it gets now. wait is set when the provider is to be tried again later.
func (s *sending) send(ctx context.Context) (wait time.Duration, err error) {
	for {
		next, wait, err := s.begin(ctx)
		if err != nil || next == nil {
			return wait, err
		}
		if next.doubt {
			sent, findErr := find(ctx, next)
			if err := s.found(ctx, next, sent, findErr); err != nil {
				return 0, err
			}
			continue
		}
		sent, callErr := s.call(ctx, next)
		wait, more, err := s.result(ctx, next, sent, callErr)
		if err != nil || !more {
			return wait, err
		}
	}
}

// step is the next call to the provider.
type step struct {
	conn  channel.Conn
	part  channel.Part
	tries int  // calls of this part so far, with this one
	doubt bool // a lost worker was making the call: the provider is asked what became of it

	claimed time.Time // the message's Changed as the claim wrote it
}

// begin checks again what time may have changed, and commits that the next part is being sent. From here on undoing loses the race. nil
// means that nothing is left to call for now.
func (s *sending) begin(ctx context.Context) (next *step, wait time.Duration, err error) {
	if err := cmp.Or(ctx.Err(), s.held()); err != nil {
		return nil, 0, err
	}
	// A commit that is broken off may still have its effect, and would leave in doubt what nobody has sent.
	ctx, cancel := unbroken(ctx)
	defer cancel()
	until := s.until
	for try := 0; ; try++ {
		next = nil
		err = s.desk.write(ctx, s.lease.Tenant, "message/"+s.id, func(t *txn) (err error) {
			next, wait, err = s.next(t)
			return err
		})
		if err == nil {
			return next, wait, nil
		}
		s.until = until // what prolonged it may not have been committed
		if next != nil {
			// A claim whose commit failed may have been written all the same: nobody but this worker knows that it has not called.
			s.asked = next
		}
		if s.asked == nil || errors.Is(err, store.ErrConflict) || try == len(notePauses) || s.held() != nil {
			return nil, wait, err
		}
		if pause(ctx, notePauses[try]) != nil {
			return nil, wait, err
		}
	}
}

// claims reports whether the part is being sent because of this worker's own claim, whose outcome it had not heard.
func (s *sending) claims(m *conversation.Message, i int) bool {
	return s.asked != nil && s.asked.part.Index == i && s.asked.tries == m.Parts[i].Tries && s.asked.claimed.Equal(m.Changed)
}

// next decides what is to be called next.
func (s *sending) next(t *txn) (next *step, wait time.Duration, err error) {
	m, conv, err := s.load(t)
	if err != nil || m == nil {
		return nil, 0, err
	}
	doc, err := t.channel(m.Channel)
	if err != nil {
		return nil, 0, err
	}
	if doc.Inactive {
		return nil, 0, s.fail(t, m, conv, &channel.Error{Class: channel.ChannelDown, Detail: "the channel is inactive"})
	}
	_, conn, err := t.opened(m.Channel)
	if err != nil {
		wait, err = s.notOpen(t, m, conv, err)
		return nil, wait, err
	}
	parts, refusal := s.parts(t, m, conv, conn)
	if refusal != nil {
		return nil, 0, s.fail(t, m, conv, refusal)
	}
	i := slices.IndexFunc(m.Parts, func(p conversation.Part) bool { return !p.Delivery.Settled() })
	if i < 0 {
		s.finish(t, s.job, s.last)
		return nil, 0, nil
	}
	p := &m.Parts[i]
	if p.Delivery == conversation.Sending && s.claims(m, i) {
		return s.asked, 0, errStop
	}
	if p.Delivery != conversation.Queued {
		return &step{conn: conn, part: parts[i], tries: p.Tries, doubt: true}, 0, errStop
	}
	if refusal, err = s.refuse(t, m, conv, doc, conn); err != nil {
		return nil, 0, err
	}
	if refusal != nil {
		return nil, 0, s.fail(t, m, conv, refusal)
	}
	p.Delivery = conversation.Sending
	p.Tries++
	s.prolong(t)
	if err := s.put(t, m, conv); err != nil {
		return nil, 0, err
	}
	return &step{conn: conn, part: parts[i], tries: p.Tries, claimed: m.Changed}, 0, nil
}

// load reads the message and its conversation; nil if there is nothing to send.
func (s *sending) load(t *txn) (*conversation.Message, *conversation.Conversation, error) {
	m, conv, err := s.read(t)
	if errors.Is(err, ErrNotFound) || err == nil && (m.Delivery.Settled() || m.Delivery == conversation.Unknown) {
		s.finish(t, s.job, s.last)
		return nil, nil, nil
	}
	return m, conv, err
}

// read reads the message and, unless it is a test, its conversation.
func (s *sending) read(t *txn) (*conversation.Message, *conversation.Conversation, error) {
	if err := t.load(messageKey(s.id)); err != nil {
		return nil, nil, err
	}
	m, err := t.message(s.id)
	if err != nil {
		return nil, nil, err
	}
	m.Parts, s.before = slices.Clone(m.Parts), m.Delivery
	if m.Test {
		return &m, nil, nil
	}
	conv, err := t.head(m.Conversation)
	// The decision does not rest on what else happens to the conversation, so that agents and customers never hold a send up.
	t.batch.Ignore(conversationKey(m.Conversation), conversationKey(conv.ID))
	return &m, &conv, err
}

// parts plans the message. A plan that has changed since a part was sent cannot be gone on with.
func (s *sending) parts(t *txn, m *conversation.Message, conv *conversation.Conversation, conn channel.Conn) ([]channel.Part, *channel.Error) {
	parts, err := plan(conn, s.outgoing(t, m, conv, conn))
	if err != nil {
		return nil, asContent(err)
	}
	if len(m.Parts) == len(parts) {
		return parts, nil
	}
	if slices.ContainsFunc(m.Parts, func(p conversation.Part) bool { return p.Delivery != conversation.Queued }) {
		return nil, &channel.Error{Class: channel.Content, Detail: "the channel's settings have changed since a part of it was sent; send the rest as a new message"}
	}
	m.Parts = slices.Repeat([]conversation.Part{{Delivery: conversation.Queued}}, len(parts))
	return parts, nil
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
	s.desk.hand(t.tenant, m, &out)
	out.Tag = conn.Capabilities().Window.Access(th.LastInbound, t.now, out.Human, nil).Tag
	if m.ReplyTo != "" {
		if err := t.load(messageKey(m.ReplyTo)); err == nil {
			if quoted, err := t.message(m.ReplyTo); err == nil && quoted.Channel == m.Channel { // another channel does not know its ID
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
func (s *sending) refuse(t *txn, m *conversation.Message, conv *conversation.Conversation, doc Channel, conn channel.Conn) (*channel.Error, error) {
	if conv == nil {
		return nil, nil
	}
	people, err := t.people(conv)
	if err != nil {
		return nil, err
	}
	if e := refusedBy(people, doc.ID); e != nil {
		return e, nil
	}
	th, _ := conv.Thread(m.Channel, m.Thread)
	// This message is among the thread's answers already, so the quota is not asked again.
	if err := open(windowOnly(conn.Capabilities()), doc.ID, conversation.Thread{LastInbound: th.LastInbound}, t,
		m.Author.Kind == conversation.ByAgent, m.Template != nil); err != nil {
		return &channel.Error{Class: channel.WindowClosed, Detail: err.Error()}, nil
	}
	return nil, nil
}

func windowOnly(caps channel.Capabilities) channel.Capabilities {
	caps.Window.Quotas = nil
	return caps
}

// call hands one part to the provider. A driver that panics leaves it in doubt. The call is not broken off when the program is told to
// end, since that would leave it in doubt as well.
func (s *sending) call(ctx context.Context, next *step) (sent channel.Sent, err error) {
	if s.desk.now().Add(callFor).After(s.until) {
		return sent, &channel.Error{Class: channel.Retry, Detail: "held up for too long before the call"}
	}
	ctx, cancel := unbroken(ctx)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = &channel.Error{Class: channel.Unknown, Detail: fmt.Sprintf("panic: %v", p)}
		}
	}()
	return next.conn.Send(ctx, next.part)
}

// find asks a driver that can what became of a part. Any error but ErrNotFound leaves it in doubt.
func find(ctx context.Context, next *step) (sent channel.Sent, err error) {
	f, ok := next.conn.(channel.Finder)
	if !ok {
		return channel.Sent{}, errors.ErrUnsupported
	}
	ctx, cancel := unbroken(ctx)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return f.Find(ctx, next.part)
}
