package frontdesk

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	requirementRow  = regexp.MustCompile(`^\| ([A-Z]\d+) \| (.+) \| (.*) \|$`)
	requirementTest = regexp.MustCompile(`(?m)^func (Test([A-Z]\d+)_\w+)\(`)
)

// The table of behaviours names for each the tests that show it: all there are, and none that is not there.
func TestRequirementsNameTheirTests(t *testing.T) {
	tests := requirementTests(t)
	text, err := os.ReadFile(filepath.Join("docs", "requirements.md"))
	require.NoError(t, err)
	var rows []string
	for line := range strings.Lines(string(text)) {
		m := requirementRow.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil {
			continue
		}
		id := m[1]
		assert.NotContains(t, rows, id, "a behaviour has one row")
		rows = append(rows, id)
		assert.Equal(t, tests[id], strings.Split(m[3], ", "), "the tests of %s", id)
	}
	for id, names := range tests {
		assert.Contains(t, rows, id, "docs/requirements.md has no row for %v", names)
	}
}

// requirementTests are the tests that are named after a behaviour, sorted, by its ID.
func requirementTests(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	err := filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range requirementTest.FindAllStringSubmatch(string(text), -1) {
			if !strings.ContainsAny(m[2][:1], "BX") { // targets of speed and reliability have documents of their own
				found[m[2]] = append(found[m[2]], m[1])
			}
		}
		return err
	})
	require.NoError(t, err)
	for _, names := range found {
		slices.Sort(names)
	}
	return found
}
