package frontdesk

import (
	"context"
	"errors"

	"github.com/frontdesk-go/frontdesk/conversation"
)

// RuleTrial says what a rule would do to a conversation now.
type RuleTrial struct {
	Missed  string // the member of its filter that does not hold, or "Place"; "" if it matches
	Refused error  // why its steps would be refused; nil if they would be done
}

// TryRule says what a rule, saved or not, would do to a conversation now, and does nothing. What happens to it, or when, is not looked at.
// It needs an admin. Errors: ErrInvalid, ErrNotFound, ErrForbidden.
func (s *Session) TryRule(ctx context.Context, r Rule, conversationID string) (trial RuleTrial, err error) {
	if err := r.check(); err != nil {
		return trial, wrap("try rule", r.ID, err)
	}
	err = s.readFor(ctx, "try rule", toManage, func(t *txn, c caller) error {
		trial = RuleTrial{}
		conv, err := t.visible(c, conversationID)
		if err != nil {
			return err
		}
		m, missed, err := t.missed(&r, &conv, &cause{conversation: conv.ID})
		if trial.Missed = missed; err != nil || missed != "" {
			return err
		}
		t.ids = t.desk.ids(idsPerCommand)
		err = t.steps(&r, &conv, m)
		if Refused(err) {
			trial.Refused = err
			return nil
		}
		return err
	})
	return trial, wrap("try rule", r.ID, err)
}

// CopyRule saves a copy of a rule under a new ID, inactive. It needs an admin. Errors: ErrNotFound, ErrInvalid (the ID is taken).
func (s *Session) CopyRule(ctx context.Context, id, as string) error {
	if problem := conversation.CheckID(as); problem != "" || len(as) > maxRuleID {
		return wrap("copy rule", id, invalid("as", "%q is no ID of at most %d bytes", as, maxRuleID))
	}
	return s.save(ctx, "copy rule", ruleKey(as), func(t *txn) (any, error) {
		r, ok, err := t.rule(id)
		if err == nil && !ok {
			err = ErrNotFound
		}
		if err != nil {
			return nil, err
		}
		if _, taken, err := t.rule(as); err != nil || taken {
			return nil, errors.Join(err, invalid("as", "there is a rule %q; give another ID", as))
		}
		r.ID, r.Inactive = as, true
		doc, err := storeRule(r)
		if err != nil {
			return nil, err
		}
		return doc, t.arrangeRule(r)
	})
}
