package desk_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/loopback"
	"github.com/frontdesk-go/frontdesk/conversation"
)

func (w *world) followsUp(f frontdesk.AutoFollowUp) {
	w.t.Helper()
	require.NoError(w.t, w.setup.SaveMailbox(ctx, frontdesk.Mailbox{ID: "berlin", Name: "Berlin", FollowUp: f}))
}

var both = frontdesk.AutoFollowUp{Remind: time.Hour, Text: "Are you still there, {{contact.name|friend}}?", Close: 3 * time.Hour, CloseText: "Goodbye."}

func (w *world) passes(d time.Duration) {
	w.clock.Advance(d)
	w.run()
}

func TestT6_RemindsThenCloses(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.followsUp(both)
		c := w.hears("ann", "Hi")
		w.passes(5 * time.Hour)
		assert.Empty(t, w.texts(), "nobody has answered yet")
		w.replies(c.ID, "Hello")
		w.run()
		w.passes(59 * time.Minute)
		assert.Len(t, w.texts(), 1, "not yet")
		w.passes(2 * time.Minute)
		require.Len(t, w.texts(), 2)
		assert.Contains(t, w.texts()[1], "Are you still there, ann Customer?")
		got := w.get(c.ID)
		assert.Equal(t, conversation.Open, got.Status, "a follow-up closes nothing")
		last := w.timeline(c.ID)
		var sent *conversation.Message
		for i := range last {
			if last[i].Text == w.texts()[1] {
				sent = &last[i]
			}
		}
		require.NotNil(t, sent)
		assert.Equal(t, conversation.BySystem, sent.Author.Kind)
		w.passes(time.Hour)
		assert.Len(t, w.texts(), 2, "at most once")
		w.passes(time.Hour)
		require.Len(t, w.texts(), 3)
		assert.Equal(t, "Goodbye.", w.texts()[2])
		assert.Equal(t, conversation.Closed, w.get(c.ID).Status)
		w.passes(24 * time.Hour)
		assert.Len(t, w.texts(), 3)
	})
}

func TestT6_ACustomersMessageResets(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.followsUp(both)
		c := w.hears("ann", "Hi")
		w.replies(c.ID, "Hello")
		w.run()
		w.passes(50 * time.Minute)
		w.hears("ann", "wait")
		w.passes(5 * time.Hour)
		assert.Len(t, w.texts(), 1)
		assert.Equal(t, conversation.Open, w.get(c.ID).Status)
		w.replies(c.ID, "Waiting")
		w.passes(61 * time.Minute)
		assert.Len(t, w.texts(), 3, "it counts from the last answer")
		w.replies(c.ID, "Still waiting")
		w.passes(61 * time.Minute)
		assert.Len(t, w.texts(), 5, "an answer begins it anew")
	})
}

func TestT6_Pause(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.followsUp(both)
		c := w.hears("ann", "Hi")
		w.replies(c.ID, "Hello")
		w.do(w.jane, c.ID, frontdesk.Pause{})
		w.passes(5 * time.Hour)
		assert.Len(t, w.texts(), 1)
		assert.True(t, w.get(c.ID).Paused)
		w.do(w.jane, c.ID, frontdesk.Pause{Off: true})
		w.run()
		assert.Equal(t, "Goodbye.", w.texts()[1], "what is due by then: nobody is reminded and closed in one breath")
		assert.Len(t, w.texts(), 2)
		assert.Equal(t, conversation.Closed, w.get(c.ID).Status)
		assert.Equal(t, 2, w.count(conversation.EventPaused))
	})
}

// A window that has closed lets nothing out, and people see that.
func TestT6_WindowClosed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		caps := loopback.Default()
		caps.Window = channel.Window{Free: 30 * time.Minute}
		w.provider.SetCapabilities("shop", caps)
		w.desk = w.open()
		w.jane = w.desk.As(frontdesk.Actor{Tenant: tenant, Agent: "jd"})
		w.followsUp(both)
		c := w.hears("ann", "Hi")
		w.replies(c.ID, "Hello")
		w.run()
		w.passes(61 * time.Minute)
		assert.Len(t, w.texts(), 1)
		outcomes := []string{}
		for _, m := range w.timeline(c.ID) {
			if m.Event != nil && m.Event.Type == conversation.EventNudged {
				outcomes = append(outcomes, m.Event.From+" "+m.Event.To)
			}
		}
		assert.Equal(t, []string{"follow-up refused"}, outcomes)
		w.passes(2 * time.Hour)
		assert.Len(t, w.texts(), 1)
		assert.Equal(t, conversation.Closed, w.get(c.ID).Status, "it closes all the same")
		w.passes(5 * time.Hour)
		assert.Len(t, w.timeline(c.ID), 5)
	})
}

func TestT6_KilledAtEveryCommit(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.followsUp(frontdesk.AutoFollowUp{Remind: time.Hour, Text: "still there?"})
		for _, after := range []bool{false, true} {
			for kill := 1; ; kill++ {
				who := fmt.Sprintf("k%d%v", kill, after)
				c := w.hears(who, "Hi")
				w.replies(c.ID, "Hello")
				w.run()
				w.clock.Advance(61 * time.Minute)
				victim := &mortal{Store: w.store, kill: kill, after: after}
				w.run2(func(cfg *frontdesk.Config) { cfg.Store = victim })
				w.clock.Advance(afterLease)
				w.run()
				n := 0
				for _, m := range w.timeline(c.ID) {
					if strings.HasPrefix(m.Text, "still") {
						n++
					}
				}
				require.Equal(t, 1, n, "killed at %d after=%v", kill, after)
				if !victim.dead {
					break
				}
			}
		}
	})
}

func TestT6_Bounds(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		for name, f := range map[string]frontdesk.AutoFollowUp{
			"too soon":       {Remind: 59 * time.Second, Text: "x"},
			"too late":       {Remind: 24*time.Hour + 1, Text: "x"},
			"closes at once": {Close: time.Second},
			"closes late":    {Close: 25 * time.Hour},
			"negative":       {Close: -time.Hour},
			"no text":        {Remind: time.Hour},
			"never reminded": {Remind: 2 * time.Hour, Text: "x", Close: time.Hour},
			"not text":       {Remind: time.Hour, Text: "\xff"},
			"too long":       {Close: time.Hour, CloseText: strings.Repeat("x", conversation.MaxText+1)},
		} {
			assert.ErrorIs(t, w.setup.SaveMailbox(ctx, frontdesk.Mailbox{ID: "berlin", FollowUp: f}), frontdesk.ErrInvalid, name)
		}
		for _, f := range []frontdesk.AutoFollowUp{{}, {Remind: time.Minute, Text: "x"}, {Close: 24 * time.Hour}} {
			assert.NoError(t, w.setup.SaveMailbox(ctx, frontdesk.Mailbox{ID: "berlin", FollowUp: f}))
		}
		require.Equal(t, http.StatusOK, w.hook(w.says("ann", "Hi")))
		for _, e := range w.events() {
			assert.NotContains(t, e.To, `"x"`, "texts are not repeated in events")
		}
	})
}

// What comes back after it was closed is seen by a person, and not closed again before an agent has answered.
func TestT6_ACloseTextThatFails(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		w.followsUp(frontdesk.AutoFollowUp{Close: time.Hour, CloseText: "Goodbye."})
		c := w.hears("ann", "Hi")
		w.replies(c.ID, "Hello")
		w.run()
		for range 30 {
			w.provider.Next("shop", loopback.Outcome{Err: &channel.Error{Class: channel.Recipient, Detail: "unknown number"}})
		}
		w.clock.Advance(61 * time.Minute)
		w.run()
		assert.Len(t, w.provider.Sent("shop"), 2, "one answer and one goodbye")
	})
}

func TestT6_ReopenedByHand(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		w.followsUp(frontdesk.AutoFollowUp{Close: time.Hour, CloseText: "Goodbye."})
		c := w.hears("ann", "Hi")
		w.replies(c.ID, "Hello")
		w.run()
		w.passes(61 * time.Minute)
		require.Equal(t, conversation.Closed, w.get(c.ID).Status)
		w.do(w.jane, c.ID, frontdesk.SetStatus{Status: conversation.Open})
		w.run()
		assert.Equal(t, conversation.Open, w.get(c.ID).Status, "a person has opened it")
		assert.Len(t, w.texts(), 2, "one goodbye")
	})
}

func TestT6_SnoozedAreSeen(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		w.followsUp(frontdesk.AutoFollowUp{Close: time.Hour, CloseText: "Goodbye."})
		c := w.hears("ann", "Hi")
		w.replies(c.ID, "Hello")
		w.do(w.jane, c.ID, frontdesk.Snooze{Until: w.clock.Now().Add(24 * time.Hour)})
		w.run()
		w.passes(2 * time.Hour)
		w.passes(23 * time.Hour)
		assert.Equal(t, conversation.Open, w.get(c.ID).Status, "back from snooze for a person to see")
		assert.Len(t, w.texts(), 1)
	})
}

func TestT6_TextThatCannotBeFilled(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		err := w.setup.SaveMailbox(ctx, frontdesk.Mailbox{ID: "berlin", FollowUp: frontdesk.AutoFollowUp{Remind: time.Hour, Text: "Hi {{contact.name"}})
		assert.Error(t, err)
	})
}
