package conversation

import (
	"errors"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
)

// Limits of what is looked for in a customer's text.
const (
	MaxPattern     = 500      // bytes of a pattern
	maxProgram     = 1000     // instructions that a pattern compiles to
	maxLookedAt    = 16 << 10 // bytes of a text that are looked at
	maxFinds       = 5        // values that one pattern finds in one text
	MaxLinkID      = 100      // bytes of a record's ID
	maxMatchesSeen = 100      // places of a text that one pattern is tried at, repeated values included
)

// Pattern compiles a regular expression in RE2's syntax that finds values, such as order numbers, in a text: its first group, or all of it
// where it has none. Error: *ValueError.
func Pattern(field, pattern string) (*regexp.Regexp, error) {
	if problems := CheckText(pattern, MaxPattern); len(problems) > 0 {
		return nil, &ValueError{Field: field, Problems: problems}
	}
	tree, err := syntax.Parse(pattern, syntax.Perl)
	var se *syntax.Error
	if errors.As(err, &se) {
		return nil, badValue(field, "%s: %q", se.Code, se.Expr)
	}
	program, err := syntax.Compile(tree.Simplify())
	if err != nil || len(program.Inst) > maxProgram {
		return nil, badValue(field, "repeats too much: it compiles to more than %d instructions", maxProgram)
	}
	re := regexp.MustCompile(pattern) // it was parsed above, in the same syntax
	if re.MatchString("") {
		return nil, badValue(field, "matches nothing at all, and so everywhere; ask for at least one character")
	}
	return re, nil
}

// Finds returns the values that a pattern finds in a message's subject and text, each once, in order.
func Finds(re *regexp.Regexp, m *Message) (out []string) {
	text := m.Text
	if m.Subject != "" {
		text = m.Subject + "\n" + text
	}
	if len(text) > maxLookedAt {
		text = strings.ToValidUTF8(text[:maxLookedAt], "")
	}
	for _, at := range re.FindAllStringSubmatchIndex(text, maxMatchesSeen) {
		from, to := at[0], at[1]
		if len(at) > 2 {
			from, to = at[2], at[3]
		}
		if from < 0 {
			continue
		}
		value := strings.TrimSpace(text[from:to])
		if CheckLinkID(value) == "" && !slices.Contains(out, value) {
			out = append(out, value)
		}
		if len(out) == maxFinds {
			break
		}
	}
	return out
}

// CheckLinkID says what is wrong with the ID of a host's record; "" if nothing is.
func CheckLinkID(id string) string {
	if len(id) > MaxLinkID {
		return "is longer than 100 bytes"
	}
	if id == "" {
		return "is empty; give the record's ID"
	}
	if problems := CheckText(id, MaxLinkID); len(problems) > 0 {
		return problems[0]
	}
	if strings.ContainsFunc(id, func(r rune) bool { return r < ' ' || r == 0x7F }) {
		return "holds a control character"
	}
	return ""
}
