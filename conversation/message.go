package conversation

import (
	"slices"
	"time"
)

// Direction says which way a timeline entry went.
type Direction string

// The directions.
const (
	Inbound  Direction = "inbound"
	Outbound Direction = "outbound"
	Whisper  Direction = "whisper"  // internal; never handed to a channel
	Activity Direction = "activity" // a change, told on the timeline
	Note     Direction = "note"     // made on a contact's profile; internal
)

// ActorKind is what kind of somebody acts.
type ActorKind string

// The kinds of actors.
const (
	ByAgent      ActorKind = "agent"
	ByAutomation ActorKind = "automation"
	BySystem     ActorKind = "system"
	ByContact    ActorKind = "contact"
)

// Actor is who did something.
type Actor struct {
	Kind     ActorKind `json:"kind"`
	ID       string    `json:"id,omitempty"`
	Name     string    `json:"name,omitempty"`
	Initials string    `json:"initials,omitempty"` // of agents: the first graphemes of the name's words
}

// Message is one entry of a conversation's timeline.
type Message struct {
	ID           string    `json:"id"`
	Conversation string    `json:"conversation"`
	Sequence     int64     `json:"seq"` // place in the timeline, from 1, without gaps
	Direction    Direction `json:"direction"`

	Channel string `json:"channel,omitempty"` // ID; empty for whispers and activity
	Thread  string `json:"thread,omitempty"`  // the thread's key

	At     time.Time `json:"at"`     // the provider's time, or ours for what began here
	Stored time.Time `json:"stored"` // ours
	Author Actor     `json:"author"`

	Subject     string       `json:"subject,omitempty"`
	Text        string       `json:"text,omitempty"`
	HTML        string       `json:"html,omitempty"`
	Attachments []Attachment `json:"attachments,omitempty"`
	Files       []File       `json:"files,omitempty"`  // what is kept of each attachment; empty if nothing of any is
	Linked      []FileLink   `json:"linked,omitempty"` // of its files to records, by file, kind and ID
	Template    *Template    `json:"template,omitempty"`
	ReplyTo     string       `json:"replyTo,omitempty"`     // the message it answers
	Button      string       `json:"button,omitempty"`      // payload of a pressed button or chosen row
	Unsupported string       `json:"unsupported,omitempty"` // the platform's name of a kind we do not know: this entry is its placeholder

	To  []Identity `json:"to,omitempty"`
	CC  []Identity `json:"cc,omitempty"`
	BCC []Identity `json:"bcc,omitempty"`

	ProviderID string     `json:"providerId,omitempty"` // of an inbound or echoed message
	Echo       bool       `json:"echo,omitempty"`       // sent by the business, but not through us
	Automatic  bool       `json:"automatic,omitempty"`  // an auto-reply, a bounce, a list mail: makes nothing unread
	Tags       []string   `json:"tags,omitempty"`
	Reactions  []Reaction `json:"reactions,omitempty"`
	Edited     time.Time  `json:"edited,omitzero"`
	Erased     time.Time  `json:"erased,omitzero"` // its content was taken back and is gone

	Trashed   time.Time `json:"trashed,omitzero"`    // when it was put into the trash
	TrashedIn string    `json:"trashedIn,omitempty"` // whose: the mailbox's ID
	Minutes   int       `json:"minutes,omitempty"`   // of work that a whisper stands for
	Paid      bool      `json:"paid,omitempty"`      // they are billed

	Delivery  Delivery `json:"delivery,omitempty"` // outbound only
	Failure   *Failure `json:"failure,omitempty"`  // why Delivery is Failed or Unknown
	Parts     []Part   `json:"parts,omitempty"`    // what the provider was given, in order
	Dismissed bool     `json:"dismissed,omitempty"`
	Key       string   `json:"key,omitempty"`  // the caller's idempotency key
	Test      bool     `json:"test,omitempty"` // a test send: it belongs to no conversation

	Due      time.Time `json:"due,omitzero"`       // when a scheduled message leaves, or was to leave
	OnAnswer bool      `json:"onAnswer,omitempty"` // a customer's answer cancels it if it has not left
	Doubted  bool      `json:"doubted,omitempty"`  // a person had it sent again while nobody knew whether it had arrived
	Forwards string    `json:"forwards,omitempty"` // ID of the message it forwards

	About string `json:"about,omitempty"` // of a note: the contact's ID

	Mentions []string `json:"mentions,omitempty"` // of a whisper: the agents it mentions, by ID, sorted

	Event *Event `json:"event,omitempty"` // activity only: what it tells

	Changed time.Time `json:"changed"`           // at every commit; never goes back
	Prior   *Unread   `json:"prior,omitempty"`   // set on an entry that made unread: the state it replaced
	Waiting time.Time `json:"waiting,omitzero"`  // set on an answer: the waiting-since it ended
	Readers *Readers  `json:"readers,omitempty"` // set in the trash on the entry that made unread: who had read it
	Of      []string  `json:"of,omitempty"`      // whom it repeats or goes to beside its conversation's customers: IDs of contacts, names of addresses
}

// Attachment is a file of a message. Its content stays with the provider or the host until it is asked for.
type Attachment struct {
	ID   string `json:"id,omitempty"`   // the provider's
	URL  string `json:"url,omitempty"`  // where it is fetched or, outbound, where the provider may fetch it
	Name string `json:"name,omitempty"` // untrusted file name
	Type string `json:"type,omitempty"` // MIME type as announced
	Size int64  `json:"size,omitempty"` // bytes as announced; 0: not known
	Hash string `json:"hash,omitempty"` // SHA-256 in hex as announced
}

// Template names a message that the platform has approved.
type Template struct {
	Name      string   `json:"name"`
	Namespace string   `json:"namespace,omitempty"`
	Language  string   `json:"language,omitempty"`
	Params    []string `json:"params,omitempty"` // body parameters in order
}

// Reaction is one person's emoji on a message.
type Reaction struct {
	From  string    `json:"from"` // address
	Emoji string    `json:"emoji"`
	At    time.Time `json:"at"`
}

// Part is one call to the provider: most messages have one, a text with files may need several.
type Part struct {
	ProviderID string   `json:"providerId,omitempty"`
	Delivery   Delivery `json:"delivery"`
	Failure    *Failure `json:"failure,omitempty"`
	Tries      int      `json:"tries,omitempty"` // so far; each may have reached the provider
}

// Failure says why something was not delivered, in codes; the provider's text is for people.
type Failure struct {
	Class  string `json:"class"`            // the channel package's error class
	Code   string `json:"code,omitempty"`   // the provider's code
	Detail string `json:"detail,omitempty"` // the provider's words
	Retry  bool   `json:"retry,omitempty"`  // whether sending it again may help
}

// Visible reports whether the entry shows in lists as the latest message: all but activity, notes, what was erased, what is in the trash, what
// waits for its time and what was cancelled.
func (m *Message) Visible() bool {
	return m.Direction != Activity && m.Direction != Note && !m.gone() && m.Delivery != Scheduled && m.Delivery != Cancelled
}

func (m *Message) gone() bool { return !m.Erased.IsZero() || !m.Trashed.IsZero() }

// Left reports whether a provider may have heard of an outbound message: from then on it can be neither changed nor cancelled.
func (m *Message) Left() bool {
	switch m.Delivery {
	case Scheduled:
		return false
	case Queued:
		return m.Doubted || slices.ContainsFunc(m.Parts, func(p Part) bool {
			return p.Delivery != Queued || p.ProviderID != "" || p.Failure != nil && p.Failure.Class == classUnknown
		})
	}
	return true
}

// classUnknown is the channel package's class of an error after which the provider may have the message.
const classUnknown = "unknown"
