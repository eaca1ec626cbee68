package storetest

import (
	"fmt"
	"strings"

	"github.com/frontdesk-go/frontdesk/store"
)

// separators are what a store may put between the parts of a key.
var separators = []string{"/", ":", "|", "#", "-", "_", ".", ",", ";", " ", "\x01", "\x1f", "\u2028"}

// namesWithSeparators writes pairs of names that are one text once they are joined, and names that go on where others end.
func namesWithSeparators(e *env) {
	for i, sep := range separators {
		v := fmt.Sprint("v", i)
		longer := v + sep + "w"
		rows := []store.Row{
			{Key: store.Key{Kind: "kind", ID: "a" + sep + v}, Body: []byte("kind")},
			{Key: store.Key{Kind: store.Kind("kind" + sep + "a"), ID: v}, Body: []byte("kind a")},
		}
		first, second := conv(2*i), conv(2*i+1)
		first.Facts, second.Facts = []store.Fact{{Name: "tag", Value: v}}, []store.Fact{{Name: "tag", Value: longer}}
		first.Place, second.Place = &store.Place{Shelf: v, Agent: "a" + sep + "b"}, &store.Place{Shelf: v + sep + "a", Agent: "b"}
		b := fresh(batch(), append(rows, first, second)...)
		b.Add("n"+sep+v, 1)
		b.Enqueue(store.Job{ID: v, Group: v}, store.Job{ID: longer, Group: longer})
		e.commit(b)
		other := fresh(store.NewBatch(tenant+sep+"n", start), doc("x"))
		other.Add(v, 10)
		e.commit(other)
		for _, row := range rows {
			e.same(1, fmt.Sprintf("the row %q", row.Key), string(e.row(row.Key).Body), string(row.Body))
		}
		e.same(1, fmt.Sprintf("counter %q", "n"+sep+v), e.counter("n"+sep+v), int64(1))
		e.same(1, fmt.Sprintf("counter %q of tenant %q", v, tenant+sep+"n"), e.loadOf(tenant+sep+"n", nil, []string{v}).Counters[v], int64(10))
		for _, tt := range []struct {
			q    store.Query
			want string
		}{
			{store.Query{Fact: "tag", Value: v}, first.ID},
			{store.Query{Fact: "tag", Value: longer}, second.ID},
			{store.Query{Ranges: []store.Range{{Shelf: v}}}, first.ID},
			{store.Query{Ranges: []store.Range{{Shelf: v, By: store.ByAgent, Value: "a" + sep + "b"}}}, first.ID},
			{store.Query{Ranges: []store.Range{{Shelf: v + sep + "a", By: store.ByAgent, Value: "b"}}}, second.ID},
		} {
			tt.q.Kind = store.Conversation
			e.same(2, "IDs of "+describe(&tt.q), e.all(tt.q), []string{tt.want})
		}
		for _, group := range []string{v, longer} {
			got := e.leaseBy(store.JobQuery{Now: start, Token: group, Tenant: tenant, Group: group})
			e.same(2, fmt.Sprintf("the group %q", group), held(got), []string{group + ": " + group})
		}
	}
}

// odd are texts that no batch holds, so that whoever asks for one finds nothing.
var odd = []string{"", "\x00", "a\x00", "\xff", "a\xc3", "\xed\xa0\x80", strings.Repeat("x", store.MaxID+1), strings.Repeat("🙂", 3000)}

// anythingMayBeAsked asks for them in every place of a call that holds a text.
func anythingMayBeAsked(e *env) {
	longest := doc(strings.Repeat("x", store.MaxID))
	e.put(doc("a"), longest, conv(1), store.Row{Key: store.Key{Kind: store.Event, ID: "a"}, Words: []string{"a"}})
	e.enqueue("x", store.Job{ID: "j1", Group: "g"})
	for _, text := range odd {
		asked := []store.Key{{Kind: store.Document, ID: text}, {Kind: store.Kind(text), ID: "a"}}
		what := fmt.Sprintf("%q", short(text))
		rows := e.loadOf(tenant, append(asked, doc("a").Key), []string{text, "n"})
		e.found(9, "Load of "+what, rows, []store.Key{doc("a").Key}, asked)
		e.same(11, "counter "+what, rows.Counters, map[string]int64{text: 0, "n": 0})
		qs := []store.Query{
			{Kind: store.Conversation, Fact: "tag", Value: text}, {Kind: store.Conversation, Ranges: []store.Range{{Shelf: text}}},
			{Kind: store.Conversation, Ranges: []store.Range{{Shelf: "open", By: store.ByAgent, Value: text}}}, {Kind: store.Kind(text)},
			{Kind: store.Conversation, Match: []store.Match{{Name: "@shelf", Any: []string{text}}}}, {Kind: store.Conversation, Match: []store.Match{{Name: text}}},
		}
		if text != "" {
			e.found(9, "Load of tenant "+what, e.loadOf(text, []store.Key{doc("a").Key}, nil), nil, []store.Key{doc("a").Key})
			qs = append(qs, store.Query{Tenant: text, Kind: store.Document}, store.Query{Kind: store.Document, Prefix: text}, store.Query{Kind: store.Event, Words: []string{text}})
			for _, q := range []store.JobQuery{{Tenant: text}, {Tenant: tenant, Group: text}} {
				q.Now, q.Token = start, "t"
				e.same(41, "groups leased of "+what, held(e.leaseBy(q)), []string{})
			}
		}
		for _, q := range qs {
			e.same(24+btoi(q.Fact == ""), "IDs of "+describe(&q), e.all(q), []string{})
		}
	}
}
