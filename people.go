package frontdesk

import (
	"slices"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// Who an item is from and which conversation it belongs to.

// findContact finds who has one of the identities, or makes a contact. Identities that nobody has become his.
func (in *inbound) findContact(ids []conversation.Identity, create bool) error {
	in.contact = nil
	for _, i := range ids {
		if row, ok := in.led(identityName(i)); ok {
			c, err := decode[conversation.Contact](in.txn, row)
			if err != nil {
				return err
			}
			in.contact = &c
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

func (in *inbound) nextID() string {
	// From the end, so that the timeline entries keep theirs in order.
	id := in.ids[len(in.ids)-1]
	in.ids = in.ids[:len(in.ids)-1]
	return id
}

// learn adds what a delivery tells of a contact: identities that nobody has, and the name the platform gives.
func (in *inbound) learn(ids []conversation.Identity) error {
	c, changed := in.contact, in.contact.Changed.IsZero()
	for _, i := range ids {
		name := identityName(i)
		row, taken := in.row(name)
		if !taken {
			c.Identities = append(c.Identities, i)
			in.putRow(store.Row{Key: name, Target: contactKey(c.ID)})
			changed = true
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
	return in.begin(subject, nil)
}

// begin makes a conversation that the thread leads to from now on.
func (in *inbound) begin(subject string, contacts []string) error {
	number, err := in.desk.number(in.ctx, in.tenant)
	if err != nil {
		return err
	}
	env, err := in.env(in.actor(), in.ch.Mailbox, in.ids)
	if err != nil {
		return err
	}
	change, err := conversation.Apply(conversation.Conversation{}, env, with(in.ch, conversation.Create{ID: in.nextID(), Number: number,
		Mailbox: in.ch.Mailbox, Method: in.ch.Method, Subject: subject, Contacts: contacts}))
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
	in.contact.Changed = conversation.Later(in.contact.Changed, in.now)
	in.tell(in.contact.Changed, conversation.Event{Type: conversation.EventIdentity, At: in.now, Actor: in.actor(), Contact: in.contact.ID})
	return in.putContact(in.contact)
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
	if slices.Contains(in.contact.OptedOut, in.ch.ID) == c.OptedOut {
		return nil
	}
	to := "out"
	if c.OptedOut {
		in.contact.OptedOut = append(slices.Clone(in.contact.OptedOut), in.ch.ID)
	} else {
		to = "in"
		in.contact.OptedOut = slices.DeleteFunc(slices.Clone(in.contact.OptedOut), func(id string) bool { return id == in.ch.ID })
	}
	in.contact.Changed = conversation.Later(in.contact.Changed, in.now)
	in.tell(in.contact.Changed, conversation.Event{Type: conversation.EventConsent, At: in.now, Actor: in.actor(), Contact: in.contact.ID,
		Subject: in.ch.ID, To: to})
	return in.putContact(in.contact)
}
