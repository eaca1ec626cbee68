package frontdesk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// Who is told of one event, decided on what is stored when the job comes to it.

// people asks the host who is responsible for the records that an event's conversation is linked to. failed is the host's error.
func (n *noticing) people(ctx context.Context, e *Event) (out []RecordPerson, failed, err error) {
	ask := n.desk.cfg.RecordPeople
	if ask == nil || !n.rules.asks() {
		return nil, nil, nil
	}
	var links []conversation.Link
	err = n.desk.view(ctx, n.lease.Tenant, func(t *txn) error {
		conv, err := t.head(e.Conversation)
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		links = conv.Links
		return err
	})
	if err != nil || len(links) == 0 {
		return nil, nil, err
	}
	release := n.keep(ctx)
	defer release()
	for _, l := range links {
		people, failed := askPeople(ctx, ask, n.lease.Tenant, l)
		if failed != nil {
			return nil, failed, nil
		}
		out = append(out, people...)
	}
	return out, nil, nil
}

func askPeople(ctx context.Context, ask func(context.Context, string, string, string) ([]RecordPerson, error), tenant string,
	l conversation.Link) (out []RecordPerson, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, matchCallFor)
	defer cancel()
	return ask(ctx, tenant, l.Kind, l.ID)
}

// tellNotices makes or raises the notices of an event. any is false if nobody is told.
func (t *txn) tellNotices(e *Event, r *roster, people []RecordPerson) (any bool, err error) {
	conv, m, err := t.toldOf(e)
	if err != nil || m == nil {
		return false, err
	}
	list := make([]told, 0, len(m.Mentions))
	for _, agent := range m.Mentions {
		list = append(list, told{agent, NoticeMention})
	}
	settings, err := t.settings()
	if err != nil {
		return false, err
	}
	if m.Direction == conversation.Inbound {
		roles, err := t.subscribedRoles(&conv)
		if err != nil {
			return false, err
		}
		list = r.audience(&conv, roles, people, settings.Notices)
	}
	list = slices.DeleteFunc(list, func(to told) bool { return store.CheckText(noticeKey(to.agent, conv.ID).ID, false) != "" })
	keys := make([]store.Key, 0, 2*len(list))
	for _, to := range list {
		keys = append(keys, document("agent", to.agent), noticeKey(to.agent, conv.ID))
	}
	if err := t.load(keys...); err != nil {
		return false, err
	}
	for _, to := range list {
		ok, err := t.isToldOf(to.agent, &conv, m, settings.GlobalRead)
		if err != nil {
			return false, err
		}
		if ok {
			any = true
			if err := t.tellNotice(to, &conv, m, e.Position); err != nil {
				return false, err
			}
		}
	}
	return any, nil
}

// subscribedRoles are the agents of the responsibilities that are subscribed to a conversation.
func (t *txn) subscribedRoles(conv *conversation.Conversation) (map[string][]string, error) {
	var keys []store.Key
	for _, s := range conv.Subscribers {
		if strings.HasPrefix(s, "role/") {
			keys = append(keys, store.Key{Kind: store.Document, ID: s})
		}
	}
	if err := t.load(keys...); err != nil {
		return nil, err
	}
	roles := map[string][]string{}
	for _, key := range keys {
		if row, ok := t.row(key); ok {
			role, err := decode[Responsibility](t, row)
			if err != nil {
				return nil, err
			}
			roles[role.ID] = role.Agents
		}
	}
	return roles, nil
}

// toldOf returns what an event tells of; no message if nobody is to be told.
func (t *txn) toldOf(e *Event) (conv conversation.Conversation, m *conversation.Message, err error) {
	key := document("settings", "tenant")
	if err := t.load(key, messageKey(e.Message), conversationKey(e.Conversation)); err != nil {
		return conv, nil, err
	}
	conv, err = t.head(e.Conversation)
	if errors.Is(err, ErrNotFound) {
		return conv, nil, nil
	}
	if err != nil || !worthTelling(&conv) {
		return conv, nil, err
	}
	msg, err := t.message(e.Message)
	if errors.Is(err, ErrNotFound) {
		return conv, nil, nil
	}
	if err != nil {
		return conv, nil, err
	}
	settings, err := t.settings()
	if err != nil {
		return conv, nil, err
	}
	if msg.Automatic || !msg.Visible() || t.now.Sub(msg.Stored) > settings.Notices.keep() {
		return conv, nil, nil
	}
	if msg.Direction == conversation.Inbound {
		if err := t.load(document("channel", msg.Channel)); err != nil {
			return conv, nil, err
		}
		ch, err := t.channel(msg.Channel)
		if err != nil && !errors.Is(err, ErrNotFound) || ch.Quiet {
			return conv, nil, err
		}
	}
	return conv, &msg, nil
}

// worthTelling reports whether a conversation is where people look for it.
func worthTelling(conv *conversation.Conversation) bool {
	return conv.Place != conversation.Spam && conv.Place != conversation.Trash && conv.Erasing.IsZero()
}

// isToldOf reports whether an agent is told of a message: not of what he does not see, nor of what he has read already. His own it never is:
// customers write what comes in, and whoever whispers does not mention himself.
func (t *txn) isToldOf(agent string, conv *conversation.Conversation, m *conversation.Message, global bool) (bool, error) {
	if m.Direction == conversation.Inbound && m.Conversation == conv.ID && conv.Attention.Sequence >= m.Sequence && !conv.Unread(agent, global) {
		return false, nil
	}
	return t.seesNotice(agent, conv)
}

// seesNotice reports whether an agent may see a conversation as it is now. His document was loaded.
func (t *txn) seesNotice(agent string, conv *conversation.Conversation) (bool, error) {
	c, err := t.caller(Actor{Tenant: t.tenant, Agent: agent}, "notices", toRead)
	if errors.Is(err, ErrForbidden) {
		return false, nil
	}
	return err == nil && c.maySee(conv), err
}

// tellNotice makes an agent's notice of a message, or counts the message in the one he has.
func (t *txn) tellNotice(to told, conv *conversation.Conversation, m *conversation.Message, position int64) error {
	n := noticeDoc{Agent: to.agent, Conversation: conv.ID}
	if row, ok := t.row(noticeKey(to.agent, conv.ID)); ok {
		var err error
		if n, err = decode[noticeDoc](t, row); err != nil {
			return err
		}
	}
	if n.Reason != NoticeMention { // which is news until he has looked himself
		n.Reason = to.reason
	}
	n.Message, n.Messages = m.ID, n.Messages+1
	if m.Stored.After(n.At) {
		n.At = m.Stored
	}
	if err := t.putNotice(n); err != nil {
		return err
	}
	return t.queueNotify(n, position)
}
