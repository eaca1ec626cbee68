package routing_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/routing"
)

// A10.
func TestPresence(t *testing.T) {
	acted := noon
	for _, tt := range []struct {
		name     string
		activity routing.Activity
		after    time.Duration
		idle     time.Duration
		want     routing.Presence
		changes  time.Duration // after acted; 0: does not
	}{
		{"never signed in", routing.Activity{}, 0, 0, routing.Offline, 0},
		{"signed out", routing.Activity{Acted: acted}, 0, 0, routing.Offline, 0},
		{"signed out while away", routing.Activity{Acted: acted, Away: true}, 0, 0, routing.Offline, 0},
		{"at work", routing.Activity{SignedIn: true, Acted: acted}, 0, 0, routing.Online, routing.DefaultIdle},
		{"one moment before", routing.Activity{SignedIn: true, Acted: acted}, routing.DefaultIdle - 1, 0, routing.Online, routing.DefaultIdle},
		{"idle", routing.Activity{SignedIn: true, Acted: acted}, routing.DefaultIdle, 0, routing.Away, 0},
		{"an own limit", routing.Activity{SignedIn: true, Acted: acted}, 2 * time.Minute, 3 * time.Minute, routing.Online, 3 * time.Minute},
		{"idle by an own limit", routing.Activity{SignedIn: true, Acted: acted}, 3 * time.Minute, 3 * time.Minute, routing.Away, 0},
		{"no limit", routing.Activity{SignedIn: true, Acted: acted}, 1000 * time.Hour, -1, routing.Online, 0},
		{"away by choice", routing.Activity{SignedIn: true, Away: true, Acted: acted}, 0, 0, routing.Away, 0},
		{"away by choice without a limit", routing.Activity{SignedIn: true, Away: true, Acted: acted}, 0, -1, routing.Away, 0},
		{"the clock went back", routing.Activity{SignedIn: true, Acted: acted}, -time.Hour, 0, routing.Online, routing.DefaultIdle},
	} {
		presence, changes := tt.activity.Presence(acted.Add(tt.after), tt.idle)
		assert.Equal(t, tt.want, presence, tt.name)
		want := time.Time{}
		if tt.changes != 0 {
			want = acted.Add(tt.changes)
		}
		assert.Equal(t, want, changes, tt.name)
	}
}

// A12. The customer writes on Wednesday 2026-12-23 at 16:50; the shop closes at 17:00 and opens on the 24th from 9:00 to 12:00.
func TestAlerts(t *testing.T) {
	since := instant(t, "2026-12-23 16:50 +01:00")
	base := conversation.Conversation{Status: conversation.Open, Place: conversation.Inbox, WaitingSince: since, Activity: since.Add(time.Minute)}
	with := func(change func(*conversation.Conversation)) conversation.Conversation {
		c := base.Clone()
		change(&c)
		return c
	}
	both := routing.Alerts{Untaken: 5 * time.Minute, Unanswered: 30 * time.Minute}
	for _, tt := range []struct {
		name   string
		c      conversation.Conversation
		alerts routing.Alerts
		hours  *routing.Calendar
		want   map[routing.AlertKind]string
	}{
		{"nobody has it", base, both, shop(t), map[routing.AlertKind]string{routing.Untaken: "2026-12-23 16:55", routing.Unanswered: "2026-12-24 09:20"}},
		{"without hours", base, both, nil, map[routing.AlertKind]string{routing.Untaken: "2026-12-23 16:55", routing.Unanswered: "2026-12-23 17:20"}},
		{"a team has it", with(func(c *conversation.Conversation) { c.Team = "t" }), both, shop(t), map[routing.AlertKind]string{routing.Untaken: "2026-12-23 16:55", routing.Unanswered: "2026-12-24 09:20"}},
		{"an agent has it", with(func(c *conversation.Conversation) { c.Agent = "a" }), both, shop(t), map[routing.AlertKind]string{routing.Unanswered: "2026-12-24 09:20"}},
		{"answered", with(func(c *conversation.Conversation) { c.Agent, c.WaitingSince = "a", time.Time{} }), both, shop(t), nil},
		{"answered and given back", with(func(c *conversation.Conversation) { c.WaitingSince = time.Time{} }), both, shop(t), map[routing.AlertKind]string{routing.Untaken: "2026-12-23 16:56"}},
		{"closed", with(func(c *conversation.Conversation) { c.Status = conversation.Closed }), both, shop(t), nil},
		{"spam", with(func(c *conversation.Conversation) { c.Place = conversation.Spam }), both, shop(t), nil},
		{"snoozed", with(func(c *conversation.Conversation) { c.Snoozed = since.Add(time.Hour) }), both, shop(t), nil},
		{"one only", base, routing.Alerts{Unanswered: time.Minute}, shop(t), map[routing.AlertKind]string{routing.Unanswered: "2026-12-23 16:51"}},
		{"none", base, routing.Alerts{}, shop(t), nil},
		{"never open", base, both, calendar(t, routing.Hours{}), nil},
	} {
		var got map[routing.AlertKind]string
		for _, alert := range tt.alerts.Due(&tt.c, tt.hours) {
			if got == nil {
				got = map[routing.AlertKind]string{}
			}
			assert.NotContains(t, got, alert.Kind)
			got[alert.Kind] = alert.At.In(since.Location()).Format("2006-01-02 15:04")
		}
		assert.Equal(t, tt.want, got, tt.name)
	}
}

func TestWaited(t *testing.T) {
	since := instant(t, "2026-12-23 16:50 +01:00")
	c := conversation.Conversation{WaitingSince: since}
	next := instant(t, "2026-12-24 09:20 +01:00")
	assert.Equal(t, 30*time.Minute, routing.Waited(&c, shop(t), next))
	assert.Equal(t, 16*time.Hour+30*time.Minute, routing.Waited(&c, nil, next))
	assert.Zero(t, routing.Waited(&c, nil, since.Add(-time.Hour)), "the provider's clock is ahead")
	assert.Zero(t, routing.Waited(&conversation.Conversation{}, nil, next))
}
