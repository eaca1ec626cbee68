package frontdesk

import (
	"slices"
	"strings"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
)

// knowsCountry reports whether numbers without a country can be read with this one: by the host's parser, or by our own.
func (d *Desk) knowsCountry(country string) bool {
	if d.cfg.Phone == nil {
		return slices.Contains(conversation.PhoneCountries(), country)
	}
	return len(country) == 2 && strings.Trim(country, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// phone returns the normal form of a number. Short codes and sender names are none, whatever a parser makes of them.
func (d *Desk) phone(raw, country string) (string, bool) {
	if d.cfg.Phone == nil {
		return conversation.Phone(raw, country)
	}
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, raw)
	_, rest, found := strings.Cut(raw, ":") // a scheme, such as tel:
	if !found {
		rest = raw
	}
	if len(raw) > 64 || len(digits) < minPhone || strings.ContainsFunc(rest, func(r rune) bool { return r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' }) {
		return "", false
	}
	number, ok := d.cfg.Phone(raw, country)
	if again, normal := conversation.Phone(number, ""); !ok || !normal || again != number {
		return "", false // not what a parser must return
	}
	return number, true
}

// typed turns what a person typed into a thread and an identity, a phone number into its normal form.
func (t *txn) typed(conn channel.Conn, mailbox, text string) (string, conversation.Identity, error) {
	key, to, err := address(conn, text)
	if err == nil && to.Scope != conversation.ScopePhone {
		return key, to, nil
	}
	number, ok, err2 := t.phoneIn(mailbox, text)
	if err2 != nil {
		return key, to, err2
	}
	if ok {
		if k, i, err := address(conn, number); err == nil && i.Scope == conversation.ScopePhone {
			return k, i, nil
		}
	}
	return key, to, err
}

// phoneIn returns the normal form of a number as it is dialled at a mailbox; without a mailbox only numbers with their country have one.
func (t *txn) phoneIn(mailbox, text string) (string, bool, error) {
	country := ""
	if mailbox != "" {
		box, err := t.mailbox(mailbox)
		if err != nil {
			return "", false, err
		}
		country = box.Country
	}
	number, ok := t.desk.phone(text, country)
	return number, ok, nil
}
