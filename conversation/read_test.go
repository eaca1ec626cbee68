package conversation

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// unread lists for whom of ann, ben and an agent who joins later the conversation is unread, and "all" for the global read status.
func unread(c *Conversation) (who []string) {
	for _, agent := range []string{"ann", "ben", "zoe"} {
		if c.Unread(agent, false) {
			who = append(who, agent)
		}
	}
	if c.Unread("ann", true) {
		who = append(who, "all")
	}
	return who
}

func TestReading(t *testing.T) {
	everybody := []string{"ann", "ben", "zoe", "all"}
	answer := Reply{Message: Message{Text: "hello"}, Thread: mainThread}
	type act struct {
		by    Actor
		rules Rules
		cmd   Command
		want  []string // for whom it is unread afterwards
	}
	perAgent, global := Rules{}, Rules{GlobalRead: true}
	onAnswer, both := Rules{ReadOnAnswer: true}, Rules{ReadOnAnswer: true, GlobalRead: true}
	view := MarkRead{Viewed: true}
	for _, tc := range []struct {
		name string
		acts []act
	}{
		{"opening reads for oneself", []act{{ann, perAgent, view, []string{"ben", "zoe"}}, {ben, perAgent, view, []string{"zoe"}}}},
		{"an answer reads for oneself", []act{{ann, perAgent, answer, []string{"ben", "zoe"}}}},
		{"read on answer: opening reads for nobody", []act{{ann, onAnswer, view, everybody}}},
		{"read on answer: marking by hand reads for oneself", []act{{ann, onAnswer, MarkRead{}, []string{"ben", "zoe"}}}},
		{"read on answer: an answer reads for all", []act{{ann, onAnswer, answer, nil}}},
		{"read on answer: and after an answer one marks unread", []act{
			{ann, onAnswer, answer, nil},
			{ben, onAnswer, MarkUnread{}, []string{"ben"}},
			{ben, onAnswer, view, []string{"ben"}},
			{ben, onAnswer, MarkRead{}, nil},
		}},
		{"read on answer: everybody has read but one who has not", []act{
			{ann, onAnswer, answer, nil},
			{ann, onAnswer, MarkUnread{}, []string{"ann"}},
			{ben, onAnswer, MarkUnread{}, []string{"ann", "ben"}},
			{ben, onAnswer, answer, nil},
		}},
		{"a bot's answer reads for nobody", []act{{ann, onAnswer, SetStatus{Closed}, everybody}, {bot, onAnswer, answer, everybody}}},
		{"mark unread, per agent", []act{
			{ann, perAgent, MarkRead{}, []string{"ben", "zoe"}},
			{ben, perAgent, MarkRead{}, []string{"zoe"}},
			{ann, perAgent, MarkUnread{}, []string{"ann", "zoe"}},
			{ben, perAgent, MarkUnread{}, everybody},
		}},
		{"mark unread, for all", []act{
			{ann, global, MarkRead{}, []string{"ben", "zoe"}},
			{ben, global, MarkUnread{}, []string{"ben", "zoe", "all"}},
			{ben, global, MarkRead{}, []string{"zoe"}},
			{ann, global, MarkUnread{}, []string{"ann", "zoe", "all"}},
			{ben, global, MarkRead{}, []string{"ann", "zoe"}},
		}},
		{"switching to global and back loses nothing", []act{
			{ann, perAgent, view, []string{"ben", "zoe"}},
			{ben, global, MarkUnread{}, []string{"ben", "zoe", "all"}},
			{ben, global, view, []string{"zoe"}},
			{ann, perAgent, MarkUnread{}, []string{"ann", "zoe"}},
			{ann, global, view, []string{"zoe"}},
		}},
		{"both settings", []act{{ann, both, view, everybody}, {ann, both, answer, nil}, {ben, both, MarkUnread{}, []string{"ben", "all"}}, {ann, both, MarkRead{}, []string{"ben"}}}},
		{"a new message is unread for all", []act{{ann, onAnswer, answer, nil}, {customer, onAnswer, again, everybody}}},
		{"what makes nothing unread", []act{
			{ann, onAnswer, answer, nil},
			{ann, perAgent, Whispering{Message: Message{Text: "psst"}}, nil},
			{ben, perAgent, Assign{Agent: "ben"}, nil},
			{system, perAgent, Echo{Message: Message{Text: "x"}, Thread: mainThread}, nil},
			{customer, perAgent, Receive{Message: Message{Automatic: true}, Thread: mainThread}, nil},
			{system, perAgent, Fail{Message: failed}, nil},
			{ben, perAgent, ToArchive{}, nil},
			{ben, perAgent, Restore{}, nil},
		}},
		{"what an agent sees is not read by writing to colleagues", []act{{ann, perAgent, Whispering{Message: Message{Text: "psst"}}, everybody}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := begin(t, perAgent)
			l.receive("first")
			require.Equal(t, everybody, unread(&l.c))
			for i, a := range tc.acts {
				l.rules = a.rules
				l.do(a.by, a.cmd)
				assert.Equal(t, a.want, unread(&l.c), "after act %d", i+1)
			}
		})
	}
}

func TestAnswerTellsReadOnce(t *testing.T) {
	for _, rules := range []Rules{{}, {ReadOnAnswer: true}} {
		l := begin(t, rules)
		answer := Reply{Message: Message{Text: "hello"}, Thread: mainThread}
		assert.Equal(t, []string{EventOutgoing}, types(l.do(ann, answer).Events), "there is nothing to read")
		l.receive("first")
		assert.Equal(t, []string{EventOutgoing, EventRead}, types(l.do(ann, answer).Events))
		assert.Equal(t, []string{EventOutgoing}, types(l.do(ann, answer).Events), "it is read")
	}
}

func TestMarkUnreadMovesNowhere(t *testing.T) {
	l := begin(t, Rules{})
	l.receive("first")
	l.do(ann, MarkRead{})
	before := l.c
	l.do(ann, MarkUnread{})
	after := l.c
	assert.Equal(t, Readers{Agents: []string{}}, after.Readers)
	after.Readers, after.Changed = before.Readers, before.Changed
	assert.Equal(t, before, after, "only who has read is changed")
}

func TestMarkUnreadNeedsSomethingToRead(t *testing.T) {
	l := begin(t, Rules{})
	l.reply(ann, "we begin")
	_, err := l.try(ann, MarkUnread{})
	refusal(t, err)
	assert.False(t, l.do(ann, MarkRead{}).Changed())
	assert.Empty(t, unread(&l.c))
}

func TestUnsendLeavesNoPhantom(t *testing.T) {
	type scene struct {
		*life
		a, b, c *Message
	}
	// Three messages; ann had read the first and the second when the third came, ben the first.
	set := func(t *testing.T) scene {
		l := begin(t, Rules{})
		a := l.receive("a")
		l.do(ann, MarkRead{})
		l.do(ben, MarkRead{})
		l.do(ann, Whispering{Message: Message{Text: "aside"}})
		b := l.receive("b")
		l.do(ann, MarkRead{})
		l.do(ann, Whispering{Message: Message{Text: "another"}})
		return scene{l, a, b, l.receive("c")}
	}
	for _, tc := range []struct {
		order string
		want  [][]string // for whom it is unread, after each
	}{
		{"c", [][]string{{"ben", "zoe"}}},
		{"cb", [][]string{{"ben", "zoe"}, {"zoe"}}},
		{"bc", [][]string{{"ann", "ben", "zoe", "all"}, {"zoe"}}},
		{"cba", [][]string{{"ben", "zoe"}, {"zoe"}, nil}},
		{"abc", [][]string{{"ann", "ben", "zoe", "all"}, {"ann", "ben", "zoe", "all"}, nil}},
		{"acb", [][]string{{"ann", "ben", "zoe", "all"}, {"ben", "zoe"}, nil}},
		{"bac", [][]string{{"ann", "ben", "zoe", "all"}, {"ann", "ben", "zoe", "all"}, nil}},
		{"bca", [][]string{{"ann", "ben", "zoe", "all"}, {"zoe"}, nil}},
		{"cab", [][]string{{"ben", "zoe"}, {"ben", "zoe"}, nil}},
	} {
		t.Run(tc.order, func(t *testing.T) {
			s := set(t)
			for i, name := range tc.order {
				m := map[rune]*Message{'a': s.a, 'b': s.b, 'c': s.c}[name]
				change := s.do(customer, s.unsend(m))
				assert.Equal(t, []string{EventUnsent}, types(change.Events))
				assert.Equal(t, tc.want[i], unread(&s.life.c), "after %c", name)
			}
			if tc.want[len(tc.want)-1] == nil {
				assert.Zero(t, s.life.c.Attention, "nothing is left to read")
				assert.Zero(t, s.life.c.WaitingSince, "nobody is left waiting")
			}
		})
	}
	t.Run("who read since has read what was before", func(t *testing.T) {
		s := set(t)
		s.do(ben, MarkRead{})
		s.do(customer, s.unsend(s.c))
		assert.Equal(t, []string{"zoe"}, unread(&s.life.c))
	})
	t.Run("who was cleared for all before stays so", func(t *testing.T) {
		s := set(t)
		s.rules = Rules{ReadOnAnswer: true}
		s.reply(ann, "hello")
		s.do(ben, MarkUnread{})
		d := s.receive("d")
		s.do(customer, s.unsend(d))
		assert.Equal(t, []string{"ben"}, unread(&s.life.c))
	})
	t.Run("the return from a snooze stays", func(t *testing.T) {
		l := begin(t, Rules{})
		a := l.receive("a")
		l.do(ann, MarkRead{}, Snooze{Until: start.Add(time.Hour)})
		l.now = start.Add(2 * time.Hour)
		l.do(system, Wake{})
		b := l.receive("b")
		l.do(customer, l.unsend(b))
		assert.Equal(t, []string{"ann", "ben", "zoe", "all"}, unread(&l.c), "it came back unread")
		l.do(customer, l.unsend(a))
		assert.Equal(t, []string{"ann", "ben", "zoe", "all"}, unread(&l.c))
	})
}

func TestUnsendErases(t *testing.T) {
	l := begin(t, Rules{})
	l.do(customer, Receive{Thread: mainThread, Message: Message{Subject: "s", Text: "secret", HTML: "<p>secret</p>", Button: "b", Unsupported: "u",
		Attachments: []Attachment{{Name: "f"}}, Reactions: []Reaction{{Emoji: "x"}}, Template: &Template{Name: "t"}, ProviderID: "p"}})
	m := l.find("secret")
	was := *m
	require.Equal(t, "s", l.c.Subject)
	l.do(customer, l.unsend(m))
	assert.Empty(t, l.c.Subject)
	want := Message{ID: was.ID, Conversation: "c1", Sequence: 1, Direction: Inbound, Channel: was.Channel, Thread: was.Thread, At: was.At,
		Stored: was.Stored, Author: customer, ProviderID: "p", Prior: &Unread{}, Erased: l.now, Changed: l.now}
	assert.Equal(t, want, *m, "a tombstone stays")
	assert.Empty(t, l.c.Preview)
	assert.False(t, l.do(customer, l.unsend(m)).Changed(), "it is gone only once")
	assert.Zero(t, l.c.Messages)
}

// When another command is refused, the message too stays as it was.
func TestUnsendIsAllOrNone(t *testing.T) {
	l := begin(t, Rules{})
	a := l.receive("a")
	was := *a
	_, err := l.try(ann, l.unsend(a), Restore{}, SetStatus{"gone"})
	require.ErrorIs(t, err, ErrValue)
	assert.Equal(t, was, *a)
	change := l.do(ann, l.unsend(a), l.unsend(a))
	assert.Equal(t, []string{EventUnsent}, types(change.Events))
}

func TestNeeds(t *testing.T) {
	l := begin(t, Rules{})
	a, b := l.receive("a"), l.receive("b")
	for _, tc := range []struct {
		m    *Message
		want bool
		why  string
	}{{a, true, "somebody waits since it"}, {b, true, "it is the latest and makes unread"}} {
		sequence, ok := l.c.Needs(tc.m)
		assert.Equal(t, tc.want, ok, tc.why)
		assert.Equal(t, tc.m.Sequence, sequence)
	}
	r := l.reply(ann, "r")
	l.do(ann, Whispering{Message: Message{Text: "w"}})
	_, ok := l.c.Needs(a)
	assert.False(t, ok, "nothing depends on it")
	_, ok = l.c.Needs(r)
	assert.True(t, ok, "it ended the waiting")
	_, ok = l.c.Needs(l.find("w"))
	assert.True(t, ok, "it is the latest")
	_, ok = (&Conversation{}).Needs(&Message{Direction: Inbound, Sequence: 3})
	assert.False(t, ok)
}
