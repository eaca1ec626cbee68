package reply

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// letter is a saved reply of 300 bytes with three fields.
var letter = "Hello {{contact.first_name|there}},\n\n" +
	"thank you for your message. Your order {{record.number}} left our warehouse this morning and will " +
	"be with you within two working days. If anything is missing or damaged, answer to this message and " +
	"we will take care of it.\n\nSincerely\n{{agent.alias}}, support team."

// letterValues has no map, so that the benchmark measures filling alone.
func letterValues(name string) (string, bool) {
	switch name {
	case "contact.first_name":
		return "Charlotte", true
	case "record.number":
		return "2026-004711", true
	case "agent.alias":
		return "Jane", true
	}
	return "", false
}

func TestFillAllocations(t *testing.T) {
	require.Len(t, letter, 300)
	allocs := testing.AllocsPerRun(100, func() { sink, _ = Fill(letter, letterValues, Options{}) })
	assert.LessOrEqual(t, allocs, 3.0)
	assert.Contains(t, sink.Text, "Hello Charlotte,")
}

var (
	sink   Result
	copied string
)

// BenchmarkFill reports the time of one Fill as a multiple of a copy of the
// same content (x-copy). Both run in turns of a hundred, so that the garbage
// collector and other load on the machine meet both. The second ratio is that
// of the fastest turns, in which there was neither.
func BenchmarkFill(b *testing.B) {
	template, err := Parse(letter)
	require.NoError(b, err)
	b.Run("ParseAndFill", func(b *testing.B) {
		ratio(b, func() { sink, _ = Fill(letter, letterValues, Options{}) })
	})
	b.Run("Template", func(b *testing.B) {
		ratio(b, func() { sink, _ = template.Fill(letterValues, Options{}) })
	})
}

func ratio(b *testing.B, fill func()) {
	const turn = 100
	var filling, copying time.Duration
	fastFill, fastCopy := time.Hour, time.Hour
	for b.Loop() {
		start := time.Now()
		for range turn {
			fill()
		}
		middle := time.Now()
		for range turn {
			copied = strings.Clone(letter)
		}
		end := time.Now()
		filling += middle.Sub(start)
		copying += end.Sub(middle)
		fastFill = min(fastFill, middle.Sub(start))
		fastCopy = min(fastCopy, end.Sub(middle))
	}
	b.ReportMetric(0, "ns/op") // It would be that of a hundred of each.
	b.ReportMetric(float64(filling.Nanoseconds())/float64(b.N*turn), "fill-ns")
	b.ReportMetric(float64(filling)/float64(copying), "x-copy")
	b.ReportMetric(float64(fastFill)/float64(fastCopy), "x-copy-fastest")
}
