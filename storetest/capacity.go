package storetest

import (
	"errors"
	"strconv"

	"github.com/frontdesk-go/frontdesk/store"
)

// neverOverCapacity lets workers take one of many items for one of two holders, each of whom may have three: what he has is checked in the
// batch that gives him one more, and is written by version.
func neverOverCapacity(e *env) {
	const workers, capacity = 16, 3
	holders := []store.Key{doc("holder0").Key, doc("holder1").Key}
	e.put(store.Row{Key: holders[0], Body: []byte("0")}, store.Row{Key: holders[1], Body: []byte("0")})
	errs := together(workers, func(i int) error {
		item, holder := conv(i).Key, holders[i%2]
		return e.update([]store.Key{item, holder}, func(b *store.Batch, rows *store.Rows) {
			has, _ := strconv.Atoi(string(rows.Found[holder].Body))
			if has >= capacity {
				return
			}
			b.Put(store.Row{Key: holder, Body: strconv.AppendInt(nil, int64(has+1), 10)})
			b.Put(store.Row{Key: item, Place: &store.Place{Shelf: "taken", Agent: holder.ID}})
		})
	})
	e.must("workers that take items for holders of a capacity", errors.Join(errs...))
	for _, holder := range holders {
		q := store.Query{Kind: store.Conversation, Ranges: []store.Range{{Shelf: "taken", By: store.ByAgent, Value: holder.ID}}}
		if got := e.all(q); len(got) != capacity {
			e.fail(15, "items taken for %s, who may have %d\ngot %q\nwant %d", holder.ID, capacity, got, capacity)
		}
		e.same(13, "what the row of the holder says", string(e.row(holder).Body), strconv.Itoa(capacity))
	}
}
