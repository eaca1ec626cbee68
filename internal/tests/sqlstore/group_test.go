package sqlstore_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
	"github.com/frontdesk-go/frontdesk/store"
)

// Batches that wait for the same lock are committed together when it is free. Each has the outcome it would have had alone.
func TestBatchesThatWaitTogether(t *testing.T) {
	stores.EachSQL(t, func(t *testing.T, o *stores.Opened) {
		b, _ := read(t, o, document("shared"), document("old"))
		b.Put(store.Row{Key: document("shared")})
		b.Put(store.Row{Key: document("old")})
		commit(t, o, b)
		stale, _ := read(t, o, document("old"), document("mine"))
		stale.Put(store.Row{Key: document("mine")})
		b, _ = read(t, o, document("old"))
		b.Put(store.Row{Key: document("old"), Body: []byte("newer")})
		commit(t, o, b)

		free := occupy(t, o)
		gone, give := context.WithCancel(ctx)
		var all sync.WaitGroup
		commits := func(ctx context.Context, b *store.Batch, check func(error)) {
			require.NoError(t, b.Seal())
			all.Go(func() { check(o.Commit(ctx, b)) })
		}
		const n = 40
		for i := range n {
			b, _ := read(t, o, document("shared"), document(fmt.Sprint("d", i)))
			b.Put(store.Row{Key: document(fmt.Sprint("d", i)), Body: []byte{byte(i)}})
			b.Add("n", 1)
			b.Add(fmt.Sprint("n", i%3), 1)
			b.Enqueue(store.Job{ID: fmt.Sprint("j", i), Group: "g"})
			commits(ctx, b, func(err error) { assert.NoError(t, err) })
		}
		commits(ctx, stale, func(err error) {
			var conflict *store.ConflictError
			assert.ErrorAs(t, err, &conflict)
			assert.Equal(t, []store.Key{document("old")}, conflict.Keys)
		})
		left, _ := read(t, o, document("shared"), document("left"))
		left.Put(store.Row{Key: document("left")})
		var outcome error
		commits(gone, left, func(err error) { outcome = err })
		give()
		free()
		all.Wait()
		if outcome != nil { // he gave up while he waited
			assert.ErrorIs(t, outcome, context.Canceled)
			_, rows := read(t, o, document("left"))
			assert.Empty(t, rows.Found)
		}

		keys := []store.Key{document("mine")}
		for i := range n {
			keys = append(keys, document(fmt.Sprint("d", i)))
		}
		rows, err := o.Load(ctx, "acme", keys, []string{"n", "n0", "n1", "n2"})
		require.NoError(t, err)
		assert.Len(t, rows.Found, n)
		assert.Equal(t, []store.Key{document("mine")}, rows.Absent)
		assert.Equal(t, map[string]int64{"n": n, "n0": 14, "n1": 13, "n2": 13}, rows.Counters)
		assert.Len(t, lease(t, o, store.JobQuery{Token: "t", PerGroup: 100})[0].Jobs, n)
	})
}

// Loads that wait for one another share nothing.
func TestLoadsTogetherAreCopies(t *testing.T) {
	stores.EachSQL(t, func(t *testing.T, o *stores.Opened) {
		b, _ := read(t, o, document("a"))
		b.Put(store.Row{Key: document("a"), Body: []byte("body"), Target: document("b"), Facts: []store.Fact{{Name: "f", Value: "v"}}})
		b.Add("n", 7)
		commit(t, o, b)
		var all sync.WaitGroup
		for range 64 {
			all.Go(func() {
				for range 20 {
					rows, err := o.Load(ctx, "acme", []store.Key{document("a"), document("c")}, []string{"n"})
					if !assert.NoError(t, err) {
						return
					}
					row, _ := rows.Row(document("a"))
					assert.Equal(t, "body", string(row.Body))
					assert.Equal(t, "v", row.Facts[0].Value)
					assert.Equal(t, []store.Key{document("b"), document("c")}, rows.Absent)
					assert.Equal(t, map[string]int64{"n": 7}, rows.Counters)
					row.Body[0], row.Facts[0].Value = 'X', "changed"
				}
			})
		}
		all.Wait()
	})
}

// occupy keeps every batch that rests on the document shared waiting until free is called.
func occupy(t *testing.T, o *stores.Opened) (free func()) {
	t.Helper()
	tx, err := o.Again(t).DB.Begin()
	require.NoError(t, err)
	_, err = tx.Exec("update frontdesk_rows set version = version where kind = 'document' and id = 'shared'")
	require.NoError(t, err)
	return func() { require.NoError(t, tx.Rollback()) }
}
