package desk_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/routing"
)

// slots makes mailbox berlin one that hands out, with a limit.
func (w *world) slots(n int, change ...func(*frontdesk.Mailbox)) {
	w.t.Helper()
	m := frontdesk.Mailbox{ID: "berlin", Name: "Berlin", Slots: n, AssignOnFirst: true}
	for _, f := range change {
		f(&m)
	}
	require.NoError(w.t, w.setup.SaveMailbox(ctx, m))
}

func (w *world) signIn(sessions ...*frontdesk.Session) {
	w.t.Helper()
	for _, s := range sessions {
		require.NoError(w.t, s.SignIn(ctx))
		w.clock.Advance(time.Second)
	}
}

// queue has customers write, a second apart, and returns their conversations.
func (w *world) queue(n int, prefix string) (ids []string) {
	w.t.Helper()
	for i := range n {
		ids = append(ids, w.hears(fmt.Sprintf("%s%02d", prefix, i), "Hi").ID)
		w.clock.Advance(time.Second)
	}
	return ids
}

// holders are the agents of conversations, in order, after all work is done.
func (w *world) holders(ids ...string) (agents []string) {
	w.t.Helper()
	w.run()
	for _, id := range ids {
		agents = append(agents, w.get(id).Agent)
	}
	return agents
}

// presence is what the host sees of an agent.
func (w *world) presence(agent string) frontdesk.AgentPresence {
	w.t.Helper()
	all, err := w.setup.Presences(ctx)
	require.NoError(w.t, err)
	i := slices.IndexFunc(all, func(p frontdesk.AgentPresence) bool { return p.Agent == agent })
	require.GreaterOrEqual(w.t, i, 0)
	return all[i]
}

func TestA1_AssignHandOverUnassign(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		w.run()
		assert.Empty(t, w.get(c.ID).Agent, "without slots nobody is given anything")
		w.do(w.jane, c.ID, frontdesk.Assign{Agent: "jd"})
		assert.Equal(t, 1, w.presence("jd").Used)
		w.do(w.jane, c.ID, frontdesk.Assign{Agent: "joe", Team: "returns"})
		assert.Equal(t, 0, w.presence("jd").Used)
		assert.Equal(t, 1, w.presence("joe").Used)
		got := w.do(w.joe, c.ID, frontdesk.Assign{})
		assert.Equal(t, conversation.ShelfWaiting, got.Shelf)
		assert.Equal(t, 0, w.presence("joe").Used)
		_, err := w.jane.Do(ctx, c.ID, frontdesk.Assign{Agent: "mia"})
		assert.ErrorIs(t, err, frontdesk.ErrInvalid, "not a member of the mailbox")
		w.run()
		assert.Empty(t, w.get(c.ID).Agent)
	})
}

func TestA2_AssignOnFirstMessageOrOnRequest(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.slots(2)
		w.signIn(w.jane)
		c := w.hears("ann", "Hi")
		assert.Equal(t, []string{"jd"}, w.holders(c.ID))

		w.slots(5, func(m *frontdesk.Mailbox) { m.AssignOnFirst = false })
		c = w.hears("bob", "Hi")
		assert.Equal(t, []string{""}, w.holders(c.ID), "off: it waits for the request")
		answer, err := w.setup.RequestHandover(ctx, c.ID)
		require.NoError(t, err)
		assert.Equal(t, routing.Available, answer)
		assert.Equal(t, []string{"jd"}, w.holders(c.ID))
	})
}

func TestA2_BotAnswersUntilSomebodyTakesIt(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.slots(1, func(m *frontdesk.Mailbox) { m.AssignOnFirst, m.Start = false, conversation.Closed })
		bot := w.desk.As(frontdesk.Actor{Tenant: tenant, Automation: "bot"})
		c := w.hears("ann", "Hi")
		answer, err := bot.RequestHandover(ctx, c.ID)
		require.NoError(t, err)
		assert.Equal(t, routing.Nobody, answer)
		assert.Equal(t, []string{""}, w.holders(c.ID))
		_, err = bot.Reply(ctx, c.ID, frontdesk.Draft{Text: "One moment"})
		require.NoError(t, err, "the request pauses nothing")
		w.signIn(w.joe)
		assert.Equal(t, []string{"joe"}, w.holders(c.ID))
		assert.Equal(t, conversation.ShelfAssigned, w.get(c.ID).Shelf, "given out, it is open")
		w.do(w.joe, c.ID, frontdesk.SetStatus{Status: conversation.Closed})
		c = w.hears("ann", "Again")
		assert.Equal(t, conversation.Closed, c.Status)
		w.run()
		assert.Equal(t, conversation.ShelfDone, w.get(c.ID).Shelf, "closing ends the request")
		answer, err = bot.RequestHandover(ctx, c.ID)
		require.NoError(t, err)
		assert.Equal(t, routing.Available, answer)
		assert.Equal(t, []string{"joe"}, w.holders(c.ID))
	})
}

func TestA3_FewestThenLongestSinceThenID(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.slots(5)
		kim := w.agent(frontdesk.Agent{ID: "kim", Name: "Kim", Mailboxes: []string{"berlin"}})
		held := w.queue(2, "old")
		w.signIn(w.joe)
		assert.Equal(t, []string{"joe", "joe"}, w.holders(held...))
		w.signIn(w.jane, kim)
		got := w.queue(1, "a")
		assert.Equal(t, []string{"jd"}, w.holders(got...), "nobody was given one: by ID")
		got = w.queue(3, "b")
		assert.Equal(t, []string{"kim", "jd", "kim"}, w.holders(got...), "fewest first; then who was given one the longest ago")
		got = w.queue(3, "c")
		assert.Equal(t, []string{"joe", "jd", "kim"}, w.holders(got...), "level: the longest since the last")
	})
}

func TestA4_EachConditionAloneMakesUnavailable(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.slots(1)
		w.signIn(w.mia)
		c := w.hears("ann", "Hi")
		assert.Equal(t, []string{""}, w.holders(c.ID), "mia has no permission here, jane and joe have not signed in")
		require.NoError(t, w.jane.SignIn(ctx))
		require.NoError(t, w.jane.SetAway(ctx, true))
		assert.Equal(t, []string{""}, w.holders(c.ID), "away")
		other := w.hears("bob", "Hi")
		w.do(w.joe, other.ID, frontdesk.Assign{Agent: "joe"})
		require.NoError(t, w.joe.SignIn(ctx))
		assert.Equal(t, []string{""}, w.holders(c.ID), "joe has no free slot")
		require.NoError(t, w.setup.SaveAgent(ctx, frontdesk.Agent{ID: "jd", Name: "Jane Doe", Role: frontdesk.ReadOnly, Mailboxes: []string{"berlin"}}))
		assert.ErrorIs(t, w.jane.SetAway(ctx, false), frontdesk.ErrForbidden)
		assert.Equal(t, []string{""}, w.holders(c.ID), "no right to answer")
		require.NoError(t, w.setup.SaveAgent(ctx, frontdesk.Agent{ID: "jd", Name: "Jane Doe", Mailboxes: []string{"berlin"}}))
		require.NoError(t, w.jane.SignIn(ctx))
		assert.Equal(t, []string{"jd"}, w.holders(c.ID))
	})
}

func TestA4_PermissionIsPerMethod(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.slots(1)
		c := w.hears("ann", "Hi")
		jane := frontdesk.Agent{ID: "jd", Mailboxes: []string{"berlin"}, Messaging: map[string][]string{"berlin": {"marketplace"}}}
		require.NoError(t, w.setup.SaveAgent(ctx, jane))
		w.signIn(w.jane)
		assert.Equal(t, []string{""}, w.holders(c.ID), "she may not answer by this method")
		jane.Messaging["berlin"] = []string{"marketplace", c.Method}
		require.NoError(t, w.setup.SaveAgent(ctx, jane))
		assert.Equal(t, []string{"jd"}, w.holders(c.ID))
		w.slots(2)
		jane.Modules = []frontdesk.Module{frontdesk.ModuleContacts}
		require.NoError(t, w.setup.SaveAgent(ctx, jane))
		assert.Equal(t, []string{""}, w.holders(w.hears("bob", "Hi").ID), "the inbox is closed to her")
	})
}

func TestA5_SlotsAreOnePoolOverAllMailboxes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.slots(2)
		require.NoError(t, w.setup.SaveMailbox(ctx, frontdesk.Mailbox{ID: "munich", Slots: 3, AssignOnFirst: true}))
		w.channel(frontdesk.Channel{Account: "store", Mailbox: "munich"})
		require.NoError(t, w.setup.SaveAgent(ctx, frontdesk.Agent{ID: "mia", Name: "Mia", Mailboxes: []string{"munich", "berlin"}}))
		w.signIn(w.mia)
		ids := w.queue(3, "c")
		assert.Equal(t, []string{"mia", "mia", ""}, w.holders(ids...), "berlin's limit is 2")
		m := w.says("dora", "Hi")
		m.Account = "store"
		w.hook(m)
		c := w.current("dora")
		assert.Equal(t, []string{"mia"}, w.holders(c.ID), "munich's limit is 3, and 2 are used")
		m = w.says("emil", "Hi")
		m.Account = "store"
		w.hook(m)
		assert.Equal(t, []string{"", ""}, w.holders(w.current("emil").ID, ids[2]))

		w.do(w.mia, ids[2], frontdesk.Assign{Agent: "mia"})
		assert.Equal(t, 4, w.presence("mia").Used, "by hand one may exceed")
		w.slots(1)
		assert.Equal(t, []string{"mia", "mia", "mia"}, w.holders(ids...), "lowering a limit takes nothing away")
		w.do(w.mia, ids[0], frontdesk.Snooze{Until: w.clock.Now().Add(time.Hour)})
		assert.Equal(t, 4, w.presence("mia").Used, "a snoozed one keeps its slot")
		for i, away := range []frontdesk.Action{frontdesk.Archive{}, frontdesk.Spam{}, frontdesk.Trash{}} {
			w.do(w.mia, ids[i], away)
		}
		assert.Equal(t, 1, w.presence("mia").Used, "archive, spam and trash give theirs back")
		assert.Equal(t, []string{"mia"}, w.holders(w.current("emil").ID))
		assert.Equal(t, 2, w.presence("mia").Used)
	})
}

func TestA5_ZeroSlotsAssignNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.slots(0)
		w.signIn(w.jane)
		c := w.hears("ann", "Hi")
		assert.Equal(t, []string{""}, w.holders(c.ID))
		assert.Equal(t, conversation.ShelfWaiting, w.get(c.ID).Shelf, "received all the same")
		for name, m := range map[string]frontdesk.Mailbox{
			"Slots":   {ID: "berlin", Slots: -1},
			"slots":   {ID: "berlin", Slots: 1001},
			"InHours": {ID: "berlin", InHours: true},
			"Hours":   {ID: "berlin", Hours: routing.Hours{Zone: "Mars/Olympus"}},
			"span":    {ID: "berlin", Hours: routing.Hours{Week: routing.Week{Monday: []routing.Span{{From: 5, To: 5}}}}},
			"URL":     {ID: "berlin", Handover: frontdesk.HandoverAccess{EventURL: "http://x.example.com", EventSecret: "s"}},
			"secret":  {ID: "berlin", Handover: frontdesk.HandoverAccess{EventURL: "https://x.example.com"}},
		} {
			assert.ErrorIs(t, w.setup.SaveMailbox(ctx, m), frontdesk.ErrInvalid, name)
		}
		assert.ErrorIs(t, w.jane.SaveMailbox(ctx, frontdesk.Mailbox{ID: "berlin", Slots: 1}), frontdesk.ErrForbidden)
	})
}

func TestA6_EverythingThatFreesHandsOutTheOldest(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.slots(1)
		ids := w.queue(8, "c")
		w.hears("c00", "I wrote first, and write again") // keeps its place
		w.signIn(w.jane)
		assert.Equal(t, []string{"jd", "", ""}, w.holders(ids[:3]...), "coming online")
		w.do(w.jane, ids[0], frontdesk.SetStatus{Status: conversation.Closed})
		assert.Equal(t, []string{"jd", ""}, w.holders(ids[1:3]...), "closing")
		w.do(w.jane, ids[1], frontdesk.Archive{})
		assert.Equal(t, []string{"jd", ""}, w.holders(ids[2:4]...), "the archive")
		w.slots(2)
		assert.Equal(t, []string{"jd", "jd", ""}, w.holders(ids[2:5]...), "a raised limit")
		w.do(w.jane, ids[3], frontdesk.Assign{Agent: "joe"})
		assert.Equal(t, []string{"joe", "jd", ""}, w.holders(ids[3:6]...), "handing over")
		require.NoError(t, w.setup.SaveAgent(ctx, frontdesk.Agent{ID: "mia", Name: "Mia", Mailboxes: []string{"munich"}}))
		w.signIn(w.mia)
		assert.Equal(t, []string{""}, w.holders(ids[5]))
		require.NoError(t, w.setup.SaveAgent(ctx, frontdesk.Agent{ID: "mia", Name: "Mia", Mailboxes: []string{"munich", "berlin"}}))
		assert.Equal(t, []string{"mia", "mia", ""}, w.holders(ids[5:8]...), "a permission")
		w.do(w.mia, ids[5], frontdesk.Assign{})
		assert.Equal(t, []string{"mia", ""}, w.holders(ids[5], ids[7]), "unassigning: the oldest is again the one that was given back")
	})
}

func TestA6_OpeningHourHandsOut(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		at := func(m *frontdesk.Mailbox) {
			m.InHours, m.Hours = true, routing.Hours{Zone: "Europe/Berlin", Week: routing.Week{Monday: []routing.Span{{From: 11 * 60, To: 12 * 60}},
				Tuesday: []routing.Span{{From: 9 * 60, To: 17 * 60}}}}
		}
		require.NoError(t, w.setup.SaveSettings(ctx, frontdesk.Settings{IdleMinutes: -1}))
		w.slots(1, at) // it is Monday, 10:00 in Berlin
		w.signIn(w.jane)
		ids := w.queue(2, "c")
		assert.Equal(t, []string{"", ""}, w.holders(ids...))
		w.clock.Advance(58 * time.Minute)
		assert.Equal(t, []string{"", ""}, w.holders(ids...))
		w.clock.Advance(2 * time.Minute)
		assert.Equal(t, []string{"jd", ""}, w.holders(ids...), "the opening hour")
		w.clock.Advance(time.Hour)
		w.do(w.jane, ids[0], frontdesk.SetStatus{Status: conversation.Closed})
		assert.Equal(t, []string{""}, w.holders(ids[1]), "it has closed")
		w.clock.Advance(21 * time.Hour)
		assert.Equal(t, []string{"jd"}, w.holders(ids[1]), "the next day")
	})
}

func TestA6_ReopenedOnesWaitAndPreferTheirAgent(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.slots(3)
		w.signIn(w.jane)
		c := w.hears("ann", "Hi")
		assert.Equal(t, []string{"jd"}, w.holders(c.ID))
		w.do(w.jane, c.ID, frontdesk.SetStatus{Status: conversation.Closed})
		ids := w.queue(2, "c")
		assert.Equal(t, []string{"jd", "jd"}, w.holders(ids...))
		w.signIn(w.joe)
		back := w.hears("ann", "One more thing")
		assert.Equal(t, conversation.ShelfWaiting, back.Shelf)
		assert.Equal(t, []string{"jd"}, w.holders(c.ID), "joe has fewer, but it was hers")
		w.do(w.jane, c.ID, frontdesk.SetStatus{Status: conversation.Closed})
		require.NoError(t, w.jane.SignOut(ctx))
		w.hears("ann", "And another")
		assert.Equal(t, []string{"joe"}, w.holders(c.ID), "she is gone")

		w.slots(0)
		w.do(w.joe, c.ID, frontdesk.SetStatus{Status: conversation.Closed})
		back = w.hears("ann", "Me again")
		assert.Equal(t, "joe", back.Agent, "elsewhere it keeps its assignee")
		assert.Equal(t, 1, w.presence("joe").Used)
	})
}

func TestA11_TeamRule(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.slots(9)
		require.NoError(t, w.setup.SaveTeam(ctx, frontdesk.Team{ID: "second"}))
		kim := w.agent(frontdesk.Agent{ID: "kim", Name: "Kim", Mailboxes: []string{"berlin"}, Teams: []string{"second"}})
		toTeam := func(who string) string {
			c := w.hears(who, "Hi")
			w.do(w.setup, c.ID, frontdesk.Assign{Team: "returns"})
			return c.ID
		}
		w.signIn(w.joe, kim)
		id := toTeam("ann")
		assert.Equal(t, []string{""}, w.holders(id), "only the team's members, and jane is not there")
		require.NoError(t, w.setup.SaveTeam(ctx, frontdesk.Team{ID: "returns", Away: true}))
		require.NoError(t, w.jane.SignIn(ctx))
		require.NoError(t, w.jane.SetAway(ctx, true))
		assert.Equal(t, []string{"jd"}, w.holders(id), "away is allowed")
		assert.Equal(t, "returns", w.get(id).Team)
		require.NoError(t, w.jane.SignOut(ctx))

		id = toTeam("bob")
		assert.Equal(t, []string{""}, w.holders(id))
		require.NoError(t, w.setup.SaveTeam(ctx, frontdesk.Team{ID: "returns", Fallback: "second"}))
		assert.Equal(t, []string{"kim"}, w.holders(id), "the fallback team")
		require.NoError(t, kim.SignOut(ctx))
		id = toTeam("cem")
		assert.Equal(t, []string{""}, w.holders(id))
		require.NoError(t, w.setup.SaveTeam(ctx, frontdesk.Team{ID: "returns", Fallback: "second", ToMailbox: true}))
		assert.Equal(t, []string{"joe"}, w.holders(id), "the mailbox")
		assert.ErrorIs(t, w.setup.SaveTeam(ctx, frontdesk.Team{ID: "returns", Fallback: "none"}), frontdesk.ErrNotFound)
		assert.ErrorIs(t, w.setup.SaveTeam(ctx, frontdesk.Team{ID: "returns", Fallback: "returns"}), frontdesk.ErrInvalid)
	})
}

func TestA11_LastAgentOfTheContactIsPreferred(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, prefers := range []bool{true, false} {
			w.slots(9, func(m *frontdesk.Mailbox) { m.StartNew, m.PreferLast = true, prefers })
			w.signIn(w.joe)
			who := fmt.Sprintf("ann-%v", prefers)
			first := w.hears(who, "Hi")
			assert.Equal(t, []string{"joe"}, w.holders(first.ID))
			w.do(w.joe, first.ID, frontdesk.SetStatus{Status: conversation.Closed})
			w.queue(2, "filler"+who)
			w.run()
			w.signIn(w.jane)
			second := w.hears(who, "Something else")
			require.NotEqual(t, first.ID, second.ID)
			want := map[bool]string{true: "joe", false: "jd"}[prefers]
			assert.Equal(t, []string{want}, w.holders(second.ID), "wanted: %v", prefers)
			require.NoError(t, w.jane.SignOut(ctx))
		}
	})
}

// Whatever happened, the kept slots are those of a recount.
func TestA5_SlotsEqualARecount(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		seed := uint64(time.Now().UnixNano())
		r := rand.New(rand.NewPCG(seed, 1))
		w.slots(2)
		require.NoError(t, w.setup.SaveSettings(ctx, frontdesk.Settings{GiveBack: routing.Offline, IdleMinutes: 30}))
		w.channel(frontdesk.Channel{Account: "store", Mailbox: "munich"})
		w.agent(frontdesk.Agent{ID: "mia", Name: "Mia", Mailboxes: []string{"munich", "berlin"}, Teams: []string{"returns"}})
		boss := w.agent(frontdesk.Agent{ID: "boss", Role: frontdesk.Owner})
		agents := []*frontdesk.Session{w.jane, w.joe, w.mia, boss}
		var in []string
		steps := 120
		if testing.Short() {
			steps = 60
		}
		for step := range steps {
			w.clock.Advance(time.Duration(r.IntN(600)) * time.Second)
			what := w.operate(r, boss, agents, &in)
			switch s := agents[r.IntN(len(agents))]; r.IntN(10) {
			case 0:
				require.NoError(t, s.SignIn(ctx))
			case 1:
				require.NoError(t, s.SignOut(ctx))
			}
			if step%10 > 0 {
				continue
			}
			held := w.used()
			for _, agent := range []string{"jd", "joe", "mia", "boss"} {
				require.Equal(t, held[agent], w.presence(agent).Used, "seed %d, step %d (%s): %s", seed, step, what, agent)
			}
		}
	})
}
