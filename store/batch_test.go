package store_test

import (
	"fmt"
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

// A batch finds its rows again however many they are, and drops what the decision does not rest on wherever it stands.
func TestBatchOfMany(t *testing.T) {
	for _, n := range []int{1, 2, 23, 24, 25, 26, 200} {
		b := store.NewBatch("a", now)
		for i := range n {
			b.ReadRow(row(fmt.Sprintf("%03d", i), int64(i+1)))
		}
		for i := range n { // the same reading again
			b.ReadRow(row(fmt.Sprintf("%03d", i), int64(i+1)))
			if i%3 == 0 {
				b.Ignore(key(fmt.Sprintf("%03d", i)))
			}
			if i%5 == 0 {
				b.Put(row(fmt.Sprintf("%03d", i), 0))
			}
			if i%7 == 1 {
				b.Delete(key(fmt.Sprintf("%03d", i)))
			}
		}
		var want []store.Write
		for i := range n {
			w := store.Write{Action: store.Check, If: int64(i + 1), Row: row(fmt.Sprintf("%03d", i), 0)}
			put, ok := b.Written(w.Row.Key)
			assert.Equal(t, i%5 == 0 && i%7 != 1, ok, "%d of %d", i, n)
			switch {
			case i%7 == 1:
				w.Action = store.Delete
			case i%5 == 0:
				w.Action, w.Row.Version = store.Put, int64(i+2)
				assert.Equal(t, w.Row, put)
			case i%3 == 0:
				continue
			}
			want = append(want, w)
		}
		require.NoError(t, b.Seal())
		assert.Equal(t, want, b.Writes, "%d rows", n)
	}
}

// Checks alone are sealed: whether they hold is what is asked. So is nothing at all.
func TestBatchOfChecksIsSealed(t *testing.T) {
	b := store.NewBatch("a", now)
	require.NoError(t, b.Seal())
	b = store.NewBatch("a", now)
	b.ReadRow(row("1", 1))
	b.Add("sum", 1)
	b.Add("sum", -1)
	require.NoError(t, b.Seal())
	assert.Len(t, b.Writes, 1)
	assert.Empty(t, b.Adds)
}

func TestBatchTimes(t *testing.T) {
	due := time.Date(2026, 3, 2, 10, 0, 0, 1999, time.FixedZone("", 3600))
	b := store.NewBatch("a", now)
	b.ReadRow(row("1", 1))
	b.Put(row("1", 0))
	b.Enqueue(store.Job{ID: "1", Group: "g", Due: due}, store.Job{ID: "2", Group: "g"})
	b.Done(store.Finish{Group: "h", Hold: due})
	b.Done(store.Finish{Group: "g"})
	require.NoError(t, b.Seal())
	want := time.Date(2026, 3, 2, 9, 0, 0, 1000, time.UTC)
	assert.Equal(t, []time.Time{want, {}}, []time.Time{b.Queue[0].Due, b.Queue[1].Due})
	assert.Equal(t, []store.Finish{{Group: "g"}, {Group: "h", Hold: want}}, b.Finish)
}

func TestBatchTakesWhatIsAllowed(t *testing.T) {
	long := strings.Repeat("x", store.MaxID)
	facts, words := make([]store.Fact, store.MaxFacts), make([]string, store.MaxWords)
	for i := range facts {
		facts[i] = store.Fact{Name: "tag", Value: fmt.Sprint(i)}
	}
	for i := range words {
		words[i] = "w"
	}
	facts[0], facts[1], words[0] = store.Fact{Name: long, Value: long}, store.Fact{Name: "a", Value: long}, long
	facts[2], facts[3] = store.Fact{Name: "tag"}, store.Fact{Name: "other", Value: "9"} // no value, and a value that another fact has, too
	b := store.NewBatch(long, now)
	b.ReadRow(store.Row{Key: key(long)}, store.Row{Key: key("é")})
	b.Put(store.Row{Key: key(long), Target: key(long), Body: make([]byte, store.MaxBody), Facts: facts, Words: words, Place: &store.Place{Shelf: long, Mailbox: long, Team: long, Agent: long}})
	b.Put(store.Row{Key: key("é"), Place: &store.Place{}})
	b.Add(long, 1)
	b.Enqueue(store.Job{ID: long, Group: long, Body: make([]byte, store.MaxBody)})
	b.Done(store.Finish{Group: long})
	require.NoError(t, b.Seal())
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
		"job without group":  func(b *store.Batch) { put(row("1", 0))(b); b.Enqueue(store.Job{ID: "j"}) },
		"large job": func(b *store.Batch) {
			put(row("1", 0))(b)
			b.Enqueue(store.Job{ID: "j", Group: "g", Body: make([]byte, store.MaxBody+1)})
		},
		"one reading at last": func(b *store.Batch) {
			b.ReadRow(row("1", 0))
			b.Read(&store.Rows{Found: map[store.Key]store.Row{key("1"): row("1", 1)}})
		},
		"finished twice": func(b *store.Batch) {
			b.Done(store.Finish{Group: "g"})
			b.Done(store.Finish{Group: "f"})
			b.Done(store.Finish{Group: "g", Token: "t"})
		},
		"finish of none":     func(b *store.Batch) { b.Done(store.Finish{}) },
		"add without a name": func(b *store.Batch) { put(row("1", 0))(b); b.Add("", 1) },
		"no kind":            put(store.Row{Key: store.Key{ID: "1"}}),
		"target of no kind":  put(store.Row{Key: key("1"), Target: store.Key{ID: "1"}}),
		"target without ID":  put(store.Row{Key: key("1"), Target: store.Key{Kind: store.Contact}}),
		"long target":        put(store.Row{Key: key("1"), Target: key(long)}),
		"fact without name":  put(store.Row{Key: key("1"), Facts: []store.Fact{{"", "b", 1}}}),
		"NUL in a fact":      put(store.Row{Key: key("1"), Facts: []store.Fact{{"a", "é\x00", 1}}}),
		"NUL first":          put(row("\x00", 0)),
		"too many words":     put(store.Row{Key: key("1"), Words: make([]string, store.MaxWords+1)}),
		"long agent":         put(store.Row{Key: key("1"), Place: &store.Place{Agent: long}}),
		"version as it was":  func(b *store.Batch) { b.ReadRow(row("1", 4)); b.Put(row("1", 0)); b.Writes[0].Row.Version = 4 },
	} {
		b := store.NewBatch("a", now)
		build(b)
		assert.ErrorIs(t, b.Seal(), store.ErrInvalid, name)
	}
	b := store.NewBatch("", now)
	put(row("1", 0))(b)
	assert.ErrorIs(t, b.Seal(), store.ErrInvalid, "no tenant")
	b = store.NewBatch("a", time.UnixMicro(0))
	put(row("1", 0))(b)
	assert.ErrorIs(t, b.Seal(), store.ErrInvalid, "a new row has a version")

	// The first thing that is wrong is told.
	b = store.NewBatch("a", now)
	b.Put(row("1", 0))
	b.Add("", 1)
	assert.EqualError(t, b.Seal(), "store: message/1: written without having been read; Read or ReadRow it first")
	assert.Equal(t, "is 256 bytes, at most 255", store.CheckText(long, true))
	assert.Equal(t, []string{"", "is empty; give a value"}, []string{store.CheckText("", true), store.CheckText("", false)})
	assert.Equal(t, []string{"", "", "holds a NUL byte", "holds a NUL byte", "holds a NUL byte", "is not valid UTF-8", "is not valid UTF-8"},
		[]string{store.CheckText("a\x7f", false), store.CheckText("aé", false), store.CheckText("\x00", false), store.CheckText("aé\x00", false), store.CheckText("a\x00\xff", false),
			store.CheckText("\x80", false), store.CheckText("é\x00\xff", false)})
}

func TestBatchEmpty(t *testing.T) {
	b := store.NewBatch("a", now)
	b.ReadRow(row("1", 1))
	assert.True(t, b.Empty(), "checks alone change nothing")
	b.Done(store.Finish{Group: "g"})
	assert.False(t, b.Empty())
	for name, change := range map[string]func(*store.Batch){
		"put": func(b *store.Batch) { b.Put(row("1", 0)) }, "delete": func(b *store.Batch) { b.Delete(key("1")) },
		"add": func(b *store.Batch) { b.Add("c", 1) }, "enqueue": func(b *store.Batch) { b.Enqueue(store.Job{}) },
	} {
		b := store.NewBatch("a", now)
		b.ReadRow(row("0", 1), row("1", 1), row("2", 1))
		change(b)
		assert.False(t, b.Empty(), name)
	}
}

func TestConflictNamesItsRows(t *testing.T) {
	err := error(&store.ConflictError{Keys: []store.Key{key("1"), {Kind: store.Contact, ID: "2"}}})
	assert.EqualError(t, err, "store: conflict on message/1, contact/2")
	assert.ErrorIs(t, err, store.ErrConflict)
	assert.NotErrorIs(t, err, store.ErrInvalid)
	assert.NotErrorIs(t, &store.InvalidError{}, store.ErrConflict)
}

func TestRowsLead(t *testing.T) {
	name := store.Key{Kind: store.Name, ID: "n"}
	rows := &store.Rows{Found: map[store.Key]store.Row{name: {Key: name, Version: 1, Target: key("1")}, key("1"): row("1", 2)}}
	led, ok := rows.Led(name)
	assert.True(t, ok)
	assert.Equal(t, row("1", 2), led)
	for _, k := range []store.Key{key("1"), key("2")} { // one that leads nowhere, and none
		led, ok = rows.Led(k)
		assert.False(t, ok)
		assert.Zero(t, led)
	}
	delete(rows.Found, key("1"))
	led, ok = rows.Led(name)
	assert.False(t, ok)
	assert.Equal(t, store.Row{Key: key("1")}, led, "it is not there")
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
	_, ok = store.As[interface{ Strength() int }](wrapper{})
	assert.False(t, ok, "a wrapper of nothing")
}

func TestClone(t *testing.T) {
	r := store.Row{Key: key("1"), Body: []byte("x"), Place: &store.Place{Shelf: "a"}, Facts: []store.Fact{{"a", "b", 1}}, Words: []string{"w"}}
	c := r.Clone()
	c.Body[0], c.Place.Shelf, c.Facts[0].Value, c.Words[0] = 'y', "z", "z", "z"
	assert.Equal(t, "x", string(r.Body))
	assert.Equal(t, "a", r.Place.Shelf)
	assert.Equal(t, "b", r.Facts[0].Value)
	assert.Equal(t, "w", r.Words[0])
	assert.Nil(t, store.Row{}.Clone().Place)
}
