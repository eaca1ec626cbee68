package sqlstore_test

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
	"github.com/frontdesk-go/frontdesk/store"
	"github.com/frontdesk-go/frontdesk/store/sqlstore"
)

var start = time.UnixMicro(1_800_000_000_000_000)

// enqueue queues jobs of a tenant in batches of five thousand.
func enqueue(t testing.TB, s store.Store, tenant string, n int, job func(i int) store.Job) {
	t.Helper()
	for from := 0; from < n; from += 5000 {
		b := store.NewBatch(tenant, start)
		put(b, store.Row{Key: store.Key{Kind: store.Document, ID: fmt.Sprint(job(from).ID)}})
		for i := from; i < min(from+5000, n); i++ {
			b.Enqueue(job(i))
		}
		commit(t, s, b)
	}
}

func lease(t testing.TB, s store.Store, q store.JobQuery) []store.Lease {
	t.Helper()
	if q.Now.IsZero() {
		q.Now = start
	}
	if q.Until.IsZero() {
		q.Until = q.Now.Add(time.Minute)
	}
	leases, err := s.Jobs(ctx, q)
	require.NoError(t, err)
	return leases
}

func finish(t testing.TB, s store.Store, tenant string, f ...store.Finish) {
	t.Helper()
	b := store.NewBatch(tenant, start)
	for _, f := range f {
		b.Done(f)
	}
	commit(t, s, b)
}

func TestIdlePollIsOneStatement(t *testing.T) {
	stores.EachSQL(t, func(t *testing.T, o *stores.Opened) {
		s, _, r := record(t, o)
		for tenant := range 20 {
			enqueue(t, o, fmt.Sprint("tenant", tenant), 1, func(int) store.Job {
				return store.Job{ID: "later", Group: "g", Due: start.Add(time.Hour)}
			})
		}
		for _, shard := range []uint8{0, 100, 255} {
			statements := r.during(func() {
				require.Empty(t, lease(t, s, store.JobQuery{Token: "t", Limit: 10, PerTenant: 3, PerGroup: 5, Shard: shard}))
			})
			require.Len(t, statements, 1)
		}
	})
}

// Rule 40 with 100,000 due groups of one tenant, at once and at times of their own: what a call reads stays small.
func TestManyDueGroupsCostLittle(t *testing.T) {
	big(t)
	const many = 100_000
	stores.EachSQL(t, func(t *testing.T, o *stores.Opened) {
		enqueue(t, o, "big", many, func(i int) store.Job {
			job := store.Job{ID: fmt.Sprint("job", i), Group: fmt.Sprint("group", i)}
			if i%2 == 1 {
				job.Due = start.Add(-time.Duration(i) * time.Millisecond)
			}
			return job
		})
		enqueue(t, o, "long", 20_000, func(i int) store.Job { return store.Job{ID: fmt.Sprintf("job%05d", i), Group: "one", Order: int64(i)} })
		enqueue(t, o, "small", 1, func(int) store.Job { return store.Job{ID: "job", Group: "group"} })
		_, err := o.DB.Exec("analyze")
		require.NoError(t, err)

		s, _, r := record(t, o)
		for shard := range 8 {
			var leases []store.Lease
			q := store.JobQuery{Token: fmt.Sprint("t", shard), Limit: 100, PerTenant: 10, PerGroup: 5, Shard: uint8(shard * 32), Until: start.Add(time.Hour)}
			statements := r.during(func() { leases = lease(t, s, q) })
			statements = slices.DeleteFunc(statements, func(a asked) bool { // what lets a lease not wait for the disk
				return strings.HasPrefix(a.query, "pragma ") || strings.HasPrefix(a.query, "select set_config")
			})
			most := 12
			if o.Options.Dialect == sqlstore.SQLite {
				most++ // takes the write lock
			}
			assert.LessOrEqual(t, len(statements), most)
			byTenant := map[string]int{}
			for _, l := range leases {
				byTenant[l.Tenant]++
			}
			assert.Equal(t, 10, byTenant["big"])
			if shard == 0 {
				assert.Equal(t, 1, byTenant["small"], "the other tenant's group is leased in the same call")
				assert.Equal(t, 1, byTenant["long"])
			}
			for _, a := range statements {
				// Of each of three tenants 2·PerTenant+32 steps, each beside the few leases there are.
				checkRead(t, o, a, 10_000)
			}
		}
	})
}

// checkRead checks the plan of a statement that reads.
func checkRead(t *testing.T, o *stores.Opened, a asked, limit int) {
	t.Helper()
	switch {
	case !strings.HasPrefix(a.query, "select") && !strings.HasPrefix(a.query, "with recursive"):
	case o.Options.Dialect == sqlstore.PostgreSQL:
		for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
			checkPostgreSQL(t, o.DB, mode, a, limit)
		}
	default:
		checkSQLite(t, o.DB, a)
	}
}

// Groups that are closed for long do not keep the ones behind them from being found, are out of the way afterwards, and are found again
// when they open, be it in time or early.
func TestClosedGroupsAreMovedOutOfTheWay(t *testing.T) {
	const closed = 300
	stores.EachSQL(t, func(t *testing.T, o *stores.Opened) {
		group := func(i int) string { return fmt.Sprintf("a%03d", i) }
		var jobs []store.Job
		for i := range closed {
			jobs = append(jobs, store.Job{ID: fmt.Sprint("first", i), Group: group(i), Order: 1}, store.Job{ID: fmt.Sprint("second", i), Group: group(i), Order: 2})
		}
		enqueue(t, o, "acme", len(jobs), func(i int) store.Job { return jobs[i] })
		held := lease(t, o, store.JobQuery{Token: "holder", Limit: 1000, PerTenant: 1000, PerGroup: 1})
		require.Len(t, held, closed)
		var finishes []store.Finish
		for _, l := range held {
			finishes = append(finishes, store.Finish{Group: l.Group, Token: "holder", Jobs: []string{l.Jobs[0].ID}, Hold: start.Add(time.Hour)})
		}
		finish(t, o, "acme", finishes...)
		enqueue(t, o, "acme", 1, func(int) store.Job { return store.Job{ID: "behind", Group: "b"} })

		s, _, r := record(t, o)
		q := store.JobQuery{Limit: 3, PerTenant: 3, PerGroup: 5}
		calls := 0
		ask := func() []store.Lease {
			calls++
			q.Token = fmt.Sprint("t", calls)
			return lease(t, s, q)
		}
		got := ask()
		require.Len(t, got, 1)
		require.Equal(t, "b", got[0].Group)
		statements := r.during(func() { require.Empty(t, ask()) })
		require.LessOrEqual(t, len(statements), 2, "the closed groups are not walked over again")

		finish(t, o, "acme", store.Finish{Group: group(7), Token: "holder"}) // early
		got = ask()
		require.Len(t, got, 1)
		require.Equal(t, group(7), got[0].Group)
		require.Equal(t, []store.Job{{ID: "second7", Group: group(7), Order: 2, Body: []byte{}}}, got[0].Jobs)

		finish(t, o, "acme", store.Finish{Group: group(8), Token: "holder", Hold: start.Add(time.Minute)}) // earlier than before
		require.Empty(t, ask())
		got = lease(t, s, store.JobQuery{Now: start.Add(time.Minute), Token: "t3", Limit: 10, PerTenant: 10, PerGroup: 1})
		var groups []string
		for _, l := range got {
			groups = append(groups, l.Group)
		}
		require.Equal(t, []string{group(7), "b", group(8)}, groups, "the two leases that ended, and the group that opened")

		got = lease(t, s, store.JobQuery{Now: start.Add(time.Hour), Token: "t4", Limit: 1000, PerTenant: 1000, PerGroup: 5})
		require.Len(t, got, closed+1, "in time all open")
	})
}

// A transaction that sees the state before jobs were moved out of the way does not leave them there when it opens their group.
func TestOldStateDoesNotHideMovedJobs(t *testing.T) {
	const closed = 100
	o := stores.PostgreSQL(t)
	enqueue(t, o, "acme", closed, func(i int) store.Job { return store.Job{ID: fmt.Sprint("j", i), Group: fmt.Sprintf("a%03d", i)} })
	held := lease(t, o, store.JobQuery{Token: "holder", Limit: closed, PerTenant: closed, PerGroup: 1, Until: start.Add(time.Hour)})
	require.Len(t, held, closed)

	tx, err := o.DB.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead})
	require.NoError(t, err)
	defer tx.Rollback()
	s := o.SQL.WithTx(tx)
	read(t, s, document("anything"))
	require.Empty(t, lease(t, o, store.JobQuery{Token: "t", Limit: 3, PerTenant: 3})) // moves them

	b := store.NewBatch("acme", start)
	b.Done(store.Finish{Group: held[0].Group, Token: "holder"})
	require.NoError(t, b.Seal())
	require.ErrorIs(t, s.Commit(ctx, b), store.ErrConflict)
	require.NoError(t, tx.Rollback())

	commit(t, o, b)
	got := lease(t, o, store.JobQuery{Token: "t", Limit: 3, PerTenant: 3})
	require.Len(t, got, 1)
	require.Equal(t, held[0].Group, got[0].Group)
}

// A group whose jobs are due at many times is one of several, also when they all come before the others'.
func TestManyTimesOfOneGroupHideNoOther(t *testing.T) {
	stores.EachSQL(t, func(t *testing.T, o *stores.Opened) {
		enqueue(t, o, "acme", 500, func(i int) store.Job {
			return store.Job{ID: fmt.Sprintf("j%03d", i), Group: "many", Due: start.Add(time.Duration(i-1000) * time.Second)}
		})
		enqueue(t, o, "acme", 1, func(int) store.Job { return store.Job{ID: "other", Group: "other", Due: start} })
		got := lease(t, o, store.JobQuery{Token: "t", Limit: 2, PerTenant: 2, PerGroup: 5})
		require.Len(t, got, 2)
		assert.Equal(t, "many", got[0].Group)
		assert.Len(t, got[0].Jobs, 5)
		assert.Equal(t, start.Add(-1000*time.Second).UTC(), got[0].Jobs[0].Due, "moved jobs keep their due time")
		assert.Equal(t, "other", got[1].Group)
	})
}

// Of two who lease at the same time one finds a group, whose job is finished before he has it, and the other moves the group's next job out of
// the way because it is leased. When the first lets it go, that job is found.
func TestGroupThatIsLetGoIsFound(t *testing.T) {
	o := stores.PostgreSQL(t)
	s, _, r := record(t, o)
	leases := func(s store.Store, token string, now time.Time, n int) []store.Lease {
		got, err := s.Jobs(ctx, store.JobQuery{Tenant: "acme", Token: token, Now: now, Until: now.Add(time.Hour), Limit: n, PerTenant: n, PerGroup: 1})
		require.NoError(t, err)
		return got
	}
	const second = time.Second
	enqueue(t, o, "acme", 40, func(i int) store.Job {
		return store.Job{ID: fmt.Sprint("h", i), Group: fmt.Sprint("h", i), Due: start.Add(second + second/2)}
	})
	require.Len(t, leases(o, "h", start.Add(second+second/2), 40), 40)
	enqueue(t, o, "acme", 1, func(int) store.Job { return store.Job{ID: "one", Group: "g"} })
	step := 0
	r.fail = func(query string) error {
		switch {
		case step == 0 && strings.HasPrefix(query, "insert into frontdesk_leases"): // the group was found
			step++
			b, _ := read(t, o, document("c"))
			b.Put(store.Row{Key: document("c")})
			b.Done(store.Finish{Group: "g", Token: "gone", Jobs: []string{"one"}})
			b.Enqueue(store.Job{ID: "two", Group: "g", Due: start.Add(second)})
			commit(t, o, b)
		case step == 1: // it was leased
			step++
			require.Empty(t, leases(o, "b", start.Add(2*second), 1))
		}
		return nil
	}
	require.Empty(t, leases(s, "a", start, 1))
	require.Equal(t, 2, step)
	require.Len(t, leases(o, "c", start.Add(2*second), 1), 1)
}
