package frontdesk

import (
	"context"
	"errors"
	"time"

	"github.com/frontdesk-go/frontdesk/store"
)

// Times of sending.
const (
	callFor  = 30 * time.Second // how long one call to a provider may take
	leaseFor = 90 * time.Second // how long a worker holds a group: a call, and a minute for clocks that differ and for noting the result
)

// errLeaseLost says that a worker was held up for so long that its group may be another's by now, or that such a one has come before it.
var errLeaseLost = errors.New("frontdesk: the lease has ended")

// work is one leased group being done.
type work struct {
	desk  *Desk
	lease store.Lease
	until time.Time // the end of the lease, as far as this worker has prolonged it
}

// held reports an error once the lease has ended: what is left is another's to do.
func (w *work) held() error {
	if w.desk.now().Before(w.until) {
		return nil
	}
	return errLeaseLost
}

// prolong keeps the group this worker's, in the commit of what it does, and finishes jobs. A lease that has ended stays so.
func (w *work) prolong(t *txn, jobs ...string) {
	until := t.now.Add(leaseFor)
	if w.held() == nil {
		w.until = until
	}
	t.batch.Done(store.Finish{Group: w.lease.Group, Token: w.lease.Token, Jobs: jobs, Hold: until})
}

// finish says that a job is done, in the commit of what it did. The group stays the worker's for the jobs that are left.
func (w *work) finish(t *txn, job store.Job, last bool) {
	if !last {
		w.prolong(t, job.ID)
		return
	}
	t.batch.Done(store.Finish{Group: w.lease.Group, Token: w.lease.Token, Jobs: []string{job.ID}})
}

// hold keeps the group closed for a while, with the job still in it; without a wait it opens it to everybody.
func (w *work) hold(ctx context.Context, wait time.Duration) error {
	return w.desk.write(ctx, w.lease.Tenant, "", func(t *txn) error {
		f := store.Finish{Group: w.lease.Group, Token: w.lease.Token}
		if wait > 0 {
			f.Hold = t.now.Add(wait)
			w.until = f.Hold
		}
		t.batch.Done(f)
		return nil
	})
}

// release holds the group for a while, also when the program is told to end. If that fails the lease is as long as it was.
func (w *work) release(ctx context.Context, wait time.Duration) error {
	ctx, cancel := unbroken(ctx)
	defer cancel()
	until := w.until
	err := w.hold(ctx, wait)
	if err != nil {
		w.until = until
	}
	return err
}

// unbroken is a context that does not end with the program: what has begun at a provider is waited for and noted, for callFor at the most.
func unbroken(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), callFor)
}
