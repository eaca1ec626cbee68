package desk_test

import (
	"context"
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
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
	"github.com/frontdesk-go/frontdesk/store"
)

// fill makes conversations with n customers and returns their IDs, oldest first.
func (w *world) fill(n int) (ids []string) {
	w.t.Helper()
	for first := 0; first < n; first += 200 {
		var items []channel.Item
		for i := first; i < min(first+200, n); i++ {
			w.clock.Advance(time.Millisecond)
			items = append(items, w.says("c"+strconv.Itoa(i), "Hi"))
		}
		require.Equal(w.t, http.StatusOK, w.hook(items...))
	}
	for _, c := range w.list(w.setup, frontdesk.Query{View: frontdesk.AllView, Limit: 1000, Ascending: true}) {
		ids = append(ids, c.ID)
	}
	require.Len(w.t, ids, n)
	return ids
}

// While conversations move to the top, a walk through the pages repeats and misses none of those that do not move, in both directions and
// backwards; downwards it repeats nothing at all; the moved ones are on the first page again. A walk over all meets each exactly once.
// FRONTDESK_FULL moves a thousand.
func TestV2_PagingWhileConversationsMove_X20(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		n := size(24, 40, 2000)
		ids := w.fill(n)
		own := w.agent(frontdesk.Agent{ID: "own", Mailboxes: []string{"berlin"}, Scope: frontdesk.ScopeOwn})
		for i, id := range ids {
			if i%3 == 0 {
				w.do(w.setup, id, frontdesk.Assign{Agent: "own"})
			} else {
				w.edit(id, func(c *conversation.Conversation) { c.Subscribers = []string{"agent/own"} })
			}
		}
		still := map[string]bool{}
		for i, id := range ids {
			still[id] = i%2 == 0
		}
		for name, s := range map[string]*frontdesk.Session{"system": w.setup, "own": own} {
			for _, ascending := range []bool{false, true} {
				w.walkWhileMoving(s, frontdesk.Query{Limit: 5, Ascending: ascending}, ids, still, fmt.Sprint(name, " ascending ", ascending))
			}
		}
		list := w.list(own, frontdesk.Query{Limit: 1000})
		require.Len(t, list, n)
		for i, c := range list {
			require.Equal(t, i >= n/2, still[c.ID], "what moved is on top")
		}
	})
}

// walkWhileMoving walks to the end and back while somebody else moves half of the conversations.
func (w *world) walkWhileMoving(s *frontdesk.Session, q frontdesk.Query, ids []string, still map[string]bool, label string) {
	t := w.t
	stop, started := make(chan struct{}), make(chan struct{})
	var moving sync.WaitGroup
	moving.Go(func() {
		for round := 0; ; round++ {
			for _, id := range ids {
				if still[id] {
					continue
				}
				select {
				case <-stop:
					if round > 0 {
						return
					}
				default:
				}
				w.clock.Advance(time.Millisecond)
				_, err := w.setup.Whisper(ctx, id, "up")
				assert.NoError(t, err)
				if round == 0 && id == ids[1] {
					close(started)
				}
			}
		}
	})
	<-started
	check := func(seen map[string]int, what string) {
		for id := range still {
			if still[id] {
				assert.Equal(t, 1, seen[id], "%s, %s: what did not move comes once", label, what)
			}
		}
	}
	step := func(q frontdesk.Query, seen map[string]int) frontdesk.Page[frontdesk.Conversation] {
		page, err := s.Conversations(ctx, q)
		require.NoError(t, err, label)
		for _, c := range page.Items {
			seen[c.ID]++
		}
		return page
	}
	there, back := map[string]int{}, map[string]int{}
	page := step(q, there)
	for pages := 0; page.Next != "" && pages < 20*len(ids); pages++ { // upwards those that move run ahead
		q.Cursor = page.Next
		page = step(q, there)
		if q.Ascending && all(still, there) {
			break
		}
	}
	check(there, "onward")
	for id, times := range there {
		assert.True(t, q.Ascending || times == 1, "%s: %s came %d times", label, id, times)
	}
	for _, c := range page.Items {
		back[c.ID]++
	}
	for page.Prev != "" {
		q.Cursor = page.Prev
		page = step(q, back)
		if !q.Ascending && all(still, back) {
			break
		}
	}
	check(back, "back")
	n, err := s.CountAll(ctx, frontdesk.Query{})
	require.NoError(t, err)
	assert.Equal(t, int64(len(ids)), n, "%s: a walk over all meets each once", label)
	var walked []string
	for _, l := range w.exported(s, frontdesk.Export{Query: &frontdesk.Query{}}) {
		walked = append(walked, l.Conversation.ID)
	}
	assert.ElementsMatch(t, ids, walked, "%s: a walk over all meets each once", label)
	close(stop)
	moving.Wait()
}

func all(still map[string]bool, seen map[string]int) bool {
	for id, s := range still {
		if s && seen[id] == 0 {
			return false
		}
	}
	return true
}

// examining is a store that knows how many rows the lists of conversations looked at.
type examining struct {
	store.Store
	rows, most int
}

func (s *examining) List(ctx context.Context, q store.Query) (*store.Page, error) {
	page, err := s.Store.List(ctx, q)
	if err == nil && q.Kind == store.Conversation {
		s.rows += page.Examined
		s.most = max(s.most, page.Examined)
	}
	return page, err
}

// One filter is a look into an index; any other looks at no more than the budget, and goes on on the next page.
func TestV1_FiltersStayWithinTheirCost(t *testing.T) {
	w := newWorld(t, stores.Memory(t))
	ids := w.fill(2600)
	rare := ids[3] // among the oldest
	w.document("folder/f", folderDoc{ID: "f"})
	w.do(w.setup, rare, frontdesk.Assign{Agent: "joe", Team: "returns"}, frontdesk.Tag{Add: []string{"vip"}})
	now := w.clock.Now()
	w.edit(rare, func(c *conversation.Conversation) {
		c.Labels, c.Folders, c.Pinned, c.Subscribers = []string{"gold"}, []string{"f"}, []string{"jd"}, []string{"agent/jd"}
		c.Links = []conversation.Link{{Kind: "order", ID: "1", By: conversation.ByHand}}
		c.Deadline, c.FollowUp, c.Type, c.Priority = now.Add(-time.Hour), now.Add(-time.Hour), "t1", 5
	})
	for _, id := range ids[100:2300] {
		w.edit(id, func(c *conversation.Conversation) { c.Deadline = now.Add(time.Hour) })
	}
	look := &examining{Store: w.store}
	d := w.open(func(c *frontdesk.Config) { c.Store = look })
	jane := d.As(frontdesk.Actor{Tenant: tenant, Agent: "jd"})
	w.agent(frontdesk.Agent{ID: "own", Mailboxes: []string{"berlin"}, Scope: frontdesk.ScopeOwn})
	w.document("role/care", roleDoc{ID: "care", Agents: []string{"own", "jd"}})
	w.edit(ids[5], func(c *conversation.Conversation) { c.Subscribers = []string{"role/care"} })
	w.edit(ids[6], func(c *conversation.Conversation) { c.Owners = []conversation.Owner{{Role: "care", Agent: "own"}} })
	own := d.As(frontdesk.Actor{Tenant: tenant, Agent: "own"})

	all := frontdesk.AllView
	for _, q := range []frontdesk.Query{{View: all, Tag: "vip"}, {View: all, Label: "gold"}, {View: all, Folder: "f"}, {View: frontdesk.PinnedView},
		{View: all, Subscriber: "jd"}, {View: all, Record: "order/1"}, {View: all, Contact: w.get(rare).Contacts[0]}, {Agent: "joe"}, {Team: "returns"},
		{Overdue: true}, {DeadlineBefore: now}, {FollowUpBefore: now}, {Sort: frontdesk.SortFollowUp}, {Tag: "vip", Priorities: []int{5}, Types: []string{"t1"}},
		{View: frontdesk.AssignedView, Limit: 1}, {Overdue: true, Ascending: true}} {
		look.rows = 0
		page, err := jane.Conversations(ctx, q)
		require.NoError(t, err)
		require.Len(t, page.Items, 1, "%+v", q)
		assert.Equal(t, rare, page.Items[0].ID)
		if !q.Ascending {
			assert.LessOrEqual(t, look.rows, 2, "%+v", q)
		}
		assert.Empty(t, page.Next, "%+v", q)
	}
	look.rows = 0
	page, err := own.Conversations(ctx, frontdesk.Query{})
	require.NoError(t, err)
	assert.Len(t, page.Items, 2, "subscribed to through a role, and owned")
	assert.Empty(t, page.Next)
	assert.LessOrEqual(t, look.rows, 4, "who sees his own only does not look through everybody's")
	look.rows = 0
	page, err = jane.Conversations(ctx, frontdesk.Query{View: frontdesk.SubscribedView})
	require.NoError(t, err)
	assert.Len(t, page.Items, 2)
	assert.LessOrEqual(t, look.rows, 4)

	for _, q := range []frontdesk.Query{{Priorities: []int{5}}, {Types: []string{"t1"}}, {Channel: w.chat.ID, Priorities: []int{5}},
		{Platform: "loopback", Types: []string{"t1"}}, {WaitingFor: time.Millisecond, Types: []string{"t1"}}, {Unread: true, Types: []string{"t1"}}} {
		look.rows, look.most = 0, 0
		page, err := jane.Conversations(ctx, q)
		require.NoError(t, err)
		assert.Empty(t, page.Items, "%+v", q)
		require.NotEmpty(t, page.Next, "%+v: it goes on", q)
		assert.Equal(t, store.DefaultBudget, look.rows)
		count, err := jane.Count(ctx, q)
		require.NoError(t, err)
		assert.Equal(t, frontdesk.Count{More: true}, count, "nothing yet is not none")
		list := w.list(jane, q)
		require.Len(t, list, 1, "%+v", q)
		n, err := jane.CountAll(ctx, q)
		require.NoError(t, err)
		assert.Equal(t, int64(1), n)
		assert.LessOrEqual(t, look.most, store.DefaultBudget)
	}
	count, err := jane.Count(ctx, frontdesk.Query{})
	require.NoError(t, err)
	assert.Equal(t, frontdesk.Count{N: frontdesk.CountBound, More: true}, count, "99+")
	n, err := jane.CountAll(ctx, frontdesk.Query{})
	require.NoError(t, err)
	assert.Equal(t, int64(len(ids)), n)
}

// A page that is empty, since what stood there has moved, leads back to what stood before it.
func TestV2_BackFromAnEmptyPage(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ids := w.fill(4)
		for _, ascending := range []bool{false, true} {
			q := frontdesk.Query{Limit: 2, Ascending: ascending}
			first, err := w.jane.Conversations(ctx, q)
			require.NoError(t, err)
			on := map[bool][]string{false: ids[:2], true: ids[2:]}[ascending]
			w.do(w.setup, on[0], frontdesk.SetStatus{Status: conversation.Closed})
			w.do(w.setup, on[1], frontdesk.SetStatus{Status: conversation.Closed})
			q.Cursor = first.Next
			empty, err := w.jane.Conversations(ctx, q)
			require.NoError(t, err)
			require.Empty(t, empty.Items)
			require.NotEmpty(t, empty.Prev)
			q.Cursor = empty.Prev
			back, err := w.jane.Conversations(ctx, q)
			require.NoError(t, err)
			require.Len(t, back.Items, 2)
			assert.Equal(t, first.Items[0].ID, back.Items[0].ID)
			assert.Equal(t, first.Items[1].ID, back.Items[1].ID)
			w.do(w.setup, on[0], frontdesk.SetStatus{Status: conversation.Open})
			w.do(w.setup, on[1], frontdesk.SetStatus{Status: conversation.Open})
			ids = nil
			for _, c := range w.list(w.jane, frontdesk.Query{Ascending: true}) {
				ids = append(ids, c.ID)
			}
		}
	})
}

func TestV1_WrongFiltersAreRefused(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		folder, err := w.joe.SaveFolder(ctx, frontdesk.Folder{Name: "Theirs", Agent: "joe"})
		require.NoError(t, err)
		many := numbers(1001)
		for _, q := range []frontdesk.Query{{View: "nope"}, {Limit: -1}, {Limit: 1001}, {Sort: "name"}, {Mailbox: "berlin", Mailboxes: []string{"munich"}},
			{Stage: "new"}, {Stage: "new", Types: []string{"a", "b"}}, {WaitingFor: -1}, {WaitingFor: 1827 * 24 * time.Hour}, {Priorities: []int{0}},
			{Priorities: []int{6}}, {Priorities: []int{1, 1, 1, 1, 1, 1}}, {Types: many}, {Mailboxes: many}, {Types: []string{""}}, {Label: "nul\x00"},
			{Record: "\xff"}, {Saved: "x", Tag: "vip"}} {
			_, err := w.jane.Conversations(ctx, q)
			require.ErrorIs(t, err, frontdesk.ErrInvalid, "%+v", q)
			_, err = w.jane.Count(ctx, q)
			if q.Limit == 0 {
				require.ErrorIs(t, err, frontdesk.ErrInvalid, "%+v", q)
			}
		}
		for _, q := range []frontdesk.Query{{Folder: "none"}, {Folder: folder.ID}, {Folder: "nul\x00"}, {Saved: "none"}, {Saved: "a/b"}} {
			_, err := w.jane.Conversations(ctx, q)
			if q.Folder == "nul\x00" {
				require.ErrorIs(t, err, frontdesk.ErrInvalid)
				continue
			}
			require.ErrorIs(t, err, frontdesk.ErrNotFound, "%+v", q)
		}
		list := w.list(w.joe, frontdesk.Query{Folder: folder.ID})
		assert.Empty(t, list, "his own he may open")
		w.fill(6)
		page, err := w.jane.Conversations(ctx, frontdesk.Query{WaitingFor: time.Millisecond, Limit: 2})
		require.NoError(t, err)
		for _, cursor := range []string{"~", "x", "~x", "zz.", "é", "~~" + page.Next, page.Next[1:], "1." + page.Next} {
			_, err := w.jane.Conversations(ctx, frontdesk.Query{WaitingFor: time.Millisecond, Cursor: cursor})
			require.ErrorIs(t, err, frontdesk.ErrCursor, cursor)
		}
		_, err = w.jane.Conversations(ctx, frontdesk.Query{Cursor: page.Next})
		require.ErrorIs(t, err, frontdesk.ErrCursor, "it is another query's")
		for _, view := range []frontdesk.View{frontdesk.MineView, frontdesk.SubscribedView, frontdesk.PinnedView} {
			_, err := w.setup.Conversations(ctx, frontdesk.Query{View: view})
			require.ErrorIs(t, err, frontdesk.ErrInvalid)
		}
	})
}

// Who sees only his own gets what is assigned to him and what he has subscribed to as one list, in order and whole, also where the
// budget of a page ends in the middle of one of them.
func TestV2_OneListOfWhatIsAssignedAndSubscribed(t *testing.T) {
	w := newWorld(t, stores.Memory(t))
	ids := w.fill(2400)
	own := w.agent(frontdesk.Agent{ID: "own", Mailboxes: []string{"berlin"}, Scope: frontdesk.ScopeOwn})
	var want []string
	for i, id := range ids {
		switch {
		case i < 1200: // the older half is his
			w.do(w.setup, id, frontdesk.Assign{Agent: "own"})
		case i%100 != 0:
			w.edit(id, func(c *conversation.Conversation) { c.Subscribers = []string{"agent/own"} })
		}
		if i < 1200 && i%100 == 50 || i > 1300 && i < 1305 { // the newer ones lie deeper than a page looks
			w.edit(id, func(c *conversation.Conversation) { c.Priority = 3 })
			want = append([]string{id}, want...)
		}
	}
	var got []string
	for _, c := range w.list(own, frontdesk.Query{Priorities: []int{3}, Limit: 5}) {
		got = append(got, c.ID)
	}
	assert.Equal(t, want, got)
	assert.Len(t, w.list(own, frontdesk.Query{Limit: 100}), len(ids)-12)
}

// What is asked relative to now stays what it was while one pages.
func TestV2_PagesOfWhatWaitsGoOnWhileTimePasses(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ids := w.fill(9)
		w.clock.Advance(time.Hour)
		w.hears("late", "Hi")
		q, seen := frontdesk.Query{WaitingFor: time.Minute, Limit: 2}, []string{}
		for {
			page, err := w.jane.Conversations(ctx, q)
			require.NoError(t, err)
			for _, c := range page.Items {
				seen = append(seen, c.ID)
			}
			if q.Cursor = page.Next; q.Cursor == "" {
				break
			}
			w.clock.Advance(10 * time.Minute)
		}
		assert.ElementsMatch(t, ids, seen, "the late one did not wait for a minute when the list was opened")
	})
}
