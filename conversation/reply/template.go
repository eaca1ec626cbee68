package reply

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// MaxContent is the length limit of a saved reply before filling, in Unicode
// code points. LibreDesk has the same limit for the text of a macro. The
// limits of channels apply to the filled text and are checked elsewhere.
const MaxContent = 5000

// MaxName is the length limit of a field's name, in bytes.
const MaxName = 100

// Template is a checked saved reply. The zero value is an empty reply.
//
// It keeps the text alone. Finding the fields again is under half of the time
// of a Fill, and Parse needs no memory.
type Template struct {
	content string
}

// Field is a place in a saved reply which a value fills.
type Field struct {
	Name        string
	Fallback    string // used where the value is missing; may be empty
	HasFallback bool   // whether the reply names a fallback
}

// Parse checks a saved reply. It returns a [*LengthError] for a content of
// more than [MaxContent] code points, and a [*SyntaxError] for the first
// mistake in any other.
func Parse(content string) (Template, error) {
	if err := check(content); err != nil {
		return Template{}, err
	}
	s := scanner{content: content}
	for !s.done {
		if err := s.next(); err != nil {
			return Template{}, err
		}
	}
	return Template{content: content}, nil
}

// Fields returns the fields in order of their first use. A name which is used
// with and without a fallback, or with two fallbacks, is listed once for each.
func (t Template) Fields() []Field {
	var fields []Field
	s := scanner{content: t.content}
	for !s.done && s.next() == nil { // Parse has gone the same way without an error.
		if s.found() && !slices.Contains(fields, s.field) {
			fields = append(fields, s.field)
		}
	}
	return fields
}

// Escape returns the saved reply that is filled to exactly text. It may be
// longer than text. Use it for finished text, such as the result of an earlier
// Fill, that goes where a saved reply is expected. The result is a whole reply;
// do not join it with others.
func Escape(text string) string {
	if !strings.Contains(text, opening) {
		return text
	}
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, opening)
		b.WriteString(before)
		if !found {
			return b.String()
		}
		b.WriteString(before[len(before)-slashes(before):])
		b.WriteString(`\` + opening)
		text = after
	}
}

// check refuses what is no text, or too much of it.
func check(content string) error {
	if len(content) > MaxContent {
		if n := utf8.RuneCountInString(content); n > MaxContent {
			return &LengthError{Length: n, Limit: MaxContent}
		}
	}
	if i := strings.IndexByte(content, 0); i >= 0 {
		return &SyntaxError{Offset: i, Problem: "NUL character", Found: "\x00", Want: "remove it"}
	}
	if utf8.ValidString(content) {
		return nil
	}
	i := invalid(content)
	return &SyntaxError{Offset: i, Problem: "invalid UTF-8", Found: content[i : i+1], Want: "convert the text to UTF-8"}
}

// invalid returns the offset of the first byte that is not UTF-8.
func invalid(s string) int {
	for i, r := range s {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(s[i:]); size == 1 {
				return i
			}
		}
	}
	return len(s)
}

// LengthError reports a saved reply that is too long. Both numbers are in
// Unicode code points.
type LengthError struct {
	Length int
	Limit  int
}

func (e *LengthError) Error() string {
	return fmt.Sprintf("reply: content has %d characters, at most %d are allowed", e.Length, e.Limit)
}

// SyntaxError reports the first mistake in a saved reply.
//
// Problem is one of "unclosed field", "brace inside a field", "empty field
// name", "bad field name", "field name too long", "bad fallback", "NUL
// character" and "invalid UTF-8"; hosts may translate by it.
type SyntaxError struct {
	Offset  int    // of the mistake, in bytes from the start of the content
	Problem string // what is wrong
	Found   string // the text in question, at most 40 bytes of it
	Want    string // what would be right
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("reply: %s %q at byte %d: %s", e.Problem, e.Found, e.Offset, e.Want)
}
