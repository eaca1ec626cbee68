package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/frontdesk-go/frontdesk/store"
)

// manner is how a batch is written.
type manner uint8

const (
	inSteps manner = iota // in a transaction of this package's, one statement after the other
	strict                // likewise, in a transaction of an isolation level that this package did not choose
	single                // as one statement that is a transaction by itself
	whole                 // likewise, with all its parts, also those that have nothing to do
)

// manyWrites is how many writes a batch has that is written whole. Batches of many callers that are committed together differ in what they have
// to do, and each other choice of parts would be another text, to be planned and kept on each connection.
const manyWrites = 24

// gated reports whether the batch is one statement, whose parts write behind its gate.
func (m manner) gated() bool { return m == single || m == whole }

// parts are rows in portions for one statement each; if a batch is written whole, one portion at least.
func parts[R any](rows []R, size int, m manner) iter.Seq[[]R] {
	if m == whole && len(rows) == 0 {
		return func(yield func([]R) bool) { yield(nil) }
	}
	return slices.Chunk(rows, size)
}

// when is the condition under which a statement writes: a single one has to see for itself that the batch holds.
func (m manner) when() string {
	if m.gated() {
		return "(select ok from gate)"
	}
	return "true"
}

// commit writes a batch within a transaction: what it rests on is locked and compared, then everything is written at once. On SQLite, where the
// transaction has the whole database, what the rows had may be known already: then only those are read that are not written, and writing
// compares the others.
func (t *tables) commit(ctx context.Context, q querier, b *store.Batch, m manner, known *held) error {
	if err := doable(b); err != nil {
		return err
	}
	read := b
	if known != nil {
		read = unwritten(b)
	}
	held, err := t.lock(ctx, q, read, m)
	if err != nil {
		return err
	}
	if err := held.compare(read); err != nil {
		return err
	}
	if known != nil {
		held.facts, held.words = known.facts, known.words
	}
	if err := t.stillAbsent(ctx, q, b, m); err != nil {
		return err
	}
	if err := t.write(ctx, q, b, t.changes(b, held, m)); err != nil {
		return err
	}
	if len(b.Finish) == 0 {
		return nil // the jobs to queue were among the changes
	}
	return t.write(ctx, q, b, append(t.reopen(b, held, m), t.enqueue(b, m)...))
}

// unwritten is what of a batch is only read.
func unwritten(b *store.Batch) *store.Batch {
	read := &store.Batch{Tenant: b.Tenant, Finish: b.Finish}
	for i := range b.Writes {
		if w := &b.Writes[i]; w.Action == store.Check || w.Action == store.Delete && w.If == 0 {
			read.Writes = append(read.Writes, *w)
		}
	}
	return read
}

// doable refuses what this version of the contract does not have.
func doable(b *store.Batch) error {
	for i := range b.Writes {
		if w := &b.Writes[i]; w.Action != store.Check && w.Action != store.Put && w.Action != store.Delete {
			return fmt.Errorf("%w: action %d on %s", store.ErrUnsupported, w.Action, w.Row.Key)
		}
	}
	return nil
}

// write runs statements that touch different rows, on PostgreSQL as one. Those marked keyed answer with the keys they wrote; on SQLite each is for
// one row, and how many it wrote is enough.
func (t *tables) write(ctx context.Context, q querier, b *store.Batch, changes []change) error {
	wrote := map[store.Key]bool{}
	for _, s := range t.merge(changes) {
		if !s.keyed || t.dialect == SQLite {
			n, err := t.exec(ctx, q, s.statement)
			if err != nil {
				return err
			}
			if n > 0 && s.keyed {
				wrote[s.keys[0]] = true
			}
			continue
		}
		err := t.query(ctx, q, s.statement, func(r *sql.Rows) error {
			var kind, id string
			err := r.Scan(&kind, &id)
			wrote[store.Key{Kind: store.Kind(kind), ID: id}] = true
			return err
		})
		if err != nil {
			return err
		}
	}
	var missing []store.Key
	for _, c := range changes {
		for _, key := range c.keys {
			if !wrote[key] {
				missing = append(missing, key)
			}
		}
	}
	if len(missing) > 0 {
		return &store.ConflictError{Keys: missing}
	}
	return nil
}

// change is one statement of a commit.
type change struct {
	*statement
	keys  []store.Key // the rows it must write, and answers with; one on SQLite
	keyed bool
}

// manyArgs is how many placeholders statements together may have before the next one is sent by itself.
const manyArgs = 2000

// merge makes one statement of several, which saves round trips; SQLite has neither the syntax nor the round trips.
func (t *tables) merge(changes []change) []change {
	if t.dialect == SQLite || len(changes) < 2 {
		return changes
	}
	var merged []change
	for len(changes) > 0 {
		n, args := 1, len(changes[0].args)
		for n < len(changes) && args+len(changes[n].args) <= manyArgs {
			args += len(changes[n].args)
			n++
		}
		merged = append(merged, together(changes[:n]))
		changes = changes[n:]
	}
	return merged
}

func together(changes []change) change {
	all, answers := change{statement: new(statement), keyed: true}, new(statement)
	for i, c := range changes {
		name := fmt.Sprintf("w%d", i)
		if i == 0 {
			all.add("with ")
		} else {
			all.add(", ")
		}
		all.add(name + " as (").join(c.statement).add(")")
		if c.keyed {
			answers.add(" union all select kind, id from " + name)
		}
	}
	all.add(" select '' as kind, '' as id where false").join(answers)
	return all
}

// changes are the statements that write a batch.
func (t *tables) changes(b *store.Batch, held *held, m manner) []change {
	var all []change
	var inserts, updates, removed, added [][]any
	var inserted, updated []store.Key
	var deleted []*store.Write
	for i := range b.Writes {
		w := &b.Writes[i]
		switch {
		case w.Action == store.Check || w.Action == store.Delete && w.If == 0:
			continue
		case w.Action == store.Delete:
			deleted = append(deleted, w)
		case w.If == 0:
			inserts, inserted = append(inserts, written(b.Tenant, &w.Row)), append(inserted, w.Row.Key)
		default:
			updates, updated = append(updates, append(written(b.Tenant, &w.Row), w.If)), append(updated, w.Row.Key)
		}
		old, new := t.factRows(b.Tenant, w, held)
		removed, added = append(removed, old...), append(added, new...)
	}
	all = append(all, t.inserts(inserts, inserted, m)...)
	all = append(all, t.updates(updates, updated, m)...)
	all = append(all, t.deletes(b.Tenant, deleted, m)...)
	all = append(all, t.factChanges(b.Tenant, removed, added, m)...)
	all = append(all, t.wordChanges(b, held, m)...)
	all = append(all, t.adds(b, m)...)
	switch {
	case len(b.Finish) == 0 && m != whole:
		return append(all, t.enqueue(b, m)...)
	case m.gated():
		return append(append(all, t.drop(b, m)...), t.enqueue(b, m)...)
	}
	return append(all, t.finish(b, held)...)
}

// some is how many rows one of the rarer statements writes.
const some = 200

// perStatement is how many rows one of a commit's frequent statements writes. On PostgreSQL they are in arrays, and a second statement is another
// text to be parsed and planned. On SQLite a statement for one row is parsed once and used again for each; there a long list costs more, since
// modernc.org/sqlite looks through all arguments for each placeholder.
func (t *tables) perStatement() int {
	if t.dialect == SQLite {
		return 1
	}
	return 10 * some
}

func (t *tables) inserts(rows [][]any, keys []store.Key, m manner) []change {
	var all []change
	for part := range parts(rows, t.perStatement(), m) {
		s := new(statement).add("insert into "+t.rows+" ("+allColumns+") ").rows(allTypes, part, m)
		s.add(" on conflict do nothing" + t.returning())
		all = append(all, change{statement: s, keys: keys[:len(part)], keyed: true})
		keys = keys[len(part):]
	}
	return all
}

// updates are a statement for each row in a transaction of the host's, which may find that a row is not as it was locked, and on SQLite. Otherwise
// the rows are locked and were compared, so that on PostgreSQL one insert, of which every row is in conflict with the one that is there, finds
// them by the primary key however the database plans.
func (t *tables) updates(rows [][]any, keys []store.Key, m manner) []change {
	var all []change
	if t.dialect == PostgreSQL && m != strict {
		for part := range parts(rows, some, m) {
			for i := range part {
				part[i] = part[i][:len(allTypes)]
			}
			s := new(statement).add("insert into "+t.rows+" ("+allColumns+") ").rows(allTypes, part, m).add(" on conflict (tenant, kind, id) do update set ")
			for i, column := range strings.Split(allColumns, ", ")[3:] {
				s.add(separator(i, column+" = excluded."+column))
			}
			all = append(all, change{statement: s.add(" returning kind, id"), keys: keys[:len(part)], keyed: true})
			keys = keys[len(part):]
		}
		return all
	}
	for i, row := range rows { // row: as written, then the version it is at
		s := new(statement).add("update "+t.rows+" set version = ?, body = ?, target_kind = ?, target_id = ?, shelf = ?, mailbox = ?, team = ?, "+
			"agent = ?, activity = ?, fact_name = ?, fact_value = ?, fact_order = ?, facts = ?, words = ?", row[3:17]...)
		s.add(" where tenant = ? and kind = ? and id = ? and version = ?"+t.returning(), row[0], row[1], row[2], row[17])
		all = append(all, change{statement: s, keys: keys[i : i+1], keyed: true})
	}
	return all
}

// deletes compares the versions again where it is a statement for each row, as updates does.
func (t *tables) deletes(tenant string, rows []*store.Write, m manner) []change {
	var all []change
	keys := make([]store.Key, len(rows))
	for i, w := range rows {
		keys[i] = w.Row.Key
	}
	if t.dialect == PostgreSQL && m != strict {
		for part := range parts(keys, some, m) {
			s := new(statement).add("delete from "+t.rows+" where ctid = any (array(select l.at from (").values([]string{"text", "text"}, pairs(part)).add(") as v")
			s.add(" cross join lateral (select x.ctid as at from "+t.rows+" as x where x.tenant = ? and x.kind = v.column1 and x.id = v.column2 limit 1) as l))"+
				" and tenant = ? and "+m.when()+" returning kind, id", tenant, tenant)
			all = append(all, change{statement: s, keys: part, keyed: true})
		}
		return all
	}
	for i, w := range rows {
		s := new(statement).add("delete from "+t.rows+" where tenant = ? and kind = ? and id = ? and version = ?"+t.returning(), tenant, string(w.Row.Kind), w.Row.ID, w.If)
		all = append(all, change{statement: s, keys: keys[i : i+1], keyed: true})
	}
	return all
}

// returning has a statement answer with the keys of the rows that it writes, where that is what write reads.
func (t *tables) returning() string {
	if t.dialect == SQLite {
		return ""
	}
	return " returning kind, id"
}

// factRows returns what the table facts loses and gains by a write. Facts that stay are not touched.
func (t *tables) factRows(tenant string, w *store.Write, held *held) (removed, added [][]any) {
	_, old := indexed(w.Row.Kind, held.facts[w.Row.Key])
	_, now := indexed(w.Row.Kind, w.Row.Facts)
	row := func(f store.Fact) []any {
		return []any{tenant, string(w.Row.Kind), f.Name, f.Value, f.Order, w.Row.ID}
	}
	for _, f := range old {
		if !slices.Contains(now, f) {
			removed = append(removed, row(f))
		}
	}
	for _, f := range now {
		if !slices.Contains(old, f) {
			added = append(added, row(f))
		}
	}
	return removed, added
}

func (t *tables) factChanges(tenant string, removed, added [][]any, m manner) []change {
	var all []change
	if t.dialect == PostgreSQL && m != strict {
		for part := range parts(removed, some, m) {
			// An array of places is looked up place by place, however the database plans.
			s := new(statement).add("delete from "+t.facts+" where ctid = any (array(select l.at from (").values(factTypes, part).add(") as v")
			s.add(" cross join lateral (select x.ctid as at from "+t.facts+" as x where x.tenant = ? and x.kind = v.column2 and x.name = v.column3"+
				" and x.value = v.column4 and x.ord = v.column5 and x.id = v.column6 limit 1) as l)) and tenant = ? and "+m.when(), tenant, tenant)
			all = append(all, change{statement: s})
		}
		removed = nil
	}
	for _, row := range removed {
		s := new(statement).add("delete from "+t.facts+" where tenant = ? and kind = ? and name = ? and value = ? and ord = ? and id = ?", row...)
		all = append(all, change{statement: s})
	}
	for part := range parts(added, t.perStatement(), m) {
		s := new(statement).add("insert into "+t.facts+" (tenant, kind, name, value, ord, id) ").rows(factTypes, part, m)
		all = append(all, change{statement: s.add(" on conflict do nothing")})
	}
	return all
}

func (t *tables) adds(b *store.Batch, m manner) []change {
	var all []change
	for part := range parts(b.Adds, t.perStatement(), m) {
		rows := make([][]any, len(part))
		for i, a := range part {
			rows[i] = []any{a.Counter, a.Delta}
		}
		s := new(statement).add("insert into "+t.counters+" as c (tenant, name, stripe, value) select ?, v.column1, "+t.stripe()+", v.column2 from (", b.Tenant)
		s.values([]string{"text", "bigint"}, rows).add(") as v where " + m.when()) // without a condition SQLite takes "on" for a join's
		s.add(" on conflict (tenant, name, stripe) do update set value = c.value + excluded.value")
		all = append(all, change{statement: s})
	}
	return all
}
