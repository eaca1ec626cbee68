package desk_test

import (
	"context"
	"fmt"
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

// traces are the rows in which a text stands.
func (w *world) traces(text string) (out []string) {
	w.t.Helper()
	for _, kind := range []store.Kind{store.Conversation, store.Message, store.Contact, store.Name, store.Document, store.Event, store.Delivery, store.Notice} {
		page, err := w.store.List(ctx, store.Query{Tenant: tenant, Kind: kind, Limit: 1000})
		require.NoError(w.t, err)
		for _, row := range page.Rows {
			all := fmt.Sprint(row.ID, string(row.Body), row.Facts, row.Words)
			if strings.Contains(strings.ToLower(all), strings.ToLower(text)) {
				out = append(out, row.Key.String())
			}
		}
	}
	return out
}

func (w *world) erased(id string) frontdesk.Receipt {
	w.t.Helper()
	r, err := w.setup.Receipt(ctx, id)
	require.NoError(w.t, err)
	return r
}

// life is all that is known of a customer: two conversations, one he shares, a parked receipt and a delivery that was not understood.
func (w *world) life(who string) (contact string, alone, shared frontdesk.Conversation) {
	w.t.Helper()
	alone = w.hearsAt(who, "secret of "+who)
	w.replies(alone.ID, "Dear "+who)
	w.ids++
	partner := fmt.Sprint("bob", w.ids)
	other := w.hearsAt(partner, "bob's own")
	w.takes(channel.Item{Account: "shop", Thread: "with-" + partner, At: w.clock.Now(), Message: &channel.Message{ID: fmt.Sprint("x-", len(w.events())), Text: who + " to both",
		From: []conversation.Identity{{Scope: "loopback", Address: who}}}})
	for _, c := range w.list(w.setup, frontdesk.Query{Contact: alone.Contacts[0], View: frontdesk.AllView}) {
		if c.ID != alone.ID {
			shared = c
		}
	}
	_, err := w.jane.Merge(ctx, other.ID, shared.ID)
	require.NoError(w.t, err)
	shared = w.get(other.ID)
	w.takes(channel.Item{Account: "shop", Thread: who, At: w.clock.Now(), Reaction: &channel.Reaction{ID: "never came", From: who, Emoji: "x"}})
	bad := w.provider.Sign([]byte(`{"items":[{"Account":"shop","Thread":"` + who + `","Offer":{}}, 7]}`))
	require.Equal(w.t, http.StatusOK, serve(w.desk, bad))
	w.run()
	return alone.Contacts[0], alone, shared
}

func TestK9_ForgetAPerson(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		contact, alone, shared := w.life("zaphod")
		require.NotEmpty(t, w.traces("zaphod"))
		r, err := w.setup.Forget(ctx, contact)
		require.NoError(t, err)
		assert.True(t, r.Done.IsZero())
		w.run()
		got := w.erased(r.ID)
		assert.False(t, got.Done.IsZero())
		got.Done, got.At = time.Time{}, time.Time{}
		assert.Equal(t, frontdesk.Receipt{ID: r.ID, Contact: contact, By: conversation.Actor{Kind: conversation.BySystem}, Conversations: 1, Shared: 1,
			Messages: 3, Identities: 1, Deliveries: 2}, got)
		assert.Empty(t, w.traces("zaphod"), "nothing is left, the receipt included")
		assert.True(t, w.gone(alone.ID))
		assert.Equal(t, []string{"bob's own"}, w.said(shared.ID, 1000, true), "others keep what they wrote")
		assert.NotContains(t, w.get(shared.ID).Contacts, contact)
		assert.Equal(t, 1, w.count(conversation.EventForgotten)-len(w.get(shared.ID).Parts)-1, "one event for the person, and one for each conversation he left")

		again, err := w.setup.Forget(ctx, contact)
		require.NoError(t, err)
		assert.Equal(t, r.ID, again.ID, "forgetting again is the same")
		back := w.hearsAt("zaphod", "who am I?")
		assert.NotEqual(t, contact, back.Contacts[0], "he who writes again is somebody new")
		assert.Equal(t, "who am I?", back.Preview)
	})
}

func TestK9_LegalHoldStays(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "evidence")
		w.holds(c.ID)
		r, err := w.setup.Forget(ctx, c.Contacts[0])
		require.NoError(t, err)
		w.run()
		assert.Equal(t, 1, w.erased(r.ID).Held)
		assert.Equal(t, "evidence", w.timeline(c.ID)[0].Text)
	})
}

func TestK9_KilledAtEveryCommit(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for first, after := range []bool{false, true} {
			for kill := first + 1; ; kill += 2 {
				who := fmt.Sprintf("zaphod%d%v", kill, after)
				contact, alone, _ := w.life(who)
				r, err := w.setup.Forget(ctx, contact)
				require.NoError(t, err)
				victim := &mortal{Store: w.store, kill: kill, after: after}
				w.run2(func(c *frontdesk.Config) { c.Store = victim })
				w.clock.Advance(afterLease)
				w.run()
				got := w.erased(r.ID)
				require.False(t, got.Done.IsZero(), "killed at %d after=%v", kill, after)
				require.Equal(t, 3, got.Messages, "killed at %d after=%v", kill, after)
				require.Equal(t, 2, got.Deliveries, "killed at %d after=%v", kill, after)
				require.Equal(t, 1, got.Conversations)
				require.Empty(t, w.traces(who))
				require.True(t, w.gone(alone.ID))
				if !victim.dead {
					break
				}
			}
		}
	})
}

func TestK9_Refusals(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		_, err := w.jane.Forget(ctx, c.Contacts[0])
		assert.ErrorIs(t, err, frontdesk.ErrForbidden)
		for _, id := range bad {
			_, err := w.setup.Forget(ctx, id)
			assert.ErrorIs(t, err, frontdesk.ErrNotFound)
			_, err = w.setup.Receipt(ctx, id)
			assert.ErrorIs(t, err, frontdesk.ErrNotFound)
		}
		assert.Equal(t, "Hi", w.timeline(c.ID)[0].Text)
	})
}

// What is merged into a person, noted about him, drafted to him or scheduled for him goes with him.
func TestK9_MergedNotedAndDrafted(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		contact, alone, _ := w.life("zaphod")
		other := w.hearsAt("beeblebrox", "the other head of zaphod")
		_, err := w.setup.MergeContacts(ctx, contact, other.Contacts[0])
		require.NoError(t, err)
		_, err = w.setup.Note(ctx, contact, "zaphod has two heads")
		require.NoError(t, err)
		require.NoError(t, w.jane.SaveDraft(ctx, alone.ID, false, frontdesk.SavedDraft{Text: "dear zaphod"}))
		_, err = w.jane.Reply(ctx, other.ID, frontdesk.Draft{Text: "zaphod, next week", At: w.clock.Now().Add(7 * 24 * time.Hour)})
		require.NoError(t, err)
		r, err := w.setup.Forget(ctx, contact)
		require.NoError(t, err)
		w.run()
		got := w.erased(r.ID)
		assert.False(t, got.Done.IsZero())
		assert.Equal(t, 2, got.Conversations)
		assert.Equal(t, 2, got.Identities)
		assert.Empty(t, w.traces("zaphod"))
		assert.Empty(t, w.traces("beeblebrox"))
		assert.True(t, w.gone(other.ID))
		again, err := w.setup.Forget(ctx, other.Contacts[0])
		require.NoError(t, err)
		assert.Equal(t, r.ID, again.ID, "he is the same person")
		w.clock.Advance(8 * 24 * time.Hour)
		w.run()
		for _, sent := range w.provider.Sent("shop") {
			assert.NotContains(t, sent.Part.Text, "next week", "what was to be sent to him is not sent")
		}
	})
}

// forgets forgets a contact, and returns when nothing is left to do.
func (w *world) forgets(contact string) frontdesk.Receipt {
	w.t.Helper()
	r, err := w.setup.Forget(ctx, contact)
	require.NoError(w.t, err)
	w.run()
	r, err = w.setup.Receipt(ctx, r.ID)
	require.NoError(w.t, err)
	require.False(w.t, r.Done.IsZero())
	return r
}

// What is to go out later to somebody who is forgotten before does not, though the conversation is also others'.
func TestK9_NothingMoreGoesOut(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		bob, zaphod := w.hearsAt("bob", "b1"), w.hearsAt("zaphod", "z1")
		w.merges(bob.ID, zaphod.ID)
		m := w.later(bob.ID, "See you, zaphod", time.Hour)
		w.forgets(zaphod.Contacts[0])
		w.clock.Advance(2 * time.Hour)
		w.run()
		assert.Empty(t, w.texts())
		assert.Equal(t, conversation.Cancelled, w.message(m.ID).Delivery)
		assert.Empty(t, w.traces("zaphod"))
	})
}

// What a conversation was before it was merged is forgotten with it, and does not come back when they are taken apart.
func TestK9_WhatWasBeforeAMerge(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		zaphod, bob := w.hearsAt("zaphod", "zaphod's"), w.hearsAt("bob", "bob's")
		w.merges(zaphod.ID, bob.ID)
		w.forgets(zaphod.Contacts[0])
		assert.Empty(t, w.traces("zaphod"))
		_, err := w.jane.Unmerge(ctx, bob.ID)
		require.NoError(t, err)
		assert.Empty(t, w.traces("zaphod"))
		assert.Equal(t, "bob's", w.get(bob.ID).Preview)
	})
}

// In conversations that others are in, too, his reactions, the key of his thread, the subject he began with and his labels go.
func TestK9_AmongOthers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		hi := w.says("zaphod", "z1")
		hi.Message.Subject = "zaphod is ill"
		w.takes(hi)
		zaphod, bob := w.current("zaphod"), w.hearsAt("bob", "b1")
		_, err := w.setup.ChangeLabels(ctx, zaphod.Contacts[0], []string{"betelgeuse"}, nil)
		require.NoError(t, err)
		w.run()
		w.merges(bob.ID, zaphod.ID)
		w.replies(bob.ID, "To you both")
		w.run()
		last := w.says("bob", "b2")
		w.takes(last)
		w.takes(channel.Item{Account: "shop", Thread: "bob", At: w.clock.Now(), Reaction: &channel.Reaction{ID: last.Message.ID, From: "zaphod", Emoji: "x"}})
		require.NotEmpty(t, w.traces("zaphod"))
		w.forgets(zaphod.Contacts[0])
		assert.Empty(t, w.traces("zaphod"))
		assert.Empty(t, w.get(bob.ID).Labels)
		for _, text := range []string{"b1", "b2", "To you both"} {
			assert.Contains(t, w.said(bob.ID, 100, true), text)
		}
	})
}

// What somebody forwarded, test messages and addresses in copy are found wherever they are, also where the copy was forwarded again.
func TestK9_CopiesElsewhere(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		mail := w.mail("mail")
		zaphod, bob, carl := w.hearsAt("zaphod", "zaphod is ill"), w.hearsAt("bob", "b1"), w.hearsAt("carl", "c1")
		_, err := w.setup.AddIdentity(ctx, zaphod.Contacts[0], "berlin", conversation.Identity{Scope: "email", Address: "zaphod@x.example"})
		require.NoError(t, err)
		forward := func(id string, to frontdesk.Forward) conversation.Message {
			t.Helper()
			m, err := w.jane.Forward(ctx, id, to)
			require.NoError(t, err)
			w.run()
			return m
		}
		m := forward(w.timeline(zaphod.ID)[0].ID, frontdesk.Forward{Conversation: bob.ID})
		forward(m.ID, frontdesk.Forward{Conversation: carl.ID})
		begun := forward(w.replies(zaphod.ID, "Dear zaphod").ID, frontdesk.Forward{Start: frontdesk.Start{Channel: mail.ID, Address: "boss@x.example", Draft: frontdesk.Draft{Subject: "zaphod"}}})
		later := forward(m.ID, frontdesk.Forward{Conversation: carl.ID, Start: frontdesk.Start{Draft: frontdesk.Draft{At: w.clock.Now().Add(time.Hour)}}})
		_, err = w.setup.SendTest(ctx, w.chat.ID, "zaphod", frontdesk.Draft{Text: "A test"})
		require.NoError(t, err)
		copied, err := w.jane.Compose(ctx, frontdesk.Start{Channel: mail.ID, Address: "dan@x.example", Draft: frontdesk.Draft{Text: "to dan", Subject: "Hi", CC: []string{"zaphod@x.example"}, To: []string{"eve@x.example"}}})
		require.NoError(t, err)
		w.run()
		assert.Contains(t, w.get(bob.ID).Preview, "zaphod")
		assert.Equal(t, "zaphod", w.get(begun.Conversation).Subject)
		w.merges(bob.ID, carl.ID)

		w.forgets(zaphod.Contacts[0])
		assert.Empty(t, w.traces("zaphod"))
		w.clock.Advance(2 * time.Hour)
		w.run()
		assert.Equal(t, conversation.Cancelled, w.message(later.ID).Delivery)
		left := w.message(copied.ID)
		assert.Equal(t, "to dan", left.Text)
		assert.Len(t, left.To, 2, "those of others stay")
		assert.Empty(t, left.CC)
		assert.Equal(t, "to dan", w.get(copied.Conversation).Preview)
		assert.Contains(t, w.said(bob.ID, 100, true), "c1")
		_, err = w.jane.Unmerge(ctx, carl.ID)
		require.NoError(t, err)
		assert.Empty(t, w.traces("zaphod"))
	})
}

func TestK9_HeldCopiesStay(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		zaphod, bob := w.hearsAt("zaphod", "zaphod is ill"), w.hearsAt("bob", "b1")
		m, err := w.jane.Forward(ctx, w.timeline(zaphod.ID)[0].ID, frontdesk.Forward{Conversation: bob.ID})
		require.NoError(t, err)
		w.run()
		w.holds(bob.ID)
		assert.Equal(t, 1, w.forgets(zaphod.Contacts[0]).Held)
		assert.Contains(t, w.message(m.ID).Text, "zaphod is ill")
	})
}

// Who was forgotten is not there: nobody is merged into him, who could then not be forgotten, and nothing is noted of him.
func TestK9_TheForgottenAreNotThere(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		zaphod, ann := w.hearsAt("zaphod", "z1"), w.hearsAt("annabel", "a1")
		w.forgets(zaphod.Contacts[0])
		_, err := w.setup.MergeContacts(ctx, zaphod.Contacts[0], ann.Contacts[0])
		assert.ErrorIs(t, err, frontdesk.ErrNotFound)
		_, err = w.setup.MergeContacts(ctx, ann.Contacts[0], zaphod.Contacts[0])
		assert.ErrorIs(t, err, frontdesk.ErrNotFound)
		_, err = w.setup.Note(ctx, zaphod.Contacts[0], "zaphod is back")
		assert.ErrorIs(t, err, frontdesk.ErrNotFound)
		_, err = w.setup.AddIdentity(ctx, zaphod.Contacts[0], "", conversation.Identity{Scope: conversation.ScopeEmail, Address: "zaphod@example.com"})
		assert.ErrorIs(t, err, frontdesk.ErrNotFound)
		assert.Empty(t, w.traces("zaphod"))
		assert.Equal(t, ann.Contacts, w.contacts(w.setup, frontdesk.ContactQuery{}))
		w.forgets(ann.Contacts[0])
		assert.Empty(t, w.traces("annabel"))
	})
}

// Who is forgotten while the host is asked for his record is not tied to it.
func TestK9_ForgottenWhileTheHostIsAsked(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var contact string
		w.desk = w.open(func(c *frontdesk.Config) {
			c.Records = func(context.Context, string, []conversation.Identity) ([]frontdesk.Candidate, error) {
				_, err := w.setup.Forget(ctx, contact)
				return []frontdesk.Candidate{{Kind: "customer", ID: "zaphod"}}, err
			}
		})
		contact = w.writes(anna, "Hi").Contacts[0]
		w.run()
		assert.Empty(t, w.traces("zaphod"))
		assert.Empty(t, w.contacts(w.setup, frontdesk.ContactQuery{Record: "customer/zaphod"}))
	})
}

// An identity that was taken from a merged contact is not erased with him once it is another's.
func TestK9_WhatIsAnothersNowStays(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, b := w.hears("ann", "Hi").Contacts[0], w.hears("bob", "Hi").Contacts[0]
		_, err := w.setup.AddIdentity(ctx, b, "", identity("carl"))
		require.NoError(t, err)
		_, err = w.setup.MergeContacts(ctx, a, b)
		require.NoError(t, err)
		_, err = w.setup.RemoveIdentity(ctx, a, "", identity("carl"))
		require.NoError(t, err)
		carl := w.hears("carl", "Hi").Contacts[0]
		require.NotEqual(t, a, carl)
		_, err = w.setup.SendTest(ctx, w.chat.ID, "carl", frontdesk.Draft{Text: "A test for carl"})
		require.NoError(t, err)
		w.run()
		r := w.forgets(a)
		assert.Equal(t, 2, r.Identities)
		assert.NotEmpty(t, w.traces("A test for carl"))
	})
}

// A draft in a conversation that others are in stays, without the addresses of who is forgotten.
func TestK9_DraftAmongOthers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		bob, zaphod := w.hearsAt("bob", "b1"), w.hearsAt("zaphod", "z1")
		w.merges(bob.ID, zaphod.ID)
		for _, id := range []string{bob.ID, zaphod.ID} {
			require.NoError(t, w.jane.SaveDraft(ctx, id, false, frontdesk.SavedDraft{Text: "To all", To: []string{"zaphod"},
				CC: []string{"bob", "Zaphod", "Z. Beeblebrox <ZAPHOD>"}, BCC: []string{"azaphod@example.com"}}))
		}
		w.forgets(zaphod.Contacts[0])
		for _, id := range []string{bob.ID, zaphod.ID} {
			d, err := w.jane.Draft(ctx, id, false)
			require.NoError(t, err)
			assert.Empty(t, d.To)
			assert.Equal(t, []string{"bob"}, d.CC)
			assert.Equal(t, []string{"azaphod@example.com"}, d.BCC, "somebody else")
			assert.Equal(t, "To all", d.Text)
			require.NoError(t, w.jane.SaveDraft(ctx, id, false, frontdesk.SavedDraft{Text: d.Text}))
		}
		assert.Empty(t, w.traces("zaphod"))
	})
}
