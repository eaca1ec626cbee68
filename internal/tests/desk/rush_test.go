package desk_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
	"github.com/frontdesk-go/frontdesk/routing"
	"github.com/frontdesk-go/frontdesk/store"
)

// witness is a store that looks at every pair as it is committed: to an agent who is there, permitted and active, of a conversation that
// is open in the inbox, on documents that the commit checks.
type witness struct {
	store.Store
	t    *testing.T
	mu   sync.Mutex
	docs map[string][]byte // documents by key and version
	made int
}

func (s *witness) Commit(ctx context.Context, b *store.Batch) error {
	err := s.Store.Commit(ctx, b)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	checked := map[string]int64{}
	for _, w := range b.Writes {
		if w.Action == store.Put && w.Row.Kind == store.Document {
			s.docs[fmt.Sprint(w.Row.ID, w.Row.Version)] = w.Row.Body
		}
		checked[w.Row.ID] = w.If
	}
	for _, w := range b.Writes {
		if p := w.Row.Place; w.Action == store.Put && w.Row.Kind == store.Conversation && p.Shelf == "assigned" {
			s.look(b, p, checked)
		}
	}
	return nil
}

// look checks a commit that may have made a pair. Only the dispatcher makes some here, and only a pair writes a presence.
func (s *witness) look(b *store.Batch, p *store.Place, checked map[string]int64) {
	i := slices.IndexFunc(b.Writes, func(w store.Write) bool { return w.Action == store.Put && w.Row.ID == "presence/"+p.Agent })
	if i < 0 {
		return
	}
	s.made++
	var there struct{ SignedIn, Away bool }
	_, err := store.Decode(b.Writes[i].Row.Body, &there)
	assert.NoError(s.t, err)
	assert.True(s.t, there.SignedIn && !there.Away, "given to %s, who is not there", p.Agent)
	var agent frontdesk.Agent
	_, err = store.Decode(s.docs[fmt.Sprint("agent/", p.Agent, checked["agent/"+p.Agent])], &agent)
	assert.NoError(s.t, err, "the agent's settings are checked")
	mailbox, _, _ := strings.Cut(p.Mailbox, "/")
	assert.False(s.t, agent.Inactive)
	assert.Contains(s.t, agent.Mailboxes, mailbox, "given to %s without permission", agent.ID)
	assert.Contains(s.t, checked, "mailbox/"+mailbox, "the limit is checked")
}

// rush is a floor of agents and many things at the same time.
type rush struct {
	*world
	limits map[string]int
	agents []*frontdesk.Session
	mu     sync.Mutex
}

const rushSlots = 5

func newRush(w *world, agents int) *rush {
	r := &rush{world: w, limits: map[string]int{"berlin": rushSlots, "munich": rushSlots - 2}}
	require.NoError(w.t, w.setup.SaveSettings(ctx, frontdesk.Settings{IdleMinutes: -1}))
	for box, n := range r.limits {
		require.NoError(w.t, w.setup.SaveMailbox(ctx, frontdesk.Mailbox{ID: box, Slots: n, AssignOnFirst: true}))
	}
	w.channel(frontdesk.Channel{Account: "store", Mailbox: "munich"})
	for i := range agents {
		s := w.agent(r.person(i))
		require.NoError(w.t, s.SignIn(ctx))
		r.agents = append(r.agents, s)
	}
	return r
}

func (r *rush) person(i int) frontdesk.Agent {
	return frontdesk.Agent{ID: fmt.Sprintf("a%02d", i), Mailboxes: [][]string{{"berlin"}, {"munich"}, {"berlin", "munich"}}[i%3], Teams: []string{"returns"}}
}

// arrives delivers a customer's message.
func (r *rush) arrives(rnd *rand.Rand, customers int) {
	who := fmt.Sprintf("c%03d", rnd.IntN(customers))
	r.mu.Lock()
	m := r.says(who, "Hi")
	r.mu.Unlock()
	m.Account = []string{"shop", "store"}[len(who+m.Message.ID)%2]
	m.Thread = who
	_, code := r.redelivered(r.desk, r.provider.Request(m))
	assert.Equal(r.t, http.StatusOK, code)
}

// step does one random thing that takes no slot by hand.
func (r *rush) step(rnd *rand.Rand) {
	i := rnd.IntN(len(r.agents))
	agent, err := r.agents[i], error(nil)
	switch op := rnd.IntN(20); {
	case op < 6:
		r.arrives(rnd, 400)
	case op < 8:
		if err = agent.SignIn(ctx); op == 7 {
			err = agent.SignOut(ctx)
		}
	case op == 8:
		err = agent.SetAway(ctx, rnd.IntN(2) == 0)
	case op == 9:
		a := r.person(i)
		a.Inactive = rnd.IntN(8) == 0
		err = r.setup.SaveAgent(ctx, a)
	default:
		acts := []frontdesk.Action{frontdesk.SetStatus{Status: conversation.Closed}, frontdesk.SetStatus{Status: conversation.Closed}, frontdesk.Assign{},
			frontdesk.Assign{Team: "returns"}, frontdesk.Complete{}, frontdesk.Archive{}, frontdesk.Spam{}, frontdesk.Trash{},
			frontdesk.Snooze{Until: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)}}
		if id := r.some(rnd); id != "" {
			_, err = r.setup.Do(ctx, id, acts[rnd.IntN(len(acts))])
		}
	}
	if err != nil && !frontdesk.Refused(err) {
		assert.ErrorIs(r.t, err, frontdesk.ErrBusy)
	}
}

func (r *rush) some(rnd *rand.Rand) string {
	page, err := r.setup.Conversations(ctx, frontdesk.Query{View: []frontdesk.View{frontdesk.Inbox, frontdesk.AssignedView}[rnd.IntN(2)], Limit: 50})
	if !assert.NoError(r.t, err) || len(page.Items) == 0 {
		return ""
	}
	return page.Items[rnd.IntN(len(page.Items))].ID
}

// everything returns all conversations.
func (r *rush) everything() (all []frontdesk.Conversation) {
	for _, view := range []frontdesk.View{frontdesk.AllView, frontdesk.SpamView, frontdesk.TrashView} {
		q := frontdesk.Query{View: view, Limit: 1000}
		for {
			page, err := r.setup.Conversations(ctx, q)
			require.NoError(r.t, err)
			all = append(all, page.Items...)
			if q.Cursor = page.Next; q.Cursor == "" {
				break
			}
		}
	}
	return all
}

// problem says what is not as it must be whenever nothing is in flight; "" if nothing is. It counts by itself.
func (r *rush) problem() string {
	held, waiting := map[string]int{}, []frontdesk.Conversation(nil)
	for _, c := range r.everything() {
		switch {
		case c.Place != conversation.Inbox || c.Status == conversation.Closed:
		case c.Agent != "":
			held[c.Agent]++
		case c.Snoozed.IsZero():
			waiting = append(waiting, c)
		}
	}
	agents, err := r.setup.Agents(ctx)
	require.NoError(r.t, err)
	presences, err := r.setup.Presences(ctx)
	require.NoError(r.t, err)
	for i, p := range presences {
		a := agents[i]
		if p.Used != held[a.ID] {
			return fmt.Sprintf("%s holds %d, counted are %d", a.ID, held[a.ID], p.Used)
		}
		if p.Used > rushSlots {
			return fmt.Sprintf("%s was given %d", a.ID, p.Used)
		}
		for _, c := range waiting {
			if p.Presence == routing.Online && !a.Inactive && slices.Contains(a.Mailboxes, c.Mailbox) && (c.Team == "" || slices.Contains(a.Teams, c.Team)) &&
				p.Used < r.limits[c.Mailbox] {
				return fmt.Sprintf("%s waits in %s (%s) and %s has %d", c.ID, c.Mailbox, c.Shelf, a.ID, p.Used)
			}
		}
	}
	return ""
}

// watch looks at the counters until stop is called: never is anybody given more than the greatest limit.
func (r *rush) watch() (stop func()) {
	counters := make([]string, len(r.agents))
	for i := range counters {
		counters[i] = "slots/" + r.person(i).ID
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			rows, err := r.store.Load(ctx, tenant, nil, counters)
			if !assert.NoError(r.t, err) {
				return
			}
			for name, n := range rows.Counters {
				assert.LessOrEqual(r.t, n, int64(rushSlots), name)
			}
			select {
			case <-done:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	})
	return func() { close(done); wg.Wait() }
}

// rushSize returns how many agents, callers and steps of each there are in a round, and how long rounds go on, at least two. FRONTDESK_FULL
// makes it a minute.
func rushSize() (agents, callers, steps int, lasts time.Duration) {
	return size(10, 20, 50), size(50, 200, 500), size(5, 4, 4), time.Duration(size(0, 0, 60)) * time.Second
}

func TestX7_ManyAssignAndRelease(t *testing.T) {
	stores.Each(t, func(t *testing.T, s store.Store) {
		seen := &witness{Store: s, t: t, docs: map[string][]byte{}}
		w := newWorld(t, seen)
		agents, callers, steps, lasts := rushSize()
		r := newRush(w, agents)
		desks := []*frontdesk.Desk{w.desk, w.open(), w.open()}
		stop := r.watch()
		defer stop()
		begun := time.Now()
		for round := 0; round < 2 || time.Since(begun) < lasts; round++ {
			running, cancel := context.WithCancel(ctx)
			var wg sync.WaitGroup
			for _, d := range desks {
				wg.Go(func() { assert.NoError(t, d.Run(running)) })
			}
			atOnce(callers, func(i int) {
				rnd := rand.New(rand.NewPCG(uint64(round), uint64(i)))
				for range steps {
					r.step(rnd)
				}
			})
			cancel()
			wg.Wait()
			w.run()
			require.Empty(t, r.problem(), "round %d, at rest", round)
			w.clock.Advance(time.Second)
		}
		assert.Greater(t, seen.made, agents/2)
		t.Logf("%d pairs made in %s", seen.made, time.Since(begun).Round(time.Second))
	})
}

// Two processes hand out on one database, and their clocks need not agree.
func TestX7_TwoProcesses(t *testing.T) {
	stores.EachSQL(t, func(t *testing.T, o *stores.Opened) {
		w := newWorld(t, o, func(c *frontdesk.Config) { c.Now = time.Now })
		agents, callers, steps, lasts := rushSize()
		r := newRush(w, agents)
		cmd := exec.Command(os.Args[0], "-test.run", "^TestProcess$", "-test.timeout", "30m")
		cmd.Env = append(os.Environ(), "DESK_TEST_DSN="+o.DSN, "DESK_TEST_DRIVER="+o.Driver, "DESK_TEST_NAME=other",
			"DESK_TEST_CLOCK="+filepath.Join(t.TempDir(), "none"))
		in, err := cmd.StdinPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		defer func() {
			require.NoError(t, in.Close())
			require.NoError(t, cmd.Wait())
		}()
		stop := r.watch()
		defer stop()
		begun := time.Now()
		for round := 0; round < 2 || time.Since(begun) < lasts; round++ {
			running, cancel := context.WithCancel(ctx)
			var wg sync.WaitGroup
			wg.Go(func() { assert.NoError(t, w.desk.Run(running)) })
			atOnce(callers, func(i int) {
				rnd := rand.New(rand.NewPCG(uint64(round+10), uint64(i)))
				for range steps {
					r.step(rnd)
				}
			})
			// The other process cannot be told to stop: what it is about comes to rest soon after.
			rest := assert.Eventually(t, func() bool { return r.problem() == "" }, 30*time.Second, 50*time.Millisecond)
			cancel()
			wg.Wait()
			require.True(t, rest, "round %d: %s", round, r.problem())
		}
	})
}
