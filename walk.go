package frontdesk

import (
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// A walk meets every conversation of a query once, by ID, whatever moves meanwhile. Bulk, export and the emptying of trash go this way.

// walking says which conversations a walk meets.
type walking struct{ sel *selection }

// selects compiles a query for a walk. ok is false if the caller sees nothing of it.
func (t *txn) selects(c caller, q Query) (w walking, ok bool, err error) {
	q.Limit, q.Cursor = 0, ""
	sel, err := t.compile(c, q)
	if err != nil || sel == nil {
		return w, false, err
	}
	return walking{sel.byID()}, true, nil
}

// holds reports whether a conversation's row is selected.
func (w walking) holds(row *store.Row) bool {
	if row.Place == nil || !store.Matches(row, &w.sel.Query) {
		return false
	}
	if w.sel.keep == nil {
		return true
	}
	conv, err := headerOf(row)
	return err == nil && w.sel.keep(&conv)
}

// walked is a page of a walk.
type walked struct {
	rows []store.Row
	last string // ID of the last row looked at, to go on behind; "" at the end
}

// walkOn returns the next selected conversations behind an ID.
func (t *txn) walkOn(w walking, after string, limit int) (f walked, err error) {
	q := w.sel.Query
	q.Limit = limit
	if after != "" {
		q.Cursor = q.At(store.Position{ID: after})
	}
	page, err := t.desk.store.List(t.ctx, q)
	if err != nil {
		return f, err
	}
	for i := range page.Rows {
		if w.holds(&page.Rows[i]) {
			f.rows = append(f.rows, page.Rows[i])
		}
	}
	if page.Cursor != "" {
		q.Cursor = page.Cursor
		position, _, err := q.After()
		if err != nil {
			return f, err
		}
		f.last = position.ID
	}
	return f, nil
}

// headerOf reads a conversation from a row of a walk.
func headerOf(row *store.Row) (conv conversation.Conversation, err error) {
	_, err = store.Decode(row.Body, &conv)
	return conv, err
}
