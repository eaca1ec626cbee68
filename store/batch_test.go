package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/store"
)

var now = time.UnixMicro(1_000_000)

func key(id string) store.Key { return store.Key{Kind: store.Message, ID: id} }

func row(id string, version int64) store.Row { return store.Row{Key: key(id), Version: version} }

func TestBatchChecksWhatWasRead(t *testing.T) {
	b := store.NewBatch("a", now)
	b.Read(&store.Rows{Found: map[store.Key]store.Row{key("2"): row("2", 5), key("1"): row("1", 9)}, Absent: []store.Key{key("3")}})
	b.ReadRow(row("4", 7))
	b.Put(row("2", 0))
	b.Put(row("3", 0))
	b.Ignore(key("4"))
	require.NoError(t, b.Seal())
	var got []store.Write
	for _, w := range b.Writes {
		w.Row = store.Row{Key: w.Row.Key, Version: w.Row.Version}
		got = append(got, w)
	}
	assert.Equal(t, []store.Write{
		{Action: store.Check, If: 9, Row: row("1", 0)},
		{Action: store.Put, If: 5, Row: row("2", 6)},
		{Action: store.Put, If: 0, Row: row("3", 1_000_000)},
	}, got, "sorted; a version goes up by one, a new row starts at the microsecond")
	assert.Equal(t, store.Shard("a"), b.Shard)
}

func TestBatchAddsUpAndSorts(t *testing.T) {
	b := store.NewBatch("a", now)
	b.ReadRow(row("1", 1))
	b.Put(row("1", 0))
	b.Add("z", 1)
	b.Add("b", 2)
	b.Add("z", -3)
	b.Add("gone", 1)
	b.Add("gone", -1)
	b.Enqueue(store.Job{ID: "2", Group: "g", Order: 1}, store.Job{ID: "1", Group: "g", Order: 1}, store.Job{ID: "9", Group: "f"})
	require.NoError(t, b.Seal())
	assert.Equal(t, []store.Add{{"b", 2}, {"z", -2}}, b.Adds)
	assert.Equal(t, []string{"9", "1", "2"}, []string{b.Queue[0].ID, b.Queue[1].ID, b.Queue[2].ID})
}

func TestBatchRefuses(t *testing.T) {
	long := strings.Repeat("x", store.MaxID+1)
	put := func(r store.Row) func(*store.Batch) {
		return func(b *store.Batch) {
			b.ReadRow(store.Row{Key: r.Key})
			b.Put(r)
		}
	}
	for name, build := range map[string]func(*store.Batch){
		"unread put":         func(b *store.Batch) { b.Put(row("1", 0)) },
		"unread delete":      func(b *store.Batch) { b.Delete(key("1")) },
		"two readings":       func(b *store.Batch) { b.ReadRow(row("1", 1)); b.ReadRow(row("1", 2)) },
		"add alone":          func(b *store.Batch) { b.Add("c", 1) },
		"enqueue alone":      func(b *store.Batch) { b.Enqueue(store.Job{ID: "1", Group: "g"}) },
		"long ID":            put(row(long, 0)),
		"empty ID":           put(row("", 0)),
		"NUL in an ID":       put(row("a\x00b", 0)),
		"bad UTF-8":          put(row("\xff", 0)),
		"large body":         put(store.Row{Key: key("1"), Body: make([]byte, store.MaxBody+1)}),
		"fact twice":         put(store.Row{Key: key("1"), Facts: []store.Fact{{"a", "b", 1}, {"a", "b", 2}}}),
		"long fact":          put(store.Row{Key: key("1"), Facts: []store.Fact{{"a", long, 1}}}),
		"too many facts":     put(store.Row{Key: key("1"), Facts: make([]store.Fact, store.MaxFacts+1)}),
		"empty word":         put(store.Row{Key: key("1"), Words: []string{""}}),
		"place too long":     put(store.Row{Key: key("1"), Place: &store.Place{Shelf: long}}),
		"job without a name": func(b *store.Batch) { put(row("1", 0))(b); b.Enqueue(store.Job{Group: "g"}) },
	} {
		b := store.NewBatch("a", now)
		build(b)
		assert.ErrorIs(t, b.Seal(), store.ErrInvalid, name)
	}
	b := store.NewBatch("", now)
	put(row("1", 0))(b)
	assert.ErrorIs(t, b.Seal(), store.ErrInvalid, "no tenant")
}

func TestBatchEmpty(t *testing.T) {
	b := store.NewBatch("a", now)
	b.ReadRow(row("1", 1))
	assert.True(t, b.Empty(), "checks alone change nothing")
	b.Done(store.Finish{Group: "g"})
	assert.False(t, b.Empty())
}

type wrapper struct{ store.Store }

func (w wrapper) Unwrap() store.Store { return w.Store }

type strong struct{ store.Store }

func (strong) Strength() int { return 3 }

func TestAsFindsThroughWrappers(t *testing.T) {
	s, ok := store.As[interface{ Strength() int }](wrapper{wrapper{strong{}}})
	require.True(t, ok)
	assert.Equal(t, 3, s.Strength())
	_, ok = store.As[interface{ Weakness() int }](wrapper{strong{}})
	assert.False(t, ok)
}

func TestClone(t *testing.T) {
	r := store.Row{Key: key("1"), Body: []byte("x"), Place: &store.Place{Shelf: "a"}, Facts: []store.Fact{{"a", "b", 1}}, Words: []string{"w"}}
	c := r.Clone()
	c.Body[0], c.Place.Shelf, c.Facts[0].Value, c.Words[0] = 'y', "z", "z", "z"
	assert.Equal(t, "x", string(r.Body))
	assert.Equal(t, "a", r.Place.Shelf)
	assert.Equal(t, "b", r.Facts[0].Value)
	assert.Equal(t, "w", r.Words[0])
}
