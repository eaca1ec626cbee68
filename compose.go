package frontdesk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// Compose begins a conversation: with a contact or a bare address on a channel that lets the business write first, or an internal one of
// whispers only. Where a conversation with that person is open on the channel already, the message goes there. Errors: those of Reply.
func (s *Session) Compose(ctx context.Context, start Start) (msg conversation.Message, err error) {
	err = s.desk.write(ctx, s.actor.Tenant, "compose", func(t *txn) error {
		c, err := t.caller(s.actor, "compose", toWork)
		if err != nil {
			return err
		}
		sent, key, err := t.already(c, start.Draft, "compose/"+start.Channel+"/"+start.Mailbox+"/"+start.Contact+"/"+start.Address)
		if err != nil || sent != nil {
			if sent != nil {
				msg = *sent
			}
			return err
		}
		msg, err = t.compose(c, start, key)
		return err
	})
	return msg, wrap("compose", start.Channel, err)
}

func (t *txn) compose(c caller, start Start, key *keyUse) (msg conversation.Message, err error) {
	if start.Channel == "" && start.Contact == "" && start.Address == "" {
		return t.composeInternal(c, start, key)
	}
	ch, conn, err := t.composeOn(c, start)
	if err != nil {
		return msg, err
	}
	if !conn.Capabilities().Initiate {
		return msg, &CapabilityError{Channel: ch.ID, Problems: []string{"on this channel the customer writes first"}}
	}
	contact, th, err := t.addressee(c, conn, ch, start)
	if err != nil {
		return msg, err
	}
	conv, isNew, err := t.conversationOn(c, ch, th, contact, start.Draft.Subject)
	if err != nil {
		return msg, err
	}
	start.Draft.Channel = ch.ID
	if isNew {
		c.keeps(&start.Draft)
	}
	return t.answer(c, conv, start.Draft, key, isNew)
}

// composeOn finds the channel: the one named, or the mailbox's default for outgoing, or its only one.
func (t *txn) composeOn(c caller, start Start) (Channel, channel.Conn, error) {
	id := start.Channel
	if id == "" {
		if !c.sees(start.Mailbox) {
			return Channel{}, nil, fmt.Errorf("mailbox %q: %w", start.Mailbox, ErrNotFound)
		}
		if _, err := t.mailbox(start.Mailbox); err != nil {
			return Channel{}, nil, err
		}
		all, err := documents[Channel](t, "channel/")
		if err != nil {
			return Channel{}, nil, err
		}
		all = slices.DeleteFunc(all, func(ch Channel) bool { return ch.Mailbox != start.Mailbox || ch.Inactive || !ch.Removed.IsZero() })
		i := slices.IndexFunc(all, func(ch Channel) bool { return ch.Default })
		switch {
		case i >= 0:
			id = all[i].ID
		case len(all) == 1:
			id = all[0].ID
		default:
			return Channel{}, nil, invalid("Channel", "mailbox %q has no default channel; name one", start.Mailbox)
		}
	}
	ch, conn, err := t.opened(id)
	switch {
	case err != nil:
		return ch, nil, err
	case !c.sees(ch.Mailbox):
		return ch, nil, fmt.Errorf("channel %q: %w", id, ErrNotFound)
	case !c.reaches(ch.Mailbox, ch.Method):
		return ch, nil, c.noMessaging("compose", ch.Mailbox, ch.Method)
	case ch.Inactive:
		return ch, nil, invalid("Channel", "channel %q is inactive; use another of the mailbox", ch.ID)
	case start.Mailbox != "" && start.Mailbox != ch.Mailbox:
		return ch, nil, invalid("Channel", "channel %q belongs to mailbox %q", ch.ID, ch.Mailbox)
	}
	return ch, conn, nil
}

// addressee finds or makes the contact, and the thread with him.
func (t *txn) addressee(c caller, conn channel.Conn, ch Channel, start Start) (contact conversation.Contact, th conversation.Thread, err error) {
	if ch.Addressed {
		if start.Address == "" {
			return contact, th, invalid("Address", "channel %q writes only to addresses that are given; name one", ch.ID)
		}
	} else if start.Contact != "" && start.Address != "" {
		return contact, th, invalid("Address", "give a contact or an address, not both")
	}
	known := []conversation.Identity{{Address: start.Address}}
	if start.Contact != "" {
		if contact, err = t.writableContact(c, start.Contact); err != nil {
			return contact, th, err
		}
		if !ch.Addressed {
			known = contact.Identities
		}
	}
	var refusal error = &channel.Error{Class: channel.Recipient, Detail: "the contact has no address"}
	for _, i := range known {
		key, to, err := t.typed(conn, ch.Mailbox, i.Address)
		if err != nil {
			refusal = err
			continue
		}
		if i.Scope != "" && i.Scope != to.Scope {
			continue // what is an address elsewhere may be another person's here
		}
		if th, err = t.knownThread(ch.ID, key, to); err != nil {
			return contact, th, err
		}
		if start.Contact == "" {
			contact, err = t.contactOf(to)
		}
		return contact, th, err
	}
	var e *channel.Error
	if errors.As(refusal, &e) {
		refusal = invalid("Address", "channel %q cannot write to it: %s", ch.ID, e.Detail)
	}
	return contact, th, refusal
}

// contactOf returns who has an identity, or makes a contact that has it.
func (t *txn) contactOf(i conversation.Identity) (c conversation.Contact, err error) {
	name := identityName(i)
	if err := t.load(name); err != nil {
		return c, err
	}
	if row, ok := t.led(name); ok {
		return t.contact(row.ID)
	}
	c = conversation.Contact{ID: t.id(idsPerCommand - 1), Identities: []conversation.Identity{i}, Created: t.now, Changed: t.now}
	t.absent(contactKey(c.ID))
	t.putRow(store.Row{Key: name, Target: contactKey(c.ID)})
	t.tell(t.now, conversation.Event{Type: conversation.EventContact, At: t.now, Actor: conversation.Actor{Kind: conversation.BySystem}, Contact: c.ID})
	if err := t.matchSoon(&c); err != nil {
		return c, err
	}
	return c, t.putContact(&c)
}

// conversationOn returns the thread's open conversation, or a new one that the thread leads to from now on.
func (t *txn) conversationOn(c caller, ch Channel, th conversation.Thread, contact conversation.Contact, subject string) (*conversation.Conversation, bool, error) {
	name := threadName(ch.ID, th.Key)
	var last time.Time // of the thread's former conversation
	if row, ok := t.led(name); ok {
		conv, err := decode[conversation.Conversation](t, row)
		if err != nil {
			return nil, false, err
		}
		last = conv.Changed
		if conv.Place == conversation.Inbox && conv.Status == conversation.Open && conv.Mailbox == ch.Mailbox {
			if !c.maySee(&conv) {
				return nil, false, &ForbiddenError{Command: "compose", Needs: "to see the conversation that is open with this person already"}
			}
			return &conv, false, nil
		}
	}
	conv, err := t.begin(c, ch, ch.Mailbox, ch.Method, subject, []conversation.Contact{contact})
	if err != nil {
		return nil, false, err
	}
	conv.Threads = []conversation.Thread{th}
	conv.Changed = conversation.Later(last, t.now) // so that its sends come after those that are still queued
	t.putRow(store.Row{Key: name, Target: conversationKey(conv.ID)})
	return conv, true, nil
}

// begin makes a conversation that a person starts; it is open.
// ch is the channel it begins on; the zero Channel for an internal one.
func (t *txn) begin(c caller, ch Channel, mailbox, method, subject string, people []conversation.Contact) (*conversation.Conversation, error) {
	number, err := t.desk.number(t.ctx, t.tenant)
	if err != nil {
		return nil, err
	}
	env, err := t.env(c.who(), mailbox, t.ids)
	if err != nil {
		return nil, err
	}
	change, err := conversation.Apply(conversation.Conversation{}, env, with(ch, conversation.Create{ID: t.id(idsPerCommand - 2), Number: number,
		Mailbox: mailbox, Method: method, Subject: subject, Contacts: idsOf(people), Labels: labels(people), Links: links(people), Status: conversation.Open}))
	if err != nil {
		return nil, err
	}
	t.tell(t.now, change.Events...)
	return &change.Conversation, nil
}

func (t *txn) composeInternal(c caller, start Start, key *keyUse) (msg conversation.Message, err error) {
	if !c.sees(start.Mailbox) {
		return msg, fmt.Errorf("mailbox %q: %w", start.Mailbox, ErrNotFound)
	}
	if !c.reaches(start.Mailbox, conversation.MethodInternal) {
		return msg, c.noMessaging("compose", start.Mailbox, conversation.MethodInternal)
	}
	box, err := t.mailbox(start.Mailbox)
	if err != nil {
		return msg, err
	}
	if !slices.Contains(box.Methods, conversation.MethodInternal) {
		box.Methods = append(slices.Clone(box.Methods), conversation.MethodInternal)
		slices.Sort(box.Methods)
		if err := t.put(store.Row{Key: document("mailbox", box.ID)}, formatDocument, box); err != nil {
			return msg, err
		}
	}
	conv, err := t.begin(c, Channel{}, box.ID, conversation.MethodInternal, start.Draft.Subject, nil)
	if err != nil {
		return msg, err
	}
	start.Draft.Whisper = true
	c.keeps(&start.Draft)
	return t.answer(c, conv, start.Draft, key, true)
}

// SendTest sends exactly two messages in order to an address, a disclaimer and then the text, and changes no conversation. It needs the
// right to work in the channel's mailbox. Errors: those of Reply.
func (s *Session) SendTest(ctx context.Context, channelID, to string, draft Draft) (msgs []conversation.Message, err error) {
	err = s.desk.write(ctx, s.actor.Tenant, "", func(t *txn) error {
		msgs = nil
		c, err := t.caller(s.actor, "send test", toWork)
		if err != nil {
			return err
		}
		ch, conn, err := t.composeOn(c, Start{Channel: channelID})
		if err != nil {
			return err
		}
		key, id, err := t.typed(conn, ch.Mailbox, to)
		if err != nil {
			return invalid("to", "channel %q cannot write to it: %v", ch.ID, err)
		}
		th, err := t.knownThread(ch.ID, key, id)
		if err != nil {
			return err
		}
		conv := conversation.Conversation{Mailbox: ch.Mailbox, Method: ch.Method, Threads: []conversation.Thread{th}}
		if person := identityName(id); t.load(person) == nil { // whoever it is may have opted out
			if row, ok := t.led(person); ok {
				conv.Contacts = []string{row.ID}
			}
		}
		if !draft.At.IsZero() || draft.CancelOnAnswer || draft.Undo > 0 || draft.Key != "" || len(draft.Then) > 0 {
			return invalid("draft", "a test is sent at once, each time it is asked for, and changes no conversation; leave At, CancelOnAnswer, Undo, Key and Then out")
		}
		draft.Channel = ""
		for i, d := range []Draft{{Text: t.desk.cfg.Disclaimer, Verbatim: true, NoSignature: true}, draft} {
			m, err := t.test(c, &conv, d, i)
			if err != nil {
				return err
			}
			msgs = append(msgs, m)
		}
		return nil
	})
	return msgs, wrap("send test", channelID, err)
}

func (t *txn) test(c caller, conv *conversation.Conversation, draft Draft, n int) (conversation.Message, error) {
	p, err := t.prepare(c, conv, draft, false)
	if err != nil {
		return p.message, err
	}
	m := p.message
	m.ID, m.Test, m.Direction, m.Delivery = t.id(n), true, conversation.Outbound, conversation.Queued
	m.Channel, m.Thread, m.Of = p.thread.Channel, p.thread.Key, []string{identityName(p.thread.To[0]).ID}
	m.Stored = t.now.Add(time.Duration(n) * time.Microsecond)
	m.At, m.Changed = m.Stored, m.Stored
	t.absent(messageKey(m.ID))
	if err := t.putMessage(&m); err != nil {
		return m, err
	}
	return m, t.queueSend(&m)
}
