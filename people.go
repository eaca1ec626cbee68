package frontdesk

import (
	"slices"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// Who an item is from and which conversation it belongs to.

// findContact finds who has one of the identities, or makes a contact. Identities that nobody has become his. Who somebody is rests on the
// first, which the item came from, and on others that the platform vouches for.
func (in *inbound) findContact(ids []conversation.Identity, create bool) error {
	in.contact = nil
	for n, i := range ids {
		if n > 0 && unvouched(i) {
			continue
		}
		if row, ok := in.led(identityName(i)); ok {
			c, err := in.txn.contact(row.ID)
			if err != nil {
				return err
			}
			if in.contact = &c; c.Blocked {
				return nil
			}
			return in.learn(ids)
		}
	}
	if !create {
		return nil
	}
	in.contact = &conversation.Contact{ID: in.nextID(), Created: in.now}
	in.absent(contactKey(in.contact.ID))
	in.tell(in.now, conversation.Event{Type: conversation.EventContact, At: in.now, Actor: conversation.Actor{Kind: conversation.BySystem}, Contact: in.contact.ID})
	return in.learn(ids)
}

// unvouched reports whether an identity is one that anybody may write into his profile.
func unvouched(i conversation.Identity) bool {
	return !i.Verified && (i.Scope == conversation.ScopeEmail || i.Scope == conversation.ScopePhone)
}

func (in *inbound) nextID() string {
	// From the end, so that the timeline entries keep theirs in order.
	id := in.ids[len(in.ids)-1]
	in.ids = in.ids[:len(in.ids)-1]
	return id
}

// learn adds what a delivery tells of a contact: identities that nobody has, and the name the platform gives. An address that is only
// claimed is noted as such: nobody is found by it or written to at it.
func (in *inbound) learn(ids []conversation.Identity) error {
	c, changed, gained := in.contact, in.contact.Changed.IsZero(), false
	for n, i := range ids {
		if n > 0 && unvouched(i) {
			if !slices.ContainsFunc(c.Identities, i.Is) {
				value := conversation.Value{Values: []string{i.Address}, Unverified: true}
				if old, has := c.Fields[i.Scope]; !has || old.Unverified && !old.Equal(value) {
					set, err := c.SetFields(map[string]conversation.Value{i.Scope: value})
					changed = changed || err == nil && len(set) > 0 // or he has as much as he can have
				}
			}
			continue
		}
		name := identityName(i)
		row, taken := in.row(name)
		if !taken {
			if added, err := c.AddIdentity(i); err != nil || !added && len(c.Identities) >= conversation.MaxIdentities {
				continue // he has as many as he can have
			}
			in.putRow(store.Row{Key: name, Target: contactKey(c.ID)})
			changed, gained = true, true
		} else if row.Target != contactKey(c.ID) {
			continue
		}
		if i.Name != "" && i.Name != c.PlatformName {
			c.PlatformName, changed = i.Name, true
		}
	}
	if !changed {
		return nil
	}
	if gained {
		if err := in.matchSoon(c); err != nil {
			return err
		}
	}
	c.Changed = conversation.Later(c.Changed, in.now)
	return in.putContact(c)
}

// findConversation makes sure that there is a conversation for a customer's message: the thread's, or a new one when there is none, it is
// in trash, or the mailbox's rules start another.
func (in *inbound) findConversation(subject string) error {
	if in.current != nil {
		env, err := in.env(conversation.Actor{}, in.current.Mailbox, nil)
		if err != nil || in.current.Continues(env.Rules, in.now) {
			return err
		}
	}
	return in.begin(subject, false)
}

// begin makes a conversation that the thread leads to from now on, with what the contact brings to it.
func (in *inbound) begin(subject string, withContact bool) error {
	number, err := in.desk.number(in.ctx, in.tenant)
	if err != nil {
		return err
	}
	env, err := in.env(in.actor(), in.ch.Mailbox, in.ids)
	if err != nil {
		return err
	}
	create := conversation.Create{ID: in.nextID(), Number: number, Mailbox: in.ch.Mailbox, Method: in.ch.Method, Subject: subject}
	if in.contact != nil {
		people := []conversation.Contact{*in.contact}
		create.Labels, create.Links = labels(people), links(people)
		if withContact {
			create.Contacts = idsOf(people)
		}
	}
	change, err := conversation.Apply(conversation.Conversation{}, env, with(in.ch, create))
	if err != nil {
		return err
	}
	if in.current != nil { // what is still queued on the thread goes out before what is written here
		change.Conversation.Changed = conversation.Later(in.current.Changed, change.Conversation.Changed)
		if in.current.Trusted() {
			change.Conversation.Judged = conversation.JudgedTrusted
		}
	}
	in.homes = map[string]string{change.Conversation.ID: pair(in.ch.Mailbox, in.ch.Method)}
	in.current = &held{Conversation: change.Conversation}
	in.held = append(in.held, in.current)
	in.tell(in.now, change.Events...)
	in.putRow(store.Row{Key: threadName(in.ch.ID, in.thread), Target: conversationKey(change.Conversation.ID)})
	return nil
}

// identity gives a contact the address that now is his. If somebody else has it already, nothing is taken from him: joining two contacts
// is for people.
func (in *inbound) identity(item channel.Item) error {
	change := item.Identity
	if err := in.findContact([]conversation.Identity{change.Old}, false); err != nil || in.contact == nil {
		return err
	}
	if _, taken := in.row(identityName(change.New)); taken {
		return nil
	}
	if err := in.learn([]conversation.Identity{change.New}); err != nil {
		return err
	}
	return in.changeContact(in.actor(), in.contact, conversation.Event{Type: conversation.EventIdentity})
}

// consent notes that a person may not, or may again, be written to on this channel.
func (in *inbound) consent(item channel.Item) error {
	c := item.Consent
	if in.known[c.Message] {
		return nil // the message that said it was in already, and with it what it said
	}
	if err := in.findContact([]conversation.Identity{c.From}, true); err != nil {
		return err
	}
	if c.OptedOut {
		return in.says(item, conversation.OptedOut)
	}
	return in.says(item, conversation.OptedIn)
}

// member is the ID under which the conversation has the contact, or his own.
func (in *inbound) member() string {
	if in.contact == nil {
		return ""
	}
	for _, id := range set(in.contact) {
		if in.current != nil && slices.Contains(in.current.Contacts, id) {
			return id
		}
	}
	return in.contact.ID
}
