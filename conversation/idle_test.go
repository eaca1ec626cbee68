package conversation

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A follow-up is noted whether it was sent or refused, and nothing else is an outcome.
func TestNudge(t *testing.T) {
	for _, outcome := range []string{NudgeSent, NudgeRefused, "", "lost"} {
		for closing, from := range map[bool]string{false: "follow-up", true: "close"} {
			l := begin(t, Rules{})
			l.receive("first")
			change, err := l.try(system, Nudge{Outcome: outcome, Closing: closing})
			if outcome != NudgeSent && outcome != NudgeRefused {
				require.ErrorIs(t, err, ErrValue, "%q", outcome)
				continue
			}
			require.NoError(t, err)
			assert.Equal(t, []string{from, outcome}, []string{change.Events[0].From, change.Events[0].To})
			assert.Equal(t, l.now, l.c.Reminded)
		}
	}
}

func TestPause(t *testing.T) {
	l := begin(t, Rules{})
	for _, tt := range []struct {
		cmd    Pause
		told   string // "" if it changes nothing
		paused bool
	}{{Pause{Off: true}, "", false}, {Pause{}, "paused", true}, {Pause{}, "", true}, {Pause{Off: true}, "resumed", false}} {
		change := l.do(ben, tt.cmd)
		assert.Equal(t, tt.paused, l.c.Paused)
		assert.Equal(t, tt.told != "", change.Changed())
		if change.Changed() {
			assert.Equal(t, tt.told, change.Events[0].To)
		}
	}
}
