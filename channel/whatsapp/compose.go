package whatsapp

import (
	"strings"
	"unicode"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
)

// body is a request to the messages endpoint.
type body struct {
	Product   string    `json:"messaging_product"`
	To        string    `json:"to,omitempty"`        // with "+": without it the provider may prepend the business' own country code
	Recipient string    `json:"recipient,omitempty"` // a user ID, where no number is known
	Context   *quoted   `json:"context,omitempty"`
	Type      string    `json:"type"`
	Text      *text     `json:"text,omitempty"`
	Image     *file     `json:"image,omitempty"`
	Video     *file     `json:"video,omitempty"`
	Audio     *file     `json:"audio,omitempty"`
	Document  *file     `json:"document,omitempty"`
	Sticker   *file     `json:"sticker,omitempty"`
	Template  *template `json:"template,omitempty"`
	Reference string    `json:"biz_opaque_callback_data,omitempty"`
}

type quoted struct {
	ID string `json:"message_id"`
}

type text struct {
	Preview bool   `json:"preview_url"`
	Body    string `json:"body"`
}

type file struct {
	ID      string `json:"id,omitempty"`
	Link    string `json:"link,omitempty"`
	Caption string `json:"caption,omitempty"`
	Name    string `json:"filename,omitempty"` // of documents
}

type template struct {
	Name       string      `json:"name"`
	Language   language    `json:"language"`
	Components []component `json:"components,omitempty"`
}

type language struct {
	Code string `json:"code"`
}

type component struct {
	Type       string      `json:"type"`
	Parameters []parameter `json:"parameters"`
}

type parameter struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

// compose turns a part into the body of its call. Errors: *channel.Error of class Content or Recipient.
func compose(p channel.Part) (*body, error) {
	b := &body{Product: "whatsapp", Reference: p.Message}
	if err := b.address(p.Outgoing); err != nil {
		return nil, err
	}
	if p.ReplyTo != "" {
		b.Context = &quoted{ID: p.ReplyTo}
	}
	switch {
	case p.Template != nil:
		return b, b.template(p.Template, len(p.Attachments))
	case len(p.Attachments) > 1:
		return nil, contentError("%d files in one call, at most 1: Plan makes a part of each", len(p.Attachments))
	case len(p.Attachments) == 1:
		return b, b.file(p.Attachments[0], p.Text)
	case strings.TrimSpace(p.Text) == "":
		return nil, contentError("the message is empty")
	}
	if left, _ := (channel.Limit{Max: maxText, Unit: channel.UTF16}).Left(p.Text); left < 0 {
		return nil, contentError("the text is %d UTF-16 units, at most %d", maxText-left, maxText)
	}
	b.Type, b.Text = "text", &text{Body: p.Text}
	return b, nil
}

// address sets who the call is for: the first number, else the first user ID, else what the thread's key says.
func (b *body) address(m channel.Outgoing) error {
	if strings.HasPrefix(m.Thread, "group:") {
		return &channel.Error{Class: channel.Recipient, Detail: "a group takes no answers from here; write to its members"}
	}
	to := m.To
	if len(to) == 0 && m.Thread != "" {
		to = []conversation.Identity{identity(m.Thread, "")}
	}
	for _, i := range to {
		digits := strings.TrimPrefix(i.Address, "+")
		if i.Scope == conversation.ScopePhone && isDigits(digits) && len(digits) >= 7 && len(digits) <= 15 {
			b.To = "+" + digits
			return nil
		}
	}
	for _, i := range to {
		if i.Scope == ScopeUser && i.Address != "" {
			b.Recipient = i.Address
			return nil
		}
	}
	return &channel.Error{Class: channel.Recipient, Detail: "there is no phone number of 7 to 15 digits and no WhatsApp user ID to send to"}
}

// file sets the file, by the ID of an upload or by the address that the provider fetches.
func (b *body) file(a conversation.Attachment, caption string) error {
	f := &file{ID: a.ID, Caption: caption}
	if a.ID == "" {
		f.Link = a.URL
	}
	b.Type = fileKind(a.Type)
	switch {
	case a.ID == "" && a.URL == "":
		return contentError("%s has neither an ID nor an address", a.Name)
	case caption != "" && !captionable(b.Type):
		return contentError("a file of type %s takes no text beside it: Plan makes a part of each", b.Type)
	}
	if left, _ := (channel.Limit{Max: maxCaption, Unit: channel.UTF16}).Left(caption); left < 0 {
		return contentError("the text beside a file is %d UTF-16 units, at most %d", maxCaption-left, maxCaption)
	}
	switch b.Type {
	case "image":
		b.Image = f
	case "video":
		b.Video = f
	case "audio":
		b.Audio = f
	case "sticker":
		b.Sticker = f
	default:
		f.Name = a.Name
		b.Document = f
	}
	return nil
}

// template sets a template and its parameters. How many it wants only the provider knows.
func (b *body) template(t *conversation.Template, files int) error {
	switch {
	case t.Name == "":
		return contentError("the template has no name")
	case t.Language == "":
		return contentError("template %s has no language; one such as en_US is needed", t.Name)
	case files > 0:
		return contentError("a template carries no files here")
	}
	b.Type = "template"
	b.Template = &template{Name: t.Name, Language: language{Code: t.Language}}
	var params []parameter
	for i, p := range t.Params {
		if problem := checkParam(p); problem != "" {
			return contentError("parameter %d of template %s %s", i+1, t.Name, problem)
		}
		params = append(params, parameter{Type: "text", Text: p})
	}
	if params != nil {
		b.Template.Components = []component{{Type: "body", Parameters: params}}
	}
	return nil
}

// checkParam says what the provider would refuse in a template's parameter: it must hold something, and no line end, no tab and no run
// of more than four spaces.
func checkParam(p string) string {
	switch {
	case strings.TrimFunc(p, unicode.IsSpace) == "":
		return "is empty"
	case strings.ContainsAny(p, "\n\r"):
		return "holds a line end"
	case strings.Contains(p, "\t"):
		return "holds a tab"
	case strings.Contains(p, "     "):
		return "holds more than four spaces in a row"
	}
	return ""
}
