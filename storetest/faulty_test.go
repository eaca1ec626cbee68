package storetest

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/store"
	"github.com/frontdesk-go/frontdesk/store/memstore"
)

func TestFaultyThatInjectsNothingPassesTheSuite(t *testing.T) {
	Run(t, Config{
		New:    func(*testing.T) store.Store { return &Faulty{Store: memstore.New()} },
		Reopen: func(_ *testing.T, s store.Store) store.Store { return &Faulty{Store: s} },
	})
}

// four makes one call of each method, in the order Load, List, Jobs, Commit, and returns their errors.
func four(ctx context.Context, s store.Store, id string) []error {
	_, load := s.Load(ctx, tenant, []store.Key{doc(id).Key}, nil)
	_, list := s.List(ctx, of(store.Query{Kind: store.Document}))
	_, jobs := s.Jobs(ctx, wide(store.JobQuery{Now: start, Token: "t"}))
	b := fresh(batch(), doc(id))
	commit := errors.Join(b.Seal(), s.Commit(ctx, b))
	return []error{load, list, jobs, commit}
}

func TestFaultyPicksCalls(t *testing.T) {
	const none, all = "ok ok ok ok ok ok ok ok", "no no no no no no no no"
	for name, tt := range map[string]struct {
		fault Fault
		want  string
	}{
		"nothing":                   {Fault{}, none},
		"the first":                 {Fault{At: 1}, "no ok ok ok ok ok ok ok"},
		"the fourth of all":         {Fault{At: 4}, "ok ok ok no ok ok ok ok"},
		"one that does not come":    {Fault{At: 9}, none},
		"before the first":          {Fault{At: -1}, none},
		"the second List":           {Fault{At: 2, Method: List}, "ok ok ok ok ok no ok ok"},
		"three from the second on":  {Fault{At: 2, Times: 3}, "ok no no no ok ok ok ok"},
		"all from the second on":    {Fault{At: 2, Times: -1}, "ok no no no no no no no"},
		"all Jobs":                  {Fault{At: 1, Times: -1, Method: Jobs}, "ok ok no ok ok ok no ok"},
		"the batch that writes b":   {Fault{Method: Commit, When: func(b *store.Batch) bool { return b.Writes[0].Row.ID == "b" }}, "ok ok ok ok ok ok ok no"},
		"what has no batch":         {Fault{When: func(b *store.Batch) bool { return b == nil }}, "no no no ok no no no ok"},
		"each, after it was called": {Fault{At: 1, Times: -1, After: true}, all},
	} {
		t.Run(name, func(t *testing.T) {
			s := &Faulty{Store: memstore.New()}
			s.Inject(tt.fault)
			got, wrong := "", 0
			for i, err := range append(four(t.Context(), s, "a"), four(t.Context(), s, "b")...) {
				if i > 0 {
					got += " "
				}
				if err == nil {
					got += "ok"
					continue
				}
				got += "no"
				wrong++
				assert.ErrorIs(t, err, ErrFault)
				assert.NotErrorIs(t, err, store.ErrConflict)
			}
			assert.Equal(t, tt.want, got)
			assert.Equal(t, wrong, s.Struck())
			assert.Equal(t, 8, s.Calls(""))
			assert.Equal(t, 2, s.Calls(Commit))
			s.Inject(Fault{})
			assert.Zero(t, s.Calls("")+s.Calls(Load)+s.Struck(), "counted anew")
		})
	}
}

func TestFaultyBeforeAndAfterTheEffect(t *testing.T) {
	for _, after := range []bool{false, true} {
		s := &Faulty{Store: memstore.New()}
		b := fresh(batch(), doc("a"))
		require.NoError(t, b.Seal())
		broken := errors.New("connection reset")
		s.Inject(Fault{At: 1, After: after, Do: Fail(broken)})
		require.ErrorIs(t, s.Commit(t.Context(), b), broken)
		s.Inject(Fault{At: 1, After: after})
		rows, err := s.Load(t.Context(), tenant, []store.Key{doc("a").Key}, nil)
		require.ErrorIs(t, err, ErrFault)
		require.Nil(t, rows, "the answer is lost")
		rows, err = s.Load(t.Context(), tenant, []store.Key{doc("a").Key}, nil)
		require.NoError(t, err)
		assert.Equal(t, after, len(rows.Found) == 1)
	}
}

func TestFaultyDelaysAndBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &Faulty{Store: memstore.New()}
		began := time.Now()
		took := func() time.Duration { return time.Since(began) }
		s.Inject(Fault{At: 1, Times: 2, Do: Delay(time.Minute)})
		_, err := s.List(t.Context(), of(store.Query{Kind: store.Document}))
		require.NoError(t, err, "a slow call is no failed one")
		assert.Equal(t, time.Minute, took())
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = s.List(short, of(store.Query{Kind: store.Document}))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, time.Minute+time.Second, took())

		s.Inject(Fault{At: 1, Do: Block()})
		ending, end := context.WithCancel(t.Context())
		time.AfterFunc(time.Hour, end)
		_, err = s.Load(ending, tenant, nil, nil)
		require.ErrorIs(t, err, context.Canceled)
		assert.Equal(t, time.Hour+time.Minute+time.Second, took())
	})
}

// What is done at a fault may be anything: here the caller's context ends, and another commit comes first.
func TestFaultyDoes(t *testing.T) {
	s := &Faulty{Store: memstore.New()}
	ending, end := context.WithCancel(t.Context())
	s.Inject(Fault{At: 1, Do: func(context.Context) error { end(); return nil }})
	b := fresh(batch(), doc("a"))
	require.NoError(t, b.Seal())
	require.ErrorIs(t, s.Commit(ending, b), context.Canceled, "the store's own answer")

	s.Inject(Fault{Method: Commit, At: 1, Do: func(ctx context.Context) error { return s.Commit(ctx, b) }})
	other := fresh(batch(), doc("a"))
	require.NoError(t, other.Seal())
	require.ErrorIs(t, s.Commit(t.Context(), other), store.ErrConflict)
	assert.Equal(t, 2, s.Calls(Commit))
	assert.Equal(t, 1, s.Struck())
}

func TestFaultyForManyCallers(t *testing.T) {
	s := &Faulty{Store: memstore.New()}
	s.Inject(Fault{Method: Load, At: 100, Times: 10})
	errs := together(20, func(int) (err error) {
		for range 10 {
			if _, failed := s.Load(t.Context(), tenant, nil, nil); failed != nil {
				err = errors.Join(err, failed)
			}
			_ = s.Calls(Load)
		}
		return err
	})
	assert.ErrorIs(t, errors.Join(errs...), ErrFault)
	assert.Equal(t, 200, s.Calls(Load))
	assert.Equal(t, 10, s.Struck(), "each of the hundredth to the hundred and ninth once")
}

func TestFaultyJoinsTheChain(t *testing.T) {
	inside := memstore.New()
	got, ok := store.As[*memstore.Store](&Faulty{Store: &Faulty{Store: inside}})
	require.True(t, ok)
	assert.Same(t, inside, got)
}
