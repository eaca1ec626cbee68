package conversation

import (
	"maps"
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
		{"merge", "people, tags, folders, pins, records and, each counted twice, owners and subscribers", c.listed(), merged.listed(), maxListed},
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
	x.c.Pending = append(x.c.Pending, p.Pending...)
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
	if p.InInbox() || p.Waits() {
		x.c.Handover = earlier(x.c.Handover, p.Handover)
	}
	if p.InInbox() {
		x.needed()
	}
	if p.Activity.After(x.c.Activity) {
		x.c.Activity = p.Activity
	}
}

// Show makes a message what a conversation with parts shows in lists: of all its timelines the visible one that was stored last, or nil if there is
// none. Only the timelines tell which one that is, so Absorb and Release leave it to the caller. It reports whether anything changed.
func (c *Conversation) Show(m *Message) bool {
	latest, preview := int64(0), "" // 0: the newest is a part's
	if m != nil {
		preview = Preview(m)
		if m.Conversation == c.ID {
			latest = m.Sequence
		}
	}
	changed := c.Latest != latest || c.Preview != preview
	c.Latest, c.Preview = latest, preview
	return changed
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
	x.c.Labels = listedLabels(merged(x.c.Labels, p.Labels))
	for _, l := range p.Links {
		x.c.Links, _ = addLink(x.c.Links, l)
	}
	for _, l := range p.Suggestions {
		_, open := addLink(x.c.Links, l)
		if all, added := addLink(x.c.Suggestions, l); open && added && len(all) <= MaxSuggestions {
			x.c.Suggestions = all
		}
	}
	mine := x.c.Owners
	for _, o := range p.Owners { // of a responsibility that nobody has here, all who have it there
		if !slices.ContainsFunc(mine, func(my Owner) bool { return my.Role == o.Role }) {
			x.c.Owners = append(x.c.Owners, o)
		}
	}
	slices.SortFunc(x.c.Owners, Owner.compare)
	for id, v := range p.Fields {
		if mine, set := x.c.Fields[id]; !set || mine.yields(v) {
			if x.c.Fields == nil {
				x.c.Fields = map[string]Value{}
			}
			x.c.Fields[id] = v
		}
	}
}

// yields reports whether a value gives way to another: what is only suggested does to what is certain.
func (v Value) yields(to Value) bool { return v.Suggested && !to.Suggested }

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

// Release undoes Absorb for one part: what the part brought leaves with it, unless one that is still merged has it, too. What came since
// stays.
type Release struct {
	Part   Conversation   // as it is now
	Before Conversation   // this one, before it absorbed the part
	Others []Conversation // the other parts, as they are now, in the order of Parts
	Prior  *Unread        // of the merge's entry
	Entry  int64          // the merge's entry's sequence
}

func (cmd Release) do(x *step) error {
	if !slices.Contains(x.c.Parts, cmd.Part.ID) {
		return &StateError{Command: "unmerge", Reason: cmd.Part.ID + " is no part of the conversation"}
	}
	x.tell(EventUnmerged, x.c.ID, cmd.Part.ID)
	cmd.release(&x.c)
	if x.c.Attention.Sequence == cmd.Entry && cmd.Prior != nil {
		x.c.Attention, x.c.Readers = cmd.Prior.Attention, cmd.Prior.Readers.union(x.c.Readers)
		if x.c.Attention.Sequence == 0 {
			x.c.Readers = Readers{}
		}
	}
	return nil
}

// Undo returns what the Before of a part that was absorbed later has to be once this part is released: without what this part had brought
// to it. Else what both parts have would count as the conversation's own, and stay when the second is released. A conversation that had
// not absorbed the part is returned as it is.
func (cmd Release) Undo(before Conversation) Conversation {
	if !slices.Contains(before.Parts, cmd.Part.ID) {
		return before
	}
	before = before.Clone()
	cmd.release(&before)
	return before
}

// release takes from a conversation that has the part what only the part brought. What parts that were there before it brought is in Before.
func (cmd Release) release(c *Conversation) {
	p, before := &cmd.Part, &cmd.Before
	c.Parts = slices.DeleteFunc(c.Parts, func(id string) bool { return id == p.ID })
	var others []*Conversation
	for i := range cmd.Others {
		if o := &cmd.Others[i]; slices.Contains(c.Parts, o.ID) && !slices.Contains(before.Parts, o.ID) {
			others = append(others, o)
		}
	}
	stays := func(list func(*Conversation) []string) []string {
		out := slices.Clone(list(before))
		for _, o := range others {
			out = append(out, list(o)...)
		}
		return out
	}
	for _, list := range []func(*Conversation) *[]string{
		func(c *Conversation) *[]string { return &c.Contacts },
		func(c *Conversation) *[]string { return &c.Tags },
		func(c *Conversation) *[]string { return &c.Folders },
		func(c *Conversation) *[]string { return &c.Pinned },
		func(c *Conversation) *[]string { return &c.Subscribers },
		func(c *Conversation) *[]string { return &c.Labels },
	} {
		mine := list(c)
		*mine = without(*mine, *list(p), stays(func(c *Conversation) []string { return *list(c) }))
	}
	c.Threads = slices.DeleteFunc(c.Threads, func(t Thread) bool {
		has := func(o *Conversation) bool { return o.thread(t.Channel, t.Key) >= 0 }
		return has(p) && !has(before) && !slices.ContainsFunc(others, has)
	})
	cmd.releaseLinks(c, others)
	cmd.releaseOwners(c, others)
	cmd.releaseFields(c, others)
	c.Pending = without(c.Pending, p.Pending, nil)
	c.Messages -= p.Messages
	c.Failed = max(0, c.Failed-p.Failed)
	c.Free, c.Paid = c.Free-p.Free, c.Paid-p.Paid
	cmd.releaseDates(c, others)
	cmd.releaseHolder(c, others)
}

// releaseHolder takes the conversation from the agent and team whom the part brought, where nobody had it before and nobody was chosen since. Then
// those of the first of the others that somebody has have it.
func (cmd Release) releaseHolder(c *Conversation, others []*Conversation) {
	held := func(c *Conversation) bool { return c.Agent != "" || c.Team != "" }
	p := &cmd.Part
	if held(&cmd.Before) || !held(p) || !held(c) || c.Agent != "" && c.Agent != p.Agent || c.Team != p.Team {
		return
	}
	c.Agent, c.Team = "", ""
	if i := slices.IndexFunc(others, held); i >= 0 {
		c.Agent, c.Team = others[i].Agent, others[i].Team
	}
}

// releaseLinks has a record that the part and another are tied to stay in the other's way.
func (cmd Release) releaseLinks(c *Conversation, others []*Conversation) {
	left := without(c.Links, cmd.Part.Links, cmd.Before.Links)
	for _, l := range gone(c.Links, left) {
		for _, o := range others {
			for _, theirs := range o.Links {
				if theirs.Record() == l.Record() {
					left, _ = addLink(left, theirs)
				}
			}
		}
	}
	c.Links = left
	suggested := slices.Clone(cmd.Before.Suggestions)
	for _, o := range others {
		suggested = append(suggested, o.Suggestions...)
	}
	c.Suggestions = without(c.Suggestions, cmd.Part.Suggestions, suggested)
}

// releaseOwners gives a responsibility that nobody has any more to who has it in the first of the others where somebody has.
func (cmd Release) releaseOwners(c *Conversation, others []*Conversation) {
	stays := slices.Clone(cmd.Before.Owners)
	for _, o := range others {
		stays = append(stays, o.Owners...)
	}
	left := without(c.Owners, cmd.Part.Owners, stays)
	vacant := gone(c.Owners, left)
	for _, o := range others {
		mine := left
		for _, owner := range o.Owners {
			same := func(o Owner) bool { return o.Role == owner.Role }
			if slices.ContainsFunc(vacant, same) && !slices.ContainsFunc(mine, same) {
				left = append(slices.Clip(left), owner)
			}
		}
	}
	slices.SortFunc(left, Owner.compare)
	c.Owners = left
}

// releaseFields replaces a value that the part brought, and that nobody has changed since, by the first of the others.
func (cmd Release) releaseFields(c *Conversation, others []*Conversation) {
	fields := maps.Clone(c.Fields)
	for id, v := range cmd.Part.Fields {
		mine, set := fields[id]
		old, had := cmd.Before.Fields[id]
		if !set || !mine.Equal(v) || had && !old.yields(v) {
			continue
		}
		if delete(fields, id); had {
			fields[id] = old
		}
		for _, o := range others {
			left, is := fields[id]
			if theirs, has := o.Fields[id]; has && (!is || left.yields(theirs)) {
				fields[id] = theirs
			}
		}
	}
	c.Fields = fields
}

// releaseDates makes what is still as the part brought it what it was before, or what the others bring. What was ended since stays ended.
func (cmd Release) releaseDates(c *Conversation, others []*Conversation) {
	for _, at := range []func(*Conversation) *time.Time{
		func(c *Conversation) *time.Time { return &c.FollowUp },
		func(c *Conversation) *time.Time { return &c.Deadline },
		func(c *Conversation) *time.Time { return &c.WaitingSince },
		func(c *Conversation) *time.Time { return &c.Handover },
	} {
		mine, theirs := at(c), at(&cmd.Part)
		if theirs.IsZero() || !mine.Equal(*theirs) {
			continue
		}
		*mine = *at(&cmd.Before)
		for _, o := range others {
			*mine = earlier(*mine, *at(o))
		}
	}
	if cmd.Part.Priority > 0 && c.Priority == cmd.Part.Priority {
		c.Priority = cmd.Before.Priority
		for _, o := range others {
			c.Priority = max(c.Priority, o.Priority)
		}
	}
}

// without returns a list without what is in gone, unless it is in stays.
func without[T comparable](list, gone, stays []T) []T {
	var out []T
	for _, v := range list {
		if !slices.Contains(gone, v) || slices.Contains(stays, v) {
			out = append(out, v)
		}
	}
	return out
}

// Merged is a part of a conversation, as it is now, and the sequence of the entry that tells on the conversation's timeline that it was merged.
type Merged struct {
	Part  Conversation
	Entry int64
}

// Repaint follows a part's message that was edited, taken back, trashed or restored: the conversation shows the newest message of the whole, and
// what the part's attention and waiting-since have become counts beside what its own timeline and the other parts have.
type Repaint struct {
	Before, After Conversation // the part
	Newest        *Message     // what Show takes
	Event         string       // such as EventEdited or EventUnsent
	Message       string       // ID

	// What is needed if the part's attention or waiting-since has changed.
	Merged   []Merged  // all parts
	Timeline []Message // the conversation's own, newest first, as far back as Told says
}

// Told returns whether a Repaint needs Timeline and Merged, and what to tell the entries of the timeline to, from the newest on, until it
// returns true.
func (cmd Repaint) Told() (enough func(*Message) bool, needed bool) {
	var answered, unread bool
	enough = func(m *Message) bool {
		answered, unread = answered || m.answers(), unread || m.unreads()
		return answered && unread
	}
	return enough, cmd.Before.Attention != cmd.After.Attention || !cmd.Before.WaitingSince.Equal(cmd.After.WaitingSince)
}

func (cmd Repaint) do(x *step) error {
	changed := x.c.Show(cmd.Newest)
	if n := cmd.After.Messages - cmd.Before.Messages; n != 0 {
		x.c.Messages, changed = x.c.Messages+n, true
	}
	if free, paid := cmd.After.Free-cmd.Before.Free, cmd.After.Paid-cmd.Before.Paid; free != 0 || paid != 0 {
		x.c.Free, x.c.Paid, changed = x.c.Free+free, x.c.Paid+paid, true
	}
	attention, waiting := x.c.Attention, x.c.WaitingSince
	cmd.follow(x)
	if changed || x.c.Attention != attention || !x.c.WaitingSince.Equal(waiting) {
		x.event(Event{Type: cmd.Event, Message: cmd.Message})
	}
	return nil
}

// follow has attention and waiting-since follow the part's, where they were the part's or the part's come before what they are.
func (cmd Repaint) follow(x *step) {
	merged := slices.Clone(cmd.Merged)
	part := slices.IndexFunc(merged, func(p Merged) bool { return p.Part.ID == cmd.After.ID })
	if part < 0 {
		return
	}
	merged[part].Part = cmd.After
	switch was, is := cmd.Before.Attention, cmd.After.Attention; {
	case was == is:
	case was.Sequence != 0 && x.c.Attention.At.Equal(was.At):
		x.attendWhole(cmd.Timeline, merged)
	case is.At.After(x.c.Attention.At):
		x.c.Attention = Mark{Sequence: merged[part].Entry, At: is.At}
		x.c.Readers = Readers{}.union(cmd.After.Readers)
	}
	switch was, is := cmd.Before.WaitingSince, cmd.After.WaitingSince; {
	case was.Equal(is):
	case !was.IsZero() && x.c.WaitingSince.Equal(was), !is.IsZero() && earlier(x.c.WaitingSince, is).Equal(is):
		x.c.WaitingSince = waitsWhole(cmd.Timeline, merged)
	}
}

// attendWhole finds the attention of a conversation with parts anew: the last of its own timeline and of its parts'. Who has read since has read
// that, too.
func (x *step) attendWhole(timeline []Message, merged []Merged) {
	var last Mark
	var readers Readers
	if i := slices.IndexFunc(timeline, func(m Message) bool { return m.unreads() }); i >= 0 {
		last = Mark{Sequence: timeline[i].Sequence, At: timeline[i].Stored}
		for _, m := range timeline[:i] {
			if m.Prior != nil && m.Prior.Attention.Sequence == last.Sequence {
				readers = readers.union(m.Prior.Readers)
			}
		}
	}
	for i := range merged {
		if p := &merged[i].Part; p.Attention.Sequence != 0 && p.Attention.At.After(last.At) {
			last, readers = Mark{Sequence: merged[i].Entry, At: p.Attention.At}, p.Readers
		}
	}
	if x.c.Attention = last; last.Sequence == 0 {
		x.c.Readers = Readers{}
		return
	}
	x.c.Readers = x.c.Readers.union(readers)
}

// unreads reports whether a timeline's own entry makes unread: a merge stands for what another timeline holds.
func (m *Message) unreads() bool {
	return m.Prior != nil && !m.gone() && (m.Event == nil || m.Event.Type != EventMerged)
}

// waitsWhole returns since when a conversation with parts waits: its own customer since the last answer, and the parts' who were merged since.
func waitsWhole(timeline []Message, merged []Merged) (since time.Time) {
	answered := int64(0)
	for i := range timeline {
		m := &timeline[i]
		if m.answers() {
			answered = m.Sequence
			break
		}
		if m.Direction == Inbound && !m.Automatic && !m.gone() {
			since = m.At
		}
	}
	return waitsFor(since, merged, answered)
}

// waitsFor is the earlier of a time and since when those parts wait that were merged after an entry.
func waitsFor(since time.Time, merged []Merged, after int64) time.Time {
	for i := range merged {
		if merged[i].Entry > after {
			since = earlier(since, merged[i].Part.WaitingSince)
		}
	}
	return since
}
