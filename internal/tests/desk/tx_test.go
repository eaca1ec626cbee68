package desk_test

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
	"github.com/frontdesk-go/frontdesk/store"
)

// hosted is a world on a host's database, with a table of the host's.
func hosted(t *testing.T, run func(t *testing.T, w *world, o *stores.Opened, in func() (*sql.Tx, *frontdesk.Session))) {
	stores.EachSQL(t, func(t *testing.T, o *stores.Opened) {
		w := newWorld(t, o)
		_, err := o.DB.Exec("create table host (id integer)")
		require.NoError(t, err)
		run(t, w, o, func() (*sql.Tx, *frontdesk.Session) {
			tx, err := o.DB.BeginTx(ctx, nil)
			require.NoError(t, err)
			t.Cleanup(func() { _ = tx.Rollback() })
			_, err = tx.Exec("insert into host values (1)")
			require.NoError(t, err)
			return tx, w.desk.In(o.SQL.WithTx(tx)).As(frontdesk.Actor{Tenant: tenant, Agent: "jd"})
		})
	})
}

func hostRows(t *testing.T, o *stores.Opened) (n int) {
	t.Helper()
	require.NoError(t, o.DB.QueryRow("select count(*) from host").Scan(&n))
	return n
}

func TestE1_MessageAndHostRowCommitTogether(t *testing.T) {
	hosted(t, func(t *testing.T, w *world, o *stores.Opened, in func() (*sql.Tx, *frontdesk.Session)) {
		c := w.hears("ann", "Hi")
		w.run()
		tx, me := in()
		m, err := me.Reply(ctx, c.ID, frontdesk.Draft{Text: "Order 4711 is made", Key: "k"})
		require.NoError(t, err)
		again, err := me.Reply(ctx, c.ID, frontdesk.Draft{Text: "Order 4711 is made", Key: "k"})
		require.NoError(t, err, "the transaction sees what it wrote")
		assert.Equal(t, m.ID, again.ID)
		_, err = me.Do(ctx, c.ID, frontdesk.Tag{Add: []string{"ordered"}})
		require.NoError(t, err)
		note, err := me.Compose(ctx, frontdesk.Start{Mailbox: "berlin", Draft: frontdesk.Draft{Text: "an internal note"}})
		require.NoError(t, err, "a new conversation takes its number in the transaction")
		if o.Driver == "pgx" { // SQLite has one writer at a time
			w.run()
		}
		assert.Empty(t, w.texts(), "nothing is sent before the commit")
		assert.Equal(t, 1, w.get(c.ID).Messages)
		require.NoError(t, tx.Commit())
		assert.Equal(t, 1, hostRows(t, o))
		w.run()
		assert.Equal(t, []string{"Order 4711 is made"}, w.texts())
		assert.Equal(t, conversation.Sent, w.message(m.ID).Delivery)
		assert.Equal(t, []string{"ordered"}, w.get(c.ID).Tags)
		assert.NotEqual(t, w.get(c.ID).Number, w.get(note.Conversation).Number)
	})
}

func TestE1_RollbackLeavesNothing(t *testing.T) {
	hosted(t, func(t *testing.T, w *world, o *stores.Opened, in func() (*sql.Tx, *frontdesk.Session)) {
		c := w.hears("ann", "Hi")
		w.untouched(c.ID, func() {
			tx, me := in()
			m, err := me.Reply(ctx, c.ID, frontdesk.Draft{Text: "Never", Then: []frontdesk.Action{frontdesk.Complete{}}})
			require.NoError(t, err)
			_, err = me.Compose(ctx, frontdesk.Start{Mailbox: "berlin", Draft: frontdesk.Draft{Text: "nor this"}})
			require.NoError(t, err)
			require.NoError(t, tx.Rollback())
			_, err = w.jane.Message(ctx, m.ID)
			assert.ErrorIs(t, err, frontdesk.ErrNotFound)
		})
		assert.Zero(t, hostRows(t, o))
		assert.Equal(t, 1, w.conversations())
		other, err := w.jane.Compose(ctx, frontdesk.Start{Mailbox: "berlin", Draft: frontdesk.Draft{Text: "afterwards"}})
		require.NoError(t, err)
		assert.NotEqual(t, w.get(c.ID).Number, w.get(other.Conversation).Number)
	})
}

// Settings saved in a transaction that is rolled back are nowhere, in no cache either.
func TestE1_RollbackOfSettings(t *testing.T) {
	hosted(t, func(t *testing.T, w *world, o *stores.Opened, in func() (*sql.Tx, *frontdesk.Session)) {
		c := w.hears("ann", "Hi")
		tx, _ := in()
		bound := w.desk.In(o.SQL.WithTx(tx)).As(frontdesk.System(tenant))
		require.NoError(t, bound.SaveAgent(ctx, frontdesk.Agent{ID: "jd", Name: "Jane Doe", Inactive: true}))
		require.NoError(t, bound.SaveSettings(ctx, frontdesk.Settings{WhisperDefault: true}))
		set := w.chat
		set.Options = map[string]string{"part_files": "1"}
		_, err := bound.AddChannel(ctx, set)
		require.NoError(t, err)
		require.NoError(t, tx.Rollback())
		m, err := w.jane.Reply(ctx, c.ID, frontdesk.Draft{Text: "Still here", Attachments: files(2)})
		require.NoError(t, err)
		assert.Equal(t, conversation.Outbound, m.Direction)
		w.run()
		assert.Len(t, w.provider.Sent("shop"), 1, "in one part")
	})
}

func TestE1_TransactionIsUsableAfterARefusalAndAConflict(t *testing.T) {
	hosted(t, func(t *testing.T, w *world, o *stores.Opened, in func() (*sql.Tx, *frontdesk.Session)) {
		c := w.hears("ann", "Hi")
		tx, me := in()
		_, err := me.Reply(ctx, c.ID, frontdesk.Draft{})
		require.ErrorIs(t, err, frontdesk.ErrInvalid)
		_, err = me.Reply(ctx, "none", frontdesk.Draft{Text: "x"})
		require.ErrorIs(t, err, frontdesk.ErrNotFound)

		conflicting := w.desk.In(conflicts{o.SQL.WithTx(tx)}).As(frontdesk.Actor{Tenant: tenant, Agent: "jd"})
		_, err = conflicting.Reply(ctx, c.ID, frontdesk.Draft{Text: "Too late"})
		require.ErrorIs(t, err, frontdesk.ErrBusy)
		require.ErrorIs(t, err, store.ErrConflict, "the host decides whether to begin again")

		_, err = me.Reply(ctx, c.ID, frontdesk.Draft{Text: "Goes"})
		require.NoError(t, err)
		require.NoError(t, tx.Commit())
		assert.Equal(t, 1, hostRows(t, o))
		w.run()
		assert.Equal(t, []string{"Goes"}, w.texts())
	})
}

// conflicts is a bound store whose batches rest on a row that is not as it was read.
type conflicts struct{ store.Store }

func (s conflicts) Commit(ctx context.Context, b *store.Batch) error {
	b.Writes = append(b.Writes, store.Write{Action: store.Check, If: 7, Row: store.Row{Key: store.Key{Kind: store.Name, ID: "zzz"}}})
	return s.Store.Commit(ctx, b)
}

// An outer writer changes the conversation between the transaction's reading and its commit.
func TestE1_ConflictWithAnother(t *testing.T) {
	hosted(t, func(t *testing.T, w *world, o *stores.Opened, in func() (*sql.Tx, *frontdesk.Session)) {
		if o.Driver != "pgx" {
			return // SQLite lets nobody in between
		}
		c := w.hears("ann", "Hi")
		tx, _ := in()
		between := &interloper{Store: o.SQL.WithTx(tx), when: func(*store.Batch) bool { return true }, do: func() { w.hears("ann", "meanwhile") }}
		_, err := w.desk.In(between).As(frontdesk.Actor{Tenant: tenant, Agent: "jd"}).Reply(ctx, c.ID, frontdesk.Draft{Text: "x"})
		require.ErrorIs(t, err, store.ErrConflict)
		require.NoError(t, tx.Commit())
		assert.Equal(t, 2, w.get(c.ID).Messages)
		assert.Equal(t, 1, hostRows(t, o))
	})
}

func TestE1_EndedContext(t *testing.T) {
	hosted(t, func(t *testing.T, w *world, o *stores.Opened, in func() (*sql.Tx, *frontdesk.Session)) {
		c := w.hears("ann", "Hi")
		tx, me := in()
		ended, cancel := context.WithTimeout(ctx, -time.Second)
		defer cancel()
		_, err := me.Reply(ended, c.ID, frontdesk.Draft{Text: "x"})
		require.ErrorIs(t, err, store.ErrTxLost)
		_ = tx.Rollback()
		w.untouched(c.ID, func() {})
	})
}
