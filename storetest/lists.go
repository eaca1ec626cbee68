package storetest

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/frontdesk-go/frontdesk/store"
)

var listCases = []testcase{
	{"Lists/RangesByActivity", []int{23}, rangesByActivity, 0},
	{"Lists/RangesMerged", []int{23}, rangesMerged, 0},
	{"Lists/EmptyFieldInNoRange", []int{23}, emptyFieldInNoRange, 0},
	{"Lists/FactsByOrder", []int{24}, factsByOrder, 0},
	{"Lists/EveryListedFact", []int{8, 24, 6}, everyListedFact, 0},
	{"Lists/ByIDAndPrefix", []int{25}, byIDAndPrefix, 0},
	{"Lists/AscendingIsMirrored", []int{26}, ascendingIsMirrored, 0},
	{"Lists/MatchAndWords", []int{29}, matchAndWords, 0},
	{"Lists/WordsByID", []int{29, 25}, wordsByID, 0},
	{"Lists/Unsupported", []int{32}, unsupported, 0},
}

func rangesByActivity(e *env) {
	rows := e.gallery(60)
	for _, q := range ranged() {
		e.listed(23, rows, q)
	}
}

func rangesMerged(e *env) {
	rows := e.gallery(90)
	var all []store.Range
	for _, q := range ranged() {
		all = append(all, q.Ranges...)
	}
	for i := range 12 {
		all = append(all, store.Range{Shelf: "open", By: store.ByAgent, Value: fmt.Sprint("nobody", i)})
	}
	for _, ranges := range [][]store.Range{all[:2], all[:9], {all[0], all[0]}, {all[3], all[12]}, all[1:7], all[9:12], all[:store.MaxRanges], all[len(all)-4:]} {
		for _, ascending := range []bool{false, true} {
			e.listed(23, rows, store.Query{Kind: store.Conversation, Ranges: ranges, Ascending: ascending})
		}
	}
}

func emptyFieldInNoRange(e *env) {
	e.gallery(30)
	for _, by := range []store.Dimension{store.ByMailbox, store.ByTeam, store.ByAgent} {
		q := store.Query{Kind: store.Conversation, Ranges: []store.Range{{Shelf: "open", By: by}}}
		e.same(23, "IDs of "+describe(&q)+", whose value is empty", e.all(q), []string{})
	}
	e.put(store.Row{Key: conv(900).Key, Place: &store.Place{Agent: "ann", Activity: 5}})
	for _, r := range []store.Range{{}, {By: store.ByAgent, Value: "ann"}} {
		q := store.Query{Kind: store.Conversation, Ranges: []store.Range{r}}
		e.same(23, "IDs of "+describe(&q)+", which has no shelf", e.all(q), []string{})
	}
}

func factsByOrder(e *env) {
	rows := e.gallery(40)
	for i, order := range []int64{math.MaxInt64, math.MinInt64, -1, 0, 0, 1, math.MaxInt64, math.MinInt64} {
		row := store.Row{Key: conv(900 + i).Key, Facts: []store.Fact{{Name: "tag", Value: "red", Order: order}, {Name: "tag", Value: "", Order: -order}}}
		e.put(row)
		rows = append(rows, row)
	}
	other := store.Row{Key: conv(990).Key, Facts: []store.Fact{{Name: "Tag", Value: "red"}, {Name: "tag ", Value: "red"}}}
	e.put(other)
	rows = append(rows, other)
	for _, value := range []string{"red", "blue", "", "none", "RED"} {
		for _, ascending := range []bool{false, true} {
			e.listed(24, rows, store.Query{Kind: store.Conversation, Fact: "tag", Value: value, Ascending: ascending})
		}
	}
	e.listed(24, rows, store.Query{Kind: store.Conversation, Fact: "contact", Value: "x"})
	for _, q := range common() {
		rows = nil
		for i, order := range []int64{math.MaxInt64, -1, 7, math.MinInt64, 1 << 33, 7, 7, 1<<53 + 1, 1 << 53, 0, 7} {
			rows = append(rows, store.Row{Key: store.Key{Kind: q.Kind, ID: fmt.Sprintf("r%02d", i*5%11)}, Facts: []store.Fact{{Name: q.Fact, Value: "x", Order: order}}})
		}
		e.put(rows...)
		q.Value = "x"
		for _, q.Ascending = range []bool{false, true} {
			e.listed(24, rows, q)
		}
	}
}

func everyListedFact(e *env) {
	kinds := []store.Kind{store.Conversation, store.Message, store.Contact, store.Event, store.Delivery, store.Notice}
	b := batch()
	for _, kind := range kinds {
		for i := range 3 {
			row := store.Row{Key: store.Key{Kind: kind, ID: fmt.Sprint("r", i)}}
			for _, fact := range store.ListedFacts(kind) {
				row.Facts = append(row.Facts, store.Fact{Name: fact, Value: "v", Order: int64(-i)})
			}
			fresh(b, row)
		}
	}
	e.commit(b)
	for _, kind := range kinds {
		for _, fact := range store.ListedFacts(kind) {
			q := store.Query{Kind: kind, Fact: fact, Value: "v"}
			e.same(24, "IDs of "+describe(&q), e.all(q), []string{"r0", "r1", "r2"})
		}
	}
	// Of each it has two, of which one stays, and then none.
	for _, values := range [][]string{{"v", "w"}, {"w"}, {"x", "w", "y"}, {"y"}, {}} {
		for _, kind := range kinds {
			row := store.Row{Key: store.Key{Kind: kind, ID: "r1"}}
			for _, value := range values {
				for _, fact := range store.ListedFacts(kind) {
					row.Facts = append(row.Facts, store.Fact{Name: fact, Value: value})
				}
			}
			e.replace(row)
			for _, fact := range store.ListedFacts(kind) {
				for _, value := range []string{"v", "w", "x", "y"} {
					q := store.Query{Kind: kind, Fact: fact, Value: value}
					e.same(8, "whether "+describe(&q)+" finds a row with "+strings.Join(values, ", "), slices.Contains(e.all(q), "r1"), slices.Contains(values, value))
				}
			}
		}
	}
	for _, kind := range kinds {
		e.remove(store.Key{Kind: kind, ID: "r2"})
		e.put(store.Row{Key: store.Key{Kind: kind, ID: "r2"}})
		for _, fact := range store.ListedFacts(kind) {
			q := store.Query{Kind: kind, Fact: fact, Value: "v"}
			e.same(6, "IDs of "+describe(&q)+" after a row was deleted and put again without facts", e.all(q), []string{"r0"})
		}
	}
}

func byIDAndPrefix(e *env) {
	var rows []store.Row
	for _, id := range []string{"mailbox/a", "mailbox/b", "mailbox", "mailbox0", "Mailbox/a", "m%", "m_x", "m", `m\a`, "m.x", "m*", "m[a]", "m?", "m(", "m^", "m\x7fa", "m\u00ffa", "m\ud7ffa",
		"m\U0010ffffa", "mailbox/\u00e9", "mailbox/🙂", "n", "team/a", "\u00e9", "🙂", "🙂🙂"} {
		rows = append(rows, doc(id))
	}
	e.put(rows...)
	e.put(store.Row{Key: store.Key{Kind: store.Contact, ID: "mailbox/c"}})
	for _, prefix := range []string{"", "mailbox/", "mailbox", "m", "m%", "m_", "%", "_", "z", "🙂", "\u00e9", "team/a", "team/ab", `m\`, `\`, "m.", ".", "m*", "m[", "m?", "m(", "^m",
		"m\x7f", "m\u00ff", "m\ud7ff", "m\U0010ffff"} {
		for _, ascending := range []bool{false, true} {
			e.listed(25, rows, store.Query{Kind: store.Document, Prefix: prefix, Ascending: ascending})
		}
	}
}

func ascendingIsMirrored(e *env) {
	e.gallery(60)
	for _, q := range everyList() {
		for _, limit := range []int{1, 4, 100} {
			q.Limit, q.Ascending = limit, false
			down := e.all(q)
			q.Ascending = true
			up := e.all(q)
			slices.Reverse(up)
			if !slices.Equal(up, down) || len(down) == 0 {
				e.fail(26, "walk of %s, turned around\ngot %q\nwant %q", describe(&q), up, down)
			}
		}
	}
}

func matchAndWords(e *env) {
	rows := e.gallery(60)
	several := conv(900) // more than one fact of a name, and of one an empty value
	several.Facts = []store.Fact{{Name: "tag", Value: "red", Order: 1}, {Name: "tag", Value: "blue", Order: 9}, {Name: "tag", Value: "", Order: 3}, {Name: "contact", Value: "x"}}
	none := store.Row{Key: conv(901).Key, Place: &store.Place{Shelf: "open"}, Facts: []store.Fact{{Name: "contact", Value: "x"}}}
	e.put(several, none)
	rows = append(rows, several, none)
	filters := []store.Query{
		{Match: []store.Match{{Name: "tag", Any: []string{"red"}, From: 5}}},
		{Match: []store.Match{{Name: "tag", Any: []string{"red"}, From: 5, Not: true}}},
		{Match: []store.Match{{Name: "tag", Any: []string{"red"}, Not: true}}},
		{Match: []store.Match{{Name: "tag", Any: []string{"red"}}, {Name: "tag", Any: []string{"blue"}}}},
		{Match: []store.Match{{Name: "tag", Any: []string{""}}}},
		{Match: []store.Match{{Name: "color", Any: []string{"x"}, Not: true}}},
		{Words: []string{"a"}},
		{Words: []string{""}},
		{Match: []store.Match{{Name: "size", Any: []string{"s"}}}},
		{Match: []store.Match{{Name: "size", Any: []string{"s", "m"}}, {Name: "tag", Any: []string{"red"}}}},
		{Match: []store.Match{{Name: "size", Any: []string{"s"}, Not: true}}},
		{Match: []store.Match{{Name: "size"}}},
		{Match: []store.Match{{Name: "color"}}},
		{Match: []store.Match{{Name: "color", Not: true}}},
		{Match: []store.Match{{Name: "size", From: 10, To: 20}}},
		{Match: []store.Match{{Name: "size", Any: []string{"l"}, From: 30}}},
		{Match: []store.Match{{Name: "tag", To: -2}}},
		{Match: []store.Match{{Name: "tag", From: -3, To: -1, Not: true}}},
		{Match: []store.Match{{Name: "@shelf", Any: []string{"open", "spam"}}}},
		{Match: []store.Match{{Name: "@mailbox", Any: []string{""}}}},
		{Match: []store.Match{{Name: "@mailbox", Any: []string{"m1"}}, {Name: "@agent", Any: []string{"a1"}, Not: true}}},
		{Match: []store.Match{{Name: "@team"}}},
		{Match: []store.Match{{Name: "@team", Not: true}}},
		{Match: []store.Match{{Name: "@activity", From: 2, To: 6}}},
		{Words: []string{"al"}},
		{Words: []string{"gam", "beta"}},
		{Words: []string{"gamma"}},
		{Words: []string{"Gam"}},
		{Words: []string{"%"}},
		{Words: []string{"gam"}, Match: []store.Match{{Name: "tag", Any: []string{"blue"}}}},
	}
	for _, base := range []store.Query{{}, {Fact: "contact", Value: "x"}, {Ranges: []store.Range{{Shelf: "open"}, {Shelf: "done"}}}} {
		for _, q := range filters {
			q.Kind, q.Fact, q.Value, q.Ranges = store.Conversation, base.Fact, base.Value, base.Ranges
			e.listed(29, rows, q)
		}
	}
}

// wordsByID asks for words as an index of them must answer: a beginning of many different words, of several in one row, together with words
// that few rows have.
func wordsByID(e *env) {
	rows := e.gallery(60)
	for i := range 90 {
		row := store.Row{Key: store.Key{Kind: store.Conversation, ID: fmt.Sprintf("w%02d", (i*37)%90)}, Words: []string{fmt.Sprintf("many%03d", i), "many", "gam"}}
		if i%3 == 0 {
			row.Words = append(row.Words, fmt.Sprintf("many%03d", i+1), "third", "third")
		}
		if i%30 == 0 {
			row.Words = append(row.Words, "rare")
		}
		rows = append(rows, row)
	}
	rows = append(rows, store.Row{Key: store.Key{Kind: store.Conversation, ID: "wordless"}})
	e.put(rows[60:]...)
	e.put(store.Row{Key: store.Key{Kind: store.Message, ID: "other"}, Words: []string{"many", "gam", "rare"}})
	for _, words := range [][]string{{"many"}, {"many0"}, {"many00"}, {"many012"}, {"m"}, {"gam"}, {"g", "m"}, {"rare"}, {"gam", "rare"}, {"rare", "third", "many"},
		{"third", "third"}, {"none"}, {"rare", "none"}, {"many", "alpha"}, {"\xf4\x8f\xbf\xbf"}, {"many\xff"}, {"many\x00"}, {""}, {"", "rare"}, {"."}, {"ma.y"}, {"("}, {`\`},
		{"man_"}, {"ma*"}} {
		for _, prefix := range []string{"", "w", "w1", "c", "z"} {
			for _, ascending := range []bool{false, true} {
				e.listed(29, rows, store.Query{Kind: store.Conversation, Words: words, Prefix: prefix, Ascending: ascending})
			}
		}
	}
}

func unsupported(e *env) {
	e.gallery(10)
	for _, q := range []store.Query{
		{Kind: store.Conversation, Fact: "size", Value: "s"},
		{Kind: store.Message, Fact: "tag", Value: "red"},
		{Kind: "gadget", Fact: "tag", Value: "red"},
		{Kind: store.Document, Fact: "state", Value: "x"},
	} {
		if page, err := e.s.List(e.ctx, of(q)); !errors.Is(err, store.ErrUnsupported) {
			e.fail(32, "list of %s, a fact that is not listed\ngot %s, error: %v\nwant error: %v", describe(&q), short(page), err, store.ErrUnsupported)
		}
	}
	for _, q := range []store.Query{
		{Kind: store.Conversation, Ranges: []store.Range{{Shelf: "open"}, {Shelf: "done", By: store.ByAgent + 1, Value: "a1"}}},
		{Kind: store.Conversation, Match: []store.Match{{Name: "@priority", Any: []string{"1"}}}},
		{Kind: store.Conversation, Match: []store.Match{{Name: "@priority", Not: true}}},
	} {
		if page, err := e.s.List(e.ctx, of(q)); !errors.Is(err, store.ErrUnsupported) {
			e.fail(32, "list of %s, by a part of the place that there is not\ngot %s, error: %v\nwant error: %v", describe(&q), short(page), err, store.ErrUnsupported)
		}
	}
	if page, err := e.s.List(e.ctx, store.Query{Kind: store.Conversation}); err == nil {
		e.fail(32, "list of no tenant\ngot %s\nwant an error, such as that of Query.Check", short(page))
	}
	for _, q := range []store.Query{
		{Kind: store.Message, Ranges: []store.Range{{Shelf: "open"}}},
		{Kind: store.Conversation, Ranges: []store.Range{{Shelf: "open"}}, Fact: "tag", Value: "red"},
		{Kind: store.Conversation, Ranges: make([]store.Range, store.MaxRanges+1)},
		{Kind: store.Conversation, Fact: "tag", Value: "red", Prefix: "c"},
	} {
		if page, err := e.s.List(e.ctx, of(q)); err == nil {
			e.fail(32, "list of %s, which contradicts itself\ngot %s\nwant an error, such as that of Query.Check", describe(&q), short(page))
		}
	}
}
