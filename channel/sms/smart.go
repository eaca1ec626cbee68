package sms

import (
	"strings"
	"unicode/utf8"
)

// Level says how far Smart may change a text.
type Level uint8

const (
	// Punctuation replaces quotes, dashes, ellipses, spaces and other signs by
	// their plain forms, drops what is invisible, and joins a letter with its
	// combining accent where the default alphabet has both as one.
	Punctuation Level = iota
	// Letters also takes the accents off letters which are not in the default
	// alphabet, writes ligatures as two letters, and puts the Latin capital for a
	// Greek one of the same form.
	Letters
)

// Replacement is one thing that Smart replaces, and how often.
type Replacement struct {
	// From is one character, or a letter with its combining accent.
	From string
	// To is what stands in its place; empty if it is dropped.
	To    string
	Count int
}

// Preview says what replacing characters would gain.
type Preview struct {
	// Text is the text with the replacements, or the original one, unchanged, if
	// they would gain nothing.
	Text string
	// Replaced lists the replacements in the order of the first occurrence. It is
	// nil if the text is the original one.
	Replaced []Replacement
	// Before and After count the original text and Text.
	Before, After Info
	// Saved is the number of segments saved. It can be zero although something was
	// replaced: then Text fits GSM7, which leaves more room in its segments.
	Saved int
}

// Smart previews replacements with the zero Options.
func Smart(text string, level Level) Preview {
	return Options{}.Smart(text, level)
}

// Smart previews the replacement of characters which are not in the default
// alphabet by similar ones which are. It replaces them only if the whole text
// then fits GSM7, or if that saves segments, and goes no further than it must:
// letters stay as they are when punctuation alone gains as much. Characters of
// the default alphabet never change. A caller that shows or stores what an agent
// wrote should keep the original text.
func (o Options) Smart(text string, level Level) Preview {
	before := o.Count(text)
	best := Preview{Text: text, Before: before, After: before}
	for l := Punctuation; l <= min(level, Letters); l++ {
		next, replaced := substitute(text, l, true)
		after := o.Count(next)
		if after.Encoding == UCS2 {
			next, replaced = substitute(text, l, false)
			after = o.Count(next)
		}
		if gains(after, best.After) {
			best.Text, best.Replaced, best.After = next, replaced, after
		}
	}
	best.Saved = best.Before.Segments - best.After.Segments
	return best
}

// gains reports whether after is worth a change of the text.
func gains(after, before Info) bool {
	return after.Segments < before.Segments ||
		after.Segments == before.Segments && after.Encoding == GSM7 && before.Encoding == UCS2
}

// substitute replaces what level allows. Marks which shape emoji and scripts
// other than Latin are dropped only if invisible is true.
func substitute(text string, level Level, invisible bool) (string, []Replacement) {
	var b strings.Builder
	var list []Replacement
	plain := false // the character before is in the default alphabet
	for len(text) > 0 {
		from, to := replacement(text, level, invisible, plain)
		b.WriteString(to)
		if from != to {
			list = note(list, from, to)
		}
		if r, _ := utf8.DecodeRuneInString(to); to != "" {
			plain = isGSM7(r)
		}
		text = text[len(from):]
	}
	return b.String(), list
}

// replacement returns what text begins with and what may stand for it, which is
// the same if nothing may.
func replacement(text string, level Level, invisible, plain bool) (from, to string) {
	r, size := utf8.DecodeRuneInString(text)
	from = text[:size]
	if r == utf8.RuneError {
		return from, from
	}
	if mark, n := utf8.DecodeRuneInString(text[size:]); isMark(mark) {
		if whole, ok := composed[[2]rune{r, mark}]; ok {
			return text[:size+n], string(whole)
		}
	}
	switch s, ok := plainForms()[r]; {
	case isGSM7(r):
		return from, from
	case ok && s.allowed(level, invisible):
		return from, s.to
	case isMark(r) && plain && level >= Letters:
		return from, ""
	}
	return from, from
}

// isMark reports whether r is one of the combining diacritical marks.
func isMark(r rune) bool {
	return r >= 0x300 && r <= 0x36F
}

func note(list []Replacement, from, to string) []Replacement {
	for i := range list {
		if list[i].From == from {
			list[i].Count++
			return list
		}
	}
	return append(list, Replacement{From: from, To: to, Count: 1})
}
