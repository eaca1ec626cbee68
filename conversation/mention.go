package conversation

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of what is looked for in a text. What stands behind them mentions nobody.
const (
	MaxMentions = 20 // that one text can mention

	maxMarks   = 100 // that are looked at
	maxMention = 200 // bytes behind an @: as long as an ID or a name that is looked for can be
)

// MentionKey is how an ID or a name is compared with what stands behind an @: in lower case, with white space folded.
func MentionKey(name string) string {
	return strings.ToLower(strings.Join(strings.Fields(name), " "))
}

// Mentions returns whom a text mentions, in the order of the text and each once, at most MaxMentions. known says by MentionKey what IDs and
// names stand for; "" is nobody, for a name that two share.
//
// "@[jd]" mentions what is known by the ID or name in brackets. "@Jane Doe" mentions what is known by the longest of the words that
// follow; the name must end where a word ends, and the @ must not follow a letter or a digit, as it does in a mail address.
func Mentions(text string, known map[string]string) []string {
	var out []string
	at := 0
	for range maxMarks {
		i := strings.IndexByte(text[at:], '@')
		if i < 0 || len(out) == MaxMentions {
			break
		}
		at += i + 1
		before, _ := utf8.DecodeLastRuneInString(text[:at-1])
		if inWord(before) {
			continue
		}
		if who := mentioned(text[at:], known); who != "" && !slices.Contains(out, who) {
			out = append(out, who)
		}
	}
	return out
}

// mentioned is whom the text behind an @ mentions; "" for nobody.
func mentioned(text string, known map[string]string) string {
	if rest, bracket := strings.CutPrefix(text, "["); bracket {
		name, _, closed := strings.Cut(cut(rest), "]")
		if !closed {
			return ""
		}
		return known[MentionKey(name)]
	}
	name := cut(text)
	if r, _ := utf8.DecodeRuneInString(name); !inWord(r) {
		return ""
	}
	for end := len(name); end > 0; {
		after, _ := utf8.DecodeRuneInString(text[end:])
		last, size := utf8.DecodeLastRuneInString(name[:end])
		if !inWord(after) && !unicode.IsSpace(last) {
			if who, ok := known[MentionKey(name[:end])]; ok {
				return who
			}
		}
		end -= size
	}
	return ""
}

// cut is as much of a text as a name can be, of its first line.
func cut(text string) string {
	if i := strings.IndexAny(text, "\r\n"); i >= 0 {
		text = text[:i]
	}
	if len(text) <= maxMention {
		return text
	}
	end := maxMention
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}

func inWord(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) || r == '_'
}
