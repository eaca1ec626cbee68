package stores

import (
	"context"
	"os"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/store/sqlstore"
)

// spare are databases on the process's own server that tests have left, with their tables and connections: to make them takes longer than
// most tests do.
var spare struct {
	sync.Mutex
	all []*Opened
}

// emptied is PostgreSQL, with tables that an earlier test may have used and that are empty again. On a server of somebody else's the tables are
// the test's alone, since they are dropped with the test.
func emptied(t testing.TB) *Opened {
	t.Helper()
	if os.Getenv("FRONTDESK_POSTGRES") != "" {
		return PostgreSQL(t)
	}
	o := fromSpare()
	if o == nil {
		dsn := server(t)
		o = &Opened{Driver: "pgx", DSN: Extended(dsn, "search_path="+newSchema(t, dsn)), Options: sqlstore.Options{Dialect: sqlstore.PostgreSQL}}
		o.connect(t)
		o.fresh(t)
		require.NoError(t, o.SQL.Migrate(context.Background()))
	}
	o.fresh(t)
	db := o.DB
	t.Cleanup(func() {
		if t.Failed() { // who knows what still runs
			_ = db.Close()
			return
		}
		_, err := db.ExecContext(context.Background(), `set lock_timeout = '10s'; delete from frontdesk_rows; delete from frontdesk_facts; delete from frontdesk_words;
			delete from frontdesk_counters; delete from frontdesk_jobs; delete from frontdesk_leases; reset lock_timeout`)
		require.NoError(t, err)
		spare.Lock()
		defer spare.Unlock()
		spare.all = append(spare.all, &Opened{DB: db, Driver: o.Driver, DSN: o.DSN, Options: o.Options})
	})
	return o
}

func fromSpare() *Opened {
	spare.Lock()
	defer spare.Unlock()
	n := len(spare.all) - 1
	if n < 0 {
		return nil
	}
	o := spare.all[n]
	spare.all = spare.all[:n]
	return o
}
