package conversation

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

var knownMentions = map[string]string{"jd": "jd", "jane doe": "jd", "jane": "jane2", "joe": "joe", "returns": "team/returns", "team/returns": "team/returns",
	"same": "", "o'neil": "on", "李雷": "li", "x": "x", "anna-lena": "al"}

func TestMentions(t *testing.T) {
	many := strings.Repeat("@nobody ", 99)
	for text, want := range map[string][]string{
		"":                                 nil,
		"@":                                nil,
		"@[":                               nil,
		"@[jd":                             nil,
		"@[]":                              nil,
		"@[jd]":                            {"jd"},
		"@[ JANE  Doe ] look":              {"jd"},
		"@[team/returns] please":           {"team/returns"},
		"@Jane Doe, look":                  {"jd"},
		"@jane do":                         {"jane2"}, // the longest that is known
		"@janet":                           nil,       // part of a word
		"@joe. And @joe!":                  {"joe"},   // once
		"(@joe) @Returns":                  {"joe", "team/returns"},
		"mail joe@x.example":               nil,
		"joe_@x":                           nil,
		"@same":                            nil, // two share the name
		"@O'Neil's turn":                   {"on"},
		"@李雷 看":                            {"li"},
		"@Anna-Lena":                       {"al"},
		"@jane\ndoe":                       {"jane2"}, // a name stands on one line
		"@@joe":                            {"joe"},
		"\xff@joe\xff":                     {"joe"},
		many + "@joe":                      {"joe"},
		many + "@nobody @joe":              nil, // behind what is looked at
		"@[" + strings.Repeat(" ", 500):    nil,
		"@ joe":                            nil,
		"@" + strings.Repeat("李", 80) + "": nil,
	} {
		assert.Equal(t, want, Mentions(text, knownMentions), "%q", text)
	}
}

func TestMentionsAreBounded(t *testing.T) {
	known, text := map[string]string{}, ""
	for i := range MaxMentions + 5 {
		name := strings.Repeat("a", i+1)
		known[name] = name
		text += "@" + name + " "
	}
	assert.Len(t, Mentions(text, known), MaxMentions)

	// The longest name that is looked for, and longer ones; whatever stands there, it is only looked at.
	name := strings.Repeat("x", maxMention)
	known = map[string]string{name: "long", name + "y": "longer", name[1:]: "shorter", strings.Repeat("x", 198): "", "jd": "jd"}
	for text, want := range map[string][]string{
		"@" + name: {"long"}, "@" + name + " y": {"long"}, "@" + name + "y": nil, "@" + name[1:]: {"shorter"}, "@" + name[1:] + "é": nil,
		"@" + name[1:] + " é": {"shorter"}, "@[" + name[1:] + "]": {"shorter"}, "@[" + name + "]": nil,
		"@" + strings.Repeat("\x80", 2*maxMention): nil, "@[\njd]": nil, "@[j\rd]": nil,
	} {
		assert.Equal(t, want, Mentions(text, known), "%q", text)
	}
}

func FuzzMentions(f *testing.F) {
	f.Add("@jd @[team/returns] @Jane Doe a@b \xff@")
	f.Fuzz(func(t *testing.T, text string) {
		got := Mentions(text, knownMentions)
		assert.LessOrEqual(t, len(got), MaxMentions)
		seen := map[string]bool{}
		for _, who := range got {
			assert.NotEmpty(t, who)
			assert.False(t, seen[who], "twice")
			seen[who] = true
			assert.Contains(t, text, "@")
		}
		bracketed := Mentions("@[jd] "+text, knownMentions)
		assert.Equal(t, "jd", bracketed[0], "what stands behind a mention does not take it away")
	})
}
