package frontdesk

import (
	"net/mail"
	"slices"
	"strings"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
)

// MaxRecipients is how many addresses a draft may name beside the thread's own. RFC 5321 has every server take 100.
const MaxRecipients = 100

// maxAddress is how long an address may be, in bytes: 64 before the @ and 255 behind it (RFC 5321).
const maxAddress = 320

// recipients adds a draft's to, CC and BCC, each once, where the channel has them: one that is named twice is where it is named first.
// BCC are handed to the driver apart, so that no other recipient learns of them.
func (p *prepared) recipients(draft Draft) error {
	m := &p.message
	m.To = slices.Clone(p.thread.To)
	if len(draft.To)+len(draft.CC)+len(draft.BCC) == 0 {
		return nil
	}
	if !p.conn.Capabilities().Recipients {
		return &CapabilityError{Channel: p.doc.ID, Problems: []string{"its recipients are locked"}}
	}
	for _, list := range []struct {
		typed []string
		to    *[]conversation.Identity
	}{{draft.To, &m.To}, {draft.CC, &m.CC}, {draft.BCC, &m.BCC}} {
		for _, typed := range list.typed {
			id, err := recipient(p.conn, typed)
			if err != nil {
				return err
			}
			if !slices.ContainsFunc(slices.Concat(m.To, m.CC, m.BCC), id.Is) {
				*list.to, m.Of = append(*list.to, id), append(m.Of, identityName(id).ID)
			}
		}
	}
	return nil
}

// recipient reads an address as the channel does; where its driver reads none, as an e-mail address, for only mail has recipients.
func recipient(conn channel.Conn, typed string) (id conversation.Identity, err error) {
	if _, reads := conn.(channel.Addresser); reads {
		if _, id, err = address(conn, typed); err != nil {
			return id, invalid("recipients", "%q: %v", typed, err)
		}
		return id, nil
	}
	typed = strings.TrimSpace(typed)
	parsed, err := mail.ParseAddress(typed)
	if err != nil || parsed.Name != "" || parsed.Address != typed || strings.HasPrefix(typed, `"`) {
		return id, invalid("recipients", "%q is no e-mail address; use one such as \"jane@example.com\"", typed)
	}
	return conversation.Identity{Scope: conversation.ScopeEmail, Address: strings.ToLower(typed)}, nil
}

// subject is a message's subject: the draft's or, where the channel has subjects, the conversation's, which an answer carries on.
func subject(conv *conversation.Conversation, draft Draft, caps channel.Capabilities) string {
	if draft.Subject == "" && caps.Subject && !draft.Whisper {
		return conv.Subject
	}
	return draft.Subject
}

// capabilities are those of a channel; without one, which a whisper has not, there are none.
func capabilities(conn channel.Conn) channel.Capabilities {
	if conn == nil {
		return channel.Capabilities{}
	}
	return conn.Capabilities()
}
