// Package channeltest is the suite that every channel driver passes against a stand-in of its provider.
//
//	func TestDriver(t *testing.T) {
//		channeltest.Run(t, channeltest.Config{New: func(t testing.TB) channeltest.Provider { … }})
//	}
//
// New makes a fresh [Provider] for each case: the driver, settings that open an account of the stand-in, and functions that make the
// stand-in deliver, fail and show what it was given. A function that is nil, and an optional interface that the driver lacks, skip the
// cases that need them; what was skipped is counted and printed. A driver that reaches its provider by HTTP uses [Network] as the
// transport of Settings.Client: it serves the stand-in under the provider's real host names, and fails as networks do.
//
// Each failure begins with the rule that was broken; [Rules] lists them by the name of the case.
package channeltest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// Config says what Run tests.
type Config struct {
	// New makes the driver and a fresh stand-in. It is called once a case, with the case's own t.
	New func(t testing.TB) Provider

	// Skip names cases that do not apply, with the reason. An unknown name fails the test.
	Skip map[string]string

	_ struct{}
}

// kase is one case: its rule is what a failure says first.
type kase struct {
	name string
	rule string
	run  func(*probe)
}

func cases() []kase {
	return slices.Concat(openCases, webhookCases, verifyCases, receiptCases, sendCases, errorCases, planCases, addressCases, fetchCases, pollCases, togetherCases)
}

// Rules returns the rule that each case checks, by the case's name.
func Rules() map[string]string {
	rules := map[string]string{}
	for _, k := range cases() {
		rules[k.name] = k.rule
	}
	return rules
}

// Run runs every case as a subtest, and logs which were skipped and why.
func Run(t *testing.T, cfg Config) {
	t.Helper()
	for name := range cfg.Skip {
		if _, ok := Rules()[name]; !ok {
			t.Errorf("channeltest: Skip names %q, which is no case", name)
		}
	}
	skipped := map[string]string{}
	for _, k := range cases() {
		t.Run(k.name, func(t *testing.T) {
			p := &probe{TB: t, rule: k.rule, skipped: func(reason string) { skipped[k.name] = reason }}
			if reason, ok := cfg.Skip[k.name]; ok {
				p.skip("%s", reason)
			}
			p.Provider = cfg.New(t)
			k.run(p)
		})
	}
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(skipped)) {
		fmt.Fprintf(&b, "\n  %s: %s", name, skipped[name])
	}
	t.Logf("channeltest: %d of %d cases ran, %d skipped%s", len(cases())-len(skipped), len(cases()), len(skipped), b.String())
}
