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
	"github.com/frontdesk-go/frontdesk/channel/loopback"
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
		w.mergesWhatBothHave()
	})
}

// mergesWhatBothHave merges conversations that are tied to one record, each in a way of its own, and that people are responsible for.
func (w *world) mergesWhatBothHave() {
	w.t.Helper()
	for _, role := range []string{"buying", "returns"} {
		require.NoError(w.t, w.setup.SaveResponsibility(ctx, frontdesk.Responsibility{ID: role, Names: english(role)}))
	}
	order := func(id string, by conversation.LinkBy) conversation.Link {
		return conversation.Link{Kind: "order", ID: id, By: by}
	}
	a, b := w.hearsAt("kim", "a"), w.hearsAt("lee", "b")
	w.do(w.setup, a.ID, frontdesk.ChangeLinks{Add: []conversation.Link{order("1", conversation.ByMatch), order("3", conversation.ByHand)}},
		frontdesk.ChangeOwners{Add: []conversation.Owner{{Role: "returns", Agent: "jd"}}})
	w.do(w.setup, b.ID, frontdesk.ChangeLinks{Add: []conversation.Link{order("1", conversation.ByHand), order("2", conversation.ByCapture)}},
		frontdesk.ChangeOwners{Add: []conversation.Owner{{Role: "buying", Agent: "jd"}, {Role: "buying", Agent: "joe"}, {Role: "returns", Agent: "joe"}}})
	before := w.get(a.ID)
	head, err := w.jane.Merge(ctx, a.ID, b.ID)
	require.NoError(w.t, err)
	assert.Equal(w.t, []conversation.Link{order("1", conversation.ByMatch), order("2", conversation.ByCapture), order("3", conversation.ByHand)}, head.Links, "a record is linked once")
	assert.Equal(w.t, []conversation.Owner{{Role: "buying", Agent: "jd"}, {Role: "buying", Agent: "joe"}, {Role: "returns", Agent: "jd"}}, head.Owners)
	for _, id := range []string{"1", "2", "3"} {
		assert.Equal(w.t, []string{a.ID}, w.facts("record", "order/"+id))
	}
	changed := w.get(a.ID).Changed
	w.clock.Advance(time.Minute)
	w.do(w.jane, a.ID, frontdesk.ChangeLinks{Add: []conversation.Link{order("2", "")}}, frontdesk.ChangeOwners{Add: head.Owners})
	assert.Equal(w.t, changed, w.get(a.ID).Changed, "what is there already is no change")
	_, err = w.jane.Unmerge(ctx, b.ID)
	require.NoError(w.t, err)
	assert.Equal(w.t, before.Links, w.get(a.ID).Links)
	assert.Equal(w.t, before.Owners, w.get(a.ID).Owners)
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
		w.unmergesOneOfTwo()
	})
}

// unmergesOneOfTwo undoes the merges of two parts that have much in common: what the one that is still merged brought stays with it.
func (w *world) unmergesOneOfTwo() {
	w.t.Helper()
	for i, firstLeaves := range []bool{true, false} {
		for j, together := range []bool{true, false} {
			who := func(name string) string { return fmt.Sprint(name, i, j) }
			head, a, b := w.hearsAt(who("hal"), "h"), w.hearsAt(who("ada"), "a"), w.hearsAt(who("bea"), "b")
			order := conversation.Link{Kind: "order", ID: who("o"), By: conversation.ByHand}
			for _, p := range []frontdesk.Conversation{a, b} {
				w.do(w.jane, p.ID, frontdesk.Tag{Add: []string{"vip", p.ID}}, frontdesk.ChangeLinks{Add: []conversation.Link{order}}, frontdesk.SetPriority{Priority: 3})
				_, err := w.jane.ChangeLabels(ctx, p.Contacts[0], []string{"gold", p.Contacts[0]}, nil)
				require.NoError(w.t, err)
			}
			w.run()
			before := w.get(head.ID)
			merges := [][]string{{a.ID}, {b.ID}}
			if together {
				merges = [][]string{{a.ID, b.ID}}
			}
			for _, from := range merges {
				_, err := w.jane.Merge(ctx, head.ID, from...)
				require.NoError(w.t, err)
			}
			leaves, stays := b, a
			if firstLeaves {
				leaves, stays = a, b
			}
			_, err := w.jane.ChangeLabels(ctx, leaves.Contacts[0], []string{"late"}, nil)
			require.NoError(w.t, err)
			w.run()
			require.Contains(w.t, w.get(head.ID).Labels, "late")
			left, err := w.jane.Unmerge(ctx, leaves.ID)
			require.NoError(w.t, err)
			assert.ElementsMatch(w.t, []string{"gold", "late", leaves.Contacts[0]}, left.Labels, "given to its contact while it was merged")
			got := w.get(head.ID)
			assert.ElementsMatch(w.t, []string{"vip", stays.ID}, got.Tags)
			assert.ElementsMatch(w.t, []string{"gold", stays.Contacts[0]}, got.Labels)
			assert.Equal(w.t, []conversation.Link{order}, got.Links)
			assert.Equal(w.t, 3, got.Priority)
			assert.Equal(w.t, []string{head.Contacts[0], stays.Contacts[0]}, got.Contacts)
			_, err = w.jane.Unmerge(ctx, stays.ID)
			require.NoError(w.t, err)
			got = w.get(head.ID)
			assert.Empty(w.t, got.Tags)
			assert.Empty(w.t, got.Labels)
			assert.Empty(w.t, got.Links)
			assert.Zero(w.t, got.Priority)
			assert.Equal(w.t, before.Contacts, got.Contacts)
			assert.Equal(w.t, before.Threads, got.Threads)
			assert.Equal(w.t, before.Preview, got.Preview)
			assert.Equal(w.t, a.ID, w.hearsAt(who("ada"), "a").ID)
			assert.Equal(w.t, b.ID, w.hearsAt(who("bea"), "b").ID)
		}
	}
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
	each(t, refusesTooMany)
}

// refusesTooMany merges what together has more than a conversation may: nothing happens, and who merges learns what is too much.
func refusesTooMany(t *testing.T, w *world) {
	var all []frontdesk.Conversation
	var ids []string
	for i := range 6 {
		c := w.hearsAt(fmt.Sprint("c", i), "hi")
		all, ids = append(all, c), append(ids, c.ID)
	}
	give := func(what func(c *conversation.Conversation, i int)) {
		for i, id := range ids {
			w.edit(id, func(c *conversation.Conversation) { what(c, i) })
			all[i] = w.get(id)
		}
	}
	refused := func(field, n, most string) {
		t.Helper()
		entries := w.timeline(ids[0])
		_, err := w.jane.MergePreview(ctx, ids[0], ids[1:]...)
		_, err2 := w.jane.Merge(ctx, ids[0], ids[1:]...)
		for _, err := range []error{err, err2} {
			var bad *conversation.ValueError
			require.ErrorAs(t, err, &bad)
			assert.Equal(t, field, bad.Field)
			assert.Contains(t, err.Error(), "would have "+n)
			assert.Contains(t, err.Error(), "at most "+most)
		}
		w.same(all[0], entries)
		for _, c := range all {
			assert.Equal(t, c, w.get(c.ID), "nothing half done")
		}
	}
	numbers := func(i, n int) (out []string) {
		for k := range n {
			out = append(out, fmt.Sprintf("x%d-%03d", i, k))
		}
		return out
	}
	give(func(c *conversation.Conversation, i int) {
		for _, id := range numbers(i, conversation.MaxLinks) {
			c.Links = append(c.Links, conversation.Link{Kind: "order", ID: id, By: conversation.ByHand})
		}
	})
	refused("links", "600", "100")
	give(func(c *conversation.Conversation, i int) { c.Links, c.Folders = nil, numbers(i, 10) })
	refused("folders", "60", "50")
	give(func(c *conversation.Conversation, i int) { c.Folders, c.Contacts = nil, numbers(i, 100) })
	refused("merge", "600", "450")

	// As much as it may have, a store takes; and what is above a maximum that was lowered since can be made shorter.
	give(func(c *conversation.Conversation, i int) { c.Contacts, c.Labels = numbers(i, 75), numbers(i, 100) })
	_, err := w.jane.Merge(ctx, ids[0], ids[1:]...)
	require.NoError(t, err)
	w.do(w.jane, ids[0], frontdesk.Assign{Agent: "jd", Team: "returns"}, frontdesk.SetFollowUp{At: w.clock.Now().Add(time.Hour)}, frontdesk.SetPriority{Priority: 3})
	w.edit(ids[0], func(c *conversation.Conversation) { c.Contacts, c.Folders = nil, numbers(0, 60) })
	assert.Len(t, w.do(w.jane, ids[0], frontdesk.ChangeFolders{Remove: numbers(0, 1)}).Folders, 59)
}

func (w *world) merges(head, part string) {
	w.t.Helper()
	_, err := w.jane.Merge(ctx, head, part)
	require.NoError(w.t, err)
}

// An answer cancels what waits for it, and what is let go is the whole's answer, though it was written to a part before they were merged.
func TestS15_WrittenBeforeAMerge(t *testing.T) {
	for _, answers := range []bool{false, true} {
		t.Run(fmt.Sprint(answers), func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				ann, bob := w.hearsAt("ann", "a1"), w.hearsAt("bob", "b1")
				m := w.later(bob.ID, "Still there?", time.Hour, onAnswer)
				w.merges(ann.ID, bob.ID)
				if answers {
					w.hearsAt("bob", "I am")
				}
				w.clock.Advance(2 * time.Hour)
				w.run()
				if answers {
					assert.Equal(t, conversation.Cancelled, w.message(m.ID).Delivery)
					assert.Empty(t, w.texts())
					return
				}
				assert.Equal(t, conversation.Sent, w.message(m.ID).Delivery)
				assert.Equal(t, []string{"Still there?"}, w.texts())
				got := w.get(ann.ID)
				assert.Equal(t, "Still there?", got.Preview)
				assert.Equal(t, 3, got.Messages)
				assert.True(t, got.WaitingSince.IsZero())
				_, err := w.jane.Unmerge(ctx, bob.ID)
				require.NoError(t, err)
				assert.Equal(t, 3, w.get(ann.ID).Messages+w.get(bob.ID).Messages)
				assert.Equal(t, 1, w.get(bob.ID).Messages)
			})
		})
	}
}

// What was erased while conversations were merged is not shown again when they are taken apart.
func TestC22_UnmergeShowsNothingErased(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		head := w.hears("ann", "zanzibar secret")
		w.clock.Advance(time.Minute)
		part := w.hears("bob", "newer")
		_, err := w.jane.Merge(ctx, head.ID, part.ID)
		require.NoError(t, err)
		w.trashesOne(w.timeline(head.ID)[0].ID)
		w.clock.Advance(time.Second)
		_, err = w.setup.EmptyTrash(ctx, "")
		require.NoError(t, err)
		w.run()
		assert.Empty(t, w.traces("zanzibar"), "erased for good")
		_, err = w.jane.Unmerge(ctx, part.ID)
		require.NoError(t, err)
		assert.NotContains(t, w.get(head.ID).Preview, "zanzibar")
	})
}

func TestC22_UnmergeShowsNothingTakenBack(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		in := w.says("ann", "zanzibar secret")
		w.takes(in)
		head := w.current("ann")
		w.clock.Advance(time.Minute)
		part := w.hears("bob", "newer")
		_, err := w.jane.Merge(ctx, head.ID, part.ID)
		require.NoError(t, err)
		w.unsent(in.Message.ID)
		_, err = w.jane.Unmerge(ctx, part.ID)
		require.NoError(t, err)
		assert.NotContains(t, w.get(head.ID).Preview, "zanzibar")
	})
}

// saysAt delivers a message at a time of its own and returns the message.
func (w *world) saysAt(who, text string) conversation.Message {
	w.t.Helper()
	c := w.hearsAt(who, text)
	for _, m := range w.timeline(c.ID) {
		if m.Text == text {
			return m
		}
	}
	require.FailNow(w.t, "no message", text)
	return conversation.Message{}
}

// The list shows the newest message of the whole, whichever timeline it is on, and whatever goes to the trash and comes back.
func TestC22_ListShowsTheNewestOfTheWhole(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		sent := []conversation.Message{w.saysAt("bob", "b1"), w.saysAt("cem", "c1"), w.saysAt("ann", "a1"), w.saysAt("cem", "c2"), w.saysAt("ann", "a2"), w.saysAt("bob", "b2")}
		bob, cem, ann := sent[0].Conversation, sent[1].Conversation, sent[2].Conversation
		w.merges(bob, cem) // a part of a part
		w.merges(ann, bob)
		trashes := func(from, to int, preview string) {
			t.Helper()
			for _, m := range sent[from:to] {
				_, err := w.jane.TrashMessage(ctx, m.ID)
				require.NoError(t, err)
			}
			assert.Equal(t, preview, w.get(ann).Preview)
		}
		restores := func(i int, preview string) {
			t.Helper()
			_, err := w.jane.RestoreMessage(ctx, sent[i].ID)
			require.NoError(t, err)
			assert.Equal(t, preview, w.get(ann).Preview)
		}
		trashes(5, 6, "a2")
		trashes(4, 5, "c2")
		trashes(3, 4, "a1")
		trashes(0, 3, "")
		restores(2, "a1")
		restores(0, "a1")
		restores(3, "c2")
		restores(4, "a2")
		restores(1, "a2")
		restores(5, "b2")
		trashes(4, 6, "c2")
		assert.Equal(t, 4, w.get(ann).Messages)

		// Each shows its own when they are taken apart, and counts its own.
		_, err := w.jane.Unmerge(ctx, bob)
		require.NoError(t, err)
		assert.Equal(t, "a1", w.get(ann).Preview)
		assert.Equal(t, 1, w.get(ann).Messages)
		assert.Equal(t, "c2", w.get(bob).Preview)
		assert.Equal(t, 3, w.get(bob).Messages)
		left, err := w.jane.Unmerge(ctx, cem)
		require.NoError(t, err)
		assert.Equal(t, "c2", left.Preview)
		assert.Equal(t, "b1", w.get(bob).Preview)
		w.merges(cem, bob)
		assert.Equal(t, "c2", w.get(cem).Preview, "it is on top of the list, and its message is older")
	})
}

// What is edited or taken back in a part shows where it is the newest of the whole, and only there: another part may say the same.
func TestC22_ListFollowsNewsOfParts(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.hearsAt("ann", "a1")
		older, newer := w.says("bob", "ok"), w.says("cem", "ok")
		for _, item := range []channel.Item{older, newer} {
			w.clock.Advance(time.Minute)
			w.takes(item)
		}
		w.merges(ann.ID, w.current("bob").ID)
		w.merges(ann.ID, w.current("cem").ID)
		news := func(of channel.Item, what channel.Item) string {
			what.Account, what.Thread, what.At = "shop", of.Thread, w.clock.Now().Add(time.Minute)
			w.takes(what)
			return w.get(ann.ID).Preview
		}
		assert.Equal(t, "ok", news(older, channel.Item{Edit: &channel.Edit{ID: older.Message.ID, Text: "older"}}))
		assert.Equal(t, "newer", news(newer, channel.Item{Edit: &channel.Edit{ID: newer.Message.ID, Text: "newer"}}))
		assert.Equal(t, "older", news(newer, channel.Item{Unsend: &channel.Unsend{ID: newer.Message.ID}}))
		assert.Equal(t, "a1", news(older, channel.Item{Unsend: &channel.Unsend{ID: older.Message.ID}}))
	})
}

// What failed or was settled while conversations were merged is counted where it was written when they are taken apart.
func TestC22_UnmergeTakesFailuresAlong(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann, bob, cem := w.hearsAt("ann", "a1"), w.hearsAt("bob", "b1"), w.hearsAt("cem", "c1")
		answers := map[string]conversation.Message{}
		for who, c := range map[string]frontdesk.Conversation{"ann": ann, "bob": bob, "cem": cem} {
			answers[who] = w.replies(c.ID, "for "+who)
		}
		w.run()
		fails := func(who string) {
			w.receipt(w.message(answers[who].ID).Parts[0].ProviderID, conversation.Failed, nil)
		}
		counts := func(want map[string]int) {
			t.Helper()
			for id, n := range want {
				assert.Equal(t, n, w.get(id).Failed)
				assert.Equal(t, n == 0, w.get(id).WaitingSince.IsZero(), "who got no answer waits")
			}
		}
		w.merges(bob.ID, cem.ID) // a part of a part
		w.merges(ann.ID, bob.ID)
		fails("ann")
		fails("cem")
		counts(map[string]int{ann.ID: 2})
		_, err := w.jane.Unmerge(ctx, bob.ID)
		require.NoError(t, err)
		counts(map[string]int{ann.ID: 1, bob.ID: 1})
		assert.Len(t, w.list(w.jane, frontdesk.Query{View: frontdesk.FailedView}), 2)

		w.merges(ann.ID, bob.ID)
		fails("bob")
		_, err = w.jane.Retry(ctx, answers["cem"].ID)
		require.NoError(t, err)
		counts(map[string]int{ann.ID: 2})
		w.run()
		_, err = w.jane.Unmerge(ctx, bob.ID)
		require.NoError(t, err)
		counts(map[string]int{ann.ID: 1, bob.ID: 1})
		_, err = w.jane.Unmerge(ctx, cem.ID)
		require.NoError(t, err)
		counts(map[string]int{ann.ID: 1, bob.ID: 1, cem.ID: 0})
		_, err = w.jane.Dismiss(ctx, answers["bob"].ID)
		require.NoError(t, err)
		assert.Zero(t, w.get(bob.ID).Failed)

		// What fails at the provider, after the merge.
		w.provider.Next("shop", loopback.Outcome{Err: &channel.Error{Class: channel.Content}})
		late := w.replies(cem.ID, "late")
		w.merges(ann.ID, cem.ID)
		w.run()
		require.Equal(t, conversation.Failed, w.message(late.ID).Delivery)
		assert.Equal(t, 2, w.get(ann.ID).Failed)
		_, err = w.jane.Unmerge(ctx, cem.ID)
		require.NoError(t, err)
		assert.Equal(t, []int{1, 1}, []int{w.get(ann.ID).Failed, w.get(cem.ID).Failed})
	})
}

// An agent whom a part brought leaves with it, and one of a part that stays takes over if he still can.
func TestC22_UnmergeTakesTheAgentAlong(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann, bob, cem := w.hearsAt("ann", "a1"), w.hearsAt("bob", "b1"), w.hearsAt("cem", "c1")
		w.do(w.jane, bob.ID, frontdesk.Assign{Agent: "jd"})
		w.do(w.jane, cem.ID, frontdesk.Assign{Agent: "joe"})
		holds := func(want map[string]string) {
			t.Helper()
			for id, agent := range want {
				assert.Equal(t, agent, w.get(id).Agent)
			}
		}
		apart := func(id string) {
			t.Helper()
			_, err := w.jane.Unmerge(ctx, id)
			require.NoError(t, err)
		}
		w.merges(ann.ID, bob.ID)
		w.merges(ann.ID, cem.ID)
		holds(map[string]string{ann.ID: "jd"})
		apart(bob.ID)
		holds(map[string]string{ann.ID: "joe", bob.ID: "jd"})
		w.merges(ann.ID, bob.ID)
		w.do(w.jane, ann.ID, frontdesk.Assign{Agent: "jd"})
		apart(cem.ID)
		holds(map[string]string{ann.ID: "jd", cem.ID: "joe"})
		apart(bob.ID)
		holds(map[string]string{bob.ID: "jd"})
		w.do(w.jane, ann.ID, frontdesk.Assign{})

		w.merges(ann.ID, bob.ID)
		w.merges(ann.ID, cem.ID)
		w.agent(frontdesk.Agent{ID: "joe", Mailboxes: []string{"berlin"}, Inactive: true})
		apart(bob.ID)
		holds(map[string]string{ann.ID: "", bob.ID: "jd"})
	})
}

// When the message that a whole waits for, or is unread by, goes and comes back, the whole waits for what is left on any of its timelines and is unread by it.
func TestC22_WholeWaitsForWhatIsLeft(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		trash := func(m conversation.Message) {
			t.Helper()
			_, err := w.jane.TrashMessage(ctx, m.ID)
			require.NoError(t, err)
		}
		restore := func(m conversation.Message) {
			t.Helper()
			_, err := w.jane.RestoreMessage(ctx, m.ID)
			require.NoError(t, err)
		}
		for name, order := range map[string][]string{"the head waits longest": {"h", "p", "q"}, "a part waits longest": {"p", "h", "q"}, "another": {"q", "p", "h"}} {
			t.Run(name, func(t *testing.T) {
				w.ids++
				prefix := fmt.Sprint(w.ids)
				sent := map[string]conversation.Message{}
				for _, who := range order {
					sent[who] = w.saysAt(prefix+who, who)
				}
				head := sent["h"].Conversation
				w.merges(head, sent["p"].Conversation)
				w.merges(head, sent["q"].Conversation)
				since := func(who string) {
					t.Helper()
					want := time.Time{}
					if who != "" {
						want = sent[who].At
					}
					assert.Equal(t, want, w.get(head).WaitingSince)
				}
				since(order[0])
				trash(sent[order[0]])
				since(order[1])
				trash(sent[order[1]])
				since(order[2])
				restore(sent[order[0]])
				since(order[0])
				restore(sent[order[1]])
				since(order[0])

				// Likewise what makes it unread, from the newest back.
				unread := func(want bool) {
					t.Helper()
					c, err := w.jane.Conversation(ctx, head)
					require.NoError(t, err)
					assert.Equal(t, want, c.Unread)
				}
				unread(true)
				trash(sent[order[2]])
				unread(true)
				trash(sent[order[1]])
				unread(true)
				trash(sent[order[0]])
				unread(false)
				since("")
				restore(sent[order[1]])
				unread(true)
				since(order[1])

				// Whom an answer has answered does not wait again.
				w.clock.Advance(time.Minute)
				w.replies(head, "Answer")
				since("")
				restore(sent[order[0]])
				since("")
			})
		}
	})
}

// The same when a customer takes it back, in a part of a part, and who has read what is left has read the whole.
func TestC22_WholeWaitsWhenOneTakesBack(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		inner, head, part := w.saysAt("cem", "c1"), w.saysAt("ann", "a1"), w.saysAt("bob", "b1")
		for _, m := range []conversation.Message{inner, head} {
			_, err := w.jane.MarkRead(ctx, m.Conversation)
			require.NoError(t, err)
		}
		last := w.saysAt("cem", "c2")
		w.merges(part.Conversation, inner.Conversation)
		w.merges(head.Conversation, part.Conversation)
		whole := func(s *frontdesk.Session, since time.Time, unread bool) {
			t.Helper()
			c, err := s.Conversation(ctx, head.Conversation)
			require.NoError(t, err)
			assert.Equal(t, since, c.WaitingSince)
			assert.Equal(t, unread, c.Unread)
		}
		takeBack := func(who string, m conversation.Message) {
			t.Helper()
			w.takes(channel.Item{Account: "shop", Thread: who, At: w.clock.Now(), Unsend: &channel.Unsend{ID: m.ProviderID}})
		}
		whole(w.jane, inner.At, true)
		takeBack("cem", inner)
		whole(w.jane, head.At, true)
		takeBack("cem", last)
		whole(w.jane, head.At, true) // by what bob wrote
		takeBack("bob", part)
		whole(w.jane, head.At, false)
		whole(w.joe, head.At, true)
		takeBack("ann", head)
		whole(w.joe, time.Time{}, false)
		assert.Equal(t, int64(0), w.unread(w.joe))
	})
}
