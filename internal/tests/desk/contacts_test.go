package desk_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
	"github.com/frontdesk-go/frontdesk/store"
)

func number(n string) conversation.Identity {
	return conversation.Identity{Scope: conversation.ScopePhone, Address: n}
}

// calls is a customer's message from a phone number.
func (w *world) from(phone, text string, more ...conversation.Identity) channel.Item {
	item := w.says(phone, text)
	item.Message.From = append([]conversation.Identity{number(phone)}, more...)
	return item
}

// writes delivers a message from a phone number and returns the conversation.
func (w *world) writes(phone, text string, more ...conversation.Identity) frontdesk.Conversation {
	w.t.Helper()
	require.Equal(w.t, http.StatusOK, w.hook(w.from(phone, text, more...)))
	return w.current(phone)
}

func (w *world) contact(id string) conversation.Contact {
	w.t.Helper()
	p, err := w.setup.Contact(ctx, id)
	require.NoError(w.t, err)
	return p
}

func (w *world) contacts(s *frontdesk.Session, q frontdesk.ContactQuery) (ids []string) {
	w.t.Helper()
	for {
		page, err := s.Contacts(ctx, q)
		require.NoError(w.t, err)
		for _, p := range page.Items {
			ids = append(ids, p.ID)
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			return ids
		}
	}
}

const anna, bert = "+4915111111111", "+4915122222222"

func TestK1_IdentitiesAreOnesOwn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, b := w.writes(anna, "Hi").Contacts[0], w.writes(bert, "Hi").Contacts[0]
		mail := conversation.Identity{Scope: conversation.ScopeEmail, Address: "Anna@Example.com"}
		p, err := w.jane.AddIdentity(ctx, a, "berlin", mail)
		require.NoError(t, err)
		assert.Equal(t, "anna@example.com", p.Identities[1].Address)
		_, err = w.jane.AddIdentity(ctx, b, "", mail)
		require.ErrorIs(t, err, frontdesk.ErrTaken)
		_, err = w.jane.AddIdentity(ctx, b, "", conversation.Identity{Scope: conversation.ScopeEmail, Address: "not an address"})
		require.ErrorIs(t, err, frontdesk.ErrInvalid)
		_, err = w.jane.RemoveIdentity(ctx, a, "", mail)
		require.NoError(t, err)
		p, err = w.jane.AddIdentity(ctx, b, "", mail)
		require.NoError(t, err)
		assert.Len(t, p.Identities, 2)
		_, err = w.jane.RemoveIdentity(ctx, a, "", number(anna))
		require.NoError(t, err)
		assert.NotEqual(t, a, w.writes(anna, "Who am I?").Contacts[len(w.current(anna).Contacts)-1], "somebody new")
	})
}

func TestK1_WhoMaySeeAContact(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.writes(anna, "Hi").Contacts[0]
		_, err := w.jane.Contact(ctx, a)
		require.NoError(t, err)
		_, err = w.mia.Contact(ctx, a)
		require.ErrorIs(t, err, frontdesk.ErrNotFound)
		assert.Equal(t, []string{a}, w.contacts(w.jane, frontdesk.ContactQuery{}))
		assert.Equal(t, []string{a}, w.contacts(w.setup, frontdesk.ContactQuery{}))
		assert.Empty(t, w.contacts(w.mia, frontdesk.ContactQuery{}), "nobody lists whom he has no conversation with")
		assert.Empty(t, w.contacts(w.mia, frontdesk.ContactQuery{Phone: anna}))
		_, err = w.mia.SetName(ctx, a, "Anna")
		require.ErrorIs(t, err, frontdesk.ErrNotFound)
		_, err = w.jane.Contact(ctx, "no\x00body")
		require.ErrorIs(t, err, frontdesk.ErrNotFound)
		w.do(w.jane, w.current(anna).ID, frontdesk.Trash{})
		_, err = w.jane.Contact(ctx, a)
		require.NoError(t, err, "wherever the conversation is")
	})
}

func TestK2_OneNormalForm(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		require.ErrorIs(t, w.setup.SaveMailbox(ctx, frontdesk.Mailbox{ID: "berlin", Country: "Germany"}), frontdesk.ErrInvalid)
		require.NoError(t, w.setup.SaveMailbox(ctx, frontdesk.Mailbox{ID: "berlin", Country: "DE"}))
		c := w.writes(anna, "Hi")
		m, err := w.jane.Compose(ctx, frontdesk.Start{Channel: w.chat.ID, Address: "0151 / 111-11111", Draft: frontdesk.Draft{Text: "Hello"}})
		require.NoError(t, err)
		assert.Equal(t, c.ID, m.Conversation, "the same person, however the number is typed")
		for _, typed := range []string{"0151 11111111", "0049 151 11111111", "+49 (0)151 11111111", "tel:" + anna} {
			assert.Equal(t, c.Contacts, w.contacts(w.jane, frontdesk.ContactQuery{Phone: typed, Mailbox: "berlin"}), typed)
		}
		p, err := w.jane.AddIdentity(ctx, c.Contacts[0], "berlin", number("0171 2345678"))
		require.NoError(t, err)
		assert.Equal(t, "+491712345678", p.Identities[1].Address)
		for _, opaque := range []string{"85258", "ACME"} {
			m, err := w.jane.Compose(ctx, frontdesk.Start{Channel: w.chat.ID, Address: opaque, Draft: frontdesk.Draft{Text: "Hello"}})
			require.NoError(t, err)
			assert.Equal(t, opaque, m.To[0].Address)
		}
	})
}

func TestK2_AParserOfTheHosts(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		asked := []string{}
		d := w.open(func(c *frontdesk.Config) {
			c.Phone = func(raw, country string) (string, bool) {
				asked = append(asked, raw+" in "+country)
				return map[string]string{"7 777 777": "+4915177777777", "8 888 888": "not a normal form"}[raw], true
			}
		})
		s := d.As(frontdesk.System(tenant))
		require.NoError(t, s.SaveMailbox(ctx, frontdesk.Mailbox{ID: "berlin", Country: "ZZ"}))
		a := w.writes(anna, "Hi").Contacts[0]
		for _, raw := range []string{"7 777 777", "8 888 888", "85258", "ACME 777777777"} {
			_, err := s.AddIdentity(ctx, a, "berlin", number(raw))
			require.NoError(t, err)
		}
		assert.Equal(t, []string{"7 777 777 in ZZ", "8 888 888 in ZZ"}, asked, "short codes and names never get there")
		var have []string
		for _, i := range w.contact(a).Identities {
			have = append(have, i.Address)
		}
		assert.Equal(t, []string{anna, "+4915177777777", "8 888 888", "85258", "ACME 777777777"}, have)
	})
}

// host answers for records by number.
type host struct {
	mu      sync.Mutex
	records map[string][]frontdesk.Candidate
	err     error
	asked   int
}

func (h *host) find(_ context.Context, _ string, ids []conversation.Identity) (out []frontdesk.Candidate, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked++
	for _, i := range ids {
		out = append(out, h.records[i.Address]...)
	}
	return out, h.err
}

func TestK3_C21_ExactlyOneRecordIsLinked(t *testing.T) {
	stores.Each(t, func(t *testing.T, s store.Store) {
		h := &host{records: map[string][]frontdesk.Candidate{anna: {{Kind: "customer", ID: "1"}, {Kind: "customer", ID: "1"}},
			bert: {{Kind: "customer", ID: "2"}, {Kind: "customer", ID: "3"}}, "bert@example.com": {{Kind: "customer", ID: "9"}}}}
		w := newWorld(t, s, func(c *frontdesk.Config) { c.Records = h.find })
		a, b := w.writes(anna, "Hi"), w.writes(bert, "Hi", conversation.Identity{Scope: conversation.ScopeEmail, Address: "bert@example.com"})
		assert.Zero(t, h.asked, "no message waits for the host")
		w.run()
		link := []conversation.Link{{Kind: "customer", ID: "1", By: conversation.ByMatch}}
		assert.Equal(t, link, w.contact(a.Contacts[0]).Links)
		assert.Equal(t, link, w.get(a.ID).Links)
		assert.Equal(t, a.Contacts, w.contacts(w.setup, frontdesk.ContactQuery{Record: "customer/1"}))
		assert.Empty(t, w.contact(b.Contacts[0]).Links, "several: a person chooses")

		found, err := w.jane.MatchRecords(ctx, b.Contacts[0])
		require.NoError(t, err)
		assert.Len(t, found, 3, "also by what nobody vouches for")
		p, err := w.jane.LinkRecord(ctx, b.Contacts[0], found[0].Kind, found[0].ID)
		require.NoError(t, err)
		w.run()
		assert.Equal(t, []conversation.Link{{Kind: "customer", ID: "2", By: conversation.ByHand}}, p.Links)
		assert.Equal(t, p.Links, w.get(b.ID).Links)
		_, err = w.jane.LinkRecord(ctx, b.Contacts[0], "a/b", "1")
		require.ErrorIs(t, err, frontdesk.ErrInvalid)
		_, err = w.jane.UnlinkRecord(ctx, b.Contacts[0], "customer", "2")
		require.NoError(t, err)
		assert.Empty(t, w.contact(b.Contacts[0]).Links)

		// What he begins later has his links at once.
		w.do(w.jane, a.ID, frontdesk.Trash{})
		assert.Equal(t, link, w.writes(anna, "Another").Links)
	})
}

func TestK3_ASlowOrFailingHostHoldsNothingUp(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		h := &host{records: map[string][]frontdesk.Candidate{anna: {{Kind: "customer", ID: "1"}}}, err: errors.New("down")}
		w.desk = w.open(func(c *frontdesk.Config) { c.Records = h.find })
		c := w.writes(anna, "Hi")
		w.run()
		assert.Equal(t, 1, h.asked)
		w.run()
		assert.Equal(t, 1, h.asked, "not again at once")
		w.replies(c.ID, "Goes out meanwhile")
		for range 5 {
			w.clock.Advance(2 * time.Hour)
			w.run()
		}
		assert.Equal(t, 6, h.asked)
		h.err = nil
		w.clock.Advance(2 * time.Hour)
		w.run()
		assert.Len(t, w.contact(c.Contacts[0]).Links, 1)

		h.err = errors.New("down for good")
		d := w.writes(bert, "Hi")
		w.run()
		w.clock.Advance(8 * 24 * time.Hour)
		w.run()
		asked := h.asked
		w.clock.Advance(8 * 24 * time.Hour)
		w.run()
		assert.Equal(t, asked, h.asked, "it is given up")
		assert.Empty(t, w.contact(d.Contacts[0]).Links)
	})
}

func TestK4_TheNameGivenIsApartFromThePlatforms(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.hears("ann", "Hi").Contacts[0]
		p, err := w.jane.SetName(ctx, a, " Ann  Archer\n")
		require.NoError(t, err)
		assert.Equal(t, "Ann  Archer", p.Name)
		again := w.says("ann", "Hi")
		again.Message.From[0].Name = "🌸ann🌸"
		w.takes(again)
		p = w.contact(a)
		assert.Equal(t, "🌸ann🌸", p.PlatformName)
		assert.Equal(t, "Ann  Archer", p.DisplayName())
		_, err = w.jane.SetName(ctx, a, strings.Repeat("x", 501))
		require.ErrorIs(t, err, frontdesk.ErrInvalid)
		p, err = w.jane.SetName(ctx, a, "")
		require.NoError(t, err)
		assert.Equal(t, "🌸ann🌸", p.DisplayName())
	})
}

func TestK5_FieldsAreDefinedAndValidated(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		define := func(f frontdesk.Field) error { return w.setup.SaveField(ctx, f) }
		size := frontdesk.Field{ID: "size", Names: map[string]string{"de": "Größe"}, Of: frontdesk.OfContact, Type: conversation.FieldList, Options: []string{"S", "M", "L"}}
		require.NoError(t, define(size))
		require.NoError(t, define(frontdesk.Field{ID: "born", Of: frontdesk.OfContact, Type: conversation.FieldDate, Position: -1}))
		require.NoError(t, define(frontdesk.Field{ID: "rma", Of: frontdesk.OfConversation, Type: conversation.FieldNumber}))
		for _, bad := range []frontdesk.Field{{ID: "a.b", Of: "contact", Type: "text"}, {ID: "name", Of: "contact", Type: "text"}, {ID: "x", Of: "agent", Type: "text"},
			{ID: "x", Of: "contact", Type: "colour"}, {ID: "x", Of: "contact", Type: "list"}, {ID: "x", Of: "contact", Type: "text", Options: []string{"a"}},
			{ID: "x", Of: "contact", Type: "list", Options: []string{"a", "a"}}, {ID: "x", Of: "contact", Type: "text", Names: map[string]string{"??": "x"}},
			{ID: "born", Of: "contact", Type: "text"}, {ID: "born", Of: "conversation", Type: "date"}, {ID: "", Of: "contact", Type: "text"}} {
			require.ErrorIs(t, define(bad), frontdesk.ErrInvalid, "%+v", bad)
		}
		defs, err := w.jane.FieldDefinitions(ctx)
		require.NoError(t, err)
		require.Len(t, defs, 3)
		assert.Equal(t, "born", defs[0].ID)
		assert.Equal(t, size, defs[2])

		c := w.hears("ann", "Hi")
		a := c.Contacts[0]
		_, err = w.jane.SetContactFields(ctx, a, map[string][]string{"size": {"L", "S"}, "born": {"1990-02-01"}})
		require.NoError(t, err)
		for _, bad := range []map[string][]string{{"size": {"XL"}}, {"born": {"1.2.1990"}}, {"nope": {"x"}}, {"rma": {"1"}}} {
			_, err = w.jane.SetContactFields(ctx, a, bad)
			require.True(t, errors.Is(err, conversation.ErrValue) || errors.Is(err, frontdesk.ErrInvalid), "%v: %v", bad, err)
		}
		assert.Equal(t, []string{"S", "L"}, w.contact(a).Fields["size"].Values)
		for _, q := range []frontdesk.ContactQuery{{Field: "size", Value: "S"}, {Field: "size", Value: "L"}, {Field: "born", Value: " 1990-02-01"}} {
			assert.Equal(t, []string{a}, w.contacts(w.jane, q), "%+v", q)
		}
		assert.Empty(t, w.contacts(w.jane, frontdesk.ContactQuery{Field: "size", Value: "M"}))

		got, err := w.jane.SetFields(ctx, c.ID, map[string][]string{"rma": {"007.50"}})
		require.NoError(t, err)
		assert.Equal(t, []string{"7.5"}, got.Fields["rma"].Values)
		m, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "{{contact.born}}, {{contact.size}}, {{conversation.rma}}, {{contact.shoe|none}}"})
		require.NoError(t, err)
		assert.Equal(t, "1990-02-01, S, L, 7.5, none", m.Text)

		_, err = w.jane.SetContactFields(ctx, a, map[string][]string{"size": nil})
		require.NoError(t, err)
		assert.NotContains(t, w.contact(a).Fields, "size")
		require.NoError(t, w.setup.DeleteField(ctx, "born"))
		require.NoError(t, w.setup.DeleteField(ctx, "born"))
		assert.Contains(t, w.contact(a).Fields, "born", "what is there stays")
		_, err = w.jane.SetContactFields(ctx, a, map[string][]string{"born": {"1990-02-01"}})
		require.ErrorIs(t, err, frontdesk.ErrInvalid)
	})
}

func TestK5_C17_ConcurrentChangesLoseNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.hears("ann", "Hi").Contacts[0]
		const n = 8
		for i := range n {
			require.NoError(t, w.setup.SaveField(ctx, frontdesk.Field{ID: fmt.Sprintf("f%d", i), Of: frontdesk.OfContact, Type: conversation.FieldNumber}))
		}
		other := w.open().As(frontdesk.System(tenant))
		var all sync.WaitGroup
		for i := range n {
			all.Go(func() {
				s := []*frontdesk.Session{w.setup, other}[i%2]
				_, err := s.SetContactFields(ctx, a, map[string][]string{fmt.Sprintf("f%d", i): {"1"}})
				assert.NoError(t, err)
				_, err = s.ChangeLabels(ctx, a, []string{fmt.Sprintf("l%d", i)}, nil)
				assert.NoError(t, err)
			})
		}
		all.Wait()
		p := w.contact(a)
		assert.Len(t, p.Fields, n)
		assert.Len(t, p.Labels, n)
	})
}

func TestC17_LabelsReachTheConversations(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		a := c.Contacts[0]
		_, err := w.jane.ChangeLabels(ctx, a, []string{"vip", "new"}, nil)
		require.NoError(t, err)
		w.run()
		assert.Equal(t, []string{"new", "vip"}, w.get(c.ID).Labels)
		assert.Equal(t, []string{a}, w.contacts(w.jane, frontdesk.ContactQuery{Label: "vip"}))
		w.do(w.jane, c.ID, frontdesk.Trash{})
		later := w.hears("ann", "Again")
		assert.Equal(t, []string{"new", "vip"}, later.Labels, "a new one has them at once")
		_, err = w.jane.ChangeLabels(ctx, a, nil, []string{"new"})
		require.NoError(t, err)
		w.run()
		for _, id := range []string{c.ID, later.ID} {
			assert.Equal(t, []string{"vip"}, w.get(id).Labels, "wherever it is")
		}
		_, err = w.jane.ChangeLabels(ctx, a, []string{"a,b"}, nil)
		require.ErrorIs(t, err, frontdesk.ErrInvalid)
		assert.Equal(t, 2, w.count(conversation.EventProfile))

		// Many contacts of many labels: the conversation is listed by the first, and by fewer if it is listed by much else.
		labels := func(prefix string) (out []string) {
			for i := range conversation.MaxLabels {
				out = append(out, fmt.Sprintf("%s%03d", prefix, i))
			}
			return out
		}
		contacts := later.Contacts
		for i := range 5 {
			p := w.hears(fmt.Sprint("p", i), "Hi").Contacts[0]
			_, err := w.jane.ChangeLabels(ctx, p, labels(fmt.Sprint("p", i, "-")), nil)
			require.NoError(t, err)
			contacts = append(contacts, p)
		}
		w.edit(later.ID, func(c *conversation.Conversation) { c.Contacts = contacts })
		_, err = w.jane.ChangeLabels(ctx, a, []string{"p"}, nil)
		require.NoError(t, err)
		w.run()
		want := append([]string{"p"}, labels("p0-")[:conversation.MaxLabels-1]...)
		assert.Equal(t, want, w.get(later.ID).Labels)
		assert.Contains(t, w.facts("label", want[99]), later.ID)
		for i := range 420 {
			contacts = append(contacts, fmt.Sprintf("x%03d", i))
		}
		w.edit(later.ID, func(c *conversation.Conversation) { c.Contacts = contacts })
		_, err = w.jane.ChangeLabels(ctx, a, []string{"o"}, nil)
		require.NoError(t, err)
		w.run()
		want = append([]string{"o"}, want[:99]...)
		assert.Equal(t, want, w.get(later.ID).Labels)
		assert.Contains(t, w.facts("label", "o"), later.ID)
		assert.Contains(t, w.facts("label", want[60]), later.ID)
		assert.NotContains(t, w.facts("label", want[80]), later.ID)
	})
}

func TestK6_WhatNobodyVouchesForIsMarked(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		victim := w.writes(anna, "Hi").Contacts[0]
		mail := conversation.Identity{Scope: conversation.ScopeEmail, Address: "b@example.com"}
		c := w.writes(bert, "Hi", number(anna), mail)
		assert.NotEqual(t, victim, c.Contacts[0], "who claims a number is not whose it is")
		p := w.contact(c.Contacts[0])
		assert.Equal(t, []conversation.Identity{number(bert)}, p.Identities)
		assert.Equal(t, conversation.Value{Values: []string{anna}, Unverified: true}, p.Fields["phone"])
		assert.Equal(t, conversation.Value{Values: []string{"b@example.com"}, Unverified: true}, p.Fields["email"])
		_, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "{{contact.email}}"})
		require.Error(t, err, "nor is it filled into what is sent")

		mail.Verified, mail.Address = true, "sure@example.com"
		sure := w.writes("+4915133333333", "Hi", mail).Contacts[0]
		assert.Equal(t, sure, w.writes("+4915144444444", "From my other phone", mail).Contacts[0], "what the platform vouches for is his")
	})
}

func TestK10_TabsAndEmptyCells(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		r, err := w.setup.ImportContacts(ctx, strings.NewReader("name\temail\tphone\nAnn\t\t+4915112345678\n\tbob@example.com\t\n"), frontdesk.Import{})
		require.NoError(t, err)
		assert.Empty(t, r.BadRows)
		assert.Equal(t, 2, r.Created)
	})
}

func TestK10_AccentsLateInTheFile(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		var b strings.Builder
		b.WriteString("name,email\n")
		for i := range 1500 {
			fmt.Fprintf(&b, "Plain Name Of Somebody %d,someone-with-a-long-address-%d@example.com\n", i, i)
		}
		b.WriteString("M\xfcller,mueller@example.com\n")
		r, err := w.setup.ImportContacts(ctx, strings.NewReader(b.String()), frontdesk.Import{})
		require.NoError(t, err)
		assert.Empty(t, r.BadRows)
	})
}

// Who has as many values as there may be is still heard: what he claims besides is dropped.
// Scopes and addresses may hold what stands between them in the store.
func TestK6_ScopesWithSlashes(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		from := map[string]conversation.Identity{"ann": {Scope: "app/shop", Address: "1"}, "bob": {Scope: "app", Address: "shop/1"}, "cem": {Scope: "app%2fshop", Address: "1"}}
		people := map[string]string{}
		for _, who := range []string{"ann", "bob", "cem", "ann"} {
			item := w.says(who, "Hi")
			item.Message.From = []conversation.Identity{from[who]}
			w.takes(item)
			c := w.current(who)
			require.Len(t, c.Contacts, 1)
			people[c.Contacts[0]] = who
		}
		assert.Len(t, people, 3)
	})
}

func TestK6_ClaimedBeyondTheLimits(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		all := w.fullFields(frontdesk.OfContact)
		c := w.hears("ann", "Hi")
		_, err := w.setup.SetContactFields(ctx, c.Contacts[0], all)
		require.NoError(t, err)
		item := w.says("ann", "again")
		item.Message.From = append(item.Message.From, conversation.Identity{Scope: conversation.ScopeEmail, Address: "ann@example.com"})
		assert.Equal(t, 200, w.hook(item))
		assert.Equal(t, 2, w.get(c.ID).Messages)
	})
}

// Of a contact with as many records as there may be the host is asked once, and not for ever.
func TestK3_NoRoomForTheRecord(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		asked := 0
		w.desk = w.open(func(c *frontdesk.Config) {
			c.Records = func(context.Context, string, []conversation.Identity) ([]frontdesk.Candidate, error) {
				asked++
				return []frontdesk.Candidate{{Kind: "customer", ID: "last"}}, nil
			}
		})
		c := w.writes(anna, "Hi").Contacts[0]
		for i := range 50 {
			_, err := w.setup.LinkRecord(ctx, c, "customer", strconv.Itoa(i))
			require.NoError(t, err)
		}
		for range 20 {
			w.run()
			w.clock.Advance(60e9)
		}
		assert.Equal(t, 1, asked)
	})
}

// A record that a contact is untied from before the job has come to his conversations shows them to nobody.
func TestK3_UntiedBeforeHisConversationsFollow(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		_, err := w.jane.LinkRecord(ctx, c.Contacts[0], "customer", "wrong")
		require.NoError(t, err)
		_, err = w.jane.UnlinkRecord(ctx, c.Contacts[0], "customer", "wrong")
		require.NoError(t, err)
		w.run()
		assert.Empty(t, w.get(c.ID).Links)
	})
}
