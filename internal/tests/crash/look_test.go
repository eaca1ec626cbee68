package crash_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/channel/loopback"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
)

// afterLease is longer than any lease, whatever two clocks say.
const afterLease = 5 * time.Minute

// furnish makes a mailbox, agents and a channel of a kind.
func furnish(t *testing.T, d *frontdesk.Desk, kind string) frontdesk.Channel {
	t.Helper()
	s := d.As(frontdesk.System(tenant))
	require.NoError(t, s.SaveMailbox(ctx, frontdesk.Mailbox{ID: "berlin"}))
	for _, id := range []string{"jane", "joe"} {
		require.NoError(t, s.SaveAgent(ctx, frontdesk.Agent{ID: id, Mailboxes: []string{"berlin"}}))
	}
	ch, err := s.AddChannel(ctx, frontdesk.Channel{Kind: kind, Account: "shop", Mailbox: "berlin", Default: true})
	require.NoError(t, err)
	return ch
}

// parent makes the Desk of the test's own process, whose clock is ahead.
func parent(t *testing.T, o *stores.Opened, ahead time.Duration) *frontdesk.Desk {
	t.Helper()
	d, err := frontdesk.New(frontdesk.Config{Store: o, Drivers: drivers(loopback.New()), BaseURL: "https://desk.example.com",
		Now: func() time.Time { return time.Now().Add(ahead) }})
	require.NoError(t, err)
	return d
}

// seen is all that is in a database.
type seen struct {
	conversations map[string]frontdesk.Conversation
	messages      map[string]conversation.Message // by ID
	provider      map[string]int                  // inbound messages by the provider's ID
	events        []frontdesk.Event
}

// look reads everything, and checks that nothing of it is torn: each conversation's header says what its entries say, entries and events
// have no gaps, the kept counts are those of a recount, and the events tell of every message and conversation once. The jobs were run.
func look(t *testing.T, d *frontdesk.Desk) *seen {
	t.Helper()
	x := &seen{conversations: map[string]frontdesk.Conversation{}, messages: map[string]conversation.Message{}, provider: map[string]int{}}
	s := d.As(frontdesk.System(tenant))
	for _, c := range all(t, s, frontdesk.AllView) {
		require.NotContains(t, x.conversations, c.ID, "listed twice")
		x.conversations[c.ID] = c
		x.lookInto(t, s, c)
	}
	x.lookAtEvents(t, d)
	for _, agent := range []string{"jane", "joe"} {
		recount(t, d.As(frontdesk.Actor{Tenant: tenant, Agent: agent}), agent)
	}
	return x
}

// all returns what a view lists.
func all(t *testing.T, s *frontdesk.Session, view frontdesk.View) (found []frontdesk.Conversation) {
	t.Helper()
	for cursor := ""; ; {
		page, err := s.Conversations(ctx, frontdesk.Query{View: view, Limit: 1000, Cursor: cursor})
		require.NoError(t, err)
		found = append(found, page.Items...)
		if cursor = page.Next; cursor == "" {
			return found
		}
	}
}

// lookInto compares a conversation's header with its entries.
func (x *seen) lookInto(t *testing.T, s *frontdesk.Session, c frontdesk.Conversation) {
	t.Helper()
	var sequence, latest, attention int64
	messages, preview := 0, ""
	for cursor := ""; ; {
		page, err := s.Timeline(ctx, c.ID, frontdesk.TimelineQuery{Ascending: true, Limit: 1000, Cursor: cursor})
		require.NoError(t, err)
		for _, m := range page.Items {
			sequence++
			require.Equal(t, sequence, m.Sequence, "the entries of %s have no gaps", c.ID)
			x.messages[m.ID] = m
			if m.Direction == conversation.Activity {
				continue
			}
			messages++
			latest, preview = m.Sequence, m.Text
			if m.Direction == conversation.Inbound {
				attention = m.Sequence
				x.provider[m.ProviderID]++
			}
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	require.Equal(t, sequence, c.Sequence, "the header of %s knows its last entry", c.ID)
	require.Equal(t, messages, c.Messages, "and counts its messages")
	require.Equal(t, latest, c.Latest, "and its newest message")
	require.Equal(t, preview, c.Preview, "and shows that")
	if c.Snoozed.IsZero() && attention > 0 {
		require.GreaterOrEqual(t, c.Attention.Sequence, attention, "and knows the last customer's message")
	}
}

// lookAtEvents reads the feed and compares it with what is stored.
func (x *seen) lookAtEvents(t *testing.T, d *frontdesk.Desk) {
	t.Helper()
	for {
		events, err := d.Events(ctx, tenant, int64(len(x.events)), 1000)
		require.NoError(t, err)
		if len(events) == 0 {
			break
		}
		for _, e := range events {
			x.events = append(x.events, e)
			require.Equal(t, int64(len(x.events)), e.Position, "positions have no gaps")
		}
	}
	created, received, outgoing := map[string]int{}, map[string]int{}, map[string]int{}
	for _, e := range x.events {
		switch e.Type {
		case conversation.EventCreated:
			created[e.Conversation]++
		case conversation.EventReceived:
			received[e.Message]++
		case conversation.EventOutgoing:
			outgoing[e.Message]++
		}
	}
	wantCreated, wantReceived, wantOutgoing := map[string]int{}, map[string]int{}, map[string]int{}
	for id := range x.conversations {
		wantCreated[id] = 1
	}
	for id, m := range x.messages {
		switch m.Direction {
		case conversation.Inbound:
			wantReceived[id] = 1
		case conversation.Outbound:
			wantOutgoing[id] = 1
		}
	}
	require.Equal(t, wantCreated, created, "each conversation's beginning is told once")
	require.Equal(t, wantReceived, received, "each message that came in is told once")
	require.Equal(t, wantOutgoing, outgoing, "each message that goes out is told once")
}

// count counts the events of a type for each conversation.
func (x *seen) count(kind string) map[string]int {
	n := map[string]int{}
	for _, e := range x.events {
		if e.Type == kind {
			n[e.Conversation]++
		}
	}
	return n
}

// recount compares an agent's kept counts with what his inbox shows.
func recount(t *testing.T, s *frontdesk.Session, agent string) {
	t.Helper()
	want := frontdesk.Counts{Mailboxes: map[string]int64{"berlin": 0}, Teams: map[string]int64{}}
	for _, c := range all(t, s, frontdesk.Inbox) {
		if !c.Unread {
			continue
		}
		want.All++
		want.Mailboxes[c.Mailbox]++
		if c.Agent == agent {
			want.Mine++
		}
		if c.Agent == "" {
			want.Unassigned++
		}
	}
	got, err := s.Counts(ctx)
	require.NoError(t, err)
	require.Equal(t, want, got, "kept counts of %s", agent)
}
