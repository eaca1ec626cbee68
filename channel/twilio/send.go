package twilio

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
)

var contentSID = regexp.MustCompile(`^HX[0-9a-f]{32}$`)

// Plan checks a message and splits it: SMS and MMS are one call, WhatsApp takes one file a call, the text with the first. A template is
// a Content SID ("HX…") as its name; its parameters become the content variables 1, 2, ….
func (c *conn) Plan(m channel.Outgoing) ([]channel.Part, error) {
	problem := ""
	switch files := c.caps.Attachments.Check(m.Attachments); {
	case m.Template != nil:
		problem = c.checkTemplate(m)
	case m.Text == "" && len(m.Attachments) == 0:
		problem = "there is neither a text nor a file"
	case files != nil:
		problem = strings.Join(files, "; ")
	case slices.ContainsFunc(m.Attachments, func(a conversation.Attachment) bool { return a.URL == "" }):
		problem = "a file has no address where Twilio could fetch it"
	}
	if left, _ := c.caps.Text.Left(m.Text); left < 0 {
		problem = fmt.Sprintf("the text is %d characters over the %d that Twilio takes", -left, c.caps.Text.Max)
	}
	if problem != "" {
		return nil, &channel.Error{Class: channel.Content, Detail: problem}
	}
	if c.sender != whatsapp || len(m.Attachments) < 2 {
		return []channel.Part{{Outgoing: m, Of: 1}}, nil
	}
	parts := make([]channel.Part, len(m.Attachments))
	for i := range parts {
		parts[i] = channel.Part{Outgoing: m, Index: i, Of: len(parts)}
		parts[i].Attachments = m.Attachments[i : i+1]
		if i > 0 {
			parts[i].Text = ""
		}
	}
	return parts, nil
}

func (c *conn) checkTemplate(m channel.Outgoing) string {
	switch {
	case c.sender != whatsapp:
		return "templates are for WhatsApp senders"
	case !contentSID.MatchString(m.Template.Name):
		return "the template's name must be a Content SID: HX and 32 hex digits"
	case m.Text != "" || len(m.Attachments) > 0:
		return "a template carries no other text and no files"
	}
	return ""
}

// resource is a message as the API shows it.
type resource struct {
	SID                 string      `json:"sid"`
	From                string      `json:"from"`
	To                  string      `json:"to"`
	Body                string      `json:"body"`
	Status              string      `json:"status"`
	Direction           string      `json:"direction"`
	MessagingServiceSID string      `json:"messaging_service_sid"`
	NumMedia            json.Number `json:"num_media"`
	DateSent            string      `json:"date_sent"`    // RFC 2822
	DateCreated         string      `json:"date_created"` // RFC 2822
	ErrorCode           json.Number `json:"error_code"`
	ErrorMessage        string      `json:"error_message"`
}

// Send makes one call of POST Messages.json. Its error is of class Unknown when Twilio may have the message: there is no key that would
// make a second call harmless.
func (c *conn) Send(ctx context.Context, p channel.Part) (channel.Sent, error) {
	var got resource
	if err := c.call(ctx, http.MethodPost, c.path("Messages.json"), c.form(p), &got); err != nil {
		return channel.Sent{}, err
	}
	if got.SID == "" {
		return channel.Sent{}, &channel.Error{Class: channel.Unknown, Detail: "the answer names no message"}
	}
	if delivery(got.Status) == conversation.Failed {
		return channel.Sent{ID: got.SID}, failure(cmp.Or(got.ErrorCode.String(), got.Status), got.ErrorMessage)
	}
	return channel.Sent{ID: got.SID, Delivery: delivery(got.Status)}, nil
}

func (c *conn) form(p channel.Part) url.Values {
	to := p.Thread
	if len(p.To) > 0 {
		to = p.To[0].Address
	}
	if c.sender == whatsapp {
		to = whatsappPrefix + bare(to)
	}
	form := url.Values{"To": {to}}
	if c.sender == service {
		form.Set("MessagingServiceSid", c.account)
	} else {
		form.Set("From", c.account)
	}
	if p.Text != "" {
		form.Set("Body", p.Text)
	}
	for _, a := range p.Attachments {
		form.Add("MediaUrl", a.URL)
	}
	if p.Template != nil {
		form.Set("ContentSid", p.Template.Name)
		if len(p.Template.Params) > 0 {
			form.Set("ContentVariables", variables(p.Template.Params))
		}
	}
	if c.callback != "" {
		form.Set("StatusCallback", c.statusCallback(p.Message))
	}
	return form
}

// variables numbers parameters from 1, as templates do.
func variables(params []string) string {
	numbered := map[string]string{}
	for i, p := range params {
		numbered[strconv.Itoa(i+1)] = p
	}
	text, _ := json.Marshal(numbered) // strings always can be
	return string(text)
}

// statusCallback is the channel's address with our reference and account in the query, which Twilio signs and gives back.
func (c *conn) statusCallback(reference string) string {
	separator := "?"
	if strings.Contains(c.callback, "?") {
		separator = "&"
	}
	return c.callback + separator + url.Values{referenceParam: {reference}, accountParam: {c.account}}.Encode()
}

// Address turns what a person typed into a thread: a number with its country code, whatever is between its digits, or a short code.
func (c *conn) Address(to string) (string, conversation.Identity, error) {
	plain := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -./()\u00a0\u2011\u202f", r) {
			return -1
		}
		return r
	}, bare(to))
	if number, ok := strings.CutPrefix(plain, "00"); ok {
		plain = "+" + number
	}
	if !e164.MatchString(plain) && (c.sender == whatsapp || !short.MatchString(plain)) {
		return "", conversation.Identity{}, &channel.Error{Class: channel.Recipient, Detail: fmt.Sprintf("%q is no number with a country code, such as +4930123456", to)}
	}
	return plain, conversation.Identity{Scope: conversation.ScopePhone, Address: plain}, nil
}
