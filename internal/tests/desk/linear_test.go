package desk_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/internal/tests/stores"
)

// holding is an operation on who has a conversation.
type holding struct {
	assign bool
	agent  string // who is given it; "" takes it from everybody
}

// holdingModel is a register: assigning sets who has the conversation, reading returns who was set last.
var holdingModel = porcupine.Model{
	Init: func() any { return "" },
	Step: func(state, input, output any) (bool, any) {
		op := input.(holding)
		if op.assign {
			return output.(string) == op.agent, op.agent
		}
		return output.(string) == state.(string), state
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v -> %v", input, output) },
}

// trace is what clients called, when, and what they were answered.
type trace struct {
	mu    sync.Mutex
	begun time.Time
	ops   []porcupine.Operation
}

// do makes a call and notes it.
func (tr *trace) do(client int, input any, call func() any) {
	called := time.Since(tr.begun)
	tr.note(client, input, called, call())
}

// note notes a call that has come back now.
func (tr *trace) note(client int, input any, called time.Duration, output any) {
	back := time.Since(tr.begun)
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.ops = append(tr.ops, porcupine.Operation{ClientId: client, Input: input, Call: int64(called), Output: output, Return: int64(back)})
}

const linearClients, linearOps = 8, 25

// histories makes random histories of clients who do some operations each, every other one in another process, and looks in each for one
// order, one after the other, that explains what everybody was answered. begin prepares a history and returns what a client does next;
// end, if any, is called when all are done. FRONTDESK_FULL makes it 200.
func (w *world) histories(model porcupine.Model, begin func(h int, tr *trace) (next func(client int, d *frontdesk.Desk, r *rand.Rand), end func())) {
	w.t.Helper()
	r, n := seeded(w.t), size(8, 20, 200)
	if w.store.(*stores.Opened).SQL != nil {
		n = size(2, 3, 200) // each waits for some hundred commits
	}
	desks := []*frontdesk.Desk{w.desk, w.open()}
	checked := 0
	for h := range n {
		tr := &trace{begun: time.Now()}
		next, end := begin(h, tr)
		seed := r.Uint64()
		atOnce(linearClients, func(client int) {
			rnd := rand.New(rand.NewPCG(seed, uint64(client)))
			for range linearOps {
				next(client, desks[client%2], rnd)
			}
		})
		if end != nil {
			end()
		}
		require.False(w.t, w.t.Failed())
		verdict := porcupine.CheckOperationsTimeout(model, tr.ops, time.Minute)
		if verdict != porcupine.Ok {
			for _, op := range tr.ops {
				w.t.Log(op.ClientId, op.Call, op.Return, model.DescribeOperation(op.Input, op.Output))
			}
		}
		require.Equal(w.t, porcupine.Ok, verdict, "history %d", h)
		checked += len(tr.ops)
	}
	w.t.Logf("%d histories, %d operations: linearizable", n, checked)
}

// Claiming, handing over and releasing a conversation look, to everybody and from every process, like one after the other.
func TestX8_ClaimAndReleaseAreLinearizable(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.histories(holdingModel, func(h int, tr *trace) (func(int, *frontdesk.Desk, *rand.Rand), func()) {
			c := w.hears(fmt.Sprintf("c%03d", h), "Hi")
			return func(client int, d *frontdesk.Desk, r *rand.Rand) {
				op := holding{assign: r.IntN(3) > 0, agent: []string{"", "jd", "joe"}[r.IntN(3)]}
				tr.do(client, op, func() any {
					s, got, err := d.As(frontdesk.System(tenant)), frontdesk.Conversation{}, error(nil)
					if op.assign {
						got, err = s.Do(ctx, c.ID, frontdesk.Assign{Agent: op.agent})
					} else {
						got, err = s.Conversation(ctx, c.ID)
					}
					assert.NoError(t, err)
					return got.Agent
				})
			}, nil
		})
		held := map[string]int{}
		for _, c := range w.list(w.setup, frontdesk.Query{Limit: 1000}) {
			held[c.Agent]++
		}
		assert.Equal(t, held["jd"], w.presence("jd").Used, "and the slots are counted")
		assert.Equal(t, held["joe"], w.presence("joe").Used)
	})
}
