package stores

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/store/sqlstore"
)

// once starts the server on first use.
var once = sync.OnceValues(start)

// server returns the data source name of a PostgreSQL server, or ends the test.
func server(t testing.TB) string {
	t.Helper()
	if dsn := os.Getenv("FRONTDESK_POSTGRES"); dsn != "" {
		return dsn
	}
	c, err := once()
	if err != nil {
		missing(t, err)
	}
	return c.dsn()
}

// missing ends a test that PostgreSQL is missing for.
func missing(t testing.TB, err error) {
	t.Helper()
	if os.Getenv("FRONTDESK_REQUIRE_POSTGRES") != "" {
		t.Fatalf("PostgreSQL is required (FRONTDESK_REQUIRE_POSTGRES) and cannot be had: %v", err)
	}
	t.Skipf("no PostgreSQL: %v; install the server's programs or set FRONTDESK_POSTGRES", err)
}

// Server is a PostgreSQL server that a test has for itself, to stop and to crash. The server's programs must be there, whatever
// FRONTDESK_POSTGRES says. It is stopped when the test ends, and removed with the process.
type Server struct{ cluster *cluster }

// NewServer starts a server, or ends the test.
func NewServer(t testing.TB) *Server {
	t.Helper()
	c, err := start()
	if err != nil {
		missing(t, err)
	}
	t.Cleanup(func() { _ = c.down() }) // a test may have left it stopped
	return &Server{cluster: c}
}

// PostgreSQL returns a fresh store on the server, in a schema of the test's own, with its tables.
func (s *Server) PostgreSQL(t testing.TB) *Opened {
	t.Helper()
	o := &Opened{Driver: "pgx", DSN: freshSchema(t, s.cluster.dsn()), Options: sqlstore.Options{Dialect: sqlstore.PostgreSQL}}
	o.open(t)
	require.NoError(t, o.SQL.Migrate(context.Background()))
	return o
}

// Stop ends the server's processes at once, without a checkpoint.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	require.NoError(t, s.cluster.down())
}

// Start starts a stopped server, which recovers first.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	require.NoError(t, s.cluster.up())
}

var schemas atomic.Int64

// freshSchema makes a schema that is dropped when the test ends, and returns a data source name whose tables are in it.
func freshSchema(t testing.TB, dsn string) string {
	t.Helper()
	name := newSchema(t, dsn)
	t.Cleanup(func() { command(t, dsn, "drop schema if exists "+name+" cascade") })
	return Extended(dsn, "search_path="+name)
}

// newSchema makes a schema and returns its name.
func newSchema(t testing.TB, dsn string) string {
	t.Helper()
	name := fmt.Sprintf("test_%d_%d", os.Getpid(), schemas.Add(1))
	command(t, dsn, "create schema "+name)
	return name
}

func command(t testing.TB, dsn, text string) {
	t.Helper()
	db, err := sql.Open("pgx", dsn)
	require.NoError(t, err)
	defer db.Close()
	_, err = db.ExecContext(context.Background(), text)
	require.NoError(t, err)
}

// Extended returns a data source name with one more setting, in either of its forms.
func Extended(dsn, setting string) string {
	switch {
	case !strings.Contains(dsn, "://"):
		return dsn + " " + setting
	case strings.Contains(dsn, "?"):
		return dsn + "&" + setting
	}
	return dsn + "?" + setting
}
