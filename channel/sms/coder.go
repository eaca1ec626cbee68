package sms

// A coder turns characters into units. The zero value is the default alphabet
// with its extension table.
type coder struct {
	encoding Encoding
	language Language
	shift    Shift
	tables   *tables // of the language, nil for none
}

// fit returns how many units go into a number of octets.
func (c *coder) fit(octets int) int {
	if c.encoding == UCS2 {
		return octets / 2
	}
	return octets * 8 / 7
}

// cost returns the units r takes: 1 or 2, or 0 if c cannot express it.
func (c *coder) cost(r rune) int {
	switch {
	case c.encoding == UCS2:
		if r > 0xFFFF {
			return 2
		}
		return 1
	case c.shift == 0:
		return defaultCost(r)
	case c.inAlphabet(r):
		return 1
	case c.inExtension(r):
		return 2
	}
	return 0
}

// inAlphabet reports whether r takes one septet: the locking shift table stands in
// for the default alphabet.
func (c *coder) inAlphabet(r rune) bool {
	if c.shift&Locking != 0 {
		return c.tables.locking.has(r)
	}
	return defaultCost(r) == 1
}

// inExtension reports whether r takes two septets: the single shift table stands
// in for the extension table.
func (c *coder) inExtension(r rune) bool {
	if c.shift&Single != 0 {
		return c.tables.single.has(r)
	}
	return defaultCost(r) == 2
}

// units returns the units of text, and false if a character is not in c.
func (c *coder) units(text string) (n int, ok bool) {
	for _, r := range text {
		u := c.cost(r)
		if u == 0 {
			return 0, false
		}
		n += u
	}
	return n, true
}

// pack returns the number of segments of at most limit units that text fills when
// no character is cut, and the units free in the last one. Filling each segment
// before the next is begun gives the fewest.
func (c *coder) pack(text string, limit int) (segments, free int) {
	used := 0
	segments = 1
	if c.encoding == UCS2 { // apart, as the call for each character doubles the time
		for _, r := range text {
			used++
			if r > 0xFFFF {
				used++
			}
			if used > limit {
				segments++
				used = 1
				if r > 0xFFFF {
					used = 2
				}
			}
		}
		return segments, limit - used
	}
	for _, r := range text {
		u := c.cost(r)
		used += u
		if used > limit {
			segments++
			used = u
		}
	}
	return segments, limit - used
}

// utf16Units returns the UTF-16 units of text and whether it has a surrogate
// pair.
func utf16Units(text string) (n int, pairs bool) {
	runes, astral := 0, 0
	for _, r := range text {
		runes++
		if r > 0xFFFF {
			astral++
		}
	}
	return runes + astral, astral > 0
}
