package memstore_test

import (
	"testing"

	"github.com/frontdesk-go/frontdesk/store"
	"github.com/frontdesk-go/frontdesk/store/memstore"
	"github.com/frontdesk-go/frontdesk/storetest"
)

func TestSuite(t *testing.T) {
	storetest.Run(t, storetest.Config{
		New: func(*testing.T) store.Store { return memstore.New() },
		// Every handle on a memory store is the store itself.
		Reopen: func(_ *testing.T, s store.Store) store.Store { return s },
	})
}

func BenchmarkStore(b *testing.B) {
	storetest.Bench(b, func(*testing.B) store.Store { return memstore.New() })
}
