package desk_test

import (
	"fmt"
	"hash/fnv"
	"regexp"
	"slices"
	"strings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// everyKind are the kinds of rows that there are.
var everyKind = []store.Kind{store.Conversation, store.Message, store.Contact, store.Name, store.Document, store.Event, store.Delivery, store.Notice}

// What differs between two runs of the same by right: IDs, times, and the numbers of conversations, of which a process that fails may leave
// some out. A base64 token is a secret that an entity got when it was made.
var (
	madeID   = regexp.MustCompile(`\b[0-9a-z]{24}\b`)
	timeText = regexp.MustCompile(`\d{4}-\d\d-\d\dT[0-9:.]+Z`)
	timeNum  = regexp.MustCompile(`\b17\d{14}\b`)
	numbered = regexp.MustCompile(`"number":\d+|\{number \d+ [^}]*\}`)
	hashed   = regexp.MustCompile(`"hash":"[0-9a-f]+"`)                 // of where a draft goes, by ID
	position = regexp.MustCompile(`event/\d{19}|"Position":\d+| \d+\}`) // of an event: those of different subjects come in any order
	tries    = regexp.MustCompile(`"tries":\d+`)                        // at handing a message out
	cursor   = regexp.MustCompile(`"position":\d+`)                     // of the last event that somebody was told of
	together = regexp.MustCompile(`"jobs":\[[^]]*\]`)                   // whose events were numbered in one commit
)

// everyRow walks all rows of the tenant by ID.
func (w *world) everyRow() (rows []store.Row) {
	w.t.Helper()
	for _, kind := range everyKind {
		q := store.Query{Tenant: tenant, Kind: kind, Limit: store.MaxLimit}
		for {
			page, err := w.store.List(ctx, q)
			require.NoError(w.t, err)
			rows = append(rows, page.Rows...)
			if q.Cursor = page.Cursor; q.Cursor == "" {
				break
			}
		}
	}
	return rows
}

// snapshot is all rows of the tenant as text, and what counters say of them, so that two runs of the same can be compared: an ID is
// replaced by what its row says, a time by T. A row that is written for another reason than what is compared is left out by its ID.
func (w *world) snapshot(except ...string) []string {
	w.t.Helper()
	rows := slices.DeleteFunc(w.everyRow(), func(row store.Row) bool {
		return row.Kind == store.Document && slices.ContainsFunc(except, func(prefix string) bool { return strings.HasPrefix(row.ID, prefix) })
	})
	said := map[string][]string{} // by an ID, what the rows say whose key it is in
	for i := range rows {
		text := rendered(&rows[i], func(string) string { return "#" })
		for _, id := range madeID.FindAllString(rows[i].ID, -1) {
			said[id] = append(said[id], text)
		}
	}
	label := func(id string) string {
		texts := slices.Sorted(slices.Values(said[id]))
		h := fnv.New32a()
		_, _ = h.Write([]byte(strings.Join(texts, "\n")))
		return fmt.Sprintf("#%08x", h.Sum32())
	}
	lines := make([]string, len(rows))
	for i := range rows {
		lines[i] = rendered(&rows[i], label)
	}
	for _, s := range []*frontdesk.Session{w.jane, w.joe, w.mia, w.setup} {
		counts, err := s.Counts(ctx)
		require.NoError(w.t, err)
		lines = append(lines, fmt.Sprintf("counts %+v", counts))
	}
	slices.Sort(lines)
	return lines
}

// rendered is a row as text, without its version.
func rendered(row *store.Row, id func(string) string) string {
	var facts []string
	for _, f := range row.Facts {
		facts = append(facts, fmt.Sprintf("{%s %s %d}", f.Name, f.Value, f.Order))
	}
	place := ""
	if row.Place != nil {
		place = fmt.Sprintf("%+v", *row.Place)
	}
	text := fmt.Sprintf("%s %s > %s %s %v %v", row.Key, row.Body, row.Target, place, facts, row.Words)
	for _, by := range []*regexp.Regexp{timeText, timeNum} {
		text = by.ReplaceAllString(text, "T")
	}
	if row.Kind == store.Event {
		text = position.ReplaceAllString(text, "*")
	}
	if row.ID == "notices/cursor" {
		text = cursor.ReplaceAllString(text, "*")
	}
	if row.ID == "feed/head" {
		text = together.ReplaceAllString(text, "jobs")
	}
	text = tries.ReplaceAllString(text, "tries")
	text = hashed.ReplaceAllString(numbered.ReplaceAllString(text, "number"), "hash")
	return madeID.ReplaceAllStringFunc(text, id)
}

// unlike says which lines of two snapshots are not in both, or "".
func unlike(want, got []string) string {
	var out strings.Builder
	rest := slices.Clone(got)
	for _, line := range want {
		if i := slices.Index(rest, line); i >= 0 {
			rest = slices.Delete(rest, i, i+1)
		} else {
			fmt.Fprintln(&out, "want", line)
		}
	}
	for _, line := range rest {
		fmt.Fprintln(&out, "got ", line)
	}
	return out.String()
}

// sound expects of every conversation what must hold in every state: entries numbered without gaps, the header counting them and showing
// the newest, and counters and slots as a recount has them.
func (w *world) sound(what string) {
	w.t.Helper()
	shown := map[string]int{}
	for _, row := range w.everyRow() {
		if row.Kind != store.Conversation {
			continue
		}
		c, err := w.setup.Conversation(ctx, row.ID)
		if err != nil {
			require.ErrorIs(w.t, err, frontdesk.ErrNotFound, what)
			continue
		}
		if c.Shelf == conversation.ShelfAssigned || c.Shelf == conversation.ShelfSnoozed {
			shown[c.Agent]++
		}
		if len(c.Parts) > 0 {
			continue // the numbers of a merged one are its parts' own
		}
		entries := w.timeline(c.ID)
		for i, m := range entries {
			require.Equal(w.t, int64(i+1), m.Sequence, "%s: numbers of %s", what, c.ID)
		}
	}
	for _, p := range []struct {
		session *frontdesk.Session
		id      string
		boxes   []string
		teams   []string
	}{
		{w.jane, "jd", []string{"berlin"}, []string{"returns"}}, {w.joe, "joe", []string{"berlin"}, nil}, {w.mia, "mia", []string{"munich"}, nil},
	} {
		got, err := p.session.Counts(ctx)
		require.NoError(w.t, err)
		assert.Equal(w.t, w.recount(p.session, p.id, p.boxes, p.teams), got, "%s: counts of %s", what, p.id)
		assert.Equal(w.t, shown[p.id], w.presence(p.id).Used, "%s: slots of %s", what, p.id)
	}
}
