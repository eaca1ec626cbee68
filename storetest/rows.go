package storetest

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/frontdesk-go/frontdesk/store"
)

var rowCases = []testcase{
	{"Rows/TenantsAreApart", []int{1}, tenantsAreApart, 0},
	{"Rows/KindsAreApart", []int{1}, kindsAreApart, 0},
	{"Rows/IDsByteByByte", []int{2}, idsByteByByte, 0},
	{"Rows/ValuesByteByByte", []int{2}, valuesByteByByte, 0},
	{"Rows/CountersAndJobsByteByByte", []int{2}, countersAndJobsByteByByte, 0},
	{"Rows/BodyKeptExactly", []int{3}, bodyKeptExactly, 0},
	{"Rows/EverythingComesBack", []int{4}, everythingComesBack, 0},
	{"Rows/ExtremesComeBack", []int{4, 45}, extremesComeBack, 0},
	{"Rows/CopiedIn", []int{5}, copiedIn, 0},
	{"Rows/CopiedOut", []int{5}, copiedOut, 0},
	{"Rows/DeletedIsGone", []int{6}, deletedIsGone, 0},
	{"Rows/LongestInputs", []int{7}, longestInputs, 0},
	{"Rows/LargestRow", []int{7}, largestRow, 0},
	{"Rows/PutReplacesWhole", []int{8}, putReplacesWhole, 0},
	{"Rows/VersionKept", []int{45}, versionKept, 0},
}

func tenantsAreApart(e *env) {
	tenants := []string{"acme3", "ACME3", "acme3 ", "acme33", "b"}
	key := conv(0).Key
	for i, t := range tenants {
		row := conv(0)
		row.Body = []byte(t)
		b := fresh(store.NewBatch(t, start), row)
		b.Add("n", int64(i+1))
		b.Enqueue(store.Job{ID: "j1", Group: "g", Body: []byte(t)})
		if err := e.try(b); err != nil {
			e.fatal(1, "putting %s for a second tenant\ngot error: %v\nwant none", key, err)
		}
	}
	b := store.NewBatch("b", start)
	b.Read(e.loadOf("b", []store.Key{key}, nil))
	b.Delete(key)
	e.commit(b)
	for i, t := range tenants {
		rows := e.loadOf(t, []store.Key{key}, []string{"n"})
		row, found := rows.Row(key)
		if found != (t != "b") || found && string(row.Body) != t {
			e.fail(1, "tenant %q\ngot row %s, found %t\nwant its own, and gone only where it was deleted", t, short(row), found)
		}
		e.same(1, "counter of tenant "+t, rows.Counters["n"], int64(i+1))
		if got := e.all(store.Query{Tenant: t, Kind: store.Conversation}); found && !slices.Equal(got, []string{key.ID}) || !found && len(got) > 0 {
			e.fail(1, "list of tenant %q\ngot %q\nwant its own row alone", t, got)
		}
		leases := e.leaseBy(store.JobQuery{Now: start, Token: t, Tenant: t})
		if len(leases) != 1 || leases[0].Tenant != t || string(leases[0].Jobs[0].Body) != t {
			e.fail(1, "jobs of tenant %q\ngot %+v\nwant its own job", t, leases)
		}
	}
	if _, found := e.loadOf("nobody", []store.Key{key}, nil).Row(key); found {
		e.fail(1, "Load of a tenant that never wrote\ngot a row of another tenant\nwant none")
	}
}

func kindsAreApart(e *env) {
	kinds := []store.Kind{store.Conversation, store.Message, store.Contact, store.Name, store.Document, store.Event, store.Delivery, "gadget"}
	keys := make([]store.Key, len(kinds))
	for i, k := range kinds {
		keys[i] = store.Key{Kind: k, ID: "same"}
		e.put(store.Row{Key: keys[i], Body: []byte(k)})
	}
	e.remove(keys[2])
	rows := e.load(keys...)
	for i, key := range keys {
		row, found := rows.Row(key)
		if found != (i != 2) || found && string(row.Body) != string(key.Kind) {
			e.fail(1, "Load of %s\ngot %s, found %t\nwant the row of its own kind, and only %s deleted", key, short(row), found, keys[2])
		}
		if got := e.all(store.Query{Kind: key.Kind}); len(got) != 1 && i != 2 {
			e.fail(1, "list of kind %s\ngot %q\nwant one row", key.Kind, got)
		}
	}
}

// lookAlikes are texts that some collation takes for equal or puts in another order, in byte order.
var lookAlikes = slices.Sorted(slices.Values([]string{
	"!", "%", "'", "-", "A", "B", "E", "I", "S", "SS", "Z", "\\", "_", "a", "a ", "a%b", "a-b", "a_b", "ab", "b", "e", "foo", "foo bar", "foo!", "foo|",
	"foo}", "i", "ss", "z", "\t", " a", "🙂", "🙃", "\u00ad",
	"a\u00a0", "\u00a0", // no-break spaces
	"e\u0301", "\u00e9", "\u00c9", // an accent, decomposed and composed
	"A\u030a", "\u00c5", "\u212b", "\u00e5", // a ring, decomposed, composed, and the unit
	"\u00df", "\u1e9e", // sharp s, small and capital
	"\u0130", "\u0131", // dotted capital i, dotless small i
	"\uff46\uff4f\uff4f", // full-width letters
}))

func idsByteByByte(e *env) {
	rows := make([]store.Row, len(lookAlikes))
	for i, id := range lookAlikes {
		rows[i] = store.Row{Key: store.Key{Kind: store.Conversation, ID: id}, Body: []byte(id), Facts: []store.Fact{{Name: "tag", Value: "red"}},
			Place: &store.Place{Shelf: "open"}}
	}
	e.put(rows...)
	for _, row := range rows {
		if got := e.row(row.Key); string(got.Body) != row.ID || got.ID != row.ID {
			e.fail(2, "Load of ID %q\ngot the row of %q\nwant its own", row.ID, got.Body)
		}
	}
	for _, q := range []store.Query{
		{},
		{Fact: "tag", Value: "red"},
		{Ranges: []store.Range{{Shelf: "open"}}},
	} {
		q.Kind, q.Ascending, q.Limit = store.Conversation, true, 7
		e.same(2, "IDs of "+describe(&q), e.all(q), lookAlikes)
	}
}

func valuesByteByByte(e *env) {
	rows := make([]store.Row, len(lookAlikes))
	for i, v := range lookAlikes {
		rows[i] = conv(100 + i)
		rows[i].Facts = []store.Fact{{Name: "tag", Value: v}}
		rows[i].Place = &store.Place{Shelf: v, Mailbox: v, Team: v, Agent: v}
		rows[i].Words = []string{v}
	}
	e.put(rows...)
	for i, v := range lookAlikes {
		for _, q := range []store.Query{
			{Fact: "tag", Value: v},
			{Ranges: []store.Range{{Shelf: v}}},
			{Ranges: []store.Range{{Shelf: v, By: store.ByMailbox, Value: v}}},
			{Match: []store.Match{{Name: "tag", Any: []string{v}}}},
			{Match: []store.Match{{Name: "@team", Any: []string{v}}}},
		} {
			q.Kind = store.Conversation
			e.same(2, "IDs of "+describe(&q), e.all(q), []string{rows[i].ID})
		}
	}
}

func countersAndJobsByteByByte(e *env) {
	b := anchored("x")
	for i, v := range lookAlikes {
		b.Add(v, int64(i+1))
		b.Enqueue(store.Job{ID: v, Group: v})
	}
	e.commit(b)
	rows := e.loadOf(tenant, nil, lookAlikes)
	for i, v := range lookAlikes {
		if rows.Counters[v] != int64(i+1) {
			e.fail(2, "counter %q\ngot %d\nwant %d", v, rows.Counters[v], i+1)
		}
	}
	want := make([]string, len(lookAlikes))
	for i, v := range lookAlikes {
		want[i] = v + ": " + v
	}
	slices.Sort(want)
	e.same(2, "groups leased", held(e.lease(start, "t")), want)
}

// bodies are contents that some column type would change.
func bodies() map[string][]byte {
	var every []byte
	for i := range 256 {
		every = append(every, byte(i))
	}
	return map[string][]byte{
		"empty":       {},
		"nothing":     nil,
		"json":        []byte("{ \"b\": 1.0,\t\"a\":2, \"a\" :\"\\u00e9\" }\n"),
		"numbers":     []byte(`{"a":1e400,"b":12345678901234567890,"c":-0}`),
		"null":        []byte("null"),
		"spaces":      []byte(" x \r\n "),
		"every byte":  every,
		"not text":    {0xff, 0xfe, 0x00, 0x80},
		"zeros":       make([]byte, 10),
		"marked":      []byte("\xef\xbb\xbfmarked"),
		"hex-like":    []byte(`\x414243`),
		"quoted":      []byte(`'"\;--`),
		"decomposed":  []byte("e\u0301"),
		"compressing": bytes.Repeat([]byte("ab"), 40_000),
	}
}

func bodyKeptExactly(e *env) {
	b := batch()
	for id, body := range bodies() {
		fresh(b, store.Row{Key: store.Key{Kind: store.Document, ID: id}, Body: body})
		b.Enqueue(store.Job{ID: id, Group: "g", Body: body})
	}
	e.commit(b)
	leases := e.lease(start, "t")
	if len(leases) != 1 || len(leases[0].Jobs) != len(bodies()) {
		e.fatal(3, "jobs with odd bodies\ngot %d leases\nwant one with %d jobs", len(leases), len(bodies()))
	}
	for id, want := range bodies() {
		if got := e.row(store.Key{Kind: store.Document, ID: id}).Body; !bytes.Equal(got, want) {
			e.fail(3, "body %q\ngot %q\nwant %q", id, short(got), short(want))
		}
	}
	for _, j := range leases[0].Jobs {
		if want := bodies()[j.ID]; !bytes.Equal(j.Body, want) {
			e.fail(3, "body of job %q\ngot %q\nwant %q", j.ID, short(j.Body), short(want))
		}
	}
	for _, row := range e.list(store.Query{Kind: store.Document}).Rows {
		if want := bodies()[row.ID]; !bytes.Equal(row.Body, want) {
			e.fail(3, "body %q in a list\ngot %q\nwant %q", row.ID, short(row.Body), short(want))
		}
	}
}

// full is a row that has everything.
func full(id string) store.Row {
	return store.Row{
		Key:     store.Key{Kind: store.Conversation, ID: id},
		Version: start.UnixMicro(),
		Body:    []byte(`{"a": 1}`),
		Target:  store.Key{Kind: store.Contact, ID: "x"},
		Place:   &store.Place{Shelf: "open", Mailbox: "berlin/mail", Team: "sales", Agent: "ann", Activity: 1_793_000_000_123_456},
		Facts: []store.Fact{
			{Name: "tag", Value: "red", Order: -5}, {Name: "reader", Value: "ann"}, {Name: "contact", Value: "x", Order: 7}, {Name: "tag", Value: "", Order: 3},
			{Name: "tag", Value: "blue", Order: 3},
		},
		Words: []string{"berlin", "hello", "zoë"},
	}
}

func everythingComesBack(e *env) {
	bare := store.Row{Key: store.Key{Kind: store.Conversation, ID: "bare"}, Version: start.UnixMicro()}
	unplaced := bare
	unplaced.ID, unplaced.Place = "unplaced", &store.Place{}
	message := full("message")
	message.Kind = store.Message
	for _, want := range []store.Row{full("full"), bare, unplaced, message} {
		e.put(want)
		e.same(4, "the row as loaded", e.row(want.Key), want)
		for _, row := range e.list(store.Query{Kind: want.Kind, Prefix: want.ID}).Rows {
			e.same(4, "the row as listed", row, want)
		}
	}
	page := e.list(store.Query{Kind: store.Conversation, Ranges: []store.Range{{Shelf: "open", By: store.ByAgent, Value: "ann"}}})
	e.same(4, "the rows of a range", page.Rows, []store.Row{full("full")})
	page = e.list(store.Query{Kind: store.Conversation, Fact: "tag", Value: "blue"})
	e.same(4, "the rows of a fact", page.Rows, []store.Row{full("full")})
}

func extremesComeBack(e *env) {
	numbers := []int64{math.MinInt64, math.MinInt64 + 1, -1, 0, 1, 1<<53 + 1, math.MaxInt64 - 1, math.MaxInt64}
	var want []store.Row
	for i, n := range numbers {
		row := conv(i)
		row.Place.Activity = n
		row.Facts = []store.Fact{{Name: "tag", Value: "red", Order: n}}
		if n != 0 {
			row.Version = n
		} else {
			row.Version = 77
		}
		want = append(want, row)
		b := &store.Batch{Tenant: tenant, Shard: store.Shard(tenant), Writes: []store.Write{{Action: store.Put, Row: row}}}
		e.must("Commit of a row with extreme numbers", e.s.Commit(e.ctx, b))
		got := e.row(row.Key)
		e.same(45, "the version", got.Version, row.Version)
		e.same(4, "the row", got, row)
	}
	for _, q := range []store.Query{{Fact: "tag", Value: "red"}, {Ranges: []store.Range{{Shelf: "open"}}}} {
		q.Kind, q.Ascending, q.Limit = store.Conversation, true, 1
		e.same(4, "IDs of "+describe(&q), e.all(q), ids(want))
	}
}

func copiedIn(e *env) {
	row, job := full("a"), store.Job{ID: "j1", Group: "g", Body: []byte("job")}
	b := fresh(batch(), row)
	b.Enqueue(job)
	e.commit(b)
	scribble(&row)
	copy(job.Body, "xxx")
	for i := range b.Writes {
		scribble(&b.Writes[i].Row)
	}
	e.same(5, "the row after the batch's memory was changed", e.row(full("a").Key), full("a"))
	leases := e.lease(start, "t")
	if len(leases) != 1 || string(leases[0].Jobs[0].Body) != "job" {
		e.fail(5, "the job after the batch's memory was changed\ngot %s\nwant body %q", short(leases), "job")
	}
}

func copiedOut(e *env) {
	b := fresh(batch(), full("a"))
	b.Enqueue(store.Job{ID: "j1", Group: "g", Body: []byte("job")})
	e.commit(b)
	key := full("a").Key
	row := e.row(key)
	scribble(&row)
	e.same(5, "the row after a loaded one was changed", e.row(key), full("a"))
	for range 2 {
		rows := e.list(store.Query{Kind: store.Conversation, Fact: "tag", Value: "red"}).Rows
		e.same(5, "the row after a listed one was changed", rows, []store.Row{full("a")})
		for i := range rows {
			scribble(&rows[i])
		}
	}
	for i := range 2 {
		leases := e.lease(start.AddDate(0, 0, i), "t")
		if len(leases) != 1 || string(leases[0].Jobs[0].Body) != "job" {
			e.fatal(5, "the job after a leased one was changed\ngot %s\nwant body %q", short(leases), "job")
		}
		copy(leases[0].Jobs[0].Body, "xxx")
	}
}

// scribble changes everything that a row points to.
func scribble(row *store.Row) {
	for i := range row.Body {
		row.Body[i] = 'x'
	}
	for i := range row.Facts {
		row.Facts[i] = store.Fact{Name: "tag", Value: "scribble"}
	}
	for i := range row.Words {
		row.Words[i] = "scribble"
	}
	if row.Place != nil {
		*row.Place = store.Place{Shelf: "scribble"}
	}
}

// fullQueries are queries that each find the row made by full.
func fullQueries() []store.Query {
	qs := []store.Query{
		{}, {Prefix: "f"}, {Fact: "tag", Value: "red"}, {Fact: "tag", Value: ""}, {Fact: "tag", Value: "blue"}, {Fact: "contact", Value: "x"},
		{Words: []string{"hel"}}, {Match: []store.Match{{Name: "reader", Any: []string{"ann"}}}},
	}
	for by, value := range []string{"", "berlin/mail", "sales", "ann"} {
		qs = append(qs, store.Query{Ranges: []store.Range{{Shelf: "open", By: store.Dimension(by), Value: value}}})
	}
	for i := range qs {
		qs[i].Kind = store.Conversation
	}
	return qs
}

func deletedIsGone(e *env) {
	key := full("full").Key
	for round := range 2 {
		e.put(full("full"))
		for _, q := range fullQueries() {
			e.same(6, "IDs of "+describe(&q), e.all(q), []string{"full"})
		}
		e.remove(key)
		e.gone(6, fmt.Sprintf("Load after deleting, round %d", round), key)
		for _, q := range fullQueries() {
			e.same(6, "IDs of "+describe(&q)+" after deleting", e.all(q), []string{})
		}
	}
	e.put(store.Row{Key: key})
	e.same(6, "IDs after putting a bare row in the place of a deleted one", e.all(store.Query{Kind: store.Conversation, Fact: "tag", Value: "red"}), []string{})
}

// longest returns a text of MaxID bytes that compresses badly and differs by i.
func longest(i int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%03d", i)
	for x := uint32(i + 1); b.Len() < store.MaxID-3; {
		x = x*1664525 + 1013904223
		b.WriteRune(rune(0x1F300 + x>>24))
	}
	for b.Len() < store.MaxID {
		b.WriteByte('z')
	}
	return b.String()
}

func longestInputs(e *env) {
	var rows []store.Row
	want := map[string]int64{}
	b := batch()
	for i := range 3 {
		l := longest(i)
		row := store.Row{Key: store.Key{Kind: store.Conversation, ID: l}, Place: &store.Place{Shelf: longest(7), Mailbox: longest(8), Team: longest(9), Agent: longest(10)},
			Facts: []store.Fact{{Name: "tag", Value: longest(11)}, {Name: l, Value: l}}, Words: []string{l}}
		rows = append(rows, row)
		fresh(b, row, name(longest(20+i), row.Key))
		b.Add(l, int64(i+1))
		want[l] = int64(i + 1)
		b.Enqueue(store.Job{ID: l, Group: l})
	}
	e.commit(b)
	e.same(7, "counters with the longest names", e.loadOf(tenant, nil, ids(rows)).Counters, want)
	if row, ok := e.load(store.Key{Kind: store.Name, ID: longest(20)}).Led(store.Key{Kind: store.Name, ID: longest(20)}); !ok || row.ID != longest(0) {
		e.fail(7, "the longest name\ngot a lead to %q, %t\nwant the longest ID", row.ID, ok)
	}
	for _, q := range []store.Query{
		{},
		{Prefix: longest(1)[:251]},
		{Fact: "tag", Value: longest(11)},
		{Ranges: []store.Range{{Shelf: longest(7)}}},
		{Ranges: []store.Range{{Shelf: longest(7), By: store.ByAgent, Value: longest(10)}, {Shelf: longest(7), By: store.ByTeam, Value: longest(9)}}},
	} {
		q.Kind, q.Limit, q.Ascending = store.Conversation, 1, true
		wanted := ids(rows)
		if q.Prefix != "" {
			wanted = wanted[1:2]
		}
		e.same(7, "the longest IDs, page by page", e.all(q), wanted)
	}
	if leases := e.lease(start, longest(12)); len(leases) != 3 || len(leases[0].Group) != store.MaxID || len(leases[0].Jobs[0].ID) != store.MaxID {
		e.fail(7, "the longest groups and job IDs\ngot %d leases\nwant 3", len(leases))
	}
}

func largestRow(e *env) {
	row := full("large")
	row.Body = make([]byte, store.MaxBody)
	for i, x := 0, uint32(1); i < len(row.Body); i++ {
		x = x*1664525 + 1013904223
		row.Body[i] = byte(x >> 24)
	}
	row.Facts, row.Words = nil, nil
	for i := range store.MaxFacts {
		row.Facts = append(row.Facts, store.Fact{Name: "tag", Value: fmt.Sprintf("v%03d", i), Order: int64(i)})
	}
	for i := range store.MaxWords {
		row.Words = append(row.Words, fmt.Sprintf("w%04d", i))
	}
	b := fresh(batch(), row)
	b.Enqueue(store.Job{ID: "j1", Group: "g", Body: row.Body})
	e.commit(b)
	got := e.row(row.Key)
	if !bytes.Equal(got.Body, row.Body) || !slices.Equal(got.Facts, row.Facts) || !slices.Equal(got.Words, row.Words) {
		e.fail(7, "the largest row\ngot %d bytes, %d facts, %d words\nwant %d, %d, %d, unchanged", len(got.Body), len(got.Facts), len(got.Words),
			len(row.Body), len(row.Facts), len(row.Words))
	}
	e.same(7, "list by the last of the most facts", e.all(store.Query{Kind: store.Conversation, Fact: "tag", Value: "v499"}), []string{"large"})
	if leases := e.lease(start, "t"); len(leases) != 1 || !bytes.Equal(leases[0].Jobs[0].Body, row.Body) {
		e.fail(7, "the largest job\ngot %s\nwant its body unchanged", short(leases))
	}
	e.remove(row.Key)
}

func putReplacesWhole(e *env) {
	e.put(full("full"))
	e.replace(store.Row{Key: full("full").Key, Facts: []store.Fact{{Name: "tag", Value: "green", Order: 1}}})
	for _, q := range fullQueries() {
		want := []string{}
		if q.Prefix != "" || q.Fact == "" && q.Ranges == nil && q.Match == nil && q.Words == nil {
			want = []string{"full"}
		}
		e.same(8, "IDs of "+describe(&q)+" after replacing the row by a barer one", e.all(q), want)
	}
	e.same(8, "IDs by the new fact", e.all(store.Query{Kind: store.Conversation, Fact: "tag", Value: "green"}), []string{"full"})
	if rows := e.load(full("full").Key); len(rows.Absent) > 0 {
		e.fail(8, "Load of a row whose target was replaced by none\ngot absent %v\nwant nothing absent", rows.Absent)
	}
	moved := store.Row{Key: full("full").Key, Place: &store.Place{Shelf: "done", Mailbox: "berlin/mail", Activity: 5}, Facts: []store.Fact{{Name: "tag", Value: "green", Order: -9}}}
	e.replace(moved)
	q := store.Query{Kind: store.Conversation, Fact: "tag", Value: "green"}
	e.same(8, "the rows by a fact whose order changed", withoutVersion(e.list(q).Rows), []store.Row{moved})
	q = store.Query{Kind: store.Conversation, Ranges: []store.Range{{Shelf: "done", By: store.ByMailbox, Value: "berlin/mail"}, {Shelf: "open"}}}
	e.same(8, "the rows of its new range", withoutVersion(e.list(q).Rows), []store.Row{moved})
}

func withoutVersion(rows []store.Row) []store.Row {
	for i := range rows {
		rows[i].Version = 0
	}
	return rows
}

func versionKept(e *env) {
	key := doc("a").Key
	version := int64(0)
	for _, next := range []int64{100, 7, math.MaxInt64, -3, math.MinInt64, 8} {
		b := &store.Batch{Tenant: tenant, Shard: store.Shard(tenant), Writes: []store.Write{
			{Action: store.Put, If: version, Row: store.Row{Key: key, Version: next}},
		}}
		e.must(fmt.Sprintf("Commit of version %d over %d", next, version), e.s.Commit(e.ctx, b))
		e.same(45, "the version", e.row(key).Version, next)
		version = next
	}
}
