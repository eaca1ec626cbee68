package frontdesk

import (
	"slices"
	"strings"

	"github.com/frontdesk-go/frontdesk/store"
)

// way chooses the index by which the store finds what the conditions select: the order asked for, else the rarest fact, else a date, else
// the ranges of who has it, else those of what the caller may see, else the shelves alone. A query that no shelf limits has a fact.
func (f *filter) way() {
	sel := f.sel
	switch {
	case f.q.Sort != SortDefault:
		sel.Fact = string(f.q.Sort)
		sel.parts = nil
	case len(f.facts) > 0:
		sel.Fact, sel.Value = f.facts[0].Name, f.facts[0].Any[0]
		sel.parts = nil
	case len(sel.parts) > 0:
		sel.Ranges = f.ranges(store.Any, "")
	case f.date != "":
		sel.Fact = f.date
	case f.q.View == MineView:
		sel.Ranges = f.ranges(store.ByAgent, f.c.view.ID)
	case f.q.Agent != "":
		sel.Ranges = f.ranges(store.ByAgent, f.q.Agent)
	case f.q.Team != "":
		sel.Ranges = f.ranges(store.ByTeam, f.q.Team)
	case f.pairs != nil && len(f.pairs)*len(f.shelf) <= store.MaxRanges:
		sel.Ranges = f.ranges(store.ByMailbox, f.pairs...)
		sel.parts = f.tied()
	default:
		sel.Ranges = f.ranges(store.Any, "")
		sel.parts = f.tied()
	}
	if f.date == "" || sel.Fact != f.date {
		return
	}
	sel.until = f.until
	if sel.Cursor == "" && !sel.Ascending {
		sel.Cursor = sel.At(store.Position{Order: f.until + 1, ID: "!"}) // what comes before does not pass
	}
}

func (f *filter) ranges(by store.Dimension, values ...string) (out []store.Range) {
	for _, shelf := range f.shelf {
		for _, value := range values {
			out = append(out, store.Range{Shelf: string(shelf), By: by, Value: value})
		}
	}
	return out
}

// byFact returns a list for each value of a fact: the lists are in one order.
func (f *filter) byFact(name string, values []string) (parts []store.Query) {
	for _, value := range values {
		parts = append(parts, store.Query{Fact: name, Value: value})
	}
	return parts
}

// tied returns the lists of what is tied to a caller who sees nothing else, so that he need not look through everybody's: what is assigned
// to him or his teams, owned or subscribed to by him. nil if he sees more.
func (f *filter) tied() (parts []store.Query) {
	if f.c.ties == nil {
		return nil
	}
	me := f.c.view.ID
	ranges := f.ranges(store.ByAgent, me)
	if f.c.view.Scope == ScopeTeam {
		ranges = append(ranges, f.ranges(store.ByTeam, f.c.view.Teams...)...)
	}
	for chunk := range slices.Chunk(ranges, store.MaxRanges) {
		parts = append(parts, store.Query{Ranges: chunk})
	}
	parts = append(parts, f.byFact("owner", []string{me})...)
	for _, tie := range f.c.ties {
		if !strings.HasPrefix(tie, "team/") {
			parts = append(parts, f.byFact("subscriber", []string{tie})...)
		}
	}
	return parts
}
