package storetest

import (
	"cmp"
	"slices"
	"time"

	"github.com/frontdesk-go/frontdesk/store"
)

// naive is one tenant of the simplest store there is: maps, and a sort for each question. It is what the model case compares a store
// with, and shares no code with one.
type naive struct {
	rows     map[store.Key]store.Row
	counters map[string]int64
	jobs     []store.Job
	leases   map[string]naiveLease
}

type naiveLease struct {
	token string
	until time.Time
}

func newNaive() *naive {
	return &naive{rows: map[store.Key]store.Row{}, counters: map[string]int64{}, leases: map[string]naiveLease{}}
}

// conflicts returns the keys whose version is not the one a batch was decided on.
func (n *naive) conflicts(b *store.Batch) []store.Key {
	var keys []store.Key
	for _, w := range b.Writes {
		if n.rows[w.Row.Key].Version != w.If {
			keys = append(keys, w.Row.Key)
		}
	}
	return keys
}

// commit writes a batch that has no conflicts.
func (n *naive) commit(b *store.Batch) {
	for _, w := range b.Writes {
		switch w.Action {
		case store.Put:
			n.rows[w.Row.Key] = w.Row.Clone()
		case store.Delete:
			delete(n.rows, w.Row.Key)
		}
	}
	for _, a := range b.Adds {
		n.counters[a.Counter] += a.Delta
	}
	for _, f := range b.Finish {
		n.finish(f)
	}
	for _, j := range b.Queue {
		if !slices.ContainsFunc(n.jobs, func(known store.Job) bool { return known.ID == j.ID }) {
			n.jobs = append(n.jobs, j)
		}
	}
}

func (n *naive) finish(f store.Finish) {
	n.jobs = slices.DeleteFunc(n.jobs, func(j store.Job) bool { return slices.Contains(f.Jobs, j.ID) })
	l, leased := n.leases[f.Group]
	switch {
	case !leased || l.token != f.Token:
	case f.Hold.IsZero():
		delete(n.leases, f.Group)
	default:
		n.leases[f.Group] = naiveLease{f.Token, f.Hold}
	}
}

// load returns what Load should.
func (n *naive) load(keys []store.Key, counters []string) *store.Rows {
	rows := &store.Rows{Found: map[store.Key]store.Row{}, Counters: map[string]int64{}}
	look := func(key store.Key) store.Row {
		row, ok := n.rows[key]
		if ok {
			rows.Found[key] = row
		} else if !slices.Contains(rows.Absent, key) {
			rows.Absent = append(rows.Absent, key)
		}
		return row
	}
	for _, key := range keys {
		if row := look(key); row.Target != (store.Key{}) {
			look(row.Target)
		}
	}
	for _, counter := range counters {
		rows.Counters[counter] = n.counters[counter]
	}
	return rows
}

// list returns all rows that a query selects, in its order.
func (n *naive) list(q store.Query) []store.Row {
	var rows, out []store.Row
	for _, row := range n.rows {
		rows = append(rows, row)
	}
	for _, id := range expect(rows, q) {
		out = append(out, n.rows[store.Key{Kind: q.Kind, ID: id}])
	}
	return out
}

// ready returns the due jobs of each group that can be leased now.
func (n *naive) ready(now time.Time) map[string][]store.Job {
	groups := map[string][]store.Job{}
	for _, j := range n.jobs {
		l, leased := n.leases[j.Group]
		if !j.Due.After(now) && (!leased || !l.until.After(now)) { // a zero due time is before every other
			groups[j.Group] = append(groups[j.Group], j)
		}
	}
	for _, jobs := range groups {
		slices.SortFunc(jobs, func(a, b store.Job) int { return cmp.Or(cmp.Compare(a.Order, b.Order), cmp.Compare(a.ID, b.ID)) })
	}
	return groups
}
