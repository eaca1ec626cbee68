package loopback_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/channeltest"
	"github.com/frontdesk-go/frontdesk/channel/loopback"
	"github.com/frontdesk-go/frontdesk/conversation"
)

func open(t testing.TB, d *loopback.Driver, s channel.Settings) channel.Conn {
	t.Helper()
	c, err := d.Open(t.Context(), s)
	require.NoError(t, err)
	return c
}

func part(id, text string) channel.Part {
	return channel.Part{Outgoing: channel.Outgoing{Message: id, Thread: "ann", Text: text, To: []conversation.Identity{{Scope: "loopback", Address: "ann"}}}, Of: 1}
}

func TestOutcomes(t *testing.T) {
	d := loopback.New()
	c := open(t, d, channel.Settings{Account: "shop"})
	refusal := &channel.Error{Class: channel.Content, Code: "7"}
	d.Next("shop",
		loopback.Outcome{Err: refusal},
		loopback.Outcome{Err: errors.New("no answer"), Taken: true},
		loopback.Outcome{Panic: "boom"},
		loopback.Outcome{Sent: channel.Sent{ID: "given", Delivery: conversation.Delivered}},
	)
	_, err := c.Send(t.Context(), part("1", "a"))
	assert.ErrorIs(t, err, refusal)
	_, err = c.Send(t.Context(), part("2", "b"))
	assert.Equal(t, channel.Unknown, channel.AsError(err).Class)
	assert.PanicsWithValue(t, "boom", func() { _, _ = c.Send(t.Context(), part("3", "c")) })
	sent, err := c.Send(t.Context(), part("4", "d"))
	require.NoError(t, err)
	assert.Equal(t, channel.Sent{ID: "given", Delivery: conversation.Delivered}, sent)

	var texts []string
	var taken []bool
	for _, call := range d.Sent("shop") {
		texts = append(texts, call.Part.Text)
		taken = append(taken, call.Taken)
	}
	assert.Equal(t, []string{"a", "b", "c", "d"}, texts)
	assert.Equal(t, []bool{false, true, true, true}, taken)
	assert.Empty(t, d.Sent("branch"))
}

func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := loopback.New()
		c := open(t, d, channel.Settings{Account: "shop"})
		begun, release := make(chan struct{}), make(chan struct{})
		d.Next("shop", loopback.Outcome{Begun: begun, Wait: release}, loopback.Outcome{Wait: make(chan struct{})})
		done := make(chan error)
		go func() {
			_, err := c.Send(t.Context(), part("1", "a"))
			done <- err
		}()
		<-begun
		assert.Len(t, d.Sent("shop"), 1, "a call is recorded when it arrives")
		close(release)
		assert.NoError(t, <-done)

		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			_, err := c.Send(ctx, part("2", "b"))
			done <- err
		}()
		synctest.Wait()
		cancel()
		err := <-done
		assert.ErrorIs(t, err, context.Canceled)
		assert.Equal(t, channel.Unknown, channel.AsError(err).Class)
	})
}

func TestSharedProvider(t *testing.T) {
	d := loopback.New()
	one, two := open(t, d, channel.Settings{Account: "shop"}), open(t, d, channel.Settings{Account: "shop"})
	a, err := one.Send(t.Context(), part("1", "a"))
	require.NoError(t, err)
	found, err := two.(channel.Finder).Find(t.Context(), part("1", "a"))
	require.NoError(t, err)
	assert.Equal(t, a.ID, found.ID)
	_, err = two.(channel.Finder).Find(t.Context(), part("2", "a"))
	assert.ErrorIs(t, err, channel.ErrNotFound)
}

func TestScriptedFailures(t *testing.T) {
	d := loopback.New()
	c := open(t, d, channel.Settings{Account: "shop"})
	down := errors.New("down")
	a := d.AddFile("shop", "a.txt", "text/plain", []byte("content"))
	d.AddBatch("shop", channel.Item{Thread: "ann", Message: &channel.Message{ID: "1"}})
	calls := map[loopback.Op]func() error{
		loopback.Find: func() error { _, err := c.(channel.Finder).Find(t.Context(), part("1", "")); return err },
		loopback.Poll: func() error { _, err := c.(channel.Poller).Poll(t.Context(), ""); return err },
		loopback.Fetch: func() error {
			f, err := c.(channel.Fetcher).Fetch(t.Context(), a, 100)
			if err == nil {
				_, err = io.ReadAll(f.Body)
			}
			return err
		},
		loopback.Do: func() error {
			return c.(channel.Actor).Act(t.Context(), "ann", conversation.Action{ID: "refund"}, "5")
		},
		loopback.Test: func() error { _, err := c.(channel.Tester).Test(t.Context()); return err },
	}
	_, err := c.Send(t.Context(), part("1", ""))
	require.NoError(t, err)
	for op, call := range calls {
		assert.NoError(t, call(), op)
		d.Fail("shop", op, down, nil, down)
		assert.ErrorIs(t, call(), down, op)
		assert.NoError(t, call(), op)
		assert.ErrorIs(t, call(), down, op)
		assert.NoError(t, call(), op)
	}
	assert.Equal(t, loopback.Act{Thread: "ann", Action: conversation.Action{ID: "refund"}, Input: "5"}, d.Acts("shop")[0])
	assert.Len(t, d.Acts("shop"), 3)
}

func TestDeliver(t *testing.T) {
	d := &loopback.Driver{Secret: "s3cret", URL: "https://example.com/hooks/loopback?a=b"}
	h := d.Deliver(channel.Item{Account: "shop", Thread: "ann", Message: &channel.Message{ID: "1", Text: "hi"}}, channel.Item{Account: "branch", Unsend: &channel.Unsend{ID: "1"}})
	assert.Equal(t, "https://example.com/hooks/loopback?a=b", h.URL.String())
	body, err := io.ReadAll(h.Body)
	require.NoError(t, err)
	r := &channel.Request{Method: h.Method, URL: h.URL.String(), Header: h.Header, Body: body}
	assert.NoError(t, open(t, d, channel.Settings{Account: "shop"}).(channel.Verifier).Verify(r))
	other := open(t, d, channel.Settings{Account: "shop", Secret: "another"}).(channel.Verifier)
	assert.ErrorIs(t, other.Verify(r), channel.ErrSignature)
	names, err := d.Accounts(r)
	require.NoError(t, err)
	assert.Equal(t, []string{"shop", "branch"}, names)
}

func TestDamagedDelivery(t *testing.T) {
	tests := []struct {
		name, body string
		items      int
		unknown    string
		malformed  bool
	}{
		{"nothing", `{"items":[]}`, 0, "", false},
		{"an item of no kind", `{"items":[{"Account":"shop","Thread":"ann"}]}`, 1, "unknown", false},
		{"cut after the first", `{"items":[{"Account":"shop","Message":{"ID":"1"}},{"Acc`, 1, "", true},
		{"an item of two kinds", `{"items":[{"Account":"shop","Message":{"ID":"1"}},{"Edit":{},"Unsend":{}}]}`, 1, "", true},
		{"no object", `[1]`, 0, "", true},
	}
	d := loopback.New()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			items, err := d.Parse(d.Sign([]byte(tt.body)))
			assert.Equal(t, tt.malformed, errors.Is(err, channel.ErrMalformed), "%v", err)
			require.Len(t, items, tt.items)
			if tt.items > 0 {
				assert.Equal(t, tt.unknown, items[0].Message.Unsupported)
			}
		})
	}
}

func TestHandshake(t *testing.T) {
	d := loopback.New()
	got, ok := d.Handshake(&channel.Request{Method: http.MethodGet, URL: "https://x/?challenge=a%20b"})
	assert.True(t, ok)
	assert.Equal(t, channel.Response{Status: 200, Type: "text/plain", Body: []byte("a b")}, got)
	for _, r := range []*channel.Request{{Method: http.MethodPost, URL: "https://x/?challenge=a"}, {Method: http.MethodGet, URL: "https://x/"}, {Method: http.MethodGet, URL: "%"}} {
		_, ok := d.Handshake(r)
		assert.False(t, ok, "%+v", r)
	}
}

func TestPlanInParts(t *testing.T) {
	d := loopback.New()
	c := open(t, d, channel.Settings{Account: "shop", Options: map[string]string{"part_files": "2"}})
	files := []conversation.Attachment{{Name: "1"}, {Name: "2"}, {Name: "3"}}
	for i := range files {
		files[i].Type = "image/png"
	}
	parts, err := c.(channel.Planner).Plan(channel.Outgoing{Message: "m", Text: "see", Attachments: files})
	require.NoError(t, err)
	require.Len(t, parts, 2)
	assert.Equal(t, "see", parts[0].Text)
	assert.Empty(t, parts[1].Text)
	assert.Equal(t, files[2:], parts[1].Attachments)
}

func FuzzWebhook(f *testing.F) {
	d := loopback.New()
	message := channel.Item{Account: "shop", Thread: "ann", Message: &channel.Message{ID: "1", Text: "hi"}}
	unsend := channel.Item{Account: "shop", Unsend: &channel.Unsend{ID: "1"}}
	channeltest.FuzzWebhook(f, d, open(f, d, channel.Settings{Account: "shop"}), d.Request(message, unsend), d.Sign([]byte(`{"items":[{"Account":"shop"}]}`)))
}
