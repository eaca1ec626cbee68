package desk_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/conversation/reply"
	"github.com/frontdesk-go/frontdesk/routing"
)

// answers saves automatic answers.
func (w *world) answers(replies ...frontdesk.AutoReply) {
	w.t.Helper()
	require.NoError(w.t, w.setup.SaveAutoReplies(ctx, replies))
}

var (
	closed = frontdesk.AutoReply{ID: "closed", Hours: frontdesk.OutsideHours, Text: "Hello {{contact.first_name|there}}, we are closed"}
	busy   = frontdesk.AutoReply{ID: "busy", Hours: frontdesk.InsideHours, Audience: frontdesk.AudienceUntaken, Text: "All of us are busy"}
)

func TestA9_NobodyAvailableByHours(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.keepsHours(routing.Alerts{})
		require.NoError(t, w.setup.SaveSettings(ctx, frontdesk.Settings{WhisperDefault: true}))
		w.answers(closed, busy)
		c := w.hears("ann", "Hi") // ten in Berlin
		w.clock.Advance(frontdesk.DefaultAfter - time.Second)
		w.run()
		assert.Empty(t, w.texts(), "somebody may still take it")
		w.clock.Advance(time.Second)
		w.run()
		assert.Equal(t, []string{"All of us are busy"}, w.texts())
		w.hears("ann", "Oh")
		w.clock.Advance(time.Hour)
		w.run()
		w.turn("2026-03-02 20:00")
		w.hears("ann", "Still there?")
		w.run()
		assert.Len(t, w.texts(), 1, "once while she waits, whatever the hour")
		got := w.get(c.ID)
		assert.Equal(t, utc(t, "2026-03-02 09:00"), got.WaitingSince, "she still waits")
		assert.True(t, got.Told())
		last := w.timeline(c.ID)[1]
		assert.Equal(t, conversation.Outbound, last.Direction)
		assert.Equal(t, conversation.BySystem, last.Author.Kind)

		_, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "Yes", Public: true})
		require.NoError(t, err)
		w.hears("ann", "Good")
		w.run()
		assert.Equal(t, []string{"All of us are busy", "Yes", "Hello ann, we are closed"}, w.texts(), "a new spell, at night: at once")

		w.turn("2026-03-03 09:00")
		bob := w.hears("bob", "Hi")
		w.do(w.jane, bob.ID, frontdesk.Assign{Agent: "jd"})
		w.clock.Advance(time.Hour)
		w.run()
		assert.Len(t, w.texts(), 3, "somebody has taken it")
	})
}

// An agent answers between the message and the look: what the customer writes then has its own time.
func TestA9_AnAnswerBeginsAnotherSpell(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.answers(busy)
		c := w.hears("ann", "Hi")
		w.run()
		w.clock.Advance(time.Minute)
		_, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "Yes?"})
		require.NoError(t, err)
		w.clock.Advance(50 * time.Second)
		w.hears("ann", "Where is it?")
		w.clock.Advance(10 * time.Second)
		w.run()
		assert.Equal(t, []string{"Yes?"}, w.texts())
		w.clock.Advance(110 * time.Second)
		w.run()
		assert.Equal(t, []string{"Yes?", "All of us are busy"}, w.texts())
	})
}

func TestU3_FirstMatchInOrder(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		shop := w.channel(frontdesk.Channel{Account: "second", Mailbox: "berlin"})
		w.answers(
			frontdesk.AutoReply{ID: "off", Off: true, Text: "off"},
			frontdesk.AutoReply{ID: "munich", Mailboxes: []string{"munich"}, Text: "munich"},
			frontdesk.AutoReply{ID: "night", Hours: frontdesk.OutsideHours, Text: "night"},
			frontdesk.AutoReply{ID: "second", Channels: []string{shop.ID}, Text: "second"},
			frontdesk.AutoReply{ID: "full", Audience: frontdesk.AudienceFull, Capacity: 3, Text: "full"},
			frontdesk.AutoReply{ID: "new", Audience: frontdesk.AudienceNew, Text: "new"},
			frontdesk.AutoReply{ID: "any", Hours: frontdesk.InsideHours, Text: "any"},
		)
		ann := w.hears("ann", "Hi")
		w.run()
		assert.Equal(t, []string{"new"}, w.texts())
		_, err := w.jane.Reply(ctx, ann.ID, frontdesk.Draft{Text: "Yes"})
		require.NoError(t, err)
		w.hears("ann", "Again")
		w.run()
		assert.Equal(t, []string{"new", "Yes", "any"}, w.texts())
		second := w.says("bob", "Hi")
		second.Account = "second"
		w.takes(second)
		w.run()
		require.Len(t, w.provider.Sent("second"), 1)
		assert.Equal(t, "second", w.provider.Sent("second")[0].Part.Text)
		w.hears("cyd", "Hi")
		w.run()
		assert.Equal(t, []string{"new", "Yes", "any", "full"}, w.texts(), "the third conversation in the inbox")
		w.do(w.jane, ann.ID, frontdesk.SetStatus{Status: conversation.Closed})
		w.hears("dan", "Hi")
		w.run()
		w.do(w.jane, w.current("cyd").ID, frontdesk.Archive{})
		w.do(w.jane, w.current("bob").ID, frontdesk.Archive{})
		w.hears("eve", "Hi")
		w.run()
		assert.Equal(t, []string{"new", "Yes", "any", "full", "full", "new"}, w.texts())

		got, err := w.jane.AutoReplies(ctx)
		require.NoError(t, err)
		require.Len(t, got, 7)
		assert.Equal(t, "munich", got[1].ID)
		w.answers()
		w.hears("fay", "Hi")
		w.run()
		assert.Len(t, w.texts(), 6, "none are left")
	})
}

func TestU3_NeverToMachinesSpamOrTheRefusing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		require.NoError(t, w.setup.SaveSpamLists(ctx, frontdesk.SpamLists{Block: []string{"eve"}}))
		w.answers(frontdesk.AutoReply{ID: "any", Text: "any"})
		robot := w.says("robot", "I am away")
		robot.Message.Automatic = true
		w.takes(robot)
		w.run()
		assert.Empty(t, w.texts(), "automatic mail")

		spam := w.hears("mallory", "Buy")
		w.do(w.jane, spam.ID, frontdesk.Spam{})
		w.run()
		assert.Empty(t, w.texts(), "spam before the look")
		w.hears("mallory", "Buy more")
		w.run()
		assert.Empty(t, w.texts(), "spam when it came")

		w.takes(channel.Item{Account: "shop", Thread: "zoe", At: w.clock.Now(), Consent: &channel.Consent{OptedOut: true,
			From: conversation.Identity{Scope: "loopback", Address: "zoe"}}})
		zoe := w.hears("zoe", "Stop")
		w.run()
		assert.Empty(t, w.texts(), "who has opted out")
		got := w.get(zoe.ID)
		assert.False(t, got.Told())
		assert.Len(t, w.timeline(zoe.ID), 1, "nothing half done")
		w.takes(channel.Item{Account: "shop", Thread: "zoe", At: w.clock.Now(), Consent: &channel.Consent{
			From: conversation.Identity{Scope: "loopback", Address: "zoe"}}})
		w.clock.Advance(time.Minute)
		w.run()
		assert.Empty(t, w.texts(), "what was refused is not tried again")

		w.hears("ann", "Hi")
		w.run()
		assert.Equal(t, []string{"any"}, w.texts())
		echo := w.says("ann", "from the phone")
		echo.Message.Origin = channel.Echo
		require.Equal(t, http.StatusOK, w.hook(echo))
		w.run()
		assert.Len(t, w.texts(), 1, "what the business sends itself is no message to answer")
	})
}

// The process was down: what is days old is not answered automatically any more.
func TestU3_NotDaysLater(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.answers(frontdesk.AutoReply{ID: "any", Text: "any"})
		w.hears("ann", "Hi")
		w.clock.Advance(49 * time.Hour)
		w.run()
		assert.Empty(t, w.texts())
		w.hears("bob", "Hi")
		w.clock.Advance(47 * time.Hour)
		w.run()
		assert.Equal(t, []string{"any"}, w.texts())
	})
}

func TestU3_BadRepliesAreRefused(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		w.answers(busy)
		for name, r := range map[string]frontdesk.AutoReply{
			"no ID":            {Text: "x"},
			"no text":          {ID: "x", Text: " "},
			"long":             {ID: "x", Text: string(make([]byte, 4097))},
			"hours":            {ID: "x", Text: "x", Hours: "lunch"},
			"audience":         {ID: "x", Text: "x", Audience: "friends"},
			"no capacity":      {ID: "x", Text: "x", Audience: frontdesk.AudienceFull},
			"capacity for any": {ID: "x", Text: "x", Capacity: 3},
			"after for any":    {ID: "x", Text: "x", After: time.Minute},
			"short":            {ID: "x", Text: "x", Audience: frontdesk.AudienceUntaken, After: time.Millisecond},
			"long after":       {ID: "x", Text: "x", Audience: frontdesk.AudienceUntaken, After: 25 * time.Hour},
			"twice":            {ID: "ok", Text: "x"},
		} {
			require.ErrorIs(t, w.setup.SaveAutoReplies(ctx, []frontdesk.AutoReply{{ID: "ok", Text: "ok"}, r}), frontdesk.ErrInvalid, name)
		}
		require.ErrorIs(t, w.setup.SaveAutoReplies(ctx, []frontdesk.AutoReply{{ID: "x", Text: "x", Mailboxes: []string{"nowhere"}}}), frontdesk.ErrNotFound)
		require.ErrorIs(t, w.setup.SaveAutoReplies(ctx, []frontdesk.AutoReply{{ID: "x", Text: "x", Channels: []string{"none"}}}), frontdesk.ErrNotFound)
		var syntax *reply.SyntaxError
		require.ErrorAs(t, w.setup.SaveAutoReplies(ctx, []frontdesk.AutoReply{{ID: "x", Text: "Hello {{contact"}}), &syntax)
		require.ErrorIs(t, w.setup.SaveAutoReplies(ctx, make([]frontdesk.AutoReply, 51)), frontdesk.ErrInvalid)
		got, err := w.setup.AutoReplies(ctx)
		require.NoError(t, err)
		assert.Equal(t, []frontdesk.AutoReply{busy}, got, "nothing was saved")

		before := w.count(conversation.EventSetting)
		w.answers(busy)
		assert.Equal(t, before, w.count(conversation.EventSetting), "saving the same again changes nothing")
		require.NoError(t, w.setup.SaveSettings(ctx, frontdesk.Settings{GlobalRead: true}))
		w.hears("ann", "Hi")
		w.run()
		w.clock.Advance(frontdesk.DefaultAfter)
		w.run()
		assert.Len(t, w.texts(), 1, "other settings leave them in use")
	})
}

func TestU3_NotToTheMachineOfAnotherThread(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		ann, list := w.hears("ann", "Hi"), w.hears("list", "Hi, too")
		_, err := w.setup.Merge(ctx, ann.ID, list.ID)
		require.NoError(t, err)
		w.replies(ann.ID, "Hello")
		w.run()
		w.answers(frontdesk.AutoReply{ID: "a", Text: "Please wait", Audience: frontdesk.AudienceUntaken, After: 2 * time.Minute})
		w.clock.Advance(time.Minute)
		w.hears("ann", "Anybody?")
		w.run()
		w.clock.Advance(time.Minute)
		in := w.says("list", "Out of office")
		in.Message.Automatic = true
		w.takes(in)
		w.run()
		w.passes(5 * time.Minute)
		for _, call := range w.provider.Sent("shop") {
			if call.Part.Text == "Please wait" {
				assert.Equal(t, "ann", call.Part.Thread)
			}
		}
	})
}
