package frontdesk

import (
	"context"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// View is a named filter over shelves.
type View string

// The views.
const (
	Inbox        View = "inbox"    // waiting, team and assigned
	OpenView     View = "open"     // waiting for somebody
	AssignedView View = "assigned" // has an agent or a team
	ClosedView   View = "closed"
	SnoozedView  View = "snoozed"
	ArchiveView  View = "archive"
	SpamView     View = "spam"
	TrashView    View = "trash"
	AllView      View = "all"    // everything but spam and trash
	MineView     View = "mine"   // the inbox's that are the caller's
	FailedView   View = "failed" // with a message that failed, wherever they are
)

var views = map[View][]conversation.Shelf{
	Inbox:        {conversation.ShelfWaiting, conversation.ShelfTeam, conversation.ShelfAssigned},
	OpenView:     {conversation.ShelfWaiting},
	AssignedView: {conversation.ShelfTeam, conversation.ShelfAssigned},
	ClosedView:   {conversation.ShelfDone},
	SnoozedView:  {conversation.ShelfSnoozed},
	ArchiveView:  {conversation.ShelfArchive},
	SpamView:     {conversation.ShelfSpam},
	TrashView:    {conversation.ShelfTrash},
	AllView: {conversation.ShelfWaiting, conversation.ShelfTeam, conversation.ShelfAssigned, conversation.ShelfSnoozed,
		conversation.ShelfDone, conversation.ShelfArchive},
	MineView: {conversation.ShelfAssigned},
}

// Query asks for a page of conversations: those of a view that pass every filter, newest activity first.
type Query struct {
	View    View   // Defaults to Inbox
	Mailbox string // only this one
	Agent   string // only what this agent has
	Team    string // only what this team has
	Tag     string
	Channel string
	Contact string

	Limit  int    // Defaults to 50, at most 1,000. A page may be shorter and still have a next one
	Cursor string // of the last page; it belongs to the same filters

	_ struct{}
}

// Conversations returns a page of what the caller may see. Errors: ErrInvalid, ErrCursor.
func (s *Session) Conversations(ctx context.Context, q Query) (page Page[Conversation], err error) {
	err = s.read(ctx, "list conversations", string(q.View), func(t *txn, c caller) error {
		sq, err := t.compile(c, q)
		if err != nil || sq == nil {
			return err
		}
		rows, err := t.desk.store.List(ctx, *sq)
		if err != nil {
			return listError(err)
		}
		settings, err := t.settings()
		if err != nil {
			return err
		}
		page.Next = rows.Cursor
		for _, row := range rows.Rows {
			var conv conversation.Conversation
			if _, err := store.Decode(row.Body, &conv); err != nil {
				return err
			}
			page.Items = append(page.Items, seen(conv, c, settings.GlobalRead))
		}
		return nil
	})
	return page, err
}

// seen is a conversation as the caller sees it.
func seen(conv conversation.Conversation, c caller, global bool) Conversation {
	conv.Folders = c.folders(conv.Folders)
	return Conversation{Conversation: conv, Unread: conv.Unread(c.agent.ID, global), Shelf: conv.Shelf(),
		Internal: conv.Method == conversation.MethodInternal}
}

// compile turns a query and what its caller may see into the store's: the one place where that is done. nil means that he sees nothing.
// It is made of ranges and positive matches only, so that what a store or an old row does not know hides, never shows.
func (t *txn) compile(c caller, q Query) (*store.Query, error) {
	if q.View == "" {
		q.View = Inbox
	}
	shelves, known := views[q.View]
	if !known && q.View != FailedView {
		return nil, invalid("View", "%q is not a view", q.View)
	}
	if q.Limit < 0 || q.Limit > store.MaxLimit {
		return nil, invalid("Limit", "%d is not within 0 and %d", q.Limit, store.MaxLimit)
	}
	if q.View == MineView {
		if c.agent.ID == "" {
			return nil, invalid("View", "mine is for agents")
		}
		q.Agent = c.agent.ID
	}
	for field, v := range map[string]string{"Mailbox": q.Mailbox, "Agent": q.Agent, "Team": q.Team, "Tag": q.Tag, "Channel": q.Channel, "Contact": q.Contact} {
		if problem := store.CheckText(v, true); problem != "" {
			return nil, invalid(field, "%s", problem)
		}
	}
	pairs, err := t.pairs(c, q.Mailbox)
	if err != nil || pairs != nil && len(pairs) == 0 {
		return nil, err
	}
	sq := &store.Query{Tenant: t.tenant, Kind: store.Conversation, Limit: q.Limit, Cursor: q.Cursor}
	sq.Match = filters(q)
	if q.View == FailedView || q.Contact != "" || q.Tag != "" {
		listByFact(sq, q, shelves, pairs)
		return sq, nil
	}
	listByRange(sq, q, shelves, pairs)
	return sq, nil
}

// pairs are the pairs of mailbox and method that the caller may see; nil for all there are.
func (t *txn) pairs(c caller, mailbox string) ([]string, error) {
	if c.all && mailbox == "" {
		return nil, nil
	}
	boxes, err := t.mailboxes(c)
	if err != nil {
		return nil, err
	}
	pairs := []string{}
	for _, box := range boxes {
		for _, method := range box.Methods {
			if mailbox == "" || box.ID == mailbox {
				pairs = append(pairs, pair(box.ID, method))
			}
		}
	}
	return pairs, nil
}

func filters(q Query) (m []store.Match) {
	if q.Channel != "" {
		m = append(m, store.Match{Name: "channel", Any: []string{q.Channel}})
	}
	return m
}

// listByFact lists by the rarest of the filters, and matches the rest.
func listByFact(sq *store.Query, q Query, shelves []conversation.Shelf, pairs []string) {
	switch {
	case q.Contact != "":
		sq.Fact, sq.Value = "contact", q.Contact
	case q.Tag != "":
		sq.Fact, sq.Value = "tag", q.Tag
	default:
		sq.Fact = "failed"
	}
	if q.Contact != "" && q.Tag != "" {
		sq.Match = append(sq.Match, store.Match{Name: "tag", Any: []string{q.Tag}})
	}
	if len(shelves) > 0 {
		sq.Match = append(sq.Match, store.Match{Name: "@shelf", Any: texts(shelves)})
	} else if sq.Fact != "failed" {
		sq.Match = append(sq.Match, store.Match{Name: "failed"})
	}
	matchPlace(sq, "@mailbox", pairs)
	matchPlace(sq, "@agent", one(q.Agent))
	matchPlace(sq, "@team", one(q.Team))
}

// listByRange merges ranges: by agent or team where one is asked for, else by what the caller may see, else by shelf alone. What a range
// does not fix is matched.
func listByRange(sq *store.Query, q Query, shelves []conversation.Shelf, pairs []string) {
	by, values := store.Any, []string{""}
	switch {
	case q.Agent != "":
		by, values = store.ByAgent, one(q.Agent)
		matchPlace(sq, "@mailbox", pairs)
		matchPlace(sq, "@team", one(q.Team))
	case q.Team != "":
		by, values = store.ByTeam, one(q.Team)
		matchPlace(sq, "@mailbox", pairs)
	case pairs != nil && len(pairs)*len(shelves) <= store.MaxRanges:
		by, values = store.ByMailbox, pairs
	default:
		matchPlace(sq, "@mailbox", pairs)
	}
	for _, shelf := range shelves {
		for _, value := range values {
			sq.Ranges = append(sq.Ranges, store.Range{Shelf: string(shelf), By: by, Value: value})
		}
	}
}

func matchPlace(sq *store.Query, name string, values []string) {
	if len(values) > 0 {
		sq.Match = append(sq.Match, store.Match{Name: name, Any: values})
	}
}

func one(value string) []string {
	if value == "" {
		return nil
	}
	return []string{value}
}

func texts(shelves []conversation.Shelf) []string {
	out := make([]string, len(shelves))
	for i, s := range shelves {
		out[i] = string(s)
	}
	return out
}
