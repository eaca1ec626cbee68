package storetest

import (
	"context"
	"fmt"
	"testing"

	"github.com/frontdesk-go/frontdesk/store"
	"github.com/frontdesk-go/frontdesk/store/memstore"
)

func BenchmarkParts(b *testing.B) {
	f := &fixture{Store: memstore.New(), rows: 10000}
	f.fill(b)
	ctx := context.Background()
	thread := func(n int) store.Key {
		return store.Key{Kind: store.Name, ID: fmt.Sprintf("thread/1/%08d", (n*7919)%f.rows)}
	}
	load := func(n int) *store.Rows {
		id := fmt.Sprintf("new%09d", n)
		claim, key := store.Key{Kind: store.Name, ID: "msg/1/" + id}, store.Key{Kind: store.Message, ID: id}
		rows, _ := f.Load(ctx, tenant, []store.Key{thread(n), claim, key, settings[0], settings[1], settings[2]}, nil)
		return rows
	}
	build := func(n int, rows *store.Rows) *store.Batch {
		id := fmt.Sprintf("new%09d", n)
		claim, key := store.Key{Kind: store.Name, ID: "msg/1/" + id}, store.Key{Kind: store.Message, ID: id}
		c, _ := rows.Led(thread(n))
		batch := store.NewBatch(tenant, start)
		batch.Read(rows)
		batch.Ignore(thread(n))
		c.Place.Activity = int64(f.rows+n) * 1000
		c.Facts[0].Order, c.Facts[2].Order = c.Place.Activity, c.Place.Activity
		batch.Put(c)
		batch.Put(store.Row{Key: key, Body: make([]byte, 400), Facts: []store.Fact{{Name: "conversation", Value: c.ID, Order: int64(n)}}})
		batch.Put(store.Row{Key: claim, Target: key})
		for _, counter := range benchCounters[:8] {
			batch.Add(counter, 1)
		}
		batch.Enqueue(store.Job{ID: id, Group: "feed", Order: int64(n), Body: []byte(id)})
		return batch
	}
	b.Run("Load", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			load(i)
		}
	})
	b.Run("Build", func(b *testing.B) {
		b.ReportAllocs()
		rows := load(7)
		for b.Loop() {
			build(7, rows)
		}
	})
	b.Run("BuildSeal", func(b *testing.B) {
		b.ReportAllocs()
		rows := load(7)
		for b.Loop() {
			build(7, rows).Seal()
		}
	})
	b.Run("Message", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			f.message(ctx, b)
			if f.sent%500 == 0 {
				f.drain(b, 500)
			}
		}
	})
}
