package sqlstore

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/store"
)

func TestFactsComeBack(t *testing.T) {
	for name, facts := range map[string][]store.Fact{
		"none":        nil,
		"one":         {{Name: "tag", Value: "vip", Order: 3}},
		"empty value": {{Name: "tag"}, {Name: "x", Value: "", Order: math.MinInt64}},
		"any text":    {{Name: "näme\n", Value: "a,b|c\"\\\t\u2028", Order: math.MaxInt64}, {Name: "tag", Value: "1", Order: -1}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := unpackFacts(packFacts(facts))
			require.NoError(t, err)
			assert.Equal(t, facts, got)
		})
	}
}

func FuzzUnpackFacts(f *testing.F) {
	f.Add([]byte(nil))
	f.Add([]byte("tag\x00vip\x003"))
	f.Add([]byte("tag\x00vip"))
	f.Add([]byte("tag\x00vip\x00three"))
	f.Add(packFacts([]store.Fact{{Name: "a"}, {Name: "b", Value: "c", Order: -5}}))
	f.Fuzz(func(t *testing.T, packed []byte) {
		facts, err := unpackFacts(packed)
		if err != nil {
			require.ErrorIs(t, err, errFacts)
			require.Nil(t, facts)
			return
		}
		again, err := unpackFacts(packFacts(facts))
		require.NoError(t, err)
		require.Equal(t, facts, again)
	})
}

func TestIndexedFacts(t *testing.T) {
	tag, contact, reader := store.Fact{Name: "tag", Value: "a"}, store.Fact{Name: "contact", Value: "b"}, store.Fact{Name: "reader", Value: "c"}
	of, other, failed := store.Fact{Name: "conversation", Value: "1"}, store.Fact{Name: "conversation", Value: "2"}, store.Fact{Name: "undelivered"}
	for name, c := range map[string]struct {
		kind  store.Kind
		facts []store.Fact
		first *store.Fact
		rest  []store.Fact
	}{
		"none":            {store.Message, nil, nil, nil},
		"not listed":      {store.Message, []store.Fact{reader}, nil, nil},
		"in columns":      {store.Message, []store.Fact{reader, of}, &of, nil},
		"and another":     {store.Message, []store.Fact{failed, of}, &of, []store.Fact{failed}},
		"two of it":       {store.Message, []store.Fact{of, other}, &of, []store.Fact{other}},
		"without columns": {store.Conversation, []store.Fact{tag, contact}, nil, []store.Fact{tag, contact}},
	} {
		t.Run(name, func(t *testing.T) {
			first, rest := indexed(c.kind, c.facts)
			assert.Equal(t, c.first, first)
			assert.Equal(t, c.rest, rest)
		})
	}
}

func TestWrittenFitsColumns(t *testing.T) {
	full := &store.Row{Key: store.Key{Kind: store.Name, ID: "a"}, Target: store.Key{Kind: store.Contact, ID: "c"}, Place: &store.Place{Shelf: "s"}}
	for _, row := range []*store.Row{{}, full} {
		values := written("acme", row)
		assert.Len(t, values, 17)
		assert.Equal(t, []byte{}, values[4], "a body is never NULL")
	}
	assert.Equal(t, []any{"s", nil, nil, nil, int64(0)}, written("acme", full)[7:12], "empty parts of a place stay out of the indexes")
}

func TestDueTimes(t *testing.T) {
	for _, due := range []time.Time{{}, time.Unix(0, 0).UTC(), time.UnixMicro(-5).UTC(), time.UnixMicro(1_800_000_000_000_001).UTC()} {
		assert.Equal(t, due, given(kept(due)))
	}
	assert.Equal(t, int64(math.MinInt64), kept(time.Time{}), "no due time is before every clock")
}
