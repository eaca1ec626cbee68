package routing

import (
	"cmp"
	"slices"
)

// agent is a candidate and where he sits in the groups he belongs to.
type agent struct {
	Candidate
	seats []seat
}

// seat is an agent's place in a group's heap.
type seat struct {
	group *group
	index int
}

type groupKey struct{ mailbox, method, team string }

// group is the present agents for one method of a mailbox and, unless team is empty, one team. It is a binary heap: whoever is to be
// given the next conversation is at index 0. The limit plays no part in the order, for an agent with fewer open conversations is below
// any limit that one with more is below.
type group struct {
	groupKey
	away bool // takes agents who are away
	heap []holder
}

// holder is an agent and which of his seats this is.
type holder struct {
	agent *agent
	seat  int
}

func (g *group) accepts(a *agent) bool {
	if a.Presence != Online && !(g.away && a.Presence == Away) {
		return false
	}
	if g.team != "" && !slices.Contains(a.Teams, g.team) {
		return false
	}
	return slices.ContainsFunc(a.Permits, func(p Permit) bool {
		return p.Mailbox == g.mailbox && (p.Method == "" || p.Method == g.method)
	})
}

// sooner reports whether a is given a conversation before b.
func sooner(a, b *agent) bool {
	if a.Used != b.Used {
		return a.Used < b.Used
	}
	return cmp.Or(a.Last.Compare(b.Last), cmp.Compare(a.ID, b.ID)) < 0
}

// fix puts the agent where he belongs in all his groups, after a change of what they order by.
func (a *agent) fix() {
	for _, s := range a.seats {
		if !s.group.down(s.index) {
			s.group.up(s.index)
		}
	}
}

func (g *group) push(a *agent) {
	g.heap = append(g.heap, holder{agent: a, seat: len(a.seats)})
	a.seats = append(a.seats, seat{group: g, index: len(g.heap) - 1})
	g.up(len(g.heap) - 1)
}

// remove takes out the agent at index i, and his seat.
func (g *group) remove(i int) {
	gone, n := g.heap[i], len(g.heap)-1
	g.swap(i, n)
	g.heap[n] = holder{}
	g.heap = g.heap[:n]
	if i < n && !g.down(i) {
		g.up(i)
	}
	seats, last := gone.agent.seats, len(gone.agent.seats)-1
	if moved := seats[last]; gone.seat < last {
		seats[gone.seat] = moved
		moved.group.heap[moved.index].seat = gone.seat
	}
	gone.agent.seats = seats[:last]
}

func (g *group) swap(i, j int) {
	g.heap[i], g.heap[j] = g.heap[j], g.heap[i]
	g.heap[i].agent.seats[g.heap[i].seat].index = i
	g.heap[j].agent.seats[g.heap[j].seat].index = j
}

func (g *group) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if !sooner(g.heap[i].agent, g.heap[parent].agent) {
			return
		}
		g.swap(i, parent)
		i = parent
	}
}

// down moves the agent at index i towards the end, and reports whether he moved.
func (g *group) down(i int) bool {
	start := i
	for {
		child := 2*i + 1
		if child >= len(g.heap) {
			return i > start
		}
		if right := child + 1; right < len(g.heap) && sooner(g.heap[right].agent, g.heap[child].agent) {
			child = right
		}
		if !sooner(g.heap[child].agent, g.heap[i].agent) {
			return i > start
		}
		g.swap(i, child)
		i = child
	}
}
