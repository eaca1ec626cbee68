package sqlstore

import "sync"

// maxGroup is how many calls are made as one. Beyond 64 nothing is gained but waiting.
const maxGroup = 64

// line is where calls wait when as many as there are lanes are under way. Those that wait together can be made together.
type line[W any] struct {
	mu      sync.Mutex
	lanes   int // calls at the same time
	busy    int
	waiting []W
}

// enter takes a lane, or a place in the line.
func (l *line[W]) enter(w W) (free bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.busy < l.lanes {
		l.busy++
		return true
	}
	l.waiting = append(l.waiting, w)
	return false
}

// leave gives up a lane, or serves those who came meanwhile before that, for as long as somebody waits: choose takes from the line those whose calls are
// made together, and do makes them.
func (l *line[W]) leave(choose func(waiting []W) (taken, left []W), do func([]W)) {
	next := l.next(choose)
	if len(next) == 0 {
		return
	}
	go func() { // the caller has his answer
		for ; len(next) > 0; next = l.next(choose) {
			do(next)
		}
	}()
}

func (l *line[W]) next(choose func(waiting []W) (taken, left []W)) (taken []W) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if taken, l.waiting = choose(l.waiting); len(taken) == 0 {
		l.busy--
	}
	return taken
}
