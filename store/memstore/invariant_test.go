package memstore

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/store"
)

var noon = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)

// checkInvariants compares what is kept twice.
func checkInvariants(t *testing.T, tn *tenant) {
	t.Helper()
	queued, scheduled := 0, 0
	for name, g := range tn.groups {
		require.Equal(t, name, g.name)
		require.True(t, slices.IsSortedFunc(g.jobs, compareJobs))
		require.True(t, slices.IsSorted(g.dues))
		require.Len(t, g.dues, len(g.jobs))
		require.Equal(t, len(g.jobs) > 0, g.turn > 0, "a group is on the agenda if it has jobs")
		require.True(t, len(g.jobs) > 0 || g.until != always, "a group without jobs is kept only while somebody has it")
		if g.turn > 0 {
			require.Equal(t, max(g.dues[0], g.until), g.wake)
			kept, ok := tn.agenda.Get(g)
			require.True(t, ok && kept == g)
			scheduled++
		}
		queued += len(g.jobs)
	}
	require.Equal(t, scheduled, tn.agenda.Len())
	require.Len(t, tn.jobs, queued)
	entries, want := 0, 0
	for l, in := range tn.lists {
		require.Equal(t, l, in.list)
		require.Positive(t, in.tree.Len(), "an empty list is forgotten")
		in.tree.Scan(func(e entry) bool {
			require.Contains(t, e.cell.at, spot{in, e.order})
			require.Equal(t, e.cell.row.ID, e.id)
			return true
		})
		entries += in.tree.Len()
	}
	for _, c := range tn.rows {
		require.Equal(t, tn.spots(nil, nil, c.row), c.at, "a cell knows where it is")
		want += len(c.at)
	}
	require.Equal(t, want, entries)
}

func randomRow(r *rand.Rand) store.Row {
	row := store.Row{Key: store.Key{Kind: []store.Kind{store.Conversation, store.Message}[r.IntN(2)], ID: fmt.Sprint(r.IntN(12))}, Body: []byte("x")}
	if r.IntN(3) > 0 {
		row.Place = &store.Place{Shelf: []string{"", "open"}[r.IntN(2)], Mailbox: []string{"", "m"}[r.IntN(2)], Activity: int64(r.IntN(4))}
	}
	for i := range r.IntN(4) {
		row.Facts = append(row.Facts, store.Fact{Name: []string{"tag", "size"}[r.IntN(2)], Value: fmt.Sprint(i), Order: int64(r.IntN(3))})
	}
	return row
}

func randomBatch(r *rand.Rand, s *Store, n int) *store.Batch {
	b := store.NewBatch("acme", noon.Add(time.Duration(n)*time.Second))
	for range 1 + r.IntN(3) {
		row := randomRow(r)
		if _, again := b.Written(row.Key); again {
			continue
		}
		if tn := s.tenants["acme"]; tn != nil && tn.row(row.Key) != nil {
			row.Version = tn.row(row.Key).Version
		}
		b.ReadRow(row)
		if r.IntN(3) == 0 {
			b.Delete(row.Key)
		} else {
			b.Put(row)
		}
	}
	for range r.IntN(4) {
		j := store.Job{ID: fmt.Sprint(r.IntN(20)), Group: fmt.Sprint(r.IntN(4)), Order: int64(r.IntN(3))}
		if r.IntN(2) == 0 {
			j.Due = noon.Add(time.Duration(r.IntN(5)) * time.Minute)
		}
		b.Enqueue(j)
	}
	if r.IntN(2) == 0 {
		f := store.Finish{Group: fmt.Sprint(r.IntN(4)), Token: fmt.Sprint(n - r.IntN(5)), Jobs: []string{fmt.Sprint(r.IntN(20)), fmt.Sprint(r.IntN(20))}}
		if r.IntN(4) == 0 {
			f.Hold = noon.Add(time.Duration(n) * time.Second)
		}
		b.Done(f)
	}
	return b
}

func TestInvariants(t *testing.T) {
	for seed := range uint64(20) {
		r, s := rand.New(rand.NewPCG(seed, 0)), New()
		for n := range 150 {
			b := randomBatch(r, s, n)
			if b.Seal() != nil {
				continue
			}
			require.NoError(t, s.Commit(t.Context(), b))
			at := noon.Add(time.Duration(r.IntN(n+1)) * 5 * time.Second)
			_, err := s.Jobs(t.Context(), store.JobQuery{Now: at, Until: at.Add(20 * time.Second), Token: fmt.Sprint(n), Limit: 1 + r.IntN(3), PerTenant: 2, PerGroup: 2})
			require.NoError(t, err)
			checkInvariants(t, s.tenants["acme"])
		}
	}
}

// What is deleted and finished leaves nothing behind.
func TestNothingIsLeft(t *testing.T) {
	s := New()
	row := store.Row{Key: store.Key{Kind: store.Conversation, ID: "c"}, Place: &store.Place{Shelf: "open", Team: "t"}, Facts: []store.Fact{{Name: "tag", Value: "red"}}}
	b := store.NewBatch("acme", noon)
	b.ReadRow(row)
	b.Put(row)
	b.Enqueue(store.Job{ID: "j", Group: "g"}, store.Job{ID: "k", Group: "g", Due: noon})
	require.NoError(t, b.Seal())
	require.NoError(t, s.Commit(t.Context(), b))
	tn := s.tenants["acme"]
	require.Len(t, tn.lists, 4)
	_, err := s.Jobs(t.Context(), store.JobQuery{Now: noon, Until: noon.Add(time.Minute), Token: "t", Limit: 1, PerTenant: 1, PerGroup: 1})
	require.NoError(t, err)

	b = store.NewBatch("acme", noon)
	b.ReadRow(store.Row{Key: row.Key, Version: noon.UnixMicro()})
	b.Delete(row.Key)
	b.Done(store.Finish{Group: "g", Token: "t", Jobs: []string{"j", "k"}})
	require.NoError(t, b.Seal())
	require.NoError(t, s.Commit(t.Context(), b))
	require.Empty(t, tn.rows)
	require.Empty(t, tn.lists)
	require.Empty(t, tn.jobs)
	require.Empty(t, tn.groups)
	require.Zero(t, tn.agenda.Len())
}

// Reading makes no tenant: anybody may ask for any.
func TestReadingMakesNoTenant(t *testing.T) {
	s := New()
	_, err := s.Load(t.Context(), "nobody", []store.Key{{Kind: store.Document, ID: "x"}}, []string{"n"})
	require.NoError(t, err)
	_, err = s.List(t.Context(), store.Query{Tenant: "nobody", Kind: store.Document})
	require.NoError(t, err)
	_, err = s.Jobs(t.Context(), store.JobQuery{Now: noon, Until: noon.Add(time.Minute), Token: "t", Limit: 1, PerTenant: 1, PerGroup: 1, Tenant: "nobody"})
	require.NoError(t, err)
	require.NoError(t, s.Commit(t.Context(), store.NewBatch("nobody", noon)))
	require.Empty(t, s.tenants)
}
