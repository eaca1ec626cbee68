package storetest

import (
	"fmt"
	"slices"

	"github.com/frontdesk-go/frontdesk/store"
)

var loadCases = []testcase{
	{"Load/EachRowOnce", []int{9}, eachRowOnce, 0},
	{"Load/ManyKeys", []int{9, 10, 11}, manyKeys, 0},
	{"Load/FollowsOneHop", []int{10}, followsOneHop, 0},
	{"Load/NamesAbsentTargets", []int{9, 10}, namesAbsentTargets, 0},
	{"Load/AnswersEveryCounter", []int{11}, answersEveryCounter, 0},
	{"Load/AnythingMayBeAsked", []int{9, 11, 24, 25, 41}, anythingMayBeAsked, 0},
	{"Load/NothingIsEmpty", []int{12}, nothingIsEmpty, 0},
}

// found expects rows of exactly these bodies, by key, and exactly these keys absent.
func (e *env) found(rule int, what string, rows *store.Rows, want []store.Key, absent []store.Key) {
	e.Helper()
	got := make([]store.Key, 0, len(rows.Found))
	for key, row := range rows.Found {
		got = append(got, key)
		if row.Key != key {
			e.fail(rule, "%s\ngot the row %s under the key %s\nwant it under its own key", what, row.Key, key)
		}
	}
	missing := slices.Compact(sortedKeys(rows.Absent))
	if !slices.Equal(sortedKeys(got), sortedKeys(want)) {
		e.fail(rule, "%s\ngot the rows %v\nwant %v", what, sortedKeys(got), sortedKeys(want))
	}
	if !slices.Equal(missing, sortedKeys(absent)) {
		e.fail(rule, "%s\ngot absent %v\nwant %v", what, missing, sortedKeys(absent))
	}
}

func sortedKeys(keys []store.Key) []store.Key {
	return slices.SortedFunc(slices.Values(keys), store.Key.Compare)
}

func eachRowOnce(e *env) {
	e.put(doc("a"), doc("b"), doc("c"))
	a, b, c, x := doc("a").Key, doc("b").Key, doc("c").Key, doc("x").Key
	for _, keys := range [][]store.Key{{a, b, c, x}, {x, c, b, a}, {c, c, x, a, b, x, c, a}} {
		rows := e.load(keys...)
		e.found(9, fmt.Sprintf("Load of %v", keys), rows, []store.Key{a, b, c}, []store.Key{x})
	}
	e.found(9, "Load of one row", e.load(b), []store.Key{b}, nil)
	e.found(9, "Load of what is not there", e.load(x, store.Key{Kind: store.Message, ID: "a"}), nil, []store.Key{x, {Kind: store.Message, ID: "a"}})
}

func manyKeys(e *env) {
	b := batch()
	var keys, want, absent []store.Key
	var counters []string
	for i := range 2500 {
		key := store.Key{Kind: store.Message, ID: fmt.Sprintf("k%04d", i*7919%2500)}
		target := store.Key{Kind: store.Contact, ID: key.ID}
		keys = append(keys, key)
		switch i % 10 {
		case 0:
			fresh(b, store.Row{Key: key, Target: target}, store.Row{Key: target})
			want = append(want, key, target)
		case 5:
			fresh(b, store.Row{Key: key, Target: target})
			want, absent = append(want, key), append(absent, target)
		default:
			absent = append(absent, key)
		}
		counters = append(counters, key.ID)
		b.Add(key.ID, int64(i+1))
	}
	e.commit(b)
	rows := e.loadOf(tenant, keys, counters)
	e.found(9, "Load of 2,500 keys", rows, want, absent)
	for i, counter := range counters {
		if rows.Counters[counter] != int64(i+1) {
			e.fail(11, "counter %s among 2,500\ngot %d\nwant %d", counter, rows.Counters[counter], i+1)
		}
	}
}

func followsOneHop(e *env) {
	c := conv(0)
	n1, n2, n3, self := name("n1", c.Key), name("n2", store.Key{Kind: store.Name, ID: "n1"}), name("n3", c.Key), name("self", store.Key{Kind: store.Name, ID: "self"})
	e.put(c, n1, n2, n3, self)
	for _, tt := range []struct {
		what       string
		keys, want []store.Key
	}{
		{"a name", []store.Key{n1.Key}, []store.Key{n1.Key, c.Key}},
		{"a name of a name, one hop and no further", []store.Key{n2.Key}, []store.Key{n2.Key, n1.Key}},
		{"two names of one row", []store.Key{n1.Key, n3.Key}, []store.Key{n1.Key, n3.Key, c.Key}},
		{"a name and its target", []store.Key{c.Key, n1.Key, c.Key}, []store.Key{n1.Key, c.Key}},
		{"a name of a name and that name", []store.Key{n2.Key, n1.Key}, []store.Key{n2.Key, n1.Key, c.Key}},
		{"a name that leads to itself", []store.Key{self.Key}, []store.Key{self.Key}},
		{"a row without a target", []store.Key{c.Key}, []store.Key{c.Key}},
	} {
		e.found(10, "Load of "+tt.what, e.load(tt.keys...), tt.want, nil)
	}
	if row, ok := e.load(n1.Key).Led(n1.Key); !ok || string(row.Body) != string(c.Body) {
		e.fail(10, "the row that a name leads to\ngot %s, %t\nwant the conversation", short(row), ok)
	}
	moved := name("n1", n3.Key)
	e.replace(moved)
	e.found(10, "Load of a name that was moved", e.load(n1.Key), []store.Key{n1.Key, n3.Key}, nil)
}

func namesAbsentTargets(e *env) {
	x, y := store.Key{Kind: store.Message, ID: "x"}, store.Key{Kind: store.Message, ID: "y"}
	n1, n2, n3 := name("n1", x), name("n2", x), name("n3", conv(1).Key)
	e.put(n1, n2, n3)
	e.found(10, "Load of a name whose target only another tenant has", e.load(n3.Key), []store.Key{n3.Key}, []store.Key{n3.Target})
	e.found(10, "Load of two names whose target is not there", e.load(n1.Key, n2.Key), []store.Key{n1.Key, n2.Key}, []store.Key{x})
	e.found(10, "Load of a name, its absent target and an absent row", e.load(n1.Key, x, y), []store.Key{n1.Key}, []store.Key{x, y})
	e.put(store.Row{Key: x})
	e.found(10, "Load of a name whose target has come", e.load(n1.Key), []store.Key{n1.Key, x}, nil)
	e.remove(x)
	e.found(10, "Load of a name whose target was deleted", e.load(n1.Key), []store.Key{n1.Key}, []store.Key{x})
}

func answersEveryCounter(e *env) {
	b := anchored("x")
	b.Add("n", 3)
	b.Add("m", -2)
	e.commit(b)
	names := []string{"n", "never", "m", "n"}
	want := map[string]int64{"n": 3, "m": -2, "never": 0}
	e.same(11, "counters", e.loadOf(tenant, nil, names).Counters, want)
	rows := e.loadOf(tenant, []store.Key{doc("anchor/x").Key, doc("y").Key}, names)
	e.same(11, "counters asked for with rows", rows.Counters, want)
	e.same(11, "counters of a tenant that never wrote", e.loadOf("nobody", nil, []string{"n"}).Counters, map[string]int64{"n": 0})
	b = fresh(batch(), doc("z"))
	b.Add("n", -3)
	e.commit(b)
	e.same(11, "a counter that is back at 0", e.loadOf(tenant, nil, []string{"n"}).Counters, map[string]int64{"n": 0})
}

func nothingIsEmpty(e *env) {
	e.put(doc("a"))
	for _, t := range []string{tenant, "nobody"} {
		rows := e.loadOf(t, nil, nil)
		if len(rows.Found)+len(rows.Absent)+len(rows.Counters) > 0 {
			e.fail(12, "Load of nothing\ngot %s\nwant an empty answer", short(rows))
		}
	}
}
