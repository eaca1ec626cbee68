package frontdesk

import (
	"context"
	"fmt"
	"strings"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// SpamLists are senders that a tenant never, or always, takes for spam while its spam filter is on. An entry is an address as the channel gives it
// (a mail address, a number, a platform's user ID), or a mail domain, which covers its subdomains: "news@shop.example", "shop.example",
// "+4915112345678". Of two entries for one sender the address goes before the domain, a subdomain before its domain, and Allow before Block.
// Case does not matter. A mail address that the channel does not vouch for is never on Allow: anybody can write it.
type SpamLists struct {
	Allow []string `json:"allow,omitempty"` // at most MaxSpamList
	Block []string `json:"block,omitempty"` // at most MaxSpamList; also where an agent has answered
}

// Limits of SpamLists.
const (
	MaxSpamList  = 1000 // entries of a list
	maxSpamEntry = 320  // bytes of an entry: the longest mail address
)

var spamListsKey = document("spam", "lists")

// SaveSpamLists replaces the tenant's lists. It needs an admin. Error: ErrInvalid, naming the entry.
func (s *Session) SaveSpamLists(ctx context.Context, lists SpamLists) error {
	var err error
	if lists.Allow, err = cleanSpamList("Allow", lists.Allow); err != nil {
		return wrap("save spam lists", "", err)
	}
	if lists.Block, err = cleanSpamList("Block", lists.Block); err != nil {
		return wrap("save spam lists", "", err)
	}
	return s.save(ctx, "save spam lists", spamListsKey, func(*txn) (any, error) { return lists, nil })
}

// SpamLists returns the tenant's lists. It needs an admin.
func (s *Session) SpamLists(ctx context.Context) (lists SpamLists, err error) {
	err = s.readFor(ctx, "spam lists", toManage, func(t *txn, _ caller) error {
		if err := t.load(spamListsKey); err != nil {
			return err
		}
		row, ok := t.row(spamListsKey)
		if !ok {
			return nil
		}
		lists, err = decode[SpamLists](t, row)
		return err
	})
	return lists, wrap("spam lists", "", err)
}

// cleanSpamList brings entries into the form in which senders are looked up, and refuses those that can be none.
func cleanSpamList(field string, list []string) ([]string, error) {
	if len(list) > MaxSpamList {
		return nil, invalid(field, "%d entries, at most %d", len(list), MaxSpamList)
	}
	out := make([]string, 0, len(list))
	for _, given := range list {
		entry := strings.TrimPrefix(strings.ToLower(strings.TrimSpace(given)), "@")
		if problem := badSpamEntry(entry); problem != "" {
			return nil, invalid(field, "%q %s", given, problem)
		}
		out = append(out, entry)
	}
	return orNil(distinct(out)), nil
}

func badSpamEntry(entry string) string {
	if entry == "" {
		return "is empty; give an address or a domain"
	}
	if problems := conversation.CheckText(entry, maxSpamEntry); len(problems) > 0 {
		return problems[0]
	}
	local, domain, isMail := strings.Cut(entry, "@")
	if strings.ContainsAny(entry, " \t\r\n*,;<>") || isMail && (local == "" || strings.Contains(domain, "@")) {
		return "is neither an address nor a domain; write name@shop.example, shop.example or a number without spaces"
	}
	if isMail && (strings.Trim(domain, ".") != domain || domain == "") {
		return "has no domain; write name@shop.example"
	}
	return ""
}

// senderSet is lists as senders are looked up in them: true for Allow.
type senderSet map[string]bool

// keptSenders are lists in the cache, by the version of their document.
type keptSenders struct {
	version int64
	senders senderSet
}

// senderLists returns the tenant's lists, from the cache; the commit checks that they are still the same.
func (t *txn) senderLists() (senderSet, error) {
	row, ok, err := t.docRow(spamListsKey)
	if err != nil || !ok {
		return nil, err
	}
	if kept, ok := t.desk.spamSenders.get(t.tenant); ok && kept.version == row.Version {
		return kept.senders, nil
	}
	var lists SpamLists
	if _, err := store.Decode(row.Body, &lists); err != nil {
		return nil, fmt.Errorf("%s: %w", row.Key, err)
	}
	s := make(senderSet, len(lists.Allow)+len(lists.Block))
	for _, entry := range lists.Block {
		s[entry] = false
	}
	for _, entry := range lists.Allow {
		s[entry] = true
	}
	if !t.desk.bound {
		t.desk.spamSenders.put(t.tenant, keptSenders{row.Version, s})
	}
	return s, nil
}

// find says on which list a sender is, who may have several addresses: one that is allowed goes before one that is blocked.
func (s senderSet) find(from []conversation.Identity) (allowed, blocked bool) {
	if len(s) == 0 {
		return false, false
	}
	for _, i := range from {
		switch allow, listed := s.lookup(strings.ToLower(i.Address), vouched(i)); {
		case listed && allow:
			return true, false
		case listed:
			blocked = true
		}
	}
	return false, blocked
}

// lookup finds the nearest entry of an address: itself, its domain, the domains above. An entry that allows counts only if the channel vouches
// for the address.
func (s senderSet) lookup(address string, vouched bool) (allow, listed bool) {
	for key := address; ; {
		if allow, listed := s[key]; listed && (vouched || !allow) {
			return allow, true
		}
		if at := strings.LastIndexByte(key, '@'); at >= 0 {
			key = key[at+1:]
			continue
		}
		if !strings.Contains(address, "@") {
			return false, false
		}
		_, above, more := strings.Cut(key, ".")
		if !more {
			return false, false
		}
		key = above
	}
}
