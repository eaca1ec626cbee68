package conversation

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTallyNames(t *testing.T) {
	c := Conversation{Mailbox: "shop", Method: "chat", Status: Open, Place: Inbox, Agent: "ann", Team: "sales",
		Attention: Mark{Sequence: 3}, Readers: Readers{Agents: []string{"ben"}, Anybody: true}}
	count := func(sign int64) map[string]int64 {
		got := map[string]int64{}
		Tally(&c, func(counter string, delta int64) { got[counter] += delta }, sign)
		return got
	}
	assert.Equal(t, map[string]int64{
		"total/shop/chat/any": 1, "read/shop/chat/any/ben": 1, "read/shop/chat/any/*": 1,
		"total/shop/chat/team:sales": 1, "read/shop/chat/team:sales/ben": 1, "read/shop/chat/team:sales/*": 1,
		"total/shop/chat/agent:ann": 1, "read/shop/chat/agent:ann/ben": 1, "read/shop/chat/agent:ann/*": 1,
		"total/shop/chat/both:ann/sales": 1, "read/shop/chat/both:ann/sales/ben": 1, "read/shop/chat/both:ann/sales/*": 1,
	}, count(1))
	c.Agent, c.Team, c.Readers = "", "", Readers{All: true, Agents: []string{"ben"}, Anybody: true}
	assert.Equal(t, map[string]int64{
		"total/shop/chat/any": -1, "read/shop/chat/any/+": -1, "read/shop/chat/any/ben": 1, "read/shop/chat/any/*": -1,
		"total/shop/chat/nobody": -1, "read/shop/chat/nobody/+": -1, "read/shop/chat/nobody/ben": 1, "read/shop/chat/nobody/*": -1,
	}, count(-1))
	c.Attention = Mark{}
	assert.Empty(t, count(1), "nothing to read")

	// IDs as long as they may be make no name that is longer than an agent's, and no two the same.
	agent, team := strings.Repeat("a", MaxHostID), strings.Repeat("t", MaxHostID)
	assert.Len(t, CountBoth(agent, team), len(CountAgent(agent)))
	assert.NotEqual(t, CountBoth(agent, team), CountBoth(agent, team[1:]))
	assert.Equal(t, "both:"+agent+"/", CountBoth(agent, ""), "as long as it may be: it stays readable")
	assert.NotEqual(t, "both:"+agent+"/t", CountBoth(agent, "t"))
}

// What the tallies of all changes add up to is what counting the conversations gives, in both modes, for everybody.
func TestTallyEqualsRecount(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 8))
		counters := map[string]int64{}
		lives := []*life{}
		for i := range 8 {
			l := &life{tb: t, now: start}
			l.do(system, Create{ID: string(rune('a' + i)), Mailbox: []string{"shop", "web"}[i%2], Method: []string{"chat", "mail"}[i/2%2]})
			lives = append(lives, l)
		}
		for step := range 250 {
			l := lives[r.IntN(len(lives))]
			before := l.c
			l.rules = Rules{GlobalRead: r.IntN(2) == 0, ReadOnAnswer: r.IntN(2) == 0, Start: []Status{Open, Closed}[r.IntN(2)]}
			l.now = l.now.Add(time.Duration(r.IntN(90)) * time.Minute)
			commands := []Command{randomCommand(l, r)}
			if _, two := commands[0].(Unsend); !two && r.IntN(4) == 0 {
				commands = append(commands, MarkRead{})
			}
			if _, err := l.try(Actor{Kind: ByAgent, ID: universe[r.IntN(3)]}, commands...); err != nil {
				require.ErrorIs(t, err, ErrState)
				continue
			}
			add := func(counter string, delta int64) { counters[counter] += delta }
			Tally(&before, add, -1)
			Tally(&l.c, add, 1)
			if step%10 == 0 {
				recount(t, lives, counters, seed)
			}
		}
		for _, l := range lives {
			Tally(&l.c, func(counter string, delta int64) { counters[counter] += delta }, -1)
		}
		for counter, n := range counters {
			require.Zero(t, n, "%s when everything is gone", counter)
		}
	}
}

func randomCommand(l *life, r *rand.Rand) Command {
	assignees := []Assign{{}, {Agent: "ann"}, {Agent: "ben", Team: "sales"}, {Team: "sales"}, {Team: "care"}}
	commands := []Command{
		again, again, again, Receive{Message: Message{Automatic: true}, Thread: mainThread}, Echo{Thread: mainThread},
		Reply{Message: Message{Text: "hello"}, Thread: mainThread}, Whispering{Message: Message{Text: "psst"}},
		assignees[r.IntN(len(assignees))], assignees[r.IntN(len(assignees))], assignees[r.IntN(len(assignees))],
		SetStatus{Open}, SetStatus{Open}, SetStatus{Closed}, Complete{}, ToArchive{}, ToSpam{}, ToTrash{}, Restore{}, Restore{}, Restore{},
		Snooze{Until: l.now.Add(time.Hour), KeepAsleep: r.IntN(2) == 0}, Wake{}, Wake{}, Wake{ByHand: true},
		MarkRead{}, MarkRead{}, MarkRead{Viewed: true}, MarkUnread{}, MarkUnread{},
		ChangeTags{Add: []string{"x"}}, ChangeTags{Remove: []string{"x"}}, Fail{Message: failed},
		Passed{Channel: "wa", Key: mainThread.Key, Delivery: Read, Until: l.now},
	}
	if i := r.IntN(len(commands) + 4); i < len(commands) {
		return commands[i]
	}
	for _, m := range slices.Backward(l.timeline) {
		if m.Visible() && r.IntN(2) == 0 {
			return l.unsend(m)
		}
	}
	return again
}

func recount(t *testing.T, lives []*life, counters map[string]int64, seed uint64) {
	t.Helper()
	who := map[string]func(c *Conversation) bool{
		CountAny:                  func(c *Conversation) bool { return true },
		CountNobody:               func(c *Conversation) bool { return c.Agent == "" && c.Team == "" },
		CountTeam("sales"):        func(c *Conversation) bool { return c.Team == "sales" },
		CountTeam("care"):         func(c *Conversation) bool { return c.Team == "care" },
		CountAgent("ann"):         func(c *Conversation) bool { return c.Agent == "ann" },
		CountAgent("ben"):         func(c *Conversation) bool { return c.Agent == "ben" },
		CountBoth("ben", "sales"): func(c *Conversation) bool { return c.Agent == "ben" && c.Team == "sales" },
	}
	for _, mailbox := range []string{"shop", "web"} {
		for _, method := range []string{"chat", "mail"} {
			for name, belongs := range who {
				unread, global := map[string]int64{}, int64(0)
				for _, l := range lives {
					c := &l.c
					inbox := c.Place == Inbox && c.Status == Open && c.Snoozed.IsZero()
					if !inbox || c.Mailbox != mailbox || c.Method != method || !belongs(c) {
						continue
					}
					for _, agent := range universe {
						if c.Unread(agent, false) {
							unread[agent]++
						}
					}
					if c.Unread("ann", true) {
						global++
					}
				}
				total := counters[CountTotal(mailbox, method, name)]
				for _, agent := range universe {
					kept := total - counters[CountRead(mailbox, method, name, agent)] - counters[CountRead(mailbox, method, name, ReadAll)]
					require.Equal(t, unread[agent], kept, "seed %d: %s/%s/%s for %s", seed, mailbox, method, name, agent)
				}
				require.Equal(t, global, total-counters[CountRead(mailbox, method, name, ReadAnybody)], "seed %d: %s/%s/%s global", seed, mailbox, method, name)
			}
		}
	}
}
