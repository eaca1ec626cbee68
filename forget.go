package frontdesk

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// Receipt says what was erased of a person who was forgotten. It holds no personal data: an ID, counts, and who asked when.
type Receipt struct {
	ID      string             `json:"id"`
	Contact string             `json:"contact"`
	By      conversation.Actor `json:"by"` // without a name
	At      time.Time          `json:"at"`
	Done    time.Time          `json:"done,omitzero"` // zero: still under way

	Conversations int `json:"conversations,omitempty"` // erased whole: he was their only customer
	Shared        int `json:"shared,omitempty"`        // with other customers: what he wrote is erased, and he is no longer in them
	Held          int `json:"held,omitempty"`          // conversations, and messages in those of others, under a legal hold: left as they were
	Messages      int `json:"messages,omitempty"`      // erased, in all
	Identities    int `json:"identities,omitempty"`    // addresses released
	Deliveries    int `json:"deliveries,omitempty"`    // raw or waiting ones that named him
}

// forgetDoc is a forgetting under way. Who he was is in it for as long as it is, and no longer.
type forgetDoc struct {
	Receipt
	Identities []conversation.Identity `json:"of,omitempty"`
	People     []string                `json:"people,omitempty"` // his ID, and those of the contacts merged into him
	Person     int                     `json:"person,omitempty"` // which of those whom the step goes through it has come to
	Step       string                  `json:"step,omitempty"`   // one of forgetSteps
	Cursor     string                  `json:"cursor,omitempty"` // of the step's list
	Now        []string                `json:"now,omitempty"`    // the conversation being erased and its parts, as far as they are left
	Alone      bool                    `json:"alone,omitempty"`  // he is the only customer in Now
	After      string                  `json:"after,omitempty"`  // the cursor behind Now
}

type forgetJob struct {
	ID string `json:"id"`
}

func forgetKey(id string) store.Key { return document("forget", id) }

// Forget begins to erase for good what a person wrote and what is known of him: his conversations, unless other customers are in them, of which
// only his messages go; what of his was forwarded, test messages to him and his addresses in copy, wherever they are; his names, addresses and fields; what was delivered and could not be understood, where it names one of his
// addresses. At once he is nobody's contact any more; the rest follows, and the receipt says when it is done. What is under a legal hold
// stays. Forgetting somebody again returns the first receipt. It needs an admin. Error: ErrNotFound.
func (s *Session) Forget(ctx context.Context, contactID string) (r Receipt, err error) {
	err = s.desk.write(ctx, s.actor.Tenant, "contact/"+contactID, func(t *txn) error {
		c, err := t.caller(s.actor, "forget contact", toManage)
		if err != nil {
			return err
		}
		contact, err := t.contact(contactID)
		if err != nil {
			return err
		}
		if contact.Forgotten != "" {
			doc, err := t.forgetting(contact.Forgotten)
			r = doc.Receipt
			return err
		}
		r, err = t.forgetContact(c.who(), &contact)
		return err
	})
	return r, wrap("forget contact", contactID, err)
}

func (t *txn) forgetting(id string) (doc forgetDoc, err error) {
	if store.CheckText(id, false) != "" {
		return doc, ErrNotFound
	}
	if err := t.load(forgetKey(id)); err != nil {
		return doc, err
	}
	row, ok := t.row(forgetKey(id))
	if !ok {
		return doc, ErrNotFound
	}
	return decode[forgetDoc](t, row)
}

// forgetContact takes a contact's names away and queues the rest.
func (t *txn) forgetContact(actor conversation.Actor, contact *conversation.Contact) (r Receipt, err error) {
	actor.Name, actor.Initials = "", ""
	people, identities, err := t.mergedInto(contact)
	if err != nil {
		return r, err
	}
	keys := make([]store.Key, len(identities))
	for i, id := range identities {
		keys[i] = identityName(id)
	}
	if err := t.load(keys...); err != nil {
		return r, err
	}
	// What was taken from him while he was merged, and is another's now, is not erased with him.
	identities = slices.DeleteFunc(identities, func(i conversation.Identity) bool {
		row, ok := t.row(identityName(i))
		return ok && !slices.Contains(set(contact), row.Target.ID)
	})
	for _, i := range identities {
		if _, ok := t.row(identityName(i)); ok {
			t.remove(identityName(i))
		}
	}
	doc := forgetDoc{Receipt: Receipt{ID: t.id(0), Contact: contact.ID, By: actor, At: t.now}, Identities: identities}
	doc.Receipt.Identities = len(identities)
	for _, p := range people {
		doc.People = append(doc.People, p.ID)
		// Not even what a newer program knew of him stays.
		delete(t.kept, contactKey(p.ID))
		blank := conversation.Contact{ID: p.ID, Into: p.Into, Forgotten: doc.ID, Created: p.Created, Changed: conversation.Later(p.Changed, t.now)}
		if err := t.putContact(&blank); err != nil {
			return r, err
		}
	}
	t.absent(forgetKey(doc.ID))
	if err := t.put(store.Row{Key: forgetKey(doc.ID)}, formatDocument, doc); err != nil {
		return r, err
	}
	t.tell(t.now, conversation.Event{Type: conversation.EventForgotten, At: t.now, Actor: actor, Contact: contact.ID, Subject: doc.ID})
	return doc.Receipt, t.enqueue("forget/"+doc.ID, "forget/"+doc.ID, time.Time{}, forgetJob{ID: doc.ID})
}

// mergedInto returns a contact and those merged into him, and all their identities.
func (t *txn) mergedInto(contact *conversation.Contact) (people []conversation.Contact, identities []conversation.Identity, err error) {
	people = append(people, *contact)
	keys := make([]store.Key, len(contact.Parts))
	for i, id := range contact.Parts {
		keys[i] = contactKey(id)
	}
	if err := t.load(keys...); err != nil {
		return nil, nil, err
	}
	for _, key := range keys {
		if row, ok := t.row(key); ok {
			p, err := decode[conversation.Contact](t, row)
			if err != nil {
				return nil, nil, err
			}
			people = append(people, p)
		}
	}
	for _, p := range people {
		for _, i := range p.Identities {
			if !slices.ContainsFunc(identities, i.Is) {
				identities = append(identities, i)
			}
		}
	}
	return people, identities, nil
}

// Receipt returns what was erased of a person who was forgotten. It needs an admin. Error: ErrNotFound.
func (s *Session) Receipt(ctx context.Context, id string) (r Receipt, err error) {
	err = s.readFor(ctx, "receipt", toManage, func(t *txn, _ caller) error {
		doc, err := t.forgetting(id)
		r = doc.Receipt
		return err
	})
	return r, wrap("receipt", id, err)
}

// The steps of forgetting: his conversations, what repeats him or went to him elsewhere, the notes on his profile, then deliveries by state.
var forgetSteps = []string{"", stepCopies, stepNotes, "raw", "parked"}

const (
	stepCopies = "copies"
	stepNotes  = "notes"
)

// whom returns what the step goes through, one after the other: contacts, and addresses by name.
func (doc *forgetDoc) whom() []string {
	switch doc.Step {
	case "", stepNotes:
		return doc.People
	case stepCopies:
		all := slices.Clone(doc.People)
		for _, i := range doc.Identities {
			all = append(all, identityName(i).ID)
		}
		return all
	}
	return nil
}

// forget does the jobs of a group.
func (w *work) forget(ctx context.Context) error {
	for i, job := range w.lease.Jobs {
		var j forgetJob
		if _, err := store.Decode(job.Body, &j); err != nil {
			return err
		}
		f := &forgetting{work: w, id: j.ID}
		for n := 1; ; n++ {
			done, err := f.step(ctx)
			switch {
			case errors.Is(err, errTurn):
				return w.hold(ctx, eraseWait)
			case err != nil:
				return err
			case !done && n == turnFor:
				return w.hold(ctx, 0)
			}
			if done {
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

// next moves a forgetting on to what follows a page, and ends it after the last.
func (doc *forgetDoc) next(cursor string, now time.Time) {
	if doc.Cursor = cursor; cursor != "" {
		return
	}
	if doc.Person++; doc.Person < len(doc.whom()) {
		return
	}
	doc.Person = 0
	i := slices.Index(forgetSteps, doc.Step)
	if i+1 < len(forgetSteps) {
		doc.Step = forgetSteps[i+1]
		return
	}
	doc.Done, doc.Identities, doc.People = now, nil, nil
}

func (t *txn) saveForget(doc forgetDoc) error {
	return t.put(store.Row{Key: forgetKey(doc.ID)}, formatDocument, doc)
}
