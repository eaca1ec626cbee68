package whatsapp

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
)

// change is one change of a delivery, for one account.
type change struct {
	account string
	value   object
}

// changes walks entries and changes. A part that cannot be read spoils only itself.
func changes(body []byte) ([]change, error) {
	top := parseObject(body)
	if top == nil {
		return nil, fmt.Errorf("%w: not a JSON object", channel.ErrMalformed)
	}
	entries := top.list("entry")
	if entries == nil {
		return nil, fmt.Errorf("%w: entry is not a list", channel.ErrMalformed)
	}
	var all []change
	var errs problems
	for i, raw := range entries {
		entry := parseObject(raw)
		list := entry.list("changes")
		if list == nil && entry["changes"] != nil || entry == nil {
			errs.add(func() error { return fmt.Errorf("%w: entry %d", channel.ErrMalformed, i) })
		}
		for j, raw := range list {
			value := parseObject(raw).object("value")
			if value == nil {
				errs.add(func() error { return fmt.Errorf("%w: entry %d, change %d", channel.ErrMalformed, i, j) })
				continue
			}
			all = append(all, change{account: value.object("metadata").text("phone_number_id"), value: value})
		}
	}
	return all, errs.join()
}

// maxProblems is how many of a delivery's problems are told.
const maxProblems = 20

// problems are the first that a delivery has.
type problems struct {
	first []error
	more  int
}

func (p *problems) add(problem func() error) {
	if len(p.first) == maxProblems {
		p.more++
		return
	}
	p.first = append(p.first, problem())
}

func (p *problems) join() error {
	if p.more > 0 {
		return errors.Join(append(p.first, fmt.Errorf("%w: and %d more", channel.ErrMalformed, p.more))...)
	}
	return errors.Join(p.first...)
}

// Accounts names the phone_number_id of every change. Error: channel.ErrMalformed.
func (d *Driver) Accounts(r *channel.Request) ([]string, error) {
	all, err := changes(r.Body)
	var accounts []string
	seen := map[string]bool{"": true}
	for _, c := range all {
		if !seen[c.account] {
			seen[c.account] = true
			accounts = append(accounts, c.account)
		}
	}
	if len(all) > 0 {
		err = nil
	}
	return accounts, err
}

// Parse walks a delivery. Lists that it does not know, and changes without a number, give no items. Error: channel.ErrMalformed.
func (d *Driver) Parse(r *channel.Request) ([]channel.Item, error) {
	all, err := changes(r.Body)
	errs := []error{err}
	var items []channel.Item
	for _, c := range all {
		if c.account == "" {
			continue
		}
		found, err := c.items()
		items = append(items, found...)
		errs = append(errs, err)
	}
	return items, errors.Join(errs...)
}

// items reads the lists of a change, whatever the name of its field is.
func (c change) items() ([]channel.Item, error) {
	var items []channel.Item
	var errs problems
	each := func(name string, read func(json.RawMessage) ([]channel.Item, error)) {
		for i, raw := range c.value.list(name) {
			found, err := read(raw)
			items = append(items, found...)
			if err != nil {
				errs.add(func() error { return fmt.Errorf("%w: %s %d: %w", channel.ErrMalformed, name, i, err) })
			}
		}
	}
	people := parseContacts(c.value.list("contacts"))
	alone := len(c.value.list("messages"))+len(c.value.list("message_echoes")) == 1
	each("messages", func(raw json.RawMessage) ([]channel.Item, error) {
		m := parseObject(raw)
		return c.message(m, people.people(m.text("from"), m.text("from_user_id"), m.text("from_parent_user_id"), alone), channel.FromCustomer)
	})
	each("message_echoes", func(raw json.RawMessage) ([]channel.Item, error) {
		m := parseObject(raw)
		return c.message(m, people.people(m.text("to"), m.text("to_user_id"), m.text("to_parent_user_id"), alone), channel.Echo)
	})
	each("statuses", func(raw json.RawMessage) ([]channel.Item, error) { return c.receipt(parseObject(raw)) })
	each("user_id_update", func(raw json.RawMessage) ([]channel.Item, error) { return userUpdate(c.account, raw), nil })
	return items, errs.join()
}

// message reads an element of messages or message_echoes.
func (c change) message(m object, people []conversation.Identity, origin channel.Origin) ([]channel.Item, error) {
	at := seconds(m.text("timestamp"))
	kind := m.text("type")
	if kind == "system" {
		if found := systemChanges(c.account, at, m); len(found) > 0 {
			return found, nil
		}
	}
	if len(people) == 0 {
		return nil, errors.New("nobody is named as its sender or recipient")
	}
	item := channel.Item{Account: c.account, Thread: threadKey(people, m.text("group_id")), At: at}
	if alter(&item, m, kind, people, origin) {
		return []channel.Item{item}, nil
	}
	if m.text("id") == "" {
		return nil, errors.New("it has no id")
	}
	msg := &channel.Message{ID: m.text("id"), Origin: origin, From: people, ReplyTo: m.object("context").text("id"), Subject: referral(m.object("referral"))}
	fill(msg, m, kind)
	item.Message = msg
	return []channel.Item{item}, nil
}

// alter fills item with what changes an earlier message: a reaction, an edit, an unsend. It reports whether m is one that can be read.
func alter(item *channel.Item, m object, kind string, people []conversation.Identity, origin channel.Origin) bool {
	p := m.object(kind)
	target := cmp.Or(p.text("message_id"), p.text("original_message_id"))
	if target == "" {
		return false
	}
	switch kind {
	case "reaction":
		from := people[0].Address
		if origin == channel.Echo {
			from = identity(m.text("from"), "").Address
		}
		item.Reaction = &channel.Reaction{ID: target, From: from, Emoji: p.text("emoji")}
	case "edit":
		inner := p.object("message")
		changed := &channel.Message{}
		fill(changed, inner, inner.text("type"))
		if changed.Unsupported != "" {
			return false
		}
		item.Edit = &channel.Edit{ID: target, Text: changed.Text}
	case "revoke":
		item.Unsend = &channel.Unsend{ID: target}
	default:
		return false
	}
	return true
}
