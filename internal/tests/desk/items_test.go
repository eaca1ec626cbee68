package desk_test

import (
	"fmt"
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

// item is something of the thread "ann" on the channel "shop".
func (w *world) item(i channel.Item) channel.Item {
	i.Account, i.Thread = "shop", "ann"
	if i.At.IsZero() {
		i.At = w.clock.Now()
	}
	return i
}

// echo is a message of the business that the provider tells of.
func (w *world) echo(id, text, reference string) channel.Item {
	return w.item(channel.Item{Message: &channel.Message{ID: id, Origin: channel.Echo, Text: text, Reference: reference,
		From: []conversation.Identity{{Scope: "loopback", Address: "ann"}}}})
}

// takes delivers items that must be understood.
func (w *world) takes(items ...channel.Item) {
	w.t.Helper()
	raw := func() int {
		page, err := w.setup.Deliveries(ctx, "", 10)
		require.NoError(w.t, err)
		return len(page.Items)
	}
	before := raw()
	require.Equal(w.t, http.StatusOK, w.hook(items...))
	require.Equal(w.t, before, raw(), "all of it was understood")
}

func identity(address string) conversation.Identity {
	return conversation.Identity{Scope: "loopback", Address: address}
}

// texts are a conversation's visible entries, "→" before what the business wrote.
func (w *world) lines(id string) (out []string) {
	w.t.Helper()
	for _, m := range w.timeline(id) {
		switch m.Direction {
		case conversation.Inbound:
			out = append(out, m.Text)
		case conversation.Outbound:
			out = append(out, "→"+m.Text)
		}
	}
	return out
}

func TestEchoWithReferenceIsOurOwn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		m, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "Hello"})
		require.NoError(t, err)
		w.run()
		w.takes(w.echo(w.provider.Sent("shop")[0].ID, "Hello", m.ID))
		w.takes(w.echo(w.provider.Sent("shop")[0].ID, "Hello", ""))
		w.run()
		assert.Equal(t, []string{"Hi", "→Hello"}, w.lines(c.ID))
	})
}

func TestEchoResolvesASendInDoubt(t *testing.T) {
	for name, withReference := range map[string]bool{"reference": true, "text": false} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				c := w.hears("ann", "Hi")
				w.provider.Next("shop", loopback.Outcome{Err: &channel.Error{Class: channel.Unknown}, Taken: true})
				m, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "Hello"})
				require.NoError(t, err)
				w.run()
				m, _ = w.jane.Message(ctx, m.ID)
				require.Equal(t, conversation.Unknown, m.Delivery)
				ref := ""
				if withReference {
					ref = m.ID
				}
				w.takes(w.echo("p-1", "Hello", ref))
				w.run()
				m, _ = w.jane.Message(ctx, m.ID)
				assert.Equal(t, conversation.Sent, m.Delivery)
				assert.Equal(t, []string{"Hi", "→Hello"}, w.lines(c.ID))
				w.takes(w.item(channel.Item{Receipt: &channel.Receipt{IDs: []string{"p-1"}, Delivery: conversation.Read}}))
				m, _ = w.jane.Message(ctx, m.ID)
				assert.Equal(t, conversation.Read, m.Delivery)
			})
		})
	}
}

// An echo without a reference waits while a send of its thread is undecided, and is not lost when a receipt came before it.
func TestEchoWithoutReferenceWaitsAndIsStored(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		w.provider.Next("shop", loopback.Outcome{Err: &channel.Error{Class: channel.Retry}})
		_, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "Ours"})
		require.NoError(t, err)
		w.run()
		w.takes(w.item(channel.Item{Receipt: &channel.Receipt{IDs: []string{"p-9"}, Delivery: conversation.Delivered}}))
		w.takes(w.echo("p-9", "From the phone", ""))
		w.takes(w.echo("p-9", "From the phone", ""))
		w.run()
		assert.Equal(t, []string{"Hi", "→Ours"}, w.lines(c.ID), "the send is undecided")
		w.clock.Advance(10 * time.Second)
		w.run()
		assert.Equal(t, []string{"Hi", "→Ours", "→From the phone"}, w.lines(c.ID))
		entries := w.timeline(c.ID)
		last := entries[len(entries)-1]
		assert.True(t, last.Echo)
		assert.Equal(t, conversation.Delivered, last.Delivery, "the receipt that came first counts")
		assert.Equal(t, 1, w.count(conversation.EventEchoed))
		assert.Equal(t, int64(1), w.unread(w.joe), "an echo makes nothing unread and marks nothing read")
	})
}

func TestEchoElsewhereBeginsAConversation(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		e := w.echo("p-1", "Order 7 has left", "")
		e.Message.Origin = channel.Elsewhere
		w.takes(e, e)
		w.run()
		c := w.current("ann")
		assert.Equal(t, []string{"→Order 7 has left"}, w.lines(c.ID))
		assert.False(t, c.Unread)
		assert.Len(t, c.Contacts, 1)
		back := w.hears("ann", "Thanks")
		assert.Equal(t, c.ID, back.ID)
	})
}

// A reference is foreign text: one that names another channel's message proves nothing.
func TestEchoWithAForeignReference(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		in := w.timeline(c.ID)[0].ID
		w.takes(w.echo("p-1", "One", in), w.echo("p-2", "Two", "nobody's"), w.echo("p-3", "Three", strings.Repeat("x", 300)))
		w.run()
		assert.Equal(t, []string{"Hi", "→One", "→Two", "→Three"}, w.lines(c.ID))
	})
}

func TestReceiptByWatermark(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		m, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "Hello"})
		require.NoError(t, err)
		w.run()
		w.clock.Advance(time.Minute)
		mark := w.clock.Now()
		w.clock.Advance(time.Minute)
		later, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "Still there?"})
		require.NoError(t, err)
		w.run()
		for _, d := range []conversation.Delivery{conversation.Read, conversation.Delivered} { // out of order
			w.takes(w.item(channel.Item{Receipt: &channel.Receipt{Watermark: mark, Delivery: d}}))
		}
		m, err = w.jane.Message(ctx, m.ID)
		require.NoError(t, err)
		assert.Equal(t, conversation.Read, m.Delivery)
		later, err = w.jane.Message(ctx, later.ID)
		require.NoError(t, err)
		assert.Equal(t, conversation.Sent, later.Delivery)
		for _, e := range w.timeline(c.ID) {
			if e.ID == m.ID {
				assert.Equal(t, conversation.Read, e.Delivery, "the timeline says the same")
			}
		}
	})
}

// A receipt may speak of more messages than are decided in one commit, and of some that are not there yet.
func TestReceiptOfManyMessages(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var ids []string
		for i := range 60 {
			ids = append(ids, fmt.Sprintf("p-%d", i))
		}
		w.takes(w.item(channel.Item{Receipt: &channel.Receipt{IDs: ids, Delivery: conversation.Read}}))
		e := w.echo("p-55", "From the phone", "")
		e.Message.Origin = channel.Elsewhere
		w.takes(e)
		c := w.current("ann")
		assert.Equal(t, conversation.Read, w.timeline(c.ID)[0].Delivery)
	})
}

func TestReactionsSetRemovedAndEarly(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		react := func(emoji string, at time.Time) channel.Item {
			return w.item(channel.Item{At: at, Reaction: &channel.Reaction{ID: "in-1", From: "ann", Emoji: emoji}})
		}
		t0 := w.clock.Now()
		w.takes(react("👍", t0.Add(time.Second)))
		c := w.hears("ann", "Hi")
		first := func() []conversation.Reaction { return w.timeline(c.ID)[0].Reactions }
		require.Len(t, first(), 1, "it came before its message")
		assert.Equal(t, "👍", first()[0].Emoji)

		w.takes(react("❤️", t0.Add(3*time.Second)))
		w.takes(react("👍", t0.Add(2*time.Second))) // late
		require.Len(t, first(), 1)
		assert.Equal(t, "❤️", first()[0].Emoji)

		w.takes(react("", t0.Add(4*time.Second)))
		assert.Empty(t, first())
		w.takes(react("❤️", t0.Add(3*time.Second))) // delivered again
		assert.Empty(t, first(), "what was taken back stays so")
		assert.Equal(t, int64(1), w.unread(w.jane))
		assert.Equal(t, 3, w.count(conversation.EventReacted))
	})
}

func TestEditChangesTextAndPreview(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		edit := func(id, text string) channel.Item {
			return w.item(channel.Item{Edit: &channel.Edit{ID: id, Text: text}})
		}
		c := w.hears("ann", "Helo")
		w.takes(edit("in-1", "Hello"))
		assert.Equal(t, "Hello", w.get(c.ID).Preview)
		w.hears("ann", "Are you there?")
		w.clock.Advance(time.Second)
		w.takes(edit("in-1", "Hello!"))
		assert.Equal(t, "Are you there?", w.get(c.ID).Preview, "it is not the latest")
		assert.Equal(t, "Hello!", w.timeline(c.ID)[0].Text)

		w.takes(edit("in-3", "Early"))
		w.hears("ann", "Eraly")
		assert.Equal(t, "Early", w.get(c.ID).Preview, "it came before its message")
		assert.Equal(t, 3, w.count(conversation.EventEdited))
	})
}

func TestR4_UnsentLeavesNoPhantom(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		unsend := func(id string) channel.Item {
			return w.item(channel.Item{Unsend: &channel.Unsend{ID: id}})
		}
		c := w.hears("ann", "Hi")
		_, err := w.jane.View(ctx, c.ID)
		require.NoError(t, err)
		w.clock.Advance(time.Minute)
		w.hears("ann", "my password is hunter2")
		require.Equal(t, int64(1), w.unread(w.jane))
		w.takes(unsend("in-2"))
		w.takes(unsend("in-2"))
		now := w.get(c.ID)
		assert.Equal(t, "Hi", now.Preview)
		assert.Equal(t, 1, now.Messages)
		assert.Equal(t, int64(0), w.unread(w.jane), "she has read what is left")
		assert.Equal(t, int64(1), w.unread(w.joe))
		assert.Equal(t, []string{"Hi", ""}, w.lines(c.ID))
		assert.Equal(t, 1, w.count(conversation.EventUnsent))

		// In the delivery of its message, and before it.
		w.takes(w.says("ann", "One"), w.says("ann", "secret"), unsend("in-4"))
		assert.Equal(t, "One", w.get(c.ID).Preview)
		w.takes(unsend("in-5"))
		w.hears("ann", "secret")
		assert.Equal(t, "One", w.get(c.ID).Preview)
		w.takes(unsend("in-3"))
		assert.Equal(t, "Hi", w.get(c.ID).Preview)
		assert.Equal(t, int64(0), w.unread(w.jane))
		w.takes(unsend("in-1"))
		assert.Equal(t, int64(0), w.unread(w.joe), "nobody has written")
		now = w.get(c.ID)
		assert.Empty(t, now.Preview)
		assert.True(t, now.WaitingSince.IsZero())
		for _, line := range w.lines(c.ID) {
			assert.Empty(t, line, "the content is gone")
		}
	})
}

func TestIdentityChange(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		before := w.hears("ann", "Hi")
		w.takes(w.item(channel.Item{Identity: &channel.IdentityChange{Old: identity("ann"), New: identity("ann2")}}))
		after := w.hears("ann2", "My new number")
		assert.NotEqual(t, before.ID, after.ID, "the platform has another thread")
		assert.Equal(t, before.Contacts, after.Contacts)
		assert.Equal(t, 1, w.count(conversation.EventIdentity))

		// An address that somebody has is taken from nobody.
		bob := w.hears("bob", "Hi")
		w.takes(w.item(channel.Item{Identity: &channel.IdentityChange{Old: identity("ann"), New: identity("bob")}}))
		assert.Equal(t, bob.Contacts, w.hears("bob", "Still me").Contacts)
		w.takes(w.item(channel.Item{Identity: &channel.IdentityChange{Old: identity("nobody"), New: identity("x")}}))
		assert.Equal(t, 1, w.count(conversation.EventIdentity))
	})
}

func TestS16_ConsentOutAndIn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		consent := func(out bool, message string) channel.Item {
			return w.item(channel.Item{Consent: &channel.Consent{From: identity("ann"), OptedOut: out, Message: message}})
		}
		c := w.hears("ann", "Hi")
		stop, start := w.says("ann", "STOP"), w.says("ann", "START")
		w.takes(stop, consent(true, stop.Message.ID))
		_, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "Hello"})
		require.ErrorIs(t, err, frontdesk.ErrOptedOut)
		w.takes(start, consent(false, start.Message.ID))
		w.takes(stop, consent(true, stop.Message.ID)) // delivered again
		_, err = w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "Hello"})
		require.NoError(t, err)
		assert.Equal(t, 2, w.count(conversation.EventConsent))

		// Many messages before it in the delivery do not part a word from its message.
		var items []channel.Item
		for range 40 {
			items = append(items, w.says("ann", "Hi"))
		}
		for i := range 10 {
			last := w.says("ann", "STOP")
			items = append(items, last, consent(i%2 == 0, last.Message.ID))
		}
		last := w.says("ann", "STOP")
		w.takes(append(items, last, consent(true, last.Message.ID))...)
		_, err = w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "Hello"})
		require.ErrorIs(t, err, frontdesk.ErrOptedOut)
	})
}

func TestOffersAreCarriedOut(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		offer := func(actions ...conversation.Action) channel.Item {
			return w.item(channel.Item{Offer: &channel.Offer{Actions: actions}})
		}
		// The offer stands before the message that begins the conversation.
		w.takes(offer(conversation.Action{ID: "accept", Label: "Accept"}, conversation.Action{ID: "refund", Input: "amount"}), w.says("ann", "Claim"))
		c := w.current("ann")
		require.Len(t, c.Actions, 2)
		require.NoError(t, w.jane.Act(ctx, c.ID, "accept", ""))
		require.NoError(t, w.jane.Act(ctx, c.ID, "refund", "7.50"))
		require.ErrorIs(t, w.jane.Act(ctx, c.ID, "refund", ""), frontdesk.ErrInvalid)
		require.ErrorIs(t, w.jane.Act(ctx, c.ID, "escalate", ""), frontdesk.ErrInvalid)
		require.ErrorIs(t, w.mia.Act(ctx, c.ID, "accept", ""), frontdesk.ErrNotFound)
		w.takes(offer())
		require.ErrorIs(t, w.jane.Act(ctx, c.ID, "accept", ""), frontdesk.ErrInvalid)
		acts := w.provider.Acts("shop")
		require.Len(t, acts, 2)
		assert.Equal(t, "7.50", acts[1].Input)
		assert.Equal(t, 2, w.count(conversation.EventOffered))
	})
}

func TestC14_UnsupportedKindIsAPlaceholder(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		sticker := w.says("ann", "")
		sticker.Message.Unsupported = "sticker"
		w.takes(sticker)
		c := w.get(w.current("ann").ID)
		assert.Equal(t, "[sticker]", c.Preview)
		assert.Equal(t, int64(1), w.unread(w.jane))
		assert.Equal(t, sticker.At, c.Threads[0].LastInbound, "it opens the window")
		assert.Equal(t, "sticker", w.timeline(c.ID)[0].Unsupported)
	})
}

func TestManyItemsForSeveralAccounts(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.channel(frontdesk.Channel{Account: "store", Mailbox: "munich"})
		var items []channel.Item
		for i := range 30 {
			items = append(items, w.says([]string{"ann", "bob", "cleo"}[i/5%3], fmt.Sprint(i)))
			items[i].Account = []string{"shop", "store", "nobody"}[i%3]
			items[i].Message.ID = fmt.Sprintf("m-%d", i)
		}
		w.takes(items...)
		w.takes(items...)
		var got int
		for _, c := range w.list(w.setup, frontdesk.Query{View: frontdesk.AllView}) {
			var last int64
			for _, m := range w.timeline(c.ID) {
				require.Equal(t, last+1, m.Sequence)
				last = m.Sequence
				got++
			}
		}
		assert.Equal(t, 20, got, "each once, those of no channel are passed over")
		assert.Len(t, w.list(w.mia, frontdesk.Query{}), 3)
		assert.Len(t, w.list(w.jane, frontdesk.Query{}), 3)
	})
}

// News of a message whose thread has moved on to another conversation reach the old one, and what follows them the new.
func TestNewsOfAnOldConversationInTheMiddle(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		require.NoError(t, w.setup.SaveMailbox(ctx, frontdesk.Mailbox{ID: "berlin", StartNew: true}))
		before := w.hears("ann", "Hi")
		m, err := w.jane.Reply(ctx, before.ID, frontdesk.Draft{Text: "Hello", Then: []frontdesk.Action{frontdesk.SetStatus{Status: conversation.Closed}}})
		require.NoError(t, err)
		w.run()
		sent := w.provider.Sent("shop")[0].ID
		w.clock.Advance(time.Minute)
		after := w.hears("ann", "Something else")
		require.NotEqual(t, before.ID, after.ID)
		w.takes(w.says("ann", "One"),
			w.item(channel.Item{Receipt: &channel.Receipt{IDs: []string{sent}, Delivery: conversation.Failed, Failure: &conversation.Failure{Class: "recipient"}}}),
			w.item(channel.Item{Edit: &channel.Edit{ID: "in-1", Text: "Hi!"}}),
			w.item(channel.Item{Unsend: &channel.Unsend{ID: "in-1"}}),
			w.says("ann", "Two"))
		assert.Equal(t, []string{"Something else", "One", "Two"}, w.lines(after.ID))
		assert.Equal(t, []string{"", "→Hello"}, w.lines(before.ID))
		old := w.get(before.ID)
		assert.Equal(t, 1, old.Failed)
		assert.Equal(t, conversation.Open, old.Status, "a failure reopens")
		m, err = w.jane.Message(ctx, m.ID)
		require.NoError(t, err)
		assert.Equal(t, conversation.Failed, m.Delivery)
		assert.Equal(t, int64(1), w.unread(w.jane))
		assert.Equal(t, after.ID, w.hears("ann", "Three").ID)
	})
}

// What speaks of a test message, which belongs to no conversation, disturbs nothing.
func TestNewsOfATestMessage(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		_, err := w.setup.SendTest(ctx, w.chat.ID, "zoe", frontdesk.Draft{Text: "Hi"})
		require.NoError(t, err)
		w.run()
		id := w.provider.Sent("shop")[0].ID
		w.takes(w.item(channel.Item{Receipt: &channel.Receipt{IDs: []string{id}, Delivery: conversation.Failed}}),
			w.item(channel.Item{Edit: &channel.Edit{ID: id, Text: "x"}}),
			w.item(channel.Item{Reaction: &channel.Reaction{ID: id, From: "zoe", Emoji: "x"}}),
			w.item(channel.Item{Unsend: &channel.Unsend{ID: id}}), w.says("ann", "Hi"))
		assert.Equal(t, int64(1), w.unread(w.jane))
	})
}

// list walks all pages of a list.
func (w *world) list(s *frontdesk.Session, q frontdesk.Query) (out []frontdesk.Conversation) {
	w.t.Helper()
	for {
		page, err := s.Conversations(ctx, q)
		require.NoError(w.t, err)
		out = append(out, page.Items...)
		if page.Next == "" {
			return out
		}
		q.Cursor = page.Next
	}
}
