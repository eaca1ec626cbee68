package frontdesk

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/spam"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/routing"
	"github.com/frontdesk-go/frontdesk/store"
)

var golden = flag.Bool("golden", false, "write bodies of formats that have none yet")

// Every entity that is stored has a body in testdata/bodies for every format it ever had, written by the program of that time. It must
// read as the same value for ever. A format that is raised gets a new file; no file is changed.
func TestGoldenBodies(t *testing.T) {
	at := time.Date(2026, 3, 2, 9, 0, 0, 1000, time.UTC)
	who := conversation.Identity{Scope: "phone", Address: "+4915112345678", Name: "Anna", Verified: true}
	event := conversation.Event{Type: conversation.EventAssigned, At: at, Actor: conversation.Actor{Kind: conversation.ByAgent, ID: "jd"},
		Conversation: "c1", Message: "m1", Contact: "p1", Mailbox: "berlin", Subject: "s", From: "/", To: "jd/returns"}
	for name, entity := range map[string]any{
		"conversation.1": conversation.Conversation{ID: "c1", Number: 7, Mailbox: "berlin", Method: "sms", Subject: "Order", Preview: "Where?", Latest: 3,
			Threads:  []conversation.Thread{{Channel: "ch", Key: "+49", To: []conversation.Identity{who}, LastInbound: at, Answers: []time.Time{at}, Delivered: at, Read: at}},
			Contacts: []string{"p1"}, Tags: []string{"vip"}, Actions: []conversation.Action{{ID: "accept", Label: "Accept", Input: "text"}},
			Status: conversation.Closed, ClosedAt: at, Finished: true, Returned: true, Agent: "jd", Team: "returns", Place: conversation.Archive, Former: conversation.Inbox,
			Snoozed: at, Asleep: true, Attention: conversation.Mark{Sequence: 2, At: at}, Readers: conversation.Readers{All: true, Agents: []string{"joe"}, Anybody: true},
			Sequence: 3, Messages: 2, Failed: 1, WaitingSince: at, Created: at, Changed: at, Activity: at},
		"message.1": conversation.Message{ID: "m1", Conversation: "c1", Sequence: 3, Direction: conversation.Outbound, Channel: "ch", Thread: "+49", At: at, Stored: at,
			Author: conversation.Actor{Kind: conversation.ByAgent, ID: "jd", Name: "Jane Doe", Initials: "JD"}, Subject: "S", Text: "Hi <b>", HTML: "<p>", ReplyTo: "m0",
			Attachments: []conversation.Attachment{{ID: "a", URL: "https://x", Name: "n", Type: "image/png", Size: 5, Hash: "ff"}},
			Template:    &conversation.Template{Name: "t", Namespace: "n", Language: "de", Params: []string{"1"}}, Button: "b", Unsupported: "poll",
			To: []conversation.Identity{who}, ProviderID: "p", Echo: true, Automatic: true, Tags: []string{"x"},
			Reactions: []conversation.Reaction{{From: "+49", Emoji: "👍", At: at}}, Edited: at, Erased: at, Delivery: conversation.Failed,
			Failure: &conversation.Failure{Class: "retry", Code: "1", Detail: "d", Retry: true},
			Parts:   []conversation.Part{{ProviderID: "p", Delivery: conversation.Sent, Tries: 1}}, Dismissed: true, Key: "k", Test: true, Event: &event, Changed: at,
			Prior: &conversation.Unread{Attention: conversation.Mark{Sequence: 1, At: at}, Readers: conversation.Readers{Agents: []string{"jd"}}}, Waiting: at},
		"message-files.1": conversation.Message{ID: "m1", Conversation: "c1", Direction: conversation.Inbound, At: at, Stored: at, Changed: at,
			Attachments: []conversation.Attachment{{ID: "a"}},
			Files: []conversation.File{{State: conversation.FileFailed, Name: "n", Type: "image/png", Size: 5, Hash: "ff", Upload: "u", Tries: 2,
				Failure: &conversation.Failure{Class: "retry", Code: "1", Detail: "d", Retry: true}}},
			Linked: []conversation.FileLink{{File: 1, Kind: "order", ID: "7"}}},
		"upload.1":  upload{File: conversation.File{State: conversation.FileStored, Name: "n", Type: "image/png", Size: 5, Hash: "ff"}, Uses: 2, Author: "agent:jd"},
		"contact.1": conversation.Contact{ID: "p1", Name: "Anna", PlatformName: "anna_k", Identities: []conversation.Identity{who}, OptedOut: []string{"ch"}, Created: at, Changed: at},
		"event.1":   Event{Tenant: "acme", Position: 4, Event: event},
		"mailbox.1": Mailbox{ID: "berlin", Name: "Berlin", Start: conversation.Closed, StartNew: true, NewAfterDays: 3, ReadOnAnswer: true, Methods: []string{"sms"}},
		"agent.1":   Agent{ID: "jd", Name: "Jane Doe", Alias: "Jane", Role: Member, Mailboxes: []string{"berlin"}, Teams: []string{"returns"}, Inactive: true},
		"channel.1": Channel{ID: "ch", Kind: "twilio", Name: "SMS", Mailbox: "berlin", Account: "+49", Secret: "s", Options: map[string]string{"mms": "on"}, Default: true,
			Inactive: true, Templates: []Template{{Name: "t", Namespace: "n", Language: "de", Params: 1}}, PollEvery: time.Minute, Method: "sms", Token: "tok"},
		"reply.1": SavedReply{ID: "r", Title: "T", Content: "C", Shortcut: "s", Team: "x", Agent: "y", Language: "de", Attachments: []conversation.Attachment{{URL: "https://x"}}},
		"worked.1": conversation.Conversation{ID: "c1", LastAgent: "joe", Type: "claim", Stage: "new", Priority: 5, Deadline: at, FollowUp: at, Folders: []string{"f"},
			Pinned: []string{"jd"}, Owners: []conversation.Owner{{Role: "returns", Agent: "jd"}}, Subscribers: []string{"agent/jd"},
			Links: []conversation.Link{{Kind: "order", ID: "1", By: conversation.ByHand}}, Free: 5, Paid: 7, Hold: true, Answered: at},
		"trashed.1": conversation.Message{ID: "m1", Trashed: at, TrashedIn: "berlin", Minutes: 5, Paid: true,
			Readers: &conversation.Readers{All: true, Agents: []string{"jd"}, Anybody: true}},
		"tag.1":    SavedTag{ID: "vip", Name: "VIP", Colour: "#1a7f37", Area: "billable", Billable: true},
		"folder.1": storedFolder{Folder: Folder{ID: "jd/later", Name: "Later", Agent: "jd", By: "jd"}, Deleted: true},
		"group.1":  Group{ID: "ebay", Names: map[string]string{"en": "eBay"}, Position: 3, Visible: true},
		"type.1": Type{ID: "claim", Group: "ebay", Names: map[string]string{"de": "Reklamation"}, Position: 1, Colour: "#1a7f37", Hidden: true,
			Stages: []Stage{{ID: "new", Names: map[string]string{"en": "New"}, Position: 1, Colour: "#1a7f37", Progress: 10, Hidden: true}}},
		"role.1":     Responsibility{ID: "returns", Names: map[string]string{"en": "Returns"}, Position: 1, Agents: []string{"jd"}, Hidden: true},
		"field.1":    Field{ID: "size", Names: map[string]string{"de": "Größe"}, Of: OfContact, Type: conversation.FieldList, Options: []string{"S", "L"}, Position: 2},
		"captures.1": captures{Rules: []Capture{{ID: "order", Pattern: "([0-9]+)", Kind: "order", Proven: true}, {ID: "size", Pattern: "x", Field: "size"}}},
		"profile.1": conversation.Contact{ID: "p1", Labels: []string{"vip"}, Fields: map[string]conversation.Value{"size": {Values: []string{"L"}, Unverified: true}},
			Links: []conversation.Link{{Kind: "order", ID: "1", By: conversation.ByMatch}}, OptedOut: []string{"ch"},
			Consents: map[string]conversation.Consent{"ch": {State: conversation.OptedOut, At: at, By: conversation.Actor{Kind: conversation.ByContact, ID: "p1"}}},
			Blocked:  true, Refused: 2, Into: "p0", Parts: []string{"p2"}, Gave: &conversation.Given{Name: "n", Platform: "p", Labels: []string{"vip"}, Fields: []string{"size"},
				Links: []conversation.Link{{Kind: "order", ID: "1", By: conversation.ByMatch}}, Blocked: true, Refused: 2,
				Consents: map[string]conversation.Consent{"ch": {State: conversation.OptedIn, At: at}}, At: at}, Created: at, Changed: at},
		"told.1": conversation.Conversation{ID: "c1", Noticed: at, Untaken: at, Unanswered: at},
		"hours.1": Mailbox{ID: "berlin", Alerts: routing.Alerts{Untaken: time.Minute, Unanswered: time.Hour},
			Hours: routing.Hours{Zone: "Europe/Berlin", Week: routing.Week{Monday: []routing.Span{{From: 540, To: 1080}}},
				Holidays: []routing.Holiday{{Date: "2026-12-25", Name: "Christmas", Spans: []routing.Span{{From: 1320, To: 120}}}}}},
		"autoreplies.1": autoReplies{Replies: []AutoReply{{ID: "a", Off: true, Mailboxes: []string{"berlin"}, Channels: []string{"ch"}, Hours: OutsideHours,
			Audience: AudienceFull, Capacity: 9, After: time.Minute, Text: "T"}}},
		"roster.1": Roster{Zone: "Europe/Berlin", Slots: []routing.Slot{{Name: "early", Span: routing.Span{From: 360, To: 840}}}},
		"duty.1":   dutyMonth{Duties: map[string]map[string][]string{"2026-12-25": {"early": {"jd"}}}},
		"routed.1": conversation.Conversation{ID: "c1", Prefer: "joe", Handover: at},
		"routing.1": Mailbox{ID: "berlin", Slots: 3, AssignOnFirst: true, PreferLast: true, InHours: true, Hours: routing.Hours{Zone: "Europe/Berlin",
			Week: routing.Week{Monday: []routing.Span{{From: 540, To: 1020}}}, Holidays: []routing.Holiday{{Date: "2026-12-25", Name: "Christmas"}}},
			Handover: HandoverAccess{Secret: "bot", EventURL: "https://x.example.com", EventSecret: "sign"}},
		"team.1":        Team{ID: "returns", Name: "Returns", Away: true, Fallback: "second", ToMailbox: true, PreferLast: true},
		"presence.1":    presenceDoc{Agent: "jd", SignedIn: true, Away: true, Acted: at, Given: at, Told: routing.Away, Look: at, Changed: at},
		"notice.1":      noticeDoc{Agent: "jd", Conversation: "c1", Message: "m1", Reason: NoticeMention, Messages: 2, At: at},
		"preferences.1": preferences{Agent: "jd", NoticePreferences: NoticePreferences{All: true}},
		"noticerules.1": Settings{Notices: NoticeRules{WithoutSales: true, WithoutService: true, KeepDays: 7}},
		"delivery.1": Delivery{ID: "raw-1", Kind: "twilio", Token: "tok", Method: "POST", URL: "https://x", Header: map[string][]string{"A": {"b"}}, Body: []byte{0, 255},
			Since: at, Reason: "r", Tries: 2},
		"spamhead.1":    spamHead{Generation: 3},
		"spamlearned.1": spamLearned{Spam: true, Print: spam.Print{1, 1<<64 - 1}},
		"spamlists.1":   SpamLists{Allow: []string{"shop.example"}, Block: []string{"eve@bad.example"}},
		"spammodel.1":   spamDoc{Generation: 3, Model: []byte{0, 255}},
		"bulk.1": bulkDoc{ID: "b", Actor: bulkActor{Agent: "jd"}, Needs: toWork, Query: &storedQuery{Query: []byte(`{"View":"all"}`)},
			Actions: []storedAction{{Do: "tag", With: []byte(`{"Add":["a"],"Remove":null}`)}}, CutOff: at, After: "c", Status: BulkStopped, Reason: "r", Total: 3, Done: 1,
			Failed: 1, Wiped: 1, Ended: at},
		"bulkpage.1": bulkPage{Results: []BulkResult{{ID: "c", Error: "e", Code: "busy"}}},
		"merge.1":    mergeDoc{Head: "c1", Entry: "m1", Before: conversation.Conversation{ID: "c1", Tags: []string{"vip"}, Created: at, Changed: at, Activity: at}, At: at},
		"forget.1": forgetDoc{Receipt: Receipt{ID: "r", Contact: "p1", By: conversation.Actor{Kind: conversation.ByAgent, ID: "jd"}, At: at, Done: at, Conversations: 1, Shared: 2,
			Held: 3, Messages: 4, Identities: 5, Deliveries: 6}, Identities: []conversation.Identity{who}, Step: "raw", Cursor: "c", Now: []string{"c1"}, Alone: true, After: "d"},
		"sweep.1": sweepDoc{SweepState: SweepState{Stopped: true, Next: at, Last: at, Archived: 1, Erased: 2, Messages: 3}, Job: "j"},
		"draft.1": SavedDraft{Text: "T", HTML: "<p>", Subject: "S", Attachments: []conversation.Attachment{{URL: "https://x"}}, To: []string{"a@x"}, CC: []string{"b@x"},
			BCC: []string{"c@x"}, Channel: "ch", ReplyTo: "m", Saved: at},
		"layouts.1": Channel{ID: "ch", Kind: "twilio", Mailbox: "berlin", Account: "+49", Secret: "s", Method: "sms", Token: "tok",
			Layouts: []Layout{{Language: "de", Signature: "S", SignatureHTML: "<p>", Frame: "{{message}}", FrameHTML: "{{message}}<p>"}},
			Rules:   channel.Rules{NoLinks: true, LinkHosts: []string{"x"}, NoEmails: true, NoPhones: true, NoImages: true, NoInline: true, SubjectWords: []string{"w"}, SubjectAlways: true},
			Premium: true, Addressed: true, Quiet: true, Allowed: []string{"@x"}, Tags: []string{"t"}, Subscribers: []string{"agent/jd"},
			Owners: []conversation.Owner{{Role: "r", Agent: "jd"}}, Type: "t", Stage: "s", Removed: at},
		"parked.1": parked{Channel: "ch", ID: "p", Since: at, Items: []channel.Item{{Account: "+49", Thread: "t", At: at,
			Receipt: &channel.Receipt{IDs: []string{"p"}, Delivery: conversation.Delivered, Reference: "m1"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join("testdata", "bodies", name)
			body, err := os.ReadFile(file)
			if *golden && os.IsNotExist(err) {
				body, err = store.Encode(1, entity, store.Kept{})
				require.NoError(t, err)
				require.NoError(t, os.WriteFile(file, body, 0o600))
			}
			require.NoError(t, err)
			got := reflect.New(reflect.TypeOf(entity))
			kept, err := store.Decode(body, got.Interface())
			require.NoError(t, err)
			assert.Equal(t, entity, got.Elem().Interface())
			again, err := store.Encode(1, got.Elem().Interface(), kept)
			require.NoError(t, err)
			second := reflect.New(reflect.TypeOf(entity))
			_, err = store.Decode(again, second.Interface())
			require.NoError(t, err)
			assert.Equal(t, entity, second.Elem().Interface())
		})
	}
}

// Foreign bytes in a name never make a key that a store cannot keep, and two names never share one.
func FuzzName(f *testing.F) {
	f.Add("thread/ch", "+49", "+50")
	f.Add("identity/phone", "", "\x00")
	f.Fuzz(func(t *testing.T, scope, a, b string) {
		if scope == "" || store.CheckText(scope, false) != "" || len(scope) > 100 {
			t.Skip("scopes are ours")
		}
		x, y := name(scope, a), name(scope, b)
		assert.Empty(t, store.CheckText(x.ID, false), fmt.Sprintf("%q", x.ID))
		assert.Equal(t, a == b, x == y)
	})
}
