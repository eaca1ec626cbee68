package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"strconv"
	"strings"
	"time"
)

//go:embed migrations/*.sql
var scripts embed.FS

// Migration brings the tables from one version to the next.
type Migration struct {
	Version int    // 1 is the first
	Name    string // of letters and underscores
	SQL     string // statements, each ended by a semicolon and an empty line; the last one records the version
}

// NewerSchemaError says that the tables were made by a newer version of the program, which alone can use them.
type NewerSchemaError struct {
	Have, Want int // versions: the database's, this program's
}

func (e *NewerSchemaError) Error() string {
	return fmt.Sprintf("sqlstore: the tables are at version %d, this program knows up to %d; run a newer program", e.Have, e.Want)
}

// OlderSchemaError says that migrations are missing.
type OlderSchemaError struct {
	Have, Want int // versions: the database's (0: no tables), this program's
}

func (e *OlderSchemaError) Error() string {
	return fmt.Sprintf("sqlstore: the tables are at version %d, this program needs %d; call Migrate, or apply Migrations", e.Have, e.Want)
}

// Migrations returns all migrations in order, as SQL to print or to hand to a tool of the host's own. Errors: store.ErrInvalid.
func Migrations(opt Options) ([]Migration, error) {
	t, err := newTables(opt)
	if err != nil {
		return nil, err
	}
	return t.migrations()
}

func (t *tables) migrations() ([]Migration, error) {
	entries, err := scripts.ReadDir("migrations")
	if err != nil {
		return nil, err
	}
	all := make([]Migration, len(entries))
	for i, entry := range entries { // sorted by name, which begins with the version
		text, err := scripts.ReadFile("migrations/" + entry.Name())
		if err != nil {
			return nil, err
		}
		number, name, _ := strings.Cut(strings.TrimSuffix(entry.Name(), ".sql"), "_")
		version, err := strconv.Atoi(number)
		if err != nil {
			return nil, err
		}
		all[i] = Migration{Version: version, Name: name, SQL: t.partitioned(t.words().Replace(string(text)))}
	}
	return all, nil
}

// words are what the scripts leave to the dialect.
func (t *tables) words() *strings.Replacer {
	pairs := []string{"{prefix}", t.schema + t.prefix, "{index}", t.prefix, "{bytes}", t.bytes()}
	if t.dialect == PostgreSQL {
		// Half-empty pages let a counter's new value stay on its page, so that its index is not written.
		pairs = append(pairs, "{text}", `text collate "C"`, "{int}", "bigint", "{clustered}", "", "{roomy}", " with (fillfactor = 50)", "{absent}", t.absentFunction(), "{settle}", t.settleFunction())
	} else {
		pairs = append(pairs, "{text}", "text", "{int}", "integer", "{clustered}", " without rowid", "{roomy}", "", "{absent}", "", "{settle}", "")
	}
	return strings.NewReplacer(pairs...)
}

// Migrate applies the migrations that the database lacks, all in one transaction. Two processes may call it at the same time.
// Errors: *NewerSchemaError.
func (s *Store) Migrate(ctx context.Context) error {
	all, err := s.migrations()
	if err != nil {
		return failed("migrate", "", err)
	}
	return failed("migrate", "", patiently(ctx, func() error {
		if s.dialect == SQLite {
			return s.alone(ctx, func(conn *sql.Conn) (bool, error) {
				return immediate(ctx, conn, func(q querier) error { return s.migrate(ctx, q, all) })
			})
		}
		return s.transact(ctx, func(q querier) error {
			lock := new(statement).add("select pg_advisory_xact_lock(?)", s.hash("migrate"))
			if _, err := s.exec(ctx, q, lock); err != nil {
				return err
			}
			return s.migrate(ctx, q, all)
		})
	}))
}

// patiently repeats fn for ten seconds while SQLite says that the file is locked. The setting busy_timeout does not cover the first
// change of a new file to write-ahead logging: of two connections that try it at once, one is refused without waiting.
// https://www.sqlite.org/c3ref/busy_handler.html
func patiently(ctx context.Context, fn func() error) error {
	for end := time.Now().Add(10 * time.Second); ; {
		err := fn()
		if err == nil || !busy(err) || time.Now().After(end) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (t *tables) migrate(ctx context.Context, q querier, all []Migration) error {
	have, err := t.version(ctx, q)
	if err != nil {
		return err
	}
	if want := len(all); have > want {
		return &NewerSchemaError{Have: have, Want: want}
	}
	for _, m := range all[have:] {
		for _, command := range strings.Split(m.SQL, ";\n") {
			if strings.TrimSpace(command) == "" {
				continue
			}
			if _, err := q.ExecContext(ctx, command); err != nil {
				return fmt.Errorf("version %d: %w", m.Version, err)
			}
		}
	}
	return nil
}

// Check says whether the tables are at the version this program needs. Errors: *OlderSchemaError, *NewerSchemaError.
func (s *Store) Check(ctx context.Context) error {
	all, err := s.migrations()
	if err != nil {
		return failed("check", "", err)
	}
	have, err := s.version(ctx, s.db)
	switch want := len(all); {
	case err != nil:
		return failed("check", "", err)
	case have > want:
		return &NewerSchemaError{Have: have, Want: want}
	case have < want:
		return &OlderSchemaError{Have: have, Want: want}
	}
	return nil
}

// version returns the version of the tables, 0 if there are none.
func (t *tables) version(ctx context.Context, q querier) (int, error) {
	there := new(statement)
	if t.dialect == PostgreSQL {
		there.add("select 1 where to_regclass(?) is not null", t.versions)
	} else {
		there.add("select 1 from sqlite_master where type = 'table' and name = ?", t.versions)
	}
	found, version := 0, 0
	if err := t.query(ctx, q, there, func(r *sql.Rows) error { return r.Scan(&found) }); err != nil || found == 0 {
		return 0, err
	}
	newest := new(statement).add("select coalesce(max(version), 0) from " + t.versions)
	err := t.query(ctx, q, newest, func(r *sql.Rows) error { return r.Scan(&version) })
	return version, err
}
