package desk_test

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/loopback"
	"github.com/frontdesk-go/frontdesk/conversation"
)

// replies queues an answer by Jane.
func (w *world) replies(id, text string) conversation.Message {
	w.t.Helper()
	m, err := w.jane.Reply(ctx, id, frontdesk.Draft{Text: text, Verbatim: true})
	require.NoError(w.t, err)
	return m
}

// message reads a message as the host.
func (w *world) message(id string) conversation.Message {
	w.t.Helper()
	m, err := w.setup.Message(ctx, id)
	require.NoError(w.t, err)
	return m
}

// receipt delivers the provider's news of a message.
func (w *world) receipt(id string, d conversation.Delivery, f *conversation.Failure) {
	w.t.Helper()
	require.Equal(w.t, http.StatusOK, w.hook(channel.Item{Account: "shop", At: w.clock.Now(),
		Receipt: &channel.Receipt{IDs: []string{id}, Delivery: d, Failure: f}}))
}

// undelivered are the IDs of the messages that a person should look at.
func (w *world) undelivered(s *frontdesk.Session) (ids []string) {
	w.t.Helper()
	page, err := s.Undelivered(ctx, "", 100)
	require.NoError(w.t, err)
	for _, m := range page.Items {
		ids = append(ids, m.ID)
	}
	return ids
}

// failures are the IDs of the conversations listed as failed.
func (w *world) failures(s *frontdesk.Session) (ids []string) {
	w.t.Helper()
	page, err := s.Conversations(ctx, frontdesk.Query{View: frontdesk.FailedView})
	require.NoError(w.t, err)
	for _, c := range page.Items {
		ids = append(ids, c.ID)
	}
	return ids
}

// states are the delivery states that events told of a message.
func (w *world) states(id string) (out []string) {
	w.t.Helper()
	for _, e := range w.events() {
		if e.Message == id && e.Type == conversation.EventDelivery {
			out = append(out, e.To)
		}
	}
	return out
}

func TestS12_StatesMoveForwardOnly(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		w.provider.Next("shop", loopback.Outcome{Sent: channel.Sent{ID: "p1"}})
		m := w.replies(c.ID, "Hello")
		assert.Equal(t, conversation.Queued, m.Delivery)
		w.run()
		assert.Equal(t, conversation.Sent, w.message(m.ID).Delivery)
		failure := &conversation.Failure{Class: string(channel.Recipient), Code: "30003"}
		for _, step := range []struct{ says, want conversation.Delivery }{
			{conversation.Sent, conversation.Sent},
			{conversation.Read, conversation.Read},
			{conversation.Delivered, conversation.Read}, // late
			{conversation.Read, conversation.Read},      // repeated
			{conversation.Sent, conversation.Read},
			{conversation.Failed, conversation.Read}, // nonsense after it was read
		} {
			w.receipt("p1", step.says, failure)
			got := w.message(m.ID)
			assert.Equal(t, step.want, got.Delivery, "after %s", step.says)
			assert.Nil(t, got.Failure)
		}
		assert.Equal(t, []string{"sending", "sent", "read"}, w.states(m.ID), "one event for each change")
		assert.Empty(t, w.failures(w.jane))
	})
}

func TestS12_ReceiptBeforeTheCallReturned(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		begun, wait := make(chan struct{}), make(chan struct{})
		w.provider.Next("shop", loopback.Outcome{Sent: channel.Sent{ID: "early"}, Begun: begun, Wait: wait})
		m := w.replies(c.ID, "Hello")
		done := make(chan error)
		go func() { done <- w.desk.RunDue(ctx) }()
		<-begun
		assert.Equal(t, conversation.Sending, w.message(m.ID).Delivery)
		w.receipt("early", conversation.Delivered, nil)
		w.receipt("early", conversation.Sent, nil)
		close(wait)
		require.NoError(t, <-done)
		assert.Equal(t, conversation.Delivered, w.message(m.ID).Delivery)
		assert.Equal(t, []string{"sending", "delivered"}, w.states(m.ID))
		w.receipt("early", conversation.Read, nil)
		assert.Equal(t, conversation.Read, w.message(m.ID).Delivery, "the provider's ID leads to the message")
	})
}

func TestS12_FailureBeforeTheCallReturned(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		begun, wait := make(chan struct{}), make(chan struct{})
		w.provider.Next("shop", loopback.Outcome{Sent: channel.Sent{ID: "early"}, Begun: begun, Wait: wait})
		m, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "Hello", Then: []frontdesk.Action{frontdesk.SetStatus{Status: conversation.Closed}}})
		require.NoError(t, err)
		done := make(chan error)
		go func() { done <- w.desk.RunDue(ctx) }()
		<-begun
		w.receipt("early", conversation.Failed, &conversation.Failure{Class: string(channel.Recipient), Code: "131026"})
		close(wait)
		require.NoError(t, <-done)
		got := w.message(m.ID)
		assert.Equal(t, conversation.Failed, got.Delivery)
		require.NotNil(t, got.Failure)
		assert.Equal(t, "131026", got.Failure.Code)
		assert.Equal(t, []string{c.ID}, w.failures(w.jane), "the early failure is counted as a late one is")
		assert.Equal(t, conversation.Open, w.get(c.ID).Status)
		assert.Equal(t, 1, w.count(conversation.EventFailed))
	})
}

// The provider's reference is our message's ID, so news can come before any provider's ID is known.
func TestS12_ReceiptByReference(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		w.provider.Next("shop", loopback.Outcome{Err: errors.New("connection lost"), Taken: true})
		m := w.replies(c.ID, "Hello")
		w.run()
		assert.Equal(t, conversation.Unknown, w.message(m.ID).Delivery)
		require.Equal(t, http.StatusOK, w.hook(channel.Item{Account: "shop", At: w.clock.Now(),
			Receipt: &channel.Receipt{IDs: []string{"late"}, Reference: m.ID, Delivery: conversation.Delivered}}))
		assert.Equal(t, conversation.Delivered, w.message(m.ID).Delivery)
		assert.Empty(t, w.undelivered(w.jane))
		assert.Len(t, w.provider.Sent("shop"), 1)
	})
}

// ladder is the default one.
var ladder = []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour}

func TestS13_Ladder(t *testing.T) {
	tests := []struct {
		class      channel.Class
		idempotent bool
		calls      int // in all, when the provider always answers so
		want       conversation.Delivery
		helps      bool
	}{
		{channel.Retry, false, 9, conversation.Failed, true},
		{channel.ChannelDown, false, 9, conversation.Failed, true},
		{channel.Recipient, false, 1, conversation.Failed, false},
		{channel.Content, false, 1, conversation.Failed, false},
		{channel.WindowClosed, false, 1, conversation.Failed, true},
		{channel.Unknown, false, 1, conversation.Unknown, true},
		{channel.Unknown, true, 9, conversation.Unknown, true},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s idempotent=%v", tt.class, tt.idempotent), func(t *testing.T) {
			onMemory(t, func(t *testing.T, w *world) {
				caps := loopback.Default()
				caps.Idempotent = tt.idempotent
				w.provider.SetCapabilities("bad", caps)
				bad := w.channel(frontdesk.Channel{Account: "bad", Mailbox: "berlin"})
				for range 20 {
					w.provider.Next("bad", loopback.Outcome{Err: &channel.Error{Class: tt.class, Code: "7", Detail: "no"}})
				}
				m, err := w.jane.Compose(ctx, frontdesk.Start{Channel: bad.ID, Address: "ann", Draft: frontdesk.Draft{Text: "Hi"}})
				require.NoError(t, err)
				w.run()
				for i := 0; i < tt.calls-1; i++ {
					require.Len(t, w.provider.Sent("bad"), i+1)
					assert.Equal(t, conversation.Queued, w.message(m.ID).Delivery)
					w.clock.Advance(ladder[i] - time.Microsecond)
					w.run()
					require.Len(t, w.provider.Sent("bad"), i+1, "not before its time")
					w.clock.Advance(time.Microsecond)
					w.run()
				}
				w.clock.Advance(24 * time.Hour)
				w.run()
				assert.Len(t, w.provider.Sent("bad"), tt.calls)
				got := w.message(m.ID)
				assert.Equal(t, tt.want, got.Delivery)
				require.NotNil(t, got.Failure)
				assert.Equal(t, conversation.Failure{Class: string(tt.class), Code: "7", Detail: "no", Retry: tt.helps}, *got.Failure)
				assert.Equal(t, []string{m.ID}, w.undelivered(w.jane))
			})
		})
	}
}

func TestS13_ProviderSaysWhenToTryAgain(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		w.provider.Next("shop", loopback.Outcome{Err: &channel.Error{Class: channel.Retry, RetryAfter: time.Hour}},
			loopback.Outcome{Err: &channel.Error{Class: channel.Retry, RetryAfter: 10 * 365 * 24 * time.Hour}})
		m := w.replies(c.ID, "Hello")
		w.run()
		w.clock.Advance(time.Hour - time.Microsecond)
		w.run()
		assert.Len(t, w.provider.Sent("shop"), 1)
		w.clock.Advance(time.Microsecond)
		w.run()
		assert.Len(t, w.provider.Sent("shop"), 2)
		w.clock.Advance(24 * time.Hour)
		w.run()
		assert.Equal(t, conversation.Sent, w.message(m.ID).Delivery, "a time out of all reason is cut to a day")
	})
}

// While the first message of a thread is tried again, the second waits; another thread does not.
func TestS13_OrderOfAThreadIsKeptWhileRetrying(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann, bob := w.hears("ann", "Hi"), w.hears("bob", "Hi")
		w.provider.Next("shop", loopback.Outcome{Err: &channel.Error{Class: channel.Retry}})
		w.replies(ann.ID, "1")
		w.run()
		w.replies(ann.ID, "2")
		w.replies(bob.ID, "other")
		w.replies(ann.ID, "3")
		w.run()
		assert.Equal(t, []string{"1", "other"}, w.texts())
		w.clock.Advance(ladder[0])
		w.run()
		assert.Equal(t, []string{"1", "other", "1", "2", "3"}, w.texts())
	})
}

func TestS13_PartsResumeWhereTheyFailed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ch := w.channel(frontdesk.Channel{Account: "parts", Mailbox: "berlin", Options: map[string]string{"part_files": "1"}})
		w.provider.Next("parts", loopback.Outcome{}, loopback.Outcome{Err: &channel.Error{Class: channel.Retry}})
		m, err := w.jane.Compose(ctx, frontdesk.Start{Channel: ch.ID, Address: "ann", Draft: frontdesk.Draft{Text: "Three", Attachments: files(3)}})
		require.NoError(t, err)
		w.run()
		got := w.message(m.ID)
		assert.Equal(t, conversation.Queued, got.Delivery, "not sent before every part is")
		require.Len(t, got.Parts, 3)
		assert.Equal(t, conversation.Sent, got.Parts[0].Delivery)
		w.clock.Advance(ladder[0])
		w.run()
		var parts []int
		for _, call := range w.provider.Sent("parts") {
			parts = append(parts, call.Part.Index)
		}
		assert.Equal(t, []int{0, 1, 1, 2}, parts)
		assert.Equal(t, conversation.Sent, w.message(m.ID).Delivery)

		w.provider.Next("parts", loopback.Outcome{}, loopback.Outcome{Err: &channel.Error{Class: channel.Content}})
		m, err = w.jane.Compose(ctx, frontdesk.Start{Channel: ch.ID, Address: "ann", Draft: frontdesk.Draft{Text: "Again", Attachments: files(3)}})
		require.NoError(t, err)
		w.run()
		assert.Equal(t, conversation.Failed, w.message(m.ID).Delivery)
		_, err = w.jane.Retry(ctx, m.ID)
		require.NoError(t, err)
		w.run()
		assert.Equal(t, conversation.Sent, w.message(m.ID).Delivery)
		parts = nil
		for _, call := range w.provider.Sent("parts")[4:] {
			parts = append(parts, call.Part.Index)
		}
		assert.Equal(t, []int{0, 1, 1, 2}, parts, "what was sent is not sent again")
	})
}

func files(n int) (out []conversation.Attachment) {
	for i := range n {
		out = append(out, conversation.Attachment{URL: "https://files.example.com/" + strconv.Itoa(i), Name: strconv.Itoa(i) + ".jpg", Type: "image/jpeg", Size: 100})
	}
	return out
}

func TestS13_DoubleClick(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		other := w.open() // half of the clicks arrive at another process
		ids, errs := make([]string, 50), make([]error, 50)
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				s := w.jane
				if i%2 == 1 {
					s = other.As(frontdesk.Actor{Tenant: tenant, Agent: "jd"})
				}
				m, err := s.Reply(ctx, c.ID, frontdesk.Draft{Text: "Once", Key: "click"})
				ids[i], errs[i] = m.ID, err
			})
		}
		wg.Wait()
		for i := range 50 {
			require.NoError(t, errs[i])
			assert.Equal(t, ids[0], ids[i])
		}
		w.run()
		assert.Equal(t, []string{"Once"}, w.texts())
		assert.Equal(t, 2, w.get(c.ID).Messages)
	})
}

func TestS13_KeyReused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann, bob := w.hears("ann", "Hi"), w.hears("bob", "Hi")
		first := frontdesk.Draft{Text: "Once", Key: "k"}
		m, err := w.jane.Reply(ctx, ann.ID, first)
		require.NoError(t, err)
		same := first
		same.Then, same.Attachments = []frontdesk.Action{}, []conversation.Attachment{}
		again, err := w.jane.Reply(ctx, ann.ID, same)
		require.NoError(t, err, "empty is the same as none")
		assert.Equal(t, m.ID, again.ID)
		for name, call := range map[string]func() error{
			"other text": func() error {
				_, err := w.jane.Reply(ctx, ann.ID, frontdesk.Draft{Text: "Twice", Key: "k"})
				return err
			},
			"other conversation": func() error { _, err := w.jane.Reply(ctx, bob.ID, first); return err },
			"other act": func() error {
				d := first
				d.Then = []frontdesk.Action{frontdesk.Complete{}}
				_, err := w.jane.Reply(ctx, ann.ID, d)
				return err
			},
			"composed": func() error {
				_, err := w.jane.Compose(ctx, frontdesk.Start{Channel: w.chat.ID, Address: "ann", Draft: first})
				return err
			},
		} {
			err := call()
			assert.ErrorIs(t, err, frontdesk.ErrKeyReused, name)
			assert.True(t, frontdesk.Refused(err), name)
		}
		_, err = w.joe.Reply(ctx, ann.ID, first)
		require.NoError(t, err, "another agent's keys are his own")
		w.clock.Advance(31 * 24 * time.Hour)
		again, err = w.jane.Reply(ctx, ann.ID, first)
		require.NoError(t, err)
		assert.Equal(t, m.ID, again.ID, "kept for at least thirty days")
		w.run()
		assert.Equal(t, []string{"Once", "Once"}, w.texts())
		assert.Equal(t, 1, w.get(bob.ID).Messages, "nothing half done")
	})
}

func TestS14_FailedIsSeenRetriedDismissed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		_, err := w.jane.View(ctx, c.ID)
		require.NoError(t, err)
		_, err = w.joe.View(ctx, c.ID)
		require.NoError(t, err)
		bad := &channel.Error{Class: channel.Recipient, Code: "21610", Detail: "not reachable"}
		w.provider.Next("shop", loopback.Outcome{Err: bad}, loopback.Outcome{Err: bad})
		m, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "Bye", Then: []frontdesk.Action{frontdesk.Assign{Agent: "joe"}, frontdesk.Complete{}}})
		require.NoError(t, err)
		w.run()

		got := w.message(m.ID)
		assert.Equal(t, conversation.Failed, got.Delivery)
		assert.Equal(t, &conversation.Failure{Class: "recipient", Code: "21610", Detail: "not reachable"}, got.Failure)
		conv := w.get(c.ID)
		assert.Equal(t, conversation.Open, conv.Status, "a final failure reopens")
		assert.Equal(t, "joe", conv.Agent, "and keeps its agent")
		assert.Zero(t, w.unread(w.jane), "and makes nothing unread")
		assert.Zero(t, w.unread(w.joe))
		assert.Equal(t, []string{c.ID}, w.failures(w.jane))
		assert.Equal(t, []string{m.ID}, w.undelivered(w.jane))
		assert.Empty(t, w.undelivered(w.mia), "another mailbox's are not hers to see")
		assert.Empty(t, w.failures(w.mia))

		_, err = w.mia.Retry(ctx, m.ID)
		assert.ErrorIs(t, err, frontdesk.ErrNotFound)
		_, err = w.mia.Dismiss(ctx, m.ID)
		assert.ErrorIs(t, err, frontdesk.ErrNotFound)

		again, err := w.jane.Retry(ctx, m.ID)
		require.NoError(t, err)
		assert.Equal(t, conversation.Queued, again.Delivery)
		assert.Empty(t, w.failures(w.jane))
		_, err = w.jane.Retry(ctx, m.ID)
		assert.ErrorIs(t, err, conversation.ErrState, "it is queued already")
		w.run()
		assert.Len(t, w.texts(), 2)
		assert.Equal(t, []string{c.ID}, w.failures(w.jane), "failed again")

		_, err = w.jane.Dismiss(ctx, m.ID)
		require.NoError(t, err)
		_, err = w.jane.Dismiss(ctx, m.ID)
		assert.ErrorIs(t, err, conversation.ErrState)
		assert.Empty(t, w.failures(w.jane))
		assert.Empty(t, w.undelivered(w.jane))
		assert.Equal(t, conversation.Failed, w.message(m.ID).Delivery, "it stays as it is")
		assert.Zero(t, w.unread(w.jane))
		w.run()
		assert.Len(t, w.texts(), 2)
	})
}

func TestS14_RetryOfASentMessageIsRefused(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		m := w.replies(c.ID, "Hello")
		w.run()
		for _, id := range []string{m.ID, w.timeline(c.ID)[0].ID} {
			_, err := w.jane.Retry(ctx, id)
			assert.ErrorIs(t, err, conversation.ErrState)
			_, err = w.jane.Dismiss(ctx, id)
			assert.ErrorIs(t, err, conversation.ErrState)
		}
		_, err := w.jane.Retry(ctx, "none")
		assert.ErrorIs(t, err, frontdesk.ErrNotFound)
		assert.Len(t, w.texts(), 1)
	})
}

// A provider that repeats the news of an earlier try must not fail the new one.
func TestS14_RepeatedFailureOfAnEarlierTry(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		w.provider.Next("shop", loopback.Outcome{Sent: channel.Sent{ID: "try-1"}}, loopback.Outcome{Sent: channel.Sent{ID: "try-2"}})
		m := w.replies(c.ID, "Hello")
		w.run()
		failure := &conversation.Failure{Class: string(channel.Recipient)}
		w.receipt("try-1", conversation.Failed, failure)
		assert.Equal(t, []string{c.ID}, w.failures(w.jane))
		_, err := w.jane.Retry(ctx, m.ID)
		require.NoError(t, err)
		w.receipt("try-1", conversation.Failed, failure)
		assert.Equal(t, conversation.Queued, w.message(m.ID).Delivery)
		w.run()
		assert.Len(t, w.texts(), 2)
		w.receipt("try-1", conversation.Failed, failure)
		assert.Equal(t, conversation.Sent, w.message(m.ID).Delivery)
		w.receipt("try-2", conversation.Delivered, nil)
		assert.Equal(t, conversation.Delivered, w.message(m.ID).Delivery)
		assert.Empty(t, w.failures(w.jane))
	})
}

// A dismissed failure is counted no more, whatever the provider says of it later.
func TestS14_NewsOfADismissedMessage(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		down := loopback.Outcome{Err: &channel.Error{Class: channel.Content}}
		lost := loopback.Outcome{Err: errors.New("connection lost")}
		w.provider.Next("shop", loopback.Outcome{Sent: channel.Sent{ID: "a"}}, down, lost)
		a, b, u := w.replies(c.ID, "a"), w.replies(c.ID, "b"), w.replies(c.ID, "u")
		w.run()
		w.receipt("a", conversation.Failed, &conversation.Failure{Class: "recipient"})
		assert.Equal(t, 2, w.get(c.ID).Failed)
		_, err := w.jane.Dismiss(ctx, a.ID)
		require.NoError(t, err)
		assert.Equal(t, 1, w.get(c.ID).Failed)
		w.receipt("a", conversation.Delivered, nil)
		assert.Equal(t, 1, w.get(c.ID).Failed, "b is still to be looked at")
		assert.ElementsMatch(t, []string{b.ID, u.ID}, w.undelivered(w.jane))

		_, err = w.jane.Dismiss(ctx, u.ID)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, w.hook(channel.Item{Account: "shop", At: w.clock.Now(),
			Receipt: &channel.Receipt{Reference: u.ID, Delivery: conversation.Failed, Failure: &conversation.Failure{Class: "recipient"}}}))
		assert.ElementsMatch(t, []string{b.ID, u.ID}, w.undelivered(w.jane), "what was in doubt has failed now")
		assert.Equal(t, 2, w.get(c.ID).Failed)
		for _, id := range []string{b.ID, u.ID} {
			_, err = w.jane.Dismiss(ctx, id)
			require.NoError(t, err)
		}
		assert.Empty(t, w.failures(w.jane))
	})
}

func TestS14_DeliveredAfterAll(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		w.provider.Next("shop", loopback.Outcome{Sent: channel.Sent{ID: "a"}})
		m := w.replies(c.ID, "Hello")
		w.run()
		w.receipt("a", conversation.Failed, nil)
		w.receipt("a", conversation.Failed, nil)
		assert.Equal(t, 1, w.get(c.ID).Failed)
		w.receipt("a", conversation.Delivered, nil)
		assert.Zero(t, w.get(c.ID).Failed)
		assert.Empty(t, w.failures(w.jane))
		assert.Equal(t, []string{"sending", "sent", "failed", "delivered"}, w.states(m.ID), "each change is told once")
	})
}

// A receipt for one part that comes before the call that sends it has returned waits for that.
func TestS12_ReceiptOfAPartUnderWay(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ch := w.channel(frontdesk.Channel{Account: "parts", Mailbox: "berlin", Options: map[string]string{"part_files": "1"}})
		begun, wait, done := make(chan struct{}), make(chan struct{}), make(chan error)
		w.provider.Next("parts", loopback.Outcome{Sent: channel.Sent{ID: "p0"}}, loopback.Outcome{Sent: channel.Sent{ID: "p1"}, Begun: begun, Wait: wait})
		m, err := w.jane.Compose(ctx, frontdesk.Start{Channel: ch.ID, Address: "ann", Draft: frontdesk.Draft{Text: "Two", Attachments: files(2)}})
		require.NoError(t, err)
		go func() { done <- w.desk.RunDue(ctx) }()
		<-begun
		assert.Equal(t, http.StatusOK, w.hook(channel.Item{Account: "parts", Thread: "ann", At: w.clock.Now(), Receipt: &channel.Receipt{IDs: []string{"p1"}, Reference: m.ID,
			Delivery: conversation.Failed, Failure: &conversation.Failure{Class: string(channel.Recipient)}}}))
		close(wait)
		require.NoError(t, <-done)
		got := w.message(m.ID)
		assert.Equal(t, conversation.Failed, got.Parts[1].Delivery)
		assert.Equal(t, conversation.Failed, got.Delivery)
	})
}

// The failure of a try that was in doubt comes when a person has had it tried again: before the second call, or while that is under way.
func TestS12_FailureOfAnEarlierTry(t *testing.T) {
	for _, called := range []bool{false, true} {
		t.Run(fmt.Sprint(called), func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				c := w.hears("ann", "Hi")
				w.provider.Next("shop", loopback.Outcome{Err: errors.New("connection lost"), Taken: true})
				m := w.replies(c.ID, "Hello")
				w.run()
				require.Equal(t, conversation.Unknown, w.message(m.ID).Delivery)
				_, err := w.jane.Retry(ctx, m.ID)
				require.NoError(t, err)
				late := channel.Item{Account: "shop", At: w.clock.Now(), Receipt: &channel.Receipt{IDs: []string{"one"}, Reference: m.ID,
					Delivery: conversation.Failed, Failure: &conversation.Failure{Class: string(channel.Recipient)}}}
				if !called {
					require.Equal(t, http.StatusOK, w.hook(late))
				}
				begun, wait, done := make(chan struct{}), make(chan struct{}), make(chan error)
				w.provider.Next("shop", loopback.Outcome{Sent: channel.Sent{ID: "two"}, Begun: begun, Wait: wait})
				go func() { done <- w.desk.RunDue(ctx) }()
				select {
				case <-begun:
				case err := <-done:
					require.FailNow(t, "nothing was called", "%v", err)
				}
				if called {
					assert.Equal(t, http.StatusOK, w.hook(late))
				}
				close(wait)
				require.NoError(t, <-done)
				assert.Equal(t, conversation.Sent, w.message(m.ID).Delivery)
				w.receipt("two", conversation.Delivered, nil)
				assert.Equal(t, conversation.Delivered, w.message(m.ID).Delivery)
			})
		})
	}
}

// An edit that is older than one that is known changes nothing, and a reaction that was taken back before it came does not come.
func TestS12_NewsTheWrongWayRound(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		begun, wait, done := make(chan struct{}), make(chan struct{}), make(chan error)
		w.provider.Next("shop", loopback.Outcome{Sent: channel.Sent{ID: "early"}, Begun: begun, Wait: wait})
		m := w.replies(c.ID, "Hello")
		go func() { done <- w.desk.RunDue(ctx) }()
		<-begun
		for _, after := range []time.Duration{2 * time.Second, time.Second} {
			assert.Equal(t, http.StatusOK, w.hook(channel.Item{Account: "shop", Thread: "ann", At: w.clock.Now().Add(after), Edit: &channel.Edit{ID: "early", Text: after.String()}}))
		}
		close(wait)
		require.NoError(t, <-done)
		assert.Equal(t, "2s", w.message(m.ID).Text)
		react := func(after time.Duration, emoji string) {
			assert.Equal(t, http.StatusOK, w.hook(channel.Item{Account: "shop", Thread: "ann", At: w.clock.Now().Add(after),
				Reaction: &channel.Reaction{ID: "early", From: "ann", Emoji: emoji}}))
		}
		react(5*time.Second, "")
		react(4*time.Second, "x")
		for _, r := range w.message(m.ID).Reactions {
			assert.Empty(t, r.Emoji)
		}
	})
}

// What a customer's app takes back of ours before the call has returned is erased as soon as nothing more of it is to be sent.
func TestS12_TakenBackBeforeTheCallReturned(t *testing.T) {
	for _, parts := range []int{1, 2} {
		t.Run(fmt.Sprint(parts), func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				ch := w.channel(frontdesk.Channel{Account: "parts", Mailbox: "berlin", Options: map[string]string{"part_files": "1"}})
				begun, wait, done := make(chan struct{}), make(chan struct{}), make(chan error)
				w.provider.Next("parts", loopback.Outcome{Sent: channel.Sent{ID: "early"}, Begun: begun, Wait: wait})
				m, err := w.jane.Compose(ctx, frontdesk.Start{Channel: ch.ID, Address: "ann", Draft: frontdesk.Draft{Text: "secret", Attachments: files(parts)}})
				require.NoError(t, err)
				bob := w.hearsAt("bob", "Hi")
				w.merges(bob.ID, m.Conversation)
				news := func(i channel.Item) {
					i.Account, i.Thread, i.At = "parts", "ann", w.clock.Now()
					w.takes(i)
				}
				go func() { done <- w.desk.RunDue(ctx) }()
				<-begun
				news(channel.Item{Reaction: &channel.Reaction{ID: "early", From: "ann", Emoji: "x"}})
				news(channel.Item{Unsend: &channel.Unsend{ID: "early"}})
				news(channel.Item{Receipt: &channel.Receipt{IDs: []string{"early"}, Delivery: conversation.Delivered}})
				close(wait)
				require.NoError(t, <-done)
				w.run()
				assert.Len(t, w.provider.Sent("parts"), parts)
				got := w.message(m.ID)
				assert.Equal(t, conversation.Delivered, got.Parts[0].Delivery)
				assert.False(t, got.Erased.IsZero())
				assert.Empty(t, got.Text+got.HTML)
				assert.Empty(t, got.Attachments)
				assert.Equal(t, "Hi", w.get(bob.ID).Preview)
				assert.Equal(t, 1, w.get(bob.ID).Messages)
				assert.Equal(t, 2, w.count(conversation.EventUnsent), "of the part, and of the whole")
				w.clock.Advance(8 * 24 * time.Hour)
				w.run()
				assert.False(t, w.message(m.ID).Erased.IsZero())
			})
		})
	}
}

// What has been erased cannot be sent again: nothing would be in it.
func TestS14_NoRetryOfWhatIsErased(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		m := w.replies(c.ID, "answer")
		w.run()
		provider := w.message(m.ID).Parts[0].ProviderID
		w.trashesOne(m.ID)
		w.clock.Advance(time.Second)
		_, err := w.setup.EmptyTrash(ctx, "")
		require.NoError(t, err)
		w.run()
		w.takes(channel.Item{Account: "shop", At: w.clock.Now(), Receipt: &channel.Receipt{IDs: []string{provider}, Delivery: conversation.Failed}})
		_, err = w.jane.Retry(ctx, m.ID)
		assert.ErrorIs(t, err, conversation.ErrState)
		w.run()
		assert.Equal(t, []string{"answer"}, w.texts(), "nothing empty is sent")
	})
}

func TestS12_UnsendBehindManyReactions(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		m := w.says("ann", "private")
		for i := range 20 {
			w.takes(channel.Item{Account: "shop", Thread: "ann", At: w.clock.Now(), Reaction: &channel.Reaction{ID: m.Message.ID, From: "p" + strconv.Itoa(i+1), Emoji: "x"}})
		}
		w.takes(channel.Item{Account: "shop", Thread: "ann", At: w.clock.Now(), Unsend: &channel.Unsend{ID: m.Message.ID}})
		w.takes(m)
		for _, e := range w.timeline(w.current("ann").ID) {
			assert.NotEqual(t, "private", e.Text)
		}
	})
}

func TestS6_RetryOfTheLastOfAQuota(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		w.capable("five", func(c *channel.Capabilities) {
			c.Window, c.Templates = channel.Window{Quotas: []channel.Quota{{Count: 1, Within: 48 * time.Hour}}}, false
		})
		c := w.arrives("five", "ann", "Hi")
		w.provider.Next("five", loopback.Outcome{Err: &channel.Error{Class: channel.Content, Detail: "try another"}})
		m, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "Yes"})
		require.NoError(t, err)
		w.run()
		require.Equal(t, conversation.Failed, w.message(m.ID).Delivery)
		_, err = w.jane.Retry(ctx, m.ID)
		require.NoError(t, err, "nothing has been sent yet")
		w.run()
		assert.Equal(t, conversation.Sent, w.message(m.ID).Delivery)
	})
}
