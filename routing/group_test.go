package routing

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/conversation"
)

// Whatever happens to agents, a group holds a bounded number of entries for each, also while nobody is given anything.
func TestGroupsStaySmall(t *testing.T) {
	p := NewPool([]Mailbox{{ID: "m", Limit: 3, Automatic: true}}, []Team{{ID: "t", Away: true}})
	waiting := []Chat{{Conversation: "1", Mailbox: "m", Method: "sms", Shelf: conversation.ShelfWaiting}, {Conversation: "2", Mailbox: "m", Method: "sms", Shelf: conversation.ShelfTeam, Team: "t"}}
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	const agents = 20
	most := 0
	for i := range 5_000 {
		id := fmt.Sprintf("a%d", i%agents)
		switch i / 1_000 % 5 {
		case 0, 1:
			p.Count(id, i/agents%2)
			p.Put(Candidate{ID: id, Presence: Online, Permits: []Permit{{Mailbox: "m"}}, Teams: []string{"t"}, Used: i / agents % 3})
		case 2:
			p.Put(Candidate{ID: id, Presence: []Presence{Online, Away, Offline}[i/agents%3], Permits: []Permit{{Mailbox: "m"}}, Teams: []string{"t"}})
		case 3:
			p.Assign(now.Add(time.Duration(i)), waiting)
			p.Count(id, 0)
		case 4:
			p.Remove(id)
		}
		if i == 0 {
			p.Assign(now, waiting)
		}
		require.LessOrEqual(t, len(p.boxes["m"].members), agents)
		for _, g := range p.groups {
			require.LessOrEqual(t, g.members, agents)
			require.LessOrEqual(t, len(g.heap), 2*agents+17, "after %d changes", i)
			most = max(most, len(g.heap))
		}
	}
	require.Equal(t, 2*agents+17, most, "tidied once most entries are spare, and no earlier: that is what makes it cheap")
	require.Len(t, p.groups, 2)
	for _, g := range p.groups {
		require.Zero(t, g.members)
		require.Nil(t, g.first())
		require.Empty(t, g.heap)
	}
}

// However a group came about, its agents lead one after the other as they rank.
func TestGroupLeadsInOrder(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 11))
		p := NewPool([]Mailbox{{ID: "m", Limit: 1_000, Automatic: true}}, nil)
		var ranked []*agent
		for i, used := range r.Perm(150) {
			id := fmt.Sprintf("a%d", i)
			p.Put(Candidate{ID: id, Presence: Online, Permits: []Permit{{Mailbox: "m"}}, Used: used})
			ranked = append(ranked, p.agents[id])
		}
		g := p.group(p.box("m"), groupKey{mailbox: "m", method: "sms"})
		if seed%2 == 0 {
			g.tidy()
		}
		for len(ranked) > 0 {
			slices.SortFunc(ranked, func(a, b *agent) int { return a.Used - b.Used })
			require.Equal(t, ranked[0].ID, g.first().ID, "seed %d, %d left", seed, len(ranked))
			if r.IntN(3) == 0 {
				ranked[0].update(ranked[0].Used+1_000*(1+r.IntN(5)), ranked[0].Last) // later than all
			} else {
				p.Remove(ranked[0].ID)
				ranked = ranked[1:]
			}
		}
		require.Nil(t, g.first())
	}
}
