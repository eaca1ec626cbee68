package frontdesk

import (
	"context"

	"github.com/frontdesk-go/frontdesk/conversation"
)

// Counts returns the caller's unread conversations of the inbox and its tabs, in one call to the store however many there are.
func (s *Session) Counts(ctx context.Context) (counts Counts, err error) {
	err = s.read(ctx, "counts", "", func(t *txn, c caller) error {
		boxes, err := t.mailboxes(c)
		if err != nil {
			return err
		}
		settings, err := t.settings()
		if err != nil {
			return err
		}
		teams := c.agent.Teams
		if c.all {
			if teams, err = teamIDs(t); err != nil {
				return err
			}
		}
		counts, err = t.counts(c, boxes, teams, settings.GlobalRead)
		return err
	})
	return counts, err
}

func teamIDs(t *txn) ([]string, error) {
	teams, err := documents[Team](t, "team/")
	ids := make([]string, len(teams))
	for i, team := range teams {
		ids[i] = team.ID
	}
	return ids, err
}

// tab is one number of Counts, and the counters it is made of.
type tab struct {
	to    *int64
	into  map[string]int64
	key   string
	total string
	read  string
	// readAll is what has been read for everybody; "" with the global read status.
	readAll string
}

func (t *txn) counts(c caller, boxes []Mailbox, teams []string, global bool) (Counts, error) {
	out := Counts{Mailboxes: map[string]int64{}, Teams: map[string]int64{}}
	var tabs []tab
	for _, box := range boxes {
		out.Mailboxes[box.ID] = 0
		for _, method := range box.Methods {
			add := func(who string, tb tab) {
				tb.total = conversation.CountTotal(box.ID, method, who)
				tb.read = conversation.CountRead(box.ID, method, who, conversation.ReadAnybody)
				if !global {
					tb.read = conversation.CountRead(box.ID, method, who, c.agent.ID)
					tb.readAll = conversation.CountRead(box.ID, method, who, conversation.ReadAll)
				}
				tabs = append(tabs, tb)
			}
			add(conversation.CountAny, tab{to: &out.All, into: out.Mailboxes, key: box.ID})
			add(conversation.CountNobody, tab{to: &out.Unassigned})
			if c.agent.ID != "" {
				add(conversation.CountAgent(c.agent.ID), tab{to: &out.Mine})
			}
			for _, team := range teams {
				add(conversation.CountTeam(team), tab{into: out.Teams, key: team})
			}
		}
	}
	names := make([]string, 0, 3*len(tabs))
	for _, tb := range tabs {
		names = append(names, tb.total, tb.read)
		if tb.readAll != "" {
			names = append(names, tb.readAll)
		}
	}
	values, err := t.loadCounters(nil, names)
	if err != nil {
		return out, err
	}
	for _, tb := range tabs {
		n := values[tb.total] - values[tb.read] - values[tb.readAll]
		if tb.to != nil {
			*tb.to += n
		}
		if tb.into != nil {
			tb.into[tb.key] += n
		}
	}
	return out, nil
}
