package spam

import (
	"cmp"
	"math"
	"slices"
)

// MaxWords is how many features a model holds. When learning brings it above, the rarest are dropped until three quarters of it are left:
// those seen in the fewest texts first, and of equally rare ones those with the smaller fingerprint.
const MaxWords = 100_000

// Advise is how many texts a model must have learned before its verdicts are more than advice.
const Advise = 50

// count is in how many texts of each class a feature was seen.
type count struct{ spam, ham uint32 }

// Model is what was learned. The zero Model has learned nothing and is ready for use. Any number of goroutines may classify with a model
// that none of them changes.
type Model struct {
	spam, ham         uint32 // texts learned
	words             map[uint64]count
	spamSeen, hamSeen uint64 // sums of the counts
}

// set gives a feature its counts; none drops it.
func (m *Model) set(print uint64, c count) {
	old := m.words[print]
	m.spamSeen += uint64(c.spam) - uint64(old.spam)
	m.hamSeen += uint64(c.ham) - uint64(old.ham)
	if c == (count{}) {
		delete(m.words, print)
		return
	}
	if m.words == nil {
		m.words = map[uint64]count{}
	}
	m.words[print] = c
}

// Marks returns how many texts of each class the model has learned.
func (m *Model) Marks() (spam, ham int) { return int(m.spam), int(m.ham) }

// Words returns how many features the model knows, at most MaxWords.
func (m *Model) Words() int { return len(m.words) }

// Print is what a model learns of a text: the fingerprints of its features, at most MaxFeatures, sorted. It does not hold the text, and lets what was
// learned be unlearned when the text is gone.
type Print []uint64

// PrintOf takes the print of a text.
func PrintOf(text string) Print {
	r := read(text, false)
	defer r.done()
	p := Print(slices.Clone(r.prints))
	slices.Sort(p)
	return p
}

// Learn takes a text in as spam or not.
func (m *Model) Learn(text string, spam bool) { m.LearnPrint(PrintOf(text), spam) }

// Unlearn takes back what Learn did with the same text and class.
func (m *Model) Unlearn(text string, spam bool) { m.UnlearnPrint(PrintOf(text), spam) }

// LearnPrint takes in a print as Learn takes in its text.
func (m *Model) LearnPrint(p Print, spam bool) {
	one := unit(spam)
	m.spam, m.ham = plus(m.spam, one.spam), plus(m.ham, one.ham)
	for _, h := range p {
		c := m.words[h]
		m.set(h, count{plus(c.spam, one.spam), plus(c.ham, one.ham)})
	}
	m.prune()
}

// UnlearnPrint takes back what LearnPrint did with the same print and class. What the model does not know of it, such as a feature dropped since,
// stays unknown.
func (m *Model) UnlearnPrint(p Print, spam bool) {
	one := unit(spam)
	m.spam, m.ham = minus(m.spam, one.spam), minus(m.ham, one.ham)
	for _, h := range p {
		if c, ok := m.words[h]; ok {
			m.set(h, count{minus(c.spam, one.spam), minus(c.ham, one.ham)})
		}
	}
}

// Merge takes in everything that another model has learned. Two models that learned apart then equal one that learned all of it, as long as none of them
// had to drop a feature.
func (m *Model) Merge(other *Model) {
	m.spam, m.ham = plus(m.spam, other.spam), plus(m.ham, other.ham)
	for h, o := range other.words {
		c := m.words[h]
		m.set(h, count{plus(c.spam, o.spam), plus(c.ham, o.ham)})
	}
	m.prune()
}

func unit(spam bool) count {
	if spam {
		return count{spam: 1}
	}
	return count{ham: 1}
}

func plus(a, b uint32) uint32 {
	if a > math.MaxUint32-b {
		return math.MaxUint32
	}
	return a + b
}

func minus(a, b uint32) uint32 {
	if a < b {
		return 0
	}
	return a - b
}

// prune drops the rarest features of a model that has too many.
func (m *Model) prune() {
	if len(m.words) <= MaxWords {
		return
	}
	type entry struct{ print, seen uint64 }
	all := make([]entry, 0, len(m.words))
	for h, c := range m.words {
		all = append(all, entry{h, uint64(c.spam) + uint64(c.ham)})
	}
	slices.SortFunc(all, func(a, b entry) int { return cmp.Or(cmp.Compare(a.seen, b.seen), cmp.Compare(a.print, b.print)) })
	for _, e := range all[:len(all)-MaxWords/4*3] {
		m.set(e.print, count{})
	}
}
