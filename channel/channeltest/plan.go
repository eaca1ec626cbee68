package channeltest

import (
	"errors"
	"slices"
	"strings"

	"github.com/frontdesk-go/frontdesk/channel"
	"github.com/frontdesk-go/frontdesk/conversation"
)

var planCases = []kase{
	{"plan/covers", "the parts together hold the text and every file once, in order, and say which part of how many they are", planCovers},
	{"plan/fits", "each part is within the limits of Capabilities", planFits},
	{"plan/long", "a text over the limit is split within it, or is an error of class Content", planLong},
	{"plan/files", "files that Capabilities do not allow are an error of class Content", planFiles},
	{"plan/keeps", "each part names the message, the thread and the recipients", planKeeps},
}

// planned is a message with a text and as many files as the channel allows, and its parts.
func (p *probe) planned() (channel.Capabilities, channel.Outgoing, []channel.Part) {
	p.Helper()
	c := p.open()
	if _, ok := c.(channel.Planner); !ok {
		p.skip("the Conn is no Planner")
	}
	o := p.outgoing("message-1", "text of the message")
	o.Attachments = sample(c.Capabilities().Attachments, 5)
	return c.Capabilities(), o, p.plan(c, o)
}

func planCovers(p *probe) {
	_, o, parts := p.planned()
	p.covers(o, parts)
}

func (p *probe) covers(o channel.Outgoing, parts []channel.Part) {
	p.Helper()
	var text strings.Builder
	var files []conversation.Attachment
	for i, part := range parts {
		if part.Index != i || part.Of != len(parts) {
			p.bad("part %d of %d says index %d of %d", i, len(parts), part.Index, part.Of)
		}
		text.WriteString(part.Text)
		files = append(files, part.Attachments...)
	}
	if len(parts) == 0 {
		p.bad("Plan returns no part")
	}
	if text.String() != o.Text {
		p.bad("the parts hold the text %q, want %q", text.String(), o.Text)
	}
	if !slices.Equal(files, o.Attachments) {
		p.bad("the parts hold the files %+v, want %+v", files, o.Attachments)
	}
}

func planFits(p *probe) {
	caps, _, parts := p.planned()
	p.fits(caps, parts)
}

func (p *probe) fits(caps channel.Capabilities, parts []channel.Part) {
	p.Helper()
	for _, part := range parts {
		limit := caps.Text
		if len(part.Attachments) > 0 && caps.Caption.Max > 0 {
			limit = caps.Caption
		}
		if left, limited := limit.Left(part.Text); limited && left < 0 {
			p.bad("the text of part %d is %d %s too long", part.Index, -left, limit.Unit)
		}
		if problems := caps.Attachments.Check(part.Attachments); problems != nil {
			p.bad("part %d: %q", part.Index, problems)
		}
	}
}

// planner opens the channel as a Planner or skips the case.
func (p *probe) planner() (channel.Planner, channel.Capabilities) {
	p.Helper()
	c := p.open()
	planner, ok := c.(channel.Planner)
	if !ok {
		p.skip("the Conn is no Planner")
	}
	return planner, c.Capabilities()
}

func planLong(p *probe) {
	planner, caps := p.planner()
	if caps.Text.Max == 0 {
		p.skip("the channel has no limit of text")
	}
	for _, unit := range []string{"x", "é", "😀"} {
		o := p.outgoing("message-1", strings.Repeat(unit, caps.Text.Max+1))
		parts, err := planner.Plan(o)
		if err != nil {
			p.contentError(err, "a text of %d times %s", caps.Text.Max+1, unit)
			continue
		}
		p.covers(o, parts)
		p.fits(caps, parts)
	}
	fitting := strings.Repeat("x", caps.Text.Max)
	if _, err := planner.Plan(p.outgoing("message-1", fitting)); err != nil {
		p.bad("a text of exactly the limit gives %v", err)
	}
}

func (p *probe) contentError(err error, format string, args ...any) {
	p.Helper()
	var e *channel.Error
	if !errors.As(err, &e) || e.Class != channel.Content {
		p.bad(format+" gives %v", append(args, err)...)
	}
}

func planFiles(p *probe) {
	planner, caps := p.planner()
	rules := caps.Attachments
	refused := map[string][]conversation.Attachment{}
	if rules.Max == 0 {
		refused["any file"] = []conversation.Attachment{{Name: "a.jpg", Type: "image/jpeg", Size: 1000, URL: "https://files.example.com/a.jpg"}}
	} else {
		one := sample(rules, 1)
		refused["too many files"] = slices.Repeat(one, rules.Max+1)
		strange := one[0]
		strange.Type = "x-no-such/type"
		if len(rules.Check([]conversation.Attachment{strange})) > 0 {
			refused["a type that is not allowed"] = []conversation.Attachment{strange}
		}
		large := one[0]
		large.Size = 1 << 40
		if len(rules.Check([]conversation.Attachment{large})) > 0 {
			refused["a file of a terabyte"] = []conversation.Attachment{large}
		}
	}
	for what, files := range refused {
		o := p.outgoing("message-1", "x")
		o.Attachments = files
		parts, err := planner.Plan(o)
		if err == nil {
			p.bad("%s gives %d parts and no error", what, len(parts))
			continue
		}
		p.contentError(err, "%s", what)
	}
}

func planKeeps(p *probe) {
	_, o, parts := p.planned()
	for _, part := range parts {
		if part.Message != o.Message || part.Thread != o.Thread || !slices.Equal(part.To, o.To) || part.Human != o.Human {
			p.bad("part %d is %+v of %+v", part.Index, part, o)
		}
	}
}
