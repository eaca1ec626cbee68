package frontdesk

import (
	"context"
	"errors"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// ViewAs returns a session that sees the lists, counts and conversations as an agent does. It only reads, and reading as him marks nothing
// as read. What is an agent's own beside conversations, such as his saved replies and views, stays his. It needs an admin, here and on every
// call of the session, and each use of it is an event. Errors: ErrForbidden, ErrNotFound, ErrInvalid (an inactive agent).
func (s *Session) ViewAs(ctx context.Context, agent string) (*Session, error) {
	as := &Session{desk: s.desk, actor: s.actor}
	as.actor.as = agent
	err := s.desk.write(ctx, s.actor.Tenant, "", func(t *txn) error {
		c, err := t.caller(s.actor, "view as", toManage)
		if err != nil {
			return err
		}
		seen, err := t.agent(agent)
		if err != nil {
			return err
		}
		if seen.Inactive {
			return invalid("Agent", "%q is inactive and sees nothing", agent)
		}
		actor := c.who()
		actor.Name, actor.Initials = "", ""
		t.tell(t.now, conversation.Event{Type: conversation.EventViewedAs, At: t.now, Actor: actor, Subject: document("agent", agent).ID})
		key := document("viewas", string(actor.Kind)+":"+actor.ID) // an event is told with a row
		if err := t.load(key); err != nil {
			return err
		}
		return t.put(store.Row{Key: key}, formatDocument, lastViewAs{Agent: agent, At: t.now.UnixMicro()})
	})
	if err != nil {
		return nil, wrap("view as", agent, err)
	}
	return as, nil
}

// lastViewAs is as whom somebody last looked at lists.
type lastViewAs struct {
	Agent string `json:"agent"`
	At    int64  `json:"at"`
}

// FromRecord returns a session that reads what is linked to a record of the host's, and only that: lists, conversations, timelines,
// messages, attachments. It needs a role in the conversation's mailbox, whatever its method and the agent's scope, and the record's
// permission, for which Config.MayReadRecord is asked on each call, except for who sees everything anyway. It only reads and marks nothing as
// read, and its door closes with the link. It widens no other list. Calls of who may not read the record are ErrForbidden.
func (s *Session) FromRecord(kind, id string) *Session {
	through := &Session{desk: s.desk, actor: s.actor}
	through.actor.record = conversation.Link{Kind: kind, ID: id}.Record()
	return through
}

// MaySee returns those of a tenant's events that the caller may see, in their order: what a host asks before it passes the feed on to an
// agent's screen. Events of a conversation are seen by whoever sees the conversation as it is now; events of settings by admins, and all
// others by those who see every mailbox. At most 1,000 events. Errors: ErrInvalid, ErrForbidden.
func (s *Session) MaySee(ctx context.Context, events ...Event) (out []Event, err error) {
	err = s.read(ctx, "events", "", func(t *txn, c caller) error {
		if len(events) > store.MaxLimit {
			return invalid("events", "%d of them, at most %d", len(events), store.MaxLimit)
		}
		var keys []store.Key
		for _, e := range events {
			if e.Conversation != "" && e.Tenant == t.tenant && store.CheckText(e.Conversation, false) == "" {
				keys = append(keys, conversationKey(e.Conversation))
			}
		}
		if err := t.load(distinct(keys)...); err != nil {
			return err
		}
		for _, e := range events {
			if ok, err := t.maySeeEvent(&c, &e); err != nil {
				return err
			} else if ok {
				out = append(out, e)
			}
		}
		return nil
	})
	return out, err
}

func (t *txn) maySeeEvent(c *caller, e *Event) (bool, error) {
	switch {
	case e.Tenant != t.tenant:
		return false, nil
	case e.Conversation != "":
		if store.CheckText(e.Conversation, false) != "" {
			return false, nil
		}
		conv, err := t.head(e.Conversation)
		if errors.Is(err, ErrNotFound) {
			return c.all && c.sight.record == "", nil // it is gone: there is nothing left to hide from who saw everything
		}
		if err != nil || !c.maySee(&conv) {
			return false, err
		}
		if err = t.reachesPart(*c, &conv, e.Conversation); errors.Is(err, ErrNotFound) {
			return false, nil
		}
		return err == nil, err
	case c.sight.record != "":
		return false, nil
	case e.Type == conversation.EventSetting || e.Type == conversation.EventViewedAs:
		return c.all && (c.system || c.has(toManage)), nil
	}
	return c.all, nil
}
