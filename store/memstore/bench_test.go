package memstore_test

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/frontdesk-go/frontdesk/store"
	"github.com/frontdesk-go/frontdesk/store/memstore"
)

func BenchmarkInbound(b *testing.B) {
	ctx := context.Background()
	for _, n := range []int{10_000, 1_000_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			s := memstore.New()
			now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
			conv := func(i int, at int64) store.Row {
				return store.Row{Key: store.Key{Kind: store.Conversation, ID: fmt.Sprintf("%012d", i)}, Body: make([]byte, 600),
					Place: &store.Place{Shelf: "open", Mailbox: "m" + strconv.Itoa(i%10) + "/mail", Team: "t" + strconv.Itoa(i%5), Agent: "a" + strconv.Itoa(i%50), Activity: at},
					Facts: []store.Fact{{"contact", fmt.Sprint("c", i), at}, {"channel", "c1", int64(i)}, {"number", fmt.Sprint(i), 0}}}
			}
			for i := range n {
				bt := store.NewBatch("t", now)
				bt.ReadRow(store.Row{Key: conv(i, 0).Key})
				bt.Put(conv(i, int64(i)))
				if err := bt.Seal(); err != nil {
					b.Fatal(err)
				}
				if err := s.Commit(ctx, bt); err != nil {
					b.Fatal(err)
				}
			}
			docs := []store.Key{{store.Document, "mailbox/a"}, {store.Document, "channel/b"}}
			bt := store.NewBatch("t", now)
			for _, d := range docs {
				bt.ReadRow(store.Row{Key: d})
				bt.Put(store.Row{Key: d, Body: make([]byte, 200)})
			}
			_ = bt.Seal()
			_ = s.Commit(ctx, bt)
			counters := make([]string, 8)
			for i := range counters {
				counters[i] = "unread/mailbox/a/" + strconv.Itoa(i)
			}
			ids := make([][3]string, b.N)
			for i := range ids {
				ids[i] = [3]string{fmt.Sprintf("m%012d", i), fmt.Sprintf("msg/c/%012d", i), fmt.Sprintf("job%012d", i)}
			}
			body := make([]byte, 400)
			b.ReportAllocs()
			b.ResetTimer()
			for i := 0; i < b.N; i++ {
				ck := store.Key{Kind: store.Conversation, ID: fmt.Sprintf("%012d", (i*7919)%n)}
				mk, nk := store.Key{Kind: store.Message, ID: ids[i][0]}, store.Key{Kind: store.Name, ID: ids[i][1]}
				rows, err := s.Load(ctx, "t", []store.Key{ck, mk, nk, docs[0], docs[1], {store.Document, "c"}}, nil)
				if err != nil {
					b.Fatal(err)
				}
				bt := store.NewBatch("t", now)
				bt.Read(rows)
				row, _ := rows.Row(ck)
				row.Place.Activity = int64(n + i)
				row.Facts[0].Order = int64(n + i)
				bt.Put(row)
				bt.Put(store.Row{Key: mk, Body: body, Facts: []store.Fact{{"conversation", ck.ID, int64(i)}}})
				bt.Put(store.Row{Key: nk, Target: mk})
				for _, c := range counters {
					bt.Add(c, 1)
				}
				bt.Enqueue(store.Job{ID: ids[i][2], Group: "feed/t", Order: int64(i)})
				if err := bt.Seal(); err != nil {
					b.Fatal(err)
				}
				if err := s.Commit(ctx, bt); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
