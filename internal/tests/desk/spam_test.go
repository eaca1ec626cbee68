package desk_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
	"github.com/frontdesk-go/frontdesk/storetest"
)

// filtered switches the spam filter on.
func (w *world) filtered() {
	w.t.Helper()
	settings, err := w.setup.Settings(ctx)
	require.NoError(w.t, err)
	settings.Spam.On = true
	require.NoError(w.t, w.setup.SaveSettings(ctx, settings))
}

// senderLists saves the sender lists.
func (w *world) senderLists(allow, block []string) {
	w.t.Helper()
	require.NoError(w.t, w.setup.SaveSpamLists(ctx, frontdesk.SpamLists{Allow: allow, Block: block}))
}

// learnsMarks waits until marks are due, and has them learned.
func (w *world) learnsMarks() {
	w.t.Helper()
	w.clock.Advance(10 * time.Second)
	w.run()
}

// spamVerdict is what the filter makes of a conversation.
func (w *world) spamVerdict(id string) frontdesk.SpamVerdict {
	w.t.Helper()
	v, err := w.jane.SpamVerdict(ctx, id)
	require.NoError(w.t, err)
	return v
}

const spamSays, hamSays = "WIN a FREE prize now!!! Claim at http://prize.example or call 09061701461", "Hello, where is my order? It should have come on Monday."

// trained has an agent mark n conversations, every third as spam; she answers the others.
func (w *world) trained(n int) {
	w.t.Helper()
	for i := range n {
		who := fmt.Sprintf("marked-%d", i)
		if i%3 == 0 {
			w.do(w.jane, w.hears(who, fmt.Sprintf("%s Code %d.", spamSays, 1000+i)).ID, frontdesk.Spam{})
			continue
		}
		_, err := w.jane.Reply(ctx, w.hears(who, fmt.Sprintf("%s My number is %d.", hamSays, 1000+i)).ID, frontdesk.Draft{Text: "I will look."})
		require.NoError(w.t, err)
	}
	w.learnsMarks()
}

// janeSees is what an agent finds in a view.
func (w *world) janeSees(view frontdesk.View) (ids []string) {
	w.t.Helper()
	page, err := w.jane.Conversations(ctx, frontdesk.Query{View: view, Limit: 1000})
	require.NoError(w.t, err)
	for _, c := range page.Items {
		ids = append(ids, c.ID)
	}
	return ids
}

func TestF1_SpamGoesToItsFolderOnceSwitchedOn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.senderLists(nil, []string{"eve"})
		settings, err := w.jane.Settings(ctx)
		require.NoError(t, err)
		assert.Zero(t, settings.Spam, "off by default")
		before := w.hears("eve", spamSays)
		assert.Equal(t, conversation.ShelfWaiting, before.Shelf, "off: the lists do nothing")
		w.do(w.jane, before.ID, frontdesk.Trash{})

		w.filtered()
		settings, err = w.jane.Settings(ctx)
		require.NoError(t, err)
		assert.True(t, settings.Spam.Folder, "the folder is there from now on")
		c := w.hears("eve", spamSays)
		assert.NotEqual(t, before.ID, c.ID)
		assert.Equal(t, conversation.ShelfSpam, c.Shelf)
		assert.Equal(t, conversation.JudgedList, c.Judged)
		assert.Equal(t, []string{c.ID}, w.janeSees(frontdesk.SpamView))
		assert.NotContains(t, w.janeSees(frontdesk.Inbox), c.ID)
		assert.Zero(t, w.unread(w.jane), "it counts as unread nowhere")
		moved := w.events()
		i := slices.IndexFunc(moved, func(e frontdesk.Event) bool { return e.Conversation == c.ID && e.Type == conversation.EventMoved })
		require.GreaterOrEqual(t, i, 0)
		assert.Equal(t, conversation.Actor{Kind: conversation.BySystem}, moved[i].Actor)
		assert.Equal(t, "inbox", moved[i].From)
		assert.Equal(t, "spam", moved[i].To)

		w.hears("eve", "and again")
		assert.Equal(t, conversation.ShelfSpam, w.get(c.ID).Shelf, "what follows stays there")
		assert.Len(t, w.janeSees(frontdesk.SpamView), 1)
		assert.Empty(t, w.provider.Sent("shop"), "nobody is answered")

		back := w.do(w.jane, c.ID, frontdesk.Restore{})
		assert.Equal(t, conversation.ShelfWaiting, back.Shelf)
		assert.Equal(t, int64(1), w.unread(w.jane), "restored it is unread")

		settings.Spam.On = false
		settings.Spam.Folder = false
		require.NoError(t, w.setup.SaveSettings(ctx, settings))
		settings, err = w.jane.Settings(ctx)
		require.NoError(t, err)
		assert.True(t, settings.Spam.Folder, "the folder stays when it is switched off")
		w.senderLists(nil, []string{"mallory"})
		assert.Equal(t, conversation.ShelfWaiting, w.hears("mallory", spamSays).Shelf)
	})
}

// A message that wakes, reopens or fetches a conversation from the archive and is spam moves it to spam in the same commit; restored it is where the
// message had brought it.
func TestF1_SpamInAnOldConversation(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		w.filtered()
		for name, action := range map[string]frontdesk.Action{"snoozed": frontdesk.Snooze{Until: w.clock.Now().Add(time.Hour)},
			"closed": frontdesk.SetStatus{Status: conversation.Closed}, "finished": frontdesk.Complete{}, "archived": frontdesk.Archive{}} {
			c := w.hears(name, "Hi")
			w.do(w.jane, c.ID, action)
			w.senderLists(nil, []string{name + "-3"})
			many := []channel.Item{}
			for i := range 12 { // each from somebody new, which takes the most IDs
				item := w.says(name, spamSays)
				item.Message.From[0].Address += fmt.Sprint(i)
				item.Message.From = append(item.Message.From, conversation.Identity{Scope: "loopback", Address: fmt.Sprintf("%s-%d", name, i)})
				many = append(many, item)
			}
			require.Equal(t, http.StatusOK, w.hook(many...))
			assert.Equal(t, conversation.ShelfSpam, w.get(c.ID).Shelf, name)
			assert.Equal(t, 13, w.get(c.ID).Messages, name)
			assert.Equal(t, conversation.ShelfWaiting, w.do(w.jane, c.ID, frontdesk.Restore{}).Shelf, name)
		}
		assert.Equal(t, int64(4), w.unread(w.jane))
	})
}

func TestF1_OnlyAdminsSwitchIt(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		require.ErrorIs(t, w.jane.SaveSettings(ctx, frontdesk.Settings{Spam: frontdesk.SpamSettings{On: true}}), frontdesk.ErrForbidden)
		require.ErrorIs(t, w.jane.SaveSpamLists(ctx, frontdesk.SpamLists{Allow: []string{"x"}}), frontdesk.ErrForbidden)
		_, err := w.jane.SpamLists(ctx)
		require.ErrorIs(t, err, frontdesk.ErrForbidden)
		c := w.hears("ann", "Hi")
		_, err = w.jane.Do(ctx, c.ID, frontdesk.Spam{By: conversation.JudgedFilter})
		require.ErrorIs(t, err, frontdesk.ErrInvalid, "nobody speaks for the filter")
		assert.Equal(t, conversation.ShelfWaiting, w.get(c.ID).Shelf)
		_, err = w.mia.SpamVerdict(ctx, c.ID)
		require.ErrorIs(t, err, frontdesk.ErrNotFound, "who may not see it is told nothing of it")
		_, err = w.jane.SpamVerdict(ctx, "\x00")
		require.ErrorIs(t, err, frontdesk.ErrNotFound)
	})
}

func TestF2_LearnsFromWhatAgentsSay(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.filtered()
		w.trained(60)
		bad, good := w.hears("eve", spamSays), w.hears("ann", hamSays)
		assert.Equal(t, conversation.ShelfSpam, bad.Shelf)
		assert.Equal(t, conversation.JudgedFilter, bad.Judged)
		assert.Equal(t, conversation.ShelfWaiting, good.Shelf)
		assert.Equal(t, conversation.ShelfWaiting, w.hears("zoe", "Что-то совсем другое!!! http://x.example").Shelf, "what nobody marked is no spam")

		v := w.spamVerdict(bad.ID)
		assert.Equal(t, 60, v.Marks)
		assert.True(t, v.Spam)
		assert.False(t, v.Advice)
		assert.Greater(t, v.Score, 0.5)
		assert.Less(t, w.spamVerdict(good.ID).Score, 0.5)
		require.NotEmpty(t, v.Words)
		i := slices.IndexFunc(v.Words, func(word frontdesk.SpamWord) bool { return word.Text == "prize" })
		require.GreaterOrEqual(t, i, 0, "%v", v.Words)
		assert.Equal(t, 20, v.Words[i].Spam)
		assert.Zero(t, v.Words[i].Ham)
		assert.Positive(t, v.Words[i].Weight)
	})
}

func TestF2_UnlearnsExactlyOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.filtered()
		c := w.hears("eve", spamSays)
		word := func() (spam, ham int) {
			for _, word := range w.spamVerdict(c.ID).Words {
				if word.Text == "prize" {
					return word.Spam, word.Ham
				}
			}
			return 0, 0
		}
		check := func(marks, spam, ham int) {
			t.Helper()
			w.learnsMarks()
			s, h := word()
			assert.Equal(t, []int{marks, spam, ham}, []int{w.spamVerdict(c.ID).Marks, s, h})
		}
		check(0, 0, 0)
		w.do(w.jane, c.ID, frontdesk.Spam{})
		w.do(w.jane, c.ID, frontdesk.Spam{})
		check(1, 1, 0)
		w.do(w.jane, c.ID, frontdesk.Restore{})
		check(1, 0, 1)
		w.do(w.jane, c.ID, frontdesk.Spam{})
		w.do(w.jane, c.ID, frontdesk.Restore{})
		w.do(w.jane, c.ID, frontdesk.Spam{})
		check(1, 1, 0)
		// What the customer takes back afterwards is unlearned as it was learned.
		item := w.says("eve", "")
		item.Message, item.Unsend = nil, &channel.Unsend{ID: "in-1"}
		require.Equal(t, http.StatusOK, w.hook(item))
		w.hears("eve", "prize prize prize")
		w.do(w.jane, c.ID, frontdesk.Trash{})
		check(1, 1, 0)
		w.do(w.jane, c.ID, frontdesk.Restore{})
		assert.Equal(t, conversation.ShelfSpam, w.get(c.ID).Shelf)
		w.do(w.jane, c.ID, frontdesk.Restore{})
		check(1, 0, 1)
		// The host and its bots teach nothing.
		other := w.hears("mallory", spamSays)
		_, err := w.setup.Do(ctx, other.ID, frontdesk.Spam{})
		require.NoError(t, err)
		check(1, 0, 1)
	})
}

func TestF2_BelowFiftyMarksItOnlyAdvises(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		w.filtered()
		w.trained(49)
		c := w.hears("eve", spamSays)
		assert.Equal(t, conversation.ShelfWaiting, c.Shelf)
		v := w.spamVerdict(c.ID)
		assert.Equal(t, 49, v.Marks)
		assert.True(t, v.Spam && v.Advice)
		w.do(w.jane, c.ID, frontdesk.Spam{})
		w.learnsMarks()
		c = w.hears("mallory", spamSays)
		assert.Equal(t, conversation.ShelfSpam, c.Shelf)
		assert.False(t, w.spamVerdict(c.ID).Advice)
	})
}

func TestF2_NeverSpam(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.filtered()
		w.trained(60)
		stays := func(who, why string) frontdesk.Conversation {
			t.Helper()
			w.clock.Advance(time.Second)
			c := w.hears(who, spamSays)
			assert.Equal(t, conversation.ShelfWaiting, c.Shelf, why)
			return c
		}
		require.Equal(t, conversation.ShelfSpam, w.hears("eve", spamSays).Shelf)

		answered := w.hears("ann", hamSays)
		_, err := w.jane.Reply(ctx, answered.ID, frontdesk.Draft{Text: "Soon."})
		require.NoError(t, err)
		stays("ann", "a thread that an agent answered")
		require.NoError(t, w.setup.SaveMailbox(ctx, frontdesk.Mailbox{ID: "berlin", StartNew: true}))
		for range 2 {
			w.do(w.jane, w.current("ann").ID, frontdesk.SetStatus{Status: conversation.Closed})
			assert.NotEqual(t, answered.ID, stays("ann", "nor in its next conversation").ID)
		}

		restored := w.current("eve")
		w.do(w.jane, restored.ID, frontdesk.Restore{})
		stays("eve", "said not to be spam")

		w.senderLists([]string{"FRIEND"}, nil)
		stays("friend", "on the allow-list")

		w.nameContact(w.hears("known", hamSays).Contacts[0], "Known Customer")
		stays("known", "a contact with a name")
		settings, err := w.setup.Settings(ctx)
		require.NoError(t, err)
		settings.Spam.JudgeKnown = true
		require.NoError(t, w.setup.SaveSettings(ctx, settings))
		assert.Equal(t, conversation.ShelfSpam, w.hears("known", spamSays).Shelf, "unless the tenant says otherwise")

		held := w.hears("held", hamSays)
		w.do(w.jane, held.ID, frontdesk.Assign{Agent: "jd"})
		w.hears("held", spamSays)
		assert.Equal(t, conversation.ShelfAssigned, w.get(held.ID).Shelf, "what somebody works on is not taken from him")
	})
}

// nameContact gives a contact a name, as a person does.
func (w *world) nameContact(id, name string) {
	w.t.Helper()
	w.changeRow(store.Key{Kind: store.Contact, ID: id}, func(b *store.Batch, row store.Row) {
		var c conversation.Contact
		kept, err := store.Decode(row.Body, &c)
		require.NoError(w.t, err)
		c.Name = name
		row.Body, err = store.Encode(1, c, kept)
		require.NoError(w.t, err)
		b.Put(row)
	})
}

// Marks made at once, in two processes, while others are being learned, all count, and once.
func TestF2_NoMarkIsLost(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.filtered()
		var ids []string
		for i := range 40 {
			ids = append(ids, w.hears(fmt.Sprintf("c%d", i), spamSays).ID)
		}
		desks := []*frontdesk.Desk{w.desk, w.open()}
		var wg sync.WaitGroup
		for n, id := range ids {
			wg.Go(func() {
				me := desks[n%2].As(frontdesk.Actor{Tenant: tenant, Agent: "jd"})
				if _, err := me.Do(ctx, id, frontdesk.Spam{}); err != nil {
					t.Error(err)
				}
				if n%4 == 0 {
					w.clock.Advance(10 * time.Second)
					if err := desks[n/4%2].RunDue(ctx); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		w.clock.Advance(2 * time.Minute) // a worker whose lease ended in between left it to its end
		w.run()
		assert.Equal(t, len(ids), w.spamVerdict(ids[0]).Marks)
		v, err := desks[1].As(frontdesk.Actor{Tenant: tenant, Agent: "joe"}).SpamVerdict(ctx, ids[0])
		require.NoError(t, err)
		assert.Equal(t, len(ids), v.Marks, "another process has the same model")
	})
}

func TestF2_TenantsLearnApart(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.filtered()
		w.trained(60)
		other := w.desk.As(frontdesk.System("other"))
		require.NoError(t, other.SaveMailbox(ctx, frontdesk.Mailbox{ID: "box"}))
		require.NoError(t, other.SaveSettings(ctx, frontdesk.Settings{Spam: frontdesk.SpamSettings{On: true}}))
		_, err := other.AddChannel(ctx, frontdesk.Channel{Kind: "loopback", Account: "theirs", Mailbox: "box", PollEvery: -1})
		require.NoError(t, err)
		item := w.says("eve", spamSays)
		item.Account = "theirs"
		require.Equal(t, http.StatusOK, w.hook(item))
		page, err := other.Conversations(ctx, frontdesk.Query{})
		require.NoError(t, err)
		require.Len(t, page.Items, 1)
		v, err := other.SpamVerdict(ctx, page.Items[0].ID)
		require.NoError(t, err)
		assert.Zero(t, v.Marks)
	})
}

func TestF2_JudgingAddsNoCall(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		w.filtered()
		w.senderLists([]string{"friend"}, []string{"foe"})
		w.trained(60)
		s := failing(w.store, storetest.Fault{})
		d := w.open(func(c *frontdesk.Config) { c.Store = s })
		calls := func(who, text string) int {
			req := w.provider.Request(w.says(who, text))
			before := s.Calls("")
			require.Equal(t, http.StatusOK, serve(d, req))
			return s.Calls("") - before
		}
		calls("zoe", "The first one fills the caches")
		assert.LessOrEqual(t, calls("ann", hamSays), 2)
		assert.LessOrEqual(t, calls("eve", spamSays), 2)
		assert.Equal(t, conversation.ShelfSpam, w.current("eve").Shelf)
		w.do(w.jane, w.current("zoe").ID, frontdesk.Spam{})
		w.learnsMarks()
		assert.LessOrEqual(t, calls("bob", hamSays), 3, "a model that has changed is read once")
		assert.LessOrEqual(t, calls("cat", hamSays), 2)
	})
}

func TestF3_UpstreamVerdictsCountWhereTheyAreTrusted(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.filtered()
		w.channel(frontdesk.Channel{Account: "trusted", Mailbox: "berlin", TrustSpamHeaders: true})
		says := func(account, who string, verdict channel.SpamVerdict) frontdesk.Conversation {
			item := w.says(who, hamSays)
			item.Account, item.Message.Spam = account, &verdict
			require.Equal(t, http.StatusOK, w.hook(item))
			return w.current(who)
		}
		yes, no := channel.SpamVerdict{Spam: true, Score: 9, Limit: 5, By: "X-Spam-Status"}, channel.SpamVerdict{Score: 1, Limit: 5, By: "X-Spam-Status"}
		assert.Equal(t, conversation.ShelfWaiting, says("shop", "a", yes).Shelf, "a sender can write such a header himself")
		c := says("trusted", "b", yes)
		assert.Equal(t, conversation.ShelfSpam, c.Shelf)
		assert.Equal(t, conversation.JudgedUpstream, c.Judged)
		assert.Equal(t, conversation.JudgedUpstream, w.spamVerdict(c.ID).Judged)
		assert.Equal(t, conversation.ShelfWaiting, says("trusted", "c", no).Shelf)
		w.senderLists([]string{"d"}, []string{"e"})
		assert.Equal(t, conversation.ShelfWaiting, says("trusted", "d", yes).Shelf, "the allow-list goes before")
		assert.Equal(t, conversation.ShelfSpam, says("trusted", "e", no).Shelf, "a server's no is nobody's pass")
		w.learnsMarks()
		assert.Zero(t, w.spamVerdict(c.ID).Marks, "the filter learns from people alone")
	})
}

func TestF3_BlockAndAllowLists(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		w.filtered()
		w.senderLists([]string{"good@bad.example", "Friend.Example", " @sub.bad.example "}, []string{"bad.example", "enemy@friend.example", "12345", "foe@other.example"})
		for i, c := range []struct {
			address  string
			verified bool
			spam     bool
		}{
			{"x@bad.example", true, true}, {"x@deep.mail.bad.example", false, true}, {"X@BAD.EXAMPLE", true, true}, {"x@notbad.example", true, false},
			{"good@bad.example", true, false}, {"good@bad.example", false, true}, {"x@sub.bad.example", true, false}, {"enemy@friend.example", true, true},
			{"foe@other.example", false, true}, {"fan@other.example", true, false}, {"12345", true, true}, {"123456", true, false}, {"example", true, false},
		} {
			item := w.says(fmt.Sprintf("thread-%d", i), "Hi")
			item.Message.From = []conversation.Identity{{Scope: conversation.ScopeEmail, Address: c.address, Verified: c.verified}}
			require.Equal(t, http.StatusOK, w.hook(item))
			assert.Equal(t, c.spam, w.current(item.Thread).Shelf == conversation.ShelfSpam, "%s, verified: %t", c.address, c.verified)
		}
		lists, err := w.setup.SpamLists(ctx)
		require.NoError(t, err)
		assert.Equal(t, []string{"good@bad.example", "friend.example", "sub.bad.example"}, lists.Allow)
		for _, e := range w.events() {
			assert.NotContains(t, e.From+e.To, "bad.example", "events hold no addresses")
		}
		// The lists bite where an agent has answered, since a person wrote them.
		c := w.hears("late", "Hi")
		_, err = w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "Yes?"})
		require.NoError(t, err)
		w.senderLists(nil, []string{"late"})
		w.hears("late", "Hi again")
		assert.Equal(t, conversation.ShelfSpam, w.get(c.ID).Shelf)
	})
}

func TestF3_BadListsAreRefused(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		w.senderLists([]string{"kept.example"}, nil)
		many := make([]string, frontdesk.MaxSpamList+1)
		for i := range many {
			many[i] = fmt.Sprintf("n%d.example", i)
		}
		for name, list := range map[string][]string{"empty": {""}, "spaces": {"a b.example"}, "two": {"a@b@c.example"}, "nobody": {"a@"}, "dots": {"a@.example"},
			"pattern": {"*.example"}, "list": {"a.example;b.example"}, "long": {strings.Repeat("a", 400)}, "control": {"a\x00.example"}, "many": many} {
			err := w.setup.SaveSpamLists(ctx, frontdesk.SpamLists{Allow: []string{"new.example"}, Block: list})
			require.ErrorIs(t, err, frontdesk.ErrInvalid, name)
			assert.ErrorContains(t, err, "Block", name)
			require.ErrorIs(t, w.setup.SaveSpamLists(ctx, frontdesk.SpamLists{Allow: list}), frontdesk.ErrInvalid, name)
		}
		lists, err := w.setup.SpamLists(ctx)
		require.NoError(t, err)
		assert.Equal(t, frontdesk.SpamLists{Allow: []string{"kept.example"}}, lists)
		require.NoError(t, w.setup.SaveSpamLists(ctx, frontdesk.SpamLists{Block: many[:frontdesk.MaxSpamList]}))
	})
}

// changeRow writes a row as nobody but the store's owner can.
func (w *world) changeRow(key store.Key, write func(*store.Batch, store.Row)) {
	w.t.Helper()
	rows, err := w.store.Load(ctx, tenant, []store.Key{key}, nil)
	require.NoError(w.t, err)
	require.Contains(w.t, rows.Found, key)
	b := store.NewBatch(tenant, w.clock.Now())
	b.Read(rows)
	write(b, rows.Found[key])
	require.NoError(w.t, b.Seal())
	require.NoError(w.t, w.store.Commit(ctx, b))
}

func TestF2_AnErasedConversationIsForgotten(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.filtered()
		kept, c := w.hears("ann", spamSays), w.hears("eve", spamSays)
		w.do(w.jane, kept.ID, frontdesk.Spam{})
		w.do(w.jane, c.ID, frontdesk.Spam{})
		w.learnsMarks()
		w.do(w.jane, c.ID, frontdesk.Restore{})
		w.changeRow(store.Key{Kind: store.Conversation, ID: c.ID}, func(b *store.Batch, row store.Row) { b.Delete(row.Key) })
		w.learnsMarks()
		assert.Equal(t, 2, w.spamVerdict(kept.ID).Marks, "what it taught stays")
		learned := store.Key{Kind: store.Document, ID: "learned/" + c.ID}
		rows, err := w.store.Load(ctx, tenant, []store.Key{learned}, nil)
		require.NoError(t, err)
		assert.Contains(t, rows.Absent, learned, "and whose it was is gone")
	})
}

// A model that this program cannot read, such as a newer one's, holds no message up and loses no mark.
func TestF2_AnUnreadableModelHoldsNothingUp(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		w.filtered()
		w.trained(60)
		key := store.Key{Kind: store.Document, ID: "spam/model"}
		var good []byte
		w.changeRow(key, func(b *store.Batch, row store.Row) {
			good = row.Body
			row.Body = []byte("1 0\n{\"generation\":20,\"model\":\"ZmRzcGFtYw==\"}")
			b.Put(row)
		})
		d := w.open()
		require.Equal(t, http.StatusOK, serve(d, w.provider.Request(w.says("eve", spamSays))))
		c := w.current("eve")
		assert.Equal(t, conversation.ShelfWaiting, c.Shelf)
		w.do(w.jane, c.ID, frontdesk.Spam{})
		w.learnsMarks()
		w.changeRow(key, func(b *store.Batch, row store.Row) {
			row.Body = good
			b.Put(row)
		})
		w.clock.Advance(time.Minute)
		w.run()
		assert.Equal(t, 61, w.spamVerdict(c.ID).Marks, "the mark was learned once the model could be read")
	})
}
