package desk_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/conversation/reply"
)

func TestS8_SavedReplyIsFilledAndSent(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		require.NoError(t, w.setup.SaveAgent(ctx, frontdesk.Agent{ID: "jd", Name: "Jane Doe", Alias: "Janie", Mailboxes: []string{"berlin"}, Teams: []string{"returns"}}))
		c := w.hears("ann", "Hi")
		r, err := w.setup.SaveReply(ctx, frontdesk.SavedReply{Title: "Hello", Shortcut: "hi", Language: "en", Attachments: files(1),
			Content: "Hi {{contact.first_name|there}}, {{agent.alias}} of {{mailbox.name}} on no. {{conversation.number}}. {{contact.email|no mail}}"})
		require.NoError(t, err)
		m, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Reply: r.ID})
		require.NoError(t, err)
		assert.Equal(t, "Hi ann, Janie of Berlin on no. 1. no mail", m.Text)
		assert.Len(t, m.Attachments, 1)
		w.run()
		assert.Equal(t, []string{m.Text}, w.texts())
		assert.Equal(t, "JD", m.Author.Initials)
		for _, field := range frontdesk.Fields() {
			got, err := w.jane.Measure(ctx, c.ID, frontdesk.Draft{Text: "{{" + field + "|none}}"})
			require.NoError(t, err, field)
			assert.NotContains(t, got.Text, "{{")
		}
	})
}

func TestS8_Policies(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		const text = "Hi {{contact.first_name}} at {{contact.email}}, {{order.number}}."
		w.untouched(c.ID, func() {
			_, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: text})
			var missing *reply.MissingError
			require.ErrorAs(t, err, &missing)
			assert.Equal(t, []string{"contact.email", "order.number"}, missing.Names, "all of them")
			assert.True(t, frontdesk.Refused(err))
			_, err = w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: text, Missing: "guess"})
			assert.ErrorIs(t, err, frontdesk.ErrInvalid)
			_, err = w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "{{contact.first_name"})
			var syntax *reply.SyntaxError
			assert.ErrorAs(t, err, &syntax)
			assert.True(t, frontdesk.Refused(err))
			_, err = w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "x", Reply: "y"})
			assert.ErrorIs(t, err, frontdesk.ErrInvalid)
			_, err = w.jane.Reply(ctx, c.ID, frontdesk.Draft{Reply: "a\x00b"})
			assert.ErrorIs(t, err, frontdesk.ErrNotFound)
		})
		for policy, want := range map[frontdesk.MissingPolicy]string{
			frontdesk.MissingBlank: "Hi ann at,.",
			frontdesk.MissingKeep:  "Hi ann at {{contact.email}}, {{order.number}}.",
		} {
			m, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: text, Missing: policy})
			require.NoError(t, err)
			assert.Equal(t, want, m.Text)
			got, err := w.jane.Measure(ctx, c.ID, frontdesk.Draft{Text: text, Missing: policy})
			require.NoError(t, err)
			assert.Equal(t, []string{"contact.email", "order.number"}, got.Unresolved)
		}
		m, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: text, Verbatim: true})
		require.NoError(t, err)
		assert.Equal(t, text, m.Text)
	})
}

// A customer chooses his own name: it is a value, never a field, and never more than one line.
func TestS8_ValuesAreNotScannedAgain(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		item := w.says("ann", "Hi")
		item.Message.From[0].Name = "{{agent.name}}\n\u202eevil\x00"
		require.Equal(t, http.StatusOK, w.hook(item))
		m, err := w.jane.Reply(ctx, w.current("ann").ID, frontdesk.Draft{Text: "Dear {{contact.name}}."})
		require.NoError(t, err)
		assert.Equal(t, "Dear {{agent.name}} evil.", m.Text)
		w.run()
		assert.Equal(t, []string{m.Text}, w.texts())
	})
}

func TestS8_TemplateParametersAreFilled(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		m, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Template: &conversation.Template{Name: "hello", Params: []string{"{{contact.first_name}}", "{{contact.email| none\tat  all }}"}}})
		require.NoError(t, err)
		assert.Equal(t, []string{"ann", "none at all"}, m.Template.Params, "cleaned as the platform wants it")
		w.run()
		w.untouched(c.ID, func() {
			_, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Template: &conversation.Template{Name: "hello", Params: []string{"{{contact.email}}"}}})
			var missing *reply.MissingError
			assert.ErrorAs(t, err, &missing)
		})
	})
}

func TestS8_LengthIsCountedAfterFilling(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		item := w.says("ann", "Hi")
		item.Message.From[0].Name = strings.Repeat("n", 4000)
		require.Equal(t, http.StatusOK, w.hook(item))
		c := w.current("ann")
		w.untouched(c.ID, func() {
			_, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: strings.Repeat("a", 97) + "{{contact.name}}"})
			assert.ErrorIs(t, err, frontdesk.ErrCapability)
			assert.ErrorContains(t, err, "1 characters over the limit of 4096")
		})
	})
}

func TestS8_WhoSeesWhichReply(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		boss := w.agent(frontdesk.Agent{ID: "boss", Name: "Boss", Role: frontdesk.Admin})
		reader := w.agent(frontdesk.Agent{ID: "ro", Name: "Ro", Role: frontdesk.ReadOnly, Mailboxes: []string{"berlin"}})
		save := func(s *frontdesk.Session, r frontdesk.SavedReply) frontdesk.SavedReply {
			r.Content = "text"
			saved, err := s.SaveReply(ctx, r)
			require.NoError(t, err)
			return saved
		}
		all := save(boss, frontdesk.SavedReply{Title: "1 all", Shortcut: "x"})
		team := save(boss, frontdesk.SavedReply{Title: "2 team", Team: "returns", Shortcut: "x"})
		own := save(w.jane, frontdesk.SavedReply{Title: "3 own", Agent: "jd", Shortcut: "x"})
		for _, tt := range []struct {
			s    *frontdesk.Session
			want []string
		}{{w.jane, []string{all.ID, team.ID, own.ID}}, {w.joe, []string{all.ID}}, {boss, []string{all.ID, team.ID}}, {reader, []string{all.ID}}} {
			replies, err := tt.s.Replies(ctx)
			require.NoError(t, err)
			var ids []string
			for _, r := range replies {
				ids = append(ids, r.ID)
			}
			assert.Equal(t, tt.want, ids)
		}
		c := w.hears("ann", "Hi")
		for _, id := range []string{team.ID, own.ID} {
			_, err := w.joe.Reply(ctx, c.ID, frontdesk.Draft{Reply: id})
			assert.ErrorIs(t, err, frontdesk.ErrNotFound)
		}
		for name, tt := range map[string]struct {
			s    *frontdesk.Session
			r    frontdesk.SavedReply
			want error
		}{
			"for everybody without an admin": {w.jane, frontdesk.SavedReply{Title: "t"}, frontdesk.ErrForbidden},
			"for a team without an admin":    {w.jane, frontdesk.SavedReply{Title: "t", Team: "returns"}, frontdesk.ErrForbidden},
			"for somebody else":              {w.jane, frontdesk.SavedReply{Title: "t", Agent: "joe"}, frontdesk.ErrForbidden},
			"read only":                      {reader, frontdesk.SavedReply{Title: "t", Agent: "ro"}, frontdesk.ErrForbidden},
			"everybody's as one's own":       {w.jane, frontdesk.SavedReply{ID: all.ID, Title: "t", Agent: "jd"}, frontdesk.ErrForbidden},
			"another's as one's own":         {w.joe, frontdesk.SavedReply{ID: own.ID, Title: "t", Agent: "joe"}, frontdesk.ErrNotFound},
			"a private one by an admin":      {boss, frontdesk.SavedReply{ID: own.ID, Title: "t"}, frontdesk.ErrNotFound},
			"unknown team":                   {boss, frontdesk.SavedReply{Title: "t", Team: "none"}, frontdesk.ErrNotFound},
			"unknown agent":                  {boss, frontdesk.SavedReply{Title: "t", Agent: "none"}, frontdesk.ErrNotFound},
			"team and agent":                 {boss, frontdesk.SavedReply{Title: "t", Team: "returns", Agent: "jd"}, frontdesk.ErrInvalid},
			"no title":                       {boss, frontdesk.SavedReply{}, frontdesk.ErrInvalid},
			"bad ID":                         {boss, frontdesk.SavedReply{ID: "a/b", Title: "t"}, frontdesk.ErrInvalid},
			"bad shortcut":                   {boss, frontdesk.SavedReply{Title: "t", Shortcut: "two words"}, frontdesk.ErrInvalid},
			"taken shortcut":                 {boss, frontdesk.SavedReply{Title: "t", Shortcut: "x"}, frontdesk.ErrInvalid},
			"bad attachment":                 {boss, frontdesk.SavedReply{Title: "t", Attachments: []conversation.Attachment{{Name: "x"}}}, frontdesk.ErrInvalid},
			"bad language":                   {boss, frontdesk.SavedReply{Title: "t", Language: "not a language"}, frontdesk.ErrInvalid},
		} {
			tt.r.Content = "text"
			_, err := tt.s.SaveReply(ctx, tt.r)
			assert.ErrorIs(t, err, tt.want, name)
			assert.True(t, frontdesk.Refused(err), name)
		}
		for content, problem := range map[string]string{"{{": "unclosed field", "{{}}": "empty field name", "\xff": "invalid UTF-8", "a\x00": "NUL character"} {
			_, err := boss.SaveReply(ctx, frontdesk.SavedReply{Title: "t", Content: content})
			var e *reply.SyntaxError
			require.ErrorAs(t, err, &e)
			assert.Equal(t, problem, e.Problem)
		}
		_, err := boss.SaveReply(ctx, frontdesk.SavedReply{Title: "t", Content: strings.Repeat("é", reply.MaxContent+1)})
		var long *reply.LengthError
		require.ErrorAs(t, err, &long)
		assert.True(t, frontdesk.Refused(err))

		// A shortcut goes free when its reply lets go of it, moves or is deleted.
		moved := all
		moved.Team = "returns"
		moved.Shortcut = "y"
		save(boss, moved)
		save(boss, frontdesk.SavedReply{Title: "new", Shortcut: "x"})
		require.ErrorIs(t, w.joe.DeleteReply(ctx, own.ID), frontdesk.ErrNotFound)
		require.ErrorIs(t, boss.DeleteReply(ctx, own.ID), frontdesk.ErrNotFound, "private is private")
		require.ErrorIs(t, w.jane.DeleteReply(ctx, team.ID), frontdesk.ErrForbidden)
		require.NoError(t, w.jane.DeleteReply(ctx, own.ID))
		require.NoError(t, w.jane.DeleteReply(ctx, own.ID), "again does nothing")
		require.NoError(t, w.jane.DeleteReply(ctx, "a\x00b"))
		save(w.jane, frontdesk.SavedReply{Title: "again", Agent: "jd", Shortcut: "x"})
	})
}
