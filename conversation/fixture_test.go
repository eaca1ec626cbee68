package conversation

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	ann      = Actor{Kind: ByAgent, ID: "ann", Name: "Ann Archer", Initials: "AA"}
	ben      = Actor{Kind: ByAgent, ID: "ben", Name: "Ben Baker", Initials: "BB"}
	bot      = Actor{Kind: ByAutomation, ID: "bot"}
	system   = Actor{Kind: BySystem}
	customer = Actor{Kind: ByContact, ID: "contact-1"}

	start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC) // a Monday
)

// life is one conversation with its timeline and a clock that moves a minute with every command.
type life struct {
	tb       testing.TB
	c        Conversation
	timeline []*Message // oldest first
	now      time.Time
	rules    Rules
	made     int
}

func begin(tb testing.TB, rules Rules) *life {
	l := &life{tb: tb, now: start, rules: rules}
	l.do(system, Create{ID: "c1", Number: 7, Mailbox: "shop", Method: "chat"})
	return l
}

// do applies commands one minute later and demands that they are carried out.
func (l *life) do(by Actor, commands ...Command) *Change {
	l.tb.Helper()
	l.now = l.now.Add(time.Minute)
	change, err := l.try(by, commands...)
	require.NoError(l.tb, err)
	return &change
}

// try applies commands now and keeps what they did.
func (l *life) try(by Actor, commands ...Command) (Change, error) {
	l.tb.Helper()
	env := l.env(by, len(commands))
	change, err := Apply(l.c, env, commands...)
	if err != nil {
		assert.Equal(l.tb, Change{}, change, "an error brings no change")
		return change, err
	}
	before := l.c
	l.c = change.Conversation
	for _, m := range change.Messages {
		l.timeline = append(l.timeline, &m)
	}
	l.check(before, env, change)
	return change, nil
}

func (l *life) env(by Actor, commands int) Env {
	env := Env{Now: l.now, Actor: by, Rules: l.rules}
	for range MaxEntries * commands {
		l.made++
		env.IDs = append(env.IDs, fmt.Sprintf("m%d", l.made))
	}
	return env
}

// check holds for every change there is.
func (l *life) check(before Conversation, env Env, ch Change) {
	l.tb.Helper()
	after := ch.Conversation
	if !ch.Changed() {
		require.Equal(l.tb, before, after, "without events and entries nothing changes")
		return
	}
	require.True(l.tb, after.Changed.After(before.Changed), "Changed goes forward: %s, then %s", before.Changed, after.Changed)
	require.False(l.tb, after.Activity.Before(before.Activity), "Activity never goes back")
	require.Equal(l.tb, before.Sequence+int64(len(ch.Messages)), after.Sequence, "sequences have no gaps")
	last := before.Changed
	told := 0
	for i, m := range ch.Messages {
		require.Equal(l.tb, env.IDs[i], m.ID, "IDs are used in order")
		require.Equal(l.tb, before.Sequence+int64(i)+1, m.Sequence, "sequences have no gaps")
		require.True(l.tb, m.Stored.After(last), "stored times ascend")
		require.Equal(l.tb, after.ID, m.Conversation)
		require.Equal(l.tb, m.Stored, m.Changed)
		last = m.Stored
		if m.Direction == Activity {
			told++
			require.Contains(l.tb, ch.Events, *m.Event, "an activity entry tells an event")
			require.Equal(l.tb, m.ID, m.Event.Message)
		}
	}
	if len(ch.Messages) > 0 {
		require.Equal(l.tb, last, after.Changed, "the last entry is as new as the conversation")
	}
	for _, e := range ch.Events {
		require.Equal(l.tb, Actor{Kind: env.Actor.Kind, ID: env.Actor.ID}, e.Actor, "events hold no names")
		require.Equal(l.tb, after.ID, e.Conversation)
		require.Equal(l.tb, after.Mailbox, e.Mailbox)
		require.Equal(l.tb, env.Now.UTC().Truncate(time.Microsecond), e.At)
	}
	if len(after.Parts) > 0 || !after.Erasing.IsZero() || slices.Contains(types(ch.Events), EventForgotten) {
		return // the header tells more, or less, than its own timeline
	}
	l.checkLatest()
}

// checkLatest compares what the header says of the timeline with the timeline.
func (l *life) checkLatest() {
	l.tb.Helper()
	count, latest, preview := 0, int64(0), ""
	free, paid := 0, 0
	for _, m := range l.timeline {
		if m.Direction != Activity && m.Direction != Note && m.Erased.IsZero() && m.Trashed.IsZero() && m.Delivery != Cancelled {
			if m.Paid {
				paid += m.Minutes
			} else {
				free += m.Minutes
			}
			count, latest, preview = count+1, m.Sequence, Preview(m)
		}
	}
	require.Equal(l.tb, count, l.c.Messages, "message count")
	require.Equal(l.tb, []int{free, paid}, []int{l.c.Free, l.c.Paid}, "minutes")
	require.Equal(l.tb, latest, l.c.Latest, "latest message")
	require.Equal(l.tb, preview, l.c.Preview, "preview of the latest message")
}

var mainThread = Thread{Channel: "wa", Key: "4915112345678", To: []Identity{{Scope: ScopePhone, Address: "+4915112345678"}}}

// receive is a customer's message at the clock's time.
func (l *life) receive(text string) *Message {
	l.tb.Helper()
	l.do(customer, Receive{Message: Message{Text: text, At: l.now.Add(time.Minute)}, Thread: mainThread, Contact: customer.ID})
	return l.find(text)
}

func (l *life) reply(by Actor, text string) *Message {
	l.tb.Helper()
	l.do(by, Reply{Message: Message{Text: text}, Thread: mainThread})
	return l.find(text)
}

func (l *life) find(text string) *Message {
	l.tb.Helper()
	for _, m := range l.timeline {
		if m.Text == text {
			return m
		}
	}
	require.FailNow(l.tb, "no entry", text)
	return nil
}

// unsend builds the command as a caller does: with no more of the timeline than Needs asks for.
func (l *life) unsend(m *Message) Unsend {
	from, ok := l.c.Needs(m)
	cmd := Unsend{Message: m}
	for i := len(l.timeline) - 1; ok && i >= 0; i-- {
		o := l.timeline[i]
		cmd.Timeline = append(cmd.Timeline, *o)
		if o.Sequence < from && o.Visible() && o.Prior != nil {
			break
		}
	}
	return cmd
}

// trash and restore build the commands as a caller does.
func (l *life) trash(m *Message) TrashMessage {
	return TrashMessage{Message: m, Timeline: l.unsend(m).Timeline}
}

func (l *life) restore(m *Message) RestoreMessage {
	cmd := RestoreMessage{Message: m}
	for i := len(l.timeline) - 1; i >= 0 && l.timeline[i].Sequence > m.Sequence; i-- {
		cmd.Timeline = append(cmd.Timeline, *l.timeline[i])
	}
	return cmd
}

func (l *life) lastInbound() *Message {
	for i := len(l.timeline) - 1; ; i-- {
		if m := l.timeline[i]; m.Direction == Inbound {
			return m
		}
	}
}

func types(events []Event) (names []string) {
	for _, e := range events {
		names = append(names, e.Type)
	}
	return names
}

func refusal(tb testing.TB, err error) *StateError {
	tb.Helper()
	require.ErrorIs(tb, err, ErrState)
	var refused *StateError
	require.ErrorAs(tb, err, &refused)
	return refused
}
