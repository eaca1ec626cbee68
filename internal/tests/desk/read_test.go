package desk_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/channel/loopback"
	"github.com/frontdesk-go/frontdesk/conversation"
)

// tabs are what an agent is shown: all, mine, unassigned.
func (w *world) tabs(s *frontdesk.Session) [3]int64 {
	w.t.Helper()
	c, err := s.Counts(ctx)
	require.NoError(w.t, err)
	return [3]int64{c.All, c.Mine, c.Unassigned}
}

func TestR1_WhoseReadState(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann, bob := w.hears("ann", "Hi"), w.hears("bob", "Hi")
		global := func(on bool) {
			require.NoError(t, w.setup.SaveSettings(ctx, frontdesk.Settings{GlobalRead: on}))
		}
		seen, err := w.jane.View(ctx, ann.ID)
		require.NoError(t, err)
		assert.False(t, seen.Unread)
		assert.Equal(t, [2]int64{1, 2}, [2]int64{w.unread(w.jane), w.unread(w.joe)})
		global(true)
		assert.Equal(t, [2]int64{1, 1}, [2]int64{w.unread(w.jane), w.unread(w.joe)})
		_, err = w.joe.MarkRead(ctx, bob.ID)
		require.NoError(t, err)
		assert.Equal(t, [2]int64{0, 0}, [2]int64{w.unread(w.jane), w.unread(w.joe)})
		global(false)
		assert.Equal(t, [2]int64{1, 1}, [2]int64{w.unread(w.jane), w.unread(w.joe)}, "nothing is lost by switching")
		list := w.list(w.jane, frontdesk.Query{})
		for _, c := range list {
			assert.Equal(t, c.ID == bob.ID, c.Unread)
		}
		late := w.agent(frontdesk.Agent{ID: "late", Mailboxes: []string{"berlin"}})
		assert.Equal(t, int64(2), w.unread(late), "absent is unread, also for who joins later")
	})
}

func TestR2_WhatMarksAsRead(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		_, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "Hello"})
		require.NoError(t, err)
		assert.Equal(t, [2]int64{0, 1}, [2]int64{w.unread(w.jane), w.unread(w.joe)}, "an answer clears for who gives it")

		require.NoError(t, w.setup.SaveMailbox(ctx, frontdesk.Mailbox{ID: "berlin", ReadOnAnswer: true}))
		w.hears("ann", "Again")
		_, err = w.jane.View(ctx, c.ID)
		require.NoError(t, err)
		assert.Equal(t, int64(1), w.unread(w.jane), "opening does not clear")
		_, err = w.jane.Whisper(ctx, c.ID, "hm")
		require.NoError(t, err)
		assert.Equal(t, int64(1), w.unread(w.jane))
		_, err = w.jane.MarkRead(ctx, c.ID)
		require.NoError(t, err)
		assert.Equal(t, [2]int64{0, 1}, [2]int64{w.unread(w.jane), w.unread(w.joe)}, "marking by hand does")
		_, err = w.joe.Reply(ctx, c.ID, frontdesk.Draft{Text: "Hello"})
		require.NoError(t, err)
		late := w.agent(frontdesk.Agent{ID: "late", Mailboxes: []string{"berlin"}})
		assert.Equal(t, int64(0), w.unread(late), "an answer by anyone clears for all")
		_, err = late.MarkUnread(ctx, c.ID)
		require.NoError(t, err)
		assert.Equal(t, [2]int64{1, 0}, [2]int64{w.unread(late), w.unread(w.jane)})
	})
}

func TestR3_MarkUnreadMovesNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.hears("ann", "Hi")
		w.clock.Advance(time.Minute)
		bob := w.hears("bob", "Hi")
		for _, id := range []string{ann.ID, bob.ID} {
			_, err := w.jane.View(ctx, id)
			require.NoError(t, err)
		}
		w.clock.Advance(time.Minute)
		back, err := w.jane.MarkUnread(ctx, ann.ID)
		require.NoError(t, err)
		assert.True(t, back.Unread)
		assert.Equal(t, int64(1), w.unread(w.jane))
		list := w.list(w.jane, frontdesk.Query{})
		assert.Equal(t, []string{bob.ID, ann.ID}, []string{list[0].ID, list[1].ID}, "its place is the same")

		require.NoError(t, w.setup.SaveSettings(ctx, frontdesk.Settings{GlobalRead: true}))
		_, err = w.joe.MarkRead(ctx, ann.ID)
		require.NoError(t, err)
		_, err = w.joe.MarkUnread(ctx, ann.ID)
		require.NoError(t, err)
		assert.Equal(t, int64(1), w.unread(w.jane), "for all in global mode")

		internal, err := w.jane.Compose(ctx, frontdesk.Start{Mailbox: "berlin", Draft: frontdesk.Draft{Text: "x"}})
		require.NoError(t, err)
		_, err = w.jane.MarkUnread(ctx, internal.Conversation)
		require.ErrorIs(t, err, conversation.ErrState)
	})
}

func TestR4_WhatMakesUnread(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		_, err := w.joe.View(ctx, c.ID)
		require.NoError(t, err)
		quiet := w.says("ann", "Out of office")
		quiet.Message.Automatic = true
		w.takes(quiet, w.echo("e-1", "From the phone", ""))
		_, err = w.jane.Whisper(ctx, c.ID, "x")
		require.NoError(t, err)
		_, err = w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "x"})
		require.NoError(t, err)
		w.do(w.jane, c.ID, frontdesk.Assign{Agent: "jd"}, frontdesk.Tag{Add: []string{"x"}})
		w.provider.Next("shop", loopback.Outcome{})
		w.run()
		assert.Equal(t, int64(0), w.unread(w.joe))
		w.hears("ann", "Hello")
		assert.Equal(t, int64(1), w.unread(w.joe))
		assert.Equal(t, 1, len(w.list(w.jane, frontdesk.Query{})))
	})
}

func TestR5_TabsInOneCall(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, b, c := w.hears("a", "Hi"), w.hears("b", "Hi"), w.hears("c", "Hi")
		w.do(w.jane, a.ID, frontdesk.Assign{Agent: "jd"})
		w.do(w.jane, b.ID, frontdesk.Assign{Team: "returns"})
		assert.Equal(t, [3]int64{3, 1, 1}, w.tabs(w.jane))
		assert.Equal(t, [3]int64{3, 0, 1}, w.tabs(w.joe))
		counts, err := w.jane.Counts(ctx)
		require.NoError(t, err)
		assert.Equal(t, frontdesk.Counts{All: 3, Mine: 1, Unassigned: 1, Mailboxes: map[string]int64{"berlin": 3}, Teams: map[string]int64{"returns": 1}}, counts)
		w.do(w.jane, c.ID, frontdesk.Complete{})
		w.do(w.jane, a.ID, frontdesk.Snooze{Until: w.clock.Now().Add(time.Hour)})
		assert.Equal(t, [3]int64{1, 0, 0}, w.tabs(w.jane))
		w.do(w.jane, a.ID, frontdesk.Wake{ByHand: true})
		assert.Equal(t, [3]int64{2, 1, 0}, w.tabs(w.jane))
	})
}
