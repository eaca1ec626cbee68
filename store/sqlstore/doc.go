// Package sqlstore keeps frontdesk's rows in SQLite or PostgreSQL through database/sql. It imports no driver: the host opens the
// database with the driver it already has.
//
//	db, err := sql.Open("pgx", dsn)                                  // or sql.Open("sqlite", sqlstore.SQLiteDSN("desk.db"))
//	st, err := sqlstore.New(db, sqlstore.Options{Dialect: sqlstore.PostgreSQL})
//	err = st.Migrate(ctx)                                            // or apply sqlstore.Migrations with a tool of your own
//
// The package is developed against PostgreSQL 15 with github.com/jackc/pgx/v5/stdlib, and SQLite 3.35 or newer with
// modernc.org/sqlite. It needs of a driver that errors tell their code, through SQLState() string (PostgreSQL) or Code() int (SQLite).
//
// # Tables
//
// rows holds every row, with its place in columns and the one listed fact that every row of its kind has in columns too; facts
// holds the other listed facts; words holds each word of each row once, which takes about 0.4 kB a message of twelve words in SQLite and
// 1.3 kB in PostgreSQL. counters, jobs and leases hold what their names say. Every key begins with the tenant; jobs and leases begin with
// the lane, which is the tenant preceded by its shard in two hexadecimal digits, so that tenants are visited in its order.
// There are no triggers, no sequences and no foreign keys, and on PostgreSQL two functions in PL/pgSQL, which see what others have committed while a commit waited for them. Text compares byte by byte (COLLATE "C", BINARY), and bodies are bytes. A
// job without a due time has the smallest number there is.
//
// What store.Listed says when a row is written decides where its facts go. When it says more in a later version, a row written before
// is listed by the new fact only once that fact of it changes.
//
// A program remembers what rows had at which version. Before a database is set back to an older state, by a restore or by going on with a copy
// that lags behind, end the programs on it.
//
// # Words
//
// A list by ID that asks for words reads the table words: it counts, up to a bound, what begins with each of them, and takes the rarest.
// Up to 400 entries are read and sorted. Of a word that more rows have, the newest are read in the order of the list; of a beginning of up
// to 32 different words, all of these are merged. A beginning of more words than that is sorted up to 50,000 entries; beyond, the rows
// themselves are read newest first, of which it finds many. The query's other words and its Match filter the rows under the budget.
// In lists by ranges and by facts words only filter.
//
// # PostgreSQL
//
// READ COMMITTED is enough and is what the package asks for. A commit first locks what it rests on, in the batch's order: rows that
// are to stay as they are in share mode, rows to be changed for update, and keys that must be absent by an advisory lock, since there
// is no row to lock: shared by those who check that the key stays absent, exclusive for him who inserts it. A batch with more than 200
// such keys locks its tenant's absent keys as a whole, so that the server's lock table does not fill up. Where it can be, all of this is one
// statement and one round trip: if this process has seen the rows that it writes over. A counter is kept in 8
// stripes, chosen by the connection, so that commits do not wait for each other's counters. What the server aborts (serialization
// failure, deadlock, unique violation) is an ErrConflict that names the rows of the batch; for a batch without rows, the groups it
// finishes, under the kind "group". Leases are committed without waiting for the disk: one that a crash of the server takes back leaves
// its group to be leased again, and what was committed under it was on the disk after it. Commits of a tenant go together on one
// connection; behind one that the database holds up, as for a row that a host's open transaction has changed, the others wait for a
// quarter of a second, and then go on another, up to eight at a time.
//
// Give the pool as many idle connections as it may have (SetMaxIdleConns): a connection keeps the plans of its statements, which are large and take
// as long to plan as to run, and database/sql closes all but two that rest.
//
// With Options.Await the store implements [store.Listener]. Work that is due at once is then announced by NOTIFY: after the commit, in a
// statement of its own, at most twenty times a second. Listen holds one connection of the pool, on which Await waits; docs/embedding.md has
// that function for pgx. What a host's transaction commits is not announced.
//
// With Options.Partitions every table but the one of versions is made in parts by a hash of the tenant, or of the lane. Give such a database
// plan_cache_mode=force_custom_plan: a plan that is kept for any tenant may sort all that a tenant has instead of reading an index in order.
//
// Plans rest on statistics, which autovacuum gathers within a minute or so. After filling empty tables with much at once, run ANALYZE:
// before that, a list may sort a tenant's rows instead of reading their index.
//
// # SQLite
//
// A commit is one transaction that has the write lock from its beginning. The commits of one Store wait for each other in the process, in order; those of another
// process wait for busy_timeout. A lock that is not had by then is the driver's error, wrapped, not a conflict. Open the database with
// the settings of [SQLitePragmas]: without write-ahead logging readers block writers, and with less than synchronous=FULL an
// acknowledged commit may be lost with the power. Leases, which are no commits of the host's, do not wait for the disk. A host that binds its own transaction begins it IMMEDIATE; if it began it otherwise
// and another wrote since its first read, SQLite refuses every later write in it, and the answer is ErrTxLost.
package sqlstore
