package frontdesk

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// SearchQuery asks for what holds every word of a text.
type SearchQuery struct {
	// Text is at most MaxSearch bytes and 20 words, one of them of at least MinSearch letters or digits. A word also finds what it begins.
	// A phone number is written with a plus and its country code, or as it is dialled in its country; a short number as it is, or after #.
	Text string

	// Query selects the conversations in which to search. Its View defaults to AllView here, and its Limit counts hits.
	Query
}

// Found says by what a hit was found.
type Found string

// What is found.
const (
	FoundMessage Found = "message" // its text, its subject, the name of a file
	FoundSubject Found = "subject" // of the conversation
	FoundNumber  Found = "number"  // the conversation's short number
	FoundContact Found = "contact" // name, phone number, e-mail address or user ID of somebody in the conversation
)

// Hit is a conversation in which a search found something.
type Hit struct {
	Found        Found
	Conversation Conversation          // as in a list
	Message      *conversation.Message // of FoundMessage
	Contact      string                // ID, of FoundContact
}

const (
	// contactHits is how many conversations a contact that is found leads to, the newest. Query.Contact lists the others.
	contactHits = 20

	// searchRounds bounds how often a search goes on because what it found is not the caller's to see, or not in the view.
	searchRounds = 5
)

// Search returns where every word of a text stands together: in a message, in the subject of a conversation, or in the names and addresses
// of one contact; or the conversation whose short number it is. Case, accents and width make no difference. What was found is ordered by
// when it began to exist, newest first: a message, a conversation, a contact, who leads to his newest 20 conversations, or as many as a
// page holds. Nobody finds what his lists do not show. A page may be shorter than its limit, even empty, and still have a next one.
// Errors: ErrInvalid, ErrCursor.
func (s *Session) Search(ctx context.Context, q SearchQuery) (page Page[Hit], err error) {
	if q.View == "" && q.Saved == "" {
		q.View = AllView
	}
	err = s.read(ctx, "search", "", func(t *txn, c caller) error {
		sr, err := t.search(c, q)
		if err != nil || sr == nil {
			return err
		}
		page, err = sr.page()
		return err
	})
	return page, err
}

// search is a search under way.
type search struct {
	*txn
	caller  caller
	query   Query
	within  *selection // the conversations that the caller sees in the query
	streams []stream
	global  bool
	cursor  store.Query // makes the cursors
	limit   int
	below   string // the ID of the last row looked at; "" at the beginning
}

// search makes the streams of a search; nil means that the caller sees nothing.
func (t *txn) search(c caller, q SearchQuery) (*search, error) {
	number := shortNumber(q.Text)
	words, err := searched(q.Text)
	if err != nil && (number == "" || !strings.Contains(q.Text, "#")) {
		return nil, err
	}
	if q.Query, err = t.saved(c, q.Query); err != nil {
		return nil, err
	}
	filters := q.Query
	filters.Cursor = ""
	sel, err := t.compile(c, filters)
	if err != nil || sel == nil {
		return nil, err
	}
	boxes := q.Mailboxes
	if q.Mailbox != "" {
		boxes = one(q.Mailbox)
	}
	pairs, err := t.pairs(&c.sight, boxes, q.Method)
	if err != nil {
		return nil, err
	}
	settings, err := t.settings()
	if err != nil {
		return nil, err
	}
	sr := &search{txn: t, caller: c, query: filters, within: sel, global: settings.GlobalRead, limit: sel.Size(), streams: t.streams(q.Text, words, number, pairs)}
	return sr, sr.resume(q, words)
}

// searched checks the text of a search and returns its words.
func searched(text string) ([]string, error) {
	if len(text) > MaxSearch {
		return nil, invalid("Text", "is %d bytes, at most %d", len(text), MaxSearch)
	}
	words := asked(text)
	if !slices.ContainsFunc(words, func(w string) bool { return utf8.RuneCountInString(w) >= MinSearch }) {
		return nil, invalid("Text", "%q has no word of at least %d letters or digits", text, MinSearch)
	}
	if len(words) > maxSearchWords {
		return nil, invalid("Text", "has %d words, at most %d", len(words), maxSearchWords)
	}
	return words, nil
}

// resume goes on where the query's cursor ended. The cursor belongs to the words and the filters.
func (sr *search) resume(q SearchQuery, words []string) error {
	cursor := q.Cursor
	q.Limit, q.Cursor = 0, ""
	filters, err := json.Marshal(q.Query)
	if err != nil {
		return err
	}
	sr.cursor = store.Query{Tenant: sr.tenant, Kind: "search", Value: string(filters), Words: words, Cursor: cursor}
	at, begins, err := sr.cursor.After()
	if err != nil {
		return listError(err)
	}
	if !begins {
		sr.below = at.ID
	}
	return nil
}

func (sr *search) page() (page Page[Hit], err error) {
	for range searchRounds {
		more, err := sr.round(&page)
		if err != nil {
			return Page[Hit]{}, err
		}
		if !more {
			return page, nil
		}
		if len(page.Items) >= sr.limit {
			break
		}
	}
	page.Next = sr.cursor.At(store.Position{ID: sr.below})
	return page, nil
}

// round looks at the next rows of all streams and reports whether there may be more.
func (sr *search) round(page *Page[Hit]) (more bool, err error) {
	floor, missing := "", sr.limit-len(page.Items)
	for i := range sr.streams {
		if err := sr.fetch(&sr.streams[i], missing); err != nil {
			return false, err
		}
		floor = max(floor, sr.streams[i].floor)
	}
	rows, founds := sr.merged(floor)
	if len(rows) > missing {
		rows = rows[:missing]
		floor = rows[missing-1].ID
	}
	if err := sr.loadConversations(rows); err != nil {
		return false, err
	}
	for i := range rows {
		hits, err := sr.hits(&rows[i], founds[rows[i].Key], len(page.Items) == 0)
		if err != nil {
			return false, err
		}
		if len(page.Items)+len(hits) > sr.limit {
			return true, nil // the next page begins with it
		}
		page.Items = append(page.Items, hits...)
		sr.below = rows[i].ID
	}
	if floor != "" {
		sr.below = floor
	}
	return floor != "", nil
}

// loadConversations loads the conversations of all messages in one call.
func (sr *search) loadConversations(rows []store.Row) error {
	var keys []store.Key
	for _, row := range rows {
		switch row.Kind {
		case store.Conversation:
			sr.adopt([]store.Row{row})
		case store.Message:
			if id := factOf(&row, "conversation"); id != "" {
				keys = append(keys, conversationKey(id))
			}
		}
	}
	slices.SortFunc(keys, store.Key.Compare)
	return sr.load(slices.Compact(keys)...)
}

// hits returns what the caller sees of a row. If that alone is more than a page, the page takes what it can.
func (sr *search) hits(row *store.Row, found Found, first bool) ([]Hit, error) {
	switch row.Kind {
	case store.Message:
		return sr.hit(Hit{Found: found}, factOf(row, "conversation"), row)
	case store.Conversation:
		return sr.hit(Hit{Found: found}, row.ID, nil)
	}
	q := sr.query
	if q.Contact != "" {
		of, err := sr.setOf(q.Contact)
		if err != nil || !slices.Contains(of, row.ID) {
			return nil, err
		}
	}
	q.Contact, q.Limit = row.ID, contactHits
	if first {
		q.Limit = min(contactHits, sr.limit)
	}
	sel, err := sr.compile(sr.caller, q)
	if err != nil || sel == nil {
		return nil, err
	}
	page, err := sr.txn.page(sel)
	if err != nil {
		return nil, err
	}
	var all []Hit
	for _, conv := range page.items {
		hits, err := sr.hit(Hit{Found: found, Contact: row.ID}, conv.ID, nil)
		if err != nil {
			return nil, err
		}
		all = append(all, hits...)
	}
	return all, nil
}

// hit completes a hit in a conversation, if the caller sees that and it is in the view.
func (sr *search) hit(hit Hit, id string, message *store.Row) ([]Hit, error) {
	conv, err := sr.visible(sr.caller, id)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	row, _ := sr.row(conversationKey(conv.ID)) // what it is merged into, where it is a part
	if !store.Matches(&row, &sr.within.Query) || sr.within.keep != nil && !sr.within.keep(&conv) {
		return nil, nil
	}
	hit.Conversation = seen(conv, sr.caller, sr.global)
	if message != nil {
		m, err := decode[conversation.Message](sr.txn, *message)
		if err != nil {
			return nil, err
		}
		show(&m, &conv)
		hit.Message = &m
	}
	return []Hit{hit}, nil
}

// factOf returns the value of a row's first fact of a name.
func factOf(row *store.Row, name string) string {
	for i := range row.Facts {
		if row.Facts[i].Name == name {
			return row.Facts[i].Value
		}
	}
	return ""
}
