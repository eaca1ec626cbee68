package frontdesk

import (
	"time"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/retention"
	"github.com/frontdesk-go/frontdesk/routing"
)

// Actor is who calls. The host vouches for it: the Desk checks what an actor may do, never who he is.
type Actor struct {
	Tenant     string
	Agent      string // the ID of an agent; or
	Automation string // the name of a bot or rule; neither: see System
	system     bool
	as         string // the agent whose list is looked at; see ViewAs
	record     string // the record through which it is read; see FromRecord
}

// System is the host itself acting for a tenant. It may do everything, and is the way in before anybody is an admin.
func System(tenant string) Actor { return Actor{Tenant: tenant, system: true} }

// Mailbox is a shop, location or brand of a tenant: its members answer what comes in on its channels.
type Mailbox struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`

	Start        conversation.Status `json:"start,omitempty"`        // the status a new conversation starts in. Defaults to open; closed lets a bot answer first
	StartNew     bool                `json:"startNew,omitempty"`     // a message on a closed conversation starts a new one instead of reopening it
	NewAfterDays int                 `json:"newAfterDays,omitempty"` // it starts a new one when the conversation was closed for longer, 1–1,826 days; 0: never
	ReadOnAnswer bool                `json:"readOnAnswer,omitempty"` // opening does not mark as read; an answer by anybody clears for all

	Retention retention.Override `json:"retention,omitzero"` // what it sets apart from Settings.Retention
	FollowUp  AutoFollowUp       `json:"followUp,omitzero"`  // what happens when a customer stays silent after an answer. Defaults to nothing
	// Slots is how many conversations an agent may hold, in all mailboxes, to be given another one of this mailbox, 0–1,000. Defaults to 0:
	// people take them themselves. AssignOnFirst gives them out as they come in; without it, those for which a handover was requested.
	Slots         int            `json:"slots,omitempty"`
	AssignOnFirst bool           `json:"assignOnFirst,omitempty"`
	PreferLast    bool           `json:"preferLast,omitempty"` // the agent whom the contact had last is preferred, if he is available
	InHours       bool           `json:"inHours,omitempty"`    // they are given out within Hours only
	Handover      HandoverAccess `json:"handover,omitzero"`    // how bots ask for an agent over HTTP

	Country string `json:"country,omitempty"` // ISO 3166-1 code, such as "DE", of phone numbers that are given without one

	Hours  routing.Hours  `json:"hours,omitzero"`  // when it is open. Defaults to no hours: always
	Alerts routing.Alerts `json:"alerts,omitzero"` // who waits too long, in business time: each 1 minute to 365 days, or 0 for never. Told as conversation.EventAlert

	Methods []string `json:"methods,omitempty"` // how people write here; kept by the Desk from the mailbox's channels
}

// HandoverAccess lets a bot platform ask for an agent over HTTP, and be told whether there is one. See Desk.Webhooks.
type HandoverAccess struct {
	Secret      string `json:"secret,omitempty"`      // a reference, resolved by Config.Secrets, to what requests carry as their bearer token. Defaults to none: the address is not there
	EventURL    string `json:"eventUrl,omitempty"`    // a public https address that is told the answer, too; at most 2,000 bytes. Defaults to none
	EventSecret string `json:"eventSecret,omitempty"` // a reference to what signs it, "whsec_" and base64 as package webhook says; needed with EventURL
}

// Settings are a tenant's own.
type Settings struct {
	GlobalRead     bool `json:"globalRead,omitempty"`     // what one agent reads is read for all
	WhisperDefault bool `json:"whisperDefault,omitempty"` // a draft that does not say otherwise is a whisper
	UndoSeconds    int  `json:"undoSeconds,omitempty"`    // how long what an agent sends can be taken back before it leaves, 0–600 s. Defaults to 0: it leaves at once

	// DutyOnly has conversations handed out only to agents who are on duty by the Roster. They can still be assigned by hand.
	DutyOnly bool `json:"dutyOnly,omitempty"`

	AutoReplies bool `json:"autoReplies,omitempty"` // some are in use; kept by SaveAutoReplies
	FirstRule   bool `json:"firstRule,omitempty"`   // only the first rule that matches an event acts. Defaults to all that match

	Spam SpamSettings `json:"spam,omitzero"`

	Notices NoticeRules `json:"notices,omitzero"` // who is not told of what comes in, and how long notices are kept

	Retention retention.Policy `json:"retention,omitzero"` // when trash is erased and what is idle is archived, each 1–1,826 days. Defaults to never

	IdleMinutes int              `json:"idleMinutes,omitempty"` // after how long without an action an agent counts as away, 1–1,440; -1: never. Defaults to 10
	GiveBack    routing.Presence `json:"giveBack,omitempty"`    // from when on what an agent holds waits again: routing.Away or routing.Offline. Defaults to never
}

// Role is what an agent may do.
type Role string

// The roles.
const (
	Owner    Role = "owner"    // everything
	Admin    Role = "admin"    // everything
	Member   Role = "agent"    // works in his mailboxes
	ReadOnly Role = "readonly" // reads in his mailboxes
)

// Agent is somebody who answers.
type Agent struct {
	ID        string   `json:"id"`
	Name      string   `json:"name"`
	Alias     string   `json:"alias,omitempty"`     // the name that customers see. Defaults to Name
	Role      Role     `json:"role"`                // Defaults to Member
	Mailboxes []string `json:"mailboxes,omitempty"` // where he has a role
	Teams     []string `json:"teams,omitempty"`
	Inactive  bool     `json:"inactive,omitempty"` // may do nothing and cannot be assigned; keeps his settings

	// Messaging is the messaging permission: the methods, such as "sms", that he may answer by, in each of his mailboxes. What it does not
	// name he does not see in lists; see FromRecord. channel.Methods lists them. nil permits every method of his mailboxes; an empty map permits none.
	// Defaults to nil.
	Messaging map[string][]string `json:"messaging,omitzero"`
	Scope     Scope               `json:"scope,omitempty"`   // what of that he sees. Defaults to everything; not for owners and admins
	Modules   []Module            `json:"modules,omitempty"` // the parts of the program he is limited to. Defaults to all; not for owners

	Home string `json:"home,omitempty"` // the mailbox, one that he sees, whose messages without a record he is told of; see Notice. Defaults to none
}

// Scope is what an agent sees of what comes in where he may answer.
type Scope string

// The scopes. His own is what is assigned to him, and what he owns or has subscribed to, by himself or through a role.
const (
	ScopeAll  Scope = ""
	ScopeTeam Scope = "team" // what is assigned to one of his teams, and his own
	ScopeOwn  Scope = "own"  // his own
)

// Module is a part of the program that an agent can be limited to. Who is limited may still read what every part needs: agents, mailboxes,
// channels, tags and settings.
type Module string

// The modules.
const (
	ModuleInbox    Module = "inbox"    // conversations: reading, answering, views, saved replies
	ModuleContacts Module = "contacts" // contacts
	ModuleExports  Module = "exports"  // exports
	ModuleSettings Module = "settings" // settings, where the role may change them
)

// Team is a group of agents.
type Team struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`

	// What is assigned to the team goes to its available members; if there is none, to those of Fallback, another team; and if there is
	// none either, to anybody of the mailbox where ToMailbox is set.
	Away       bool   `json:"away,omitempty"`       // members who are away are given conversations too
	Fallback   string `json:"fallback,omitempty"`   // ID of a team; its own fallback is not followed
	ToMailbox  bool   `json:"toMailbox,omitempty"`  //
	PreferLast bool   `json:"preferLast,omitempty"` // the agent whom the contact had last is preferred, if he is available
}

// Channel is one connected sending and receiving identity: a number, a page, an address, a marketplace account.
type Channel struct {
	ID      string `json:"id"`   // given by AddChannel
	Kind    string `json:"kind"` // of a driver in Config.Drivers
	Name    string `json:"name,omitempty"`
	Mailbox string `json:"mailbox"`
	Account string `json:"account"` // the identity at the provider, in the form its driver documents
	Secret  string `json:"secret"`  // a reference, resolved by Config.Secrets; never the secret itself

	Options   map[string]string `json:"options,omitempty"`   // as the driver documents
	Default   bool              `json:"default,omitempty"`   // the mailbox's channel for outgoing messages. There is one: the last that was set takes it from the other
	Inactive  bool              `json:"inactive,omitempty"`  // sends and receives nothing
	OptIn     bool              `json:"optIn,omitempty"`     // double opt-in: automation and the system write, and an agent writes first, only to who has answered AskConsent with yes
	OptInText string            `json:"optInText,omitempty"` // what AskConsent sends, at most 1,000 bytes. Defaults to an English sentence
	Templates []Template        `json:"templates,omitempty"` // approved by the platform; the first is the channel's default
	PollEvery time.Duration     `json:"pollEvery,omitempty"` // how often to ask the provider for what no webhook brought, 1 s to 7 days. Defaults to 5 minutes where the driver can; negative: never

	Layouts   []Layout      `json:"layouts,omitempty"`   // signature and frame of what goes out, by language; at most 50. Defaults to none
	Rules     channel.Rules `json:"rules,omitzero"`      // the tenant's own, beside those of the driver. Defaults to none
	Premium   bool          `json:"premium,omitempty"`   // files go out although they make a message cost more, as MMS does
	Addressed bool          `json:"addressed,omitempty"` // only addresses that somebody gave are written to: a contact or record that is named besides is tied to the conversation, and gets nothing there
	Quiet     bool          `json:"quiet,omitempty"`     // of what comes in here nobody is told; see Notice

	// Allowed are the only senders that may begin a conversation here: addresses, or "@example.com" for everybody of a domain, at most
	// 500. What another one begins, or one for whose mail address the channel does not vouch, is spam, where people find it. Defaults to
	// everybody.
	Allowed []string `json:"allowed,omitempty"`

	// What a conversation has that begins here, at most 50 of each list.
	Tags        []string             `json:"tags,omitempty"`
	Subscribers []string             `json:"subscribers,omitempty"` // conversation.SubscriberAgent or SubscriberRole
	Owners      []conversation.Owner `json:"owners,omitempty"`
	Type        string               `json:"type,omitempty"`
	Stage       string               `json:"stage,omitempty"` // one of the type's, so not without it

	Removed time.Time `json:"removed,omitzero"` // when RemoveChannel disconnected it; its conversations stay

	TrustSpamHeaders bool `json:"trustSpamHeaders,omitempty"` // the mail server's verdicts count: it removes those that senders wrote themselves

	Method string `json:"method"` // from the driver's capabilities
	Token  string `json:"token"`  // of the channel's own webhook address
}

// Template is a message that the platform has approved for a channel.
type Template struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace,omitempty"`
	Language  string `json:"language,omitempty"`
	Params    int    `json:"params,omitempty"` // of its body
}

// Draft is what somebody wants to send.
type Draft struct {
	Text        string // with {{field}} and {{field|fallback}}, unless Verbatim
	HTML        string
	Subject     string
	Attachments []conversation.Attachment
	Template    *conversation.Template // instead of Text; an empty name stands for the channel's default
	Whisper     bool                   // an internal message, never handed to a channel
	Public      bool                   // not a whisper, where the tenant's settings make whispers the default

	Channel string // ID; Defaults to the thread's own, or the mailbox's default
	ReplyTo string // the message it answers
	CC, BCC []string
	To      []string // more recipients, where the channel lets them be edited

	Language    string // BCP 47: chooses the channel's layout. Defaults to the saved reply's
	NoSignature bool   // leaves the channel's layout away

	Reply    string        // ID of a saved reply to send instead of Text
	Verbatim bool          // braces in Text are text
	Missing  MissingPolicy // what a field without a value does. Defaults to MissingError

	Tags     []string // of the message itself
	Mentions []string // of a whisper: agents by ID, and teams as "team/" and the ID, at most MaxMentions, beside those that Text names; see conversation.Mentions

	Minutes int  // of work that a whisper stands for, at most conversation.MaxMinutes; one of its tags must be billable
	Paid    bool // the minutes are billed

	At             time.Time     // when it is to leave, at most MaxAhead ahead. Defaults to at once
	CancelOnAnswer bool          // with At: a customer's message that comes before cancels it
	Undo           time.Duration // instead of At: how long it can be taken back before it leaves, at most MaxUndo. Defaults to the tenant's UndoSeconds for agents; negative: not at all

	Key  string   // the caller's: the same key sends once, however often it is called, for as long as the message lives
	Then []Action // done in the same commit

	origin, forwards, filesOf string // of a forwarded message: what stands under the text, its ID, and the channel that its files came on
	of                        []string
	asks                      bool // it asks for consent, which therefore is not there yet
}

// MissingPolicy says what becomes of a field without a value and without a fallback.
type MissingPolicy string

// The policies.
const (
	MissingError MissingPolicy = ""      // the draft is refused, naming the fields
	MissingBlank MissingPolicy = "blank" // nothing stands in its place
	MissingKeep  MissingPolicy = "keep"  // the field stays as it was written
)

// Action is a change to a conversation that can be made by itself or in the same act as sending.
type Action = conversation.Command

// The actions.
type (
	Assign    = conversation.Assign
	SetStatus = conversation.SetStatus
	Complete  = conversation.Complete
	Archive   = conversation.ToArchive
	Spam      = conversation.ToSpam
	Trash     = conversation.ToTrash
	Restore   = conversation.Restore
	Snooze    = conversation.Snooze
	Wake      = conversation.Wake
	Tag       = conversation.ChangeTags

	SetFollowUp       = conversation.SetFollowUp
	SetDeadline       = conversation.SetDeadline
	SetPriority       = conversation.SetPriority
	SetType           = conversation.SetType
	SetHold           = conversation.SetHold // needs an admin
	ChangeFolders     = conversation.ChangeFolders
	ChangeOwners      = conversation.ChangeOwners
	ChangeSubscribers = conversation.ChangeSubscribers
	ChangeLinks       = conversation.ChangeLinks
	Pin               = conversation.Pin
	Unpin             = conversation.Unpin
)

// Start is a conversation begun by the business.
type Start struct {
	Channel string // ID; Defaults to the mailbox's default. Without a channel, contact and address it is internal: whispers only
	Mailbox string // Defaults to the channel's
	Contact string // ID of one whom the caller sees, or with whom nobody has a conversation; or
	Address string // a bare address on the channel
	Draft   Draft
}

// Conversation is one conversation as an agent sees it.
type Conversation struct {
	conversation.Conversation
	Unread   bool                   // for the caller
	Shelf    conversation.Shelf     // where it is listed
	People   []conversation.Contact // of Contacts, in a single read; empty in lists
	Windows  []WindowState          // of its threads, in a single read; empty in lists
	Internal bool                   // it has no channel and takes whispers only
	Waited   time.Duration          // how long the customer has waited for an answer, in the mailbox's business time; in readings
}

// WindowState says whether one may answer on a thread now.
type WindowState struct {
	Channel string
	Thread  string
	channel.Access
}

// Page is a part of a list.
type Page[T any] struct {
	Items []T
	Next  string // cursor of the next page; "" at the end
	Prev  string // cursor of the page before, of lists of conversations; "" at the beginning
}

// Counts are unread conversations in the inbox, as far as the caller may see them.
type Counts struct {
	All        int64
	Mine       int64
	Unassigned int64
	Mailboxes  map[string]int64
	Teams      map[string]int64 // of the caller's teams; of all teams for admins
	More       bool             // there are more than are counted, of those that he sees only as their subscriber or owner; never without a Scope
}

// Event is what happened, with its position in the tenant's feed. Positions have no gaps.
type Event struct {
	Tenant   string
	Position int64
	conversation.Event
}

// SavedReply is a text that agents insert.
type SavedReply struct {
	ID          string                    `json:"id"`
	Title       string                    `json:"title"`
	Content     string                    `json:"content"`
	Shortcut    string                    `json:"shortcut,omitempty"` // unique among those for the same team, agent or everybody
	Team        string                    `json:"team,omitempty"`     // only for this team
	Agent       string                    `json:"agent,omitempty"`    // only for this agent
	Language    string                    `json:"language,omitempty"` // BCP 47
	Attachments []conversation.Attachment `json:"attachments,omitempty"`
}
