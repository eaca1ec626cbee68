package sqlstore_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
	"github.com/frontdesk-go/frontdesk/store"
)

// BenchmarkIngest measures how many inbound messages a second a store commits for several callers, turn by turn beside the cheapest
// correct way on the same driver with tables of its own: a message with its unique provider's ID, its conversation moved in two lists, an event
// and a counter, in one statement (PostgreSQL, one caller a connection), or as many messages in a transaction as there are callers. Where the raw
// way has more messages under way than there are callers who wait for theirs (eight connections with 64 each), a second ratio is to two
// connections with half of the callers' messages each. The conversations are as many as FRONTDESK_BENCH_ROWS says. Defaults to 20,000.
func BenchmarkIngest(b *testing.B) {
	rows := 20_000
	if n, err := strconv.Atoi(os.Getenv("FRONTDESK_BENCH_ROWS")); err == nil {
		rows = n
	}
	for _, c := range []struct {
		name             string
		open             func(testing.TB) *stores.Opened
		callers          int
		writers, grouped int // of the raw way: connections, and messages in one of its transactions
	}{
		{"PostgreSQL/8", stores.PostgreSQL, 8, 8, 1},
		{"PostgreSQL/64", stores.PostgreSQL, 64, 8, 64},
		{"SQLite/1", stores.SQLite, 1, 1, 1},
		{"SQLite/32", stores.SQLite, 32, 1, 32},
	} {
		b.Run(c.name, func(b *testing.B) {
			o := c.open(b)
			in := &ingest{Store: o, conversations: rows}
			in.fill(b)
			raw := &raw{db: o.DB, postgres: o.Driver == "pgx", conversations: rows}
			raw.fill(b)
			var ours, theirs, alike time.Duration
			turn := 40 * max(c.callers, c.grouped)
			for b.Loop() {
				theirs += raw.turn(b, turn, c.writers, c.grouped)
				ours += in.turn(b, turn, c.callers)
				if c.writers*c.grouped > c.callers {
					alike += raw.turn(b, turn, 2, c.callers/2)
				}
			}
			n := float64(turn * b.N)
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(n/ours.Seconds(), "messages/s")
			b.ReportMetric(n/theirs.Seconds(), "raw/s")
			b.ReportMetric(float64(theirs)/float64(ours), "of-raw")
			if alike > 0 {
				b.ReportMetric(float64(alike)/float64(ours), "of-raw-as-many")
			}
		})
	}
}

// ingest is a store with conversations that messages come in to.
type ingest struct {
	store.Store
	conversations int
	sent          int
}

func (in *ingest) conversation(i int) store.Row {
	at := int64(i)
	return store.Row{Key: store.Key{Kind: store.Conversation, ID: fmt.Sprintf("c%08d", i)}, Body: make([]byte, 600),
		Place: &store.Place{Shelf: "waiting", Mailbox: fmt.Sprint("m", i%5), Activity: at},
		Facts: []store.Fact{{Name: "contact", Value: fmt.Sprint("k", i), Order: at}, {Name: "number", Value: strconv.Itoa(i)}, {Name: "channel", Value: "ch", Order: at}}}
}

var ingestSettings = []store.Key{document("mailbox/m"), document("channel/ch"), document("settings/tenant")}

func (in *ingest) fill(b *testing.B) {
	for from := 0; from < in.conversations; from += 1000 {
		batch := store.NewBatch("acme", start)
		if from == 0 {
			put(batch, store.Row{Key: ingestSettings[0]}, store.Row{Key: ingestSettings[1]}, store.Row{Key: ingestSettings[2]})
		}
		for i := from; i < min(from+1000, in.conversations); i++ {
			c := in.conversation(i)
			put(batch, c, store.Row{Key: store.Key{Kind: store.Name, ID: fmt.Sprintf("thread/ch/%08d", i)}, Target: c.Key})
		}
		require.NoError(b, batch.Seal())
		require.NoError(b, in.Commit(ctx, batch))
	}
}

// turn lets callers take in n messages, each to a conversation of its own.
func (in *ingest) turn(b *testing.B, n, callers int) time.Duration {
	work := make(chan int)
	var all sync.WaitGroup
	errs := make(chan error, callers)
	began := time.Now()
	for range callers {
		all.Go(func() {
			for i := range work {
				if err := in.message(i); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	for range n {
		in.sent++
		work <- in.sent
	}
	close(work)
	all.Wait()
	spent := time.Since(began)
	select {
	case err := <-errs:
		b.Fatal(err)
	default:
	}
	return spent
}

// message loads what an inbound message rests on and commits it, as the Desk does: two calls.
func (in *ingest) message(n int) error {
	id := fmt.Sprintf("%09d", n)
	thread := store.Key{Kind: store.Name, ID: fmt.Sprintf("thread/ch/%08d", (n*7919)%in.conversations)}
	claim, key := store.Key{Kind: store.Name, ID: "msg/ch/" + id}, store.Key{Kind: store.Message, ID: id}
	rows, err := in.Load(ctx, "acme", []store.Key{thread, claim}, nil)
	if err != nil {
		return err
	}
	c, _ := rows.Led(thread)
	batch := store.NewBatch("acme", start)
	batch.Read(rows)
	batch.ReadRow(store.Row{Key: key})
	for _, k := range ingestSettings {
		batch.ReadRow(store.Row{Key: k, Version: start.UnixMicro()})
	}
	c.Place.Activity = int64(in.conversations + n)
	batch.Put(c)
	batch.Put(store.Row{Key: key, Body: make([]byte, 400), Facts: []store.Fact{{Name: "conversation", Value: c.ID, Order: int64(n)}, {Name: "type", Value: "message.received"}}})
	batch.Put(store.Row{Key: claim, Target: key})
	for _, counter := range []string{"total/m/sms/any", "total/m/sms/nobody", "read/m/sms/any/jd", "read/m/sms/nobody/jd"} {
		batch.Add(counter, 1)
	}
	batch.Enqueue(store.Job{ID: id, Group: "feed", Order: int64(n), Body: make([]byte, 200)})
	if err := batch.Seal(); err != nil {
		return err
	}
	return in.Commit(ctx, batch)
}

// raw is the same work on tables made for it.
type raw struct {
	db            *sql.DB
	postgres      bool
	conversations int
	sent          int
}

func (r *raw) fill(b *testing.B) {
	for _, command := range []string{
		"create table raw_conversation (id bigint primary key, mailbox bigint not null, agent bigint not null, activity bigint not null, preview text not null)",
		"create index raw_conversation_mailbox on raw_conversation (mailbox, activity, id)",
		"create index raw_conversation_agent on raw_conversation (agent, activity, id)",
		"create table raw_message (id bigint primary key, conversation bigint not null, body text not null, external text not null unique)",
		"create table raw_event (id bigint primary key, conversation bigint not null, body text not null)",
		"create table raw_counter (id bigint primary key, n bigint not null)",
		fmt.Sprintf(`with recursive n(i) as (select 0 union all select i + 1 from n where i < %d)
			insert into raw_conversation select i, i %% 5, i %% 20, i, '' from n`, r.conversations-1),
		"with recursive n(i) as (select 0 union all select i + 1 from n where i < 63) insert into raw_counter select i, 0 from n",
	} {
		exec(b, r.db, command)
	}
	if r.postgres {
		exec(b, r.db, "vacuum analyze")
	}
}

func (r *raw) turn(b *testing.B, n, writers, grouped int) time.Duration {
	groups := make(chan int)
	errs := make(chan error, writers)
	var all sync.WaitGroup
	began := time.Now()
	for w := range writers {
		all.Go(func() {
			for first := range groups {
				if err := r.write(w, first, grouped); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	for range n / grouped {
		groups <- r.sent + 1
		r.sent += grouped
	}
	close(groups)
	all.Wait()
	spent := time.Since(began)
	select {
	case err := <-errs:
		b.Fatal(err)
	default:
	}
	return spent
}

var rawBody = strings.Repeat("x", 400)

func (r *raw) write(writer, first, n int) error {
	if r.postgres {
		return r.one(writer, first, n)
	}
	tx, err := r.db.BeginTx(context.Background(), nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	for i := first; i < first+n; i++ {
		c := (i * 7919) % r.conversations
		for _, s := range []struct {
			text string
			args []any
		}{
			{"insert into raw_message values (?, ?, ?, ?) on conflict do nothing", []any{i, c, rawBody, "SM" + strconv.Itoa(i)}},
			{"update raw_conversation set activity = ?, preview = ? where id = ?", []any{r.conversations + i, rawBody[:200], c}},
			{"insert into raw_event values (?, ?, ?)", []any{i, c, rawBody[:200]}},
			{"update raw_counter set n = n + 1 where id = ?", []any{c % 5}},
		} {
			if _, err := tx.Exec(s.text, s.args...); err != nil {
				return err
			}
		}
	}
	return tx.Commit()
}

// one writes n messages in one statement, each with a text of its own, as messages come from outside.
func (r *raw) one(writer, first, n int) error {
	ids, of, texts, externals := make([]int64, n), make([]int64, n), make([]string, n), make([]string, n)
	for i := range n {
		ids[i], of[i] = int64(first+i), int64(((first+i)*7919)%r.conversations)
		externals[i] = "SM" + strconv.Itoa(first+i)
		texts[i] = externals[i] + rawBody[len(externals[i]):]
	}
	_, err := r.db.Exec(`with m as (insert into raw_message select * from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[])
			on conflict do nothing returning id, conversation, body),
		c as (update raw_conversation as r set activity = $5 + m.id, preview = left(m.body, 200) from m where r.id = m.conversation),
		e as (insert into raw_event select id, conversation, left(body, 200) from m)
		update raw_counter set n = n + (select count(*) from m) where id = $6`, ids, of, texts, externals, r.conversations, writer)
	return err
}
