package channel

import "time"

// Window says how long, and how often, one may answer freely after the customer's last message. It counts from the provider's time of
// that message. The zero Window is always open.
type Window struct {
	Free     time.Duration // anybody may answer; 0 with no Quotas: always
	Human    time.Duration // a person may answer so long, with HumanTag after Free; 0: as Free
	HumanTag string        // what the platform wants named between Free and Human
	Quotas   []Quota       // at most so many answers; all must have room
}

// Quota allows Count answers within a time after the customer's last message.
type Quota struct {
	Count  int
	Within time.Duration
}

// Access is what a window allows at a moment.
type Access struct {
	Open      bool
	Unlimited bool          // the channel has no window
	Remaining time.Duration // until it closes; 0 when closed or unlimited
	Answers   int           // answers left in the narrowest quota, 0 when closed; -1 without quotas
	Tag       string        // to be named when sending now
}

// Access returns what the window allows at now, for a person or an automation, after the customer wrote at last (zero: never) and was
// answered at the times in answers. A time of the last message that lies ahead of now, by the provider's clock, counts as now.
func (w Window) Access(last, now time.Time, human bool, answers []time.Time) Access {
	if w.Free == 0 && len(w.Quotas) == 0 {
		return Access{Open: true, Unlimited: true, Answers: -1}
	}
	closed := Access{Answers: -1}
	if len(w.Quotas) > 0 {
		closed.Answers = 0
	}
	if last.IsZero() {
		return closed
	}
	elapsed := max(0, now.Sub(last))
	remaining, left := w.remaining(elapsed, human), w.left(last, answers)
	if remaining <= 0 || left == 0 {
		return closed
	}
	a := Access{Open: true, Remaining: remaining, Answers: left}
	if human && w.Free > 0 && elapsed >= w.Free {
		a.Tag = w.HumanTag
	}
	return a
}

// remaining is the shortest time left of the window and its quotas. A quota that has run out of time closes the window as one that has
// run out of answers does.
func (w Window) remaining(elapsed time.Duration, human bool) time.Duration {
	length := w.Free
	if human && w.Human > w.Free {
		length = w.Human
	}
	for _, q := range w.Quotas {
		if w.Free == 0 && length == 0 || q.Within < length {
			length = q.Within
		}
	}
	return length - elapsed
}

// left is how many answers the narrowest quota still has, -1 without quotas. Answers before the customer's last message do not count.
func (w Window) left(last time.Time, answers []time.Time) int {
	if len(w.Quotas) == 0 {
		return -1
	}
	used := 0
	for _, at := range answers {
		if !at.Before(last) {
			used++
		}
	}
	left := w.Quotas[0].Count
	for _, q := range w.Quotas {
		left = min(left, q.Count)
	}
	return max(0, left-used)
}
