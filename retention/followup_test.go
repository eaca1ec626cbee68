package retention_test

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/retention"
)

// T6: 1 minute to 24 hours.
func TestFollowUpBounds(t *testing.T) {
	for d, ok := range map[time.Duration]bool{0: true, time.Minute: true, 24 * time.Hour: true, time.Minute - 1: false, 24*time.Hour + 1: false, -time.Minute: false} {
		for field, f := range map[string]retention.FollowUp{"Remind": {Remind: d}, "Close": {Close: d}} {
			err := f.Validate()
			if ok {
				assert.NoError(t, err, "%s %s", field, d)
				continue
			}
			require.ErrorIs(t, err, retention.ErrBound)
			var bound *retention.BoundError
			require.True(t, errors.As(err, &bound))
			assert.Equal(t, retention.BoundError{Field: field, Got: d, Min: time.Minute, Max: 24 * time.Hour}, *bound)
			assert.Contains(t, err.Error(), "allowed are 1m0s to 24h0m0s")
		}
	}
}

func TestFollowUpNext(t *testing.T) {
	both := retention.FollowUp{Remind: 10 * time.Minute, Close: time.Hour}
	in := func(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }
	remind := retention.Step{Action: retention.Remind, At: in(10)}
	closes := retention.Step{Action: retention.Close, At: in(60)}
	answered := retention.Answer{At: noon}
	open := conversation.Conversation{Place: conversation.Inbox, Status: conversation.Open}
	with := func(change func(*conversation.Conversation)) conversation.Conversation {
		c := open.Clone()
		change(&c)
		return c
	}
	for _, tt := range []struct {
		name string
		rule retention.FollowUp
		c    conversation.Conversation
		last retention.Answer
		now  time.Time
		want retention.Step
	}{
		{"just answered", both, open, answered, noon, remind},
		{"late, but before closing", both, open, answered, in(59), remind},
		{"reminded", both, open, retention.Answer{At: noon, Reminded: in(10)}, in(10), closes},
		{"reminded about an earlier answer", both, open, retention.Answer{At: noon, Reminded: in(-1)}, noon, remind},
		{"after a standstill", both, open, answered, in(60), closes},
		{"assigned", both, with(func(c *conversation.Conversation) { c.Agent = "a" }), answered, noon, remind},
		{"of a team", both, with(func(c *conversation.Conversation) { c.Team = "t" }), answered, noon, remind},
		{"only reminds", retention.FollowUp{Remind: 10 * time.Minute}, open, answered, noon, remind},
		{"reminds once", retention.FollowUp{Remind: 10 * time.Minute}, open, retention.Answer{At: noon, Reminded: in(10)}, in(99), retention.Step{}},
		{"only closes", retention.FollowUp{Close: time.Hour}, open, answered, noon, closes},
		{"closing comes first", retention.FollowUp{Remind: 2 * time.Hour, Close: time.Hour}, open, answered, noon, closes},
		{"both at once", retention.FollowUp{Remind: time.Hour, Close: time.Hour}, open, answered, noon, closes},
		{"off", retention.FollowUp{}, open, answered, in(99), retention.Step{}},
		{"out of bounds", retention.FollowUp{Remind: time.Second, Close: time.Hour}, open, answered, in(99), retention.Step{}},
		{"paused", both, open, retention.Answer{At: noon, Paused: true}, in(99), retention.Step{}},
		{"never answered", both, open, retention.Answer{}, in(99), retention.Step{}},
		{"the customer wrote", both, with(func(c *conversation.Conversation) { c.WaitingSince = in(5) }), answered, in(99), retention.Step{}},
		{"the answer failed", both, with(func(c *conversation.Conversation) { c.WaitingSince = in(-5) }), answered, in(99), retention.Step{}},
		{"closed", both, with(func(c *conversation.Conversation) { c.Status = conversation.Closed }), answered, in(99), retention.Step{}},
		{"snoozed", both, with(func(c *conversation.Conversation) { c.Snoozed = in(500) }), answered, in(99), retention.Step{}},
		{"archived", both, with(func(c *conversation.Conversation) { c.Place = conversation.Archive }), answered, in(99), retention.Step{}},
		{"spam", both, with(func(c *conversation.Conversation) { c.Place = conversation.Spam }), answered, in(99), retention.Step{}},
		{"trash", both, with(func(c *conversation.Conversation) { c.Place = conversation.Trash }), answered, in(99), retention.Step{}},
	} {
		assert.Equal(t, tt.want, tt.rule.Next(&tt.c, tt.last, tt.now), tt.name)
	}
}

// A conversation lived through minute by minute: each answer is followed up once at the most, closing comes the delay after the last
// answer to the minute, and neither comes while a customer waits or a pause lasts.
func TestFollowUpLivedThrough(t *testing.T) {
	reminders, closings := 0, 0
	for seed := range uint64(2_000) {
		r := rand.New(rand.NewPCG(seed, 3))
		rule := retention.FollowUp{Remind: time.Duration(r.IntN(30)) * time.Minute, Close: time.Duration(r.IntN(60)) * time.Minute}
		c := conversation.Conversation{Place: conversation.Inbox, Status: conversation.Open}
		var last retention.Answer
		reminded := false // about the last answer
		for m := range 240 {
			now := noon.Add(time.Duration(m) * time.Minute)
			switch r.IntN(40) {
			case 0:
				c.WaitingSince = now
			case 1:
				c.WaitingSince, last.At, reminded = time.Time{}, now, false
			case 2:
				last.Paused = !last.Paused
			}
			step := rule.Next(&c, last, now)
			if !step.Due(now) {
				require.True(t, step.Action == retention.Nothing || step.At.After(now))
				continue
			}
			require.True(t, c.WaitingSince.IsZero() && !last.Paused && !last.At.IsZero(), "seed %d", seed)
			if step.Action == retention.Remind {
				require.False(t, reminded, "seed %d: twice", seed)
				require.GreaterOrEqual(t, now.Sub(last.At), rule.Remind)
				last.Reminded, reminded = now, true
				reminders++
				continue
			}
			require.Equal(t, retention.Close, step.Action)
			require.Equal(t, last.At.Add(rule.Close), step.At)
			require.GreaterOrEqual(t, now.Sub(last.At), rule.Close)
			closings++
			c.Status = conversation.Closed
		}
	}
	require.Greater(t, reminders, 500)
	require.Greater(t, closings, 500)
}
