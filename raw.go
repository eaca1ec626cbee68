package frontdesk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// Delivery is a provider's delivery that could not be understood. It is kept as it came, so that nothing accepted is lost, and can be
// replayed once the reason is gone.
type Delivery struct {
	ID     string      `json:"id"`
	Kind   string      `json:"kind"`
	Token  string      `json:"token,omitempty"`
	Method string      `json:"method"`
	URL    string      `json:"url"`
	Header http.Header `json:"header"`
	Body   []byte      `json:"body"`
	Since  time.Time   `json:"since"`
	Reason string      `json:"reason"`
	Tries  int         `json:"tries"`

	Channel  string   `json:"channel,omitempty"`  // of a poll: Body is then its items in JSON
	Verified []string `json:"verified,omitempty"` // of a webhook: the tenant's channels that it was verified for; nobody else's items are taken in from it

	Shared bool `json:"shared,omitempty"` // it speaks of other tenants too, so that nobody is shown its body
}

// keepRaw stores a verified delivery that could not be parsed or decided. The same bytes are kept once.
func (d *Desk) keepRaw(ctx context.Context, target *target, kind, token string, req *channel.Request, verified []string, shared bool, reason error) error {
	sum := sha256.Sum256(append([]byte(req.Method+" "+req.URL+"\n"), req.Body...))
	raw := Delivery{ID: "raw-" + hex.EncodeToString(sum[:16]), Kind: kind, Token: token, Method: req.Method, URL: req.URL,
		Header: req.Header.Clone(), Body: req.Body, Since: d.now().UTC(), Reason: conversation.CleanText(reason.Error()), Tries: 1,
		Verified: verified, Shared: shared}
	d.log.ErrorContext(ctx, "delivery kept for a person to look at", "tenant", target.Tenant, "delivery", raw.ID, "error", reason)
	return d.write(ctx, target.Tenant, "", func(t *txn) error { return t.keep(raw) })
}

// keep writes a delivery, or counts one more try of it.
func (t *txn) keep(raw Delivery) error {
	if err := t.load(deliveryKey(raw.ID)); err != nil {
		return err
	}
	if row, ok := t.row(deliveryKey(raw.ID)); ok {
		old, err := decode[Delivery](t, row)
		if err != nil {
			return err
		}
		raw.Since, raw.Tries = old.Since, old.Tries+1
	}
	return t.putDelivery(&raw)
}

// maxPolled is how large a polled batch is kept for a person, in bytes of JSON: its row holds it in base64.
const maxPolled = 5 << 20

// keepPolled stores a polled batch of which something could not be decided, and moves the cursor behind it: it blocks nothing.
func (d *Desk) keepPolled(ctx context.Context, target *target, polled channel.Polled, reason error) error {
	body, err := json.Marshal(slices.DeleteFunc(slices.Clone(polled.Items), target.refuses))
	if err != nil {
		reason = errors.Join(reason, err)
	}
	if len(body) > maxPolled {
		reason, body = fmt.Errorf("%w (%d bytes, too large to be kept)", reason, len(body)), nil
	}
	sum := sha256.Sum256(append([]byte(target.Channel+"\n"+polled.Cursor+"\n"), body...))
	raw := Delivery{ID: "raw-" + hex.EncodeToString(sum[:16]), Kind: target.doc.Kind, Channel: target.Channel, Body: body, Since: d.now().UTC(),
		Reason: conversation.CleanText(reason.Error()), Tries: 1}
	d.log.ErrorContext(ctx, "polled items kept for a person to look at", "tenant", target.Tenant, "delivery", raw.ID, "error", reason)
	return d.write(ctx, target.Tenant, "", func(t *txn) error {
		if err := t.saveCursor(target.Channel, polled.Cursor); err != nil {
			return err
		}
		return t.keep(raw)
	})
}

func (t *txn) putDelivery(raw *Delivery) error {
	return t.put(store.Row{Key: deliveryKey(raw.ID), Facts: []store.Fact{{Name: "state", Value: "raw", Order: raw.Since.UnixMicro()}}}, formatDelivery, raw)
}

// Deliveries returns what could not be understood, oldest first, at most 1,000 a page. It needs an admin. Errors: ErrInvalid, ErrCursor.
func (s *Session) Deliveries(ctx context.Context, cursor string, limit int) (page Page[Delivery], err error) {
	err = s.readFor(ctx, "deliveries", toManage, func(t *txn, _ caller) error {
		if limit < 0 || limit > store.MaxLimit {
			return invalid("limit", "%d is not within 0 and %d", limit, store.MaxLimit)
		}
		rows, err := t.desk.store.List(ctx, store.Query{Tenant: t.tenant, Kind: store.Delivery, Fact: "state", Value: "raw", Ascending: true,
			Limit: limit, Cursor: cursor})
		if err != nil {
			return err
		}
		page.Next = rows.Cursor
		page.Items, err = decodeAll[Delivery](rows.Rows)
		for i := range page.Items {
			if page.Items[i].Shared {
				page.Items[i].Body = nil
			}
		}
		return err
	})
	return page, wrap("deliveries", "", listError(err))
}

// Replay takes a kept delivery in again. What of it is in already is recognised. Once all of it is in, the kept copy is dropped. It needs
// an admin.
func (s *Session) Replay(ctx context.Context, id string) error {
	return wrap("replay", id, s.replay(ctx, id))
}

func (s *Session) replay(ctx context.Context, id string) error {
	d := s.desk
	if store.CheckText(id, false) != "" || !strings.HasPrefix(id, "raw-") {
		return ErrNotFound
	}
	var raw Delivery
	err := s.readFor(ctx, "replay", toManage, func(t *txn, _ caller) error {
		if err := t.load(deliveryKey(id)); err != nil {
			return err
		}
		row, ok := t.row(deliveryKey(id))
		if !ok {
			return ErrNotFound
		}
		var err error
		raw, err = decode[Delivery](t, row)
		return err
	})
	if err != nil {
		return err
	}
	if err := d.takeAgain(ctx, s.actor.Tenant, &raw); err != nil {
		return err
	}
	return d.write(ctx, s.actor.Tenant, "", func(t *txn) error {
		if err := t.load(deliveryKey(id)); err != nil {
			return err
		}
		if _, ok := t.row(deliveryKey(id)); ok {
			t.remove(deliveryKey(id))
		}
		return nil
	})
}

// takeAgain parses and decides a kept delivery for the channels of the tenant that keeps it. It was verified when it came.
func (d *Desk) takeAgain(ctx context.Context, tenant string, raw *Delivery) error {
	if raw.Channel != "" {
		return d.takePolledAgain(ctx, tenant, raw)
	}
	driver, ok := d.drivers[raw.Kind].(channel.WebhookDriver)
	if !ok {
		return invalid("Kind", "no driver of kind %q takes webhooks", raw.Kind)
	}
	req := &channel.Request{Method: raw.Method, URL: raw.URL, Header: raw.Header, Body: raw.Body, Received: raw.Since}
	items, err := parse(driver, req)
	if err != nil {
		return fmt.Errorf("still not understood: %w", err)
	}
	targets, err := d.targets(ctx, raw.Kind, raw.Token, driver, req)
	if err != nil {
		return err
	}
	var failed error
	found := false
	targets = slices.DeleteFunc(targets, func(o *target) bool {
		return o.Tenant != tenant || len(raw.Verified) > 0 && !slices.Contains(raw.Verified, o.Channel)
	})
	for _, target := range targets {
		found = true
		if target.err != nil {
			failed = errors.Join(failed, target.err)
			continue
		}
		failed = errors.Join(failed, d.receiveAll(ctx, target, target.items(items, targets), ""))
	}
	if !found {
		return invalid("delivery", "no channel that it is for is active; activate or connect it first")
	}
	return failed
}

func (d *Desk) takePolledAgain(ctx context.Context, tenant string, raw *Delivery) error {
	var items []channel.Item
	if err := json.Unmarshal(raw.Body, &items); err != nil {
		return fmt.Errorf("what was polled is not kept: %w", err)
	}
	target, err := d.target(ctx, "", route{Tenant: tenant, Channel: raw.Channel})
	if err != nil {
		return err
	}
	return d.receiveAll(ctx, target, items, "")
}

func decodeAll[T any](rows []store.Row) ([]T, error) {
	out := make([]T, len(rows))
	for i, row := range rows {
		if _, err := store.Decode(row.Body, &out[i]); err != nil {
			return nil, fmt.Errorf("%s: %w", row.Key, err)
		}
	}
	return out, nil
}

// listError turns a store's refusal of a cursor into the Desk's.
func listError(err error) error {
	if errors.Is(err, store.ErrCursor) {
		return ErrCursor
	}
	return err
}
