package stores_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
	"github.com/frontdesk-go/frontdesk/store"
)

func TestEachStoreIsFreshAndReopens(t *testing.T) {
	for range 2 {
		stores.Each(t, func(t *testing.T, s store.Store) {
			ctx := context.Background()
			key := store.Key{Kind: store.Document, ID: "mailbox/berlin"}
			rows, err := s.Load(ctx, "acme", []store.Key{key}, nil)
			require.NoError(t, err)
			require.Equal(t, []store.Key{key}, rows.Absent)

			b := store.NewBatch("acme", time.UnixMicro(1))
			b.Read(rows)
			b.Put(store.Row{Key: key, Body: []byte("{}")})
			require.NoError(t, b.Seal())
			require.NoError(t, s.Commit(ctx, b))

			rows, err = s.(*stores.Opened).Again(t).Load(ctx, "acme", []store.Key{key}, nil)
			require.NoError(t, err)
			require.Empty(t, rows.Absent)
			require.Contains(t, rows.Found, key)
		})
	}
}

func TestPostgreSQLIsSetUpForTheTests(t *testing.T) {
	o := stores.PostgreSQL(t)
	for setting, want := range map[string]string{"fsync": "on", "synchronous_commit": "on", "server_encoding": "UTF8"} {
		var got string
		require.NoError(t, o.DB.QueryRow("show "+setting).Scan(&got))
		require.Equal(t, want, got, setting)
	}
	var path string
	require.NoError(t, o.DB.QueryRow("show search_path").Scan(&path))
	require.True(t, strings.HasPrefix(path, "test_"), path)
}
