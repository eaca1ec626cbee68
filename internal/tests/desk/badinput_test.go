package desk_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
)

// bad are IDs that nobody has, some of which no store could hold.
var bad = []string{"none", "", "a\x00b", "\xff", strings.Repeat("x", 300), "a/b", "../x"}

func TestUnknownIDs(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		w.untouched(c.ID, func() {
			for _, id := range bad {
				for name, call := range map[string]func() error{
					"conversation": func() error { _, err := w.jane.Conversation(ctx, id); return err },
					"timeline":     func() error { _, err := w.jane.Timeline(ctx, id, frontdesk.TimelineQuery{}); return err },
					"message":      func() error { _, err := w.jane.Message(ctx, id); return err },
					"reply":        func() error { _, err := w.jane.Reply(ctx, id, frontdesk.Draft{Text: "x"}); return err },
					"whisper":      func() error { _, err := w.jane.Whisper(ctx, id, "x"); return err },
					"do":           func() error { _, err := w.jane.Do(ctx, id, frontdesk.Complete{}); return err },
					"view":         func() error { _, err := w.jane.View(ctx, id); return err },
					"measure":      func() error { _, err := w.jane.Measure(ctx, id, frontdesk.Draft{}); return err },
					"retry":        func() error { _, err := w.jane.Retry(ctx, id); return err },
					"dismiss":      func() error { _, err := w.jane.Dismiss(ctx, id); return err },
					"attachment":   func() error { _, err := w.jane.Attachment(ctx, id, 0); return err },
					"act":          func() error { return w.jane.Act(ctx, id, "x", "") },
					"test channel": func() error { _, err := w.setup.TestChannel(ctx, id); return err },
					"replay":       func() error { return w.setup.Replay(ctx, id) },
					"bulk state":   func() error { _, err := w.setup.BulkState(ctx, id); return err },
					"bulk results": func() error { _, err := w.setup.BulkResults(ctx, id, ""); return err },
					"cancel bulk":  func() error { return w.setup.CancelBulk(ctx, id) },
					"merge":        func() error { _, err := w.jane.Merge(ctx, c.ID, id); return err },
					"merge into":   func() error { _, err := w.jane.Merge(ctx, id, c.ID); return err },
					"unmerge":      func() error { _, err := w.jane.Unmerge(ctx, id); return err },
				} {
					assert.ErrorIs(t, call(), frontdesk.ErrNotFound, "%s %q", name, id)
				}
				if id != "" {
					_, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "x", Channel: id})
					assert.ErrorIs(t, err, frontdesk.ErrNotFound, "channel %q", id)
					_, err = w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "x", ReplyTo: id})
					assert.ErrorIs(t, err, frontdesk.ErrNotFound, "reply to %q", id)
					_, err = w.jane.Reply(ctx, c.ID, frontdesk.Draft{Reply: id})
					assert.ErrorIs(t, err, frontdesk.ErrNotFound, "saved reply %q", id)
					_, err = w.jane.Do(ctx, c.ID, frontdesk.Assign{Agent: id})
					assert.ErrorIs(t, err, frontdesk.ErrNotFound, "assign to %q", id)
				}
			}
		})
	})
}

func TestUnknownTenantsAndAgents(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		w.untouched(c.ID, func() {
			for _, id := range append(bad, "*") {
				s := w.desk.As(frontdesk.Actor{Tenant: id, Agent: "jd"})
				_, err := s.Reply(ctx, c.ID, frontdesk.Draft{Text: "x"})
				assert.True(t, frontdesk.Refused(err), "tenant %q: %v", id, err)
				_, err = s.Conversations(ctx, frontdesk.Query{})
				assert.True(t, frontdesk.Refused(err), "tenant %q: %v", id, err)
				_, err = w.desk.As(frontdesk.System(id)).Conversation(ctx, c.ID)
				assert.True(t, frontdesk.Refused(err), "tenant %q: %v", id, err)

				s = w.desk.As(frontdesk.Actor{Tenant: tenant, Agent: id})
				_, err = s.Reply(ctx, c.ID, frontdesk.Draft{Text: "x"})
				assert.ErrorIs(t, err, frontdesk.ErrForbidden, "agent %q", id)
				_, err = s.Counts(ctx)
				assert.ErrorIs(t, err, frontdesk.ErrForbidden, "agent %q", id)
			}
		})
	})
}

func TestBadDrafts(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		file := func(a conversation.Attachment) frontdesk.Draft {
			return frontdesk.Draft{Text: "x", Attachments: []conversation.Attachment{a}}
		}
		w.untouched(c.ID, func() {
			for name, d := range map[string]frontdesk.Draft{
				"empty":                  {},
				"blank":                  {Text: " \n\t"},
				"not UTF-8":              {Text: "\xff"},
				"NUL":                    {Text: "a\x00b"},
				"too long":               {Text: strings.Repeat("x", conversation.MaxText+1)},
				"HTML not UTF-8":         {HTML: "\xff"},
				"subject with a line":    {Text: "x", Subject: "a\nBcc: b"},
				"subject too long":       {Text: "x", Subject: strings.Repeat("x", conversation.MaxSubject+1)},
				"key not UTF-8":          {Text: "x", Key: "\xff"},
				"key too long":           {Text: "x", Key: strings.Repeat("k", frontdesk.MaxKey+1)},
				"file without a source":  file(conversation.Attachment{Name: "a"}),
				"file with a bad name":   file(conversation.Attachment{Name: "\xff", ID: "1"}),
				"file with a bad hash":   file(conversation.Attachment{Hash: "\xff", ID: "1"}),
				"file of a minus length": file(conversation.Attachment{Size: -1, ID: "1"}),
				"too many files":         {Text: "x", Attachments: files(conversation.MaxAttachments + 1)},
				"too many actions":       {Text: "x", Then: make([]frontdesk.Action, 9)},
				"an action of none":      {Text: "x", Then: []frontdesk.Action{nil}},
				"an inner action":        {Text: "x", Then: []frontdesk.Action{conversation.Receive{}}},
				"a bad tag":              {Text: "x", Then: []frontdesk.Action{frontdesk.Tag{Add: []string{"a,b"}}}},
			} {
				_, err := w.jane.Reply(ctx, c.ID, d)
				assert.ErrorIs(t, err, frontdesk.ErrInvalid, name)
				_, err = w.jane.Compose(ctx, frontdesk.Start{Mailbox: "berlin", Address: "bob", Draft: d})
				assert.ErrorIs(t, err, frontdesk.ErrInvalid, name)
			}
		})
		assert.Equal(t, 1, w.conversations())
		_, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: strings.Repeat("x", 4096), Key: strings.Repeat("k", frontdesk.MaxKey)})
		assert.NoError(t, err, "at the limits")
	})
}

func TestEndedContext(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		ended, cancel := context.WithCancel(ctx)
		cancel()
		w.untouched(c.ID, func() {
			_, err := w.jane.Reply(ended, c.ID, frontdesk.Draft{Text: "x"})
			assert.ErrorIs(t, err, context.Canceled)
			assert.False(t, frontdesk.Refused(err))
			_, err = w.jane.Conversations(ended, frontdesk.Query{})
			assert.ErrorIs(t, err, context.Canceled)
			assert.Error(t, w.desk.RunDue(ended))
		})
	})
}

func TestDiskFull(t *testing.T) {
	o := stores.SQLite(t)
	o.DB.SetMaxOpenConns(1) // the limit is a connection's
	w := newWorld(t, o)
	c := w.hears("ann", "Hi")
	w.run()
	limit := func(pages string) {
		_, err := o.DB.Exec("pragma max_page_count = " + pages)
		require.NoError(t, err)
	}
	var pages string
	require.NoError(t, o.DB.QueryRow("pragma page_count").Scan(&pages))
	limit(pages)
	var err error
	written := 0
	for err == nil && written < 1000 {
		if _, err = w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: strings.Repeat("x", 4000)}); err == nil {
			written++
		}
	}
	require.ErrorContains(t, err, "full")
	assert.False(t, frontdesk.Refused(err), "it is not the caller's fault")
	assert.Equal(t, 1+written, w.get(c.ID).Messages, "nothing half done")
	assert.Len(t, w.timeline(c.ID), 1+written)
	assert.Equal(t, http.StatusServiceUnavailable, w.hook(w.says("bob", strings.Repeat("y", 60_000))), "more than the pages that may be free")
	assert.Equal(t, 1, w.conversations())

	limit("1000000")
	m := w.replies(c.ID, "There is room again")
	w.run()
	assert.Equal(t, conversation.Sent, w.message(m.ID).Delivery)
	assert.Len(t, w.texts(), written+1)
	w.hears("bob", "Me too")
}
