package spam_test

import (
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/assert"
)

const message80 = "Hi, my parcel 4711 should have come on Monday. Could you tell me where it is? Jo"

func TestClassifyingAllocatesNothing(t *testing.T) {
	if raced {
		t.Skip("the race detector keeps no reading for the next text")
	}
	m := learned(mails(1, 200, 3, 12))
	assert.Zero(t, int(testing.AllocsPerRun(200, func() { m.Classify(message80) })))
}

var lower int

// pass is the cheapest look at every character: what a filter costs is told as a multiple of it.
func pass(text string) (n int) {
	for _, r := range text {
		if unicode.ToLower(r) == r {
			n++
		}
	}
	return n
}

// BenchmarkClassify runs Classify and a plain pass over the text by turns and reports the best round of each and their ratio, which other load on
// the machine changes least.
func BenchmarkClassify(b *testing.B) {
	m := learned(mails(1, 2000, 3, 12))
	for _, c := range []struct{ name, text string }{{"80B", message80}, {"8kB", strings.Repeat(message80, 100)}, {"100kB", strings.Repeat(message80, 1250)}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			const rounds = 30
			calls := 1 + 20000/len(c.text)
			classify, plain := time.Hour, time.Hour
			for b.Loop() {
				for range rounds {
					begin := time.Now()
					for range calls {
						m.Classify(c.text)
					}
					middle := time.Now()
					for range calls {
						lower += pass(c.text)
					}
					classify = min(classify, middle.Sub(begin))
					plain = min(plain, time.Since(middle))
				}
			}
			b.ReportMetric(float64(classify)/float64(calls), "classify-ns")
			b.ReportMetric(float64(plain)/float64(calls), "pass-ns")
			b.ReportMetric(float64(classify)/float64(plain), "ratio")
		})
	}
}

func BenchmarkLearn(b *testing.B) {
	m := learned(mails(1, 2000, 3, 12))
	b.ReportAllocs()
	for b.Loop() {
		m.Learn(message80, false)
		m.Unlearn(message80, false)
	}
}
