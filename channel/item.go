package channel

import (
	"context"
	"time"

	"github.com/frontdesk-go/frontdesk/conversation"
)

// Item is one thing that a provider told us. Exactly one of the pointers is set.
type Item struct {
	Account  string    // which channel it is for
	Fallback string    // which channel it is for if Account is none, such as the pool that a number belongs to; "": no other
	Thread   string    // the thread's key; "" where the item is found by a provider's ID alone
	At       time.Time // the provider's time; zero where it gives none

	Message  *Message
	Receipt  *Receipt
	Reaction *Reaction
	Edit     *Edit
	Unsend   *Unsend
	Identity *IdentityChange
	Consent  *Consent
	Offer    *Offer
}

// Origin says who wrote a message that the provider delivered.
type Origin uint8

// The origins.
const (
	FromCustomer Origin = iota
	Echo                // by the business through us or another program: stored as outbound, opens no window
	Elsewhere           // by the business at the platform itself, such as in a marketplace's portal
)

// Message is a message that the provider delivered.
type Message struct {
	ID          string // the provider's; what is delivered twice has it twice
	Origin      Origin
	From        []conversation.Identity // the customer, the surest identity first; of an echo whom it went to
	Subject     string
	Text        string
	HTML        string
	Attachments []conversation.Attachment
	ReplyTo     string // provider's ID of the message it answers
	Button      string // payload of a pressed button or chosen row
	Unsupported string // the platform's name of a type that is not known: a placeholder is stored
	Automatic   bool   // an auto-reply or the like: makes nothing unread and gets no automatic answer
	Reference   string // of an echo: the reference that Send passed, if the provider gave it back

	Spam *SpamVerdict // what the mail server before us made of it, if it said so; it counts only where the channel trusts it
}

// SpamVerdict is what a mail server wrote into a message's headers. It has the fields of the spam package's Upstream.
type SpamVerdict struct {
	Spam  bool
	Score float64 // its own points; 0 if it told none
	Limit float64 // from how many points on it takes a message for spam; 0 if it told none
	By    string  // the header that said so
}

// Receipt is news of messages that were sent.
type Receipt struct {
	IDs       []string  // provider's IDs; or
	Watermark time.Time // everything sent in Thread up to it
	Reference string    // our message's ID, where the provider gave it back
	Delivery  conversation.Delivery
	Failure   *conversation.Failure
}

// Reaction sets or, with an empty Emoji, takes back one person's reaction.
type Reaction struct {
	ID    string // provider's ID of the message
	From  string // address
	Emoji string
}

// Edit replaces a message's text.
type Edit struct {
	ID   string
	Text string
}

// Unsend takes a message back: its content is erased, a tombstone stays.
type Unsend struct {
	ID string
}

// IdentityChange says that an address now belongs to whoever had another.
type IdentityChange struct {
	Old conversation.Identity
	New conversation.Identity
}

// Consent is a person's word on whether this channel may be used.
type Consent struct {
	From     conversation.Identity
	OptedOut bool
	Answered bool   // the provider has already confirmed it to the person
	Message  string // provider's ID of the message that said it, which comes first: if that was in already, so is this; "": none said it
}

// Offer replaces the actions that the platform offers in a thread.
type Offer struct {
	Actions []conversation.Action
}

// Outgoing is what is to be sent, before it is planned into parts.
type Outgoing struct {
	Message     string // our message's ID: the reference to pass along where the provider carries one
	Thread      string
	To          []conversation.Identity
	CC          []conversation.Identity
	BCC         []conversation.Identity
	Subject     string
	Text        string
	HTML        string
	Attachments []conversation.Attachment
	Template    *conversation.Template
	ReplyTo     string // provider's ID of the message it answers
	Human       bool   // written by a person: some windows are longer for them
	Tag         string // what the window demands outside its free time, such as "HUMAN_AGENT"

	// Open opens an attachment that the library holds, for drivers that hand its content to the provider; nil if it holds none. Such an
	// attachment also has a URL, good for a day, where the host has set that up. The caller closes the file's body. Error: ErrNotFound.
	Open func(ctx context.Context, a conversation.Attachment) (File, error) `json:"-"`
}

// Part is one call to the provider.
type Part struct {
	Outgoing
	Index int // from 0
	Of    int // parts of the message
}

// Sent is the provider's answer to a call.
type Sent struct {
	ID       string                  // the provider's ID of the part; "" where it gives none
	Delivery conversation.Delivery   // Sent unless the provider says more. Defaults to Sent
	To       []conversation.Identity // addresses as the provider corrected them
}
