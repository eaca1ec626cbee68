package main

import (
	"strings"
	"testing"
)

// The story is told twice on one file: the second time it goes on where the first ended.
func TestStory(t *testing.T) {
	t.Setenv("FRONTDESK_EXAMPLE_DIR", t.TempDir())
	for i, want := range [][]string{
		{"forges a delivery: 403", "2 unread, 2 of them unassigned", "2 segments, 120 left", "it is one message: true", "the window is closed; send a template",
			"Ben has the template", "0 unread"},
		{"2 unread, 1 of them unassigned", "6 messages", "2 segments, 120 left", "Ben has the template", "0 unread"},
	} {
		var story strings.Builder
		out = &story
		if err := run(t.Context()); err != nil {
			t.Fatalf("run %d: %v\n%s", i+1, err, story.String())
		}
		for _, line := range want {
			if !strings.Contains(story.String(), line) {
				t.Errorf("run %d does not say %q:\n%s", i+1, line, story.String())
			}
		}
		if n := strings.Count(story.String(), "\n"); n >= 60 {
			t.Errorf("run %d takes %d lines; keep it under 60", i+1, n)
		}
	}
}
