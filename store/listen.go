package store

import "context"

// Listener is an optional interface of a store, found through [As]: with it a program hears of work that another program has committed
// at once. Nothing depends on it. Where a store has none, where it fails and where a call is missed, the poll each second finds the work.
type Listener interface {
	// Listen calls heard after a batch with jobs that are due at once was committed, by this program or another, and once when it begins
	// to hear. It may call for nothing, and calls once for many batches. It returns the context's error when that has ended,
	// ErrUnsupported if this store has no way to listen, and any other error when hearing has ended: call it again after a while.
	Listen(ctx context.Context, heard func()) error
}
