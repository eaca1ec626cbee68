package conversation

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
	"github.com/stretchr/testify/assert"
)

func TestPreview(t *testing.T) {
	long := strings.Repeat("é", PreviewLength)
	for _, tc := range []struct {
		name string
		m    Message
		want string
	}{
		{"text", Message{Text: "Hello", Subject: "S"}, "Hello"},
		{"white space is folded", Message{Text: "\n  Hello,\r\n\r\n\tJane \u00a0 Doe \n"}, "Hello, Jane Doe"},
		{"as long as it may be", Message{Text: long}, long},
		{"longer", Message{Text: long + "x"}, long},
		{"cut behind a space", Message{Text: long[:2*(PreviewLength-1)] + " x"}, long[:2*(PreviewLength-1)]},
		{"cut behind the character after a space", Message{Text: long[:2*(PreviewLength-2)] + " xy"}, long[:2*(PreviewLength-2)] + " x"},
		{"bad bytes", Message{Text: "a\xffb"}, "a\uFFFDb"},
		{"template", Message{Template: &Template{Name: "order_update"}, Subject: "S"}, "[order_update]"},
		{"placeholder", Message{Unsupported: "poll", Subject: "S"}, "[poll]"},
		{"attachment", Message{Attachments: []Attachment{{Type: "image/png", Name: "a.png"}, {Type: "text/plain"}}}, "[image/png]"},
		{"attachment of unknown type", Message{Attachments: []Attachment{{Name: "a.png"}}}, "[a.png]"},
		{"attachment of which nothing is known", Message{Attachments: []Attachment{{}}}, "[file]"},
		{"what it carries is one line too", Message{Unsupported: "a\nb" + long}, "[a b" + long[:2*(PreviewLength-5)] + "]"},
		{"text wins over attachments", Message{Text: "see", Attachments: []Attachment{{Type: "image/png"}}}, "see"},
		{"white space only is no text", Message{Text: " \n", Subject: " Order\n5 "}, "Order 5"},
		{"nothing", Message{}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) { assert.Equal(t, tc.want, Preview(&tc.m)) })
	}
}

func TestInitials(t *testing.T) {
	for name, want := range map[string]string{
		"Jane Doe":                        "JD",
		"jane doe":                        "JD",
		"Jane Maria van der Doe":          "JD",
		"  Jane\t Doe\n":                  "JD",
		"Jane":                            "J",
		"Éa":                              "É",
		"E\u0301a":                        "E\u0301", // decomposed: one grapheme of two code points
		"éa ørsted":                       "ÉØ",
		"李":                               "李",
		"李 小龙":                            "李小",
		"👩‍🚀 Ripley":                      "👩‍🚀R", // woman, joiner, rocket: one grapheme
		"Ann 👨‍👩‍👧‍👦":                     "A👨‍👩‍👧‍👦",
		"🇩🇪 Team":                         "🇩🇪T",
		"👍🏽":                              "👍🏽",
		"\xff Jane \xfe":                  "J",
		"\xffJane Doe":                    "JD",
		"":                                "",
		" \n":                             "",
		"\u0645\u0631\u064A\u0645 \u0639": "\u0645\u0639",
	} {
		assert.Equal(t, want, Initials(name), "%q", name)
	}
}

func TestCheckText(t *testing.T) {
	for _, tc := range []struct {
		text  string
		limit int
		want  []string
	}{
		{"", 0, nil},
		{"hello\r\n\tthere", 20, nil},
		{"ééé", 6, nil},
		{"ééé", 5, []string{"is 6 bytes, at most 5"}},
		{"a\xff", 5, []string{"is not valid UTF-8"}},
		{"a\x00", 5, []string{"holds a NUL byte"}},
		{"\x00a", 5, []string{"holds a NUL byte"}},
		{"a\x00\xff", 2, []string{"is 3 bytes, at most 2", "is not valid UTF-8", "holds a NUL byte"}},
	} {
		assert.Equal(t, tc.want, CheckText(tc.text, tc.limit), "%q", tc.text)
	}
}

func TestCleanText(t *testing.T) {
	for text, want := range map[string]string{
		"":               "",
		"hello\r\n":      "hello\r\n",
		"a\x00b\x00":     "ab",
		"\x00a":          "a",
		"a\xffb":         "a\uFFFDb",
		"\xe4\xf6\xfc":   "\uFFFD",
		"a\x00\xff\x00b": "a\uFFFDb",
		"\xc3\x00\xa9":   "é", // NUL goes first
	} {
		assert.Equal(t, want, CleanText(text), "%q", text)
	}
}

func TestCheckID(t *testing.T) {
	for id, want := range map[string]string{
		"shop-1":                           "",
		"Ann Archer":                       "",
		"李":                                "",
		"a:b|c*+":                          "",
		strings.Repeat("x", MaxHostID):     "",
		"":                                 "is empty; give an ID",
		strings.Repeat("é", MaxHostID/2+1): "is 66 bytes, at most 64",
		strings.Repeat("/", 2*MaxHostID):   "is 128 bytes, at most 64",
		"a\xff":                            "is not valid UTF-8",
		"a/b":                              "holds a slash, a comma or a control character",
		"a,b":                              "holds a slash, a comma or a control character",
		"a\x00":                            "holds a slash, a comma or a control character",
		"a\nb":                             "holds a slash, a comma or a control character",
		"a\u0085b":                         "holds a slash, a comma or a control character",
		"a\u2028b":                         "holds a slash, a comma or a control character",
	} {
		assert.Equal(t, want, CheckID(id), "%q", id)
	}
}

func TestDisplayName(t *testing.T) {
	address := []Identity{{Address: "+49151", Name: "x"}, {Address: "a@b"}}
	for _, tc := range []struct {
		c    Contact
		want string
	}{
		{Contact{Name: "Given", PlatformName: "Theirs", Identities: address}, "Given"},
		{Contact{PlatformName: "Theirs", Identities: address}, "Theirs"},
		{Contact{Identities: address}, "+49151"},
		{Contact{}, ""},
	} {
		assert.Equal(t, tc.want, tc.c.DisplayName())
	}
}

func FuzzPreview(f *testing.F) {
	for _, seed := range []string{"", " a  b ", "a\xff\x00", strings.Repeat("é ", 300), "\u2028\u2029x", "[x]"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, m := range []Message{{Text: text}, {Subject: text}, {Unsupported: text}, {Template: &Template{Name: text}}, {Attachments: []Attachment{{Type: text}}}} {
			line := Preview(&m)
			if n := utf8.RuneCountInString(line); n > PreviewLength {
				t.Errorf("%d characters", n)
			}
			if !utf8.ValidString(line) || strings.ContainsFunc(line, func(r rune) bool { return unicode.IsSpace(r) && r != ' ' }) {
				t.Errorf("%q is not a line", line)
			}
			if strings.Contains(line, "  ") || strings.TrimSpace(line) != line {
				t.Errorf("%q is not folded", line)
			}
		}
		// A short text loses nothing but white space and bad bytes.
		folded := strings.Join(strings.Fields(strings.ToValidUTF8(text, "\uFFFD")), " ")
		if short := utf8.RuneCountInString(text) <= PreviewLength; short && utf8.ValidString(text) && Preview(&Message{Text: text}) != folded {
			t.Errorf("%q became %q", text, Preview(&Message{Text: text}))
		}
	})
}

func FuzzCleanText(f *testing.F) {
	for _, seed := range []string{"", "hello", "a\x00b", "\xff\xfe", "\xc3\x00\xa9", "\xed\xa0\x80"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		clean := CleanText(text)
		if problems := CheckText(clean, 3*len(text)); problems != nil {
			t.Errorf("%q: %v", clean, problems)
		}
		if CleanText(clean) != clean {
			t.Errorf("%q is cleaned again", clean)
		}
		if CheckText(text, len(text)) == nil && clean != text {
			t.Errorf("%q was good and became %q", text, clean)
		}
	})
}

func FuzzInitials(f *testing.F) {
	for _, seed := range []string{"", "Jane Doe", "Éa", "李", "👩‍🚀 Ripley", "\xff", "\u200d \u0301", "ŉ"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		initials := Initials(name)
		if !utf8.ValidString(initials) || strings.ContainsFunc(initials, unicode.IsSpace) {
			t.Errorf("%q", initials)
		}
		words := strings.Fields(strings.ToValidUTF8(name, ""))
		if (initials == "") != (len(words) == 0) {
			t.Errorf("%q for the words %q", initials, words)
		}
		if len(words) == 1 && uniseg.GraphemeClusterCount(initials) > 1 {
			t.Errorf("%q for one word", initials)
		}
	})
}
