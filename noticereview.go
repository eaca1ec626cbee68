package frontdesk

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// review looks again at the notices of a conversation in which something changed: who has read it, or sees it no longer, keeps none.
func (n *noticing) review(ctx context.Context, e *Event) error {
	of := []string{e.Conversation}
	if e.Type == conversation.EventMerged && e.From != "" {
		of = append(of, strings.Split(e.From, ",")...)
	}
	for _, conv := range distinct(of) {
		if err := n.reviewList(ctx, "conversation", conv); err != nil {
			return err
		}
	}
	return nil
}

// reviewRights looks again at the notices of an agent whose rights changed, or of all whom a responsibility may let see more or less.
func (n *noticing) reviewRights(ctx context.Context, subject string) error {
	kind, id, _ := strings.Cut(subject, "/")
	if kind == "agent" {
		n.roster = nil // it has changed
		return n.reviewList(ctx, "agent", id)
	}
	n.roster = nil
	if err := n.read(ctx); err != nil {
		return err
	}
	for _, a := range n.roster.agents {
		if a.Scope == ScopeAll {
			continue
		}
		if err := n.reviewList(ctx, "agent", a.ID); err != nil {
			return err
		}
	}
	return nil
}

// reviewList looks at a list of notices page by page, at each in a commit of its own.
func (n *noticing) reviewList(ctx context.Context, fact, value string) error {
	q := store.Query{Tenant: n.lease.Tenant, Kind: store.Notice, Fact: fact, Value: value, Limit: store.MaxLimit}
	for {
		page, err := n.desk.store.List(ctx, q)
		if err != nil {
			return err
		}
		docs, err := decodeAll[noticeDoc](page.Rows)
		if err != nil {
			return err
		}
		for i := range docs {
			if err := n.reviewOne(ctx, docs[i].Agent, docs[i].Conversation); err != nil {
				return err
			}
		}
		if q.Cursor = page.Cursor; q.Cursor == "" {
			return nil
		}
	}
}

func (n *noticing) reviewOne(ctx context.Context, agent, id string) error {
	return n.desk.write(ctx, n.lease.Tenant, "", func(t *txn) error {
		if err := t.load(noticeKey(agent, id), document("agent", agent), document("settings", "tenant"), conversationKey(id)); err != nil {
			return err
		}
		row, ok := t.row(noticeKey(agent, id))
		if !ok {
			return errStop
		}
		doc, err := decode[noticeDoc](t, row)
		if err != nil {
			return err
		}
		conv, err := t.head(id)
		if errors.Is(err, ErrNotFound) {
			t.dropNotice(agent, id)
			return nil
		}
		if err != nil {
			return err
		}
		stays, err := t.staysNoticed(&doc, &conv)
		if err != nil || stays && conv.ID == id {
			if err == nil {
				err = errStop
			}
			return err
		}
		t.dropNotice(agent, id)
		if !stays {
			return nil
		}
		return t.moveNotice(doc, conv.ID)
	})
}

// staysNoticed reports whether there still is news for the agent, and he may see it. A mention is news until he has looked himself.
func (t *txn) staysNoticed(n *noticeDoc, conv *conversation.Conversation) (bool, error) {
	settings, err := t.settings()
	if err != nil {
		return false, err
	}
	read := n.Reason != NoticeMention && conv.Attention.Sequence > 0 && !conv.Unread(n.Agent, settings.GlobalRead)
	if !worthTelling(conv) || read {
		return false, nil
	}
	return t.seesNotice(n.Agent, conv)
}

// moveNotice makes a notice one of the conversation that its own was merged into.
func (t *txn) moveNotice(n noticeDoc, head string) error {
	if err := t.load(noticeKey(n.Agent, head)); err != nil {
		return err
	}
	n.Conversation = head
	if row, ok := t.row(noticeKey(n.Agent, head)); ok {
		there, err := decode[noticeDoc](t, row)
		if err != nil {
			return err
		}
		if there.Reason == NoticeMention || there.At.After(n.At) && n.Reason != NoticeMention {
			n.Reason = there.Reason
		}
		if n.Messages += there.Messages; there.At.After(n.At) {
			n.Message, n.At = there.Message, there.At
		}
	}
	return t.putNotice(n)
}

// keep is how long notices are kept.
func (r NoticeRules) keep() time.Duration {
	if r.KeepDays == 0 {
		return days(keepNotices)
	}
	return days(r.KeepDays)
}

// staleJob drops the notices that were kept long enough. There is one a day as long as there are notices.
type staleJob struct{}

const groupStale = "stale/notices"

// queueStale queues the next look at old notices, tomorrow.
func (t *txn) queueStale() error {
	due := t.now.Truncate(days(1)).Add(days(1))
	return t.enqueue(groupStale, groupStale+"/"+itoa(due.Unix()), due, staleJob{})
}

func (w *work) dropStale(ctx context.Context) error {
	for more := true; more; {
		err := w.desk.write(ctx, w.lease.Tenant, "", func(t *txn) error {
			if err := t.load(document("settings", "tenant")); err != nil {
				return err
			}
			settings, err := t.settings()
			if err != nil {
				return err
			}
			if more, err = t.dropNotices(store.Query{Fact: "told"}, t.now.Add(-settings.Notices.keep())); err != nil {
				return err
			}
			if more {
				w.prolong(t)
				return nil
			}
			return w.nextStale(t)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// nextStale finishes the group's jobs, and queues the next one if a notice is left.
func (w *work) nextStale(t *txn) error {
	finish := store.Finish{Group: w.lease.Group, Token: w.lease.Token}
	for _, job := range w.lease.Jobs {
		finish.Jobs = append(finish.Jobs, job.ID)
	}
	t.batch.Done(finish)
	left, err := t.desk.store.List(t.ctx, store.Query{Tenant: t.tenant, Kind: store.Notice, Fact: "told", Limit: 1})
	if err != nil || len(left.Rows) == 0 {
		return err
	}
	key := document("notices", "stale") // a job is queued with a row
	if err := t.load(key); err != nil {
		return err
	}
	if err := t.put(store.Row{Key: key}, formatDocument, staleAt{At: t.now.UnixMicro()}); err != nil {
		return err
	}
	return t.queueStale()
}

// staleAt is when old notices were last looked for.
type staleAt struct {
	At int64 `json:"at"`
}
