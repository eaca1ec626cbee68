package storetest

import (
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// documented returns the numbered rules of a package comment.
func documented(t *testing.T, path string) map[int]string {
	t.Helper()
	src, err := os.ReadFile(path)
	require.NoError(t, err)
	first, more := regexp.MustCompile(`^//  (\d+)\. (.*)$`), regexp.MustCompile(`^//     (\S.*)$`)
	found, last := map[int]string{}, 0
	for line := range strings.SplitSeq(string(src), "\n") {
		if m := first.FindStringSubmatch(line); m != nil {
			last, err = strconv.Atoi(m[1])
			require.NoError(t, err)
			assert.NotContains(t, found, last, "rule %d stands there twice", last)
			found[last] = m[2]
		} else if m := more.FindStringSubmatch(line); m != nil && last > 0 {
			found[last] += " " + m[1]
		} else {
			last = 0
		}
	}
	return found
}

func TestRulesAgreeWithTheirSource(t *testing.T) {
	want := documented(t, "../store/doc.go")
	require.NotEmpty(t, want)
	assert.Equal(t, want, rules)
	for n := range len(rules) {
		assert.Contains(t, rules, n+1, "the rules are numbered without gaps")
	}
}

func TestEveryRuleHasACaseAndEveryCaseARule(t *testing.T) {
	checked, names := map[int]bool{}, map[string]bool{}
	for _, tc := range cases() {
		assert.NotEmpty(t, tc.rules, "%s names no rule", tc.name)
		assert.False(t, names[tc.name], "%s stands there twice", tc.name)
		assert.Regexp(t, `^[A-Z][a-z]+/[A-Z]\w+$`, tc.name)
		names[tc.name] = true
		for _, rule := range tc.rules {
			assert.Contains(t, rules, rule, "%s names a rule that does not exist", tc.name)
			checked[rule] = true
		}
	}
	for rule := range rules {
		assert.True(t, checked[rule], "rule %d has no case", rule)
	}
}

func TestCasesAreGroupedByTopic(t *testing.T) {
	var topics []string
	for _, tc := range cases() {
		topic, _, _ := strings.Cut(tc.name, "/")
		if len(topics) == 0 || topics[len(topics)-1] != topic {
			assert.False(t, slices.Contains(topics, topic), "topic %s stands apart", topic)
			topics = append(topics, topic)
		}
	}
}

func TestSkips(t *testing.T) {
	c := Config{Skip: map[string]string{"Rows/KindsAreApart": "they are not", "Rows/NoSuchCase": "x", "Load/ManyKeys": ""}}
	assert.Equal(t, []string{"Load/ManyKeys", "Rows/NoSuchCase"}, unknown(cases(), c.Skip))
	assert.Equal(t, "they are not", c.skip(caseNamed(t, "Rows/KindsAreApart")))
	assert.Equal(t, "Config.Tx is nil", c.skip(caseNamed(t, "Tx/NothingBeforeCommit")))
	assert.Equal(t, "Config.Reopen is nil", c.skip(caseNamed(t, "Commit/SeenByOthers")))
	assert.Empty(t, c.skip(caseNamed(t, "Rows/IDsByteByByte")))
}

func TestLookAlikesAreInByteOrder(t *testing.T) {
	assert.True(t, slices.IsSorted(lookAlikes))
	assert.Len(t, slices.Compact(slices.Clone(lookAlikes)), len(lookAlikes))
}
