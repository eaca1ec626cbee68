package store

import (
	"cmp"
	"fmt"
	"slices"
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

	read   map[Key]int64
	writes map[Key]Write
	ignore map[Key]bool
	adds   map[string]int64
	now    int64
	err    error
}

// NewBatch begins a batch of one tenant. Versions of new rows start at now, so that a key that is deleted and put again never has a
// version twice.
func NewBatch(tenant string, now time.Time) *Batch {
	return &Batch{Tenant: tenant, Shard: Shard(tenant), now: now.UnixMicro()}
}

// Read notes what a decision rests on: each row found, and each key that was not there.
func (b *Batch) Read(rows *Rows) {
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
	if b.read == nil {
		b.read = make(map[Key]int64, 8)
	}
	if old, ok := b.read[key]; ok && old != version {
		b.fail(key.String(), fmt.Sprintf("read at version %d and at %d; decide on one reading", old, version))
	}
	b.read[key] = version
}

// Ignore says that the decision does not rest on these rows, so that they are not checked.
func (b *Batch) Ignore(keys ...Key) {
	if b.ignore == nil {
		b.ignore = map[Key]bool{}
	}
	for _, key := range keys {
		b.ignore[key] = true
	}
}

// Put writes a row on the version it was read at. A row that nobody read cannot be put.
func (b *Batch) Put(row Row) {
	version := b.version(row.Key)
	row.Version = version + 1
	if version == 0 {
		row.Version = b.now
	}
	b.write(Write{Action: Put, If: version, Row: row})
}

// Delete removes a row on the version it was read at.
func (b *Batch) Delete(key Key) {
	b.write(Write{Action: Delete, If: b.version(key), Row: Row{Key: key}})
}

func (b *Batch) version(key Key) int64 {
	version, ok := b.read[key]
	if !ok {
		b.fail(key.String(), "written without having been read; Read or ReadRow it first")
	}
	return version
}

func (b *Batch) write(w Write) {
	if b.writes == nil {
		b.writes = make(map[Key]Write, 8)
	}
	b.writes[w.Row.Key] = w
}

// Add adds delta to a counter when the batch commits.
func (b *Batch) Add(counter string, delta int64) {
	if b.adds == nil {
		b.adds = make(map[string]int64, 8)
	}
	b.adds[counter] += delta
}

// Enqueue queues jobs when the batch commits.
func (b *Batch) Enqueue(jobs ...Job) { b.Queue = append(b.Queue, jobs...) }

// Done finishes jobs when the batch commits.
func (b *Batch) Done(f Finish) { b.Finish = append(b.Finish, f) }

// Written returns the row a Put of this batch will leave, and whether there is one.
func (b *Batch) Written(key Key) (Row, bool) {
	w, ok := b.writes[key]
	return w.Row, ok && w.Action == Put
}

// Empty reports whether committing the batch would change nothing. Checks alone change nothing; whether they hold is another question.
// It is for those who make batches: a store commits by what the sealed fields hold.
func (b *Batch) Empty() bool {
	return len(b.writes) == 0 && len(b.adds) == 0 && len(b.Queue) == 0 && len(b.Finish) == 0
}

// Seal checks the limits, sorts, and fills the exported fields. Errors are *InvalidError. A batch that adds or enqueues must also write
// a row by version: only so can a batch that was applied not be applied again.
func (b *Batch) Seal() error {
	b.Writes = make([]Write, 0, len(b.writes)+len(b.read))
	b.Adds = make([]Add, 0, len(b.adds))
	for _, w := range b.writes {
		b.Writes = append(b.Writes, w)
	}
	for key, version := range b.read {
		if _, ok := b.writes[key]; !ok && !b.ignore[key] {
			b.Writes = append(b.Writes, Write{Action: Check, If: version, Row: Row{Key: key}})
		}
	}
	for counter, delta := range b.adds {
		if delta != 0 {
			b.Adds = append(b.Adds, Add{Counter: counter, Delta: delta})
		}
	}
	if len(b.writes) == 0 && (len(b.Adds) > 0 || len(b.Queue) > 0) {
		b.fail("batch", "adds or enqueues without writing a row, so it could be applied twice; write the row it was decided on")
	}
	b.sort()
	b.validate()
	return b.err
}

func (b *Batch) sort() {
	slices.SortFunc(b.Writes, func(x, y Write) int { return x.Row.Key.Compare(y.Row.Key) })
	slices.SortFunc(b.Adds, func(x, y Add) int { return cmp.Compare(x.Counter, y.Counter) })
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
	for _, j := range b.Queue {
		b.text("job ID", j.ID, false)
		b.text("job group", j.Group, false)
		b.size("job "+j.ID, len(j.Body), MaxBody, "bytes")
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
	b.size(row.Key.String(), len(row.Body), MaxBody, "bytes")
	b.size(row.Key.String(), len(row.Facts), MaxFacts, "facts")
	b.size(row.Key.String(), len(row.Words), MaxWords, "words")
	for i, f := range row.Facts {
		b.text("fact name", f.Name, false)
		b.text("fact "+f.Name, f.Value, true)
		for _, other := range row.Facts[:i] {
			if other.Name == f.Name && other.Value == f.Value {
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

func (b *Batch) size(what string, n, limit int, unit string) {
	if n > limit {
		b.fail(what, fmt.Sprintf("%d %s, at most %d", n, unit, limit))
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
	case !utf8.ValidString(s):
		return "is not valid UTF-8"
	}
	for i := range len(s) {
		if s[i] == 0 {
			return "holds a NUL byte"
		}
	}
	return ""
}
