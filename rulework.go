package frontdesk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// ruleJob has the rules look at an event. Its group is the conversation's, so that they look at its events one after the other.
type ruleJob struct {
	Position int64              `json:"position"`
	Event    conversation.Event `json:"event"`
}

// matchRules queues the events that rules ask for.
func (t *txn) matchRules(events []Event) error {
	rules, err := t.rules()
	if err != nil {
		return err
	}
	for i := range events {
		e := &events[i].Event
		for j := range rules {
			if !rules[j].triggeredBy(e) {
				continue
			}
			id := fmt.Sprintf("rule/%019d", events[i].Position)
			if err := t.enqueue("rule/"+e.Conversation, id, time.Time{}, ruleJob{Position: events[i].Position, Event: *e}); err != nil {
				return err
			}
			break
		}
	}
	return nil
}

// cause is why a rule acts on a conversation.
type cause struct {
	conversation string
	event        *conversation.Event // nil: its time has come
	position     int64               // of the event
	at           time.Time           // of the event, or of the schedule
}

// key is the key of the run's row: by it a rule acts at most once.
func (c *cause) key(rule string) store.Key {
	id := c.conversation
	if c.event != nil {
		id = itoa(c.position)
	}
	return document("run", fmt.Sprintf("%s/%019d/%s", rule, c.at.UnixMicro(), id))
}

// rule has the rules look at the events of a conversation.
func (w *work) rule(ctx context.Context) error {
	for i, job := range w.lease.Jobs {
		var j ruleJob
		if _, err := store.Decode(job.Body, &j); err != nil {
			return err
		}
		if err := w.ruleEvent(ctx, j); err != nil {
			return err
		}
		err := w.desk.write(ctx, w.lease.Tenant, "", func(t *txn) error {
			w.finish(t, job, i == len(w.lease.Jobs)-1)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *work) ruleEvent(ctx context.Context, j ruleJob) error {
	var rules []Rule
	var settings Settings
	err := w.desk.view(ctx, w.lease.Tenant, func(t *txn) (err error) {
		if err := t.fresh(Actor{}); err != nil {
			return err
		}
		if settings, err = t.settings(); err == nil {
			rules, err = t.rules()
		}
		return err
	})
	if err != nil {
		return err
	}
	for i := range rules {
		r := &rules[i]
		if !r.triggeredBy(&j.Event) {
			continue
		}
		matched, err := w.runRule(ctx, r, &cause{conversation: j.Event.Conversation, event: &j.Event, position: j.Position, at: j.Event.At})
		if err != nil {
			return err
		}
		if matched && (r.Stop || settings.FirstRule) {
			return nil
		}
	}
	return nil
}

// runRule has a rule act on a conversation if it matches. What its steps were refused is noted in a commit of its own, and stops nobody.
func (w *work) runRule(ctx context.Context, r *Rule, why *cause) (matched bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	if err := w.held(); err != nil {
		return false, err
	}
	d, tenant, lock := w.desk, w.lease.Tenant, "conversation/"+why.conversation
	decided := false
	err = d.write(ctx, tenant, lock, func(t *txn) (err error) {
		decided = false
		if matched, err = t.tryRule(r, why); err != nil {
			return err
		}
		decided = true
		w.prolong(t)
		return nil
	})
	// A store that fails says nothing of the rule: it is tried again.
	if err == nil || ctx.Err() != nil || errors.Is(err, ErrBusy) || decided && !errors.Is(err, store.ErrInvalid) {
		return matched, err
	}
	run := why.run(r, RunFailed)
	if run.Reason = cut(err.Error(), maxReason); Refused(err) {
		run.Outcome = RunRefused
	}
	d.log.InfoContext(ctx, "rule not carried out", "tenant", tenant, "rule", r.ID, "conversation", why.conversation, "error", err)
	return true, d.write(ctx, tenant, lock, func(t *txn) error {
		if err := t.load(why.key(r.ID)); err != nil {
			return err
		}
		if _, ran := t.row(why.key(r.ID)); ran {
			return nil
		}
		w.prolong(t)
		return t.putRun(r, why, run)
	})
}

// tryRule carries out a rule's steps if it matches. errStop: there is nothing to write.
func (t *txn) tryRule(r *Rule, why *cause) (matched bool, err error) {
	keys := []store.Key{why.key(r.ID), conversationKey(why.conversation)}
	if why.event != nil && why.event.Message != "" {
		keys = append(keys, messageKey(why.event.Message))
	}
	if err := t.load(keys...); err != nil {
		return false, err
	}
	if _, ran := t.row(keys[0]); ran {
		return true, errStop
	}
	switch now, there, err := t.rule(r.ID); { // it may have been changed or deleted since the run began
	case err != nil:
		return false, err
	case !there || now.Inactive || why.event != nil && !now.triggeredBy(why.event) || why.event == nil && now.Every == nil:
		return false, errStop
	default:
		r = &now
	}
	conv, err := t.conversation(why.conversation)
	if errors.Is(err, ErrNotFound) {
		return false, errStop
	}
	if err != nil {
		return false, err
	}
	m, missed, err := t.missed(r, &conv, why)
	if err != nil {
		return false, err
	}
	if missed != "" {
		return false, errStop
	}
	past, err := t.ruled(r.ID, conv.ID)
	if err != nil {
		return false, err
	}
	switch {
	case why.event == nil && t.now.Sub(past.Last) < r.Again:
		return false, errStop
	case past.Count >= MaxRuleRuns && t.now.Sub(past.Since) < time.Hour:
		return true, &conversation.StateError{Command: "rule", Reason: fmt.Sprintf("it has acted on the conversation %d times within an hour", past.Count)}
	}
	if err := t.steps(r, &conv, m); err != nil {
		return true, err
	}
	return true, t.putRun(r, why, why.run(r, RunDone))
}

// missed returns the name of what of a rule's filter does not hold, and the message that it looks at.
func (t *txn) missed(r *Rule, conv *conversation.Conversation, why *cause) (m *conversation.Message, name string, err error) {
	if conv.Gone() || conv.Place == conversation.Spam || conv.Place == conversation.Trash {
		return nil, "Place", nil
	}
	if why.event != nil && why.event.Message != "" {
		one, err := t.message(why.event.Message)
		if err == nil && one.Direction != conversation.Activity {
			m = &one
		} else if err != nil && !errors.Is(err, ErrNotFound) {
			return nil, "", err
		}
	}
	if m == nil && r.If.Text != "" {
		if m, err = t.lastMessage(conv, conversation.Inbound, conversation.Outbound); err != nil {
			return nil, "", err
		}
	}
	return m, r.If.missed(conv, m, t.now), nil
}

// lastMessage returns a conversation's last message of a direction; nil if the last hundred entries hold none.
func (t *txn) lastMessage(conv *conversation.Conversation, of ...conversation.Direction) (*conversation.Message, error) {
	page, err := t.desk.store.List(t.ctx, store.Query{Tenant: t.tenant, Kind: store.Message, Fact: "conversation", Value: conv.ID, Limit: 100})
	if err != nil {
		return nil, err
	}
	all, err := decodeAll[conversation.Message](page.Rows)
	for i := range all {
		if m := &all[i]; m.Visible() && slices.Contains(of, m.Direction) {
			return m, err
		}
	}
	return nil, err
}

// steps carries out a rule's steps on a conversation.
func (t *txn) steps(r *Rule, conv *conversation.Conversation, m *conversation.Message) error {
	c, err := t.caller(Actor{Tenant: t.tenant, Automation: ruleActor + r.ID}, "rule", toWork)
	if err != nil {
		return err
	}
	for i, s := range r.Do {
		if err := t.step(c, conv, s, m); err != nil {
			return wrap("step", itoa(int64(i+1)), err)
		}
	}
	return nil
}
