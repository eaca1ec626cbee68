package sqlstore

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/frontdesk-go/frontdesk/store"
)

// due returns groups with due jobs that seem free: of each tenant at most PerTenant, in all at most Limit.
func (t *tables) due(ctx context.Context, q querier, transact transactor, query *store.JobQuery) ([]group, error) {
	switch {
	case query.Tenant == "" && query.Group != "":
		return nil, &store.InvalidError{What: "job query", Problem: "has a group without a tenant; give the tenant whose group it is"}
	case query.Tenant != "" && (unusable(query.Tenant) || query.Group != "" && unusable(query.Group)):
		return nil, nil
	case query.Group != "":
		return t.dueGroup(ctx, q, group{lane(query.Tenant), query.Group}, query)
	case query.Tenant != "":
		return t.dueGroups(ctx, q, transact, []string{lane(query.Tenant)}, query, min(query.Limit, query.PerTenant))
	}
	var groups []group
	visit := visit{lap: 1, query: query}
	for len(groups) < query.Limit && !visit.ended {
		lanes, err := t.dueLanes(ctx, q, &visit)
		if err != nil || len(lanes) == 0 {
			return groups, err
		}
		more, err := t.dueGroups(ctx, q, transact, lanes, query, query.Limit-len(groups))
		if err != nil {
			return nil, err
		}
		groups = append(groups, more...)
	}
	return groups, nil
}

func (t *tables) dueGroup(ctx context.Context, q querier, g group, query *store.JobQuery) (groups []group, err error) {
	s := new(statement).add("select 1 where exists (select 1 from "+t.jobs+" where lane = ? and grp = ? and due <= ?) ", g.lane, g.name, query.Now.UnixMicro())
	s.add("and not exists (select 1 from "+t.leases+" where lane = ? and grp = ? and until > ? and token <> ?)", g.lane, g.name, query.Now.UnixMicro(), query.Token)
	err = t.query(ctx, q, s, func(r *sql.Rows) error {
		groups = append(groups, g)
		return nil
	})
	return groups, err
}

// visit is where the round through the tenants is: they are visited from a shard to the last one, and in the second lap up to there.
type visit struct {
	query *store.JobQuery
	lap   int
	lane  string // the last one visited in this lap
	ended bool
}

// manyLanes is how many tenants one statement looks at in detail.
const manyLanes = 64

// dueLanes returns the next tenants with due jobs. It goes from tenant to tenant through the index, one step for each that has jobs
// at all, and stops when it has enough.
func (t *tables) dueLanes(ctx context.Context, q querier, v *visit) (lanes []string, err error) {
	start := fmt.Sprintf("%02x", v.query.Shard) + v.query.After
	first, second := max(start, v.lane), "" // a lane is longer than its shard, so "greater" excludes none
	if v.lap == 2 {
		first, second = "g", v.lane // no lane is greater than "g"
	}
	most := min(v.query.Limit, manyLanes)
	s := new(statement).add("with recursive ")
	t.steps(s, "t", first, "g").add(", ")
	t.steps(s, "u", second, start+"\x01") // and with it the tenant that the round began after, which comes last
	s.add(fmt.Sprintf(" select lap, lane from (select 1 as lap, lane from t union all select 2 as lap, lane from u) as w "+
		"where lane is not null and (select min(j.at) from %s as j where j.lane = w.lane) <= ? limit %d", t.jobs, most), v.query.Now.UnixMicro())
	err = t.query(ctx, q, s, func(r *sql.Rows) error {
		err := r.Scan(&v.lap, &v.lane)
		lanes = append(lanes, v.lane)
		return err
	})
	v.ended = len(lanes) < most
	return lanes, err
}

// steps appends a common table expression of all lanes between two, in order, and a null at its end.
func (t *tables) steps(s *statement, name, after, before string) *statement {
	s.add(name+"(lane) as (select min(lane) from "+t.jobs+" where lane > ? and lane < ? union all ", after, before)
	return s.add("select (select min(j.lane) from "+t.jobs+" as j where j.lane > "+name+".lane and j.lane < ?) from "+name+" where "+name+".lane is not null)", before)
}

// dueGroups returns due groups of some tenants that seem free, at most limit. Where the groups that are held keep it from seeing
// enough others, it moves them out of the way and looks again.
func (t *tables) dueGroups(ctx context.Context, q querier, transact transactor, lanes []string, query *store.JobQuery, limit int) ([]group, error) {
	var groups []group
	for steps := 2*query.PerTenant + 32; ; {
		met, err := t.walk(ctx, q, lanes, query, steps)
		if err != nil {
			return nil, err
		}
		groups = groups[:0]
		var crowded []string
		for _, lane := range lanes {
			free := met.free(lane, query.PerTenant)
			if len(free) < query.PerTenant && len(met[lane]) == steps {
				crowded = append(crowded, lane)
			}
			groups = append(groups, free...)
		}
		if len(crowded) == 0 || len(groups) >= limit {
			return groups[:min(len(groups), limit)], nil
		}
		moved := int64(0)
		err = transact(ctx, func(q querier) error {
			moved, err = t.push(ctx, q, crowded, met, query)
			return err
		})
		if err != nil {
			return nil, err
		}
		if moved == 0 {
			steps *= 4
		}
	}
}

// step is a group met at a time; a group whose jobs are due at several times is met at each. The jobs due at once are one time.
type step struct {
	group string
	at    int64
	until int64 // when its lease ends, atOnce if it is free
}

// steps by lane, each in the order of the index.
type steps map[string][]step

func (m steps) free(lane string, limit int) []group {
	var groups []group
	seen := map[string]bool{}
	for _, s := range m[lane] {
		if s.until == atOnce && !seen[s.group] && len(groups) < limit {
			seen[s.group] = true
			groups = append(groups, group{lane, s.group})
		}
	}
	return groups
}

// walk goes through the due groups of each tenant, from one (time, group) to the next through the index, so that a group with any
// number of jobs due at the same time is one step.
func (t *tables) walk(ctx context.Context, q querier, lanes []string, query *store.JobQuery, limit int) (steps, error) {
	keys := make([][]any, len(lanes))
	for i, lane := range lanes {
		keys[i] = []any{lane}
	}
	now := query.Now.UnixMicro()
	s := t.each(keys, "lane, grp, at, until", func(s *statement, key []*statement) {
		s.add("with recursive g(id, n) as (select (select id from " + t.jobs + " where lane = ").join(key[0])
		s.add(" and at <= ? order by at, grp, id limit 1), 1 union all select (select n.id from "+t.jobs+" as n where n.lane = j.lane", now)
		s.add(" and n.at <= ? and (n.at, n.grp) > (j.at, j.grp) order by n.at, n.grp, n.id limit 1), g.n + 1 from g cross join "+t.jobs+" as j where j.lane = ", now)
		s.join(key[0]).add(fmt.Sprintf(" and j.id = g.id and g.n < %d) select j.lane, j.grp, j.at, coalesce(l.until, ?) as until from g cross join ", limit), atOnce)
		s.add(t.jobs+" as j left join "+t.leases+" as l on l.lane = j.lane and l.grp = j.grp and l.until > ? and l.token <> ? where j.lane = ", now, query.Token).join(key[0])
		s.add(" and j.id = g.id order by j.at, j.grp")
	})
	met := steps{}
	err := t.query(ctx, q, s, func(r *sql.Rows) error {
		var lane string
		var s step
		err := r.Scan(&lane, &s.group, &s.at, &s.until)
		met[lane] = append(met[lane], s)
		return err
	})
	return met, err
}

// push moves jobs in the index so that the next walk is short, and returns how many: those of a held group to the end of its lease,
// and those of a free group that are due at several times to the first of these. A held group's lease is locked meanwhile; whoever
// ends it early moves the jobs back (see reopen).
func (t *tables) push(ctx context.Context, q querier, lanes []string, met steps, query *store.JobQuery) (int64, error) {
	var held, moves [][]any
	for _, lane := range lanes {
		first := map[string]int64{}
		for _, s := range met[lane] {
			at, again := first[s.group]
			switch {
			case s.until != atOnce:
				held = append(held, []any{lane, s.group, s.at})
			case again:
				moves = append(moves, []any{lane, s.group, s.at, at})
			default:
				first[s.group] = s.at
			}
		}
	}
	for i := 0; i < len(held); i += some {
		locked, err := t.lockHeld(ctx, q, held[i:min(i+some, len(held))], query)
		if err != nil {
			return 0, err
		}
		moves = append(moves, locked...)
	}
	moved := int64(0)
	for i := 0; i < len(moves); i += some {
		s := new(statement).add("update " + t.jobs + " as j set at = v.column4 from (")
		s.few([]string{"text", "text", "bigint", "bigint"}, moves[i:min(i+some, len(moves))])
		n, err := t.exec(ctx, q, s.add(") as v where j.lane = v.column1 and j.at = v.column3 and j.grp = v.column2"))
		if err != nil {
			return 0, err
		}
		moved += n
	}
	return moved, nil
}

// lockHeld locks the leases of held groups, save those that somebody is just changing, and returns the moves of their jobs.
func (t *tables) lockHeld(ctx context.Context, q querier, held [][]any, query *store.JobQuery) (moves [][]any, err error) {
	s := new(statement).add("select r.lane, r.grp, v.column3, r.until from (").few([]string{"text", "text", "bigint"}, held).add(") as v")
	t.beside(s, t.leases, "r.lane = v.column1 and r.grp = v.column2 and r.until > ?", []any{query.Now.UnixMicro()}, " for update skip locked")
	err = t.query(ctx, q, s, func(r *sql.Rows) error {
		var g group
		var at, until int64
		err := r.Scan(&g.lane, &g.name, &at, &until)
		moves = append(moves, []any{g.lane, g.name, at, until})
		return err
	})
	return moves, err
}
