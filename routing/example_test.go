package routing_test

import (
	"fmt"
	"time"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/routing"
)

func ExampleHours() {
	hours := routing.Hours{Zone: "Europe/Berlin"}
	hours.Week.Friday = []routing.Span{{From: 9 * 60, To: 17 * 60}}
	hours.Week.Monday = []routing.Span{{From: 9 * 60, To: 12 * 60}, {From: 13 * 60, To: 17 * 60}}
	berlin, err := time.LoadLocation(hours.Zone)
	if err != nil {
		panic(err)
	}
	calendar, err := hours.Calendar(berlin)
	if err != nil {
		panic(err)
	}
	friday := time.Date(2026, 11, 20, 16, 30, 0, 0, berlin)
	fmt.Println(calendar.Open(friday))
	fmt.Println(calendar.NextMorning(friday))
	fmt.Println(calendar.Add(friday, 4*time.Hour))
	// Output:
	// true
	// 2026-11-23 09:00:00 +0100 CET true
	// 2026-11-23 13:30:00 +0100 CET true
}

func ExampleAssign() {
	pairs := routing.Assign(routing.Round{
		Now:       time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC),
		Mailboxes: []routing.Mailbox{{ID: "berlin", Limit: 5, Automatic: true}},
		Candidates: []routing.Candidate{
			{ID: "jane", Presence: routing.Online, Used: 3, Permits: []routing.Permit{{Mailbox: "berlin"}}},
			{ID: "max", Presence: routing.Online, Used: 1, Permits: []routing.Permit{{Mailbox: "berlin"}}},
		},
		Waiting: []routing.Chat{{Conversation: "c1", Mailbox: "berlin", Method: "sms", Shelf: conversation.ShelfWaiting}},
	})
	fmt.Println(pairs[0].Conversation, "goes to", pairs[0].Agent)
	// Output: c1 goes to max
}
