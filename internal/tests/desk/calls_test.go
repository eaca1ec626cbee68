package desk_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/storetest"
)

func TestB5_CallsUntilTheProviderIsAnswered(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		s := failing(w.store, storetest.Fault{})
		d := w.open(func(c *frontdesk.Config) { c.Store = s })
		calls := func(who, text string) int {
			req := w.provider.Request(w.says(who, text))
			before := s.Calls("")
			require.Equal(t, http.StatusOK, serve(d, req))
			return s.Calls("") - before
		}
		calls("ann", "The first one fills the caches")
		assert.LessOrEqual(t, calls("ann", "A known contact"), 2)
		assert.LessOrEqual(t, calls("bob", "A new contact"), 2)
		many := w.says("ann", "many")
		req := w.provider.Request(w.says("ann", "1"), w.says("ann", "2"), w.says("ann", "3"), many)
		before := s.Calls("")
		require.Equal(t, http.StatusOK, serve(d, req))
		assert.LessOrEqual(t, s.Calls("")-before, 2, "several of one conversation go in one batch")
		before = s.Calls("")
		require.Equal(t, http.StatusOK, serve(d, w.provider.Request(many)))
		assert.LessOrEqual(t, s.Calls("")-before, 1, "a redelivery only looks")
	})
}

func TestB5_CallsOfAnAgent(t *testing.T) {
	onMemory(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		s := failing(w.store, storetest.Fault{})
		me := w.open(func(c *frontdesk.Config) { c.Store = s }).As(frontdesk.Actor{Tenant: tenant, Agent: "jd"})
		reply := func() {
			_, err := me.Reply(ctx, c.ID, frontdesk.Draft{Text: "Yes"})
			require.NoError(t, err)
		}
		reply()
		before := s.Calls("")
		reply()
		assert.LessOrEqual(t, s.Calls("")-before, 4, "conversation, contact, thread, commit")
		_, err := me.Counts(ctx)
		require.NoError(t, err)
		before = s.Calls("")
		_, err = me.Counts(ctx)
		require.NoError(t, err)
		assert.LessOrEqual(t, s.Calls("")-before, 2, "rights, and all tabs in one call")
	})
}
