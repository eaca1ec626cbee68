// Package nyaruka reads phone numbers with github.com/nyaruka/phonenumbers, a port of Google's libphonenumber: it knows every country's
// numbers and refuses those that cannot exist. The Desk's own reading needs no data; this one adds about 6 MB to a program.
//
//	desk, err := frontdesk.New(frontdesk.Config{Store: store, Phone: nyaruka.Phone})
package nyaruka

import (
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// Phone returns the E.164 form of a number that can exist. country is the ISO 3166-1 code of where a number without one is dialled; "" leaves
// those alone. An extension is dropped. ok is false for everything else, short codes and sender names included.
func Phone(raw, country string) (e164 string, ok bool) {
	if len(raw) > 64 || strings.ContainsFunc(raw, func(r rune) bool { return r == 0 }) {
		return "", false
	}
	if country == "" {
		country = phonenumbers.UNKNOWN_REGION
	}
	number, err := phonenumbers.Parse(raw, country)
	if err != nil || !phonenumbers.IsValidNumber(number) {
		return "", false
	}
	return phonenumbers.Format(number, phonenumbers.E164), true
}
