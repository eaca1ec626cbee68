package frontdesk

import (
	"context"
	"errors"
	"time"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// Notice tells an agent that there is news in a conversation: a customer's message, or a whisper that mentions him. He has one of a
// conversation until he opens or answers it, or dismisses the notice; what comes meanwhile is counted in it.
//
// Told of a customer's message are the conversation's assignee (the members of its team, where no agent has it), owners and
// subscribers, the sales and service people of its records (Config.RecordPeople, Settings.Notices), those whose home mailbox it is if it
// has no record, and those who are told of everything (SaveNoticePreferences). Nobody is told who is inactive or does not see the
// conversation, nor of his own doings, of spam, of automatic mail, and of what comes in on a Quiet channel.
//
// Notices come shortly after what they tell of, by a job: no slow hook of the host's delays a message.
type Notice struct {
	Agent        string // ID
	Conversation string // ID
	Message      string // ID of the newest that he is told of: where a link leads
	Reason       NoticeReason
	Messages     int       // that he is told of
	At           time.Time // when the newest was stored
	Mailbox      string
	Number       int64 // of the conversation
	Subject      string
}

// noticeDoc is what is kept of a notice. It holds IDs and codes: what people read is the conversation's, and gone with it.
type noticeDoc struct {
	Agent        string       `json:"agent"`
	Conversation string       `json:"conversation"`
	Message      string       `json:"message"`
	Reason       NoticeReason `json:"reason"`
	Messages     int          `json:"messages"`
	At           time.Time    `json:"at"`
}

func (n *noticeDoc) of(conv *conversation.Conversation) Notice {
	return Notice{Agent: n.Agent, Conversation: conv.ID, Message: n.Message, Reason: n.Reason, Messages: n.Messages, At: n.At,
		Mailbox: conv.Mailbox, Number: conv.Number, Subject: conv.Subject}
}

func noticeKey(agent, conv string) store.Key {
	return store.Key{Kind: store.Notice, ID: agent + "/" + conv}
}

// noticeCounter counts an agent's notices.
func noticeCounter(agent string) string { return "notices/" + agent }

// putNotice writes a notice whose row was loaded, and counts it if it is new.
func (t *txn) putNotice(n noticeDoc) error {
	key := noticeKey(n.Agent, n.Conversation)
	if _, ok := t.row(key); !ok {
		t.batch.Add(noticeCounter(n.Agent), 1)
	}
	at := n.At.UnixMicro()
	if err := t.put(store.Row{Key: key, Facts: []store.Fact{{Name: "agent", Value: n.Agent, Order: at},
		{Name: "conversation", Value: n.Conversation, Order: at}, {Name: "told", Order: at}}}, formatNotice, n); err != nil {
		return err
	}
	return t.queueStale()
}

// dropNotice removes a notice that was loaded, if it is there, and counts it no longer.
func (t *txn) dropNotice(agent, conv string) {
	if _, ok := t.row(noticeKey(agent, conv)); ok {
		t.remove(noticeKey(agent, conv))
		t.batch.Add(noticeCounter(agent), -1)
	}
}

// noticed drops the caller's notice of a conversation that he has looked at or answered in, and those of its parts: a job makes them its own
// some time after the merge.
func (t *txn) noticed(c caller, conv *conversation.Conversation) error {
	if c.agent.ID == "" || c.only() {
		return nil
	}
	parts, err := t.partsOf(conv)
	if err != nil {
		return err
	}
	all := sources(conv, parts)
	keys := make([]store.Key, len(all))
	for i, id := range all {
		keys[i] = noticeKey(c.agent.ID, id)
	}
	if err := t.load(keys...); err != nil {
		return err
	}
	for _, id := range all {
		t.dropNotice(c.agent.ID, id)
	}
	return nil
}

// reader is the agent whose notices a call is about: notices are his own.
func reader(c caller, op string) (string, error) {
	if c.agent.ID == "" || c.only() {
		return "", &ForbiddenError{Command: op, Needs: "an agent at his own door: notices are his own"}
	}
	return c.agent.ID, nil
}

// Notices returns a page of the caller's notices, newest first. Of a conversation that he does not see any more none is shown, so a page may
// be shorter than limit, which defaults to 50, and still have a next one. Errors: ErrForbidden (who is no agent), ErrInvalid, ErrCursor.
func (s *Session) Notices(ctx context.Context, cursor string, limit int) (page Page[Notice], err error) {
	err = s.read(ctx, "notices", "", func(t *txn, c caller) error {
		page = Page[Notice]{}
		agent, err := reader(c, "notices")
		if err != nil {
			return err
		}
		if limit < 0 || limit > store.MaxLimit {
			return invalid("limit", "%d is not within 0 and %d", limit, store.MaxLimit)
		}
		list, err := t.desk.store.List(t.ctx, store.Query{Tenant: t.tenant, Kind: store.Notice, Fact: "agent", Value: agent, Limit: limit, Cursor: cursor})
		if err != nil {
			return listError(err)
		}
		docs, err := decodeAll[noticeDoc](list.Rows)
		if err != nil {
			return err
		}
		keys := make([]store.Key, len(docs))
		for i := range docs {
			keys[i] = conversationKey(docs[i].Conversation)
		}
		if err := t.load(keys...); err != nil {
			return err
		}
		page.Next = list.Cursor
		for i := range docs {
			if conv, err := t.visible(c, docs[i].Conversation); err == nil {
				page.Items = append(page.Items, docs[i].of(&conv))
			} else if !errors.Is(err, ErrNotFound) {
				return err
			}
		}
		return nil
	})
	return page, err
}

// NoticeCount returns how many notices the caller has, from a kept counter. Error: ErrForbidden (who is no agent).
func (s *Session) NoticeCount(ctx context.Context) (n int64, err error) {
	err = s.read(ctx, "count notices", "", func(t *txn, c caller) error {
		agent, err := reader(c, "count notices")
		if err != nil {
			return err
		}
		counters, err := t.loadCounters(nil, []string{noticeCounter(agent)})
		n = counters[noticeCounter(agent)]
		return err
	})
	return n, err
}

// DismissNotice takes the caller's notice of a conversation away, and changes nothing else. Where he has none it does nothing.
// Error: ErrForbidden (who is no agent).
func (s *Session) DismissNotice(ctx context.Context, conv string) error {
	err := s.desk.write(ctx, s.actor.Tenant, "", func(t *txn) error {
		c, err := t.caller(s.actor, "dismiss notice", toRead)
		if err != nil {
			return err
		}
		agent, err := reader(c, "dismiss notice")
		if err != nil || store.CheckText(noticeKey(agent, conv).ID, false) != "" {
			return err
		}
		head, err := t.head(conv) // a part's notice is that of what it is merged into
		if errors.Is(err, ErrNotFound) {
			head, err = conversation.Conversation{ID: conv}, nil
		}
		if err != nil {
			return err
		}
		return t.noticed(c, &head)
	})
	return wrap("dismiss notice of conversation", conv, err)
}

// dismissedAtOnce is how many notices are taken away in one commit.
const dismissedAtOnce = 200

// DismissNotices takes all of the caller's notices away that were there when it was called. Error: ErrForbidden (who is no agent).
func (s *Session) DismissNotices(ctx context.Context) error {
	var until time.Time // behind the newest that is there, whatever the clocks say
	for more := true; more; {
		err := s.desk.write(ctx, s.actor.Tenant, "", func(t *txn) error {
			c, err := t.caller(s.actor, "dismiss notices", toRead)
			if err != nil {
				return err
			}
			agent, err := reader(c, "dismiss notices")
			if err != nil {
				return err
			}
			if until.IsZero() {
				if until, err = t.behindNewest(agent); err != nil {
					return err
				}
			}
			more, err = t.dropNotices(store.Query{Fact: "agent", Value: agent}, until)
			return err
		})
		if err != nil {
			return wrap("dismiss notices", "", err)
		}
	}
	return nil
}

// behindNewest returns a time just behind an agent's newest notice; any time if he has none.
func (t *txn) behindNewest(agent string) (time.Time, error) {
	page, err := t.desk.store.List(t.ctx, store.Query{Tenant: t.tenant, Kind: store.Notice, Fact: "agent", Value: agent, Limit: 1})
	if err != nil || len(page.Rows) == 0 {
		return t.now, err
	}
	docs, err := decodeAll[noticeDoc](page.Rows)
	if err != nil {
		return t.now, err
	}
	return docs[0].At.Add(time.Microsecond), nil
}

// dropNotices removes notices of a list, oldest first, that are from before a time: dismissedAtOnce at the most. more says that there may be
// others.
func (t *txn) dropNotices(q store.Query, until time.Time) (more bool, err error) {
	q.Tenant, q.Kind, q.Ascending, q.Limit = t.tenant, store.Notice, true, dismissedAtOnce
	page, err := t.desk.store.List(t.ctx, q)
	if err != nil {
		return false, err
	}
	docs, err := decodeAll[noticeDoc](page.Rows)
	if err != nil {
		return false, err
	}
	for i, n := range docs {
		if !n.At.Before(until) {
			return false, nil
		}
		t.adopt(page.Rows[i : i+1])
		t.dropNotice(n.Agent, n.Conversation)
	}
	return page.Cursor != "", nil
}

// NoticePreferences are what an agent wants to be told of beside what is his.
type NoticePreferences struct {
	All bool `json:"all,omitempty"` // of everything that comes in where he sees it: in his mailboxes, by his methods, within his scope
}

// preferences is the document of an agent's.
type preferences struct {
	Agent string `json:"agent"`
	NoticePreferences
}

func preferencesKey(agent string) store.Key { return document("noticesof", agent) }

// SaveNoticePreferences sets what the calling agent wants to be told of. Error: ErrForbidden (who is no agent).
func (s *Session) SaveNoticePreferences(ctx context.Context, p NoticePreferences) error {
	err := s.desk.write(ctx, s.actor.Tenant, "", func(t *txn) error {
		c, err := t.caller(s.actor, "save notice preferences", toRead)
		if err != nil {
			return err
		}
		agent, err := reader(c, "save notice preferences")
		if err != nil {
			return err
		}
		return t.saveDocument(c, preferencesKey(agent), preferences{agent, p})
	})
	return wrap("save notice preferences", "", err)
}

// NoticePreferences returns what the calling agent wants to be told of. Error: ErrForbidden (who is no agent).
func (s *Session) NoticePreferences(ctx context.Context) (p NoticePreferences, err error) {
	err = s.read(ctx, "notice preferences", "", func(t *txn, c caller) error {
		agent, err := reader(c, "notice preferences")
		if err != nil {
			return err
		}
		if err := t.load(preferencesKey(agent)); err != nil {
			return err
		}
		if row, ok := t.row(preferencesKey(agent)); ok {
			saved, err := decode[preferences](t, row)
			p = saved.NoticePreferences
			return err
		}
		return nil
	})
	return p, err
}
