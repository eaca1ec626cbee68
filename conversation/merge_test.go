package conversation

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// merging is a conversation of ben's and one that is merged into it; in the part everything differs.
func merging(t *testing.T) (*life, Conversation) {
	l := begin(t, Rules{})
	l.receive("first")
	l.do(ben, Assign{Agent: "ben", Team: "sales"}, ChangeTags{Add: []string{"b"}}, ChangeFolders{Add: []string{"f"}}, ChangeSubscribers{Add: []string{"agent/zoe"}},
		ChangeLinks{Add: []Link{{Kind: "order", ID: "1"}}}, ChangeOwners{Add: []Owner{{"r", "ben"}}}, SetFields{map[string]Value{"size": {Values: []string{"L"}}}}, SetPriority{2}, Pin{},
		Whispering{Message: Message{Text: "w", Minutes: 10}}, Whispering{Message: Message{Text: "paid", Minutes: 20, Paid: true}})
	l.do(system, Relabel{Labels: []string{"vip"}})
	part := Conversation{ID: "c2", Mailbox: "shop", Method: "chat", Status: Open, Place: Inbox, Agent: "ann", Team: "help", Messages: 5, Failed: 2, Free: 3, Paid: 4, Priority: 4,
		Contacts: []string{"k2"}, Tags: []string{"a", "b"}, Folders: []string{"g"}, Pinned: []string{"ann"}, Subscribers: []string{"role/r"}, Labels: []string{"new"},
		Links:  []Link{{"item", "2", ByMatch}, {"order", "1", ByMatch}},
		Owners: []Owner{{"q", "ann"}, {"r", "ann"}}, Fields: map[string]Value{"size": {Values: []string{"M"}}, "city": {Values: []string{"Ulm"}}},
		Threads:  []Thread{{Channel: "sms", Key: "1"}, {Channel: "wa", Key: mainThread.Key}},
		Deadline: start.Add(48 * time.Hour), FollowUp: start.Add(72 * time.Hour), Preview: "part", Latest: 9, Answered: start.Add(-time.Hour), Reminded: start, Activity: start}
	return l, part
}

func TestAbsorb(t *testing.T) {
	l, part := merging(t)
	before := l.c.Clone()
	change := l.do(ann, Absorb{Parts: []Conversation{part}})
	assert.Equal(t, []string{"c2", "c1"}, []string{change.Events[0].From, change.Events[0].To})
	c := l.c
	assert.Equal(t, []string{"c2"}, c.Parts)
	assert.Equal(t, []string{"ben", "sales"}, []string{c.Agent, c.Team}, "who has it keeps it")
	assert.Equal(t, []string{customer.ID, "k2"}, c.Contacts)
	assert.Equal(t, []string{"a", "b"}, c.Tags)
	assert.Equal(t, []string{"f", "g"}, c.Folders)
	assert.Equal(t, []string{"ann", "ben"}, c.Pinned)
	assert.Equal(t, []string{"agent/zoe", "role/r"}, c.Subscribers)
	assert.Equal(t, []string{"new", "vip"}, c.Labels)
	assert.Equal(t, []Link{{"item", "2", ByMatch}, {"order", "1", ByHand}}, c.Links, "a record is linked once")
	assert.Equal(t, []Owner{{"q", "ann"}, {"r", "ben"}}, c.Owners, "a responsibility is had once")
	assert.Equal(t, map[string]Value{"size": {Values: []string{"L"}}, "city": {Values: []string{"Ulm"}}}, c.Fields)
	assert.Len(t, c.Threads, 2)
	assert.Equal(t, "wa", c.Threads[0].Channel, "the customer's own stays first")
	assert.Equal(t, []int{before.Messages + 5, 2, 13, 24, 4}, []int{c.Messages, c.Failed, c.Free, c.Paid, c.Priority})
	assert.Equal(t, []time.Time{part.Deadline, part.FollowUp, part.Answered, part.Reminded}, []time.Time{c.Deadline, c.FollowUp, c.Answered, c.Reminded})
	assert.Equal(t, before.WaitingSince, c.WaitingSince)
	assert.Equal(t, before.Attention, c.Attention, "in the part was nothing to read")
	assert.False(t, l.do(ann, ChangeOwners{Add: []Owner{{"q", "ann"}}}, ChangeLinks{Add: []Link{{Kind: "item", ID: "2"}}}).Changed(), "they are there already")

	// A second part with other dates: of two the earlier counts, of answers and activity the later.
	second := part
	second.ID, second.Preview, second.Priority = "c3", "second", 1
	second.Deadline, second.FollowUp, second.Answered, second.Activity = part.Deadline.Add(-1e9), part.FollowUp.Add(1e9), part.Answered.Add(-1e9), l.now.Add(time.Hour)
	second.WaitingSince = before.WaitingSince.Add(-time.Hour)
	l.do(ann, Absorb{Parts: []Conversation{second}})
	c = l.c
	assert.Equal(t, []time.Time{second.Deadline, part.FollowUp, part.Answered, second.WaitingSince, second.Activity},
		[]time.Time{c.Deadline, c.FollowUp, c.Answered, c.WaitingSince, c.Activity})
	assert.Equal(t, 4, c.Priority)

	// Nobody had it: who has the part gets it; half of that is enough to keep it.
	for name, tt := range map[string]struct {
		has  Assign
		want string
	}{"nobody": {Assign{}, "ann/help"}, "a team": {Assign{Team: "sales"}, "/sales"}, "an agent": {Assign{Agent: "ben"}, "ben/"}} {
		l, part := merging(t)
		l.do(ben, tt.has, Absorb{Parts: []Conversation{part}})
		assert.Equal(t, tt.want, l.c.Agent+"/"+l.c.Team, name)
	}
	// Two who have what nobody has here both come, and in what somebody has here nobody joins him.
	l, part = merging(t)
	part.Owners = []Owner{{"q", "ann"}, {"q", "zoe"}, {"r", "ann"}, {"r", "zoe"}}
	before = l.c.Clone()
	l.do(ben, Absorb{Parts: []Conversation{part}})
	assert.Equal(t, []Owner{{"q", "ann"}, {"q", "zoe"}, {"r", "ben"}}, l.c.Owners)
	l.do(ben, Release{Part: part, Before: before})
	assert.Equal(t, before.Owners, l.c.Owners)
	// Where there is nothing, there is still nothing.
	l = begin(t, Rules{})
	l.do(ben, Absorb{Parts: []Conversation{{ID: "c2", Mailbox: "shop", Method: "chat", Tags: []string{"x"}}}})
	assert.Equal(t, []string{"x"}, l.c.Tags)
	assert.Nil(t, l.c.Fields)
	assert.Nil(t, l.c.Folders)
}

func TestAbsorbRefuses(t *testing.T) {
	l, part := merging(t)
	elsewhere, internal, itself := part, part, part
	elsewhere.Mailbox, internal.Method, itself.ID = "other", MethodInternal, "c1"
	for name, parts := range map[string][]Conversation{"nobody": nil, "itself": {itself}, "of another mailbox": {part, elsewhere}, "internal": {internal}} {
		_, err := l.try(ben, Absorb{Parts: parts})
		require.ErrorIs(t, err, ErrValue, name)
	}
	l.do(ben, Join{Head: "c9"})
	_, err := l.try(ben, Absorb{Parts: []Conversation{part}})
	assert.Equal(t, "unmerge", refusal(t, err).Instead)
	_, err = l.try(ben, Join{Head: "c8"})
	assert.Equal(t, "unmerge", refusal(t, err).Instead)

	own := &life{tb: t, now: start}
	own.do(ann, Create{ID: "i", Mailbox: "shop", Method: MethodInternal})
	own.do(ann, Absorb{Parts: []Conversation{internal}})
	_, err = own.try(ann, Absorb{Parts: []Conversation{part}})
	require.ErrorIs(t, err, ErrValue)
}

// What would have more than a conversation may is refused, and the refusal says of what, how many and what is the most. At the maximum it is not.
func TestAbsorbRefusesTooMany(t *testing.T) {
	owners := func(n int) (out []Owner) {
		for _, id := range many(n, "o") {
			out = append(out, Owner{id, "ann"})
		}
		return out
	}
	links := func(n int) (out []Link) {
		for _, id := range many(n, "l") {
			out = append(out, Link{"order", id, ByMatch})
		}
		return out
	}
	fields := func(n, values int) map[string]Value {
		out := map[string]Value{}
		for _, id := range many(n, "f") {
			out[id] = Value{Values: many(values, "v")}
		}
		return out
	}
	for _, tt := range []struct {
		field string
		most  int
		give  func(c *Conversation, n int) // the first n of as many as one likes
	}{
		{"tags", MaxTags, func(c *Conversation, n int) { c.Tags = many(n, "t") }},
		{"folders", MaxFolders, func(c *Conversation, n int) { c.Folders = many(n, "f") }},
		{"pin", MaxPins, func(c *Conversation, n int) { c.Pinned = many(n, "p") }},
		{"owners", MaxOwners, func(c *Conversation, n int) { c.Owners = owners(n) }},
		{"subscribers", MaxSubscribers, func(c *Conversation, n int) { c.Subscribers = many(n, "agent/s") }},
		{"links", MaxLinks, func(c *Conversation, n int) { c.Links = links(n) }},
		{"fields", MaxFields, func(c *Conversation, n int) { c.Fields = fields(n, 1) }},
		{"fields", maxValues, func(c *Conversation, n int) { c.Fields = fields(n/10, 10) }},
		{"merge", maxListed, func(c *Conversation, n int) { c.Contacts = many(n, "k") }},
	} {
		step := 1
		if tt.most == maxValues {
			step = 10
		}
		absorb := func(head int, parts ...int) (*life, error) {
			l := &life{tb: t, now: start}
			l.do(system, Create{ID: "c1", Mailbox: "shop", Method: "chat"})
			tt.give(&l.c, head)
			var cmd Absorb
			for i, n := range parts {
				p := Conversation{ID: fmt.Sprint("p", i), Mailbox: "shop", Method: "chat"}
				tt.give(&p, n)
				cmd.Parts = append(cmd.Parts, p)
			}
			before := l.c.Clone()
			_, err := l.try(ben, cmd)
			if err != nil {
				assert.Equal(t, before, l.c, tt.field)
			}
			return l, err
		}
		refused := func(err error, n int) {
			t.Helper()
			var bad *ValueError
			require.ErrorAs(t, err, &bad, "%s %d", tt.field, n)
			assert.Equal(t, tt.field, bad.Field)
			assert.Contains(t, bad.Error(), fmt.Sprint(n))
			assert.Contains(t, bad.Error(), fmt.Sprint("at most ", tt.most))
			assert.Contains(t, bad.Error(), "merge fewer")
		}
		_, err := absorb(10, tt.most)
		require.NoError(t, err, "%s: as many as it may have", tt.field)
		_, err = absorb(10, tt.most+step)
		refused(err, tt.most+step)
		_, err = absorb(tt.most, 20, tt.most+step)
		refused(err, tt.most+step)
		_, err = absorb(tt.most+2*step, tt.most+step)
		require.NoError(t, err, "%s: it has too many already, and no more come", tt.field)
		_, err = absorb(tt.most+step, tt.most+2*step)
		refused(err, tt.most+2*step)
	}
}

// Merged is unread for whom either was unread; undoing leaves read what somebody has read since.
func TestAbsorbAttention(t *testing.T) {
	readers := func(all bool, agents ...string) Readers {
		return Readers{All: all, Agents: agents, Anybody: all || len(agents) > 0}
	}
	for name, tt := range map[string]struct {
		head, part Readers
		want       []string // for whom it is unread
	}{
		"nobody has read":             {readers(false), readers(false), []string{"ann", "ben", "zoe", "all"}},
		"each one":                    {readers(false, "ann"), readers(false, "ben"), []string{"ann", "ben", "zoe"}},
		"one both":                    {readers(false, "ann", "ben"), readers(false, "ben"), []string{"ann", "zoe"}},
		"this one's for all":          {readers(true), readers(false, "ann"), []string{"ben", "zoe"}},
		"this one's for all but ann":  {readers(true, "ann"), readers(false, "ann", "ben"), []string{"ann", "zoe"}},
		"the part's for all but ben":  {readers(false, "ann", "ben"), readers(true, "ben"), []string{"ben", "zoe"}},
		"both for all but one each":   {readers(true, "ann"), readers(true, "ben"), []string{"ann", "ben"}},
		"this one's read by somebody": {readers(false, "ann"), readers(false), []string{"ann", "ben", "zoe", "all"}},
	} {
		for _, later := range []time.Duration{-time.Hour, time.Hour} { // the part's customer wrote before or after
			l := begin(t, Rules{})
			a := l.receive("a")
			l.c.Readers = tt.head
			was := l.c.Clone()
			part := Conversation{ID: "c2", Mailbox: "shop", Method: "chat", Status: Open, Place: Inbox, Attention: Mark{Sequence: 3, At: a.Stored.Add(later)}, Readers: tt.part}
			change := l.do(ben, Absorb{Parts: []Conversation{part}})
			entry := change.Messages[0]
			assert.Equal(t, tt.want, unread(&l.c), name)
			if later < 0 {
				assert.Equal(t, was.Attention, l.c.Attention, name)
				assert.Nil(t, entry.Prior)
				continue
			}
			assert.Equal(t, Mark{Sequence: entry.Sequence, At: part.Attention.At}, l.c.Attention, name)
			require.Equal(t, &Unread{Attention: was.Attention, Readers: tt.head}, entry.Prior, name)
			l.do(ben, Release{Part: part, Before: was, Prior: entry.Prior, Entry: entry.Sequence})
			assert.Equal(t, was.Attention, l.c.Attention, name)
			assert.Equal(t, unread(&was), unread(&l.c), name)
		}
	}
	// Of two newer parts the entry keeps what was before both.
	l := begin(t, Rules{})
	a := l.receive("a")
	was := l.c.Attention
	newer := func(id string, by time.Duration) Conversation {
		return Conversation{ID: id, Mailbox: "shop", Method: "chat", Attention: Mark{Sequence: 1, At: a.Stored.Add(by)}}
	}
	change := l.do(ben, Absorb{Parts: []Conversation{newer("c2", time.Hour), newer("c3", 2*time.Hour)}})
	assert.Equal(t, was, change.Messages[0].Prior.Attention)
	assert.Equal(t, a.Stored.Add(2*time.Hour), l.c.Attention.At)

	// Here was nothing to read: what there is now is the part's, and goes with it.
	l = begin(t, Rules{})
	part := newer("c2", time.Hour)
	part.Readers = readers(false, "ann")
	before := l.c.Clone()
	change = l.do(ben, Absorb{Parts: []Conversation{part}})
	assert.Equal(t, []string{"ben", "zoe"}, unread(&l.c))
	l.do(ben, Release{Part: part, Before: before, Prior: change.Messages[0].Prior, Entry: change.Messages[0].Sequence})
	assert.Zero(t, l.c.Attention)
	assert.Equal(t, Readers{}, l.c.Readers)
}

// A part that was in the inbox brings the whole there; one that was not leaves it where it is.
func TestAbsorbBringsBack(t *testing.T) {
	for name, path := range map[string][]Command{"snoozed": {Snooze{Until: start.Add(24 * time.Hour), KeepAsleep: true}}, "archive": {SetStatus{Closed}, ToArchive{}}, "finished": {Complete{}}} {
		for _, closed := range []bool{false, true} {
			l, part := merging(t)
			l.do(ben, path...)
			was := standing(&l.c)
			if closed {
				part.Status = Closed
			}
			l.do(ben, Absorb{Parts: []Conversation{part}})
			if closed {
				assert.Equal(t, was, standing(&l.c), name)
				continue
			}
			assert.Equal(t, "assigned", standing(&l.c), name)
			assert.Zero(t, l.c.ClosedAt, name)
			assert.Empty(t, l.c.Former, name)
		}
	}
}

// What a part brought leaves with it; what both had, and what came since, stays.
func TestRelease(t *testing.T) {
	l, part := merging(t)
	other := part
	other.ID, other.Tags, other.Threads = "c0", []string{"o"}, nil
	l.do(ann, Absorb{Parts: []Conversation{other}})
	before := l.c.Clone()
	part.Deadline, part.FollowUp, part.Priority, part.Contacts, part.Activity = start.Add(time.Hour), start.Add(2*time.Hour), 5, []string{"k3", "k2"}, l.now.Add(time.Hour)
	part.WaitingSince = before.WaitingSince.Add(-time.Hour)
	l.do(ann, Absorb{Parts: []Conversation{part}})
	l.do(ann, ChangeTags{Add: []string{"since"}})
	require.Equal(t, []string{"a", "b", "o", "since"}, l.c.Tags)
	change := l.do(ann, Release{Part: part, Before: before})
	assert.Equal(t, []string{"c1", "c2"}, []string{change.Events[0].From, change.Events[0].To})
	assert.Equal(t, []string{"b", "o", "since"}, l.c.Tags)
	assert.Equal(t, []string{"c0"}, l.c.Parts)
	want, got := before.Clone(), l.c.Clone()
	want.Tags, want.Activity, want.Changed, want.Sequence = got.Tags, got.Activity, got.Changed, got.Sequence
	assert.Equal(t, want, got, "all else is as it was")

	// The first part leaves, too, and takes only what is its own.
	l.do(ann, SetPriority{3}, SetDeadline{start.Add(5 * time.Hour)}, SetFollowUp{start.Add(6 * time.Hour)})
	first, _ := merging(t)
	l.do(ann, Release{Part: other, Before: first.c})
	assert.Empty(t, l.c.Parts)
	assert.Equal(t, []string{"b", "since"}, l.c.Tags)
	assert.Equal(t, []string{customer.ID}, l.c.Contacts)
	assert.Equal(t, []any{3, start.Add(5 * time.Hour), start.Add(6 * time.Hour)}, []any{l.c.Priority, l.c.Deadline, l.c.FollowUp}, "what was set since stays")
	assert.Equal(t, []int{first.c.Messages, 0, 10, 20}, []int{l.c.Messages, l.c.Failed, l.c.Free, l.c.Paid})
	_, err := l.try(ann, Release{Part: other})
	refusal(t, err)
}

// What a part that leaves has in common with one that stays stays, whichever leaves first and however they were merged; when the last has
// left, all is as it was.
func TestReleaseKeepsWhatOthersBrought(t *testing.T) {
	value := func(v string) Value { return Value{Values: []string{v}} }
	for _, together := range []bool{false, true} {
		for _, firstLeaves := range []bool{false, true} {
			name := fmt.Sprint("merged at once: ", together, ", the first leaves first: ", firstLeaves)
			l := begin(t, Rules{})
			l.receive("own")
			l.do(ann, ChangeTags{Add: []string{"own"}}, SetFields{map[string]Value{"size": value("L")}})
			own := l.c.Clone()
			part := func(id string) Conversation {
				return Conversation{ID: id, Mailbox: "shop", Method: "chat", Contacts: []string{"k", "k" + id}, Tags: []string{"own", "vip", id}, Folders: []string{"f", "f" + id},
					Pinned: []string{"ann", id}, Subscribers: []string{"agent/" + id, "agent/zoe"}, Labels: []string{"l", "l" + id},
					Links:    []Link{{"order", "1", ByHand}, {"order", id, ByHand}},
					Owners:   []Owner{{"q", "zoe"}, {"r", id}},
					Fields:   map[string]Value{"size": value("M"), "city": value("Ulm"), "name": value(id)},
					Threads:  []Thread{{Channel: "sms", Key: "1"}, {Channel: "sms", Key: id}},
					Priority: 3, Deadline: start.Add(48 * time.Hour), FollowUp: start.Add(72 * time.Hour), WaitingSince: start.Add(-time.Hour),
					Preview: id, Latest: 9, Activity: l.now.Add(time.Hour)}
			}
			parts := map[string]Conversation{"a": part("a"), "b": part("b")}
			b := parts["b"]
			b.Activity = b.Activity.Add(time.Hour)
			b.Links[0].By = ByMatch // each has it in a way of its own
			parts["b"] = b
			before := map[string]Conversation{"a": own.Clone(), "b": own.Clone()}
			if together {
				l.do(ann, Absorb{Parts: []Conversation{parts["a"], parts["b"]}})
			} else {
				l.do(ann, Absorb{Parts: []Conversation{parts["a"]}})
				before["b"] = l.c.Clone()
				l.do(ann, Absorb{Parts: []Conversation{parts["b"]}})
			}
			require.Equal(t, value("a"), l.c.Fields["name"], name)
			leaves, stays := "b", "a"
			if firstLeaves {
				leaves, stays = "a", "b"
			}
			release := Release{Part: parts[leaves], Before: before[leaves], Others: []Conversation{parts[stays]}}
			l.do(ann, release)
			c := &l.c
			assert.Equal(t, []string{customer.ID, "k", "k" + stays}, c.Contacts, name)
			assert.ElementsMatch(t, []string{"own", stays, "vip"}, c.Tags, name)
			assert.Equal(t, []string{"f", "f" + stays}, c.Folders, name)
			assert.Equal(t, []string{"l", "l" + stays}, c.Labels, name)
			assert.ElementsMatch(t, []string{"ann", stays}, c.Pinned, name)
			assert.ElementsMatch(t, []string{"agent/zoe", "agent/" + stays}, c.Subscribers, name)
			assert.Equal(t, []Link{parts[stays].Links[0], {"order", stays, ByHand}}, c.Links, name)
			assert.Equal(t, []Owner{{"q", "zoe"}, {"r", stays}}, c.Owners, name)
			assert.Equal(t, map[string]Value{"size": value("L"), "city": value("Ulm"), "name": value(stays)}, c.Fields, name)
			assert.Len(t, c.Threads, 3, name)
			assert.Equal(t, []any{3, start.Add(48 * time.Hour), start.Add(72 * time.Hour), start.Add(-time.Hour)}, []any{c.Priority, c.Deadline, c.FollowUp, c.WaitingSince}, name)

			l.do(ann, Release{Part: parts[stays], Before: release.Undo(before[stays])})
			want, got := own.Clone(), l.c.Clone()
			assert.Empty(t, got.Parts)
			want.Parts, want.Activity, want.Changed, want.Sequence = got.Parts, got.Activity, got.Changed, got.Sequence
			assert.Equal(t, want, got, name)
		}
	}

	// What somebody has made of it since is not undone, nor is what has ended since.
	l, part := merging(t)
	other := part
	other.ID, part.Deadline, part.FollowUp, part.Priority = "c3", time.Time{}, time.Time{}, 0
	before := l.c.Clone()
	before.Deadline, before.FollowUp, before.Priority = start, start, 1
	l.do(ann, Absorb{Parts: []Conversation{part, other}}, ChangeTags{Remove: []string{"a"}}, SetFields{map[string]Value{"city": value("Bonn")}},
		ChangeOwners{Add: []Owner{{"q", "zoe"}}}, SetPriority{}, SetDeadline{}, SetFollowUp{})
	l.do(ann, Release{Part: part, Before: before, Others: []Conversation{other}})
	assert.Equal(t, []string{"b"}, l.c.Tags)
	assert.Equal(t, value("Bonn"), l.c.Fields["city"])
	assert.Equal(t, []Owner{{"q", "ann"}, {"q", "zoe"}, {"r", "ben"}}, l.c.Owners)
	assert.Equal(t, []any{0, time.Time{}, time.Time{}}, []any{l.c.Priority, l.c.Deadline, l.c.FollowUp})
	was := l.c.Clone()
	assert.Equal(t, was, Release{Part: part}.Undo(was), "of what it is no part of, nothing is undone")
}

// Labels are the contacts': a merge is not refused because of them, and lists the first.
func TestLabelsHaveAMaximum(t *testing.T) {
	most := many(MaxLabels, "m")
	l := &life{tb: t, now: start}
	l.do(system, Create{ID: "c1", Mailbox: "shop", Method: "chat", Labels: append(slices.Clone(most), "n")})
	assert.Equal(t, most, l.c.Labels)
	l.do(system, Relabel{Labels: append([]string{"l"}, most...)})
	assert.Equal(t, append([]string{"l"}, most[:MaxLabels-1]...), l.c.Labels)
	_, err := l.try(system, Relabel{Labels: append(slices.Clone(l.c.Labels), "z")})
	require.NoError(t, err)
	assert.False(t, l.do(system, Relabel{Labels: append(slices.Clone(l.c.Labels), "z")}).Changed(), "what is beyond it is no change")
	l.do(ann, Absorb{Parts: []Conversation{{ID: "c2", Mailbox: "shop", Method: "chat", Labels: many(MaxLabels, "a")}}})
	assert.Equal(t, many(MaxLabels, "a"), l.c.Labels)
}

// A part's own waiting-since and failures are told apart from those of the whole.
func TestReleaseKeepsWhoWaits(t *testing.T) {
	l, part := merging(t)
	before := l.c.Clone()
	l.do(ann, Absorb{Parts: []Conversation{part}})
	m := &Message{ID: "x", Delivery: Failed, Sequence: 1}
	l.do(system, Settle{Message: m, Event: EventDismissed})
	part.Failed = 3
	l.do(ann, Release{Part: part, Before: Conversation{WaitingSince: start.Add(9 * time.Hour)}})
	assert.Zero(t, l.c.Failed, "never below none")
	assert.Equal(t, before.WaitingSince, l.c.WaitingSince, "it was not the part's customer who waits")

	// A message that came since is what is to be read, not the merge's entry.
	l, part = merging(t)
	part.Attention = Mark{Sequence: 1, At: l.now.Add(time.Minute)}
	before = l.c.Clone()
	entry := l.do(ann, Absorb{Parts: []Conversation{part}}).Messages[0]
	since := l.receive("since")
	l.do(ann, Release{Part: part, Before: before, Prior: entry.Prior, Entry: entry.Sequence})
	assert.Equal(t, since.Sequence, l.c.Attention.Sequence)
	assert.Equal(t, "since", l.c.Preview)
}

func TestLeave(t *testing.T) {
	for _, answered := range []bool{false, true} {
		for _, hold := range []bool{false, true} {
			l := begin(t, Rules{})
			a := l.receive("a")
			l.do(ben, Join{Head: "c9"})
			assert.True(t, l.c.Gone())
			assert.False(t, l.do(ben, Join{Head: "c9"}).Changed())
			change := l.do(ben, Leave{Answered: answered, Hold: hold})
			assert.Equal(t, []string{"c9", "c1"}, []string{change.Events[0].From, change.Events[0].To})
			assert.Empty(t, l.c.Into)
			assert.Equal(t, hold, l.c.Hold)
			if answered {
				assert.Zero(t, l.c.WaitingSince)
			} else {
				assert.Equal(t, a.At, l.c.WaitingSince)
			}
			_, err := l.try(ben, Leave{})
			refusal(t, err)
		}
	}
	l := begin(t, Rules{})
	l.do(ben, SetHold{true}, Join{Head: "c9"})
	l.do(ben, Leave{})
	assert.True(t, l.c.Hold, "its own hold stays")
}

// A message of a part has no sequence in the whole.
func TestShow(t *testing.T) {
	for name, tt := range map[string]struct {
		m       *Message
		latest  int64
		preview string
	}{
		"its own":         {&Message{Conversation: "c1", Sequence: 4, Text: "own"}, 4, "own"},
		"a part's":        {&Message{Conversation: "c2", Sequence: 4, Text: "part"}, 0, "part"},
		"nothing is left": {nil, 0, ""},
	} {
		c := Conversation{ID: "c1", Latest: 3, Preview: "was", Subject: "subject"}
		assert.True(t, c.Show(tt.m), name)
		assert.Equal(t, Conversation{ID: "c1", Latest: tt.latest, Preview: tt.preview, Subject: "subject"}, c, name)
		assert.False(t, c.Show(tt.m), name)
	}
}

// Whom the part brought leaves with it, unless somebody was chosen since or had it before; one of a part that is still merged has it then.
func TestReleaseHolder(t *testing.T) {
	has := func(agent, team string) Conversation { return Conversation{ID: agent + team, Agent: agent, Team: team} }
	for name, tt := range map[string]struct {
		before, part, now Conversation
		others            []Conversation
		want              string // agent/team
	}{
		"the part's":              {has("", ""), has("ann", "help"), has("ann", "help"), nil, "/"},
		"its team":                {has("", ""), has("", "help"), has("", "help"), nil, "/"},
		"somebody's before":       {has("ann", ""), has("ann", ""), has("ann", ""), nil, "ann/"},
		"a team's before":         {has("", "help"), has("ann", ""), has("", "help"), nil, "/help"},
		"chosen since":            {has("", ""), has("ann", ""), has("ben", ""), nil, "ben/"},
		"a team chosen since":     {has("", ""), has("ann", "help"), has("ann", "sales"), nil, "ann/sales"},
		"the agent could not":     {has("", ""), has("ann", "help"), has("", "help"), nil, "/"},
		"taken away since":        {has("", ""), has("ann", ""), has("", ""), []Conversation{has("zoe", "")}, "/"},
		"nobody's part":           {has("", ""), has("", ""), has("ben", ""), []Conversation{has("zoe", "")}, "ben/"},
		"another part's, too":     {has("", ""), has("ann", "help"), has("ann", "help"), []Conversation{has("", ""), has("zoe", "sales"), has("ben", "")}, "zoe/sales"},
		"another part's only now": {has("", ""), has("ann", ""), has("ann", ""), []Conversation{has("", "sales")}, "/sales"},
	} {
		c := tt.now
		c.ID, c.Mailbox, c.Parts = "c1", "shop", []string{tt.part.ID}
		for _, o := range tt.others {
			c.Parts = append(c.Parts, o.ID)
		}
		change, err := Apply(c, Env{Now: start, Actor: ben, IDs: many(MaxEntries, "m")}, Release{Part: tt.part, Before: tt.before, Others: tt.others})
		require.NoError(t, err, name)
		assert.Equal(t, tt.want, change.Conversation.Agent+"/"+change.Conversation.Team, name)
	}
}

// A part counts what failed on its timeline beside the whole, and nothing else of it.
func TestCount(t *testing.T) {
	waiting := start.Add(-time.Hour)
	m := &Message{ID: "m1", Sequence: 2, Delivery: Failed, Waiting: waiting, Stored: start}
	part := Conversation{ID: "c2", Into: "c1", Status: Closed, ClosedAt: start}
	count := func(cmd Command, failed int, since time.Time) {
		t.Helper()
		part.Count(cmd)
		assert.Equal(t, Conversation{ID: "c2", Into: "c1", Status: Closed, ClosedAt: start, Attention: part.Attention, Failed: failed, WaitingSince: since}, part)
	}
	count(Fail{Message: m}, 1, waiting)
	count(Settle{Message: m, Event: EventDismissed}, 0, waiting)
	count(Fail{Message: m}, 1, waiting)
	count(Settle{Message: m, Event: EventRetried}, 0, time.Time{})
	count(Settle{Message: m, Event: EventDismissed}, 0, time.Time{})
	count(Fail{Message: m}, 1, waiting)
	part.Attention = Mark{Sequence: 1, At: start.Add(time.Minute)} // of another timeline, and later
	count(Settle{Message: m, Event: EventDelivery}, 0, waiting)
	count(MarkRead{}, 0, waiting)
}

// The whole follows a part's message that was edited or taken back, where it shows what the part shows.
func TestRepaint(t *testing.T) {
	at := start.Add(time.Hour)
	head := Conversation{ID: "c1", Sequence: 4, Preview: "was", Messages: 7, Free: 10, Paid: 20, Attention: Mark{Sequence: 4, At: at}, WaitingSince: at, Readers: Readers{Agents: []string{"ann"}, Anybody: true}}
	was := Conversation{Preview: "was", Messages: 2, Free: 3, Paid: 5, Attention: Mark{Sequence: 2, At: at}, WaitingSince: at}
	for name, tt := range map[string]struct {
		head, after func(*Conversation) // what differs from head and was
		want        func(*Conversation) // what differs in the whole; nil for nothing
	}{
		"nothing":                     {nil, nil, nil},
		"the preview":                 {func(c *Conversation) { c.Preview, c.Latest = "gone", 4 }, nil, func(c *Conversation) { c.Preview, c.Latest = "was", 0 }},
		"a message less":              {nil, func(c *Conversation) { c.Messages-- }, func(c *Conversation) { c.Messages-- }},
		"a message more":              {nil, func(c *Conversation) { c.Messages++ }, func(c *Conversation) { c.Messages++ }},
		"free minutes":                {nil, func(c *Conversation) { c.Free += 4 }, func(c *Conversation) { c.Free += 4 }},
		"paid minutes":                {nil, func(c *Conversation) { c.Paid -= 4 }, func(c *Conversation) { c.Paid -= 4 }},
		"both":                        {nil, func(c *Conversation) { c.Free, c.Paid = 8, 0 }, func(c *Conversation) { c.Free, c.Paid = 15, 15 }},
		"attention, earlier":          {nil, func(c *Conversation) { c.Attention = Mark{1, start} }, func(c *Conversation) { c.Attention.At = start }},
		"attention, none":             {nil, func(c *Conversation) { c.Attention = Mark{} }, func(c *Conversation) { c.Attention, c.Readers = Mark{}, Readers{} }},
		"attention is another's":      {func(c *Conversation) { c.Attention.At = at.Add(1e9) }, func(c *Conversation) { c.Attention = Mark{} }, nil},
		"waiting, since later":        {nil, func(c *Conversation) { c.WaitingSince = at.Add(1e9) }, func(c *Conversation) { c.WaitingSince = at.Add(1e9) }},
		"waiting, no more":            {nil, func(c *Conversation) { c.WaitingSince = time.Time{} }, func(c *Conversation) { c.WaitingSince = time.Time{} }},
		"another has waited for long": {func(c *Conversation) { c.WaitingSince = start }, func(c *Conversation) { c.WaitingSince = time.Time{} }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			c, after := head.Clone(), was
			if tt.head != nil {
				tt.head(&c)
			}
			if tt.after != nil {
				tt.after(&after)
			}
			change, err := Apply(c, Env{Now: start, Actor: system}, Repaint{Before: was, After: after, Newest: &Message{Conversation: "c2", Sequence: 2, Text: "was"}, Event: EventUnsent, Message: "m9",
				Merged: []Merged{{Part: was, Entry: c.Attention.Sequence}}})
			require.NoError(t, err)
			want := c.Clone()
			if tt.want != nil {
				tt.want(&want)
				require.Len(t, change.Events, 1)
				assert.Equal(t, []string{EventUnsent, "m9"}, []string{change.Events[0].Type, change.Events[0].Message})
				want.Changed = change.Conversation.Changed
			} else {
				assert.False(t, change.Changed())
			}
			assert.Equal(t, want, change.Conversation)
		})
	}
}

// What the whole waits for and is unread by when a part's message goes is what its own timeline and the other parts have left.
func TestRepaintBesideOthers(t *testing.T) {
	at := func(n int) time.Time { return start.Add(time.Duration(n) * time.Minute) }
	wrote := func(seq int64, n int) Message {
		return Message{Sequence: seq, Direction: Inbound, At: at(n), Stored: at(n), Prior: &Unread{}}
	}
	answered := func(seq int64) Message {
		return Message{Sequence: seq, Direction: Outbound, Delivery: Sent, Author: Actor{Kind: ByAgent}}
	}
	merge := func(seq int64, prior Mark, readers Readers) Message {
		return Message{Sequence: seq, Direction: Activity, Event: &Event{Type: EventMerged}, Prior: &Unread{Attention: prior, Readers: readers}}
	}
	jane, joe := Readers{Agents: []string{"jane"}}, Readers{Agents: []string{"joe"}}
	other := Conversation{ID: "c3", Attention: Mark{Sequence: 1, At: at(2)}, WaitingSince: at(2), Readers: joe}
	for name, tt := range map[string]struct {
		timeline  []Message // newest first
		other     Conversation
		attention Mark
		readers   Readers
		waiting   time.Time
	}{
		"nothing is left":                 {nil, Conversation{ID: "c3"}, Mark{}, Readers{}, time.Time{}},
		"the other part's":                {nil, other, Mark{Sequence: 6, At: at(2)}, Readers{Agents: []string{"jane", "joe"}}, at(2)},
		"its own, and read before":        {[]Message{merge(5, Mark{Sequence: 1, At: at(3)}, joe), wrote(1, 3)}, Conversation{ID: "c3"}, Mark{Sequence: 1, At: at(3)}, Readers{Agents: []string{"jane", "joe"}}, at(3)},
		"the later makes unread":          {[]Message{wrote(1, 3)}, other, Mark{Sequence: 1, At: at(3)}, jane, at(2)},
		"its own in the trash":            {[]Message{{Sequence: 2, Direction: Inbound, At: at(3), Stored: at(3), Prior: &Unread{}, Trashed: at(4)}}, other, Mark{Sequence: 6, At: at(2)}, Readers{Agents: []string{"jane", "joe"}}, at(2)},
		"an answer came before the merge": {[]Message{answered(4), wrote(1, 1)}, other, Mark{Sequence: 6, At: at(2)}, Readers{Agents: []string{"jane", "joe"}}, at(2)},
		"an answer came after the other":  {[]Message{answered(7), wrote(1, 1)}, other, Mark{Sequence: 6, At: at(2)}, Readers{Agents: []string{"jane", "joe"}}, time.Time{}},
	} {
		t.Run(name, func(t *testing.T) {
			was := Conversation{ID: "c2", Attention: Mark{Sequence: 2, At: at(9)}, WaitingSince: at(0)}
			c := Conversation{ID: "c1", Sequence: 9, Attention: Mark{Sequence: 5, At: at(9)}, Readers: jane, WaitingSince: at(0)}
			change, err := Apply(c, Env{Now: at(10), Actor: Actor{Kind: BySystem}}, Repaint{Before: was, After: Conversation{ID: "c2"}, Event: EventTrashed, Message: "m9",
				Merged: []Merged{{Part: was, Entry: 5}, {Part: tt.other, Entry: 6}}, Timeline: tt.timeline})
			require.NoError(t, err)
			got := change.Conversation
			assert.Equal(t, tt.attention, got.Attention)
			assert.Equal(t, tt.readers, got.Readers)
			assert.Equal(t, tt.waiting, got.WaitingSince)
			assert.Equal(t, jane, c.Readers, "the value given stays as it is")
		})
	}
}

// What a part's message brings back makes the whole unread if it is the newest, and wait if nobody has answered since.
func TestRepaintOfWhatComesBack(t *testing.T) {
	at := func(n int) time.Time { return start.Add(time.Duration(n) * time.Minute) }
	jane, joe := Readers{Agents: []string{"jane"}}, Readers{Agents: []string{"joe"}}
	mark := Mark{Sequence: 5, At: at(5)}
	answer := Message{Sequence: 8, Direction: Outbound, Delivery: Sent, Author: Actor{Kind: ByAgent}}
	for name, tt := range map[string]struct {
		back      time.Time
		timeline  []Message // newest first
		attention Mark
		readers   Readers
		waiting   time.Time
	}{
		"the newest":                {at(7), nil, Mark{Sequence: 6, At: at(7)}, joe, at(7)},
		"as new as what is there":   {at(5), nil, mark, jane, at(5)},
		"one before":                {at(3), nil, mark, jane, at(3)},
		"one before, answered":      {at(3), []Message{answer}, mark, jane, time.Time{}},
		"the newest of an answered": {at(7), []Message{answer}, Mark{Sequence: 6, At: at(7)}, joe, time.Time{}},
	} {
		t.Run(name, func(t *testing.T) {
			c := Conversation{ID: "c1", Sequence: 9, Attention: mark, Readers: jane}
			after := Conversation{ID: "c2", Attention: Mark{Sequence: 1, At: tt.back}, WaitingSince: tt.back, Readers: joe}
			change, err := Apply(c, Env{Now: at(10), Actor: Actor{Kind: BySystem}}, Repaint{Before: Conversation{ID: "c2"}, After: after, Event: EventRestored, Message: "m9",
				Merged: []Merged{{Part: Conversation{ID: "c2"}, Entry: 6}}, Timeline: tt.timeline})
			require.NoError(t, err)
			assert.Equal(t, tt.attention, change.Conversation.Attention)
			assert.Equal(t, tt.readers, change.Conversation.Readers)
			assert.Equal(t, tt.waiting, change.Conversation.WaitingSince)
		})
	}
}

// The timeline is read back to where both the last answer and the last entry that makes unread are known, and not at all without need.
func TestRepaintTold(t *testing.T) {
	answer := &Message{Direction: Outbound, Delivery: Sent, Author: Actor{Kind: ByAgent}}
	wrote := &Message{Direction: Inbound, Prior: &Unread{}}
	merge := &Message{Direction: Activity, Event: &Event{Type: EventMerged}, Prior: &Unread{}}
	read := Conversation{ID: "c2"}
	unread := Conversation{ID: "c2", Attention: Mark{Sequence: 1, At: start}}
	waits := Conversation{ID: "c2", WaitingSince: start}
	for _, order := range [][]*Message{{merge, answer, merge, wrote}, {wrote, merge, wrote, answer}} {
		enough, needed := Repaint{Before: read, After: unread}.Told()
		assert.True(t, needed)
		for i, m := range order {
			assert.Equal(t, i == len(order)-1, enough(m))
		}
	}
	_, needed := Repaint{Before: read, After: waits}.Told()
	assert.True(t, needed)
	_, needed = Repaint{Before: waits, After: waits}.Told()
	assert.False(t, needed)
}
