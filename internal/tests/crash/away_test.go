package crash_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/store"
	"github.com/frontdesk-go/frontdesk/store/memstore"
)

// leaving is a store that is away for a while from a commit on.
type leaving struct {
	store.Store
	armed atomic.Bool  // the next commit finds it away
	until atomic.Int64 // when it is back
}

var errAway = errors.New("the database is away")

func (s *leaving) err() error {
	if time.Now().UnixNano() < s.until.Load() {
		return errAway
	}
	return nil
}

func (s *leaving) Load(ctx context.Context, tenant string, keys []store.Key, counters []string) (*store.Rows, error) {
	if err := s.err(); err != nil {
		return nil, err
	}
	return s.Store.Load(ctx, tenant, keys, counters)
}

func (s *leaving) List(ctx context.Context, q store.Query) (*store.Page, error) {
	if err := s.err(); err != nil {
		return nil, err
	}
	return s.Store.List(ctx, q)
}

func (s *leaving) Jobs(ctx context.Context, q store.JobQuery) ([]store.Lease, error) {
	if err := s.err(); err != nil {
		return nil, err
	}
	return s.Store.Jobs(ctx, q)
}

func (s *leaving) Commit(ctx context.Context, b *store.Batch) error {
	if s.armed.CompareAndSwap(true, false) {
		s.until.Store(time.Now().Add(300 * time.Millisecond).UnixNano())
	}
	if err := s.err(); err != nil {
		return err
	}
	return s.Store.Commit(ctx, b)
}

// A worker whose job fails because the database is away gives the group back when the database is there again: the work does not wait for
// the end of a lease that nobody uses.
func TestX3_LeaseIsGivenBackAfterTheDatabaseWasAway(t *testing.T) {
	s := &leaving{Store: memstore.New()}
	d, err := frontdesk.New(frontdesk.Config{Store: s})
	require.NoError(t, err)
	setup := d.As(frontdesk.System(tenant))
	require.NoError(t, setup.SaveMailbox(ctx, frontdesk.Mailbox{ID: "berlin"}))
	require.NoError(t, d.RunDue(ctx))
	before, err := d.Events(ctx, tenant, 0, 1000)
	require.NoError(t, err)
	_, err = setup.Compose(ctx, frontdesk.Start{Mailbox: "berlin", Draft: frontdesk.Draft{Text: "note", Whisper: true}})
	require.NoError(t, err)
	s.armed.Store(true) // for the job that tells of it
	running, stop := context.WithCancel(ctx)
	ended := make(chan error)
	go func() { ended <- d.Run(running) }()
	assert.Eventually(t, func() bool {
		events, err := d.Events(ctx, tenant, 0, 1000)
		return err == nil && len(events) > len(before)
	}, 45*time.Second, 10*time.Millisecond, "half of a lease has passed")
	assert.False(t, s.armed.Load(), "the database was away")
	stop()
	require.NoError(t, <-ended)
}
