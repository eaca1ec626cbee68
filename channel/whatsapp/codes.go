package whatsapp

import (
	"time"

	"github.com/frontdesk-go/frontdesk/channel"
)

// classes sorts the codes of Meta's page "Error codes" for the Cloud API. Codes 200 to 299, about permissions, are not listed one by one.
var classes = map[int]channel.Class{
	131047: channel.WindowClosed, // more than 24 hours since the customer's last message

	2:      channel.Retry, // the service is unavailable for the moment
	4:      channel.Retry, // the app's call rate
	80007:  channel.Retry, // the account's call rate
	130429: channel.Retry, // the number's throughput
	131000: channel.Retry, // something went wrong
	131016: channel.Retry, // the service is unavailable for the moment
	131056: channel.Retry, // too many messages to this person
	131057: channel.Retry, // maintenance
	133004: channel.Retry, // the server is unavailable for the moment

	130472: channel.Recipient, // the number is part of an experiment
	130497: channel.Recipient, // no messages to this country
	131021: channel.Recipient, // sender and recipient are the same number
	131026: channel.Recipient, // undeliverable
	131030: channel.Recipient, // not on the test number's list
	131049: channel.Recipient, // the person has had enough marketing for a day
	131050: channel.Recipient, // the person stopped marketing messages; others still go
	131062: channel.Recipient, // user IDs are not accepted for this message

	100:    channel.Content, // a parameter is invalid
	131008: channel.Content, // a parameter is missing
	131009: channel.Content, // a parameter's value is invalid
	131051: channel.Content, // the type is not supported
	131053: channel.Content, // the file cannot be fetched or is not accepted
	131063: channel.Content,
	131064: channel.Content,
	132000: channel.Content, // the count of a template's parameters is wrong
	132001: channel.Content, // no such template in this language
	132005: channel.Content, // the filled template is too long
	132007: channel.Content, // the template breaks a policy
	132012: channel.Content, // a template parameter has the wrong format
	132015: channel.Content, // the template is paused
	132016: channel.Content, // the template is disabled

	0:      channel.ChannelDown, // the login failed
	3:      channel.ChannelDown, // a permission is missing
	10:     channel.ChannelDown, // a permission is missing
	190:    channel.ChannelDown, // the token has expired
	368:    channel.ChannelDown, // blocked for breaking a policy
	131005: channel.ChannelDown, // access denied
	131031: channel.ChannelDown, // the account is locked
	131037: channel.ChannelDown, // the display name needs approval
	131042: channel.ChannelDown, // billing
	131048: channel.ChannelDown, // limited because of spam reports
	133010: channel.ChannelDown, // the number is not registered
}

const (
	codePair        = 131056
	codeParameter   = 100
	subcodeNoObject = 33 // with codeParameter: there is no such number, or the token may not see it

	// pairWait is the rate of one person: one message in 6 seconds after a burst of 45.
	pairWait = 6 * time.Second
)

// classOf returns the class of a code, and whether the code is known.
func classOf(code, subcode int) (channel.Class, bool) {
	if code == codeParameter && subcode == subcodeNoObject || code >= 200 && code <= 299 {
		return channel.ChannelDown, true
	}
	class, ok := classes[code]
	return class, ok
}
