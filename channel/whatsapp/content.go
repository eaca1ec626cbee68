package whatsapp

import (
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"strings"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
)

// contents reads each type of message into msg, and reports whether it could.
var contents = map[string]func(msg *channel.Message, m object) bool{
	"text": func(msg *channel.Message, m object) bool {
		msg.Text = m.object("text").text("body")
		return m.object("text") != nil
	},
	"image":       media("image"),
	"video":       media("video"),
	"audio":       media("audio"),
	"document":    media("document"),
	"sticker":     media("sticker"),
	"location":    location,
	"contacts":    cards,
	"interactive": interactive,
	"button":      button,
	"order":       order,
}

// fill reads the content of a message of a type. What cannot be read is a placeholder that names the type.
func fill(msg *channel.Message, m object, kind string) {
	if read := contents[kind]; read != nil && read(msg, m) {
		if product := m.object("context").object("referred_product").text("product_retailer_id"); product != "" {
			msg.Text = lines(msg.Text, labelled("Product", product))
		}
		return
	}
	switch kind {
	case "unsupported":
		msg.Unsupported = cmp.Or(m.object(kind).text("type"), kind)
	case "interactive":
		msg.Unsupported = strings.TrimSuffix(kind+" "+m.object(kind).text("type"), " ")
	case "system":
		msg.Unsupported = strings.TrimSuffix(kind+" "+m.object(kind).text("type"), " ")
		msg.Text, msg.Automatic = m.object(kind).text("body"), true
	default:
		msg.Unsupported = cmp.Or(kind, "message without a type")
	}
}

// media reads a file. Its ID is what fetches it; the address that newer deliveries add lives five minutes and is left out.
func media(kind string) func(*channel.Message, object) bool {
	return func(msg *channel.Message, m object) bool {
		p := m.object(kind)
		if p.text("id") == "" {
			return false
		}
		msg.Text = p.text("caption")
		msg.Attachments = []conversation.Attachment{{ID: p.text("id"), Name: p.text("filename"), Type: p.text("mime_type"), Hash: hash(p.text("sha256"))}}
		return true
	}
}

// hash returns a SHA-256 in hex. Deliveries write it in base64, the media's own answer in hex.
func hash(announced string) string {
	if raw, err := hex.DecodeString(announced); err == nil && len(raw) == 32 {
		return hex.EncodeToString(raw)
	}
	if raw, err := base64.StdEncoding.DecodeString(announced); err == nil && len(raw) == 32 {
		return hex.EncodeToString(raw)
	}
	return ""
}

// button reads a pressed quick reply of a template.
func button(msg *channel.Message, m object) bool {
	p := m.object("button")
	msg.Text, msg.Button = cmp.Or(p.text("text"), p.text("payload")), cmp.Or(p.text("payload"), p.text("text"))
	return msg.Text != ""
}

// interactive reads a pressed button, a chosen row or a filled form.
func interactive(msg *channel.Message, m object) bool {
	p := m.object("interactive")
	kind := p.text("type")
	reply := p.object(kind)
	if reply == nil {
		return false
	}
	switch kind {
	case "button_reply", "list_reply":
		msg.Text, msg.Button = lines(reply.text("title"), reply.text("description")), reply.text("id")
	case "nfm_reply":
		msg.Text, msg.Button = lines(reply.text("body"), form(reply.text("response_json"))), reply.text("name")
	default:
		return false
	}
	return true
}

// referral says in a line which advertisement or post somebody came from.
func referral(r object) string {
	if r == nil {
		return ""
	}
	source := strings.Join(nonEmpty(r.text("source_type"), r.text("source_id"), r.text("source_url")), " ")
	what := strings.Join(nonEmpty(r.text("headline"), r.text("body")), ": ")
	switch {
	case source == "":
		return what
	case what == "":
		return source
	}
	return what + " (" + source + ")"
}
