package store

import (
	"bytes"
	"cmp"
	"slices"
)

// Kind is a row's type. A store treats all kinds alike and keeps kinds it has never seen.
type Kind string

// The kinds of rows.
const (
	Conversation Kind = "conversation"
	Message      Kind = "message"
	Contact      Kind = "contact"
	Name         Kind = "name"     // a unique name that leads to a row: a thread, an identity, a provider's message ID, a caller's key
	Document     Kind = "document" // small configuration, its ID beginning with its type: "mailbox/berlin"
	Event        Kind = "event"
	Delivery     Kind = "delivery" // a raw delivery that could not be understood, or waits for what it belongs to
	Notice       Kind = "notice"   // that there is news in a conversation for an agent
)

// Limits of what a row may hold.
const (
	MaxID    = 255     // bytes of an ID, a fact's name or value, a counter, a group, a job ID
	MaxBody  = 8 << 20 // bytes of a row's or a job's body
	MaxFacts = 500     // facts of a row
	MaxWords = 5000    // words of a row
)

// Key finds a row within its tenant.
type Key struct {
	Kind Kind
	ID   string
}

func (k Key) String() string { return string(k.Kind) + "/" + k.ID }

// Compare orders keys by kind, then ID, byte by byte: the order of a batch's writes.
func (k Key) Compare(other Key) int {
	return cmp.Or(cmp.Compare(k.Kind, other.Kind), cmp.Compare(k.ID, other.ID))
}

// Row is what a store keeps: a key, a version, an opaque body, and what the store may look at.
type Row struct {
	Key
	Version int64 // given by the library, compared for equality; never 0 for a row that exists
	Body    []byte

	Target Key      // where a name leads; zero for none
	Place  *Place   // where a conversation is listed; nil for rows that are in no range
	Facts  []Fact   // what else it can be listed or filtered by; no two with the same name and value
	Words  []string // what a search finds it by, folded by the library
}

// Place is a conversation's position in the ranges. A field that is empty is in no range of its dimension.
type Place struct {
	Shelf    string
	Mailbox  string // mailbox and method
	Team     string
	Agent    string
	Activity int64 // microseconds since 1970, UTC
}

// Fact is something a row can be listed or filtered by: a name, a value, and an order among the rows that share both.
type Fact struct {
	Name  string
	Value string
	Order int64
}

// listed are the facts with an index, by kind. Adding one is how a new list comes about: it needs no new method and no new type.
var listed = []struct {
	kind  Kind
	names []string
}{
	{Message, []string{"conversation", "person", "record", "trash", "undelivered"}},
	{Conversation, []string{"agent", "channel", "contact", "deadline", "failed", "folder", "followup", "handover", "label", "number", "owner", "pin", "queue", "record", "snoozed", "subscriber", "tag"}},
	{Contact, []string{"field", "label", "phone", "record"}},
	{Event, []string{"contact", "feed"}},
	{Delivery, []string{"state"}},
	{Notice, []string{"agent", "conversation", "told"}},
}

// listedFacts looks through the few kinds, which is faster than a map.
func listedFacts(kind Kind) []string {
	for i := range listed {
		if listed[i].kind == kind {
			return listed[i].names
		}
	}
	return nil
}

// Listed reports whether rows of the kind are listed by the fact of this name, and so need it in an index.
func Listed(kind Kind, name string) bool { return slices.Contains(listedFacts(kind), name) }

// ListedFacts returns the names of the listed facts of a kind, sorted.
func ListedFacts(kind Kind) []string { return slices.Clone(listedFacts(kind)) }

// Clone returns a row that shares no memory with r.
func (r Row) Clone() Row {
	r.Body = bytes.Clone(r.Body)
	if r.Place != nil {
		place := *r.Place
		r.Place = &place
	}
	r.Facts = slices.Clone(r.Facts)
	r.Words = slices.Clone(r.Words)
	return r
}

// Rows is what Load found.
type Rows struct {
	Found    map[Key]Row
	Absent   []Key // asked for, or led to by a target, and not there
	Counters map[string]int64
}

// Row returns the row of a key. The row of a key that is not there is the zero Row with that key.
func (r *Rows) Row(key Key) (Row, bool) {
	row, ok := r.Found[key]
	if !ok {
		row.Key = key
	}
	return row, ok
}

// Led returns the row that the row of key leads to.
func (r *Rows) Led(key Key) (Row, bool) {
	row, ok := r.Found[key]
	if !ok || row.Target == (Key{}) {
		return Row{}, false
	}
	return r.Row(row.Target)
}
