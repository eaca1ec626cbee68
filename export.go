package frontdesk

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// ExportFormat is how an export is written.
type ExportFormat string

// The formats, both UTF-8.
const (
	JSONLines ExportFormat = "jsonl" // a line for each conversation, with its messages
	CSV       ExportFormat = "csv"   // a heading and a row for each message, RFC 4180. A value that a spreadsheet would take for a formula has an apostrophe before it
)

// Export says what is exported.
type Export struct {
	IDs      []string // at most 10,000; or
	Query    *Query   // what of it the caller sees, created before the call. Its Limit and Cursor mean nothing here
	Format   ExportFormat
	Whispers bool // whispers too, and conversations that consist of them

	_ struct{}
}

// exportPage is how many conversations are looked for at a time.
const exportPage = 50

// exported is a conversation in a line of JSON, before its messages.
type exported struct {
	ID       string              `json:"id"`
	Number   int64               `json:"number"`
	Mailbox  string              `json:"mailbox"`
	Method   string              `json:"method"`
	Subject  string              `json:"subject,omitempty"`
	Status   conversation.Status `json:"status"`
	Place    conversation.Place  `json:"place"`
	Agent    string              `json:"agent,omitempty"`
	Team     string              `json:"team,omitempty"`
	Tags     []string            `json:"tags,omitempty"`
	Contacts []exportedContact   `json:"contacts,omitempty"`
	Created  time.Time           `json:"created"`
	Activity time.Time           `json:"activity"`
}

type exportedContact struct {
	ID        string   `json:"id"`
	Name      string   `json:"name,omitempty"`
	Addresses []string `json:"addresses,omitempty"`
}

// exportedMessage is a message in a line of JSON. Files are named, not contained: Session.Attachment fetches them by the message's ID and
// their place.
type exportedMessage struct {
	ID        string                 `json:"id"`
	Direction conversation.Direction `json:"direction"`
	At        time.Time              `json:"at"`
	Author    string                 `json:"author,omitempty"`
	By        conversation.ActorKind `json:"by"`
	Channel   string                 `json:"channel,omitempty"`
	To        []string               `json:"to,omitempty"`
	CC        []string               `json:"cc,omitempty"`
	Subject   string                 `json:"subject,omitempty"`
	Text      string                 `json:"text,omitempty"`
	HTML      string                 `json:"html,omitempty"`
	Files     []exportedFile         `json:"attachments,omitempty"`
	Delivery  conversation.Delivery  `json:"delivery,omitempty"`
	Erased    time.Time              `json:"erased,omitzero"`
}

type exportedFile struct {
	Name string `json:"name,omitempty"`
	Type string `json:"type,omitempty"`
	Size int64  `json:"size,omitempty"`
}

// exporter writes one format.
type exporter interface {
	begin(conv exported) error
	message(m exportedMessage) error
	end() error
	close() error
}

// Export writes conversations and their messages to w while it reads them: those that the caller sees at the moment each is written, in the
// order of their IDs. Drafts, blind copies and what is in trash by itself are left out; so are whispers, unless they are asked for. When it returns an
// error, what was written is incomplete. Errors: ErrForbidden, ErrInvalid, and those of w.
func (s *Session) Export(ctx context.Context, w io.Writer, e Export) error {
	return wrap("export", string(e.Format), s.export(ctx, w, e))
}

func (s *Session) export(ctx context.Context, w io.Writer, e Export) error {
	if (len(e.IDs) > 0) == (e.Query != nil) {
		return invalid("Export", "give IDs or a Query, one of them")
	}
	if len(e.IDs) > MaxBulkIDs {
		return invalid("IDs", "%d, at most %d", len(e.IDs), MaxBulkIDs)
	}
	buffered := bufio.NewWriter(w)
	var out exporter
	switch e.Format {
	case JSONLines:
		out = &jsonLines{w: buffered}
	case CSV:
		out = &csvRows{w: csv.NewWriter(buffered)}
	default:
		return invalid("Format", "%q; use %q or %q", e.Format, JSONLines, CSV)
	}
	run := &exporting{session: s, export: e, out: out, begun: s.desk.now(), done: map[string]bool{}, ids: slices.Compact(slices.Sorted(slices.Values(e.IDs)))}
	for more := true; more; {
		var err error
		if more, err = run.page(ctx); err != nil {
			return err
		}
	}
	if err := out.close(); err != nil {
		return err
	}
	return buffered.Flush()
}

// exporting is an export under way.
type exporting struct {
	session *Session
	export  Export
	out     exporter
	begun   time.Time
	ids     []string
	after   string
	sel     walking
	done    map[string]bool // those written, of an export over IDs: several may lead to one
	broken  error           // what went wrong after something of a conversation was written
}

// page writes the next conversations. The caller's rights are looked up for each page, and each conversation is read anew.
func (x *exporting) page(ctx context.Context) (more bool, err error) {
	var ids []string
	err = x.session.readFor(ctx, "export", toRead, func(t *txn, c caller) error {
		ids, more, err = x.find(t, c)
		return err
	})
	if err != nil {
		return false, err
	}
	for _, id := range ids {
		err := x.session.readFor(ctx, "export", toRead, func(t *txn, c caller) error {
			if x.broken != nil {
				return x.broken // a second try would write it twice
			}
			return x.conversation(t, c, id)
		})
		if err != nil && !errors.Is(err, ErrNotFound) {
			return false, err
		}
	}
	return more, nil
}

func (x *exporting) find(t *txn, c caller) (ids []string, more bool, err error) {
	if x.export.Query == nil {
		n := min(exportPage, len(x.ids))
		ids, x.ids = x.ids[:n], x.ids[n:]
		return ids, len(x.ids) > 0, nil
	}
	sel, ok, err := t.selects(c, *x.export.Query)
	if err != nil || !ok {
		return nil, false, err
	}
	f, err := t.walkOn(sel, x.after, exportPage)
	if err != nil {
		return nil, false, err
	}
	for i := range f.rows {
		conv, err := headerOf(&f.rows[i])
		if err != nil {
			return nil, false, err
		}
		if !conv.Created.After(x.begun) {
			ids = append(ids, conv.ID)
		}
	}
	x.after, x.sel = f.last, sel
	return ids, f.last != "", nil
}

// conversation writes one conversation with its messages, page by page.
func (x *exporting) conversation(t *txn, c caller, id string) error {
	conv, err := t.visible(c, id)
	if err != nil {
		return err
	}
	if x.done[conv.ID] {
		return nil
	}
	if x.export.Query != nil {
		row, _ := t.row(conversationKey(conv.ID))
		switch {
		case conv.ID > id:
			return nil // merged since it was found, into one that comes yet
		case conv.ID < id: // into one that is written already
			if err := t.reachesPart(c, &conv, id); err != nil {
				return err
			}
			if conv, err = t.conversation(id); err != nil {
				return err
			}
		case !x.sel.holds(&row):
			return nil // it has left what is exported
		}
	}
	if conv.Method == conversation.MethodInternal && !x.export.Whispers {
		return nil
	}
	people, err := t.people(&conv)
	if err != nil {
		return err
	}
	if x.export.Query == nil {
		x.done[conv.ID] = true
	}
	x.broken = x.write(t, c, &conv, people)
	return x.broken
}

func (x *exporting) write(t *txn, c caller, conv *conversation.Conversation, people []conversation.Contact) error {
	if err := x.out.begin(exportedOf(conv, people)); err != nil {
		return err
	}
	q := store.Query{Tenant: t.tenant, Kind: store.Message, Fact: "conversation", Value: conv.ID, Ascending: true, Limit: 200}
	for {
		items, next, err := t.entries(c, conv, q)
		if err != nil {
			return err
		}
		for i := range items {
			if err := x.message(&items[i], conv); err != nil {
				return err
			}
		}
		if q.Cursor = next; next == "" {
			return x.out.end()
		}
	}
}

func (x *exporting) message(m *conversation.Message, conv *conversation.Conversation) error {
	if m.Direction == conversation.Activity || (m.Direction == conversation.Whisper || m.Direction == conversation.Note) && !x.export.Whispers || !m.Trashed.IsZero() {
		return nil
	}
	show(m, conv)
	out := exportedMessage{ID: m.ID, Direction: m.Direction, At: m.At, Author: m.Author.Name, By: m.Author.Kind, Channel: m.Channel, To: addressesOf(m.To),
		CC: addressesOf(m.CC), Subject: m.Subject, Text: m.Text, HTML: m.HTML, Delivery: m.Delivery, Erased: m.Erased}
	for _, a := range m.Attachments {
		out.Files = append(out.Files, exportedFile{Name: a.Name, Type: a.Type, Size: a.Size})
	}
	return x.out.message(out)
}

func exportedOf(conv *conversation.Conversation, people []conversation.Contact) exported {
	out := exported{ID: conv.ID, Number: conv.Number, Mailbox: conv.Mailbox, Method: conv.Method, Subject: conv.Subject, Status: conv.Status, Place: conv.Place,
		Agent: conv.Agent, Team: conv.Team, Tags: conv.Tags, Created: conv.Created, Activity: conv.Activity}
	for i := range people {
		p := &people[i]
		out.Contacts = append(out.Contacts, exportedContact{ID: p.ID, Name: p.DisplayName(), Addresses: addressesOf(p.Identities)})
	}
	return out
}

func addressesOf(ids []conversation.Identity) (out []string) {
	for _, i := range ids {
		out = append(out, i.Address)
	}
	return out
}
