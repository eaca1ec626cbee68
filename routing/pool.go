package routing

import (
	"slices"
	"time"
)

// Pool is the agents that conversations are given to, in an order that finds the next one without a walk through all. It is told each
// change by Put, Count, Remove and PutMailbox. It may be used by one goroutine at a time. The zero value is empty and ready.
type Pool struct {
	agents map[string]*agent
	boxes  map[string]*box
	teams  map[string]Team
	groups map[groupKey]*group
}

// box is a mailbox with the agents that have a permit for it.
type box struct {
	Mailbox
	members []*agent
	groups  []*group
}

// NewPool returns a pool without agents. Teams do not change in a pool; a conversation of a team that is not among them goes to its
// members who are online.
func NewPool(mailboxes []Mailbox, teams []Team) *Pool {
	p := &Pool{teams: make(map[string]Team, len(teams))}
	for _, m := range mailboxes {
		p.PutMailbox(m)
	}
	for _, t := range teams {
		p.teams[t.ID] = t
	}
	return p
}

// PutMailbox adds a mailbox or changes its limit and switches. A conversation in a mailbox that was never put is given to nobody.
func (p *Pool) PutMailbox(m Mailbox) { p.box(m.ID).Mailbox = m }

// Put adds an agent, or replaces what is known of him. It keeps a copy.
func (p *Pool) Put(c Candidate) {
	if a := p.agents[c.ID]; a != nil {
		if a.Presence == c.Presence && slices.Equal(a.Permits, c.Permits) && slices.Equal(a.Teams, c.Teams) {
			a.update(c.Used, c.Last)
			return
		}
		p.Remove(c.ID)
	}
	c.Permits, c.Teams = slices.Clone(c.Permits), slices.Clone(c.Teams)
	if p.agents == nil {
		p.agents = make(map[string]*agent)
	}
	a := &agent{Candidate: c}
	p.agents[c.ID] = a
	for _, permit := range c.Permits {
		b := p.box(permit.Mailbox)
		if n := len(b.members); n > 0 && b.members[n-1] == a {
			continue // permits for several methods
		}
		b.members = append(b.members, a)
		for _, g := range b.groups {
			g.join(a)
		}
	}
}

// Count tells how many open conversations an agent holds now, as when one of his was closed. An agent who was never put stays unknown.
func (p *Pool) Count(id string, used int) {
	if a := p.agents[id]; a != nil {
		a.update(used, a.Last)
	}
}

// Remove takes an agent out: he is given nothing more.
func (p *Pool) Remove(id string) {
	a := p.agents[id]
	if a == nil {
		return
	}
	a.leave()
	for _, permit := range a.Permits {
		b := p.boxes[permit.Mailbox]
		if i := slices.Index(b.members, a); i >= 0 {
			n := len(b.members) - 1
			b.members[i] = b.members[n]
			b.members[n] = nil
			b.members = b.members[:n]
		}
	}
	delete(p.agents, id)
}

// Assign gives waiting conversations out, the longest waiting first, and counts each against its agent's slots. A conversation goes to
// the agent it prefers if he is available, else to the available one with the fewest open conversations; among these to the one who was
// last given one the longest ago, then by ID. Available is who is permitted, present, and below the limit of its mailbox. The
// conversations in waiting differ; none that is left could be taken by anybody.
func (p *Pool) Assign(now time.Time, waiting []Chat) []Pair {
	order := make([]*Chat, 0, len(waiting))
	for i := range waiting {
		if c := &waiting[i]; c.waits() {
			order = append(order, c)
		}
	}
	slices.SortFunc(order, before)
	var pairs []Pair
	for i, c := range order {
		b := p.boxes[c.Mailbox]
		if b == nil || b.Closed || !b.Automatic && !c.Requested {
			continue
		}
		a, team := p.pick(b, c)
		if a == nil {
			continue
		}
		a.update(a.Used+1, now)
		if pairs == nil {
			pairs = make([]Pair, 0, len(order)-i)
		}
		pairs = append(pairs, Pair{Conversation: c.Conversation, Agent: a.ID, Team: team})
	}
	return pairs
}

// Availability answers whether somebody could take a conversation now, wherever it is and whether or not its mailbox is Automatic.
func (p *Pool) Availability(c Chat) Availability {
	b := p.boxes[c.Mailbox]
	if b == nil {
		return Nobody
	}
	if b.Closed {
		return OutsideHours
	}
	if a, _ := p.pick(b, &c); a == nil {
		return Nobody
	}
	return Available
}

// pick finds the agent for a conversation, and the team he was found through.
func (p *Pool) pick(b *box, c *Chat) (*agent, string) {
	id := c.team()
	if a := p.choose(b, c, id); a != nil || id == "" {
		return a, id
	}
	team := p.teams[id]
	if team.Fallback != "" {
		if a := p.choose(b, c, team.Fallback); a != nil {
			return a, team.Fallback
		}
	}
	if team.ToMailbox {
		return p.choose(b, c, ""), ""
	}
	return nil, ""
}

// choose finds the agent in one team, or with an empty one in the whole mailbox.
func (p *Pool) choose(b *box, c *Chat, team string) *agent {
	g := p.group(b, groupKey{mailbox: c.Mailbox, method: c.Method, team: team})
	if last := p.agents[c.LastAgent]; last != nil && last.Used < b.Limit && g.accepts(last) {
		return last
	}
	if a := g.first(); a != nil && a.Used < b.Limit {
		return a
	}
	return nil
}

// group returns the agents for one method of a mailbox, and one team of these. It is built when the first such conversation waits.
func (p *Pool) group(b *box, key groupKey) *group {
	if g := p.groups[key]; g != nil {
		return g
	}
	g := &group{groupKey: key, away: p.teams[key.team].Away}
	for _, a := range b.members {
		g.join(a)
	}
	if p.groups == nil {
		p.groups = make(map[groupKey]*group)
	}
	p.groups[key] = g
	b.groups = append(b.groups, g)
	return g
}

func (p *Pool) box(id string) *box {
	b := p.boxes[id]
	if b == nil {
		if p.boxes == nil {
			p.boxes = make(map[string]*box)
		}
		b = &box{}
		p.boxes[id] = b
	}
	return b
}

// Round is one round of handing out.
type Round struct {
	Now        time.Time
	Mailboxes  []Mailbox
	Teams      []Team
	Candidates []Candidate // of several with one ID the last counts
	Waiting    []Chat      // each conversation once
}

// Assign gives out the waiting conversations of a round, as [Pool.Assign] says.
func Assign(r Round) []Pair {
	p := NewPool(r.Mailboxes, r.Teams)
	for _, c := range r.Candidates {
		p.Put(c)
	}
	return p.Assign(r.Now, r.Waiting)
}
