package crash_test

import (
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
)

// size returns a number from an environment variable, or its default.
func size(t *testing.T, variable string, otherwise int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	require.NoError(t, err, variable)
	return n
}

// drawn returns a source of chance, and prints its seed. Set FRONTDESK_CRASH_SEED to draw the same again; how processes and the
// database take turns stays what it is.
func drawn(t *testing.T) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("FRONTDESK_CRASH_SEED"); text != "" {
		var err error
		seed, err = strconv.ParseUint(text, 10, 64)
		require.NoError(t, err, "FRONTDESK_CRASH_SEED")
	}
	t.Logf("FRONTDESK_CRASH_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// normal is SQLite with synchronous=NORMAL: a commit is not waited for until the disk has it.
func normal(t testing.TB) *stores.Opened {
	full := stores.SQLite(t)
	o := *full
	o.DSN = strings.Replace(o.DSN, "synchronous%28full%29", "synchronous%28normal%29", 1)
	require.NotEqual(t, full.DSN, o.DSN)
	return o.Again(t)
}
