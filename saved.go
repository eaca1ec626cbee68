package frontdesk

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/conversation/reply"
	"github.com/frontdesk-go/frontdesk/store"
)

// SaveReply makes a saved reply or replaces it, and returns it with its ID. A reply for everybody or a team needs an admin; everybody
// may keep his own, which only he and the host itself see. Errors: ErrInvalid, ErrNotFound, ErrForbidden, *reply.SyntaxError,
// *reply.LengthError.
func (s *Session) SaveReply(ctx context.Context, r SavedReply) (SavedReply, error) {
	if err := checkReply(r); err != nil {
		return r, wrap("save reply", r.ID, err)
	}
	err := s.desk.write(ctx, s.actor.Tenant, "replies", func(t *txn) error {
		c, err := t.caller(s.actor, "save reply", replyRight(s.actor, r))
		if err != nil {
			return err
		}
		if r.ID == "" {
			r.ID = t.id(0)
		}
		if _, err := t.ownedReply(c, "save reply", r.ID); err != nil {
			return err
		}
		if err := t.checkAudience(r); err != nil {
			return err
		}
		if err := t.freeShortcut(c, r); err != nil {
			return err
		}
		return t.saveDocument(c, document("reply", r.ID), r)
	})
	return r, wrap("save reply", r.ID, err)
}

// replyRight is what changing a saved reply needs.
func replyRight(a Actor, r SavedReply) right {
	if r.Agent != "" && r.Agent == a.Agent {
		return toWork
	}
	return toManage
}

// ownedReply returns a saved reply that the caller may change; existed is false if there is none. Another's own is not there for him.
func (t *txn) ownedReply(c caller, command, id string) (existed bool, err error) {
	old, existed, err := doc[SavedReply](t, document("reply", id))
	if err != nil || !existed {
		return false, err
	}
	if !c.system && !c.uses(old) {
		return true, fmt.Errorf("reply %q: %w", id, ErrNotFound)
	}
	_, err = t.caller(c.Actor, command, replyRight(c.Actor, old))
	return true, err
}

// checkAudience refuses a team or an agent that is not there.
func (t *txn) checkAudience(r SavedReply) (err error) {
	switch {
	case r.Team != "":
		_, err = need[Team](t, "team", r.Team)
	case r.Agent != "":
		_, err = t.agent(r.Agent)
	}
	return err
}

func checkReply(r SavedReply) error {
	if r.ID != "" {
		if problem := conversation.CheckID(r.ID); problem != "" {
			return invalid("ID", "%s", problem)
		}
	}
	if strings.TrimSpace(r.Title) == "" || len(conversation.CheckText(r.Title, conversation.MaxSubject)) > 0 {
		return invalid("Title", "give a title of at most %d bytes of text", conversation.MaxSubject)
	}
	if len(conversation.CheckText(r.Shortcut, conversation.MaxHostID)) > 0 || strings.ContainsAny(r.Shortcut, " \t\r\n") {
		return invalid("Shortcut", "%q; use a word of at most %d bytes without spaces", r.Shortcut, conversation.MaxHostID)
	}
	if r.Team != "" && r.Agent != "" {
		return invalid("Team", "a reply is for a team or for an agent, not both")
	}
	if r.Language != "" {
		if _, err := language.Parse(r.Language); err != nil {
			return invalid("Language", "%q is no BCP 47 tag; use one such as \"pt-BR\"", r.Language)
		}
	}
	if err := checkAttachments(r.Attachments); err != nil {
		return err
	}
	for _, a := range r.Attachments {
		if _, ok := uploadID(a); ok {
			return invalid("Attachments", "%q is an upload, and only messages hold those; give an address", a.Name)
		}
	}
	_, err := reply.Parse(r.Content)
	return err
}

// freeShortcut refuses a shortcut that another reply for the same team, agent or everybody has.
func (t *txn) freeShortcut(c caller, r SavedReply) error {
	if r.Shortcut == "" {
		return nil
	}
	// The name makes two savers at once conflict. It stays when its reply lets the shortcut go, so what it leads to is looked at.
	name := name("shortcut", cmp.Or(r.Team, "-")+"/"+cmp.Or(r.Agent, "-")+"/"+r.Shortcut)
	if err := t.load(name); err != nil {
		return err
	}
	if row, ok := t.row(name); ok && row.Target == document("reply", r.ID) {
		return nil
	}
	if led, ok := t.led(name); ok {
		other, err := decode[SavedReply](t, led)
		if err != nil {
			return err
		}
		if other.Shortcut == r.Shortcut && other.Team == r.Team && other.Agent == r.Agent {
			if !c.system && !c.uses(other) {
				return invalid("Shortcut", "%q is the shortcut of another", r.Shortcut)
			}
			return invalid("Shortcut", "%q is the shortcut of %q", r.Shortcut, other.Title)
		}
	}
	t.putRow(store.Row{Key: name, Target: document("reply", r.ID)})
	return nil
}

// DeleteReply deletes a saved reply. It needs what saving it does. Deleting one that is not there does nothing.
func (s *Session) DeleteReply(ctx context.Context, id string) error {
	if store.CheckText(document("reply", id).ID, false) != "" {
		return nil // there is none of such an ID
	}
	err := s.desk.write(ctx, s.actor.Tenant, "replies", func(t *txn) error {
		c, err := t.caller(s.actor, "delete reply", toWork)
		if err != nil {
			return err
		}
		existed, err := t.ownedReply(c, "delete reply", id)
		if err != nil || !existed {
			return err
		}
		t.remove(document("reply", id))
		actor := c.who()
		actor.Name, actor.Initials = "", ""
		t.tell(t.now, conversation.Event{Type: conversation.EventSetting, At: t.now, Actor: actor, Subject: document("reply", id).ID})
		return nil
	})
	return wrap("delete reply", id, err)
}

// Replies returns the saved replies that the caller may use: everybody's, his teams' and his own, by title.
func (s *Session) Replies(ctx context.Context) (out []SavedReply, err error) {
	err = s.read(ctx, "replies", "", func(t *txn, c caller) error {
		all, err := documents[SavedReply](t, "reply/")
		if err != nil {
			return err
		}
		out = slices.DeleteFunc(all, func(r SavedReply) bool { return !c.uses(r) })
		slices.SortFunc(out, func(a, b SavedReply) int { return cmp.Or(cmp.Compare(a.Title, b.Title), cmp.Compare(a.ID, b.ID)) })
		return nil
	})
	return out, err
}

func (c *caller) uses(r SavedReply) bool {
	switch {
	case r.Agent != "":
		return r.Agent == c.agent.ID
	case r.Team != "":
		return c.all || slices.Contains(c.agent.Teams, r.Team)
	}
	return true
}
