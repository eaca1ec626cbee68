package desk_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/loopback"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/routing"
)

// recount makes an agent's counts from what his list shows.
func (w *world) recount(s *frontdesk.Session, agent string, boxes, teams []string) frontdesk.Counts {
	out := frontdesk.Counts{Mailboxes: map[string]int64{}, Teams: map[string]int64{}}
	for _, box := range boxes {
		out.Mailboxes[box] = 0
	}
	for _, team := range teams {
		out.Teams[team] = 0
	}
	for _, c := range w.list(s, frontdesk.Query{Limit: 1000}) {
		if !c.Unread {
			continue
		}
		out.All++
		out.Mailboxes[c.Mailbox]++
		if agent != "" && c.Agent == agent {
			out.Mine++
		}
		if c.Agent == "" && c.Team == "" {
			out.Unassigned++
		}
		if _, mine := out.Teams[c.Team]; mine {
			out.Teams[c.Team]++
		}
	}
	return out
}

// used makes what each agent has from what lists show: open and assigned, or snoozed.
func (w *world) used() map[string]int {
	w.t.Helper()
	held := map[string]int{}
	for _, view := range []frontdesk.View{frontdesk.Inbox, frontdesk.SnoozedView} {
		for _, c := range w.list(w.setup, frontdesk.Query{View: view, Limit: 1000}) {
			held[c.Agent]++
		}
	}
	return held
}

// operations is how many random operations a test makes: what the variable says, or else a few.
func operations(t *testing.T, variable string, few int) int {
	t.Helper()
	if n, err := strconv.Atoi(os.Getenv(variable)); err == nil {
		return n
	}
	return few
}

// Whatever happened, the kept counts are those of a recount: unread, all tabs, in both read modes, and the slots that agents have used.
// FRONTDESK_X16 is the number of random operations; the published one is 100,000.
func TestR5_CountsEqualARecount_X16(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		seed := uint64(time.Now().UnixNano())
		r := rand.New(rand.NewPCG(seed, 1))
		settings := frontdesk.Settings{GiveBack: routing.Offline, IdleMinutes: 30}
		w.slots(2)
		require.NoError(t, w.setup.SaveMailbox(ctx, frontdesk.Mailbox{ID: "munich", ReadOnAnswer: true, NewAfterDays: 1}))
		w.channel(frontdesk.Channel{Account: "store", Mailbox: "munich"})
		w.agent(frontdesk.Agent{ID: "mia", Name: "Mia", Mailboxes: []string{"munich", "berlin"}, Teams: []string{"returns"}})
		boss := w.agent(frontdesk.Agent{ID: "boss", Role: frontdesk.Owner})
		people := []struct {
			session *frontdesk.Session
			id      string
			boxes   []string
			teams   []string
		}{
			{w.jane, "jd", []string{"berlin"}, []string{"returns"}},
			{w.joe, "joe", []string{"berlin"}, nil},
			{w.mia, "mia", []string{"berlin", "munich"}, []string{"returns"}},
			{boss, "boss", []string{"berlin", "munich"}, []string{"returns"}},
			{w.setup, "", []string{"berlin", "munich"}, []string{"returns"}},
		}
		check := func(step int, what string) {
			used := w.used()
			for _, settings.GlobalRead = range []bool{false, true} {
				require.NoError(t, w.setup.SaveSettings(ctx, settings))
				for _, p := range people {
					got, err := p.session.Counts(ctx)
					require.NoError(t, err)
					require.Equal(t, w.recount(p.session, p.id, p.boxes, p.teams), got, "seed %d step %d (%s) agent %q global %v", seed, step, what, p.id, settings.GlobalRead)
				}
			}
			for _, p := range people[:4] {
				require.Equal(t, used[p.id], w.presence(p.id).Used, "seed %d step %d (%s) slots of %q", seed, step, what, p.id)
			}
			settings.GlobalRead = r.IntN(2) == 0
			require.NoError(t, w.setup.SaveSettings(ctx, settings))
		}
		var sent []string
		steps, checks := operations(t, "FRONTDESK_X16", 180), 0
		every := max(25, steps/400)
		for step := range steps {
			w.clock.Advance(time.Duration(r.IntN(3600)) * time.Second)
			what := w.operate(r, boss, []*frontdesk.Session{w.jane, w.joe, w.mia}, &sent)
			switch s := people[r.IntN(3)].session; r.IntN(20) {
			case 0:
				require.NoError(t, s.SignIn(ctx))
			case 1:
				require.NoError(t, s.SignOut(ctx))
			}
			if step%every == every-1 {
				check(step, what)
				checks++
			}
		}
		t.Logf("seed %d: %d operations, %d recounts", seed, steps, checks)
	})
}

// operate does one random thing, and says what. in are the provider's IDs of the messages that came in. What the state refuses is refused; nothing else may go wrong.
func (w *world) operate(r *rand.Rand, boss *frontdesk.Session, agents []*frontdesk.Session, in *[]string) string {
	customer := fmt.Sprintf("c%d", r.IntN(6))
	some := func() string { return (*in)[r.IntN(len(*in))] }
	deliver := func(i channel.Item) {
		i.Account, i.Thread, i.At = []string{"shop", "store"}[customer[1]%2], customer, w.clock.Now()
		require.Equal(w.t, http.StatusOK, w.hook(i))
	}
	if op := r.IntN(20); op < 7 || len(*in) == 0 {
		m := w.says(customer, "Hi")
		m.Message.Automatic = r.IntN(5) == 0
		*in = append(*in, m.Message.ID)
		deliver(m)
		return "message"
	} else if op == 7 {
		deliver(channel.Item{Unsend: &channel.Unsend{ID: some()}})
		return "unsend"
	} else if op == 8 {
		deliver(channel.Item{Edit: &channel.Edit{ID: some(), Text: "Hi!"}})
		return "edit"
	} else if op == 9 {
		w.ids++
		deliver(channel.Item{Message: &channel.Message{ID: fmt.Sprintf("e-%d", w.ids), Origin: channel.Elsewhere, Text: "x",
			From: []conversation.Identity{identity(customer)}}})
		return "echo"
	} else if op == 10 {
		w.run()
		return "run"
	}
	s := agents[r.IntN(len(agents))]
	view := []frontdesk.View{frontdesk.AllView, frontdesk.TrashView, frontdesk.SpamView, frontdesk.Inbox, frontdesk.Inbox}[r.IntN(5)]
	page, err := s.Conversations(ctx, frontdesk.Query{View: view})
	require.NoError(w.t, err)
	if len(page.Items) == 0 {
		return "nothing"
	}
	c := page.Items[r.IntN(len(page.Items))]
	member := map[string]string{"berlin": "jd", "munich": "mia"}[c.Mailbox]
	acts := []frontdesk.Action{frontdesk.Assign{Agent: member}, frontdesk.Assign{Team: "returns"}, frontdesk.Assign{Agent: member, Team: "returns"},
		frontdesk.Assign{}, frontdesk.SetStatus{Status: conversation.Closed}, frontdesk.SetStatus{Status: conversation.Open}, frontdesk.Complete{},
		frontdesk.Archive{}, frontdesk.Spam{}, frontdesk.Trash{}, frontdesk.Restore{}, frontdesk.Restore{}, frontdesk.Restore{},
		frontdesk.Snooze{Until: w.clock.Now().Add(time.Hour)}, frontdesk.Wake{ByHand: true},
		frontdesk.SetFollowUp{At: w.clock.Now().Add(time.Hour)}}
	act := acts[r.IntN(len(acts))]
	what := fmt.Sprintf("%T", act)
	switch r.IntN(7) {
	case 0:
		_, err = s.View(ctx, c.ID)
		what = "view"
	case 1:
		_, err = s.MarkUnread(ctx, c.ID)
		what = "unread"
	case 2:
		if r.IntN(3) == 0 {
			w.provider.Next("shop", loopback.Outcome{Err: &channel.Error{Class: channel.Content}})
		}
		_, err = s.Reply(ctx, c.ID, frontdesk.Draft{Text: "Hello"})
		what = "reply"
	case 3:
		_, err = boss.MarkRead(ctx, c.ID)
		what = "boss reads"
	case 4:
		err = w.trashes(r, s, c.ID)
		what = "trash of entries"
	default:
		_, err = s.Do(ctx, c.ID, act)
	}
	if err != nil {
		assert.ErrorIs(w.t, err, conversation.ErrState)
	}
	return what
}

// Who sees only his team's or his own gets the same numbers as a recount, through assignments, teams, subscriptions and messaging.
func TestR5_CountsOfLimitedScopeEqualARecount(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		seed := uint64(time.Now().UnixNano())
		t.Logf("seed %d", seed)
		r := rand.New(rand.NewPCG(seed, 2))
		w.channel(frontdesk.Channel{Account: "store", Mailbox: "munich"})
		both := []string{"berlin", "munich"}
		w.agent(frontdesk.Agent{ID: "jd", Mailboxes: []string{"berlin"}, Teams: []string{"returns"}, Scope: frontdesk.ScopeTeam})
		w.agent(frontdesk.Agent{ID: "mia", Mailboxes: both, Scope: frontdesk.ScopeOwn, Teams: []string{"returns"}})
		boss := w.agent(frontdesk.Agent{ID: "boss", Role: frontdesk.Owner})
		lead := w.agent(frontdesk.Agent{ID: "lead", Mailboxes: both, Teams: []string{"returns"}, Scope: frontdesk.ScopeTeam})
		w.document("role/care", roleDoc{ID: "care", Agents: []string{"mia", "lead"}})
		people := []struct {
			session *frontdesk.Session
			id      string
			boxes   []string
			teams   []string
		}{
			{w.jane, "jd", []string{"berlin"}, []string{"returns"}}, {w.mia, "mia", both, []string{"returns"}}, {lead, "lead", both, []string{"returns"}},
		}
		check := func(step int) {
			for _, global := range []bool{false, true} {
				require.NoError(t, w.setup.SaveSettings(ctx, frontdesk.Settings{GlobalRead: global}))
				for _, p := range people {
					got, err := p.session.Counts(ctx)
					require.NoError(t, err)
					require.Equal(t, w.recount(p.session, p.id, p.boxes, p.teams), got, "seed %d step %d agent %q global %v", seed, step, p.id, global)
				}
			}
		}
		steps := 200
		if testing.Short() {
			steps = 75
		}
		var in []string
		for step := range steps {
			w.clock.Advance(time.Duration(r.IntN(3600)) * time.Second)
			w.operate(r, boss, []*frontdesk.Session{boss, boss, w.joe, w.jane, w.mia, lead}, &in)
			if page := w.list(w.setup, frontdesk.Query{}); len(page) > 0 && r.IntN(3) == 0 {
				w.edit(page[r.IntN(len(page))].ID, func(c *conversation.Conversation) {
					c.Subscribers = [][]string{nil, {"agent/jd"}, {"agent/jd", "role/care"}, {"role/care"}}[r.IntN(4)]
					c.Owners = [][]conversation.Owner{nil, {{Role: "care", Agent: "mia"}}}[r.IntN(2)]
				})
			}
			if step%25 == 24 {
				check(step)
			}
		}
	})
}

// What one sees only as a subscriber is counted up to the bound.
func TestR5_SubscribedIsCountedUpToTheBound(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		ids := w.fill(frontdesk.CountBound + 3)
		own := w.agent(frontdesk.Agent{ID: "own", Mailboxes: []string{"berlin"}, Scope: frontdesk.ScopeOwn})
		for _, id := range ids[2:] {
			w.edit(id, func(c *conversation.Conversation) { c.Subscribers = []string{"agent/own"} })
		}
		w.do(w.setup, ids[0], frontdesk.Assign{Agent: "own"})
		counts, err := own.Counts(ctx)
		require.NoError(t, err)
		assert.Equal(t, frontdesk.Counts{All: 1 + frontdesk.CountBound, Mine: 1, Unassigned: frontdesk.CountBound, More: true,
			Mailboxes: map[string]int64{"berlin": 1 + frontdesk.CountBound}, Teams: map[string]int64{}}, counts)
		_, err = own.View(ctx, ids[5])
		require.NoError(t, err)
		_, err = own.View(ctx, ids[6])
		require.NoError(t, err)
		counts, err = own.Counts(ctx)
		require.NoError(t, err)
		assert.Equal(t, int64(frontdesk.CountBound), counts.All, "98 of them and the one he has")
		assert.False(t, counts.More)
		n, err := own.CountAll(ctx, frontdesk.Query{Unread: true})
		require.NoError(t, err)
		assert.Equal(t, int64(frontdesk.CountBound), n)
	})
}
