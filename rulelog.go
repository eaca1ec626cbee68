package frontdesk

import (
	"context"
	"strings"
	"time"

	"github.com/frontdesk-go/frontdesk/store"
)

// RunOutcome says what became of a rule's run.
type RunOutcome string

// The outcomes of runs.
const (
	RunDone    RunOutcome = "done"
	RunRefused RunOutcome = "refused" // a step was not allowed, so none was done: Reason says which and why
	RunFailed  RunOutcome = "failed"  // something else went wrong with a step, so none was done
)

// RuleRun is one run of a rule that matched a conversation.
type RuleRun struct {
	Rule         string     `json:"rule"`
	Conversation string     `json:"conversation"`
	At           time.Time  `json:"at"`
	Event        string     `json:"event,omitempty"`    // the type of the event; "": its time had come
	Position     int64      `json:"position,omitempty"` // of the event in the feed
	Outcome      RunOutcome `json:"outcome"`
	Reason       string     `json:"reason,omitempty"`
}

const maxReason = 500 // bytes

func (c *cause) run(r *Rule, outcome RunOutcome) RuleRun {
	run := RuleRun{Rule: r.ID, Conversation: c.conversation, Position: c.position, Outcome: outcome}
	if c.event != nil {
		run.Event = c.event.Type
	}
	return run
}

// ruledDoc is how often a rule acted on a conversation lately.
type ruledDoc struct {
	Since time.Time `json:"since"` // when counting began
	Count int       `json:"count"`
	Last  time.Time `json:"last"`
}

func ruledKey(rule, conversation string) store.Key { return document("ruled", rule+"/"+conversation) }

func (t *txn) ruled(rule, conversation string) (doc ruledDoc, err error) {
	key := ruledKey(rule, conversation)
	if err := t.load(key); err != nil {
		return doc, err
	}
	if row, ok := t.row(key); ok {
		doc, err = decode[ruledDoc](t, row)
	}
	return doc, err
}

// putRun writes a run, and drops old ones: more than it writes.
func (t *txn) putRun(r *Rule, why *cause, run RuleRun) error {
	run.At = t.now
	past, err := t.ruled(r.ID, run.Conversation)
	if err != nil {
		return err
	}
	if t.now.Sub(past.Since) >= time.Hour {
		past.Since, past.Count = t.now, 0
	}
	if run.Outcome == RunDone {
		past.Count++
	}
	past.Last = t.now
	if err := t.trimRuns(r.ID, run.Conversation); err != nil {
		return err
	}
	if err := t.put(store.Row{Key: ruledKey(r.ID, run.Conversation)}, formatDocument, past); err != nil {
		return err
	}
	return t.put(store.Row{Key: why.key(r.ID)}, formatDocument, run)
}

// trimRuns drops up to two of a rule's runs that are older than the feed keeps events, with what is counted for their conversations.
func (t *txn) trimRuns(rule, but string) error {
	page, err := t.desk.store.List(t.ctx, store.Query{Tenant: t.tenant, Kind: store.Document, Prefix: "run/" + rule + "/", Ascending: true, Limit: 2})
	if err != nil {
		return err
	}
	runs, err := decodeAll[RuleRun](page.Rows)
	if err != nil {
		return err
	}
	for i, run := range runs {
		if t.now.Sub(run.At) < max(t.desk.cfg.KeepEvents, maxAgain) {
			return nil
		}
		t.adopt(page.Rows[i : i+1])
		t.remove(page.Rows[i].Key)
		if run.Conversation == but {
			continue
		}
		past, err := t.ruled(rule, run.Conversation)
		if err != nil {
			return err
		}
		if !past.Last.IsZero() && !past.Last.After(run.At) {
			t.remove(ruledKey(rule, run.Conversation))
		}
	}
	return nil
}

// RuleRuns returns the runs of a rule, newest first, of at least the last 30 days. Conversations that it did not match are not among them.
// It needs an admin. Errors: ErrInvalid, ErrCursor.
func (s *Session) RuleRuns(ctx context.Context, rule, cursor string, limit int) (page Page[RuleRun], err error) {
	err = s.readFor(ctx, "rule runs", toManage, func(t *txn, _ caller) error {
		if problem := store.CheckText(rule, false); problem != "" || strings.Contains(rule, "/") || len(rule) > maxRuleID {
			return invalid("rule", "%q is no rule's ID", rule)
		}
		if limit < 0 || limit > store.MaxLimit {
			return invalid("limit", "%d is not within 0 and %d", limit, store.MaxLimit)
		}
		rows, err := t.desk.store.List(ctx, store.Query{Tenant: t.tenant, Kind: store.Document, Prefix: "run/" + rule + "/", Limit: limit, Cursor: cursor})
		if err != nil {
			return listError(err)
		}
		page.Next = rows.Cursor
		page.Items, err = decodeAll[RuleRun](rows.Rows)
		return err
	})
	return page, wrap("rule runs", rule, err)
}

// runsGroup is the group that drops a deleted rule's log.
func runsGroup(rule string) string { return "runs/" + rule }

// runsJob drops a deleted rule's log.
type runsJob struct{}

func (w *work) dropRuns(ctx context.Context) error {
	rule := strings.TrimPrefix(w.lease.Group, "runs/")
	for _, prefix := range []string{"run/" + rule + "/", "ruled/" + rule + "/"} {
		if err := w.dropDocuments(ctx, ruleKey(rule), prefix, nil); err != nil {
			return err
		}
	}
	return each(ctx, w, func(*txn, runsJob) error { return nil })
}
