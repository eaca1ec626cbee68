package frontdesk

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/conversation/reply"
)

// Filled is a text with its fields filled.
type Filled struct {
	Text        string
	Unresolved  []string // fields without a value and a fallback, in order
	attachments []conversation.Attachment
	language    string // of the saved reply
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
		content, f.attachments, f.language = r.Content, r.Attachments, r.Language
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
	fieldPlaceholders(v, OfConversation, conv.Fields)
	if len(people) > 0 && conv.ID == "" { // a test goes to whoever has the address, and shows nothing of one the caller does not see
		switch _, err := t.visibleContact(c, people[0].ID); {
		case errors.Is(err, ErrNotFound):
			people = nil
		case err != nil:
			return nil, err
		}
	}
	if len(people) > 0 {
		contactValues(v, people[0])
		fieldPlaceholders(v, OfContact, people[0].Fields)
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
