package desk_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/loopback"
	"github.com/frontdesk-go/frontdesk/channel/sms"
	"github.com/frontdesk-go/frontdesk/conversation"
)

// capable connects an account with capabilities of its own.
func (w *world) capable(account string, change func(*channel.Capabilities)) frontdesk.Channel {
	w.t.Helper()
	caps := loopback.Default()
	change(&caps)
	w.provider.SetCapabilities(account, caps)
	return w.channel(frontdesk.Channel{Account: account, Mailbox: "berlin"})
}

// arrives is a customer's message on another account.
func (w *world) arrives(account, who, text string) frontdesk.Conversation {
	w.t.Helper()
	item := w.says(who, text)
	item.Account = account
	require.Equal(w.t, http.StatusOK, w.hook(item))
	return w.current(who)
}

// untouched checks that a refused command left nothing behind.
func (w *world) untouched(id string, do func()) {
	w.t.Helper()
	before, entries, calls := w.get(id), len(w.timeline(id)), len(w.provider.Sent("shop"))
	do()
	w.run()
	after := w.get(id)
	before.Windows, after.Windows = nil, nil
	assert.Equal(w.t, before, after)
	assert.Len(w.t, w.timeline(id), entries)
	assert.Len(w.t, w.provider.Sent("shop"), calls)
}

func TestS1_SenderPicksTheChannel(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		second := w.channel(frontdesk.Channel{Account: "second", Mailbox: "berlin"})
		off := w.channel(frontdesk.Channel{Account: "off", Mailbox: "berlin", Inactive: true})
		far := w.channel(frontdesk.Channel{Account: "far", Mailbox: "munich"})

		m, err := w.jane.Compose(ctx, frontdesk.Start{Mailbox: "berlin", Address: "+4930123", Draft: frontdesk.Draft{Text: "By default"}})
		require.NoError(t, err)
		assert.Equal(t, w.chat.ID, m.Channel, "the mailbox's default for outgoing")
		other, err := w.jane.Reply(ctx, m.Conversation, frontdesk.Draft{Text: "By choice", Channel: second.ID})
		require.NoError(t, err)
		assert.Equal(t, second.ID, other.Channel)
		w.run()
		assert.Equal(t, []string{"By default"}, w.texts())
		require.Len(t, w.provider.Sent("second"), 1)

		w.untouched(m.Conversation, func() {
			for name, c := range map[string]struct {
				channel string
				want    error
			}{"unknown": {"none", frontdesk.ErrNotFound}, "inactive": {off.ID, frontdesk.ErrInvalid}, "of another mailbox": {far.ID, frontdesk.ErrInvalid}} {
				_, err := w.jane.Reply(ctx, m.Conversation, frontdesk.Draft{Text: "x", Channel: c.channel})
				assert.ErrorIs(t, err, c.want, name)
				assert.True(t, frontdesk.Refused(err), name)
			}
			_, err := w.jane.Compose(ctx, frontdesk.Start{Channel: far.ID, Address: "x", Draft: frontdesk.Draft{Text: "x"}})
			assert.ErrorIs(t, err, frontdesk.ErrNotFound, "a mailbox that is not hers")
			_, err = w.jane.Compose(ctx, frontdesk.Start{Channel: off.ID, Address: "x", Draft: frontdesk.Draft{Text: "x"}})
			assert.ErrorIs(t, err, frontdesk.ErrInvalid)
			_, err = w.jane.Compose(ctx, frontdesk.Start{Mailbox: "munich", Address: "x", Draft: frontdesk.Draft{Text: "x"}})
			assert.ErrorIs(t, err, frontdesk.ErrNotFound)
		})
	})
}

// Answering over another gateway adds a thread: what the customer answers there comes to the same conversation.
func TestS1_AnswerOnAnotherGatewayComesBack(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		second := w.channel(frontdesk.Channel{Account: "second", Mailbox: "berlin"})
		m, err := w.jane.Compose(ctx, frontdesk.Start{Channel: w.chat.ID, Address: "+4930123", Draft: frontdesk.Draft{Text: "Here"}})
		require.NoError(t, err)
		_, err = w.jane.Reply(ctx, m.Conversation, frontdesk.Draft{Text: "And there", Channel: second.ID})
		require.NoError(t, err)
		assert.Len(t, w.get(m.Conversation).Threads, 2)
		item := w.says("+4930123", "I read you")
		item.Account = "second"
		require.Equal(t, http.StatusOK, w.hook(item))
		c := w.get(m.Conversation)
		assert.Equal(t, 3, c.Messages)
		assert.Equal(t, second.ID, c.Threads[0].Channel, "the newest inbound's comes first")
	})
}

func TestS2_CapabilitiesRefuseMedia(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		w.capable("code", func(c *channel.Capabilities) {
			c.Attachments = channel.AttachmentRules{Refusal: "a short code carries no files; use the long number"}
		})
		w.channel(frontdesk.Channel{Account: "off", Mailbox: "berlin", Inactive: true})
		item := w.says("ann", "Hi")
		item.Account, item.Message.From[0] = "code", conversation.Identity{Scope: conversation.ScopePhone, Address: "ann"}
		require.Equal(t, http.StatusOK, w.hook(item))
		c := w.current("ann")
		stranger := w.arrives("code", "bob", "Hi")
		_, err := w.jane.Reply(ctx, stranger.ID, frontdesk.Draft{Text: "See", Attachments: files(1)})
		var unreachable *frontdesk.CapabilityError
		require.ErrorAs(t, err, &unreachable)
		assert.Empty(t, unreachable.Instead, "what could carry it cannot reach him")
		w.untouched(c.ID, func() {
			_, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "See", Attachments: files(1)})
			var e *frontdesk.CapabilityError
			require.ErrorAs(t, err, &e)
			assert.Equal(t, []string{"a short code carries no files; use the long number"}, e.Problems)
			assert.Equal(t, []string{w.chat.ID}, e.Instead, "what could carry it")
			assert.ErrorIs(t, err, frontdesk.ErrCapability)
		})
	})
}

func TestS3_MeasureSegments(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		w.capable("sms", func(c *channel.Capabilities) { c.Segments, c.Text = true, channel.Limit{} })
		w.capable("tollfree", func(c *channel.Capabilities) { c.Segments, c.Ref16 = true, true })
		c, free := w.arrives("sms", "ann", "Hi"), w.arrives("tollfree", "bob", "Hi")
		tests := []struct {
			text                       string
			encoding                   string
			units, segments, remaining int
		}{
			{"", "GSM-7", 0, 1, 160},
			{strings.Repeat("a", 160), "GSM-7", 160, 1, 0},
			{strings.Repeat("a", 161), "GSM-7", 161, 2, 145},
			{strings.Repeat("a", 152) + "€" + "b", "GSM-7", 155, 1, 5},
			{strings.Repeat("a", 152) + "€" + strings.Repeat("b", 10), "GSM-7", 164, 2, 141}, // no boundary inside the escape pair
			{strings.Repeat("я", 70), "UCS-2", 70, 1, 0},
			{strings.Repeat("я", 66) + "😀" + "яяя", "UCS-2", 71, 2, 62}, // nor inside the surrogate pair
		}
		for _, tt := range tests {
			m, err := w.jane.Measure(ctx, c.ID, frontdesk.Draft{Text: tt.text})
			require.NoError(t, err)
			require.NotNil(t, m.SMS)
			assert.Equal(t, tt.encoding, m.SMS.Encoding.String())
			assert.Equal(t, []int{tt.units, tt.segments, tt.remaining}, []int{m.SMS.Units, m.SMS.Segments, m.SMS.Remaining}, tt.text)
		}
		m, err := w.jane.Measure(ctx, free.ID, frontdesk.Draft{Text: strings.Repeat("a", 305)})
		require.NoError(t, err)
		assert.Equal(t, 3, m.SMS.Segments, "152 a segment with a 16-bit reference")
		m, err = w.jane.Measure(ctx, c.ID, frontdesk.Draft{Text: strings.Repeat("a", 153*255+1)})
		require.NoError(t, err)
		assert.Equal(t, []string{"the text takes more than 255 segments"}, m.Problems)
		m, err = w.jane.Measure(ctx, c.ID, frontdesk.Draft{Text: "Hi {{contact.first_name}}, {{contact.email}}"})
		require.NoError(t, err)
		assert.Equal(t, "Hi ann, {{contact.email}}", m.Text, "counted as filled")
		assert.Equal(t, []string{"contact.email"}, m.Unresolved)

		m, err = w.jane.Measure(ctx, c.ID, frontdesk.Draft{Text: "“" + strings.Repeat("a", 100) + "”"})
		require.NoError(t, err)
		require.NotNil(t, m.Smart)
		assert.Equal(t, 1, m.Smart.Saved)
		assert.Equal(t, "\""+strings.Repeat("a", 100)+"\"", m.Smart.Text)
		assert.Len(t, m.Smart.Replaced, 2)
		assert.Equal(t, []string{"aaa", "👨‍👩‍👧"}, []string{sms.Options{Graphemes: true}.Split("aaa")[0], "👨‍👩‍👧"})
		assert.Equal(t, 1, sms.Options{Languages: []sms.Language{sms.Turkish}}.Count(strings.Repeat("ğ", 75)).Segments, "a national table")
		assert.Equal(t, 2, sms.Count(strings.Repeat("ğ", 75)).Segments)

		_, err = w.mia.Measure(ctx, c.ID, frontdesk.Draft{Text: "x"})
		assert.ErrorIs(t, err, frontdesk.ErrNotFound)
		_, err = w.jane.Measure(ctx, c.ID, frontdesk.Draft{Text: "\xff"})
		assert.ErrorIs(t, err, frontdesk.ErrInvalid)
	})
}

func TestS4_CounterInTheChannelsUnit(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		const family = "👨‍👩‍👧" // one grapheme, 5 code points, 8 UTF-16 units, 18 bytes
		for unit, length := range map[channel.Unit]int{channel.Graphemes: 1, channel.CodePoints: 5, channel.UTF16: 8, channel.Bytes: 18} {
			account := strings.ReplaceAll(string(unit), " ", "-")
			w.capable(account, func(c *channel.Capabilities) { c.Text = channel.Limit{Max: 2 * length, Unit: unit} })
			c := w.arrives(account, "ann-"+account, "Hi")
			m, err := w.jane.Measure(ctx, c.ID, frontdesk.Draft{Text: family})
			require.NoError(t, err)
			assert.Equal(t, length, m.Left)
			assert.Equal(t, string(unit), m.Unit)
			_, err = w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: family + family})
			require.NoError(t, err, "exactly full")
			w.untouched(c.ID, func() {
				over := frontdesk.Draft{Text: family + family + "!", HTML: "<b>x</b>", Subject: "Hey"}
				_, err := w.jane.Reply(ctx, c.ID, over)
				var e *frontdesk.CapabilityError
				require.ErrorAs(t, err, &e)
				assert.Len(t, e.Problems, 3, "everything at once")
				assert.Contains(t, e.Problems[0], "1 "+string(unit)+" over the limit of")
				m, err := w.jane.Measure(ctx, c.ID, over)
				require.NoError(t, err)
				assert.Equal(t, e.Problems, m.Problems, "shown before sending")
				assert.Equal(t, -1, m.Left)
			})
		}
		w.run()
	})
}

func TestS4_LimitlessTextWithACaptionLimit(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		w.capable("free", func(c *channel.Capabilities) {
			c.Text, c.Caption = channel.Limit{}, channel.Limit{Max: 10, Unit: channel.Bytes}
		})
		c := w.arrives("free", "ann", "Hi")
		_, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: strings.Repeat("a", 100), Attachments: files(1)})
		assert.NoError(t, err, "whether a long text goes beside a file or before it is the driver's plan")
	})
}

func TestS5_Windows(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.capable("wa", func(c *channel.Capabilities) { c.Window = channel.Window{Free: 24 * time.Hour} })
		w.capable("fb", func(c *channel.Capabilities) {
			c.Window = channel.Window{Free: 24 * time.Hour, Human: 7 * 24 * time.Hour, HumanTag: "HUMAN_AGENT"}
		})
		item := w.says("ann", "Hi")
		item.Account, item.At = "wa", w.clock.Now().Add(-time.Hour) // it was an hour on its way
		require.Equal(t, http.StatusOK, w.hook(item))
		wa, fb := w.current("ann"), w.arrives("fb", "bob", "Hi")
		state, err := w.jane.Conversation(ctx, wa.ID)
		require.NoError(t, err)
		assert.Equal(t, 23*time.Hour, state.Windows[0].Remaining, "from the provider's time")

		reply := func(s *frontdesk.Session, id string) error {
			_, err := s.Reply(ctx, id, frontdesk.Draft{Text: "Yes"})
			return err
		}
		bot := w.desk.As(frontdesk.Actor{Tenant: tenant, Automation: "bot"})
		for _, c := range []string{wa.ID, fb.ID} {
			_, err := w.jane.Do(ctx, c, frontdesk.SetStatus{Status: conversation.Closed}) // so that the bot may answer
			require.NoError(t, err)
		}
		w.clock.Advance(23*time.Hour - time.Second)
		require.NoError(t, reply(w.jane, wa.ID))
		require.NoError(t, reply(bot, fb.ID))
		w.clock.Advance(2 * time.Hour)
		var e *frontdesk.WindowError
		require.ErrorAs(t, reply(w.jane, wa.ID), &e)
		assert.Equal(t, "send a template", e.Instead)
		assert.ErrorIs(t, reply(bot, fb.ID), frontdesk.ErrWindow, "automation has a day")
		require.NoError(t, reply(w.jane, fb.ID), "a person has seven")
		w.run()
		calls := w.provider.Sent("fb")
		assert.Equal(t, "HUMAN_AGENT", calls[len(calls)-1].Part.Tag)
		w.clock.Advance(6 * 24 * time.Hour)
		assert.ErrorIs(t, reply(w.jane, fb.ID), frontdesk.ErrWindow)
		m, err := w.jane.Measure(ctx, fb.ID, frontdesk.Draft{Text: "x"})
		require.NoError(t, err)
		assert.False(t, m.Window.Open)
	})
}

func TestS6_TemplateInAClosedWindow(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.capable("wa", func(c *channel.Capabilities) { c.Window = channel.Window{Free: 24 * time.Hour} })
		c := w.arrives("wa", "ann", "Hi")
		w.clock.Advance(25 * time.Hour)
		free := func() error { _, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "Yes"}); return err }
		w.untouched(c.ID, func() {
			err := free()
			assert.ErrorIs(t, err, frontdesk.ErrWindow)
			assert.True(t, frontdesk.Refused(err))
			assert.Contains(t, err.Error(), "send a template")
		})
		_, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Template: &conversation.Template{Name: "hello", Language: "en"}})
		require.NoError(t, err)
		w.run()
		require.Len(t, w.provider.Sent("wa"), 1)
		assert.Equal(t, "hello", w.provider.Sent("wa")[0].Part.Template.Name)
		assert.ErrorIs(t, free(), frontdesk.ErrWindow, "a template opens no window")
		w.arrives("wa", "ann", "Now I answer")
		assert.NoError(t, free())
	})
}

func TestS6_WindowClosesWhileQueued(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		w.capable("wa", func(c *channel.Capabilities) { c.Window = channel.Window{Free: time.Hour} })
		c := w.arrives("wa", "ann", "Hi")
		m, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "Yes"})
		require.NoError(t, err)
		w.clock.Advance(2 * time.Hour)
		w.run()
		assert.Empty(t, w.provider.Sent("wa"))
		got := w.message(m.ID)
		assert.Equal(t, conversation.Failed, got.Delivery)
		assert.Equal(t, string(channel.WindowClosed), got.Failure.Class)
	})
}

func TestS6_QuotaWindows(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		for name, q := range map[string]channel.Quota{"five": {Count: 5, Within: 48 * time.Hour}, "three": {Count: 3, Within: time.Minute}} {
			w.capable(name, func(c *channel.Capabilities) {
				c.Window, c.Templates = channel.Window{Quotas: []channel.Quota{q}}, false
			})
			c := w.arrives(name, name, "Hi")
			for i := range q.Count {
				_, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "Yes"})
				require.NoError(t, err, "%s: %d", name, i)
			}
			w.run()
			assert.Len(t, w.provider.Sent(name), q.Count, "each that was accepted is sent")
			var e *frontdesk.WindowError
			_, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "Too many"})
			require.ErrorAs(t, err, &e)
			assert.Equal(t, "wait for the customer to write", e.Instead)
			w.clock.Advance(time.Second)
			w.arrives(name, name, "More")
			_, err = w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "Again"})
			require.NoError(t, err)
			w.clock.Advance(q.Within)
			_, err = w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "Too late"})
			assert.ErrorIs(t, err, frontdesk.ErrWindow)
		}
	})
}

func TestS7_Templates(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ch := w.channel(frontdesk.Channel{Account: "wa", Mailbox: "berlin", Templates: []frontdesk.Template{
			{Name: "welcome", Namespace: "ns1", Language: "de", Params: 2}, {Name: "bye", Language: "en"}}})
		send := func(tpl conversation.Template) (conversation.Message, error) {
			return w.jane.Compose(ctx, frontdesk.Start{Channel: ch.ID, Address: "ann", Draft: frontdesk.Draft{Template: &tpl}})
		}
		m, err := send(conversation.Template{Params: []string{"Ann", "12:00"}})
		require.NoError(t, err)
		assert.Equal(t, &conversation.Template{Name: "welcome", Namespace: "ns1", Language: "de", Params: []string{"Ann", "12:00"}}, m.Template, "the channel's default")
		_, err = send(conversation.Template{Name: "bye"})
		require.NoError(t, err)
		w.untouched(m.Conversation, func() {
			for name, tt := range map[string]struct {
				tpl  conversation.Template
				says string
			}{
				"count":       {conversation.Template{Params: []string{"one"}}, "takes 2 parameters, 1 given"},
				"unknown":     {conversation.Template{Name: "none"}, "no template"},
				"language":    {conversation.Template{Name: "bye", Language: "fr"}, "no template"},
				"empty":       {conversation.Template{Params: []string{"a", " "}}, "parameter 2 is empty"},
				"newline":     {conversation.Template{Params: []string{"a\nb", "c"}}, "parameter 1 holds a line end"},
				"tab":         {conversation.Template{Params: []string{"a\tb", "c"}}, "parameter 1 holds a line end or a tab"},
				"five spaces": {conversation.Template{Params: []string{"a     b", "c"}}, "more than four spaces"},
				"bad text":    {conversation.Template{Params: []string{"\xff", "c"}}, "UTF-8"},
			} {
				_, err := send(tt.tpl)
				assert.ErrorIs(t, err, frontdesk.ErrInvalid, name)
				assert.ErrorContains(t, err, tt.says, name)
			}
			_, err := w.jane.Compose(ctx, frontdesk.Start{Channel: ch.ID, Address: "ann", Draft: frontdesk.Draft{Text: "and text", Template: &conversation.Template{Name: "bye"}}})
			assert.ErrorIs(t, err, frontdesk.ErrInvalid)
			_, err = w.jane.Reply(ctx, m.Conversation, frontdesk.Draft{Whisper: true, Template: &conversation.Template{Name: "bye"}})
			assert.ErrorIs(t, err, frontdesk.ErrInvalid)
		})
		m, err = send(conversation.Template{Params: []string{"{{contact.phone}}", "a    b"}})
		require.NoError(t, err, "four spaces are allowed")
		none := w.channel(frontdesk.Channel{Account: "none", Mailbox: "berlin"})
		_, err = w.jane.Compose(ctx, frontdesk.Start{Channel: none.ID, Address: "ann", Draft: frontdesk.Draft{Template: &conversation.Template{}}})
		assert.ErrorIs(t, err, frontdesk.ErrInvalid, "no default")
		w.run()
		assert.Len(t, w.provider.Sent("wa"), 3)
	})
}

func TestS9_Compose(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m, err := w.jane.Compose(ctx, frontdesk.Start{Channel: w.chat.ID, Address: " +4930123 ", Draft: frontdesk.Draft{Text: "Hello", Subject: ""}})
		require.NoError(t, err)
		c := w.get(m.Conversation)
		assert.Equal(t, "berlin", c.Mailbox)
		assert.Equal(t, conversation.Open, c.Status)
		assert.False(t, c.Unread)
		require.Len(t, c.People, 1)
		person := c.People[0]
		assert.Equal(t, "+4930123", person.Identities[0].Address)

		again, err := w.jane.Compose(ctx, frontdesk.Start{Channel: w.chat.ID, Address: "+4930123", Draft: frontdesk.Draft{Text: "More"}})
		require.NoError(t, err)
		assert.Equal(t, c.ID, again.Conversation, "where one is open, the message goes there")
		byContact, err := w.joe.Compose(ctx, frontdesk.Start{Mailbox: "berlin", Contact: person.ID, Draft: frontdesk.Draft{Text: "By contact"}})
		require.NoError(t, err)
		assert.Equal(t, c.ID, byContact.Conversation)

		_, err = w.jane.Do(ctx, c.ID, frontdesk.Complete{})
		require.NoError(t, err)
		fresh, err := w.jane.Compose(ctx, frontdesk.Start{Channel: w.chat.ID, Contact: person.ID, Draft: frontdesk.Draft{Text: "New"}})
		require.NoError(t, err)
		assert.NotEqual(t, c.ID, fresh.Conversation)
		assert.Equal(t, []string{person.ID}, w.get(fresh.Conversation).Contacts)
		assert.NotEqual(t, c.Number, w.get(fresh.Conversation).Number)
		item := w.says("+4930123", "Answer")
		require.Equal(t, http.StatusOK, w.hook(item))
		assert.Equal(t, 2, w.get(fresh.Conversation).Messages, "the answer comes to the new one")
		w.run()
		assert.Equal(t, []string{"Hello", "More", "By contact", "New"}, w.texts())
	})
}

func TestS9_ComposeRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		shy := w.capable("shy", func(c *channel.Capabilities) { c.Initiate = false })
		page := w.hears("psid-1", "Hi") // known by a page-scoped ID alone, which is no phone number
		contact := page.Contacts[0]
		phone := w.channel(frontdesk.Channel{Account: "phone", Mailbox: "berlin"})
		before, err := w.setup.Conversations(ctx, frontdesk.Query{View: frontdesk.AllView})
		require.NoError(t, err)
		text := frontdesk.Draft{Text: "Hello"}
		for name, tt := range map[string]struct {
			start frontdesk.Start
			want  error
		}{
			"the customer writes first":     {frontdesk.Start{Channel: shy.ID, Address: "ann", Draft: text}, frontdesk.ErrCapability},
			"unknown channel":               {frontdesk.Start{Channel: "none", Address: "ann", Draft: text}, frontdesk.ErrNotFound},
			"bad channel":                   {frontdesk.Start{Channel: "a\x00b", Address: "ann", Draft: text}, frontdesk.ErrNotFound},
			"unknown contact":               {frontdesk.Start{Channel: phone.ID, Contact: "none", Draft: text}, frontdesk.ErrNotFound},
			"bad contact":                   {frontdesk.Start{Channel: phone.ID, Contact: "\xff", Draft: text}, frontdesk.ErrNotFound},
			"a contact known elsewhere":     {frontdesk.Start{Channel: phone.ID, Contact: contact, Draft: text}, frontdesk.ErrInvalid},
			"both":                          {frontdesk.Start{Channel: phone.ID, Contact: contact, Address: "ann", Draft: text}, frontdesk.ErrInvalid},
			"no address":                    {frontdesk.Start{Channel: phone.ID, Draft: text}, frontdesk.ErrInvalid},
			"blank address":                 {frontdesk.Start{Channel: phone.ID, Address: "  ", Draft: text}, frontdesk.ErrInvalid},
			"bad address":                   {frontdesk.Start{Channel: phone.ID, Address: "\xff", Draft: text}, frontdesk.ErrInvalid},
			"empty":                         {frontdesk.Start{Channel: phone.ID, Address: "ann"}, frontdesk.ErrInvalid},
			"mailbox and channel disagree":  {frontdesk.Start{Channel: phone.ID, Mailbox: "munich", Address: "ann", Draft: text}, frontdesk.ErrInvalid},
			"unknown mailbox":               {frontdesk.Start{Mailbox: "none", Draft: text}, frontdesk.ErrNotFound},
			"two channels and no default":   {frontdesk.Start{Mailbox: "munich", Address: "ann", Draft: text}, frontdesk.ErrNotFound},
			"more recipients where locked":  {frontdesk.Start{Channel: phone.ID, Address: "ann", Draft: frontdesk.Draft{Text: "x", To: []string{"bob"}}}, frontdesk.ErrCapability},
			"copies where locked":           {frontdesk.Start{Channel: phone.ID, Address: "ann", Draft: frontdesk.Draft{Text: "x", CC: []string{"bob"}}}, frontdesk.ErrCapability},
			"blind copies where locked":     {frontdesk.Start{Channel: phone.ID, Address: "ann", Draft: frontdesk.Draft{Text: "x", BCC: []string{"bob"}}}, frontdesk.ErrCapability},
			"a recipient with a line break": {frontdesk.Start{Channel: phone.ID, Address: "ann", Draft: frontdesk.Draft{Text: "x", CC: []string{"a\r\nBcc: b"}}}, frontdesk.ErrInvalid},
		} {
			_, err := w.jane.Compose(ctx, tt.start)
			assert.ErrorIs(t, err, tt.want, name)
			assert.True(t, frontdesk.Refused(err), "%s: %v", name, err)
		}
		w.run()
		after, err := w.setup.Conversations(ctx, frontdesk.Query{View: frontdesk.AllView})
		require.NoError(t, err)
		assert.Equal(t, len(before.Items), len(after.Items), "nothing half done")
		assert.Empty(t, w.provider.Sent("phone"))
	})
}

// A channel moves to another mailbox: the old mailbox's conversations stay its own.
func TestS9_ComposeOnAMovedChannel(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m, err := w.jane.Compose(ctx, frontdesk.Start{Channel: w.chat.ID, Address: "+4930123", Draft: frontdesk.Draft{Text: "Hello"}})
		require.NoError(t, err)
		w.channel(frontdesk.Channel{Account: "shop", Mailbox: "munich"})
		other, err := w.mia.Compose(ctx, frontdesk.Start{Channel: w.chat.ID, Address: "+4930123", Draft: frontdesk.Draft{Text: "From Munich"}})
		require.NoError(t, err)
		assert.NotEqual(t, m.Conversation, other.Conversation)
		assert.Equal(t, "munich", w.get(other.Conversation).Mailbox)
		assert.Equal(t, 1, w.get(m.Conversation).Messages)
	})
}

func TestS10_SendTest(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		w.run()
		before, events := w.get(c.ID), len(w.events())
		counts, err := w.jane.Counts(ctx)
		require.NoError(t, err)
		msgs, err := w.jane.SendTest(ctx, w.chat.ID, "ann", frontdesk.Draft{Text: "Does it work?"})
		require.NoError(t, err)
		require.Len(t, msgs, 2)
		w.run()
		assert.Equal(t, []string{"This is a test message.", "Does it work?"}, w.texts(), "exactly two, in order")
		after := w.get(c.ID)
		before.Windows, after.Windows = nil, nil
		assert.Equal(t, before, after)
		now, err := w.jane.Counts(ctx)
		require.NoError(t, err)
		assert.Equal(t, counts, now)
		for _, e := range w.events()[events:] {
			assert.Empty(t, e.Conversation)
		}
		page, err := w.setup.Conversations(ctx, frontdesk.Query{View: frontdesk.AllView})
		require.NoError(t, err)
		assert.Len(t, page.Items, 1)
		_, err = w.jane.Message(ctx, msgs[0].ID)
		assert.ErrorIs(t, err, frontdesk.ErrNotFound, "a test is in no conversation")

		// The news of a test and its failure touch no conversation either.
		w.provider.Next("shop", loopback.Outcome{Err: &channel.Error{Class: channel.Content}}, loopback.Outcome{Err: errors.New("lost")})
		_, err = w.jane.SendTest(ctx, w.chat.ID, "ann", frontdesk.Draft{Text: "Again"})
		require.NoError(t, err)
		w.receipt(w.provider.Sent("shop")[1].ID, conversation.Read, nil)
		w.run()
		after = w.get(c.ID)
		after.Windows = nil
		assert.Equal(t, before, after)
		assert.Empty(t, w.undelivered(w.jane))
	})
}

func TestS10_SendTestRefused(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		shy := w.capable("shy", func(c *channel.Capabilities) { c.Window = channel.Window{Free: time.Hour} })
		reader := w.agent(frontdesk.Agent{ID: "ro", Name: "Ro", Role: frontdesk.ReadOnly, Mailboxes: []string{"berlin"}})
		require.Equal(t, http.StatusOK, w.hook(w.says("out", "STOP"), channel.Item{Account: "shop", Thread: "out", At: w.clock.Now(),
			Consent: &channel.Consent{From: conversation.Identity{Scope: conversation.ScopePhone, Address: "out"}, OptedOut: true}}))
		text := frontdesk.Draft{Text: "x"}
		for name, tt := range map[string]struct {
			s    *frontdesk.Session
			ch   string
			to   string
			d    frontdesk.Draft
			want error
		}{
			"read only":       {reader, w.chat.ID, "ann", text, frontdesk.ErrForbidden},
			"another mailbox": {w.mia, w.chat.ID, "ann", text, frontdesk.ErrNotFound},
			"unknown channel": {w.jane, "none", "ann", text, frontdesk.ErrNotFound},
			"no address":      {w.jane, w.chat.ID, "", text, frontdesk.ErrInvalid},
			"empty":           {w.jane, w.chat.ID, "ann", frontdesk.Draft{}, frontdesk.ErrInvalid},
			"too long":        {w.jane, w.chat.ID, "ann", frontdesk.Draft{Text: strings.Repeat("a", 5000)}, frontdesk.ErrCapability},
			"closed window":   {w.jane, shy.ID, "ann", text, frontdesk.ErrWindow},
			"opted out":       {w.jane, w.chat.ID, "out", text, frontdesk.ErrOptedOut},
		} {
			_, err := tt.s.SendTest(ctx, tt.ch, tt.to, tt.d)
			assert.ErrorIs(t, err, tt.want, name)
		}
		w.run()
		assert.Empty(t, w.texts(), "not even the disclaimer")
	})
}

func TestS16_OptedOut(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		queued := w.replies(c.ID, "On its way out")
		stop := func(out bool) channel.Item {
			return channel.Item{Account: "shop", Thread: "ann", At: w.clock.Now(),
				Consent: &channel.Consent{From: conversation.Identity{Scope: "loopback", Address: "ann"}, OptedOut: out}}
		}
		require.Equal(t, http.StatusOK, w.hook(stop(true)))
		w.run()
		assert.Equal(t, conversation.Failed, w.message(queued.ID).Delivery, "what was queued does not go out")
		w.untouched(c.ID, func() {
			for _, s := range []*frontdesk.Session{w.jane, w.setup} {
				_, err := s.Reply(ctx, c.ID, frontdesk.Draft{Text: "x"})
				assert.ErrorIs(t, err, frontdesk.ErrOptedOut)
			}
			_, err := w.jane.Retry(ctx, queued.ID)
			assert.ErrorIs(t, err, frontdesk.ErrOptedOut)
		})
		require.Equal(t, http.StatusOK, w.hook(stop(false)))
		_, err := w.jane.Retry(ctx, queued.ID)
		require.NoError(t, err)
		w.provider.Next("shop", loopback.Outcome{Err: &channel.Error{Class: channel.Recipient, Code: "21610", OptedOut: true}})
		w.run()
		_, err = w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "x"})
		assert.ErrorIs(t, err, frontdesk.ErrOptedOut, "the provider said so")
		assert.Equal(t, 3, w.count(conversation.EventConsent))
	})
}

func TestS19_EveryViolationAtOnce(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		w.capable("market", func(c *channel.Capabilities) {
			c.Text = channel.Limit{Max: 5, Unit: channel.Bytes}
			c.Attachments = channel.AttachmentRules{Max: 2, MaxBytes: 300, Types: []channel.Type{{Pattern: "image/*", MaxBytes: 150}}}
		})
		c := w.arrives("market", "ann", "Hi")
		w.untouched(c.ID, func() {
			_, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "Too long", Subject: "Re", Attachments: []conversation.Attachment{
				{Name: "a.jpg", Type: "image/jpeg", URL: "https://x/a", Size: 200}, {Name: "b.pdf", Type: "application/pdf", URL: "http://x/b", Size: 200},
				{Name: "c.png", Type: "image/png", URL: "https://x/c", Size: 10}}})
			var e *frontdesk.CapabilityError
			require.ErrorAs(t, err, &e)
			assert.Len(t, e.Problems, 7, "%q", e.Problems)
		})
		_, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "OK", Attachments: files(2)})
		require.NoError(t, err)
	})
}

func TestA1_AssignByHand(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		for _, step := range []struct {
			a           frontdesk.Assign
			agent, team string
			shelf       conversation.Shelf
		}{
			{frontdesk.Assign{Agent: "jd"}, "jd", "", conversation.ShelfAssigned},
			{frontdesk.Assign{Agent: "joe"}, "joe", "", conversation.ShelfAssigned}, // handed over
			{frontdesk.Assign{Team: "returns"}, "", "returns", conversation.ShelfTeam},
			{frontdesk.Assign{Agent: "jd", Team: "returns"}, "jd", "returns", conversation.ShelfAssigned},
			{frontdesk.Assign{}, "", "", conversation.ShelfWaiting},
		} {
			got, err := w.jane.Do(ctx, c.ID, step.a)
			require.NoError(t, err)
			assert.Equal(t, []any{step.agent, step.team, step.shelf}, []any{got.Agent, got.Team, got.Shelf})
		}
		assert.Equal(t, 5, w.count(conversation.EventAssigned))
		require.NoError(t, w.setup.SaveAgent(ctx, frontdesk.Agent{ID: "gone", Name: "Gone", Mailboxes: []string{"berlin"}, Inactive: true}))
		w.untouched(c.ID, func() {
			for name, tt := range map[string]struct {
				a    frontdesk.Action
				want error
			}{
				"unknown agent":  {frontdesk.Assign{Agent: "none"}, frontdesk.ErrNotFound},
				"unknown team":   {frontdesk.Assign{Team: "none"}, frontdesk.ErrNotFound},
				"inactive agent": {frontdesk.Assign{Agent: "gone"}, frontdesk.ErrInvalid},
				"bad status":     {frontdesk.SetStatus{Status: "ajar"}, conversation.ErrValue},
			} {
				_, err := w.jane.Do(ctx, c.ID, frontdesk.Tag{Add: []string{"half"}}, tt.a)
				assert.ErrorIs(t, err, tt.want, name)
				_, err = w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "x", Then: []frontdesk.Action{tt.a}})
				assert.ErrorIs(t, err, tt.want, name)
			}
			_, err := w.mia.Do(ctx, c.ID, frontdesk.Assign{Agent: "mia"})
			assert.ErrorIs(t, err, frontdesk.ErrNotFound)
		})
	})
}

func TestS20_StatusAssigneeAndTagsInTheSameAct(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		_, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "Done", Then: []frontdesk.Action{frontdesk.Assign{Agent: "joe"}, frontdesk.Tag{Add: []string{"vip"}}, frontdesk.Complete{}}})
		require.NoError(t, err)
		got := w.get(c.ID)
		assert.Equal(t, []any{"joe", []string{"vip"}, conversation.Closed, true}, []any{got.Agent, got.Tags, got.Status, got.Finished})
	})
}

func TestH1_ScriptedFailures(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		w.provider.Fail("shop", loopback.Test, errors.New("wrong password"))
		_, err := w.setup.TestChannel(ctx, w.chat.ID)
		assert.ErrorContains(t, err, "wrong password")
		answer, err := w.setup.TestChannel(ctx, w.chat.ID)
		require.NoError(t, err)
		assert.Equal(t, "loopback account shop answers", answer)
		_, err = w.jane.TestChannel(ctx, w.chat.ID)
		assert.ErrorIs(t, err, frontdesk.ErrForbidden)

		c := w.hears("ann", "Hi")
		require.Equal(t, http.StatusOK, w.hook(channel.Item{Account: "shop", Thread: "ann", At: w.clock.Now(),
			Offer: &channel.Offer{Actions: []conversation.Action{{ID: "accept", Input: "amount"}}}}))
		assert.ErrorIs(t, w.jane.Act(ctx, c.ID, "deny", ""), frontdesk.ErrInvalid, "not offered")
		assert.ErrorIs(t, w.jane.Act(ctx, c.ID, "accept", ""), frontdesk.ErrInvalid, "no amount")
		assert.ErrorIs(t, w.mia.Act(ctx, c.ID, "accept", "5"), frontdesk.ErrNotFound)
		w.provider.Fail("shop", loopback.Do, &channel.Error{Class: channel.Content})
		assert.Error(t, w.jane.Act(ctx, c.ID, "accept", "5"))
		require.NoError(t, w.jane.Act(ctx, c.ID, "accept", "5"))
		assert.Len(t, w.provider.Acts("shop"), 1)
	})
}

func TestC15_AttachmentsAreOpenedOnRequest(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		file := w.provider.AddFile("shop", "a.txt", "text/plain", []byte("content"))
		item := w.says("ann", "See")
		item.Message.Attachments = []conversation.Attachment{file, {ID: "lost", Name: "lost.txt"}}
		require.Equal(t, http.StatusOK, w.hook(item))
		m := w.timeline(w.current("ann").ID)[0]
		f, err := w.jane.Attachment(ctx, m.ID, 0)
		require.NoError(t, err)
		defer f.Body.Close()
		data, err := io.ReadAll(f.Body)
		require.NoError(t, err)
		assert.Equal(t, "content", string(data))
		assert.Equal(t, "text/plain", f.Type)
		_, err = w.mia.Attachment(ctx, m.ID, 0)
		assert.ErrorIs(t, err, frontdesk.ErrNotFound, "attachments are as visible as their conversation")
		for _, n := range []int{-1, 2} {
			_, err = w.jane.Attachment(ctx, m.ID, n)
			assert.ErrorIs(t, err, frontdesk.ErrNotFound)
		}
		_, err = w.jane.Attachment(ctx, m.ID, 1)
		assert.ErrorIs(t, err, channel.ErrNotFound)
		w.provider.Fail("shop", loopback.Fetch, channel.ErrTooLarge)
		_, err = w.jane.Attachment(ctx, m.ID, 0)
		assert.ErrorIs(t, err, channel.ErrTooLarge)
	})
}

// A provider is not handed an ID of another.
func TestS1_QuotesOfAnotherChannel(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		other := w.channel(frontdesk.Channel{Account: "other", Mailbox: "berlin"})
		a := w.hears("ann", "Hi")
		b := w.arrives("other", "bob", "See my other message")
		_, err := w.setup.Merge(ctx, a.ID, b.ID)
		require.NoError(t, err)
		quoted := ""
		for _, m := range w.timeline(a.ID) {
			if m.Text == "Hi" {
				quoted = m.ID
			}
		}
		_, err = w.jane.Reply(ctx, a.ID, frontdesk.Draft{Text: "I have", Channel: other.ID, ReplyTo: quoted})
		require.NoError(t, err)
		w.run()
		sent := w.provider.Sent("other")
		require.Len(t, sent, 1)
		assert.Empty(t, sent[0].Part.ReplyTo)
	})
}
