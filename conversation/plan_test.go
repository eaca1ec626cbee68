package conversation

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A command that is carried out, and once more: the second time it does nothing.
func TestPlanning(t *testing.T) {
	day := 24 * time.Hour
	for _, tc := range []struct {
		name     string
		cmd      Command
		want     func(*Conversation) any
		value    any
		from, to string
	}{
		{"a follow-up", SetFollowUp{start.Add(day)}, func(c *Conversation) any { return c.FollowUp }, start.Add(day), "", "2026-03-03T09:00:00Z"},
		{"a deadline", SetDeadline{start.Add(day)}, func(c *Conversation) any { return c.Deadline }, start.Add(day), "", "2026-03-03T09:00:00Z"},
		{"a deadline that has passed", SetDeadline{start.Add(-day)}, func(c *Conversation) any { return c.Deadline }, start.Add(-day), "", "2026-03-01T09:00:00Z"},
		{"a priority", SetPriority{MinPriority}, func(c *Conversation) any { return c.Priority }, 1, "0", "1"},
		{"the highest priority", SetPriority{MaxPriority}, func(c *Conversation) any { return c.Priority }, 5, "0", "5"},
		{"a type", SetType{Type: "claim"}, func(c *Conversation) any { return c.Type + "." + c.Stage }, "claim.", "/", "claim/"},
		{"a type and a stage", SetType{"claim", "new"}, func(c *Conversation) any { return c.Type + "." + c.Stage }, "claim.new", "/", "claim/new"},
		{"a hold", SetHold{true}, func(c *Conversation) any { return c.Hold }, true, "off", "on"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := begin(t, Rules{})
			change := l.do(ann, tc.cmd)
			assert.Equal(t, tc.value, tc.want(&l.c))
			require.Len(t, change.Events, 1)
			assert.Equal(t, []string{tc.from, tc.to}, []string{change.Events[0].From, change.Events[0].To})
			require.Len(t, change.Messages, 1, "it is told on the timeline")
			assert.False(t, l.do(ben, tc.cmd).Changed(), "it is done already")
		})
	}
	t.Run("taken back", func(t *testing.T) {
		l := begin(t, Rules{})
		l.do(ann, SetFollowUp{start.Add(day)}, SetDeadline{start}, SetPriority{3}, SetType{"claim", "new"}, SetHold{true})
		l.do(ann, SetFollowUp{}, SetDeadline{}, SetPriority{NoPriority}, SetType{}, SetHold{})
		c := l.c
		assert.Equal(t, []any{time.Time{}, time.Time{}, 0, "", "", false}, []any{c.FollowUp, c.Deadline, c.Priority, c.Type, c.Stage, c.Hold})
	})
}

func TestPlanningRefuses(t *testing.T) {
	l := begin(t, Rules{})
	for _, cmd := range []Command{
		SetFollowUp{l.now}, SetFollowUp{start.Add(-time.Hour)}, SetFollowUp{l.now.Add(MaxPlan + time.Hour)},
		SetDeadline{l.now.Add(MaxPlan + time.Hour)}, SetDeadline{l.now.Add(-MaxPlan - time.Hour)},
		SetPriority{-1}, SetPriority{6}, SetType{Stage: "new"},
	} {
		change, err := l.try(ann, cmd)
		require.ErrorIs(t, err, ErrValue, "%#v", cmd)
		assert.False(t, change.Changed())
	}
	_, err := l.try(ann, SetFollowUp{l.now.Add(MaxPlan)}, SetDeadline{l.now.Add(-MaxPlan)})
	assert.NoError(t, err, "at the limits")
}

// A due follow-up happens once; a date that was changed or cleared makes the old one do nothing.
func TestResubmitOnce(t *testing.T) {
	l := begin(t, Rules{})
	l.receive("a")
	l.do(ann, MarkRead{})
	l.do(ben, SetFollowUp{start.Add(time.Hour)})
	l.do(ben, SetFollowUp{start.Add(2 * time.Hour)})
	l.now = start.Add(time.Hour)
	assert.False(t, l.do(system, Resubmit{}).Changed(), "the date was changed")
	l.now = start.Add(72 * time.Hour) // after days of downtime
	change := l.do(system, Resubmit{})
	assert.Equal(t, []string{EventDue}, types(change.Events))
	assert.Equal(t, "2026-03-02T11:00:00Z", change.Events[0].From)
	assert.Equal(t, []string{"ann", "ben", "zoe", "all"}, unread(&l.c))
	assert.Zero(t, l.c.FollowUp)
	assert.False(t, l.do(system, Resubmit{}).Changed())
}

// Where nobody has written, a due follow-up is what there is to read.
func TestResubmitOfWhispers(t *testing.T) {
	l := begin(t, Rules{})
	l.do(ann, Whispering{Message: Message{Text: "psst"}}, SetFollowUp{start.Add(time.Hour)})
	assert.Empty(t, unread(&l.c))
	l.now = start.Add(time.Hour)
	l.do(system, Resubmit{})
	assert.Len(t, unread(&l.c), 4)
	assert.False(t, l.do(ben, MarkRead{}).Conversation.Unread("ben", false))
}

func TestLastAgent(t *testing.T) {
	l := begin(t, Rules{})
	for i, step := range []struct {
		to   Assign
		want string
	}{{Assign{Agent: "ann"}, ""}, {Assign{Agent: "ann", Team: "sales"}, ""}, {Assign{Agent: "ben"}, "ann"}, {Assign{Team: "sales"}, "ben"}, {Assign{}, "ben"},
		{Assign{Agent: "ann"}, "ben"}} {
		l.do(ben, step.to)
		assert.Equal(t, step.want, l.c.LastAgent, "step %d", i)
	}
}

func TestAnswered(t *testing.T) {
	l := begin(t, Rules{})
	l.receive("a")
	assert.Zero(t, l.c.Answered)
	r := l.reply(ann, "r")
	assert.Equal(t, r.Stored, l.c.Answered)
	l.do(ann, Whispering{Message: Message{Text: "w"}}, SetStatus{Closed})
	l.do(bot, Reply{Message: Message{Text: "beep"}, Thread: mainThread})
	assert.Equal(t, r.Stored, l.c.Answered, "only an agent's answer counts")
}

func TestLists(t *testing.T) {
	order := func(id string) Link { return Link{Kind: "order", ID: id} }
	hand := func(id string) Link { return Link{Kind: "order", ID: id, By: ByHand} }
	for _, tc := range []struct {
		name  string
		first Command
		then  Command
		get   func(*Conversation) any
		want  any
		told  []string // From and To
	}{
		{"folders", ChangeFolders{Add: []string{"b", "a", "b"}}, ChangeFolders{Add: []string{"c"}, Remove: []string{"a", "x"}},
			func(c *Conversation) any { return c.Folders }, []string{"b", "c"}, []string{"a,b", "b,c"}},
		{"adding wins", ChangeFolders{Add: []string{"a"}}, ChangeFolders{Add: []string{"a", "b"}, Remove: []string{"a"}},
			func(c *Conversation) any { return c.Folders }, []string{"a", "b"}, []string{"a", "a,b"}},
		{"owners", ChangeOwners{Add: []Owner{{"r", "ben"}, {"r", "ann"}}}, ChangeOwners{Add: []Owner{{"q", "ben"}}, Remove: []Owner{{"r", "ann"}}},
			func(c *Conversation) any { return c.Owners }, []Owner{{"q", "ben"}, {"r", "ben"}}, []string{"r/ann", "q/ben"}},
		{"subscribers", ChangeSubscribers{Add: []string{SubscriberRole("r"), SubscriberAgent("ann")}},
			ChangeSubscribers{Add: []string{SubscriberAgent("ben")}, Remove: []string{SubscriberRole("r")}},
			func(c *Conversation) any { return c.Subscribers }, []string{"agent/ann", "agent/ben"}, []string{"role/r", "agent/ben"}},
		{"links", ChangeLinks{Add: []Link{order("2"), order("1")}}, ChangeLinks{Add: []Link{{Kind: "item", ID: "9", By: ByMatch}}, Remove: []Link{order("1")}},
			func(c *Conversation) any { return c.Links }, []Link{{"item", "9", ByMatch}, hand("2")}, []string{"order/1", "item/9"}},
		{"a link keeps how it came about", ChangeLinks{Add: []Link{{"order", "1", ByCapture}}}, ChangeLinks{Add: []Link{order("1"), order("2")}, Remove: []Link{order("1")}},
			func(c *Conversation) any { return c.Links }, []Link{{"order", "1", ByCapture}, hand("2")}, []string{"", "order/2"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := begin(t, Rules{})
			l.do(ann, tc.first)
			change := l.do(ann, tc.then)
			assert.Equal(t, tc.want, tc.get(&l.c))
			require.Len(t, change.Events, 1)
			assert.Equal(t, tc.told, []string{change.Events[0].From, change.Events[0].To})
			assert.Len(t, change.Messages, 1)
		})
	}
}

func TestPersonalFoldersStayOffTheTimeline(t *testing.T) {
	l := begin(t, Rules{})
	change := l.do(ann, ChangeFolders{Add: []string{PersonalFolder("ann", "later")}})
	assert.Empty(t, change.Messages)
	require.Len(t, change.Events, 1)
	assert.Empty(t, change.Events[0].From+change.Events[0].To)
	change = l.do(ann, ChangeFolders{Add: []string{"all", PersonalFolder("ann", "now")}})
	require.Len(t, change.Messages, 1)
	assert.Equal(t, "all", change.Messages[0].Event.To)
	assert.Equal(t, []string{EventFiled, EventFiled}, types(change.Events))
	assert.Equal(t, "ann", FolderAgent("ann/later"))
	assert.Equal(t, "", FolderAgent("later"))
}

func TestListsRefuse(t *testing.T) {
	many := func(n int) (ids []string, owners []Owner, links []Link) {
		for i := range n {
			id := fmt.Sprintf("x%d", i)
			ids, owners, links = append(ids, id), append(owners, Owner{"r", id}), append(links, Link{Kind: "order", ID: id})
		}
		return ids, owners, links
	}
	agents := func(n int) (out []string) {
		ids, _, _ := many(n)
		for _, id := range ids {
			out = append(out, SubscriberAgent(id))
		}
		return out
	}
	folders, _, _ := many(MaxFolders + 1)
	_, owners, _ := many(MaxOwners + 1)
	_, _, links := many(MaxLinks + 1)
	l := begin(t, Rules{})
	for _, cmd := range []Command{
		ChangeFolders{Add: []string{""}}, ChangeFolders{Add: []string{"ann/"}}, ChangeFolders{Add: []string{"a/b/c"}}, ChangeFolders{Add: []string{"a,b"}}, ChangeFolders{Add: folders},
		ChangeOwners{Add: []Owner{{"", "ann"}}}, ChangeOwners{Add: []Owner{{"r", ""}}}, ChangeOwners{Add: []Owner{{"r", "a/b"}}}, ChangeOwners{Add: owners},
		ChangeSubscribers{Add: []string{"ann"}}, ChangeSubscribers{Add: []string{"team/ann"}}, ChangeSubscribers{Add: []string{"agent/"}}, ChangeSubscribers{Add: agents(MaxSubscribers + 1)},
		ChangeLinks{Add: []Link{{Kind: "", ID: "1"}}}, ChangeLinks{Add: []Link{{Kind: "a/b", ID: "1"}}}, ChangeLinks{Add: []Link{{Kind: "order"}}},
		ChangeLinks{Add: []Link{{Kind: "order", ID: "a\x00"}}}, ChangeLinks{Add: []Link{{Kind: "order", ID: "1", By: "magic"}}}, ChangeLinks{Add: links},
	} {
		_, err := l.try(ann, cmd)
		require.ErrorIs(t, err, ErrValue, "%#v", cmd)
	}
	_, err := l.try(ann, ChangeFolders{Add: folders[1:]}, ChangeOwners{Add: owners[1:]}, ChangeSubscribers{Add: agents(MaxSubscribers)}, ChangeLinks{Add: links[1:]})
	assert.NoError(t, err, "at the limits")
}

// What has more than it may, since the maximum was lowered, can be made shorter and changed, but not longer.
func TestTooLongListsCanBeShortened(t *testing.T) {
	l := begin(t, Rules{})
	p := Contact{Labels: many(MaxLabels+2, "x"), Fields: map[string]Value{}}
	m := &Message{Direction: Inbound, Tags: many(MaxTags+2, "x")}
	l.c.Tags, l.c.Folders, l.c.Fields = many(MaxTags+2, "x"), many(MaxFolders+2, "x"), map[string]Value{}
	for _, id := range many(MaxOwners+2, "x") {
		l.c.Owners = append(l.c.Owners, Owner{"r", id})
	}
	l.c.Subscribers, l.c.Pinned = many(MaxSubscribers+2, "agent/x"), append([]string{"ben"}, many(MaxPins+1, "x")...)
	for _, id := range many(MaxLinks+2, "x") {
		l.c.Links = append(l.c.Links, Link{"order", id, ByHand})
	}
	for i, id := range many(MaxFields+2, "x") {
		v := Value{Values: many(1+2*(i%2), "v")}
		l.c.Fields[id], p.Fields[id] = v, v
	}
	p.Fields["x000"] = Value{Values: many(MaxFieldValues*3, "v")}
	l.c.Fields["x000"] = p.Fields["x000"]
	order := func(id string) []Link { return []Link{{Kind: "order", ID: id}} }
	one := Value{Values: []string{"v"}}
	for _, tt := range []struct{ shorter, other, longer Command }{
		{ChangeTags{Remove: []string{"x001"}}, ChangeTags{Remove: []string{"x002"}, Add: []string{"y"}}, ChangeTags{Add: []string{"z"}}},
		{ChangeFolders{Remove: []string{"x001"}}, ChangeFolders{Remove: []string{"x002"}, Add: []string{"y"}}, ChangeFolders{Add: []string{"z"}}},
		{ChangeOwners{Remove: []Owner{{"r", "x001"}}}, ChangeOwners{Remove: []Owner{{"r", "x002"}}, Add: []Owner{{"r", "y"}}}, ChangeOwners{Add: []Owner{{"r", "z"}}}},
		{ChangeSubscribers{Remove: []string{"agent/x001"}}, ChangeSubscribers{Remove: []string{"agent/x002"}, Add: []string{"agent/y"}}, ChangeSubscribers{Add: []string{"agent/z"}}},
		{ChangeLinks{Remove: order("x001")}, ChangeLinks{Remove: order("x002"), Add: order("y")}, ChangeLinks{Add: order("z")}},
		{SetFields{map[string]Value{"x001": {}}}, SetFields{map[string]Value{"x002": {}, "y": one}}, SetFields{map[string]Value{"z": one}}},
		{Unpin{}, Unpin{}, Pin{}},
	} {
		assert.True(t, l.do(ben, tt.shorter).Changed())
		l.do(ben, tt.other)
		_, err := l.try(ben, tt.longer)
		require.ErrorIs(t, err, ErrValue, "%#v", tt.longer)
	}
	assert.Equal(t, []int{MaxTags + 1, MaxFolders + 1, MaxOwners + 1, MaxSubscribers + 1, MaxLinks + 1, MaxFields + 1, MaxPins + 1},
		[]int{len(l.c.Tags), len(l.c.Folders), len(l.c.Owners), len(l.c.Subscribers), len(l.c.Links), len(l.c.Fields), len(l.c.Pinned)})
	_, err := l.try(ben, SetFields{map[string]Value{"x003": {Values: many(4, "v")}}})
	require.ErrorIs(t, err, ErrValue, "as many fields, with a value more")

	_, err = p.ChangeLabels(nil, []string{"x001"})
	require.NoError(t, err)
	_, err = p.ChangeLabels([]string{"z"}, nil)
	require.ErrorIs(t, err, ErrValue)
	_, err = p.SetFields(map[string]Value{"x001": {}})
	require.NoError(t, err)
	_, err = m.ChangeTags(ChangeTags{Remove: []string{"x001"}})
	require.NoError(t, err)
	_, err = m.ChangeTags(ChangeTags{Add: []string{"z"}})
	require.ErrorIs(t, err, ErrValue)
	assert.Equal(t, []int{MaxLabels + 1, MaxFields + 1, MaxTags + 1}, []int{len(p.Labels), len(p.Fields), len(m.Tags)})
}

func TestPins(t *testing.T) {
	l := begin(t, Rules{})
	l.do(ben, Pin{})
	l.do(ann, Pin{})
	assert.Equal(t, []string{"ann", "ben"}, l.c.Pinned)
	assert.False(t, l.do(ann, Pin{}).Changed())
	change := l.do(ben, Unpin{})
	assert.Equal(t, []string{"ann"}, l.c.Pinned)
	assert.Empty(t, change.Messages, "a pin is one's own")
	assert.False(t, l.do(ben, Unpin{}).Changed())
	for _, by := range []Actor{bot, system} {
		_, err := l.try(by, Pin{})
		require.ErrorIs(t, err, ErrValue)
	}
	for i := range MaxPins - 1 {
		l.do(Actor{Kind: ByAgent, ID: fmt.Sprintf("x%d", i)}, Pin{})
	}
	_, err := l.try(ben, Pin{})
	require.ErrorIs(t, err, ErrValue)
}
