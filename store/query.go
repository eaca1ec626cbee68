package store

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"strings"
)

// Limits and defaults of a query.
const (
	DefaultLimit  = 50
	MaxLimit      = 1000
	DefaultBudget = 2000 // rows examined for one page
	MaxRanges     = 32   // ranges merged in one list
)

// Dimension is what a range fixes besides the shelf.
type Dimension uint8

// The dimensions of a range.
const (
	Any Dimension = iota // the shelf alone
	ByMailbox
	ByTeam
	ByAgent
)

// Range is the conversations of one shelf, or of one shelf and one value in a dimension.
type Range struct {
	Shelf string
	By    Dimension
	Value string // "" with Any
}

// Query asks for one page of one kind: by ranges, by a listed fact, or by ID.
type Query struct {
	Tenant string
	Kind   Kind

	Ranges []Range // merged by activity; conversations only
	Fact   string  // the name of a listed fact; its order is the list's
	Value  string  // the fact's value
	Prefix string  // by ID: what the IDs begin with

	Match []Match  // all of them must hold
	Words []string // each must begin one of the row's words

	Ascending bool   // smallest first; Defaults to greatest (newest) first
	Limit     int    // rows of a page. Defaults to DefaultLimit, at most MaxLimit
	Budget    int    // rows examined for the page. Defaults to DefaultBudget
	Cursor    string // where the last page ended; "" begins

	_ struct{}
}

// Page is a part of a list.
type Page struct {
	Rows     []Row
	Cursor   string // of the last row examined, to go on from; "" at the end
	Examined int    // rows looked at for this page
}

// Match filters by a fact or a part of the place. It holds for a row that has a fact of this name whose value is one of Any (or any,
// if Any is empty) and whose order is within From and To. Not turns it around.
//
// The names "@shelf", "@mailbox", "@team" and "@agent" match the place's fields by value, "@activity" its activity by order. A row
// without a place matches none of them. An empty field matches the value "".
type Match struct {
	Name string
	Any  []string
	From int64 // smallest order; 0: no limit
	To   int64 // greatest order; 0: no limit
	Not  bool
}

// Matches reports whether a row passes a query's Match and Words.
func Matches(row *Row, q *Query) bool {
	for i := range q.Match {
		if q.Match[i].holds(row) == q.Match[i].Not {
			return false
		}
	}
	for _, word := range q.Words {
		if !slices.ContainsFunc(row.Words, func(w string) bool { return strings.HasPrefix(w, word) }) {
			return false
		}
	}
	return true
}

func (m *Match) holds(row *Row) bool {
	if strings.HasPrefix(m.Name, "@") {
		return row.Place != nil && m.holdsPlace(row.Place)
	}
	for i := range row.Facts {
		f := &row.Facts[i]
		if f.Name == m.Name && m.value(f.Value) && m.order(f.Order) {
			return true
		}
	}
	return false
}

func (m *Match) holdsPlace(p *Place) bool {
	switch m.Name {
	case "@shelf":
		return m.value(p.Shelf)
	case "@mailbox":
		return m.value(p.Mailbox)
	case "@team":
		return m.value(p.Team)
	case "@agent":
		return m.value(p.Agent)
	case "@activity":
		return m.order(p.Activity)
	}
	return false
}

func (m *Match) value(v string) bool { return len(m.Any) == 0 || slices.Contains(m.Any, v) }

func (m *Match) order(o int64) bool {
	return (m.From == 0 || o >= m.From) && (m.To == 0 || o <= m.To)
}

// In reports whether the place is in the range. One without a shelf is in none.
func (p *Place) In(r Range) bool {
	if p.Shelf != r.Shelf || p.Shelf == "" {
		return false
	}
	switch r.By {
	case ByMailbox:
		return p.Mailbox == r.Value && r.Value != ""
	case ByTeam:
		return p.Team == r.Value && r.Value != ""
	case ByAgent:
		return p.Agent == r.Value && r.Value != ""
	}
	return true
}

// Position is a row's place in a list: its activity or its fact's order (0 in a list by ID), then its ID.
type Position struct {
	Order int64
	ID    string
}

// Size returns the page's limit with the default applied.
func (q *Query) Size() int {
	if q.Limit <= 0 {
		return DefaultLimit
	}
	return min(q.Limit, MaxLimit)
}

// Scan returns the budget with the default applied.
func (q *Query) Scan() int {
	if q.Budget <= 0 {
		return DefaultBudget
	}
	return q.Budget
}

// Check returns an *InvalidError if the query contradicts itself, and ErrUnsupported if it lists by a fact that is not listed, or asks for
// a part of the place that there is not: what is not understood hides nothing and shows nothing.
func (q *Query) Check() error {
	bad := func(what, problem string) error { return &InvalidError{What: what, Problem: problem} }
	switch {
	case q.Tenant == "":
		return bad("query", "has no tenant; every list is of one tenant")
	case len(q.Ranges) > 0 && q.Kind != Conversation:
		return bad("query ranges", "only conversations are listed by ranges")
	case len(q.Ranges) > MaxRanges:
		return bad("query ranges", fmt.Sprintf("%d ranges, at most %d", len(q.Ranges), MaxRanges))
	case len(q.Ranges) > 0 && q.Fact != "", q.Prefix != "" && (q.Fact != "" || len(q.Ranges) > 0):
		return bad("query", "lists by two orders; use ranges, a fact or a prefix")
	case q.Fact != "" && !Listed(q.Kind, q.Fact):
		return fmt.Errorf("%w: %s is not listed by %s", ErrUnsupported, q.Kind, q.Fact)
	}
	for _, r := range q.Ranges {
		if r.By > ByAgent {
			return fmt.Errorf("%w: a range by dimension %d", ErrUnsupported, r.By)
		}
	}
	for _, m := range q.Match {
		if strings.HasPrefix(m.Name, "@") && !slices.Contains(placeNames, m.Name) {
			return fmt.Errorf("%w: a match of %s", ErrUnsupported, m.Name)
		}
	}
	return nil
}

// placeNames are the parts of a place that Match knows.
var placeNames = []string{"@shelf", "@mailbox", "@team", "@agent", "@activity"}

// At returns the cursor that goes on after a position in this query's list.
func (q *Query) At(p Position) string {
	raw := make([]byte, 0, 16+len(p.ID))
	raw = binary.BigEndian.AppendUint64(raw, q.mark())
	raw = binary.BigEndian.AppendUint64(raw, uint64(p.Order)^(1<<63))
	return base64.RawURLEncoding.EncodeToString(append(raw, p.ID...))
}

// After returns the position that the query's cursor goes on from. Without a cursor it is one before the first row of the list, in the
// query's direction, and begins is true. Errors: ErrCursor.
func (q *Query) After() (p Position, begins bool, err error) {
	if q.Cursor == "" {
		if q.Ascending {
			return Position{Order: math.MinInt64}, true, nil
		}
		return Position{Order: math.MaxInt64}, true, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(q.Cursor)
	if err != nil || len(raw) < 17 || len(raw) > 16+MaxID || binary.BigEndian.Uint64(raw) != q.mark() {
		return Position{}, false, ErrCursor
	}
	id := string(raw[16:])
	if CheckText(id, false) != "" {
		return Position{}, false, ErrCursor
	}
	return Position{Order: int64(binary.BigEndian.Uint64(raw[8:]) ^ (1 << 63)), ID: id}, false, nil
}

// mark is a hash of what the query selects: all but direction, limit, budget and cursor.
func (q *Query) mark() uint64 {
	h := fnv.New64a()
	part := func(s string) {
		_, _ = fmt.Fprintf(h, "%d:%s,", len(s), s)
	}
	part(q.Tenant)
	part(string(q.Kind))
	for _, r := range q.Ranges {
		part(r.Shelf)
		part(string(rune('0' + r.By)))
		part(r.Value)
	}
	part(q.Fact)
	part(q.Value)
	part(q.Prefix)
	for _, m := range q.Match {
		part(m.Name)
		part(fmt.Sprint(len(m.Any), m.From, m.To, m.Not))
		for _, v := range m.Any {
			part(v)
		}
	}
	part(fmt.Sprint(len(q.Words)))
	for _, w := range q.Words {
		part(w)
	}
	return h.Sum64()
}
