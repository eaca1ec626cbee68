package storetest

import (
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/store"
)

func lieNamed(t *testing.T, name string) lie {
	t.Helper()
	for _, x := range lies() {
		if x.name == name {
			return x
		}
	}
	require.Fail(t, "no liar is named so", name)
	return lie{}
}

// The model finds liars by itself and shows the few steps that it takes, and the seed to see them again.
func TestModelShrinksAHistory(t *testing.T) {
	t.Setenv("FRONTDESK_STORETEST_SEED", "7")
	t.Setenv("FRONTDESK_STORETEST_RUNS", "20")
	for name, rule := range map[string]int{
		"does not follow targets":        4,
		"ignores versions":               14,
		"leases jobs by ID":              34,
		"never frees a lease that ended": 34,
		"keeps old facts in the index":   0,
	} {
		t.Run(name, func(t *testing.T) {
			x := lieNamed(t, name)
			failures := record(caseNamed(t, "Model/RandomOperations"), x.factory())
			require.Len(t, failures, 1)
			assert.Contains(t, failures[0], "FRONTDESK_STORETEST_SEED=")
			m := regexp.MustCompile(`shortest failing history of (\d+) steps`).FindStringSubmatch(failures[0])
			require.NotNil(t, m, failures[0])
			steps, err := strconv.Atoi(m[1])
			require.NoError(t, err)
			assert.LessOrEqual(t, steps, 6, failures[0])
			if rule != 0 {
				assert.Contains(t, failures[0], cite(rule))
			}
		})
	}
}

func TestModelIsRepeatable(t *testing.T) {
	a, b := randomSteps(5, 40), randomSteps(5, 40)
	for i := range a {
		assert.Equal(t, a[i].numbers, b[i].numbers)
	}
	assert.NotEqual(t, a[0].numbers, randomSteps(6, 40)[0].numbers)
}

// The model and the store that it is compared with agree on what a sealed batch of both ends is.
func TestNaiveKeepsWhatItIsGiven(t *testing.T) {
	n := newNaive()
	b := fresh(store.NewBatch(tenant, start), full("a"))
	b.Enqueue(store.Job{ID: "j", Group: "g", Order: 2}, store.Job{ID: "i", Group: "g", Order: 2}, store.Job{ID: "late", Group: "g", Due: farOff})
	require.NoError(t, b.Seal())
	require.Empty(t, n.conflicts(b))
	n.commit(b)
	assert.Equal(t, []store.Key{full("a").Key}, n.conflicts(b), "the row is there now")
	assert.Equal(t, full("a"), n.rows[full("a").Key])
	jobs := n.ready(start)["g"]
	require.Len(t, jobs, 2)
	assert.Equal(t, []string{"i", "j"}, []string{jobs[0].ID, jobs[1].ID})
	n.leases["g"] = naiveLease{"t", start.Add(1)}
	assert.Empty(t, n.ready(start))
	n.finish(store.Finish{Group: "g", Token: "t", Jobs: []string{"i"}})
	assert.Len(t, n.ready(start)["g"], 1)
}
