package desk_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/conversation"
)

func (w *world) whispers(s *frontdesk.Session, id, text string, mentions ...string) conversation.Message {
	w.t.Helper()
	m, err := s.Reply(ctx, id, frontdesk.Draft{Text: text, Whisper: true, Verbatim: true, Mentions: mentions})
	require.NoError(w.t, err)
	return m
}

func TestC12_MentionsNotifyAndSubscribe(t *testing.T) {
	withRecords(t, func(t *testing.T, w *world, r *record) {
		w.agent(frontdesk.Agent{ID: "kim", Name: "Kim Lee", Mailboxes: []string{"berlin"}, Teams: []string{"returns"}})
		w.agent(frontdesk.Agent{ID: "own", Name: "Otto", Mailboxes: []string{"berlin"}, Scope: frontdesk.ScopeOwn})
		c := w.hears("ann", "Hi")
		w.run()
		m := w.whispers(w.jane, c.ID, "@Joe and @[own], please. @Joe?", "kim")
		assert.Equal(t, []string{"joe", "kim", "own"}, m.Mentions)
		assert.Equal(t, []string{"agent/joe", "agent/kim", "agent/own"}, w.get(c.ID).Subscribers, "in the same commit")
		mention := frontdesk.NoticeMention
		assert.Equal(t, reasons{"joe": mention, "kim": mention, "own": mention}, w.noticed(c.ID))
		assert.Equal(t, 1, w.notices("joe")[0].Messages, "twice in a text is once")
		assert.Equal(t, m.ID, w.notices("joe")[0].Message)
		assert.Empty(t, w.texts(), "a whisper stays inside")

		w.clear()
		w.hears("ann", "Hello?")
		assert.Equal(t, reasons{"joe": frontdesk.NoticeSubscriber, "kim": frontdesk.NoticeSubscriber, "own": frontdesk.NoticeSubscriber}, w.noticed(c.ID),
			"from then on they are told of what the customer writes")

		w.clear()
		other := w.hears("bob", "Hi")
		w.run()
		m = w.whispers(w.jane, other.ID, "@Returns, @jd", "team/returns")
		assert.Equal(t, []string{"kim"}, m.Mentions, "of her team everybody but herself")
		assert.Equal(t, reasons{"kim": mention}, w.noticed(other.ID))
		assert.Equal(t, []string{"agent/kim"}, w.get(other.ID).Subscribers)
	})
}

func TestC12_MentionsOfThoseWhoDoNotSeeIt(t *testing.T) {
	withRecords(t, func(t *testing.T, w *world, _ *record) {
		w.agent(frontdesk.Agent{ID: "gone", Name: "Gone", Mailboxes: []string{"berlin"}, Inactive: true})
		w.agent(frontdesk.Agent{ID: "sms", Name: "Sms", Mailboxes: []string{"berlin"}, Messaging: map[string][]string{"berlin": {"sms"}}})
		w.agent(frontdesk.Agent{ID: "two", Name: "Joe", Mailboxes: []string{"berlin"}})
		c := w.hears("ann", "Hi")
		m := w.whispers(w.jane, c.ID, "@Mia @Gone @[sms] @nobody jane@joe.example @ and @Joe, which two are called")
		assert.Equal(t, []string{"joe"}, m.Mentions, "an ID is never another's name")
		before := len(w.timeline(c.ID))
		for _, who := range []string{"mia", "gone", "sms"} {
			_, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "x", Whisper: true, Mentions: []string{who}})
			require.ErrorIs(t, err, frontdesk.ErrInvalid, who)
			assert.ErrorContains(t, err, who)
		}
		for _, who := range []string{"ghost", "team/ghost", "", "\x00"} {
			_, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "x", Whisper: true, Mentions: []string{who}})
			require.ErrorIs(t, err, frontdesk.ErrNotFound, who)
		}
		many := strings.Split(strings.Repeat("joe,", frontdesk.MaxMentions)+"joe", ",")
		_, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "x", Whisper: true, Mentions: many})
		require.ErrorIs(t, err, frontdesk.ErrInvalid)
		_, err = w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "x", Mentions: []string{"joe"}})
		require.ErrorIs(t, err, frontdesk.ErrInvalid, "what a customer reads mentions nobody")
		assert.Len(t, w.timeline(c.ID), before, "nothing was half done")
		w.replies(c.ID, "Ask @Joe")
		assert.Equal(t, reasons{"joe": frontdesk.NoticeMention}, w.noticed(c.ID))
	})
}

func TestC12_MentionsOfMoreThanCanSubscribe(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		require.NoError(t, w.setup.SaveTeam(ctx, frontdesk.Team{ID: "big", Name: "Everybody"}))
		for i := range conversation.MaxSubscribers + 1 {
			w.agent(frontdesk.Agent{ID: fmt.Sprint("a", i), Mailboxes: []string{"berlin"}, Teams: []string{"big"}})
		}
		c := w.hears("ann", "Hi")
		_, err := w.jane.Whisper(ctx, c.ID, "@everybody")
		require.ErrorIs(t, err, conversation.ErrValue)
		assert.ErrorContains(t, err, fmt.Sprint(conversation.MaxSubscribers))
		assert.Empty(t, w.get(c.ID).Subscribers)
		assert.Len(t, w.timeline(c.ID), 1)
	})
}

// The same key whispers, mentions and tells once.
func TestC12_MentionsOnceUnderOneKey(t *testing.T) {
	withRecords(t, func(t *testing.T, w *world, r *record) {
		c := w.hears("ann", "Hi")
		w.run()
		draft := frontdesk.Draft{Text: "@joe", Whisper: true, Key: "k"}
		for range 3 {
			_, err := w.jane.Reply(ctx, c.ID, draft)
			require.NoError(t, err)
			w.run()
		}
		list := w.notices("joe")
		require.Len(t, list, 1)
		assert.Equal(t, 1, list[0].Messages)
		assert.Len(t, r.handed, 1)
	})
}

func TestC20_RoleSubscribersAreTold(t *testing.T) {
	withRecords(t, func(t *testing.T, w *world, _ *record) {
		save := func(agents ...string) {
			require.NoError(t, w.setup.SaveResponsibility(ctx, frontdesk.Responsibility{ID: "buying", Names: english("Buying"), Agents: agents}))
		}
		w.agent(frontdesk.Agent{ID: "own", Mailboxes: []string{"berlin"}, Scope: frontdesk.ScopeOwn})
		save("joe", "own", "mia")
		c := w.hears("ann", "Hi")
		w.do(w.setup, c.ID, frontdesk.ChangeSubscribers{Add: []string{conversation.SubscriberRole("buying")}})
		w.run()
		w.hears("ann", "Hello?")
		subscriber := frontdesk.NoticeSubscriber
		assert.Equal(t, reasons{"joe": subscriber, "own": subscriber}, w.noticed(c.ID), "all who have it and see the mailbox")

		save("joe", "kim")
		assert.Equal(t, reasons{"joe": subscriber}, w.noticed(c.ID), "who saw it through the responsibility alone keeps no notice")
		w.clear()
		w.hears("ann", "Anybody?")
		assert.Equal(t, reasons{"joe": subscriber, "kim": subscriber}, w.noticed(c.ID), "whoever has it at the time")
	})
}

// A mention is news until its agent has looked himself, also when a customer writes after it and a colleague looks.
func TestP8_AMentionStaysNews(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		require.NoError(t, w.setup.SaveSettings(ctx, frontdesk.Settings{GlobalRead: true}))
		c := w.hears("ann", "Hi")
		w.do(w.jane, c.ID, frontdesk.Assign{Agent: "jd"})
		w.run()
		view := func(s *frontdesk.Session) {
			_, err := s.View(ctx, c.ID)
			require.NoError(t, err)
			w.run()
		}
		view(w.jane)
		w.whispers(w.joe, c.ID, "Jane, please call her", "jd")
		w.run()
		w.hears("ann", "Are you there?")
		w.run()
		view(w.joe)
		assert.Len(t, w.notices("jd"), 1)
		view(w.jane)
		assert.Empty(t, w.notices("jd"))
	})
}
