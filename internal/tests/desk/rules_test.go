package desk_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/loopback"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

func loopbackMail() channel.Capabilities {
	caps := loopback.Default()
	caps.Method, caps.HTML, caps.Subject, caps.Recipients = channel.MethodEmail, true, true, true
	return caps
}

// images are the types that marketplaces name.
var images = []channel.Type{{Pattern: "image/jpeg"}, {Pattern: "image/gif"}, {Pattern: "image/png"}, {Pattern: "image/tiff"}, {Pattern: "image/bmp"}}

func TestS19_ContentRulesAllAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.capable("market", func(c *channel.Capabilities) {
			*c = loopbackMail()
			c.Attachments = channel.AttachmentRules{Max: 1, MaxBytes: 100, Types: images}
			c.Rules = channel.Rules{NoLinks: true, LinkHosts: []string{"market.example"}, NoEmails: true, NoPhones: true, NoInline: true,
				SubjectWords: []string{"[Important]", "[Wichtig]"}, SubjectAlways: true}
		})
		c := w.arrives("market", "ann", "Hi")
		bad := frontdesk.Draft{Subject: "Your order", Text: "See https://shop.example, mail me@shop.example or call +49 30 1234567", HTML: `<p>x <img src="cid:1"></p>`,
			Attachments: []conversation.Attachment{{Name: "a.pdf", Type: "application/pdf", Size: 200, URL: "https://x.example"}, {Name: "b.jpg", Type: "image/jpeg", Size: 1, URL: "https://x.example"}}}
		want := []string{"count attachment 2", "type attachment 1", "size attachment 2", "subject subject", "link text", "email text", "phone text", "image html"}
		check := func(err error) {
			var e *frontdesk.CapabilityError
			require.ErrorAs(t, err, &e)
			var got []string
			for _, v := range e.Violations {
				got = append(got, string(v.Code)+" "+v.Where)
			}
			assert.Equal(t, want, got)
			assert.Len(t, e.Problems, len(want), "each in words")
		}
		w.untouched(c.ID, func() {
			_, err := w.jane.Reply(ctx, c.ID, bad)
			check(err)
			_, err = w.jane.Compose(ctx, frontdesk.Start{Channel: c.Threads[0].Channel, Address: "zoe", Draft: bad})
			check(err)
			m, err := w.jane.Measure(ctx, c.ID, bad)
			require.NoError(t, err)
			assert.Len(t, m.Violations, len(want))
			assert.Len(t, m.Problems, len(want))
		})
		good := frontdesk.Draft{Subject: "[wichtig] Ihre Bestellung", Text: "Siehe https://www.market.example/o/1, z.B. für 1.5 kg", HTML: "<p>Siehe</p>",
			Attachments: []conversation.Attachment{{Name: "a.tiff", Type: "image/tiff", Size: 100, URL: "https://x.example"}}}
		good.At = w.clock.Now().Add(time.Hour)
		m, err := w.jane.Reply(ctx, c.ID, good)
		require.NoError(t, err)
		_, err = w.jane.EditScheduled(ctx, m.ID, bad)
		check(err)
		w.clock.Advance(time.Hour)
		w.run()
		assert.Equal(t, conversation.Sent, w.message(m.ID).Delivery)
	})
}

// The word is demanded of what nobody has asked for, and an answer carries the subject on.
func TestS19_SubjectWord(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		ch := w.capable("market", func(c *channel.Capabilities) {
			*c = loopbackMail()
			c.Rules.SubjectWords = []string{"[Important]"}
		})
		_, err := w.jane.Compose(ctx, frontdesk.Start{Channel: ch.ID, Address: "zoe", Draft: frontdesk.Draft{Subject: "Your order", Text: "x"}})
		assert.ErrorIs(t, err, frontdesk.ErrCapability)
		m, err := w.jane.Compose(ctx, frontdesk.Start{Channel: ch.ID, Address: "zoe", Draft: frontdesk.Draft{Subject: "Your order [important]", Text: "x"}})
		require.NoError(t, err)
		next, err := w.jane.Reply(ctx, m.Conversation, frontdesk.Draft{Text: "One more thing"})
		require.NoError(t, err)
		assert.Equal(t, "Your order [important]", next.Subject)
		c := w.arrives("market", "ann", "Hi")
		_, err = w.jane.Reply(ctx, c.ID, frontdesk.Draft{Subject: "Your order", Text: "x"})
		assert.NoError(t, err, "she has asked")
	})
}

// A tenant may forbid more than the driver does, and the signature is looked at as well.
func TestS19_RulesOfTheChannel(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ch := w.chat
		ch.Rules = channel.Rules{NoLinks: true}
		ch.Layouts = []frontdesk.Layout{{Language: "en", Signature: "www.shop.example"}}
		_, err := w.setup.UpdateChannel(ctx, ch)
		require.NoError(t, err)
		c := w.hears("ann", "Hi")
		for text, d := range map[string]frontdesk.Draft{"text": {Text: "https://x.example"}, "signature": {Text: "x", Language: "en"}} {
			_, err := w.jane.Reply(ctx, c.ID, d)
			assert.ErrorIs(t, err, frontdesk.ErrCapability, text)
		}
		_, err = w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "https://x.example", Whisper: true})
		assert.NoError(t, err, "among ourselves")
		_, err = w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "x"})
		assert.NoError(t, err)
	})
}

func TestS21_Recipients(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.mail("mail")
		c := w.arrives("mail", "ann", "Hi")
		m, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "x", To: []string{" Boss@Example.com "}, CC: []string{"boss@example.com", "cc@example.com", "CC@example.com"},
			BCC: []string{"cc@example.com", "hidden@example.com"}})
		require.NoError(t, err)
		list := func(ids []conversation.Identity) (out []string) {
			for _, i := range ids {
				out = append(out, i.Scope+" "+i.Address)
			}
			return out
		}
		assert.Equal(t, []string{"loopback ann", "email boss@example.com"}, list(m.To), "the customer stays")
		assert.Equal(t, []string{"email cc@example.com"}, list(m.CC), "each once")
		assert.Equal(t, []string{"email hidden@example.com"}, list(m.BCC))
		w.run()
		call := w.provider.Sent("mail")[0].Part
		assert.Equal(t, m.BCC, call.BCC, "the driver is given them apart")
		assert.NotContains(t, fmt.Sprint(call.To, call.CC, call.Subject, call.Text, call.HTML), "hidden")
		f, err := w.jane.Forward(ctx, m.ID, frontdesk.Forward{Conversation: c.ID})
		require.NoError(t, err)
		assert.NotContains(t, f.Text+f.HTML, "hidden", "who was copied in secret is not told on")
		assert.Empty(t, f.BCC)
		for _, e := range w.events() {
			assert.NotContains(t, fmt.Sprint(e), "hidden@")
		}

		many := make([]string, frontdesk.MaxRecipients)
		for i := range many {
			many[i] = fmt.Sprintf("a%d@example.com", i)
		}
		_, err = w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "x", CC: many})
		assert.NoError(t, err, "at the limit")
		w.run()
		before := len(w.timeline(c.ID))
		for name, d := range map[string]frontdesk.Draft{
			"no address":     {CC: []string{"boss"}},
			"empty":          {To: []string{""}},
			"a name with it": {CC: []string{"Boss <boss@example.com>"}},
			"two":            {BCC: []string{"a@example.com, b@example.com"}},
			"a line":         {CC: []string{"a@example.com\r\nBcc: b@example.com"}},
			"quoted":         {CC: []string{`"a@b c"@example.com`}},
			"too long":       {CC: []string{strings.Repeat("a", 320) + "@example.com"}},
			"too many":       {CC: many, To: []string{"one@example.com"}},
			"not text":       {To: []string{"\xff@example.com"}},
		} {
			d.Text = "x"
			_, err := w.jane.Reply(ctx, c.ID, d)
			assert.ErrorIs(t, err, frontdesk.ErrInvalid, name)
		}
		assert.Len(t, w.timeline(c.ID), before)
	})
}

func TestS21_LockedAndInternal(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		w.untouched(c.ID, func() {
			for _, d := range []frontdesk.Draft{{To: []string{"a@example.com"}}, {CC: []string{"a@example.com"}}, {BCC: []string{"a@example.com"}}} {
				d.Text = "x"
				_, err := w.jane.Reply(ctx, c.ID, d)
				assert.ErrorIs(t, err, frontdesk.ErrCapability, "locked")
				d.Whisper = true
				_, err = w.jane.Reply(ctx, c.ID, d)
				assert.ErrorIs(t, err, frontdesk.ErrInvalid, "a whisper goes to nobody")
			}
		})
		m, err := w.jane.Compose(ctx, frontdesk.Start{Mailbox: "berlin", Draft: frontdesk.Draft{Text: "Among ourselves"}})
		require.NoError(t, err)
		assert.Equal(t, conversation.Whisper, m.Direction)
		in := w.get(m.Conversation)
		assert.True(t, in.Internal)
		assert.Empty(t, in.People)
		w.untouched(in.ID, func() {
			_, err := w.jane.Reply(ctx, in.ID, frontdesk.Draft{Text: "x"})
			assert.ErrorIs(t, err, conversation.ErrState)
			_, err = w.jane.Reply(ctx, in.ID, frontdesk.Draft{Text: "x", Channel: w.chat.ID})
			assert.ErrorIs(t, err, conversation.ErrState)
			_, err = w.jane.Reply(ctx, in.ID, frontdesk.Draft{Text: "x", At: w.clock.Now().Add(time.Hour)})
			assert.ErrorIs(t, err, conversation.ErrState)
		})
		_, err = w.jane.Whisper(ctx, in.ID, "And more")
		assert.NoError(t, err)
	})
}

// A rule whose commit fails is tried again.
func TestU2_ACommitThatFailsIsTriedAgain(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.rule(aRule("first"))
		w.hears("ann", "Hi")
		bad := &interloper{Store: w.store, fail: errors.New("the database is away"), when: func(b *store.Batch) bool {
			for _, write := range b.Writes {
				if write.Action != store.Check && strings.HasPrefix(write.Row.ID, "run/") {
					return true
				}
			}
			return false
		}}
		require.NoError(t, w.open(func(c *frontdesk.Config) { c.Store = bad }).RunDue(ctx))
		w.clock.Advance(time.Minute)
		w.run()
		require.Len(t, w.runs("first"), 1)
		assert.Equal(t, frontdesk.RunDone, w.runs("first")[0].Outcome)
	})
}

// after runs something once, behind the first commit that a test waits for.
type afterCommit struct {
	store.Store
	hit func(b *store.Batch) bool
	do  func()
}

func (s *afterCommit) Commit(ctx context.Context, b *store.Batch) error {
	err := s.Store.Commit(ctx, b)
	if err == nil && s.hit != nil && s.hit(b) {
		s.hit = nil
		s.do()
	}
	return err
}

func TestU2_DeletedAmidItsWalk(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		for _, who := range []string{"a", "b", "c", "d", "e"} {
			w.hears(who, "Hi")
		}
		w.run()
		w.rule(frontdesk.Rule{ID: "r", Every: &frontdesk.Schedule{Every: frontdesk.Hourly}, Do: []frontdesk.Step{{Action: frontdesk.Tag{Add: []string{"x"}}}}})
		w.run()
		w.clock.Advance(time.Hour)
		w.run2(func(cfg *frontdesk.Config) {
			cfg.Store = &afterCommit{Store: w.store, hit: func(b *store.Batch) bool {
				for _, x := range b.Writes {
					if x.Action != store.Check && len(x.Row.ID) > 6 && x.Row.ID[:6] == "run/r/" {
						return true
					}
				}
				return false
			}, do: func() { require.NoError(t, w.setup.DeleteRule(ctx, "r")) }}
		})
		n := 0
		for _, who := range []string{"a", "b", "c", "d", "e"} {
			n += len(w.current(who).Tags)
		}
		assert.Equal(t, 1, n, "it does nothing once it is deleted")
	})
}

func TestU3_RulesAnswerNoMachines(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		require.NoError(t, w.setup.SaveMailbox(ctx, frontdesk.Mailbox{ID: "berlin", Start: conversation.Closed}))
		w.rule(frontdesk.Rule{ID: "r", On: []frontdesk.Trigger{{Event: conversation.EventCreated}}, Do: []frontdesk.Step{{Answer: "We got your message"}}})
		w.run()
		in := w.says("bounce", "Out of office")
		in.Message.Automatic = true
		w.takes(in)
		w.run()
		assert.Empty(t, w.texts(), "what was sent automatically is not answered")
		w.hears("ann", "Hi")
		w.run()
		assert.Len(t, w.texts(), 1)
	})
}
