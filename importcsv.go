package frontdesk

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// Limits of an import.
const (
	MaxImport        = 50 << 20 // bytes of the file
	maxImportRows    = 500_000
	maxImportColumns = 100
	maxImportCell    = 8 << 10 // bytes
	maxBadRows       = 1000    // that the report names
	importAtOnce     = 10      // rows of one commit
)

// Import says how a CSV file of contacts is read.
type Import struct {
	Mailbox string            // whose country numbers without one are of. Defaults to none: such numbers are bad
	Comma   rune              // ',', ';' or a tab. Defaults to what the first line has most of
	Columns map[string]string // of a heading in the file, what it is: "name", "phone", "email", "label", the ID of a contact's field, or "" to leave it out. Defaults to the heading itself

	_ struct{}
}

// ImportReport says what became of an import's rows.
type ImportReport struct {
	Rows      int // read, without the headings
	Created   int // contacts made
	Updated   int // contacts that were there and gained something
	Unchanged int
	Bad       int
	BadRows   []BadRow // the first 1,000
}

// BadRow says what is wrong with a row that was left out.
type BadRow struct {
	Line    int    // in the file, from 1
	Column  string // its heading; "" where the row as a whole is wrong
	Problem string
}

// ImportContacts reads contacts from a CSV file: a line of headings, then a row for each, with a phone number, an e-mail address or both. A
// row whose phone or e-mail is known adds to that contact what he lacks: a name, labels, and values of fields that have none. So a file can
// be read again, also after it was broken off, and changes nothing twice. What is wrong is left out and reported; the rest is imported, some rows
// in each commit. The file may be UTF-8, UTF-16 with its mark, or Windows-1252. It needs an admin.
//
// Limits: MaxImport, 500,000 rows, 100 columns, 8 KiB a cell. An error is one of the file or the store; the report then says how far it got.
// Errors: ErrForbidden, ErrInvalid, ErrNotFound.
func (s *Session) ImportContacts(ctx context.Context, file io.Reader, how Import) (report ImportReport, err error) {
	err = s.importContacts(ctx, file, how, &report)
	return report, wrap("import contacts", "", err)
}

func (s *Session) importContacts(ctx context.Context, file io.Reader, how Import, report *ImportReport) error {
	if how.Comma != 0 && how.Comma != ',' && how.Comma != ';' && how.Comma != '\t' {
		return invalid("Comma", "%q; use ',', ';' or a tab", how.Comma)
	}
	limited := &limitedReader{r: file, left: MaxImport}
	text := bufio.NewReaderSize(decoded(limited), 64<<10)
	im := &importer{session: s, report: report, how: how}
	if im.how.Comma == 0 {
		first, _ := text.Peek(16 << 10) // what is shorter is all there is
		im.how.Comma = separator(first)
	}
	im.csv = csv.NewReader(text)
	im.csv.Comma, im.csv.FieldsPerRecord, im.csv.ReuseRecord, im.csv.TrimLeadingSpace = im.how.Comma, -1, true, im.how.Comma != '\t' // a tab is a space, and would be trimmed
	if err := im.headings(ctx); err != nil {
		return err
	}
	for {
		batch, err := im.batch()
		if len(batch) > 0 {
			if err := im.write(ctx, batch); err != nil {
				return err
			}
		}
		switch {
		case limited.over:
			return invalid("file", "is more than %d bytes; split it", MaxImport)
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

// limitedReader reads so much and no more, and says so.
type limitedReader struct {
	r    io.Reader
	left int64
	over bool
}

func (l *limitedReader) Read(p []byte) (int, error) {
	if l.left <= 0 {
		n, err := l.r.Read(make([]byte, 1))
		if l.over = n > 0; l.over || err == nil {
			return 0, io.ErrUnexpectedEOF
		}
		return 0, err
	}
	n, err := l.r.Read(p[:min(int64(len(p)), l.left)])
	l.left -= int64(n)
	return n, err
}

// decoded turns a file into UTF-8: by its mark, and without one by whether what follows its first accent is UTF-8.
func decoded(file io.Reader) io.Reader {
	raw := bufio.NewReaderSize(file, 64<<10)
	head, _ := raw.Peek(64 << 10) // what is shorter is all there is
	switch {
	case bytes.HasPrefix(head, []byte{0xEF, 0xBB, 0xBF}):
		_, _ = raw.Discard(3)
	case bytes.HasPrefix(head, []byte{0xFF, 0xFE}), bytes.HasPrefix(head, []byte{0xFE, 0xFF}):
		return transform.NewReader(raw, unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder())
	}
	return &guessed{raw: raw}
}

// guessed is a file that is ASCII as far as it has been read, and then UTF-8 or Windows-1252.
type guessed struct {
	raw *bufio.Reader
	as  io.Reader // from the first accent on
}

func (g *guessed) Read(p []byte) (int, error) {
	if g.as != nil {
		return g.as.Read(p)
	}
	head, err := g.raw.Peek(64 << 10) // what is shorter is all there is
	accent := bytes.IndexFunc(head, func(r rune) bool { return r >= utf8.RuneSelf })
	switch {
	case accent < 0 && len(head) == 0:
		return 0, err
	case accent < 0:
		return io.LimitReader(g.raw, int64(len(head))).Read(p)
	case accent > 0:
		return io.LimitReader(g.raw, int64(accent)).Read(p)
	}
	if g.as = g.raw; !utf8.Valid(whole(head)) {
		g.as = charmap.Windows1252.NewDecoder().Reader(g.raw)
	}
	return g.as.Read(p)
}

// whole cuts off what may be the beginning of a character.
func whole(text []byte) []byte {
	for i := 1; i <= min(utf8.UTFMax-1, len(text)); i++ {
		if b := text[len(text)-i]; utf8.RuneStart(b) {
			if !utf8.FullRune(text[len(text)-i:]) {
				return text[:len(text)-i]
			}
			break
		}
	}
	return text
}

// separator is what the first line, outside quotes, has most of.
func separator(text []byte) rune {
	counts, quoted := map[rune]int{}, false
	for _, r := range string(text) {
		if r == '"' {
			quoted = !quoted
		} else if r == '\n' && !quoted {
			break
		} else if !quoted {
			counts[r]++
		}
	}
	best := ','
	for _, r := range []rune{';', '\t'} {
		if counts[r] > counts[best] {
			best = r
		}
	}
	return best
}

// importer is one import under way.
type importer struct {
	session *Session
	csv     *csv.Reader
	how     Import
	report  *ImportReport
	columns []column
	width   int
}

// column is what a column of the file holds.
type column struct {
	heading string
	is      string // "name", "phone", "email", "label", "" for nothing; else field is
	field   *Field
}

// headings reads the first line, and checks the caller and what the columns name.
func (im *importer) headings(ctx context.Context) error {
	record, err := im.csv.Read()
	if errors.Is(err, io.EOF) {
		return invalid("file", "is empty; begin with a line of headings")
	}
	if err != nil {
		return invalid("file", "the headings: %s", err.Error())
	}
	if len(record) > maxImportColumns {
		return invalid("file", "%d columns, at most %d", len(record), maxImportColumns)
	}
	im.width = len(record)
	return im.session.readFor(ctx, "import contacts", toManage, func(t *txn, _ caller) error {
		if im.how.Mailbox != "" {
			if _, err := t.mailbox(im.how.Mailbox); err != nil {
				return err
			}
		}
		for _, heading := range record {
			heading = strings.TrimSpace(conversation.CleanText(heading))
			c := column{heading: heading, is: strings.ToLower(heading)}
			if as, named := im.how.Columns[heading]; named {
				c.is = as
			}
			switch c.is {
			case "", "name", "phone", "email", "label":
			default:
				f, found, err := t.field(c.is)
				if !found && err == nil {
					f, found, err = t.field(heading)
				}
				if err != nil {
					return err
				}
				if !found || f.Of != OfContact {
					return invalid("Columns", "%q is no field of a contact; define it, or map it to \"\" to leave it out", heading)
				}
				c.field = &f
			}
			im.columns = append(im.columns, c)
		}
		is := func(what string) bool {
			return slices.ContainsFunc(im.columns, func(c column) bool { return c.is == what && c.field == nil })
		}
		if !is("phone") && !is("email") {
			return invalid("Columns", "none is \"phone\" or \"email\"; a contact needs an address")
		}
		return nil
	})
}

// person is a row that was understood.
type person struct {
	line   int
	name   string
	ids    []conversation.Identity
	labels []string
	fields map[string]conversation.Value
}

func (im *importer) bad(line int, column, format string, args ...any) {
	im.report.Bad++
	if len(im.report.BadRows) < maxBadRows {
		im.report.BadRows = append(im.report.BadRows, BadRow{Line: line, Column: column, Problem: fmt.Sprintf(format, args...)})
	}
}

// batch reads rows until there are enough for a commit. io.EOF is the file's end.
func (im *importer) batch() (out []person, err error) {
	for len(out) < importAtOnce {
		record, err := im.csv.Read()
		var syntax *csv.ParseError
		switch {
		case errors.As(err, &syntax):
			im.report.Rows++
			im.bad(syntax.StartLine, "", "%s", syntax.Err.Error())
			continue
		case err != nil:
			return out, err
		}
		line, _ := im.csv.FieldPos(0)
		if im.report.Rows++; im.report.Rows > maxImportRows {
			return out, invalid("file", "more than %d rows; split it", maxImportRows)
		}
		if p, ok := im.person(line, record); ok {
			out = append(out, p)
		}
	}
	return out, nil
}

// person reads a row; ok is false for a bad one.
func (im *importer) person(line int, record []string) (p person, ok bool) {
	p = person{line: line, fields: map[string]conversation.Value{}}
	if len(record) != im.width {
		im.bad(line, "", "%d cells, but %d headings", len(record), im.width)
		return p, false
	}
	for i, cell := range record {
		c := im.columns[i]
		if cell = strings.TrimSpace(cell); cell == "" || c.is == "" {
			continue
		}
		if problems := conversation.CheckText(cell, maxImportCell); len(problems) > 0 {
			im.bad(line, c.heading, "%s", problems[0])
			return p, false
		}
		if problem := p.take(c, strings.Clone(cell)); problem != "" {
			im.bad(line, c.heading, "%s", problem)
			return p, false
		}
	}
	if len(p.ids) == 0 {
		im.bad(line, "", "has neither a phone number nor an e-mail address")
		return p, false
	}
	return p, true
}

// take reads a cell, and says what is wrong with it.
func (p *person) take(c column, cell string) (problem string) {
	switch {
	case c.field != nil:
		values := []string{cell}
		if c.field.Type == conversation.FieldList {
			values = split(cell)
		}
		canonical, err := c.field.Type.Canonical(c.field.ID, values, c.field.Options)
		var bad *conversation.ValueError
		if errors.As(err, &bad) {
			return bad.Problems[0]
		}
		p.fields[c.field.ID] = conversation.Value{Values: canonical}
	case c.is == "name":
		p.name = strings.Map(oneLine, cell)
		if len(p.name) > conversation.MaxName {
			return fmt.Sprintf("is %d bytes, at most %d", len(p.name), conversation.MaxName)
		}
	case c.is == "label":
		for _, l := range split(cell) {
			if problem := conversation.CheckID(l); problem != "" {
				return problem
			}
			p.labels = append(p.labels, l)
		}
	default: // "phone" or "email"; its form is checked where the mailbox is known
		p.ids = append(p.ids, conversation.Identity{Scope: c.is, Address: cell})
	}
	return ""
}

// split reads a cell of several values, with bars between them.
func split(cell string) (out []string) {
	for part := range strings.SplitSeq(cell, "|") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// outcome is what one attempt at a batch comes to.
type outcome struct {
	created, updated, unchanged int
	bad                         []BadRow
}

// write imports some rows in one commit.
func (im *importer) write(ctx context.Context, batch []person) error {
	var out outcome
	s := im.session
	err := s.desk.write(ctx, s.actor.Tenant, "import", func(t *txn) error {
		out = outcome{}
		c, err := t.caller(s.actor, "import contacts", toManage)
		if err != nil {
			return err
		}
		for i := range batch {
			if err := t.importPerson(c, im.how.Mailbox, batch[i], t.id(i), &out); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	im.report.Created += out.created
	im.report.Updated += out.updated
	im.report.Unchanged += out.unchanged
	for _, b := range out.bad {
		im.bad(b.Line, b.Column, "%s", b.Problem)
	}
	return nil
}

// importPerson makes a contact of a row, or adds to the one who has its identities.
func (t *txn) importPerson(c caller, mailbox string, p person, id string, out *outcome) error {
	bad := func(column, problem string) error {
		out.bad = append(out.bad, BadRow{Line: p.line, Column: column, Problem: problem})
		return nil
	}
	names := make([]store.Key, len(p.ids))
	ids := slices.Clone(p.ids) // an attempt may be made again
	for i, given := range ids {
		n, err := t.normal(mailbox, given)
		var wrong *InvalidError
		if errors.As(err, &wrong) {
			return bad(given.Scope, wrong.Problems[0])
		}
		if err != nil {
			return err
		}
		if number, whole := conversation.Phone(n.Address, ""); n.Scope == conversation.ScopePhone && (!whole || number != n.Address) {
			return bad(given.Scope, fmt.Sprintf("%q is no phone number with its country; give the mailbox a country", n.Address))
		}
		n.Verified = false
		ids[i], names[i] = n, identityName(n)
	}
	if err := t.load(names...); err != nil {
		return err
	}
	contact := conversation.Contact{ID: id, Created: t.now}
	for _, name := range names {
		led, ok := t.led(name)
		if !ok {
			continue
		}
		known, err := t.contact(led.ID)
		if err != nil {
			return err
		}
		if !contact.Changed.IsZero() && contact.ID != known.ID {
			return bad("", fmt.Sprintf("its addresses are those of two contacts, %s and %s; merge them", contact.ID, known.ID))
		}
		contact = known
	}
	return t.importInto(c, contact.Clone(), p, ids, names, out, bad)
}

func (t *txn) importInto(c caller, contact conversation.Contact, p person, ids []conversation.Identity, names []store.Key, out *outcome, bad func(string, string) error) error {
	isNew, changed, gained := contact.Changed.IsZero(), false, false
	if contact.Name == "" && p.name != "" {
		contact.Name, changed = p.name, true
	}
	for _, i := range ids {
		added, err := contact.AddIdentity(i)
		if err != nil {
			return bad(i.Scope, err.Error())
		}
		gained = gained || added
	}
	labelled, err := contact.ChangeLabels(p.labels, nil)
	if err != nil {
		return bad("label", err.Error())
	}
	lacking := map[string]conversation.Value{}
	for id, v := range p.fields {
		if _, has := contact.Fields[id]; !has {
			lacking[id] = v
		}
	}
	set, err := contact.SetFields(lacking)
	if err != nil {
		return bad("", err.Error())
	}
	switch {
	case isNew:
		out.created++
		t.absent(contactKey(contact.ID))
	case !changed && !gained && !labelled && len(set) == 0:
		out.unchanged++
		return nil
	default:
		out.updated++
	}
	for _, name := range names {
		if _, taken := t.row(name); !taken {
			t.putRow(store.Row{Key: name, Target: contactKey(contact.ID)})
		}
	}
	if gained {
		if err := t.matchSoon(&contact); err != nil {
			return err
		}
	}
	if labelled && !isNew {
		if err := t.follow(&contact, nil); err != nil {
			return err
		}
	}
	event := conversation.Event{Type: conversation.EventProfile, Subject: "import"}
	if isNew {
		event = conversation.Event{Type: conversation.EventContact}
	}
	return t.changeContact(c.who(), &contact, event)
}
