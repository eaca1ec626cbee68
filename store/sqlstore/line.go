package sqlstore

import (
	"sync"
	"time"
)

const (
	// maxGroup is how many calls are made as one. Beyond 64 nothing is gained but waiting.
	maxGroup = 64

	// fullGroup is how many calls of a tenant wait before another lane is opened for them.
	fullGroup = 32

	// patience is how long a lane is waited for that the database holds up, as it does for a row that a host's transaction has changed.
	patience = 250 * time.Millisecond

	// maxHeld is how many lanes that are held up are passed by at a time: each has a connection.
	maxHeld = 8
)

// line is where calls wait for a lane. A tenant that has none gets one at once, if one is free. Otherwise its calls wait until they are many or its
// lane is free again, and are then made together: a few large groups that take turns cost the database much less than many small ones, and wait
// for the disk less often. Behind a lane that is held up nobody waits for longer than patience: another takes its place.
type line[W any] struct {
	lanes  int  // calls at the same time, without those that are held up
	passes bool // those that are held up are passed by
	tenant func(W) string
	choose func(waiting []W) (taken, left []W) // takes from the line those whose calls are made together
	do     func([]W)                           // makes them

	mu      sync.Mutex
	busy    int
	of      map[string]int // lanes of a tenant
	held    int            // lanes whose place another has taken
	waiting []W
}

// turn is one call, or group of them, on a lane.
type turn struct {
	timer         *time.Timer
	ended, passed bool
}

// enter takes a lane, or a place in the line, for which it returns nil.
func (l *line[W]) enter(w W) *turn {
	tenant := l.tenant(w)
	free, another := l.queue(w, tenant)
	if another {
		l.serve(tenant) // a group of those who wait
	}
	if !free {
		return nil
	}
	return l.begin(tenant)
}

// begin has the lane passed by if it is held up.
func (l *line[W]) begin(tenant string) *turn {
	n := &turn{}
	if l.passes {
		l.mu.Lock()
		defer l.mu.Unlock()
		n.timer = time.AfterFunc(patience, func() { l.pass(tenant, n) })
	}
	return n
}

// pass gives the place of a lane that is held up to who waits, now or when there are fewer of them.
func (l *line[W]) pass(tenant string, n *turn) {
	l.mu.Lock()
	n.passed = !n.ended && l.held < maxHeld
	switch {
	case n.passed:
		l.held++
	case !n.ended:
		n.timer.Reset(patience)
	}
	pass := n.passed
	l.mu.Unlock()
	if pass {
		l.serve(tenant)
	}
}

// end reports whether the lane is still that of the turn: nobody has passed it by.
func (l *line[W]) end(n *turn) bool {
	if n.timer == nil {
		return true
	}
	n.timer.Stop()
	l.mu.Lock()
	defer l.mu.Unlock()
	if n.ended = true; n.passed {
		l.held--
	}
	return !n.passed
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

// leave ends a turn. Its caller has his answer and does not wait for those who came meanwhile.
func (l *line[W]) leave(tenant string, n *turn) {
	if l.end(n) {
		l.serve(tenant)
	}
}

// serve gives up the tenant's lane, or serves those who came meanwhile before that, for as long as somebody waits.
func (l *line[W]) serve(tenant string) {
	next := l.next(&tenant)
	if len(next) == 0 {
		return
	}
	go func() {
		for ; len(next) > 0; next = l.next(&tenant) {
			n := l.begin(tenant)
			l.do(next)
			if !l.end(n) {
				return
			}
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
