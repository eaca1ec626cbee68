package sqlstore_test

import (
	"testing"

	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
	"github.com/frontdesk-go/frontdesk/store/sqlstore"
)

func TestSuiteOnPartitions(t *testing.T) {
	suite(t, func(t testing.TB) *stores.Opened { return stores.WithPostgreSQL(t, sqlstore.Options{Partitions: 8}) })
}

func TestSuiteAtSerializable(t *testing.T) {
	suite(t, func(t testing.TB) *stores.Opened {
		return stores.WithPostgreSQL(t, sqlstore.Options{}, "default_transaction_isolation=serializable")
	})
}

func TestSuiteAtRepeatableRead(t *testing.T) {
	suite(t, func(t testing.TB) *stores.Opened {
		return stores.WithPostgreSQL(t, sqlstore.Options{}, "default_transaction_isolation='repeatable read'")
	})
}
