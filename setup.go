package frontdesk

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/retention"
	"github.com/frontdesk-go/frontdesk/store"
)

func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }

// maxDays is the longest time of a setting in days: five years.
const maxDays = 1826

// maxDocument is how large one settings document may be, in bytes of JSON.
const maxDocument = 256 << 10

// SaveMailbox makes a mailbox or replaces its settings. It needs an admin. Saving the same again changes nothing. Errors: ErrInvalid,
// ErrForbidden.
func (s *Session) SaveMailbox(ctx context.Context, m Mailbox) error {
	switch problem := conversation.CheckID(m.ID); {
	case problem != "":
		return invalid("ID", "%s", problem)
	case m.Start != "" && m.Start != conversation.Open && m.Start != conversation.Closed:
		return invalid("Start", "%q is not a status; use open or closed", m.Start)
	case m.NewAfterDays < 0 || m.NewAfterDays > maxDays:
		return invalid("NewAfterDays", "%d is not within 0 and %d", m.NewAfterDays, maxDays)
	case m.Country != "" && !s.desk.knowsCountry(m.Country):
		return invalid("Country", "%q; use an ISO 3166-1 code such as \"DE\", one of %v, or give Config.Phone", m.Country, conversation.PhoneCountries())
	}
	if err := checkRetention("Retention", m.Retention.Policy(retention.Policy{}).Validate()); err != nil {
		return err
	}
	if err := m.checkRouting(); err != nil {
		return err
	}
	if err := m.FollowUp.check(); err != nil {
		return err
	}
	if err := m.checkHours(); err != nil {
		return err
	}
	return s.save(ctx, "save mailbox", document("mailbox", m.ID), func(t *txn) (any, error) {
		old, _, err := doc[Mailbox](t, document("mailbox", m.ID))
		m.Methods = old.Methods
		if err == nil && !reflect.DeepEqual(old.Retention, m.Retention) {
			err = t.resweep()
		}
		return m, err
	})
}

// SaveSettings replaces the tenant's settings. It needs an admin. Errors: ErrInvalid, ErrForbidden.
func (s *Session) SaveSettings(ctx context.Context, settings Settings) error {
	if err := settings.checkPresence(); err != nil {
		return err
	}
	if err := checkRetention("Retention", settings.Retention.Validate()); err != nil {
		return err
	}
	if most := int(MaxUndo / time.Second); settings.UndoSeconds < 0 || settings.UndoSeconds > most {
		return invalid("UndoSeconds", "%d is not within 0 and %d", settings.UndoSeconds, most)
	}
	if err := settings.Notices.check(); err != nil {
		return err
	}
	return s.save(ctx, "save settings", document("settings", "tenant"), func(t *txn) (any, error) {
		old, err := t.settings()
		settings.Spam.Folder = old.Spam.Folder || settings.Spam.On
		settings.AutoReplies = old.AutoReplies
		if err == nil && old.Retention != settings.Retention {
			err = t.resweep()
		}
		if err == nil && (old.IdleMinutes != settings.IdleMinutes || old.GiveBack != settings.GiveBack) {
			err = t.lookAtPresences()
		}
		return settings, err
	})
}

// Settings returns the tenant's settings.
func (s *Session) Settings(ctx context.Context) (settings Settings, err error) {
	err = s.read(ctx, "settings", "", func(t *txn, _ caller) error {
		settings, err = t.settings()
		return err
	})
	return settings, err
}

// SaveTeam makes a team or replaces its settings. It needs an admin. Errors: ErrInvalid, ErrForbidden, ErrNotFound (its Fallback).
func (s *Session) SaveTeam(ctx context.Context, team Team) error {
	if problem := conversation.CheckID(team.ID); problem != "" {
		return invalid("ID", "%s", problem)
	}
	return s.save(ctx, "save team", document("team", team.ID), func(t *txn) (any, error) { return team, t.checkFallback(team) })
}

// SaveAgent makes an agent or replaces his settings. His mailboxes and teams must exist. A mailbox can be taken from him once the messaging
// permission that was given him there is. What he holds there then waits for others. It needs an admin. Errors: ErrInvalid, ErrNotFound,
// *MessagingHeldError.
func (s *Session) SaveAgent(ctx context.Context, a Agent) error {
	a.Role = cmp.Or(a.Role, Member)
	a.Mailboxes, a.Teams = distinct(a.Mailboxes), distinct(a.Teams)
	switch problem := conversation.CheckID(a.ID); {
	case problem != "":
		return invalid("ID", "%s", problem)
	case may[a.Role] == nil:
		return invalid("Role", "%q is not a role; use %s, %s, %s or %s", a.Role, Owner, Admin, Member, ReadOnly)
	}
	if err := a.checkLimits(); err != nil {
		return wrap("save agent", a.ID, err)
	}
	if a.Home != "" && !seesAll(a) && !slices.Contains(a.Mailboxes, a.Home) {
		return wrap("save agent", a.ID, invalid("Home", "%q is none of his mailboxes; use one of them, or none", a.Home))
	}
	return s.save(ctx, "save agent", document("agent", a.ID), func(t *txn) (any, error) {
		if err := t.heldMessaging(a); err != nil {
			return nil, err
		}
		for _, id := range a.settled() {
			if _, err := t.mailbox(id); err != nil {
				return nil, err
			}
		}
		for _, id := range a.Teams {
			if _, err := need[Team](t, "team", id); err != nil {
				return nil, err
			}
		}
		old, existed, err := doc[Agent](t, document("agent", a.ID))
		if err == nil && existed && (old.Role != a.Role || !slices.Equal(old.Mailboxes, a.Mailboxes) || !reflect.DeepEqual(old.Messaging, a.Messaging)) {
			err = t.lookAtRights(a.ID)
		}
		return a, err
	})
}

// distinct drops what is named a second time.
func distinct[T comparable](ids []T) (out []T) {
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
	return t.settingChanged(v)
}

// private are the members of settings that events do not repeat: texts, names and addresses.
var private = []string{"account", "alias", "allow", "allowed", "attachments", "block", "content", "do", "duties", "followUp", "handover", "hours",
	"if", "layouts", "name", "names", "optInText", "options", "previous", "replies", "rules", "secret", "shortcut", "stages", "templates", "title",
	"token", "url"}

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
