package frontdesk

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// Bulk is the same actions on many conversations: those named, or all that a query finds.
type Bulk struct {
	IDs     []string // at most 10,000; or
	Query   *Query   // what of it the caller sees, created before the call. Its Limit and Cursor mean nothing here
	Actions []Action // 1 to 8, all or none of them on each conversation

	_ struct{}
}

// Limits of a bulk.
const (
	MaxBulkIDs = 10000 // of Bulk.IDs
	MaxDoAll   = 100   // of DoAll
)

// keepBulk is how long a bulk's results can be read after its end.
const keepBulk = 30 * 24 * time.Hour

// BulkStatus says how far a bulk is.
type BulkStatus string

// The states of a bulk.
const (
	BulkRunning   BulkStatus = "running"
	BulkDone      BulkStatus = "done"
	BulkCancelled BulkStatus = "cancelled"
	BulkStopped   BulkStatus = "stopped" // its actor lost the right to it; Reason says more
)

// BulkState is a bulk's progress.
type BulkState struct {
	ID      string
	Status  BulkStatus
	Reason  string // why it was stopped
	Total   int    // of a bulk over IDs; 0: not known
	Done    int    // conversations on which the actions were carried out, those on which nothing was left to do included
	Failed  int    // refused or busy: their results say why
	Erased  int    // of EmptyTrash: single messages
	Started time.Time
	Ended   time.Time
}

// BulkResult is what became of one conversation.
type BulkResult struct {
	ID    string `json:"id"`
	Error string `json:"error,omitempty"` // "": done
	Code  string `json:"code,omitempty"`  // of Error: not-found, forbidden, invalid, state, busy or error
}

// bulkDoc is a bulk under way. It is written with each conversation's change, so that each is changed exactly once and a cancel holds at
// once.
type bulkDoc struct {
	ID      string         `json:"id"`
	Actor   bulkActor      `json:"actor"`
	Needs   right          `json:"needs"`
	Query   *storedQuery   `json:"query,omitempty"` // nil: over IDs, which are a document of their own
	Actions []storedAction `json:"actions"`
	CutOff  time.Time      `json:"cutOff"`

	After  string     `json:"after,omitempty"` // ID of the last conversation dealt with
	Status BulkStatus `json:"status"`
	Reason string     `json:"reason,omitempty"`
	Total  int        `json:"total,omitempty"`
	Done   int        `json:"done,omitempty"`
	Failed int        `json:"failed,omitempty"`
	Wiped  int        `json:"wiped,omitempty"` // emptying trash: single messages
	Ended  time.Time  `json:"ended,omitzero"`
}

// bulkActor is who began it. His rights are looked up anew for each conversation.
type bulkActor struct {
	Agent      string `json:"agent,omitempty"`
	Automation string `json:"automation,omitempty"`
	System     bool   `json:"system,omitempty"`
}

func (a bulkActor) actor(tenant string) Actor {
	return Actor{Tenant: tenant, Agent: a.Agent, Automation: a.Automation, system: a.System}
}

// storedQuery is a Query as a document holds it.
type storedQuery struct {
	Query json.RawMessage `json:"query"`
	Saved string          `json:"saved,omitempty"`
}

func storeQuery(q Query) (*storedQuery, error) {
	q.Limit, q.Cursor = 0, ""
	text, err := json.Marshal(q)
	if err != nil { // a time that no body can hold
		return nil, invalid("Query", "%v", err)
	}
	return &storedQuery{Query: text, Saved: q.Saved}, nil
}

func (q *storedQuery) load() (out Query, err error) {
	err = json.Unmarshal(q.Query, &out)
	out.Saved = q.Saved
	return out, err
}

type bulkIDs struct {
	IDs []string `json:"ids"` // sorted
}

// bulkPage holds up to bulkPageSize results.
type bulkPage struct {
	Results []BulkResult `json:"results"`
}

const bulkPageSize = 100

func bulkKey(id string) store.Key    { return document("bulk", id) }
func bulkIDsKey(id string) store.Key { return document("bulkids", id) }
func bulkPageKey(id string, n int) store.Key {
	return document("bulkpage", fmt.Sprintf("%s/%09d", id, n))
}

// bulkJob does a bulk, or drops one that ended long enough ago.
type bulkJob struct {
	ID   string `json:"id"`
	Drop bool   `json:"drop,omitempty"`
}

// Bulk queues actions on many conversations and returns the ID under which their progress is told. Each conversation is changed in a
// commit of its own, once, with its actor's rights of that moment: what he does not see by then is left alone, and when he may work no more
// the bulk stops. One that refuses or is busy is told in its result and stops no other. Errors: ErrForbidden, ErrInvalid.
func (s *Session) Bulk(ctx context.Context, b Bulk) (id string, err error) {
	doc, ids, err := s.newBulk(b)
	if err != nil {
		return "", wrap("bulk", "", err)
	}
	doc.Needs = toWork
	return s.beginBulk(ctx, "bulk", doc, ids, b.Actions)
}

// MarkAllRead marks as read, for the caller, what a query finds and nobody has written in since the call. It is a Bulk.
func (s *Session) MarkAllRead(ctx context.Context, q Query) (id string, err error) {
	return s.Bulk(ctx, Bulk{Query: &q, Actions: []Action{MarkRead{}}})
}

func (s *Session) newBulk(b Bulk) (doc bulkDoc, ids []string, err error) {
	switch {
	case (len(b.IDs) > 0) == (b.Query != nil):
		return doc, nil, invalid("Bulk", "give IDs or a Query, one of them")
	case len(b.IDs) > MaxBulkIDs:
		return doc, nil, invalid("IDs", "%d, at most %d", len(b.IDs), MaxBulkIDs)
	case len(b.Actions) == 0 || len(b.Actions) > maxThen:
		return doc, nil, invalid("Actions", "%d actions; give 1 to %d", len(b.Actions), maxThen)
	}
	for _, id := range b.IDs {
		if problem := store.CheckText(id, false); problem != "" {
			return doc, nil, invalid("IDs", "%q %s", id, problem)
		}
	}
	if doc.Actions, err = storeActions(b.Actions); err != nil {
		return doc, nil, err
	}
	if b.Query != nil {
		doc.Query, err = storeQuery(*b.Query)
		return doc, nil, err
	}
	ids = slices.Compact(slices.Sorted(slices.Values(b.IDs)))
	doc.Total = len(ids)
	return doc, ids, nil
}

// beginBulk stores a bulk and queues its work, in one commit.
func (s *Session) beginBulk(ctx context.Context, op string, doc bulkDoc, ids []string, actions []Action) (string, error) {
	doc.Actor = bulkActor{s.actor.Agent, s.actor.Automation, s.actor.system}
	doc.Status = BulkRunning
	err := s.desk.write(ctx, s.actor.Tenant, "", func(t *txn) error {
		c, err := t.caller(s.actor, op, doc.Needs)
		if err != nil {
			return err
		}
		if _, err := t.bulkActions(c, doc.Needs, nil, actions); err != nil {
			return err
		}
		if doc.Query != nil {
			q, err := doc.Query.load()
			if err != nil {
				return err
			}
			if _, err := t.compile(c, q); err != nil {
				return err
			}
		}
		doc.ID, doc.CutOff = t.id(0), t.now
		t.absent(bulkKey(doc.ID))
		if err := t.put(store.Row{Key: bulkKey(doc.ID)}, formatDocument, doc); err != nil {
			return err
		}
		if doc.Query == nil {
			t.absent(bulkIDsKey(doc.ID))
			if err := t.put(store.Row{Key: bulkIDsKey(doc.ID)}, formatDocument, bulkIDs{ids}); err != nil {
				return err
			}
		}
		return t.enqueue("bulk/"+doc.ID, "bulk/"+doc.ID, time.Time{}, bulkJob{ID: doc.ID})
	})
	return doc.ID, wrap(op, "", err)
}

// bulkActions checks the actions of a bulk for a conversation; nil for none yet. It returns those for the domain.
func (t *txn) bulkActions(c caller, needs right, conv *conversation.Conversation, actions []Action) ([]conversation.Command, error) {
	rest := make([]Action, 0, len(actions))
	for _, a := range actions {
		switch a.(type) {
		case MarkRead, MarkUnread:
			if c.Agent == "" {
				return nil, &ForbiddenError{Command: "mark read", Needs: "an agent: only people read"}
			}
		case conversation.Erase:
			if needs != toManage {
				return nil, invalid("Actions", "erasing is for EmptyTrash")
			}
		case Assign, SetType, ChangeOwners, ChangeSubscribers:
			if conv != nil {
				rest = append(rest, a) // what may be set depends on the conversation and its mailbox
			}
		default:
			rest = append(rest, a)
		}
	}
	return actions, t.checkActions(c, conv, rest)
}

// DoAll carries out actions on at most 100 conversations and returns what became of each, in their order, when all are done. For more
// there is Bulk. Errors: ErrForbidden, ErrInvalid; what goes wrong with one conversation is in its result.
func (s *Session) DoAll(ctx context.Context, ids []string, actions ...Action) ([]BulkResult, error) {
	if len(ids) > MaxDoAll {
		return nil, wrap("do all", "", invalid("ids", "%d, at most %d; use Bulk for more", len(ids), MaxDoAll))
	}
	if len(actions) == 0 || len(actions) > maxThen {
		return nil, wrap("do all", "", invalid("actions", "%d actions; give 1 to %d", len(actions), maxThen))
	}
	err := s.readFor(ctx, "do all", toWork, func(t *txn, c caller) error {
		_, err := t.bulkActions(c, toWork, nil, actions)
		return err
	})
	if err != nil {
		return nil, wrap("do all", "", err)
	}
	out := make([]BulkResult, len(ids))
	for i, id := range ids {
		_, err := s.act(ctx, "do all", id, toWork, func(t *txn, c caller, conv *conversation.Conversation) ([]conversation.Command, error) {
			return t.bulkActions(c, toWork, conv, actions)
		})
		if ctx.Err() != nil {
			return nil, wrap("do all", "", ctx.Err())
		}
		out[i] = result(id, err)
	}
	return out, nil
}
