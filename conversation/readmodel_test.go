package conversation

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The header's readers are compared with a naive model that keeps, for every entry that makes unread, who has read it. A conversation is
// read for whoever has read the last such entry that still stands, or one after it.
type readModel struct {
	entries []*readEntry
}

type readEntry struct {
	id      string
	gone    bool
	read    map[string]bool
	anybody bool
}

var universe = []string{"ann", "ben", "cem", "zoe"} // zoe never acts

// since returns the last entry that stands and those after it.
func (m *readModel) since() []*readEntry {
	for i := len(m.entries) - 1; i >= 0; i-- {
		if !m.entries[i].gone {
			return m.entries[i:]
		}
	}
	return nil
}

func (m *readModel) unread(agent string, global bool) bool {
	since := m.since()
	return len(since) > 0 && !slices.ContainsFunc(since, func(e *readEntry) bool { return !global && e.read[agent] || global && e.anybody })
}

func (m *readModel) read(agents ...string) {
	if since := m.since(); len(since) > 0 {
		for _, a := range agents {
			since[0].read[a] = true
		}
		since[0].anybody = true
	}
}

func (m *readModel) markUnread(agent string, global bool) {
	nobody := true
	for _, e := range m.since() {
		e.read[agent] = false
	}
	for _, a := range universe {
		nobody = nobody && m.unread(a, false)
	}
	if global || nobody {
		for _, e := range m.since() {
			e.anybody = false
		}
	}
}

func TestReadersMatchTheModel(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 4))
		l, model := begin(t, Rules{}), &readModel{}
		for range 60 {
			l.rules = Rules{GlobalRead: r.IntN(2) == 0, ReadOnAnswer: r.IntN(2) == 0}
			by := Actor{Kind: ByAgent, ID: universe[r.IntN(3)]}
			model.random(l, r, by)
			for _, agent := range universe {
				for _, global := range []bool{false, true} {
					require.Equal(t, model.unread(agent, global), l.c.Unread(agent, global), "seed %d: %s, global %v", seed, agent, global)
				}
			}
		}
	}
}

func (m *readModel) attend(id string) {
	m.entries = append(m.entries, &readEntry{id: id, read: map[string]bool{}})
}

func (m *readModel) random(l *life, r *rand.Rand, by Actor) {
	switch r.IntN(12) {
	case 0, 1:
		m.attend(l.do(customer, Receive{Message: Message{Text: "hi"}, Thread: mainThread}).Messages[0].ID)
	case 2:
		l.do(customer, Receive{Message: Message{Automatic: true}, Thread: mainThread})
	case 3:
		l.do(by, Whispering{Message: Message{Text: "psst"}}, ChangeTags{Add: []string{time.Duration(r.Int64()).String()}})
	case 4:
		l.do(by, Reply{Message: Message{Text: "hello"}, Thread: mainThread})
		if l.rules.ReadOnAnswer {
			m.read(universe...)
		} else {
			m.read(by.ID)
		}
	case 5:
		l.do(by, MarkRead{})
		m.read(by.ID)
	case 6:
		l.do(by, MarkRead{Viewed: true})
		if !l.rules.ReadOnAnswer {
			m.read(by.ID)
		}
	case 7, 8:
		if _, err := l.try(by, MarkUnread{}); err == nil {
			m.markUnread(by.ID, l.rules.GlobalRead)
		} else {
			require.Empty(l.tb, m.since())
		}
	case 9:
		l.do(by, Snooze{Until: l.now.Add(time.Hour)})
		l.now = l.now.Add(time.Hour)
		m.attend(l.do(system, Wake{}).Messages[0].ID)
	default:
		i := r.IntN(len(l.timeline) + 1)
		if i = max(i, len(l.timeline)-r.IntN(6)); i >= len(l.timeline) || l.timeline[i].Direction == Activity {
			return
		}
		l.do(customer, l.unsend(l.timeline[i]))
		for _, e := range m.entries {
			e.gone = e.gone || e.id == l.timeline[i].ID
		}
	}
}
