package storetest

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/frontdesk-go/frontdesk/store"
)

// until returns a spoil that keeps the ends of leases as f makes them.
func until(f func(time.Time) time.Time) func(*liar, store.Store) {
	return func(l *liar, good store.Store) {
		l.jobs = func(ctx context.Context, q store.JobQuery) ([]store.Lease, error) {
			end := q.Until
			if kept := f(end); kept.After(q.Now) {
				q.Until = kept
			}
			leases, err := good.Jobs(ctx, q)
			for i := range leases {
				leases[i].Until = end
			}
			return leases, err
		}
	}
}

// known is a lease that a liar remembers.
type known struct {
	token string
	until time.Time
}

// remembers returns a spoil that sees the leases of all tenants and their ends, and changes finishes. look is called before each query.
func remembers(look func(q *store.JobQuery, leases map[string]known), change func(f *store.Finish, l known, now time.Time)) func(*liar, store.Store) {
	return func(l *liar, good store.Store) {
		var mu sync.Mutex
		var now time.Time
		leases := map[string]known{}
		l.jobs = func(ctx context.Context, q store.JobQuery) ([]store.Lease, error) {
			mu.Lock()
			defer mu.Unlock()
			now = q.Now
			look(&q, leases)
			got, err := good.Jobs(ctx, q)
			for _, x := range got {
				leases[x.Tenant+"\x00"+x.Group] = known{x.Token, x.Until}
			}
			return got, err
		}
		l.commit = func(ctx context.Context, b *store.Batch) error {
			mu.Lock()
			defer mu.Unlock()
			c := copied(b)
			for i := range c.Finish {
				change(&c.Finish[i], leases[b.Tenant+"\x00"+c.Finish[i].Group], now)
			}
			err := good.Commit(ctx, c)
			for _, f := range c.Finish {
				group := b.Tenant + "\x00" + f.Group
				if x := leases[group]; err == nil && x.token == f.Token {
					if leases[group] = (known{f.Token, f.Hold}); f.Hold.IsZero() {
						delete(leases, group)
					}
				}
			}
			return err
		}
	}
}

func nothingToSee(*store.JobQuery, map[string]known) {}

// holdsFor returns a spoil that closes a group for a finish which does not hold it, if which says so. It sees the group's last token, and
// whether the holder has opened the group since.
func holdsFor(which func(f *store.Finish, holder string, opened bool) bool) func(*liar, store.Store) {
	return func(l *liar, good store.Store) {
		opened := map[string]bool{}
		watched(func(b *store.Batch, holders map[string]string) {
			for _, f := range b.Finish {
				if !f.Hold.IsZero() && which(&f, holders[f.Group], opened[f.Group+"\x00"+f.Token]) {
					_, _ = good.Jobs(context.Background(), wide(store.JobQuery{Now: start, Until: f.Hold, Token: "\x01", Tenant: b.Tenant, Group: f.Group}))
				}
				opened[f.Group+"\x00"+f.Token] = f.Hold.IsZero() && f.Token == holders[f.Group]
			}
		})(l, good)
	}
}

var holdLies = []lie{
	{name: "finishes a group for every tenant it was leased of", rule: 1, found: "Leases/TenantsHoldApart", spoil: func(l *liar, good store.Store) {
		var mu sync.Mutex
		tenants := map[string][]string{}
		l.jobs = func(ctx context.Context, q store.JobQuery) ([]store.Lease, error) {
			leases, err := good.Jobs(ctx, q)
			mu.Lock()
			defer mu.Unlock()
			for _, x := range leases {
				tenants[x.Token+"\x00"+x.Group] = append(tenants[x.Token+"\x00"+x.Group], x.Tenant)
			}
			return leases, err
		}
		l.commit = func(ctx context.Context, b *store.Batch) error {
			err := good.Commit(ctx, b)
			mu.Lock()
			defer mu.Unlock()
			for _, f := range b.Finish {
				for _, t := range tenants[f.Token+"\x00"+f.Group] {
					if t != b.Tenant && err == nil {
						_ = good.Commit(ctx, &store.Batch{Tenant: t, Shard: store.Shard(t), Finish: []store.Finish{{Group: f.Group, Token: f.Token, Hold: f.Hold}}})
					}
				}
			}
			return err
		}
	}},
	{name: "keeps the ends of leases in milliseconds", rule: 36, found: "Leases/EndToTheMicrosecond", spoil: until(func(t time.Time) time.Time {
		return t.Truncate(time.Millisecond)
	})},
	{name: "keeps the ends of holds in seconds", rule: 38, found: "Leases/EndToTheMicrosecond", spoil: finishes(func(f *store.Finish, _ string) {
		f.Hold = f.Hold.Truncate(time.Second)
	})},
	{name: "keeps a group closed at the end of its hold", rule: 38, found: "Leases/EndToTheMicrosecond", spoil: finishes(func(f *store.Finish, _ string) {
		if !f.Hold.IsZero() {
			f.Hold = f.Hold.Add(micro)
		}
	})},
	{name: "only prolongs a lease", rule: 38, found: "Leases/HoldsForLess", spoil: remembers(nothingToSee, func(f *store.Finish, l known, _ time.Time) {
		if !f.Hold.IsZero() && l.until.After(f.Hold) {
			f.Hold = l.until
		}
	})},
	{name: "takes a hold that is over for none", rule: 38, found: "Leases/HoldsForLess", spoil: remembers(nothingToSee, func(f *store.Finish, l known, now time.Time) {
		if !f.Hold.After(now) {
			f.Hold = time.Time{}
		}
	})},
	{name: "forgets leases that have ended", rule: 38, found: "Leases/HeldUntilReplaced", spoil: remembers(func(q *store.JobQuery, leases map[string]known) {
		for group, l := range leases {
			if !l.until.After(q.Now) {
				delete(leases, group)
			}
		}
	}, func(f *store.Finish, l known, _ time.Time) {
		if l.token != f.Token {
			f.Token = "\x01"
		}
	})},
	{name: "takes a lease that has ended for lost", rule: 38, found: "Leases/HeldUntilReplaced", spoil: remembers(nothingToSee, func(f *store.Finish, l known, now time.Time) {
		if !l.until.After(now) {
			f.Token = "\x01"
		}
	})},
	{name: "forgets the lease of a group without jobs", rule: 35, found: "Leases/LeasedIsNobodyElses", spoil: func(l *liar, good store.Store) {
		jobs := map[string]map[string]bool{}
		watched(func(b *store.Batch, holders map[string]string) {
			for _, f := range slices.Clone(b.Finish) {
				had := len(jobs[f.Group])
				for _, id := range f.Jobs {
					delete(jobs[f.Group], id)
				}
				if had > 0 && len(jobs[f.Group]) == 0 && f.Token != holders[f.Group] {
					b.Finish = append(b.Finish, store.Finish{Group: f.Group, Token: holders[f.Group]})
				}
			}
			for _, j := range b.Queue {
				if jobs[j.Group] == nil {
					jobs[j.Group] = map[string]bool{}
				}
				jobs[j.Group][j.ID] = true
			}
		})(l, good)
	}},
	{name: "gives a call what it had before another leased it", rule: 35, found: "Leases/CallMadeAgain", spoil: func(l *liar, good store.Store) {
		var mu sync.Mutex
		had, holders := map[string][]store.Lease{}, map[string]string{}
		l.jobs = func(ctx context.Context, q store.JobQuery) ([]store.Lease, error) {
			mu.Lock()
			defer mu.Unlock()
			for _, x := range had[q.Token] {
				x.Token = holders[x.Tenant+"\x00"+x.Group]
				open(good, []store.Lease{x})
			}
			leases, err := good.Jobs(ctx, q)
			for _, x := range leases {
				holders[x.Tenant+"\x00"+x.Group] = x.Token
			}
			had[q.Token] = append(had[q.Token], leases...)
			return leases, err
		}
	}},
	{name: "does not find again what another call has moved out of its way", rule: 36, found: "Leases/CallMadeAgain", spoil: func(l *liar, good store.Store) {
		var mu sync.Mutex
		made, last := map[string]bool{}, ""
		l.jobs = func(ctx context.Context, q store.JobQuery) ([]store.Lease, error) {
			mu.Lock()
			defer mu.Unlock()
			call := q.Tenant + "\x00" + q.Token
			moved := made[call] && last != call
			made[call], last = true, call
			if moved {
				return nil, ctx.Err()
			}
			return good.Jobs(ctx, q)
		}
	}},
	{name: "leases others to a call that is made again", rule: 36, found: "Leases/CallMadeAgain", spoil: func(l *liar, good store.Store) {
		var mu sync.Mutex
		had := map[string][]store.Lease{}
		l.jobs = func(ctx context.Context, q store.JobQuery) ([]store.Lease, error) {
			mu.Lock()
			defer mu.Unlock()
			again, call := q, q.Tenant+"\x00"+q.Token
			again.Token += "\x01"
			again.Group = ""
			if len(had[call]) == 0 || q.Group != "" {
				leases, err := good.Jobs(ctx, q)
				had[call] = leases
				return leases, err
			}
			others, err := good.Jobs(ctx, again)
			if err != nil || len(others) < len(had[call]) { // nothing else to do
				open(good, others)
				return good.Jobs(ctx, q)
			}
			open(good, had[call])
			had[call] = others
			for i := range others {
				others[i].Token = q.Token
			}
			return others, nil
		}
	}},
	{name: "takes no token for that of an open group", rule: 38, found: "Leases/FinishWithoutLease", spoil: holdsFor(func(f *store.Finish, _ string, _ bool) bool { return f.Token == "" })},
	{name: "holds a group that nobody has leased", rule: 38, found: "Leases/FinishWithoutLease", spoil: holdsFor(func(f *store.Finish, holder string, _ bool) bool { return holder == "" })},
	{name: "closes a group again for who has opened it", rule: 38, found: "Leases/FinishWithoutLease", spoil: holdsFor(func(_ *store.Finish, _ string, opened bool) bool { return opened })},
	{name: "folds the case of tokens", rule: 38, found: "Leases/FinishWithoutLease", spoil: finishes(func(f *store.Finish, holder string) {
		if strings.EqualFold(f.Token, holder) {
			f.Token = holder
		}
	})},
	{name: "drops the first thousand jobs", rule: 37, found: "Leases/FinishDrops", spoil: finishes(func(f *store.Finish, _ string) { f.Jobs = f.Jobs[:min(len(f.Jobs), 1000)] })},
	{name: "drops only jobs of the group that is finished", rule: 37, found: "Leases/FinishDrops", spoil: func(l *liar, good store.Store) {
		var mu sync.Mutex
		groups := map[string]string{}
		batches(func(b *store.Batch) {
			mu.Lock()
			defer mu.Unlock()
			for i := range b.Finish {
				f := &b.Finish[i]
				f.Jobs = slices.DeleteFunc(slices.Clone(f.Jobs), func(id string) bool { return groups[b.Tenant+"\x00"+id] != f.Group })
			}
			for _, f := range b.Finish {
				for _, id := range f.Jobs {
					delete(groups, b.Tenant+"\x00"+id)
				}
			}
			for _, j := range b.Queue {
				if id := b.Tenant + "\x00" + j.ID; groups[id] == "" {
					groups[id] = j.Group
				}
			}
		})(l, good)
	}},
	{name: "leases outside the host's transaction", rule: 43, found: "Tx/RollbackLeavesNothing", tx: func(s store.Store) (store.Store, func() error, func() error) {
		bound, commit, rollback := beginTx(s)
		return &liar{Store: bound, jobs: s.Jobs}, commit, rollback
	}},
}
