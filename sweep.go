package frontdesk

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/retention"
	"github.com/frontdesk-go/frontdesk/store"
)

// A sweep archives and erases what its time has come for. What is due is found in ranges by activity, oldest first, so that what is not is not
// read; each conversation is decided again, and changed, in a commit of its own.

// sweepPage is how many due rows are read at a time.
const sweepPage = 50

// Times between sweeps.
const (
	sweepAtLeast = time.Minute
	sweepAtMost  = 24 * time.Hour
)

// swept are the shelves that are archived by themselves.
var swept = []conversation.Shelf{conversation.ShelfWaiting, conversation.ShelfTeam, conversation.ShelfAssigned, conversation.ShelfDone}

// SweepState says what the sweeps of a tenant have done since they were last set or resumed.
type SweepState struct {
	Stopped  bool      `json:"stopped,omitempty"` // by StopSweep
	Next     time.Time `json:"next,omitzero"`     // when the next one is due; zero: never, or at once
	Last     time.Time `json:"last,omitzero"`     // when one last came to its end
	Archived int       `json:"archived,omitempty"`
	Erased   int       `json:"erased,omitempty"`   // conversations
	Messages int       `json:"messages,omitempty"` // single messages erased
}

// sweepDoc is the one job that will sweep next. A job that a change of settings has replaced is told by it.
type sweepDoc struct {
	SweepState
	Job string   `json:"job,omitempty"`
	At  *sweepAt `json:"at,omitempty"` // nil: it begins
}

// sweepAt is how far a sweep is that goes on in another turn, so that what it could not archive or erase is passed once.
type sweepAt struct {
	In     store.Range `json:"in"`
	Cursor string      `json:"cursor,omitempty"`
	Next   time.Time   `json:"next,omitzero"` // when the first will be due of what was not
}

type sweepJob struct{}

var sweepKey = document("sweep", "state")

func (t *txn) sweepState() (doc sweepDoc, err error) {
	if err := t.load(sweepKey); err != nil {
		return doc, err
	}
	if row, ok := t.row(sweepKey); ok {
		doc, err = decode[sweepDoc](t, row)
	}
	return doc, err
}

func (t *txn) saveSweep(doc sweepDoc) error {
	return t.put(store.Row{Key: sweepKey}, formatDocument, doc)
}

// scheduleSweep queues the next sweep, in the place of one that is queued.
func (t *txn) scheduleSweep(doc sweepDoc, due time.Time) error {
	doc.Job, doc.Next = "sweep/"+newID(t.now), due
	if err := t.saveSweep(doc); err != nil {
		return err
	}
	return t.enqueue("sweep/all", doc.Job, due, sweepJob{})
}

// resweep begins anew after retention was set.
func (t *txn) resweep() error {
	doc, err := t.sweepState()
	if err != nil || doc.Stopped {
		return err
	}
	return t.scheduleSweep(sweepDoc{}, time.Time{})
}

// SweepState returns what the retention sweeps did. It needs an admin.
func (s *Session) SweepState(ctx context.Context) (state SweepState, err error) {
	err = s.readFor(ctx, "sweep state", toManage, func(t *txn, _ caller) error {
		doc, err := t.sweepState()
		state = doc.SweepState
		return err
	})
	return state, wrap("sweep state", "", err)
}

// StopSweep stops archiving and erasing by itself, also one under way, until ResumeSweep. It needs an admin.
func (s *Session) StopSweep(ctx context.Context) error { return s.switchSweep(ctx, "stop sweep", true) }

// ResumeSweep lets archiving and erasing by itself go on. It needs an admin.
func (s *Session) ResumeSweep(ctx context.Context) error {
	return s.switchSweep(ctx, "resume sweep", false)
}

func (s *Session) switchSweep(ctx context.Context, op string, stop bool) error {
	err := s.desk.write(ctx, s.actor.Tenant, "", func(t *txn) error {
		c, err := t.caller(s.actor, op, toManage)
		if err != nil {
			return err
		}
		doc, err := t.sweepState()
		if err != nil || doc.Stopped == stop {
			return err
		}
		doc.Stopped = stop
		actor, to := c.who(), "running"
		if actor.Name, actor.Initials = "", ""; stop {
			to = "stopped"
		}
		t.tell(t.now, conversation.Event{Type: conversation.EventSetting, At: t.now, Actor: actor, Subject: sweepKey.ID, To: to})
		if stop {
			return t.saveSweep(doc)
		}
		return t.scheduleSweep(sweepDoc{}, time.Time{})
	})
	return wrap(op, "", err)
}

// keep is one mailbox with its policy.
type keep struct {
	box    Mailbox
	policy retention.Policy
}

// keeps are the mailboxes and their policies.
func (t *txn) keeps() (out []keep, err error) {
	settings, err := t.settings()
	if err != nil {
		return nil, err
	}
	boxes, err := documents[Mailbox](t, "mailbox/")
	for _, box := range boxes {
		out = append(out, keep{box, box.Retention.Policy(settings.Retention)})
	}
	return out, err
}

// stretch is a part of what is swept: a range, and up to when its activity must lie.
type stretch struct {
	in     store.Range
	until  time.Time
	policy retention.Policy
}

func (k keep) stretches(now time.Time) (out []stretch) {
	add := func(shelf conversation.Shelf, until time.Time, ok bool) {
		for _, method := range k.box.Methods {
			if ok {
				in := store.Range{Shelf: string(shelf), By: store.ByMailbox, Value: pair(k.box.ID, method)}
				out = append(out, stretch{in, until, k.policy})
			}
		}
	}
	until, ok := k.policy.TrashCutoff(now)
	add(conversation.ShelfTrash, until, ok)
	until, ok = k.policy.ArchiveCutoff(now)
	for _, shelf := range swept {
		add(shelf, until, ok)
	}
	return out
}

// query asks for what is in a stretch, oldest first: for one of them, and then for pages, since mostly none is due.
func (s stretch) query(tenant string) store.Query {
	return store.Query{Tenant: tenant, Kind: store.Conversation, Ranges: []store.Range{s.in}, Ascending: true, Limit: 1}
}

// duePage reads the next of a stretch that are due, and moves its query on behind them. next is when the first that is not will be, zero if there
// is none; more is set if there may be others.
func (d *Desk) duePage(ctx context.Context, q *store.Query, s stretch, now time.Time) (due []conversation.Conversation, next time.Time, more bool, err error) {
	page, err := d.store.List(ctx, *q)
	if err != nil {
		return nil, next, false, err
	}
	q.Cursor, q.Limit = page.Cursor, sweepPage
	for i := range page.Rows {
		conv, err := headerOf(&page.Rows[i])
		if err != nil {
			return nil, next, false, err
		}
		step := s.policy.Next(&conv, false)
		if !step.Due(now) {
			return due, step.At, false, nil
		}
		due = append(due, conv)
	}
	return due, next, page.Cursor != "", nil
}

// due calls do for what of a stretch is due, oldest first.
func (t *txn) due(s stretch, do func(*conversation.Conversation, retention.Step) error) error {
	q := s.query(t.tenant)
	for more := true; more; {
		var due []conversation.Conversation
		var err error
		if due, _, more, err = t.desk.duePage(t.ctx, &q, s, t.now); err != nil {
			return err
		}
		for i := range due {
			if err := do(&due[i], s.policy.Next(&due[i], false)); err != nil {
				return err
			}
		}
	}
	return nil
}

// sweeping is one sweep by one worker.
type sweeping struct {
	*work
	job  string
	left int      // steps before the group is given back
	from *sweepAt // where it goes on, until it is there
	at   *sweepAt // where the next turn does
	next time.Time
}

// errTurn says that a worker has done its share for now.
var errTurn = errors.New("frontdesk: the turn is over")

// sweep does what is due and queues the next sweep.
func (w *work) sweep(ctx context.Context) error {
	s := &sweeping{work: w, left: turnFor}
	err := s.all(ctx)
	switch {
	case errors.Is(err, errTurn):
		return s.rest(ctx)
	case errors.Is(err, errSwept):
		s.job = "" // whoever stopped it says when the next one is
	case err != nil:
		return err
	}
	return w.desk.write(ctx, w.lease.Tenant, "", func(t *txn) error {
		done := store.Finish{Group: w.lease.Group, Token: w.lease.Token}
		for _, job := range w.lease.Jobs {
			done.Jobs = append(done.Jobs, job.ID)
		}
		t.batch.Done(done)
		doc, err := t.sweepState()
		if err != nil || s.job == "" || doc.Job != s.job || doc.Stopped {
			return err
		}
		doc.Last, doc.At = t.now, nil
		due := t.now.Add(sweepAtMost)
		if s.next.Before(due) && !s.next.IsZero() {
			due = later(s.next, t.now.Add(sweepAtLeast))
		}
		return t.scheduleSweep(doc, due)
	})
}

// rest notes where the next turn goes on, and gives the group back.
func (s *sweeping) rest(ctx context.Context) error {
	return s.desk.write(ctx, s.lease.Tenant, "", func(t *txn) error {
		t.batch.Done(store.Finish{Group: s.lease.Group, Token: s.lease.Token})
		doc, err := t.sweepState()
		if err != nil || doc.Stopped || doc.Job != s.job {
			return err
		}
		doc.At = s.at
		return t.saveSweep(doc)
	})
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// all goes through the mailboxes. Without a policy, or a job of its own, nothing is done and nothing queued.
func (s *sweeping) all(ctx context.Context) error {
	var todo []keep
	err := s.desk.view(ctx, s.lease.Tenant, func(t *txn) error {
		doc, err := t.sweepState()
		if err != nil {
			return err
		}
		mine := slices.ContainsFunc(s.lease.Jobs, func(job store.Job) bool { return job.ID == doc.Job })
		if !mine || doc.Stopped {
			return nil
		}
		if err := t.fresh(Actor{}); err != nil {
			return err
		}
		settings, err := t.settings()
		if err != nil {
			return err
		}
		todo, err = t.keeps()
		todo = slices.DeleteFunc(todo, func(k keep) bool { return k.policy == retention.Policy{} })
		if len(todo) > 0 || settings.Retention != (retention.Policy{}) {
			s.job = doc.Job
		}
		if s.from = doc.At; s.from != nil {
			s.next = s.from.Next
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, k := range todo {
		if err := s.mailbox(ctx, k); err != nil {
			return err
		}
	}
	return nil
}

func (s *sweeping) mailbox(ctx context.Context, k keep) error {
	now := s.desk.now().UTC()
	for _, part := range k.stretches(now) {
		if err := s.stretch(ctx, part); err != nil {
			return err
		}
	}
	until, ok := k.policy.TrashCutoff(now)
	if !ok || s.from != nil { // an earlier turn has come further
		return nil
	}
	return s.wipeTrashed(ctx, k.box.ID, until, System(s.lease.Tenant), s.noteWiped)
}

// noteWiped counts an erased message, in the commit that erases it.
func (s *sweeping) noteWiped(t *txn) error {
	doc, err := t.sweepState()
	if err != nil {
		return err
	}
	if doc.Stopped || doc.Job != s.job {
		return errSwept
	}
	doc.Messages++
	return t.saveSweep(doc)
}

func (s *sweeping) stretch(ctx context.Context, part stretch) error {
	q := part.query(s.lease.Tenant)
	if s.from != nil {
		if s.from.In != part.in {
			return nil
		}
		q.Cursor, s.from = s.from.Cursor, nil
	}
	for more := true; more; {
		if s.left <= 0 {
			s.at = &sweepAt{In: part.in, Cursor: q.Cursor, Next: s.next}
			return errTurn
		}
		var due []conversation.Conversation
		var next time.Time
		var err error
		if due, next, more, err = s.desk.duePage(ctx, &q, part, s.desk.now().UTC()); err != nil {
			return err
		}
		if !next.IsZero() && (s.next.IsZero() || next.Before(s.next)) {
			s.next = next
		}
		s.left -= len(due)
		for i := range due {
			if due[i].Hold {
				continue // what is held back is met again in every sweep, until it is released
			}
			if err := cmp.Or(ctx.Err(), s.held()); err != nil {
				return err
			}
			if err := s.item(ctx, due[i].ID); err != nil {
				return err
			}
		}
		if more {
			if err := s.hold(ctx, leaseFor); err != nil { // what it leaves alone takes time, too
				return err
			}
		}
	}
	return nil
}

// errSwept says that a sweep or a bulk was stopped or replaced while it was under way.
var errSwept = errors.New("frontdesk: it was stopped")

// item decides once more what a conversation's policy does with it, and does it.
func (s *sweeping) item(ctx context.Context, id string) error {
	err := s.desk.write(ctx, s.lease.Tenant, "conversation/"+id, func(t *txn) error {
		doc, err := t.sweepState()
		if err != nil {
			return err
		}
		if doc.Stopped || doc.Job != s.job {
			return errSwept
		}
		if err := t.load(conversationKey(id)); err != nil {
			return err
		}
		conv, err := t.conversation(id)
		if errors.Is(err, ErrNotFound) || err == nil && conv.Gone() {
			return errStop
		}
		if err != nil {
			return err
		}
		if err := t.takeStep(&conv, &doc); err != nil {
			return err
		}
		s.prolong(t)
		return t.saveSweep(doc)
	})
	if ofOne(err) {
		s.desk.log.WarnContext(ctx, "sweep: left alone", "tenant", s.lease.Tenant, "conversation", id, "error", err)
		return nil
	}
	return err
}

func (t *txn) takeStep(conv *conversation.Conversation, doc *sweepDoc) error {
	system := conversation.Actor{Kind: conversation.BySystem}
	box, err := t.mailbox(conv.Mailbox)
	if err != nil {
		return err
	}
	settings, err := t.settings()
	if err != nil {
		return err
	}
	step := box.Retention.Policy(settings.Retention).Next(conv, conv.Hold)
	switch {
	case !step.Due(t.now):
		return errStop
	case step.Action == retention.Erase:
		doc.Erased++
		return t.erase(system, conv, false)
	}
	doc.Archived++
	env, err := t.env(system, conv.Mailbox, t.ids)
	if err == nil {
		_, err = t.apply(conv, false, env, Archive{})
	}
	return err
}
