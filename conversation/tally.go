package conversation

import (
	"crypto/sha256"
	"encoding/hex"
)

// Who a count is for, within a mailbox and method.
const (
	CountAny    = "any"
	CountNobody = "nobody" // without an agent and a team
)

// CountTeam and CountAgent name the count of one assignee.
func CountTeam(team string) string   { return "team:" + team }
func CountAgent(agent string) string { return "agent:" + agent }

// CountBoth names the count of what is assigned to an agent and a team at once: who counts both subtracts it.
func CountBoth(agent, team string) string {
	who := "both:" + agent + "/" + team
	if len(who) > maxWho {
		sum := sha256.Sum256([]byte(who))
		who = "both:#" + hex.EncodeToString(sum[:])[:maxWho-len("both:#")]
	}
	return who
}

// maxWho is the length of the longest CountAgent, so that no counter's name grows longer than a store takes.
const maxWho = len("agent:") + MaxHostID

// CountTotal names the counter of conversations in the inbox that somebody could have unread.
func CountTotal(mailbox, method, who string) string {
	return "total/" + mailbox + "/" + method + "/" + who
}

// CountRead names the counter of those among CountTotal that a reader has read. The reader is an agent's ID; ReadAnybody for those that
// somebody has read; ReadAll for those that are read for everybody, from which an agent's counter subtracts his exceptions.
func CountRead(mailbox, method, who, reader string) string {
	return "read/" + mailbox + "/" + method + "/" + who + "/" + reader
}

// Readers that are no agents.
const (
	ReadAnybody = "*"
	ReadAll     = "+"
)

// Tally tells add what the conversation contributes to the kept counters: nothing, unless it is in the inbox and has Attention. The
// difference of two tallies, after and before a change, is what a commit adds.
//
// Unread for an agent is CountTotal - CountRead(agent) - CountRead(ReadAll); with the global read status CountTotal -
// CountRead(ReadAnybody).
func Tally(c *Conversation, add func(counter string, delta int64), sign int64) {
	if c.Attention.Sequence == 0 || !c.InInbox() || c.Gone() {
		return
	}
	one := func(who string) {
		add(CountTotal(c.Mailbox, c.Method, who), sign)
		if c.Readers.Anybody {
			add(CountRead(c.Mailbox, c.Method, who, ReadAnybody), sign)
		}
		each := sign
		if c.Readers.All {
			add(CountRead(c.Mailbox, c.Method, who, ReadAll), sign)
			each = -sign
		}
		for _, agent := range c.Readers.Agents {
			add(CountRead(c.Mailbox, c.Method, who, agent), each)
		}
	}
	one(CountAny)
	if c.Agent == "" && c.Team == "" {
		one(CountNobody)
	}
	if c.Team != "" {
		one(CountTeam(c.Team))
	}
	if c.Agent != "" {
		one(CountAgent(c.Agent))
	}
	if c.Agent != "" && c.Team != "" {
		one(CountBoth(c.Agent, c.Team))
	}
}
