package frontdesk

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// Erasing a conversation is two things: a commit after which it is nowhere to be seen, and a job that deletes its messages in pages and its
// header last.

// tombstoneFor is how long a provider's ID of an erased message is remembered, so that an import that offers it again does not bring it
// back.
const tombstoneFor = 400 * 24 * time.Hour

// erasePage is how many messages are deleted in a commit.
const erasePage = 50

// eraseWait is how long a conversation waits for a message of it that is being sent.
const eraseWait = time.Minute

// eraseJob deletes a conversation's messages.
type eraseJob struct {
	Conversation string `json:"conversation"`
}

// tombJob forgets tombstones.
type tombJob struct {
	Names []string `json:"names"`
}

// erase marks a conversation, with what is merged into it, as being erased, releases the names of its threads and
// queues the rest. A forgetting erases from anywhere.
func (t *txn) erase(actor conversation.Actor, conv *conversation.Conversation, anywhere bool) error {
	parts, err := t.partsOf(conv)
	if err != nil {
		return err
	}
	for _, part := range append(parts, *conv) {
		if part.ID != conv.ID {
			part.Hold = conv.Hold // the head took the part's over, and has been released since if it has none
		}
		env, err := t.env(actor, part.Mailbox, t.ids)
		if err != nil {
			return err
		}
		change, err := t.apply(&part, false, env, conversation.Erase{Anywhere: anywhere || part.ID != conv.ID})
		if err != nil {
			return err
		}
		if !change.Changed() {
			continue
		}
		if err := t.release(part.Threads, conv.ID); err != nil {
			return err
		}
		if anywhere {
			continue // a forgetting deletes the messages itself, and counts them
		}
		if err := t.enqueue("erase/"+part.ID, "erase/"+part.ID, time.Time{}, eraseJob{Conversation: part.ID}); err != nil {
			return err
		}
	}
	return nil
}

// release deletes the names of threads that lead to a conversation.
func (t *txn) release(threads []conversation.Thread, from string) error {
	keys := make([]store.Key, len(threads))
	for i, th := range threads {
		keys[i] = threadName(th.Channel, th.Key)
	}
	if err := t.load(keys...); err != nil {
		return err
	}
	for _, key := range keys {
		if row, ok := t.row(key); ok && row.Target == conversationKey(from) {
			t.remove(key)
		}
	}
	return nil
}

// eraseAll deletes what is left of conversations that are being erased.
func (w *work) eraseAll(ctx context.Context) error {
	for i, job := range w.lease.Jobs {
		var j eraseJob
		if _, err := store.Decode(job.Body, &j); err != nil {
			return err
		}
		for n := 1; ; n++ {
			if err := cmp.Or(ctx.Err(), w.held()); err != nil {
				return err
			}
			more, wait, err := w.erasePage(ctx, j.Conversation, nil)
			switch {
			case err != nil:
				return err
			case wait:
				return w.hold(ctx, eraseWait)
			case more && n == turnFor:
				return w.hold(ctx, 0)
			}
			if !more {
				break
			}
		}
		err := w.desk.write(ctx, w.lease.Tenant, "", func(t *txn) error { w.finish(t, job, i == len(w.lease.Jobs)-1); return nil })
		if err != nil {
			return err
		}
	}
	return nil
}

// erasePage deletes one page of a conversation's messages, with the last its header, and tells counted how many it deletes. wait is set
// when a message is on its way out: it is not lost, and what became of it is noted, before it is deleted.
func (w *work) erasePage(ctx context.Context, id string, counted func(*txn, int) error) (more, wait bool, err error) {
	err = w.desk.write(ctx, w.lease.Tenant, "conversation/"+id, func(t *txn) error {
		n := 0
		more, wait = false, false
		if err := t.load(conversationKey(id)); err != nil {
			return err
		}
		conv, err := t.conversation(id)
		if errors.Is(err, ErrNotFound) || err == nil && conv.Erasing.IsZero() {
			return nil
		}
		if err != nil {
			return err
		}
		page, err := t.desk.store.List(ctx, store.Query{Tenant: t.tenant, Kind: store.Message, Fact: "conversation", Value: id, Ascending: true, Limit: erasePage})
		if err != nil {
			return err
		}
		messages, err := decodeAll[conversation.Message](page.Rows)
		if err != nil {
			return err
		}
		kept := 0
		t.adopt(page.Rows)
		if err := t.load(namesOf(messages)...); err != nil {
			return err
		}
		var tombs []string
		for i := range messages {
			m := &messages[i]
			if m.Delivery == conversation.Queued || m.Delivery == conversation.Sending {
				kept++
				continue
			}
			names, err := t.deleteMessage(m)
			if err != nil {
				return err
			}
			tombs, n = append(tombs, names...), n+1
		}
		if len(tombs) > 0 {
			if err := t.enqueue("tomb/"+id, "tomb/"+newID(t.now), t.now.Add(tombstoneFor), tombJob{tombs}); err != nil {
				return err
			}
		}
		w.prolong(t)
		more = page.Cursor != "" || kept > 0
		wait = kept > 0
		if counted != nil {
			if err := counted(t, n); err != nil {
				return err
			}
		}
		if !more {
			return t.deleteHeader(&conv)
		}
		return nil
	})
	return more, wait, err
}

// namesOf are the names that lead to messages.
func namesOf(messages []conversation.Message) (keys []store.Key) {
	for i := range messages {
		m := &messages[i]
		if m.ProviderID != "" {
			keys = append(keys, providerName(m.Channel, m.ProviderID))
		}
		for _, p := range m.Parts {
			if p.ProviderID != "" {
				keys = append(keys, providerName(m.Channel, p.ProviderID))
			}
		}
		if m.Key != "" {
			keys = append(keys, sendName(string(m.Author.Kind)+":"+m.Author.ID, m.Key))
		}
	}
	return keys
}

// deleteMessage deletes a message whose names were loaded. A caller's key goes with it; a provider's ID stays as a tombstone, a name that
// leads nowhere, and is returned.
func (t *txn) deleteMessage(m *conversation.Message) (tombs []string, err error) {
	if err := t.dropFiles(m); err != nil {
		return nil, err
	}
	for _, key := range namesOf([]conversation.Message{*m}) {
		row, ok := t.row(key)
		if !ok || row.Target != messageKey(m.ID) {
			continue
		}
		if key.ID[:4] == "msg/" {
			t.putRow(store.Row{Key: key})
			tombs = append(tombs, key.ID)
		} else {
			t.remove(key)
		}
	}
	t.remove(messageKey(m.ID))
	return tombs, nil
}

// isTombstone reports whether a provider's ID belongs to a message that was erased.
func (t *txn) isTombstone(name store.Key) bool {
	row, ok := t.row(name)
	return ok && row.Target == (store.Key{})
}

// deleteHeader deletes a conversation without messages, and what else is named after it.
func (t *txn) deleteHeader(conv *conversation.Conversation) error {
	key := document("merge", conv.ID)
	if err := t.load(key); err != nil {
		return err
	}
	if _, ok := t.row(key); ok {
		t.remove(key)
	}
	if err := t.dropNamedAfter(conv.ID); err != nil {
		return err
	}
	if err := t.release(conv.Threads, conv.ID); err != nil {
		return err
	}
	t.remove(conversationKey(conv.ID))
	return nil
}

// dropNamedAfter deletes the drafts that agents keep for a conversation, and what the spam filter remembers of it.
func (t *txn) dropNamedAfter(conv string) error {
	drafts, err := t.draftsOf(conv)
	if err != nil {
		return err
	}
	for _, row := range drafts {
		t.remove(row.Key)
	}
	key := learnedKey(conv)
	if err := t.load(key); err != nil {
		return err
	}
	if _, ok := t.row(key); ok {
		t.remove(key)
	} else {
		t.batch.Ignore(key)
	}
	return nil
}

// forgetTombs deletes tombstones whose time is over.
func (w *work) forgetTombs(ctx context.Context) error {
	return each(ctx, w, func(t *txn, j tombJob) error {
		keys := make([]store.Key, len(j.Names))
		for i, id := range j.Names {
			keys[i] = store.Key{Kind: store.Name, ID: id}
		}
		if err := t.load(keys...); err != nil {
			return err
		}
		for _, key := range keys {
			if t.isTombstone(key) {
				t.remove(key)
			}
		}
		return nil
	})
}
