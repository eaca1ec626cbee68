package sms_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/channel/sms"
)

func TestSmart(t *testing.T) {
	for _, c := range []struct {
		name, text  string
		level       sms.Level
		want        string
		replacement string // of the first replacement
		saved       int
	}{
		{"plain text", "Hello", sms.Letters, "Hello", "", 0},
		{"letters of the alphabet stay", "Ça va, é è à ñ Ö ß Ω €", sms.Letters, "Ça va, é è à ñ Ö ß Ω €", "", 0},
		{"quotes", "“Yes” ‘no’ «oui» ‹non›", sms.Punctuation, `"Yes" 'no' "oui" 'non'`, "“", 0},
		{"dashes and ellipsis", "a–b—c…", sms.Punctuation, "a-b-c...", "–", 0},
		{"spaces", "a\u00A0b\u2009c\td", sms.Punctuation, "a b c d", "\u00A0", 0},
		{"zero-width", "a\u200Bb\uFEFFc\u200D\u200E", sms.Punctuation, "abc", "\u200B", 0},
		{"line separators", "a\u2028b", sms.Punctuation, "a\nb", "\u2028", 0},
		{"a composed letter", "cafe\u0301", sms.Punctuation, "café", "e\u0301", 0},
		{"accents stay at the first level", "naïve “x”", sms.Punctuation, "naïve “x”", "", 0},
		{"accents go at the second", "naïve “x”", sms.Letters, `naive "x"`, "ï", 0},
		{"a letter with a mark", "a\u0301b\u0327\u0301", sms.Letters, "ab", "\u0301", 0},
		{"small cedilla, capital stays", "çÇ", sms.Letters, "cÇ", "ç", 0},
		{"Vietnamese", "Đặt hàng được rồi", sms.Letters, "Dat hàng duoc roi", "Đ", 0},
		{"Greek twins", "ΚΑΛΗΜΕΡΑ", sms.Letters, "KAΛHMEPA", "Κ", 0},
		{"ligatures", "œuvre ﬁn", sms.Letters, "oeuvre fin", "œ", 0},
		{"no gain, no change", "“Привет”", sms.Letters, "“Привет”", "", 0},
		{"an emoji keeps UCS-2", "“Hi” 😀", sms.Letters, "“Hi” 😀", "", 0},
		{"full-width", "ＡＢ１！", sms.Letters, "AB1!", "Ａ", 0},
		{"segments saved", rep("a", 100) + "’", sms.Punctuation, rep("a", 100) + "'", "’", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := sms.Smart(c.text, c.level)
			assert.Equal(t, c.want, p.Text)
			assert.Equal(t, c.saved, p.Saved)
			if c.replacement == "" {
				assert.Nil(t, p.Replaced)
				return
			}
			require.NotEmpty(t, p.Replaced)
			assert.Equal(t, c.replacement, p.Replaced[0].From)
		})
	}
}

func TestSmartCountsEachReplacement(t *testing.T) {
	p := sms.Smart("’a…’b’", sms.Punctuation)
	assert.Equal(t, []sms.Replacement{{From: "’", To: "'", Count: 3}, {From: "…", To: "...", Count: 1}}, p.Replaced)
	assert.Equal(t, sms.UCS2, p.Before.Encoding)
	assert.Equal(t, sms.Info{Encoding: sms.GSM7, Units: 8, Segments: 1, Remaining: 152}, p.After)
}

// Marks which hold an emoji together are dropped only where that makes the text
// GSM-7, other invisible ones also where it merely saves a segment.
func TestSmartKeepsEmojiTogether(t *testing.T) {
	family := rep("я", 60) + "👨\u200D👩\u200D👧\u200D👦"
	p := sms.Smart(family, sms.Letters)
	assert.Equal(t, family, p.Text, "dropping the joiners would save a segment and break the emoji")
	p = sms.Smart(rep("я", 70)+"\u200B", sms.Punctuation)
	assert.Equal(t, rep("я", 70), p.Text)
	assert.Equal(t, sms.UCS2, p.After.Encoding)
	assert.Equal(t, 1, p.Saved)
}

func TestSmartGoesNoFurtherThanNeeded(t *testing.T) {
	o := sms.Options{Languages: []sms.Language{sms.Turkish}}
	p := o.Smart("“Şişli”", sms.Letters)
	assert.Equal(t, `"Şişli"`, p.Text, "the Turkish tables have the letters")
	assert.Equal(t, sms.Turkish, p.After.Language)
	long := rep("Şişli ", 26)
	p = o.Smart(long, sms.Letters)
	assert.Equal(t, rep("Sisli ", 26), p.Text, "a message without the header is one segment")
	assert.Equal(t, 1, p.Saved)
	p = o.Smart("Şişli", sms.Letters)
	assert.Equal(t, "Şişli", p.Text, "nothing is saved")
	assert.Nil(t, p.Replaced)
}

func TestSmartKeepsBadBytes(t *testing.T) {
	p := sms.Smart(rep("я", 69)+"\xff\u200B", sms.Letters)
	assert.Equal(t, rep("я", 69)+"\xff", p.Text)
}

func TestSmartLeavesCyrillicMarks(t *testing.T) {
	text := rep("и\u0306", 36)
	assert.Equal(t, text, sms.Smart(text, sms.Letters).Text)
}
