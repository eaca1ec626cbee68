package store

import (
	"hash/fnv"
	"time"
)

// Job is work due at a time. It is queued in the batch of what caused it, and belongs to a group that one worker holds at a time.
type Job struct {
	ID    string    // unique in the tenant; the same ID again counts once
	Group string    // jobs of a group are done one after the other
	Order int64     // place within the group
	Due   time.Time // zero: at once, on anybody's clock. Otherwise UTC in microseconds
	Body  []byte
}

// JobQuery asks for groups of due jobs.
type JobQuery struct {
	Now   time.Time // jobs due at or before it are due
	Until time.Time // when the leases end
	Token string    // the holder's mark, new for every call but one that is made again because its answer was lost

	Limit     int    // groups in this call, at least 1
	PerTenant int    // groups of one tenant in this call, at least 1
	PerGroup  int    // jobs of one group in this call, at least 1
	Shard     uint8  // the tenants are visited in the order of shard, then name, beginning
	After     string // with the first after this shard and name, and wrapping around; "" is before every name

	Tenant string // if set, only this tenant's groups
	Group  string // if set, with Tenant, only this group
}

// Check returns an *InvalidError if the query contradicts itself.
func (q *JobQuery) Check() error {
	bad := func(problem string) error { return &InvalidError{What: "job query", Problem: problem} }
	switch {
	case q.Limit < 1 || q.PerTenant < 1 || q.PerGroup < 1:
		return bad("Limit, PerTenant and PerGroup are at least 1")
	case q.Token == "":
		return bad("has no token; give a new one for every call")
	case q.Group != "" && q.Tenant == "":
		return bad("has a group without a tenant; give the tenant whose group it is")
	case !q.Until.After(q.Now):
		return bad("ends its leases before they begin")
	}
	return nil
}

// Lease is a group of jobs held by one worker until a time.
type Lease struct {
	Tenant string
	Group  string
	Token  string
	Until  time.Time
	Jobs   []Job // due, by Order, then ID; at least one
}

// Finish drops jobs of a group and says what becomes of the lease.
type Finish struct {
	Group string
	Token string    // the lease's; a lease lost meanwhile is left to its new holder
	Jobs  []string  // job IDs to drop; may be empty
	Hold  time.Time // zero: the group is open again. Otherwise it stays the holder's, and closed to all others, until then
}

// Shard spreads tenants over 0–255, so that leasing can begin with another one each time.
func Shard(tenant string) uint8 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(tenant))
	sum := h.Sum32()
	return uint8(sum ^ sum>>8 ^ sum>>16 ^ sum>>24)
}
