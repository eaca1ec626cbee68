package reply

import (
	"strings"
	"unicode"
)

// CollapseSpaces makes one space of every run of white space, line ends
// included, and removes it at both ends. It is for [Options].Clean where a
// value becomes a parameter of a WhatsApp template: Meta refuses parameters
// with a newline, a tab or more than four spaces in a row (error 132018).
func CollapseSpaces(text string) string {
	if collapsed(text) {
		return text
	}
	return strings.Join(strings.Fields(text), " ")
}

// collapsed reports whether there is nothing to collapse.
func collapsed(text string) bool {
	space := true // as if one came before: none may begin the text
	for _, r := range text {
		if unicode.IsSpace(r) && (space || r != ' ') {
			return false
		}
		space = r == ' '
	}
	return !space || text == ""
}
