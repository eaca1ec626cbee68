package sqlstore_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
	"github.com/frontdesk-go/frontdesk/store/sqlstore"
)

// What announcing and partitions cost: 64 callers commit a row and a job that is due at once. While it is announced another store listens.
func BenchmarkCommitQueued(b *testing.B) {
	for _, variant := range []struct {
		name     string
		options  sqlstore.Options
		settings []string
	}{
		{"plain", sqlstore.Options{}, nil},
		{"announced", sqlstore.Options{Await: stores.Await}, nil},
		{"8 partitions", sqlstore.Options{Partitions: 8}, nil},
		{"8 partitions, custom plans", sqlstore.Options{Partitions: 8}, []string{"plan_cache_mode=force_custom_plan"}},
	} {
		b.Run(variant.name, func(b *testing.B) {
			o := stores.WithPostgreSQL(b, variant.options, variant.settings...)
			var heard, n atomic.Int64
			if variant.options.Await != nil {
				listening, cancel := context.WithCancel(ctx)
				done := make(chan error, 1)
				go func() { done <- o.Again(b).SQL.Listen(listening, func() { heard.Add(1) }) }()
				defer func() {
					cancel()
					require.ErrorIs(b, <-done, context.Canceled)
				}()
			}
			b.SetParallelism(32)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := o.Commit(ctx, queued(b, fmt.Sprint("row", n.Add(1)), time.Time{})); err != nil {
						b.Error(err)
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
			b.ReportMetric(float64(heard.Load()), "heard")
		})
	}
}
