package routing

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// The most that a Roster holds.
const (
	MaxSlots    = 5       // named slots
	MaxDuties   = 100_000 // rows of an import
	maxSlotName = 100     // bytes
)

const rosterColumns = "agent, date and slot"

// ErrRoster says that a roster, or a row of its import, is not valid. Errors of this kind are *RosterError.
var ErrRoster = errors.New("routing: bad roster")

// RosterError says what is wrong with a roster. errors.Is(err, ErrRoster) holds for it.
type RosterError struct {
	Line    int // of the import, from 1; 0: the roster as a whole
	Problem string
}

func (e *RosterError) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("routing: roster: line %d: %s", e.Line, e.Problem)
	}
	return "routing: roster: " + e.Problem
}

// Is reports whether target is ErrRoster.
func (e *RosterError) Is(target error) bool { return target == ErrRoster }

// Slot is a named time of duty, such as "early".
type Slot struct {
	Name string `json:"name"` // at most 100 bytes
	Span Span   `json:"span"`
}

// Duty is one agent's slot on one date.
type Duty struct {
	Agent string `json:"agent"` // ID
	Date  string `json:"date"`  // 2026-12-25: the day the slot begins on
	Slot  string `json:"slot"`  // name
}

// Roster says who is on duty when. Who is not may still be assigned by hand.
type Roster struct {
	Slots  []Slot `json:"slots,omitempty"` // at most MaxSlots
	Duties []Duty `json:"duties,omitempty"`
}

// Validate returns a *RosterError if the slots are too many, share a name, or have none, or a span is not valid.
func (r Roster) Validate() error {
	if n := len(r.Slots); n > MaxSlots {
		return &RosterError{Problem: fmt.Sprintf("%d slots, at most %d", n, MaxSlots)}
	}
	for i, s := range r.Slots {
		switch {
		case strings.TrimSpace(s.Name) == "" || len(s.Name) > maxSlotName:
			return &RosterError{Problem: fmt.Sprintf("slot %d needs a name of 1 to %d bytes", i+1, maxSlotName)}
		case r.slot(s.Name) != i:
			return &RosterError{Problem: fmt.Sprintf("two slots are named %q", s.Name)}
		case s.Span.problem() != "":
			return &RosterError{Problem: fmt.Sprintf("slot %q %s", s.Name, s.Span.problem())}
		}
	}
	return nil
}

// slot returns the index of a slot by name, whatever its case; -1 if there is none.
func (r Roster) slot(name string) int {
	return slices.IndexFunc(r.Slots, func(s Slot) bool { return strings.EqualFold(s.Name, name) })
}

// Import returns the roster with its duties replaced by those of a CSV text, and the rows that it did not take. The text is separated by
// commas or semicolons, and its first line names the columns agent, date and slot, in any order among others. Agent finds an agent's ID
// by what the column says, such as an e-mail address. A row that names an unknown agent or slot, or no date such as 2026-12-25, is not
// taken; one that is there twice counts once. The error is a *RosterError if the roster is not valid or nothing of the text can be used:
// then nothing is replaced.
func (r Roster) Import(text string, agent func(string) (id string, ok bool)) (Roster, []*RosterError, error) {
	if err := r.Validate(); err != nil {
		return r, nil, err
	}
	rows, columns, err := openCSV(text)
	if err != nil {
		return r, nil, err
	}
	next := Roster{Slots: r.Slots}
	var refused []*RosterError
	seen := make(map[Duty]bool)
	for n := 0; ; n++ {
		row, err := rows.Read()
		if err == io.EOF {
			return next, refused, nil
		}
		if n >= MaxDuties {
			return r, nil, &RosterError{Problem: fmt.Sprintf("more than %d rows", MaxDuties)}
		}
		duty, problem := r.duty(row, columns, err, agent)
		switch {
		case problem != "":
			refused = append(refused, &RosterError{Line: line(rows, err), Problem: problem})
		case !seen[duty]:
			seen[duty] = true
			next.Duties = append(next.Duties, duty)
		}
	}
}

// openCSV reads the line that names the columns, and returns where agent, date and slot are.
func openCSV(text string) (*csv.Reader, [3]int, error) {
	text = strings.TrimPrefix(text, "\ufeff") // spreadsheets begin a file with it
	rows := csv.NewReader(strings.NewReader(text))
	rows.FieldsPerRecord = -1
	rows.TrimLeadingSpace = true
	first, _, _ := strings.Cut(text, "\n")
	if strings.Count(first, ";") > strings.Count(first, ",") {
		rows.Comma = ';'
	}
	header, err := rows.Read()
	if err != nil {
		return nil, [3]int{}, &RosterError{Line: 1, Problem: "no line that names the columns " + rosterColumns}
	}
	var columns [3]int
	for i, name := range []string{"agent", "date", "slot"} {
		columns[i] = slices.IndexFunc(header, func(h string) bool { return strings.EqualFold(strings.TrimSpace(h), name) })
		if columns[i] < 0 {
			return nil, columns, &RosterError{Line: 1, Problem: "the column " + name + " is missing; needed are " + rosterColumns}
		}
	}
	return rows, columns, nil
}

// duty reads a row, or says what is wrong with it.
func (r Roster) duty(row []string, columns [3]int, err error, agent func(string) (string, bool)) (Duty, string) {
	if err != nil {
		return Duty{}, "not CSV"
	}
	var fields [3]string
	for i, column := range columns {
		if column >= len(row) {
			return Duty{}, fmt.Sprintf("%d fields, the columns %s need %d", len(row), rosterColumns, column+1)
		}
		fields[i] = strings.TrimSpace(row[column])
	}
	id, known := agent(fields[0])
	slot := r.slot(fields[2])
	switch _, err := time.Parse(time.DateOnly, fields[1]); {
	case !known:
		return Duty{}, fmt.Sprintf("unknown agent %.100q", fields[0])
	case err != nil:
		return Duty{}, fmt.Sprintf("%.40q is not a date such as 2026-12-25", fields[1])
	case slot < 0:
		return Duty{}, fmt.Sprintf("unknown slot %.100q; there are %s", fields[2], r.names())
	}
	return Duty{Agent: id, Date: fields[1], Slot: r.Slots[slot].Name}, ""
}

func (r Roster) names() string {
	names := make([]string, len(r.Slots))
	for i, s := range r.Slots {
		names[i] = s.Name
	}
	return cmp.Or(strings.Join(names, ", "), "none")
}

// line is where the row that was read begins.
func line(rows *csv.Reader, err error) int {
	var bad *csv.ParseError
	if errors.As(err, &bad) {
		return bad.StartLine
	}
	n, _ := rows.FieldPos(0)
	return n
}

// OnDuty reports whether an agent is on duty at a moment. Slots are in the wall-clock time of zone.
func (r Roster) OnDuty(agent string, at time.Time, zone *time.Location) bool {
	local := at.In(zone)
	m := local.Hour()*60 + local.Minute()
	y, month, d := local.Date()
	today := time.Date(y, month, d, 0, 0, 0, 0, time.UTC)
	dates := [2]string{today.Format(time.DateOnly), today.AddDate(0, 0, -1).Format(time.DateOnly)}
	return slices.ContainsFunc(r.Duties, func(duty Duty) bool {
		i := r.slot(duty.Slot)
		if duty.Agent != agent || i < 0 {
			return false
		}
		s := r.Slots[i].Span
		return duty.Date == dates[0] && s.From <= m && m < s.end() || duty.Date == dates[1] && m+dayMinutes < s.end()
	})
}
