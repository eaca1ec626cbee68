package frontdesk

import (
	"fmt"
	"strings"

	"golang.org/x/text/language"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/store"
)

// checkDraft checks what can be checked of a draft by itself.
func checkDraft(d Draft) error {
	for _, f := range []struct {
		field, text string
		limit       int
	}{{"Text", d.Text, conversation.MaxText}, {"HTML", d.HTML, conversation.MaxText}, {"Subject", d.Subject, conversation.MaxSubject}} {
		if problems := conversation.CheckText(f.text, f.limit); len(problems) > 0 {
			return &InvalidError{Field: f.field, Problems: problems}
		}
	}
	if strings.ContainsAny(d.Subject, "\r\n") {
		return invalid("Subject", "holds a line end")
	}
	if err := checkAttachments(d.Attachments); err != nil {
		return err
	}
	for _, list := range [][]string{d.To, d.CC, d.BCC} {
		for _, a := range list {
			if problems := conversation.CheckText(a, maxAddress); len(problems) > 0 || strings.ContainsAny(a, "\r\n") {
				return invalid("recipients", "%q is no address: text of at most %d bytes in one line", a, maxAddress)
			}
		}
	}
	if n := len(d.To) + len(d.CC) + len(d.BCC); n > MaxRecipients {
		return invalid("recipients", "%d addresses, at most %d", n, MaxRecipients)
	}
	if d.Language != "" {
		if _, err := language.Parse(d.Language); err != nil {
			return invalid("Language", "%q is no BCP 47 tag; use one such as \"pt-BR\"", d.Language)
		}
	}
	if len(d.Then) > maxThen {
		return invalid("Then", "%d actions, at most %d", len(d.Then), maxThen)
	}
	return nil
}

func checkAttachments(files []conversation.Attachment) error {
	if len(files) > conversation.MaxAttachments {
		return invalid("Attachments", "%d files, at most %d", len(files), conversation.MaxAttachments)
	}
	for _, a := range files {
		if a.URL == "" && a.ID == "" {
			return invalid("Attachments", "%q has neither an address to fetch it from nor the provider's ID", a.Name)
		}
		if a.Size < 0 {
			return invalid("Attachments", "%q has %d bytes", a.Name, a.Size)
		}
		for _, text := range []string{a.Name, a.URL, a.ID, a.Type, a.Hash} {
			if problems := conversation.CheckText(text, 4000); len(problems) > 0 {
				return &InvalidError{Field: "Attachments", Problems: problems}
			}
		}
	}
	return nil
}

// maxThen bounds the actions of one act, so that the command's IDs suffice.
const maxThen = 8

func empty(m *conversation.Message) error {
	if strings.TrimSpace(m.Text) == "" && m.HTML == "" && len(m.Attachments) == 0 && m.Template == nil {
		return invalid("Text", "is empty; give a text, a file or a template")
	}
	return nil
}

// replyTo checks that the message a draft answers is one of the conversation's.
func (t *txn) replyTo(c caller, conv *conversation.Conversation, id string) (string, error) {
	if store.CheckText(id, false) != "" {
		return "", fmt.Errorf("message %q: %w", id, ErrNotFound)
	}
	if err := t.load(messageKey(id)); err != nil {
		return "", err
	}
	m, err := t.message(id)
	if err == nil {
		var head conversation.Conversation
		if head, err = t.head(m.Conversation); err == nil && head.ID == conv.ID && t.reachesPart(c, &head, m.Conversation) == nil {
			return m.ID, nil
		}
	}
	return "", fmt.Errorf("message %q: %w", id, ErrNotFound)
}
