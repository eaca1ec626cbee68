package storetest

import (
	"context"
	"iter"
	"sync"
	"time"
)

// ending makes a context that ends on the way of the call that is given it. release frees what belongs to it.
type ending func(parent context.Context) (ctx context.Context, release func())

// endings are contexts that end at many different moments: when they have been looked at for the first time, the second, and so on, which
// finds each step of a store that looks; and after parts of the time that a call takes, which finds what goes on in between, in a driver
// or a database.
func endings(took time.Duration) iter.Seq[ending] {
	const looks, parts = 30, 30
	return func(yield func(ending) bool) {
		for n := range looks {
			if !yield(lookedAt(n)) {
				return
			}
		}
		for n := range parts {
			after := took * time.Duration(n) / (parts * 2 / 3)
			if !yield(func(parent context.Context) (context.Context, func()) { return context.WithTimeout(parent, after) }) {
				return
			}
		}
	}
}

// timed returns how long f takes. It only places the endings of contexts; nothing is expected of it.
func (e *env) timed(f func()) time.Duration {
	began := time.Now()
	f()
	return time.Since(began)
}

// lookedAt ends a context once it has been looked at n times.
func lookedAt(n int) ending {
	return func(parent context.Context) (context.Context, func()) {
		w := &watchedContext{Context: parent, left: n, done: make(chan struct{})}
		if n == 0 {
			w.end()
		}
		stop := context.AfterFunc(parent, w.end)
		return w, func() { stop(); w.end() }
	}
}

// watchedContext ends when it has been looked at some times.
type watchedContext struct {
	context.Context
	mu   sync.Mutex
	left int
	done chan struct{}
	over bool
}

func (w *watchedContext) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.close()
}

func (w *watchedContext) close() {
	if !w.over {
		w.over = true
		close(w.done)
	}
}

// look counts a look and says whether the context has ended. The look that ends it still sees it whole.
func (w *watchedContext) look() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	over := w.over
	if w.left--; w.left == 0 {
		w.close()
	}
	return over
}

// Done is closed when the context ends.
func (w *watchedContext) Done() <-chan struct{} {
	w.look()
	return w.done
}

// Err tells whether the context has ended.
func (w *watchedContext) Err() error {
	switch {
	case !w.look():
		return nil
	case w.Context.Err() != nil:
		return w.Context.Err()
	}
	return context.Canceled
}
