package desk_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/loopback"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
)

// scene is a world in which every command has something to act on.
type scene struct {
	*world
	conv    string
	inbound string // with a file
	failed  string
	later   string // a scheduled message
	spare   string // a channel that nobody uses
	raw     string // a delivery that was not understood
	reply   string // everybody's
	whisper string // with a billable tag
	other   string // a contact; see prepared
}

func newScene(w *world) *scene {
	t, s := w.t, &scene{world: w}
	file := w.provider.AddFile("shop", "a.txt", "text/plain", []byte("content"))
	in := w.says("ann", "Hi")
	in.Message.Attachments = []conversation.Attachment{file}
	w.takes(in, w.item(channel.Item{Offer: &channel.Offer{Actions: []conversation.Action{{ID: "accept"}}}}))
	s.conv = w.current("ann").ID
	s.inbound = w.timeline(s.conv)[0].ID
	w.provider.Next("shop", loopback.Outcome{Err: &channel.Error{Class: channel.Content}})
	m, err := w.setup.Reply(ctx, s.conv, frontdesk.Draft{Text: "Refused"})
	require.NoError(t, err)
	s.failed = m.ID
	w.run()
	m, err = w.setup.Reply(ctx, s.conv, frontdesk.Draft{Text: "Later", At: w.clock.Now().Add(time.Hour)})
	require.NoError(t, err)
	s.later = m.ID
	s.spare = w.channel(frontdesk.Channel{Account: "spare", Mailbox: "berlin"}).ID
	bad := w.provider.Sign([]byte(`{"items":[{"Account":"shop","Thread":"x","Offer":{}}, 7]}`))
	require.Equal(t, http.StatusOK, serve(w.desk, bad))
	page, err := w.setup.Deliveries(ctx, "", 1)
	require.NoError(t, err)
	require.Len(t, page.Items, 1)
	s.raw = page.Items[0].ID
	r, err := w.setup.SaveReply(ctx, frontdesk.SavedReply{Title: "Hello", Content: "Hello"})
	require.NoError(t, err)
	s.reply = r.ID
	require.NoError(t, w.setup.SaveTag(ctx, frontdesk.SavedTag{ID: "work", Billable: true}))
	whisper, err := w.setup.Reply(ctx, s.conv, frontdesk.Draft{Text: "Looked it up", Whisper: true, Tags: []string{"work"}})
	require.NoError(t, err)
	s.whisper = whisper.ID
	return s
}

// need is what a command needs.
type need int

const (
	reads   need = iota // everybody who is somebody
	works               // not those who may only read
	manages             // owners, admins and the host
	nobody              // it asks for no right: it touches nothing
)

// command is a method of Session in the table of rights.
type command struct {
	needs  need
	object bool // it is about one conversation: who does not see that is told that it is not there
	person bool // only agents do it
	call   func(s *frontdesk.Session, x *scene) error
}

// unless drops an error that says something: what it is about is not there, and who has no right to it is not told so.
func unless(err error, says string) error {
	if err != nil && strings.Contains(err.Error(), says) {
		return nil
	}
	return err
}

// only drops a result.
func only[T any](_ T, err error) error { return err }

// missing lets the answer pass that something is not there: the right to ask was there.
func missing[T any](_ T, err error) error {
	if errors.Is(err, frontdesk.ErrNotFound) {
		return nil
	}
	return err
}

// refused lets the domain's refusal pass: the right was there.
func refused[T any](_ T, err error) error {
	if errors.Is(err, conversation.ErrState) || errors.Is(err, conversation.ErrValue) {
		return nil
	}
	return err
}

// commands are all methods of Session. A method without a row fails TestP5_EveryCommandForEveryRole.
var commands = map[string]command{
	"Do": {works, true, false, func(s *frontdesk.Session, x *scene) error {
		return only(s.Do(ctx, x.conv, frontdesk.Tag{Add: []string{"a"}}))
	}},
	"View":       {reads, true, true, func(s *frontdesk.Session, x *scene) error { return only(s.View(ctx, x.conv)) }},
	"MarkRead":   {works, true, true, func(s *frontdesk.Session, x *scene) error { return only(s.MarkRead(ctx, x.conv)) }},
	"MarkUnread": {works, true, true, func(s *frontdesk.Session, x *scene) error { return only(s.MarkUnread(ctx, x.conv)) }},
	"Retry":      {works, true, false, func(s *frontdesk.Session, x *scene) error { return only(s.Retry(ctx, x.failed)) }},
	"Dismiss":    {works, true, false, func(s *frontdesk.Session, x *scene) error { return only(s.Dismiss(ctx, x.failed)) }},
	"CancelSend": {works, true, false, func(s *frontdesk.Session, x *scene) error { return only(s.CancelSend(ctx, x.later)) }},
	"EditScheduled": {works, true, false, func(s *frontdesk.Session, x *scene) error {
		return only(s.EditScheduled(ctx, x.later, frontdesk.Draft{Text: "y"}))
	}},
	"Forward": {works, true, false, func(s *frontdesk.Session, x *scene) error {
		return only(s.Forward(ctx, x.inbound, frontdesk.Forward{Conversation: x.conv, Start: frontdesk.Start{Draft: frontdesk.Draft{Whisper: true}}}))
	}},
	"SaveDraft": {works, true, true, func(s *frontdesk.Session, x *scene) error {
		return s.SaveDraft(ctx, x.conv, false, frontdesk.SavedDraft{Text: "x"})
	}},
	"Draft": {works, true, true, func(s *frontdesk.Session, x *scene) error {
		if _, err := s.Draft(ctx, x.conv, false); err != nil && !strings.HasSuffix(err.Error(), "draft: "+frontdesk.ErrNotFound.Error()) {
			return err
		}
		return nil // he has none
	}},
	"DeleteDraft": {works, true, true, func(s *frontdesk.Session, x *scene) error { return s.DeleteDraft(ctx, x.conv, false) }},
	"Writing":     {works, true, true, func(s *frontdesk.Session, x *scene) error { return s.Writing(ctx, x.conv) }},
	"Writers":     {reads, true, false, func(s *frontdesk.Session, x *scene) error { return only(s.Writers(ctx, x.conv)) }},
	"UpdateChannel": {manages, false, false, func(s *frontdesk.Session, x *scene) error {
		return only(s.UpdateChannel(ctx, frontdesk.Channel{ID: x.chat.ID, Mailbox: "berlin", PollEvery: -1, Name: "New"}))
	}},
	"RemoveChannel": {manages, false, false, func(s *frontdesk.Session, x *scene) error { return s.RemoveChannel(ctx, x.spare) }},
	"SnoozePreset": {nobody, false, false, func(s *frontdesk.Session, _ *scene) error {
		return only(s.SnoozePreset(conversation.Tomorrow, nil))
	}},
	"Measure": {reads, true, false, func(s *frontdesk.Session, x *scene) error {
		return only(s.Measure(ctx, x.conv, frontdesk.Draft{Text: "x"}))
	}},
	"Compose": {works, true, false, func(s *frontdesk.Session, x *scene) error {
		return only(s.Compose(ctx, frontdesk.Start{Channel: x.chat.ID, Address: "zoe", Draft: frontdesk.Draft{Text: "x"}}))
	}},
	"SendTest": {works, true, false, func(s *frontdesk.Session, x *scene) error {
		return only(s.SendTest(ctx, x.chat.ID, "zoe", frontdesk.Draft{Text: "x"}))
	}},
	"Conversations": {reads, false, false, func(s *frontdesk.Session, _ *scene) error {
		return only(s.Conversations(ctx, frontdesk.Query{}))
	}},
	"Count": {reads, false, false, func(s *frontdesk.Session, _ *scene) error { return only(s.Count(ctx, frontdesk.Query{})) }},
	"CountAll": {reads, false, false, func(s *frontdesk.Session, _ *scene) error {
		return only(s.CountAll(ctx, frontdesk.Query{}))
	}},
	"FromRecord": {nobody, false, false, func(s *frontdesk.Session, _ *scene) error {
		s.FromRecord("order", "1") // reading through it is what needs a right
		return nil
	}},
	"ViewAs": {manages, false, false, func(s *frontdesk.Session, _ *scene) error { return only(s.ViewAs(ctx, "jd")) }},
	"MaySee": {reads, false, false, func(s *frontdesk.Session, _ *scene) error { return only(s.MaySee(ctx)) }},
	"Views":  {reads, false, false, func(s *frontdesk.Session, _ *scene) error { return only(s.Views(ctx)) }},
	"SaveView": {manages, false, false, func(s *frontdesk.Session, _ *scene) error {
		return only(s.SaveView(ctx, frontdesk.SavedView{Name: "Everybody's", Shared: true}))
	}},
	"DeleteView":     {works, false, false, func(s *frontdesk.Session, _ *scene) error { return s.DeleteView(ctx, "none") }},
	"SetDefaultView": {works, false, true, func(s *frontdesk.Session, _ *scene) error { return s.SetDefaultView(ctx, "") }},
	"Conversation":   {reads, true, false, func(s *frontdesk.Session, x *scene) error { return only(s.Conversation(ctx, x.conv)) }},
	"Search": {reads, false, false, func(s *frontdesk.Session, _ *scene) error {
		return only(s.Search(ctx, frontdesk.SearchQuery{Text: "hello"}))
	}},
	"Timeline": {reads, true, false, func(s *frontdesk.Session, x *scene) error {
		return only(s.Timeline(ctx, x.conv, frontdesk.TimelineQuery{}))
	}},
	"Message":     {reads, true, false, func(s *frontdesk.Session, x *scene) error { return only(s.Message(ctx, x.inbound)) }},
	"Undelivered": {reads, false, false, func(s *frontdesk.Session, _ *scene) error { return only(s.Undelivered(ctx, "", 0)) }},
	"Counts":      {reads, false, false, func(s *frontdesk.Session, _ *scene) error { return only(s.Counts(ctx)) }},
	"Attachment": {reads, true, false, func(s *frontdesk.Session, x *scene) error {
		f, err := s.Attachment(ctx, x.inbound, 0)
		if err == nil {
			err = f.Body.Close()
		}
		return err
	}},
	"Act":         {works, true, false, func(s *frontdesk.Session, x *scene) error { return s.Act(ctx, x.conv, "accept", "") }},
	"TestChannel": {manages, false, false, func(s *frontdesk.Session, x *scene) error { return only(s.TestChannel(ctx, x.chat.ID)) }},
	"Deliveries":  {manages, false, false, func(s *frontdesk.Session, _ *scene) error { return only(s.Deliveries(ctx, "", 1)) }},
	"Replay": {manages, false, false, func(s *frontdesk.Session, x *scene) error {
		if err := s.Replay(ctx, x.raw); err != nil && frontdesk.Refused(err) {
			return err
		}
		return nil // it is still not understood
	}},
	"SaveReply": {manages, false, false, func(s *frontdesk.Session, _ *scene) error {
		return only(s.SaveReply(ctx, frontdesk.SavedReply{Title: "T", Content: "C"}))
	}},
	"DeleteReply": {manages, false, false, func(s *frontdesk.Session, x *scene) error { return s.DeleteReply(ctx, x.reply) }},
	"Replies":     {reads, false, false, func(s *frontdesk.Session, _ *scene) error { return only(s.Replies(ctx)) }},
	"Reply": {works, true, false, func(s *frontdesk.Session, x *scene) error {
		return only(s.Reply(ctx, x.conv, frontdesk.Draft{Text: "x"}))
	}},
	"Whisper":     {works, true, false, func(s *frontdesk.Session, x *scene) error { return only(s.Whisper(ctx, x.conv, "x")) }},
	"SaveMailbox": {manages, false, false, func(s *frontdesk.Session, _ *scene) error { return s.SaveMailbox(ctx, frontdesk.Mailbox{ID: "rome"}) }},
	"SaveSettings": {manages, false, false, func(s *frontdesk.Session, _ *scene) error {
		return s.SaveSettings(ctx, frontdesk.Settings{GlobalRead: true})
	}},
	"Settings": {reads, false, false, func(s *frontdesk.Session, _ *scene) error { return only(s.Settings(ctx)) }},
	"SaveSpamLists": {manages, false, false, func(s *frontdesk.Session, _ *scene) error {
		return s.SaveSpamLists(ctx, frontdesk.SpamLists{Block: []string{"bad.example"}})
	}},
	"SpamLists":   {manages, false, false, func(s *frontdesk.Session, _ *scene) error { return only(s.SpamLists(ctx)) }},
	"SpamVerdict": {reads, true, false, func(s *frontdesk.Session, x *scene) error { return only(s.SpamVerdict(ctx, x.conv)) }},
	"SaveTeam":    {manages, false, false, func(s *frontdesk.Session, _ *scene) error { return s.SaveTeam(ctx, frontdesk.Team{ID: "new"}) }},
	"SaveAgent": {manages, false, false, func(s *frontdesk.Session, _ *scene) error {
		return s.SaveAgent(ctx, frontdesk.Agent{ID: "jd", Role: frontdesk.Owner})
	}},
	"AddChannel": {manages, false, false, func(s *frontdesk.Session, _ *scene) error {
		return only(s.AddChannel(ctx, frontdesk.Channel{Kind: "loopback", Account: "new", Mailbox: "berlin", PollEvery: -1}))
	}},
	"Channels":  {reads, false, false, func(s *frontdesk.Session, _ *scene) error { return only(s.Channels(ctx, "")) }},
	"Agents":    {reads, false, false, func(s *frontdesk.Session, _ *scene) error { return only(s.Agents(ctx)) }},
	"Teams":     {reads, false, false, func(s *frontdesk.Session, _ *scene) error { return only(s.Teams(ctx)) }},
	"Mailboxes": {reads, false, false, func(s *frontdesk.Session, _ *scene) error { return only(s.Mailboxes(ctx)) }},

	"TrashMessage":   {works, true, false, func(s *frontdesk.Session, x *scene) error { return only(s.TrashMessage(ctx, x.inbound)) }},
	"RestoreMessage": {works, true, false, func(s *frontdesk.Session, x *scene) error { return only(s.RestoreMessage(ctx, x.inbound)) }},
	"TrashedMessages": {reads, false, false, func(s *frontdesk.Session, _ *scene) error {
		return only(s.TrashedMessages(ctx, "berlin", "", 0))
	}},
	"SetMinutes": {works, true, false, func(s *frontdesk.Session, x *scene) error { return only(s.SetMinutes(ctx, x.whisper, 5, true)) }},
	"TagMessage": {works, true, false, func(s *frontdesk.Session, x *scene) error {
		return only(s.TagMessage(ctx, x.inbound, frontdesk.Tag{Add: []string{"new"}}))
	}},
	"SaveEndpoint": {manages, false, false, func(s *frontdesk.Session, _ *scene) error {
		// The tests' environment has no such secret; rights are looked at before it.
		err := s.SaveEndpoint(ctx, frontdesk.Endpoint{ID: "erp", URL: "https://erp.example.com/hook", Secret: "erp", Inactive: true})
		return unless(err, "FRONTDESK_SECRET_ERP")
	}},
	"SaveRule": {manages, false, false, func(s *frontdesk.Session, _ *scene) error { return s.SaveRule(ctx, aRule("new")) }},
	"CopyRule": {manages, false, false, func(s *frontdesk.Session, _ *scene) error {
		return unless(s.CopyRule(ctx, "none", "copy"), "not found")
	}},
	"DeleteRule":     {manages, false, false, func(s *frontdesk.Session, _ *scene) error { return s.DeleteRule(ctx, "new") }},
	"Rules":          {manages, false, false, func(s *frontdesk.Session, _ *scene) error { return only(s.Rules(ctx)) }},
	"RuleRuns":       {manages, false, false, func(s *frontdesk.Session, _ *scene) error { return only(s.RuleRuns(ctx, "new", "", 1)) }},
	"TryRule":        {manages, false, false, func(s *frontdesk.Session, x *scene) error { return only(s.TryRule(ctx, aRule("new"), x.conv)) }},
	"DeleteEndpoint": {manages, false, false, func(s *frontdesk.Session, _ *scene) error { return s.DeleteEndpoint(ctx, "erp") }},
	"Endpoints":      {manages, false, false, func(s *frontdesk.Session, _ *scene) error { return only(s.Endpoints(ctx)) }},
	"Hooks": {manages, false, false, func(s *frontdesk.Session, _ *scene) error {
		return unless(only(s.Hooks(ctx, "erp", "", 1)), "webhook \"erp\"")
	}},
	"ReplayEvents": {manages, false, false, func(s *frontdesk.Session, _ *scene) error {
		return unless(only(s.ReplayEvents(ctx, "erp", 1, 1)), "webhook \"erp\"")
	}},
	"SaveTag":   {manages, false, false, func(s *frontdesk.Session, _ *scene) error { return s.SaveTag(ctx, frontdesk.SavedTag{ID: "new"}) }},
	"DeleteTag": {manages, false, false, func(s *frontdesk.Session, _ *scene) error { return s.DeleteTag(ctx, "work") }},
	"Tags":      {reads, false, false, func(s *frontdesk.Session, _ *scene) error { return only(s.Tags(ctx, "")) }},
	"SaveFolder": {works, false, false, func(s *frontdesk.Session, _ *scene) error {
		return only(s.SaveFolder(ctx, frontdesk.Folder{Name: "Urgent"}))
	}},
	"DeleteFolder": {works, false, false, func(s *frontdesk.Session, _ *scene) error { return s.DeleteFolder(ctx, "none") }},
	"Folders":      {reads, false, false, func(s *frontdesk.Session, _ *scene) error { return only(s.Folders(ctx)) }},
	"SaveGroup": {manages, false, false, func(s *frontdesk.Session, _ *scene) error {
		return s.SaveGroup(ctx, frontdesk.Group{ID: "general", Names: english("General"), Visible: true})
	}},
	"Groups": {reads, false, false, func(s *frontdesk.Session, _ *scene) error { return only(s.Groups(ctx)) }},
	"SaveType": {manages, false, false, func(s *frontdesk.Session, _ *scene) error {
		return s.SaveType(ctx, frontdesk.Type{ID: "claim", Group: "general", Names: english("Claim")})
	}},
	"Types": {reads, false, false, func(s *frontdesk.Session, _ *scene) error { return only(s.Types(ctx, "")) }},
	"SaveResponsibility": {manages, false, false, func(s *frontdesk.Session, _ *scene) error {
		return s.SaveResponsibility(ctx, frontdesk.Responsibility{ID: "returns", Names: english("Returns")})
	}},
	"SaveAutoReplies": {manages, false, false, func(s *frontdesk.Session, _ *scene) error {
		return s.SaveAutoReplies(ctx, []frontdesk.AutoReply{{ID: "closed", Text: "We are closed"}})
	}},
	"AutoReplies": {reads, false, false, func(s *frontdesk.Session, _ *scene) error { return only(s.AutoReplies(ctx)) }},
	"Opening": {reads, false, false, func(s *frontdesk.Session, _ *scene) error {
		return missing(s.Opening(ctx, "berlin", time.Time{}))
	}},
	"NextBusinessMorning": {reads, false, false, func(s *frontdesk.Session, _ *scene) error {
		return missing(s.NextBusinessMorning(ctx, "berlin", nil))
	}},
	"SaveRoster": {manages, false, false, func(s *frontdesk.Session, _ *scene) error {
		return s.SaveRoster(ctx, frontdesk.Roster{Zone: "Europe/Berlin"})
	}},
	"ImportRoster": {manages, false, false, func(s *frontdesk.Session, _ *scene) error { return s.ImportRoster(ctx, "agent,date,slot\n") }},
	"Roster":       {reads, false, false, func(s *frontdesk.Session, _ *scene) error { return only(s.Roster(ctx)) }},
	"Duties":       {reads, false, false, func(s *frontdesk.Session, _ *scene) error { return only(s.Duties(ctx, "2026-03")) }},
	"OnDuty": {reads, false, false, func(s *frontdesk.Session, _ *scene) error {
		return only(s.OnDuty(ctx, "jd", time.Time{}))
	}},
	"Responsibilities":  {reads, false, false, func(s *frontdesk.Session, _ *scene) error { return only(s.Responsibilities(ctx)) }},
	"Subscribe":         {works, true, true, func(s *frontdesk.Session, x *scene) error { return only(s.Subscribe(ctx, x.conv)) }},
	"Unsubscribe":       {works, true, true, func(s *frontdesk.Session, x *scene) error { return only(s.Unsubscribe(ctx, x.conv)) }},
	"Notices":           {reads, false, true, func(s *frontdesk.Session, _ *scene) error { return only(s.Notices(ctx, "", 0)) }},
	"NoticeCount":       {reads, false, true, func(s *frontdesk.Session, _ *scene) error { return only(s.NoticeCount(ctx)) }},
	"DismissNotice":     {reads, false, true, func(s *frontdesk.Session, x *scene) error { return s.DismissNotice(ctx, x.conv) }},
	"DismissNotices":    {reads, false, true, func(s *frontdesk.Session, _ *scene) error { return s.DismissNotices(ctx) }},
	"NoticePreferences": {reads, false, true, func(s *frontdesk.Session, _ *scene) error { return only(s.NoticePreferences(ctx)) }},
	"SaveNoticePreferences": {reads, false, true, func(s *frontdesk.Session, _ *scene) error {
		return s.SaveNoticePreferences(ctx, frontdesk.NoticePreferences{All: true})
	}},

	"Bulk": {works, false, false, func(s *frontdesk.Session, x *scene) error {
		return only(s.Bulk(ctx, frontdesk.Bulk{IDs: []string{x.conv}, Actions: []frontdesk.Action{frontdesk.Archive{}}}))
	}},
	"MarkAllRead": {works, false, true, func(s *frontdesk.Session, _ *scene) error { return only(s.MarkAllRead(ctx, frontdesk.Query{})) }},
	"DoAll": {works, false, false, func(s *frontdesk.Session, x *scene) error {
		return only(s.DoAll(ctx, []string{x.conv}, frontdesk.Pause{}))
	}},
	"BulkState": {reads, false, false, func(s *frontdesk.Session, x *scene) error { return missing(s.BulkState(ctx, "none")) }},
	"BulkResults": {reads, false, false, func(s *frontdesk.Session, x *scene) error {
		return missing(s.BulkResults(ctx, "none", ""))
	}},
	"CancelBulk": {works, false, false, func(s *frontdesk.Session, x *scene) error { return missing(0, s.CancelBulk(ctx, "none")) }},
	"Export": {reads, false, false, func(s *frontdesk.Session, x *scene) error {
		return s.Export(ctx, io.Discard, frontdesk.Export{IDs: []string{x.conv}, Format: frontdesk.CSV})
	}},
	"Merge": {works, true, false, func(s *frontdesk.Session, x *scene) error { return refused(s.Merge(ctx, x.conv, x.conv)) }},
	"MergePreview": {works, true, false, func(s *frontdesk.Session, x *scene) error {
		return refused(s.MergePreview(ctx, x.conv, x.conv))
	}},
	"Unmerge":           {works, true, false, func(s *frontdesk.Session, x *scene) error { return refused(s.Unmerge(ctx, x.conv)) }},
	"EmptyTrash":        {manages, false, false, func(s *frontdesk.Session, _ *scene) error { return only(s.EmptyTrash(ctx, "")) }},
	"EmptyTrashPreview": {manages, false, false, func(s *frontdesk.Session, _ *scene) error { return only(s.EmptyTrashPreview(ctx, "")) }},
	"RetentionPreview":  {manages, false, false, func(s *frontdesk.Session, _ *scene) error { return only(s.RetentionPreview(ctx)) }},
	"SweepState":        {manages, false, false, func(s *frontdesk.Session, _ *scene) error { return only(s.SweepState(ctx)) }},
	"StopSweep":         {manages, false, false, func(s *frontdesk.Session, _ *scene) error { return s.StopSweep(ctx) }},
	"ResumeSweep":       {manages, false, false, func(s *frontdesk.Session, _ *scene) error { return s.ResumeSweep(ctx) }},
	"Forget":            {manages, false, false, func(s *frontdesk.Session, x *scene) error { return only(s.Forget(ctx, x.get(x.conv).Contacts[0])) }},
	"Receipt":           {manages, false, false, func(s *frontdesk.Session, _ *scene) error { return missing(s.Receipt(ctx, "none")) }},
}

// who are the callers, and what the most is that each may do.
var who = []struct {
	name     string
	agent    *frontdesk.Agent
	actor    frontdesk.Actor
	may      need // nobody: nothing
	outsider bool // in another mailbox
	person   bool
}{
	{name: "owner", agent: &frontdesk.Agent{ID: "x", Role: frontdesk.Owner}, may: manages, person: true},
	{name: "admin", agent: &frontdesk.Agent{ID: "x", Role: frontdesk.Admin}, may: manages, person: true},
	{name: "agent", agent: &frontdesk.Agent{ID: "x", Mailboxes: []string{"berlin"}}, may: works, person: true},
	{name: "agent elsewhere", agent: &frontdesk.Agent{ID: "x", Mailboxes: []string{"munich"}}, may: works, outsider: true, person: true},
	{name: "agent nowhere", agent: &frontdesk.Agent{ID: "x"}, may: works, outsider: true, person: true},
	{name: "read-only", agent: &frontdesk.Agent{ID: "x", Role: frontdesk.ReadOnly, Mailboxes: []string{"berlin"}}, may: reads, person: true},
	{name: "agent of his own only", agent: &frontdesk.Agent{ID: "x", Mailboxes: []string{"berlin"}, Scope: frontdesk.ScopeOwn}, may: works, outsider: true, person: true},
	{name: "agent of his team's only", agent: &frontdesk.Agent{ID: "x", Mailboxes: []string{"berlin"}, Teams: []string{"returns"}, Scope: frontdesk.ScopeTeam},
		may: works, outsider: true, person: true},
	{name: "agent without messaging", agent: &frontdesk.Agent{ID: "x", Mailboxes: []string{"berlin"}, Messaging: map[string][]string{}}, may: works, outsider: true, person: true},
	{name: "agent of another method", agent: &frontdesk.Agent{ID: "x", Mailboxes: []string{"berlin"}, Messaging: map[string][]string{"berlin": {"sms"}}},
		may: works, outsider: true, person: true},
	{name: "agent of the method", agent: &frontdesk.Agent{ID: "x", Mailboxes: []string{"berlin"}, Messaging: map[string][]string{"berlin": {"chat"}}}, may: works, person: true},
	{name: "inactive admin", agent: &frontdesk.Agent{ID: "x", Role: frontdesk.Admin, Inactive: true}, may: nobody},
	{name: "unknown agent", actor: frontdesk.Actor{Tenant: tenant, Agent: "ghost"}, may: nobody},
	{name: "no one", actor: frontdesk.Actor{Tenant: tenant}, may: nobody},
	{name: "two at once", actor: frontdesk.Actor{Tenant: tenant, Agent: "jd", Automation: "bot"}, may: nobody},
	{name: "no tenant", actor: frontdesk.Actor{Agent: "jd"}, may: nobody},
	{name: "the directory", actor: frontdesk.System("*"), may: nobody},
	{name: "automation", actor: frontdesk.Actor{Tenant: tenant, Automation: "bot"}, may: works},
	{name: "system", actor: frontdesk.System(tenant), may: manages},
}

// begins are the commands about a person of whom there may be no conversation yet.
var begins = map[string]bool{"Compose": true, "SendTest": true}

func TestP5_EveryCommandForEveryRole(t *testing.T) {
	onlyOneThread(t)
	methods := reflect.TypeFor[*frontdesk.Session]()
	for i := range methods.NumMethod() {
		assert.Contains(t, commands, methods.Method(i).Name, "a method without a row in the table of rights")
	}
	assert.Len(t, commands, methods.NumMethod(), "a row without a method")
	for name, c := range commands {
		for _, p := range who {
			t.Run(name+"/"+p.name, func(t *testing.T) {
				onMemory(t, func(t *testing.T, w *world) {
					x := newScene(w)
					actor := p.actor
					if p.agent != nil {
						w.agent(*p.agent)
						actor = frontdesk.Actor{Tenant: tenant, Agent: "x"}
					}
					if name == "Do" && actor.Automation != "" {
						w.do(w.setup, x.conv, frontdesk.SetStatus{Status: conversation.Closed})
					}
					if (name == "Reply" || name == "Compose") && actor.Automation != "" {
						w.do(w.setup, x.conv, frontdesk.SetStatus{Status: conversation.Closed})
					}
					if prepare := prepared[name]; prepare != nil {
						prepare(x)
					}
					before, entries, told := w.get(x.conv), w.timeline(x.conv), len(w.events())
					err := c.call(w.desk.As(actor), x)
					switch {
					case c.needs == nobody:
						require.NoError(t, err)
					case p.may == nobody && actor.Automation == "" && actor.Tenant == tenant:
						require.ErrorIs(t, err, frontdesk.ErrForbidden)
					case p.may == nobody && !c.person:
						require.ErrorIs(t, err, frontdesk.ErrInvalid)
					case p.may == nobody:
						require.True(t, frontdesk.Refused(err), "%v", err)
					case c.needs > p.may, c.person && !p.person:
						require.ErrorIs(t, err, frontdesk.ErrForbidden)
					case p.outsider && c.object && begins[name] && p.agent.Scope != "":
						require.NoError(t, err) // what he begins is his own
						return
					case p.outsider && c.object && begins[name] && p.agent.Messaging != nil:
						require.ErrorIs(t, err, frontdesk.ErrForbidden) // he knows the mailbox
					case p.outsider && c.object:
						require.ErrorIs(t, err, frontdesk.ErrNotFound)
					case (name == "Compose" || name == "AskConsent") && actor.Automation != "":
						require.ErrorIs(t, err, conversation.ErrState) // it would begin an open conversation, which is a person's
					default:
						require.NoError(t, err)
						return
					}
					if c.needs != nobody {
						w.same(before, entries)
						assert.Len(t, w.events(), told, "a refusal tells nothing")
					}
				})
			})
		}
	}
}

// modules are the parts of the program that commands belong to which are not the inbox, or settings if they need an admin; "" belongs to all.
var modules = map[string]frontdesk.Module{"Agents": "", "Teams": "", "Mailboxes": "", "Channels": "", "Settings": "", "Tags": "", "SnoozePreset": "", "FromRecord": "",
	"SaveReply": frontdesk.ModuleInbox, "DeleteReply": frontdesk.ModuleInbox, "SaveView": frontdesk.ModuleInbox, "ViewAs": frontdesk.ModuleInbox,
	"Forget": frontdesk.ModuleContacts, "Export": frontdesk.ModuleExports}

func TestP5_EveryCommandForEveryModule(t *testing.T) {
	onlyOneThread(t)
	all := []frontdesk.Module{frontdesk.ModuleInbox, frontdesk.ModuleContacts, frontdesk.ModuleExports, frontdesk.ModuleSettings}
	for name, c := range commands {
		belongs, ok := modules[name]
		if !ok {
			belongs = map[bool]frontdesk.Module{true: frontdesk.ModuleSettings, false: frontdesk.ModuleInbox}[c.needs == manages]
		}
		for _, m := range all {
			t.Run(name+"/"+string(m), func(t *testing.T) {
				onMemory(t, func(t *testing.T, w *world) {
					x := newScene(w)
					if prepare := prepared[name]; prepare != nil {
						prepare(x)
					}
					limited := w.agent(frontdesk.Agent{ID: "x", Role: frontdesk.Admin, Modules: []frontdesk.Module{m}})
					before, entries, told := w.get(x.conv), w.timeline(x.conv), len(w.events())
					err := c.call(limited, x)
					if belongs == "" || belongs == m {
						require.NoError(t, err)
						return
					}
					require.ErrorIs(t, err, frontdesk.ErrForbidden)
					w.same(before, entries)
					assert.Len(t, w.events(), told)
				})
			})
		}
	}
}

func TestP5_LimitsThatSayNothingAreRefused(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		for _, a := range []frontdesk.Agent{
			{ID: "x", Scope: "some"}, {ID: "x", Role: frontdesk.Admin, Scope: frontdesk.ScopeOwn}, {ID: "x", Role: frontdesk.Owner, Scope: frontdesk.ScopeTeam},
			{ID: "x", Modules: []frontdesk.Module{"kitchen"}}, {ID: "x", Role: frontdesk.Owner, Modules: []frontdesk.Module{frontdesk.ModuleInbox}},
			{ID: "x", Mailboxes: []string{"berlin"}, Messaging: map[string][]string{"berlin": {"a/b"}}},
			{ID: "x", Mailboxes: []string{"berlin"}, Messaging: map[string][]string{"berlin": numbers(51)}},
		} {
			require.ErrorIs(t, w.setup.SaveAgent(ctx, a), frontdesk.ErrInvalid, "%+v", a)
		}
		_, err := w.desk.As(frontdesk.Actor{Tenant: tenant, Agent: "x"}).Conversations(ctx, frontdesk.Query{})
		require.ErrorIs(t, err, frontdesk.ErrForbidden, "nothing was saved")
	})
}

func numbers(n int) (out []string) {
	for i := range n {
		out = append(out, strconv.Itoa(i))
	}
	return out
}

func TestP5_ReadOnlyMarksNothing(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		auditor := w.agent(frontdesk.Agent{ID: "aud", Role: frontdesk.ReadOnly, Mailboxes: []string{"berlin"}})
		require.NoError(t, w.setup.SaveSettings(ctx, frontdesk.Settings{GlobalRead: true}))
		_, err := auditor.View(ctx, c.ID)
		require.NoError(t, err)
		assert.Equal(t, int64(1), w.unread(w.jane))
	})
}

// One rule decides what is listed, counted, read singly and opened.
func TestP1_OneVisibilityRule(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		x := newScene(w)
		w.channel(frontdesk.Channel{Account: "store", Mailbox: "munich"})
		m := w.says("bob", "Hi")
		m.Account = "store"
		w.takes(m)
		bob := w.current("bob")
		w.do(w.setup, x.conv, frontdesk.Assign{Agent: "jd", Team: "returns"}, frontdesk.Tag{Add: []string{"vip"}})
		ann := w.get(x.conv)
		queries := []frontdesk.Query{{}, {View: frontdesk.AllView}, {View: frontdesk.FailedView}, {View: frontdesk.AssignedView}, {Tag: "vip"},
			{Contact: ann.Contacts[0]}, {Contact: ann.Contacts[0], Tag: "vip"}, {Channel: w.chat.ID}, {Agent: "jd"}, {Team: "returns"},
			{Agent: "jd", Team: "returns"}, {Mailbox: "berlin"}, {Mailbox: "berlin", Agent: "jd"}, {Tag: "vip", View: frontdesk.FailedView}}
		nowhere := w.agent(frontdesk.Agent{ID: "no"})
		for _, q := range queries {
			has := func(s *frontdesk.Session, id string) bool {
				for _, c := range w.list(s, q) {
					if c.ID == id {
						return true
					}
				}
				return false
			}
			assert.True(t, has(w.jane, ann.ID), "%+v", q)
			assert.True(t, has(w.setup, ann.ID), "%+v", q)
			assert.False(t, has(w.jane, bob.ID), "%+v", q)
			assert.False(t, has(w.mia, ann.ID), "%+v", q)
			assert.Empty(t, w.list(nowhere, q), "%+v", q)
		}
		assert.Len(t, w.list(w.jane, frontdesk.Query{View: frontdesk.MineView}), 1)
		assert.Empty(t, w.list(w.joe, frontdesk.Query{View: frontdesk.MineView}))
		_, err := w.setup.Conversations(ctx, frontdesk.Query{View: frontdesk.MineView})
		require.ErrorIs(t, err, frontdesk.ErrInvalid)

		for s, want := range map[*frontdesk.Session]int{w.jane: 1, w.mia: 0, nowhere: 0, w.setup: 1} {
			page, err := s.Undelivered(ctx, "", 0)
			require.NoError(t, err)
			assert.Len(t, page.Items, want)
		}
		counts, err := nowhere.Counts(ctx)
		require.NoError(t, err)
		assert.Equal(t, frontdesk.Counts{Mailboxes: map[string]int64{}, Teams: map[string]int64{}}, counts)
		counts, err = w.setup.Counts(ctx)
		require.NoError(t, err)
		assert.Equal(t, map[string]int64{"berlin": 1, "munich": 1}, counts.Mailboxes)
		assert.Equal(t, map[string]int64{"returns": 1}, counts.Teams)

		// What one no longer sees is gone at once, also what he is assigned.
		w.agent(frontdesk.Agent{ID: "jd", Mailboxes: []string{"munich"}})
		assert.Empty(t, w.list(w.jane, frontdesk.Query{View: frontdesk.MineView}))
		_, err = w.jane.Conversation(ctx, ann.ID)
		require.ErrorIs(t, err, frontdesk.ErrNotFound)
	})
}

func TestP1_PagesOfMineAndOfManyMailboxes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		boxes := []string{"berlin"}
		for i := range 10 {
			id := "box-" + string(rune('a'+i))
			require.NoError(t, w.setup.SaveMailbox(ctx, frontdesk.Mailbox{ID: id}))
			w.channel(frontdesk.Channel{Account: id, Mailbox: id})
			boxes = append(boxes, id, id) // named twice
		}
		jane := w.agent(frontdesk.Agent{ID: "jd", Name: "Jane Doe", Mailboxes: boxes})
		var items []channel.Item
		for i := range 40 {
			m := w.says("c-"+string(rune('a'+i%26))+string(rune('a'+i/26)), "Hi")
			if i%2 == 0 {
				m.Account = boxes[1+i%20]
			}
			items = append(items, m)
		}
		w.takes(items...)
		for _, c := range w.list(jane, frontdesk.Query{}) {
			w.do(jane, c.ID, frontdesk.Assign{Agent: "jd"})
		}
		for _, q := range []frontdesk.Query{{}, {View: frontdesk.AllView}, {View: frontdesk.MineView}} {
			q.Limit = 7
			seen := map[string]bool{}
			for _, c := range w.list(jane, q) {
				require.False(t, seen[c.ID], "nothing twice")
				seen[c.ID] = true
			}
			assert.Len(t, seen, 40, "%+v", q)
		}
		counts, err := jane.Counts(ctx)
		require.NoError(t, err)
		assert.Equal(t, int64(40), counts.All, "a mailbox named twice is counted once")
		assert.Equal(t, int64(40), counts.Mine)

		page, err := jane.Conversations(ctx, frontdesk.Query{Limit: 3})
		require.NoError(t, err)
		_, err = jane.Conversations(ctx, frontdesk.Query{View: frontdesk.MineView, Cursor: page.Next})
		require.ErrorIs(t, err, frontdesk.ErrCursor)
		for _, bad := range []frontdesk.Query{{Limit: -1}, {Limit: 1001}, {View: "nope"}, {Tag: "nul\x00"}, {Agent: "\xff"}} {
			_, err = jane.Conversations(ctx, bad)
			require.ErrorIs(t, err, frontdesk.ErrInvalid, "%+v", bad)
		}
	})
}

// Two tenants with the same IDs everywhere never meet, whatever they call.
func TestE3_TenantsNeverMeet(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		x := newScene(w)
		other := &world{t: t, store: w.store, provider: w.provider, clock: w.clock, desk: w.desk, setup: w.desk.As(frontdesk.System("other"))}
		for _, id := range []string{"berlin", "munich"} {
			require.NoError(t, other.setup.SaveMailbox(ctx, frontdesk.Mailbox{ID: id}))
		}
		require.NoError(t, other.setup.SaveTeam(ctx, frontdesk.Team{ID: "returns"}))
		require.NoError(t, other.setup.SaveAgent(ctx, frontdesk.Agent{ID: "jd", Name: "Not Jane", Role: frontdesk.Owner}))
		chat, err := other.setup.AddChannel(ctx, frontdesk.Channel{Kind: "loopback", Account: "other-shop", Mailbox: "berlin", PollEvery: -1})
		require.NoError(t, err)
		m := w.says("ann", "Ours alone")
		m.Account, m.Message.ID = "other-shop", "in-1" // the same provider's ID, the same address
		w.takes(m)

		theirs := w.desk.As(frontdesk.Actor{Tenant: "other", Agent: "jd"})
		before, entries, told := w.get(x.conv), w.timeline(x.conv), len(w.events())
		for name, c := range commands {
			if c.object || name == "Replay" || name == "TestChannel" {
				require.ErrorIs(t, c.call(theirs, x), frontdesk.ErrNotFound, name)
				continue
			}
			_ = c.call(theirs, x) // it changes what is its own
		}
		w.same(before, entries)
		assert.Len(t, w.events(), told)
		replies, err := w.setup.Replies(ctx)
		require.NoError(t, err)
		assert.Len(t, replies, 1)

		list := other.list(theirs, frontdesk.Query{})
		require.Len(t, list, 1)
		assert.Equal(t, "Ours alone", list[0].Preview)
		assert.NotEqual(t, before.Contacts, list[0].Contacts)
		agents, err := w.setup.Agents(ctx)
		require.NoError(t, err)
		assert.Len(t, agents, 3)
		channels, err := theirs.Channels(ctx, "")
		require.NoError(t, err)
		for _, ch := range channels {
			assert.NotEqual(t, w.chat.ID, ch.ID)
		}
		page, err := theirs.Undelivered(ctx, "", 10)
		require.NoError(t, err)
		assert.Empty(t, page.Items)
		raw, err := theirs.Deliveries(ctx, "", 10)
		require.NoError(t, err)
		assert.Empty(t, raw.Items)
		settings, err := w.setup.Settings(ctx)
		require.NoError(t, err)
		assert.False(t, settings.GlobalRead)
		for _, ours := range w.list(w.setup, frontdesk.Query{View: frontdesk.AllView}) {
			assert.NotEqual(t, list[0].ID, ours.ID)
		}
		_, err = theirs.AddChannel(ctx, frontdesk.Channel{Kind: "loopback", Account: "shop", Mailbox: "berlin", PollEvery: -1})
		require.ErrorIs(t, err, frontdesk.ErrTaken)
		_, err = other.setup.Compose(ctx, frontdesk.Start{Channel: chat.ID, Contact: before.Contacts[0], Draft: frontdesk.Draft{Text: "x"}})
		require.ErrorIs(t, err, frontdesk.ErrNotFound)
	})
}

// Who may not change channels is not told their login details.
func TestP3_LoginDetailsAreForAdmins(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		mine, err := w.jane.Channels(ctx, "berlin")
		require.NoError(t, err)
		require.Len(t, mine, 1)
		assert.Empty(t, mine[0].Token)
		all, err := w.setup.Channels(ctx, "")
		require.NoError(t, err)
		assert.NotEmpty(t, all[0].Token)
		none, err := w.mia.Channels(ctx, "")
		require.NoError(t, err)
		assert.Empty(t, none)
	})
}

func TestCancelledContext(t *testing.T) {
	w := newWorld(t, stores.SQLite(t))
	x := newScene(w)
	gone, cancel := context.WithTimeout(ctx, time.Nanosecond)
	defer cancel()
	<-gone.Done()
	before, entries := w.get(x.conv), w.timeline(x.conv)
	_, err := w.jane.Reply(gone, x.conv, frontdesk.Draft{Text: "x"})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	_, err = w.jane.Do(gone, x.conv, frontdesk.Complete{})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	w.same(before, entries)
}

// onlyOneThread is called by large tables in which nothing happens at the same time: the race detector, for which -short is, learns nothing from them.
func onlyOneThread(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("a large table: run it without -short")
	}
}
