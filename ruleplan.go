package frontdesk

import (
	"context"
	"strings"
	"time"

	"github.com/frontdesk-go/frontdesk/store"
)

// A rule with a schedule has one job: it walks by ID over what the rule may act on, page by page, and queues the next. A job that a change of
// the rule has replaced is known by the plan.

// planPage is how many conversations a page of such a walk looks at.
const planPage = 200

// planDoc is where a rule with a schedule is.
type planDoc struct {
	Job   string    `json:"job"`
	Slot  time.Time `json:"slot"`            // when it is due
	After string    `json:"after,omitempty"` // ID of the last conversation that it has looked at
}

type planJob struct{}

func planKey(rule string) store.Key { return document("ruleplan", rule) }

// planRule queues a rule's next time, in the place of what was queued.
func (t *txn) planRule(rule string, slot time.Time) error {
	if err := t.load(planKey(rule)); err != nil {
		return err
	}
	doc := planDoc{Job: "plan/" + rule + "/" + newID(t.now), Slot: slot}
	if err := t.put(store.Row{Key: planKey(rule)}, formatDocument, doc); err != nil {
		return err
	}
	return t.enqueue("plan/"+rule, doc.Job, slot, planJob{})
}

// plan has a rule act at its time.
func (w *work) plan(ctx context.Context) error {
	id := strings.TrimPrefix(w.lease.Group, "plan/")
	for i, job := range w.lease.Jobs {
		for more := true; more; {
			page, err := w.planPage(ctx, id, job.ID)
			if err != nil {
				return err
			}
			for _, conv := range page.ids {
				if _, err := w.runRule(ctx, &page.rule, &cause{conversation: conv, at: page.doc.Slot}); err != nil {
					return err
				}
			}
			more = page.last != ""
			if err := w.planOn(ctx, page, job, !more && i == len(w.lease.Jobs)-1); err != nil {
				return err
			}
		}
	}
	return nil
}

// planned is a page of a rule's walk.
type planned struct {
	rule Rule
	doc  planDoc
	due  bool     // the rule still waits for this job
	ids  []string // of conversations that may pass its filter
	last string   // "" at the end
}

func (w *work) planPage(ctx context.Context, id, job string) (p planned, err error) {
	err = w.desk.view(ctx, w.lease.Tenant, func(t *txn) (err error) {
		if err := t.load(planKey(id), ruleKey(id)); err != nil {
			return err
		}
		row, ok := t.row(planKey(id))
		if !ok {
			return nil
		}
		if p.doc, err = decode[planDoc](t, row); err != nil || p.doc.Job != job {
			return err
		}
		p.rule, ok, err = t.rule(id)
		if p.due = ok && !p.rule.Inactive && p.rule.Every != nil; err != nil || !p.due {
			return err
		}
		return p.find(t)
	})
	return p, err
}

// find walks on. What the rule's filter says of a message is looked at later.
func (p *planned) find(t *txn) error {
	f := &p.rule.If
	q := Query{View: AllView, Mailboxes: f.Mailboxes, Types: f.Types, WaitingFor: f.Waiting}
	c, err := t.caller(System(t.tenant), "rule", toWork)
	if err != nil {
		return err
	}
	walk, ok, err := t.selects(c, q)
	if err != nil || !ok {
		if Refused(err) {
			t.desk.log.WarnContext(t.ctx, "rule finds nothing", "tenant", t.tenant, "rule", p.rule.ID, "error", err)
			err = nil
		}
		return err
	}
	page, err := t.walkOn(walk, p.doc.After, planPage)
	if err != nil {
		return err
	}
	p.last = page.last
	header := *f
	header.Text = ""
	for i := range page.rows {
		conv, err := headerOf(&page.rows[i])
		if err != nil {
			return err
		}
		if header.missed(&conv, nil, t.now) == "" {
			p.ids = append(p.ids, conv.ID)
		}
	}
	return nil
}

// planOn notes how far the walk is; at its end, the next time is queued.
func (w *work) planOn(ctx context.Context, p planned, job store.Job, last bool) error {
	return w.desk.write(ctx, w.lease.Tenant, "", func(t *txn) error {
		key := planKey(p.rule.ID)
		if !p.due {
			w.finish(t, job, last)
			return nil
		}
		if err := t.load(key); err != nil {
			return err
		}
		row, ok := t.row(key)
		if !ok {
			w.finish(t, job, last)
			return nil
		}
		doc, err := decode[planDoc](t, row)
		if err != nil {
			return err
		}
		switch {
		case doc.Job != job.ID:
			w.finish(t, job, last) // the rule was changed meanwhile, and has another
			return nil
		case p.last != "":
			doc.After = p.last
			w.prolong(t)
			return t.put(store.Row{Key: key}, formatDocument, doc)
		}
		w.finish(t, job, last)
		return t.planRule(p.rule.ID, p.rule.Every.next(t.now))
	})
}
