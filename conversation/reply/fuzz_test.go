package reply

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", "Hello {{contact.first_name|there}}, hi", `\{{a}} \\{{b}} \\\{{c}}`, "{{a", "{{{a}}}", "{{}}", "{{a|}}{{a}}",
		"{{ größe }}", "{{a..b}}", "{{a||b}}", "{{a|{b}}", "\xff{{", "a\x00", "{{" + strings.Repeat("é", 60), "}}{{a}}{{\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content string) {
		template, err := Parse(content)
		if err != nil {
			requireMistake(t, content, err)
		} else {
			requireKept(t, content, template)
		}

		if escaped := Escape(content); utf8.ValidString(content) && !strings.Contains(content, "\x00") && utf8.RuneCountInString(escaped) <= MaxContent {
			result, err := Fill(escaped, nil, Options{})
			require.NoError(t, err)
			require.Equal(t, Result{Text: content}, result, "an escaped text must be filled to itself")
		}
	})
}

// requireMistake checks that a SyntaxError points into the content.
func requireMistake(t *testing.T, content string, err error) {
	var length *LengthError
	if errors.As(err, &length) {
		require.Equal(t, utf8.RuneCountInString(content), length.Length)
		return
	}
	var syntax *SyntaxError
	require.ErrorAs(t, err, &syntax)
	require.NotEmpty(t, syntax.Problem)
	require.NotEmpty(t, syntax.Want)
	require.Less(t, syntax.Offset, len(content))
	require.NotEmpty(t, syntax.Found)
	require.LessOrEqual(t, len(syntax.Found), 40)
	require.Contains(t, content, syntax.Found)
}

// requireKept checks that a template whose fields are all kept gives its own
// text back, but for escapes, and that its fields obey the rules.
func requireKept(t *testing.T, content string, template Template) {
	for _, field := range template.Fields() {
		require.NotEmpty(t, field.Name)
		require.LessOrEqual(t, len(field.Name), MaxName)
		require.NotContains(t, strings.Split(field.Name, "."), "")
		require.Equal(t, strings.TrimSpace(field.Fallback), field.Fallback)
		require.False(t, strings.ContainsAny(field.Name+field.Fallback, "{}|"))
		if field.HasFallback {
			return
		}
	}
	result, err := template.Fill(nil, Options{Missing: Keep})
	require.NoError(t, err)
	if strings.Contains(content, `\{{`) {
		strip := strings.NewReplacer(`\`, "")
		require.Equal(t, strip.Replace(content), strip.Replace(result.Text))
		return
	}
	require.Equal(t, content, result.Text)
}

func FuzzFill(f *testing.F) {
	f.Add("Hello {{a}}, hi {{b|there}}", "Ann", uint8(0))
	f.Add("{{a}} {{x}} {{a}}, {{x}}", "{{x}}", uint8(1))
	f.Add(`\{{a}}{{a}}{{x|}} {{y}}`, `\{{`, uint8(2))
	f.Add(" {{x}} {{a}} {{x}} ", "  \u00a0\n", uint8(1))
	f.Add("{{a}}{{x}}.", " v ", uint8(5))
	f.Add("{{a", "\xff", uint8(0))
	f.Fuzz(func(t *testing.T, content, value string, mode uint8) {
		opt := Options{Missing: Policy(mode % 4)}
		if mode >= 4 {
			opt.Clean = CollapseSpaces
		}
		uses := 0
		values := func(name string) (string, bool) {
			if name != "a" {
				return "", false
			}
			uses++
			return value, true
		}
		result, err := Fill(content, values, opt)
		template, parsed := Parse(content)
		if parsed != nil {
			require.Equal(t, parsed, err)
			require.Empty(t, result)
			return
		}
		again, twice := template.Fill(values, opt)
		require.Equal(t, result, again)
		require.Equal(t, err, twice)
		requireNames(t, template, result, err)
		if opt.Clean != nil {
			value = CollapseSpaces(value)
		}
		if err == nil && strings.TrimSpace(value) != "" {
			require.GreaterOrEqual(t, strings.Count(result.Text, value), min(uses, 1), "a value must come out as it is")
		}
	})
}

// requireNames checks that what is unresolved or refused are fields without
// fallback.
func requireNames(t *testing.T, template Template, result Result, err error) {
	names := result.Unresolved
	var missing *MissingError
	if err != nil {
		require.ErrorAs(t, err, &missing)
		require.NotEmpty(t, missing.Names)
		require.Empty(t, result)
		names = missing.Names
	}
	for _, name := range names {
		assert.Contains(t, template.Fields(), Field{Name: name})
	}
}
