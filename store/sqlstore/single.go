package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/frontdesk-go/frontdesk/store"
)

// A commit on PostgreSQL is one statement wherever it can be: it locks what the batch rests on, compares it, and writes only if all of it holds. That
// is one round trip instead of five, and one wait of everybody else for the locks. What it cannot do is done in steps: a batch whose rows this
// process has not seen at the version that is written over, one that queues a job again which it finishes, and one that meets an insert of
// somebody else's.

// The arms of the statement answer with these.
const (
	differs = 1 // a row that is not as the batch wants it
	unfit   = 2 // the transaction is of an isolation level at which looking again would show an old state
)

// commitSingle commits a batch as one statement. It reports whether it did.
func (s *Store) commitSingle(ctx context.Context, b *store.Batch) (done bool, err error) {
	if s.dialect != PostgreSQL || queuesAgain(b) || s.seen.unfit() {
		return false, nil
	}
	held := s.seen.before(b)
	if held == nil {
		return false, nil
	}
	if err := doable(b); err != nil {
		return false, err
	}
	m := single
	if len(b.Writes) >= manyWrites {
		m = whole
	}
	stmt := s.oneStatement(b, s.changes(b, held, m), m)
	if len(stmt.args) > manyArgs {
		return false, nil
	}
	var conflicts []store.Key
	isolated := true
	err = s.query(ctx, s.db, stmt, func(r *sql.Rows) error {
		var what int
		var kind, id string
		err := r.Scan(&what, &kind, &id)
		switch what {
		case differs:
			conflicts = append(conflicts, store.Key{Kind: store.Kind(kind), ID: id})
		case unfit:
			isolated = false
		}
		return err
	})
	switch {
	case state(err) == "22012": // division_by_zero: the statement refused itself
		return false, nil
	case err != nil:
		return false, err
	case !isolated:
		s.seen.setUnfit()
		return false, nil
	case len(conflicts) > 0:
		slices.SortFunc(conflicts, store.Key.Compare)
		return false, &store.ConflictError{Keys: slices.Compact(conflicts)}
	}
	s.seen.wrote(b)
	return true, nil
}

// queuesAgain reports whether a batch queues a job that it finishes: the parts of one statement do not see what the others write.
func queuesAgain(b *store.Batch) bool {
	return slices.ContainsFunc(b.Finish, func(f store.Finish) bool {
		return slices.ContainsFunc(b.Queue, func(j store.Job) bool { return slices.Contains(f.Jobs, j.ID) })
	})
}

// oneStatement is the whole of a commit. Each part takes its turn because it reads the one before: the locks of absent keys, the rows, the
// leases, the keys that are only checked to be absent, the gate that all writing is behind.
func (t *tables) oneStatement(b *store.Batch, changes []change, m manner) *statement {
	s := new(statement).add("with absent as materialized (select count(column2) as n from (")
	if locks := t.absentLocks(b); len(locks) > 0 || m == whole {
		s.add("select case when column2 = 1 then pg_advisory_xact_lock(column1)::text else pg_advisory_xact_lock_shared(column1)::text end as column2 from (")
		s.values([]string{"bigint", "bigint"}, locks).add(") as v")
	} else {
		s.add("select 1 as column2")
	}
	s.add(") as l), differing as materialized (").join(t.differing(b)).add(")")
	before := "differing"
	if len(b.Finish) > 0 || m == whole {
		before = "leased"
		s.add(", leased as materialized (").join(t.leased(b)).add(")")
	}
	if keys := checkedAbsent(b); len(keys) > 0 || m == whole {
		rows := pairs(keys)
		s.add(", found as materialized (select x.kind, x.id from (select count(*) as n from "+before+") as d cross join lateral "+t.absent+
			"(?, case when d.n >= 0 then cast(? as text[]) end, cast(? as text[])) as x)", b.Tenant, array(rows, 0), array(rows, 1))
	} else {
		s.add(", found as materialized (select '' as kind, '' as id where false)")
	}
	s.add(", gate as materialized (select not exists (select 1 from differing) and not exists (select 1 from found) and " + readCommitted + " as ok)")
	counts, wrote := "0", int64(0)
	if len(b.Finish) > 0 || m == whole {
		s.add(", settled as materialized (").join(t.settled(b)).add(")")
		counts += " + (select count(*) * 0 from settled)" // which runs it
	}
	for i, c := range changes {
		name := fmt.Sprintf("w%d", i)
		s.add(", " + name + " as (").join(c.statement).add(")")
		if c.keyed {
			counts += " + (select count(*) from " + name + ")"
			wrote += int64(len(c.keys))
		}
	}
	s.add(fmt.Sprintf(" select %d as what, kind, id from differing union all select %d, kind, id from found union all select %d, '', '' where not %s",
		differs, differs, unfit, readCommitted))
	// Where a row that should have been written was not, dividing by zero undoes the rest. The text of the statement does not depend on how many
	// there are, so that it is planned once.
	return s.add(" union all select 1 / (case when (select ok from gate) and "+counts+" <> cast(? as bigint) then 0 else 1 end) * 0, '', ''", wrote)
}

// leased locks the leases that are still the batch's, after its rows, and selects how long they are to be held.
func (t *tables) leased(b *store.Batch) *statement {
	rows := make([][]any, len(b.Finish))
	for i, f := range b.Finish {
		rows[i] = []any{f.Group, f.Token, kept(f.Hold)}
	}
	s := new(statement).add("select r.grp, r.token, k.column3 as until from (select count(*) as n from differing) as d cross join (")
	s.values([]string{"text", "text", "bigint"}, rows).add(") as k")
	return t.beside(s, t.leases, "d.n >= 0 and r.lane = ? and r.grp = k.column1 and r.token = k.column2", []any{lane(b.Tenant)}, " for update")
}

// settled calls the function that opens or keeps closed the groups that a batch still holds.
func (t *tables) settled(b *store.Batch) *statement {
	ids := make([][]any, 0, len(b.Finish))
	for _, id := range finished(b) {
		ids = append(ids, []any{id})
	}
	return new(statement).add("select "+t.settle+"(?, l.grp, l.until, cast(? as text[])) from leased as l where "+single.when(), lane(b.Tenant), array(ids, 0))
}

const readCommitted = "current_setting('transaction_isolation') = 'read committed'"

// differing locks the rows that the batch rests on, in the order of their keys, and selects those that are not as it wants them.
func (t *tables) differing(b *store.Batch) *statement {
	rows := make([][]any, 0, len(b.Writes))
	for i := range b.Writes {
		w := &b.Writes[i]
		if w.Action == store.Put && w.If == 0 {
			continue // the insert finds out
		}
		rows = append(rows, []any{string(w.Row.Kind), w.Row.ID, checks(w), w.If})
	}
	one := func(check, mode string) string {
		return " left join lateral (select r.version from " + t.rows + " as r where a.n >= 0 and k.column3 = " + check +
			" and r.tenant = ? and r.kind = k.column1 and r.id = k.column2 limit 1 for " + mode + ") as "
	}
	s := new(statement).add("select k.column1 as kind, k.column2 as id from absent as a cross join (").values([]string{"text", "text", "bigint", "bigint"}, rows).add(") as k")
	s.add(one("0", "no key update")+"p on true", b.Tenant)
	s.add(one("1", "share")+"c on true", b.Tenant)
	return s.add(" where coalesce(p.version, c.version, 0) <> k.column4")
}

// checks is 1 for a row that is only checked.
func checks(w *store.Write) int64 {
	if w.Action == store.Check {
		return 1
	}
	return 0
}

// absentFunction looks for rows when it is called: as a function that may change, it sees what was committed while the statement that calls it
// waited for a lock, which the statement itself does not.
// https://www.postgresql.org/docs/current/xfunc-volatility.html
func (t *tables) absentFunction() string {
	return t.function(t.absent, "of_tenant text, kinds text[], ids text[]", "table (kind text, id text)",
		"return query select r.kind, r.id from unnest(kinds, ids) as k(kind, id) cross join lateral (select x.kind, x.id from "+t.rows+" as x",
		"where x.tenant = of_tenant and x.kind = k.kind and x.id = k.id limit 1) as r;")
}

// settleFunction ends a lease or prolongs it, and writes the jobs that push has moved, also those that it moved while the statement that calls the
// function waited for the lease; those that the statement drops it leaves alone.
func (t *tables) settleFunction() string {
	return t.function(t.settle, "of_lane text, of_group text, hold bigint, dropped text[]", "bigint",
		fmt.Sprintf("if hold = %d then", atOnce),
		"delete from "+t.leases+" as l where l.lane = of_lane and l.grp = of_group;",
		"else",
		"update "+t.leases+" as l set until = hold where l.lane = of_lane and l.grp = of_group;",
		"end if;",
		"update "+t.jobs+" as j set at = greatest(j.due, hold) where j.lane = of_lane and j.grp = of_group and j.at > j.due and not j.id = any (dropped);",
		"return 1;")
}

// function is the command that creates a function. Its queries are planned once a connection; the server would think a plan for the very values
// worth making each time.
func (t *tables) function(name, args, returns string, body ...string) string {
	return "create or replace function " + name + " (" + args + ") returns " + returns + "\n\tlanguage plpgsql volatile set plan_cache_mode = force_generic_plan as $$\n" +
		"\tbegin " + strings.Join(body, " ") + " end $$;\n\n" // in one line, since a semicolon at the end of a line ends a command of a script
}
