package sqlstore_test

import (
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
	"github.com/frontdesk-go/frontdesk/store"
	"github.com/frontdesk-go/frontdesk/storetest"
)

func BenchmarkSQLite(b *testing.B) {
	storetest.Bench(b, func(b *testing.B) store.Store { return stores.SQLite(b) })
}

func BenchmarkPostgreSQL(b *testing.B) {
	storetest.Bench(b, func(b *testing.B) store.Store { return stores.PostgreSQL(b) })
}

// BenchmarkCommit measures a message, its conversation, a name, two counters and a job in one batch, with 1, 8 and 32 callers on
// conversations of their own, and prints how much of the floor that is: a transaction of as many bare inserts and one update.
func BenchmarkCommit(b *testing.B) {
	for name, open := range map[string]func(testing.TB) *stores.Opened{"SQLite": stores.SQLite, "PostgreSQL": stores.PostgreSQL} {
		for _, callers := range []int{1, 8, 32, 64} {
			b.Run(fmt.Sprintf("%s/callers=%d", name, callers), func(b *testing.B) { benchCommit(b, open(b), callers) })
		}
	}
}

func benchCommit(b *testing.B, o *stores.Opened, callers int) {
	exec(b, o.DB, "create table floor (id text primary key, body text not null, n integer not null)")
	for i := range callers {
		exec(b, o.DB, fmt.Sprintf("insert into floor values ('c%d', '', 0)", i))
	}
	floor := measure(b, callers, func(caller, n int) error {
		tx, err := o.DB.Begin()
		if err != nil {
			return err
		}
		defer tx.Rollback()
		if _, err := tx.Exec("update floor set n = n + 1 where id = $1", fmt.Sprint("c", caller)); err != nil {
			return err
		}
		if _, err := tx.Exec("insert into floor values ($1, $2, 1), ($3, '', 2), ($4, '', 3)", fmt.Sprint("m", caller, "-", n), strings.Repeat("x", 400),
			fmt.Sprint("n", caller, "-", n), fmt.Sprint("j", caller, "-", n)); err != nil {
			return err
		}
		return tx.Commit()
	})
	versions := make([]int64, callers)
	store := measure(b, callers, func(caller, n int) error { return message(o, caller, n, versions) })
	b.ReportMetric(store, "commits/s")
	b.ReportMetric(store/floor, "of-floor")
}

// message commits one message to the caller's conversation.
func message(s store.Store, caller, n int, versions []int64) error {
	c := filledRow(store.Conversation, caller)
	c.Place.Activity = int64(n)
	c.Version = versions[caller]
	id := strconv.Itoa(caller) + "-" + strconv.Itoa(n)
	batch := store.NewBatch("acme", start)
	put(batch, c, store.Row{Key: store.Key{Kind: store.Message, ID: id}, Body: make([]byte, 400), Facts: []store.Fact{{Name: "conversation", Value: c.ID, Order: int64(n)}}},
		store.Row{Key: store.Key{Kind: store.Name, ID: "msg/" + id}, Target: c.Key})
	batch.Add("total", 1)
	batch.Add("unread/"+strconv.Itoa(caller), 1)
	batch.Enqueue(store.Job{ID: id, Group: "feed/acme", Order: int64(n)})
	if err := batch.Seal(); err != nil {
		return err
	}
	written, _ := batch.Written(c.Key)
	versions[caller] = written.Version
	return s.Commit(ctx, batch)
}

// measure runs f b.N times by several callers and returns how often a second.
func measure(b *testing.B, callers int, f func(caller, n int) error) float64 {
	b.Helper()
	var next atomic.Int64
	errs := make(chan error, callers)
	b.ResetTimer()
	for caller := range callers {
		go func() {
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				if err := f(caller, int(n)); err != nil {
					errs <- err
					return
				}
			}
			errs <- nil
		}()
	}
	for range callers {
		require.NoError(b, <-errs)
	}
	return float64(b.N) / b.Elapsed().Seconds()
}
