package sqlstore_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

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

// The answer of a commit of many is lost on the way. None of them is told that another was faster: he would do again what he has done.
func TestLostAnswerOfManyIsNoConflict(t *testing.T) {
	o := stores.PostgreSQL(t)
	s, _, r := record(t, o)
	var commits atomic.Int64
	r.lose = func(query string) error {
		if strings.HasPrefix(query, "with absent") && commits.Add(1)%3 == 0 {
			return errors.New("broken pipe")
		}
		return nil
	}
	const callers, calls = 12, 20
	var all sync.WaitGroup
	for c := range callers {
		all.Go(func() {
			key, done, unknown := document(fmt.Sprint(c)), 0, 0
			for range calls {
				for again := true; again; {
					rows, err := s.Load(ctx, "acme", []store.Key{key}, nil)
					if !assert.NoError(t, err) {
						return
					}
					row, _ := rows.Row(key)
					b := store.NewBatch("acme", time.Now())
					b.Read(rows)
					row.Body = append(row.Body, 'x')
					b.Put(row)
					b.Add(key.ID, 1)
					assert.NoError(t, b.Seal())
					err = s.Commit(ctx, b)
					switch again = errors.Is(err, store.ErrConflict); {
					case err == nil:
						done++
					case !again:
						unknown++
					}
				}
			}
			rows, err := o.Load(ctx, "acme", []store.Key{key}, []string{key.ID})
			assert.NoError(t, err)
			is := len(rows.Found[key].Body)
			assert.Equal(t, int64(is), rows.Counters[key.ID])
			assert.GreaterOrEqual(t, is, done)
			assert.LessOrEqual(t, is, done+unknown)
		})
	}
	all.Wait()
}

// Who gives up has his batch back, although it is being committed with others. What he does with it is neither written nor remembered.
func TestBatchIsGivenBack(t *testing.T) {
	for _, at := range []string{"begin", "commit"} {
		t.Run(at, func(t *testing.T) {
			o := stores.SQLite(t)
			s, _, r := record(t, o)
			row := tagged("a", "red")
			row.Body = []byte("mine")
			mine, _ := read(t, s, row.Key)
			mine.Put(row)
			require.NoError(t, mine.Seal())
			others := make([]*store.Batch, 2)
			for i := range others {
				others[i], _ = read(t, s, document(fmt.Sprint(i)))
				others[i].Put(store.Row{Key: document(fmt.Sprint(i))})
				require.NoError(t, others[i].Seal())
			}
			gone, give := context.WithCancel(ctx)
			returned := make(chan error, 1)
			var all sync.WaitGroup
			commits := 0
			r.fail = func(query string) error {
				if query != at {
					return nil
				}
				switch commits++; commits {
				case 1: // the first's, while two others come to wait
					all.Go(func() { returned <- s.Commit(gone, mine) })
					all.Go(func() { assert.NoError(t, s.Commit(ctx, others[1])) })
					time.Sleep(100 * time.Millisecond)
				case 2: // theirs
					give()
					assert.ErrorIs(t, <-returned, context.Canceled)
					row.Body[0], row.Facts[0].Value, row.Words[0] = 'X', "changed", "changed"
				}
				return nil
			}
			require.NoError(t, s.Commit(ctx, others[0]))
			all.Wait()
			free, _ := read(t, s, document("behind them"))
			commit(t, s, free) // comes after the group has ended
			r.fail = nil
			rows, err := o.Load(ctx, "acme", []store.Key{row.Key}, nil)
			require.NoError(t, err)
			found, there := rows.Row(row.Key)
			if !there {
				return // he had not come to wait yet
			}
			require.Equal(t, "mine", string(found.Body))
			require.Equal(t, "a", ids(t, o, "red"))
			b := store.NewBatch("acme", start)
			b.Read(rows)
			next := tagged("a")
			next.Version = found.Version
			b.Put(next)
			commit(t, s, b)
			require.Empty(t, ids(t, o, "red"))
			require.Empty(t, ids(t, o, "changed"))
		})
	}
}

// Four transactions of hosts' that stay open, each with somebody who waits for what it holds, hold up nobody else for long.
func TestOpenTransactionsHoldUpNobodyElse(t *testing.T) {
	o := stores.PostgreSQL(t)
	change := func(ctx context.Context, s store.Store, tenant, id string) error {
		rows, err := s.Load(ctx, tenant, []store.Key{document(id)}, nil)
		if err != nil {
			return err
		}
		b := store.NewBatch(tenant, start)
		b.Read(rows)
		b.Put(store.Row{Key: document(id), Body: []byte("changed")})
		if err := b.Seal(); err != nil {
			return err
		}
		return s.Commit(ctx, b)
	}
	tenants := []string{"a", "b", "c", "d", "e"}
	for _, tenant := range tenants {
		require.NoError(t, change(ctx, o, tenant, "row"))
	}
	waits := make(chan error, 4)
	var open []*sql.Tx
	for _, tenant := range tenants[:4] {
		tx := begin(t, o, ctx)
		open = append(open, tx)
		require.NoError(t, change(ctx, o.SQL.WithTx(tx), tenant, "row"))
		go func() { waits <- change(ctx, o, tenant, "row") }()
	}
	time.Sleep(100 * time.Millisecond) // until they wait
	soon, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	require.NoError(t, change(soon, o, "e", "row"), "another tenant's")
	require.NoError(t, change(soon, o, "a", "other"), "another row of the same tenant")
	for _, tx := range open {
		require.NoError(t, tx.Commit())
		require.ErrorIs(t, <-waits, store.ErrConflict)
	}
}
