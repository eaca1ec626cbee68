package frontdesk

import "strings"

// The shortest and the longest phone number with its country code, in digits. Recommendation E.164 has no shortest; the shortest in use is 7.
const (
	minPhone = 7
	maxPhone = 15
)

// phoneAt returns the digits of a phone number that a text begins with, and how much of the text that is; "" if there is none.
func phoneAt(text string) (digits string, n int) {
	var all []byte
	for i := 0; i < len(text) && len(all) < maxPhone; i++ {
		switch c := text[i]; {
		case '0' <= c && c <= '9':
			all, n = append(all, c), i+1
		case !strings.ContainsRune(" -./()", rune(c)):
			i = len(text)
		}
	}
	if len(all) < minPhone {
		return "", 0
	}
	return string(all), n
}

// askedPhone returns the word by which a contact has the phone number that a text is, "" if it is none: its digits without the
// international or the national prefix.
func askedPhone(text string) string {
	text = strings.TrimSpace(fold(text))
	number := strings.TrimPrefix(text, "+")
	var digits []byte
	for i := range len(number) {
		switch c := number[i]; {
		case '0' <= c && c <= '9':
			digits = append(digits, c)
		case !strings.ContainsRune(" -./()", rune(c)):
			return ""
		}
	}
	if len(digits) < 5 || len(digits) > maxPhone+2 {
		return ""
	}
	word := string(digits)
	if number == text {
		if international, ok := strings.CutPrefix(word, "00"); ok {
			return international
		}
		word = strings.TrimPrefix(word, "0")
	}
	return word
}

// twoDigits are the country codes of two digits; 1 and 7 have one, all others three. Recommendation E.164, annex of assigned codes.
const twoDigits = "20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98"

// national returns an E.164 number's digits without the country code, and without the zero that a few countries keep before the area.
func national(digits string) string {
	n := 3
	switch {
	case len(digits) < minPhone:
		return ""
	case digits[0] == '1' || digits[0] == '7':
		n = 1
	case strings.Contains(twoDigits, digits[:2]):
		n = 2
	}
	return strings.TrimPrefix(digits[n:], "0")
}
