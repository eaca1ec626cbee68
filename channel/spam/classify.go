package spam

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Verdict is what a model makes of a text.
type Verdict struct {
	Spam   bool    // Score is above one half
	Score  float64 // from 0 to 1; an order, not a probability
	Advice bool    // the model has learned fewer than Advise texts: people decide, the verdict hides nothing
	Words  []Word  // what it rests on, by Explain
}

// Word is a feature of a text that the model knows.
type Word struct {
	Text   string  // the word in lower case, or what the feature is called, such as "a number of 5 digits"
	Weight float64 // above 0 it speaks for spam, below against it
	Spam   int     // texts marked as spam that had it
	Ham    int     // texts marked as not spam that had it
}

// The figures of the judgement. They were chosen on the first 1,200 messages of the collection's test part; the other 2,700, and the texts of the
// package's tests, had no part in it. The last three were chosen on longer texts made of the test part, and on prose of other programs' documents.
const (
	smoothing  = 0.5 // added to every count, so that what was seen once is no certainty
	maxWeight  = 6.0 // of one feature
	threshold  = 0.3 // of the evidence, per square root of features, above which a text is spam
	steepness  = 2.0 // of the score around the threshold
	knownShare = 0.5 // of its words that must be known for what speaks for spam to count in full
	knownLeast = 0.2 // of its words that must be known for it to count at all
	longFrom   = 20  // words, from which on a text's words must themselves speak for spam; in full from twice as many on
	agreeLeast = 0.1 // what a known word of a long text must say for spam on average for anything to count that speaks for it
	agreeFull  = 0.4 // and for it to count in full
)

// Classify judges a text by what was learned. The work is bounded by MaxText and MaxFeatures.
func (m *Model) Classify(text string) Verdict {
	r := read(text, false)
	defer r.done()
	return m.judge(r)
}

// Explain judges a text and names the features that weigh most, at most n, the heaviest first.
func (m *Model) Explain(text string, n int) Verdict {
	r := read(text, true)
	defer r.done()
	v := m.judge(r)
	base := m.base()
	for i, print := range r.prints {
		if c, ok := m.words[print]; ok {
			v.Words = append(v.Words, Word{Text: r.found[i].name(r.text), Weight: weight(c, base), Spam: int(c.spam), Ham: int(c.ham)})
		}
	}
	slices.SortStableFunc(v.Words, func(a, b Word) int { return cmp.Compare(math.Abs(b.Weight), math.Abs(a.Weight)) })
	v.Words = slices.Clip(v.Words[:max(0, min(n, len(v.Words)))])
	return v
}

// base is how much more the model has seen of what is not spam, as the logarithm of a ratio: counts are compared by it. Smoothing makes the
// smaller class look larger than it is. Where that is spam, it is careful; where it is not, ordinary words that ten good messages happened to
// lack would speak for spam, so there the plain ratio counts.
func (m *Model) base() float64 {
	spam, ham := float64(m.spamSeen), float64(m.hamSeen)
	vocabulary := smoothing * float64(len(m.words))
	return math.Log(min((ham+vocabulary)/(spam+vocabulary), max(ham, 1)/max(spam, 1)))
}

// weight is what a feature speaks for. What one class has never had does not speak for it, though the classes be of very different sizes.
func weight(c count, base float64) float64 {
	w := math.Log((float64(c.spam)+smoothing)/(float64(c.ham)+smoothing)) + base
	if c.spam == 0 {
		w = min(w, 0)
	}
	if c.ham == 0 {
		w = max(w, 0)
	}
	return max(-maxWeight, min(maxWeight, w))
}

func (m *Model) judge(r *reading) Verdict {
	v := Verdict{Advice: m.spam+m.ham < Advise}
	if m.spam == 0 || m.ham == 0 {
		return v
	}
	base := m.base()
	sum, said, known, words, knownWords := 0.0, 0.0, 0, 0, 0 // said is the part of the words
	for _, print := range r.prints {
		isWord := kindOf(print) == word
		if isWord {
			words++
		}
		if c, ok := m.words[print]; ok {
			w := weight(c, base)
			sum += w
			known++
			if isWord {
				said += w
				knownWords++
			}
		}
	}
	// That one class is rarer speaks against it; that it is more frequent never speaks for spam.
	sum += min(0, math.Log(float64(m.spam)/float64(m.ham)))
	evidence := sum / math.Sqrt(float64(known+1))
	if evidence > 0 {
		evidence *= between(float64(knownWords)/float64(max(words, 1)), knownLeast, knownShare)
		// Numbers, links and marks are in every long text. What they say of a short message counts there only if the words agree.
		agree := between(said/float64(knownWords+1), agreeLeast, agreeFull)
		evidence *= 1 - between(float64(words), longFrom, 2*longFrom)*(1-agree)
	}
	v.Score = 1 / (1 + math.Exp(steepness*(threshold-evidence)))
	v.Spam = evidence > threshold
	return v
}

// between is how far x is on the way from least to full: 0 before it, 1 behind it.
func between(x, least, full float64) float64 { return max(0, min(1, (x-least)/(full-least))) }

// name is what people are told of a feature.
func (f feature) name(text string) string {
	switch f.kind {
	case digits:
		if f.value >= 16 {
			return "a number of 16 digits or more"
		}
		return "a number of " + strconv.FormatUint(f.value, 10) + " digits"
	case shape:
		return "a word like " + strings.Map(zeroed, strings.ToLower(text[f.from:f.to]))
	case capitals:
		if f.value == 1 {
			return "a word in capitals"
		}
		return []string{"some", "a quarter", "half", "most"}[min(f.value-2, 3)] + " of the words in capitals"
	case link:
		return "a link"
	case length:
		return "a text of about " + strconv.Itoa(1<<f.value>>1) + " bytes"
	case alphabet:
		return "a word of mixed alphabets"
	case hidden:
		return "invisible characters"
	case tag:
		return "HTML"
	}
	return strings.ToLower(text[f.from:f.to])
}

func zeroed(c rune) rune {
	if c >= '0' && c <= '9' {
		return '0'
	}
	return c
}
