package sms

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestPlainForms(t *testing.T) {
	seen := map[rune]bool{}
	for _, group := range [][]struct{ from, to string }{signs[:], letters[:]} {
		for _, g := range group {
			for _, r := range g.from {
				assert.False(t, seen[r], "%q is listed twice", r)
				assert.False(t, isGSM7(r), "%q needs no replacement", r)
				seen[r] = true
			}
			_, _, ok := septets(g.to)
			assert.True(t, ok, "%q is not in the default alphabet", g.to)
			assert.NotContains(t, g.from, "\uFFFD")
		}
	}
	for _, r := range invisibleMarks {
		assert.False(t, seen[r], "%q is listed twice", r)
	}
	for pair, whole := range composed {
		assert.True(t, isGSM7(pair[0]) && isMark(pair[1]) && defaultCost(whole) == 1, "%q", whole)
	}
}

func TestDefaultTables(t *testing.T) {
	assert.Len(t, []rune(alphabet), 127, "128 septets less the escape")
	n := 0
	for r := range rune(0x11000) {
		if defaultCost(r) > 0 {
			n++
		}
	}
	assert.Equal(t, 127+10, n)
}

func TestRangesAscend(t *testing.T) {
	for i, n := range nationals {
		for _, ranges := range [][]rune{n.locking.own, n.locking.shared, n.single.own, n.single.shared} {
			assert.Zero(t, len(ranges)%2)
			for j := 1; j < len(ranges); j++ {
				if j%2 == 1 {
					assert.LessOrEqual(t, ranges[j-1], ranges[j], "%v", Language(i))
				} else {
					assert.Less(t, ranges[j-1]+1, ranges[j], "%v: neighbours are one range", Language(i))
				}
			}
		}
	}
}
