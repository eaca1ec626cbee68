package frontdesk

import (
	"cmp"
	"context"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/routing"
	"github.com/frontdesk-go/frontdesk/store"
)

// queuePage is how many waiting conversations of a mailbox are read at once, queueMore how many on the pages after the first: most rounds
// find whom to give something to among the oldest.
const (
	queuePage = 20
	queueMore = 500
)

// handOut gives waiting conversations to agents until there is no pair left, and finishes the jobs that were there when it began. Whatever
// changes meanwhile has queued a job of its own. It is the group's only lessee, but nothing rests on that: every pair is a conditional
// commit.
func (w *work) handOut(ctx context.Context) error {
	for {
		f, err := w.desk.floor(ctx, w.lease.Tenant)
		if err != nil {
			return err
		}
		again, err := w.round(ctx, f)
		if err != nil {
			return err
		}
		if !again {
			return w.handedOut(ctx, f)
		}
		if err := cmp.Or(ctx.Err(), w.stay(ctx)); err != nil {
			return err
		}
	}
}

// stay prolongs the lease when half of it is over.
func (w *work) stay(ctx context.Context) error {
	if err := w.held(); err != nil {
		return err
	}
	if w.until.Sub(w.desk.now()) > leaseFor/2 {
		return nil
	}
	return w.hold(ctx, leaseFor)
}

// handedOut finishes the jobs, and queues a look at the next opening hour.
func (w *work) handedOut(ctx context.Context, f *floor) error {
	return w.desk.write(ctx, w.lease.Tenant, "", func(t *txn) error {
		done := store.Finish{Group: w.lease.Group, Token: w.lease.Token}
		for _, job := range w.lease.Jobs {
			done.Jobs = append(done.Jobs, job.ID)
		}
		t.batch.Done(done)
		if f.opens.IsZero() {
			return nil
		}
		key := document("dispatch", "opening")
		queued, _, err := doc[openingDoc](t, key)
		if err != nil || queued.At.Equal(f.opens) {
			return err
		}
		if err := t.dispatchAt(f.opens); err != nil {
			return err
		}
		return t.put(store.Row{Key: key}, formatDocument, openingDoc{At: f.opens})
	})
}

// round hands out once, the longest waiting first. It reports whether to look again, since something was not as it was read.
func (w *work) round(ctx context.Context, f *floor) (again bool, err error) {
	lines := w.lines(f)
	for {
		row, conv, err := next(ctx, f, lines)
		if err != nil || row == nil {
			return again, err
		}
		chat, err := f.chat(conv)
		if err != nil {
			return again, err
		}
		pairs := f.pool.Assign(f.now, []routing.Chat{chat})
		if len(pairs) == 0 {
			continue
		}
		given, err := w.give(ctx, f, *row, chat, pairs[0].Agent)
		if err != nil {
			return again, err
		}
		again = again || !given
		if err := cmp.Or(ctx.Err(), w.stay(ctx)); err != nil {
			return again, err
		}
	}
}

// line is the waiting conversations of one mailbox, the longest waiting first.
type line struct {
	box   *Mailbox
	query store.Query
	rows  []store.Row
	head  *conversation.Conversation // of rows[0]
	ended bool
	given int // how many were given out when somebody was last known to have a slot for it
}

// lines are those of the mailboxes that hand out now.
func (w *work) lines(f *floor) (lines []*line) {
	for i := range f.boxes {
		box := &f.boxes[i]
		q := store.Query{Tenant: w.lease.Tenant, Kind: store.Conversation, Fact: "handover", Value: box.ID, Ascending: true, Limit: queuePage}
		if box.AssignOnFirst {
			q.Fact = "queue"
		}
		lines = append(lines, &line{box: box, query: q, given: -1})
	}
	return lines
}

// next takes the longest waiting conversation out of all lines; nil if there is none that anybody has a slot for.
func next(ctx context.Context, f *floor, lines []*line) (*store.Row, *conversation.Conversation, error) {
	var empty []*line
	for _, l := range lines {
		if !l.ended && l.given != f.given {
			if l.given = f.given; !f.free(l.box) {
				l.ended, l.head = true, nil
			}
		}
		if !l.ended && l.head == nil {
			empty = append(empty, l)
		}
	}
	if err := f.desk.together(len(empty), func(i int) error { return empty[i].fill(ctx, f) }); err != nil {
		return nil, nil, err
	}
	var first *line
	for _, l := range lines {
		if l.head != nil && (first == nil || older(l.head, first.head)) {
			first = l
		}
	}
	if first == nil {
		return nil, nil, nil
	}
	row, conv := first.rows[0], first.head
	first.rows, first.head = first.rows[1:], nil
	return &row, conv, nil
}

func older(a, b *conversation.Conversation) bool {
	return cmp.Or(a.WaitsSince().Compare(b.WaitsSince()), cmp.Compare(a.ID, b.ID)) < 0
}

// fill makes the head of a line known.
func (l *line) fill(ctx context.Context, f *floor) error {
	for l.head == nil && !l.ended {
		if len(l.rows) > 0 {
			var c conversation.Conversation
			if _, err := store.Decode(l.rows[0].Body, &c); err != nil {
				return err
			}
			l.head = &c
			return nil
		}
		if l.query.Limit == queueMore && l.query.Cursor == "" {
			l.ended = true
			return nil
		}
		page, err := f.desk.store.List(ctx, l.query)
		if err != nil {
			return err
		}
		l.rows, l.query.Cursor, l.query.Limit = page.Rows, page.Cursor, queueMore
	}
	return nil
}
