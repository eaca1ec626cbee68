package conversation

import (
	"slices"
	"strings"
	"unicode"
)

// The words by which a person opts out and in, as the CTIA's messaging principles list them. A message that is nothing but one of them,
// whatever its case and whatever spaces and punctuation stand around it, counts.
var (
	stopWords  = []string{"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"}
	startWords = []string{"START", "YES", "UNSTOP"}
	yesWords   = []string{"YES", "Y"}
)

// SaysStop reports whether a message opts out.
func SaysStop(text string) bool { return says(text, stopWords) }

// SaysStart reports whether a message opts in again.
func SaysStart(text string) bool { return says(text, startWords) }

// SaysYes reports whether a message answers a double opt-in with yes.
func SaysYes(text string) bool { return says(text, yesWords) }

func says(text string, words []string) bool {
	text = strings.TrimFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsPunct(r) || unicode.Is(unicode.Cf, r) })
	return slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(w, text) })
}
