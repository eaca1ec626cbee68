package sms

import (
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// A packer cuts a text into segments, each as full as it can be.
type packer struct {
	coder
	limit     int
	graphemes bool
	loose     int // bytes at the start of the rest which any code point may end
}

// count returns the number of segments and the units free in the last one.
func (p *packer) count(text string) (segments, free int) {
	for text != "" {
		size, used := p.next(text)
		text = text[size:]
		segments++
		free = p.limit - used
	}
	return segments, free
}

// next returns the bytes and the units of the segment that text begins with. The
// rest of the same text must be given to the following call.
func (p *packer) next(text string) (size, used int) {
	for size < len(text) {
		n, units := p.piece(text, size)
		if used+units > p.limit {
			break
		}
		size += n
		used += units
	}
	p.loose = max(0, p.loose-size)
	return size, used
}

// piece returns the bytes and the units of the piece of text at offset which may
// not be cut.
func (p *packer) piece(text string, offset int) (size, units int) {
	text, loose := text[offset:], offset < p.loose
	if p.graphemes && !loose && !aloneASCII(text) {
		cluster, _, _, _ := uniseg.FirstGraphemeClusterInString(text, -1)
		units, _ = p.units(cluster)
		if units <= p.limit {
			return len(cluster), units
		}
		p.loose = offset + len(cluster)
	}
	r, size := utf8.DecodeRuneInString(text)
	return size, p.cost(r)
}

// aloneASCII reports whether text begins with two ASCII characters that are not
// CR LF, between which every grapheme cluster ends. It spares most of a Latin
// text the search for clusters.
func aloneASCII(text string) bool {
	return len(text) > 1 && text[0] < utf8.RuneSelf && text[1] < utf8.RuneSelf &&
		(text[0] != '\r' || text[1] != '\n')
}
