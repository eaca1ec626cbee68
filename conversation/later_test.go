package conversation

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLeft(t *testing.T) {
	part := func(d Delivery) []Part { return []Part{{Delivery: d}} }
	for name, tt := range map[string]struct {
		m    Message
		left bool
	}{
		"scheduled":               {Message{Delivery: Scheduled}, false},
		"queued":                  {Message{Delivery: Queued}, false},
		"queued, planned":         {Message{Delivery: Queued, Parts: part(Queued)}, false},
		"refused for now":         {Message{Delivery: Queued, Parts: []Part{{Delivery: Queued, Tries: 1, Failure: &Failure{Class: "retry"}}}}, false},
		"unanswered":              {Message{Delivery: Queued, Parts: []Part{{Delivery: Queued, Tries: 1, Failure: &Failure{Class: "unknown"}}}}, true},
		"a part is out":           {Message{Delivery: Queued, Parts: []Part{{Delivery: Sent}, {Delivery: Queued}}}, true},
		"an earlier try is known": {Message{Delivery: Queued, Parts: []Part{{Delivery: Queued, ProviderID: "p"}}}, true},
		"sent again in doubt":     {Message{Delivery: Queued, Parts: part(Queued), Doubted: true}, true},
		"sending":                 {Message{Delivery: Sending, Parts: part(Sending)}, true},
		"unknown":                 {Message{Delivery: Unknown}, true},
		"failed":                  {Message{Delivery: Failed}, true},
		"cancelled":               {Message{Delivery: Cancelled}, true},
		"no send at all":          {Message{Direction: Inbound}, true},
	} {
		assert.Equal(t, tt.left, tt.m.Left(), name)
	}
}

// No receipt moves what no provider has heard of.
func TestAdvanceOfWhatNeverLeft(t *testing.T) {
	for _, d := range []Delivery{Scheduled, Cancelled} {
		for _, to := range []Delivery{Queued, Sending, Unknown, Sent, Failed, Delivered, Read, Cancelled, Scheduled} {
			assert.Equal(t, d, d.Advance(to))
			assert.Equal(t, to != Scheduled && to != Cancelled, Queued.Advance(to) == to, "and no receipt makes it that: %s", to)
		}
		assert.True(t, d.Valid())
		assert.Equal(t, d == Cancelled, d.Settled())
	}
}

func TestScheduleHoldsItsLimit(t *testing.T) {
	l := begin(t, Rules{})
	l.receive("first")
	due := start.Add(100 * time.Hour)
	for i := range MaxPending {
		l.do(ben, Schedule{ID: string(rune('A' + i)), Due: due, Thread: mainThread})
	}
	_, err := l.try(ben, Schedule{ID: "more", Due: due, Thread: mainThread})
	assert.ErrorIs(t, err, ErrValue)
	change := l.do(ben, Schedule{ID: "more", Due: due, Thread: mainThread, Gone: []string{"A", "B"}})
	assert.Len(t, l.c.Pending, MaxPending-1)
	require.Len(t, change.Events, 1)
	assert.Equal(t, due.Format(time.RFC3339), change.Events[0].To)
	assert.Empty(t, change.Messages, "it has no place yet")
	assert.False(t, l.c.WaitingSince.IsZero(), "the customer still waits")
}

// Cancelling the queued answer puts back what it changed; cancelling a scheduled one only tells it.
func TestCancel(t *testing.T) {
	l := begin(t, Rules{})
	l.receive("first")
	waiting := l.c.WaitingSince
	answer := l.reply(ben, "answer")
	l.do(ben, Whispering{Message: Message{Text: "note"}})
	answer.Delivery = Cancelled
	cmd := Cancel{Message: answer}
	for i := len(l.timeline) - 1; i >= 0; i-- {
		cmd.Timeline = append(cmd.Timeline, *l.timeline[i])
	}
	l.do(ben, cmd)
	assert.Equal(t, waiting, l.c.WaitingSince)
	assert.Equal(t, "note", l.c.Preview)
	th, _ := l.c.Thread(mainThread.Channel, mainThread.Key)
	assert.Empty(t, th.Answers)

	l.do(ben, Schedule{ID: "later", Due: start.Add(100 * time.Hour), Thread: mainThread})
	change := l.do(customer, Cancel{Message: &Message{Direction: Outbound, Delivery: Cancelled, Text: "later"}, By: ByAnswer})
	require.Len(t, change.Messages, 1)
	assert.Equal(t, ByAnswer, change.Events[0].To)
	assert.Equal(t, "note", l.c.Preview, "what was never sent is no latest message")
}

// What is taken back was the latest message and one of several answers: preview and waiting-since become what they were without it.
func TestCancelOneOfTwoAnswers(t *testing.T) {
	cancel := func(l *life, m *Message) {
		m.Delivery = Cancelled
		cmd := Cancel{Message: m}
		for i := len(l.timeline) - 1; i >= 0; i-- {
			cmd.Timeline = append(cmd.Timeline, *l.timeline[i])
		}
		l.do(ben, cmd)
	}
	l := begin(t, Rules{})
	l.receive("a")
	first := l.reply(ben, "first")
	b := l.receive("b")
	second := l.reply(ben, "second")
	third := l.reply(ben, "third")
	cancel(l, third)
	assert.Equal(t, "second", l.c.Preview)
	assert.Zero(t, l.c.WaitingSince, "the second still answers")
	cancel(l, first)
	assert.Equal(t, "second", l.c.Preview)
	assert.Zero(t, l.c.WaitingSince, "so it does what was before")
	th, _ := l.c.Thread(mainThread.Channel, mainThread.Key)
	assert.Equal(t, []time.Time{second.Stored}, th.Answers)
	cancel(l, second)
	assert.Equal(t, "b", l.c.Preview)
	assert.Equal(t, b.At, l.c.WaitingSince, "since what it had answered")

	l = begin(t, Rules{})
	l.receive("a")
	l.reply(ben, "first")
	b = l.receive("b")
	second = l.reply(ben, "second")
	cancel(l, second)
	assert.Equal(t, b.At, l.c.WaitingSince, "an answer before it answers only what was before")
}

// Who takes back an answer that closed its conversation finds it open, as it was before.
func TestCancelOpensWhatTheAnswerClosed(t *testing.T) {
	cancel := func(l *life, by string) {
		m := l.find("answer")
		m.Delivery = Cancelled
		l.do(ben, Cancel{Message: m, By: by, Timeline: []Message{*l.find("first"), *m}})
	}
	together := func(by Actor, then Command) *life {
		l := begin(t, Rules{})
		l.receive("first")
		l.do(by, Reply{Message: Message{Text: "answer"}, Thread: mainThread}, then)
		return l
	}
	for _, then := range []Command{SetStatus{Status: Closed}, Complete{}} {
		l := together(ben, then)
		require.Equal(t, Closed, l.c.Status)
		cancel(l, "")
		assert.Equal(t, Open, l.c.Status)
		assert.False(t, l.c.Finished)
	}
	l := together(ben, SetStatus{Status: Closed})
	cancel(l, ByAnswer)
	assert.Equal(t, Closed, l.c.Status, "the answer itself opens it, or does not")

	l = together(ben, Assign{Agent: ben.ID})
	l.do(ben, SetStatus{Status: Closed})
	cancel(l, "")
	assert.Equal(t, Closed, l.c.Status, "closing it was an act of its own")
	assert.Equal(t, ben.ID, l.c.Agent)
}

// A scheduled message has no place yet, and so none in the preview.
func TestReviseOfAScheduledMessage(t *testing.T) {
	l := begin(t, Rules{})
	l.do(ben, Schedule{ID: "later", Due: start.Add(time.Hour), Thread: mainThread})
	change := l.do(ben, Revise{Message: &Message{ID: "later", Direction: Outbound, Delivery: Scheduled, Text: "later"}})
	assert.Equal(t, []string{EventEdited}, types(change.Events))
	assert.Empty(t, l.c.Preview)
}

func TestReviseShowsInThePreview(t *testing.T) {
	l := begin(t, Rules{})
	l.receive("first")
	m := l.reply(ben, "anwser")
	m.Text = "answer"
	l.do(ben, Revise{Message: m})
	assert.Equal(t, "answer", l.c.Preview)
}
