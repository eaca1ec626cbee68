package broker_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/broker"
	"github.com/frontdesk-go/frontdesk/conversation"
)

// taken is a publisher that takes messages until it fails.
type taken struct {
	topics   []string
	messages []*message.Message
	room     int
}

var errFull = errors.New("no room")

func (p *taken) Publish(topic string, messages ...*message.Message) error {
	if len(p.messages)+len(messages) > p.room {
		return errFull
	}
	p.topics = append(p.topics, topic)
	p.messages = append(p.messages, messages...)
	return nil
}

func (p *taken) Close() error { return nil }

func events() []frontdesk.Event {
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	return []frontdesk.Event{
		{Tenant: "acme", Position: 7, Event: conversation.Event{Type: "message.received", At: at, Actor: conversation.Actor{Kind: "customer"}, Conversation: "c", Message: "m"}},
		{Tenant: "acme", Position: 8, Event: conversation.Event{Type: "conversation.assigned", At: at, Actor: conversation.Actor{Kind: "agent", ID: "jd"}, Conversation: "c", To: "jd/"}},
	}
}

func TestEveryEventIsPublishedInOrder(t *testing.T) {
	p := &taken{room: 10}
	require.NoError(t, broker.Subscriber(p, "desk")(context.Background(), events()))
	require.Len(t, p.messages, 2)
	assert.Equal(t, []string{"desk", "desk"}, p.topics)
	assert.Equal(t, message.Metadata{"tenant": "acme", "type": "message.received", "position": "7"}, p.messages[0].Metadata)
	assert.JSONEq(t, `{"type": "message.received", "timestamp": "2026-03-02T09:00:00Z",
		"data": {"tenant": "acme", "position": 7, "actor": "customer", "conversation": "c", "message": "m"}}`, string(p.messages[0].Payload))
	assert.JSONEq(t, `{"type": "conversation.assigned", "timestamp": "2026-03-02T09:00:00Z",
		"data": {"tenant": "acme", "position": 8, "actor": "agent", "actorId": "jd", "conversation": "c", "to": "jd/"}}`, string(p.messages[1].Payload))
}

func TestFailureIsTheSubscribers(t *testing.T) {
	p := &taken{room: 1}
	err := broker.Subscriber(p, "desk")(context.Background(), events())
	require.ErrorIs(t, err, errFull)
	require.EqualError(t, err, "broker: position 8 of acme: no room")
	p.room = 10
	require.NoError(t, broker.Subscriber(p, "desk")(context.Background(), events()))
	require.Len(t, p.messages, 3)
	assert.Equal(t, p.messages[0].UUID, p.messages[1].UUID, "the same event has the same UUID")
	assert.NotEqual(t, p.messages[1].UUID, p.messages[2].UUID)
}

func TestEndedContextStops(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	p := &taken{room: 10}
	require.ErrorIs(t, broker.Subscriber(p, "desk")(ctx, events()), context.Canceled)
	require.Len(t, p.messages, 1)
	require.ErrorIs(t, p.messages[0].Context().Err(), context.Canceled, "the publisher gets it too")
}

func TestUUIDsTellEventsApart(t *testing.T) {
	one := events()[0]
	seen := map[string]bool{}
	for _, change := range []func(e *frontdesk.Event){
		func(*frontdesk.Event) {},
		func(e *frontdesk.Event) { e.Tenant = "other" },
		func(e *frontdesk.Event) { e.Position = 77 },
		func(e *frontdesk.Event) { e.Type = frontdesk.EventsLost },
	} {
		e := one
		change(&e)
		msg, err := broker.Message(e)
		require.NoError(t, err)
		assert.Len(t, msg.UUID, 36)
		assert.False(t, seen[msg.UUID])
		seen[msg.UUID] = true
	}
	msg, err := broker.Message(one)
	require.NoError(t, err)
	assert.Equal(t, "1a2c5549-8884-593d-b27e-0828f244c4a7", msg.UUID, "it never changes")
}
