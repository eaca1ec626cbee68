package desk_test

import (
	"database/sql"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
	"github.com/frontdesk-go/frontdesk/routing"
	"github.com/frontdesk-go/frontdesk/storetest"
)

func TestA10_PresenceOnlineAwayOffline(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		is := func(want routing.Presence) {
			t.Helper()
			assert.Equal(t, want, w.presence("jd").Presence)
		}
		is(routing.Offline)
		assert.ErrorIs(t, w.jane.Active(ctx), conversation.ErrState)
		assert.ErrorIs(t, w.jane.SetAway(ctx, true), conversation.ErrState)
		require.NoError(t, w.jane.SignIn(ctx))
		is(routing.Online)
		w.clock.Advance(9 * time.Minute)
		w.run()
		require.NoError(t, w.jane.Active(ctx))
		w.clock.Advance(9 * time.Minute)
		w.run()
		is(routing.Online)
		w.clock.Advance(time.Minute)
		is(routing.Away)
		w.run()
		require.NoError(t, w.jane.Active(ctx))
		is(routing.Online)
		require.NoError(t, w.jane.SetAway(ctx, true))
		require.NoError(t, w.jane.Active(ctx))
		is(routing.Away)
		require.NoError(t, w.jane.SetAway(ctx, false))
		is(routing.Online)
		require.NoError(t, w.jane.SignOut(ctx))
		is(routing.Offline)
		var told []string
		for _, e := range w.events() {
			if e.Type == conversation.EventPresence {
				assert.Equal(t, "jd", e.Subject)
				told = append(told, e.From+">"+e.To)
			}
		}
		assert.Equal(t, []string{"offline>online", "online>away", "away>online", "online>away", "away>online", "online>offline"}, told)
		assert.ErrorIs(t, w.setup.SignIn(ctx), frontdesk.ErrForbidden, "only people are there")
		assert.ErrorIs(t, w.setup.SaveSettings(ctx, frontdesk.Settings{IdleMinutes: 1441}), frontdesk.ErrInvalid)
		assert.ErrorIs(t, w.setup.SaveSettings(ctx, frontdesk.Settings{GiveBack: "online"}), frontdesk.ErrInvalid)
		seen, err := w.joe.Presences(ctx)
		require.NoError(t, err)
		assert.Len(t, seen, 1, "joe shares no team with anybody")
	})
}

func TestA10_ActiveWritesOnceAMinute(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		s := failing(w.store, storetest.Fault{})
		me := w.open(func(c *frontdesk.Config) { c.Store = s }).As(frontdesk.Actor{Tenant: tenant, Agent: "jd"})
		require.NoError(t, me.SignIn(ctx))
		writes := func() int { return s.Calls(storetest.Commit) }
		before := writes()
		for range 59 {
			w.clock.Advance(time.Second)
			require.NoError(t, me.Active(ctx))
		}
		assert.Equal(t, before, writes())
		w.clock.Advance(time.Second)
		require.NoError(t, me.Active(ctx))
		assert.Equal(t, before+1, writes())
	})
}

func TestA10_KeepsOrGivesBackWhatHeHolds(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.slots(3)
		w.signIn(w.jane)
		ids := w.queue(3, "c")
		assert.Equal(t, []string{"jd", "jd", "jd"}, w.holders(ids...))
		w.do(w.jane, ids[2], frontdesk.Snooze{Until: w.clock.Now().Add(time.Hour)})
		w.clock.Advance(10 * time.Minute)
		w.run()
		assert.Equal(t, routing.Away, w.presence("jd").Presence)
		require.NoError(t, w.jane.SignOut(ctx))
		assert.Equal(t, []string{"jd", "jd", "jd"}, w.holders(ids...), "away and offline he keeps it")

		require.NoError(t, w.setup.SaveSettings(ctx, frontdesk.Settings{GiveBack: routing.Away}))
		require.NoError(t, w.jane.SignIn(ctx))
		w.run()
		w.clock.Advance(10 * time.Minute)
		assert.Equal(t, []string{"", "", ""}, w.holders(ids...), "idle: it is given back")
		assert.Equal(t, conversation.ShelfSnoozed, w.get(ids[2]).Shelf)
		assert.Equal(t, 0, w.presence("jd").Used)
		w.signIn(w.joe)
		assert.Equal(t, []string{"joe", "joe", ""}, w.holders(ids...))
	})
}

func TestA10_DeactivatedAgents(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.slots(3)
		require.NoError(t, w.setup.SaveSettings(ctx, frontdesk.Settings{GiveBack: routing.Offline}))
		w.signIn(w.jane)
		c := w.hears("ann", "Hi")
		assert.Equal(t, []string{"jd"}, w.holders(c.ID))
		jane := frontdesk.Agent{ID: "jd", Name: "Jane Doe", Mailboxes: []string{"berlin"}, Teams: []string{"returns"}, Inactive: true}
		require.NoError(t, w.setup.SaveAgent(ctx, jane))
		assert.Equal(t, routing.Offline, w.presence("jd").Presence)
		assert.Equal(t, []string{""}, w.holders(c.ID))
		_, err := w.setup.Do(ctx, c.ID, frontdesk.Assign{Agent: "jd"})
		assert.ErrorIs(t, err, frontdesk.ErrInvalid)
		assert.ErrorIs(t, w.jane.SignIn(ctx), frontdesk.ErrForbidden)
		jane.Inactive = false
		require.NoError(t, w.setup.SaveAgent(ctx, jane))
		assert.Equal(t, []string{""}, w.holders(c.ID), "he has to sign in again")
		agents, err := w.setup.Agents(ctx)
		require.NoError(t, err)
		i := slices.IndexFunc(agents, func(a frontdesk.Agent) bool { return a.ID == "jd" })
		assert.Equal(t, []string{"berlin"}, agents[i].Mailboxes)
		require.NoError(t, w.jane.SignIn(ctx))
		assert.Equal(t, []string{"jd"}, w.holders(c.ID))
	})
}

// In a host's transaction agents come and bots ask as elsewhere; conversations are handed out once the host has committed.
func TestA10_InAHostsTransaction(t *testing.T) {
	hosted(t, func(t *testing.T, w *world, _ *stores.Opened, in func() (*sql.Tx, *frontdesk.Session)) {
		w.slots(2, func(m *frontdesk.Mailbox) { m.AssignOnFirst = false })
		c := w.hears("ann", "Hi")
		w.run()
		tx, me := in()
		require.NoError(t, me.SignIn(ctx))
		answer, err := me.RequestHandover(ctx, c.ID)
		require.NoError(t, err)
		assert.Equal(t, routing.Available, answer, "the transaction sees that she is there")
		require.NoError(t, tx.Rollback())
		assert.Equal(t, []string{""}, w.holders(c.ID))
		assert.Equal(t, routing.Offline, w.presence("jd").Presence)

		tx, me = in()
		require.NoError(t, me.SignIn(ctx))
		_, err = me.RequestHandover(ctx, c.ID)
		require.NoError(t, err)
		require.NoError(t, tx.Commit())
		assert.Equal(t, []string{"jd"}, w.holders(c.ID))
	})
}

// A merge assigns nobody who is gone.
func TestA10_AMergeAssignsNobodyWhoIsGone(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.slots(1)
		part := w.hears("bob", "Hi")
		w.do(w.jane, part.ID, frontdesk.Assign{Agent: "jd"}, frontdesk.SetStatus{Status: conversation.Closed})
		require.NoError(t, w.setup.SaveAgent(ctx, frontdesk.Agent{ID: "jd", Name: "Jane Doe", Mailboxes: []string{"berlin"}, Inactive: true}))
		head := w.hears("ann", "Hi")
		_, err := w.joe.Merge(ctx, head.ID, part.ID)
		require.NoError(t, err)
		w.signIn(w.joe)
		assert.Equal(t, []string{"joe"}, w.holders(head.ID))
	})
}

// A change of when one counts as away, and of what he then gives back, reaches those who have signed in before.
func TestA10_SettingsReachWhoIsThere(t *testing.T) {
	away := func(minutes int) frontdesk.Settings {
		return frontdesk.Settings{IdleMinutes: minutes, GiveBack: routing.Away}
	}
	for name, change := range map[string][2]frontdesk.Settings{"from never": {away(-1), away(10)}, "from a day": {away(1440), away(10)}, "from keeping": {{IdleMinutes: 10}, away(10)}} {
		t.Run(name, func(t *testing.T) {
			onMemory(t, func(t *testing.T, w *world) {
				require.NoError(t, w.setup.SaveSettings(ctx, change[0]))
				w.slots(1)
				w.signIn(w.jane)
				c := w.hears("ann", "Hi")
				require.Equal(t, []string{"jd"}, w.holders(c.ID))
				w.clock.Advance(20 * time.Minute)
				w.run()
				require.NoError(t, w.setup.SaveSettings(ctx, change[1]))
				w.run()
				w.clock.Advance(20 * time.Minute)
				w.run()
				assert.Equal(t, routing.Away, w.presence("jd").Presence)
				assert.Equal(t, []string{""}, w.holders(c.ID))
			})
		})
	}
}

// An agent who may answer no more gives back what he holds, as one who is gone does.
func TestA10_WhoMayNotAnswerGivesBack(t *testing.T) {
	for name, change := range map[string]func(*frontdesk.Agent){
		"inactive":  func(a *frontdesk.Agent) { a.Inactive = true },
		"read only": func(a *frontdesk.Agent) { a.Role = frontdesk.ReadOnly },
		"module":    func(a *frontdesk.Agent) { a.Modules = []frontdesk.Module{frontdesk.ModuleContacts} },
	} {
		t.Run(name, func(t *testing.T) {
			onMemory(t, func(t *testing.T, w *world) {
				require.NoError(t, w.setup.SaveSettings(ctx, frontdesk.Settings{IdleMinutes: -1, GiveBack: routing.Offline}))
				w.slots(1)
				w.signIn(w.jane)
				c := w.hears("ann", "Hi")
				require.Equal(t, []string{"jd"}, w.holders(c.ID))
				a := frontdesk.Agent{ID: "jd", Name: "Jane Doe", Mailboxes: []string{"berlin"}}
				change(&a)
				require.NoError(t, w.setup.SaveAgent(ctx, a))
				w.run()
				assert.Equal(t, routing.Offline, w.presence("jd").Presence)
				assert.Equal(t, []string{""}, w.holders(c.ID))
			})
		})
	}
}

// What an agent holds where he may answer no more waits for others, also if he never gives back: else nobody would answer it.
func TestA10_WhoLosesAMailboxGivesBackWhatIsThere(t *testing.T) {
	agent := func(change func(*frontdesk.Agent)) frontdesk.Agent {
		a := frontdesk.Agent{ID: "jd", Name: "Jane Doe", Mailboxes: []string{"berlin", "munich"}}
		change(&a)
		return a
	}
	for name, c := range map[string]struct {
		before, after func(*frontdesk.Agent)
		want          string
	}{
		"mailbox": {func(*frontdesk.Agent) {}, func(a *frontdesk.Agent) { a.Mailboxes = []string{"munich"} }, ""},
		"method":  {func(*frontdesk.Agent) {}, func(a *frontdesk.Agent) { a.Messaging = map[string][]string{"berlin": {"sms"}} }, ""},
		"role":    {func(a *frontdesk.Agent) { a.Role, a.Mailboxes = frontdesk.Admin, nil }, func(a *frontdesk.Agent) { a.Mailboxes = nil }, ""},
		"another": {func(*frontdesk.Agent) {}, func(a *frontdesk.Agent) { a.Mailboxes = []string{"berlin"} }, "jd"},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				require.NoError(t, w.setup.SaveAgent(ctx, agent(c.before)))
				w.slots(1)
				w.signIn(w.jane)
				conv := w.hears("ann", "Hi")
				require.Equal(t, []string{"jd"}, w.holders(conv.ID))
				require.NoError(t, w.setup.SaveAgent(ctx, agent(c.after)))
				assert.Equal(t, []string{c.want}, w.holders(conv.ID))
				assert.Equal(t, len(c.want)/2, w.presence("jd").Used)
				w.signIn(w.joe)
				if c.want == "" {
					assert.Equal(t, []string{"joe"}, w.holders(conv.ID))
				}
			})
		})
	}
}
