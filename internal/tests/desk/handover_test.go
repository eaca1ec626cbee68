package desk_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
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
	"github.com/frontdesk-go/frontdesk/routing"
	"github.com/frontdesk-go/frontdesk/store"
	"github.com/frontdesk-go/frontdesk/webhook"
)

// told is an event webhook: a transport that keeps what is posted, and answers with a status.
type told struct {
	mu     sync.Mutex
	status int
	posts  []*http.Request
	bodies []string
}

func (p *told) RoundTrip(r *http.Request) (*http.Response, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	p.posts, p.bodies = append(p.posts, r), append(p.bodies, string(body))
	return &http.Response{StatusCode: p.status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("ok")), Request: r}, err
}

// withHandover is a world whose mailbox berlin takes requests for an agent over HTTP.
func withHandover(t *testing.T, s store.Store) (*world, *told) {
	p := &told{status: http.StatusOK}
	w := newWorld(t, s, func(c *frontdesk.Config) {
		c.Client = &http.Client{Transport: p}
		c.Secrets = func(_ context.Context, _, reference string) (string, error) {
			if reference == "signing" {
				return signing, nil
			}
			return "the " + reference, nil
		}
	})
	w.slots(1, func(m *frontdesk.Mailbox) { m.AssignOnFirst, m.Handover = false, access })
	return w, p
}

const signing = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

var access = frontdesk.HandoverAccess{Secret: "bot", EventURL: "https://events.example.net/desk", EventSecret: "signing"}

// asks posts a request for an agent, and returns the status and the answer.
func (w *world) asks(method, path, bearer, body string) (int, map[string]any) {
	w.t.Helper()
	r := httptest.NewRequest(method, "https://desk.example.com/hooks/handover/"+path, strings.NewReader(body))
	r.Header.Set("Authorization", bearer)
	rec := httptest.NewRecorder()
	w.desk.Webhooks().ServeHTTP(rec, r)
	assert.Equal(w.t, "application/json", rec.Header().Get("Content-Type"))
	var answer map[string]any
	require.NoError(w.t, json.Unmarshal(rec.Body.Bytes(), &answer), rec.Body.String())
	return rec.Code, answer
}

const bearer = "Bearer the bot"

func TestA7_HandoverRequestOverHTTP(t *testing.T) {
	stores.Each(t, func(t *testing.T, s store.Store) {
		w, p := withHandover(t, s)
		c := w.hears("ann", "I want a person")
		ask := func(body string) any {
			code, answer := w.asks("POST", "acme/berlin", bearer, body)
			require.Equal(t, http.StatusOK, code, "%v", answer)
			assert.Equal(t, c.ID, answer["conversation"])
			return answer["availability"]
		}
		byID, byThread := fmt.Sprintf(`{"conversation":%q}`, c.ID), fmt.Sprintf(`{"channel":%q,"thread":"ann"}`, w.chat.ID)
		assert.Equal(t, "nobody", ask(byID))
		w.run()
		assert.Equal(t, "nobody", ask(byThread), "the same conversation")
		w.run()
		assert.Equal(t, 1, w.count(conversation.EventHandover), "once a conversation")
		require.Len(t, p.bodies, 1, "and told once")
		assert.JSONEq(t, fmt.Sprintf(`{"type":"conversation.handover","id":%q,"at":"2026-03-02T09:00:00Z","mailbox":"berlin","conversation":%q,"availability":"nobody"}`,
			p.posts[0].Header.Get("Webhook-Id"), c.ID), p.bodies[0])
		require.NoError(t, webhook.Verify(p.posts[0].Header, []byte(p.bodies[0]), w.clock.Now(), signing))
		assert.Equal(t, access.EventURL, p.posts[0].URL.String())
		assert.Equal(t, []string{""}, w.holders(c.ID), "nobody is there")

		w.signIn(w.jane)
		assert.Equal(t, []string{"jd"}, w.holders(c.ID), "and is given it once she is")
		assert.Equal(t, "available", ask(byID), "she has it")
		c = w.hears("bob", "Me too")
		assert.Equal(t, "nobody", ask(fmt.Sprintf(`{"conversation":%q}`, c.ID)), "her slot is taken")
		w.slots(2, func(m *frontdesk.Mailbox) { m.AssignOnFirst, m.Handover = false, access })
		c = w.hears("cem", "And me")
		w.run()
		w.slots(3, func(m *frontdesk.Mailbox) { m.AssignOnFirst, m.Handover = false, access })
		assert.Equal(t, "available", ask(fmt.Sprintf(`{"conversation":%q}`, c.ID)))
		w.slots(3, func(m *frontdesk.Mailbox) {
			m.AssignOnFirst, m.Handover, m.InHours = false, access, true
			m.Hours = routing.Hours{Week: routing.Week{Monday: []routing.Span{{From: 600, To: 601}}}}
		})
		c = w.hears("dora", "Hello")
		assert.Equal(t, "outside_hours", ask(fmt.Sprintf(`{"conversation":%q}`, c.ID)))
		w.run()
		assert.Contains(t, strings.Join(p.bodies, ""), "outside_hours")
	})
}

func TestA7_EventWebhookIsToldAgain(t *testing.T) {
	stores.Each(t, func(t *testing.T, s store.Store) {
		w, p := withHandover(t, s)
		p.status = http.StatusBadGateway
		c := w.hears("ann", "Hi")
		_, err := w.setup.RequestHandover(ctx, c.ID)
		require.NoError(t, err)
		w.run()
		w.run()
		require.Len(t, p.posts, 1, "not before the pause is over")
		p.status = http.StatusOK
		w.clock.Advance(5 * time.Second)
		w.run()
		require.Len(t, p.posts, 2)
		assert.Equal(t, p.posts[0].Header.Get("Webhook-Id"), p.posts[1].Header.Get("Webhook-Id"))
		w.clock.Advance(time.Hour)
		w.run()
		assert.Len(t, p.posts, 2)

		p.status = http.StatusInternalServerError
		c = w.hears("bob", "Hi")
		_, err = w.setup.RequestHandover(ctx, c.ID)
		require.NoError(t, err)
		for range 30 {
			w.run()
			w.clock.Advance(12 * time.Hour)
		}
		tries := len(p.posts)
		assert.Greater(t, tries, 2)
		w.clock.Advance(24 * time.Hour)
		w.run()
		assert.Len(t, p.posts, tries, "not for ever")
	})
}

func TestA7_BadRequestsForAnAgent(t *testing.T) {
	stores.Each(t, func(t *testing.T, s store.Store) {
		w, _ := withHandover(t, s)
		c := w.hears("ann", "Hi")
		m := w.channel(frontdesk.Channel{Account: "store", Mailbox: "munich"})
		item := w.says("mo", "Hi")
		item.Account = "store"
		w.hook(item)
		elsewhere := w.current("mo")
		trashed := w.hears("tom", "Hi")
		w.do(w.jane, trashed.ID, frontdesk.Trash{})
		good := fmt.Sprintf(`{"conversation":%q}`, c.ID)
		for name, r := range map[string]struct {
			method, path, bearer, body string
			status                     int
			code                       string
		}{
			"GET":                 {"GET", "acme/berlin", bearer, "", 405, "method"},
			"another secret":      {"POST", "acme/berlin", "Bearer the other", good, 401, "unauthorized"},
			"no secret":           {"POST", "acme/berlin", "", good, 401, "unauthorized"},
			"basic":               {"POST", "acme/berlin", "the bot", good, 401, "unauthorized"},
			"a mailbox without":   {"POST", "acme/munich", bearer, good, 401, "unauthorized"},
			"no mailbox":          {"POST", "acme/none", bearer, good, 401, "unauthorized"},
			"no tenant":           {"POST", "none/berlin", bearer, good, 401, "unauthorized"},
			"the directory":       {"POST", "*/berlin", bearer, good, 401, "unauthorized"},
			"no path":             {"POST", "", bearer, good, 401, "unauthorized"},
			"bad escape":          {"POST", "acme/berlin%2Fx", bearer, good, 401, "unauthorized"},
			"no JSON":             {"POST", "acme/berlin", bearer, "conversation=1", 400, "invalid"},
			"nothing":             {"POST", "acme/berlin", bearer, "{}", 400, "invalid"},
			"unknown field":       {"POST", "acme/berlin", bearer, `{"conversation":"x","bot":1}`, 400, "invalid"},
			"two":                 {"POST", "acme/berlin", bearer, good + good, 400, "invalid"},
			"both":                {"POST", "acme/berlin", bearer, `{"conversation":"x","channel":"y","thread":"z"}`, 400, "invalid"},
			"half":                {"POST", "acme/berlin", bearer, `{"channel":"y"}`, 400, "invalid"},
			"NUL":                 {"POST", "acme/berlin", bearer, `{"conversation":"\u0000"}`, 400, "invalid"},
			"large":               {"POST", "acme/berlin", bearer, `{"conversation":"` + strings.Repeat("x", 16<<10) + `"}`, 413, "too_large"},
			"unknown":             {"POST", "acme/berlin", bearer, `{"conversation":"none"}`, 404, "not_found"},
			"unknown thread":      {"POST", "acme/berlin", bearer, fmt.Sprintf(`{"channel":%q,"thread":"nobody"}`, w.chat.ID), 404, "not_found"},
			"of another mailbox":  {"POST", "acme/berlin", bearer, fmt.Sprintf(`{"conversation":%q}`, elsewhere.ID), 404, "not_found"},
			"thread of another":   {"POST", "acme/berlin", bearer, fmt.Sprintf(`{"channel":%q,"thread":"mo"}`, m.ID), 404, "not_found"},
			"trash":               {"POST", "acme/berlin", bearer, fmt.Sprintf(`{"conversation":%q}`, trashed.ID), 409, "state"},
			"another tenant's ID": {"POST", "acme%2Fberlin", bearer, good, 401, "unauthorized"},
		} {
			status, answer := w.asks(r.method, r.path, r.bearer, r.body)
			assert.Equal(t, r.status, status, name)
			problem, _ := answer["error"].(map[string]any)
			assert.Equal(t, r.code, problem["code"], name)
			assert.NotEmpty(t, problem["message"], name)
		}
		assert.Zero(t, w.count(conversation.EventHandover))
	})
}

// An event webhook inside is not reached, however the address is written.
func TestA7_EventWebhookMustBePublic(t *testing.T) {
	onMemory(t, func(t *testing.T, _ *world) {
		for _, address := range []string{"https://127.0.0.1/x", "https://localhost/x", "https://10.0.0.1/"} {
			w, p := withHandover(t, stores.Memory(t))
			w.slots(1, func(m *frontdesk.Mailbox) {
				m.Handover = access
				m.Handover.EventURL = address
			})
			_, err := w.setup.RequestHandover(ctx, w.hears("ann", "Hi").ID)
			require.NoError(t, err)
			w.run()
			assert.Empty(t, p.posts, address)
		}
	})
}

// Foreign bytes never do more than be refused.
func FuzzHandover(f *testing.F) {
	f.Add([]byte(`{"conversation":"x"}`), "acme/berlin")
	f.Add([]byte(`{"channel":"x","thread":"y"}`), "acme/%00")
	f.Add([]byte(`{"conversation":{"a":[`), "/")
	p := &told{status: http.StatusOK}
	d, err := frontdesk.New(frontdesk.Config{Store: stores.Memory(nil), Client: &http.Client{Transport: p},
		Secrets: func(context.Context, string, string) (string, error) { return "the bot", nil }})
	require.NoError(f, err)
	require.NoError(f, d.As(frontdesk.System(tenant)).SaveMailbox(ctx, frontdesk.Mailbox{ID: "berlin", Handover: frontdesk.HandoverAccess{Secret: "bot"}}))
	f.Fuzz(func(t *testing.T, body []byte, path string) {
		r := httptest.NewRequest("POST", "https://desk.example.com/hooks/handover/", bytes.NewReader(body))
		r.URL.RawPath, r.URL.Path = "", "/hooks/handover/"+path
		r.Header.Set("Authorization", bearer)
		rec := httptest.NewRecorder()
		d.Webhooks().ServeHTTP(rec, r)
		assert.Contains(t, []int{400, 401, 404, 413}, rec.Code)
		assert.True(t, json.Valid(rec.Body.Bytes()))
	})
}

func (w *world) bot() *frontdesk.Session {
	return w.desk.As(frontdesk.Actor{Tenant: tenant, Automation: "bot"})
}

func (w *world) requests(conversation string) {
	w.t.Helper()
	_, err := w.bot().RequestHandover(ctx, conversation)
	require.NoError(w.t, err)
}

// botFirst are mailboxes in which an automation asks for a person: of open conversations, or of closed ones.
var botFirst = map[string]func(*frontdesk.Mailbox){
	"open":   func(m *frontdesk.Mailbox) { m.AssignOnFirst = false },
	"closed": func(m *frontdesk.Mailbox) { m.AssignOnFirst, m.Start = false, conversation.Closed },
}

// That somebody was asked for stays when the conversation is merged into another, and leaves with it.
func TestA5_AMergeKeepsTheRequest(t *testing.T) {
	for name, first := range botFirst {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				w.slots(1, first)
				head, part := w.hears("ann", "Hi"), w.hears("bob", "Hi")
				w.requests(part.ID)
				w.merges(head.ID, part.ID)
				_, err := w.jane.Unmerge(ctx, part.ID)
				require.NoError(t, err)
				assert.True(t, w.get(head.ID).Handover.IsZero())
				w.merges(head.ID, part.ID)
				w.signIn(w.joe)
				assert.Equal(t, []string{"joe"}, w.holders(head.ID))
			})
		})
	}
}

// Completing ends the request, and a month in the archive does.
func TestC6_CompletedIsNotHandedOut(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.slots(1, botFirst["closed"])
		c, old := w.hears("ann", "Hi"), w.hears("bob", "Hi")
		w.requests(c.ID)
		w.requests(old.ID)
		w.do(w.jane, c.ID, frontdesk.Complete{})
		w.do(w.jane, old.ID, frontdesk.Archive{})
		w.signIn(w.joe)
		assert.Equal(t, []string{"", ""}, w.holders(c.ID, old.ID))
		assert.True(t, w.get(c.ID).Finished)
		w.clock.Advance(30 * 24 * time.Hour)
		require.NoError(t, w.joe.SignIn(ctx))
		w.hears("bob", "Something new, for the bot")
		assert.Equal(t, []string{""}, w.holders(old.ID))
	})
}
