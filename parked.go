package frontdesk

import (
	"fmt"
	"slices"
	"time"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// What speaks of a message that is not there yet is parked under the provider's ID, and absorbed by the commit that brings the message.
// So is what may be one of ours coming back.

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
	if in.isTombstone(name) {
		return nil // of a message that was erased
	}
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
	if len(p.Items) >= maxParked && item.Message == nil && (item.Unsend == nil || slices.ContainsFunc(p.Items, isUnsend)) {
		return nil
	}
	p.Items = append(p.Items, item)
	return in.putParked(row.Key, p)
}

// claimProvider makes a provider's ID lead to a message of ours, and absorbs what was parked under it into the message's parts. What the
// message's own state becomes of them is the caller's to say. The message is put if anything was parked.
func (t *txn) claimProvider(channelID, providerID string, m *conversation.Message) error {
	name := providerName(channelID, providerID)
	if err := t.load(name); err != nil {
		return err
	}
	if row, ok := t.row(name); ok && row.Target == messageKey(m.ID) {
		return nil
	}
	waiting, ok := t.led(name)
	t.putRow(store.Row{Key: name, Target: messageKey(m.ID)})
	if !ok || waiting.Kind != store.Delivery {
		return nil
	}
	p, err := decode[parked](t, waiting)
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(p.Items, isUnsend); i < 0 {
		t.remove(waiting.Key)
	} else if err := t.takeBackBehind(waiting.Key, p, p.Items[i], m); err != nil {
		return err
	}
	for _, item := range p.Items {
		switch {
		case item.Receipt != nil:
			advancePart(m, providerID, item.Receipt)
		case item.Reaction != nil:
			react(m, item, t.now)
		case item.Edit != nil && m.Erased.IsZero() && !at(item, t.now).Before(m.Edited):
			m.Text, m.HTML, m.Edited = item.Edit.Text, "", at(item, t.now)
		}
	}
	return t.putMessage(m)
}

// takeBackBehind has a message of ours that was taken back before its ID was known erased behind what is being sent of it: the call is under way,
// and other parts may follow.
func (t *txn) takeBackBehind(key store.Key, p parked, unsend channel.Item, m *conversation.Message) error {
	p.Items = []channel.Item{unsend}
	if err := t.putParked(key, p); err != nil {
		return err
	}
	return t.enqueue(outGroup(m.Channel, m.Thread), "unsend/"+key.ID, time.Time{}, outJob{Echo: key.ID, Channel: m.Channel})
}

func (t *txn) putParked(key store.Key, p parked) error {
	return t.put(store.Row{Key: key, Facts: []store.Fact{{Name: "state", Value: "parked", Order: p.Since.UnixMicro()}}}, formatDelivery, p)
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
			own, err := decode[conversation.Message](in.txn, row)
			if err != nil {
				return err
			}
			if own.Channel == in.ch.ID && own.Direction == conversation.Outbound {
				return in.ownEcho(own, m.ID)
			}
		}
	}
	if m.Origin == channel.Elsewhere || m.ID == "" || in.thread == "" {
		return in.storeEcho(item)
	}
	if row, ok := in.led(providerName(in.ch.ID, m.ID)); ok {
		p, err := decode[parked](in.txn, row)
		if err != nil || slices.ContainsFunc(p.Items, isEcho) {
			return err
		}
	}
	if err := in.park(m.ID, item); err != nil {
		return err
	}
	row, _ := in.row(providerName(in.ch.ID, m.ID))
	// Echoes of one delivery are due at the same time: their places in it keep them in order.
	id := fmt.Sprintf("echo/%04d/%s", len(in.batch.Queue), row.Target.ID)
	return in.enqueue(outGroup(in.ch.ID, in.thread), id, time.Time{}, outJob{Echo: row.Target.ID, Channel: in.ch.ID})
}

func isEcho(item channel.Item) bool { return item.Message != nil }

func isUnsend(item channel.Item) bool { return item.Unsend != nil }

// settleEcho decides about a parked echo, now that no send of its thread is under way: it is a message of ours if its provider's ID
// leads to one or if it says what one in doubt says, else it is stored.
func (t *txn) settleEcho(id string) error {
	if err := t.load(deliveryKey(id)); err != nil {
		return err
	}
	row, ok := t.row(deliveryKey(id))
	if !ok {
		return nil
	}
	p, err := decode[parked](t, row)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(p.Items, isEcho)
	item := p.Items[max(i, 0)]
	in, err := t.inbound(p.Channel, item.Thread, p.Items)
	if err != nil {
		return err
	}
	if i < 0 { // what takeBackBehind left
		t.remove(row.Key)
		if err := in.take(item); err != nil {
			return err
		}
		return in.finish()
	}
	if in.seen(p.ID) {
		t.remove(row.Key)
		return nil
	}
	own, ok, err := in.inDoubt(item)
	if err != nil {
		return err
	}
	if ok {
		err = in.ownEcho(own, p.ID)
	} else {
		err = in.storeEcho(item)
	}
	if err != nil {
		return err
	}
	return in.finish()
}

// inDoubt returns the thread's newest message of which nobody knows whether it arrived, if it is what the echo says.
func (in *inbound) inDoubt(item channel.Item) (own conversation.Message, ok bool, err error) {
	if in.current == nil {
		return own, false, nil
	}
	parts, err := in.partsOf(&in.current.Conversation)
	if err != nil {
		return own, false, err
	}
	var sent []store.Row
	for _, conv := range append([]conversation.Conversation{in.current.Conversation}, parts...) {
		page, err := in.desk.store.List(in.ctx, store.Query{Tenant: in.tenant, Kind: store.Message, Fact: "conversation", Value: conv.ID,
			Match: []store.Match{{Name: "type", Any: []string{conversation.EventOutgoing}}}})
		if err != nil {
			return own, false, err
		}
		sent = append(sent, page.Rows...)
	}
	for _, row := range sent {
		var m conversation.Message
		if _, err := store.Decode(row.Body, &m); err != nil {
			return own, false, err
		}
		if m.Delivery == conversation.Unknown && m.Channel == in.ch.ID && m.Thread == in.thread && len(m.Parts) == 1 &&
			m.Parts[0].ProviderID == "" && m.Text == item.Message.Text && len(m.Attachments) == len(item.Message.Attachments) {
			in.adopt([]store.Row{row})
			own, err = decode[conversation.Message](in.txn, row)
			return own, err == nil, err
		}
	}
	return own, false, nil
}

// ownEcho is the proof that a message of ours arrived.
func (in *inbound) ownEcho(m conversation.Message, providerID string) error {
	before := m.Delivery
	m.Parts = slices.Clone(m.Parts)
	advancePart(&m, providerID, &channel.Receipt{Delivery: conversation.Sent})
	if providerID != "" {
		if err := in.claimProvider(in.ch.ID, providerID, &m); err != nil {
			return err
		}
	}
	return in.moved(&m, before)
}

// storeEcho adds the entry to the thread's conversation, or begins one.
func (in *inbound) storeEcho(item channel.Item) error {
	m := item.Message
	if err := in.findContact(m.From, len(m.From) > 0); err != nil {
		return err
	}
	if in.current == nil || in.current.Place == conversation.Trash {
		if err := in.begin(m.Subject, true); err != nil {
			return err
		}
	}
	msg := in.entry(item)
	msg.Author = conversation.Actor{Kind: conversation.BySystem}
	return in.add(item, conversation.Echo{Message: msg, Thread: conversation.Thread{Channel: in.ch.ID, Key: in.thread, To: m.From}})
}
