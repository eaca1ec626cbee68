package conversation

import (
	"slices"
	"time"
)

// Erase begins to erase a conversation for good: it is in no list and no count from then on. Its messages follow in pages. Only what is
// in trash is erased, unless Anywhere is set: a person who is to be forgotten is forgotten wherever he is.
type Erase struct {
	Anywhere bool
}

func (cmd Erase) do(x *step) error {
	switch {
	case !x.c.Erasing.IsZero():
		return nil
	case x.c.Hold:
		return &StateError{Command: "erase", Reason: "the conversation is under a legal hold", Instead: "release"}
	case x.c.Place != Trash && !cmd.Anywhere:
		return &StateError{Command: "erase", Reason: "the conversation is not in trash", Instead: "trash"}
	}
	x.c.Erasing = x.env.Now.UTC().Truncate(time.Microsecond)
	x.c.Preview, x.c.Subject = "", ""
	x.event(Event{Type: EventErased})
	return nil
}

// Wipe takes from an entry everything that somebody wrote, and the addresses it went to. What stays says that there was an entry, when
// and of which kind.
func (m *Message) Wipe(now time.Time) {
	m.erase(&Env{Now: now})
	m.To, m.CC, m.BCC = nil, nil, nil
	m.Trashed, m.TrashedIn = time.Time{}, ""
	if m.Author.Kind == ByContact {
		m.Author.Name, m.Author.Initials = "", ""
	}
	if m.Failure != nil {
		f := *m.Failure
		f.Detail = "" // the provider's words may name the address
		m.Failure = &f
	}
}

// Conceal takes from a conversation what it shows of an entry that is to be wiped, and reports whether that was anything.
func (c *Conversation) Conceal(m *Message) bool {
	shown := (c.Latest == m.Sequence || c.Latest == 0) && c.Preview != "" && c.Preview == Preview(m)
	began := c.Subject != "" && c.Subject == m.Subject
	if shown {
		c.Preview = ""
	}
	if began {
		c.Subject = ""
	}
	return shown || began
}

// DropPeople takes people out of a conversation: a contact who is to be forgotten, with the addresses of his threads. It is told
// as an event without a timeline entry.
type DropPeople struct {
	Contact    string
	Identities []Identity
}

// ForPerson reports whether a message is on a thread whose answers go to one of the identities.
func ForPerson(c *Conversation, m *Message, of []Identity) bool {
	t, ok := c.Thread(m.Channel, m.Thread)
	return ok && t.answers(of)
}

// answers reports whether the thread's answers go to one of the identities.
func (t Thread) answers(of []Identity) bool {
	return len(t.To) > 0 && slices.ContainsFunc(of, t.To[0].Is)
}

func (cmd DropPeople) do(x *step) error {
	kept := x.c.Threads[:0]
	for _, t := range x.c.Threads {
		if !t.answers(cmd.Identities) {
			kept = append(kept, t)
		}
	}
	dropped := len(kept) < len(x.c.Threads)
	x.c.Threads = kept
	n := len(x.c.Contacts)
	first := n > 0 && x.c.Contacts[0] == cmd.Contact
	x.c.Contacts = without(x.c.Contacts, []string{cmd.Contact}, nil)
	if dropped || len(x.c.Contacts) < n {
		x.c.Preview = "" // it may be his
		if first {
			x.c.Subject = "" // he began it
		}
		x.event(Event{Type: EventForgotten, Contact: cmd.Contact})
	}
	return nil
}
