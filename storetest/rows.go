package storetest

import (
	"fmt"
	"math"
	"slices"

	"github.com/frontdesk-go/frontdesk/store"
)

var rowCases = []testcase{
	{"Rows/TenantsAreApart", []int{1}, tenantsAreApart, 0},
	{"Rows/KindsAreApart", []int{1}, kindsAreApart, 0},
	{"Rows/IDsByteByByte", []int{2}, idsByteByByte, 0},
	{"Rows/ValuesByteByByte", []int{2}, valuesByteByByte, 0},
	{"Rows/CountersAndJobsByteByByte", []int{2}, countersAndJobsByteByByte, 0},
	{"Rows/NamesWithSeparators", []int{1, 2}, namesWithSeparators, 0},
	{"Rows/BodyKeptExactly", []int{3}, bodyKeptExactly, 0},
	{"Rows/EverythingComesBack", []int{4}, everythingComesBack, 0},
	{"Rows/ExtremesComeBack", []int{4, 45}, extremesComeBack, 0},
	{"Rows/CopiedIn", []int{5}, copiedIn, 0},
	{"Rows/CopiedOut", []int{5}, copiedOut, 0},
	{"Rows/DeletedIsGone", []int{6}, deletedIsGone, 0},
	{"Rows/LongestInputs", []int{7}, longestInputs, 0},
	{"Rows/LargestRow", []int{7}, largestRow, 0},
	{"Rows/PutReplacesWhole", []int{8}, putReplacesWhole, 0},
	{"Rows/WordsFollowTheRow", []int{6, 8}, wordsFollowTheRow, 0},
	{"Rows/VersionKept", []int{45}, versionKept, 0},
}

func tenantsAreApart(e *env) {
	tenants := []string{"acme3", "ACME3", "acme3 ", "acme33", "b"}
	key := conv(0).Key
	for i, t := range tenants {
		row := conv(0)
		row.Body, row.Words, row.Facts = []byte(t), []string{"alpha"}, []store.Fact{{Name: "tag", Value: "red"}}
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
		for _, q := range []store.Query{{}, {Words: []string{"alp"}}, {Fact: "tag", Value: "red"}, {Ranges: []store.Range{{Shelf: "open"}}}} {
			q.Tenant, q.Kind = t, store.Conversation
			if got := e.all(q); found && !slices.Equal(got, []string{key.ID}) || !found && len(got) > 0 {
				e.fail(1, "list of tenant %q: %s\ngot %q\nwant its own row alone", t, describe(&q), got)
			}
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
	kinds := []store.Kind{store.Conversation, store.Message, store.Contact, store.Name, store.Document, store.Event, store.Delivery, store.Notice, "gadget", "Gadget", "gadget "}
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
	unplaced, astray := bare, bare
	unplaced.ID, unplaced.Place = "unplaced", &store.Place{}
	astray.ID, astray.Place = "astray", &store.Place{Mailbox: "m", Agent: "ann", Activity: -7} // without a shelf, so only carried
	message := full("message")
	message.Kind = store.Message
	strange := full("strange") // texts that a list in one text would have to quote
	strange.Place = &store.Place{Shelf: "a,b", Mailbox: `"c"`, Team: "d\ne", Agent: "{}"}
	strange.Facts, strange.Words = nil, nil
	for i, text := range append([]string{"a,b", "a\nb", "a\r\nb", `"`, `\"`, "null", "<a&b>", "[]", "\x7f", "\ufeff"}, separators...) {
		strange.Facts = append(strange.Facts, store.Fact{Name: "a" + text, Value: text, Order: int64(i)})
		strange.Words = append(strange.Words, "a"+text+"b")
	}
	slices.Sort(strange.Words)
	for _, want := range []store.Row{full("full"), bare, unplaced, astray, strange, message} {
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
	for _, q := range fullQueries() {
		for _, row := range e.list(q).Rows {
			if row.ID == "full" {
				e.same(4, "the row in a list of "+describe(&q), row, full("full"))
			}
		}
	}
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

// wordsFollowTheRow changes a row's words in every way, beside a row that has the same ones and keeps them.
func wordsFollowTheRow(e *env) {
	row := store.Row{Key: message(1, "c001").Key, Words: []string{"alpha", "beta"}}
	other := store.Row{Key: message(2, "c001").Key, Words: []string{"alpha", "beta", "gamma"}}
	check := func(rule int, what string, words ...string) {
		e.Helper()
		row.Words = words
		for _, word := range []string{"alpha", "alp", "alphabet", "beta", "gamma", "Alpha", "delta"} {
			q := store.Query{Kind: store.Message, Words: []string{word}}
			e.same(rule, "IDs of "+describe(&q)+" after "+what, e.all(q), expect([]store.Row{row, other}, q))
		}
	}
	e.put(row, other)
	check(8, "putting two rows", "alpha", "beta")
	for _, words := range [][]string{{"beta", "delta"}, {"delta", "beta"}, {"beta", "beta", "alphabet"}, {"beta", "alphabet"}, nil, {"Alpha", "alpha"}} {
		e.replace(store.Row{Key: row.Key, Words: words, Body: []byte("again")})
		check(8, fmt.Sprintf("replacing a row's words by %q", words), words...)
	}
	e.remove(row.Key)
	check(6, "deleting a row")
	e.put(store.Row{Key: row.Key, Words: []string{"delta"}})
	check(6, "putting a deleted row again", "delta")
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
