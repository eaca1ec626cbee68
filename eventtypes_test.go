package frontdesk

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A type of event that is missing in eventTypes could not be asked for.
func TestEveryEventTypeIsKnown(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("conversation", "event.go"))
	require.NoError(t, err)
	declared := regexp.MustCompile(`(?m)^\tEvent\w+\s+= "([a-z.]+)"`).FindAllStringSubmatch(string(text), -1)
	require.Greater(t, len(declared), 30)
	for _, m := range declared {
		assert.Contains(t, eventTypes, m[1])
	}
	assert.Len(t, eventTypes, len(declared))
}
