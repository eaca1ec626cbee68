package frontdesk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/store"
)

// MaxDelivery is the largest webhook body taken, in bytes. Meta documents 3 MB.
const MaxDelivery = 4 << 20

// Webhooks takes the providers' deliveries at /hooks/<kind> and /hooks/<kind>/<channel token>. Each is verified over its raw bytes and
// stored before it is answered: 2xx means that nothing of it can be lost any more, 5xx that the provider should deliver it again, 403
// that it is forged, 404 that no channel is meant, 413 that it is larger than MaxDelivery or names more than 1,000 accounts.
//
// A bot platform asks for an agent with POST /hooks/handover/<tenant>/<mailbox> and the bearer token of the mailbox's HandoverAccess. The
// body names the conversation: {"conversation": "<ID>"} or {"channel": "<ID>", "thread": "<the platform's key>"}, at most 16 KiB. The
// answer is {"conversation": "<ID>", "availability": "available"}, or "nobody" or "outside_hours"; an error is {"error": {"code": …,
// "message": …}} with status 400, 401, 404, 405, 409 (archive, spam or trash), 413, or 503 when it should be asked again. The event
// webhook is told the same, signed as Standard Webhooks 1.0 has it. See Session.RequestHandover.
func (d *Desk) Webhooks() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		res := d.hook(w, r)
		if res.Type != "" {
			w.Header().Set("Content-Type", res.Type)
		}
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.WriteHeader(res.Status)
		_, _ = w.Write(res.Body) // the provider has gone; it will deliver again
	})
}

func status(code int) channel.Response { return channel.Response{Status: code} }

func (d *Desk) hook(w http.ResponseWriter, r *http.Request) channel.Response {
	_, rest, ok := strings.Cut(r.URL.EscapedPath(), "/hooks/")
	kind, token, _ := strings.Cut(strings.TrimSuffix(rest, "/"), "/")
	if ok && kind == kindHandover {
		return d.handoverHook(w, r, token)
	}
	driver, known := d.drivers[kind].(channel.WebhookDriver)
	if !ok || !known || strings.Contains(token, "/") {
		return status(http.StatusNotFound)
	}
	if r.Method != http.MethodPost && r.Method != http.MethodGet {
		w.Header().Set("Allow", "GET, POST")
		return status(http.StatusMethodNotAllowed)
	}
	if d.bound {
		return status(http.StatusServiceUnavailable) // nothing is in before the host commits
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxDelivery))
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return status(http.StatusRequestEntityTooLarge)
	}
	if err != nil {
		return status(http.StatusBadRequest)
	}
	req := &channel.Request{Method: r.Method, URL: d.publicURL(rest, r.URL.RawQuery), Header: r.Header, Body: body, Received: d.now()}
	return d.deliver(r.Context(), kind, token, driver, req)
}

func (d *Desk) publicURL(rest, query string) string {
	u := d.cfg.BaseURL + "/hooks/" + rest
	if query != "" {
		u += "?" + query
	}
	return u
}

// deliver takes one delivery in.
func (d *Desk) deliver(ctx context.Context, kind, token string, driver channel.WebhookDriver, req *channel.Request) channel.Response {
	if h, ok := driver.(channel.Handshaker); ok {
		if res, mine := h.Handshake(req); mine {
			return res
		}
	}
	targets, err := d.targets(ctx, kind, token, driver, req)
	switch {
	case errors.Is(err, errTooMany):
		d.log.WarnContext(ctx, "delivery refused", "kind", kind, "error", err)
		return status(http.StatusRequestEntityTooLarge)
	case err != nil:
		d.log.ErrorContext(ctx, "delivery not stored", "kind", kind, "error", err)
		return status(http.StatusServiceUnavailable)
	case len(targets) == 0:
		return status(http.StatusNotFound)
	}
	for _, target := range targets {
		if h, ok := target.conn.(channel.Handshaker); ok && token != "" {
			if res, mine := h.Handshake(req); mine {
				return res
			}
		}
	}
	known := targets
	if targets = verified(known, req); len(targets) == 0 {
		// Another process may have changed the secret.
		for _, target := range known {
			d.docs.drop(docKey{target.Tenant, document("channel", target.Channel).ID})
		}
		if known, err = d.targets(ctx, kind, token, driver, req); err != nil {
			return status(http.StatusServiceUnavailable)
		}
		targets = verified(known, req)
	}
	if len(targets) == 0 {
		if len(unopened(known)) > 0 {
			return status(http.StatusServiceUnavailable)
		}
		d.log.WarnContext(ctx, "delivery refused: no valid signature", "kind", kind)
		return status(http.StatusForbidden)
	}
	if err := d.takeIn(ctx, kind, token, driver, req, targets, known); err != nil {
		d.log.ErrorContext(ctx, "delivery not stored", "kind", kind, "error", err)
		return status(http.StatusServiceUnavailable)
	}
	if len(unopened(known)) > 0 { // what is in already is recognised when it comes again
		return status(http.StatusServiceUnavailable)
	}
	if a, ok := driver.(channel.Acknowledger); ok {
		return a.Acknowledge(req)
	}
	return status(http.StatusOK)
}

// verified are the channels whose secret signed a delivery.
func verified(known []*target, req *channel.Request) []*target {
	return slices.DeleteFunc(slices.Clone(known), func(target *target) bool { return verify(target.conn, req) != nil })
}

// maxAccounts is how many accounts a delivery may name. Meta puts at most 1,000 updates into one.
const maxAccounts = 1000

var errTooMany = errors.New("frontdesk: the delivery names too many accounts")

// target is a channel that a delivery speaks of.
type target struct {
	route
	doc  Channel
	conn channel.Conn
	err  error // why it could not be opened now, such as a secret that cannot be had: what is for it must be delivered again

	refused []channel.Item // of blocked contacts: nothing of them is kept
}

// unopened are the channels that could not be opened now.
func unopened(known []*target) []*target {
	return slices.DeleteFunc(slices.Clone(known), func(t *target) bool { return t.err == nil })
}

// targets finds the channels of a delivery, those included that cannot be opened now: they keep nothing of the others out. Nothing of it is
// trusted yet.
func (d *Desk) targets(ctx context.Context, kind, token string, driver channel.WebhookDriver, req *channel.Request) ([]*target, error) {
	accounts, err := accounts(driver, req)
	if err != nil { // what it names for all that may still verify it, and keep it for a person
		d.log.WarnContext(ctx, "delivery that cannot be read", "kind", kind, "error", err)
	}
	if len(accounts) > maxAccounts { // nobody has signed it yet, and looking each up is work
		return nil, errTooMany
	}
	keys := make([]store.Key, 0, len(accounts)+1)
	if token != "" {
		keys = append(keys, tokenName(token))
	}
	for _, account := range accounts {
		keys = append(keys, accountName(kind, account))
	}
	routes, err := d.routes(ctx, keys)
	if err != nil {
		return nil, err
	}
	var targets []*target
	for _, key := range keys {
		r, ok := routes[key]
		if !ok || slices.ContainsFunc(targets, func(t *target) bool { return t.route == r }) {
			continue
		}
		target, err := d.target(ctx, kind, r)
		if errors.Is(err, ErrNotFound) || errors.Is(err, ErrInvalid) {
			d.routesCache().drop(key.ID)
			d.log.WarnContext(ctx, "delivery for a channel that cannot be opened", "tenant", r.Tenant, "channel", r.Channel, "error", err)
			continue
		}
		if target.err = err; err != nil {
			target.conn = nil
			d.log.ErrorContext(ctx, "channel of a delivery cannot be opened", "tenant", r.Tenant, "channel", r.Channel, "error", err)
		}
		targets = append(targets, target)
	}
	return targets, nil
}

// target opens the channel a route leads to. An inactive channel takes nothing in.
func (d *Desk) target(ctx context.Context, kind string, r route) (*target, error) {
	out := &target{route: r}
	err := d.view(ctx, r.Tenant, func(t *txn) (err error) {
		out.doc, out.conn, err = t.opened(r.Channel)
		if err == nil && (kind != "" && out.doc.Kind != kind || out.doc.Inactive) {
			err = fmt.Errorf("channel %q: %w", r.Channel, ErrNotFound)
		}
		return err
	})
	return out, err
}

// takeIn stores everything a verified delivery says. An error is the store's: the provider delivers again. What cannot be parsed or
// decided is kept raw and blocks nothing. known are all channels that the delivery speaks of, also those that did not verify it.
func (d *Desk) takeIn(ctx context.Context, kind, token string, driver channel.WebhookDriver, req *channel.Request, targets, known []*target) error {
	items, unread := parse(driver, req)
	shared := slices.ContainsFunc(known, func(t *target) bool { return t.Tenant != known[0].Tenant })
	taking := slices.Concat(targets, unopened(known))
	for i, to := range targets {
		reason := d.receiveAll(ctx, to, to.items(items, taking), "")
		if reason != nil && !isRaw(reason) {
			return reason
		}
		// What could not be parsed may have been for any of the tenants: each keeps it once.
		if !slices.ContainsFunc(targets[:i], func(o *target) bool { return o.Tenant == to.Tenant }) {
			reason = errors.Join(unread, reason)
		}
		if reason == nil {
			continue
		}
		if err := d.keepRaw(ctx, to, kind, token, without(req, targets), ofTenant(targets, to.Tenant), shared, reason); err != nil {
			return err
		}
	}
	return nil
}

// ofTenant are the IDs of a tenant's channels among those that verified a delivery.
func ofTenant(targets []*target, tenant string) (ids []string) {
	for _, t := range targets {
		if t.Tenant == tenant {
			ids = append(ids, t.Channel)
		}
	}
	return ids
}

// items are those for this channel: of its account, or that fall back to it because the account they are for is no channel of all that
// verified the delivery or may yet do so.
func (t *target) items(items []channel.Item, all []*target) []channel.Item {
	var mine []channel.Item
	for _, item := range items {
		account := item.Account
		if item.Fallback != "" && !slices.ContainsFunc(all, func(o *target) bool { return o.doc.Account == account }) {
			account = item.Fallback
		}
		if account == t.doc.Account {
			mine = append(mine, item)
		}
	}
	return mine
}

// accounts guards against a driver that panics on bytes that nobody has verified.
func accounts(driver channel.WebhookDriver, req *channel.Request) (names []string, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return driver.Accounts(req)
}

// verify checks a delivery's signature. A driver that panics on it has not found it valid.
func verify(conn channel.Conn, req *channel.Request) (err error) {
	v, ok := conn.(channel.Verifier)
	if !ok {
		return channel.ErrSignature
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return v.Verify(req)
}

// parse guards against a driver that panics on foreign bytes.
func parse(driver channel.WebhookDriver, req *channel.Request) (items []channel.Item, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return driver.Parse(req)
}
