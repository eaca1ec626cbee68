package desk_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/loopback"
	"github.com/frontdesk-go/frontdesk/channel/whatsapp"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
	"github.com/frontdesk-go/frontdesk/storetest"
)

func (w *world) kept() []frontdesk.Delivery {
	w.t.Helper()
	page, err := w.setup.Deliveries(ctx, "", 100)
	require.NoError(w.t, err)
	return page.Items
}

func (w *world) conversations() int {
	w.t.Helper()
	page, err := w.setup.Conversations(ctx, frontdesk.Query{View: frontdesk.AllView, Limit: 1000})
	require.NoError(w.t, err)
	return len(page.Items)
}

func TestWebhookStatuses(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		good := w.provider.Request(w.says("ann", "Hi"))
		change := func(f func(*http.Request)) int {
			r := httptest.NewRequest(good.Method, good.URL, bytes.NewReader(good.Body))
			r.Header = good.Header.Clone()
			f(r)
			rec := httptest.NewRecorder()
			w.desk.Webhooks().ServeHTTP(rec, r)
			return rec.Code
		}
		path := func(p string) func(*http.Request) { return func(r *http.Request) { r.URL.Path = p } }
		body := func(b io.Reader) func(*http.Request) { return func(r *http.Request) { r.Body = io.NopCloser(b) } }
		ended, cancel := context.WithCancel(ctx)
		cancel()
		for name, tt := range map[string]struct {
			change func(*http.Request)
			want   int
		}{
			"wrong method":       {func(r *http.Request) { r.Method = http.MethodDelete }, http.StatusMethodNotAllowed},
			"a get":              {func(r *http.Request) { r.Method = http.MethodGet; r.Body = http.NoBody }, http.StatusNotFound},
			"unknown kind":       {path("/hooks/pigeon"), http.StatusNotFound},
			"no kind":            {path("/hooks/"), http.StatusNotFound},
			"another path":       {path("/other"), http.StatusNotFound},
			"too long a path":    {path("/hooks/loopback/a/b"), http.StatusNotFound},
			"forged":             {body(strings.NewReader(strings.Replace(string(good.Body), "Hi", "Ho", 1))), http.StatusForbidden},
			"wrong signature":    {func(r *http.Request) { r.Header.Set(loopback.SignatureHeader, "sha256=00") }, http.StatusForbidden},
			"no signature":       {func(r *http.Request) { r.Header.Del(loopback.SignatureHeader) }, http.StatusForbidden},
			"10 MB":              {body(bytes.NewReader(make([]byte, 10<<20))), http.StatusRequestEntityTooLarge},
			"one byte too many":  {body(bytes.NewReader(make([]byte, frontdesk.MaxDelivery+1))), http.StatusRequestEntityTooLarge},
			"truncated by wire":  {body(io.MultiReader(bytes.NewReader(good.Body[:20]), iotest.ErrReader(io.ErrUnexpectedEOF))), http.StatusBadRequest},
			"truncated, unknown": {body(bytes.NewReader(good.Body[:20])), http.StatusNotFound},
			"empty":              {body(strings.NewReader("")), http.StatusNotFound},
			"provider gone":      {func(r *http.Request) { *r = *r.WithContext(ended) }, http.StatusServiceUnavailable},
		} {
			assert.Equal(t, tt.want, change(tt.change), name)
		}
		assert.Equal(t, 0, w.conversations(), "nothing half done")
		assert.Empty(t, w.kept())
		assert.Equal(t, http.StatusNotFound, serve(w.desk, w.provider.Request(channel.Item{Account: "nobody", Message: &channel.Message{ID: "1"}})))
		assert.Equal(t, http.StatusOK, change(path("/api/v1/hooks/loopback/"+w.chat.Token)), "wherever it is mounted, at the channel's own address too")
		assert.Equal(t, 1, w.conversations())
		rec := httptest.NewRecorder()
		w.desk.Webhooks().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/hooks/loopback?challenge=42", nil))
		assert.Equal(t, "42", rec.Body.String())
	})
}

func TestWebhookUnreadableIsKeptAndReplayed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		boss := w.agent(frontdesk.Agent{ID: "boss", Name: "Boss", Role: frontdesk.Admin})
		whole := w.provider.Request(w.says("ann", "before the defect"))
		broken := w.provider.Sign(append(bytes.TrimSuffix(whole.Body, []byte("]}")), `,{"Message":7}]}`...))
		for range 2 {
			require.Equal(t, http.StatusOK, serve(w.desk, broken), "kept, so the provider need not come again")
		}
		assert.Equal(t, 1, w.current("ann").Messages, "what could be read is in")
		kept := w.kept()
		require.Len(t, kept, 1, "the same bytes once")
		assert.Equal(t, broken.Body, kept[0].Body)
		assert.Equal(t, 2, kept[0].Tries)
		assert.Contains(t, kept[0].Reason, "item")

		for name, s := range map[string]*frontdesk.Session{"agent": w.jane, "bot": w.desk.As(frontdesk.Actor{Tenant: tenant, Automation: "bot"})} {
			_, err := s.Deliveries(ctx, "", 10)
			assert.ErrorIs(t, err, frontdesk.ErrForbidden, name)
			assert.ErrorIs(t, s.Replay(ctx, kept[0].ID), frontdesk.ErrForbidden, name)
		}
		_, err := boss.Deliveries(ctx, "", 10)
		require.NoError(t, err)
		assert.Error(t, boss.Replay(ctx, kept[0].ID), "still not understood")
		assert.Len(t, w.kept(), 1)
		for _, id := range []string{"none", "raw-none", "raw-\x00", "conversation"} {
			assert.ErrorIs(t, boss.Replay(ctx, id), frontdesk.ErrNotFound)
		}
		_, err = boss.Deliveries(ctx, "nonsense", 10)
		assert.ErrorIs(t, err, frontdesk.ErrCursor)

		// A newer program understands it.
		newer := w.open(func(c *frontdesk.Config) {
			c.Drivers = channel.Drivers{&variant{Driver: w.provider, parse: func(r *channel.Request) ([]channel.Item, error) {
				items, _ := w.provider.Parse(r)
				late := w.says("bob", "understood")
				late.Message.ID = "late"
				return append(items, late), nil
			}}}
		})
		require.NoError(t, newer.As(frontdesk.System(tenant)).Replay(ctx, kept[0].ID))
		assert.Empty(t, w.kept())
		assert.Equal(t, 1, w.current("ann").Messages, "what was in is recognised")
		assert.Equal(t, 1, w.current("bob").Messages)
	})
}

// One delivery speaks of two tenants: neither is shown the other's words.
func TestWebhookUnreadableOfTwoTenants(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		other := w.desk.As(frontdesk.System("other"))
		require.NoError(t, other.SaveMailbox(ctx, frontdesk.Mailbox{ID: "box"}))
		_, err := other.AddChannel(ctx, frontdesk.Channel{Kind: "loopback", Account: "elsewhere", Mailbox: "box", PollEvery: -1})
		require.NoError(t, err)
		theirs := w.says("eve", "their secret")
		theirs.Account = "elsewhere"
		whole := w.provider.Request(w.says("ann", "our secret"), theirs)
		require.Equal(t, http.StatusOK, serve(w.desk, w.provider.Sign(append(bytes.TrimSuffix(whole.Body, []byte("]}")), `,7]}`...))))
		for _, s := range []*frontdesk.Session{w.setup, other} {
			page, err := s.Deliveries(ctx, "", 10)
			require.NoError(t, err)
			require.Len(t, page.Items, 1, "each tenant sees that something is missing")
			assert.Empty(t, page.Items[0].Body)
			convs, err := s.Conversations(ctx, frontdesk.Query{})
			require.NoError(t, err)
			assert.Len(t, convs.Items, 1)
		}
	})
}

func TestWebhookDriverPanics(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		req := w.provider.Request(w.says("ann", "Hi"))
		d := w.open(func(c *frontdesk.Config) {
			c.Drivers = channel.Drivers{&variant{Driver: w.provider, parse: func(*channel.Request) ([]channel.Item, error) { panic("boom") }}}
		})
		assert.Equal(t, http.StatusOK, serve(d, req))
		require.Len(t, w.kept(), 1)
		assert.Contains(t, w.kept()[0].Reason, "boom")
		require.NoError(t, w.setup.Replay(ctx, w.kept()[0].ID))
		assert.Equal(t, 1, w.current("ann").Messages)

		d = w.open(func(c *frontdesk.Config) {
			c.Drivers = channel.Drivers{&variant{Driver: w.provider, accounts: func(*channel.Request) ([]string, error) { panic("boom") }}}
		})
		assert.Equal(t, http.StatusNotFound, serve(d, req))
		d = w.open(with(func(c channel.Conn) channel.Conn { return suspicious{c} }))
		assert.Equal(t, http.StatusForbidden, serve(d, req))
	})
}

type suspicious struct{ channel.Conn }

func (suspicious) Verify(*channel.Request) error { panic("cannot verify") }

// A store that fails at any call answers 503, and the redelivery brings everything.
func TestWebhookStoreError(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for k := 1; ; k++ {
			for _, after := range []bool{false, true} {
				who := "ann" + string(rune('a'+k)) + map[bool]string{true: "x"}[after]
				req := w.provider.Request(w.says(who, "Hi"))
				s := failing(w.store, storetest.Fault{At: k, After: after})
				d := w.open(func(c *frontdesk.Config) { c.Store = s })
				code := serve(d, req)
				if s.Struck() == 0 {
					assert.Equal(t, http.StatusOK, code)
					return
				}
				if code != http.StatusServiceUnavailable { // it was decided again at once
					require.Equal(t, http.StatusOK, code, "call %d failed", k)
					require.Equal(t, 1, w.current(who).Messages)
				}
				require.Equal(t, http.StatusOK, serve(d, req))
				require.Equal(t, 1, w.current(who).Messages)
			}
		}
	})
}

var errAway = errors.New("the database is away")

func TestWebhookForeignText(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		huge := strings.Repeat("ü-", 1<<20) // 3 MB
		item := w.says("ann", huge)
		item.Message.Subject = "a\r\nb\x00\u202e"
		require.Equal(t, http.StatusOK, w.hook(item))
		m := w.timeline(w.current("ann").ID)[0]
		assert.Len(t, m.Text, len(huge))
		assert.Equal(t, "a  b", m.Subject)
		assert.Empty(t, w.kept())

		d := w.open(func(c *frontdesk.Config) {
			c.Drivers = channel.Drivers{&variant{Driver: w.provider, parse: func(r *channel.Request) ([]channel.Item, error) {
				items, err := w.provider.Parse(r)
				for i := range items {
					items[i].Message.Text = "a\xffb\x00c"
					items[i].Message.From[0].Address = "b\x00\xffb"
					items[i].Thread = "b\x00b"
					items[i].Message.ID = "\xff"
					items[i].At = time.Unix(1e15, 0)
				}
				return items, err
			}}}
		})
		require.Equal(t, http.StatusOK, serve(d, w.provider.Request(w.says("bob", "x"))))
		require.Equal(t, http.StatusOK, serve(d, w.provider.Request(w.says("bob", "x"))))
		assert.Empty(t, w.kept())
		assert.Equal(t, 2, w.conversations())
		page, err := w.setup.Conversations(ctx, frontdesk.Query{})
		require.NoError(t, err)
		for _, c := range page.Items {
			if c.Preview == "a\uFFFDbc" {
				assert.Equal(t, 1, c.Messages, "delivered twice, in once")
			}
		}
	})
}

func TestWebhookReceiptForManyMessages(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		var ids []string
		for i := range 60 {
			ids = append(ids, "p"+string(rune('A'+i)))
		}
		require.Equal(t, http.StatusOK, w.hook(channel.Item{Account: "shop", Thread: "ann", At: w.clock.Now(),
			Receipt: &channel.Receipt{IDs: ids, Delivery: conversation.Delivered}}))
		assert.Empty(t, w.kept())
	})
}

// A receipt without an ID, and times that have not come, spoil nothing.
func TestWebhookBadNews(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "a1")
		far := time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC)
		bad := channel.Item{Account: "shop", Thread: "ann", At: w.clock.Now(), Receipt: &channel.Receipt{IDs: []string{"in-1", "", "\x00\xff"}, Delivery: "bogus"}}
		assert.Equal(t, http.StatusOK, w.hook(w.says("ann", "a2"), bad, w.says("ann", "a3")))
		assert.Equal(t, []string{"a1", "a2", "a3"}, w.said(c.ID, 100, true))
		ahead := w.says("ann", "a4")
		ahead.At = far
		assert.Equal(t, http.StatusOK, w.hook(ahead, channel.Item{Account: "shop", Thread: "ann", Receipt: &channel.Receipt{Watermark: far, Delivery: conversation.Read}}))
		for _, th := range w.get(c.ID).Threads {
			assert.False(t, th.LastInbound.After(w.clock.Now()), "a reply window opens now")
			assert.False(t, th.Read.After(w.clock.Now()), "what is sent later is not read")
		}
	})
}

// What is taken in again while its channel is switched off stays kept.
func TestWebhookReplayNeedsTheChannel(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		broken := w.provider.Sign(append(bytes.TrimSuffix(w.provider.Request().Body, []byte("]}")), `{"Account":"shop","Message":7}]}`...))
		broken.URL += "/" + w.chat.Token
		require.Equal(t, http.StatusOK, serve(w.desk, broken))
		require.Len(t, w.kept(), 1)
		off := w.chat
		off.Inactive = true
		_, err := w.setup.UpdateChannel(ctx, off)
		require.NoError(t, err)
		d := w.open(func(c *frontdesk.Config) {
			c.Drivers = channel.Drivers{&variant{Driver: w.provider, parse: func(*channel.Request) ([]channel.Item, error) {
				return []channel.Item{w.says("ann", "precious")}, nil
			}}}
		})
		assert.ErrorIs(t, d.As(frontdesk.System(tenant)).Replay(ctx, w.kept()[0].ID), frontdesk.ErrInvalid)
		assert.Len(t, w.kept(), 1)
	})
}

// What drivers make a text of is content, too: of a blocked contact none of it is kept.
func TestS17_NothingComposedIsKeptRaw(t *testing.T) {
	w := newWorld(t, stores.Memory(t), func(c *frontdesk.Config) {
		c.Drivers = append(c.Drivers, whatsapp.New())
		c.Secrets = func(context.Context, string, string) (string, error) { return `{"token":"t","app_secret":"s"}`, nil }
	})
	_, err := w.setup.AddChannel(ctx, frontdesk.Channel{Kind: "whatsapp", Account: "4711", Mailbox: "berlin", Secret: "x", PollEvery: -1})
	require.NoError(t, err)
	deliver := func(messages string) {
		body := []byte(`{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{"metadata":{"phone_number_id":"4711"},"messages":[` + messages + `]}}]}]}`)
		mac := hmac.New(sha256.New, []byte("s"))
		mac.Write(body)
		h := http.Header{"X-Hub-Signature-256": {"sha256=" + hex.EncodeToString(mac.Sum(nil))}}
		require.Equal(t, http.StatusOK, serve(w.desk, &channel.Request{Method: http.MethodPost, URL: "https://desk.example.com/hooks/whatsapp", Header: h, Body: body}))
	}
	deliver(`{"id":"w1","from":"4915112345678","timestamp":"1772442000","type":"text","text":{"body":"Hi"}}`)
	_, err = w.setup.Block(ctx, w.current("+4915112345678").Contacts[0])
	require.NoError(t, err)
	deliver(`{"id":"w2","from":"4915112345678","timestamp":"1772442001","type":"location","location":{"latitude":"52.51","longitude":"13.37","name":"xyzzy","address":"Secret Street 7"}},7`)
	require.Len(t, w.kept(), 1)
	assert.NotContains(t, string(w.kept()[0].Body), "xyzzy")
	assert.NotContains(t, w.dump(), "xyzzy")
}

// Nobody can have much work done, or much logged, who does not sign.
func TestWebhookUnsignedFillsNoLog(t *testing.T) {
	var log bytes.Buffer
	onMemory(t, func(t *testing.T, w *world) {
		d := w.open(func(c *frontdesk.Config) {
			c.Drivers = append(c.Drivers, whatsapp.New())
			c.Log = slog.New(slog.NewTextHandler(&log, nil))
		})
		body := `{"entry":[` + strings.Repeat("1,", 100_000) + `1]}`
		serve(d, &channel.Request{Method: http.MethodPost, URL: "https://desk.example.com/hooks/whatsapp", Header: http.Header{}, Body: []byte(body)})
		assert.Less(t, log.Len(), 10_000)
	})
}

func TestWebhookUnsignedOfManyAccounts(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		d := w.open(func(c *frontdesk.Config) { c.Drivers = append(c.Drivers, whatsapp.New()) })
		for accounts, want := range map[int]int{1000: http.StatusNotFound, 1001: http.StatusRequestEntityTooLarge} {
			var b strings.Builder
			b.WriteString(`{"entry":[{"changes":[`)
			for i := range accounts {
				b.WriteString(`{"value":{"metadata":{"phone_number_id":` + strconv.Itoa(1000000+i) + `}}},`)
			}
			b.WriteString(`{}]}]}`)
			got := serve(d, &channel.Request{Method: http.MethodPost, URL: "https://desk.example.com/hooks/whatsapp", Header: http.Header{}, Body: []byte(b.String())})
			assert.Equal(t, want, got, accounts)
		}
	})
}

func TestWebhookOfAChannelSwitchedOffMeanwhile(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		other := w.open()
		require.Equal(t, http.StatusOK, serve(other, w.provider.Request(w.says("ann", "Hi")))) // knows the channel from now on
		off := w.chat
		off.Inactive = true
		_, err := w.setup.UpdateChannel(ctx, off)
		require.NoError(t, err)
		lost := w.provider.Request(w.says("ann", "precious"))
		assert.Equal(t, http.StatusNotFound, serve(w.desk, lost), "the desk that knows")
		assert.NotEqual(t, http.StatusOK, serve(other, lost), "the desk that does not: 200 says that it is stored")
		assert.Equal(t, 1, w.current("ann").Messages)
	})
}

func TestE3_ReplayTakesOnlyWhatWasOnesOwn(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		other := w.desk.As(frontdesk.System("other"))
		require.NoError(t, other.SaveMailbox(ctx, frontdesk.Mailbox{ID: "box"}))
		ch, err := other.AddChannel(ctx, frontdesk.Channel{Kind: "loopback", Account: "elsewhere", Mailbox: "box", PollEvery: -1})
		require.NoError(t, err)
		theirs := w.says("eve", "their secret")
		theirs.Account = "elsewhere"
		whole := w.provider.Request(w.says("ann", "our secret"), theirs)
		require.Equal(t, http.StatusOK, serve(w.desk, w.provider.Sign(append(bytes.TrimSuffix(whole.Body, []byte("]}")), `,7]}`...))))
		require.Len(t, w.kept(), 1)

		require.NoError(t, other.RemoveChannel(ctx, ch.ID))
		w.channel(frontdesk.Channel{Account: "elsewhere", Mailbox: "berlin"})
		newer := w.open(func(c *frontdesk.Config) {
			c.Drivers = channel.Drivers{&variant{Driver: w.provider, parse: func(r *channel.Request) ([]channel.Item, error) {
				items, _ := w.provider.Parse(r)
				return items, nil
			}}}
		})
		require.NoError(t, newer.As(frontdesk.System(tenant)).Replay(ctx, w.kept()[0].ID))
		page, err := w.setup.Conversations(ctx, frontdesk.Query{})
		require.NoError(t, err)
		for _, c := range page.Items {
			assert.NotContains(t, c.Preview, "their secret")
		}
	})
}

func TestE3_AForeignChannelHidesNoPool(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		t.Setenv("FRONTDESK_SECRET_NEW", "n3w")
		hi := func() int {
			in := w.says("ann", "Hi")
			in.Account, in.Fallback = "number", "shop"
			req := w.provider.Request(in)
			req.URL += "/" + w.chat.Token
			return serve(w.desk, req)
		}
		require.Equal(t, http.StatusOK, hi())
		require.Equal(t, 1, w.current("ann").Messages)
		other := w.desk.As(frontdesk.System("other"))
		require.NoError(t, other.SaveMailbox(ctx, frontdesk.Mailbox{ID: "box"}))
		_, err := other.AddChannel(ctx, frontdesk.Channel{Kind: "loopback", Account: "number", Mailbox: "box", Secret: "NEW", PollEvery: -1})
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, hi())
		assert.Equal(t, 2, w.current("ann").Messages, "what was answered with 200 is in")
	})
}
