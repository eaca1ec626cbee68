package frontdesk

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// forgetting is a person's forgetting by one worker.
type forgetting struct {
	*work
	id string
}

// state reads how far it is.
func (f *forgetting) state(ctx context.Context) (doc forgetDoc, err error) {
	err = f.desk.view(ctx, f.lease.Tenant, func(t *txn) error {
		doc, err = t.forgetting(f.id)
		return err
	})
	return doc, err
}

// change writes how far it is, on what it was read as: of two workers one goes on.
func (f *forgetting) change(ctx context.Context, was forgetDoc, change func(*txn, *forgetDoc) error) error {
	return f.desk.write(ctx, f.lease.Tenant, "", func(t *txn) error {
		doc, err := t.forgetting(f.id)
		if err != nil {
			return err
		}
		if doc.Step != was.Step || doc.Person != was.Person || doc.Cursor != was.Cursor || len(doc.Now) != len(was.Now) || !doc.Done.IsZero() {
			return errLeaseLost
		}
		if err := change(t, &doc); err != nil {
			return err
		}
		f.prolong(t)
		return t.saveForget(doc)
	})
}

// counted adds erased messages to the receipt, in the commit that erases them.
func (f *forgetting) counted(t *txn, n int) error {
	if n == 0 {
		return nil
	}
	doc, err := t.forgetting(f.id)
	if err != nil {
		return err
	}
	doc.Messages += n
	return t.saveForget(doc)
}

// step takes up the next conversation, erases a page of one, or does a page of deliveries.
func (f *forgetting) step(ctx context.Context) (done bool, err error) {
	if err := cmp.Or(ctx.Err(), f.held()); err != nil {
		return false, err
	}
	doc, err := f.state(ctx)
	switch {
	case errors.Is(err, ErrNotFound) || err == nil && !doc.Done.IsZero():
		return true, nil
	case err != nil:
		return false, err
	case doc.Step == stepCopies:
		return false, f.copies(ctx, doc)
	case doc.Step == stepNotes:
		return false, f.notes(ctx, doc)
	case doc.Step != "":
		return false, f.deliveries(ctx, doc)
	case len(doc.Now) > 0:
		return false, f.timeline(ctx, doc)
	}
	page, err := f.desk.store.List(ctx, store.Query{Tenant: f.lease.Tenant, Kind: store.Conversation, Fact: "contact", Value: doc.People[doc.Person], Ascending: true,
		Limit: 1, Cursor: doc.Cursor})
	if err != nil {
		return false, err
	}
	return false, f.change(ctx, doc, func(t *txn, d *forgetDoc) error {
		if len(page.Rows) == 0 {
			d.next(page.Cursor, t.now)
			return nil
		}
		d.After = page.Cursor
		return f.takeUp(t, d, page.Rows[0].ID)
	})
}

// takeUp notes a conversation, and what is merged into it, as the next to be erased. One that is his alone is gone at once.
func (f *forgetting) takeUp(t *txn, doc *forgetDoc, id string) error {
	if err := t.load(conversationKey(id)); err != nil {
		return err
	}
	conv, err := t.conversation(id)
	if errors.Is(err, ErrNotFound) {
		doc.next(doc.After, t.now)
		return nil
	}
	if err != nil {
		return err
	}
	parts, err := t.partsOf(&conv)
	if err != nil {
		return err
	}
	if conv.Hold { // the parts' own is the whole's, or has been released with it
		doc.Held++
		doc.next(doc.After, t.now)
		return nil
	}
	doc.Now = sources(&conv, parts)
	doc.Alone = !slices.ContainsFunc(conv.Contacts, func(c string) bool { return !slices.Contains(doc.People, c) })
	if doc.Alone && conv.Erasing.IsZero() {
		return t.erase(doc.By, &conv, true)
	}
	return nil
}

// timeline erases one of the timelines taken up: all of it, or the person's messages. The last one ends the conversation.
func (f *forgetting) timeline(ctx context.Context, doc forgetDoc) error {
	var err error
	if doc.Alone {
		err = f.whole(ctx, doc.Now[0])
	} else {
		err = f.part(ctx, doc, doc.Now[0])
	}
	if err != nil {
		return err
	}
	return f.change(ctx, doc, func(t *txn, d *forgetDoc) error {
		if d.Now = d.Now[1:]; len(d.Now) > 0 {
			return nil
		}
		if d.next(d.After, t.now); d.Alone {
			d.Conversations++
		} else {
			d.Shared++
		}
		return nil
	})
}

// whole deletes a timeline and its conversation.
func (f *forgetting) whole(ctx context.Context, id string) error {
	for {
		if err := cmp.Or(ctx.Err(), f.held()); err != nil {
			return err
		}
		more, wait, err := f.erasePage(ctx, id, f.counted)
		switch {
		case err != nil || !more:
			return err
		case wait:
			return errTurn
		}
	}
}

// part wipes the person's messages of a timeline, and takes him out of the conversation.
func (f *forgetting) part(ctx context.Context, doc forgetDoc, id string) error {
	q := store.Query{Tenant: f.lease.Tenant, Kind: store.Message, Fact: "conversation", Value: id, Ascending: true, Limit: erasePage}
	for {
		if err := cmp.Or(ctx.Err(), f.held()); err != nil {
			return err
		}
		page, err := f.desk.store.List(ctx, q)
		if err != nil {
			return err
		}
		if err := f.wipePage(ctx, doc, id, page.Rows); err != nil {
			return err
		}
		if page.Cursor == "" {
			return f.leave(ctx, doc, id)
		}
		q.Cursor = page.Cursor
	}
}

// wipePage erases the content of the person's messages among others', and his addresses in those of others.
func (f *forgetting) wipePage(ctx context.Context, doc forgetDoc, id string, rows []store.Row) error {
	return f.desk.write(ctx, f.lease.Tenant, "conversation/"+id, func(t *txn) error {
		n := 0
		keys := make([]store.Key, len(rows))
		for i, row := range rows {
			keys[i] = row.Key
		}
		if err := t.load(append(keys, conversationKey(id))...); err != nil {
			return err
		}
		conv, err := t.conversation(id)
		if err != nil {
			return err
		}
		for _, row := range rows {
			m, err := t.message(row.ID)
			if errors.Is(err, ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			his := m.Author.Kind == conversation.ByContact && slices.Contains(doc.People, m.Author.ID) || slices.Contains(doc.People, m.About)
			on := conversation.ForPerson(&conv, &m, doc.Identities)
			waits := on && m.Delivery == conversation.Scheduled
			if waits {
				m.Delivery, m.Failure = conversation.Cancelled, nil // nothing more goes out to him
			}
			changed := dropAddresses(&m, doc.Identities)
			if on && m.Delivery != conversation.Queued && m.Delivery != conversation.Sending {
				m.Thread, changed = "", true // the platform's key of his thread is often his address
			}
			switch {
			case waits || his && (m.Erased.IsZero() || m.Author.Name != ""):
				n++
				err = t.wiped(doc.By, &m, conv.Mailbox)
			case !his && changed:
				m.Changed = conversation.Later(m.Changed, t.now)
				err = t.putMessage(&m)
			}
			if err != nil {
				return err
			}
		}
		f.prolong(t)
		return f.counted(t, n)
	})
}

// dropAddresses takes a person's addresses off a message.
func dropAddresses(m *conversation.Message, of []conversation.Identity) (dropped bool) {
	his := func(i conversation.Identity) bool { return slices.ContainsFunc(of, i.Is) }
	for _, list := range []*[]conversation.Identity{&m.To, &m.CC, &m.BCC} {
		if slices.ContainsFunc(*list, his) {
			*list, dropped = slices.DeleteFunc(slices.Clone(*list), his), true
		}
	}
	from := func(r conversation.Reaction) bool {
		return slices.ContainsFunc(of, func(o conversation.Identity) bool { return o.Address == r.From })
	}
	if slices.ContainsFunc(m.Reactions, from) {
		m.Reactions, dropped = slices.DeleteFunc(slices.Clone(m.Reactions), from), true
	}
	return dropped
}

// leave takes the person out of a conversation that others are in.
func (f *forgetting) leave(ctx context.Context, doc forgetDoc, id string) error {
	return f.desk.write(ctx, f.lease.Tenant, "conversation/"+id, func(t *txn) error {
		if err := t.load(conversationKey(id)); err != nil {
			return err
		}
		conv, err := t.conversation(id)
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		env, err := t.env(doc.By, conv.Mailbox, t.ids)
		if err != nil {
			return err
		}
		before := conv.Threads
		commands := make([]conversation.Command, len(doc.People))
		for i, id := range doc.People {
			commands[i] = conversation.DropPeople{Contact: id, Identities: doc.Identities}
		}
		change, err := t.apply(&conv, false, env, commands...)
		if err != nil {
			return err
		}
		gone := slices.DeleteFunc(slices.Clone(before), func(th conversation.Thread) bool {
			_, kept := change.Conversation.Thread(th.Channel, th.Key)
			return kept
		})
		if err := t.release(gone, cmp.Or(conv.Into, conv.ID)); err != nil {
			return err
		}
		if change.Changed() {
			if _, err := t.relabel(&change.Conversation); err != nil {
				return err
			}
		}
		if err := t.dropFromDrafts(conv.ID, doc.Identities); err != nil {
			return err
		}
		return t.leaveMerge(conv.ID, env, commands)
	})
}

// leaveMerge takes the person out of what a conversation's head was before it was merged.
func (t *txn) leaveMerge(id string, env conversation.Env, commands []conversation.Command) error {
	key := document("merge", id)
	if err := t.load(key); err != nil {
		return err
	}
	row, ok := t.row(key)
	if !ok {
		return nil
	}
	doc, err := decode[mergeDoc](t, row)
	if err != nil {
		return err
	}
	change, err := conversation.Apply(doc.Before, env, commands...)
	if err != nil || !change.Changed() {
		return err
	}
	doc.Before = change.Conversation
	return t.put(store.Row{Key: key}, formatDocument, doc)
}

// copies wipes a page of what repeats the person, or went to him, outside his conversations.
func (f *forgetting) copies(ctx context.Context, doc forgetDoc) error {
	page, err := f.desk.store.List(ctx, store.Query{Tenant: f.lease.Tenant, Kind: store.Message, Fact: "person", Value: doc.whom()[doc.Person], Ascending: true,
		Limit: erasePage, Cursor: doc.Cursor})
	if err != nil {
		return err
	}
	holds := 0
	for _, row := range page.Rows {
		if err := cmp.Or(ctx.Err(), f.held()); err != nil {
			return err
		}
		switch stays, err := f.copy(ctx, doc, row.ID); {
		case err != nil:
			return err
		case stays:
			holds++
		}
	}
	return f.change(ctx, doc, func(t *txn, d *forgetDoc) error {
		d.Held += holds
		d.next(page.Cursor, t.now)
		return nil
	})
}

// copy wipes one of them, or takes the person's addresses off it, unless it stays under a legal hold. One on its way out is waited for.
func (f *forgetting) copy(ctx context.Context, doc forgetDoc, id string) (stays bool, err error) {
	err = f.desk.write(ctx, f.lease.Tenant, "message/"+id, func(t *txn) error {
		stays = false
		if err := t.load(messageKey(id)); err != nil {
			return err
		}
		m, err := t.message(id)
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if m.Delivery == conversation.Queued || m.Delivery == conversation.Sending {
			return errTurn
		}
		if m.Test {
			if err := t.load(namesOf([]conversation.Message{m})...); err != nil {
				return err
			}
			if _, err := t.deleteMessage(&m); err != nil {
				return err
			}
			return f.counted(t, 1)
		}
		conv, err := t.head(m.Conversation)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		stays = conv.Hold
		his := func(of string) bool { return slices.Contains(doc.whom(), of) }
		switch {
		case stays || !slices.ContainsFunc(m.Of, his):
		case slices.ContainsFunc(m.Of, func(of string) bool { return slices.Contains(doc.People, of) }):
			if m.Delivery == conversation.Scheduled {
				m.Delivery, m.Failure = conversation.Cancelled, nil
			}
			if err := t.conceal(&m); err != nil {
				return err
			}
			if err := t.wiped(doc.By, &m, conv.Mailbox); err != nil {
				return err
			}
			return f.counted(t, 1)
		default:
			dropAddresses(&m, doc.Identities)
			m.Of = slices.DeleteFunc(slices.Clone(m.Of), his)
			m.Changed = conversation.Later(m.Changed, t.now)
			return t.putMessage(&m)
		}
		return nil
	})
	return stays, err
}

// conceal takes what a message shows in lists from its conversation, from what that is merged into, and from what either was before.
func (t *txn) conceal(m *conversation.Message) error {
	for id := m.Conversation; id != ""; {
		if err := t.load(conversationKey(id)); err != nil {
			return err
		}
		conv, err := t.conversation(id)
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if next := conv.Clone(); next.Conceal(m) {
			next.Changed = conversation.Later(conv.Changed, t.now)
			if err := t.putConversation(&next, &conv); err != nil {
				return err
			}
		}
		if err := t.concealBefore(&conv, m); err != nil {
			return err
		}
		id = conv.Into
	}
	return nil
}

// concealBefore takes it from what a conversation, and what is merged into it, was before others were.
func (t *txn) concealBefore(conv *conversation.Conversation, m *conversation.Message) error {
	parts, err := t.partsOf(conv)
	if err != nil {
		return err
	}
	for i := range parts {
		key := document("merge", parts[i].ID)
		doc, ok, err := doc[mergeDoc](t, key)
		if err != nil {
			return err
		}
		if ok && doc.Before.Conceal(m) {
			if err := t.put(store.Row{Key: key}, formatDocument, doc); err != nil {
				return err
			}
		}
	}
	return nil
}

// notes deletes a page of the notes on a profile.
func (f *forgetting) notes(ctx context.Context, doc forgetDoc) error {
	page, err := f.desk.store.List(ctx, store.Query{Tenant: f.lease.Tenant, Kind: store.Message, Fact: "conversation", Value: notesOf(doc.People[doc.Person]),
		Ascending: true, Limit: erasePage})
	if err != nil {
		return err
	}
	return f.change(ctx, doc, func(t *txn, d *forgetDoc) error {
		messages, err := decodeAll[conversation.Message](page.Rows)
		if err != nil {
			return err
		}
		t.adopt(page.Rows)
		if err := t.load(namesOf(messages)...); err != nil {
			return err
		}
		for i := range messages {
			if _, err := t.deleteMessage(&messages[i]); err != nil {
				return err
			}
		}
		if d.Messages += len(messages); page.Cursor == "" {
			d.next("", t.now)
		}
		return nil
	})
}

// deliveries deletes what was delivered, is not understood or waits, and names one of the person's addresses.
func (f *forgetting) deliveries(ctx context.Context, doc forgetDoc) error {
	page, err := f.desk.store.List(ctx, store.Query{Tenant: f.lease.Tenant, Kind: store.Delivery, Fact: "state", Value: doc.Step, Ascending: true,
		Limit: erasePage, Cursor: doc.Cursor})
	if err != nil {
		return err
	}
	return f.change(ctx, doc, func(t *txn, d *forgetDoc) error {
		for _, row := range page.Rows {
			names, mine, err := namesPerson(&row, doc.Step, doc.Identities)
			if err != nil {
				return err
			}
			if !mine {
				continue
			}
			t.adopt([]store.Row{row})
			if err := t.load(names...); err != nil {
				return err
			}
			for _, name := range names {
				if n, ok := t.row(name); ok && n.Target == row.Key {
					t.remove(name)
				}
			}
			t.remove(row.Key)
			d.Deliveries++
		}
		d.next(page.Cursor, t.now)
		return nil
	})
}

// namesPerson reports whether a delivery names one of the addresses, and which names lead to the delivery.
func namesPerson(row *store.Row, state string, of []conversation.Identity) (names []store.Key, mine bool, err error) {
	text := row.Body
	if state == "raw" {
		var raw Delivery
		if _, err := store.Decode(row.Body, &raw); err != nil {
			return nil, false, err
		}
		text = append(slices.Clone(raw.Body), raw.URL...)
	} else {
		var p parked
		if _, err := store.Decode(row.Body, &p); err != nil {
			return nil, false, err
		}
		names = []store.Key{providerName(p.Channel, p.ID)}
	}
	for _, i := range of {
		quoted, _ := json.Marshal(i.Address) // as it stands in JSON
		for _, form := range [][]byte{[]byte(i.Address), bytes.Trim(quoted, `"`), []byte(trimPlus(i.Address))} {
			if len(form) >= minAddress && bytes.Contains(bytes.ToLower(text), bytes.ToLower(form)) {
				return names, true, nil
			}
		}
	}
	return names, false, nil
}

// minAddress keeps an address such as "1" from matching everything.
const minAddress = 3

// trimPlus is a number as many providers write it.
func trimPlus(address string) string {
	if len(address) > 0 && address[0] == '+' {
		return address[1:]
	}
	return address
}
