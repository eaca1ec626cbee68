package desk_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
)

func describe(input, output any) string { return fmt.Sprintf("%+v -> %+v", input, output) }

// intake is an operation on what has come in on a thread: a delivery of a message, or a look at the timeline or at the header. What is looked
// at is told by the place that the newest message of it has in the end, when all is told; so is what is delivered.
type intake struct {
	op    string
	place int
}

// intakeModel is a list that only grows: a delivery puts a message on the next place, if it is not there, and nothing else; the timeline and
// the header show the list as it is.
var intakeModel = porcupine.Model{
	Init: func() any { return 1 },
	Step: func(state, input, output any) (bool, any) {
		length, op := state.(int), input.(intake)
		switch {
		case op.op != "deliver":
			return output == length, length
		case op.place == length+1:
			return true, length + 1
		}
		return op.place <= length, length
	},
	DescribeOperation: describe,
}

// Deliveries and redeliveries look, to everybody and from every process, like one after the other, each message stored by the first.
func TestX8_IngestDedupIsLinearizable(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.histories(intakeModel, func(h int, tr *trace) (func(int, *frontdesk.Desk, *rand.Rand), func()) {
			who := fmt.Sprintf("c%03d", h)
			c := w.hears(who, "first")
			var reqs []*channel.Request
			for i := range 20 {
				reqs = append(reqs, w.provider.Request(w.says(who, fmt.Sprintf("m%d", i))))
			}
			next := func(client int, d *frontdesk.Desk, r *rand.Rand) {
				n := r.IntN(len(reqs))
				op := []string{"deliver", "deliver", "timeline", "header"}[r.IntN(4)]
				tr.do(client, posting{op: op, text: fmt.Sprintf("m%d", n)}, func() any {
					if op != "deliver" {
						return shown(t, d.As(frontdesk.System(tenant)), c.ID, op)
					}
					_, code := w.redelivered(d, reqs[n])
					assert.Equal(t, http.StatusOK, code)
					return []string(nil)
				})
			}
			return next, func() { tr.place(t, shown(t, w.setup, c.ID, "timeline")) }
		})
	})
}

// shown is what a look shows: all texts of the timeline, or the newest one and how many there are.
func shown(t *testing.T, s *frontdesk.Session, id, op string) (texts []string) {
	if op == "header" {
		c, err := s.Conversation(ctx, id)
		assert.NoError(t, err)
		texts = make([]string, c.Messages)
		texts[c.Messages-1] = c.Preview
		return texts
	}
	page, err := s.Timeline(ctx, id, frontdesk.TimelineQuery{Ascending: true, Limit: 1000})
	assert.NoError(t, err)
	for _, m := range page.Items {
		texts = append(texts, m.Text)
	}
	return texts
}

// place tells the operations by places in the list as it is in the end. What shows anything that is no beginning of it, shows place 0.
func (tr *trace) place(t *testing.T, list []string) {
	for i := range tr.ops {
		op := &tr.ops[i]
		in, out := op.Input.(posting), op.Output.([]string)
		op.Input, op.Output = intake{in.op, 1 + slices.Index(list, in.text)}, 0
		if in.op == "deliver" {
			assert.Contains(t, list, in.text)
		}
		n := len(out)
		whole := in.op == "timeline" && n <= len(list) && slices.Equal(out, list[:n])
		if whole || in.op == "header" && n <= len(list) && out[n-1] == list[n-1] {
			op.Output = n
		}
	}
}

// reading is an operation on who has read a conversation.
type reading struct {
	op    string
	agent int
}

// readingModel is a set of agents: opening puts one in, marking as unread takes him out, a customer's message takes all out. Whoever looks,
// at the conversation or at his count of unread ones, sees whether he is in it.
var readingModel = porcupine.Model{
	Init: func() any { return 0 },
	Step: func(state, input, output any) (bool, any) {
		readers, op := state.(int), input.(reading)
		switch me := 1 << op.agent; op.op {
		case "inbound":
			return true, 0
		case "open":
			return output == false, readers | me
		case "unread":
			return output == true, readers &^ me
		default:
			return output == (readers&me == 0), readers
		}
	},
	DescribeOperation: describe,
}

// Opening, marking as unread and customers' messages look, to every agent and from every process, like one after the other.
func TestX8_ReadMarksAreLinearizable(t *testing.T) {
	agents := []string{"jd", "joe", "max"}
	each(t, func(t *testing.T, w *world) {
		w.agent(frontdesk.Agent{ID: "max", Mailboxes: []string{"berlin"}})
		w.histories(readingModel, func(h int, tr *trace) (func(int, *frontdesk.Desk, *rand.Rand), func()) {
			who := fmt.Sprintf("c%03d", h)
			c := w.hears(who, "Hi")
			var mu sync.Mutex
			says := func() *channel.Request {
				mu.Lock()
				defer mu.Unlock()
				return w.provider.Request(w.says(who, "Again"))
			}
			next := func(client int, d *frontdesk.Desk, r *rand.Rand) {
				op := reading{[]string{"open", "open", "unread", "inbound", "look", "count"}[r.IntN(6)], r.IntN(len(agents))}
				s := d.As(frontdesk.Actor{Tenant: tenant, Agent: agents[op.agent]})
				tr.do(client, op, func() any {
					var got frontdesk.Conversation
					var err error
					switch op.op {
					case "inbound":
						_, code := w.redelivered(d, says())
						assert.Equal(t, http.StatusOK, code)
						return nil
					case "open":
						got, err = s.View(ctx, c.ID)
					case "unread":
						got, err = s.MarkUnread(ctx, c.ID)
					case "look":
						got, err = s.Conversation(ctx, c.ID)
					case "count":
						counts, err := s.Counts(ctx)
						assert.NoError(t, err)
						return counts.All == 1 // all others are read
					}
					assert.NoError(t, err)
					return got.Unread
				})
			}
			return next, func() {
				for _, agent := range agents {
					_, err := w.as(agent).View(ctx, c.ID)
					require.NoError(t, err)
				}
			}
		})
	})
}

// posting is an operation on what is sent under a key.
type posting struct{ op, key, text string }

// posted is what was answered: the message's ID and text, or what it is now.
type posted struct{ id, text, state string }

// postingModel is a message for each key, which waits until it is handed over or cancelled, whichever is first, and is neither twice.
var postingModel = porcupine.Model{
	Init: func() any { return posted{} },
	Partition: func(history []porcupine.Operation) (parts [][]porcupine.Operation) {
		byKey := map[string][]porcupine.Operation{}
		for _, op := range history {
			key := op.Input.(posting).key
			byKey[key] = append(byKey[key], op)
		}
		for _, part := range byKey {
			parts = append(parts, part)
		}
		return parts
	},
	Step: func(state, input, output any) (bool, any) {
		m, op, out := state.(posted), input.(posting), output.(posted)
		switch op.op {
		case "send":
			if m.id == "" {
				return out.id != "" && out.text == op.text, posted{out.id, out.text, "waits"}
			}
			if m.text != op.text {
				return out.state == "reused", m
			}
			return out.id == m.id && out.text == m.text, m
		case "hand over":
			return m.state == "waits" && out.id == m.id, posted{m.id, m.text, "gone"}
		case "cancel":
			if m.state == "gone" {
				return out.state == "gone", m
			}
			return m.id != "" && out.state == "cancelled", posted{m.id, m.text, "cancelled"}
		default:
			return m.id == out.id && m.state == out.state, m
		}
	},
	DescribeOperation: describe,
}

// heeded is a channel that tells of each call.
type heeded struct {
	bare
	heard func(channel.Part)
}

func (h heeded) Send(ctx context.Context, p channel.Part) (channel.Sent, error) {
	h.heard(p)
	return h.bare.Send(ctx, p)
}

// Sending with a key, taking back and a worker's claim look, to everybody and from every process, like one after the other: what was taken
// back never leaves, what has left is never taken back, and a key sends one message once.
func TestX8_SendClaimIsLinearizable(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hears("ann", "Hi")
		keys := sync.Map{} // IDs by key
		var now atomic.Pointer[trace]
		var workers []*frontdesk.Desk
		begun := [2]atomic.Int64{}
		for i := range begun {
			workers = append(workers, w.open(with(func(conn channel.Conn) channel.Conn {
				return heeded{bare{conn}, func(p channel.Part) {
					now.Load().note(linearClients+i, posting{op: "hand over", key: strings.Fields(p.Text)[0]}, time.Duration(begun[i].Load()), posted{id: p.Message})
				}}
			})))
		}
		w.histories(postingModel, func(h int, tr *trace) (func(int, *frontdesk.Desk, *rand.Rand), func()) {
			now.Store(tr)
			stop := make(chan struct{})
			var working sync.WaitGroup
			for i, d := range workers {
				working.Go(func() {
					for again := true; again; {
						select {
						case <-stop:
							again = false // once more, for what is left
						default:
						}
						begun[i].Store(int64(time.Since(tr.begun)))
						assert.NoError(t, d.RunDue(ctx))
					}
				})
			}
			next := func(client int, d *frontdesk.Desk, r *rand.Rand) {
				op := posting{[]string{"send", "send", "cancel", "look"}[r.IntN(4)], fmt.Sprintf("k%d-%d", h, r.IntN(12)), ""}
				s := d.As(frontdesk.Actor{Tenant: tenant, Agent: "jd"})
				id, known := keys.Load(op.key)
				if !known {
					op.op = "send"
				}
				if op.op == "send" {
					op.text = fmt.Sprintf("%s text %d", op.key, r.IntN(4)/3)
				}
				tr.do(client, op, func() any { return post(t, s, c.ID, op, id, &keys) })
			}
			return next, func() { close(stop); working.Wait() }
		})
	})
}

// post does one operation on what is sent under a key, and says what was answered.
func post(t *testing.T, s *frontdesk.Session, conv string, op posting, id any, keys *sync.Map) posted {
	switch op.op {
	case "send":
		m, err := s.Reply(ctx, conv, frontdesk.Draft{Text: op.text, Key: op.key})
		if errors.Is(err, frontdesk.ErrKeyReused) {
			return posted{state: "reused"}
		}
		if assert.NoError(t, err) {
			keys.Store(op.key, m.ID)
		}
		return posted{id: m.ID, text: m.Text}
	case "cancel":
		m, err := s.CancelSend(ctx, id.(string))
		if errors.Is(err, frontdesk.ErrSent) {
			return posted{state: "gone"}
		}
		assert.NoError(t, err)
		return posted{state: string(m.Delivery)}
	}
	m, err := s.Message(ctx, id.(string))
	assert.NoError(t, err)
	return posted{id: m.ID, state: map[conversation.Delivery]string{conversation.Queued: "waits", conversation.Sending: "gone", conversation.Sent: "gone",
		conversation.Cancelled: "cancelled"}[m.Delivery]}
}
