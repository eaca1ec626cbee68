// Package broker publishes a Desk's events on a message broker, through github.com/ThreeDotsLabs/watermill: NATS, Kafka, RabbitMQ, Redis
// streams, SQL and whatever else has a publisher for it.
//
//	publisher, err := nats.NewPublisher(…) // github.com/ThreeDotsLabs/watermill-nats/v2/pkg/nats, or another one
//	desk, err := frontdesk.New(frontdesk.Config{Store: store, Subscribers: map[string]frontdesk.Subscriber{
//		"broker": broker.Subscriber(publisher, "frontdesk"),
//	}})
package broker

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/google/uuid"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/conversation"
)

// The metadata of a message.
const (
	Tenant   = "tenant"   // whose event it is. A broker with partitions keeps the order with this as the key
	Type     = "type"     // the event's type
	Position = "position" // of the event in its tenant's feed: 1, 2, 3 …
)

// Subscriber returns a subscriber for frontdesk.Config.Subscribers that publishes every event on a topic, at least once and in the order of
// each tenant. While the broker is away the feed keeps the events, for frontdesk.Config.KeepEvents, and the Desk tries again by
// frontdesk.Config.Retry; what is told again begins with the first event of the last hundred. Who reads leaves out a tenant's positions that
// he has seen, or lets the broker leave out the UUIDs.
//
// The publisher must not answer before the broker has the message: one that sends in the background loses what it holds with the process.
func Subscriber(publisher message.Publisher, topic string) frontdesk.Subscriber {
	return func(ctx context.Context, events []frontdesk.Event) error {
		for _, e := range events { // one by one: a publisher may stop at any of several, and not say where
			msg, err := Message(e)
			if err != nil {
				return err
			}
			msg.SetContext(ctx)
			if err := publisher.Publish(topic, msg); err != nil {
				return fmt.Errorf("broker: position %d of %s: %w", e.Position, e.Tenant, err)
			}
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		return nil
	}
}

// namespace is that of events' UUIDs.
var namespace = uuid.MustParse("6f6a0c8e-5d0b-5b5e-9a55-6a1d6d0a1c7f")

// Message returns an event as it is published. Its UUID, of version 5, is made from tenant, type and position: the same each time.
func Message(e frontdesk.Event) (*message.Message, error) {
	body, err := json.Marshal(payload{Type: e.Type, Timestamp: e.At, Data: data{Tenant: e.Tenant, Position: e.Position, Actor: e.Actor.Kind,
		ActorID: e.Actor.ID, Conversation: e.Conversation, Message: e.Message, Contact: e.Contact, Mailbox: e.Mailbox, Subject: e.Subject,
		From: e.From, To: e.To}})
	if err != nil {
		return nil, fmt.Errorf("broker: position %d of %s: %w", e.Position, e.Tenant, err)
	}
	id := uuid.NewSHA1(namespace, fmt.Appendf(nil, "%q/%q/%d", e.Tenant, e.Type, e.Position))
	msg := message.NewMessage(id.String(), body)
	msg.Metadata = message.Metadata{Tenant: e.Tenant, Type: e.Type, Position: strconv.FormatInt(e.Position, 10)}
	return msg, nil
}

// payload is the body, in the form that a Desk's webhooks have.
type payload struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      data      `json:"data"`
}

type data struct {
	Tenant       string                 `json:"tenant"`
	Position     int64                  `json:"position"`
	Actor        conversation.ActorKind `json:"actor"`
	ActorID      string                 `json:"actorId,omitempty"`
	Conversation string                 `json:"conversation,omitempty"`
	Message      string                 `json:"message,omitempty"`
	Contact      string                 `json:"contact,omitempty"`
	Mailbox      string                 `json:"mailbox,omitempty"`
	Subject      string                 `json:"subject,omitempty"`
	From         string                 `json:"from,omitempty"`
	To           string                 `json:"to,omitempty"`
}
