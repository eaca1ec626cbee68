package sqlstore_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
	"github.com/frontdesk-go/frontdesk/store"
	"github.com/frontdesk-go/frontdesk/store/sqlstore"
)

// announcing returns a store that announces, with tables of its own, opened through a recorder.
func announcing(t *testing.T) (*stores.Opened, *sqlstore.Store, *recorder) {
	t.Helper()
	prefix := fmt.Sprintf("t%d_", time.Now().UnixNano()) // announcements go by it, and are heard in the whole database
	o := stores.WithPostgreSQL(t, sqlstore.Options{Prefix: prefix, Await: awaitRecorded})
	s, _, r := record(t, o)
	return o, s, r
}

func awaitRecorded(ctx context.Context, conn *sql.Conn) error {
	return conn.Raw(func(c any) error {
		_, err := c.(*recorded).Conn.(*stdlib.Conn).Conn().WaitForNotification(ctx)
		return err
	})
}

// listening calls Listen until the test ends and counts what is heard.
func listening(t *testing.T, s *sqlstore.Store) *atomic.Int64 {
	t.Helper()
	var heard atomic.Int64
	running, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- s.Listen(running, func() { heard.Add(1) }) }()
	t.Cleanup(func() {
		cancel()
		require.ErrorIs(t, <-done, context.Canceled)
	})
	require.Eventually(t, func() bool { return heard.Load() > 0 }, time.Minute, time.Millisecond)
	return &heard
}

func announcements(all []asked) (n int) {
	for _, a := range all {
		if strings.Contains(a.query, "pg_notify") {
			n++
		}
	}
	return n
}

func queued(t testing.TB, id string, due time.Time) *store.Batch {
	t.Helper()
	b := store.NewBatch("acme", start)
	put(b, store.Row{Key: document(id)})
	b.Enqueue(store.Job{ID: id, Group: "g/" + id, Due: due})
	require.NoError(t, b.Seal())
	return b
}

// However many commits eight callers manage, they are announced twenty times a second, and the last one is announced too.
func TestAnnouncementsAreCoalesced(t *testing.T) {
	o, s, r := announcing(t)
	heard := listening(t, s)
	var commits atomic.Int64
	began := time.Now()
	statements := r.during(func() {
		var all sync.WaitGroup
		for worker := range 8 {
			all.Go(func() {
				for n := 0; time.Since(began) < time.Second/2; n++ {
					assert.NoError(t, s.Commit(ctx, queued(t, fmt.Sprintf("w%d-%d", worker, n), time.Time{})))
					commits.Add(1)
				}
			})
		}
		all.Wait()
	})
	atMost := int64(time.Since(began)/(50*time.Millisecond)) + 2
	sent := int64(announcements(statements))
	t.Logf("%d commits, %d announcements, heard %d times", commits.Load(), sent, heard.Load())
	assert.LessOrEqual(t, sent, atMost)
	assert.LessOrEqual(t, heard.Load(), atMost+1, "and once when it began to hear")
	assert.Positive(t, sent)
	assert.Greater(t, commits.Load(), sent)

	quiet := func() bool { // all that was announced is heard
		before := heard.Load()
		time.Sleep(200 * time.Millisecond)
		return heard.Load() == before
	}
	require.Eventually(t, quiet, time.Minute, time.Millisecond)
	before := heard.Load()
	other, err := sqlstore.New(o.DB, o.Options)
	require.NoError(t, err)
	require.NoError(t, other.Commit(ctx, queued(t, "last", time.Time{})))
	require.Eventually(t, func() bool { return heard.Load() > before }, time.Minute, time.Millisecond)
}

// Only what others can do at once is announced, once it is committed.
func TestOnlyDueWorkIsAnnounced(t *testing.T) {
	_, s, r := announcing(t)
	statements := r.during(func() {
		require.NoError(t, s.Commit(ctx, queued(t, "later", start.Add(time.Hour))))
		require.ErrorIs(t, s.Commit(ctx, queued(t, "later", time.Time{})), store.ErrConflict)
		b := store.NewBatch("acme", start)
		put(b, store.Row{Key: document("no job")})
		commit(t, s, b)
		require.NoError(t, s.Commit(ctx, queued(t, "now", time.Time{})))
		require.Eventually(t, func() bool { return announcements(r.sofar()) > 0 }, time.Minute, time.Millisecond)
		time.Sleep(200 * time.Millisecond) // for one too many
	})
	assert.Equal(t, 1, announcements(statements))
	for i, a := range statements {
		if strings.Contains(a.query, "pg_notify") {
			assert.Contains(t, statements[i-1].query, "insert into", "after the commit, which is a statement of its own, not in it")
		}
	}
}

// A connection that listened is not used for anything else afterwards.
func TestListeningLeavesThePool(t *testing.T) {
	o := stores.WithPostgreSQL(t, sqlstore.Options{Await: stores.Await})
	running, cancel := context.WithCancel(ctx)
	require.ErrorIs(t, o.SQL.Listen(running, cancel), context.Canceled)
	for range 2 {
		conn, err := o.DB.Conn(ctx)
		require.NoError(t, err)
		defer conn.Close() // all at the same time, so that each is seen
		var channels int
		require.NoError(t, conn.QueryRowContext(ctx, "select count(*) from pg_listening_channels()").Scan(&channels))
		assert.Zero(t, channels)
	}
	o.DB.SetMaxOpenConns(1)
	require.ErrorIs(t, o.SQL.Listen(ctx, func() {}), store.ErrUnsupported, "the only connection is for work")
}

func TestListeningIsUnsupportedWithoutAwait(t *testing.T) {
	stores.EachSQL(t, func(t *testing.T, o *stores.Opened) {
		require.ErrorIs(t, o.SQL.Listen(ctx, func() {}), store.ErrUnsupported)
		s, _, r := record(t, o)
		statements := r.during(func() {
			require.NoError(t, s.Commit(ctx, queued(t, "a", time.Time{})))
			time.Sleep(100 * time.Millisecond)
		})
		assert.Zero(t, announcements(statements))
	})
}
