package conversation

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The states, each with the commands that lead there. In all of them a customer has written, ann has read it, and nobody has answered.
// A state's name is its standing.
var states = []struct {
	name string
	path []Command
}{
	{"waiting", nil},
	{"team", []Command{Assign{Team: "sales"}}},
	{"assigned", []Command{assigned}},
	{"assigned-returned", []Command{assigned, Complete{}, again}},
	{"snoozed", []Command{Snooze{Until: start.Add(24 * time.Hour)}}},
	{"snoozed-asleep", []Command{Snooze{Until: start.Add(24 * time.Hour), KeepAsleep: true}}},
	{"done-closed", []Command{assigned, SetStatus{Closed}}},
	{"done-finished", []Command{assigned, Complete{}}},
	{"archive-open", []Command{assigned, ToArchive{}}},
	{"archive-closed", []Command{assigned, SetStatus{Closed}, ToArchive{}}},
	{"archive-finished", []Command{assigned, Complete{}, ToArchive{}}},
	{"spam-open", []Command{assigned, ToSpam{}}},
	{"trash-open", []Command{assigned, ToTrash{}}},
}

var (
	assigned = Assign{Agent: "ann", Team: "sales"}
	again    = Receive{Message: Message{Text: "again"}, Thread: mainThread, Contact: customer.ID}
	another  = Conversation{ID: "c2", Mailbox: "shop", Method: "chat", Status: Open, Place: Inbox, Messages: 1,
		Attention: Mark{Sequence: 1, At: start.Add(time.Hour)}, Activity: start.Add(24*time.Hour + time.Hour)}
	order  = Link{Kind: "order", ID: "4711", By: ByCapture}
	failed = &Message{ID: "sent", Direction: Outbound, Delivery: Failed, Failure: &Failure{Class: "recipient"}}
)

func always(c Command) func(*life) Command { return func(*life) Command { return c } }

// The commands, by the names that the transitions use.
var acts = []struct {
	name  string
	by    Actor
	rules Rules
	after time.Duration // how long after the state was reached
	cmd   func(*life) Command
}{
	{name: "Create", by: system, cmd: always(Create{ID: "c2", Mailbox: "shop"})},
	{name: "Receive", by: customer, cmd: always(again)},
	{name: "Receive, bots first", by: customer, rules: Rules{Start: Closed}, cmd: always(again)},
	{name: "Receive unsupported", by: customer, cmd: always(Receive{Message: Message{Unsupported: "poll"}, Thread: mainThread})},
	{name: "Receive automatic", by: customer, cmd: always(Receive{Message: Message{Text: "away", Automatic: true}, Thread: mainThread})},
	{name: "Echo", by: system, cmd: always(Echo{Message: Message{Text: "from the phone"}, Thread: mainThread})},
	{name: "Reply", by: ben, cmd: always(Reply{Message: Message{Text: "hello"}, Thread: mainThread})},
	{name: "Reply, automation", by: bot, cmd: always(Reply{Message: Message{Text: "beep"}, Thread: mainThread})},
	{name: "Whispering", by: ben, cmd: always(Whispering{Message: Message{Text: "psst"}})},
	{name: "Assign", by: ben, cmd: always(Assign{Agent: "ben"})},
	{name: "Assign nobody", by: ben, cmd: always(Assign{})},
	{name: "SetStatus open", by: ben, cmd: always(SetStatus{Open})},
	{name: "SetStatus closed", by: ben, cmd: always(SetStatus{Closed})},
	{name: "Complete", by: ben, cmd: always(Complete{})},
	{name: "ToArchive", by: ben, cmd: always(ToArchive{})},
	{name: "ToSpam", by: ben, cmd: always(ToSpam{})},
	{name: "ToTrash", by: ben, cmd: always(ToTrash{})},
	{name: "Restore", by: ben, cmd: always(Restore{})},
	{name: "Snooze", by: ben, cmd: always(Snooze{Until: start.Add(48 * time.Hour)})},
	{name: "Wake early", by: system, cmd: always(Wake{})},
	{name: "Wake due", by: system, after: 24 * time.Hour, cmd: always(Wake{})},
	{name: "Wake by hand", by: ben, cmd: always(Wake{ByHand: true})},
	{name: "MarkRead", by: ben, cmd: always(MarkRead{})},
	{name: "MarkRead viewed", by: ben, cmd: always(MarkRead{Viewed: true})},
	{name: "MarkRead viewed, read on answer", by: ben, rules: Rules{ReadOnAnswer: true}, cmd: always(MarkRead{Viewed: true})},
	{name: "MarkUnread", by: ann, cmd: always(MarkUnread{})},
	{name: "MarkUnread of unread", by: ben, cmd: always(MarkUnread{})},
	{name: "ChangeTags", by: ben, cmd: always(ChangeTags{Add: []string{"vip"}})},
	{name: "Schedule", by: ben, cmd: always(Schedule{ID: "later", Due: start.Add(100 * time.Hour), Thread: mainThread})},
	{name: "Schedule, automation", by: bot, cmd: always(Schedule{ID: "later", Due: start.Add(100 * time.Hour), Thread: mainThread})},
	{name: "Revise", by: ben, cmd: always(Revise{Message: &Message{ID: "later", Delivery: Scheduled}})},
	{name: "Cancel", by: ben, cmd: always(Cancel{Message: &Message{Direction: Outbound, Delivery: Cancelled}})},
	{name: "Fail when due", by: system, cmd: always(Fail{Message: &Message{Direction: Outbound, Delivery: Failed}})},
	{name: "SetFields", by: ben, cmd: always(SetFields{Fields: map[string]Value{"size": {Values: []string{"L"}}}})},
	{name: "Found", by: customer, cmd: always(Found{Suggested: []Link{order}})},
	{name: "Judge of nothing", by: ben, cmd: always(Judge{Link: order, Confirm: true})},
	{name: "Judge", by: ben, cmd: func(l *life) Command {
		l.do(customer, Found{Suggested: []Link{order}})
		return Judge{Link: order, Confirm: true}
	}},
	{name: "Relabel", by: system, cmd: always(Relabel{Labels: []string{"vip"}})},
	{name: "AddNote", by: ben, cmd: always(AddNote{Message: Message{Text: "calls back"}, Contact: customer.ID})},
	{name: "Fail", by: system, cmd: always(Fail{Message: failed})},
	{name: "Settle", by: system, cmd: always(Settle{Message: failed, Event: EventDismissed})},
	{name: "Passed", by: system, cmd: always(Passed{Channel: "wa", Key: mainThread.Key, Delivery: Read, Until: start})},
	{name: "Receive, released", by: customer, rules: Rules{Release: true}, cmd: always(again)},
	{name: "RequestHandover", by: bot, cmd: always(RequestHandover{Availability: "nobody"})},
	{name: "RequestHandover, released", by: bot, cmd: always(RequestHandover{Availability: "nobody", Release: true})},
	{name: "RequestHandover again", by: bot, cmd: func(l *life) Command { l.c.Handover = l.now; return RequestHandover{} }},
	{name: "Offer", by: system, cmd: always(Offer{Actions: []Action{{ID: "accept"}}})},
	{name: "Absorb", by: ben, cmd: always(Absorb{Parts: []Conversation{another}})},
	{name: "Join", by: ben, cmd: always(Join{Head: "c2"})},
	{name: "Leave", by: ben, cmd: always(Leave{})},
	{name: "Release", by: ben, cmd: always(Release{Part: another})},
	{name: "Repaint", by: system, cmd: func(l *life) Command {
		return Repaint{Before: Conversation{WaitingSince: l.c.WaitingSince}, Newest: l.lastInbound(), Event: EventUnsent, Merged: []Merged{{Entry: 1}}}
	}},
	{name: "Erase", by: ben, cmd: always(Erase{})},
	{name: "Erase anywhere", by: ben, cmd: always(Erase{Anywhere: true})},
	{name: "DropPeople", by: ben, cmd: always(DropPeople{Contact: customer.ID})},
	{name: "Pause", by: ben, cmd: always(Pause{})},
	{name: "Pause off", by: ben, cmd: always(Pause{Off: true})},
	{name: "Nudge", by: system, cmd: always(Nudge{Outcome: NudgeSent})},
	{name: "Unsend", by: customer, cmd: func(l *life) Command { return l.unsend(l.lastInbound()) }},
	{name: "SetFollowUp", by: ben, cmd: always(SetFollowUp{At: start.Add(24 * time.Hour)})},
	{name: "SetFollowUp none", by: ben, cmd: always(SetFollowUp{})},
	{name: "Resubmit without a date", by: system, cmd: always(Resubmit{})},
	{name: "Resubmit early", by: system, cmd: func(l *life) Command { l.c.FollowUp = l.now.Add(time.Minute); return Resubmit{} }},
	{name: "Resubmit due", by: system, cmd: func(l *life) Command { l.c.FollowUp = l.now; return Resubmit{} }},
	{name: "SetDeadline", by: ben, cmd: always(SetDeadline{At: start})},
	{name: "SetPriority", by: ben, cmd: always(SetPriority{MaxPriority})},
	{name: "SetType", by: ben, cmd: always(SetType{Type: "claim", Stage: "new"})},
	{name: "SetHold", by: ben, cmd: always(SetHold{true})},
	{name: "ChangeFolders", by: ben, cmd: always(ChangeFolders{Add: []string{"urgent"}})},
	{name: "ChangeOwners", by: ben, cmd: always(ChangeOwners{Add: []Owner{{"sales", "ann"}}})},
	{name: "ChangeSubscribers", by: ben, cmd: always(ChangeSubscribers{Add: []string{SubscriberAgent("ann")}})},
	{name: "ChangeLinks", by: ben, cmd: always(ChangeLinks{Add: []Link{{Kind: "order", ID: "4711"}}})},
	{name: "Pin", by: ben, cmd: always(Pin{})},
	{name: "Unpin", by: ben, cmd: func(l *life) Command { l.c.Pinned = []string{"ben"}; return Unpin{} }},
	{name: "TrashMessage", by: ben, cmd: func(l *life) Command { return l.trash(l.lastInbound()) }},
	{name: "RestoreMessage", by: ben, cmd: func(l *life) Command {
		m := l.lastInbound()
		l.do(ann, l.trash(m))
		return l.restore(m)
	}},
	{name: "SetMinutes", by: ben, cmd: func(l *life) Command {
		l.c.Messages++
		l.c.Latest++
		m := &Message{ID: "w", Sequence: l.c.Latest, Direction: Whisper}
		l.timeline = append(l.timeline, m)
		l.c.Preview = ""
		return SetMinutes{Message: m, Minutes: 5}
	}},
	{name: "Alerted untaken", by: system, cmd: always(Alerted{Kind: AlertUntaken})},
	{name: "Alerted unanswered", by: system, cmd: always(Alerted{Kind: AlertUnanswered})},
}

// What each command does in each state, from the requirements. A line reads: states, an arrow, where the conversation stands after it
// ("=" where it was), and the events in order. "^" says that its Activity moves, "!" that it becomes unread for all, "?" that what made
// it unread is gone. "same" is no change at all; "no" is a refusal, followed by the command to use instead.
const transitions = `
Create
	all                                            -> no
Receive
	inbox assigned-returned snoozed-asleep         -> = ^! received
	snoozed                                        -> waiting ^! received woken
	done-closed                                    -> assigned ^! received opened
	done-finished                                  -> assigned-returned ^! received returned
	archive-open                                   -> assigned ^! received moved
	archive-closed archive-finished                -> assigned ^! received moved opened
	spam-open                                      -> = ^! received
	trash-open                                     -> no start a new one
Receive, bots first
	inbox assigned-returned snoozed-asleep         -> = ^! received
	snoozed                                        -> waiting ^! received woken
	done-closed                                    -> = ^! received
	done-finished                                  -> assigned-returned ^! received returned
	archive-open                                   -> assigned ^! received moved
	archive-closed archive-finished                -> done-closed ^! received moved
	spam-open                                      -> = ^! received
	trash-open                                     -> no start a new one
Receive unsupported
	inbox assigned-returned snoozed-asleep         -> = ^! received
	snoozed                                        -> waiting ^! received woken
	done-closed                                    -> assigned ^! received opened
	done-finished                                  -> assigned-returned ^! received returned
	archive-open                                   -> assigned ^! received moved
	archive-closed archive-finished                -> assigned ^! received moved opened
	spam-open                                      -> = ^! received
	trash-open                                     -> no start a new one
Receive, released
	inbox assigned-returned snoozed-asleep         -> = ^! received
	snoozed                                        -> waiting ^! received woken
	done-closed                                    -> team ^! received opened assigned
	done-finished                                  -> team-returned ^! received returned assigned
	archive-open                                   -> team ^! received moved assigned
	archive-closed archive-finished                -> team ^! received moved opened assigned
	spam-open                                      -> = ^! received
	trash-open                                     -> no start a new one
RequestHandover
	inbox assigned-returned asleep done            -> = handover
	archive spam-open trash-open                   -> no restore
RequestHandover, released
	inbox assigned-returned asleep                 -> = handover
	done                                           -> = handover assigned
	archive spam-open trash-open                   -> no restore
RequestHandover again
	inbox assigned-returned asleep done            -> same
	archive spam-open trash-open                   -> no restore
Receive automatic
	inbox assigned-returned asleep done archive    -> = ^ received
	spam-open                                      -> = ^ received
	trash-open                                     -> no start a new one
Echo
	inbox assigned-returned asleep done archive    -> = ^ echoed
	spam-open                                      -> = ^ echoed
	trash-open                                     -> no start a new one
Reply
	inbox assigned-returned asleep done archive    -> = ^ outgoing read
	spam-open trash-open                           -> no restore
Reply, automation
	inbox assigned-returned asleep archive-open    -> no close
	done archive-closed archive-finished           -> = ^ outgoing
	spam-open trash-open                           -> no restore
Whispering
	inbox assigned-returned asleep done archive    -> = ^ whispered
	spam-open                                      -> = ^ whispered
	trash-open                                     -> no restore
Assign
	waiting team                                   -> assigned assigned
	assigned assigned-returned asleep done archive -> = assigned
	spam-open trash-open                           -> no restore
Assign nobody
	waiting asleep                                 -> same
	team assigned                                  -> waiting assigned
	assigned-returned                              -> waiting-returned assigned
	done archive                                   -> = assigned
	spam-open trash-open                           -> no restore
SetStatus open
	inbox assigned-returned asleep archive-open    -> same
	done                                           -> assigned ^ opened
	archive-closed archive-finished                -> archive-open ^ opened
	spam-open trash-open                           -> no restore
SetStatus closed
	inbox asleep                                   -> done-closed closed
	assigned-returned                              -> done-closed-returned closed
	archive-open                                   -> archive-closed closed
	done archive-closed archive-finished           -> same
	spam-open trash-open                           -> no restore
Complete
	inbox asleep done-closed                       -> done-finished finished
	assigned-returned                              -> no archive
	archive-open archive-closed                    -> archive-finished finished
	done-finished archive-finished                 -> same
	spam-open trash-open                           -> no restore
ToArchive
	inbox assigned-returned asleep                 -> archive-open ^ moved
	done-closed                                    -> archive-closed ^ moved
	done-finished                                  -> archive-finished ^ moved
	archive                                        -> same
	spam-open trash-open                           -> no restore
ToSpam
	inbox asleep archive-open                      -> spam-open ^ moved
	assigned-returned                              -> spam-open-returned ^ moved
	done-closed archive-closed                     -> spam-closed ^ moved
	done-finished archive-finished                 -> spam-finished ^ moved
	spam-open                                      -> same
	trash-open                                     -> no restore
ToTrash
	inbox asleep archive-open spam-open            -> trash-open ^ moved
	assigned-returned                              -> trash-open-returned ^ moved
	done-closed archive-closed                     -> trash-closed ^ moved
	done-finished archive-finished                 -> trash-finished ^ moved
	trash-open                                     -> same
Restore
	inbox assigned-returned asleep done            -> same
	archive-open spam-open trash-open              -> assigned ^ moved
	archive-closed                                 -> done-closed ^ moved
	archive-finished                               -> done-finished ^ moved
Snooze
	inbox snoozed-asleep                           -> snoozed snoozed
	snoozed                                        -> = snoozed
	assigned-returned                              -> snoozed-returned snoozed
	done                                           -> no open
	archive spam-open trash-open                   -> no restore
Wake early
	all                                            -> same
Wake due
	asleep                                         -> waiting ^! woken
	inbox assigned-returned done archive           -> same
	spam-open trash-open                           -> same
Wake by hand
	asleep                                         -> waiting ^ woken
	inbox assigned-returned done archive           -> same
	spam-open trash-open                           -> same
MarkRead
	all                                            -> = read
MarkRead viewed
	all                                            -> = read
MarkRead viewed, read on answer
	all                                            -> same
MarkUnread
	all                                            -> = unread
MarkUnread of unread
	all                                            -> same
ChangeTags
	all                                            -> = tagged
Schedule
	inbox assigned-returned asleep done archive    -> = scheduled
	spam-open trash-open                           -> no restore
Schedule, automation
	inbox assigned-returned asleep archive-open    -> no close
	done archive-closed archive-finished           -> = scheduled
	spam-open trash-open                           -> no restore
Revise
	all                                            -> = edited
Cancel
	all                                            -> = cancelled
Fail when due
	inbox assigned-returned asleep archive-open    -> = failed
	done                                           -> assigned ^ failed opened
	archive-closed archive-finished                -> archive-open ^ failed opened
	spam-open trash-open                           -> = failed
SetFields
	all                                            -> = fields
Found
	all                                            -> = suggested
Judge of nothing
	all                                            -> no
Judge
	all                                            -> = judged
Relabel
	all                                            -> = labelled
AddNote
	inbox assigned-returned asleep done archive    -> = noted
	spam-open                                      -> = noted
	trash-open                                     -> no restore
Fail
	inbox assigned-returned asleep archive-open    -> = failed
	done                                           -> assigned ^ failed opened
	archive-closed archive-finished                -> archive-open ^ failed opened
	spam-open trash-open                           -> = failed
Settle
	all                                            -> = dismissed
Passed
	all                                            -> = delivery
Offer
	all                                            -> = offered
Absorb
	inbox assigned-returned                        -> = ^! merged
	asleep                                         -> waiting ^! merged
	done archive                                   -> assigned ^! merged
	spam-open trash-open                           -> no restore
Join
	inbox assigned-returned done archive           -> = merged
	asleep                                         -> waiting merged
	spam-open trash-open                           -> no restore
Leave
	all                                            -> no
Release
	all                                            -> no
Repaint
	all                                            -> = unsent
Erase
	inbox assigned-returned asleep done archive    -> no trash
	spam-open                                      -> no trash
	trash-open                                     -> = erased
Erase anywhere
	all                                            -> = erased
DropPeople
	all                                            -> = forgotten
Pause
	all                                            -> = paused
Pause off
	all                                            -> same
Nudge
	inbox assigned-returned asleep done archive    -> = nudged
	spam-open trash-open                           -> no restore
Unsend
	all                                            -> = ? unsent
SetFollowUp
	inbox assigned-returned asleep done archive    -> = followup
	spam-open trash-open                           -> no restore
SetFollowUp none
	inbox assigned-returned asleep done archive    -> same
	spam-open trash-open                           -> no restore
Resubmit without a date
	all                                            -> same
Resubmit early
	all                                            -> same
Resubmit due
	inbox assigned-returned                        -> = ^! due
	asleep                                         -> waiting ^! due woken
	done                                           -> assigned ^! due opened
	archive-open                                   -> assigned ^! due moved
	archive-closed archive-finished                -> assigned ^! due moved opened
	spam-open trash-open                           -> same
SetDeadline
	inbox assigned-returned asleep done archive    -> = deadline
	spam-open trash-open                           -> no restore
SetPriority
	inbox assigned-returned asleep done archive    -> = priority
	spam-open trash-open                           -> no restore
SetType
	inbox assigned-returned asleep done archive    -> = typed
	spam-open trash-open                           -> no restore
SetHold
	all                                            -> = hold
ChangeFolders
	all                                            -> = filed
ChangeOwners
	all                                            -> = owners
ChangeSubscribers
	all                                            -> = subscribers
ChangeLinks
	all                                            -> = linked
Pin
	all                                            -> = pinned
Unpin
	all                                            -> = pinned
TrashMessage
	all                                            -> = ? trashed
RestoreMessage
	all                                            -> = restored
SetMinutes
	all                                            -> = minutes
Alerted untaken
	waiting team                                   -> = alert
	assigned assigned-returned asleep done archive -> same
	spam-open trash-open                           -> same
Alerted unanswered
	inbox assigned-returned                        -> = alert
	asleep done archive spam-open trash-open       -> same
`

// groups are names for several states.
var groups = map[string][]string{
	"inbox":   {"waiting", "team", "assigned"},
	"asleep":  {"snoozed", "snoozed-asleep"},
	"done":    {"done-closed", "done-finished"},
	"archive": {"archive-open", "archive-closed", "archive-finished"},
}

func TestTransitions(t *testing.T) {
	want := parseTransitions(t)
	for _, act := range acts {
		for _, s := range states {
			t.Run(act.name+"/"+s.name, func(t *testing.T) {
				expected, ok := want[act.name+"/"+s.name]
				require.True(t, ok, "the transitions lack this pair")
				l := begin(t, Rules{})
				l.receive("first")
				for _, c := range s.path {
					l.do(system, c)
				}
				l.do(ann, MarkRead{})
				require.Equal(t, s.name, standing(&l.c), "the state itself")
				before := l.c.Clone()
				l.rules = act.rules
				l.now = l.now.Add(time.Minute + act.after)
				change, err := l.tryPure(act.by, act.cmd(l))
				assert.Equal(t, expected, outcome(&before, &change, err))
			})
		}
	}
	assert.Len(t, want, len(acts)*len(states), "a pair of the transitions names no state or command")
}

// Every type of the package that is a command is among the acts, so that a new one cannot be left out of the transitions.
func TestTransitionsCoverEveryCommand(t *testing.T) {
	tested := []string{}
	l := begin(t, Rules{})
	l.receive("first")
	for _, act := range acts {
		tested = append(tested, reflect.TypeOf(act.cmd(l)).Name())
	}
	slices.Sort(tested)

	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	declared := []string{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			if f, ok := n.(*ast.FuncDecl); ok && f.Recv != nil && f.Name.Name == "do" {
				declared = append(declared, f.Recv.List[0].Type.(*ast.Ident).Name)
			}
			return true
		})
	}
	slices.Sort(declared)
	assert.Equal(t, declared, slices.Compact(tested))
}
