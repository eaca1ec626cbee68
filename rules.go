package frontdesk

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// Rule is an automation: when something happens, or at a time, it does its steps to the conversations that pass its filter. All steps are
// done, or none, in one commit; what became of it is in the log, see RuleRuns. It does them at most once for an event, or for a
// conversation at one time of its schedule. What is in spam or trash it leaves alone.
//
// It acts as an automation of the name "rule:" and its ID. What rules do starts no rule, and a rule acts on a conversation at most
// MaxRuleRuns times in an hour, so that no circle of rules, bots and channels goes on. An automation may answer only what is closed: a
// rule that is to answer what is open closes it in a step before.
type Rule struct {
	ID       string `json:"id"` // at most 59 bytes
	Name     string `json:"name,omitempty"`
	Inactive bool   `json:"inactive,omitempty"`
	Order    int    `json:"order,omitempty"` // rules of lower order come first; of the same, those of lower ID

	On    []Trigger     `json:"on,omitempty"`    // it acts when one of these happens, at most 20; or
	Every *Schedule     `json:"every,omitempty"` // it acts at times
	Again time.Duration `json:"again,omitempty"` // with Every: for how long it leaves a conversation alone after acting on it, up to 30 days. Defaults to 0

	If   Filter `json:"if,omitzero"`    // of conversations: all that it names must hold
	Do   []Step `json:"do"`             // in order, 1 to 6
	Stop bool   `json:"stop,omitempty"` // when it has matched an event, the rules behind it do not look at it; so it is for all with Settings.FirstRule
}

// Trigger is something that happens to a conversation.
type Trigger struct {
	Event string                   `json:"event"`        // a type of event of conversations or messages, such as conversation.EventReceived
	By    []conversation.ActorKind `json:"by,omitempty"` // whose doing it is. Defaults to anybody's

	// Gained and Lost are a value that came, or went: a tag of EventTagged, a record of EventLinked, a status, a type, a priority as its
	// digit. One that ends in "/" stands for all that begin so: "order/" for any order.
	Gained string `json:"gained,omitempty"`
	Lost   string `json:"lost,omitempty"`
}

// Step is one thing that a rule does: exactly one of its members is set.
type Step struct {
	Action   Action        // one of Assign, SetStatus, Complete, Archive, Trash, Restore, Tag, Pause, SetPriority, SetType, ChangeFolders, ChangeOwners, ChangeSubscribers
	Answer   string        // a text sent to the customer, with {{field}} and {{field|fallback}}; a field without a value is left out
	Reply    string        // ID of a saved reply sent to the customer
	Whisper  string        // an internal text, with fields
	Deadline time.Duration // moves the deadline by so much, from now where there is none; within five years
	FollowUp time.Duration // has it followed up so long from now; up to five years
	Tell     bool          // tells of it: an event conversation.EventRuled, which endpoints may be told of
}

// Limits of rules.
const (
	MaxRules    = 100 // of a tenant
	MaxRuleRuns = 10  // of a rule on one conversation in an hour

	maxTriggers = 20
	maxSteps    = 6
	maxRuleID   = conversation.MaxHostID - len(ruleActor)
	maxAgain    = 30 * 24 * time.Hour
	ruleActor   = "rule:"
)

func ruleKey(id string) store.Key { return document("rule", id) }

// triggeredBy reports whether a rule acts when an event happens.
func (r *Rule) triggeredBy(e *conversation.Event) bool {
	if r.Inactive || e.Conversation == "" || e.Actor.Kind == conversation.ByAutomation && strings.HasPrefix(e.Actor.ID, ruleActor) {
		return false
	}
	return slices.ContainsFunc(r.On, func(on Trigger) bool { return on.holds(e) })
}

func (on *Trigger) holds(e *conversation.Event) bool {
	if on.Event != e.Type || len(on.By) > 0 && !slices.Contains(on.By, e.Actor.Kind) {
		return false
	}
	return (on.Gained == "" || among(on.Gained, e.To, e.From)) && (on.Lost == "" || among(on.Lost, e.From, e.To))
}

// among reports whether a value is in a list that is joined by commas, and not in the other.
func among(value, list, other string) bool {
	others := strings.Split(other, ",")
	for one := range strings.SplitSeq(list, ",") {
		if (one == value || strings.HasSuffix(value, "/") && strings.HasPrefix(one, value)) && !slices.Contains(others, one) {
			return true
		}
	}
	return false
}

// SaveRule makes a rule or replaces it. It acts on what happens from then on, and may act on what
// happened just before. It needs an admin. Saving the same again changes nothing.
// Errors: ErrInvalid, ErrNotFound (what a step names is not there), ErrForbidden.
func (s *Session) SaveRule(ctx context.Context, r Rule) error {
	if err := r.check(); err != nil {
		return wrap("save rule", r.ID, err)
	}
	doc, err := storeRule(r)
	if err != nil {
		return wrap("save rule", r.ID, err)
	}
	return s.save(ctx, "save rule", ruleKey(r.ID), func(t *txn) (any, error) {
		if err := t.checkSteps(r.Do); err != nil {
			return nil, err
		}
		return doc, t.arrangeRule(r)
	})
}

// arrangeRule opens the way of what happens to a new rule, and sets its next time.
func (t *txn) arrangeRule(r Rule) error {
	old, exists, err := t.rule(r.ID)
	if err != nil {
		return err
	}
	if !exists {
		all, err := documents[ruleDoc](t, "rule/")
		if err == nil && len(all) >= MaxRules {
			err = invalid("Rule", "there are %d, at most %d; delete one first", len(all), MaxRules)
		}
		if err != nil {
			return err
		}
		if err := t.openTap(tapRules); err != nil {
			return err
		}
	}
	if r.Every == nil || r.Inactive || exists && !old.Inactive && old.Every != nil && *old.Every == *r.Every {
		return nil
	}
	return t.planRule(r.ID, r.Every.next(t.now))
}

// rule returns a rule; ok is false if it is not there.
func (t *txn) rule(id string) (r Rule, ok bool, err error) {
	if store.CheckText(ruleKey(id).ID, false) != "" {
		return r, false, nil
	}
	doc, ok, err := doc[ruleDoc](t, ruleKey(id))
	if err != nil || !ok {
		return r, false, err
	}
	r, err = doc.load()
	return r, err == nil, err
}

// rules returns all rules in their order. One that this program cannot read, since a newer one wrote it, is left out.
func (t *txn) rules() (out []Rule, err error) {
	docs, err := documents[ruleDoc](t, "rule/")
	if err != nil {
		return nil, err
	}
	for _, doc := range docs {
		r, err := doc.load()
		if err != nil {
			t.desk.log.ErrorContext(t.ctx, "rule left out", "tenant", t.tenant, "rule", doc.ID, "error", err)
			continue
		}
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b Rule) int { return cmp.Or(cmp.Compare(a.Order, b.Order), cmp.Compare(a.ID, b.ID)) })
	return out, nil
}

// Rules returns the tenant's rules in their order. It needs an admin.
func (s *Session) Rules(ctx context.Context) (out []Rule, err error) {
	err = s.readFor(ctx, "rules", toManage, func(t *txn, _ caller) error {
		out, err = t.rules()
		return err
	})
	return out, wrap("rules", "", err)
}

// DeleteRule deletes a rule; its log stays for as long as the feed keeps events. It needs an admin. Deleting one that is not there does
// nothing.
func (s *Session) DeleteRule(ctx context.Context, id string) error {
	key := ruleKey(id)
	if store.CheckText(key.ID, false) != "" {
		return nil // there is none of such an ID
	}
	err := s.desk.write(ctx, s.actor.Tenant, "", func(t *txn) error {
		c, err := t.caller(s.actor, "delete rule", toManage)
		if err != nil {
			return err
		}
		if _, exists, err := t.docRow(key); err != nil || !exists {
			return err
		}
		if err := t.closeTap(tapRules, "rule", key); err != nil {
			return err
		}
		t.remove(key)
		if err := t.load(planKey(id)); err != nil {
			return err
		}
		if _, ok := t.row(planKey(id)); ok {
			t.remove(planKey(id))
		}
		actor := c.who()
		actor.Name, actor.Initials = "", ""
		t.tell(t.now, conversation.Event{Type: conversation.EventSetting, At: t.now, Actor: actor, Subject: key.ID})
		return t.enqueue(runsGroup(id), runsGroup(id)+"/"+t.id(0), t.now.Add(t.desk.cfg.KeepEvents), runsJob{})
	})
	return wrap("delete rule", id, err)
}
