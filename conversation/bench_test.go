package conversation

import (
	"fmt"
	"testing"
	"time"
)

// BenchmarkReceive applies a customer's message to conversations of several sizes. The header does not grow with the timeline, so what
// counts is what the header holds.
func BenchmarkReceive(b *testing.B) {
	base := 0.0
	for _, size := range []int{0, 10, 100} {
		l := begin(b, Rules{})
		l.receive("first")
		for i := range size {
			l.do(ann, ChangeTags{Add: []string{fmt.Sprint("tag", i)}})
			l.do(Actor{Kind: ByAgent, ID: fmt.Sprint("agent", i)}, MarkRead{})
		}
		env := l.env(customer, 1)
		env.Now = l.now.Add(time.Minute)
		b.Run(fmt.Sprintf("tags and readers=%d", size), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Apply(l.c, env, again); err != nil {
					b.Fatal(err)
				}
			}
			each := float64(b.Elapsed()) / float64(b.N)
			if size == 0 {
				base = each
			}
			if base > 0 {
				b.ReportMetric(each/base, "×empty")
			}
		})
	}
}
