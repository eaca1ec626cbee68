package desk_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// facts lists the conversations that carry a fact, as the store has them.
func (w *world) facts(name, value string) (ids []string) {
	w.t.Helper()
	page, err := w.store.List(ctx, store.Query{Tenant: tenant, Kind: store.Conversation, Fact: name, Value: value})
	require.NoError(w.t, err)
	for _, row := range page.Rows {
		ids = append(ids, row.ID)
	}
	return ids
}

func TestC9_FollowUpReturnsUnreadForAll(t *testing.T) {
	for name, before := range map[string][]frontdesk.Action{
		"inbox":    nil,
		"snoozed":  {frontdesk.Snooze{Until: time.Date(2026, 6, 1, 9, 0, 0, 0, time.UTC), KeepAsleep: true}},
		"closed":   {frontdesk.SetStatus{Status: conversation.Closed}},
		"finished": {frontdesk.Complete{}},
		"archived": {frontdesk.Complete{}, frontdesk.Archive{}},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				c, other := w.hears("ann", "Hi"), frontdesk.Conversation{}
				w.clock.Advance(time.Minute)
				other = w.hears("bob", "Hi")
				for _, s := range []*frontdesk.Session{w.jane, w.joe} {
					_, err := s.View(ctx, c.ID)
					require.NoError(t, err)
				}
				at := w.clock.Now().Add(48 * time.Hour)
				w.do(w.jane, c.ID, append([]frontdesk.Action{frontdesk.SetFollowUp{At: at}}, before...)...)
				assert.Equal(t, []string{c.ID}, w.facts("followup", ""))
				w.clock.Advance(47 * time.Hour)
				w.run()
				assert.Equal(t, int64(1), w.unread(w.joe), "bob's alone")

				w.clock.Advance(7 * 24 * time.Hour) // nothing ran for days
				w.run()
				w.run()
				list := w.list(w.joe, frontdesk.Query{})
				require.Len(t, list, 2)
				assert.Equal(t, []string{c.ID, other.ID}, []string{list[0].ID, list[1].ID}, "it moves up")
				assert.True(t, list[0].Unread)
				assert.Equal(t, []int64{2, 2}, []int64{w.unread(w.jane), w.unread(w.joe)})
				assert.Zero(t, w.get(c.ID).FollowUp)
				assert.Empty(t, w.facts("followup", ""))
				assert.Equal(t, 1, w.count(conversation.EventDue))
				assert.Equal(t, conversation.Open, list[0].Status)
			})
		})
	}
}

func TestC9_ChangedAndClearedFollowUps(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		moved, cleared := w.hears("ann", "Hi"), w.hears("bob", "Hi")
		in := func(d time.Duration) frontdesk.SetFollowUp { return frontdesk.SetFollowUp{At: w.clock.Now().Add(d)} }
		for _, id := range []string{moved.ID, cleared.ID} {
			w.do(w.jane, id, in(time.Hour))
			_, err := w.jane.MarkRead(ctx, id)
			require.NoError(t, err)
		}
		w.do(w.jane, moved.ID, in(3*time.Hour))
		w.do(w.jane, cleared.ID, frontdesk.SetFollowUp{})
		w.clock.Advance(2 * time.Hour)
		w.run()
		assert.Equal(t, 0, w.count(conversation.EventDue))
		assert.Equal(t, int64(0), w.unread(w.jane))
		w.clock.Advance(2 * time.Hour)
		w.run()
		assert.Equal(t, 1, w.count(conversation.EventDue))
		assert.True(t, w.list(w.jane, frontdesk.Query{})[0].Unread)

		// The same date once more is a follow-up of its own.
		w.do(w.jane, moved.ID, in(time.Hour))
		w.clock.Advance(time.Hour)
		w.run()
		assert.Equal(t, 2, w.count(conversation.EventDue))
	})
}

// Spam and trash keep the date; restoring a conversation whose follow-up has passed brings it back unread.
func TestC9_FollowUpWaitsInTrash(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, to := range []frontdesk.Action{frontdesk.Trash{}, frontdesk.Spam{}} {
			c := w.hears("ann", "Hi")
			told := w.count(conversation.EventDue)
			w.do(w.jane, c.ID, frontdesk.SetFollowUp{At: w.clock.Now().Add(time.Hour)}, to)
			_, err := w.jane.MarkRead(ctx, c.ID)
			require.NoError(t, err)
			w.clock.Advance(2 * time.Hour)
			w.run()
			assert.Equal(t, told, w.count(conversation.EventDue))
			assert.NotZero(t, w.get(c.ID).FollowUp)
			w.do(w.jane, c.ID, frontdesk.Restore{})
			w.run()
			assert.Equal(t, told+1, w.count(conversation.EventDue))
			assert.Equal(t, int64(1), w.unread(w.jane))
		}
	})
}

func TestC9_DeadlineAndPriority(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		late, early := w.hears("ann", "Hi"), w.hears("bob", "Hi")
		w.do(w.jane, late.ID, frontdesk.SetDeadline{At: w.clock.Now().Add(48 * time.Hour)}, frontdesk.SetPriority{Priority: 5})
		w.do(w.jane, early.ID, frontdesk.SetDeadline{At: w.clock.Now().Add(-time.Hour)})
		overdue, err := w.store.List(ctx, store.Query{Tenant: tenant, Kind: store.Conversation, Fact: "deadline",
			Match: []store.Match{{Name: "deadline", To: w.clock.Now().UnixMicro()}}})
		require.NoError(t, err)
		require.Len(t, overdue.Rows, 1)
		assert.Equal(t, early.ID, overdue.Rows[0].ID)
		got := w.get(late.ID)
		assert.Equal(t, 5, got.Priority)
		assert.Equal(t, w.clock.Now().Add(48*time.Hour), got.Deadline)
		w.do(w.jane, late.ID, frontdesk.SetDeadline{}, frontdesk.SetPriority{})
		assert.Equal(t, []string{early.ID}, w.facts("deadline", ""))
		w.untouched(late.ID, func() {
			for _, bad := range []frontdesk.Action{frontdesk.SetPriority{Priority: 6}, frontdesk.SetPriority{Priority: -1}, frontdesk.SetFollowUp{At: w.clock.Now()},
				frontdesk.SetFollowUp{At: w.clock.Now().AddDate(6, 0, 0)}, frontdesk.SetDeadline{At: w.clock.Now().AddDate(6, 0, 0)}} {
				_, err := w.jane.Do(ctx, late.ID, frontdesk.SetPriority{Priority: 1}, bad)
				require.ErrorIs(t, err, conversation.ErrValue, "%#v", bad)
			}
		})
	})
}

// Sending and planning are one act, like every other action.
func TestS20_PlanningInTheSameAct(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		_, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "On it", Then: []frontdesk.Action{
			frontdesk.SetFollowUp{At: w.clock.Now().Add(time.Hour)}, frontdesk.SetPriority{Priority: 2}, frontdesk.Pin{},
			frontdesk.ChangeLinks{Add: []conversation.Link{{Kind: "order", ID: "4711"}}}}})
		require.NoError(t, err)
		got := w.get(c.ID)
		assert.Equal(t, []any{2, []string{"jd"}, 1}, []any{got.Priority, got.Pinned, len(got.Links)})
		assert.Equal(t, w.clock.Now(), got.Answered.Truncate(time.Second), "an agent has answered")
	})
}

// Two processes that look for work at the same time bring a conversation back once.
func TestC9_OneReturnWithSeveralWorkers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const n = 10
		for i := range n {
			c := w.hears(string(rune('a'+i)), "Hi")
			w.do(w.jane, c.ID, frontdesk.SetFollowUp{At: w.clock.Now().Add(time.Hour)}, frontdesk.Snooze{Until: w.clock.Now().Add(time.Hour)})
		}
		w.run()
		w.clock.Advance(time.Hour)
		desks := []*frontdesk.Desk{w.desk, w.open(), w.open()}
		atOnce(len(desks), func(i int) { assert.NoError(t, desks[i].RunDue(ctx)) })
		assert.Equal(t, []int{n, n}, []int{w.count(conversation.EventDue), w.count(conversation.EventWoken)})
		assert.Equal(t, int64(n), w.unread(w.jane))
	})
}
