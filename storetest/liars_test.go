package storetest

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/store"
	"github.com/frontdesk-go/frontdesk/store/memstore"
)

// A suite that nobody saw fail proves nothing. Here are stores that each break one promise, and for each the rule it breaks and the
// case that has to say so.

// liar is a store that answers some calls itself and passes on the others.
type liar struct {
	store.Store
	load   func(ctx context.Context, tenant string, keys []store.Key, counters []string) (*store.Rows, error)
	list   func(ctx context.Context, q store.Query) (*store.Page, error)
	jobs   func(ctx context.Context, q store.JobQuery) ([]store.Lease, error)
	commit func(ctx context.Context, b *store.Batch) error
}

func (l *liar) Load(ctx context.Context, tenant string, keys []store.Key, counters []string) (*store.Rows, error) {
	if l.load != nil {
		return l.load(ctx, tenant, keys, counters)
	}
	return l.Store.Load(ctx, tenant, keys, counters)
}

func (l *liar) List(ctx context.Context, q store.Query) (*store.Page, error) {
	if l.list != nil {
		return l.list(ctx, q)
	}
	return l.Store.List(ctx, q)
}

func (l *liar) Jobs(ctx context.Context, q store.JobQuery) ([]store.Lease, error) {
	if l.jobs != nil {
		return l.jobs(ctx, q)
	}
	return l.Store.Jobs(ctx, q)
}

func (l *liar) Commit(ctx context.Context, b *store.Batch) error {
	if l.commit != nil {
		return l.commit(ctx, b)
	}
	return l.Store.Commit(ctx, b)
}

// Unwrap joins the chain of wrappers.
func (l *liar) Unwrap() store.Store { return l.Store }

// lie says which rule a store breaks, which case finds it out, and how to make one: spoil changes a liar around a good store.
type lie struct {
	name  string
	rule  int
	found string
	spoil func(l *liar, good store.Store)
	// For lies about a host's transaction or a second handle; otherwise those of journal.
	tx     func(store.Store) (store.Store, func() error, func() error)
	reopen func(store.Store) store.Store
}

func lies() []lie {
	return slices.Concat(rowLies, loadLies, commitLies, listLies, pageLies, jobLies, leaseLies, faultLies, durabilityLies, hostLies, nameLies, batchLies, filterLies, workLies, holdLies)
}

func (x *lie) factory() factory {
	f := honest()
	if x.spoil != nil {
		f.New = func() store.Store {
			l := &liar{Store: newJournal()}
			x.spoil(l, l.Store)
			return l
		}
	}
	if x.tx != nil {
		f.Tx = x.tx
	}
	if x.reopen != nil {
		f.Reopen = x.reopen
	}
	return f
}

// honest is a store that keeps every rule, host's transactions too.
func honest() factory {
	return factory{
		New:    func() store.Store { return newJournal() },
		Tx:     beginTx,
		Reopen: func(s store.Store) store.Store { return s },
	}
}

// crossing is where a liar lingers between looking and writing until another caller is there too, so that what it does wrong at the
// same time goes wrong in each run, on a busy machine as well. It gives up when nobody comes, and hurries once two have met.
type crossing struct {
	n   atomic.Int32
	met atomic.Bool
}

func (c *crossing) linger() {
	if c.n.Add(1) > 1 {
		c.met.Store(true)
	}
	defer c.n.Add(-1)
	began := time.Now()
	for !c.met.Load() && time.Since(began) < 50*time.Millisecond {
		runtime.Gosched()
	}
	for i := 0; i < 500 && c.n.Load() < 2; i++ {
		runtime.Gosched()
	}
}

// recorder is a reporter that remembers what a case says.
type recorder struct {
	mu       sync.Mutex
	failures []string
}

func (r *recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

func (r *recorder) FailNow() { runtime.Goexit() }

// record runs a case and returns its failures.
func record(tc testcase, f factory) []string {
	r, done := &recorder{}, make(chan struct{})
	go func() {
		defer close(done)
		runCase(r, tc, f)
	}()
	<-done
	return r.failures
}

func caseNamed(t *testing.T, name string) testcase {
	t.Helper()
	all := cases()
	i := slices.IndexFunc(all, func(tc testcase) bool { return tc.name == name })
	require.GreaterOrEqual(t, i, 0, "no case is named %s", name)
	return all[i]
}

func TestEachLiarIsFoundOut(t *testing.T) {
	for _, x := range lies() {
		t.Run(strings.ReplaceAll(x.name, " ", "_"), func(t *testing.T) {
			tc := caseNamed(t, x.found)
			failures := record(tc, x.factory())
			require.NotEmpty(t, failures, "%s passes on a store that %s", x.found, x.name)
			cited := slices.ContainsFunc(failures, func(f string) bool { return strings.Contains(f, cite(x.rule)) })
			assert.True(t, cited, "no failure of %s cites rule %d:\n%s", x.found, x.rule, strings.Join(failures, "\n"))
			for _, f := range failures {
				assert.Contains(t, f, "got", "a failure says what it got")
				assert.Contains(t, f, "want", "a failure says what it wanted")
			}
		})
	}
}

func TestHonestStoresPass(t *testing.T) {
	for name, f := range map[string]factory{
		"memstore":         {New: func() store.Store { return memstore.New() }, Reopen: honest().Reopen},
		"with host's tx":   honest(),
		"behind a wrapper": {New: func() store.Store { return &liar{Store: memstore.New()} }, Reopen: honest().Reopen},
		"wrapping errors":  {New: wrapping, Reopen: honest().Reopen},
	} {
		t.Run(name, func(t *testing.T) {
			for _, tc := range cases() {
				if tc.needs != needsTx || f.Tx != nil {
					assert.Empty(t, record(tc, f), tc.name)
				}
			}
		})
	}
}

// wrapping returns a store whose errors say more than the sentinels, which errors.Is finds.
func wrapping() store.Store {
	l := &liar{Store: memstore.New()}
	l.commit = func(ctx context.Context, b *store.Batch) error {
		if err := l.Store.Commit(ctx, b); err != nil {
			return fmt.Errorf("driver: %w", err)
		}
		return nil
	}
	l.list = func(ctx context.Context, q store.Query) (*store.Page, error) {
		page, err := l.Store.List(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("driver: %w", err)
		}
		return page, nil
	}
	return l
}

// Every rule is broken by a liar, and there is no case that no liar fails.
func TestNoCaseIsIdle(t *testing.T) {
	named, broken := map[string]bool{}, map[int]bool{}
	for _, x := range lies() {
		named[x.found], broken[x.rule] = true, true
	}
	for rule := range rules {
		assert.True(t, broken[rule], "no liar breaks rule %d", rule)
	}
	for _, tc := range cases() {
		if !named[tc.name] {
			assert.True(t, someLiarFails(tc), "no liar fails %s", tc.name)
		}
	}
}

func someLiarFails(tc testcase) bool {
	return slices.ContainsFunc(lies(), func(x lie) bool { return len(record(tc, x.factory())) > 0 })
}
