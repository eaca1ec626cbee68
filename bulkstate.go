package frontdesk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// result tells what became of one conversation, in words that are the caller's to see.
func result(id string, err error) BulkResult {
	r := BulkResult{ID: id}
	if err == nil {
		return r
	}
	codes := []struct {
		is   error
		code string
	}{{ErrNotFound, "not-found"}, {ErrForbidden, "forbidden"}, {ErrInvalid, "invalid"}, {conversation.ErrState, "state"},
		{conversation.ErrValue, "invalid"}, {ErrBusy, "busy"}}
	r.Code, r.Error = "error", "it could not be done; the log says more"
	for _, c := range codes {
		if errors.Is(err, c.is) {
			r.Code, r.Error = c.code, shorten(err.Error())
			break
		}
	}
	return r
}

// shorten keeps a page of results within bounds.
func shorten(text string) string {
	const limit = 500
	if len(text) > limit {
		text = text[:limit]
	}
	return strings.ToValidUTF8(text, "")
}

// BulkState returns how far a bulk is. It is for whoever began it, and admins. A bulk can be asked for until 30 days after its end. Error:
// ErrNotFound.
func (s *Session) BulkState(ctx context.Context, id string) (state BulkState, err error) {
	err = s.read(ctx, "bulk state", id, func(t *txn, c caller) error {
		doc, err := t.bulk(c, id)
		state = BulkState{ID: doc.ID, Status: doc.Status, Reason: doc.Reason, Total: doc.Total, Done: doc.Done, Failed: doc.Failed, Erased: doc.Wiped, Started: doc.CutOff, Ended: doc.Ended}
		return err
	})
	return state, err
}

// bulk loads a bulk that the caller may see.
func (t *txn) bulk(c caller, id string) (doc bulkDoc, err error) {
	if store.CheckText(id, false) != "" || strings.Contains(id, "/") {
		return doc, ErrNotFound
	}
	if err := t.load(bulkKey(id)); err != nil {
		return doc, err
	}
	row, ok := t.row(bulkKey(id))
	if !ok {
		return doc, ErrNotFound
	}
	if doc, err = decode[bulkDoc](t, row); err != nil {
		return doc, err
	}
	his := doc.Actor == bulkActor{c.Agent, c.Automation, c.system}
	if !his && !c.system && !c.has(toManage) {
		return bulkDoc{}, ErrNotFound
	}
	return doc, nil
}

// BulkResults returns what became of a bulk's conversations so far, a page of at most 100 at a time. Errors: ErrNotFound, ErrCursor.
func (s *Session) BulkResults(ctx context.Context, id, cursor string) (page Page[BulkResult], err error) {
	err = s.read(ctx, "bulk results", id, func(t *txn, c caller) error {
		doc, err := t.bulk(c, id)
		if err != nil {
			return err
		}
		n := 0
		if cursor != "" {
			if _, err := fmt.Sscanf(cursor, "%d", &n); err != nil || n < 0 || itoa(int64(n)) != cursor {
				return ErrCursor
			}
		}
		key := bulkPageKey(doc.ID, n)
		if err := t.load(key); err != nil {
			return err
		}
		row, ok := t.row(key)
		if !ok {
			return nil
		}
		results, err := decode[bulkPage](t, row)
		page.Items = results.Results
		if (n+1)*bulkPageSize < doc.Done+doc.Failed {
			page.Next = itoa(int64(n + 1))
		}
		return err
	})
	return page, err
}

// CancelBulk stops a bulk. What is done stays done. One that has ended stays as it is. Error: ErrNotFound.
func (s *Session) CancelBulk(ctx context.Context, id string) error {
	err := s.desk.write(ctx, s.actor.Tenant, "", func(t *txn) error {
		c, err := t.caller(s.actor, "cancel bulk", toWork)
		if err != nil {
			return err
		}
		doc, err := t.bulk(c, id)
		if err != nil || doc.Status != BulkRunning {
			return err
		}
		return t.endBulk(&doc, BulkCancelled, "")
	})
	return wrap("cancel bulk", id, err)
}

// endBulk ends a bulk and has it dropped when its results need not be read any more.
func (t *txn) endBulk(doc *bulkDoc, status BulkStatus, reason string) error {
	doc.Status, doc.Reason, doc.Ended = status, cmp.Or(doc.Reason, reason), t.now
	if err := t.put(store.Row{Key: bulkKey(doc.ID)}, formatDocument, doc); err != nil {
		return err
	}
	return t.enqueue("bulk/"+doc.ID, "bulk/"+doc.ID+"/drop", t.now.Add(keepBulk), bulkJob{ID: doc.ID, Drop: true})
}
