package desk_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
	"github.com/frontdesk-go/frontdesk/store/sqlstore"
)

// What a conversation and a message take on the disk, with all indexes, events and traces of sending: docs/scaling.md computes with it.
// FRONTDESK_SIZE is how many conversations of five messages of twelve words are made. Defaults to 50, whose pages are half empty.
func TestSizeOnDisk(t *testing.T) {
	if testing.Short() {
		t.Skip("a large test: run it without -short")
	}
	conversations := 50
	if text := os.Getenv("FRONTDESK_SIZE"); text != "" {
		var err error
		conversations, err = strconv.Atoi(text)
		require.NoError(t, err)
	}
	t.Run("SQLite", func(t *testing.T) {
		o := stores.SQLite(t)
		o.DSN = strings.ReplaceAll(o.DSN, "synchronous%28full%29", "synchronous%28off%29") // what is waited for is no matter here
		measure(t, o.Again(t), conversations)
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		measure(t, stores.WithPostgreSQL(t, sqlstore.Options{}, "synchronous_commit=off"), conversations)
	})
}

func measure(t *testing.T, o *stores.Opened, conversations int) {
	t.Helper()
	w := newWorld(t, o)
	begin := onDisk(t, o)
	w.crowd(conversations, func(i int) { assert.Equal(t, 200, w.hook(w.line(i, 0))) })
	w.run()
	first := onDisk(t, o)
	ids := w.everybody(conversations)
	for round := 1; round < 5; round++ {
		w.crowd(conversations, func(i int) {
			if round%2 == 0 {
				assert.Equal(t, 200, w.hook(w.line(i, round)))
				return
			}
			_, err := w.jane.Reply(ctx, ids[i], frontdesk.Draft{Text: twelve(i, round)})
			assert.NoError(t, err)
		})
		w.run()
	}
	all := onDisk(t, o)
	perMessage := float64(all-first) / float64(4*conversations)
	perConversation := float64(all-begin) / float64(conversations)
	t.Logf("%d conversations: %.0f bytes a message, %.0f a conversation of five, %.1f MB in all", conversations, perMessage, perConversation, float64(all)/1e6)
	compact(t, o)
	t.Logf("written anew: %.0f a conversation", float64(onDisk(t, o)-begin)/float64(conversations))
	breakdown(t, o)
	for _, table := range []string{"rows", "facts"} { // as the feed does after Config.KeepEvents
		_, err := o.DB.Exec("delete from frontdesk_" + table + " where kind = 'event'")
		require.NoError(t, err)
	}
	compact(t, o)
	t.Logf("without the events of the feed: %.0f a conversation", float64(onDisk(t, o)-begin)/float64(conversations))
	assert.InDelta(t, 8_000, perMessage, 7_000)
}

// crowd calls f for 0 to n-1 from sixteen at a time.
func (w *world) crowd(n int, f func(i int)) {
	next := make(chan int)
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for i := range next {
				f(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	all.Wait()
}

// word is one of a vocabulary with words about as long as a language's.
func word(n int) string {
	syllables := []string{"ka", "lo", "mi", "ne", "pu", "ra", "si", "to", "ve", "wen", "dor", "lin", "mar", "ost", "ber"}
	text := ""
	for n += 7; n > 0; n /= len(syllables) {
		text += syllables[n%len(syllables)]
	}
	return text
}

// twelve are twelve words of 20,000.
func twelve(i, round int) string {
	words := make([]string, 12)
	for j := range words {
		words[j] = word((i*7919 + round*104_729 + j*15_485_863) % 20_000)
	}
	return strings.Join(words, " ")
}

// line is what a customer says in a round.
func (w *world) line(i, round int) channel.Item {
	who := fmt.Sprintf("customer%06d", i)
	return channel.Item{Account: "shop", Thread: who, At: w.clock.Now(), Message: &channel.Message{ID: fmt.Sprintf("in-%d-%d", i, round), Text: twelve(i, round),
		From: []conversation.Identity{{Scope: "loopback", Address: who, Name: who}}}}
}

// everybody returns the IDs of all conversations.
func (w *world) everybody(n int) (ids []string) {
	w.t.Helper()
	q := frontdesk.Query{View: frontdesk.AllView, Limit: 1000}
	for {
		page, err := w.setup.Conversations(ctx, q)
		require.NoError(w.t, err)
		for _, c := range page.Items {
			ids = append(ids, c.ID)
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			require.Len(w.t, ids, n)
			return ids
		}
	}
}

// onDisk is the size of the tables with their indexes, as they have grown.
func onDisk(t *testing.T, o *stores.Opened) (size int64) {
	t.Helper()
	if o.Options.Dialect == sqlstore.SQLite {
		require.NoError(t, o.DB.QueryRow("select (select page_count from pragma_page_count) * (select page_size from pragma_page_size)").Scan(&size))
		return size
	}
	require.NoError(t, o.DB.QueryRow("select sum(pg_total_relation_size(oid)) from pg_class where relnamespace = current_schema::regnamespace and relkind = 'r'").Scan(&size))
	return size
}

// compact has the database write its tables anew, without gaps.
func compact(t *testing.T, o *stores.Opened) {
	t.Helper()
	commands := []string{"vacuum"}
	if o.Options.Dialect == sqlstore.PostgreSQL {
		commands = nil
		for _, table := range []string{"rows", "facts", "words", "counters", "jobs", "leases"} {
			commands = append(commands, "vacuum full analyze frontdesk_"+table)
		}
	}
	for _, command := range commands {
		_, err := o.DB.Exec(command)
		require.NoError(t, err)
	}
}

// breakdown logs what takes how much.
func breakdown(t *testing.T, o *stores.Opened) {
	t.Helper()
	query := "select name, sum(pgsize), 0 from dbstat group by name having sum(pgsize) > 100000 order by 2 desc"
	if o.Options.Dialect == sqlstore.PostgreSQL {
		query = `select relname, pg_relation_size(oid), reltuples::bigint from pg_class where relnamespace = current_schema::regnamespace
			and pg_relation_size(oid) > 100000 order by 2 desc`
	}
	rows, err := o.DB.Query(query)
	if err != nil {
		t.Log("no breakdown:", err) // a driver without the table dbstat
		return
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var size, n int64
		require.NoError(t, rows.Scan(&name, &size, &n))
		t.Logf("%12d bytes  %s (%d rows)", size, name, n)
	}
	kinds, err := o.DB.Query("select kind, count(*), sum(length(body)) from frontdesk_rows group by kind order by 3 desc")
	require.NoError(t, err)
	defer kinds.Close()
	for kinds.Next() {
		var kind string
		var n, size int64
		require.NoError(t, kinds.Scan(&kind, &n, &size))
		t.Logf("%12d rows, bodies of %5d bytes  %s", n, size/n, kind)
	}
}
