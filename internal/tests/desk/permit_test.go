package desk_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/channel/loopback"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// bySMS adds a second way to write to mailbox berlin, by SMS, and returns a conversation that came by it.
func (w *world) bySMS(who string) frontdesk.Conversation {
	w.t.Helper()
	caps := loopback.Default()
	caps.Method = "sms"
	w.provider.SetCapabilities("phone", caps)
	w.channel(frontdesk.Channel{Account: "phone", Mailbox: "berlin"})
	m := w.says(who, "By SMS")
	m.Account = "phone"
	w.takes(m)
	return w.current(who)
}

func TestP2_MessagingPermissionByMailboxAndMethod(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		chat, sms := w.hears("ann", "By chat"), w.bySMS("bob")
		assert.Len(t, w.list(w.jane, frontdesk.Query{}), 2, "without a word about it, every method of his mailboxes")
		jane := func(methods ...string) *frontdesk.Session {
			return w.agent(frontdesk.Agent{ID: "jd", Name: "Jane Doe", Mailboxes: []string{"berlin"}, Messaging: map[string][]string{"berlin": methods}})
		}
		s := jane("sms")
		list := w.list(s, frontdesk.Query{})
		require.Len(t, list, 1)
		assert.Equal(t, sms.ID, list[0].ID)
		assert.Empty(t, w.list(s, frontdesk.Query{Method: "chat"}))
		counts, err := s.Counts(ctx)
		require.NoError(t, err)
		assert.Equal(t, int64(1), counts.All)
		_, err = s.Conversation(ctx, chat.ID)
		require.ErrorIs(t, err, frontdesk.ErrNotFound)
		_, err = s.Reply(ctx, chat.ID, frontdesk.Draft{Text: "x"})
		require.ErrorIs(t, err, frontdesk.ErrNotFound)
		_, err = s.Compose(ctx, frontdesk.Start{Channel: w.chat.ID, Address: "zoe", Draft: frontdesk.Draft{Text: "x"}})
		require.ErrorIs(t, err, frontdesk.ErrForbidden)
		_, err = s.Compose(ctx, frontdesk.Start{Mailbox: "berlin", Draft: frontdesk.Draft{Text: "x"}})
		require.ErrorIs(t, err, frontdesk.ErrForbidden, "internal conversations are a method too")
		_, err = w.setup.Do(ctx, chat.ID, frontdesk.Assign{Agent: "jd"})
		require.ErrorIs(t, err, frontdesk.ErrInvalid, "he would not see it")
		_, err = w.setup.Reply(ctx, chat.ID, frontdesk.Draft{Text: "x", Then: []frontdesk.Action{frontdesk.Assign{Agent: "jd"}}})
		require.ErrorIs(t, err, frontdesk.ErrInvalid)
		w.do(w.setup, sms.ID, frontdesk.Assign{Agent: "jd"})

		s = jane() // no messaging at all, and still a role
		assert.Empty(t, w.list(s, frontdesk.Query{View: frontdesk.AllView}))
		assert.Empty(t, w.list(s, frontdesk.Query{View: frontdesk.MineView}))
		boxes, err := s.Mailboxes(ctx)
		require.NoError(t, err)
		assert.Len(t, boxes, 1)
		agents, err := w.setup.Agents(ctx)
		require.NoError(t, err)
		for _, a := range agents {
			if a.ID == "jd" {
				assert.NotNil(t, a.Messaging, "none is not the same as all")
			}
		}
		assert.Len(t, w.list(w.joe, frontdesk.Query{}), 2, "others keep theirs")
	})
}

func TestP4_TheMailboxStaysWhileMessagingIsHeld(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		jane := frontdesk.Agent{ID: "jd", Name: "Jane Doe", Mailboxes: []string{"berlin", "munich"},
			Messaging: map[string][]string{"berlin": {"chat"}, "munich": {"chat", "sms"}}}
		w.agent(jane)
		var held *frontdesk.MessagingHeldError
		for name, messaging := range map[string]map[string][]string{"named": jane.Messaging, "not named": nil, "of another": {"munich": {"chat"}}} {
			a := jane
			a.Mailboxes, a.Messaging = []string{"munich"}, messaging
			err := w.setup.SaveAgent(ctx, a)
			require.ErrorAs(t, err, &held, name)
			assert.Equal(t, frontdesk.MessagingHeldError{Agent: "jd", Mailbox: "berlin", Methods: []string{"chat"}}, *held, name)
			require.ErrorIs(t, err, frontdesk.ErrInvalid)
		}
		agents, err := w.setup.Agents(ctx)
		require.NoError(t, err)
		assert.Contains(t, agents, frontdesk.Agent{ID: "jd", Name: "Jane Doe", Role: frontdesk.Member, Mailboxes: jane.Mailboxes, Messaging: jane.Messaging}, "nothing changed")

		jane.Messaging = map[string][]string{"munich": {"chat", "sms"}}
		require.NoError(t, w.setup.SaveAgent(ctx, jane), "first the permission")
		jane.Mailboxes = []string{"munich"}
		require.NoError(t, w.setup.SaveAgent(ctx, jane), "then the mailbox")
		require.NoError(t, w.setup.SaveAgent(ctx, frontdesk.Agent{ID: "joe", Name: "Joe"}), "who was never given it by name loses the mailbox at once")
		err = w.setup.SaveAgent(ctx, frontdesk.Agent{ID: "new", Messaging: map[string][]string{"berlin": {"chat"}}})
		require.ErrorAs(t, err, &held, "messaging without the role was never given")
		err = w.setup.SaveAgent(ctx, frontdesk.Agent{ID: "new", Mailboxes: []string{"berlin"}, Messaging: map[string][]string{"berlin": {"SMS"}}})
		require.ErrorIs(t, err, frontdesk.ErrInvalid, "a method that there is not")
	})
}

// meanwhile is a store in which something happens between a command's reading and its commit.
type meanwhile struct {
	store.Store
	do atomic.Pointer[func()]
}

func (m *meanwhile) Commit(ctx context.Context, b *store.Batch) error {
	if do := m.do.Swap(nil); do != nil {
		(*do)()
	}
	return m.Store.Commit(ctx, b)
}

func TestP2_P5_AWithdrawnRightBitesAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		base := frontdesk.Agent{ID: "x", Mailboxes: []string{"berlin"}, Messaging: map[string][]string{"berlin": {"chat"}}}
		c := w.hears("ann", "Hi")
		w.do(w.setup, c.ID, frontdesk.Assign{Agent: "jd", Team: "returns"})
		w.document("role/care", roleDoc{ID: "care", Agents: []string{"x"}})
		w.edit(c.ID, func(c *conversation.Conversation) { c.Subscribers = []string{"role/care"} })
		for name, change := range map[string]struct {
			given    func(*frontdesk.Agent)
			withdraw func(*frontdesk.Agent)
			role     []string // that care has afterwards
			want     error
		}{
			"messaging": {func(*frontdesk.Agent) {}, func(a *frontdesk.Agent) { a.Messaging = map[string][]string{} }, []string{"x"}, frontdesk.ErrNotFound},
			"a team": {func(a *frontdesk.Agent) { a.Scope, a.Teams, a.ID = frontdesk.ScopeTeam, []string{"returns"}, "y" },
				func(a *frontdesk.Agent) { a.Teams = nil }, []string{"x"}, frontdesk.ErrNotFound},
			"everything but his own": {func(a *frontdesk.Agent) { a.ID = "y" }, func(a *frontdesk.Agent) { a.Scope = frontdesk.ScopeOwn }, []string{"x"}, frontdesk.ErrNotFound},
			"a role":                 {func(a *frontdesk.Agent) { a.Scope = frontdesk.ScopeOwn }, func(*frontdesk.Agent) {}, nil, frontdesk.ErrNotFound},
			"the module":             {func(*frontdesk.Agent) {}, func(a *frontdesk.Agent) { a.Modules = []frontdesk.Module{frontdesk.ModuleContacts} }, []string{"x"}, frontdesk.ErrForbidden},
			"writing":                {func(*frontdesk.Agent) {}, func(a *frontdesk.Agent) { a.Role = frontdesk.ReadOnly }, []string{"x"}, frontdesk.ErrForbidden},
		} {
			a := base
			change.given(&a)
			w.document("role/care", roleDoc{ID: "care", Agents: []string{"x"}})
			w.agent(a)
			late := &meanwhile{Store: w.store}
			d := w.open(func(c *frontdesk.Config) { c.Store = late })
			s := d.As(frontdesk.Actor{Tenant: tenant, Agent: a.ID})
			_, err := s.Whisper(ctx, c.ID, "I may")
			require.NoError(t, err, name)
			entries := len(w.timeline(c.ID))
			withdraw := func() {
				change.withdraw(&a)
				w.agent(a)
				w.document("role/care", roleDoc{ID: "care", Agents: change.role})
			}
			late.do.Store(&withdraw)
			_, err = s.Whisper(ctx, c.ID, "Too late")
			require.ErrorIs(t, err, change.want, name)
			assert.Len(t, w.timeline(c.ID), entries, "%s: nothing was written", name)
		}
	})
}

func TestP5_WhoSeesHisOwnKeepsWhatHeBegins(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, scope := range []frontdesk.Scope{frontdesk.ScopeOwn, frontdesk.ScopeTeam} {
			own := w.agent(frontdesk.Agent{ID: "own", Mailboxes: []string{"berlin"}, Scope: scope})
			m, err := own.Compose(ctx, frontdesk.Start{Channel: w.chat.ID, Address: "zoe-" + string(scope), Draft: frontdesk.Draft{Text: "Hello"}})
			require.NoError(t, err)
			c, err := own.Conversation(ctx, m.Conversation)
			require.NoError(t, err)
			assert.Equal(t, "own", c.Agent)
			m, err = own.Compose(ctx, frontdesk.Start{Mailbox: "berlin", Draft: frontdesk.Draft{Text: "Note"}})
			require.NoError(t, err)
			_, err = own.Conversation(ctx, m.Conversation)
			require.NoError(t, err)
		}
		own := w.desk.As(frontdesk.Actor{Tenant: tenant, Agent: "own"})
		theirs := w.hears("ann", "Hi")
		w.do(w.setup, theirs.ID, frontdesk.Assign{Agent: "joe"})
		_, err := own.Compose(ctx, frontdesk.Start{Channel: w.chat.ID, Address: "ann", Draft: frontdesk.Draft{Text: "Me too"}})
		require.ErrorIs(t, err, frontdesk.ErrForbidden, "the open conversation with her is another's")
		assert.Equal(t, "Hi", w.get(theirs.ID).Preview)
		m, err := own.Compose(ctx, frontdesk.Start{Channel: w.chat.ID, Address: "ida", Draft: frontdesk.Draft{Text: "For Joe", Then: []frontdesk.Action{frontdesk.Assign{Agent: "joe"}}}})
		require.NoError(t, err)
		assert.Equal(t, "joe", w.get(m.Conversation).Agent, "he may say whose it is")
	})
}

func TestP2_LinkedConversationsAreReadFromTheRecord(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		file := w.provider.AddFile("shop", "a.txt", "text/plain", []byte("content"))
		in := w.says("ann", "Hi")
		in.Message.Attachments = []conversation.Attachment{file}
		w.takes(in)
		linked, other := w.current("ann"), w.hears("bob", "Hi")
		link := conversation.Link{Kind: "order", ID: "4711", By: conversation.ByHand}
		w.edit(linked.ID, func(c *conversation.Conversation) { c.Links = []conversation.Link{link} })
		message := w.timeline(linked.ID)[0].ID
		reader := w.agent(frontdesk.Agent{ID: "r", Mailboxes: []string{"berlin"}, Messaging: map[string][]string{}, Scope: frontdesk.ScopeOwn})
		outsider := w.agent(frontdesk.Agent{ID: "o", Mailboxes: []string{"munich"}})

		_, err := reader.FromRecord("order", "4711").Conversations(ctx, frontdesk.Query{})
		require.ErrorIs(t, err, frontdesk.ErrForbidden, "without a policy of the host's nobody may")

		may, down := map[string]bool{"order/4711": true}, error(nil)
		var asked []string
		d := w.open(func(c *frontdesk.Config) {
			c.MayReadRecord = func(_ context.Context, a frontdesk.Actor, kind, id string) (bool, error) {
				asked = append(asked, a.Agent+" "+kind+" "+id)
				return may[kind+"/"+id], down
			}
		})
		at := func(s *frontdesk.Session, agent, id string) *frontdesk.Session {
			return d.As(frontdesk.Actor{Tenant: tenant, Agent: agent}).FromRecord("order", id)
		}
		s := at(reader, "r", "4711")
		list := w.list(s, frontdesk.Query{})
		require.Len(t, list, 1)
		assert.Equal(t, linked.ID, list[0].ID)
		assert.Contains(t, asked, "r order 4711")
		_, err = s.Conversation(ctx, linked.ID)
		require.NoError(t, err)
		_, err = s.Timeline(ctx, linked.ID, frontdesk.TimelineQuery{})
		require.NoError(t, err)
		_, err = s.Message(ctx, message)
		require.NoError(t, err)
		f, err := s.Attachment(ctx, message, 0)
		require.NoError(t, err)
		require.NoError(t, f.Body.Close())
		_, err = s.Conversation(ctx, other.ID)
		require.ErrorIs(t, err, frontdesk.ErrNotFound, "it is not linked")
		_, err = s.Counts(ctx)
		require.ErrorIs(t, err, frontdesk.ErrInvalid)

		_, err = s.View(ctx, linked.ID)
		require.NoError(t, err)
		assert.Empty(t, w.get(linked.ID).Readers, "it marks nothing as read")
		_, err = s.Reply(ctx, linked.ID, frontdesk.Draft{Text: "x"})
		require.ErrorIs(t, err, frontdesk.ErrForbidden)
		_, err = s.Do(ctx, linked.ID, frontdesk.Archive{})
		require.ErrorIs(t, err, frontdesk.ErrForbidden)

		assert.Empty(t, w.list(reader, frontdesk.Query{View: frontdesk.AllView}), "no list is wider for it")
		assert.Empty(t, w.list(reader, frontdesk.Query{View: frontdesk.AllView, Record: "order/4711"}))
		_, err = reader.Conversation(ctx, linked.ID)
		require.ErrorIs(t, err, frontdesk.ErrNotFound)
		assert.Empty(t, w.list(at(outsider, "o", "4711"), frontdesk.Query{}), "a role in the mailbox is needed")
		_, err = at(outsider, "o", "4711").Conversation(ctx, linked.ID)
		require.ErrorIs(t, err, frontdesk.ErrNotFound)
		_, err = at(reader, "r", "4712").Conversations(ctx, frontdesk.Query{})
		require.ErrorIs(t, err, frontdesk.ErrForbidden, "the record's permission is needed")
		for _, id := range []string{"", "nul\x00"} {
			_, err = at(reader, "r", id).Conversations(ctx, frontdesk.Query{})
			require.ErrorIs(t, err, frontdesk.ErrForbidden)
		}
		down = errors.New("the host is down")
		_, err = s.Conversation(ctx, linked.ID)
		require.ErrorIs(t, err, down)
		down = nil

		w.edit(linked.ID, func(c *conversation.Conversation) { c.Links = nil })
		_, err = s.Conversation(ctx, linked.ID)
		require.ErrorIs(t, err, frontdesk.ErrNotFound, "a link that is removed closes the door")
		assert.Empty(t, w.list(s, frontdesk.Query{}))
		_, err = s.Attachment(ctx, message, 0)
		require.ErrorIs(t, err, frontdesk.ErrNotFound)
	})
}

func TestP9_ViewAs(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		admin := w.agent(frontdesk.Agent{ID: "adm", Role: frontdesk.Admin})
		mine, other := w.hears("ann", "Hi"), w.hears("bob", "Hi")
		w.do(w.setup, mine.ID, frontdesk.Assign{Agent: "jd"})
		w.agent(frontdesk.Agent{ID: "jd", Name: "Jane Doe", Mailboxes: []string{"berlin"}, Scope: frontdesk.ScopeOwn})
		private, err := w.jane.SaveReply(ctx, frontdesk.SavedReply{Title: "Private", Content: "x", Agent: "jd"})
		require.NoError(t, err)
		_, err = w.jane.SaveView(ctx, frontdesk.SavedView{ID: "v", Name: "Private"})
		require.NoError(t, err)

		as, err := admin.ViewAs(ctx, "jd")
		require.NoError(t, err)
		list := w.list(as, frontdesk.Query{})
		require.Len(t, list, 1)
		assert.Equal(t, mine.ID, list[0].ID)
		assert.True(t, list[0].Unread, "for her it is")
		assert.Len(t, w.list(as, frontdesk.Query{View: frontdesk.MineView}), 1)
		_, err = as.Conversation(ctx, other.ID)
		require.ErrorIs(t, err, frontdesk.ErrNotFound)
		_, err = as.View(ctx, mine.ID)
		require.NoError(t, err)
		counts, err := as.Counts(ctx)
		require.NoError(t, err)
		assert.Equal(t, int64(1), counts.Mine)
		assert.Empty(t, w.get(mine.ID).Readers, "reading as somebody marks nothing as read, for nobody")
		_, err = as.MarkRead(ctx, mine.ID)
		require.ErrorIs(t, err, frontdesk.ErrForbidden)
		_, err = as.Reply(ctx, mine.ID, frontdesk.Draft{Text: "x"})
		require.ErrorIs(t, err, frontdesk.ErrForbidden)
		replies, err := as.Replies(ctx)
		require.NoError(t, err)
		assert.NotContains(t, replies, private, "what is her own beside conversations stays hers")
		views, err := as.Views(ctx)
		require.NoError(t, err)
		assert.Empty(t, views)

		var last frontdesk.Event
		for _, e := range w.events() {
			if e.Type == conversation.EventViewedAs {
				last = e
			}
		}
		assert.Equal(t, "adm", last.Actor.ID)
		assert.Equal(t, "agent/jd", last.Subject)
		_, err = admin.ViewAs(ctx, "jd")
		require.NoError(t, err)
		assert.Equal(t, 2, w.count(conversation.EventViewedAs), "each use")

		_, err = w.jane.ViewAs(ctx, "joe")
		require.ErrorIs(t, err, frontdesk.ErrForbidden)
		_, err = admin.ViewAs(ctx, "ghost")
		require.ErrorIs(t, err, frontdesk.ErrNotFound)
		w.agent(frontdesk.Agent{ID: "joe", Name: "Joe", Inactive: true})
		_, err = admin.ViewAs(ctx, "joe")
		require.ErrorIs(t, err, frontdesk.ErrInvalid)
		system, err := w.setup.ViewAs(ctx, "jd")
		require.NoError(t, err)
		assert.Len(t, w.list(system, frontdesk.Query{}), 1)

		elsewhere := w.open()
		require.NoError(t, elsewhere.As(frontdesk.System(tenant)).SaveAgent(ctx, frontdesk.Agent{ID: "jd", Name: "Jane Doe", Mailboxes: []string{"munich"}}))
		assert.Empty(t, w.list(as, frontdesk.Query{}), "what another process took from her is gone at once")
		w.agent(frontdesk.Agent{ID: "adm", Role: frontdesk.Member, Mailboxes: []string{"berlin"}})
		_, err = as.Conversations(ctx, frontdesk.Query{})
		require.ErrorIs(t, err, frontdesk.ErrForbidden, "who is no admin any more sees nothing as her")
	})
}

func TestP1_LiveEventsAreFilteredByWhatOneSees(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		mine, other := w.hears("ann", "Hi"), w.hears("bob", "Hi")
		w.do(w.setup, mine.ID, frontdesk.Assign{Agent: "jd"})
		jane := w.agent(frontdesk.Agent{ID: "jd", Name: "Jane Doe", Mailboxes: []string{"berlin"}, Scope: frontdesk.ScopeOwn})
		feed := w.events()
		seen := func(s *frontdesk.Session) (conversations map[string]bool, settings, contacts int) {
			conversations = map[string]bool{}
			events, err := s.MaySee(ctx, feed...)
			require.NoError(t, err)
			for i, e := range events {
				require.True(t, i == 0 || events[i-1].Position < e.Position, "in their order")
				switch {
				case e.Conversation != "":
					conversations[e.Conversation] = true
				case e.Type == conversation.EventSetting:
					settings++
				default:
					contacts++
				}
			}
			return conversations, settings, contacts
		}
		conversations, settings, contacts := seen(jane)
		assert.Equal(t, map[string]bool{mine.ID: true}, conversations)
		assert.Zero(t, settings)
		assert.Zero(t, contacts)
		conversations, settings, contacts = seen(w.setup)
		assert.Equal(t, map[string]bool{mine.ID: true, other.ID: true}, conversations)
		assert.NotZero(t, settings)
		assert.NotZero(t, contacts)
		conversations, _, _ = seen(w.mia)
		assert.Empty(t, conversations)
		_, err := jane.FromRecord("order", "1").MaySee(ctx, feed...)
		require.ErrorIs(t, err, frontdesk.ErrForbidden)

		theirs, err := w.desk.As(frontdesk.System("other")).MaySee(ctx, feed...)
		require.NoError(t, err)
		assert.Empty(t, theirs)
		_, err = jane.MaySee(ctx, make([]frontdesk.Event, 1001)...)
		require.ErrorIs(t, err, frontdesk.ErrInvalid)
		odd, err := jane.MaySee(ctx, frontdesk.Event{Tenant: tenant, Event: conversation.Event{Conversation: "nul\x00"}})
		require.NoError(t, err)
		assert.Empty(t, odd)
	})
}
