package channeltest

import (
	"errors"
	"maps"
	"path"
	"reflect"
	"regexp"
	"slices"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
)

var openCases = []kase{
	{"open/kind", "Kind is lower-case letters and digits, and always the same", openKind},
	{"open/offline", "Open checks the settings and calls nobody", openOffline},
	{"open/options", "Open refuses an option that it does not know, with a *SettingError", openOptions},
	{"open/settings", "Open refuses settings that cannot work, with a *SettingError that says what is wrong", openSettings},
	{"capabilities/constant", "Capabilities are constant while the Conn is open", capabilitiesConstant},
	{"capabilities/consistent", "Capabilities are consistent: a known method and unit, no negative number, a reason where nothing goes", capabilitiesConsistent},
}

func openKind(p *probe) {
	kind := p.Driver.Kind()
	if !regexp.MustCompile(`^[a-z0-9]+$`).MatchString(kind) || kind != p.Driver.Kind() {
		p.bad("Kind is %q", kind)
	}
}

func openOffline(p *probe) {
	p.open()
	if p.Network != nil && len(p.Network.Requests()) > 0 {
		p.bad("Open made %d requests", len(p.Network.Requests()))
	}
}

func openOptions(p *probe) {
	s := p.Settings
	s.Options = maps.Clone(s.Options)
	if s.Options == nil {
		s.Options = map[string]string{}
	}
	s.Options["no_such_option"] = "1"
	p.refuses("an unknown option", s)
}

func openSettings(p *probe) {
	empty := p.Settings
	empty.Account = ""
	p.refuses("an empty account", empty)
	for _, what := range slices.Sorted(maps.Keys(p.Bad)) {
		p.refuses(what, p.Bad[what])
	}
}

func (p *probe) refuses(what string, s channel.Settings) {
	p.Helper()
	_, err := p.Driver.Open(p.ctx(), s)
	var se *channel.SettingError
	switch {
	case err == nil:
		p.bad("%s: opened", what)
	case !errors.As(err, &se):
		p.bad("%s: the error is %T (%v)", what, err, err)
	case se.Name == "" || se.Problem == "":
		p.bad("%s: the error names setting %q and problem %q", what, se.Name, se.Problem)
	}
}

func capabilitiesConstant(p *probe) {
	c := p.open()
	first := c.Capabilities()
	if second := c.Capabilities(); !reflect.DeepEqual(first, second) {
		p.bad("first %+v\n  then  %+v", first, second)
	}
}

func capabilitiesConsistent(p *probe) {
	conn := p.open()
	c := conn.Capabilities()
	if c.Method == conversation.MethodInternal || !slices.Contains(channel.Methods(), c.Method) {
		p.bad("Method is %q, there are %v", c.Method, channel.Methods())
	}
	p.limit("Text", c.Text)
	p.limit("Caption", c.Caption)
	p.files(c.Attachments)
	w := c.Window
	if w.Free < 0 || w.Human < 0 || w.Human > 0 && w.Human < w.Free || w.HumanTag != "" && w.Human == 0 {
		p.bad("Window is %+v", w)
	}
	for _, q := range w.Quotas {
		if q.Count < 1 || q.Within <= 0 {
			p.bad("a quota is %+v", q)
		}
	}
	_, webhook := p.Driver.(channel.WebhookDriver)
	if _, verifies := conn.(channel.Verifier); webhook && !verifies && c.ReplyOnly == "" {
		p.bad("the driver takes webhooks, the Conn cannot verify them")
	}
}

func (p *probe) limit(name string, l channel.Limit) {
	units := []channel.Unit{channel.Graphemes, channel.CodePoints, channel.UTF16, channel.Bytes}
	if l.Max < 0 || l.Max > 0 && !slices.Contains(units, l.Unit) {
		p.bad("%s is %+v", name, l)
	}
}

func (p *probe) files(r channel.AttachmentRules) {
	if r.Max < 0 || r.MaxBytes < 0 {
		p.bad("Attachments are %+v", r)
	}
	if r.Max == 0 && r.Refusal == "" {
		p.bad("no attachments go, and Refusal does not say why")
	}
	for _, t := range r.Types {
		if _, err := path.Match(t.Pattern, "image/jpeg"); err != nil || t.Pattern == "" || t.MaxBytes < 0 {
			p.bad("an attachment type is %+v", t)
		}
	}
}
