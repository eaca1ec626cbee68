package conversation

import (
	"slices"
	"time"
)

// MaxParts is how many conversations can be merged into one, those that were merged into them before included.
const MaxParts = 20

// Gone reports whether a conversation is in no list and no count: it is merged into another, or is being erased.
func (c *Conversation) Gone() bool { return c.Into != "" || !c.Erasing.IsZero() }

// Absorb is what a conversation takes over when others are merged into it: their people, threads, tags and the like, and what in them
// waits for somebody. Their timelines stay their own and are shown with this one's. It is refused if the conversation would have more of
// something than it may: nothing that somebody has put there is dropped.
type Absorb struct {
	Parts []Conversation // as they are before
}

func (cmd Absorb) do(x *step) error {
	if err := x.mergeable("merge"); err != nil {
		return err
	}
	if len(cmd.Parts) == 0 {
		return badValue("merge", "names no conversation to merge")
	}
	var ids []string
	for i := range cmd.Parts {
		p := &cmd.Parts[i]
		switch {
		case p.ID == x.c.ID:
			return badValue("merge", "a conversation is not merged into itself")
		case p.Mailbox != x.c.Mailbox:
			return badValue("merge", "conversation %s belongs to mailbox %q, not %q; move it first", p.ID, p.Mailbox, x.c.Mailbox)
		case (p.Method == MethodInternal) != (x.c.Method == MethodInternal):
			return badValue("merge", "an internal conversation is merged with internal ones only")
		}
		ids = append(ids, p.ID)
	}
	before := x.c.Clone()
	entry := x.tell(EventMerged, joined(ids), x.c.ID)
	for i := range cmd.Parts {
		x.absorb(&cmd.Parts[i], entry)
	}
	return before.outgrown(&x.c)
}

// outgrown refuses what a merge would make of a conversation if that has more of something than it may.
func (c *Conversation) outgrown(merged *Conversation) error {
	for _, l := range []struct {
		field, what         string
		before, after, most int
	}{
		{"tags", "tags", len(c.Tags), len(merged.Tags), MaxTags},
		{"folders", "folders, personal ones included", len(c.Folders), len(merged.Folders), MaxFolders},
		{"pin", "agents who have pinned it", len(c.Pinned), len(merged.Pinned), MaxPins},
		{"owners", "owners", len(c.Owners), len(merged.Owners), MaxOwners},
		{"subscribers", "subscribers", len(c.Subscribers), len(merged.Subscribers), MaxSubscribers},
		{"links", "records", len(c.Links), len(merged.Links), MaxLinks},
		{"fields", "fields", len(c.Fields), len(merged.Fields), MaxFields},
		{"fields", "values of fields", countValues(c.Fields), countValues(merged.Fields), maxValues},
		{"merge", "people, tags, labels, folders, pins, records and, each counted twice, owners and subscribers", c.listed(), merged.listed(), maxListed},
	} {
		if beyond(l.before, l.after, l.most) {
			return badValue(l.field, "the conversation would have %d %s, at most %d; merge fewer conversations, or remove some before", l.after, l.what, l.most)
		}
	}
	return nil
}

// mergeable refuses what is itself merged, or is where nobody works.
func (x *step) mergeable(command string) error {
	if x.c.Into != "" {
		return &StateError{Command: command, Reason: "the conversation is merged into " + x.c.Into, Instead: "unmerge"}
	}
	return x.notWorkedOn(command)
}

// absorb takes over one part. entry is the merge's own on the timeline: it stands for what the parts' timelines hold.
func (x *step) absorb(p *Conversation, entry *Message) {
	x.c.Parts = append(x.c.Parts, p.ID)
	x.absorbLists(p)
	for _, t := range p.Threads {
		x.tie(t) // one that both have stays as this one's
	}
	// The customer's own thread, on which an answer goes out, stays the first.
	slices.SortStableFunc(x.c.Threads, func(a, b Thread) int { return b.LastInbound.Compare(a.LastInbound) })
	x.absorbAttention(p, entry)
	x.c.WaitingSince = earlier(x.c.WaitingSince, p.WaitingSince)
	x.absorbTold(p)
	x.c.Deadline = earlier(x.c.Deadline, p.Deadline)
	x.c.FollowUp = earlier(x.c.FollowUp, p.FollowUp)
	x.c.Priority = max(x.c.Priority, p.Priority)
	x.c.Messages += p.Messages
	x.c.Failed += p.Failed
	x.c.Free, x.c.Paid = x.c.Free+p.Free, x.c.Paid+p.Paid
	x.c.Hold = x.c.Hold || p.Hold
	x.c.Paused = x.c.Paused || p.Paused
	if p.Answered.After(x.c.Answered) {
		x.c.Answered, x.c.Reminded = p.Answered, p.Reminded
	}
	if x.c.Agent == "" && x.c.Team == "" {
		x.c.Agent, x.c.Team = p.Agent, p.Team
	}
	if p.InInbox() {
		x.needed()
	}
	if p.Activity.After(x.c.Activity) {
		x.c.Activity = p.Activity
		x.c.Latest, x.c.Preview = 0, p.Preview // 0: the newest is a part's
	}
}

// needed brings a conversation to where the part that needs somebody was.
func (x *step) needed() {
	x.endSnooze()
	if x.c.Place == Archive {
		x.c.Place, x.c.Former = Inbox, ""
	}
	if x.c.Status == Closed {
		x.c.Status, x.c.ClosedAt, x.c.Finished = Open, time.Time{}, false
	}
}

func (x *step) absorbLists(p *Conversation) {
	for _, c := range p.Contacts {
		if !slices.Contains(x.c.Contacts, c) {
			x.c.Contacts = append(x.c.Contacts, c)
		}
	}
	x.c.Tags = merged(x.c.Tags, p.Tags)
	x.c.Folders = merged(x.c.Folders, p.Folders)
	x.c.Pinned = merged(x.c.Pinned, p.Pinned)
	x.c.Subscribers = merged(x.c.Subscribers, p.Subscribers)
	x.c.Labels = merged(x.c.Labels, p.Labels)
	for _, l := range p.Links {
		x.c.Links, _ = addLink(x.c.Links, l)
	}
	mine := x.c.Owners
	for _, o := range p.Owners { // of a responsibility that nobody has here, all who have it there
		if !slices.ContainsFunc(mine, func(my Owner) bool { return my.Role == o.Role }) {
			x.c.Owners = append(x.c.Owners, o)
		}
	}
	slices.SortFunc(x.c.Owners, Owner.compare)
	for id, v := range p.Fields {
		if _, set := x.c.Fields[id]; !set {
			if x.c.Fields == nil {
				x.c.Fields = map[string]Value{}
			}
			x.c.Fields[id] = v
		}
	}
}

// absorbAttention makes unread for whom either was.
func (x *step) absorbAttention(p *Conversation, entry *Message) {
	switch {
	case p.Attention.Sequence == 0:
		return
	case x.c.Attention.Sequence == 0:
		entry.Prior = &Unread{}
		x.c.Attention, x.c.Readers = Mark{Sequence: entry.Sequence, At: p.Attention.At}, p.Readers.both(p.Readers)
		return
	case p.Attention.At.After(x.c.Attention.At):
		if entry.Prior == nil {
			entry.Prior = &Unread{Attention: x.c.Attention, Readers: x.c.Readers}
		}
		x.c.Attention = Mark{Sequence: entry.Sequence, At: p.Attention.At}
	}
	x.c.Readers = x.c.Readers.both(p.Readers)
}

// both returns who has read both.
func (r Readers) both(o Readers) Readers {
	in := func(list []string) func(string) bool { return func(a string) bool { return slices.Contains(list, a) } }
	out := Readers{All: r.All && o.All, Anybody: r.Anybody && o.Anybody}
	switch {
	case r.All && o.All:
		out.Agents = merged(r.Agents, o.Agents)
	case r.All:
		out.Agents = slices.DeleteFunc(slices.Clone(o.Agents), in(r.Agents))
	case o.All:
		out.Agents = slices.DeleteFunc(slices.Clone(r.Agents), in(o.Agents))
	default:
		out.Agents = slices.DeleteFunc(slices.Clone(r.Agents), func(a string) bool { return !slices.Contains(o.Agents, a) })
	}
	if len(out.Agents) == 0 {
		out.Agents = nil
	}
	return out
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// merged returns two sorted lists as one, without repetition.
func merged(a, b []string) []string {
	if len(a)+len(b) == 0 {
		return a
	}
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}

// Join makes a conversation a part of another. It keeps what it has, for undoing, and is no longer listed or counted.
type Join struct {
	Head string // the other's ID
}

func (cmd Join) do(x *step) error {
	if x.c.Into == cmd.Head {
		return nil
	}
	if err := x.mergeable("merge"); err != nil {
		return err
	}
	x.endSnooze()
	x.c.Into = cmd.Head
	x.event(Event{Type: EventMerged, From: x.c.ID, To: cmd.Head})
	return nil
}

// Leave undoes Join. A customer who was answered in the head waits no longer, and a legal hold on the head stays on the part.
type Leave struct {
	Answered bool
	Hold     bool
}

func (cmd Leave) do(x *step) error {
	if x.c.Into == "" {
		return &StateError{Command: "unmerge", Reason: "the conversation is not merged into another"}
	}
	x.event(Event{Type: EventUnmerged, From: x.c.Into, To: x.c.ID})
	x.c.Into, x.c.Hold = "", x.c.Hold || cmd.Hold
	if cmd.Answered {
		x.c.WaitingSince = time.Time{}
	}
	x.move()
	return nil
}

// Release undoes Absorb for one part: what the part brought leaves with it, and what came since stays.
type Release struct {
	Part   Conversation // as it is now
	Before Conversation // this one, before it absorbed the part
	Prior  *Unread      // of the merge's entry
	Entry  int64        // the merge's entry's sequence
}

func (cmd Release) do(x *step) error {
	i := slices.Index(x.c.Parts, cmd.Part.ID)
	if i < 0 {
		return &StateError{Command: "unmerge", Reason: cmd.Part.ID + " is no part of the conversation"}
	}
	x.tell(EventUnmerged, x.c.ID, cmd.Part.ID)
	p, before := &cmd.Part, &cmd.Before
	x.c.Parts = slices.Delete(x.c.Parts, i, i+1)
	x.c.Contacts = without(x.c.Contacts, p.Contacts, before.Contacts)
	x.c.Tags = without(x.c.Tags, p.Tags, before.Tags)
	x.c.Folders = without(x.c.Folders, p.Folders, before.Folders)
	x.c.Pinned = without(x.c.Pinned, p.Pinned, before.Pinned)
	x.c.Subscribers = without(x.c.Subscribers, p.Subscribers, before.Subscribers)
	x.c.Labels = without(x.c.Labels, p.Labels, before.Labels)
	x.c.Links = without(x.c.Links, p.Links, before.Links)
	x.c.Owners = without(x.c.Owners, p.Owners, before.Owners)
	x.c.Threads = slices.DeleteFunc(x.c.Threads, func(t Thread) bool {
		return p.thread(t.Channel, t.Key) >= 0 && before.thread(t.Channel, t.Key) < 0
	})
	x.c.Messages -= p.Messages
	x.c.Failed = max(0, x.c.Failed-p.Failed)
	x.c.Free, x.c.Paid = x.c.Free-p.Free, x.c.Paid-p.Paid
	if x.c.FollowUp.Equal(p.FollowUp) {
		x.c.FollowUp = before.FollowUp
	}
	if x.c.Deadline.Equal(p.Deadline) {
		x.c.Deadline = before.Deadline
	}
	if x.c.Priority == p.Priority {
		x.c.Priority = before.Priority
	}
	if !p.WaitingSince.IsZero() && x.c.WaitingSince.Equal(p.WaitingSince) {
		x.c.WaitingSince = before.WaitingSince
	}
	if x.c.Latest == 0 {
		x.c.Latest, x.c.Preview = before.Latest, before.Preview
	}
	if x.c.Attention.Sequence == cmd.Entry && cmd.Prior != nil {
		x.c.Attention, x.c.Readers = cmd.Prior.Attention, cmd.Prior.Readers.union(x.c.Readers)
		if x.c.Attention.Sequence == 0 {
			x.c.Readers = Readers{}
		}
	}
	return nil
}

// without returns a list without what is in gone and was not there before.
func without[T comparable](list, gone, before []T) []T {
	return slices.DeleteFunc(list, func(v T) bool { return slices.Contains(gone, v) && !slices.Contains(before, v) })
}

// Repaint follows a part's message that was edited or taken back: where the conversation shows the part's preview or attention, it shows
// what they are now.
type Repaint struct {
	Before, After Conversation // the part
	Event         string       // EventEdited or EventUnsent
	Message       string       // ID
}

func (cmd Repaint) do(x *step) error {
	changed := false
	if x.c.Latest == 0 && x.c.Preview == cmd.Before.Preview && x.c.Preview != cmd.After.Preview {
		x.c.Preview, changed = cmd.After.Preview, true
	}
	if n := cmd.After.Messages - cmd.Before.Messages; n != 0 {
		x.c.Messages, changed = x.c.Messages+n, true
	}
	if free, paid := cmd.After.Free-cmd.Before.Free, cmd.After.Paid-cmd.Before.Paid; free != 0 || paid != 0 {
		x.c.Free, x.c.Paid, changed = x.c.Free+free, x.c.Paid+paid, true
	}
	if cmd.Before.Attention != cmd.After.Attention && x.c.Attention.At.Equal(cmd.Before.Attention.At) {
		x.c.Attention.At, changed = cmd.After.Attention.At, true
		if cmd.After.Attention.Sequence == 0 {
			x.c.Attention, x.c.Readers = Mark{}, Readers{}
		}
	}
	if !cmd.Before.WaitingSince.Equal(cmd.After.WaitingSince) && x.c.WaitingSince.Equal(cmd.Before.WaitingSince) {
		x.c.WaitingSince, changed = cmd.After.WaitingSince, true
	}
	if changed {
		x.event(Event{Type: cmd.Event, Message: cmd.Message})
	}
	return nil
}
