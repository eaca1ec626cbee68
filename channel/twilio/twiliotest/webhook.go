package twiliotest

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Webhook builds the signed POST by which Twilio tells of an inbound message.
func (s *Server) Webhook(address string, m Message) *http.Request {
	return s.post(address, s.params(m))
}

// WebhookGET builds the same delivery for a number that is configured for GET.
func (s *Server) WebhookGET(address string, m Message) *http.Request {
	separator := "?"
	if strings.Contains(address, "?") {
		separator = "&"
	}
	address += separator + s.params(m).Encode()
	r := request(http.MethodGet, address, "")
	r.Header.Set("X-Twilio-Signature", Sign(s.AuthToken, address, nil))
	return r
}

func (s *Server) params(m Message) url.Values {
	p := url.Values{"MessageSid": {m.SID}, "SmsSid": {m.SID}, "SmsMessageSid": {m.SID}, "AccountSid": {s.AccountSID}, "From": {m.From}, "To": {m.To}, "Body": {m.Body},
		"NumMedia": {strconv.Itoa(len(m.Media))}, "NumSegments": {"1"}, "SmsStatus": {"received"}, "ApiVersion": {"2010-04-01"}, "ToCountry": {"US"}, "FromCountry": {"US"}}
	if m.MessagingServiceSID != "" {
		p.Set("MessagingServiceSid", m.MessagingServiceSID)
	}
	if m.OptOutType != "" {
		p.Set("OptOutType", m.OptOutType)
	}
	for i, f := range m.Media {
		p.Set("MediaContentType"+strconv.Itoa(i), f.Type)
		p.Set("MediaUrl"+strconv.Itoa(i), fmt.Sprintf("%s/2010-04-01/Accounts/%s/Messages/%s/Media/%s", s.url(), s.AccountSID, m.SID, f.SID))
	}
	for key, value := range m.Extra {
		p.Set(key, value)
	}
	return p
}

// Status builds the signed status callback of a message that was sent: https://www.twilio.com/docs/messaging/api/message-resource
// #message-status-values. A code of 0 is no error. The address is the message's StatusCallback. It panics if there is no such message.
func (s *Server) Status(sid, status string, code int) *http.Request {
	s.mu.Lock()
	m, ok := s.find(sid)
	s.mu.Unlock()
	if !ok || m.StatusCallback == "" {
		panic("twiliotest: no message " + sid + " with a StatusCallback")
	}
	p := url.Values{"MessageSid": {sid}, "SmsSid": {sid}, "MessageStatus": {status}, "SmsStatus": {status}, "AccountSid": {s.AccountSID}, "To": {m.To}, "From": {m.From},
		"ApiVersion": {"2010-04-01"}}
	if m.MessagingServiceSID != "" {
		p.Set("MessagingServiceSid", m.MessagingServiceSID)
		p.Set("From", "+15005550006")
	}
	if code != 0 {
		p.Set("ErrorCode", strconv.Itoa(code))
	}
	return s.post(m.StatusCallback, p)
}

// Forge is a request with the parameters of m whose signature was made with another token.
func (s *Server) Forge(address string, m Message) *http.Request {
	r := s.post(address, s.params(m))
	r.Header.Set("X-Twilio-Signature", Sign("another token", address, s.params(m)))
	return r
}

func (s *Server) post(address string, p url.Values) *http.Request {
	r := request(http.MethodPost, address, p.Encode())
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	r.Header.Set("X-Twilio-Signature", Sign(s.AuthToken, address, p))
	return r
}

func request(method, address, body string) *http.Request {
	r, err := http.NewRequest(method, address, bytes.NewReader([]byte(body)))
	if err != nil {
		panic("twiliotest: the webhook address " + address + ": " + err.Error())
	}
	r.Header.Set("User-Agent", "TwilioProxy/1.1")
	r.Header.Set("I-Twilio-Idempotency-Token", "2f0e4d3c-0000-4000-8000-000000000000")
	return r
}

// Sign returns the value of X-Twilio-Signature: base64 of the HMAC-SHA1 of the address and, sorted by key, each key with its values.
func Sign(token, address string, p url.Values) string {
	keys := make([]string, 0, len(p))
	for key := range p {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	text := address
	for _, key := range keys {
		seen := map[string]bool{}
		values := slices.Clone(p[key])
		slices.Sort(values)
		for _, value := range values {
			if !seen[value] {
				text += key + value
			}
			seen[value] = true
		}
	}
	mac := hmac.New(sha1.New, []byte(token))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
