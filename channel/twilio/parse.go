package twilio

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
)

// The query parameters that Send adds to the status callback. Twilio signs them with the URL and gives them back.
const (
	referenceParam = "frontdesk_message"
	accountParam   = "frontdesk_account"
)

// ScopeUser is the scope of WhatsApp's business-scoped user IDs ("DE.1234…"), as in channel kind whatsapp.
const ScopeUser = "whatsapp:bsuid"

// read returns the parameters of a delivery: of a GET those of the URL, else those of the body; and the URL's own.
func read(r *channel.Request) (params, query url.Values, err error) {
	u, err := url.Parse(r.URL)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: the URL: %w", channel.ErrMalformed, err)
	}
	if query, err = url.ParseQuery(u.RawQuery); err != nil {
		return nil, nil, fmt.Errorf("%w: the URL: %w", channel.ErrMalformed, err)
	}
	if r.Method == http.MethodGet {
		return query, query, nil
	}
	if !isForm(r) {
		return nil, nil, fmt.Errorf("%w: a body of type %q, messages come as forms", channel.ErrMalformed, r.Header.Get("Content-Type"))
	}
	if params, err = url.ParseQuery(string(r.Body)); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", channel.ErrMalformed, err)
	}
	return params, query, nil
}

// Accounts names the sender that a request speaks of and its Messaging Service.
func (d *Driver) Accounts(r *channel.Request) ([]string, error) {
	items, err := d.Parse(r)
	var names []string
	for _, i := range items {
		for _, a := range []string{i.Account, i.Fallback} {
			if a != "" && !slices.Contains(names, a) {
				names = append(names, a)
			}
		}
	}
	return names, err
}

// Parse returns the message of a delivery, followed by the consent that it expresses, or the receipt.
func (d *Driver) Parse(r *channel.Request) ([]channel.Item, error) {
	p, query, err := read(r)
	if err != nil {
		return nil, err
	}
	if id(p) == "" {
		return nil, fmt.Errorf("%w: it has no MessageSid", channel.ErrMalformed)
	}
	if status := p.Get("MessageStatus"); status != "" && status != "received" {
		return receipt(p, query, status), nil
	}
	if p.Get("From") == "" || p.Get("To") == "" {
		return nil, fmt.Errorf("%w: a message without From or To", channel.ErrMalformed)
	}
	return d.inbound(p), nil
}

// id is the message's; SmsSid is what it was called before.
func id(p url.Values) string {
	return cmp.Or(p.Get("MessageSid"), p.Get("SmsMessageSid"), p.Get("SmsSid"))
}

// bare is an address without its channel: what the thread is named by.
func bare(address string) string { return strings.TrimPrefix(address, whatsappPrefix) }

func identity(address, name string) conversation.Identity {
	number := bare(address)
	i := conversation.Identity{Scope: conversation.ScopePhone, Address: number, Name: name, Verified: number != address}
	if number != address && !strings.HasPrefix(number, "+") {
		i.Scope = ScopeUser
	}
	return i
}

func (d *Driver) inbound(p url.Values) []channel.Item {
	from := p.Get("From")
	m := &channel.Message{
		ID:      id(p),
		From:    []conversation.Identity{identity(from, cmp.Or(p.Get("ProfileName"), p.Get("ProfileUsername")))},
		Text:    p.Get("Body"),
		ReplyTo: p.Get("OriginalRepliedMessageSid"),
		Button:  cmp.Or(p.Get("ButtonPayload"), p.Get("ListId")),
	}
	for _, other := range []string{wa(p.Get("WaId")), p.Get("ExternalUserId")} {
		if other == "" || from == bare(from) {
			continue
		}
		if i := identity(whatsappPrefix+other, m.From[0].Name); !slices.Contains(m.From, i) {
			m.From = append(m.From, i)
		}
	}
	m.Attachments = media(p)
	kind(m, p)
	i := channel.Item{Account: p.Get("To"), Fallback: p.Get("MessagingServiceSid"), Thread: bare(from), Message: m}
	items := []channel.Item{i}
	if consent, ok := d.consent(m, from, p.Get("OptOutType")); ok {
		i.Message, i.Consent = nil, consent
		items = append(items, i)
	}
	return items
}

// wa turns a WhatsApp ID, digits alone, into a number.
func wa(digits string) string {
	if digits == "" {
		return ""
	}
	return "+" + strings.TrimPrefix(digits, "+")
}

// media lists the files. Twilio counts them from 0 and names at most 10.
func media(p url.Values) []conversation.Attachment {
	var files []conversation.Attachment
	for n := 0; p.Get("MediaUrl"+strconv.Itoa(n)) != ""; n++ {
		address := p.Get("MediaUrl" + strconv.Itoa(n))
		files = append(files, conversation.Attachment{ID: address[strings.LastIndexByte(address, '/')+1:], URL: address, Type: p.Get("MediaContentType" + strconv.Itoa(n))})
	}
	return files
}

// kind marks what WhatsApp sent and this driver cannot show. The types are an open set.
func kind(m *channel.Message, p url.Values) {
	switch t := p.Get("MessageType"); t {
	case "", "text", "sms", "mms", "image", "video", "audio", "voice", "document", "sticker", "button", "interactive":
	case "location":
		place := "geo:" + p.Get("Latitude") + "," + p.Get("Longitude")
		m.Text = strings.Join(slices.DeleteFunc([]string{m.Text, p.Get("Label"), p.Get("Address"), place}, func(s string) bool { return s == "" }), "\n")
	default:
		m.Unsupported = t
	}
}

// receipt returns what became of a message. A status that is not known says at least that Twilio has it.
func receipt(p, query url.Values, status string) []channel.Item {
	r := &channel.Receipt{IDs: []string{id(p)}, Reference: query.Get(referenceParam), Delivery: delivery(status)}
	to := p.Get("To")
	if r.Delivery == conversation.Failed {
		code := cmp.Or(p.Get("ErrorCode"), status)
		r.Failure = failure(code, cmp.Or(p.Get("ErrorMessage"), p.Get("ChannelStatusMessage"))).Failure()
	}
	accounts := slices.DeleteFunc([]string{query.Get(accountParam), p.Get("MessagingServiceSid"), p.Get("From")}, func(s string) bool { return s == "" })
	i := channel.Item{Thread: bare(to), Receipt: r}
	if len(accounts) > 0 {
		i.Account = accounts[0]
	}
	if len(accounts) > 1 && query.Get(accountParam) == "" {
		i.Fallback = accounts[1]
	}
	items := []channel.Item{i}
	if class, optedOut := sort(p.Get("ErrorCode")); r.Failure != nil && class == channel.Recipient && optedOut && to != "" {
		i.Receipt, i.Consent = nil, &channel.Consent{From: identity(to, ""), OptedOut: true, Answered: true}
		items = append(items, i)
	}
	return items
}

// delivery sorts a status: https://www.twilio.com/docs/messaging/api/message-resource#message-status-values.
func delivery(status string) conversation.Delivery {
	switch status {
	case "delivered", "partially_delivered":
		return conversation.Delivered
	case "read":
		return conversation.Read
	case "undelivered", "failed", "canceled":
		return conversation.Failed
	}
	return conversation.Sent
}
