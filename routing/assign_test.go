package routing_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/routing"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// agent is online and permitted in mailbox m.
func agent(id string, used int, change ...func(*routing.Candidate)) routing.Candidate {
	c := routing.Candidate{ID: id, Presence: routing.Online, Used: used, Permits: []routing.Permit{{Mailbox: "m"}}}
	for _, f := range change {
		f(&c)
	}
	return c
}

func last(minutes int) func(*routing.Candidate) {
	return func(c *routing.Candidate) { c.Last = noon.Add(time.Duration(-minutes) * time.Minute) }
}

func is(p routing.Presence) func(*routing.Candidate) {
	return func(c *routing.Candidate) { c.Presence = p }
}

func permit(permits ...routing.Permit) func(*routing.Candidate) {
	return func(c *routing.Candidate) { c.Permits = permits }
}

func in(teams ...string) func(*routing.Candidate) {
	return func(c *routing.Candidate) { c.Teams = teams }
}

// chat waits in mailbox m since some minutes.
func chat(id string, minutes int, change ...func(*routing.Chat)) routing.Chat {
	c := routing.Chat{Conversation: id, Mailbox: "m", Method: "sms", Shelf: conversation.ShelfWaiting, Since: noon.Add(time.Duration(-minutes) * time.Minute)}
	for _, f := range change {
		f(&c)
	}
	return c
}

func at(mailbox, method string) func(*routing.Chat) {
	return func(c *routing.Chat) { c.Mailbox, c.Method = mailbox, method }
}

func of(team string) func(*routing.Chat) {
	return func(c *routing.Chat) { c.Shelf, c.Team = conversation.ShelfTeam, team }
}

func prefers(agent string) func(*routing.Chat) {
	return func(c *routing.Chat) { c.LastAgent = agent }
}

func on(shelf conversation.Shelf) func(*routing.Chat) {
	return func(c *routing.Chat) { c.Shelf = shelf }
}

func requested(c *routing.Chat) { c.Requested = true }

type (
	agents = []routing.Candidate
	chats  = []routing.Chat
)

func TestAssign(t *testing.T) {
	m := []routing.Mailbox{{ID: "m", Limit: 5, Automatic: true}}
	mailbox := func(limit int, change ...func(*routing.Mailbox)) []routing.Mailbox {
		box := routing.Mailbox{ID: "m", Limit: limit, Automatic: true}
		for _, f := range change {
			f(&box)
		}
		return []routing.Mailbox{box, {ID: "n", Limit: 2, Automatic: true}}
	}
	teams := []routing.Team{{ID: "plain"}, {ID: "away", Away: true}, {ID: "falls", Fallback: "away"}, {ID: "opens", ToMailbox: true},
		{ID: "both", Fallback: "away", ToMailbox: true}, {ID: "chain", Fallback: "opens"}}
	for _, tt := range []struct {
		row, name string
		mailboxes []routing.Mailbox
		agents    agents
		chats     chats
		want      string // conversation>agent, in order; /team where one was used
	}{
		{"A3", "fewest open conversations", m, agents{agent("a", 2), agent("b", 1), agent("c", 3)}, chats{chat("1", 1)}, "1>b"},
		{"A3", "levels out", m, agents{agent("a", 2), agent("b", 0)}, chats{chat("1", 4), chat("2", 3), chat("3", 2), chat("4", 1)}, "1>b 2>b 3>a 4>b"},
		{"A3", "tie: longest since the last", m, agents{agent("a", 1, last(1)), agent("b", 1, last(9)), agent("c", 1, last(5))}, chats{chat("1", 1)}, "1>b"},
		{"A3", "tie: never given one", m, agents{agent("a", 1, last(9)), agent("b", 1)}, chats{chat("1", 1)}, "1>b"},
		{"A3", "tie: by less than a second", m, agents{agent("a", 1, func(c *routing.Candidate) { c.Last = noon.Add(2) }), agent("b", 1, func(c *routing.Candidate) { c.Last = noon.Add(1) })}, chats{chat("1", 1)}, "1>b"},
		{"A3", "tie: ID", m, agents{agent("b", 1, last(9)), agent("a", 1, last(9))}, chats{chat("1", 1)}, "1>a"},
		{"A4", "no permission in the mailbox", m, agents{agent("a", 0, permit(routing.Permit{Mailbox: "n"}))}, chats{chat("1", 1)}, ""},
		{"A4", "no permission at all", m, agents{agent("a", 0, permit())}, chats{chat("1", 1)}, ""},
		{"A4", "permission for another method", m, agents{agent("a", 0, permit(routing.Permit{Mailbox: "m", Method: "email"}))}, chats{chat("1", 1)}, ""},
		{"A4", "permission for the method", m, agents{agent("a", 0, permit(routing.Permit{Mailbox: "m", Method: "email"}, routing.Permit{Mailbox: "m", Method: "sms"}))}, chats{chat("1", 1)}, "1>a"},
		{"A4", "permissions do not mix", mailbox(5), agents{agent("a", 0, permit(routing.Permit{Mailbox: "m", Method: "email"}, routing.Permit{Mailbox: "n", Method: "sms"}))}, chats{chat("1", 1)}, ""},
		{"A4", "away", m, agents{agent("a", 0, is(routing.Away))}, chats{chat("1", 1)}, ""},
		{"A4", "offline", m, agents{agent("a", 0, is(routing.Offline)), agent("b", 0, is(""))}, chats{chat("1", 1)}, ""},
		{"A4", "no free slot", m, agents{agent("a", 5)}, chats{chat("1", 1)}, ""},
		{"A5", "limit 0", mailbox(0), agents{agent("a", 0)}, chats{chat("1", 1)}, ""},
		{"A5", "up to the limit", mailbox(2), agents{agent("a", 0)}, chats{chat("1", 3), chat("2", 2), chat("3", 1)}, "1>a 2>a"},
		{"A5", "over the limit by hand", mailbox(2), agents{agent("a", 7)}, chats{chat("1", 3)}, ""},
		{"A5", "slots used elsewhere count, against this mailbox's limit", mailbox(5),
			agents{agent("a", 2, permit(routing.Permit{Mailbox: "m"}, routing.Permit{Mailbox: "n"}))},
			chats{chat("1", 9, at("n", "sms")), chat("2", 1)}, "2>a"},
		{"A5", "one given here fills a slot there", mailbox(5),
			agents{agent("a", 1, permit(routing.Permit{Mailbox: "m"}, routing.Permit{Mailbox: "n"})), agent("b", 4, permit(routing.Permit{Mailbox: "n"}))},
			chats{chat("1", 9), chat("2", 1, at("n", "sms"))}, "1>a"},
		{"A6", "oldest waiting first", mailbox(1), agents{agent("a", 0)}, chats{chat("1", 1), chat("2", 3), chat("3", 2)}, "2>a"},
		{"A6", "then by ID", mailbox(1), agents{agent("a", 0)}, chats{chat("2", 1), chat("1", 1)}, "1>a"},
		{"A6", "a full mailbox does not hold up another", mailbox(1), agents{agent("a", 1), agent("b", 0, permit(routing.Permit{Mailbox: "n"}))}, chats{chat("1", 9), chat("2", 1, at("n", "sms"))}, "2>b"},
		{"A6", "a preference does not go before who waits longer", mailbox(1), agents{agent("a", 0)}, chats{chat("1", 2), chat("2", 1, prefers("a"))}, "1>a"},
		{"A2", "not automatic", mailbox(5, func(m *routing.Mailbox) { m.Automatic = false }), agents{agent("a", 0)}, chats{chat("1", 2), chat("2", 1, requested)}, "2>a"},
		{"A7", "outside hours", mailbox(5, func(m *routing.Mailbox) { m.Closed = true }), agents{agent("a", 0)}, chats{chat("1", 2), chat("2", 1, requested)}, ""},
		{"§9", "unknown mailbox", m, agents{agent("a", 0, permit(routing.Permit{Mailbox: "x"}))}, chats{chat("1", 1, at("x", "sms"))}, ""},
		{"§9", "only the shelves waiting and team", m, agents{agent("a", 0)}, chats{chat("1", 9, on(conversation.ShelfTrash)), chat("2", 9, on(conversation.ShelfSpam)),
			chat("3", 9, on(conversation.ShelfArchive)), chat("4", 9, on(conversation.ShelfSnoozed)), chat("5", 9, on(conversation.ShelfDone)), chat("6", 9, on(conversation.ShelfAssigned)),
			chat("7", 9, on("")), chat("8", 1)}, "8>a"},
		{"A11", "the last agent, though others have fewer", m, agents{agent("a", 0), agent("b", 4)}, chats{chat("1", 1, prefers("b"))}, "1>b"},
		{"A11", "the last agent is full", m, agents{agent("a", 3), agent("b", 5)}, chats{chat("1", 1, prefers("b"))}, "1>a"},
		{"A11", "the last agent is away", m, agents{agent("a", 3), agent("b", 0, is(routing.Away))}, chats{chat("1", 1, prefers("b"))}, "1>a"},
		{"A11", "the last agent is not permitted", m, agents{agent("a", 3), agent("b", 0, permit())}, chats{chat("1", 1, prefers("b"))}, "1>a"},
		{"A11", "the last agent is gone", m, agents{agent("a", 3)}, chats{chat("1", 1, prefers("x"))}, "1>a"},
		{"A11", "the last agent is not of the team", m, agents{agent("a", 3, in("plain")), agent("b", 0)}, chats{chat("1", 1, of("plain"), prefers("b"))}, "1>a/plain"},
		{"A11", "only the team's members", m, agents{agent("a", 3, in("plain")), agent("b", 0, in("away"))}, chats{chat("1", 1, of("plain"))}, "1>a/plain"},
		{"A11", "no member, no fallback", m, agents{agent("b", 0)}, chats{chat("1", 1, of("plain"))}, ""},
		{"A11", "a team that is not known", m, agents{agent("a", 0, in("x"), is(routing.Away)), agent("b", 1, in("x"))}, chats{chat("1", 1, of("x"))}, "1>b/x"},
		{"A11", "a member needs the permission too", m, agents{agent("a", 0, in("plain"), permit())}, chats{chat("1", 1, of("plain"))}, ""},
		{"A11", "presence that the team allows", m, agents{agent("a", 0, in("away"), is(routing.Away)), agent("b", 1, in("away"))}, chats{chat("1", 1, of("away"))}, "1>a/away"},
		{"A11", "never offline", m, agents{agent("a", 0, in("away"), is(routing.Offline))}, chats{chat("1", 1, of("away"))}, ""},
		{"A11", "fallback team", m, agents{agent("a", 5, in("falls")), agent("b", 1, in("away"), is(routing.Away)), agent("c", 0)}, chats{chat("1", 1, of("falls"))}, "1>b/away"},
		{"A11", "fallback mailbox", m, agents{agent("a", 5, in("opens")), agent("c", 2)}, chats{chat("1", 1, of("opens"))}, "1>c"},
		{"A11", "fallback team, then mailbox", m, agents{agent("a", 5, in("away")), agent("c", 2)}, chats{chat("1", 1, of("both"))}, "1>c"},
		{"A11", "no fallback of the fallback", m, agents{agent("c", 2)}, chats{chat("1", 1, of("chain"))}, ""},
		{"A11", "the fallback only if the team has nobody", m, agents{agent("a", 4, in("both")), agent("c", 0)}, chats{chat("1", 2, of("both")), chat("2", 1, of("both"))}, "1>a/both 2>c"},
		{"", "the later of two candidates with one ID", m, agents{agent("a", 0), agent("a", 5)}, chats{chat("1", 1)}, ""},
		{"", "nobody there", m, nil, chats{chat("1", 1)}, ""},
		{"", "nothing waits", m, agents{agent("a", 0)}, nil, ""},
	} {
		t.Run(tt.row+" "+tt.name, func(t *testing.T) {
			pairs := routing.Assign(routing.Round{Now: noon, Mailboxes: tt.mailboxes, Teams: teams, Candidates: tt.agents, Waiting: tt.chats})
			assert.Equal(t, tt.want, notation(pairs))
		})
	}
}

func notation(pairs []routing.Pair) string {
	s := ""
	for i, p := range pairs {
		if i > 0 {
			s += " "
		}
		s += p.Conversation + ">" + p.Agent
		if p.Team != "" {
			s += "/" + p.Team
		}
	}
	return s
}

func TestAvailability(t *testing.T) {
	p := routing.NewPool([]routing.Mailbox{{ID: "m", Limit: 1}, {ID: "closed", Limit: 1, Closed: true}, {ID: "zero"}}, []routing.Team{{ID: "t"}})
	everywhere := permit(routing.Permit{Mailbox: "m"}, routing.Permit{Mailbox: "closed"}, routing.Permit{Mailbox: "zero"})
	assert.Equal(t, routing.Nobody, p.Availability(chat("1", 1)))
	p.Put(agent("a", 0, everywhere))
	assert.Equal(t, routing.Available, p.Availability(chat("1", 1)))
	assert.Equal(t, routing.Available, p.Availability(chat("1", 1, on(conversation.ShelfDone))), "a bot asks while it is closed")
	assert.Equal(t, routing.Nobody, p.Availability(chat("1", 1, of("t"))))
	assert.Equal(t, routing.OutsideHours, p.Availability(chat("1", 1, at("closed", "sms"))))
	assert.Equal(t, routing.Nobody, p.Availability(chat("1", 1, at("zero", "sms"))))
	assert.Equal(t, routing.Nobody, p.Availability(chat("1", 1, at("x", "sms"))))
	p.Put(agent("a", 1, everywhere))
	assert.Equal(t, routing.Nobody, p.Availability(chat("1", 1)))
	p.Remove("a")
	p.Remove("a")
	assert.Equal(t, routing.Nobody, p.Availability(chat("1", 1)))
}

func TestWaiting(t *testing.T) {
	c := conversation.Conversation{ID: "c", Mailbox: "m", Method: "sms", Team: "t", Status: conversation.Open, Place: conversation.Inbox,
		Activity: noon, WaitingSince: noon.Add(-time.Hour)}
	assert.Equal(t, routing.Chat{Conversation: "c", Mailbox: "m", Method: "sms", Shelf: conversation.ShelfTeam, Team: "t", Since: noon.Add(-time.Hour)}, routing.Waiting(&c))
	c.WaitingSince, c.Team = time.Time{}, ""
	assert.Equal(t, routing.Chat{Conversation: "c", Mailbox: "m", Method: "sms", Shelf: conversation.ShelfWaiting, Since: noon}, routing.Waiting(&c), "unassigned after its answer")
	c.Place = conversation.Spam
	assert.Equal(t, conversation.ShelfSpam, routing.Waiting(&c).Shelf)

	// A closed one is given out once an agent was asked for: it opens when somebody takes it.
	done := conversation.Conversation{Status: conversation.Closed, Place: conversation.Inbox, Team: "t"}
	assert.Equal(t, conversation.ShelfDone, routing.Waiting(&done).Shelf)
	done.Handover = noon
	assert.Equal(t, conversation.ShelfTeam, routing.Waiting(&done).Shelf)
	assert.True(t, routing.Waiting(&done).Requested)
	done.Team = ""
	assert.Equal(t, conversation.ShelfWaiting, routing.Waiting(&done).Shelf)
}

func TestPoolKeepsACopy(t *testing.T) {
	p := routing.NewPool([]routing.Mailbox{{ID: "m", Limit: 1, Automatic: true}}, nil)
	c := agent("a", 0)
	p.Put(c)
	c.Permits[0].Mailbox = "x"
	assert.Equal(t, "1>a", notation(p.Assign(noon, chats{chat("1", 1)})))

	var zero routing.Pool
	assert.Empty(t, zero.Assign(noon, chats{chat("1", 1)}))
	zero.PutMailbox(routing.Mailbox{ID: "m", Limit: 1, Automatic: true})
	zero.Put(agent("a", 0))
	assert.Equal(t, "1>a", notation(zero.Assign(noon, chats{chat("1", 1)})))
}
