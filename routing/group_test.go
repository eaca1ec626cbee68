package routing

import (
	"fmt"
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
		}
	}
	require.Len(t, p.groups, 2)
	for _, g := range p.groups {
		require.Zero(t, g.members)
		require.Nil(t, g.first())
		require.Empty(t, g.heap)
	}
}
