package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"hash/fnv"
	"regexp"
	"strings"

	"github.com/frontdesk-go/frontdesk/store"
)

// Dialect is the database's kind of SQL.
type Dialect uint8

// The dialects.
const (
	SQLite Dialect = iota + 1
	PostgreSQL
)

func (d Dialect) String() string {
	switch d {
	case SQLite:
		return "SQLite"
	case PostgreSQL:
		return "PostgreSQL"
	}
	return fmt.Sprintf("Dialect(%d)", uint8(d))
}

// Options say which database it is and how the tables are named.
type Options struct {
	Dialect Dialect // required
	Prefix  string  // begins every table's and index's name. Defaults to "frontdesk_"
	Schema  string  // PostgreSQL only: the schema of the tables, which must exist. Defaults to the first of the search path

	// Partitions is in how many parts Migrate and Migrations make each table, by a hash of its tenant: PostgreSQL only, up to 1,024. It counts
	// when a table is made and for nothing afterwards. See the package comment for the setting it needs. Defaults to 0, tables in one piece.
	Partitions int

	// Await has work announced to the other programs on the database, and lets this one listen: PostgreSQL only. It waits for one
	// notification on a connection that has asked for them, and returns the context's error when that ends first. It must be safe to call
	// again after that. See the package comment. Defaults to nil: what others committed is found by the poll each second.
	Await func(ctx context.Context, conn *sql.Conn) error

	_ struct{}
}

// Names are lower case so that they need no quotes; with the longest suffix a prefix of 40 stays below PostgreSQL's limit of 63 bytes.
var (
	prefixForm = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,39}$`)
	schemaForm = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)
)

// tables are the names and the dialect that every statement is made with.
type tables struct {
	dialect Dialect
	prefix  string // of indexes, which have no schema of their own
	schema  string // quoted, with the dot; "" for none

	partitions int // of each table that is made; 0 for none

	rows, facts, index, counters, jobs, leases, versions string

	absent, settle string // functions, on PostgreSQL

	texts texts
}

func newTables(opt Options) (*tables, error) {
	t := &tables{dialect: opt.Dialect, prefix: opt.Prefix}
	if t.prefix == "" {
		t.prefix = "frontdesk_"
	}
	switch {
	case t.dialect != SQLite && t.dialect != PostgreSQL:
		return nil, &store.InvalidError{What: "sqlstore dialect", Problem: "is " + t.dialect.String() + "; give SQLite or PostgreSQL"}
	case !prefixForm.MatchString(t.prefix):
		return nil, &store.InvalidError{What: "sqlstore prefix", Problem: "is " + t.prefix + "; give at most 40 of a-z, 0-9 and _, not beginning with a digit"}
	case opt.Schema != "" && t.dialect != PostgreSQL:
		return nil, &store.InvalidError{What: "sqlstore schema", Problem: "is " + opt.Schema + "; only PostgreSQL has schemas"}
	case opt.Schema != "" && !schemaForm.MatchString(opt.Schema):
		return nil, &store.InvalidError{What: "sqlstore schema", Problem: "is " + opt.Schema + "; give at most 63 of a-z, 0-9 and _, not beginning with a digit"}
	}
	if err := cmp.Or(checkAwait(opt), checkPartitions(opt)); err != nil {
		return nil, err
	}
	t.partitions = opt.Partitions
	if opt.Schema != "" {
		t.schema = `"` + opt.Schema + `".`
	}
	name := func(table string) string { return t.schema + t.prefix + table }
	t.rows, t.facts, t.index, t.counters = name("rows"), name("facts"), name("words"), name("counters")
	t.jobs, t.leases, t.versions = name("jobs"), name("leases"), name("schema")
	t.absent, t.settle = name("absent"), name("settle")
	return t, nil
}

// bytes is the column type of bytes, for casts.
func (t *tables) bytes() string {
	if t.dialect == PostgreSQL {
		return "bytea"
	}
	return "blob"
}

// stripe is the expression of a counter's stripe. A connection keeps to one, so that connections rarely wait for each other's.
func (t *tables) stripe() string {
	if t.dialect == PostgreSQL {
		return "pg_backend_pid() % 8"
	}
	return "0"
}

// hash is the advisory lock of something in these tables. Two things with the same hash only wait for each other.
func (t *tables) hash(parts ...string) int64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(t.rows + "\x00" + strings.Join(parts, "\x00")))
	return int64(h.Sum64())
}

// lane is the key of a tenant's jobs and leases.
func lane(tenant string) string { return fmt.Sprintf("%02x%s", store.Shard(tenant), tenant) }

// tenantOf is the tenant of a lane.
func tenantOf(lane string) string { return lane[2:] }
