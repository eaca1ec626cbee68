package desk_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/channeltest"
	"github.com/frontdesk-go/frontdesk/channel/loopback"
	"github.com/frontdesk-go/frontdesk/channel/twilio"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
)

// byChat is an agent with the messaging permission for chat only.
func (w *world) byChat() *frontdesk.Session {
	return w.agent(frontdesk.Agent{ID: "joe", Name: "Joe", Mailboxes: []string{"berlin"}, Messaging: map[string][]string{"berlin": {"chat"}}})
}

// A part by SMS of a conversation by chat: who may not read SMS sees nothing of it by any ID that leads to it.
func TestP2_PartsOfAnotherMethodAreHidden(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		head := w.hears("ann", "By chat")
		w.bySMS("zoe")
		in := w.says("bob", "An sms of a zanzibar lottery")
		in.Account, in.Message.Attachments = "phone", []conversation.Attachment{w.provider.AddFile("phone", "a.txt", "text/plain", []byte("content"))}
		w.takes(in)
		part := w.current("bob")
		secret := w.timeline(part.ID)[0].ID
		_, err := w.setup.LinkAttachment(ctx, secret, 0, "order", "1")
		require.NoError(t, err)
		w.provider.Next("phone", loopback.Outcome{Err: &channel.Error{Class: channel.Content, Detail: "no"}})
		failed, err := w.setup.Reply(ctx, part.ID, frontdesk.Draft{Text: "Failing sms"})
		require.NoError(t, err)
		w.run()
		require.Equal(t, conversation.Failed, w.message(failed.ID).Delivery)
		_, err = w.setup.Merge(ctx, head.ID, part.ID)
		require.NoError(t, err)
		s := w.byChat()

		got, err := s.Conversation(ctx, head.ID)
		require.NoError(t, err)
		assert.NotContains(t, got.Preview, "sms")
		all, err := w.setup.Conversation(ctx, head.ID)
		require.NoError(t, err)
		assert.Contains(t, all.Preview, "sms", "who may read it sees the newest")
		var b bytes.Buffer
		refuses := map[string]func() error{
			"Message":        func() error { _, err := s.Message(ctx, secret); return err },
			"Attachment":     func() error { _, err := s.Attachment(ctx, secret, 0); return err },
			"MessageZIP":     func() error { return s.MessageZIP(ctx, secret, &b) },
			"TrashMessage":   func() error { _, err := s.TrashMessage(ctx, secret); return err },
			"TagMessage":     func() error { _, err := s.TagMessage(ctx, secret, frontdesk.Tag{Add: []string{"x"}}); return err },
			"LinkAttachment": func() error { _, err := s.LinkAttachment(ctx, secret, 0, "order", "2"); return err },
			"Retry":          func() error { _, err := s.Retry(ctx, failed.ID); return err },
			"Dismiss":        func() error { _, err := s.Dismiss(ctx, failed.ID); return err },
			"SpamVerdict":    func() error { _, err := s.SpamVerdict(ctx, part.ID); return err },
			"Unmerge":        func() error { _, err := s.Unmerge(ctx, part.ID); return err },
			"Forward":        func() error { _, err := s.Forward(ctx, secret, frontdesk.Forward{Conversation: head.ID}); return err },
			"Reply, to it": func() error {
				_, err := s.Reply(ctx, head.ID, frontdesk.Draft{Text: "x", Channel: w.chat.ID, ReplyTo: secret})
				return err
			},
			"Message of none": func() error { _, err := s.Message(ctx, "none"); return err },
		}
		for name, call := range refuses {
			assert.ErrorIs(t, call(), frontdesk.ErrNotFound, name)
		}
		for _, id := range []string{head.ID, part.ID} {
			require.NoError(t, s.ConversationZIP(ctx, id, &b))
			assert.False(t, bytes.Contains(b.Bytes(), []byte("a.txt")), "files of %s", id)
			require.NoError(t, w.setup.ConversationZIP(ctx, id, &b))
			assert.True(t, bytes.Contains(b.Bytes(), []byte("a.txt")), "a part's files are the conversation's")
			b.Reset()
		}
		undelivered, err := s.Undelivered(ctx, "", 0)
		require.NoError(t, err)
		assert.Empty(t, undelivered.Items)
		linked, err := s.LinkedAttachments(ctx, "order", "1", "", 0)
		require.NoError(t, err)
		assert.Empty(t, linked.Items)
		_, err = w.setup.TrashMessage(ctx, secret)
		require.NoError(t, err)
		trashed, err := s.TrashedMessages(ctx, "berlin", "", 0)
		require.NoError(t, err)
		assert.Empty(t, trashed.Items)
		activity, err := s.Activity(ctx, part.Contacts[0], frontdesk.ActivityQuery{})
		require.NoError(t, err)
		for _, e := range activity.Items {
			assert.NotEqual(t, part.ID, e.Conversation, "%s of %s", e.Type, e.Message)
		}
		events, err := s.MaySee(ctx, w.events()...)
		require.NoError(t, err)
		for _, e := range events {
			assert.NotEqual(t, part.ID, e.Conversation, "%s of %s", e.Type, e.Message)
		}
	})
}

// What happens on a part is told to whoever sees what it is merged into, and to nobody else.
func TestP1_EventsOfAPartAreTheHeads(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		head, part := w.hears("ann", "Hi"), w.hears("bob", "Hi")
		w.do(w.setup, head.ID, frontdesk.Assign{Agent: "joe"})
		w.do(w.setup, part.ID, frontdesk.Assign{Agent: "jd"})
		id := w.timeline(part.ID)[0].ID
		joe := w.agent(frontdesk.Agent{ID: "joe", Name: "Joe", Mailboxes: []string{"berlin"}, Scope: frontdesk.ScopeOwn})
		jane := w.agent(frontdesk.Agent{ID: "jd", Name: "Jane Doe", Mailboxes: []string{"berlin"}, Scope: frontdesk.ScopeOwn})
		_, err := w.setup.Merge(ctx, head.ID, part.ID)
		require.NoError(t, err)
		_, err = joe.TagMessage(ctx, id, frontdesk.Tag{Add: []string{"legal"}})
		require.NoError(t, err)
		var of []frontdesk.Event
		for _, e := range w.events() {
			if e.Message == id && e.Type == conversation.EventMessageTagged {
				of = append(of, e)
			}
		}
		require.Len(t, of, 1)
		for s, want := range map[*frontdesk.Session]int{joe: 1, jane: 0} {
			got, err := s.MaySee(ctx, of...)
			require.NoError(t, err)
			assert.Len(t, got, want)
		}
	})
}

// A note on a profile is internal: it leaves neither to the customer nor with an export, unless he who does it says so.
func TestC13_NotesAreInternal(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		_, err := w.jane.Note(ctx, c.Contacts[0], "owes us money")
		require.NoError(t, err)
		note := ""
		for _, m := range w.timeline(c.ID) {
			if m.Direction == conversation.Note {
				note = m.ID
			}
		}
		require.NotEmpty(t, note)
		_, err = w.jane.Forward(ctx, note, frontdesk.Forward{Conversation: c.ID})
		assert.ErrorIs(t, err, frontdesk.ErrInvalid)
		w.run()
		assert.Empty(t, w.texts())
		for _, internal := range []bool{false, true} {
			var b bytes.Buffer
			require.NoError(t, w.setup.Export(ctx, &b, frontdesk.Export{IDs: []string{c.ID}, Format: frontdesk.JSONLines, Whispers: internal}))
			assert.Equal(t, internal, bytes.Contains(b.Bytes(), []byte("owes us money")))
		}
		_, err = w.jane.Forward(ctx, note, frontdesk.Forward{Conversation: c.ID, Whispers: true})
		assert.NoError(t, err)
	})
}

// elsewhere is a contact of a mailbox that Jane has no role in.
func (w *world) elsewhere(known ...conversation.Identity) string {
	w.channel(frontdesk.Channel{Account: "store", Mailbox: "munich"})
	in := w.says("cid", "Hi")
	in.Account = "store"
	w.takes(in)
	id := w.current("cid").Contacts[0]
	for _, i := range known {
		_, err := w.setup.AddIdentity(ctx, id, "", i)
		require.NoError(w.t, err)
	}
	_, err := w.jane.Contact(ctx, id)
	require.ErrorIs(w.t, err, frontdesk.ErrNotFound)
	return id
}

// A conversation is begun with a contact whom one sees, or with whom nobody has one; with others by an address that one knows.
func TestS9_OnlyToContactsOneSees(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		phone := conversation.Identity{Scope: conversation.ScopePhone, Address: "4711"}
		id := w.elsewhere(phone)
		draft := frontdesk.Draft{Text: "Hello {{contact.phone}}"}
		_, err := w.jane.Compose(ctx, frontdesk.Start{Channel: w.chat.ID, Contact: id, Draft: draft})
		assert.ErrorIs(t, err, frontdesk.ErrNotFound)
		w.run()
		assert.Empty(t, w.texts())
		_, err = w.setup.Compose(ctx, frontdesk.Start{Channel: w.chat.ID, Contact: id, Draft: draft})
		assert.NoError(t, err, "who sees everybody")

		_, err = w.setup.ImportContacts(ctx, strings.NewReader("name,phone\nDan,+4915112345679\n"), frontdesk.Import{})
		require.NoError(t, err)
		found, err := w.setup.Contacts(ctx, frontdesk.ContactQuery{Phone: "+4915112345679"})
		require.NoError(t, err)
		require.Len(t, found.Items, 1)
		_, err = w.jane.Compose(ctx, frontdesk.Start{Channel: w.chat.ID, Contact: found.Items[0].ID, Draft: draft})
		assert.NoError(t, err, "nobody's yet")
	})
}

// A test message is filled with nothing of a contact whom the sender does not see.
func TestS8_TestsShowNobodyHidden(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.elsewhere(conversation.Identity{Scope: conversation.ScopePhone, Address: "4711"}, conversation.Identity{Scope: conversation.ScopeEmail, Address: "cid@example.com"})
		text := frontdesk.Draft{Text: "{{contact.name|-}} {{contact.email|-}}"}
		for s, want := range map[*frontdesk.Session]string{w.jane: "- -", w.setup: "cid Customer cid@example.com"} {
			sent, err := s.SendTest(ctx, w.chat.ID, "4711", text)
			require.NoError(t, err)
			require.Len(t, sent, 2)
			assert.Equal(t, want, sent[1].Text)
		}
	})
}

// Whoever may not write by a method does not do so by answering on another channel.
func TestP2_RepliesByAnotherMethodNeedThePermission(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		phone := w.bySMS("zoe").Threads[0].Channel
		c := w.hears("ann", "By chat")
		_, err := w.setup.AddIdentity(ctx, c.Contacts[0], "", conversation.Identity{Scope: conversation.ScopePhone, Address: "4712"})
		require.NoError(t, err)
		draft := frontdesk.Draft{Text: "By sms after all", Channel: phone}
		_, err = w.byChat().Reply(ctx, c.ID, draft)
		assert.ErrorIs(t, err, frontdesk.ErrForbidden)
		w.run()
		assert.Empty(t, w.provider.Sent("phone"))
		_, err = w.jane.Reply(ctx, c.ID, draft)
		assert.NoError(t, err)
	})
}

// A key tells that a message was sent, and no more of it to one who lost its conversation since.
func TestS13_AKeyOpensNothingLost(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		draft := frontdesk.Draft{Text: "First", Key: "k", At: w.clock.Now().Add(time.Hour)}
		m, err := w.joe.Reply(ctx, c.ID, draft)
		require.NoError(t, err)
		require.NoError(t, w.setup.SaveAgent(ctx, frontdesk.Agent{ID: "joe", Name: "Joe", Mailboxes: []string{"munich"}}))
		_, err = w.jane.EditScheduled(ctx, m.ID, frontdesk.Draft{Text: "What Joe may not read"})
		require.NoError(t, err)
		again, err := w.joe.Reply(ctx, c.ID, draft)
		require.NoError(t, err)
		assert.Equal(t, m.ID, again.ID)
		assert.Empty(t, again.Text)
	})
}

// Whoever loses a conversation when it is taken apart has no notices of it any more.
func TestP8_NoticesEndWithAnUnmerge(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := w.agent(frontdesk.Agent{ID: "own", Mailboxes: []string{"berlin"}, Scope: frontdesk.ScopeOwn})
		head, part := w.hears("ann", "Hi"), w.hears("bob", "Hi")
		w.do(w.setup, part.ID, frontdesk.ChangeSubscribers{Add: []string{"agent/own"}})
		_, err := w.setup.Merge(ctx, head.ID, part.ID)
		require.NoError(t, err)
		w.run()
		w.hears("ann", "News")
		w.run()
		n, err := s.NoticeCount(ctx)
		require.NoError(t, err)
		require.Equal(t, int64(1), n)
		_, err = w.setup.Unmerge(ctx, part.ID)
		require.NoError(t, err)
		w.run()
		_, err = s.Conversation(ctx, head.ID)
		require.ErrorIs(t, err, frontdesk.ErrNotFound)
		n, err = s.NoticeCount(ctx)
		require.NoError(t, err)
		assert.Zero(t, n)
	})
}

// A shortcut that is taken says nothing of another's private reply.
func TestS8_PrivateRepliesStayPrivate(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		admin := w.agent(frontdesk.Agent{ID: "adm", Role: frontdesk.Admin})
		_, err := w.jane.SaveReply(ctx, frontdesk.SavedReply{Title: "Private title", Content: "x", Agent: "jd", Shortcut: "s"})
		require.NoError(t, err)
		_, err = admin.SaveReply(ctx, frontdesk.SavedReply{Title: "T", Content: "x", Agent: "jd", Shortcut: "s"})
		require.ErrorIs(t, err, frontdesk.ErrInvalid)
		assert.NotContains(t, err.Error(), "Private title")
		_, err = w.jane.SaveReply(ctx, frontdesk.SavedReply{Title: "T", Content: "x", Agent: "jd", Shortcut: "s"})
		assert.ErrorContains(t, err, "Private title")
	})
}

// A merge assigns nobody to what he would not see. Taken apart, the part is his again.
func TestA1_AMergeAssignsWhoSees(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		head, part := w.hears("ann", "By chat"), w.bySMS("bob")
		joe := w.agent(frontdesk.Agent{ID: "joe", Name: "Joe", Mailboxes: []string{"berlin"}, Messaging: map[string][]string{"berlin": {"sms"}}})
		w.do(w.setup, part.ID, frontdesk.Assign{Agent: "joe"})
		_, err := w.setup.Merge(ctx, head.ID, part.ID)
		require.NoError(t, err)
		assert.Empty(t, w.get(head.ID).Agent)
		assert.Equal(t, w.used()["joe"], w.presence("joe").Used)
		_, err = w.setup.Unmerge(ctx, part.ID)
		require.NoError(t, err)
		got, err := joe.Conversation(ctx, part.ID)
		require.NoError(t, err)
		assert.Equal(t, "joe", got.Agent)
		assert.Empty(t, w.get(head.ID).Agent)
		assert.Equal(t, w.used()["joe"], w.presence("joe").Used)
	})
}

// The address and the ID of a file that one sends open nothing with the channel's login.
func TestC15_FilesOneNamesAreNotFetched(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		file := w.provider.AddFile("shop", "a.txt", "text/plain", []byte("content"))
		in := w.says("ann", "pic")
		in.Message.Attachments = []conversation.Attachment{file}
		w.takes(in)
		theirs, mine := w.current("ann"), w.hears("bob", "Hi")
		w.do(w.setup, mine.ID, frontdesk.Assign{Agent: "joe"})
		s := w.agent(frontdesk.Agent{ID: "joe", Name: "Joe", Mailboxes: []string{"berlin"}, Scope: frontdesk.ScopeOwn})
		_, err := s.Attachment(ctx, w.timeline(theirs.ID)[0].ID, 0)
		require.ErrorIs(t, err, frontdesk.ErrNotFound)
		m, err := s.Reply(ctx, mine.ID, frontdesk.Draft{Text: "x", Attachments: []conversation.Attachment{{ID: file.ID, Name: "x", Type: "text/plain"}}})
		require.NoError(t, err)
		_, err = s.Attachment(ctx, m.ID, 0)
		assert.ErrorIs(t, err, frontdesk.ErrCapability)
		var b bytes.Buffer
		require.NoError(t, s.MessageZIP(ctx, m.ID, &b))
		assert.False(t, bytes.Contains(b.Bytes(), []byte("content")))
	})
}

// Nor do they at Twilio, whose login opens the whole account.
func TestC15_TheAccountIsNoFile(t *testing.T) {
	const sid = "AC00000000000000000000000000000001"
	network := &channeltest.Network{}
	network.Add("api.twilio.com", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "secret")
	}))
	w := newWorld(t, stores.Memory(t), func(c *frontdesk.Config) {
		c.Drivers = append(c.Drivers, twilio.New())
		c.Client = network.Client()
		c.Secrets = func(context.Context, string, string) (string, error) {
			return `{"account_sid":"` + sid + `","auth_token":"token"}`, nil
		}
	})
	ch, err := w.setup.AddChannel(ctx, frontdesk.Channel{Kind: "twilio", Account: "+15005550001", Mailbox: "berlin", Secret: "twilio", Premium: true, PollEvery: -1})
	require.NoError(t, err)
	s := w.agent(frontdesk.Agent{ID: "own", Mailboxes: []string{"berlin"}, Scope: frontdesk.ScopeOwn})
	account := conversation.Attachment{Name: "x.jpg", Type: "image/jpeg", URL: "https://api.twilio.com/2010-04-01/Accounts/" + sid + ".json"}
	m, err := s.Compose(ctx, frontdesk.Start{Channel: ch.ID, Address: "+15005550006",
		Draft: frontdesk.Draft{At: w.clock.Now().Add(time.Hour), Text: "x", Attachments: []conversation.Attachment{account}}})
	require.NoError(t, err)
	_, err = s.Attachment(ctx, m.ID, 0)
	assert.ErrorIs(t, err, frontdesk.ErrCapability)
}
