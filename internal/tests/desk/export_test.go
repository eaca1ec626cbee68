package desk_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/channel/loopback"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

type line struct {
	Conversation struct {
		ID       string
		Subject  string
		Preview  string
		Contacts []struct{ Name string }
	}
	Messages []struct {
		ID, Direction, Text, Author string
		To, BCC                     []string
		Attachments                 []struct{ Name string }
	}
}

func (w *world) exports(s *frontdesk.Session, e frontdesk.Export) string {
	w.t.Helper()
	var out bytes.Buffer
	require.NoError(w.t, s.Export(ctx, &out, e))
	return out.String()
}

func (w *world) exported(s *frontdesk.Session, e frontdesk.Export) (out []line) {
	w.t.Helper()
	e.Format = frontdesk.JSONLines
	scan := bufio.NewScanner(strings.NewReader(w.exports(s, e)))
	scan.Buffer(nil, 10<<20)
	for scan.Scan() {
		var l line
		require.NoError(w.t, json.Unmarshal(scan.Bytes(), &l))
		out = append(out, l)
	}
	return out
}

func TestV6_JSONLines(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.channel(frontdesk.Channel{Account: "store", Mailbox: "munich"})
		m := w.says("mo", "elsewhere")
		m.Account = "store"
		w.takes(m)
		in := w.says("ann", "Grüße\n\"quoted\"")
		in.Message.Attachments = []conversation.Attachment{w.provider.AddFile("shop", "a.txt", "text/plain", []byte("x"))}
		w.takes(in)
		ann := w.current("ann")
		w.replies(ann.ID, "Hello")
		_, err := w.jane.Whisper(ctx, ann.ID, "psst")
		require.NoError(t, err)
		bob := w.hears("bob", "Hi")
		w.do(w.jane, bob.ID, frontdesk.SetStatus{Status: conversation.Closed})
		internal, err := w.jane.Compose(ctx, frontdesk.Start{Mailbox: "berlin", Draft: frontdesk.Draft{Text: "among us"}})
		require.NoError(t, err)
		w.clock.Advance(time.Minute)

		all := frontdesk.Export{Query: &frontdesk.Query{View: frontdesk.AllView}}
		got := w.exported(w.jane, all)
		require.Len(t, got, 2, "what the caller sees, without internal conversations")
		assert.Less(t, got[0].Conversation.ID, got[1].Conversation.ID)
		for _, l := range got {
			if l.Conversation.ID != ann.ID {
				continue
			}
			require.Len(t, l.Messages, 2, "no whispers, no activity")
			assert.Equal(t, "Grüße\n\"quoted\"", l.Messages[0].Text)
			assert.Equal(t, "a.txt", l.Messages[0].Attachments[0].Name)
			assert.Equal(t, "Hello", l.Messages[1].Text)
			assert.Equal(t, "ann Customer", l.Conversation.Contacts[0].Name)
		}
		assert.NotContains(t, w.exports(w.jane, frontdesk.Export{Query: all.Query, Format: frontdesk.JSONLines}), "psst")
		all.Whispers = true
		text := w.exports(w.jane, frontdesk.Export{Query: all.Query, Format: frontdesk.JSONLines, Whispers: true})
		assert.Contains(t, text, "psst")
		assert.Contains(t, text, "among us")
		assert.Contains(t, text, internal.Conversation)
		assert.NotContains(t, text, "elsewhere")
		chosen := w.exported(w.jane, frontdesk.Export{IDs: []string{bob.ID, bob.ID, "none", w.current("mo").ID}})
		require.Len(t, chosen, 1)
		assert.Equal(t, bob.ID, chosen[0].Conversation.ID)
		assert.Len(t, w.exported(w.jane, frontdesk.Export{Query: &frontdesk.Query{View: frontdesk.ClosedView}}), 1)
	})
}

func TestV6_CSV(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.hears("ann", "=HYPERLINK(\"http://evil\")")
		w.takes(w.says("ann", "two\nlines, and \"quotes\""))
		w.hears("bob", "\t=1")
		w.clock.Advance(time.Minute)
		text := w.exports(w.jane, frontdesk.Export{Query: &frontdesk.Query{}, Format: frontdesk.CSV})
		rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		require.NoError(t, err)
		require.Len(t, rows, 4, "a heading and a row for each message")
		column := map[string]int{}
		for i, name := range rows[0] {
			column[name] = i
		}
		texts := map[string]bool{}
		for _, row := range rows[1:] {
			texts[row[column["text"]]] = true
			for _, cell := range row {
				assert.NotContains(t, "=+-@\t\r", cell[:min(1, len(cell))]+"\x00", "no formula: %q", cell)
			}
			if row[column["conversation"]] == ann.ID {
				assert.Equal(t, "ann Customer", row[column["author"]])
			}
		}
		assert.True(t, texts["'=HYPERLINK(\"http://evil\")"])
		assert.True(t, texts["two\nlines, and \"quotes\""])
		assert.True(t, texts["'\t=1"])
		empty := w.exports(w.jane, frontdesk.Export{Query: &frontdesk.Query{View: frontdesk.SpamView}, Format: frontdesk.CSV})
		assert.True(t, strings.HasPrefix(empty, "conversation,"), "the heading stands also over nothing")
	})
}

func TestV6_BlindCopiesAreNotExported(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		caps := loopback.Default()
		caps.Recipients = true
		w.provider.SetCapabilities("mail", caps)
		ch := w.channel(frontdesk.Channel{Account: "mail", Mailbox: "berlin"})
		_, err := w.joe.Compose(ctx, frontdesk.Start{Channel: ch.ID, Address: "ann", Draft: frontdesk.Draft{Text: "Hi", CC: []string{"cc@example.com"}, BCC: []string{"secret@example.com"}}})
		require.NoError(t, err)
		for _, format := range []frontdesk.ExportFormat{frontdesk.CSV, frontdesk.JSONLines} {
			text := w.exports(w.jane, frontdesk.Export{Query: &frontdesk.Query{}, Format: format})
			assert.Contains(t, text, "cc@example.com")
			assert.NotContains(t, text, "secret@example.com")
		}
	})
}

func TestV6_BadExports(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		for name, e := range map[string]frontdesk.Export{
			"nothing":    {Format: frontdesk.CSV},
			"both":       {Format: frontdesk.CSV, IDs: []string{"a"}, Query: &frontdesk.Query{}},
			"no format":  {Query: &frontdesk.Query{}},
			"too many":   {IDs: make([]string, frontdesk.MaxBulkIDs+1), Format: frontdesk.CSV},
			"a bad view": {Query: &frontdesk.Query{View: "x"}, Format: frontdesk.CSV},
		} {
			var out bytes.Buffer
			assert.ErrorIs(t, w.jane.Export(ctx, &out, e), frontdesk.ErrInvalid, name)
			assert.Empty(t, out.String())
		}
		full := errors.New("disk full")
		assert.ErrorIs(t, w.jane.Export(ctx, noDisk{full}, frontdesk.Export{IDs: []string{c.ID}, Format: frontdesk.CSV}), full)
		ended, cancel := context.WithCancel(ctx)
		cancel()
		assert.ErrorIs(t, w.jane.Export(ended, io.Discard, frontdesk.Export{IDs: []string{c.ID}, Format: frontdesk.CSV}), context.Canceled)
	})
}

type noDisk struct{ err error }

func (f noDisk) Write([]byte) (int, error) { return 0, f.err }

// A right that is withdrawn while an export runs ends it; a conversation that was moved away is not in it.
func TestV6_RightsAreThoseOfTheMoment(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		ids := w.many(120)
		s := &watched{Store: w.store, when: 2, then: func() {
			w.agent(frontdesk.Agent{ID: "jd", Name: "Jane Doe", Mailboxes: []string{"munich"}})
		}}
		jane := w.open(func(c *frontdesk.Config) { c.Store = s }).As(frontdesk.Actor{Tenant: tenant, Agent: "jd"})
		got := w.exported(jane, frontdesk.Export{IDs: ids})
		assert.NotEmpty(t, got)
		assert.Less(t, len(got), 10)
	})
}

// watched is a store that has something done before its n-th list of messages.
type watched struct {
	store.Store
	mu   sync.Mutex
	seen int
	when int
	then func()
}

func (s *watched) List(ctx context.Context, q store.Query) (*store.Page, error) {
	s.mu.Lock()
	if q.Kind == store.Message {
		s.seen++
	}
	now := q.Kind == store.Message && s.seen == s.when
	s.mu.Unlock()
	if now {
		s.then()
	}
	return s.Store.List(ctx, q)
}

// An export is written while it is read: nothing is collected first.
func TestV6_Streams(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		for i := range 300 {
			w.hears(fmt.Sprintf("c%03d", i), strings.Repeat("x", 1000))
		}
		w.clock.Advance(time.Minute)
		r, pipe := io.Pipe()
		done := make(chan error, 1)
		s := &watched{Store: w.store}
		jane := w.open(func(c *frontdesk.Config) { c.Store = s }).As(frontdesk.Actor{Tenant: tenant, Agent: "jd"})
		go func() {
			err := jane.Export(ctx, pipe, frontdesk.Export{Query: &frontdesk.Query{}, Format: frontdesk.JSONLines})
			pipe.Close()
			done <- err
		}()
		_, err := r.Read(make([]byte, 1))
		require.NoError(t, err)
		s.mu.Lock()
		seen := s.seen
		s.mu.Unlock()
		assert.Less(t, seen, 20, "the first byte comes before the last conversation is read")
		n := 0
		scan := bufio.NewScanner(r)
		for scan.Scan() {
			n++
		}
		require.NoError(t, <-done)
		assert.Equal(t, 300, n)
	})
}

func TestV6_APartAndItsHeadAreOne(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		head, part := w.hears("ann", "Hello"), w.hears("bob", "Hi")
		_, err := w.jane.Merge(ctx, head.ID, part.ID)
		require.NoError(t, err)
		assert.Len(t, w.exported(w.setup, frontdesk.Export{IDs: []string{head.ID, part.ID}}), 1)
	})
}

// writing calls do at the first write.
type writing struct {
	strings.Builder
	do func()
}

func (w *writing) Write(p []byte) (int, error) {
	if do := w.do; do != nil {
		w.do = nil
		do()
	}
	return w.Builder.Write(p)
}

func TestV6_MergedMeanwhile(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		head := w.hears("ann", strings.Repeat("long text ", 1000))
		w.clock.Advance(time.Second)
		part := w.hears("bob", "Hi")
		out := &writing{do: func() {
			_, err := w.jane.Merge(ctx, head.ID, part.ID)
			require.NoError(t, err)
		}}
		require.NoError(t, w.setup.Export(ctx, out, frontdesk.Export{Query: &frontdesk.Query{View: frontdesk.AllView}, Format: frontdesk.JSONLines}))
		assert.Equal(t, 1, strings.Count(out.String(), `"conversation":{"id":"`+head.ID))
		assert.Equal(t, 1, strings.Count(out.String(), `"text":"Hi"`))
	})
}

func TestV6_TrashedMeanwhile(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		w.hears("ann", strings.Repeat("long text ", 1000))
		w.clock.Advance(time.Second)
		c := w.hears("bob", "Trashed words")
		out := &writing{do: func() { w.do(w.jane, c.ID, frontdesk.Trash{}) }}
		require.NoError(t, w.setup.Export(ctx, out, frontdesk.Export{Query: &frontdesk.Query{View: frontdesk.Inbox}, Format: frontdesk.JSONLines}))
		assert.NotContains(t, out.String(), "Trashed words")
	})
}
