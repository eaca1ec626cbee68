// Package storetest checks a store against the rules of package store.
//
// An author of a store calls [Run] in a test. Each case checks one or a few of the numbered rules of package store, and says in a failure
// what it got, what it wanted, and the rule in words. Beside the tenant that a case works with there is always a second one with the same
// keys, counters and jobs, which must be unchanged afterwards. Cases are grouped by topic: Rows, Load, Commit, Contention, Lists, Pages, Moving, Jobs,
// Leases, Faults, Durability, Tx, Model and Recount. Those of Durability need a second handle, those of Tx a host's transaction.
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, storetest.Config{
//			New: func(t *testing.T) store.Store { return open(t) },
//		})
//	}
//
// The environment variable FRONTDESK_STORETEST_SEED repeats a run of the model case, FRONTDESK_STORETEST_STEPS sets the length of its
// histories, FRONTDESK_STORETEST_RUNS how many of them and how many rounds of the recount, and FRONTDESK_BENCH_ROWS the size of [Bench].
//
// [Faulty] is no part of the suite: it is a store that goes wrong on purpose, for tests of what is built on one.
package storetest

import (
	"slices"
	"strings"
	"testing"

	"github.com/frontdesk-go/frontdesk/store"
)

// Config says how to come by the store that is checked.
type Config struct {
	// New returns a fresh, empty store. It gets the t of the subtest that uses the store, for its cleanup.
	New func(t *testing.T) store.Store

	// Tx begins a transaction of a host and returns a store bound to it. While it is open the suite reads the unbound store, so the
	// transaction must not take its only connection. Defaults to nil: the cases named Tx/… are skipped.
	Tx func(t *testing.T, s store.Store) (bound store.Store, commit func() error, rollback func() error)

	// Reopen returns a second store on the database of s, as another process would have it. Defaults to nil: the cases that need it
	// are skipped.
	Reopen func(t *testing.T, s store.Store) store.Store

	// Skip names cases that this store does not pass, such as "Contention/WriteSkewOnAbsence", each with the reason. They are printed
	// and counted. A name that is no case fails the test.
	Skip map[string]string

	_ struct{}
}

// testcase checks some rules.
type testcase struct {
	name  string // topic/name
	rules []int
	run   func(*env)
	needs need
}

// need is what a case needs of the config besides New.
type need int

const (
	needsTx need = iota + 1
	needsReopen
)

// cases returns all cases, by topic.
func cases() []testcase {
	return slices.Concat(rowCases, loadCases, commitCases, contentionCases, listCases, pageCases, movingCases, jobCases, leaseCases, faultCases, durabilityCases,
		txCases, modelCases, recountCases)
}

// Run checks a store against every rule, each case in a subtest with a fresh store.
func Run(t *testing.T, c Config) {
	t.Helper()
	if c.New == nil {
		t.Fatal("storetest: Config.New is nil; give a function that returns a fresh store")
	}
	all, skipped := cases(), 0
	for _, name := range unknown(all, c.Skip) {
		t.Errorf("storetest: Config.Skip names %q, which is no case", name)
	}
	for len(all) > 0 {
		topic, _, _ := strings.Cut(all[0].name, "/")
		n := slices.IndexFunc(all, func(tc testcase) bool { return !strings.HasPrefix(tc.name, topic+"/") })
		if n < 0 {
			n = len(all)
		}
		t.Run(topic, func(t *testing.T) {
			for _, tc := range all[:n] {
				if reason := c.skip(tc); reason != "" {
					skipped++
				}
				t.Run(strings.TrimPrefix(tc.name, topic+"/"), func(t *testing.T) { c.runCase(t, tc) })
			}
		})
		all = all[n:]
	}
	t.Logf("storetest: %d cases, %d skipped", len(cases()), skipped)
}

func (c *Config) runCase(t *testing.T, tc testcase) {
	if reason := c.skip(tc); reason != "" {
		t.Skipf("storetest: %s: %s", tc.name, reason)
	}
	f := factory{New: func() store.Store { return c.New(t) }}
	if c.Tx != nil {
		f.Tx = func(s store.Store) (store.Store, func() error, func() error) { return c.Tx(t, s) }
	}
	if c.Reopen != nil {
		f.Reopen = func(s store.Store) store.Store { return c.Reopen(t, s) }
	}
	runCase(t, tc, f)
}

// skip returns why a case is not run, or "".
func (c *Config) skip(tc testcase) string {
	switch {
	case c.Skip[tc.name] != "":
		return c.Skip[tc.name]
	case tc.needs == needsTx && c.Tx == nil:
		return "Config.Tx is nil"
	case tc.needs == needsReopen && c.Reopen == nil:
		return "Config.Reopen is nil"
	}
	return ""
}

// unknown returns the names to skip that are no case or give no reason, sorted.
func unknown(all []testcase, skip map[string]string) []string {
	var names []string
	for name, reason := range skip {
		if reason == "" || !slices.ContainsFunc(all, func(tc testcase) bool { return tc.name == name }) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
