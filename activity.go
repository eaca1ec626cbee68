package frontdesk

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// notesOf is the timeline that a contact's notes are on: one of no conversation.
func notesOf(contact string) string { return "contact/" + contact }

// maxNoted is how many of a contact's open conversations a note is seen in: those begun last.
const maxNoted = 10

// Note makes a note on a contact's profile. It is internal, dated, kept on the profile for good, and seen in the threads of his open
// conversations, at most 10, as an entry of its own kind. Errors: ErrNotFound, ErrForbidden, ErrInvalid.
func (s *Session) Note(ctx context.Context, contact, text string) (note conversation.Message, err error) {
	problems := conversation.CheckText(text, conversation.MaxText)
	if strings.TrimSpace(text) == "" {
		problems = append(problems, "is empty; give a text")
	}
	if len(problems) > 0 {
		return note, wrap("note on contact", contact, &InvalidError{Field: "text", Problems: problems})
	}
	_, err = s.profile(ctx, "note on contact", contact, func(t *txn, c caller, p *conversation.Contact) ([]conversation.Event, error) {
		note = conversation.Message{ID: t.id(0), Conversation: notesOf(p.ID), Sequence: t.now.UnixMicro(), Direction: conversation.Note,
			At: t.now, Stored: t.now, Changed: t.now, Author: c.who(), Text: text}
		t.absent(messageKey(note.ID))
		if err := t.putMessage(&note); err != nil {
			return nil, err
		}
		if err := t.noteThreads(c, p, text); err != nil {
			return nil, err
		}
		return []conversation.Event{{Type: conversation.EventNoted, Message: note.ID}}, nil
	})
	return note, err
}

// noteThreads shows a note in the contact's open conversations.
func (t *txn) noteThreads(c caller, p *conversation.Contact, text string) error {
	shelves := append(texts(views[Inbox]), string(conversation.ShelfSnoozed))
	q := store.Query{Tenant: t.tenant, Kind: store.Conversation, Fact: "contact", Limit: maxNoted,
		Match: []store.Match{{Name: "@shelf", Any: shelves}}}
	page, err := t.listAny(q, set(p))
	if err != nil {
		return err
	}
	for i, row := range page.Rows {
		if err := t.load(row.Key); err != nil { // as a name may have brought it already
			return err
		}
		conv, err := t.conversation(row.ID)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		env, err := t.env(c.who(), conv.Mailbox, t.ids[1+i:])
		if err != nil {
			return err
		}
		add := conversation.AddNote{Message: conversation.Message{Text: text}, Contact: p.ID}
		if _, err := t.apply(&conv, false, env, add); err != nil && !errors.Is(err, conversation.ErrState) {
			return err
		}
	}
	return nil
}

// Notes returns a page of the notes on a contact's profile, newest first. Errors: ErrNotFound, ErrInvalid, ErrCursor.
func (s *Session) Notes(ctx context.Context, contact, cursor string, limit int) (page Page[conversation.Message], err error) {
	err = s.read(ctx, "notes of contact", contact, func(t *txn, c caller) error {
		if limit < 0 || limit > store.MaxLimit {
			return invalid("limit", "%d is not within 0 and %d", limit, store.MaxLimit)
		}
		p, err := t.visibleContact(c, contact)
		if err != nil {
			return err
		}
		var timelines []string
		for _, id := range set(&p) {
			timelines = append(timelines, notesOf(id))
		}
		rows, err := t.listAny(store.Query{Tenant: t.tenant, Kind: store.Message, Fact: "conversation", Limit: limit, Cursor: cursor}, timelines)
		if err != nil {
			return listError(err)
		}
		page.Next = rows.Cursor
		page.Items, err = decodeAll[conversation.Message](rows.Rows)
		return err
	})
	return page, err
}

// ActivityQuery asks for a page of a contact's activity.
type ActivityQuery struct {
	Types  []string // event types, such as conversation.EventReceived; empty: all
	Limit  int      // Defaults to 50, at most 1,000. A page may be shorter and still have a next one
	Cursor string

	_ struct{}
}

// Activity returns a page of what happened to a contact and in all his conversations that the caller may see, newest first, as far back as
// the feed keeps events. Errors: ErrNotFound, ErrInvalid, ErrCursor.
func (s *Session) Activity(ctx context.Context, contact string, q ActivityQuery) (page Page[Event], err error) {
	err = s.read(ctx, "activity of contact", contact, func(t *txn, c caller) error {
		if q.Limit < 0 || q.Limit > store.MaxLimit {
			return invalid("Limit", "%d is not within 0 and %d", q.Limit, store.MaxLimit)
		}
		p, err := t.visibleContact(c, contact)
		if err != nil {
			return err
		}
		sq := store.Query{Tenant: t.tenant, Kind: store.Event, Fact: "contact", Limit: q.Limit, Cursor: q.Cursor}
		if len(q.Types) > 0 {
			sq.Match = []store.Match{{Name: "type", Any: slices.Sorted(slices.Values(q.Types))}}
		}
		rows, err := t.listAny(sq, set(&p))
		if err != nil {
			return listError(err)
		}
		page.Next = rows.Cursor
		all, err := decodeAll[Event](rows.Rows)
		if err != nil {
			return err
		}
		page.Items, err = t.visibleEvents(c, all)
		return err
	})
	return page, err
}

// visibleEvents drops those of conversations that the caller may not see. Of one that is gone for good only an owner or admin sees them.
func (t *txn) visibleEvents(c caller, all []Event) ([]Event, error) {
	if c.all {
		return all, nil
	}
	var keys []store.Key
	for _, e := range all {
		if key := conversationKey(e.Conversation); e.Conversation != "" && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	if err := t.load(keys...); err != nil {
		return nil, err
	}
	hidden := map[string]bool{}
	for _, key := range keys {
		switch _, err := t.visiblePart(c, key.ID); {
		case errors.Is(err, ErrNotFound):
			hidden[key.ID] = true
		case err != nil:
			return nil, err
		}
	}
	return slices.DeleteFunc(all, func(e Event) bool { return hidden[e.Conversation] }), nil
}

// listAny lists by a fact with any of several values, in one order, each row once. The query's cursor is a place in that order.
func (t *txn) listAny(q store.Query, values []string) (*store.Page, error) {
	q.Value = values[0]
	if len(values) == 1 {
		return t.desk.store.List(t.ctx, q)
	}
	from, begins, err := q.After()
	if err != nil {
		return nil, err
	}
	out, order := &store.Page{}, map[store.Key]int64{}
	var end *store.Position // how far all of the lists were looked through
	before := func(a, b store.Position) int {
		n := cmp.Or(cmp.Compare(a.Order, b.Order), cmp.Compare(a.ID, b.ID))
		if q.Ascending {
			return n
		}
		return -n
	}
	for _, value := range values {
		one := q
		if one.Value = value; !begins {
			one.Cursor = one.At(from)
		}
		page, err := t.desk.store.List(t.ctx, one)
		if err != nil {
			return nil, err
		}
		out.Examined += page.Examined
		for _, row := range page.Rows {
			if _, known := order[row.Key]; !known {
				order[row.Key] = orderOf(&row, q.Fact, value)
				out.Rows = append(out.Rows, row)
			}
		}
		if page.Cursor != "" {
			one.Cursor = page.Cursor
			p, _, err := one.After()
			if err != nil {
				return nil, err
			}
			if end == nil || before(p, *end) < 0 {
				end = &p
			}
		}
	}
	place := func(row store.Row) store.Position { return store.Position{Order: order[row.Key], ID: row.ID} }
	slices.SortFunc(out.Rows, func(a, b store.Row) int { return before(place(a), place(b)) })
	if end != nil {
		out.Rows = slices.DeleteFunc(out.Rows, func(row store.Row) bool { return before(place(row), *end) > 0 })
	}
	if n := q.Size(); len(out.Rows) > n {
		last := place(out.Rows[n-1])
		out.Rows, end = out.Rows[:n], &last
	}
	if end != nil {
		out.Cursor = q.At(*end)
	}
	return out, nil
}

// orderOf is a row's place in the list by a fact.
func orderOf(row *store.Row, name, value string) int64 {
	for _, f := range row.Facts {
		if f.Name == name && f.Value == value {
			return f.Order
		}
	}
	return 0
}
