package whatsapp

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
)

// ScopeUser is the scope of business-scoped user IDs ("NL.1234…", of linked portfolios "NL.ENT.1234…"). A delivery does not name the
// portfolio; the IDs of two portfolios differ.
const ScopeUser = "whatsapp:bsuid"

// identity is an address as WhatsApp writes it: digits are a wa_id, anything else a user ID.
func identity(address, name string) conversation.Identity {
	if digits := strings.TrimPrefix(address, "+"); isDigits(digits) {
		return conversation.Identity{Scope: conversation.ScopePhone, Address: "+" + digits, Name: name, Verified: true}
	}
	return conversation.Identity{Scope: ScopeUser, Address: address, Name: name, Verified: true}
}

var (
	e164   = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	userID = regexp.MustCompile(`^[A-Z]{2}\.(ENT\.)?[0-9A-Za-z]{1,128}$`)
)

// Address takes a number with its country code, with the usual marks between the digits, or a user ID. A number without a country code
// is refused, because the provider would take its first digits for one.
func (c *conn) Address(to string) (string, conversation.Identity, error) {
	plain := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || strings.ContainsRune("-./()\u2010\u2011", r) {
			return -1
		}
		return r
	}, to)
	if number, ok := strings.CutPrefix(plain, "00"); ok {
		plain = "+" + number
	}
	switch typed := strings.TrimSpace(to); {
	case e164.MatchString(plain):
		return plain, conversation.Identity{Scope: conversation.ScopePhone, Address: plain}, nil
	case userID.MatchString(typed):
		return typed, conversation.Identity{Scope: ScopeUser, Address: typed}, nil
	}
	return "", conversation.Identity{}, &channel.Error{Class: channel.Recipient, Detail: fmt.Sprintf("%q is neither a number with its country code, such as +4930123456, nor a WhatsApp user ID", to)}
}

// identities turns addresses into identities, leaving out what is empty or there already.
func identities(name string, addresses ...string) []conversation.Identity {
	var all []conversation.Identity
	for _, a := range addresses {
		if a == "" {
			continue
		}
		if i := identity(a, name); !slices.Contains(all, i) {
			all = append(all, i)
		}
	}
	return all
}

// contact is an entry of a delivery's contacts.
type contact struct {
	waID, user, parent, name string
}

type contacts []contact

func parseContacts(list []json.RawMessage) contacts {
	var all contacts
	for _, raw := range list {
		o := parseObject(raw)
		profile := o.object("profile")
		c := contact{waID: o.text("wa_id"), user: o.text("user_id"), parent: o.text("parent_user_id"), name: profile.text("name")}
		if c.name == "" {
			c.name = profile.text("username")
		}
		all = append(all, c)
	}
	return all
}

// find returns the contact with one of the addresses. The lists of contacts and messages need not have the same order or length. A
// delivery of one contact and one message (alone) speaks of one person, also where wa_id and phone number differ.
func (c contacts) find(phone, user string, alone bool) contact {
	for _, one := range c {
		if phone != "" && one.waID == phone || user != "" && one.user == user {
			return one
		}
	}
	if alone && len(c) == 1 {
		return c[0]
	}
	return contact{}
}

// people returns who an address belongs to: wa_id first, then the number as it was given, then the user IDs.
func (c contacts) people(phone, user, parent string, alone bool) []conversation.Identity {
	one := c.find(phone, user, alone)
	return identities(one.name, one.waID, phone, user, one.user, parent, one.parent)
}

// threadKey is the key of the thread with these people.
func threadKey(people []conversation.Identity, group string) string {
	if group != "" {
		return "group:" + group
	}
	if len(people) == 0 {
		return ""
	}
	return people[0].Address
}

// changes makes an identity change of every pair of an old and a new address that differ.
func identityChanges(account string, at time.Time, pairs ...[2]string) []channel.Item {
	var items []channel.Item
	for _, p := range pairs {
		if p[0] == "" || p[1] == "" || p[0] == p[1] {
			continue
		}
		before, after := identity(p[0], ""), identity(p[1], "")
		items = append(items, channel.Item{Account: account, Thread: before.Address, At: at, Identity: &channel.IdentityChange{Old: before, New: after}})
	}
	return items
}

// systemChanges reads the changes of number and user ID that a system message tells. The new addresses stand in its body, the old ones
// in the envelope or, of a user ID, in the sentence for people alone.
func systemChanges(account string, at time.Time, m object) []channel.Item {
	s := m.object("system")
	oldPhone := cmp.Or(m.text("from"), s.text("customer"))
	newPhone := cmp.Or(s.text("wa_id"), s.text("new_wa_id"))
	newUser := s.text("user_id")
	oldUser := cmp.Or(s.text("previous_user_id"), m.text("from_user_id"))
	if oldUser == "" || oldUser == newUser {
		oldUser = previousUser(s.text("body"), newUser)
	}
	oldParent := cmp.Or(s.text("previous_parent_user_id"), m.text("from_parent_user_id"))
	return identityChanges(account, at, [2]string{oldPhone, newPhone}, [2]string{oldUser, newUser}, [2]string{oldParent, s.text("parent_user_id")})
}

// previousUser finds the old user ID in "User … changed from NL.1 to NL.2". The person chooses the name in it, so only its end counts,
// and only if it names the new ID.
func previousUser(sentence, current string) string {
	rest, ok := strings.CutSuffix(strings.TrimRight(sentence, ". "), " to "+current)
	if !ok || current == "" {
		return ""
	}
	i := strings.LastIndex(rest, " changed from ")
	if i < 0 {
		return ""
	}
	old := rest[i+len(" changed from "):]
	if strings.ContainsAny(old, " \n") || !strings.Contains(old, ".") {
		return ""
	}
	return old
}

// userUpdate reads an element of a user_id_update delivery: a member for each kind of ID, with its previous and current value.
func userUpdate(account string, raw json.RawMessage) []channel.Item {
	o := parseObject(raw)
	pair := func(name string) [2]string {
		p := o.object(name)
		return [2]string{p.text("previous"), p.text("current")}
	}
	return identityChanges(account, seconds(o.text("timestamp")), pair("user_id"), pair("parent_user_id"))
}
