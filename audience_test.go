package frontdesk

import (
	"cmp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/frontdesk-go/frontdesk/conversation"
)

func TestAudience(t *testing.T) {
	r := &roster{agents: []Agent{{ID: "ann", Teams: []string{"t"}}, {ID: "bob", Home: "berlin"}, {ID: "cid"}, {ID: "zoe", Teams: []string{"t"}, Home: "berlin"}},
		all: map[string]bool{"ann": true, "zoe": true, "gone": true}}
	roles := map[string][]string{"r": {"cid", "zoe"}}
	linked := []conversation.Link{{Kind: "order", ID: "1"}}
	people := []RecordPerson{{Agent: "sue", Role: RecordSales}, {Agent: "sam", Role: RecordService}, {Agent: "pat", Role: "painter"}, {Agent: "", Role: RecordSales}}
	for name, tc := range map[string]struct {
		conv   conversation.Conversation
		people []RecordPerson
		rules  NoticeRules
		want   []told
	}{
		"nothing":           {want: []told{{"ann", NoticeAll}, {"zoe", NoticeAll}}},
		"home":              {conv: conversation.Conversation{Mailbox: "berlin"}, want: []told{{"ann", NoticeAll}, {"bob", NoticeHome}, {"zoe", NoticeHome}}},
		"home, with record": {conv: conversation.Conversation{Mailbox: "berlin", Links: linked}, want: []told{{"ann", NoticeAll}, {"zoe", NoticeAll}}},
		"assignee":          {conv: conversation.Conversation{Agent: "cid", Team: "t"}, want: []told{{"ann", NoticeAll}, {"cid", NoticeAssignee}, {"zoe", NoticeAll}}},
		"team":              {conv: conversation.Conversation{Team: "t"}, want: []told{{"ann", NoticeTeam}, {"zoe", NoticeTeam}}},
		"owner who subscribed": {conv: conversation.Conversation{Owners: []conversation.Owner{{Role: "x", Agent: "cid"}, {Role: "y", Agent: "cid"}},
			Subscribers: []string{"agent/cid", "agent/ann"}}, want: []told{{"ann", NoticeSubscriber}, {"cid", NoticeOwner}, {"zoe", NoticeAll}}},
		"role":            {conv: conversation.Conversation{Subscribers: []string{"role/r", "role/none"}}, want: []told{{"ann", NoticeAll}, {"cid", NoticeSubscriber}, {"zoe", NoticeSubscriber}}},
		"people":          {people: people, want: []told{{"ann", NoticeAll}, {"sam", NoticeService}, {"sue", NoticeSales}, {"zoe", NoticeAll}}},
		"without sales":   {people: people, rules: NoticeRules{WithoutSales: true}, want: []told{{"ann", NoticeAll}, {"sam", NoticeService}, {"zoe", NoticeAll}}},
		"without service": {people: people, rules: NoticeRules{WithoutService: true}, want: []told{{"ann", NoticeAll}, {"sue", NoticeSales}, {"zoe", NoticeAll}}},
	} {
		tc.conv.Mailbox = cmp.Or(tc.conv.Mailbox, "munich")
		assert.Equal(t, tc.want, r.audience(&tc.conv, roles, tc.people, tc.rules), name)
	}
}

func TestUntilRetry(t *testing.T) {
	ladder := []time.Duration{time.Second, time.Minute, time.Hour}
	for age, want := range map[time.Duration]time.Duration{0: time.Second, time.Second: time.Minute, 31 * time.Second: 30 * time.Second,
		61 * time.Second: time.Hour, 2 * time.Hour: time.Hour} {
		assert.Equal(t, want, untilRetry(ladder, age), "%s", age)
	}
}
