package channel

import (
	"html"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// page is what a reader of HTML sees of it, as far as rules look at it.
type page struct {
	text    string
	targets []string // of links
	images  int
}

// inline are the tags that do not part words.
var inline = []string{"a", "b", "i", "u", "s", "em", "strong", "span", "font", "wbr", "small", "big", "mark"}

// readHTML reads HTML as far as rules need it, in one pass. It is no sanitiser: what it takes for text or tags a browser may see otherwise.
func readHTML(src string) (p page) {
	var text strings.Builder
	for src != "" {
		before, tag, found := strings.Cut(src, "<")
		text.WriteString(html.UnescapeString(before))
		if !found {
			break
		}
		if rest, ok := strings.CutPrefix(tag, "!--"); ok {
			_, src, _ = strings.Cut(rest, "-->")
			continue
		}
		name, attributes, rest := cutTag(tag)
		src = rest
		switch {
		case name == "img" || name == "picture" || name == "svg":
			p.images++
		case name == "style" || name == "script":
			src = after(src, "</"+name)
		}
		if !slices.Contains(inline, strings.TrimPrefix(name, "/")) {
			text.WriteByte(' ')
		}
		if to := attribute(attributes, "href"); to != "" {
			p.targets = append(p.targets, strings.TrimSpace(html.UnescapeString(to)))
		}
	}
	p.text = text.String()
	return p
}

// cutTag takes a tag apart, from behind its "<": an end of tag within quotes is none.
func cutTag(src string) (name, attributes, rest string) {
	quote := byte(0)
	end := len(src)
	for i := range len(src) {
		switch c := src[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '>':
			end = i
		}
		if end < len(src) {
			break
		}
	}
	tag := src[:end]
	if end < len(src) {
		rest = src[end+1:]
	}
	i := strings.IndexFunc(tag, unicode.IsSpace)
	if i < 0 {
		i = len(tag)
	}
	return strings.ToLower(strings.TrimSuffix(tag[:i], "/")), tag[i:], rest
}

// after returns what follows a mark, whatever its case; nothing if it is not there.
func after(src, mark string) string {
	for i := 0; i+len(mark) <= len(src); i++ {
		if strings.EqualFold(src[i:i+len(mark)], mark) {
			return src[i:]
		}
	}
	return ""
}

var attributeOf = regexp.MustCompile(`(?i)([a-z\-]+)\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+)`)

func attribute(attributes, name string) string {
	for _, m := range attributeOf.FindAllStringSubmatch(attributes, 50) {
		if strings.EqualFold(m[1], name) {
			return strings.Trim(m[2], `"'`)
		}
	}
	return ""
}
