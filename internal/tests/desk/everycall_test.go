package desk_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
	"github.com/frontdesk-go/frontdesk/retention"
	"github.com/frontdesk-go/frontdesk/store"
	"github.com/frontdesk-go/frontdesk/storetest"
)

// failing is a store that goes wrong as a fault says, or only counts its calls.
func failing(s store.Store, f storetest.Fault) *storetest.Faulty {
	out := &storetest.Faulty{Store: s}
	out.Inject(f)
	return out
}

// scenario is something that is done through a Desk. prepare makes what it needs and returns how to do it: through the Desk given, again
// whenever it is called, as a provider, a user or a worker would who got no answer.
type scenario struct {
	name    string
	prepare func(w *world) func(d *frontdesk.Desk) error
	work    bool // many commits, of jobs: there are states between

	// more finds the rows of which there may be more than in an untouched run, with the reason beside it.
	more *regexp.Regexp
}

// sessionOf is an agent's session on another Desk.
func sessionOf(d *frontdesk.Desk, agent string) *frontdesk.Session {
	return d.As(frontdesk.Actor{Tenant: tenant, Agent: agent})
}

// delivers is a webhook call, as the provider makes it again and again.
func delivers(w *world, item channel.Item) func(*frontdesk.Desk) error {
	req := w.provider.Request(item)
	return func(d *frontdesk.Desk) error {
		again := *req
		if code := serve(d, &again); code != http.StatusOK {
			return fmt.Errorf("status %d", code)
		}
		return nil
	}
}

// does is a command of an agent. What is refused because it is done already is done.
func does(id string, actions ...frontdesk.Action) func(*frontdesk.Desk) error {
	return func(d *frontdesk.Desk) error {
		_, err := sessionOf(d, "jd").Do(ctx, id, actions...)
		if errors.Is(err, conversation.ErrState) {
			return nil
		}
		return err
	}
}

// doesWork has the work done that is due.
func doesWork(d *frontdesk.Desk) error { return d.RunDue(ctx) }

var scenarios = []scenario{
	{name: "the first message of a contact", prepare: func(w *world) func(*frontdesk.Desk) error { return delivers(w, w.says("ann", "Hi")) }},
	{name: "a message on a conversation that is there", prepare: func(w *world) func(*frontdesk.Desk) error {
		w.hears("ann", "Hi")
		w.run()
		return delivers(w, w.says("ann", "Hello?"))
	}},
	{name: "a redelivery", prepare: func(w *world) func(*frontdesk.Desk) error {
		do := delivers(w, w.says("ann", "Hi"))
		require.NoError(w.t, do(w.desk))
		w.run()
		return do
	}},
	{name: "several messages in one delivery", prepare: func(w *world) func(*frontdesk.Desk) error {
		w.hears("ann", "Hi")
		w.run()
		req := w.provider.Request(w.says("ann", "1"), w.says("ann", "2"), w.says("ann", "3"))
		return func(d *frontdesk.Desk) error {
			again := *req
			if code := serve(d, &again); code != http.StatusOK {
				return fmt.Errorf("status %d", code)
			}
			return nil
		}
	}},
	{name: "a reply", prepare: func(w *world) func(*frontdesk.Desk) error {
		c := w.hears("ann", "Hi")
		w.run()
		return func(d *frontdesk.Desk) error {
			_, err := sessionOf(d, "jd").Reply(ctx, c.ID, frontdesk.Draft{Text: "Hello", Key: "k"})
			return err
		}
	}},
	{name: "a whisper", prepare: func(w *world) func(*frontdesk.Desk) error {
		c := w.hears("ann", "Hi")
		w.run()
		return func(d *frontdesk.Desk) error {
			_, err := sessionOf(d, "jd").Reply(ctx, c.ID, frontdesk.Draft{Text: "Who knows her, @joe?", Whisper: true, Key: "k"})
			return err
		}
	}},
	{name: "a message to somebody new, with a key", prepare: func(w *world) func(*frontdesk.Desk) error {
		return func(d *frontdesk.Desk) error {
			_, err := sessionOf(d, "jd").Compose(ctx, frontdesk.Start{Channel: w.chat.ID, Address: "bob", Draft: frontdesk.Draft{Text: "Hello", Key: "k"}})
			return err
		}
	}},
	{name: "completing", prepare: func(w *world) func(*frontdesk.Desk) error {
		c := w.hears("ann", "Hi")
		w.run()
		return does(c.ID, frontdesk.Complete{})
	}},
	{name: "snoozing", prepare: func(w *world) func(*frontdesk.Desk) error {
		c := w.hears("ann", "Hi")
		w.run()
		return does(c.ID, frontdesk.Snooze{Until: w.clock.Now().Add(24 * time.Hour)})
	}},
	{name: "assigning, with a tag", prepare: func(w *world) func(*frontdesk.Desk) error {
		c := w.hears("ann", "Hi")
		w.run()
		return does(c.ID, frontdesk.Assign{Agent: "jd"}, frontdesk.Tag{Add: []string{"vip"}})
	}},
	{name: "reading", prepare: func(w *world) func(*frontdesk.Desk) error {
		c := w.hears("ann", "Hi")
		w.run()
		return func(d *frontdesk.Desk) error {
			_, err := sessionOf(d, "jd").MarkRead(ctx, c.ID)
			return err
		}
	}},
	{name: "merging", prepare: func(w *world) func(*frontdesk.Desk) error {
		a, b := w.hears("ann", "a"), w.hears("bob", "b")
		w.run()
		return func(d *frontdesk.Desk) error {
			_, err := sessionOf(d, "jd").Merge(ctx, a.ID, b.ID)
			if errors.Is(err, conversation.ErrState) || errors.Is(err, frontdesk.ErrInvalid) && len(w.get(a.ID).Parts) > 0 {
				return nil // it is merged already
			}
			return err
		}
	}},
	{name: "moving to the trash and back", prepare: func(w *world) func(*frontdesk.Desk) error {
		c := w.hears("ann", "Hi")
		w.do(w.jane, c.ID, frontdesk.Trash{})
		w.run()
		return does(c.ID, frontdesk.Restore{})
	}},
	{name: "signing in", prepare: func(w *world) func(*frontdesk.Desk) error {
		return func(d *frontdesk.Desk) error { return sessionOf(d, "jd").SignIn(ctx) }
	}},
	// A message whose state "sending" was in doubt is asked for at the provider, and is queued again: that is told too.
	{name: "work: sending a reply and telling of it", work: true, more: regexp.MustCompile(`"type":"message.delivery"|^document/feed/head`), prepare: func(w *world) func(*frontdesk.Desk) error {
		w.replies(w.hears("ann", "Hi").ID, "Hello")
		return doesWork
	}},
	{name: "work: waking", work: true, prepare: func(w *world) func(*frontdesk.Desk) error {
		c := w.hears("ann", "Hi")
		w.do(w.jane, c.ID, frontdesk.Snooze{Until: w.clock.Now().Add(time.Hour)})
		w.run()
		w.clock.Advance(2 * time.Hour)
		return doesWork
	}},
	{name: "work: handing out a round", work: true, prepare: func(w *world) func(*frontdesk.Desk) error {
		w.slots(2)
		w.queue(3, "c")
		w.run() // who is told of the messages depends on who has them by then
		w.signIn(w.jane, w.joe)
		return doesWork
	}},
	{name: "work: a bulk", work: true, prepare: func(w *world) func(*frontdesk.Desk) error {
		w.queue(3, "c")
		w.run()
		w.bulk(w.jane, frontdesk.Bulk{Query: &frontdesk.Query{}, Actions: []frontdesk.Action{frontdesk.Tag{Add: []string{"x"}}}})
		return doesWork
	}},
	{name: "work: a sweep", work: true, prepare: func(w *world) func(*frontdesk.Desk) error {
		ids := w.queue(3, "c")
		w.do(w.jane, ids[2], frontdesk.Trash{})
		w.keeps(retention.Policy{ArchiveDays: 1, TrashDays: 1})
		w.run()
		w.clock.Advance(25 * time.Hour)
		return doesWork
	}},
	{name: "work: forgetting a person", work: true, prepare: func(w *world) func(*frontdesk.Desk) error {
		c := w.hears("ann", "Hi")
		w.replies(c.ID, "Hello")
		w.run()
		_, err := w.setup.Forget(ctx, c.Contacts[0])
		require.NoError(w.t, err)
		return doesWork
	}},
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
		step = 4
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
// it again ends where an untouched run does. It runs in memory, and with FRONTDESK_X10=all on every store. With -short every fourth call fails.
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
