package whatsapp

import (
	"fmt"
	"strings"
	"time"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
)

// The limits of the Cloud API. Its pages do not say what a character is; UTF-16 units are the larger count.
const (
	maxText    = 4096
	maxCaption = 1024
	maxFiles   = 10 // of one message here; each is a call of its own
	megabyte   = 1 << 20
)

// Capabilities says what WhatsApp can carry.
func (c *conn) Capabilities() channel.Capabilities {
	return channel.Capabilities{
		Method:      channel.MethodChat,
		Text:        channel.Limit{Max: maxText, Unit: channel.UTF16},
		Caption:     channel.Limit{Max: maxCaption, Unit: channel.UTF16},
		Attachments: channel.AttachmentRules{Max: maxFiles, Types: fileTypes()},
		Initiate:    true, // by template, since the window is closed to whoever never wrote
		Window:      channel.Window{Free: 24 * time.Hour},
		Templates:   true,
		Receipts:    channel.Receipts{Sent: true, Delivered: true, Read: true},
		Reference:   true,
	}
}

// fileTypes are the media types with a form of their own; every other type goes as a document. A sticker that does not move is refused
// by the provider beyond 100 KB.
func fileTypes() []channel.Type {
	types := []channel.Type{{Pattern: "image/jpeg", MaxBytes: 5 * megabyte}, {Pattern: "image/png", MaxBytes: 5 * megabyte}, {Pattern: "image/webp", MaxBytes: 500 << 10}}
	for _, p := range []string{"video/mp4", "video/3gpp", "audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"} {
		types = append(types, channel.Type{Pattern: p, MaxBytes: 16 * megabyte})
	}
	return append(types, channel.Type{Pattern: "*/*", MaxBytes: 100 * megabyte})
}

// fileKind is the message type that carries files of a MIME type.
func fileKind(mime string) string {
	mime, _, _ = strings.Cut(mime, ";")
	switch mime = strings.ToLower(strings.TrimSpace(mime)); mime {
	case "image/jpeg", "image/png":
		return "image"
	case "image/webp":
		return "sticker"
	case "video/mp4", "video/3gpp":
		return "video"
	case "audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg":
		return "audio"
	}
	return "document"
}

// captionable reports whether a message of a type can have a text beside its file.
func captionable(kind string) bool { return kind != "audio" && kind != "sticker" }

// Plan splits a message into one part for each file. The text is the caption of the first file that can have one, or where it does not
// fit or none can, a part before the files. Only the first part answers ReplyTo.
func (c *conn) Plan(m channel.Outgoing) ([]channel.Part, error) {
	if problems := c.Capabilities().Attachments.Check(m.Attachments); problems != nil {
		return nil, contentError("%s", strings.Join(problems, "; "))
	}
	parts := split(m)
	for i := range parts {
		parts[i].Index, parts[i].Of = i, len(parts)
		if i > 0 {
			parts[i].ReplyTo = ""
		}
		if _, err := compose(parts[i]); err != nil {
			return nil, err
		}
	}
	return parts, nil
}

func split(m channel.Outgoing) []channel.Part {
	if len(m.Attachments) == 0 || m.Template != nil {
		return []channel.Part{{Outgoing: m}}
	}
	var parts []channel.Part
	add := func(text string, files []conversation.Attachment) {
		part := m
		part.Text, part.Attachments = text, files
		parts = append(parts, channel.Part{Outgoing: part})
	}
	with := captioned(m)
	if with < 0 && m.Text != "" {
		add(m.Text, nil)
	}
	for i := range m.Attachments {
		text := ""
		if i == with {
			text = m.Text
		}
		add(text, m.Attachments[i:i+1:i+1])
	}
	return parts
}

// captioned returns the index of the file that takes the text as its caption, or -1.
func captioned(m channel.Outgoing) int {
	if left, _ := (channel.Limit{Max: maxCaption, Unit: channel.UTF16}).Left(m.Text); left < 0 {
		return -1
	}
	for i, f := range m.Attachments {
		if captionable(fileKind(f.Type)) {
			return i
		}
	}
	return -1
}

func contentError(format string, args ...any) *channel.Error {
	return &channel.Error{Class: channel.Content, Detail: fmt.Sprintf(format, args...)}
}
