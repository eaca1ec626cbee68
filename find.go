package frontdesk

import (
	"context"
	"reflect"
	"slices"
	"time"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// View is a named filter over shelves.
type View string

// The views.
const (
	Inbox          View = "inbox"    // waiting, team and assigned
	OpenView       View = "open"     // waiting for somebody
	AssignedView   View = "assigned" // has an agent or a team
	ClosedView     View = "closed"
	SnoozedView    View = "snoozed"
	ArchiveView    View = "archive"
	SpamView       View = "spam"
	TrashView      View = "trash"
	AllView        View = "all"        // everything but spam and trash
	MineView       View = "mine"       // the inbox's that are the caller's
	SubscribedView View = "subscribed" // of all, what the caller has subscribed to, by himself or through a role
	PinnedView     View = "pinned"     // of all, what the caller has pinned
	FailedView     View = "failed"     // with a message that failed, wherever they are
)

var allShelves = []conversation.Shelf{conversation.ShelfWaiting, conversation.ShelfTeam, conversation.ShelfAssigned, conversation.ShelfSnoozed,
	conversation.ShelfDone, conversation.ShelfArchive}

// views are the shelves of each view; none means all there are.
var views = map[View][]conversation.Shelf{
	Inbox:          {conversation.ShelfWaiting, conversation.ShelfTeam, conversation.ShelfAssigned},
	OpenView:       {conversation.ShelfWaiting},
	AssignedView:   {conversation.ShelfTeam, conversation.ShelfAssigned},
	ClosedView:     {conversation.ShelfDone},
	SnoozedView:    {conversation.ShelfSnoozed},
	ArchiveView:    {conversation.ShelfArchive},
	SpamView:       {conversation.ShelfSpam},
	TrashView:      {conversation.ShelfTrash},
	AllView:        allShelves,
	MineView:       {conversation.ShelfAssigned},
	SubscribedView: allShelves,
	PinnedView:     allShelves,
	FailedView:     nil,
}

// Sort is the order of a list.
type Sort string

// The orders. Each of the dates lists what has one, and nothing else.
const (
	SortDefault  Sort = ""
	SortDeadline Sort = "deadline"
	SortFollowUp Sort = "followup"
	SortSnoozed  Sort = "snoozed"
)

// Query asks for conversations: those of a view that pass every filter.
//
// Their order is by activity, newest first; with Record or Contact by when they began; with Overdue, DeadlineBefore or FollowUpBefore and
// none of Record, Contact, Pinned, Subscriber, Folder, Label and Tag by that date. Sort sets another.
//
// One filter is a look into an index: View, with Mailbox, Agent or Team; Record; Contact; Pinned; Subscriber; Folder; Label; Tag; a date. All
// others filter what it finds, and a page looks at no more than 2,000 conversations: it may be short, or empty, and go on.
type Query struct {
	View  View   `json:"view,omitempty"` // Defaults to Inbox; through a record to AllView
	Saved string `json:"-"`              // ID of a saved view to list instead; beside it only Limit and Cursor

	Mailbox   string   `json:"mailbox,omitempty"`   // only this one; or
	Mailboxes []string `json:"mailboxes,omitempty"` // only these, at most 1,000
	Agent     string   `json:"agent,omitempty"`     // only what this agent has
	Team      string   `json:"team,omitempty"`      // only what this team has
	Tag       string   `json:"tag,omitempty"`
	Label     string   `json:"label,omitempty"` // of a contact; Session.ChangeLabels says which
	Folder    string   `json:"folder,omitempty"`
	Channel   string   `json:"channel,omitempty"`
	Platform  string   `json:"platform,omitempty"` // the kind of a channel, such as "twilio"
	Method    string   `json:"method,omitempty"`   // such as "sms"
	Contact   string   `json:"contact,omitempty"`
	Record    string   `json:"record,omitempty"` // as conversation.Link's Record names it: "order/4711"

	Types      []string `json:"types,omitempty"`      // of one of these types, at most 1,000: a group is given by its types
	Stage      string   `json:"stage,omitempty"`      // a status of the type; needs exactly one of Types
	Priorities []int    `json:"priorities,omitempty"` // one of these, 1 to 5

	Overdue        bool          `json:"overdue,omitempty"`       // the deadline has passed; neither closed nor in the archive
	DeadlineBefore time.Time     `json:"deadlineBefore,omitzero"` // has a deadline before this
	FollowUpBefore time.Time     `json:"followUpBefore,omitzero"` // has a follow-up date before this
	WaitingFor     time.Duration `json:"waitingFor,omitempty"`    // the customer has waited for an answer for at least so long

	Subscriber string `json:"subscriber,omitempty"` // only what this agent himself has subscribed to
	Pinned     bool   `json:"pinned,omitempty"`     // only what the caller has pinned
	Unread     bool   `json:"unread,omitempty"`     // only what is unread for the caller

	Sort      Sort   `json:"sort,omitempty"`
	Ascending bool   `json:"ascending,omitempty"` // oldest, or soonest, first
	Limit     int    `json:"-"`                   // Defaults to 50, at most 1,000. A page may be shorter and still have a next one
	Cursor    string `json:"-"`                   // Next or Prev of another page of the same filters

	_ struct{}
}

// Conversations returns a page of what the caller may see. What moves to the top while he pages is on the first page again; of the rest
// nothing is repeated and nothing is missed. Errors: ErrInvalid, ErrCursor, ErrNotFound (a folder or a saved view that is not his).
func (s *Session) Conversations(ctx context.Context, q Query) (page Page[Conversation], err error) {
	err = s.read(ctx, "list conversations", string(q.View), func(t *txn, c caller) error {
		sel, err := t.compile(c, q)
		if err != nil || sel == nil {
			return err
		}
		found, err := t.page(sel)
		if err != nil {
			return err
		}
		settings, err := t.settings()
		if err != nil {
			return err
		}
		page.Next, page.Prev = found.next, found.prev
		for _, conv := range found.items {
			page.Items = append(page.Items, seen(conv, c, settings.GlobalRead))
		}
		return t.wait(page.Items)
	})
	return page, err
}

// seen is a conversation as the caller sees it. A preview that is a part's, of which he may not read every method, he does not see.
func seen(conv conversation.Conversation, c caller, global bool) Conversation {
	conv.Folders = c.folders(conv.Folders)
	if conv.Latest == 0 && len(conv.Parts) > 0 && c.someMethods() {
		conv.Preview = ""
	}
	return Conversation{Conversation: conv, Unread: conv.Unread(c.view.ID, global), Shelf: conv.Shelf(),
		Internal: conv.Method == conversation.MethodInternal}
}

// check refuses what no query may hold, and applies the defaults.
func (q *Query) check(c *caller) error {
	if q.View == "" {
		q.View = Inbox
		if c.sight.record != "" {
			q.View = AllView
		}
	}
	if _, known := views[q.View]; !known {
		return invalid("View", "%q is not a view", q.View)
	}
	if c.view.ID == "" && (q.Pinned || slices.Contains([]View{MineView, SubscribedView, PinnedView}, q.View)) {
		return invalid("View", "%s is for agents", q.View)
	}
	if !slices.Contains([]Sort{SortDefault, SortDeadline, SortFollowUp, SortSnoozed}, q.Sort) {
		return invalid("Sort", "%q is not an order; use %s, %s, %s or none", q.Sort, SortDeadline, SortFollowUp, SortSnoozed)
	}
	if q.Limit < 0 || q.Limit > store.MaxLimit {
		return invalid("Limit", "%d is not within 0 and %d", q.Limit, store.MaxLimit)
	}
	if q.Mailbox != "" && len(q.Mailboxes) > 0 {
		return invalid("Mailboxes", "give one mailbox or several, not both")
	}
	if q.Stage != "" && len(q.Types) != 1 {
		return invalid("Stage", "a stage is one of its type's; give exactly one of Types")
	}
	if q.WaitingFor < 0 || q.WaitingFor > days(maxDays) {
		return invalid("WaitingFor", "%s is not within 0 and %d days", q.WaitingFor, maxDays)
	}
	for _, p := range q.Priorities {
		if p < 1 || p > 5 {
			return invalid("Priorities", "%d is not within 1 and 5", p)
		}
	}
	return q.checkTexts()
}

// bare reports whether a query has nothing but a saved view's ID, Limit and Cursor.
func (q Query) bare() bool {
	q.Saved, q.Limit, q.Cursor = "", 0, ""
	return reflect.ValueOf(q).IsZero()
}

// maxQueryValues is how many values a filter takes that may have several.
const maxQueryValues = 1000

func (q *Query) checkTexts() error {
	for field, v := range map[string]string{"Mailbox": q.Mailbox, "Agent": q.Agent, "Team": q.Team, "Tag": q.Tag, "Label": q.Label, "Folder": q.Folder,
		"Channel": q.Channel, "Platform": q.Platform, "Method": q.Method, "Contact": q.Contact, "Record": q.Record, "Stage": q.Stage,
		"Subscriber": q.Subscriber} {
		if problem := store.CheckText(v, true); problem != "" {
			return invalid(field, "%s", problem)
		}
	}
	for field, list := range map[string][]string{"Mailboxes": q.Mailboxes, "Types": q.Types} {
		if len(list) > maxQueryValues {
			return invalid(field, "%d of them, at most %d", len(list), maxQueryValues)
		}
		for _, v := range list {
			if problem := store.CheckText(v, false); problem != "" {
				return invalid(field, "%s", problem)
			}
		}
	}
	if len(q.Priorities) > 5 {
		return invalid("Priorities", "%d of them, at most 5", len(q.Priorities))
	}
	return nil
}
