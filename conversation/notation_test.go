package conversation

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// standing names where a conversation stands: its shelf, and the status and marks that the shelf does not tell.
func standing(c *Conversation) string {
	name := string(c.Shelf())
	switch c.Shelf() {
	case ShelfDone, ShelfArchive, ShelfSpam, ShelfTrash:
		if c.Finished {
			name += "-finished"
		} else {
			name += "-" + string(c.Status)
		}
	}
	if c.Returned {
		name += "-returned"
	}
	if c.Asleep {
		name += "-asleep"
	}
	return name
}

// outcome writes what happened as the transitions do.
func outcome(before *Conversation, ch *Change, err error) string {
	if err != nil {
		refused, ok := err.(*StateError)
		if !ok {
			return err.Error()
		}
		return strings.TrimSpace("no " + refused.Instead)
	}
	after := &ch.Conversation
	if !ch.Changed() {
		return "same"
	}
	words := []string{standing(after)}
	if standing(after) == standing(before) {
		words[0] = "="
	}
	marks := ""
	if after.Activity.After(before.Activity) {
		marks += "^"
	}
	switch {
	case after.Attention.Sequence > before.Attention.Sequence && after.Readers.Agents == nil && !after.Readers.All && !after.Readers.Anybody:
		marks += "!"
	case after.Attention.Sequence < before.Attention.Sequence:
		marks += "?"
	case after.Attention != before.Attention:
		marks += "(attention changed and readers stayed)"
	}
	if marks != "" {
		words = append(words, marks)
	}
	for _, name := range types(ch.Events) {
		_, name, _ = strings.Cut(name, ".")
		words = append(words, name)
	}
	return strings.Join(words, " ")
}

func parseTransitions(t *testing.T) map[string]string {
	all := []string{}
	for _, s := range states {
		all = append(all, s.name)
	}
	want, command := map[string]string{}, ""
	for line := range strings.Lines(strings.TrimSpace(transitions)) {
		line = strings.TrimRight(line, "\n")
		left, right, found := strings.Cut(line, " -> ")
		if !found {
			command = line
			continue
		}
		for _, word := range strings.Fields(left) {
			names := []string{word}
			if word == "all" {
				names = all
			} else if group, ok := groups[word]; ok {
				names = group
			}
			for _, name := range names {
				key := command + "/" + name
				require.NotContains(t, want, key, "a pair is listed twice")
				want[key] = right
			}
		}
	}
	return want
}
