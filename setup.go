package frontdesk

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }

// maxDays is the longest time of a setting in days: five years.
const maxDays = 1826

// maxDocument is how large one settings document may be, in bytes of JSON.
const maxDocument = 256 << 10

// SaveMailbox makes a mailbox or replaces its settings. It needs an admin. Saving the same again changes nothing.
func (s *Session) SaveMailbox(ctx context.Context, m Mailbox) error {
	switch problem := conversation.CheckID(m.ID); {
	case problem != "":
		return invalid("ID", "%s", problem)
	case m.Start != "" && m.Start != conversation.Open && m.Start != conversation.Closed:
		return invalid("Start", "%q is not a status; use open or closed", m.Start)
	case m.NewAfterDays < 0 || m.NewAfterDays > maxDays:
		return invalid("NewAfterDays", "%d is not within 0 and %d", m.NewAfterDays, maxDays)
	}
	return s.save(ctx, "save mailbox", document("mailbox", m.ID), func(t *txn) (any, error) {
		old, _, err := doc[Mailbox](t, document("mailbox", m.ID))
		m.Methods = old.Methods
		return m, err
	})
}

// SaveSettings replaces the tenant's settings. It needs an admin.
func (s *Session) SaveSettings(ctx context.Context, settings Settings) error {
	return s.save(ctx, "save settings", document("settings", "tenant"), func(*txn) (any, error) { return settings, nil })
}

// Settings returns the tenant's settings.
func (s *Session) Settings(ctx context.Context) (settings Settings, err error) {
	err = s.read(ctx, "settings", "", func(t *txn, _ caller) error {
		settings, err = t.settings()
		return err
	})
	return settings, err
}

// SaveTeam makes a team or replaces its settings. It needs an admin.
func (s *Session) SaveTeam(ctx context.Context, team Team) error {
	if problem := conversation.CheckID(team.ID); problem != "" {
		return invalid("ID", "%s", problem)
	}
	return s.save(ctx, "save team", document("team", team.ID), func(*txn) (any, error) { return team, nil })
}

// SaveAgent makes an agent or replaces his settings. His mailboxes and teams must exist. It needs an admin.
func (s *Session) SaveAgent(ctx context.Context, a Agent) error {
	a.Role = cmp.Or(a.Role, Member)
	a.Mailboxes, a.Teams = distinct(a.Mailboxes), distinct(a.Teams)
	switch problem := conversation.CheckID(a.ID); {
	case problem != "":
		return invalid("ID", "%s", problem)
	case may[a.Role] == nil:
		return invalid("Role", "%q is not a role; use %s, %s, %s or %s", a.Role, Owner, Admin, Member, ReadOnly)
	}
	return s.save(ctx, "save agent", document("agent", a.ID), func(t *txn) (any, error) {
		for _, id := range a.Mailboxes {
			if _, err := t.mailbox(id); err != nil {
				return nil, err
			}
		}
		for _, id := range a.Teams {
			if _, err := need[Team](t, "team", id); err != nil {
				return nil, err
			}
		}
		return a, nil
	})
}

// distinct drops what is named a second time.
func distinct(ids []string) (out []string) {
	for _, id := range ids {
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// save writes a settings document and tells of it, unless nothing changes.
func (s *Session) save(ctx context.Context, op string, key store.Key, value func(*txn) (any, error)) error {
	err := s.desk.write(ctx, s.actor.Tenant, "", func(t *txn) error {
		c, err := t.caller(s.actor, op, toManage)
		if err != nil {
			return err
		}
		v, err := value(t)
		if err != nil {
			return err
		}
		return t.saveDocument(c, key, v)
	})
	return wrap(op, key.ID, err)
}

// saveDocument puts a document if it differs from what is there.
func (t *txn) saveDocument(c caller, key store.Key, v any) error {
	if _, ok := t.rows[key]; !ok {
		if err := t.load(key); err != nil {
			return err
		}
	}
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if len(text) > maxDocument {
		return invalid(key.ID, "is %d bytes of JSON, at most %d", len(text), maxDocument)
	}
	row, exists := t.row(key)
	if exists && t.kept[key].Newer(formatDocument) {
		return fmt.Errorf("%s: %w", key, store.ErrNewer)
	}
	body, err := store.Encode(formatDocument, v, t.kept[key])
	if err != nil {
		return err
	}
	if exists && slices.Equal(body, row.Body) {
		return nil
	}
	from, to := difference(row.Body, body)
	row = store.Row{Key: key, Body: body}
	t.putRow(row)
	actor := c.who()
	actor.Name, actor.Initials = "", ""
	t.tell(t.now, conversation.Event{Type: conversation.EventSetting, At: t.now, Actor: actor, Subject: key.ID, From: from, To: to})
	return nil
}

// private are the members of settings that events do not repeat: texts, names and addresses.
var private = []string{"account", "alias", "attachments", "content", "name", "options", "secret", "shortcut", "templates", "title", "token"}

// difference returns the members in which two bodies differ, as JSON objects: the old values and the new. Of private ones it says only
// that they differ.
func difference(before, after []byte) (from, to string) {
	was, is := members(before), members(after)
	for name, value := range was {
		if bytes.Equal(value, is[name]) {
			delete(was, name)
			delete(is, name)
		}
	}
	return public(was), public(is)
}

// members are those of a body's JSON object, which follows the header line.
func members(body []byte) (m map[string]json.RawMessage) {
	_, object, _ := bytes.Cut(body, []byte("\n"))
	_ = json.Unmarshal(object, &m) // nothing was there before
	return m
}

func public(members map[string]json.RawMessage) string {
	for _, name := range private {
		if _, ok := members[name]; ok {
			members[name] = json.RawMessage(`"…"`)
		}
	}
	text, err := json.Marshal(members)
	if err != nil || len(members) == 0 {
		return ""
	}
	return string(text)
}

// AddChannel connects an account to a mailbox and returns the channel with its ID. Adding the same account again changes its settings and
// nothing else. It opens the channel, so settings and secret are checked. It needs an admin. Errors: ErrInvalid, ErrNotFound (the
// mailbox), ErrTaken (another tenant has the account).
func (s *Session) AddChannel(ctx context.Context, ch Channel) (Channel, error) {
	added, err := s.addChannel(ctx, ch)
	return added, wrap("add channel", ch.Kind+" "+ch.Account, err)
}

func (s *Session) addChannel(ctx context.Context, ch Channel) (Channel, error) {
	d := s.desk
	if d.drivers[ch.Kind] == nil {
		return ch, invalid("Kind", "no driver of kind %q; give one in Config.Drivers", ch.Kind)
	}
	if ch.Account == "" || len(conversation.CheckText(ch.Account, 500)) > 0 {
		return ch, invalid("Account", "%q; give the number, page or address at the provider, at most 500 bytes of text", ch.Account)
	}
	err := d.view(ctx, s.actor.Tenant, func(t *txn) error {
		if _, err := t.caller(s.actor, "add channel", toManage); err != nil {
			return err
		}
		_, err := t.mailbox(ch.Mailbox)
		return err
	})
	if err != nil {
		return ch, err
	}
	if err := d.checkTemplates(ch.Templates); err != nil {
		return ch, err
	}
	// Opened before anything is written, so that a channel that cannot work is never there.
	conn, err := d.conn(ctx, s.actor.Tenant, ch, 0)
	if err != nil {
		return ch, err
	}
	ch.Method = conn.Capabilities().Method
	if ch.ID, ch.Token, err = d.claim(ctx, s.actor.Tenant, ch); err != nil {
		return ch, err
	}
	err = d.write(ctx, s.actor.Tenant, "channel/"+ch.ID, func(t *txn) error { return t.saveChannel(s.actor, &ch, conn) })
	return ch, err
}

func (d *Desk) checkTemplates(templates []Template) error {
	for _, tpl := range templates {
		if tpl.Name == "" || tpl.Params < 0 {
			return invalid("Templates", "each needs a name, and a count of parameters from 0")
		}
	}
	return nil
}

// claim makes the account the tenant's own in the directory. What a broken-off AddChannel has claimed is found again.
func (d *Desk) claim(ctx context.Context, tenant string, ch Channel) (id, token string, err error) {
	account := accountName(ch.Kind, ch.Account)
	type claimed struct {
		route
		Token string `json:"token"`
	}
	err = d.write(ctx, directoryWrite, "", func(t *txn) error {
		if err := t.load(account); err != nil {
			return err
		}
		if row, ok := t.row(account); ok {
			c, err := decode[claimed](t, row)
			if err != nil {
				return err
			}
			if c.Tenant != tenant {
				return fmt.Errorf("%w: account %s", ErrTaken, ch.Account)
			}
			id, token = c.Channel, c.Token
			return errStop
		}
		id, token = t.id(0), t.id(1)
		r := route{Tenant: tenant, Channel: id}
		t.absent(tokenName(token))
		if err := t.put(store.Row{Key: tokenName(token)}, formatDocument, r); err != nil {
			return err
		}
		return t.put(store.Row{Key: account}, formatDocument, claimed{r, token})
	})
	return id, token, err
}

// directoryWrite is the directory's tenant for write; only the Desk itself writes there.
const directoryWrite = directory

func (t *txn) saveChannel(actor Actor, ch *Channel, conn channel.Conn) error {
	c, err := t.caller(actor, "add channel", toManage)
	if err != nil {
		return err
	}
	box, err := t.mailbox(ch.Mailbox)
	if err != nil {
		return err
	}
	if !slices.Contains(box.Methods, ch.Method) {
		box.Methods = append(slices.Clone(box.Methods), ch.Method)
		slices.Sort(box.Methods)
		if err := t.saveDocument(c, document("mailbox", box.ID), box); err != nil {
			return err
		}
	}
	old, existed, err := doc[Channel](t, document("channel", ch.ID))
	if err != nil {
		return err
	}
	if err := t.saveDocument(c, document("channel", ch.ID), *ch); err != nil {
		return err
	}
	if _, polls := conn.(channel.Poller); polls && (!existed || old.PollEvery != ch.PollEvery || old.Inactive && !ch.Inactive) {
		return t.schedulePoll(*ch, t.now)
	}
	return nil
}

// Channels returns the channels of a mailbox, or of all with "". Who may not change them is not told their login details.
func (s *Session) Channels(ctx context.Context, mailbox string) ([]Channel, error) {
	var out []Channel
	err := s.read(ctx, "channels", mailbox, func(t *txn, c caller) error {
		all, err := documents[Channel](t, "channel/")
		if err != nil {
			return err
		}
		out = slices.DeleteFunc(all, func(ch Channel) bool {
			return !c.sees(ch.Mailbox) || mailbox != "" && ch.Mailbox != mailbox
		})
		for i := range out {
			if !c.system && !c.has(toManage) {
				out[i].Secret, out[i].Token, out[i].Options = "", "", nil
			}
		}
		return nil
	})
	return out, err
}

// Agents returns all agents of the tenant, by ID.
func (s *Session) Agents(ctx context.Context) (agents []Agent, err error) {
	err = s.read(ctx, "agents", "", func(t *txn, _ caller) error {
		agents, err = documents[Agent](t, "agent/")
		return err
	})
	return agents, err
}

// Mailboxes returns the mailboxes that the caller sees, by ID.
func (s *Session) Mailboxes(ctx context.Context) (boxes []Mailbox, err error) {
	err = s.read(ctx, "mailboxes", "", func(t *txn, c caller) error {
		boxes, err = t.mailboxes(c)
		return err
	})
	return boxes, err
}

// mailboxes returns the mailboxes a caller sees.
func (t *txn) mailboxes(c caller) ([]Mailbox, error) {
	if c.all {
		return documents[Mailbox](t, "mailbox/")
	}
	keys := make([]store.Key, len(c.agent.Mailboxes))
	for i, id := range c.agent.Mailboxes {
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
	if a.Agent != "" && !a.system && store.CheckText(a.Agent, false) == "" {
		agent := document("agent", a.Agent)
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
