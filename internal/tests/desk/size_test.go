package desk_test

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"
)

// full reports whether FRONTDESK_FULL is set: then the experiments have the size of the published figures, and take an hour.
func full() bool { return os.Getenv("FRONTDESK_FULL") != "" }

// size is how large an experiment is: with -short, by default, and with FRONTDESK_FULL.
func size(short, usual, published int) int {
	switch {
	case full():
		return published
	case testing.Short():
		return short
	}
	return usual
}

// seeded returns a source of chance, and tells its seed. FRONTDESK_SEED sets it. Defaults to another one every time.
func seeded(t *testing.T) *rand.Rand {
	t.Helper()
	seed, err := strconv.ParseUint(os.Getenv("FRONTDESK_SEED"), 10, 64)
	if err != nil {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("FRONTDESK_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 7))
}
