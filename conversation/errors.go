package conversation

import (
	"errors"
	"fmt"
	"strings"
)

// Errors of the domain. They are checked with errors.Is.
var (
	// ErrState says that the conversation's or message's state refuses a command. Errors of this kind are *StateError.
	ErrState = errors.New("conversation: refused in this state")

	// ErrValue says that a command carries a value out of its bounds. Errors of this kind are *ValueError.
	ErrValue = errors.New("conversation: bad value")
)

// StateError says why a state refuses a command, and what to do instead. errors.Is(err, ErrState) holds for it.
type StateError struct {
	Command string // such as "complete"
	Reason  string
	Instead string // the command that does it, or leads there: "archive", "restore", …
}

func (e *StateError) Error() string {
	s := fmt.Sprintf("conversation: %s refused: %s", e.Command, e.Reason)
	if e.Instead != "" {
		s += "; " + e.Instead + " instead"
	}
	return s
}

// Is reports whether target is ErrState.
func (e *StateError) Is(target error) bool { return target == ErrState }

// ValueError says which values of a command are wrong, and what would be right. errors.Is(err, ErrValue) holds for it.
type ValueError struct {
	Field    string
	Problems []string // at least one
}

func (e *ValueError) Error() string {
	return fmt.Sprintf("conversation: %s: %s", e.Field, strings.Join(e.Problems, "; "))
}

// Is reports whether target is ErrValue.
func (e *ValueError) Is(target error) bool { return target == ErrValue }

func badValue(field, format string, args ...any) error {
	return &ValueError{Field: field, Problems: []string{fmt.Sprintf(format, args...)}}
}
