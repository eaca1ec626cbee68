package conversation

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Somebody waits since the first customer message after the last answer that reached him.
func TestWaitingSince(t *testing.T) {
	beep := Reply{Message: Message{Text: "beep"}, Thread: mainThread}
	none := time.Time{}
	for _, tc := range []struct {
		name string
		life func(l *life) time.Time
	}{
		{"nobody has written", func(l *life) time.Time { l.reply(ann, "r"); return none }},
		{"the first message counts", func(l *life) time.Time { a := l.receive("a"); l.receive("b"); return a.At }},
		{"an answer ends it", func(l *life) time.Time { l.receive("a"); l.reply(ann, "r"); return none }},
		{"the first message after the answer", func(l *life) time.Time { l.receive("a"); l.reply(ann, "r"); return l.receive("b").At }},
		{"an answer from the phone ends it", func(l *life) time.Time {
			l.receive("a")
			l.do(system, Echo{Message: Message{Text: "e"}, Thread: mainThread})
			return none
		}},
		{"a bot does not", func(l *life) time.Time {
			a := l.receive("a")
			l.do(ann, SetStatus{Closed})
			l.do(bot, beep)
			return a.At
		}},
		{"a whisper does not", func(l *life) time.Time {
			a := l.receive("a")
			l.do(ann, Whispering{Message: Message{Text: "w"}})
			return a.At
		}},
		{"automatic mail begins none", func(l *life) time.Time {
			l.do(customer, Receive{Message: Message{Automatic: true}, Thread: mainThread})
			return none
		}},
		{"a failed answer is none", func(l *life) time.Time { a := l.receive("a"); l.fail(l.reply(ann, "r")); return a.At }},
		{"a failed answer, with a message after it", func(l *life) time.Time {
			a := l.receive("a")
			r := l.reply(ann, "r")
			l.receive("b")
			l.fail(r)
			return a.At
		}},
		{"an answer after the failed one", func(l *life) time.Time {
			l.receive("a")
			l.fail(l.reply(ann, "r"))
			l.reply(ann, "s")
			return none
		}},
		{"both answers failed, in either order", func(l *life) time.Time {
			a := l.receive("a")
			r, s := l.reply(ann, "r"), l.reply(ann, "s")
			l.fail(s)
			l.fail(r)
			return a.At
		}},
		{"a bot's failed message changes nothing", func(l *life) time.Time {
			l.receive("a")
			l.reply(ann, "r")
			l.do(ann, SetStatus{Closed})
			l.fail(l.reply(bot, "beep"))
			return none
		}},
		{"retried", func(l *life) time.Time {
			l.receive("a")
			r := l.reply(ann, "r")
			l.fail(r)
			l.settle(r, Queued, EventRetried)
			return none
		}},
		{"retried and failed again", func(l *life) time.Time {
			a := l.receive("a")
			r := l.reply(ann, "r")
			l.fail(r)
			l.settle(r, Queued, EventRetried)
			l.fail(r)
			return a.At
		}},
		{"delivered after all", func(l *life) time.Time {
			l.receive("a")
			r := l.reply(ann, "r")
			l.fail(r)
			l.settle(r, Delivered, EventDelivery)
			return none
		}},
		{"dismissed: still no answer", func(l *life) time.Time {
			a := l.receive("a")
			r := l.reply(ann, "r")
			l.fail(r)
			l.settle(r, Failed, EventDismissed)
			return a.At
		}},
		{"the message is unsent", func(l *life) time.Time { l.do(customer, l.unsend(l.receive("a"))); return none }},
		{"the first of two is unsent", func(l *life) time.Time {
			a, b := l.receive("a"), l.receive("b")
			l.do(customer, l.unsend(a))
			return b.At
		}},
		{"the second of two is unsent", func(l *life) time.Time {
			a, b := l.receive("a"), l.receive("b")
			l.do(customer, l.unsend(b))
			return a.At
		}},
		{"one long answered is unsent", func(l *life) time.Time {
			a := l.receive("a")
			l.reply(ann, "r")
			b := l.receive("b")
			l.do(customer, l.unsend(a))
			return b.At
		}},
		{"two in the same second, the second unsent", func(l *life) time.Time {
			at := l.now
			in := func(text string) *Message {
				l.do(customer, Receive{Message: Message{Text: text, At: at}, Thread: mainThread})
				return l.find(text)
			}
			in("a")
			l.do(ann, Whispering{Message: Message{Text: "w"}})
			l.do(customer, l.unsend(in("b")))
			return at
		}},
		{"late: the order of arrival counts", func(l *life) time.Time {
			a := l.receive("a")
			l.do(customer, Receive{Message: Message{Text: "late", At: a.At.Add(-time.Hour)}, Thread: mainThread})
			require.Equal(l.tb, a.At, l.c.WaitingSince)
			l.do(customer, l.unsend(a))
			return a.At.Add(-time.Hour)
		}},
		{"the answer is unsent", func(l *life) time.Time {
			a := l.receive("a")
			l.do(ann, l.unsend(l.reply(ann, "r")))
			return a.At
		}},
		{"the answer is unsent, with a message after it", func(l *life) time.Time {
			a, r := l.receive("a"), l.reply(ann, "r")
			l.receive("b")
			l.do(ann, l.unsend(r))
			return a.At
		}},
		{"one of two answers is unsent", func(l *life) time.Time {
			l.receive("a")
			r := l.reply(ann, "r")
			l.reply(ann, "s")
			l.do(ann, l.unsend(r))
			return none
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := begin(t, Rules{})
			want := tc.life(l)
			assert.Equal(t, want, l.c.WaitingSince)
		})
	}
}

// A message that was delivered after all does not answer what was written after it.
func TestWaitingSinceOutlastsOldAnswers(t *testing.T) {
	l := begin(t, Rules{})
	a := l.receive("a")
	r := l.reply(ann, "r")
	l.fail(r)
	l.receive("b")
	l.settle(r, Delivered, EventDelivery)
	assert.Equal(t, a.At, l.c.WaitingSince, "somebody waits; the header does not know better since when")
}

func (l *life) fail(m *Message) {
	l.tb.Helper()
	m.Delivery, m.Failure = Failed, &Failure{Class: "recipient"}
	l.do(system, Fail{Message: m})
}

func (l *life) settle(m *Message, to Delivery, event string) *Change {
	l.tb.Helper()
	m.Delivery = to
	return l.do(ann, Settle{Message: m, Event: event})
}

func TestFailedCount(t *testing.T) {
	l := begin(t, Rules{})
	l.receive("a")
	l.do(ann, Assign{Agent: "ann"})
	r, s := l.reply(ann, "r"), l.reply(ann, "s")
	l.do(ann, Complete{})
	before := l.c.Attention
	l.fail(r)
	assert.Equal(t, "assigned", standing(&l.c), "it opens and keeps its agent")
	assert.Equal(t, before, l.c.Attention, "nothing becomes unread")
	assert.Equal(t, []string{"ben", "zoe"}, unread(&l.c), "nor for whom it was read")
	l.fail(s)
	assert.Equal(t, 2, l.c.Failed)
	change := l.settle(r, Queued, EventRetried)
	assert.Equal(t, 1, l.c.Failed)
	assert.Equal(t, "failed>queued", change.Events[0].From+">"+change.Events[0].To)
	l.settle(s, Failed, EventDismissed)
	l.settle(s, Failed, EventDismissed)
	assert.Equal(t, 0, l.c.Failed, "never below none")

	m := &Message{ID: "x", Delivery: Failed}
	change = l.do(system, Fail{Message: m})
	assert.Empty(t, change.Events[0].To, "without a reason there is no class")
	m.Failure = &Failure{Class: "content", Detail: "the provider's words"}
	change = l.do(system, Fail{Message: m})
	assert.Equal(t, "content", change.Events[0].To)
	assert.Equal(t, "x", change.Events[0].Message)
}

// The header's waiting-since is compared with one that is found by walking the whole timeline.
func TestWaitingSinceMatchesTheTimeline(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 5))
		l := begin(t, Rules{})
		for range 50 {
			randomWaiting(l, r)
			want := time.Time{}
			for _, m := range l.timeline {
				switch {
				case m.Direction == Inbound && !m.Automatic && m.Erased.IsZero() && want.IsZero():
					want = m.At
				case m.Direction == Outbound && m.Delivery != Failed && (m.Echo || m.Author.Kind == ByAgent):
					want = time.Time{}
				}
			}
			require.Equal(t, want, l.c.WaitingSince, "seed %d", seed)
		}
	}
}

func randomWaiting(l *life, r *rand.Rand) {
	last := func(d Direction) *Message {
		for i := len(l.timeline) - 1; i >= 0; i-- {
			if m := l.timeline[i]; m.Direction == d && m.Author.Kind != ByAutomation {
				return m
			}
		}
		return &Message{Erased: start}
	}
	switch r.IntN(9) {
	case 0, 1, 2:
		at := l.now.Truncate(10 * time.Minute) // Many have the same.
		l.do(customer, Receive{Message: Message{Text: "hi", At: at, Automatic: r.IntN(5) == 0}, Thread: mainThread})
	case 3:
		l.do(ann, Reply{Message: Message{Text: "hello"}, Thread: mainThread})
	case 4:
		l.do(system, Echo{Message: Message{Text: "e"}, Thread: mainThread})
	case 5:
		l.do(ann, Whispering{Message: Message{Text: "w"}})
	case 6:
		// The latest answer fails, unless what it answered is gone.
		m := last(Outbound)
		for _, o := range l.timeline {
			if o.Direction == Inbound && !o.Erased.IsZero() && o.At.Equal(m.Waiting) {
				return
			}
		}
		if m.Delivery == Queued {
			l.fail(m)
		}
	case 7:
		if m := last(Outbound); m.Delivery == Failed && last(Inbound).Sequence < m.Sequence {
			l.settle(m, Delivered, EventDelivery)
		}
	default:
		if i := r.IntN(len(l.timeline) + 1); i < len(l.timeline) && l.timeline[i].Direction == Inbound {
			l.do(customer, l.unsend(l.timeline[i]))
		}
	}
}
