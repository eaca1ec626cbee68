package conversation

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// Windows count from the provider's time of the last customer message, however late it is delivered.
func TestWindowTimes(t *testing.T) {
	inbound := func(at time.Time) Receive { return Receive{Message: Message{Text: "x", At: at}, Thread: mainThread} }
	main := func(l *life) Thread {
		th, ok := l.c.Thread("wa", mainThread.Key)
		assert.True(l.tb, ok)
		return th
	}
	t.Run("a message opens the window at its own time", func(t *testing.T) {
		l := begin(t, Rules{})
		l.do(customer, inbound(start.Add(-time.Hour)))
		assert.Equal(t, start.Add(-time.Hour), main(l).LastInbound)
	})
	t.Run("a late one, delivered again, opens none", func(t *testing.T) {
		l := begin(t, Rules{})
		l.do(customer, inbound(start))
		l.reply(ann, "answer")
		before := main(l)
		l.do(customer, inbound(start.Add(-time.Hour)))
		assert.Equal(t, before, main(l), "neither the window nor the answers in it")
		l.do(customer, inbound(start))
		assert.Equal(t, before, main(l), "nor does one of the same time")
	})
	t.Run("a placeholder opens it", func(t *testing.T) {
		l := begin(t, Rules{})
		l.do(customer, Receive{Message: Message{Unsupported: "poll", At: start}, Thread: mainThread})
		assert.Equal(t, start, main(l).LastInbound)
		assert.Equal(t, "[poll]", l.c.Preview)
	})
	t.Run("automatic mail opens none", func(t *testing.T) {
		l := begin(t, Rules{})
		l.do(customer, Receive{Message: Message{At: start, Automatic: true}, Thread: mainThread})
		assert.Zero(t, main(l).LastInbound)
	})
	t.Run("nor does an echo", func(t *testing.T) {
		l := begin(t, Rules{})
		l.do(system, Echo{Message: Message{At: start}, Thread: mainThread})
		assert.Zero(t, main(l).LastInbound)
	})
	t.Run("answers before the message are dropped, later ones kept", func(t *testing.T) {
		l := begin(t, Rules{})
		l.do(customer, inbound(start))
		first := l.reply(ann, "one").Stored
		second := l.reply(ann, "two").Stored
		assert.Equal(t, []time.Time{first, second}, main(l).Answers)
		l.do(customer, inbound(second.Add(-time.Second)))
		assert.Equal(t, []time.Time{second}, main(l).Answers)
		l.do(customer, inbound(l.now))
		assert.Empty(t, main(l).Answers)
	})
	t.Run("answers by bots count, at most the last twenty are kept", func(t *testing.T) {
		l := begin(t, Rules{Start: Closed})
		l.do(customer, inbound(start))
		for range maxAnswers + 3 {
			l.do(bot, Reply{Message: Message{Text: "beep"}, Thread: mainThread})
		}
		answers := main(l).Answers
		assert.Len(t, answers, maxAnswers)
		assert.Equal(t, l.now, answers[maxAnswers-1])
		assert.Equal(t, l.now.Add(-(maxAnswers-1)*time.Minute), answers[0])
	})
}

func TestThreads(t *testing.T) {
	sms := Thread{Channel: "sms", Key: "+49151", To: []Identity{{Scope: ScopePhone, Address: "+49151"}}}
	order := func(l *life) (channels []string) {
		for _, th := range l.c.Threads {
			channels = append(channels, th.Channel)
		}
		return channels
	}
	l := begin(t, Rules{})
	l.receive("a")
	l.do(ann, Reply{Message: Message{Text: "over there"}, Thread: sms})
	assert.Equal(t, []string{"wa", "sms"}, order(l), "the customer's own thread stays first")
	l.do(system, Echo{Message: Message{Text: "e"}, Thread: sms})
	assert.Equal(t, []string{"wa", "sms"}, order(l), "an echo is no inbound")
	l.do(customer, Receive{Message: Message{Text: "b"}, Thread: sms, Contact: customer.ID})
	assert.Equal(t, []string{"sms", "wa"}, order(l), "the newest inbound's is first")
	assert.Equal(t, []string{customer.ID}, l.c.Contacts)
	assert.Equal(t, "sms", l.find("b").Channel)

	was, _ := l.c.Thread("sms", "+49151")
	l.do(customer, Receive{Message: Message{Text: "c"}, Thread: Thread{Channel: "sms", Key: "+49151"}, Contact: "contact-2"})
	now, _ := l.c.Thread("sms", "+49151")
	assert.Equal(t, was.To, now.To, "who it goes to is known")
	assert.Equal(t, []string{customer.ID, "contact-2"}, l.c.Contacts)
	elsewhere := []Identity{{Scope: ScopePhone, Address: "+49152"}}
	l.do(customer, Receive{Message: Message{Text: "d"}, Thread: Thread{Channel: "sms", Key: "+49151", To: elsewhere}})
	now, _ = l.c.Thread("sms", "+49151")
	assert.Equal(t, elsewhere, now.To)
	assert.Len(t, l.c.Threads, 2)

	_, ok := l.c.Thread("wa", "+49151")
	assert.False(t, ok, "a key belongs to its channel")
}

func TestPassed(t *testing.T) {
	l := begin(t, Rules{})
	l.receive("a")
	passed := func(d Delivery, until time.Time) Passed {
		return Passed{Channel: "wa", Key: mainThread.Key, Delivery: d, Until: until}
	}
	for _, tc := range []struct {
		cmd     Passed
		changed bool
	}{
		{passed(Delivered, start.Add(time.Minute)), true},
		{passed(Delivered, start.Add(time.Minute)), false},
		{passed(Delivered, start), false},
		{passed(Read, start), true},
		{passed(Read, start.Add(2*time.Minute)), true},
		{passed(Read, start), false},
		{Passed{Channel: "sms", Key: mainThread.Key, Delivery: Read, Until: start.Add(time.Hour)}, false},
	} {
		change := l.do(system, tc.cmd)
		assert.Equal(t, tc.changed, change.Changed(), "%+v", tc.cmd)
		if tc.changed {
			assert.Equal(t, string(tc.cmd.Delivery), change.Events[0].To)
		}
	}
	th, _ := l.c.Thread("wa", mainThread.Key)
	assert.Equal(t, start.Add(time.Minute), th.Delivered)
	assert.Equal(t, start.Add(2*time.Minute), th.Read)
}
