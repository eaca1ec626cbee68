package crash_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
)

// The database fails under a Desk that takes messages in and sends: nothing acknowledged is lost, nothing is done twice, and the work goes
// on by itself.
func TestX3_TheDatabaseFails(t *testing.T) {
	server := stores.NewServer(t)
	t.Run("its processes are killed", func(t *testing.T) { processesKilled(t, server) })
	if !testing.Short() {
		t.Run("it is away", func(t *testing.T) { away(t, server) })
	}
	t.Run("a connection is lost in a commit", func(t *testing.T) { lostInACommit(t, server) })
}

// processesKilled kills a process of the database, which makes PostgreSQL end all connections and recover, and then terminates
// connections. FRONTDESK_CRASH_BACKENDS is how often a process is killed, and a tenth of how often connections are terminated; published
// are 50 and 500.
func processesKilled(t *testing.T, server *stores.Server) {
	n := size(t, "FRONTDESK_CRASH_BACKENDS", 1)
	b := newBusy(t, server)
	var away, resumed time.Duration
	for range n {
		b.goesOn()
		away = max(away, b.crash())
		resumed = max(resumed, b.goesOn())
	}
	t.Logf("killed %d times: the database was away for at most %v, and the library went on at most %v later", n, away, resumed)
	resumed = 0
	for range 10 * n {
		_, err := b.admin.ExecContext(ctx, "select pg_terminate_backend($1)", b.victim())
		require.NoError(t, err)
		resumed = max(resumed, b.goesOn())
	}
	t.Logf("terminated %d connections: the library went on after at most %v", 10*n, resumed)
	b.finish()
	assert.Positive(t, b.refused+b.failed, "the database was missed")
}

// away stops the database for a while: deliveries are told to come again meanwhile. FRONTDESK_CRASH_AWAY is for how many seconds; published
// is a minute.
func away(t *testing.T, server *stores.Server) {
	b := newBusy(t, server)
	b.goesOn()
	server.Stop(t)
	time.Sleep(50 * time.Millisecond) // what was under way has ended
	before, end := b.acks(), time.Now().Add(time.Duration(size(t, "FRONTDESK_CRASH_AWAY", 1))*time.Second)
	for ; time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		require.Equal(t, http.StatusServiceUnavailable, deliver(b.desk, b.inbound, "asked-1"))
	}
	require.Equal(t, before, b.acks(), "nothing is acknowledged that cannot be kept")
	server.Start(t)
	b.reachable()
	t.Logf("the library went on %v after the database", b.goesOn())
	require.Equal(t, http.StatusOK, deliver(b.desk, b.inbound, "asked-1"))
	b.mu.Lock()
	b.acked = append(b.acked, "asked-1")
	b.mu.Unlock()
	b.finish()
	assert.Equal(t, map[int]int{http.StatusServiceUnavailable: b.refused}, b.codes, "nothing else was answered")
}
