package channel

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/frontdesk-go/frontdesk/conversation"
)

// Driver speaks to one platform. Its methods are safe for concurrent use.
type Driver interface {
	// Kind is the platform's name in URLs and settings: lower-case letters and digits, such as "twilio".
	Kind() string

	// Open connects a channel. It checks the settings, and calls nobody. Errors: *SettingError.
	Open(ctx context.Context, s Settings) (Conn, error)
}

// Drivers are the platforms of a Desk, one driver a kind.
type Drivers []Driver

// Settings are what a channel is opened with.
type Settings struct {
	Channel     string            // the channel's ID
	Account     string            // the number, page, address or account at the provider, in the driver's normal form
	Secret      string            // resolved from the channel's reference; its form is the driver's to document
	Options     map[string]string // what the driver documents; an unknown name is refused
	CallbackURL string            // the public address for this channel's deliveries, for drivers that hand it to the provider
	Client      *http.Client      // for calls to the provider
	Log         *slog.Logger
}

// Conn is an opened channel. Its methods are safe for concurrent use.
type Conn interface {
	// Capabilities says what the channel can carry. It is constant while the Conn is open.
	Capabilities() Capabilities

	// Send makes one call to the provider. A returned error should be an *Error; any other error is taken as class Unknown, because
	// the provider may have the message.
	Send(ctx context.Context, p Part) (Sent, error)
}

// Request is a delivery from a provider, not yet trusted.
type Request struct {
	Method   string
	URL      string // the public URL as the provider was given it, with the query as it came, still percent-encoded
	Header   http.Header
	Body     []byte // exactly as it came
	Received time.Time
}

// Response is an answer to a provider.
type Response struct {
	Status int
	Type   string // of the body; "" without one
	Body   []byte
}

// WebhookDriver parses deliveries. It is optional on a Driver.
type WebhookDriver interface {
	// Accounts names the accounts that a request speaks of, each once, without trusting it. It may name several candidates for one
	// item; those that are no channel are passed over. It never panics. Error: ErrMalformed.
	Accounts(r *Request) ([]string, error)

	// Parse walks every level of a request into items, in their order. It reads no clock and calls nobody. On ErrMalformed the items
	// that could be read are returned too.
	Parse(r *Request) ([]Item, error)
}

// Acknowledger says what a provider wants to hear when a delivery was taken in. It is optional on a Driver; without it the answer is
// 200 with no body.
type Acknowledger interface {
	Acknowledge(r *Request) Response
}

// Handshaker answers requests in which a provider checks the address itself. It is optional on a Driver, and on a Conn when the
// answer depends on the channel's secret.
type Handshaker interface {
	// Handshake answers r, or reports that it is none of these requests.
	Handshake(r *Request) (Response, bool)
}

// Verifier checks that a request comes from the provider. It is optional on a Conn; a channel without it takes no webhooks.
type Verifier interface {
	// Verify checks the signature over the raw bytes in constant time. An absent signature is a wrong one. Error: ErrSignature.
	Verify(r *Request) error
}

// Planner splits a message into provider calls. It is optional on a Conn; without it a message is one part.
type Planner interface {
	// Plan returns 1 to 500 parts. Error: *Error of class Content when the message cannot be carried.
	Plan(m Outgoing) ([]Part, error)
}

// Addresser turns an address that a person typed into the thread it would have. It is optional on a Conn; without it the address is
// taken as it is, for the thread's key and as a phone number.
type Addresser interface {
	// Address returns the key of the thread with that person and the identity in normal form. Error: *Error of class Recipient.
	Address(to string) (thread string, id conversation.Identity, err error)
}

// Finder looks for a message whose sending ended in doubt. It is optional on a Conn.
type Finder interface {
	// Find returns what became of a part, or ErrNotFound if the provider surely does not have it. Any other error leaves it in doubt.
	Find(ctx context.Context, p Part) (Sent, error)
}

// Poller fetches what came in since a cursor. It is optional on a Conn.
type Poller interface {
	// Poll returns one batch, oldest first. The cursor is opaque, "" at first; it is stored in the commit of the batch's last item and
	// handed back. Items that were seen already may come again.
	Poll(ctx context.Context, cursor string) (Polled, error)
}

// Polled is one batch of a poll.
type Polled struct {
	Items  []Item
	Cursor string
	More   bool // poll again at once
}

// Fetcher opens an attachment at the provider. It is optional on a Conn.
type Fetcher interface {
	// Fetch opens the file. It sends credentials to the provider's own hosts only, and stops with ErrTooLarge after limit bytes. The
	// caller closes the body.
	Fetch(ctx context.Context, a conversation.Attachment, limit int64) (File, error)
}

// File is an attachment's content.
type File struct {
	Type string // MIME type
	Size int64  // bytes; -1 if the provider did not say
	Body io.ReadCloser
}

// Actor carries out an action that the platform offered in a thread. It is optional on a Conn.
type Actor interface {
	Act(ctx context.Context, thread string, a conversation.Action, input string) error
}

// Tester checks a channel's login details with the provider. It is optional on a Conn.
type Tester interface {
	// Test returns the provider's answer in words, for people.
	Test(ctx context.Context) (string, error)
}
