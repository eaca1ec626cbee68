package sqlstore_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/loopback"
	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
	"github.com/frontdesk-go/frontdesk/store"
	"github.com/frontdesk-go/frontdesk/store/sqlstore"
)

// A Desk that has worked and has nothing left to do asks its database one statement a second, counted at the driver, and listens beside that
// on PostgreSQL. FRONTDESK_IDLE is for how long it is watched, such as "1m". Defaults to 2 s.
func TestB12_IdleCostsOneStatementASecond(t *testing.T) {
	big(t) // for seconds
	watched := 2 * time.Second
	if text := os.Getenv("FRONTDESK_IDLE"); text != "" {
		var err error
		watched, err = time.ParseDuration(text)
		require.NoError(t, err)
	}
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		s, _, r := record(t, stores.SQLite(t))
		idle(t, s, r, watched)
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		s, _, r := record(t, stores.WithPostgreSQL(t, sqlstore.Options{Await: awaitRecorded}))
		idle(t, s, r, watched)
	})
}

func idle(t *testing.T, s *sqlstore.Store, r *recorder, watched time.Duration) {
	provider := loopback.New()
	d, err := frontdesk.New(frontdesk.Config{Store: s, Drivers: channel.Drivers{provider}, BaseURL: "https://desk.example.com"})
	require.NoError(t, err)
	running, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	all.Go(func() { assert.NoError(t, d.Run(running)) })
	defer all.Wait()
	defer cancel()
	work(t, d, provider, "acme")
	none := func() bool { // every job is done
		leases, err := s.Jobs(ctx, store.JobQuery{Now: time.Now(), Until: time.Now(), Token: "t", Limit: 1, PerTenant: 1, PerGroup: 1})
		return err == nil && len(leases) == 0
	}
	require.Eventually(t, none, time.Minute, 50*time.Millisecond)
	require.Eventually(t, func() bool { return len(r.during(func() { time.Sleep(time.Second + time.Second/2) })) <= 2 }, time.Minute, time.Millisecond)
	began := time.Now()
	statements := r.during(func() { time.Sleep(watched) })
	seconds := int(time.Since(began)/time.Second) + 1
	t.Logf("%d statements in %s", len(statements), time.Since(began).Round(time.Millisecond))
	assert.LessOrEqual(t, len(statements), seconds)
}

// work sets a tenant up, takes a message in and answers it.
func work(t *testing.T, d *frontdesk.Desk, provider *loopback.Driver, tenant string) {
	t.Helper()
	setup := d.As(frontdesk.System(tenant))
	require.NoError(t, setup.SaveMailbox(ctx, frontdesk.Mailbox{ID: "berlin"}))
	require.NoError(t, setup.SaveAgent(ctx, frontdesk.Agent{ID: "jd", Mailboxes: []string{"berlin"}}))
	account := "shop-" + tenant
	_, err := setup.AddChannel(ctx, frontdesk.Channel{Kind: "loopback", Account: account, Mailbox: "berlin", Default: true, PollEvery: -1})
	require.NoError(t, err)
	item := channel.Item{Account: account, Thread: "ann", Message: &channel.Message{ID: "in-1", Text: "Where is my order?",
		From: []conversation.Identity{{Scope: "loopback", Address: "ann"}}}}
	req := provider.Request(item)
	rec := httptest.NewRecorder()
	r := httptest.NewRequest(req.Method, req.URL, bytes.NewReader(req.Body))
	r.Header = req.Header
	d.Webhooks().ServeHTTP(rec, r)
	require.Equal(t, http.StatusOK, rec.Code)
	page, err := setup.Conversations(ctx, frontdesk.Query{View: frontdesk.AllView, Limit: 10})
	require.NoError(t, err)
	require.Len(t, page.Items, 1)
	_, err = d.As(frontdesk.Actor{Tenant: tenant, Agent: "jd"}).Reply(ctx, page.Items[0].ID, frontdesk.Draft{Text: "On its way."})
	require.NoError(t, err)
}
