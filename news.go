package frontdesk

import (
	"slices"
	"time"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// News of messages: receipts, reactions, edits, messages taken back. What speaks of a message that is not there yet is parked under the
// provider's ID, and absorbed by the commit that brings the message.

// parked is the body of a delivery row that waits for its message.
type parked struct {
	Channel string         `json:"channel"`
	ID      string         `json:"id"` // the provider's
	Items   []channel.Item `json:"items"`
	Since   time.Time      `json:"since"`
}

// maxParked bounds the items that wait for one message; later ones say no more than the earlier.
const maxParked = 20

// parkedFor is how long an item waits for its message.
const parkedFor = 7 * 24 * time.Hour

// park keeps an item until the message with the provider's ID comes.
func (in *inbound) park(providerID string, item channel.Item) error {
	name := providerName(in.ch.ID, providerID)
	p := parked{Channel: in.ch.ID, ID: providerID, Since: in.now}
	row, ok := in.led(name)
	if ok {
		var err error
		if p, err = decode[parked](in.txn, row); err != nil {
			return err
		}
	} else {
		row = store.Row{Key: deliveryKey(in.nextID())}
		in.absent(row.Key)
		in.putRow(store.Row{Key: name, Target: row.Key})
		if err := in.enqueue("parked/"+row.ID, "parked/"+row.ID, in.now.Add(parkedFor), parkedJob{Delivery: row.ID}); err != nil {
			return err
		}
	}
	if len(p.Items) >= maxParked {
		return nil
	}
	p.Items = append(p.Items, item)
	return in.put(store.Row{Key: row.Key, Facts: []store.Fact{{Name: "state", Value: "parked", Order: p.Since.UnixMicro()}}}, formatDelivery, p)
}

// claimProvider makes a provider's ID lead to a message, and absorbs what was parked under it. The message is put if that changed it.
func (t *txn) claimProvider(channelID, providerID string, m *conversation.Message) error {
	name := providerName(channelID, providerID)
	if _, loaded := t.rows[name]; !loaded {
		if err := t.load(name); err != nil {
			return err
		}
	}
	row, ok := t.row(name)
	if ok && row.Target == messageKey(m.ID) {
		return nil
	}
	waiting, hasParked := t.led(name)
	t.putRow(store.Row{Key: name, Target: messageKey(m.ID)})
	if !ok || !hasParked || waiting.Kind != store.Delivery {
		return nil
	}
	p, err := decode[parked](t, waiting)
	if err != nil {
		return err
	}
	echo := false
	for _, item := range p.Items {
		switch {
		case item.Message != nil:
			echo = true // its job finds the name moved, and drops it
		case item.Receipt != nil:
			applyReceipt(m, providerID, item)
		case item.Reaction != nil:
			react(m, item)
		case item.Edit != nil && m.Erased.IsZero():
			m.Text, m.Edited = item.Edit.Text, at(item, t.now)
		case item.Unsend != nil:
			m.Erased, m.Text, m.HTML, m.Subject, m.Attachments = at(item, t.now), "", "", "", nil
		}
	}
	if !echo {
		t.remove(waiting.Key)
	}
	return t.putMessage(m)
}

func at(item channel.Item, now time.Time) time.Time {
	if item.At.IsZero() {
		return now
	}
	return item.At
}

// find returns the message that a provider's ID leads to.
func (in *inbound) find(providerID string) (m conversation.Message, ok bool, err error) {
	row, ok := in.led(providerName(in.ch.ID, providerID))
	if !ok || row.Kind != store.Message {
		return m, false, nil
	}
	m, err = decode[conversation.Message](in.txn, row)
	return m, err == nil, err
}

// receipt moves messages forward: one by our reference, some by provider's ID, or a whole thread up to a watermark.
func (in *inbound) receipt(item channel.Item) error {
	r := item.Receipt
	if !r.Watermark.IsZero() && in.conv != nil {
		return in.apply(conversation.Passed{Channel: in.ch.ID, Key: in.thread, Delivery: r.Delivery, Until: r.Watermark.UTC()})
	}
	if ref := reference(item); ref != "" {
		if row, ok := in.row(messageKey(ref)); ok {
			m, err := decode[conversation.Message](in.txn, row)
			if err != nil {
				return err
			}
			if m.Channel == in.ch.ID {
				return in.receipted(m, item)
			}
		}
	}
	for _, id := range r.IDs {
		m, ok, err := in.find(id)
		if err != nil {
			return err
		}
		if !ok {
			if err := in.park(id, item); err != nil {
				return err
			}
			continue
		}
		if err := in.receipted(m, item); err != nil {
			return err
		}
	}
	return nil
}

// receipted applies a receipt to a message, and to its conversation when it failed, or did not fail after all.
func (in *inbound) receipted(m conversation.Message, item channel.Item) error {
	before := m.Delivery
	m.Parts = slices.Clone(m.Parts)
	ids := item.Receipt.IDs
	if len(ids) == 0 {
		ids = []string{""}
	}
	changed := false
	for _, id := range ids {
		changed = applyReceipt(&m, id, item) || changed
	}
	if !changed {
		return nil
	}
	m.Changed = conversation.Later(m.Changed, in.now)
	return in.moved(&m, before)
}

// moved puts a message whose delivery state moved, and what that means for its conversation.
func (in *inbound) moved(m *conversation.Message, before conversation.Delivery) error {
	command, err := in.delivered(m, before)
	if err != nil || command == nil {
		return err
	}
	if err := in.useConversation(m.Conversation); err != nil || in.conv == nil {
		return err
	}
	return in.apply(command)
}

// delivered puts a message whose delivery state moved, tells it, and returns what its conversation must do about it, if anything.
func (t *txn) delivered(m *conversation.Message, before conversation.Delivery) (conversation.Command, error) {
	if err := t.putMessage(m); err != nil {
		return nil, err
	}
	t.tell(m.Changed, conversation.Event{Type: conversation.EventDelivery, At: t.now, Actor: conversation.Actor{Kind: conversation.BySystem},
		Conversation: m.Conversation, Message: m.ID, From: string(before), To: string(m.Delivery)})
	failed, was := m.Delivery == conversation.Failed, before == conversation.Failed
	switch {
	case m.Test || failed == was:
		return nil, nil
	case failed:
		return conversation.Fail{Message: m}, nil
	}
	return conversation.Settle{Message: m, Event: conversation.EventDelivery}, nil
}

// applyTo loads a conversation and carries out commands on it.
func (t *txn) applyTo(id string, actor conversation.Actor, commands ...conversation.Command) error {
	if err := t.load(conversationKey(id)); err != nil {
		return err
	}
	c, err := t.conversation(id)
	if err != nil {
		return err
	}
	env, err := t.env(actor, c.Mailbox, t.ids[:idsPerCommand/2])
	if err != nil {
		return err
	}
	_, err = t.apply(&c, false, env, commands...)
	return err
}

// applyReceipt moves the part with a provider's ID forward, or the only one, and the message with it. It reports whether that changed
// anything.
func applyReceipt(m *conversation.Message, providerID string, item channel.Item) bool {
	if m.Direction != conversation.Outbound {
		return false
	}
	to, failure := item.Receipt.Delivery, item.Receipt.Failure
	i := slices.IndexFunc(m.Parts, func(p conversation.Part) bool { return p.ProviderID == providerID && providerID != "" })
	if i < 0 && len(m.Parts) == 1 && (m.Parts[0].ProviderID == "" || providerID == "") {
		i = 0
		if m.Parts[0].ProviderID == "" {
			m.Parts[0].ProviderID = providerID
		}
	}
	if len(m.Parts) == 0 { // an echo: it has no parts of ours
		return advance(&m.Delivery, &m.Failure, to, failure)
	}
	if i < 0 || !advance(&m.Parts[i].Delivery, &m.Parts[i].Failure, to, failure) {
		return false
	}
	m.Delivery, m.Failure = conversation.Outcome(m.Parts)
	return true
}

func advance(d *conversation.Delivery, f **conversation.Failure, to conversation.Delivery, failure *conversation.Failure) bool {
	next := d.Advance(to)
	if next == *d {
		return false
	}
	*d, *f = next, nil
	if next == conversation.Failed {
		*f = failure
	}
	return true
}

func (in *inbound) reaction(item channel.Item) error {
	m, ok, err := in.find(item.Reaction.ID)
	if err != nil {
		return err
	}
	if !ok {
		return in.park(item.Reaction.ID, item)
	}
	m.Reactions = slices.Clone(m.Reactions)
	if !react(&m, item) {
		return nil
	}
	return in.touched(&m, conversation.EventReacted)
}

// react sets or takes back one person's reaction.
func react(m *conversation.Message, item channel.Item) bool {
	r := item.Reaction
	i := slices.IndexFunc(m.Reactions, func(o conversation.Reaction) bool { return o.From == r.From })
	switch {
	case i >= 0 && m.Reactions[i].Emoji == r.Emoji, i < 0 && r.Emoji == "":
		return false
	case i >= 0 && item.At.Before(m.Reactions[i].At):
		return false
	case i >= 0:
		m.Reactions = slices.Delete(m.Reactions, i, i+1)
	}
	if r.Emoji != "" && len(m.Reactions) < maxReactions {
		m.Reactions = append(m.Reactions, conversation.Reaction{From: r.From, Emoji: conversation.CleanText(r.Emoji), At: item.At})
	}
	return true
}

// maxReactions bounds the reactions kept on a message.
const maxReactions = 100

// touched puts a message whose content changed, and tells it.
func (in *inbound) touched(m *conversation.Message, event string) error {
	m.Changed = conversation.Later(m.Changed, in.now)
	if err := in.putMessage(m); err != nil {
		return err
	}
	in.tell(m.Changed, conversation.Event{Type: event, At: in.now, Actor: in.actor(), Conversation: m.Conversation, Message: m.ID})
	return nil
}

func (in *inbound) edit(item channel.Item) error {
	m, ok, err := in.find(item.Edit.ID)
	if err != nil {
		return err
	}
	if !ok {
		return in.park(item.Edit.ID, item)
	}
	if !m.Erased.IsZero() || m.Text == item.Edit.Text || at(item, in.now).Before(m.Edited) {
		return nil
	}
	m.Text, m.Edited = item.Edit.Text, at(item, in.now)
	if err := in.touched(&m, conversation.EventEdited); err != nil {
		return err
	}
	return in.refreshPreview(&m)
}

// refreshPreview shows the new text in lists when the edited message is the latest of its conversation.
func (in *inbound) refreshPreview(m *conversation.Message) error {
	if err := in.useConversation(m.Conversation); err != nil || in.conv == nil {
		return err
	}
	if in.conv.Latest == m.Sequence {
		in.conv.Preview = conversation.Preview(m)
		in.conv.Changed = conversation.Later(in.conv.Changed, in.now)
	}
	return nil
}

// useConversation makes a message's conversation the one that the items change. It is the thread's own but for old messages of a thread that has
// moved on.
func (in *inbound) useConversation(id string) error {
	if in.conv != nil && in.conv.ID == id {
		return nil
	}
	if err := in.finish(); err != nil {
		return err
	}
	in.conv, in.loaded = nil, nil
	if err := in.load(conversationKey(id)); err != nil {
		return err
	}
	row, ok := in.row(conversationKey(id))
	if !ok {
		return nil
	}
	return in.use(row)
}

func (in *inbound) unsend(item channel.Item) error {
	m, ok, err := in.find(item.Unsend.ID)
	if err != nil {
		return err
	}
	if !ok {
		return in.park(item.Unsend.ID, item)
	}
	if !m.Erased.IsZero() {
		return nil
	}
	if err := in.useConversation(m.Conversation); err != nil || in.conv == nil {
		return err
	}
	timeline, err := in.timelineBack(in.conv, &m)
	if err != nil {
		return err
	}
	if err := in.apply(conversation.Unsend{Message: &m, Timeline: timeline}); err != nil {
		return err
	}
	return in.putMessage(&m)
}

// timelineBack reads the timeline from its end back to what Unsend needs.
func (t *txn) timelineBack(c *conversation.Conversation, m *conversation.Message) ([]conversation.Message, error) {
	until, needed := c.Needs(m)
	if !needed {
		return nil, nil
	}
	var out []conversation.Message
	q := store.Query{Tenant: t.tenant, Kind: store.Message, Fact: "conversation", Value: c.ID, Limit: 100}
	for {
		page, err := t.desk.store.List(t.ctx, q)
		if err != nil {
			return nil, err
		}
		for _, row := range page.Rows {
			var o conversation.Message
			if _, err := store.Decode(row.Body, &o); err != nil {
				return nil, err
			}
			out = append(out, o)
			if o.Sequence < until && o.Visible() && o.Prior != nil {
				return out, nil
			}
		}
		if page.Cursor == "" {
			return out, nil
		}
		q.Cursor = page.Cursor
	}
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
	if c.Message != "" && in.seen(c.Message) && !slices.ContainsFunc(in.changed, func(m conversation.Message) bool { return m.ProviderID == c.Message }) {
		return nil // it was in already, and with it what it said
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

// echo stores what the business sent, but not through us. One that carries our reference is our own message coming back. One without it
// may be: it waits behind the thread's sends, and is stored only if none of them turns out to be it.
func (in *inbound) echo(item channel.Item) error {
	m := item.Message
	if in.seen(m.ID) {
		return nil
	}
	if ref := reference(item); ref != "" {
		if row, ok := in.row(messageKey(ref)); ok {
			return in.ownEcho(row, m.ID)
		}
	}
	if m.Origin == channel.Elsewhere {
		return in.storeEcho(item)
	}
	if _, ok := in.row(providerName(in.ch.ID, m.ID)); ok && m.ID != "" {
		return nil // parked already, or a receipt came first: its echo is our own message then
	}
	if err := in.park(m.ID, item); err != nil {
		return err
	}
	row, _ := in.row(providerName(in.ch.ID, m.ID))
	return in.enqueue(outGroup(in.ch.ID, in.thread), "echo/"+row.Target.ID, time.Time{}, outJob{Echo: row.Target.ID, Channel: in.ch.ID})
}

// ownEcho is the proof that a message of ours arrived.
func (in *inbound) ownEcho(row store.Row, providerID string) error {
	m, err := decode[conversation.Message](in.txn, row)
	if err != nil || m.Channel != in.ch.ID {
		return err
	}
	before := m.Delivery
	item := channel.Item{Receipt: &channel.Receipt{IDs: []string{providerID}, Delivery: conversation.Sent}}
	m.Parts = slices.Clone(m.Parts)
	changed := applyReceipt(&m, providerID, item)
	if err := in.claimProvider(in.ch.ID, providerID, &m); err != nil || !changed {
		return err
	}
	m.Changed = conversation.Later(m.Changed, in.now)
	return in.moved(&m, before)
}

// storeEcho adds the entry to the thread's conversation, or begins one.
func (in *inbound) storeEcho(item channel.Item) error {
	m := item.Message
	if err := in.findContact(m.From, len(m.From) > 0); err != nil {
		return err
	}
	if in.conv == nil || in.conv.Place == conversation.Trash {
		in.conv = nil
		if err := in.findConversation(m.Subject); err != nil {
			return err
		}
		if in.contact != nil {
			in.conv.Contacts = []string{in.contact.ID}
		}
	}
	msg := in.entry(item)
	msg.Author = conversation.Actor{Kind: conversation.BySystem}
	thread := conversation.Thread{Channel: in.ch.ID, Key: in.thread, To: m.From}
	if err := in.apply(conversation.Echo{Message: msg, Thread: thread}); err != nil {
		return err
	}
	return in.nameMessage(m.ID, conversation.Outbound)
}
