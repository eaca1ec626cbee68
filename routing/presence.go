package routing

import "time"

// Presence is whether an agent is there to answer.
type Presence string

// The presences.
const (
	Online  Presence = "online"
	Away    Presence = "away"
	Offline Presence = "offline" // also the empty one
)

// DefaultIdle is after how long without an action an agent counts as away.
const DefaultIdle = 10 * time.Minute

// Activity is what is known of an agent's doings. The zero value is offline.
type Activity struct {
	SignedIn bool      // has signed in, and neither signed out nor lost the connection
	Away     bool      // has set himself away, which no action ends
	Acted    time.Time // last did anything, signing in included
}

// Presence returns the agent's presence, and when it changes if nothing happens until then: zero if it does not. An agent who has done
// nothing for as long as idle is away; idle 0 stands for DefaultIdle, and a negative one for never.
func (a Activity) Presence(now time.Time, idle time.Duration) (Presence, time.Time) {
	if idle == 0 {
		idle = DefaultIdle
	}
	switch {
	case !a.SignedIn:
		return Offline, time.Time{}
	case a.Away:
		return Away, time.Time{}
	case idle < 0:
		return Online, time.Time{}
	}
	until := a.Acted.Add(idle)
	if until.After(now) {
		return Online, until
	}
	return Away, time.Time{}
}
