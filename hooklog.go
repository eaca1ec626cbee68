package frontdesk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
	"github.com/frontdesk-go/frontdesk/webhook"
)

// HookState says what became of a webhook.
type HookState string

// The states of a webhook.
const (
	HookPending   HookState = "pending"   // to be made, now or at Next
	HookDelivered HookState = "delivered" // answered 2xx
	HookFailed    HookState = "failed"    // tried for the last time
	HookCancelled HookState = "cancelled" // its endpoint was inactive or stopped when it was due
)

// Hook is one event on its way to one endpoint.
type Hook struct {
	ID       string        `json:"id"`       // the header webhook-id: the same in every attempt and replay
	Position int64         `json:"position"` // of the event in the feed; ReplayEvents takes it
	Type     string        `json:"type"`     // of the event
	Body     string        `json:"body"`     // what is posted, the same in every attempt
	State    HookState     `json:"state"`
	Next     time.Time     `json:"next,omitzero"`      // when it is tried again
	Tries    int           `json:"tries,omitempty"`    // since it was queued, or replayed
	Attempts []HookAttempt `json:"attempts,omitempty"` // the last 20
	Made     time.Time     `json:"made"`

	Generation string `json:"generation,omitempty"` // of the endpoint that it is for
	Turn       int    `json:"turn"`                 // of the job that may try it; a replay overtakes the one that waits
}

// HookAttempt is one call of an endpoint.
type HookAttempt struct {
	At     time.Time `json:"at"`
	Status int       `json:"status,omitempty"` // of the answer; 0: there was none
	Error  string    `json:"error,omitempty"`  // why there was none: "address" (not a public one), "secret" (not to be had), "network"
}

const maxHookAttempts = 20

// MaxReplay is how many positions one call of ReplayEvents takes.
const MaxReplay = 200

func hookPrefix(endpoint string) string { return "hook/" + endpoint + "/" }

func hookKey(endpoint string, position int64) store.Key {
	return document("hook", fmt.Sprintf("%s/%019d", endpoint, position))
}

// hookBody is the body of a webhook, in the members that Standard Webhooks recommends.
type hookBody struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      hookData  `json:"data"`
}

type hookData struct {
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

// newHook makes an event's webhook for an endpoint.
func newHook(endpoint *Endpoint, e Event, now time.Time) (Hook, error) {
	content := hookBody{Type: e.Type, Timestamp: e.At, Data: hookData{Tenant: e.Tenant, Position: e.Position, Actor: e.Actor.Kind,
		ActorID: e.Actor.ID, Conversation: e.Conversation, Message: e.Message, Contact: e.Contact, Mailbox: e.Mailbox, Subject: e.Subject,
		From: e.From, To: e.To}}
	body, err := json.Marshal(content)
	if len(body) > webhook.MaxBody { // a large settings document: what changed in it is in the feed
		content.Data.From, content.Data.To = "", ""
		body, err = json.Marshal(content)
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%q/%q/%d", e.Tenant, endpoint.ID, e.Position))
	return Hook{ID: "msg_" + hex.EncodeToString(sum[:16]), Position: e.Position, Type: e.Type, Body: string(body), Made: now, Generation: endpoint.Generation}, err
}

// Hooks returns an endpoint's webhooks, newest first: those whose event is within Config.KeepEvents, or that are not done with. It needs
// an admin. Errors: ErrNotFound, ErrCursor.
func (s *Session) Hooks(ctx context.Context, endpoint, cursor string, limit int) (page Page[Hook], err error) {
	err = s.readFor(ctx, "hooks", toManage, func(t *txn, _ caller) error {
		if limit < 0 || limit > store.MaxLimit {
			return invalid("limit", "%d is not within 0 and %d", limit, store.MaxLimit)
		}
		if _, err := need[Endpoint](t, "webhook", endpoint); err != nil {
			return err
		}
		rows, err := t.desk.store.List(ctx, store.Query{Tenant: t.tenant, Kind: store.Document, Prefix: hookPrefix(endpoint), Limit: limit, Cursor: cursor})
		if err != nil {
			return listError(err)
		}
		page.Next = rows.Cursor
		page.Items, err = decodeAll[Hook](rows.Rows)
		return err
	})
	return page, wrap("hooks", endpoint, err)
}

// ReplayEvents tells an endpoint the events of a range of positions once more, under their old IDs, and returns how many it will be told.
// Those that its filter does not want are left out. from and to are included, and at most MaxReplay apart. It needs an admin. Errors:
// ErrInvalid; ErrNotFound; ErrCursorExpired when the feed no longer holds all of them.
func (s *Session) ReplayEvents(ctx context.Context, endpoint string, from, to int64) (n int, err error) {
	err = s.desk.write(ctx, s.actor.Tenant, "", func(t *txn) error {
		n = 0
		if _, err := t.caller(s.actor, "replay events", toManage); err != nil {
			return err
		}
		e, err := need[Endpoint](t, "webhook", endpoint)
		if err != nil {
			return err
		}
		switch {
		case e.Inactive || !e.Stopped.IsZero():
			return invalid("endpoint", "%q is inactive; save it as active first", endpoint)
		case from < 1 || to < from || to-from >= MaxReplay:
			return invalid("from", "%d to %d is not a range of 1 to %d positions from 1", from, to, MaxReplay)
		}
		n, err = t.replayHooks(e, from, to)
		return err
	})
	return n, wrap("replay events", endpoint, err)
}

func (t *txn) replayHooks(e Endpoint, from, to int64) (n int, err error) {
	keys := []store.Key{document("feed", "head")}
	for p := from; p <= to; p++ {
		keys = append(keys, hookKey(e.ID, p), eventKey(p))
	}
	if err := t.load(keys...); err != nil {
		return 0, err
	}
	t.batch.Ignore(keys[0])
	for p := from; p <= to; p++ {
		h, ok, err := t.pastHook(e, p)
		if err != nil {
			return 0, err
		}
		if !ok {
			continue
		}
		n++
		h.Tries = 0
		if err := t.queueHook(e.ID, h, time.Time{}); err != nil {
			return 0, err
		}
	}
	return n, nil
}

// pastHook is the webhook of a position as it was, or made anew from the feed; ok is false if the endpoint does not want it.
func (t *txn) pastHook(e Endpoint, position int64) (h Hook, ok bool, err error) {
	if row, exists := t.row(hookKey(e.ID, position)); exists {
		h, err = decode[Hook](t, row)
		if err != nil || h.Generation == e.Generation {
			return h, err == nil, err
		}
	}
	row, exists := t.row(eventKey(position))
	if !exists {
		head := feedHead{}
		if row, ok := t.row(document("feed", "head")); ok {
			if head, err = decode[feedHead](t, row); err != nil {
				return h, false, err
			}
		}
		if position > head.Last {
			return h, false, invalid("to", "%d is behind the feed's end, %d", position, head.Last)
		}
		return h, false, ErrCursorExpired
	}
	event, err := decode[Event](t, row)
	if err != nil || !wants(e.Events, event.Type) {
		return h, false, err
	}
	h, err = newHook(&e, event, t.now)
	return h, err == nil, err
}
