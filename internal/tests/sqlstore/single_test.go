package sqlstore_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
	"github.com/frontdesk-go/frontdesk/store"
)

// tagged is a conversation with tags and words, all of which stand in indexes of their own.
func tagged(id string, tags ...string) store.Row {
	row := store.Row{Key: store.Key{Kind: store.Conversation, ID: id}, Place: &store.Place{Shelf: "waiting"}, Words: tags}
	for i, tag := range tags {
		row.Facts = append(row.Facts, store.Fact{Name: "tag", Value: tag, Order: int64(i)})
	}
	return row
}

// A group that is opened while somebody moves its jobs out of the way is found at once all the same.
func TestGroupOpensWhileItsJobsAreMoved(t *testing.T) {
	o := stores.PostgreSQL(t)
	b, _ := read(t, o.SQL, document("a"))
	b.Put(store.Row{Key: document("a")})
	b.Enqueue(store.Job{ID: "done", Group: "g"})
	b.Enqueue(store.Job{ID: "left", Group: "g", Order: 1})
	require.NoError(t, b.Seal())
	require.NoError(t, o.SQL.Commit(ctx, b))
	require.Len(t, lease(t, o.SQL, store.JobQuery{Token: "t", PerGroup: 1}), 1)

	tx, err := o.DB.Begin()
	require.NoError(t, err)
	var group string
	require.NoError(t, tx.QueryRow("select grp from frontdesk_leases for update").Scan(&group))
	finish := store.NewBatch("acme", start)
	finish.Done(store.Finish{Group: "g", Token: "t", Jobs: []string{"done"}})
	require.NoError(t, finish.Seal())
	finished := make(chan error)
	go func() { finished <- o.SQL.Commit(ctx, finish) }()
	require.Eventually(t, func() bool {
		var waiting int
		err := o.DB.QueryRow("select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()").Scan(&waiting)
		return err == nil && waiting > 0
	}, 10*time.Second, time.Millisecond, "the finish waits for the lease")
	_, err = tx.Exec("update frontdesk_jobs set at = $1", start.Add(time.Hour).UnixMicro())
	require.NoError(t, err)
	require.NoError(t, tx.Commit())
	require.NoError(t, <-finished)

	next := lease(t, o.SQL, store.JobQuery{Token: "next"})
	require.Len(t, next, 1)
	require.Len(t, next[0].Jobs, 1)
	require.Equal(t, "left", next[0].Jobs[0].ID)
}

func TestACommitIsOneStatement(t *testing.T) {
	o := stores.PostgreSQL(t)
	s, _, r := record(t, o)
	statements := func(b *store.Batch) []asked {
		require.NoError(t, b.Seal())
		return r.during(func() { require.NoError(t, s.Commit(ctx, b)) })
	}
	b, _ := read(t, s, document("checked"), tagged("a").Key)
	b.Put(tagged("a", "red", "blue"))
	require.Len(t, statements(b), 1, "a new row, with a check that another stays absent")

	b, rows := read(t, s, tagged("a").Key)
	row := tagged("a", "blue", "green")
	row.Version = rows.Found[row.Key].Version
	b.Put(row)
	b.Add("n", 1)
	b.Enqueue(store.Job{ID: "j", Group: "g"})
	require.Len(t, statements(b), 1, "a row that this process has read")
	require.Equal(t, []string{"", "a", "a"}, []string{ids(t, s, "red"), ids(t, s, "blue"), ids(t, s, "green")})

	b, _ = read(t, s, tagged("a").Key)
	b.Delete(row.Key)
	require.Len(t, statements(b), 1)
	require.Empty(t, ids(t, s, "green"))

	b, _ = read(t, s, document("other"))
	b.Put(store.Row{Key: document("other")})
	b.Done(store.Finish{Group: "g", Jobs: []string{"j"}})
	require.Len(t, statements(b), 1, "a job is finished")
	require.Empty(t, lease(t, s, store.JobQuery{Token: "t"}))

	b, _ = read(t, s, document("third"))
	b.Put(store.Row{Key: document("third")})
	b.Enqueue(store.Job{ID: "j", Group: "g"})
	b.Done(store.Finish{Group: "g", Jobs: []string{"j"}})
	require.Greater(t, len(statements(b)), 1, "what finishes a job and queues it again is done in steps")
	require.Len(t, lease(t, s, store.JobQuery{Token: "t"}), 1)

	unseen, _, r2 := record(t, o)
	b, _ = read(t, s, document("other")) // through the other handle
	b.Put(store.Row{Key: document("other")})
	require.NoError(t, b.Seal())
	seen := r2.during(func() { require.NoError(t, unseen.Commit(ctx, b)) })
	require.Greater(t, len(seen), 1, "what this process has not read it reads first")
}

// ids returns the conversations with a tag.
func ids(t *testing.T, s store.Store, tag string) string {
	page, err := s.List(ctx, store.Query{Tenant: "acme", Kind: store.Conversation, Fact: "tag", Value: tag})
	require.NoError(t, err)
	var out []string
	for _, row := range page.Rows {
		out = append(out, row.ID)
	}
	return strings.Join(out, " ")
}

// Where the isolation level does not let a statement see what was committed while it waited, a commit is done in steps, which choose their level.
func TestOtherIsolationIsNoticed(t *testing.T) {
	for _, level := range []string{"repeatable read", "serializable"} {
		t.Run(level, func(t *testing.T) {
			o := stores.PostgreSQL(t)
			o.DSN += " options='-c default_transaction_isolation=" + strings.ReplaceAll(level, " ", `\\ `) + "'"
			s, _, r := record(t, o)
			for i, want := range []string{"with", "begin"} {
				b, _ := read(t, s, document(fmt.Sprint(i)))
				b.Put(store.Row{Key: document(fmt.Sprint(i))})
				require.NoError(t, b.Seal())
				done := r.during(func() { require.NoError(t, s.Commit(ctx, b)) })
				require.True(t, strings.HasPrefix(done[0].query, want), done[0].query)
				_, rows := read(t, s, document(fmt.Sprint(i)))
				require.Len(t, rows.Found, 1)
			}
		})
	}
}

// Two processes write over one another's rows: what each remembers of them must not leave anything behind in the indexes.
func TestTwoProcessesKeepOneIndex(t *testing.T) {
	stores.EachSQL(t, func(t *testing.T, o *stores.Opened) {
		both := []store.Store{o, o.Again(t)}
		r := rand.New(rand.NewPCG(7, 7))
		tags := []string{"red", "green", "blue", "black"}
		want := map[string][]string{}
		for n := range 300 {
			s, id := both[r.IntN(2)], fmt.Sprint("c", r.IntN(3))
			reader := both[r.IntN(2)] // what a host reads through one handle it may write through another
			rows, err := reader.Load(ctx, "acme", []store.Key{tagged(id).Key}, nil)
			require.NoError(t, err)
			b := store.NewBatch("acme", start.Add(time.Duration(n)*time.Second)) // a key that is put again gets no version twice
			b.Read(rows)
			row, there := rows.Row(tagged(id).Key)
			if there && r.IntN(4) == 0 {
				b.Delete(row.Key)
				want[id] = nil
			} else {
				some := r.Perm(len(tags))[:r.IntN(len(tags)+1)]
				fresh := tagged(id)
				want[id] = []string{}
				for _, i := range some {
					want[id] = append(want[id], tags[i])
				}
				fresh = tagged(id, want[id]...)
				fresh.Version = row.Version
				b.Put(fresh)
			}
			require.NoError(t, b.Seal())
			require.NoError(t, s.Commit(ctx, b))
		}
		for _, tag := range tags {
			var is []string
			for _, id := range []string{"c2", "c1", "c0"} {
				for _, has := range want[id] {
					if has == tag {
						is = append(is, id)
					}
				}
			}
			got := strings.Fields(ids(t, both[0], tag))
			require.ElementsMatch(t, is, got, tag)
			page, err := both[1].List(ctx, store.Query{Tenant: "acme", Kind: store.Conversation, Words: []string{tag}})
			require.NoError(t, err)
			require.Len(t, page.Rows, len(is))
		}
		var facts, words, listed int
		for _, has := range want {
			listed += len(has)
		}
		require.NoError(t, o.DB.QueryRow("select count(*) from frontdesk_facts").Scan(&facts))
		require.NoError(t, o.DB.QueryRow("select count(*) from frontdesk_words").Scan(&words))
		require.Equal(t, [2]int{listed, listed}, [2]int{facts, words}, "nothing stays behind")
	})
}

// A commit over rows that another process has changed, and that this one remembers, names rows that were changed and leaves nothing behind.
func TestConflictWithAnotherProcess(t *testing.T) {
	stores.EachSQL(t, func(t *testing.T, o *stores.Opened) {
		one, other := o, o.Again(t)
		keys := []store.Key{tagged("a").Key, tagged("b").Key, tagged("c").Key, tagged("d").Key, tagged("e").Key}
		first := store.NewBatch("acme", start)
		put(first, tagged("a", "red"), tagged("b", "red"), tagged("c", "red"), tagged("d", "red"))
		commit(t, one, first)
		stale, rows := read(t, one, keys...)
		theirs, seen := read(t, other, keys...)
		for _, id := range []string{"a", "e"} {
			row := tagged(id, "blue")
			row.Version = seen.Found[row.Key].Version
			theirs.Put(row)
		}
		theirs.Delete(tagged("b").Key)
		commit(t, other, theirs)

		stale.Delete(keys[0])                        // was changed
		for _, id := range []string{"b", "c", "e"} { // was deleted, is as it was, is there by now
			row := tagged(id, "green")
			row.Version = rows.Found[row.Key].Version
			stale.Put(row)
		}
		stale.Add("n", 1)
		stale.Enqueue(store.Job{ID: "j", Group: "g"})
		require.NoError(t, stale.Seal())
		var conflict *store.ConflictError
		require.ErrorAs(t, one.Commit(ctx, stale), &conflict)
		require.NotEmpty(t, conflict.Keys)
		require.Subset(t, []store.Key{keys[0], keys[1], keys[4]}, conflict.Keys)
		require.Empty(t, ids(t, one, "green"))
		require.Equal(t, "d c", ids(t, one, "red"))
		require.Equal(t, "e a", ids(t, one, "blue"))
		require.Empty(t, lease(t, one, store.JobQuery{Token: "t"}))
	})
}

// What many write together is one text, whatever it has to do: each other one would be planned and kept on every connection.
func TestLargeCommitsAreOneText(t *testing.T) {
	o := stores.PostgreSQL(t)
	s, _, r := record(t, o)
	texts := map[string]bool{}
	commit := func(fill func(b *store.Batch, at func(n int) store.Row)) {
		t.Helper()
		var keys []store.Key
		for n := range 30 {
			keys = append(keys, tagged(fmt.Sprint(n)).Key)
		}
		b, rows := read(t, s, keys...)
		fill(b, func(n int) store.Row {
			row := tagged(fmt.Sprint(n), "red")
			row.Version = rows.Found[row.Key].Version
			return row
		})
		require.NoError(t, b.Seal())
		statements := r.during(func() { require.NoError(t, s.Commit(ctx, b)) })
		require.Len(t, statements, 1)
		texts[statements[0].query] = true
	}
	all := func(b *store.Batch, at func(int) store.Row, each func(store.Row)) {
		for n := range 30 {
			each(at(n))
		}
	}
	commit(func(b *store.Batch, at func(int) store.Row) { all(b, at, func(row store.Row) { b.Put(row) }) })
	require.NotEmpty(t, ids(t, s, "red"))
	commit(func(b *store.Batch, at func(int) store.Row) {
		all(b, at, func(row store.Row) { row.Facts, row.Words = nil, []string{"blue"}; b.Put(row) })
		b.Add("n", 1)
		b.Enqueue(store.Job{ID: "j", Group: "g"})
	})
	require.Empty(t, ids(t, s, "red"))
	held := lease(t, s, store.JobQuery{Token: "t"})
	require.Len(t, held, 1)
	commit(func(b *store.Batch, at func(int) store.Row) {
		all(b, at, func(row store.Row) { b.Put(row) })
		b.Done(store.Finish{Group: "g", Token: "t", Jobs: []string{"j"}})
	})
	commit(func(b *store.Batch, at func(int) store.Row) {
		all(b, at, func(row store.Row) { b.Delete(row.Key) })
		b.Enqueue(store.Job{ID: "k", Group: "g"})
	})
	require.Empty(t, ids(t, s, "red"))
	require.Len(t, lease(t, s, store.JobQuery{Token: "u"}), 1, "the group was opened, and its job dropped")
	require.Len(t, texts, 1)
}

// What many write together, and finish no job, looks for none, however many wait and whatever PostgreSQL knew of them when it planned.
func TestLargeCommitsLookForNoJobs(t *testing.T) {
	o := stores.PostgreSQL(t)
	exec(t, o.DB, "alter table frontdesk_jobs set (autovacuum_enabled = false)")
	s, _, r := record(t, o)
	b := store.NewBatch("acme", start)
	for n := range 30 {
		put(b, store.Row{Key: document(fmt.Sprint(n))})
	}
	require.NoError(t, b.Seal())
	statements := r.during(func() { require.NoError(t, s.Commit(ctx, b)) })
	require.Len(t, statements, 1)
	args := make([]any, len(statements[0].args))
	for i, a := range statements[0].args {
		args[i] = a.Value
	}
	enqueue(t, o, "acme", 3000, func(i int) store.Job { return store.Job{ID: fmt.Sprint("job", i), Group: fmt.Sprint("group", i)} })
	tx, err := o.DB.Begin()
	require.NoError(t, err)
	defer func() { _ = tx.Rollback() }()
	_, err = tx.Exec("set local plan_cache_mode = force_generic_plan")
	require.NoError(t, err)
	_, err = tx.Exec("delete from frontdesk_rows") // so that it holds again
	require.NoError(t, err)
	rows, err := tx.Query("explain (analyze, costs off, timing off) "+statements[0].query, args...)
	require.NoError(t, err)
	defer rows.Close()
	drops := false
	for rows.Next() {
		var line string
		require.NoError(t, rows.Scan(&line))
		drops = drops || strings.Contains(line, "Delete on frontdesk_jobs")
		if strings.Contains(line, "Scan") && strings.Contains(line, "frontdesk_jobs") {
			require.Contains(t, line, "never executed")
		}
	}
	require.NoError(t, rows.Err())
	require.True(t, drops, "the statement drops jobs, where there are any to drop")
}

// A row may have more than one of the listed fact that has columns in it. All of them are listed, and no longer than the row has them.
func TestFactsWithColumnsTwice(t *testing.T) {
	about := func(values ...string) store.Row {
		row := store.Row{Key: store.Key{Kind: store.Message, ID: "m"}}
		for _, value := range values {
			row.Facts = append(row.Facts, store.Fact{Name: "conversation", Value: value})
		}
		return row
	}
	stores.EachSQL(t, func(t *testing.T, o *stores.Opened) {
		for _, values := range [][]string{{"one", "two"}, {"one"}, {"two", "one", "three"}, {"three"}, {}} {
			b, rows := read(t, o, about().Key)
			row := about(values...)
			row.Version = rows.Found[row.Key].Version
			b.Put(row)
			commit(t, o, b)
			for _, value := range []string{"one", "two", "three"} {
				page, err := o.List(ctx, store.Query{Tenant: "acme", Kind: store.Message, Fact: "conversation", Value: value})
				require.NoError(t, err)
				require.Equal(t, slices.Contains(values, value), len(page.Rows) == 1, "%s of %v", value, values)
			}
		}
	})
}
