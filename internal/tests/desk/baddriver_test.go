package desk_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/loopback"
	"github.com/frontdesk-go/frontdesk/conversation"
)

// opener is a driver whose Open does something else.
type opener struct {
	*loopback.Driver
	open func() (channel.Conn, error)
}

func (o *opener) Open(context.Context, channel.Settings) (channel.Conn, error) { return o.open() }

// A channel that the driver cannot open, though it could before, is down: what comes is delivered again, what is to go out waits.
func TestDriverThatPanicsOnOpening(t *testing.T) {
	for name, open := range map[string]func() (channel.Conn, error){
		"panics":        func() (channel.Conn, error) { panic("no such secret") },
		"gives nothing": func() (channel.Conn, error) { return nil, nil },
	} {
		t.Run(name, func(t *testing.T) {
			onMemory(t, func(t *testing.T, w *world) {
				c := w.hears("ann", "Hi")
				m, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "x"})
				require.NoError(t, err)
				other := w.open(func(cfg *frontdesk.Config) { cfg.Drivers = channel.Drivers{&opener{w.provider, open}} })
				require.NotPanics(t, func() {
					rec := httptest.NewRecorder()
					other.Webhooks().ServeHTTP(rec, w.provider.Deliver(channel.Item{Account: "shop", Thread: "t", Message: &channel.Message{ID: "m", Text: "x"}}))
					assert.Equal(t, http.StatusServiceUnavailable, rec.Code)
					require.NoError(t, other.RunDue(ctx))
					_, err := other.As(frontdesk.System(tenant)).AddChannel(ctx, frontdesk.Channel{Kind: "loopback", Mailbox: "berlin", Account: "new"})
					assert.Error(t, err)
				})
				m, err = w.jane.Message(ctx, m.ID)
				require.NoError(t, err)
				assert.Equal(t, conversation.Queued, m.Delivery)
			})
		})
	}
}

// However much a provider says of a refusal, it is noted at once.
func TestRefusalOfManyWords(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		w.provider.Next("shop", loopback.Outcome{Err: &channel.Error{Class: channel.Content, Code: "7", Detail: strings.Repeat("\x01", 4<<20)}})
		m, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "x"})
		require.NoError(t, err)
		w.run()
		m, err = w.jane.Message(ctx, m.ID)
		require.NoError(t, err)
		assert.Equal(t, conversation.Failed, m.Delivery)
		assert.Less(t, len(m.Failure.Detail), 3000)
	})
}

// planner makes a message so many calls.
type planner struct {
	channel.Conn
	parts int
}

func (p planner) Plan(m channel.Outgoing) ([]channel.Part, error) {
	return slices.Repeat([]channel.Part{{Outgoing: m, Of: p.parts}}, p.parts), nil
}

// A message that a driver makes hundreds of calls of is refused before any of them.
func TestPlanWithoutEnd(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		conn, err := w.provider.Open(ctx, channel.Settings{Channel: w.chat.ID, Account: "shop", Secret: "loopback-secret"})
		require.NoError(t, err)
		other := w.open(func(cfg *frontdesk.Config) {
			cfg.Drivers = channel.Drivers{&opener{w.provider, func() (channel.Conn, error) { return planner{conn, 10_000}, nil }}}
		})
		m, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "x"})
		require.NoError(t, err)
		require.NoError(t, other.RunDue(ctx))
		m = w.message(m.ID)
		assert.Equal(t, conversation.Failed, m.Delivery)
		assert.Contains(t, m.Failure.Detail, "at most 500")
		assert.Empty(t, w.texts())
	})
}

// A message that nobody could recognise or place is kept as it came, with the reason; those around it are in.
func TestMessagesWithoutIDOrThread(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		whole := func(id string) channel.Item {
			return channel.Item{Account: "shop", Thread: "ann", Message: &channel.Message{ID: id, Text: id}}
		}
		bare, astray := whole(""), whole("3")
		bare.Message.Text, astray.Thread = "bare", ""
		assert.Equal(t, http.StatusOK, w.hook(whole("1"), bare, whole("2"), astray))
		assert.Equal(t, 2, w.current("ann").Messages)
		page, err := w.setup.Deliveries(ctx, "", 0)
		require.NoError(t, err)
		require.Len(t, page.Items, 1)
		assert.Contains(t, page.Items[0].Reason, "item 2 of 4: a message without the provider's ID")
		assert.Contains(t, page.Items[0].Reason, "item 4 of 4: a message without a thread's key")
	})
}
