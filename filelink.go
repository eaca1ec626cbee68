package frontdesk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// Limits of the links of a message's files.
const (
	maxFileLinks = 100 // of a message
	maxRecordID  = 120 // bytes of a record's ID
)

// LinkAttachment ties the n-th attachment of a message, from 0, to a record of the host's: a photo of a damage to a return, say. Linking
// what is linked does nothing. Errors: ErrNotFound, ErrForbidden, ErrInvalid.
func (s *Session) LinkAttachment(ctx context.Context, messageID string, n int, kind, id string) (conversation.Message, error) {
	return s.linkFile(ctx, "link attachment", messageID, conversation.FileLink{File: n, Kind: kind, ID: id}, true)
}

// UnlinkAttachment takes a link of LinkAttachment away. Errors: ErrNotFound, ErrForbidden, ErrInvalid.
func (s *Session) UnlinkAttachment(ctx context.Context, messageID string, n int, kind, id string) (conversation.Message, error) {
	return s.linkFile(ctx, "unlink attachment", messageID, conversation.FileLink{File: n, Kind: kind, ID: id}, false)
}

func (s *Session) linkFile(ctx context.Context, op, messageID string, link conversation.FileLink, on bool) (m conversation.Message, err error) {
	err = s.desk.write(ctx, s.actor.Tenant, "message/"+messageID, func(t *txn) error {
		c, err := t.caller(s.actor, op, toWork)
		if err != nil {
			return err
		}
		if err := checkRecord(link.Kind, link.ID); err != nil {
			return err
		}
		var conv conversation.Conversation
		if m, conv, err = t.visibleMessage(c, messageID); err != nil {
			return err
		}
		if link.File < 0 || link.File >= len(m.Attachments) {
			return fmt.Errorf("attachment %d of %d: %w", link.File, len(m.Attachments), ErrNotFound)
		}
		i, there := slices.BinarySearchFunc(m.Linked, link, compareFileLinks)
		if there != on {
			if on && len(m.Linked) == maxFileLinks {
				return invalid("link", "the message's files have %d links, the most there can be", maxFileLinks)
			}
			err = t.putLinked(c, &m, &conv, link, i, on)
		}
		show(&m, &conv)
		return err
	})
	return m, wrap(op, messageID, err)
}

func compareFileLinks(a, b conversation.FileLink) int {
	return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID))
}

func (t *txn) putLinked(c caller, m *conversation.Message, conv *conversation.Conversation, link conversation.FileLink, i int, on bool) error {
	who := c.who()
	e := conversation.Event{Type: conversation.EventRecord, At: t.now, Actor: conversation.Actor{Kind: who.Kind, ID: who.ID}, Conversation: conv.ID,
		Message: m.ID, Mailbox: conv.Mailbox, Subject: strconv.Itoa(link.File)}
	if on {
		m.Linked, e.To = slices.Insert(slices.Clone(m.Linked), i, link), link.Record()
	} else {
		m.Linked, e.From = slices.Delete(slices.Clone(m.Linked), i, i+1), link.Record()
	}
	m.Changed = conversation.Later(m.Changed, t.now)
	t.tell(m.Changed, e)
	return t.putMessage(m)
}

func checkRecord(kind, id string) error {
	if problem := conversation.CheckID(kind); problem != "" {
		return invalid("kind", "%q %s", kind, problem)
	}
	if problems := conversation.CheckText(id, maxRecordID); len(problems) > 0 || strings.TrimSpace(id) == "" {
		return invalid("id", "%.200q; give the record's ID, text of at most %d bytes", id, maxRecordID)
	}
	return nil
}

// LinkedAttachments returns the messages with a file that is linked to a record, newest first; their Linked says which file it is. A page
// may be shorter than its limit and still have a next one. Errors: ErrInvalid, ErrCursor.
func (s *Session) LinkedAttachments(ctx context.Context, kind, id, cursor string, limit int) (page Page[conversation.Message], err error) {
	err = s.read(ctx, "linked attachments", kind+"/"+id, func(t *txn, c caller) error {
		if err := checkRecord(kind, id); err != nil {
			return err
		}
		if limit < 0 || limit > store.MaxLimit {
			return invalid("limit", "%d is not within 0 and %d", limit, store.MaxLimit)
		}
		rows, err := t.desk.store.List(ctx, store.Query{Tenant: t.tenant, Kind: store.Message, Fact: "record",
			Value: conversation.FileLink{Kind: kind, ID: id}.Record(), Limit: limit, Cursor: cursor})
		if err != nil {
			return listError(err)
		}
		page.Next = rows.Cursor
		all, err := decodeAll[conversation.Message](rows.Rows)
		if err != nil {
			return err
		}
		for _, m := range all {
			switch conv, err := t.visiblePart(c, m.Conversation); {
			case err == nil:
				show(&m, &conv)
				page.Items = append(page.Items, m)
			case !errors.Is(err, ErrNotFound):
				return err
			}
		}
		return nil
	})
	return page, err
}
