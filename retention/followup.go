package retention

import (
	"time"

	"github.com/frontdesk-go/frontdesk/conversation"
)

// The delays that a FollowUp allows.
const (
	MinDelay = time.Minute
	MaxDelay = 24 * time.Hour
)

// The actions of a FollowUp.
const (
	Remind Action = "follow-up" // send the follow-up message; the conversation stays as it is
	Close  Action = "close"     // send the closing message and close
)

// FollowUp says how long after an agent's last answer a customer who stays silent is reminded, and the conversation closed. The zero value
// does nothing.
type FollowUp struct {
	Remind time.Duration `json:"remind,omitempty"` // MinDelay to MaxDelay, 0: never
	Close  time.Duration `json:"close,omitempty"`  // MinDelay to MaxDelay, 0: never
}

// Validate returns a *BoundError for the first setting that is out of its bounds.
func (f FollowUp) Validate() error {
	if err := delay("Remind", f.Remind); err != nil {
		return err
	}
	return delay("Close", f.Close)
}

func delay(field string, d time.Duration) error {
	if d != 0 && (d < MinDelay || d > MaxDelay) {
		return &BoundError{Field: field, Got: d, Min: MinDelay, Max: MaxDelay}
	}
	return nil
}

// Answer is what is known of the last answer to a conversation's customer.
type Answer struct {
	At       time.Time // when an agent last answered, through us or not; bots and follow-ups do not count; zero: never
	Reminded time.Time // when the last follow-up was sent; zero: never
	Paused   bool      // follow-ups and closing are paused, for this conversation or its contact
}

// Next returns what happens next if nobody writes. Only a conversation in the inbox whose customer has been answered is followed up or
// closed: a customer's message, and an answer that failed, end it until the next answer. There is one follow-up for an answer, and none
// once closing is due, so that after a standstill nobody is reminded and closed in one breath.
func (f FollowUp) Next(c *conversation.Conversation, last Answer, now time.Time) Step {
	if last.Paused || last.At.IsZero() || !c.WaitingSince.IsZero() || !c.InInbox() || f.Validate() != nil {
		return Step{}
	}
	var closing Step
	if f.Close > 0 {
		closing = Step{Action: Close, At: last.At.Add(f.Close)}
		if c.Activity.After(closing.At) {
			return Step{} // it came back since: by hand, from a snooze, for a message that failed. A person is to see it
		}
	}
	if f.Remind == 0 || !last.Reminded.Before(last.At) || closing.Due(now) || f.Close > 0 && f.Close <= f.Remind {
		return closing
	}
	return Step{Action: Remind, At: last.At.Add(f.Remind)}
}
