package reply

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	opening = "{{"
	closing = "}}"
)

// scanner walks over a saved reply piece by piece. A piece is literal text and
// the field after it, if there is one.
type scanner struct {
	content string
	pos     int // where the next piece begins
	look    int // where to look for the next braces; behind escaped ones
	done    bool

	text       string
	begin, end int // of the field as written, with its braces; the same: no field
	field      Field
}

// found reports whether the piece ends with a field.
func (s *scanner) found() bool { return s.begin < s.end }

// source is the field as written.
func (s *scanner) source() string { return s.content[s.begin:s.end] }

// next reads the next piece. It sets done with the last one.
func (s *scanner) next() error {
	s.begin, s.end = 0, 0
	i := s.open()
	if i < 0 {
		s.text, s.done = s.content[s.pos:], true
		return nil
	}
	text := s.content[s.pos:i]
	n := slashes(text)
	s.text = text[:len(text)-(n+1)/2]
	s.pos, s.look = i, i+len(opening)
	if n%2 == 1 {
		return nil // The braces are literal: they begin the text of the next piece.
	}
	end := s.readField()
	if end < 0 {
		return s.explain()
	}
	s.begin, s.end = i, end
	s.pos, s.look = end, end
	return nil
}

// open returns where the next opening braces are, or -1. It beats
// strings.Index, which is made for longer patterns.
func (s *scanner) open() int {
	for at := s.look; ; {
		i := strings.IndexByte(s.content[at:], '{')
		if at += i + 1; i < 0 || at == len(s.content) {
			return -1
		}
		if s.content[at] == '{' {
			return at - 1
		}
	}
}

// readField reads the field whose inside begins at look, and returns its end,
// or -1 if it is wrong.
func (s *scanner) readField() int {
	text := s.content
	from := spaceEnd(text, s.look)
	to := nameEnd(text, from)
	if from == to || to > from+MaxName || text[to-1] == '.' {
		return -1
	}
	s.field = Field{Name: text[from:to]}
	at := spaceEnd(text, to)
	if at < len(text) && text[at] == '|' {
		n := strings.IndexByte(text[at:], '}')
		if n < 0 {
			return -1
		}
		fallback := strings.TrimSpace(text[at+1 : at+n])
		if badFallback(fallback) {
			return -1
		}
		s.field.Fallback, s.field.HasFallback = fallback, true
		at += n
	}
	if at+1 < len(text) && text[at] == '}' && text[at+1] == '}' {
		return at + len(closing)
	}
	return -1
}

// spaceEnd returns the end of the white space that begins at i. Most often there is none.
func spaceEnd(text string, i int) int {
	if i < len(text) && text[i] > ' ' && text[i] < utf8.RuneSelf {
		return i
	}
	return pastSpaces(text, i)
}

func pastSpaces(text string, i int) int {
	for i < len(text) && (text[i] <= ' ' || text[i] >= utf8.RuneSelf) {
		r, size := utf8.DecodeRuneInString(text[i:])
		if !unicode.IsSpace(r) {
			break
		}
		i += size
	}
	return i
}

// nameBytes are the ASCII characters of which segments consist.
var nameBytes = func() (set [256]bool) {
	for _, c := range "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-" {
		set[c] = true
	}
	return set
}()

// nameEnd returns the end of the name that begins at i. The name may be empty
// or end with ".", which is for the caller to refuse.
func nameEnd(text string, i int) int {
	for {
		first := i // of the segment
		for i < len(text) && nameBytes[text[i]] {
			i++
		}
		if i < len(text) && text[i] >= utf8.RuneSelf {
			i = wideEnd(text, i)
		}
		if i == first || i == len(text) || text[i] != '.' {
			return i
		}
		i++
	}
}

// wideEnd goes on where nameEnd meets the first character beyond ASCII.
func wideEnd(text string, i int) int {
	n := strings.IndexFunc(text[i:], func(r rune) bool {
		return r < utf8.RuneSelf && !nameBytes[r] || r >= utf8.RuneSelf && !unicode.In(r, unicode.L, unicode.M, unicode.Nd)
	})
	if n < 0 {
		return len(text)
	}
	return i + n
}

// badFallback reports whether a fallback has what it cannot contain. Zendesk
// and Chatwoot replies have || "there" and | default: 'there'; taken for
// fallbacks they would reach customers as they are.
func badFallback(text string) bool {
	return strings.IndexByte(text, '{') >= 0 || strings.IndexByte(text, '|') >= 0 || strings.HasPrefix(text, "default:")
}

// explain makes the error for the field at pos, which readField refused.
func (s *scanner) explain() *SyntaxError {
	inner := s.content[s.look:]
	n := strings.Index(inner, closing)
	if n < 0 {
		return s.mistake(s.pos, len(s.content), "unclosed field",
			`close it with "}}", or write "\{{" for literal braces`)
	}
	end := s.look + n
	if i := strings.IndexAny(inner[:n], "{}"); i >= 0 {
		return s.mistake(s.look+i, end+len(closing), "brace inside a field",
			`close the field with "}}" before the next brace, or write "\{{" for literal braces`)
	}
	before, _, _ := strings.Cut(inner[:n], "|")
	name := strings.TrimSpace(before)
	at := s.look + strings.Index(before, name)
	switch i := nameEnd(name, 0); {
	case name == "":
		return s.mistake(s.pos, end+len(closing), "empty field name", "write a name, as in {{contact.first_name}}")
	case len(name) > MaxName:
		return s.mistake(at, at+len(name), "field name too long", "use at most 100 bytes")
	case i < len(name) || name[i-1] == '.':
		err := s.mistake(at, at+len(name), "bad field name", `use letters, digits, "_" and "-", with single "." between segments`)
		err.Offset += min(i, len(name)-1)
		return err
	}
	return s.mistake(s.look+len(before), end, "bad fallback", `write one "|" and the plain text, as in {{name|there}}`)
}

// mistake makes an error about content[from:to].
func (s *scanner) mistake(from, to int, problem, want string) *SyntaxError {
	const most = 40
	if to > from+most {
		for to = from + most; !utf8.RuneStart(s.content[to]); {
			to--
		}
	}
	return &SyntaxError{Offset: from, Problem: problem, Found: s.content[from:to], Want: want}
}

// slashes counts the backslashes at the end of text.
func slashes(text string) int {
	n := 0
	for n < len(text) && text[len(text)-1-n] == '\\' {
		n++
	}
	return n
}
