package frontdesk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

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
	r := &runner{desk: d, free: make(chan struct{}, d.cfg.Workers), fetching: make(chan struct{}, d.cfg.Workers)}
	defer r.busy.Wait()
	defer d.listen(ctx)()
	for {
		more, err := r.round(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			d.log.ErrorContext(ctx, "leasing work", "error", err)
		}
		if more && err == nil {
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
			d.do(ctx, lease, false)
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

	fetching chan struct{} // holds a token for each message whose files are being fetched, beside the workers
}

// round leases as many groups as there are free workers, and has them done. It reports whether there may be more that are due.
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
			free := sync.OnceFunc(func() { <-r.free })
			defer free()
			if kind, _, _ := strings.Cut(lease.Group, "/"); kind == "sub" || kind == "match" || kind == "hook" || r.desk.asksForNotices(lease.Group) {
				free() // the host's own code, and its systems, take as long as they like, and hold up nobody else's work
			}
			if strings.HasPrefix(lease.Group, "fetch/") {
				done, ok := r.beginFetch(ctx, lease)
				if !ok {
					return
				}
				defer done()
				free()
			}
			r.desk.do(ctx, lease, true)
			// What joined the group meanwhile is leased at once.
			r.desk.wake()
		})
	}
	byTenant := map[string]int{}
	more := len(leases) == workers
	for _, lease := range leases {
		byTenant[lease.Tenant]++
		more = more || byTenant[lease.Tenant] == groupsPerTenant
	}
	return more, err
}

// lease leases groups. A call that is broken off may have leased some that nobody knows of, so it is not: what it brings when the program
// is told to end is given back.
func (d *Desk) lease(ctx context.Context, q store.JobQuery) ([]store.Lease, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	ctx, cancel := unbroken(ctx)
	defer cancel()
	now := d.now().UTC().Truncate(time.Microsecond)
	q.Now, q.Until, q.Token = now, now.Add(leaseFor), newID(now)
	q.PerTenant, q.PerGroup = groupsPerTenant, jobsPerGroup
	q.Shard, q.After = d.turn.next()
	if unheard := d.unheard.Swap(nil); unheard != nil {
		q.Token, q.Shard, q.After = unheard.Token, unheard.Shard, unheard.After
	}
	leases, err := d.store.Jobs(ctx, q)
	if err != nil {
		d.unheard.Store(&q) // it may have leased all the same, and is made again
	}
	d.turn.served(leases)
	return leases, err
}

// turn is where a process is on its round through the tenants: everybody is served in turn, whoever has the most work.
type turn struct {
	mu    sync.Mutex
	begun bool
	shard uint8
	after string
}

func (t *turn) next() (shard uint8, after string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.begun {
		// Processes begin at different places.
		t.begun, t.shard = true, uint8(rand.N(256))
	}
	return t.shard, t.after
}

// served moves on to behind the tenant that the round has come furthest to.
func (t *turn) served(leases []store.Lease) {
	if len(leases) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	far := slices.MaxFunc(leases, func(a, b store.Lease) int { return cmp.Compare(t.distance(a.Tenant), t.distance(b.Tenant)) }).Tenant
	t.shard, t.after = store.Shard(far), far
}

// distance orders tenants as a round from here meets them.
func (t *turn) distance(tenant string) string {
	place := fmt.Sprintf("%02x%s", store.Shard(tenant), tenant)
	if place > fmt.Sprintf("%02x%s", t.shard, t.after) {
		return "0" + place
	}
	return "1" + place
}

// do carries out a leased group. A group that cannot be done is left closed for a while, and then tried again. A patient worker waits for a
// database that is away to give the group back.
func (d *Desk) do(ctx context.Context, lease store.Lease, patient bool) {
	w := &work{desk: d, lease: lease, until: lease.Until}
	err := w.dispatch(ctx)
	if err == nil {
		return
	}
	log, wait := d.log.With("tenant", lease.Tenant, "group", lease.Group), retryJob
	switch {
	case errors.Is(err, errLeaseLost) && w.held() != nil:
		log.WarnContext(ctx, "held up for longer than the lease")
		return
	case errors.Is(err, errLeaseLost):
		log.WarnContext(ctx, "another who was held up for longer than his lease was faster")
		wait = 0 // what he has left of the group is anybody's at once
	case ctx.Err() != nil:
		wait = 0 // the program is told to end: what is left of the group is anybody's at once
	default:
		log.ErrorContext(ctx, "job", "error", err)
	}
	err = w.release(ctx, wait)
	for try := 0; err != nil && patient && w.held() == nil && pause(ctx, notePauses[min(try, len(notePauses)-1)]) == nil; try++ {
		err = w.release(ctx, 0) // the database was away, and the group has waited for that
	}
	if err != nil {
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
	case "later":
		return w.later(ctx)
	case "tap":
		return w.tap(ctx)
	case "hook":
		return w.hook(ctx)
	case "rule":
		return w.rule(ctx)
	case "plan":
		return w.plan(ctx)
	case "runs":
		return w.dropRuns(ctx)
	case groupNotices:
		return w.notices(ctx)
	case "notify":
		return w.notify(ctx)
	case "stale":
		return w.dropStale(ctx)
	case "poll":
		return w.poll(ctx)
	case "parked":
		return w.unpark(ctx)
	case groupSpam:
		return w.learnSpam(ctx)
	case "sweep":
		return w.sweep(ctx)
	case "idle":
		return w.idle(ctx)
	case "forget":
		return w.forget(ctx)
	case "bulk":
		return w.bulk(ctx)
	case "erase":
		return w.eraseAll(ctx)
	case "tomb":
		return w.forgetTombs(ctx)
	case "follow":
		return w.followUp(ctx)
	case "match":
		return w.match(ctx)
	case "fetch":
		return w.fetch(ctx)
	case "drop":
		return w.drop(ctx)
	case "upload":
		return w.expire(ctx)
	case groupAlert:
		return w.alert(ctx)
	case groupAutoReply:
		return w.autoReply(ctx)
	case groupDispatch:
		return w.handOut(ctx)
	case "presence":
		return w.presence(ctx)
	case "handover":
		return w.tellHandover(ctx)
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

// wakeUp ends snoozes whose time has come, and brings back what is to be followed up.
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
		_, err = t.apply(&conv, false, env, conversation.Wake{}, conversation.Resubmit{})
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
