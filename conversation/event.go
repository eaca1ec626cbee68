package conversation

import "time"

// Event is what happened, told once it is committed. It holds IDs and codes, never text or addresses.
type Event struct {
	Type         string    `json:"type"` // one of the Event constants
	At           time.Time `json:"at"`
	Actor        Actor     `json:"actor"` // without its name
	Conversation string    `json:"conversation,omitempty"`
	Message      string    `json:"message,omitempty"`
	Contact      string    `json:"contact,omitempty"`
	Mailbox      string    `json:"mailbox,omitempty"`
	Subject      string    `json:"subject,omitempty"` // the ID of what else it is about, such as a setting's document
	From         string    `json:"from,omitempty"`    // the old value's code or ID
	To           string    `json:"to,omitempty"`      // the new value's
}

// The types of events.
const (
	EventCreated     = "conversation.created"
	EventOpened      = "conversation.opened"
	EventClosed      = "conversation.closed"
	EventFinished    = "conversation.finished" // completed
	EventReturned    = "conversation.returned" // a customer answered after completion
	EventAssigned    = "conversation.assigned" // From and To: agent, then team after a slash
	EventHandover    = "conversation.handover" // an agent was asked for. To: whether one is available
	EventMoved       = "conversation.moved"    // From and To: places
	EventSnoozed     = "conversation.snoozed"  // To: until when, RFC 3339
	EventWoken       = "conversation.woken"
	EventTagged      = "conversation.tagged"      // From and To: tags, joined by commas
	EventFollowUp    = "conversation.followup"    // To: when it returns, RFC 3339
	EventDue         = "conversation.due"         // its follow-up's time has come
	EventDeadline    = "conversation.deadline"    // From and To: RFC 3339
	EventPriority    = "conversation.priority"    // From and To: 0 to 5
	EventTyped       = "conversation.typed"       // From and To: type, then stage after a slash
	EventHold        = "conversation.hold"        // From and To: on, off
	EventFiled       = "conversation.filed"       // From and To: folders for all, joined by commas; both empty: the actor's personal ones
	EventOwners      = "conversation.owners"      // From: who no longer is, To: who is now; role, then agent after a slash
	EventSubscribers = "conversation.subscribers" // From: who no longer is, To: who is now
	EventLinked      = "conversation.linked"      // From: records it is no longer tied to, To: those it is now; kind, then ID after a slash
	EventRuled       = "conversation.ruled"       // a rule's step tells of it. Subject: the rule's document
	EventPinned      = "conversation.pinned"      // by the actor. From and To: on, off
	EventAlert       = "conversation.alert"       // somebody waits too long. To: AlertUntaken, AlertUnanswered

	EventMerged   = "conversation.merged"   // From: what was merged, joined by commas; To: into what
	EventUnmerged = "conversation.unmerged" // From: the conversation that it was merged into; To: the one that left
	EventErased   = "conversation.erased"   // for good; its messages follow
	EventPaused   = "conversation.paused"   // To: paused or resumed
	EventNudged   = "conversation.nudged"   // From: follow-up or close; To: a Nudge's outcome

	EventRead    = "conversation.read"
	EventUnread  = "conversation.unread"
	EventOffered = "conversation.offered" // To: action IDs, joined by commas

	EventReceived  = "message.received"  // incoming
	EventOutgoing  = "message.outgoing"  // accepted for sending
	EventScheduled = "message.scheduled" // accepted for later; To: when, RFC 3339
	EventCancelled = "message.cancelled" // before it left; To: "answer" if a customer's answer did it
	EventWhispered = "message.whispered" //
	EventEchoed    = "message.echoed"    // sent by the business, not through us
	EventDelivery  = "message.delivery"  // From and To: delivery states
	EventFailed    = "message.failed"    // To: the failure's class
	EventRetried   = "message.retried"
	EventDismissed = "message.dismissed"
	EventEdited    = "message.edited"
	EventUnsent    = "message.unsent"
	EventReacted   = "message.reacted"
	EventWiped     = "message.erased" // for good, after its time in trash
	EventFile      = "message.file"   // Subject: which of its files, from 0; To: the file's state
	EventRecord    = "message.record" // Subject: which of its files, from 0; From or To: the record it was or is linked to

	EventTrashed       = "message.trashed"  // Subject: the message
	EventRestored      = "message.restored" // from the trash. Subject: the message
	EventMessageTagged = "message.tagged"   // From and To: tags, joined by commas
	EventMinutes       = "message.minutes"  // From and To: minutes, and whether they are free or paid

	EventFields    = "conversation.fields"    // To: field IDs, joined by commas
	EventSuggested = "conversation.suggested" // To: records that a text names, joined by commas
	EventJudged    = "conversation.judged"    // From: the record or field that was suggested; To: confirmed or rejected
	EventLabelled  = "conversation.labelled"  // From and To: the labels of its contacts, joined by commas

	EventContact   = "contact.created"
	EventIdentity  = "contact.identity"
	EventConsent   = "contact.consent" // Subject: the channel; To: "in", "out" or "asked"
	EventProfile   = "contact.changed" // Subject: name, fields, labels, link, unlink, block or unblock; To: IDs, joined by commas
	EventJoined    = "contact.merged"  // From: the contact that was merged, To: into which
	EventParted    = "contact.unmerged"
	EventNoted     = "contact.noted"     // Message: the note, in the profile or in a conversation
	EventForgotten = "contact.forgotten" // Subject: the receipt
	EventSetting   = "setting.changed"
	EventViewedAs  = "agent.viewed"   // an admin looked at the lists as an agent sees them. Subject: the agent's document
	EventPresence  = "agent.presence" // Subject: the agent. From and To: online, away, offline
)
