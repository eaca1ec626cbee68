package frontdesk

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// Conversation returns one conversation with its people and reply windows. Error: ErrNotFound.
func (s *Session) Conversation(ctx context.Context, id string) (out Conversation, err error) {
	err = s.read(ctx, "conversation", id, func(t *txn, c caller) error {
		conv, err := t.visible(c, id)
		if err != nil {
			return err
		}
		settings, err := t.settings()
		if err != nil {
			return err
		}
		item := []Conversation{seen(conv, c, settings.GlobalRead)}
		if err := t.wait(item); err != nil {
			return err
		}
		out = item[0]
		if out.People, err = t.people(&conv); err != nil {
			return err
		}
		out.Windows, err = t.windows(c, &conv)
		return err
	})
	return out, err
}

// windows says how long one may answer on each thread. A channel that cannot be opened has none.
func (t *txn) windows(c caller, conv *conversation.Conversation) (out []WindowState, err error) {
	human := c.who().Kind == conversation.ByAgent
	for _, th := range conv.Threads {
		_, conn, err := t.opened(th.Channel)
		if err != nil {
			t.desk.log.WarnContext(t.ctx, "channel cannot be opened", "tenant", t.tenant, "channel", th.Channel, "error", err)
			out = append(out, WindowState{Channel: th.Channel, Thread: th.Key})
			continue
		}
		out = append(out, WindowState{Channel: th.Channel, Thread: th.Key,
			Access: conn.Capabilities().Window.Access(th.LastInbound, t.now, human, th.Answers)})
	}
	return out, nil
}

// TimelineQuery asks for a page of a conversation's timeline.
type TimelineQuery struct {
	Types     []string // event types, such as conversation.EventReceived; empty: all
	Trash     bool     // also the entries that are in the trash
	Ascending bool     // oldest first. Defaults to newest first
	Limit     int      // Defaults to 50, at most 1,000
	Cursor    string

	_ struct{}
}

// Timeline returns a page of a conversation's entries: messages, whispers, and every change with who, when, from and to.
func (s *Session) Timeline(ctx context.Context, id string, q TimelineQuery) (page Page[conversation.Message], err error) {
	err = s.read(ctx, "timeline", id, func(t *txn, c caller) error {
		conv, err := t.visible(c, id)
		if err != nil {
			return err
		}
		if q.Limit < 0 || q.Limit > store.MaxLimit {
			return invalid("Limit", "%d is not within 0 and %d", q.Limit, store.MaxLimit)
		}
		sq := store.Query{Tenant: t.tenant, Kind: store.Message, Fact: "conversation", Value: conv.ID, Ascending: q.Ascending, Limit: q.Limit, Cursor: q.Cursor}
		if len(q.Types) > 0 {
			sq.Match = []store.Match{{Name: "type", Any: slices.Sorted(slices.Values(q.Types))}}
		}
		if !q.Trash {
			sq.Match = append(sq.Match, store.Match{Name: "trash", Not: true})
		}
		page.Items, page.Next, err = t.entries(c, &conv, sq)
		for i := range page.Items {
			show(&page.Items[i], &conv)
		}
		return err
	})
	return page, err
}

// show makes an entry what people see: without what the domain keeps on it for itself, and with how far its thread's watermarks say that
// it got. A message that took more than one try may have left after the watermark, so it counts from its last change.
func show(m *conversation.Message, conv *conversation.Conversation) {
	m.Prior, m.Waiting, m.Readers, m.Of = nil, time.Time{}, nil, nil
	m.Reactions = slices.DeleteFunc(m.Reactions, func(r conversation.Reaction) bool { return r.Emoji == "" })
	th, ok := conv.Thread(m.Channel, m.Thread)
	if !ok || m.Delivery != conversation.Sent && m.Delivery != conversation.Delivered {
		return
	}
	left := m.Stored
	if slices.ContainsFunc(m.Parts, func(p conversation.Part) bool { return p.Tries > 1 }) {
		left = m.Changed
	}
	switch {
	case !left.After(th.Read):
		m.Delivery = conversation.Read
	case !left.After(th.Delivered):
		m.Delivery = conversation.Delivered
	}
}

// Message returns one message. Error: ErrNotFound.
func (s *Session) Message(ctx context.Context, id string) (m conversation.Message, err error) {
	err = s.read(ctx, "message", id, func(t *txn, c caller) error {
		var conv conversation.Conversation
		if m, conv, err = t.visibleMessage(c, id); err == nil {
			show(&m, &conv)
		}
		return err
	})
	return m, err
}

// Undelivered returns messages that failed or are in doubt and that nobody has dismissed, newest first.
func (s *Session) Undelivered(ctx context.Context, cursor string, limit int) (page Page[conversation.Message], err error) {
	err = s.read(ctx, "undelivered", "", func(t *txn, c caller) error {
		if limit < 0 || limit > store.MaxLimit {
			return invalid("limit", "%d is not within 0 and %d", limit, store.MaxLimit)
		}
		page, err = t.visibleMessages(c, store.Query{Fact: "undelivered", Limit: limit, Cursor: cursor})
		return err
	})
	return page, err
}

// visibleMessages lists messages of conversations that the caller may see.
func (t *txn) visibleMessages(c caller, q store.Query) (page Page[conversation.Message], err error) {
	q.Tenant, q.Kind = t.tenant, store.Message
	rows, err := t.desk.store.List(t.ctx, q)
	if err != nil {
		return page, listError(err)
	}
	page.Next = rows.Cursor
	all, err := decodeAll[conversation.Message](rows.Rows)
	if err != nil {
		return page, err
	}
	all = slices.DeleteFunc(all, func(m conversation.Message) bool { return m.Test })
	keys := make([]store.Key, len(all))
	for i := range all {
		keys[i] = conversationKey(all[i].Conversation)
	}
	if err := t.load(keys...); err != nil {
		return page, err
	}
	for _, m := range all {
		switch conv, err := t.visiblePart(c, m.Conversation); {
		case err == nil:
			show(&m, &conv)
			page.Items = append(page.Items, m)
		case !errors.Is(err, ErrNotFound):
			return page, err
		}
	}
	return page, nil
}
