package sqlstore_test

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
	"github.com/frontdesk-go/frontdesk/store"
	"github.com/frontdesk-go/frontdesk/store/sqlstore"
)

// read loads rows and notes them in a new batch.
func read(t testing.TB, s store.Store, keys ...store.Key) (*store.Batch, *store.Rows) {
	t.Helper()
	rows, err := s.Load(ctx, "acme", keys, nil)
	require.NoError(t, err)
	b := store.NewBatch("acme", start)
	b.Read(rows)
	return b, rows
}

func document(id string) store.Key { return store.Key{Kind: store.Document, ID: id} }

// inbound is a batch as an inbound message makes it: a contact and settings checked, a name that must stay absent, the conversation
// written, the message and a name inserted, a counter, a job.
func inbound(t testing.TB, s store.Store, n int) *store.Batch {
	t.Helper()
	c := filledRow(store.Conversation, 3)
	b, rows := read(t, s, c.Key, store.Key{Kind: store.Contact, ID: "00000001"}, document("blocked/x"), document("thread"),
		store.Key{Kind: store.Name, ID: fmt.Sprint("msg/", n)}, store.Key{Kind: store.Message, ID: fmt.Sprint("m", n)})
	row, found := rows.Row(c.Key)
	require.True(t, found)
	row.Place.Activity = int64(filled + n)
	row.Facts[3].Order = int64(n)
	b.Put(row)
	b.Put(store.Row{Key: store.Key{Kind: store.Message, ID: fmt.Sprint("m", n)}, Body: []byte("hello"), Facts: []store.Fact{{Name: "conversation", Value: c.ID, Order: int64(n)}}})
	b.Put(store.Row{Key: store.Key{Kind: store.Name, ID: fmt.Sprint("msg/", n)}, Target: c.Key})
	b.Add("unread", 1)
	b.Enqueue(store.Job{ID: fmt.Sprint("event", n), Group: "feed/acme"})
	require.NoError(t, b.Seal())
	return b
}

func TestRoundTrips(t *testing.T) {
	stores.EachSQL(t, func(t *testing.T, o *stores.Opened) {
		fill(t, o, 1000)
		s, _, r := record(t, o)
		want := map[sqlstore.Dialect]int{
			sqlstore.PostgreSQL: 1,
			sqlstore.SQLite:     11, // begin, take the lock, read, two inserts of rows, one update, facts out and in, counter, job, commit
		}
		var b *store.Batch
		require.Len(t, r.during(func() { b = inbound(t, s, 1) }), 1, "a load is one statement")
		require.Len(t, r.during(func() { require.NoError(t, s.Commit(ctx, b)) }), want[o.Options.Dialect])
	})
}

func TestCommitUsesIndexes(t *testing.T) {
	big(t)
	stores.EachSQL(t, func(t *testing.T, o *stores.Opened) {
		fill(t, o, filled)
		enqueue(t, o, "acme", 5000, func(i int) store.Job { return store.Job{ID: fmt.Sprint("job", i), Group: fmt.Sprint("group", i)} })
		held := lease(t, o, store.JobQuery{Token: "t", Limit: 1000, PerTenant: 1000, PerGroup: 1})
		require.Len(t, held, 1000)
		_, err := o.DB.Exec("analyze")
		require.NoError(t, err)
		s, db, r := record(t, o)
		statements := r.during(func() {
			b := inbound(t, s, 1)
			b.Done(store.Finish{Group: held[0].Group, Token: "t", Jobs: []string{held[0].Jobs[0].ID}})
			b.Done(store.Finish{Group: held[1].Group, Token: "t", Hold: start.Add(time.Hour)})
			commit(t, s, b)
			gone, _ := read(t, s, filledRow(store.Contact, 5).Key, filledRow(store.Contact, 6).Key)
			gone.Delete(filledRow(store.Contact, 5).Key)
			commit(t, s, gone)
		})
		for _, a := range statements {
			verb, _, _ := strings.Cut(a.query, " ")
			if o.Options.Dialect == sqlstore.SQLite && verb != "begin" && verb != "commit" {
				checkSQLite(t, db, a)
			}
			if o.Options.Dialect == sqlstore.PostgreSQL && verb != "begin" && verb != "commit" {
				for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
					checkPlanned(t, db, mode, a)
				}
			}
		}
	})
}

// checkPlanned fails if PostgreSQL would read a table as a whole for the statement, which is not run.
func checkPlanned(t *testing.T, db *sql.DB, mode string, a asked) {
	t.Helper()
	conn, err := db.Conn(ctx)
	require.NoError(t, err)
	defer conn.Close()
	var args []string
	for _, arg := range a.args {
		args = append(args, literal(t, arg))
	}
	for _, command := range []string{"set plan_cache_mode = " + mode, "prepare q as " + a.query} {
		_, err = conn.ExecContext(ctx, command)
		require.NoError(t, err)
	}
	rows, err := conn.QueryContext(ctx, "explain execute q("+strings.Join(args, ", ")+")")
	require.NoError(t, err)
	var plan []string
	for rows.Next() {
		var line string
		require.NoError(t, rows.Scan(&line))
		plan = append(plan, line)
	}
	require.NoError(t, rows.Err())
	assert.NotContains(t, strings.Join(plan, "\n"), "Seq Scan on frontdesk_", mode+"\n"+a.query)
	_, err = conn.ExecContext(ctx, "deallocate q; reset plan_cache_mode")
	require.NoError(t, err)
}

// A batch of more rows than a statement or the server's lock table takes is still one batch.
func TestLargeBatch(t *testing.T) {
	big(t)
	const n = 12_000
	stores.EachSQL(t, func(t *testing.T, o *stores.Opened) {
		b := store.NewBatch("acme", start)
		var keys []store.Key
		for i := range n {
			key := document(fmt.Sprintf("%05d", i))
			keys = append(keys, key)
			put(b, store.Row{Key: key})
			b.Add(key.ID, 1)
		}
		commit(t, o, b)

		b, rows := read(t, o, keys...)
		require.Len(t, rows.Found, n)
		for _, key := range keys {
			row, _ := rows.Row(key)
			b.Put(row)
		}
		b.ReadRow(store.Row{Key: document("absent")}, store.Row{Key: document("wrong"), Version: 5})
		require.NoError(t, b.Seal())
		err := o.Commit(ctx, b)
		var conflict *store.ConflictError
		require.ErrorAs(t, err, &conflict)
		require.Equal(t, []store.Key{document("wrong")}, conflict.Keys)

		b.Ignore(document("wrong"))
		commit(t, o, b)
		again, err := o.Load(ctx, "acme", keys, []string{"00000", "11999"})
		require.NoError(t, err)
		require.Equal(t, map[string]int64{"00000": 1, "11999": 1}, again.Counters)
		for _, key := range keys {
			require.Equal(t, rows.Found[key].Version+1, again.Found[key].Version)
		}
	})
}

// Two batches that each check the absence of what the other inserts: at most one commits. So it is in transactions of the host at every
// isolation level, whose whole state may be older than the check.
func TestAbsenceHoldsAtEveryLevel(t *testing.T) {
	levels := []sql.IsolationLevel{sql.LevelReadCommitted, sql.LevelRepeatableRead, sql.LevelSerializable}
	o := stores.PostgreSQL(t)
	for _, level := range levels {
		t.Run(level.String(), func(t *testing.T) {
			for round := range 30 {
				left, right := document(fmt.Sprint(level, "left", round)), document(fmt.Sprint(level, "right", round))
				var began, done sync.WaitGroup
				began.Add(2)
				errs := make([]error, 2)
				for i, keys := range [][]store.Key{{left, right}, {right, left}} {
					done.Go(func() {
						tx, err := o.DB.BeginTx(ctx, &sql.TxOptions{Isolation: level})
						if !assert.NoError(t, err) {
							return
						}
						s := o.SQL.WithTx(tx)
						b, _ := read(t, s, keys...)
						b.Put(store.Row{Key: keys[0]})
						began.Done()
						began.Wait() // both have read that nothing is there
						assert.NoError(t, b.Seal())
						if errs[i] = s.Commit(ctx, b); errs[i] == nil {
							errs[i] = tx.Commit()
							return
						}
						assert.NoError(t, tx.Rollback())
					})
				}
				done.Wait()
				committed := 0
				for _, err := range errs {
					if err == nil {
						committed++
					} else if level != sql.LevelSerializable {
						assert.ErrorIs(t, err, store.ErrConflict)
					}
				}
				require.LessOrEqual(t, committed, 1, "%v", errs)
			}
		})
	}
}

// In a transaction that sees an old state, a check of absence meets what was committed since.
func TestOldStateDoesNotHideWhatIsThere(t *testing.T) {
	o := stores.PostgreSQL(t)
	tx, err := o.DB.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead})
	require.NoError(t, err)
	defer tx.Rollback()
	s := o.SQL.WithTx(tx)
	b, _ := read(t, s, document("blocked"), document("mine"))

	other, _ := read(t, o, document("blocked"))
	other.Put(store.Row{Key: document("blocked")})
	commit(t, o, other)

	b.Put(store.Row{Key: document("mine")})
	require.NoError(t, b.Seal())
	require.ErrorIs(t, s.Commit(ctx, b), store.ErrConflict)
	require.NoError(t, tx.Commit(), "the host's transaction is usable")
}

// stateError is an error of PostgreSQL.
type stateError string

func (e stateError) Error() string    { return "state " + string(e) }
func (e stateError) SQLState() string { return string(e) }

func TestWhatPostgreSQLAborts(t *testing.T) {
	for state, conflict := range map[string]bool{"40001": true, "40P01": true, "23505": true, "57014": false, "53100": false, "55P03": false} {
		t.Run(state, func(t *testing.T) {
			o := stores.PostgreSQL(t)
			s, _, r := record(t, o)
			b, _ := read(t, s, document("a"), document("b"))
			b.Put(store.Row{Key: document("a")})
			require.NoError(t, b.Seal())
			r.fail = func(query string) error {
				if strings.HasPrefix(query, "with ") || strings.HasPrefix(query, "insert") {
					return stateError(state)
				}
				return nil
			}
			err := s.Commit(ctx, b)
			r.fail = nil
			require.ErrorIs(t, err, stateError(state), "the reason is kept")
			require.Equal(t, conflict, errors.Is(err, store.ErrConflict))
			var named *store.ConflictError
			if conflict {
				require.ErrorAs(t, err, &named)
				require.Equal(t, []store.Key{document("a"), document("b")}, named.Keys)
			}
			_, rows := read(t, s, document("a"))
			require.Empty(t, rows.Found)
			require.NoError(t, s.Commit(ctx, b))
		})
	}
}

// PostgreSQL knows nothing of tables that were never analyzed, and keeps a plan that it made then. It must not be one that reads more
// the more there is.
func TestFreshTablesUseIndexes(t *testing.T) {
	big(t)
	o := stores.PostgreSQL(t)
	for _, table := range []string{"rows", "facts", "counters", "jobs", "leases"} {
		exec(t, o.DB, "alter table frontdesk_"+table+" set (autovacuum_enabled = false)")
	}
	for _, row := range []store.Row{filledRow(store.Conversation, 3), filledRow(store.Contact, 1)} {
		b := store.NewBatch("acme", start)
		put(b, row)
		commit(t, o, b)
	}
	s, db, r := record(t, o)
	statements := r.during(func() {
		require.NoError(t, s.Commit(ctx, inbound(t, s, 1)))
		for _, q := range lists() {
			q.Tenant = "acme"
			_, err := s.List(ctx, q)
			require.NoError(t, err)
		}
	})
	for _, a := range statements {
		if a.query != "begin" && a.query != "commit" {
			for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
				checkPlanned(t, db, mode, a)
			}
		}
	}
}

// Two processes on one SQLite file whose hosts begin transactions deferred and allow one connection each: nobody is refused, and nobody waits for a
// connection that he has himself.
func TestDeferredConnectionsOneEach(t *testing.T) {
	o := stores.SQLite(t)
	var all sync.WaitGroup
	for p := range 2 {
		db, err := sql.Open("sqlite", o.DSN[:len(o.DSN)-len("&_txlock=immediate")])
		require.NoError(t, err)
		defer db.Close()
		db.SetMaxOpenConns(1)
		s, err := sqlstore.New(db, o.Options)
		require.NoError(t, err)
		for c := range 4 {
			all.Go(func() {
				for n := range 25 {
					key := document(fmt.Sprint(p, c, n))
					rows, err := s.Load(ctx, "acme", []store.Key{key}, nil)
					if !assert.NoError(t, err) {
						return
					}
					b := store.NewBatch("acme", start)
					b.Read(rows)
					b.Put(store.Row{Key: key})
					b.Add("n", 1)
					assert.NoError(t, b.Seal())
					if !assert.NoError(t, s.Commit(ctx, b)) {
						return
					}
					_, err = s.Jobs(ctx, store.JobQuery{Limit: 1, PerTenant: 1, PerGroup: 1, Now: start, Until: start.Add(time.Minute), Token: "t"})
					assert.NoError(t, err)
				}
			})
		}
	}
	all.Wait()
	rows, err := o.Load(ctx, "acme", nil, []string{"n"})
	require.NoError(t, err)
	assert.Equal(t, int64(200), rows.Counters["n"])
}
