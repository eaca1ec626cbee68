package conversation

import (
	"slices"
	"time"
)

// Unread is the attention and readers that an entry replaced, kept with the entry so that taking it back leaves no phantom.
type Unread struct {
	Attention Mark    `json:"attention,omitzero"`
	Readers   Readers `json:"readers,omitzero"`
}

// Unread reports whether the conversation is unread for an agent, or with the global read status for all.
func (c *Conversation) Unread(agent string, global bool) bool {
	if c.Attention.Sequence == 0 {
		return false
	}
	if global {
		return !c.Readers.Anybody
	}
	return !c.Readers.has(agent)
}

func (r *Readers) has(agent string) bool {
	_, named := slices.BinarySearch(r.Agents, agent)
	return named != r.All
}

func (r *Readers) set(agent string, read bool) {
	i, named := slices.BinarySearch(r.Agents, agent)
	switch {
	case named == (read != r.All):
	case named:
		r.Agents = slices.Delete(r.Agents, i, i+1)
	default:
		r.Agents = slices.Insert(r.Agents, i, agent)
	}
}

// union returns the readers of either.
func (r Readers) union(o Readers) Readers {
	switch {
	case r.All && o.All:
		r.Agents = slices.DeleteFunc(slices.Clone(r.Agents), func(a string) bool { return !slices.Contains(o.Agents, a) })
	case r.All:
		r.Agents = slices.DeleteFunc(slices.Clone(r.Agents), func(a string) bool { return slices.Contains(o.Agents, a) })
	case o.All:
		anybody := r.Anybody
		r = o.union(r)
		r.Anybody = r.Anybody || anybody
		return r
	default:
		r.Agents = append(slices.Clone(r.Agents), o.Agents...)
		slices.Sort(r.Agents)
		r.Agents = slices.Compact(r.Agents)
	}
	r.Anybody = r.Anybody || o.Anybody
	return r
}

// attend makes the conversation unread by an entry.
func (x *step) attend(m *Message) {
	m.Prior = &Unread{Attention: x.c.Attention, Readers: x.c.Readers}
	x.c.Attention = Mark{Sequence: m.Sequence, At: m.Stored}
	x.c.Readers = Readers{}
}

// MarkRead marks as read for the acting agent, and as read by somebody. Both are always written, so that switching the global read
// status loses nothing. Viewing marks only where the mailbox's setting says that opening does.
type MarkRead struct {
	Viewed bool // the agent opened it, and did not ask to mark it
}

func (cmd MarkRead) do(x *step) error {
	if cmd.Viewed && x.env.Rules.ReadOnAnswer {
		return nil
	}
	x.markRead()
	return nil
}

func (x *step) markRead() {
	agent := x.env.Actor.ID
	if x.c.Attention.Sequence == 0 || x.c.Readers.has(agent) && x.c.Readers.Anybody {
		return
	}
	x.c.Readers.set(agent, true)
	x.c.Readers.Anybody = true
	x.event(Event{Type: EventRead})
}

// readByAnswer is what an agent's answer does: it clears for all where only answering marks as read, else for the agent.
func (x *step) readByAnswer() {
	if !x.env.Rules.ReadOnAnswer {
		x.markRead()
		return
	}
	r := &x.c.Readers
	if x.c.Attention.Sequence == 0 || r.All && len(r.Agents) == 0 && r.Anybody {
		return
	}
	*r = Readers{All: true, Anybody: true}
	x.event(Event{Type: EventRead})
}

// MarkUnread marks as unread for the acting agent, or for all with the global read status. It moves the conversation nowhere.
type MarkUnread struct{}

func (MarkUnread) do(x *step) error {
	if x.c.Attention.Sequence == 0 {
		return &StateError{Command: "mark unread", Reason: "no customer has written, so there is nothing to read"}
	}
	agent, r := x.env.Actor.ID, &x.c.Readers
	global := x.env.Rules.GlobalRead
	if !r.has(agent) && !(global && r.Anybody) {
		return nil
	}
	r.set(agent, false)
	if global || !r.All && len(r.Agents) == 0 {
		r.Anybody = false
	}
	x.event(Event{Type: EventUnread})
	return nil
}

// Unsend takes a timeline entry back: its content is erased, a tombstone stays, and preview, attention and waiting-since become what
// they were without it.
type Unsend struct {
	Message  *Message  // changed in place, once all commands are carried out
	Timeline []Message // what Needs asks for, newest first; the entry itself may be among them
	Merged   []Merged  // likewise, the conversation's parts
}

// Needs returns how far back Unsend must see the timeline to take an entry back: every entry from the newest to a sequence, and from
// there until one is visible and has Prior, or the first. ok is false if nothing depends on the entry.
func (c *Conversation) Needs(m *Message) (sequence int64, ok bool) {
	first := m.Direction == Inbound && !c.WaitingSince.IsZero() && m.At.Equal(c.WaitingSince)
	answer := m.Direction == Outbound && !m.Waiting.IsZero()
	return m.Sequence, c.Latest == m.Sequence || c.Attention.Sequence == m.Sequence || first || answer
}

func (cmd Unsend) do(x *step) error {
	m := cmd.Message
	if !m.Erased.IsZero() || slices.Contains(x.erased, m) {
		return nil
	}
	rest := slices.DeleteFunc(slices.Clone(cmd.Timeline), func(o Message) bool { return o.ID == m.ID })
	x.erased = append(x.erased, m)
	x.event(Event{Type: EventUnsent, Message: m.ID})
	if x.c.Subject == m.Subject {
		x.c.Subject = "" // it says what it said
	}
	x.leave(m, rest, cmd.Merged)
	if m.Direction == Outbound && !slices.ContainsFunc(rest, func(o Message) bool { return o.Sequence > m.Sequence && o.answers() }) {
		x.c.waitAgain(m)
	}
	return nil
}

func (m *Message) erase(env *Env) {
	m.Erased = Later(m.Changed, env.Now)
	m.Changed = m.Erased
	m.Subject, m.Text, m.HTML, m.Button, m.Unsupported = "", "", "", "", ""
	m.Attachments, m.Reactions, m.Template = nil, nil, nil
	m.Files, m.Linked, m.Of = nil, nil, nil
}

func (x *step) showLatest(newestFirst []Message) {
	x.c.Latest, x.c.Preview = 0, ""
	for i := range newestFirst {
		if newestFirst[i].Visible() {
			x.show(&newestFirst[i])
			return
		}
	}
}

// attendBefore restores the attention that an entry replaced, passing over entries that are themselves gone. Who has read since has
// read that too.
func (x *step) attendBefore(m *Message, rest []Message) {
	since := x.c.Readers
	for prior := m.Prior; prior != nil; {
		x.c.Attention = prior.Attention
		since = since.union(prior.Readers)
		i := slices.IndexFunc(rest, func(o Message) bool { return o.Sequence == prior.Attention.Sequence })
		if i < 0 || !rest[i].gone() {
			break
		}
		prior = rest[i].Prior
	}
	// One that has returned from the trash meanwhile is in nobody's Prior. Who has read the entry has read it, too.
	i := slices.IndexFunc(rest, func(o Message) bool { return o.Sequence < m.Sequence && o.Prior != nil && !o.gone() })
	if i >= 0 && rest[i].Sequence > x.c.Attention.Sequence {
		x.c.Attention = Mark{Sequence: rest[i].Sequence, At: rest[i].Stored}
		return
	}
	x.c.Readers = since
}

// waitWithout finds the first customer message since the last answer, after the one that was it is gone.
func (x *step) waitWithout(m *Message, newestFirst []Message) {
	since := time.Time{}
	for i := range newestFirst {
		o := &newestFirst[i]
		if o.answers() {
			break
		}
		if o.Direction != Inbound || o.Automatic || o.gone() {
			continue
		}
		if o.Sequence < m.Sequence {
			return // One before it waits since the same second.
		}
		since = o.At
	}
	x.c.WaitingSince = since
}

// answers reports whether the customer has got an answer. Automations and failed sends do not answer.
func (m *Message) answers() bool {
	return m.Direction == Outbound && m.Delivery != Failed && m.Delivery != Scheduled && m.Delivery != Cancelled && m.Erased.IsZero() && (m.Echo || m.Author.Kind == ByAgent)
}
