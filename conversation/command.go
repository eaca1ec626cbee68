package conversation

import (
	"strings"
	"time"
)

// Command is something that happens to a conversation. The commands are the types of this package that Apply takes.
type Command interface {
	do(x *step) error
}

// Env is what a decision may use besides the conversation itself.
type Env struct {
	Now   time.Time
	Actor Actor
	Rules Rules
	IDs   []string // of the timeline entries it may create, used in order; Apply panics if a command needs more than MaxEntries
}

// MaxEntries is how many timeline entries one command creates at the most.
const MaxEntries = 4

// Rules are the settings that decide what a conversation does.
type Rules struct {
	Start        Status        // the status a new conversation starts in, and a reopened one returns to. Defaults to Open
	StartNew     bool          // an inbound message on a closed conversation starts a new one instead of reopening it
	NewAfter     time.Duration // it starts a new one when the conversation was closed longer ago; 0: never
	ReadOnAnswer bool          // opening does not mark as read; an answer by anybody clears for all
	GlobalRead   bool          // what one agent reads is read for all
	Release      bool          // what a customer's message brings back waits for any agent, instead of staying with who had it
}

func (r Rules) start() Status {
	if r.Start == Closed {
		return Closed
	}
	return Open
}

// Change is what commands did.
type Change struct {
	Conversation Conversation
	Messages     []Message // new timeline entries, by sequence
	Events       []Event   // in order
}

// Changed reports whether anything happened.
func (c *Change) Changed() bool { return len(c.Events) > 0 || len(c.Messages) > 0 }

// Apply carries out commands on a conversation, all or none. A command whose effect is already there does nothing and tells nothing.
// Errors: *StateError, *ValueError.
//
// What each command does, by where the conversation is. "–" is refused with a StateError that names what to do instead; "·" means no
// change. Inbox stands for the shelves waiting, team and assigned; returned is an inbox conversation that a customer answered after
// Complete; done is closed by SetStatus, finished by Complete; archive has its status, assignee and finished mark kept.
//
//	command            inbox      returned   snoozed    done          finished      archive    spam       trash
//	Create             only on the zero Conversation
//	Receive            unread     unread     wakes ¹    reopens ²     returns       to inbox ³ stays      –
//	Receive automatic  appended   appended   appended   appended      appended      appended   appended   –
//	Echo               appended   appended   appended   appended      appended      appended   appended   –
//	Reply              queued     queued     queued     queued        queued        queued     –          –
//	Reply, automation  – ⁴        –          –          queued        queued        queued ⁵   –          –
//	Whispering         appended   appended   appended   appended      appended      appended   appended   –
//	Assign             assigns    assigns    assigns    assigns       assigns       assigns    –          –
//	SetStatus open     ·          ·          ·          opens         opens         opens ⁶    –          –
//	SetStatus closed   closes     closes     closes ⁷   ·             ·             closes ⁶   –          –
//	Complete           finishes   –          finishes ⁷ finishes      ·             finishes   –          –
//	ToArchive          moves      ends spell moves ⁷    moves         moves         ·          –          –
//	ToSpam             moves      moves      moves ⁷    moves         moves         moves      ·          –
//	ToTrash            moves      moves      moves ⁷    moves         moves         moves      moves      ·
//	Restore            ·          ·          ·          ·             ·             to inbox   back       back
//	Snooze             snoozes    snoozes    new time   –             –             –          –          –
//	Wake (due)         ·          ·          unread     ·             ·             ·          ·          ·
//	Resubmit (due)     unread     unread     wakes      opens        opens         to inbox ³ ·          ·
//	SetFollowUp, SetDeadline, SetPriority, SetType: carried out, but in spam and trash refused
//	ChangeFolders, ChangeOwners, ChangeSubscribers, ChangeLinks, Pin, Unpin, SetHold: allowed in every state, and move it nowhere
//	TrashMessage       the entry is hidden; preview, count, attention and an inbound entry's waiting-since are those without it
//	RestoreMessage     the entry is back, and so is what depended on it
//	SetMinutes         a whisper's minutes are counted in the totals
//	RequestHandover    marked     marked     marked     marked        marked        –          –          –
//	MarkRead/Unread    allowed in every state; MarkUnread needs an entry that makes unread
//	ChangeTags         allowed in every state
//	Schedule           as Reply is, and nothing moves until the message is due
//	Revise, Cancel     allowed in every state; a cancelled entry is no answer and no latest message
//	SetFields, Found, Relabel: allowed in every state; Judge where something is suggested
//	AddNote            appended   appended   appended   appended      appended      appended   appended   –
//	Fail               a final failure is counted; a closed conversation opens and keeps its agent; nothing becomes unread
//	Settle             a failure is no longer counted
//	Alerted            told where it holds: untaken without an agent in the inbox, unanswered while the customer waits there; once a spell
//	Unsend             the entry's content goes; preview, attention and waiting-since are those before it
//	Absorb             takes over     to inbox ⁸     to inbox ⁸               to inbox ⁸ –          –
//	Join               leaves every list and count; ends the snooze          joins      –          –
//	Leave, Release     undo Join and Absorb; refused where nothing is merged
//	Repaint            shows what became of a part's message
//	Erase              – (anywhere: leaves every list and count)                        –          erases
//	DropPeople, Pause  allowed in every state
//	Nudge              noted      noted      noted      noted         noted         noted      –          –
//
// ¹ unless it was snoozed to keep asleep. ² to the mailbox's starting status; a mailbox where bots come first keeps it closed.
// ³ and is opened, by Receive to the starting status; no spell begins. ⁴ a person has it: bots answer only while closed. ⁵ if closed.
// ⁶ if it is not already. ⁷ and ends the snooze. ⁸ and open and awake, if what it takes over was in the inbox. With the rule Release what
// reopens or comes back from the archive by Receive is taken from its agent.
func Apply(c Conversation, env Env, commands ...Command) (Change, error) {
	x := &step{c: c.Clone(), env: &env}
	for _, command := range commands {
		if err := command.do(x); err != nil {
			return Change{}, err
		}
	}
	for _, m := range x.erased {
		m.erase(&env)
	}
	for _, change := range x.after {
		change()
	}
	ch := Change{Messages: x.messages, Events: x.events}
	if ch.Changed() {
		x.keepSpells(c.WaitingSince)
		ch.Conversation = x.c
		ch.Conversation.Changed = x.changed()
	} else {
		ch.Conversation = c
	}
	return ch, nil
}

// step is one Apply under way.
type step struct {
	c        Conversation
	env      *Env
	messages []Message
	events   []Event
	erased   []*Message // the callers' own, changed when nothing can be refused any more
	after    []func()   // what else is changed then
}

// Later returns now, or one microsecond after last if that is later: times of a conversation never go back, whatever the clocks do.
func Later(last, now time.Time) time.Time {
	now = now.UTC().Truncate(time.Microsecond)
	if next := last.Add(time.Microsecond); now.Before(next) {
		return next
	}
	return now
}

// changed is the Changed time that this Apply ends with.
func (x *step) changed() time.Time {
	if len(x.messages) > 0 {
		return x.messages[len(x.messages)-1].Stored
	}
	return Later(x.c.Changed, x.env.Now)
}

// move puts the conversation on top of its lists.
func (x *step) move() { x.c.Activity = Later(x.c.Activity, x.env.Now) }

// append adds a timeline entry.
func (x *step) append(m Message) *Message {
	x.c.Sequence++
	m.ID = x.env.IDs[len(x.messages)]
	m.Conversation = x.c.ID
	m.Sequence = x.c.Sequence
	last := x.c.Changed
	if n := len(x.messages); n > 0 {
		last = x.messages[n-1].Stored
	}
	m.Stored = Later(last, x.env.Now)
	m.Changed = m.Stored
	if m.At.IsZero() {
		m.At = m.Stored
	}
	if m.Author == (Actor{}) {
		m.Author = x.env.Actor
	}
	x.messages = append(x.messages, m)
	if m.Visible() {
		x.count(&m, 1)
		x.show(&m)
	}
	return &x.messages[len(x.messages)-1]
}

// show makes a visible entry the conversation's latest.
func (x *step) show(m *Message) {
	x.c.Latest = m.Sequence
	x.c.Preview = Preview(m)
	if x.c.Subject == "" {
		x.c.Subject = m.Subject
	}
}

// event tells what happened, without an entry on the timeline.
func (x *step) event(e Event) {
	e.At = x.env.Now.UTC().Truncate(time.Microsecond)
	e.Actor = x.env.Actor
	e.Actor.Name, e.Actor.Initials = "", ""
	e.Conversation = x.c.ID
	e.Mailbox = x.c.Mailbox
	x.events = append(x.events, e)
}

// tell tells a change as an event and on the timeline, and returns the entry.
func (x *step) tell(kind, from, to string) *Message {
	return x.tellOf(Event{Type: kind, From: from, To: to})
}

func (x *step) tellOf(e Event) *Message {
	x.event(e)
	m := x.append(Message{Direction: Activity})
	last := &x.events[len(x.events)-1]
	last.Message = m.ID
	told := *last
	m.Event = &told
	return m
}

// notWorkedOn refuses what is not done to a conversation in spam or trash.
func (x *step) notWorkedOn(command string) error {
	switch x.c.Place {
	case Spam, Trash:
		return &StateError{Command: command, Reason: "the conversation is in " + string(x.c.Place), Instead: "restore"}
	}
	return nil
}

func joined(values []string) string { return strings.Join(values, ",") }
