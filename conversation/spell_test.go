package conversation

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAlertsOncePerSpell(t *testing.T) {
	l := begin(t, Rules{})
	l.receive("first")
	alerts := func(kind string) int { return len(l.do(system, Alerted{Kind: kind}).Events) }
	assert.Equal(t, 1, alerts(AlertUntaken))
	assert.Equal(t, 1, alerts(AlertUnanswered))
	l.receive("second")
	assert.Equal(t, []int{0, 0}, []int{alerts(AlertUntaken), alerts(AlertUnanswered)}, "it is the same spell")
	l.do(ann, Assign{Agent: "ann"})
	l.do(ann, Assign{})
	assert.Equal(t, []int{1, 0}, []int{alerts(AlertUntaken), alerts(AlertUnanswered)}, "given back, still unanswered")
	answer := l.reply(ann, "answer")
	assert.Zero(t, alerts(AlertUnanswered), "nobody waits")
	l.do(system, Fail{Message: answer})
	assert.Zero(t, alerts(AlertUnanswered), "the answer failed: the same spell goes on")
	l.reply(ann, "again")
	l.do(customer, Receive{Message: Message{Text: "third", At: l.c.Unanswered}, Thread: mainThread})
	assert.Equal(t, 1, alerts(AlertUnanswered), "a new spell")
	_, err := l.tryPure(system, Alerted{Kind: "bored"})
	require.ErrorIs(t, err, ErrValue)
}

// The customer takes back what a spell began with: the spell begins later, and is the same.
func TestToldMovesWithTheSpell(t *testing.T) {
	l := begin(t, Rules{})
	first := l.receive("first")
	l.now = l.now.Add(time.Minute)
	l.receive("second")
	l.do(system, Alerted{Kind: AlertUnanswered})
	l.c.Noticed = l.c.WaitingSince
	since := l.c.WaitingSince
	l.do(customer, l.unsend(first))
	require.NotEqual(t, since, l.c.WaitingSince)
	assert.True(t, l.c.Told())
	assert.Empty(t, l.do(system, Alerted{Kind: AlertUnanswered}).Events)
	l.reply(ann, "answer")
	assert.False(t, l.c.Told(), "nobody waits")
	l.now = l.now.Add(time.Hour)
	l.receive("third")
	assert.False(t, l.c.Told())
}

// What was told of a part's spell is not told again where the parts wait on as one.
func TestToldIsMerged(t *testing.T) {
	l := begin(t, Rules{})
	l.receive("first")
	part := another
	part.WaitingSince = l.c.WaitingSince.Add(-time.Hour)
	part.Noticed, part.Unanswered = part.WaitingSince, part.WaitingSince
	l.do(ben, Absorb{Parts: []Conversation{part}})
	require.Equal(t, part.WaitingSince, l.c.WaitingSince)
	assert.True(t, l.c.Told())
	assert.Empty(t, l.do(system, Alerted{Kind: AlertUnanswered}).Events)
}
