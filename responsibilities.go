package frontdesk

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/frontdesk-go/frontdesk/conversation"
)

// Responsibility is a kind of responsibility that agents can have for a conversation: "purchasing", "returns". Owners have one each; a
// conversation that a responsibility is subscribed to is subscribed to by all agents who have it.
type Responsibility struct {
	ID       string            `json:"id"`
	Names    map[string]string `json:"names"` // by language, BCP 47
	Position int               `json:"position,omitempty"`
	Agents   []string          `json:"agents,omitempty"` // who has it, by ID; at most 1,000
	Hidden   bool              `json:"hidden,omitempty"` // it cannot be chosen any more, and keeps its name where it was
}

// maxResponsible is how many agents a responsibility has at the most.
const maxResponsible = 1000

// SaveResponsibility makes a responsibility or changes it. Its agents must exist. It needs an admin.
func (s *Session) SaveResponsibility(ctx context.Context, r Responsibility) error {
	r.Agents = distinct(r.Agents)
	if problem := conversation.CheckID(r.ID); problem != "" {
		return invalid("ID", "%s", problem)
	}
	if err := checkNames(r.Names); err != nil {
		return err
	}
	if len(r.Agents) > maxResponsible {
		return invalid("Agents", "%d agents, at most %d", len(r.Agents), maxResponsible)
	}
	return s.save(ctx, "save responsibility", document("role", r.ID), func(t *txn) (any, error) {
		for _, id := range r.Agents {
			if _, err := t.agent(id); err != nil {
				return nil, err
			}
		}
		return r, nil
	})
}

// Responsibilities returns all responsibilities, by position.
func (s *Session) Responsibilities(ctx context.Context) (out []Responsibility, err error) {
	err = s.read(ctx, "responsibilities", "", func(t *txn, _ caller) error {
		if out, err = documents[Responsibility](t, "role/"); err != nil {
			return err
		}
		slices.SortFunc(out, func(a, b Responsibility) int {
			return cmp.Or(cmp.Compare(a.Position, b.Position), cmp.Compare(a.ID, b.ID))
		})
		return nil
	})
	return out, err
}

// checkOwners refuses a responsibility that is not there or hidden, and an agent who cannot work in the mailbox.
func (t *txn) checkOwners(mailbox string, a ChangeOwners) error {
	for _, o := range a.Add {
		if err := t.checkResponsibility(o.Role); err != nil {
			return err
		}
		if err := t.checkWorker("an owner", mailbox, o.Agent); err != nil {
			return err
		}
	}
	return nil
}

func (t *txn) checkResponsibility(id string) error {
	r, err := need[Responsibility](t, "role", id)
	if err == nil && r.Hidden {
		err = invalid("Role", "%q is hidden; choose another", id)
	}
	return err
}

// checkSubscribers refuses a responsibility that is not there or hidden, and an agent who does not see the mailbox. What is no subscriber
// at all the domain refuses.
func (t *txn) checkSubscribers(mailbox string, a ChangeSubscribers) error {
	for _, s := range a.Add {
		kind, id, _ := strings.Cut(s, "/")
		switch kind {
		case "role":
			if err := t.checkResponsibility(id); err != nil {
				return err
			}
		case "agent":
			agent, err := t.agent(id)
			if err != nil {
				return err
			}
			if agent.Inactive || !seesAll(agent) && !slices.Contains(agent.Mailboxes, mailbox) {
				return invalid("Subscribers", "%q cannot subscribe: inactive, or not a member of mailbox %q", id, mailbox)
			}
		}
	}
	return nil
}

// Subscribe makes the calling agent a subscriber of a conversation that he sees. It needs an agent who may work.
func (s *Session) Subscribe(ctx context.Context, id string) (Conversation, error) {
	return s.subscription(ctx, "subscribe", id, ChangeSubscribers{Add: []string{conversation.SubscriberAgent(s.actor.Agent)}})
}

// Unsubscribe ends the calling agent's subscription. What his responsibilities are subscribed to stays so.
func (s *Session) Unsubscribe(ctx context.Context, id string) (Conversation, error) {
	return s.subscription(ctx, "unsubscribe", id, ChangeSubscribers{Remove: []string{conversation.SubscriberAgent(s.actor.Agent)}})
}

func (s *Session) subscription(ctx context.Context, op, id string, change ChangeSubscribers) (Conversation, error) {
	if s.actor.Agent == "" {
		return Conversation{}, wrap(op, id, &ForbiddenError{Command: op, Needs: "an agent: only people subscribe themselves"})
	}
	return s.act(ctx, op, id, toWork, func(*txn, caller, *conversation.Conversation) ([]conversation.Command, error) {
		return []conversation.Command{change}, nil
	})
}
