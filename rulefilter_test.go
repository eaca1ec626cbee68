package frontdesk

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/conversation"
)

// Each member of a filter, once as it holds of the conversation below and once as it does not.
func TestFilter(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	c := conversation.Conversation{Mailbox: "berlin", Method: "email", Subject: "Où est ma commande", Tags: []string{"a", "b"}, Labels: []string{"vip"},
		Type: "order", Stage: "new", Priority: 4, Status: conversation.Open, Agent: "jd", Team: "returns", Messages: 3,
		Threads: []conversation.Thread{{Channel: "c1", To: []conversation.Identity{{Address: "Ann@Example.com"}}}},
		Owners:  []conversation.Owner{{Role: "r", Agent: "joe"}}, Links: []conversation.Link{{Kind: "order", ID: "1"}},
		Created: ago(48 * time.Hour), Changed: ago(2 * time.Hour), WaitingSince: ago(time.Hour), Deadline: now.Add(time.Hour), FollowUp: ago(time.Hour)}
	m := conversation.Message{Text: "The PARCEL is broken"}
	span := func(from, to time.Duration) *Span { return &Span{from * time.Hour, to * time.Hour} }
	for name, tt := range map[string]struct{ holds, misses Filter }{
		"Mailboxes":   {Filter{Mailboxes: []string{"x", "berlin"}}, Filter{Mailboxes: []string{"x"}}},
		"Channels":    {Filter{Channels: []string{"c1"}}, Filter{Channels: []string{"c2"}}},
		"Methods":     {Filter{Methods: []string{"email"}}, Filter{Methods: []string{"sms"}}},
		"Senders":     {Filter{Senders: []string{"x", "@example.COM"}}, Filter{Senders: []string{"ann@example.co", "@ple.com"}}},
		"Subject":     {Filter{Subject: "commande OU"}, Filter{Subject: "commande annulée"}},
		"Text":        {Filter{Text: "broken parcel"}, Filter{Text: "broken letter"}},
		"Tags":        {Filter{Tags: []string{"a", "b"}}, Filter{Tags: []string{"a", "c"}}},
		"NotTags":     {Filter{NotTags: []string{"c"}}, Filter{NotTags: []string{"c", "a"}}},
		"Labels":      {Filter{Labels: []string{"vip"}}, Filter{Labels: []string{"new"}}},
		"Types":       {Filter{Types: []string{"order"}}, Filter{Types: []string{""}}},
		"Stages":      {Filter{Stages: []string{"new"}}, Filter{Stages: []string{"old"}}},
		"Priorities":  {Filter{Priorities: []int{4, 5}}, Filter{Priorities: []int{0}}},
		"Statuses":    {Filter{Statuses: []conversation.Status{conversation.Open}}, Filter{Statuses: []conversation.Status{conversation.Closed}}},
		"Agents":      {Filter{Agents: []string{"", "jd"}}, Filter{Agents: []string{""}}},
		"Teams":       {Filter{Teams: []string{"returns"}}, Filter{Teams: []string{""}}},
		"Owners":      {Filter{Owners: []string{"joe"}}, Filter{Owners: []string{""}}},
		"Linked":      {Filter{Linked: "order"}, Filter{Linked: "ticket"}},
		"MinMessages": {Filter{MinMessages: 3}, Filter{MinMessages: 4}},
		"MaxMessages": {Filter{MaxMessages: 3}, Filter{MaxMessages: 2}},
		"Older":       {Filter{Older: 48 * time.Hour}, Filter{Older: 49 * time.Hour}},
		"Younger":     {Filter{Younger: 49 * time.Hour}, Filter{Younger: 48 * time.Hour}},
		"Unchanged":   {Filter{Unchanged: 2 * time.Hour}, Filter{Unchanged: 3 * time.Hour}},
		"Waiting":     {Filter{Waiting: time.Hour}, Filter{Waiting: 2 * time.Hour}},
		"Deadline":    {Filter{Deadline: span(0, 1)}, Filter{Deadline: span(2, 3)}},
		"FollowUp":    {Filter{FollowUp: span(-1, 0)}, Filter{FollowUp: span(0, 1)}},
		"Silent":      {Filter{}, Filter{Silent: time.Hour}},
	} {
		require.NoError(t, tt.holds.check(), name)
		assert.Empty(t, tt.holds.missed(&c, &m, now), name)
		assert.Equal(t, name, tt.misses.missed(&c, &m, now))
	}
	assert.Len(t, reflect.VisibleFields(reflect.TypeFor[Filter]()), 26, "a member without a case above")

	quiet := conversation.Conversation{Answered: ago(time.Hour)}
	assert.Empty(t, (&Filter{Silent: time.Hour, Agents: []string{""}, Owners: []string{""}, Teams: []string{""}}).missed(&quiet, nil, now))
	assert.Equal(t, "Silent", (&Filter{Silent: 2 * time.Hour}).missed(&quiet, nil, now))
	assert.Equal(t, "Waiting", (&Filter{Waiting: time.Hour}).missed(&quiet, nil, now), "nobody waits")
	assert.Equal(t, "Deadline", (&Filter{Deadline: span(-9, 9)}).missed(&quiet, nil, now), "there is none")
	assert.Equal(t, "Text", (&Filter{Text: "anything"}).missed(&quiet, nil, now), "no message")

	for name, bad := range map[string]Filter{
		"values": {Tags: make([]string, 101)}, "text": {Agents: []string{"\xff"}}, "no words": {Subject: "?!"}, "long": {Text: strings.Repeat("x", MaxSearch+1)},
		"priority": {Priorities: []int{6}}, "status": {Statuses: []conversation.Status{"done"}}, "negative": {Older: -1}, "far": {Waiting: days(maxDays + 1)},
		"span": {Deadline: span(1, 0)}, "range": {MinMessages: 2, MaxMessages: 1}, "twice": {Priorities: make([]int, 7)},
	} {
		assert.ErrorIs(t, bad.check(), ErrInvalid, name)
	}
}

func TestTrigger(t *testing.T) {
	tagged := conversation.Event{Type: conversation.EventTagged, From: "a,b", To: "b,order/7", Actor: conversation.Actor{Kind: conversation.ByAgent}}
	for name, tt := range map[string]struct {
		on   Trigger
		want bool
	}{
		"any":            {Trigger{}, true},
		"gained":         {Trigger{Gained: "order/7"}, true},
		"gained one of":  {Trigger{Gained: "order/"}, true},
		"there before":   {Trigger{Gained: "b"}, false},
		"only a part":    {Trigger{Gained: "order"}, false},
		"lost":           {Trigger{Lost: "a"}, true},
		"still there":    {Trigger{Lost: "b"}, false},
		"both":           {Trigger{Gained: "order/7", Lost: "b"}, false},
		"by an agent":    {Trigger{By: []conversation.ActorKind{conversation.ByContact, conversation.ByAgent}}, true},
		"by a customer":  {Trigger{By: []conversation.ActorKind{conversation.ByContact}}, false},
		"something else": {Trigger{Event: conversation.EventClosed}, false},
	} {
		if tt.on.Event == "" {
			tt.on.Event = conversation.EventTagged
		}
		assert.Equal(t, tt.want, tt.on.holds(&tagged), name)
	}
}
