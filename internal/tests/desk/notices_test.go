package desk_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
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

// record is the host's side: the people of its records, and what it was handed out.
type record struct {
	mu      sync.Mutex
	people  []frontdesk.RecordPerson
	fails   int // how often asking for people still fails
	asked   int
	during  func() // what happens while it is asked
	refuses map[string]int
	handed  []frontdesk.Notice
}

func (r *record) config(c *frontdesk.Config) {
	c.RecordPeople = func(_ context.Context, _, kind, id string) ([]frontdesk.RecordPerson, error) {
		r.mu.Lock()
		r.asked++
		during := r.during
		r.during = nil
		r.mu.Unlock()
		if during != nil {
			during()
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.fails > 0 {
			r.fails--
			return nil, errors.New("the host is down")
		}
		if kind != "order" || id != "1" {
			return nil, nil
		}
		return r.people, nil
	}
	c.Notify = func(_ context.Context, n frontdesk.Notice) error {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.refuses[n.Agent] > 0 {
			r.refuses[n.Agent]--
			return errors.New("no signal")
		}
		r.handed = append(r.handed, n)
		return nil
	}
}

// withRecords runs a test on every store with a host that has records.
func withRecords(t *testing.T, run func(t *testing.T, w *world, r *record)) {
	t.Helper()
	stores.Each(t, func(t *testing.T, s store.Store) {
		r := &record{refuses: map[string]int{}, people: []frontdesk.RecordPerson{{Agent: "sue", Role: frontdesk.RecordSales},
			{Agent: "sam", Role: frontdesk.RecordService}, {Agent: "joe", Role: "painter"}, {Agent: "mia", Role: frontdesk.RecordSales}, {Agent: "ghost", Role: frontdesk.RecordSales}}}
		w := newWorld(t, s, r.config)
		for _, id := range []string{"sue", "sam", "kim", "lee", "max"} {
			w.agent(frontdesk.Agent{ID: id, Name: "Agent " + id, Mailboxes: []string{"berlin"}})
		}
		run(t, w, r)
	})
}

func (w *world) as(agent string) *frontdesk.Session {
	return w.desk.As(frontdesk.Actor{Tenant: tenant, Agent: agent})
}

func (w *world) notices(agent string) []frontdesk.Notice {
	w.t.Helper()
	var all []frontdesk.Notice
	for cursor := ""; ; {
		page, err := w.as(agent).Notices(ctx, cursor, 0)
		require.NoError(w.t, err)
		all = append(all, page.Items...)
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	n, err := w.as(agent).NoticeCount(ctx)
	require.NoError(w.t, err)
	require.Equal(w.t, int64(len(all)), n, "the counter is a recount of %s's", agent)
	return all
}

// noticed are those who have a notice of a conversation, and why.
func (w *world) noticed(id string) map[string]frontdesk.NoticeReason {
	w.t.Helper()
	w.run()
	agents, err := w.setup.Agents(ctx)
	require.NoError(w.t, err)
	out := map[string]frontdesk.NoticeReason{}
	for _, a := range agents {
		if a.Inactive {
			continue
		}
		for _, n := range w.notices(a.ID) {
			if n.Conversation == id {
				out[a.ID] = n.Reason
			}
		}
	}
	return out
}

// clear takes everybody's notices away.
func (w *world) clear() {
	w.t.Helper()
	agents, err := w.setup.Agents(ctx)
	require.NoError(w.t, err)
	for _, a := range agents {
		if !a.Inactive {
			require.NoError(w.t, w.as(a.ID).DismissNotices(ctx))
			require.Empty(w.t, w.notices(a.ID))
		}
	}
}

type reasons = map[string]frontdesk.NoticeReason

// begins is a conversation of whose first message nobody is told.
func (w *world) begins(who string) frontdesk.Conversation {
	w.t.Helper()
	c := w.hears(who, "Hi")
	w.run()
	return c
}

var order = frontdesk.ChangeLinks{Add: []conversation.Link{{Kind: "order", ID: "1"}, {Kind: "order", ID: "2"}}}

func TestP6_WhoIsToldOfACustomersMessage(t *testing.T) {
	withRecords(t, func(t *testing.T, w *world, r *record) {
		c := w.begins("ann")
		assert.Empty(t, w.noticed(c.ID), "what is nobody's is nobody's news")
		w.responsibilities()
		w.do(w.setup, c.ID, order, frontdesk.Assign{Agent: "kim"}, frontdesk.ChangeOwners{Add: []conversation.Owner{{Role: "sales", Agent: "lee"}}},
			frontdesk.ChangeSubscribers{Add: []string{conversation.SubscriberAgent("max")}})
		w.hears("ann", "Where is it?")
		assert.Equal(t, reasons{"sue": frontdesk.NoticeSales, "sam": frontdesk.NoticeService, "kim": frontdesk.NoticeAssignee, "lee": frontdesk.NoticeOwner,
			"max": frontdesk.NoticeSubscriber}, w.noticed(c.ID), "and neither Mia, who is in another mailbox, nor somebody who is not there")
		assert.Equal(t, 2, r.asked, "once for each record and message")

		w.clear()
		w.do(w.setup, c.ID, frontdesk.Assign{Team: "returns"})
		w.hears("ann", "Hello?")
		got := w.noticed(c.ID)
		assert.Equal(t, frontdesk.NoticeTeam, got["jd"], "of a team's, its members")
		assert.NotContains(t, got, "kim")
	})
}

func TestP6_TwoSwitchesExcludeEachGroup(t *testing.T) {
	withRecords(t, func(t *testing.T, w *world, r *record) {
		c := w.begins("ann")
		w.do(w.setup, c.ID, order)
		for _, tc := range []struct {
			rules frontdesk.NoticeRules
			want  reasons
		}{
			{frontdesk.NoticeRules{}, reasons{"sue": frontdesk.NoticeSales, "sam": frontdesk.NoticeService}},
			{frontdesk.NoticeRules{WithoutSales: true}, reasons{"sam": frontdesk.NoticeService}},
			{frontdesk.NoticeRules{WithoutService: true}, reasons{"sue": frontdesk.NoticeSales}},
			{frontdesk.NoticeRules{WithoutSales: true, WithoutService: true}, reasons{}},
		} {
			w.clear()
			require.NoError(t, w.setup.SaveSettings(ctx, frontdesk.Settings{Notices: tc.rules}))
			w.hears("ann", "Again")
			assert.Equal(t, tc.want, w.noticed(c.ID), "%+v", tc.rules)
		}
		require.ErrorIs(t, w.setup.SaveSettings(ctx, frontdesk.Settings{Notices: frontdesk.NoticeRules{KeepDays: 366}}), frontdesk.ErrInvalid)
	})
}

func TestP6_WhatNobodyIsToldOf(t *testing.T) {
	withRecords(t, func(t *testing.T, w *world, _ *record) {
		c := w.begins("ann")
		mine := frontdesk.ChangeSubscribers{Add: []string{conversation.SubscriberAgent("jd"), conversation.SubscriberAgent("joe")}}
		w.do(w.setup, c.ID, mine)
		auto := w.says("ann", "Out of office")
		auto.Message.Automatic = true
		w.takes(auto)
		assert.Empty(t, w.noticed(c.ID), "automatic mail")

		w.replies(c.ID, "One's own answer")
		_, err := w.jane.Whisper(ctx, c.ID, "and whisper")
		require.NoError(t, err)
		assert.Empty(t, w.noticed(c.ID))

		w.do(w.setup, c.ID, frontdesk.Spam{})
		w.hears("ann", "Buy")
		assert.Empty(t, w.noticed(c.ID), "spam")
		w.do(w.setup, c.ID, frontdesk.Restore{})

		w.update(w.chat.ID, func(ch *frontdesk.Channel) { ch.Quiet = true })
		w.hears("ann", "Psst")
		assert.Empty(t, w.noticed(c.ID), "the channel's notices are off")
		w.update(w.chat.ID, func(ch *frontdesk.Channel) { ch.Quiet = false })

		w.hears("ann", "Somebody looks before the job runs")
		_, err = w.jane.View(ctx, c.ID)
		require.NoError(t, err)
		assert.Equal(t, reasons{"joe": frontdesk.NoticeSubscriber}, w.noticed(c.ID), "she has read it")

		w.clear()
		w.agent(frontdesk.Agent{ID: "joe", Mailboxes: []string{"berlin"}, Inactive: true})
		w.agent(frontdesk.Agent{ID: "jd", Mailboxes: []string{"munich"}})
		w.hears("ann", "Hello?")
		assert.Empty(t, w.noticed(c.ID), "one is inactive, the other does not see it any more")
	})
}

func TestP6_AHostThatIsDownDelaysNoticesAndNothingElse(t *testing.T) {
	withRecords(t, func(t *testing.T, w *world, r *record) {
		c := w.begins("ann")
		w.do(w.setup, c.ID, order, frontdesk.Assign{Agent: "kim"})
		r.fails = 1
		w.hears("ann", "Where is it?")
		w.hears("bob", "Another")
		assert.Empty(t, w.noticed(c.ID), "asked again later")
		_, err := w.setup.Reply(ctx, c.ID, frontdesk.Draft{Text: "On its way"})
		require.NoError(t, err)
		w.run()
		assert.Len(t, w.texts(), 1, "what is sent does not wait")
		assert.Empty(t, w.noticed(c.ID))
		w.clock.Advance(time.Minute)
		assert.Len(t, w.noticed(c.ID), 3)

		w.clear()
		r.fails = 100
		w.hears("ann", "And now?")
		for range 10 {
			assert.NotContains(t, w.noticed(c.ID), "sue")
			w.clock.Advance(2 * time.Hour)
		}
		assert.Equal(t, reasons{"kim": frontdesk.NoticeAssignee}, w.noticed(c.ID), "told without the record's people in the end")
		assert.Equal(t, 95, r.fails, "five tries")
	})
}

// A worker whose lease ends while the host takes its time, and the one who takes the group over, tell once.
func TestP6_OnceHoweverOftenTheJobRuns(t *testing.T) {
	withRecords(t, func(t *testing.T, w *world, r *record) {
		c := w.begins("ann")
		w.do(w.setup, c.ID, order)
		w.run()
		w.hears("ann", "One")
		w.hears("ann", "Two")
		other := w.open(r.config)
		r.during = func() {
			w.clock.Advance(time.Hour)
			assert.NoError(t, other.RunDue(ctx))
		}
		w.run()
		w.clock.Advance(time.Hour)
		w.run()
		list := w.notices("sue")
		require.Len(t, list, 1)
		assert.Equal(t, 2, list[0].Messages)
		handed := map[string]int{}
		for _, n := range r.handed {
			handed[n.Agent+n.Message]++
		}
		assert.Len(t, handed, 4, "two agents of two messages")
	})
}

func TestP7_AllThatIsPermitted(t *testing.T) {
	withRecords(t, func(t *testing.T, w *world, _ *record) {
		w.channel(frontdesk.Channel{Account: "munich", Mailbox: "munich"})
		w.agent(frontdesk.Agent{ID: "kim", Mailboxes: []string{"berlin", "munich"}, Messaging: map[string][]string{"berlin": {"sms"}, "munich": {"chat"}}})
		w.agent(frontdesk.Agent{ID: "boss", Role: frontdesk.Admin})
		w.agent(frontdesk.Agent{ID: "lee", Mailboxes: []string{"berlin"}, Scope: frontdesk.ScopeOwn})
		for _, id := range []string{"jd", "mia", "kim", "boss", "lee"} {
			require.NoError(t, w.as(id).SaveNoticePreferences(ctx, frontdesk.NoticePreferences{All: true}))
			p, err := w.as(id).NoticePreferences(ctx)
			require.NoError(t, err)
			assert.True(t, p.All)
		}
		all := frontdesk.NoticeAll
		berlin := w.hears("ann", "Hi")
		assert.Equal(t, reasons{"jd": all, "boss": all}, w.noticed(berlin.ID), "Kim answers no chats there, Lee sees only what is his own")
		munich := w.arrives("munich", "bob", "Hi")
		assert.Equal(t, reasons{"mia": all, "kim": all, "boss": all}, w.noticed(munich.ID))

		require.NoError(t, w.jane.SaveNoticePreferences(ctx, frontdesk.NoticePreferences{}))
		next := w.hears("zoe", "Hi")
		assert.Equal(t, reasons{"boss": all}, w.noticed(next.ID))
		require.ErrorIs(t, w.setup.SaveNoticePreferences(ctx, frontdesk.NoticePreferences{}), frontdesk.ErrForbidden)
	})
}

func TestP7_WhatHasNoRecordGoesToThoseAtHome(t *testing.T) {
	withRecords(t, func(t *testing.T, w *world, _ *record) {
		w.agent(frontdesk.Agent{ID: "kim", Mailboxes: []string{"berlin", "munich"}, Home: "berlin"})
		w.agent(frontdesk.Agent{ID: "lee", Mailboxes: []string{"berlin", "munich"}, Home: "munich"})
		c := w.hears("ann", "Hi")
		assert.Equal(t, reasons{"kim": frontdesk.NoticeHome}, w.noticed(c.ID))
		w.clear()
		w.do(w.setup, c.ID, order)
		w.hears("ann", "With a record")
		assert.Equal(t, reasons{"sue": frontdesk.NoticeSales, "sam": frontdesk.NoticeService}, w.noticed(c.ID))

		require.ErrorIs(t, w.setup.SaveAgent(ctx, frontdesk.Agent{ID: "kim", Mailboxes: []string{"berlin"}, Home: "munich"}), frontdesk.ErrInvalid)
		require.ErrorIs(t, w.setup.SaveAgent(ctx, frontdesk.Agent{ID: "boss", Role: frontdesk.Admin, Home: "rome"}), frontdesk.ErrNotFound)
	})
}

func TestP8_CountSubjectTimeLinkAndDismiss(t *testing.T) {
	withRecords(t, func(t *testing.T, w *world, _ *record) {
		require.NoError(t, w.jane.SaveNoticePreferences(ctx, frontdesk.NoticePreferences{All: true}))
		first := w.says("ann", "Hi")
		first.Message.Subject = "Order 4711"
		w.takes(first)
		ann := w.current("ann")
		w.clock.Advance(time.Minute)
		bob := w.hears("bob", "Hi")
		w.clock.Advance(time.Minute)
		w.hears("ann", "Hello?")
		w.run()
		list := w.notices("jd")
		require.Len(t, list, 2, "one of each conversation")
		entries := w.timeline(ann.ID)
		last := entries[len(entries)-1]
		assert.Equal(t, frontdesk.Notice{Agent: "jd", Conversation: ann.ID, Message: last.ID, Reason: frontdesk.NoticeAll, Messages: 2, At: last.Stored,
			Mailbox: "berlin", Number: ann.Number, Subject: "Order 4711"}, list[0], "the newest first")
		assert.Equal(t, bob.ID, list[1].Conversation)
		m, err := w.jane.Message(ctx, list[0].Message)
		require.NoError(t, err)
		assert.Equal(t, "Hello?", m.Text, "where the link leads")

		page, err := w.jane.Notices(ctx, "", 1)
		require.NoError(t, err)
		require.Len(t, page.Items, 1)
		next, err := w.jane.Notices(ctx, page.Next, 1)
		require.NoError(t, err)
		assert.Equal(t, bob.ID, next.Items[0].Conversation)
		_, err = w.joe.Notices(ctx, page.Next, 1)
		require.ErrorIs(t, err, frontdesk.ErrCursor, "a cursor is its list's")
		_, err = w.jane.Notices(ctx, "", 1001)
		require.ErrorIs(t, err, frontdesk.ErrInvalid)

		for range 2 { // the second time there is none
			require.NoError(t, w.jane.DismissNotice(ctx, ann.ID))
			list = w.notices("jd")
			require.Len(t, list, 1)
		}
		assert.Equal(t, bob.ID, list[0].Conversation)
		assert.True(t, w.has(w.jane, ann.ID), "the conversation is as unread as it was")
		w.clock.Advance(time.Minute)
		w.hears("ann", "Anybody?")
		w.run()
		assert.Equal(t, 1, w.notices("jd")[0].Messages, "it counts anew")
		require.NoError(t, w.jane.DismissNotices(ctx))
		assert.Empty(t, w.notices("jd"))
		require.NoError(t, w.jane.DismissNotice(ctx, "none"))
		require.NoError(t, w.jane.DismissNotice(ctx, string(make([]byte, 300))))

		for _, s := range []*frontdesk.Session{w.setup, w.jane.FromRecord("order", "1")} {
			require.ErrorIs(t, s.DismissNotices(ctx), frontdesk.ErrForbidden)
		}
	})
}

// has reports whether a conversation is unread for somebody.
func (w *world) has(s *frontdesk.Session, id string) bool {
	w.t.Helper()
	c, err := s.Conversation(ctx, id)
	require.NoError(w.t, err)
	return c.Unread
}

func TestP8_ReadingAndAnsweringDismiss(t *testing.T) {
	withRecords(t, func(t *testing.T, w *world, _ *record) {
		both := []string{conversation.SubscriberAgent("jd"), conversation.SubscriberAgent("joe")}
		c := w.begins("ann")
		w.do(w.setup, c.ID, frontdesk.ChangeSubscribers{Add: both})
		subscriber := frontdesk.NoticeSubscriber
		for _, tc := range []struct {
			name     string
			settings frontdesk.Settings
			do       func() error
			want     reasons
		}{
			{"opening", frontdesk.Settings{}, func() error { return only(w.jane.View(ctx, c.ID)) }, reasons{"joe": subscriber}},
			{"marking", frontdesk.Settings{}, func() error { return only(w.jane.MarkRead(ctx, c.ID)) }, reasons{"joe": subscriber}},
			{"answering", frontdesk.Settings{}, func() error {
				return only(w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "Hello"}))
			}, reasons{"joe": subscriber}},
			{"reading for all", frontdesk.Settings{GlobalRead: true}, func() error { return only(w.jane.View(ctx, c.ID)) }, reasons{}},
		} {
			require.NoError(t, w.setup.SaveSettings(ctx, tc.settings))
			w.hears("ann", "Again")
			require.Len(t, w.noticed(c.ID), 2, tc.name)
			require.NoError(t, tc.do())
			assert.Empty(t, w.notices("jd"), "at once")
			assert.Equal(t, tc.want, w.noticed(c.ID), tc.name)
			w.clear()
		}
	})
}

func TestP8_WhoSeesAConversationNoLongerKeepsNoNotice(t *testing.T) {
	withRecords(t, func(t *testing.T, w *world, _ *record) {
		w.agent(frontdesk.Agent{ID: "kim", Mailboxes: []string{"berlin"}, Scope: frontdesk.ScopeOwn})
		w.responsibilities()
		c := w.begins("ann")
		fresh := func(want reasons, after func()) {
			t.Helper()
			w.clear()
			w.do(w.setup, c.ID, frontdesk.Restore{}, frontdesk.Assign{Agent: "kim"}, frontdesk.ChangeSubscribers{Add: []string{conversation.SubscriberAgent("jd")}})
			w.run()
			w.hears("ann", "Again")
			require.Len(t, w.noticed(c.ID), 2)
			after()
			assert.Equal(t, want, w.noticed(c.ID))
		}
		fresh(reasons{"jd": frontdesk.NoticeSubscriber}, func() { w.do(w.setup, c.ID, frontdesk.Assign{Agent: "joe"}) })
		fresh(reasons{}, func() { w.do(w.setup, c.ID, frontdesk.Spam{}) })
		fresh(reasons{}, func() { w.do(w.setup, c.ID, frontdesk.Trash{}) })
		fresh(reasons{"jd": frontdesk.NoticeSubscriber}, func() { w.agent(frontdesk.Agent{ID: "kim", Mailboxes: []string{"munich"}}) })
	})
}

func TestP8_NoticesMoveWithAMerge(t *testing.T) {
	withRecords(t, func(t *testing.T, w *world, _ *record) {
		require.NoError(t, w.jane.SaveNoticePreferences(ctx, frontdesk.NoticePreferences{All: true}))
		a, b, c := w.hears("ann", "Hi"), w.hears("bob", "Hi"), w.hears("cid", "Hi")
		w.run()
		require.NoError(t, w.jane.DismissNotice(ctx, a.ID))
		require.Len(t, w.notices("jd"), 2)
		_, err := w.joe.Merge(ctx, a.ID, b.ID, c.ID)
		require.NoError(t, err)
		w.run()
		list := w.notices("jd")
		require.Len(t, list, 1)
		assert.Equal(t, a.ID, list[0].Conversation)
		assert.Equal(t, 2, list[0].Messages)
		_, err = w.jane.View(ctx, b.ID)
		require.NoError(t, err)
		assert.Empty(t, w.notices("jd"))
	})
}

func TestP8_OldNoticesGo(t *testing.T) {
	withRecords(t, func(t *testing.T, w *world, _ *record) {
		require.NoError(t, w.jane.SaveNoticePreferences(ctx, frontdesk.NoticePreferences{All: true}))
		w.hears("ann", "Hi")
		w.run()
		day := func(n int) {
			for range n {
				w.clock.Advance(24 * time.Hour)
				w.run()
			}
		}
		day(10)
		w.hears("bob", "Hi")
		day(19)
		assert.Len(t, w.notices("jd"), 2)
		day(2)
		assert.Len(t, w.notices("jd"), 1, "after 30 days")
		require.NoError(t, w.setup.SaveSettings(ctx, frontdesk.Settings{Notices: frontdesk.NoticeRules{KeepDays: 7}}))
		day(1)
		assert.Empty(t, w.notices("jd"), "a change counts from the next day on")
		day(2)
		w.hears("cid", "Hi")
		w.run()
		assert.Len(t, w.notices("jd"), 1)
		day(8)
		assert.Empty(t, w.notices("jd"))
	})
}

func TestP8_HandedOutOnceRead(t *testing.T) {
	withRecords(t, func(t *testing.T, w *world, r *record) {
		c := w.begins("ann")
		w.do(w.setup, c.ID, frontdesk.ChangeSubscribers{Add: []string{conversation.SubscriberAgent("jd"), conversation.SubscriberAgent("joe")}})
		w.run()
		r.refuses["joe"] = 3
		w.hears("ann", "One")
		w.hears("ann", "Two")
		w.run()
		handed := func(agent string) (out []int) {
			for _, n := range r.handed {
				if n.Agent == agent {
					assert.Equal(t, c.ID, n.Conversation)
					out = append(out, n.Messages)
				}
			}
			return out
		}
		assert.Equal(t, []int{1, 2}, handed("jd"), "for each message")
		assert.Empty(t, handed("joe"), "one who is not reached holds up nobody else")
		for range 5 {
			w.clock.Advance(time.Hour)
			w.run()
		}
		assert.Equal(t, []int{1, 2}, handed("joe"), "in order")

		r.refuses["joe"] = 1
		w.hears("ann", "Three")
		w.run()
		_, err := w.joe.View(ctx, c.ID)
		require.NoError(t, err)
		w.clock.Advance(time.Hour)
		w.run()
		assert.Equal(t, []int{1, 2}, handed("joe"), "he has read it himself")

		r.refuses["joe"] = 1000
		w.hears("ann", "Four")
		for range 10 {
			w.run()
			w.clock.Advance(4 * time.Hour)
		}
		left := r.refuses["joe"]
		w.clock.Advance(24 * time.Hour)
		w.run()
		assert.Equal(t, left, r.refuses["joe"], "given up after a day")
		assert.Len(t, w.notices("joe"), 1, "the notice itself stays")
	})
}

// Whatever happens, and by however many at once, the counter is what counting the notices gives.
func TestP8_TheCounterIsARecount(t *testing.T) {
	withRecords(t, func(t *testing.T, w *world, _ *record) {
		agents := []string{"jd", "joe", "kim"}
		for _, id := range agents {
			require.NoError(t, w.as(id).SaveNoticePreferences(ctx, frontdesk.NoticePreferences{All: true}))
		}
		r := rand.New(rand.NewPCG(1, 2))
		names := []string{"ann", "bob", "cid", "dan"}
		for range 6 {
			for range 3 {
				w.hears(names[r.IntN(len(names))], "Hi")
			}
			var all sync.WaitGroup
			ids := []string{}
			for _, name := range names {
				if page, err := w.setup.Conversations(ctx, frontdesk.Query{View: frontdesk.AllView}); assert.NoError(t, err) {
					for _, c := range page.Items {
						if c.Threads[0].Key == name {
							ids = append(ids, c.ID)
						}
					}
				}
			}
			slices.Sort(ids)
			for i, agent := range agents {
				id := ids[r.IntN(len(ids))]
				what := r.IntN(4)
				all.Go(func() {
					var err error
					switch what {
					case 0:
						_, err = w.as(agent).View(ctx, id)
					case 1:
						err = w.as(agent).DismissNotice(ctx, id)
					case 2:
						err = w.as(agents[(i+1)%len(agents)]).DismissNotices(ctx)
					case 3:
						_, err = w.as(agent).Reply(ctx, id, frontdesk.Draft{Text: "Hello"})
					}
					if !errors.Is(err, frontdesk.ErrBusy) {
						assert.NoError(t, err)
					}
				})
			}
			for range 2 {
				all.Go(func() { assert.NoError(t, w.desk.RunDue(ctx)) })
			}
			all.Wait()
			w.clock.Advance(time.Hour)
			w.run()
			for _, agent := range agents {
				w.notices(agent) // compares
			}
		}
	})
}

func TestP8_ManyNoticesAreDismissedAtOnce(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		require.NoError(t, w.jane.SaveNoticePreferences(ctx, frontdesk.NoticePreferences{All: true}))
		items := []channel.Item{}
		for i := range 450 {
			items = append(items, w.says(fmt.Sprint("c", i), "Hi"))
		}
		w.takes(items...)
		w.run()
		require.Len(t, w.notices("jd"), 450)
		require.NoError(t, w.jane.DismissNotices(ctx))
		assert.Empty(t, w.notices("jd"))
	})
}

// A notice is dismissed under the ID of a part and under that of the whole, whether the job has moved it or not; so it is by reading.
func TestP8_NoticesOfPartsAreDismissed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		head, part := w.hears("ann", "Hi"), w.hears("annabel", "Hi")
		w.whispers(w.joe, part.ID, "Look", "jd")
		w.run()
		w.merges(head.ID, part.ID)
		list := w.notices("jd")
		require.Len(t, list, 1)
		require.NoError(t, w.jane.DismissNotice(ctx, list[0].Conversation))
		w.run()
		assert.Empty(t, w.notices("jd"))
		w.whispers(w.joe, head.ID, "Look", "jd")
		w.run()
		require.NoError(t, w.jane.DismissNotice(ctx, part.ID))
		assert.Empty(t, w.notices("jd"))

		other := w.hears("anton", "Hi")
		w.whispers(w.joe, other.ID, "Look", "jd")
		w.run()
		w.merges(head.ID, other.ID)
		_, err := w.jane.MarkRead(ctx, head.ID)
		require.NoError(t, err)
		w.run()
		assert.Empty(t, w.notices("jd"))
	})
}
