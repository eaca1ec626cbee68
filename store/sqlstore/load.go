package sqlstore

import (
	"context"
	"database/sql"
	"slices"

	"github.com/frontdesk-go/frontdesk/store"
)

// chunk is how many keys one statement looks for, well below the 32,766 placeholders of SQLite and the 65,535 of PostgreSQL.
// https://www.sqlite.org/limits.html#max_variable_number
const chunk = 1000

func (t *tables) load(ctx context.Context, q querier, tenant string, keys []store.Key, counters []string) (*store.Rows, error) {
	rows := &store.Rows{Found: make(map[store.Key]store.Row, len(keys)), Counters: make(map[string]int64, len(counters))}
	for _, name := range counters {
		rows.Counters[name] = 0
	}
	names := slices.DeleteFunc(slices.Clone(counters), unusable)
	slices.Sort(names)
	names = slices.Compact(names) // so that none is added up twice
	some := func() []string {     // the next counters
		part := names[:min(chunk, len(names))]
		names = names[len(part):]
		return part
	}
	for part := range slices.Chunk(distinct(keys), chunk) {
		if err := t.loadPart(ctx, q, tenant, part, some(), rows); err != nil {
			return nil, err
		}
	}
	for len(names) > 0 {
		if err := t.loadPart(ctx, q, tenant, nil, some(), rows); err != nil {
			return nil, err
		}
	}
	rows.Absent = absent(keys, rows.Found)
	return rows, nil
}

// distinct returns each key once that can exist: no row has a key that is empty, too long or not text.
func distinct(keys []store.Key) []store.Key {
	keys = slices.Clone(keys)
	slices.SortFunc(keys, store.Key.Compare)
	keys = slices.DeleteFunc(keys, func(k store.Key) bool { return unusable(string(k.Kind)) || unusable(k.ID) })
	return slices.Compact(keys)
}

func unusable(text string) bool { return store.CheckText(text, false) != "" }

// absent names what was asked for or led to, and is not there.
func absent(keys []store.Key, found map[store.Key]store.Row) []store.Key {
	var missing []store.Key
	for _, key := range keys {
		if _, ok := found[key]; !ok {
			missing = append(missing, key)
		}
		if target := found[key].Target; target != (store.Key{}) {
			if _, ok := found[target]; !ok {
				missing = append(missing, target)
			}
		}
	}
	slices.SortFunc(missing, store.Key.Compare)
	return slices.Compact(missing)
}

// loadPart reads rows, what they lead to, and counters in one statement. A counter comes as a row without a kind.
func (t *tables) loadPart(ctx context.Context, q querier, tenant string, keys []store.Key, counters []string, rows *store.Rows) error {
	s := new(statement)
	if len(keys) > 0 {
		s.add("with f as (select "+of("r", columns)+" from (").values([]string{"text", "text"}, pairs(keys)).add(") as k")
		t.beside(s, t.rows, "r.tenant = ? and r.kind = k.column1 and r.id = k.column2", []any{tenant}, "")
		s.add(") select " + columns + " from f union all select " + of("r", columns) + " from f")
		t.beside(s, t.rows, "r.tenant = ? and r.kind = f.target_kind and r.id = f.target_id", []any{tenant}, "")
	}
	if len(counters) > 0 {
		if len(keys) > 0 {
			s.add(" union all ")
		}
		empty := "cast(null as " + t.bytes() + ")"
		// One row for each stripe; they are added up when they are read.
		s.add("select '' as kind, c.name as id, c.value as version, "+empty+" as body, null as target_kind, null as target_id, "+
			"null as shelf, null as mailbox, null as team, null as agent, cast(null as bigint) as activity, "+empty+" as facts, "+empty+" as words from "+
			t.counters+" as c where c.tenant = ? and ", tenant)
		t.among(s, "c.name", counters)
	}
	if len(s.args) == 0 || unusable(tenant) {
		return nil
	}
	return t.query(ctx, q, s, func(r *sql.Rows) error {
		var in scanned
		if err := r.Scan(in.into()...); err != nil {
			return err
		}
		if in.kind == "" {
			rows.Counters[in.row.ID] += in.row.Version
			return nil
		}
		row, err := in.done()
		rows.Found[row.Key] = row
		return err
	})
}

func pairs(keys []store.Key) [][]any {
	rows := make([][]any, len(keys))
	for i, key := range keys {
		rows[i] = []any{string(key.Kind), key.ID}
	}
	return rows
}
