package sqlstore

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/frontdesk-go/frontdesk/store"
)

// What is remembered stops growing, and is of the rows that came last.
func TestSeenIsBounded(t *testing.T) {
	s := &seen{}
	key := func(n int) store.Key { return store.Key{Kind: store.Message, ID: fmt.Sprint(n)} }
	commit := func(action func(*store.Batch)) {
		b := &store.Batch{Tenant: "a"}
		action(b)
		s.wrote(b)
	}
	put := func(k store.Key) {
		commit(func(b *store.Batch) {
			b.Put(store.Row{Key: k})
			b.Writes[0].Row.Version = 1
		})
	}
	knows := func(k store.Key) bool {
		b := &store.Batch{Tenant: "a"}
		b.Put(store.Row{Key: k})
		b.Writes[0].If = 1
		return s.before(b) != nil
	}
	for n := range 3 * manySeen {
		put(key(n))
		put(store.Key{Kind: store.Event, ID: fmt.Sprint(n)})
		assert.LessOrEqual(t, len(s.newer)+len(s.older), manySeen)
	}
	assert.True(t, knows(key(3*manySeen-1)))
	assert.True(t, knows(key(3*manySeen-manySeen/2)))
	assert.False(t, knows(key(2*manySeen-1)))
	assert.False(t, knows(store.Key{Kind: store.Event, ID: "1"}))

	last := key(3*manySeen - 1)
	for n := range manySeen / 2 { // the last one is in the older half now
		put(key(-n))
	}
	assert.True(t, knows(last))
	commit(func(b *store.Batch) { b.Delete(last) })
	assert.False(t, knows(last))
	put(last)
	assert.True(t, knows(last))

	old := key(0) // in the older half at another version
	commit(func(b *store.Batch) {
		b.Put(store.Row{Key: old})
		b.Writes[0].Row.Version = 2
	})
	assert.False(t, knows(old), "a row is known as it was last")
	commit(func(b *store.Batch) {
		b.Put(store.Row{Key: key(-1), Words: make([]string, manyParts+1)})
	})
	assert.False(t, knows(key(-1)), "one with many parts is not kept")
}
