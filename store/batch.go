package store

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Action is what a Write does with its row.
type Action uint8

// The actions of a write.
const (
	Check  Action = iota + 1 // the row must still be at If when the batch commits
	Put                      // replace the row
	Delete                   // remove the row
)

// Write is one conditional operation on one row.
type Write struct {
	Action Action
	If     int64 // the version the row must have; 0: it must be absent
	Row    Row   // for Check and Delete only its key is set
}

// Add adds Delta to a counter.
type Add struct {
	Counter string
	Delta   int64
}

// Batch is what one Commit writes: all of it or nothing.
//
// The library makes a batch from what it read: Read takes rows, Put and Delete change them, and whatever was read and not changed is
// checked, unless Ignore says that the decision does not rest on it. Seal ends it. A store reads the exported fields only.
type Batch struct {
	Tenant string
	Shard  uint8    // Shard(Tenant)
	Writes []Write  // sorted by key, one a key
	Adds   []Add    // sorted by counter, one a counter, no zero delta
	Queue  []Job    // sorted by group, order and ID
	Finish []Finish // sorted by group, one a group

	rows  []decided   // beside Writes, until Seal sorts those
	index map[Key]int // of Writes, once they are many
	now   int64
	err   error
}

// decided is what a decision did with a row besides writing it. The write's Action is Check until it is written.
type decided struct {
	noted  bool // the row was read
	ignore bool
}

// few is how many rows are looked through one by one: for the batch of a message that is faster than a map.
const few = 24

// at returns the index of a key's entry, making it if need be.
func (b *Batch) at(key Key) int {
	if b.index != nil {
		if i, ok := b.index[key]; ok {
			return i
		}
	} else {
		for i := range b.Writes {
			if b.Writes[i].Row.Key == key {
				return i
			}
		}
	}
	if b.rows == nil {
		b.Writes, b.rows = make([]Write, 0, few/2), make([]decided, 0, few/2)
	}
	b.Writes = append(b.Writes, Write{Action: Check, Row: Row{Key: key}})
	b.rows = append(b.rows, decided{})
	n := len(b.rows)
	switch {
	case n >= few && b.index == nil:
		b.index = make(map[Key]int, 2*few)
		for i := range b.Writes {
			b.index[b.Writes[i].Row.Key] = i
		}
	case n > few:
		b.index[key] = n - 1
	}
	return n - 1
}

// NewBatch begins a batch of one tenant. Versions of new rows start at now, so that a key that is deleted and put again never has a
// version twice.
func NewBatch(tenant string, now time.Time) *Batch {
	return &Batch{Tenant: tenant, Shard: Shard(tenant), now: now.UnixMicro()}
}

// Read notes what a decision rests on: each row found, and each key that was not there.
func (b *Batch) Read(rows *Rows) {
	if n := len(rows.Found) + len(rows.Absent); b.rows == nil {
		b.Writes, b.rows = make([]Write, 0, n+2), make([]decided, 0, n+2)
	}
	for key, row := range rows.Found {
		b.note(key, row.Version)
	}
	for _, key := range rows.Absent {
		b.note(key, 0)
	}
}

// ReadRow notes a row that came from a list or a cache. A row that is not there has version 0.
func (b *Batch) ReadRow(rows ...Row) {
	for _, row := range rows {
		b.note(row.Key, row.Version)
	}
}

func (b *Batch) note(key Key, version int64) {
	i := b.at(key)
	if b.rows[i].noted && b.Writes[i].If != version {
		b.fail(key.String(), fmt.Sprintf("read at version %d and at %d; decide on one reading", b.Writes[i].If, version))
	}
	b.rows[i].noted, b.Writes[i].If = true, version
}

// Ignore says that the decision does not rest on these rows, so that they are not checked.
func (b *Batch) Ignore(keys ...Key) {
	for _, key := range keys {
		b.rows[b.at(key)].ignore = true
	}
}

// Put writes a row on the version it was read at. A row that nobody read cannot be put.
func (b *Batch) Put(row Row) {
	w := b.written(row.Key)
	row.Version = w.If + 1
	if w.If == 0 {
		row.Version = b.now
	}
	w.Action, w.Row = Put, row
}

// Delete removes a row on the version it was read at.
func (b *Batch) Delete(key Key) {
	w := b.written(key)
	w.Action, w.Row = Delete, Row{Key: key}
}

func (b *Batch) written(key Key) *Write {
	i := b.at(key)
	if !b.rows[i].noted {
		b.fail(key.String(), "written without having been read; Read or ReadRow it first")
	}
	return &b.Writes[i]
}

// Add adds delta to a counter when the batch commits.
func (b *Batch) Add(counter string, delta int64) {
	if b.Adds == nil {
		b.Adds = make([]Add, 0, few/2)
	}
	b.Adds = append(b.Adds, Add{Counter: counter, Delta: delta})
}

// Enqueue queues jobs when the batch commits.
func (b *Batch) Enqueue(jobs ...Job) { b.Queue = append(b.Queue, jobs...) }

// Done finishes jobs when the batch commits.
func (b *Batch) Done(f Finish) { b.Finish = append(b.Finish, f) }

// Written returns the row a Put of this batch will leave, and whether there is one.
func (b *Batch) Written(key Key) (Row, bool) {
	w := &b.Writes[b.at(key)]
	return w.Row, w.Action == Put
}

// Empty reports whether committing the batch would change nothing. Checks alone change nothing; whether they hold is another question.
// It is for those who make batches: a store commits by what the sealed fields hold.
func (b *Batch) Empty() bool {
	return !b.writes() && len(b.Adds) == 0 && len(b.Queue) == 0 && len(b.Finish) == 0
}

func (b *Batch) writes() bool {
	for i := range b.Writes {
		if b.Writes[i].Action != Check {
			return true
		}
	}
	return false
}

// Seal checks the limits, sorts, and fills the exported fields. Errors are *InvalidError. A batch that adds or enqueues must also write
// a row by version: only so can a batch that was applied not be applied again.
func (b *Batch) Seal() error {
	b.forget()
	b.addUp()
	if !b.writes() && (len(b.Adds) > 0 || len(b.Queue) > 0) {
		b.fail("batch", "adds or enqueues without writing a row, so it could be applied twice; write the row it was decided on")
	}
	b.sort()
	b.validate()
	return b.err
}

// forget drops what was read and is neither written nor checked.
func (b *Batch) forget() {
	n := 0
	for i, d := range b.rows {
		if b.Writes[i].Action != Check || d.noted && !d.ignore {
			if n != i {
				b.Writes[n] = b.Writes[i]
			}
			b.rows[n] = decided{noted: true}
			n++
		}
	}
	b.Writes, b.rows, b.index = b.Writes[:n], b.rows[:n], nil // the index is of an order that Seal changes
}

// addUp makes one sorted delta of all that were added to a counter.
func (b *Batch) addUp() {
	slices.SortFunc(b.Adds, func(x, y Add) int { return cmp.Compare(x.Counter, y.Counter) })
	sums := b.Adds[:0]
	for _, a := range b.Adds {
		if n := len(sums); n > 0 && sums[n-1].Counter == a.Counter {
			sums[n-1].Delta += a.Delta
		} else {
			sums = append(sums, a)
		}
	}
	b.Adds = slices.DeleteFunc(sums, func(a Add) bool { return a.Delta == 0 })
}

func (b *Batch) sort() {
	slices.SortFunc(b.Writes, func(x, y Write) int { return x.Row.Key.Compare(y.Row.Key) })
	slices.SortFunc(b.Queue, func(x, y Job) int {
		return cmp.Or(cmp.Compare(x.Group, y.Group), cmp.Compare(x.Order, y.Order), cmp.Compare(x.ID, y.ID))
	})
	slices.SortFunc(b.Finish, func(x, y Finish) int { return cmp.Compare(x.Group, y.Group) })
	for i := range b.Queue {
		b.Queue[i].Due = micro(b.Queue[i].Due)
	}
	for i := range b.Finish {
		b.Finish[i].Hold = micro(b.Finish[i].Hold)
	}
}

// micro is a time as stores keep it: none, or UTC in whole microseconds.
func micro(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}

func (b *Batch) fail(what, problem string) {
	if b.err == nil {
		b.err = &InvalidError{What: what, Problem: problem}
	}
}

func (b *Batch) validate() {
	b.text("tenant", b.Tenant, false)
	for i := range b.Writes {
		b.validateRow(&b.Writes[i])
	}
	for _, a := range b.Adds {
		b.text("counter", a.Counter, false)
	}
	for i := range b.Queue {
		j := &b.Queue[i]
		b.text("job ID", j.ID, false)
		b.text("job group", j.Group, false)
		b.size(Key{"job", j.ID}, len(j.Body), MaxBody, "bytes")
	}
	for i, f := range b.Finish {
		b.text("finish group", f.Group, false)
		if i > 0 && b.Finish[i-1].Group == f.Group {
			b.fail("finish of "+f.Group, "given twice; a group is finished once in a batch")
		}
	}
}

func (b *Batch) validateRow(w *Write) {
	row := &w.Row
	b.text("kind", string(row.Kind), false)
	b.text("ID", row.ID, false)
	if w.Action != Put {
		return
	}
	if row.Version == 0 || row.Version == w.If {
		b.fail(row.Key.String(), "put at the version it already has; a put needs a new one")
	}
	if row.Target != (Key{}) {
		b.text("target kind", string(row.Target.Kind), false)
		b.text("target", row.Target.ID, false)
	}
	b.size(row.Key, len(row.Body), MaxBody, "bytes")
	b.size(row.Key, len(row.Facts), MaxFacts, "facts")
	b.size(row.Key, len(row.Words), MaxWords, "words")
	for i := range row.Facts {
		f := &row.Facts[i]
		b.text("fact name", f.Name, false)
		if problem := CheckText(f.Value, true); problem != "" {
			b.fail("fact "+f.Name, problem)
		}
		for j := range row.Facts[:i] {
			if other := &row.Facts[j]; other.Value == f.Value && other.Name == f.Name {
				b.fail(row.Key.String(), "fact "+f.Name+" twice with value "+f.Value+"; a value is given once")
			}
		}
	}
	for _, word := range row.Words {
		b.text("word", word, false)
	}
	if p := row.Place; p != nil {
		for _, value := range []string{p.Shelf, p.Mailbox, p.Team, p.Agent} {
			b.text("place", value, true)
		}
	}
}

func (b *Batch) size(what Key, n, limit int, unit string) {
	if n > limit {
		b.fail(what.String(), fmt.Sprintf("%d %s, at most %d", n, unit, limit))
	}
}

// text checks what is compared and indexed: valid UTF-8 without NUL, since not every database keeps other text.
func (b *Batch) text(what, s string, empty bool) {
	if b.err != nil {
		return
	}
	if problem := CheckText(s, empty); problem != "" {
		b.fail(what, problem)
	}
}

// CheckText says what is wrong with a value that is to be a key, a fact or a word; "" if nothing is.
func CheckText(s string, empty bool) string {
	switch {
	case s == "" && !empty:
		return "is empty; give a value"
	case len(s) > MaxID:
		return fmt.Sprintf("is %d bytes, at most %d", len(s), MaxID)
	}
	for i := range len(s) {
		switch {
		case s[i] == 0:
			return "holds a NUL byte"
		case s[i] >= utf8.RuneSelf:
			return checkUnicode(s)
		}
	}
	return ""
}

// checkUnicode is CheckText of what is not ASCII alone.
func checkUnicode(s string) string {
	switch {
	case !utf8.ValidString(s):
		return "is not valid UTF-8"
	case strings.IndexByte(s, 0) >= 0:
		return "holds a NUL byte"
	}
	return ""
}
