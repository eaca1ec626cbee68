package sms

import "unicode/utf8"

// The default alphabet of 3GPP TS 23.038 section 6.2.1, without the escape at
// 0x1B, and its extension table of section 6.2.1.1, whose characters take an
// escape and a second septet.
const (
	alphabet = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
		"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	extension = "\f^{}\\[~]|€"
)

const euro = '€' // the one character of the two tables from U+0400 on

// costs holds the septets of each character below U+0400, 0 if it has none.
var costs = func() (t [0x400]uint8) {
	for _, r := range alphabet {
		t[r] = 1
	}
	for _, r := range extension {
		if r != euro {
			t[r] = 2
		}
	}
	return t
}()

// defaultCost returns the septets of r in the default alphabet and its extension
// table, 0 if it is in neither.
func defaultCost(r rune) int {
	if uint32(r) < uint32(len(costs)) {
		return int(costs[r])
	}
	if r == euro {
		return 2
	}
	return 0
}

// isGSM7 reports whether r is in the default alphabet or its extension table.
func isGSM7(r rune) bool {
	return defaultCost(r) > 0
}

// septets returns the septets of text in the default alphabet and whether some
// character takes two. It returns false if a character is in neither table.
func septets(text string) (n int, pairs, ok bool) {
	for i := 0; i < len(text); {
		skip := plainPrefix(text[i:])
		n += skip
		i += skip
		for end := min(i+8, len(text)); i < end; {
			r, size := rune(text[i]), 1
			if r >= utf8.RuneSelf {
				r, size = utf8.DecodeRuneInString(text[i:])
			}
			cost := defaultCost(r)
			if cost == 0 {
				return 0, false, false
			}
			pairs = pairs || cost == 2
			n += cost
			i += size
		}
	}
	return n, pairs, true
}

// plainPrefix returns how many bytes at the start of text, a multiple of eight,
// are all from space to Z or from a to z. Each of them is a character that takes
// one septet.
//
// Eight bytes are tested at once in one word. Where no byte has its high bit set,
// adding 0x80-c to each sets the high bit of those which are c or more, and carries
// nothing into the next byte.
func plainPrefix(text string) (n int) {
	const each, high = 0x0101010101010101, 0x8080808080808080
	for ; n+8 <= len(text); n += 8 {
		b := text[n : n+8]
		w := uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
			uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
		upper := (w + (0x80-' ')*each) &^ (w + (0x80-'Z'-1)*each)
		lower := (w + (0x80-'a')*each) &^ (w + (0x80-'z'-1)*each)
		if (upper|lower)&^w&high != high {
			break
		}
	}
	return n
}
