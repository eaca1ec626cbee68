package twilio

import (
	"slices"
	"strings"

	"github.com/frontdesk-go/frontdesk/channel"
)

// The English words that opt out and in: https://help.twilio.com/articles/223134027. HELP and INFO change nothing.
var (
	stopWords  = []string{"STOP", "STOPALL", "UNSUBSCRIBE", "END", "QUIT", "CANCEL", "REVOKE", "OPTOUT"}
	startWords = []string{"START", "UNSTOP"}
)

// consent reads the customer's word on whether this channel may be used. Where Twilio manages it, OptOutType says so and the customer
// was answered; else the whole text must be one of the words. WhatsApp has no words but those that Twilio manages.
func (d *Driver) consent(m *channel.Message, from, optOutType string) (*channel.Consent, bool) {
	c := &channel.Consent{From: m.From[0], Message: m.ID, Answered: optOutType != ""}
	switch strings.ToUpper(optOutType) {
	case "STOP":
		c.OptedOut = true
		return c, true
	case "START":
		return c, true
	case "":
	default:
		return nil, false
	}
	if from != bare(from) || len(m.Attachments) > 0 {
		return nil, false
	}
	text := strings.TrimSpace(m.Text)
	is := func(word string) bool { return strings.EqualFold(strings.TrimSpace(word), text) && text != "" }
	switch {
	case slices.ContainsFunc(stopWords, is) || slices.ContainsFunc(d.StopWords, is):
		c.OptedOut = true
		return c, true
	case slices.ContainsFunc(startWords, is) || slices.ContainsFunc(d.StartWords, is):
		return c, true
	}
	return nil, false
}
