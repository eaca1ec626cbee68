package storetest

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/frontdesk-go/frontdesk/store"
)

// key picks one of a few keys, so that steps meet.
func (h *history) key(n int) store.Key {
	kinds := []store.Kind{store.Conversation, store.Conversation, store.Name, store.Message}
	return store.Key{Kind: kinds[n%4], ID: string(rune('a' + n/4%5))}
}

func (h *history) row(key store.Key, n []int) store.Row {
	pick := func(n int, values ...string) string { return values[n%len(values)] }
	row := store.Row{Key: key, Body: []byte(strconv.Itoa(n[0]))}
	switch key.Kind {
	case store.Name:
		row.Target = h.key(n[1])
	case store.Message:
		row.Facts = []store.Fact{{Name: "conversation", Value: pick(n[1], "a", "b"), Order: int64(n[2] % 4)}}
	case store.Conversation:
		if n[0]%5 > 0 {
			row.Place = &store.Place{Shelf: pick(n[1], "open", "done"), Mailbox: pick(n[2], "m", "M", ""), Team: pick(n[3], "t", ""), Agent: pick(n[4], "x", "y", ""), Activity: int64(n[5]%5) - 2}
		}
		for i := range n[1] % 3 {
			row.Facts = append(row.Facts, store.Fact{Name: pick(i, "tag", "size"), Value: pick(n[2]+i, "red", "blue"), Order: int64(n[3]%5 - 2)})
		}
		row.Words = []string{pick(n[4], "alpha", "beta"), pick(n[5], "gamma", "gam", "delta")}
	}
	return row
}

// write commits a batch of a few writes, some of them decided on a wrong version, with adds and jobs.
func (h *history) write(s step) (int, string) {
	n, t := s.numbers, s.numbers[0]%2
	m := h.models[t]
	b := store.NewBatch(h.tenants[t], h.now)
	h.version++
	written := false
	for i := range 1 + n[1]%3 {
		key := h.key(n[2+i])
		version := m.rows[key].Version
		if n[5]%6 == i {
			version += int64(1 - n[6]%3) // often wrong
		}
		if _, ok := b.Written(key); ok {
			continue
		}
		b.ReadRow(store.Row{Key: key, Version: version})
		switch n[7] >> i % 4 {
		case 0:
			h.note("tenant %d: check %s at %d", t, key, version)
		case 1:
			h.note("tenant %d: delete %s at %d", t, key, version)
			b.Delete(key)
			written = true
		default:
			row := h.row(key, n[3:])
			h.note("tenant %d: put %s at %d: %+v place %+v", t, key, version, row, row.Place)
			b.Put(row)
			written = true
		}
	}
	if written {
		b.Add(counterNames[n[8]%3], int64(n[8]%5-2))
		for i := range n[9] % 3 {
			j := store.Job{ID: fmt.Sprint("j", (n[10]+i)%9), Group: groupNames[(n[10]+i*7)%3], Order: int64(n[11] % 4), Body: []byte("x")}
			if (n[11]+i)%3 == 0 {
				j.Due = h.now.Add(time.Duration(n[11]%5-1) * 10 * time.Second)
			}
			h.note("  and queue %+v", j)
			b.Enqueue(j)
		}
	}
	return h.commit(t, b)
}

// commit gives a batch to the store and to the model.
func (h *history) commit(t int, b *store.Batch) (int, string) {
	if b.Seal() != nil { // one key twice at two versions: nothing to compare
		h.note("  (not a valid batch)")
		return 0, ""
	}
	for i := range b.Writes {
		if b.Writes[i].Action == store.Put && b.Writes[i].If == 0 {
			b.Writes[i].Row.Version = h.version // a key that was deleted never has a version again
		}
	}
	conflicts := h.models[t].conflicts(b)
	err := h.e.s.Commit(h.e.ctx, b)
	if len(conflicts) > 0 {
		if problem := conflictProblem(err, conflicts); problem != "" {
			return 14, "Commit\n" + problem
		}
		return 0, ""
	}
	if err != nil {
		return 14, fmt.Sprintf("Commit\ngot error: %v\nwant none", err)
	}
	h.models[t].commit(b)
	return 0, ""
}

// look compares a Load.
func (h *history) look(s step) (int, string) {
	t := s.numbers[0] % 2
	keys := []store.Key{h.key(s.numbers[1]), h.key(s.numbers[2]), h.key(s.numbers[3]), h.key(s.numbers[4])}
	h.note("tenant %d: load %v and counters", t, keys)
	got, err := h.e.s.Load(h.e.ctx, h.tenants[t], keys, counterNames)
	if err != nil {
		return 9, fmt.Sprintf("Load\ngot error: %v\nwant none", err)
	}
	want := h.models[t].load(keys, counterNames)
	if problem := differ(got.Found, want.Found); problem != "" {
		return 4, "rows loaded\n" + problem
	}
	if problem := differ(slices.Compact(sortedKeys(got.Absent)), sortedKeys(want.Absent)); problem != "" {
		return 9, "keys named absent\n" + problem
	}
	if problem := differ(got.Counters, want.Counters); problem != "" {
		return 11, "counters\n" + problem
	}
	return 0, ""
}

// list compares a walk of a whole list.
func (h *history) list(s step) (int, string) {
	n, t := s.numbers, s.numbers[0]%2
	queries := append(everyList(), ranged()...)
	queries = append(queries, store.Query{Kind: store.Message, Fact: "conversation", Value: "a"}, store.Query{Kind: store.Name}, store.Query{Kind: store.Message},
		store.Query{Kind: store.Conversation, Ranges: []store.Range{{Shelf: "open", By: store.ByAgent, Value: "x"}, {Shelf: "done", By: store.ByMailbox, Value: "m"}, {Shelf: "open"}}})
	q := queries[n[1]%len(queries)]
	q.Tenant, q.Ascending, q.Limit, q.Budget = h.tenants[t], n[2]%2 == 0, 1+n[3]%4, 1+n[4]%7
	h.note("tenant %d: walk %s", t, describe(&q))
	want := h.models[t].list(q)
	rule := 23
	switch {
	case q.Fact != "":
		rule = 24
	case len(q.Ranges) == 0:
		rule = 25
	}
	var got []store.Row
	for range 100 {
		page, err := h.e.s.List(h.e.ctx, q)
		if err != nil {
			return rule, fmt.Sprintf("List\ngot error: %v\nwant none", err)
		}
		got = append(got, page.Rows...)
		if q.Cursor = page.Cursor; q.Cursor == "" {
			if problem := differ(got, want); problem != "" {
				return rule, "rows listed\n" + problem
			}
			return 0, ""
		}
	}
	return 27, "a hundred pages and no end\ngot a cursor each time\nwant an end"
}

// lease lets some time pass and leases. Which groups a limit leaves out is the store's to choose.
func (h *history) lease(s step) (int, string) {
	n, t := s.numbers, s.numbers[0]%2
	m := h.models[t]
	h.now = h.now.Add(time.Duration(n[1]%4) * 10 * time.Second)
	h.tokens++
	q := store.JobQuery{Now: h.now, Until: h.now.Add(35 * time.Second), Token: fmt.Sprint("t", h.tokens), Tenant: h.tenants[t], Limit: 5, PerTenant: 1 + n[2]%3, PerGroup: 1 + n[3]%3}
	ready := m.ready(h.now)
	if n[4]%4 == 0 {
		q.Group = groupNames[n[5]%3]
		ready = map[string][]store.Job{q.Group: ready[q.Group]}
		if ready[q.Group] == nil {
			delete(ready, q.Group)
		}
	}
	h.note("tenant %d: at %s lease at most %d groups, %d jobs of each, group %q, as %s", t, h.now.Sub(start), q.PerTenant, q.PerGroup, q.Group, q.Token)
	leases, err := h.e.s.Jobs(h.e.ctx, q)
	if err != nil {
		return 33, fmt.Sprintf("Jobs\ngot error: %v\nwant none", err)
	}
	if want := min(len(ready), q.PerTenant); len(leases) != want {
		return 33, fmt.Sprintf("Jobs\ngot %q\nwant %d groups of %q", held(leases), want, ready)
	}
	for _, l := range leases {
		jobs := ready[l.Group]
		delete(ready, l.Group)
		want := store.Lease{Tenant: q.Tenant, Group: l.Group, Token: q.Token, Until: q.Until, Jobs: jobs[:min(len(jobs), q.PerGroup)]}
		if problem := differ(l, want); problem != "" {
			return 34, "a lease\n" + problem
		}
		m.leases[l.Group] = naiveLease{q.Token, q.Until}
	}
	return 0, ""
}

// finish gives back a group, with its lease, an old one or none, and drops some of its jobs.
func (h *history) finish(s step) (int, string) {
	n, t := s.numbers, s.numbers[0]%2
	m := h.models[t]
	f := store.Finish{Group: groupNames[n[1]%3], Token: "none"}
	if l, leased := m.leases[f.Group]; leased && n[2]%4 > 0 {
		f.Token = l.token
		if n[3]%3 == 0 && l.until.After(h.now) {
			f.Hold = h.now.Add(25 * time.Second)
		}
	}
	for i, j := range m.jobs {
		if j.Group == f.Group && (n[4]+i)%2 == 0 {
			f.Jobs = append(f.Jobs, j.ID)
		}
	}
	h.note("tenant %d: finish %+v", t, f)
	b := store.NewBatch(h.tenants[t], h.now)
	b.Done(f)
	return h.commit(t, b)
}
