package desk_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// update changes the settings of a channel as they are.
func (w *world) update(id string, change func(*frontdesk.Channel)) frontdesk.Channel {
	w.t.Helper()
	ch := w.settings(id)
	change(&ch)
	out, err := w.setup.UpdateChannel(ctx, ch)
	require.NoError(w.t, err)
	return out
}

func (w *world) settings(id string) frontdesk.Channel {
	w.t.Helper()
	all, err := w.setup.Channels(ctx, "")
	require.NoError(w.t, err)
	for _, ch := range all {
		if ch.ID == id {
			return ch
		}
	}
	require.FailNow(w.t, "no channel "+id)
	return frontdesk.Channel{}
}

// responsibilities makes what a channel can give to a conversation.
func (w *world) responsibilities() {
	w.t.Helper()
	for _, id := range []string{"sales", "care"} {
		require.NoError(w.t, w.setup.SaveResponsibility(ctx, frontdesk.Responsibility{ID: id, Names: map[string]string{"en": id}}))
	}
	require.NoError(w.t, w.setup.SaveGroup(ctx, frontdesk.Group{ID: "shop", Names: map[string]string{"en": "Shop"}, Visible: true}))
	require.NoError(w.t, w.setup.SaveType(ctx, frontdesk.Type{ID: "inquiry", Group: "shop", Names: map[string]string{"en": "Inquiry"},
		Stages: []frontdesk.Stage{{ID: "new", Names: map[string]string{"en": "New"}}}}))
}

func TestH0_WhatBeginsOnAChannel(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.responsibilities()
		before := w.hears("old", "Hi")
		w.update(w.chat.ID, func(ch *frontdesk.Channel) {
			ch.Tags, ch.Type, ch.Stage = []string{"vip", "a", "vip"}, "inquiry", "new"
			ch.Subscribers = []string{conversation.SubscriberRole("sales"), conversation.SubscriberAgent("joe")}
			ch.Owners = []conversation.Owner{{Role: "sales", Agent: "joe"}, {Role: "care", Agent: "jd"}}
		})
		check := func(c conversation.Conversation) {
			assert.Equal(t, []string{"a", "vip"}, c.Tags)
			assert.Equal(t, []string{"agent/joe", "role/sales"}, c.Subscribers)
			assert.Equal(t, []conversation.Owner{{Role: "care", Agent: "jd"}, {Role: "sales", Agent: "joe"}}, c.Owners)
			assert.Equal(t, "inquiry", c.Type)
			assert.Equal(t, "new", c.Stage)
		}
		check(w.hears("ann", "Hi").Conversation)
		m, err := w.jane.Compose(ctx, frontdesk.Start{Channel: w.chat.ID, Address: "zoe", Draft: frontdesk.Draft{Text: "x"}})
		require.NoError(t, err)
		check(w.get(m.Conversation).Conversation)
		w.hears("old", "Again")
		assert.Empty(t, w.get(before.ID).Tags, "what was there stays as it was")
		page, err := w.setup.Conversations(ctx, frontdesk.Query{Tag: "vip"})
		require.NoError(t, err)
		assert.Len(t, page.Items, 2, "and it is listed by it")
	})
}

func TestH0_OneDefault(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		second := w.channel(frontdesk.Channel{Account: "second", Mailbox: "berlin", Default: true})
		assert.False(t, w.settings(w.chat.ID).Default, "setting it moves it")
		assert.True(t, w.settings(second.ID).Default)
		far := w.channel(frontdesk.Channel{Account: "far", Mailbox: "munich", Default: true})
		assert.True(t, w.settings(second.ID).Default, "each mailbox has its own")
		w.clock.Advance(time.Second)
		told := len(w.events())
		w.update(w.chat.ID, func(ch *frontdesk.Channel) { ch.Default = true })
		assert.False(t, w.settings(second.ID).Default)
		events := w.events()[told:]
		require.Len(t, events, 2, "both changes are told")
		m, err := w.jane.Compose(ctx, frontdesk.Start{Mailbox: "berlin", Address: "zoe", Draft: frontdesk.Draft{Text: "x"}})
		require.NoError(t, err)
		assert.Equal(t, w.chat.ID, m.Channel)
		w.update(far.ID, func(ch *frontdesk.Channel) { ch.Mailbox = "berlin" })
		assert.False(t, w.settings(w.chat.ID).Default, "also when one moves in")

		// Two who set one at once leave one, also where there was none.
		w.update(far.ID, func(ch *frontdesk.Channel) { ch.Default = false })
		met := false
		s := &meddling{Store: w.store}
		s.before = func(b *store.Batch) {
			if met || b.Tenant != tenant {
				return
			}
			met = true
			w.update(second.ID, func(ch *frontdesk.Channel) { ch.Default = true })
		}
		_, err = w.open(func(c *frontdesk.Config) { c.Store = s }).As(frontdesk.System(tenant)).UpdateChannel(ctx,
			frontdesk.Channel{ID: w.chat.ID, Mailbox: "berlin", PollEvery: -1, Default: true})
		require.NoError(t, err)
		require.True(t, met)
		n := 0
		all, err := w.setup.Channels(ctx, "berlin")
		require.NoError(t, err)
		for _, ch := range all {
			if ch.Default {
				n++
			}
		}
		assert.Equal(t, 1, n)
	})
}

func TestH0_AllowedSenders(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		known := w.hears("eve@evil.example", "From before")
		w.update(w.chat.ID, func(ch *frontdesk.Channel) { ch.Allowed = []string{"@market.example", "ann@shop.example"} })
		for who, place := range map[string]conversation.Place{
			"ann@shop.example":               conversation.Inbox,
			"ANN@Shop.Example":               conversation.Inbox,
			"x1@market.example":              conversation.Inbox,
			"bob@shop.example":               conversation.Spam,
			"x1@market.example.evil.example": conversation.Spam,
			"x1@notmarket.example":           conversation.Spam,
			"x1@sub.market.example":          conversation.Spam,
			"market.example":                 conversation.Spam,
		} {
			before := w.unread(w.jane)
			c := w.hears(who, "Hi")
			assert.Equal(t, place, c.Place, who)
			assert.Equal(t, 1, c.Messages, "%s: nothing is lost", who)
			if place == conversation.Spam {
				assert.Equal(t, before, w.unread(w.jane), who)
			}
		}
		for _, verified := range []bool{false, true} {
			who := "mail-" + map[bool]string{true: "verified", false: "forged"}[verified]
			item := w.says(who, "Hi")
			item.Message.From = []conversation.Identity{{Scope: conversation.ScopeEmail, Address: who + "@market.example", Verified: verified}}
			w.takes(item)
			assert.Equal(t, verified, w.current(who).Place == conversation.Inbox, "anybody can write any sender into a mail")
		}
		w.hears("eve@evil.example", "Again")
		assert.Equal(t, conversation.Inbox, w.get(known.ID).Place, "who is in conversation goes on")
		spam := w.hears("bob@shop.example", "Again")
		w.do(w.jane, spam.ID, frontdesk.Restore{})
		assert.Equal(t, conversation.Inbox, w.hears("bob@shop.example", "Third").Place, "a person has let him in")
	})
}

// On a channel of a relay, a contact who is named stays tied to the conversation, and only the address is written to.
func TestH0_OnlyAddressesAreWrittenTo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		contact := w.hears("ann", "Hi").Contacts[0]
		ch := w.channel(frontdesk.Channel{Account: "relay", Mailbox: "berlin", Addressed: true})
		_, err := w.jane.Compose(ctx, frontdesk.Start{Channel: ch.ID, Contact: contact, Draft: frontdesk.Draft{Text: "x"}})
		assert.ErrorIs(t, err, frontdesk.ErrInvalid)
		m, err := w.jane.Compose(ctx, frontdesk.Start{Channel: ch.ID, Contact: contact, Address: "relay-1", Draft: frontdesk.Draft{Text: "x"}})
		require.NoError(t, err)
		conv := w.get(m.Conversation)
		assert.Equal(t, []string{contact}, conv.Contacts)
		require.Len(t, m.To, 1)
		assert.Equal(t, "relay-1", m.To[0].Address)
		w.run()
		assert.Equal(t, m.To, w.provider.Sent("relay")[0].Part.To)
		_, err = w.jane.Reply(ctx, w.current("ann").ID, frontdesk.Draft{Text: "x", Channel: ch.ID})
		assert.ErrorIs(t, err, frontdesk.ErrInvalid, "nor by choosing the channel")
		_, err = w.jane.Compose(ctx, frontdesk.Start{Channel: w.chat.ID, Contact: contact, Address: "relay-1", Draft: frontdesk.Draft{Text: "x"}})
		assert.ErrorIs(t, err, frontdesk.ErrInvalid, "elsewhere it is one or the other")
	})
}

func TestH0_CostlyFilesOnlyWhereEnabled(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ch := w.capable("mms", func(c *channel.Capabilities) { c.Premium = "MMS" })
		c := w.arrives("mms", "ann", "Hi")
		d := frontdesk.Draft{Text: "x", Attachments: files(1)}
		m, err := w.jane.Measure(ctx, c.ID, d)
		require.NoError(t, err)
		assert.Equal(t, "MMS", m.Premium)
		_, err = w.jane.Reply(ctx, c.ID, d)
		assert.ErrorIs(t, err, frontdesk.ErrCapability)
		assert.ErrorContains(t, err, "MMS")
		_, err = w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "x"})
		assert.NoError(t, err)
		w.update(ch.ID, func(ch *frontdesk.Channel) { ch.Premium = true })
		_, err = w.jane.Reply(ctx, c.ID, d)
		assert.NoError(t, err)
	})
}

func TestH0_UpdateChannel(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.responsibilities()
		w.clock.Advance(time.Second)
		told := len(w.events())
		up := w.update(w.chat.ID, func(ch *frontdesk.Channel) {
			ch.Name, ch.Quiet, ch.Allowed = "Chat", true, []string{"ann@shop.example"}
		})
		assert.Equal(t, w.chat.Token, up.Token)
		got := w.settings(w.chat.ID)
		assert.True(t, got.Quiet)
		events := w.events()[told:]
		require.Len(t, events, 1)
		assert.Equal(t, conversation.EventSetting, events[0].Type)
		assert.NotContains(t, events[0].To, "ann@", "events hold no addresses")
		w.update(w.chat.ID, func(*frontdesk.Channel) {})
		assert.Len(t, w.events(), told+1, "the same again tells nothing")

		for name, err := range map[string]error{
			"unknown":  only(w.setup.UpdateChannel(ctx, frontdesk.Channel{ID: "none", Mailbox: "berlin"})),
			"not text": only(w.setup.UpdateChannel(ctx, frontdesk.Channel{ID: "\xff", Mailbox: "berlin"})),
			"mailbox":  only(w.setup.UpdateChannel(ctx, frontdesk.Channel{ID: w.chat.ID, Mailbox: "none"})),
			"owner": only(w.setup.UpdateChannel(ctx, frontdesk.Channel{ID: w.chat.ID, Mailbox: "berlin",
				Owners: []conversation.Owner{{Role: "sales", Agent: "ghost"}}})),
			"role":       only(w.setup.UpdateChannel(ctx, frontdesk.Channel{ID: w.chat.ID, Mailbox: "berlin", Owners: []conversation.Owner{{Role: "none", Agent: "joe"}}})),
			"type":       only(w.setup.UpdateChannel(ctx, frontdesk.Channel{ID: w.chat.ID, Mailbox: "berlin", Type: "none"})),
			"new, type":  only(w.setup.AddChannel(ctx, frontdesk.Channel{Kind: "loopback", Account: "fresh", Mailbox: "berlin", Type: "none"})),
			"subscriber": only(w.setup.UpdateChannel(ctx, frontdesk.Channel{ID: w.chat.ID, Mailbox: "berlin", Subscribers: []string{"agent/ghost"}})),
		} {
			assert.ErrorIs(t, err, frontdesk.ErrNotFound, name)
		}
		other := w.desk.As(frontdesk.System("other"))
		require.NoError(t, other.SaveMailbox(ctx, frontdesk.Mailbox{ID: "box"}))
		_, err := other.AddChannel(ctx, frontdesk.Channel{Kind: "loopback", Account: "fresh", Mailbox: "box", PollEvery: -1})
		assert.NoError(t, err, "what was refused has claimed nothing")
		many := strings.Split(strings.Repeat("x,", 110), ",")
		for name, change := range map[string]func(*frontdesk.Channel){
			"account":         func(ch *frontdesk.Channel) { ch.Account = "another" },
			"kind":            func(ch *frontdesk.Channel) { ch.Kind = "pigeon" },
			"name":            func(ch *frontdesk.Channel) { ch.Name = "a\nb" },
			"long name":       func(ch *frontdesk.Channel) { ch.Name = strings.Repeat("x", 1001) },
			"poll":            func(ch *frontdesk.Channel) { ch.PollEvery = time.Millisecond },
			"poll seldom":     func(ch *frontdesk.Channel) { ch.PollEvery = 8 * 24 * time.Hour },
			"sender":          func(ch *frontdesk.Channel) { ch.Allowed = []string{""} },
			"domain":          func(ch *frontdesk.Channel) { ch.Allowed = []string{"*@x.example"} },
			"many senders":    func(ch *frontdesk.Channel) { ch.Allowed = make([]string, 501) },
			"tag":             func(ch *frontdesk.Channel) { ch.Tags = []string{"a/b"} },
			"many tags":       func(ch *frontdesk.Channel) { ch.Tags = many },
			"subscriber":      func(ch *frontdesk.Channel) { ch.Subscribers = []string{"joe"} },
			"stage alone":     func(ch *frontdesk.Channel) { ch.Stage = "new" },
			"many owners":     func(ch *frontdesk.Channel) { ch.Owners = make([]conversation.Owner, 21) },
			"hidden stage":    func(ch *frontdesk.Channel) { ch.Type, ch.Stage = "inquiry", "none" },
			"owner elsewhere": func(ch *frontdesk.Channel) { ch.Owners = []conversation.Owner{{Role: "sales", Agent: "mia"}} },
			"host alone":      func(ch *frontdesk.Channel) { ch.Rules.LinkHosts = []string{"x.example"} },
			"word":            func(ch *frontdesk.Channel) { ch.Rules.SubjectWords = []string{" "} },
			"many words":      func(ch *frontdesk.Channel) { ch.Rules.SubjectWords = many },
			"many templates":  func(ch *frontdesk.Channel) { ch.Templates = make([]frontdesk.Template, 501) },
			"driver's own":    func(ch *frontdesk.Channel) { ch.Options = map[string]string{"no": "1"} },
		} {
			ch := w.settings(w.chat.ID)
			change(&ch)
			_, err := w.setup.UpdateChannel(ctx, ch)
			assert.ErrorIs(t, err, frontdesk.ErrInvalid, name)
		}
		_, err = w.jane.UpdateChannel(ctx, got)
		assert.ErrorIs(t, err, frontdesk.ErrForbidden)
		assert.Len(t, w.events(), told+1)
	})
}

func TestH0_RemoveChannel(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		queued, later := w.replies(c.ID, "Queued"), w.later(c.ID, "Later", time.Hour)
		assert.ErrorIs(t, w.jane.RemoveChannel(ctx, w.chat.ID), frontdesk.ErrForbidden)
		assert.ErrorIs(t, w.setup.RemoveChannel(ctx, "none"), frontdesk.ErrNotFound)
		require.NoError(t, w.setup.RemoveChannel(ctx, w.chat.ID))
		told := len(w.events())
		require.NoError(t, w.setup.RemoveChannel(ctx, w.chat.ID))
		assert.Len(t, w.events(), told, "twice is once")
		all, err := w.setup.Channels(ctx, "")
		require.NoError(t, err)
		assert.Empty(t, all)

		assert.Equal(t, http.StatusNotFound, w.hook(w.says("ann", "Nobody is there")))
		w.clock.Advance(time.Hour)
		w.run()
		assert.Empty(t, w.texts())
		assert.ElementsMatch(t, []string{queued.ID, later.ID}, w.undelivered(w.jane))
		assert.Equal(t, "Later", w.get(c.ID).Preview, "the conversation stays")
		_, err = w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "x"})
		assert.ErrorIs(t, err, frontdesk.ErrInvalid)
		_, err = w.setup.UpdateChannel(ctx, w.chat)
		assert.ErrorIs(t, err, frontdesk.ErrNotFound)

		// The same tenant goes on where it was.
		back := w.channel(frontdesk.Channel{Account: "shop", Mailbox: "berlin", Default: true})
		assert.Equal(t, w.chat.ID, back.ID)
		assert.NotEqual(t, w.chat.Token, back.Token, "the old address leads nowhere")
		assert.Equal(t, c.ID, w.hears("ann", "Back again").ID)
		_, err = w.jane.Retry(ctx, later.ID)
		require.NoError(t, err)
		w.run()
		assert.Equal(t, []string{"Later"}, w.texts())

		// Or the account is another tenant's.
		require.NoError(t, w.setup.RemoveChannel(ctx, back.ID))
		other := w.desk.As(frontdesk.System("other"))
		require.NoError(t, other.SaveMailbox(ctx, frontdesk.Mailbox{ID: "box"}))
		theirs, err := other.AddChannel(ctx, frontdesk.Channel{Kind: "loopback", Account: "shop", Mailbox: "box", PollEvery: -1})
		require.NoError(t, err)
		assert.NotEqual(t, back.ID, theirs.ID)
		require.NoError(t, w.setup.RemoveChannel(ctx, back.ID), "which removing it again does not take away")
		require.Equal(t, http.StatusOK, w.hook(w.says("zoe", "Hi")))
		page, err := other.Conversations(ctx, frontdesk.Query{})
		require.NoError(t, err)
		assert.Len(t, page.Items, 1)
		_, err = w.setup.AddChannel(ctx, frontdesk.Channel{Kind: "loopback", Account: "shop", Mailbox: "berlin", PollEvery: -1})
		assert.ErrorIs(t, err, frontdesk.ErrTaken)
	})
}

// A removal that was broken off between the tenant and the directory is finished by the next.
func TestH0_RemovalBrokenOff(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ended := make(chan struct{})
		victim := &mortal{Store: w.store, kill: 2}
		d := w.open(func(c *frontdesk.Config) { c.Store = victim })
		go func() {
			defer close(ended)
			_ = d.As(frontdesk.System(tenant)).RemoveChannel(ctx, w.chat.ID)
		}()
		<-ended
		require.True(t, victim.dead)
		assert.Equal(t, http.StatusNotFound, w.hook(w.says("ann", "Hi")), "it is disconnected already")
		require.NoError(t, w.setup.RemoveChannel(ctx, w.chat.ID))
		other := w.desk.As(frontdesk.System("other"))
		require.NoError(t, other.SaveMailbox(ctx, frontdesk.Mailbox{ID: "box"}))
		_, err := other.AddChannel(ctx, frontdesk.Channel{Kind: "loopback", Account: "shop", Mailbox: "box", PollEvery: -1})
		assert.NoError(t, err)
	})
}
