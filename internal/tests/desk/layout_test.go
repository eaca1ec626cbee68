package desk_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
)

// mail connects an account that carries what mail does.
func (w *world) mail(account string, change ...func(*frontdesk.Channel)) frontdesk.Channel {
	w.t.Helper()
	caps := loopbackMail()
	w.provider.SetCapabilities(account, caps)
	ch := frontdesk.Channel{Account: account, Mailbox: "berlin", Name: "Mail"}
	for _, f := range change {
		f(&ch)
	}
	return w.channel(ch)
}

func TestS18_SignatureAndFrame(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ch := w.mail("mail", func(ch *frontdesk.Channel) {
			ch.Layouts = []frontdesk.Layout{
				{Signature: "Regards\n{{agent.name}}, {{channel.name}}"},
				{Language: "de", Frame: "Guten Tag {{contact.name|}},\n\n{{message}}\n\n{{signature}}\n\nFirma & Co.", Signature: "Gruß, {{agent.name}}"},
			}
		})
		c := w.arrives("mail", "ann", "Hi")
		send := func(d frontdesk.Draft) conversation.Message {
			m, err := w.jane.Reply(ctx, c.ID, d)
			require.NoError(t, err)
			return m
		}
		plain := send(frontdesk.Draft{Text: "Your {{contact.name}} {{x|y}}"})
		assert.Equal(t, "Your ann Customer y\n\nRegards\nJane Doe, Mail", plain.Text)
		german := send(frontdesk.Draft{Text: "Hallo", Language: "de-AT"})
		assert.Equal(t, "Guten Tag ann Customer,\n\nHallo\n\nGruß, Jane Doe\n\nFirma & Co.", german.Text, "the base language's")
		other := send(frontdesk.Draft{Text: "Salut", Language: "fr"})
		assert.Equal(t, "Salut\n\nRegards\nJane Doe, Mail", other.Text)
		assert.Equal(t, "Bare", send(frontdesk.Draft{Text: "Bare", NoSignature: true}).Text)
		again := send(frontdesk.Draft{Text: german.Text, Language: "de", Verbatim: true})
		assert.Equal(t, german.Text, again.Text, "what has it is not given it again")
		html := send(frontdesk.Draft{Text: "T", HTML: "<p>T {{contact.name}}</p>", Language: "de"})
		assert.Equal(t, "Guten Tag ann Customer,", strings.SplitN(html.Text, "\n", 2)[0])
		assert.Equal(t, "<p>T {{contact.name}}</p><br><br>Gruß, Jane Doe", html.HTML)
		braces := send(frontdesk.Draft{Text: "{{agent.name}} {{message}}", Verbatim: true})
		assert.Equal(t, "{{agent.name}} {{message}}\n\nRegards\nJane Doe, Mail", braces.Text, "a text is never filled by its frame")

		files := send(frontdesk.Draft{Attachments: files(1)})
		assert.Empty(t, files.Text, "no text, no layout")
		note := send(frontdesk.Draft{Text: "Internal", Whisper: true})
		assert.Equal(t, "Internal", note.Text)
		tpl := send(frontdesk.Draft{Template: &conversation.Template{Name: "hello"}})
		assert.Empty(t, tpl.Text)
		bot := w.desk.As(frontdesk.Actor{Tenant: tenant, Automation: "bot"})
		w.do(w.jane, c.ID, frontdesk.SetStatus{Status: conversation.Closed})
		auto, err := bot.Reply(ctx, c.ID, frontdesk.Draft{Text: "Beep"})
		require.NoError(t, err)
		assert.Equal(t, "Beep\n\nRegards\nbot, Mail", auto.Text)

		// A saved reply brings its language, and a draft's own wins.
		r, err := w.setup.SaveReply(ctx, frontdesk.SavedReply{Title: "T", Content: "Danke", Language: "de"})
		require.NoError(t, err)
		assert.Contains(t, send(frontdesk.Draft{Reply: r.ID}).Text, "Guten Tag")
		assert.Contains(t, send(frontdesk.Draft{Reply: r.ID, Language: "en"}).Text, "Regards")

		w.run()
		for _, call := range w.provider.Sent("mail") {
			assert.LessOrEqual(t, strings.Count(call.Part.Text, "Regards"), 1)
		}
		msgs, err := w.jane.SendTest(ctx, ch.ID, "zoe", frontdesk.Draft{Text: "Try"})
		require.NoError(t, err)
		assert.Equal(t, "This is a test message.", msgs[0].Text, "the disclaimer stands alone")
		assert.Contains(t, msgs[1].Text, "Regards")
	})
}

// The layout counts as part of the text, when it is measured, sent, scheduled and edited.
func TestS18_LayoutCounts(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.capable("short", func(c *channel.Capabilities) { c.Text = channel.Limit{Max: 20, Unit: channel.CodePoints} })
		w.channel(frontdesk.Channel{Account: "short", Mailbox: "berlin", Layouts: []frontdesk.Layout{{Signature: "-- Jane"}}})
		c := w.arrives("short", "ann", "Hi")
		m, err := w.jane.Measure(ctx, c.ID, frontdesk.Draft{Text: "12345678901"})
		require.NoError(t, err)
		assert.Equal(t, "12345678901\n\n-- Jane", m.Text)
		assert.Equal(t, 0, m.Left)
		assert.Empty(t, m.Problems)
		m, err = w.jane.Measure(ctx, c.ID, frontdesk.Draft{Text: "123456789012"})
		require.NoError(t, err)
		assert.Equal(t, -1, m.Left)
		require.Len(t, m.Violations, 1)
		assert.Equal(t, channel.CodeLength, m.Violations[0].Code)
		w.untouched(c.ID, func() {
			_, err = w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "123456789012"})
			assert.ErrorIs(t, err, frontdesk.ErrCapability)
		})
		s := w.later(c.ID, "12345678901", time.Hour)
		s, err = w.jane.EditScheduled(ctx, s.ID, frontdesk.Draft{Text: s.Text})
		require.NoError(t, err)
		assert.Equal(t, "12345678901\n\n-- Jane", s.Text, "once")
		_, err = w.jane.EditScheduled(ctx, s.ID, frontdesk.Draft{Text: "123456789012"})
		assert.ErrorIs(t, err, frontdesk.ErrCapability)
	})
}

func TestS18_BadLayouts(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		told := len(w.events())
		for name, layouts := range map[string][]frontdesk.Layout{
			"language":       {{Language: "not a language"}},
			"twice":          {{Language: "de"}, {Language: "DE"}},
			"no message":     {{Frame: "{{signature}}"}},
			"two messages":   {{Frame: "{{message}}{{message}}"}},
			"unknown field":  {{Signature: "{{agent.salary}}"}},
			"message inside": {{Signature: "{{message}}"}},
			"syntax":         {{Signature: "{{agent.name"}},
			"too long":       {{Signature: strings.Repeat("x", 5001)}},
			"too many":       make([]frontdesk.Layout, 51),
		} {
			ch := w.chat
			ch.Layouts = layouts
			_, err := w.setup.UpdateChannel(ctx, ch)
			require.Error(t, err, name)
			assert.True(t, frontdesk.Refused(err), "%s: %v", name, err)
		}
		assert.Len(t, w.events(), told)
	})
}

func TestS18_Forward(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ch := w.mail("mail", func(ch *frontdesk.Channel) { ch.Layouts = []frontdesk.Layout{{Signature: "-- Jane"}} })
		item := w.says("ann", "Where is {{agent.name}}?")
		item.Message.Subject = "Order"
		item.Message.Attachments = []conversation.Attachment{{Name: "a.jpg", Type: "image/jpeg", URL: "https://x.example/a"}, {Name: "b.jpg", Type: "image/jpeg", ID: "only-here"}}
		w.takes(item)
		c := w.current("ann")
		source := w.timeline(c.ID)[0]
		to := func(d frontdesk.Draft) frontdesk.Forward {
			return frontdesk.Forward{Start: frontdesk.Start{Channel: ch.ID, Address: "boss", Draft: d}, WithoutFiles: true}
		}
		m, err := w.jane.Forward(ctx, source.ID, to(frontdesk.Draft{Text: "FYI, {{agent.first_name}}", HTML: "<p>FYI</p>", Key: "once"}))
		require.NoError(t, err)
		assert.Equal(t, "FYI, Jane\n\n-- Jane\n\n---------- Forwarded message ----------\nFrom: ann Customer\nDate: Mon, 02 Mar 2026 09:00:00 +0000\nSubject: Order\n\nWhere is {{agent.name}}?",
			m.Text, "what the customer wrote is not filled")
		assert.Contains(t, m.HTML, "<p>FYI</p><br><br>-- Jane<br><br>---------- Forwarded")
		assert.Equal(t, source.ID, m.Forwards)
		assert.Empty(t, m.Attachments)
		again, err := w.jane.Forward(ctx, source.ID, to(frontdesk.Draft{Text: "FYI, {{agent.first_name}}", HTML: "<p>FYI</p>", Key: "once"}))
		require.NoError(t, err)
		assert.Equal(t, m.ID, again.ID)

		withFiles := to(frontdesk.Draft{})
		withFiles.WithoutFiles = false
		_, err = w.jane.Forward(ctx, source.ID, withFiles)
		var e *frontdesk.CapabilityError
		require.ErrorAs(t, err, &e, "a file that only its channel opens")
		assert.Contains(t, e.Problems[0], "b.jpg")
		// Into a conversation that is there, on the channel of the files.
		other := w.hears("bob", "Hello")
		into, err := w.jane.Forward(ctx, source.ID, frontdesk.Forward{Conversation: other.ID})
		require.NoError(t, err, "without a word of one's own")
		assert.Equal(t, other.ID, into.Conversation)
		assert.Len(t, into.Attachments, 2)
		w.run()
		assert.Equal(t, conversation.Sent, w.message(into.ID).Delivery)

		// Who does not see it cannot forward it, nor forward to what he does not see.
		_, err = w.mia.Forward(ctx, source.ID, to(frontdesk.Draft{}))
		assert.ErrorIs(t, err, frontdesk.ErrNotFound)
		far := w.channel(frontdesk.Channel{Account: "far", Mailbox: "munich"})
		hidden, err := w.setup.Compose(ctx, frontdesk.Start{Channel: far.ID, Address: "eve", Draft: frontdesk.Draft{Text: "x"}})
		require.NoError(t, err)
		_, err = w.jane.Forward(ctx, source.ID, frontdesk.Forward{Conversation: hidden.Conversation})
		assert.ErrorIs(t, err, frontdesk.ErrNotFound)
	})
}

func TestS18_WhispersAreNotForwardedUnsaid(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		secret, err := w.jane.Whisper(ctx, c.ID, "She is difficult")
		require.NoError(t, err)
		w.untouched(c.ID, func() {
			_, err = w.jane.Forward(ctx, secret.ID, frontdesk.Forward{Conversation: c.ID})
			assert.ErrorIs(t, err, frontdesk.ErrInvalid)
			assert.ErrorContains(t, err, "Whispers")
			_, err = w.jane.Forward(ctx, secret.ID, frontdesk.Forward{Conversation: c.ID, Start: frontdesk.Start{Address: "x"}})
			assert.ErrorIs(t, err, frontdesk.ErrInvalid)
		})
		m, err := w.jane.Forward(ctx, secret.ID, frontdesk.Forward{Conversation: c.ID, Whispers: true, Start: frontdesk.Start{Draft: frontdesk.Draft{Whisper: true}}})
		require.NoError(t, err)
		assert.Equal(t, conversation.Whisper, m.Direction)
		m, err = w.jane.Forward(ctx, secret.ID, frontdesk.Forward{Conversation: c.ID, Whispers: true})
		require.NoError(t, err)
		assert.Contains(t, m.Text, "From: Jane Doe")
		require.NoError(t, w.setup.SaveAgent(ctx, frontdesk.Agent{ID: "jd", Name: "Jane Doe", Alias: "Jane", Mailboxes: []string{"berlin"}}))
		m, err = w.jane.Forward(ctx, secret.ID, frontdesk.Forward{Conversation: c.ID, Whispers: true})
		require.NoError(t, err)
		assert.Contains(t, m.Text, "From: Jane\n", "the name that customers see")
		later := w.later(c.ID, "Later", time.Hour)
		w.do(w.jane, c.ID, frontdesk.Assign{Agent: "jd"})
		entries := w.timeline(c.ID)
		activity := entries[len(entries)-2]
		require.Equal(t, conversation.Activity, activity.Direction)
		for _, id := range []string{later.ID, activity.ID} {
			_, err = w.jane.Forward(ctx, id, frontdesk.Forward{Conversation: c.ID})
			assert.ErrorIs(t, err, conversation.ErrState)
		}
	})
}
