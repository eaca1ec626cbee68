package reply

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Policy says what happens to a field whose value is missing and which has no
// fallback.
type Policy int

const (
	// Refuse makes Fill return a [*MissingError]. It is the zero value, since
	// a reply with a hole is worse than one that is not sent. Any value that
	// is not listed here acts as Refuse.
	Refuse Policy = iota
	// Blank leaves the field out, with the spaces around it.
	Blank
	// Keep leaves the field as it was written, for the agent to see.
	Keep
)

// Options are the ways to fill a saved reply.
type Options struct {
	// Missing decides about fields without value and fallback. Defaults to
	// Refuse.
	Missing Policy

	// Clean changes each value and each fallback before it is inserted, by
	// the needs of the channel; see [CollapseSpaces]. A value that it makes
	// blank is missing. Defaults to no change.
	Clean func(string) string
}

// Result is a filled reply.
type Result struct {
	// Text is the finished text. It is valid UTF-8 if all values are.
	Text string

	// Unresolved has the names of the fields that were left blank or kept for
	// want of a value and a fallback, each once, in order of first use.
	Unresolved []string
}

// MissingError reports the fields that had neither value nor fallback.
type MissingError struct {
	Names []string // each once, in order of first use
}

func (e *MissingError) Error() string {
	return "reply: no value for " + strings.Join(e.Names, ", ") + ": give one, or write a fallback as in {{name|there}}"
}

// Fill parses and fills a saved reply in one pass. It returns the errors of
// [Parse] and of [Template.Fill]. Values may have been asked for before a
// syntax error is found.
func Fill(content string, values func(name string) (string, bool), opt Options) (Result, error) {
	if err := check(content); err != nil {
		return Result{}, err
	}
	return fill(content, values, opt)
}

// Fill puts values into the fields. It calls values once for each place where
// a field is used; nil stands for no values at all. With [Refuse] it returns a
// [*MissingError] that has all names without value and fallback.
func (t Template) Fill(values func(name string) (string, bool), opt Options) (Result, error) {
	return fill(t.content, values, opt)
}

func fill(content string, values func(string) (string, bool), opt Options) (Result, error) {
	s := scanner{content: content}
	f := filler{values: values, opt: opt}
	f.out.Grow(len(content)) // Most fields are longer than their values.
	for !s.done {
		if err := s.next(); err != nil {
			return Result{}, err
		}
		f.add(&s)
	}
	if len(f.unresolved) > 0 && opt.Missing != Blank && opt.Missing != Keep {
		return Result{}, &MissingError{Names: f.unresolved}
	}
	if f.blank {
		f.flush("")
	}
	return Result{Text: f.out.String(), Unresolved: f.unresolved}, nil
}

// filler puts a text together.
type filler struct {
	values     func(name string) (string, bool)
	opt        Options
	out        strings.Builder
	blank      bool   // the last field was left blank and nothing followed yet
	held       string // the text before that field, whose last spaces may go
	unresolved []string
}

// add appends the piece that s has read.
func (f *filler) add(s *scanner) {
	text := s.text
	if f.blank && text != "" {
		text = f.closeGap(text)
	}
	if !s.found() {
		f.out.WriteString(text)
		return
	}
	value := f.value(s)
	if value == "" {
		if !f.blank {
			f.held, f.blank = text, true
		}
		return
	}
	if f.blank {
		f.flush(value)
	}
	f.out.WriteString(text)
	f.out.WriteString(value)
}

// value returns what stands for the field that s has read; "" for a blank.
func (f *filler) value(s *scanner) string {
	if f.values != nil {
		if v, ok := f.values(s.field.Name); ok {
			if v = f.clean(v); !isBlank(v) {
				return v
			}
		}
	}
	if s.field.HasFallback {
		return f.clean(s.field.Fallback)
	}
	if !slices.Contains(f.unresolved, s.field.Name) {
		f.unresolved = append(f.unresolved, s.field.Name)
	}
	if f.opt.Missing == Keep {
		return s.source()
	}
	return ""
}

func (f *filler) clean(text string) string {
	if f.opt.Clean == nil {
		return text
	}
	return f.opt.Clean(text)
}

// isBlank reports whether text is nothing but white space. The first byte of
// most values answers that.
func isBlank(text string) bool {
	return text == "" || (text[0] <= ' ' || text[0] >= utf8.RuneSelf) && strings.TrimSpace(text) == ""
}

// The characters by which a blank field is told to stand in a gap. The spaces
// include the two no-break ones that French puts before punctuation.
const (
	spaces = " \t\u00a0\u202f"
	closes = spaces + "\r\n" + ".,;:!?)]}…" + "。、，；：！？）" + "،؛؟"
)

// closeGap makes up for a blank field that stood before text, and returns what
// is to be written of text.
func (f *filler) closeGap(text string) string {
	f.flush(text)
	if out := f.out.String(); out == "" || out[len(out)-1] == '\n' {
		return strings.TrimLeft(text, spaces)
	}
	return text
}

// flush writes the held text. Its last spaces are left out if next, what
// follows the blank field, begins with a character that needs none before it,
// or is the end.
func (f *filler) flush(next string) {
	if r, _ := utf8.DecodeRuneInString(next); next == "" || strings.ContainsRune(closes, r) {
		f.held = strings.TrimRight(f.held, spaces)
	}
	f.out.WriteString(f.held)
	f.held, f.blank = "", false
}
