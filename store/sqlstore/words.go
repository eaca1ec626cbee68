package sqlstore

import (
	"context"
	"database/sql"
	"slices"
	"strconv"

	"github.com/frontdesk-go/frontdesk/store"
)

// The table words holds every word of every row once, by word and ID. A list by ID that asks for words reads it instead of the rows: the
// rows of one word stand there in the list's order, so that the newest of a million hits cost as much as the newest of a hundred.

const (
	// fewHits is how many entries are read and sorted without a second thought. Where all words have more, they are counted further, five
	// times as far each time, until one has no more.
	fewHits = 400

	// manyHits is how many are read and sorted when there is no better way: about 20 ms.
	manyHits = 50_000

	// manyEndings is how many words that begin as asked are merged in the list's order.
	manyEndings = 32
)

// wordArms returns the ways into a list by ID through the rarest of the query's words, or nothing if reading the rows themselves is the best
// there is: no word can be looked up, or every one of them begins so many words of so many rows that a page is soon full.
func (t *tables) wordArms(ctx context.Context, q querier, query *store.Query) ([]arm, error) {
	words := slices.DeleteFunc(slices.Clone(query.Words), unusable)
	if len(words) == 0 {
		return nil, nil
	}
	rarest, hits, err := t.rarest(ctx, q, query, words, fewHits)
	switch {
	case err != nil:
		return nil, err
	case hits == 0:
		return []arm{}, nil
	case hits <= fewHits:
		return []arm{t.beginning(query, rarest)}, nil
	}
	for bound := 5 * fewHits; len(words) > 1 && hits > bound/5 && bound <= manyHits; bound *= 5 { // which of the frequent ones is the rarest is worth knowing
		if rarest, hits, err = t.rarest(ctx, q, query, words, bound); err != nil {
			return nil, err
		}
	}
	arms, err := t.endings(ctx, q, query, rarest)
	if err != nil || len(arms) <= manyEndings {
		return arms, err
	}
	if _, hits, err = t.rarest(ctx, q, query, []string{rarest}, manyHits); err != nil {
		return nil, err
	}
	if hits <= manyHits {
		return []arm{t.beginning(query, rarest)}, nil
	}
	return nil, nil
}

// rarest returns the word that begins the fewest entries, of two that are as frequent the longer one, and how many these are: counted
// up to the bound and one more.
func (t *tables) rarest(ctx context.Context, q querier, query *store.Query, words []string, bound int) (word string, hits int, err error) {
	counts, err := t.countHits(ctx, q, query, words, bound)
	if err != nil {
		return "", 0, err
	}
	best := 0
	for i := range words {
		if counts[i] < counts[best] || counts[i] == counts[best] && len(words[i]) > len(words[best]) {
			best = i
		}
	}
	return words[best], counts[best], nil
}

// within is the condition for the entries of the words that begin with one.
func (t *tables) within(query *store.Query, word string) (string, []any) {
	where, args := "tenant = ? and kind = ? and word >= ?", []any{query.Tenant, string(query.Kind), word}
	if end := successor(word); end != "" {
		where, args = where+" and word < ?", append(args, end)
	}
	return where, args
}

// countHits counts, up to the bound and one more, the entries that begin with each word. In the order of the index, since PostgreSQL collects
// what has no order in a bitmap first, all of it.
func (t *tables) countHits(ctx context.Context, q querier, query *store.Query, words []string, bound int) ([]int, error) {
	s := new(statement)
	for i, word := range words {
		where, args := t.within(query, word)
		if i > 0 {
			s.add(" union all ")
		}
		s.add("select "+strconv.Itoa(i)+" as word, count(*) as hits from (select 1 as hit from "+t.index+" where "+where, args...)
		s.add(" order by tenant, kind, word, id limit " + strconv.Itoa(bound+1) + ") as h" + strconv.Itoa(i))
	}
	counts := make([]int, len(words))
	err := t.query(ctx, q, s, func(r *sql.Rows) error {
		var word, hits int
		err := r.Scan(&word, &hits)
		counts[word] = hits
		return err
	})
	return counts, err
}

// beginning is the arm of all entries that begin with a word: read whole and sorted.
func (t *tables) beginning(query *store.Query, word string) arm {
	where, args := t.within(query, word)
	return t.prefixed(query, arm{table: t.index, where: where, args: args})
}

// prefixed adds the query's prefix of IDs to an arm.
func (t *tables) prefixed(query *store.Query, a arm) arm {
	if query.Prefix != "" {
		a.where, a.args = a.where+" and id >= ?", append(a.args, query.Prefix)
		if end := successor(query.Prefix); end != "" {
			a.where, a.args = a.where+" and id < ?", append(a.args, end)
		}
	}
	return a
}

// endings returns an arm for each word of the tenant's rows that begins with a word, each in the order of the list, and one more than
// manyEndings if there are more. It goes from word to word through the index.
func (t *tables) endings(ctx context.Context, q querier, query *store.Query, word string) ([]arm, error) {
	where, args := t.within(query, word)
	next, more := "select word from "+t.index+" where "+where, " order by tenant, kind, word limit 1"
	s := new(statement).add("with recursive e(word, n) as (select word, 1 from ("+next+more+") as a", args...)
	s.add(" union all select (select w.word from "+t.index+" as w where w.tenant = ? and w.kind = ? and w.word > e.word", query.Tenant, string(query.Kind))
	if end := successor(word); end != "" {
		s.add(" and w.word < ?", end)
	}
	s.add(" order by w.tenant, w.kind, w.word limit 1), e.n + 1 from e where e.word is not null and e.n <= " + strconv.Itoa(manyEndings) + ")")
	s.add(" select word from e where word is not null")
	var arms []arm
	err := t.query(ctx, q, s, func(r *sql.Rows) error {
		var found string
		err := r.Scan(&found)
		arms = append(arms, t.prefixed(query, arm{table: t.index, where: "tenant = ? and kind = ? and word = ?",
			args: []any{query.Tenant, string(query.Kind), found}}))
		return err
	})
	return arms, err
}

// wordChanges are the statements that bring the index from the words that the batch's rows had to those they get. Words that stay are
// not touched: a conversation is rewritten with every message, and its words hardly ever.
func (t *tables) wordChanges(b *store.Batch, held *held, m manner) []change {
	var all []change
	var added, dropped [][]any
	for i := range b.Writes {
		w := &b.Writes[i]
		if w.Action == store.Check {
			continue
		}
		lost, new := wordDiff(held.words[w.Row.Key], w.Row.Words)
		for _, word := range lost {
			dropped = append(dropped, []any{string(w.Row.Kind), word, w.Row.ID})
		}
		for _, word := range new {
			added = append(added, []any{string(w.Row.Kind), word, w.Row.ID})
		}
	}
	for part := range parts(added, t.perStatement(), m) {
		s := new(statement).add("insert into "+t.index+" (tenant, kind, word, id) select ?, v.column1, v.column2, v.column3 from (", b.Tenant)
		s.values([]string{"text", "text", "text"}, part).add(") as v where " + m.when() + " on conflict do nothing") // as for counters
		all = append(all, change{statement: s})
	}
	for part := range parts(dropped, t.perStatement(), m) {
		all = append(all, change{statement: t.dropWords(b.Tenant, part, m)})
	}
	return all
}

// dropWords takes entries of kind, word and ID out of the index.
func (t *tables) dropWords(tenant string, entries [][]any, m manner) *statement {
	if t.dialect == PostgreSQL && m != strict {
		s := new(statement).add("delete from "+t.index+" where ctid = any (array(select l.at from (").values([]string{"text", "text", "text"}, entries).add(") as v")
		return s.add(" cross join lateral (select x.ctid as at from "+t.index+" as x where x.tenant = ? and x.kind = v.column1 and x.word = v.column2"+
			" and x.id = v.column3 limit 1) as l)) and tenant = ? and "+m.when(), tenant, tenant)
	}
	s := new(statement).add("delete from "+t.index+" where tenant = ? and (kind, word, id) in (", tenant)
	return s.few([]string{"text", "text", "text"}, entries).add(")")
}

// wordDiff returns what is in one list only, each word once and sorted.
func wordDiff(old, now []string) (lost, added []string) {
	if slices.Equal(old, now) {
		return nil, nil
	}
	old, now = sorted(old), sorted(now)
	only := func(these, others []string) (out []string) {
		for _, word := range these {
			if _, both := slices.BinarySearch(others, word); !both {
				out = append(out, word)
			}
		}
		return out
	}
	return only(old, now), only(now, old)
}

func sorted(words []string) []string {
	words = slices.Clone(words)
	slices.Sort(words)
	return slices.Compact(words)
}
