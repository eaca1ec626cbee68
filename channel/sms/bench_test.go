package sms_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/frontdesk-go/frontdesk/channel/sms"
)

func asciiText(n int) string {
	const words = "Your order has left our warehouse and should be with you by Thursday, reply STOP to end. "
	return strings.Repeat(words, n/len(words)+1)[:n]
}

// mixedText has 500 runes of Spanish, emoji, joined emoji, flags and ideographs.
func mixedText() string {
	const piece = "¿Mañana por la mañana? Sí, aquí está el camión azul 😀🎉 👨‍👩‍👧 🇪🇸🇩🇪 世界你好 señal. "
	runes := []rune(strings.Repeat(piece, 10))
	return string(runes[:500])
}

var (
	sinkInfo sms.Info
	sinkBool bool
)

// BenchmarkCount runs Count and utf8.ValidString by turns and reports the best
// round of each and their ratio, which other load on the machine changes least.
func BenchmarkCount(b *testing.B) {
	for _, c := range []struct{ name, text string }{
		{"ascii160", asciiText(160)},
		{"ascii1000", asciiText(1000)},
		{"mixed500", mixedText()},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			const rounds, calls = 50, 400
			count, valid := time.Hour, time.Hour
			for b.Loop() {
				for range rounds {
					start := time.Now()
					for range calls {
						sinkInfo = sms.Count(c.text)
					}
					middle := time.Now()
					for range calls {
						sinkBool = utf8.ValidString(c.text)
					}
					count = min(count, middle.Sub(start))
					valid = min(valid, time.Since(middle))
				}
			}
			b.ReportMetric(float64(count)/calls, "count-ns")
			b.ReportMetric(float64(valid)/calls, "valid-ns")
			b.ReportMetric(float64(count)/float64(valid), "ratio")
		})
	}
}
