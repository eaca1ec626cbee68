package frontdesk

import (
	"html"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/frontdesk-go/frontdesk/conversation"
)

// What a row is found by is folded when it is written, and what is asked for is folded by the same function: case, accents and width make
// no difference. A text is then cut into words of letters and digits. Scripts that put no spaces between words are cut into pairs of
// characters, so that any part of two characters is found in them.

// Limits of what is searched.
const (
	// MinSearch is how many letters or digits one word of a search must have at least.
	MinSearch = 2

	// MaxSearch is how long the text of a search may be, in bytes.
	MaxSearch = 500

	maxSearchWords = 20       // of a search
	maxWords       = 1000     // distinct ones that a row is found by, the first of its text
	maxWord        = 64       // bytes of a word; a longer one counts as its beginning
	maxText        = 64 << 10 // bytes of a text that are looked at
)

// marks are the signs above and below letters that people leave out: those of Latin, Greek and Cyrillic, Hebrew points and Arabic vowel
// signs. The vowel signs of Indian scripts and the voicing marks of Japanese make other words and stay.
var marks = &unicode.RangeTable{R16: []unicode.Range16{
	{Lo: 0x0300, Hi: 0x036f, Stride: 1}, {Lo: 0x0483, Hi: 0x0487, Stride: 1}, {Lo: 0x0591, Hi: 0x05bd, Stride: 1}, {Lo: 0x05bf, Hi: 0x05bf, Stride: 1},
	{Lo: 0x05c1, Hi: 0x05c2, Stride: 1}, {Lo: 0x05c4, Hi: 0x05c5, Stride: 1}, {Lo: 0x05c7, Hi: 0x05c7, Stride: 1}, {Lo: 0x0610, Hi: 0x061a, Stride: 1},
	{Lo: 0x0640, Hi: 0x0640, Stride: 1}, {Lo: 0x064b, Hi: 0x065f, Stride: 1}, {Lo: 0x0670, Hi: 0x0670, Stride: 1}, {Lo: 0x06d6, Hi: 0x06dc, Stride: 1},
	{Lo: 0x1ab0, Hi: 0x1aff, Stride: 1}, {Lo: 0x1dc0, Hi: 0x1dff, Stride: 1}, {Lo: 0x20d0, Hi: 0x20f0, Stride: 1}, {Lo: 0xfe20, Hi: 0xfe2f, Stride: 1},
}}

// dense are the scripts without spaces between words.
var dense = []*unicode.RangeTable{unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar}

// plain are letters that Unicode does not take apart although people type them as others.
var plain = strings.NewReplacer("ø", "o", "ł", "l", "đ", "d", "ð", "d", "þ", "th", "æ", "ae", "œ", "oe", "ı", "i", "ħ", "h", "ŧ", "t")

// fold returns a text as it is compared. Most words of most texts are ASCII, for which little is to be done.
func fold(text string) string {
	text = cut(text, maxText)
	if isASCII(text) {
		return strings.ToLower(text)
	}
	var b strings.Builder
	b.Grow(len(text))
	for more := true; more; {
		var part string
		if part, text, more = strings.Cut(text, " "); isASCII(part) {
			b.WriteString(strings.ToLower(part))
		} else {
			b.WriteString(foldPart(part))
		}
		if more {
			b.WriteByte(' ')
		}
	}
	return b.String()
}

func foldPart(text string) string {
	text = norm.NFKD.String(strings.ToValidUTF8(text, " "))
	text = strings.Map(func(r rune) rune {
		if unicode.Is(marks, r) {
			return -1
		}
		return r
	}, text)
	text = strings.ToLower(cases.Fold().String(text)) // folding makes Cherokee upper case
	return norm.NFC.String(plain.Replace(text))
}

// cut shortens a text to at most n bytes, between two characters.
func cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// wordsOf returns what a row with these texts is found by: sorted, each word once.
func wordsOf(texts ...string) []string {
	var w wordSet
	for _, text := range texts {
		tokens(fold(text), func(t textPart) {
			if t.dense {
				w.addPairs(t.text)
			} else {
				w.add(t.text)
			}
		})
	}
	return w.sorted()
}

// wordSet collects the first distinct words.
type wordSet struct {
	words []string
	known map[string]bool // of words, once they are many
}

// someWords is from how many words on a set looks whether it has a word before it takes it. Fewer are sorted in the end in less time.
const someWords = 100

func (w *wordSet) add(word string) {
	word = cut(word, maxWord)
	switch {
	case word == "" || len(w.words) >= maxWords || w.known[word]:
		return
	case w.words == nil:
		w.words = make([]string, 0, 24)
	case len(w.words) == someWords && w.known == nil:
		w.words = w.sorted()
		w.known = make(map[string]bool, 4*someWords)
		for _, known := range w.words {
			w.known[known] = true
		}
		w.add(word)
		return
	}
	w.words = append(w.words, word)
	if w.known != nil {
		w.known[word] = true
	}
}

// addPairs adds each character together with the next, and the last one alone: what begins a pair is found by itself too.
func (w *wordSet) addPairs(run string) {
	for run != "" {
		_, first := utf8.DecodeRuneInString(run)
		_, second := utf8.DecodeRuneInString(run[first:])
		w.add(run[:first+second])
		run = run[first:]
	}
}

func (w *wordSet) sorted() []string {
	slices.Sort(w.words)
	return slices.Compact(w.words)
}

// textPart is a part of a folded text.
type textPart struct {
	text  string
	dense bool // of a script without spaces
	phone bool // the digits of a number that was written with a plus, whose parts are tokens too
	end   int  // where it ended in the text
}

// tokens calls found with each part of a folded text, in order.
func tokens(text string, found func(textPart)) {
	for at := 0; at < len(text); {
		r, size := utf8.DecodeRuneInString(text[at:])
		switch kind := class(r); {
		case r == '+':
			if digits, n := phoneAt(text[at+1:]); digits != "" {
				found(textPart{text: digits, phone: true, end: at + 1 + n})
			}
			at += size
		case kind == between:
			at += size
		default:
			end := at + size
			for end < len(text) {
				if c := text[end]; c < utf8.RuneSelf {
					if class(rune(c)) != kind {
						break
					}
					end++
					continue
				}
				next, size := utf8.DecodeRuneInString(text[end:])
				if c := class(next); c != kind && c != joining {
					break
				}
				end += size
			}
			found(textPart{text: text[at:end], dense: kind == denseLetter, end: end})
			at = end
		}
	}
}

// classes of characters.
const (
	between     = iota
	letter      // or digit
	denseLetter // of a script without spaces
	joining     // belongs to what stands before it
)

func class(r rune) int {
	switch {
	case r < utf8.RuneSelf:
		if 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || 'A' <= r && r <= 'Z' {
			return letter
		}
		return between
	case r == 'ー' || unicode.IsMark(r):
		return joining
	case unicode.In(r, dense...):
		return denseLetter
	case unicode.IsLetter(r) || unicode.IsNumber(r):
		return letter
	}
	return between
}

// asked returns the words of a search. A number that was written with a plus is one word.
func asked(text string) []string {
	var w wordSet
	skip := 0 // the parts of such a number end here
	tokens(fold(text), func(t textPart) {
		switch {
		case t.end <= skip:
		case t.phone:
			w.add(t.text)
			skip = t.end
		case t.dense && utf8.RuneCountInString(t.text) > 1:
			for run := t.text; ; {
				_, first := utf8.DecodeRuneInString(run)
				_, second := utf8.DecodeRuneInString(run[first:])
				if second == 0 {
					return
				}
				w.add(run[:first+second])
				run = run[first:]
			}
		default:
			w.add(t.text)
		}
	})
	return w.sorted()
}

// messageWords are what a message is found by: its subject, its text, the names of its files and what fills its template. What was taken
// back or lies in the trash, and what was only sent as a test, is not found.
func messageWords(m *conversation.Message) []string {
	if m.Test || !m.Erased.IsZero() || !m.Trashed.IsZero() {
		return nil
	}
	texts := make([]string, 0, 4)
	texts = append(texts, m.Subject, m.Text)
	if m.Text == "" && m.HTML != "" {
		texts = append(texts, untagged(cut(m.HTML, 4*maxText)))
	}
	for _, a := range m.Attachments {
		texts = append(texts, a.Name)
	}
	if m.Template != nil {
		texts = append(texts, m.Template.Params...)
	}
	return wordsOf(texts...)
}

// untagged is the text of HTML, roughly: enough to find it.
func untagged(source string) string {
	var b strings.Builder
	for source != "" {
		text, rest, _ := strings.Cut(source, "<")
		b.WriteString(text)
		b.WriteByte(' ')
		_, source, _ = strings.Cut(rest, ">")
	}
	return html.UnescapeString(b.String())
}

// contactWords are what a contact is found by: names and addresses, phone numbers also without their country code.
func contactWords(c *conversation.Contact) []string {
	texts := []string{c.Name, c.PlatformName}
	for _, i := range c.Identities {
		texts = append(texts, i.Address, i.Name)
		if digits, ok := strings.CutPrefix(i.Address, "+"); ok && i.Scope == conversation.ScopePhone {
			texts = append(texts, national(digits))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(c.Fields)) {
		texts = append(texts, c.Fields[id].Values...)
	}
	return wordsOf(texts...)
}
