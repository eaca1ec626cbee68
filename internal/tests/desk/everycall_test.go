package desk_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
	"github.com/frontdesk-go/frontdesk/store"
	"github.com/frontdesk-go/frontdesk/storetest"
)

// failing is a store that goes wrong as a fault says, or only counts its calls.
func failing(s store.Store, f storetest.Fault) *storetest.Faulty {
	out := &storetest.Faulty{Store: s}
	out.Inject(f)
	return out
}

// ends is what there is when everything has been done, what was put off for later too: rows, counters, and what the provider was given.
func (w *world) ends(d *frontdesk.Desk) []string {
	w.t.Helper()
	for _, later := range []time.Duration{afterLease, afterLease, 48 * time.Hour} { // a group rests after an error, a lease that was lost ends
		w.clock.Advance(later)
		require.NoError(w.t, d.RunDue(ctx))
	}
	lines := w.snapshot("numbers/")
	for _, call := range w.provider.Sent("shop") {
		if call.Taken {
			lines = append(lines, fmt.Sprintf("sent to %s: %s", call.Part.Thread, call.Part.Text))
		}
	}
	return lines
}

// without leaves out what there may be more of.
func (sc *scenario) without(lines []string) []string {
	if sc.more == nil {
		return lines
	}
	return slices.DeleteFunc(slices.Clone(lines), sc.more.MatchString)
}

// victim is a Desk whose store is about to fail.
type victim struct {
	*world
	desk  *frontdesk.Desk
	store *storetest.Faulty
	act   func(*frontdesk.Desk) error
	log   *bytes.Buffer
}

// victim makes what a scenario needs, and another Desk, as a process that has just started, that it is done through.
func (sc *scenario) victim(w *world) *victim {
	v := &victim{world: w, act: sc.prepare(w), store: failing(w.store, storetest.Fault{}), log: &bytes.Buffer{}}
	v.desk = w.open(func(c *frontdesk.Config) { c.Store, c.Log = v.store, slog.New(slog.NewTextHandler(v.log, nil)) })
	return v
}

// everyCall runs a scenario once untouched, and then with an error of the store at the first call, the second, and so on, before the call's
// effect and after it, until a run is untouched. It returns how many errors there were.
func (sc *scenario) everyCall(t *testing.T, open func(t *testing.T) *world) (errs int) {
	v := sc.victim(open(t))
	before := v.snapshot("numbers/")
	require.NoError(t, v.act(v.desk))
	after := v.snapshot("numbers/")
	want := sc.without(v.ends(v.desk))
	v.sound("untouched")
	step := 1
	if testing.Short() {
		step = 12
	}
	for _, effect := range []bool{false, true} {
		for at := 1; ; at += step {
			v := sc.victim(open(t))
			what := fmt.Sprintf("%s, error at call %d, after its effect: %t", sc.name, at, effect)
			v.store.Inject(storetest.Fault{At: at, After: effect})
			err := v.act(v.desk)
			if v.store.Struck() == 0 {
				require.NoError(t, err, what)
				require.Greater(t, at, 1)
				break
			}
			errs++
			if got := v.snapshot("numbers/"); !sc.work && unlike(before, got) != "" {
				require.Empty(t, unlike(after, got), "%s: neither as before nor as after", what)
			}
			v.sound(what)
			require.Eventually(t, func() bool { return v.act(v.desk) == nil }, time.Minute, time.Millisecond, "%s: again", what)
			require.Empty(t, unlike(want, sc.without(v.ends(v.desk))), what)
			v.sound(what)
			require.NotContains(t, v.log.String(), "panic", what)
		}
	}
	return errs
}

// TestX10_ErrorAtEveryCall lets the store fail at every call in turn. Whatever is done through the Desk is then done or not done, and doing
// it again ends where an untouched run does. It runs in memory, and with FRONTDESK_X10=all on every store. With -short every twelfth call fails.
func TestX10_ErrorAtEveryCall(t *testing.T) {
	began := runtime.NumGoroutine()
	errs := 0
	for _, sc := range scenarios {
		t.Run(strings.ReplaceAll(sc.name, " ", "_"), func(t *testing.T) {
			errs += sc.everyCall(t, func(t *testing.T) *world { return newWorld(t, stores.Memory(t)) })
			if os.Getenv("FRONTDESK_X10") == "all" {
				errs += sc.everyCall(t, func(t *testing.T) *world { return newWorld(t, stores.SQLite(t)) })
				errs += sc.everyCall(t, func(t *testing.T) *world { return newWorld(t, stores.PostgreSQL(t)) })
			}
		})
	}
	t.Logf("%d scenarios, %d errors", len(scenarios), errs)
	assert.Eventually(t, func() bool { return runtime.NumGoroutine() <= began+1 }, time.Minute, 10*time.Millisecond, "goroutines are left")
}
