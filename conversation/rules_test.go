package conversation

import (
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
