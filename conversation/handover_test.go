package conversation

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestHolderAndWaits(t *testing.T) {
	asked := start.Add(time.Minute)
	for name, tt := range map[string]struct {
		c      Conversation
		holder string
		waits  bool
	}{
		"waiting":           {c: Conversation{Status: Open, Place: Inbox}, waits: true},
		"team":              {c: Conversation{Status: Open, Place: Inbox, Team: "sales"}, waits: true},
		"assigned":          {c: Conversation{Status: Open, Place: Inbox, Agent: "ann"}, holder: "ann"},
		"team and agent":    {c: Conversation{Status: Open, Place: Inbox, Agent: "ann", Team: "sales"}, holder: "ann"},
		"snoozed":           {c: Conversation{Status: Open, Place: Inbox, Snoozed: start}},
		"snoozed, assigned": {c: Conversation{Status: Open, Place: Inbox, Snoozed: start, Agent: "ann"}, holder: "ann"},
		"closed":            {c: Conversation{Status: Closed, Place: Inbox, Agent: "ann"}},
		"closed, asked":     {c: Conversation{Status: Closed, Place: Inbox, Handover: asked}, waits: true},
		"closed, hers":      {c: Conversation{Status: Closed, Place: Inbox, Agent: "ann", Handover: asked}},
		"archive":           {c: Conversation{Status: Open, Place: Archive, Agent: "ann"}},
		"spam":              {c: Conversation{Status: Open, Place: Spam, Agent: "ann", Handover: asked}},
		"merged":            {c: Conversation{Status: Open, Place: Inbox, Agent: "ann", Into: "c2"}},
		"being erased":      {c: Conversation{Status: Open, Place: Inbox, Erasing: start}},
		"trash":             {c: Conversation{Status: Closed, Place: Trash, Handover: asked}},
	} {
		assert.Equal(t, tt.holder, tt.c.Holder(), name)
		assert.Equal(t, tt.waits, tt.c.Waits(), name)
		assert.False(t, tt.c.Waits() && tt.c.Holder() != "", name)
	}
	c := Conversation{Activity: start}
	assert.Equal(t, start, c.WaitsSince())
	c.WaitingSince = start.Add(-time.Hour)
	assert.Equal(t, start.Add(-time.Hour), c.WaitsSince())
}

func TestHandoverIsAskedOnceUntilClosed(t *testing.T) {
	l := begin(t, Rules{Start: Closed})
	l.receive("first")
	ask := RequestHandover{Availability: "nobody", Release: true}
	change, err := l.try(bot, ask)
	require.NoError(t, err)
	assert.Equal(t, Closed, l.c.Status, "it stays where it is")
	assert.True(t, l.c.Waits())
	require.Len(t, change.Events, 1)
	assert.Equal(t, "nobody", change.Events[0].To)
	change, err = l.try(bot, ask)
	require.NoError(t, err)
	assert.False(t, change.Changed())
	l.do(system, SetStatus{Open}, Assign{Agent: "ann"})
	assert.Equal(t, "ann", l.c.Holder())
	l.do(ann, SetStatus{Closed})
	assert.False(t, l.c.Waits())
	assert.True(t, l.c.Handover.IsZero())
	l.do(bot, ask)
	assert.True(t, l.c.Waits(), "a closed one is taken from its agent")
	assert.Equal(t, "ann", l.c.Prefer)
	l.do(system, Assign{Agent: "ben"})
	assert.Empty(t, l.c.Prefer)
}

// Whatever happens, a conversation takes a slot of one agent at the most, and never waits meanwhile.
func TestSlotsOfRandomLives(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 9))
		l := begin(t, Rules{Release: seed%2 == 0})
		l.receive("first")
		for range 200 {
			l.now = l.now.Add(time.Duration(r.IntN(90)) * time.Minute)
			if _, err := l.try(Actor{Kind: ByAgent, ID: "ann"}, randomCommand(l, r)); err != nil {
				require.ErrorIs(t, err, ErrState)
			}
			open := l.c.Place == Inbox && l.c.Status == Open
			require.Equal(t, open && l.c.Agent != "", l.c.Holder() != "", "seed %d", seed)
			require.Equal(t, open && l.c.Agent == "" && l.c.Snoozed.IsZero(), l.c.Waits(), "seed %d", seed)
		}
	}
}
