package conversation

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Restoring leads where the conversation was; status, assignee and mark are kept on the way.
func TestRestore(t *testing.T) {
	for _, tc := range []struct {
		name  string
		path  []Command
		wants []string // after each Restore
	}{
		{"spam", []Command{ToSpam{}}, []string{"assigned", "assigned"}},
		{"trash", []Command{ToTrash{}}, []string{"assigned"}},
		{"closed, trash", []Command{SetStatus{Closed}, ToTrash{}}, []string{"done-closed"}},
		{"archive, trash", []Command{Complete{}, ToArchive{}, ToTrash{}}, []string{"archive-finished", "done-finished", "done-finished"}},
		{"archive, spam", []Command{ToArchive{}, ToSpam{}}, []string{"archive-open", "assigned"}},
		{"spam, trash", []Command{ToSpam{}, ToTrash{}}, []string{"spam-open", "assigned"}},
		{"archive, spam, trash", []Command{ToArchive{}, ToSpam{}, ToTrash{}}, []string{"spam-open", "assigned"}},
		{"snoozed, trash", []Command{Snooze{Until: start.Add(time.Hour * 24)}, ToTrash{}}, []string{"assigned"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := begin(t, Rules{})
			l.do(ann, Assign{Agent: "ann", Team: "sales"})
			l.do(ann, tc.path...)
			for _, want := range tc.wants {
				l.do(ann, Restore{})
				assert.Equal(t, want, standing(&l.c))
				assert.Equal(t, "ann/sales", l.c.Agent+"/"+l.c.Team)
			}
		})
	}
	l := begin(t, Rules{})
	change := l.do(ann, ToArchive{})
	assert.Equal(t, "inbox>archive", change.Events[0].From+">"+change.Events[0].To)
	change = l.do(ann, Restore{})
	assert.Equal(t, "archive>inbox", change.Events[0].From+">"+change.Events[0].To)
}

func TestAssignTellsFromAndTo(t *testing.T) {
	l := begin(t, Rules{})
	for _, tc := range []struct {
		cmd      Assign
		from, to string
	}{
		{Assign{Agent: "ann"}, "/", "ann/"},
		{Assign{Agent: "ann", Team: "sales"}, "ann/", "ann/sales"},
		{Assign{Team: "sales"}, "ann/sales", "/sales"},
		{Assign{}, "/sales", "/"},
	} {
		change := l.do(ben, tc.cmd)
		require.Len(t, change.Events, 1)
		assert.Equal(t, tc.from, change.Events[0].From)
		assert.Equal(t, tc.to, change.Events[0].To)
		assert.False(t, l.do(ben, tc.cmd).Changed(), "the effect is already there")
	}
}

func TestSetStatusRefusesOtherValues(t *testing.T) {
	l := begin(t, Rules{})
	for _, bad := range []Status{"", "assigned", "OPEN"} {
		_, err := l.try(ann, SetStatus{bad})
		var value *ValueError
		require.ErrorAs(t, err, &value)
		require.ErrorIs(t, err, ErrValue)
		assert.Equal(t, "status", value.Field)
		assert.ErrorContains(t, err, `use "open" or "closed"`)
	}
}

func TestChangeTags(t *testing.T) {
	for _, tc := range []struct{ name, before, add, remove, after string }{
		{"adds sorted", "b", "c,a", "", "a,b,c"},
		{"removes", "a,b,c", "", "b", "a,c"},
		{"adding wins", "a,b", "b", "a,b", "b"},
		{"already there", "a,b", "a,a", "z", "a,b"},
		{"twice is once", "", "x,x", "", "x"},
		{"to none", "a", "", "a", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := begin(t, Rules{})
			l.do(ann, ChangeTags{Add: split(tc.before)})
			change := l.do(ann, ChangeTags{Add: split(tc.add), Remove: split(tc.remove)})
			assert.Equal(t, tc.after, joined(l.c.Tags))
			if tc.before == tc.after {
				assert.False(t, change.Changed())
				return
			}
			assert.Equal(t, tc.before, change.Events[0].From)
			assert.Equal(t, tc.after, change.Events[0].To)
		})
	}
	l := begin(t, Rules{})
	many := []string{}
	for i := range MaxTags {
		many = append(many, fmt.Sprint("t", i))
	}
	l.do(ann, ChangeTags{Add: many})
	_, err := l.try(ann, ChangeTags{Add: []string{"one more"}})
	assert.ErrorIs(t, err, ErrValue)
	l.do(ann, ChangeTags{Add: []string{"one more"}, Remove: []string{"t5"}})
}

func split(tags string) []string {
	if tags == "" {
		return nil
	}
	return strings.Split(tags, ",")
}

func TestOffer(t *testing.T) {
	l := begin(t, Rules{})
	change := l.do(system, Offer{Actions: []Action{{ID: "accept"}, {ID: "decline", Input: "text"}}})
	assert.Equal(t, "accept,decline", change.Events[0].To)
	assert.Equal(t, []Action{{ID: "accept"}, {ID: "decline", Input: "text"}}, l.c.Actions)
	assert.False(t, l.do(system, Offer{Actions: []Action{{ID: "accept"}, {ID: "decline", Input: "text"}}}).Changed())
	assert.True(t, l.do(system, Offer{}).Changed())
	assert.False(t, l.do(system, Offer{Actions: []Action{}}).Changed())
}

// A whisper has nothing on it that a channel could take, and an internal conversation takes nothing else.
func TestWhispers(t *testing.T) {
	l := begin(t, Rules{})
	l.do(ann, Whispering{Message: Message{Text: "psst", Channel: "wa", Thread: "49", Direction: Outbound, Delivery: Queued,
		Template: &Template{Name: "x"}, To: mainThread.To, CC: mainThread.To, BCC: mainThread.To}})
	m := *l.find("psst")
	assert.Equal(t, Message{ID: m.ID, Conversation: "c1", Sequence: 1, Direction: Whisper, At: m.Stored, Stored: m.Stored, Changed: m.Stored,
		Author: ann, Text: "psst"}, m)
	assert.Zero(t, l.c.Attention)
	assert.Empty(t, l.c.Threads)

	internal := &life{tb: t, now: start}
	internal.do(ann, Create{ID: "i", Mailbox: "shop", Method: MethodInternal})
	internal.do(ann, Whispering{Message: Message{Text: "a note"}})
	_, err := internal.try(ann, Reply{Message: Message{Text: "to whom?"}, Thread: mainThread})
	refusal(t, err)
}

// Status, assignee and tags can be set in the act of sending; a refusal of one undoes all.
func TestCommandsTogether(t *testing.T) {
	l := begin(t, Rules{})
	l.receive("first")
	before, timeline := l.c, len(l.timeline)
	_, err := l.try(ann, Reply{Message: Message{Text: "done"}, Thread: mainThread}, ChangeTags{Add: []string{"paid"}}, SetStatus{"gone"})
	assert.ErrorIs(t, err, ErrValue)
	assert.Equal(t, before, l.c)
	assert.Len(t, l.timeline, timeline)

	change := l.do(ann, Reply{Message: Message{Text: "done"}, Thread: mainThread}, Assign{Agent: "ben"}, ChangeTags{Add: []string{"paid"}}, SetStatus{Closed})
	assert.Equal(t, []string{EventOutgoing, EventRead, EventAssigned, EventTagged, EventClosed}, types(change.Events))
	assert.Equal(t, "done-closed", standing(&l.c))
}

func TestStateErrorSaysWhatToDo(t *testing.T) {
	err := error(&StateError{Command: "complete", Reason: "a customer has answered", Instead: "archive"})
	assert.EqualError(t, err, "conversation: complete refused: a customer has answered; archive instead")
	assert.EqualError(t, &StateError{Command: "create", Reason: "it exists"}, "conversation: create refused: it exists")
	assert.NotErrorIs(t, err, ErrValue)
	assert.EqualError(t, &ValueError{Field: "text", Problems: []string{"is too long", "holds a NUL byte"}}, "conversation: text: is too long; holds a NUL byte")
}

// No command creates more entries than MaxEntries, in any state.
func TestMaxEntries(t *testing.T) {
	l := begin(t, Rules{})
	l.do(ann, SetStatus{Closed}, ToArchive{})
	l.now = l.now.Add(time.Hour)
	env := l.env(customer, 1)
	env.IDs = env.IDs[:MaxEntries]
	change, err := Apply(l.c, env, again)
	require.NoError(t, err)
	assert.Len(t, change.Messages, 3, "the most of all commands: message, move, opening")
}
