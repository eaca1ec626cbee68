package desk_test

import (
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/loopback"
	"github.com/frontdesk-go/frontdesk/conversation"
)

// trashed are the texts in a mailbox's trash, last trashed first.
func (w *world) trashed(s *frontdesk.Session, mailbox string) (out []string) {
	w.t.Helper()
	for cursor := ""; ; {
		page, err := s.TrashedMessages(ctx, mailbox, cursor, 1)
		require.NoError(w.t, err)
		for _, m := range page.Items {
			out = append(out, m.Text)
		}
		if cursor = page.Next; cursor == "" {
			return out
		}
	}
}

// trash puts a message into the trash, a second after what was before.
func (w *world) trash(id string) conversation.Message {
	w.t.Helper()
	w.clock.Advance(time.Second)
	m, err := w.jane.TrashMessage(ctx, id)
	require.NoError(w.t, err)
	return m
}

func TestC11_TrashOfSingleMessages(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "First")
		_, err := w.jane.View(ctx, c.ID)
		require.NoError(t, err)
		w.clock.Advance(time.Minute)
		w.hears("ann", "Second")
		before, entries := w.get(c.ID), w.timeline(c.ID)
		first, second := entries[0], entries[1]
		require.Equal(t, int64(1), w.unread(w.jane))

		m := w.trash(second.ID)
		assert.NotZero(t, m.Trashed)
		got := w.get(c.ID)
		assert.Equal(t, []any{"First", 1, before.WaitingSince}, []any{got.Preview, got.Messages, got.WaitingSince})
		assert.Equal(t, int64(0), w.unread(w.jane), "no phantom: she has read the first")
		assert.Equal(t, []string{"First"}, w.texts1(c.ID, frontdesk.TimelineQuery{}))
		assert.Equal(t, []string{"First", "Second"}, w.texts1(c.ID, frontdesk.TimelineQuery{Trash: true}))
		w.trash(first.ID)
		got = w.get(c.ID)
		assert.Equal(t, []any{"", 0, time.Time{}}, []any{got.Preview, got.Messages, got.WaitingSince})
		assert.Equal(t, []string{"First", "Second"}, w.trashed(w.jane, "berlin"))
		assert.Equal(t, []string{"First", "Second"}, w.trashed(w.setup, "berlin"))
		assert.Empty(t, w.trashed(w.mia, "berlin"))
		assert.Empty(t, w.trashed(w.mia, "munich"))
		again := w.trash(first.ID)
		assert.Equal(t, w.clock.Now().Add(-time.Second), again.Trashed, "what is there already stays as it is")

		for _, id := range []string{first.ID, second.ID} {
			_, err := w.joe.RestoreMessage(ctx, id)
			require.NoError(t, err)
		}
		got = w.get(c.ID)
		assert.Equal(t, []any{before.Preview, before.Messages, before.WaitingSince, before.Attention, before.Activity},
			[]any{got.Preview, got.Messages, got.WaitingSince, got.Attention, got.Activity}, "restored to where it was")
		assert.Equal(t, int64(1), w.unread(w.jane))
		assert.Equal(t, []string{"First", "Second"}, w.texts1(c.ID, frontdesk.TimelineQuery{}))
		assert.Empty(t, w.trashed(w.jane, "berlin"))
		assert.Equal(t, 2, w.count(conversation.EventTrashed))
		assert.Equal(t, 2, w.count(conversation.EventRestored))
	})
}

// texts1 are the texts of a conversation's entries, oldest first.
func (w *world) texts1(id string, q frontdesk.TimelineQuery) (out []string) {
	w.t.Helper()
	q.Ascending = true
	page, err := w.jane.Timeline(ctx, id, q)
	require.NoError(w.t, err)
	for _, m := range page.Items {
		if m.Text != "" {
			out = append(out, m.Text)
		}
	}
	return out
}

// What has not left is cancelled, what failed is dismissed; neither is trashed.
func TestC11_TrashWaitsForTheSend(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		w.provider.Next("shop", loopback.Outcome{Err: &channel.Error{Class: channel.Content}})
		m := w.replies(c.ID, "Hello")
		_, err := w.jane.TrashMessage(ctx, m.ID)
		var refused *conversation.StateError
		require.ErrorAs(t, err, &refused)
		assert.Equal(t, "cancel", refused.Instead)
		w.run()
		_, err = w.jane.TrashMessage(ctx, m.ID)
		require.ErrorAs(t, err, &refused)
		assert.Equal(t, "dismiss", refused.Instead)
		_, err = w.jane.Dismiss(ctx, m.ID)
		require.NoError(t, err)
		w.trash(m.ID)
		sent := w.replies(c.ID, "Hello again")
		w.run()
		w.trash(sent.ID)
		assert.Equal(t, []string{"Hello again", "Hello"}, w.trashed(w.jane, "berlin"))
		assert.Zero(t, w.get(c.ID).WaitingSince, "the customer has the answer")
		w.receipt(w.message(sent.ID).Parts[0].ProviderID, conversation.Read, nil)
		page, err := w.jane.TrashedMessages(ctx, "berlin", "", 0)
		require.NoError(t, err)
		assert.Equal(t, conversation.Read, page.Items[0].Delivery, "news of it still comes in")
		_, err = w.jane.TrashMessage(ctx, w.timelineOf(c.ID, conversation.EventTrashed).ID)
		require.ErrorIs(t, err, conversation.ErrState, "history stays")
	})
}

// trashes puts a random entry into the trash, or takes it out.
func (w *world) trashes(r *rand.Rand, s *frontdesk.Session, id string) error {
	w.t.Helper()
	page, err := s.Timeline(ctx, id, frontdesk.TimelineQuery{Trash: true, Limit: 10})
	require.NoError(w.t, err)
	m := page.Items[r.IntN(len(page.Items))]
	if m.Trashed.IsZero() {
		_, err = s.TrashMessage(ctx, m.ID)
	} else {
		_, err = s.RestoreMessage(ctx, m.ID)
	}
	return err
}

// timelineOf is the first entry of a type.
func (w *world) timelineOf(id, kind string) conversation.Message {
	w.t.Helper()
	page, err := w.setup.Timeline(ctx, id, frontdesk.TimelineQuery{Types: []string{kind}, Ascending: true, Limit: 1})
	require.NoError(w.t, err)
	require.NotEmpty(w.t, page.Items)
	return page.Items[0]
}

// A message that the customer takes back while it is in the trash stays a tombstone when it is restored.
func TestC11_UnsentInTheTrash(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		in := w.says("ann", "Oops")
		w.takes(in)
		c := w.current("ann")
		m := w.timeline(c.ID)[0]
		w.trash(m.ID)
		require.Equal(t, http.StatusOK, w.hook(channel.Item{Account: "shop", Thread: "ann", At: w.clock.Now(), Unsend: &channel.Unsend{ID: in.Message.ID}}))
		_, err := w.jane.RestoreMessage(ctx, m.ID)
		require.NoError(t, err)
		got := w.message(m.ID)
		assert.Empty(t, got.Text)
		assert.NotZero(t, got.Erased)
		assert.Equal(t, 0, w.get(c.ID).Messages)
	})
}

func TestC24_MinutesOnWhispers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		require.NoError(t, w.setup.SaveTag(ctx, frontdesk.SavedTag{ID: "advice", Area: "billable", Billable: true}))
		whisper := func(d frontdesk.Draft) (conversation.Message, error) {
			d.Text, d.Whisper = "Looked it up", true
			return w.jane.Reply(ctx, c.ID, d)
		}
		for _, d := range []frontdesk.Draft{{Minutes: 5}, {Minutes: 5, Paid: true}, {Minutes: 5, Tags: []string{"common"}}, {Minutes: -1, Tags: []string{"advice"}},
			{Minutes: 1441, Tags: []string{"advice"}}, {Paid: true, Tags: []string{"advice"}}} {
			_, err := whisper(d)
			require.ErrorIs(t, err, frontdesk.ErrInvalid, "%+v", d)
		}
		_, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "x", Minutes: 5, Tags: []string{"advice"}})
		require.ErrorIs(t, err, frontdesk.ErrInvalid, "the customer's messages have none")
		free, err := whisper(frontdesk.Draft{Minutes: 10, Tags: []string{"advice"}})
		require.NoError(t, err)
		paid, err := whisper(frontdesk.Draft{Minutes: 30, Paid: true, Tags: []string{"advice"}})
		require.NoError(t, err)
		bare, err := whisper(frontdesk.Draft{})
		require.NoError(t, err)
		totals := func() []int { got := w.get(c.ID); return []int{got.Free, got.Paid} }
		assert.Equal(t, []int{10, 30}, totals())
		list := w.list(w.jane, frontdesk.Query{})
		assert.Equal(t, []int{10, 30}, []int{list[0].Free, list[0].Paid}, "totals are columns of lists")

		m, err := w.joe.SetMinutes(ctx, free.ID, 15, true)
		require.NoError(t, err)
		assert.Equal(t, []any{15, true}, []any{m.Minutes, m.Paid})
		assert.Equal(t, []int{0, 45}, totals())
		w.trash(paid.ID)
		assert.Equal(t, []int{0, 15}, totals())
		_, err = w.jane.RestoreMessage(ctx, paid.ID)
		require.NoError(t, err)
		assert.Equal(t, []int{0, 45}, totals())
		_, err = w.jane.SetMinutes(ctx, bare.ID, 5, false)
		require.ErrorIs(t, err, frontdesk.ErrInvalid, "it has no billable tag")
		_, err = w.jane.TagMessage(ctx, paid.ID, frontdesk.Tag{Remove: []string{"advice"}})
		require.ErrorIs(t, err, frontdesk.ErrInvalid, "its minutes need one")
		_, err = w.jane.SetMinutes(ctx, paid.ID, 0, false)
		require.NoError(t, err)
		_, err = w.jane.TagMessage(ctx, paid.ID, frontdesk.Tag{Remove: []string{"advice"}})
		require.NoError(t, err)
		in := w.timelineOf(c.ID, conversation.EventReceived)
		_, err = w.jane.SetMinutes(ctx, in.ID, 5, false)
		require.ErrorIs(t, err, conversation.ErrState)
		_, err = w.jane.SetMinutes(ctx, free.ID, 1441, false)
		require.ErrorIs(t, err, conversation.ErrValue)
		assert.Equal(t, []int{0, 15}, totals())
		assert.Equal(t, 2, w.count(conversation.EventMinutes))
	})
}
