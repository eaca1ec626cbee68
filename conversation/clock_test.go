package conversation

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLater(t *testing.T) {
	for _, tc := range []struct {
		name            string
		last, now, want time.Time
	}{
		{"forward", start, start.Add(time.Second), start.Add(time.Second)},
		{"forward by a microsecond", start, start.Add(time.Microsecond), start.Add(time.Microsecond)},
		{"forward by less", start, start.Add(999), start.Add(time.Microsecond)},
		{"the same", start, start, start.Add(time.Microsecond)},
		{"back", start, start.Add(-time.Hour), start.Add(time.Microsecond)},
		{"the first", time.Time{}, start, start},
		{"another zone and nanoseconds", start, start.Add(time.Hour + 1999).In(time.FixedZone("", 7200)), start.Add(time.Hour + time.Microsecond)},
	} {
		assert.Equal(t, tc.want, Later(tc.last, tc.now), tc.name)
	}
}

// Whatever the clocks of several processes do, Changed and Activity go forward, stored times ascend and sequences have no gaps. The
// fixture checks that for every change.
func TestTimesNeverGoBack(t *testing.T) {
	commands := func(l *life) []Command {
		return []Command{
			again, Receive{Message: Message{Text: "x", At: l.now.Add(-time.Hour)}, Thread: mainThread},
			Reply{Message: Message{Text: "r"}, Thread: mainThread}, Whispering{Message: Message{Text: "w"}},
			SetStatus{Closed}, SetStatus{Open}, Complete{}, ToArchive{}, ToTrash{}, Restore{}, MarkRead{}, MarkUnread{},
			Snooze{Until: l.now.Add(time.Hour)}, Wake{ByHand: true}, Wake{}, Assign{Agent: "ben"}, Assign{},
			Fail{Message: failed}, l.unsend(l.timeline[len(l.timeline)-1]),
		}
	}
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 6))
		l := begin(t, Rules{})
		l.receive("first")
		for range 60 {
			l.now = l.now.Add(time.Duration(r.Int64N(int64(4*time.Hour))) - 2*time.Hour)
			list := commands(l)
			one, other := list[r.IntN(len(list))], list[r.IntN(len(list)-1)]
			if _, err := l.try(ann, one, other); err != nil {
				require.ErrorIs(t, err, ErrState)
			}
			if l.c.Status == Open {
				require.Zero(t, l.c.ClosedAt)
			} else {
				require.NotZero(t, l.c.ClosedAt)
			}
		}
		seen := map[string]bool{}
		for i, m := range l.timeline {
			require.Equal(t, int64(i+1), m.Sequence)
			require.False(t, seen[m.ID], "an ID is used once")
			seen[m.ID] = true
			require.False(t, m.Changed.Before(m.Stored))
		}
	}
}

// Only messages, returns, reopenings and moves put a conversation on top; the transitions say which. Each does so in the same Apply.
func TestActivityIsTheNewestMove(t *testing.T) {
	l := begin(t, Rules{})
	l.receive("a")
	assert.Equal(t, l.now, l.c.Activity)
	l.do(ann, Assign{Agent: "ann"}, ChangeTags{Add: []string{"x"}}, MarkRead{})
	assert.Equal(t, l.now.Add(-time.Minute), l.c.Activity)
	assert.Equal(t, l.timeline[len(l.timeline)-1].Stored, l.c.Changed)
	l.do(ann, ToArchive{})
	assert.Equal(t, l.now, l.c.Activity)
}
