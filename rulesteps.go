package frontdesk

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/conversation/reply"
)

// ruleDoc is a rule as it is stored.
type ruleDoc struct {
	Rule
	Do []stepDoc `json:"do"`
}

// stepDoc is a step as it is stored.
type stepDoc struct {
	Action   []storedAction `json:"action,omitempty"` // at most one
	Answer   string         `json:"answer,omitempty"`
	Reply    string         `json:"reply,omitempty"`
	Whisper  string         `json:"whisper,omitempty"`
	Deadline time.Duration  `json:"deadline,omitempty"`
	FollowUp time.Duration  `json:"followUp,omitempty"`
	Tell     bool           `json:"tell,omitempty"`
}

func storeRule(r Rule) (doc ruleDoc, err error) {
	doc.Rule = r
	for _, s := range r.Do {
		d := stepDoc{Answer: s.Answer, Reply: s.Reply, Whisper: s.Whisper, Deadline: s.Deadline, FollowUp: s.FollowUp, Tell: s.Tell}
		if s.Action != nil {
			if d.Action, err = storeActions([]Action{s.Action}); err != nil {
				return doc, err
			}
		}
		doc.Do = append(doc.Do, d)
	}
	doc.Rule.Do = nil
	return doc, nil
}

func (doc ruleDoc) load() (Rule, error) {
	r := doc.Rule
	for _, d := range doc.Do {
		s := Step{Answer: d.Answer, Reply: d.Reply, Whisper: d.Whisper, Deadline: d.Deadline, FollowUp: d.FollowUp, Tell: d.Tell}
		actions, err := loadActions(d.Action)
		if err != nil {
			return r, err
		}
		if len(actions) > 0 {
			s.Action = actions[0]
		}
		r.Do = append(r.Do, s)
	}
	return r, nil
}

// check refuses a rule that says nothing, contradicts itself or is out of bounds.
func (r *Rule) check() error {
	if problem := conversation.CheckID(r.ID); problem != "" {
		return invalid("ID", "%s", problem)
	}
	if len(r.ID) > maxRuleID {
		return invalid("ID", "is %d bytes, at most %d", len(r.ID), maxRuleID)
	}
	if problems := conversation.CheckText(r.Name, maxName); len(problems) > 0 {
		return &InvalidError{Field: "Name", Problems: problems}
	}
	switch {
	case (len(r.On) > 0) == (r.Every != nil):
		return invalid("On", "give On or Every, one of them")
	case len(r.On) > maxTriggers:
		return invalid("On", "%d triggers, at most %d", len(r.On), maxTriggers)
	case r.Again < 0 || r.Again > maxAgain || r.Again > 0 && r.Every == nil:
		return invalid("Again", "%s; use up to 30 days, with Every", r.Again)
	case len(r.Do) == 0 || len(r.Do) > maxSteps:
		return invalid("Do", "%d steps; give 1 to %d", len(r.Do), maxSteps)
	}
	for i := range r.On {
		if err := r.On[i].check(); err != nil {
			return err
		}
	}
	if r.Every != nil {
		if err := r.Every.check(); err != nil {
			return err
		}
	}
	for i := range r.Do {
		if err := r.Do[i].check(); err != nil {
			return wrap("step", itoa(int64(i+1)), err)
		}
	}
	return r.If.check()
}

var actorKinds = []conversation.ActorKind{conversation.ByAgent, conversation.ByAutomation, conversation.BySystem, conversation.ByContact}

func (on *Trigger) check() error {
	if area, _, _ := strings.Cut(on.Event, "."); area != "conversation" && area != "message" || !slices.Contains(eventTypes, on.Event) {
		return invalid("Event", "%q is no type of event of conversations or messages", on.Event)
	}
	for _, kind := range on.By {
		if !slices.Contains(actorKinds, kind) {
			return invalid("By", "%q is no kind of actor; use %v", kind, actorKinds)
		}
	}
	for field, value := range map[string]string{"Gained": on.Gained, "Lost": on.Lost} {
		if len(value) > 200 || strings.Contains(value, ",") {
			return invalid(field, "%q; give one value of at most 200 bytes, without a comma", value)
		}
	}
	if len(on.By) > len(actorKinds) {
		return invalid("By", "%d kinds, at most %d", len(on.By), len(actorKinds))
	}
	return nil
}

// check refuses a step that is none, or several.
func (s *Step) check() error {
	n := 0
	for _, set := range []bool{s.Action != nil, s.Answer != "", s.Reply != "", s.Whisper != "", s.Deadline != 0, s.FollowUp != 0, s.Tell} {
		if set {
			n++
		}
	}
	switch {
	case n != 1:
		return invalid("Step", "has %d members set; set one", n)
	case s.Deadline.Abs() > conversation.MaxPlan:
		return invalid("Deadline", "%s is more than five years", s.Deadline)
	case s.FollowUp < 0 || s.FollowUp > conversation.MaxPlan:
		return invalid("FollowUp", "%s is not within 0 and five years", s.FollowUp)
	}
	switch s.Action.(type) {
	case nil, Assign, SetStatus, Complete, Archive, Trash, Restore, Tag, Pause, SetPriority, SetType, ChangeFolders, ChangeOwners, ChangeSubscribers:
	default:
		return invalid("Action", "%T is not an action of rules; use those that Step names", s.Action)
	}
	for _, text := range []string{s.Answer, s.Whisper} {
		if _, err := reply.Parse(text); err != nil {
			return err
		}
	}
	return nil
}

// checkSteps refuses what names an agent, a team or a saved reply that is not there.
func (t *txn) checkSteps(steps []Step) error {
	for _, s := range steps {
		if s.Reply != "" {
			r, err := need[SavedReply](t, "reply", s.Reply)
			if err != nil {
				return err
			}
			if r.Agent != "" {
				return fmt.Errorf("reply %q: %w", s.Reply, ErrNotFound) // a rule is nobody's, and could not use it
			}
		}
		if a, ok := s.Action.(Assign); ok {
			if a.Agent != "" {
				if _, err := t.agent(a.Agent); err != nil {
					return err
				}
			}
			if a.Team != "" {
				if _, err := need[Team](t, "team", a.Team); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// step does one step. conv is as the steps before left it, and as this one leaves it.
func (t *txn) step(c caller, conv *conversation.Conversation, s Step, by *conversation.Message) error {
	t.ids = t.desk.ids(idsPerCommand) // the run's own row sees to it that a second attempt does nothing twice
	switch {
	case s.Answer != "" || s.Reply != "":
		if by == nil || by.Direction != conversation.Inbound {
			var err error
			if by, err = t.lastMessage(conv, conversation.Inbound); err != nil {
				return err
			}
		}
		if by != nil && by.Automatic {
			return &conversation.StateError{Command: "answer by rule", Reason: "the message was sent automatically"}
		}
		_, err := t.answer(c, conv, Draft{Text: s.Answer, Reply: s.Reply, Public: true, Missing: MissingBlank}, nil, false)
		return err
	case s.Whisper != "":
		_, err := t.answer(c, conv, Draft{Text: s.Whisper, Whisper: true, Missing: MissingBlank}, nil, false)
		return err
	case s.Tell:
		actor := c.who()
		actor.Name = ""
		t.tell(t.now, conversation.Event{Type: conversation.EventRuled, At: t.now, Actor: actor, Conversation: conv.ID, Mailbox: conv.Mailbox,
			Subject: "rule/" + strings.TrimPrefix(actor.ID, ruleActor)})
		return nil
	}
	action := s.Action
	switch {
	case s.Deadline != 0 && conv.Deadline.IsZero():
		action = SetDeadline{At: t.now.Add(s.Deadline)}
	case s.Deadline != 0:
		action = SetDeadline{At: conv.Deadline.Add(s.Deadline)}
	case s.FollowUp != 0:
		action = SetFollowUp{At: t.now.Add(s.FollowUp)}
	}
	if err := t.checkActions(c, conv, []Action{action}); err != nil {
		return err
	}
	env, err := t.env(c.who(), conv.Mailbox, t.ids)
	if err != nil {
		return err
	}
	change, err := t.apply(conv, false, env, action)
	if err != nil {
		return fmt.Errorf("%T: %w", action, err)
	}
	*conv = change.Conversation
	return nil
}
