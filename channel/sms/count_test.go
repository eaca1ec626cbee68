package sms_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/channel/sms"
)

func rep(s string, n int) string { return strings.Repeat(s, n) }

func TestCount(t *testing.T) {
	type want struct {
		encoding                   sms.Encoding
		units, segments, remaining int
	}
	g, u := sms.GSM7, sms.UCS2
	for _, c := range []struct {
		name, text string
		want       want
	}{
		{"empty", "", want{g, 0, 1, 160}},
		{"one character", "a", want{g, 1, 1, 159}},
		{"a full segment", rep("a", 160), want{g, 160, 1, 0}},
		{"one more", rep("a", 161), want{g, 161, 2, 145}},
		{"two full segments", rep("a", 306), want{g, 306, 2, 0}},
		{"two and one more", rep("a", 307), want{g, 307, 3, 152}},
		{"every letter of the alphabet", referenceBasic, want{g, 127, 1, 33}},
		{"every extension", referenceExtension, want{g, 20, 1, 140}},
		{"80 pairs", rep("]", 80), want{g, 160, 1, 0}},
		{"76 pairs fill a segment", rep("]", 152), want{g, 304, 2, 1}},
		{"153 pairs", rep("]", 153), want{g, 306, 3, 151}},
		{"a pair at the end of a segment", rep("a", 152) + "]" + rep("a", 151), want{g, 305, 2, 0}},
		{"and it moves the rest", rep("a", 152) + "]" + rep("a", 152), want{g, 306, 3, 152}},
		{"form feed", "\f", want{g, 2, 1, 158}},
		{"line feed", "\n", want{g, 1, 1, 159}},
		{"carriage return and line feed", "\r\n", want{g, 2, 1, 158}},
		{"CR LF adds a segment", rep("a", 159) + "\r\n", want{g, 161, 2, 145}},
		{"escape is no character", "\x1b", want{u, 1, 1, 69}},
		{"tab", "\t", want{u, 1, 1, 69}},
		{"backtick", "`", want{u, 1, 1, 69}},
		{"no-break space", "\u00A0", want{u, 1, 1, 69}},
		{"capital c with cedilla", "Ç", want{g, 1, 1, 159}},
		{"small c with cedilla", "ç", want{u, 1, 1, 69}},
		{"acute e", "é", want{g, 1, 1, 159}},
		{"other acutes", "áíóú", want{u, 4, 1, 66}},
		{"Greek capitals without a Latin twin", "ΓΔΘΛΞΠΣΦΨΩ", want{g, 10, 1, 150}},
		{"a Greek capital with one", "Α", want{u, 1, 1, 69}},
		{"initials", rep("a", 155) + " ^JD", want{g, 160, 1, 0}},
		{"a full segment of Cyrillic", rep("я", 70), want{u, 70, 1, 0}},
		{"one more", rep("я", 71), want{u, 71, 2, 63}},
		{"two full segments", rep("я", 134), want{u, 134, 2, 0}},
		{"two and one more", rep("я", 135), want{u, 135, 3, 66}},
		{"extensions are single in UCS-2", "я" + rep("]", 69), want{u, 70, 1, 0}},
		{"35 emoji", rep("😀", 35), want{u, 70, 1, 0}},
		{"33 emoji fill a segment", rep("😀", 66), want{u, 132, 2, 1}},
		{"67 emoji", rep("😀", 67), want{u, 134, 3, 65}},
		{"an emoji at the end of a segment", rep("я", 66) + "😀" + rep("я", 65), want{u, 133, 2, 0}},
		{"and it moves the rest", rep("я", 66) + "😀" + rep("я", 66), want{u, 134, 3, 66}},
		{"bad bytes", "a\xff\xfe", want{u, 3, 1, 67}},
		{"a cut-off sequence is a bad byte each", "\xe2\x82", want{u, 2, 1, 68}},
		{"an encoded surrogate is three bad bytes", "\xed\xa0\x80", want{u, 3, 1, 67}},
		{"more than fits the numbering", rep("a", 153*256), want{g, 153 * 256, 256, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			i := sms.Count(c.text)
			assert.Equal(t, c.want, want{i.Encoding, i.Units, i.Segments, i.Remaining})
			assert.Zero(t, i.Language)
			checkSplit(t, sms.Options{}, c.text, i)
		})
	}
}

// Texts on which the rule for surrogate pairs and the one for grapheme clusters
// give different numbers.
func TestGraphemes(t *testing.T) {
	stacked := "e" + rep("\u0301", 134)
	for _, c := range []struct {
		name, text      string
		pairs, clusters int
	}{
		{"67 letters with an accent", rep("e\u0301", 67), 2, 3},
		{"100 letters with an accent", rep("e\u0301", 100), 3, 4},
		{"33 flags", rep("🇩🇪", 33), 2, 3},
		{"33 thumbs with a skin tone", rep("👍🏽", 33), 2, 3},
		{"a family between Cyrillic letters", rep("я", 57) + "👨‍👩‍👧‍👦" + rep("я", 57), 2, 3},
		{"an accent between Cyrillic letters", rep("я", 66) + "e\u0301" + rep("я", 66), 2, 3},
		{"a cluster of 135 units", stacked, 3, 3},
		{"a cluster of 400 units", "e" + rep("\u0301", 399), 6, 6},
		{"a long cluster starts in the middle", rep("я", 60) + "e" + rep("\u0301", 73), 2, 2},
		{"CR LF at the end of a segment", rep("a", 152) + "\r\n" + rep("a", 152), 2, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.Equal(t, c.pairs, sms.Count(c.text).Segments)
			o := sms.Options{Graphemes: true}
			info := o.Count(c.text)
			assert.Equal(t, c.clusters, info.Segments)
			checkSplit(t, o, c.text, info)
		})
	}
}

func TestRef16(t *testing.T) {
	o := sms.Options{Ref16: true}
	for _, c := range []struct {
		text                string
		segments, remaining int
	}{
		{rep("a", 160), 1, 0},
		{rep("a", 304), 2, 0},
		{rep("a", 305), 3, 151},
		{rep("я", 70), 1, 0},
		{rep("я", 132), 2, 0},
		{rep("я", 133), 3, 65},
	} {
		info := o.Count(c.text)
		assert.Equal(t, c.segments, info.Segments)
		assert.Equal(t, c.remaining, info.Remaining)
	}
}

func TestSplit(t *testing.T) {
	require.Equal(t, []string{""}, sms.Split(""))
	require.Equal(t, []string{"short"}, sms.Split("short"))
	require.Equal(t, []string{rep("a", 152), "]" + rep("b", 30)}, sms.Split(rep("a", 152)+"]"+rep("b", 30)))
	require.Equal(t, []string{rep("я", 66), "😀яяяя"}, sms.Split(rep("я", 66)+"😀яяяя"))
	flags := sms.Options{Graphemes: true}.Split(rep("🇩🇪", 18))
	require.Equal(t, []string{rep("🇩🇪", 16), rep("🇩🇪", 2)}, flags)
	long := sms.Split(rep("я", 60) + "\xff" + rep("я", 60))
	require.Equal(t, []string{rep("я", 60) + "\xff" + rep("я", 6), rep("я", 54)}, long)
}

func TestNames(t *testing.T) {
	assert.Equal(t, "GSM-7 UCS-2", fmt.Sprint(sms.GSM7, " ", sms.UCS2))
	assert.Equal(t, "Turkish", sms.Turkish.String())
	assert.Equal(t, "Urdu", sms.Urdu.String())
	assert.Equal(t, sms.Language(13), sms.Urdu, "the number is the National Language Identifier")
	assert.Empty(t, sms.Language(0).String())
	assert.Empty(t, sms.Language(14).String())
	assert.Equal(t, "single", sms.Single.String())
	assert.Equal(t, "locking", sms.Locking.String())
	assert.Equal(t, "locking+single", (sms.Single | sms.Locking).String())
	assert.Empty(t, sms.Shift(0).String())
}

func TestCountDoesNotAllocate(t *testing.T) {
	turkish := []sms.Language{sms.Turkish, sms.Hindi}
	for name, o := range map[string]sms.Options{
		"zero": {}, "graphemes": {Graphemes: true}, "ref16": {Ref16: true}, "languages": {Languages: turkish},
	} {
		for _, text := range []string{asciiText(160), asciiText(1000), mixedText(), rep("]", 500), rep("ğ€", 200), rep("\xff", 200)} {
			n := testing.AllocsPerRun(20, func() { o.Count(text) })
			assert.Zero(t, n, "%s: %.20q", name, text)
		}
	}
}
