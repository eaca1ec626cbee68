package conversation

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// header is what depends on the timeline's entries.
func header(c Conversation) []any {
	return []any{c.Messages, c.Latest, c.Preview, c.Attention, unread(&c), c.WaitingSince, c.Free, c.Paid}
}

// Trashing makes the header what it was without the entry; restoring, in whatever order, what it was with it.
func TestTrashAndRestoreEntries(t *testing.T) {
	l := begin(t, Rules{})
	a := l.receive("a")
	l.do(ann, MarkRead{})
	l.do(ann, Whispering{Message: Message{Text: "w", Minutes: 7, Paid: true}})
	w := l.find("w")
	b := l.receive("b")
	l.do(ben, MarkRead{})
	before := header(l.c)

	l.do(ann, l.trash(b))
	assert.Equal(t, l.now, b.Trashed)
	assert.Equal(t, "shop", b.TrashedIn)
	assert.Equal(t, "w", l.c.Preview)
	assert.Equal(t, Mark{Sequence: a.Sequence, At: a.Stored}, l.c.Attention)
	assert.Equal(t, []string{"zoe"}, unread(&l.c), "who had read b has read a, too")
	assert.False(t, l.do(ann, l.trash(b)).Changed(), "it is there already")
	change := l.do(ann, l.restore(b))
	assert.Equal(t, []string{EventRestored}, types(change.Events))
	assert.Equal(t, b.ID, change.Events[0].Subject)
	assert.Equal(t, before, header(l.c))
	assert.Equal(t, []any{time.Time{}, "", (*Readers)(nil)}, []any{b.Trashed, b.TrashedIn, b.Readers})
	assert.False(t, l.do(ann, l.restore(b)).Changed(), "it is back already")

	l.do(ann, l.trash(a))
	assert.Equal(t, b.At, l.c.WaitingSince)
	l.do(ann, l.trash(w))
	assert.Zero(t, l.c.Paid)
	l.do(ann, l.trash(b))
	assert.Empty(t, l.c.Preview)
	assert.Empty(t, unread(&l.c), "nothing is left to read")
	assert.Zero(t, l.c.WaitingSince)
	l.do(ann, l.restore(w))
	assert.Equal(t, 7, l.c.Paid)
	l.do(ann, l.restore(b))
	assert.Equal(t, b.At, l.c.WaitingSince)
	l.do(ann, l.restore(a))
	assert.Equal(t, before, header(l.c))
}

// A message nobody had read comes back unread, also when what came before it was read meanwhile.
func TestRestoredEntryIsUnreadAgain(t *testing.T) {
	l := begin(t, Rules{})
	l.receive("a")
	b := l.receive("b")
	l.do(ann, l.trash(b))
	l.do(ann, MarkRead{})
	l.do(ben, l.restore(b))
	assert.Equal(t, []string{"ann", "ben", "zoe", "all"}, unread(&l.c))
	l.do(ben, l.trash(b))
	assert.Equal(t, []string{"ben", "zoe"}, unread(&l.c), "what was read meanwhile is still read")

	// Passed over when the newest went, it makes unread for all when it returns.
	c := l.receive("c")
	l.do(ben, l.restore(b))
	assert.Equal(t, c.Sequence, l.c.Attention.Sequence)
	l.do(ben, l.trash(b))
	l.do(ben, l.trash(c))
	l.do(ben, l.restore(b))
	assert.Len(t, unread(&l.c), 4)
}

// What the customer has got answers him, whether or not we keep it.
func TestTrashedAnswerStaysAnAnswer(t *testing.T) {
	l := begin(t, Rules{})
	a := l.receive("a")
	r := l.reply(ann, "r")
	r.Delivery = Delivered
	l.do(ann, l.trash(r))
	assert.Zero(t, l.c.WaitingSince)
	assert.Equal(t, "a", l.c.Preview)
	l.do(ann, l.trash(a))
	l.do(ann, l.restore(a))
	assert.Zero(t, l.c.WaitingSince, "it was answered")
	l.do(ann, l.restore(r))
	assert.Equal(t, "r", l.c.Preview)
}

func TestWhatIsNotTrashed(t *testing.T) {
	l := begin(t, Rules{})
	l.receive("a")
	l.do(ann, Assign{Agent: "ann"})
	activity := l.timeline[len(l.timeline)-1]
	_, err := l.try(ann, l.trash(activity))
	assert.Empty(t, refusal(t, err).Instead)
	r := l.reply(ann, "r")
	for _, tc := range []struct {
		delivery  Delivery
		dismissed bool
		instead   string
		ok        bool
	}{{Queued, false, "cancel", false}, {Sending, false, "", false}, {Unknown, false, "dismiss", false}, {Failed, false, "dismiss", false},
		{Unknown, true, "", true}, {Failed, true, "", true}, {Sent, false, "", true}, {Delivered, false, "", true}, {Read, false, "", true}} {
		r.Delivery, r.Dismissed = tc.delivery, tc.dismissed
		change, err := l.try(ann, l.trash(r))
		if tc.ok {
			require.NoError(t, err, tc.delivery)
			assert.Equal(t, []string{EventTrashed}, types(change.Events))
			l.do(ann, l.restore(r))
			continue
		}
		assert.Equal(t, tc.instead, refusal(t, err).Instead, tc.delivery)
		assert.Zero(t, r.Trashed)
	}
}

// When another command is refused, the entry stays as it was.
func TestTrashIsAllOrNone(t *testing.T) {
	l := begin(t, Rules{})
	a := l.receive("a")
	was := *a
	_, err := l.try(ann, l.trash(a), SetStatus{"gone"})
	require.ErrorIs(t, err, ErrValue)
	assert.Equal(t, was, *a)
}

// A tombstone can be hidden and shown; what is erased in the trash returns as a tombstone.
func TestTrashAndErased(t *testing.T) {
	l := begin(t, Rules{})
	a, b := l.receive("a"), l.receive("b")
	l.do(customer, l.unsend(a))
	l.do(ann, l.trash(a))
	l.do(ann, l.restore(a))
	l.do(ann, l.trash(b))
	l.do(customer, l.unsend(b))
	l.do(ann, l.restore(b))
	assert.Equal(t, 0, l.c.Messages)
	assert.Empty(t, unread(&l.c))
	assert.Zero(t, l.c.WaitingSince)
}

func TestMinutes(t *testing.T) {
	l := begin(t, Rules{})
	l.do(ann, Whispering{Message: Message{Text: "w", Minutes: 10}}, Whispering{Message: Message{Text: "v", Minutes: 5, Paid: true}})
	w := l.find("w")
	assert.Equal(t, []int{10, 5}, []int{l.c.Free, l.c.Paid})
	change := l.do(ann, SetMinutes{Message: w, Minutes: 20, Paid: true})
	assert.Equal(t, []string{"10 free", "20 paid"}, []string{change.Events[0].From, change.Events[0].To})
	assert.Equal(t, []int{0, 25}, []int{l.c.Free, l.c.Paid})
	assert.Equal(t, l.now, w.Changed)
	assert.False(t, l.do(ann, SetMinutes{Message: w, Minutes: 20, Paid: true}).Changed())
	l.do(ann, SetMinutes{Message: w, Paid: true})
	assert.False(t, w.Paid, "no minutes are neither free nor paid")
	l.do(ann, SetMinutes{Message: w, Minutes: MaxMinutes})
	l.do(ann, l.unsend(w))
	assert.Equal(t, []int{0, 5}, []int{l.c.Free, l.c.Paid})

	r := l.receive("a")
	v := l.find("v")
	for _, cmd := range []SetMinutes{{Message: v, Minutes: -1}, {Message: v, Minutes: MaxMinutes + 1}} {
		_, err := l.try(ann, cmd)
		require.ErrorIs(t, err, ErrValue)
	}
	_, err := l.try(ann, SetMinutes{Message: r, Minutes: 1})
	assert.Equal(t, "whisper", refusal(t, err).Instead)
	l.do(ann, l.trash(v))
	_, err = l.try(ann, SetMinutes{Message: v, Minutes: 1})
	assert.Equal(t, "restore", refusal(t, err).Instead)
}

func TestTagsOfMessages(t *testing.T) {
	m := &Message{ID: "m", Conversation: "c", Direction: Inbound}
	e, err := m.ChangeTags(ChangeTags{Add: []string{"b", "a", "b"}})
	require.NoError(t, err)
	assert.Equal(t, &Event{Type: EventMessageTagged, Conversation: "c", Message: "m", To: "a,b"}, e)
	e, err = m.ChangeTags(ChangeTags{Add: []string{"b"}, Remove: []string{"b", "x"}})
	require.NoError(t, err)
	assert.Nil(t, e)
	e, err = m.ChangeTags(ChangeTags{Remove: []string{"b"}})
	require.NoError(t, err)
	assert.Equal(t, []string{"a,b", "a"}, []string{e.From, e.To})
	many := ChangeTags{}
	for i := range MaxTags {
		many.Add = append(many.Add, fmt.Sprintf("t%d", i))
	}
	_, err = m.ChangeTags(many)
	require.ErrorIs(t, err, ErrValue)
	assert.Equal(t, []string{"a"}, m.Tags)
	many.Remove = []string{"a"}
	_, err = m.ChangeTags(many)
	require.NoError(t, err)
	assert.Len(t, m.Tags, MaxTags)
	_, err = (&Message{Direction: Activity}).ChangeTags(ChangeTags{Add: []string{"a"}})
	require.ErrorIs(t, err, ErrState)
}

// Entries go to the trash and come back in random order between messages, answers and reading. When all are back, nobody waits who was
// answered, what is shown is the newest, and what makes unread is the newest that does.
func TestTrashLeavesNoPhantom(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 7))
		l := begin(t, Rules{})
		l.receive("a")
		for range 40 {
			m := l.timeline[r.IntN(len(l.timeline))]
			switch r.IntN(8) {
			case 0, 1:
				l.do(customer, Receive{Message: Message{Text: "hi", At: l.now}, Thread: mainThread})
			case 2:
				l.reply(ann, fmt.Sprint(l.made)).Delivery = Sent
			case 3:
				l.do([]Actor{ann, ben}[r.IntN(2)], MarkRead{})
			case 4, 5:
				_, _ = l.try(ann, l.trash(m)) // activity is refused
			case 6:
				l.do(ann, l.restore(m))
			default:
				l.do(ann, Whispering{Message: Message{Text: "w", Minutes: r.IntN(9), Paid: r.IntN(2) == 0}})
			}
			want, waiting := int64(0), time.Time{}
			for _, m := range l.timeline {
				switch {
				case m.Direction == Inbound && m.Trashed.IsZero():
					want = m.Sequence
					if waiting.IsZero() {
						waiting = m.At
					}
				case m.Direction == Outbound:
					waiting = time.Time{}
				}
			}
			require.Equal(t, want, l.c.Attention.Sequence, "seed %d", seed)
			require.Equal(t, waiting, l.c.WaitingSince, "seed %d", seed)
		}
	}
}
