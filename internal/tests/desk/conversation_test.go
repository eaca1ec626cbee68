package desk_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
)

// do carries out actions that must work.
func (w *world) do(s *frontdesk.Session, id string, actions ...frontdesk.Action) frontdesk.Conversation {
	w.t.Helper()
	c, err := s.Do(ctx, id, actions...)
	require.NoError(w.t, err)
	return c
}

// same asserts that a conversation and its timeline are what they were.
func (w *world) same(before frontdesk.Conversation, entries []conversation.Message) {
	w.t.Helper()
	after := w.get(before.ID)
	assert.Equal(w.t, before.Changed, after.Changed, "nothing half done")
	assert.Equal(w.t, len(entries), len(w.timeline(before.ID)), "nothing half done")
}

func TestC1_OneListFromEveryChannel(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		sms := w.channel(frontdesk.Channel{Account: "sms", Mailbox: "berlin"})
		jane := w.agent(frontdesk.Agent{ID: "li", Name: "Émile 李", Mailboxes: []string{"berlin"}})
		m := w.says("ann", "Look")
		m.At = w.clock.Now().Add(-time.Hour)
		m.Message.HTML = "<b>Look</b>"
		m.Message.Attachments = []conversation.Attachment{{ID: "f1", Name: "a.png", Type: "image/png", Size: 7}}
		w.takes(m)
		w.clock.Advance(time.Second)
		other := w.says("bob", "Hi")
		other.Account = "sms"
		w.takes(other)
		list := w.list(jane, frontdesk.Query{})
		require.Len(t, list, 2)
		assert.Equal(t, []string{"Hi", "Look"}, []string{list[0].Preview, list[1].Preview})

		in := w.timeline(list[1].ID)[0]
		assert.Equal(t, conversation.Inbound, in.Direction)
		assert.Equal(t, m.At, in.At, "the provider's time")
		assert.WithinDuration(t, w.clock.Now().Add(-time.Second), in.Stored, time.Millisecond, "ours")
		assert.Equal(t, w.chat.ID, in.Channel)
		assert.Equal(t, "<b>Look</b>", in.HTML)
		assert.Equal(t, m.Message.Attachments, in.Attachments)

		_, err := jane.Reply(ctx, list[1].ID, frontdesk.Draft{Text: "Nice"})
		require.NoError(t, err)
		out := w.timeline(list[1].ID)[1]
		assert.Equal(t, conversation.Actor{Kind: conversation.ByAgent, ID: "li", Name: "Émile 李", Initials: "É李"}, out.Author)

		// Answering over another gateway adds a thread.
		_, err = jane.Reply(ctx, list[1].ID, frontdesk.Draft{Text: "Nope", Channel: "unknown"})
		require.ErrorIs(t, err, frontdesk.ErrNotFound)
		assert.Equal(t, sms.ID, list[0].Threads[0].Channel)
	})
}

func TestC2_NumberSubjectPreviewCountTimes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.says("ann", strings.Repeat("word ", 100))
		m.Message.Subject = "Order 7"
		w.takes(m)
		c := w.current("ann")
		bob := w.hears("bob", "Hi")
		assert.NotZero(t, c.Number)
		assert.NotEqual(t, c.Number, bob.Number)
		assert.Equal(t, "Order 7", c.Subject)
		assert.LessOrEqual(t, len([]rune(c.Preview)), conversation.PreviewLength)
		assert.Equal(t, w.clock.Now(), c.Created)
		assert.Equal(t, w.clock.Now(), c.WaitingSince)
		first := w.clock.Now()
		w.clock.Advance(time.Minute)
		w.hears("ann", "Still")
		c = w.get(c.ID)
		assert.Equal(t, first, c.WaitingSince, "the first unanswered message")
		assert.Equal(t, 2, c.Messages)
		_, err := w.jane.Whisper(ctx, c.ID, "a note")
		require.NoError(t, err)
		assert.Equal(t, first, w.get(c.ID).WaitingSince, "a whisper does not answer")
		_, err = w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "Here"})
		require.NoError(t, err)
		c = w.get(c.ID)
		assert.True(t, c.WaitingSince.IsZero())
		assert.Equal(t, 4, c.Messages)
		assert.Equal(t, "Here", c.Preview)
	})
}

func TestC3_StatusAndWhereItStarts(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		require.NoError(t, w.setup.SaveMailbox(ctx, frontdesk.Mailbox{ID: "munich", Start: conversation.Closed}))
		w.channel(frontdesk.Channel{Account: "bot", Mailbox: "munich"})
		m := w.says("bob", "Hi")
		m.Account = "bot"
		w.takes(m)
		assert.Equal(t, conversation.Closed, w.current("bob").Status)
		c := w.hears("ann", "Hi")
		assert.Equal(t, conversation.ShelfWaiting, c.Shelf)
		assert.Equal(t, conversation.ShelfTeam, w.do(w.jane, c.ID, frontdesk.Assign{Team: "returns"}).Shelf)
		assert.Equal(t, conversation.ShelfAssigned, w.do(w.jane, c.ID, frontdesk.Assign{Agent: "joe", Team: "returns"}).Shelf)
		closed := w.do(w.jane, c.ID, frontdesk.SetStatus{Status: conversation.Closed})
		assert.Equal(t, conversation.ShelfDone, closed.Shelf)
		assert.Equal(t, "joe", closed.Agent)
		before, entries := w.get(c.ID), w.timeline(c.ID)
		for _, bad := range []frontdesk.Action{frontdesk.SetStatus{Status: "pending"}, frontdesk.Assign{Agent: "nobody"}, frontdesk.Assign{Team: "nobody"}, nil} {
			_, err := w.jane.Do(ctx, c.ID, frontdesk.Tag{Add: []string{"x"}}, bad)
			require.Error(t, err)
			assert.True(t, frontdesk.Refused(err), "%v", err)
		}
		w.same(before, entries)
	})
}

func TestC4_BotAnswersOnlyWhileClosed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		require.NoError(t, w.setup.SaveMailbox(ctx, frontdesk.Mailbox{ID: "berlin", Start: conversation.Closed}))
		bot := w.desk.As(frontdesk.Actor{Tenant: tenant, Automation: "bot"})
		c := w.hears("ann", "Hi")
		say := func() error {
			_, err := bot.Reply(ctx, c.ID, frontdesk.Draft{Text: "I am a bot"})
			return err
		}
		require.NoError(t, say())
		require.NoError(t, say())
		w.hears("ann", "A person please")
		require.NoError(t, say(), "asking pauses nothing")
		w.do(w.jane, c.ID, frontdesk.SetStatus{Status: conversation.Open})
		require.ErrorIs(t, say(), conversation.ErrState)
		w.do(w.jane, c.ID, frontdesk.Assign{Agent: "jd"})
		require.ErrorIs(t, say(), conversation.ErrState)
		w.do(w.jane, c.ID, frontdesk.SetStatus{Status: conversation.Closed})
		require.NoError(t, say())
		assert.False(t, w.get(c.ID).WaitingSince.IsZero(), "a bot's answer is none")
	})
}

func TestC5_InboundOnClosed(t *testing.T) {
	closed := frontdesk.SetStatus{Status: conversation.Closed}
	day := 24 * time.Hour
	for name, row := range map[string]struct {
		box   frontdesk.Mailbox
		act   []frontdesk.Action
		after time.Duration
		fresh bool
	}{
		"reopen":             {act: []frontdesk.Action{closed}},
		"reopen archived":    {act: []frontdesk.Action{closed, frontdesk.Archive{}}},
		"new":                {box: frontdesk.Mailbox{StartNew: true}, act: []frontdesk.Action{closed}, fresh: true},
		"new, archived":      {box: frontdesk.Mailbox{StartNew: true}, act: []frontdesk.Action{closed, frontdesk.Archive{}}, fresh: true},
		"new, but open":      {box: frontdesk.Mailbox{StartNew: true}},
		"before N days":      {box: frontdesk.Mailbox{NewAfterDays: 7}, act: []frontdesk.Action{closed}, after: 6 * day},
		"after N days":       {box: frontdesk.Mailbox{NewAfterDays: 7}, act: []frontdesk.Action{closed}, after: 8 * day, fresh: true},
		"trash":              {act: []frontdesk.Action{frontdesk.Trash{}}, fresh: true},
		"archived, not done": {act: []frontdesk.Action{frontdesk.Archive{}}},
	} {
		t.Run(name, func(t *testing.T) {
			onMemory(t, func(t *testing.T, w *world) {
				row.box.ID = "berlin"
				require.NoError(t, w.setup.SaveMailbox(ctx, row.box))
				c := w.hears("ann", "Hi")
				if len(row.act) > 0 {
					w.do(w.jane, c.ID, row.act...)
				}
				w.clock.Advance(row.after + time.Second)
				w.hears("ann", "Again")
				list := w.list(w.jane, frontdesk.Query{})
				require.Len(t, list, 1, "it is in the inbox")
				assert.Equal(t, row.fresh, list[0].ID != c.ID)
				assert.Equal(t, "Again", list[0].Preview)
				assert.Equal(t, c.Contacts, list[0].Contacts)
				w.hears("ann", "And again")
				assert.Equal(t, 1, len(w.list(w.jane, frontdesk.Query{})), "the thread leads to it from now on")
			})
		})
	}
	onMemory(t, func(t *testing.T, w *world) {
		for _, n := range []int{-1, 1827} {
			require.ErrorIs(t, w.setup.SaveMailbox(ctx, frontdesk.Mailbox{ID: "berlin", NewAfterDays: n}), frontdesk.ErrInvalid)
		}
		require.ErrorIs(t, w.setup.SaveMailbox(ctx, frontdesk.Mailbox{ID: "berlin", Start: "assigned"}), frontdesk.ErrInvalid)
	})
}

func TestC6_CompleteTellsOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		for range 3 {
			done := w.do(w.jane, c.ID, frontdesk.Complete{})
			assert.True(t, done.Finished)
			assert.Equal(t, conversation.Closed, done.Status)
		}
		assert.Empty(t, w.list(w.jane, frontdesk.Query{}))
		assert.Len(t, w.list(w.jane, frontdesk.Query{View: frontdesk.AllView}), 1)
		assert.Equal(t, int64(0), w.unread(w.joe))
		assert.Equal(t, 1, w.count(conversation.EventFinished))
	})
}

func TestC7_CompletedThenAnswered(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		w.do(w.jane, c.ID, frontdesk.Complete{})
		w.clock.Advance(time.Hour)
		back := w.hears("ann", "One more thing")
		assert.Equal(t, c.ID, back.ID)
		assert.Len(t, w.list(w.jane, frontdesk.Query{}), 1)
		assert.True(t, back.Returned)
		before, entries := w.get(c.ID), w.timeline(c.ID)
		_, err := w.jane.Do(ctx, c.ID, frontdesk.Tag{Add: []string{"x"}}, frontdesk.Complete{})
		var state *conversation.StateError
		require.ErrorAs(t, err, &state)
		assert.Equal(t, "archive", state.Instead)
		w.same(before, entries)
		w.do(w.jane, c.ID, frontdesk.Archive{})
		assert.Empty(t, w.list(w.jane, frontdesk.Query{}))
		w.hears("ann", "Yet another")
		w.do(w.jane, c.ID, frontdesk.Complete{})
		assert.Equal(t, 2, w.count(conversation.EventFinished), "the spell has ended")
	})
}

func TestC8_Snooze(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		_, err := w.jane.View(ctx, c.ID)
		require.NoError(t, err)
		until, err := w.jane.SnoozePreset(conversation.Tomorrow, time.UTC)
		require.NoError(t, err)
		w.do(w.jane, c.ID, frontdesk.Snooze{Until: until})
		assert.Empty(t, w.list(w.jane, frontdesk.Query{}))
		assert.Equal(t, int64(0), w.unread(w.joe))
		snoozed := w.list(w.jane, frontdesk.Query{View: frontdesk.SnoozedView})
		require.Len(t, snoozed, 1)
		assert.Equal(t, until, snoozed[0].Snoozed)
		w.run()
		assert.Empty(t, w.list(w.jane, frontdesk.Query{}), "it is not time yet")

		w.clock.Advance(5 * 24 * time.Hour) // the process was down for days
		w.run()
		assert.Len(t, w.list(w.jane, frontdesk.Query{}), 1)
		assert.Equal(t, int64(1), w.unread(w.jane), "its return makes unread")
		assert.Equal(t, 1, w.count(conversation.EventWoken))

		// A customer wakes it, unless it was to be kept asleep.
		w.do(w.jane, c.ID, frontdesk.Snooze{Until: w.clock.Now().Add(time.Hour)})
		w.hears("ann", "Hello?")
		assert.Len(t, w.list(w.jane, frontdesk.Query{}), 1)
		w.do(w.jane, c.ID, frontdesk.Snooze{Until: w.clock.Now().Add(time.Hour), KeepAsleep: true})
		w.hears("ann", "Hello??")
		assert.Empty(t, w.list(w.jane, frontdesk.Query{}))

		// A new time replaces the old one.
		w.do(w.jane, c.ID, frontdesk.Snooze{Until: w.clock.Now().Add(3 * time.Hour)})
		w.clock.Advance(2 * time.Hour)
		w.run()
		assert.Empty(t, w.list(w.jane, frontdesk.Query{}))
		w.do(w.jane, c.ID, frontdesk.Wake{ByHand: true})
		assert.Len(t, w.list(w.jane, frontdesk.Query{}), 1)
		woken := w.count(conversation.EventWoken)
		w.clock.Advance(2 * time.Hour)
		w.run()
		assert.Equal(t, woken, w.count(conversation.EventWoken), "it is awake")

		before, entries := w.get(c.ID), w.timeline(c.ID)
		for _, bad := range []frontdesk.Action{frontdesk.Snooze{}, frontdesk.Snooze{Until: w.clock.Now()}, frontdesk.Snooze{Until: w.clock.Now().AddDate(6, 0, 0)}, frontdesk.Wake{}} {
			_, err := w.jane.Do(ctx, c.ID, frontdesk.Tag{Add: []string{"x"}}, bad)
			assert.True(t, frontdesk.Refused(err), "%v", err)
		}
		_, err = w.jane.SnoozePreset("someday", nil)
		require.ErrorIs(t, err, conversation.ErrValue)
		w.same(before, entries)
	})
}

func TestC12_WhisperIsNeverSent(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		m, err := w.jane.Whisper(ctx, c.ID, "careful, {{braces}}")
		require.NoError(t, err)
		assert.Equal(t, conversation.Whisper, m.Direction)
		assert.Equal(t, "careful, {{braces}}", m.Text)
		require.NoError(t, w.setup.SaveSettings(ctx, frontdesk.Settings{WhisperDefault: true}))
		_, err = w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "internal"})
		require.NoError(t, err)
		_, err = w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "public", Public: true})
		require.NoError(t, err)
		w.run()
		assert.Equal(t, []string{"public"}, w.texts())
		before, entries := w.get(c.ID), w.timeline(c.ID)
		_, err = w.jane.Whisper(ctx, c.ID, " ")
		require.ErrorIs(t, err, frontdesk.ErrInvalid)
		_, err = w.jane.Whisper(ctx, c.ID, "nul\x00")
		require.ErrorIs(t, err, frontdesk.ErrInvalid)
		_, err = w.jane.Reply(ctx, c.ID, frontdesk.Draft{Whisper: true, Template: &conversation.Template{Name: "x"}})
		require.ErrorIs(t, err, frontdesk.ErrInvalid)
		w.same(before, entries)
	})
}

func TestC16_TimelineByTypeSaysWhoWhenFromTo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		w.clock.Advance(time.Minute)
		w.do(w.jane, c.ID, frontdesk.Assign{Agent: "joe"}, frontdesk.Tag{Add: []string{"vip", "late"}})
		_, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "Hello"})
		require.NoError(t, err)
		w.do(w.jane, c.ID, frontdesk.Complete{})
		types := func(want ...string) (got []string) {
			page, err := w.jane.Timeline(ctx, c.ID, frontdesk.TimelineQuery{Types: want, Ascending: true})
			require.NoError(t, err)
			for _, m := range page.Items {
				if m.Event != nil {
					got = append(got, m.Event.Type+" "+m.Event.From+">"+m.Event.To)
					assert.Equal(t, "jd", m.Event.Actor.ID)
					assert.Equal(t, "Jane Doe", m.Author.Name)
					assert.Equal(t, w.clock.Now(), m.Event.At)
				} else {
					got = append(got, string(m.Direction))
				}
			}
			return got
		}
		assert.Equal(t, []string{"inbound", "conversation.assigned />joe/", "conversation.tagged >late,vip", "outbound", "conversation.finished open>closed"}, types())
		assert.Equal(t, []string{"inbound", "outbound"}, types(conversation.EventReceived, conversation.EventOutgoing))
		assert.Equal(t, []string{"conversation.finished open>closed"}, types(conversation.EventFinished))
		assert.Empty(t, types("no.such"))

		// Pages go on where they ended, in both directions.
		for _, ascending := range []bool{true, false} {
			q, n := frontdesk.TimelineQuery{Ascending: ascending, Limit: 2}, 0
			for {
				page, err := w.jane.Timeline(ctx, c.ID, q)
				require.NoError(t, err)
				n += len(page.Items)
				if q.Cursor = page.Next; page.Next == "" {
					break
				}
			}
			assert.Equal(t, 5, n)
		}
		_, err = w.jane.Timeline(ctx, c.ID, frontdesk.TimelineQuery{Cursor: "xyz"})
		require.ErrorIs(t, err, frontdesk.ErrCursor)
		for _, limit := range []int{-1, 1001} {
			_, err = w.jane.Timeline(ctx, c.ID, frontdesk.TimelineQuery{Limit: limit})
			require.ErrorIs(t, err, frontdesk.ErrInvalid)
		}
	})
}

func TestC11_PlacesAndRestore(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		w.do(w.jane, c.ID, frontdesk.Archive{})
		w.do(w.jane, c.ID, frontdesk.Trash{})
		assert.Empty(t, w.list(w.jane, frontdesk.Query{View: frontdesk.AllView}))
		assert.Len(t, w.list(w.jane, frontdesk.Query{View: frontdesk.TrashView}), 1)
		_, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "Hello"})
		require.ErrorIs(t, err, conversation.ErrState)
		assert.Equal(t, conversation.Archive, w.do(w.jane, c.ID, frontdesk.Restore{}).Place)
		assert.Equal(t, conversation.Inbox, w.do(w.jane, c.ID, frontdesk.Restore{}).Place)
		w.do(w.jane, c.ID, frontdesk.Spam{})
		assert.Len(t, w.list(w.jane, frontdesk.Query{View: frontdesk.SpamView}), 1)
		assert.Equal(t, int64(0), w.unread(w.jane))
		w.do(w.jane, c.ID, frontdesk.Restore{})
		assert.Equal(t, int64(1), w.unread(w.jane))
	})
}

func TestS20_SeveralThingsInOneAct(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		_, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "Done", Then: []frontdesk.Action{frontdesk.Tag{Add: []string{"paid"}},
			frontdesk.Assign{Agent: "jd"}, frontdesk.Complete{}}})
		require.NoError(t, err)
		now := w.get(c.ID)
		assert.Equal(t, []string{"paid"}, now.Tags)
		assert.Equal(t, "jd", now.Agent)
		assert.True(t, now.Finished)
		entries := w.timeline(c.ID)
		_, err = w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "No", Then: []frontdesk.Action{frontdesk.Snooze{Until: w.clock.Now().Add(time.Hour)}}})
		require.ErrorIs(t, err, conversation.ErrState, "all or nothing")
		_, err = w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "No", Then: make([]frontdesk.Action, 9)})
		require.ErrorIs(t, err, frontdesk.ErrInvalid)
		w.same(now, entries)
		w.run()
		assert.Equal(t, []string{"Done"}, w.texts())
	})
}

func TestS21_InternalConversation(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m, err := w.jane.Compose(ctx, frontdesk.Start{Mailbox: "berlin", Draft: frontdesk.Draft{Text: "Who has the key?", Subject: "Key"}})
		require.NoError(t, err)
		c, err := w.joe.Conversation(ctx, m.Conversation)
		require.NoError(t, err)
		assert.True(t, c.Internal)
		assert.Empty(t, c.Contacts)
		assert.Empty(t, c.Windows)
		assert.Len(t, w.list(w.joe, frontdesk.Query{}), 1)
		_, err = w.joe.Reply(ctx, c.ID, frontdesk.Draft{Text: "Me"})
		require.ErrorIs(t, err, conversation.ErrState)
		_, err = w.joe.Whisper(ctx, c.ID, "Me")
		require.NoError(t, err)
		_, err = w.mia.Compose(ctx, frontdesk.Start{Mailbox: "berlin", Draft: frontdesk.Draft{Text: "x"}})
		require.ErrorIs(t, err, frontdesk.ErrNotFound)
		_, err = w.mia.Whisper(ctx, c.ID, "x")
		require.ErrorIs(t, err, frontdesk.ErrNotFound)
		w.run()
		assert.Empty(t, w.texts())
		assert.Len(t, w.timeline(c.ID), 2)
	})
}

func TestK1_ManyFirstMessagesAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		other := w.open()
		requests := make([]*channel.Request, 100)
		for i := range requests {
			requests[i] = w.provider.Request(w.says("ann", "Hi"))
		}
		atOnce(len(requests), func(i int) {
			d := w.desk
			if i%2 == 1 {
				d = other
			}
			_, code := w.redelivered(d, requests[i])
			assert.Equal(t, http.StatusOK, code)
		})
		list := w.list(w.jane, frontdesk.Query{})
		require.Len(t, list, 1)
		assert.Equal(t, 100, list[0].Messages)
		assert.Len(t, list[0].Contacts, 1)
		assert.Equal(t, 1, w.count(conversation.EventContact))
		assert.Equal(t, 1, w.count(conversation.EventCreated))
	})
}

// One person on several channels is one contact where an identity is shared.
func TestK1_OneContactByItsIdentities(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.channel(frontdesk.Channel{Account: "sms", Mailbox: "berlin"})
		c := w.hears("ann", "Hi")
		m := w.says("+49301", "Hi")
		m.Account = "sms"
		m.Message.From = []conversation.Identity{{Scope: conversation.ScopePhone, Address: "+49301"}, identity("ann")}
		w.takes(m)
		assert.Equal(t, c.Contacts, w.current("+49301").Contacts)
		page, err := w.jane.Conversations(ctx, frontdesk.Query{Contact: c.Contacts[0]})
		require.NoError(t, err)
		assert.Len(t, page.Items, 2)
		full := w.get(c.ID)
		require.Len(t, full.People, 1)
		assert.Len(t, full.People[0].Identities, 2)
		assert.Equal(t, "ann Customer", full.People[0].PlatformName)
	})
}

func TestConversationThatIsNotThere(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		for _, id := range []string{"", "nope", "a/b", strings.Repeat("x", 300), "\xff", "nul\x00"} {
			_, err := w.jane.Conversation(ctx, id)
			assert.ErrorIs(t, err, frontdesk.ErrNotFound)
			_, err = w.jane.Message(ctx, id)
			assert.ErrorIs(t, err, frontdesk.ErrNotFound)
			_, err = w.jane.Do(ctx, id, frontdesk.Complete{})
			assert.ErrorIs(t, err, frontdesk.ErrNotFound)
			_, err = w.jane.Reply(ctx, id, frontdesk.Draft{Text: "x"})
			assert.True(t, errors.Is(err, frontdesk.ErrNotFound), "%q: %v", id, err)
		}
	})
}
