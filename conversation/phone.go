package conversation

import (
	"slices"
	"strings"
	"unicode"
)

// Phone returns the E.164 form of a number as people write it, "+4915112345678". country is the ISO 3166-1 code, such as "DE", of where a
// number without a country is dialled; "" leaves those alone. ok is false for what is not certain to be a whole number: short codes, sender
// names, local numbers without their area code. Those stay as they are.
//
// It knows how numbers are dialled, not which ones exist. A full parser can take its place; see the Desk's Config.Phone.
func Phone(raw, country string) (e164 string, ok bool) {
	text, international := phoneDigits(raw)
	if text == "" {
		return "", false
	}
	plan, known := phonePlans[country]
	if !international && known {
		if rest, found := strings.CutPrefix(text, plan.out()); found && rest != "" && (plan.out() != plan.trunk) {
			text, international = rest, true
		}
	} else if rest, found := strings.CutPrefix(text, "00"); !international && found {
		text, international = rest, true
	}
	if international {
		return plus(text)
	}
	if !known {
		return "", false
	}
	return plan.national(text)
}

// plus checks an international number without its plus sign.
func plus(digits string) (string, bool) {
	if len(digits) < 8 || len(digits) > 15 || digits[0] == '0' {
		return "", false
	}
	return "+" + digits, true
}

// maxPhone is how long a number as people write it may be, in bytes.
const maxPhone = 64

// phoneDigits returns the digits of what may be a number, and whether it began with a plus sign; "" where anything else is in it.
func phoneDigits(raw string) (digits string, plus bool) {
	if len(raw) > maxPhone {
		return "", false
	}
	raw = strings.TrimSpace(raw)
	for _, scheme := range []string{"tel:", "sms:", "whatsapp:"} {
		if len(raw) > len(scheme) && strings.EqualFold(raw[:len(scheme)], scheme) {
			raw = strings.TrimSpace(raw[len(scheme):])
			break
		}
	}
	var b strings.Builder
	for _, r := range raw {
		switch {
		case r >= '0' && r <= '9':
			b.WriteRune(r)
		case r >= '\uFF10' && r <= '\uFF19': // full-width digits
			b.WriteRune('0' + r - '\uFF10')
		case (r == '+' || r == '\uFF0B') && b.Len() == 0 && !plus:
			plus = true
		case !strings.ContainsRune(" -.()/\u00A0\u2010\u2011\u2012\u2013\u202F", r) && !unicode.Is(unicode.Cf, r): // marks of direction stand around a copied number
			return "", false
		}
	}
	text := b.String()
	if !plus {
		return text, false
	}
	// "+49 (0) 151 …" is how many write the digit that is dialled at home only.
	if at := strings.Index(raw, "(0)"); at > 0 {
		before, _ := phoneDigits(raw[:at])
		text = strings.Replace(text, before+"0", before, 1)
	}
	return text, true
}

// phonePlan is how numbers are dialled in a country.
type phonePlan struct {
	code   string // the country's calling code
	trunk  string // dialled before a whole national number; "" where nothing is
	length [2]int // of a national number without the trunk digit, least and greatest
	abroad string // dialled before a number of another country. Defaults to "00"
}

func (p phonePlan) out() string {
	if p.abroad != "" {
		return p.abroad
	}
	return "00"
}

// national reads a number without a country. Where a digit is dialled before whole numbers, one without it may be local.
func (p phonePlan) national(digits string) (string, bool) {
	rest, found := strings.CutPrefix(digits, p.trunk)
	if p.code == "1" { // dialled with or without the 1
		rest, found = strings.TrimPrefix(digits, "1"), true
	}
	if !found || len(rest) < p.length[0] || len(rest) > p.length[1] {
		return "", false
	}
	return plus(p.code + rest)
}

// PhoneCountries are the countries whose way of dialling Phone knows, sorted.
func PhoneCountries() []string {
	var out []string
	for country := range phonePlans {
		out = append(out, country)
	}
	slices.Sort(out)
	return out
}

// phonePlans are from the national numbering plans that ITU-T publishes under E.129.
var phonePlans = map[string]phonePlan{
	"AE": {code: "971", trunk: "0", length: [2]int{8, 9}},
	"AR": {code: "54", trunk: "0", length: [2]int{10, 11}},
	"AT": {code: "43", trunk: "0", length: [2]int{7, 13}},
	"AU": {code: "61", trunk: "0", length: [2]int{9, 9}, abroad: "0011"},
	"BA": {code: "387", trunk: "0", length: [2]int{8, 9}},
	"BE": {code: "32", trunk: "0", length: [2]int{8, 9}},
	"BG": {code: "359", trunk: "0", length: [2]int{7, 9}},
	"BR": {code: "55", trunk: "0", length: [2]int{10, 11}},
	"CA": {code: "1", length: [2]int{10, 10}, abroad: "011"},
	"CH": {code: "41", trunk: "0", length: [2]int{9, 9}},
	"CL": {code: "56", length: [2]int{9, 9}},
	"CN": {code: "86", trunk: "0", length: [2]int{9, 12}},
	"CY": {code: "357", length: [2]int{8, 8}},
	"CZ": {code: "420", length: [2]int{9, 9}},
	"DE": {code: "49", trunk: "0", length: [2]int{6, 13}},
	"DK": {code: "45", length: [2]int{8, 8}},
	"EE": {code: "372", length: [2]int{7, 8}},
	"EG": {code: "20", trunk: "0", length: [2]int{8, 10}},
	"ES": {code: "34", length: [2]int{9, 9}},
	"FI": {code: "358", trunk: "0", length: [2]int{6, 12}},
	"FR": {code: "33", trunk: "0", length: [2]int{9, 9}},
	"GB": {code: "44", trunk: "0", length: [2]int{9, 10}},
	"GR": {code: "30", length: [2]int{10, 10}},
	"HK": {code: "852", length: [2]int{8, 8}, abroad: "001"},
	"HR": {code: "385", trunk: "0", length: [2]int{8, 9}},
	"HU": {code: "36", trunk: "06", length: [2]int{8, 9}},
	"ID": {code: "62", trunk: "0", length: [2]int{8, 12}},
	"IE": {code: "353", trunk: "0", length: [2]int{7, 9}},
	"IL": {code: "972", trunk: "0", length: [2]int{8, 9}},
	"IN": {code: "91", trunk: "0", length: [2]int{10, 10}},
	"IS": {code: "354", length: [2]int{7, 9}},
	"IT": {code: "39", length: [2]int{8, 11}},
	"JP": {code: "81", trunk: "0", length: [2]int{9, 10}, abroad: "010"},
	"KE": {code: "254", trunk: "0", length: [2]int{9, 9}, abroad: "000"},
	"KR": {code: "82", trunk: "0", length: [2]int{8, 10}, abroad: "00"},
	"LI": {code: "423", length: [2]int{7, 9}},
	"LT": {code: "370", trunk: "0", length: [2]int{8, 8}},
	"LU": {code: "352", length: [2]int{8, 11}},
	"LV": {code: "371", length: [2]int{8, 8}},
	"MA": {code: "212", trunk: "0", length: [2]int{9, 9}},
	"MT": {code: "356", length: [2]int{8, 8}},
	"MX": {code: "52", length: [2]int{10, 10}},
	"MY": {code: "60", trunk: "0", length: [2]int{8, 10}},
	"NG": {code: "234", trunk: "0", length: [2]int{8, 10}, abroad: "009"},
	"NL": {code: "31", trunk: "0", length: [2]int{9, 9}},
	"NO": {code: "47", length: [2]int{8, 8}},
	"NZ": {code: "64", trunk: "0", length: [2]int{8, 10}},
	"PH": {code: "63", trunk: "0", length: [2]int{8, 10}},
	"PL": {code: "48", length: [2]int{9, 9}},
	"PT": {code: "351", length: [2]int{9, 9}},
	"RO": {code: "40", trunk: "0", length: [2]int{9, 9}},
	"RS": {code: "381", trunk: "0", length: [2]int{8, 9}},
	"RU": {code: "7", trunk: "8", length: [2]int{10, 10}, abroad: "810"},
	"SA": {code: "966", trunk: "0", length: [2]int{8, 9}},
	"SE": {code: "46", trunk: "0", length: [2]int{7, 9}},
	"SG": {code: "65", length: [2]int{8, 8}, abroad: "001"},
	"SI": {code: "386", trunk: "0", length: [2]int{8, 8}},
	"SK": {code: "421", trunk: "0", length: [2]int{9, 9}},
	"TH": {code: "66", trunk: "0", length: [2]int{8, 9}, abroad: "001"},
	"TR": {code: "90", trunk: "0", length: [2]int{10, 10}},
	"TW": {code: "886", trunk: "0", length: [2]int{8, 9}, abroad: "002"},
	"UA": {code: "380", trunk: "0", length: [2]int{9, 9}},
	"US": {code: "1", length: [2]int{10, 10}, abroad: "011"},
	"VN": {code: "84", trunk: "0", length: [2]int{9, 10}},
	"ZA": {code: "27", trunk: "0", length: [2]int{9, 9}},
}
