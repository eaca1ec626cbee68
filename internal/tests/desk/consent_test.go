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
	"github.com/frontdesk-go/frontdesk/channel/loopback"
	"github.com/frontdesk-go/frontdesk/conversation"
)

// on is a message from a phone number on another account.
func (w *world) on(account, phone, text string) frontdesk.Conversation {
	w.t.Helper()
	item := w.from(phone, text)
	item.Account = account
	require.Equal(w.t, http.StatusOK, w.hook(item))
	return w.current(phone)
}

func TestS16_StopWordsWhereThePlatformLeavesThemToUs(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		sms := w.capable("sms", func(c *channel.Capabilities) { c.StopWords = true })
		for _, word := range []string{"STOP", " stopall.", "Unsubscribe", "CANCEL", "end", "QUIT"} {
			c := w.on("sms", anna, word)
			_, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "Wait"})
			require.ErrorIs(t, err, frontdesk.ErrOptedOut, word)
			p := w.contact(c.Contacts[0])
			assert.Equal(t, conversation.ByContact, p.ConsentOn(sms.ID).By.Kind)
			w.on("sms", anna, "please start again")
			assert.Equal(t, conversation.OptedOut, w.contact(p.ID).ConsentOn(sms.ID).State, "only the word itself counts")
			w.on("sms", anna, "UNSTOP")
			w.replies(c.ID, "Welcome back")
		}
		// On a channel whose platform does it, words are words.
		c := w.writes(bert, "STOP")
		w.replies(c.ID, "Stop what?")
		assert.Equal(t, 12, w.count(conversation.EventConsent))
	})
}

func TestS16_OptingOutBlocksEverySend(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.writes(anna, "Hi")
		a := c.Contacts[0]
		queued := w.message(func() string {
			m, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "Queued before"})
			require.NoError(t, err)
			return m.ID
		}())
		p, err := w.jane.SetConsent(ctx, a, w.chat.ID, conversation.OptedOut)
		require.NoError(t, err)
		assert.Equal(t, conversation.Consent{State: conversation.OptedOut, At: w.clock.Now(), By: conversation.Actor{Kind: conversation.ByAgent, ID: "jd"}}, p.ConsentOn(w.chat.ID))
		w.run()
		assert.Empty(t, w.texts(), "what was queued does not leave either")
		assert.Equal(t, conversation.Failed, w.message(queued.ID).Delivery)
		_, err = w.jane.Compose(ctx, frontdesk.Start{Channel: w.chat.ID, Contact: a, Draft: frontdesk.Draft{Text: "x"}})
		require.ErrorIs(t, err, frontdesk.ErrOptedOut)
		_, err = w.jane.SendTest(ctx, w.chat.ID, anna, frontdesk.Draft{Text: "x"})
		require.ErrorIs(t, err, frontdesk.ErrOptedOut)
		w.do(w.jane, c.ID, frontdesk.SetStatus{Status: conversation.Closed})
		bot := w.desk.As(frontdesk.Actor{Tenant: tenant, Automation: "bot"})
		_, err = bot.Reply(ctx, c.ID, frontdesk.Draft{Text: "x"})
		require.ErrorIs(t, err, frontdesk.ErrOptedOut)

		// An agent takes back what an agent noted; a customer's own word only he or an admin.
		_, err = w.jane.SetConsent(ctx, a, w.chat.ID, conversation.OptedIn)
		require.NoError(t, err)
		w.takes(channel.Item{Account: "shop", Thread: anna, Consent: &channel.Consent{From: number(anna), OptedOut: true}})
		_, err = w.jane.SetConsent(ctx, a, w.chat.ID, conversation.OptedIn)
		require.ErrorIs(t, err, frontdesk.ErrForbidden)
		_, err = w.setup.SetConsent(ctx, a, w.chat.ID, conversation.OptedIn)
		require.NoError(t, err)
		for _, state := range []conversation.ConsentState{conversation.OptInAsked, "", "maybe"} {
			_, err = w.jane.SetConsent(ctx, a, w.chat.ID, state)
			require.ErrorIs(t, err, frontdesk.ErrInvalid)
		}
		_, err = w.jane.SetConsent(ctx, a, "nowhere", conversation.OptedOut)
		require.ErrorIs(t, err, frontdesk.ErrNotFound)
	})
}

func TestS16_DoubleOptIn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		_, err := w.setup.AddChannel(ctx, frontdesk.Channel{Kind: "loopback", Account: "long", Mailbox: "berlin", OptInText: strings.Repeat("x", 1001)})
		require.ErrorIs(t, err, frontdesk.ErrInvalid)
		news := w.channel(frontdesk.Channel{Account: "news", Mailbox: "berlin", OptIn: true, OptInText: "May we? Reply YES."})
		a := w.writes(anna, "Hi").Contacts[0]
		begin := func() error {
			_, err := w.jane.Compose(ctx, frontdesk.Start{Channel: news.ID, Contact: a, Draft: frontdesk.Draft{Text: "News"}})
			return err
		}
		require.ErrorIs(t, begin(), frontdesk.ErrNoConsent)
		w.on("news", anna, "yes")
		assert.Empty(t, w.contact(a).ConsentOn(news.ID).State, "nobody has asked")
		ask, err := w.jane.AskConsent(ctx, a, news.ID, "")
		require.NoError(t, err)
		w.run()
		assert.Equal(t, conversation.Sent, w.message(ask.ID).Delivery)
		assert.Equal(t, "May we? Reply YES.", w.provider.Sent("news")[0].Part.Text)
		assert.Equal(t, conversation.OptInAsked, w.contact(a).ConsentOn(news.ID).State)
		bot := w.desk.As(frontdesk.Actor{Tenant: tenant, Automation: "bot"})
		auto := func() error {
			w.do(w.jane, ask.Conversation, frontdesk.SetStatus{Status: conversation.Closed})
			_, err := bot.Reply(ctx, ask.Conversation, frontdesk.Draft{Text: "News"})
			return err
		}
		require.ErrorIs(t, auto(), frontdesk.ErrNoConsent)
		w.replies(ask.Conversation, "An agent answers who has written")
		w.clock.Advance(time.Minute)
		w.on("news", anna, " y ")
		assert.Equal(t, conversation.OptedIn, w.contact(a).ConsentOn(news.ID).State)
		require.NoError(t, auto())
		require.NoError(t, begin())
		_, err = w.jane.AskConsent(ctx, a, news.ID, "")
		require.ErrorIs(t, err, conversation.ErrState)
		_, err = w.jane.SetConsent(ctx, a, news.ID, conversation.OptedOut)
		require.NoError(t, err)
		_, err = w.jane.AskConsent(ctx, a, news.ID, "")
		require.ErrorIs(t, err, frontdesk.ErrOptedOut, "nobody is asked again who said no")
	})
}

func TestS17_ABlockedContact(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.writes(anna, "Hi")
		a := c.Contacts[0]
		m, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "Queued before"})
		require.NoError(t, err)
		p, err := w.jane.Block(ctx, a)
		require.NoError(t, err)
		assert.True(t, p.Blocked)
		w.run()
		assert.Equal(t, conversation.Failed, w.message(m.ID).Delivery)
		assert.Empty(t, w.texts())
		for _, start := range []frontdesk.Start{{Channel: w.chat.ID, Contact: a}, {Channel: w.chat.ID, Address: anna}} {
			start.Draft.Text = "x"
			_, err = w.jane.Compose(ctx, start)
			require.ErrorIs(t, err, frontdesk.ErrBlocked)
		}
		_, err = w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "x"})
		require.ErrorIs(t, err, frontdesk.ErrBlocked)
		require.True(t, frontdesk.Refused(err))

		before, told := w.timeline(c.ID), len(w.events())
		secret := w.from(anna, "xyzzy")
		secret.Message.From[0].Name = "xyzzy name"
		require.Equal(t, http.StatusOK, w.hook(secret))
		require.Equal(t, http.StatusOK, w.hook(secret), "delivered again")
		reaction := channel.Item{Account: "shop", Thread: anna, Reaction: &channel.Reaction{ID: before[0].ProviderID, From: anna, Emoji: "😡"}}
		edit := channel.Item{Account: "shop", Thread: anna, Edit: &channel.Edit{ID: before[0].ProviderID, Text: "xyzzy"}}
		early := channel.Item{Account: "shop", Thread: anna, Edit: &channel.Edit{ID: "later", Text: "xyzzy"}}
		again := channel.Item{Account: "shop", Thread: anna, Edit: &channel.Edit{ID: secret.Message.ID, Text: "xyzzy"}}
		w.takes(reaction, edit, early, again, w.from(anna, "another"))
		assert.Equal(t, int64(2), w.contact(a).Refused, "each is counted once")
		assert.Equal(t, before, w.timeline(c.ID))
		assert.Len(t, w.events(), told, "nobody is told")
		assert.NotContains(t, w.dump(), "xyzzy", "nothing of it is anywhere")

		_, err = w.jane.Unblock(ctx, a)
		require.NoError(t, err)
		w.takes(secret, again)
		assert.Equal(t, before, w.timeline(c.ID), "for good")
		w.takes(w.from(anna, "I behave"))
		assert.Len(t, w.timeline(c.ID), len(before)+1)
		assert.Equal(t, int64(2), w.contact(a).Refused)
	})
}

func TestS17_NothingOfABlockedContactIsKeptRaw(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.writes(anna, "Hi").Contacts[0]
		_, err := w.jane.Block(ctx, a)
		require.NoError(t, err)
		for range 2 { // delivered twice
			bad := w.provider.Sign([]byte(`{"items":[{"Account":"shop","Thread":"` + anna + `","Message":{"ID":"s1","Text":"xyzzy","Subject":"xyzzy",` +
				`"From":[{"scope":"phone","address":"` + anna + `","name":"xyzzy"}]}}, 7]}`))
			require.Equal(t, http.StatusOK, serve(w.desk, bad))
		}
		page, err := w.setup.Deliveries(ctx, "", 10)
		require.NoError(t, err)
		require.Len(t, page.Items, 1, "what was not understood is kept")
		assert.Contains(t, string(page.Items[0].Body), "7")
		assert.NotContains(t, string(page.Items[0].Body), "xyzzy")
		assert.Equal(t, int64(1), w.contact(a).Refused)
		assert.NotContains(t, w.dump(), "xyzzy")
	})
}

func TestS17_UnsendingAndOptingOutAreHeeded(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.writes(anna, "Forget this")
		_, err := w.jane.Block(ctx, c.Contacts[0])
		require.NoError(t, err)
		first := w.timeline(c.ID)[0]
		stop := w.from(anna, "STOP")
		consent := channel.Item{Account: "shop", Thread: anna, Consent: &channel.Consent{From: number(anna), OptedOut: true, Message: stop.Message.ID}}
		w.takes(channel.Item{Account: "shop", Thread: anna, Unsend: &channel.Unsend{ID: first.ProviderID}}, stop, consent)
		assert.Empty(t, w.timeline(c.ID)[0].Text)
		assert.Equal(t, conversation.OptedOut, w.contact(c.Contacts[0]).ConsentOn(w.chat.ID).State)
	})
}

// Of several people in a conversation, opted out is whom the message was for, and nobody because another was already.
func TestS16_WhichOfThemOptedOut(t *testing.T) {
	outs := func(w *world, contacts []string) (out []bool) {
		for _, id := range contacts {
			p, err := w.setup.Contact(ctx, id)
			require.NoError(w.t, err)
			out = append(out, p.ConsentOn(w.chat.ID).State == conversation.OptedOut)
		}
		return out
	}
	each(t, func(t *testing.T, w *world) {
		ann, bob := w.hearsAt("ann", "a1"), w.hearsAt("bob", "b1")
		w.merges(ann.ID, bob.ID)
		w.hearsAt("bob", "b2")
		w.provider.Next("shop", loopback.Outcome{Err: &channel.Error{Class: channel.Recipient, OptedOut: true}})
		w.replies(ann.ID, "Hello bob")
		w.run()
		assert.Equal(t, []bool{false, true}, outs(w, []string{ann.Contacts[0], bob.Contacts[0]}))

		for _, who := range []string{"cid", "dora"} {
			in := w.says("group", "Hi")
			in.Message.From[0].Address = who
			w.takes(in)
		}
		group := w.current("group")
		require.Len(t, group.Contacts, 2)
		m := w.replies(group.ID, "Hello both")
		_, err := w.setup.SetConsent(ctx, group.Contacts[1], w.chat.ID, conversation.OptedOut)
		require.NoError(t, err)
		w.run()
		assert.Equal(t, conversation.Failed, w.message(m.ID).Delivery)
		assert.Equal(t, []bool{false, true}, outs(w, group.Contacts))
	})
}

func TestS16_AnOlderStartUndoesNoStop(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		said := func(text string, out bool, at time.Time) []channel.Item {
			m := w.says("ann", text)
			m.At = at
			c := m
			c.Message, c.Consent = nil, &channel.Consent{From: m.Message.From[0], OptedOut: out, Message: m.Message.ID}
			return []channel.Item{m, c}
		}
		now := w.clock.Now()
		start := said("START", false, now.Add(-5*time.Minute))
		require.Equal(t, http.StatusOK, w.hook(said("STOP", true, now)...))
		w.clock.Advance(time.Minute)
		require.Equal(t, http.StatusOK, w.hook(start...))
		p, err := w.setup.Contact(ctx, w.current("ann").Contacts[0])
		require.NoError(t, err)
		assert.Equal(t, conversation.OptedOut, p.ConsentOn(w.chat.ID).State, "STOP was the last word")
	})
}

func TestS16_OptInBindsAutomaticAnswers(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		w.update(w.chat.ID, func(ch *frontdesk.Channel) { ch.OptIn = true })
		w.answers(frontdesk.AutoReply{ID: "a", Text: "We will be with you"})
		w.hears("ann", "Hi")
		w.run()
		assert.Empty(t, w.texts())
	})
}

// Under one key a contact is asked once, however often it is called; without one, each time.
func TestS16_AskedOnceUnderAKey(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		news := w.channel(frontdesk.Channel{Account: "news", Mailbox: "berlin", OptIn: true, OptInText: "May we? Reply YES."})
		a, b := w.writes(anna, "Hi").Contacts[0], w.writes("+4930901821", "Hi").Contacts[0]
		first, err := w.jane.AskConsent(ctx, a, news.ID, "k")
		require.NoError(t, err)
		asks := func(contact, key string) conversation.Message {
			t.Helper()
			m, err := w.jane.AskConsent(ctx, contact, news.ID, key)
			require.NoError(t, err)
			return m
		}
		assert.Equal(t, first.ID, asks(a, "k").ID)
		w.run()
		assert.Len(t, w.provider.Sent("news"), 1)
		w.clock.Advance(time.Minute)
		news.OptInText = "Please?"
		_, err = w.setup.AddChannel(ctx, news)
		require.NoError(t, err)
		assert.Equal(t, first.ID, asks(a, "k").ID, "whatever the question is by now")
		_, err = w.jane.AskConsent(ctx, b, news.ID, "k")
		require.ErrorIs(t, err, frontdesk.ErrKeyReused, "another contact")
		_, err = w.jane.Compose(ctx, frontdesk.Start{Channel: news.ID, Contact: a, Draft: frontdesk.Draft{Text: "May we? Reply YES.", Key: "k"}})
		require.ErrorIs(t, err, frontdesk.ErrKeyReused)
		_, err = w.jane.AskConsent(ctx, a, news.ID, strings.Repeat("k", 201))
		require.ErrorIs(t, err, frontdesk.ErrInvalid)
		assert.NotEqual(t, first.ID, asks(a, "").ID, "a person asks again")
		w.run()
		assert.Len(t, w.provider.Sent("news"), 2)
		w.clock.Advance(time.Minute)
		w.on("news", anna, "yes")
		assert.Equal(t, first.ID, asks(a, "k").ID, "also when he has opted in since")
	})
}
