package frontdesk

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

func TestFold(t *testing.T) {
	for text, want := range map[string]string{
		"":                            "",
		"Hello, World":                "hello, world",
		"Café CAFÉ cafe\u0301":        "cafe cafe cafe",
		"Straße STRASSE":              "strasse strasse",
		"ΣΊΣΥΦΟΣ σίσυφος":             "σισυφοσ σισυφοσ",
		"Łódź, smørrebrød, Æsir, Þór": "lodz, smorrebrod, aesir, thor",
		"Ｆｕｌｌ ｗｉｄｔｈ １２３ ＋":      "full width 123 +",
		"ﬁne ﬂour x² ①":         "fine flour x2 1",
		"İstanbul ISTANBUL ısı": "istanbul istanbul isi",
		"ｶﾞｲﾄﾞ ガイド":             "ガイド ガイド",
		"が か":                   "が か",
		"한국어":                   "한국어",
		"कु कि क":               "कु कि क",
		"Ёлка елка":             "елка елка",
		"שָׁלוֹם שלום":          "שלום שלום",
		"مُحَمَّد محمـد":        "محمد محمد",
		"a\xffb":                "a b",
	} {
		assert.Equal(t, want, fold(text), text)
	}
}

func TestWordsOf(t *testing.T) {
	for text, want := range map[string]string{
		"":                                  "",
		"The order 4711-B, the ORDER":       "4711 b order the",
		"don't":                             "don t",
		"jane.doe+x@example.com":            "com doe example jane x",
		"user_12":                           "12 user",
		"Call +49 (30) 123456 today":        "123456 30 49 4930123456 call today",
		"+49 30":                            "30 49",
		"1 + 1234567":                       "1 1234567",
		"東京に":                               "に 京に 東京",
		"東":                                 "東",
		"iPhone充電":                          "iphone 充電 電",
		"データ":                               "タ デー ータ",
		strings.Repeat("x", 100) + " short": "short " + strings.Repeat("x", maxWord),
	} {
		assert.Equal(t, want, strings.Join(wordsOf(text), " "), text)
	}
	assert.Len(t, wordsOf(manyWords()), maxWords)
	assert.Contains(t, wordsOf(manyWords()), "aaa", "the first ones of a long text")
}

func TestAskedFindsWhatWasWritten(t *testing.T) {
	for _, c := range []struct {
		written, asked string
		found          bool
	}{
		{"Where is the teapot?", "TEAPOT", true}, {"Where is the teapot?", "tea", true}, {"Where is the teapot?", "pot", false},
		{"Where is the teapot?", "teapot where", true}, {"Where is the teapot?", "teapot when", false},
		{"Ring +49 30 123456", "+4930123456", true}, {"Ring +49 30 123456", "+49 (30) 1234", true}, {"Ring +49 30 123456", "123456", true},
		{"Ring +49 30 123456", "+49 30 123457", false}, {"東京に送って", "京に", true}, {"東京に送って", "東京", true}, {"東京に送って", "て", true},
		{"東京に送って", "京東", false}, {"東京に送って", "京に送", true}, {strings.Repeat("x", 200), strings.Repeat("x", 150), true},
	} {
		row := store.Row{Words: wordsOf(c.written)}
		assert.Equal(t, c.found, store.Matches(&row, &store.Query{Words: asked(c.asked)}), "%q in %q", c.asked, c.written)
	}
}

func TestPhones(t *testing.T) {
	for text, want := range map[string]string{
		"+49 30 123456": "4930123456", "0049 30 123456": "4930123456", "030 123456": "30123456", "(030) 123-456": "30123456", "4930123456": "4930123456",
		"＋４９ 30 123456": "4930123456", "12345": "12345", "1234": "", "030 12 x": "", "": "", "+": "", "0049 30 123456 123456789": "",
	} {
		assert.Equal(t, want, askedPhone(text), text)
	}
	for number, want := range map[string]string{"4930123456": "30123456", "12125550100": "2125550100", "79161234567": "9161234567", "35312345678": "12345678",
		"390612345678": "612345678", "123": ""} {
		assert.Equal(t, want, national(number), number)
	}
	c := conversation.Contact{Name: "Ann", Identities: []conversation.Identity{{Scope: "phone", Address: "+4930123456"}, {Scope: "phone", Address: "ACME"},
		{Scope: "phone", Address: "85258"}}}
	assert.Equal(t, []string{"30123456", "4930123456", "85258", "acme", "ann"}, contactWords(&c))
}

func TestMessageWords(t *testing.T) {
	m := conversation.Message{Subject: "Order", Text: "Where is it", HTML: "<p>never</p>", Attachments: []conversation.Attachment{{Name: "Bon.PDF"}},
		Template: &conversation.Template{Name: "shipped", Params: []string{"Zoë"}}}
	assert.Equal(t, []string{"bon", "is", "it", "order", "pdf", "where", "zoe"}, messageWords(&m))
	m = conversation.Message{HTML: "<p class='x'>Caf&eacute;<br>open</p"}
	assert.Equal(t, []string{"cafe", "open"}, messageWords(&m))
	for _, m := range []conversation.Message{{Text: "gone", Test: true}, {Text: "gone", Erased: time.UnixMicro(1)}, {Text: "gone", Trashed: time.UnixMicro(1)}} {
		assert.Empty(t, messageWords(&m))
	}
}

// FuzzWords holds texts of customers against the promises of an index: words that a store takes, sorted, few enough, the same when
// they are folded again, and found by the text itself.
func FuzzWords(f *testing.F) {
	for _, text := range []string{"", "Hello", "Café +49 30 123456", "東京に送って", "ｶﾞｲﾄﾞ", "\xff\x00", "e\u0301\u0301", "İı", "สวัสดี", "한국어", "ー", "\u0345ᾳ", "+0000000", "ǰ ΐ ﬃ ŉ"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		words := wordsOf(text)
		if len(words) > maxWords || !slices.IsSorted(words) || len(slices.Compact(slices.Clone(words))) != len(words) {
			t.Fatalf("%d words: %q", len(words), words)
		}
		for _, word := range words {
			if store.CheckText(word, false) != "" || len(word) > maxWord || !utf8.ValidString(word) {
				t.Fatalf("word %q of %q", word, text)
			}
		}
		if once := fold(text); fold(once) != once {
			t.Fatalf("%q is folded to %q and that to %q", text, once, fold(once))
		}
		if len(words) == maxWords {
			return
		}
		row := store.Row{Words: words}
		if q := (store.Query{Words: asked(text)}); !store.Matches(&row, &q) {
			t.Fatalf("%q is not found by itself: asked %q of %q", text, q.Words, words)
		}
	})
}

// manyWords are more words than a row may have.
func manyWords() string {
	var b strings.Builder
	for i := range 2 * maxWords {
		b.WriteString(string([]byte{'a' + byte(i/676%26), 'a' + byte(i/26%26), 'a' + byte(i%26), ' '}))
	}
	return b.String()
}

func BenchmarkWords(b *testing.B) {
	for name, text := range map[string]string{
		"ASCII":  "Hello, where is my order 4711-B? I have been waiting for two weeks now and nobody answers.",
		"German": "Hallo, wo bleibt meine Bestellung 4711-B? Ich warte jetzt schon zwei Wochen auf die Lösung.",
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				wordsOf("", text)
			}
		})
	}
}
