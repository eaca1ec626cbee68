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
	if err := mayWrite(c, people, p); err != nil {
		return err
	}
	caps := p.conn.Capabilities()
	if found := violations(caps, p.doc, &p.message, p.thread); len(found) > 0 {
		return &CapabilityError{Channel: p.doc.ID, Problems: sentences(found), Violations: found, Instead: t.carriers(c, conv, p)}
	}
	if err := open(caps, p.doc.ID, p.thread, t, c.who().Kind == conversation.ByAgent, p.message.Template != nil); err != nil {
		return err
	}
	out := outgoing(&p.message, p.thread)
	t.desk.hand(t.tenant, &p.message, &out)
	if _, err := plan(p.conn, out); err != nil {
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

// violations lists everything that a channel cannot carry of a message: by its driver, and by the tenant's settings of it. Whether a text
// goes beside a file or before it is the driver's plan.
func violations(caps channel.Capabilities, doc Channel, m *conversation.Message, th conversation.Thread) (out []channel.Violation) {
	add := func(code channel.Code, where, format string, args ...any) {
		out = append(out, channel.Violation{Code: code, Where: where, Text: fmt.Sprintf(format, args...)})
	}
	if left, ok := caps.Text.Left(m.Text); ok && left < 0 {
		add(channel.CodeLength, "text", "the text is %d %s over the limit of %d", -left, caps.Text.Unit, caps.Text.Max)
	}
	if caps.Segments && segments(caps).Count(m.Text).Segments > sms.MaxSegments {
		add(channel.CodeLength, "text", "the text takes more than %d segments", sms.MaxSegments)
	}
	if m.HTML != "" && !caps.HTML {
		add(channel.CodeMarkup, "html", "it carries plain text only")
	}
	if m.Subject != "" && !caps.Subject {
		add(channel.CodeSubject, "subject", "it has no subject line")
	}
	if m.Template != nil && !caps.Templates {
		add(channel.CodeTemplate, "template", "it has no templates")
	}
	if len(m.Attachments) > 0 && caps.Premium != "" && !doc.Premium {
		add(channel.CodeCount, "attachment 1", "a file makes it %s, which costs more and is not enabled for the channel", caps.Premium)
	}
	out = append(out, caps.Attachments.Violations(m.Attachments)...)
	answer := !th.LastInbound.IsZero()
	return append(append(out, caps.Rules.Check(m, answer)...), doc.Rules.Check(m, answer)...)
}

func sentences(list []channel.Violation) (out []string) {
	for _, v := range list {
		if !slices.Contains(out, v.Text) {
			out = append(out, v.Text)
		}
	}
	return out
}

// segments is how a channel's text is cut.
func segments(caps channel.Capabilities) sms.Options { return sms.Options{Ref16: caps.Ref16} }

// carriers names the mailbox's other channels that could carry a message and reach the customer.
func (t *txn) carriers(c caller, conv *conversation.Conversation, p *prepared) []string {
	all, err := documents[Channel](t, "channel/")
	if err != nil {
		return nil // the refusal itself stands without the advice
	}
	var out []string
	for _, ch := range all {
		if ch.ID == p.doc.ID || ch.Mailbox != conv.Mailbox || ch.Inactive {
			continue
		}
		if _, conn, err := t.opened(ch.ID); err != nil || len(violations(conn.Capabilities(), ch, &p.message, conversation.Thread{})) > 0 {
			continue
		}
		known := slices.ContainsFunc(conv.Threads, func(th conversation.Thread) bool { return th.Channel == ch.ID })
		if _, err := t.threadOn(c, conv, ch.ID); known || err == nil {
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

// maxPlanned is how many calls a message may be: more than a channel makes of the longest text and all its files, and little enough for its row.
const maxPlanned = 500

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
		if len(parts) > maxPlanned {
			err = &channel.Error{Class: channel.Content, Detail: fmt.Sprintf("it would be %d messages of the channel, at most %d", len(parts), maxPlanned)}
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
	Premium    string       // what its files make of it that costs more, such as "MMS"

	Problems   []string            // everything the channel cannot carry, as sentences; and
	Violations []channel.Violation // for programs
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
		th, ch, conn, err := t.outgoing(c, &conv, draft.Channel)
		if err != nil {
			return err
		}
		filled, err := t.fill(c, &conv, ch, draft)
		if err != nil {
			return err
		}
		files, _, err := t.attachments(append(filled.attachments, draft.Attachments...))
		if err != nil {
			return err
		}
		msg := conversation.Message{Text: filled.Text, HTML: draft.HTML, Subject: subject(&conv, draft, conn.Capabilities()), Template: draft.Template,
			Attachments: files}
		if err := t.frame(c, &conv, ch, draft, filled.language, &msg); err != nil {
			return err
		}
		m = measure(t, c, &msg, th, ch, conn.Capabilities())
		m.Unresolved = filled.Unresolved
		return nil
	})
	return m, err
}

func measure(t *txn, c caller, msg *conversation.Message, th conversation.Thread, ch Channel, caps channel.Capabilities) Measure {
	m := Measure{Text: msg.Text}
	if caps.Segments {
		info := segments(caps).Count(msg.Text)
		smart := segments(caps).Smart(msg.Text, sms.Punctuation)
		m.SMS, m.Smart = &info, &smart
	}
	if left, ok := caps.Text.Left(msg.Text); ok {
		m.Left, m.Unit = left, string(caps.Text.Unit)
	}
	if len(msg.Attachments) > 0 {
		m.Premium = caps.Premium
	}
	m.Window = WindowState{Channel: th.Channel, Thread: th.Key,
		Access: caps.Window.Access(th.LastInbound, t.now, c.who().Kind == conversation.ByAgent, th.Answers)}
	m.Violations = violations(caps, ch, msg, th)
	m.Problems = sentences(m.Violations)
	return m
}
