package frontdesk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/frontdesk-go/frontdesk/conversation"
)

// Forward is where a message is forwarded to, and with what.
type Forward struct {
	Conversation string // ID of a conversation that is there; or
	Start               // of one to begin; with Conversation only its Draft counts. Its text comes before what is forwarded

	Whispers     bool // the message is a whisper, and whoever gets it may read it
	WithoutFiles bool // leaves the message's files behind
}

// Forward sends a message on, with who wrote it and when, and with its files. Who was written to in copy is not told. The message must be
// the caller's to see; a whisper is forwarded only if he says so. Errors: those of Reply and Compose, and ErrCapability of files that
// only the channel they came on can open.
func (s *Session) Forward(ctx context.Context, messageID string, to Forward) (msg conversation.Message, err error) {
	err = s.desk.write(ctx, s.actor.Tenant, "compose", func(t *txn) error {
		c, err := t.caller(s.actor, "forward", toWork)
		if err != nil {
			return err
		}
		where := "forward/" + messageID + "/" + to.Conversation + "/" + to.Channel + "/" + to.Mailbox + "/" + to.Contact + "/" + to.Address
		if to.WithoutFiles {
			where = "without files/" + where
		}
		sent, key, err := t.already(c, to.Draft, where)
		if err != nil || sent != nil {
			if sent != nil {
				msg = *sent
			}
			return err
		}
		source, conv, err := t.visibleMessage(c, messageID)
		if err != nil {
			return err
		}
		if err := forwardable(&source, to); err != nil {
			return err
		}
		to.Draft.of = repeats(&source, &conv)
		msg, err = t.forward(c, &source, to, key)
		return err
	})
	return msg, wrap("forward message", messageID, err)
}

func (t *txn) forward(c caller, source *conversation.Message, to Forward, key *keyUse) (msg conversation.Message, err error) {
	if to.Conversation != "" && (to.Channel != "" || to.Mailbox != "" || to.Contact != "" || to.Address != "") {
		return msg, invalid("Conversation", "forward to a conversation or begin one, not both")
	}
	if err := checkDraft(to.Draft); err != nil { // the files of the source come on top
		return msg, err
	}
	from, err := t.publicName(source.Author)
	if err != nil {
		return msg, err
	}
	to.Draft.origin, to.Draft.forwards = origin(source, from), source.ID
	if !to.WithoutFiles {
		to.Draft.Attachments = slices.Concat(to.Draft.Attachments, passedOn(source))
		to.Draft.filesOf = source.Channel
	}
	if to.Conversation == "" {
		return t.compose(c, to.Start, key)
	}
	conv, err := t.visible(c, to.Conversation)
	if err != nil {
		return msg, err
	}
	return t.answer(c, &conv, to.Draft, key, false)
}

// maxOf bounds whom a message names that is forwarded again and again. With MaxRecipients it leaves room for a row's other facts.
const maxOf = 200

// repeats names whom a message that forwards another is about, so that it is found when he is forgotten: who wrote it, or else the customers it
// went to, and whom it repeats itself.
func repeats(source *conversation.Message, conv *conversation.Conversation) []string {
	of := conv.Contacts
	switch {
	case source.Author.Kind == conversation.ByContact && source.Author.ID != "":
		of = []string{source.Author.ID}
	case source.About != "":
		of = []string{source.About}
	}
	addresses := func(of string) bool { return strings.HasPrefix(of, "identity/") } // which are not repeated
	of = distinct(slices.Concat(of, slices.DeleteFunc(slices.Clone(source.Of), addresses)))
	return of[:min(len(of), maxOf)]
}

// passedOn are a message's attachments as a draft has them: uploads by their addresses, so that the new message holds them, too.
func passedOn(source *conversation.Message) []conversation.Attachment {
	out := slices.Clone(source.Attachments)
	for n := range out {
		if f := source.File(n); f.Upload != "" {
			out[n].URL = uploadScheme + f.Upload
		}
	}
	return out
}

// forwardable refuses what is no message that somebody got or wrote.
func forwardable(m *conversation.Message, to Forward) error {
	reason := ""
	switch {
	case m.Direction == conversation.Activity:
		reason = "the entry is no message"
	case !m.Erased.IsZero():
		reason = "the message was taken back"
	case m.Delivery == conversation.Scheduled || m.Delivery == conversation.Cancelled:
		reason = "the message was not sent"
	case (m.Direction == conversation.Whisper || m.Direction == conversation.Note) && !to.Whispers:
		return invalid("Whispers", "the message is internal; set Whispers if whoever gets it may read it")
	}
	if reason == "" {
		return nil
	}
	return &conversation.StateError{Command: "forward", Reason: reason}
}

// publicName is the name of an author as customers see it.
func (t *txn) publicName(a conversation.Actor) (string, error) {
	if a.Kind == conversation.ByAgent {
		agent, err := t.agent(a.ID)
		if err == nil && agent.Alias != "" {
			return agent.Alias, nil
		}
		if err != nil && !errors.Is(err, ErrNotFound) {
			return "", err
		}
	}
	return cmp.Or(a.Name, a.ID), nil
}

// origin is a message as it stands in one that forwards it.
func origin(m *conversation.Message, from string) string {
	var b strings.Builder
	b.WriteString("---------- Forwarded message ----------\n")
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%s: %s\n", name, strings.Map(oneLine, value))
		}
	}
	line("From", from)
	line("Date", m.At.UTC().Format(time.RFC1123Z))
	line("Subject", m.Subject)
	text := m.Text
	if text == "" && m.Template != nil {
		text = "[" + m.Template.Name + "] " + strings.Join(m.Template.Params, " | ")
	}
	b.WriteString("\n" + text)
	return strings.TrimRight(b.String(), "\n")
}

// addOrigin puts what is forwarded under what was written to it.
func addOrigin(m *conversation.Message, draft Draft) {
	if draft.origin == "" {
		return
	}
	m.Text = strings.TrimSpace(m.Text + "\n\n" + draft.origin)
	if m.HTML != "" {
		m.HTML += "<br><br>" + asHTML(draft.origin)
	}
}

// reachable refuses a forwarded message's files that only the channel they came on can open: they have no address.
func (p *prepared) reachable(draft Draft) error {
	if draft.filesOf == "" || draft.filesOf == p.doc.ID {
		return nil
	}
	var problems []string
	for _, a := range draft.Attachments {
		if a.URL == "" {
			problems = append(problems, fmt.Sprintf("%q can only be opened on the channel it came on; give it an address, or leave the files out", cmp.Or(a.Name, a.ID)))
		}
	}
	if len(problems) > 0 {
		return &CapabilityError{Channel: p.doc.ID, Problems: problems}
	}
	return nil
}
