package frontdesk

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// TrashCount is what is in trash.
type TrashCount struct {
	Conversations int
	Messages      int  // single ones, of conversations that are not in trash
	Held          int  // conversations under a legal hold: they stay
	Exact         bool // false: there is more than was counted
}

// countLimit bounds what a preview counts.
const countLimit = 10000

// EmptyTrashPreview says what EmptyTrash would erase of a mailbox, or of all with "". It counts up to 10,000 of each. It needs an admin.
func (s *Session) EmptyTrashPreview(ctx context.Context, mailbox string) (n TrashCount, err error) {
	err = s.readFor(ctx, "preview empty trash", toManage, func(t *txn, c caller) error {
		n.Exact = true
		sel, ok, err := t.selects(c, Query{View: TrashView, Mailbox: mailbox})
		if err != nil || !ok {
			return err
		}
		for after := ""; ; {
			f, err := t.walkOn(sel, after, store.MaxLimit)
			if err != nil {
				return err
			}
			for i := range f.rows {
				conv, err := headerOf(&f.rows[i])
				if err != nil {
					return err
				}
				if conv.Hold {
					n.Held++
				} else {
					n.Conversations++
				}
			}
			if after = f.last; after == "" {
				break
			}
			if n.Conversations+n.Held >= countLimit {
				n.Exact = false
				break
			}
		}
		boxes, err := t.trashBoxes(c, mailbox)
		if err != nil {
			return err
		}
		for _, box := range boxes {
			more, err := t.trashed(box, time.Time{}, countLimit, func(m conversation.Message) error {
				conv, err := t.head(m.Conversation)
				if err == nil && !conv.Hold && conv.Place != conversation.Trash && conv.Erasing.IsZero() {
					n.Messages++
				}
				return ignoreNotFound(err)
			})
			if err != nil {
				return err
			}
			n.Exact = n.Exact && !more
		}
		return nil
	})
	return n, wrap("preview empty trash", mailbox, err)
}

// EmptyTrash begins to erase for good what is in trash, conversations and single messages, of a mailbox or of all with "". It returns a bulk's ID,
// under which BulkState and BulkResults tell the progress and CancelBulk stops it. What comes to trash after the call stays, and so does
// what is under a legal hold. It needs an admin.
func (s *Session) EmptyTrash(ctx context.Context, mailbox string) (id string, err error) {
	actions := []Action{conversation.Erase{}}
	doc, _, err := s.newBulk(Bulk{Query: &Query{View: TrashView, Mailbox: mailbox}, Actions: actions})
	if err != nil {
		return "", wrap("empty trash", mailbox, err)
	}
	doc.Needs = toManage
	return s.beginBulk(ctx, "empty trash", doc, nil, actions)
}

// trashBoxes are the mailboxes whose single messages are in question.
func (t *txn) trashBoxes(c caller, mailbox string) (ids []string, err error) {
	boxes, err := t.mailboxes(&c.sight)
	for _, box := range boxes {
		if mailbox == "" || box.ID == mailbox {
			ids = append(ids, box.ID)
		}
	}
	return ids, err
}

// inTrash asks for the single messages of a mailbox that are in trash, oldest first: for one of them, and then for pages, since mostly none is due.
func inTrash(tenant, mailbox string) store.Query {
	return store.Query{Tenant: tenant, Kind: store.Message, Fact: "trash", Value: mailbox, Ascending: true, Limit: 1}
}

// trashedPage reads the next messages that a query of inTrash asks for, up to those that came to trash after a time, and moves the query on behind
// them; the zero time is for all. more is set if there may be others.
func (d *Desk) trashedPage(ctx context.Context, q *store.Query, until time.Time) (due []conversation.Message, more bool, err error) {
	page, err := d.store.List(ctx, *q)
	if err != nil {
		return nil, false, err
	}
	q.Cursor, q.Limit = page.Cursor, sweepPage
	due, err = decodeAll[conversation.Message](page.Rows)
	later := slices.IndexFunc(due, func(m conversation.Message) bool { return !until.IsZero() && m.Trashed.After(until) })
	if later >= 0 {
		return due[:later], false, err
	}
	return due, page.Cursor != "", err
}

// trashed calls do for the single messages of a mailbox that came to trash up to a time, oldest first. At most limit are met; more is set if there
// are others.
func (t *txn) trashed(mailbox string, until time.Time, limit int, do func(conversation.Message) error) (more bool, err error) {
	q := inTrash(t.tenant, mailbox)
	for n, next := 0, true; next; {
		var due []conversation.Message
		if due, next, err = t.desk.trashedPage(t.ctx, &q, until); err != nil {
			return false, err
		}
		for _, m := range due {
			if n == limit {
				return true, nil
			}
			n++
			if err := do(m); err != nil {
				return false, err
			}
		}
	}
	return false, nil
}

// emptyMessages erases the single messages that were in trash when the bulk was begun.
func (b *bulking) emptyMessages(ctx context.Context) error {
	var boxes []string
	err := b.desk.view(ctx, b.lease.Tenant, func(t *txn) error {
		q, err := b.doc.Query.load()
		if err != nil {
			return err
		}
		actor := b.doc.Actor.actor(t.tenant)
		if err := t.fresh(actor); err != nil {
			return err
		}
		c, err := t.caller(actor, "bulk", b.doc.Needs)
		if err == nil {
			boxes, err = t.trashBoxes(c, q.Mailbox)
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, box := range boxes {
		if err := b.wipeTrashed(ctx, box, b.doc.CutOff, b.doc.Actor.actor(b.lease.Tenant), b.noteWiped); err != nil {
			return err
		}
	}
	return nil
}

// noteWiped counts an erased message, in the commit that erases it. A bulk that was cancelled erases no more.
func (b *bulking) noteWiped(t *txn) error {
	if err := t.load(bulkKey(b.doc.ID)); err != nil {
		return err
	}
	row, ok := t.row(bulkKey(b.doc.ID))
	if !ok {
		return errLeaseLost
	}
	doc, err := decode[bulkDoc](t, row)
	if err != nil {
		return err
	}
	if doc.Status != BulkRunning {
		return errSwept
	}
	doc.Wiped++
	return t.put(store.Row{Key: bulkKey(doc.ID)}, formatDocument, doc)
}

// wipeTrashed erases the content of the single messages of a mailbox that came to trash up to a time. What is not to be erased yet, since it is under a
// legal hold or is just being sent, and what cannot be, is passed over.
func (w *work) wipeTrashed(ctx context.Context, mailbox string, until time.Time, actor Actor, note func(*txn) error) (err error) {
	q := inTrash(w.lease.Tenant, mailbox)
	for more := true; more; {
		var due []conversation.Message
		if due, more, err = w.desk.trashedPage(ctx, &q, until); err != nil {
			return err
		}
		for i := range due {
			if err := w.wipeOne(ctx, due[i].ID, until, actor, note); err != nil {
				return err
			}
		}
		if more {
			if err := w.hold(ctx, leaseFor); err != nil { // passing over takes time, too
				return err
			}
		}
	}
	return nil
}

func (w *work) wipeOne(ctx context.Context, id string, until time.Time, actor Actor, note func(*txn) error) error {
	if err := cmp.Or(ctx.Err(), w.held()); err != nil {
		return err
	}
	err := w.desk.write(ctx, w.lease.Tenant, "message/"+id, func(t *txn) error {
		c, err := t.caller(actor, "bulk", toManage)
		if err != nil {
			return err
		}
		done, err := t.wipe(c.who(), id, until)
		if err == nil && done {
			err = note(t)
		}
		w.prolong(t)
		return err
	})
	if ofOne(err) && !errors.Is(err, ErrForbidden) { // who may no longer erase ends it all
		w.desk.log.WarnContext(ctx, "trash: left alone", "tenant", w.lease.Tenant, "message", id, "error", err)
		return nil
	}
	return err
}

// wipe erases what a message that came to trash says. Its entry stays, empty, so that the timeline has no gap and an import finds it known.
func (t *txn) wipe(actor conversation.Actor, id string, until time.Time) (bool, error) {
	if err := t.load(messageKey(id)); err != nil {
		return false, err
	}
	m, err := t.message(id)
	if errors.Is(err, ErrNotFound) || err == nil && (m.Trashed.IsZero() || m.Trashed.After(until)) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	conv, err := t.head(m.Conversation)
	if errors.Is(err, ErrNotFound) || err == nil && (conv.Hold || !conv.Erasing.IsZero()) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if m.Delivery == conversation.Queued || m.Delivery == conversation.Sending {
		return false, nil // it is not lost silently; the next round finds it sent
	}
	if err := t.conceal(&m); err != nil {
		return false, err
	}
	return true, t.wiped(actor, &m, conv.Mailbox)
}

// wiped writes a message without its content, and tells it.
func (t *txn) wiped(actor conversation.Actor, m *conversation.Message, mailbox string) error {
	if err := t.dropFiles(m); err != nil {
		return err
	}
	m.Wipe(t.now)
	actor.Name, actor.Initials = "", ""
	t.tell(m.Changed, conversation.Event{Type: conversation.EventWiped, At: t.now, Actor: actor, Conversation: m.Conversation, Message: m.ID, Mailbox: mailbox})
	return t.putMessage(m)
}
