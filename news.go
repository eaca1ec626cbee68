package frontdesk

import (
	"cmp"
	"slices"
	"time"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// News of messages: receipts, reactions, edits, messages taken back.

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
	if !r.Watermark.IsZero() && in.current != nil {
		return in.apply(in.current, conversation.Passed{Channel: in.ch.ID, Key: in.thread, Delivery: r.Delivery, Until: r.Watermark.UTC()})
	}
	if ref := reference(item); ref != "" {
		if row, ok := in.row(messageKey(ref)); ok {
			m, err := decode[conversation.Message](in.txn, row)
			if err != nil {
				return err
			}
			if m.Channel == in.ch.ID {
				return in.receiptOf(m, item)
			}
		}
	}
	for _, id := range r.IDs {
		if id == "" {
			continue
		}
		m, ok, err := in.find(id)
		if err != nil {
			return err
		}
		if ok {
			err = in.receipted(m, []string{id}, r)
		} else {
			err = in.parkReceipt(id, item)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// parkReceipt keeps what a receipt says of one provider's ID until the message or the part with it is known.
func (in *inbound) parkReceipt(id string, item channel.Item) error {
	one := *item.Receipt
	one.IDs, one.Reference = []string{id}, ""
	item.Receipt = &one
	return in.park(id, item)
}

// receiptOf applies a receipt to the message that its reference names. Which of several parts an ID is, only the call that sends the part
// says: what comes before it waits for it.
func (in *inbound) receiptOf(m conversation.Message, item channel.Item) error {
	known := item.Receipt.IDs
	if len(m.Parts) > 1 {
		known = nil
		for _, id := range item.Receipt.IDs {
			if slices.ContainsFunc(m.Parts, func(p conversation.Part) bool { return id != "" && p.ProviderID == id }) {
				known = append(known, id)
			} else if id != "" && !in.seen(id) {
				if err := in.parkReceipt(id, item); err != nil {
					return err
				}
			}
		}
		if len(known) == 0 {
			return nil
		}
	}
	return in.receipted(m, known, item.Receipt)
}

// receipted applies a receipt to a message, and to its conversation when it failed, or did not fail after all.
func (in *inbound) receipted(m conversation.Message, ids []string, r *channel.Receipt) error {
	before := m.Delivery
	m.Parts = slices.Clone(m.Parts)
	if len(ids) == 0 {
		ids = []string{""}
	}
	changed := false
	for _, id := range ids {
		changed = advancePart(&m, id, r) || changed
	}
	if !changed {
		return nil
	}
	return in.moved(&m, before)
}

// moved puts a message whose delivery state moved, and what that means for its conversation.
func (in *inbound) moved(m *conversation.Message, before conversation.Delivery) error {
	if len(m.Parts) > 0 {
		m.Delivery, m.Failure = conversation.Outcome(m.Parts)
	}
	m.Changed = conversation.Later(m.Changed, in.now)
	if m.Delivery == conversation.Queued && (before == conversation.Unknown || before == conversation.Failed) {
		// The part that held up the others has arrived after all.
		if err := in.queueSend(m); err != nil {
			return err
		}
	}
	command, err := in.delivered(m, before)
	if err != nil || command == nil {
		return err
	}
	h, err := in.of(m)
	if err != nil || h == nil {
		return err
	}
	if err := in.count(m, command); err != nil {
		return err
	}
	return in.apply(h, command)
}

// delivered puts a message whose delivery state moved, tells it, and returns what its conversation must do about it, if anything.
func (t *txn) delivered(m *conversation.Message, before conversation.Delivery) (conversation.Command, error) {
	failed, was := m.Delivery == conversation.Failed, before == conversation.Failed && !m.Dismissed
	if failed && before != conversation.Failed {
		m.Dismissed = false // what was dismissed was the doubt
	}
	if err := t.putMessage(m); err != nil || m.Delivery == before {
		return nil, err
	}
	if was && !m.Test {
		return conversation.Settle{Message: m, Event: conversation.EventDelivery}, nil
	}
	t.tell(m.Changed, conversation.Event{Type: conversation.EventDelivery, At: t.now, Actor: conversation.Actor{Kind: conversation.BySystem},
		Conversation: m.Conversation, Message: m.ID, From: string(before), To: string(m.Delivery)})
	if failed && !m.Test {
		return conversation.Fail{Message: m}, nil
	}
	return nil, nil
}

// advancePart moves the part with a provider's ID forward, or the only one; of a message without parts, which an echo is, the message
// itself. It reports whether that changed anything. What the message's state becomes of its parts is the caller's to say.
func advancePart(m *conversation.Message, providerID string, r *channel.Receipt) bool {
	if m.Direction != conversation.Outbound {
		return false
	}
	if len(m.Parts) == 0 {
		return advance(&m.Delivery, &m.Failure, r.Delivery, r.Failure)
	}
	i := slices.IndexFunc(m.Parts, func(p conversation.Part) bool { return p.ProviderID == providerID && providerID != "" })
	if i >= 0 && r.Delivery == conversation.Failed && !m.Parts[i].Delivery.Settled() {
		return false // of an earlier try: this one has no ID of the provider's yet
	}
	if i < 0 && len(m.Parts) == 1 && r.Delivery == conversation.Failed && m.Parts[0].Delivery == conversation.Queued {
		return false // of an earlier try: this one has not been called for
	}
	if i < 0 && len(m.Parts) == 1 && (m.Parts[0].ProviderID == "" || providerID == "" || m.Parts[0].Delivery == conversation.Sending) {
		i = 0
		if providerID != "" {
			m.Parts[0].ProviderID = providerID
		}
	}
	return i >= 0 && advance(&m.Parts[i].Delivery, &m.Parts[i].Failure, r.Delivery, r.Failure)
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
	if !m.Erased.IsZero() {
		return nil
	}
	m.Reactions = slices.Clone(m.Reactions)
	before := len(m.Reactions)
	if !react(&m, item, in.now) {
		if len(m.Reactions) > before { // taken back before it came
			return in.putMessage(&m)
		}
		return nil
	}
	return in.touched(&m, conversation.EventReacted)
}

// react sets or takes back one person's reaction. One that was taken back stays without an emoji, so that an older one that is delivered
// again does not return.
func react(m *conversation.Message, item channel.Item, now time.Time) bool {
	r := conversation.Reaction{From: item.Reaction.From, Emoji: conversation.CleanText(item.Reaction.Emoji), At: at(item, now)}
	i := slices.IndexFunc(m.Reactions, func(o conversation.Reaction) bool { return o.From == r.From })
	switch {
	case i < 0 && len(m.Reactions) < maxReactions:
		m.Reactions = append(m.Reactions, r)
		return r.Emoji != ""
	case i < 0 || m.Reactions[i].Emoji == r.Emoji || r.At.Before(m.Reactions[i].At):
		return false
	}
	m.Reactions[i] = r
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
	m.Text, m.HTML, m.Edited = item.Edit.Text, "", at(item, in.now)
	if err := in.touched(&m, conversation.EventEdited); err != nil {
		return err
	}
	h, err := in.of(&m)
	if err != nil || h == nil {
		return err
	}
	of, err := in.holding(m.Conversation)
	if err != nil {
		return err
	}
	return in.repaint(of, conversation.EventEdited, &m, func() error { in.repreview(of, &m); return nil })
}

// repreview shows an edited message anew, if it is its conversation's latest.
func (in *inbound) repreview(h *held, m *conversation.Message) {
	if h.Latest != m.Sequence {
		return
	}
	h.Preview = conversation.Preview(m)
	h.Changed = conversation.Later(h.Changed, in.now)
}

func (in *inbound) unsend(item channel.Item) error {
	m, ok, err := in.find(item.Unsend.ID)
	if err != nil {
		return err
	}
	if !ok {
		return in.park(item.Unsend.ID, item)
	}
	h, err := in.of(&m)
	if err != nil || h == nil || !m.Erased.IsZero() {
		return err
	}
	of, err := in.holding(m.Conversation)
	if err != nil {
		return err
	}
	if err := in.concealBefore(&h.Conversation, &m); err != nil {
		return err
	}
	return in.repaint(of, conversation.EventUnsent, &m, func() error { return in.takeBack(of, &m) })
}

func (in *inbound) takeBack(of *held, m *conversation.Message) error {
	timeline, merged, err := in.wholeBack(&of.Conversation, m)
	if err != nil {
		return err
	}
	before := *m
	if err := in.apply(of, conversation.Unsend{Message: m, Timeline: timeline, Merged: merged}); err != nil {
		return err
	}
	if err := in.dropFiles(&before); err != nil {
		return err
	}
	return in.putMessage(m)
}

// timelineBack reads the timeline from its end back to what a command that takes an entry away needs, with the entries that this commit brings
// or changes; nothing if it needs none.
func (t *txn) timelineBack(c *conversation.Conversation, m *conversation.Message) ([]conversation.Message, error) {
	until, needed := c.Needs(m)
	if !needed {
		return nil, nil
	}
	return t.timelineTo(c, until)
}

// wholeBack reads the same, and beside it the parts.
func (t *txn) wholeBack(c *conversation.Conversation, m *conversation.Message) (back []conversation.Message, merged []conversation.Merged, err error) {
	back, err = t.timelineBack(c, m)
	if err != nil || len(back) == 0 {
		return nil, nil, err
	}
	merged, err = t.mergedParts(c)
	return back, merged, err
}

// timelineTo reads the timeline from its end to an entry, and on to the next before it that makes unread.
func (t *txn) timelineTo(c *conversation.Conversation, until int64) ([]conversation.Message, error) {
	return t.timelineUntil(c, func(o *conversation.Message) bool { return o.Sequence < until && o.Visible() && o.Prior != nil })
}

// timelineUntil reads the timeline from its end until enough says so of an entry that is stored.
func (t *txn) timelineUntil(c *conversation.Conversation, enough func(*conversation.Message) bool) ([]conversation.Message, error) {
	out, err := t.uncommitted(c.ID)
	if err != nil {
		return nil, err
	}
	written := len(out)
	q := store.Query{Tenant: t.tenant, Kind: store.Message, Fact: "conversation", Value: c.ID, Limit: 100}
	for {
		page, err := t.desk.store.List(t.ctx, q)
		if err != nil {
			return nil, err
		}
		for _, row := range page.Rows {
			if _, ok := t.batch.Written(row.Key); ok {
				continue
			}
			var o conversation.Message
			if _, err := store.Decode(row.Body, &o); err != nil {
				return nil, err
			}
			if out = append(out, o); enough(&o) {
				page.Cursor = ""
				break
			}
		}
		if page.Cursor == "" {
			break
		}
		q.Cursor = page.Cursor
	}
	if written > 0 {
		slices.SortFunc(out, func(a, b conversation.Message) int { return cmp.Compare(b.Sequence, a.Sequence) })
	}
	return out, nil
}

// uncommitted are a conversation's entries as this commit will write them.
func (t *txn) uncommitted(id string) (out []conversation.Message, err error) {
	for key, row := range t.rows {
		if _, ok := t.batch.Written(key); !ok || key.Kind != store.Message {
			continue
		}
		var m conversation.Message
		if _, err := store.Decode(row.Body, &m); err != nil {
			return nil, err
		}
		if m.Conversation == id {
			out = append(out, m)
		}
	}
	return out, nil
}
