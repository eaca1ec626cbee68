package frontdesk

import (
	"errors"
	"slices"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// inbound is what the items of one thread are decided on.
type inbound struct {
	*txn
	ch      Channel
	thread  string
	current *held   // the thread's conversation; nil if there is none
	held    []*held // all that the items change
	contact *conversation.Contact
	ids     []string        // left of the command's
	known   map[string]bool // provider's IDs of messages that were in before these items
	refused []channel.Item  // of blocked contacts
}

// held is a conversation that items change. It is written once, by finish.
type held struct {
	conversation.Conversation
	loaded *conversation.Conversation // nil for a new one
}

// inbound loads in one call everything that items of a thread can touch.
func (t *txn) inbound(channelID, thread string, items []channel.Item) (*inbound, error) {
	ch, err := t.channel(channelID)
	if err != nil {
		return nil, err
	}
	in := &inbound{txn: t, ch: ch, thread: thread, ids: t.ids, known: map[string]bool{}}
	keys, err := in.judgeBy(in.keys(items))
	if err != nil {
		return nil, err
	}
	if err := t.load(keys...); err != nil {
		return nil, err
	}
	for _, item := range items {
		for _, id := range providerIDs(item) {
			in.known[id] = in.seen(id)
		}
	}
	if thread != "" {
		if row, ok := t.led(threadName(ch.ID, thread)); ok {
			in.current, err = in.hold(row)
		}
	}
	return in, err
}

// hold makes a loaded conversation one that the items may change.
func (in *inbound) hold(row store.Row) (*held, error) {
	c, err := decode[conversation.Conversation](in.txn, row)
	if err != nil {
		return nil, err
	}
	loaded := c.Clone()
	h := &held{c, &loaded}
	in.held = append(in.held, h)
	return h, nil
}

// of returns a message's conversation, or what that is merged into. It need not be the thread's current one; nil if it is gone.
func (in *inbound) of(m *conversation.Message) (*held, error) {
	if m.Conversation == "" {
		return nil, nil
	}
	for _, h := range in.held {
		if h.ID == m.Conversation && h.Into == "" {
			return h, nil
		}
	}
	head, err := in.head(m.Conversation)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return in.holding(head.ID)
}

// holding makes a loaded conversation one that the items may change, if it is not yet.
func (in *inbound) holding(id string) (*held, error) {
	for _, h := range in.held {
		if h.ID == id {
			return h, nil
		}
	}
	row, _ := in.row(conversationKey(id))
	return in.hold(row)
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

// takeAll decides the items, what the platform offers last: it needs the conversation.
func (in *inbound) takeAll(items []channel.Item) error {
	for _, offers := range []bool{false, true} {
		for _, item := range items {
			if offers != (item.Offer != nil) {
				continue
			}
			if err := in.take(item); err != nil {
				return err
			}
		}
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
	if out, err := in.shutOut(item); err != nil || out {
		in.refused = append(in.refused, item)
		return err
	}
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
	case item.Offer != nil && in.current != nil:
		return in.apply(in.current, conversation.Offer{Actions: item.Offer.Actions})
	}
	return nil
}

// apply changes a held conversation.
func (in *inbound) apply(h *held, commands ...conversation.Command) error {
	return in.applyAs(in.actor(), h, commands...)
}

func (in *inbound) applyAs(actor conversation.Actor, h *held, commands ...conversation.Command) error {
	env, err := in.env(actor, h.Mailbox, in.ids)
	if err != nil {
		return err
	}
	change, err := conversation.Apply(h.Conversation, env, commands...)
	if err != nil || !change.Changed() {
		return err
	}
	h.Conversation = change.Conversation
	in.ids = in.ids[len(change.Messages):]
	for i := range change.Messages {
		in.absent(messageKey(change.Messages[i].ID))
		if err := in.putMessage(&change.Messages[i]); err != nil {
			return err
		}
	}
	in.tell(change.Conversation.Changed, change.Events...)
	return nil
}

// add adds a provider's message to the thread's conversation, lets its ID lead to it, and absorbs what came before it.
func (in *inbound) add(item channel.Item, command conversation.Command) error {
	key := messageKey(in.ids[0])
	if err := in.apply(in.current, command); err != nil {
		return err
	}
	if in.desk.cfg.Blobs != nil && len(item.Message.Attachments) > 0 {
		if err := in.queueFetch(key.ID); err != nil {
			return err
		}
	}
	if item.Message.ID == "" {
		return nil
	}
	name := providerName(in.ch.ID, item.Message.ID)
	waiting, ok := in.led(name)
	in.putRow(store.Row{Key: name, Target: key})
	if !ok || waiting.Kind != store.Delivery {
		return nil
	}
	p, err := decode[parked](in.txn, waiting)
	if err != nil {
		return err
	}
	in.remove(waiting.Key)
	for _, early := range p.Items {
		if early.Message != nil {
			continue // the message itself
		}
		if err := in.take(early); err != nil {
			return err
		}
	}
	return nil
}

func (in *inbound) actor() conversation.Actor {
	a := conversation.Actor{Kind: conversation.ByContact}
	if in.contact != nil {
		a.ID, a.Name = in.contact.ID, in.contact.DisplayName()
	}
	return a
}

// finish writes the conversations that the items changed.
func (in *inbound) finish() error {
	for _, h := range in.held {
		if h.loaded != nil && h.Changed.Equal(h.loaded.Changed) {
			continue
		}
		if h.loaded == nil {
			in.absent(conversationKey(h.ID))
		}
		if err := in.putConversation(&h.Conversation, h.loaded); err != nil {
			return err
		}
		if err := in.scheduleIdle(h.loaded, &h.Conversation); err != nil {
			return err
		}
		if err := in.scheduleWake(h.loaded, &h.Conversation); err != nil {
			return err
		}
		if err := in.teach(h.loaded, &h.Conversation); err != nil {
			return err
		}
		if err := in.autoReplySoon(h.loaded, &h.Conversation); err != nil {
			return err
		}
	}
	return nil
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
	if in.contact != nil && in.contact.Blocked {
		return in.refuse(item)
	}
	if !m.Automatic {
		if err := in.answered(in.current); err != nil {
			return err
		}
	}
	if err := in.findConversation(m.Subject); err != nil {
		return err
	}
	if err := in.heed(item); err != nil {
		return err
	}
	thread := conversation.Thread{Channel: in.ch.ID, Key: in.thread, To: m.From}
	if in.current.loaded == nil && in.current.Messages == 0 && !in.ch.allows(m.From) {
		if err := in.applyAs(conversation.Actor{Kind: conversation.BySystem}, in.current, conversation.ToSpam{By: conversation.JudgedList}); err != nil {
			return err
		}
	}
	entry := in.entry(item)
	joins := in.contact != nil && len(in.contact.Labels) > 0 && in.current.loaded != nil && !slices.Contains(in.current.Contacts, in.member())
	if err := in.add(item, conversation.Receive{Message: entry, Thread: thread, Contact: in.member()}); err != nil {
		return err
	}
	if joins { // his labels come with him
		if err := in.follow(in.contact, nil); err != nil {
			return err
		}
	}
	if err := in.capture(&entry); err != nil {
		return err
	}
	return in.judge(m)
}

// seen reports whether a provider's message is in already.
func (in *inbound) seen(providerID string) bool {
	if providerID == "" {
		return false
	}
	row, ok := in.row(providerName(in.ch.ID, providerID))
	return ok && (row.Target.Kind == store.Message || in.isTombstone(row.Key))
}

// entry is the timeline entry of a provider's message.
func (in *inbound) entry(item channel.Item) conversation.Message {
	m := item.Message
	msg := conversation.Message{At: item.At, Subject: m.Subject, Text: m.Text, HTML: m.HTML, Attachments: m.Attachments, Button: m.Button,
		Unsupported: m.Unsupported, Automatic: m.Automatic, ProviderID: m.ID}
	if in.desk.cfg.Blobs != nil {
		msg.Files = toKeep(m.Attachments)
	}
	if m.ReplyTo != "" {
		if row, ok := in.row(providerName(in.ch.ID, m.ReplyTo)); ok && row.Target.Kind == store.Message {
			msg.ReplyTo = row.Target.ID
		}
	}
	return msg
}
