package routing

import (
	"cmp"
	"time"

	"github.com/frontdesk-go/frontdesk/conversation"
)

// Mailbox is what handing out needs to know of a mailbox.
type Mailbox struct {
	ID        string
	Limit     int  // slots: an agent is given a conversation of this mailbox while he holds fewer than Limit in all mailboxes. 0: never
	Automatic bool // conversations are given out as they come in; otherwise only those for which a handover was requested
	Closed    bool // outside its business hours, which it keeps for handing out: nothing is given
}

// Team is what handing out needs to know of a team. Its conversations go to its members; if none of them is available, to those of
// Fallback; and if none of these is, to anybody in the mailbox where ToMailbox is set. A fallback's own fallback is not followed.
type Team struct {
	ID        string
	Away      bool   // members who are away are given conversations too
	Fallback  string // ID of a team
	ToMailbox bool
}

// Permit lets an agent answer one method of a mailbox.
type Permit struct {
	Mailbox string
	Method  string // empty: every method
}

// Candidate is an agent who may be given conversations. Deactivated agents are none.
type Candidate struct {
	ID       string
	Presence Presence
	Used     int       // slots: the open conversations he holds in all mailboxes
	Last     time.Time // when he was last given one; zero: never
	Permits  []Permit
	Teams    []string // IDs
}

// Chat is a conversation that waits for an agent.
type Chat struct {
	Conversation string // ID
	Mailbox      string
	Method       string
	Shelf        conversation.Shelf // any but waiting and team: not given out
	Team         string             // on the shelf team: the only one whose members are candidates
	Since        time.Time          // the older, the earlier it is given out; then by ID
	LastAgent    string             // preferred if he is available; empty: no preference
	Requested    bool               // a handover was requested: given out in a mailbox that is not Automatic too
}

// Waiting returns what handing out needs to know of a conversation. It waits since the first unanswered customer message; one that has
// none, such as one unassigned after its answer, since its last activity. Preferred is who had it when a customer's message brought it
// back; whom to prefer otherwise is left to the caller.
func Waiting(c *conversation.Conversation) Chat {
	shelf := c.Shelf()
	if c.Waits() && shelf == conversation.ShelfDone { // it opens when it is given to somebody
		if shelf = conversation.ShelfWaiting; c.Team != "" {
			shelf = conversation.ShelfTeam
		}
	}
	return Chat{Conversation: c.ID, Mailbox: c.Mailbox, Method: c.Method, Shelf: shelf, Team: c.Team, Since: c.WaitsSince(), LastAgent: c.Prefer,
		Requested: !c.Handover.IsZero()}
}

func (c *Chat) waits() bool {
	return c.Shelf == conversation.ShelfWaiting || c.Shelf == conversation.ShelfTeam
}

// team returns the team whose members are the only candidates, if there is one.
func (c *Chat) team() string {
	if c.Shelf == conversation.ShelfTeam {
		return c.Team
	}
	return ""
}

// before orders chats: the longest waiting first.
func before(a, b *Chat) int {
	return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Conversation, b.Conversation))
}

// Pair is a conversation and the agent it is given to.
type Pair struct {
	Conversation string
	Agent        string
	Team         string // through which the agent was found: the conversation's own or its fallback; empty: as a member of the mailbox
}

// Availability is the answer to whether somebody could take a conversation now.
type Availability string

// The availabilities.
const (
	Available    Availability = "available"
	Nobody       Availability = "nobody"
	OutsideHours Availability = "outside_hours"
)
