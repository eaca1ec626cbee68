package routing_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/routing"
)

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
		for _, id := range slices.Sorted(maps.Keys(w.agents)) {
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
