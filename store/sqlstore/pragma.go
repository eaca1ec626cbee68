package sqlstore

import (
	"net/url"
	"strings"
)

// SQLitePragmas returns the settings that every connection to a SQLite database needs, as statements, for drivers that run them when
// they connect. They are: write-ahead logging, so that readers and the writer do not block each other; synchronous=FULL, so that an
// acknowledged commit survives loss of power; ten seconds of waiting for a writer of another process; and no more than 16 MB of log that is left
// after a stretch of much writing, which would stay as large as it ever was.
// https://www.sqlite.org/pragma.html
func SQLitePragmas() []string {
	return []string{
		"pragma busy_timeout = 10000", // first, since changing the journal needs a lock
		"pragma journal_mode = wal",
		"pragma synchronous = full",
		"pragma journal_size_limit = 16777216",
		"pragma foreign_keys = on", // the package has no foreign keys; a host that adds its own tables expects them to hold
	}
}

// SQLiteDSN returns the data source name of a database file for modernc.org/sqlite, with the settings of SQLitePragmas and with
// transactions that begin IMMEDIATE, as a host's transaction must.
func SQLiteDSN(path string) string {
	settings := url.Values{"_txlock": {"immediate"}}
	for _, pragma := range SQLitePragmas() {
		name, value, _ := strings.Cut(strings.TrimPrefix(pragma, "pragma "), " = ")
		settings.Add("_pragma", name+"("+value+")")
	}
	file := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: settings.Encode()}
	return file.String()
}
