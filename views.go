package frontdesk

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// SavedView is a list as somebody wants to see it: which conversations, which columns, in which order, and how the form for composing is
// laid out. The Desk lists by Filter; what Columns and Compose name is the host's.
type SavedView struct {
	ID      string   `json:"id"`                // Defaults to a new one
	Name    string   `json:"name"`              // 1 to 200 bytes
	Filter  Query    `json:"filter"`            // with its Sort; without Limit and Cursor
	Columns []Column `json:"columns,omitempty"` // as they stand, at most 100
	Compose []Column `json:"compose,omitempty"` // the fields of the form for composing, as they stand, at most 100
	Shared  bool     `json:"shared,omitempty"`  // everybody's; it needs an admin. Defaults to the caller's own
	Default bool     `json:"-"`                 // it is the caller's default, as SetDefaultView says
}

// Column is a column of a list, or a field of a form.
type Column struct {
	ID    string `json:"id"`              // the host's; each once
	Width int    `json:"width,omitempty"` // in pixels, 0 to 10,000; 0: as it comes
}

// Limits of saved views.
const (
	maxViews    = 200 // of an agent, and as many that are shared
	maxColumns  = 100
	maxWidth    = 10000
	maxViewName = 200 // bytes
	sharedOwner = ""  // whose views are everybody's
)

// viewKey is where a view is kept: with its owner's, or with those that are everybody's.
func viewKey(owner, id string) store.Key { return document("view/"+owner, id) }

// SaveView makes a view or replaces it, and returns it with its ID. Everybody who may write keeps his own; a shared one needs an admin, and
// takes the place of his own of the same ID. Errors: ErrInvalid, ErrForbidden, ErrNotFound (a folder in its filter).
func (s *Session) SaveView(ctx context.Context, v SavedView) (SavedView, error) {
	v.Default, v.Filter.Limit, v.Filter.Cursor = false, 0, ""
	if err := v.check(); err != nil {
		return v, wrap("save view", v.ID, err)
	}
	err := s.desk.write(ctx, s.actor.Tenant, "views", func(t *txn) error {
		c, err := t.caller(s.actor, "save view", viewRight(v.Shared))
		if err != nil {
			return err
		}
		if c.agent.ID == "" && !v.Shared {
			return invalid("Shared", "only agents have views of their own; share it")
		}
		if v.ID == "" {
			v.ID = t.id(0)
		}
		if v.Shared && conversation.FolderAgent(v.Filter.Folder) != "" {
			return invalid("Filter", "names a personal folder, which others do not see; keep the view to yourself")
		}
		if _, err := t.compile(c, v.Filter); err != nil {
			return err
		}
		key := viewKey(sharedOwner, v.ID)
		if !v.Shared {
			key = viewKey(c.agent.ID, v.ID)
		} else if own := viewKey(c.agent.ID, v.ID); c.agent.ID != "" {
			if err := t.drop(own); err != nil {
				return err
			}
		}
		if err := t.roomForView(key); err != nil {
			return err
		}
		return t.saveDocument(c, key, v)
	})
	return v, wrap("save view", v.ID, err)
}

// viewRight is what changing a view needs. Views are no settings: whoever works in the inbox has his own.
func viewRight(shared bool) right {
	if shared {
		return toManage
	}
	return toWork
}

func (v *SavedView) check() error {
	if v.ID != "" {
		if problem := conversation.CheckID(v.ID); problem != "" {
			return invalid("ID", "%s", problem)
		}
	}
	if strings.TrimSpace(v.Name) == "" || len(conversation.CheckText(v.Name, maxViewName)) > 0 {
		return invalid("Name", "give a name of at most %d bytes of text", maxViewName)
	}
	if v.Filter.Saved != "" {
		return invalid("Filter", "names another saved view; give its filters")
	}
	if _, err := json.Marshal(v.Filter); err != nil { // a time that no body can hold
		return invalid("Filter", "%v", err)
	}
	if err := checkColumns("Columns", v.Columns); err != nil {
		return err
	}
	return checkColumns("Compose", v.Compose)
}

func checkColumns(field string, columns []Column) error {
	if len(columns) > maxColumns {
		return invalid(field, "%d of them, at most %d", len(columns), maxColumns)
	}
	known := map[string]bool{}
	for _, col := range columns {
		switch problem := conversation.CheckID(col.ID); {
		case problem != "":
			return invalid(field, "%q %s", col.ID, problem)
		case known[col.ID]:
			return invalid(field, "%q stands there twice", col.ID)
		case col.Width < 0 || col.Width > maxWidth:
			return invalid(field, "the width of %q, %d, is not within 0 and %d", col.ID, col.Width, maxWidth)
		}
		known[col.ID] = true
	}
	return nil
}

// drop removes a document if it is there.
func (t *txn) drop(key store.Key) error {
	if err := t.load(key); err != nil {
		return err
	}
	if _, ok := t.row(key); ok {
		t.remove(key)
	}
	return nil
}

// roomForView refuses one more view than an owner may have.
func (t *txn) roomForView(key store.Key) error {
	if err := t.load(key); err != nil {
		return err
	}
	if _, ok := t.row(key); ok {
		return nil
	}
	have, err := documents[SavedView](t, key.ID[:strings.LastIndexByte(key.ID, '/')+1])
	if err == nil && len(have) >= maxViews {
		return invalid("views", "there are %d already, at most %d; delete one first", len(have), maxViews)
	}
	return err
}

// DeleteView deletes the caller's own view of an ID, or else the shared one, which needs an admin. Deleting one that is not there does nothing.
func (s *Session) DeleteView(ctx context.Context, id string) error {
	if conversation.CheckID(id) != "" {
		return nil // there is none of such an ID
	}
	err := s.desk.write(ctx, s.actor.Tenant, "views", func(t *txn) error {
		c, err := t.caller(s.actor, "delete view", toWork)
		if err != nil {
			return err
		}
		_, key, err := t.savedView(&c, id)
		if err != nil || key == (store.Key{}) {
			return err
		}
		if key == viewKey(sharedOwner, id) {
			if _, err := t.caller(s.actor, "delete view", toManage); err != nil {
				return err
			}
		}
		t.remove(key)
		actor := c.who()
		actor.Name, actor.Initials = "", ""
		t.tell(t.now, conversation.Event{Type: conversation.EventSetting, At: t.now, Actor: actor, Subject: key.ID})
		return nil
	})
	return wrap("delete view", id, err)
}

// savedView returns the caller's own view of an ID, or else the shared one. The key is zero if there is neither.
func (t *txn) savedView(c *caller, id string) (v SavedView, key store.Key, err error) {
	var keys []store.Key
	if c.agent.ID != "" {
		keys = append(keys, viewKey(c.agent.ID, id))
	}
	keys = append(keys, viewKey(sharedOwner, id))
	if err := t.load(keys...); err != nil {
		return v, key, err
	}
	for _, key := range keys {
		if row, ok := t.row(key); ok {
			v, err = decode[SavedView](t, row)
			return v, key, err
		}
	}
	return v, key, nil
}

// saved puts a saved view's filter in the place of a query that names it.
func (t *txn) saved(c caller, q Query) (Query, error) {
	if q.Saved == "" {
		return q, nil
	}
	if !q.bare() {
		return q, invalid("Saved", "a saved view has its own filters; give only Limit and Cursor beside it")
	}
	if conversation.CheckID(q.Saved) != "" {
		return q, fmt.Errorf("view %q: %w", q.Saved, ErrNotFound)
	}
	v, key, err := t.savedView(&c, q.Saved)
	if err == nil && key == (store.Key{}) {
		err = fmt.Errorf("view %q: %w", q.Saved, ErrNotFound)
	}
	v.Filter.Limit, v.Filter.Cursor = q.Limit, q.Cursor
	return v.Filter, err
}

// viewDefault is which view an agent begins with.
type viewDefault struct {
	View string `json:"view"`
}

// SetDefaultView says which view is the caller's default; "" for none. Error: ErrNotFound.
func (s *Session) SetDefaultView(ctx context.Context, id string) error {
	err := s.desk.write(ctx, s.actor.Tenant, "views", func(t *txn) error {
		c, err := t.caller(s.actor, "set default view", toWork)
		if err != nil {
			return err
		}
		if c.agent.ID == "" {
			return &ForbiddenError{Command: "set default view", Needs: "an agent: only people have a default"}
		}
		key := document("viewdefault", c.agent.ID)
		if id == "" {
			return t.drop(key)
		}
		if _, err := t.saved(c, Query{Saved: id}); err != nil {
			return err
		}
		return t.saveDocument(c, key, viewDefault{View: id})
	})
	return wrap("set default view", id, err)
}

// Views returns the caller's own views and the shared ones, by name.
func (s *Session) Views(ctx context.Context) (out []SavedView, err error) {
	err = s.read(ctx, "views", "", func(t *txn, c caller) error {
		if out, err = documents[SavedView](t, "view/"+sharedOwner+"/"); err != nil || c.agent.ID == "" {
			sortViews(out)
			return err
		}
		own, err := documents[SavedView](t, "view/"+c.agent.ID+"/")
		if err != nil {
			return err
		}
		mine := func(v SavedView) bool {
			return slices.ContainsFunc(own, func(o SavedView) bool { return o.ID == v.ID })
		}
		out = append(slices.DeleteFunc(out, mine), own...)
		key := document("viewdefault", c.agent.ID)
		if err := t.load(key); err != nil {
			return err
		}
		if row, ok := t.row(key); ok {
			def, err := decode[viewDefault](t, row)
			if err != nil {
				return err
			}
			for i := range out {
				out[i].Default = out[i].ID == def.View
			}
		}
		sortViews(out)
		return nil
	})
	return out, err
}

func sortViews(views []SavedView) {
	slices.SortFunc(views, func(a, b SavedView) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
}
