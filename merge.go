package frontdesk

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// Conversations merge by alias: a part keeps its header and its timeline and says which conversation it is merged into, its head. The head
// takes over what is to be worked on, and the names of the part's threads lead to it. So merging and undoing it are one commit each,
// however many messages there are.

// Merging says what merging would move, or has moved, into a conversation.
type Merging struct {
	Messages int // inbound, outbound and whispered
	Threads  int
	Contacts int // that the conversation does not have yet
	Tags     int // likewise
}

// mergeDoc is what undoing a merge needs. Its document is named after the part.
type mergeDoc struct {
	Head   string                    `json:"head"`
	Entry  string                    `json:"entry"`  // ID of the head's timeline entry that tells the merge
	Before conversation.Conversation `json:"before"` // the head without the part
	At     time.Time                 `json:"at"`
}

// maxMergeAtOnce bounds the conversations merged in one call.
const maxMergeAtOnce = 10

// MergePreview says what Merge would move. Errors: those of Merge.
func (s *Session) MergePreview(ctx context.Context, into string, from ...string) (m Merging, err error) {
	err = s.readFor(ctx, "preview merge", toWork, func(t *txn, c caller) error {
		head, parts, err := t.mergeParties(c, into, from)
		if err == nil {
			_, err = conversation.Apply(head, conversation.Env{Now: t.now, Actor: c.who(), IDs: t.desk.ids(conversation.MaxEntries)}, conversation.Absorb{Parts: parts})
		}
		m = merging(&head, parts)
		return err
	})
	return m, wrap("preview merge into conversation", into, err)
}

func merging(head *conversation.Conversation, parts []conversation.Conversation) (m Merging) {
	for i := range parts {
		p := &parts[i]
		m.Messages += p.Messages
		m.Threads += len(p.Threads)
		for _, id := range p.Contacts {
			if !slices.Contains(head.Contacts, id) {
				m.Contacts++
			}
		}
		for _, tag := range p.Tags {
			if !slices.Contains(head.Tags, tag) {
				m.Tags++
			}
		}
	}
	return m
}

// Merge makes conversations of one mailbox parts of another, in one commit: the head takes over their people, threads, tags and what
// waits in them; what the customer writes next on any of the threads comes there; their timelines show in the head's, and their IDs lead
// to it. They are no longer listed or counted. At most 10 at once, and 20 parts in all. Errors: ErrNotFound, ErrForbidden, ErrInvalid,
// conversation.ErrValue (also if together they have more tags, records and the like than a conversation may: nothing is merged then), and
// conversation.ErrState if one of them is merged already, is in spam or in trash.
func (s *Session) Merge(ctx context.Context, into string, from ...string) (out Conversation, err error) {
	err = s.desk.write(ctx, s.actor.Tenant, "conversation/"+into, func(t *txn) error {
		c, err := t.caller(s.actor, "merge conversations", toWork)
		if err != nil {
			return err
		}
		head, parts, err := t.mergeParties(c, into, from)
		if err != nil {
			return err
		}
		merged, err := t.merge(c, head, parts)
		if err != nil {
			return err
		}
		settings, err := t.settings()
		out = seen(merged, c, settings.GlobalRead)
		return err
	})
	return out, wrap("merge into conversation", into, err)
}

// mergeParties loads the conversations of a merge, which the caller may see. None of them is looked for behind an alias: who merges says
// what he means.
func (t *txn) mergeParties(c caller, into string, from []string) (head conversation.Conversation, parts []conversation.Conversation, err error) {
	if len(from) == 0 || len(from) > maxMergeAtOnce {
		return head, nil, invalid("from", "%d conversations; give 1 to %d", len(from), maxMergeAtOnce)
	}
	if head, err = t.unaliased(c, into); err != nil {
		return head, nil, err
	}
	total := 0
	for _, id := range distinct(from) {
		p, err := t.unaliased(c, id)
		if err != nil {
			return head, nil, err
		}
		below, err := t.partsOf(&p)
		if err != nil {
			return head, nil, err
		}
		total += 1 + len(below)
		parts = append(parts, p)
	}
	below, err := t.partsOf(&head)
	if n := total + len(below); err == nil && n > conversation.MaxParts {
		err = invalid("from", "%d parts in all, at most %d", n, conversation.MaxParts)
	}
	return head, parts, err
}

// unaliased loads a conversation that the caller may see and that is not merged into another.
func (t *txn) unaliased(c caller, id string) (conversation.Conversation, error) {
	conv, err := t.visible(c, id)
	if err == nil && conv.ID != id {
		err = &conversation.StateError{Command: "merge", Reason: "conversation " + id + " is merged into " + conv.ID, Instead: "unmerge"}
	}
	return conv, err
}

func (t *txn) merge(c caller, head conversation.Conversation, parts []conversation.Conversation) (conversation.Conversation, error) {
	before := head.Clone()
	env, err := t.env(c.who(), head.Mailbox, t.ids)
	if err != nil {
		return head, err
	}
	absorb := conversation.Absorb{Parts: slices.Clone(parts)}
	if err := t.keepHolders(&head, absorb.Parts); err != nil {
		return head, err
	}
	change, err := t.apply(&head, false, env, absorb)
	if err != nil {
		return head, err
	}
	for i := range parts {
		p := &parts[i]
		doc := document("merge", p.ID)
		if err := t.load(doc); err != nil {
			return head, err
		}
		if err := t.put(store.Row{Key: doc}, formatDocument, mergeDoc{Head: head.ID, Entry: change.Messages[0].ID, Before: before, At: t.now}); err != nil {
			return head, err
		}
		if err := t.lead(p.Threads, p.ID, head.ID); err != nil {
			return head, err
		}
		if _, err := t.apply(p, false, env, conversation.Join{Head: head.ID}); err != nil {
			return head, err
		}
	}
	return change.Conversation, t.showNewest(&change.Conversation)
}

// keepHolders takes from parts the agents whom they cannot bring to a head: who is gone, or would not see it.
func (t *txn) keepHolders(head *conversation.Conversation, parts []conversation.Conversation) error {
	for i := range parts {
		p := &parts[i]
		holder := Assign{Agent: p.Agent}
		err := t.checkAssign(head.Mailbox, holder)
		if err == nil {
			err = t.checkHolder(head, holder)
		}
		switch {
		case errors.Is(err, ErrInvalid), errors.Is(err, ErrNotFound):
			p.Agent = ""
		case err != nil:
			return err
		}
	}
	return nil
}

// lead makes the names of threads that lead to one conversation lead to another.
func (t *txn) lead(threads []conversation.Thread, from, to string) error {
	keys := make([]store.Key, len(threads))
	for i, th := range threads {
		keys[i] = threadName(th.Channel, th.Key)
	}
	if err := t.load(keys...); err != nil {
		return err
	}
	for _, key := range keys {
		if row, ok := t.row(key); ok && row.Target == conversationKey(from) {
			t.putRow(store.Row{Key: key, Target: conversationKey(to)})
		}
	}
	return nil
}

// Unmerge takes a part out of the conversation it is merged into. What came in since stays there; what the customer writes next on the
// part's threads comes to the part again. An agent or team whom only the part brought leaves with it. Errors: ErrNotFound, ErrForbidden, and conversation.ErrState if it is not merged, or what it is
// merged into is itself merged.
func (s *Session) Unmerge(ctx context.Context, part string) (out Conversation, err error) {
	err = s.desk.write(ctx, s.actor.Tenant, "conversation/"+part, func(t *txn) error {
		c, err := t.caller(s.actor, "unmerge conversation", toWork)
		if err != nil {
			return err
		}
		head, err := t.visible(c, part)
		if err != nil {
			return err
		}
		p, err := t.conversation(part)
		if err == nil {
			err = t.reachesPart(c, &head, part)
		}
		if err != nil {
			return err
		}
		if p.Into != "" && p.Into != head.ID {
			return &conversation.StateError{Command: "unmerge", Reason: "conversation " + p.Into + " is itself merged into " + head.ID, Instead: "unmerge that first"}
		}
		left, err := t.unmerge(c, &head, &p)
		if err != nil {
			return err
		}
		settings, err := t.settings()
		out = seen(left, c, settings.GlobalRead)
		return err
	})
	return out, wrap("unmerge conversation", part, err)
}

func (t *txn) unmerge(c caller, head, p *conversation.Conversation) (left conversation.Conversation, err error) {
	key := document("merge", p.ID)
	if err := t.load(key); err != nil {
		return left, err
	}
	env, err := t.env(c.who(), p.Mailbox, t.ids[conversation.MaxEntries:])
	if err != nil {
		return left, err
	}
	change, err := t.apply(p, false, env, conversation.Leave{Answered: head.WaitingSince.IsZero(), Hold: head.Hold})
	if err != nil {
		return left, err
	}
	row, _ := t.row(key)
	undo, err := decode[mergeDoc](t, row)
	if err != nil {
		return left, err
	}
	release := conversation.Release{Part: *p, Before: undo.Before}
	if release.Others, err = t.siblings(head, p.ID); err != nil {
		return left, err
	}
	if err := t.keepHolders(head, release.Others); err != nil {
		return left, err
	}
	if err := t.load(messageKey(undo.Entry)); err != nil {
		return left, err
	}
	if entry, err := t.message(undo.Entry); err == nil {
		release.Entry, release.Prior = entry.Sequence, entry.Prior
	}
	env.IDs = t.ids
	released, err := t.apply(head, false, env, release)
	if err != nil {
		return left, err
	}
	t.remove(key)
	if err := t.handDown(release); err != nil {
		return left, err
	}
	for _, c := range []*conversation.Conversation{&released.Conversation, &change.Conversation} {
		if err := t.showNewest(c); err != nil {
			return left, err
		}
	}
	own := slices.DeleteFunc(slices.Clone(p.Threads), func(th conversation.Thread) bool {
		_, stays := released.Conversation.Thread(th.Channel, th.Key)
		return stays
	})
	if err := t.lead(own, head.ID, p.ID); err != nil {
		return left, err
	}
	// Which labels are whose, and what a contact was given while the part was in no list, the contacts know.
	if _, err := t.relabel(&released.Conversation); err != nil {
		return left, err
	}
	return t.relabel(&change.Conversation)
}

// showNewest has a conversation that this commit changed show the newest message of its own and its parts' timelines.
func (t *txn) showNewest(c *conversation.Conversation) error {
	newest, err := t.newest(c)
	if err != nil {
		return err
	}
	before := c.Clone()
	if !c.Show(newest) {
		return nil
	}
	c.Changed = conversation.Later(c.Changed, t.now)
	return t.putConversation(c, &before)
}

// newest returns the visible message that was stored last on the timelines of a conversation and its parts, as this commit leaves them; nil if
// there is none.
func (t *txn) newest(c *conversation.Conversation) (newest *conversation.Message, err error) {
	parts, err := t.partsOf(c)
	if err != nil {
		return nil, err
	}
	for _, of := range append([]conversation.Conversation{*c}, parts...) { // of two at the same time its own
		m, err := t.newestOn(of.ID)
		if err != nil {
			return nil, err
		}
		if m != nil && (newest == nil || m.Stored.After(newest.Stored)) {
			newest = m
		}
	}
	return newest, nil
}

// newestOn is newest of one timeline.
func (t *txn) newestOn(id string) (newest *conversation.Message, err error) {
	written, err := t.uncommitted(id)
	if err != nil {
		return nil, err
	}
	for i := range written {
		if m := &written[i]; m.Visible() && (newest == nil || m.Sequence > newest.Sequence) {
			newest = m
		}
	}
	q := store.Query{Tenant: t.tenant, Kind: store.Message, Fact: "conversation", Value: id, Limit: 10, Match: []store.Match{{Name: "trash", Not: true},
		{Name: "type", Any: []string{conversation.EventEchoed, conversation.EventOutgoing, conversation.EventReceived, conversation.EventWhispered}}}}
	for {
		page, err := t.desk.store.List(t.ctx, q)
		if err != nil {
			return nil, err
		}
		for _, row := range page.Rows {
			var m conversation.Message
			if _, ok := t.batch.Written(row.Key); ok {
				continue
			}
			if _, err := store.Decode(row.Body, &m); err != nil {
				return nil, err
			}
			if m.Visible() {
				if newest == nil || m.Sequence > newest.Sequence {
					newest = &m
				}
				return newest, nil
			}
		}
		if q.Cursor = page.Cursor; q.Cursor == "" {
			return newest, nil
		}
	}
}

// siblings loads the parts of a conversation but one, and the documents of their merges.
func (t *txn) siblings(head *conversation.Conversation, part string) (out []conversation.Conversation, err error) {
	var keys []store.Key
	for _, id := range head.Parts {
		keys = append(keys, conversationKey(id), document("merge", id))
	}
	if err := t.load(keys...); err != nil {
		return nil, err
	}
	for _, id := range head.Parts {
		p, err := t.conversation(id)
		switch {
		case id == part || errors.Is(err, ErrNotFound):
		case err != nil:
			return nil, err
		default:
			out = append(out, p)
		}
	}
	return out, nil
}

// handDown takes what a released part brought out of what the conversation was before later parts: what such a part brought, too, is
// then its own to take along.
func (t *txn) handDown(release conversation.Release) error {
	for i := range release.Others {
		key := document("merge", release.Others[i].ID)
		row, ok := t.row(key)
		if !ok {
			continue
		}
		doc, err := decode[mergeDoc](t, row)
		if err != nil {
			return err
		}
		if !slices.Contains(doc.Before.Parts, release.Part.ID) {
			continue
		}
		doc.Before = release.Undo(doc.Before)
		if err := t.put(store.Row{Key: key}, formatDocument, doc); err != nil {
			return err
		}
	}
	return nil
}

// head loads a conversation, or what it is merged into.
func (t *txn) head(id string) (conversation.Conversation, error) {
	for range conversation.MaxParts + 1 {
		if err := t.load(conversationKey(id)); err != nil {
			return conversation.Conversation{}, err
		}
		conv, err := t.conversation(id)
		if err != nil || conv.Into == "" {
			return conv, err
		}
		id = conv.Into
	}
	return conversation.Conversation{}, ErrNotFound
}

// partsOf loads what is merged into a conversation, and into that. A part that is gone is left out.
func (t *txn) partsOf(conv *conversation.Conversation) (parts []conversation.Conversation, err error) {
	for level := conv.Parts; len(level) > 0 && len(parts) <= conversation.MaxParts; {
		keys := make([]store.Key, len(level))
		for i, id := range level {
			keys[i] = conversationKey(id)
		}
		if err := t.load(keys...); err != nil {
			return nil, err
		}
		var next []string
		for _, id := range level {
			p, err := t.conversation(id)
			if errors.Is(err, ErrNotFound) {
				continue
			}
			if err != nil {
				return nil, err
			}
			parts = append(parts, p)
			next = append(next, p.Parts...)
		}
		level = next
	}
	return parts, nil
}

// timelineOf returns the conversation on whose timeline a message is: the head, or a part of it.
func (t *txn) timelineOf(head *conversation.Conversation, m *conversation.Message) (*conversation.Conversation, error) {
	if m.Conversation == head.ID {
		return head, nil
	}
	part, err := t.conversation(m.Conversation)
	return &part, err
}

// repaint has a head, and what is between, show what a change of a message did to the conversation whose timeline it is on. The message is
// put already.
func (t *txn) repaint(head, before *conversation.Conversation, change *conversation.Change, env conversation.Env) error {
	if !change.Changed() {
		return nil
	}
	paint := conversation.Repaint{Before: *before, After: change.Conversation, Event: change.Events[0].Type, Message: change.Events[0].Message}
	if paint.After.Into == "" {
		*head = paint.After
		if len(head.Parts) > 0 {
			return t.showNewest(head)
		}
		return nil
	}
	for paint.After.Into != "" {
		whole, err := t.conversation(paint.After.Into)
		if err != nil {
			return err
		}
		if paint.Newest, err = t.newest(&whole); err != nil {
			return err
		}
		if err := t.tellWhole(&whole, &paint); err != nil {
			return err
		}
		painted, err := t.apply(&whole, false, env, paint)
		if err != nil {
			return err
		}
		paint.Before, paint.After = whole, painted.Conversation
	}
	*head = paint.After
	return nil
}

// tellWhole gives a Repaint what it needs of the whole.
func (t *txn) tellWhole(whole *conversation.Conversation, paint *conversation.Repaint) (err error) {
	paint.Merged, paint.Timeline = nil, nil
	enough, needed := paint.Told()
	if !needed {
		return nil
	}
	if paint.Merged, err = t.mergedParts(whole); err != nil {
		return err
	}
	paint.Timeline, err = t.timelineUntil(whole, enough)
	return err
}

// mergedParts loads the parts of a conversation, but not theirs, with where they were merged. A part that is gone is left out.
func (t *txn) mergedParts(head *conversation.Conversation) (out []conversation.Merged, err error) {
	parts, err := t.siblings(head, "")
	if err != nil || len(parts) == 0 {
		return nil, err
	}
	entries := make([]string, len(parts))
	var keys []store.Key
	for i := range parts {
		row, ok := t.row(document("merge", parts[i].ID))
		if !ok {
			continue
		}
		doc, err := decode[mergeDoc](t, row)
		if err != nil {
			return nil, err
		}
		entries[i] = doc.Entry
		keys = append(keys, messageKey(doc.Entry))
	}
	if err := t.load(keys...); err != nil {
		return nil, err
	}
	for i := range parts {
		entry, err := t.message(entries[i])
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, conversation.Merged{Part: parts[i], Entry: entry.Sequence})
	}
	return out, nil
}

// repaint is the same for items: change does it to the conversation, and puts the message.
func (in *inbound) repaint(of *held, event string, m *conversation.Message, change func() error) error {
	paint := conversation.Repaint{Before: of.Conversation.Clone(), Event: event, Message: m.ID}
	if err := change(); err != nil {
		return err
	}
	if of.Into == "" {
		return in.showNewest(of)
	}
	for of.Into != "" {
		whole, err := in.holding(of.Into)
		if err != nil {
			return err
		}
		if paint.Newest, err = in.newest(&whole.Conversation); err != nil {
			return err
		}
		paint.After = of.Conversation
		if err := in.tellWhole(&whole.Conversation, &paint); err != nil {
			return err
		}
		before := whole.Conversation.Clone()
		if err := in.apply(whole, paint); err != nil {
			return err
		}
		paint.Before, of = before, whole
	}
	return nil
}

// showNewest is the same for what items change. What has no parts shows its newest message anyway.
func (in *inbound) showNewest(h *held) error {
	if len(h.Parts) == 0 {
		return nil
	}
	newest, err := in.newest(&h.Conversation)
	if err == nil && h.Show(newest) {
		h.Changed = conversation.Later(h.Changed, in.now)
	}
	return err
}

// count has parts, when a message on their timelines failed or was settled, keep their own count of it beside the whole's.
func (t *txn) count(m *conversation.Message, command conversation.Command) error {
	for id := m.Conversation; ; {
		part, err := t.conversation(id)
		if err != nil || part.Into == "" {
			return err
		}
		counted := part.Clone()
		counted.Count(command)
		counted.Changed = conversation.Later(part.Changed, t.now)
		if err := t.putConversation(&counted, &part); err != nil {
			return err
		}
		id = part.Into
	}
}

// count is the same for items.
func (in *inbound) count(m *conversation.Message, command conversation.Command) error {
	for id := m.Conversation; ; {
		part, err := in.holding(id)
		if err != nil || part.Into == "" {
			return err
		}
		part.Count(command)
		part.Changed = conversation.Later(part.Changed, in.now)
		id = part.Into
	}
}
