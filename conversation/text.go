package conversation

import (
	"cmp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// PreviewLength is how many characters of a message a list shows.
const PreviewLength = 200

// Preview returns a line that stands for a message: its text with white space folded, else what it carries.
func Preview(m *Message) string {
	if line := firstLine(m.Text, PreviewLength); line != "" {
		return line
	}
	switch {
	case m.Template != nil:
		return bracketed(m.Template.Name)
	case m.Unsupported != "":
		return bracketed(m.Unsupported)
	case len(m.Attachments) > 0:
		return bracketed(cmp.Or(m.Attachments[0].Type, m.Attachments[0].Name, "file"))
	}
	return firstLine(m.Subject, PreviewLength)
}

func bracketed(name string) string { return "[" + firstLine(name, PreviewLength-2) + "]" }

// firstLine folds white space and cuts after n characters, looking at no more of the text than that takes.
func firstLine(text string, n int) string {
	var b strings.Builder
	space := false
	for _, r := range text {
		if unicode.IsSpace(r) {
			space = b.Len() > 0
			continue
		}
		if space {
			n--
		}
		if n--; n < 0 {
			break
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(r)
	}
	return b.String()
}

// Initials returns the first grapheme of the name's first word and of its last, upper-cased: "JD" for Jane Doe, "李" for 李. A name of
// one word has one initial.
func Initials(name string) string {
	words := strings.Fields(strings.ToValidUTF8(name, ""))
	if len(words) == 0 {
		return ""
	}
	initials := initial(words[0])
	if len(words) > 1 {
		initials += initial(words[len(words)-1])
	}
	return initials
}

func initial(word string) string {
	cluster, _, _, _ := uniseg.FirstGraphemeClusterInString(word, -1)
	return strings.ToUpper(cluster)
}

// Limits of what a person may write.
const (
	MaxText        = 256 << 10 // bytes of a message's text or HTML
	MaxSubject     = 1000      // bytes
	MaxAttachments = 50
	MaxHostID      = 64 // bytes of an ID that the host gives: mailbox, agent, team, tag
)

// CheckText lists what is wrong with a text that somebody wrote.
func CheckText(text string, limit int) (problems []string) {
	if len(text) > limit {
		problems = append(problems, "is "+strconv.Itoa(len(text))+" bytes, at most "+strconv.Itoa(limit))
	}
	if !utf8.ValidString(text) {
		problems = append(problems, "is not valid UTF-8")
	}
	if strings.IndexByte(text, 0) >= 0 {
		problems = append(problems, "holds a NUL byte")
	}
	return problems
}

// CleanText makes a foreign text valid: bad bytes become U+FFFD, NUL goes.
func CleanText(text string) string {
	if strings.IndexByte(text, 0) >= 0 {
		text = strings.ReplaceAll(text, "\x00", "")
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}

// CheckID says what is wrong with an ID that the host gives; "" if nothing is. IDs are part of row IDs, counters and URLs.
func CheckID(id string) string {
	switch {
	case id == "":
		return "is empty; give an ID"
	case len(id) > MaxHostID:
		return "is " + strconv.Itoa(len(id)) + " bytes, at most " + strconv.Itoa(MaxHostID)
	case !utf8.ValidString(id):
		return "is not valid UTF-8"
	case strings.ContainsFunc(id, func(r rune) bool {
		return r == '/' || r == ',' || unicode.IsControl(r) || unicode.IsSpace(r) && r != ' '
	}):
		return "holds a slash, a comma or a control character"
	}
	return ""
}
