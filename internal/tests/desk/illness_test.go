package desk_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
	"github.com/frontdesk-go/frontdesk/store"
)

// eachIll runs a test for what ails a database, on SQLite and PostgreSQL; for all of it with FRONTDESK_FULL.
func eachIll(t *testing.T, short, usual int, run func(t *testing.T, w *world, i ill)) {
	t.Helper()
	for _, database := range []struct {
		name string
		open func(testing.TB) *stores.Opened
		ills func(t *testing.T, s *spoiled, other *sql.DB) []ill
		many int
	}{{"SQLite", impatient, sqliteIlls, 3}, {"PostgreSQL", stores.PostgreSQL, postgresIlls, 6}} {
		t.Run(database.name, func(t *testing.T) {
			for n := range min(database.many, size(short, usual, database.many)) {
				o := database.open(t)
				s := &spoiled{Opened: o}
				all := database.ills(t, s, o.Again(t).DB)
				require.Len(t, all, database.many)
				t.Run(all[n].name, func(t *testing.T) { run(t, newWorld(t, s), all[n]) })
			}
		})
	}
}

// impatient is a SQLite database whose connections do not wait long for another's transaction.
func impatient(t testing.TB) *stores.Opened {
	o := *stores.SQLite(t)
	dsn := strings.ReplaceAll(o.DSN, "busy_timeout%2810000%29", "busy_timeout%2820%29")
	require.NotEqual(t, o.DSN, dsn)
	o.DSN = dsn
	return o.Again(t)
}

// ailing checks the error of a call while something ails the database: it says what was called and what the database said, and that it is
// worth trying again.
func (i ill) ailing(t *testing.T, err error, call string) {
	t.Helper()
	assert.ErrorContains(t, err, call)
	assert.ErrorContains(t, err, i.says)
	assert.False(t, frontdesk.Refused(err), "it is not the caller's fault: %v", err)
	assert.NotErrorIs(t, err, store.ErrConflict)
}

// What comes in and is sent while something ails the database is refused with a clear error or stored whole; what was queued waits. When it is
// over, all of it goes on: everything is stored once and sent once.
func TestX11_IngestAndSend(t *testing.T) {
	eachIll(t, 1, 3, func(t *testing.T, w *world, i ill) { w.suffers(i) })
}

func (w *world) suffers(i ill) {
	t, n := w.t, size(4, 6, 100)
	c := w.hears("ann", "Hi")
	w.run()
	queued := w.replies(c.ID, "Queued before")
	var reqs []*channel.Request
	for k := range n {
		reqs = append(reqs, w.provider.Request(w.says(fmt.Sprintf("c%02d", k/2), strings.Repeat(fmt.Sprintf("word%d ", k), 1000))))
	}
	drafts := make([]frontdesk.Draft, n)
	for k := range drafts {
		drafts[k] = frontdesk.Draft{Text: fmt.Sprintf("Reply %d %s", k, strings.Repeat("x", 3000)), Key: fmt.Sprintf("k%d", k)}
	}
	i.begin()
	codes, errs := make([]int, n), make([]error, n)
	atOnce(2*n, func(k int) {
		if k < n {
			codes[k] = serve(w.desk, reqs[k])
			return
		}
		_, errs[k-n] = w.jane.Reply(ctx, c.ID, drafts[k-n])
	})
	stored, written := 0, 0
	for k := range n {
		if codes[k] == http.StatusOK {
			stored++
		} else {
			assert.Equal(t, http.StatusServiceUnavailable, codes[k])
		}
		if errs[k] == nil {
			written++
		} else {
			i.ailing(t, errs[k], "reply to conversation "+c.ID)
		}
	}
	assert.Less(t, stored+written, 2*n, "something was refused")
	if full() { // a worker that could claim a message and cannot note its result tries for as long as a lease lasts
		_ = w.desk.RunDue(ctx)
	}
	assert.Equal(t, 2+written, w.get(c.ID).Messages, "reading goes on, and nothing is half done")
	i.end()

	assert.Len(t, w.timeline(c.ID), 2+written)
	for k, req := range reqs { // the provider and the caller come again, with what they were refused and with what they were not
		_, code := w.redelivered(w.desk, req)
		assert.Equal(t, http.StatusOK, code)
		_, err := w.jane.Reply(ctx, c.ID, drafts[k])
		assert.NoError(t, err)
	}
	w.clock.Advance(afterLease)
	w.run()
	assert.Equal(t, conversation.Sent, w.message(queued.ID).Delivery)
	w.everythingOnce(1+n, 1+n)
}

// everythingOnce checks that so many messages came in and so many were sent, each once, and that all that is counted is right.
func (w *world) everythingOnce(in, out int) {
	t := w.t
	t.Helper()
	inbound, unread := 0, int64(0)
	for _, c := range w.list(w.setup, frontdesk.Query{View: frontdesk.AllView, Limit: 1000}) {
		entries := w.timeline(c.ID)
		require.Len(t, entries, c.Messages)
		require.Equal(t, entries[len(entries)-1].Sequence, int64(len(entries)), "no gaps")
		texts := map[string]bool{}
		for _, m := range entries {
			assert.False(t, texts[m.Text], "twice: %.20s", m.Text)
			texts[m.Text] = true
			switch m.Direction {
			case conversation.Inbound:
				inbound++
			case conversation.Outbound:
				assert.Equal(t, conversation.Sent, m.Delivery)
				assert.Equal(t, 1, w.taken("shop", m.ID), "called once")
			}
		}
		unread++
	}
	assert.Equal(t, in, inbound)
	assert.Len(t, w.texts(), out, "nothing is sent twice")
	assert.Equal(t, unread, w.unread(w.joe))
	told := map[string]int{}
	for _, e := range w.feed() {
		told[e.Type]++
	}
	assert.Equal(t, in, told[conversation.EventReceived])
	assert.Equal(t, out, told[conversation.EventOutgoing])
}

// illAtCall is a channel whose database falls ill at the moment of a call.
type illAtCall struct {
	bare
	begin func()
}

func (c illAtCall) Send(ctx context.Context, p channel.Part) (channel.Sent, error) {
	c.begin()
	return c.bare.Send(ctx, p)
}

// The database falls ill between a call to the provider and the note of its result. The worker notes it when the ill is over; if that takes
// longer than it waits, the message is in doubt, where people see it. Nobody calls again. FRONTDESK_FULL waits that long.
func TestX11_WhileNoting(t *testing.T) {
	eachIll(t, 1, 1, func(t *testing.T, w *world, i ill) {
		lasts := []time.Duration{300 * time.Millisecond}
		if full() {
			lasts = append(lasts, 0)
		}
		for _, long := range lasts {
			who := fmt.Sprint("ann ", long)
			c := w.hears(who, "Hi")
			w.run()
			m := w.replies(c.ID, "Hello "+who)
			var once sync.Once
			over := make(chan struct{})
			d := w.open(with(func(conn channel.Conn) channel.Conn {
				return illAtCall{bare{conn}, func() {
					once.Do(func() {
						i.begin()
						if long > 0 {
							time.AfterFunc(long, func() { i.end(); close(over) })
						}
					})
				}}
			}))
			_ = d.RunDue(ctx)
			want := conversation.Sent
			if long == 0 {
				want = conversation.Unknown
				i.end()
			} else {
				<-over
			}
			w.clock.Advance(afterLease)
			require.NoError(t, w.open(with(plain)).RunDue(ctx))
			if i.says == "full" && w.message(m.ID).Delivery == conversation.Sent {
				want = conversation.Sent // the note is small: the last page of a full disk may have room for it
			}
			assert.Equal(t, want, w.message(m.ID).Delivery)
			assert.Equal(t, 1, w.taken("shop", m.ID), "called once")
			assert.Equal(t, want == conversation.Unknown, len(w.undelivered(w.jane)) == 1)
		}
	})
}
