package frontdesk

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"slices"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// strand is the timeline of a conversation or one of its parts, as one reading of them all takes it up.
type strand struct {
	query store.Query
	left  []conversation.Message
	more  bool // the store has more behind left
	at    store.Position
}

// strandCursor is how far a page of a merged timeline got in each strand, by conversation. An empty position is its beginning.
type strandCursor map[string]store.Position

// entries returns a page of what q lists of a conversation, whose Value it is, and of its parts that the caller may see, by the time at which
// they were stored. Sequences count within each of them.
func (t *txn) entries(c caller, conv *conversation.Conversation, q store.Query) (items []conversation.Message, next string, err error) {
	if len(conv.Parts) == 0 {
		rows, err := t.desk.store.List(t.ctx, q)
		if err != nil {
			return nil, "", listError(err)
		}
		items, err = decodeAll[conversation.Message](rows.Rows)
		return items, rows.Cursor, err
	}
	strands, err := t.strands(c, conv, q)
	if err != nil {
		return nil, "", err
	}
	for len(items) < q.Size() {
		first := (*strand)(nil)
		for _, s := range strands {
			if err := t.refill(s); err != nil {
				return nil, "", err
			}
			if len(s.left) > 0 && (first == nil || s.before(first, q.Ascending)) {
				first = s
			}
		}
		if first == nil {
			return items, "", nil
		}
		m := first.left[0]
		first.left, first.at = first.left[1:], store.Position{Order: m.Sequence, ID: m.ID}
		items = append(items, m)
	}
	at := strandCursor{}
	for _, s := range strands {
		at[s.query.Value] = s.at
	}
	text, err := json.Marshal(at)
	return items, base64.RawURLEncoding.EncodeToString(text), err
}

// strands begins where the query's cursor says.
func (t *txn) strands(c caller, conv *conversation.Conversation, q store.Query) (out []*strand, err error) {
	var at strandCursor
	if q.Cursor != "" {
		text, err := base64.RawURLEncoding.DecodeString(q.Cursor)
		if err != nil || json.Unmarshal(text, &at) != nil {
			return nil, ErrCursor
		}
	}
	parts, err := t.partsOf(conv)
	if err != nil {
		return nil, err
	}
	for _, p := range append([]conversation.Conversation{*conv}, parts...) {
		if !c.reaches(p.Mailbox, p.Method) {
			continue
		}
		s := &strand{query: q, more: true}
		s.query.Value, s.query.Cursor = p.ID, ""
		if q.Cursor != "" {
			position, known := at[p.ID]
			if !known {
				return nil, ErrCursor // merged since
			}
			if s.at = position; position.ID != "" {
				s.query.Cursor = s.query.At(position)
			}
		}
		out = append(out, s)
	}
	return out, nil
}

func (t *txn) refill(s *strand) error {
	for len(s.left) == 0 && s.more {
		page, err := t.desk.store.List(t.ctx, s.query)
		if err != nil {
			return listError(err)
		}
		if s.left, err = decodeAll[conversation.Message](page.Rows); err != nil {
			return err
		}
		s.query.Cursor, s.more = page.Cursor, page.Cursor != ""
	}
	return nil
}

// before reports whether a strand's next entry comes before another's.
func (s *strand) before(o *strand, ascending bool) bool {
	a, b := &s.left[0], &o.left[0]
	order := cmp.Or(a.Stored.Compare(b.Stored), cmp.Compare(a.ID, b.ID))
	return order < 0 == ascending
}

// sources are the IDs of a conversation and its parts, sorted.
func sources(conv *conversation.Conversation, parts []conversation.Conversation) []string {
	ids := []string{conv.ID}
	for i := range parts {
		ids = append(ids, parts[i].ID)
	}
	slices.Sort(ids)
	return ids
}
