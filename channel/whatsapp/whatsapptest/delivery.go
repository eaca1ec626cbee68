package whatsapptest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
	"unicode/utf16"

	"github.com/frontdesk-go/frontdesk/channel"
)

// Change is one change of a delivery, as the provider writes it. Lists that are empty are left out.
type Change struct {
	Account  string           // phone_number_id
	Field    string           // Defaults to "messages"
	Contacts []map[string]any // see Contact
	Messages []map[string]any // see Message
	Echoes   []map[string]any // see Message, with "to"
	Statuses []map[string]any // see Status
}

// Contact is an entry of a change's contacts; an empty wa_id or user_id is left out, as it is for people who hide their number.
func Contact(waID, userID, name string) map[string]any {
	c := object{"profile": object{"name": name}}
	put(c, "wa_id", waID)
	put(c, "user_id", userID)
	return c
}

// Message is an entry of a change's messages: content is the member that has the type's name, nil for none.
func Message(id, from, kind string, at time.Time, content any) map[string]any {
	m := object{"id": id, "type": kind, "timestamp": strconv.FormatInt(at.Unix(), 10)}
	put(m, "from", from)
	if content != nil {
		m[kind] = content
	}
	return m
}

// Text is a message with a text.
func Text(id, from, body string, at time.Time) map[string]any {
	return Message(id, from, "text", at, object{"body": body})
}

// Status is an entry of a change's statuses. A code other than 0 adds an error.
func Status(id, recipient, status, reference string, at time.Time, code int) map[string]any {
	s := object{"id": id, "status": status, "recipient_id": recipient, "timestamp": strconv.FormatInt(at.Unix(), 10)}
	put(s, "biz_opaque_callback_data", reference)
	if code != 0 {
		s["errors"] = []object{{"code": code, "title": "scripted", "message": "scripted", "error_data": object{"details": "scripted details"}}}
	}
	return s
}

func put(o object, name, value string) {
	if value != "" {
		o[name] = value
	}
}

// Delivery builds the signed request that tells of changes. A customer's message opens his 24 hours.
func (s *Server) Delivery(changes ...Change) *channel.Request {
	var list []object
	for _, c := range changes {
		for _, m := range c.Messages {
			from, _ := m["from"].(string)
			if from == "" {
				from, _ = m["from_user_id"].(string)
			}
			seconds, _ := strconv.ParseInt(fmt.Sprint(m["timestamp"]), 10, 64)
			s.Wrote(from, time.Unix(seconds, 0))
		}
		list = append(list, c.object())
	}
	body, err := json.Marshal(object{"object": "whatsapp_business_account", "entry": []object{{"id": "102290129340398", "changes": list}}})
	if err != nil {
		panic("whatsapptest: a change holds what JSON cannot: " + err.Error())
	}
	return s.Sign(escape(body))
}

func (c Change) object() object {
	value := object{"messaging_product": "whatsapp", "metadata": object{"display_phone_number": "49305550100", "phone_number_id": c.Account}}
	for name, list := range map[string][]map[string]any{"contacts": c.Contacts, "messages": c.Messages, "message_echoes": c.Echoes, "statuses": c.Statuses} {
		if len(list) > 0 {
			value[name] = list
		}
	}
	field := c.Field
	if field == "" {
		field = "messages"
	}
	return object{"field": field, "value": value}
}

// Sign makes a request of a body, with its signature.
func (s *Server) Sign(body []byte) *channel.Request {
	mac := hmac.New(sha256.New, []byte(s.AppSecret))
	mac.Write(body)
	h := http.Header{"Content-Type": {"application/json"}, "User-Agent": {"facebookexternalua"}}
	h.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	return &channel.Request{Method: http.MethodPost, URL: "https://desk.example.com/hooks/whatsapp", Header: h, Body: body}
}

// escape writes JSON as the provider does: what is not ASCII, and a few characters that are, as \uXXXX, and slashes behind a backslash.
// All of these occur in strings alone.
func escape(data []byte) []byte {
	var out []byte
	for _, r := range string(data) {
		switch {
		case r == '/':
			out = append(out, '\\', '/')
		case r < 0x80 && r != '<' && r != '%' && r != '@':
			out = append(out, byte(r))
		default:
			for _, unit := range utf16.Encode([]rune{r}) {
				out = fmt.Appendf(out, `\u%04x`, unit)
			}
		}
	}
	return out
}
