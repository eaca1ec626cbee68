package storetest

import (
	"fmt"

	"github.com/frontdesk-go/frontdesk/store"
)

// sameShard returns names of n tenants of one shard, sorted.
func sameShard(n int) []string {
	byShard := map[uint8][]string{}
	for i := 0; ; i++ {
		name := fmt.Sprintf("tenant%06d", i)
		s := store.Shard(name)
		if byShard[s] = append(byShard[s], name); len(byShard[s]) == n {
			return byShard[s]
		}
	}
}

// afterTenant asks for one group at a time, each time after the tenant that was served last: everybody is served in turn, also those
// that share a shard, whoever has the most work.
func afterTenant(e *env) {
	tenants := sameShard(3)
	for i, t := range tenants {
		e.enqueueFor(t, 8+4*(2-i))
	}
	shard, after := store.Shard(tenants[0]), ""
	for n := range 3 * len(tenants) {
		leases := e.leaseBy(store.JobQuery{Now: start, Token: fmt.Sprint("visit", n), Shard: shard, After: after, Limit: 1, PerTenant: 1})
		if len(leases) != 1 {
			e.fatal(40, "groups leased after %q\ngot %d\nwant 1", after, len(leases))
		}
		after = leases[0].Tenant
		e.same(40, fmt.Sprintf("tenant served in turn %d", n), after, tenants[n%len(tenants)])
	}
}

// finishThenQueue replaces a job by another of its ID in one batch.
func finishThenQueue(e *env) {
	e.enqueue("x", store.Job{ID: "j", Group: "g", Body: []byte("old")})
	lease := e.lease(start, "t")
	e.same(39, "jobs leased", held(lease), []string{"g: j"})
	b := store.NewBatch(tenant, start)
	row := store.Row{Key: store.Key{Kind: store.Message, ID: "again"}}
	b.ReadRow(row)
	b.Put(row)
	b.Done(store.Finish{Group: "g", Token: "t", Jobs: []string{"j"}})
	b.Enqueue(store.Job{ID: "j", Group: "g", Body: []byte("new")})
	e.commit(b)
	lease = e.lease(start, "u")
	e.same(39, "jobs leased after one batch finished and queued the ID", held(lease), []string{"g: j"})
	if len(lease) == 1 && string(lease[0].Jobs[0].Body) != "new" {
		e.fail(39, "the job's body\ngot %q\nwant %q", lease[0].Jobs[0].Body, "new")
	}
}
