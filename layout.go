package frontdesk

import (
	"html"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"github.com/frontdesk-go/frontdesk/conversation"
	"github.com/frontdesk-go/frontdesk/conversation/reply"
)

// Layout is what stands around every text that goes out on a channel: a signature, and the frame that holds both. It takes the fields of
// a draft; one without a value is left out. It is put on once, when the draft is accepted, and counts as part of the text. Templates of
// the platform, whispers and messages without a text have none.
type Layout struct {
	Language      string `json:"language,omitempty"`      // BCP 47, of drafts in this language; "" for all that have no layout of their own
	Signature     string `json:"signature,omitempty"`     // at most reply.MaxContent characters, as all four
	SignatureHTML string `json:"signatureHtml,omitempty"` // Defaults to Signature
	Frame         string `json:"frame,omitempty"`         // with {{message}} once, and {{signature}}. Defaults to the message, an empty line and the signature
	FrameHTML     string `json:"frameHtml,omitempty"`     // Defaults to the same with <br>
}

const (
	defaultFrame     = "{{message}}\n\n{{signature}}"
	defaultFrameHTML = "{{message}}<br><br>{{signature}}"
)

// maxLayouts is how many layouts a channel has: one for each of the languages that business is done in.
const maxLayouts = 50

func checkLayouts(layouts []Layout) error {
	if len(layouts) > maxLayouts {
		return invalid("Layouts", "%d, at most %d", len(layouts), maxLayouts)
	}
	for i, l := range layouts {
		if l.Language != "" {
			if _, err := language.Parse(l.Language); err != nil {
				return invalid("Layouts", "language %q is no BCP 47 tag; use one such as \"pt-BR\"", l.Language)
			}
		}
		if slices.ContainsFunc(layouts[:i], func(o Layout) bool { return strings.EqualFold(o.Language, l.Language) }) {
			return invalid("Layouts", "two for language %q; give one", l.Language)
		}
		for _, text := range []string{l.Signature, l.SignatureHTML, l.Frame, l.FrameHTML} {
			if err := checkLayoutText(text, text != "" && (text == l.Frame || text == l.FrameHTML)); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkLayoutText(text string, frame bool) error {
	tpl, err := reply.Parse(text)
	if err != nil {
		return err
	}
	known := Fields()
	if frame {
		known = append(known, "message", "signature")
		if strings.Count(text, "{{message") != 1 {
			return invalid("Layouts", "a frame holds {{message}} exactly once")
		}
	}
	for _, f := range tpl.Fields() {
		if !slices.Contains(known, f.Name) {
			return invalid("Layouts", "{{%s}} is not a field; use one of %s", f.Name, strings.Join(known, ", "))
		}
	}
	return nil
}

// layout picks a channel's layout for a language: its own, that of its base, or the one for all.
func (ch *Channel) layout(lang string) (Layout, bool) {
	base, _, _ := strings.Cut(lang, "-")
	for _, want := range []string{lang, base, ""} {
		i := slices.IndexFunc(ch.Layouts, func(l Layout) bool { return strings.EqualFold(l.Language, want) })
		if i >= 0 {
			return ch.Layouts[i], true
		}
	}
	return Layout{}, false
}

// frame puts the channel's layout around a message, unless it stands there: what is edited has it already.
func (t *txn) frame(c caller, conv *conversation.Conversation, ch Channel, draft Draft, replyLanguage string, m *conversation.Message) error {
	lang := draft.Language
	if lang == "" {
		lang = replyLanguage
	}
	l, ok := ch.layout(lang)
	if !ok || draft.NoSignature || m.Template != nil {
		return nil
	}
	values, err := t.values(c, conv, ch)
	if err != nil {
		return err
	}
	if strings.TrimSpace(m.Text) != "" {
		if m.Text, err = framed(m.Text, orDefault(l.Frame, defaultFrame), l.Signature, values); err != nil {
			return err
		}
	}
	if m.HTML == "" {
		return nil
	}
	escaped := map[string]string{}
	for name, value := range values {
		escaped[name] = html.EscapeString(value)
	}
	signature := l.SignatureHTML
	if signature == "" {
		signature = asHTML(l.Signature)
	}
	m.HTML, err = framed(m.HTML, orDefault(l.FrameHTML, defaultFrameHTML), signature, escaped)
	return err
}

func orDefault(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// framed puts a frame around a text. Neither the text nor a value is searched for fields.
func framed(text, frame, signature string, values map[string]string) (string, error) {
	blank := reply.Options{Missing: reply.Blank}
	lookup := func(name string) (string, bool) { v, ok := values[name]; return v, ok }
	signed, err := reply.Fill(signature, lookup, blank)
	if err != nil {
		return text, err
	}
	const mark = "\x00" // no text holds it
	around, err := reply.Fill(frame, func(name string) (string, bool) {
		switch name {
		case "message":
			return mark, true
		case "signature":
			return signed.Text, signed.Text != ""
		}
		return lookup(name)
	}, blank)
	if err != nil {
		return text, err
	}
	before, after, _ := strings.Cut(around.Text, mark)
	before, after = strings.TrimLeft(before, " \r\n"), strings.TrimRight(after, " \r\n")
	if after == "<br><br>" { // of the default frame, without a signature
		after = ""
	}
	if before+after != "" && strings.HasPrefix(text, before) && strings.HasSuffix(text, after) && len(text) >= len(before)+len(after) {
		return text, nil
	}
	return before + text + after, nil
}

// asHTML is a plain text as HTML.
func asHTML(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(html.EscapeString(text), "\r\n", "\n"), "\n", "<br>")
}
