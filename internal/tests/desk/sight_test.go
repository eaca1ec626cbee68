package desk_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/channel/loopback"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// otherKind is a second platform.
type otherKind struct{ *loopback.Driver }

func (otherKind) Kind() string { return "other" }

// edit changes what no command is about in the test at hand, as the row of another program would bring it.
func (w *world) edit(id string, change func(*conversation.Conversation)) {
	w.t.Helper()
	key := store.Key{Kind: store.Conversation, ID: id}
	rows, err := w.store.Load(ctx, tenant, []store.Key{key}, nil)
	require.NoError(w.t, err)
	row, c := rows.Found[key], conversation.Conversation{}
	kept, err := store.Decode(row.Body, &c)
	require.NoError(w.t, err)
	change(&c)
	row.Body, err = store.Encode(1, &c, kept)
	require.NoError(w.t, err)
	w.commit(row)
	w.do(w.setup, id, frontdesk.Tag{Add: []string{"edited"}}) // writes what it is listed by
	w.do(w.setup, id, frontdesk.Tag{Remove: []string{"edited"}})
}

func (w *world) commit(row store.Row) {
	w.t.Helper()
	b := store.NewBatch(tenant, w.clock.Now())
	b.ReadRow(row)
	b.Put(row)
	require.NoError(w.t, b.Seal())
	require.NoError(w.t, w.store.Commit(ctx, b))
}

// document writes a document that another area's commands keep.
func (w *world) document(id string, v any) {
	w.t.Helper()
	body, err := store.Encode(1, v, store.Kept{})
	require.NoError(w.t, err)
	key := store.Key{Kind: store.Document, ID: id}
	rows, err := w.store.Load(ctx, tenant, []store.Key{key}, nil)
	require.NoError(w.t, err)
	row, _ := rows.Row(key)
	row.Body = body
	w.commit(row)
}

type roleDoc struct {
	ID     string   `json:"id"`
	Agents []string `json:"agents"`
}

type folderDoc struct {
	ID    string `json:"id"`
	Agent string `json:"agent,omitempty"`
}

// crowd is a world of random conversations and actors.
type crowd struct {
	*world
	r        *rand.Rand
	seed     uint64
	channels map[string]frontdesk.Channel // by ID
	agents   []frontdesk.Agent
	roles    map[string][]string // role to agents
	records  map[string]bool     // that may be read
	all      []conversation.Conversation
	when     time.Time // around which dates are
}

func newCrowd(t *testing.T, s store.Store, conversations, actors int) *crowd {
	seed := uint64(time.Now().UnixNano())
	x := &crowd{r: rand.New(rand.NewPCG(seed, 5)), seed: seed, channels: map[string]frontdesk.Channel{}, records: map[string]bool{"order/1": true}}
	t.Logf("seed %d", seed)
	other := otherKind{loopback.New()}
	x.world = newWorld(t, s, func(c *frontdesk.Config) {
		c.Drivers = append(c.Drivers, other)
		c.MayReadRecord = func(_ context.Context, _ frontdesk.Actor, kind, id string) (bool, error) {
			return x.records[kind+"/"+id], nil
		}
	})
	x.when = x.clock.Now().Add(24 * time.Hour)
	require.NoError(t, x.setup.SaveMailbox(ctx, frontdesk.Mailbox{ID: "rome"}))
	require.NoError(t, x.setup.SaveTeam(ctx, frontdesk.Team{ID: "sales"}))
	x.channels[x.chat.ID] = x.chat
	for account, mailbox := range map[string]string{"store": "munich", "piazza": "rome"} {
		caps := loopback.Default()
		caps.Method = "sms"
		x.provider.SetCapabilities(account, caps)
		ch := x.channel(frontdesk.Channel{Account: account, Mailbox: mailbox})
		x.channels[ch.ID] = ch
	}
	ch, err := x.setup.AddChannel(ctx, frontdesk.Channel{Kind: "other", Account: "else", Mailbox: "rome", PollEvery: -1})
	require.NoError(t, err)
	x.channels[ch.ID] = ch
	x.people(actors)
	for i := range conversations {
		x.begin(i)
	}
	x.look()
	return x
}

func some[T any](r *rand.Rand, list ...T) T { return list[r.IntN(len(list))] }

// subset returns some of a list, sorted.
func subset[T cmp.Ordered](r *rand.Rand, list ...T) []T {
	var out []T
	for _, v := range list {
		if r.IntN(2) == 0 {
			out = append(out, v)
		}
	}
	slices.Sort(out)
	return out
}

func (x *crowd) people(n int) {
	r := x.r
	x.agents = []frontdesk.Agent{{ID: "a0", Role: frontdesk.Owner, Teams: []string{"sales"}}}
	for i := 1; i < n; i++ {
		a := frontdesk.Agent{ID: fmt.Sprintf("a%d", i), Role: some(r, frontdesk.Member, frontdesk.Member, frontdesk.ReadOnly),
			Mailboxes: subset(r, "berlin", "munich", "rome"), Teams: subset(r, "returns", "sales"),
			Scope: []frontdesk.Scope{frontdesk.ScopeAll, frontdesk.ScopeTeam, frontdesk.ScopeOwn}[i%3]}
		if r.IntN(2) == 0 {
			a.Messaging = map[string][]string{}
			for _, box := range a.Mailboxes {
				a.Messaging[box] = subset(r, "chat", "sms", "internal")
			}
		}
		x.agents = append(x.agents, a)
	}
	for _, a := range x.agents {
		x.agent(a)
	}
	x.roles = map[string][]string{"sales": {"a1", "a2", "a4"}, "care": {"a2", "a5"}}
	for id, agents := range x.roles {
		x.document("role/"+id, roleDoc{ID: id, Agents: agents})
	}
	x.document("folder/f1", folderDoc{ID: "f1"})
	x.document("folder/f2", folderDoc{ID: "f2", Agent: "a1"})
}

// begin makes a conversation of random kind, place and ties.
func (x *crowd) begin(i int) {
	r, id := x.r, ""
	x.clock.Advance(time.Duration(1+r.IntN(3)) * time.Second)
	switch account := some(r, "shop", "shop", "store", "piazza", "else", ""); account {
	case "":
		m, err := x.setup.Compose(ctx, frontdesk.Start{Mailbox: some(r, "berlin", "munich"), Draft: frontdesk.Draft{Text: "Note"}})
		require.NoError(x.t, err)
		id = m.Conversation
	case "else":
		for _, ch := range x.channels {
			if ch.Account == account {
				m, err := x.setup.Compose(ctx, frontdesk.Start{Channel: ch.ID, Address: fmt.Sprintf("c%d", i), Draft: frontdesk.Draft{Text: "Hello"}})
				require.NoError(x.t, err)
				id = m.Conversation
			}
		}
	default:
		who := fmt.Sprintf("c%d", i)
		m := x.says(who, "Hi")
		m.Account = account
		require.Equal(x.t, http.StatusOK, x.hook(m))
		id = x.current(who).ID
	}
	agent := func() string { return fmt.Sprintf("a%d", r.IntN(len(x.agents))) }
	date := func() (at time.Time) {
		if r.IntN(2) == 0 {
			at = x.when.Add(time.Duration(r.IntN(200)-100) * time.Hour)
		}
		return at
	}
	x.edit(id, func(c *conversation.Conversation) {
		c.Type, c.Priority, c.Deadline, c.FollowUp = some(r, "", "t1", "t2"), r.IntN(6), date(), date()
		if c.Type != "" {
			c.Stage = some(r, "", "new", "done")
		}
		c.Folders, c.Labels = subset(r, "f1", "f2"), subset(r, "gold", "late")
		for _, record := range subset(r, "1", "2") {
			c.Links = append(c.Links, conversation.Link{Kind: "order", ID: record, By: conversation.ByHand})
		}
		if r.IntN(3) == 0 {
			c.Subscribers = []string{some(r, "agent/"+agent(), "role/sales", "role/care")}
		}
		if r.IntN(4) == 0 {
			c.Owners = []conversation.Owner{{Role: "care", Agent: agent()}}
		}
		if r.IntN(4) == 0 {
			c.Pinned = []string{agent()}
		}
	})
	x.place(id)
}

// place assigns it, tags it, moves it, reads it.
func (x *crowd) place(id string) {
	r, c := x.r, x.get(id)
	var to frontdesk.Assign
	for _, a := range x.agents {
		if r.IntN(len(x.agents)) == 0 && a.Role != frontdesk.ReadOnly && reaches(a, &c.Conversation) {
			to.Agent = a.ID
		}
	}
	to.Team = some(r, "", "", "returns", "sales")
	acts := []frontdesk.Action{to, frontdesk.Tag{Add: subset(r, "vip", "slow")}}
	switch r.IntN(9) {
	case 0:
		acts = append(acts, frontdesk.SetStatus{Status: conversation.Closed})
	case 1:
		acts = append(acts, frontdesk.Snooze{Until: x.clock.Now().Add(300 * time.Hour)})
	case 2:
		acts = append(acts, some[frontdesk.Action](r, frontdesk.Archive{}, frontdesk.Spam{}, frontdesk.Trash{}))
	}
	x.do(x.setup, id, acts...)
	for range 2 {
		_, _ = x.as(some(r, x.agents...)).View(ctx, id) // who may not see it reads nothing
	}
}

func (x *crowd) as(a frontdesk.Agent) *frontdesk.Session {
	return x.desk.As(frontdesk.Actor{Tenant: tenant, Agent: a.ID})
}

// look reads all conversations from the store itself.
func (x *crowd) look() {
	x.all = nil
	page, err := x.store.List(ctx, store.Query{Tenant: tenant, Kind: store.Conversation, Limit: 1000})
	require.NoError(x.t, err)
	for _, row := range page.Rows {
		var c conversation.Conversation
		_, err := store.Decode(row.Body, &c)
		require.NoError(x.t, err)
		x.all = append(x.all, c)
	}
}

// reaches is the rule of mailboxes and methods, written plainly.
func reaches(a frontdesk.Agent, c *conversation.Conversation) bool {
	if a.Role == frontdesk.Owner || a.Role == frontdesk.Admin {
		return true
	}
	return slices.Contains(a.Mailboxes, c.Mailbox) && (a.Messaging == nil || slices.Contains(a.Messaging[c.Mailbox], c.Method))
}

// sees is the rule of visibility, written plainly.
func (x *crowd) sees(a frontdesk.Agent, c *conversation.Conversation) bool {
	if !reaches(a, c) {
		return false
	}
	own := c.Agent == a.ID || x.subscribed(a.ID, c) || slices.ContainsFunc(c.Owners, func(o conversation.Owner) bool { return o.Agent == a.ID })
	switch a.Scope {
	case frontdesk.ScopeOwn:
		return own
	case frontdesk.ScopeTeam:
		return own || slices.Contains(a.Teams, c.Team)
	}
	return true
}

func (x *crowd) subscribed(agent string, c *conversation.Conversation) bool {
	return slices.ContainsFunc(c.Subscribers, func(s string) bool {
		role, isRole := strings.CutPrefix(s, "role/")
		return s == "agent/"+agent || isRole && slices.Contains(x.roles[role], agent)
	})
}

// passes is what a query selects, written plainly.
func (x *crowd) passes(a frontdesk.Agent, q frontdesk.Query, c *conversation.Conversation, global bool) bool {
	has := func(list []string, v string) bool { return v == "" || slices.Contains(list, v) }
	is := func(have, v string) bool { return v == "" || have == v }
	before := func(at, limit time.Time) bool { return limit.IsZero() || !at.IsZero() && at.Before(limit) }
	channels := func(f func(frontdesk.Channel) bool) bool {
		return slices.ContainsFunc(c.Threads, func(th conversation.Thread) bool { return f(x.channels[th.Channel]) })
	}
	records := make([]string, len(c.Links))
	for i, l := range c.Links {
		records[i] = l.Record()
	}
	ok := x.inView(a, q.View, c) && is(c.Mailbox, q.Mailbox) && (len(q.Mailboxes) == 0 || slices.Contains(q.Mailboxes, c.Mailbox)) &&
		is(c.Agent, q.Agent) && is(c.Team, q.Team) && has(c.Tags, q.Tag) && has(c.Labels, q.Label) && has(c.Folders, q.Folder) &&
		is(c.Method, q.Method) && has(c.Contacts, q.Contact) && has(records, q.Record) &&
		(len(q.Types) == 0 || slices.Contains(q.Types, c.Type)) && is(c.Stage, q.Stage) &&
		(len(q.Priorities) == 0 || slices.Contains(q.Priorities, c.Priority)) &&
		before(c.Deadline, q.DeadlineBefore) && before(c.FollowUp, q.FollowUpBefore) &&
		(q.Channel == "" || channels(func(ch frontdesk.Channel) bool { return ch.ID == q.Channel })) &&
		(q.Platform == "" || channels(func(ch frontdesk.Channel) bool { return ch.Kind == q.Platform })) &&
		(q.Subscriber == "" || slices.Contains(c.Subscribers, "agent/"+q.Subscriber)) &&
		(!q.Pinned || slices.Contains(c.Pinned, a.ID)) && (!q.Unread || c.Unread(a.ID, global))
	if q.Overdue {
		ok = ok && before(c.Deadline, x.clock.Now()) && c.Shelf() != conversation.ShelfDone && c.Shelf() != conversation.ShelfArchive
	}
	if q.WaitingFor > 0 {
		ok = ok && !c.WaitingSince.IsZero() && !c.WaitingSince.After(x.clock.Now().Add(-q.WaitingFor))
	}
	dates := map[frontdesk.Sort]time.Time{frontdesk.SortDeadline: c.Deadline, frontdesk.SortFollowUp: c.FollowUp, frontdesk.SortSnoozed: c.Snoozed}
	return ok && (q.Sort == "" || !dates[q.Sort].IsZero())
}

func (x *crowd) inView(a frontdesk.Agent, v frontdesk.View, c *conversation.Conversation) bool {
	s, live := c.Shelf(), c.Place != conversation.Spam && c.Place != conversation.Trash
	switch v {
	case frontdesk.OpenView:
		return s == conversation.ShelfWaiting
	case frontdesk.AssignedView:
		return s == conversation.ShelfAssigned || s == conversation.ShelfTeam
	case frontdesk.ClosedView:
		return s == conversation.ShelfDone
	case frontdesk.SnoozedView:
		return s == conversation.ShelfSnoozed
	case frontdesk.ArchiveView, frontdesk.SpamView, frontdesk.TrashView:
		return string(c.Place) == string(v)
	case frontdesk.AllView:
		return live
	case frontdesk.MineView:
		return s == conversation.ShelfAssigned && c.Agent == a.ID
	case frontdesk.SubscribedView:
		return live && x.subscribed(a.ID, c)
	case frontdesk.PinnedView:
		return live && slices.Contains(c.Pinned, a.ID)
	case frontdesk.FailedView:
		return c.Failed > 0
	}
	return c.InInbox()
}

// query makes a random one.
func (x *crowd) query() (q frontdesk.Query) {
	r := x.r
	q.View = some(r, "", frontdesk.Inbox, frontdesk.OpenView, frontdesk.AssignedView, frontdesk.ClosedView, frontdesk.SnoozedView, frontdesk.ArchiveView,
		frontdesk.SpamView, frontdesk.TrashView, frontdesk.AllView, frontdesk.AllView, frontdesk.AllView, frontdesk.MineView,
		frontdesk.SubscribedView, frontdesk.PinnedView, frontdesk.FailedView)
	var ids []string
	for id := range x.channels {
		ids = append(ids, id)
	}
	filters := []func(){
		func() { q.Mailbox = some(r, "berlin", "rome", "nowhere") },
		func() { q.Mailboxes = append(subset(r, "berlin", "munich"), "rome"); q.Mailbox = "" },
		func() { q.Agent = some(r, x.agents...).ID }, func() { q.Team = some(r, "returns", "sales") },
		func() { q.Tag = some(r, "vip", "slow") }, func() { q.Label = some(r, "gold", "late") }, func() { q.Folder = "f1" },
		func() { q.Channel = some(r, ids...) }, func() { q.Platform = some(r, "loopback", "other", "none") },
		func() { q.Method = some(r, "chat", "sms", "internal") }, func() { q.Record = some(r, "order/1", "order/2") },
		func() {
			if c := some(r, x.all...); len(c.Contacts) > 0 {
				q.Contact = c.Contacts[0]
			}
		},
		func() { q.Types = []string{some(r, "t1", "t2")}; q.Stage = some(r, "", "new") },
		func() { q.Priorities = []int{1 + r.IntN(3), 4 + r.IntN(2)} }, func() { q.Overdue = true },
		func() { q.DeadlineBefore = x.when }, func() { q.FollowUpBefore = x.when },
		func() { q.WaitingFor = some(r, time.Second, time.Minute, 4*time.Minute) },
		func() { q.Subscriber = some(r, x.agents...).ID }, func() { q.Pinned = true }, func() { q.Unread = true },
		func() { q.Sort = some(r, frontdesk.SortDeadline, frontdesk.SortFollowUp, frontdesk.SortSnoozed) },
	}
	for range r.IntN(4) {
		some(r, filters...)()
	}
	if len(q.Mailboxes) > 0 {
		q.Mailbox = ""
	}
	q.Ascending, q.Limit = r.IntN(3) == 0, 1+r.IntN(7)
	return q
}

// pages walks a list to its end and back to its beginning, and returns the IDs in order.
func (x *crowd) pages(s *frontdesk.Session, q frontdesk.Query, label string) (ids []string) {
	x.t.Helper()
	seen, last := map[string]bool{}, frontdesk.Page[frontdesk.Conversation]{}
	for {
		page, err := s.Conversations(ctx, q)
		require.NoError(x.t, err, label)
		require.LessOrEqual(x.t, len(page.Items), q.Limit, label)
		for _, c := range page.Items {
			require.False(x.t, seen[c.ID], "%s: nothing twice", label)
			seen[c.ID], ids = true, append(ids, c.ID)
		}
		if last = page; page.Next == "" {
			break
		}
		q.Cursor = page.Next
	}
	var back []string
	for _, c := range slices.Backward(last.Items) {
		back = append(back, c.ID)
	}
	for last.Prev != "" {
		q.Cursor = last.Prev
		page, err := s.Conversations(ctx, q)
		require.NoError(x.t, err, label)
		for _, c := range slices.Backward(page.Items) {
			back = append(back, c.ID)
		}
		last = page
	}
	slices.Reverse(back)
	require.Equal(x.t, ids, back, "%s: the pages before are those that were there", label)
	return ids
}

// checkLarge compares what is exported, and what a bulk does something to, with what an actor sees. Who may do neither is refused.
func (x *crowd) checkLarge(s *frontdesk.Session, q frontdesk.Query, bulk bool, want []string, label string) {
	x.t.Helper()
	var out bytes.Buffer
	if err := s.Export(ctx, &out, frontdesk.Export{Query: &q, Format: frontdesk.JSONLines, Whispers: true}); !errors.Is(err, frontdesk.ErrForbidden) {
		require.NoError(x.t, err, label)
		var got []string
		for line := range bytes.Lines(out.Bytes()) {
			var c struct {
				Conversation struct {
					ID string `json:"id"`
				} `json:"conversation"`
			}
			require.NoError(x.t, json.Unmarshal(line, &c))
			got = append(got, c.Conversation.ID)
		}
		require.ElementsMatch(x.t, want, got, "export, %s", label)
	}
	if !bulk {
		return
	}
	// Taking away a tag that nobody gave changes nothing.
	id, err := s.Bulk(ctx, frontdesk.Bulk{Query: &q, Actions: []frontdesk.Action{frontdesk.Tag{Remove: []string{"nobody-gave-it"}}}})
	if errors.Is(err, frontdesk.ErrForbidden) {
		return
	}
	require.NoError(x.t, err, label)
	x.run()
	var got []string
	for cursor := ""; ; {
		page, err := s.BulkResults(ctx, id, cursor)
		require.NoError(x.t, err, label)
		for _, r := range page.Items {
			require.Empty(x.t, r.Error, label)
			got = append(got, r.ID)
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	require.ElementsMatch(x.t, want, got, "bulk, %s", label)
}

// check compares list, count, export, bulk, walk and single readings of an actor with what the plain rules say.
func (x *crowd) check(a frontdesk.Agent, s *frontdesk.Session, queries int, global bool, sees func(*conversation.Conversation) bool) {
	for n := range queries {
		q := x.query()
		if n == 0 {
			q = frontdesk.Query{Limit: 3} // whatever else is drawn
		}
		label := fmt.Sprintf("seed %d agent %+v query %+v global %v", x.seed, a, q, global)
		var want []string
		for i := range x.all {
			if c := &x.all[i]; sees(c) && x.passes(a, q, c, global) {
				want = append(want, c.ID)
			}
		}
		require.ElementsMatch(x.t, want, x.pages(s, q, label), label)
		count, err := s.Count(ctx, q)
		require.NoError(x.t, err)
		require.Equal(x.t, frontdesk.Count{N: int64(min(len(want), frontdesk.CountBound)), More: len(want) > frontdesk.CountBound}, count, label)
		all, err := s.CountAll(ctx, q)
		require.NoError(x.t, err)
		require.Equal(x.t, int64(len(want)), all, label)
		if n < 4 {
			x.checkLarge(s, q, n == 1, want, label)
		}
	}
	var events []frontdesk.Event
	for i := range x.all {
		c := &x.all[i]
		label := fmt.Sprintf("seed %d agent %+v conversation %+v", x.seed, a, c)
		_, err := s.Conversation(ctx, c.ID)
		_, errTimeline := s.Timeline(ctx, c.ID, frontdesk.TimelineQuery{Limit: 1})
		if sees(c) {
			require.NoError(x.t, err, label)
			require.NoError(x.t, errTimeline, label)
		} else {
			require.ErrorIs(x.t, err, frontdesk.ErrNotFound, label)
			require.ErrorIs(x.t, errTimeline, frontdesk.ErrNotFound, label)
		}
		events = append(events, frontdesk.Event{Tenant: tenant, Event: conversation.Event{Type: conversation.EventReceived, Conversation: c.ID}})
	}
	may, err := s.MaySee(ctx, events...)
	require.NoError(x.t, err)
	want := slices.DeleteFunc(events, func(e frontdesk.Event) bool {
		return !slices.ContainsFunc(x.all, func(c conversation.Conversation) bool { return c.ID == e.Conversation && sees(&c) })
	})
	require.Equal(x.t, want, append([]frontdesk.Event{}, may...), "live events, seed %d agent %+v", x.seed, a)
}

// counts are what an agent's counts must be.
func (x *crowd) counts(a frontdesk.Agent, global bool) frontdesk.Counts {
	out := frontdesk.Counts{Mailboxes: map[string]int64{}, Teams: map[string]int64{}}
	boxes, teams := a.Mailboxes, a.Teams
	if a.Role == frontdesk.Owner {
		boxes, teams = []string{"berlin", "munich", "rome"}, []string{"returns", "sales"}
	}
	for _, box := range boxes {
		out.Mailboxes[box] = 0
	}
	for _, team := range teams {
		out.Teams[team] = 0
	}
	for i := range x.all {
		c := &x.all[i]
		if !c.InInbox() || !x.sees(a, c) || !c.Unread(a.ID, global) {
			continue
		}
		out.All++
		out.Mailboxes[c.Mailbox]++
		if c.Agent == a.ID {
			out.Mine++
		}
		if c.Agent == "" && c.Team == "" {
			out.Unassigned++
		}
		if _, shown := out.Teams[c.Team]; shown {
			out.Teams[c.Team]++
		}
	}
	return out
}

// Whatever the actors may see and the filters are, list, pages back, count, walk, single readings, events and kept counts agree with rules
// that are written down a second time, plainly.
func TestP1_V1_V2_R5_ListCountExportBulkAndReadingsAgree(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		conversations, actors, queries := 90, 10, 25
		if testing.Short() {
			conversations, actors, queries = 40, 6, 8
		}
		x := newCrowd(t, w.store, conversations, actors)
		for _, global := range []bool{false, true} {
			require.NoError(t, x.setup.SaveSettings(ctx, frontdesk.Settings{GlobalRead: global}))
			for _, a := range x.agents {
				s := x.as(a)
				x.check(a, s, queries, global, func(c *conversation.Conversation) bool { return x.sees(a, c) })
				counts, err := s.Counts(ctx)
				require.NoError(t, err)
				require.Equal(t, x.counts(a, global), counts, "seed %d agent %+v global %v", x.seed, a, global)
				boss, err := x.as(x.agents[0]).ViewAs(ctx, a.ID)
				require.NoError(t, err)
				seen, err := boss.Counts(ctx)
				require.NoError(t, err)
				assert.Equal(t, counts, seen, "what is seen as somebody is what he sees")
				x.throughRecord(a)
			}
		}
	})
}

// throughRecord checks the record's own path: whoever has a role in the mailbox reads what is linked, and nothing else.
func (x *crowd) throughRecord(a frontdesk.Agent) {
	x.t.Helper()
	linked := func(c *conversation.Conversation) bool {
		return slices.ContainsFunc(c.Links, func(l conversation.Link) bool { return l.Record() == "order/1" }) &&
			(a.Role == frontdesk.Owner || slices.Contains(a.Mailboxes, c.Mailbox))
	}
	s := x.as(a).FromRecord("order", "1")
	var want []string
	for i := range x.all {
		c := &x.all[i]
		if linked(c) && c.Place != conversation.Spam && c.Place != conversation.Trash {
			want = append(want, c.ID)
		}
		_, err := s.Conversation(ctx, c.ID)
		require.Equal(x.t, linked(c), err == nil, "seed %d agent %+v conversation %+v: %v", x.seed, a, c, err)
	}
	require.ElementsMatch(x.t, want, x.pages(s, frontdesk.Query{Limit: 4}, "record"), "seed %d agent %+v", x.seed, a)
	all, err := s.CountAll(ctx, frontdesk.Query{})
	require.NoError(x.t, err)
	require.Equal(x.t, int64(len(want)), all)
}
