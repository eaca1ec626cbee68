package channeltest

import (
	"time"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
)

// Provider is a driver with a stand-in of its provider. Driver, Settings, Customers and Received are needed; the rest is optional.
type Provider struct {
	Driver    channel.Driver
	Settings  channel.Settings            // open the account that is tested
	Other     *channel.Settings           // open a second account of the same stand-in
	Denied    *channel.Settings           // open, but the provider refuses their login
	Bad       map[string]channel.Settings // are refused by Open, by what is wrong with them
	Customers []string                    // at least two customers' addresses, in the form that Parse gives them

	// Network is what Settings.Client uses as its transport; nil for a driver without HTTP.
	Network *Network
	// Credentials are the secret strings that must go to the hosts of Network alone.
	Credentials []string

	// Deliver makes the signed requests that tell of messages, in their order: one request for all if the provider's format can do
	// that, else several. It returns none if the platform has no such message (files, an unknown type).
	Deliver func(messages ...Inbound) []*channel.Request
	// Receipt makes the signed request that tells what became of a sent message; nil if the platform has no such news.
	Receipt func(r Receipt) *channel.Request
	// Signature names the headers that a signature consists of.
	Signature []string
	// Malformed are bodies which the provider's format does not allow.
	Malformed []string

	// Next sets what the provider does with the next call of Send.
	Next func(o Outcome)
	// Errors are the documented error codes of Send with the class that each must have.
	Errors []ErrorCode
	// Received lists the messages that the provider took, in order.
	Received func() []Received

	// Redirect makes the provider answer the next download of a file with a redirect.
	Redirect func(url string)
	// Keep makes the provider hold messages which it told nobody of, to be found by Poll.
	Keep func(messages ...Inbound)
}

// Inbound is a message from a customer.
type Inbound struct {
	ID      string // the stand-in makes the provider's ID from it, always the same
	Account string // "": of Provider.Settings
	From    string // one of Provider.Customers
	Text    string
	At      time.Time // whole seconds
	Files   []File
	Unknown bool // of a type that the driver cannot know
}

// File is a file that the stand-in serves.
type File struct {
	Name string
	Type string
	Data []byte
}

// Receipt is news of a sent message.
type Receipt struct {
	ID        string // as Send returned it
	To        string // the customer's address
	Reference string // our message's ID
	Delivery  conversation.Delivery
	Code      string // the provider's error code, with conversation.Failed
	At        time.Time
}

// Outcome is what the provider does with a call of Send. Exactly one of the fields is set.
type Outcome struct {
	Code    string // refuses with this error code
	Lost    bool   // takes the message, and the answer is lost
	Refused bool   // cannot be connected to
}

// ErrorCode is a documented error code and its class.
type ErrorCode struct {
	Code     string
	Class    channel.Class
	OptedOut bool
}

// Received is a message that the provider took.
type Received struct {
	ID        string
	To        string
	Text      string
	Files     []string // the URLs that were handed over, or the names of what was uploaded
	Template  string
	Reference string // as the provider would give it back
}
