package storetest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/frontdesk-go/frontdesk/store"
)

func (e *env) list(q store.Query) *store.Page {
	e.Helper()
	page, err := e.s.List(e.ctx, of(q))
	e.must("List", err)
	if page == nil {
		e.fatal(e.main, "List\ngot a nil page and no error\nwant a page")
	}
	return page
}

// of fills in the case's tenant.
func of(q store.Query) store.Query {
	if q.Tenant == "" {
		q.Tenant = tenant
	}
	return q
}

// walk goes through a list page by page to its end and returns the IDs. between is called after each page.
func (e *env) walk(q store.Query, between func()) []string {
	e.Helper()
	const tooMany = 5000
	var got []string
	for range tooMany {
		page := e.list(q)
		if len(page.Rows) > q.Size() {
			e.fail(27, "page of %s\ngot %d rows\nwant at most %d", describe(&q), len(page.Rows), q.Size())
		}
		got = append(got, ids(page.Rows)...)
		if page.Cursor == "" {
			return got
		}
		if page.Cursor == q.Cursor {
			e.fatal(27, "page of %s\ngot the cursor it began with\nwant a cursor further on", describe(&q))
		}
		q.Cursor = page.Cursor
		if between != nil {
			between()
		}
	}
	e.fatal(27, "walk of %s\ngot %d pages and no end\nwant an end", describe(&q), tooMany)
	return nil
}

// all lists everything a query selects.
func (e *env) all(q store.Query) []string {
	e.Helper()
	return e.walk(q, nil)
}

func ids(rows []store.Row) []string {
	out := make([]string, len(rows))
	for i := range rows {
		out[i] = rows[i].ID
	}
	return out
}

// describe says which list a query is, for a failure.
func describe(q *store.Query) string {
	var b strings.Builder
	fmt.Fprintf(&b, "the %ss", q.Kind)
	switch {
	case len(q.Ranges) > 0:
		fmt.Fprintf(&b, " in %v", q.Ranges)
	case q.Fact != "":
		fmt.Fprintf(&b, " with %s=%q", q.Fact, q.Value)
	case q.Prefix != "":
		fmt.Fprintf(&b, " beginning with %q", q.Prefix)
	}
	if len(q.Match)+len(q.Words) > 0 {
		fmt.Fprintf(&b, " matching %v %v", q.Match, q.Words)
	}
	fmt.Fprintf(&b, ", ascending %t, limit %d, budget %d", q.Ascending, q.Size(), q.Scan())
	return b.String()
}

// lease asks for all due jobs of the case's tenant.
func (e *env) lease(now time.Time, token string) []store.Lease {
	e.Helper()
	return e.leaseBy(store.JobQuery{Now: now, Token: token, Tenant: tenant})
}

// leaseBy fills in what a query leaves open: wide limits and a lease of a minute.
func (e *env) leaseBy(q store.JobQuery) []store.Lease {
	e.Helper()
	leases, err := e.s.Jobs(e.ctx, wide(q))
	e.must("Jobs", err)
	return leases
}

func wide(q store.JobQuery) store.JobQuery {
	for _, limit := range []*int{&q.Limit, &q.PerTenant, &q.PerGroup} {
		if *limit == 0 {
			*limit = 1000
		}
	}
	if q.Until.IsZero() {
		q.Until = q.Now.Add(time.Minute)
	}
	return q
}

// anchored returns a batch that writes a new row, for what may not be committed without one.
func anchored(id string) *store.Batch {
	return fresh(batch(), store.Row{Key: store.Key{Kind: store.Document, ID: "anchor/" + id}})
}

// enqueue commits jobs together with a new row named by id.
func (e *env) enqueue(id string, jobs ...store.Job) {
	e.Helper()
	b := anchored(id)
	b.Enqueue(jobs...)
	e.commit(b)
}

// finish commits finishes alone.
func (e *env) finish(f ...store.Finish) {
	e.Helper()
	b := batch()
	for i := range f {
		b.Done(f[i])
	}
	e.commit(b)
}

// held returns leases as text, "group: job job", sorted by group, for comparing.
func held(leases []store.Lease) []string {
	out := make([]string, 0, len(leases))
	for _, l := range leases {
		line := l.Group + ":"
		for _, j := range l.Jobs {
			line += " " + j.ID
		}
		out = append(out, line)
	}
	slices.Sort(out)
	return out
}
