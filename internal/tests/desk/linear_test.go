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

// Claiming, handing over and releasing a conversation look, to everybody and from every process, like one after the other.
func TestX8_ClaimAndReleaseAreLinearizable(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		histories, clients, ops := 200, 8, 25
		if w.store.(*stores.Opened).SQL != nil {
			histories = 40 // each waits for some hundred commits
		}
		if testing.Short() {
			histories = 10
		}
		desks := []*frontdesk.Desk{w.desk, w.open()}
		for h := range histories {
			c := w.hears(fmt.Sprintf("c%03d", h), "Hi")
			var mu sync.Mutex
			var history []porcupine.Operation
			begin := time.Now()
			atOnce(clients, func(client int) {
				rnd := rand.New(rand.NewPCG(uint64(h), uint64(client)))
				s := desks[client%2].As(frontdesk.System(tenant))
				for range ops {
					op := holding{assign: rnd.IntN(3) > 0, agent: []string{"", "jd", "joe"}[rnd.IntN(3)]}
					called := time.Since(begin)
					var got frontdesk.Conversation
					var err error
					if op.assign {
						got, err = s.Do(ctx, c.ID, frontdesk.Assign{Agent: op.agent})
					} else {
						got, err = s.Conversation(ctx, c.ID)
					}
					if !assert.NoError(t, err) {
						return
					}
					mu.Lock()
					history = append(history, porcupine.Operation{ClientId: client, Input: op, Call: int64(called), Output: got.Agent, Return: int64(time.Since(begin))})
					mu.Unlock()
				}
			})
			require.True(t, porcupine.CheckOperations(holdingModel, history), "history %d: %v", h, history)
		}
		held := map[string]int{}
		for _, c := range w.list(w.setup, frontdesk.Query{Limit: 1000}) {
			held[c.Agent]++
		}
		assert.Equal(t, held["jd"], w.presence("jd").Used, "and the slots are counted")
		assert.Equal(t, held["joe"], w.presence("joe").Used)
	})
}
