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
)

// once starts the server on first use.
var once = sync.OnceValues(start)

// server returns the data source name of a PostgreSQL server, or ends the test.
func server(t testing.TB) string {
	t.Helper()
	if dsn := os.Getenv("FRONTDESK_POSTGRES"); dsn != "" {
		return dsn
	}
	dsn, err := once()
	switch {
	case err == nil:
		return dsn
	case os.Getenv("FRONTDESK_REQUIRE_POSTGRES") != "":
		t.Fatalf("PostgreSQL is required (FRONTDESK_REQUIRE_POSTGRES) and cannot be had: %v", err)
	default:
		t.Skipf("no PostgreSQL: %v; install the server's programs or set FRONTDESK_POSTGRES", err)
	}
	return ""
}

var schemas atomic.Int64

// freshSchema makes a schema that is dropped when the test ends, and returns a data source name whose tables are in it.
func freshSchema(t testing.TB, dsn string) string {
	t.Helper()
	name := fmt.Sprintf("test_%d_%d", os.Getpid(), schemas.Add(1))
	db, err := sql.Open("pgx", dsn)
	require.NoError(t, err)
	defer db.Close()
	_, err = db.ExecContext(context.Background(), "create schema "+name)
	require.NoError(t, err)
	t.Cleanup(func() {
		db, err := sql.Open("pgx", dsn)
		require.NoError(t, err)
		defer db.Close()
		_, err = db.ExecContext(context.Background(), "drop schema if exists "+name+" cascade")
		require.NoError(t, err)
	})
	return Extended(dsn, "search_path="+name)
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
