package channel

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

const day = 24 * time.Hour

var (
	whatsApp  = Window{Free: day}
	messenger = Window{Free: day, Human: 7 * day, HumanTag: "HUMAN_AGENT"}
	fiveInTwo = Window{Quotas: []Quota{{Count: 5, Within: 48 * time.Hour}}}
	both      = Window{Quotas: []Quota{{Count: 5, Within: 48 * time.Hour}, {Count: 3, Within: time.Minute}}}
	freeQuota = Window{Free: time.Hour, Quotas: []Quota{{Count: 2, Within: day}}}
)

func TestWindowAccess(t *testing.T) {
	last := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	closed, spent := Access{Answers: -1}, Access{Answers: 0}
	open := func(remaining time.Duration) Access { return Access{Open: true, Remaining: remaining, Answers: -1} }
	tagged := func(remaining time.Duration) Access {
		return Access{Open: true, Remaining: remaining, Answers: -1, Tag: "HUMAN_AGENT"}
	}
	counted := func(remaining time.Duration, answers int) Access {
		return Access{Open: true, Remaining: remaining, Answers: answers}
	}
	answers := func(after ...time.Duration) []time.Time {
		var at []time.Time
		for _, d := range after {
			at = append(at, last.Add(d))
		}
		return at
	}
	tests := []struct {
		name    string
		window  Window
		last    time.Time
		after   time.Duration
		human   bool
		answers []time.Time
		want    Access
	}{
		{"no window", Window{}, last, 1000 * day, false, nil, Access{Open: true, Unlimited: true, Answers: -1}},
		{"no window, never written", Window{}, time.Time{}, 0, false, nil, Access{Open: true, Unlimited: true, Answers: -1}},

		{"WhatsApp at once", whatsApp, last, 0, false, nil, open(day)},
		{"WhatsApp later", whatsApp, last, 23 * time.Hour, true, nil, open(time.Hour)},
		{"WhatsApp, the last moment", whatsApp, last, day - 1, true, nil, open(1)},
		{"WhatsApp, the end", whatsApp, last, day, true, nil, closed},
		{"WhatsApp, after it", whatsApp, last, day + 1, true, nil, closed},
		{"WhatsApp, never written", whatsApp, time.Time{}, 0, true, nil, closed},
		{"WhatsApp, an old message delivered again", whatsApp, last.Add(-3 * day), 0, true, nil, closed},
		{"WhatsApp, answers do not count", whatsApp, last, time.Hour, true, answers(1, 2, 3, 4, 5, 6), open(23 * time.Hour)},
		{"WhatsApp, the provider's clock ahead of ours", whatsApp, last, -time.Hour, true, nil, open(day)},

		{"Messenger, a person within the day needs no tag", messenger, last, day - 1, true, nil, open(6*day + 1)},
		{"Messenger, an automation within the day", messenger, last, day - 1, false, nil, open(1)},
		{"Messenger, a person from the day's end on needs the tag", messenger, last, day, true, nil, tagged(6 * day)},
		{"Messenger, an automation after the day", messenger, last, day, false, nil, closed},
		{"Messenger, a person at the last moment", messenger, last, 7*day - 1, true, nil, tagged(1)},
		{"Messenger, a person after seven days", messenger, last, 7 * day, true, nil, closed},
		{"Messenger, a person, never written", messenger, time.Time{}, 0, true, nil, closed},

		{"quota, unused", fiveInTwo, last, time.Hour, false, nil, counted(47*time.Hour, 5)},
		{"quota, the last answer", fiveInTwo, last, time.Hour, true, answers(1, 2, 3, 4), counted(47*time.Hour, 1)},
		{"quota, used up", fiveInTwo, last, time.Hour, true, answers(1, 2, 3, 4, 5), spent},
		{"quota, overdrawn", fiveInTwo, last, time.Hour, true, answers(1, 2, 3, 4, 5, 6), spent},
		{"quota, the time is over", fiveInTwo, last, 48 * time.Hour, true, nil, spent},
		{"quota, never written", fiveInTwo, time.Time{}, 0, true, nil, spent},
		{"quota, answers to an earlier message", fiveInTwo, last, time.Hour, true, answers(-3, -2, -1, 0), counted(47*time.Hour, 4)},

		{"both quotas, the narrower in count and time", both, last, 10 * time.Second, true, answers(1), counted(50*time.Second, 2)},
		{"both quotas, the narrower one used up", both, last, 10 * time.Second, true, answers(1, 2, 3), spent},
		{"both quotas, the shorter one over", both, last, time.Minute, true, nil, spent},

		{"free time is shorter than the quota", freeQuota, last, 59 * time.Minute, true, nil, counted(time.Minute, 2)},
		{"free time is over, the quota is not", freeQuota, last, time.Hour, true, nil, spent},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			now := last.Add(tt.after)
			assert.Equal(t, tt.want, tt.window.Access(tt.last, now, tt.human, tt.answers))
		})
	}
}

func TestWindowOfPeopleIsNeverShorterThanFree(t *testing.T) {
	last := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	w := Window{Free: day, Human: time.Hour}
	assert.Equal(t, Access{Open: true, Remaining: 22 * time.Hour, Answers: -1}, w.Access(last, last.Add(2*time.Hour), true, nil))
}
