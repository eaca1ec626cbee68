package frontdesk

import (
	"context"
	"regexp"
	"slices"

	"github.com/frontdesk-go/frontdesk/conversation"
)

// Capture is a rule that finds order numbers and the like in what customers write, in the commit of the message: a link to one of the
// host's records, or a value of a conversation's custom field. What it finds is suggested, for a person to confirm, unless the rule is
// Proven. What a person has set stays.
type Capture struct {
	ID      string `json:"id"`
	Pattern string `json:"pattern"`          // in RE2's syntax, at most 500 bytes: its first group is the value, or all of it
	Kind    string `json:"kind,omitempty"`   // of the records it links to, such as "order"; or
	Field   string `json:"field,omitempty"`  // the ID of a conversation's field
	Proven  bool   `json:"proven,omitempty"` // what it finds is certain
}

// captures are all rules of a tenant. They are one document, so that an inbound message rests on one more row and not on fifty.
type captures struct {
	Rules []Capture `json:"rules"` // by ID
}

// maxCaptures is how many rules a tenant has at the most.
const maxCaptures = 50

// SaveCapture makes a rule or replaces it. It needs an admin. Errors: ErrInvalid, ErrForbidden, conversation.ErrValue for the pattern.
func (s *Session) SaveCapture(ctx context.Context, r Capture) error {
	if err := r.check(); err != nil {
		return wrap("save capture", r.ID, err)
	}
	return s.save(ctx, "save capture", document("captures", "tenant"), func(t *txn) (any, error) {
		if r.Field != "" {
			if f, found, err := t.field(r.Field); err != nil || !found || f.Of != OfConversation {
				return nil, orElse(err, invalid("Field", "%q is not a field of a conversation; define it with SaveField", r.Field))
			}
		}
		all, _, err := doc[captures](t, document("captures", "tenant"))
		if err != nil {
			return nil, err
		}
		rules := slices.DeleteFunc(slices.Clone(all.Rules), func(o Capture) bool { return o.ID == r.ID })
		if len(rules) >= maxCaptures {
			return nil, invalid("ID", "there are %d rules, at most %d", len(rules), maxCaptures)
		}
		at, _ := slices.BinarySearchFunc(rules, r.ID, func(o Capture, id string) int {
			if o.ID < id {
				return -1
			}
			return 1
		})
		return captures{Rules: slices.Insert(rules, at, r)}, nil
	})
}

func orElse(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

func (r Capture) check() error {
	if problem := conversation.CheckID(r.ID); problem != "" {
		return invalid("ID", "%s", problem)
	}
	if (r.Kind == "") == (r.Field == "") {
		return invalid("Kind", "name the kind of records to link to, or a field, and not both")
	}
	if problem := conversation.CheckID(r.Kind); r.Kind != "" && problem != "" {
		return invalid("Kind", "%q %s", r.Kind, problem)
	}
	_, err := conversation.Pattern("Pattern", r.Pattern)
	return err
}

// DeleteCapture deletes a rule. It needs an admin. Deleting one that is not there does nothing.
func (s *Session) DeleteCapture(ctx context.Context, id string) error {
	return s.save(ctx, "delete capture", document("captures", "tenant"), func(t *txn) (any, error) {
		all, _, err := doc[captures](t, document("captures", "tenant"))
		if err != nil {
			return nil, err
		}
		is := func(o Capture) bool { return o.ID == id }
		if !slices.ContainsFunc(all.Rules, is) {
			return nil, errStop
		}
		return captures{Rules: slices.DeleteFunc(slices.Clone(all.Rules), is)}, nil
	})
}

// Captures returns the rules, by ID.
func (s *Session) Captures(ctx context.Context) (rules []Capture, err error) {
	err = s.read(ctx, "captures", "", func(t *txn, _ caller) error {
		all, _, err := doc[captures](t, document("captures", "tenant"))
		rules = all.Rules
		return err
	})
	return rules, err
}

// capture looks for what the rules ask for in a message that has come in.
func (in *inbound) capture(m *conversation.Message) error {
	all, _, err := doc[captures](in.txn, document("captures", "tenant"))
	if err != nil || len(all.Rules) == 0 || m.Automatic {
		return err
	}
	found := conversation.Found{Fields: map[string]conversation.Value{}}
	for _, r := range all.Rules {
		re, err := in.desk.finder(r.Pattern)
		if err != nil {
			continue // saved by a program that knew other limits
		}
		values := conversation.Finds(re, m)
		if r.Field != "" {
			if err := in.captureField(found.Fields, r, values); err != nil {
				return err
			}
			continue
		}
		for _, v := range values {
			l := conversation.Link{Kind: r.Kind, ID: v, By: conversation.ByCapture}
			if r.Proven {
				found.Links = append(found.Links, l)
			} else {
				found.Suggested = append(found.Suggested, l)
			}
		}
	}
	if len(found.Links)+len(found.Suggested)+len(found.Fields) == 0 {
		return nil
	}
	return in.apply(in.current, found)
}

// captureField takes the first value that the field can hold.
func (in *inbound) captureField(fields map[string]conversation.Value, r Capture, values []string) error {
	if _, taken := fields[r.Field]; taken || len(values) == 0 {
		return nil
	}
	f, ok, err := in.field(r.Field)
	if err != nil || !ok {
		return err
	}
	for _, v := range values {
		if canonical, err := f.Type.Canonical(f.ID, []string{v}, f.Options); err == nil {
			fields[r.Field] = conversation.Value{Values: canonical, Suggested: !r.Proven}
			return nil
		}
	}
	return nil
}

// finder returns a pattern compiled.
func (d *Desk) finder(pattern string) (*regexp.Regexp, error) {
	if re, ok := d.finders.get(pattern); ok {
		return re, nil
	}
	re, err := conversation.Pattern("Pattern", pattern)
	if err == nil {
		d.finders.put(pattern, re)
	}
	return re, err
}

// Suggestion names what was found in a text and waits for a person: a link's kind and record, or a field.
type Suggestion struct {
	Kind   string
	Record string
	Field  string
}

// Confirm says that a suggestion is right: it then counts like a link or value that a person set. Errors: ErrNotFound, ErrForbidden, and
// conversation.ErrState if it is not suggested.
func (s *Session) Confirm(ctx context.Context, conversationID string, what Suggestion) (Conversation, error) {
	return s.judge(ctx, "confirm", conversationID, what, true)
}

// Reject drops a suggestion. Errors: those of Confirm.
func (s *Session) Reject(ctx context.Context, conversationID string, what Suggestion) (Conversation, error) {
	return s.judge(ctx, "reject", conversationID, what, false)
}

func (s *Session) judge(ctx context.Context, op, id string, what Suggestion, confirm bool) (Conversation, error) {
	return s.act(ctx, op, id, toWork, func(*txn, caller, *conversation.Conversation) ([]conversation.Command, error) {
		return []conversation.Command{conversation.Judge{Link: conversation.Link{Kind: what.Kind, ID: what.Record}, Field: what.Field, Confirm: confirm}}, nil
	})
}
