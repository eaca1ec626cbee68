package frontdesk

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/conversation/reply"
	"github.com/frontdesk-go/frontdesk/store"
)

// Errors of the Desk. They are checked with errors.Is. A command may also return those of package conversation (ErrState, ErrValue),
// of package conversation/reply, and the store's own.
var (
	ErrNotFound      = errors.New("frontdesk: not found, or not the caller's to see")
	ErrForbidden     = errors.New("frontdesk: not allowed")
	ErrInvalid       = errors.New("frontdesk: invalid")
	ErrBusy          = errors.New("frontdesk: too much happens to it at once; try again")
	ErrKeyReused     = errors.New("frontdesk: the key was used for another message")
	ErrWindow        = errors.New("frontdesk: the channel's reply window is closed")
	ErrCapability    = errors.New("frontdesk: the channel cannot carry it")
	ErrTaken         = errors.New("frontdesk: the account is connected elsewhere")
	ErrCursor        = errors.New("frontdesk: the cursor belongs to another list")
	ErrCursorExpired = errors.New("frontdesk: the feed no longer holds events this old; read the state and go on from the head")
	ErrOptedOut      = errors.New("frontdesk: the contact has opted out of the channel")
	ErrNoConsent     = errors.New("frontdesk: the contact has not opted in to the channel")
	ErrBlocked       = errors.New("frontdesk: the contact is blocked")
	ErrSent          = errors.New("frontdesk: it has already left")
)

// InvalidError says which part of the input is wrong, and what would be right. errors.Is(err, ErrInvalid) holds for it.
type InvalidError struct {
	Field    string
	Problems []string // at least one
}

func (e *InvalidError) Error() string {
	return "frontdesk: " + e.Field + ": " + strings.Join(e.Problems, "; ")
}

// Is reports whether target is ErrInvalid.
func (e *InvalidError) Is(target error) bool { return target == ErrInvalid }

func invalid(field, format string, args ...any) error {
	return &InvalidError{Field: field, Problems: []string{fmt.Sprintf(format, args...)}}
}

// WindowError says since when a thread's window is closed, and what can be done. errors.Is(err, ErrWindow) holds for it.
type WindowError struct {
	Channel     string
	LastInbound time.Time // zero: the customer never wrote
	Instead     string    // "send a template", or "wait for the customer to write"
}

func (e *WindowError) Error() string {
	if e.LastInbound.IsZero() {
		return "frontdesk: the customer has not written on this channel; " + e.Instead
	}
	return "frontdesk: the reply window is closed, the customer last wrote at " + e.LastInbound.Format(time.RFC3339) + "; " + e.Instead
}

// Is reports whether target is ErrWindow.
func (e *WindowError) Is(target error) bool { return target == ErrWindow }

// CapabilityError lists everything that a channel cannot carry of a draft. errors.Is(err, ErrCapability) holds for it.
type CapabilityError struct {
	Channel  string
	Problems []string // at least one
	Instead  []string // IDs of the mailbox's channels that could carry it

	Violations []channel.Violation // what is wrong with the draft, for programs; empty if something else is
}

func (e *CapabilityError) Error() string {
	s := "frontdesk: the channel cannot carry it: " + strings.Join(e.Problems, "; ")
	if len(e.Instead) > 0 {
		s += "; channels that can: " + strings.Join(e.Instead, ", ")
	}
	return s
}

// Is reports whether target is ErrCapability.
func (e *CapabilityError) Is(target error) bool { return target == ErrCapability }

// ForbiddenError says which right is missing. errors.Is(err, ErrForbidden) holds for it.
type ForbiddenError struct {
	Command string
	Needs   string
}

func (e *ForbiddenError) Error() string {
	return "frontdesk: " + e.Command + " is not allowed; it needs " + e.Needs
}

// Is reports whether target is ErrForbidden.
func (e *ForbiddenError) Is(target error) bool { return target == ErrForbidden }

// MessagingHeldError says that an agent's role in a mailbox cannot be taken, or was never given, while he holds the messaging permission
// there. Save him without the permission first. errors.Is(err, ErrInvalid) holds for it.
type MessagingHeldError struct {
	Agent   string
	Mailbox string
	Methods []string // what he may answer by there
}

func (e *MessagingHeldError) Error() string {
	return fmt.Sprintf("frontdesk: agent %q holds the messaging permission for %s in mailbox %q; take that first, or keep the mailbox",
		e.Agent, strings.Join(e.Methods, ", "), e.Mailbox)
}

// Is reports whether target is ErrInvalid.
func (e *MessagingHeldError) Is(target error) bool { return target == ErrInvalid }

// wrap names the operation and what it was done to, once.
func wrap(op, key string, err error) error {
	if err == nil {
		return nil
	}
	var done *opError
	if errors.As(err, &done) {
		return err
	}
	return &opError{op: op, key: key, err: err}
}

type opError struct {
	op, key string
	err     error
}

func (e *opError) Error() string {
	if e.key == "" {
		return e.op + ": " + e.err.Error()
	}
	return e.op + " " + e.key + ": " + e.err.Error()
}

func (e *opError) Unwrap() error { return e.err }

// ofOne reports whether err is about the one thing that was decided rather than the store or the program: of many, the others need not wait
// for it.
func ofOne(err error) bool {
	return Refused(err) || errors.Is(err, ErrBusy) || errors.Is(err, store.ErrNewer) || errors.Is(err, store.ErrInvalid)
}

// Refused reports whether err is an answer to the caller's input or rights rather than a failure of the store or the program: showing it
// to the person who asked is right, trying again is not.
func Refused(err error) bool {
	for _, sentinel := range []error{ErrNotFound, ErrForbidden, ErrInvalid, ErrKeyReused, ErrWindow, ErrCapability, ErrTaken, ErrCursor,
		ErrCursorExpired, ErrOptedOut, ErrNoConsent, ErrBlocked, ErrSent, conversation.ErrState, conversation.ErrValue} {
		if errors.Is(err, sentinel) {
			return true
		}
	}
	var missing *reply.MissingError
	var syntax *reply.SyntaxError
	var length *reply.LengthError
	return errors.As(err, &missing) || errors.As(err, &syntax) || errors.As(err, &length)
}
