package channel

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/frontdesk-go/frontdesk/conversation"
)

// Errors of drivers. They are checked with errors.Is.
var (
	ErrSignature = errors.New("channel: the signature is missing or wrong")
	ErrMalformed = errors.New("channel: the delivery cannot be read")
	ErrNotFound  = errors.New("channel: the provider does not have it")
	ErrTooLarge  = errors.New("channel: larger than the limit")
	ErrSetting   = errors.New("channel: setting")
)

// Class sorts what a provider said of a failed call by what helps.
type Class string

// The classes.
const (
	Retry        Class = "retry"     // surely not taken; the same call later may work
	Recipient    Class = "recipient" // this person cannot be reached here
	Content      Class = "content"   // this message is not accepted; a changed one may be
	WindowClosed Class = "window"    // free text only after the customer writes again; a template goes
	ChannelDown  Class = "channel"   // login, billing, a ban: nothing goes through this channel until a person mends it
	Unknown      Class = "unknown"   // the provider may have taken it
)

// Error is a failed call to a provider.
type Error struct {
	Class      Class
	Code       string        // the provider's
	Detail     string        // the provider's words
	RetryAfter time.Duration // with Retry: not before; zero: the Desk's ladder decides
	OptedOut   bool          // with Recipient: the person has opted out of this channel
	Err        error         // the cause, if there is one
}

func (e *Error) Error() string {
	s := "channel: " + string(e.Class)
	if e.Code != "" {
		s += " " + e.Code
	}
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// The most that a message keeps of what a provider says, in bytes.
const (
	maxCode   = 200
	maxDetail = 2000
)

// Failure is what a message keeps of the error: of Code the first 200 bytes, of Detail the first 2,000.
func (e *Error) Failure() *conversation.Failure {
	return &conversation.Failure{Class: string(e.Class), Code: first(maxCode, e.Code), Detail: first(maxDetail, e.Detail), Retry: e.Class == Retry || e.Class == ChannelDown || e.Class == WindowClosed || e.Class == Unknown}
}

// first cuts a text, not in the middle of a character.
func first(most int, text string) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// AsError returns err as an *Error. What a driver did not sort is class Unknown, because the provider may have the message.
func AsError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Class: Unknown, Err: err}
}

// SettingError says which setting a channel cannot be opened with, and what would be right. errors.Is(err, ErrSetting) holds for it.
type SettingError struct {
	Name    string
	Problem string
}

func (e *SettingError) Error() string {
	return fmt.Sprintf("channel: setting %s: %s", e.Name, e.Problem)
}

// Is reports whether target is ErrSetting.
func (e *SettingError) Is(target error) bool { return target == ErrSetting }
