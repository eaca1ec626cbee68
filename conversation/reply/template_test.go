package reply

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFields(t *testing.T) {
	tests := []struct {
		name    string
		content string
		want    []Field
	}{
		{"empty", "", nil},
		{"no field", "Hello } { }} \\ |", nil},
		{"one", "{{a}}", []Field{{Name: "a"}}},
		{"segments", "{{contact.first_name}}", []Field{{Name: "contact.first_name"}}},
		{"every kind of character", "{{a-B_9.0}}", []Field{{Name: "a-B_9.0"}}},
		{"other scripts", "{{größe.名前.नाम}}", []Field{{Name: "größe.名前.नाम"}}},
		{"decomposed letter", "{{gro\u0308sse}}", []Field{{Name: "gro\u0308sse"}}},
		{"name trimmed", "{{ \t\n\u00a0a }}", []Field{{Name: "a"}}},
		{"name trimmed of wide spaces alone", "{{\u00a0a\u2003}}", []Field{{Name: "a"}}},
		{"fallback", "{{a|there}}", []Field{{Name: "a", Fallback: "there", HasFallback: true}}},
		{"fallback trimmed outside only", "{{ a |  my  friend }}", []Field{{Name: "a", Fallback: "my  friend", HasFallback: true}}},
		{"fallback empty", "{{a|}}", []Field{{Name: "a", HasFallback: true}}},
		{"fallback of spaces is empty", "{{a| }}", []Field{{Name: "a", HasFallback: true}}},
		{"fallback with backslash and quotes", `{{a|"\n"}}`, []Field{{Name: "a", Fallback: `"\n"`, HasFallback: true}}},
		{"fallback that is a word of ours", "{{a|default}}", []Field{{Name: "a", Fallback: "default", HasFallback: true}}},
		{"order of first use, once each", "{{b}} {{a}} {{b}} {{ a }}", []Field{{Name: "b"}, {Name: "a"}}},
		{"two fallbacks", "{{a}} {{a|x}} {{a|y}} {{a|x}}", []Field{
			{Name: "a"}, {Name: "a", Fallback: "x", HasFallback: true}, {Name: "a", Fallback: "y", HasFallback: true}}},
		{"names are case-sensitive", "{{a}}{{A}}", []Field{{Name: "a"}, {Name: "A"}}},
		{"escaped", `\{{a}} {{b}}`, []Field{{Name: "b"}}},
		{"escaped twice", `\{{\{{a}}`, nil},
		{"backslash before a field", `\\{{a}}`, []Field{{Name: "a"}}},
		{"brace after a field", "{{a}}}", []Field{{Name: "a"}}},
		{"longest name", "{{" + strings.Repeat("n", MaxName) + "}}", []Field{{Name: strings.Repeat("n", MaxName)}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			template, err := Parse(tt.content)
			require.NoError(t, err)
			assert.Equal(t, tt.want, template.Fields())
		})
	}
}

func TestSyntaxError(t *testing.T) {
	const (
		unclosed = "unclosed field"
		brace    = "brace inside a field"
		empty    = "empty field name"
		bad      = "bad field name"
		fallback = "bad fallback"
	)
	tests := []struct {
		name    string
		content string
		offset  int
		problem string
		found   string
	}{
		{"unclosed", "Hello {{name, hi", 6, unclosed, "{{name, hi"},
		{"unclosed at the end", "Hello {{", 6, unclosed, "{{"},
		{"closed by one brace", "{{name}", 0, unclosed, "{{name}"},
		{"unclosed after a field", "{{a}} {{b", 6, unclosed, "{{b"},
		{"unclosed after a bar", "Hi {{a|there", 3, unclosed, "{{a|there"},
		{"unclosed, as long as is shown", "{{" + strings.Repeat("x", 38), 0, unclosed, "{{" + strings.Repeat("x", 38)},
		{"unclosed, long", "{{" + strings.Repeat("é", 50), 0, unclosed, "{{" + strings.Repeat("é", 19)},
		{"unclosed, cut inside a character", "{{x" + strings.Repeat("é", 50), 0, unclosed, "{{x" + strings.Repeat("é", 18)},
		{"field inside a name", "{{a {{b}} }}", 4, brace, "{{b}}"},
		{"field inside a fallback", "{{a|{{b}}}}", 4, brace, "{{b}}"},
		{"unclosed before another", "Hi {{a, {{b}}", 8, brace, "{{b}}"},
		{"three braces", "{{{a}}}", 2, brace, "{a}}"},
		{"brace in a name", "{{a{b}}", 3, brace, "{b}}"},
		{"closing brace in a fallback", "{{a|x}y}}", 5, brace, "}y}}"},
		{"four braces", "{{{{", 0, unclosed, "{{{{"},
		{"escaped, then three braces", `\{{{{{a}}`, 5, brace, "{a}}"},
		{"empty", "a {{}} b", 2, empty, "{{}}"},
		{"white space only", "{{ \n}}", 0, empty, "{{ \n}}"},
		{"fallback only", "{{|x}}", 0, empty, "{{|x}}"},
		{"space in a name", "{{ first name }}", 8, bad, "first name"},
		{"dot first", "{{.a}}", 2, bad, ".a"},
		{"dot last", "{{a.}}", 3, bad, "a."},
		{"two dots", "{{a..b}}", 4, bad, "a..b"},
		{"a dot", "{{.}}", 2, bad, "."},
		{"call", "{{a()}}", 3, bad, "a()"},
		{"loop", "{{range .Items}}", 7, bad, "range .Items"},
		{"hash", "{{#if}}", 2, bad, "#if"},
		{"escape inside", `{{a\}}`, 3, bad, `a\`},
		{"zero-width space", "{{a\u200b}}", 3, bad, "a\u200b"},
		{"emoji first", "{{😀a}}", 2, bad, "😀a"},
		{"trailing dot after a wide letter", "{{é.}}", 4, bad, "é."},
		{"two dots after a wide letter", "{{é..é}}", 5, bad, "é..é"},
		{"emoji", "{{é😀}}", 4, bad, "é😀"},
		{"control character after a wide letter", "{{é\u0080}}", 4, bad, "é\u0080"},
		{"long name", "{{ " + strings.Repeat("n", MaxName+1) + "}}", 3, "field name too long", strings.Repeat("n", 40)},
		{"two bars", `{{a || "there"}}`, 4, fallback, `|| "there"`},
		{"filters", "{{a|x|upcase}}", 3, fallback, "|x|upcase"},
		{"filters of the longest name", "{{" + strings.Repeat("n", MaxName) + "|x|y}}", 2 + MaxName, fallback, "|x|y"},
		{"Liquid default", "{{ a | default: 'there' }}", 5, fallback, "| default: 'there' "},
		{"NUL", "a\x00b", 1, "NUL character", "\x00"},
		{"NUL first", "\x00b", 0, "NUL character", "\x00"},
		{"NUL in a field", "{{a\x00}}", 3, "NUL character", "\x00"},
		{"invalid UTF-8", "\ufffdab\xff{{", 5, "invalid UTF-8", "\xff"},
		{"cut UTF-8", "a\xc3", 1, "invalid UTF-8", "\xc3"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse(tt.content)
			var syntax *SyntaxError
			require.ErrorAs(t, err, &syntax)
			assert.Equal(t, tt.offset, syntax.Offset)
			assert.Equal(t, tt.problem, syntax.Problem)
			assert.Equal(t, tt.found, syntax.Found)
			assert.NotEmpty(t, syntax.Want)

			result, filled := Fill(tt.content, nil, Options{Missing: Blank})
			assert.Equal(t, err, filled, "Fill must refuse what Parse refuses")
			assert.Empty(t, result)
		})
	}
}

func TestSyntaxErrorText(t *testing.T) {
	_, err := Parse("Hi {{first name}}")
	assert.EqualError(t, err, `reply: bad field name "first name" at byte 10: use letters, digits, "_" and "-", with single "." between segments`)
}

func TestLength(t *testing.T) {
	longest := strings.Repeat("é", MaxContent)
	_, err := Parse(longest)
	require.NoError(t, err, "the limit counts characters, not bytes")

	_, err = Parse(longest + "é")
	assert.Equal(t, &LengthError{Length: 5001, Limit: 5000}, err)
	assert.EqualError(t, err, "reply: content has 5001 characters, at most 5000 are allowed")

	_, err = Fill(longest+"é", nil, Options{})
	assert.Equal(t, &LengthError{Length: 5001, Limit: 5000}, err)
}

func TestZeroTemplate(t *testing.T) {
	var template Template
	assert.Empty(t, template.Fields())
	result, err := template.Fill(nil, Options{})
	require.NoError(t, err)
	assert.Empty(t, result)
}

func TestEscape(t *testing.T) {
	tests := []struct{ text, want string }{
		{"", ""},
		{`plain \ text }} {`, `plain \ text }} {`},
		{"{{a}}", `\{{a}}`},
		{"{{{{{", `\{{\{{{`},
		{`\{{`, `\\\{{`},
		{`a\\{{b\{{c`, `a\\\\\{{b\\\{{c`},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			assert.Equal(t, tt.want, Escape(tt.text))
			result, err := Fill(tt.want, nil, Options{})
			require.NoError(t, err)
			assert.Equal(t, tt.text, result.Text)
		})
	}
}
