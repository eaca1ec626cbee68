package twilio

import (
	"strconv"

	"github.com/frontdesk-go/frontdesk/channel"
)

// classes sorts Twilio's error codes: https://www.twilio.com/docs/api/errors. Codes come and go, so what is missing here is decided by
// the status of the answer.
var classes = map[int]channel.Class{
	// Later it may work; nothing was taken.
	20429: channel.Retry, // too many requests
	20500: channel.Retry, // internal error
	20503: channel.Retry, // unavailable
	14107: channel.Retry, // send rate limit
	21611: channel.Retry, // the sender's queue is full
	30001: channel.Retry, // queue overflow
	30003: channel.Retry, // the handset is off or out of reach
	30008: channel.Retry, // unknown error of the carrier
	30022: channel.Retry, // rate of the campaign exceeded
	63018: channel.Retry, // WhatsApp's rate limit

	// This person cannot be reached here.
	21211: channel.Recipient, // no valid number
	21610: channel.Recipient, // opted out
	21614: channel.Recipient, // no mobile number
	21635: channel.Recipient, // a landline
	21265: channel.Recipient, // a short code
	21266: channel.Recipient, // the sender itself
	30004: channel.Recipient, // blocked
	30005: channel.Recipient, // unknown or gone
	30006: channel.Recipient, // a landline or a carrier out of reach
	63003: channel.Recipient, // no such address on WhatsApp
	63014: channel.Recipient, // blocked by the user
	63024: channel.Recipient, // no valid recipient of the channel
	63032: channel.Recipient, // WhatsApp limits this user
	21612: channel.Recipient, // no route from this sender to this number
	21408: channel.Recipient, // the region is not enabled
	21608: channel.Recipient, // a trial account, and not a verified number

	// A changed message may go.
	11751: channel.Content, // media too large
	12300: channel.Content, // media of a type that is not taken
	21602: channel.Content, // no body
	21617: channel.Content, // over 1600 characters
	21619: channel.Content, // neither body, media nor content
	21620: channel.Content, // invalid media URL
	21623: channel.Content, // too many media
	21656: channel.Content, // invalid content variables
	21655: channel.Content, // invalid content
	30007: channel.Content, // filtered by the carrier
	30011: channel.Content, // no MMS in the region
	30019: channel.Content, // media too large for the carrier
	63005: channel.Content, // the channel did not take the content
	63019: channel.Content, // media could not be fetched
	63021: channel.Content, // invalid content for the channel
	63027: channel.Content, // no such template
	63028: channel.Content, // count of parameters

	63016: channel.WindowClosed,

	// Nothing goes until a person mends it.
	20003: channel.ChannelDown, // login
	20005: channel.ChannelDown, // account not active
	20404: channel.ChannelDown, // no such account
	21603: channel.ChannelDown, // no sender
	21606: channel.ChannelDown, // not a sender of this account
	21609: channel.ChannelDown, // invalid status callback
	21659: channel.ChannelDown, // no Twilio number
	21660: channel.ChannelDown, // a number of another account
	21661: channel.ChannelDown, // a number without SMS
	21701: channel.ChannelDown, // no such Messaging Service
	21703: channel.ChannelDown, // the service has no sender
	21705: channel.ChannelDown, // invalid Messaging Service
	30002: channel.ChannelDown, // account suspended
	30010: channel.ChannelDown, // price over the maximum
	30023: channel.ChannelDown, // daily limit of the campaign
	30032: channel.ChannelDown, // toll-free number not verified
	30034: channel.ChannelDown, // number not registered for 10DLC
	30035: channel.ChannelDown, // campaign pending
	63007: channel.ChannelDown, // no such WhatsApp sender
	63020: channel.ChannelDown, // Twilio is not allowed to send for the business
	63038: channel.ChannelDown, // the account's daily limit
	63051: channel.ChannelDown, // the WhatsApp account is locked
}

// optedOut are the codes of people who do not want to hear from us.
var optedOut = map[int]bool{21610: true, 63014: true}

// sort returns the class of a code, "" if it is not known.
func sort(code string) (class channel.Class, out bool) {
	n, err := strconv.Atoi(code)
	if err != nil {
		return "", false
	}
	return classes[n], optedOut[n]
}

// failure is what a receipt reports. A code that is not known may mean anything, so it blames the message.
func failure(code, detail string) *channel.Error {
	class, out := sort(code)
	if class == "" {
		class = channel.Content
	}
	return &channel.Error{Class: class, Code: code, Detail: detail, OptedOut: out}
}
