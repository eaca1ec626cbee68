package desk_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
)

// sending is a way to send something under a key; everything it hands in is made anew each time.
type sending struct {
	name string
	send func(key string) (conversation.Message, error)
}

// drafts are replies in a conversation that differ in one thing each.
func (w *world) drafts(conv, asked, second string) []sending {
	due := w.clock.Now().Add(time.Hour)
	draft := func(name string, change func(*frontdesk.Draft)) sending {
		return sending{name, func(key string) (conversation.Message, error) {
			d := frontdesk.Draft{Text: "Once", Key: key}
			change(&d)
			return w.jane.Reply(ctx, conv, d)
		}}
	}
	then := func(name string, action frontdesk.Action) sending {
		return draft(name, func(d *frontdesk.Draft) { d.Then = []frontdesk.Action{action} })
	}
	return []sending{
		draft("plain", func(*frontdesk.Draft) {}),
		draft("a space", func(d *frontdesk.Draft) { d.Text = "Once " }),
		draft("capitals", func(d *frontdesk.Draft) { d.Text = "ONCE" }),
		draft("HTML", func(d *frontdesk.Draft) { d.HTML = "<b>Once</b>" }),
		draft("a subject", func(d *frontdesk.Draft) { d.Subject = "S" }),
		draft("a file", func(d *frontdesk.Draft) { d.Attachments = files(1) }),
		draft("two files", func(d *frontdesk.Draft) { d.Attachments = files(2) }),
		draft("a template", func(d *frontdesk.Draft) {
			d.Text, d.Template = "", &conversation.Template{Name: "t", Params: []string{"1"}}
		}),
		draft("other values", func(d *frontdesk.Draft) {
			d.Text, d.Template = "", &conversation.Template{Name: "t", Params: []string{"2"}}
		}),
		draft("a whisper", func(d *frontdesk.Draft) { d.Whisper = true }),
		draft("a copy", func(d *frontdesk.Draft) { d.CC = []string{"cid@example.com"} }),
		draft("a blind copy", func(d *frontdesk.Draft) { d.BCC = []string{"cid@example.com"} }),
		draft("a channel", func(d *frontdesk.Draft) { d.Channel = second }),
		draft("an answer", func(d *frontdesk.Draft) { d.ReplyTo = asked }),
		draft("no signature", func(d *frontdesk.Draft) { d.NoSignature = true }),
		draft("verbatim", func(d *frontdesk.Draft) { d.Verbatim = true }),
		draft("missing fields", func(d *frontdesk.Draft) { d.Missing = frontdesk.MissingKeep }),
		draft("a tag", func(d *frontdesk.Draft) { d.Tags = []string{"x"} }),
		draft("later", func(d *frontdesk.Draft) { d.At = due }),
		draft("later still", func(d *frontdesk.Draft) { d.At = due.Add(time.Microsecond) }),
		draft("unless answered", func(d *frontdesk.Draft) { d.At, d.CancelOnAnswer = due, true }),
		draft("to be undone", func(d *frontdesk.Draft) { d.Undo = time.Minute }),
		then("and done", frontdesk.Complete{}),
		then("and given", frontdesk.Assign{Agent: "jd"}),
		then("and tagged", frontdesk.Tag{Add: []string{"a", "b"}}),
		then("and tagged with another", frontdesk.Tag{Add: []string{"a"}}),
		then("and followed up", frontdesk.SetFollowUp{At: due}),
	}
}

// sendings are ways to send that differ in one thing each: what is said, what is done with it, where it goes, and how.
func (w *world) sendings(conv, elsewhere, first, second string) []sending {
	item := w.says("+4930111", "See")
	item.Account, item.Message.From[0].Scope, item.Message.Attachments = "first", conversation.ScopePhone, files(1)
	require.Equal(w.t, http.StatusOK, w.hook(item))
	entries := w.timeline(conv)
	asked := entries[len(entries)-1].ID
	all := w.drafts(conv, asked, second)
	add := func(name string, send func(frontdesk.Draft) (conversation.Message, error)) {
		all = append(all, sending{name, func(key string) (conversation.Message, error) { return send(frontdesk.Draft{Text: "Once", Key: key}) }})
	}
	add("elsewhere", func(d frontdesk.Draft) (conversation.Message, error) { return w.jane.Reply(ctx, elsewhere, d) })
	for name, s := range map[string]frontdesk.Start{
		"to an address": {Channel: first, Address: "+4930111"}, "to another": {Channel: first, Address: "+4930222"},
		"from the mailbox": {Mailbox: "berlin", Address: "+4930111"}, "from another channel": {Channel: second, Address: "+4930111"},
	} {
		add(name, func(d frontdesk.Draft) (conversation.Message, error) { s.Draft = d; return w.jane.Compose(ctx, s) })
	}
	for name, f := range map[string]frontdesk.Forward{"forwarded": {Conversation: elsewhere}, "forwarded without files": {Conversation: elsewhere, WithoutFiles: true}} {
		add(name, func(d frontdesk.Draft) (conversation.Message, error) {
			f.Draft = d
			return w.jane.Forward(ctx, asked, f)
		})
	}
	return all
}

// Under a key that was used, whatever differs in anything is refused, and what is the same is the same message: at once, and six weeks later.
func TestX5_SameKeyOtherContent(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		everything := func(c *channel.Capabilities) { c.HTML, c.Subject, c.Recipients = true, true, true }
		first, second := w.capable("first", everything), w.capable("second", everything)
		conv, elsewhere := w.on("first", "+4930111", "Hi"), w.on("first", "+4930222", "Hi")
		all := w.sendings(conv.ID, elsewhere.ID, first.ID, second.ID)
		sent := map[string]string{}
		for i, first := range all {
			if i%size(9, 6, 1) != 0 && i < len(all)-2 {
				continue
			}
			m, err := first.send(first.name)
			require.NoError(t, err, first.name)
			sent[first.name] = m.ID
		}
		try := func(when string) (refused int) {
			entries := len(w.timeline(conv.ID)) + len(w.timeline(elsewhere.ID))
			for _, first := range all {
				for _, second := range all {
					if sent[first.name] == "" {
						continue
					}
					m, err := second.send(first.name)
					if first.name == second.name {
						require.NoError(t, err, "%s: %s again", when, first.name)
						require.Equal(t, sent[first.name], m.ID, "%s: %s again", when, first.name)
						continue
					}
					require.ErrorIs(t, err, frontdesk.ErrKeyReused, "%s: %s after %s", when, second.name, first.name)
					require.True(t, frontdesk.Refused(err))
					refused++
				}
			}
			require.Equal(t, entries, len(w.timeline(conv.ID))+len(w.timeline(elsewhere.ID)), when)
			return refused
		}
		n := try("at once")
		assert.Equal(t, len(sent)*(len(all)-1), n)
		for range 3 {
			w.clock.Advance(15 * 24 * time.Hour)
			w.run()
		}
		assert.Equal(t, n, try("six weeks later"))
		t.Logf("%d refused of %d", 2*n, 2*n)
	})
}

// Many callers use few keys at once, with different contents: each key sends one message, whose content is one of those that were handed in;
// who handed in that one gets the message, and everybody else the error.
func TestX5_SameKeyAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		r, keys := seeded(t), size(8, 15, 500)
		const calls, contents = 16, 3
		desks := []*frontdesk.Desk{w.desk, w.open()}
		convs := []string{w.hears("ann", "Hi").ID, w.hears("bob", "Hi").ID, w.hears("cid", "Hi").ID}
		w.run()
		texts := map[string]bool{}
		for k := range keys {
			key, where := fmt.Sprintf("k%d", k), r.IntN(len(convs))
			chosen := make([]string, calls)
			for i := range chosen {
				chosen[i] = fmt.Sprintf("%s content %d", key, r.IntN(contents))
			}
			got, errs := make([]conversation.Message, calls), make([]error, calls)
			var wg sync.WaitGroup
			for i := range calls {
				wg.Go(func() {
					s := desks[i%2].As(frontdesk.Actor{Tenant: tenant, Agent: "jd"})
					got[i], errs[i] = s.Reply(ctx, convs[where], frontdesk.Draft{Text: chosen[i], Key: key})
				})
			}
			wg.Wait()
			winner := conversation.Message{}
			for i, err := range errs {
				if err == nil {
					winner = got[i]
				}
			}
			require.NotEmpty(t, winner.ID, "%s: somebody sends", key)
			texts[winner.Text] = true
			for i, err := range errs {
				if chosen[i] == winner.Text {
					require.NoError(t, err, "%s: the same content", key)
					require.Equal(t, winner.ID, got[i].ID, "%s: the same message", key)
					require.Equal(t, winner.Text, got[i].Text)
				} else {
					require.ErrorIs(t, err, frontdesk.ErrKeyReused, "%s: other content", key)
				}
			}
		}
		w.run()
		assert.Len(t, w.texts(), keys, "one message each")
		for _, text := range w.texts() {
			assert.True(t, texts[text], text)
		}
	})
}

func TestS13_SameKeySameContent(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		berlin, err := time.LoadLocation("Europe/Berlin")
		require.NoError(t, err)
		at := w.clock.Now().Add(48 * time.Hour)
		_, err = w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "x", Key: "k", Then: []frontdesk.Action{frontdesk.Snooze{Until: at}, frontdesk.Tag{Add: []string{"a"}}}})
		require.NoError(t, err)
		_, err = w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "x", Key: "k", Then: []frontdesk.Action{frontdesk.Snooze{Until: at.In(berlin)}, frontdesk.Tag{Add: []string{"a"}, Remove: []string{}}}})
		assert.NoError(t, err)
	})
}
