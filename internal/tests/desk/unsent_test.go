package desk_test

import (
	"context"
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

// drafted is the text of an agent's draft; "-" if he has none.
func drafted(t *testing.T, s *frontdesk.Session, id string, whisper bool) string {
	t.Helper()
	d, err := s.Draft(ctx, id, whisper)
	if err != nil {
		require.ErrorIs(t, err, frontdesk.ErrNotFound)
		return "-"
	}
	return d.Text
}

func TestC23_Drafts(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, other := w.hears("ann", "Hi"), w.hears("bob", "Hi")
		told := len(w.events())
		before := w.get(c.ID)
		save := func(s *frontdesk.Session, id string, whisper bool, text string) {
			require.NoError(t, s.SaveDraft(ctx, id, whisper, frontdesk.SavedDraft{Text: text, Subject: "S", CC: []string{"half an addr"}, Attachments: files(1)}))
		}
		save(w.jane, c.ID, false, "Dear")
		save(w.jane, c.ID, false, "Dear Ann")
		save(w.jane, c.ID, true, "Note")
		save(w.joe, c.ID, false, "Joe's")
		save(w.jane, other.ID, false, "Other")
		d, err := w.jane.Draft(ctx, c.ID, false)
		require.NoError(t, err)
		assert.Equal(t, frontdesk.SavedDraft{Text: "Dear Ann", Subject: "S", CC: []string{"half an addr"}, Attachments: files(1), Saved: w.clock.Now()}, d)
		assert.Equal(t, "Note", drafted(t, w.jane, c.ID, true))
		assert.Equal(t, "-", drafted(t, w.joe, c.ID, true))
		assert.Len(t, w.events(), told, "nobody is told")
		assert.Equal(t, before, w.get(c.ID), "and nothing moves")

		w.replies(c.ID, "Sent")
		assert.Equal(t, "-", drafted(t, w.jane, c.ID, false), "gone with the send")
		assert.Equal(t, "Note", drafted(t, w.jane, c.ID, true))
		assert.Equal(t, "Joe's", drafted(t, w.joe, c.ID, false), "another's is his")
		assert.Equal(t, "Other", drafted(t, w.jane, other.ID, false))
		_, err = w.jane.Whisper(ctx, c.ID, "Said")
		require.NoError(t, err)
		assert.Equal(t, "-", drafted(t, w.jane, c.ID, true))

		require.NoError(t, w.jane.DeleteDraft(ctx, other.ID, false))
		require.NoError(t, w.jane.DeleteDraft(ctx, other.ID, false))
		assert.Equal(t, "-", drafted(t, w.jane, other.ID, false))
	})
}

// A refused send, and one of the host's or a bot's, leaves the draft; one that fails at the provider is a message by then.
func TestC23_DraftSurvivesWhatIsNotSent(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		require.NoError(t, w.jane.SaveDraft(ctx, c.ID, false, frontdesk.SavedDraft{Text: "Dear"}))
		_, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: strings.Repeat("x", 5000)})
		require.ErrorIs(t, err, frontdesk.ErrCapability)
		_, err = w.setup.Reply(ctx, c.ID, frontdesk.Draft{Text: "By the host"})
		require.NoError(t, err)
		w.do(w.joe, c.ID, frontdesk.SetStatus{Status: conversation.Closed})
		_, err = w.desk.As(frontdesk.Actor{Tenant: tenant, Automation: "bot"}).Reply(ctx, c.ID, frontdesk.Draft{Text: "By a bot"})
		require.NoError(t, err)
		assert.Equal(t, "Dear", drafted(t, w.jane, c.ID, false))

		s := &meddling{Store: contended{w.store}}
		me := w.open(func(c *frontdesk.Config) { c.Store = s }).As(frontdesk.Actor{Tenant: tenant, Agent: "jd"})
		_, err = me.Reply(ctx, c.ID, frontdesk.Draft{Text: "x"})
		require.ErrorIs(t, err, frontdesk.ErrBusy)
		assert.Equal(t, "Dear", drafted(t, w.jane, c.ID, false))

		w.later(c.ID, "Later", time.Hour)
		assert.Equal(t, "-", drafted(t, w.jane, c.ID, false), "what is scheduled is accepted")
	})
}

func TestC23_DraftsAreTheirAgents(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		require.NoError(t, w.jane.SaveDraft(ctx, c.ID, false, frontdesk.SavedDraft{Text: "Dear"}))
		boss := w.agent(frontdesk.Agent{ID: "boss", Role: frontdesk.Owner})
		assert.Equal(t, "-", drafted(t, boss, c.ID, false))
		for name, s := range map[string]*frontdesk.Session{"the host": w.setup, "a bot": w.desk.As(frontdesk.Actor{Tenant: tenant, Automation: "bot"})} {
			_, err := s.Draft(ctx, c.ID, false)
			assert.ErrorIs(t, err, frontdesk.ErrForbidden, name)
			assert.ErrorIs(t, s.SaveDraft(ctx, c.ID, false, frontdesk.SavedDraft{Text: "x"}), frontdesk.ErrForbidden, name)
		}
		assert.ErrorIs(t, w.mia.SaveDraft(ctx, c.ID, false, frontdesk.SavedDraft{Text: "x"}), frontdesk.ErrNotFound)
		assert.ErrorIs(t, w.jane.SaveDraft(ctx, "none", false, frontdesk.SavedDraft{Text: "x"}), frontdesk.ErrNotFound)
		assert.ErrorIs(t, w.jane.SaveDraft(ctx, "\xff", false, frontdesk.SavedDraft{Text: "x"}), frontdesk.ErrNotFound)
		for name, d := range map[string]frontdesk.SavedDraft{
			"not text": {Text: "\xff"}, "too long": {Text: strings.Repeat("x", conversation.MaxText+1)},
			"too much": {Text: strings.Repeat("x", conversation.MaxText), HTML: strings.Repeat("x", conversation.MaxText)},
		} {
			assert.ErrorIs(t, w.jane.SaveDraft(ctx, c.ID, false, d), frontdesk.ErrInvalid, name)
		}
		assert.Equal(t, "Dear", drafted(t, w.jane, c.ID, false))
		// Who no longer sees the conversation sees no draft in it, and has it again when he does.
		require.NoError(t, w.setup.SaveAgent(ctx, frontdesk.Agent{ID: "jd", Name: "Jane Doe", Mailboxes: []string{"munich"}}))
		assert.Equal(t, "-", drafted(t, w.jane, c.ID, false))
	})
}

func TestC23_SomebodyIsWriting(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		var other *frontdesk.Desk
		here := w.open(func(c *frontdesk.Config) {
			c.Writing = func(_ context.Context, hint frontdesk.Writer) { other.Heard(hint) }
		})
		other = w.open(func(c *frontdesk.Config) {
			c.Writing = func(context.Context, frontdesk.Writer) { t.Error("handed on in a circle") }
		})
		as := func(d *frontdesk.Desk, id string) *frontdesk.Session {
			return d.As(frontdesk.Actor{Tenant: tenant, Agent: id})
		}
		writing := func(s *frontdesk.Session) (out []string) {
			list, err := s.Writers(ctx, c.ID)
			require.NoError(t, err)
			for _, hint := range list {
				out = append(out, hint.Agent)
			}
			return out
		}
		told := len(w.events())
		require.NoError(t, as(here, "joe").Writing(ctx, c.ID))
		require.NoError(t, as(here, "jd").Writing(ctx, c.ID))
		assert.Equal(t, []string{"joe"}, writing(as(here, "jd")), "others, not oneself")
		assert.Equal(t, []string{"jd"}, writing(as(here, "joe")))
		assert.Equal(t, []string{"jd", "joe"}, writing(other.As(frontdesk.System(tenant))), "in the other process too")
		assert.Empty(t, writing(w.setup), "a process that nobody tells does not know")
		w.clock.Advance(frontdesk.WritingFor - time.Second)
		require.NoError(t, as(here, "joe").Writing(ctx, c.ID))
		w.clock.Advance(time.Second)
		assert.Equal(t, []string{"joe"}, writing(here.As(frontdesk.System(tenant))), "a hint ends by itself")
		w.clock.Advance(frontdesk.WritingFor)
		assert.Empty(t, writing(other.As(frontdesk.System(tenant))))
		assert.Len(t, w.events(), told)

		assert.ErrorIs(t, w.mia.Writing(ctx, c.ID), frontdesk.ErrNotFound)
		_, err := w.mia.Writers(ctx, c.ID)
		assert.ErrorIs(t, err, frontdesk.ErrNotFound)
		assert.ErrorIs(t, w.setup.Writing(ctx, c.ID), frontdesk.ErrForbidden)
	})
}

// Of a message in parts only what failed is sent again.
func TestS14_OnlyFailedPartsAgain(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ch := w.channel(frontdesk.Channel{Account: "parts", Mailbox: "berlin", Options: map[string]string{"part_files": "1"}})
		w.provider.Next("parts", loopback.Outcome{Sent: channel.Sent{ID: "p0"}}, loopback.Outcome{Err: &channel.Error{Class: channel.Content}})
		m, err := w.jane.Compose(ctx, frontdesk.Start{Channel: ch.ID, Address: "ann", Draft: frontdesk.Draft{Text: "Three", Attachments: files(3)}})
		require.NoError(t, err)
		w.run()
		require.Equal(t, conversation.Failed, w.message(m.ID).Delivery)
		_, err = w.jane.Retry(ctx, m.ID)
		require.NoError(t, err)
		w.run()
		got := w.message(m.ID)
		assert.Equal(t, conversation.Sent, got.Delivery)
		assert.Equal(t, "p0", got.Parts[0].ProviderID)
		var sent []int
		for _, call := range w.provider.Sent("parts") {
			sent = append(sent, call.Part.Index)
		}
		assert.Equal(t, []int{0, 1, 1, 2}, sent)
		assert.Empty(t, w.failures(w.jane))
	})
}

// What fails reopens where it is of use, keeps its agent, is listed, and is news to nobody.
func TestS14_FinalFailureOfAnyPlace(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for name, tt := range map[string]struct {
			then   []frontdesk.Action
			status conversation.Status
			place  conversation.Place
		}{
			"open":              {nil, conversation.Open, conversation.Inbox},
			"closed":            {[]frontdesk.Action{frontdesk.SetStatus{Status: conversation.Closed}}, conversation.Open, conversation.Inbox},
			"finished":          {[]frontdesk.Action{frontdesk.Complete{}}, conversation.Open, conversation.Inbox},
			"archived":          {[]frontdesk.Action{frontdesk.Complete{}, frontdesk.Archive{}}, conversation.Open, conversation.Archive},
			"spam stays closed": {[]frontdesk.Action{frontdesk.Complete{}, frontdesk.Spam{}}, conversation.Closed, conversation.Spam},
		} {
			c := w.hears(strings.ReplaceAll(name, " ", "-"), "Hi")
			_, err := w.jane.View(ctx, c.ID)
			require.NoError(t, err)
			w.run()
			unread := w.unread(w.jane)
			w.provider.Next("shop", loopback.Outcome{Err: &channel.Error{Class: channel.Recipient, Code: "1", Detail: "gone"}})
			m, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "x", Then: append([]frontdesk.Action{frontdesk.Assign{Agent: "joe"}}, tt.then...)})
			require.NoError(t, err)
			w.run()
			conv := w.get(c.ID)
			assert.Equal(t, tt.status, conv.Status, name)
			assert.Equal(t, tt.place, conv.Place, name)
			assert.Equal(t, "joe", conv.Agent, name)
			assert.False(t, conv.Finished && conv.Status == conversation.Open, name)
			assert.Equal(t, unread, w.unread(w.jane), name)
			assert.Contains(t, w.failures(w.jane), c.ID, name)
			assert.Contains(t, w.undelivered(w.jane), m.ID, name)
			assert.Equal(t, "gone", w.message(m.ID).Failure.Detail, name)
		}
	})
}

func TestC23_DraftOfAPart(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		part, head := w.hears("bob", "one"), w.hears("ann", "two")
		require.NoError(t, w.jane.SaveDraft(ctx, part.ID, false, frontdesk.SavedDraft{Text: "draft"}))
		_, err := w.jane.Merge(ctx, head.ID, part.ID)
		require.NoError(t, err)
		_, err = w.jane.Reply(ctx, part.ID, frontdesk.Draft{Text: "draft"})
		require.NoError(t, err)
		_, err = w.jane.Draft(ctx, part.ID, false)
		assert.ErrorIs(t, err, frontdesk.ErrNotFound)

		whole := w.hears("zoe", "three")
		require.NoError(t, w.jane.SaveDraft(ctx, part.ID, false, frontdesk.SavedDraft{Text: "draft"}))
		w.merges(whole.ID, head.ID)
		w.replies(whole.ID, "answer")
		_, err = w.jane.Draft(ctx, part.ID, false)
		assert.ErrorIs(t, err, frontdesk.ErrNotFound)
	})
}

func TestS15_UndoInAPart(t *testing.T) {
	for _, edit := range []bool{false, true} {
		onMemory(t, func(t *testing.T, w *world) {
			head, part := w.hears("ann", "Hi"), w.hears("bob", "Hello")
			w.run()
			w.clock.Advance(time.Second)
			m := w.replies(part.ID, "In the part")
			w.clock.Advance(time.Second)
			w.replies(head.ID, "In the head")
			w.clock.Advance(time.Second)
			_, err := w.setup.Merge(ctx, head.ID, part.ID)
			require.NoError(t, err)
			before := w.get(head.ID)
			require.Equal(t, "In the head", before.Preview)
			if edit {
				_, err = w.jane.EditScheduled(ctx, m.ID, frontdesk.Draft{Text: "Edited"})
			} else {
				_, err = w.jane.CancelSend(ctx, m.ID)
			}
			require.NoError(t, err)
			got := w.get(head.ID)
			assert.Equal(t, "In the head", got.Preview, "edit %v", edit)
			if !edit {
				assert.Equal(t, before.Messages-1, got.Messages)
			}
			visible := 0
			for _, m := range w.timeline(head.ID) {
				if m.Visible() && m.Direction != conversation.Activity && m.Delivery != conversation.Cancelled {
					visible++
				}
			}
			assert.Equal(t, visible, got.Messages, "edit %v", edit)
			_, err = w.setup.Unmerge(ctx, part.ID)
			require.NoError(t, err)
			alone := w.get(part.ID)
			if edit {
				assert.Equal(t, "Edited", alone.Preview)
			} else {
				assert.Equal(t, "Hello", alone.Preview)
				assert.Equal(t, 1, alone.Messages)
				assert.False(t, alone.WaitingSince.IsZero(), "bob waits for an answer")
			}
			assert.Equal(t, "In the head", w.get(head.ID).Preview)
		})
	}
}

// Who has a part open and who has what it is merged into see each other write.
func TestC23_SomebodyIsWritingInAPart(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		head, part := w.hears("ann", "Hi"), w.hears("annabel", "Hi")
		w.merges(head.ID, part.ID)
		require.NoError(t, w.joe.Writing(ctx, part.ID))
		for _, id := range []string{head.ID, part.ID} {
			out, err := w.jane.Writers(ctx, id)
			require.NoError(t, err)
			require.Len(t, out, 1)
			assert.Equal(t, head.ID, out[0].Conversation)
		}
	})
}

// What is saved while its conversation is erased is not kept: not for a moment more than the conversation.
func TestC23_NoDraftOutlivesItsConversation(t *testing.T) {
	erased := map[string]func(w *world, c frontdesk.Conversation){
		"emptying the trash": func(w *world, c frontdesk.Conversation) {
			w.do(w.setup, c.ID, frontdesk.Trash{})
			w.clock.Advance(time.Second)
			_, err := w.setup.EmptyTrash(ctx, "")
			require.NoError(w.t, err)
		},
		"forgetting": func(w *world, c frontdesk.Conversation) {
			_, err := w.setup.Forget(ctx, c.Contacts[0])
			require.NoError(w.t, err)
		},
	}
	for name, erase := range erased {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				c := w.hearsAt("zaphod", "Hi")
				s := &meddling{Store: w.store}
				s.before = func(*store.Batch) {
					s.before = nil
					erase(w, c)
					w.run()
				}
				me := w.open(func(cfg *frontdesk.Config) { cfg.Store = s }).As(frontdesk.Actor{Tenant: tenant, Agent: "jd"})
				assert.ErrorIs(t, me.SaveDraft(ctx, c.ID, false, frontdesk.SavedDraft{Text: "dear xyzzy"}), frontdesk.ErrNotFound)
				assert.True(t, w.gone(c.ID))
				assert.Empty(t, w.traces("xyzzy"))
				assert.ErrorIs(t, w.jane.SaveDraft(ctx, c.ID, false, frontdesk.SavedDraft{Text: "dear xyzzy"}), frontdesk.ErrNotFound)
			})
		})
	}
}

// What a customer writes while a draft is saved makes it wait, not fail.
func TestC23_DraftSavedWhileTheCustomerWrites(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		s := &meddling{Store: w.store}
		s.before = func(*store.Batch) {
			s.before = nil
			w.hears("ann", "Hello?")
		}
		me := w.open(func(cfg *frontdesk.Config) { cfg.Store = s }).As(frontdesk.Actor{Tenant: tenant, Agent: "jd"})
		require.NoError(t, me.SaveDraft(ctx, c.ID, false, frontdesk.SavedDraft{Text: "Dear"}))
		assert.Equal(t, "Dear", drafted(t, w.jane, c.ID, false))
	})
}
