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
	} {
		assert.ErrorIs(t, q.Check(), store.ErrInvalid, name)
	}
	q := store.Query{Tenant: "a", Kind: store.Conversation, Fact: "mood"}
	assert.ErrorIs(t, q.Check(), store.ErrUnsupported)
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
