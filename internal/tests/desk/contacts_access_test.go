package desk_test

import (
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/conversation"
)

// contact is the scene's customer.
func (x *scene) contact() string { return x.get(x.conv).Contacts[0] }

// prepared is what the scene needs besides, for some commands.
var prepared = map[string]func(*scene){
	"AskConsent": func(x *scene) {
		_, err := x.setup.AddIdentity(ctx, x.contact(), "", conversation.Identity{Scope: conversation.ScopePhone, Address: "ann"})
		require.NoError(x.t, err)
	},
	"MergeContacts": addOther,
	"PreviewMerge":  addOther,
	"UnmergeContact": func(x *scene) {
		addOther(x)
		_, err := x.setup.MergeContacts(ctx, x.contact(), x.other)
		require.NoError(x.t, err)
	},
	"Confirm": suggest,
	"Reject":  suggest,
}

func addOther(x *scene) { x.other = x.hears("bob", "Hi").Contacts[0] }

func suggest(x *scene) {
	require.NoError(x.t, x.setup.SaveCapture(ctx, frontdesk.Capture{ID: "order", Pattern: "[0-9]{4}", Kind: "order"}))
	x.hears("ann", "4711")
}

// Who may do what to contacts.
func init() {
	for name, c := range map[string]command{
		"Contact":  {reads, true, false, func(s *frontdesk.Session, x *scene) error { return only(s.Contact(ctx, x.contact())) }},
		"Contacts": {reads, false, false, func(s *frontdesk.Session, _ *scene) error { return only(s.Contacts(ctx, frontdesk.ContactQuery{})) }},
		"Activity": {reads, true, false, func(s *frontdesk.Session, x *scene) error {
			return only(s.Activity(ctx, x.contact(), frontdesk.ActivityQuery{}))
		}},
		"Notes": {reads, true, false, func(s *frontdesk.Session, x *scene) error { return only(s.Notes(ctx, x.contact(), "", 0)) }},
		"Note":  {works, true, false, func(s *frontdesk.Session, x *scene) error { return only(s.Note(ctx, x.contact(), "x")) }},
		"SetName": {works, true, false, func(s *frontdesk.Session, x *scene) error {
			return only(s.SetName(ctx, x.contact(), "Ann"))
		}},
		"SetContactFields": {works, true, false, func(s *frontdesk.Session, x *scene) error {
			return only(s.SetContactFields(ctx, x.contact(), nil))
		}},
		"ChangeLabels": {works, true, false, func(s *frontdesk.Session, x *scene) error {
			return only(s.ChangeLabels(ctx, x.contact(), []string{"vip"}, nil))
		}},
		"LinkRecord": {works, true, false, func(s *frontdesk.Session, x *scene) error {
			return only(s.LinkRecord(ctx, x.contact(), "customer", "1"))
		}},
		"UnlinkRecord": {works, true, false, func(s *frontdesk.Session, x *scene) error {
			return only(s.UnlinkRecord(ctx, x.contact(), "customer", "1"))
		}},
		"MatchRecords": {reads, true, false, func(s *frontdesk.Session, x *scene) error { return only(s.MatchRecords(ctx, x.contact())) }},
		"Block":        {works, true, false, func(s *frontdesk.Session, x *scene) error { return only(s.Block(ctx, x.contact())) }},
		"Unblock":      {works, true, false, func(s *frontdesk.Session, x *scene) error { return only(s.Unblock(ctx, x.contact())) }},
		"SetConsent": {works, true, false, func(s *frontdesk.Session, x *scene) error {
			return only(s.SetConsent(ctx, x.contact(), x.chat.ID, conversation.OptedOut))
		}},
		"AskConsent": {works, true, false, func(s *frontdesk.Session, x *scene) error {
			return only(s.AskConsent(ctx, x.contact(), x.chat.ID, ""))
		}},
		"AddIdentity": {works, true, false, func(s *frontdesk.Session, x *scene) error {
			return only(s.AddIdentity(ctx, x.contact(), "", conversation.Identity{Scope: conversation.ScopeEmail, Address: "a@example.com"}))
		}},
		"RemoveIdentity": {works, true, false, func(s *frontdesk.Session, x *scene) error {
			return only(s.RemoveIdentity(ctx, x.contact(), "", identity("nobody")))
		}},
		"MergeContacts": {works, true, false, func(s *frontdesk.Session, x *scene) error { return only(s.MergeContacts(ctx, x.contact(), x.other)) }},
		"PreviewMerge":  {reads, true, false, func(s *frontdesk.Session, x *scene) error { return only(s.PreviewMerge(ctx, x.contact(), x.other)) }},
		"UnmergeContact": {works, true, false, func(s *frontdesk.Session, x *scene) error {
			return only(s.UnmergeContact(ctx, x.other))
		}},
		"Duplicates": {manages, false, false, func(s *frontdesk.Session, _ *scene) error {
			return only(s.Duplicates(ctx, frontdesk.DuplicateQuery{}))
		}},
		"ImportContacts": {manages, false, false, func(s *frontdesk.Session, _ *scene) error {
			return only(s.ImportContacts(ctx, strings.NewReader("phone\n+4915112345678\n"), frontdesk.Import{}))
		}},
		"SaveField": {manages, false, false, func(s *frontdesk.Session, _ *scene) error {
			return s.SaveField(ctx, frontdesk.Field{ID: "size", Of: frontdesk.OfContact, Type: conversation.FieldText})
		}},
		"DeleteField":      {manages, false, false, func(s *frontdesk.Session, _ *scene) error { return s.DeleteField(ctx, "size") }},
		"FieldDefinitions": {reads, false, false, func(s *frontdesk.Session, _ *scene) error { return only(s.FieldDefinitions(ctx)) }},
		"SetFields":        {works, true, false, func(s *frontdesk.Session, x *scene) error { return only(s.SetFields(ctx, x.conv, nil)) }},
		"SaveCapture": {manages, false, false, func(s *frontdesk.Session, _ *scene) error {
			return s.SaveCapture(ctx, frontdesk.Capture{ID: "order", Pattern: "[0-9]{4}", Kind: "order"})
		}},
		"DeleteCapture": {manages, false, false, func(s *frontdesk.Session, _ *scene) error { return s.DeleteCapture(ctx, "order") }},
		"Captures":      {reads, false, false, func(s *frontdesk.Session, _ *scene) error { return only(s.Captures(ctx)) }},
		"Confirm": {works, true, false, func(s *frontdesk.Session, x *scene) error {
			return only(s.Confirm(ctx, x.conv, frontdesk.Suggestion{Kind: "order", Record: "4711"}))
		}},
		"Reject": {works, true, false, func(s *frontdesk.Session, x *scene) error {
			return only(s.Reject(ctx, x.conv, frontdesk.Suggestion{Kind: "order", Record: "4711"}))
		}},
	} {
		commands[name] = c
	}
	for _, name := range []string{"Contact", "Contacts", "Activity", "Notes", "Note", "SetName", "SetContactFields", "ChangeLabels", "LinkRecord", "UnlinkRecord",
		"MatchRecords", "Block", "Unblock", "SetConsent", "AskConsent", "AddIdentity", "RemoveIdentity", "MergeContacts", "PreviewMerge", "UnmergeContact",
		"Duplicates", "ImportContacts"} {
		modules[name] = frontdesk.ModuleContacts
	}
}
