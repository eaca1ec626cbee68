package desk_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
	"github.com/frontdesk-go/frontdesk/storetest"
)

// many hears from n customers and returns the conversations' IDs.
func (w *world) many(n int) (ids []string) {
	w.t.Helper()
	for i := range n {
		ids = append(ids, w.hears(fmt.Sprintf("c%03d", i), "Hi").ID)
	}
	w.run()
	w.clock.Advance(time.Minute)
	return ids
}

func (w *world) bulk(s *frontdesk.Session, b frontdesk.Bulk) string {
	w.t.Helper()
	id, err := s.Bulk(ctx, b)
	require.NoError(w.t, err)
	return id
}

func (w *world) state(id string) frontdesk.BulkState {
	w.t.Helper()
	state, err := w.setup.BulkState(ctx, id)
	require.NoError(w.t, err)
	return state
}

func (w *world) results(id string) (out []frontdesk.BulkResult) {
	w.t.Helper()
	for cursor := ""; ; {
		page, err := w.setup.BulkResults(ctx, id, cursor)
		require.NoError(w.t, err)
		out = append(out, page.Items...)
		if cursor = page.Next; cursor == "" {
			return out
		}
	}
}

func archive() []frontdesk.Action { return []frontdesk.Action{frontdesk.Archive{}} }

func TestV5_BulkOverAFilter(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.channel(frontdesk.Channel{Account: "store", Mailbox: "munich"})
		m := w.says("mo", "elsewhere")
		m.Account = "store"
		w.takes(m)
		elsewhere := w.current("mo")
		ids := w.many(5)
		for _, id := range ids[:3] {
			w.do(w.jane, id, frontdesk.Tag{Add: []string{"old"}})
		}
		w.do(w.setup, elsewhere.ID, frontdesk.Tag{Add: []string{"old"}})
		w.clock.Advance(time.Minute)
		id := w.bulk(w.jane, frontdesk.Bulk{Query: &frontdesk.Query{Tag: "old"}, Actions: append(archive(), frontdesk.Tag{Remove: []string{"old"}})})
		assert.Equal(t, frontdesk.BulkRunning, w.state(id).Status)
		w.clock.Advance(time.Minute)
		late := w.hears("late", "Hi")
		w.do(w.jane, late.ID, frontdesk.Tag{Add: []string{"old"}})
		w.run()
		state := w.state(id)
		assert.Equal(t, frontdesk.BulkDone, state.Status)
		assert.Equal(t, 3, state.Done)
		assert.Zero(t, state.Failed)
		for i, c := range ids {
			assert.Equal(t, i < 3, w.get(c).Place == conversation.Archive)
		}
		assert.Equal(t, conversation.Inbox, w.get(elsewhere.ID).Place, "never more than its actor sees")
		assert.Equal(t, conversation.Inbox, w.get(late.ID).Place, "what came after the call is left alone")
		got := []string{}
		for _, r := range w.results(id) {
			assert.Empty(t, r.Error)
			got = append(got, r.ID)
		}
		assert.ElementsMatch(t, ids[:3], got)
		// Who began it and admins may look, nobody else.
		_, err := w.jane.BulkState(ctx, id)
		assert.NoError(t, err)
		_, err = w.joe.BulkState(ctx, id)
		assert.ErrorIs(t, err, frontdesk.ErrNotFound)
		assert.ErrorIs(t, w.joe.CancelBulk(ctx, id), frontdesk.ErrNotFound)
		// It is dropped when its time is over.
		w.clock.Advance(31 * 24 * time.Hour)
		w.run()
		_, err = w.jane.BulkState(ctx, id)
		assert.ErrorIs(t, err, frontdesk.ErrNotFound)
		page, err := w.store.List(ctx, store.Query{Tenant: tenant, Kind: store.Document, Prefix: "bulk"})
		require.NoError(t, err)
		assert.Empty(t, page.Rows)
	})
}

func TestV5_BulkOverIDsTellsEachResult(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.channel(frontdesk.Channel{Account: "store", Mailbox: "munich"})
		m := w.says("mo", "elsewhere")
		m.Account = "store"
		w.takes(m)
		elsewhere := w.current("mo")
		ids := w.many(3)
		w.do(w.jane, ids[1], frontdesk.Trash{})
		want := map[string]string{ids[0]: "", ids[1]: "state", ids[2]: "", elsewhere.ID: "not-found", "none": "not-found"}
		all := append([]string{elsewhere.ID, "none", ids[0]}, ids...)
		check := func(results []frontdesk.BulkResult) {
			t.Helper()
			for _, r := range results {
				assert.Equal(t, want[r.ID], r.Code, r.ID)
				assert.Equal(t, r.Code == "", r.Error == "")
			}
		}
		id := w.bulk(w.jane, frontdesk.Bulk{IDs: all, Actions: archive()})
		w.run()
		state := w.state(id)
		assert.Equal(t, frontdesk.BulkState{ID: id, Status: frontdesk.BulkDone, Total: 5, Done: 2, Failed: 3, Started: state.Started, Ended: state.Ended}, state)
		assert.Len(t, w.results(id), 5)
		check(w.results(id))

		results, err := w.jane.DoAll(ctx, all, archive()...)
		require.NoError(t, err)
		require.Len(t, results, len(all), "in their order")
		assert.Equal(t, "none", results[1].ID)
		check(results)
	})
}

func TestV5_BadBulks(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		many := make([]string, frontdesk.MaxBulkIDs+1)
		for name, b := range map[string]frontdesk.Bulk{
			"nothing":        {Actions: archive()},
			"both":           {IDs: []string{"a"}, Query: &frontdesk.Query{}, Actions: archive()},
			"too many":       {IDs: many, Actions: archive()},
			"no actions":     {Query: &frontdesk.Query{}},
			"nine actions":   {Query: &frontdesk.Query{}, Actions: make([]frontdesk.Action, 9)},
			"bad ID":         {IDs: []string{"a\x00"}, Actions: archive()},
			"bad view":       {Query: &frontdesk.Query{View: "x"}, Actions: archive()},
			"not an action":  {Query: &frontdesk.Query{}, Actions: []frontdesk.Action{conversation.Fail{}}},
			"no action":      {Query: &frontdesk.Query{}, Actions: []frontdesk.Action{nil}},
			"erasing":        {Query: &frontdesk.Query{}, Actions: []frontdesk.Action{conversation.Erase{}}},
			"waking at once": {Query: &frontdesk.Query{}, Actions: []frontdesk.Action{frontdesk.Wake{}}},
		} {
			_, err := w.setup.Bulk(ctx, b)
			assert.ErrorIs(t, err, frontdesk.ErrInvalid, name)
		}
		_, err := w.setup.MarkAllRead(ctx, frontdesk.Query{})
		assert.ErrorIs(t, err, frontdesk.ErrForbidden, "only people read")
		_, err = w.jane.DoAll(ctx, make([]string, 101), archive()...)
		assert.ErrorIs(t, err, frontdesk.ErrInvalid)
		_, err = w.jane.DoAll(ctx, []string{"a"})
		assert.ErrorIs(t, err, frontdesk.ErrInvalid)
		_, err = w.jane.Do(ctx, w.hears("ann", "Hi").ID, conversation.Erase{})
		assert.ErrorIs(t, err, frontdesk.ErrInvalid)
	})
}

// An agent who is deactivated, or loses a mailbox, while his bulk is under way.
func TestV5_RightsAreThoseOfTheMoment(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ids := w.many(4)
		id := w.bulk(w.jane, frontdesk.Bulk{IDs: ids, Actions: archive()})
		other := w.bulk(w.joe, frontdesk.Bulk{IDs: ids, Actions: archive()})
		w.agent(frontdesk.Agent{ID: "jd", Name: "Jane Doe", Mailboxes: []string{"berlin"}, Inactive: true})
		w.agent(frontdesk.Agent{ID: "joe", Name: "Joe", Mailboxes: []string{"munich"}})
		w.run()
		state := w.state(id)
		assert.Equal(t, frontdesk.BulkStopped, state.Status)
		assert.NotEmpty(t, state.Reason)
		assert.Zero(t, state.Done)
		assert.Equal(t, 4, w.state(other).Failed)
		for _, c := range ids {
			assert.Equal(t, conversation.Inbox, w.get(c).Place)
		}
	})
}

// busyRow is a store on which one conversation is never where it was read.
type busyRow struct {
	store.Store
	id string
}

func (s *busyRow) Commit(ctx context.Context, b *store.Batch) error {
	for _, op := range b.Writes {
		if op.Row.ID == s.id && op.Action == store.Put {
			return &store.ConflictError{Keys: []store.Key{op.Row.Key}}
		}
	}
	return s.Store.Commit(ctx, b)
}

func TestV5_OneBusyItemStopsNoOther(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		ids := w.many(3)
		id := w.bulk(w.jane, frontdesk.Bulk{IDs: ids, Actions: archive()})
		d := w.open(func(c *frontdesk.Config) { c.Store = &busyRow{w.store, ids[1]} })
		require.NoError(t, d.RunDue(ctx))
		assert.Equal(t, 2, w.state(id).Done)
		for _, r := range w.results(id) {
			assert.Equal(t, r.ID == ids[1], r.Code == "busy")
		}
	})
}

// A worker is killed at each of its commits, before and after it has its effect, and another goes on: each conversation is dealt with once.
func TestV5_KilledAtEveryCommit(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ids := w.many(4)
		for _, after := range []bool{false, true} {
			for kill := 1; ; kill++ {
				tag := fmt.Sprintf("t%d%v", kill, after)
				id := w.bulk(w.jane, frontdesk.Bulk{Query: &frontdesk.Query{}, Actions: []frontdesk.Action{frontdesk.Tag{Add: []string{tag}}}})
				victim := &mortal{Store: w.store, kill: kill, after: after}
				w.run2(func(c *frontdesk.Config) { c.Store = victim })
				w.clock.Advance(afterLease)
				w.run()
				state := w.state(id)
				require.Equal(t, frontdesk.BulkDone, state.Status, "killed at %d after=%v", kill, after)
				require.Equal(t, 4, state.Done)
				require.Len(t, w.results(id), 4)
				for _, c := range ids {
					require.Contains(t, w.get(c).Tags, tag)
				}
				w.bulk(w.jane, frontdesk.Bulk{IDs: ids, Actions: []frontdesk.Action{frontdesk.Tag{Remove: []string{tag}}}})
				w.run()
				if !victim.dead {
					break
				}
			}
		}
	})
}

// Two processes work on one bulk when the first was held up for longer than its lease.
func TestV5_LeaseLostInTheMiddle(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ids := w.many(6)
		id := w.bulk(w.jane, frontdesk.Bulk{IDs: ids, Actions: archive()})
		slow := &pausing{Store: w.store, at: 3, reached: make(chan struct{}), goOn: make(chan struct{})}
		d := w.open(func(c *frontdesk.Config) { c.Store = slow })
		done := make(chan error)
		go func() { done <- d.RunDue(ctx) }()
		<-slow.reached
		w.clock.Advance(afterLease)
		w.run2(func(c *frontdesk.Config) {
			c.Store = &mortal{Store: w.store, when: func() bool { return w.state(id).Done == 4 }}
		})
		require.Equal(t, 4, w.state(id).Done, "the second got further before it was killed")
		close(slow.goOn)
		require.NoError(t, <-done)
		assert.Equal(t, 4, w.state(id).Done, "who was held up finds that another went on")
		w.clock.Advance(afterLease)
		w.run()
		assert.Equal(t, frontdesk.BulkDone, w.state(id).Status)
		assert.Equal(t, 6, w.state(id).Done)
		assert.Len(t, w.results(id), 6)
		moved := 0
		for _, e := range w.events() {
			if e.Type == conversation.EventMoved {
				moved++
			}
		}
		assert.Equal(t, 6, moved, "each once")
	})
}

// pausing is a store whose n-th commit waits.
type pausing struct {
	store.Store
	mu      sync.Mutex
	commits int
	at      int
	reached chan struct{}
	goOn    chan struct{}
}

func (s *pausing) Commit(ctx context.Context, b *store.Batch) error {
	s.mu.Lock()
	s.commits++
	wait := s.commits == s.at
	s.mu.Unlock()
	if wait {
		close(s.reached)
		<-s.goOn
	}
	return s.Store.Commit(ctx, b)
}

func TestV5_Cancel(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ids := w.many(5)
		id := w.bulk(w.jane, frontdesk.Bulk{IDs: ids, Actions: archive()})
		slow := &pausing{Store: w.store, at: 3, reached: make(chan struct{}), goOn: make(chan struct{})}
		d := w.open(func(c *frontdesk.Config) { c.Store = slow })
		done := make(chan error)
		go func() { done <- d.RunDue(ctx) }()
		<-slow.reached
		require.NoError(t, w.jane.CancelBulk(ctx, id))
		close(slow.goOn)
		require.NoError(t, <-done)
		state := w.state(id)
		assert.Equal(t, frontdesk.BulkCancelled, state.Status)
		assert.Equal(t, 2, state.Done, "what was being done when it was cancelled is not done")
		assert.Len(t, w.list(w.jane, frontdesk.Query{View: frontdesk.ArchiveView}), 2)
		require.NoError(t, w.jane.CancelBulk(ctx, id), "again")
	})
}

// A store that fails for a moment loses nothing of a bulk.
func TestV5_StoreFails(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		w.many(3)
		for k := 1; ; k++ {
			tag := fmt.Sprint("f", k)
			id := w.bulk(w.jane, frontdesk.Bulk{Query: &frontdesk.Query{}, Actions: []frontdesk.Action{frontdesk.Tag{Add: []string{tag}}}})
			s := failing(w.store, storetest.Fault{Method: storetest.Load, At: k})
			err := w.open(func(c *frontdesk.Config) { c.Store = s }).RunDue(ctx)
			require.False(t, errors.Is(err, context.Canceled))
			w.clock.Advance(afterLease)
			w.run()
			require.Equal(t, 3, w.state(id).Done, "load %d failed", k)
			if s.Struck() == 0 {
				break
			}
		}
	})
}

// More than one page of results and one turn of a worker.
func TestV5_ManyPages(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		const n = 450
		ids := w.many(n)
		id := w.bulk(w.jane, frontdesk.Bulk{Query: &frontdesk.Query{}, Actions: archive()})
		w.run()
		assert.Equal(t, n, w.state(id).Done)
		got := []string{}
		for _, r := range w.results(id) {
			got = append(got, r.ID)
		}
		assert.ElementsMatch(t, ids, got)
		_, err := w.jane.BulkResults(ctx, id, "x")
		assert.ErrorIs(t, err, frontdesk.ErrCursor)
	})
}

func TestR6_MarkAllRead(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ids := w.many(4)
		w.do(w.jane, ids[0], frontdesk.Tag{Add: []string{"a"}})
		require.Equal(t, int64(4), w.unread(w.jane))
		mark := func(q frontdesk.Query) frontdesk.BulkState {
			t.Helper()
			id, err := w.jane.MarkAllRead(ctx, q)
			require.NoError(t, err)
			w.run()
			return w.state(id)
		}
		assert.Equal(t, 1, mark(frontdesk.Query{Tag: "a"}).Done)
		assert.Equal(t, int64(3), w.unread(w.jane))

		// What comes in after the call stays unread, in an old conversation too.
		id, err := w.jane.MarkAllRead(ctx, frontdesk.Query{})
		require.NoError(t, err)
		w.clock.Advance(time.Second)
		w.hears("c001", "one more")
		w.hears("new", "Hi")
		w.run()
		assert.Equal(t, frontdesk.BulkDone, w.state(id).Status)
		assert.Equal(t, int64(2), w.unread(w.jane))
		assert.Equal(t, int64(5), w.unread(w.joe), "it is read for the caller only")
		assert.True(t, w.get(ids[1]).Readers.Agents == nil)

		require.NoError(t, w.setup.SaveSettings(ctx, frontdesk.Settings{GlobalRead: true}))
		w.clock.Advance(time.Second)
		mark(frontdesk.Query{})
		assert.Zero(t, w.unread(w.joe), "with the global read status it is read for all")
	})
}
