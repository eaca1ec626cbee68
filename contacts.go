package frontdesk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// putContact writes a contact with its facts. One that is merged into another is in no list.
func (t *txn) putContact(p *conversation.Contact) error {
	row := store.Row{Key: contactKey(p.ID), Words: contactWords(p)}
	created := p.Created.UnixMicro()
	add := func(name, value string) {
		f := store.Fact{Name: name, Value: value, Order: created}
		if store.CheckText(value, false) == "" && !slices.Contains(row.Facts, f) {
			row.Facts = append(row.Facts, f)
		}
	}
	if p.Into != "" { // it is found by what the other has
		row.Words = nil
		return t.put(row, formatContact, p)
	}
	for _, number := range numbers(p) {
		add("phone", number)
	}
	for _, l := range p.Labels {
		add("label", l)
	}
	for _, l := range p.Links {
		add("record", l.Record())
	}
	for id, v := range p.Fields {
		for _, value := range v.Values {
			add("field", fieldFact(id, value))
		}
	}
	slices.SortFunc(row.Facts[:], func(a, b store.Fact) int { return strings.Compare(a.Name+"\x00"+a.Value, b.Name+"\x00"+b.Value) })
	return t.put(row, formatContact, p)
}

// numbers are a contact's phone numbers, those included that nobody vouches for.
func numbers(p *conversation.Contact) (out []string) {
	for _, i := range p.Identities {
		if i.Scope == conversation.ScopePhone {
			out = append(out, i.Address)
		}
	}
	return append(out, p.Fields[conversation.ScopePhone].Values...)
}

// fieldFact is what a contact is listed by that has a value in a field. One that is too long for a store is hashed.
func fieldFact(id, value string) string {
	fact := id + "=" + value
	if store.CheckText(fact, false) != "" {
		sum := sha256.Sum256([]byte(value))
		fact = id + "=#" + hex.EncodeToString(sum[:])
	}
	return fact
}

// contact loads a contact, or the one that it is merged into; ErrNotFound if it is not there.
func (t *txn) contact(id string) (p conversation.Contact, err error) {
	for range conversation.MaxMerged + 1 {
		if store.CheckText(id, false) != "" {
			break
		}
		if err := t.load(contactKey(id)); err != nil {
			return p, err
		}
		row, ok := t.row(contactKey(id))
		if !ok {
			break
		}
		if p, err = decode[conversation.Contact](t, row); err != nil || p.Into == "" {
			return p, err
		}
		id = p.Into
	}
	return p, fmt.Errorf("contact %q: %w", id, ErrNotFound)
}

// people returns the conversation's contacts, each once; one that is merged into another is that one.
func (t *txn) people(conv *conversation.Conversation) ([]conversation.Contact, error) {
	keys := make([]store.Key, len(conv.Contacts))
	for i, id := range conv.Contacts {
		keys[i] = contactKey(id)
	}
	if err := t.load(keys...); err != nil {
		return nil, err
	}
	var out []conversation.Contact
	for _, key := range keys {
		if _, ok := t.row(key); !ok {
			continue
		}
		p, err := t.contact(key.ID)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(out, func(o conversation.Contact) bool { return o.ID == p.ID }) {
			out = append(out, p)
		}
	}
	return out, nil
}

// set are the IDs under which a contact's conversations and events are found: his own, and those of the contacts merged into him.
func set(p *conversation.Contact) []string { return append([]string{p.ID}, p.Parts...) }

// setOf is the set of a contact that may not be there.
func (t *txn) setOf(id string) ([]string, error) {
	if store.CheckText(id, false) != "" {
		return []string{id}, nil
	}
	if err := t.load(contactKey(id)); err != nil {
		return nil, err
	}
	if _, ok := t.row(contactKey(id)); !ok {
		return []string{id}, nil
	}
	p, err := t.contact(id)
	return set(&p), err
}

// visibleContact loads a contact that the caller may see: who sees every mailbox sees everybody, others see whom they see a conversation
// with. What one may not see is not there.
func (t *txn) visibleContact(c caller, id string) (conversation.Contact, error) {
	p, err := t.remembered(id)
	if err != nil || c.all {
		return p, err
	}
	for _, view := range []View{AllView, SpamView, TrashView} {
		sees, err := t.seesAny(c, Query{View: view, Contact: p.ID, Limit: 1})
		if err != nil || sees {
			return p, err
		}
	}
	return conversation.Contact{}, notSeen(id)
}

// remembered loads a contact who was not forgotten.
func (t *txn) remembered(id string) (conversation.Contact, error) {
	p, err := t.contact(id)
	if err == nil && p.Forgotten != "" {
		return conversation.Contact{}, notSeen(id)
	}
	return p, err
}

// writableContact loads a contact whom the caller may begin a conversation with: one whom he sees, or with whom nobody has one.
func (t *txn) writableContact(c caller, id string) (conversation.Contact, error) {
	p, err := t.remembered(id)
	if err != nil {
		return p, err
	}
	known := false
	for _, id := range set(&p) {
		page, err := t.desk.store.List(t.ctx, store.Query{Tenant: t.tenant, Kind: store.Conversation, Fact: "contact", Value: id, Limit: 1})
		if err != nil {
			return p, listError(err)
		}
		known = known || len(page.Rows) > 0
	}
	if !known {
		return p, nil
	}
	return t.visibleContact(c, id)
}

func notSeen(contact string) error { return fmt.Errorf("contact %q: %w", contact, ErrNotFound) }

// contact filters by a contact, with the contacts that are merged into him.
func (f *filter) contact(fact func(name, value string)) error {
	if f.q.Contact == "" {
		return nil
	}
	ids, err := f.t.setOf(f.q.Contact)
	if err != nil {
		return err
	}
	if len(ids) == 1 {
		fact("contact", ids[0])
		return nil
	}
	f.match("contact", ids...)
	f.sel.parts = f.byFact("contact", ids)
	return nil
}

// looks bounds the pages that are looked through for one conversation that somebody may see.
const looks = 5

func (t *txn) seesAny(c caller, q Query) (bool, error) {
	for range looks {
		sel, err := t.compile(c, q)
		if err != nil || sel == nil {
			return false, err
		}
		found, err := t.page(sel)
		if err != nil || len(found.items) > 0 || found.next == "" {
			return err == nil && len(found.items) > 0, err
		}
		q.Cursor = found.next
	}
	return false, nil
}

// Contact returns a contact, or the one that it is merged into. Owners, admins, the host and automations see every contact; other agents
// those they see a conversation with. Error: ErrNotFound.
func (s *Session) Contact(ctx context.Context, id string) (p conversation.Contact, err error) {
	err = s.read(ctx, "contact", id, func(t *txn, c caller) error {
		p, err = t.visibleContact(c, id)
		return err
	})
	return p, err
}

// ContactQuery asks for a page of contacts that pass every filter: the newest first, or without a filter by ID.
type ContactQuery struct {
	Label   string
	Field   string // ID of a custom field that has
	Value   string // this value, in the form of its type; of a list, one of the options
	Phone   string // as people write it
	Mailbox string // whose country Phone is dialled from. Defaults to none: the number then needs its country
	Record  string // kind and ID of a linked record, with a slash between

	Limit  int    // Defaults to 50, at most 1,000. A page may be shorter and still have a next one
	Cursor string // of the last page; it belongs to the same filters

	_ struct{}
}

// Contacts returns a page of the contacts that the caller may see; see Contact. Those that are merged into another
// or forgotten are not among them. Errors: ErrInvalid, ErrCursor, ErrNotFound.
func (s *Session) Contacts(ctx context.Context, q ContactQuery) (page Page[conversation.Contact], err error) {
	err = s.read(ctx, "list contacts", "", func(t *txn, c caller) error {
		sq, err := t.contactQuery(q)
		if err != nil {
			return err
		}
		rows, err := t.desk.store.List(ctx, sq)
		if err != nil {
			return listError(err)
		}
		page.Next = rows.Cursor
		all, err := decodeAll[conversation.Contact](rows.Rows)
		if err != nil {
			return err
		}
		page.Items, err = t.onlyVisible(c, all)
		return err
	})
	return page, err
}

func (t *txn) onlyVisible(c caller, all []conversation.Contact) (out []conversation.Contact, err error) {
	for _, p := range all {
		if p.Into != "" || p.Forgotten != "" {
			continue
		}
		if !c.all {
			switch _, err := t.visibleContact(c, p.ID); {
			case Refused(err):
				continue
			case err != nil:
				return nil, err
			}
		}
		out = append(out, p)
	}
	return out, nil
}

// contactQuery lists by the rarest of the filters, and matches the rest.
func (t *txn) contactQuery(q ContactQuery) (sq store.Query, err error) {
	if q.Limit < 0 || q.Limit > store.MaxLimit {
		return sq, invalid("Limit", "%d is not within 0 and %d", q.Limit, store.MaxLimit)
	}
	if (q.Field == "") != (q.Value == "") {
		return sq, invalid("Field", "give a field and its value, or neither")
	}
	var facts []store.Match
	filter := func(name, value string) {
		if value != "" {
			facts = append(facts, store.Match{Name: name, Any: []string{value}})
		}
	}
	if q.Phone != "" {
		number, ok, err := t.phoneIn(q.Mailbox, q.Phone)
		if err != nil {
			return sq, err
		}
		if !ok {
			number = strings.TrimSpace(q.Phone) // a short code or a sender name
		}
		filter("phone", number)
	}
	filter("record", q.Record)
	if q.Field != "" {
		value := strings.TrimSpace(q.Value)
		if f, found, err := t.field(q.Field); err != nil {
			return sq, err
		} else if found {
			if value, err = f.queried(value); err != nil {
				return sq, err
			}
		}
		filter("field", fieldFact(q.Field, value))
	}
	filter("label", q.Label)
	for _, m := range facts {
		if problem := store.CheckText(m.Any[0], false); problem != "" {
			return sq, invalid(m.Name, "%s", problem)
		}
	}
	sq = store.Query{Tenant: t.tenant, Kind: store.Contact, Limit: q.Limit, Cursor: q.Cursor}
	if len(facts) > 0 {
		sq.Fact, sq.Value, sq.Match = facts[0].Name, facts[0].Any[0], facts[1:]
	}
	return sq, nil
}
