package frontdesk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// rawError says that items could not be decided for a reason that is not the store's: delivering them again would not help.
type rawError struct{ err error }

func (e *rawError) Error() string { return e.err.Error() }
func (e *rawError) Unwrap() error { return e.err }

func isRaw(err error) bool {
	var raw *rawError
	return errors.As(err, &raw)
}

// itemsAtOnce bounds the items of one conversation that are decided in one batch.
const itemsAtOnce = 10

// receiveAll stores the items of one channel: those of a thread in one batch as long as they follow one another. Items that cannot be
// decided do not stop the others; the error then is a rawError. cursor, if not "", is stored with the last item.
func (d *Desk) receiveAll(ctx context.Context, target *target, items []channel.Item, cursor string) error {
	var raw error
	for len(items) > 0 {
		n := 1
		for n < len(items) && (n < itemsAtOnce || saidBy(items[n])) && items[n].Thread == items[0].Thread && items[0].Thread != "" {
			n++
		}
		last := ""
		if n == len(items) {
			last = cursor
		}
		if err := d.receive(ctx, target, items[:n], last); err != nil {
			if !isRaw(err) {
				return err
			}
			raw = errors.Join(raw, err)
		}
		items = items[n:]
	}
	if raw != nil {
		return &rawError{raw}
	}
	return nil
}

// saidBy reports whether an item must be in the commit of the message before it: whether it is new is known by that message alone.
func saidBy(item channel.Item) bool { return item.Consent != nil && item.Consent.Message != "" }

// receive stores a few items of one thread in one batch, or of no thread one by one.
func (d *Desk) receive(ctx context.Context, target *target, items []channel.Item, cursor string) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &rawError{fmt.Errorf("panic: %v", p)}
		}
	}()
	for i := range items {
		cleanItem(&items[i])
	}
	lock := "thread/" + target.Channel + "/" + items[0].Thread
	err = d.write(ctx, target.Tenant, lock, func(t *txn) error {
		in, err := t.inbound(target.doc.ID, items)
		if err != nil {
			return err
		}
		for _, item := range items {
			if err := in.take(item); err != nil {
				return err
			}
		}
		if cursor != "" {
			if err := t.saveCursor(target.Channel, cursor); err != nil {
				return err
			}
		}
		return in.finish()
	})
	// Refusals of the domain, of the codec and of the limits are no fault of the store.
	if Refused(err) || errors.Is(err, store.ErrInvalid) || errors.Is(err, store.ErrNewer) {
		return &rawError{err}
	}
	return err
}

// inbound is what the items of one thread are decided on.
type inbound struct {
	*txn
	ch      Channel
	thread  string
	conv    *conversation.Conversation // the thread's current one; nil if there is none
	loaded  *conversation.Conversation // as it was loaded
	contact *conversation.Contact
	ids     []string               // left of the command's
	changed []conversation.Message // entries that were added
}

// inbound loads in one call everything that items of a thread can touch.
func (t *txn) inbound(channelID string, items []channel.Item) (*inbound, error) {
	ch, err := t.channel(channelID)
	if err != nil {
		return nil, err
	}
	in := &inbound{txn: t, ch: ch, thread: items[0].Thread, ids: t.ids}
	if err := t.load(in.keys(items)...); err != nil {
		return nil, err
	}
	if in.thread != "" {
		if row, ok := t.led(threadName(ch.ID, in.thread)); ok {
			if err := in.use(row); err != nil {
				return nil, err
			}
		}
	}
	return in, nil
}

func (in *inbound) use(row store.Row) error {
	c, err := decode[conversation.Conversation](in.txn, row)
	if err != nil {
		return err
	}
	loaded := c.Clone()
	in.conv, in.loaded = &c, &loaded
	return nil
}

// keys are the names that items of a thread go by.
func (in *inbound) keys(items []channel.Item) []store.Key {
	var keys []store.Key
	add := func(key store.Key) {
		if !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	if in.thread != "" {
		add(threadName(in.ch.ID, in.thread))
	}
	for _, item := range items {
		for _, id := range providerIDs(item) {
			add(providerName(in.ch.ID, id))
		}
		for _, i := range identities(item) {
			add(identityName(i))
		}
		if ref := reference(item); ref != "" {
			add(messageKey(ref))
		}
	}
	return keys
}

func providerIDs(item channel.Item) (ids []string) {
	switch {
	case item.Message != nil:
		ids = []string{item.Message.ID, item.Message.ReplyTo}
	case item.Receipt != nil:
		ids = item.Receipt.IDs
	case item.Reaction != nil:
		ids = []string{item.Reaction.ID}
	case item.Edit != nil:
		ids = []string{item.Edit.ID}
	case item.Unsend != nil:
		ids = []string{item.Unsend.ID}
	case item.Consent != nil:
		ids = []string{item.Consent.Message}
	}
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return id == "" })
}

func identities(item channel.Item) []conversation.Identity {
	switch {
	case item.Message != nil:
		return item.Message.From
	case item.Identity != nil:
		return []conversation.Identity{item.Identity.Old, item.Identity.New}
	case item.Consent != nil:
		return []conversation.Identity{item.Consent.From}
	}
	return nil
}

// reference is our own message's ID that an item came back with. It is foreign text, so it is only used where it can be an ID.
func reference(item channel.Item) string {
	ref := ""
	switch {
	case item.Message != nil:
		ref = item.Message.Reference
	case item.Receipt != nil:
		ref = item.Receipt.Reference
	}
	if store.CheckText(ref, false) != "" {
		return ""
	}
	return ref
}

// take decides one item.
func (in *inbound) take(item channel.Item) error {
	switch {
	case item.Message != nil && item.Message.Origin == channel.FromCustomer:
		return in.message(item)
	case item.Message != nil:
		return in.echo(item)
	case item.Receipt != nil:
		return in.receipt(item)
	case item.Reaction != nil:
		return in.reaction(item)
	case item.Edit != nil:
		return in.edit(item)
	case item.Unsend != nil:
		return in.unsend(item)
	case item.Identity != nil:
		return in.identity(item)
	case item.Consent != nil:
		return in.consent(item)
	case item.Offer != nil && in.conv != nil:
		return in.apply(conversation.Offer{Actions: item.Offer.Actions})
	}
	return nil
}

// apply changes the thread's conversation; it is written once, by finish.
func (in *inbound) apply(commands ...conversation.Command) error {
	env, err := in.env(in.actor(), in.conv.Mailbox, in.ids)
	if err != nil {
		return err
	}
	change, err := conversation.Apply(*in.conv, env, commands...)
	if err != nil || !change.Changed() {
		return err
	}
	*in.conv = change.Conversation
	in.ids = in.ids[len(change.Messages):]
	for i := range change.Messages {
		in.absent(messageKey(change.Messages[i].ID))
		if err := in.putMessage(&change.Messages[i]); err != nil {
			return err
		}
	}
	in.tell(change.Conversation.Changed, change.Events...)
	in.changed = append(in.changed, change.Messages...)
	return nil
}

func (in *inbound) actor() conversation.Actor {
	a := conversation.Actor{Kind: conversation.ByContact}
	if in.contact != nil {
		a.ID, a.Name = in.contact.ID, in.contact.DisplayName()
	}
	return a
}

// finish writes the conversation that the items changed.
func (in *inbound) finish() error {
	if in.conv == nil || in.loaded != nil && in.conv.Changed.Equal(in.loaded.Changed) {
		return nil
	}
	if in.loaded == nil {
		in.absent(conversationKey(in.conv.ID))
	}
	if err := in.putConversation(in.conv, in.loaded); err != nil {
		return err
	}
	return in.scheduleWake(in.loaded, in.conv)
}

// message stores a customer's message, in the thread's conversation or a new one.
func (in *inbound) message(item channel.Item) error {
	m := item.Message
	if in.seen(m.ID) {
		return nil
	}
	if err := in.findContact(m.From, len(m.From) > 0); err != nil {
		return err
	}
	if err := in.findConversation(m.Subject); err != nil {
		return err
	}
	contact := ""
	if in.contact != nil {
		contact = in.contact.ID
	}
	thread := conversation.Thread{Channel: in.ch.ID, Key: in.thread, To: m.From}
	if err := in.apply(conversation.Receive{Message: in.entry(item), Thread: thread, Contact: contact}); err != nil {
		return err
	}
	return in.nameMessage(m.ID, conversation.Inbound)
}

// seen reports whether a provider's message is in already.
func (in *inbound) seen(providerID string) bool {
	if providerID == "" {
		return false
	}
	row, ok := in.row(providerName(in.ch.ID, providerID))
	return ok && row.Target.Kind == store.Message
}

// entry is the timeline entry of a provider's message.
func (in *inbound) entry(item channel.Item) conversation.Message {
	m := item.Message
	msg := conversation.Message{At: item.At, Subject: m.Subject, Text: m.Text, HTML: m.HTML, Attachments: m.Attachments, Button: m.Button,
		Unsupported: m.Unsupported, Automatic: m.Automatic, ProviderID: m.ID}
	if m.ReplyTo != "" {
		if row, ok := in.row(providerName(in.ch.ID, m.ReplyTo)); ok && row.Target.Kind == store.Message {
			msg.ReplyTo = row.Target.ID
		}
	}
	return msg
}

// findContact finds who has one of the identities, or makes a contact. Identities that nobody has become his.
func (in *inbound) findContact(ids []conversation.Identity, create bool) error {
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
	if in.conv != nil {
		env, err := in.env(conversation.Actor{}, in.conv.Mailbox, nil)
		if err != nil {
			return err
		}
		if in.conv.Continues(env.Rules, in.now) {
			return nil
		}
		if err := in.finish(); err != nil {
			return err
		}
	}
	number, err := in.desk.number(in.ctx, in.tenant)
	if err != nil {
		return err
	}
	in.conv, in.loaded = &conversation.Conversation{}, nil
	env, err := in.env(in.actor(), in.ch.Mailbox, in.ids)
	if err != nil {
		return err
	}
	change, err := conversation.Apply(*in.conv, env, conversation.Create{ID: in.nextID(), Number: number, Mailbox: in.ch.Mailbox,
		Method: in.ch.Method, Subject: subject})
	if err != nil {
		return err
	}
	*in.conv = change.Conversation
	in.tell(in.now, change.Events...)
	in.putRow(store.Row{Key: threadName(in.ch.ID, in.thread), Target: conversationKey(in.conv.ID)})
	return nil
}

// nameMessage makes the provider's ID lead to the entry that was just added, and absorbs what came before it.
func (in *inbound) nameMessage(providerID string, direction conversation.Direction) error {
	if providerID == "" {
		return nil
	}
	i := len(in.changed) - 1
	for in.changed[i].Direction != direction {
		i--
	}
	return in.claimProvider(in.ch.ID, providerID, &in.changed[i])
}

// cleanItem makes a driver's text valid, so that nothing foreign stops a row from being stored.
func cleanItem(item *channel.Item) {
	item.At = item.At.UTC()
	if m := item.Message; m != nil {
		m.Text, m.HTML, m.Subject = conversation.CleanText(m.Text), conversation.CleanText(m.HTML), conversation.CleanText(m.Subject)
		m.Button, m.Unsupported = conversation.CleanText(m.Button), conversation.CleanText(m.Unsupported)
		m.Subject = strings.Map(oneLine, m.Subject)
		m.From = slices.Clone(m.From)
		for i := range m.From {
			m.From[i].Name = conversation.CleanText(m.From[i].Name)
		}
	}
	if item.Edit != nil {
		item.Edit.Text = conversation.CleanText(item.Edit.Text)
	}
}

// oneLine drops what could break a header: line ends and the controls that turn text around.
func oneLine(r rune) rune {
	switch {
	case r == '\r' || r == '\n' || r == '\t':
		return ' '
	case r < ' ' || r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069:
		return -1
	}
	return r
}
