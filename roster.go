package frontdesk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/frontdesk-go/frontdesk/routing"
	"github.com/frontdesk-go/frontdesk/store"
)

// Roster is the tenant's times of duty. Who has which of them on which date is imported; see ImportRoster.
type Roster struct {
	Zone  string         `json:"zone,omitempty"`  // name in the IANA time zone database, such as Europe/Berlin, in which slots are meant. Defaults to UTC
	Slots []routing.Slot `json:"slots,omitempty"` // at most routing.MaxSlots
}

// The most that an import holds besides routing.MaxDuties.
const (
	maxRosterText   = 8 << 20 // bytes
	maxRosterMonths = 36
	maxRosterErrors = 100 // rows that an error names
)

// RosterImportError lists the rows of an import that cannot be used, the first 100 of them. errors.Is(err, ErrInvalid) holds for it, and
// routing.ErrRoster.
type RosterImportError struct {
	Rows []*routing.RosterError // by line
	More int                    // how many there are besides
}

func (e *RosterImportError) Error() string {
	lines := make([]string, len(e.Rows), len(e.Rows)+1)
	for i, row := range e.Rows {
		lines[i] = fmt.Sprintf("line %d: %s", row.Line, row.Problem)
	}
	if e.More > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", e.More))
	}
	return "frontdesk: roster: " + strings.Join(lines, "; ")
}

// Is reports whether target is ErrInvalid or routing.ErrRoster.
func (e *RosterImportError) Is(target error) bool {
	return target == ErrInvalid || target == routing.ErrRoster
}

var rosterKey = document("roster", "tenant")

// SaveRoster replaces the slots. Duties stay: those of a slot that is no longer there count for nothing until it is back. It needs an
// admin.
func (s *Session) SaveRoster(ctx context.Context, r Roster) error {
	if _, err := r.location(); err != nil {
		return err
	}
	if err := (routing.Roster{Slots: r.Slots}).Validate(); err != nil {
		return invalid("Slots", "%v", err)
	}
	return s.save(ctx, "save roster", rosterKey, func(t *txn) (any, error) {
		_, _, err := doc[Roster](t, rosterKey)
		return r, err
	})
}

func (r Roster) location() (*time.Location, error) {
	zone, err := time.LoadLocation(r.Zone)
	if err != nil || r.Zone == "Local" { // which differs from server to server
		return nil, invalid("Zone", "the time zone %q is not known; use a name such as Europe/Berlin", r.Zone)
	}
	return zone, nil
}

// Roster returns the slots.
func (s *Session) Roster(ctx context.Context) (r Roster, err error) {
	err = s.read(ctx, "roster", "", func(t *txn, _ caller) error {
		if err := t.load(rosterKey); err != nil { // a reading has no commit that would find out an old one
			return err
		}
		r, _, err = doc[Roster](t, rosterKey)
		return err
	})
	return r, err
}

// dutyMonth holds who is on duty in a month: agents by date and slot.
type dutyMonth struct {
	Duties map[string]map[string][]string `json:"duties,omitempty"`
}

func dutyKey(month string) store.Key { return document("duty", month) }

// month is the month of a date such as 2026-12-25.
func month(date string) string { return date[:len("2026-12")] }

// ImportRoster replaces all duties by those of a CSV text with the columns agent, date and slot; routing.Roster.Import says more. Agents
// are named by their IDs. It is taken as a whole or not at all: rows that name an unknown agent or slot are listed in a
// *RosterImportError. It needs an admin, and takes at most 8 MiB and 36 months. Other errors: ErrInvalid.
func (s *Session) ImportRoster(ctx context.Context, text string) error {
	if n := len(text); n > maxRosterText {
		return wrap("import roster", "", invalid("text", "%d bytes, at most %d", n, maxRosterText))
	}
	err := s.desk.write(ctx, s.actor.Tenant, "", func(t *txn) error {
		c, err := t.caller(s.actor, "import roster", toManage)
		if err != nil {
			return err
		}
		months, err := t.readRoster(text)
		if err != nil {
			return err
		}
		return t.saveDuties(c, months)
	})
	return wrap("import roster", "", err)
}

// readRoster reads an import against the agents and slots there are.
func (t *txn) readRoster(text string) (map[string]dutyMonth, error) {
	r, _, err := doc[Roster](t, rosterKey)
	if err != nil {
		return nil, err
	}
	agents, err := documents[Agent](t, "agent/")
	if err != nil {
		return nil, err
	}
	known := make(map[string]bool, len(agents))
	for _, a := range agents {
		known[a.ID] = true
	}
	read, refused, err := (routing.Roster{Slots: r.Slots}).Import(text, func(id string) (string, bool) { return id, known[id] })
	var bad *routing.RosterError
	if errors.As(err, &bad) {
		refused, err = []*routing.RosterError{bad}, nil
	}
	if err != nil {
		return nil, err
	}
	if n := len(refused); n > 0 {
		return nil, &RosterImportError{Rows: refused[:min(n, maxRosterErrors)], More: max(0, n-maxRosterErrors)}
	}
	return byMonth(read.Duties), nil
}

func byMonth(duties []routing.Duty) map[string]dutyMonth {
	months := map[string]dutyMonth{}
	for _, d := range duties {
		m, ok := months[month(d.Date)]
		if !ok {
			m.Duties = map[string]map[string][]string{}
			months[month(d.Date)] = m
		}
		if m.Duties[d.Date] == nil {
			m.Duties[d.Date] = map[string][]string{}
		}
		m.Duties[d.Date][d.Slot] = append(m.Duties[d.Date][d.Slot], d.Agent)
	}
	return months
}

// dutyMonths are the months that have duties. Two imports at once meet in it.
type dutyMonths struct {
	Months []string `json:"months,omitempty"`
}

var dutyMonthsKey = document("duty", "months")

// saveDuties makes the months that are kept those of an import.
func (t *txn) saveDuties(c caller, months map[string]dutyMonth) error {
	if n := len(months); n > maxRosterMonths {
		return invalid("text", "%d months, at most %d", n, maxRosterMonths)
	}
	old, _, err := doc[dutyMonths](t, dutyMonthsKey)
	if err != nil {
		return err
	}
	now := slices.Sorted(maps.Keys(months))
	for _, m := range old.Months {
		if _, stays := months[m]; !stays {
			months[m] = dutyMonth{} // nobody is on duty
		}
	}
	for m, duties := range months {
		if _, _, err := doc[dutyMonth](t, dutyKey(m)); err != nil {
			return err
		}
		if err := t.saveDocument(c, dutyKey(m), duties); err != nil {
			return err
		}
	}
	return t.saveDocument(c, dutyMonthsKey, dutyMonths{Months: now})
}

// Duties returns who is on duty in a month such as "2026-12", by date, slot and agent.
func (s *Session) Duties(ctx context.Context, yearMonth string) (out []routing.Duty, err error) {
	if _, err := time.Parse("2006-01", yearMonth); err != nil {
		return nil, wrap("duties", "", invalid("month", "%.40q is not a month such as 2026-12", yearMonth))
	}
	err = s.read(ctx, "duties", yearMonth, func(t *txn, _ caller) error {
		if err := t.load(dutyKey(yearMonth)); err != nil {
			return err
		}
		m, _, err := doc[dutyMonth](t, dutyKey(yearMonth))
		out = m.list()
		return err
	})
	return out, err
}

func (m dutyMonth) list() (out []routing.Duty) {
	for date, slots := range m.Duties {
		for slot, agents := range slots {
			for _, agent := range agents {
				out = append(out, routing.Duty{Agent: agent, Date: date, Slot: slot})
			}
		}
	}
	slices.SortFunc(out, func(a, b routing.Duty) int {
		return cmp.Or(cmp.Compare(a.Date, b.Date), cmp.Compare(a.Slot, b.Slot), cmp.Compare(a.Agent, b.Agent))
	})
	return out
}

// OnDuty reports whether an agent is on duty at a moment by the roster; the zero time is now. Error: ErrNotFound (the agent).
func (s *Session) OnDuty(ctx context.Context, agent string, at time.Time) (on bool, err error) {
	err = s.read(ctx, "on duty", agent, func(t *txn, _ caller) error {
		if _, err := t.agent(agent); err != nil {
			return err
		}
		if at.IsZero() {
			at = t.now
		}
		if err := t.freshRoster(at); err != nil {
			return err
		}
		on, err = t.onDuty(agent, at)
		return err
	})
	return on, err
}

// freshRoster loads, without the cache, what says who is on duty: a reading has no commit that would find out an old document.
func (t *txn) freshRoster(at time.Time) error {
	keys := []store.Key{rosterKey}
	for _, month := range []string{at.UTC().Add(-48 * time.Hour).Format("2006-01"), at.UTC().Add(24 * time.Hour).Format("2006-01")} {
		if key := dutyKey(month); !slices.Contains(keys, key) { // whatever the time zone
			keys = append(keys, key)
		}
	}
	return t.load(keys...)
}

// onDuty is OnDuty without looking at the agent: for handing out, where Settings.DutyOnly is set.
func (t *txn) onDuty(agent string, at time.Time) (bool, error) {
	r, _, err := doc[Roster](t, rosterKey)
	if err != nil || len(r.Slots) == 0 {
		return false, err
	}
	zone, err := r.location()
	if err != nil {
		return false, err
	}
	at = at.In(zone)
	today := routing.Roster{Slots: r.Slots}
	y, m, d := at.Date()
	for _, day := range []int{d - 1, d} { // a slot that runs over midnight began the day before
		date := time.Date(y, m, day, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
		kept, _, err := doc[dutyMonth](t, dutyKey(month(date)))
		if err != nil {
			return false, err
		}
		for slot, agents := range kept.Duties[date] {
			if slices.Contains(agents, agent) {
				today.Duties = append(today.Duties, routing.Duty{Agent: agent, Date: date, Slot: slot})
			}
		}
	}
	return today.OnDuty(agent, at, zone), nil
}

// nextDuty returns when the next slot of duty begins, whoever has it; zero where there are none.
func (t *txn) nextDuty(at time.Time) (next time.Time, err error) {
	r, _, err := doc[Roster](t, rosterKey)
	if err != nil || len(r.Slots) == 0 {
		return next, err
	}
	zone, err := r.location()
	if err != nil {
		return next, err
	}
	y, m, d := at.In(zone).Date()
	for _, slot := range r.Slots {
		for _, day := range []int{d, d + 1} {
			for _, moment := range begins(zone, y, m, day, slot.Span.From) {
				if moment.After(at) && (next.IsZero() || moment.Before(next)) {
					next = moment
				}
			}
		}
	}
	return next, nil
}

// begins are the moments at which a slot of a date may begin: two where the clocks are put back over its first minute, and where they
// skip it, that at which they do. One too many costs a look.
func begins(zone *time.Location, y int, m time.Month, d, minute int) (out []time.Time) {
	wall := time.Date(y, m, d, 0, minute, 0, 0, time.UTC)
	for _, near := range []time.Duration{-24 * time.Hour, 24 * time.Hour} {
		_, offset := wall.Add(near).In(zone).Zone()
		at := wall.Add(-time.Duration(offset) * time.Second).In(zone)
		out = append(out, at)
		if start, _ := at.ZoneBounds(); at.Sub(start) < 24*time.Hour {
			out = append(out, start)
		}
	}
	return out
}
