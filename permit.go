package frontdesk

import (
	"maps"
	"slices"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/store"
)

// checkLimits refuses a scope, modules and a messaging permission that say nothing or contradict the role.
func (a *Agent) checkLimits() error {
	switch {
	case !slices.Contains([]Scope{ScopeAll, ScopeTeam, ScopeOwn}, a.Scope):
		return invalid("Scope", "%q is not a scope; use %s, %s or none", a.Scope, ScopeTeam, ScopeOwn)
	case a.Scope != ScopeAll && seesAll(*a):
		return invalid("Scope", "an %s sees everything; use the role %s or %s", a.Role, Member, ReadOnly)
	case len(a.Modules) > 0 && a.Role == Owner:
		return invalid("Modules", "an owner is not limited; use the role %s", Admin)
	}
	for _, m := range a.Modules {
		if !slices.Contains(modules, m) {
			return invalid("Modules", "%q is not a module; use %v", m, modules)
		}
	}
	a.Modules = distinct(a.Modules)
	for _, mailbox := range slices.Sorted(maps.Keys(a.Messaging)) {
		methods := distinct(a.Messaging[mailbox])
		for _, method := range methods {
			if !slices.Contains(channel.Methods(), method) {
				return invalid("Messaging", "%q is no method; use %v", method, channel.Methods())
			}
		}
		if len(methods) > 0 && !slices.Contains(a.Mailboxes, mailbox) {
			return &MessagingHeldError{Agent: a.ID, Mailbox: mailbox, Methods: methods}
		}
	}
	return nil
}

// heldMessaging refuses to take a mailbox from an agent who still holds the messaging permission that was given him there.
func (t *txn) heldMessaging(a Agent) error {
	old, existed, err := doc[Agent](t, document("agent", a.ID))
	if err != nil || !existed {
		return err
	}
	for _, mailbox := range slices.Sorted(maps.Keys(old.Messaging)) {
		if methods := old.Messaging[mailbox]; len(methods) > 0 && !slices.Contains(a.Mailboxes, mailbox) {
			return &MessagingHeldError{Agent: a.ID, Mailbox: mailbox, Methods: methods}
		}
	}
	return nil
}

// mayReadRecord asks the host whether an agent has a record's permission.
func (t *txn) mayReadRecord(c caller, command string) error {
	kind, id, _ := cutScope(c.Actor.record)
	refused := &ForbiddenError{Command: command, Needs: "the permission to read the record " + c.Actor.record}
	if t.desk.cfg.MayReadRecord == nil || store.CheckText(c.Actor.record, false) != "" || kind == "" || id == "" {
		return refused
	}
	yes, err := t.desk.cfg.MayReadRecord(t.ctx, c.Actor, kind, id)
	if err != nil {
		return err
	}
	if !yes {
		return refused
	}
	return nil
}
