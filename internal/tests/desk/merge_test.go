package desk_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
)

// said are the texts of a conversation's timeline, page by page.
func (w *world) said(id string, limit int, ascending bool) (out []string) {
	w.t.Helper()
	q := frontdesk.TimelineQuery{Ascending: ascending, Limit: limit}
	for {
		page, err := w.setup.Timeline(ctx, id, q)
		require.NoError(w.t, err)
		for _, m := range page.Items {
			if m.Text != "" {
				out = append(out, m.Text)
			}
		}
		if page.Next == "" {
			return out
		}
		q.Cursor = page.Next
	}
}

// hearsAt is a message at a time of its own.
func (w *world) hearsAt(who, text string) frontdesk.Conversation {
	w.t.Helper()
	w.clock.Advance(time.Minute)
	return w.hears(who, text)
}

func TestC22_MergeIsOneConversation(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.hearsAt("ann", "a1")
		b := w.hearsAt("bob", "b1")
		w.hearsAt("ann", "a2")
		w.hearsAt("bob", "b2")
		w.do(w.jane, b.ID, frontdesk.Tag{Add: []string{"vip"}})
		_, err := w.jane.MarkRead(ctx, a.ID)
		require.NoError(t, err)
		require.Equal(t, int64(1), w.unread(w.jane))

		would, err := w.jane.MergePreview(ctx, a.ID, b.ID)
		require.NoError(t, err)
		assert.Equal(t, frontdesk.Merging{Messages: 2, Threads: 1, Contacts: 1, Tags: 1}, would)
		assert.Empty(t, w.get(a.ID).Parts, "a preview changes nothing")

		w.clock.Advance(time.Minute)
		head, err := w.jane.Merge(ctx, a.ID, b.ID)
		require.NoError(t, err)
		assert.Equal(t, []string{b.ID}, head.Parts)
		assert.True(t, head.Unread, "unread for whom either was")
		assert.Equal(t, []string{"vip"}, head.Tags)
		assert.Len(t, head.Contacts, 2)
		assert.Equal(t, "b2", head.Preview)
		assert.True(t, head.WaitingSince.Equal(a.WaitingSince))

		assert.Equal(t, []string{"a1", "b1", "a2", "b2"}, w.said(a.ID, 1000, true))
		for _, limit := range []int{1, 2, 3} {
			assert.Equal(t, []string{"b2", "a2", "b1", "a1"}, w.said(b.ID, limit, false), "limit %d", limit)
		}
		assert.Equal(t, a.ID, w.get(b.ID).ID, "the merged one leads to the head")
		for _, cursor := range []string{"x", "bm9wZQ", "e30"} {
			_, err := w.jane.Timeline(ctx, a.ID, frontdesk.TimelineQuery{Cursor: cursor})
			assert.ErrorIs(t, err, frontdesk.ErrCursor, cursor)
		}
		for _, q := range []frontdesk.Query{{}, {View: frontdesk.AllView}, {Tag: "vip"}, {Contact: b.Contacts[0]}, {Channel: w.chat.ID}} {
			list := w.list(w.jane, q)
			require.Len(t, list, 1, "%+v", q)
			assert.Equal(t, a.ID, list[0].ID)
		}
		assert.Equal(t, int64(1), w.unread(w.jane), "it is counted once")
		assert.Equal(t, int64(1), w.unread(w.joe))

		got := w.hearsAt("bob", "b3")
		assert.Equal(t, a.ID, got.ID, "what comes on a moved thread comes to the head")
		assert.Equal(t, "b3", got.Preview)
		m := w.replies(b.ID, "answer")
		w.run()
		assert.Equal(t, a.ID, m.Conversation)
		assert.Equal(t, conversation.Sent, w.message(m.ID).Delivery)
		assert.Equal(t, 1, w.count(conversation.EventMerged)-1, "one event for the part and one for the head")
		w.do(w.jane, a.ID, frontdesk.SetStatus{Status: conversation.Closed})
		assert.Zero(t, w.unread(w.jane))
	})
}

// Receipts, edits and what is taken back find messages of before, and the head shows it.
func TestC22_OldMessagesAreFound(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.hearsAt("ann", "a1")
		b := w.hearsAt("bob", "b1")
		answer := w.replies(b.ID, "for bob")
		w.run()
		last := w.says("bob", "secret")
		w.clock.Advance(time.Minute)
		w.takes(last)
		_, err := w.jane.Merge(ctx, a.ID, b.ID)
		require.NoError(t, err)
		require.Equal(t, "secret", w.get(a.ID).Preview)

		newest := ""
		for _, m := range w.timeline(a.ID) {
			if m.Text == "secret" {
				newest = m.ID
			}
		}
		_, err = w.jane.TrashMessage(ctx, newest)
		require.NoError(t, err)
		assert.NotContains(t, w.get(a.ID).Preview, "secret", "what is in the trash is not shown")
		_, err = w.jane.RestoreMessage(ctx, newest)
		require.NoError(t, err)
		assert.Equal(t, "secret", w.get(a.ID).Preview)
		provider := w.message(answer.ID).Parts[0].ProviderID
		w.takes(channel.Item{Account: "shop", At: w.clock.Now(), Receipt: &channel.Receipt{IDs: []string{provider}, Delivery: conversation.Failed}})
		assert.Equal(t, conversation.Failed, w.message(answer.ID).Delivery)
		assert.Equal(t, 1, w.get(a.ID).Failed)
		require.Len(t, w.list(w.jane, frontdesk.Query{View: frontdesk.FailedView}), 1)
		_, err = w.jane.Dismiss(ctx, answer.ID)
		require.NoError(t, err)
		assert.Zero(t, w.get(a.ID).Failed)

		w.takes(channel.Item{Account: "shop", Thread: "bob", At: w.clock.Now().Add(time.Minute), Edit: &channel.Edit{ID: last.Message.ID, Text: "edited"}})
		assert.Equal(t, "edited", w.get(a.ID).Preview)
		w.takes(channel.Item{Account: "shop", Thread: "bob", At: w.clock.Now(), Unsend: &channel.Unsend{ID: last.Message.ID}})
		assert.NotContains(t, w.get(a.ID).Preview, "edited", "what was taken back is nowhere to be read")
		assert.NotContains(t, w.said(a.ID, 1000, true), "edited")
		_, err = w.jane.Reply(ctx, a.ID, frontdesk.Draft{Text: "quoting", ReplyTo: answer.ID})
		assert.NoError(t, err, "an old message can be answered")
	})
}

func TestC22_Unmerge(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.hearsAt("ann", "a1")
		w.do(w.jane, a.ID, frontdesk.Tag{Add: []string{"both"}})
		b := w.hearsAt("bob", "b1")
		w.do(w.jane, b.ID, frontdesk.Tag{Add: []string{"both", "bobs"}})
		before, part := w.get(a.ID), w.get(b.ID)
		_, err := w.jane.Merge(ctx, a.ID, b.ID)
		require.NoError(t, err)
		w.hearsAt("bob", "since")
		left, err := w.jane.Unmerge(ctx, b.ID)
		require.NoError(t, err)
		assert.Equal(t, b.ID, left.ID)
		assert.Equal(t, part.Tags, left.Tags)

		head := w.get(a.ID)
		assert.Equal(t, before.Tags, head.Tags)
		assert.Empty(t, head.Parts)
		assert.Equal(t, before.Contacts, head.Contacts)
		assert.Equal(t, []string{"a1", "since"}, w.said(a.ID, 1000, true), "what came since stays")
		assert.Equal(t, []string{"b1"}, w.said(b.ID, 1000, true))
		assert.Len(t, w.list(w.jane, frontdesk.Query{}), 2)
		assert.Equal(t, int64(2), w.unread(w.jane))
		assert.Equal(t, b.ID, w.hearsAt("bob", "again").ID, "the thread leads to the part again")
		_, err = w.jane.Unmerge(ctx, b.ID)
		assert.ErrorIs(t, err, conversation.ErrState)
	})
}

// A merge of two conversations of one thread, an old one and the one that followed, leaves the thread with the head when it is undone.
func TestC22_UnmergeOfOneThread(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		require.NoError(t, w.setup.SaveMailbox(ctx, frontdesk.Mailbox{ID: "berlin", StartNew: true}))
		old := w.hearsAt("ann", "then")
		w.do(w.jane, old.ID, frontdesk.SetStatus{Status: conversation.Closed})
		now := w.hearsAt("ann", "now")
		require.NotEqual(t, old.ID, now.ID)
		_, err := w.jane.Merge(ctx, now.ID, old.ID)
		require.NoError(t, err)
		assert.Equal(t, []string{"then", "now"}, w.said(now.ID, 1000, true))
		_, err = w.jane.Unmerge(ctx, old.ID)
		require.NoError(t, err)
		assert.Equal(t, now.ID, w.hearsAt("ann", "more").ID)
	})
}

// Of two people who merge two conversations into one another, one is told that it has happened.
func TestC22_BothWaysAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for i := range 5 {
			a, b := w.hearsAt(fmt.Sprint("ann", i), "a"), w.hearsAt(fmt.Sprint("bob", i), "b")
			errs, wg := make([]error, 2), sync.WaitGroup{}
			other := w.open().As(frontdesk.Actor{Tenant: tenant, Agent: "joe"})
			wg.Go(func() { _, errs[0] = w.jane.Merge(ctx, a.ID, b.ID) })
			wg.Go(func() { _, errs[1] = other.Merge(ctx, b.ID, a.ID) })
			wg.Wait()
			if errs[0] != nil {
				errs[0], errs[1] = errs[1], errs[0]
			}
			require.NoError(t, errs[0])
			require.ErrorIs(t, errs[1], conversation.ErrState)
			assert.Equal(t, w.get(a.ID).ID, w.get(b.ID).ID)
			assert.Equal(t, int64(i+1), w.unread(w.joe))
		}
	})
}

func TestC22_Refusals(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		w.channel(frontdesk.Channel{Account: "store", Mailbox: "munich"})
		a, b := w.hearsAt("ann", "a"), w.hearsAt("bob", "b")
		m := w.says("mo", "m")
		m.Account = "store"
		w.takes(m)
		elsewhere := w.current("mo")
		trash := w.hearsAt("tim", "t")
		w.do(w.jane, trash.ID, frontdesk.Trash{})
		boss := w.agent(frontdesk.Agent{ID: "boss", Role: frontdesk.Admin})
		for name, tt := range map[string]struct {
			who  *frontdesk.Session
			into string
			from []string
			want error
		}{
			"itself":            {w.jane, a.ID, []string{a.ID}, conversation.ErrValue},
			"nothing":           {w.jane, a.ID, nil, frontdesk.ErrInvalid},
			"too many":          {w.jane, a.ID, make([]string, 11), frontdesk.ErrInvalid},
			"another mailbox":   {boss, a.ID, []string{elsewhere.ID}, conversation.ErrValue},
			"unseen":            {w.jane, a.ID, []string{elsewhere.ID}, frontdesk.ErrNotFound},
			"into the unseen":   {w.jane, elsewhere.ID, []string{a.ID}, frontdesk.ErrNotFound},
			"into trash":        {w.jane, trash.ID, []string{a.ID}, conversation.ErrState},
			"trash":             {w.jane, a.ID, []string{trash.ID}, conversation.ErrState},
			"unknown":           {w.jane, a.ID, []string{"none"}, frontdesk.ErrNotFound},
			"one of them fails": {w.jane, a.ID, []string{b.ID, "none"}, frontdesk.ErrNotFound},
		} {
			_, err := tt.who.Merge(ctx, tt.into, tt.from...)
			assert.ErrorIs(t, err, tt.want, name)
			_, err = tt.who.MergePreview(ctx, tt.into, tt.from...)
			if name != "trash" {
				assert.ErrorIs(t, err, tt.want, "preview of %s", name)
			}
		}
		assert.Empty(t, w.get(a.ID).Parts)
		// Parts of parts count.
		ids := []string{}
		for i := range 21 {
			ids = append(ids, w.hearsAt(fmt.Sprint("p", i), "p").ID)
		}
		_, err := w.jane.Merge(ctx, ids[10], ids[:10]...)
		require.NoError(t, err)
		_, err = w.jane.Merge(ctx, a.ID, ids[11:21]...)
		require.NoError(t, err)
		_, err = w.jane.Merge(ctx, a.ID, ids[10])
		require.ErrorIs(t, err, frontdesk.ErrInvalid)
		_, err = w.jane.Merge(ctx, a.ID, b.ID)
		require.NoError(t, err)
		_, err = w.jane.Merge(ctx, b.ID, ids[10])
		require.ErrorIs(t, err, conversation.ErrState, "a part takes nothing in")
		require.Equal(t, http.StatusOK, w.hook(w.says("p0", "into the middle")))
		assert.Equal(t, ids[10], w.get(ids[0]).ID)
	})
}
