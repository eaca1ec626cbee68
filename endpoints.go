package frontdesk

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
	"github.com/frontdesk-go/frontdesk/webhook"
)

// Endpoint is an address of the host's systems that is told what happens, by webhooks signed as Standard Webhooks 1.0 says. What is told
// holds IDs and codes, never text or addresses of customers. Package webhook verifies it on the other side.
type Endpoint struct {
	ID     string   `json:"id"`
	Name   string   `json:"name,omitempty"`
	URL    string   `json:"url"`              // public and https, unless Config.PrivateEndpoints; at most 2,000 bytes
	Events []string `json:"events,omitempty"` // types of events, such as "message.received", or "message.*" for all of an area; at most 100. Defaults to all

	// Secret is a reference, resolved by Config.Secrets to "whsec_" and the base64 of 24 to 64 bytes. While receivers change over from one
	// secret to the next, Previous is the old one's: both sign.
	Secret   string `json:"secret"`
	Previous string `json:"previous,omitempty"`

	Inactive bool `json:"inactive,omitempty"` // is told nothing; ReplayEvents tells it later

	// Stopped is when the address answered 410, that it wants no more; the Desk keeps it. It is told nothing until it is saved with another
	// URL, or as inactive and then as active again.
	Stopped time.Time `json:"stopped,omitzero"`

	Generation string `json:"generation,omitempty"` // tells it from one of its ID that was deleted; the Desk keeps it
}

// Limits of endpoints.
const (
	MaxEndpoints  = 20 // of a tenant
	maxURL        = 2000
	maxEventTypes = 100
)

func endpointKey(id string) store.Key { return document("webhook", id) }

// told reports whether an endpoint is told of events of a type.
func (e *Endpoint) told(kind string) bool {
	return !e.Inactive && e.Stopped.IsZero() && wants(e.Events, kind)
}

// wants reports whether a filter of event types lets one pass.
func wants(filter []string, kind string) bool {
	area, _, _ := strings.Cut(kind, ".")
	return len(filter) == 0 || slices.Contains(filter, kind) || slices.Contains(filter, area+".*")
}

// SaveEndpoint makes an endpoint or replaces its settings. It is told what happens from then on, and may be told what
// happened just before. It needs an admin. Saving the same again
// changes nothing. Errors: ErrInvalid, ErrForbidden.
func (s *Session) SaveEndpoint(ctx context.Context, e Endpoint) error {
	e.Events = distinct(e.Events)
	if err := s.desk.checkEndpoint(e); err != nil {
		return wrap("save endpoint", e.ID, err)
	}
	return s.save(ctx, "save endpoint", endpointKey(e.ID), func(t *txn) (any, error) {
		old, exists, err := doc[Endpoint](t, endpointKey(e.ID))
		if err != nil {
			return nil, err
		}
		if e.Stopped = old.Stopped; e.URL != old.URL || e.Inactive {
			e.Stopped = time.Time{}
		}
		if e.Generation = old.Generation; !exists {
			e.Generation = newID(t.now)
		}
		if _, err := t.signers(e); err != nil {
			return nil, err
		}
		if exists {
			return e, nil
		}
		all, err := documents[Endpoint](t, "webhook/")
		if err == nil && len(all) >= MaxEndpoints {
			err = invalid("Endpoint", "there are %d, at most %d; delete one first", len(all), MaxEndpoints)
		}
		if err != nil {
			return nil, err
		}
		return e, t.openTap(tapWebhooks)
	})
}

func (d *Desk) checkEndpoint(e Endpoint) error {
	if problem := conversation.CheckID(e.ID); problem != "" {
		return invalid("ID", "%s", problem)
	}
	if problems := conversation.CheckText(e.Name, maxName); len(problems) > 0 {
		return &InvalidError{Field: "Name", Problems: problems}
	}
	u, err := url.Parse(e.URL)
	switch {
	case len(e.URL) > maxURL:
		return invalid("URL", "is %d bytes, at most %d", len(e.URL), maxURL)
	case err != nil || !d.endpoints.Allows(u) || u.Fragment != "":
		return invalid("URL", "is not a public https address without user and fragment; Config.PrivateEndpoints allows others")
	case len(e.Events) > maxEventTypes:
		return invalid("Events", "%d types, at most %d", len(e.Events), maxEventTypes)
	}
	return checkEventTypes("Events", e.Events)
}

func checkEventTypes(field string, types []string) error {
	for _, kind := range types {
		area, all := strings.CutSuffix(kind, ".*")
		known := func(k string) bool { return k == kind || all && strings.HasPrefix(k, area+".") }
		if !slices.ContainsFunc(eventTypes, known) {
			return invalid(field, "%q is not a type of event; use one of package conversation's, or an area such as message.*", kind)
		}
	}
	return nil
}

// signers are the secrets that sign for an endpoint now.
func (t *txn) signers(e Endpoint) ([]string, error) {
	var secrets []string
	for i, reference := range []string{e.Secret, e.Previous} {
		field := [...]string{"Secret", "Previous"}[i]
		if reference == "" && i > 0 {
			continue
		}
		if problem := store.CheckText(reference, false); problem != "" {
			return nil, invalid(field, "%s; give a secret's reference", problem)
		}
		secret, err := t.desk.cfg.Secrets(t.ctx, t.tenant, reference)
		if err != nil {
			return nil, fmt.Errorf("secret %q: %w", reference, err)
		}
		if webhook.CheckSecret(secret) != nil {
			return nil, invalid(field, "%q leads to a secret that is not whsec_ and the base64 of 24 to 64 bytes", reference)
		}
		secrets = append(secrets, secret)
	}
	return secrets, nil
}

// DeleteEndpoint deletes an endpoint and its log. What it has not been told it never is. It needs an admin. Deleting one that is not there
// does nothing.
func (s *Session) DeleteEndpoint(ctx context.Context, id string) error {
	key := endpointKey(id)
	if store.CheckText(key.ID, false) != "" {
		return nil // there is none of such an ID
	}
	err := s.desk.write(ctx, s.actor.Tenant, "", func(t *txn) error {
		c, err := t.caller(s.actor, "delete endpoint", toManage)
		if err != nil {
			return err
		}
		if _, exists, err := doc[Endpoint](t, key); err != nil || !exists {
			return err
		}
		if err := t.closeTap(tapWebhooks, "webhook", key); err != nil {
			return err
		}
		t.remove(key)
		actor := c.who()
		actor.Name, actor.Initials = "", ""
		t.tell(t.now, conversation.Event{Type: conversation.EventSetting, At: t.now, Actor: actor, Subject: key.ID})
		return t.enqueue(hookGroup(id), hookGroup(id)+"/drop/"+t.id(0), time.Time{}, hookJob{Drop: true})
	})
	return wrap("delete endpoint", id, err)
}

// Endpoints returns the tenant's endpoints, by ID. It needs an admin.
func (s *Session) Endpoints(ctx context.Context) (out []Endpoint, err error) {
	err = s.readFor(ctx, "endpoints", toManage, func(t *txn, _ caller) error {
		out, err = documents[Endpoint](t, "webhook/")
		return err
	})
	return out, wrap("endpoints", "", err)
}
