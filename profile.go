package frontdesk

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// What is done to a contact's profile. Each command changes what it names and nothing else, so that two of them at once lose nothing.

// profile changes a contact that the caller may see. change returns the events that tell of it; none if nothing changed.
func (s *Session) profile(ctx context.Context, op, id string, change func(t *txn, c caller, p *conversation.Contact) ([]conversation.Event, error)) (out conversation.Contact, err error) {
	err = s.desk.write(ctx, s.actor.Tenant, "contact/"+id, func(t *txn) error {
		c, err := t.caller(s.actor, op, toWork)
		if err != nil {
			return err
		}
		p, err := t.visibleContact(c, id)
		if err != nil {
			return err
		}
		events, err := change(t, c, &p)
		out = p
		if err != nil || len(events) == 0 {
			return err
		}
		err = t.changeContact(c.who(), &p, events...)
		out = p
		return err
	})
	return out, wrap(op, id, err)
}

// changeContact puts a contact and tells what was done to it.
func (t *txn) changeContact(by conversation.Actor, p *conversation.Contact, events ...conversation.Event) error {
	p.Changed = conversation.Later(p.Changed, t.now)
	by.Name, by.Initials = "", ""
	for i := range events {
		events[i].At, events[i].Actor, events[i].Contact = t.now, by, p.ID
	}
	t.tell(p.Changed, events...)
	return t.putContact(p)
}

func profileEvent(subject, to string) []conversation.Event {
	return []conversation.Event{{Type: conversation.EventProfile, Subject: subject, To: to}}
}

// SetName gives a contact the name that lists show; "" leaves it to the platform's. Errors: ErrNotFound, ErrForbidden, ErrInvalid.
func (s *Session) SetName(ctx context.Context, contact, name string) (conversation.Contact, error) {
	name = strings.Map(oneLine, strings.TrimSpace(name))
	if problems := conversation.CheckText(name, conversation.MaxName); len(problems) > 0 {
		return conversation.Contact{}, wrap("set contact name", contact, &InvalidError{Field: "name", Problems: problems})
	}
	return s.profile(ctx, "set contact name", contact, func(_ *txn, _ caller, p *conversation.Contact) ([]conversation.Event, error) {
		if p.Name == name {
			return nil, nil
		}
		p.Name = name
		return profileEvent("name", ""), nil
	})
}

// SetContactFields changes custom fields of a contact: each named field gets the values given, and none removes it; the others stay. The
// values are those of its type, see conversation.FieldType. Errors: ErrNotFound, ErrForbidden, conversation.ErrValue.
func (s *Session) SetContactFields(ctx context.Context, contact string, fields map[string][]string) (conversation.Contact, error) {
	return s.profile(ctx, "set contact fields", contact, func(t *txn, _ caller, p *conversation.Contact) ([]conversation.Event, error) {
		values, err := t.fieldValues(OfContact, fields)
		if err != nil {
			return nil, err
		}
		changed, err := p.SetFields(values)
		if err != nil || len(changed) == 0 {
			return nil, err
		}
		return profileEvent("fields", strings.Join(changed, ",")), nil
	})
}

// ChangeLabels adds and removes labels of a contact; adding wins over removing. A job gives them to his conversations. A
// conversation of several contacts has the first conversation.MaxLabels of all their labels, by ID, and is found by these; if it is listed
// by so much else that a store would not take it, by fewer. A label is made by its first use. Errors: ErrNotFound, ErrForbidden, ErrInvalid, conversation.ErrValue.
func (s *Session) ChangeLabels(ctx context.Context, contact string, add, remove []string) (conversation.Contact, error) {
	for _, l := range slices.Concat(add, remove) {
		if problem := conversation.CheckID(l); problem != "" {
			return conversation.Contact{}, wrap("change contact labels", contact, invalid("label", "%q %s", l, problem))
		}
	}
	return s.profile(ctx, "change contact labels", contact, func(t *txn, _ caller, p *conversation.Contact) ([]conversation.Event, error) {
		changed, err := p.ChangeLabels(add, remove)
		if err != nil || !changed {
			return nil, err
		}
		return profileEvent("labels", strings.Join(p.Labels, ",")), t.follow(p, nil)
	})
}

// LinkRecord ties a contact to one of the host's records, and a job his open conversations with it. Errors: ErrNotFound, ErrForbidden,
// ErrInvalid, conversation.ErrValue.
func (s *Session) LinkRecord(ctx context.Context, contact, kind, record string) (conversation.Contact, error) {
	l := conversation.Link{Kind: kind, ID: record, By: conversation.ByHand}
	if err := checkLink(l); err != nil {
		return conversation.Contact{}, wrap("link contact", contact, err)
	}
	return s.profile(ctx, "link contact", contact, func(t *txn, _ caller, p *conversation.Contact) ([]conversation.Event, error) {
		added, err := p.AddLink(l)
		if err != nil || !added {
			return nil, err
		}
		return profileEvent("link", l.Record()), t.follow(p, []conversation.Link{l})
	})
}

// UnlinkRecord unties a contact from a record. His conversations keep the links they have.
func (s *Session) UnlinkRecord(ctx context.Context, contact, kind, record string) (conversation.Contact, error) {
	return s.profile(ctx, "unlink contact", contact, func(_ *txn, _ caller, p *conversation.Contact) ([]conversation.Event, error) {
		if !p.RemoveLink(kind, record) {
			return nil, nil
		}
		return profileEvent("unlink", conversation.Link{Kind: kind, ID: record}.Record()), nil
	})
}

func checkLink(l conversation.Link) error {
	if problem := conversation.CheckID(l.Kind); problem != "" {
		return invalid("kind", "%q %s", l.Kind, problem)
	}
	if problem := conversation.CheckLinkID(l.ID); problem != "" {
		return invalid("record", "%s", problem)
	}
	return nil
}

// Block shuts a contact out: nothing goes out to him, what he sends from now on leaves a count and no content, for good, and nobody is told
// of it. Errors: ErrNotFound, ErrForbidden.
func (s *Session) Block(ctx context.Context, contact string) (conversation.Contact, error) {
	return s.block(ctx, "block contact", contact, true)
}

// Unblock lets a contact in again. What he sent while he was blocked is lost.
func (s *Session) Unblock(ctx context.Context, contact string) (conversation.Contact, error) {
	return s.block(ctx, "unblock contact", contact, false)
}

func (s *Session) block(ctx context.Context, op, contact string, blocked bool) (conversation.Contact, error) {
	return s.profile(ctx, op, contact, func(_ *txn, _ caller, p *conversation.Contact) ([]conversation.Event, error) {
		if p.Blocked == blocked {
			return nil, nil
		}
		p.Blocked = blocked
		return profileEvent(strings.TrimSuffix(op, " contact"), ""), nil
	})
}

// AddIdentity gives a contact an address under which he is known and can be written to. A phone number may be given as people write it: the
// mailbox is the one whose country it is dialled from, "" if it has its own. What is not certain to be a whole number stays as it is, as a short
// code or a sender name does. Errors: ErrNotFound, ErrForbidden, ErrInvalid, and ErrTaken
// when it is another contact's.
func (s *Session) AddIdentity(ctx context.Context, contact, mailbox string, i conversation.Identity) (conversation.Contact, error) {
	return s.profile(ctx, "add contact identity", contact, func(t *txn, _ caller, p *conversation.Contact) ([]conversation.Event, error) {
		i, err := t.normal(mailbox, i)
		if err != nil {
			return nil, err
		}
		name := identityName(i)
		if err := t.load(name); err != nil {
			return nil, err
		}
		if row, taken := t.row(name); taken && !slices.Contains(set(p), row.Target.ID) {
			return nil, fmt.Errorf("%w: another contact has it; merge them", ErrTaken)
		}
		added, err := p.AddIdentity(i)
		if err != nil || !added {
			return nil, err
		}
		t.putRow(store.Row{Key: name, Target: contactKey(p.ID)})
		return []conversation.Event{{Type: conversation.EventIdentity}}, t.matchSoon(p)
	})
}

// RemoveIdentity takes an address from a contact. Who writes from it next is somebody new. Conversations keep their threads.
func (s *Session) RemoveIdentity(ctx context.Context, contact, mailbox string, i conversation.Identity) (conversation.Contact, error) {
	return s.profile(ctx, "remove contact identity", contact, func(t *txn, _ caller, p *conversation.Contact) ([]conversation.Event, error) {
		if n, err := t.normal(mailbox, i); err == nil {
			i = n
		}
		if !p.RemoveIdentity(i) {
			return nil, nil
		}
		name := identityName(i)
		if err := t.load(name); err != nil {
			return nil, err
		}
		if row, there := t.row(name); there && row.Target == contactKey(p.ID) {
			t.remove(name)
		}
		return []conversation.Event{{Type: conversation.EventIdentity}}, nil
	})
}

// normal returns an identity that somebody typed in its scope's normal form.
func (t *txn) normal(mailbox string, i conversation.Identity) (conversation.Identity, error) {
	i.Address = strings.TrimSpace(i.Address)
	problems := append(conversation.CheckText(i.Address, maxAddress), conversation.CheckText(i.Name, conversation.MaxName)...)
	if len(problems) > 0 || i.Address == "" || strings.ContainsAny(i.Address, "\r\n") {
		return i, invalid("address", "give an address of 1 to %d bytes of text in one line", maxAddress)
	}
	if i.Scope == "" || len(i.Scope) > conversation.MaxHostID || store.CheckText(i.Scope, false) != "" {
		return i, invalid("scope", "%q; use %q, %q, or what the address is unique in", i.Scope, conversation.ScopePhone, conversation.ScopeEmail)
	}
	i.Name = strings.Map(oneLine, i.Name)
	switch i.Scope {
	case conversation.ScopePhone:
		number, ok, err := t.phoneIn(mailbox, i.Address)
		if err != nil {
			return i, err
		}
		if ok {
			i.Address = number
		}
	case conversation.ScopeEmail:
		local, domain, found := strings.Cut(i.Address, "@")
		if !found || local == "" || domain == "" || strings.ContainsAny(i.Address, " \t,;<>") {
			return i, invalid("address", "%q is no e-mail address", i.Address)
		}
		i.Address = strings.ToLower(i.Address)
	}
	return i, nil
}
