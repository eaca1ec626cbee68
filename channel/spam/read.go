package spam

import "sync"

// Limits of what is read of one text, so that the work it makes is bounded.
const (
	MaxText     = 32 << 10 // bytes read of a text, from its beginning
	MaxFeatures = 2000     // features taken from a text
)

// kind tells features of different kinds apart, so that the word "link" is not a link.
type kind uint8

const (
	word     kind = iota + 1 // a word in lower case
	number                   // a number as it is written
	digits                   // how many digits a number has
	shape                    // a word with its digits made equal: 150p and 160p are alike
	mark                     // a punctuation mark or symbol
	marks                    // the same mark several times on end
	capitals                 // a word in capitals; at the end, how many of the words are
	link                     // an address on the web
	length                   // how long the text is
	alphabet                 // a word of letters of several alphabets that only look alike
	hidden                   // characters that nobody sees
	tag                      // an HTML element
)

// feature is where a feature was first seen in the text; what it is called is found out only when somebody asks.
type feature struct {
	kind     kind
	value    uint64
	from, to int32
}

// reading takes the features of a text, each once. It is reused: see readings.
type reading struct {
	text   string
	prints []uint64  // the features' fingerprints, in the order of the text
	found  []feature // parallel to prints, if they are asked for
	named  bool

	epoch uint32
	table [4096]slot // more than twice MaxFeatures

	words, shouted int // words of two letters or more, and those in capitals
}

// slot of the table of what was seen; an older epoch's is free.
type slot struct {
	epoch uint32
	print uint32 // the upper half of a fingerprint
	index uint16
}

var readings = sync.Pool{New: func() any { return new(reading) }}

// read takes the features of a text. The reading must be given back with done.
func read(text string, named bool) *reading {
	r := readings.Get().(*reading)
	if r.epoch++; r.epoch == 0 { // after four billion texts
		r.table, r.epoch = [4096]slot{}, 1
	}
	r.prints, r.found, r.named = r.prints[:0], r.found[:0], named
	r.words, r.shouted = 0, 0
	if len(text) > MaxText {
		text = text[:MaxText]
	}
	r.text = text
	r.scan()
	if r.words > 0 && r.shouted > 0 {
		r.add(capitals, uint64(2+4*r.shouted/(r.words+1)), 0, 0)
	}
	if text != "" {
		r.add(length, uint64(lengthClass(len(text))), 0, 0)
	}
	return r
}

func (r *reading) done() {
	r.text = ""
	clear(r.found)
	readings.Put(r)
}

// lengthClass is how often a length can be halved; texts of several kilobytes are all alike.
func lengthClass(n int) (class int) {
	for n = min(n, 4096); n > 0; n >>= 1 {
		class++
	}
	return class
}

const (
	offset64 = 14695981039346656037
	prime64  = 1099511628211
)

// fingerprint mixes a kind and a value, which for a word is a hash already.
func fingerprint(k kind, value uint64) uint64 {
	h := (value ^ uint64(k)<<56) * 0x9E3779B97F4A7C15
	h ^= h >> 32
	h *= 0xD6E8FEB86659FD93
	return (h^h>>32)&^15 | uint64(k)
}

// kindOf returns the kind of a fingerprint.
func kindOf(print uint64) kind { return kind(print & 15) }

// add takes a feature unless the text has it already.
func (r *reading) add(k kind, value uint64, from, to int) {
	h := fingerprint(k, value)
	for i := h % uint64(len(r.table)); ; i = (i + 1) % uint64(len(r.table)) {
		s := &r.table[i]
		if s.epoch != r.epoch {
			if len(r.prints) == MaxFeatures {
				return
			}
			*s = slot{r.epoch, uint32(h >> 32), uint16(len(r.prints))}
			break
		}
		if s.print == uint32(h>>32) && r.prints[s.index] == h {
			return
		}
	}
	r.prints = append(r.prints, h)
	if r.named {
		r.found = append(r.found, feature{k, value, int32(from), int32(to)})
	}
}
