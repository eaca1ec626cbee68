package frontdesk

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// Notices are made by a job behind the feed. It keeps how far it is, and moves on in the commit that tells of an event: each agent is told
// of each event once at the most, however often the job is done.

// groupNotices is the group of what a tenant's feed has for notices.
const groupNotices = "notices"

// noticeJob says that the feed has gone on.
type noticeJob struct {
	From int64 `json:"from"` // the position before the news
}

// noticeCursor is how far the job is.
type noticeCursor struct {
	Position int64 `json:"position"`
	Failures int   `json:"failures,omitempty"` // of the host's hook, at the next event
}

var noticeCursorKey = document("notices", "cursor")

// hookTries is how often the host is asked about an event before it is told without the answer.
const hookTries = 5

func (t *txn) queueNotices(from, last int64) error {
	return t.enqueue(groupNotices, groupNotices+"/"+itoa(last), time.Time{}, noticeJob{From: from})
}

// asksForNotices reports whether a group's jobs call the host's code for notices.
func (d *Desk) asksForNotices(group string) bool {
	return group == groupNotices && d.cfg.RecordPeople != nil || strings.HasPrefix(group, "notify/")
}

// reviewed are the events after which somebody may see a conversation no longer, or has read it.
var reviewed = []string{conversation.EventMoved, conversation.EventAssigned, conversation.EventOwners, conversation.EventSubscribers,
	conversation.EventErased, conversation.EventMerged, conversation.EventUnmerged, conversation.EventRead}

// concernsNotices reports whether an event makes notices or ends them.
func concernsNotices(e *conversation.Event) bool {
	return tells(e) || slices.Contains(reviewed, e.Type) || rightsOf(e) != ""
}

// tells reports whether an event is one that agents are told of.
func tells(e *conversation.Event) bool {
	return e.Type == conversation.EventReceived || e.Type == conversation.EventWhispered
}

// rightsOf is the document of an agent or a responsibility that an event says was changed, and with it what somebody sees; "" for others.
func rightsOf(e *conversation.Event) string {
	if e.Type == conversation.EventSetting && (strings.HasPrefix(e.Subject, "agent/") || strings.HasPrefix(e.Subject, "role/")) {
		return e.Subject
	}
	return ""
}

// notices goes through what the feed has that was not looked at yet.
func (w *work) notices(ctx context.Context) error {
	n := &noticing{work: w}
	if err := n.begin(ctx); err != nil {
		return err
	}
	for {
		events, err := w.desk.events(ctx, w.lease.Tenant, n.cur.Position, eventsAtOnce)
		if errors.Is(err, ErrCursorExpired) {
			w.desk.log.ErrorContext(ctx, "notices of events that the feed no longer holds", "tenant", w.lease.Tenant, "position", n.cur.Position)
			events, err = w.desk.events(ctx, w.lease.Tenant, 0, eventsAtOnce)
		}
		if err != nil {
			return err
		}
		failed, err := n.all(ctx, events)
		if err != nil {
			return err
		}
		done := failed != nil || len(events) < eventsAtOnce
		if err := n.save(ctx, failed, done); err != nil || done {
			return err
		}
	}
}

// noticing is one run of the job.
type noticing struct {
	*work
	cur    noticeCursor
	roster *roster // read when it is first needed
	rules  NoticeRules
}

// begin reads how far the job is. One that never ran begins where its own news begin: nobody is told of what was before.
func (n *noticing) begin(ctx context.Context) error {
	return n.desk.view(ctx, n.lease.Tenant, func(t *txn) error {
		if err := t.load(noticeCursorKey, document("settings", "tenant")); err != nil {
			return err
		}
		settings, err := t.settings()
		if err != nil {
			return err
		}
		n.rules = settings.Notices
		if row, ok := t.row(noticeCursorKey); ok {
			n.cur, err = decode[noticeCursor](t, row)
			return err
		}
		for i, job := range n.lease.Jobs {
			var j noticeJob
			if _, err := store.Decode(job.Body, &j); err != nil {
				return err
			}
			if i == 0 || j.From < n.cur.Position {
				n.cur.Position = j.From
			}
		}
		return nil
	})
}

// all looks at events in order. failed is the host's error, at which it stopped.
func (n *noticing) all(ctx context.Context, events []Event) (failed, err error) {
	for i := range events {
		e := &events[i]
		switch {
		case tells(&e.Event):
			failed, err = n.tell(ctx, e)
		case slices.Contains(reviewed, e.Type):
			err = n.review(ctx, e)
		case rightsOf(&e.Event) != "":
			err = n.reviewRights(ctx, rightsOf(&e.Event))
		}
		if failed != nil || err != nil {
			return failed, err
		}
		n.cur = noticeCursor{Position: e.Position}
	}
	return nil, nil
}

// tell makes the notices of one event.
func (n *noticing) tell(ctx context.Context, e *Event) (failed, err error) {
	if err := n.read(ctx); err != nil {
		return nil, err
	}
	var people []RecordPerson
	if e.Type == conversation.EventReceived {
		if people, failed, err = n.people(ctx, e); err != nil {
			return nil, err
		}
		if failed != nil {
			n.cur.Failures++
			if n.cur.Failures < hookTries {
				return failed, nil
			}
			n.desk.log.ErrorContext(ctx, "a message is told without its record's people", "tenant", e.Tenant, "message", e.Message, "error", failed)
		}
	}
	return nil, n.desk.write(ctx, n.lease.Tenant, "", func(t *txn) error {
		any, err := t.tellNotices(e, n.roster, people)
		if err != nil {
			return err
		}
		if !any {
			return errStop
		}
		return n.move(t, noticeCursor{Position: e.Position})
	})
}

// move puts how far the job is, in the commit of what it does. Whoever took the group over meanwhile has gone on.
func (n *noticing) move(t *txn, cur noticeCursor) error {
	if err := t.load(noticeCursorKey); err != nil {
		return err
	}
	if row, ok := t.row(noticeCursorKey); ok {
		stored, err := decode[noticeCursor](t, row)
		if err != nil {
			return err
		}
		if stored.Position > n.cur.Position {
			return errLeaseLost
		}
	}
	return t.put(store.Row{Key: noticeCursorKey}, formatDocument, cur)
}

// save keeps how far the job is, and finishes or holds the group.
func (n *noticing) save(ctx context.Context, failed error, done bool) error {
	return n.desk.write(ctx, n.lease.Tenant, "", func(t *txn) error {
		finish := store.Finish{Group: n.lease.Group, Token: n.lease.Token}
		switch {
		case failed != nil:
			ladder := n.desk.cfg.Retry
			finish.Hold = t.now.Add(ladder[min(n.cur.Failures, len(ladder))-1])
			n.desk.log.WarnContext(ctx, "asking for a record's people failed", "tenant", t.tenant, "position", n.cur.Position, "error", failed)
		case done:
			for _, job := range n.lease.Jobs {
				finish.Jobs = append(finish.Jobs, job.ID)
			}
		default:
			finish.Hold = t.now.Add(leaseFor)
		}
		t.batch.Done(finish)
		return n.move(t, n.cur)
	})
}

// read reads what the tenant's agents want to be told of, once a run.
func (n *noticing) read(ctx context.Context) error {
	if n.roster != nil {
		return nil
	}
	return n.desk.view(ctx, n.lease.Tenant, func(t *txn) error {
		r := &roster{all: map[string]bool{}}
		var err error
		if r.agents, err = documents[Agent](t, "agent/"); err != nil {
			return err
		}
		wants, err := documents[preferences](t, "noticesof/")
		if err != nil {
			return err
		}
		for _, p := range wants {
			r.all[p.Agent] = p.All
		}
		n.roster = r
		return nil
	})
}
