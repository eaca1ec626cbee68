package desk_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/loopback"
	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
	"github.com/frontdesk-go/frontdesk/store/memstore"
)

// A time that no body can hold is the caller's mistake, with a key and without.
func TestYearsThatNoBodyHolds(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		for _, at := range []time.Time{time.Date(10001, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC)} {
			late := []frontdesk.Action{frontdesk.Snooze{Until: at}}
			dated := &frontdesk.Query{DeadlineBefore: at}
			for name, call := range map[string]func() error{
				"reply": func() error { _, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "x", At: at}); return err },
				"with a key": func() error {
					_, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "x", At: at, Key: "k"})
					return err
				},
				"then": func() error {
					_, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "x", Key: "k", Then: late})
					return err
				},
				"bulk": func() error {
					_, err := w.jane.Bulk(ctx, frontdesk.Bulk{IDs: []string{c.ID}, Actions: late})
					return err
				},
				"bulk query": func() error { _, err := w.jane.MarkAllRead(ctx, *dated); return err },
				"saved view": func() error {
					_, err := w.jane.SaveView(ctx, frontdesk.SavedView{Name: "x", Filter: *dated})
					return err
				},
				"new one":     func() error { return w.composes(frontdesk.Draft{Text: "x", At: at, Key: "k"}) },
				"new one too": func() error { return w.composes(frontdesk.Draft{Text: "x", Then: late, Key: "k"}) },
			} {
				assert.NotPanics(t, func() { assert.ErrorIs(t, call(), frontdesk.ErrInvalid, name) }, name)
			}
		}
		assert.Equal(t, 1, w.get(c.ID).Messages)
	})
}

func (w *world) composes(d frontdesk.Draft) error {
	_, err := w.jane.Compose(ctx, frontdesk.Start{Channel: w.chat.ID, Address: "zoe", Draft: d})
	return err
}

func TestConfigsThatCannotWork(t *testing.T) {
	for name, cfg := range map[string]frontdesk.Config{
		"no store":    {},
		"no function": {Store: memstore.New(), Drivers: channel.Drivers{loopback.New()}, Subscribers: map[string]frontdesk.Subscriber{"search": nil}},
		"no driver":   {Store: memstore.New(), Drivers: channel.Drivers{nil}},
		"a query":     {Store: memstore.New(), BaseURL: "https://desk.example.com/?x=1", Drivers: channel.Drivers{loopback.New()}},
		"a fragment":  {Store: memstore.New(), BaseURL: "https://desk.example.com/#x", Drivers: channel.Drivers{loopback.New()}},
	} {
		_, err := frontdesk.New(cfg)
		assert.ErrorIs(t, err, frontdesk.ErrInvalid, name)
	}
}

func TestPagesOfNoSize(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		for _, limit := range []int{-1, 1001} {
			_, err := w.setup.Deliveries(ctx, "", limit)
			assert.ErrorIs(t, err, frontdesk.ErrInvalid)
		}
		for _, tenant := range []string{"", "*", "a/b", "a\x00b", strings.Repeat("x", 65)} {
			_, err := w.desk.Events(ctx, tenant, 0, 10)
			assert.ErrorIs(t, err, frontdesk.ErrInvalid, "%q", tenant)
			_, err = w.desk.Head(ctx, tenant)
			assert.ErrorIs(t, err, frontdesk.ErrInvalid, "%q", tenant)
		}
		_, err := w.setup.Compose(ctx, frontdesk.Start{Mailbox: "none", Address: "zoe", Draft: frontdesk.Draft{Text: "x"}})
		assert.ErrorIs(t, err, frontdesk.ErrNotFound)
	})
}

// A channel whose secret cannot be had keeps nothing out that a delivery has for others. What is for it comes in when it is delivered again.
func TestSecretThatCannotBeHad(t *testing.T) {
	away, again := errors.New("the vault is away"), false
	w := newWorld(t, stores.Memory(t), func(cfg *frontdesk.Config) {
		cfg.Secrets = func(_ context.Context, of, _ string) (string, error) {
			if of == "globex" && !again {
				return "", away
			}
			return "loopback-secret", nil
		}
	})
	globex := w.desk.As(frontdesk.System("globex"))
	require.NoError(t, globex.SaveMailbox(ctx, frontdesk.Mailbox{ID: "m"}))
	again = true
	_, err := globex.AddChannel(ctx, frontdesk.Channel{Kind: "loopback", Mailbox: "m", Account: "theirs", Secret: "x"})
	require.NoError(t, err)
	again = false
	both := func() int {
		return w.hook(channel.Item{Account: "theirs", Thread: "t", Message: &channel.Message{ID: "1", Text: "Hi"}},
			channel.Item{Account: "shop", Thread: "t", Message: &channel.Message{ID: "2", Text: "Hi"}})
	}
	count := func(s *frontdesk.Session) int64 {
		n, err := s.CountAll(ctx, frontdesk.Query{})
		require.NoError(t, err)
		return n
	}
	assert.Equal(t, http.StatusServiceUnavailable, both())
	assert.EqualValues(t, 1, count(w.setup))
	assert.EqualValues(t, 0, count(globex))
	again = true
	assert.Equal(t, http.StatusOK, both())
	assert.EqualValues(t, 1, count(w.setup))
	assert.EqualValues(t, 1, count(globex))
}
