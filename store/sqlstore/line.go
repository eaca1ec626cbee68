package sqlstore

import "sync"

const (
	// maxGroup is how many calls are made as one. Beyond 64 nothing is gained but waiting.
	maxGroup = 64

	// fullGroup is how many calls of a tenant wait before another lane is opened for them.
	fullGroup = 32
)

// line is where calls wait for a lane. A tenant that has none gets one at once, if one is free. Otherwise its calls wait until they are many or its
// lane is free again, and are then made together: a few large groups that take turns cost the database much less than many small ones, and wait
// for the disk less often.
type line[W any] struct {
	lanes  int // calls at the same time
	tenant func(W) string
	choose func(waiting []W) (taken, left []W) // takes from the line those whose calls are made together
	do     func([]W)                           // makes them

	mu      sync.Mutex
	busy    int
	of      map[string]int // lanes of a tenant
	waiting []W
}

// enter takes a lane, or a place in the line.
func (l *line[W]) enter(w W) (free bool) {
	tenant := l.tenant(w)
	free, another := l.queue(w, tenant)
	if another {
		l.leave(tenant) // to a group of those who wait
	}
	return free
}

// queue takes a lane for a call, or lets it wait and perhaps takes another for all who do.
func (l *line[W]) queue(w W, tenant string) (free, another bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.busy < l.lanes && l.of[tenant] == 0 {
		l.open(tenant)
		return true, false
	}
	l.waiting = append(l.waiting, w)
	if l.busy == l.lanes || !l.many(tenant) {
		return false, false
	}
	l.open(tenant)
	return false, true
}

func (l *line[W]) open(tenant string) {
	if l.of == nil {
		l.of = map[string]int{}
	}
	l.busy++
	l.of[tenant]++
}

// many reports whether a full group of the tenant waits.
func (l *line[W]) many(tenant string) bool {
	if len(l.waiting) < fullGroup {
		return false
	}
	n := 0
	for _, w := range l.waiting {
		if l.tenant(w) == tenant {
			n++
		}
	}
	return n >= fullGroup
}

// leave gives up the tenant's lane, or serves those who came meanwhile before that, for as long as somebody waits. Its caller has his answer and does
// not wait for them.
func (l *line[W]) leave(tenant string) {
	next := l.next(&tenant)
	if len(next) == 0 {
		return
	}
	go func() {
		for ; len(next) > 0; next = l.next(&tenant) {
			l.do(next)
		}
	}()
}

// next takes the next group for the lane, which is then its tenant's. Without one the lane is given up.
func (l *line[W]) next(tenant *string) (taken []W) {
	l.mu.Lock()
	defer l.mu.Unlock()
	taken, l.waiting = l.choose(l.waiting)
	if l.of[*tenant]--; l.of[*tenant] == 0 {
		delete(l.of, *tenant)
	}
	if len(taken) == 0 {
		l.busy--
		return nil
	}
	*tenant = l.tenant(taken[0])
	l.of[*tenant]++
	return taken
}
