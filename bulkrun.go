package frontdesk

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// bulkWalk is how many conversations a bulk looks at before it asks for more.
const bulkWalk = 100

// bulking is a bulk being done by one worker.
type bulking struct {
	*work
	doc bulkDoc // as this worker left it
	sel walking
	now []store.Row // the conversations to be dealt with, in order
	ids []string    // likewise, of a bulk over IDs
	end bool        // nothing comes behind them
	to  string      // the last ID looked at
}

// bulk does a group's jobs.
func (w *work) bulk(ctx context.Context) error {
	for i, job := range w.lease.Jobs {
		var j bulkJob
		if _, err := store.Decode(job.Body, &j); err != nil {
			return err
		}
		last := i == len(w.lease.Jobs)-1
		if j.Drop {
			if err := w.dropBulk(ctx, job, j.ID, last); err != nil {
				return err
			}
			continue
		}
		done, err := w.bulkAll(ctx, j.ID)
		if err != nil {
			return err
		}
		if !done {
			return w.hold(ctx, 0)
		}
		if err := w.desk.write(ctx, w.lease.Tenant, "", func(t *txn) error { w.finish(t, job, last); return nil }); err != nil {
			return err
		}
	}
	return nil
}

// turnFor is how many steps a worker takes in large work before it gives the group back, so that everything else that is due has its turn.
const turnFor = 200

// bulkAll deals with one conversation after the other until the bulk has ended, or its turn. done is true when it has ended.
func (w *work) bulkAll(ctx context.Context, id string) (done bool, err error) {
	b := &bulking{work: w}
	for range turnFor {
		if err := cmp.Or(ctx.Err(), w.held()); err != nil {
			return false, err
		}
		if len(b.now)+len(b.ids) == 0 {
			more, err := b.next(ctx, id)
			if err != nil || !more {
				return !more, err
			}
			continue
		}
		if err := b.one(ctx); err != nil {
			return false, err
		}
		if b.doc.Status != BulkRunning {
			return true, nil
		}
	}
	return false, nil
}

// next finds the next conversations, or ends the bulk when there are none. more is false when it has ended.
func (b *bulking) next(ctx context.Context, id string) (more bool, err error) {
	if b.end {
		return false, b.ended(ctx)
	}
	passed := ""
	err = b.desk.view(ctx, b.lease.Tenant, func(t *txn) error {
		if err := t.load(bulkKey(id)); err != nil {
			return err
		}
		row, ok := t.row(bulkKey(id))
		if !ok {
			return nil
		}
		if b.doc, err = decode[bulkDoc](t, row); err != nil || b.doc.Status != BulkRunning {
			return err
		}
		passed = cmp.Or(b.to, b.doc.After)
		return b.find(t, max(passed, b.doc.After))
	})
	if Refused(err) {
		return false, b.stop(ctx, err)
	}
	if err == nil && len(b.now)+len(b.ids) == 0 {
		err = b.hold(ctx, leaseFor) // looking takes time, too
	}
	return err == nil && b.doc.Status == BulkRunning, err
}

func (b *bulking) find(t *txn, after string) error {
	if b.doc.Query == nil {
		if err := t.load(bulkIDsKey(b.doc.ID)); err != nil {
			return err
		}
		row, _ := t.row(bulkIDsKey(b.doc.ID))
		ids, err := decode[bulkIDs](t, row)
		i, found := slices.BinarySearch(ids.IDs, after)
		if found {
			i++
		}
		b.ids, b.end = ids.IDs[i:], true
		return err
	}
	actor := b.doc.Actor.actor(t.tenant)
	if err := t.fresh(actor); err != nil {
		return err
	}
	c, err := t.caller(actor, "bulk", b.doc.Needs)
	if err != nil {
		return err
	}
	q, err := b.doc.Query.load()
	if err != nil {
		return err
	}
	sel, ok, err := t.selects(c, q)
	if err != nil || !ok {
		b.end = true
		return err
	}
	f, err := t.walkOn(sel, after, bulkWalk)
	b.sel, b.now, b.to, b.end = sel, b.worth(f.rows), f.last, f.last == ""
	return err
}

// worth leaves out what a bulk does not touch: what was created, or came to trash, after it was begun.
func (b *bulking) worth(rows []store.Row) []store.Row {
	return slices.DeleteFunc(rows, func(row store.Row) bool {
		conv, err := headerOf(&row)
		return err == nil && !b.covers(&conv)
	})
}

func (b *bulking) covers(conv *conversation.Conversation) bool {
	if b.doc.Needs == toManage && conv.Activity.After(b.doc.CutOff) {
		return false
	}
	return !conv.Created.After(b.doc.CutOff)
}

// one deals with the next conversation, in a commit that also moves the bulk on: so it is dealt with once.
func (b *bulking) one(ctx context.Context) error {
	id := ""
	if len(b.ids) > 0 {
		id, b.ids = b.ids[0], b.ids[1:]
	} else {
		id, b.now = b.now[0].ID, b.now[1:]
	}
	err := b.commit(ctx, id, nil)
	var refused *ForbiddenError
	switch {
	case err == nil, errors.Is(err, errLeaseLost), ctx.Err() != nil:
		return err
	case errors.As(err, &refused) && refused.Command == "bulk":
		return b.stop(ctx, refused)
	case !ofOne(err):
		return err // the store's: tried again later
	}
	b.desk.log.InfoContext(ctx, "bulk: not done", "tenant", b.lease.Tenant, "bulk", b.doc.ID, "conversation", id, "error", err)
	return b.commit(ctx, id, err)
}

// commit carries the actions out and notes that they are, or notes why they are not.
func (b *bulking) commit(ctx context.Context, id string, problem error) error {
	var doc bulkDoc
	err := b.desk.write(ctx, b.lease.Tenant, "conversation/"+id, func(t *txn) (err error) {
		if err := t.load(bulkKey(b.doc.ID)); err != nil {
			return err
		}
		row, ok := t.row(bulkKey(b.doc.ID))
		if !ok {
			return errLeaseLost
		}
		if doc, err = decode[bulkDoc](t, row); err != nil {
			return err
		}
		if doc.Status != BulkRunning {
			return errStop
		}
		if doc.After != b.doc.After {
			return errLeaseLost // another worker goes on
		}
		met := true
		if problem == nil {
			if met, err = b.act(t, id); err != nil {
				return err
			}
		}
		b.prolong(t)
		doc.After = id
		if met {
			err = t.noteBulk(&doc, result(id, problem))
		}
		if err != nil {
			return err
		}
		return t.put(store.Row{Key: bulkKey(doc.ID)}, formatDocument, doc)
	})
	if err == nil {
		b.doc = doc
	}
	return err
}

// act carries out the actions. met is false for a conversation that is none of the bulk's any more.
func (b *bulking) act(t *txn, id string) (met bool, err error) {
	c, err := t.caller(b.doc.Actor.actor(t.tenant), "bulk", b.doc.Needs)
	if err != nil {
		return false, err
	}
	conv, err := t.visible(c, id)
	if err != nil {
		if b.doc.Query != nil && errors.Is(err, ErrNotFound) {
			return false, nil
		}
		return false, err
	}
	row, _ := t.row(conversationKey(conv.ID))
	if b.doc.Query != nil && (conv.ID != id || !b.sel.holds(&row) || !b.covers(&conv)) {
		return false, nil
	}
	actions, err := loadActions(b.doc.Actions)
	if err != nil {
		return false, err
	}
	commands, err := t.bulkActions(c, b.doc.Needs, &conv, actions)
	if err != nil {
		return false, err
	}
	if conv.Attention.At.After(b.doc.CutOff) { // nobody has seen it when he said that all is read
		commands = slices.DeleteFunc(slices.Clone(commands), func(a conversation.Command) bool { _, read := a.(MarkRead); return read })
	}
	if slices.ContainsFunc(commands, func(a conversation.Command) bool { _, erases := a.(conversation.Erase); return erases }) {
		return true, t.erase(c.who(), &conv, false)
	}
	env, err := t.env(c.who(), conv.Mailbox, t.ids)
	if err == nil {
		_, err = t.apply(&conv, false, env, commands...)
	}
	return true, err
}

// noteBulk adds a result to a bulk's last page.
func (t *txn) noteBulk(doc *bulkDoc, r BulkResult) error {
	key := bulkPageKey(doc.ID, (doc.Done+doc.Failed)/bulkPageSize)
	if err := t.load(key); err != nil {
		return err
	}
	var page bulkPage
	if row, ok := t.row(key); ok {
		var err error
		if page, err = decode[bulkPage](t, row); err != nil {
			return err
		}
	}
	page.Results = append(page.Results, r)
	if r.Code == "" {
		doc.Done++
	} else {
		doc.Failed++
	}
	return t.put(store.Row{Key: key}, formatDocument, page)
}

// stop ends a bulk whose actor may not go on.
func (b *bulking) stop(ctx context.Context, reason error) error {
	return b.finishDoc(ctx, BulkStopped, reason.Error())
}

func (b *bulking) ended(ctx context.Context) error {
	if b.doc.Needs == toManage {
		if err := b.emptyMessages(ctx); err != nil && !errors.Is(err, errSwept) {
			return err
		}
	}
	return b.finishDoc(ctx, BulkDone, "")
}

func (b *bulking) finishDoc(ctx context.Context, status BulkStatus, reason string) error {
	return b.desk.write(ctx, b.lease.Tenant, "", func(t *txn) error {
		if err := t.load(bulkKey(b.doc.ID)); err != nil {
			return err
		}
		row, ok := t.row(bulkKey(b.doc.ID))
		if !ok {
			return nil
		}
		doc, err := decode[bulkDoc](t, row)
		if err != nil || doc.Status != BulkRunning {
			return err
		}
		return t.endBulk(&doc, status, reason)
	})
}

// dropBulk deletes a bulk and its results, some pages at a time.
func (w *work) dropBulk(ctx context.Context, job store.Job, id string, last bool) error {
	for {
		if err := cmp.Or(ctx.Err(), w.held()); err != nil {
			return err
		}
		gone := false
		err := w.desk.write(ctx, w.lease.Tenant, "", func(t *txn) error {
			page, err := t.desk.store.List(ctx, store.Query{Tenant: t.tenant, Kind: store.Document, Prefix: "bulkpage/" + id + "/", Limit: bulkPageSize})
			if err != nil {
				return err
			}
			t.adopt(page.Rows)
			for _, row := range page.Rows {
				t.remove(row.Key)
			}
			if gone = page.Cursor == ""; !gone {
				w.prolong(t)
				return nil
			}
			w.finish(t, job, last)
			keys := []store.Key{bulkKey(id), bulkIDsKey(id)}
			if err := t.load(keys...); err != nil {
				return err
			}
			for _, key := range keys {
				if _, ok := t.row(key); ok {
					t.remove(key)
				}
			}
			return nil
		})
		if err != nil || gone {
			return err
		}
	}
}
