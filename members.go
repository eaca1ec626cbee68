package frontdesk

import (
	"context"

	"github.com/frontdesk-go/frontdesk/store"
)

// Agents returns all agents of the tenant, by ID.
func (s *Session) Agents(ctx context.Context) (agents []Agent, err error) {
	err = s.read(ctx, "agents", "", func(t *txn, _ caller) error {
		agents, err = documents[Agent](t, "agent/")
		return err
	})
	return agents, err
}

// Teams returns all teams of the tenant, by ID.
func (s *Session) Teams(ctx context.Context) (teams []Team, err error) {
	err = s.read(ctx, "teams", "", func(t *txn, _ caller) error {
		teams, err = documents[Team](t, "team/")
		return err
	})
	return teams, err
}

// Mailboxes returns the mailboxes that the caller sees, by ID.
func (s *Session) Mailboxes(ctx context.Context) (boxes []Mailbox, err error) {
	err = s.read(ctx, "mailboxes", "", func(t *txn, c caller) error {
		boxes, err = t.mailboxes(&c.sight)
		return err
	})
	return boxes, err
}

// mailboxes returns the mailboxes in which somebody has a role.
func (t *txn) mailboxes(s *sight) ([]Mailbox, error) {
	if s.all {
		return documents[Mailbox](t, "mailbox/")
	}
	keys := make([]store.Key, len(s.view.Mailboxes))
	for i, id := range s.view.Mailboxes {
		keys[i] = document("mailbox", id)
	}
	if err := t.load(keys...); err != nil {
		return nil, err
	}
	boxes := make([]Mailbox, 0, len(keys))
	for _, key := range keys {
		if row, ok := t.row(key); ok {
			box, err := decode[Mailbox](t, row)
			if err != nil {
				return nil, err
			}
			boxes = append(boxes, box)
		}
	}
	return boxes, nil
}

// documents returns all documents whose ID begins with prefix, by ID.
func documents[T any](t *txn, prefix string) ([]T, error) {
	var out []T
	q := store.Query{Tenant: t.tenant, Kind: store.Document, Prefix: prefix, Ascending: true, Limit: store.MaxLimit}
	for {
		page, err := t.desk.store.List(t.ctx, q)
		if err != nil {
			return nil, err
		}
		for _, row := range page.Rows {
			v, err := decode[T](t, row)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		if page.Cursor == "" {
			return out, nil
		}
		q.Cursor = page.Cursor
	}
}

// read runs a reading as the session's actor.
func (s *Session) read(ctx context.Context, op, key string, read func(*txn, caller) error) error {
	return wrap(op, key, s.readFor(ctx, op, toRead, read))
}

// readFor runs a reading that needs a right. It writes nothing, so no commit checks the caller: he is read without the cache.
func (s *Session) readFor(ctx context.Context, op string, needs right, read func(*txn, caller) error) error {
	return s.desk.view(ctx, s.actor.Tenant, func(t *txn) error {
		if err := t.fresh(s.actor); err != nil {
			return err
		}
		c, err := t.caller(s.actor, op, needs)
		if err != nil {
			return err
		}
		return read(t, c)
	})
}

// fresh loads what every reading rests on, without the cache: a reading has no commit that would find out an old document.
func (t *txn) fresh(a Actor) error {
	keys := []store.Key{document("settings", "tenant")}
	for _, id := range []string{a.Agent, a.as} {
		if id == "" || store.CheckText(id, false) != "" {
			continue
		}
		agent := document("agent", id)
		keys = append(keys, agent)
		if row, ok := t.desk.docs.get(docKey{t.tenant, agent.ID}); ok && row.Version != 0 {
			// The mailboxes he most likely still has come in the same call.
			if known, err := decode[Agent](t, row); err == nil {
				for _, id := range known.Mailboxes {
					keys = append(keys, document("mailbox", id))
				}
			}
		}
	}
	if err := t.load(keys...); err != nil {
		return err
	}
	for _, key := range keys {
		if !t.desk.bound {
			t.desk.docs.put(docKey{t.tenant, key.ID}, t.rows[key])
		}
	}
	return nil
}
