package frontdesk

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// The formats of bodies. A format is raised when a nested struct of the entity grows or a member changes its meaning.
const (
	formatConversation = 1
	formatMessage      = 1
	formatContact      = 1
	formatDocument     = 1
	formatDelivery     = 1
	formatEvent        = 1
	formatNotice       = 1
)

func conversationKey(id string) store.Key { return store.Key{Kind: store.Conversation, ID: id} }
func messageKey(id string) store.Key      { return store.Key{Kind: store.Message, ID: id} }
func contactKey(id string) store.Key      { return store.Key{Kind: store.Contact, ID: id} }
func deliveryKey(id string) store.Key     { return store.Key{Kind: store.Delivery, ID: id} }

// document is the key of a small piece of configuration, by type and ID.
func document(kind, id string) store.Key {
	return store.Key{Kind: store.Document, ID: kind + "/" + id}
}

func threadName(channel, key string) store.Key { return name("thread/"+channel, key) }
func identityName(i conversation.Identity) store.Key {
	return name("identity/"+scopePart.Replace(i.Scope), i.Address)
}
func providerName(channel, providerID string) store.Key { return name("msg/"+channel, providerID) }
func sendName(actor, key string) store.Key              { return name("send/"+actor, key) }

// scopePart has a scope with a slash, as a driver may make it of an account's name, end where its address begins.
var scopePart = strings.NewReplacer("%", "%25", "/", "%2f")

// name is the key of a unique name. One that is too long for a store, or not text, is hashed: names lead to rows and are never read back.
func name(scope, value string) store.Key {
	id := scope + "/" + value
	if store.CheckText(id, false) != "" {
		sum := sha256.Sum256([]byte(id))
		prefix, _, _ := cutScope(scope)
		id = prefix + "/#" + hex.EncodeToString(sum[:])
	}
	return store.Key{Kind: store.Name, ID: id}
}

func cutScope(scope string) (kind, rest string, ok bool) {
	for i := range len(scope) {
		if scope[i] == '/' {
			return scope[:i], scope[i+1:], true
		}
	}
	return scope, "", false
}

// pair is the mailbox and method of a conversation, as its place holds it.
func pair(mailbox, method string) string { return mailbox + "/" + method }

// putConversation writes a conversation with its place, facts and counters. before is what it was; nil for a new one.
func (t *txn) putConversation(c *conversation.Conversation, before *conversation.Conversation) error {
	if before != nil {
		conversation.Tally(before, t.batch.Add, -1)
	}
	conversation.Tally(c, t.batch.Add, 1)
	if err := t.slots(before, c); err != nil {
		return err
	}
	return t.put(store.Row{Key: conversationKey(c.ID), Place: placeOf(c), Facts: conversationFacts(c), Words: wordsOf(c.Subject)}, formatConversation, c)
}

func placeOf(c *conversation.Conversation) *store.Place {
	if c.Gone() {
		return nil
	}
	return &store.Place{Shelf: string(c.Shelf()), Mailbox: pair(c.Mailbox, c.Method), Team: c.Team, Agent: c.Agent, Activity: c.Activity.UnixMicro()}
}

// conversationFacts are what a conversation is listed and filtered by. What people page through by activity moves with it; what only
// leads to a conversation keeps its place, so that a message rewrites no index entry.
func conversationFacts(c *conversation.Conversation) []store.Fact {
	created, activity := c.Created.UnixMicro(), c.Activity.UnixMicro()
	facts := make([]store.Fact, 0, 4+len(c.Tags))
	facts = append(facts, store.Fact{Name: "number", Value: itoa(c.Number), Order: created})
	if c.Gone() {
		return facts // it is in no list; its number leads to it, and from it to what it is merged into
	}
	for _, id := range c.Contacts {
		facts = append(facts, store.Fact{Name: "contact", Value: id, Order: created})
	}
	for _, th := range c.Threads {
		f := store.Fact{Name: "channel", Value: th.Channel, Order: created}
		if !slices.Contains(facts, f) {
			facts = append(facts, f)
		}
	}
	add := func(name, value string, order int64) {
		facts = append(facts, store.Fact{Name: name, Value: value, Order: order})
	}
	each := func(name string, values []string, order int64) {
		for _, v := range values {
			add(name, v, order)
		}
	}
	when := func(name string, at time.Time) {
		if !at.IsZero() {
			add(name, "", at.UnixMicro())
		}
	}
	each("tag", c.Tags, activity)
	each("folder", c.Folders, activity)
	each("pin", c.Pinned, activity)
	each("subscriber", c.Subscribers, activity)
	for _, o := range c.Owners {
		if f := (store.Fact{Name: "owner", Value: o.Agent, Order: activity}); !slices.Contains(facts, f) {
			facts = append(facts, f)
		}
	}
	each("tie", ties(c), 0)
	for _, l := range c.Links {
		add("record", l.Record(), created)
	}
	when("snoozed", c.Snoozed)
	when("followup", c.FollowUp)
	when("deadline", c.Deadline)
	when("waiting", c.WaitingSince)
	if c.Failed > 0 {
		add("failed", "", activity)
	}
	if c.Priority > 0 {
		add("priority", itoa(int64(c.Priority)), 0)
	}
	if c.Type != "" {
		add("type", c.Type, 0)
	}
	if c.Stage != "" {
		add("stage", c.Type+"/"+c.Stage, 0)
	}
	if c.Hold {
		add("hold", "", 0)
	}
	if c.Waits() {
		since := c.WaitsSince().UnixMicro()
		add("queue", c.Mailbox, since)
		if !c.Handover.IsZero() {
			add("handover", c.Mailbox, since)
		}
	}
	each("label", c.Labels[:max(0, min(len(c.Labels), store.MaxFacts-len(facts)))], activity) // as many as there is room for
	return facts
}

// entryTypes are the event types of timeline entries, by direction; an activity entry has its own.
func entryType(m *conversation.Message) string {
	switch m.Direction {
	case conversation.Inbound:
		return conversation.EventReceived
	case conversation.Outbound:
		switch {
		case m.Echo:
			return conversation.EventEchoed
		case m.Delivery == conversation.Scheduled:
			return conversation.EventScheduled
		case m.Delivery == conversation.Cancelled:
			return conversation.EventCancelled
		}
		return conversation.EventOutgoing
	case conversation.Whisper:
		return conversation.EventWhispered
	case conversation.Note:
		return conversation.EventNoted
	}
	return m.Event.Type
}

// putMessage writes a message. A test message belongs to no conversation and is in no list.
func (t *txn) putMessage(m *conversation.Message) error {
	row := store.Row{Key: messageKey(m.ID), Words: messageWords(m)}
	t.order = max(t.order, m.Changed.UnixMicro()) // what is told of it comes after what was told before
	if !m.Test {
		place := m.Sequence
		if m.Delivery == conversation.Scheduled {
			place = m.Due.UnixMicro() // behind all that is there, by the time it leaves
		}
		row.Facts = append(row.Facts,
			store.Fact{Name: "conversation", Value: m.Conversation, Order: place},
			store.Fact{Name: "type", Value: entryType(m)})
		if home := t.home(m); home != "" {
			row.Facts = append(row.Facts, store.Fact{Name: factMailbox, Value: home})
		}
	}
	for _, tag := range m.Tags {
		row.Facts = append(row.Facts, store.Fact{Name: "tag", Value: tag})
	}
	if !m.Trashed.IsZero() && m.Erased.IsZero() {
		row.Facts = append(row.Facts, store.Fact{Name: "trash", Value: m.TrashedIn, Order: m.Trashed.UnixMicro()})
	}
	for _, l := range m.Linked {
		if f := (store.Fact{Name: "record", Value: l.Record(), Order: m.Stored.UnixMicro()}); !slices.Contains(row.Facts, f) {
			row.Facts = append(row.Facts, f)
		}
	}
	for _, of := range m.Of {
		row.Facts = append(row.Facts, store.Fact{Name: "person", Value: of, Order: m.Stored.UnixMicro()})
	}
	if undelivered(m) {
		row.Facts = append(row.Facts, store.Fact{Name: "undelivered", Order: m.Stored.UnixMicro()})
	}
	return t.put(row, formatMessage, m)
}

// factMailbox is the mailbox and method of a message's conversation: what a search looks for only where its caller may.
const factMailbox = "mailbox"

// home returns the mailbox and method of a message's conversation: of the one that was loaded or put, else what the message had.
func (t *txn) home(m *conversation.Message) string {
	if row := t.rows[conversationKey(m.Conversation)]; row.Place != nil {
		return row.Place.Mailbox
	}
	if row := t.rows[messageKey(m.ID)]; row.Version != 0 {
		return factOf(&row, factMailbox)
	}
	return t.homes[m.Conversation]
}

// undelivered reports whether a person should look at what became of a message: it failed or is in doubt, and nobody dismissed it.
func undelivered(m *conversation.Message) bool {
	return !m.Dismissed && (m.Delivery == conversation.Failed || m.Delivery == conversation.Unknown)
}

// conversation returns a loaded conversation; ErrNotFound if it is not there.
func (t *txn) conversation(id string) (conversation.Conversation, error) {
	row, ok := t.row(conversationKey(id))
	if !ok {
		return conversation.Conversation{}, ErrNotFound
	}
	return decode[conversation.Conversation](t, row)
}

func (t *txn) message(id string) (conversation.Message, error) {
	row, ok := t.row(messageKey(id))
	if !ok {
		return conversation.Message{}, ErrNotFound
	}
	return decode[conversation.Message](t, row)
}

// apply carries out commands on a conversation and puts everything that came of it. ids are those the command may use.
func (t *txn) apply(c *conversation.Conversation, isNew bool, env conversation.Env, commands ...conversation.Command) (conversation.Change, error) {
	change, err := conversation.Apply(*c, env, commands...)
	if err != nil || !change.Changed() {
		return change, err
	}
	before := c
	if isNew {
		before = nil
		t.absent(conversationKey(change.Conversation.ID))
	}
	if err := t.putConversation(&change.Conversation, before); err != nil {
		return change, err
	}
	for i := range change.Messages {
		t.absent(messageKey(change.Messages[i].ID))
		if err := t.putMessage(&change.Messages[i]); err != nil {
			return change, err
		}
	}
	t.tell(change.Conversation.Changed, change.Events...)
	if err := t.teach(before, &change.Conversation); err != nil {
		return change, err
	}
	if err := t.scheduleIdle(before, &change.Conversation); err != nil {
		return change, err
	}
	return change, t.scheduleWake(before, &change.Conversation)
}
