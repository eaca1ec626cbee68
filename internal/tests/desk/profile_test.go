package desk_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
	"github.com/frontdesk-go/frontdesk/store"
)

// dump is everything that the store holds of messages, contacts, documents, events, deliveries and conversations.
func (w *world) dump() string {
	w.t.Helper()
	var b strings.Builder
	for _, kind := range []store.Kind{store.Conversation, store.Message, store.Contact, store.Name, store.Document, store.Event, store.Delivery, store.Notice} {
		q := store.Query{Tenant: tenant, Kind: kind, Limit: store.MaxLimit, Ascending: true}
		for {
			page, err := w.store.List(ctx, q)
			require.NoError(w.t, err)
			for _, row := range page.Rows {
				fmt.Fprintf(&b, "%s %s %v %v\n", row.ID, row.Body, row.Facts, row.Words)
			}
			if q.Cursor = page.Cursor; q.Cursor == "" {
				break
			}
		}
	}
	return b.String()
}

func (w *world) activity(s *frontdesk.Session, contact string, types ...string) (out []frontdesk.Event) {
	w.t.Helper()
	w.run()
	q := frontdesk.ActivityQuery{Types: types, Limit: 3}
	for {
		page, err := s.Activity(ctx, contact, q)
		require.NoError(w.t, err)
		out = append(out, page.Items...)
		if q.Cursor = page.Next; q.Cursor == "" {
			return out
		}
	}
}

func TestC13_NotesAndActivity(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.channel(frontdesk.Channel{Account: "store", Mailbox: "munich"})
		c := w.writes(anna, "Hi")
		a := c.Contacts[0]
		unread := w.unread(w.jane)
		w.clock.Advance(time.Minute)
		munich := w.on("store", anna, "Servus")
		require.NotEqual(t, c.ID, munich.ID)
		require.Equal(t, c.Contacts, munich.Contacts)
		note, err := w.jane.Note(ctx, a, "Calls back on Monday")
		require.NoError(t, err)
		assert.Equal(t, w.clock.Now(), note.At)
		for _, id := range []string{c.ID, munich.ID} {
			line := w.timeline(id)
			last := line[len(line)-1]
			assert.Equal(t, conversation.Note, last.Direction)
			assert.Equal(t, "Calls back on Monday", last.Text)
			assert.Equal(t, "Jane Doe", last.Author.Name)
		}
		page, err := w.jane.Timeline(ctx, c.ID, frontdesk.TimelineQuery{Types: []string{conversation.EventNoted}})
		require.NoError(t, err)
		assert.Len(t, page.Items, 1, "a kind of its own")
		after := w.get(c.ID)
		assert.Equal(t, "Hi", after.Preview)
		assert.Equal(t, unread, w.unread(w.jane))
		w.run()
		assert.Empty(t, w.texts(), "it goes out to nobody")
		w.do(w.jane, c.ID, frontdesk.Trash{})
		w.clock.Advance(time.Second)
		_, err = w.jane.Note(ctx, a, "Second")
		require.NoError(t, err)
		notes, err := w.jane.Notes(ctx, a, "", 1)
		require.NoError(t, err)
		assert.Equal(t, "Second", notes.Items[0].Text)
		notes, err = w.jane.Notes(ctx, a, notes.Next, 1)
		require.NoError(t, err)
		assert.Equal(t, note.ID, notes.Items[0].ID)

		all := w.activity(w.setup, a)
		for i := range all[1:] {
			assert.Less(t, all[i+1].Position, all[i].Position, "newest first, each once")
		}
		kinds := map[string]int{}
		for _, e := range all {
			kinds[e.Type]++
		}
		assert.Equal(t, map[string]int{conversation.EventContact: 1, conversation.EventCreated: 2, conversation.EventReceived: 2,
			conversation.EventNoted: 5, conversation.EventMoved: 1}, kinds, "over all conversations")
		for _, e := range w.activity(w.jane, a) {
			assert.NotEqual(t, "munich", e.Mailbox, "not of those she does not see")
		}
		assert.Len(t, w.activity(w.setup, a, conversation.EventReceived, conversation.EventMoved), 3)
		_, err = w.jane.Activity(ctx, a, frontdesk.ActivityQuery{Cursor: "nonsense"})
		require.ErrorIs(t, err, frontdesk.ErrCursor)
		for _, bad := range []string{" ", "\xff", strings.Repeat("x", conversation.MaxText+1)} {
			_, err = w.jane.Note(ctx, a, bad)
			require.ErrorIs(t, err, frontdesk.ErrInvalid)
		}
	})
}

func TestK7_MergeAndUndo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, b := w.writes(anna, "Hi"), w.writes(bert, "Hello")
		head, part := a.Contacts[0], b.Contacts[0]
		_, err := w.jane.SetName(ctx, part, "Bert")
		require.NoError(t, err)
		_, err = w.jane.ChangeLabels(ctx, part, []string{"vip"}, nil)
		require.NoError(t, err)
		_, err = w.jane.SetConsent(ctx, part, w.chat.ID, conversation.OptedOut)
		require.NoError(t, err)
		_, err = w.jane.Note(ctx, part, "Prefers mail")
		require.NoError(t, err)

		before := w.dump()
		preview, err := w.jane.PreviewMerge(ctx, head, part)
		require.NoError(t, err)
		assert.Equal(t, 1, preview.Conversations)
		assert.Equal(t, []string{w.chat.ID}, preview.OptedOut)
		assert.Equal(t, "Bert", preview.Contact.Name)
		assert.Equal(t, before, w.dump(), "a preview does nothing")

		p, err := w.jane.MergeContacts(ctx, head, part)
		require.NoError(t, err)
		assert.Equal(t, preview.Contact.Identities, p.Identities)
		_, err = w.jane.MergeContacts(ctx, head, part)
		require.NoError(t, err, "done already")
		w.run()
		assert.Equal(t, head, w.contact(part).ID, "the alias leads to him")
		assert.Equal(t, []string{head}, w.contacts(w.setup, frontdesk.ContactQuery{}))
		assert.Equal(t, []string{head}, w.contacts(w.setup, frontdesk.ContactQuery{Phone: bert}))
		for _, id := range []string{head, part} {
			assert.Len(t, w.list(w.jane, frontdesk.Query{Contact: id}), 2, "the conversations of both")
		}
		assert.Equal(t, []string{"vip"}, w.get(a.ID).Labels)
		_, err = w.jane.Reply(ctx, a.ID, frontdesk.Draft{Text: "x"})
		require.ErrorIs(t, err, frontdesk.ErrOptedOut, "the strictest consent of all parts")
		_, err = w.jane.Reply(ctx, b.ID, frontdesk.Draft{Text: "x"})
		require.ErrorIs(t, err, frontdesk.ErrOptedOut)
		_, err = w.jane.Compose(ctx, frontdesk.Start{Channel: w.chat.ID, Contact: part, Draft: frontdesk.Draft{Text: "x"}})
		require.ErrorIs(t, err, frontdesk.ErrOptedOut)
		w.writes(bert, "Still me")
		got, err := w.setup.Conversation(ctx, b.ID)
		require.NoError(t, err)
		assert.Equal(t, []string{part}, got.Contacts, "who wrote is who had it")
		require.Len(t, got.People, 1)
		assert.Equal(t, head, got.People[0].ID)
		notes, err := w.jane.Notes(ctx, head, "", 0)
		require.NoError(t, err)
		assert.Len(t, notes.Items, 1)
		assert.Len(t, w.activity(w.setup, head, conversation.EventReceived), 3)
		both := w.activity(w.setup, head)
		seen := map[int64]bool{}
		for _, e := range both {
			assert.False(t, seen[e.Position], "each once")
			seen[e.Position] = true
		}

		// A part of a part, and undoing in order.
		c := w.writes("+4915133333333", "Third").Contacts[0]
		_, err = w.jane.MergeContacts(ctx, c, head)
		require.NoError(t, err)
		assert.Equal(t, c, w.contact(part).ID)
		_, err = w.jane.UnmergeContact(ctx, part)
		require.ErrorIs(t, err, conversation.ErrState)
		for _, id := range []string{head, part} {
			_, err = w.jane.UnmergeContact(ctx, id)
			require.NoError(t, err)
		}
		w.run()
		for id, phone := range map[string]string{head: anna, part: bert, c: "+4915133333333"} {
			p := w.contact(id)
			assert.Equal(t, id, p.ID)
			assert.Equal(t, []conversation.Identity{{Scope: "phone", Address: phone}}, addressesOf(p.Identities))
			assert.Equal(t, []string{id}, w.contacts(w.setup, frontdesk.ContactQuery{Phone: phone}))
			assert.Len(t, w.list(w.jane, frontdesk.Query{Contact: id}), 1)
		}
		assert.Empty(t, w.get(a.ID).Labels)
		assert.Equal(t, []string{"vip"}, w.get(b.ID).Labels)
		w.replies(a.ID, "Free again")
		_, err = w.jane.Reply(ctx, b.ID, frontdesk.Draft{Text: "x"})
		require.ErrorIs(t, err, frontdesk.ErrOptedOut)

		_, err = w.jane.MergeContacts(ctx, head, head)
		require.ErrorIs(t, err, conversation.ErrValue)
		_, err = w.jane.MergeContacts(ctx, head)
		require.ErrorIs(t, err, conversation.ErrValue)
		_, err = w.mia.MergeContacts(ctx, head, part)
		require.ErrorIs(t, err, frontdesk.ErrNotFound)
		_, err = w.jane.UnmergeContact(ctx, head)
		require.ErrorIs(t, err, conversation.ErrState)
	})
}

func TestK7_MergedIdentitiesAreTheFirstsOwn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		head, part := w.writes(anna, "Hi").Contacts[0], w.writes(bert, "Hi")
		_, err := w.jane.MergeContacts(ctx, head, part.Contacts[0])
		require.NoError(t, err)
		_, err = w.jane.RemoveIdentity(ctx, head, "", number(bert))
		require.NoError(t, err)
		w.do(w.jane, part.ID, frontdesk.Trash{})
		assert.NotContains(t, []string{head, part.Contacts[0]}, w.writes(bert, "Who am I?").Contacts[0], "somebody new")
	})
}

func addressesOf(ids []conversation.Identity) (out []conversation.Identity) {
	for _, i := range ids {
		out = append(out, conversation.Identity{Scope: i.Scope, Address: i.Address})
	}
	return out
}

func TestK7_PagesOfAMergedContact(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		head := w.writes(anna, "0").Contacts[0]
		part := w.writes(bert, "0").Contacts[0]
		want := map[string]bool{}
		for i := range 6 {
			who := []string{anna, bert}[i%2]
			w.clock.Advance(time.Second)
			c := w.writes(who, "again")
			want[c.ID] = true
			if i < 4 {
				w.do(w.jane, c.ID, frontdesk.Trash{})
				w.clock.Advance(time.Second)
				want[w.writes(who, "new").ID] = true
				w.do(w.jane, c.ID, frontdesk.Restore{})
			}
		}
		_, err := w.jane.MergeContacts(ctx, head, part)
		require.NoError(t, err)
		q, got := frontdesk.Query{View: frontdesk.AllView, Contact: head, Limit: 1}, map[string]bool{}
		for {
			page, err := w.jane.Conversations(ctx, q)
			require.NoError(t, err)
			for _, c := range page.Items {
				assert.False(t, got[c.ID], "each once")
				got[c.ID] = true
			}
			if q.Cursor = page.Next; q.Cursor == "" {
				break
			}
		}
		assert.Equal(t, want, got)
	})
}

func TestK7_Duplicates(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.writes(anna, "Hi").Contacts[0]
		w.clock.Advance(time.Second)
		b := w.writes(bert, "Hi", conversation.Identity{Scope: "phone", Address: anna}).Contacts[0] // claims it
		w.clock.Advance(time.Second)
		c := w.writes("+4915133333333", "Hi").Contacts[0]
		require.NoError(t, w.setup.SaveField(ctx, frontdesk.Field{ID: "vat", Of: frontdesk.OfContact, Type: conversation.FieldText}))
		for _, id := range []string{b, c} {
			_, err := w.setup.SetContactFields(ctx, id, map[string][]string{"vat": {"DE1"}})
			require.NoError(t, err)
		}
		find := func(field string) (groups [][]string) {
			q := frontdesk.DuplicateQuery{Field: field, Limit: 1}
			for {
				page, err := w.setup.Duplicates(ctx, q)
				require.NoError(t, err)
				for _, g := range page.Items {
					var ids []string
					for _, p := range g {
						ids = append(ids, p.ID)
					}
					groups = append(groups, ids)
				}
				if q.Cursor = page.Next; q.Cursor == "" {
					return groups
				}
			}
		}
		assert.Equal(t, [][]string{{a, b}}, find(""))
		assert.Equal(t, [][]string{{b, c}}, find("vat"))
		_, err := w.setup.MergeContacts(ctx, a, b)
		require.NoError(t, err)
		assert.Empty(t, find(""))
	})
}

func TestK8_Capture(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		require.NoError(t, w.setup.SaveField(ctx, frontdesk.Field{ID: "size", Of: frontdesk.OfConversation, Type: conversation.FieldNumber}))
		save := func(r frontdesk.Capture) error { return w.setup.SaveCapture(ctx, r) }
		require.NoError(t, save(frontdesk.Capture{ID: "order", Pattern: `(?i)order[ :#-]+(\d{4,8})`, Kind: "order"}))
		require.NoError(t, save(frontdesk.Capture{ID: "amazon", Pattern: `\b\d{3}-\d{7}-\d{7}\b`, Kind: "amazon-order", Proven: true}))
		require.NoError(t, save(frontdesk.Capture{ID: "size", Pattern: `(?i)size (\S+)`, Field: "size"}))
		for _, bad := range []frontdesk.Capture{{ID: "x", Pattern: "(", Kind: "order"}, {ID: "x", Pattern: "a*", Kind: "order"}, {ID: "x", Pattern: `a(?=b)`, Kind: "order"},
			{ID: "x", Pattern: "a", Kind: ""}, {ID: "x", Pattern: "a", Kind: "order", Field: "size"}, {ID: "x", Pattern: "a", Field: "nope"}, {ID: "", Pattern: "a", Kind: "order"}} {
			err := save(bad)
			require.Error(t, err, "%+v", bad)
			require.True(t, frontdesk.Refused(err), "%v", err)
		}
		rules, err := w.jane.Captures(ctx)
		require.NoError(t, err)
		assert.Len(t, rules, 3)
		assert.Equal(t, "amazon", rules[0].ID)

		c := w.hears("ann", "Where is order 4711? I paid for 123-1234567-7654321. It is size 42.0 and order: 4712")
		assert.Equal(t, []conversation.Link{{Kind: "amazon-order", ID: "123-1234567-7654321", By: conversation.ByCapture}}, c.Links)
		assert.Equal(t, []string{"4711", "4712"}, []string{c.Suggestions[0].ID, c.Suggestions[1].ID})
		assert.Equal(t, conversation.Value{Values: []string{"42"}, Suggested: true}, c.Fields["size"])
		_, err = w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "{{conversation.size}}"})
		require.Error(t, err, "what is only suggested is filled into nothing")

		got, err := w.jane.Confirm(ctx, c.ID, frontdesk.Suggestion{Kind: "order", Record: "4711"})
		require.NoError(t, err)
		assert.Len(t, got.Links, 2)
		got, err = w.jane.Reject(ctx, c.ID, frontdesk.Suggestion{Kind: "order", Record: "4712"})
		require.NoError(t, err)
		assert.Empty(t, got.Suggestions)
		_, err = w.jane.Confirm(ctx, c.ID, frontdesk.Suggestion{Kind: "order", Record: "4712"})
		require.ErrorIs(t, err, conversation.ErrState)
		_, err = w.jane.Confirm(ctx, c.ID, frontdesk.Suggestion{Field: "size"})
		require.NoError(t, err)
		assert.Equal(t, []string{"42"}, w.hears("ann", "No, size 43").Fields["size"].Values, "a person has the last word")
		m, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "{{conversation.size}}"})
		require.NoError(t, err)
		assert.Equal(t, "42", m.Text)

		require.NoError(t, w.setup.DeleteCapture(ctx, "order"))
		require.NoError(t, w.setup.DeleteCapture(ctx, "order"))
		assert.Empty(t, w.hears("ann", "order 9999").Suggestions)
	})
}

func TestK10_Import(t *testing.T) {
	stores.Each(t, func(t *testing.T, s store.Store) {
		w := newWorld(t, s)
		require.NoError(t, w.setup.SaveMailbox(ctx, frontdesk.Mailbox{ID: "berlin", Country: "DE"}))
		require.NoError(t, w.setup.SaveField(ctx, frontdesk.Field{ID: "born", Of: frontdesk.OfContact, Type: conversation.FieldDate}))
		known := w.writes(anna, "Hi").Contacts[0]
		var b strings.Builder
		b.WriteString("\uFEFFName;Telefon;email;label;born;internal\r\n")
		b.WriteString("Anna;0151 11111111;anna@example.com;vip|new;1990-02-01;x\r\n") // 2: known by her number
		b.WriteString("\"Bert\r\nund Bea\";0151 22222222;;;;\r\n")                    // 3, 4
		b.WriteString("Short;85258;;;;\r\n")                                          // 5
		b.WriteString("Nobody;;;;;\r\n")                                              // 6
		b.WriteString("Date;0151 33333333;;;1.2.1990;\r\n")                           // 7
		b.WriteString("Two;0151 22222222;anna@example.com;;;\r\n")                    // 8
		b.WriteString("Few;0151 44444444\r\n")                                        // 9
		b.WriteString("Quo\"te;0151 55555555;;;;\r\n")                                // 10
		for i := range 25 {
			fmt.Fprintf(&b, "N%d;0160 %07d;;;;\r\n", i, i)
		}
		how := frontdesk.Import{Mailbox: "berlin", Columns: map[string]string{"Telefon": "phone", "internal": ""}}
		report, err := w.setup.ImportContacts(ctx, strings.NewReader(b.String()), how)
		require.NoError(t, err)
		where := []string{}
		for _, bad := range report.BadRows {
			where = append(where, fmt.Sprintf("%d %s", bad.Line, bad.Column))
			assert.NotEmpty(t, bad.Problem)
		}
		assert.ElementsMatch(t, []string{"5 phone", "6 ", "7 born", "8 ", "9 ", "10 "}, where)
		report.BadRows = nil
		assert.Equal(t, frontdesk.ImportReport{Rows: 33, Created: 26, Updated: 1, Bad: 6}, report)
		p := w.contact(known)
		assert.Equal(t, "Anna", p.Name)
		assert.Equal(t, []string{"new", "vip"}, p.Labels)
		assert.Equal(t, []string{"1990-02-01"}, p.Fields["born"].Values)
		w.run()
		assert.Equal(t, []string{"new", "vip"}, w.current(anna).Labels)

		report, err = w.setup.ImportContacts(ctx, strings.NewReader(b.String()), how)
		require.NoError(t, err)
		assert.Equal(t, 27, report.Unchanged, "again changes nothing")
		assert.Zero(t, report.Created+report.Updated)
		assert.Len(t, w.contacts(w.setup, frontdesk.ContactQuery{Limit: 10}), 27)
		m, err := w.jane.Compose(ctx, frontdesk.Start{Channel: w.chat.ID, Address: "0151 22222222", Draft: frontdesk.Draft{Text: "Hi {{contact.name}}"}})
		require.NoError(t, err)
		assert.Equal(t, "Hi Bert und Bea", m.Text)
	})
}

func TestK10_ImportOfOddFiles(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		wide := func(text string) string {
			out := []byte{0xFF, 0xFE}
			for _, u := range utf16.Encode([]rune(text)) {
				out = append(out, byte(u), byte(u>>8))
			}
			return string(out)
		}
		for i, file := range []string{"name,phone\nJürgen,%s\n", "name\tphone\nJ\xfcrgen\t%s\n", wide("name;phone\nJürgen;%s\n")} {
			phone := fmt.Sprintf("+4915100000%03d", i)
			if i == 2 {
				file = wide("name;phone\nJürgen;" + phone + "\n")
			} else {
				file = fmt.Sprintf(file, phone)
			}
			report, err := w.setup.ImportContacts(ctx, strings.NewReader(file), frontdesk.Import{})
			require.NoError(t, err)
			require.Equal(t, 1, report.Created, "%+v", report)
			ids := w.contacts(w.setup, frontdesk.ContactQuery{Phone: phone})
			require.Len(t, ids, 1)
			assert.Equal(t, "Jürgen", w.contact(ids[0]).Name)
		}
		for name, file := range map[string]string{"empty": "", "no address": "name\nAnn\n", "unknown column": "phone,shoe\n1,2\n",
			"many columns": strings.Repeat("name,", 100) + "phone\n"} {
			_, err := w.setup.ImportContacts(ctx, strings.NewReader(file), frontdesk.Import{})
			require.ErrorIs(t, err, frontdesk.ErrInvalid, name)
		}
		_, err := w.setup.ImportContacts(ctx, strings.NewReader("phone\n1\n"), frontdesk.Import{Comma: 'x'})
		require.ErrorIs(t, err, frontdesk.ErrInvalid)
		_, err = w.setup.ImportContacts(ctx, strings.NewReader("phone\n1\n"), frontdesk.Import{Mailbox: "nowhere"})
		require.ErrorIs(t, err, frontdesk.ErrNotFound)
		report, err := w.setup.ImportContacts(ctx, strings.NewReader("phone,name\n+4915199999999,"+strings.Repeat("x", 9<<10)+"\n\"open"), frontdesk.Import{})
		require.NoError(t, err)
		assert.Equal(t, 2, report.Bad)
		endless := &repeated{head: "phone,name\n", line: "+4915188888888," + strings.Repeat("x", 7<<10) + "\n"}
		_, err = w.setup.ImportContacts(ctx, endless, frontdesk.Import{})
		require.ErrorIs(t, err, frontdesk.ErrInvalid)
	})
}

// repeated is a file without an end.
type repeated struct{ head, line string }

func (r *repeated) Read(p []byte) (int, error) {
	if r.head == "" {
		r.head = r.line
	}
	n := copy(p, r.head)
	r.head = r.head[n:]
	return n, nil
}

func FuzzImport(f *testing.F) {
	f.Add([]byte("name,phone\nAnn,+4915112345678\n"))
	f.Add([]byte("\xff\xfen\x00,\x00"))
	f.Add([]byte("email;label\n\"a@b;x|y\n"))
	w := newWorld(&testing.T{}, stores.Memory(f))
	f.Fuzz(func(t *testing.T, file []byte) {
		report, err := w.setup.ImportContacts(ctx, strings.NewReader(string(file)), frontdesk.Import{Mailbox: "berlin"})
		if err != nil {
			require.True(t, frontdesk.Refused(err), "%v", err)
		}
		assert.Equal(t, report.Rows, report.Created+report.Updated+report.Unchanged+report.Bad)
	})
}

// What is found in a message keeps no message out: what the conversation has no room for is dropped.
func TestK8_FoundBeyondTheLimits(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		all := w.fullFields(frontdesk.OfConversation)
		require.NoError(t, w.setup.SaveField(ctx, frontdesk.Field{ID: "size", Of: frontdesk.OfConversation, Type: conversation.FieldNumber}))
		require.NoError(t, w.setup.SaveCapture(ctx, frontdesk.Capture{ID: "size", Pattern: `(?i)size (\S+)`, Field: "size"}))
		c := w.hears("ann", "Hi")
		_, err := w.setup.SetFields(ctx, c.ID, all)
		require.NoError(t, err)
		assert.Equal(t, 200, w.hook(w.says("ann", "size 42")))
		assert.Equal(t, 2, w.get(c.ID).Messages)
	})
}

// fullFields are fields with as many values as there may be, which it defines.
func (w *world) fullFields(of frontdesk.FieldOf) map[string][]string {
	all := map[string][]string{}
	var options []string
	for i := range 20 {
		options = append(options, "o"+strconv.Itoa(i))
	}
	for i := range 12 {
		id := fmt.Sprintf("l%d", i)
		require.NoError(w.t, w.setup.SaveField(ctx, frontdesk.Field{ID: id, Of: of, Type: conversation.FieldList, Options: options}))
		all[id] = options
	}
	for i := range 10 {
		id := fmt.Sprintf("t%d", i)
		require.NoError(w.t, w.setup.SaveField(ctx, frontdesk.Field{ID: id, Of: of, Type: conversation.FieldText}))
		all[id] = []string{"x"}
	}
	return all
}

// An identity that was taken from a merged contact, and that another has now, does not come back with the undoing.
func TestK7_UnmergeGivesBackNothingOfOthers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, b := w.hears("ann", "Hi").Contacts[0], w.hears("bob", "Hi").Contacts[0]
		_, err := w.setup.AddIdentity(ctx, b, "", conversation.Identity{Scope: conversation.ScopeEmail, Address: "x@example.com"})
		require.NoError(t, err)
		_, err = w.setup.MergeContacts(ctx, a, b)
		require.NoError(t, err)
		_, err = w.setup.RemoveIdentity(ctx, a, "", conversation.Identity{Scope: conversation.ScopeEmail, Address: "x@example.com"})
		require.NoError(t, err)
		c := w.hears("carl", "Hi").Contacts[0]
		_, err = w.setup.AddIdentity(ctx, c, "", conversation.Identity{Scope: conversation.ScopeEmail, Address: "x@example.com"})
		require.NoError(t, err)
		p, err := w.setup.UnmergeContact(ctx, b)
		require.NoError(t, err)
		for _, i := range p.Identities {
			assert.NotEqual(t, "x@example.com", i.Address)
		}
	})
}

// A plus sign makes no number.
func TestK10_WhatIsNoNumber(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		r, err := w.setup.ImportContacts(ctx, strings.NewReader("phone\n+49 call me\n+\n+49\n+4915112345679\n0049 151 12345678\n"), frontdesk.Import{})
		require.NoError(t, err)
		assert.Equal(t, 3, r.Bad)
		assert.Equal(t, 2, r.Created)
	})
}

// What a person set in a part goes before what is only suggested in the head, and what the part suggests can be confirmed there.
func TestK8_SuggestionsMerge(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		require.NoError(t, w.setup.SaveField(ctx, frontdesk.Field{ID: "size", Of: frontdesk.OfConversation, Type: conversation.FieldNumber}))
		require.NoError(t, w.setup.SaveCapture(ctx, frontdesk.Capture{ID: "order", Pattern: `order (\d+)`, Kind: "order"}))
		require.NoError(t, w.setup.SaveCapture(ctx, frontdesk.Capture{ID: "size", Pattern: `size (\d+)`, Field: "size"}))
		head, part := w.hears("ann", "It is size 43"), w.hears("annabel", "Where is order 4711?")
		_, err := w.jane.SetFields(ctx, part.ID, map[string][]string{"size": {"42"}})
		require.NoError(t, err)
		w.merges(head.ID, part.ID)
		got := w.get(head.ID)
		assert.Equal(t, conversation.Value{Values: []string{"42"}}, got.Fields["size"], "a person has the last word")
		assert.Len(t, got.Suggestions, 1)
		_, err = w.jane.Unmerge(ctx, part.ID)
		require.NoError(t, err)
		assert.Empty(t, w.get(head.ID).Suggestions)
		assert.Equal(t, head.Fields, w.get(head.ID).Fields)
		assert.Len(t, w.get(part.ID).Suggestions, 1)
		w.merges(head.ID, part.ID)
		_, err = w.jane.Confirm(ctx, head.ID, frontdesk.Suggestion{Kind: "order", Record: "4711"})
		require.NoError(t, err)
	})
}
