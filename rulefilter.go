package frontdesk

import (
	"slices"
	"strings"
	"time"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// Filter is what a conversation must be for a rule to act on it: all that is set must hold. Of a list with several values one is enough,
// but for Tags and Labels, of which all must be there. Lists have at most 100 values. What a conversation is is looked at when the rule
// acts, after the rules before it.
type Filter struct {
	Mailboxes []string `json:"mailboxes,omitempty"`
	Channels  []string `json:"channels,omitempty"` // of one of its threads
	Methods   []string `json:"methods,omitempty"`  // such as "sms"
	Senders   []string `json:"senders,omitempty"`  // who an answer goes to: an address, or "@example.com" for all of a domain

	// Subject and Text are words, all of which must be in the subject, or in the message; in any order, and compared as Search does. The
	// message is that of the event, or else the last one.
	Subject string `json:"subject,omitempty"`
	Text    string `json:"text,omitempty"`

	Tags       []string              `json:"tags,omitempty"`
	NotTags    []string              `json:"notTags,omitempty"` // none of these
	Labels     []string              `json:"labels,omitempty"`  // of its contacts
	Types      []string              `json:"types,omitempty"`
	Stages     []string              `json:"stages,omitempty"`
	Priorities []int                 `json:"priorities,omitempty"` // 0, which is none, to 5
	Statuses   []conversation.Status `json:"statuses,omitempty"`
	Agents     []string              `json:"agents,omitempty"` // who has it; "" is nobody
	Teams      []string              `json:"teams,omitempty"`  // which team has it; "" is none
	Owners     []string              `json:"owners,omitempty"` // agents; "" is nobody
	Linked     string                `json:"linked,omitempty"` // to a record of this kind, such as "order"

	MinMessages int `json:"minMessages,omitempty"` // inbound, outbound and whispered
	MaxMessages int `json:"maxMessages,omitempty"` // 0: any number

	Older     time.Duration `json:"older,omitempty"`     // it began at least so long ago
	Younger   time.Duration `json:"younger,omitempty"`   // it began less than so long ago
	Unchanged time.Duration `json:"unchanged,omitempty"` // nothing has changed for at least so long
	Waiting   time.Duration `json:"waiting,omitempty"`   // the customer has waited for an answer for at least so long
	Silent    time.Duration `json:"silent,omitempty"`    // the customer has not written since an agent's answer, at least so long ago

	Deadline *Span `json:"deadline,omitempty"` // it has one, in this span
	FollowUp *Span `json:"followUp,omitempty"`
}

// Span is a span of time around now: {-48h, 168h} reaches from two days ago to seven days ahead.
type Span struct {
	From time.Duration `json:"from"`
	To   time.Duration `json:"to"`
}

// Limits of filters.
const maxFilterValues = 100

func (f *Filter) lists() map[string][]string {
	return map[string][]string{"Mailboxes": f.Mailboxes, "Channels": f.Channels, "Methods": f.Methods, "Senders": f.Senders, "Tags": f.Tags,
		"NotTags": f.NotTags, "Labels": f.Labels, "Types": f.Types, "Stages": f.Stages, "Agents": f.Agents, "Teams": f.Teams, "Owners": f.Owners,
		"Linked": {f.Linked}}
}

func (f *Filter) check() error {
	for field, list := range f.lists() {
		if len(list) > maxFilterValues {
			return invalid(field, "%d values, at most %d", len(list), maxFilterValues)
		}
		for _, v := range list {
			if problem := store.CheckText(v, true); problem != "" {
				return invalid(field, "%q %s", v, problem)
			}
		}
	}
	for field, text := range map[string]string{"Subject": f.Subject, "Text": f.Text} {
		if text == "" {
			continue
		}
		if words := asked(text); len(text) > MaxSearch || len(words) == 0 || len(words) > maxSearchWords {
			return invalid(field, "give 1 to %d words of at most %d bytes together", maxSearchWords, MaxSearch)
		}
	}
	for _, p := range f.Priorities {
		if p < 0 || p > 5 {
			return invalid("Priorities", "%d is not within 0 and 5", p)
		}
	}
	for _, s := range f.Statuses {
		if s != conversation.Open && s != conversation.Closed {
			return invalid("Statuses", "%q is not a status; use open or closed", s)
		}
	}
	return f.checkNumbers()
}

func (f *Filter) checkNumbers() error {
	for field, d := range map[string]time.Duration{"Older": f.Older, "Younger": f.Younger, "Unchanged": f.Unchanged, "Waiting": f.Waiting, "Silent": f.Silent} {
		if d < 0 || d > days(maxDays) {
			return invalid(field, "%s is not within 0 and %d days", d, maxDays)
		}
	}
	for field, s := range map[string]*Span{"Deadline": f.Deadline, "FollowUp": f.FollowUp} {
		if s != nil && (s.From > s.To || s.From.Abs() > days(maxDays) || s.To.Abs() > days(maxDays)) {
			return invalid(field, "%s to %s is not a span within %d days", s.From, s.To, maxDays)
		}
	}
	switch {
	case len(f.Priorities) > 6 || len(f.Statuses) > 2:
		return invalid("Priorities", "a value is named twice")
	case f.MinMessages < 0 || f.MaxMessages < 0 || f.MaxMessages > 0 && f.MaxMessages < f.MinMessages:
		return invalid("MaxMessages", "%d to %d is no range", f.MinMessages, f.MaxMessages)
	}
	return nil
}

// missed returns the name of the first member that does not hold; "" if all do. m is the message; nil if there is none.
func (f *Filter) missed(c *conversation.Conversation, m *conversation.Message, now time.Time) string {
	for _, held := range []struct {
		name string
		ok   bool
	}{
		{"Mailboxes", oneOf(f.Mailboxes, c.Mailbox)},
		{"Channels", anyOf(f.Channels, func(id string) bool {
			return slices.ContainsFunc(c.Threads, func(t conversation.Thread) bool { return t.Channel == id })
		})},
		{"Methods", oneOf(f.Methods, c.Method)},
		{"Senders", anyOf(f.Senders, func(a string) bool { return writes(c, a) })},
		{"Subject", holdsWords(f.Subject, func() []string { return wordsOf(c.Subject) })},
		{"Text", holdsWords(f.Text, func() []string {
			if m == nil {
				return nil
			}
			return messageWords(m)
		})},
		{"Tags", !slices.ContainsFunc(f.Tags, func(tag string) bool { return !slices.Contains(c.Tags, tag) })},
		{"NotTags", !slices.ContainsFunc(f.NotTags, func(tag string) bool { return slices.Contains(c.Tags, tag) })},
		{"Labels", !slices.ContainsFunc(f.Labels, func(l string) bool { return !slices.Contains(c.Labels, l) })},
		{"Types", oneOf(f.Types, c.Type)},
		{"Stages", oneOf(f.Stages, c.Stage)},
		{"Priorities", oneOf(f.Priorities, c.Priority)},
		{"Statuses", oneOf(f.Statuses, c.Status)},
		{"Agents", oneOf(f.Agents, c.Agent)},
		{"Teams", oneOf(f.Teams, c.Team)},
		{"Owners", anyOf(f.Owners, func(a string) bool {
			owns := func(o conversation.Owner) bool { return o.Agent == a }
			return a == "" && len(c.Owners) == 0 || slices.ContainsFunc(c.Owners, owns)
		})},
		{"Linked", f.Linked == "" || slices.ContainsFunc(c.Links, func(l conversation.Link) bool { return l.Kind == f.Linked })},
		{"MinMessages", c.Messages >= f.MinMessages},
		{"MaxMessages", f.MaxMessages == 0 || c.Messages <= f.MaxMessages},
	} {
		if !held.ok {
			return held.name
		}
	}
	return f.missedTime(c, now)
}

// missedTime is missed for what goes by the clock.
func (f *Filter) missedTime(c *conversation.Conversation, now time.Time) string {
	since := func(at time.Time, d time.Duration) bool { return d == 0 || !at.IsZero() && now.Sub(at) >= d }
	switch {
	case !since(c.Created, f.Older):
		return "Older"
	case f.Younger > 0 && now.Sub(c.Created) >= f.Younger:
		return "Younger"
	case !since(c.Changed, f.Unchanged):
		return "Unchanged"
	case !since(c.WaitingSince, f.Waiting):
		return "Waiting"
	case !since(c.Answered, f.Silent) || f.Silent > 0 && !c.WaitingSince.IsZero():
		return "Silent"
	case !f.Deadline.holds(c.Deadline, now):
		return "Deadline"
	case !f.FollowUp.holds(c.FollowUp, now):
		return "FollowUp"
	}
	return ""
}

func (s *Span) holds(at, now time.Time) bool {
	return s == nil || !at.IsZero() && at.Sub(now) >= s.From && at.Sub(now) <= s.To
}

func oneOf[T comparable](list []T, v T) bool { return len(list) == 0 || slices.Contains(list, v) }

func anyOf(list []string, holds func(string) bool) bool {
	return len(list) == 0 || slices.ContainsFunc(list, holds)
}

// writes reports whether a conversation is with an address, or with one of a domain.
func writes(c *conversation.Conversation, address string) bool {
	address = strings.ToLower(address)
	return slices.ContainsFunc(c.Threads, func(t conversation.Thread) bool {
		return slices.ContainsFunc(t.To, func(i conversation.Identity) bool {
			who := strings.ToLower(i.Address)
			return who == address || strings.HasPrefix(address, "@") && strings.HasSuffix(who, address)
		})
	})
}

// holdsWords reports whether each word of a text begins one of those that are there.
func holdsWords(text string, there func() []string) bool {
	if text == "" {
		return true
	}
	found := there()
	return !slices.ContainsFunc(asked(text), func(word string) bool {
		return !slices.ContainsFunc(found, func(w string) bool { return strings.HasPrefix(w, word) })
	})
}
