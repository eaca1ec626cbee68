package sms_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/channel/sms"
)

// Every code point up to U+22FF is counted alone, which shows the cheapest table
// that has it. Above there is none.
func TestNationalTables(t *testing.T) {
	require.Len(t, charts, int(sms.Urdu))
	for language := range charts {
		t.Run(language.String(), func(t *testing.T) {
			for r := range rune(0x2300) {
				want := 0
				for _, shift := range []sms.Shift{0, sms.Single, sms.Locking} {
					if shift == sms.Locking && language == sms.Spanish {
						continue
					}
					cost := chartCost(r, language, shift)
					if cost > 0 && (want == 0 || cost < want) {
						want = cost
					}
				}
				info := sms.Options{Languages: []sms.Language{language}}.Count(string(r))
				if want == 0 {
					require.Equal(t, sms.UCS2, info.Encoding, "%U", r)
					continue
				}
				require.Equal(t, sms.GSM7, info.Encoding, "%U", r)
				if info.Language != 0 {
					require.Equal(t, want, info.Units, "%U", r)
					require.Equal(t, want, chartCost(r, language, info.Shift), "%U", r)
				}
			}
		})
	}
}

func TestNationalWidths(t *testing.T) {
	for _, c := range []struct {
		name, text string
		o          sms.Options
		shift      sms.Shift
		units      int
		segments   int
		remaining  int
	}{
		{"locking g breve is one septet", rep("ğ", 155), turkish(false), sms.Locking, 155, 1, 0},
		{"of several segments 149", rep("ğ", 298), turkish(false), sms.Locking, 298, 2, 0},
		{"and one more", rep("ğ", 299), turkish(false), sms.Locking, 299, 3, 148},
		{"148 with 16 bits", rep("ğ", 296), turkish(true), sms.Locking, 296, 2, 0},
		{"and one more", rep("ğ", 297), turkish(true), sms.Locking, 297, 3, 147},
		{"single g breve is two", "èğ", turkish(false), sms.Single, 3, 1, 152},
		{"a single shift message", "è" + rep("ğ", 77), turkish(false), sms.Single, 155, 1, 0},
		{"both tables", "€á{" + rep("ª", 40) + "Γ", sms.Options{Languages: []sms.Language{sms.Portuguese}},
			sms.Single | sms.Locking, 46, 1, 106},
		{"both, full", rep("ª", 150) + "Γ", sms.Options{Languages: []sms.Language{sms.Portuguese}}, sms.Single | sms.Locking, 152, 1, 0},
		{"both, two full segments", rep("ª", 290) + "Γ", sms.Options{Languages: []sms.Language{sms.Portuguese}}, sms.Single | sms.Locking, 292, 2, 0},
		{"both, two full segments with 16 bits", rep("ª", 288) + "Γ",
			sms.Options{Ref16: true, Languages: []sms.Language{sms.Portuguese}}, sms.Single | sms.Locking, 290, 2, 0},
		{"capitals and digits in Hindi", "नमस्ते Anna १", sms.Options{Languages: []sms.Language{sms.Hindi}}, sms.Single | sms.Locking, 15, 1, 137},
	} {
		t.Run(c.name, func(t *testing.T) {
			info := c.o.Count(c.text)
			assert.Equal(t, sms.Info{Encoding: sms.GSM7, Units: c.units, Segments: c.segments, Remaining: c.remaining,
				Language: c.o.Languages[0], Shift: c.shift}, info)
			checkSplit(t, c.o, c.text, info)
		})
	}
}

func turkish(ref16 bool) sms.Options {
	return sms.Options{Ref16: ref16, Languages: []sms.Language{sms.Turkish}}
}

func TestCheapestEncoding(t *testing.T) {
	two := sms.Options{Languages: []sms.Language{sms.Spanish, sms.Portuguese}}
	for _, c := range []struct {
		name, text string
		o          sms.Options
		language   sms.Language
		encoding   sms.Encoding
		segments   int
	}{
		{"off by default", "ğ", sms.Options{}, 0, sms.UCS2, 1},
		{"plain text needs no table", "hola", two, 0, sms.GSM7, 1},
		{"a table which saves nothing is not used", "è€", turkish(false), 0, sms.GSM7, 1},
		{"a table which saves a segment is", rep("€", 100), turkish(false), sms.Turkish, sms.GSM7, 1},
		{"the better language", rep("í", 100), two, sms.Portuguese, sms.GSM7, 1},
		{"the first on a tie", "ç", sms.Options{Languages: []sms.Language{sms.Turkish, sms.Portuguese}}, sms.Turkish, sms.GSM7, 1},
		{"in the other order", "ç", sms.Options{Languages: []sms.Language{sms.Portuguese, sms.Turkish}}, sms.Portuguese, sms.GSM7, 1},
		{"Spanish with what Portuguese lacks", "ñ á", two, sms.Spanish, sms.GSM7, 1},
		{"no table has it", "ğя", turkish(false), 0, sms.UCS2, 1},
		{"unknown languages change nothing", "ğ", sms.Options{Languages: []sms.Language{0, 14, 255}}, 0, sms.UCS2, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			info := c.o.Count(c.text)
			assert.Equal(t, c.language, info.Language)
			assert.Equal(t, c.encoding, info.Encoding)
			assert.Equal(t, c.segments, info.Segments)
		})
	}
}

// referenceNational returns the fewest segments and the units free in the last one
// which a set of tables of a language allows, and false if it lacks a character.
func referenceNational(text string, language sms.Language, shift sms.Shift) (segments, free int, ok bool) {
	one, many := 155, 149
	if shift == sms.Single|sms.Locking {
		one, many = 152, 146
	}
	var pieces []int
	total := 0
	for _, r := range text {
		cost := chartCost(r, language, shift)
		if cost == 0 {
			return 0, 0, false
		}
		pieces = append(pieces, cost)
		total += cost
	}
	if total <= one {
		return 1, one - total, true
	}
	segments, free = fewest(pieces, many)
	return segments, free, true
}

func TestLanguagesAgainstReference(t *testing.T) {
	for language, pool := range map[sms.Language]string{
		sms.Turkish:    "abc ğışŞİ€{",
		sms.Spanish:    "abc ñáéíóú[€",
		sms.Portuguese: "abc ãõçáêΓΦª|€",
		sms.Hindi:      "नमसतकabcXY १२.,[",
		sms.Urdu:       "ابپتabcQ ۱۲.؟",
		sms.Tamil:      "அஆகசab௧Z{",
	} {
		t.Run(language.String(), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(3, uint64(language)))
			o := sms.Options{Languages: []sms.Language{language}}
			for range 150 {
				letters := strings.Split(pool, "")
				rng.Shuffle(len(letters), func(i, j int) { letters[i], letters[j] = letters[j], letters[i] })
				text := randomText(rng, letters[:1+rng.IntN(len(letters))])
				plain := reference(text, sms.Options{})
				segments, free, national := plain.Segments, plain.Remaining, false
				for _, shift := range []sms.Shift{sms.Single, sms.Locking, sms.Single | sms.Locking} {
					if shift&sms.Locking != 0 && language == sms.Spanish {
						continue
					}
					s, f, ok := referenceNational(text, language, shift)
					tie := national && f > free || !national && plain.Encoding == sms.UCS2
					if ok && (s < segments || s == segments && tie) {
						segments, free, national = s, f, true
					}
				}
				info := o.Count(text)
				require.Equal(t, segments, info.Segments, "%q", text)
				require.Equal(t, free, info.Remaining, "%q", text)
				require.Equal(t, national, info.Language == language, "%q", text)
				checkSplit(t, o, text, info)
			}
		})
	}
}
