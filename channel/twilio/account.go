package twilio

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/frontdesk-go/frontdesk/channel"
)

// senderType is what kind of sender an account is.
type senderType string

const (
	longCode     senderType = "number"
	tollFree     senderType = "US toll-free number"
	shortCode    senderType = "short code"
	alphanumeric senderType = "sender name"
	service      senderType = "Messaging Service"
	whatsapp     senderType = "WhatsApp sender"
)

const whatsappPrefix = "whatsapp:"

var (
	e164       = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	short      = regexp.MustCompile(`^[0-9]{3,6}$`)
	name       = regexp.MustCompile(`^[A-Za-z0-9 +_&-]{1,11}$`) // https://www.twilio.com/docs/glossary/what-alphanumeric-sender-id
	letter     = regexp.MustCompile(`[A-Za-z]`)
	serviceSID = regexp.MustCompile(`^MG[0-9a-f]{32}$`)
	accountSID = regexp.MustCompile(`^AC[0-9a-f]{32}$`)
	keySID     = regexp.MustCompile(`^SK[0-9a-f]{32}$`)
	tollFreeUS = regexp.MustCompile(`^\+18(00|33|44|55|66|77|88)[0-9]{7}$`)
)

func parseAccount(account string) (senderType, error) {
	number, onWhatsApp := strings.CutPrefix(account, whatsappPrefix)
	switch {
	case onWhatsApp && e164.MatchString(number):
		return whatsapp, nil
	case tollFreeUS.MatchString(account):
		return tollFree, nil
	case e164.MatchString(account):
		return longCode, nil
	case short.MatchString(account):
		return shortCode, nil
	case serviceSID.MatchString(account):
		return service, nil
	case name.MatchString(account) && letter.MatchString(account) && strings.TrimSpace(account) == account:
		return alphanumeric, nil
	}
	return "", &channel.SettingError{Name: "account", Problem: "must be a number in E.164 (+4930123456), a short code of 3 to 6 digits, a sender name of " +
		"at most 11 characters, a Messaging Service (MG and 32 hex digits) or whatsapp: and a number"}
}

// secret is the resolved secret of a channel.
type secret struct {
	AccountSID        string `json:"account_sid"`
	AuthToken         string `json:"auth_token"`
	PreviousAuthToken string `json:"previous_auth_token"`
	APIKey            string `json:"api_key"`
	APISecret         string `json:"api_secret"`
}

// parseSecret reads a secret. Its errors quote nothing of it.
func parseSecret(text string) (secret, error) {
	var s secret
	dec := json.NewDecoder(bytes.NewReader([]byte(text)))
	dec.DisallowUnknownFields()
	err := dec.Decode(&s)
	if _, more := dec.Token(); err == nil && !errors.Is(more, io.EOF) {
		err = errors.New("more than one value")
	}
	problem := ""
	switch {
	case err != nil:
		problem = `must be JSON of the form {"account_sid": "AC…", "auth_token": "…"}, with previous_auth_token, api_key and api_secret if wanted`
	case !accountSID.MatchString(s.AccountSID):
		problem = "account_sid must be AC and 32 hex digits"
	case s.AuthToken == "":
		problem = "auth_token is missing: without it no signature can be checked"
	case (s.APIKey == "") != (s.APISecret == ""):
		problem = "api_key and api_secret go together"
	case s.APIKey != "" && !keySID.MatchString(s.APIKey):
		problem = "api_key must be SK and 32 hex digits"
	}
	if problem != "" {
		return secret{}, &channel.SettingError{Name: "secret", Problem: problem}
	}
	return s, nil
}

// login returns what calls authenticate with: the API key if there is one.
func (s secret) login() (user, password string) {
	if s.APIKey != "" {
		return s.APIKey, s.APISecret
	}
	return s.AccountSID, s.AuthToken
}

// capabilities says what a sender can carry. Numbers: https://www.twilio.com/docs/messaging/api/message-resource (1600 characters, 10
// files), https://www.twilio.com/docs/messaging/guides/accepted-mime-types (5 MB in all, 500 KB for what is no picture),
// https://www.twilio.com/docs/whatsapp/guidance-whatsapp-media-messages (16 MB, pictures 5 MB).
func capabilities(sender senderType, s channel.Settings) (channel.Capabilities, error) {
	mms, ref16, err := options(sender, s.Options)
	if err != nil {
		return channel.Capabilities{}, err
	}
	c := channel.Capabilities{
		Method:    channel.MethodSMS,
		Text:      channel.Limit{Max: 1600, Unit: channel.CodePoints},
		Segments:  sender != whatsapp,
		Ref16:     ref16,
		Initiate:  true,
		Reference: s.CallbackURL != "",
	}
	if s.CallbackURL != "" {
		c.Receipts = channel.Receipts{Sent: true, Delivered: true, Read: sender == whatsapp}
	}
	if sender == alphanumeric {
		c.ReplyOnly = "a sender name cannot receive answers"
	}
	if sender == whatsapp {
		c.Method = channel.MethodChat
		c.Window = channel.Window{Free: 24 * time.Hour}
		c.Templates = true
	}
	c.Attachments = attachments(sender, mms)
	if mms && c.Segments && s.Options["mms"] != "on" {
		c.Premium = "MMS" // about three times the price of an SMS: somebody enables it, here or in the channel's settings
	}
	return c, nil
}

func attachments(sender senderType, mms bool) channel.AttachmentRules {
	const kb, mb = 1000, 1000 * 1000
	switch {
	case !mms && sender == whatsapp:
		return channel.AttachmentRules{Refusal: "files are switched off for this sender (option mms)"}
	case !mms:
		return channel.AttachmentRules{Refusal: "a " + string(sender) + " sends text only here; a number with MMS, WhatsApp or e-mail can carry files"}
	case sender == whatsapp:
		return channel.AttachmentRules{Max: 10, Types: []channel.Type{{Pattern: "image/*", MaxBytes: 5 * mb}, {Pattern: "video/*", MaxBytes: 16 * mb},
			{Pattern: "audio/*", MaxBytes: 16 * mb}, {Pattern: "application/*", MaxBytes: 16 * mb}, {Pattern: "text/*", MaxBytes: 16 * mb}}}
	}
	return channel.AttachmentRules{Max: 10, MaxBytes: 5 * mb, Types: []channel.Type{{Pattern: "image/jpeg", MaxBytes: 5 * mb}, {Pattern: "image/jpg", MaxBytes: 5 * mb},
		{Pattern: "image/png", MaxBytes: 5 * mb}, {Pattern: "image/gif", MaxBytes: 5 * mb}, {Pattern: "image/*", MaxBytes: 500 * kb},
		{Pattern: "audio/*", MaxBytes: 500 * kb}, {Pattern: "video/*", MaxBytes: 500 * kb}, {Pattern: "text/*", MaxBytes: 500 * kb}, {Pattern: "application/pdf", MaxBytes: 500 * kb}}}
}

// options reads what the channel was configured with.
func options(sender senderType, opts map[string]string) (mms, ref16 bool, err error) {
	mms, ref16 = sender != shortCode && sender != alphanumeric, sender == tollFree
	for name, value := range opts {
		if !slices.Contains([]string{"on", "off"}, value) {
			return false, false, &channel.SettingError{Name: name, Problem: `must be "on" or "off"`}
		}
		on := value == "on"
		switch {
		case name == "mms" && on && sender == alphanumeric:
			return false, false, &channel.SettingError{Name: name, Problem: "a sender name carries no files"}
		case name == "mms":
			mms = on
		case name == "ref16" && on && sender == whatsapp:
			return false, false, &channel.SettingError{Name: name, Problem: "WhatsApp has no segments"}
		case name == "ref16":
			ref16 = on
		default:
			return false, false, &channel.SettingError{Name: name, Problem: "unknown; there are mms and ref16"}
		}
	}
	return mms, ref16, nil
}
