package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/frontdesk-go/frontdesk/store"
)

// held is what a commit has locked, as it is now.
type held struct {
	versions map[store.Key]int64
	facts    map[store.Key][]store.Fact // of the rows to be changed
	words    map[store.Key][]string     // of these too
	groups   map[string]bool            // whose lease is the batch's
}

// compare returns a ConflictError that names every row that is not as the batch wants it.
func (h *held) compare(b *store.Batch) error {
	var keys []store.Key
	for _, w := range b.Writes {
		if h.versions[w.Row.Key] != w.If {
			keys = append(keys, w.Row.Key)
		}
	}
	if len(keys) > 0 {
		return &store.ConflictError{Keys: keys}
	}
	return nil
}

// The rows a lock statement answers with.
const (
	nobody = iota // an advisory lock
	aRow
	aLease
)

// lock locks what the batch rests on, in one statement for every thousand rows: first the keys that must be absent, by their hash,
// then rows by key, then leases by group. All commits keep this order, so that no two wait for each other.
func (t *tables) lock(ctx context.Context, q querier, b *store.Batch, m manner) (*held, error) {
	h := &held{versions: map[store.Key]int64{}, facts: map[store.Key][]store.Fact{}, words: map[store.Key][]string{}, groups: map[string]bool{}}
	parts := slices.Collect(slices.Chunk(b.Writes, chunk))
	if len(parts) == 0 {
		parts = append(parts, nil)
	}
	for i, part := range parts {
		var arms []*statement
		if i == 0 {
			arms = append(t.planning(m), t.lockAbsent(b)...)
		}
		arms = append(arms, t.lockRows(b.Tenant, part)...)
		if i == len(parts)-1 {
			arms = append(arms, t.lockLeases(b)...)
		}
		if len(arms) == 0 {
			continue // nothing is only read
		}
		if err := t.query(ctx, q, union(arms), h.scan); err != nil {
			return nil, err
		}
	}
	return h, nil
}

// planning keeps joins with a list of keys from being planned to read a whole table, as may happen before a table is analyzed, for as long as the
// transaction lasts. A host's transaction is left as it is.
func (t *tables) planning(m manner) []*statement {
	if t.dialect == SQLite || m == strict {
		return nil
	}
	off := func(setting string) string { return "set_config('enable_" + setting + "', 'off', true)" }
	return []*statement{new(statement).add(fmt.Sprintf("select %d as what, '' as kind, %s || %s || %s as id, cast(0 as bigint) as version, cast(null as bytea) as facts, cast(null as bytea) as words",
		nobody, off("seqscan"), off("hashjoin"), off("mergejoin")))}
}

func union(arms []*statement) *statement {
	s := new(statement)
	for i, arm := range arms {
		if i > 0 {
			s.add(" union all ")
		}
		s.add("select what, kind, id, version, facts, words from (").join(arm).add(fmt.Sprintf(") as a%d", i))
	}
	return s
}

func (h *held) scan(r *sql.Rows) error {
	var what int
	var kind, id string
	var version int64
	var facts, words []byte
	if err := r.Scan(&what, &kind, &id, &version, &facts, &words); err != nil {
		return err
	}
	key := store.Key{Kind: store.Kind(kind), ID: id}
	switch what {
	case aRow:
		var err error
		if version == 0 {
			return nil // not there
		}
		h.versions[key] = version
		h.words[key] = unpackWords(words)
		h.facts[key], err = unpackFacts(facts)
		return err
	case aLease:
		h.groups[id] = true
	}
	return nil
}

// manyAbsent is from how many keys on a batch locks its tenant's absent keys as a whole: PostgreSQL's lock table has room for about
// max_locks_per_transaction (64) locks a connection. https://www.postgresql.org/docs/current/runtime-config-locks.html
const manyAbsent = 200

type advisory struct {
	hash      int64
	exclusive int64
}

// lockAbsent locks keys that must be absent. Everybody shares the tenant's lock, save a batch of many keys, which has it alone.
func (t *tables) lockAbsent(b *store.Batch) []*statement {
	if t.dialect == SQLite {
		return nil
	}
	values := t.absentLocks(b)
	if len(values) == 0 {
		return nil
	}
	s := new(statement).add(fmt.Sprintf("select %d as what, '' as kind, case when column2 = 1 then pg_advisory_xact_lock(column1)::text "+
		"else pg_advisory_xact_lock_shared(column1)::text end as id, cast(0 as bigint) as version, cast(null as bytea) as facts, cast(null as bytea) as words from (", nobody))
	return []*statement{s.values([]string{"bigint", "bigint"}, values).add(") as v")}
}

// absentLocks returns the locks as rows, each with 1 if it is exclusive, in the order in which all take them.
func (t *tables) absentLocks(b *store.Batch) [][]any {
	var locks []advisory
	for _, w := range b.Writes {
		switch {
		case w.If != 0:
		case w.Action == store.Put:
			locks = append(locks, advisory{t.hash(b.Tenant, string(w.Row.Kind), w.Row.ID), 1})
		default:
			locks = append(locks, advisory{t.hash(b.Tenant, string(w.Row.Kind), w.Row.ID), 0})
		}
	}
	if len(locks) == 0 {
		return nil
	}
	slices.SortFunc(locks, func(x, y advisory) int {
		return cmp.Or(cmp.Compare(x.hash, y.hash), cmp.Compare(y.exclusive, x.exclusive))
	})
	all := advisory{hash: t.hash(b.Tenant)}
	if len(locks) > manyAbsent {
		all.exclusive, locks = 1, nil
	}
	var values [][]any
	for _, l := range append([]advisory{all}, locks...) {
		values = append(values, []any{l.hash, l.exclusive})
	}
	return values
}

// lockRows locks rows in the order of their keys, in which they are given: those to be written for writing, those to be checked against
// being written. A key that should be absent is among them: if its row is just being deleted, this waits for the outcome.
func (t *tables) lockRows(tenant string, writes []store.Write) []*statement {
	if len(writes) == 0 {
		return nil
	}
	keys := make([][]any, len(writes))
	for i, w := range writes {
		keys[i] = []any{string(w.Row.Kind), w.Row.ID, checks(&w)}
	}
	list := new(statement).values([]string{"text", "text", "bigint"}, keys)
	if t.dialect == SQLite { // the transaction has the whole database
		s := new(statement).add(fmt.Sprintf("select %d as what, r.kind, r.id, r.version, r.facts, r.words from (", aRow)).join(list).add(") as k")
		return []*statement{t.beside(s, t.rows, "r.tenant = ? and r.kind = k.column1 and r.id = k.column2", []any{tenant}, "")}
	}
	one := func(columns, check, mode string) string {
		return " left join lateral (select " + columns + " from " + t.rows + " as r where k.column3 = " + check +
			" and r.tenant = ? and r.kind = k.column1 and r.id = k.column2 limit 1 for " + mode + ") as "
	}
	s := new(statement).add(fmt.Sprintf("select %d as what, k.column1 as kind, k.column2 as id, coalesce(p.version, c.version, 0) as version, p.facts, p.words from (", aRow)).join(list).add(") as k")
	s.add(one("r.version, r.facts, r.words", "0", "no key update")+"p on true", tenant)
	s.add(one("r.version", "1", "share")+"c on true", tenant)
	return []*statement{s}
}

// lockLeases locks the leases that are still the batch's.
func (t *tables) lockLeases(b *store.Batch) []*statement {
	if len(b.Finish) == 0 {
		return nil
	}
	rows := make([][]any, len(b.Finish))
	for i, f := range b.Finish {
		rows[i] = []any{f.Group, f.Token}
	}
	s := new(statement).add(fmt.Sprintf("select %d as what, '' as kind, r.grp as id, 0 as version, cast(null as %[2]s) as facts, cast(null as %[2]s) as words from (", aLease, t.bytes()))
	s.few([]string{"text", "text"}, rows).add(") as k")
	t.beside(s, t.leases, "r.lane = ? and r.grp = k.column1 and r.token = k.column2", []any{lane(b.Tenant)}, " for update")
	return []*statement{s}
}

// checkedAbsent are the keys that must be absent and are not put.
func checkedAbsent(b *store.Batch) (keys []store.Key) {
	for i := range b.Writes {
		if w := &b.Writes[i]; w.If == 0 && w.Action != store.Put {
			keys = append(keys, w.Row.Key)
		}
	}
	return keys
}

// stillAbsent looks again for the rows that are only checked to be absent, now that the lock keeps them so: the lock statement saw the
// database as it was before it waited. In a strict transaction looking is not enough, since the whole transaction sees an old state;
// there an insert, taken back at once, meets what others have committed since.
func (t *tables) stillAbsent(ctx context.Context, q querier, b *store.Batch, m manner) error {
	var found []store.Key
	keys := checkedAbsent(b)
	if len(keys) == 0 || t.dialect == SQLite {
		return nil
	}
	if m == strict {
		return t.probe(ctx, q, b, keys)
	}
	for part := range slices.Chunk(keys, chunk) {
		s := new(statement).add("select r.kind, r.id from (").values([]string{"text", "text"}, pairs(part))
		t.beside(s.add(") as k"), t.rows, "r.tenant = ? and r.kind = k.column1 and r.id = k.column2", []any{b.Tenant}, "")
		err := t.query(ctx, q, s, func(r *sql.Rows) error {
			var kind, id string
			err := r.Scan(&kind, &id)
			found = append(found, store.Key{Kind: store.Kind(strings.Clone(kind)), ID: id})
			return err
		})
		if err != nil {
			return err
		}
	}
	if len(found) > 0 {
		return &store.ConflictError{Keys: found}
	}
	return nil
}

func (t *tables) probe(ctx context.Context, q querier, b *store.Batch, keys []store.Key) error {
	rows, writes := make([][]any, len(keys)), make([]*store.Write, len(keys))
	for i, key := range keys {
		rows[i], writes[i] = written(b.Tenant, &store.Row{Key: key}), &store.Write{Row: store.Row{Key: key}}
	}
	if err := t.write(ctx, q, b, t.inserts(rows, keys, strict)); err != nil {
		return err
	}
	return t.write(ctx, q, b, t.deletes(b.Tenant, writes, strict))
}
