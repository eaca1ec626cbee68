package store_test

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/store"
)

func TestCursorHoldsItsPosition(t *testing.T) {
	q := store.Query{Tenant: "a", Kind: store.Message, Fact: "conversation", Value: "1"}
	for _, p := range []store.Position{{0, "x"}, {-1, "x"}, {math.MaxInt64, "Ä b"}, {math.MinInt64, "0"}, {1767225600000000, "abc"}} {
		q.Cursor = q.At(p)
		got, begins, err := q.After()
		require.NoError(t, err)
		assert.False(t, begins)
		assert.Equal(t, p, got)
	}
	long := store.Position{Order: 3, ID: strings.Repeat("x", store.MaxID)}
	q.Cursor = q.At(long)
	got, _, err := q.After()
	require.NoError(t, err)
	assert.Equal(t, long, got, "as long as an ID may be")
	for _, p := range []store.Position{{Order: 3, ID: long.ID + "x"}, {Order: 3}, {Order: 3, ID: "\xff"}} {
		q.Cursor = q.At(p)
		_, _, err = q.After()
		assert.ErrorIs(t, err, store.ErrCursor, "%d bytes", len(p.ID))
	}
	for _, cursor := range []string{"A", "AAAA", "!"} {
		q.Cursor = cursor
		_, _, err = q.After()
		assert.ErrorIs(t, err, store.ErrCursor, cursor)
	}
}

// Without a cursor a list begins before its first row, whichever way it goes.
func TestListBegins(t *testing.T) {
	for ascending, order := range map[bool]int64{true: math.MinInt64, false: math.MaxInt64} {
		p, begins, err := (&store.Query{Tenant: "a", Ascending: ascending}).After()
		require.NoError(t, err)
		assert.True(t, begins)
		assert.Equal(t, store.Position{Order: order}, p)
	}
}

func TestPageSizes(t *testing.T) {
	for asked, want := range map[int][2]int{-1: {store.DefaultLimit, store.DefaultBudget}, 0: {store.DefaultLimit, store.DefaultBudget}, 1: {1, 1},
		store.MaxLimit: {store.MaxLimit, store.MaxLimit}, store.MaxLimit + 1: {store.MaxLimit, store.MaxLimit + 1}} {
		q := store.Query{Limit: asked, Budget: asked}
		assert.Equal(t, want, [2]int{q.Size(), q.Scan()}, "%d", asked)
	}
}

func TestPlaceInRange(t *testing.T) {
	full := store.Place{Shelf: "waiting", Mailbox: "b", Team: "t", Agent: "a"}
	for _, c := range []struct {
		r            store.Range
		full, nobody bool // whether the full place is in it, and one of the shelf alone
	}{
		{store.Range{Shelf: "waiting"}, true, true},
		{store.Range{Shelf: "team"}, false, false},
		{store.Range{Shelf: "waiting", By: store.ByMailbox, Value: "b"}, true, false},
		{store.Range{Shelf: "waiting", By: store.ByMailbox, Value: "t"}, false, false},
		{store.Range{Shelf: "waiting", By: store.ByTeam, Value: "t"}, true, false},
		{store.Range{Shelf: "waiting", By: store.ByTeam, Value: "a"}, false, false},
		{store.Range{Shelf: "waiting", By: store.ByAgent, Value: "a"}, true, false},
		{store.Range{Shelf: "waiting", By: store.ByAgent, Value: "b"}, false, false},
		{store.Range{Shelf: "team", By: store.ByAgent, Value: "a"}, false, false},
		{store.Range{Shelf: "waiting", By: store.ByMailbox}, false, false}, // a field that is empty is in no range
		{store.Range{Shelf: "waiting", By: store.ByTeam}, false, false},
		{store.Range{Shelf: "waiting", By: store.ByAgent}, false, false},
	} {
		assert.Equal(t, c.full, full.In(c.r), "%+v", c.r)
		assert.Equal(t, c.nobody, (&store.Place{Shelf: "waiting"}).In(c.r), "%+v", c.r)
	}
	astray := store.Place{Agent: "a"}
	assert.False(t, astray.In(store.Range{}))
	assert.False(t, astray.In(store.Range{By: store.ByAgent, Value: "a"}))
}

func TestJobQueryCheck(t *testing.T) {
	good := store.JobQuery{Now: now, Until: now.Add(1), Token: "t", Limit: 1, PerTenant: 1, PerGroup: 1, Tenant: "a", Group: "g"}
	require.NoError(t, good.Check())
	all := good
	all.Tenant, all.Group = "", ""
	require.NoError(t, all.Check(), "of all tenants")
	for name, change := range map[string]func(*store.JobQuery){
		"no limit":         func(q *store.JobQuery) { q.Limit = 0 },
		"none of a tenant": func(q *store.JobQuery) { q.PerTenant = 0 },
		"none of a group":  func(q *store.JobQuery) { q.PerGroup = 0 },
		"no token":         func(q *store.JobQuery) { q.Token = "" },
		"whose group":      func(q *store.JobQuery) { q.Tenant = "" },
		"no time to work":  func(q *store.JobQuery) { q.Until = q.Now },
		"ended before":     func(q *store.JobQuery) { q.Until = q.Now.Add(-1) },
	} {
		q := good
		change(&q)
		assert.ErrorIs(t, q.Check(), store.ErrInvalid, name)
	}
}

func TestCursorBelongsToItsQuery(t *testing.T) {
	base := store.Query{Tenant: "a", Kind: store.Conversation, Ranges: []store.Range{{Shelf: "waiting"}}, Match: []store.Match{{Name: "tag", Any: []string{"x", "y"}}}}
	cursor := base.At(store.Position{Order: 5, ID: "1"})
	same := base
	same.Ascending, same.Limit, same.Budget, same.Cursor = true, 7, 9, cursor
	_, _, err := same.After()
	require.NoError(t, err, "direction, limit and budget may change")

	others := map[string]func(*store.Query){
		"tenant":     func(q *store.Query) { q.Tenant = "b" },
		"kind":       func(q *store.Query) { q.Kind = store.Message },
		"range":      func(q *store.Query) { q.Ranges = []store.Range{{Shelf: "team"}} },
		"dimension":  func(q *store.Query) { q.Ranges = []store.Range{{Shelf: "waiting", By: store.ByTeam}} },
		"no range":   func(q *store.Query) { q.Ranges = nil },
		"match any":  func(q *store.Query) { q.Match = []store.Match{{Name: "tag", Any: []string{"xy"}}} },
		"match not":  func(q *store.Query) { q.Match = []store.Match{{Name: "tag", Any: []string{"x", "y"}, Not: true}} },
		"match from": func(q *store.Query) { q.Match = []store.Match{{Name: "tag", Any: []string{"x", "y"}, From: 1}} },
		"words":      func(q *store.Query) { q.Words = []string{"x"} },
		"fact":       func(q *store.Query) { q.Fact = "tag" },
		"prefix":     func(q *store.Query) { q.Prefix = "p" },
	}
	for name, change := range others {
		q := base
		change(&q)
		q.Cursor = cursor
		_, _, err := q.After()
		assert.ErrorIs(t, err, store.ErrCursor, name)
	}
}

func TestQueryCheck(t *testing.T) {
	ranges := make([]store.Range, store.MaxRanges+1)
	for name, q := range map[string]store.Query{
		"no tenant":         {Kind: store.Message},
		"ranges of another": {Tenant: "a", Kind: store.Message, Ranges: ranges[:1]},
		"too many ranges":   {Tenant: "a", Kind: store.Conversation, Ranges: ranges},
		"two orders":        {Tenant: "a", Kind: store.Conversation, Ranges: ranges[:1], Fact: "tag"},
		"prefix and fact":   {Tenant: "a", Kind: store.Conversation, Prefix: "x", Fact: "tag"},
		"prefix and range":  {Tenant: "a", Kind: store.Conversation, Prefix: "x", Ranges: ranges[:1]},
	} {
		assert.ErrorIs(t, q.Check(), store.ErrInvalid, name)
	}
	for name, q := range map[string]store.Query{
		"an unlisted fact":   {Tenant: "a", Kind: store.Conversation, Fact: "mood"},
		"of another kind":    {Tenant: "a", Kind: store.Message, Fact: "tag"},
		"no such dimension":  {Tenant: "a", Kind: store.Conversation, Ranges: []store.Range{{By: store.ByAgent + 1}}},
		"no such part":       {Tenant: "a", Kind: store.Conversation, Match: []store.Match{{Name: "tag"}, {Name: "@colour"}}},
		"nor under negation": {Tenant: "a", Kind: store.Conversation, Match: []store.Match{{Name: "@", Not: true}}},
	} {
		assert.ErrorIs(t, q.Check(), store.ErrUnsupported, name)
	}
	many := make([]store.Range, store.MaxRanges)
	many[0].By = store.ByAgent
	for name, q := range map[string]store.Query{
		"as many ranges as allowed": {Tenant: "a", Kind: store.Conversation, Ranges: many},
		"a fact":                    {Tenant: "a", Kind: store.Message, Fact: "trash"},
		"a prefix":                  {Tenant: "a", Kind: store.Document, Prefix: "mailbox/"},
		"all of a kind":             {Tenant: "a", Kind: "unheard of", Match: []store.Match{{Name: "colour"}, {Name: "@activity"}}},
	} {
		assert.NoError(t, q.Check(), name)
	}
}

func TestMatches(t *testing.T) {
	row := &store.Row{Place: &store.Place{Shelf: "waiting", Mailbox: "b/sms", Activity: 50},
		Facts: []store.Fact{{Name: "tag", Value: "vip", Order: 7}, {Name: "due", Value: "", Order: 90}}, Words: []string{"order", "münchen"}}
	for _, c := range []struct {
		name string
		q    store.Query
		want bool
	}{
		{"nothing asked", store.Query{}, true},
		{"fact with value", store.Query{Match: []store.Match{{Name: "tag", Any: []string{"x", "vip"}}}}, true},
		{"fact with another value", store.Query{Match: []store.Match{{Name: "tag", Any: []string{"x"}}}}, false},
		{"any value", store.Query{Match: []store.Match{{Name: "tag"}}}, true},
		{"no such fact", store.Query{Match: []store.Match{{Name: "folder"}}}, false},
		{"not", store.Query{Match: []store.Match{{Name: "folder", Not: true}}}, true},
		{"order within", store.Query{Match: []store.Match{{Name: "due", From: 90, To: 90}}}, true},
		{"order before", store.Query{Match: []store.Match{{Name: "due", From: 91}}}, false},
		{"order after", store.Query{Match: []store.Match{{Name: "due", To: 89}}}, false},
		{"place", store.Query{Match: []store.Match{{Name: "@mailbox", Any: []string{"b/sms"}}, {Name: "@activity", To: 50}}}, true},
		{"place by all its parts", store.Query{Match: []store.Match{{Name: "@shelf", Any: []string{"waiting"}}, {Name: "@agent", Any: []string{""}}, {Name: "@activity", From: 50}}}, true},
		{"another shelf", store.Query{Match: []store.Match{{Name: "@shelf", Any: []string{"b/sms"}}}}, false},
		{"another agent", store.Query{Match: []store.Match{{Name: "@agent", Any: []string{"a"}}}}, false},
		{"activity before", store.Query{Match: []store.Match{{Name: "@activity", From: 51}}}, false},
		{"activity after", store.Query{Match: []store.Match{{Name: "@activity", To: 49}}}, false},
		{"not that, but this", store.Query{Match: []store.Match{{Name: "tag", Any: []string{"x"}, Not: true}, {Name: "tag", Any: []string{"vip"}, From: 7, To: 7}}}, true},
		{"order of another fact", store.Query{Match: []store.Match{{Name: "tag", From: 90}}}, false},
		{"place, another", store.Query{Match: []store.Match{{Name: "@mailbox", Any: []string{"b"}}}}, false},
		{"empty team", store.Query{Match: []store.Match{{Name: "@team", Any: []string{""}}}}, true},
		{"unknown part of the place", store.Query{Match: []store.Match{{Name: "@colour"}}}, false},
		{"all must hold", store.Query{Match: []store.Match{{Name: "tag"}, {Name: "folder"}}}, false},
		{"word begins", store.Query{Words: []string{"mün", "order"}}, true},
		{"word does not", store.Query{Words: []string{"order", "rder"}}, false},
	} {
		assert.Equal(t, c.want, store.Matches(row, &c.q), c.name)
	}
	assert.False(t, store.Matches(&store.Row{}, &store.Query{Match: []store.Match{{Name: "@shelf"}}}), "without a place nothing of it matches")
}

func FuzzCursor(f *testing.F) {
	q := store.Query{Tenant: "a", Kind: store.Message, Fact: "conversation", Value: "1"}
	f.Add(q.At(store.Position{Order: 1, ID: "x"}))
	f.Add("")
	f.Add("AAAA")
	f.Fuzz(func(t *testing.T, cursor string) {
		q := q
		q.Cursor = cursor
		p, begins, err := q.After()
		if err != nil {
			assert.ErrorIs(t, err, store.ErrCursor)
			return
		}
		if begins {
			assert.Empty(t, cursor)
			return
		}
		again, _, err := (&store.Query{Tenant: q.Tenant, Kind: q.Kind, Fact: q.Fact, Value: q.Value, Cursor: q.At(p)}).After()
		require.NoError(t, err)
		assert.Equal(t, p, again)
	})
}

// The package's documentation lists what is listed.
func TestDocumentedLists(t *testing.T) {
	text, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	for _, kind := range []store.Kind{store.Conversation, store.Message, store.Contact, store.Event, store.Delivery, store.Notice} {
		line := fmt.Sprintf("//\t%-13s %s\n", kind, strings.Join(store.ListedFacts(kind), " "))
		assert.True(t, strings.Contains(string(text), line), "doc.go lacks %q", line)
	}
}
