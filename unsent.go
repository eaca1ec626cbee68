package frontdesk

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// SavedDraft is what an agent has written in a conversation and not yet sent. It is checked when it is sent, not before.
type SavedDraft struct {
	Text        string                    `json:"text,omitempty"`
	HTML        string                    `json:"html,omitempty"`
	Subject     string                    `json:"subject,omitempty"`
	Attachments []conversation.Attachment `json:"attachments,omitempty"`
	To          []string                  `json:"to,omitempty"`
	CC          []string                  `json:"cc,omitempty"`
	BCC         []string                  `json:"bcc,omitempty"`
	Channel     string                    `json:"channel,omitempty"`
	ReplyTo     string                    `json:"replyTo,omitempty"`
	Saved       time.Time                 `json:"saved"` // set by SaveDraft
}

// MaxDraft is how large a draft may be, in bytes of JSON.
const MaxDraft = maxDocument

// draftKey is the row of an agent's draft. Nobody else's calls read it.
func draftKey(agent, conv string, whisper bool) store.Key {
	kind := "reply"
	if whisper {
		kind = "whisper"
	}
	return document("draft", agent+"/"+conv+"/"+kind)
}

// SaveDraft keeps what the calling agent has written so far as a reply or a whisper of a conversation, in the place of what he wrote
// before. Only he sees it, for as long as he sees the conversation. The commit that sends his reply or whisper there drops it; a refused
// send leaves it. It is no setting: it needs no admin, and no event tells it. Errors: ErrNotFound, ErrForbidden, ErrInvalid.
func (s *Session) SaveDraft(ctx context.Context, id string, whisper bool, d SavedDraft) error {
	// The conversation is checked with the commit: erasing it drops the drafts that are there by then, and none may come after.
	return s.draft(ctx, "save draft", id, whisper, func(t *txn, key store.Key) error {
		d.Saved = t.now
		for _, f := range []struct{ field, text string }{{"Text", d.Text}, {"HTML", d.HTML}, {"Subject", d.Subject}} {
			if problems := conversation.CheckText(f.text, conversation.MaxText); len(problems) > 0 {
				return &InvalidError{Field: f.field, Problems: problems}
			}
		}
		body, err := store.Encode(formatDocument, d, store.Kept{})
		if err != nil {
			return err
		}
		if len(body) > MaxDraft {
			return invalid("draft", "is %d bytes of JSON, at most %d", len(body), MaxDraft)
		}
		t.putRow(store.Row{Key: key, Body: body})
		return nil
	})
}

// DeleteDraft drops the calling agent's draft. Dropping one that is not there does nothing.
func (s *Session) DeleteDraft(ctx context.Context, id string, whisper bool) error {
	return s.draft(ctx, "delete draft", id, whisper, func(t *txn, key store.Key) error {
		if _, ok := t.row(key); ok {
			t.remove(key)
		}
		return nil
	})
}

// Draft returns the calling agent's draft. Error: ErrNotFound if he has none.
func (s *Session) Draft(ctx context.Context, id string, whisper bool) (d SavedDraft, err error) {
	err = s.draft(ctx, "draft", id, whisper, func(t *txn, key store.Key) error {
		row, ok := t.row(key)
		if !ok {
			return fmt.Errorf("draft: %w", ErrNotFound)
		}
		d, err = decode[SavedDraft](t, row)
		return err
	})
	return d, err
}

// draft does something with the calling agent's draft in a conversation that he sees.
func (s *Session) draft(ctx context.Context, op, id string, whisper bool, do func(*txn, store.Key) error) error {
	err := s.desk.write(ctx, s.actor.Tenant, "", func(t *txn) error {
		c, err := t.writer(s.actor, op)
		if err != nil {
			return err
		}
		if store.CheckText(id, false) != "" {
			return ErrNotFound
		}
		key := draftKey(c.agent.ID, id, whisper)
		if err := t.load(conversationKey(id), key); err != nil {
			return err
		}
		if _, err := t.visible(c, id); err != nil {
			return err
		}
		return do(t, key)
	})
	return wrap(op, id, err)
}

// draftsOf returns the agents' drafts in a conversation, as this commit finds them.
func (t *txn) draftsOf(conv string) (rows []store.Row, err error) {
	agents, err := documents[Agent](t, "agent/")
	if err != nil {
		return nil, err
	}
	var keys []store.Key
	for _, a := range agents {
		keys = append(keys, draftKey(a.ID, conv, false), draftKey(a.ID, conv, true))
	}
	if err := t.load(keys...); err != nil {
		return nil, err
	}
	for _, key := range keys {
		if row, ok := t.row(key); ok {
			rows = append(rows, row)
		} else {
			t.batch.Ignore(key)
		}
	}
	return rows, nil
}

// dropFromDrafts takes addresses out of the agents' drafts in a conversation.
func (t *txn) dropFromDrafts(conv string, of []conversation.Identity) error {
	rows, err := t.draftsOf(conv)
	if err != nil {
		return err
	}
	named := func(typed string) bool { // perhaps with a name, perhaps several in one
		parts := strings.FieldsFunc(typed, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(`,;<>"`, r) })
		return slices.ContainsFunc(of, func(i conversation.Identity) bool {
			return slices.ContainsFunc(parts, func(part string) bool { return strings.EqualFold(part, i.Address) })
		})
	}
	for _, row := range rows {
		d, err := decode[SavedDraft](t, row)
		if err != nil {
			return err
		}
		n := len(d.To) + len(d.CC) + len(d.BCC)
		for _, list := range []*[]string{&d.To, &d.CC, &d.BCC} {
			*list = slices.DeleteFunc(slices.Clone(*list), named)
		}
		if len(d.To)+len(d.CC)+len(d.BCC) == n {
			continue
		}
		if err := t.put(store.Row{Key: row.Key}, formatDocument, d); err != nil {
			return err
		}
	}
	return nil
}

// writer is the calling agent: only people write drafts.
func (t *txn) writer(a Actor, op string) (caller, error) {
	c, err := t.caller(a, op, toWork)
	if err == nil && c.agent.ID == "" {
		err = &ForbiddenError{Command: op, Needs: "an agent: only people write drafts"}
	}
	return c, err
}

// dropDraft drops the draft of what the caller sends, in the same commit: also what he wrote in a part, or in a part of that.
func (t *txn) dropDraft(c caller, conv *conversation.Conversation, whisper bool) error {
	if c.agent.ID == "" {
		return nil
	}
	parts, err := t.partsOf(conv)
	if err != nil {
		return err
	}
	var keys []store.Key
	for _, id := range sources(conv, parts) {
		keys = append(keys, draftKey(c.agent.ID, id, whisper))
	}
	if err := t.load(keys...); err != nil {
		return err
	}
	for _, key := range keys {
		if _, ok := t.row(key); ok {
			t.remove(key)
		}
	}
	return nil
}

// Writer is an agent who is writing in a conversation.
type Writer struct {
	Tenant       string
	Conversation string
	Agent        string // ID
	At           time.Time
}

// WritingFor is how long a hint that somebody writes holds. Whoever goes on writing gives another before.
const WritingFor = 10 * time.Second

// Writing tells that the calling agent is writing in a conversation, so that others see it before they write the same. Nothing of it is
// stored: it holds for WritingFor in this process, and Config.Writing carries it to others. Errors: ErrNotFound, ErrForbidden.
func (s *Session) Writing(ctx context.Context, id string) error {
	w := Writer{Tenant: s.actor.Tenant, Conversation: id, At: s.desk.now()}
	err := s.readFor(ctx, "writing", toWork, func(t *txn, _ caller) error {
		c, err := t.writer(s.actor, "writing")
		if err != nil {
			return err
		}
		conv, err := t.visible(c, id)
		w.Agent, w.Conversation = c.agent.ID, conv.ID // of a part, in what it is merged into
		return err
	})
	if err != nil {
		return wrap("writing", id, err)
	}
	s.desk.Heard(w)
	if s.desk.cfg.Writing != nil {
		s.desk.cfg.Writing(ctx, w)
	}
	return nil
}

// Heard takes in a hint that another process was given and Config.Writing brought here. It is never handed on.
func (d *Desk) Heard(w Writer) { d.writers.put(w, d.now()) }

// Writers returns who else is writing in a conversation, by agent: what this process was told within WritingFor. Error: ErrNotFound.
func (s *Session) Writers(ctx context.Context, id string) (out []Writer, err error) {
	err = s.read(ctx, "writers", id, func(t *txn, c caller) error {
		conv, err := t.visible(c, id)
		if err != nil {
			return err
		}
		out = slices.DeleteFunc(s.desk.writers.get(s.actor.Tenant, conv.ID, s.desk.now()), func(w Writer) bool { return w.Agent == c.agent.ID })
		return nil
	})
	return out, err
}

// writers keeps hints in memory, by conversation.
type writers struct {
	mu  sync.Mutex
	all map[docKey][]Writer
}

func (ws *writers) put(w Writer, now time.Time) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if ws.all == nil || len(ws.all) >= cacheLimit {
		ws.all = map[docKey][]Writer{} // hints come again
	}
	key := docKey{w.Tenant, w.Conversation}
	list := slices.DeleteFunc(ws.all[key], func(o Writer) bool { return o.Agent == w.Agent || !o.fresh(now) })
	ws.all[key] = append(list, w)
}

func (ws *writers) get(tenant, id string, now time.Time) (out []Writer) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for _, w := range ws.all[docKey{tenant, id}] {
		if w.fresh(now) {
			out = append(out, w)
		}
	}
	slices.SortFunc(out, func(a, b Writer) int { return strings.Compare(a.Agent, b.Agent) })
	return out
}

func (w *Writer) fresh(now time.Time) bool { return now.Before(w.At.Add(WritingFor)) }
