package reply

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// from looks values up in a map.
func from(m map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		v, ok := m[name]
		return v, ok
	}
}

// both fills in one call and in two, and requires the same of them.
func both(t *testing.T, content string, values func(string) (string, bool), opt Options) (Result, error) {
	t.Helper()
	result, err := Fill(content, values, opt)
	template, parsed := Parse(content)
	require.NoError(t, parsed)
	again, twice := template.Fill(values, opt)
	assert.Equal(t, result, again)
	assert.Equal(t, err, twice)
	return result, err
}

func TestFillValues(t *testing.T) {
	values := from(map[string]string{
		"name": "Ann", "größe": "XL", "empty": "", "space": " \t\n\u00a0", "padded": " Bob ", "wide": "\u00a0", "accent": "É",
		"field": "{{name}}", "open": "{{", "escape": `\{{name}}`, "slash": `\`,
	})
	tests := []struct{ name, content, want string }{
		{"nothing to fill", "Hello", "Hello"},
		{"value", "Hello {{name}}!", "Hello Ann!"},
		{"spaces inside braces", "Hello {{ name }}!", "Hello Ann!"},
		{"only fields", "{{name}}{{größe}}{{name}}", "AnnXLAnn"},
		{"value before fallback", "{{name|there}}", "Ann"},
		{"fallback of an absent value", "Hello {{nobody|there}}!", "Hello there!"},
		{"fallback of an empty value", "Hello {{empty|there}}!", "Hello there!"},
		{"fallback of white space", "Hello {{space|there}}!", "Hello there!"},
		{"fallback of a no-break space", "Hello {{wide|there}}!", "Hello there!"},
		{"value beyond ASCII", "Hello {{accent|there}}!", "Hello É!"},
		{"fallback trimmed", "Hello {{ nobody | there }}!", "Hello there!"},
		{"empty fallback leaves a blank", "Hello {{nobody|}}!", "Hello!"},
		{"value not trimmed", "<{{padded}}>", "< Bob >"},
		{"literal braces", `\{{name}} is {{name}}`, "{{name}} is Ann"},
		{"literal braces alone", `\{{`, "{{"},
		{"literal braces in a row", `\{{\{{{`, "{{{{{"},
		{"backslash and field", `C:\\{{name}}`, `C:\Ann`},
		{"backslash and literal braces", `\\\{{name}}`, `\{{name}}`},
		{"two backslashes and field", `\\\\{{name}}`, `\\Ann`},
		{"backslashes elsewhere", `\ \\ \{ \} {{name}}\`, `\ \\ \{ \} Ann\`},
		{"single and closing braces", "{ } }} {{name}}}", "{ } }} Ann}"},
		{"value with a field", "{{field}}", "{{name}}"},
		{"value that opens a field", "{{open}}name}}", "{{name}}"},
		{"value that escapes", "{{escape}}", `\{{name}}`},
		{"value that ends in a backslash", "{{slash}}{{name}}", `\Ann`},
		{"fallback is not filled", `{{nobody|\n $name}}`, `\n $name`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			result, err := both(t, tt.content, values, Options{})
			require.NoError(t, err)
			assert.Equal(t, tt.want, result.Text)
			assert.Empty(t, result.Unresolved)
		})
	}
}

func TestFillMissing(t *testing.T) {
	values := from(map[string]string{"name": "Ann", "empty": "", "space": " "})
	const content = "{{b}}, {{ a }}, {{name}}, {{b}}, {{c|x}}, {{empty}}, {{space}}."
	names := []string{"b", "a", "empty", "space"}

	for _, policy := range []Policy{Refuse, Policy(-1), Policy(99)} {
		result, err := both(t, content, values, Options{Missing: policy})
		assert.Equal(t, &MissingError{Names: names}, err)
		assert.Empty(t, result)
	}
	_, err := Fill(content, values, Options{})
	assert.EqualError(t, err, "reply: no value for b, a, empty, space: give one, or write a fallback as in {{name|there}}")

	result, err := both(t, content, values, Options{Missing: Blank})
	require.NoError(t, err)
	assert.Equal(t, Result{Text: ",, Ann,, x,,.", Unresolved: names}, result)

	result, err = both(t, content, values, Options{Missing: Keep})
	require.NoError(t, err)
	assert.Equal(t, Result{Text: "{{b}}, {{ a }}, Ann, {{b}}, x, {{empty}}, {{space}}.", Unresolved: names}, result)

	result, err = both(t, "{{name}} {{c|x}}", nil, Options{Missing: Keep})
	require.NoError(t, err)
	assert.Equal(t, Result{Text: "{{name}} x", Unresolved: []string{"name"}}, result)
}

func TestFillBlank(t *testing.T) {
	values := from(map[string]string{
		"name": "Ann", "padded": "Ann  ", "comma": ", Ann", "line": "Ann\n", "lead": "  Ann",
	})
	tests := []struct{ name, content, want string }{
		{"before a comma", "Hello {{x}}, hi", "Hello, hi"},
		{"before a word", "Hello {{x}} and welcome", "Hello and welcome"},
		{"before the end", "Thanks {{x}}", "Thanks"},
		{"before a space at the end", "Thanks {{x}} ", "Thanks "},
		{"before a line end", "Hello {{x}}\nNext", "Hello\nNext"},
		{"before a Windows line end", "Hello {{x}}\r\nNext", "Hello\r\nNext"},
		{"in brackets", "Hello ({{x}}) [ {{x}}]", "Hello () []"},
		{"several spaces and a tab", "Hello \t {{x}}!", "Hello!"},
		{"no-break space before the mark", "Bonjour {{x}}\u00a0!", "Bonjour\u00a0!"},
		{"narrow no-break space before the field", "Bonjour\u202f{{x}}.", "Bonjour."},
		{"other scripts", "你好 {{x}}，再见 {{x}}。 أهلا {{x}}، أهلا {{x}}؟", "你好，再见。 أهلا، أهلا؟"},
		{"ellipsis", "Well {{x}}…", "Well…"},
		{"nothing closes", "Order #{{x}} and a {{x}}-b (x {{x}}y)", "Order # and a -b (x y)"},
		{"opening mark keeps its space", "Hello {{x}}(you)", "Hello (you)"},
		{"first", "{{x}} we have news", "we have news"},
		{"first in a line", "Hello\n{{x}}  we", "Hello\nwe"},
		{"indented", "  {{x}} we", "we"},
		{"alone", "{{x}}", ""},
		{"alone in a line", "a\n{{x}}\nb", "a\n\nb"},
		{"two", "Dear {{x}} {{y}}, hi", "Dear, hi"},
		{"two, joined", "Dear {{x}}{{y}}, hi", "Dear, hi"},
		{"two first", "{{x}} {{y}} hi", "hi"},
		{"blank, then value", "{{x}} {{name}}, hi", "Ann, hi"},
		{"value, then blank", "{{name}} {{x}}, hi", "Ann, hi"},
		{"blank beside a value", "Hello {{x}}{{name}}", "Hello Ann"},
		{"value that closes", "Hello {{x}}{{comma}}", "Hello, Ann"},
		{"value that begins with spaces", "{{x}}{{lead}}", "  Ann"},
		{"spaces of a value stay", "{{padded}}{{x}}, {{padded}} {{x}}.", "Ann  , Ann  ."},
		{"after a value with a line end", "{{line}}{{x}} hi", "Ann\nhi"},
		{"before literal braces", `Hello {{x}} \{{`, "Hello {{"},
		{"before a backslash", `Hello {{x}}\\{{name}}`, `Hello \Ann`},
		{"empty fallback", "Hello {{x|}}, {{name}}", "Hello, Ann"},
		{"no blank, no trimming", "Hello {{name}} , hi \n {{name}} ", "Hello Ann , hi \n Ann "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			result, err := both(t, tt.content, values, Options{Missing: Blank})
			require.NoError(t, err)
			assert.Equal(t, tt.want, result.Text)
		})
	}
}

func TestFillClean(t *testing.T) {
	values := from(map[string]string{"name": "Ann\n\tLee", "dot": "."})
	opt := Options{Clean: CollapseSpaces}
	result, err := both(t, "To:\n\n{{name}}, {{x|my\n\nfriend}}", values, opt)
	require.NoError(t, err)
	assert.Equal(t, "To:\n\nAnn Lee, my friend", result.Text, "values and fallbacks change, the reply's own text does not")

	opt.Clean = func(s string) string { return strings.Trim(s, ".") }
	_, err = both(t, "Hi {{dot}}", values, opt)
	assert.Equal(t, &MissingError{Names: []string{"dot"}}, err, "a value cleaned to nothing is missing")

	result, err = both(t, "Hi {{dot|there}}!", values, opt)
	require.NoError(t, err)
	assert.Equal(t, "Hi there!", result.Text)

	result, err = both(t, "Hi {{x|..}}!", values, opt)
	require.NoError(t, err)
	assert.Equal(t, Result{Text: "Hi!"}, result, "a fallback cleaned to nothing is an empty fallback")

	result, err = both(t, "Hi {{\nx\n}}", values, Options{Missing: Keep, Clean: CollapseSpaces})
	require.NoError(t, err)
	assert.Equal(t, "Hi {{\nx\n}}", result.Text, "a kept field is not a value")
}

func TestFillAsksOncePerUse(t *testing.T) {
	var asked []string
	_, err := Fill(`{{a}} {{ b |x}} \{{c}} {{a}}`, func(name string) (string, bool) {
		asked = append(asked, name)
		return "v", true
	}, Options{})
	require.NoError(t, err)
	assert.Equal(t, []string{"a", "b", "a"}, asked)
}

func TestCollapseSpaces(t *testing.T) {
	tests := []struct{ text, want string }{
		{"", ""},
		{" ", ""},
		{"a", "a"},
		{"a b c", "a b c"},
		{" a", "a"},
		{"a ", "a"},
		{"a     b", "a b"},
		{"a\nb", "a b"},
		{"a\r\n\r\nb\tc", "a b c"},
		{"a\u00a0b\u2028c", "a b c"},
		{"\xff \xff", "\xff \xff"},
	}
	for _, tt := range tests {
		assert.Equal(t, tt.want, CollapseSpaces(tt.text), "%q", tt.text)
	}
}
