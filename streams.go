package frontdesk

import (
	"cmp"
	"slices"
	"strings"

	"github.com/frontdesk-go/frontdesk/store"
)

// stream is one of the lists that a search merges, all by ID, which begins with the time.
type stream struct {
	found Found
	query store.Query
	rows  []store.Row
	floor string // every row of the stream with a greater ID is among rows; "" for all
}

// shortNumber returns the short number that a text is, without the sign before it; "" if it is none.
func shortNumber(text string) string {
	number := strings.TrimPrefix(strings.TrimSpace(text), "#")
	if strings.Trim(number, "0123456789") != "" || len(number) > 19 {
		return ""
	}
	return number
}

// streams are the lists in which words are looked up, and the conversation of a short number.
func (t *txn) streams(text string, words []string, number string, pairs []string) (all []stream) {
	if number != "" {
		all = append(all, stream{found: FoundNumber, query: store.Query{Tenant: t.tenant, Kind: store.Conversation, Fact: "number", Value: number}})
	}
	if len(words) == 0 {
		return all
	}
	messages := store.Query{Tenant: t.tenant, Kind: store.Message, Words: words}
	onlyIn(&messages, factMailbox, pairs)
	subjects := store.Query{Tenant: t.tenant, Kind: store.Conversation, Words: words}
	onlyIn(&subjects, "@mailbox", pairs)
	all = append(all, stream{found: FoundMessage, query: messages}, stream{found: FoundSubject, query: subjects},
		stream{found: FoundContact, query: store.Query{Tenant: t.tenant, Kind: store.Contact, Words: words}})
	if phone := askedPhone(text); phone != "" && !slices.Equal(words, []string{phone}) {
		all = append(all, stream{found: FoundContact, query: store.Query{Tenant: t.tenant, Kind: store.Contact, Words: []string{phone}}})
	}
	return all
}

// onlyIn filters by pairs of mailbox and method; nil: all.
func onlyIn(q *store.Query, name string, pairs []string) {
	if pairs != nil {
		q.Match = append(q.Match, store.Match{Name: name, Any: pairs})
	}
}

// fetch reads the next rows of a stream. A short number is one conversation's.
func (sr *search) fetch(st *stream, limit int) error {
	q := st.query
	q.Limit = limit
	if st.found == FoundContact {
		q.Limit = min(limit, contactHits)
	}
	if sr.below != "" && q.Fact == "" {
		q.Cursor = q.At(store.Position{ID: sr.below})
	}
	page, err := sr.desk.store.List(sr.ctx, q)
	if err != nil {
		return err
	}
	st.rows, st.floor = page.Rows, ""
	if sr.below != "" {
		st.rows = slices.DeleteFunc(st.rows, func(row store.Row) bool { return row.ID >= sr.below })
	}
	if page.Cursor != "" && q.Fact == "" {
		q.Cursor = page.Cursor
		at, _, err := q.After()
		if err != nil {
			return err
		}
		st.floor = at.ID
	}
	return nil
}

// merged returns the rows of all streams down to an ID, each once, newest first, and by what each was found.
func (sr *search) merged(floor string) ([]store.Row, map[store.Key]Found) {
	var rows []store.Row
	founds := map[store.Key]Found{}
	for _, st := range sr.streams {
		for _, row := range st.rows {
			if _, known := founds[row.Key]; row.ID >= floor && !known {
				founds[row.Key] = st.found
				rows = append(rows, row)
			}
		}
	}
	slices.SortFunc(rows, func(a, b store.Row) int { return cmp.Compare(b.ID, a.ID) })
	return rows, founds
}
