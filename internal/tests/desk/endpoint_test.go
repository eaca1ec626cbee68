package desk_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
	"github.com/frontdesk-go/frontdesk/store"
	"github.com/frontdesk-go/frontdesk/webhook"
)

// secretOf is what a reference leads to in these tests.
func secretOf(reference string) string {
	return "whsec_" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat(reference+"!", 30)[:30]))
}

// hooked is one webhook as the host's system took it in.
type hooked struct {
	id, body, kind string
	conversation   string
	tenant         string
	position       int64
	errs           map[string]error // of verifying it, by secret
}

// receiver is the host's system: it verifies what it is told, and answers as a test says.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	clock  *clock
	got    []hooked
	answer func(n int, h http.Header) int // of the n-th call, from 1
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, webhook.MaxBody))
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		var content struct {
			Type string
			Data struct {
				Tenant, Conversation string
				Position             int64
			}
		}
		_ = json.Unmarshal(body, &content)
		x := hooked{id: req.Header.Get(webhook.HeaderID), body: string(body), kind: content.Type, conversation: content.Data.Conversation,
			tenant: content.Data.Tenant, position: content.Data.Position, errs: map[string]error{}}
		for _, secret := range []string{"one", "two"} {
			x.errs[secret] = webhook.Verify(req.Header, body, r.clock.Now(), secretOf(secret))
		}
		r.got = append(r.got, x)
		if status := http.StatusNoContent; r.answer == nil {
			w.WriteHeader(status)
		} else {
			w.WriteHeader(r.answer(len(r.got), w.Header()))
		}
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) all() []hooked {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]hooked(nil), r.got...)
}

func (r *receiver) kinds() (out []string) {
	for _, x := range r.all() {
		out = append(out, x.kind)
	}
	return out
}

func private(cfg *frontdesk.Config) {
	cfg.PrivateEndpoints = true
	cfg.Secrets = func(_ context.Context, _, reference string) (string, error) {
		if reference == "away" {
			return "", errors.New("the vault is closed")
		}
		if reference == "bad" {
			return "password", nil
		}
		return secretOf(reference), nil
	}
}

// eachHooked runs a test on every store, with a receiver on loopback and an endpoint "erp" that is told what happens to messages.
func eachHooked(t *testing.T, run func(t *testing.T, w *world, r *receiver)) {
	t.Helper()
	stores.Each(t, func(t *testing.T, s store.Store) {
		w, r := newWorld(t, s, private), newReceiver(t)
		r.clock = w.clock
		w.hears("before", "told to nobody")
		w.run()
		require.NoError(t, w.setup.SaveEndpoint(ctx, erp(r)))
		run(t, w, r)
	})
}

func erp(r *receiver) frontdesk.Endpoint {
	return frontdesk.Endpoint{ID: "erp", URL: r.URL + "/in", Secret: "one", Events: []string{conversation.EventReceived}}
}

func (w *world) hooks(endpoint string) []frontdesk.Hook {
	w.t.Helper()
	page, err := w.setup.Hooks(ctx, endpoint, "", 1000)
	require.NoError(w.t, err)
	return page.Items
}

func TestU4_SignedAndTold(t *testing.T) {
	eachHooked(t, func(t *testing.T, w *world, r *receiver) {
		c := w.hears("ann", "secret words")
		w.run()
		got := r.all()
		require.Len(t, got, 1, "only what its filter wants, and nothing from before")
		assert.Equal(t, conversation.EventReceived, got[0].kind)
		assert.Equal(t, c.ID, got[0].conversation)
		assert.Equal(t, tenant, got[0].tenant)
		assert.NoError(t, got[0].errs["one"])
		assert.ErrorIs(t, got[0].errs["two"], webhook.ErrSignature)
		assert.NotContains(t, got[0].body, "secret words")
		log := w.hooks("erp")
		require.Len(t, log, 1)
		assert.Equal(t, frontdesk.HookDelivered, log[0].State)
		assert.Equal(t, []frontdesk.HookAttempt{{At: w.clock.Now(), Status: 204}}, log[0].Attempts)
		assert.Equal(t, got[0].id, log[0].ID)

		all := erp(r)
		all.Events = []string{"message.*", conversation.EventAssigned}
		require.NoError(t, w.setup.SaveEndpoint(ctx, all))
		before := len(w.events())
		require.NoError(t, w.setup.SaveEndpoint(ctx, all))
		assert.Len(t, w.events(), before, "saving the same again changes nothing")
		w.do(w.jane, c.ID, frontdesk.Assign{Agent: "jd"}, frontdesk.Tag{Add: []string{"x"}})
		_, err := w.jane.Whisper(ctx, c.ID, "note")
		require.NoError(t, err)
		w.run()
		assert.Equal(t, []string{conversation.EventReceived, conversation.EventAssigned, conversation.EventWhispered}, r.kinds(), "in order")
	})
}

func TestU4_RetriedOverDaysUnderOneID(t *testing.T) {
	eachHooked(t, func(t *testing.T, w *world, r *receiver) {
		r.answer = func(n int, h http.Header) int {
			h.Set("Location", "/elsewhere")
			return map[int]int{1: 500, 2: 302, 3: 429}[n]
		}
		w.hears("ann", "Hi")
		w.run()
		require.Len(t, r.all(), 1)
		waits := []time.Duration{5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour,
			20 * time.Hour, 24 * time.Hour}
		r.answer = func(n int, h http.Header) int { return map[int]int{2: 302, 3: 400}[n] + map[bool]int{true: 503}[n > 3] }
		for i, wait := range waits {
			w.clock.Advance(wait - time.Second)
			w.run()
			require.Len(t, r.all(), i+1, "not before its time")
			w.clock.Advance(time.Second)
			w.run()
			require.Len(t, r.all(), i+2)
		}
		w.clock.Advance(100 * time.Hour)
		w.run()
		got := r.all()
		require.Len(t, got, 10, "then it is over")
		for _, x := range got {
			assert.Equal(t, got[0].id, x.id)
			assert.Equal(t, got[0].body, x.body)
			assert.NoError(t, x.errs["one"], "each attempt is signed anew")
		}
		log := w.hooks("erp")
		assert.Equal(t, frontdesk.HookFailed, log[0].State)
		assert.Equal(t, 302, log[0].Attempts[1].Status, "a redirect is not followed")
	})
}

func TestU4_OneFailureHoldsUpNothingElse(t *testing.T) {
	eachHooked(t, func(t *testing.T, w *world, r *receiver) {
		good := newReceiver(t)
		good.clock = w.clock
		require.NoError(t, w.setup.SaveEndpoint(ctx, frontdesk.Endpoint{ID: "good", URL: good.URL, Secret: "one", Events: []string{conversation.EventReceived}}))
		r.answer = func(n int, h http.Header) int {
			if n == 1 {
				h.Set("Retry-After", "60")
				return 429
			}
			return 200
		}
		w.hears("ann", "Hi")
		w.run()
		w.hears("bob", "Hi")
		w.run()
		assert.Len(t, good.all(), 2)
		require.Len(t, r.all(), 2, "a webhook that waits holds up no other of its endpoint")
		w.clock.Advance(30 * time.Second)
		w.run()
		require.Len(t, r.all(), 2, "the answer said when to come again")
		w.clock.Advance(30 * time.Second)
		w.run()
		got := r.all()
		require.Len(t, got, 3)
		assert.Equal(t, got[0].id, got[2].id)
		assert.NotEqual(t, got[0].id, good.all()[0].id, "another endpoint knows it by another ID")

		r.Close() // the address is dead
		w.hears("cid", "Hi")
		w.run()
		assert.Len(t, good.all(), 3)
		assert.Equal(t, "network", w.hooks("erp")[0].Attempts[0].Error)
	})
}

func TestU4_GoneStopsAnEndpoint(t *testing.T) {
	eachHooked(t, func(t *testing.T, w *world, r *receiver) {
		r.answer = func(int, http.Header) int { return http.StatusGone }
		w.hears("ann", "Hi")
		w.run()
		w.hears("bob", "Hi")
		w.run()
		require.Len(t, r.all(), 1, "nothing more is told")
		list, err := w.setup.Endpoints(ctx)
		require.NoError(t, err)
		assert.Equal(t, w.clock.Now(), list[0].Stopped)
		require.NoError(t, w.setup.SaveEndpoint(ctx, erp(r)), "as a host does at each start")
		list, _ = w.setup.Endpoints(ctx)
		assert.False(t, list[0].Stopped.IsZero())
		_, err = w.setup.ReplayEvents(ctx, "erp", 1, 1)
		require.ErrorIs(t, err, frontdesk.ErrInvalid)

		r.answer = nil
		off := erp(r)
		off.Inactive = true
		require.NoError(t, w.setup.SaveEndpoint(ctx, off))
		require.NoError(t, w.setup.SaveEndpoint(ctx, erp(r)))
		w.hears("cid", "Hi")
		w.run()
		assert.Len(t, r.all(), 2)
	})
}

func TestU4_Replayed(t *testing.T) {
	eachHooked(t, func(t *testing.T, w *world, r *receiver) {
		off := erp(r)
		off.Inactive = true
		w.hears("ann", "Hi")
		w.run()
		require.NoError(t, w.setup.SaveEndpoint(ctx, off))
		w.hears("bob", "Hi")
		w.run()
		require.Len(t, r.all(), 1)
		require.NoError(t, w.setup.SaveEndpoint(ctx, erp(r)))
		last := int64(len(w.events()))
		n, err := w.setup.ReplayEvents(ctx, "erp", 1, last)
		require.NoError(t, err)
		assert.Equal(t, 3, n, "before, ann and bob")
		w.run()
		got := r.all()
		require.Len(t, got, 4)
		ids := map[string]int{}
		for _, x := range got {
			ids[x.id]++
			assert.NoError(t, x.errs["one"])
		}
		assert.Equal(t, 2, ids[got[0].id], "under its old ID")
		assert.Len(t, ids, 3)
		n, err = w.setup.ReplayEvents(ctx, "erp", got[0].position, got[0].position)
		require.NoError(t, err)
		assert.Equal(t, 1, n)
		w.run()
		require.Len(t, r.all(), 5)
		for _, bad := range [][2]int64{{0, 1}, {2, 1}, {1, frontdesk.MaxReplay + 1}, {last, last + 1}} {
			_, err := w.setup.ReplayEvents(ctx, "erp", bad[0], bad[1])
			assert.ErrorIs(t, err, frontdesk.ErrInvalid, bad)
		}
		_, err = w.setup.ReplayEvents(ctx, "nobody", 1, 1)
		require.ErrorIs(t, err, frontdesk.ErrNotFound)
	})
}

func TestU4_AReplayOvertakesARetry(t *testing.T) {
	eachHooked(t, func(t *testing.T, w *world, r *receiver) {
		r.answer = func(n int, _ http.Header) int { return map[bool]int{true: 500, false: 200}[n == 1] }
		w.hears("ann", "Hi")
		w.run()
		position := r.all()[0].position
		_, err := w.setup.ReplayEvents(ctx, "erp", position, position)
		require.NoError(t, err)
		w.run()
		require.Len(t, r.all(), 2)
		w.clock.Advance(time.Hour)
		w.run()
		require.Len(t, r.all(), 2, "the retry that waited is not made as well")
		assert.Equal(t, frontdesk.HookDelivered, w.hooks("erp")[0].State)
	})
}

func TestU4_RotationAndSecretsThatAreAway(t *testing.T) {
	eachHooked(t, func(t *testing.T, w *world, r *receiver) {
		e := erp(r)
		e.Secret, e.Previous = "two", "one"
		require.NoError(t, w.setup.SaveEndpoint(ctx, e))
		w.hears("ann", "Hi")
		w.run()
		got := r.all()
		require.Len(t, got, 1)
		assert.NoError(t, got[0].errs["one"])
		assert.NoError(t, got[0].errs["two"])
		e.Previous = ""
		require.NoError(t, w.setup.SaveEndpoint(ctx, e))
		w.hears("ann", "Hi")
		w.run()
		assert.ErrorIs(t, r.all()[1].errs["one"], webhook.ErrSignature)

		e.Secret = "away"
		require.ErrorContains(t, w.setup.SaveEndpoint(ctx, e), "the vault is closed")
		e.Secret = "bad"
		require.ErrorIs(t, w.setup.SaveEndpoint(ctx, e), frontdesk.ErrInvalid)
		away := w.open(func(cfg *frontdesk.Config) {
			cfg.PrivateEndpoints = true
			cfg.Secrets = func(context.Context, string, string) (string, error) { return "", errors.New("away") }
		})
		w.hears("ann", "Hi")
		require.NoError(t, away.RunDue(ctx))
		require.Len(t, r.all(), 2)
		assert.Equal(t, "secret", w.hooks("erp")[0].Attempts[0].Error)
		w.clock.Advance(5 * time.Second)
		w.run()
		assert.Len(t, r.all(), 3, "it is only late")
	})
}

func TestU4_DeletedWithItsLog(t *testing.T) {
	eachHooked(t, func(t *testing.T, w *world, r *receiver) {
		r.answer = func(int, http.Header) int { return 500 }
		w.hears("ann", "Hi")
		w.run()
		require.NoError(t, w.setup.DeleteEndpoint(ctx, "erp"))
		require.NoError(t, w.setup.DeleteEndpoint(ctx, "erp"))
		w.clock.Advance(time.Hour)
		w.hears("bob", "Hi")
		w.run()
		require.Len(t, r.all(), 1)
		_, err := w.setup.Hooks(ctx, "erp", "", 1)
		require.ErrorIs(t, err, frontdesk.ErrNotFound)
		rows, err := w.store.List(ctx, store.Query{Tenant: tenant, Kind: store.Document, Prefix: "hook/"})
		require.NoError(t, err)
		assert.Empty(t, rows.Rows)
		r.answer = nil
		require.NoError(t, w.setup.SaveEndpoint(ctx, erp(r)))
		w.hears("cid", "Hi")
		w.run()
		assert.Len(t, r.all(), 2, "it begins anew, at what happens from then on")
	})
}

func TestU4_TheLogIsKeptAsLongAsTheFeed(t *testing.T) {
	eachHooked(t, func(t *testing.T, w *world, r *receiver) {
		for _, who := range []string{"ann", "bob", "cid"} {
			w.hears(who, "Hi")
		}
		w.run()
		require.Len(t, w.hooks("erp"), 3)
		w.clock.Advance(31 * 24 * time.Hour)
		w.hears("dan", "Hi")
		w.run()
		assert.Len(t, w.hooks("erp"), 1)
		assert.Len(t, r.all(), 4)
	})
}

func TestU4_WhereAnEndpointMayBe(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		t.Setenv("FRONTDESK_SECRET_ERP", secretOf("one"))
		ok := frontdesk.Endpoint{ID: "erp", URL: "https://erp.example.com/in", Secret: "erp", Inactive: true} // nobody is there
		require.NoError(t, w.setup.SaveEndpoint(ctx, ok))
		for name, change := range map[string]func(*frontdesk.Endpoint){
			"ID":       func(e *frontdesk.Endpoint) { e.ID = "a/b" },
			"Name":     func(e *frontdesk.Endpoint) { e.Name = strings.Repeat("x", 201) },
			"http":     func(e *frontdesk.Endpoint) { e.URL = "http://erp.example.com/in" },
			"loopback": func(e *frontdesk.Endpoint) { e.URL = "https://127.0.0.1/in" },
			"private":  func(e *frontdesk.Endpoint) { e.URL = "https://10.1.2.3/in" },
			"metadata": func(e *frontdesk.Endpoint) { e.URL = "https://169.254.169.254/" },
			"user":     func(e *frontdesk.Endpoint) { e.URL = "https://u:p@erp.example.com/in" },
			"fragment": func(e *frontdesk.Endpoint) { e.URL = "https://erp.example.com/#x" },
			"long":     func(e *frontdesk.Endpoint) { e.URL = "https://erp.example.com/" + strings.Repeat("x", 2000) },
			"event":    func(e *frontdesk.Endpoint) { e.Events = []string{"message.sent"} },
			"area":     func(e *frontdesk.Endpoint) { e.Events = []string{"mess.*"} },
			"all":      func(e *frontdesk.Endpoint) { e.Events = []string{"*"} },
			"secret":   func(e *frontdesk.Endpoint) { e.Secret = "" },
		} {
			e := ok
			change(&e)
			assert.ErrorIs(t, w.setup.SaveEndpoint(ctx, e), frontdesk.ErrInvalid, name)
		}
		for i := range frontdesk.MaxEndpoints - 1 {
			e := ok
			e.ID += strings.Repeat("x", i+1)
			require.NoError(t, w.setup.SaveEndpoint(ctx, e))
		}
		e := ok
		e.ID = "one more"
		require.ErrorIs(t, w.setup.SaveEndpoint(ctx, e), frontdesk.ErrInvalid)
		for _, event := range w.events() {
			assert.NotContains(t, event.To, "erp.example.com", "events repeat no address")
		}
	})
	// Another process of the tenant allows private addresses; this one does not, and looks again when it connects.
	stores.Each(t, func(t *testing.T, s store.Store) {
		w, r := newWorld(t, s, private), newReceiver(t)
		r.clock = w.clock
		require.NoError(t, w.setup.SaveEndpoint(ctx, erp(r)))
		w.hears("ann", "Hi")
		strict := w.open(func(cfg *frontdesk.Config) { private(cfg); cfg.PrivateEndpoints = false })
		require.NoError(t, strict.RunDue(ctx))
		assert.Empty(t, r.all())
		assert.Equal(t, "address", w.hooks("erp")[0].Attempts[0].Error)
	})
}

// A replay may overtake the webhooks it is of.
func TestU4_ReplayBeforeTheTap(t *testing.T) {
	r := newReceiver(t)
	var w *world
	replayed := false
	w = newWorld(t, stores.Memory(t), private, func(cfg *frontdesk.Config) {
		cfg.Subscribers = map[string]frontdesk.Subscriber{"host": func(ctx context.Context, events []frontdesk.Event) error {
			last := events[len(events)-1]
			if last.Type == conversation.EventReceived && !replayed {
				replayed = true
				_, err := w.setup.ReplayEvents(ctx, "erp", last.Position, last.Position)
				return err
			}
			return nil
		}}
	})
	r.clock = w.clock
	w.run()
	require.NoError(t, w.setup.SaveEndpoint(ctx, erp(r)))
	w.run()
	w.hears("ann", "Hi")
	w.run()
	require.True(t, replayed)
	for range 20 {
		w.passes(time.Minute)
	}
	w.hears("bob", "Hi")
	for range 20 {
		w.passes(time.Minute)
	}
	got := map[int64]bool{}
	for _, x := range r.all() {
		got[x.position] = true
	}
	assert.Len(t, got, 2, "both messages are told")
}

func TestU4_DeletedEndpointIsToldNothingLater(t *testing.T) {
	r := newReceiver(t)
	w := newWorld(t, stores.Memory(t), private)
	r.clock = w.clock
	w.run()
	require.NoError(t, w.setup.SaveEndpoint(ctx, erp(r)))
	w.run()
	r.answer = func(int, http.Header) int { return 500 }
	w.hears("ann", "Hi")
	w.run()
	require.Len(t, r.all(), 1)
	require.NoError(t, w.setup.DeleteEndpoint(ctx, "erp"))
	other := newReceiver(t)
	other.clock = w.clock
	e := erp(other)
	require.NoError(t, w.setup.SaveEndpoint(ctx, e))
	w.passes(time.Hour)
	w.passes(time.Hour)
	assert.Empty(t, other.all(), "what it has not been told it never is")
}
