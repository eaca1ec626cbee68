package sqlstore

import (
	"database/sql"
	"errors"
	"strconv"
	"strings"

	"github.com/frontdesk-go/frontdesk/store"
)

// columns are what a row is read back from, in the order of scanned.
const columns = "kind, id, version, body, target_kind, target_id, shelf, mailbox, team, agent, activity, facts, words"

// allColumns are what a row is written to, in the order of written.
const allColumns = "tenant, kind, id, version, body, target_kind, target_id, shelf, mailbox, team, agent, activity, " +
	"fact_name, fact_value, fact_order, facts, words"

// The types of allColumns, and of the columns of the table facts.
var (
	allTypes = []string{"text", "text", "text", "bigint", "bytea", "text", "text", "text", "text", "text", "text", "bigint",
		"text", "text", "bigint", "bytea", "bytea"}
	factTypes = []string{"text", "text", "text", "text", "bigint", "text"}
)

// of puts an alias before each column.
func of(alias, columns string) string {
	return alias + "." + strings.ReplaceAll(columns, ", ", ", "+alias+".")
}

// written returns the values of allColumns.
func written(tenant string, row *store.Row) []any {
	values := make([]any, 0, 17)
	values = append(values, tenant, string(row.Kind), row.ID, row.Version, notNil(row.Body))
	if row.Target == (store.Key{}) {
		values = append(values, nil, nil)
	} else {
		values = append(values, string(row.Target.Kind), row.Target.ID)
	}
	if p := row.Place; p == nil {
		values = append(values, nil, nil, nil, nil, nil)
	} else {
		values = append(values, p.Shelf, optional(p.Mailbox), optional(p.Team), optional(p.Agent), p.Activity)
	}
	if first, _ := indexed(row.Kind, row.Facts); first == nil {
		values = append(values, nil, nil, nil)
	} else {
		values = append(values, first.Name, first.Value, first.Order)
	}
	return append(values, packFacts(row.Facts), []byte(strings.Join(row.Words, "\x00")))
}

// notNil keeps an empty body apart from the NULL that drivers make of nil.
func notNil(body []byte) []byte {
	if body == nil {
		return []byte{}
	}
	return body
}

// optional keeps an empty value out of the partial indexes.
func optional(value string) any {
	if value == "" {
		return nil
	}
	return value
}

// columnFact names the listed fact that has columns in its row: the one that every row of the kind has, once as a rule. All others, and
// what a row has of it besides the first, are in the table facts.
var columnFact = map[store.Kind]string{store.Message: "conversation", store.Event: "feed", store.Delivery: "state"}

// indexed splits the listed facts of a row into the one that has columns in its row and the rest, which the table facts holds.
func indexed(kind store.Kind, facts []store.Fact) (first *store.Fact, rest []store.Fact) {
	for i := range facts {
		switch {
		case !store.Listed(kind, facts[i].Name):
		case first == nil && facts[i].Name == columnFact[kind]:
			first = &facts[i]
		default:
			rest = append(rest, facts[i])
		}
	}
	return first, rest
}

// packFacts writes facts as name, value and order, parted by NUL, which none of them can hold.
func packFacts(facts []store.Fact) []byte {
	packed := []byte{}
	for i, f := range facts {
		if i > 0 {
			packed = append(packed, 0)
		}
		packed = append(append(packed, f.Name...), 0)
		packed = append(append(packed, f.Value...), 0)
		packed = strconv.AppendInt(packed, f.Order, 10)
	}
	return packed
}

var errFacts = errors.New("a row's facts are damaged")

func unpackFacts(packed []byte) ([]store.Fact, error) {
	if len(packed) == 0 {
		return nil, nil
	}
	parts := strings.Split(string(packed), "\x00")
	if len(parts)%3 != 0 {
		return nil, errFacts
	}
	facts := make([]store.Fact, 0, len(parts)/3)
	for ; len(parts) > 0; parts = parts[3:] {
		order, err := strconv.ParseInt(parts[2], 10, 64)
		if err != nil {
			return nil, errFacts
		}
		facts = append(facts, store.Fact{Name: parts[0], Value: parts[1], Order: order})
	}
	return facts, nil
}

// unpackWords reads what written has joined by NUL, which no word can hold.
func unpackWords(packed []byte) []string {
	if len(packed) == 0 {
		return nil
	}
	return strings.Split(string(packed), "\x00")
}

// scanned is a row on its way from the database.
type scanned struct {
	row                         store.Row
	kind                        string
	targetKind, targetID        sql.NullString
	shelf, mailbox, team, agent sql.NullString
	activity                    sql.NullInt64
	facts, words                []byte
}

// into returns where Scan puts the columns.
func (s *scanned) into() []any {
	return []any{&s.kind, &s.row.ID, &s.row.Version, &s.row.Body, &s.targetKind, &s.targetID,
		&s.shelf, &s.mailbox, &s.team, &s.agent, &s.activity, &s.facts, &s.words}
}

func (s *scanned) done() (store.Row, error) {
	row := s.row
	row.Kind = store.Kind(s.kind)
	row.Body = notNil(row.Body)
	if s.targetID.Valid {
		row.Target = store.Key{Kind: store.Kind(s.targetKind.String), ID: s.targetID.String}
	}
	if s.shelf.Valid {
		row.Place = &store.Place{Shelf: s.shelf.String, Mailbox: s.mailbox.String, Team: s.team.String, Agent: s.agent.String, Activity: s.activity.Int64}
	}
	row.Words = unpackWords(s.words)
	var err error
	row.Facts, err = unpackFacts(s.facts)
	return row, err
}
