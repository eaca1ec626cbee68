package desk_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/loopback"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// later schedules a message for a time from now.
func (w *world) later(id, text string, in time.Duration, change ...func(*frontdesk.Draft)) conversation.Message {
	w.t.Helper()
	d := frontdesk.Draft{Text: text, At: w.clock.Now().Add(in)}
	for _, f := range change {
		f(&d)
	}
	m, err := w.jane.Reply(ctx, id, d)
	require.NoError(w.t, err)
	require.Equal(w.t, conversation.Scheduled, m.Delivery)
	return m
}

func onAnswer(d *frontdesk.Draft) { d.CancelOnAnswer = true }

func TestS15_ScheduledSend(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		m := w.later(c.ID, "On Monday", time.Hour)
		assert.Zero(t, m.Sequence, "it has no place before it is sent")
		w.run()
		before := w.get(c.ID)
		assert.Empty(t, w.texts())
		assert.False(t, before.WaitingSince.IsZero(), "the customer still waits")
		assert.Equal(t, int64(1), w.unread(w.jane))
		assert.Equal(t, "Hi", before.Preview)
		assert.Equal(t, 1, before.Messages)
		assert.Empty(t, before.Threads[0].Answers, "nothing counts as an answer yet")
		entries := w.timeline(c.ID)
		require.Len(t, entries, 2, "the timeline shows it")
		assert.Equal(t, m.ID, entries[1].ID)
		assert.Equal(t, conversation.Scheduled, entries[1].Delivery)

		now := w.replies(c.ID, "At once")
		w.run()
		assert.Equal(t, []string{"At once"}, w.texts())
		entries = w.timeline(c.ID)
		assert.Equal(t, m.ID, entries[len(entries)-1].ID, "what is to leave comes behind what has left")

		w.clock.Advance(time.Hour)
		w.run()
		assert.Equal(t, []string{"At once", "On Monday"}, w.texts())
		got := w.message(m.ID)
		assert.Equal(t, conversation.Sent, got.Delivery)
		assert.Equal(t, now.Sequence+1, got.Sequence)
		assert.Equal(t, "jd", got.Author.ID)
		after := w.get(c.ID)
		assert.Equal(t, "On Monday", after.Preview)
		assert.Equal(t, 3, after.Messages)
		assert.Empty(t, after.Pending)
		assert.Len(t, after.Threads[0].Answers, 2)
		assert.Equal(t, 1, w.count(conversation.EventScheduled))
		assert.Equal(t, 2, w.count(conversation.EventOutgoing))
		w.clock.Advance(24 * time.Hour)
		w.run()
		assert.Len(t, w.texts(), 2, "once")
	})
}

func TestS15_UndoSend(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		assert.Equal(t, conversation.Queued, w.replies(c.ID, "Without").Delivery, "by default nothing waits")
		require.NoError(t, w.setup.SaveSettings(ctx, frontdesk.Settings{UndoSeconds: 10}))
		undone := w.replies(c.ID, "Oops")
		assert.Equal(t, conversation.Scheduled, undone.Delivery)
		assert.Equal(t, w.clock.Now().Add(10*time.Second), undone.Due)
		kept := w.replies(c.ID, "Fine")
		hurried, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "Quick", Undo: -1})
		require.NoError(t, err)
		assert.Equal(t, conversation.Queued, hurried.Delivery)
		longer, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "Slow", Undo: frontdesk.MaxUndo})
		require.NoError(t, err)
		bot := w.desk.As(frontdesk.Actor{Tenant: tenant, Automation: "bot"})
		_, err = w.joe.Do(ctx, c.ID, frontdesk.SetStatus{Status: conversation.Closed})
		require.NoError(t, err)
		m, err := bot.Reply(ctx, c.ID, frontdesk.Draft{Text: "Beep"})
		require.NoError(t, err)
		assert.Equal(t, conversation.Queued, m.Delivery, "undo is for people")

		w.clock.Advance(9 * time.Second)
		w.run()
		back, err := w.joe.CancelSend(ctx, undone.ID)
		require.NoError(t, err)
		assert.Equal(t, "Oops", back.Text, "what was written is not lost")
		assert.Equal(t, conversation.Cancelled, back.Delivery)
		again, err := w.jane.CancelSend(ctx, undone.ID)
		require.NoError(t, err, "cancelling is idempotent")
		assert.Equal(t, back, again)
		w.clock.Advance(time.Second)
		w.run()
		assert.Equal(t, []string{"Without", "Quick", "Beep", "Fine"}, w.texts())
		_, err = w.jane.CancelSend(ctx, kept.ID)
		assert.ErrorIs(t, err, frontdesk.ErrSent)
		w.clock.Advance(frontdesk.MaxUndo)
		w.run()
		assert.Equal(t, conversation.Sent, w.message(longer.ID).Delivery)
		assert.NotContains(t, w.texts(), "Oops")
		assert.Equal(t, 1, w.count(conversation.EventCancelled))
		conv := w.get(c.ID)
		assert.Equal(t, "Slow", conv.Preview)
		assert.Equal(t, 6, conv.Messages, "what was cancelled is no message")
	})
}

func TestS15_UndoOpensWhatItClosed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for who, undo := range map[string]time.Duration{"ann": -1, "bob": 10 * time.Second} {
			c := w.hears(who, "Hi")
			m, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "Done", Undo: undo, Then: []frontdesk.Action{frontdesk.Complete{}}})
			require.NoError(t, err)
			require.Equal(t, conversation.Closed, w.get(c.ID).Status)
			w.clock.Advance(time.Second)
			_, err = w.jane.CancelSend(ctx, m.ID)
			require.NoError(t, err)
			got := w.get(c.ID)
			assert.Equal(t, conversation.Open, got.Status, who)
			assert.False(t, got.Finished, who)
			assert.False(t, got.WaitingSince.IsZero(), who)
		}
		w.run()
		assert.Empty(t, w.texts())
	})
}

func TestS15_CancelAndEditUntilItLeft(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		m := w.later(c.ID, "Draft", time.Hour)
		edited, err := w.joe.EditScheduled(ctx, m.ID, frontdesk.Draft{Text: "Better, {{agent.name}}", At: w.clock.Now().Add(3 * time.Hour)})
		require.NoError(t, err)
		assert.Equal(t, "Better, Joe", edited.Text)
		assert.Equal(t, "joe", edited.Author.ID)
		assert.Equal(t, conversation.Scheduled, edited.Delivery)
		w.clock.Advance(2 * time.Hour)
		w.run()
		assert.Empty(t, w.texts(), "the first time is no longer its own")
		earlier, err := w.jane.EditScheduled(ctx, m.ID, frontdesk.Draft{Text: "Best", At: w.clock.Now().Add(time.Minute)})
		require.NoError(t, err)
		assert.True(t, earlier.Due.Before(edited.Due))
		same, err := w.jane.EditScheduled(ctx, m.ID, frontdesk.Draft{Text: "Best of all"})
		require.NoError(t, err)
		assert.Equal(t, earlier.Due, same.Due, "without At it keeps its time")
		w.clock.Advance(time.Minute)
		w.run()
		assert.Equal(t, []string{"Best of all"}, w.texts())
		w.clock.Advance(24 * time.Hour)
		w.run()
		assert.Len(t, w.texts(), 1)
		_, err = w.jane.EditScheduled(ctx, m.ID, frontdesk.Draft{Text: "Too late"})
		assert.ErrorIs(t, err, frontdesk.ErrSent)
		_, err = w.jane.CancelSend(ctx, m.ID)
		assert.ErrorIs(t, err, frontdesk.ErrSent)

		// What is queued has not left either.
		q := w.replies(c.ID, "Queud")
		_, err = w.jane.EditScheduled(ctx, q.ID, frontdesk.Draft{Text: "Queued"})
		require.NoError(t, err)
		assert.Equal(t, "Queued", w.get(c.ID).Preview)
		gone := w.replies(c.ID, "Gone")
		_, err = w.jane.CancelSend(ctx, gone.ID)
		require.NoError(t, err)
		conv := w.get(c.ID)
		assert.Equal(t, "Queued", conv.Preview, "as before it")
		assert.Equal(t, 3, conv.Messages)
		assert.Len(t, conv.Threads[0].Answers, 2)
		w.run()
		assert.Equal(t, []string{"Best of all", "Queued"}, w.texts())
		assert.Equal(t, conversation.Cancelled, w.message(gone.ID).Delivery)
		w.receipt("none", conversation.Delivered, nil)
		require.Equal(t, http.StatusOK, w.hook(channel.Item{Account: "shop", At: w.clock.Now(),
			Receipt: &channel.Receipt{Reference: gone.ID, Delivery: conversation.Delivered}}))
		assert.Equal(t, conversation.Cancelled, w.message(gone.ID).Delivery, "no receipt moves what never left")
	})
}

// The only answer is cancelled while it is queued: the customer waits again.
func TestS15_CancellingTheAnswerHasTheCustomerWait(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		since := w.get(c.ID).WaitingSince
		m := w.replies(c.ID, "Yes")
		require.True(t, w.get(c.ID).WaitingSince.IsZero())
		_, err := w.jane.CancelSend(ctx, m.ID)
		require.NoError(t, err)
		assert.Equal(t, since, w.get(c.ID).WaitingSince)
		assert.Equal(t, "Hi", w.get(c.ID).Preview)
	})
}

// What a provider may have heard of is neither changed nor cancelled.
func TestS15_DoubtAndRetriesAreNotCancelled(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		w.provider.Next("shop", loopback.Outcome{Err: &channel.Error{Class: channel.Unknown}}, loopback.Outcome{Err: &channel.Error{Class: channel.Retry}},
			loopback.Outcome{Err: &channel.Error{Class: channel.Recipient}})
		doubt, again, failed := w.replies(c.ID, "doubt"), w.replies(c.ID, "again"), w.replies(c.ID, "failed")
		w.run()
		_, err := w.jane.CancelSend(ctx, doubt.ID)
		assert.ErrorIs(t, err, frontdesk.ErrSent)
		_, err = w.jane.Retry(ctx, doubt.ID)
		require.NoError(t, err)
		_, err = w.jane.CancelSend(ctx, doubt.ID)
		assert.ErrorIs(t, err, frontdesk.ErrSent, "the customer may have it")
		require.Equal(t, conversation.Queued, w.message(again.ID).Delivery)
		_, err = w.jane.CancelSend(ctx, again.ID)
		assert.NoError(t, err, "the provider has refused it so far")
		w.clock.Advance(24 * time.Hour)
		w.run()
		_, err = w.jane.CancelSend(ctx, failed.ID)
		assert.ErrorIs(t, err, conversation.ErrState)
		_, err = w.jane.EditScheduled(ctx, w.timeline(c.ID)[0].ID, frontdesk.Draft{Text: "x"})
		assert.ErrorIs(t, err, conversation.ErrState)
		assert.NotContains(t, w.texts()[3:], "again")
	})
}

func TestS15_AnswerCancels(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		w.run()
		reminder := w.later(c.ID, "Still there?", time.Hour, onAnswer)
		stays := w.later(c.ID, "Happy birthday", time.Hour)
		away := w.says("ann", "I am away")
		away.Message.Automatic = true
		w.takes(away)
		assert.Equal(t, conversation.Scheduled, w.message(reminder.ID).Delivery, "an automatic message is no answer")
		w.hears("bob", "Another customer")
		assert.Equal(t, conversation.Scheduled, w.message(reminder.ID).Delivery)
		w.hears("ann", "Here I am")
		assert.Equal(t, conversation.Cancelled, w.message(reminder.ID).Delivery)
		assert.Equal(t, []string{stays.ID}, w.get(c.ID).Pending)
		w.clock.Advance(time.Hour)
		w.run()
		assert.Equal(t, []string{"Happy birthday"}, w.texts())
		assert.Equal(t, "Still there?", w.message(reminder.ID).Text, "people see what was not sent")
		for _, e := range w.events() {
			if e.Type == conversation.EventCancelled {
				assert.Equal(t, conversation.ByAnswer, e.To)
			}
		}
		assert.Equal(t, 1, w.count(conversation.EventCancelled))
	})
}

// An answer that begins a conversation of its own cancels too, and so does one that comes while the message is queued behind others.
func TestS15_AnswerCancelsWhereverItGoes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		require.NoError(t, w.setup.SaveMailbox(ctx, frontdesk.Mailbox{ID: "berlin", StartNew: true}))
		c := w.hears("ann", "Hi")
		w.run()
		m := w.later(c.ID, "Still there?", time.Hour, onAnswer, func(d *frontdesk.Draft) { d.Then = []frontdesk.Action{frontdesk.Complete{}} })
		w.clock.Advance(time.Minute)
		next := w.hears("ann", "New question")
		require.NotEqual(t, c.ID, next.ID)
		assert.Equal(t, conversation.Cancelled, w.message(m.ID).Delivery)

		w.provider.Next("shop", loopback.Outcome{Err: &channel.Error{Class: channel.Retry}})
		first := w.replies(next.ID, "First")
		m = w.later(next.ID, "Second", time.Second, onAnswer)
		w.run()
		w.clock.Advance(time.Second)
		w.run()
		require.Equal(t, conversation.Queued, w.message(m.ID).Delivery, "behind the one that is tried again")
		w.hears("ann", "Answer")
		assert.Equal(t, conversation.Cancelled, w.message(m.ID).Delivery)
		w.clock.Advance(time.Hour)
		w.run()
		assert.Equal(t, conversation.Sent, w.message(first.ID).Delivery)
		assert.NotContains(t, w.texts(), "Second")
		assert.Empty(t, w.get(next.ID).Pending)
		assert.Equal(t, "Answer", w.get(next.ID).Preview)
	})
}

// meddling is a store on which something else happens just before a commit.
type meddling struct {
	store.Store
	before func(*store.Batch)
}

func (s *meddling) Commit(ctx context.Context, b *store.Batch) error {
	if s.before != nil {
		s.before(b)
	}
	return s.Store.Commit(ctx, b)
}

// The customer answers just before each commit on a scheduled message's way out: it is sent or cancelled, never both, never neither.
func TestS15_AnswerAtTheSameInstant(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		cancelled, sent := 0, 0
		for nth := 1; ; nth++ {
			who := "ann" + strings.Repeat("n", nth)
			c := w.hears(who, "Hi")
			w.run()
			m := w.later(c.ID, "Still there?", time.Hour, onAnswer)
			w.clock.Advance(time.Hour)
			commits, met := 0, false
			s := &meddling{Store: w.store}
			s.before = func(b *store.Batch) {
				if !slices.ContainsFunc(b.Writes, func(o store.Write) bool { return o.Row.Key.ID == m.ID && o.Action != store.Check }) {
					return
				}
				if commits++; commits == nth {
					met = true
					require.Equal(t, http.StatusOK, w.hook(w.says(who, "Now")))
				}
			}
			require.NoError(t, w.open(func(c *frontdesk.Config) { c.Store = s }).RunDue(ctx))
			w.run()
			switch got := w.message(m.ID); got.Delivery {
			case conversation.Cancelled:
				cancelled++
				assert.Zero(t, w.taken("shop", m.ID), "cancelled and sent, at commit %d", nth)
			case conversation.Sent:
				sent++
				assert.Equal(t, 1, w.taken("shop", m.ID))
			default:
				assert.Failf(t, "neither", "%s at commit %d", got.Delivery, nth)
			}
			if !met {
				break
			}
		}
		assert.Equal(t, 2, cancelled, "before it is queued, and before it is being sent")
		assert.Equal(t, 2, sent, "once it is being sent, and without an answer")
	})
}

// A person cancels just before each commit.
func TestS15_CancelAtTheSameInstant(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		for nth := 1; ; nth++ {
			m := w.later(c.ID, "Later", time.Hour)
			w.clock.Advance(time.Hour)
			commits, met := 0, false
			var refused error
			s := &meddling{Store: w.store}
			s.before = func(b *store.Batch) {
				if !slices.ContainsFunc(b.Writes, func(o store.Write) bool { return o.Row.Key.ID == m.ID && o.Action != store.Check }) {
					return
				}
				if commits++; commits == nth {
					met = true
					_, refused = w.jane.CancelSend(ctx, m.ID)
				}
			}
			require.NoError(t, w.open(func(c *frontdesk.Config) { c.Store = s }).RunDue(ctx))
			w.run()
			if !met {
				break
			}
			got := w.message(m.ID)
			if refused == nil {
				assert.Equal(t, conversation.Cancelled, got.Delivery)
				assert.Zero(t, w.taken("shop", m.ID))
				continue
			}
			assert.ErrorIs(t, refused, frontdesk.ErrSent)
			assert.Equal(t, conversation.Sent, got.Delivery)
			assert.Equal(t, 1, w.taken("shop", m.ID))
		}
	})
}

// A worker is killed at every commit of a scheduled message's way out, before and after its effect.
func TestS15_KilledAtEveryCommit(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		for _, after := range []bool{false, true} {
			for kill := 1; ; kill++ {
				m := w.later(c.ID, "Later", time.Hour)
				w.clock.Advance(time.Hour)
				victim := &mortal{Store: w.store, kill: kill, after: after}
				w.run2(func(c *frontdesk.Config) { c.Store = victim })
				w.clock.Advance(afterLease)
				w.run()
				assert.Equal(t, conversation.Sent, w.message(m.ID).Delivery, "killed at %d after=%v", kill, after)
				assert.Equal(t, 1, w.taken("shop", m.ID), "killed at %d after=%v", kill, after)
				if !victim.dead {
					break
				}
			}
		}
		assert.Empty(t, w.get(c.ID).Pending)
	})
}

// After a standstill everything leaves, in the order of its time.
func TestS15_AfterDowntime(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		w.later(c.ID, "3", 3*time.Hour)
		w.later(c.ID, "1", time.Hour)
		w.later(c.ID, "2", 2*time.Hour)
		w.clock.Advance(7 * 24 * time.Hour)
		w.desk = w.open()
		w.run()
		assert.Equal(t, []string{"1", "2", "3"}, w.texts())
	})
}

// What time may have changed fails the message, where people see it.
func TestS15_ChecksAgainWhenDue(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.capable("window", func(c *channel.Capabilities) {
			c.Window = channel.Window{Free: 2 * time.Hour, Quotas: []channel.Quota{{Count: 1, Within: 2 * time.Hour}}}
		})
		tests := map[string]struct {
			account string
			in      time.Duration
			class   channel.Class
			meddle  func(frontdesk.Conversation)
		}{
			"the window closes":    {"window", 3 * time.Hour, channel.WindowClosed, func(frontdesk.Conversation) {}},
			"the quota is used up": {"window", time.Hour, channel.WindowClosed, func(c frontdesk.Conversation) { w.replies(c.ID, "The only one") }},
			"spam": {"shop", time.Hour, channel.Content, func(c frontdesk.Conversation) {
				require.NoError(t, only(w.jane.Do(ctx, c.ID, frontdesk.Spam{})))
			}},
			"opted out": {"shop", time.Hour, channel.Recipient, func(c frontdesk.Conversation) {
				who := c.Threads[0].Key
				require.Equal(t, http.StatusOK, w.hook(channel.Item{Account: "shop", Thread: who, At: w.clock.Now(),
					Consent: &channel.Consent{From: conversation.Identity{Scope: "loopback", Address: who}, OptedOut: true}}))
			}},
			"the channel is switched off": {"shop", time.Hour, channel.ChannelDown, func(frontdesk.Conversation) {
				off := w.chat
				off.Inactive = true
				w.channel(off)
			}},
		}
		names := []string{"the window closes", "the quota is used up", "spam", "opted out", "the channel is switched off"}
		for _, name := range names {
			tt, who := tests[name], strings.ReplaceAll(name, " ", "-")
			c := w.arrives(tt.account, who, "Hi")
			m := w.later(c.ID, name, tt.in, func(d *frontdesk.Draft) {
				d.Then = []frontdesk.Action{frontdesk.Assign{Agent: "joe"}, frontdesk.SetStatus{Status: conversation.Closed}}
			})
			tt.meddle(c)
			w.clock.Advance(tt.in)
			w.run()
			got := w.message(m.ID)
			assert.Equal(t, conversation.Failed, got.Delivery, name)
			require.NotNil(t, got.Failure, name)
			assert.Equal(t, string(tt.class), got.Failure.Class, name)
			assert.Contains(t, w.undelivered(w.jane), m.ID, name)
			assert.Zero(t, w.taken(tt.account, m.ID), name)
			conv := w.get(c.ID)
			if name != "spam" {
				assert.Equal(t, conversation.Open, conv.Status, name)
				assert.Equal(t, "joe", conv.Agent, name)
			}
			assert.Equal(t, 1, conv.Failed, name)
			assert.Empty(t, conv.Pending, name)
		}
	})
}

// Closing, snoozing and archiving do not lose it.
func TestS15_SurvivesWhatHappensToTheConversation(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		m := w.later(c.ID, "Later", 48*time.Hour)
		w.do(w.jane, c.ID, frontdesk.Snooze{Until: w.clock.Now().Add(24 * time.Hour)})
		w.clock.Advance(24 * time.Hour)
		w.run()
		w.do(w.jane, c.ID, frontdesk.SetStatus{Status: conversation.Closed})
		w.hears("ann", "Again")
		w.do(w.jane, c.ID, frontdesk.Complete{}, frontdesk.Archive{})
		w.clock.Advance(24 * time.Hour)
		w.run()
		assert.Equal(t, conversation.Sent, w.message(m.ID).Delivery)
		assert.Equal(t, []string{"Later"}, w.texts())
	})
}

func TestS15_Refused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		now := w.clock.Now()
		w.untouched(c.ID, func() {
			for name, d := range map[string]frontdesk.Draft{
				"the past":          {Text: "x", At: now.Add(-time.Second)},
				"now":               {Text: "x", At: now},
				"too far":           {Text: "x", At: now.Add(frontdesk.MaxAhead + time.Second)},
				"undo too long":     {Text: "x", Undo: frontdesk.MaxUndo + 1},
				"both":              {Text: "x", Undo: time.Second, At: now.Add(time.Hour)},
				"answer without At": {Text: "x", CancelOnAnswer: true},
				"whisper":           {Text: "x", Whisper: true, At: now.Add(time.Hour)},
				"whisper with undo": {Text: "x", Whisper: true, Undo: time.Second},
				"an empty text":     {At: now.Add(time.Hour)},
				"an action of none": {Text: "x", At: now.Add(time.Hour), Then: []frontdesk.Action{nil}},
			} {
				_, err := w.jane.Reply(ctx, c.ID, d)
				assert.ErrorIs(t, err, frontdesk.ErrInvalid, name)
			}
			for _, d := range []frontdesk.Draft{{Text: "x", At: now.Add(time.Hour)}, {Text: "x", Key: "k"}} {
				_, err := w.jane.SendTest(ctx, w.chat.ID, "ann", d)
				assert.ErrorIs(t, err, frontdesk.ErrInvalid)
			}
			for _, seconds := range []int{-1, 601} {
				assert.ErrorIs(t, w.setup.SaveSettings(ctx, frontdesk.Settings{UndoSeconds: seconds}), frontdesk.ErrInvalid)
			}
		})
		m := w.later(c.ID, "Later", time.Hour)
		for name, d := range map[string]frontdesk.Draft{
			"past": {Text: "x", At: now}, "whisper": {Text: "x", Whisper: true}, "key": {Text: "x", Key: "k"}, "undo": {Text: "x", Undo: time.Second}, "empty": {},
		} {
			_, err := w.jane.EditScheduled(ctx, m.ID, d)
			assert.ErrorIs(t, err, frontdesk.ErrInvalid, name)
		}
		assert.Equal(t, "Later", w.message(m.ID).Text)
		for range conversation.MaxPending - 1 {
			w.later(c.ID, "Another", time.Hour)
		}
		_, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "One too many", At: now.Add(time.Hour)})
		assert.ErrorIs(t, err, conversation.ErrValue)
		_, err = w.jane.CancelSend(ctx, m.ID)
		require.NoError(t, err)
		w.later(c.ID, "There is room again", time.Hour)
	})
}

// The same key schedules once, and a new conversation can begin with a scheduled message.
func TestS15_ComposeLaterOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		start := frontdesk.Start{Mailbox: "berlin", Address: "zoe", Draft: frontdesk.Draft{Text: "Later", Key: "k", At: w.clock.Now().Add(time.Hour)}}
		m, err := w.jane.Compose(ctx, start)
		require.NoError(t, err)
		again, err := w.jane.Compose(ctx, start)
		require.NoError(t, err)
		assert.Equal(t, m.ID, again.ID)
		w.clock.Advance(time.Hour)
		w.run()
		assert.Equal(t, []string{"Later"}, w.texts())
		c := w.hears("zoe", "Thanks")
		assert.Equal(t, m.Conversation, c.ID, "the answer comes where it was written")
	})
}

func TestS15_CancelOnAnswerAfterAMerge(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		head, part := w.hears("ann", "Hi"), w.hears("bob", "Hello")
		m := w.later(part.ID, "Still there?", time.Hour, onAnswer)
		_, err := w.setup.Merge(ctx, head.ID, part.ID)
		require.NoError(t, err)
		w.clock.Advance(time.Minute)
		w.takes(w.says("bob", "Yes"))
		assert.Equal(t, conversation.Cancelled, w.message(m.ID).Delivery)
		n := w.later(head.ID, "Still there?", time.Hour, onAnswer)
		_, err = w.setup.Unmerge(ctx, part.ID)
		require.NoError(t, err)
		w.clock.Advance(time.Minute)
		th := w.message(n.ID).Thread
		w.takes(w.says(th, "Yes"))
		w.passes(2 * time.Hour)
		assert.Empty(t, w.texts())
	})
}

func TestS15_ComposeTakesTheThread(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		_, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "Still interested?", At: w.clock.Now().Add(time.Hour), CancelOnAnswer: true,
			Then: []frontdesk.Action{frontdesk.SetStatus{Status: conversation.Closed}}})
		require.NoError(t, err)
		m, err := w.jane.Compose(ctx, frontdesk.Start{Channel: w.chat.ID, Address: "ann", Draft: frontdesk.Draft{Text: "By the way"}})
		if err != nil {
			m, err = w.jane.Compose(ctx, frontdesk.Start{Channel: w.chat.ID, Contact: c.Contacts[0], Draft: frontdesk.Draft{Text: "By the way"}})
		}
		require.NoError(t, err)
		require.NotEqual(t, c.ID, m.Conversation)
		require.Equal(t, "ann", m.Thread)
		w.run()
		w.clock.Advance(time.Minute)
		w.hears("ann", "Yes, I am")
		w.run()
		w.passes(2 * time.Hour)
		assert.Equal(t, []string{"By the way"}, w.texts(), "the customer has answered")
	})
}
