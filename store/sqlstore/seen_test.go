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
	}
	assert.Equal(t, manySeen, len(s.shapes))
	assert.False(t, knows(key(2*manySeen-1)))
	assert.True(t, knows(key(2*manySeen)))
	assert.True(t, knows(key(3*manySeen-1)))
	assert.False(t, knows(store.Key{Kind: store.Event, ID: "1"}))

	for range 10 { // a row that comes and goes takes a place each time, one that changes none
		commit(func(b *store.Batch) { b.Delete(key(3*manySeen - 1)) })
		assert.False(t, knows(key(3*manySeen-1)))
		put(key(3*manySeen - 1))
		put(key(3*manySeen - 1))
		put(key(2*manySeen + 10))
	}
	assert.Equal(t, manySeen-10, len(s.shapes))
	for n := range manySeen {
		put(key(-n - 1))
		assert.LessOrEqual(t, len(s.shapes), manySeen)
	}
	assert.True(t, knows(key(-1)))
	assert.False(t, knows(key(3*manySeen-1)))
	assert.Equal(t, manySeen, len(s.shapes))
}
