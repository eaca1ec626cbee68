package sqlstore

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/frontdesk-go/frontdesk/store"
)

// atOnce is the due time of a job that has none: before every other.
const atOnce = int64(math.MinInt64)

func kept(due time.Time) int64 {
	if due.IsZero() {
		return atOnce
	}
	return due.UnixMicro()
}

func given(due int64) time.Time {
	if due == atOnce {
		return time.Time{}
	}
	return time.UnixMicro(due).UTC()
}

// enqueue inserts jobs and touches nothing else, so that no enqueue waits for another one, nor for the holder of a group. A job's
// column at begins as its due time; only the walk over due groups changes it.
func (t *tables) enqueue(b *store.Batch, m manner) []change {
	queue := slices.Clone(b.Queue)
	slices.SortFunc(queue, func(x, y store.Job) int { return cmp.Compare(x.ID, y.ID) }) // one order for all who insert the same IDs
	var all []change
	for part := range parts(queue, t.perStatement(), m) {
		rows := make([][]any, len(part))
		for i, j := range part {
			rows[i] = []any{lane(b.Tenant), j.ID, j.Group, j.Order, kept(j.Due), kept(j.Due), notNil(j.Body)}
		}
		s := new(statement).add("insert into "+t.jobs+" (lane, id, grp, ord, due, at, body) ").rows([]string{"text", "text", "text", "bigint", "bigint", "bigint", "bytea"}, rows, m)
		all = append(all, change{statement: s.add(" on conflict do nothing")})
	}
	return all
}

// finish drops the jobs that a batch names, and opens or keeps closed the groups that it still holds.
func (t *tables) finish(b *store.Batch, held *held) []change {
	var open, hold [][]any
	for _, f := range b.Finish {
		switch {
		case !held.groups[f.Group]:
		case f.Hold.IsZero():
			open = append(open, []any{lane(b.Tenant), f.Group})
		default:
			hold = append(hold, []any{lane(b.Tenant), f.Group, kept(f.Hold)})
		}
	}
	var all []change
	for part := range slices.Chunk(open, some) {
		s := new(statement).add("delete from "+t.leases+" where (lane, grp) in (").few([]string{"text", "text"}, part)
		all = append(all, change{statement: s.add(")")})
	}
	for part := range slices.Chunk(hold, some) {
		s := new(statement).add("update "+t.leases+" as l set until = v.column3 from (").few([]string{"text", "text", "bigint"}, part)
		all = append(all, change{statement: s.add(") as v where l.lane = v.column1 and l.grp = v.column2")})
	}
	return append(all, t.drop(b, inSteps)...)
}

// drop deletes the jobs that a batch finishes. Written whole, a batch that finishes none must not look for any: planned when there were few jobs, this
// reads all of the tenant's.
func (t *tables) drop(b *store.Batch, m manner) []change {
	var all []change
	for part := range parts(finished(b), t.perStatement(), m) {
		s := new(statement).add("delete from "+t.jobs+" where lane = ? and "+m.when()+" and ", lane(b.Tenant))
		if m == whole {
			s.add("cast(? as bigint) > 0 and ", int64(len(part)))
		}
		all = append(all, change{statement: t.among(s, "id", part)})
	}
	return all
}

// finished are the jobs that a batch drops, each once.
func finished(b *store.Batch) (jobs []string) {
	for _, f := range b.Finish {
		jobs = append(jobs, f.Jobs...)
	}
	slices.Sort(jobs)
	return slices.Compact(slices.DeleteFunc(jobs, unusable))
}

// reopen undoes what push did to the groups whose lease changed: their jobs are seen again when the group opens. It is a statement
// after the one that locked the leases, since push has the lease locked too: what it did before is seen, and it does no more. A strict
// transaction may see an old state, so there all jobs of the group are written: one that was moved since is then a conflict.
func (t *tables) reopen(b *store.Batch, held *held, m manner) []change {
	moved := " and j.at > j.due"
	if m == strict {
		moved = ""
	}
	var rows [][]any
	for _, f := range b.Finish {
		if held.groups[f.Group] {
			rows = append(rows, []any{lane(b.Tenant), f.Group, kept(f.Hold)})
		}
	}
	var all []change
	for part := range slices.Chunk(rows, some) {
		s := new(statement).add("update " + t.jobs + " as j set at = case when j.due > v.column3 then j.due else v.column3 end from (")
		s.few([]string{"text", "text", "bigint"}, part)
		all = append(all, change{statement: s.add(") as v where j.lane = v.column1 and j.grp = v.column2" + moved)})
	}
	return all
}
