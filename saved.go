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
		if err := t.freeShortcut(r); err != nil {
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
	_, err := reply.Parse(r.Content)
	return err
}

// freeShortcut refuses a shortcut that another reply for the same team, agent or everybody has.
func (t *txn) freeShortcut(r SavedReply) error {
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

// Filled is a text with its fields filled.
type Filled struct {
	Text        string
	Unresolved  []string // fields without a value and a fallback, in order
	attachments []conversation.Attachment
}

// fill puts values into a draft's fields, or into those of the saved reply it names. A filled text is never filled again.
func (t *txn) fill(c caller, conv *conversation.Conversation, ch Channel, draft Draft) (f Filled, err error) {
	content := draft.Text
	if draft.Reply != "" {
		if draft.Text != "" {
			return f, invalid("Reply", "a draft is a text or a saved reply, not both")
		}
		r, err := need[SavedReply](t, "reply", draft.Reply)
		if err == nil && !c.uses(r) {
			err = fmt.Errorf("reply %q: %w", draft.Reply, ErrNotFound)
		}
		if err != nil {
			return f, err
		}
		content, f.attachments = r.Content, r.Attachments
	}
	if draft.Reply == "" && (draft.Verbatim || !strings.Contains(content, "{{")) {
		f.Text = content
		return f, nil
	}
	values, opt, err := t.filling(c, conv, ch, draft)
	if err != nil {
		return f, err
	}
	res, err := reply.Fill(content, values, opt)
	f.Text, f.Unresolved = res.Text, res.Unresolved
	return f, err
}

// filling is what fields are filled with, and how.
func (t *txn) filling(c caller, conv *conversation.Conversation, ch Channel, draft Draft) (func(string) (string, bool), reply.Options, error) {
	policy, ok := map[MissingPolicy]reply.Policy{MissingError: reply.Refuse, MissingBlank: reply.Blank, MissingKeep: reply.Keep}[draft.Missing]
	if !ok {
		return nil, reply.Options{}, invalid("Missing", "%q is not a policy; use %q, %q or none", draft.Missing, MissingBlank, MissingKeep)
	}
	values, err := t.values(c, conv, ch)
	return func(name string) (string, bool) { v, ok := values[name]; return v, ok }, reply.Options{Missing: policy}, err
}

// fillParams fills the fields in a template's parameters, as the platform wants them: in one line, without runs of spaces.
func (t *txn) fillParams(c caller, conv *conversation.Conversation, ch Channel, draft Draft) (*conversation.Template, error) {
	if draft.Template == nil || draft.Verbatim || !strings.Contains(strings.Join(draft.Template.Params, ""), "{{") {
		return draft.Template, nil
	}
	values, opt, err := t.filling(c, conv, ch, draft)
	if err != nil {
		return nil, err
	}
	opt.Clean = reply.CollapseSpaces
	out := *draft.Template
	out.Params = slices.Clone(out.Params)
	for i, p := range out.Params {
		if !strings.Contains(p, "{{") {
			continue
		}
		res, err := reply.Fill(p, values, opt)
		if err != nil {
			return nil, err
		}
		out.Params[i] = res.Text
	}
	return &out, nil
}

// Fields are the names that a draft or saved reply may use.
func Fields() []string {
	return []string{"agent.alias", "agent.first_name", "agent.initials", "agent.name", "channel.name", "contact.email", "contact.first_name",
		"contact.last_name", "contact.name", "contact.phone", "conversation.number", "conversation.subject", "mailbox.name"}
}

// values are what the fields stand for in a conversation.
func (t *txn) values(c caller, conv *conversation.Conversation, ch Channel) (map[string]string, error) {
	people, err := t.people(conv)
	if err != nil {
		return nil, err
	}
	box, err := t.mailbox(conv.Mailbox)
	if err != nil {
		return nil, err
	}
	v := map[string]string{"mailbox.name": cmp.Or(box.Name, box.ID), "channel.name": ch.Name, "conversation.subject": conv.Subject}
	if conv.Number > 0 {
		v["conversation.number"] = itoa(conv.Number)
	}
	actor := c.who()
	v["agent.name"], v["agent.initials"] = actor.Name, actor.Initials
	v["agent.alias"] = cmp.Or(c.agent.Alias, actor.Name)
	v["agent.first_name"], _ = names(actor.Name)
	if len(people) > 0 {
		contactValues(v, people[0])
	}
	for name, value := range v { // a customer chooses his own name
		v[name] = reply.CollapseSpaces(strings.Map(oneLine, value))
	}
	return v, nil
}

// contactValues adds what is known of a contact. An address is no name.
func contactValues(v map[string]string, contact conversation.Contact) {
	name := cmp.Or(contact.Name, contact.PlatformName)
	v["contact.name"] = name
	v["contact.first_name"], v["contact.last_name"] = names(name)
	for _, i := range contact.Identities {
		switch {
		case i.Scope == conversation.ScopePhone && v["contact.phone"] == "":
			v["contact.phone"] = i.Address
		case i.Scope == conversation.ScopeEmail && v["contact.email"] == "":
			v["contact.email"] = i.Address
		}
	}
}

// names splits a name at its last space: Ana María Silva is Ana María and Silva. A name of one word is a first name.
func names(name string) (first, last string) {
	words := strings.Fields(name)
	switch len(words) {
	case 0:
		return "", ""
	case 1:
		return words[0], ""
	}
	return strings.Join(words[:len(words)-1], " "), words[len(words)-1]
}
