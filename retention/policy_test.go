package retention_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/retention"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

func ptr(n int) *int { return &n }

// T1 and T2: 1 to 1,826 days, else a typed error with the bound.
func TestPolicyBounds(t *testing.T) {
	for n, ok := range map[int]bool{0: true, 1: true, 30: true, 1_826: true, 1_827: false, -1: false, -1_826: false} {
		for field, p := range map[string]retention.Policy{"TrashDays": {TrashDays: n}, "ArchiveDays": {ArchiveDays: n}} {
			err := p.Validate()
			if ok {
				assert.NoError(t, err, "%s %d", field, n)
				continue
			}
			require.ErrorIs(t, fmt.Errorf("wrapped: %w", err), retention.ErrBound)
			var bound *retention.BoundError
			require.True(t, errors.As(err, &bound))
			assert.Equal(t, retention.BoundError{Field: field, Got: n, Min: 1, Max: 1_826}, *bound)
			assert.EqualError(t, err, fmt.Sprintf("retention: %s is %d, allowed are 1 to 1826, or 0 for never", field, n))
		}
	}
}

func TestOverride(t *testing.T) {
	tenant := retention.Policy{TrashDays: 30, ArchiveDays: 365}
	for text, want := range map[string]retention.Policy{
		`{}`:                               {TrashDays: 30, ArchiveDays: 365},
		`{"trashDays":7}`:                  {TrashDays: 7, ArchiveDays: 365},
		`{"archiveDays":0}`:                {TrashDays: 30},
		`{"trashDays":0,"archiveDays":90}`: {ArchiveDays: 90},
	} {
		var o retention.Override
		require.NoError(t, json.Unmarshal([]byte(text), &o))
		assert.Equal(t, want, o.Policy(tenant), text)
		back, err := json.Marshal(o)
		require.NoError(t, err)
		assert.JSONEq(t, text, string(back))
	}
	assert.Equal(t, retention.Policy{TrashDays: 1}, retention.Override{TrashDays: ptr(1)}.Policy(retention.Policy{}))
}

func TestPolicyNext(t *testing.T) {
	both := retention.Policy{TrashDays: 30, ArchiveDays: 365}
	erase := retention.Step{Action: retention.Erase, At: noon.Add(30 * day)}
	archive := retention.Step{Action: retention.Archive, At: noon.Add(365 * day)}
	inbox := conversation.Conversation{Place: conversation.Inbox, Status: conversation.Open, Activity: noon}
	with := func(change func(*conversation.Conversation)) conversation.Conversation {
		c := inbox.Clone()
		change(&c)
		return c
	}
	place := func(p conversation.Place) conversation.Conversation {
		return with(func(c *conversation.Conversation) { c.Place = p })
	}
	for _, tt := range []struct {
		name   string
		c      conversation.Conversation
		policy retention.Policy
		hold   bool
		want   retention.Step
	}{
		{"T1 in trash", place(conversation.Trash), both, false, erase},
		{"T1 off", place(conversation.Trash), retention.Policy{ArchiveDays: 1}, false, retention.Step{}},
		{"T2 in the inbox", inbox, both, false, archive},
		{"T2 closed", with(func(c *conversation.Conversation) { c.Status = conversation.Closed }), both, false, archive},
		{"T2 a commit that is no activity", with(func(c *conversation.Conversation) { c.Changed = noon.Add(9 * day) }), both, false, archive},
		{"T2 snoozed", with(func(c *conversation.Conversation) { c.Snoozed = noon.Add(400 * day) }), both, false, retention.Step{}},
		{"T2 off", inbox, retention.Policy{TrashDays: 1}, false, retention.Step{}},
		{"in the archive", place(conversation.Archive), both, false, retention.Step{}},
		{"in spam", place(conversation.Spam), both, false, retention.Step{}},
		{"T4 hold, in trash", place(conversation.Trash), both, true, retention.Step{}},
		{"T4 hold, in the inbox", inbox, both, true, retention.Step{}},
		{"out of bounds", place(conversation.Trash), retention.Policy{TrashDays: -1}, false, retention.Step{}},
		{"out of bounds", inbox, retention.Policy{ArchiveDays: 1_827}, false, retention.Step{}},
		{"five years", place(conversation.Trash), retention.Policy{TrashDays: 1_826}, false, retention.Step{Action: retention.Erase, At: noon.Add(1_826 * day)}},
	} {
		before := tt.c.Clone()
		assert.Equal(t, tt.want, tt.policy.Next(&tt.c, tt.hold), tt.name)
		assert.Equal(t, before, tt.c, tt.name)
	}
}

func TestPolicyNextMessage(t *testing.T) {
	p := retention.Policy{TrashDays: 7, ArchiveDays: 1}
	assert.Equal(t, retention.Step{Action: retention.Erase, At: noon.Add(7 * day)}, p.NextMessage(noon, false))
	assert.Zero(t, p.NextMessage(noon, true), "hold")
	assert.Zero(t, p.NextMessage(time.Time{}, false), "not in trash")
	assert.Zero(t, retention.Policy{ArchiveDays: 1}.NextMessage(noon, false), "off")
}

func TestStepDue(t *testing.T) {
	s := retention.Step{Action: retention.Erase, At: noon}
	assert.False(t, s.Due(noon.Add(-1)))
	assert.True(t, s.Due(noon))
	assert.True(t, s.Due(noon.Add(day)))
	assert.False(t, retention.Step{}.Due(noon))
}

// An age is counted in hours, so it is the same when the local clocks change in between.
func TestDaysAre24Hours(t *testing.T) {
	summer := time.FixedZone("CEST", 2*3600)
	c := conversation.Conversation{Place: conversation.Trash, Activity: time.Date(2026, 10, 24, 12, 0, 0, 0, summer)}
	got := retention.Policy{TrashDays: 1}.Next(&c, false).At
	assert.True(t, time.Date(2026, 10, 25, 10, 0, 0, 0, time.UTC).Equal(got), got)
}

// What the cutoffs select is what is due, neither more nor less, and a hold keeps all of it.
func TestCutoffsSelectWhatIsDue(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	places := []conversation.Place{conversation.Inbox, conversation.Archive, conversation.Spam, conversation.Trash}
	found := map[retention.Action]int{}
	for range 20_000 {
		p := retention.Policy{TrashDays: r.IntN(4), ArchiveDays: r.IntN(4)}
		c := conversation.Conversation{Place: places[r.IntN(4)], Status: conversation.Open, Activity: noon.Add(-time.Duration(r.IntN(5)) * day).Add(time.Duration(r.IntN(3)-1) * time.Microsecond)}
		if r.IntN(4) == 0 {
			c.Snoozed = noon.Add(time.Hour)
		}
		step := p.Next(&c, false)
		want := retention.Nothing
		if upTo, ok := p.TrashCutoff(noon); ok && c.Place == conversation.Trash && !c.Activity.After(upTo) {
			want = retention.Erase
		}
		if upTo, ok := p.ArchiveCutoff(noon); ok && c.Place == conversation.Inbox && c.Snoozed.IsZero() && !c.Activity.After(upTo) {
			want = retention.Archive
		}
		got := retention.Nothing
		if step.Due(noon) {
			got = step.Action
		}
		require.Equal(t, want, got, "%+v %+v", p, c)
		require.Zero(t, p.Next(&c, true))
		if step.Action != retention.Nothing {
			require.True(t, step.Due(step.At) && !step.Due(step.At.Add(-1)))
			require.True(t, step.At.After(c.Activity))
		}
		found[got]++
	}
	require.Greater(t, found[retention.Erase], 1_000)
	require.Greater(t, found[retention.Archive], 1_000)

	for _, p := range []retention.Policy{{}, {TrashDays: -1, ArchiveDays: -1}, {TrashDays: 1_827, ArchiveDays: 1_827}} {
		_, trash := p.TrashCutoff(noon)
		_, archive := p.ArchiveCutoff(noon)
		require.False(t, trash || archive, "%+v", p)
	}
}

// The time in trash counts from the move there, for nothing else moves a conversation's activity meanwhile.
func TestTrashCountsFromTheMove(t *testing.T) {
	at := func(n int) conversation.Env {
		return conversation.Env{Now: noon.Add(time.Duration(n) * day), Actor: conversation.Actor{Kind: conversation.ByAgent, ID: "a"}, IDs: []string{"1", "2", "3", "4"}}
	}
	c := conversation.Conversation{ID: "c", Mailbox: "m", Method: "sms", Status: conversation.Open, Place: conversation.Inbox, Created: noon, Changed: noon, Activity: noon}
	p := retention.Policy{TrashDays: 30}
	apply := func(n int, cmd conversation.Command) {
		change, err := conversation.Apply(c, at(n), cmd)
		require.NoError(t, err)
		c = change.Conversation
	}
	apply(10, conversation.ToTrash{})
	assert.Equal(t, noon.Add(40*day), p.Next(&c, false).At)
	apply(15, conversation.ChangeTags{Add: []string{"x"}})
	apply(16, conversation.ToTrash{})
	apply(17, conversation.Wake{})
	assert.Equal(t, noon.Add(40*day), p.Next(&c, false).At)
	apply(20, conversation.Restore{})
	assert.Zero(t, p.Next(&c, false))
	apply(25, conversation.ToTrash{})
	assert.Equal(t, noon.Add(55*day), p.Next(&c, false).At)
}
