package conversation

import (
	"slices"
	"time"
)

// Status says whether a conversation still needs a person.
type Status string

// The statuses. "Assigned" is open with an assignee, not a status of its own.
const (
	Open   Status = "open"
	Closed Status = "closed"
)

// Place is where a conversation is kept.
type Place string

// The places.
const (
	Inbox   Place = "inbox"
	Archive Place = "archive"
	Spam    Place = "spam"
	Trash   Place = "trash"
)

// Shelf is the one derived place that every conversation has: the first that applies, in the order of the constants.
type Shelf string

// The shelves.
const (
	ShelfTrash    Shelf = "trash"
	ShelfSpam     Shelf = "spam"
	ShelfArchive  Shelf = "archive"
	ShelfSnoozed  Shelf = "snoozed"
	ShelfDone     Shelf = "done"     // closed
	ShelfAssigned Shelf = "assigned" // has an agent
	ShelfTeam     Shelf = "team"     // has a team only
	ShelfWaiting  Shelf = "waiting"
)

// MethodInternal is the method of a conversation that has no channel: it takes whispers only.
const MethodInternal = "internal"

// Conversation is what agents work on. Its messages are kept apart; it holds what lists, counts and rules need.
type Conversation struct {
	ID      string `json:"id"`
	Number  int64  `json:"number"`  // short, for people; unique in the tenant, with gaps
	Mailbox string `json:"mailbox"` // ID
	Method  string `json:"method"`  // how the customer writes: sms, chat, email, …; MethodInternal without a channel

	Subject string `json:"subject,omitempty"`
	Preview string `json:"preview,omitempty"` // of the newest message that is not activity, at most 200 characters
	Latest  int64  `json:"latest,omitempty"`  // that message's sequence

	Threads  []Thread `json:"threads,omitempty"`  // the newest inbound's first
	Contacts []string `json:"contacts,omitempty"` // IDs
	Tags     []string `json:"tags,omitempty"`     // sorted
	Actions  []Action `json:"actions,omitempty"`  // what the platform offers at the moment

	Status   Status    `json:"status"`
	ClosedAt time.Time `json:"closedAt,omitzero"`  // when it was last closed
	Finished bool      `json:"finished,omitempty"` // closed by Complete
	Returned bool      `json:"returned,omitempty"` // a customer answered after Complete; ended by archiving

	Agent     string `json:"agent,omitempty"`     // assignee
	Team      string `json:"team,omitempty"`      // assignee
	LastAgent string `json:"lastAgent,omitempty"` // who had it before it was given to somebody else or taken away
	Prefer    string `json:"prefer,omitempty"`    // who had it when a customer's message brought it back: the first to be given it again

	Handover time.Time `json:"handover,omitzero"` // when an agent was asked for, by a bot; until it is closed

	Type     string    `json:"type,omitempty"`     // ID of its type
	Stage    string    `json:"stage,omitempty"`    // ID of one of its type's statuses; Status says whether it needs a person
	Priority int       `json:"priority,omitempty"` // 1 (lowest) to 5 (highest); 0: none
	Deadline time.Time `json:"deadline,omitzero"`
	FollowUp time.Time `json:"followUp,omitzero"` // resubmission: when it returns, unread for everybody

	Folders     []string         `json:"folders,omitempty"`     // IDs, sorted
	Pinned      []string         `json:"pinned,omitempty"`      // by which agents, sorted
	Owners      []Owner          `json:"owners,omitempty"`      // sorted
	Subscribers []string         `json:"subscribers,omitempty"` // SubscriberAgent or SubscriberRole, sorted
	Links       []Link           `json:"links,omitempty"`       // to the host's records, sorted
	Suggestions []Link           `json:"suggestions,omitempty"` // links that a customer's text suggests and nobody has confirmed; no list knows them
	Labels      []string         `json:"labels,omitempty"`      // those of its contacts, sorted, the first MaxLabels; the others are on the contacts only
	Fields      map[string]Value `json:"fields,omitempty"`      // custom fields, by ID
	Free        int              `json:"free,omitempty"`        // minutes captured that nobody pays
	Paid        int              `json:"paid,omitempty"`        // minutes captured that are billed
	Hold        bool             `json:"hold,omitempty"`        // legal hold: nothing of it is erased or archived by itself

	Place  Place `json:"place"`
	Former Place `json:"former,omitempty"` // where restoring leads; empty: to the inbox

	Snoozed time.Time `json:"snoozed,omitzero"` // until when; zero: awake
	Asleep  bool      `json:"asleep,omitempty"` // an inbound message does not wake it

	Attention Mark    `json:"attention,omitzero"` // the last entry that makes unread
	Readers   Readers `json:"readers,omitzero"`   // since Attention

	Sequence     int64     `json:"sequence"`              // of the last timeline entry, without gaps from 1
	Messages     int       `json:"messages"`              // inbound, outbound and whispered
	Failed       int       `json:"failed,omitempty"`      // failed messages not yet retried or dismissed
	WaitingSince time.Time `json:"waitingSince,omitzero"` // the first unanswered customer message

	Pending []string `json:"pending,omitempty"` // IDs of scheduled messages, and of those queued that a customer's answer still cancels

	Answered time.Time `json:"answered,omitzero"` // when an agent last answered the customer
	Reminded time.Time `json:"reminded,omitzero"` // when the last automatic follow-up was sent
	Paused   bool      `json:"paused,omitempty"`  // it is neither followed up nor closed by itself

	Judged Judgement `json:"judged,omitempty"` // who said last whether it is spam; empty: nobody

	Erasing time.Time `json:"erasing,omitzero"` // since when it is being erased for good

	Noticed    time.Time `json:"noticed,omitzero"`    // the waiting-since of the spell in which an automatic answer was sent
	Untaken    time.Time `json:"untaken,omitzero"`    // when it was told that no agent has it; ends when one takes it, or it leaves the inbox
	Unanswered time.Time `json:"unanswered,omitzero"` // the waiting-since of the spell in which it was told that the customer has no answer

	Into  string   `json:"into,omitempty"`  // the conversation that this one is merged into
	Parts []string `json:"parts,omitempty"` // the conversations merged into this one

	Created  time.Time `json:"created"`
	Changed  time.Time `json:"changed"`  // at every commit; never goes back
	Activity time.Time `json:"activity"` // its position in lists; never goes back
}

// Thread ties a conversation to a platform's own thread with somebody.
type Thread struct {
	Channel     string      `json:"channel"`
	Key         string      `json:"key"`
	To          []Identity  `json:"to,omitempty"`         // who an answer goes to
	LastInbound time.Time   `json:"lastInbound,omitzero"` // the provider's time of the last customer message; windows count from it
	Answers     []time.Time `json:"answers,omitempty"`    // when it was answered since, at most the last maxAnswers
	Delivered   time.Time   `json:"delivered,omitzero"`   // watermark: everything sent up to it is delivered
	Read        time.Time   `json:"read,omitzero"`        // watermark: everything sent up to it is read
}

// Action is something the platform offers to do in a thread, such as accepting a dispute's claim.
type Action struct {
	ID    string `json:"id"`              // the driver's
	Label string `json:"label,omitempty"` // for people
	Input string `json:"input,omitempty"` // "" none, "text" a note, "amount" a sum of money
}

// Owner is an agent's responsibility for a conversation.
type Owner struct {
	Role  string `json:"role"` // ID
	Agent string `json:"agent"`
}

// SubscriberAgent and SubscriberRole name a subscriber of a conversation.
func SubscriberAgent(agent string) string { return "agent/" + agent }
func SubscriberRole(role string) string   { return "role/" + role }

// Link ties a conversation or a contact to a record of the host's: an order, a ticket, a payment.
type Link struct {
	Kind string `json:"kind"` // such as "order"
	ID   string `json:"id"`   // the host's
	By   LinkBy `json:"by"`
}

// LinkBy says how a link came about.
type LinkBy string

// How links come about.
const (
	ByHand      LinkBy = "hand"
	ByRecipient LinkBy = "recipient" // the conversation was begun to a recipient of the record
	ByMatch     LinkBy = "match"     // the host knows the record by the customer's address
	ByCapture   LinkBy = "capture"   // found in a customer's text
)

// Record names a link's record as lists know it.
func (l Link) Record() string { return l.Kind + "/" + l.ID }

// Value is what a custom field holds.
type Value struct {
	Values     []string `json:"values"`               // in the canonical form of the field's type; one, but for lists
	Unverified bool     `json:"unverified,omitempty"` // the platform does not vouch for it
	Suggested  bool     `json:"suggested,omitempty"`  // found in a text and not yet confirmed by a person
}

// Mark is a timeline entry that makes unread.
type Mark struct {
	Sequence int64     `json:"seq"`
	At       time.Time `json:"at"`
}

// Readers says who has read since Attention. Absent means unread, also for agents who join later.
type Readers struct {
	All     bool     `json:"all,omitempty"`     // read for everybody but the agents named
	Agents  []string `json:"agents,omitempty"`  // who has read; with All, who has not. Sorted
	Anybody bool     `json:"anybody,omitempty"` // somebody has read: what the global read status looks at
}

// Shelf returns the conversation's derived place.
func (c *Conversation) Shelf() Shelf {
	switch {
	case c.Place == Trash:
		return ShelfTrash
	case c.Place == Spam:
		return ShelfSpam
	case c.Place == Archive:
		return ShelfArchive
	case !c.Snoozed.IsZero():
		return ShelfSnoozed
	case c.Status == Closed:
		return ShelfDone
	case c.Agent != "":
		return ShelfAssigned
	case c.Team != "":
		return ShelfTeam
	}
	return ShelfWaiting
}

// InInbox reports whether the conversation is on one of the inbox's shelves: waiting, team or assigned.
func (c *Conversation) InInbox() bool {
	switch c.Shelf() {
	case ShelfWaiting, ShelfTeam, ShelfAssigned:
		return true
	}
	return false
}

// Thread returns the thread of a channel and key.
func (c *Conversation) Thread(channel, key string) (Thread, bool) {
	i := c.thread(channel, key)
	if i < 0 {
		return Thread{}, false
	}
	return c.Threads[i], true
}

func (c *Conversation) thread(channel, key string) int {
	return slices.IndexFunc(c.Threads, func(t Thread) bool { return t.Channel == channel && t.Key == key })
}

// Clone returns a conversation that shares no memory with c.
func (c Conversation) Clone() Conversation {
	c.Threads = slices.Clone(c.Threads)
	for i := range c.Threads {
		c.Threads[i].To = slices.Clone(c.Threads[i].To)
		c.Threads[i].Answers = slices.Clone(c.Threads[i].Answers)
	}
	c.Contacts = slices.Clone(c.Contacts)
	c.Tags = slices.Clone(c.Tags)
	c.Actions = slices.Clone(c.Actions)
	c.Folders = slices.Clone(c.Folders)
	c.Pinned = slices.Clone(c.Pinned)
	c.Owners = slices.Clone(c.Owners)
	c.Subscribers = slices.Clone(c.Subscribers)
	c.Links = slices.Clone(c.Links)
	c.Suggestions = slices.Clone(c.Suggestions)
	c.Labels = slices.Clone(c.Labels)
	c.Fields = cloneFields(c.Fields)
	c.Parts = slices.Clone(c.Parts)
	c.Pending = slices.Clone(c.Pending)
	c.Readers.Agents = slices.Clone(c.Readers.Agents)
	return c
}
