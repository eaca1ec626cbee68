package memstore

import (
	"bytes"
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/frontdesk-go/frontdesk/store"
)

// always is the due time of a job without one, and the end of a lease that nobody has: before every time.
const always = math.MinInt64

type job struct {
	store.Job
	due int64
}

// group holds the jobs of one group, and who has it.
type group struct {
	name  string
	jobs  []*job  // by order, then ID
	dues  []int64 // the due times of the jobs, sorted: the first is when the group is due
	token string  // of the last lease, "" if it was finished
	until int64   // when the lease ends

	wake int64 // when it can next be leased; its position on the agenda, with turn
	turn int64 // when it came onto the agenda, so that groups that are due take turns; 0: it is not there
	was  int64 // its turn when it was leased, which it has again if that call is made again
}

func earlier(a, b *group) bool { return a.wake < b.wake || a.wake == b.wake && a.turn < b.turn }

func compareJobs(a, b *job) int {
	return cmp.Or(cmp.Compare(a.Order, b.Order), cmp.Compare(a.ID, b.ID))
}

func (t *tenant) enqueue(j *store.Job) {
	if t.jobs[j.ID] != nil {
		return
	}
	kept := &job{Job: *j, due: always}
	kept.Body = bytes.Clone(j.Body)
	if !j.Due.IsZero() {
		kept.due = j.Due.UnixMicro()
		kept.Due = j.Due.UTC()
	}
	g := t.groups[j.Group]
	if g == nil {
		g = &group{name: j.Group, until: always}
		t.groups[j.Group] = g
	}
	at, _ := slices.BinarySearchFunc(g.jobs, kept, compareJobs)
	g.jobs = slices.Insert(g.jobs, at, kept)
	at, _ = slices.BinarySearch(g.dues, kept.due+1) // behind those of the same time
	g.dues = slices.Insert(g.dues, at, kept.due)
	t.jobs[kept.ID] = kept
	t.reschedule(g)
}

// finish drops the jobs whoever has the group, and gives the lease up only for its holder. A lease that ended and that nobody else
// took is still the holder's: a store reads no clock.
func (t *tenant) finish(f *store.Finish) {
	for _, id := range f.Jobs {
		if j := t.jobs[id]; j != nil {
			g := t.groups[j.Group]
			g.drop(j)
			delete(t.jobs, id)
			t.reschedule(g)
		}
	}
	g := t.groups[f.Group]
	if g == nil {
		return
	}
	if g.token != "" && g.token == f.Token {
		if f.Hold.IsZero() {
			g.token, g.until = "", always
		} else {
			g.until = f.Hold.UnixMicro()
		}
	}
	t.reschedule(g)
}

func (g *group) drop(j *job) {
	at, _ := slices.BinarySearchFunc(g.jobs, j, compareJobs)
	g.jobs = cut(g.jobs, at)
	at, _ = slices.BinarySearch(g.dues, j.due)
	g.dues = cut(g.dues, at)
}

// cut removes s[at]. The first, which is the most frequent, is removed without moving the others.
func cut[T any](s []T, at int) []T {
	if at == 0 {
		var none T
		s[0] = none
		return s[1:]
	}
	return slices.Delete(s, at, at+1)
}

// reschedule puts the group where it belongs on the agenda: nowhere if it has no jobs. A group without jobs that nobody has is forgotten.
func (t *tenant) reschedule(g *group) {
	if len(g.jobs) > 0 && g.turn > 0 && g.wake == max(g.dues[0], g.until) {
		return
	}
	if g.turn > 0 {
		t.agenda.Delete(g)
		g.turn = 0
	}
	switch {
	case len(g.jobs) > 0:
		t.filed++
		g.wake, g.turn = max(g.dues[0], g.until), t.filed
		t.agenda.Set(g)
	case g.until == always:
		delete(t.groups, g.name)
	}
}

// Jobs leases groups of due jobs to the caller. Of a tenant's groups those that have waited longest come first. Errors:
// store.ErrInvalid.
func (s *Store) Jobs(ctx context.Context, q store.JobQuery) ([]store.Lease, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := q.Check(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.giveBack(q.Token)
	leases := s.lease(&q)
	s.remember(leases)
	return leases, nil
}

// leased is a group that a call has leased.
type leased struct {
	*tenant
	*group
}

// recentCalls is how many calls can be made again. A store in memory loses no answer, but a wrapper around it may.
const recentCalls = 64

// remember keeps what a call has leased.
func (s *Store) remember(leases []store.Lease) {
	call := make([]leased, len(leases))
	for i, l := range leases {
		t := s.tenants[l.Tenant]
		call[i] = leased{t, t.groups[l.Group]}
	}
	if len(call) > 0 {
		s.recent[s.calls%recentCalls] = call
		s.calls++
	}
}

// giveBack opens what a call had leased that is now made again, so that it leases that anew.
func (s *Store) giveBack(token string) {
	for _, call := range s.recent {
		for _, l := range call {
			if l.token == token {
				l.token, l.until = "", always
				l.tenant.giveBack(l.group)
			}
		}
	}
}

// giveBack puts a group where it was on the agenda when it was leased.
func (t *tenant) giveBack(g *group) {
	t.reschedule(g)
	if g.turn > 0 {
		t.agenda.Delete(g)
		g.turn = g.was
		t.agenda.Set(g)
	}
}

func (s *Store) lease(q *store.JobQuery) (leases []store.Lease) {
	if q.Tenant != "" {
		if t := s.tenants[q.Tenant]; t != nil {
			return t.lease(nil, q)
		}
		return nil
	}
	visit := func(t *tenant) bool {
		leases = t.lease(leases, q)
		return len(leases) < q.Limit
	}
	last := &tenant{shard: q.Shard, name: q.After}
	s.shards.Ascend(last, func(t *tenant) bool { return !sooner(last, t) || visit(t) })
	s.shards.Scan(func(t *tenant) bool { return !sooner(last, t) && len(leases) < q.Limit && visit(t) })
	return leases
}

// lease appends a lease for each group of the tenant that can be leased, within the query's limits.
func (t *tenant) lease(leases []store.Lease, q *store.JobQuery) []store.Lease {
	now, room := q.Now.UnixMicro(), min(q.PerTenant, q.Limit-len(leases))
	var ready []*group
	take := func(g *group) bool {
		if g.wake <= now {
			ready = append(ready, g)
		}
		return g.wake <= now && len(ready) < room
	}
	if q.Group == "" {
		t.agenda.Scan(take)
	} else if g := t.groups[q.Group]; g != nil && g.turn > 0 {
		take(g)
	}
	for _, g := range ready {
		g.token, g.until, g.was = q.Token, q.Until.UnixMicro(), g.turn
		t.reschedule(g)
		leases = append(leases, store.Lease{Tenant: t.name, Group: g.name, Token: g.token, Until: q.Until, Jobs: g.due(now, q.PerGroup)})
	}
	return leases
}

// due returns copies of the first jobs that are due.
func (g *group) due(now int64, limit int) []store.Job {
	var jobs []store.Job
	for _, j := range g.jobs {
		if len(jobs) == limit {
			break
		}
		if j.due <= now {
			due := j.Job
			due.Body = bytes.Clone(j.Body)
			jobs = append(jobs, due)
		}
	}
	return jobs
}
