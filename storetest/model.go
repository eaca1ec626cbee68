package storetest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

var modelCases = []testcase{
	{"Model/RandomOperations", []int{4, 9, 10, 11, 13, 14, 16, 23, 24, 25, 26, 27, 29, 33, 34, 35, 36, 37, 38, 39, 41}, randomOperations, 0},
}

// step is one random operation. Its numbers are read against what the model holds when the step runs, so that a history stays
// meaningful when steps are left out of it.
type step struct {
	op      func(*history, step) (rule int, problem string)
	numbers [12]int
}

// history runs steps on a store and on the model. Each history has tenants of its own, so that one store serves many.
type history struct {
	e       *env
	tenants []string
	models  []*naive
	now     time.Time
	version int64
	tokens  int
	log     []string
}

// number reads an environment variable, or returns a default.
func number(name string, otherwise uint64) uint64 {
	if n, err := strconv.ParseUint(os.Getenv(name), 10, 64); err == nil {
		return n
	}
	return otherwise
}

func randomOperations(e *env) {
	runs, length := int(number("FRONTDESK_STORETEST_RUNS", 6)), int(number("FRONTDESK_STORETEST_STEPS", 60))
	first := number("FRONTDESK_STORETEST_SEED", uint64(rand.Uint32()))
	for run := range runs {
		seed := first + uint64(run)
		steps := randomSteps(seed, length)
		if rule, _, _ := e.replay(steps, fmt.Sprintf("%d-", run)); rule == 0 {
			continue
		}
		short, rule, problem, log := e.shrink(steps, run)
		e.fatal(rule, "random operations, FRONTDESK_STORETEST_SEED=%d, shortest failing history of %d steps:\n\t%s\n%s", seed, len(short), strings.Join(log, "\n\t"), problem)
	}
}

func randomSteps(seed uint64, length int) []step {
	r := rand.New(rand.NewPCG(seed, 0))
	ops := []func(*history, step) (int, string){
		(*history).write, (*history).write, (*history).write, (*history).write, (*history).look, (*history).list, (*history).list, (*history).lease, (*history).lease,
		(*history).finish, (*history).finish,
	}
	steps := make([]step, length)
	for i := range steps {
		steps[i].op = ops[r.IntN(len(ops))]
		for j := range steps[i].numbers {
			steps[i].numbers[j] = r.IntN(1 << 20)
		}
	}
	return steps
}

// replay runs steps for tenants that nobody used yet. Rule 0 means that store and model agreed.
func (e *env) replay(steps []step, run string) (rule int, problem string, log []string) {
	h := &history{e: e, tenants: []string{"model" + run + "a", "model" + run + "A"}, models: []*naive{newNaive(), newNaive()}, now: start, version: start.UnixMicro()}
	for _, s := range steps {
		if rule, problem = s.op(h, s); rule != 0 {
			break
		}
	}
	return rule, problem, h.log
}

// shrink leaves out ever smaller parts of a failing history as long as what is left still fails.
func (e *env) shrink(steps []step, run int) (short []step, rule int, problem string, log []string) {
	short, tries := steps, 0
	rule, problem, log = e.replay(short, fmt.Sprintf("%d-whole-", run))
	for size := len(short) / 2; size > 0; size /= 2 {
		for at := 0; at+size <= len(short) && tries < 400; tries++ {
			without := slices.Delete(slices.Clone(short), at, at+size)
			if r, p, l := e.replay(without, fmt.Sprintf("%d-%d-", run, tries)); r != 0 {
				short, rule, problem, log = without, r, p, l
			} else {
				at += size
			}
		}
	}
	return short, max(rule, 1), problem, log
}

func (h *history) note(format string, args ...any) {
	h.log = append(h.log, fmt.Sprintf(format, args...))
}

// differ compares two answers and says how they differ, or "".
func differ(got, want any) string {
	if diff := diffOf(got, want); diff != "" {
		return fmt.Sprintf("got %s\nwant %s\n(-want +got):\n%s", short(got), short(want), diff)
	}
	return ""
}
