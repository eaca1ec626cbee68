package frontdesk

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// A selection is a query and what its caller may see, compiled for the store. Match holds all of it: ranges and fact are only the way in,
// and parts another that is faster. So the same selection can be walked by ID.
type selection struct {
	store.Query
	parts   []store.Query                         // lists in the same order that together hold what this one does
	keep    func(*conversation.Conversation) bool // what no fact says; nil: nothing. Lists go through txn.page, which asks it
	back    bool                                  // the cursor leads to the page before
	resumed bool                                  // it goes on from a cursor
	until   int64                                 // the greatest order that passes, of a list by date; 0: no limit
	stamp   string                                // the time that the cursors carry, of a query relative to now
}

// filter is a selection in the making.
type filter struct {
	t     *txn
	c     *caller
	q     Query
	now   time.Time
	sel   *selection
	shelf []conversation.Shelf // none: all
	pairs []string
	facts []store.Match // those with an index and one value, rarest first
	date  string        // the listed date that it filters by
	until int64         // the last of that date that passes
	none  bool          // nothing can pass
}

// compile turns a query and what its caller may see into the store's: the one place where that is done. nil means that he sees nothing.
func (t *txn) compile(c caller, q Query) (*selection, error) {
	q, err := t.saved(c, q)
	if err != nil {
		return nil, err
	}
	if err := q.check(&c); err != nil {
		return nil, err
	}
	f := &filter{t: t, c: &c, q: q, now: t.now, sel: &selection{Query: store.Query{Tenant: t.tenant, Kind: store.Conversation, Limit: q.Limit,
		Ascending: q.Ascending}}}
	if err := f.cursor(); err != nil {
		return nil, err
	}
	boxes := q.Mailboxes
	if q.Mailbox != "" {
		boxes = one(q.Mailbox)
	}
	match, pairs, ok, err := t.conditions(&c.sight, boxes, q.Method)
	if err != nil || !ok {
		return nil, err
	}
	f.sel.Match, f.pairs = match, pairs
	for _, step := range []func() error{f.view, f.listed, f.place, f.kinds, f.dates, f.read} {
		if err := step(); err != nil || f.none {
			return nil, err
		}
	}
	f.way()
	return f.sel, nil
}

// match adds a condition.
func (f *filter) match(name string, values ...string) {
	f.sel.Match = append(f.sel.Match, store.Match{Name: name, Any: values})
}

// cursor takes a cursor apart: "~" leads back, and what stands before a dot is the time at which the first page was asked for.
func (f *filter) cursor() error {
	rest, back := strings.CutPrefix(f.q.Cursor, "~")
	f.sel.back, f.sel.resumed = back, f.q.Cursor != ""
	if f.q.Overdue || f.q.WaitingFor > 0 {
		stamp, cursor, ok := strings.Cut(rest, ".")
		if ok {
			micros, err := strconv.ParseInt(stamp, 36, 64)
			if err != nil {
				return ErrCursor
			}
			f.now, rest = time.UnixMicro(micros).UTC(), cursor
		}
		if ok != (f.q.Cursor != "") {
			return ErrCursor
		}
		f.sel.stamp = strconv.FormatInt(f.now.UnixMicro(), 36) + "."
	}
	if f.sel.Cursor = rest; f.q.Cursor != "" && rest == "" {
		return ErrCursor
	}
	return nil
}

func (f *filter) view() error {
	f.shelf = views[f.q.View]
	if f.q.Overdue {
		closed := []conversation.Shelf{conversation.ShelfDone, conversation.ShelfArchive}
		if f.q.View == FailedView {
			f.shelf = slices.Concat(allShelves, views[SpamView], views[TrashView])
		}
		f.shelf = slices.DeleteFunc(slices.Clone(f.shelf), func(s conversation.Shelf) bool { return slices.Contains(closed, s) })
		f.none = len(f.shelf) == 0
	}
	if len(f.shelf) > 0 {
		f.match("@shelf", texts(f.shelf)...)
	}
	return nil
}

// listed adds the filters that have an index, rarest first.
func (f *filter) listed() error {
	q := &f.q
	fact := func(name, value string) {
		if value != "" || name == "failed" {
			f.match(name, value)
			f.facts = append(f.facts, store.Match{Name: name, Any: []string{value}})
		}
	}
	if f.c.sight.record != "" { // it is among the conditions
		f.facts = append(f.facts, store.Match{Name: "record", Any: []string{f.c.sight.record}})
	}
	fact("record", q.Record)
	if err := f.contact(fact); err != nil {
		return err
	}
	if q.Pinned || q.View == PinnedView {
		fact("pin", f.c.view.ID)
	}
	if q.Subscriber != "" {
		fact("subscriber", conversation.SubscriberAgent(q.Subscriber))
	}
	if q.View == SubscribedView {
		names, err := f.t.subscriptions(f.c.view.ID)
		if err != nil {
			return err
		}
		if f.match("subscriber", names...); len(names) == 1 {
			f.facts = append(f.facts, store.Match{Name: "subscriber", Any: names})
		} else if len(f.sel.parts) == 0 {
			f.sel.parts = f.byFact("subscriber", names)
		}
	}
	if q.Folder != "" {
		if _, err := f.t.folder(*f.c, q.Folder); err != nil {
			return err
		}
	}
	fact("folder", q.Folder)
	fact("label", q.Label)
	fact("tag", q.Tag)
	if q.View == FailedView {
		fact("failed", "")
	}
	return nil
}

// place adds who has it.
func (f *filter) place() error {
	if f.q.View == MineView {
		f.match("@agent", f.c.view.ID)
	}
	if f.q.Agent != "" {
		f.match("@agent", f.q.Agent)
	}
	if f.q.Team != "" {
		f.match("@team", f.q.Team)
	}
	return nil
}

// kinds adds where it came from and what it is about.
func (f *filter) kinds() error {
	q := &f.q
	if q.Channel != "" {
		f.match("channel", q.Channel)
	}
	if q.Platform != "" {
		channels, err := documents[Channel](f.t, "channel/")
		if err != nil {
			return err
		}
		var ids []string
		for _, ch := range channels {
			if ch.Kind == q.Platform {
				ids = append(ids, ch.ID)
			}
		}
		if f.none = len(ids) == 0; !f.none {
			f.match("channel", ids...)
		}
	}
	if len(q.Types) > 0 {
		f.match("type", slices.Sorted(slices.Values(q.Types))...)
	}
	if q.Stage != "" {
		f.match("stage", q.Types[0]+"/"+q.Stage)
	}
	if len(q.Priorities) > 0 {
		values := make([]string, len(q.Priorities))
		for i, p := range q.Priorities {
			values[i] = strconv.Itoa(p)
		}
		f.match("priority", values...)
	}
	return nil
}

// dates adds what is due, and since when somebody waits.
func (f *filter) dates() error {
	before := func(name string, at time.Time) {
		to := max(1, at.UnixMicro()-1)
		f.sel.Match = append(f.sel.Match, store.Match{Name: name, To: to})
		if name != "waiting" && f.date == "" {
			f.date, f.until = name, to
		}
	}
	if f.q.Overdue {
		before("deadline", f.now)
	}
	if !f.q.DeadlineBefore.IsZero() {
		before("deadline", f.q.DeadlineBefore)
	}
	if !f.q.FollowUpBefore.IsZero() {
		before("followup", f.q.FollowUpBefore)
	}
	if f.q.Sort != SortDefault {
		f.match(string(f.q.Sort))
	}
	if f.q.WaitingFor > 0 {
		before("waiting", f.now.Add(-f.q.WaitingFor).Add(time.Microsecond))
	}
	return nil
}

// read adds what is unread. Who has read is no fact: there may be more readers than a row has facts.
func (f *filter) read() error {
	if !f.q.Unread {
		return nil
	}
	settings, err := f.t.settings()
	if err != nil {
		return err
	}
	me, global := f.c.view.ID, settings.GlobalRead
	f.sel.keep = func(c *conversation.Conversation) bool { return c.Unread(me, global) }
	return nil
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
