package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"sync"
	"time"

	"github.com/frontdesk-go/frontdesk/store"
)

// Work is announced after the commit that queued it, in a statement of its own: a NOTIFY inside of a transaction takes a lock of the whole
// database until the commit is on disk, so that all commits wait for each other. One statement speaks for all the commits of a while.
// https://www.postgresql.org/docs/current/sql-notify.html

const (
	// announceEvery is the least time between two announcements of a program, and between two calls of who listens.
	announceEvery = 50 * time.Millisecond

	// announceFor is how long an announcement may take. One that is lost costs a second: the poll finds the work.
	announceFor = 5 * time.Second
)

var _ store.Listener = (*Store)(nil)

// announce tells other programs of a committed batch, soon and together with those that follow it. It does not wait.
func (s *Store) announce(b *store.Batch) {
	if s.await == nil {
		return
	}
	for i := range b.Queue {
		if b.Queue[i].Due.IsZero() {
			s.news.ask(s.notify)
			return
		}
	}
}

// notify sends one announcement. Nothing of it must survive, so it does not wait for the disk.
func (s *Store) notify() {
	ctx, cancel := context.WithTimeout(context.Background(), announceFor)
	defer cancel()
	_, _ = s.db.ExecContext(ctx, "select set_config('synchronous_commit', 'off', true), pg_notify($1, '')", s.topic())
}

// topic is the channel of these tables: two with the same one only wake each other for nothing. It needs no quotes.
func (t *tables) topic() string { return fmt.Sprintf("%s%016x", t.prefix, uint64(t.hash("jobs"))) }

// Listen implements store.Listener on PostgreSQL with Options.Await. It holds one connection of the pool for as long as it listens, and leaves
// a pool of one to those who work. Errors: store.ErrUnsupported.
func (s *Store) Listen(ctx context.Context, heard func()) error {
	switch {
	case s.await == nil:
		return failed("listen", "", fmt.Errorf("%w: Options.Await is not set", store.ErrUnsupported))
	case s.db.Stats().MaxOpenConnections == 1:
		return failed("listen", "", fmt.Errorf("%w: the pool has one connection", store.ErrUnsupported))
	}
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return failed("listen", "", err)
	}
	defer leave(conn)
	if _, err := conn.ExecContext(ctx, "listen "+s.topic()); err != nil {
		return failed("listen", "", withCause(ctx, err))
	}
	var news paced
	defer news.doing.Wait()
	for ctx.Err() == nil {
		news.ask(heard) // first for what was committed before
		if err := s.await(ctx, conn); err != nil {
			return failed("listen", "", withCause(ctx, err))
		}
	}
	return failed("listen", "", ctx.Err())
}

// leave closes a connection for good: it still listens, and the pool's next user must not get it.
func leave(conn *sql.Conn) {
	_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = conn.Close()
}

// checkAwait returns what is wrong with the option.
func checkAwait(opt Options) error {
	if opt.Await != nil && opt.Dialect != PostgreSQL {
		return &store.InvalidError{What: "sqlstore await", Problem: "is set for " + opt.Dialect.String() + "; only PostgreSQL has notifications"}
	}
	return nil
}

// paced does something soon after it is asked, once for all who ask meanwhile, and not again before announceEvery has passed.
type paced struct {
	doing sync.WaitGroup
	mu    sync.Mutex
	busy  bool // somebody does it, or has done it just now
	again bool // somebody asked since
}

func (p *paced) ask(do func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.busy {
		p.again = true
		return
	}
	p.busy = true
	p.doing.Go(func() {
		for more := true; more; more = p.rest() {
			do()
		}
	})
}

// rest waits, and reports whether somebody asked meanwhile.
func (p *paced) rest() bool {
	time.Sleep(announceEvery)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.busy, p.again = p.again, false
	return p.busy
}
