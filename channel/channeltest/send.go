package channeltest

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
)

var sendCases = []kase{
	{"send/text", "what arrives at the provider is what was to be sent, to whom, and Send returns the provider's ID", sendText},
	{"send/files", "the files of a message arrive at the provider in order", sendFiles},
	{"send/twice", "two messages are two at the provider, with two IDs", sendTwice},
	{"send/cancelled", "a context that has ended sends nothing, and the error says that nothing was sent", sendCancelled},
	{"send/reference", "our reference reaches the provider when Capabilities say that it comes back", sendReference},
	{"send/idempotent", "when Capabilities say Idempotent, the same part sent twice is one message", sendIdempotent},
}

// send plans and sends a message whole, and returns what arrived.
func (p *probe) send(c channel.Conn, o channel.Outgoing) ([]channel.Sent, []Received) {
	p.Helper()
	before := len(p.Received())
	var answers []channel.Sent
	for _, part := range p.plan(c, o) {
		s, err := c.Send(p.ctx(), part)
		if err != nil {
			p.stop("Send of part %d: %v", part.Index, err)
		}
		answers = append(answers, s)
	}
	return answers, p.Received()[before:]
}

func sendText(p *probe) {
	text := "Grüße & 100% + a=b?\n\"ok\" 😀"
	sent, got := p.send(p.open(), p.outgoing("message-1", text))
	if len(got) != 1 {
		p.stop("one message was sent, the provider has %d", len(got))
	}
	if got[0].Text != text || got[0].To != p.Customers[0] || len(got[0].Files) != 0 {
		p.bad("the provider has %+v, want text %q to %s", got[0], text, p.Customers[0])
	}
	if sent[0].ID != got[0].ID {
		p.bad("Send returned the ID %q, the provider gave %q", sent[0].ID, got[0].ID)
	}
	if d := sent[0].Delivery; d != "" && d != conversation.Sent && d != conversation.Delivered && d != conversation.Read {
		p.bad("Send returned the delivery %q", d)
	}
}

func sendFiles(p *probe) {
	c := p.open()
	files := sample(c.Capabilities().Attachments, 2)
	if len(files) == 0 {
		p.skip("the channel carries no files")
	}
	o := p.outgoing("message-1", "two files")
	o.Attachments = files
	_, got := p.send(c, o)
	var texts, names, want []string
	for _, r := range got {
		if r.Text != "" {
			texts = append(texts, r.Text)
		}
		names = append(names, r.Files...)
	}
	for _, f := range files {
		want = append(want, f.URL)
	}
	if !slices.Equal(names, want) {
		p.bad("the files %q arrived, want %q", names, want)
	}
	if strings.Join(texts, "") != o.Text {
		p.bad("the texts %q arrived, want %q", texts, o.Text)
	}
}

// sample makes up to n files that rules allow.
func sample(rules channel.AttachmentRules, n int) []conversation.Attachment {
	mime := "image/jpeg"
	if len(rules.Types) > 0 {
		mime = concrete(rules.Types[0].Pattern)
	}
	var files []conversation.Attachment
	for i := range min(n, rules.Max) {
		name := string(rune('a'+i%26)) + ".jpg"
		files = append(files, conversation.Attachment{Name: name, Type: mime, Size: 1000, URL: "https://files.example.com/" + name})
	}
	return files
}

func concrete(pattern string) string {
	if pattern == "*/*" || pattern == "*" {
		return "image/jpeg"
	}
	if kind, ok := strings.CutSuffix(pattern, "/*"); ok {
		return map[string]string{"image": "image/jpeg", "video": "video/mp4", "audio": "audio/mpeg", "text": "text/plain"}[kind]
	}
	return pattern
}

func sendTwice(p *probe) {
	c := p.open()
	a, first := p.send(c, p.outgoing("message-1", "same"))
	b, second := p.send(c, p.outgoing("message-2", "same"))
	if len(first) != 1 || len(second) != 1 || a[0].ID == "" || a[0].ID == b[0].ID {
		p.bad("the provider has %d and %d messages, the IDs are %q and %q", len(first), len(second), a[0].ID, b[0].ID)
	}
}

func sendCancelled(p *probe) {
	c := p.open()
	parts := p.plan(c, p.outgoing("message-1", "never"))
	ctx, cancel := context.WithCancel(p.ctx())
	cancel()
	_, err := c.Send(ctx, parts[0])
	if len(p.Received()) != 0 {
		p.bad("the provider has %+v", p.Received())
	}
	if err == nil || channel.AsError(err).Class == channel.Unknown {
		p.bad("the error is %v", err)
	}
	if !errors.Is(err, context.Canceled) {
		p.bad("the error %v does not wrap context.Canceled", err)
	}
}

func sendReference(p *probe) {
	c := p.open()
	if !c.Capabilities().Reference {
		p.skip("the platform carries no reference")
	}
	if _, got := p.send(c, p.outgoing("message-1", "x")); len(got) != 1 || got[0].Reference != "message-1" {
		p.bad("the provider has %+v", got)
	}
}

func sendIdempotent(p *probe) {
	c := p.open()
	if !c.Capabilities().Idempotent {
		p.skip("the platform is not idempotent")
	}
	part := p.plan(c, p.outgoing("message-1", "once"))[0]
	first, err := c.Send(p.ctx(), part)
	second, err2 := c.Send(p.ctx(), part)
	if err != nil || err2 != nil || first.ID != second.ID || len(p.Received()) != 1 {
		p.bad("IDs %q and %q, errors %v and %v, the provider has %d", first.ID, second.ID, err, err2, len(p.Received()))
	}
}
