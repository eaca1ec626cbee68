package frontdesk

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/frontdesk-go/frontdesk/store"
)

// listenAgain is the pause before listening begins anew, after the connection was lost.
const listenAgain = time.Second

// listen has a store that can do so wake the workers when another process has queued work, until stop is called. Nothing rests on it: what is
// not heard of is polled for.
func (d *Desk) listen(ctx context.Context) (stop func()) {
	s, ok := store.As[store.Listener](d.store)
	if !ok {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var listening sync.WaitGroup
	var begun atomic.Bool
	begun.Store(true)
	listening.Go(func() {
		for again := true; again; again = pause(ctx, listenAgain) == nil {
			err := s.Listen(ctx, func() {
				begun.Store(true)
				d.wake()
			})
			if ctx.Err() != nil || errors.Is(err, store.ErrUnsupported) {
				return
			}
			if begun.Swap(false) { // once, however often it fails after that
				d.log.WarnContext(ctx, "not listening for work; it is polled for meanwhile", "error", err)
			}
		}
	})
	return func() {
		cancel()
		listening.Wait()
	}
}
