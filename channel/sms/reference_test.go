package sms_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/rivo/uniseg"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/channel/sms"
)

const (
	referenceBasic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
		"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	referenceExtension = "\f^{}\\[~]|€"
)

// reference counts without tables, shortcuts or greed: it lists the units of
// every piece that may not be cut, and looks for the fewest segments among all
// ways to cut.
func reference(text string, o sms.Options) sms.Info {
	encoding, one, many := sms.GSM7, 160, 153
	if o.Ref16 {
		many = 152
	}
	for _, r := range text {
		if !strings.ContainsRune(referenceBasic+referenceExtension, r) {
			encoding, one, many = sms.UCS2, 70, 67
			if o.Ref16 {
				many = 66
			}
		}
	}
	info := sms.Info{Encoding: encoding, Segments: 1}
	var pieces []int
	for text != "" {
		cluster := text[:runeSize(text)]
		if o.Graphemes {
			whole, _, _, _ := uniseg.FirstGraphemeClusterInString(text, -1)
			if referenceUnits(whole, encoding) <= many {
				cluster = whole
			} else { // too long: each code point is a piece of its own
				for _, r := range whole {
					pieces = append(pieces, referenceUnits(string(r), encoding))
					info.Units += pieces[len(pieces)-1]
				}
				text = text[len(whole):]
				continue
			}
		}
		pieces = append(pieces, referenceUnits(cluster, encoding))
		info.Units += pieces[len(pieces)-1]
		text = text[len(cluster):]
	}
	info.Remaining = one - info.Units
	if info.Remaining < 0 {
		info.Segments, info.Remaining = fewest(pieces, many)
	}
	return info
}

func runeSize(text string) int {
	_, size := utf8.DecodeRuneInString(text)
	return size
}

// runeStart returns the last start of a code point at or before i.
func runeStart(text string, i int) int {
	for i > 0 && i < len(text) && !utf8.RuneStart(text[i]) {
		i--
	}
	return i
}

func referenceUnits(text string, encoding sms.Encoding) int {
	if encoding == sms.UCS2 {
		return len(utf16.Encode([]rune(text)))
	}
	n := 0
	for _, r := range text {
		n++
		if strings.ContainsRune(referenceExtension, r) {
			n++
		}
	}
	return n
}

// fewest returns the smallest number of runs of at most limit units into which
// pieces can be cut, and the units left in the last run when the ones before it
// hold as much as that number allows.
func fewest(pieces []int, limit int) (segments, free int) {
	type state struct{ segments, last int }
	best := make([]state, len(pieces)+1) // best[i]: the first i pieces
	for i := 1; i <= len(pieces); i++ {
		used := 0
		best[i].segments = len(pieces) + 1
		for j := i; j > 0; j-- {
			if used += pieces[j-1]; used > limit {
				break
			}
			s := state{best[j-1].segments + 1, used}
			if s.segments < best[i].segments || s.segments == best[i].segments && s.last < best[i].last {
				best[i] = s
			}
		}
	}
	end := best[len(pieces)]
	return end.segments, limit - end.last
}

var pools = map[string][]string{
	"plain":      strings.Split("abcdefghijklmnopqrstuvwxyz ABC.,0123", ""),
	"gsm":        strings.Split(referenceBasic, ""),
	"extensions": strings.Split("abcdefg{}[]€\\~^|\f", ""),
	"few pairs":  append(strings.Split(strings.Repeat("abcdefghij", 6), ""), "€", "{"),
	"crlf":       {"a", "b", "\r\n", "\n", "\r", "[", "word "},
	"cyrillic":   strings.Split("абвгдежзийклмн ", ""),
	"emoji":      {"a", "😀", "й", "🎉", "x", "字"},
	"clusters":   {"a", "👨‍👩‍👧‍👦", "🇩🇪", "e\u0301", "👍🏽", "я", "한", "क्षि", "1️⃣", "\r\n", "\u200D", "\u0301"},
	"stacked":    {"z" + strings.Repeat("\u0310", 50), "z" + strings.Repeat("\u0310", 90), "q", "😀", strings.Repeat("👩\u200D", 30)},
	"rare":       append(strings.Split(strings.Repeat("йцукен", 12), ""), "👨‍👩‍👧‍👦"),
	"broken":     {"a", "é", "\xff", "\xe2\x82", "\xed\xa0\x80", "😀", "\xf0\x9f", "я"},
}

func randomText(rng *rand.Rand, pool []string) string {
	var b strings.Builder
	for range rng.IntN(420) {
		b.WriteString(pool[rng.IntN(len(pool))])
	}
	return b.String()
}

func TestCountAgainstReference(t *testing.T) {
	all := []sms.Options{{}, {Ref16: true}, {Graphemes: true}, {Graphemes: true, Ref16: true}}
	for name, pool := range pools {
		t.Run(name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(7, uint64(len(name))))
			for range 300 {
				text := randomText(rng, pool)
				if name == "stacked" { // each piece is long, and the reference slow
					text = text[:runeStart(text, min(len(text), 1500))]
				}
				for _, o := range all {
					want := reference(text, o)
					got := o.Count(text)
					require.Equal(t, want, got, "options %+v, text %q", o, text)
					checkSplit(t, o, text, got)
				}
			}
		})
	}
}

// checkSplit asserts what Split promises of any text.
func checkSplit(t *testing.T, o sms.Options, text string, info sms.Info) {
	t.Helper()
	parts := o.Split(text)
	require.Len(t, parts, info.Segments, "%q", text)
	require.Equal(t, text, strings.Join(parts, ""))
	if len(parts) == 1 {
		return
	}
	var units int
	for i, part := range parts {
		n := partUnits(part, info)
		units += n
		limit := partLimit(o, info)
		require.LessOrEqual(t, n, limit, "part %d of %q", i, text)
		if i == len(parts)-1 {
			require.Equal(t, limit-n, info.Remaining)
		}
		if utf8.ValidString(text) {
			require.True(t, utf8.ValidString(part), "part %d of %q", i, text)
		}
	}
	require.Equal(t, info.Units, units)
}

// partUnits counts a part in the encoding chosen for the whole text.
func partUnits(part string, info sms.Info) int {
	switch {
	case info.Encoding == sms.UCS2:
		return len(utf16.Encode([]rune(part)))
	case info.Language == 0:
		return referenceUnits(part, sms.GSM7)
	}
	n := 0
	for _, r := range part {
		n += chartCost(r, info.Language, info.Shift)
	}
	return n
}

// partLimit returns the units of each of several segments.
func partLimit(o sms.Options, info sms.Info) int {
	limits := map[sms.Shift][2]int{0: {153, 152}, sms.Single: {149, 148}, sms.Locking: {149, 148}, sms.Single | sms.Locking: {146, 145}}[info.Shift]
	if info.Encoding == sms.UCS2 {
		limits = [2]int{67, 66}
	}
	if o.Ref16 {
		return limits[1]
	}
	return limits[0]
}

func TestGraphemesCutOnlyBetweenClusters(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	o := sms.Options{Graphemes: true}
	for _, pool := range [][]string{pools["clusters"], pools["stacked"], pools["rare"]} {
		for range 100 {
			text := randomText(rng, pool)
			allowed := clusterEnds(text, 67)
			at := 0
			for _, part := range o.Split(text) {
				at += len(part)
				require.True(t, at == 0 || allowed[at], "cut inside a cluster at %d of %q", at, text)
			}
		}
	}
}

// clusterEnds returns the offsets at which text may be cut: where a cluster ends,
// and inside of clusters of more than limit UTF-16 units where a code point ends.
func clusterEnds(text string, limit int) map[int]bool {
	ends := map[int]bool{}
	for at := 0; at < len(text); {
		cluster, _, _, _ := uniseg.FirstGraphemeClusterInString(text[at:], -1)
		if referenceUnits(cluster, sms.UCS2) > limit {
			for i := range cluster {
				ends[at+i] = true
			}
		}
		at += len(cluster)
		ends[at] = true
	}
	return ends
}
