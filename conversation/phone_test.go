package conversation

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestPhone(t *testing.T) {
	for _, tt := range []struct{ raw, country, want string }{
		{"+49 151 12345678", "", "+4915112345678"},
		{"+49 (0) 151 / 1234-5678", "", "+4915112345678"},
		{"0049 151 12345678", "", "+4915112345678"},
		{"tel:+1-202-555-0143", "", "+12025550143"},
		{"WhatsApp: +12025550143", "", "+12025550143"},
		{"\u202A+49 151 12345678\u202C", "", "+4915112345678"}, // as address books give it to be pasted
		{"\uFF0B\uFF14\uFF1915112345678", "", "+4915112345678"},
		{"\uFF0B\uFF14\uFF19\uFF10\uFF11\uFF12\uFF13\uFF15\uFF16\uFF17\uFF18", "", "+4901235678"},
		{"+49151123\uFF1A45678", "", ""},
		{"0151 12345678", "DE", "+4915112345678"},
		{"0151 12345678", "", ""},
		{"0151 12345678", "XX", ""},
		{"15112345678", "DE", ""}, // local, or without its plus: nobody knows
		{"(202) 555-0143", "US", "+12025550143"},
		{"1 202 555 0143", "CA", "+12025550143"},
		{"011 49 151 12345678", "US", "+4915112345678"},
		{"0011 49 151 12345678", "AU", "+4915112345678"},
		{"0912 345 678", "VN", "+84912345678"},
		{"8 912 345 67 89", "RU", "+79123456789"},
		{"810 49 151 12345678", "RU", "+4915112345678"},
		{"06 1 234 5678", "HU", "+3612345678"},
		{"06 1234 5678", "IT", "+390612345678"}, // Italy keeps the 0
		{"612 345 678", "ES", "+34612345678"},
		{"00", "DE", ""},
		{"0000 123456789", "DE", ""},
		{"85258", "US", ""}, // a short code
		{"85258", "DE", ""},
		{"567678", "IN", ""},
		{"110", "DE", ""},
		{"ACME", "DE", ""}, // a sender name
		{"+1 202 555 CALL", "US", ""},
		{"+49", "DE", ""},
		{"+0151 12345678", "DE", ""},
		{"+1234567890123456", "", ""}, {"+123456789012345", "", "+123456789012345"}, // the longest and the shortest
		{"+1234567", "", ""}, {"+12345678", "", "+12345678"},
		{"tel:", "DE", ""},
		{"0123 4567890123", "DE", "+491234567890123"}, {"0123456", "DE", "+49123456"}, {"012345", "DE", ""}, // of the least digits
		{"++4915112345678", "", ""},
		{"", "DE", ""},
		{strings.Repeat(" ", maxPhone-13) + "+4915112345678", "", ""},
		{strings.Repeat(" ", maxPhone-14) + "+4915112345678", "", "+4915112345678"},
	} {
		got, ok := Phone(tt.raw, tt.country)
		assert.Equal(t, tt.want, got, "%q in %q", tt.raw, tt.country)
		assert.Equal(t, tt.want != "", ok, "%q in %q", tt.raw, tt.country)
	}
	assert.Contains(t, PhoneCountries(), "DE")
	assert.Len(t, PhoneCountries(), len(phonePlans))
}

func FuzzPhone(f *testing.F) {
	f.Add("+49 (0) 151 12345678", "DE")
	f.Add("tel:8 (912) 345-67-89", "RU")
	f.Add("85258", "US")
	f.Fuzz(func(t *testing.T, raw, country string) {
		got, ok := Phone(raw, country)
		if !ok {
			assert.Empty(t, got)
			return
		}
		assert.Regexp(t, `^\+[1-9][0-9]{7,14}$`, got)
		again, ok := Phone(got, country)
		assert.True(t, ok)
		assert.Equal(t, got, again, "a normal form is its own")
	})
}
