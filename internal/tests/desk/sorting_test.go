package desk_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
	"github.com/frontdesk-go/frontdesk/store"
)

func TestC17_ConcurrentTagsAreAllKept(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		in := w.timeline(c.ID)[0]
		other := w.open().As(frontdesk.Actor{Tenant: tenant, Agent: "joe"})
		const n = 16
		atOnce(2*n, func(i int) {
			s := []*frontdesk.Session{w.jane, other}[i%2]
			tag := frontdesk.Tag{Add: []string{fmt.Sprintf("t%02d", i/2), "shared"}} // each is new to the tenant, by two at once
			retry := func(do func() error) {
				err := do()
				for try := 0; errors.Is(err, frontdesk.ErrBusy) && try < 20; try++ {
					err = do()
				}
				assert.NoError(t, err)
			}
			retry(func() error { return only(s.Do(ctx, c.ID, tag)) })
			retry(func() error { return only(s.TagMessage(ctx, in.ID, tag)) })
		})
		assert.Len(t, w.get(c.ID).Tags, n+1)
		assert.Len(t, w.message(in.ID).Tags, n+1)
		tags, err := w.jane.Tags(ctx, "")
		require.NoError(t, err)
		assert.Len(t, tags, n+1, "made on first use")
		assert.Equal(t, frontdesk.SavedTag{ID: "shared", Name: "shared"}, tags[0])
	})
}

func TestC17_AreasColoursAndFirstUse(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		w.do(w.jane, c.ID, frontdesk.Tag{Add: []string{"vip"}})
		require.NoError(t, w.setup.SaveTag(ctx, frontdesk.SavedTag{ID: "vip", Name: "VIP", Colour: "#1a7f37"}))
		require.NoError(t, w.setup.SaveTag(ctx, frontdesk.SavedTag{ID: "advice", Area: "billable", Billable: true}))
		_, err := w.jane.Whisper(ctx, c.ID, "psst")
		require.NoError(t, err)
		m, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "x", Whisper: true, Tags: []string{"z", "a", "z"}, Then: []frontdesk.Action{frontdesk.Tag{Add: []string{"a"}}}})
		require.NoError(t, err)
		names := func(area string) (out []string) {
			tags, err := w.joe.Tags(ctx, area)
			require.NoError(t, err)
			for _, tag := range tags {
				out = append(out, tag.Name+tag.Colour)
			}
			return out
		}
		assert.Equal(t, []string{"VIP#1a7f37", "a", "advice", "z"}, names(""))
		assert.Equal(t, []string{"advice"}, names("billable"))
		assert.Equal(t, []string{"a", "z"}, w.message(m.ID).Tags)

		// A deleted tag leaves the list alone, and comes back with its next use.
		require.NoError(t, w.setup.DeleteTag(ctx, "vip"))
		require.NoError(t, w.setup.DeleteTag(ctx, "vip"))
		assert.Equal(t, []string{"vip", "a"}, []string{w.get(c.ID).Tags[1], w.get(c.ID).Tags[0]})
		assert.NotContains(t, names(""), "VIP#1a7f37")
		bob := w.hears("bob", "Hi")
		w.do(w.jane, bob.ID, frontdesk.Tag{Add: []string{"vip"}})
		assert.Contains(t, names(""), "vip")
		page, err := w.jane.Conversations(ctx, frontdesk.Query{Tag: "vip"})
		require.NoError(t, err)
		assert.Len(t, page.Items, 2)
		for name, err := range map[string]error{
			"no ID":              w.setup.SaveTag(ctx, frontdesk.SavedTag{}),
			"a bad ID":           w.setup.SaveTag(ctx, frontdesk.SavedTag{ID: "a,b"}),
			"a bad area":         w.setup.SaveTag(ctx, frontdesk.SavedTag{ID: "a", Area: "a/b"}),
			"a long name":        w.setup.SaveTag(ctx, frontdesk.SavedTag{ID: "a", Name: strings.Repeat("x", 201)}),
			"a colour":           w.setup.SaveTag(ctx, frontdesk.SavedTag{ID: "a", Colour: "red"}),
			"a tag of a message": only(w.jane.TagMessage(ctx, w.timelineOf(c.ID, conversation.EventReceived).ID, frontdesk.Tag{Add: []string{"a/b"}})),
			"a draft's tag":      only(w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "x", Tags: []string{""}})),
		} {
			assert.ErrorIs(t, err, frontdesk.ErrInvalid, name)
		}
		_, err = w.jane.TagMessage(ctx, w.timelineOf(c.ID, conversation.EventTagged).ID, frontdesk.Tag{Add: []string{"a"}})
		assert.ErrorIs(t, err, conversation.ErrState, "a change is no message")
	})
}

func TestC18_FoldersPersonalAndShared(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		shared, err := w.joe.SaveFolder(ctx, frontdesk.Folder{Name: "Urgent"})
		require.NoError(t, err)
		mine, err := w.jane.SaveFolder(ctx, frontdesk.Folder{ID: "later", Name: "Later", Agent: "jd"})
		require.NoError(t, err)
		assert.Equal(t, "jd/later", mine.ID)
		mine, err = w.jane.SaveFolder(ctx, mine)
		require.NoError(t, err, "what came out goes in again")
		admin := w.agent(frontdesk.Agent{ID: "boss", Role: frontdesk.Admin})
		names := func(s *frontdesk.Session) (out []string) {
			folders, err := s.Folders(ctx)
			require.NoError(t, err)
			for _, f := range folders {
				out = append(out, f.Name)
			}
			return out
		}
		assert.Equal(t, []string{"Later", "Urgent"}, names(w.jane))
		assert.Equal(t, []string{"Urgent"}, names(w.joe))
		assert.Equal(t, []string{"Urgent"}, names(admin), "nobody else sees a personal folder")

		got := w.do(w.jane, c.ID, frontdesk.ChangeFolders{Add: []string{shared.ID, mine.ID}})
		assert.ElementsMatch(t, []string{shared.ID, mine.ID}, got.Folders, "in several at once")
		assert.Equal(t, conversation.ShelfWaiting, got.Shelf)
		for _, s := range []*frontdesk.Session{w.joe, admin} {
			other, err := s.Conversation(ctx, c.ID)
			require.NoError(t, err)
			assert.Equal(t, []string{shared.ID}, other.Folders)
			assert.Equal(t, []string{shared.ID}, w.list(s, frontdesk.Query{})[0].Folders)
			tl, err := s.Timeline(ctx, c.ID, frontdesk.TimelineQuery{})
			require.NoError(t, err)
			for _, m := range tl.Items {
				if m.Event != nil {
					assert.NotContains(t, m.Event.From+m.Event.To, "later", "nor on the timeline")
				}
			}
			for _, a := range []frontdesk.Action{frontdesk.ChangeFolders{Add: []string{mine.ID}}, frontdesk.ChangeFolders{Remove: []string{mine.ID}},
				frontdesk.ChangeFolders{Add: []string{"none"}}} {
				_, err = s.Do(ctx, c.ID, a)
				require.ErrorIs(t, err, frontdesk.ErrNotFound, "%+v", a)
			}
		}
		assert.Equal(t, []string{c.ID}, w.facts("folder", mine.ID))

		// Who may change it, and what deleting leaves.
		_, err = w.jane.SaveFolder(ctx, frontdesk.Folder{ID: shared.ID, Name: "Mine now"})
		require.ErrorIs(t, err, frontdesk.ErrForbidden)
		require.ErrorIs(t, w.jane.DeleteFolder(ctx, shared.ID), frontdesk.ErrForbidden)
		_, err = w.joe.SaveFolder(ctx, frontdesk.Folder{Name: "x", Agent: "jd"})
		require.ErrorIs(t, err, frontdesk.ErrForbidden)
		require.NoError(t, w.joe.DeleteFolder(ctx, mine.ID), "what he does not see is not there")
		assert.Len(t, names(w.jane), 2)
		require.NoError(t, admin.DeleteFolder(ctx, shared.ID))
		require.NoError(t, w.joe.DeleteFolder(ctx, shared.ID))
		assert.Equal(t, []string{"Later"}, names(w.jane))
		assert.Len(t, w.list(w.joe, frontdesk.Query{}), 1, "its conversations stay")
		_, err = w.jane.Do(ctx, c.ID, frontdesk.ChangeFolders{Add: []string{shared.ID}})
		require.ErrorIs(t, err, frontdesk.ErrNotFound)
		_, err = w.joe.SaveFolder(ctx, frontdesk.Folder{ID: shared.ID, Name: "Urgent"})
		require.ErrorIs(t, err, frontdesk.ErrInvalid, "what was in the old one is not in a new one")
		assert.Equal(t, []string{mine.ID}, w.do(w.jane, c.ID, frontdesk.ChangeFolders{Remove: []string{shared.ID}}).Folders)
		for _, bad := range []frontdesk.Folder{{}, {Name: strings.Repeat("x", 201)}, {Name: "x", ID: "a/b"}, {Name: "x", ID: "a,b"}} {
			_, err = w.jane.SaveFolder(ctx, bad)
			require.ErrorIs(t, err, frontdesk.ErrInvalid, "%+v", bad)
		}
		_, err = w.setup.SaveFolder(ctx, frontdesk.Folder{Name: "x", Agent: "nobody"})
		require.ErrorIs(t, err, frontdesk.ErrNotFound)
	})
}

func TestC19_GroupsTypesAndStages(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		groups, err := w.setup.Groups(ctx)
		require.NoError(t, err)
		var ids []string
		for _, g := range groups {
			ids = append(ids, g.ID)
			assert.False(t, g.Visible, g.ID)
		}
		assert.Equal(t, []string{"general", "amazon", "ebay", "kaufland", "otto"}, ids)
		groups, err = w.jane.Groups(ctx)
		require.NoError(t, err)
		assert.Empty(t, groups, "hidden until made visible")

		stage := func(id, name string, position, progress int) frontdesk.Stage {
			return frontdesk.Stage{ID: id, Names: english(name), Position: position, Progress: progress, Colour: "#00aaff"}
		}
		claim := frontdesk.Type{ID: "claim", Group: "general", Names: map[string]string{"en": "Claim", "de": "Reklamation"}, Position: 2,
			Stages: []frontdesk.Stage{stage("done", "Done", 2, 100), stage("new", "New", 1, 0)}}
		praise := frontdesk.Type{ID: "praise", Group: "general", Names: english("Praise"), Position: 1, Stages: []frontdesk.Stage{stage("heard", "Heard", 1, 100)}}
		require.NoError(t, w.setup.SaveType(ctx, claim))
		require.NoError(t, w.setup.SaveType(ctx, praise))
		do := func(a frontdesk.SetType) error { return only(w.jane.Do(ctx, c.ID, a)) }
		w.untouched(c.ID, func() {
			assert.ErrorIs(t, do(frontdesk.SetType{Type: "claim", Stage: "new"}), frontdesk.ErrInvalid, "its group is hidden")
		})
		general := frontdesk.Group{ID: "general", Names: english("All about us"), Visible: true}
		require.NoError(t, w.setup.SaveGroup(ctx, general))
		w.untouched(c.ID, func() {
			assert.ErrorIs(t, do(frontdesk.SetType{Type: "none"}), frontdesk.ErrNotFound)
			assert.ErrorIs(t, do(frontdesk.SetType{Type: "claim", Stage: "heard"}), frontdesk.ErrInvalid, "a stage of another type")
			assert.ErrorIs(t, do(frontdesk.SetType{Stage: "new"}), conversation.ErrValue)
			assert.ErrorContains(t, do(frontdesk.SetType{Type: "claim", Stage: "x"}), "done, new")
		})
		got := w.do(w.jane, c.ID, frontdesk.SetType{Type: "claim", Stage: "new"})
		assert.Equal(t, []string{"claim", "new"}, []string{got.Type, got.Stage})
		types, err := w.jane.Types(ctx, "general")
		require.NoError(t, err)
		require.Len(t, types, 2)
		assert.Equal(t, []string{"praise", "claim", "new", "done"}, []string{types[0].ID, types[1].ID, types[1].Stages[0].ID, types[1].Stages[1].ID}, "by position")

		// What is in use keeps its name: it is hidden, never deleted.
		without := claim
		without.Stages = claim.Stages[:1]
		assert.ErrorIs(t, w.setup.SaveType(ctx, without), frontdesk.ErrInvalid)
		claim.Hidden = true
		require.NoError(t, w.setup.SaveType(ctx, claim))
		require.NoError(t, do(frontdesk.SetType{Type: "claim", Stage: "done"}), "a conversation that has it goes on")
		bob := w.hears("bob", "Hi")
		assert.ErrorIs(t, only(w.jane.Do(ctx, bob.ID, frontdesk.SetType{Type: "claim"})), frontdesk.ErrInvalid)
		w.do(w.jane, c.ID, frontdesk.SetType{})
		assert.ErrorIs(t, do(frontdesk.SetType{Type: "claim"}), frontdesk.ErrInvalid)
		general.Visible = false
		require.NoError(t, w.setup.SaveGroup(ctx, general))
		types, err = w.jane.Types(ctx, "")
		require.NoError(t, err)
		assert.Empty(t, types)
		for name, err := range map[string]error{
			"no name":         w.setup.SaveGroup(ctx, frontdesk.Group{ID: "x"}),
			"no language":     w.setup.SaveGroup(ctx, frontdesk.Group{ID: "x", Names: map[string]string{"?": "x"}}),
			"an empty name":   w.setup.SaveGroup(ctx, frontdesk.Group{ID: "x", Names: english(" ")}),
			"a group's ID":    w.setup.SaveGroup(ctx, frontdesk.Group{ID: "a/b", Names: english("x")}),
			"a type's ID":     w.setup.SaveType(ctx, frontdesk.Type{ID: "", Group: "general", Names: english("x")}),
			"a type's colour": w.setup.SaveType(ctx, frontdesk.Type{ID: "x", Group: "general", Names: english("x"), Colour: "blue"}),
			"progress":        w.setup.SaveType(ctx, frontdesk.Type{ID: "x", Group: "general", Names: english("x"), Stages: []frontdesk.Stage{stage("a", "A", 1, 101)}}),
			"a stage twice":   w.setup.SaveType(ctx, frontdesk.Type{ID: "x", Group: "general", Names: english("x"), Stages: []frontdesk.Stage{stage("a", "A", 1, 1), stage("a", "B", 1, 1)}}),
			"a stage's ID":    w.setup.SaveType(ctx, frontdesk.Type{ID: "x", Group: "general", Names: english("x"), Stages: []frontdesk.Stage{stage("a/b", "A", 1, 1)}}),
			"a stage's name":  w.setup.SaveType(ctx, frontdesk.Type{ID: "x", Group: "general", Names: english("x"), Stages: []frontdesk.Stage{{ID: "a"}}}),
			"many stages":     w.setup.SaveType(ctx, frontdesk.Type{ID: "x", Group: "general", Names: english("x"), Stages: make([]frontdesk.Stage, 101)}),
		} {
			assert.ErrorIs(t, err, frontdesk.ErrInvalid, name)
		}
		assert.ErrorIs(t, w.setup.SaveType(ctx, frontdesk.Type{ID: "x", Group: "none", Names: english("x")}), frontdesk.ErrNotFound)
	})
}

// market is a driver of a marketplace's kind.
type market struct {
	channel.Driver
	kind string
}

func (m market) Kind() string { return m.kind }

func TestC19_MarketplaceChannelsNeedTheirGroup(t *testing.T) {
	stores.Each(t, func(t *testing.T, s store.Store) {
		w := newWorld(t, s)
		for kind, platform := range map[string]string{"amazon": "Amazon", "ebay": "eBay", "kaufland": "Kaufland", "otto": "OTTO"} {
			d := w.open(func(cfg *frontdesk.Config) { cfg.Drivers = append(cfg.Drivers, market{w.provider, kind}) }).As(frontdesk.System(tenant))
			add := func() error {
				return only(d.AddChannel(ctx, frontdesk.Channel{Kind: kind, Account: kind + "-shop", Mailbox: "berlin", PollEvery: -1}))
			}
			problems := func() []string {
				var e *frontdesk.InvalidError
				require.ErrorAs(t, add(), &e)
				return e.Problems
			}
			assert.Len(t, problems(), 2)
			require.NoError(t, d.SaveGroup(ctx, frontdesk.Group{ID: kind, Names: english(platform), Visible: true}))
			assert.Contains(t, problems()[0], "Customer inquiry "+platform)
			ty := frontdesk.Type{ID: "inquiry-" + kind, Group: kind, Names: map[string]string{"de": "Kundenanfrage", "en": "customer inquiry " + strings.ToUpper(platform)}}
			require.NoError(t, d.SaveType(ctx, ty))
			assert.Contains(t, problems()[0], "New")
			ty.Stages = []frontdesk.Stage{{ID: "s1", Names: english("New")}}
			require.NoError(t, d.SaveType(ctx, ty))
			require.NoError(t, add())
		}
	})
}

func TestC20_OwnersAndSubscribers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		require.NoError(t, w.setup.SaveResponsibility(ctx, frontdesk.Responsibility{ID: "returns", Names: english("Returns"), Agents: []string{"jd", "jd"}, Position: 2}))
		require.NoError(t, w.setup.SaveResponsibility(ctx, frontdesk.Responsibility{ID: "buying", Names: english("Buying"), Position: 1}))
		roles, err := w.jane.Responsibilities(ctx)
		require.NoError(t, err)
		require.Len(t, roles, 2)
		assert.Equal(t, []any{"buying", []string{"jd"}}, []any{roles[0].ID, roles[1].Agents})

		pair := func(role, agent string) []conversation.Owner { return []conversation.Owner{{Role: role, Agent: agent}} }
		w.do(w.jane, c.ID, frontdesk.ChangeOwners{Add: append(pair("returns", "joe"), pair("buying", "joe")...)})
		got := w.do(w.jane, c.ID, frontdesk.ChangeOwners{Add: pair("returns", "jd"), Remove: pair("buying", "joe")})
		assert.Equal(t, append(pair("returns", "jd"), pair("returns", "joe")...), got.Owners)
		got = w.do(w.jane, c.ID, frontdesk.ChangeSubscribers{Add: []string{conversation.SubscriberRole("returns"), conversation.SubscriberAgent("joe")}})
		assert.Equal(t, []string{"agent/joe", "role/returns"}, got.Subscribers)
		assert.Equal(t, []string{c.ID}, w.facts("subscriber", "role/returns"))

		auditor := w.agent(frontdesk.Agent{ID: "aud", Role: frontdesk.ReadOnly, Mailboxes: []string{"berlin"}})
		w.untouched(c.ID, func() {
			for _, tt := range []struct {
				a    frontdesk.Action
				want error
			}{
				{frontdesk.ChangeOwners{Add: pair("none", "jd")}, frontdesk.ErrNotFound},
				{frontdesk.ChangeOwners{Add: pair("returns", "nobody")}, frontdesk.ErrNotFound},
				{frontdesk.ChangeOwners{Add: pair("returns", "mia")}, frontdesk.ErrInvalid}, // of another mailbox
				{frontdesk.ChangeOwners{Add: pair("returns", "aud")}, frontdesk.ErrInvalid}, // reads only
				{frontdesk.ChangeSubscribers{Add: []string{"agent/mia"}}, frontdesk.ErrInvalid},
				{frontdesk.ChangeSubscribers{Add: []string{"agent/nobody"}}, frontdesk.ErrNotFound},
				{frontdesk.ChangeSubscribers{Add: []string{"role/none"}}, frontdesk.ErrNotFound},
				{frontdesk.ChangeSubscribers{Add: []string{"team/returns"}}, conversation.ErrValue},
				{frontdesk.ChangeSubscribers{Add: []string{"jd"}, Remove: []string{"a", ""}}, conversation.ErrValue},
			} {
				_, err := w.jane.Do(ctx, c.ID, tt.a)
				assert.ErrorIs(t, err, tt.want, "%+v", tt.a)
			}
			_, err := auditor.Subscribe(ctx, c.ID)
			assert.ErrorIs(t, err, frontdesk.ErrForbidden, "who may only read writes nothing")
			_, err = w.mia.Subscribe(ctx, c.ID)
			assert.ErrorIs(t, err, frontdesk.ErrNotFound)
		})
		got, err = w.jane.Subscribe(ctx, c.ID)
		require.NoError(t, err)
		assert.Equal(t, []string{"agent/jd", "agent/joe", "role/returns"}, got.Subscribers)
		_, err = w.jane.Subscribe(ctx, c.ID)
		require.NoError(t, err)
		got, err = w.joe.Unsubscribe(ctx, c.ID)
		require.NoError(t, err)
		assert.Equal(t, []string{"agent/jd", "role/returns"}, got.Subscribers)
		w.do(w.jane, c.ID, frontdesk.ChangeSubscribers{Add: []string{"agent/aud"}}) // whom others subscribe
		assert.Equal(t, 4, w.count(conversation.EventSubscribers))

		hidden := frontdesk.Responsibility{ID: "returns", Names: english("Returns"), Hidden: true}
		require.NoError(t, w.setup.SaveResponsibility(ctx, hidden))
		_, err = w.jane.Do(ctx, c.ID, frontdesk.ChangeOwners{Add: pair("returns", "joe"), Remove: pair("returns", "jd")})
		assert.ErrorIs(t, err, frontdesk.ErrInvalid)
		assert.Len(t, w.do(w.jane, c.ID, frontdesk.ChangeOwners{Remove: pair("returns", "jd")}).Owners, 1)
		for _, bad := range []frontdesk.Responsibility{{ID: "a/b", Names: english("x")}, {ID: "x"}, {ID: "x", Names: english("x"), Agents: many(1001)}} {
			assert.ErrorIs(t, w.setup.SaveResponsibility(ctx, bad), frontdesk.ErrInvalid)
		}
		assert.ErrorIs(t, w.setup.SaveResponsibility(ctx, frontdesk.Responsibility{ID: "x", Names: english("x"), Agents: []string{"nobody"}}), frontdesk.ErrNotFound)
	})
}

func many(n int) (ids []string) {
	for i := range n {
		ids = append(ids, fmt.Sprintf("x%d", i))
	}
	return ids
}

func TestC21_LinksToRecords(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, other := w.hears("ann", "Hi"), w.hears("bob", "Hi")
		link := func(kind, id string, by conversation.LinkBy) conversation.Link {
			return conversation.Link{Kind: kind, ID: id, By: by}
		}
		add := func(l ...conversation.Link) frontdesk.ChangeLinks { return frontdesk.ChangeLinks{Add: l} }
		got := w.do(w.jane, c.ID, add(link("order", "4711", ""), link("ticket", "T 1/2", conversation.ByHand)))
		assert.Equal(t, []conversation.Link{link("order", "4711", conversation.ByHand), link("ticket", "T 1/2", conversation.ByHand)}, got.Links)
		w.do(w.setup, other.ID, add(link("order", "4711", conversation.ByMatch)))
		assert.ElementsMatch(t, []string{c.ID, other.ID}, w.facts("record", "order/4711"), "all conversations of the order")
		_, err := w.jane.Do(ctx, c.ID, add(link("order", "4712", conversation.ByMatch)))
		require.ErrorIs(t, err, frontdesk.ErrInvalid, "an agent is no match")
		got = w.do(w.jane, other.ID, frontdesk.ChangeLinks{Remove: []conversation.Link{link("order", "4711", "")}})
		assert.Empty(t, got.Links, "removable, however it came about")
		assert.Equal(t, []string{c.ID}, w.facts("record", "order/4711"))
		w.untouched(c.ID, func() {
			for _, bad := range []conversation.Link{link("", "1", ""), link("a/b", "1", ""), link("order", "", ""), link("order", strings.Repeat("x", conversation.MaxRecordID+1), "")} {
				_, err := w.jane.Do(ctx, c.ID, add(bad))
				assert.ErrorIs(t, err, conversation.ErrValue, "%+v", bad)
			}
		})
		w.do(w.jane, c.ID, add(link(strings.Repeat("k", conversation.MaxHostID), strings.Repeat("x", conversation.MaxRecordID), "")))
	})
}

func TestPinsAreOnesOwn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		entries := len(w.timeline(c.ID))
		w.do(w.jane, c.ID, frontdesk.Pin{})
		w.do(w.joe, c.ID, frontdesk.Pin{})
		assert.Equal(t, []string{c.ID}, w.facts("pin", "joe"))
		assert.Equal(t, []string{"jd"}, w.do(w.joe, c.ID, frontdesk.Unpin{}).Pinned)
		assert.Empty(t, w.facts("pin", "joe"))
		assert.Len(t, w.timeline(c.ID), entries)
		_, err := w.setup.Do(ctx, c.ID, frontdesk.Pin{})
		require.ErrorIs(t, err, conversation.ErrValue, "the host pins nothing")
	})
}

func TestV1_OrderOfAMergedContactsConversations(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		a := w.hears("ann", "Hello")
		w.clock.Advance(time.Hour)
		b := w.hears("bob", "Hi")
		_, err := w.setup.MergeContacts(ctx, a.Contacts[0], b.Contacts[0])
		require.NoError(t, err)
		w.clock.Advance(time.Hour)
		w.hears("ann", "again")
		list := w.list(w.jane, frontdesk.Query{View: frontdesk.AllView, Contact: a.Contacts[0]})
		require.Len(t, list, 2)
		assert.Equal(t, b.ID, list[0].ID, "by when they began")
	})
}

func TestV1_LabelsOfWhoJoins(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		b := w.hears("bob", "Hi")
		_, err := w.setup.ChangeLabels(ctx, b.Contacts[0], []string{"vip"}, nil)
		require.NoError(t, err)
		w.run()
		a := w.hears("ann", "Hi")
		in := w.says("ann", "from bob")
		in.Message.From = []conversation.Identity{{Scope: "loopback", Address: "bob", Name: "bob Customer"}}
		w.takes(in)
		w.run()
		require.Len(t, w.get(a.ID).Contacts, 2)
		assert.Len(t, w.list(w.jane, frontdesk.Query{View: frontdesk.AllView, Label: "vip"}), 2)
	})
}
