package frontdesk

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// MergeContacts merges contacts into one, in one commit. What the first has stays; what it lacks it takes from the others in their order.
// Their identities lead to it from then on, and their conversations are found with its own; of consent and blocking the strictest holds.
// UnmergeContact undoes it. At most 20 are merged into one. Errors: ErrNotFound, ErrForbidden, conversation.ErrState, conversation.ErrValue.
func (s *Session) MergeContacts(ctx context.Context, into string, others ...string) (out conversation.Contact, err error) {
	err = s.desk.write(ctx, s.actor.Tenant, "contact/"+into, func(t *txn) error {
		c, err := t.caller(s.actor, "merge contacts", toWork)
		if err != nil {
			return err
		}
		head, parts, err := t.mergeContacts(c, into, others)
		if err != nil {
			return err
		}
		out = head
		if len(parts) == 0 {
			return nil
		}
		var events []conversation.Event
		for i := range parts {
			if err := t.moveNames(parts[i].Identities, &parts[i], &head); err != nil {
				return err
			}
			parts[i].Changed = conversation.Later(parts[i].Changed, t.now)
			if err := t.putContact(&parts[i]); err != nil {
				return err
			}
			events = append(events, conversation.Event{Type: conversation.EventJoined, From: parts[i].ID, To: head.ID})
		}
		if err := t.follow(&head, nil); err != nil {
			return err
		}
		err = t.changeContact(c.who(), &head, events...)
		out = head
		return err
	})
	return out, wrap("merge contacts", into, err)
}

// mergeContacts decides a merge. Others that are merged into the first already are left out.
func (t *txn) mergeContacts(c caller, into string, others []string) (head conversation.Contact, parts []conversation.Contact, err error) {
	if head, err = t.visibleContact(c, into); err != nil {
		return head, nil, err
	}
	if len(others) > conversation.MaxMerged {
		return head, nil, invalid("others", "%d contacts, at most %d", len(others), conversation.MaxMerged)
	}
	var list []conversation.Contact
	for _, id := range others {
		if slices.Contains(head.Parts, id) {
			continue
		}
		p, err := t.visibleContact(c, id)
		if err != nil {
			return head, nil, err
		}
		list = append(list, p)
	}
	if len(list) == 0 && len(others) > 0 {
		return head, nil, nil
	}
	return conversation.MergeContacts(t.now, head, list...)
}

// moveNames makes a contact's identities lead to another, as far as they lead to him.
func (t *txn) moveNames(ids []conversation.Identity, from, to *conversation.Contact) error {
	keys := make([]store.Key, len(ids))
	for i, id := range ids {
		keys[i] = identityName(id)
	}
	if err := t.load(keys...); err != nil {
		return err
	}
	for _, key := range keys {
		if row, ok := t.row(key); ok && row.Target == contactKey(from.ID) {
			t.putRow(store.Row{Key: key, Target: contactKey(to.ID)})
		}
	}
	return nil
}

// MergePreview is what merging would make of contacts.
type MergePreview struct {
	Contact       conversation.Contact // as it would be
	Conversations int                  // that the others bring, as far as the caller sees them; counted up to 1,000
	OptedOut      []string             // IDs of channels that the first could be written to on, and then no more
}

// PreviewMerge says what MergeContacts would do, and does nothing. Errors: those of MergeContacts.
func (s *Session) PreviewMerge(ctx context.Context, into string, others ...string) (out MergePreview, err error) {
	err = s.read(ctx, "preview contact merge", into, func(t *txn, c caller) error {
		before, err := t.visibleContact(c, into)
		if err != nil {
			return err
		}
		head, parts, err := t.mergeContacts(c, into, others)
		if err != nil {
			return err
		}
		out = MergePreview{Contact: head}
		for _, id := range head.OptedOut {
			if !slices.Contains(before.OptedOut, id) {
				out.OptedOut = append(out.OptedOut, id)
			}
		}
		var ids []string // each stands for his parts
		for i := range parts {
			ids = append(ids, parts[i].ID)
		}
		out.Conversations, err = t.countOf(c, ids)
		return err
	})
	return out, err
}

func (t *txn) countOf(c caller, contacts []string) (n int, err error) {
	var seen []string
	for _, id := range contacts {
		sel, err := t.compile(c, Query{View: AllView, Contact: id, Limit: store.MaxLimit})
		if err != nil || sel == nil {
			return 0, err
		}
		found, err := t.page(sel)
		if err != nil {
			return 0, err
		}
		for i := range found.items {
			if id := found.items[i].ID; !slices.Contains(seen, id) {
				seen = append(seen, id)
			}
		}
	}
	return min(len(seen), store.MaxLimit), nil
}

// UnmergeContact undoes a merge for one of the contacts that were merged into another: it has its identities and profile back, and its own
// conversations. The other loses what it took over and nobody has changed since; what was said on either's opting out since then holds for
// both. Errors: ErrNotFound, ErrForbidden, conversation.ErrState.
func (s *Session) UnmergeContact(ctx context.Context, contact string) (out conversation.Contact, err error) {
	err = s.desk.write(ctx, s.actor.Tenant, "contact/"+contact, func(t *txn) error {
		c, err := t.caller(s.actor, "unmerge contact", toWork)
		if err != nil {
			return err
		}
		if _, err := t.visibleContact(c, contact); err != nil {
			return err
		}
		row, _ := t.row(contactKey(contact))
		part, err := decode[conversation.Contact](t, row)
		if err != nil {
			return err
		}
		if part.Into == "" {
			return &conversation.StateError{Command: "unmerge", Reason: "the contact is not merged into another"}
		}
		return t.unmergeContact(c, part, &out)
	})
	return out, wrap("unmerge contact", contact, err)
}

func (t *txn) unmergeContact(c caller, part conversation.Contact, out *conversation.Contact) error {
	row, ok := t.row(contactKey(part.Into))
	if !ok {
		return fmt.Errorf("contact %q: %w", part.Into, ErrNotFound)
	}
	head, err := decode[conversation.Contact](t, row)
	if err != nil {
		return err
	}
	if head, part, err = conversation.UnmergeContact(head, part); err != nil {
		return err
	}
	if err := t.moveNames(part.Identities, &head, &part); err != nil {
		return err
	}
	if err := t.follow(&head, nil); err != nil {
		return err
	}
	if err := t.follow(&part, nil); err != nil {
		return err
	}
	told := conversation.Event{Type: conversation.EventParted, From: head.ID, To: part.ID}
	if err := t.changeContact(c.who(), &head, told); err != nil {
		return err
	}
	err = t.changeContact(c.who(), &part, told)
	*out = part
	return err
}

// DuplicateQuery asks for a page of groups of contacts that may be one person.
type DuplicateQuery struct {
	Field  string // ID of the custom field that they share a value of. Defaults to the phone number
	Limit  int    // contacts looked at for the page. Defaults to 50, at most 1,000
	Cursor string

	_ struct{}
}

// maxGroup is how many contacts one group of duplicates names.
const maxGroup = 50

// Duplicates returns groups of contacts that share a value, each once and with the eldest first, at most 50 in a group. A page looks at some
// of all contacts, so it may be empty and still have a next one. It needs an admin. Errors: ErrForbidden, ErrInvalid, ErrCursor.
func (s *Session) Duplicates(ctx context.Context, q DuplicateQuery) (page Page[[]conversation.Contact], err error) {
	err = s.readFor(ctx, "duplicates of contacts", toManage, func(t *txn, _ caller) error {
		if q.Limit < 0 || q.Limit > store.MaxLimit {
			return invalid("Limit", "%d is not within 0 and %d", q.Limit, store.MaxLimit)
		}
		rows, err := t.desk.store.List(ctx, store.Query{Tenant: t.tenant, Kind: store.Contact, Ascending: true, Limit: q.Limit, Cursor: q.Cursor})
		if err != nil {
			return listError(err)
		}
		page.Next = rows.Cursor
		for _, row := range rows.Rows {
			if err := t.duplicatesOf(row, q.Field, &page.Items); err != nil {
				return err
			}
		}
		return nil
	})
	return page, wrap("duplicates", q.Field, err)
}

// duplicatesOf adds the groups whose first contact, by ID, this one is: so each group is found once.
func (t *txn) duplicatesOf(row store.Row, field string, out *[][]conversation.Contact) error {
	name, prefix := "phone", ""
	if field != "" {
		name, prefix = "field", field+"="
	}
	seen := map[string]bool{}
	for _, f := range row.Facts {
		if f.Name != name || !strings.HasPrefix(f.Value, prefix) {
			continue
		}
		page, err := t.desk.store.List(t.ctx, store.Query{Tenant: t.tenant, Kind: store.Contact, Fact: name, Value: f.Value, Ascending: true, Limit: maxGroup})
		if err != nil {
			return err
		}
		group, err := decodeAll[conversation.Contact](page.Rows)
		if err != nil {
			return err
		}
		key := strings.Join(idsOf(group), ",")
		if len(group) < 2 || seen[key] || slices.Min(idsOf(group)) != row.ID {
			continue
		}
		seen[key] = true
		*out = append(*out, group)
	}
	return nil
}
