//go:build unix

package desk_test

import (
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// cramped is what ulimit -f does to this process, undone at the end: the system refuses to write behind the first 64 kB of any file.
func cramped(t *testing.T, checkpoint func()) ill {
	signal.Ignore(syscall.SIGXFSZ)
	var before syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before))
	return ill{"the system refuses to write", "disk I/O error", func() {
		checkpoint() // the log begins at the beginning of its file
		require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 64 << 10, Max: before.Max}))
	}, func() { require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before)) }}
}

// An I/O error while SQLite writes its log, in a process of its own, since the limit is a process's.
func TestX11_IOError(t *testing.T) {
	if os.Getenv("DESK_TEST_CRAMPED") == "" {
		cmd := exec.Command(os.Args[0], "-test.run", "^TestX11_IOError$", "-test.v", "-test.timeout", "2m")
		cmd.Env = append(os.Environ(), "DESK_TEST_CRAMPED=1")
		said, err := cmd.CombinedOutput()
		require.NoError(t, err, string(said))
		assert.Contains(t, string(said), "--- PASS: TestX11_IOError")
		return
	}
	o := impatient(t)
	o.DB.SetMaxOpenConns(1)
	newWorld(t, o).suffers(cramped(t, statement(t, o.DB, "pragma wal_checkpoint(truncate)")))
}
