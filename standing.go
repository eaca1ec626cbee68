package frontdesk

import (
	"time"

	"github.com/frontdesk-go/frontdesk/store"
)

// standing is what a floor rests on besides who is there and what they hold: settings, which change so seldom that a process keeps them
// decoded. Once a tenant hands out, whatever changes one of them writes floorMark in the same commit.
type standing struct {
	version   int64 // of floorMark, before the rest was read; what is kept is never older
	mailboxes []Mailbox
	teams     []Team
	rows      []store.Row // of mailboxes, teams and the settings
	agents    cache[string, standingAgent]
}

type standingAgent struct {
	row store.Row
	Agent
}

// floorMark is written with every change of a setting that decides who may be given what.
var floorMark = document("dispatch", "floor")

type floorDoc struct {
	Changed time.Time `json:"changed"`
}

// markFloor makes what processes keep of the floor's settings old.
func (t *txn) markFloor() error {
	if _, loaded := t.rows[floorMark]; !loaded {
		if err := t.load(floorMark); err != nil {
			return err
		}
	}
	return t.put(store.Row{Key: floorMark}, formatDocument, floorDoc{Changed: t.now})
}

// readStanding returns the settings of the floor, which are those that are kept if nothing has changed them. floorMark has been loaded.
func (t *txn) readStanding() (*standing, error) {
	mark, keep := t.row(floorMark)
	keep = keep && !t.desk.bound // a version that is rolled back is given again
	if s, ok := t.desk.standing.get(t.tenant); ok && keep && s.version == mark.Version {
		t.adopt(s.rows)
		t.absent(document("settings", "tenant")) // unless it was among them
		return s, nil
	}
	lists, err := t.listDocuments("mailbox/", "team/", "settings/")
	if err != nil {
		return nil, err
	}
	s := &standing{version: mark.Version}
	if s.mailboxes, err = adopted[Mailbox](t, lists[0]); err != nil {
		return nil, err
	}
	if s.teams, err = adopted[Team](t, lists[1]); err != nil {
		return nil, err
	}
	t.adopt(lists[2])
	t.absent(document("settings", "tenant"))
	for _, rows := range lists {
		s.rows = append(s.rows, rows...)
	}
	if keep {
		t.desk.standing.put(t.tenant, s)
	}
	return s, nil
}

// agentOf returns an agent who is kept, or was loaded and is kept from now on; ok is false if he is not there.
func (s *standing) agentOf(t *txn, id string) (a Agent, ok bool, err error) {
	if kept, ok := s.agents.get(id); ok {
		return kept.Agent, true, nil
	}
	row, ok := t.row(document("agent", id))
	if !ok {
		return a, false, nil
	}
	if a, err = decode[Agent](t, row); err != nil {
		return a, false, err
	}
	s.agents.put(id, standingAgent{row, a})
	return a, true, nil
}
