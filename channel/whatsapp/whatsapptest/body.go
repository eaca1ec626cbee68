package whatsapptest

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf16"
)

// message is the documented body of the messages endpoint, as far as the stand-in knows it.
type message struct {
	Product       string   `json:"messaging_product"`
	RecipientType string   `json:"recipient_type"`
	To            string   `json:"to"`
	Recipient     string   `json:"recipient"`
	Context       *context `json:"context"`
	Type          string   `json:"type"`
	Reference     string   `json:"biz_opaque_callback_data"`

	Text     *text     `json:"text"`
	Image    *captured `json:"image"`
	Video    *captured `json:"video"`
	Document *document `json:"document"`
	Audio    *file     `json:"audio"`
	Sticker  *file     `json:"sticker"`
	Template *template `json:"template"`
}

type context struct {
	ID string `json:"message_id"`
}

type text struct {
	Body    string `json:"body"`
	Preview bool   `json:"preview_url"`
}

type file struct {
	ID   string `json:"id"`
	Link string `json:"link"`
}

type captured struct {
	file
	Caption string `json:"caption"`
}

type document struct {
	captured
	Name string `json:"filename"`
}

type template struct {
	Name     string `json:"name"`
	Language struct {
		Code string `json:"code"`
	} `json:"language"`
	Components []struct {
		Type       string `json:"type"`
		Parameters []struct {
			Type string `json:"type"`
			Text string `json:"text"`
		} `json:"parameters"`
	} `json:"components"`
}

// check refuses what the documentation does not allow.
func (m message) check() (Taken, *reply) {
	refuse := func(code int, details string) (Taken, *reply) {
		f := failure(code, 0, details)
		return Taken{}, &f
	}
	got := Taken{To: m.To, Type: m.Type, Reference: m.Reference}
	if m.To == "" {
		got.To = m.Recipient
	}
	if m.Context != nil {
		got.ReplyTo = m.Context.ID
	}
	payloads := 0
	for _, there := range []bool{m.Text != nil, m.Image != nil, m.Video != nil, m.Document != nil, m.Audio != nil, m.Sticker != nil, m.Template != nil} {
		if there {
			payloads++
		}
	}
	switch {
	case m.Product != "whatsapp":
		return refuse(100, "The parameter messaging_product is required.")
	case m.RecipientType != "" && m.RecipientType != "individual":
		return refuse(100, "Param recipient_type must be one of {individual}")
	case got.To == "":
		return refuse(100, "The parameter to is required.")
	case m.Context != nil && m.Context.ID == "":
		return refuse(131009, "context.message_id is empty")
	case len(m.Reference) > 512:
		return refuse(100, "Param biz_opaque_callback_data must be at most 512 characters long.")
	case payloads != 1:
		return refuse(131009, "One payload is wanted, of the type named")
	}
	if problem := m.payload(&got); problem != "" {
		return refuse(131009, problem)
	}
	return got, nil
}

// payload reads the payload of the type that the message names, and says what is wrong with it.
func (m message) payload(got *Taken) string {
	switch {
	case m.Type == "text" && m.Text != nil:
		got.Text = m.Text.Body
		return length("text.body", got.Text, 1, 4096)
	case m.Type == "image" && m.Image != nil:
		got.Text = m.Image.Caption
		return m.Image.check(got)
	case m.Type == "video" && m.Video != nil:
		got.Text = m.Video.Caption
		return m.Video.check(got)
	case m.Type == "document" && m.Document != nil:
		got.Text, got.FileName = m.Document.Caption, m.Document.Name
		return m.Document.check(got)
	case m.Type == "audio" && m.Audio != nil:
		return m.Audio.check(got)
	case m.Type == "sticker" && m.Sticker != nil:
		return m.Sticker.check(got)
	case m.Type == "template" && m.Template != nil:
		return m.Template.check(got)
	}
	return "Param type is " + strconv.Quote(m.Type) + ", which is not that of the payload"
}

func length(name, s string, least, most int) string {
	if n := len(utf16.Encode([]rune(s))); n < least || n > most {
		return fmt.Sprintf("Param %s must be between %d and %d characters long.", name, least, most)
	}
	return ""
}

func (f file) check(got *Taken) string {
	got.File = f.ID + f.Link
	if (f.ID == "") == (f.Link == "") {
		return "One of id and link is wanted"
	}
	if u, err := url.Parse(f.Link); f.Link != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		return "Param link is no valid URI"
	}
	return length("caption", got.Text, 0, 1024)
}

func (t template) check(got *Taken) string {
	got.Template = t.Name
	if t.Name == "" || t.Language.Code == "" {
		return "A template needs a name and a language.code"
	}
	for _, c := range t.Components {
		if c.Type != "body" {
			return "Param components.type must be body"
		}
		for _, p := range c.Parameters {
			if p.Type != "text" || strings.TrimSpace(p.Text) == "" || strings.ContainsAny(p.Text, "\n\t") || strings.Contains(p.Text, "     ") {
				return "Param text cannot be empty or have new-line/tab characters or more than 4 consecutive spaces"
			}
			got.Params = append(got.Params, p.Text)
		}
	}
	return ""
}
