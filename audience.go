package frontdesk

import (
	"cmp"
	"slices"
	"strings"

	"github.com/frontdesk-go/frontdesk/conversation"
)

// NoticeReason says why an agent is told.
type NoticeReason string

// The reasons, the strongest first: of several the first is given.
const (
	NoticeMention    NoticeReason = "mention" // a whisper mentions him
	NoticeAssignee   NoticeReason = "assignee"
	NoticeTeam       NoticeReason = "team" // it is his team's, and no agent's
	NoticeOwner      NoticeReason = "owner"
	NoticeSubscriber NoticeReason = "subscriber" // by himself or through a responsibility
	NoticeSales      NoticeReason = "sales"      // of a linked record
	NoticeService    NoticeReason = "service"    // of a linked record
	NoticeHome       NoticeReason = "home"       // it is linked to no record, and the mailbox is his home
	NoticeAll        NoticeReason = "all"        // he is told of everything
)

// RecordRole is what somebody does for a record.
type RecordRole string

// The roles whose people are told. People of other roles are not.
const (
	RecordSales   RecordRole = "sales"
	RecordService RecordRole = "service"
)

// RecordPerson is an agent who is responsible for a record.
type RecordPerson struct {
	Agent string // ID
	Role  RecordRole
}

// NoticeRules say who is not told of what comes in, and how long notices are kept.
type NoticeRules struct {
	WithoutSales   bool `json:"withoutSales,omitempty"`   // the sales people of linked records are not told
	WithoutService bool `json:"withoutService,omitempty"` // nor the service people
	KeepDays       int  `json:"keepDays,omitempty"`       // how long a notice is kept, to the day, 1–365. Defaults to 30
}

// Bounds of NoticeRules.KeepDays.
const (
	keepNotices    = 30
	maxKeepNotices = 365
)

func (r NoticeRules) check() error {
	if r.KeepDays < 0 || r.KeepDays > maxKeepNotices {
		return invalid("Notices", "KeepDays: %d is not within 0 and %d", r.KeepDays, maxKeepNotices)
	}
	return nil
}

// asks reports whether anybody of a record is told.
func (r NoticeRules) asks() bool { return !r.WithoutSales || !r.WithoutService }

// reason is why a record's person is told; "" if he is not.
func (r NoticeRules) reason(role RecordRole) NoticeReason {
	switch {
	case role == RecordSales && !r.WithoutSales:
		return NoticeSales
	case role == RecordService && !r.WithoutService:
		return NoticeService
	}
	return ""
}

// roster is what a tenant's agents want to be told of, as one run of the job reads it.
type roster struct {
	agents []Agent
	all    map[string]bool // agents who are told of everything
}

// told is an agent who is to be told, if he may see it.
type told struct {
	agent  string
	reason NoticeReason
}

// audience is who is told of a customer's message, by ID, each with his strongest reason. Who of them may see it is asked later. roles are
// the agents of the responsibilities that are subscribed to it.
func (r *roster) audience(conv *conversation.Conversation, roles map[string][]string, people []RecordPerson, rules NoticeRules) []told {
	var out []told
	tell := func(agent string, reason NoticeReason) {
		if agent != "" && reason != "" && !slices.ContainsFunc(out, func(o told) bool { return o.agent == agent }) {
			out = append(out, told{agent, reason})
		}
	}
	tell(conv.Agent, NoticeAssignee)
	if conv.Agent == "" && conv.Team != "" {
		for _, a := range r.agents {
			if slices.Contains(a.Teams, conv.Team) {
				tell(a.ID, NoticeTeam)
			}
		}
	}
	for _, o := range conv.Owners {
		tell(o.Agent, NoticeOwner)
	}
	for _, s := range conv.Subscribers {
		if kind, id, _ := strings.Cut(s, "/"); kind == "agent" {
			tell(id, NoticeSubscriber)
		} else {
			for _, agent := range roles[id] {
				tell(agent, NoticeSubscriber)
			}
		}
	}
	for _, p := range people {
		tell(p.Agent, rules.reason(p.Role))
	}
	for _, a := range r.agents {
		if len(conv.Links) == 0 && a.Home == conv.Mailbox {
			tell(a.ID, NoticeHome)
		}
		if r.all[a.ID] {
			tell(a.ID, NoticeAll)
		}
	}
	slices.SortFunc(out, func(a, b told) int { return cmp.Compare(a.agent, b.agent) })
	return out
}

// settled are the mailboxes that an agent names.
func (a *Agent) settled() []string {
	if a.Home == "" || slices.Contains(a.Mailboxes, a.Home) {
		return a.Mailboxes
	}
	return append(slices.Clone(a.Mailboxes), a.Home)
}
