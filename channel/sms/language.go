package sms

// Language is a national language with tables in 3GPP TS 23.038 annex A; its
// number is the National Language Identifier of section 6.2.1.2.4.
//
// A sender announces the tables in the header of every segment, which costs
// septets: 155 remain in a message of one segment with one table and 152 with
// two, 149 and 146 in each of several. Most gateways support none of them, and a
// phone which does not know a table shows other letters.
type Language uint8

// The national languages of 3GPP TS 23.038.
const (
	Turkish Language = iota + 1
	Spanish          // has a single shift table only
	Portuguese
	Bengali
	Gujarati
	Hindi
	Kannada
	Malayalam
	Oriya
	Punjabi
	Tamil
	Telugu
	Urdu
)

var languages = [...]string{"", "Turkish", "Spanish", "Portuguese", "Bengali", "Gujarati", "Hindi",
	"Kannada", "Malayalam", "Oriya", "Punjabi", "Tamil", "Telugu", "Urdu"}

// String returns the English name of the language, "" for the zero value and for
// a number which 3GPP TS 23.038 does not assign.
func (l Language) String() string {
	if int(l) < len(languages) {
		return languages[l]
	}
	return ""
}

// Shift is the set of tables of a language which a message uses.
type Shift uint8

const (
	// Single replaces the extension table: two septets a character.
	Single Shift = 1 << iota
	// Locking replaces the default alphabet: one septet a character.
	Locking
)

// shifts lists the sets a message can use, the ones with the smaller header first.
var shifts = [...]Shift{Single, Locking, Single | Locking}

// String returns single, locking or locking+single, and "" for the zero value.
func (s Shift) String() string {
	switch s & (Single | Locking) {
	case Single:
		return "single"
	case Locking:
		return "locking"
	case Single | Locking:
		return "locking+single"
	}
	return ""
}

// count returns the number of tables in the set.
func (s Shift) count() int {
	return int(s&Single) + int(s&Locking)>>1
}

// national returns the coder of a language with some of its tables, and false if
// the language is unknown or has no such table. A message uses tables of one
// language, though the standard would allow to mix two.
func national(language Language, shift Shift) (coder, bool) {
	if int(language) >= len(nationals) {
		return coder{}, false
	}
	t := &nationals[language]
	if shift&Locking != 0 && t.locking.own == nil || shift&Single != 0 && t.single.own == nil {
		return coder{}, false
	}
	return coder{language: language, shift: shift, tables: t}, true
}

// tables are those of a language; a table it does not have is empty.
type tables struct{ locking, single table }

// A table is a set of characters. What a character's number in the table is does
// not matter for counting.
type table struct {
	shared, own []rune // pairs of first and last, ascending
}

func (t *table) has(r rune) bool {
	return within(t.own, r) || within(t.shared, r)
}

func within(ranges []rune, r rune) bool {
	for i := 0; i+1 < len(ranges) && ranges[i] <= r; i += 2 {
		if r <= ranges[i+1] {
			return true
		}
	}
	return false
}
