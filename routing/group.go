package routing

import (
	"slices"
	"time"
)

// agent is a candidate and the groups that he belongs to.
type agent struct {
	Candidate
	groups []*group
	gone   bool   // removed or replaced
	kept   *group // the group that is being tidied and has an entry of his
}

type groupKey struct{ mailbox, method, team string }

// group is the present agents for one method of a mailbox and, unless team is empty, one team: a heap with four children a node, led by
// whoever is to be given the next conversation. The limit plays no part in the order, for the agent with the fewest open conversations
// is below any limit that another is below.
//
// An agent belongs to many groups, so an entry is put right only when it leads. Every member has an entry that ranks him no later than
// he ranks now: being given a conversation ranks him later and leaves the entries as they are, being freed adds entries.
type group struct {
	groupKey
	away    bool // takes agents who are away
	members int
	heap    []entry
}

// entry is an agent and how he ranked when the entry was made. The times are apart so that comparing follows no pointer.
type entry struct {
	agent *agent
	used  int
	sec   int64
	nsec  int
}

func (a *agent) entry() entry {
	return entry{agent: a, used: a.Used, sec: a.Last.Unix(), nsec: a.Last.Nanosecond()}
}

// before reports whether e is given a conversation before f.
func (e *entry) before(f *entry) bool {
	switch {
	case e.used != f.used:
		return e.used < f.used
	case e.sec != f.sec:
		return e.sec < f.sec
	case e.nsec != f.nsec:
		return e.nsec < f.nsec
	}
	return e.agent.ID < f.agent.ID
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

// join makes an agent a member if the group accepts him.
func (g *group) join(a *agent) {
	if g.accepts(a) {
		a.groups = append(a.groups, g)
		g.members++
		g.push(a.entry())
	}
}

// update changes what an agent ranks by.
func (a *agent) update(used int, last time.Time) {
	was := a.entry()
	a.Used, a.Last = used, last
	now := a.entry()
	if !now.before(&was) {
		return
	}
	for _, g := range a.groups {
		g.push(now)
	}
}

// leave takes an agent out of his groups. His entries are dropped when they lead.
func (a *agent) leave() {
	a.gone = true
	for _, g := range a.groups {
		g.members--
	}
}

// first returns the agent who is to be given the next conversation, or nil.
func (g *group) first() *agent {
	for len(g.heap) > 0 {
		top := &g.heap[0]
		switch now := top.agent.entry(); {
		case top.agent.gone:
			last := len(g.heap) - 1
			*top = g.heap[last]
			g.heap[last] = entry{}
			g.heap = g.heap[:last]
		case *top != now:
			*top = now
		default:
			return top.agent
		}
		g.down(0)
	}
	return nil
}

// tidy leaves one entry for each member.
func (g *group) tidy() {
	g.heap = slices.DeleteFunc(g.heap, func(e entry) bool {
		spare := e.agent.gone || e.agent.kept == g
		e.agent.kept = g
		return spare
	})
	for i := range g.heap {
		a := g.heap[i].agent
		a.kept = nil
		g.heap[i] = a.entry()
	}
	for i := len(g.heap) / 4; i >= 0; i-- {
		g.down(i)
	}
}

// push adds an entry. Once most entries are spare they go, so that this costs a few steps for each that was added.
func (g *group) push(e entry) {
	if len(g.heap) > 2*g.members+16 {
		g.tidy()
	}
	g.heap = append(g.heap, e)
	i := len(g.heap) - 1
	for i > 0 {
		parent := (i - 1) / 4
		if !e.before(&g.heap[parent]) {
			break
		}
		g.heap[i] = g.heap[parent]
		i = parent
	}
	g.heap[i] = e
}

// down moves the entry at index i to behind those that are before it.
func (g *group) down(i int) {
	if i >= len(g.heap) {
		return
	}
	e := g.heap[i]
	for {
		least, end := 4*i+1, min(4*i+5, len(g.heap))
		if least >= end {
			break
		}
		for child := least + 1; child < end; child++ {
			if g.heap[child].before(&g.heap[least]) {
				least = child
			}
		}
		if !g.heap[least].before(&e) {
			break
		}
		g.heap[i] = g.heap[least]
		i = least
	}
	g.heap[i] = e
}
