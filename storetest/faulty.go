package storetest

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/frontdesk-go/frontdesk/store"
)

// ErrFault is what a call that goes wrong returns, unless Fault.Do returns something else. No sentinel of package store matches it, as
// none matches the error of a connection that broke.
var ErrFault = errors.New("storetest: injected fault")

// Method names a method of a store.
type Method string

// The methods of a store. The empty Method stands for all of them.
const (
	Load   Method = "Load"
	List   Method = "List"
	Jobs   Method = "Jobs"
	Commit Method = "Commit"
)

// Fault says which calls of a [Faulty] go wrong, and how. The zero Fault lets every call pass.
type Fault struct {
	// Method is whose calls are counted for At. Defaults to "": all calls, whatever their method.
	Method Method

	// At is the call that goes wrong, 1 being the first after the fault was injected. Defaults to 0: none.
	At int

	// Times is how many calls go wrong, beginning with At: an outage. Below 0 it has no end. Defaults to 1.
	Times int

	// When picks the calls instead of At: each for which it returns true goes wrong. The batch is nil but for Commit, and is only read.
	When func(b *store.Batch) bool

	// After has a call go wrong when it has had its effect and only its answer is lost. Defaults to false: the store is not asked.
	After bool

	// Do is what happens then, in the goroutine of the caller. An error of it is returned instead of the call's answer; with nil the call
	// goes on as if nothing had been. Fail, Block and Delay return ready ones; one that cancels the caller's context, commits something
	// else first or ends the goroutine is easily written. Defaults to Fail(ErrFault).
	Do func(ctx context.Context) error

	_ struct{}
}

// Fail has a call return err.
func Fail(err error) func(context.Context) error {
	return func(context.Context) error { return err }
}

// Block has a call wait until its context ends and return the context's error.
func Block() func(context.Context) error {
	return func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	}
}

// Delay has a call take longer by d. If its context ends meanwhile, the context's error is returned.
func Delay(d time.Duration) func(context.Context) error {
	return func(ctx context.Context) error {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Faulty is a store that passes every call on to another, counts it, and lets some go wrong on purpose, so that a host can test what
// its program does when the database fails. It may be used by any number of callers at once, but not copied.
//
//	s := &storetest.Faulty{Store: memstore.New()}
//	// … a Desk on s …
//	s.Inject(storetest.Fault{Method: storetest.Commit, At: 1, After: true})
//
// To try an error at every call of something, inject At 1, 2, 3 … until Struck is 0 afterwards.
type Faulty struct {
	Store store.Store // what is asked. Required

	mu     sync.Mutex
	fault  Fault
	calls  map[Method]int
	struck int
}

// Inject replaces the fault and begins to count anew.
func (s *Faulty) Inject(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault, s.calls, s.struck = f, nil, 0
}

// Calls returns how many calls of a method, or with "" of all, have begun since the last Inject.
func (s *Faulty) Calls(m Method) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[m]
}

// Struck returns how many calls have gone wrong since the last Inject.
func (s *Faulty) Struck() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.struck
}

// Unwrap returns the store inside, for store.As.
func (s *Faulty) Unwrap() store.Store { return s.Store }

// Load is Store.Load, unless it goes wrong.
func (s *Faulty) Load(ctx context.Context, tenant string, keys []store.Key, counters []string) (*store.Rows, error) {
	return pass(ctx, s, Load, nil, func() (*store.Rows, error) { return s.Store.Load(ctx, tenant, keys, counters) })
}

// List is Store.List, unless it goes wrong.
func (s *Faulty) List(ctx context.Context, q store.Query) (*store.Page, error) {
	return pass(ctx, s, List, nil, func() (*store.Page, error) { return s.Store.List(ctx, q) })
}

// Jobs is Store.Jobs, unless it goes wrong.
func (s *Faulty) Jobs(ctx context.Context, q store.JobQuery) ([]store.Lease, error) {
	return pass(ctx, s, Jobs, nil, func() ([]store.Lease, error) { return s.Store.Jobs(ctx, q) })
}

// Commit is Store.Commit, unless it goes wrong.
func (s *Faulty) Commit(ctx context.Context, b *store.Batch) error {
	_, err := pass(ctx, s, Commit, b, func() (struct{}, error) { return struct{}{}, s.Store.Commit(ctx, b) })
	return err
}

// pass makes a call, or lets it go wrong.
func pass[T any](ctx context.Context, s *Faulty, m Method, b *store.Batch, call func() (T, error)) (answer T, err error) {
	f, strikes := s.begin(m, b)
	if strikes && !f.After {
		if err := f.do(ctx); err != nil {
			return answer, err
		}
	}
	answer, err = call()
	if strikes && f.After {
		if failed := f.do(ctx); failed != nil {
			var none T
			return none, failed
		}
	}
	return answer, err
}

// begin counts a call and says whether it goes wrong.
func (s *Faulty) begin(m Method, b *store.Batch) (Fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.calls == nil {
		s.calls = map[Method]int{}
	}
	s.calls[m]++
	s.calls[""]++
	strikes := s.fault.strikes(m, s.calls[s.fault.Method], b)
	if strikes {
		s.struck++
	}
	return s.fault, strikes
}

// strikes reports whether the n-th call of those that the fault counts goes wrong.
func (f *Fault) strikes(m Method, n int, b *store.Batch) bool {
	switch {
	case f.Method != "" && f.Method != m:
		return false
	case f.When != nil:
		return f.When(b)
	case f.At <= 0 || n < f.At:
		return false
	}
	return f.Times < 0 || n < f.At+max(f.Times, 1)
}

func (f *Fault) do(ctx context.Context) error {
	if f.Do == nil {
		return ErrFault
	}
	return f.Do(ctx)
}
