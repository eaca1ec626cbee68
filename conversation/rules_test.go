package conversation

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCreate(t *testing.T) {
	now := time.Date(2026, 3, 2, 10, 0, 0, 123456789, time.FixedZone("", 3600))
	utc := time.Date(2026, 3, 2, 9, 0, 0, 123456000, time.UTC)
	for _, tc := range []struct {
		name   string
		rules  Rules
		status Status
		want   Status
	}{
		{"default", Rules{}, "", Open},
		{"the rules say open", Rules{Start: Open}, "", Open},
		{"bots first", Rules{Start: Closed}, "", Closed},
		{"the command overrules", Rules{Start: Closed}, Open, Open},
		{"the command overrules", Rules{}, Closed, Closed},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cmd := Create{ID: "c1", Number: 7, Mailbox: "shop", Method: "chat", Subject: "Hello", Contacts: []string{"k"}, Status: tc.status}
			change, err := Apply(Conversation{}, Env{Now: now, Actor: ann, Rules: tc.rules}, cmd)
			require.NoError(t, err)
			assert.Equal(t, Conversation{ID: "c1", Number: 7, Mailbox: "shop", Method: "chat", Subject: "Hello", Contacts: []string{"k"},
				Status: tc.want, Place: Inbox, Created: utc, Changed: utc, Activity: utc}, change.Conversation)
			assert.Empty(t, change.Messages)
			assert.Equal(t, []Event{{Type: EventCreated, At: utc, Actor: Actor{Kind: ByAgent, ID: "ann"}, Conversation: "c1", Mailbox: "shop"}}, change.Events)
		})
	}
	_, err := Apply(Conversation{}, Env{Now: now}, Create{ID: "c1", Status: "asleep"})
	assert.ErrorIs(t, err, ErrValue)
}

func TestCreateWithItsFirstMessage(t *testing.T) {
	l := &life{tb: t, now: start}
	change := l.do(customer, Create{ID: "c1", Number: 1, Mailbox: "shop"}, Receive{Message: Message{Subject: "Order 5", Text: "Where is it?"}, Thread: mainThread, Contact: "k"})
	assert.Equal(t, []string{EventCreated, EventReceived}, types(change.Events))
	c := change.Conversation
	assert.Equal(t, "Order 5", c.Subject)
	assert.Equal(t, []string{"k"}, c.Contacts)
	assert.Equal(t, int64(1), c.Sequence)
	assert.Equal(t, ShelfWaiting, c.Shelf())
	assert.True(t, c.Unread("ann", false))
	m := change.Messages[0]
	assert.Equal(t, customer, m.Author)
	assert.Equal(t, Inbound, m.Direction)
	assert.Equal(t, "wa", m.Channel)
	assert.Equal(t, mainThread.Key, m.Thread)
	assert.Equal(t, m.Stored, m.At, "a message without a provider's time has ours")
}

func TestShelf(t *testing.T) {
	until := start
	for _, tc := range []struct {
		c     Conversation
		want  Shelf
		inbox bool
	}{
		{Conversation{Place: Inbox, Status: Open}, ShelfWaiting, true},
		{Conversation{Place: Inbox, Status: Open, Team: "t"}, ShelfTeam, true},
		{Conversation{Place: Inbox, Status: Open, Agent: "a"}, ShelfAssigned, true},
		{Conversation{Place: Inbox, Status: Open, Agent: "a", Team: "t"}, ShelfAssigned, true},
		{Conversation{Place: Inbox, Status: Closed, Agent: "a", Team: "t"}, ShelfDone, false},
		{Conversation{Place: Inbox, Status: Closed, Finished: true}, ShelfDone, false},
		{Conversation{Place: Inbox, Status: Open, Agent: "a", Snoozed: until}, ShelfSnoozed, false},
		{Conversation{Place: Inbox, Status: Closed, Snoozed: until}, ShelfSnoozed, false},
		{Conversation{Place: Archive, Status: Open, Agent: "a", Snoozed: until}, ShelfArchive, false},
		{Conversation{Place: Spam, Status: Closed, Agent: "a"}, ShelfSpam, false},
		{Conversation{Place: Trash, Status: Closed, Agent: "a", Snoozed: until}, ShelfTrash, false},
	} {
		assert.Equal(t, tc.want, tc.c.Shelf(), "%+v", tc.c)
		assert.Equal(t, tc.inbox, tc.c.InInbox(), "%+v", tc.c)
	}
}

// A message on a closed conversation reopens it or starts a new one, as the mailbox says.
func TestContinues(t *testing.T) {
	const day = 24 * time.Hour
	var (
		reopen   = Rules{}
		startNew = Rules{StartNew: true}
		after30  = Rules{NewAfter: 30 * day}
		bots     = Rules{Start: Closed}
		botsNew  = Rules{Start: Closed, StartNew: true}
		bots30   = Rules{Start: Closed, NewAfter: 30 * day}
	)
	open := []Command{}
	closed := []Command{SetStatus{Closed}}
	finished := []Command{Complete{}}
	for _, tc := range []struct {
		name  string
		rules Rules
		path  []Command
		later time.Duration
		want  bool
	}{
		{"open", startNew, open, 900 * day, true},
		{"open, after days", after30, open, 900 * day, true},
		{"snoozed", startNew, []Command{Snooze{Until: start.Add(day)}}, 0, true},
		{"closed, reopen", reopen, closed, 900 * day, true},
		{"closed, new", startNew, closed, 0, false},
		{"finished, reopen", reopen, finished, 900 * day, true},
		{"finished, new", startNew, finished, 0, false},
		{"closed 30 days ago", after30, closed, 30 * day, true},
		{"closed longer ago", after30, closed, 30*day + time.Second, false},
		{"new wins over after days", Rules{StartNew: true, NewAfter: 30 * day}, closed, 0, false},
		{"reopened and closed again counts from the last", after30, []Command{SetStatus{Closed}, SetStatus{Open}, SetStatus{Closed}}, 30*day - time.Hour, true},
		{"archived and closed, reopen", reopen, []Command{SetStatus{Closed}, ToArchive{}}, 900 * day, true},
		{"archived and closed, new", startNew, []Command{SetStatus{Closed}, ToArchive{}}, 0, false},
		{"archived and closed, after days", after30, []Command{SetStatus{Closed}, ToArchive{}}, 31 * day, false},
		{"archived and open", startNew, []Command{ToArchive{}}, 900 * day, true},
		{"spam stays together", startNew, []Command{SetStatus{Closed}, ToSpam{}}, 900 * day, true},
		{"trash", reopen, []Command{ToTrash{}}, 0, false},
		{"trash, closed", reopen, []Command{SetStatus{Closed}, ToTrash{}}, 0, false},
		{"with the bot since it began", botsNew, open, 0, true},
		{"with the bot since it began, for long", bots30, open, 900 * day, true},
		{"bots first, closed by somebody, reopen", bots, []Command{SetStatus{Open}, SetStatus{Closed}}, 900 * day, true},
		{"bots first, closed by somebody, new", botsNew, []Command{SetStatus{Open}, SetStatus{Closed}}, 0, false},
		{"bots first, finished, new", botsNew, []Command{SetStatus{Open}, Complete{}}, 0, false},
		{"bots first, closed by somebody 31 days ago", bots30, []Command{SetStatus{Open}, SetStatus{Closed}}, 31 * day, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := begin(t, tc.rules)
			for _, c := range tc.path {
				l.do(ann, c)
			}
			assert.Equal(t, tc.want, l.c.Continues(tc.rules, l.now.Add(tc.later)))
		})
	}
}

// What an agent starts as closed is answered in the same conversation: nobody has closed it.
func TestContinuesWhatBeganClosed(t *testing.T) {
	change, err := Apply(Conversation{}, Env{Now: start}, Create{ID: "c", Status: Closed})
	require.NoError(t, err)
	assert.True(t, change.Conversation.Continues(Rules{NewAfter: time.Hour}, start.Add(2*time.Hour)))
}

// Complete tells one event, however often it is called.
func TestCompleteTellsOnce(t *testing.T) {
	l := begin(t, Rules{})
	l.receive("first")
	told := 0
	for range 3 {
		told += len(l.do(ann, Complete{}, Complete{}).Events)
	}
	assert.Equal(t, 1, told)
	assert.True(t, l.c.Finished)
	assert.Equal(t, Closed, l.c.Status)
	assert.Equal(t, l.timeline[len(l.timeline)-1].At, l.c.ClosedAt)

	last := l.timeline[len(l.timeline)-1]
	assert.Equal(t, Event{Type: EventFinished, At: last.Event.At, Actor: Actor{Kind: ByAgent, ID: "ann"}, Conversation: "c1", Message: last.ID,
		Mailbox: "shop", From: "open", To: "closed"}, *last.Event)
	assert.Equal(t, ann, last.Author, "the timeline shows who, with the name")
}

func TestCompleteWhatIsClosed(t *testing.T) {
	l := begin(t, Rules{})
	l.do(ann, SetStatus{Closed})
	at := l.c.ClosedAt
	change := l.do(ann, Complete{})
	assert.Equal(t, []string{EventFinished}, types(change.Events))
	assert.Equal(t, "closed", change.Events[0].From)
	assert.Equal(t, at, l.c.ClosedAt, "it was closed before")
}

// The spell: from a customer's answer after completion until it is archived.
func TestSpell(t *testing.T) {
	begun := func(t *testing.T, rules Rules) *life {
		l := begin(t, rules)
		l.receive("first")
		l.do(ann, Assign{Agent: "ann"}, Complete{})
		l.receive("thanks")
		require.True(t, l.c.InInbox(), "the answer brings it back")
		return l
	}
	refused := func(t *testing.T, l *life) {
		t.Helper()
		_, err := l.try(ann, Complete{})
		got := refusal(t, err)
		assert.Equal(t, "complete", got.Command)
		assert.Equal(t, "archive", got.Instead)
	}
	t.Run("Complete is refused until archived", func(t *testing.T) {
		l := begun(t, Rules{})
		refused(t, l)
		l.do(ann, ToArchive{})
		assert.False(t, l.c.Returned)
		l.do(ann, Restore{})
		assert.Equal(t, []string{EventFinished}, types(l.do(ann, Complete{}).Events))
	})
	for name, commands := range map[string][]Command{
		"closing and opening": {SetStatus{Closed}, SetStatus{Open}},
		"closing":             {SetStatus{Closed}},
		"an answer":           {Reply{Message: Message{Text: "you are welcome"}, Thread: mainThread}},
		"another message":     {SetStatus{Closed}, again},
		"a snooze":            {Snooze{Until: start.Add(48 * time.Hour)}, Wake{ByHand: true}},
		"spam and back":       {ToSpam{}, Restore{}},
		"trash and back":      {ToTrash{}, Restore{}},
	} {
		t.Run("outlasts "+name, func(t *testing.T) {
			l := begun(t, Rules{})
			l.do(ann, commands...)
			refused(t, l)
		})
	}
	t.Run("bots first: an answer after completion goes to people", func(t *testing.T) {
		l := begun(t, Rules{Start: Closed})
		refused(t, l)
	})
	t.Run("the archive begins none", func(t *testing.T) {
		l := begin(t, Rules{})
		l.do(ann, Complete{}, ToArchive{})
		l.receive("later")
		assert.Equal(t, "waiting", standing(&l.c))
		l.do(ann, Complete{})
		assert.True(t, l.c.Finished)
	})
	t.Run("automatic mail begins none", func(t *testing.T) {
		l := begin(t, Rules{})
		l.do(ann, Complete{})
		l.do(customer, Receive{Message: Message{Automatic: true}, Thread: mainThread})
		assert.Equal(t, "done-finished", standing(&l.c))
	})
	t.Run("a failed message begins none", func(t *testing.T) {
		l := begin(t, Rules{})
		l.do(ann, Complete{})
		l.do(system, Fail{Message: failed})
		assert.Equal(t, "waiting", standing(&l.c))
		l.do(ann, Complete{})
	})
}

// Bots answer while a conversation is closed, and never while a person has it.
func TestBotsAnswerWhileClosed(t *testing.T) {
	l := begin(t, Rules{Start: Closed})
	l.receive("hi")
	beep := Reply{Message: Message{Text: "beep"}, Thread: mainThread}
	l.do(bot, beep)
	l.do(bot, Whispering{Message: Message{Text: "wants a person"}})
	l.do(bot, beep) // Asking for a person pauses nothing by itself.
	l.do(bot, SetStatus{Open})
	_, err := l.try(bot, beep)
	assert.Equal(t, "close", refusal(t, err).Instead)
	l.do(ann, Assign{Agent: "ann"})
	_, err = l.try(bot, beep)
	refusal(t, err)
	l.do(ann, SetStatus{Closed})
	l.do(bot, beep)
}

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
	assert.EqualError(t, err, "conversation: complete refused: a customer has answered; archive it instead")
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
