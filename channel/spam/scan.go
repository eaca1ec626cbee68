package spam

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// The classes of ASCII characters.
const (
	space = iota
	letter
	digit
	other
)

var ascii = func() (t [utf8.RuneSelf]uint8) {
	for i := range t {
		switch c := rune(i); {
		case c <= ' ' || c == 0x7F:
			t[i] = space
		case c >= '0' && c <= '9':
			t[i] = digit
		case unicode.IsLetter(c):
			t[i] = letter
		default:
			t[i] = other
		}
	}
	return t
}()

// scan walks through the text once.
func (r *reading) scan() {
	for i := 0; i < len(r.text); {
		c := r.text[i]
		if c >= utf8.RuneSelf {
			i = r.wide(i)
			continue
		}
		switch ascii[c] {
		case space:
			i++
		case letter, digit:
			i = r.token(i)
		default:
			if c == '<' {
				if end := r.element(i); end > i {
					i = end
					continue
				}
			}
			i = r.marks(i, rune(c), 1)
		}
	}
}

// wide reads from a character that is not ASCII.
func (r *reading) wide(i int) int {
	c, size := utf8.DecodeRuneInString(r.text[i:])
	switch {
	case c == utf8.RuneError:
		return i + size
	case unseen(c):
		r.add(hidden, 0, i, i+size)
		return i + size
	case unspaced(c):
		return r.unspaced(i, c, size)
	case unicode.IsLetter(c) || unicode.IsMark(c) || unicode.IsDigit(c):
		return r.token(i)
	case unicode.IsSpace(c):
		return i + size
	}
	return r.marks(i, c, size)
}

// marks reads a mark and its repetitions.
func (r *reading) marks(i int, c rune, size int) int {
	end := i + size
	for end+size <= len(r.text) && r.text[end:end+size] == r.text[i:i+size] {
		end += size
	}
	r.add(mark, uint64(c), i, i+size)
	if n := (end - i) / size; n > 1 {
		r.add(marks, uint64(c)<<8|uint64(min(n, 4)), i, i+size*min(n, 4))
	}
	return end
}

// unspaced reads a run of a script that is written without spaces: each two neighbours are a word.
func (r *reading) unspaced(i int, c rune, size int) int {
	end, lone := i+size, true
	for end < len(r.text) {
		next, n := utf8.DecodeRuneInString(r.text[end:])
		if !unspaced(next) {
			break
		}
		r.add(word, (uint64(c)<<32|uint64(next))*prime64, end-size, end+n)
		end, c, size, lone = end+n, next, n, false
	}
	if lone {
		r.add(word, uint64(c)*prime64, i, end)
	}
	return end
}

// unspaced reports whether a character belongs to a script that is written without spaces between words.
func unspaced(c rune) bool {
	switch {
	case c < 0x0E00:
		return false
	case c <= 0x0EFF, c >= 0x1000 && c <= 0x109F, c >= 0x1780 && c <= 0x17FF: // Thai, Lao; Burmese; Khmer
		return true
	}
	return c >= 0x3040 && c <= 0x30FF || c >= 0x3400 && c <= 0x9FFF || c >= 0xF900 && c <= 0xFAFF || c >= 0x20000 && c <= 0x3FFFF
}

// unseen reports whether a character takes no room, so that it parts words for programs and not for people.
func unseen(c rune) bool {
	return c == 0xAD || c == 0x180E || c >= 0x200B && c <= 0x200F || c >= 0x202A && c <= 0x202E || c >= 0x2060 && c <= 0x2064 || c == 0xFEFF
}

// token reads a run of letters and digits.
func (r *reading) token(start int) int {
	t := tokenState{hash: offset64, shape: offset64}
	i := start
	for i < len(r.text) {
		c, size := r.inWord(i, t.letters > 0)
		if size == 0 {
			break
		}
		if unseen(c) {
			r.add(hidden, 0, i, i+size)
		} else {
			t.take(c)
		}
		i += size
	}
	if end := r.address(start, i); end > i {
		return end
	}
	r.take(&t, start, i)
	return max(i, start+1)
}

// inWord returns the character at i and how many bytes it has; none if it is not of a word. An apostrophe between letters is.
func (r *reading) inWord(i int, inside bool) (c rune, size int) {
	c, size = rune(r.text[i]), 1
	if c >= utf8.RuneSelf {
		c, size = utf8.DecodeRuneInString(r.text[i:])
	} else if class := ascii[c]; class == letter || class == digit {
		return c, size
	}
	switch {
	case c >= 0xFF01 && c <= 0xFF5E:
		c -= 0xFF01 - '!' // full-width
	case c == 0x2019:
		c = '\'' // the typographer's
	}
	switch {
	case c == '\'' && inside && i+size < len(r.text) && isASCIILetter(r.text[i+size]):
		return c, size
	case c < utf8.RuneSelf && (ascii[c] == letter || ascii[c] == digit), unseen(c):
		return c, size
	case c >= utf8.RuneSelf && !unspaced(c) && (unicode.IsLetter(c) || unicode.IsMark(c) || unicode.IsDigit(c)):
		return c, size
	}
	return c, 0
}

func isASCIILetter(c byte) bool { return c < utf8.RuneSelf && ascii[c] == letter }

// tokenState is a run of letters and digits being read.
type tokenState struct {
	hash, shape              uint64
	letters, upper, digits   int
	latin, cyrillic, grecian bool
}

func (t *tokenState) take(c rune) {
	lower := c
	switch {
	case c < utf8.RuneSelf:
		switch {
		case c >= 'a' && c <= 'z':
			t.letters++
			t.latin = true
		case c >= 'A' && c <= 'Z':
			lower = c | 0x20
			t.letters++
			t.upper++
			t.latin = true
		case c != '\'':
			t.digits++
		}
	case unicode.IsDigit(c):
		t.digits++
	default:
		if lower = unicode.ToLower(c); lower != c {
			t.upper++
		}
		t.letters++
		t.latin = t.latin || c < 0x250
		t.cyrillic = t.cyrillic || c >= 0x400 && c < 0x530
		t.grecian = t.grecian || c >= 0x370 && c < 0x400
	}
	t.hash = (t.hash ^ uint64(lower)) * prime64
	if lower >= '0' && lower <= '9' {
		lower = '0'
	}
	t.shape = (t.shape ^ uint64(lower)) * prime64
}

// take adds what a run of letters and digits tells.
func (r *reading) take(t *tokenState, from, to int) {
	if t.letters == 0 {
		r.add(digits, uint64(min(t.digits, 16)), from, to)
		if t.digits <= 6 {
			r.add(number, t.hash, from, to)
		}
		return
	}
	r.add(word, t.hash, from, to)
	if t.digits > 0 {
		r.add(shape, t.shape, from, to)
	}
	if t.letters > 1 {
		r.words++
		if t.upper == t.letters {
			r.shouted++
			r.add(capitals, 1, from, to)
		}
	}
	if t.latin && (t.cyrillic || t.grecian) {
		r.add(alphabet, 0, from, to)
	}
}

// address reads the beginning of an address on the web, which is one feature and not one for each of its marks. The names in it are words like
// others. It returns where it ends, or 0 if the word from to to begins none.
func (r *reading) address(from, to int) int {
	w, mark := r.text[from:to], "://"
	switch {
	case len(w) == 3 && strings.EqualFold(w, "www"):
		mark = "."
	case len(w) == 4 && strings.EqualFold(w, "http"), len(w) == 5 && strings.EqualFold(w, "https"):
	default:
		return 0
	}
	if !strings.HasPrefix(r.text[to:], mark) {
		return 0
	}
	r.add(link, 0, from, to+len(mark))
	return to + len(mark)
}

// maxElement is how long an HTML element may be to be taken for one.
const maxElement = 1000

// element skips an HTML element: its name and attributes are no words of the sender's. It returns where it ends, or i if there is none.
func (r *reading) element(i int) int {
	rest := r.text[i+1 : min(len(r.text), i+maxElement)]
	if rest == "" || !isASCIILetter(rest[0]) && rest[0] != '/' && rest[0] != '!' {
		return i
	}
	end := strings.IndexByte(rest, '>')
	if end < 0 {
		return i
	}
	r.add(tag, 0, i, i+1+end+1)
	if strings.Contains(rest[:end], "://") {
		r.add(link, 0, i, i+1+end+1)
	}
	return i + 1 + end + 1
}
