package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/frontdesk-go/frontdesk/store"
)

var recountCases = []testcase{
	{"Recount/CountersAgree", []int{18, 13}, countersAgree, 0},
	{"Recount/NumbersWithoutGaps", []int{19, 13}, numbersWithoutGaps, 0},
}

// tallies returns what one conversation adds to the counters: a pure function of the row, as the library's are.
func tallies(row store.Row, found bool) map[string]int64 {
	n := map[string]int64{}
	if found && row.Place != nil {
		n["shelf/"+row.Place.Shelf]++
		n["agent/"+row.Place.Shelf+"/"+row.Place.Agent]++
		n["read/"+row.Place.Shelf] += int64(len(row.Facts))
	}
	return n
}

// countersAgree lets workers move, change and delete the same conversations at once, each with the adds that follow from before and
// after, and then counts again from the rows. It does so several times, so that a difference shows near its cause.
func countersAgree(e *env) {
	const conversations, workers, each = 6, 4, 12
	seed := number("FRONTDESK_STORETEST_SEED", 1)
	names := map[string]bool{}
	for round := range number("FRONTDESK_STORETEST_RUNS", 3) {
		errs := together(workers, func(i int) error {
			r := rand.New(rand.NewPCG(seed+round, uint64(i)))
			for range each {
				if err := e.moveCounted(r, r.IntN(conversations)); err != nil {
					return err
				}
			}
			return nil
		})
		e.must("workers that change conversations and counters", errors.Join(errs...))
		want := map[string]int64{}
		for _, row := range e.list(store.Query{Kind: store.Conversation}).Rows {
			for name, n := range tallies(row, true) {
				want[name] += n
				names[name] = true
			}
		}
		for name, n := range e.loadOf(tenant, nil, keysOf(names)).Counters {
			if n != want[name] {
				e.fail(18, "counter %s, recounted from the rows after round %d\ngot %d\nwant %d", name, round, n, want[name])
			}
		}
	}
}

// moveCounted changes one conversation at random, deleting it now and then.
func (e *env) moveCounted(r *rand.Rand, i int) error {
	key := conv(i).Key
	roll := r.IntN(1000)
	return e.update([]store.Key{key}, func(b *store.Batch, rows *store.Rows) {
		before, found := rows.Row(key)
		after := store.Row{Key: key, Place: &store.Place{Shelf: []string{"open", "done"}[roll%2], Agent: []string{"a", "b", ""}[roll%3], Activity: int64(roll)}}
		for j := range roll % 4 {
			after.Facts = append(after.Facts, store.Fact{Name: "reader", Value: fmt.Sprint(j)})
		}
		stays := !found || roll%7 > 0
		if stays {
			b.Put(after)
		} else {
			b.Delete(key)
		}
		for name, n := range tallies(before, found) {
			b.Add(name, -n)
		}
		for name, n := range tallies(after, stays) {
			b.Add(name, n)
		}
	})
}

func keysOf(set map[string]bool) []string {
	keys := make([]string, 0, len(set))
	for key := range set {
		keys = append(keys, key)
	}
	return keys
}

// numbersWithoutGaps lets workers send messages into one conversation, whose row holds the last number: one batch writes both, claims
// a name and queues a job. The same message is sent by two workers, as a provider that delivers twice does.
func numbersWithoutGaps(e *env) {
	const workers, each = 8, 6
	header := e.header()
	errs := together(workers, func(i int) error {
		for j := range each {
			if err := e.deliver(header, fmt.Sprintf("%d-%d", i/2, j)); err != nil {
				return err
			}
		}
		return nil
	})
	e.must("workers that deliver messages", errors.Join(errs...))
	e.delivered(header, workers/2*each)
}

// header puts the row of a conversation that holds the number of its last message.
func (e *env) header() store.Key {
	e.Helper()
	c := doc("header")
	c.Body = []byte("0")
	e.put(c)
	return c.Key
}

// delivered expects n messages in a conversation, numbered without gaps, and all that was written with each.
func (e *env) delivered(header store.Key, n int) {
	e.Helper()
	rows := e.list(store.Query{Kind: store.Message, Fact: "conversation", Value: header.ID, Ascending: true, Limit: 1000}).Rows
	for i, row := range rows {
		if row.Facts[0].Order != int64(i+1) {
			e.fatal(19, "numbers of the messages\ngot %d at position %d\nwant each number once, without gaps", row.Facts[0].Order, i+1)
		}
	}
	e.same(13, "messages listed", len(rows), n)
	e.same(13, "the number in the header", string(e.row(header).Body), fmt.Sprint(n))
	e.same(18, "the counter", e.counter("n"), int64(n))
	e.same(13, "names claimed", len(e.all(store.Query{Kind: store.Name, Prefix: "msg/", Limit: 1000})), n)
	if leases := e.lease(start, "delivered"); n > 0 && (len(leases) != 1 || len(leases[0].Jobs) != n) {
		e.fail(13, "jobs queued\ngot %q\nwant one group of %d", held(leases), n)
	}
}

// deliver stores a message under the next number, unless its name is taken, again after each conflict.
func (e *env) deliver(header store.Key, id string) error {
	return e.update(parcel(header, id), func(b *store.Batch, rows *store.Rows) { pack(b, rows, header, id) })
}

// parcel is what must be read to store a message.
func parcel(header store.Key, id string) []store.Key {
	return []store.Key{header, {Kind: store.Name, ID: "msg/" + id}, {Kind: store.Message, ID: id}}
}

// pack adds a message to a batch, with the header's new number, its name, a counter and a job, unless the name is taken.
func pack(b *store.Batch, rows *store.Rows, header store.Key, id string) {
	keys := parcel(header, id)
	claim, key := keys[1], keys[2]
	if _, taken := rows.Row(claim); taken {
		return
	}
	var last int64
	_, _ = fmt.Sscan(string(rows.Found[header].Body), &last)
	last++
	b.Put(store.Row{Key: header, Body: fmt.Append(nil, last)})
	b.Put(name(claim.ID, key))
	b.Put(store.Row{Key: key, Facts: []store.Fact{{Name: "conversation", Value: header.ID, Order: last}}})
	b.Add("n", 1)
	b.Enqueue(store.Job{ID: "job/" + id, Group: "feed", Order: last})
}
