package frontdesk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/channel/sms"
	"github.com/frontdesk-go/frontdesk/conversation"
)

// carries checks a prepared message against consent, the channel's window and its capabilities.
func (t *txn) carries(c caller, conv *conversation.Conversation, p *prepared) error {
	people, err := t.people(conv)
	if err != nil {
		return err
	}
	for _, contact := range people {
		if slices.Contains(contact.OptedOut, p.doc.ID) {
			return fmt.Errorf("%w: channel %s", ErrOptedOut, p.doc.ID)
		}
	}
	caps := p.conn.Capabilities()
	if problems := violations(caps, &p.message); len(problems) > 0 {
		return &CapabilityError{Channel: p.doc.ID, Problems: problems, Instead: t.carriers(conv, p)}
	}
	if err := open(caps, p.doc.ID, p.thread, t, c.who().Kind == conversation.ByAgent, p.message.Template != nil); err != nil {
		return err
	}
	if _, err := plan(p.conn, outgoing(&p.message, p.thread)); err != nil {
		var e *channel.Error
		if errors.As(err, &e) {
			return &CapabilityError{Channel: p.doc.ID, Problems: []string{e.Detail}}
		}
		return err
	}
	return nil
}

// open checks the reply window.
func open(caps channel.Capabilities, channelID string, th conversation.Thread, t *txn, human, isTemplate bool) error {
	if isTemplate || caps.Window.Access(th.LastInbound, t.now, human, th.Answers).Open {
		return nil
	}
	e := &WindowError{Channel: channelID, LastInbound: th.LastInbound, Instead: "wait for the customer to write"}
	if caps.Templates {
		e.Instead = "send a template"
	}
	return e
}

// violations lists everything that a channel cannot carry of a message. Whether a text goes beside a file or before it is the driver's
// plan.
func violations(caps channel.Capabilities, m *conversation.Message) (problems []string) {
	if left, ok := caps.Text.Left(m.Text); ok && left < 0 {
		problems = append(problems, fmt.Sprintf("the text is %d %s over the limit of %d", -left, caps.Text.Unit, caps.Text.Max))
	}
	if caps.Segments && segments(caps).Count(m.Text).Segments > sms.MaxSegments {
		problems = append(problems, fmt.Sprintf("the text takes more than %d segments", sms.MaxSegments))
	}
	if m.HTML != "" && !caps.HTML {
		problems = append(problems, "it carries plain text only")
	}
	if m.Subject != "" && !caps.Subject {
		problems = append(problems, "it has no subject line")
	}
	if m.Template != nil && !caps.Templates {
		problems = append(problems, "it has no templates")
	}
	return append(problems, caps.Attachments.Check(m.Attachments)...)
}

// segments is how a channel's text is cut.
func segments(caps channel.Capabilities) sms.Options { return sms.Options{Ref16: caps.Ref16} }

// carriers names the mailbox's other channels that could carry a message and reach the customer.
func (t *txn) carriers(conv *conversation.Conversation, p *prepared) []string {
	all, err := documents[Channel](t, "channel/")
	if err != nil {
		return nil // the refusal itself stands without the advice
	}
	var out []string
	for _, ch := range all {
		if ch.ID == p.doc.ID || ch.Mailbox != conv.Mailbox || ch.Inactive {
			continue
		}
		if _, conn, err := t.opened(ch.ID); err != nil || len(violations(conn.Capabilities(), &p.message)) > 0 {
			continue
		}
		known := slices.ContainsFunc(conv.Threads, func(th conversation.Thread) bool { return th.Channel == ch.ID })
		if _, err := t.threadOn(conv, ch.ID); known || err == nil {
			out = append(out, ch.ID)
		}
	}
	return out
}

// template finds the template a draft names, or the channel's default, and checks its parameters.
func template(ch Channel, want *conversation.Template) (*conversation.Template, error) {
	if want == nil {
		return nil, nil
	}
	out := *want
	i := slices.IndexFunc(ch.Templates, func(k Template) bool {
		return (want.Name == "" || k.Name == want.Name) && (want.Language == "" || k.Language == want.Language)
	})
	switch {
	case i < 0 && want.Name == "":
		return nil, invalid("Template", "has no name, and channel %q has no default template", ch.ID)
	case i < 0 && len(ch.Templates) > 0:
		return nil, invalid("Template", "channel %q has no template %q in language %q", ch.ID, want.Name, want.Language)
	case i >= 0:
		known := ch.Templates[i]
		out.Name, out.Namespace, out.Language = known.Name, known.Namespace, known.Language
		if len(want.Params) != known.Params {
			return nil, invalid("Template", "%q takes %d parameters, %d given", known.Name, known.Params, len(want.Params))
		}
	}
	return &out, checkParams(want.Params)
}

// checkParams refuses what Meta refuses in a template's parameter (error 132018): nothing, a newline, a tab, more than four spaces.
func checkParams(params []string) error {
	var problems []string
	for i, p := range params {
		switch {
		case strings.TrimSpace(p) == "":
			problems = append(problems, fmt.Sprintf("parameter %d is empty", i+1))
		case strings.ContainsAny(p, "\n\r\t"):
			problems = append(problems, fmt.Sprintf("parameter %d holds a line end or a tab", i+1))
		case strings.Contains(p, "     "):
			problems = append(problems, fmt.Sprintf("parameter %d holds more than four spaces in a row", i+1))
		}
		problems = append(problems, conversation.CheckText(p, conversation.MaxText)...)
	}
	if len(problems) > 0 {
		return &InvalidError{Field: "Template", Problems: problems}
	}
	return nil
}

// outgoing is what a driver is asked to plan and send.
func outgoing(m *conversation.Message, th conversation.Thread) channel.Outgoing {
	to := m.To
	if len(to) == 0 {
		to = th.To
	}
	return channel.Outgoing{Message: m.ID, Thread: th.Key, To: to, CC: m.CC, BCC: m.BCC, Subject: m.Subject, Text: m.Text, HTML: m.HTML,
		Attachments: m.Attachments, Template: m.Template, Human: m.Author.Kind == conversation.ByAgent}
}

// plan splits a message into calls; a channel that plans nothing takes it in one.
func plan(conn channel.Conn, out channel.Outgoing) (parts []channel.Part, err error) {
	defer func() {
		if p := recover(); p != nil {
			parts, err = nil, &channel.Error{Class: channel.Content, Detail: fmt.Sprintf("the driver panics on it: %v", p)}
		}
	}()
	if p, ok := conn.(channel.Planner); ok {
		parts, err := p.Plan(out)
		if err == nil && len(parts) == 0 {
			err = &channel.Error{Class: channel.Content, Detail: "nothing of it can be sent"}
		}
		return parts, err
	}
	return []channel.Part{{Outgoing: out, Of: 1}}, nil
}

// Measure is what a draft would be when sent: shown while it is written.
type Measure struct {
	Text       string       // with its fields filled
	Unresolved []string     // fields without a value
	SMS        *sms.Info    // on a channel that sends segments
	Smart      *sms.Preview // with SMS: what replacing costly characters by similar ones would save
	Left       int          // what is left of the channel's text limit, in Unit; negative when over
	Unit       string       // "" if the channel has no limit
	Window     WindowState  // whether free text goes at the moment
	Problems   []string     // everything the channel cannot carry
}

// Measure fills a draft and counts it as its channel does, without sending it.
func (s *Session) Measure(ctx context.Context, id string, draft Draft) (m Measure, err error) {
	err = s.read(ctx, "measure", id, func(t *txn, c caller) error {
		conv, err := t.visible(c, id)
		if err != nil {
			return err
		}
		if err := checkDraft(draft); err != nil {
			return err
		}
		if draft.Missing == MissingError {
			draft.Missing = MissingKeep
		}
		th, ch, conn, err := t.outgoing(&conv, draft.Channel)
		if err != nil {
			return err
		}
		filled, err := t.fill(c, &conv, ch, draft)
		if err != nil {
			return err
		}
		m = measure(t, c, filled, draft, th, conn.Capabilities())
		return nil
	})
	return m, err
}

func measure(t *txn, c caller, f Filled, draft Draft, th conversation.Thread, caps channel.Capabilities) Measure {
	m := Measure{Text: f.Text, Unresolved: f.Unresolved}
	if caps.Segments {
		info := segments(caps).Count(f.Text)
		smart := segments(caps).Smart(f.Text, sms.Punctuation)
		m.SMS, m.Smart = &info, &smart
	}
	if left, ok := caps.Text.Left(f.Text); ok {
		m.Left, m.Unit = left, string(caps.Text.Unit)
	}
	m.Window = WindowState{Channel: th.Channel, Thread: th.Key,
		Access: caps.Window.Access(th.LastInbound, t.now, c.who().Kind == conversation.ByAgent, th.Answers)}
	msg := conversation.Message{Text: f.Text, HTML: draft.HTML, Subject: draft.Subject, Template: draft.Template,
		Attachments: append(f.attachments, draft.Attachments...)}
	m.Problems = violations(caps, &msg)
	return m
}
