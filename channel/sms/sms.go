// Package sms counts and splits text messages the way phones and gateways do,
// and previews the replacements which would make a message cheaper.
//
// A message is sent in the GSM 7-bit default alphabet (3GPP TS 23.038 section
// 6.2.1) when all of its characters are in it, otherwise as UTF-16, which the
// standard calls UCS-2. One segment carries 140 octets: 160 septets or 70 UTF-16
// units. A longer text is cut into segments which each give up some octets to a
// header (3GPP TS 23.040 section 9.2.3.24): 153 septets or 67 units remain. A
// segment never ends between the two septets of an extension character or
// between the two units of a surrogate pair.
//
//	sms.Count("Hello [world]").Segments        // 1
//	sms.Options{Ref16: true}.Count(text)       // as US toll-free numbers are billed
//	sms.Options{Graphemes: true}.Split(text)   // never cut an emoji in two
//
// The text is counted as it is given: a sender which turns LF into CR LF must do
// so before counting, since CR LF takes two septets.
package sms

// MaxSegments is the number of segments one message can have, because the header
// numbers them in one octet (3GPP TS 23.040 section 9.2.3.24.1). Count and Split
// go beyond it, so that a caller can say by how much a text is too long.
const MaxSegments = 255

// Encoding is the alphabet in which a message is sent.
type Encoding uint8

const (
	// GSM7 packs characters into septets, with or without a national table.
	GSM7 Encoding = iota
	// UCS2 sends UTF-16 units of two octets.
	UCS2
)

// String returns GSM-7 or UCS-2.
func (e Encoding) String() string {
	if e == UCS2 {
		return "UCS-2"
	}
	return "GSM-7"
}

// Info says what sending a text takes.
type Info struct {
	// Encoding is the cheapest one which holds the whole text.
	Encoding Encoding
	// Units is the length of the text: septets in GSM7, UTF-16 units in UCS2.
	// Units left empty at the end of a segment are not counted.
	Units int
	// Segments is the number of messages sent and billed, at least 1.
	Segments int
	// Remaining is the number of units still free in the last segment. A text of
	// one segment which grows beyond it loses some units of every segment to the
	// header.
	Remaining int
	// Language is the national language table used, zero for none.
	Language Language
	// Shift says which of the language's tables are used, zero for none.
	Shift Shift
}

// Options says how a sender cuts messages. The zero value is what most gateways
// do.
type Options struct {
	// Graphemes keeps user-perceived characters whole (Unicode 15.0, UAX 29), as
	// Twilio does: a flag or a letter with its combining marks is never spread
	// over two segments. A cluster longer than a segment is cut between code
	// points. Defaults to keeping only surrogate pairs whole.
	Graphemes bool
	// Ref16 numbers the message by 16 bits instead of 8, which leaves 152 septets
	// or 66 units for each segment of several. US toll-free numbers are billed so.
	// Defaults to the 8-bit reference.
	Ref16 bool
	// Languages are the national languages whose tables the sender and its
	// gateway support, in order of preference. Values which are not a Language of
	// this package have no table and change nothing. Defaults to none, as most
	// gateways know none.
	Languages []Language
}

// Count returns what sending text takes with the zero Options. It does not
// allocate. A byte which is not valid UTF-8 counts as U+FFFD, and the empty text
// is one segment.
func Count(text string) Info {
	return Options{}.Count(text)
}

// Count returns what sending text takes. Of the encodings allowed it picks the
// one with the fewest segments; among equals the default alphabet goes first,
// then the national table which leaves the most room, then UCS2. It does not
// allocate.
func (o Options) Count(text string) Info {
	var c coder
	units, pairs, ok := septets(text)
	if !ok {
		c.encoding = UCS2
		units, pairs = utf16Units(text)
	}
	info := o.info(c, text, units, pairs)
	if len(o.Languages) > 0 {
		info = o.cheapest(text, info)
	}
	return info
}

// Split returns the segments of text with the zero Options.
func Split(text string) []string {
	return Options{}.Split(text)
}

// Split returns the text of each segment, as many as Count says. Joined they are
// text again, byte for byte, also where it is not valid UTF-8. The empty text is
// one empty segment.
func (o Options) Split(text string) []string {
	info := o.Count(text)
	if info.Segments == 1 {
		return []string{text}
	}
	c := coder{encoding: info.Encoding}
	if info.Language != 0 {
		c, _ = national(info.Language, info.Shift)
	}
	p := packer{coder: c, limit: o.width(c), graphemes: o.Graphemes}
	parts := make([]string, 0, info.Segments)
	for text != "" {
		size, _ := p.next(text)
		parts = append(parts, text[:size])
		text = text[size:]
	}
	return parts
}

// cheapest returns best, or the Info of a national table which is better.
func (o *Options) cheapest(text string, best Info) Info {
	for _, language := range o.Languages {
		for _, shift := range shifts {
			c, ok := national(language, shift)
			if !ok {
				continue
			}
			units, ok := c.units(text)
			if !ok {
				continue
			}
			if info := o.info(c, text, units, true); better(info, best) {
				best = info
			}
		}
	}
	return best
}

// better reports whether a message which needs a national table (a) is to be
// preferred to the one found so far (b).
func better(a, b Info) bool {
	switch {
	case a.Segments != b.Segments:
		return a.Segments < b.Segments
	case b.Encoding == UCS2:
		return true
	}
	return b.Language != 0 && a.Remaining > b.Remaining
}

// info counts the segments of a text which is known to take units in c; pairs
// says whether some character may take two units.
func (o *Options) info(c coder, text string, units int, pairs bool) Info {
	info := Info{Encoding: c.encoding, Units: units, Language: c.language, Shift: c.shift}
	if one := c.alone(); units <= one {
		info.Segments, info.Remaining = 1, one-units
		return info
	}
	many := o.width(c)
	switch {
	case o.Graphemes:
		p := packer{coder: c, limit: many, graphemes: true}
		info.Segments, info.Remaining = p.count(text)
	case !pairs:
		info.Segments = (units + many - 1) / many
		info.Remaining = info.Segments*many - units
	default:
		info.Segments, info.Remaining = c.pack(text, many)
	}
	return info
}

// The octets of 3GPP TS 23.040 section 9.2.3.24: a segment has 140; a header has
// one for its own length, five or six for the numbering of segments by an 8-bit or
// a 16-bit reference, and three for each national table.
const (
	segmentOctets = 140
	lengthOctets  = 1
	ref8Octets    = 5
	ref16Octets   = 6
	shiftOctets   = 3
)

// alone returns the units of a message of one segment.
func (c *coder) alone() int {
	if c.shift == 0 {
		return c.fit(segmentOctets)
	}
	return c.fit(segmentOctets - lengthOctets - c.shift.count()*shiftOctets)
}

// width returns the units of each of several segments.
func (o *Options) width(c coder) int {
	ref := ref8Octets
	if o.Ref16 {
		ref = ref16Octets
	}
	return c.fit(segmentOctets - lengthOctets - ref - c.shift.count()*shiftOctets)
}
