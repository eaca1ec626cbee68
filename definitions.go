package frontdesk

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/conversation/reply"
	"github.com/frontdesk-go/frontdesk/store"
)

// FieldOf is what has a custom field.
type FieldOf string

// What custom fields are of.
const (
	OfContact      FieldOf = "contact"
	OfConversation FieldOf = "conversation"
)

// Field defines a custom field. Saved replies name it {{contact.<ID>}} or {{conversation.<ID>}}.
type Field struct {
	ID       string                 `json:"id"`                // letters, digits, "_" and "-"
	Names    map[string]string      `json:"names,omitempty"`   // for people, by BCP 47 language
	Of       FieldOf                `json:"of"`                // cannot change
	Type     conversation.FieldType `json:"type"`              // cannot change
	Options  []string               `json:"options,omitempty"` // of a list, in order, 1 to 200 of at most 200 bytes
	Position int                    `json:"position,omitempty"`
}

// maxDefinitions is how many custom fields a tenant has at the most.
const maxDefinitions = 200

// SaveField defines a custom field or changes its names, options and position. What it is of and its type stay, for there are values of it.
// It needs an admin. Errors: ErrInvalid, ErrForbidden.
func (s *Session) SaveField(ctx context.Context, f Field) error {
	if err := f.check(); err != nil {
		return wrap("save field", f.ID, err)
	}
	return s.save(ctx, "save field", document("field", f.ID), func(t *txn) (any, error) {
		old, exists, err := t.field(f.ID)
		if err != nil {
			return nil, err
		}
		if exists && (old.Of != f.Of || old.Type != f.Type) {
			return nil, invalid("Type", "%q is a %s field of a %s, which cannot change; define another", f.ID, old.Type, old.Of)
		}
		all, err := documents[Field](t, "field/")
		if err == nil && !exists && len(all) >= maxDefinitions {
			err = invalid("ID", "there are %d fields, at most %d", len(all), maxDefinitions)
		}
		return f, err
	})
}

func (f Field) check() error {
	if problem := conversation.CheckID(f.ID); problem != "" {
		return invalid("ID", "%s", problem)
	}
	if _, err := reply.Parse("{{contact." + f.ID + "}}"); err != nil || strings.ContainsAny(f.ID, ".{}|= ") {
		return invalid("ID", "%q; use letters, digits, \"_\" and \"-\"", f.ID)
	}
	if f.Of != OfContact && f.Of != OfConversation {
		return invalid("Of", "%q; use %q or %q", f.Of, OfContact, OfConversation)
	}
	if slices.Contains(Fields(), string(f.Of)+"."+f.ID) {
		return invalid("ID", "%s.%s is a name of the Desk's own; use another", f.Of, f.ID)
	}
	if !slices.Contains(conversation.FieldTypes(), f.Type) {
		return invalid("Type", "%q; use one of %v", f.Type, conversation.FieldTypes())
	}
	for tag, name := range f.Names {
		if _, err := language.Parse(tag); err != nil {
			return invalid("Names", "%q is no BCP 47 tag; use one such as \"pt-BR\"", tag)
		}
		if problems := conversation.CheckText(name, conversation.MaxName); len(problems) > 0 || strings.TrimSpace(name) == "" {
			return invalid("Names", "%q; give a name of 1 to %d bytes of text", tag, conversation.MaxName)
		}
	}
	return f.checkOptions()
}

func (f Field) checkOptions() error {
	if (f.Type == conversation.FieldList) != (len(f.Options) > 0) || len(f.Options) > conversation.MaxOptions {
		return invalid("Options", "%d options; a list has 1 to %d, other types none", len(f.Options), conversation.MaxOptions)
	}
	for i, o := range f.Options {
		if problems := conversation.CheckText(o, 200); len(problems) > 0 || o != strings.TrimSpace(o) || o == "" || slices.Contains(f.Options[:i], o) {
			return invalid("Options", "%q; each is 1 to 200 bytes of text without space at its ends, and named once", o)
		}
	}
	return nil
}

// queried is a value as contacts are listed by it.
func (f Field) queried(value string) (string, error) {
	values, err := f.Type.Canonical(f.ID, []string{value}, f.Options)
	if err != nil {
		return "", err
	}
	return values[0], nil
}

// DeleteField takes a definition away. Values that contacts and conversations have stay until they are set anew. It needs an admin. Deleting
// one that is not there does nothing.
func (s *Session) DeleteField(ctx context.Context, id string) error {
	return s.deleteDocument(ctx, "delete field", document("field", id))
}

// deleteDocument deletes a settings document and tells of it.
func (s *Session) deleteDocument(ctx context.Context, op string, key store.Key) error {
	err := s.desk.write(ctx, s.actor.Tenant, "", func(t *txn) error {
		c, err := t.caller(s.actor, op, toManage)
		if err != nil || store.CheckText(key.ID, false) != "" {
			return err
		}
		if err := t.load(key); err != nil {
			return err
		}
		if _, ok := t.row(key); !ok {
			return nil
		}
		t.remove(key)
		actor := c.who()
		actor.Name, actor.Initials = "", ""
		t.tell(t.now, conversation.Event{Type: conversation.EventSetting, At: t.now, Actor: actor, Subject: key.ID})
		return nil
	})
	return wrap(op, key.ID, err)
}

// FieldDefinitions returns the custom fields, by position, then ID.
func (s *Session) FieldDefinitions(ctx context.Context) (fields []Field, err error) {
	err = s.read(ctx, "fields", "", func(t *txn, _ caller) error {
		fields, err = documents[Field](t, "field/")
		slices.SortStableFunc(fields, func(a, b Field) int { return cmp.Compare(a.Position, b.Position) })
		return err
	})
	return fields, err
}

// field returns a definition.
func (t *txn) field(id string) (Field, bool, error) {
	key := document("field", id)
	if store.CheckText(key.ID, false) != "" {
		return Field{}, false, nil
	}
	return doc[Field](t, key)
}

// fieldValues checks what somebody sets, and brings it into its canonical form. A field that is not defined can only be removed.
func (t *txn) fieldValues(of FieldOf, fields map[string][]string) (map[string]conversation.Value, error) {
	if len(fields) > conversation.MaxFields {
		return nil, invalid("fields", "%d fields, at most %d", len(fields), conversation.MaxFields)
	}
	out := map[string]conversation.Value{}
	for _, id := range slices.Sorted(maps.Keys(fields)) {
		if len(fields[id]) == 0 {
			out[id] = conversation.Value{}
			continue
		}
		f, found, err := t.field(id)
		if err != nil {
			return nil, err
		}
		if !found || f.Of != of {
			return nil, invalid("fields", "%q is not a field of a %s; define it with SaveField", id, of)
		}
		values, err := f.Type.Canonical(id, fields[id], f.Options)
		if err != nil {
			return nil, err
		}
		out[id] = conversation.Value{Values: values}
	}
	return out, nil
}

// SetFields changes custom fields of a conversation: each named field gets the values given, and none removes it; the others stay. Errors:
// ErrNotFound, ErrForbidden, ErrInvalid, conversation.ErrValue.
func (s *Session) SetFields(ctx context.Context, conversationID string, fields map[string][]string) (Conversation, error) {
	return s.act(ctx, "set fields", conversationID, toWork, func(t *txn, _ caller, _ *conversation.Conversation) ([]conversation.Command, error) {
		values, err := t.fieldValues(OfConversation, fields)
		return []conversation.Command{conversation.SetFields{Fields: values}}, err
	})
}

// fieldPlaceholders adds what custom fields hold; what is only suggested counts as missing.
func fieldPlaceholders(v map[string]string, of FieldOf, fields map[string]conversation.Value) {
	for id, value := range fields {
		if name := string(of) + "." + id; !value.Suggested && !slices.Contains(Fields(), name) {
			v[name] = value.Text()
		}
	}
}
