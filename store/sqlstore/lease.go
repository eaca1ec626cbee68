package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"sync"

	"github.com/frontdesk-go/frontdesk/store"
)

// group is a group of jobs of one tenant.
type group struct{ lane, name string }

func (g group) compare(other group) int {
	return cmp.Or(cmp.Compare(g.lane, other.lane), cmp.Compare(g.name, other.name))
}

// lease finds groups with due jobs that nobody holds, then takes those that are still free. Finding locks nothing.
//
// Apart, each statement is a transaction of its own, which spares the round trips around them: a lease whose jobs could then not be read is
// found again by the same call with the same token. Again says that this may be such a call.
func (t *tables) lease(ctx context.Context, q querier, transact transactor, apart, again bool, query store.JobQuery) ([]store.Lease, error) {
	query.Limit, query.PerTenant, query.PerGroup = max(query.Limit, 1), max(query.PerTenant, 1), max(query.PerGroup, 1)
	if again {
		if err := transact(ctx, func(q querier) error { return t.show(ctx, q, &query) }); err != nil {
			return nil, err
		}
	}
	groups, err := t.due(ctx, q, transact, &query)
	if err != nil || len(groups) == 0 {
		return nil, err
	}
	var leases []store.Lease
	if apart {
		leases, err = t.take(ctx, q, groups, apart, &query)
	}
	if !apart || aborted(err) { // as it may be at an isolation level that the database has for every transaction
		err = transact(ctx, func(q querier) error {
			leases, err = t.take(ctx, q, groups, false, &query)
			return err
		})
	}
	if err != nil {
		return nil, err
	}
	return leases, nil
}

// take leases the groups that are free and returns their due jobs. A group whose jobs were finished since it was found is let go.
func (t *tables) take(ctx context.Context, q querier, groups []group, apart bool, query *store.JobQuery) ([]store.Lease, error) {
	taken, err := t.hold(ctx, q, groups, apart, query)
	if err != nil || len(taken) == 0 {
		return nil, err
	}
	jobs, err := t.read(ctx, q, taken, query)
	if err != nil {
		return nil, err
	}
	var leases []store.Lease
	var idle [][]any
	for _, g := range taken {
		if len(jobs[g]) == 0 {
			idle = append(idle, []any{g.lane, g.name, query.Token})
			continue
		}
		leases = append(leases, store.Lease{Tenant: tenantOf(g.lane), Group: g.name, Token: query.Token, Until: query.Until, Jobs: jobs[g]})
	}
	if len(idle) > 0 {
		return leases, t.letGo(ctx, q, idle)
	}
	return leases, nil
}

// letGo ends leases, given as lane, group and token. Jobs that push has moved out of the way meanwhile are seen again, as when a group is finished.
func (t *tables) letGo(ctx context.Context, q querier, idle [][]any) error {
	s := new(statement).add("delete from "+t.leases+" where (lane, grp, token) in (").few([]string{"text", "text", "text"}, idle)
	if _, err := t.exec(ctx, q, s.add(")")); err != nil {
		return err
	}
	return t.unpush(ctx, q, idle)
}

// unpush has the jobs of groups, given as lane, group and token, where the walk meets them once they are due.
func (t *tables) unpush(ctx context.Context, q querier, groups [][]any) error {
	s := new(statement).add("update "+t.jobs+" as j set at = j.due from (").few([]string{"text", "text", "text"}, groups)
	_, err := t.exec(ctx, q, s.add(") as v where j.lane = v.column1 and j.grp = v.column2 and j.at > j.due"))
	return err
}

// show locks the leases that a call which is made again had taken, and has their jobs seen, which another call may have pushed out of its way
// since. There is no index of tokens, and no need of one: it is rare, and only groups that are or were held have a lease.
func (t *tables) show(ctx context.Context, q querier, query *store.JobQuery) error {
	s := new(statement).add("select lane, grp from "+t.leases+" where token = ? and until > ? order by lane, grp", query.Token, query.Now.UnixMicro())
	if t.dialect == PostgreSQL {
		s.add(" for update")
	}
	var own [][]any
	err := t.query(ctx, q, s, func(r *sql.Rows) error {
		var g group
		err := r.Scan(&g.lane, &g.name)
		own = append(own, []any{g.lane, g.name, query.Token})
		return err
	})
	for part := range slices.Chunk(own, some) {
		if err == nil {
			err = t.unpush(ctx, q, part)
		}
	}
	return err
}

// calls are the tokens of the last calls that leased anything, or failed and may have, so that one that is made again is known: no other
// program makes it.
type calls struct {
	mu     sync.Mutex
	tokens [64]string
	n      int
}

func (c *calls) has(token string) bool {
	return slices.Contains(c.tokens[:min(c.n, len(c.tokens))], token)
}

func (c *calls) made(token string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.has(token)
}

func (c *calls) note(token string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.has(token) {
		c.tokens[c.n%len(c.tokens)] = token
		c.n++
	}
}

// hold writes the leases, in one order for all callers, and returns those that were free, or this very call's, in the order the groups were found.
func (t *tables) hold(ctx context.Context, q querier, groups []group, apart bool, query *store.JobQuery) ([]group, error) {
	sorted := slices.SortedFunc(slices.Values(groups), group.compare)
	won := map[group]bool{}
	for part := range slices.Chunk(sorted, some) {
		rows := make([][]any, len(part))
		for i, g := range part {
			rows[i] = []any{g.lane, g.name, query.Token, query.Until.UnixMicro()}
		}
		s := new(statement).add("insert into "+t.leases+" as l (lane, grp, token, until) ").values([]string{"text", "text", "text", "bigint"}, rows)
		if apart {
			s.add(" where (" + unsyncedOnce + ") is not null")
		}
		s.add(" on conflict (lane, grp) do update set token = excluded.token, until = excluded.until where l.until <= ? or l.token = excluded.token returning lane, grp", query.Now.UnixMicro())
		err := t.query(ctx, q, s, func(r *sql.Rows) error {
			var g group
			err := r.Scan(&g.lane, &g.name)
			won[g] = true
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(slices.Clone(groups), func(g group) bool { return !won[g] }), nil
}

// read returns the first due jobs of each group.
func (t *tables) read(ctx context.Context, q querier, groups []group, query *store.JobQuery) (map[group][]store.Job, error) {
	jobs := make(map[group][]store.Job, len(groups))
	for part := range slices.Chunk(groups, some) {
		keys := make([][]any, len(part))
		for i, g := range part {
			keys[i] = []any{g.lane, g.name}
		}
		s := t.each(keys, "lane, grp, id, ord, due, body", func(s *statement, key []*statement) {
			s.add("select " + of("j", "lane, grp, id, ord, due, body") + " from " + t.jobs + " as j where j.lane = ").join(key[0])
			s.add(" and j.grp = ").join(key[1])
			s.add(fmt.Sprintf(" and j.due <= ? order by j.ord, j.id limit %d", query.PerGroup), query.Now.UnixMicro())
		})
		err := t.query(ctx, q, s, func(r *sql.Rows) error {
			var g group
			var j store.Job
			var due int64
			err := r.Scan(&g.lane, &g.name, &j.ID, &j.Order, &due, &j.Body)
			j.Group, j.Due, j.Body = g.name, given(due), notNil(j.Body)
			jobs[g] = append(jobs[g], j)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	for _, list := range jobs {
		slices.SortFunc(list, func(x, y store.Job) int { return cmp.Or(cmp.Compare(x.Order, y.Order), cmp.Compare(x.ID, y.ID)) })
	}
	return jobs, nil
}

// each runs a query once for every key: a lateral join on PostgreSQL, where the text then does not grow with the keys, and a union
// on SQLite, which has no lateral joins. The query gets the expressions of the key's parts.
func (t *tables) each(keys [][]any, columns string, query func(s *statement, key []*statement)) *statement {
	s := new(statement)
	if t.dialect == PostgreSQL {
		var parts []*statement
		for i := range keys[0] {
			parts = append(parts, new(statement).add(fmt.Sprintf("v.column%d", i+1)))
		}
		s.add("select "+of("x", columns)+" from (").values(slices.Repeat([]string{"text"}, len(parts)), keys)
		query(s.add(") as v cross join lateral ("), parts)
		return s.add(") as x")
	}
	none := slices.Repeat([]any{""}, len(keys[0])) // no lane is empty
	for i, key := range filledWith(keys, none) {
		var parts []*statement
		for _, value := range key {
			parts = append(parts, new(statement).add("?", value))
		}
		if i > 0 {
			s.add(" union all ")
		}
		query(s.add("select "+columns+" from ("), parts)
		s.add(")")
	}
	return s
}
