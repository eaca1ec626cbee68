package frontdesk

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

var errBound = errors.New("frontdesk: a Desk in a host's transaction runs no jobs; run the one it came from")

// pollEvery is the net under the announcements: how often a Desk asks for work that it was not told of.
const pollEvery = time.Second

// How much one call leases.
const (
	groupsPerTenant = 4
	jobsPerGroup    = 100
)

// Run does the work of all tenants until ctx ends: it sends, wakes, polls channels, numbers events and tells subscribers. Any number of
// processes may run on one database; they share the work. It returns nil after ctx has ended and the work in hand is done or left to
// its lease.
func (d *Desk) Run(ctx context.Context) error {
	if d.bound {
		return errBound
	}
	r := &runner{desk: d, free: make(chan struct{}, d.cfg.Workers)}
	defer r.busy.Wait()
	for {
		leased, err := r.round(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			d.log.ErrorContext(ctx, "leasing work", "error", err)
		}
		if leased && err == nil {
			continue
		}
		timer := time.NewTimer(pollEvery)
		select {
		case <-ctx.Done():
		case <-d.kick:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// RunDue does what is due now, one group after the other, and returns when nothing is: for programs that are called from time to time
// rather than run, and for tests.
func (d *Desk) RunDue(ctx context.Context) error {
	if d.bound {
		return errBound
	}
	for {
		leases, err := d.lease(ctx, store.JobQuery{Limit: d.cfg.Workers})
		if err != nil || len(leases) == 0 {
			return err
		}
		for _, lease := range leases {
			d.do(ctx, lease)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

type runner struct {
	desk *Desk
	free chan struct{} // holds a token for each worker at work
	busy sync.WaitGroup
}

// round leases as many groups as there are free workers, and has them done. It reports whether there was any.
func (r *runner) round(ctx context.Context) (bool, error) {
	select {
	case r.free <- struct{}{}: // waits until a worker is free
	case <-ctx.Done():
		return false, nil
	}
	workers := 1
	for workers < cap(r.free) {
		select {
		case r.free <- struct{}{}:
			workers++
			continue
		default:
		}
		break
	}
	leases, err := r.desk.lease(ctx, store.JobQuery{Limit: workers})
	for range workers - len(leases) {
		<-r.free
	}
	for _, lease := range leases {
		r.busy.Go(func() {
			defer func() { <-r.free }()
			r.desk.do(ctx, lease)
			// What joined the group meanwhile is leased at once.
			r.desk.wake()
		})
	}
	return len(leases) > 0, err
}

func (d *Desk) lease(ctx context.Context, q store.JobQuery) ([]store.Lease, error) {
	now := d.now().UTC().Truncate(time.Microsecond)
	q.Now, q.Until, q.Token = now, now.Add(leaseFor), newID(now)
	q.PerTenant, q.PerGroup, q.Shard = groupsPerTenant, jobsPerGroup, uint8(rand.N(256))
	return d.store.Jobs(ctx, q)
}

// do carries out a leased group. A group that cannot be done is left closed for a while, and then tried again.
func (d *Desk) do(ctx context.Context, lease store.Lease) {
	w := &work{desk: d, lease: lease, until: lease.Until}
	err := w.dispatch(ctx)
	if err == nil {
		return
	}
	log, wait := d.log.With("tenant", lease.Tenant, "group", lease.Group), retryJob
	switch {
	case errors.Is(err, errLeaseLost):
		log.WarnContext(ctx, "held up for longer than the lease")
		return
	case ctx.Err() != nil:
		wait = 0 // the program is told to end: what is left of the group is anybody's at once
	default:
		log.ErrorContext(ctx, "job", "error", err)
	}
	ctx, cancel := unbroken(ctx)
	defer cancel()
	if err := w.hold(ctx, wait); err != nil {
		log.ErrorContext(ctx, "lease not given back", "error", err)
	}
}

// retryJob is how long a group rests after an error that is the store's or the program's.
const retryJob = 5 * time.Second

func (w *work) dispatch(ctx context.Context) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	kind, _, _ := strings.Cut(w.lease.Group, "/")
	switch kind {
	case "out":
		return w.out(ctx)
	case groupFeed:
		return w.stamp(ctx)
	case "sub":
		return w.subscribe(ctx)
	case "wake":
		return w.wakeUp(ctx)
	case "poll":
		return w.poll(ctx)
	case "parked":
		return w.unpark(ctx)
	}
	return fmt.Errorf("a job of group %q, which this program does not know", w.lease.Group)
}

// each decodes the jobs of a group and does them one by one, each in a commit of its own.
func each[J any](ctx context.Context, w *work, do func(*txn, J) error) error {
	for i, job := range w.lease.Jobs {
		var j J
		if _, err := store.Decode(job.Body, &j); err != nil {
			return err
		}
		err := w.desk.write(ctx, w.lease.Tenant, "", func(t *txn) error {
			w.finish(t, job, i == len(w.lease.Jobs)-1)
			return do(t, j)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// wakeUp ends snoozes whose time has come.
func (w *work) wakeUp(ctx context.Context) error {
	return each(ctx, w, func(t *txn, j wakeJob) error {
		if err := t.load(conversationKey(j.Conversation)); err != nil {
			return err
		}
		conv, err := t.conversation(j.Conversation)
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		env, err := t.env(conversation.Actor{Kind: conversation.BySystem}, conv.Mailbox, t.ids)
		if err != nil {
			return err
		}
		_, err = t.apply(&conv, false, env, conversation.Wake{})
		return err
	})
}

// parkedJob drops an item that waited for its message long enough.
type parkedJob struct {
	Delivery string `json:"delivery"`
}

func (w *work) unpark(ctx context.Context) error {
	return each(ctx, w, func(t *txn, j parkedJob) error {
		if err := t.load(deliveryKey(j.Delivery)); err != nil {
			return err
		}
		row, ok := t.row(deliveryKey(j.Delivery))
		if !ok {
			return nil
		}
		p, err := decode[parked](t, row)
		if err != nil {
			return err
		}
		name := providerName(p.Channel, p.ID)
		if err := t.load(name); err != nil {
			return err
		}
		if n, ok := t.row(name); ok && n.Target == row.Key {
			t.remove(name)
		}
		t.remove(row.Key)
		t.desk.log.WarnContext(ctx, "news of a message that never came", "tenant", t.tenant, "channel", p.Channel, "items", len(p.Items))
		return nil
	})
}

// defaultPoll is how often a channel is asked for what no webhook brought.
const defaultPoll = 5 * time.Minute

// pollJob asks a channel's provider for news.
type pollJob struct {
	Channel string        `json:"channel"`
	Every   time.Duration `json:"every"` // the setting it was queued under; another makes it obsolete
}

// pollCursor is how far the provider's news are in.
type pollCursor struct {
	Cursor string `json:"cursor"`
}

// schedulePoll queues the next poll of a channel.
func (t *txn) schedulePoll(ch Channel, due time.Time) error {
	if ch.PollEvery < 0 || ch.Inactive {
		return nil
	}
	return t.enqueue("poll/"+ch.ID, "poll/"+ch.ID+"/"+itoa(t.now.UnixMicro()), due, pollJob{Channel: ch.ID, Every: ch.PollEvery})
}

func (t *txn) saveCursor(channelID, cursor string) error {
	key := document("poll", channelID)
	if err := t.load(key); err != nil {
		return err
	}
	return t.put(store.Row{Key: key}, formatDocument, pollCursor{Cursor: cursor})
}

// poll asks a channel's provider for news until there are none, and queues the next poll.
func (w *work) poll(ctx context.Context) error {
	d := w.desk
	var j pollJob
	if _, err := store.Decode(w.lease.Jobs[0].Body, &j); err != nil {
		return err
	}
	target, err := d.target(ctx, "", route{Tenant: w.lease.Tenant, Channel: j.Channel})
	poller, polls := target.conn.(channel.Poller)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	alive := err == nil && polls && target.doc.PollEvery == j.Every
	if alive {
		if err := w.pollOnce(ctx, target, poller); err != nil {
			d.log.WarnContext(ctx, "poll", "tenant", w.lease.Tenant, "channel", j.Channel, "error", err)
		}
	}
	return d.write(ctx, w.lease.Tenant, "", func(t *txn) error {
		done := store.Finish{Group: w.lease.Group, Token: w.lease.Token}
		for _, job := range w.lease.Jobs {
			done.Jobs = append(done.Jobs, job.ID)
		}
		t.batch.Done(done)
		if !alive {
			return nil
		}
		every := j.Every
		if every == 0 {
			every = defaultPoll
		}
		// The channel's document is written by version so that this batch cannot count twice.
		if err := t.load(document("poll", j.Channel)); err != nil {
			return err
		}
		cur := pollCursor{}
		if row, ok := t.row(document("poll", j.Channel)); ok {
			if cur, err = decode[pollCursor](t, row); err != nil {
				return err
			}
		}
		if err := t.put(store.Row{Key: document("poll", j.Channel)}, formatDocument, cur); err != nil {
			return err
		}
		return t.schedulePoll(target.doc, t.now.Add(every))
	})
}

// pollOnce takes in what came since the cursor. The cursor moves in the commit of the last item before it.
func (w *work) pollOnce(ctx context.Context, target *target, poller channel.Poller) error {
	d := w.desk
	for range maxPolls {
		var cur pollCursor
		err := d.view(ctx, target.Tenant, func(t *txn) error {
			key := document("poll", target.Channel)
			if err := t.load(key); err != nil {
				return err
			}
			row, ok := t.row(key)
			if !ok {
				return nil
			}
			var err error
			cur, err = decode[pollCursor](t, row)
			return err
		})
		if err != nil {
			return err
		}
		callCtx, cancel := context.WithTimeout(ctx, callFor)
		polled, err := poller.Poll(callCtx, cur.Cursor)
		cancel()
		if err != nil {
			return err
		}
		if err := d.receiveAll(ctx, target, polled.Items, polled.Cursor); err != nil && !isRaw(err) {
			return err
		}
		if len(polled.Items) == 0 && polled.Cursor != cur.Cursor {
			err := d.write(ctx, target.Tenant, "", func(t *txn) error { return t.saveCursor(target.Channel, polled.Cursor) })
			if err != nil {
				return err
			}
		}
		if !polled.More {
			return nil
		}
		if err := w.hold(ctx, leaseFor); err != nil {
			return err
		}
	}
	return nil
}

// maxPolls bounds one round of polling, so that a provider that always has more holds a worker for a while only.
const maxPolls = 100
