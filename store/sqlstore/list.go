package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/frontdesk-go/frontdesk/store"
)

// listed is one row of a list with its position.
type listed struct {
	row store.Row
	at  store.Position
}

func (t *tables) list(ctx context.Context, q querier, query store.Query) (*store.Page, error) {
	if err := query.Check(); err != nil {
		return nil, err
	}
	after, begins, err := query.After()
	if err != nil {
		return nil, err
	}
	arms, err := t.arms(&query)
	if err != nil {
		return nil, err
	}
	if len(arms) > 0 && len(query.Words) > 0 && query.Fact == "" && len(query.Ranges) == 0 {
		switch found, err := t.wordArms(ctx, q, &query); {
		case err != nil:
			return nil, err
		case found != nil:
			arms = found
		}
	}
	walk := &walk{query: &query, page: &store.Page{}, after: after, begins: begins}
	for size := 0; len(arms) > 0; {
		size = walk.next(size)
		rows, err := t.fetch(ctx, q, arms, walk, size)
		if err != nil {
			return nil, err
		}
		if walk.take(rows) || len(rows) < size {
			break
		}
	}
	return walk.page, nil
}

// walk is the state of a page in the making.
type walk struct {
	query  *store.Query
	page   *store.Page
	after  store.Position // of the last row examined
	begins bool           // nothing was examined in this list
}

// next returns how many rows to fetch: what is missing and one more, which tells whether the list goes on. A filter lets the number
// grow, since few rows may pass.
func (w *walk) next(last int) int {
	missing := w.query.Size() - len(w.page.Rows)
	if missing > 0 && len(w.query.Match)+len(w.query.Words) > 0 {
		missing = max(missing, min(4*last, 1000))
	}
	return min(missing, w.query.Scan()-w.page.Examined) + 1
}

// take examines rows and reports whether the page is done before the list is.
func (w *walk) take(rows []listed) (done bool) {
	for i := range rows {
		row := &rows[i]
		if !w.begins && row.at == w.after {
			continue // it is in several of the ranges
		}
		if len(w.page.Rows) == w.query.Size() || w.page.Examined == w.query.Scan() {
			w.page.Cursor = w.query.At(w.after)
			return true
		}
		w.after, w.begins = row.at, false
		w.page.Examined++
		if store.Matches(&row.row, w.query) {
			w.page.Rows = append(w.page.Rows, row.row)
		}
	}
	return false
}

// arm is one indexed way into a list: the rows of one range, or of a fact in one of the two places where facts are.
type arm struct {
	table string
	order string // the column of the position's order, "" for a list by ID alone
	where string
	args  []any

	from, below string // of a list by ID: the smallest, and what is too great; "" for no bound
}

// arms returns the ways into the query's list; none if no row can be in it.
func (t *tables) arms(q *store.Query) ([]arm, error) {
	switch {
	case unusable(q.Tenant) || unusable(string(q.Kind)):
		return nil, nil
	case len(q.Ranges) > 0:
		return t.rangeArms(q)
	case q.Fact != "":
		return t.factArms(q), nil
	}
	where, args := "tenant = ? and kind = ?", []any{q.Tenant, string(q.Kind)}
	if q.Prefix == "" {
		return []arm{{table: t.rows, where: where, args: args}}, nil
	}
	if unusable(q.Prefix) {
		return nil, nil
	}
	return []arm{{table: t.rows, where: where, args: args, from: q.Prefix, below: successor(q.Prefix)}}, nil
}

// successor returns the smallest text greater than every text with the prefix, "" if there is none. In UTF-8 bytes sort as runes do.
func successor(prefix string) string {
	runes := []rune(prefix)
	for n := len(runes) - 1; n >= 0; n-- {
		switch r := runes[n]; r {
		case '\U0010FFFF':
			continue
		case '\uD7FF': // between it and the next rune lie the surrogates, which are not text
			return string(runes[:n]) + "\uE000"
		default:
			return string(runes[:n]) + string(r+1)
		}
	}
	return ""
}

func (t *tables) rangeArms(q *store.Query) ([]arm, error) {
	dimensions := []string{store.ByMailbox: "mailbox", store.ByTeam: "team", store.ByAgent: "agent"}
	var arms []arm
	for _, r := range q.Ranges {
		// The kind stands in the text, since it is a condition of the index.
		a := arm{table: t.rows, order: "activity", where: "tenant = ? and kind = 'conversation' and shelf = ?", args: []any{q.Tenant, r.Shelf}}
		switch {
		case int(r.By) >= len(dimensions):
			return nil, fmt.Errorf("%w: dimension %d of a range", store.ErrUnsupported, r.By)
		case unusable(r.Shelf) || r.By != store.Any && unusable(r.Value):
			continue
		case r.By != store.Any:
			a.where, a.args = a.where+" and "+dimensions[r.By]+" = ?", append(a.args, r.Value)
		}
		arms = append(arms, a)
	}
	return arms, nil
}

func (t *tables) factArms(q *store.Query) []arm {
	if store.CheckText(q.Value, true) != "" {
		return nil
	}
	args := []any{q.Tenant, string(q.Kind), q.Fact, q.Value}
	arms := []arm{{table: t.facts, order: "ord", where: "tenant = ? and kind = ? and name = ? and value = ?", args: args}}
	if q.Fact == columnFact[q.Kind] {
		arms = append(arms, arm{table: t.rows, order: "fact_order", where: "tenant = ? and kind = ? and fact_name = ? and fact_value = ?", args: args})
	}
	return arms
}

// fetch reads the next n rows of the list in one statement. Every arm reads at most n entries of its index, in order; what is sorted
// is never more than these.
func (t *tables) fetch(ctx context.Context, q querier, arms []arm, w *walk, n int) ([]listed, error) {
	s := new(statement)
	if len(arms) == 1 && arms[0].table == t.rows {
		arms[0].write(s, columns, w, n)
	} else {
		s.add("select " + of("r", columns) + ", u.pos from (select pos, id from (")
		for i := range arms {
			if i > 0 {
				s.add(" union all ")
			}
			s.add("select pos, id from (")
			arms[i].write(s, "id", w, n)
			s.add(fmt.Sprintf(") as a%d", i))
		}
		order := direct(" order by pos desc, id desc", w.query.Ascending)
		s.add(fmt.Sprintf(") as a%s limit %d) as u", order, n))
		t.beside(s, t.rows, "r.tenant = ? and r.kind = ? and r.id = u.id", []any{w.query.Tenant, string(w.query.Kind)}, "")
		s.add(direct(" order by u.pos desc, u.id desc", w.query.Ascending))
	}
	rows := make([]listed, 0, min(n, 100))
	err := t.query(ctx, q, s, func(r *sql.Rows) error {
		var in scanned
		var l listed
		err := r.Scan(append(in.into(), &l.at.Order)...)
		if err == nil {
			l.row, err = in.done()
		}
		l.at.ID = l.row.ID
		rows = append(rows, l)
		return err
	})
	return rows, err
}

// write appends the arm's query of at most n rows. The limit stands in the text, so that no planner guesses it.
func (a *arm) write(s *statement, columns string, w *walk, n int) {
	order, pos := "id desc", "0"
	if a.order != "" {
		order, pos = a.order+" desc, id desc", a.order
	}
	s.add("select "+columns+", "+pos+" as pos from "+a.table+" where "+a.where, a.args...)
	switch {
	case a.order == "":
		a.bound(s, w)
	case !w.begins:
		s.add(direct(" and ("+a.order+", id) < (?, ?)", w.query.Ascending), w.after.Order, w.after.ID)
	}
	s.add(direct(fmt.Sprintf(" order by %s limit %d", order, n), w.query.Ascending))
}

// bound appends the bounds of a list by ID, at most one at each end: with two at one end SQLite may plan to skip through all tenants.
func (a *arm) bound(s *statement, w *walk) {
	after := ""
	if !w.begins {
		after = w.after.ID
	}
	switch ascending := w.query.Ascending; {
	case ascending && after >= a.from && after != "":
		s.add(" and id > ?", after)
	case a.from != "":
		s.add(" and id >= ?", a.from)
	}
	switch below := a.below; {
	case !w.query.Ascending && after != "" && (below == "" || after < below):
		s.add(" and id < ?", after)
	case below != "":
		s.add(" and id < ?", below)
	}
}

// direct turns the text of a descending order around if the list is ascending.
func direct(text string, ascending bool) string {
	if !ascending {
		return text
	}
	return strings.NewReplacer(" desc", "", " < ", " > ").Replace(text)
}
