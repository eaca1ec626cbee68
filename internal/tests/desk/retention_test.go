package desk_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/loopback"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/retention"
	"github.com/frontdesk-go/frontdesk/store"
)

const day = 24 * time.Hour

func (w *world) keeps(p retention.Policy) {
	w.t.Helper()
	require.NoError(w.t, w.setup.SaveSettings(ctx, frontdesk.Settings{Retention: p}))
}

// gone reports whether a conversation is erased for good: no row of it and its messages is left.
func (w *world) gone(id string) bool {
	w.t.Helper()
	_, err := w.setup.Conversation(ctx, id)
	rows, lerr := w.store.Load(ctx, tenant, []store.Key{{Kind: store.Conversation, ID: id}}, nil)
	require.NoError(w.t, lerr)
	page, lerr := w.store.List(ctx, store.Query{Tenant: tenant, Kind: store.Message, Fact: "conversation", Value: id})
	require.NoError(w.t, lerr)
	return err != nil && len(rows.Found) == 0 && len(page.Rows) == 0
}

// holds puts a conversation under a legal hold.
func (w *world) holds(id string) {
	w.t.Helper()
	w.do(w.setup, id, frontdesk.SetHold{Hold: true})
}

// trashesOne moves a single message to trash.
func (w *world) trashesOne(message string) {
	w.t.Helper()
	_, err := w.setup.TrashMessage(ctx, message)
	require.NoError(w.t, err)
}

func TestT1_TrashIsErasedAfterItsDays(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		old, kept, held := w.hears("ann", "old"), w.hears("bob", "kept"), w.hears("eve", "held")
		m := w.replies(old.ID, "answer")
		w.run()
		provider := w.message(m.ID).Parts[0].ProviderID
		for _, c := range []string{old.ID, held.ID} {
			w.do(w.jane, c, frontdesk.Trash{})
		}
		w.holds(held.ID)
		w.keeps(retention.Policy{TrashDays: 30})
		w.run()
		w.clock.Advance(29 * day)
		w.do(w.jane, kept.ID, frontdesk.Trash{})
		w.run()
		assert.False(t, w.gone(old.ID), "not yet")
		w.clock.Advance(day + time.Minute)
		w.run()
		assert.True(t, w.gone(old.ID))
		assert.False(t, w.gone(kept.ID))
		assert.False(t, w.gone(held.ID), "a legal hold wins")
		erased := []frontdesk.Event{}
		for _, e := range w.events() {
			if e.Type == conversation.EventErased {
				erased = append(erased, e)
			}
		}
		require.Len(t, erased, 1, "an event for each")
		assert.Equal(t, old.ID, erased[0].Conversation)
		assert.Equal(t, conversation.BySystem, erased[0].Actor.Kind)
		_, err := w.setup.Message(ctx, m.ID)
		assert.ErrorIs(t, err, frontdesk.ErrNotFound)
		// News of what is gone is no news.
		w.takes(channel.Item{Account: "shop", At: w.clock.Now(), Receipt: &channel.Receipt{IDs: []string{provider}, Delivery: conversation.Read}})
		assert.NotEqual(t, old.ID, w.hears("ann", "again").ID, "the customer begins anew")
		state, err := w.setup.SweepState(ctx)
		require.NoError(t, err)
		assert.Equal(t, 1, state.Erased)
	})
}

func TestT1_SingleMessages(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		item := w.says("ann", "my secret")
		item.Message.Subject = "secret too"
		w.takes(item)
		c := w.current("ann")
		assert.Equal(t, "secret too", c.Subject)
		w.hears("ann", "stays")
		first := w.timeline(c.ID)[0]
		w.trashesOne(first.ID)
		w.keeps(retention.Policy{TrashDays: 1})
		w.run()
		trash, err := w.jane.TrashedMessages(ctx, "berlin", "", 0)
		require.NoError(t, err)
		require.Len(t, trash.Items, 1)
		w.clock.Advance(day + time.Minute)
		n, err := w.setup.RetentionPreview(ctx)
		require.NoError(t, err)
		assert.Equal(t, 1, n.Messages)
		require.Len(t, n.First, 1)
		assert.Equal(t, first.ID, n.First[0].Message)
		w.run()
		timeline := w.timeline(c.ID)
		require.Len(t, timeline, 3, "its entry stays, without a gap, and who put it into the trash")
		assert.Empty(t, timeline[0].Text)
		assert.False(t, timeline[0].Erased.IsZero())
		rows, err := w.store.Load(ctx, tenant, []store.Key{{Kind: store.Message, ID: first.ID}}, nil)
		require.NoError(t, err)
		for _, row := range rows.Found {
			assert.NotContains(t, string(row.Body), "secret")
		}
		assert.Empty(t, w.get(c.ID).Subject)
		assert.Equal(t, "stays", w.get(c.ID).Preview)
		assert.Equal(t, 1, w.count(conversation.EventWiped))
		w.takes(item)
		assert.Len(t, w.timeline(c.ID), 3, "a delivery again brings nothing back")
	})
}

func TestT2_ArchiveAfterDaysWithoutAChange_C10(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.channel(frontdesk.Channel{Account: "store", Mailbox: "munich"})
		idle, closed, busy, snoozed, held := w.hears("a", "1"), w.hears("b", "1"), w.hears("c", "1"), w.hears("d", "1"), w.hears("e", "1")
		m := w.says("mo", "elsewhere")
		m.Account = "store"
		w.takes(m)
		elsewhere := w.current("mo")
		w.do(w.jane, closed.ID, frontdesk.SetStatus{Status: conversation.Closed})
		w.do(w.jane, snoozed.ID, frontdesk.Snooze{Until: w.clock.Now().Add(100 * day)})
		w.holds(held.ID)
		never := 0
		require.NoError(t, w.setup.SaveMailbox(ctx, frontdesk.Mailbox{ID: "munich", Retention: retention.Override{ArchiveDays: &never}}))
		w.keeps(retention.Policy{ArchiveDays: 10})
		w.run()
		w.clock.Advance(5 * day)
		w.hears("c", "2")
		w.run()
		w.clock.Advance(5*day - time.Minute)
		n, err := w.setup.RetentionPreview(ctx)
		require.NoError(t, err)
		assert.Zero(t, n.Archive, "not yet")
		w.clock.Advance(2 * time.Minute)
		n, err = w.setup.RetentionPreview(ctx)
		require.NoError(t, err)
		assert.Equal(t, 2, n.Archive)
		assert.Equal(t, 1, n.Held)
		assert.True(t, n.Exact)
		require.Len(t, n.First, 2)
		assert.Equal(t, retention.Archive, n.First[0].Action)
		assert.Equal(t, conversation.Inbox, w.get(idle.ID).Place, "a dry run does nothing")
		w.run()
		for id, want := range map[string]conversation.Place{idle.ID: conversation.Archive, closed.ID: conversation.Archive, busy.ID: conversation.Inbox,
			snoozed.ID: conversation.Inbox, held.ID: conversation.Inbox, elsewhere.ID: conversation.Inbox} {
			assert.Equal(t, want, w.get(id).Place, w.get(id).Preview)
		}
		assert.Equal(t, 2, w.count(conversation.EventMoved))
		assert.Equal(t, idle.ID, w.hears("a", "back").ID)
		assert.Equal(t, conversation.Inbox, w.get(idle.ID).Place, "an answer brings it back")
	})
}

func TestT1_Bounds(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		for _, n := range []int{-1, 1827, 1 << 40} {
			for _, p := range []retention.Policy{{TrashDays: n}, {ArchiveDays: n}} {
				err := w.setup.SaveSettings(ctx, frontdesk.Settings{Retention: p})
				require.ErrorIs(t, err, frontdesk.ErrInvalid)
				assert.Contains(t, err.Error(), "1826")
			}
			err := w.setup.SaveMailbox(ctx, frontdesk.Mailbox{ID: "berlin", Retention: retention.Override{TrashDays: &n}})
			require.ErrorIs(t, err, frontdesk.ErrInvalid)
		}
		for _, n := range []int{0, 1, 1826} {
			require.NoError(t, w.setup.SaveSettings(ctx, frontdesk.Settings{Retention: retention.Policy{TrashDays: n, ArchiveDays: n}}))
		}
		assert.ErrorIs(t, w.jane.SaveSettings(ctx, frontdesk.Settings{Retention: retention.Policy{TrashDays: 1}}), frontdesk.ErrForbidden)
		settings, err := w.setup.Settings(ctx)
		require.NoError(t, err)
		assert.Equal(t, 1826, settings.Retention.TrashDays)
	})
}

func TestT3_EmptyTrashNow(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ids := w.many(4)
		single := w.timeline(ids[3])[0]
		w.trashesOne(single.ID)
		for _, id := range ids[:3] {
			w.do(w.jane, id, frontdesk.Trash{})
		}
		w.holds(ids[2])
		w.clock.Advance(time.Minute)
		n, err := w.setup.EmptyTrashPreview(ctx, "berlin")
		require.NoError(t, err)
		assert.Equal(t, frontdesk.TrashCount{Conversations: 2, Messages: 1, Held: 1, Exact: true}, n)
		id, err := w.setup.EmptyTrash(ctx, "berlin")
		require.NoError(t, err)
		w.clock.Advance(time.Minute)
		w.do(w.jane, ids[3], frontdesk.Trash{})
		w.run()
		state := w.state(id)
		assert.Equal(t, frontdesk.BulkDone, state.Status)
		assert.Equal(t, 2, state.Done)
		assert.Equal(t, 1, state.Failed)
		assert.Equal(t, 1, state.Erased)
		for _, r := range w.results(id) {
			assert.Equal(t, r.ID == ids[2], r.Code == "state")
		}
		assert.True(t, w.gone(ids[0]))
		assert.True(t, w.gone(ids[1]))
		assert.False(t, w.gone(ids[2]))
		assert.False(t, w.gone(ids[3]), "what came to trash after the call stays")
		assert.False(t, w.message(single.ID).Erased.IsZero())
		n, err = w.setup.EmptyTrashPreview(ctx, "")
		require.NoError(t, err)
		assert.Equal(t, 1, n.Conversations)
		_, err = w.setup.EmptyTrash(ctx, "munich")
		require.NoError(t, err)
		w.run()
		assert.False(t, w.gone(ids[3]), "another mailbox's trash")
	})
}

// An erased conversation is nowhere from the first commit on, also while its messages are still there.
func TestT3_InvisibleAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		w.do(w.jane, c.ID, frontdesk.Tag{Add: []string{"vip"}}, frontdesk.Trash{})
		m := w.timeline(c.ID)[0]
		w.clock.Advance(time.Second)
		_, err := w.setup.EmptyTrash(ctx, "")
		require.NoError(t, err)
		w.clock.Advance(time.Second)
		// The worker is killed as soon as the header is marked.
		marked := func() bool { _, err := w.setup.Conversation(ctx, c.ID); return err != nil }
		w.run2(func(cfg *frontdesk.Config) { cfg.Store = &mortal{Store: w.store, when: marked} })
		_, err = w.setup.Conversation(ctx, c.ID)
		require.ErrorIs(t, err, frontdesk.ErrNotFound)
		_, err = w.setup.Message(ctx, m.ID)
		assert.ErrorIs(t, err, frontdesk.ErrNotFound)
		for _, q := range []frontdesk.Query{{View: frontdesk.TrashView}, {View: frontdesk.TrashView, Tag: "vip"}, {View: frontdesk.TrashView, Contact: c.Contacts[0]}} {
			assert.Empty(t, w.list(w.setup, q))
		}
		_, err = w.setup.Reply(ctx, c.ID, frontdesk.Draft{Text: "x"})
		assert.ErrorIs(t, err, frontdesk.ErrNotFound)
		assert.NotEqual(t, c.ID, w.hears("ann", "anew").ID)
		w.clock.Advance(afterLease)
		w.run()
		assert.True(t, w.gone(c.ID), "and another worker goes on")
	})
}

// A message that is on its way out is sent before it is erased.
func TestT3_WhatIsBeingSentIsNotLost(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		w.run()
		w.provider.Next("shop", loopback.Outcome{Err: &channel.Error{Class: channel.Retry}})
		m := w.replies(c.ID, "answer")
		w.run()
		w.do(w.jane, c.ID, frontdesk.Trash{})
		w.clock.Advance(time.Second)
		_, err := w.setup.EmptyTrash(ctx, "")
		require.NoError(t, err)
		w.run()
		require.Zero(t, w.taken("shop", m.ID))
		assert.False(t, w.gone(c.ID), "it waits")
		for range 3 {
			w.clock.Advance(2 * time.Minute)
			w.run()
		}
		assert.Equal(t, 1, w.taken("shop", m.ID))
		assert.True(t, w.gone(c.ID))
	})
}

func TestT5_ErasedMailDoesNotComeBack(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		item := w.says("ann", "Hi")
		w.takes(item)
		c := w.current("ann")
		echo := w.item(channel.Item{Message: &channel.Message{ID: "echo", Origin: channel.Elsewhere, Text: "from the phone",
			From: []conversation.Identity{{Scope: "loopback", Address: "ann"}}}})
		echo.Thread = "ann"
		w.takes(echo)
		w.do(w.jane, c.ID, frontdesk.Trash{})
		w.clock.Advance(time.Second)
		_, err := w.setup.EmptyTrash(ctx, "")
		require.NoError(t, err)
		w.run()
		require.True(t, w.gone(c.ID))
		again := func() int {
			n := 0
			for range 2 {
				w.takes(item, echo, channel.Item{Account: "shop", Thread: "ann", At: w.clock.Now(), Edit: &channel.Edit{ID: item.Message.ID, Text: "edited"}})
			}
			for _, v := range []frontdesk.View{frontdesk.AllView, frontdesk.TrashView} {
				n += len(w.list(w.setup, frontdesk.Query{View: v}))
			}
			return n
		}
		assert.Zero(t, again(), "an import that offers it again brings nothing")
		w.clock.Advance(399 * day)
		w.run()
		assert.Zero(t, again())
		w.clock.Advance(2 * day)
		w.run()
		page, err := w.store.List(ctx, store.Query{Tenant: tenant, Kind: store.Name, Prefix: "msg/"})
		require.NoError(t, err)
		assert.Empty(t, page.Rows, "a tombstone does not stay for ever")
	})
}

func TestT4_StopAndResume(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ids := w.many(5)
		w.keeps(retention.Policy{ArchiveDays: 1})
		w.run()
		w.clock.Advance(2 * day)
		slow := &pausing{Store: w.store, at: 3, reached: make(chan struct{}), goOn: make(chan struct{})}
		d := w.open(func(c *frontdesk.Config) { c.Store = slow })
		done := make(chan error)
		go func() { done <- d.RunDue(ctx) }()
		<-slow.reached
		require.NoError(t, w.setup.StopSweep(ctx))
		close(slow.goOn)
		require.NoError(t, <-done)
		archived := func() (n int) {
			for _, id := range ids {
				if w.get(id).Place == conversation.Archive {
					n++
				}
			}
			return n
		}
		stopped := archived()
		assert.Less(t, stopped, 5, "it stops in the middle")
		w.clock.Advance(3 * day)
		w.run()
		assert.Equal(t, stopped, archived())
		state, err := w.setup.SweepState(ctx)
		require.NoError(t, err)
		assert.True(t, state.Stopped)
		require.NoError(t, w.setup.StopSweep(ctx))
		require.NoError(t, w.setup.ResumeSweep(ctx))
		w.run()
		assert.Equal(t, 5, archived())
		changed := 0
		for _, e := range w.events() {
			if e.Type == conversation.EventSetting && e.Subject == "sweep/state" {
				changed++
			}
		}
		assert.Equal(t, 2, changed, "who stopped it and who let it go on")
	})
}

// Killed at each commit, and in two processes at once: each conversation is archived or erased once, and told once.
func TestT4_KilledAtEveryCommit(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, after := range []bool{false, true} {
			for kill := 1; ; kill++ {
				var ids []string
				for i := range 4 {
					ids = append(ids, w.hears(fmt.Sprintf("k%d%v%d", kill, after, i), "Hi").ID)
				}
				w.do(w.jane, ids[3], frontdesk.Trash{})
				w.keeps(retention.Policy{})
				w.keeps(retention.Policy{ArchiveDays: 1, TrashDays: 1})
				w.run()
				w.clock.Advance(day)
				victim := &mortal{Store: w.store, kill: kill, after: after}
				w.run2(func(c *frontdesk.Config) { c.Store = victim })
				w.clock.Advance(afterLease)
				w.run()
				require.True(t, w.gone(ids[3]), "killed at %d after=%v", kill, after)
				for _, id := range ids[:3] {
					require.Equal(t, conversation.Archive, w.get(id).Place, "killed at %d after=%v", kill, after)
					require.Len(t, w.timeline(id), 2)
				}
				if !victim.dead {
					break
				}
			}
		}
		moved := map[string]int{}
		for after := int64(0); ; {
			events, err := w.desk.Events(ctx, tenant, after, 1000)
			require.NoError(t, err)
			if len(events) == 0 {
				break
			}
			for _, e := range events {
				if e.Type == conversation.EventErased || e.Type == conversation.EventMoved && e.To == string(conversation.Archive) {
					moved[e.Conversation]++
				}
			}
			after = events[len(events)-1].Position
		}
		for id, n := range moved {
			assert.Equal(t, 1, n, id)
		}
	})
}

// counting is a store that adds up what lists of conversations examine.
type counting struct {
	store.Store
	mu       sync.Mutex
	examined int
	largest  int
}

func (s *counting) List(ctx context.Context, q store.Query) (*store.Page, error) {
	page, err := s.Store.List(ctx, q)
	if err == nil && q.Kind == store.Conversation {
		s.mu.Lock()
		s.examined += page.Examined
		s.largest = max(s.largest, len(page.Rows))
		s.mu.Unlock()
	}
	return page, err
}

// A sweep reads what is due, and no more than a page of what is not.
func TestT4_WhatIsNotDueIsNotRead(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		due := 60
		for i := range due {
			w.hears(fmt.Sprint("old", i), "Hi")
		}
		w.clock.Advance(5*day + time.Minute)
		for i := range 200 {
			w.takes(w.says(fmt.Sprint("new", i), "Hi"))
		}
		w.keeps(retention.Policy{ArchiveDays: 5, TrashDays: 5})
		s := &counting{Store: w.store}
		require.NoError(t, w.open(func(c *frontdesk.Config) { c.Store = s }).RunDue(ctx))
		state, err := w.setup.SweepState(ctx)
		require.NoError(t, err)
		assert.Equal(t, due, state.Archived)
		assert.LessOrEqual(t, s.examined, due+60, "selecting what is due does not read what is not")

		w.clock.Advance(time.Hour)
		s.examined = 0
		require.NoError(t, w.open(func(c *frontdesk.Config) { c.Store = s }).RunDue(ctx))
		assert.Zero(t, s.examined, "the next sweep comes when something is due")
		assert.True(t, state.Next.After(w.clock.Now()))
	})
}

// What a customer writes while a sweep is under way comes in, and what he wrote in is not archived.
func TestT4_InboundIsLetThrough(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ids := w.many(10)
		w.keeps(retention.Policy{ArchiveDays: 1})
		w.run()
		w.clock.Advance(2 * day)
		slow := &pausing{Store: w.store, at: 4, reached: make(chan struct{}), goOn: make(chan struct{})}
		d := w.open(func(c *frontdesk.Config) { c.Store = slow })
		done := make(chan error)
		go func() { done <- d.RunDue(ctx) }()
		<-slow.reached
		for i := range ids {
			require.Equal(t, http.StatusOK, w.hook(w.says(fmt.Sprintf("c%03d", i), "still here")))
		}
		close(slow.goOn)
		require.NoError(t, <-done)
		for _, id := range ids {
			assert.Equal(t, conversation.Inbox, w.get(id).Place)
			assert.Equal(t, "still here", w.get(id).Preview)
		}
	})
}

// Files, names and keys of an erased conversation leave nothing behind that names the customer.
func TestT1_NothingIsLeft(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("zaphod", "Beeblebrox")
		_, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "Vogon", Key: "once"})
		require.NoError(t, err)
		w.run()
		w.do(w.jane, c.ID, frontdesk.Trash{})
		w.clock.Advance(time.Second)
		_, err = w.setup.EmptyTrash(ctx, "")
		require.NoError(t, err)
		w.run()
		for _, kind := range []store.Kind{store.Conversation, store.Message, store.Name, store.Document} {
			page, err := w.store.List(ctx, store.Query{Tenant: tenant, Kind: kind, Limit: 1000})
			require.NoError(t, err)
			for _, row := range page.Rows {
				text := row.ID + string(row.Body)
				if !strings.HasPrefix(row.ID, "identity/") {
					assert.NotContains(t, text, "zaphod", row.Key.String())
				}
				assert.NotContains(t, text, "Beeblebrox", row.Key.String())
				assert.NotContains(t, text, "Vogon", row.Key.String())
				assert.False(t, strings.HasPrefix(row.ID, "send/") || strings.HasPrefix(row.ID, "thread/"), row.ID)
			}
		}
	})
}

// A hold that a part brought is the whole's, and goes when that is released.
func TestT4_AReleasedHoldOfAPart(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		head, part := w.hears("ann", "Hello"), w.hears("bob", "Hi")
		w.holds(part.ID)
		_, err := w.setup.Merge(ctx, head.ID, part.ID)
		require.NoError(t, err)
		w.do(w.setup, part.ID, frontdesk.SetHold{})
		w.do(w.setup, head.ID, frontdesk.SetHold{}, frontdesk.Trash{})
		require.False(t, w.get(head.ID).Hold)
		w.clock.Advance(time.Second)
		id, err := w.setup.EmptyTrash(ctx, "")
		require.NoError(t, err)
		w.run()
		assert.Equal(t, 1, w.state(id).Done, "%v", w.results(id))
		assert.True(t, w.gone(head.ID))
	})
}

func TestT3_PreviewCountsWhatIsErased(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		a, b := w.hears("ann", "one"), w.hears("bob", "two")
		w.hears("ann", "three")
		w.hears("bob", "four")
		w.trashesOne(w.timeline(a.ID)[0].ID)
		w.trashesOne(w.timeline(b.ID)[0].ID)
		w.do(w.setup, a.ID, frontdesk.Trash{})
		w.holds(b.ID)
		w.clock.Advance(time.Second)
		n, err := w.setup.EmptyTrashPreview(ctx, "")
		require.NoError(t, err)
		id, err := w.setup.EmptyTrash(ctx, "")
		require.NoError(t, err)
		w.run()
		s := w.state(id)
		assert.Equal(t, s.Done, n.Conversations)
		assert.Equal(t, s.Erased, n.Messages)
	})
}

func TestT4_PreviewKnowsHeldMessages(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		b := w.hears("bob", "two")
		w.hears("bob", "four")
		w.trashesOne(w.timeline(b.ID)[0].ID)
		w.holds(b.ID)
		w.keeps(retention.Policy{TrashDays: 1})
		w.clock.Advance(25 * time.Hour)
		n, err := w.setup.RetentionPreview(ctx)
		require.NoError(t, err)
		w.run()
		s, err := w.setup.SweepState(ctx)
		require.NoError(t, err)
		assert.Equal(t, s.Messages, n.Messages)
		assert.Equal(t, 1, n.Held)
	})
}

func TestT5_NoReactionToWhatIsErased(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		in := w.says("ann", "one")
		w.takes(in)
		c := w.current("ann")
		w.hears("ann", "two")
		id := w.timeline(c.ID)[0].ID
		w.trashesOne(id)
		w.clock.Advance(time.Second)
		_, err := w.setup.EmptyTrash(ctx, "")
		require.NoError(t, err)
		w.run()
		w.takes(channel.Item{Account: "shop", Thread: "ann", At: w.clock.Now(), Reaction: &channel.Reaction{ID: in.Message.ID, Emoji: "x", From: "zaphod"}})
		assert.Empty(t, w.message(id).Reactions)
	})
}

// newer has rows written as a later program would write them, so that this one may not.
func (w *world) newer(keys ...store.Key) {
	w.t.Helper()
	rows, err := w.store.Load(ctx, tenant, keys, nil)
	require.NoError(w.t, err)
	b := store.NewBatch(tenant, w.clock.Now())
	for _, row := range rows.Found {
		b.ReadRow(row)
		row.Body = append([]byte("99"), bytes.TrimLeft(row.Body, "0123456789")...)
		b.Put(row)
	}
	require.NoError(w.t, b.Seal())
	require.NoError(w.t, w.store.Commit(ctx, b))
}

// What cannot be archived or erased, be it a great many, keeps nothing waiting that is behind it.
func TestT4_WhatCannotBeSweptHoldsUpNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		stuck := 450
		if testing.Short() {
			stuck = 300 // more than one turn
		}
		var keys []store.Key
		for i := range stuck {
			c := w.hears(fmt.Sprint("stuck", i), "Hi")
			if i%5 == 0 {
				w.holds(c.ID)
				continue
			}
			keys = append(keys, store.Key{Kind: store.Conversation, ID: c.ID})
		}
		w.clock.Advance(time.Minute)
		behind := w.hears("behind", "Hi").ID
		w.run()
		w.newer(keys...)
		w.keeps(retention.Policy{ArchiveDays: 1, TrashDays: 1})
		w.clock.Advance(2 * day)
		commits := 0
		s := &meddling{Store: w.store, before: func(*store.Batch) { commits++ }}
		require.NoError(t, w.open(func(c *frontdesk.Config) { c.Store = s }).RunDue(ctx))
		assert.Equal(t, conversation.Archive, w.get(behind).Place)
		state, err := w.setup.SweepState(ctx)
		require.NoError(t, err)
		assert.Equal(t, 1, state.Archived)
		assert.Equal(t, w.clock.Now(), state.Last, "it came to its end")
		assert.Less(t, commits, stuck, "it does not begin anew for ever")
	})
}

// The same for single messages, whether a sweep or somebody's emptying erases them.
func TestT4_AMessageThatCannotBeErasedHoldsUpNothing(t *testing.T) {
	for name, empty := range map[string]func(w *world) error{
		"swept": func(w *world) error { w.clock.Advance(2 * day); return nil },
		"emptied": func(w *world) error {
			w.clock.Advance(time.Second)
			_, err := w.setup.EmptyTrash(ctx, "")
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				w.keeps(retention.Policy{TrashDays: 1})
				stuck, behind := w.saysAt("ann", "a1"), w.saysAt("ann", "a2")
				w.trashesOne(stuck.ID)
				w.trashesOne(behind.ID)
				w.run()
				w.newer(store.Key{Kind: store.Message, ID: stuck.ID})
				require.NoError(t, empty(w))
				w.run()
				assert.Equal(t, []string{"a1"}, w.trashed(w.setup, "berlin"))
				state, err := w.setup.SweepState(ctx)
				require.NoError(t, err)
				assert.True(t, name == "emptied" || state.Last.Equal(w.clock.Now()), "it came to its end")
			})
		})
	}
}
