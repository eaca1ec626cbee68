package desk_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/conversation"
)

func TestV4_MyViews(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann, bob := w.hears("ann", "Hi"), w.hears("bob", "Hi")
		w.do(w.setup, ann.ID, frontdesk.Tag{Add: []string{"vip"}}, frontdesk.Assign{Agent: "jd"})
		w.do(w.setup, bob.ID, frontdesk.Assign{Agent: "joe"})
		view := frontdesk.SavedView{Name: "My VIPs", Filter: frontdesk.Query{View: frontdesk.AllView, Tag: "vip", Priorities: []int{1, 2}, Ascending: true,
			Sort: frontdesk.SortDeadline, DeadlineBefore: w.clock.Now().Add(time.Hour), WaitingFor: time.Minute},
			Columns: []frontdesk.Column{{ID: "subject", Width: 300}, {ID: "preview"}}, Compose: []frontdesk.Column{{ID: "to"}, {ID: "text", Width: 500}}}
		saved, err := w.jane.SaveView(ctx, view)
		require.NoError(t, err)
		view.ID = saved.ID
		require.NotEmpty(t, view.ID)
		list, err := w.jane.Views(ctx)
		require.NoError(t, err)
		assert.Equal(t, []frontdesk.SavedView{view}, list, "everything comes back as it stood")
		list, err = w.joe.Views(ctx)
		require.NoError(t, err)
		assert.Empty(t, list, "another's own is not there for him")
		_, err = w.joe.Conversations(ctx, frontdesk.Query{Saved: view.ID})
		require.ErrorIs(t, err, frontdesk.ErrNotFound)

		view.Filter = frontdesk.Query{View: frontdesk.AllView, Tag: "vip"}
		_, err = w.jane.SaveView(ctx, view)
		require.NoError(t, err)
		found := w.list(w.jane, frontdesk.Query{Saved: view.ID, Limit: 1})
		require.Len(t, found, 1)
		assert.Equal(t, ann.ID, found[0].ID)
		n, err := w.jane.Count(ctx, frontdesk.Query{Saved: view.ID})
		require.NoError(t, err)
		assert.Equal(t, frontdesk.Count{N: 1}, n)

		// A shared one is everybody's, under each one's own visibility.
		shared := frontdesk.SavedView{ID: "mine", Name: "A: mine", Filter: frontdesk.Query{View: frontdesk.MineView}, Shared: true}
		_, err = w.jane.SaveView(ctx, shared)
		require.ErrorIs(t, err, frontdesk.ErrForbidden)
		boss := w.agent(frontdesk.Agent{ID: "boss", Role: frontdesk.Admin})
		_, err = boss.SaveView(ctx, shared)
		require.NoError(t, err)
		for s, id := range map[*frontdesk.Session]string{w.jane: ann.ID, w.joe: bob.ID} {
			found := w.list(s, frontdesk.Query{Saved: "mine"})
			require.Len(t, found, 1)
			assert.Equal(t, id, found[0].ID)
		}
		assert.Empty(t, w.list(w.mia, frontdesk.Query{Saved: "mine"}))
		require.ErrorIs(t, w.jane.DeleteView(ctx, "mine"), frontdesk.ErrForbidden)

		// Each has a default.
		require.NoError(t, w.jane.SetDefaultView(ctx, view.ID))
		require.NoError(t, w.joe.SetDefaultView(ctx, "mine"))
		require.ErrorIs(t, w.joe.SetDefaultView(ctx, view.ID), frontdesk.ErrNotFound)
		defaults := func(s *frontdesk.Session) (ids []string) {
			list, err := s.Views(ctx)
			require.NoError(t, err)
			for _, v := range list {
				if v.Default {
					ids = append(ids, v.ID)
				}
			}
			return ids
		}
		assert.Equal(t, []string{view.ID}, defaults(w.jane))
		assert.Equal(t, []string{"mine"}, defaults(w.joe))
		assert.Empty(t, defaults(w.mia))
		require.NoError(t, w.joe.SetDefaultView(ctx, ""))
		assert.Empty(t, defaults(w.joe))

		// One's own of the same ID goes before the shared one, until he deletes it.
		_, err = w.joe.SaveView(ctx, frontdesk.SavedView{ID: "mine", Name: "All VIPs", Filter: frontdesk.Query{View: frontdesk.AllView, Tag: "vip"}})
		require.NoError(t, err)
		assert.Equal(t, ann.ID, w.list(w.joe, frontdesk.Query{Saved: "mine"})[0].ID)
		require.NoError(t, w.joe.DeleteView(ctx, "mine"))
		assert.Equal(t, bob.ID, w.list(w.joe, frontdesk.Query{Saved: "mine"})[0].ID)
		require.NoError(t, w.joe.DeleteView(ctx, "none"))
		require.NoError(t, boss.DeleteView(ctx, "mine"))
		_, err = w.joe.Conversations(ctx, frontdesk.Query{Saved: "mine"})
		require.ErrorIs(t, err, frontdesk.ErrNotFound)

		// Sharing his own makes it one, not two.
		_, err = boss.SaveView(ctx, frontdesk.SavedView{ID: "x", Name: "Mine"})
		require.NoError(t, err)
		_, err = boss.SaveView(ctx, frontdesk.SavedView{ID: "x", Name: "Ours", Shared: true})
		require.NoError(t, err)
		list, err = boss.Views(ctx)
		require.NoError(t, err)
		require.Len(t, list, 1)
		assert.Equal(t, "Ours", list[0].Name)
		list, err = w.setup.Views(ctx)
		require.NoError(t, err)
		assert.Len(t, list, 1, "the host sees those that are everybody's")
	})
}

func TestV4_WrongViewsAreRefused(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		columns := make([]frontdesk.Column, 101)
		for i, id := range numbers(101) {
			columns[i].ID = id
		}
		for _, v := range []frontdesk.SavedView{{}, {Name: " "}, {Name: strings.Repeat("x", 201)}, {ID: "a/b", Name: "x"}, {Name: "x", Columns: columns},
			{Name: "x", Compose: columns}, {Name: "x", Columns: []frontdesk.Column{{ID: ""}}}, {Name: "x", Columns: []frontdesk.Column{{ID: "a"}, {ID: "a"}}},
			{Name: "x", Columns: []frontdesk.Column{{ID: "a", Width: -1}}}, {Name: "x", Columns: []frontdesk.Column{{ID: "a", Width: 10001}}},
			{Name: "x", Filter: frontdesk.Query{View: "nope"}}, {Name: "x", Filter: frontdesk.Query{Saved: "y"}}} {
			_, err := w.jane.SaveView(ctx, v)
			require.ErrorIs(t, err, frontdesk.ErrInvalid, "%+v", v)
		}
		_, err := w.jane.SaveView(ctx, frontdesk.SavedView{Name: "x", Filter: frontdesk.Query{Folder: "none"}})
		require.ErrorIs(t, err, frontdesk.ErrNotFound)
		_, err = w.setup.SaveView(ctx, frontdesk.SavedView{Name: "x"})
		require.ErrorIs(t, err, frontdesk.ErrInvalid, "the host has none of its own")
		auditor := w.agent(frontdesk.Agent{ID: "aud", Role: frontdesk.ReadOnly, Mailboxes: []string{"berlin"}})
		_, err = auditor.SaveView(ctx, frontdesk.SavedView{Name: "x"})
		require.ErrorIs(t, err, frontdesk.ErrForbidden)
		require.NoError(t, w.jane.DeleteView(ctx, "a/b"))

		list, err := w.jane.Views(ctx)
		require.NoError(t, err)
		assert.Empty(t, list)
		for i := range 200 {
			_, err := w.jane.SaveView(ctx, frontdesk.SavedView{ID: numbers(200)[i], Name: "x"})
			require.NoError(t, err)
		}
		_, err = w.jane.SaveView(ctx, frontdesk.SavedView{Name: "x"})
		require.ErrorIs(t, err, frontdesk.ErrInvalid)
		_, err = w.jane.SaveView(ctx, frontdesk.SavedView{ID: "7", Name: "One that is there"})
		require.NoError(t, err)
		assert.Equal(t, 201, w.count(conversation.EventSetting)-w.settingsAtStart())
	})
}

// settingsAtStart is how many settings a world begins with.
func (w *world) settingsAtStart() (n int) {
	for _, e := range w.events() {
		if e.Type == conversation.EventSetting && !strings.HasPrefix(e.Subject, "view/") {
			n++
		}
	}
	return n
}

func TestV4_SearchWithinASavedView(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		w.hears("ann", "zanzibar")
		v, err := w.jane.SaveView(ctx, frontdesk.SavedView{Name: "Mine", Filter: frontdesk.Query{View: frontdesk.Inbox}})
		require.NoError(t, err)
		for _, text := range []string{"zanzibar", "ann"} {
			page, err := w.jane.Search(ctx, frontdesk.SearchQuery{Text: text, Query: frontdesk.Query{Saved: v.ID}})
			require.NoError(t, err)
			assert.Len(t, page.Items, 1)
		}
	})
}

func TestV4_NoSharedViewOfAPersonalFolder(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		admin := w.agent(frontdesk.Agent{ID: "adm", Role: frontdesk.Admin})
		f, err := admin.SaveFolder(ctx, frontdesk.Folder{Name: "Mine", Agent: "adm"})
		require.NoError(t, err)
		_, err = admin.SaveView(ctx, frontdesk.SavedView{Name: "All", Shared: true, Filter: frontdesk.Query{Folder: f.ID}})
		assert.ErrorIs(t, err, frontdesk.ErrInvalid)
	})
}
