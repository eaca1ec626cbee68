package frontdesk

import (
	"context"

	"github.com/frontdesk-go/frontdesk/store"
)

// echo decides about a parked echo, now that no send of its thread is under way: settleEcho says how.
func (w *work) echo(ctx context.Context, job store.Job, j outJob, last bool) error {
	if err := w.held(); err != nil {
		return err
	}
	return w.desk.write(ctx, w.lease.Tenant, "", func(t *txn) error {
		w.finish(t, job, last)
		return t.settleEcho(j.Echo)
	})
}
