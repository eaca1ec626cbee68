package routing_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"time"

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
