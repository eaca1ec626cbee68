package sqlstore_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
	"github.com/frontdesk-go/frontdesk/store/sqlstore"
)

// someCases are the cases that a variant of PostgreSQL is most likely to break. With FRONTDESK_VARIANTS=all the variants run all cases, about
// half a minute each.
var someCases = []string{"Model/RandomOperations", "Contention/WriteSkewOnAbsence", "Jobs/ShardOrder", "Leases/EachJobDoneOnce", "Tx/UsableAfterConflict"}

func variant(t *testing.T, options sqlstore.Options, settings ...string) {
	big(t)
	suite(t, func(t testing.TB) *stores.Opened {
		_, name, _ := strings.Cut(t.Name(), "/")
		if os.Getenv("FRONTDESK_VARIANTS") != "all" && !slices.Contains(someCases, name) {
			t.Skip("only some cases of this variant: FRONTDESK_VARIANTS=all runs all")
		}
		return stores.WithPostgreSQL(t, options, settings...)
	})
}

// The tables in eight parts by tenant keep every rule.
func TestSuiteOnPartitions(t *testing.T) { variant(t, sqlstore.Options{Partitions: 8}) }

// Whatever the isolation level that the database gives to those who ask for none, every rule is kept: what the server then aborts (40001,
// 40P01) is a conflict like any other.
func TestSuiteAtSerializable(t *testing.T) {
	variant(t, sqlstore.Options{}, "default_transaction_isolation=serializable")
}

func TestSuiteAtRepeatableRead(t *testing.T) {
	if os.Getenv("FRONTDESK_VARIANTS") != "all" {
		t.Skip("what serializable keeps: FRONTDESK_VARIANTS=all runs it")
	}
	variant(t, sqlstore.Options{}, "default_transaction_isolation='repeatable read'")
}
