package frontdesk

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/frontdesk-go/frontdesk/internal/outbound"
	"github.com/frontdesk-go/frontdesk/store"
	"github.com/frontdesk-go/frontdesk/webhook"
)

// hookRetry are the pauses after the attempts of a webhook, those that Standard Webhooks gives as its example: ten attempts in three days.
var hookRetry = []time.Duration{5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour,
	20 * time.Hour, 24 * time.Hour}

// hookGroup is the group of an endpoint's webhooks: one worker at a time makes them, so that a dead endpoint holds only itself.
func hookGroup(endpoint string) string { return "hook/" + endpoint }

// hookJob is one attempt, or the end of a deleted endpoint's log.
type hookJob struct {
	Position int64 `json:"position,omitempty"`
	Turn     int   `json:"turn,omitempty"`
	Drop     bool  `json:"drop,omitempty"`
}

// fanOut makes the webhooks of events.
func (t *txn) fanOut(events []Event) error {
	endpoints, err := documents[Endpoint](t, "webhook/")
	if err != nil {
		return err
	}
	// A replay may have overtaken: its webhook is there already.
	var keys []store.Key
	for i := range endpoints {
		for _, event := range events {
			if endpoints[i].told(event.Type) {
				keys = append(keys, hookKey(endpoints[i].ID, event.Position))
			}
		}
	}
	if err := t.load(keys...); err != nil {
		return err
	}
	for i := range endpoints {
		e := &endpoints[i]
		for _, event := range events {
			if !e.told(event.Type) {
				continue
			}
			if row, replayed := t.row(hookKey(e.ID, event.Position)); replayed {
				old, err := notIts(t, *e, row)
				if err != nil {
					return err
				}
				if !old {
					continue
				}
			}
			h, err := newHook(e, event, t.now)
			if err != nil {
				return err
			}
			if err := t.queueHook(e.ID, h, time.Time{}); err != nil {
				return err
			}
		}
		if err := t.trimHooks(e.ID, events[0].Position, 2*len(events)); err != nil {
			return err
		}
	}
	return nil
}

// queueHook has a webhook tried at a time, or at once.
func (t *txn) queueHook(endpoint string, h Hook, due time.Time) error {
	h.State, h.Next = HookPending, due
	h.Turn++
	id := fmt.Sprintf("%s/%d/%d", hookGroup(endpoint), h.Position, h.Turn)
	if err := t.enqueue(hookGroup(endpoint), id, due, hookJob{Position: h.Position, Turn: h.Turn}); err != nil {
		return err
	}
	return t.put(store.Row{Key: hookKey(endpoint, h.Position)}, formatDocument, h)
}

// trimHooks drops up to n webhooks from the beginning of an endpoint's log that are older than the feed keeps events: more than came.
func (t *txn) trimHooks(endpoint string, before int64, n int) error {
	page, err := t.desk.store.List(t.ctx, store.Query{Tenant: t.tenant, Kind: store.Document, Prefix: hookPrefix(endpoint), Ascending: true, Limit: n})
	if err != nil {
		return err
	}
	for _, row := range page.Rows {
		var h Hook
		if _, err := store.Decode(row.Body, &h); err != nil {
			return fmt.Errorf("%s: %w", row.Key, err)
		}
		if h.State == HookPending || t.now.Sub(h.Made) < t.desk.cfg.KeepEvents || h.Position >= before {
			return nil
		}
		t.adopt([]store.Row{row})
		t.remove(row.Key)
	}
	return nil
}

// hook makes an endpoint's webhooks, each in order of its event at the first attempt. One that fails waits alone.
func (w *work) hook(ctx context.Context) error {
	endpoint := strings.TrimPrefix(w.lease.Group, "hook/")
	for i, job := range w.lease.Jobs {
		var j hookJob
		if _, err := store.Decode(job.Body, &j); err != nil {
			return err
		}
		if j.Drop {
			err := w.dropDocuments(ctx, endpointKey(endpoint), hookPrefix(endpoint), func(t *txn, now, row store.Row) (bool, error) {
				e, err := decode[Endpoint](t, now)
				if err != nil {
					return false, err
				}
				return notIts(t, e, row)
			})
			if err != nil {
				return err
			}
		}
		if err := w.hookOnce(ctx, endpoint, job, j, i == len(w.lease.Jobs)-1); err != nil {
			return err
		}
	}
	return nil
}

// notIts reports whether a webhook was made for an endpoint that was deleted before the one that has its ID now.
func notIts(t *txn, e Endpoint, row store.Row) (bool, error) {
	h, err := decode[Hook](t, row)
	return h.Generation != e.Generation, err
}

// hookOnce makes one attempt. Nothing is written before it: a worker that is lost meanwhile leaves it to be made again, which receivers
// know by the ID.
func (w *work) hookOnce(ctx context.Context, endpoint string, job store.Job, j hookJob, last bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := w.held(); err != nil {
		return err
	}
	var call *hookCall
	err := w.desk.view(ctx, w.lease.Tenant, func(t *txn) (err error) {
		if call, err = t.hookCall(endpoint, j); call != nil {
			call.secrets, call.refused = t.signers(call.endpoint)
		}
		return err
	})
	if err != nil {
		return err
	}
	var result HookAttempt
	var after time.Duration
	ctx, cancel := unbroken(ctx)
	defer cancel()
	if call != nil && call.endpoint.told("") {
		result, after = w.desk.callHook(ctx, call)
	}
	return w.desk.write(ctx, w.lease.Tenant, "", func(t *txn) error {
		w.finish(t, job, last)
		now, err := t.hookCall(endpoint, j)
		if err != nil || now == nil {
			return err
		}
		return t.hookResult(now, result, after)
	})
}

// hookCall is what an attempt needs.
type hookCall struct {
	endpoint Endpoint
	hook     Hook
	secrets  []string
	refused  error // by the keeper of secrets
}

// hookCall loads what an attempt needs; nil if there is none to be made any more.
func (t *txn) hookCall(endpoint string, j hookJob) (*hookCall, error) {
	if j.Drop {
		return nil, nil
	}
	if err := t.load(endpointKey(endpoint), hookKey(endpoint, j.Position)); err != nil {
		return nil, err
	}
	at, exists := t.row(endpointKey(endpoint))
	row, ok := t.row(hookKey(endpoint, j.Position))
	if !exists || !ok {
		return nil, nil
	}
	e, err := decode[Endpoint](t, at)
	if err != nil {
		return nil, err
	}
	h, err := decode[Hook](t, row)
	if err != nil || h.State != HookPending || h.Turn != j.Turn || h.Generation != e.Generation {
		return nil, err
	}
	e.Events = nil // it was wanted when it was queued
	return &hookCall{endpoint: e, hook: h}, nil
}

// callHook makes the call.
func (d *Desk) callHook(ctx context.Context, c *hookCall) (a HookAttempt, after time.Duration) {
	now := d.now().UTC()
	a.At = now.Truncate(time.Microsecond)
	if c.refused != nil {
		a.Error = "secret"
		return a, 0
	}
	header, err := webhook.Sign(c.hook.ID, now, []byte(c.hook.Body), c.secrets...)
	if err != nil {
		a.Error = "secret"
		return a, 0
	}
	header.Set("Content-Type", "application/json")
	header.Set("User-Agent", "frontdesk")
	answer, err := d.endpoints.Post(ctx, c.endpoint.URL, header, []byte(c.hook.Body))
	switch {
	case errors.Is(err, outbound.ErrAddress):
		a.Error = "address"
	case err != nil:
		a.Error = "network"
		d.log.WarnContext(ctx, "webhook", "endpoint", c.endpoint.ID, "position", c.hook.Position, "error", err)
	}
	a.Status = answer.Status
	return a, answer.RetryAfter()
}

// hookResult notes what became of an attempt. A zero attempt was not made, because its endpoint is told nothing.
func (t *txn) hookResult(c *hookCall, a HookAttempt, after time.Duration) error {
	h := c.hook
	if a.At.IsZero() {
		h.State, h.Next = HookCancelled, time.Time{}
		return t.put(store.Row{Key: hookKey(c.endpoint.ID, h.Position)}, formatDocument, h)
	}
	h.Tries++
	h.Attempts = append(h.Attempts, a)
	h.Attempts = h.Attempts[max(0, len(h.Attempts)-maxHookAttempts):]
	h.Next = time.Time{}
	switch {
	case a.Status >= 200 && a.Status <= 299:
		h.State = HookDelivered
	case a.Status == http.StatusGone || h.Tries > len(hookRetry):
		h.State = HookFailed
	default:
		return t.queueHook(c.endpoint.ID, h, t.now.Add(max(hookRetry[h.Tries-1], after)))
	}
	if err := t.put(store.Row{Key: hookKey(c.endpoint.ID, h.Position)}, formatDocument, h); err != nil || a.Status != http.StatusGone {
		return err
	}
	return t.stopEndpoint(c.endpoint.ID)
}

// stopEndpoint ends what an endpoint is told that wants no more.
func (t *txn) stopEndpoint(id string) error {
	row, _ := t.row(endpointKey(id))
	e, err := decode[Endpoint](t, row)
	if err != nil {
		return err
	}
	e.Stopped = t.now
	return t.saveDocument(caller{Actor: System(t.tenant)}, endpointKey(id), e)
}
