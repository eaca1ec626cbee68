package routing_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/routing"
)

// world is what a Pool is told, kept the simple way.
type world struct {
	mailboxes map[string]routing.Mailbox
	teams     map[string]routing.Team
	agents    map[string]*routing.Candidate
}

// free says from the rows whether an agent could take a chat as a member of a team, or with an empty one of the mailbox.
func (w *world) free(a *routing.Candidate, c routing.Chat, team string) bool {
	m, known := w.mailboxes[c.Mailbox]
	if !known || a.Used >= m.Limit {
		return false
	}
	present := a.Presence == routing.Online || a.Presence == routing.Away && team != "" && w.teams[team].Away
	member := team == "" || slices.Contains(a.Teams, team)
	permitted := slices.Contains(a.Permits, routing.Permit{Mailbox: c.Mailbox}) || slices.Contains(a.Permits, routing.Permit{Mailbox: c.Mailbox, Method: c.Method})
	return present && member && permitted
}

// given says whether the chat is one that is handed out.
func (w *world) given(c routing.Chat) bool {
	m := w.mailboxes[c.Mailbox]
	return (c.Shelf == conversation.ShelfWaiting || c.Shelf == conversation.ShelfTeam) && !m.Closed && (m.Automatic || c.Requested)
}

// sources are where the agents for a chat are looked for, in order.
func (w *world) sources(c routing.Chat) []string {
	if c.Shelf != conversation.ShelfTeam || c.Team == "" {
		return []string{""}
	}
	from := []string{c.Team}
	if t := w.teams[c.Team]; t.Fallback != "" {
		from = append(from, t.Fallback)
	}
	if w.teams[c.Team].ToMailbox {
		from = append(from, "")
	}
	return from
}

// assign is the reference: it walks everybody for each chat.
func (w *world) assign(now time.Time, waiting []routing.Chat) (pairs []routing.Pair) {
	waiting = slices.Clone(waiting)
	sort.Slice(waiting, func(i, j int) bool {
		if a, b := waiting[i].Since, waiting[j].Since; !a.Equal(b) {
			return a.Before(b)
		}
		return waiting[i].Conversation < waiting[j].Conversation
	})
chats:
	for _, c := range waiting {
		if !w.given(c) {
			continue
		}
		for _, team := range w.sources(c) {
			var best *routing.Candidate
			for _, a := range w.agents {
				if w.free(a, c, team) && (best == nil || w.better(a, best, c.LastAgent)) {
					best = a
				}
			}
			if best != nil {
				best.Used++
				best.Last = now
				pairs = append(pairs, routing.Pair{Conversation: c.Conversation, Agent: best.ID, Team: team})
				continue chats
			}
		}
	}
	return pairs
}

func (w *world) better(a, b *routing.Candidate, preferred string) bool {
	switch {
	case a.ID == preferred || b.ID == preferred:
		return a.ID == preferred
	case a.Used != b.Used:
		return a.Used < b.Used
	case !a.Last.Equal(b.Last):
		return a.Last.Before(b.Last)
	}
	return a.ID < b.ID
}

// story draws random worlds and changes to them.
type story struct {
	*rand.Rand
	size int // agents
}

func one[T any](r *rand.Rand, values ...T) T { return values[r.IntN(len(values))] }

func (s *story) mailboxName() string { return fmt.Sprintf("m%d", s.IntN(4)) }
func (s *story) teamName() string    { return fmt.Sprintf("t%d", s.IntN(4)) }

func (s *story) mailbox(id string) routing.Mailbox {
	return routing.Mailbox{ID: id, Limit: s.IntN(5), Automatic: s.IntN(5) > 0, Closed: s.IntN(8) == 0}
}

func (s *story) agent() routing.Candidate {
	c := routing.Candidate{ID: fmt.Sprintf("a%d", s.IntN(s.size)), Used: s.IntN(4), Presence: one(s.Rand, routing.Online, routing.Online, routing.Away, routing.Offline, "")}
	if s.IntN(3) > 0 {
		c.Last = noon.Add(time.Duration(-s.IntN(5)) * time.Minute)
	}
	for range s.IntN(4) {
		c.Permits = append(c.Permits, routing.Permit{Mailbox: s.mailboxName(), Method: one(s.Rand, "", "sms", "email")})
	}
	for range s.IntN(3) {
		c.Teams = append(c.Teams, s.teamName())
	}
	return c
}

func (s *story) chat(id string) routing.Chat {
	c := routing.Chat{Conversation: id, Mailbox: s.mailboxName(), Method: one(s.Rand, "sms", "email", "chat"), Since: noon.Add(time.Duration(-s.IntN(9)) * time.Minute),
		Shelf: one(s.Rand, conversation.ShelfWaiting, conversation.ShelfWaiting, conversation.ShelfTeam, conversation.ShelfTeam, conversation.ShelfDone, conversation.ShelfSnoozed, conversation.ShelfSpam),
		Team:  s.teamName(), Requested: s.IntN(6) == 0}
	if s.IntN(2) == 0 {
		c.LastAgent = fmt.Sprintf("a%d", s.IntN(s.size))
	}
	return c
}

// A pool that lives through changes chooses as the reference does, is never over a limit, and leaves nothing that could be given.
func TestPoolAgainstReference(t *testing.T) {
	given := 0
	for seed := range uint64(100) {
		s := &story{Rand: rand.New(rand.NewPCG(seed, 1)), size: 1 + int(seed)%12}
		w := &world{mailboxes: map[string]routing.Mailbox{}, teams: map[string]routing.Team{}, agents: map[string]*routing.Candidate{}}
		var teams []routing.Team
		for i := range 3 { // t3 is known to agents alone
			team := routing.Team{ID: fmt.Sprintf("t%d", i), Away: s.IntN(2) == 0, ToMailbox: s.IntN(3) == 0}
			if s.IntN(2) == 0 {
				team.Fallback = s.teamName()
			}
			teams = append(teams, team)
			w.teams[team.ID] = team
		}
		p := routing.NewPool(nil, teams)
		for round := range 300 {
			for range s.IntN(6) {
				s.change(p, w)
			}
			now := noon.Add(time.Duration(round) * time.Second)
			given += check(t, s, p, w, now, fmt.Sprintf("seed %d round %d", seed, round))
		}
	}
	require.Greater(t, given, 3_000)
}

func (s *story) change(p *routing.Pool, w *world) {
	switch s.IntN(8) {
	case 0:
		m := s.mailbox(s.mailboxName())
		p.PutMailbox(m)
		w.mailboxes[m.ID] = m
	case 1:
		id := fmt.Sprintf("a%d", s.IntN(s.size))
		p.Remove(id)
		delete(w.agents, id)
	case 2, 3, 4:
		a := s.agent()
		p.Put(a)
		w.agents[a.ID] = &a
	default: // some of what an agent holds is closed
		for _, id := range slices.Sorted(func(yield func(string) bool) {
			for id := range w.agents {
				if !yield(id) {
					return
				}
			}
		}) {
			if a := w.agents[id]; s.IntN(2) == 0 {
				a.Used = s.IntN(a.Used + 1)
				p.Count(id, a.Used)
			}
		}
	}
}

func check(t *testing.T, s *story, p *routing.Pool, w *world, now time.Time, where string) int {
	var waiting []routing.Chat
	for i := range s.IntN(12) {
		waiting = append(waiting, s.chat(fmt.Sprintf("c%02d", i)))
	}
	for _, c := range waiting {
		require.Equal(t, w.availability(c), p.Availability(c), where)
	}
	full := map[string]int{}
	for id, a := range w.agents {
		full[id] = a.Used
	}
	pairs := p.Assign(now, waiting)
	require.Equal(t, w.assign(now, waiting), pairs, where)

	byID := map[string]routing.Chat{}
	for _, c := range waiting {
		byID[c.Conversation] = c
	}
	for _, pair := range pairs {
		c := byID[pair.Conversation]
		delete(byID, pair.Conversation) // given twice: the next would be a zero chat, whose mailbox has no limit
		full[pair.Agent]++
		require.LessOrEqual(t, full[pair.Agent], w.mailboxes[c.Mailbox].Limit, where)
		require.True(t, w.given(c), where)
	}
	for _, c := range byID {
		for _, team := range w.sources(c) {
			for _, a := range w.agents {
				require.False(t, w.given(c) && w.free(a, c, team), "%s: %s waits though %s is free", where, c.Conversation, a.ID)
			}
		}
	}
	return len(pairs)
}

func (w *world) availability(c routing.Chat) routing.Availability {
	if w.mailboxes[c.Mailbox].Closed {
		return routing.OutsideHours
	}
	for _, team := range w.sources(c) {
		for _, a := range w.agents {
			if w.free(a, c, team) {
				return routing.Available
			}
		}
	}
	return routing.Nobody
}

// Counts that go up and down between rounds, many times for each agent, change nothing but the counts.
func TestPoolCountsUpAndDown(t *testing.T) {
	s := &story{Rand: rand.New(rand.NewPCG(5, 5)), size: 60}
	m := routing.Mailbox{ID: "m0", Limit: 4, Automatic: true}
	w := &world{mailboxes: map[string]routing.Mailbox{"m0": m}, agents: map[string]*routing.Candidate{}}
	p := routing.NewPool([]routing.Mailbox{m}, nil)
	for i := range 60 {
		a := routing.Candidate{ID: fmt.Sprintf("a%d", i), Presence: routing.Online, Permits: []routing.Permit{{Mailbox: "m0"}}, Used: 2}
		w.agents[a.ID] = &a
		p.Put(a)
	}
	given := 0
	for round := range 200 {
		for range s.IntN(300) {
			a := w.agents[fmt.Sprintf("a%d", s.IntN(60))]
			a.Used = s.IntN(6)
			p.Count(a.ID, a.Used)
		}
		p.Count("nobody", 0)
		var waiting []routing.Chat
		for i := range s.IntN(80) {
			waiting = append(waiting, chat(fmt.Sprintf("c%02d", i), 1, at("m0", "sms")))
		}
		now := noon.Add(time.Duration(round) * time.Second)
		pairs := p.Assign(now, waiting)
		require.Equal(t, w.assign(now, waiting), pairs, "round %d", round)
		given += len(pairs)
	}
	require.Greater(t, given, 2_000)
}

// One round of many, given to a pool made for it, against the reference.
func TestAssignManyAgainstReference(t *testing.T) {
	s := &story{Rand: rand.New(rand.NewPCG(7, 7)), size: 400}
	w := &world{mailboxes: map[string]routing.Mailbox{}, agents: map[string]*routing.Candidate{}}
	r := routing.Round{Now: noon}
	for i := range 4 {
		m := routing.Mailbox{ID: fmt.Sprintf("m%d", i), Limit: 2 + i, Automatic: true}
		w.mailboxes[m.ID] = m
		r.Mailboxes = append(r.Mailboxes, m)
	}
	for range 400 {
		a := s.agent()
		r.Candidates = append(r.Candidates, a)
		w.agents[a.ID] = &a
	}
	for i := range 2_000 {
		r.Waiting = append(r.Waiting, s.chat(fmt.Sprintf("c%04d", i)))
	}
	pairs := routing.Assign(r)
	require.Greater(t, len(pairs), 100)
	require.Equal(t, w.assign(noon, r.Waiting), pairs)
}

// floor is a pool with agents in some of 20 mailboxes, all with free slots.
func floor(agents, slots int) (*routing.Pool, []routing.Candidate) {
	var mailboxes []routing.Mailbox
	for i := range 20 {
		mailboxes = append(mailboxes, routing.Mailbox{ID: fmt.Sprintf("m%d", i), Limit: slots, Automatic: true})
	}
	p := routing.NewPool(mailboxes, []routing.Team{{ID: "t0"}, {ID: "t1"}})
	var all []routing.Candidate
	for i := range agents {
		c := routing.Candidate{ID: fmt.Sprintf("a%05d", i), Presence: routing.Online, Teams: []string{fmt.Sprintf("t%d", i%2)}}
		for k := range 3 {
			c.Permits = append(c.Permits, routing.Permit{Mailbox: fmt.Sprintf("m%d", (i+k)%20)})
		}
		all = append(all, c)
		p.Put(c)
	}
	return p, all
}

func queue(n int) []routing.Chat {
	var waiting []routing.Chat
	for i := range n {
		c := chat(fmt.Sprintf("c%06d", i), 0, at(fmt.Sprintf("m%d", i%20), "sms"))
		c.Since = noon.Add(time.Duration(i) * time.Second)
		if i%4 == 0 {
			c.Shelf, c.Team = conversation.ShelfTeam, fmt.Sprintf("t%d", i%8/4)
		}
		waiting = append(waiting, c)
	}
	return waiting
}

// Handing out a full round, per pair, the pool's building left out.
func BenchmarkRound(b *testing.B) {
	for _, n := range []int{50, 1_000, 10_000} {
		b.Run(fmt.Sprintf("agents=%d", n), func(b *testing.B) {
			p, all := floor(n, 5)
			waiting := queue(2 * n)
			pairs := 0
			b.ReportAllocs()
			for b.Loop() {
				pairs += len(p.Assign(noon, waiting))
				b.StopTimer()
				for _, c := range all {
					p.Put(c)
				}
				b.StartTimer()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(pairs), "ns/pair")
		})
	}
}

// One slot is freed and the oldest waiting chat given to it, everybody else being full.
func BenchmarkFreedSlot(b *testing.B) {
	for _, n := range []int{50, 1_000, 10_000} {
		b.Run(fmt.Sprintf("agents=%d", n), func(b *testing.B) {
			p, all := floor(n, 1)
			for _, c := range all {
				c.Used = 1
				p.Put(c)
			}
			waiting := queue(20)
			p.Assign(noon, waiting)
			pairs, i := 0, 0
			b.ReportAllocs()
			for b.Loop() {
				k := i % n
				i++
				p.Count(all[k].ID, 0)
				pairs += len(p.Assign(noon.Add(time.Duration(i)*time.Millisecond), waiting[k%20:k%20+1]))
			}
			if pairs < b.N/2 {
				b.Fatalf("%d pairs in %d rounds", pairs, b.N)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(max(1, pairs)), "ns/pair")
		})
	}
}

// Everybody is full and 10,000 chats wait: what a round that gives nothing costs per chat.
func BenchmarkAllFull(b *testing.B) {
	p, all := floor(1_000, 1)
	for _, c := range all {
		c.Used = 1
		p.Put(c)
	}
	waiting := queue(10_000)
	b.ReportAllocs()
	for b.Loop() {
		if len(p.Assign(noon, waiting)) > 0 {
			b.Fatal("a full agent was given a chat")
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(waiting)), "ns/chat")
}

// A round with a pool made for it, as a process does that has just taken the dispatcher over: per pair, the making included.
func BenchmarkFirstRound(b *testing.B) {
	for _, n := range []int{50, 1_000, 10_000} {
		b.Run(fmt.Sprintf("agents=%d", n), func(b *testing.B) {
			_, all := floor(n, 5)
			r := routing.Round{Now: noon, Candidates: all, Waiting: queue(2 * n)}
			for i := range 20 {
				r.Mailboxes = append(r.Mailboxes, routing.Mailbox{ID: fmt.Sprintf("m%d", i), Limit: 5, Automatic: true})
			}
			pairs := 0
			b.ReportAllocs()
			for b.Loop() {
				pairs += len(routing.Assign(r))
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(pairs), "ns/pair")
		})
	}
}
