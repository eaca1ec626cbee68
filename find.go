package frontdesk

import (
	"context"
	"errors"
	"slices"
	"time"

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

// Conversation returns one conversation with its people and reply windows. Error: ErrNotFound.
func (s *Session) Conversation(ctx context.Context, id string) (out Conversation, err error) {
	err = s.read(ctx, "conversation", id, func(t *txn, c caller) error {
		conv, err := t.visible(c, id)
		if err != nil {
			return err
		}
		settings, err := t.settings()
		if err != nil {
			return err
		}
		out = seen(conv, c, settings.GlobalRead)
		if out.People, err = t.people(&conv); err != nil {
			return err
		}
		out.Windows, err = t.windows(c, &conv)
		return err
	})
	return out, err
}

// windows says how long one may answer on each thread. A channel that cannot be opened has none.
func (t *txn) windows(c caller, conv *conversation.Conversation) (out []WindowState, err error) {
	human := c.who().Kind == conversation.ByAgent
	for _, th := range conv.Threads {
		_, conn, err := t.opened(th.Channel)
		if err != nil {
			t.desk.log.WarnContext(t.ctx, "channel cannot be opened", "tenant", t.tenant, "channel", th.Channel, "error", err)
			out = append(out, WindowState{Channel: th.Channel, Thread: th.Key})
			continue
		}
		out = append(out, WindowState{Channel: th.Channel, Thread: th.Key,
			Access: conn.Capabilities().Window.Access(th.LastInbound, t.now, human, th.Answers)})
	}
	return out, nil
}

// TimelineQuery asks for a page of a conversation's timeline.
type TimelineQuery struct {
	Types     []string // event types, such as conversation.EventReceived; empty: all
	Ascending bool     // oldest first. Defaults to newest first
	Limit     int      // Defaults to 50, at most 1,000
	Cursor    string

	_ struct{}
}

// Timeline returns a page of a conversation's entries: messages, whispers, and every change with who, when, from and to.
func (s *Session) Timeline(ctx context.Context, id string, q TimelineQuery) (page Page[conversation.Message], err error) {
	err = s.read(ctx, "timeline", id, func(t *txn, c caller) error {
		conv, err := t.visible(c, id)
		if err != nil {
			return err
		}
		if q.Limit < 0 || q.Limit > store.MaxLimit {
			return invalid("Limit", "%d is not within 0 and %d", q.Limit, store.MaxLimit)
		}
		sq := store.Query{Tenant: t.tenant, Kind: store.Message, Fact: "conversation", Value: id, Ascending: q.Ascending, Limit: q.Limit, Cursor: q.Cursor}
		if len(q.Types) > 0 {
			sq.Match = []store.Match{{Name: "type", Any: slices.Sorted(slices.Values(q.Types))}}
		}
		rows, err := t.desk.store.List(ctx, sq)
		if err != nil {
			return listError(err)
		}
		page.Next = rows.Cursor
		page.Items, err = decodeAll[conversation.Message](rows.Rows)
		for i := range page.Items {
			show(&page.Items[i], &conv)
		}
		return err
	})
	return page, err
}

// show makes an entry what people see: without what the domain keeps on it for itself, and with how far its thread's watermarks say that
// it got. A message that took more than one try may have left after the watermark, so it counts from its last change.
func show(m *conversation.Message, conv *conversation.Conversation) {
	m.Prior, m.Waiting = nil, time.Time{}
	m.Reactions = slices.DeleteFunc(m.Reactions, func(r conversation.Reaction) bool { return r.Emoji == "" })
	th, ok := conv.Thread(m.Channel, m.Thread)
	if !ok || m.Delivery != conversation.Sent && m.Delivery != conversation.Delivered {
		return
	}
	left := m.Stored
	if slices.ContainsFunc(m.Parts, func(p conversation.Part) bool { return p.Tries > 1 }) {
		left = m.Changed
	}
	switch {
	case !left.After(th.Read):
		m.Delivery = conversation.Read
	case !left.After(th.Delivered):
		m.Delivery = conversation.Delivered
	}
}

// Message returns one message. Error: ErrNotFound.
func (s *Session) Message(ctx context.Context, id string) (m conversation.Message, err error) {
	err = s.read(ctx, "message", id, func(t *txn, c caller) error {
		var conv conversation.Conversation
		if m, conv, err = t.visibleMessage(c, id); err == nil {
			show(&m, &conv)
		}
		return err
	})
	return m, err
}

// Undelivered returns messages that failed or are in doubt and that nobody has dismissed, newest first.
func (s *Session) Undelivered(ctx context.Context, cursor string, limit int) (page Page[conversation.Message], err error) {
	err = s.read(ctx, "undelivered", "", func(t *txn, c caller) error {
		if limit < 0 || limit > store.MaxLimit {
			return invalid("limit", "%d is not within 0 and %d", limit, store.MaxLimit)
		}
		rows, err := t.desk.store.List(ctx, store.Query{Tenant: t.tenant, Kind: store.Message, Fact: "undelivered", Limit: limit, Cursor: cursor})
		if err != nil {
			return listError(err)
		}
		page.Next = rows.Cursor
		all, err := decodeAll[conversation.Message](rows.Rows)
		if err != nil {
			return err
		}
		all = slices.DeleteFunc(all, func(m conversation.Message) bool { return m.Test })
		keys := make([]store.Key, len(all))
		for i := range all {
			keys[i] = conversationKey(all[i].Conversation)
		}
		if err := t.load(keys...); err != nil {
			return err
		}
		for _, m := range all {
			switch conv, err := t.visible(c, m.Conversation); {
			case err == nil:
				show(&m, &conv)
				page.Items = append(page.Items, m)
			case !errors.Is(err, ErrNotFound):
				return err
			}
		}
		return nil
	})
	return page, err
}

// Counts returns the caller's unread conversations of the inbox and its tabs, in one call to the store however many there are.
func (s *Session) Counts(ctx context.Context) (counts Counts, err error) {
	err = s.read(ctx, "counts", "", func(t *txn, c caller) error {
		boxes, err := t.mailboxes(c)
		if err != nil {
			return err
		}
		settings, err := t.settings()
		if err != nil {
			return err
		}
		teams := c.agent.Teams
		if c.all {
			if teams, err = teamIDs(t); err != nil {
				return err
			}
		}
		counts, err = t.counts(c, boxes, teams, settings.GlobalRead)
		return err
	})
	return counts, err
}

func teamIDs(t *txn) ([]string, error) {
	teams, err := documents[Team](t, "team/")
	ids := make([]string, len(teams))
	for i, team := range teams {
		ids[i] = team.ID
	}
	return ids, err
}

// tab is one number of Counts, and the counters it is made of.
type tab struct {
	to    *int64
	into  map[string]int64
	key   string
	total string
	read  string
	// readAll is what has been read for everybody; "" with the global read status.
	readAll string
}

func (t *txn) counts(c caller, boxes []Mailbox, teams []string, global bool) (Counts, error) {
	out := Counts{Mailboxes: map[string]int64{}, Teams: map[string]int64{}}
	var tabs []tab
	for _, box := range boxes {
		out.Mailboxes[box.ID] = 0
		for _, method := range box.Methods {
			add := func(who string, tb tab) {
				tb.total = conversation.CountTotal(box.ID, method, who)
				tb.read = conversation.CountRead(box.ID, method, who, conversation.ReadAnybody)
				if !global {
					tb.read = conversation.CountRead(box.ID, method, who, c.agent.ID)
					tb.readAll = conversation.CountRead(box.ID, method, who, conversation.ReadAll)
				}
				tabs = append(tabs, tb)
			}
			add(conversation.CountAny, tab{to: &out.All, into: out.Mailboxes, key: box.ID})
			add(conversation.CountNobody, tab{to: &out.Unassigned})
			if c.agent.ID != "" {
				add(conversation.CountAgent(c.agent.ID), tab{to: &out.Mine})
			}
			for _, team := range teams {
				add(conversation.CountTeam(team), tab{into: out.Teams, key: team})
			}
		}
	}
	names := make([]string, 0, 3*len(tabs))
	for _, tb := range tabs {
		names = append(names, tb.total, tb.read)
		if tb.readAll != "" {
			names = append(names, tb.readAll)
		}
	}
	values, err := t.loadCounters(nil, names)
	if err != nil {
		return out, err
	}
	for _, tb := range tabs {
		n := values[tb.total] - values[tb.read] - values[tb.readAll]
		if tb.to != nil {
			*tb.to += n
		}
		if tb.into != nil {
			tb.into[tb.key] += n
		}
	}
	return out, nil
}
