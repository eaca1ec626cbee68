package desk_test

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
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

// finds returns all hits of a search, in order, walking in pages of the limit.
func (w *world) finds(s *frontdesk.Session, q frontdesk.SearchQuery) (all []frontdesk.Hit) {
	w.t.Helper()
	for range 100 {
		page, err := s.Search(ctx, q)
		require.NoError(w.t, err, q.Text)
		if q.Limit > 0 {
			require.LessOrEqual(w.t, len(page.Items), q.Limit)
		}
		all = append(all, page.Items...)
		if q.Cursor = page.Next; q.Cursor == "" {
			return all
		}
	}
	require.FailNow(w.t, "a search without an end")
	return nil
}

// foundBy returns hits as text: by what, and in whose conversation or what message.
func foundBy(hits []frontdesk.Hit) []string {
	out := []string{}
	for _, h := range hits {
		line := string(h.Found) + " " + h.Conversation.ID
		if h.Message != nil {
			line = string(h.Found) + " " + h.Message.ID
		}
		out = append(out, line)
	}
	return out
}

// comes is a message from somebody with these identities on the channel "shop".
func (w *world) comes(thread, subject, text string, from ...conversation.Identity) frontdesk.Conversation {
	w.t.Helper()
	item := w.says(thread, text)
	item.Message.Subject, item.Message.From = subject, from
	require.Equal(w.t, http.StatusOK, w.hook(item))
	w.clock.Advance(time.Second)
	return w.current(thread)
}

func TestV3_FindsByEverything(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.comes("ann", "Broken teapot", "The spout came off, see photo", conversation.Identity{Scope: "phone", Address: "+4930123456", Name: "Ann Müller-Lüdenscheidt"})
		bob := w.comes("bob", "", "Where is my order 4711-B?", conversation.Identity{Scope: "loopback", Address: "user_8842", Name: "Bob"},
			conversation.Identity{Scope: "email", Address: "bob.smith@example.com"})
		zoe := w.comes("zoe", "", "東京に送ってください", conversation.Identity{Scope: "loopback", Address: "zoe", Name: "Ｚｏë Łukaszewicz"})
		whisper, err := w.jane.Whisper(ctx, ann.ID, "Ask the Straße warehouse")
		require.NoError(t, err)
		inbound := func(c frontdesk.Conversation) string {
			for _, m := range w.timeline(c.ID) {
				if m.Direction == conversation.Inbound {
					return "message " + m.ID
				}
			}
			return ""
		}
		for text, want := range map[string][]string{
			// Phone numbers, with and without country code, however they are written.
			"+4930123456": {"contact " + ann.ID}, "+49 30 123456": {"contact " + ann.ID}, "0049 30/123456": {"contact " + ann.ID},
			"030 123456": {"contact " + ann.ID}, "4930123456": {"contact " + ann.ID}, "+49 (30) 1234": {"contact " + ann.ID}, "+49 30 123457": {},
			// Names, addresses and user IDs of contacts.
			"muller": {"contact " + ann.ID}, "ANN MÜLLER": {"contact " + ann.ID}, "lüdenscheidt ann": {"contact " + ann.ID}, "ann bob": {},
			"user_8842": {"contact " + bob.ID}, "8842": {"contact " + bob.ID}, "bob.smith@example.com": {"contact " + bob.ID}, "smith": {"contact " + bob.ID},
			"zoe": {"contact " + zoe.ID}, "ｚｏｅ": {"contact " + zoe.ID}, "lukasz": {"contact " + zoe.ID}, "ŁUKASZEWICZ": {"contact " + zoe.ID},
			// Text, subject, and both.
			"SPOUT": {inbound(ann)}, "spout photo": {inbound(ann)}, "spout order": {}, "orde": {inbound(bob)}, "4711-b": {inbound(bob)}, "order?!": {inbound(bob)},
			"strasse": {"message " + whisper.ID}, "STRASSE WARE": {"message " + whisper.ID},
			"東京": {inbound(zoe)}, "ください": {inbound(zoe)}, "京都": {},
			"nothing of the kind": {},
		} {
			got := foundBy(w.finds(w.jane, frontdesk.SearchQuery{Text: text}))
			assert.ElementsMatch(t, want, got, text)
		}
		subject := foundBy(w.finds(w.jane, frontdesk.SearchQuery{Text: "téapot"}))
		assert.Contains(t, subject, "subject "+ann.ID, "the conversation's own")
	})
}

func TestV3_ShortNumberIsFoundWhole(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var all []frontdesk.Conversation
		for i := range 12 {
			text := "Hi"
			if i == 0 {
				text = "Of the 10 I ordered"
			}
			all = append(all, w.hears(fmt.Sprint("c", i), text))
			w.clock.Advance(time.Second)
		}
		require.Equal(t, int64(1), all[0].Number)
		assert.Equal(t, []string{"number " + all[0].ID}, foundBy(w.finds(w.jane, frontdesk.SearchQuery{Text: "#1"})), "of one digit, when it is marked as one")
		at := slices.IndexFunc(all, func(c frontdesk.Conversation) bool { return c.Number >= 10 })
		require.Equal(t, 9, at)
		for _, text := range []string{fmt.Sprint(all[at].Number), fmt.Sprint(" #", all[at].Number, " ")} {
			hits := foundBy(w.finds(w.jane, frontdesk.SearchQuery{Text: text}))
			require.Len(t, hits, 2, text)
			assert.Equal(t, "number "+all[at].ID, hits[0], text)
			assert.Empty(t, w.finds(w.mia, frontdesk.SearchQuery{Text: text}), "not of her mailbox")
		}
		number := fmt.Sprint(all[at].Number)
		w.clock.Advance(time.Second)
		w.hears("late", "Is "+number+" mine?")
		w.hears("late", "I mean "+number+"0")
		hits := foundBy(w.finds(w.jane, frontdesk.SearchQuery{Text: number, Query: frontdesk.Query{Limit: 1}}))
		require.Len(t, hits, 4, "in pages, each once")
		assert.Equal(t, "number "+all[at].ID, hits[2])
	})
}

// Nobody finds what his lists do not show: whatever the text, a search is the list of the same filters, narrowed.
func TestV3_SameVisibilityAsTheList(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.channel(frontdesk.Channel{Account: "south", Mailbox: "munich", Default: true})
		who := conversation.Identity{Scope: "phone", Address: "+4930123456", Name: "Ann Secret"}
		north := w.comes("ann", "Secret teapot", "A secret of Berlin", who)
		item := w.says("ann-south", "A secret of Munich")
		item.Account, item.Message.From = "south", []conversation.Identity{who}
		require.Equal(t, http.StatusOK, w.hook(item))
		south := w.current("ann-south")
		spam := w.comes("eve", "Secret offer", "Secret", conversation.Identity{Scope: "loopback", Address: "secret-eve"})
		_, err := w.jane.Do(ctx, spam.ID, frontdesk.Spam{})
		require.NoError(t, err)

		admin := w.agent(frontdesk.Agent{ID: "adm", Role: frontdesk.Admin})
		nobody := w.agent(frontdesk.Agent{ID: "nobody"})
		for name, s := range map[string]*frontdesk.Session{"jane": w.jane, "mia": w.mia, "admin": admin, "system": w.setup, "nobody": nobody} {
			for _, q := range []frontdesk.Query{{View: frontdesk.AllView}, {View: frontdesk.SpamView}, {View: frontdesk.Inbox, Mailbox: "berlin"}, {View: frontdesk.TrashView},
				{View: frontdesk.AllView, Contact: north.Contacts[0]}, {View: frontdesk.AllView, Agent: "jd"}, {View: frontdesk.ClosedView}} {
				list, err := s.Conversations(ctx, q)
				require.NoError(t, err)
				for _, text := range []string{"secret", "+4930123456", "ann"} {
					got := map[string]bool{}
					for _, hit := range w.finds(s, frontdesk.SearchQuery{Text: text, Query: q}) {
						got[hit.Conversation.ID] = true
						assert.True(t, slices.ContainsFunc(list.Items, func(c frontdesk.Conversation) bool { return c.ID == hit.Conversation.ID }), "%s found %s in %+v", name, hit.Conversation.Subject, q)
					}
					if text == "secret" {
						assert.Len(t, got, len(list.Items), "%s, %+v", name, q)
					}
				}
			}
		}
		for s, want := range map[*frontdesk.Session][]string{w.jane: {north.ID}, w.mia: {south.ID}, nobody: {}} {
			page, err := s.Search(ctx, frontdesk.SearchQuery{Text: "ann secret"})
			require.NoError(t, err)
			var got []string
			for _, hit := range page.Items {
				got = append(got, hit.Conversation.ID)
			}
			assert.ElementsMatch(t, want, got, "the contact they share leads each to his own")
			assert.Empty(t, page.Next)
		}
	})
}

func TestV3_NewestFirstInPages(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var want []string
		for i := range 30 {
			thread := fmt.Sprint("c", i%7)
			from := conversation.Identity{Scope: "loopback", Address: thread, Name: "Customer " + thread}
			if i%5 == 0 {
				from.Name = "Parcel & Sons"
			}
			w.comes(thread, "", fmt.Sprintf("Parcel %d of the customer's", i), from)
		}
		whole := w.finds(w.jane, frontdesk.SearchQuery{Text: "parcel"})
		for _, hit := range whole {
			if hit.Message != nil {
				want = append(want, hit.Message.Text)
			}
		}
		require.Len(t, want, 30)
		for i, text := range want {
			assert.Equal(t, fmt.Sprintf("Parcel %d of the customer's", 29-i), text)
		}
		assert.Greater(t, len(whole), 30, "contacts among them")
		for _, limit := range []int{1, 2, 7, 25} {
			q := frontdesk.SearchQuery{Text: "parcel"}
			q.Limit = limit
			paged := w.finds(w.jane, q)
			if limit >= 7 {
				assert.Equal(t, foundBy(whole), foundBy(paged), "limit %d", limit)
			}
			messages := slices.DeleteFunc(foundBy(paged), func(line string) bool { return !strings.HasPrefix(line, "message") })
			assert.Len(t, messages, 30, "limit %d", limit)
		}
		page, err := w.jane.Search(ctx, frontdesk.SearchQuery{Text: "parcel", Query: frontdesk.Query{Limit: 5}})
		require.NoError(t, err)
		for _, other := range []frontdesk.SearchQuery{
			{Text: "customer", Query: frontdesk.Query{Cursor: page.Next}}, {Text: "parcel", Query: frontdesk.Query{Cursor: page.Next, Mailbox: "berlin"}},
			{Text: "parcel", Query: frontdesk.Query{Cursor: "nonsense"}},
		} {
			_, err = w.jane.Search(ctx, other)
			require.ErrorIs(t, err, frontdesk.ErrCursor)
		}
	})
}

// Contacts and messages come in one order, however many of each there are, and a contact's conversations are not torn apart.
func TestV3_ContactsAmongMessages(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var want []string
		for i := range 30 {
			from := conversation.Identity{Scope: "loopback", Address: fmt.Sprint("p", i), Name: "Parcel Sons"}
			w.comes(fmt.Sprint("p", i), "", "My parcel", from)
			want = append(want, fmt.Sprint("p", i, " contact"), fmt.Sprint("p", i, " message"))
		}
		for _, again := range []string{"q1", "q2", "q3"} { // more conversations of the last one
			w.comes(again, "", "Hi", conversation.Identity{Scope: "loopback", Address: "p29", Name: "Parcel Sons"})
			want = append(want, again+" contact")
		}
		slices.Sort(want)
		for _, limit := range []int{0, 5, 21, 50} {
			var got, order []string
			for _, hit := range w.finds(w.jane, frontdesk.SearchQuery{Text: "parcel", Query: frontdesk.Query{Limit: limit}}) {
				thread := hit.Conversation.Threads[0].Key
				got = append(got, thread+" "+string(hit.Found))
				if hit.Found == frontdesk.FoundMessage {
					order = append(order, fmt.Sprintf("%3s", thread))
				}
			}
			slices.Sort(got)
			assert.Equal(t, want, got, "limit %d", limit)
			slices.Reverse(order)
			assert.True(t, slices.IsSorted(order), "newest first")
		}
	})
}

// What nobody may see does not fill pages: a search goes on past it, and ends.
func TestV3_GoesOnPastWhatIsNotSeen(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.channel(frontdesk.Channel{Account: "south", Mailbox: "munich", Default: true})
		first := w.hears("ann", "The needle")
		var batch []channel.Item
		for i := range 60 {
			batch = append(batch, w.says(fmt.Sprint("hay", i), "A needle of spam"))
		}
		require.Equal(t, http.StatusOK, w.hook(batch...))
		page, err := w.setup.Conversations(ctx, frontdesk.Query{Limit: 100})
		require.NoError(t, err)
		for _, c := range page.Items {
			if c.ID != first.ID {
				_, err = w.setup.Do(ctx, c.ID, frontdesk.Spam{})
				require.NoError(t, err)
			}
		}
		q := frontdesk.SearchQuery{Text: "needle"}
		q.Limit = 4
		hits := w.finds(w.jane, q)
		require.Len(t, hits, 1)
		assert.Equal(t, first.ID, hits[0].Conversation.ID)
		q.View = frontdesk.SpamView
		assert.Len(t, w.finds(w.jane, q), 60)
		none, err := w.mia.Search(ctx, q)
		require.NoError(t, err)
		assert.Equal(t, frontdesk.Page[frontdesk.Hit]{}, none, "another mailbox's messages do not even make her go on")
	})
}

func TestV3_TooShortOrTooLong(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		w.hears("ann", "Hi a")
		for text, says := range map[string]string{
			"": "at least 2", "a": "at least 2", " ? ": "at least 2", "é": "at least 2", "a b c": "at least 2", "東": "at least 2", "e\u0301": "at least 2",
			strings.Repeat("x", frontdesk.MaxSearch+1): "at most 500", strings.Join(strings.Split("abcdefghijklmnopqrstuv", ""), "z "): "at most 20",
		} {
			_, err := w.jane.Search(ctx, frontdesk.SearchQuery{Text: text})
			var invalid *frontdesk.InvalidError
			require.ErrorAs(t, err, &invalid, text)
			assert.Equal(t, "Text", invalid.Field)
			assert.Contains(t, err.Error(), says)
		}
		for _, text := range []string{"hi", "hi a", "HI!", "ab\x00cd", "a\xffbc", "'; drop table", "%%__", "東京"} {
			_, err := w.jane.Search(ctx, frontdesk.SearchQuery{Text: text})
			if text != "%%__" {
				require.NoError(t, err, text)
			}
		}
		_, err := w.jane.Search(ctx, frontdesk.SearchQuery{Text: "hi", Query: frontdesk.Query{Limit: 5000}})
		require.ErrorIs(t, err, frontdesk.ErrInvalid)
		_, err = w.jane.Search(ctx, frontdesk.SearchQuery{Text: "hi", Query: frontdesk.Query{View: "nonsense"}})
		require.ErrorIs(t, err, frontdesk.ErrInvalid)
	})
}

// What is taken back or rewritten is not found by what it said.
func TestV3_TakenBackAndEdited(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "My password is swordfish")
		w.hears("ann", "I meant the haddock")
		found := func(text string) int { return len(w.finds(w.jane, frontdesk.SearchQuery{Text: text})) }
		require.Equal(t, 1, found("swordfish"))
		require.Equal(t, http.StatusOK, w.hook(
			channel.Item{Account: "shop", Thread: "ann", At: w.clock.Now(), Unsend: &channel.Unsend{ID: "in-1"}},
			channel.Item{Account: "shop", Thread: "ann", At: w.clock.Now(), Edit: &channel.Edit{ID: "in-2", Text: "I meant the halibut"}}))
		assert.Equal(t, 0, found("swordfish"))
		assert.Equal(t, 0, found("haddock"))
		assert.Equal(t, 1, found("halibut"))
		m, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "Your halibut is on its way", Attachments: []conversation.Attachment{{URL: "https://example.com/1", Name: "Lieferschein_März.pdf", Type: "application/pdf"}}})
		require.NoError(t, err)
		w.run() // the delivery rewrites the message's row
		hits := w.finds(w.jane, frontdesk.SearchQuery{Text: "lieferschein marz"})
		require.Len(t, hits, 1)
		assert.Equal(t, m.ID, hits[0].Message.ID)
		assert.Equal(t, conversation.Sent, hits[0].Message.Delivery)
		assert.Equal(t, 2, found("halibut"))
		_, err = w.jane.TrashMessage(ctx, m.ID)
		require.NoError(t, err)
		assert.Equal(t, 1, found("halibut"), "the trash of single messages has a list of its own")
		_, err = w.jane.RestoreMessage(ctx, m.ID)
		require.NoError(t, err)
		assert.Equal(t, 2, found("halibut"))
	})
}

// A store without an index of words finds the same, page by page.
func TestV3_UnderTheScanBudget(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		want := w.hears("ann", "The needle")
		b := store.NewBatch(tenant, w.clock.Now())
		for i := range 3 * store.DefaultBudget {
			key := store.Key{Kind: store.Message, ID: fmt.Sprintf("zz%06d", i)}
			b.ReadRow(store.Row{Key: key})
			b.Put(store.Row{Key: key, Body: []byte("{}")})
		}
		require.NoError(t, b.Seal())
		require.NoError(t, w.store.Commit(ctx, b))
		page, err := w.jane.Search(ctx, frontdesk.SearchQuery{Text: "needle"})
		require.NoError(t, err)
		require.Len(t, page.Items, 1, "one call looks through a few budgets")
		assert.Equal(t, want.ID, page.Items[0].Conversation.ID)
	})
}

func TestV3_FindsWhatWasMerged(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		head, part := w.hears("ann", "Hello"), w.hears("bob", "A zanzibar lottery")
		require.Len(t, w.finds(w.jane, frontdesk.SearchQuery{Text: "zanzibar"}), 1)
		_, err := w.jane.Merge(ctx, head.ID, part.ID)
		require.NoError(t, err)
		assert.Len(t, w.finds(w.jane, frontdesk.SearchQuery{Text: "zanzibar"}), 1)
		assert.Len(t, w.finds(w.jane, frontdesk.SearchQuery{Text: "#" + strconv.FormatInt(part.Number, 10)}), 1)
	})
}

func TestV3_FindsAMergedContactAmongMany(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		a, b := w.hears("ann", "Hello"), w.hears("bob", "Hi")
		_, err := w.setup.MergeContacts(ctx, a.Contacts[0], b.Contacts[0])
		require.NoError(t, err)
		w.run()
		require.NotEmpty(t, w.finds(w.jane, frontdesk.SearchQuery{Text: "bob"}))
		var items []channel.Item
		for i := range 2100 {
			w.clock.Advance(time.Millisecond)
			if items = append(items, w.says(fmt.Sprintf("x%d", i), "Hi")); len(items) == 100 {
				w.takes(items...)
				items = nil
			}
		}
		assert.NotEmpty(t, w.finds(w.jane, frontdesk.SearchQuery{Text: "bob"}))
	})
}

func TestV3_WithinAMergedContact(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		a, b := w.hears("ann", "Hello"), w.hears("bob", "Hi")
		_, err := w.setup.MergeContacts(ctx, a.Contacts[0], b.Contacts[0])
		require.NoError(t, err)
		w.run()
		for _, id := range []string{a.Contacts[0], b.Contacts[0]} {
			require.Len(t, w.list(w.jane, frontdesk.Query{View: frontdesk.AllView, Contact: id}), 2)
			assert.Len(t, w.finds(w.jane, frontdesk.SearchQuery{Text: "bob", Query: frontdesk.Query{Contact: id}}), 2, id)
		}
	})
}
